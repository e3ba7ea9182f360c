"""Release the lessons' exercises, and grade what comes back, with nbgrader.

    python -m tools.grading release COURSE               what students get, and the gradebook
    python -m tools.grading grade COURSE SUBMISSIONS     scores, feedback and grades.csv

COURSE is a folder of nbgrader's. SUBMISSIONS holds one folder for each student, and in it the
notebooks; or it is what Moodle or Canvas hand over. COURSE/students.csv (id, name, email), if it
is there, says who should be on the list. nbgrader is an extra for instructors: `make instructor`.
"""

from __future__ import annotations

import argparse
import logging
import os
import re
import sys
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from textwrap import fill

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tools import lessons, roster, sandbox
from utils.exercises import reply

CHECK = re.compile(r"""\bcheck\(\s*(?:name\s*=\s*)?["']([\w-]+)["']""")
LARGEST, LARGEST_SOURCES = 2**30, 4 * 2**20
ID = re.compile(r"(?!None$)[a-zA-Z0-9_-]{1,64}")
POINTS = 1
AT_RISK = """
Grading stops here, and nothing was run. The way on is a Linux with bubblewrap, in a virtual
machine if need be. What is left without it (INSTRUCTORS.md, Grading) is only for your own code."""
TAGS = frozenset(
    re.split(
        r"\s+",
        "a abbr b blockquote br caption code dd del details div dl dt em h1 h2 h3 h4 h5 h6 hr i li "
        "ol p pre small span strong sub summary sup table tbody td tfoot th thead tr u ul",
    )
)
STYLES = ("border-left", "color", "font-size", "font-weight", "max-width", "padding", "text-align")
ELSEWHERE = re.compile(r"<(style|script)\b.*?</\1\s*>", re.S | re.I)
POLICY = (
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:; '
    "style-src 'unsafe-inline'; font-src data:; form-action 'none'; base-uri 'none'\">"
)
HIDDEN = """# Graded from the answer above.
### BEGIN HIDDEN TESTS
from utils.exercises import reply
assert reply("{0}", answer).startswith("Right")
answer = ...
### END HIDDEN TESTS"""


def solution_mark(name: str) -> dict:
    """nbgrader's metadata of a cell that a student fills in."""
    return {
        "schema_version": 3,
        "grade_id": name,
        "grade": False,
        "locked": False,
        "solution": True,
        "task": False,
    }


def source(notebook: NotebookNode) -> NotebookNode:
    """A lesson with the marks and the cells nbgrader needs, made from the lesson alone."""
    copy = nbformat.from_dict(notebook)
    cells = []
    for cell in copy.cells:
        cells.append(cell)
        if lessons.is_exercise(cell):
            cell.metadata["nbgrader"] = solution_mark(cell.id)
        elif "check" in cell.metadata.get("tags", []):
            name = CHECK.findall(cell.source)[0]
            cells.append(sandbox.grading_cell(name, HIDDEN.format(name), POINTS))
    copy.cells = cells
    return copy


def aligned(submitted: NotebookNode, released: NotebookNode) -> NotebookNode:
    """A submission with exactly the released marks and grading cells, whatever was done to them.

    A grading cell goes after the last cell that checks its exercise, else after the exercise's
    own cell, else to the end. So copies without nbgrader's marks (`make lab`) are graded alike.
    """
    ours = {c.id for c in released.cells if sandbox.exercise_of(c)}
    cells = [c for c in submitted.cells if c.id not in ours]
    code = [c for c in cells if c.cell_type == "code"]
    for cell in cells:
        cell.metadata.pop("nbgrader", None)
    exercise = None
    for cell in released.cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            exercise = next((c for c in code if c.id == cell.id), None)
            if exercise:
                exercise.metadata["nbgrader"] = cell.metadata["nbgrader"]
        elif name := sandbox.exercise_of(cell):
            checks = [c for c in code if name in CHECK.findall(c.source)]
            after = checks[-1] if checks else exercise or (cells[-1] if cells else None)
            at = next((i + 1 for i, c in enumerate(cells) if c is after), len(cells))
            cells.insert(at, cell)
    return nbformat.from_dict(submitted | {"cells": cells})


