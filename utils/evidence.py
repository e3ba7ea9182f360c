"""Put published results side by side: pooling, standardised ratios, two-by-two tables, E-values."""

import numpy as np
import pandas as pd

from utils.checks import require_columns, require_groups, require_numbers


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
    for name in table:
        require_numbers(table, name, minimum=0 if counts else None)
        _refuse(table[name] % 1 * counts != 0, f"{name} is not a whole number of people or events")
    return table.astype(float)


def _single(table: pd.DataFrame) -> list[float]:
    if len(table) > 1:
        raise ValueError(f"{', '.join(table)}: give one number each, not {len(table)}")
    return table.iloc[0].tolist()


def _reml_tau2(y: np.ndarray, v: np.ndarray) -> float:
    """Between-study variance by restricted maximum likelihood (Fisher scoring)."""

    def loglik(tau2):
        w = 1 / (v + tau2)
        spread = np.sum(w * (y - np.average(y, weights=w)) ** 2)
        return (np.sum(np.log(w)) - np.log(w.sum()) - spread) / 2

    tau2 = max(0.0, y.var(ddof=1) - v.mean())
    for _ in range(1000):
        w = 1 / (v + tau2)
        s1, s2, s3 = w.sum(), np.sum(w**2), np.sum(w**3)
        score = np.sum((w * (y - np.average(y, weights=w))) ** 2) - (s1 - s2 / s1)
        step = score / (s2 - 2 * s3 / s1 + (s2 / s1) ** 2)
        previous, tau2 = tau2, max(0.0, tau2 + step)
        if abs(tau2 - previous) <= 1e-13 * (tau2 + len(v) / np.sum(1 / v)):
            return tau2 if loglik(tau2) >= loglik(0.0) else 0.0
    raise ValueError("REML did not converge: use method='DL' and look for one extreme study")


def pool(estimate, se, method: str = "REML", knapp_hartung: bool = False) -> pd.Series:
    """Pool study results on an additive scale, such as log ratios.

    Parameters
    ----------
    estimate, se : array-like of k studies
        Effects (log hazard, odds or risk ratios) and their standard errors.
    method : {"REML", "DL", "fixed"}
        Between-study variance: restricted maximum likelihood, DerSimonian-Laird,
        or none (one common effect).
    knapp_hartung : bool
        Standard error from the spread between studies, and t with k - 1 degrees of freedom.
        As in metafor it can also be narrower than the normal interval.

    Returns
    -------
    Series
        estimate, se, lower, upper (95%), tau2, i2 (percent), q, q_p, k, and the 95% prediction
        interval predict_lower, predict_upper: where the effect of a new study is expected
        (missing for "fixed"; normal, or t with Knapp-Hartung). It takes tau2 as known, so it
        is too narrow when studies are few.

    Raises ValueError for fewer than two studies, unequal lengths, missing values, or se <= 0.

    Notes
    -----
    Formulas of R's metafor (Viechtbauer 2010, doi 10.18637/jss.v036.i03).
    """
    from scipy.special import chdtrc, ndtri, stdtrit

    if method not in ("REML", "DL", "fixed"):
        raise ValueError(f"method {method!r} is unknown: use 'REML', 'DL' or 'fixed'")
    studies = _numbers({"estimate": estimate, "se": se})
    _refuse(studies["se"] <= 0, "se is not above 0", "log_se gives it from a printed interval")
    y, v, k = studies["estimate"].to_numpy(), studies["se"].to_numpy() ** 2, len(studies)
    if k < 2:
        raise ValueError(f"pooling needs two studies, got {k}: report the study by itself")
    w = 1 / v
    q = np.sum(w * (y - np.average(y, weights=w)) ** 2)
    typical = (k - 1) * w.sum() / (w.sum() ** 2 - np.sum(w**2))
    moment = max(0.0, q / (k - 1) - 1) * typical
    tau2 = _reml_tau2(y, v) if method == "REML" else moment * (method == "DL")
    w = 1 / (v + tau2)
    mean, variance = np.average(y, weights=w), 1 / w.sum()
    if knapp_hartung:
        variance *= np.sum(w * (y - mean) ** 2) / (k - 1)
    z = stdtrit(k - 1, 0.975) if knapp_hartung else ndtri(0.975)
    half = z * np.sqrt(variance)
    reach = np.nan if method == "fixed" else z * np.sqrt(variance + tau2)
    between = moment if method == "fixed" else tau2
    return pd.Series(
        {
            "estimate": mean,
            "se": np.sqrt(variance),
            "lower": mean - half,
            "upper": mean + half,
            "tau2": tau2,
            "i2": 100 * between / (between + typical),
            "q": q,
            "q_p": chdtrc(k - 1, q),
            "k": k,
            "predict_lower": mean - reach,
            "predict_upper": mean + reach,
        }
    )


