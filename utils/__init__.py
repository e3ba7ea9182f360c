"""The small library behind the lessons, one module per idea.

>>> from utils import load, kaplan_meier

The modules that need much themselves (`plots`, `simulate`) are imported when they are asked for:
`from utils import plots`.
"""

from pathlib import Path

DATA: Path = Path(__file__).resolve().parents[1] / "data"
if not (DATA / "datapackage.json").is_file():
    raise ImportError(
        f"this is the `utils` of the tumor-recurrence lessons, but its data folder is not beside "
        f"it ({DATA}). Run `make setup` in the project's folder and use its .venv; another "
        "package named `utils` may also be in the way"
    )

from utils.claims import Line, claim, verdict  # noqa: E402
from utils.datasets import card, load, names, searches  # noqa: E402
from utils.evidence import (  # noqa: E402
    e_value,
    log_se,
    mantel_haenszel,
    pool,
    proportion,
    ratio_table,
    sir,
    two_by_two,
)
from utils.exercises import check, guess, hint, predict, progress, recall  # noqa: E402
from utils.explore import explore  # noqa: E402
from utils.report import report  # noqa: E402
from utils.survival import (  # noqa: E402
    baseline_hazard,
    brier,
    concordance,
    conditional_survival,
    cox,
    cumulative_incidence,
    events_needed,
    incidence_at,
    kaplan_meier,
    landmark,
    logrank,
    mean_cumulative_count,
    median_follow_up,
    median_survival,
    mixture_cure,
    piecewise_exponential,
    rates,
    restricted_mean,
    split_follow_up,
    survival_at,
)
from utils.tables import show_in_jupyter  # noqa: E402

show_in_jupyter()

__all__ = [
    "Line",
    "baseline_hazard",
    "brier",
    "card",
    "check",
    "claim",
    "claims",
    "concordance",
    "conditional_survival",
    "cox",
    "cumulative_incidence",
    "datasets",
    "e_value",
    "events_needed",
    "evidence",
    "exercises",
    "explore",
    "guess",
    "hint",
    "incidence_at",
    "kaplan_meier",
    "landmark",
    "load",
    "log_se",
    "logrank",
    "mantel_haenszel",
    "mean_cumulative_count",
    "median_follow_up",
    "median_survival",
    "mixture_cure",
    "names",
    "piecewise_exponential",
    "plots",
    "pool",
    "predict",
    "progress",
    "proportion",
    "rates",
    "ratio_table",
    "recall",
    "report",
    "restricted_mean",
    "searches",
    "simulate",
    "sir",
    "split_follow_up",
    "survival",
    "survival_at",
    "two_by_two",
    "verdict",
]
