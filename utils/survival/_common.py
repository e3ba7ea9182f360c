"""What the survival methods share: checked rows, groups, the log-log interval, step functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

from utils.checks import (
    as_list,
    complain,
    require_follow_up,
    require_free_names,
)

Z95 = float(ndtri(0.975))
ROUNDING = 1e-12


def tolerance(times: np.ndarray) -> float:
    """How near two times may be and still be one: sqrt(machine epsilon), or that times the mean.

    The mean is that of the distinct finite times, as in R's survival::aeqSurv.
    """
    distinct = np.unique(times[np.isfinite(times)])
    size = np.abs(distinct).mean() if distinct.size else 0.0
    return float(np.sqrt(np.finfo(float).eps) * max(1.0, size))


def same_times(*columns: np.ndarray) -> list[np.ndarray]:
    """Give times that differ only by rounding (0.3 and 0.1 + 0.2) one value, the least.

    Parameters
    ----------
    *columns : ndarray of float
        One column of times, or several that share their clock (entry and exit).

    Returns
    -------
    list of ndarray
        The same columns; neighbours no further apart than `tolerance` are one time.

    Notes
    -----
    Times y(1) < y(2) < ... part where y(i+1) - y(i) > sqrt(eps) max(1, mean |y|).
    R's timefix: survival::aeqSurv, Therneau's vignette "Roundoff error and tied times".
    """
    distinct = np.unique(np.concatenate(columns))
    distinct = distinct[np.isfinite(distinct)]
    first = np.concatenate([[True], np.diff(distinct) > tolerance(distinct)])
    cuts = distinct[first[: distinct.size]]
    return [cuts[np.searchsorted(cuts, column, side="right") - 1] for column in columns]


def follow_up(
    data: pd.DataFrame,
    time: str,
    event: str,
    *,
    entry: str | None = None,
    by: str | Sequence[str] | None = None,
    causes: bool = False,
) -> pd.DataFrame:
    """Return the checked rows, their times as floats without near-ties and events as int64.

    Parameters are those of `utils.checks.require_follow_up`; every other column stays as it is.

    Raises
    ------
    ValueError
        As `require_follow_up`; also for an interval that rounding alone keeps from being empty.
    """
    end, codes, begin = require_follow_up(data, time, event, entry=entry, by=by, causes=causes)
    clocks = {time: end} if entry is None or begin is None else {time: end, entry: begin}
    columns = same_times(*clocks.values())
    if entry is not None:
        complain(
            entry,
            columns[1] >= columns[0],
            data[entry],
            f"the interval up to {time!r} has no length but that of rounding",
            f"data = data[data[{time!r}] - data[{entry!r}] > 1e-6 * data[{time!r}]]",
        )
    rows = data.copy()
    rows[event] = codes
    for name, values in zip(clocks, columns):
        rows[name] = values
    return rows


def chosen_times(at: float | Sequence[float], name: str) -> np.ndarray:
    """Times at which a curve is read, as an array.

    Raises
    ------
    ValueError
        Unless there is one at least, and each is finite and not below 0; `name` is its parameter.
    """
    try:
        given = np.atleast_1d(at)
        times = given.astype(float) if given.dtype.kind not in "mM" else np.zeros(0)
    except (TypeError, ValueError):
        times = np.zeros(0)
    if times.ndim > 1 or not times.size or not (np.isfinite(times) & (times >= 0)).all():
        raise ValueError(f"{name} is {at!r}: give a number or a list of numbers of 0 or above")
    return times


def grouped(data: pd.DataFrame, columns: str | Sequence[str]) -> Any:
    """Groups of rows by columns, whatever the index is called; no category without rows."""
    return data.groupby([data[column] for column in as_list(columns)], observed=True, sort=True)


def chosen_number(value: float, name: str, below: float = np.inf, above: float = 0) -> float:
    """One number as a float.

    Raises
    ------
    ValueError
        Unless it is one number between `above` and `below`; `name` is its parameter.
    """
    try:
        number = float(value) if np.ndim(value) == 0 else np.nan
    except (TypeError, ValueError):
        number = np.nan
    if not above < number < below:
        raise ValueError(f"{name} is {value!r}: give one number between {above:g} and {below:g}")
    return number


def within_reach(rows: pd.DataFrame, time: str, by: Any) -> str:
    """The remedy for a horizon that a group is not followed to."""
    last = grouped(rows, by)[time].max().min() if as_list(by) else rows[time].max()
    if last == 0:
        return f"data = data[data[{time!r}] > 0]  # leaves out people without follow-up"
    return f"horizon={float(last)!r}  # or below"


def by_group(
    data: pd.DataFrame, by: str | Sequence[str] | None, one: Callable[[pd.DataFrame], pd.DataFrame]
) -> pd.DataFrame:
    """Apply `one` to each group and put the group's label in front of its rows.

    An error in a group says which group; categories without rows are left out.
    """
    columns = as_list(by)
    if not columns:
        return one(data)
    tables = []
    for labels, part in grouped(data, columns):
        try:
            table = one(part)
        except ValueError as error:
            named = ", ".join(f"{c} {label!r}" for c, label in zip(columns, labels))
            raise ValueError(f"in the group {named}: {error}") from error
        require_free_names(table, columns)
        for position, (column, label) in enumerate(zip(columns, labels)):
            table.insert(position, column, [label] * len(table))
        tables.append(table)
    result = pd.concat(tables, ignore_index=True)
    for column in columns:
        kept = data[column]
        if isinstance(kept.dtype, pd.CategoricalDtype):
            kept = kept.cat.remove_unused_categories()
        result[column] = result[column].astype(kept.dtype)
    return result


def log_log_interval(probability: np.ndarray, se: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """95% interval on the log(-log) scale, which stays between 0 and 1.

    Parameters
    ----------
    probability, se : ndarray
        Estimates between 0 and 1 and their standard errors.

    Returns
    -------
    lower, upper : ndarray
        As R's survfit(conf.type="log-log") while the estimate is inside (0, 1), and NaN as
        there once it is 0. Before the first event, where it is 1, R's survfit leaves the
        interval missing and its summary(times=0) says 1 to 1; here it is 1 to 1 throughout.

    Notes
    -----
    p ** exp(-+ z se / (p log p)), from the delta method on log(-log p).
    Kalbfleisch and Prentice 2002, The Statistical Analysis of Failure Time Data, section 1.4.
    """
    inside = (probability > ROUNDING) & (probability < 1 - ROUNDING)
    p = np.where(inside, probability, 0.5)
    # p ** exp(-+ z se / (p log p)), the delta method on log(-log p)
    # Kalbfleisch and Prentice 2002, The Statistical Analysis of Failure Time Data, section 1.4
    width = Z95 * np.where(inside, se, 0) / (p * np.log(p))
    edge = np.where(probability >= 1 - ROUNDING, 1.0, np.nan)
    lower = np.where(inside, p ** np.exp(-width), edge)
    upper = np.where(inside, p ** np.exp(width), edge)
    return lower, upper


def step(times: np.ndarray, values: np.ndarray, at: np.ndarray, before: float) -> np.ndarray:
    """Value of a step function at the times `at`; `before` holds until its first step.

    A time that falls short of a step by rounding alone (`tolerance`) is on it.
    """
    reached = np.searchsorted(times, np.asarray(at) + tolerance(times), side="right")
    return np.concatenate([[before], values])[reached]
