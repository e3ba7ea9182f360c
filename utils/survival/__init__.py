"""Survival methods on statsmodels, in one convention: f(data, time=..., event=..., by=...).

curves       Kaplan-Meier and what is read off it, log-rank
competing    cumulative incidence
persontime   rates, split follow-up, landmarks, recurrent events, piecewise exponential
hazards      Cox regression, baseline hazard, concordance
prediction   mixture cure, Brier score, the size of a study
"""

from utils import lazy

__getattr__, __dir__, __all__ = lazy.names(__name__, {
    "curves": ("kaplan_meier", "survival_at", "median_survival", "median_follow_up",
               "restricted_mean", "conditional_survival", "logrank"),
    "competing": ("cumulative_incidence",),
    "persontime": ("rates", "split_follow_up", "landmark", "mean_cumulative_count",
                   "piecewise_exponential"),
    "hazards": ("cox", "baseline_hazard", "concordance"),
    "prediction": ("mixture_cure", "brier", "events_needed"),
})
