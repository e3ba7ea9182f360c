"""For instructors: a new lesson, the answer key, settings, one lesson for another repository.

python -m tools.authoring new-lesson NAME        a lesson to rewrite, which passes every test
python -m tools.authoring key [FILE]             every exercise with its answer and its hints
python -m tools.authoring settings               what can be set in each lesson
python -m tools.authoring export 06 FOLDER       one lesson with what it needs, tested there

The template is `tools/template/`: a notebook and the words of its checks. NN stands for the
lesson's number and TITLE for its title.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tools import lessons
from utils import DATA, exercises, replies

TEMPLATE = Path(__file__).resolve().parent / "template"
KEY = lessons.ROOT / "instructor" / "answer_key.md"
ROW = re.compile(r"^\| \[\d\d [^\]]*\]\(notebooks/\d\d_\w+\.ipynb\) \|")
STEPS = """\
{notebook}
{words}
README.md has a row for it. The lesson passes the tests as it is; now
  1. rewrite it cell by cell: each says what belongs there;
  2. run `make lessons LESSON={number}` after every change, then `make test`."""
EXPORTED = ("pyproject.toml", "requirements.lock", "LICENSE", "CITATION.cff", "build.in")
TRY_IT = """\
# One lesson of the tumor-recurrence lessons, version {version}

`{lesson}`, with the library, the data and the words of its checks that it needs. Terms are in
LICENSE, and each data set's card names its source.

    python -m venv .venv
    .venv/bin/python -m pip install --require-hashes -r requirements.lock
    .venv/bin/python -m pip install --no-deps --no-build-isolation -e .
    .venv/bin/python -m pytest notebooks

The last line runs the lesson and compares every output and picture with those stored.
"""


def box() -> str:
    """The box that opens every lesson."""
    first = lessons.read(lessons.paths()[0])
    return next(cell.source for cell in first.cells if cell.id == "box")


def place(name: str, number: int | None = None) -> str:
    """The stem of a new lesson, such as `11_my_lesson`; the next free number unless one is given.

    Raises
    ------
    ValueError
        If the name has no letter from a to z or would break README's table, or the number is taken
        or not between 0 and 99.
    """
    if re.search(r"[|\[\]\n]", name):
        raise ValueError(f"the name {name!r} goes into a table: leave out |, [, ] and line breaks")
    slug = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    if not re.search("[a-z]", slug):
        raise ValueError(f"the name {name!r} has no letter from a to z: it becomes a file name")
    taken = {int(path.stem[:2]): path.name for path in lessons.paths()}
    number = max(taken) + 1 if number is None else number
    if number in taken:
        raise ValueError(
            f"number {number:02d} is taken by {taken[number]}: leave it out or choose another"
        )
    if not 0 <= number <= 99:
        raise ValueError(f"the number of a lesson has two digits, not {number}")
    return f"{number:02d}_{slug}"


def filled(stem: str, title: str) -> tuple[NotebookNode, str]:
    """The template's notebook and words, with number, title and box put in."""

    def fill(text: str) -> str:
        return re.sub(r"\bNN\b", stem[:2], text).replace("TITLE", title)

    notebook = lessons.read(TEMPLATE / "lesson.ipynb")
    for cell in notebook.cells:
        cell.source = box() if cell.id == "box" else fill(cell.source)
    return notebook, fill((TEMPLATE / "lesson.exercises.toml").read_text(encoding="utf-8"))


def with_row(readme: str, row: str) -> str:
    """README's table of lessons with one more row at its end."""
    lines = readme.splitlines(keepends=True)
    rows = [i for i, line in enumerate(lines) if ROW.match(line)]
    if not rows:
        raise ValueError("README.md has no table of lessons to add a row to")
    return "".join([*lines[: rows[-1] + 1], row + "\n", *lines[rows[-1] + 1 :]])


