"""Cox regression on statsmodels' PHReg, and what is read off a fitted model."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from utils.checks import as_list, require_columns, require_groups, require_some_events
from utils.survival._common import by_group, follow_up, grouped
from utils.survival._formula import (
    Design,
    coefficient_table,
    design,
    standardised,
    without_event,
)

SETTLED = 1e-6  # a fit is done if Newton's next step is no larger, in deviations of a covariate


@dataclass(frozen=True)
class Fit:
    """A fitted Cox model, its covariates on their own scale.

    Attributes
    ----------
    design : Design
        Rows, covariates and names.
    coef, se : ndarray
        Log hazard ratios and their standard errors.
    """

    design: Design
    coef: np.ndarray
    se: np.ndarray


def at_risk_sums(
    values: np.ndarray, time: np.ndarray, entry: np.ndarray | None, at: np.ndarray
) -> np.ndarray:
    """Sum of `values` over the rows with entry < t <= time, for each t of `at`."""

    def not_before(clock: np.ndarray) -> np.ndarray:
        order = np.argsort(clock, kind="stable")
        tail = np.append(np.cumsum(values[order][::-1])[::-1], 0)
        return tail[np.searchsorted(clock[order], at, side="left")]

    return not_before(time) - (0 if entry is None else not_before(entry))


def _codes(data: pd.DataFrame, columns: str | Sequence[str] | None) -> np.ndarray | None:
    """Number of the group of each row; None without columns."""
    return grouped(data, as_list(columns)).ngroup().to_numpy() if as_list(columns) else None


def _fit(
    data: pd.DataFrame,
    time: str,
    event: str,
    formula: str,
    entry: str | None = None,
    strata: str | Sequence[str] | None = None,
    cluster: str | Sequence[str] | None = None,
    ties: str = "efron",
) -> Fit:
    """Fit on covariates that are centred and scaled, and take the coefficients back."""
    from utils.survival import _phreg

    found = design(formula, data)
    if not found.labels:
        raise ValueError(f"formula {formula!r} names no covariate: name one, as in 'age'")
    used = found.rows
    require_some_events(used, event)
    scaled, _, scale = standardised(found.values)
    end, begin = used[time].to_numpy(float), None
    if entry is not None:
        # only the order of times matters; half a place after its entry a row is at risk
        clocks = np.concatenate([end, used[entry].to_numpy(float)])
        places = np.unique(clocks, return_inverse=True)[1].astype(float)
        end, begin = places[: len(used)], places[len(used) :] + 0.5
    model = _phreg.model(
        end,
        scaled,
        status=used[event].to_numpy(float),
        entry=begin,
        strata=_codes(used, strata),
        ties=ties,
        missing="none",
        hasconst=False,  # `design` refuses one; looking for it costs a decomposition
    )
    _refuse_undetermined(model, found)
    params = _maximum(model, found, used[event].to_numpy() == 1)
    variance = np.linalg.inv(-model.hessian(params))
    people = _codes(used, cluster)
    if people is not None:
        model.groups, number, plain = people, len(np.unique(people)), variance
        if number > len(params):
            variance = model.robust_covariance(params)
        if number <= len(params) or (np.diag(variance) < 1e-14 * np.diag(plain)).any():
            raise ValueError(
                f"column {cluster!r} names {number} cluster(s) for {len(params)} coefficient(s): "
                "robust errors need more clusters than coefficients, and some spread between "
                "them. Remedy: cluster=None  # or a column with more groups"
            )
    return Fit(found, params / scale, np.sqrt(np.diag(variance)) / scale)


def _refuse_undetermined(model: Any, found: Design) -> None:
    """Raise ValueError for a term that says nothing within the risk sets, alone or given others.

    The information at 0 is the sum of the covariates' variances within risk sets.
    """
    information = -model.hessian(np.zeros(len(found.labels)))
    for j in range(len(information)):
        before = information[:j, :j]
        weights = np.linalg.solve(before, information[:j, j]) if j else np.zeros(0)
        left = information[j, j] - weights @ information[:j, j]
        if left > 1e-12 * max(1.0, information[j, j]):
            continue
        others = [found.name(i) for i in range(j) if abs(weights[i]) > 1e-6]
        raise ValueError(
            f"{found.name(j)} does not vary among the people at risk at an event"
            + (f" beyond what {' and '.join(others)} say" if others else "")
            + f": its hazard ratio cannot be told{found.without(j)}"
        )


def climb(
    params: np.ndarray,
    value: Callable[[np.ndarray], float],
    score: Callable[[np.ndarray], np.ndarray],
    information: Callable[[np.ndarray], np.ndarray],
    steps: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Newton's method up a concave function, each step halved until it leads upwards.

    Returns
    -------
    params, step : ndarray
        Where it ended, and Newton's next step from there: smaller than `SETTLED` on the top,
        NaN where there is none.
    """
    height, step = value(params), np.full(len(params), np.nan)
    for _ in range(steps):
        try:
            step = np.linalg.solve(information(params), score(params))
        except np.linalg.LinAlgError:
            return params, np.full(len(params), np.nan)
        if not np.abs(step).max() >= SETTLED:
            return params, step
        part = step
        for _ in range(60):
            higher = value(params + part)
            if np.isfinite(higher) and higher >= height - 1e-12 * abs(height):
                break
            part = part / 2
        else:
            return params, step
        params, height = params + part, higher
    return params, step


