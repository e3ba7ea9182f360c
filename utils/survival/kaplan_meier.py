"""Survival curves: Kaplan-Meier and what is read off it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import chdtrc

from utils.checks import as_list, require_groups, require_some_events
from utils.survival._common import (
    Z95,
    by_group,
    chosen_number,
    chosen_times,
    follow_up,
    grouped,
    log_log_interval,
    step,
    tolerance,
    within_reach,
)

COUNTED = np.sqrt(np.finfo(float).eps)


def _curve(part: pd.DataFrame, time: str, event: str, entry: str | None = None) -> pd.DataFrame:
    """Kaplan-Meier table of checked rows (`follow_up`) of one group."""
    from statsmodels.duration.survfunc import SurvfuncRight

    times, events = part[time].to_numpy(), part[event].to_numpy()
    entries = None if entry is None else part[entry].to_numpy()
    grid, position = np.unique(times, return_inverse=True)
    at_risk = len(times) - np.searchsorted(np.sort(times), grid, side="left")
    if entries is not None:
        at_risk -= len(times) - np.searchsorted(np.sort(entries), grid, side="left")
    happened = np.bincount(position, weights=events).astype(np.int64)
    if happened.any():
        fit = SurvfuncRight(times, events, entry=entries)
        survival = step(fit.surv_times, fit.surv_prob, grid, 1.0)
        survival = np.minimum.accumulate(survival)  # 0 stays 0 when others enter later
        se = step(fit.surv_times, fit.surv_prob_se, grid, 0.0)
    else:
        survival, se = np.ones(len(grid)), np.zeros(len(grid))
    lower, upper = log_log_interval(survival, se)
    return pd.DataFrame(
        {
            "time": grid,
            "at_risk": at_risk.astype(np.int64),
            "events": happened,
            "censored": np.bincount(position).astype(np.int64) - happened,
            "survival": survival,
            "se": se,
            "lower": lower,
            "upper": upper,
        }
    )


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
        For a missing column, an event not coded 0/1, a missing or negative time, a missing
        group; names column, row and remedy.

    Notes
    -----
    On statsmodels' SurvfuncRight; equals R's survfit(conf.type="log-log"), near-ties of
    floating point included (timefix).
    """
    rows = follow_up(data, time, event, entry=entry, by=by)
    return by_group(rows, by, lambda part: _curve(part, time, event, entry))


def _read(part: pd.DataFrame, time: str, event: str, wanted: np.ndarray) -> pd.DataFrame:
    """The curve of one group at the times `wanted`, NaN where nothing is known."""
    curve = _curve(part, time, event)
    grid = curve["time"].to_numpy()
    followed = np.sort(part[time].to_numpy())
    early = wanted - tolerance(grid)
    at_risk = len(followed) - np.searchsorted(followed, early, side="left")
    known = (early <= grid[-1]) | (curve["survival"].iloc[-1] == 0)
    table = pd.DataFrame({"time": wanted, "at_risk": at_risk.astype(np.int64)})
    for column, before in (("survival", 1.0), ("se", 0.0), ("lower", 1.0), ("upper", 1.0)):
        values = step(grid, curve[column].to_numpy(), wanted, before)
        table[column] = np.where(known, values, np.nan)
    return table


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
    data : DataFrame
        One row a person.
    time, event : str
        Columns: end of follow-up (any unit, >= 0); 1 if the event ended it, 0 if censored.
    at : float or list of float
        Times, in the unit of `time`.
    by : str or list of str, optional
        Column(s) that name the groups.

    Returns
    -------
    DataFrame
        [by], time, at_risk (people followed to that time or longer), survival, se, lower,
        upper. After a group's last follow-up nothing is known (NaN), unless all have had the
        event by then: survival stays 0, and has no standard error and no interval.

    Raises
    ------
    ValueError
        As `kaplan_meier`; also for a time that is missing or below 0.

    Notes
    -----
    Equals R's summary(survfit(conf.type="log-log"), times=at), but that a time which misses a
    step by rounding alone is on it.
    """
    wanted = chosen_times(at, "at")
    rows = follow_up(data, time, event, by=by)
    return by_group(rows, by, lambda part: _read(part, time, event, wanted))


def _first_time_at_or_below(times: np.ndarray, curve: np.ndarray, level: float) -> float:
    """Time at which a curve first reaches `level`; the middle of a step that lies on it."""
    reached = np.flatnonzero(curve <= level + COUNTED)
    below = np.flatnonzero(curve < level - COUNTED)
    if reached.size == 0:
        return np.nan
    last = below[0] if below.size else reached[0]
    return float(times[reached[0]] + times[last]) / 2


def _median(part: pd.DataFrame, time: str, event: str, share: float) -> pd.DataFrame:
    """The time by which `share` of one group have had the event, in a row."""
    curve = _curve(part, time, event)
    times = curve["time"].to_numpy()
    median, lower, upper = (
        _first_time_at_or_below(times, curve[column].to_numpy(), 1 - share)
        for column in ("survival", "lower", "upper")
    )
    counts = {"n": [len(part)], "events": [int(part[event].sum())]}
    return pd.DataFrame(counts | {"median": [median], "lower": [lower], "upper": [upper]})


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
    data : DataFrame
        One row a person.
    time, event : str
        Columns: end of follow-up (any unit, >= 0); 1 if the event ended it, 0 if censored.
    by : str or list of str, optional
        Column(s) that name the groups.
    share : float
        Share with the event, between 0 and 1: 0.5 the median, 0.25 the first quartile.

    Returns
    -------
    DataFrame
        [by], n, events, median, lower, upper in the unit of `time`; NaN where the curve, or
        its log-log limit, never gets that low.

    Raises
    ------
    ValueError
        As `kaplan_meier`; also for a share that is not between 0 and 1.

    Notes
    -----
    The first time at which the curve is at or below 1 - share; where a step lies exactly on
    that level and a lower one follows, the middle of the step. Equals the median that R prints
    for survfit(conf.type="log-log"), and R's quantile() but for a curve that lies
    exactly on the level up to its end. There quantile() takes the middle between the step's
    start and the last follow-up, a time that says when watching stopped, not when people had
    the event; here, as in R's print, it is the step's start. Where a limit rises again at the end
    of the curve, R's print and we take the first time it is at the level.
    """
    share = chosen_number(share, "share", below=1)
    rows = follow_up(data, time, event, by=by)
    return by_group(rows, by, lambda part: _median(part, time, event, share))


