"""What the survival methods share: groups, the log-log interval, step functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from scipy.stats import norm

from utils.checks import as_list

Z95 = norm.ppf(0.975)


def by_group(
    data: pd.DataFrame, by: str | Sequence[str] | None, one: Callable[[pd.DataFrame], pd.DataFrame]
) -> pd.DataFrame:
    """Apply `one` to each group and put the group's label in front of its rows."""
    columns = as_list(by)
    if not columns:
        return one(data)
    tables = []
    for labels, part in data.groupby(columns, observed=True, sort=True):
        table = one(part)
        for position, (column, label) in enumerate(zip(columns, labels)):
            table.insert(position, column, label)
        tables.append(table)
    result = pd.concat(tables, ignore_index=True)
    for column in columns:
        result[column] = result[column].astype(data[column].dtype)
    return result


def log_log_interval(probability: np.ndarray, se: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """95% interval on the log(-log) scale, which stays between 0 and 1.

    As in R's survfit(conf.type="log-log"): (1, 1) before the first event, NaN once
    the estimate is 0.
    """
    inside = (probability > 0) & (probability < 1)
    p = np.where(inside, probability, 0.5)
    width = Z95 * np.where(inside, se, 0) / (p * np.log(p))
    edge = np.where(probability >= 1, 1.0, np.nan)
    lower = np.where(inside, p ** np.exp(-width), edge)
    upper = np.where(inside, p ** np.exp(width), edge)
    return lower, upper


def step(times: np.ndarray, values: np.ndarray, at: np.ndarray, before: float) -> np.ndarray:
    """Value of a step function at the times `at`; `before` holds until its first step."""
    return np.concatenate([[before], values])[np.searchsorted(times, at, side="right")]
