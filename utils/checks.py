"""Say what is wrong with a table, where, and how to mend it, before any model sees it."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

import numpy as np
import pandas as pd


def as_list(names: str | Sequence[str] | None) -> list[str]:
    """Return column names as a list: None is empty, one name is a list of one."""
    if names is None:
        return []
    return [names] if isinstance(names, str) else list(names)


def require_columns(data: pd.DataFrame, names: str | Sequence[str]) -> None:
    """Raise ValueError if a column is absent, naming the nearest one there is."""
    if not isinstance(data, pd.DataFrame):
        raise ValueError(f"data must be a pandas DataFrame, not {type(data).__name__}")
    for name in as_list(names):
        if name not in data.columns:
            near = get_close_matches(str(name), [str(c) for c in data.columns], n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise ValueError(f"no column {name!r}: {hint}the columns are {list(data.columns)}")
    if data.empty:
        raise ValueError("the table has no rows: check the filter that made it")


def _complain(column: str, bad: np.ndarray, values: pd.Series, problem: str, remedy: str) -> None:
    if bad.any():
        (row,), (value,) = values.index[bad][:1].tolist(), values[bad][:1].tolist()
        raise ValueError(
            f"column {column!r}, row {row!r}: {problem}, found {value!r} "
            f"({int(bad.sum())} such row(s)). Remedy: {remedy}"
        )


def require_numbers(data: pd.DataFrame, column: str, *, minimum: float | None = 0) -> None:
    """Raise ValueError unless a column holds finite numbers of at least `minimum`."""
    require_columns(data, column)
    values = data[column]
    if not pd.api.types.is_numeric_dtype(values):
        raise ValueError(
            f"column {column!r} holds {values.dtype}, not numbers. "
            f"Remedy: data[{column!r}] = pd.to_numeric(data[{column!r}])"
        )
    numbers = values.to_numpy(dtype=float, na_value=np.nan)
    _complain(
        column,
        ~np.isfinite(numbers),
        values,
        "a finite number is needed",
        f"look at these rows, then data.dropna(subset=[{column!r}]) if they may be left out",
    )
    if minimum is not None:
        _complain(
            column,
            numbers < minimum,
            values,
            f"must be at least {minimum}",
            "correct the value at its source or leave the row out knowingly",
        )


def require_event(data: pd.DataFrame, column: str, *, causes: bool = False) -> None:
    """Raise ValueError unless events are coded 0/1 (or, with causes, 0, 1, 2, ...)."""
    require_columns(data, column)
    if pd.api.types.is_bool_dtype(data[column]):
        return
    require_numbers(data, column, minimum=None)
    values, codes = data[column], data[column].to_numpy(float)
    if causes:
        _complain(
            column,
            (codes < 0) | (codes % 1 != 0),
            values,
            "causes are whole numbers, 0 for censored",
            "recode so that 0 means censored",
        )
        return
    _complain(
        column,
        (codes != 0) & (codes != 1),
        values,
        "an event is 0 (censored) or 1 (it happened)",
        f"if {values.max():g} means the event: "
        f"data[{column!r}] = (data[{column!r}] == {values.max():g}).astype(int)",
    )


def require_groups(
    data: pd.DataFrame, columns: str | Sequence[str] | None, *, at_least: int = 1
) -> None:
    """Raise ValueError if a grouping column has missing values, empty levels or too few groups."""
    for column in as_list(columns):
        require_columns(data, column)
        values = data[column]
        _complain(
            column,
            values.isna().to_numpy(),
            values,
            "the group is missing",
            f"name the group, or leave these rows out: data.dropna(subset=[{column!r}])",
        )
        if isinstance(values.dtype, pd.CategoricalDtype):
            empty = [level for level in values.cat.categories if not (values == level).any()]
            if empty:
                raise ValueError(
                    f"column {column!r}: the group {empty[0]!r} has no rows. Remedy: "
                    f"data[{column!r}] = data[{column!r}].cat.remove_unused_categories()"
                )
        if values.nunique() < at_least:
            raise ValueError(
                f"column {column!r} holds one group only ({values.iloc[0]!r}): "
                f"comparing needs at least {at_least}. Remedy: check the filter that made the table"
            )


def require_some_events(data: pd.DataFrame, event: str) -> None:
    """Raise ValueError if nothing happened: a comparison then has nothing to estimate."""
    if not (data[event] > 0).any():
        raise ValueError(
            f"column {event!r}: no events in {len(data)} rows, nothing to estimate. "
            "Remedy: check the coding (1 = it happened) and the filter that made the table"
        )


def require_follow_up(
    data: pd.DataFrame,
    time: str,
    event: str,
    *,
    entry: str | None = None,
    by: str | Sequence[str] | None = None,
    causes: bool = False,
) -> None:
    """Check the columns that every survival function shares.

    Parameters
    ----------
    data : DataFrame
        One row a person (or a person's interval).
    time, event, entry : str
        Columns: end of follow-up (finite, >= 0), event (0/1 or bool), start of follow-up
        (finite, >= 0, before `time`).
    by : str or list of str, optional
        Grouping columns: no missing value, no empty category.
    causes : bool
        True if `event` may hold several causes, 0 for censored.

    Raises
    ------
    ValueError
        Names the column, the first bad row and the remedy.
    """
    require_columns(data, [time, event, *as_list(entry), *as_list(by)])
    require_numbers(data, time)
    require_event(data, event, causes=causes)
    require_groups(data, by)
    if entry is not None:
        require_numbers(data, entry)
        _complain(
            entry,
            (data[entry] >= data[time]).to_numpy(),
            data[entry],
            f"entry must come before {time!r}",
            "leave out rows with no follow-up, knowingly",
        )
