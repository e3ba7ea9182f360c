"""Survival methods on statsmodels, in one convention: f(data, time, event, ..., by=None).

kaplan_meier  the curve and what is read off it, log-rank
competing     cumulative incidence
persontime    rates, split follow-up, landmarks, recurrent events, piecewise exponential
cox           Cox regression, baseline hazard
prediction    concordance, Brier score, mixture cure, the size of a study
"""

from utils.survival.competing import cumulative_incidence, incidence_at
from utils.survival.cox import baseline_hazard, cox
from utils.survival.kaplan_meier import (
    conditional_survival,
    kaplan_meier,
    logrank,
    median_follow_up,
    median_survival,
    restricted_mean,
    survival_at,
)
from utils.survival.persontime import (
    landmark,
    mean_cumulative_count,
    piecewise_exponential,
    rates,
    split_follow_up,
)
from utils.survival.prediction import brier, concordance, events_needed, mixture_cure

__all__ = [
    "baseline_hazard",
    "brier",
    "concordance",
    "conditional_survival",
    "cox",
    "cumulative_incidence",
    "events_needed",
    "incidence_at",
    "kaplan_meier",
    "landmark",
    "logrank",
    "mean_cumulative_count",
    "median_follow_up",
    "median_survival",
    "mixture_cure",
    "piecewise_exponential",
    "rates",
    "restricted_mean",
    "split_follow_up",
    "survival_at",
]
