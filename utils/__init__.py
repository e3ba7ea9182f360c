"""The small library behind the lessons: one module per idea, names loaded when first used.

>>> from utils import load, kaplan_meier
"""

from pathlib import Path

from utils import lazy

DATA = Path(__file__).resolve().parents[1] / "data"
if not (DATA / "datapackage.json").is_file():
    raise ImportError(
        f"this is the `utils` of the tumor-recurrence lessons, but its data folder is not beside "
        f"it ({DATA}). Run `make setup` in the project's folder and use its .venv; another "
        "package named `utils` may also be in the way"
    )

__getattr__, __dir__, __all__ = lazy.names(__name__, {
    "datasets": ("load", "card", "names"),
    "survival": (
        "kaplan_meier", "survival_at", "median_survival", "median_follow_up", "restricted_mean",
        "conditional_survival", "logrank", "cumulative_incidence", "rates", "split_follow_up",
        "landmark", "mean_cumulative_count", "piecewise_exponential", "cox", "baseline_hazard",
        "concordance", "mixture_cure", "brier", "events_needed",
    ),
    "evidence": ("pool", "ratio_table", "log_se", "sir", "mantel_haenszel", "two_by_two",
                 "e_value", "proportion"),
    "exercises": ("check", "hint"),
    "claims": ("Line", "claim", "verdict"),
}, modules=("claims", "datasets", "evidence", "exercises", "plots", "simulate", "survival"))
