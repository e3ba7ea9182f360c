"""Cox regression on statsmodels' PHReg, and what is read off a fitted model."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
from scipy.stats import norm

from utils.checks import require_follow_up, require_groups, require_numbers, require_some_events
from utils.survival._common import Z95


def design_matrix(
    formula: str, data: pd.DataFrame, keep_intercept: bool = False
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Columns of a right-hand side formula, and the rows of `data` that have them all.

    Raises
    ------
    ValueError
        For a formula with an outcome or without its intercept (`0 +` gives categories a column
        too many, and NaN standard errors), and for a column called C (it hides patsy's C()).
    """
    import patsy

    if "~" in formula:
        raise ValueError(f"formula {formula!r}: give the right-hand side only, without '~'")
    if re.search(r"(^|\+)\s*0\b|-\s*1\b", formula):
        raise ValueError(
            f"formula {formula!r}: leave out '0 +' and '- 1', the intercept is needed "
            "to code categories"
        )
    if "C" in data.columns and "C(" in formula:
        raise ValueError(
            "column 'C' hides the function C() of the formula. "
            "Remedy: data.rename(columns={'C': 'c'})"
        )
    try:
        exog = patsy.dmatrix(formula, data, NA_action="drop", return_type="dataframe")
    except patsy.PatsyError as error:
        raise ValueError(
            f"formula {formula!r}: {error.args[0]}; the columns are {list(data.columns)}"
        ) from error
    used = data.loc[exog.index]
    if exog.empty:
        raise ValueError(f"formula {formula!r}: every row has a missing value in a covariate")
    return (exog if keep_intercept else exog.drop(columns="Intercept")), used


def coefficient_table(
    names: pd.Index, coef: np.ndarray, se: np.ndarray, ratio: str
) -> pd.DataFrame:
    """A row per term: coef, se, the ratio exp(coef) with its 95% interval, and p."""
    coef, se = np.asarray(coef), np.asarray(se)
    return pd.DataFrame(
        {
            "coef": coef,
            "se": se,
            ratio: np.exp(coef),
            "lower": np.exp(coef - Z95 * se),
            "upper": np.exp(coef + Z95 * se),
            "p": 2 * norm.sf(np.abs(coef / se)),
        },
        index=pd.Index(names, name="term"),
    )


def _fit(
    data: pd.DataFrame,
    formula: str,
    time: str,
    event: str,
    entry: str | None,
    strata: str | None,
    ties: str,
) -> tuple[pd.DataFrame, pd.DataFrame, object]:
    """Checked rows, their covariates and the PHReg result."""
    from statsmodels.duration.hazard_regression import PHReg

    if ties not in ("efron", "breslow"):
        raise ValueError(f"ties must be 'efron' or 'breslow', not {ties!r}")
    require_follow_up(data, time, event, entry=entry, by=strata)
    exog, used = design_matrix(formula, data.reset_index(drop=True))
    require_some_events(used, event)
    flat = [name for name in exog.columns if exog[name].nunique() == 1]
    if flat:
        raise ValueError(
            f"term {flat[0]!r} has the same value in every row that is used: there "
            "is nothing to compare. Remedy: leave it out, or check the filter"
        )
    times = used[time].to_numpy(float)
    entries = None if entry is None else _entry_above_grid(used[entry].to_numpy(float), times)
    layers = None if strata is None else pd.factorize(used[strata], sort=True)[0]
    model = PHReg(
        times,
        exog.to_numpy(float),
        status=used[event].to_numpy(float),
        entry=entries,
        strata=layers,
        ties=ties,
        missing="none",
    )
    return exog, used, model.fit(maxiter=100)


