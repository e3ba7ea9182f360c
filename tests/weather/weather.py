"""Bad weather: what the project does where things around it go wrong.

    python tests/weather/weather.py [--lesson NN] [WORD ...]

Each case runs on its own copy of the project, outside `make test`; words choose cases by name.
Prints what was tried and what happened; exit 1 if something was not as it should be.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = shutil.ignore_patterns(".git", ".venv*", ".cache", "work", "dist", "__pycache__",
                                  "*.egg-info", ".pytest_cache")
FILE = "individual/lung_ncctg.csv"
LOAD = "from utils import load; print(len(load('lung_ncctg')), 'rows')"
SAME = """
import sys
from utils import lessons
fixed = lessons.environment()
lessons.environment = lambda: fixed | dict(word.split("=", 1) for word in sys.argv[2:])
path = next(p for p in lessons.paths() if p.stem[:2] == sys.argv[1])
before, after = lessons.read(path), lessons.execute(lessons.read(path))
differ = [a.id for a, b in zip(before.cells, after.cells) if a != b]
same = lessons.stored(after) == path.read_bytes()
print("same bytes" if same else f"{path.name}: other bytes in {differ or 'the metadata'}")
sys.exit(not same)
"""
LAID_OUT = """
import sys
from pathlib import Path
from utils import students
ended = students.main(["work", "work"])
files = list(Path("work").iterdir())
edition = students.edition()
half = [p.name for p in files
        if p.name != students.ISSUED and p.read_bytes() != edition.get(p.name)]
print(len(files), "of", len(edition), "files; half files:", half)
sys.exit(ended)
"""
NO_ROOM = """
import shutil
from utils import lessons
shutil.copytree("kept", "notebooks", dirs_exist_ok=True)
try:
    lessons.run_all()
except OSError as error:
    words = str(error)
here = {p.name: p.read_bytes() for p in lessons.LESSONS.iterdir()}
before = {p.name: p.read_bytes() for p in (lessons.ROOT / "kept").iterdir()}
print(words, "; the folder is", "as it was" if here == before else "another")
"""
CASES: list[tuple[str, Callable[[Path, str], str]]] = []


class NotAsItShouldBe(Exception):
    """What happened, where something else should have."""


def case(name: str) -> Callable:
    """Register a case: it gets a copy of the project and a lesson, and says what happened."""
    def keep(function: Callable[[Path, str], str]) -> Callable:
        CASES.append((name, function))
        return function
    return keep


def last(process: subprocess.CompletedProcess) -> str:
    lines = (process.stdout + process.stderr).strip().splitlines()
    return lines[-1] if lines else ""


def python(root: Path, *words: str, before: tuple = (), env: dict | None = None,
           timeout: float = 300) -> subprocess.CompletedProcess:
    """Run Python on a copy's own `utils`, behind a command such as bwrap if one is given."""
    variables = (os.environ if env is None else env) | {
        "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run([*before, sys.executable, *words], cwd=root, env=variables,
                          capture_output=True, text=True, timeout=timeout)


def should(process: subprocess.CompletedProcess, *said: str, fail: bool = False) -> str:
    """The last line of what a command said, if it ended as it should, with the words it should."""
    line = last(process)
    if (process.returncode != 0) != fail or not all(word in line for word in said):
        raise NotAsItShouldBe(line)
    return line


def same_bytes(root: Path, lesson: str, *variables: str, **options) -> str:
    return should(python(root, "-c", SAME, lesson, *variables, **options), "same bytes")


def sandbox(*words: str) -> tuple[str, ...]:
    """bwrap, with the whole machine read-only but for what is said to be writable."""
    return bwrap("--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", *words)


def bwrap(*words: str) -> tuple[str, ...]:
    if not shutil.which("bwrap"):
        raise NotAsItShouldBe("skipped: bwrap is not on this machine")
    return ("bwrap", *words)


def small_disk(place: Path, size: int) -> tuple[str, ...]:
    """bwrap, with an empty disk of a few bytes at a place."""
    return bwrap("--bind", "/", "/", "--dev", "/dev", "--size", str(size), "--tmpfs", str(place))


