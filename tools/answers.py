"""An answer on its way out of a student's notebook: imported there, so nothing heavy is needed."""

from __future__ import annotations

import json


def plain(value: object) -> object:
    """A value as text, number or list; of anything else only the name of its type."""
    if value is None or value is ... or isinstance(value, str):
        return None if value is ... else value
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    try:
        return float(value)
    except Exception:
        return {"type": type(value).__name__}


def show(value: object) -> None:
    """Hand a value over as JSON, as the output of a cell."""
    from IPython.display import display

    display({"text/plain": json.dumps(plain(value))}, raw=True)