def _entry_above_grid(entry: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Entries a hair later, so that nobody is at risk at the very time of coming in.

    PHReg counts a row as at risk at its own entry time; a risk set holds entry < t <= time.
    """
    return entry + np.diff(np.unique(np.concatenate([entry, times]))).min() / 2


def cox(
    data: pd.DataFrame,
    formula: str,
    time: str,
    event: str,
    entry: str | None = None,
    strata: str | None = None,
    cluster: str | None = None,
    ties: str | None = None,
) -> pd.DataFrame:
    """Cox proportional-hazards regression.

    Parameters
    ----------
    data : DataFrame
        One row a person, or with `entry` a person's interval (entry, time].
    formula : str
        Right-hand side, for example "treatment + age". Rows with a missing covariate are left
        out and counted in `attrs["dropped"]`.
    time, event : str
        Columns: end of follow-up; 1 if the event ended it, 0 if censored.
    entry : str, optional
        Column with the start of the interval (delayed entry, changing covariates).
    strata : str, optional
        Column within whose levels the baseline hazard is shared.
    cluster : str, optional
        Column that names the person (or centre) whose rows belong together; standard errors
        are then robust (Lin and Wei 1989).
    ties : {"efron", "breslow"}, optional
        Efron unless `cluster` is given; statsmodels has robust errors for Breslow only.

    Returns
    -------
    DataFrame
        A row per term: coef, se, hazard_ratio, lower, upper, p. `attrs` holds n (rows used),
        events, dropped and ties.

    Raises
    ------
    ValueError
        For bad columns (see `utils.checks`), a formula that cannot be read, no event, a term
        that never varies, or Efron ties together with `cluster`.

    Notes
    -----
    Equals R's coxph with the same ties. PHReg walks through the distinct event times in Python,
    so days cost far more than months: with many rows, round times where that loses nothing.
    """
    if cluster is not None and ties == "efron":
        raise ValueError("robust errors need ties='breslow': leave ties out when cluster is given")
    require_groups(data, cluster)
    ties = ties or ("breslow" if cluster is not None else "efron")
    exog, used, result = _fit(data, formula, time, event, entry, strata, ties)
    se = (
        result.bse
        if cluster is None
        else _robust_se(exog, used, time, event, entry, strata, cluster)
    )
    table = coefficient_table(exog.columns, result.params, se, "hazard_ratio")
    table.attrs.update(
        n=len(used), events=int(used[event].sum()), dropped=len(data) - len(used), ties=ties
    )
    return table


def _robust_se(
    exog: pd.DataFrame,
    used: pd.DataFrame,
    time: str,
    event: str,
    entry: str | None,
    strata: str | None,
    cluster: str,
) -> np.ndarray:
    """Cluster-robust standard errors, fitted without the rows that were in no risk set.

    PHReg gives NaN if a row's interval holds no event of its stratum; such a row carries no
    information.
    """
    from statsmodels.duration.hazard_regression import PHReg

    times = used[time].to_numpy(float)
    entries = np.full(len(used), -np.inf) if entry is None else used[entry].to_numpy(float)
    layers = np.zeros(len(used)) if strata is None else pd.factorize(used[strata])[0]
    informative = np.zeros(len(used), dtype=bool)
    for layer in np.unique(layers):
        rows = layers == layer
        event_times = np.unique(times[rows & (used[event].to_numpy() == 1)])
        informative[rows] = np.searchsorted(
            event_times, times[rows], side="right"
        ) > np.searchsorted(event_times, entries[rows], side="right")
    model = PHReg(
        times[informative],
        exog.to_numpy(float)[informative],
        status=used[event].to_numpy(float)[informative],
        entry=None if entry is None else _entry_above_grid(entries, times)[informative],
        strata=layers[informative],
        ties="breslow",
        missing="none",
    )
    groups = pd.factorize(used[cluster])[0][informative]
    return model.fit(groups=groups, maxiter=100).bse


def baseline_hazard(
    data: pd.DataFrame, formula: str, time: str, event: str, entry: str | None = None
) -> pd.DataFrame:
    """Breslow estimate of the cumulative hazard of a person whose covariates are all zero.

    Returns
    -------
    DataFrame
        time, at_risk, events, cumulative_hazard, survival; a row per event time.

    Notes
    -----
    Written here because PHReg's own is one event late. The model is fitted with Breslow ties;
    equals R's basehaz(centered=FALSE).
    """
    exog, used, result = _fit(data, formula, time, event, entry, None, "breslow")
    times, happened = used[time].to_numpy(float), used[event].to_numpy(float)
    begin = np.full(len(used), -np.inf) if entry is None else used[entry].to_numpy(float)
    risk = np.exp(exog.to_numpy(float) @ result.params)
    grid = np.unique(times[happened == 1])
    under = (begin[:, None] < grid) & (times[:, None] >= grid)
    events = ((times[:, None] == grid) * happened[:, None]).sum(axis=0)
    hazard = np.cumsum(events / (under * risk[:, None]).sum(axis=0))
    return pd.DataFrame(
        {
            "time": grid,
            "at_risk": under.sum(axis=0),
            "events": events.astype(int),
            "cumulative_hazard": hazard,
            "survival": np.exp(-hazard),
        }
    )


def concordance(data: pd.DataFrame, time: str, event: str, score: str) -> pd.Series:
    """Share of comparable pairs in which the higher score had the event first (Harrell's C).

    Parameters
    ----------
    score : str
        Column with the predicted risk: higher means an earlier event is expected.

    Returns
    -------
    Series
        concordance, se, lower, upper. 0.5 is a coin, 1 a perfect ranking; ties in the score
        count one half. The standard error is the infinitesimal jackknife of R's concordance.
    """
    require_follow_up(data, time, event)
    require_numbers(data, score, minimum=None)
    require_some_events(data, event)
    times, happened = data[time].to_numpy(float), data[event].to_numpy(bool)
    order = np.lexsort((~happened, times))
    times, happened, scores = times[order], happened[order], data[score].to_numpy(float)[order]
    later = np.searchsorted(times[happened], times, side="right") + np.searchsorted(
        times[~happened], times, side="left"
    )
    own_wins, own_pairs = np.zeros(len(data)), np.zeros(len(data))
    for i in np.flatnonzero(happened):
        others = slice(later[i], None)
        wins = (np.sign(scores[i] - scores[others]) + 1) / 2
        own_wins[others] += wins
        own_pairs[others] += 1
        own_wins[i] += wins.sum()
        own_pairs[i] += len(wins)
    pairs = own_pairs.sum() / 2
    value = own_wins.sum() / 2 / pairs
    se = float(np.sqrt((((own_wins - value * own_pairs) / pairs) ** 2).sum()))
    return pd.Series(
        {
            "concordance": float(value),
            "se": se,
            "lower": value - Z95 * se,
            "upper": value + Z95 * se,
        }
    )
