"""The sentence that helps, for right, wrong and wrong kinds of answers."""

import numpy as np
import pandas as pd
import pytest

from utils import replies

SHARE = {"right": "A share.", "unit": "free at three years"}
WRONG = [(0.2, "That is recurrence alone.")]


@pytest.mark.parametrize(
    "given",
    [
        0.5571,
        0.557,
        0.56,
        np.float64(0.5571),
        pd.Series([0.5571]),
        pd.DataFrame({"survival": [0.5571]}),
        np.array([[0.5571]]),
        [0.5571],
    ],
)
def test_right_in_any_dress(given):
    assert replies.to(given, 0.5571, WRONG, SHARE).startswith("Right: 0.557 free at three years.")


@pytest.mark.parametrize(
    "given, named",
    [
        (0.2, "recurrence alone"),
        (55.71, "percentage"),
        (0.4429, "one minus"),
        (44.29, "other side"),
        (0.44, "one minus"),
        (1 / 0.5571, "other way round"),
        (np.log(0.5571), "logarithm"),
        (0.5571 * 12, "months and years"),
        (0.5571 / 365.25, "days and years"),
        (0.6, "rounded too far"),
        ("0.557", "quotation marks"),
        ("0,557", "comma"),
        ("55.7%", "without the sign"),
        ((0, 557), "comma"),
        (float("nan"), "NaN"),
        (float("inf"), "infinite"),
        (pd.Series([0.1, 0.2]), "2 values"),
        (pd.DataFrame({"rate": [0.1, 0.2]}), "'rate'"),
        (pd.Series(dtype=float), "no value"),
        (0, "not a mistake we foresaw"),
        (len, "function"),
        ([0.5, 0.6], "One number"),
        (True, "True or False"),
        (np.bool_(True), "True or False"),
        (object(), "object"),
        (..., "No answer yet"),
        (None, "None"),
        (replies.FORGOTTEN, "check("),
        ("about half", "text"),
        (123.4, "not a mistake we foresaw"),
    ],
)
def test_each_wrong_kind_of_number_gets_the_sentence_that_helps(given, named):
    words = replies.to(given, 0.5571, WRONG, SHARE)
    assert named in words and not words.startswith("Right")


def test_a_number_above_one_is_never_called_a_percentage():
    words = replies.to(313, 3.13, [], {"right": "Ratios multiply."})
    assert "hundred" in words and "percentage" not in words


@pytest.mark.parametrize("given", ["B", "b", " b ", "B.", "(b)", "b)"])
def test_a_letter_as_people_write_it(given):
    assert replies.to(given, "B", [("A", "no")], SHARE).startswith("Right: B")


@pytest.mark.parametrize(
    "given, named",
    [
        ("A", "a hint"),
        ("E", "not one of the choices"),
        ("the second", "quotation marks"),
        (2, "quotation marks"),
        (["A", "B"], "not several"),
    ],
)
def test_each_wrong_kind_of_letter(given, named):
    assert named in replies.to(given, "B", [("A", "a hint")], SHARE)


@pytest.mark.parametrize(
    "given, named",
    [
        ([1, 2, 3], "Right"),
        (np.array([1, 2, 3]), "Right"),
        (pd.Series([3, 2, 1]), "another order"),
        ((1, 2, 3), "Right"),
        ([3, 2, 1], "another order"),
        ([1, 2, 4], "2 of 3"),
        ([1, 2], "has 2"),
        (1, "square brackets"),
    ],
)
def test_lists(given, named):
    assert named in replies.to(given, [1, 2, 3], [], SHARE)


@pytest.mark.parametrize(
    "given, right, tolerance, round_up, expected",
    [
        (7, 6.77, 0.01, True, True),
        (6.8, 6.77, 0.01, True, True),
        (6, 6.77, 0.01, True, False),
        (7, 6.77, 0.01, False, False),
        (16, 15.6, 0.01, False, True),
        (0.30, 0.2967, 0.005, False, True),
        (440, 439, 0.001, False, False),
        (100, 97.4, 0.001, False, False),
        ("6.77", 6.77, 0.01, False, False),
    ],
)
def test_rightly_rounded_is_right(given, right, tolerance, round_up, expected):
    assert replies.is_right(given, right, tolerance, round_up) is expected
