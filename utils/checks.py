"""Say what is wrong with a table, where, and how to mend it, before any model sees it."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator, Sequence
from decimal import Decimal
from difflib import get_close_matches
from numbers import Real
from typing import NoReturn

import numpy as np
import pandas as pd

HAPPENED = {
    *("yes", "y", "true", "t", "event", "dead", "died", "death", "deceased", "dod"),
    *("relapse", "relapsed", "recurrence", "recurred", "progressed", "positive"),
    *("ja", "oui", "si", "sí"),
}
CENSORED = {
    *("no", "n", "false", "f", "none", "censored", "censor", "alive", "living", "ned"),
    *("disease free", "diseasefree", "event-free", "event free", "negative", "lost", "awd"),
    *("nein", "non", "lost to follow-up"),
}
DATE = r"\s*(\d{1,4})[-/.](\d{1,2}|[A-Za-z]{3})[-/.](\d{1,4})([ T].*)?"


def as_list(names: str | Sequence[str] | None) -> list[str]:
    """Return column names as a list without repeats: None is empty, one name a list of one."""
    if names is None:
        return []
    if isinstance(names, str) or not isinstance(names, Iterable):
        return [names]
    if isinstance(names, Iterator):
        raise ValueError(f"{names!r} names no columns: give one name or a list of names")
    for name in [names] if isinstance(names, pd.Series) else names:
        if not isinstance(name, Hashable):
            raise ValueError(
                f"a {type(name).__name__} is given where the name of one column is needed, "
                "as in time='months'"
            )
    return list(dict.fromkeys(names))


def require_columns(data: pd.DataFrame, names: str | Sequence[str]) -> None:
    """Raise ValueError if a column is absent (naming the nearest one) or there twice."""
    if not isinstance(data, pd.DataFrame):
        raise ValueError(f"data must be a pandas DataFrame, not {type(data).__name__}")
    if data.columns.nlevels > 1:
        raise ValueError(
            f"the columns have names in {data.columns.nlevels} levels, such as {data.columns[0]}. "
            "Remedy: data = data.set_axis(['_'.join(map(str, c)) for c in data.columns], axis=1)"
        )
    for name in as_list(names):
        if name not in data.columns:
            known = {str(column).strip().lower(): column for column in data.columns}
            near = get_close_matches(str(name).strip().lower(), known, n=1)
            hint = f"did you mean {known[near[0]]!r}? " if near else ""
            if name in data.index.names:
                hint = "it is the index. Remedy: data = data.reset_index()  # "
            raise ValueError(f"no column {name!r}: {hint}the columns are {list(data.columns)}")
        if isinstance(data[name], pd.DataFrame):
            raise ValueError(
                f"column {name!r} is there {data[name].shape[1]} times: which one is meant? "
                "Remedy: data = data.loc[:, ~data.columns.duplicated()]  # keeps the first of each"
            )
    if data.empty:
        raise ValueError("the table has no rows: check the filter that made it")


def complain(column: str, bad: np.ndarray, values: pd.Series, problem: str, remedy: str) -> None:
    """Raise ValueError if any row is bad: column, first bad row and its value, and the remedy.

    A row is named by its label, and by its position (from 0) too where labels repeat.
    """
    bad = np.asarray(bad, dtype=bool)
    if bad.any():
        (label,), (value,) = values.index[bad][:1].tolist(), values[bad][:1].tolist()
        row = repr(label)
        if not values.index.is_unique:
            row += f" at position {int(bad.argmax())}"
        raise ValueError(
            f"column {column!r}, row {row}: {problem}, found {value!r} "
            f"({int(bad.sum())} such row(s)). Remedy: {remedy}"
        )


def require_present(data: pd.DataFrame, column: str, problem: str = "the value is missing") -> None:
    """Raise ValueError if a column has a missing value, naming its first row."""
    require_columns(data, column)
    missing = data[column].isna().to_numpy()
    remedy = f"data = data.dropna(subset=[{column!r}])  # if these rows may be left out"
    if missing.all():
        remedy = "name another column, in this one no row has a value"
    complain(column, missing, data[column], problem, remedy)


def holds_numbers(values: pd.Series) -> bool:
    """Whether a column holds real numbers or true/false, be it as objects with gaps."""
    if values.dtype == object:
        return all(isinstance(value, (Real, Decimal, np.bool_)) for value in values.dropna())
    kind = values.dtype.kind
    return kind == "b" or (kind != "c" and pd.api.types.is_numeric_dtype(values))


def _all_text(values: pd.Series) -> bool:
    """Whether every entry that is there is text."""
    return all(isinstance(value, str) for value in values.dropna())


def _parsed(words: pd.Series) -> pd.Series:
    """Text as numbers; NaN where it is none."""
    return pd.to_numeric(words.str.strip(), errors="coerce").astype(float)


def refuse_numbers_as_text(data: pd.DataFrame, column: str, more_than: float = 0.5) -> None:
    """Raise ValueError if more than a share of the entries of a text column look like numbers.

    Names the first entry that does not, if there is one; decimal commas count as numbers.
    """
    values = data[column]
    if holds_numbers(values):
        return
    times = values.dropna().astype(str).value_counts(sort=False)
    words, text = pd.Series(times.index, dtype=str), f"data[{column!r}]"
    if isinstance(values.dtype, pd.CategoricalDtype) or not _all_text(values):
        text += ".astype(str)"
    comma = words.str.contains(",")
    thousands = words.str.fullmatch(r"\s*[-+]?\d{1,3}(,\d{3})+(\.\d*)?\s*")
    dotted, bare = f"{text}.str.replace(',', '.')", f"{text}.str.replace(',', '')"
    read = {
        text: words,
        dotted: words.str.replace(",", "."),
        bare: words.where(thousands | ~comma).str.replace(",", ""),
        f"{text}.str.replace('.', '').str.replace(',', '.')": (
            words.where(~comma, words.str.replace(".", "").str.replace(",", "."))
        ),
    }
    counts = {code: times.to_numpy()[_parsed(found).notna()].sum() for code, found in read.items()}
    best = max(counts, key=lambda code: counts[code])
    if counts[best] <= more_than * times.sum():
        return
    others = counts[best] < times.sum()
    coerce = ", errors='coerce'" if others else ""
    remedy = f"data[{column!r}] = pd.to_numeric({best}{coerce})"
    if best != text:
        unclear = best == dotted and counts[bare] == counts[best]
        complain(
            column,
            values.astype(str).str.contains(",", regex=False).to_numpy(dtype=bool, na_value=False),
            values,
            "text with a comma in a number",
            f"{remedy}  # or .replace(',', ''), if the comma parts thousands"
            if unclear
            else remedy,
        )
    if not others:
        raise ValueError(
            f"column {column!r} holds numbers as text ({values.dtype}), not numbers. "
            f"Remedy: {remedy}"
        )
    complain(
        column,
        values.notna().to_numpy() & _parsed(values.astype(str)).isna().to_numpy(),
        values,
        "text among text that looks like numbers",
        f"{remedy}  # makes these entries missing",
    )


def _not_numbers(data: pd.DataFrame, column: str) -> NoReturn:
    """Raise ValueError with the remedy for dates, durations, categories or text."""
    values = data[column]
    this = f"data[{column!r}]"

    def refuse(what: str, remedy: str) -> NoReturn:
        raise ValueError(f"column {column!r} holds {what}, not numbers. Remedy: {remedy}")

    if pd.api.types.is_datetime64_any_dtype(values):
        others = [
            name
            for name in data.columns
            if name != column
            and pd.api.types.is_datetime64_any_dtype(data[name])
            and hasattr(data[name].dtype, "tz") == hasattr(values.dtype, "tz")
            and not (data[name] >= values).any()
        ]
        first = min(others, key=lambda name: data[name].min()) if others else None
        begin = f"data[{first!r}]" if others else "start"
        end = this if others or not hasattr(values.dtype, "tz") else f"{this}.dt.tz_localize(None)"
        refuse(
            "dates",
            f"{this} = ({end} - {begin}).dt.days / 30.4375  # months"
            f"{'' if others else '; start: the date on which each follow-up began'}",
        )
    if values.infer_objects().dtype.kind == "m":
        refuse("durations", f"{this} = {this} / pd.Timedelta(days=1)  # days")
    if isinstance(values.dtype, pd.PeriodDtype):
        refuse("periods", f"{this} = {this}.dt.to_timestamp()  # dates")
    if isinstance(values.dtype, pd.CategoricalDtype) and pd.api.types.is_numeric_dtype(
        values.cat.categories
    ):
        refuse("categories", f"{this} = {this}.astype(float)")
    refuse_numbers_as_text(data, column, more_than=0)
    words = values.dropna().astype(str)
    if len(words) and words.str.fullmatch(DATE).all():
        iso = words.str.match(r"\s*\d{4}-").all()
        refuse(
            "dates as text",
            f"{this} = pd.to_datetime({this}{'' if iso else ', dayfirst=True'})"
            f"{'' if iso else '  # if the day comes first'}",
        )
    numeric = [str(name) for name in data.columns if pd.api.types.is_numeric_dtype(data[name])]
    refuse(f"{values.dtype} such as {values.iloc[0]!r}", f"name one of the columns {numeric}")


def require_numbers(data: pd.DataFrame, column: str, *, minimum: float | None = 0) -> np.ndarray:
    """Return a column as floats, after checking it.

    Parameters
    ----------
    data : DataFrame
        The table.
    column : str
        A column of finite numbers of any type: nullable and object ones too, true/false as 1/0.
    minimum : float, optional
        The least number allowed; None for any.

    Returns
    -------
    ndarray of float
        The numbers.

    Raises
    ------
    ValueError
        Names the column, the first bad row and the remedy.
    """
    require_columns(data, column)
    values = data[column]
    missing = values.isna().to_numpy()
    if not missing.all() and not holds_numbers(values):
        _not_numbers(data, column)
    if missing.any():
        require_present(data, column, "a finite number is needed, it is missing")
    numbers = values.to_numpy(dtype=float)
    complain(
        column,
        ~np.isfinite(numbers),
        values,
        "a finite number is needed",
        f"data = data[data[{column!r}].abs() < np.inf]  # if these rows may be left out",
    )
    if minimum is not None:
        complain(
            column,
            numbers < minimum,
            values,
            f"must be at least {minimum}",
            f"data = data[data[{column!r}] >= {minimum}]  # if the source has no better value",
        )
    return numbers


def _meant(word: str) -> str:
    """A word as the lists above have it: "1:DECEASED" and "1 = deceased" are deceased."""
    return re.sub(r"^\d+\s*[:=.)-]\s*(?=\D)", "", word.strip().lower())


def _means_event(word: str) -> bool:
    """Whether a word or code means something else than censored."""
    return _meant(word) not in CENSORED | {"", "0", "0.0"}


def optional_numbers(
    data: pd.DataFrame, column: str, *, minimum: float | None = None, infinite: bool = False
) -> np.ndarray:
    """Return a column as floats, NaN where it is missing, after `require_numbers` on the rest.

    Infinite numbers are errors, unless `infinite`.
    """
    require_columns(data, column)
    values = data[column]
    known = data[(values.notna() & ~(infinite & values.isin([np.inf, -np.inf]))).to_numpy()]
    if len(known):
        require_numbers(known, column, minimum=minimum)
    return values.to_numpy(dtype=float, na_value=np.nan)


def require_scalar(value: object, name: str, *, positive: bool = False) -> float:
    """Return what was given by hand as a float: one finite number, 0 or above (or above 0)."""
    try:
        number = np.nan if isinstance(value, str) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = np.nan
    if not 0 <= number < np.inf or (positive and number == 0):
        least = "above 0" if positive else "0 or above"
        raise ValueError(f"{name}={value!r}: give one number, {least}. Remedy: {name}=1")
    return number


def require_intervals(
    table: pd.DataFrame,
    estimate: str,
    lower: str,
    upper: str,
    *,
    log: str = "",
) -> pd.DataFrame:
    """Return a table whose estimates and limits are floats, after checking that they fit.

    Parameters
    ----------
    table : DataFrame
        A row an estimate.
    estimate, lower, upper : str
        Columns: finite; finite or missing; finite, missing or infinite. Half an interval is none.
    log : str
        For numbers on a log scale: the remedy where one is not.

    Returns
    -------
    DataFrame
        A copy.

    Raises
    ------
    ValueError
        Names the column, the first bad row and the remedy; also for an estimate outside its limits.
    """
    value = require_numbers(table, estimate, minimum=None)
    low, high = optional_numbers(table, lower), optional_numbers(table, upper, infinite=True)
    half = np.isnan(low) | np.isnan(high)
    low, high = np.where(half, np.nan, low), np.where(half, np.nan, high)
    near = 1e-9 * np.abs(value)
    complain(
        estimate,
        (low - value > near) | (value - high > near),
        table[estimate],
        f"the estimate lies outside its interval in {lower!r} and {upper!r}",
        f"data = data[~((data[{lower!r}] > data[{estimate!r}]) | "
        f"(data[{estimate!r}] > data[{upper!r}]))]  # or mend the row",
    )
    if log:
        for column, bad in ((estimate, value <= 0), (lower, low < 0)):
            complain(column, bad, table[column], "a log scale begins above 0", log)
    return table.assign(**{estimate: value, lower: low, upper: high})


def _refuse_words(data: pd.DataFrame, column: str, causes: bool) -> None:
    """Raise ValueError with the recoding if an event column holds words or dates."""
    values, this = data[column], f"data[{column!r}]"
    if holds_numbers(values) or (
        isinstance(values.dtype, pd.CategoricalDtype)
        and pd.api.types.is_numeric_dtype(values.cat.categories)
    ):
        return
    words = values.dropna().astype(str)
    if len(words) and words.str.fullmatch(DATE).all():
        raise ValueError(
            f"column {column!r} holds dates, not events. "
            f"Remedy: {this} = {this}.notna().astype(int)  # if it is missing where none came"
        )
    require_present(data, column, "the event is missing")
    text, cleaned = this, words.str.strip().str.lower()
    if not cleaned.map(_meant).isin(HAPPENED | CENSORED).any():
        refuse_numbers_as_text(data, column, more_than=0)
    if not _all_text(values):
        text += ".astype(str)"
    if cleaned.nunique() < words.nunique():
        words, text = cleaned, f"{this}.astype(str).str.strip().str.lower()"
    levels = sorted(words.unique(), key=_means_event)
    known = [word for word in levels if _meant(word) in HAPPENED]
    if known and not causes and len(levels) > 2:
        remedy = (
            f"{this} = {text}.isin({known}).astype(int)  # if these are the event, and only they"
        )
    elif causes or len(levels) > 2:
        codes = {word: code for code, word in enumerate(levels, int(known == levels))}
        remedy = f"{this} = {text}.map({codes}).astype(int)  # if 0 is censored in this order"
    else:
        word = known[0] if known else levels[-1]
        remedy = f"{this} = ({text} == {word!r}).astype(int)"
        remedy += "" if known else f"  # if {word!r} means that it happened"
    raise ValueError(
        f"column {column!r} holds words ({', '.join(map(repr, levels[:4]))}), not numbers: "
        f"an event is 0 (censored) or 1 (it happened). Remedy: {remedy}"
    )


def require_event(data: pd.DataFrame, column: str, *, causes: bool = False) -> np.ndarray:
    """Return an event column as whole numbers, after checking its coding.

    Parameters
    ----------
    data : DataFrame
        The table.
    column : str
        0 or False censored, 1 or True it happened; with `causes` 0, 1, 2, ...
    causes : bool
        True if there may be several causes.

    Returns
    -------
    ndarray of int64
        The codes.

    Raises
    ------
    ValueError
        Names the column, the first bad row and the recoding.
    """
    require_columns(data, column)
    values, missing = data[column], data[column].isna().to_numpy()
    levels = values.dropna().astype(str).unique() if missing.any() else []
    if len(levels) == 1 and _means_event(levels[0]):
        complain(
            column,
            missing,
            values,
            f"the event is missing, where it is not it is always {levels[0]!r}",
            f"data[{column!r}] = data[{column!r}].notna().astype(int)  "
            "# if it is missing where none came",
        )
    _refuse_words(data, column, causes)
    codes = require_numbers(data, column, minimum=None)
    if causes:
        complain(
            column,
            (codes < 0) | (codes % 1 != 0),
            values,
            "causes are whole numbers, 0 for censored",
            f"data[{column!r}] = data[{column!r}].rank(method='dense').astype(int) - 1"
            "  # if the least code means censored",
        )
    else:
        top = f"{codes.max():.17g}"
        complain(
            column,
            (codes != 0) & (codes != 1),
            values,
            "an event is 0 (censored) or 1 (it happened)",
            f"data[{column!r}] = (data[{column!r}] == {top}).astype(int)  # if {top} is the event",
        )
    return codes.astype(np.int64)


def require_counts(data: pd.DataFrame, column: str) -> np.ndarray:
    """Return a column of events, 0/1 or counts, as floats; ValueError unless they are whole."""
    require_columns(data, column)
    if data[column].notna().any():
        _refuse_words(data, column, causes=False)
    counts = require_numbers(data, column)
    complain(
        column,
        counts % 1 != 0,
        data[column],
        "a count is a whole number",
        f"data = data[data[{column!r}] % 1 == 0]",
    )
    return counts


def require_groups(
    data: pd.DataFrame, columns: str | Sequence[str] | None, *, at_least: int = 1
) -> None:
    """Raise ValueError if a grouping column has missing values or too few groups.

    Categories without rows are no groups, as in R.
    """
    for column in as_list(columns):
        require_columns(data, column)
        complain(
            column,
            data[column].isna().to_numpy(),
            data[column],
            "the group is missing",
            f"data = data.dropna(subset=[{column!r}])  # or give the group a name",
        )
        try:
            groups = data[column].nunique()
        except TypeError:
            kind = type(data[column].iloc[0]).__name__
            raise ValueError(
                f"column {column!r} holds {kind}s, which cannot name a group. "
                f"Remedy: data[{column!r}] = data[{column!r}].astype(str)"
            ) from None
        if groups < at_least:
            raise ValueError(
                f"column {column!r} holds one group only ({data[column].iloc[:1].tolist()[0]!r}): "
                f"comparing needs at least {at_least}. Remedy: check the filter that made the table"
            )


def require_some_events(data: pd.DataFrame, event: str) -> None:
    """Raise ValueError if nothing happened: a comparison then has nothing to estimate."""
    if not (data[event] > 0).any():
        raise ValueError(
            f"column {event!r}: no events in {len(data)} rows, nothing to estimate. "
            "Remedy: check the coding (1 = it happened) and the filter that made the table"
        )


def require_free_names(table: pd.DataFrame, columns: Sequence[str]) -> None:
    """Raise ValueError if a grouping column has the name of a column of the result."""
    taken = [column for column in columns if column in table.columns]
    if taken:
        names = {column: f"{column}_group" for column in taken}
        raise ValueError(
            f"column {taken[0]!r}: the result has columns of its own called {list(table.columns)}. "
            f"Remedy: data = data.rename(columns={names})  # and name it so in by"
        )


def require_follow_up(
    data: pd.DataFrame,
    time: str,
    event: str,
    *,
    entry: str | None = None,
    by: str | Sequence[str] | None = None,
    causes: bool = False,
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Return end, event and entry, after checking the columns that every function shares.

    Parameters
    ----------
    data : DataFrame
        One row a person (or a person's interval).
    time, event, entry : str
        Columns: end of follow-up (finite, >= 0), event (0/1 or bool), start of follow-up
        (finite, >= 0, before `time`).
    by : str or list of str, optional
        Grouping columns: no missing value.
    causes : bool
        True if `event` may hold several causes, 0 for censored.

    Returns
    -------
    tuple of ndarray
        End of follow-up (float), event (int64), and its start (float; None without `entry`).

    Raises
    ------
    ValueError
        Names the column, the first bad row and the remedy.
    """
    named = [time, event, *([] if entry is None else [entry])]
    require_columns(data, [*named, *as_list(by)])
    twice = [name for name in named if named.count(name) > 1]
    if twice:
        raise ValueError(
            f"column {twice[0]!r} is named twice: time, event and entry are columns of their own"
        )
    end, begin = require_numbers(data, time), None
    codes = require_event(data, event, causes=causes)
    require_groups(data, by)
    if entry is not None:
        begin = require_numbers(data, entry)
        complain(
            entry,
            begin >= end,
            data[entry],
            f"entry must come before {time!r}",
            f"data = data[data[{entry!r}] < data[{time!r}]]  # leaves out rows without follow-up",
        )
    return end, codes, begin