def clean(html: str) -> str:
    """HTML that shows text and tables and can do nothing."""
    import bleach  # type: ignore[import-untyped]
    from bleach.css_sanitizer import CSSSanitizer  # type: ignore[import-untyped]

    return bleach.clean(
        ELSEWHERE.sub("", html),
        tags=TAGS,
        attributes={
            "*": ["class", "style"],
            "a": ["href"],
            "td": ["colspan", "rowspan"],
            "th": ["colspan", "rowspan", "scope"],
        },
        css_sanitizer=CSSSanitizer(allowed_css_properties=STYLES),
        strip=True,
    )


def prose(markdown: str) -> str:
    """A Markdown cell as HTML that can do nothing, whatever HTML was written in it."""
    from nbconvert.filters import markdown2html

    return clean(markdown2html(markdown))


def graded(
    notebook: NotebookNode,
    resources: dict,
    *,
    walled: bool = True,
    seconds: int = sandbox.SECONDS,
    gigabytes: float = sandbox.GIGABYTES,
) -> tuple:
    """Run an aligned submission in the sandbox and judge its answers here, outside.

    A preprocessor of nbgrader's: it reads the score of a grading cell off that cell's outputs.
    """
    result = sandbox.run(notebook, walled=walled, seconds=seconds, gigabytes=gigabytes)
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type != "code":
            continue
        cell.outputs = result.outputs[index] if index < len(result.outputs) else []
        for output in cell.outputs:
            if "text/html" in output.get("data", {}):
                output.data["text/html"] = clean(output.data["text/html"])
        name = sandbox.exercise_of(cell)
        if name:
            answer = result.answers.get(name)
            words = reply(name, ... if answer is None else answer)
            right = words.startswith("Right")
            if result.ended and not right:
                words += f" (The run of this notebook stopped: {result.ended}.)"
            lines = fill(words, 90, break_long_words=False)
            cell.outputs = [
                new_output("stream", text=lines)
                if right
                else new_output("error", ename="Not right", evalue=words, traceback=[lines])
            ]
    return notebook, resources


def coursedir(course: Path) -> tuple:
    """nbgrader's course folder, and its settings that make a release equal our student copy."""
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config import Config

    config = Config()
    config.CourseDirectory.root = str(course.resolve())
    config.ClearSolutions.code_stub = {"python": lessons.STUB.removeprefix(r"\1")}
    config.HTMLExporter.filters = {"markdown2html": prose, "clean_html": clean}
    return CourseDirectory(config=config), config


def convert(
    converter: type, course: Path, lesson: str, student: str = "*", **traits: Callable
) -> str:
    """Let one of nbgrader's converters work on a lesson anew; why it could not, if it could not."""
    directory, config = coursedir(course)
    directory.assignment_id = lesson
    directory.student_id = student
    made = converter(coursedir=directory, config=config, force=True)
    for name, change in traits.items():
        setattr(made, name, change(getattr(made, name)))
    try:
        made.start()
    except Exception as error:  # one submission must not end the grading of the others
        return f"{type(error).__name__}: {error}".splitlines()[0]
    return ""


def release(course: Path, paths: list[Path]) -> bool:
    """Write what students get to COURSE/release, and the exercises into the gradebook."""
    from nbgrader.converters import GenerateAssignment

    done = True
    for path in paths:
        notebook = source(lessons.read(path))
        if any((course / "submitted").glob(f"*/{path.stem}")):
            print(
                f"  kept {path.stem}: students have handed it in; a new release goes into a "
                "new course folder"
            )
        elif any(map(sandbox.exercise_of, notebook.cells)):
            folder = course / "source" / path.stem
            folder.mkdir(parents=True, exist_ok=True)
            for cell in notebook.cells:
                cell.source = lessons.without_guess(cell.source)
            lessons.write(folder / path.name, lessons.stored(notebook))
            print(f"  releasing {path.stem}", flush=True)
            if problem := convert(GenerateAssignment, course, path.stem):
                print(f"  {path.stem}: {problem}", file=sys.stderr)
                done = False
    return done


