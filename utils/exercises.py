"""Checks that answer a student's answer, guesses met again at the verdict, and what is done.

Each lesson has a file beside it, `<lesson>.exercises.toml`, in which an instructor edits words.
`answer` and the foreseen wrong answers are expressions, computed from the data when a check
runs, so no number is typed. What a student does stays in the student's folder: in a work folder
(one laid out by `make lab`) and in a browser it is kept in `.progress.json`, elsewhere only in
memory. Nothing here raises, and nothing is sent.
"""

from __future__ import annotations

import difflib
import json
import os
import tomllib
from functools import cache
from html import escape
from pathlib import Path

import pandas as pd

from utils import replies
from utils.report import report

LESSONS = Path(__file__).resolve().parents[1] / "notebooks"
ISSUED, PROGRESS = ".issued.json", ".progress.json"
WORK = "LESSONS_WORK"  # set where every folder is a work folder: in a browser
RIGHT, NOT_YET, WAITING = "right", "not yet", "waiting"
LOOKS = {RIGHT: ("✔", "#1a7f37"), NOT_YET: ("✘", "#b35900"), WAITING: ("…", "#6e7781")}

given: dict[str, object] = {}
"""What was last passed to each check in this session."""

_memory: dict[str, dict] = {"answers": {}, "guesses": {}}


@cache
def exercises() -> dict[str, dict]:
    """All exercises by id; ids are unique across lessons.

    Returns
    -------
    dict of dict
        The fields of each exercise's table in its file, with `file` and `setup`.

    Raises
    ------
    ValueError
        If two exercises share an id, or a file cannot be read; names the file.
    """
    found: dict[str, dict] = {}
    for path in sorted(LESSONS.glob("*.exercises.toml")):
        try:
            content = tomllib.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ValueError(f"notebooks/{path.name} cannot be read: {error}") from error
        for name, exercise in content["exercise"].items():
            if name in found:
                raise ValueError(f"{path.name}: exercise {name!r} is defined twice")
            found[name] = exercise | {"file": path.name, "setup": content.get("setup", "")}
    return found


def _find(name: str) -> dict:
    if name not in exercises():
        near = difflib.get_close_matches(str(name), exercises(), n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(exercises())}"
        raise ValueError(f"no exercise {name!r}: {hint}")
    return exercises()[name]


@cache
def _namespace(setup: str) -> dict:
    import numpy as np

    space: dict = {"np": np, "pd": pd}
    exec("from utils import *", space)  # brings also the modules that nobody has asked for yet
    exec(setup, space)
    return space


@cache
def value_of(name: str, expression: str) -> object:
    """An expression of an exercise, computed from the data (once in a session).

    Parameters
    ----------
    name : str
        The exercise's id.
    expression : str
        Python, with the names of `utils` and of the file's `setup`.

    Returns
    -------
    object
        A number, a letter or a list.
    """
    return eval(expression, _namespace(_find(name)["setup"]))


def reply(name: str, answer: object) -> str:
    """What `check` says to an answer; it begins with 'Right' if, and only if, it is right.

    Parameters
    ----------
    name : str
        The exercise's id.
    answer : object
        Anything.

    Returns
    -------
    str
        One or two sentences.
    """
    exercise = _find(name)
    wrong = ((value_of(name, w["answer"]), w["hint"]) for w in exercise.get("wrong", []))
    return replies.to(answer, value_of(name, exercise["answer"]), wrong, exercise)


def _kept() -> dict[str, dict]:
    """What is remembered: the folder's file in a work folder, this session's memory elsewhere."""
    file = Path.cwd() / PROGRESS
    if file.is_file():
        try:
            stored = json.loads(file.read_text(encoding="utf-8"))
            return {kind: dict(stored.get(kind, {})) for kind in _memory}
        except (OSError, ValueError, TypeError, AttributeError):
            pass
    return _memory


def _remember(kind: str, name: str, value: object) -> None:
    kept = _kept()
    kept[kind][name] = value
    _memory[kind][name] = value
    if WORK in os.environ or (Path.cwd() / ISSUED).is_file():
        half = Path.cwd() / f"{PROGRESS}.half"
        try:
            half.write_text(json.dumps(kept, indent=1, ensure_ascii=False), encoding="utf-8")
            half.replace(Path.cwd() / PROGRESS)
        except (OSError, TypeError, ValueError):
            half.unlink(missing_ok=True)


class _Said:
    """A sentence to a student: in colour and with a mark in Jupyter, in words everywhere."""

    def __init__(self, look: str, words: str) -> None:
        self.look, self.words = look, words

    def __repr__(self) -> str:
        return f"{LOOKS[self.look][0]} {self.words}"

    def _repr_html_(self) -> str:
        mark, colour = LOOKS[self.look]
        return (
            f'<div style="border-left:6px solid {colour};padding:.2em .8em;max-width:46em">'
            f'<strong style="color:{colour}">{mark}</strong> {escape(self.words)}</div>'
        )


def _show(look: str, words: str) -> None:
    from IPython.display import display

    display(_Said(look, words))


