"""Read the lessons, run them, and take the solutions out of them.

python -m tools.lessons run            re-execute every lesson and keep its outputs
python -m tools.lessons run 06 11      only these (and the board, if a verdict changed)

A lesson is registered when the words of its checks stand beside it: `06_name.ipynb` and
`06_name.exercises.toml`. The board of verdicts alone has none. Whatever else looks like a lesson,
such as a copy that a sync tool left, is a stray: it is named and left alone.
"""

from __future__ import annotations

import argparse
import ast
import base64
import hashlib
import json
import os
import re
import stat
import sys
import tempfile
import tomllib
import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.warnings import MissingIDFieldWarning

from utils import DATA, claims

ROOT = DATA.parent
LESSONS = ROOT / "notebooks"
README_FIGURE = "readme.png"
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
WAY = "way"  # the cell whose text is made here: back, next, board, where to report a mistake

STEM = re.compile(r"\d\d_[a-z][a-z0-9_]*")
SLUG = re.compile(r"[a-z][a-z0-9-]*")
CHOSEN_FOR_YOU = re.compile(r"[0-9a-f]{8}(-[0-9a-f-]*)?")  # an id that JupyterLab made up
CONFLICT = re.compile(rb"^(<{7}|={7}|>{7})( |\r?$)", re.M)
SOLUTION = re.compile(r"^( *)### BEGIN SOLUTION\n.*?### END SOLUTION$", re.S | re.M)
HIDDEN_TESTS = re.compile(r"^ *### BEGIN HIDDEN TESTS\n.*?### END HIDDEN TESTS\n?", re.S | re.M)
STUB = r"\1pass  # your answer here"

WORDS_A_MINUTE, LINES_A_MINUTE, MINUTES_AN_EXERCISE = 130, 6.5, 6
TIME = re.compile(r"(?<=About )\d+( minutes of reading and running, )\d+(?= minutes of exercises)")
UNTAUGHT = ("Exercise", "References", "Further")


def private(folder: Path) -> Path:
    """A folder that nobody else can have put files into: ours, and closed to others.

    IPython runs what lies in its home, so a folder that another user made first is not used.

    Returns
    -------
    Path
        `folder`, made if needed; a new one of our own where that is somebody else's, or a link.
    """
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        ours = not hasattr(os, "getuid") or found.st_uid == os.getuid()
        if stat.S_ISDIR(found.st_mode) and ours:
            if stat.S_IMODE(found.st_mode) & 0o077:
                folder.chmod(0o700)
            return folder
    except OSError:
        pass
    return Path(tempfile.mkdtemp(prefix=f"{folder.name}-"))


def cache() -> Path:
    """Where a run keeps what it does not hand on: beside the lessons, else in a private folder."""
    if os.access(ROOT, os.W_OK):
        return private(ROOT / ".cache")
    user = os.getuid() if hasattr(os, "getuid") else "me"
    return private(Path(tempfile.gettempdir()) / f"tumor-recurrence-lessons-{user}")


CACHE = cache()


# The lessons' matrices are small: a second thread waits, and burns a core while it waits.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def environment() -> dict[str, str]:
    """Variables under which a lesson gives the same bytes everywhere."""
    return {
        **ONE_THREAD,
        "PYTHONHASHSEED": "0",
        "TZ": "UTC",
        "LC_ALL": "C.UTF-8",
        "COLUMNS": "80",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "MPLCONFIGDIR": str(CACHE / "matplotlib"),
        "IPYTHONDIR": str(CACHE / "ipython"),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "LESSONS_STILL": "1",
    }


def _candidates() -> list[Path]:
    return sorted(p for p in LESSONS.glob("[0-9][0-9]*.ipynb") if not p.name.startswith("."))


def board() -> str:
    """The stem of the board of verdicts, the lesson without checks; the last if there are two."""
    boards = [p.stem for p in _candidates() if re.fullmatch(r"\d\d_verdicts", p.stem)]
    return boards[-1] if boards else "13_verdicts"


BOARD = board()


def words_of(path: Path) -> Path:
    """The file with the words of a lesson's checks."""
    return path.with_name(f"{path.stem}.exercises.toml")


def paths(numbers: Collection[str] = ()) -> list[Path]:
    """The registered lessons in their order.

    Parameters
    ----------
    numbers : collection of str, optional
        Only these: two digits each.

    Raises
    ------
    ValueError
        For a number that no lesson has.
    """
    listed = [
        path
        for path in _candidates()
        if STEM.fullmatch(path.stem) and (path.stem == board() or words_of(path).is_file())
    ]
    there = {path.stem[:2] for path in listed}
    for number in numbers:
        if number not in there:
            raise ValueError(
                f"no lesson has the number {number!r}: write two digits, one of "
                f"{', '.join(sorted(there))}"
            )
    return [path for path in listed if not numbers or path.stem[:2] in numbers]