def read_submission(path: Path) -> NotebookNode:
    """The cells of a submitted notebook and nothing else; ValueError where there are none to read.

    Outputs, widgets and all metadata stay behind: only what the student wrote is run.
    """
    if path.is_symlink() or path.parent.is_symlink() or not path.is_file():
        raise ValueError("it is not a plain file")
    if path.stat().st_size > LARGEST:
        raise ValueError(f"it is larger than {LARGEST // 2**20} MB")
    if not path.stat().st_size:
        raise ValueError("it is empty (0 bytes)")
    notebook = lessons.parsed(path.read_bytes(), path.name)
    cells: list[NotebookNode] = []
    ids: set[str] = set()
    for number, cell in enumerate(notebook.cells):
        text = "".join(cell.source)
        new = new_code_cell(text) if cell.cell_type == "code" else new_markdown_cell(text)
        name = str(cell.get("id") or cell.metadata.get("id"))  # Colab: among the metadata
        new.id = name if ID.fullmatch(name) and name not in ids else f"cell-{number}"
        ids.add(new.id)
        cells.append(new)
    if sum(len(cell.source) for cell in cells) > LARGEST_SOURCES:
        raise ValueError(f"its cells hold more than {LARGEST_SOURCES // 2**20} MB of text")
    book = new_notebook(cells=cells, metadata={"kernelspec": lessons.KERNEL})
    nbformat.validate(book)
    return book


Found = dict[tuple[str, str], NotebookNode]
"""The submissions that can be graded, by lesson and student."""


def collect(course: Path, submissions: Path, listed: roster.Roster) -> Found:
    """Find and read what was handed in, and run none of it; the list learns what was left out."""
    released = {path.stem: path for path in (course / "release").glob("*/*.ipynb")}
    chosen: dict[tuple[str, str], list[tuple[Path, NotebookNode]]] = {}
    for handed in roster.handed_in(submissions, listed, released):
        if handed.problem:
            listed.leave_out(handed.student, handed.problem)
            continue
        try:
            book = read_submission(handed.path)
            same = chosen.setdefault((handed.lesson, handed.student), [])
            if not any(lessons.content(book) == lessons.content(other) for _, other in same):
                same.append((handed.path, book))
        except Exception as error:
            words = f"{error}".splitlines()[0] if f"{error}" else type(error).__name__
            listed.leave_out(handed.student, f"{handed.path.name}: {words}")
    found = {}
    for (lesson, student), books in sorted(chosen.items()):
        if len(books) > 1:
            names = ", ".join(str(path.relative_to(submissions)) for path, _ in books)
            listed.leave_out(student, f"{lesson}: handed in differently in {names}: keep one")
            continue
        found[lesson, student] = aligned(books[0][1], lessons.read(released[lesson]))
    return found


def unchanged(course: Path, lesson: str, student: str, book: NotebookNode) -> bool:
    """Whether just this was graded before, by what its cells say and not by its date."""
    places = [course / kind / student / lesson for kind in ("submitted", "autograded", "feedback")]
    before = places[0] / f"{lesson}.ipynb"
    done = (places[1] / f"{lesson}.ipynb").is_file() and (places[2] / f"{lesson}.html").is_file()
    return (
        done and before.is_file() and lessons.content(lessons.read(before)) == lessons.content(book)
    )


def seal(page: Path) -> None:
    """Take every script out of a page of feedback, and tell the browser to fetch nothing."""
    html = re.sub(r"<script\b.*?</script\s*>", "", page.read_text(encoding="utf-8"), flags=re.S)
    html = html.replace("<head>", f"<head>\n{POLICY}", 1)
    page.chmod(0o644)
    lessons.write(page, html.encode())


def grade_one(course: Path, lesson: str, student: str, book: NotebookNode, step: Callable) -> str:
    """Run and score one submission and write its feedback; why that failed, if it did."""
    from nbgrader.converters import Autograde, GenerateFeedback
    from nbgrader.preprocessors import Execute

    folder = course / "submitted" / student / lesson
    folder.mkdir(parents=True, exist_ok=True)
    lessons.write(folder / f"{lesson}.ipynb", lessons.stored(book))
    (folder / "timestamp.txt").write_text(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f} UTC")
    ours = lambda theirs: [step if one is Execute else one for one in theirs]  # noqa: E731
    problem = convert(Autograde, course, lesson, student, autograde_preprocessors=ours)
    problem = problem or convert(GenerateFeedback, course, lesson, student)
    if not problem:
        seal(course / "feedback" / student / lesson / f"{lesson}.html")
    return problem


