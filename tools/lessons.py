"""Read the lessons, run them, and take the solutions out of them.

python -m tools.lessons run            re-execute every lesson and keep its outputs
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import re
import sys
import tempfile
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from utils import DATA, claims

ROOT = DATA.parent
LESSONS = ROOT / "notebooks"
CACHE = (ROOT if os.access(ROOT, os.W_OK) else Path(tempfile.gettempdir())) / ".cache"
BOARD = "10_verdicts"
README_FIGURE = "readme.png"
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}

SOLUTION = re.compile(r"^( *)### BEGIN SOLUTION\n.*?### END SOLUTION$", re.S | re.M)
HIDDEN_TESTS = re.compile(r"^ *### BEGIN HIDDEN TESTS\n.*?### END HIDDEN TESTS\n?", re.S | re.M)
STUB = r"\1pass  # your answer here"

WORDS_A_MINUTE, MINUTES_A_CODE_CELL, MINUTES_AN_EXERCISE = 130, 0.75, 6


def environment() -> dict[str, str]:
    """Variables under which a lesson gives the same bytes everywhere."""
    return {
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "PYTHONHASHSEED": "0",
        "TZ": "UTC",
        "LC_ALL": "C.UTF-8",
        "COLUMNS": "80",
        "MPLCONFIGDIR": str(CACHE / "matplotlib"),
        "IPYTHONDIR": str(CACHE / "ipython"),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }


def paths() -> list[Path]:
    """The lessons in their order."""
    return sorted(LESSONS.glob("[0-9][0-9]_*.ipynb"))


def read(path: Path) -> NotebookNode:
    """A notebook, as nbformat reads it."""
    return nbformat.read(path, as_version=4)


def write(path: Path, content: bytes) -> None:
    """Replace a file whole or not at all."""
    if path.exists() and path.read_bytes() == content:
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


def picture(output: NotebookNode) -> bytes:
    """The PNG of an output."""
    return base64.b64decode(output["data"]["image/png"])


def readme_figure(notebooks: dict[str, NotebookNode]) -> tuple[NotebookNode, NotebookNode]:
    """The cell tagged `readme`, and its output that holds a picture."""
    return next(
        (cell, output)
        for notebook in notebooks.values()
        for cell in notebook.cells
        if "readme" in cell.metadata.get("tags", [])
        for output in cell.outputs
        if "image/png" in output.get("data", {})
    )


def is_exercise(cell: NotebookNode) -> bool:
    """Whether a cell is for the student to fill in."""
    return cell.cell_type == "code" and "### BEGIN SOLUTION" in cell.source


def minutes(notebook: NotebookNode) -> tuple[int, int]:
    """Minutes of teaching and of exercises, from the lesson's own words and cells.

    Counted, not timed with students: 130 words a minute, three quarters of a minute for each
    code cell and its output, six minutes an exercise; to the next five minutes.
    """
    words = sum(
        len(re.findall(r"\w+", cell.source))
        for cell in notebook.cells
        if cell.cell_type == "markdown"
    )
    exercises = sum(is_exercise(cell) for cell in notebook.cells)
    cells = sum(cell.cell_type == "code" for cell in notebook.cells) - 2 * exercises
    teaching = words / WORDS_A_MINUTE + cells * MINUTES_A_CODE_CELL
    return tuple(5 * -(-int(m) // 5) for m in (teaching, exercises * MINUTES_AN_EXERCISE))


def execute(notebook: NotebookNode) -> NotebookNode:
    """Run a notebook from its first cell and keep only what does not vary between runs."""
    from nbclient import NotebookClient

    os.environ.update(environment())
    CACHE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        NotebookClient(
            notebook,
            timeout=300,
            kernel_name="python3",
            record_timing=False,
            coalesce_streams=True,
            extra_arguments=["--log-level=40"],
            resources={"metadata": {"path": folder}},
        ).execute()
    notebook.metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", []):
            alt = output.get("metadata", {}).get("image/png", {}).get("alt")
            if alt:
                cell.metadata["mystnb"] = {"image": {"alt": alt}}
    return notebook


def run_all() -> None:
    """Re-execute every lesson; the board last, from the verdicts the others gave."""
    todo = sorted(paths(), key=lambda path: (path.stem == BOARD, path.name))
    verdicts, notebooks = [], {}
    for done, path in enumerate(todo):
        print(f"[{'#' * done}{'.' * (len(todo) - done)}] {path.stem}", flush=True)
        if path.stem == BOARD:
            text = json.dumps(verdicts, indent=1, ensure_ascii=False) + "\n"
            write(DATA / "verdicts.json", text.encode())
        notebooks[path.stem] = execute(read(path))
        verdicts += claims.collect(notebooks[path.stem])
        write(path, stored(notebooks[path.stem]))
    write(LESSONS / README_FIGURE, picture(readme_figure(notebooks)[1]))
    print(f"[{'#' * len(todo)}] done", flush=True)


def student_copy(notebook: NotebookNode) -> NotebookNode:
    """The lesson as a student gets it: no solution, no hidden test, no output."""
    from nbconvert.preprocessors import ClearOutputPreprocessor

    copy, _ = ClearOutputPreprocessor().preprocess(nbformat.from_dict(notebook), {})
    for cell in copy.cells:
        if cell.cell_type == "code":
            cell.source = HIDDEN_TESTS.sub("", SOLUTION.sub(STUB, cell.source)).rstrip("\n")
    return copy


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tools.lessons",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run")
    parser.parse_args(arguments)
    run_all()
    return 0


if __name__ == "__main__":
    sys.exit(main())
