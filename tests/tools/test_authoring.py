"""The instructor's kit: a new lesson, the answer key, settings, and what the guide says."""

import os
import re
import shutil
import subprocess
import sys
import tomllib

import pytest

from tools import authoring, lessons
from utils import claims
from utils.exercises import exercises

SECOND = {
    "00_start_here": {"READ_AT": 4, "HORIZON": 6},
    "01_residual_disease": {"HORIZON": 4, "MARGIN_HORIZON": 2},
    "02_dormancy": {"READ_AT": 8, "FURTHER": 3},
    "03_immunity": {"READ_AT": 4, "MARKER": "cd15_tumor", "MARKED_CELLS": "neutrophils"},
    "04_exercise_and_food": {"READ_AT": 24, "LANDMARK": 1},
    "05_second_breast": {"HORIZON": 15, "ER_CUTOFF": 20},
    "06_smoking_lung": {"REFERENCE_CLASS": "1-9", "LANDMARKS": [0.25, 1.5]},
    "07_liver": {"READ_AT": 36, "EARLY": 18, "SHARE_EXPOSED": 0.5},
    "08_sooner_or_later": {"READ_AT": 168, "BASELINES": [0.2, 0.4]},
    "09_luck_and_control": {"HORIZON": 48, "FEW_WOMEN": 150},
}
GUIDE = (lessons.ROOT / "INSTRUCTORS.md").read_text(encoding="utf-8")
CHAPTERS = {chapter[:2]: chapter for chapter in re.split(r"^### (?=\d\d )", GUIDE, flags=re.M)[1:]}
TEACHING = {path.stem[:2]: path.stem for path in lessons.paths() if path.stem != lessons.BOARD}


def notebook(stem):
    return lessons.read(lessons.LESSONS / f"{stem}.ipynb")


def outputs(book, kind):
    return [
        output["data"][kind]
        for cell in book.cells
        for output in cell.get("outputs", [])
        if kind in output.get("data", {})
    ]


@pytest.mark.parametrize("stem", SECOND)
def test_settings_stand_alone_after_the_imports(stem):
    code = [cell for cell in notebook(stem).cells if cell.cell_type == "code"]
    at = next(i for i, cell in enumerate(code) if cell.id == "imports")
    cell = code[at + 1]
    assert cell.metadata["tags"] == ["settings"]
    names = [re.fullmatch(r"([A-Z_]+) = [^#]+", line)[1] for line in cell.source.splitlines()]
    assert 1 <= len(names) <= 4 and set(names) == set(SECOND[stem])
    for name in names:
        used = [c.id for c in code[at + 2 :] if re.search(rf"\b{name}\b", c.source)]
        assert used and not [c.id for c in code if lessons.is_exercise(c) and c.id in used], name


@pytest.mark.parametrize("stem", SECOND)
def test_lesson_runs_with_other_settings(stem):
    """Every cell runs; figures and tables follow; exercises and verdicts stay as they were."""
    stored = notebook(stem)
    run = lessons.execute(authoring.with_settings(stored, SECOND[stem]))
    for kind in ("image/png", "text/html"):
        assert outputs(run, kind) != outputs(stored, kind), f"no {kind} changed"
    for before, after in zip(stored.cells, run.cells):
        if "check" in before.metadata.get("tags", []):
            assert after.outputs == before.outputs, after.id
    said = [
        [(v["claim"], v["part"], v["conclusion"], v["value"]) for v in claims.collect(book)]
        for book in (stored, run)
    ]
    assert said[0] == said[1]