def scores(course: Path) -> tuple[dict[tuple[str, str], float], dict[str, float]]:
    """Points by lesson and student, and the most there are by lesson."""
    from nbgrader.api import Gradebook

    with Gradebook(coursedir(course)[0].db_url) as book:
        most = {lesson.name: lesson.max_score for lesson in book.assignments}
        got = {
            (lesson, submission.student.id): submission.score
            for lesson in most
            for submission in book.assignment_submissions(lesson)
        }
    return got, most


def grade(
    course: Path,
    submissions: Path,
    students: Path | None = None,
    again: bool = False,
    **limits: object,
) -> bool:
    """Run and score what was handed in, write feedback and the grades; whether all was graded."""
    listed = roster.Roster.read(students or course / "students.csv", wanted=students is not None)
    found = collect(course, submissions, listed)
    step = partial(graded, **limits)  # type: ignore[arg-type]
    for (lesson, student), book in found.items():
        if not again and unchanged(course, lesson, student, book):
            print(f"  {lesson}  {student}: passed over, unchanged", flush=True)
        elif problem := grade_one(course, lesson, student, book, step):
            listed.leave_out(student, f"{lesson}: could not be graded ({problem})")
        else:
            print(f"  {lesson}  {student}: graded", flush=True)
    got, most = scores(course)
    for path in roster.write_grades(course, listed, got, most):
        print(f"  grades:   {path}")
    print(f"  feedback: {course / 'feedback'}")
    for student, reasons in listed.left_out.items():
        for reason in reasons:
            print(f"  LEFT OUT {student}: {reason}", file=sys.stderr)
    return not listed.left_out


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tools.grading",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    give = commands.add_parser("release")
    give.add_argument("course", type=Path)
    give.add_argument("lessons", nargs="*", type=Path, help="lessons to release; else all")
    mark_ = commands.add_parser("grade")
    mark_.add_argument("course", type=Path)
    mark_.add_argument("submissions", type=Path)
    mark_.add_argument("--students", type=Path, help="else COURSE/students.csv: id, name, email")
    mark_.add_argument("--again", action="store_true", help="grade also what is graded already")
    mark_.add_argument("--seconds", type=int, default=sandbox.SECONDS, help="for each notebook")
    mark_.add_argument(
        "--gigabytes", type=float, default=sandbox.GIGABYTES, help="of memory for each process"
    )
    mark_.add_argument(
        "--without-sandbox",
        action="store_true",
        help="run the submissions with all your rights: only code you trust",
    )
    chosen = parser.parse_args(arguments)
    try:
        import nbgrader  # noqa: F401
    except ImportError:
        return _stop("nbgrader is not installed here: make instructor")
    logging.basicConfig(level=logging.ERROR, format="  nbgrader: %(message)s")
    warnings.filterwarnings("ignore", module="nbgrader")
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    if chosen.command == "release":
        return int(not release(chosen.course, chosen.lessons or lessons.paths()))
    if not any((chosen.course / "release").glob("*/*.ipynb")):
        return _stop(f"nothing was released in {chosen.course}: say the release command first")
    if not chosen.submissions.is_dir() or not any(chosen.submissions.iterdir()):
        return _stop(
            f"no submission in {chosen.submissions}: one folder for each student, in it "
            "the notebooks"
        )
    walled = not chosen.without_sandbox
    problem = sandbox.problem(walled)
    if problem:
        return _stop(problem + (AT_RISK if walled else ""))
    try:
        done = grade(
            chosen.course,
            chosen.submissions,
            chosen.students,
            chosen.again,
            walled=walled,
            seconds=chosen.seconds,
            gigabytes=chosen.gigabytes,
        )
    except ValueError as error:
        return _stop(f"{error}")
    return int(not done)


def _stop(words: str) -> int:
    print(words, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
