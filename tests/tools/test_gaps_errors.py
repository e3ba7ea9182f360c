"""Errors that utils raises and no other test saw."""

import subprocess
import sys

import pandas as pd
import pytest

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