def test_unknown_setting_is_refused():
    with pytest.raises(ValueError, match="no setting 'NOTHING'"):
        authoring.with_settings(notebook("00_start_here"), {"NOTHING": 1})


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of the project with the first lesson only, in which a new lesson is made."""
    folder = tmp_path_factory.mktemp("kit") / "a project"
    skip = shutil.ignore_patterns("__pycache__", "[0-9][0-9]_*", "work", ".*")
    for name in ("utils", "data", "tests", "notebooks"):
        shutil.copytree(lessons.ROOT / name, folder / name, ignore=skip)
    for path in (
        "README.md",
        "pyproject.toml",
        "requirements.lock",
        "notebooks/00_start_here.ipynb",
        "notebooks/00_start_here.exercises.toml",
    ):
        shutil.copy(lessons.ROOT / path, folder / path)
    made = run_in(
        folder, "-m", "tools.authoring", "new-lesson", "Nodes and recurrence", "--number", "42"
    )
    assert made.returncode == 0, made.stderr
    return folder


def run_in(folder, *arguments):
    environment = os.environ | {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, text=True, capture_output=True
    )


def test_new_lesson_is_listed_in_the_readme(project):
    before = (lessons.ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    after = (project / "README.md").read_text(encoding="utf-8").splitlines()
    added = [line for line in after if line not in before]
    made = "notebooks/42_nodes_and_recurrence.ipynb"
    teaching, tasks = lessons.minutes(lessons.read(project / made))
    assert len(after) == len(before) + 1 and len(added) == 1
    assert added[0].startswith(f"| [42 Nodes and recurrence]({made}) |")
    assert added[0].endswith(f" {teaching} + {tasks} |")


def test_new_lesson_passes_every_lesson_test(project):
    tested = run_in(
        project,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        "-o",
        "addopts=--nbval --nbval-current-env --import-mode=importlib",
        "tests/test_lessons.py",
        "tests/test_exercises.py",
        "notebooks/42_nodes_and_recurrence.ipynb",
        "-k",
        "42 or Cell or in_its_lesson",
    )
    assert tested.returncode == 0, tested.stdout
    assert int(re.search(r"(\d+) passed", tested.stdout)[1]) > 50, tested.stdout


def test_new_lesson_overwrites_nothing(project):
    files = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}
    again = run_in(project, "-m", "tools.authoring", "new-lesson", "Another", "--number", "42")
    assert again.returncode == 2 and "taken by 42_nodes_and_recurrence.ipynb" in again.stderr
    assert {path: path.read_bytes() for path in project.rglob("*") if path.is_file()} == files


@pytest.mark.parametrize(
    "name, number, stem", [("My lesson", None, "11_my_lesson"), ("Lésson: 2!", 57, "57_l_sson_2")]
)
def test_place(name, number, stem):
    assert authoring.place(name, number) == stem


@pytest.mark.parametrize(
    "name, number, message",
    [
        ("课", None, "no letter from a to z"),
        ("mine | yours", None, "goes into a table"),
        ("mine", 0, "taken by 00_start_here"),
        ("mine", 100, "two digits"),
    ],
)
def test_place_refuses(name, number, message):
    with pytest.raises(ValueError, match=message):
        authoring.place(name, number)


def test_template_carries_its_rules():
    book = lessons.read(authoring.TEMPLATE / "lesson.ipynb")
    heads = [cell for cell in book.cells if re.match(r"##? ", cell.source)]
    assert heads[0].source.startswith("# NN TITLE")
    assert not [cell.id for cell in heads if "*Rule: " not in cell.source]
    words = tomllib.loads(
        (authoring.TEMPLATE / "lesson.exercises.toml").read_text(encoding="utf-8")
    )
    assert [name for name, _ in authoring.blocks(book)] == list(words["exercise"])


def test_readme_without_a_table_is_refused():
    with pytest.raises(ValueError, match="no table of lessons"):
        authoring.with_row("# Nothing\n", "| row |")


def test_answer_key_holds_everything(tmp_path):
    assert authoring.main(["key", str(tmp_path / "a folder" / "key.md")]) == 0
    text = (tmp_path / "a folder" / "key.md").read_text(encoding="utf-8")
    for name, entry in exercises().items():
        assert f"(`{name}`, " in text
        for words in (entry["right"], *entry["hints"], *(w["hint"] for w in entry["wrong"])):
            assert words in text, name
    assert text.count("**Solution**") == len(exercises()) == text.count("Right: ")
    assert "### BEGIN SOLUTION" not in text


def test_settings_are_listed(capsys):
    assert authoring.main(["settings"]) == 0
    said = capsys.readouterr().out
    assert "01_residual_disease: HORIZON = 5; MARGIN_HORIZON = 3\n" in said


@pytest.mark.parametrize("number", sorted({stem[:2] for stem in SECOND} | set(CHAPTERS)))
def test_guide_is_true_of_the_lesson(number):
    """Minutes are the counted ones, and every cell that is named is there."""
    book = notebook(TEACHING[number])
    teaching, tasks = lessons.minutes(book)
    assert f"**Minutes.** {teaching} + {tasks}." in CHAPTERS[number], (teaching, tasks)
    named = set(re.findall(r"\(cells? (.*?)\)", CHAPTERS[number]))
    cells = {name for text in named for name in re.findall(r"`([\w-]+)`", text)}
    assert cells and cells <= {cell.id for cell in book.cells}, cells
    assert CHAPTERS[number].startswith(book.cells[0].source.splitlines()[0].removeprefix("# "))


@pytest.mark.parametrize("number", sorted(CHAPTERS))
def test_guide_has_every_part(number):
    chapter = CHAPTERS[number]
    for part in (
        "Objectives",
        "Prerequisites",
        "Minutes",
        "Misconceptions",
        "Discuss",
        "Before and after",
    ):
        assert f"**{part}.**" in chapter, part
    discuss = chapter.split("**Discuss.**")[1].split("**Before and after.**")
    assert len(re.findall(r"^\d\. ", discuss[0], re.M)) == 3
    assert len(re.findall(r"^- \*", discuss[1], re.M)) == 2


def test_guide_links_resolve():
    for target in re.findall(r"\]\(([^)\s#]+)\)", GUIDE):
        assert target.startswith("https://") or (lessons.ROOT / target).exists(), target
