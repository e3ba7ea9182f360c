"""statsmodels' PHReg with its sums over risk sets written over whole arrays.

Imported by `cox` when a model is fitted, since statsmodels' modules are heavy.
"""

from __future__ import annotations

import numpy as np
from statsmodels.duration.hazard_regression import PHReg


class RiskSets:
    """Who is at risk at each event time of a stratum: at time t those with entry < t <= time.

    Parameters
    ----------
    time, entry : ndarray
        Ends (in increasing order) and starts of follow-up; an entry is at risk at its own time,
        as in PHReg.
    fail : ndarray of bool
        Whether the event ended it.
    efron : bool
        Tied events leave the risk set one by one (Efron), or not at all (Breslow).
    """

    def __init__(self, time: np.ndarray, entry: np.ndarray, fail: np.ndarray, efron: bool) -> None:
        self.fail = fail
        at, self.k, self.d = np.unique(time[fail], return_inverse=True, return_counts=True)
        self.starts = np.cumsum(self.d) - self.d
        self.first, self.by_entry = np.searchsorted(time, at), np.argsort(entry, kind="stable")
        self.late = np.searchsorted(entry[self.by_entry], at, side="right")
        self.until = np.searchsorted(at, time, side="right")
        self.since = np.searchsorted(at, entry, side="left")
        rank = np.arange(len(self.k)) - self.starts[self.k]
        self.share = rank / self.d[self.k] if efron else np.zeros(len(self.k))

    def tied(self, values: np.ndarray) -> np.ndarray:
        """Sum, over the events of each time, of a value an event."""
        return np.add.reduceat(values, self.starts, axis=0)

    def below(self, values: np.ndarray) -> np.ndarray:
        """Sum, for each event, of a value a row over those at risk, less its share of the tied."""
        ends, came = (
            np.concatenate([np.cumsum(v[::-1], axis=0)[::-1], np.zeros_like(v[:1])])
            for v in (values, values[self.by_entry])
        )
        tied = self.tied(values[self.fail])
        share = self.share.reshape(-1, *[1] * (values.ndim - 1))
        return (ends[self.first] - came[self.late])[self.k] - share * tied[self.k]

    def held(self, values: np.ndarray) -> np.ndarray:
        """Sum, for each row, of a value an event over those it was at risk for."""
        steps = np.cumsum(self.tied(values), axis=0)
        steps = np.concatenate([np.zeros_like(steps[:1]), steps])
        total = steps[self.until] - steps[self.since]
        share = self.share.reshape(-1, *[1] * (values.ndim - 1))
        total[self.fail] -= self.tied(share * values)[self.k]
        return total


class FastPHReg(PHReg):
    """PHReg whose log-likelihood, score, Hessian and score residuals are cumulative sums.

    Fit and results are statsmodels' own. A row that was in no risk set has the score residual 0,
    where PHReg has NaN, and Efron's ties have residuals too.

    Notes
    -----
    l = sum over events of x'b - log S0, S0 = sum over those at risk of exp(x'b), and its
    derivatives; Efron lets the j-th of d tied events see S0 less (j - 1)/d of the tied.
    Cox 1972, J R Stat Soc B 34:187; Efron 1977, J Am Stat Assoc 72:557.
    Score residuals: Therneau and Grambsch 2000, Modeling Survival Data, section 4.6.
    """

    def __init__(self, *args, **options) -> None:
        super().__init__(*args, **options)
        s = self.surv
        self.risk_sets = [
            RiskSets(time, entry, status == 1, self.ties == "efron")
            for time, entry, status in zip(s.time_s, s.entry_s, s.status_s)
        ]

    def _strata(self, params):
        s = self.surv
        for i, sets in enumerate(self.risk_sets):
            lp = s.exog_s[i] @ params + (0 if s.offset_s is None else s.offset_s[i])
            lp = lp - lp.max()
            e = np.exp(lp)
            yield sets, s.exog_s[i], lp, e, sets.below(e), s.stratum_rows[i]

    def loglike(self, params):
        """Log partial likelihood."""
        # l = sum over events of x'b - log S0, S0 = sum over those at risk of exp(x'b)
        # Cox 1972, J R Stat Soc B 34:187; ties: Efron 1977, J Am Stat Assoc 72:557
        return sum(
            lp[sets.fail].sum() - np.log(below).sum()
            for sets, _, lp, _, below, _ in self._strata(params)
        )

    def score(self, params):
        """Its first derivative."""
        return sum(
            x[sets.fail].sum(axis=0) - x.T @ (e * sets.held(1 / below))
            for sets, x, _, e, below, _ in self._strata(params)
        )

    def hessian(self, params):
        """Its second derivative."""
        total = 0
        for sets, x, _, e, below, _ in self._strata(params):
            mean = sets.below(e[:, None] * x) / below[:, None]
            total = total + mean.T @ mean - x.T @ ((e * sets.held(1 / below))[:, None] * x)
        return total

    def score_residuals(self, params):
        """Each row's part of the score."""
        # event (x - mean) - sum over the events met of (x - mean) exp(x'b) / S0
        # Therneau and Grambsch 2000, Modeling Survival Data, section 4.6
        residuals = np.zeros(self.exog.shape)
        for sets, x, _, e, below, rows in self._strata(params):
            mean = sets.below(e[:, None] * x) / below[:, None]
            own = e[:, None] * (
                sets.held(mean / below[:, None]) - sets.held(1 / below)[:, None] * x
            )
            own[sets.fail] += x[sets.fail] - (sets.tied(mean) / sets.d[:, None])[sets.k]
            residuals[rows] = own
        return residuals


def model(*args, **options) -> PHReg:
    """Return FastPHReg, or PHReg if a later statsmodels keeps its risk sets otherwise."""
    try:
        return FastPHReg(*args, **options)
    except (AttributeError, TypeError):
        return PHReg(*args, **options)
