"""Hand the lessons to students: a work folder that updates without losing anything, and a zip.

python -m tools.students work FOLDER   lay out or update a work folder
python -m tools.students zip FILE      the same edition, to run where the repository is not
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

from tools.lessons import LESSONS, ROOT, paths, read, stored, student_copy, write

ISSUED = ".issued.json"
TOP = "tumor-recurrence-lessons"
ALONGSIDE = (
    "Makefile",
    "pyproject.toml",
    "requirements.lock",
    "jupyterlab.json",
    "README.md",
    "LICENSE",
    "CITATION.cff",
    "tools/__init__.py",
    "tools/lessons.py",
    "tools/students.py",
    "utils/**/*.py",
    "data/*.json",
    "data/*.toml",
    "data/individual/*.csv",
    "data/published/*.csv",
    "notebooks/*.exercises.toml",
    "notebooks/readme.png",
)
INSTRUCTIONS = """\
Tumor recurrence: a popular article beside public data
Student edition. Teaching material, not medical advice.

You need Python 3.11 or newer. In this folder:

  Linux, macOS (with make)
      make lab

  Windows (PowerShell)
      py -3.11 -m venv .venv
      .venv\\Scripts\\python -m pip install --require-hashes -r requirements.lock
      .venv\\Scripts\\python -m pip install --no-deps --no-build-isolation -e .
      .venv\\Scripts\\python -m tools.students work work
      cd work; ..\\.venv\\Scripts\\python -m jupyterlab 00_start_here.ipynb

The first time this fetches the packages named in requirements.lock (about 500 MB on disk). After
that everything works without a network.

Your lessons are in the folder work/. What you write there is yours. If you get a newer zip, unpack
it over this folder and run the same command again: lessons you have not touched become the new
ones, lessons you worked in stay, and the new version is put beside them.

Replace the dots after `answer =`, run the cell, run the check below it. A check never breaks
anything. hint("...") in a cell of its own helps further.
"""


def edition() -> dict[str, bytes]:
    """The files of a student's work folder: lessons without solutions, and the glossary."""
    files = {path.name: stored(student_copy(read(path))) for path in paths()}
    return files | {"glossary.md": (LESSONS / "glossary.md").read_bytes()}


def digest(content: bytes) -> str:
    """What a student can have changed: a notebook's cells, not its outputs; else every byte."""
    try:
        cells = [
            [cell["cell_type"], "".join(cell["source"])] for cell in json.loads(content)["cells"]
        ]
    except (ValueError, KeyError, TypeError):
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha256(json.dumps(cells).encode()).hexdigest()


def beside(name: str) -> Iterator[str]:
    """Names for a new version: lesson.new.ipynb, lesson.new-2.ipynb, ..."""
    stem, dot, ending = name.rpartition(".")
    yield f"{stem}.new{dot}{ending}"
    number = 2
    while True:
        yield f"{stem}.new-{number}{dot}{ending}"
        number += 1


def remembered(record: Path) -> dict[str, str]:
    """What was issued before; nothing where the record is lost or cut short."""
    try:
        return dict(json.loads(record.read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return {}


def update(folder: Path) -> list[tuple[str, str]]:
    """Lay out a work folder, or bring it up to date.

    A file that is not there is written; one whose cells are as they were issued is refreshed; one
    that was worked in stays, and a newer version is put beside it. Each file is replaced whole
    or not at all.

    Returns
    -------
    list of (what happened, file)
        "new", "refreshed", "kept" or "beside", in the order of the lessons.
    """
    folder.mkdir(parents=True, exist_ok=True)
    record = folder / ISSUED
    issued = remembered(record)
    events = []

    def put(name: str, content: bytes, event: str) -> None:
        write(folder / name, content)
        issued[name] = digest(content)
        events.append((event, name))

    def untouched(name: str, content: bytes) -> bool:
        return digest((folder / name).read_bytes()) in (issued.get(name), digest(content))

    for name, content in edition().items():
        if not (folder / name).exists():
            put(name, content, "new")
        elif untouched(name, content):
            changed = issued.get(name) != digest(content)
            if changed:
                put(name, content, "refreshed")
        elif issued.get(name) == digest(content):
            events.append(("kept", name))
        else:
            events.append(("kept", name))
            other = next(
                n for n in beside(name) if not (folder / n).exists() or untouched(n, content)
            )
            if not (folder / other).exists() or issued.get(other) != digest(content):
                put(other, content, "beside")
    write(record, (json.dumps(issued, indent=1) + "\n").encode())
    return events


def report(events: list[tuple[str, str]]) -> str:
    """The update in words."""
    words = {
        "new": "new        ",
        "refreshed": "refreshed  ",
        "kept": "yours, kept",
        "beside": "new version",
    }
    lines = [f"  {words[event]}  {name}" for event, name in events]
    if any(event == "beside" for event, _ in events):
        lines.append(
            "  You had worked in a lesson that has changed: your copy is as you left it, "
            "and the new one stands beside it (.new)."
        )
    return "\n".join(lines or ["  everything is up to date"])


def make_zip(target: Path) -> Path:
    """Write the student edition: lessons, library, data, lock and one page of instructions."""
    files = {f"notebooks/{name}": content for name, content in edition().items()}
    files["INSTRUCTIONS.txt"] = INSTRUCTIONS.encode()
    for pattern in ALONGSIDE:
        files |= {
            str(path.relative_to(ROOT)): path.read_bytes()
            for path in sorted(ROOT.glob(pattern))
            if path.is_file()
        }
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, inside in sorted(files.items()):
            archive.writestr(
                zipfile.ZipInfo(f"{TOP}/{name}", (2026, 1, 1, 0, 0, 0)),
                inside,
                zipfile.ZIP_DEFLATED,
            )
    target.parent.mkdir(parents=True, exist_ok=True)
    write(target, content.getvalue())
    return target


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tools.students",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("work").add_argument("folder", type=Path)
    commands.add_parser("zip").add_argument("file", type=Path)
    chosen = parser.parse_args(arguments)
    try:
        if chosen.command == "work":
            print(report(update(chosen.folder)))
        else:
            print(f"  {make_zip(chosen.file)}")
    except OSError as error:
        print(
            f"  This stopped half-way: {error}\n  Every file is whole, the old or the new one. "
            "When the cause is mended, run the same command again.",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
