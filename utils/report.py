"""The table that a lesson shows: who, how many, and the estimate with its interval in words."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral

import numpy as np
import pandas as pd

from utils.checks import as_list, optional_numbers, require_columns

ESTIMATES = (
    *("estimate", "hazard_ratio", "rate_ratio", "odds_ratio", "sir", "survival", "incidence"),
    *("rate", "mean", "median", "mean_count", "cure", "concordance", "cumulative_hazard"),
)
PLACES = ("cause", "time", "horizon", "given", "further")
PEOPLE = ("k", "n", "at_risk", "events", "censored", "person_time", "observed", "expected")
KNOWN = {
    *(*ESTIMATES, *PLACES, *PEOPLE, "lower", "upper", "p", "coef", "se", "log_estimate"),
    *("tau2", "i2", "q", "q_p", "predict_lower", "predict_upper", "homogeneity_p", "strata"),
    *("crude_odds_ratio", "crude_lower", "crude_upper", "e_value", "e_value_limit"),
    *("scale", "shape", "loglik", "at_risk_late"),
}


def estimate_of(table: pd.DataFrame) -> str:
    """Name of the column that holds the estimate, beside lower and upper.

    Raises
    ------
    ValueError
        If the table has none of the names in `ESTIMATES`, or lacks lower or upper.
    """
    require_columns(table, ["lower", "upper"])
    for name in ESTIMATES:
        if name in table.columns:
            return name
    raise ValueError(
        f"no column with an estimate: one of {list(ESTIMATES)} is needed, the columns are "
        f"{list(table.columns)}"
    )


def number(value: float, digits: int = 2) -> str:
    """A number with so many decimals; with so many figures where the decimals would all be 0."""
    if pd.isna(value):
        return "not known"
    if np.isinf(value):
        return "no upper end" if value > 0 else "no lower end"
    if value and abs(value) <= 0.5 * 10.0**-digits:
        return f"{value:.{max(digits, 1)}g}"
    return f"{value + 0.0:,.{digits}f}"


def interval(estimate: float, lower: float, upper: float, digits: int = 2) -> str:
    """An estimate and its interval in words: "0.82 (0.70 to 0.96)"."""
    text = number(estimate, digits)
    if pd.isna(lower) and pd.isna(upper):
        return text
    return f"{text} ({number(lower, digits)} to {number(upper, digits)})"


def report(
    table: pd.DataFrame, label: str | Sequence[str] | None = None, digits: int = 2
) -> pd.DataFrame:
    """Table as a lesson shows it: label, people, and the estimate with its 95% interval in words.

    Parameters
    ----------
    table : DataFrame
        A result of this library, or any table with an estimate column (`ESTIMATES`), lower and
        upper. `table.attrs["unit"]`, where there is one, stands beside the estimate's name.
    label : str or list of str, optional
        Column(s) that say what a row is; the groups, terms and times of the result if left out.
    digits : int
        Decimals shown; small numbers keep as many figures.

    Returns
    -------
    DataFrame
        The label column(s); counts of people, studies and events where the table has them; one
        column of text, "estimate (lower to upper)"; p, where the table has it.

    Raises
    ------
    ValueError
        For a label that is not there, a table without estimate, lower and upper, or digits
        below 0.
    """
    if not isinstance(digits, Integral) or digits < 0:
        raise ValueError(f"digits is {digits!r}: give a whole number of 0 or more")
    name = estimate_of(table)
    numbers = [c for c in (name, "lower", "upper", "p") if c in table.columns]
    table = table.assign(**{c: optional_numbers(table, c, infinite=True) for c in numbers})
    labels = as_list(label) or [c for c in table.columns if c not in KNOWN or c in PLACES]
    require_columns(table, labels)
    shown = table[[*labels, *(c for c in PEOPLE if c in table.columns and c not in labels)]].copy()
    for column in shown.select_dtypes("float"):
        if column in ("expected", "person_time") or column in labels:
            shown[column] = shown[column].round(digits)
        elif shown[column].isna().any() and (shown[column].dropna() % 1 == 0).all():
            # a count that is missing somewhere stays a count: pandas would print 1398.0 and NaN
            shown[column] = ["not known" if pd.isna(n) else f"{n:.0f}" for n in shown[column]]
    unit = table.attrs.get("unit")
    head = f"{name.replace('_', ' ')}{f', {unit}' if unit else ''} (95% interval)"
    shown[head] = [
        interval(estimate, lower, upper, digits)
        for estimate, lower, upper in zip(table[name], table["lower"], table["upper"])
    ]
    if "p" in table.columns:
        shown["p"] = ["<0.001" if p < 0.001 else number(p, 3) for p in table["p"]]
    return shown.rename(columns=lambda c: c.replace("_", " ") if c in KNOWN else c).reset_index(
        drop=True
    )
