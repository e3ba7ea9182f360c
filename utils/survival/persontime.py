"""Person-time: who was watched for how long, and how often the event came."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import gammaincinv, kl_div

from utils.checks import (
    complain,
    optional_numbers,
    require_columns,
    require_counts,
    require_event,
    require_groups,
    require_numbers,
    require_some_events,
)
from utils.survival._common import Z95, by_group, chosen_times, follow_up, grouped, same_times
from utils.survival._formula import (
    INTERCEPT,
    Design,
    coefficient_table,
    design,
    standardised,
    without_event,
)
from utils.survival.cox import SETTLED, at_risk_sums, climb


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

    Raises
    ------
    ValueError
        For bad columns (see `utils.checks`), counts that are not whole, a group without
        person-time, or `per` not above 0.

    Notes
    -----
    Limits G(0.025; d) and G(0.975; d + 1) over the person-time, G the gamma quantile; 0 if d = 0.
    Garwood 1936, Biometrika 28:437; equals R's poisson.test.
    """
    if isinstance(per, str) or not 0 < per < np.inf:
        raise ValueError(f"per is {per!r}: give the person-time of the rate, above 0, such as 1000")
    if grouped:
        counts, spans = require_counts(data, event), require_numbers(data, time)
        require_groups(data, by)
        data = data.copy()
        data[event], data[time] = counts, spans
    else:
        data = follow_up(data, time, event, by=by)

    def one(part: pd.DataFrame) -> pd.DataFrame:
        events, person_time = part[event].sum(), part[time].sum()
        if person_time == 0:
            only_here = f"data = data[data[{time!r}] > 0]"
            remedy = only_here if data[time].any() else "name the column that holds the time"
            raise ValueError(f"column {time!r}: no person-time, no rate. Remedy: {remedy}")
        # G(0.025; d) and G(0.975; d + 1) over the person-time, G the gamma quantile
        # Garwood 1936, Biometrika 28:437
        lower = gammaincinv(events, 0.025) / person_time if events else 0.0
        upper = gammaincinv(events + 1, 0.975) / person_time
        return pd.DataFrame(
            {
                "events": [int(events)],
                "person_time": [person_time],
                "rate": [events / person_time * per],
                "lower": [lower * per],
                "upper": [upper * per],
            }
        )

    return by_group(data, by, one)


def _refuse_overwriting(data: pd.DataFrame, new: Sequence[str], own: Sequence[str | None]) -> None:
    """Raise ValueError if a column of the table would be overwritten by one of the result."""
    taken = [name for name in new if name in data.columns and name not in own]
    if taken:
        names = {name: f"{name}_before" for name in taken}
        raise ValueError(
            f"column {taken[0]!r} would be overwritten: the result has a column of that name. "
            f"Remedy: data = data.rename(columns={names})"
        )


def _period_labels(edges: list[float]) -> list[str]:
    """Names such as '0-2' and '10+', with as many digits as tell the edges apart."""
    for digits in range(6, 18):
        names = [f"{e:.0f}" if e.is_integer() and e < 1e15 else f"{e:.{digits}g}" for e in edges]
        if len(set(names)) == len(edges):
            break
    return [f"{a}-{b}" for a, b in zip(names, names[1:])] + [f"{names[-1]}+"]


def split_follow_up(
    data: pd.DataFrame, time: str, event: str, cuts: Sequence[float], entry: str | None = None
) -> pd.DataFrame:
    """Cut each person's follow-up into periods.

    Parameters
    ----------
    data : DataFrame
        One row a person. People without follow-up (time 0, no event) have no period.
    time, event : str
        Columns: end of follow-up (any unit, >= 0); 1 if the event ended it, 0 if censored.
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

    Raises
    ------
    ValueError
        For bad columns (see `utils.checks`), an event at time 0, where there is no period to
        hold it, cuts that do not increase, or a column that would be overwritten.
    """
    checked = follow_up(data, time, event, entry=entry)
    complain(
        time,
        ((checked[time] == 0) & (checked[event] == 1)).to_numpy(),
        data[time],
        "an event at time 0 has no person-time before it",
        f"data = data[data[{time!r}] > 0]  # or, if the time is only rounded to 0, a small time",
    )
    _refuse_overwriting(data, ["start", "stop", "person_time", "period"], [time, entry])
    wanted = chosen_times(cuts, "cuts") if np.size(cuts) else np.zeros(0)
    wanted = wanted[wanted > 0]
    begin = np.zeros(len(data)) if entry is None else checked[entry].to_numpy(float)
    end = checked[time].to_numpy(float)
    beyond = wanted > end.max()  # 9999 for "the rest" says nothing about rounding
    begin, end, middle = same_times(begin, end, wanted[~beyond])
    edges = [0.0, *middle, *wanted[beyond], np.inf]
    if (np.diff(edges) <= 0).any():
        raise ValueError(f"cuts must increase by more than rounding, found {cuts!r}")
    labels = _period_labels([0.0, *wanted])
    rows, period = np.nonzero(
        (end[:, None] > np.array(edges[:-1])) & (begin[:, None] < np.array(edges[1:]))
    )
    start = np.maximum(begin[rows], np.take(edges, period))
    stop = np.minimum(end[rows], np.take(edges, period + 1))
    result = data.iloc[rows].reset_index(drop=True)
    result[event] = np.where(end[rows] == stop, checked[event].to_numpy()[rows], 0)
    result["start"], result["stop"], result["person_time"] = start, stop, stop - start
    result["period"] = pd.Categorical.from_codes(period, labels, ordered=True)
    result["period"] = result["period"].cat.remove_unused_categories()
    return result


