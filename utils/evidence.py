"""Put published results side by side: pooling, standardised ratios, two-by-two tables, E-values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import chdtrc, ndtri, stdtrit

from utils.checks import as_list, require_columns, require_groups, require_numbers
from utils.survival._common import Z95, by_group, grouped


def _refuse(bad: pd.Series, problem: str, remedy: str = "correct the row or leave it out") -> None:
    if bad.any():
        rows = ", ".join(repr(label) for label in bad.index[bad])
        raise ValueError(f"{problem} in row {rows}: {remedy}")


def _numbers(columns: dict, counts: bool = False) -> pd.DataFrame:
    """Columns side by side as floats: equal lengths, finite; whole and not below 0 if counts."""
    sizes = {name: np.size(values) for name, values in columns.items()}
    if len(set(sizes.values())) > 1:
        raise ValueError(f"unequal lengths {sizes}: give one value per row")
    columns = {k: v if isinstance(v, pd.Series) else np.atleast_1d(v) for k, v in columns.items()}
    table = pd.DataFrame(columns)
    floats = {}
    for name in table:
        floats[name] = require_numbers(table, name, minimum=0 if counts else None)
        whole = pd.Series(floats[name] % 1 == 0, table.index)
        _refuse(~whole & counts, f"{name} is not a whole number of people or events")
    return pd.DataFrame(floats, index=table.index)


def _columns(
    data: pd.DataFrame, names: Sequence[str], by: str | Sequence[str] | None, counts: bool = False
) -> pd.DataFrame:
    """The columns `names` as floats beside the groups, all checked."""
    require_columns(data, [*names, *as_list(by)])
    require_groups(data, by)
    checked = data.copy()
    for name, values in _numbers({name: data[name] for name in names}, counts).items():
        checked[name] = values
    return checked


def _single(counts: bool = False, **values: float) -> list[float]:
    """One finite number each; whole and not below 0 if counts."""
    numbers = []
    for name, value in values.items():
        try:
            number = float(np.asarray(value).item())
        except (TypeError, ValueError):
            number = np.nan
        if not np.isfinite(number) or isinstance(value, str):
            raise ValueError(f"{name} is {value!r}: give one finite number")
        if counts and (number < 0 or number % 1):
            raise ValueError(f"{name} is not a whole number of people, 0 or more: {value!r}")
        numbers.append(number)
    return numbers


def _others(values: np.ndarray) -> np.ndarray:
    """Sum of all the other values, for each: nothing is lost where one is far the largest."""
    before, after = np.cumsum(values), np.cumsum(values[::-1])
    return np.append(0, before[:-1]) + np.append(0, after[:-1])[::-1]


def _reml_tau2(y: np.ndarray, v: np.ndarray) -> float:
    """Between-study variance by restricted maximum likelihood (Fisher scoring)."""

    def loglik(tau2: float) -> float:
        w = 1 / (v + tau2)
        spread = np.sum(w * (y - np.average(y, weights=w)) ** 2)
        return (np.sum(np.log(w)) - np.log(w.sum()) - spread) / 2

    y = y - y[v.argmin()]  # no digit of the mean is lost beside the heaviest study
    tau2 = max(0.0, y.var(ddof=1) - v.mean())
    for _ in range(1000):
        # tau2 += (y'PPy - tr P) / tr(PP), with P = W - W11'W / 1'W1 and W = diag(1 / (v + tau2))
        # Viechtbauer 2005, doi 10.3102/10769986030003261
        w = 1 / (v + tau2)
        diagonal = w * _others(w) / w.sum()
        score = np.sum((w * (y - np.average(y, weights=w))) ** 2) - diagonal.sum()
        step = score / np.sum(diagonal**2 + w**2 * _others(w**2) / w.sum() ** 2)
        previous, tau2 = tau2, max(0.0, tau2 + step)
        if abs(tau2 - previous) <= 1e-13 * (tau2 + len(v) / np.sum(1 / v)):
            return tau2 if loglik(tau2) >= loglik(0.0) else 0.0
    raise ValueError("REML did not converge: use method='DL' and look for one extreme study")


def _pooled(y: np.ndarray, se: np.ndarray, method: str, knapp_hartung: bool) -> dict[str, float]:
    """The pooled effect of two or more studies and its spread, by name."""
    k, v = len(y), se**2
    if k < 2:
        raise ValueError(f"pooling needs two studies, got {k}: report the study by itself")
    # Q = sum w (y - mean)^2; tau2 (DL) = max(0, (Q - (k - 1)) / (sum w - sum w^2 / sum w))
    # DerSimonian and Laird 1986, doi 10.1016/0197-2456(86)90046-2
    w = 1 / v
    q = np.sum(w * (y - np.average(y, weights=w)) ** 2)
    typical = (k - 1) * w.sum() / np.sum(w * _others(w))
    moment = max(0.0, q / (k - 1) - 1) * typical
    tau2 = _reml_tau2(y, v) if method == "REML" else moment * (method == "DL")
    # mean = sum w y / sum w, Var = 1 / sum w, w = 1 / (v + tau2); with Knapp-Hartung times
    # sum w (y - mean)^2 / (k - 1): Knapp and Hartung 2003, doi 10.1002/sim.1482
    w = 1 / (v + tau2)
    mean, variance = np.average(y, weights=w), 1 / w.sum()
    if knapp_hartung:
        variance *= np.sum(w * (y - mean) ** 2) / (k - 1)
    z = stdtrit(k - 1, 0.975) if knapp_hartung else Z95
    half = z * np.sqrt(variance)
    reach = np.nan if method == "fixed" else z * np.sqrt(variance + tau2)
    # I2 = tau2 / (tau2 + typical v), typical v = (k - 1) sum w / ((sum w)^2 - sum w^2), w = 1 / v
    # Higgins and Thompson 2002, doi 10.1002/sim.1186
    between = moment if method == "fixed" else tau2
    return {
        "k": k,
        "estimate": mean,
        "se": np.sqrt(variance),
        "lower": mean - half,
        "upper": mean + half,
        "tau2": tau2,
        "i2": 100 * between / (between + typical),
        "q": q,
        "q_p": chdtrc(k - 1, q),
        "predict_lower": mean - reach,
        "predict_upper": mean + reach,
    }


def pool(
    data: pd.DataFrame,
    estimate: str,
    se: str,
    method: str = "REML",
    knapp_hartung: bool = False,
    by: str | Sequence[str] | None = None,
    exponentiate: bool = False,
) -> pd.DataFrame:
    """Pool study results on an additive scale, such as log ratios.

    Parameters
    ----------
    data : DataFrame
        One row a study.
    estimate, se : str
        Columns: effects (log hazard, odds or risk ratios) and their standard errors (> 0).
    method : {"REML", "DL", "fixed"}
        Between-study variance: restricted maximum likelihood, DerSimonian-Laird,
        or none (one common effect).
    knapp_hartung : bool
        Standard error from the spread between studies, and t with k - 1 degrees of freedom.
        As in metafor it can also be narrower than the normal interval.
    by : str or list of str, optional
        Column(s) that name groups of studies, pooled apart.
    exponentiate : bool
        True gives estimate, lower, upper and the prediction interval as ratios; se and tau2
        stay on the log scale.

    Returns
    -------
    DataFrame
        One row a group: [by], k, estimate, se, lower, upper (95%), tau2, i2 (percent), q, q_p,
        predict_lower, predict_upper: the 95% prediction interval, where the effect of a new
        study is expected (missing for "fixed"; normal, or t with Knapp-Hartung). It takes tau2
        as known, so it is too narrow when studies are few.

    Raises
    ------
    ValueError
        For fewer than two studies in a group, a missing value, or a standard error that is not
        above 0; names the study.

    Notes
    -----
    Formulas of R's metafor (Viechtbauer 2010, doi 10.18637/jss.v036.i03).
    """
    if method not in ("REML", "DL", "fixed"):
        raise ValueError(f"method {method!r} is unknown: use 'REML', 'DL' or 'fixed'")
    studies = _columns(data, [estimate, se], by)
    _refuse(studies[se] <= 0, f"{se} is not above 0", "log_se gives it from a printed interval")

    def one(part: pd.DataFrame) -> pd.DataFrame:
        values = _pooled(part[estimate].to_numpy(), part[se].to_numpy(), method, knapp_hartung)
        if exponentiate:
            ratios = ("estimate", "lower", "upper", "predict_lower", "predict_upper")
            with np.errstate(over="ignore", under="ignore"):
                values |= {name: np.exp(values[name]) for name in ratios}
        return pd.DataFrame([values])

    return by_group(studies, by, one)


def log_se(lower, upper, level: float = 0.95):
    """Standard error of a log ratio from its printed interval.

    Parameters
    ----------
    lower, upper : float or Series
        Bounds of the interval of the ratio, 0 < lower < upper.
    level : float
        Coverage of the interval, 0.95 for 95%.

    Returns
    -------
    float or Series
        (log upper - log lower) / (2 z): a number for numbers, a column for columns.

    Raises
    ------
    ValueError
        Unless 0 < lower < upper; names the row.
    """
    if isinstance(level, str) or not 0 < level < 1:
        raise ValueError(f"level {level} is not between 0 and 1: write 0.95 for a 95% interval")
    if not np.ndim(lower) and not np.ndim(upper):
        lower, upper = _single(lower=lower, upper=upper)
    table = _numbers({"lower": lower, "upper": upper})
    bad = (table["lower"] <= 0) | (table["lower"] >= table["upper"])
    _refuse(bad, "0 < lower < upper does not hold", "check the printed interval")
    se = np.log(table["upper"] / table["lower"]) / (2 * ndtri((1 + level) / 2))
    return se if np.ndim(lower) else float(se.iloc[0])


def ratio_table(
    data: pd.DataFrame,
    estimate: str,
    lower: str,
    upper: str,
    invert: str | Sequence[bool] | None = None,
) -> pd.DataFrame:
    """Put published ratios on one direction and on the log scale.

    Parameters
    ----------
    data : DataFrame
        One row per study.
    estimate, lower, upper : str
        Columns with the printed ratio and its 95% interval.
    invert : str or list of bool, optional
        Column, or one True/False per row: True turns the row over (1 / ratio, bounds swapped).

    Returns
    -------
    DataFrame
        Copy of `data` with estimate, lower, upper (ratios, all on one direction), log_estimate
        and se (of the log ratio). Printed columns with other names stay as printed.

    Raises
    ------
    ValueError
        For a missing column, unless 0 < lower < estimate < upper in every row, for an `invert`
        that is not True or False, and for a column of the data that the result would hide.
    """
    printed = (estimate, lower, upper)
    require_columns(data, [*printed, *([invert] if isinstance(invert, str) else [])])
    added = ("estimate", "lower", "upper", "log_estimate", "se")
    hidden = [name for name in added if name in data.columns and name not in printed]
    if hidden:
        names = {name: f"{name}_printed" for name in hidden}
        raise ValueError(
            f"column {hidden[0]!r}: the result has a column of this name. "
            f"Remedy: data = data.rename(columns={names})"
        )
    table = _numbers({name: data[name] for name in printed})
    se = log_se(table[lower], table[upper])
    mid, low, high = (table[name] for name in printed)
    _refuse(~mid.between(low, high, "neither"), f"{estimate} is not inside its interval")
    flip = data[invert] if isinstance(invert, str) else invert
    if isinstance(flip, (list, tuple)) and len(flip) != len(data):
        raise ValueError(f"invert has {len(flip)} values for {len(data)} rows: mark every row")
    flip = pd.Series(False if flip is None else flip, index=data.index)
    _refuse(~flip.isin([True, False]), "invert is not True or False", "mark every row")
    flip = flip.astype(bool)
    mid, low, high = mid.mask(flip, 1 / mid), low.mask(flip, 1 / high), high.mask(flip, 1 / low)
    return data.assign(estimate=mid, lower=low, upper=high, log_estimate=np.log(mid), se=se)


def sir(
    data: pd.DataFrame, observed: str, expected: str, by: str | Sequence[str] | None = None
) -> pd.DataFrame:
    """Standardised incidence ratio: cases seen over cases expected at reference rates.

    Parameters
    ----------
    data : DataFrame
        One row a cell (age class, year, ...) or a study; rows of a group are added up.
    observed, expected : str
        Columns: cases seen (whole numbers); cases expected.
    by : str or list of str, optional
        Column(s) that name the groups.

    Returns
    -------
    DataFrame
        One row a group: [by], observed, expected, sir, lower, upper (exact Poisson, 95%) and p
        (two-sided: all outcomes no more likely than the one seen).

    Raises
    ------
    ValueError
        Unless observed is a count and expected is above 0 in each group.

    Notes
    -----
    Equals R's poisson.test(observed, expected).
    """
    from scipy.stats import poisson
    from statsmodels.stats.rates import confint_poisson

    _columns(data, [observed], by, counts=True)
    cells = _columns(data, [observed, expected], by)
    negative = cells[expected] < 0
    _refuse(negative, f"{expected} is below 0")

    def one(part: pd.DataFrame) -> pd.DataFrame:
        count, mean = float(part[observed].sum()), float(part[expected].sum())
        if mean <= 0:
            raise ValueError(f"column {expected!r}: {mean:g} cases expected, it must be above 0")
        lower, upper = confint_poisson(count, mean, method="exact-c")
        # p = the sum of P(x) over all x with P(x) <= P(observed), x Poisson with mean `expected`
        # the two-sided rule of R's poisson.test, with its factor 1 + 1e-7 for rounding
        reach = 3 * abs(count - mean) + 20  # the other end of these outcomes is nearer
        outcomes = np.arange(max(0, int(mean - reach)), int(mean + reach))
        likelier = outcomes[poisson.pmf(outcomes, mean) > poisson.pmf(count, mean) * (1 + 1e-7)]
        p = 1.0
        if likelier.size:
            p = poisson.cdf(likelier[0] - 1, mean) + poisson.sf(likelier[-1], mean)
        return pd.DataFrame(
            {
                "observed": [int(count)],
                "expected": [mean],
                "sir": [count / mean],
                "lower": [float(np.nan_to_num(lower))],
                "upper": [float(upper)],
                "p": [float(p)],
            }
        )

    return by_group(cells, by, one)


def _tarone_p(ratio: float, tables: np.ndarray) -> float:
    """Breslow-Day p with Tarone's correction; `tables` (k, 2, 2). Holds at a ratio of 1 too."""
    if ratio < 1:
        ratio, tables = 1 / ratio, tables[:, ::-1]
    # sum (a - E)^2 / V - (sum (a - E))^2 / sum V; E makes the table's odds ratio the pooled one
    # Tarone 1985, doi 10.1093/biomet/72.1.91; Breslow and Day 1980, section 4.4
    seen, row, column = tables[:, 0, 0], tables[:, 0].sum(1), tables[:, :, 0].sum(1)
    b, product = tables.sum((1, 2)) + (ratio - 1) * (row + column), ratio * row * column
    expected = 2 * product / (b + np.sqrt(b**2 - 4 * (ratio - 1) * product))
    gap, last = seen - expected, tables[:, 1, 1] - seen + expected
    v = 1 / (1 / expected + 1 / (row - expected) + 1 / (column - expected) + 1 / last)
    statistic = max(0.0, np.sum(gap**2 / v) - gap.sum() ** 2 / v.sum())
    return float(chdtrc(len(tables) - 1, statistic)) if len(tables) > 1 else np.nan