def strays() -> list[Path]:
    """Notebooks that look like lessons and are none: copies, conflicts of a sync tool."""
    return [path for path in _candidates() if path not in paths()]


def name_strays() -> None:
    """Say which files were taken for no lesson, and why."""
    for path in strays():
        why = (
            f"no {words_of(path).name} beside it"
            if STEM.fullmatch(path.stem)
            else "its name is not NN_name.ipynb"
        )
        print(f"  not a lesson, left alone: notebooks/{path.name} ({why})", file=sys.stderr)


def parsed(content: bytes, name: str) -> NotebookNode:
    """A notebook from the bytes of its file, a byte-order mark or none.

    Raises
    ------
    ValueError
        That names the file, the line and what to do, where it cannot be read.
    """
    if marks := list(CONFLICT.finditer(content)):
        lines = [content.count(b"\n", 0, mark.start()) + 1 for mark in marks]
        raise ValueError(
            f"{name}, line {lines[0]}: git left a merge conflict here (marks in lines "
            f"{', '.join(map(str, lines))}). Keep one side, `git checkout --ours` (or `--theirs`) "
            f"`-- notebooks/{name}`, and run `make lessons`"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", MissingIDFieldWarning)  # `tidy` gives the ids
            return nbformat.reads(content.decode("utf-8-sig"), as_version=4)
    except Exception as error:
        line = getattr(error.__cause__, "lineno", None)
        where = f"{name}, line {line}" if line else name
        raise ValueError(f"{where}: this is not a whole notebook") from error


def read(path: Path) -> NotebookNode:
    """A notebook, as nbformat reads it; ValueError with file and line where it cannot."""
    return parsed(path.read_bytes(), path.name)


def write(path: Path, content: bytes) -> None:
    """Replace a file whole or not at all."""
    if path.is_file() and path.read_bytes() == content:
        return
    handle, half = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(half, 0o644)
        os.replace(half, path)
    except BaseException:
        os.unlink(half)
        raise


def stored(notebook: NotebookNode) -> bytes:
    """The notebook as its file holds it."""
    return (nbformat.writes(notebook) + "\n").encode()


def plain(text: str) -> str:
    """A text without what editors change by themselves: line ends, blanks at an end."""
    return "\n".join(line.rstrip() for line in text.splitlines()).strip("\n")


def content(notebook: dict) -> str:
    """A fingerprint of what a person can have written: the cells' texts, empty cells left out.

    Outputs, counts, ids and metadata do not matter, nor do line ends and blanks at their end.
    """
    cells = [[c["cell_type"], plain("".join(c["source"]))] for c in notebook["cells"]]
    return hashlib.sha256(json.dumps([c for c in cells if c[1]]).encode()).hexdigest()


def picture(output: NotebookNode) -> bytes:
    """The PNG of an output."""
    return base64.b64decode(output["data"]["image/png"])


def readme_figure(
    notebooks: dict[str, NotebookNode],
) -> tuple[NotebookNode, NotebookNode] | None:
    """The cell tagged `readme`, and its output that holds a picture; None where there is none."""
    found = (
        (cell, output)
        for notebook in notebooks.values()
        for cell in notebook.cells
        if "readme" in cell.metadata.get("tags", [])
        for output in cell.outputs
        if "image/png" in output.get("data", {})
    )
    return next(found, None)


def with_figure(readme: str, said: str) -> str:
    """README with what its picture says as the picture's alternative text."""
    link = f"](notebooks/{README_FIGURE})"
    return re.sub(rf"!\[[^\]]*{re.escape(link)}", lambda _: f"![{said}{link}", readme)


def is_exercise(cell: NotebookNode) -> bool:
    """Whether a cell is for the student to fill in."""
    return cell.cell_type == "code" and "### BEGIN SOLUTION" in cell.source


def title(notebook: NotebookNode) -> str:
    """The lesson's heading."""
    return notebook.cells[0].source.splitlines()[0].removeprefix("# ").strip()


def taught(notebook: NotebookNode) -> list[NotebookNode]:
    """The cells of the core path: without the box, *Further* sections, exercises, references."""
    cells: list[NotebookNode] = []
    skipped = 0  # level of the heading whose section is left out
    for cell in notebook.cells:
        head = re.match(r"(#+) (.*)", cell.source) if cell.cell_type == "markdown" else None
        if head and (not skipped or len(head[1]) <= skipped):
            skipped = len(head[1]) if head[2].startswith(UNTAUGHT) else 0
        if not skipped and cell.get("id") not in ("box", WAY):
            cells.append(cell)
    return cells


def read_aloud(markdown: str) -> int:
    """How many words a reader meets: of a link its words, not its address; no HTML, no marks."""
    text = re.sub(r"<[^>]*>", " ", re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", markdown))
    return len(re.findall(r"[^\W_]+(?:['’.,-][^\W_]+)*", re.sub(r"https?://\S+", " ", text)))


def minutes(notebook: NotebookNode) -> tuple[int, int]:
    """Minutes of teaching and of exercises on the core path, from the lesson's words and code.

    Counted, not timed with students: 130 words a minute, 6.5 lines of code a minute with what
    they show, six minutes an exercise; to the next five minutes. *Further* sections, references
    and the box are not counted, and exercises only as exercises.
    """
    core = taught(notebook)
    words = sum(read_aloud(cell.source) for cell in core if cell.cell_type == "markdown")
    lines = sum(
        bool(line.strip()) and not line.lstrip().startswith("#")
        for cell in core
        if cell.cell_type == "code"
        for line in cell.source.splitlines()
    )
    teaching = words / WORDS_A_MINUTE + lines / LINES_A_MINUTE
    tasks = MINUTES_AN_EXERCISE * sum(is_exercise(cell) for cell in notebook.cells)
    return 5 * -(-int(teaching) // 5), 5 * -(-tasks // 5)


def project() -> dict:
    """What pyproject.toml says of the project."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def version() -> str:
    """The project's version."""
    return project()["version"]


def report_to() -> str:
    """Where a reader reports a mistake: the address in pyproject.toml, else words."""
    address = project().get("urls", {}).get("Issues")
    where = f"[report it]({address})" if address else "tell whoever gave you these lessons"
    return (
        f"**Found a mistake?** Please {where}, with the lesson's number and the heading it is "
        "under. Nothing is reported by itself."
    )


def way(stem: str, titles: dict[str, str]) -> str:
    """The text of a lesson's last cell: back, next, the board, and where to report a mistake.

    Parameters
    ----------
    stem : str
        Which lesson.
    titles : dict of str
        Heading by stem, in the order of the lessons.
    """
    order, at = list(titles), list(titles).index(stem)
    links = {
        "Back": order[at - 1] if at else None,
        "Next": order[at + 1] if at + 1 < len(order) else None,
        "Board": board() if stem != board() else None,
    }
    line = " · ".join(
        f"{word}: [{titles[other]}]({other}.ipynb)"
        for word, other in links.items()
        if other in titles
    )
    return f"{line}\n\n{report_to()}"


def slug(cell: NotebookNode, taken: Collection[str]) -> str:
    """An id from a cell's first words, that no other cell has."""
    first = next((line for line in cell.source.splitlines() if line.strip()), cell.cell_type)
    words = re.findall(r"[a-z][a-z0-9]*", first.lower().partition(" = ")[0])[:3]
    name = "-".join(words) or cell.cell_type
    number = 1
    while (tried := name if number == 1 else f"{name}-{number}") in taken:
        number += 1
    return tried


def tidy(stem: str, notebook: NotebookNode, titles: dict[str, str]) -> NotebookNode:
    """A lesson with what a machine keeps true in it: ids, minutes, the way on.

    A cell that JupyterLab added, or that has no id, gets a slug; the minutes and the cell with the
    id `way` are written anew. Everything else stays as it is.
    """
    notebook.nbformat_minor = max(notebook.nbformat_minor, 5)
    ids = [cell.get("id", "") for cell in notebook.cells]
    kept = {i for i in ids if SLUG.fullmatch(i) and not CHOSEN_FOR_YOU.fullmatch(i)}
    seen: set[str] = set()
    for cell in notebook.cells:
        if cell.get("id") not in kept or cell["id"] in seen:
            cell["id"] = slug(cell, kept | seen)
        seen.add(cell["id"])
        if cell["id"] == WAY:
            cell.source = way(stem, titles)
    teaching, tasks = minutes(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = TIME.sub(rf"{teaching}\g<1>{tasks}", cell.source)
    return notebook


@contextmanager
def workplace() -> Iterator[Path]:
    """An empty folder to run a lesson in, with `../data` beside it as beside `work/`."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "work"
        place.mkdir()
        with suppress(OSError):  # Windows gives the right to make links to few
            (Path(folder) / "data").symlink_to(DATA)
        yield place


def execute(notebook: NotebookNode) -> NotebookNode:
    """Run a notebook from its first cell and keep only what does not vary between runs."""
    from nbclient import NotebookClient

    os.environ.update(environment())
    with workplace() as folder:
        NotebookClient(
            notebook,
            timeout=300,
            kernel_name="python3",
            record_timing=False,
            coalesce_streams=True,
            extra_arguments=["--log-level=40"],
            resources={"metadata": {"path": str(folder)}},
        ).execute()
    notebook.metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", []):
            alt = output.get("metadata", {}).get("image/png", {}).get("alt")
            if alt:
                cell.metadata["mystnb"] = {"image": {"alt": alt}}
    return notebook


def run(numbers: Collection[str] = ()) -> None:
    """Re-execute lessons; the board last, from the verdicts that all of them gave.

    Parameters
    ----------
    numbers : collection of str, optional
        Only these lessons, by their two digits, and the board if a verdict changed.
    """
    from nbclient.exceptions import CellExecutionError

    name_strays()
    notebooks = {path.stem: read(path) for path in paths()}
    titles = {stem: title(notebook) for stem, notebook in notebooks.items()}
    todo = [path for path in paths(numbers) if path.stem != board()]
    for done, path in enumerate(todo):
        print(f"[{'#' * done}{'.' * (len(todo) - done)}] {path.stem}", flush=True)
        try:
            notebooks[path.stem] = execute(tidy(path.stem, notebooks[path.stem], titles))
        except CellExecutionError as error:
            raise ValueError(f"{path.name} stopped, and is as it was. {error}") from error
        write(path, stored(notebooks[path.stem]))
    said = [v for stem, book in notebooks.items() if stem != board() for v in claims.collect(book)]
    # sorted, as a stored notebook has them: one lesson run alone gives the same bytes as all
    text = (json.dumps(said, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode()
    changed = (DATA / "verdicts.json").read_bytes() != text
    write(DATA / "verdicts.json", text)
    if board() in notebooks and (changed or not numbers or board()[:2] in numbers):
        print(f"[{'#' * len(todo)}] {board()}", flush=True)
        notebooks[board()] = execute(tidy(board(), notebooks[board()], titles))
        write(LESSONS / f"{board()}.ipynb", stored(notebooks[board()]))
    if shown := readme_figure(notebooks):
        write(LESSONS / README_FIGURE, picture(shown[1]))
        readme, said = ROOT / "README.md", shown[1]["data"]["text/plain"]
        write(readme, with_figure(readme.read_text(encoding="utf-8"), said).encode())
    print(f"[{'#' * len(todo)}] done", flush=True)


def without_guess(code: str) -> str:
    """A cell with the author's guess taken out of `predict(id, guess)`: dots stand there."""
    try:
        calls = [
            node
            for node in ast.walk(ast.parse(code))
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "predict"
        ]
    except SyntaxError:
        return code
    lines = code.encode().splitlines(keepends=True)
    starts = [sum(map(len, lines[:row])) for row in range(len(lines))]
    flat = code.encode()
    guesses = [g for call in calls for g in (call.args[1:] + [k.value for k in call.keywords])[:1]]
    for g in sorted(guesses, key=lambda g: (-g.lineno, -g.col_offset)):
        assert g.end_lineno is not None and g.end_col_offset is not None
        begin, end = (
            starts[g.lineno - 1] + g.col_offset,
            starts[g.end_lineno - 1] + g.end_col_offset,
        )
        flat = flat[:begin] + b"..." + flat[end:]
    return flat.decode()


def student_copy(notebook: NotebookNode) -> NotebookNode:
    """The lesson as a student gets it: no solution, no hidden test, no guess, no output."""
    from nbconvert.preprocessors import ClearOutputPreprocessor

    copy, _ = ClearOutputPreprocessor().preprocess(nbformat.from_dict(notebook), {})
    for cell in copy.cells:
        cell.metadata.pop("mystnb", None)
        if cell.cell_type == "code":
            cell.source = HIDDEN_TESTS.sub("", SOLUTION.sub(STUB, cell.source)).rstrip("\n")
            cell.source = without_guess(cell.source)
    return copy


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tools.lessons",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    again = commands.add_parser("run")
    again.add_argument("numbers", nargs="*", metavar="NN", help="lessons to run; else all")
    chosen = parser.parse_args(arguments)
    try:
        run(chosen.numbers)
    except ValueError as error:
        print(f"  {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