def landmark(
    data: pd.DataFrame, time: str, event: str, at: float, became: str | None = None
) -> pd.DataFrame:
    """Start the clock at a landmark, and sort people by what was known then.

    Parameters
    ----------
    data : DataFrame
        One row a person.
    time, event : str
        Columns: end of follow-up (any unit, >= 0); 1 if the event ended it, 0 if censored.
    at : float
        The landmark, in the unit of `time`. People whose follow-up ended by then are left out.
    became : str, optional
        Column with the time at which a person's exposure began (missing or infinite: never). It
        is turned into `exposed`: 1 if that time came at or before the landmark.

    Returns
    -------
    DataFrame
        The people still followed, `time` counted from the landmark, and `exposed`.

    Raises
    ------
    ValueError
        For bad columns (see `utils.checks`), a landmark below 0 or beyond all follow-up, or a
        column `exposed` that would be overwritten.
    """
    checked = follow_up(data, time, event)
    if np.ndim(at):
        raise ValueError(f"at is {at!r}: give one landmark")
    moment = chosen_times(at, "at")
    since = np.full(len(data), np.inf)
    if became is not None:
        require_columns(data, became)
        _refuse_overwriting(data, ["exposed"], [])
        since = np.maximum(optional_numbers(data, became, infinite=True), 0)
        since[np.isnan(since)] = np.inf
    times = checked[time].to_numpy(float)
    since[since > max(times.max(), moment[0])] = (
        np.inf
    )  # 9999 for "never" says nothing about rounding
    times, since, place = same_times(times, since, moment)
    followed = times > place[0]
    if not followed.any():
        raise ValueError(
            f"column {time!r}: nobody is followed beyond the landmark {moment[0]:g}. "
            f"Remedy: at={float(times.max()) / 2!r}  # or another time before {times.max():g}"
        )
    left = data[followed].copy()
    left[time] = (data[time].astype(float) - moment[0])[followed]
    if became is not None:
        left["exposed"] = (since <= place[0])[followed].astype(int)
    return left


