"""The small library behind the lessons: one module per idea, names loaded when first used.

>>> from utils import load, kaplan_meier
"""

from importlib import import_module
from pathlib import Path

DATA = Path(__file__).resolve().parents[1] / "data"
if not (DATA / "datapackage.json").is_file():
    raise ImportError(
        f"this is the `utils` of the tumor-recurrence lessons, but its data folder is not beside "
        f"it ({DATA}). Run `make setup` in the project's folder and use its .venv; another "
        "package named `utils` may also be in the way"
    )

_HOME = {
    "utils.datasets": ("load", "card", "names"),
    "utils.survival": (
        "kaplan_meier", "survival_at", "median_survival", "median_follow_up", "restricted_mean",
        "conditional_survival", "logrank", "cumulative_incidence", "rates", "split_follow_up",
        "landmark", "mean_cumulative_count", "piecewise_exponential", "cox", "baseline_hazard",
        "concordance", "mixture_cure", "brier", "events_needed",
    ),
    "utils.evidence": ("pool", "ratio_table", "log_se", "sir", "mantel_haenszel", "two_by_two",
                       "e_value", "proportion"),
    "utils.exercises": ("check", "hint"),
    "utils.claims": ("Line", "claim", "verdict"),
}
_WHERE = {name: module for module, names in _HOME.items() for name in names}
_MODULES = ("claims", "datasets", "evidence", "exercises", "plots", "simulate", "survival")
__all__ = sorted([*_WHERE, *_MODULES])


def __getattr__(name: str) -> object:
    if name in _WHERE:
        return getattr(import_module(_WHERE[name]), name)
    if name in _MODULES:
        return import_module(f"utils.{name}")
    raise AttributeError(f"utils has no name {name!r}; it has {', '.join(__all__)}")


def __dir__() -> list[str]:
    return __all__
