"""The sentence that helps: what is said to a right, a wrong, and a wrong kind of answer."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence

import pandas as pd

FORGOTTEN = type("Forgotten", (), {"__repr__": lambda self: "no answer"})()
TOLERANCE = 0.01
ROUNDED = 3  # times the tolerance: how far a rightly rounded answer may be
UNITS = {
    12: "months and years",
    365.25: "days and years",
    365: "days and years",
    30.4375: "days and months",
    30: "days and months",
    52.18: "weeks and years",
    7: "days and weeks",
    10: "a factor of ten",
    1000: "a factor of a thousand",
}


def to(answer: object, right: object, wrong: Iterable[tuple[object, str]], exercise: dict) -> str:
    """The reply to an answer.

    Parameters
    ----------
    answer : object
        What the student gave.
    right : float, str or list
        What is right.
    wrong : iterable of (value, str)
        Foreseen wrong answers, each with the sentence that helps; asked for only if need be.
    exercise : dict
        `right` (why it is right), and where given `unit`, `tolerance` (relative) and `round_up`.

    Returns
    -------
    str
        Begins with 'Right' for a right answer only.
    """
    if answer is FORGOTTEN:
        return 'No answer was given to the check: check("...", answer).'
    if answer is ...:
        return "No answer yet."
    if answer is None:
        return "The answer is None: the line before gave nothing back."
    value = single(answer)
    if isinstance(right, (list, tuple)):
        if hasattr(value, "tolist"):  # an array or a column
            value = value.tolist()
    elif isinstance(value, (list, tuple)) and len(value) == 1:
        value = single(value[0])
    tolerance = exercise.get("tolerance", TOLERANCE)
    if is_right(value, right, tolerance, exercise.get("round_up", False)):
        unit = exercise.get("unit", "")
        return f"Right: {show(right)}{' ' + unit if unit else ''}. {exercise['right']}"
    for foreseen, words in wrong:
        if same(value, foreseen, tolerance):
            return f"Not yet: {words}"
    if isinstance(right, str):
        return _to_letter(value)
    if isinstance(right, (list, tuple)):
        return _to_list(value, right)
    return _to_number(value, float(right), exercise)  # type: ignore[arg-type]


def single(answer: object) -> object:
    """The value inside a table, a column or an array that holds just one; else the answer."""
    if isinstance(answer, (str, bytes, list, tuple, set, dict)):
        return answer
    try:
        if getattr(answer, "size", 0) == 1 and hasattr(answer, "to_numpy"):
            answer = answer.to_numpy().ravel()[0]
        if getattr(answer, "size", 0) == 1 and hasattr(answer, "item"):  # numpy's own kinds too
            return answer.item()
    except Exception:
        return answer
    return answer


def number(value: object) -> float | None:
    """A finite number, or None for all else (a truth value, text, NaN)."""
    if isinstance(value, (str, bool)) or type(value).__name__ in ("bool_", "bool"):
        return None
    try:
        found = float(value)  # type: ignore[arg-type]
    except Exception:
        return None
    return found if math.isfinite(found) else None


def letter(value: object) -> str:
    """A choice as people write it ('b', 'B.', '(b)') as one capital letter; else ''."""
    found = re.fullmatch(r"\W*([A-Za-z])\W*", value) if isinstance(value, str) else None
    return found[1].upper() if found else ""


def same(given: object, expected: object, tolerance: float = TOLERANCE) -> bool:
    """Whether an answer equals an expected one.

    Parameters
    ----------
    given, expected : object
        Numbers, letters or lists of them.
    tolerance : float
        Relative, for numbers.

    Returns
    -------
    bool
    """
    if isinstance(expected, str):
        return letter(given) == letter(expected) != "" or (
            isinstance(given, str) and given.strip().casefold() == expected.strip().casefold()
        )
    if isinstance(expected, (list, tuple)):
        if not isinstance(given, (list, tuple)) or len(given) != len(expected):
            return False
        return all(same(g, e, tolerance) for g, e in zip(given, expected, strict=True))
    found = number(given)
    return found is not None and math.isclose(found, float(expected), rel_tol=tolerance)  # type: ignore[arg-type]


def is_right(value: object, right: object, tolerance: float, round_up: bool = False) -> bool:
    """Whether an answer is right: within the tolerance, or rightly rounded and not too far.

    Parameters
    ----------
    value, right : object
        The answer, and what is right.
    tolerance : float
        Relative.
    round_up : bool
        True for a number of people needed: the next whole number is right as well.

    Returns
    -------
    bool
    """
    if same(value, right, tolerance):
        return True
    given = number(value)
    if given is None or isinstance(right, (str, list, tuple)):
        return False
    exact = float(right)  # type: ignore[arg-type]
    rounded = round(exact, decimals(given)) == given
    if rounded and math.isclose(given, exact, rel_tol=ROUNDED * tolerance):
        return True
    return round_up and given == math.ceil(exact)


def decimals(value: float) -> int:
    """Decimals with which a number was written."""
    text = f"{value!r}"
    return len(text.partition(".")[2]) if "e" not in text and not text.endswith(".0") else 0


def show(value: object) -> str:
    """A value for a sentence: three figures, letters as they are.

    Parameters
    ----------
    value : object
        A number, a letter or a list.

    Returns
    -------
    str
    """
    if isinstance(value, str):
        return value
    if isinstance(value, (list, tuple)):
        return ", ".join(show(item) for item in value)
    number = float(value)  # type: ignore[arg-type]
    return "not known" if math.isnan(number) else f"{number:.3g}"


def _to_letter(value: object) -> str:
    if letter(value):
        return "Not yet, and that letter is not one of the choices."
    if isinstance(value, str):
        return "One letter is asked for, in quotation marks: answer = 'A'."
    if isinstance(value, (list, tuple, set)):
        return "One letter is asked for, not several: choose the sentence that fits best."
    return "A letter is asked for, in quotation marks: answer = 'A'."


def _to_list(value: object, right: Sequence) -> str:
    if not isinstance(value, (list, tuple)):
        return f"Not yet: a list of {len(right)} is asked for, in square brackets."
    if len(value) != len(right):
        return f"Not yet: a list of {len(right)} is asked for, this one has {len(value)}."
    if sorted(map(str, value)) == sorted(map(str, right)):
        return "Not yet: these are the right ones in another order."
    wrong = sum(not same(g, e) for g, e in zip(value, right, strict=True))
    return f"Not yet: {len(right) - wrong} of {len(right)} are right."


def _to_number(value: object, right: float, exercise: dict) -> str:
    found = number(value)
    if found is None:
        return _not_a_number(value)
    asked = f" It is asked for as: {exercise['unit']}." if exercise.get("unit") else ""
    if exercise.get("round_up") and found == math.floor(right):
        return f"Not yet: {found:.0f} are not quite enough. Round up."
    if found and round(right, decimals(found)) == found:
        return "Nearly: rounded too far. Give one decimal more."
    for words, other in _relatives(right):
        rounded = round(other, decimals(found)) == found
        if math.isclose(found, other, rel_tol=ROUNDED * TOLERANCE if rounded else 0.006):
            return f"Not yet: {words}{asked}"
    return f"Not yet, and not a mistake we foresaw.{asked}"


def _relatives(right: float) -> list[tuple[str, float]]:
    """Numbers that are the right one seen from another side, each with what to say."""
    percent = "that is a percentage; write the share (0.25, not 25)."
    found = [
        (percent if abs(right) < 1 else "that is a hundred times the number.", 100 * right),
        ("that is the number divided by 100.", right / 100),
        ("the sign is turned round.", -right),
    ]
    if 0 < right < 1:
        found += [
            ("that is the other side: one minus it.", 1 - right),
            ("that is the other side, as a percentage.", 100 * (1 - right)),
        ]
    if right > 0:
        found += [
            ("that is the ratio the other way round.", 1 / right),
            ("that is its logarithm.", math.log(right)),
            ("that is its square.", right**2),
        ]
    for factor, names in UNITS.items():
        words = f"that differs by {names}." if "factor" in names else f"{names} are mixed up."
        found += [(words, right * factor), (words, right / factor)]
    return found


def _not_a_number(value: object) -> str:
    if isinstance(value, str):
        if "," in value and number_in(value.replace(",", ".")) is not None:
            return "Write a point, not a comma, and no quotation marks: answer = 0.5"
        if "%" in value and number_in(value.replace("%", "")) is not None:
            return (
                "Write the number without the sign and without quotation marks, as a share or "
                "as a percentage, whichever is asked for."
            )
        if number_in(value) is not None:
            return "Write the number without quotation marks."
        return "A number is asked for, not text."
    if isinstance(value, tuple) and len(value) == 2 and all(isinstance(v, int) for v in value):
        return "Write a point, not a comma: 0.5, not 0,5."
    if isinstance(value, float):
        kind = "NaN, not a number: a value was missing" if math.isnan(value) else "infinite"
        return f"The answer is {kind}. Look at the line that computed it."
    if callable(value):
        return "That is a function, not its result: add brackets and what it needs."
    if hasattr(value, "shape") and not getattr(value, "size", 0):
        return "That holds no value: no row was left by the filter before it."
    if isinstance(value, pd.DataFrame):
        rows = ", ".join([repr(name) for name in value.index[:3]] + ["..."] * (len(value) > 3))
        return (
            f"That is a table of {value.size} values; one is asked for. Take it out with its row "
            f"and its column, table.loc[row, column]. The rows are {rows}, the columns "
            f"{', '.join(map(repr, value.columns))}."
        )
    if hasattr(value, "shape"):
        return (
            f"That is a row or column of {getattr(value, 'size', 0)} values; one is asked for. "
            "Take it out by its place, from 0: values.iloc[0], or values[0] for an array."
        )
    if isinstance(value, (list, tuple, set, dict)):
        return f"One number is asked for, not {len(value)} values."
    if isinstance(value, bool) or type(value).__name__ == "bool_":
        return "A number is asked for, not True or False."
    return f"A number is asked for, not a {type(value).__name__}."


def number_in(text: str) -> float | None:
    """The number that a text spells, if it does."""
    try:
        return float(text.strip())
    except ValueError:
        return None