def new_lesson(name: str, number: int | None = None) -> tuple[Path, Path]:
    """Write a lesson from the template, run it, and list it in the README.

    Nothing is overwritten; if the lesson does not run, nothing is left behind.

    Parameters
    ----------
    name : str
        Title; in lower case with underscores it becomes the file name.
    number : int, optional
        Number of the lesson, 0 to 99; the next free one if left out.

    Returns
    -------
    tuple of Path
        The notebook, and the file with the words of its checks.
    """
    stem = place(name, number)
    title = name.replace("_", " ").strip()
    title = title[0].upper() + title[1:]
    notebook, words = filled(stem, title)
    readme = lessons.ROOT / "README.md"
    listed = with_row(
        readme.read_text(encoding="utf-8"),
        f"| [{stem[:2]} {title}](notebooks/{stem}.ipynb) | the claim | the data | the method |",
    )
    made = lessons.LESSONS / f"{stem}.ipynb"
    words_file = lessons.words_of(made)
    with open(words_file, "x", encoding="utf-8", newline="\n") as file:
        file.write(words)
    try:
        lessons.write(made, lessons.stored(notebook))
        books = {path: lessons.read(path) for path in lessons.paths()}
        titles = {path.stem: lessons.title(book) for path, book in books.items()}
        run = lessons.execute(lessons.tidy(stem, notebook, titles))
    except BaseException:
        words_file.unlink()
        made.unlink(missing_ok=True)
        raise
    lessons.write(made, lessons.stored(run))
    lessons.write(readme, listed.encode())
    for path, book in books.items():  # its neighbours lead to it
        if path != made:
            lessons.write(path, lessons.stored(lessons.tidy(path.stem, book, titles)))
    return made, words_file


def settings_cell(notebook: NotebookNode) -> NotebookNode | None:
    """The cell tagged `settings`, if the lesson has one."""
    return next(
        (cell for cell in notebook.cells if "settings" in cell.metadata.get("tags", [])), None
    )


def with_settings(notebook: NotebookNode, settings: dict[str, object]) -> NotebookNode:
    """A copy of a lesson with other settings.

    Raises
    ------
    ValueError
        For a name that the lesson does not set.
    """
    copy = nbformat.from_dict(notebook)
    cell = settings_cell(copy)
    for name, value in settings.items():
        line = re.compile(rf"^{re.escape(name)} = .*$", re.M)
        if cell is None or not line.search(cell.source):
            raise ValueError(
                f"the lesson has no setting {name!r}: `python -m tools.authoring settings` "
                "lists them"
            )
        cell.source = line.sub(f"{name} = {value!r}".replace("\\", r"\\"), cell.source)
    return copy


def blocks(notebook: NotebookNode) -> list[tuple[str, list[NotebookNode]]]:
    """Each exercise's id, and its cells from the heading up to the check."""
    found: list[tuple[str, list[NotebookNode]]] = []
    block: list[NotebookNode] = []
    for cell in notebook.cells:
        if cell.source.startswith("### Exercise"):
            block = []
        block.append(cell)
        if "check" in cell.metadata.get("tags", []):
            found.append((re.findall(r'check\("([\w-]+)"', cell.source)[0], block[:-1]))
            block = []
    return found


def key_of(name: str, cells: list[NotebookNode]) -> str:
    """One exercise in the answer key, as Markdown."""
    entry = exercises.exercises()[name]
    text = []
    for cell in cells:
        if cell.cell_type == "markdown":
            text.append(cell.source)
            continue
        inside = re.search(r"### BEGIN SOLUTION\n(.*?)\n### END SOLUTION", cell.source, re.S)
        label = "**Solution** (one of several)" if inside else "**Given**"
        text.append(f"{label}\n\n```python\n{inside[1] if inside else cell.source}\n```")
    right = exercises.reply(name, exercises.value_of(name, entry["answer"]))
    wrong = [
        f"- {replies.show(exercises.value_of(name, one['answer']))}: {one['hint']}"
        for one in entry["wrong"]
    ]
    hints = [f"{i}. {hint}" for i, hint in enumerate(entry["hints"], start=1)]
    return "\n\n".join(
        [
            *text,
            f"**Answer** (`{name}`, relative tolerance {entry.get('tolerance', 0.01):g}). {right}",
            "**Foreseen wrong answers**\n\n" + "\n".join(wrong),
            "**Hints**\n\n" + "\n".join(hints),
        ]
    )


def key() -> str:
    """The answer key of all lessons, as Markdown; answers are computed from the data."""
    parts = [
        "# Answer key\n\nMade by `python -m tools.authoring key` from the lessons and the words of "
        "their checks. It holds every solution: keep it from students."
    ]
    for path in lessons.paths():
        notebook = lessons.read(path)
        found = [key_of(name, cells) for name, cells in blocks(notebook)]
        if found:
            parts += [notebook.cells[0].source.splitlines()[0].replace("# ", "## "), *found]
    return "\n\n".join(parts) + "\n"


