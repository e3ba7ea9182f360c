"""Survival curves: Kaplan-Meier and what is read off it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import chi2
from statsmodels.duration.survfunc import SurvfuncRight, survdiff

from utils.checks import as_list, require_follow_up, require_groups, require_some_events
from utils.survival._common import Z95, by_group, log_log_interval, step


def kaplan_meier(
    data: pd.DataFrame,
    time: str,
    event: str,
    by: str | Sequence[str] | None = None,
    entry: str | None = None,
) -> pd.DataFrame:
    """Kaplan-Meier estimate of the probability of no event yet.

    Parameters
    ----------
    data : DataFrame
        One row a person; with `entry`, one row a person's interval.
    time, event : str
        Columns: end of follow-up (any unit, >= 0); 1 if the event ended it, 0 if censored.
    by : str or list of str, optional
        Column(s) that name the groups.
    entry : str, optional
        Column with the time a person came under observation (delayed entry).

    Returns
    -------
    DataFrame
        [by], time, at_risk, events, censored, survival, se, lower, upper; a row per distinct
        time, so the curve reaches the last follow-up. `se` is Greenwood's; the 95% interval
        is log-log.

    Raises
    ------
    ValueError
        For a missing column, an event not coded 0/1, a missing or negative time, a missing or
        empty group; names column, row and remedy.

    Notes
    -----
    On statsmodels' SurvfuncRight; equals R's survfit(conf.type="log-log").
    """
    require_follow_up(data, time, event, entry=entry, by=by)

    def one(part: pd.DataFrame) -> pd.DataFrame:
        times = part[time].to_numpy(float)
        events = part[event].to_numpy(float)
        entries = None if entry is None else part[entry].to_numpy(float)
        grid, position = np.unique(times, return_inverse=True)
        at_risk = (len(times) - np.searchsorted(np.sort(times), grid, side="left")).astype(int)
        if entries is not None:
            at_risk -= len(times) - np.searchsorted(np.sort(entries), grid, side="left")
        happened = np.bincount(position, weights=events).astype(int)
        if happened.any():
            fit = SurvfuncRight(times, events, entry=entries)
            survival = step(fit.surv_times, fit.surv_prob, grid, 1.0)
            se = step(fit.surv_times, fit.surv_prob_se, grid, 0.0)
        else:
            survival, se = np.ones(len(grid)), np.zeros(len(grid))
        lower, upper = log_log_interval(survival, se)
        return pd.DataFrame(
            {
                "time": grid,
                "at_risk": at_risk,
                "events": happened,
                "censored": np.bincount(position).astype(int) - happened,
                "survival": survival,
                "se": se,
                "lower": lower,
                "upper": upper,
            }
        )

    return by_group(data, by, one)


def survival_at(
    data: pd.DataFrame,
    time: str,
    event: str,
    at: float | Sequence[float],
    by: str | Sequence[str] | None = None,
) -> pd.DataFrame:
    """Kaplan-Meier estimate at chosen times.

    Parameters
    ----------
    at : float or list of float
        Times, in the unit of `time`.

    Returns
    -------
    DataFrame
        [by], time, at_risk (people followed to that time or longer), survival, se, lower,
        upper. NaN after the group's last follow-up: nothing is known there.
    """
    wanted = np.atleast_1d(np.asarray(at, dtype=float))

    def one(part: pd.DataFrame) -> pd.DataFrame:
        curve = kaplan_meier(part, time, event)
        known = wanted <= curve["time"].max()
        followed = part[time].to_numpy(float)
        table = pd.DataFrame(
            {"time": wanted, "at_risk": [int((followed >= t).sum()) for t in wanted]}
        )
        for column, before in (("survival", 1.0), ("se", 0.0), ("lower", 1.0), ("upper", 1.0)):
            values = step(curve["time"].to_numpy(), curve[column].to_numpy(), wanted, before)
            table[column] = np.where(known, values, np.nan)
        return table

    require_follow_up(data, time, event, by=by)
    return by_group(data, by, one)


def _first_time_at_or_below(times: np.ndarray, curve: np.ndarray, level: float) -> float:
    """Time at which a curve first reaches `level`; the middle of a step that lies on it."""
    reached = np.flatnonzero(curve <= level + 1e-12)
    below = np.flatnonzero(curve < level - 1e-12)
    if reached.size == 0:
        return np.nan
    last = below[0] if below.size else reached[0]
    return float(times[reached[0]] + times[last]) / 2


def median_survival(
    data: pd.DataFrame,
    time: str,
    event: str,
    by: str | Sequence[str] | None = None,
    share: float = 0.5,
) -> pd.DataFrame:
    """Time by which half of a group (or another share) has had the event.

    Parameters
    ----------
    share : float
        Share with the event: 0.5 for the median, 0.25 for the first quartile.

    Returns
    -------
    DataFrame
        [by], n, events, median, lower, upper in the unit of `time`; NaN where the curve, or
        its log-log limit, never gets that low.

    Notes
    -----
    Equals R's quantile(survfit(conf.type="log-log")), which takes the middle of a step that
    lies exactly on the level.
    """
    require_follow_up(data, time, event, by=by)

    def one(part: pd.DataFrame) -> pd.DataFrame:
        curve = kaplan_meier(part, time, event)
        times = curve["time"].to_numpy()
        median, lower, upper = (
            _first_time_at_or_below(times, curve[column].to_numpy(), 1 - share)
            for column in ("survival", "lower", "upper")
        )
        return pd.DataFrame(
            {
                "n": [len(part)],
                "events": [int(part[event].sum())],
                "median": [median],
                "lower": [lower],
                "upper": [upper],
            }
        )

    return by_group(data, by, one)


def median_follow_up(
    data: pd.DataFrame, time: str, event: str, by: str | Sequence[str] | None = None
) -> pd.DataFrame:
    """Median time under observation, by reverse Kaplan-Meier.

    The end of observation is the event here, and the event of interest censors it.

    Returns
    -------
    DataFrame
        [by], n, events, median, lower, upper; `events` counts the people whose observation
        ended without the event.
    """
    require_follow_up(data, time, event)
    return median_survival(data.assign(**{event: 1 - data[event].astype(int)}), time, event, by)


def restricted_mean(
    data: pd.DataFrame, time: str, event: str, horizon: float, by: str | Sequence[str] | None = None
) -> pd.DataFrame:
    """Mean event-free time within a horizon: the area under the curve up to it.

    Parameters
    ----------
    horizon : float
        Where the area ends, in the unit of `time`; within each group's follow-up.

    Returns
    -------
    DataFrame
        [by], horizon, mean, se, lower, upper in the unit of `time`.

    Raises
    ------
    ValueError
        If a group's follow-up ends before the horizon.
    """
    require_follow_up(data, time, event, by=by)

    def one(part: pd.DataFrame) -> pd.DataFrame:
        if part[time].max() < horizon:
            raise ValueError(
                f"column {time!r}: follow-up ends at {part[time].max():g} in a group, before the "
                f"horizon {horizon:g}. Remedy: choose a horizon that every group reaches"
            )
        curve = kaplan_meier(part, time, event).query("time < @horizon")
        edges = np.concatenate([[0.0], curve["time"], [horizon]])
        areas = np.diff(edges) * np.concatenate([[1.0], curve["survival"]])
        area_after = areas.sum() - np.cumsum(areas)[:-1]
        d, n = curve["events"].to_numpy(), curve["at_risk"].to_numpy()
        spread = d / (n * (n - d))
        mean, se = areas.sum(), np.sqrt(np.sum(area_after**2 * spread))
        return pd.DataFrame(
            {
                "horizon": [horizon],
                "mean": [mean],
                "se": [se],
                "lower": [mean - Z95 * se],
                "upper": [mean + Z95 * se],
            }
        )

    return by_group(data, by, one)


def conditional_survival(
    data: pd.DataFrame,
    time: str,
    event: str,
    given: float | Sequence[float],
    further: float,
    by: str | Sequence[str] | None = None,
) -> pd.DataFrame:
    """Probability of a further stretch without the event, among those who came so far.

    Parameters
    ----------
    given : float or list of float
        Event-free time already reached.
    further : float
        Additional time, in the same unit.

    Returns
    -------
    DataFrame
        [by], given, further, at_risk, survival, se, lower, upper.
    """
    require_follow_up(data, time, event, by=by)

    def one(part: pd.DataFrame) -> pd.DataFrame:
        rows = []
        for start in np.atleast_1d(np.asarray(given, dtype=float)):
            left = part[part[time] > start]
            if left.empty:
                rows.append({"at_risk": 0})
                continue
            shifted = left.assign(**{time: left[time] - start})
            rows.append(
                survival_at(shifted, time, event, further).iloc[0].drop("time").to_dict()
                | {"at_risk": len(left)}
            )
        table = pd.DataFrame(rows, columns=["at_risk", "survival", "se", "lower", "upper"])
        table.insert(0, "given", np.atleast_1d(np.asarray(given, dtype=float)))
        table.insert(1, "further", float(further))
        return table

    return by_group(data, by, one)


def logrank(
    data: pd.DataFrame, time: str, event: str, by: str, strata: str | None = None
) -> pd.Series:
    """Log-rank test: do the groups share one hazard?

    Parameters
    ----------
    by : str
        Column that names two or more groups.
    strata : str, optional
        Column within whose levels the groups are compared.

    Returns
    -------
    Series
        statistic (chi-squared), df, p.

    Raises
    ------
    ValueError
        Also if there is only one group, or no event.
    """
    require_follow_up(data, time, event, by=[by, *as_list(strata)])
    require_groups(data, by, at_least=2)
    require_some_events(data, event)
    codes = pd.factorize(data[by], sort=True)[0]
    layers = None if strata is None else pd.factorize(data[strata], sort=True)[0]
    statistic, _ = survdiff(
        data[time].to_numpy(float), data[event].to_numpy(float), codes, strata=layers
    )
    df = data[by].nunique() - 1
    return pd.Series({"statistic": float(statistic), "df": df, "p": float(chi2.sf(statistic, df))})
