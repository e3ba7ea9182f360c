"""Checks that answer a student's answer.

Each lesson has a file beside it, `<lesson>.exercises.toml`, in which an instructor edits words.
`answer` and the foreseen wrong answers are expressions, computed from the data when a check
runs, so no number is typed. A check prints and never raises.
"""

from __future__ import annotations

import math
import tomllib
from functools import cache
from pathlib import Path

LESSONS = Path(__file__).resolve().parents[1] / "notebooks"


@cache
def exercises() -> dict[str, dict]:
    """All exercises by id; ids are unique across lessons."""
    found: dict[str, dict] = {}
    for path in sorted(LESSONS.glob("*.exercises.toml")):
        with open(path, "rb") as file:
            content = tomllib.load(file)
        for name, exercise in content["exercise"].items():
            if name in found:
                raise ValueError(f"{path.name}: exercise {name!r} is defined twice")
            found[name] = exercise | {"file": path.name, "setup": content.get("setup", "")}
    return found


def _find(name: str) -> dict:
    if name not in exercises():
        raise ValueError(f"no exercise {name!r}; there are {', '.join(sorted(exercises()))}")
    return exercises()[name]


@cache
def _namespace(setup: str) -> dict:
    import numpy as np
    import pandas as pd

    import utils

    space = {"np": np, "pd": pd, "simulate": utils.simulate}
    space |= {name: getattr(utils, name) for name in utils.__all__}
    exec(setup, space)
    return space


def value_of(name: str, expression: str) -> object:
    """Compute an expression of an exercise from the data."""
    exercise = _find(name)
    return eval(expression, _namespace(exercise["setup"]))


def _as_number(value: object) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def same(given: object, expected: object, tolerance: float) -> bool:
    """Whether an answer equals an expected one, within a relative tolerance for numbers."""
    if isinstance(expected, str):
        return isinstance(given, str) and given.strip().casefold() == expected.strip().casefold()
    if isinstance(expected, (list, tuple)):
        return (
            isinstance(given, (list, tuple))
            and len(given) == len(expected)
            and all(same(g, e, tolerance) for g, e in zip(given, expected))
        )
    number = None if isinstance(given, str) else _as_number(given)
    return number is not None and math.isclose(number, float(expected), rel_tol=tolerance)


def show(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, (list, tuple)):
        return ", ".join(show(item) for item in value)
    return f"{float(value):.3g}"


def reply(name: str, answer: object) -> str:
    """What `check` prints."""
    exercise = _find(name)
    tolerance = exercise.get("tolerance", 0.01)
    if answer is ... or answer is None:
        return f"No answer yet. Stuck? hint({name!r})"
    expected = value_of(name, exercise["answer"])
    if same(answer, expected, tolerance):
        unit = exercise.get("unit", "")
        return f"Right: {show(expected)}{' ' + unit if unit else ''}. {exercise['right']}"
    for wrong in exercise["wrong"]:
        if same(answer, value_of(name, wrong["answer"]), tolerance):
            return f"Not yet: {wrong['hint']}"
    if isinstance(expected, str):
        return f"Not one of the choices. Answer with a letter, for example 'A'. hint({name!r})"
    if isinstance(expected, (list, tuple)):
        return f"Not yet: a list of {len(expected)} is asked for. hint({name!r})"
    if _as_number(answer) is None or isinstance(answer, str):
        return f"A number is asked for, not {type(answer).__name__}. hint({name!r})"
    return f"Not yet, and not a mistake we foresaw. hint({name!r})"


def check(name: str, answer: object) -> None:
    """Say whether an answer is right, or which foreseen mistake it was. Never raises."""
    try:
        print(reply(name, answer))
    except Exception as error:
        print(f"This answer could not be checked: {error}")


def hint(name: str, step: int = 1) -> None:
    """Print a hint; a higher step says more. Never raises."""
    try:
        hints = _find(name)["hints"]
        step = min(max(int(step), 1), len(hints))
        more = f" More: hint({name!r}, {step + 1})" if step < len(hints) else ""
        print(f"Hint {step} of {len(hints)}: {hints[step - 1]}{more}")
    except Exception as error:
        print(error)
