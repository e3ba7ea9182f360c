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
from collections.abc import Callable
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", ".cache", "work", "dist", "__pycache__",
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
    """bwrap, with the whole machine read-only but for the folder for temporary files."""
    if not shutil.which("bwrap"):
        raise NotAsItShouldBe("skipped: bwrap is not on this machine")
    return ("bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", *words)


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


@case("data: claims cut in half")
def claims(root: Path, lesson: str) -> str:
    path = root / "data/claims.toml"
    path.write_bytes(path.read_bytes()[:5_000])
    return should(python(root, "-c", "from utils import claim; claim('residual')"),
                  "claims.toml", "git checkout", fail=True)


# ------------------------------------------------------------------ the machine


@case("read-only: load a data set")
def read_only(root: Path, lesson: str) -> str:
    return should(python(root, "-c", LOAD, before=sandbox()), "228 rows")


@case("read-only: run a lesson, only the temporary folder can be written")
def read_only_lesson(root: Path, lesson: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        return same_bytes(root, lesson, before=sandbox("--bind", folder, "/tmp", "--ro-bind",
                                                       str(root), str(root)))


@case("read-only: lay out the work folder")
def read_only_work(root: Path, lesson: str) -> str:
    return should(python(root, "-m", "utils.students", "work", "work", before=sandbox()),
                  "work", fail=True)


@case("no network interface at all: load a data set")
def no_interface(root: Path, lesson: str) -> str:
    return should(python(root, "-c", LOAD, before=("unshare", "-rn")), "228 rows")


@case("no network but loopback: run a lesson")
def no_network(root: Path, lesson: str) -> str:
    return same_bytes(root, lesson, before=("bwrap", "--bind", "/", "/", "--dev", "/dev",
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


@case("`make lessons` itself is killed while it runs")
def killed_run(root: Path, lesson: str) -> str:
    path = only(root, lesson)
    before = path.read_bytes()
    process = subprocess.Popen([sys.executable, "-m", "utils.lessons", "run"], cwd=root,
                               env=os.environ | {"PYTHONPATH": str(root)},
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(5)
    process.send_signal(signal.SIGKILL)
    process.wait()
    if path.read_bytes() != before or left_over(root):
        raise NotAsItShouldBe("half a file, or files left over")
    return "the file is the old one, nothing left over"


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