def mantel_haenszel(
    data: pd.DataFrame,
    exposed_cases: str,
    exposed_noncases: str,
    unexposed_cases: str,
    unexposed_noncases: str,
    strata: str | Sequence[str],
    by: str | Sequence[str] | None = None,
) -> pd.DataFrame:
    """Odds ratio across strata, beside the crude one.

    Parameters
    ----------
    data : DataFrame
        Counts of people; rows of the same stratum are added up.
    exposed_cases, exposed_noncases, unexposed_cases, unexposed_noncases : str
        Columns with the four cells.
    strata : str or list of str
        Column(s) that name the strata.
    by : str or list of str, optional
        Column(s) that name groups, each with strata and a ratio of its own.

    Returns
    -------
    DataFrame
        One row a group: [by], odds_ratio, lower, upper (95%, Robins-Breslow-Greenland);
        crude_odds_ratio, crude_lower, crude_upper (all strata in one table, Wald);
        homogeneity_p (Breslow-Day with Tarone's correction; missing for one stratum); strata
        (those with no empty row or column: the others say nothing about the ratio).

    Raises
    ------
    ValueError
        For a missing column or stratum, a cell that is not a count, and zero cells that leave no
        finite ratio.

    Notes
    -----
    Equals R's mantelhaen.test(correct=FALSE) and metafor's rma.mh.
    """
    names = [exposed_cases, exposed_noncases, unexposed_cases, unexposed_noncases]
    require_columns(data, [*names, *as_list(strata)])
    require_groups(data, strata)
    cells = _columns(data, names, by, counts=True)

    def one(part: pd.DataFrame) -> pd.DataFrame:
        from statsmodels.stats.contingency_tables import StratifiedTable, Table2x2

        sums = grouped(part, strata)[names].sum()
        tables = sums.to_numpy().reshape(-1, 2, 2)
        products = tables[:, [0, 0], [0, 1]] * tables[:, [1, 1], [1, 0]]
        if not products.sum(0).all():
            raise ValueError("zero cells leave no finite odds ratio: join strata")
        full = tables[(tables.sum(1) > 0).all(1) & (tables.sum(2) > 0).all(1)]
        used, crude = StratifiedTable(list(full)), Table2x2(tables.sum(0))
        lower, upper = used.oddsratio_pooled_confint()
        crude_lower, crude_upper = crude.oddsratio_confint()
        return pd.DataFrame(
            {
                "odds_ratio": [used.oddsratio_pooled],
                "lower": [lower],
                "upper": [upper],
                "crude_odds_ratio": [crude.oddsratio],
                "crude_lower": [crude_lower],
                "crude_upper": [crude_upper],
                "homogeneity_p": [_tarone_p(used.oddsratio_pooled, full)],
                "strata": [len(full)],
            }
        )

    return by_group(cells, by, one)


