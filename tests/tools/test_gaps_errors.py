"""Errors that utils raises and no other test saw."""

import os
import shutil
import subprocess
import sys

import pandas as pd
import pytest

from tools import authoring, grading, lessons, sandbox
from utils import (
    DATA,
    claims,
    exercises,
    plots,
)

GOOD = pd.DataFrame(
    {
        "t": [1.0, 2, 3, 4],
        "e": [1, 0, 1, 1],
        "age": [50.0, 60, 55, 65],
        "free": [0.9, 0.8, 0.7, 0.6],
    }
)


def test_an_exercise_defined_twice_is_named(tmp_path, monkeypatch):
    for name in ("00_a", "01_b"):
        (tmp_path / f"{name}.exercises.toml").write_text("[exercise.00-same]\nanswer = '1'\n")
    monkeypatch.setattr(exercises, "LESSONS", tmp_path)
    exercises.exercises.cache_clear()
    try:
        with pytest.raises(ValueError, match="01_b.exercises.toml: exercise '00-same' is defined"):
            exercises.exercises()
    finally:
        exercises.exercises.cache_clear()


def test_utils_without_its_data_says_where_they_should_be(tmp_path):
    (tmp_path / "utils").mkdir()
    source = (DATA.parent / "utils" / "__init__.py").read_text(encoding="utf-8")
    (tmp_path / "utils" / "__init__.py").write_text(source, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", "import utils"], cwd=tmp_path, text=True, capture_output=True
    )
    assert "ImportError" in done.stderr and "make setup" in done.stderr


@pytest.mark.parametrize("content", [b"{", b"\xff", b"[["])
def test_an_unreadable_register_is_named_with_its_remedy(content, tmp_path):
    path = tmp_path / "claims.toml"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="data/claims.toml cannot be read .*git checkout -- data"):
        claims.register(path)


@pytest.mark.parametrize("content", [None, b"[{", b"\xff"])
def test_a_board_without_its_verdicts_is_named_with_its_remedy(content, tmp_path):
    path = tmp_path / "verdicts.json"
    if content:
        path.write_bytes(content)
    with pytest.raises(ValueError, match="data/verdicts.json cannot be read .*git checkout"):
        claims.board(path)


def test_a_lesson_that_does_not_run_leaves_nothing_behind(tmp_path, monkeypatch):
    def dies(notebook):
        raise RuntimeError("the kernel died")

    shutil.copy(lessons.paths()[0], tmp_path)
    before = sorted(tmp_path.iterdir())
    monkeypatch.setattr(lessons, "LESSONS", tmp_path)
    monkeypatch.setattr(lessons, "execute", dies)
    with pytest.raises(RuntimeError, match="the kernel died"):
        authoring.new_lesson("Another", 50)
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    "student, content, message",
    [
        ("ada & co", b"{}", "name the student's folder with letters"),
        ("ada", None, "it is not a plain file"),
        ("ada", b" " * 2**20, "it is larger than 0 MB"),
        ("ada", b"{", "JSON"),
    ],
)
def test_a_submission_that_cannot_be_taken_says_why(
    student, content, message, tmp_path, monkeypatch
):
    monkeypatch.setattr(grading, "LARGEST", 1000)
    path = tmp_path / student / "00_start_here.ipynb"
    path.parent.mkdir()
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    with pytest.raises(Exception, match=message):
        grading.read_submission(path)


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_a_submission_that_is_a_link_is_not_followed(tmp_path):
    (tmp_path / "ada").mkdir()
    path = tmp_path / "ada" / "00_start_here.ipynb"
    path.symlink_to(lessons.paths()[0])
    with pytest.raises(ValueError, match="it is not a plain file"):
        grading.read_submission(path)


def test_a_lesson_that_was_not_released_is_left_out_by_name(tmp_path, capsys):
    (tmp_path / "in" / "ada").mkdir(parents=True)
    shutil.copy(lessons.paths()[0], tmp_path / "in" / "ada" / "other.ipynb")
    assert grading.collect(tmp_path / "course", tmp_path / "in") == {}
    said = capsys.readouterr().err
    assert "LEFT OUT ada/other.ipynb: no released lesson has this name" in said


def test_a_lesson_that_was_handed_in_is_not_released_again(tmp_path, capsys):
    pytest.importorskip("nbgrader")
    path = lessons.paths()[0]
    (tmp_path / "submitted" / "ada" / path.stem).mkdir(parents=True)
    assert grading.release(tmp_path, [path])
    assert f"kept {path.stem}: students have handed it in" in capsys.readouterr().out
    assert not (tmp_path / "source").exists()


def test_grading_without_nbgrader_says_what_to_install(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "nbgrader", None)
    assert grading.main(["release", str(tmp_path)]) == 2
    assert "make instructor" in capsys.readouterr().err


def test_why_submissions_cannot_be_run_is_said(monkeypatch):
    monkeypatch.setattr(sandbox.shutil, "which", lambda name: None)
    assert "sudo apt install bubblewrap" in sandbox.problem()
    monkeypatch.setattr(sandbox.shutil, "which", lambda name: name)
    monkeypatch.setattr(
        sandbox, "wall", lambda: [sys.executable, "-c", "import sys; sys.exit('no namespaces')"]
    )
    assert sandbox.problem() == "bubblewrap does not work here: no namespaces"
    monkeypatch.setattr(sandbox, "run", lambda notebook, walled: sandbox.Run())
    assert sandbox.problem(walled=False) == (
        "a notebook of our own could not be run here (it gave no answer)"
    )


def test_a_run_that_does_not_end_is_stopped_from_outside(monkeypatch):
    monkeypatch.setattr(sandbox, "GRACE", -9.5)
    run = sandbox.run(lessons.read(lessons.paths()[0]), walled=False, seconds=10)
    assert run.answers == {} and "had to be stopped from outside" in run.ended


@pytest.mark.parametrize(
    "draw",
    [
        lambda: plots.evidence_map(GOOD, "t", "e", "studies", what="studies"),
        lambda: plots.rates(GOOD, "period", outcome="death", per="100 years"),
        lambda: plots.forest(GOOD, "study", "hr", measure="hazard ratio"),
        lambda: plots.calibration(GOOD, "risk", "seen", outcome="death"),
        lambda: plots.kaplan_meier(GOOD, "years", "e", outcome="death", unit="years", read_at=1),
        lambda: plots.cumulative_incidence(
            GOOD, "years", "e", causes={1: "death"}, unit="years", read_at=1
        ),
        lambda: plots.mean_cumulative_count(
            GOOD, "person", "t", "t", "e", outcome="death", unit="years", read_at=1
        ),
    ],
)
def test_a_picture_of_a_column_that_is_not_there_names_it(draw):
    with pytest.raises(ValueError, match="no column '.*the columns are"):
        draw()
