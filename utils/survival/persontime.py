"""Person-time: who was watched for how long, and how often the event came."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from statsmodels.stats.rates import confint_poisson

from utils.checks import (
    require_columns,
    require_follow_up,
    require_groups,
    require_numbers,
    require_some_events,
)
from utils.survival._common import Z95, by_group


def rates(
    data: pd.DataFrame,
    time: str,
    event: str,
    by: str | Sequence[str] | None = None,
    per: float = 1.0,
    grouped: bool = False,
) -> pd.DataFrame:
    """Events per person-time, with exact Poisson intervals.

    Parameters
    ----------
    data : DataFrame
        One row a person, a person's interval or, with `grouped`, a cell of a count table.
    time, event : str
        Columns: person-time; 0/1 events, or counts with `grouped`.
    by : str or list of str, optional
        Column(s) that name the groups.
    per : float
        Person-time that the rate refers to: 100 gives events per 100 units of `time`.
    grouped : bool
        True if `event` holds counts.

    Returns
    -------
    DataFrame
        [by], events, person_time, rate, lower, upper (the last three per `per`).
    """
    if grouped:
        require_numbers(data, time)
        require_numbers(data, event)
        require_groups(data, by)
    else:
        require_follow_up(data, time, event, by=by)

    def one(part: pd.DataFrame) -> pd.DataFrame:
        events, person_time = part[event].sum(), part[time].sum()
        if person_time == 0:
            raise ValueError(
                f"column {time!r}: a group has no person-time. Remedy: leave that group out"
            )
        lower, upper = confint_poisson(events, person_time, method="exact-c")
        return pd.DataFrame(
            {
                "events": [int(events)],
                "person_time": [person_time],
                "rate": [events / person_time * per],
                "lower": [max(float(np.nan_to_num(lower)), 0.0) * per],
                "upper": [float(upper) * per],
            }
        )

    return by_group(data, by, one)


def split_follow_up(
    data: pd.DataFrame, time: str, event: str, cuts: Sequence[float], entry: str | None = None
) -> pd.DataFrame:
    """Cut each person's follow-up into periods.

    Parameters
    ----------
    cuts : list of float
        Times at which a new period starts, increasing, in the unit of `time`.
    entry : str, optional
        Column with the start of follow-up; 0 if left out.

    Returns
    -------
    DataFrame
        A row per person and period: the columns of `data`, with start, stop, person_time,
        period (an ordered label such as '0-2' or '10+') and the event only in the period in
        which it happened. The time of the event belongs to the period that it ends.
    """
    require_follow_up(data, time, event, entry=entry)
    edges = [0.0, *(float(cut) for cut in cuts if cut > 0), np.inf]
    if any(a >= b for a, b in zip(edges, edges[1:])):
        raise ValueError(f"cuts must increase, found {list(cuts)}")
    labels = [f"{a:g}-{b:g}" if np.isfinite(b) else f"{a:g}+" for a, b in zip(edges, edges[1:])]
    data = data.reset_index(drop=True)
    begin = pd.Series(0.0, data.index) if entry is None else data[entry].astype(float)
    end, happened = data[time].astype(float), data[event].astype(int)
    pieces = []
    for label, a, b in zip(labels, edges, edges[1:]):
        rows = data.index[(end > a) & (begin < b)]
        start, stop = begin[rows].clip(lower=a), end[rows].clip(upper=b)
        pieces.append(
            data.loc[rows].assign(
                **{
                    event: happened[rows].where(end[rows] <= b, 0),
                    "start": start,
                    "stop": stop,
                    "person_time": stop - start,
                    "period": label,
                }
            )
        )
    result = pd.concat(pieces).sort_index(kind="stable").reset_index(drop=True)
    seen = [label for label in labels if (result["period"] == label).any()]
    result["period"] = pd.Categorical(result["period"], categories=seen, ordered=True)
    return result


def landmark(
    data: pd.DataFrame, time: str, event: str, at: float, became: str | None = None
) -> pd.DataFrame:
    """Start the clock at a landmark, and sort people by what was known then.

    Parameters
    ----------
    at : float
        The landmark, in the unit of `time`. People whose follow-up ended by then are left out.
    became : str, optional
        Column with the time at which a person's exposure began (NaN: never). It is turned
        into `exposed`: 1 if that time came at or before the landmark.

    Returns
    -------
    DataFrame
        The people still followed, `time` counted from the landmark, and `exposed`.
    """
    require_follow_up(data, time, event)
    left = data[data[time] > at].copy()
    if left.empty:
        raise ValueError(
            f"column {time!r}: nobody is followed beyond the landmark {at:g}. "
            "Remedy: choose an earlier landmark"
        )
    left[time] = left[time] - at
    if became is not None:
        require_columns(data, became)
        left["exposed"] = (left[became] <= at).astype(int)
    return left


def mean_cumulative_count(
    data: pd.DataFrame, id: str, start: str, stop: str, event: str, by: str | None = None
) -> pd.DataFrame:
    """Mean number of events per person by time, for events that can come again.

    Parameters
    ----------
    data : DataFrame
        One row an interval (start, stop] of a person; `event` 1 if the interval ended in one.
        Rows without follow-up (start equal to stop) are left out.
    id : str
        Column that names the person.

    Returns
    -------
    DataFrame
        [by], time, at_risk, events, mean_count, se, lower, upper. The standard error is
        robust (Lawless and Nadeau 1995): people, not events, are the units. The interval is
        on the log scale.
    """
    require_columns(data, [id, start, stop, event])
    kept = data[data[stop] != data[start]]
    require_follow_up(kept, stop, event, entry=start, by=by)

    def one(part: pd.DataFrame) -> pd.DataFrame:
        starts, stops = part[start].to_numpy(float), part[stop].to_numpy(float)
        happened = part[event].to_numpy(float)
        grid = np.unique(stops)
        under = (starts[:, None] < grid) & (stops[:, None] >= grid)
        here = (stops[:, None] == grid) * happened[:, None]
        at_risk, events = under.sum(axis=0), here.sum(axis=0)
        mean = np.cumsum(events / at_risk)
        excess = np.cumsum((here - under * (events / at_risk)) / at_risk, axis=1)
        person = pd.DataFrame(excess).groupby(part[id].to_numpy()).sum().to_numpy()
        se = np.sqrt((person**2).sum(axis=0))
        width = np.exp(Z95 * se / np.where(mean > 0, mean, 1))
        return pd.DataFrame(
            {
                "time": grid,
                "at_risk": at_risk,
                "events": events.astype(int),
                "mean_count": mean,
                "se": se,
                "lower": mean / width,
                "upper": mean * width,
            }
        )

    return by_group(kept, by, one)


def piecewise_exponential(data: pd.DataFrame, formula: str, time: str, event: str) -> pd.DataFrame:
    """Poisson model of rates: hazard constant within each period.

    Parameters
    ----------
    data : DataFrame
        The rows of `split_follow_up`, or a table of counts.
    formula : str
        Right-hand side, for example "C(period) + treatment".
    time, event : str
        Columns: person-time (> 0); events (0/1 or counts).

    Returns
    -------
    DataFrame
        A row per term: coef, se, rate_ratio, lower, upper, p. The intercept is the log rate
        of the reference group. `attrs` holds n (rows), events and deviance.
    """
    from statsmodels.genmod.families import Poisson
    from statsmodels.genmod.generalized_linear_model import GLM

    from utils.survival.cox import coefficient_table, design_matrix

    require_numbers(data, event)
    require_numbers(data, time)
    require_some_events(data, event)
    used = data[data[time] > 0]
    exog, used = design_matrix(formula, used, keep_intercept=True)
    for term in exog.columns[exog.isin([0, 1]).all()]:
        if not used.loc[exog[term] == 1, event].any():
            raise ValueError(
                f"term {term!r} holds no event in column {event!r}: its rate has no "
                "lower end on the log scale. Remedy: join it with its neighbour, or "
                "leave its rows out and say so"
            )
    fit = GLM(
        used[event].to_numpy(float),
        exog,
        family=Poisson(),
        offset=np.log(used[time].to_numpy(float)),
    ).fit(tol=1e-12, tol_criterion="params")
    table = coefficient_table(exog.columns, fit.params, fit.bse, "rate_ratio")
    table.attrs.update(n=len(used), events=int(used[event].sum()), deviance=float(fit.deviance))
    return table