def two_by_two(a: int, b: int, c: int, d: int) -> pd.DataFrame:
    """Risk ratio, risk difference and odds ratio with Wald 95% intervals.

    Parameters
    ----------
    a, b, c, d : int
        Counts of people, each above 0: exposed cases and non-cases; unexposed cases and
        non-cases.

    Returns
    -------
    DataFrame
        A row per measure: measure, estimate, lower, upper.

    Raises
    ------
    ValueError
        Unless all four are counts above 0.

    Notes
    -----
    Equals metafor's escalc; the ratios have their intervals on the log scale.
    """
    from statsmodels.stats.contingency_tables import Table2x2

    a1, b1, c1, d1 = _single(counts=True, a=a, b=b, c=c, d=d)
    if not min(a1, b1, c1, d1):
        raise ValueError("a cell is 0: use proportion for each group, or mantel_haenszel")
    table = Table2x2(np.array([[a1, b1], [c1, d1]]))
    # p1 - p0 -+ z sqrt(p1 (1 - p1) / n1 + p0 (1 - p0) / n0)
    # Wald; Rothman, Greenland and Lash 2008, Modern Epidemiology, chapter 14
    difference = a1 / (a1 + b1) - c1 / (c1 + d1)
    half = Z95 * np.sqrt(a1 * b1 / (a1 + b1) ** 3 + c1 * d1 / (c1 + d1) ** 3)
    rows = [
        ("risk_ratio", table.riskratio, *table.riskratio_confint()),
        ("risk_difference", difference, difference - half, difference + half),
        ("odds_ratio", table.oddsratio, *table.oddsratio_confint()),
    ]
    return pd.DataFrame(rows, columns=["measure", "estimate", "lower", "upper"])


