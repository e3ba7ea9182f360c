"""Release the lessons' exercises, and grade what comes back, with nbgrader.

    python -m tools.grading release COURSE               what students get, and the gradebook
    python -m tools.grading grade COURSE SUBMISSIONS     scores, feedback and grades.csv

COURSE is a folder of nbgrader's. SUBMISSIONS holds one folder for each student, and in it the
notebooks under their own names. nbgrader is an extra for instructors: `make instructor`.
"""

from __future__ import annotations

import argparse
import logging
import os
import re
import sys
import warnings
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from textwrap import fill

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbformat.validator import normalize

from tools import lessons, sandbox
from utils.exercises import reply

CHECK = re.compile(r'^check\(\s*["\']([\w-]+)["\']', re.M)
UNCHECKED = re.compile(r"^This answer could not be checked: no exercise.*\n?", re.M)
LARGEST = 50 * 2**20
POINTS = 1
AT_RISK = """
A submission is a stranger's code: without a sandbox it can read and change all that you can.
To run it all the same: --without-sandbox"""
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
            name = CHECK.search(cell.source)[1]
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
            after = checks[-1] if checks else exercise or cells[-1]
            cells.insert(cells.index(after) + 1, cell)
    return nbformat.from_dict(submitted | {"cells": cells})


def graded(notebook: NotebookNode, resources: dict, **limits: object) -> tuple:
    """Run an aligned submission in the sandbox and judge its answers here, outside.

    A preprocessor of nbgrader's: it reads the score of a grading cell off that cell's outputs.
    """
    result = sandbox.run(notebook, **limits)
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type != "code":
            continue
        cell.outputs = result.outputs[index] if index < len(result.outputs) else []
        for output in cell.outputs:
            if "text" in output:
                output.text = UNCHECKED.sub("", output.text)
        cell.outputs = [output for output in cell.outputs if output.get("text", "something")]
        name = sandbox.exercise_of(cell)
        if name:
            words = reply(name, result.answers.get(name))
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
    config.HTMLExporter.sanitize_html = True
    return CourseDirectory(config=config), config


def convert(converter: type, course: Path, lesson: str, again: bool = False, **traits) -> bool:
    """Let one of nbgrader's converters work on one lesson; whether all went well."""
    from nbgrader.converters.base import NbGraderException

    directory, config = coursedir(course)
    directory.assignment_id = lesson
    made = converter(coursedir=directory, config=config, force=again)
    for name, change in traits.items():
        setattr(made, name, change(getattr(made, name)))
    try:
        made.start()
    except NbGraderException as error:
        print(f"  {lesson}: {error}", file=sys.stderr)
        return False
    return True


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
            lessons.write(folder / path.name, lessons.stored(notebook))
            print(f"  releasing {path.stem}", flush=True)
            done &= convert(GenerateAssignment, course, path.stem, again=True)
    return done


def read_submission(path: Path) -> NotebookNode:
    """A submitted notebook; ValueError where it is not one, or not a plain file."""
    if not re.fullmatch(r"[\w.@-]+", path.parent.name):
        raise ValueError("name the student's folder with letters, digits and . _ - @ only")
    if path.is_symlink() or path.parent.is_symlink() or not path.is_file():
        raise ValueError("it is not a plain file")
    if path.stat().st_size > LARGEST:
        raise ValueError(f"it is larger than {LARGEST // 2**20} MB")
    notebook = nbformat.read(path, as_version=4)
    notebook.nbformat_minor = 5
    _, notebook = normalize(notebook)
    nbformat.validate(notebook)
    return notebook


def collect(course: Path, submissions: Path) -> dict[str, list[str]]:
    """Bring the submissions into nbgrader's shape, read and not run: the students by lesson."""
    released = {path.name: path for path in (course / "release").glob("*/*.ipynb")}
    found: dict[str, list[str]] = {}
    for path in sorted(submissions.glob("*/*.ipynb")):
        student, lesson = path.parent.name, path.stem
        try:
            if path.name not in released:
                raise ValueError("no released lesson has this name")
            notebook = aligned(read_submission(path), lessons.read(released[path.name]))
        except Exception as error:
            print(f"  LEFT OUT {student}/{path.name}: {error}", file=sys.stderr)
            continue
        folder = course / "submitted" / student / lesson
        folder.mkdir(parents=True, exist_ok=True)
        lessons.write(folder / path.name, lessons.stored(notebook))
        when = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        (folder / "timestamp.txt").write_text(f"{when:%Y-%m-%d %H:%M:%S.%f} UTC")
        found.setdefault(lesson, []).append(student)
    return dict(sorted(found.items()))


def grade(course: Path, submissions: Path, again: bool = False, **limits: object) -> bool:
    """Run and score what was handed in, write feedback, and export the grades."""
    from nbgrader.api import Gradebook
    from nbgrader.converters import Autograde, GenerateFeedback
    from nbgrader.plugins.export import CsvExportPlugin
    from nbgrader.preprocessors import Execute

    def ours(theirs: list) -> list:
        return [partial(graded, **limits) if step is Execute else step for step in theirs]

    done = True
    for lesson, students in collect(course, submissions).items():
        print(f"  grading {lesson}: {', '.join(students)}", flush=True)
        done &= convert(Autograde, course, lesson, again, autograde_preprocessors=ours)
        done &= convert(GenerateFeedback, course, lesson, again)
    export = CsvExportPlugin(to=str(course / "grades.csv"))
    with Gradebook(coursedir(course)[0].db_url) as book:
        export.export(book)
    print(f"  feedback: {course / 'feedback'}\n  grades:   {export.to}")
    return done


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
    if not any(chosen.submissions.glob("*/*.ipynb")):
        return _stop(
            f"no submission in {chosen.submissions}: one folder for each student, in it "
            "the notebooks"
        )
    walled = not chosen.without_sandbox
    problem = sandbox.problem(walled)
    if problem:
        return _stop(problem + (AT_RISK if walled else ""))
    return int(
        not grade(
            chosen.course,
            chosen.submissions,
            chosen.again,
            walled=walled,
            seconds=chosen.seconds,
            gigabytes=chosen.gigabytes,
        )
    )


def _stop(words: str) -> int:
    print(words, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