def median_follow_up(
    data: pd.DataFrame, time: str, event: str, by: str | Sequence[str] | None = None
) -> pd.DataFrame:
    """Median time under observation, by reverse Kaplan-Meier.

    The end of observation is the event here, and the event of interest censors it.

    Parameters
    ----------
    data : DataFrame
        One row a person.
    time, event : str
        Columns: end of follow-up (any unit, >= 0); 1 if the event ended it, 0 if censored.
    by : str or list of str, optional
        Column(s) that name the groups.

    Returns
    -------
    DataFrame
        [by], n, left (people whose observation ended without the event), median, lower, upper.

    Raises
    ------
    ValueError
        As `kaplan_meier`.

    Notes
    -----
    Schemper and Smith 1996, doi 10.1016/0197-2456(96)00075-X.
    """
    rows = follow_up(data, time, event, by=by)
    rows[event] = 1 - rows[event]
    found = by_group(rows, by, lambda part: _median(part, time, event, 0.5))
    return found.rename(columns={"events": "left"})


def restricted_mean(
    data: pd.DataFrame, time: str, event: str, horizon: float, by: str | Sequence[str] | None = None
) -> pd.DataFrame:
    """Mean event-free time within a horizon: the area under the curve up to it.

    Parameters
    ----------
    data : DataFrame
        One row a person.
    time, event : str
        Columns: end of follow-up (any unit, >= 0); 1 if the event ended it, 0 if censored.
    horizon : float
        Where the area ends, above 0 and in the unit of `time`; within the follow-up of each
        group, or anywhere in a group that all have had the event.
    by : str or list of str, optional
        Column(s) that name the groups.

    Returns
    -------
    DataFrame
        [by], horizon, mean, se, lower, upper in the unit of `time`; the interval is normal.

    Raises
    ------
    ValueError
        As `kaplan_meier`; also if a group's follow-up ends before the horizon.

    Notes
    -----
    The area A under S up to the horizon; its variance is the sum over event times of
    (area after t)^2 d / (n (n - d)). Equals R's summary(survfit, rmean=horizon).
    """
    horizon = chosen_number(horizon, "horizon")
    rows = follow_up(data, time, event, by=by)

    def one(part: pd.DataFrame) -> pd.DataFrame:
        curve = _curve(part, time, event)
        last, free = curve["time"].iloc[-1], curve["survival"].iloc[-1]
        if last < horizon - tolerance(curve["time"].to_numpy()) and free > 0:
            raise ValueError(
                f"column {time!r}: follow-up ends at {last:.12g}, before the horizon "
                f"{horizon:.12g}. "
                f"Remedy: {within_reach(rows, time, by)}"
            )
        curve = curve[curve["time"] < horizon]
        edges = np.concatenate([[0.0], curve["time"], [horizon]])
        areas = np.diff(edges) * np.concatenate([[1.0], curve["survival"]])
        area_after = areas.sum() - np.cumsum(areas)[:-1]
        d, n = curve["events"].to_numpy(float), curve["at_risk"].to_numpy(float)
        # Var = sum of (area after t)^2 d / (n (n - d)); no area is left once all have died (n = d)
        # Klein and Moeschberger 2003, Survival Analysis, section 4.5
        spread = np.divide(d, n * (n - d), out=np.zeros_like(n), where=n > d)
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

    return by_group(rows, by, one)


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
    data : DataFrame
        One row a person.
    time, event : str
        Columns: end of follow-up (any unit, >= 0); 1 if the event ended it, 0 if censored.
    given : float or list of float
        Event-free time already reached.
    further : float
        Additional time, above 0, in the same unit.
    by : str or list of str, optional
        Column(s) that name the groups.

    Returns
    -------
    DataFrame
        [by], given, further, at_risk (people still followed beyond `given`), survival, se,
        lower, upper; NaN where follow-up does not reach.

    Raises
    ------
    ValueError
        As `kaplan_meier`; also for a `given` below 0 or a `further` that is not above 0.

    Notes
    -----
    S(given + further) / S(given): the curve of those still followed beyond `given`, with its
    own Greenwood error. Equals R's survfit of subset = time > given.
    """
    starts = chosen_times(given, "given")
    further = chosen_number(further, "further")
    rows = follow_up(data, time, event, by=by)

    def one(part: pd.DataFrame) -> pd.DataFrame:
        tables = []
        for start in starts:
            left = part[part[time] > start + tolerance(part[time].to_numpy())]
            row = pd.DataFrame({"given": [start], "further": [further], "at_risk": [0]})
            if len(left):
                read = _read(left, time, event, np.array([start + further]))
                row = row.assign(at_risk=len(left), **read.drop(columns=["time", "at_risk"]))
            tables.append(row)
        columns = ["given", "further", "at_risk", "survival", "se", "lower", "upper"]
        return (
            pd.concat(tables, ignore_index=True)
            .reindex(columns=columns)
            .astype(dict.fromkeys(columns[3:], float))
        )

    return by_group(rows, by, one)


def logrank(
    data: pd.DataFrame,
    time: str,
    event: str,
    by: str | Sequence[str],
    strata: str | Sequence[str] | None = None,
) -> pd.DataFrame:
    """Test by log-rank whether the groups share one hazard.

    Parameters
    ----------
    data : DataFrame
        One row a person.
    time, event : str
        Columns: end of follow-up (any unit, >= 0); 1 if the event ended it, 0 if censored.
    by : str or list of str
        Column(s) that name two or more groups.
    strata : str or list of str, optional
        Column(s) within whose levels the groups are compared.

    Returns
    -------
    DataFrame
        One row: statistic (chi-squared), df, p. A group that is at risk at no event says
        nothing and counts for no degree of freedom.

    Raises
    ------
    ValueError
        As `kaplan_meier`; also if there is only one group, no event, or nobody at risk in a
        second group when an event comes.

    Notes
    -----
    On statsmodels' survdiff; equals R's survdiff, whose df counts the groups with expected
    events.
    """
    columns, layers = as_list(by), as_list(strata)
    if not columns:
        raise ValueError("by names no column: give the one that holds the groups")
    rows = follow_up(data, time, event, by=[*columns, *layers])
    groups = grouped(rows, columns)
    if groups.ngroups == 1:
        require_groups(rows, columns, at_least=2)
    require_some_events(rows, event)
    from statsmodels.duration.survfunc import survdiff

    times, happened = rows[time].to_numpy(), rows[event].to_numpy()
    names = [", ".join(map(str, labels)) for labels, _ in groups]
    group, layer = groups.ngroup().to_numpy(), np.zeros(len(rows), dtype=np.int64)
    if layers:
        layer = grouped(rows, layers).ngroup().to_numpy()
    first = pd.Series(times[happened == 1]).groupby(layer[happened == 1]).min()
    first_event = pd.Series(layer).map(first).to_numpy()
    seen = times >= first_event
    counted = np.unique(group[seen])
    # a stratum links the groups in it if somebody is left after its first event; unlinked groups
    # have no covariance, and R's survdiff stops because its matrix is singular
    link = np.arange(len(names))
    for stratum in np.unique(layer[seen & ((times > first_event) | (happened == 0))]):
        together = link[np.unique(group[seen & (layer == stratum)])]
        link[np.isin(link, together)] = together.min()
    alone = [names[i] for i in counted if link[i] != link[counted[0]]]
    silent = [name for code, name in enumerate(names) if code not in counted]
    if len(counted) < 2 or alone:
        who = (
            f"groups {alone[0]!r} and {names[counted[0]]!r} are at risk together at no event that "
            "leaves somebody without it"
            if alone
            else f"group {silent[0]!r} is never at risk at an event"
        )
        raise ValueError(
            f"column {columns[0]!r}: {who}, there is nothing to compare. "
            "Remedy: check the filter and the strata, or say that these cannot be compared"
        )
    statistic, _ = survdiff(
        times[seen], happened[seen], group[seen], strata=layer[seen] if layers else None
    )
    df = len(counted) - 1
    return pd.DataFrame(
        {"statistic": [float(statistic)], "df": [df], "p": [float(chdtrc(df, statistic))]}
    )