def mean_cumulative_count(
    data: pd.DataFrame,
    time: str,
    event: str,
    id: str | Sequence[str],
    entry: str,
    by: str | Sequence[str] | None = None,
) -> pd.DataFrame:
    """Mean number of events per person by time, for events that can come again.

    Parameters
    ----------
    data : DataFrame
        One row an interval (entry, time] of a person. Rows without follow-up (entry equal to
        time) are left out.
    time, event : str
        Columns: end of the interval (any unit, >= 0); 1 if it ended in an event, 0 if not.
    id : str or list of str
        Column(s) that name the person.
    entry : str
        Column with the start of the interval.
    by : str or list of str, optional
        Column(s) that name the groups.

    Returns
    -------
    DataFrame
        [by], time, at_risk, events, mean_count, se, lower, upper. The standard error is
        robust: people, not events, are the units. The interval is on the log scale.

    Raises
    ------
    ValueError
        For bad columns (see `utils.checks`) or a missing `id`.

    Notes
    -----
    M(t) = sum of d(s) / n(s) over s <= t; its variance is the sum over people of the square of
    their sum of (dN(s) - Y(s) d(s) / n(s)) / n(s). Lawless and Nadeau 1995, Technometrics 37:158;
    equals R's survfit(Surv(entry, time, event) ~ 1, id = id, robust = TRUE).
    """
    require_groups(data, id)
    empty = require_numbers(data, entry) == require_numbers(data, time)
    if empty.all():
        raise ValueError(f"column {time!r}: no row has follow-up, check column {entry!r}")
    complain(
        event,
        empty & (require_event(data, event) == 1),
        data[event],
        f"an event in a row without follow-up ({entry!r} equal to {time!r}) would be lost",
        f"data = data[data[{entry!r}] < data[{time!r}]]  # or correct the row",
    )
    kept = follow_up(data[~empty], time, event, entry=entry, by=by)

    def one(part: pd.DataFrame) -> pd.DataFrame:
        starts, stops = part[entry].to_numpy(float), part[time].to_numpy(float)
        happened = part[event].to_numpy() == 1
        grid, place = np.unique(stops, return_inverse=True)
        events = np.bincount(place, happened)
        at_risk = at_risk_sums(np.ones(len(part)), stops, starts, grid)
        mean = np.cumsum(events / at_risk)
        # a person's sum is c - y G(t): G(t) = sum of d(s) / n(s)^2, y their open intervals, and c
        # rises by 1 / n at an event, by G(entry) at an entry and falls by G(time) at an exit;
        # Lawless and Nadeau 1995, Technometrics 37:158
        held = np.concatenate([[0.0], np.cumsum(events / at_risk**2)])
        at = np.concatenate([starts, stops])
        changes = pd.DataFrame(
            {
                "person": np.tile(grouped(part, id).ngroup(), 2),
                "time": at,
                "c": held[np.searchsorted(grid, at, side="right")] * np.repeat([1, -1], len(part)),
                "y": np.repeat([1.0, -1.0], len(part)),
            }
        )
        changes.loc[changes.index >= len(part), "c"] += happened / at_risk[place]
        changes = changes.sort_values(["person", "time"], kind="stable")
        after = changes.groupby("person")[["c", "y"]].cumsum()
        before = after - changes[["c", "y"]]
        squares = pd.DataFrame(
            {
                "cc": after["c"] ** 2 - before["c"] ** 2,
                "cy": after["c"] * after["y"] - before["c"] * before["y"],
                "yy": after["y"] ** 2 - before["y"] ** 2,
            }
        )
        order = np.argsort(changes["time"].to_numpy(), kind="stable")
        sums = np.cumsum(squares.to_numpy()[order], axis=0)
        last = np.searchsorted(changes["time"].to_numpy()[order], grid, side="right") - 1
        cc, cy, yy = sums[last].T
        se = np.sqrt(np.maximum(cc - 2 * held[1:] * cy + held[1:] ** 2 * yy, 0))
        width = np.exp(Z95 * se / np.where(mean > 0, mean, 1))
        return pd.DataFrame(
            {
                "time": grid,
                "at_risk": at_risk.astype(int),
                "events": events.astype(int),
                "mean_count": mean,
                "se": se,
                "lower": mean / width,
                "upper": mean * width,
            }
        )

    return by_group(kept, by, one)


def piecewise_exponential(
    data: pd.DataFrame,
    time: str,
    event: str,
    formula: str,
    by: str | Sequence[str] | None = None,
) -> pd.DataFrame:
    """Poisson model of rates: hazard constant within each period.

    Parameters
    ----------
    data : DataFrame
        The rows of `split_follow_up`, or a table of counts. Rows without person-time and
        without events are left out.
    time, event : str
        Columns: person-time (>= 0); events (0/1 or counts).
    formula : str
        Right-hand side, for example "period + treatment"; "1" for one rate.
    by : str or list of str, optional
        Column(s) that name groups; each gets a model of its own.

    Returns
    -------
    DataFrame
        [by], term, level, coef, se, rate_ratio, lower, upper, p; a row a coefficient. The term
        "Intercept" is the log rate of the reference group. `attrs` holds n (rows used), events,
        dropped and deviance.

    Raises
    ------
    ValueError
        For bad columns (see `utils.checks`), a count that is not whole, an event without
        person-time, a formula that cannot be read, or a rate ratio without a finite value (no
        event in a level); names the term.

    Notes
    -----
    On statsmodels' GLM, covariates centred and scaled for the fit; equals R's
    glm(event ~ ... + offset(log(time)), poisson).
    """
    counts, spans = require_counts(data, event), require_numbers(data, time)
    require_groups(data, by)
    require_some_events(data, event)
    complain(
        time,
        (spans == 0) & (counts > 0),
        data[time],
        "an event needs person-time",
        f"data = data[data[{time!r}] > 0]  # if the source has no better value",
    )
    attrs = {"n": 0, "events": 0, "dropped": 0, "deviance": 0.0}

    def one(part: pd.DataFrame) -> pd.DataFrame:
        found, coef, se, deviance = _poisson(part[part[time] > 0], time, event, formula)
        attrs["n"] += len(found.rows)
        attrs["events"] += int(found.rows[event].sum())
        attrs["dropped"] += len(part) - len(found.rows)
        attrs["deviance"] += deviance
        return coefficient_table(found, coef, se, "rate_ratio")

    data = data.copy()
    data[event], data[time] = counts, spans
    table = by_group(data, by, one)
    table.attrs = attrs
    return table


