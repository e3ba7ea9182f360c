"""The command that makes R's values again: it sees a number that differs, in every form."""

import json

import pytest

from tests.r import regenerate

MATRIX = {"dim": [2, 2], "dimnames": None, "values_colmajor": [1, 2, 3, 4]}


@pytest.mark.parametrize(
    "stored, fresh, expected",
    [
        ([1, 2.5], [1, 2.5 + 1e-12], True),
        ([1, 2.5], [1, 2.51], False),
        ([1, 2], [1, 2, 3], False),
        (MATRIX, [[1, 3], [2, 4]], True),
        (MATRIX, [[1, 2], [3, 4]], False),
        ({"names": ["a"], "values": [1]}, 1, True),
        ({"x": ["a", 1], "y": None}, {"x": ["a", 1], "y": ["NA"]}, True),
        ({"x": ["a", 1]}, {"x": ["b", 1]}, False),
        ("Inf", "Inf", True),
        ("Inf", "-Inf", False),
    ],
)
def test_the_same_numbers_in_any_form(stored, fresh, expected):
    assert regenerate.same(stored, fresh, 1e-8) is expected


def test_an_unknown_store_is_named(capsys):
    assert regenerate.main(["lungs"]) == 2
    assert "lungs" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.skipif(bool(regenerate.missing()), reason="R is not here")
def test_a_changed_value_is_seen_and_written_back(tmp_path, capsys):
    path = tmp_path / "rates.json"
    stored = json.loads((regenerate.HERE / "values" / path.name).read_text(encoding="utf-8"))
    right = stored["results"]["sir_p"]["value"]
    stored["results"]["sir_p"]["value"] = [*right[:2], right[2] + 0.001]
    path.write_text(json.dumps(stored), encoding="utf-8")
    assert regenerate.values(path, write=False) == ["rates.json: sir_p"]
    assert regenerate.values(path, write=True) == []
    again = json.loads(path.read_text(encoding="utf-8"))["results"]["sir_p"]["value"]
    assert regenerate.same(again, right, 1e-12)
