"""What makes, hands out and grades the lessons; no lesson imports it."""

from importlib.util import find_spec
from pathlib import Path

_ours = Path(__file__).resolve().parents[1] / "utils" / "__init__.py"
_found = find_spec("utils")
if _found is None or _found.origin is None or Path(_found.origin).resolve() != _ours:
    raise ImportError(
        f"{_found and _found.origin} is in the way of the lessons' own utils ({_ours.parent}): "
        "rename it, or take its folder out of PYTHONPATH",
        name=__name__,  # so that `python -m tools...` says this sentence and shows no traceback
    )