def e_value(ratio: float, lower: float, upper: float, rare: bool = True) -> pd.DataFrame:
    """Least strength an unmeasured confounder needs to explain a ratio away.

    Parameters
    ----------
    ratio, lower, upper : float
        Risk, rate or hazard ratio with its 95% interval. Below 1, it is turned over.
    rare : bool
        False for a hazard ratio of a common outcome (over about 15% by the end of follow-up),
        made an approximate risk ratio: (1 - 0.5 ** sqrt(HR)) / (1 - 0.5 ** sqrt(1 / HR)).

    Returns
    -------
    DataFrame
        One row: estimate, lower, upper (the ratio as given); e_value, the confounder's risk
        ratio with both exposure and outcome; e_value_limit, the same for the bound nearer 1
        (1 if the interval includes 1).

    Raises
    ------
    ValueError
        Unless 0 < lower <= ratio <= upper.

    Notes
    -----
    RR + sqrt(RR (RR - 1)): VanderWeele and Ding 2017, doi 10.7326/M16-2607; hazard ratios,
    VanderWeele 2020, doi 10.1111/biom.13197.
    """
    ratio, lower, upper = _single(ratio=ratio, lower=lower, upper=upper)
    if not 0 < lower <= ratio <= upper:
        raise ValueError(f"0 < lower <= ratio <= upper does not hold: {lower}, {ratio}, {upper}")

    def strength(rr: float) -> float:
        if not rare:
            rr = (1 - 0.5 ** np.sqrt(rr)) / (1 - 0.5 ** np.sqrt(1 / rr))
        # E = RR + sqrt(RR (RR - 1)), RR above 1
        # VanderWeele and Ding 2017, doi 10.7326/M16-2607
        rr = max(rr, 1 / rr)
        return float(rr + np.sqrt(rr * (rr - 1)))

    nearest = min(max(1.0, lower), upper)
    return pd.DataFrame(
        {
            "estimate": [ratio],
            "lower": [lower],
            "upper": [upper],
            "e_value": [strength(ratio)],
            "e_value_limit": [strength(nearest)],
        }
    )


def proportion(events: int, n: int) -> pd.DataFrame:
    """Share of people with the event, with its exact interval.

    Parameters
    ----------
    events, n : int
        People with the event, and all people (n above 0, events at most n).

    Returns
    -------
    DataFrame
        One row: events, n, estimate, lower, upper (Clopper-Pearson, 95%).

    Raises
    ------
    ValueError
        Unless events and n are counts with events <= n and n above 0.

    Notes
    -----
    Equals R's binom.test(events, n).
    """
    from statsmodels.stats.proportion import proportion_confint

    some, people = _single(counts=True, events=events, n=n)
    if max(some, 1) > people:
        raise ValueError(f"{some:g} events in {people:g} people: n is above 0, events at most n")
    lower, upper = proportion_confint(some, people, method="beta")
    return pd.DataFrame(
        {
            "events": [int(some)],
            "n": [int(people)],
            "estimate": [some / people],
            "lower": [float(lower)],
            "upper": [float(upper)],
        }
    )