def log_se(lower, upper, level: float = 0.95):
    """Standard error of a log ratio from its printed interval.

    Numbers give a float, columns a Series. Raises ValueError unless 0 < lower < upper.
    """
    from scipy.special import ndtri

    if not 0 < level < 1:
        raise ValueError(f"level {level} is not between 0 and 1: write 0.95 for a 95% interval")
    table = _numbers({"lower": lower, "upper": upper})
    bad = (table["lower"] <= 0) | (table["lower"] >= table["upper"])
    _refuse(bad, "0 < lower < upper does not hold", "check the printed interval")
    se = np.log(table["upper"] / table["lower"]) / (2 * ndtri((1 + level) / 2))
    return se if np.ndim(lower) else float(se.iloc[0])


def ratio_table(data: pd.DataFrame, ratio: str, lower: str, upper: str, invert=None):
    """Put published ratios on one direction and on the log scale.

    Parameters
    ----------
    data : DataFrame
        One row per study.
    ratio, lower, upper : str
        Columns with the printed ratio and its 95% interval.
    invert : str or array-like of bool, optional
        Column, or one True/False per row: True turns the row over (1 / ratio, bounds swapped).

    Returns
    -------
    DataFrame
        Copy of `data` with ratio, lower, upper (all on one direction), log_ratio and se (of the
        log ratio). Printed columns with other names stay as printed.

    Raises ValueError for a missing column, unless 0 < lower < ratio < upper in every row, and
    for an `invert` that is not True or False.
    """
    require_columns(data, [ratio, lower, upper] + ([invert] if isinstance(invert, str) else []))
    table = _numbers({name: data[name] for name in (ratio, lower, upper)})
    se = log_se(table[lower], table[upper])
    mid, low, high = (table[name] for name in (ratio, lower, upper))
    _refuse(~mid.between(low, high, "neither"), f"{ratio} is not inside its interval")
    flip = data[invert] if isinstance(invert, str) else invert
    flip = pd.Series(False if flip is None else flip, index=data.index)
    _refuse(~flip.isin([True, False]), "invert is not True or False", "mark every row")
    flip = flip.astype(bool)
    mid, low, high = mid.mask(flip, 1 / mid), low.mask(flip, 1 / high), high.mask(flip, 1 / low)
    return data.assign(ratio=mid, lower=low, upper=high, log_ratio=np.log(mid), se=se)


def sir(observed: int, expected: float) -> pd.Series:
    """Standardised incidence ratio: cases seen over cases expected at reference rates.

    Returns observed, expected, sir, lower, upper (exact Poisson, 95%) and p (two-sided: all
    outcomes no more likely than the one seen, as R's poisson.test).
    Raises ValueError unless observed is a count and expected is above 0.
    """
    from scipy.stats import poisson
    from statsmodels.stats.rates import confint_poisson

    (count,) = _single(_numbers({"observed": observed}, counts=True))
    (mean,) = _single(_numbers({"expected": expected}))
    if mean <= 0:
        raise ValueError(f"expected is {mean:g}: it must be above 0")
    lower, upper = confint_poisson(count, mean, method="exact-c")
    outcomes = np.arange(3 * int(max(count, mean)) + 20)
    likelier = outcomes[poisson.pmf(outcomes, mean) > poisson.pmf(count, mean) * (1 + 1e-7)]
    p = poisson.cdf(likelier[0] - 1, mean) + poisson.sf(likelier[-1], mean) if likelier.size else 1
    values = [count, mean, count / mean, lower, upper, p]
    return pd.Series(values, ["observed", "expected", "sir", "lower", "upper", "p"])


def _tarone_p(ratio: float, tables: np.ndarray) -> float:
    """Breslow-Day p with Tarone's correction; `tables` (k, 2, 2). Holds at a ratio of 1 too."""
    from scipy.special import chdtrc

    if ratio < 1:
        ratio, tables = 1 / ratio, tables[:, ::-1]
    seen, row, column = tables[:, 0, 0], tables[:, 0].sum(1), tables[:, :, 0].sum(1)
    b, product = tables.sum((1, 2)) + (ratio - 1) * (row + column), ratio * row * column
    expected = 2 * product / (b + np.sqrt(b**2 - 4 * (ratio - 1) * product))
    gap, last = seen - expected, tables[:, 1, 1] - seen + expected
    v = 1 / (1 / expected + 1 / (row - expected) + 1 / (column - expected) + 1 / last)
    statistic = max(0.0, np.sum(gap**2 / v) - gap.sum() ** 2 / v.sum())
    return chdtrc(len(tables) - 1, statistic) if len(tables) > 1 else np.nan


