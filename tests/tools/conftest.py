"""A small course for the tests of the machinery: two lessons and a board, in a copy of the project.

The lessons of the real course can be rewritten without any of these tests noticing.
"""

import os
import shutil
import subprocess
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools import lessons

STUB = lessons.STUB.removeprefix(r"\1")
SOLVED = {"rows": "len(lung)", "letter": '"B"', "share": "(lung['event'] == 1).mean()"}
WORDS = """\
setup = '''
lung = load("lung_ncctg")
'''

[exercise.NN-rows]
answer = "len(lung)"
unit = "people"
right = "One row is one person."
hints = ["Count the rows.", "len() counts them."]
wrong = [
    {{ answer = "lung['event'].sum()", hint = "Those are the deaths." }},
    {{ answer = "0", hint = "There are some." }},
]

[exercise.NN-letter]
answer = "'B'"
right = "B it is."
hints = ["Not the first.", "Not the last."]
wrong = [
    {{ answer = "'A'", hint = "The first is wrong." }},
    {{ answer = "'C'", hint = "So is C." }},
]

[exercise.NN-share]
answer = "(lung['event'] == 1).mean()"
unit = "of the rows"
right = "A share of rows."
hints = ["Compare the column with 1.", "Take the mean of that."]
wrong = [
    {{ answer = "(lung['event'] == 0).mean()", hint = "That is the other side." }},
    {{ answer = "lung['event'].sum() * 1.0", hint = "That is a number of people." }},
]
"""


def lesson(number: str, title: str) -> nbformat.NotebookNode:
    """A lesson of ten cells: box, minutes, settings, figure, table, guess, three exercises, way."""
    cells = [
        new_markdown_cell(f"# {number} {title}", id="title"),
        new_markdown_cell("> Teaching material. https://example.org", id="box"),
        new_markdown_cell(
            "About 0 minutes of reading and running, 0 minutes of exercises.", id="aims"
        ),
        new_code_cell(
            "from utils import check, hint, load, plots, predict, survival_at", id="imports"
        ),
        new_code_cell("READ_AT = 12", id="settings", metadata={"tags": ["settings"]}),
        new_code_cell(f'predict("{number}-guess", 228)', id="predict"),
        new_code_cell(
            'lung = load("lung_ncctg")\nlung["months"] = lung["time"] / 30.4375\n'
            'ax = plots.kaplan_meier(lung, "months", "event", outcome="death", unit="months", '
            "read_at=READ_AT)",
            id="look",
            metadata={"tags": ["readme"]} if number == "00" else {},
        ),
        new_code_cell('survival_at(lung, "months", "event", at=READ_AT).round(2)', id="table"),
        new_markdown_cell("## Exercises", id="exercises"),
    ]
    for name, solution in SOLVED.items():
        cells += [
            new_markdown_cell(f"### Exercise: {name}", id=f"ex-{name}"),
            new_code_cell(
                f"answer = ...\n### BEGIN SOLUTION\nanswer = {solution}\n### END SOLUTION",
                id=f"ex-{name}-do",
                metadata={"tags": ["exercise"]},
            ),
            new_code_cell(
                f'check("{number}-{name}", answer)',
                id=f"ex-{name}-check",
                metadata={"tags": ["check"]},
            ),
        ]
    cells.append(new_markdown_cell("", id=lessons.WAY))
    return new_notebook(cells=cells, metadata={"kernelspec": lessons.KERNEL})


def board() -> nbformat.NotebookNode:
    """The board: how many verdicts there are."""
    code = (
        "import json\nfrom utils import DATA\n"
        'len(json.loads((DATA / "verdicts.json").read_text(encoding="utf-8")))'
    )
    cells = [
        new_markdown_cell("# 02 Verdicts", id="title"),
        new_markdown_cell("> Teaching material. https://example.org", id="box"),
        new_code_cell(code, id="board"),
        new_markdown_cell("", id=lessons.WAY),
    ]
    return new_notebook(cells=cells, metadata={"kernelspec": lessons.KERNEL})