def _poisson(
    data: pd.DataFrame, time: str, event: str, formula: str
) -> tuple[Design, np.ndarray, np.ndarray, float]:
    """Fit on covariates that are centred and scaled, and take the coefficients back."""
    from statsmodels.genmod.families import Poisson
    from statsmodels.genmod.generalized_linear_model import GLM

    found = design(formula, data, keep_intercept=True)
    require_some_events(found.rows, event)
    events = found.rows[event].to_numpy(float)
    scaled, middle, scale = standardised(found.values)
    first = found.codes.index(INTERCEPT)
    scaled[:, first], scale[first] = 1, 1
    back = np.diag(1 / scale)
    back[first] -= np.where(np.arange(len(scale)) == first, 0, middle / scale)
    _refuse_endless(found, scaled, events, back)
    offset = np.log(found.rows[time].to_numpy(float))
    model = GLM(events, scaled, family=Poisson(), offset=offset)

    def mean(params: np.ndarray) -> np.ndarray:
        return np.exp(scaled @ params + offset)

    def height(params: np.ndarray) -> float:
        return events @ (scaled @ params + offset) - mean(params).sum()

    def score(params: np.ndarray) -> np.ndarray:
        return scaled.T @ (events - mean(params))

    def information(params: np.ndarray) -> np.ndarray:
        return scaled.T @ (mean(params)[:, None] * scaled)

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            params = model.fit(maxiter=100).params
            step = np.linalg.solve(information(params), score(params))
        except (np.linalg.LinAlgError, ValueError):
            step = np.full(len(scale), np.nan)
        if not np.abs(step).max() < SETTLED:
            start = np.zeros(len(scale))
            start[first] = np.log(events.sum() / np.exp(offset).sum())
            params, step = climb(start, height, score, information, 500)
    if not np.abs(step).max() < SETTLED:
        raise ValueError(
            f"formula {formula!r}: the fit does not come to an end, look at the values of its "
            f"columns{found.without(len(scale) - 1)}"
        )
    params = params + step
    # variance (X'WX)^-1 = R^-1 R^-T of the QR decomposition of W^(1/2) X, W the fitted means
    root = np.linalg.inv(np.linalg.qr(np.sqrt(mean(params))[:, None] * scaled, mode="r"))
    deviance = 2 * kl_div(events, mean(params)).sum()
    rows = back @ root
    size = np.abs(rows).max(axis=1, keepdims=True)  # a square of 1e-170 is 0
    se = size[:, 0] * np.sqrt(((rows / size) ** 2).sum(axis=1))
    return found, back @ params, se, float(deviance)


def _refuse_endless(
    found: Design, scaled: np.ndarray, events: np.ndarray, back: np.ndarray
) -> None:
    """Raise ValueError if the likelihood rises for ever along some direction of the coefficients.

    It does along d if x'd is 0 in every row with events and never above 0 in the others: a linear
    programme (Correia, Guimaraes and Zylkin 2019, arXiv 1903.01633).
    """
    from scipy.linalg import null_space
    from scipy.optimize import linprog

    none = without_event(found, events)
    free = null_space(np.linalg.qr(scaled[events > 0], mode="r"), rcond=1e-9)
    if not none and free.shape[1]:
        others = np.unique(scaled[events == 0], axis=0) @ free
        best = linprog(others.sum(axis=0), others, np.zeros(len(others)), bounds=(-1, 1))
        if best.fun < -1e-7:
            size = np.abs(back @ free @ best.x) * found.values.std(axis=0)
            columns = [j for j, part in enumerate(size) if part > 1e-6]
            names = found.names(columns)
            none = f"{names}: rows that it sets apart hold no event", found.without(columns[-1])
    if none:
        said, remedy = none
        raise ValueError(f"{said}, so its rate has no lower end on the log scale{remedy}")
