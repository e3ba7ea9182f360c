"""Hand the lessons to students: a work folder that updates without losing anything, and a zip.

python -m tools.students lab FOLDER            lay out or update a work folder, and open it
python -m tools.students work FOLDER           lay it out or update it, and no more
python -m tools.students carry FOLDER 03       take your answers into the newer lesson 03
python -m tools.students afresh FOLDER 03      start lesson 03 again; what you had is kept beside
python -m tools.students zip FILE              the same edition, to run where the repository is not
"""

from __future__ import annotations

import argparse
import hashlib
import io
import itertools
import json
import os
import re
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tools.lessons import (
    LESSONS,
    ONE_THREAD,
    ROOT,
    STEM,
    STUB,
    content,
    name_strays,
    parsed,
    paths,
    plain,
    private,
    read,
    stored,
    student_copy,
    version,
    words_of,
    write,
)
from utils import DATA

ISSUED = ".issued.json"
TOP = "tumor-recurrence-lessons"
DATED = (2026, 1, 1, 0, 0, 0)  # every file of the zip: its bytes depend on what it holds alone
LONGEST = 97  # characters of the project's folder; below it, Windows meets its limit of 260
ALONGSIDE = (
    "Makefile",
    "pyproject.toml",
    "requirements.lock",
    "jupyterlab.json",
    "LICENSE",
    "CITATION.cff",
    "tools/__init__.py",
    "tools/lessons.py",
    "tools/students.py",
    "utils/**/*.py",
    "data/*.json",
    "data/*.toml",
)
INSTRUCTIONS = """\
# Tumor recurrence: a popular article beside public data

Student edition {version}. Teaching material, not medical advice.

You need Python 3.11 or newer (on Debian or Ubuntu also: sudo apt install python3-venv). Put this
folder near the top of your disk: on Windows its path may have at most {longest} characters.

## Start

In this folder, on Linux and macOS (with make):

    make lab

On Windows (PowerShell):

    py -3 -m venv .venv
    .venv\\Scripts\\python -m pip install --require-hashes -r requirements.lock
    .venv\\Scripts\\python -m pip install --no-deps --no-build-isolation -e .
    .venv\\Scripts\\python -m tools.students lab work

The first time this fetches the packages named in requirements.lock (about 1 GB on disk); for
some minutes little is printed. After that everything works without a network. To stop, press
Ctrl-C twice where you typed it. To come back another day: `make lab`, or the last of the four
lines.

## Your work

Your lessons are in the folder `work/`. What you write there is yours and is never overwritten. The
folder `notebooks/` is where new copies come from: do not work in it.

Replace the dots after `answer =`, run the cell, run the check below it. A check never breaks
anything. `hint("...")` in a cell of its own helps further.

If you get a newer zip, unpack it over this folder and say the same commands again. Lessons you have
not touched become the new ones; a lesson you worked in stays, and the new one is put beside it
(`03_immunity.new.ipynb`). Where there is no make, write `.venv\\Scripts\\python -m tools.students`
for `make`, with the folder: `carry work 03`, `afresh work 03`.

    make carry LESSON=03      takes your answers into the newer lesson 03
    make afresh LESSON=03     starts lesson 03 again; what you had is kept beside it

LICENSE holds the terms, CITATION.cff how to cite, and each data set's card its source.
"""
NOT_FOR_WORK = """\
New copies of the lessons come from this folder, and a newer zip replaces what is in it.
Your own copies are in the folder work/ beside it: work there. Nothing overwrites them.
"""


def edition() -> dict[str, bytes]:
    """The files of a student's work folder: lessons without solutions, and the glossary."""
    files = {path.name: stored(student_copy(read(path))) for path in paths()}
    return files | {"glossary.md": (LESSONS / "glossary.md").read_bytes()}


def notebook_in(inside: bytes) -> NotebookNode | None:
    """A notebook, if the bytes are a whole one with cells."""
    try:
        book = parsed(inside, "")
        content(book)
    except (ValueError, KeyError, TypeError):
        return None
    return book