ROWS = """\
# A small course

| lesson | claim | data | method |
|---|---|---|---|
| [00 First](notebooks/00_first.ipynb) | none | lung | a curve |
| [01 Second](notebooks/01_second.ipynb) | none | lung | a curve |
| [02 Verdicts](notebooks/02_verdicts.ipynb) | all | none | none |
"""


def make_course(folder):
    """Write the small course into a copy of the project."""
    junk = shutil.ignore_patterns("__pycache__", "build")
    for name in ("utils", "tools", "data"):
        shutil.copytree(lessons.ROOT / name, folder / name, ignore=junk)
    for name in (
        ".gitattributes",
        "Makefile",
        "CITATION.cff",
        "LICENSE",
        "jupyterlab.json",
        "pyproject.toml",
        "requirements.lock",
    ):
        shutil.copy(lessons.ROOT / name, folder / name)
    (folder / "data" / "verdicts.json").write_text("[]\n")
    (folder / "README.md").write_text(ROWS)
    books = folder / "notebooks"
    books.mkdir()
    shutil.copy(lessons.LESSONS / "glossary.md", books)
    shutil.copy(lessons.LESSONS / "conftest.py", books)
    for number, name in (("00", "first"), ("01", "second")):
        (books / f"{number}_{name}.ipynb").write_bytes(
            lessons.stored(lesson(number, name.capitalize()))
        )
        words = WORDS.replace("NN-", f"{number}-").format()
        (books / f"{number}_{name}.exercises.toml").write_text(words)
    (books / "02_verdicts.ipynb").write_bytes(lessons.stored(board()))
    return folder


def run_in(folder, *arguments, before=(), **options):
    """Run Python on a copy's own `utils` and `tools`."""
    variables = options.pop("env", os.environ) | {
        "PYTHONPATH": str(folder),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return subprocess.run(
        [*before, sys.executable, *map(str, arguments)],
        cwd=options.pop("cwd", folder),
        env=variables,
        text=True,
        encoding="utf-8",
        capture_output=True,
        **options,
    )


@pytest.fixture(scope="session")
def fresh_course(tmp_path_factory):
    """The small course, not run yet; only to be read."""
    return make_course(tmp_path_factory.mktemp("small") / "a course")


@pytest.fixture(scope="session")
def small_course(tmp_path_factory, fresh_course):
    """The small course with its outputs; only to be read."""
    folder = tmp_path_factory.mktemp("run") / "a course"
    shutil.copytree(fresh_course, folder)
    ran = run_in(folder, "-m", "tools.lessons", "run")
    assert ran.returncode == 0, ran.stderr
    return folder


@pytest.fixture
def own_course(tmp_path, fresh_course):
    """The small course, not run yet, for one test to change."""
    shutil.copytree(fresh_course, tmp_path / "a course")
    return tmp_path / "a course"


@pytest.fixture
def in_small_course(monkeypatch, fresh_course):
    """This process takes the small course for the project."""
    from utils import exercises

    monkeypatch.setattr(lessons, "LESSONS", fresh_course / "notebooks")
    monkeypatch.setattr(exercises, "LESSONS", fresh_course / "notebooks")
    exercises.exercises.cache_clear()
    exercises.value_of.cache_clear()
    yield fresh_course
    exercises.exercises.cache_clear()
    exercises.value_of.cache_clear()


@pytest.fixture(scope="session")
def sandboxed():
    """A working sandbox; with GRADING_CI=1 its absence is a failure, else a skip."""
    from tools import sandbox

    if problem := sandbox.problem():
        needed(f"no sandbox: {problem}")


@pytest.fixture(scope="session")
def with_nbgrader():
    """nbgrader, an extra for instructors; with GRADING_CI=1 its absence is a failure."""
    import importlib.util

    if importlib.util.find_spec("nbgrader") is None:
        needed("nbgrader is an extra for instructors: make instructor")


def needed(reason):
    if os.environ.get("GRADING_CI") == "1":
        pytest.fail(reason)
    pytest.skip(reason)