def _maximum(model: Any, found: Design, happened: np.ndarray) -> np.ndarray:
    """Coefficients at which the partial likelihood is highest, from Newton, BFGS or `climb`.

    Raises
    ------
    ValueError
        If the likelihood rises for ever along a term, or no method ends.
    """
    from statsmodels.base.model import LikelihoodModel

    def information(params: np.ndarray) -> np.ndarray:
        return -model.hessian(params)

    params = np.zeros(len(found.labels))
    for method, steps in (("newton", 25), ("bfgs", 500), ("newton", 25), ("climb", 500)):
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            start = params if np.isfinite(params).all() else 0 * np.nan_to_num(params)
            try:
                if method == "climb":
                    params, step = climb(0 * start, model.loglike, model.score, information, steps)
                else:
                    params = LikelihoodModel.fit(
                        model, start, method=method, maxiter=steps, disp=False, skip_hessian=True
                    ).params
                    step = np.linalg.solve(information(params), model.score(params))
            except (np.linalg.LinAlgError, ValueError):
                step = np.full(len(params), np.nan)
            if np.abs(step).max() < SETTLED:
                return params + step
            _refuse_endless(model, found, happened, step)
    raise ValueError(
        f"the fit of {found.names(list(range(len(params))))} does not come to an "
        f"end: look at the values of these columns{found.without(len(params) - 1)}"
    )


def _refuse_endless(model: Any, found: Design, happened: np.ndarray, step: np.ndarray) -> None:
    """Raise ValueError if the likelihood rises for ever along a term, or along Newton's step.

    It does along d if, at each event, whoever has it holds the highest x'd of all at risk
    (Bryson and Johnson 1981, Technometrics 23:381). Newton's steps tend to such a direction.
    """
    unit = np.eye(len(step))
    directions = [(sign * row, 1e-9) for row in unit for sign in (1, -1)]
    if np.isfinite(step).all():
        directions.append((step / np.abs(step).max(), 1e-5))
    for direction, slack in directions:
        if not _always_highest(model, direction, slack):
            continue
        columns = [j for j in range(len(step)) if abs(direction[j]) > 0.01]
        names = found.names(columns)
        side = "lowest" if len(columns) == 1 and direction.sum() < 0 else "highest"
        said, remedy = without_event(found, happened) or (
            f"{names}: at each event, whoever has it holds the {side} value of all at risk",
            found.without(columns[-1]),
        )
        raise ValueError(f"{said}, so the hazard ratio has no finite value{remedy}")


def _always_highest(model: Any, direction: np.ndarray, slack: float) -> bool:
    """Whether at each event those who have it hold the highest x'd of all at risk."""
    surv = model.surv
    for x, time, entry, status in zip(surv.exog_s, surv.time_s, surv.entry_s, surv.status_s):
        height, fail = x @ direction, status == 1
        at, k = np.unique(time[fail], return_inverse=True)
        begin = np.searchsorted(at, entry, side="left")
        length = np.searchsorted(at, time, side="right") - begin
        inside = length > 0
        begin, length, high = begin[inside], length[inside], height[inside]
        # highest over each range of event times: ranges as two overlapping powers of two
        level = np.log2(length).astype(int)
        top = np.full((level.max() + 1, len(at)), -np.inf)
        np.maximum.at(top, (level, begin), high)
        np.maximum.at(top, (level, begin + length - 2**level), high)
        for i in range(level.max(), 0, -1):
            half = 2 ** (i - 1)
            np.maximum(top[i - 1], top[i], out=top[i - 1])
            np.maximum(top[i - 1, half:], top[i, :-half], out=top[i - 1, half:])
        if (height[fail] < top[0][k] - slack * max(np.ptp(height), 1e-300)).any():
            return False
    return True


