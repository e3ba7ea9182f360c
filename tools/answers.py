"""An answer on its way out of a student's notebook: imported there, so nothing heavy is needed."""

from __future__ import annotations

import json

KIND = "application/vnd.tumor-recurrence.answer+json"
NAMED = "__type__"

given: dict[str, object] = {}
"""What was last passed to each check."""


def plain(value: object) -> object:
    """A value as JSON can carry it: text, number, truth, list; of all else the type's name."""
    from utils.replies import single

    value = single(value)
    if value is None or value is ... or isinstance(value, (str, bool)):
        return None if value is ... else value
    if isinstance(value, tuple):
        return {NAMED: "tuple", "items": [plain(item) for item in value]}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, int):
        return value
    try:
        return float(value)  # type: ignore[arg-type]
    except Exception:
        return {NAMED: type(value).__name__}


def real(fields: dict) -> object:
    """The other way, outside: a tuple, or an empty object of a type of that name."""
    if fields.get(NAMED) == "tuple":
        return tuple(fields.get("items", ()))
    return type(str(fields.get(NAMED, "dict")), (), {})()


def watch() -> None:
    """From here on, a check notes what it is given; checks, hints and progress say nothing."""
    import utils
    from utils import exercises

    def check(name: object = None, answer: object = None) -> None:
        if isinstance(name, str):
            given[name] = plain(answer)

    def silent(*arguments: object, **named: object) -> None:
        return None

    for module in (utils, exercises):
        setattr(module, "check", check)  # noqa: B010
        for name in ("hint", "progress"):
            setattr(module, name, silent)


def show(name: str, answer: object) -> None:
    """Hand an answer over as the output of a cell: what the check was given, else `answer`."""
    from IPython.display import display

    value = plain(answer) if given.get(name) is None else given[name]
    display({KIND: json.dumps(value)}, raw=True)


def show_all() -> None:
    """Hand over what all checks were given, those included that came after the answer was taken."""
    from IPython.display import display

    display({KIND: json.dumps(given)}, raw=True)
