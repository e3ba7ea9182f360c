"""Every exercise through its own check; guesses and progress in a student's folder."""

import json
import re

import numpy as np
import pandas as pd
import pytest

from tools import lessons
from utils import exercises as module
from utils import replies
from utils.exercises import (
    check,
    exercises,
    guess,
    hint,
    predict,
    progress,
    recall,
    reply,
    value_of,
)

NAMES = list(exercises())
CASES = [(name, i) for name, e in exercises().items() for i in range(len(e["wrong"]))]
KINDS = ["text", [], [1, 2], float("nan"), {}, object(), pd.Series([1.0, 2.0]), len, True, (0, 5)]


def right_of(name):
    return value_of(name, exercises()[name]["answer"])


@pytest.mark.parametrize("name", NAMES)
def test_exercise_is_written_whole(name):
    entry = exercises()[name]
    assert len(entry["wrong"]) >= 2 and len(entry["hints"]) >= 2 and entry["right"]
    hints = [wrong["hint"] for wrong in entry["wrong"]]
    assert len(set(hints)) == len(hints)
    assert re.match(r"\d\d-", name) and entry["file"].startswith(f"{name[:2]}_")


@pytest.mark.parametrize("name", NAMES)
def test_expected_answer_is_computed_and_right(name):
    assert not re.fullmatch(r"[\d.eE+-]+", exercises()[name]["answer"]), "a typed number"
    assert reply(name, right_of(name)).startswith("Right: ")


@pytest.mark.parametrize("name, i", CASES)
def test_foreseen_wrong_answer_gets_its_hint(name, i):
    wrong = exercises()[name]["wrong"][i]
    assert reply(name, value_of(name, wrong["answer"])) == f"Not yet: {wrong['hint']}"


@pytest.mark.parametrize("name", NAMES)
def test_wrong_kinds_of_answer_get_a_sentence_of_their_own(name):
    for answer in KINDS:
        words = reply(name, answer)
        assert not words.startswith("Right") and "not a mistake we foresaw" not in words


@pytest.mark.parametrize("name", [n for n in NAMES if replies.number(right_of(n)) is not None])
def test_a_number_from_another_side_is_recognised(name):
    right = float(right_of(name))
    others = [100 * right, 12 * right, right / 365.25] + [1 - right] * (0 < right < 1)
    for other in others:
        words = reply(name, other)
        assert not words.startswith("Right") and "not a mistake we foresaw" not in words


@pytest.mark.parametrize("name", [n for n in NAMES if isinstance(right_of(n), str)])
def test_a_letter_as_people_write_it_is_right(name):
    for written in (f"{right_of(name).lower()}.", f" ({right_of(name)}) "):
        assert reply(name, written).startswith("Right")


def test_letters_are_balanced():
    letters = pd.Series([right_of(n) for n in NAMES if isinstance(right_of(n), str)])
    counts = letters.value_counts()
    assert {"A", "B", "C"} <= set(counts.index)
    assert counts.max() <= 0.45 * counts.sum()


def test_every_exercise_stands_in_its_lesson_and_back():
    used = set()
    for path in lessons.paths():
        cells = lessons.read(path).cells
        for here, after in zip(cells, cells[1:]):
            if lessons.is_exercise(here):
                found = re.fullmatch(r'check\("([\w-]+)", answer\)', after.source)
                assert found, f"{path.name}: {here.id} is not followed by its check"
                used.add(found[1])
    assert used == set(exercises())


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A student's work folder, and a session that remembers nothing."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(module, "_memory", {"answers": {}, "guesses": {}})
    (tmp_path / module.ISSUED).write_text("{}")
    return tmp_path


def test_what_is_done_is_kept_in_the_students_folder(folder, capsys, monkeypatch):
    first, second = NAMES[:2]
    check(first, right_of(first))
    check(second, object())
    check(first, object())
    monkeypatch.setattr(module, "_memory", {"answers": {}, "guesses": {}})
    row = progress().set_index("lesson").loc[exercises()[first]["file"].split(".")[0]]
    assert (row["right"], row["tried"]) == (1, 1)
    assert "1 of" in capsys.readouterr().out