def cox(
    data: pd.DataFrame,
    time: str,
    event: str,
    formula: str,
    by: str | Sequence[str] | None = None,
    entry: str | None = None,
    strata: str | Sequence[str] | None = None,
    cluster: str | Sequence[str] | None = None,
    ties: str | None = None,
) -> pd.DataFrame:
    """Cox proportional-hazards regression.

    Parameters
    ----------
    data : DataFrame
        One row a person, or with `entry` a person's interval (entry, time].
    time, event : str
        Columns: end of follow-up (any unit, >= 0); 1 if the event ended it, 0 if censored.
    formula : str
        Right-hand side, for example "treatment + age". Rows with a missing covariate are left
        out and counted in `attrs["dropped"]`.
    by : str or list of str, optional
        Column(s) that name groups; each gets a model of its own.
    entry : str, optional
        Column with the start of the interval (delayed entry, changing covariates).
    strata : str or list of str, optional
        Column(s) within whose levels the baseline hazard is shared.
    cluster : str or list of str, optional
        Column(s) that name the person (or centre) whose rows belong together; standard errors
        are then robust.
    ties : {"efron", "breslow"}, optional
        Efron unless `cluster` is given, then Breslow.

    Returns
    -------
    DataFrame
        [by], term, level, coef, se, hazard_ratio, lower, upper, p; a row a coefficient. `level`
        is "" for a number, and for a category the level that is compared with its first one
        ("True" for true/false). An interaction has term "a:b" and level "x:y".
        `attrs` holds n (rows used), events, dropped and ties.

    Raises
    ------
    ValueError
        For bad columns (see `utils.checks`), a formula that cannot be read, no event, a term
        that never varies or is a sum of others, a hazard ratio without a finite value (no event
        in a level), or no more clusters than coefficients; names the term.

    Notes
    -----
    On statsmodels' PHReg, covariates centred and scaled for the fit; equals R's coxph with the
    same ties. Robust errors: Lin and Wei 1989, J Am Stat Assoc 84:1074.
    """
    if ties not in (None, "efron", "breslow"):
        raise ValueError(f"ties must be 'efron' or 'breslow', not {ties!r}")
    used_ties = ties or ("breslow" if as_list(cluster) else "efron")
    require_columns(data, as_list(cluster))
    require_groups(data, [*as_list(strata), *as_list(cluster)])
    data = follow_up(data, time, event, entry=entry, by=by)
    counts = {"n": 0, "events": 0, "dropped": 0}

    def one(part: pd.DataFrame) -> pd.DataFrame:
        fit = _fit(part, time, event, formula, entry, strata, cluster, used_ties)
        rows = fit.design.rows
        counts["n"] += len(rows)
        counts["events"] += int(rows[event].sum())
        counts["dropped"] += len(part) - len(rows)
        return coefficient_table(fit.design, fit.coef, fit.se, "hazard_ratio")

    table = by_group(data, by, one)
    table.attrs = {**counts, "ties": used_ties}
    return table


def baseline_hazard(
    data: pd.DataFrame,
    time: str,
    event: str,
    formula: str,
    by: str | Sequence[str] | None = None,
    entry: str | None = None,
) -> pd.DataFrame:
    """Breslow estimate of the cumulative hazard of a person whose covariates are all zero.

    Parameters
    ----------
    data : DataFrame
        One row a person, or with `entry` a person's interval (entry, time].
    time, event : str
        Columns: end of follow-up (any unit, >= 0); 1 if the event ended it, 0 if censored.
    formula : str
        Right-hand side of the Cox model; zero is also a category's first level.
    by : str or list of str, optional
        Column(s) that name groups; each gets a model of its own.
    entry : str, optional
        Column with the start of the interval.

    Returns
    -------
    DataFrame
        [by], time, at_risk, events, cumulative_hazard, survival; a row per event time.

    Raises
    ------
    ValueError
        As `cox`.

    Notes
    -----
    H(t) = sum over event times s <= t of d(s) / sum over those at risk of exp(x'b).
    Breslow 1972, J R Stat Soc B 34:216. Written here because PHReg's own is one event late;
    fitted with Breslow's ties; equals R's basehaz(centered=FALSE).
    """
    data = follow_up(data, time, event, entry=entry, by=by)

    def one(part: pd.DataFrame) -> pd.DataFrame:
        fit = _fit(part, time, event, formula, entry, ties="breslow")
        rows = fit.design.rows
        times, happened = rows[time].to_numpy(float), rows[event].to_numpy() == 1
        begin = None if entry is None else rows[entry].to_numpy(float)
        grid, events = np.unique(times[happened], return_counts=True)
        score = fit.design.values @ fit.coef
        # H(t) = sum of d(s) / sum of exp(x'b) over those at risk at s, event times s <= t
        # Breslow 1972, J R Stat Soc B 34:216
        steps = events / at_risk_sums(np.exp(score - score.max()), times, begin, grid)
        with np.errstate(over="ignore", under="ignore"):
            hazard = np.cumsum(steps) * np.exp(-score.max())
            return pd.DataFrame(
                {
                    "time": grid,
                    "at_risk": at_risk_sums(np.ones(len(rows)), times, begin, grid).astype(int),
                    "events": events.astype(int),
                    "cumulative_hazard": hazard,
                    "survival": np.exp(-hazard),
                }
            )

    return by_group(data, by, one)
