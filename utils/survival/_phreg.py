"""statsmodels' PHReg with its sums over risk sets written over whole arrays.

Imported by `cox` when a model is fitted, since statsmodels' modules are heavy.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from statsmodels.base.model import LikelihoodModel
from statsmodels.duration.hazard_regression import PHReg, PHSurvivalTime


class SurvivalTime(PHSurvivalTime):
    """PHSurvivalTime without its lists of who enters and leaves, row by row.

    They are made, as statsmodels makes them, where one of its own methods asks for them.
    """

    def __init__(self, time, status, exog, strata=None, entry=None, offset=None):
        self.given = time, status, exog, strata, entry, offset
        entry = np.zeros(len(time)) if entry is None else entry
        names, rows = np.zeros(1), [np.arange(len(time))]
        if strata is not None:
            codes, names = pd.factorize(strata, sort=True)
            rows = np.split(np.argsort(codes, kind="stable"), np.cumsum(np.bincount(codes))[:-1])
        self.nstrat_orig, self.stratum_names, self.stratum_rows = len(names), [], []
        for name, ix in zip(names, rows):
            events = time[ix[status[ix] == 1]]
            if events.size:
                ix = ix[(entry[ix] <= events.max()) & (time[ix] >= events.min())]
                self.stratum_names.append(name)
                self.stratum_rows.append(ix[np.argsort(time[ix])])
        self.nstrat, self.n_obs = len(self.stratum_rows), sum(map(len, self.stratum_rows))
        self.time_s, self.exog_s = self._split(time), self._split(exog)
        self.status_s, self.entry_s = self._split(status), self._split(entry)
        self.offset_s = None if offset is None else self._split(offset)

    def __getattr__(self, name):
        if name not in {"ufailt", "ufailt_ix", "risk_enter", "risk_exit"}:
            raise AttributeError(name)
        super().__init__(*self.given)
        return getattr(self, name)


class RiskSets:
    """Who is at risk at each event time of a stratum: at time t those with entry <= t <= time.

    Parameters
    ----------
    time, entry : ndarray
        Ends (in increasing order, none before the first event) and starts of follow-up; an
        entry is at risk at its own time, as in PHReg.
    fail : ndarray of bool
        Whether the event ended it.
    efron : bool
        Tied events leave the risk set one by one (Efron), or not at all (Breslow).
    """

    def __init__(self, time: np.ndarray, entry: np.ndarray, fail: np.ndarray, efron: bool) -> None:
        self.fail = np.flatnonzero(fail)
        at, self.k, self.d = np.unique(time[fail], return_inverse=True, return_counts=True)
        self.starts = np.cumsum(self.d) - self.d
        self.first = np.searchsorted(time, at)
        self.until = np.searchsorted(at, time, side="right")
        late = np.flatnonzero(entry > at[0])
        self.late = late[np.argsort(entry[late], kind="stable")]
        self.came = np.searchsorted(entry[self.late], at, side="right")
        self.since = np.searchsorted(at, entry, side="left") if late.size else None
        rank = np.arange(len(self.k)) - self.starts[self.k]
        self.share = rank / self.d[self.k] if efron else np.zeros(len(self.k))

    def tied(self, values: np.ndarray) -> np.ndarray:
        """Sum, over the events of each time, of a value an event."""
        return np.add.reduceat(values, self.starts, axis=0)

    def at_risk(self, values: np.ndarray) -> np.ndarray:
        """Sum, at each event time, of a value a row over those at risk."""
        total = np.cumsum(np.add.reduceat(values, self.first, axis=0)[::-1], axis=0)[::-1]
        if self.since is not None:
            to_come = np.cumsum(values[self.late][::-1], axis=0)[::-1]
            total -= np.concatenate([to_come, np.zeros_like(values[:1])])[self.came]
        return total

    def held(self, steps: np.ndarray, own: np.ndarray) -> np.ndarray:
        """Sum, for each row, of a value a time over the times at risk; an event less `own`."""
        steps = np.concatenate([np.zeros_like(steps[:1]), np.cumsum(steps, axis=0)])
        total = steps[self.until]
        if self.since is not None:
            total -= steps[self.since]
        total[self.fail] -= own[self.k]
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

    def __init__(
        self,
        endog,
        exog,
        status,
        entry=None,
        strata=None,
        offset=None,
        ties="breslow",
        missing="none",
        **options,
    ) -> None:
        # as PHReg's, but for SurvivalTime and for ranks that nobody asks for
        LikelihoodModel.__init__(
            self,
            endog,
            exog,
            status=status,
            entry=entry,
            strata=strata,
            offset=offset,
            missing=missing,
            **options,
        )
        self.surv = SurvivalTime(
            self.endog, self.status, self.exog, self.strata, self.entry, self.offset
        )
        self.nobs, self.groups, self.missing, self.ties = len(self.endog), None, missing, ties
        self.df_model = float(self.exog.shape[1])
        self.df_resid = self.nobs - self.df_model
        s = self.surv
        self.risk_sets = [
            RiskSets(time, entry, status == 1, self.ties == "efron")
            for time, entry, status in zip(s.time_s, s.entry_s, s.status_s)
        ]
        self._seen: tuple[bytes, list] = b"", []

    def _strata(self, params) -> list[tuple]:
        """What each stratum has at `params`, kept for the next call at the same ones.

        Its risk sets, covariates, x'b, exp(x'b), S0, T0 and, for each event, 1 / (S0 - f T0);
        exp(x'b) times the sum of these over the events met, and their sums times f over the tied.
        """
        key = np.asarray(params, dtype=float).tobytes()
        if key != self._seen[0]:
            s, parts = self.surv, []
            for i, sets in enumerate(self.risk_sets):
                x = s.exog_s[i]
                lp = x @ params + (0 if s.offset_s is None else s.offset_s[i])
                lp = lp - lp.max()
                e = np.exp(lp)
                s0, t0 = sets.at_risk(e), sets.tied(e[sets.fail])
                u = 1 / (s0[sets.k] - sets.share * t0[sets.k])
                f1 = sets.tied(sets.share * u)
                parts.append((sets, x, lp, e, s0, t0, u, e * sets.held(sets.tied(u), f1), f1))
            self._seen = key, parts
        return self._seen[1]

    def loglike(self, params):
        """Log partial likelihood."""
        # l = sum over events of x'b - log S0, S0 = sum over those at risk of exp(x'b)
        # Cox 1972, J R Stat Soc B 34:187; ties: Efron 1977, J Am Stat Assoc 72:557
        return sum(
            lp[sets.fail].sum() + np.log(u).sum()
            for sets, _, lp, _, _, _, u, _, _ in self._strata(params)
        )

    def score(self, params):
        """Its first derivative."""
        return sum(
            x[sets.fail].sum(axis=0) - x.T @ met
            for sets, x, _, _, _, _, _, met, _ in self._strata(params)
        )

    def _means(self, sets, x, e, s0, t0):
        """Mean of x over each risk set, and how it moves as the tied leave it.

        The j-th of d tied events sees (S1 - f T1) / (S0 - f T0) = m + f w / (S0 - f T0), with
        f = (j - 1)/d, sums S over those at risk and T over the tied, m = S1/S0, w = m T0 - T1.
        """
        ex = e[:, None] * x
        m = sets.at_risk(ex) / s0[:, None]
        return m, m * t0[:, None] - sets.tied(ex[sets.fail])

    def hessian(self, params):
        """Its second derivative."""
        total = 0
        for sets, x, _, e, s0, t0, u, met, f1 in self._strata(params):
            m, w = self._means(sets, x, e, s0, t0)
            f2 = sets.tied((sets.share * u) ** 2)
            cross = m.T @ (f1[:, None] * w)
            total = (
                total
                + m.T @ (sets.d[:, None] * m)
                + cross
                + cross.T
                + w.T @ (f2[:, None] * w)
                - x.T @ (met[:, None] * x)
            )
        return total

    def score_residuals(self, params):
        """Each row's part of the score."""
        # event (x - mean) - sum over the events met of (x - mean) exp(x'b) / S0
        # Therneau and Grambsch 2000, Modeling Survival Data, section 4.6
        residuals = np.zeros(self.exog.shape)
        for i, (sets, x, _, e, s0, t0, u, met, f1) in enumerate(self._strata(params)):
            m, w = self._means(sets, x, e, s0, t0)
            f, u0, f1 = sets.share, sets.tied(u)[:, None], f1[:, None]
            f2, f3 = sets.tied(f * u**2)[:, None], sets.tied((f * u) ** 2)[:, None]
            own = e[:, None] * sets.held(u0 * m + f2 * w, f1 * m + f3 * w) - met[:, None] * x
            own[sets.fail] += x[sets.fail] - (m + f1 / sets.d[:, None] * w)[sets.k]
            residuals[self.surv.stratum_rows[i]] = own
        return residuals


def model(*args, **options) -> PHReg:
    """Return FastPHReg, or PHReg if a later statsmodels keeps its risk sets otherwise."""
    try:
        return FastPHReg(*args, **options)
    except (AttributeError, TypeError):
        return PHReg(*args, **options)