def digest(inside: bytes) -> str:
    """What a student can have changed: the text of a notebook's cells; of other files the text."""
    book = notebook_in(inside)
    if book is not None:
        return content(book)
    text = plain(inside.decode("utf-8-sig", "replace"))
    return hashlib.sha256(text.encode()).hexdigest()


def numbered(name: str, word: str) -> Iterator[str]:
    """Names beside a lesson: lesson.new.ipynb, lesson.new-2.ipynb, ..."""
    stem, dot, ending = name.rpartition(".")
    yield f"{stem}.{word}{dot}{ending}"
    for number in itertools.count(2):
        yield f"{stem}.{word}-{number}{dot}{ending}"


def remembered(record: Path) -> dict[str, str]:
    """What was issued before; nothing where the record is lost or cut short."""
    try:
        return dict(json.loads(record.read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return {}


def remember(record: Path, issued: dict[str, str]) -> None:
    write(record, (json.dumps(issued, indent=1) + "\n").encode())


def emptied(path: Path) -> bool:
    """Whether a crash left nothing of a file: no byte, or blanks and zero bytes only."""
    return path.is_file() and not path.read_bytes().strip(b"\0 \t\r\n")


def checkpoint(path: Path) -> bytes | None:
    """What JupyterLab saved of a lesson before, if that is whole."""
    saved = path.parent / ".ipynb_checkpoints" / f"{path.stem}-checkpoint{path.suffix}"
    if not saved.is_file() or saved.is_symlink():
        return None
    inside = saved.read_bytes()
    return inside if notebook_in(inside) else None


def older(folder: Path, files: dict[str, bytes], issued: dict[str, str]) -> list[str]:
    """Lessons of an earlier numbering: issued once, or named like a lesson, and no more."""
    there = {path.name for path in folder.glob("*.ipynb") if STEM.fullmatch(path.stem)}
    was = {name for name in issued if (folder / name).exists() and ".new" not in name}
    return sorted((there | was) - set(files))


def in_the_way(folder: Path) -> list[str]:
    """Files that Python would take for the lessons' own library, or for a package they use."""
    names = ("utils", "pandas", "numpy", "seaborn", "statsmodels", "matplotlib", "scipy")
    files = [folder / f"{name}.py" for name in names]
    packages = [folder / name for name in names if (folder / name / "__init__.py").is_file()]
    return [path.name for path in files + packages if path.exists()]


def update(folder: Path) -> list[tuple[str, str]]:
    """Lay out a work folder, or bring it up to date.

    A file that is not there is written; one whose cells read as they were issued is refreshed; one
    that was worked in stays, and a newer version is put beside it. One that a crash emptied comes
    back, from JupyterLab's own checkpoint if there is one; one that can no longer be read stays,
    with a whole one beside it. Lessons of an earlier numbering stay. Each file is replaced whole
    or not at all.

    Returns
    -------
    list of (what happened, file)
        "new", "refreshed", "kept", "beside", "mended", "from checkpoint", "damaged", "older" or
        "in the way", in the order of the lessons.
    """
    folder.mkdir(parents=True, exist_ok=True)
    record = folder / ISSUED
    issued = remembered(record)
    files = edition()
    events = []

    def put(name: str, inside: bytes, event: str) -> None:
        write(folder / name, inside)
        issued[name] = digest(inside)
        events.append((event, name))

    def untouched(name: str, inside: bytes) -> bool:
        return digest((folder / name).read_bytes()) in (issued.get(name), digest(inside))

    def put_beside(name: str, inside: bytes) -> None:
        other = next(
            n
            for n in numbered(name, "new")
            if not (folder / n).exists() or emptied(folder / n) or untouched(n, inside)
        )
        if not (folder / other).exists() or digest((folder / other).read_bytes()) != digest(inside):
            put(other, inside, "beside")

    for name, inside in files.items():
        path = folder / name
        if not path.exists():
            put(name, inside, "new")
        elif emptied(path):
            saved = checkpoint(path)
            if saved is None:
                put(name, inside, "mended")
            else:
                write(path, saved)
                events.append(("from checkpoint", name))
        elif untouched(name, inside):
            if issued.get(name) != digest(inside):
                put(name, inside, "refreshed")
        elif path.suffix == ".ipynb" and notebook_in(path.read_bytes()) is None:
            events.append(("damaged", name))
            put_beside(name, checkpoint(path) or inside)
        else:
            events.append(("kept", name))
            if issued.get(name) != digest(inside):
                put_beside(name, inside)
    events += [("older", name) for name in older(folder, files, issued)]
    events += [("in the way", name) for name in in_the_way(folder)]
    remember(record, issued)
    return events


WORDS = {
    "new": "new        ",
    "refreshed": "refreshed  ",
    "kept": "yours, kept",
    "beside": "new version",
    "mended": "was empty, new again",
    "from checkpoint": "was empty, back as last saved",
    "damaged": "cannot be read, left as it is",
    "older": "earlier numbering, left as it is",
    "in the way": "RENAME THIS",
    "carried": "answers carried into",
    "not carried": "not carried",
    "afresh": "afresh     ",
    "set aside": "what you had",
}
REMARKS = {
    "beside": "You had worked in a lesson that has changed: your copy is as you left it, and the "
    "new one stands beside it (.new). To take your answers along: make carry LESSON={number}",
    "damaged": "A lesson can no longer be read as a notebook. It is as it was; a whole one stands "
    "beside it (.new).",
    "older": "The lessons have new numbers. Your older files are as you left them, and nothing "
    "needs them.",
    "in the way": "Python takes that file for a part of what the lessons use. Give it another "
    "name, or lessons stop at their first cell.",
    "not carried": "These exercises are not in the newer lesson, or have no answer of yours.",
}


def report(events: list[tuple[str, str]]) -> str:
    """What was done, in words."""
    lines = [f"  {WORDS[event]}  {name}" for event, name in events]
    for event, remark in REMARKS.items():
        if names := [name for happened, name in events if happened == event]:
            lines.append(f"  {remark.format(number=names[0][:2])}")
    return "\n".join(lines or ["  everything is up to date"])


def lesson_file(folder: Path, lesson: str) -> str:
    """The name of a lesson in a work folder, from its number.

    Raises
    ------
    ValueError
        If no lesson has it.
    """
    return paths([lesson.removesuffix(".ipynb")[:2]])[0].name


def afresh(folder: Path, lesson: str) -> list[tuple[str, str]]:
    """Start a lesson again: what was there is set aside as `.old`, and a new copy is written."""
    name = lesson_file(folder, lesson)
    folder.mkdir(parents=True, exist_ok=True)
    inside = edition()[name]
    events = []
    if (folder / name).exists():
        other = next(n for n in numbered(name, "old") if not (folder / n).exists())
        (folder / name).rename(folder / other)
        events.append(("set aside", other))
    write(folder / name, inside)
    issued = remembered(folder / ISSUED)
    remember(folder / ISSUED, issued | {name: digest(inside)})
    return [("afresh", name), *events]


CHECK = re.compile(r"""\bcheck\(\s*(?:name\s*=\s*)?["'](?:\d\d-)?([\w-]+)["'](?:,\s*(\w+)\s*\))?""")
ANSWERED = re.compile(r"^\s*answer\s*=(?!\s*\.\.\.\s*$)", re.M)


def answered(book: NotebookNode) -> dict[str, tuple[list[NotebookNode], str]]:
    """By exercise, without its lesson's number: its code cells, and the name that is checked."""
    found: dict[str, tuple[list[NotebookNode], str]] = {}
    block: list[NotebookNode] = []
    for cell in book.cells:
        if cell.cell_type != "code":
            block = [] if re.match(r"#+ ", cell.source) else block
        elif checks := CHECK.findall(cell.source):
            found[checks[-1][0]] = (block, checks[-1][1])
            block = []
        elif cell.source.strip():
            block.append(cell)
    return found


def carried(old: NotebookNode, new: NotebookNode) -> tuple[NotebookNode, list[str], list[str]]:
    """A newer lesson with the answers of an older copy.

    Of each exercise that both hold, the code cells between heading and check are the student's,
    where there is an answer in them.

    Returns
    -------
    tuple
        The lesson, and the exercises carried and not carried.
    """
    stub = STUB.removeprefix(r"\1")
    theirs = answered(new)
    taken, left = [], []
    for name, (code, checked) in answered(old).items():
        text = "\n".join(cell.source for cell in code)
        wanted = theirs.get(name, ([], ""))[0]
        if not wanted or not text or (stub in text and not ANSWERED.search(text)):
            left.append(name)
            continue
        own = [nbformat.v4.new_code_cell(cell.source) for cell in code]
        own[-1].id, own[-1].metadata = wanted[-1].get("id", own[-1].id), wanted[-1].metadata
        if checked not in ("", "answer"):
            own[-1].source += f"\nanswer = {checked}"
        at = next(i for i, cell in enumerate(new.cells) if cell is wanted[0])
        new.cells[at : at + len(wanted)] = own
        taken.append(name)
    return new, taken, left


def carry(folder: Path, lesson: str, source: str | None = None) -> list[tuple[str, str]]:
    """Take a student's answers into the newer version of a lesson.

    Parameters
    ----------
    folder : Path
        The work folder.
    lesson : str
        Two digits.
    source : str, optional
        The file the answers come from, such as a lesson of an earlier numbering; else the lesson
        itself, and what was set aside by `afresh`.

    Returns
    -------
    list of (what happened, file or exercise)
        The newer lesson stands under the lesson's own name, the older one beside it as `.old`.
    """
    name = lesson_file(folder, lesson)
    target, inside = folder / name, edition()[name]
    from_ = folder / (source or name)
    if not from_.is_file() or (old := notebook_in(from_.read_bytes())) is None:
        raise ValueError(f"{from_} is not there, or is no notebook: nothing to carry over")
    fresh = notebook_in(inside)
    assert fresh is not None
    book, taken, left = carried(old, fresh)
    if not taken:
        return [("not carried", exercise) for exercise in left]
    events = []
    if target.exists() and digest(target.read_bytes()) != digest(inside):
        other = next(n for n in numbered(name, "old") if not (folder / n).exists())
        target.rename(folder / other)
        events.append(("set aside", other))
    write(target, stored(book))
    issued = remembered(folder / ISSUED)
    for beside in folder.glob(f"{Path(name).stem}.new*.ipynb"):
        if digest(beside.read_bytes()) == digest(inside):
            beside.unlink()  # the same lesson, and nobody wrote in it
            issued.pop(beside.name, None)
    remember(folder / ISSUED, issued | {name: digest(inside)})
    events = [("carried", f"{name}: {', '.join(taken)}"), *events]
    return events + [("not carried", exercise) for exercise in left]


def registered_data() -> list[Path]:
    """The data files that the register names, and no other that lies beside them."""
    register = json.loads((DATA / "datapackage.json").read_text(encoding="utf-8"))
    return [DATA / resource["path"] for resource in register["resources"]]


def make_zip(target: Path) -> Path:
    """Write the student edition: lessons, library, registered data, lock, and one page to read."""
    name_strays()
    files = {f"notebooks/{name}": inside for name, inside in edition().items()}
    page = INSTRUCTIONS.format(version=version(), longest=LONGEST).encode()
    files |= {"INSTRUCTIONS.txt": page, "README.md": page}
    files["notebooks/DO NOT WORK HERE.txt"] = NOT_FOR_WORK.encode()
    others = [path for pattern in ALONGSIDE for path in ROOT.glob(pattern) if path.is_file()]
    others += registered_data() + [p for path in paths() if (p := words_of(path)).is_file()]
    files |= {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in others}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        folders = {str(parent) for name in files for parent in Path(TOP, name).parents}
        for folder in sorted(folders - {"."}):
            entry = zipfile.ZipInfo(f"{folder}/", DATED)
            entry.external_attr = 0o40755 << 16 | 0x10
            archive.writestr(entry, b"")
        for name, inside in sorted(files.items()):
            entry = zipfile.ZipInfo(f"{TOP}/{name}", DATED)
            entry.external_attr = 0o100644 << 16
            entry.create_system = 3  # so that the mode is read everywhere
            archive.writestr(entry, inside, zipfile.ZIP_DEFLATED)
    target.parent.mkdir(parents=True, exist_ok=True)
    write(target, packed.getvalue())
    return target


def homes() -> dict[str, str]:
    """Folders for Jupyter's own files where the home folder cannot be written."""
    home = Path(os.path.expanduser("~"))
    if home.is_dir() and os.access(home, os.W_OK):
        return {}
    user = os.getuid() if hasattr(os, "getuid") else "me"
    own = private(Path(tempfile.gettempdir()) / f"tumor-recurrence-jupyter-{user}")
    names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    return {"HOME": str(own)} | {name: str(own / name.lower()) for name in names}


def lab(folder: Path, arguments: list[str]) -> int:
    """Open JupyterLab in a work folder; returns only if it cannot, or when it ends."""
    import subprocess

    root = hasattr(os, "getuid") and os.getuid() == 0
    if root and "--allow-root" not in arguments:
        print(
            "  You are root, and JupyterLab wants to hear that this is meant:\n"
            "  make lab LAB_ARGS=--allow-root",
            file=sys.stderr,
        )
        return 1
    own = homes()
    if own:
        print(f"  Your home folder cannot be written: JupyterLab's own files go to {own['HOME']}")
    command = [sys.executable, "-m", "jupyterlab", *arguments, paths()[0].name]
    variables = ONE_THREAD | os.environ | own
    return subprocess.run(command, cwd=folder, env=variables).returncode


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tools.students",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for command in ("lab", "work"):
        commands.add_parser(command).add_argument("folder", type=Path)
    for command in ("carry", "afresh"):
        one = commands.add_parser(command)
        one.add_argument("folder", type=Path)
        one.add_argument("lesson", help="two digits")
        if command == "carry":
            one.add_argument("source", nargs="?", help="a file in FOLDER with your answers")
    commands.add_parser("zip").add_argument("file", type=Path)
    chosen, rest = parser.parse_known_args(arguments)
    if rest and chosen.command != "lab":
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    place = chosen.file.parent if chosen.command == "zip" else chosen.folder
    try:
        if chosen.command == "zip":
            print(f"  {make_zip(chosen.file)}")
        elif chosen.command == "carry":
            print(report(carry(chosen.folder, chosen.lesson, chosen.source)))
        elif chosen.command == "afresh":
            print(report(afresh(chosen.folder, chosen.lesson)))
        else:
            print(f"Your copies of the lessons are in {chosen.folder}; what you changed is kept:")
            print(report(update(chosen.folder)))
            if chosen.command == "lab":
                return lab(chosen.folder, rest)
    except ValueError as error:
        print(f"  {error}", file=sys.stderr)
        return 2
    except PermissionError as error:
        print(
            f"  Nothing can be written in {place} ({error}). Choose a folder of your own: "
            f"python -m tools.students {chosen.command} FOLDER, or make lab WORK=FOLDER",
            file=sys.stderr,
        )
        return 1
    except OSError as error:
        print(
            f"  This stopped half-way: {error}\n  Every file is whole, the old or the new one. "
            "When the cause is mended, run the same command again.",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