def _of_lesson(name: str) -> str:
    """How many exercises of the lesson are right so far."""
    lesson = name.partition("-")[0]
    all_of_it = [other for other in exercises() if other.startswith(f"{lesson}-")]
    right = sum(_kept()["answers"].get(other) == RIGHT for other in all_of_it)
    return f"({right} of {len(all_of_it)} in this lesson)"


def check(name: object = None, answer: object = replies.FORGOTTEN) -> None:
    """Say whether an answer is right, or which foreseen mistake it was; never raises.

    Parameters
    ----------
    name : str
        The exercise's id, as the lesson writes it.
    answer : object
        A number, a letter in quotation marks or a list, as the exercise asks.
    """
    try:
        if not isinstance(name, str):
            raise ValueError('write the exercise\'s name first: check("00-three-years", answer)')
        words = reply(name, answer)
        given[name] = answer
        if answer is replies.FORGOTTEN or answer is ... or answer is None:
            _show(WAITING, f"{words} Stuck? Type hint({name!r}).")
            return
        look = RIGHT if words.startswith("Right") else NOT_YET
        if look == RIGHT or _kept()["answers"].get(name) != RIGHT:
            _remember("answers", name, look)
        _show(
            look,
            f"{words} {_of_lesson(name)}" if look == RIGHT else f"{words} Stuck? hint({name!r})",
        )
    except Exception as error:
        _show(WAITING, f"This answer could not be checked: {error}")


def hint(name: object = None, step: object = 1) -> None:
    """Give a hint; a higher step says more. Never raises.

    Parameters
    ----------
    name : str
        The exercise's id.
    step : int
        1 for the first hint, 2 for the next, ...
    """
    try:
        hints = _find(str(name))["hints"]
        if not str(step).lstrip("-").isdecimal():
            raise ValueError(f"{step!r} is no step, as in hint({name!r}, 2)")
        number = min(max(int(str(step)), 1), len(hints))
        more = f" More: hint({name!r}, {number + 1})" if number < len(hints) else ""
        _show(WAITING, f"Hint {number} of {len(hints)}: {hints[number - 1]}{more}")
    except Exception as error:
        _show(WAITING, f"There is no such hint: {error}")


def predict(name: str, guess: object = ..., letters: int | None = None) -> None:
    """Note a guess before the data are looked at. Never raises.

    Parameters
    ----------
    name : str
        What the guess is about, as the lesson writes it.
    guess : float or str
        Put it in place of the dots.
    letters : int, optional
        How many letters are asked for, where it is a row of them.
    """
    value = replies.single(guess)
    if value is ... or value is None or str(value) in ("", "nan"):
        _show(WAITING, "No guess yet: put one in place of the dots. Only you see it.")
    elif letters and len(str(value)) != letters:
        _show(WAITING, f"{len(str(value))} letters; {letters} are needed, in quotation marks.")
    elif isinstance(value, (int, float, str)):
        _remember("guesses", str(name), value)
        _show(WAITING, f"Noted: {value}. You meet it again at the verdict.")
    else:
        _show(WAITING, f"A guess is one number or one word, not a {type(value).__name__}.")


def guess(name: str) -> float | str | None:
    """The guess that was noted under a name.

    Parameters
    ----------
    name : str
        As given to `predict`.

    Returns
    -------
    float, str or None
        None where none was made.
    """
    return _kept()["guesses"].get(str(name))


def recall(name: str, found: object) -> None:
    """Meet a guess again, beside what the data say. Never raises.

    Parameters
    ----------
    name : str
        As given to `predict`.
    found : DataFrame of one row, str or float
        What the data say: a row with its interval, or a sentence.
    """
    before = guess(name)
    said = "You made no guess." if before is None else f"Your guess: {before}."
    _show(WAITING, f"{said} The data: {_in_words(found)}.")


def _in_words(found: object) -> str:
    if isinstance(found, str):
        return found.rstrip(".")
    try:
        if isinstance(found, (pd.DataFrame, pd.Series)):
            row = found if isinstance(found, pd.DataFrame) else found.to_frame().T
            shown = report(row)
            column = next(name for name in shown if "interval" in name)
            return f"{column.partition(' (')[0]} {shown[column].iloc[0]}"
        return replies.show(found)
    except Exception:
        return f"a {type(found).__name__} without an estimate"


def progress() -> pd.DataFrame:
    """What is done in this folder.

    Returns
    -------
    DataFrame
        A row per lesson: lesson, exercises, right, tried (answered, not yet right).
    """
    looks = _kept()["answers"]
    rows = [
        {"lesson": e["file"].removesuffix(".exercises.toml"), "look": looks.get(name)}
        for name, e in exercises().items()
    ]
    table = pd.DataFrame(rows, columns=["lesson", "look"])
    counted = table.groupby("lesson")["look"].agg(
        exercises="size",
        right=lambda look: (look == RIGHT).sum(),
        tried=lambda look: (look == NOT_YET).sum(),
    )
    return counted.reset_index()
