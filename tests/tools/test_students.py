"""A student's work survives every update, and the zip stands on its own."""

import json
import os
import subprocess
import sys
import zipfile

import nbformat
import pytest

from tools import lessons, students

NAME = "00_start_here.ipynb"


def notebook(text):
    cells = [nbformat.v4.new_code_cell(text, id="a")]
    return lessons.stored(nbformat.v4.new_notebook(cells=cells))


@pytest.fixture
def course(monkeypatch):
    """A course of one lesson and a glossary, whose edition a test can change."""
    files = {NAME: notebook("answer = ..."), "glossary.md": b"# Glossary\n"}
    monkeypatch.setattr(students, "edition", lambda: dict(files))
    return files


def happened(folder):
    return {name: event for event, name in students.update(folder)}


def test_first_time_everything_is_new(tmp_path, course):
    assert happened(tmp_path / "my work") == {NAME: "new", "glossary.md": "new"}
    assert (tmp_path / "my work" / NAME).read_bytes() == course[NAME]
    assert happened(tmp_path / "my work") == {}


def test_untouched_lessons_refresh(tmp_path, course):
    students.update(tmp_path)
    course[NAME] = notebook("answer = ...  # better")
    assert happened(tmp_path) == {NAME: "refreshed"}
    assert (tmp_path / NAME).read_bytes() == course[NAME]


def test_a_lesson_that_was_only_run_refreshes(tmp_path, course):
    students.update(tmp_path)
    run = json.loads(course[NAME])
    run["cells"][0]["execution_count"] = 7
    run["metadata"]["toc"] = True
    (tmp_path / NAME).write_text(json.dumps(run))
    course[NAME] = notebook("answer = ...  # better")
    assert happened(tmp_path) == {NAME: "refreshed"}


def test_work_stays_and_the_new_version_is_put_beside_it(tmp_path, course):
    students.update(tmp_path)
    mine = notebook("answer = 2.17")
    (tmp_path / NAME).write_bytes(mine)
    assert happened(tmp_path) == {NAME: "kept"}
    course[NAME] = notebook("answer = ...  # better")
    assert happened(tmp_path) == {NAME: "kept", "00_start_here.new.ipynb": "beside"}
    assert (tmp_path / NAME).read_bytes() == mine
    assert (tmp_path / "00_start_here.new.ipynb").read_bytes() == course[NAME]
    assert happened(tmp_path) == {NAME: "kept"}


def test_work_in_the_new_version_stays_too(tmp_path, course):
    students.update(tmp_path)
    (tmp_path / NAME).write_bytes(notebook("answer = 1"))
    course[NAME] = notebook("second edition")
    students.update(tmp_path)
    (tmp_path / "00_start_here.new.ipynb").write_bytes(notebook("answer = 2"))
    course[NAME] = notebook("third edition")
    events = happened(tmp_path)
    assert events["00_start_here.new-2.ipynb"] == "beside"
    texts = [
        (tmp_path / f"00_start_here{n}.ipynb").read_text(encoding="utf-8")
        for n in ("", ".new", ".new-2")
    ]
    assert ["answer = 1" in texts[0], "answer = 2" in texts[1], "third" in texts[2]] == [True] * 3


def test_a_work_folder_without_its_record_loses_nothing(tmp_path, course):
    (tmp_path / NAME).write_text("notes of mine, not even a notebook")
    assert happened(tmp_path)["00_start_here.new.ipynb"] == "beside"
    assert (tmp_path / NAME).read_text(encoding="utf-8") == "notes of mine, not even a notebook"


@pytest.mark.parametrize("record", ["", '{"00_start', "null", "[1, 2]"])
def test_a_record_cut_short_loses_nothing_and_is_mended(tmp_path, course, record):
    students.update(tmp_path)
    (tmp_path / NAME).write_bytes(notebook("answer = 1"))
    (tmp_path / students.ISSUED).write_text(record)
    events = happened(tmp_path)
    assert (events[NAME], events["00_start_here.new.ipynb"]) == ("kept", "beside")
    assert (tmp_path / NAME).read_bytes() == notebook("answer = 1")
    assert happened(tmp_path) == {NAME: "kept"}


def test_where_nothing_can_be_written_it_says_so_in_words(tmp_path, course, capsys):
    (tmp_path / "file").write_text("in the way")
    for command in ("work", "zip"):
        assert students.main([command, str(tmp_path / "file" / "inside")]) == 1
        said = capsys.readouterr().err
        assert "This stopped half-way" in said and "run the same command again" in said


@pytest.mark.parametrize("broken", ["fdopen", "replace"])
def test_interrupted_half_way_leaves_the_old_file(tmp_path, course, monkeypatch, broken):
    students.update(tmp_path)
    before = (tmp_path / NAME).read_bytes()
    course[NAME] = notebook("new edition")

    def full(*arguments, **named):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, broken, full)
        with pytest.raises(OSError, match="No space"):
            students.update(tmp_path)
    assert (tmp_path / NAME).read_bytes() == before
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(f".{NAME}")]
    assert happened(tmp_path)[NAME] == "refreshed"


def test_killed_between_file_and_record_is_mended_by_the_next_update(tmp_path, course):
    students.update(tmp_path)
    course[NAME] = notebook("new edition")
    lessons.write(tmp_path / NAME, course[NAME])
    happened(tmp_path)
    assert (tmp_path / NAME).read_bytes() == course[NAME]
    course[NAME] = notebook("third edition")
    assert happened(tmp_path) == {NAME: "refreshed"}


def test_the_report_says_what_to_do(tmp_path, course):
    students.update(tmp_path)
    (tmp_path / NAME).write_bytes(notebook("answer = 1"))
    course[NAME] = notebook("new edition")
    text = students.report(students.update(tmp_path))
    assert f"yours, kept  {NAME}" in text and "stands beside it" in text
    assert "up to date" in students.report([])


def test_the_zip_stands_on_its_own(tmp_path):
    """Unpacked elsewhere, it lays out the lessons and loads data from its own folder."""
    first = students.make_zip(tmp_path / "a.zip").read_bytes()
    assert students.make_zip(tmp_path / "b.zip").read_bytes() == first
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        archive.extractall(tmp_path / "un packed")
    home = tmp_path / "un packed" / students.TOP
    lessons_text = "".join(p.read_text(encoding="utf-8") for p in home.glob("notebooks/*.ipynb"))
    assert "### BEGIN SOLUTION" not in lessons_text
    code = (
        "import utils; from utils import card, check, load; from tools.students import update; "
        "from pathlib import Path; print(utils.__file__); print(len(load('colon_adjuvant'))); "
        "check('00-headline', 'C'); print(len(update(Path('work'))))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=home,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(home)},
    )
    where, rows, answer, files = run.stdout.splitlines()
    assert str(home) in where and rows == "1858", run.stderr
    assert answer.startswith("Right: C") and int(files) == len(lessons.paths()) + 1
