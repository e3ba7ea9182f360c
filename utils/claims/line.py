"""One line of evidence, and the words it is described with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, InitVar, dataclass, field
from math import isfinite, isinf, isnan, nan

import pandas as pd

from utils.report import ESTIMATES

RANDOMISED, OBSERVATIONAL = "randomised", "observational"
MATCHED, COMPOSITE, OTHER = "matched", "composite", "other"
READ, REPORTED, OURS = "abstract or table", "as reported", "worked out by us"
MANY = "many cancers"

_WORDS = {
    "design": (RANDOMISED, OBSERVATIONAL),
    "outcome": (MATCHED, COMPOSITE, OTHER),
    "provenance": (READ, REPORTED, OURS),
}
_ESTIMATES = (*ESTIMATES, "risk_ratio", "ratio", "cured")
_LIMITS = (("lower", "upper"), ("ci_low", "ci_high"))


@dataclass(frozen=True)
class Line:
    """One line of evidence.

    Parameters
    ----------
    label : str
        Who published or what was computed, short; every line of a verdict has its own.
    measure : str
        What the number is, for example "hazard ratio of relapse or death". Ratios of speeds
        (hazard, rate, SIR), of risks and of odds are told apart by these words.
    row : Series, one-row DataFrame or mapping
        Estimate and 95% interval, in the direction and unit of the register: the estimate stands
        under estimate, hazard_ratio, rate_ratio, odds_ratio, sir, survival, incidence, rate, ...;
        the interval under lower and upper. Without an interval the line is shown, never counted.
    design : {"observational", "randomised"}
        How people came to the groups that are compared.
    outcome : {"matched", "composite", "other"}
        The claim's outcome, a composite that contains it, or another one.
    exposure, disease : bool
        Whether they match the register.
    scope : str or tuple of str
        The cancer, or cancers, it was seen in; `claims.MANY` for a review over many.
    people : str
        Name of the people behind it, the same for every line about them.
    bias : str
        Known risk of bias, in words, for example "guaranteed time".
    indirect : str
        What else keeps it a step away from the claim, for example "cells treated, not seen".
    inside : str
        Label of the pooled line that already holds this one.
    provenance : {"abstract or table", "as reported", "worked out by us"}
        Where the number was read; "as reported" (by others) counts as a risk of bias.
    dose_response : bool
        Whether more exposure goes with more effect.
    excludes_rival : bool
        For a mechanism: whether the rival explanation cannot give this result.
    studies : int
        Independent studies behind the number.

    Raises
    ------
    ValueError
        Names the line, what is wrong with it and the remedy.
    """

    label: str
    measure: str
    row: InitVar[pd.Series | pd.DataFrame | Mapping]
    _: KW_ONLY
    design: str = OBSERVATIONAL
    outcome: str = MATCHED
    exposure: bool = True
    disease: bool = True
    scope: str | tuple[str, ...] = ()
    people: str = ""
    bias: str = ""
    indirect: str = ""
    inside: str = ""
    provenance: str = READ
    dose_response: bool = False
    excludes_rival: bool = False
    studies: int = 1
    estimate: float = field(init=False)
    lower: float = field(init=False)
    upper: float = field(init=False)

    def __post_init__(self, row: pd.Series | pd.DataFrame | Mapping) -> None:
        for name, words in _WORDS.items():
            if getattr(self, name) not in words:
                raise self.error(f"{name} is {getattr(self, name)!r}", f"use one of {words}")
        estimate, lower, upper = self._numbers(row)
        for name, value in {"estimate": estimate, "lower": lower, "upper": upper}.items():
            object.__setattr__(self, name, value)
        if isinstance(self.studies, (str, bool)) or self.studies < 1 or self.studies % 1:
            raise self.error(f"studies is {self.studies!r}", "give how many, 1 or more")
        scope = (self.scope,) if isinstance(self.scope, str) else tuple(self.scope or ())
        object.__setattr__(self, "scope", tuple(name for name in scope if name))

    def error(self, problem: str, remedy: str) -> ValueError:
        """An error that names this line, what is wrong and what to do."""
        return ValueError(f"line {self.label!r}: {problem}. Remedy: {remedy}")

    def _numbers(self, row: pd.Series | pd.DataFrame | Mapping) -> tuple[float, float, float]:
        """Estimate and interval (missing if none was printed) of the row, checked."""
        if isinstance(row, pd.DataFrame):
            if len(row) != 1:
                raise self.error(f"{len(row)} rows", "take one, for example table.iloc[0]")
            row = row.iloc[0]
        if not isinstance(row, (pd.Series, Mapping)):
            raise self.error(
                f"a {type(row).__name__} is no row",
                "give a row of a table, for example table.iloc[0]",
            )
        names = list(row.keys())
        if len(set(names)) < len(names):
            raise self.error(
                f"a name is there twice among {names}",
                "take the first of each: row = row[~row.index.duplicated()]",
            )
        found = [name for name in _ESTIMATES if name in row and not pd.isna(row[name])]
        if not found:
            raise self.error(
                f"no estimate among {names}",
                'name it, for example row.rename({"my_ratio": "estimate"})',
            )
        limits = next((pair for pair in _LIMITS if pair[0] in row and pair[1] in row), None)
        estimate = self._number(row, found[0])
        lower, upper = (self._number(row, name) for name in limits) if limits else (nan, nan)
        if not isfinite(estimate) or isinf(lower) or isinf(upper):
            raise self.error(
                f"{estimate} ({lower} to {upper}) is not finite",
                "join groups until there are events, or leave it out",
            )
        if isnan(lower) != isnan(upper):
            raise self.error("half an interval", "give both lower and upper, or neither")
        near = 1e-9 * abs(estimate)
        if lower - estimate > near or estimate - upper > near:
            raise self.error(
                f"the estimate {estimate:g} lies outside its interval {lower:g} to {upper:g}",
                "check the row; a ratio turned over swaps its bounds: ratio_table(..., invert=...)",
            )
        if lower == upper:
            raise self.error("the interval has no width", "give the printed 95% interval")
        return estimate, lower, upper

    def _number(self, row: pd.Series | Mapping, name: str) -> float:
        """One number of the row; NaN where it is missing."""
        value = row[name]
        if pd.isna(value) or value == "":
            return nan
        try:
            return float(value)
        except (TypeError, ValueError) as error:
            text = str(value).replace(",", ".")
            raise self.error(
                f"{name} is {value!r}, not a number",
                f"row[{name!r}] = pd.to_numeric({text!r}, errors='coerce')  # or missing",
            ) from error

    @property
    def has_interval(self) -> bool:
        """Whether a 95% interval was printed or worked out."""
        return not isnan(self.lower)

    @property
    def direct(self) -> bool:
        """Whether exposure and disease match and the outcome is the claim's or contains it."""
        return self.exposure and self.disease and self.outcome != OTHER

    @property
    def flaw(self) -> str:
        """The risk of bias it carries, in words; empty if none is stated."""
        second_hand = "number read in a page that reports it" * (self.provenance == REPORTED)
        return ", ".join(filter(None, [self.bias, second_hand]))
