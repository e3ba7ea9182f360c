"""Every solution and every foreseen wrong answer, through its own check."""

import re

import pytest

from tools import lessons
from utils.exercises import check, exercises, hint, reply, same, value_of

CASES = [(name, i) for name, e in exercises().items() for i in range(len(e["wrong"]))]


@pytest.mark.parametrize("name", exercises())
def test_exercise_is_written_whole(name):
    entry = exercises()[name]
    assert len(entry["wrong"]) >= 2 and len(entry["hints"]) >= 2 and entry["right"]
    hints = [wrong["hint"] for wrong in entry["wrong"]]
    assert len(set(hints)) == len(hints)
    assert re.match(r"\d\d-", name) and entry["file"].startswith(name[:3].replace("-", "_"))


@pytest.mark.parametrize("name", exercises())
def test_expected_answer_is_computed_and_right(name):
    expression = exercises()[name]["answer"]
    assert not re.fullmatch(r"[\d.eE+-]+", expression), "a typed number"
    assert reply(name, value_of(name, expression)).startswith("Right: ")


@pytest.mark.parametrize("name, i", CASES)
def test_foreseen_wrong_answer_gets_its_hint(name, i):
    wrong = exercises()[name]["wrong"][i]
    assert reply(name, value_of(name, wrong["answer"])) == f"Not yet: {wrong['hint']}"


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


@pytest.mark.parametrize("answer", [..., None, "text", [], [1, 2], float("nan"), {}, object()])
def test_check_never_raises(answer, capsys):
    for name in exercises():
        check(name, answer)
    assert "Right" not in capsys.readouterr().out


def test_unknown_exercise_is_said_not_raised(capsys):
    check("00-nothing", 1)
    hint("00-nothing")
    assert capsys.readouterr().out.count("no exercise '00-nothing'") == 2


def test_hints_climb(capsys):
    hint("00-three-years")
    hint("00-three-years", 99)
    first, last = capsys.readouterr().out.splitlines()
    assert first.startswith("Hint 1 of 2") and "hint('00-three-years', 2)" in first
    assert last.startswith("Hint 2 of 2")


@pytest.mark.parametrize(
    "given, expected, equal",
    [
        (1.004, 1, True),
        (1.02, 1, False),
        ("b ", "B", True),
        ("1", 1, False),
        ([1, 2], [1, 2], True),
        ([1], [1, 2], False),
        (True, "A", False),
    ],
)
def test_same(given, expected, equal):
    assert same(given, expected, 0.01) is equal