# ------------------------------------------------------------------ data


def data_case(name: str, change: Callable[[Path], None], file: str = FILE) -> None:
    def tried(root: Path, lesson: str) -> str:
        change(root / "data" / file)
        return should(python(root, "-c", LOAD), "ValueError", file, "git checkout", fail=True)
    case(f"data: {name}")(tried)


data_case("file missing", Path.unlink)
data_case("file cut in half", lambda p: p.write_bytes(p.read_bytes()[:p.stat().st_size // 2]))
data_case("file empty", lambda p: p.write_bytes(b""))
data_case("rows in another order", lambda p: p.write_text("".join(
    sorted(p.read_text().splitlines(keepends=True)))))
data_case("UTF-16", lambda p: p.write_text(p.read_text(), encoding="utf-16"))
data_case("byte-order mark", lambda p: p.write_text(p.read_text(), encoding="utf-8-sig"))
data_case("Windows line ends", lambda p: p.write_bytes(p.read_bytes().replace(b"\n", b"\r\n")))
data_case("a folder in its place", lambda p: (p.unlink(), p.mkdir()))
data_case("register cut in half", lambda p: p.write_bytes(p.read_bytes()[:50_000]),
          "datapackage.json")
data_case("register in Latin-1", lambda p: p.write_text(
    p.read_text(encoding="utf-8").replace("Rows", "Zeilen: \xe4"), encoding="latin-1",
    errors="replace"), "datapackage.json")


@case("data: register missing")
def register_missing(root: Path, lesson: str) -> str:
    (root / "data/datapackage.json").unlink()
    return should(python(root, "-c", LOAD), "ImportError", "data folder", fail=True)


def board_case(name: str, file: str, change: Callable[[Path], None]) -> None:
    def tried(root: Path, lesson: str) -> str:
        change(root / "data" / file)
        return should(python(root, "-c", "from utils.claims import board; board()"),
                      "ValueError", file, "git checkout", fail=True)
    case(f"data: {name}")(tried)


for one in ("claims.toml", "verdicts.json"):
    board_case(f"{one} missing", one, Path.unlink)
    board_case(f"{one} cut in half", one, lambda p: p.write_bytes(p.read_bytes()[:5_000]))


@case("data: the folder is a link to another place")
def linked(root: Path, lesson: str) -> str:
    (root / "data").rename(root.parent / "elsewhere")
    (root / "data").symlink_to(root.parent / "elsewhere")
    should(python(root, "-m", "utils.students", "zip", "linked.zip"), "linked.zip")
    with zipfile.ZipFile(root / "linked.zip") as archive:
        if not any(name.endswith(FILE) for name in archive.namelist()):
            raise NotAsItShouldBe("the students' zip is without data")
    return same_bytes(root, lesson)


# ------------------------------------------------------------------ the machine


@case("read-only: load a data set")
def read_only(root: Path, lesson: str) -> str:
    return should(python(root, "-c", LOAD, before=sandbox()), "228 rows")


@case("read-only: run a lesson, only the temporary folder can be written")
def read_only_lesson(root: Path, lesson: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        return same_bytes(root, lesson, before=sandbox("--bind", folder, folder),
                          env=os.environ | {"TMPDIR": folder})


@case("read-only: lay out the work folder")
def read_only_work(root: Path, lesson: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        process = python(root, "-m", "utils.students", "work", "work",
                         before=sandbox("--bind", folder, folder),
                         env=os.environ | {"TMPDIR": folder})
    should(process, "run the same command again", fail=True)
    return process.stderr.splitlines()[0].strip()


@case("no network interface at all: load a data set")
def no_interface(root: Path, lesson: str) -> str:
    return should(python(root, "-c", LOAD, before=("unshare", "-rn")), "228 rows")


@case("no network interface at all: `make setup`")
def no_packages(root: Path, lesson: str) -> str:
    env = {name: value for name, value in os.environ.items()
           if not name.startswith(("PIP_", "UV_", "MAKE"))}
    env |= {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_CACHE_DIR": "1", "PIP_RETRIES": "0"}
    process = subprocess.run(["unshare", "-rn", "make", "setup", f"PYTHON={sys.executable}"],
                             cwd=root, env=env, capture_output=True, text=True, timeout=300)
    words = process.stdout.strip().splitlines()[-2]
    if not process.returncode or "Is there a network" not in words:
        raise NotAsItShouldBe(words)
    return words


@case("no network but loopback: run a lesson")
def no_network(root: Path, lesson: str) -> str:
    return same_bytes(root, lesson, before=bwrap("--bind", "/", "/", "--dev", "/dev",
                                                 "--unshare-net"))


@case("no HOME, nearly empty environment: run a lesson")
def no_home(root: Path, lesson: str) -> str:
    return same_bytes(root, lesson, env={"PATH": os.environ["PATH"]})


@case("HOME does not exist: run a lesson")
def lost_home(root: Path, lesson: str) -> str:
    return same_bytes(root, lesson, env=os.environ | {"HOME": "/nowhere/at/all"})


@case("a path with spaces and letters outside ASCII: run a lesson")
def odd_path(root: Path, lesson: str) -> str:
    odd = root.parent / "Kurs \u00fcber R\u00fcckf\u00e4lle \u0436 (2)"
    root.rename(odd)
    should(python(odd, "-m", "utils.students", "work", "my work \u00e9"))
    return same_bytes(odd, lesson)


@case("text files are ASCII by default: the same lesson, the students' zip, the answer key")
def ascii_only(root: Path, lesson: str) -> str:
    env = os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    should(python(root, "-m", "utils.students", "zip", "a.zip", env=env), "a.zip")
    should(python(root, "-m", "utils.kit", "key", "key.md", env=env), "key.md")
    return same_bytes(root, lesson, env=env)


@case("umask 077: the same lesson and the same zip")
def closed(root: Path, lesson: str) -> str:
    before = ("sh", "-c", 'umask 077; exec "$@"', "sh")
    for name, how in (("a.zip", ()), ("b.zip", before)):
        should(python(root, "-m", "utils.students", "zip", name, before=how), name)
    if (root / "a.zip").read_bytes() != (root / "b.zip").read_bytes():
        raise NotAsItShouldBe("another zip")
    return same_bytes(root, lesson, before=before)


@case("disk full: lay out the work folder")
def full_work(root: Path, lesson: str) -> str:
    (root / "work").mkdir()
    process = python(root, "-c", LAID_OUT, before=small_disk(root / "work", 200_000))
    should(process, "run the same command again", fail=True)
    if "No space left" not in process.stderr or "half files: []" not in process.stdout:
        raise NotAsItShouldBe(process.stdout + process.stderr)
    return f"{process.stdout.splitlines()[-1]}; {process.stderr.splitlines()[0].strip()}"


@case("disk full: `make lessons`")
def full_run(root: Path, lesson: str) -> str:
    path = only(root, lesson)
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    nbformat.write(notebook, path)
    (root / "notebooks").rename(root / "kept")
    (root / "notebooks").mkdir()
    pages = sum(-(-p.stat().st_size // 4096) for p in (root / "kept").iterdir())
    return should(python(root, "-c", NO_ROOM, before=small_disk(
        root / "notebooks", (pages + 2) * 4096)), "No space left", "as it was")


@case("two lessons at once, and one of them twice")
def at_once(root: Path, lesson: str) -> str:
    other = "00" if lesson != "00" else "01"
    running = [subprocess.Popen([sys.executable, "-c", SAME, number], cwd=root, text=True,
                                env=os.environ | {"PYTHONPATH": str(root)},
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
               for number in (lesson, lesson, other)]
    said = [process.communicate(timeout=600)[0].strip().splitlines()[-1] for process in running]
    if set(said) != {"same bytes"}:
        raise NotAsItShouldBe("; ".join(said))
    return "same bytes, three times"


def elsewhere(variables: tuple[str, ...]) -> None:
    def tried(root: Path, lesson: str) -> str:
        return same_bytes(root, lesson, *variables)
    case(f"kernel with {' '.join(variables)}: run a lesson")(tried)


elsewhere(("TZ=Pacific/Kiritimati", "LC_ALL=C", "PYTHONHASHSEED=123"))
elsewhere(("TZ=America/St_Johns", "LC_ALL=tr_TR.UTF-8", "LANG=de_DE.UTF-8", "PYTHONHASHSEED=7"))
elsewhere(("COLUMNS=200", "LINES=5", "PYTHONUTF8=0"))
elsewhere(("OMP_NUM_THREADS=2", "OPENBLAS_NUM_THREADS=2"))
elsewhere(("NPY_DISABLE_CPU_FEATURES=X86_V3", "OPENBLAS_CORETYPE=Nehalem"))  # an older processor


# ------------------------------------------------------------------ interrupted


def only(root: Path, lesson: str) -> Path:
    """Leave one lesson in the copy."""
    for path in (root / "notebooks").glob("[0-9][0-9]_*.ipynb"):
        if path.stem[:2] != lesson:
            path.unlink()
    return next((root / "notebooks").glob(f"{lesson}_*.ipynb"))


def with_a_deadly_cell(root: Path, lesson: str) -> Path:
    path = only(root, lesson)
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    code[len(code) // 2].source = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"
    nbformat.write(notebook, path)
    return path


def left_over(root: Path) -> list[str]:
    return [p.name for p in (root / "notebooks").iterdir() if p.name.startswith(".")]


@case("the kernel is killed in the middle of `make lessons`")
def killed_kernel(root: Path, lesson: str) -> str:
    path = with_a_deadly_cell(root, lesson)
    before = path.read_bytes()
    said = should(python(root, "-m", "utils.lessons", "run"), "Kernel died", fail=True)
    if path.read_bytes() != before or left_over(root):
        raise NotAsItShouldBe(f"the lesson was changed, or files left: {left_over(root)}")
    return f"{said}; the file is the old one"


@case("the kernel is killed in the middle of the lesson's test")
def killed_test(root: Path, lesson: str) -> str:
    path, begun = with_a_deadly_cell(root, lesson), time.monotonic()
    process = python(root, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(path), timeout=400)
    return should(process, "failed", fail=True) + f"; {time.monotonic() - begun:.0f} s in all"


def running(mark: str) -> list[str]:
    """Processes that have this mark among their variables."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"WEATHER={mark}".encode() in path.read_bytes():
                found.append(path.parent.name)
        except OSError:
            continue
    return found


def stopped_case(kind: signal.Signals) -> None:
    def tried(root: Path, lesson: str) -> str:
        path = only(root, lesson)
        before = path.read_bytes()
        signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in the background
        process = subprocess.Popen(
            [sys.executable, "-m", "utils.lessons", "run"], cwd=root,
            env=os.environ | {"PYTHONPATH": str(root), "WEATHER": str(root)},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(5)
        process.send_signal(kind)
        ended = process.wait(60)
        until = time.monotonic() + 30
        while running(str(root)) and time.monotonic() < until:
            time.sleep(0.5)
        if not ended or path.read_bytes() != before or left_over(root):
            raise NotAsItShouldBe(f"exit {ended}: half a file, or files left over")
        if running(str(root)):
            raise NotAsItShouldBe("a kernel goes on running")
        return f"exit {ended}; the file is the old one, nothing left over, no kernel left running"
    case(f"`make lessons` gets {kind.name} while it runs")(tried)


for one in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
    stopped_case(one)


# ------------------------------------------------------------------ a student's folder


def laid_out(root: Path) -> dict[str, bytes]:
    should(python(root, "-m", "utils.students", "work", "work"))
    return {p.name: p.read_bytes() for p in (root / "work").iterdir()}


def new_edition(root: Path) -> None:
    for path in (root / "notebooks").glob("[0-9][0-9]_*.ipynb"):
        notebook = nbformat.read(path, as_version=4)
        notebook.cells.append(nbformat.v4.new_markdown_cell("A new cell.", id="new"))
        nbformat.write(notebook, path)


@case("work/: killed while the lessons are laid out")
def killed_copy(root: Path, lesson: str) -> str:
    process = subprocess.Popen([sys.executable, "-m", "utils.students", "work", "work"], cwd=root,
                               env=os.environ | {"PYTHONPATH": str(root)},
                               stdout=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while len(list((root / "work").glob("*.ipynb"))) < 2 and time.monotonic() < until:
        time.sleep(0.0005)
    process.kill()
    process.wait()
    first = {p.name: p.read_bytes() for p in (root / "work").glob("[!.]*")}
    after = laid_out(root)
    if any(after[name] != content for name, content in first.items()):
        raise NotAsItShouldBe("half a file")
    return f"{len(first)} whole files; the next run completes them to {len(after) - 1}"


@case("work/: lessons half-written, empty, read-only, and the record of updates cut in half")
def damaged_work(root: Path, lesson: str) -> str:
    laid_out(root)
    half, empty, closed, *_ = sorted((root / "work").glob("*.ipynb"))
    half.write_bytes(half.read_bytes()[:9_000])
    empty.write_bytes(b"")
    closed.write_text(closed.read_text(encoding="utf-8").replace("answer = ...", "answer = 7"),
                      encoding="utf-8")
    closed.chmod(0o444)
    record = root / "work/.issued.json"
    record.write_bytes(record.read_bytes()[:100])
    before = {path: path.read_bytes() for path in (half, empty, closed)}
    new_edition(root)
    laid_out(root)
    if any(path.read_bytes() != content for path, content in before.items()):
        raise NotAsItShouldBe("a student's file was changed")
    if not all(path.with_name(f"{path.stem}.new.ipynb").is_file() for path in before):
        raise NotAsItShouldBe("a new version is missing")
    return "all three stay as they are, each with its new version beside it"


@case("work/: a folder where a lesson should be")
def folder_in_place(root: Path, lesson: str) -> str:
    laid_out(root)
    path = next((root / "work").glob(f"{lesson}_*.ipynb"))
    path.unlink()
    path.mkdir()
    process = python(root, "-m", "utils.students", "work", "work")
    should(process, "run the same command again", fail=True)
    return process.stderr.splitlines()[0].strip()


@case("work/: laid out twice at once")
def work_at_once(root: Path, lesson: str) -> str:
    both = [subprocess.Popen([sys.executable, "-m", "utils.students", "work", "work"], cwd=root,
                             env=os.environ | {"PYTHONPATH": str(root)}, stdout=subprocess.DEVNULL,
                             stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=120)[1].strip() for process in both]
    files = {p.name: p.read_bytes() for p in (root / "work").iterdir()}
    if any(said) or laid_out(root) != files:
        raise NotAsItShouldBe(f"not as one alone leaves it: {said}")
    return f"{len(files) - 1} whole files"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lesson", default="06", help="two digits: the lesson that is run")
    parser.add_argument("word", nargs="*", help="only cases whose name holds a word")
    chosen, bad = parser.parse_args(), 0
    for name, function in CASES:
        if chosen.word and not any(word in name for word in chosen.word):
            continue
        with tempfile.TemporaryDirectory(prefix="weather-") as folder:
            root = Path(folder) / "copy"
            shutil.copytree(ROOT, root, ignore=LEFT_OUT)
            try:
                mark, said = "fine", function(root, chosen.lesson)
            except (NotAsItShouldBe, subprocess.TimeoutExpired) as error:
                mark = "    " if str(error).startswith("skipped") else "BAD "
                said, bad = str(error), bad + (mark == "BAD ")
        print(f"{mark}  {name}\n        {said.replace(folder, '...')[:200]}", flush=True)
    print(f"\n{bad} not as it should be")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
