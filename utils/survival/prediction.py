"""Long-term models and the judging of predictions: concordance, Brier, cure, study size."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import expit, ndtri

from utils.checks import complain, require_numbers, require_some_events
from utils.survival._common import (
    ROUNDING,
    Z95,
    by_group,
    chosen_number,
    follow_up,
    same_times,
    step,
    within_reach,
)
from utils.survival.kaplan_meier import _curve


def _count_below(
    ranks: np.ndarray, start: np.ndarray, stop: np.ndarray, bound: np.ndarray
) -> np.ndarray:
    """How many of ranks[start:stop] are below `bound`, for whole arrays of questions.

    A wavelet matrix: bit by bit from the highest, ranks are parted into zeros and ones, and each
    question follows its bound's bit (Claude, Navarro and Ordonez 2015, Inform Syst 47:15).
    """
    start, stop, total = start.copy(), stop.copy(), np.zeros(len(bound), dtype=np.int64)
    top = max(int(bound.max(initial=0)), int(ranks.max(initial=0))).bit_length()
    for bit in range(top - 1, -1, -1):
        one = (ranks >> bit & 1).astype(bool)
        zeros = np.concatenate([[0], np.cumsum(~one)])
        up = (bound >> bit & 1).astype(bool)
        low, high = zeros[start], zeros[stop]
        total += np.where(up, high - low, 0)
        start = np.where(up, zeros[-1] + start - low, low)
        stop = np.where(up, zeros[-1] + stop - high, high)
        ranks = np.concatenate([ranks[~one], ranks[one]])
    return total


def concordance(
    data: pd.DataFrame,
    time: str,
    event: str,
    score: str,
    by: str | Sequence[str] | None = None,
) -> pd.DataFrame:
    """Share of comparable pairs in which the higher score had the event first (Harrell's C).

    Parameters
    ----------
    data : DataFrame
        One row a person.
    time, event : str
        Columns: end of follow-up (any unit, >= 0); 1 if the event ended it, 0 if censored.
    score : str
        Column with the predicted risk: higher means an earlier event is expected.
    by : str or list of str, optional
        Column(s) that name the groups.

    Returns
    -------
    DataFrame
        [by], concordance, se, lower, upper. 0.5 is a coin, 1 a perfect ranking; ties in the
        score count one half.

    Raises
    ------
    ValueError
        For bad columns (see `utils.checks`), no event, or no pair that can be compared.

    Notes
    -----
    C = (pairs in order + half of those tied in the score) / pairs whose earlier time is an event;
    Harrell and others 1982, JAMA 247:2543. The standard error is the infinitesimal jackknife:
    equals R's concordance(Surv(time, event) ~ score, reverse=TRUE).
    """
    values = require_numbers(data, score, minimum=None)
    data = follow_up(data, time, event, by=by)
    data[score] = values

    def one(part: pd.DataFrame) -> pd.DataFrame:
        require_some_events(part, event)
        times, happened = part[time].to_numpy(float), part[event].to_numpy() == 1
        # place in time: an event comes before a censoring of the same time
        place = 2 * np.unique(times, return_inverse=True)[1] + ~happened
        order = np.argsort(place, kind="stable")
        place, happened = place[order], happened[order]
        rank = np.unique(part[score].to_numpy(float), return_inverse=True)[1][order]
        n, first = len(part), np.flatnonzero(happened)
        # each event against all that come after it, each row against the events before it
        later = np.searchsorted(place, place[first], side="right")
        earlier = np.searchsorted(place[first], place, side="left")
        end, begin = np.full(len(first), n), np.zeros(n, dtype=int)
        own_wins, own_pairs = np.zeros(n), earlier.astype(float)
        for bound in (rank, rank + 1):
            own_wins += (earlier - _count_below(rank[first], begin, earlier, bound)) / 2
            own_wins[first] += _count_below(rank, later, end, bound[first]) / 2
        own_pairs[first] += n - later
        pairs = own_pairs.sum() / 2
        if not pairs:
            raise ValueError(
                f"column {time!r}: no pair can be compared, nobody is followed beyond an event of "
                "another"
            )
        # C = wins / pairs; its jackknife weighs each row's own wins less C of its own pairs
        # Harrell and others 1982, JAMA 247:2543; Therneau and Atkinson 2020, vignette concordance
        value = own_wins.sum() / 2 / pairs
        se = np.sqrt((((own_wins - value * own_pairs) / pairs) ** 2).sum())
        return pd.DataFrame(
            {
                "concordance": [value],
                "se": [se],
                "lower": [value - Z95 * se],
                "upper": [value + Z95 * se],
            }
        )

    return by_group(data, by, one)


def mixture_cure(
    data: pd.DataFrame, time: str, event: str, by: str | Sequence[str] | None = None
) -> pd.DataFrame:
    """Weibull mixture cure model: a share never has the event, the others follow a Weibull.

    Parameters
    ----------
    data : DataFrame
        One row a person.
    time, event : str
        Columns: end of follow-up (any unit, > 0); 1 if the event ended it, 0 if censored.
    by : str or list of str, optional
        Column(s) that name the groups.

    Returns
    -------
    DataFrame
        [by], cure, lower, upper (share never to have the event), scale (unit of `time`), shape,
        loglik, at_risk_late (people followed past the last event: what the plateau rests on).

    Raises
    ------
    ValueError
        For bad columns (see `utils.checks`), a time of 0, no event, or follow-up that does not
        tell a cured share: no plateau, or an interval from 0 to 1.

    Notes
    -----
    S(t) = cure + (1 - cure) exp(-(t / scale)^shape), by maximum likelihood; the interval is on the
    logit scale. Boag 1949, J R Stat Soc B 11:15. The model supposes that a cured share exists; a
    flat end with few people at risk is weak evidence for it.
    """
    data = follow_up(data, time, event, by=by)
    complain(
        time,
        (data[time] == 0).to_numpy(),
        data[time],
        "a Weibull needs times above 0",
        f"data = data[data[{time!r}] > 0]  # leaves out people without follow-up",
    )

    def one(part: pd.DataFrame) -> pd.DataFrame:
        require_some_events(part, event)
        times, happened = part[time].to_numpy(float), part[event].to_numpy() == 1
        unit = float(np.median(times))
        q, height, se = _cure_fit(times / unit, happened, time)
        last_event = times[happened].max()
        return pd.DataFrame(
            {
                "cure": [expit(q[0])],
                "lower": [expit(q[0] - Z95 * se)],
                "upper": [expit(q[0] + Z95 * se)],
                "scale": [np.exp(q[1]) * unit],
                "shape": [np.exp(q[2])],
                "loglik": [height - happened.sum() * np.log(unit)],
                "at_risk_late": [int((times > last_event).sum())],
            }
        )

    return by_group(data, by, one)


def _cure_fit(
    times: np.ndarray, happened: np.ndarray, name: str
) -> tuple[np.ndarray, float, float]:
    """Logit of the cured share, log scale and log shape; the log-likelihood; the logit's error."""
    from scipy.optimize import minimize
    from statsmodels.tools.numdiff import approx_hess

    log_times = np.log(times)

    def negative_loglik(q: np.ndarray) -> float:
        # f(t) = (1 - cure) (shape / t) H exp(-H), S(t) = cure + (1 - cure) exp(-H),
        # H = (t / scale)^shape; Boag 1949, J R Stat Soc B 11:15
        log_h = np.exp(q[2]) * (log_times - q[1])
        h = np.exp(np.minimum(log_h, 700))
        log_density = -np.logaddexp(0, q[0]) + q[2] - log_times + log_h - h
        log_survival = np.logaddexp(q[0], -h) - np.logaddexp(0, q[0])
        value = -float(np.where(happened, log_density, log_survival).sum())
        return value if np.isfinite(value) else 1e300

    tight = {"xatol": 1e-10, "fatol": 1e-12, "maxiter": 5000}
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        fit = minimize(negative_loglik, np.zeros(3), method="Nelder-Mead", options=tight)
        fit = minimize(negative_loglik, fit.x, method="BFGS", options={"gtol": 1e-7})
        alone = minimize(
            lambda q: negative_loglik(np.array([-800.0, *q])), np.zeros(2),
            method="Nelder-Mead", options=tight,
        )  # fmt: skip
        curvature = approx_hess(fit.x, negative_loglik)
    if fit.fun > alone.fun - 1e-6:
        raise ValueError(
            f"column {name!r}: the likelihood is highest with no cured share, the curve has no "
            "plateau that a cured share would explain; kaplan_meier and restricted_mean need none"
        )
    definite = np.isfinite(curvature).all() and np.linalg.eigvalsh(curvature).min() > 0
    se = float(np.sqrt(np.linalg.inv(curvature)[0, 0])) if definite else np.inf
    lower, upper = expit(fit.x[0] + Z95 * se * np.array([-1, 1]))
    if np.abs(fit.x[1:]).max() > 10 or upper - lower > 0.99:
        raise ValueError(
            f"column {name!r}: the follow-up does not tell a cured share, it could be any from 0 "
            "to 1; kaplan_meier and survival_at need no such model"
        )
    return fit.x, -float(fit.fun), se


def brier(
    data: pd.DataFrame,
    time: str,
    event: str,
    predicted: str,
    horizon: float,
    by: str | Sequence[str] | None = None,
) -> pd.DataFrame:
    """Brier score of predicted survival at a horizon, weighted for censoring.

    Parameters
    ----------
    data : DataFrame
        One row a person.
    time, event : str
        Columns: end of follow-up (any unit, >= 0); 1 if the event ended it, 0 if censored.
    predicted : str
        Column with each person's predicted probability of no event by the horizon.
    horizon : float
        Unit of `time`.
    by : str or list of str, optional
        Column(s) that name the groups; each gets weights of its own.

    Returns
    -------
    DataFrame
        [by], brier, brier_kaplan_meier (everyone given the same Kaplan-Meier survival),
        explained (1 - brier / brier_kaplan_meier; NaN before the first event), n.

    Raises
    ------
    ValueError
        For bad columns (see `utils.checks`), a prediction outside 0 to 1, or a horizon that is
        not above 0 or that nobody is followed to.

    Notes
    -----
    Mean of w (1(T > horizon) - predicted)^2; w is 1 / G(T-) for an event by then, 1 / G(horizon)
    for those still followed, 0 for the censored, G the Kaplan-Meier estimate of being uncensored.
    Graf and others 1999, Stat Med 18:2529. At tied times events come before censoring; equals
    riskRegression's Score(cens.model="km").
    """
    horizon = chosen_number(horizon, "horizon")
    checked = follow_up(data, time, event, by=by)
    chances = require_numbers(data, predicted, minimum=None)
    complain(
        predicted,
        (chances < -ROUNDING) | (chances > 1 + ROUNDING),
        data[predicted],
        "survival at the horizon is a probability, 0 to 1",
        f"data[{predicted!r}] = data[{predicted!r}] / 100  # if these are percent"
        if chances.min() >= 0
        else f"data[{predicted!r}] = data[{predicted!r}].clip(0, 1)  # if they miss by little",
    )
    times, at = same_times(checked[time].to_numpy(float), np.array([horizon], float))
    checked[time], checked[predicted] = times, chances

    def one(part: pd.DataFrame) -> pd.DataFrame:
        times, happened = part[time].to_numpy(float), part[event].to_numpy() == 1
        if times.max() < at[0]:
            raise ValueError(
                f"column {time!r}: nobody is followed to the horizon {horizon:g}. "
                f"Remedy: {within_reach(checked, time, by)}"
            )
        curve = _curve(part, time, event)
        grid, under = curve["time"].to_numpy(), (curve["at_risk"] - curve["events"]).to_numpy(float)
        free = np.cumprod(1 - curve["censored"].to_numpy(float) / np.maximum(under, 1))
        before = np.concatenate([[1.0], free])[np.searchsorted(grid, times, side="left")]
        alive = times > at[0]
        # mean of w (1(T > horizon) - p)^2, w = 1 / G(T-) for events, 1 / G(horizon) for the rest
        # Graf and others 1999, Stat Med 18:2529
        weight = (alive | happened) / np.where(alive, step(grid, free, at, 1.0), before)
        overall = step(grid, curve["survival"].to_numpy(), at, 1.0)
        score, reference = (
            float(np.mean(weight * (alive - p) ** 2))
            for p in (part[predicted].to_numpy(float), overall)
        )
        return pd.DataFrame(
            {
                "brier": [score],
                "brier_kaplan_meier": [reference],
                "explained": [1 - score / reference if reference else np.nan],
                "n": [len(part)],
            }
        )

    return by_group(checked, by, one)


def events_needed(
    hazard_ratio: float, power: float = 0.8, alpha: float = 0.05, share_exposed: float = 0.5
) -> float:
    """Events a study needs to show a hazard ratio.

    Parameters
    ----------
    hazard_ratio : float
        The effect to be shown, not 1.
    power, alpha : float
        Chance to show it; two-sided level.
    share_exposed : float
        Share of the people who are exposed, between 0 and 1.

    Returns
    -------
    float
        Number of events, not of people: divide by the share that will have the event.

    Raises
    ------
    ValueError
        For a ratio of 1 or not above 0, or a chance or share that is not between 0 and 1.

    Notes
    -----
    (z(1 - alpha / 2) + z(power))^2 / (share (1 - share) log(hazard_ratio)^2).
    Schoenfeld 1983, Biometrics 39:499.
    """
    ratio = chosen_number(hazard_ratio, "hazard_ratio")
    share = chosen_number(share_exposed, "share_exposed", below=1)
    alpha = chosen_number(alpha, "alpha", below=1)
    power = chosen_number(power, "power", below=1, above=alpha / 2)
    if ratio == 1:
        raise ValueError(
            "hazard_ratio is 1: no number of events shows that, give one that is not 1"
        )
    # (z(1 - alpha / 2) + z(power))^2 / (share (1 - share) log(hazard_ratio)^2)
    # Schoenfeld 1983, Biometrics 39:499
    reach = ndtri(power) - ndtri(alpha / 2)
    return float(reach**2 / (share * (1 - share) * np.log(ratio) ** 2))
