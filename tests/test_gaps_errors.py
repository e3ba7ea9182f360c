"""Errors that utils raises and no other test saw."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from utils import (
    DATA,
    brier,
    claims,
    cox,
    datasets,
    exercises,
    kaplan_meier,
    mixture_cure,
    plots,
    survival,
)

GOOD = pd.DataFrame({"t": [1.0, 2, 3, 4], "e": [1, 0, 1, 1], "age": [50.0, 60, 55, 65],
                     "free": [0.9, 0.8, 0.7, 0.6]})


@pytest.mark.parametrize("use, message", [
    (lambda: kaplan_meier({"t": [1], "e": [1]}, "t", "e"), "must be a pandas DataFrame, not dict"),
    (lambda: cox(GOOD, "age", "t", "e", ties="exact"), "'efron' or 'breslow', not 'exact'"),
    (lambda: cox(GOOD.assign(age=np.nan), "age", "t", "e"), "every row has a missing value"),
    (lambda: brier(GOOD.assign(free=90), "t", "e", "free", 2), "column 'free'.*above 1"),
    (lambda: brier(GOOD, "t", "e", "free", 9), "column 't': nobody is followed to the horizon 9"),
    (lambda: mixture_cure(GOOD.assign(t=[0.0, 1, 2, 3]), "t", "e"), "column 't'.*Remedy"),
])
def test_refused_with_its_reason(use, message):
    with pytest.raises(ValueError, match=message):
        use()


@pytest.mark.parametrize("module", [plots, survival])
def test_an_unknown_name_lists_the_known_ones(module):
    with pytest.raises(AttributeError, match=f"{module.__name__} has no name 'curve'; it has .*c"):
        module.curve


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
    done = subprocess.run([sys.executable, "-c", "import utils"], cwd=tmp_path, text=True,
                          capture_output=True)
    assert "ImportError" in done.stderr and "make setup" in done.stderr


@pytest.mark.parametrize("content", [b"{", b"\xff", b"[["])
def test_an_unreadable_register_is_named_with_its_remedy(content, tmp_path, monkeypatch):
    monkeypatch.setattr(datasets, "DATA", tmp_path)
    for name, use in (("datapackage.json", datasets.names),
                      ("claims.toml", lambda: claims.register(tmp_path / "claims.toml"))):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match=f"data/{name} cannot be read .*git checkout -- data"):
            use()


@pytest.mark.parametrize("content", [None, b"[{", b"\xff"])
def test_a_board_without_its_verdicts_is_named_with_its_remedy(content, tmp_path):
    path = tmp_path / "verdicts.json"
    if content:
        path.write_bytes(content)
    with pytest.raises(ValueError, match="data/verdicts.json cannot be read .*git checkout"):
        claims.board(path)
