"""Long-term models and the judging of predictions: mixture cure, Brier score, study size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import expit
from scipy.stats import norm

from utils.checks import require_follow_up, require_numbers, require_some_events
from utils.survival._common import Z95, by_group, step
from utils.survival.kaplan_meier import kaplan_meier


def mixture_cure(
    data: pd.DataFrame, time: str, event: str, by: str | Sequence[str] | None = None
) -> pd.DataFrame:
    """Weibull mixture cure model: a share never has the event, the others follow a Weibull.

    Parameters
    ----------
    data : DataFrame
        One row a person; `time` > 0 in any unit, `event` 0/1.

    Returns
    -------
    DataFrame
        [by], cure, lower, upper (share never to have the event), scale (unit of `time`), shape,
        loglik, at_risk_late (people followed past the last event: what the plateau rests on).

    Notes
    -----
    The interval is on the logit scale. The model supposes that a cured share exists; a flat end
    with few people at risk is weak evidence for it.
    """
    require_follow_up(data, time, event, by=by)

    def one(part: pd.DataFrame) -> pd.DataFrame:
        from statsmodels.tools.numdiff import approx_hess

        require_some_events(part, event)
        times, happened = part[time].to_numpy(float), part[event].to_numpy(float)
        if (times <= 0).any():
            raise ValueError(
                f"column {time!r}: a Weibull needs times above 0. "
                "Remedy: leave out people without follow-up, knowingly"
            )

        def negative_loglik(q: np.ndarray) -> float:
            cure, scale, shape = expit(q[0]), np.exp(q[1]), np.exp(q[2])
            cumulative = (times / scale) ** shape
            log_density = (
                np.log1p(-cure) + np.log(shape) - np.log(times) + np.log(cumulative) - cumulative
            )
            survival = cure + (1 - cure) * np.exp(-cumulative)
            return -float(np.sum(np.where(happened == 1, log_density, np.log(survival))))

        start = np.array([0.0, np.log(np.median(times)), 0.0])
        fit = minimize(
            negative_loglik,
            start,
            method="Nelder-Mead",
            options={"xatol": 1e-10, "fatol": 1e-12, "maxiter": 5000},
        )
        fit = minimize(negative_loglik, fit.x, method="BFGS", options={"gtol": 1e-7})
        se = np.sqrt(np.linalg.inv(approx_hess(fit.x, negative_loglik))[0, 0])
        last_event = times[happened == 1].max()
        return pd.DataFrame(
            {
                "cure": [expit(fit.x[0])],
                "lower": [expit(fit.x[0] - Z95 * se)],
                "upper": [expit(fit.x[0] + Z95 * se)],
                "scale": [np.exp(fit.x[1])],
                "shape": [np.exp(fit.x[2])],
                "loglik": [-fit.fun],
                "at_risk_late": [int((times > last_event).sum())],
            }
        )

    return by_group(data, by, one)


def brier(data: pd.DataFrame, time: str, event: str, predicted: str, horizon: float) -> pd.Series:
    """Brier score of predicted survival at a horizon, weighted for censoring (Graf 1999).

    Parameters
    ----------
    predicted : str
        Column with each person's predicted probability of no event by the horizon.
    horizon : float
        Unit of `time`.

    Returns
    -------
    Series
        brier, brier_kaplan_meier (everyone given the same Kaplan-Meier survival),
        explained (1 - brier / brier_kaplan_meier; NaN before the first event), n.

    Notes
    -----
    At tied times events come before censoring; equals riskRegression's Score(cens.model="km").
    """
    require_follow_up(data, time, event)
    require_numbers(data, predicted)
    if (data[predicted] > 1).any():
        raise ValueError(
            f"column {predicted!r} holds a number above 1: survival at the horizon is a probability"
        )
    times, happened = data[time].to_numpy(float), data[event].to_numpy(float)
    if times.max() < horizon:
        raise ValueError(f"column {time!r}: nobody is followed to the horizon {horizon:g}")
    curve = kaplan_meier(data, time, event)
    grid, under = curve["time"].to_numpy(), (curve["at_risk"] - curve["events"]).to_numpy(float)
    censored = curve["censored"].to_numpy(float)
    free = np.cumprod(1 - censored / np.maximum(under, 1))
    before = np.concatenate([[1.0], free])[np.searchsorted(grid, times, side="left")]
    alive = times > horizon
    still_seen = np.where(alive, step(grid, free, np.array([horizon]), 1.0), before)
    weight = (alive | (happened == 1)) / still_seen
    overall = step(grid, curve["survival"].to_numpy(), np.array([horizon]), 1.0)
    score, reference = (
        float(np.mean(weight * (alive - p) ** 2))
        for p in (data[predicted].to_numpy(float), overall)
    )
    return pd.Series(
        {
            "brier": score,
            "brier_kaplan_meier": reference,
            "explained": 1 - score / reference if reference else np.nan,
            "n": len(data),
        }
    )


def events_needed(
    hazard_ratio: float, power: float = 0.8, alpha: float = 0.05, share_exposed: float = 0.5
) -> float:
    """Events a study needs to show a hazard ratio (Schoenfeld 1983).

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
    """
    if hazard_ratio <= 0 or hazard_ratio == 1 or not 0 < share_exposed < 1:
        raise ValueError("hazard_ratio must be positive and not 1, share_exposed between 0 and 1")
    reach = norm.ppf(1 - alpha / 2) + norm.ppf(power)
    return float(reach**2 / (share_exposed * (1 - share_exposed) * np.log(hazard_ratio) ** 2))