def mantel_haenszel(
    data: pd.DataFrame,
    exposed_cases: str,
    exposed_noncases: str,
    unexposed_cases: str,
    unexposed_noncases: str,
    by: str,
) -> pd.Series:
    """Odds ratio across strata, beside the crude one.

    Parameters
    ----------
    data : DataFrame
        Counts of people; rows of the same stratum are added up.
    exposed_cases, exposed_noncases, unexposed_cases, unexposed_noncases, by : str
        Columns with the four cells and with the stratum.

    Returns
    -------
    Series
        odds_ratio, lower, upper (95%, Robins-Breslow-Greenland); crude_odds_ratio, crude_lower,
        crude_upper (all strata in one table, Wald); homogeneity_p (Breslow-Day with Tarone's
        correction; missing for one stratum); strata (those with no empty row or column: the
        others say nothing about the ratio).

    Raises ValueError for a missing column or stratum, a cell that is not a count, and zero cells
    that leave no finite ratio.
    """
    from statsmodels.stats.contingency_tables import StratifiedTable, Table2x2

    names = [exposed_cases, exposed_noncases, unexposed_cases, unexposed_noncases]
    require_columns(data, names)
    require_groups(data, by)
    counts = _numbers({name: data[name] for name in names}, counts=True)
    tables = counts[names].groupby(data[by].to_numpy()).sum().to_numpy().reshape(-1, 2, 2)
    products = tables[:, [0, 0], [0, 1]] * tables[:, [1, 1], [1, 0]]
    if not products.sum(0).all():
        raise ValueError("zero cells leave no finite odds ratio: join strata")
    full = tables[(tables.sum(1) > 0).all(1) & (tables.sum(2) > 0).all(1)]
    used, crude = StratifiedTable(list(full)), Table2x2(tables.sum(0))
    values = [
        used.oddsratio_pooled,
        *used.oddsratio_pooled_confint(),
        crude.oddsratio,
        *crude.oddsratio_confint(),
        _tarone_p(used.oddsratio_pooled, full),
        len(full),
    ]
    return pd.Series(
        values,
        [
            "odds_ratio",
            "lower",
            "upper",
            "crude_odds_ratio",
            "crude_lower",
            "crude_upper",
            "homogeneity_p",
            "strata",
        ],
    )


def two_by_two(a: int, b: int, c: int, d: int) -> pd.DataFrame:
    """Risk ratio, risk difference and odds ratio with Wald 95% intervals.

    a, b are the exposed cases and non-cases; c, d the unexposed ones. A row per measure:
    measure, estimate, lower, upper. Raises ValueError unless all are counts above 0.
    """
    from scipy.special import ndtri
    from statsmodels.stats.contingency_tables import Table2x2

    a, b, c, d = _single(_numbers({"a": a, "b": b, "c": c, "d": d}, counts=True))
    if not min(a, b, c, d):
        raise ValueError("a cell is 0: use proportion for each group, or mantel_haenszel")
    table = Table2x2(np.array([[a, b], [c, d]]))
    difference = a / (a + b) - c / (c + d)
    half = ndtri(0.975) * np.sqrt(a * b / (a + b) ** 3 + c * d / (c + d) ** 3)
    rows = [
        ("risk_ratio", table.riskratio, *table.riskratio_confint()),
        ("risk_difference", difference, difference - half, difference + half),
        ("odds_ratio", table.oddsratio, *table.oddsratio_confint()),
    ]
    return pd.DataFrame(rows, columns=["measure", "estimate", "lower", "upper"])


def e_value(ratio: float, lower: float, upper: float, rare: bool = True) -> pd.Series:
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
    Series
        e_value = RR + sqrt(RR * (RR - 1)): the confounder's risk ratio with both exposure and
        outcome. e_value_limit: for the bound nearer 1; 1 if the interval includes 1.

    Notes
    -----
    VanderWeele and Ding 2017, doi 10.7326/M16-2607; hazard ratios, VanderWeele 2020,
    doi 10.1111/biom.13197. Raises ValueError unless 0 < lower <= ratio <= upper.
    """
    ratio, lower, upper = _single(_numbers({"ratio": ratio, "lower": lower, "upper": upper}))
    if not 0 < lower <= ratio <= upper:
        raise ValueError(f"0 < lower <= ratio <= upper does not hold: {lower}, {ratio}, {upper}")

    def strength(rr: float) -> float:
        if not rare:
            rr = (1 - 0.5 ** np.sqrt(rr)) / (1 - 0.5 ** np.sqrt(1 / rr))
        rr = max(rr, 1 / rr)
        return rr + np.sqrt(rr * (rr - 1))

    nearest = min(max(1.0, lower), upper)
    return pd.Series({"e_value": strength(ratio), "e_value_limit": strength(nearest)})


def proportion(events: int, n: int) -> pd.Series:
    """Share of people with the event: estimate, lower, upper (exact Clopper-Pearson, 95%).

    Raises ValueError unless events and n are counts with events <= n and n above 0.
    """
    from statsmodels.stats.proportion import proportion_confint

    events, n = _single(_numbers({"events": events, "n": n}, counts=True))
    if max(events, 1) > n:
        raise ValueError(f"{events:g} events in {n:g} people: n is above 0, events at most n")
    lower, upper = proportion_confint(events, n, method="beta")
    return pd.Series({"estimate": events / n, "lower": lower, "upper": upper})
