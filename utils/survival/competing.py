"""Several ways to leave: cumulative incidence when another event can come first."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from utils.checks import require_some_events
from utils.survival._common import (
    ROUNDING,
    by_group,
    chosen_times,
    follow_up,
    log_log_interval,
    step,
    tolerance,
)


def _last_se(time: np.ndarray, cause: np.ndarray, k: int) -> float:
    """Aalen-type standard error at the last time, where statsmodels divides by zero."""
    grid, position = np.unique(time, return_inverse=True)
    n = len(time) - np.searchsorted(np.sort(time), grid)
    d = np.bincount(position, weights=cause > 0)
    dk = np.bincount(position, weights=cause == k)
    survival_before = np.concatenate([[1.0], np.cumprod(1 - d / n)[:-1]])
    incidence = np.cumsum(survival_before * dk / n)
    gap = incidence[-1] - incidence
    # sum (F - F_i)^2 d / (n (n - d)) + S^2 (n - dk) dk / n^3 - 2 (F - F_i) S dk / n^2, S before i
    # Marubini and Valsecchi 1995, Analysing Survival Data from Clinical Trials, section 10.4
    terms = (
        np.divide(gap**2 * d, n * (n - d), out=np.zeros_like(gap), where=n > d)
        + survival_before**2 * (n - dk) * dk / n**3
        - 2 * gap * survival_before * dk / n**2
    )
    return float(np.sqrt(max(terms.sum(), 0.0)))


def _curves(part: pd.DataFrame, time: str, event: str, codes: np.ndarray) -> pd.DataFrame:
    """Cumulative incidence of every cause in one group of checked rows (`follow_up`)."""
    from statsmodels.duration.survfunc import CumIncidenceRight

    times, cause = part[time].to_numpy(), np.searchsorted(codes, part[event])
    grid = np.unique(times)
    at_risk = len(times) - np.searchsorted(np.sort(times), grid)
    with np.errstate(divide="ignore", invalid="ignore"):
        fit = CumIncidenceRight(times, cause)
    tables = []
    for k, code in enumerate(codes[1:], 1):
        if k > cause.max():
            incidence, se = np.zeros(len(grid)), np.zeros(len(grid))
        else:
            incidence, se = fit.cinc[k - 1].copy(), fit.cinc_se[k - 1].copy()
            if np.isnan(se[-1]):
                se[-1] = _last_se(times, cause, k)
        to_all = incidence > 1 - ROUNDING
        se[to_all] = 0
        lower, upper = log_log_interval(np.where(to_all, 0, incidence), se)
        columns = {"incidence": incidence, "se": se, "lower": lower, "upper": upper}
        tables.append(
            pd.DataFrame(
                {"cause": code, "time": grid, "at_risk": at_risk.astype(np.int64), **columns}
            )
        )
    return pd.concat(tables, ignore_index=True)


def _checked(
    data: pd.DataFrame, time: str, event: str, by: str | Sequence[str] | None
) -> tuple[pd.DataFrame, np.ndarray]:
    """Checked rows and the codes that they hold, 0 and each cause."""
    rows = follow_up(data, time, event, by=by, causes=True)
    require_some_events(rows, event)
    return rows, np.unique(np.append(rows[event], 0))


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
        [by], cause (each that occurs), time, at_risk, incidence, se, lower, upper; the 95% interval
        is log-log (NaN until the cause has come once, and once it has come to all).

    Raises
    ------
    ValueError
        As `kaplan_meier`; also if no event happened at all.

    Notes
    -----
    The Aalen-Johansen estimate, on statsmodels' CumIncidenceRight; equals R's survfit for a
    multi-state Surv, standard error included.
    """
    rows, codes = _checked(data, time, event, by)
    return by_group(rows, by, lambda part: _curves(part, time, event, codes))


def incidence_at(
    data: pd.DataFrame,
    time: str,
    event: str,
    at: float | Sequence[float],
    by: str | Sequence[str] | None = None,
) -> pd.DataFrame:
    """Cumulative incidence of each cause at chosen times.

    Parameters
    ----------
    data : DataFrame
        One row a person.
    time, event : str
        Columns: end of follow-up (>= 0); 0 censored, 1, 2, ... which cause ended it.
    at : float or list of float
        Times, in the unit of `time`.
    by : str or list of str, optional
        Column(s) that name the groups.

    Returns
    -------
    DataFrame
        [by], cause, time, at_risk (people followed to that time or longer), incidence, se,
        lower, upper. After a group's last follow-up nothing is known (NaN), unless nobody was
        left without an event by then.

    Raises
    ------
    ValueError
        As `cumulative_incidence`; also for a time that is missing or below 0.

    Notes
    -----
    Equals R's summary(survfit, times=at) for a multi-state Surv with conf.type="log-log".
    """
    wanted = chosen_times(at, "at")
    rows, codes = _checked(data, time, event, by)

    def one(part: pd.DataFrame) -> pd.DataFrame:
        curves = _curves(part, time, event, codes)
        followed = np.sort(part[time].to_numpy())
        early = wanted - tolerance(np.unique(followed))
        at_risk = len(followed) - np.searchsorted(followed, early, side="left")
        nobody_left = part[event][part[time] == followed[-1]].all()
        known = (early <= followed[-1]) | nobody_left
        tables = []
        for k, curve in curves.groupby("cause"):
            grid = curve["time"].to_numpy()
            table = pd.DataFrame({"cause": k, "time": wanted, "at_risk": at_risk.astype(np.int64)})
            for column, before in (
                ("incidence", 0),
                ("se", 0),
                ("lower", np.nan),
                ("upper", np.nan),
            ):
                values = step(grid, curve[column].to_numpy(), wanted, before)
                table[column] = np.where(known, values, np.nan)
            tables.append(table)
        return pd.concat(tables, ignore_index=True)

    return by_group(rows, by, one)
