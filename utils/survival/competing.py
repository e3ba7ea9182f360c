"""Several ways to leave: cumulative incidence when another event can come first."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from statsmodels.duration.survfunc import CumIncidenceRight

from utils.checks import require_follow_up, require_some_events
from utils.survival._common import by_group, log_log_interval


def _last_se(time: np.ndarray, cause: np.ndarray, k: int) -> float:
    """Aalen-type standard error at the last time, where statsmodels divides by zero."""
    grid, position = np.unique(time, return_inverse=True)
    n = len(time) - np.searchsorted(np.sort(time), grid)
    d = np.bincount(position, weights=cause > 0)
    dk = np.bincount(position, weights=cause == k)
    survival_before = np.concatenate([[1.0], np.cumprod(1 - d / n)[:-1]])
    incidence = np.cumsum(survival_before * dk / n)
    gap = incidence[-1] - incidence
    terms = (
        np.divide(gap**2 * d, n * (n - d), out=np.zeros_like(gap), where=n > d)
        + survival_before**2 * (n - dk) * dk / n**3
        - 2 * gap * survival_before * dk / n**2
    )
    return float(np.sqrt(max(terms.sum(), 0.0)))


def cumulative_incidence(
    data: pd.DataFrame, time: str, event: str, by: str | Sequence[str] | None = None
) -> pd.DataFrame:
    """Probability that each cause has come by a time, the other causes competing.

    Parameters
    ----------
    data : DataFrame
        One row a person.
    time, event : str
        Columns: end of follow-up (>= 0); 0 censored, 1, 2, ... which cause ended it.
    by : str or list of str, optional
        Column(s) that name the groups.

    Returns
    -------
    DataFrame
        [by], cause, time, at_risk, incidence, se, lower, upper; the 95% interval is log-log
        (NaN until the cause has come once).

    Raises
    ------
    ValueError
        As `kaplan_meier`; also if no event happened at all.

    Notes
    -----
    The Aalen-Johansen estimate, on statsmodels' CumIncidenceRight; equals R's survfit for a
    multi-state Surv, standard error included.
    """
    require_follow_up(data, time, event, by=by, causes=True)
    require_some_events(data, event)
    causes = range(1, int(data[event].max()) + 1)

    def one(part: pd.DataFrame) -> pd.DataFrame:
        times, cause = part[time].to_numpy(float), part[event].to_numpy(int)
        grid = np.unique(times)
        at_risk = len(times) - np.searchsorted(np.sort(times), grid)
        with np.errstate(divide="ignore", invalid="ignore"):
            fit = CumIncidenceRight(times, cause)
        tables = []
        for k in causes:
            if k > cause.max():
                incidence, se = np.zeros(len(grid)), np.zeros(len(grid))
            else:
                incidence, se = fit.cinc[k - 1].copy(), fit.cinc_se[k - 1].copy()
                if np.isnan(se[-1]):
                    se[-1] = _last_se(times, cause, k)
            lower, upper = log_log_interval(incidence, se)
            tables.append(
                pd.DataFrame(
                    {
                        "cause": k,
                        "time": grid,
                        "at_risk": at_risk,
                        "incidence": incidence,
                        "se": se,
                        "lower": lower,
                        "upper": upper,
                    }
                )
            )
        return pd.concat(tables, ignore_index=True)

    return by_group(data, by, one)