def write_key(path: Path) -> None:
    """Write the answer key; the folder of its own is told to git as one to leave out."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path == KEY:
        lessons.write(path.parent / ".gitignore", b"*\n")
    lessons.write(path, key().encode())


def sets_used(notebook: NotebookNode, words: str) -> set[str]:
    """The registered data sets that a lesson and the words of its checks name."""
    text = words + "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    named = set(re.findall(r"""["']([a-z0-9_]+)["']""", text))
    register = json.loads((DATA / "datapackage.json").read_text(encoding="utf-8"))
    return named & {resource["name"] for resource in register["resources"]}


def export(number: str, folder: Path) -> Path:
    """Write one lesson with what it needs to a folder of its own, and run it there.

    Parameters
    ----------
    number : str
        The lesson's two digits.
    folder : Path
        Must not be there yet, or be empty.

    Returns
    -------
    Path
        The lesson in its new place.

    Raises
    ------
    ValueError
        If there is no such lesson, the folder holds something, or the lesson does not pass there.
    """
    path = lessons.paths([number])[0]
    if folder.exists() and any(folder.iterdir()):
        raise ValueError(f"{folder} is not empty: choose a new folder")
    notebook, words = lessons.read(path), lessons.words_of(path)
    text = words.read_text(encoding="utf-8") if words.is_file() else ""
    used = sets_used(notebook, text)
    register = json.loads((DATA / "datapackage.json").read_text(encoding="utf-8"))
    register["resources"] = [r for r in register["resources"] if r["name"] in used]
    kept = [DATA / resource["path"] for resource in register["resources"]]
    kept += [path, lessons.LESSONS / "glossary.md", lessons.LESSONS / "conftest.py"]
    kept += [*DATA.glob("*.toml"), DATA / "verdicts.json"]
    kept += [*(lessons.ROOT / "utils").rglob("*.py")]
    kept += [lessons.ROOT / "tools" / name for name in ("__init__.py", "lessons.py", "compare.py")]
    kept += [lessons.ROOT / name for name in EXPORTED] + ([words] if text else [])
    for file in filter(Path.is_file, kept):
        target = folder / file.relative_to(lessons.ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    lessons.write(
        folder / "data" / "datapackage.json",
        (json.dumps(register, indent=1, ensure_ascii=False) + "\n").encode(),
    )
    lessons.write(
        folder / "README.md",
        TRY_IT.format(version=lessons.version(), lesson=f"notebooks/{path.name}").encode(),
    )
    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "notebooks"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder.resolve()), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
    )
    if tested.returncode:
        raise ValueError(
            f"written to {folder}, but it does not pass there:\n{tested.stdout[-3000:]}"
        )
    return folder / "notebooks" / path.name


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tools.authoring",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    new = commands.add_parser("new-lesson")
    new.add_argument("name")
    new.add_argument("--number", type=int)
    commands.add_parser("key").add_argument("file", type=Path, nargs="?", default=KEY)
    commands.add_parser("settings")
    away = commands.add_parser("export")
    away.add_argument("lesson", help="two digits")
    away.add_argument("folder", type=Path)
    chosen = parser.parse_args(arguments)
    if chosen.command == "new-lesson":
        try:
            notebook, words = new_lesson(chosen.name, chosen.number)
        except (ValueError, FileExistsError) as error:
            parser.error(str(error))
        print(
            STEPS.format(
                notebook=notebook.relative_to(lessons.ROOT),
                words=words.relative_to(lessons.ROOT),
                number=notebook.name[:2],
            )
        )
    elif chosen.command == "export":
        try:
            print(f"{export(chosen.lesson, chosen.folder)}: every output is the stored one there.")
        except ValueError as error:
            parser.error(str(error))
    elif chosen.command == "key":
        write_key(chosen.file)
        print(f"The answer key is in {chosen.file}: keep it from students.")
    else:
        for path in lessons.paths():
            cell = settings_cell(lessons.read(path))
            print(f"{path.stem}: {cell.source.replace(chr(10), '; ') if cell else 'none'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
