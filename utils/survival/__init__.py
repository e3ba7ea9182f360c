"""Survival methods on statsmodels, in one convention: f(data, time=..., event=..., by=...).

curves       Kaplan-Meier and what is read off it, log-rank
competing    cumulative incidence
persontime   rates, split follow-up, landmarks, recurrent events, piecewise exponential
hazards      Cox regression, baseline hazard, concordance
prediction   mixture cure, Brier score, the size of a study
"""

from importlib import import_module

_HOME = {
    "curves": ("kaplan_meier", "survival_at", "median_survival", "median_follow_up",
               "restricted_mean", "conditional_survival", "logrank"),
    "competing": ("cumulative_incidence",),
    "persontime": ("rates", "split_follow_up", "landmark", "mean_cumulative_count",
                   "piecewise_exponential"),
    "hazards": ("cox", "baseline_hazard", "concordance"),
    "prediction": ("mixture_cure", "brier", "events_needed"),
}
_WHERE = {name: module for module, names in _HOME.items() for name in names}
__all__ = sorted(_WHERE)


def __getattr__(name: str) -> object:
    if name in _WHERE:
        return getattr(import_module(f"utils.survival.{_WHERE[name]}"), name)
    raise AttributeError(f"utils.survival has no name {name!r}; it has {', '.join(__all__)}")


def __dir__() -> list[str]:
    return __all__
