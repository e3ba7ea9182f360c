"""For instructors: a new lesson from the template, the answer key, the settings of the lessons.

    python -m tools.authoring new-lesson NAME    a lesson to rewrite, which passes every test as it is
    python -m tools.authoring key [FILE]         every exercise with its answer and its hints
    python -m tools.authoring settings           what can be set in each lesson

The template is `tools/template/`: a notebook and the words of its checks. NN stands for the
lesson's number and TITLE for its title.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tools import lessons
from utils import exercises

TEMPLATE = Path(__file__).resolve().parent / "template"
KEY = lessons.ROOT / "instructor" / "answer_key.md"
ROW = re.compile(r"^\| \[\d\d [^\]]*\]\(notebooks/\d\d_\w+\.ipynb\) \|")
STEPS = """\
{notebook}
{words}
README.md has a row for it. The lesson passes the tests as it is; now
  1. rewrite it cell by cell: each says what belongs there;
  2. run `make lessons` after every change, then `make test`;
  3. keep its minutes true, in the notebook and in README.md: the test says which they are."""


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
    """The template's notebook and words, with number, title, box and minutes put in."""

    def fill(text: str) -> str:
        return re.sub(r"\bNN\b", stem[:2], text).replace("TITLE", title)

    notebook = lessons.read(TEMPLATE / "lesson.ipynb")
    for cell in notebook.cells:
        cell.source = box() if cell.id == "box" else fill(cell.source)
    teaching, tasks = lessons.minutes(notebook)
    for cell in notebook.cells:
        cell.source = cell.source.replace("About 0 minutes", f"About {teaching} minutes").replace(
            "running, 0 minutes", f"running, {tasks} minutes"
        )
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
    teaching, tasks = lessons.minutes(notebook)
    readme = lessons.ROOT / "README.md"
    listed = with_row(
        readme.read_text(encoding="utf-8"),
        f"| [{stem[:2]} {title}](notebooks/{stem}.ipynb) | "
        f"the claim | the data | the method | {teaching} + {tasks} |",
    )
    words_file = lessons.LESSONS / f"{stem}.exercises.toml"
    with open(words_file, "x", encoding="utf-8", newline="\n") as file:
        file.write(words)
    try:
        run = lessons.execute(notebook)
    except BaseException:
        words_file.unlink()
        raise
    lessons.write(lessons.LESSONS / f"{stem}.ipynb", lessons.stored(run))
    lessons.write(readme, listed.encode())
    return lessons.LESSONS / f"{stem}.ipynb", words_file


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
        cell.source = line.sub(lambda _: f"{name} = {value!r}", cell.source)
    return copy


def blocks(notebook: NotebookNode) -> list[tuple[str, list[NotebookNode]]]:
    """Each exercise's id, and its cells from the heading up to the check."""
    found, block = [], []
    for cell in notebook.cells:
        if cell.source.startswith("### Exercise"):
            block = []
        block.append(cell)
        if "check" in cell.metadata.get("tags", []):
            found.append((re.search(r'check\("([\w-]+)"', cell.source)[1], block[:-1]))
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
        f"- {exercises.show(exercises.value_of(name, one['answer']))}: {one['hint']}"
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
    chosen = parser.parse_args(arguments)
    if chosen.command == "new-lesson":
        try:
            notebook, words = new_lesson(chosen.name, chosen.number)
        except (ValueError, FileExistsError) as error:
            parser.error(str(error))
        print(
            STEPS.format(
                notebook=notebook.relative_to(lessons.ROOT), words=words.relative_to(lessons.ROOT)
            )
        )
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