def test_in_a_browser_every_folder_is_a_work_folder(folder, monkeypatch):
    (folder / module.ISSUED).unlink()
    monkeypatch.setenv(module.WORK, "1")
    predict("00-x", 3)
    monkeypatch.setattr(module, "_memory", {"answers": {}, "guesses": {}})
    assert module.guess("00-x") == 3


def test_outside_a_work_folder_nothing_is_written(folder, capsys):
    (folder / module.ISSUED).unlink()
    check(NAMES[0], right_of(NAMES[0]))
    predict("00-x", 3)
    assert not list(folder.iterdir())


@pytest.mark.parametrize("damage", ["", "[]", '{"answers": 3}', "\x00"])
def test_a_damaged_record_is_no_obstacle(folder, damage, capsys):
    (folder / module.PROGRESS).write_text(damage)
    check(NAMES[0], right_of(NAMES[0]))
    assert "✔" in capsys.readouterr().out
    assert json.loads((folder / module.PROGRESS).read_text())["answers"][NAMES[0]] == "right"


def test_a_guess_is_met_again(folder, capsys):
    recall("00-half", 0.5)
    predict("00-half", ...)
    predict("00-half", [1, 2])
    predict("00-half", 0.3)
    recall("00-half", "56% (52% to 60%)")
    said = capsys.readouterr().out
    assert "no guess" in said and "Your guess: 0.3. The data: 56%" in said
    assert guess("00-half") == 0.3 and guess("00-other") is None


@pytest.mark.parametrize("value", [np.int64(5), pd.Series([5]), pd.DataFrame({"a": [5]})])
def test_a_guess_may_be_any_kind_of_number(value, folder, capsys):
    predict("00-half", value)
    assert guess("00-half") == 5


@pytest.mark.parametrize("value", ["", float("nan")])
def test_nothing_is_no_guess(value, folder, capsys):
    predict("00-none", value)
    assert guess("00-none") is None and "No guess yet" in capsys.readouterr().out


@pytest.mark.parametrize(
    "found, words",
    [
        (pd.Series({"sir": 1.5, "lower": 1.2, "upper": 1.9}), "sir 1.50 (1.20 to 1.90)"),
        (float("nan"), "not known"),
        (None, "without an estimate"),
        (pd.DataFrame(), "without an estimate"),
        (len, "without an estimate"),
    ],
)
def test_meeting_a_guess_again_never_fails(found, words, folder, capsys):
    predict(["no", "name"], 0.3)
    recall(["no", "name"], found)
    assert "Your guess: 0.3. The data: " in (out := capsys.readouterr().out) and words in out


@pytest.mark.parametrize(
    "call",
    [lambda: hint(NAMES[0], "x"), check, hint, lambda: check("00-nothing", 1), lambda: check(3)],
)
def test_a_call_that_cannot_be_answered_says_so(call, capsys):
    call()
    assert len(capsys.readouterr().out) > 20


def test_a_forgotten_answer_is_told_how(capsys):
    check(NAMES[0])
    assert "check(" in capsys.readouterr().out


def test_the_nearest_exercise_is_named(capsys):
    check(f"{NAMES[0]}s", 1)
    assert NAMES[0] in capsys.readouterr().out


def test_hints_climb(capsys):
    hint(NAMES[0])
    hint(NAMES[0], 99)
    count = len(exercises()[NAMES[0]]["hints"])
    said = capsys.readouterr().out
    assert f"Hint 1 of {count}" in said and f"Hint {count} of {count}" in said


def test_an_exercise_defined_twice_is_named(tmp_path, monkeypatch):
    for name in ("00_a", "01_b"):
        (tmp_path / f"{name}.exercises.toml").write_text("[exercise.00-same]\nanswer = '1'\n")
    monkeypatch.setattr(module, "LESSONS", tmp_path)
    exercises.cache_clear()
    try:
        with pytest.raises(ValueError, match="01_b.exercises.toml.*00-same"):
            exercises()
    finally:
        exercises.cache_clear()


def test_a_file_that_cannot_be_read_is_named(tmp_path, monkeypatch):
    (tmp_path / "00_a.exercises.toml").write_text("[exercise")
    monkeypatch.setattr(module, "LESSONS", tmp_path)
    exercises.cache_clear()
    try:
        with pytest.raises(ValueError, match="00_a.exercises.toml"):
            exercises()
    finally:
        exercises.cache_clear()
