"""Made-up people for whom the truth is known, to see how a comparison can mislead.

Every function takes a seed: the same seed gives the same people. Rates are per person-year and
constant, times are in years, events are coded 0/1.
"""

import numpy as np
import pandas as pd


def _check(n: int, follow_up: float, shares: dict | None = None, **rates: float) -> int:
    """Return the number of people, after checking every parameter."""
    given = {"n": n, "follow_up": follow_up, **rates, **(shares or {})}
    for name, value in given.items():
        if isinstance(value, str) or not np.isscalar(value) or not np.isfinite(value):
            raise ValueError(f"{name} is {value!r}: give a number")
    if n % 1 or n < 1:
        raise ValueError(f"n is {n}: give the number of people, 1 or more")
    if not follow_up > 0:
        raise ValueError(f"follow_up is {follow_up}: give years above 0")
    for name, value in rates.items():
        if value < 0:
            raise ValueError(f"{name} is {value}: give a number of 0 or more")
    for name, value in (shares or {}).items():
        if not 0 <= value <= 1:
            raise ValueError(f"{name} is {value}: give a share between 0 and 1")
    return int(n)


def _wait(rng: np.random.Generator, rate) -> np.ndarray:
    """Waiting times at one rate per person; a rate of 0 means never."""
    with np.errstate(divide="ignore"):
        return rng.standard_exponential(len(rate)) / rate


def _followed(time: np.ndarray, follow_up: float) -> dict:
    """Columns time and event for times to an event, cut at the end of follow-up."""
    return {"time": np.minimum(time, follow_up), "event": (time <= follow_up).astype(int)}


def immortal_time(
    n: int = 2000,
    death_rate: float = 0.2,
    quit_rate: float = 0.3,
    effect: float = 1.0,
    follow_up: float = 5.0,
    seed: int = 1,
) -> pd.DataFrame:
    """People who smoke at diagnosis; some quit later, if they live long enough.

    Comparing those who ever quit with those who never did gives the first group the time
    before quitting, in which they could not die. A landmark, or person-time split at quitting,
    puts this right.

    Parameters
    ----------
    n : int
        People.
    death_rate, quit_rate : float
        Deaths while smoking, and quitting, per person-year.
    effect : float
        Hazard ratio of death after quitting against before; 1 means quitting changes nothing.
    follow_up : float
        Years.
    seed : int
        The same seed gives the same people.

    Returns
    -------
    DataFrame
        A row per person: id, quit_time (years; missing if the person did not quit before the end
        of `time`), time (years), event (1 died), ever_quit (0/1).

    Raises
    ------
    ValueError
        If a parameter is out of range; names it.
    """
    n = _check(n, follow_up, death_rate=death_rate, quit_rate=quit_rate, effect=effect)
    rng = np.random.default_rng(seed)
    quit_time, death = _wait(rng, np.full(n, quit_rate)), _wait(rng, np.full(n, death_rate))
    with np.errstate(divide="ignore", invalid="ignore"):
        death = np.where(death > quit_time, quit_time + (death - quit_time) / effect, death)
    people = pd.DataFrame(
        {"id": np.arange(1, n + 1), "quit_time": quit_time, **_followed(death, follow_up)}
    )
    people["ever_quit"] = (people["quit_time"] < people["time"]).astype(int)
    people["quit_time"] = people["quit_time"].where(people["ever_quit"] == 1)
    return people


def competing_risks(
    n: int = 2000,
    rate: float = 0.005,
    death_rate: float = 0.05,
    follow_up: float = 20.0,
    seed: int = 1,
) -> pd.DataFrame:
    """People at risk of an event and of dying before it, both at constant rates.

    One minus Kaplan-Meier, with deaths censored, tells the risk if nobody died first:
    more than people really meet with. By year t the true cumulative incidence is
    rate / (rate + death_rate) * (1 - exp(-(rate + death_rate) * t)).

    Parameters
    ----------
    n : int
        People.
    rate, death_rate : float
        Events (such as a second cancer), and deaths without it, per person-year.
    follow_up : float
        Years.
    seed : int
        The same seed gives the same people.

    Returns
    -------
    DataFrame
        A row per person: id, time (years), cause (0 censored, 1 event, 2 death without it).

    Raises
    ------
    ValueError
        If a parameter is out of range; names it.
    """
    n = _check(n, follow_up, rate=rate, death_rate=death_rate)
    rng = np.random.default_rng(seed)
    event, death = _wait(rng, np.full(n, rate)), _wait(rng, np.full(n, death_rate))
    first = _followed(np.minimum(event, death), follow_up)
    cause = first["event"] * np.where(event < death, 1, 2)
    return pd.DataFrame({"id": np.arange(1, n + 1), "time": first["time"], "cause": cause})


def frailty_recurrences(
    n: int = 1000,
    mean_rate: float = 0.3,
    frailty_variance: float = 1.0,
    follow_up: float = 5.0,
    seed: int = 1,
) -> pd.DataFrame:
    """Repeated recurrences of people who differ, each at a rate of their own that never changes.

    The rate among those with more earlier recurrences is higher all the same: they are the
    people whose rate was high from the start.

    Parameters
    ----------
    n : int
        People.
    mean_rate : float
        Recurrences per person-year, averaged over people.
    frailty_variance : float
        Variance of the gamma frailty (mean 1) that multiplies `mean_rate`; 0: all alike.
    follow_up : float
        Years, the same for all; nobody dies.
    seed : int
        The same seed gives the same people.

    Returns
    -------
    DataFrame
        A row per interval: id, start, stop (years), event (1 recurrence at `stop`), previous
        (recurrences before `start`), rate (the person's own, which a study would not see).

    Raises
    ------
    ValueError
        If a parameter is out of range; names it.
    """
    n = _check(n, follow_up, mean_rate=mean_rate, frailty_variance=frailty_variance)
    rng = np.random.default_rng(seed)
    v = frailty_variance
    rate = mean_rate * (rng.gamma(1 / v, v, n) if v else np.ones(n))
    number = rng.poisson(rate * follow_up)
    # repeat wants counts of the machine's own width: in a browser they are 32-bit
    person = np.concatenate([np.repeat(np.arange(n), number.astype(np.intp)), np.arange(n)])
    stop = np.concatenate([rng.uniform(0, follow_up, number.sum()), np.full(n, follow_up)])
    order = np.lexsort((stop, person))
    rows = pd.DataFrame({"id": person[order] + 1, "stop": stop[order]})
    grouped = rows.groupby("id")
    rows.insert(1, "start", grouped["stop"].shift(fill_value=0.0))
    rows["previous"] = grouped.cumcount()
    rows.insert(3, "event", (rows["previous"] < number[person[order]]).astype(int))
    return rows.assign(rate=rate[person[order]])


def reverse_causation(
    n: int = 2000,
    rate: float = 0.03,
    share_ill: float = 0.2,
    ill_rate_ratio: float = 5.0,
    stop_if_ill: float = 0.6,
    stop_if_well: float = 0.1,
    follow_up: float = 10.0,
    seed: int = 1,
) -> pd.DataFrame:
    """People with a habit that does nothing; those already ill are likelier to have stopped it.

    People who stopped then die more often than those who kept the habit, although neither the
    habit nor stopping has any effect: illness came first.

    Parameters
    ----------
    n : int
        People.
    rate : float
        Deaths per person-year of people who are well.
    share_ill : float
        Share (0 to 1) who are ill at the start.
    ill_rate_ratio : float
        Rate of death of people who are ill against well.
    stop_if_ill, stop_if_well : float
        Shares (0 to 1) who stopped among the ill and the well.
    follow_up : float
        Years.
    seed : int
        The same seed gives the same people.

    Returns
    -------
    DataFrame
        A row per person: id, ill (0/1, often not recorded), stopped (0/1), time (years),
        event (1 died).

    Raises
    ------
    ValueError
        If a parameter is out of range; names it.
    """
    shares = {"share_ill": share_ill, "stop_if_ill": stop_if_ill, "stop_if_well": stop_if_well}
    n = _check(n, follow_up, shares, rate=rate, ill_rate_ratio=ill_rate_ratio)
    rng = np.random.default_rng(seed)
    ill = rng.random(n) < share_ill
    stopped = rng.random(n) < np.where(ill, stop_if_ill, stop_if_well)
    death = _wait(rng, np.where(ill, rate * ill_rate_ratio, rate))
    return pd.DataFrame(
        {
            "id": np.arange(1, n + 1),
            "ill": ill.astype(int),
            "stopped": stopped.astype(int),
            **_followed(death, follow_up),
        }
    )


def adherers(
    n: int = 2000,
    rate: float = 0.1,
    share_robust: float = 0.5,
    robust_rate_ratio: float = 0.3,
    complete_if_robust: float = 0.8,
    complete_if_frail: float = 0.3,
    follow_up: float = 5.0,
    seed: int = 1,
) -> pd.DataFrame:
    """A randomised trial of a programme that does nothing; healthier people complete it.

    Completers do better than non-completers, yet the two arms as randomised do the same.

    Parameters
    ----------
    n : int
        People (half, at random, are offered the programme).
    rate : float
        Events per person-year of people who are frail.
    share_robust : float
        Share (0 to 1) who are robust.
    robust_rate_ratio : float
        Rate of robust people against frail.
    complete_if_robust, complete_if_frail : float
        Shares (0 to 1) who complete among the robust and the frail.
    follow_up : float
        Years from randomisation.
    seed : int
        The same seed gives the same people.

    Returns
    -------
    DataFrame
        A row per person: id, programme (1 offered, 0 control), robust (0/1, often not recorded),
        completed (0/1; missing in the control arm), time (years), event (0/1).

    Raises
    ------
    ValueError
        If a parameter is out of range; names it.
    """
    shares = {
        "share_robust": share_robust,
        "complete_if_robust": complete_if_robust,
        "complete_if_frail": complete_if_frail,
    }
    n = _check(n, follow_up, shares, rate=rate, robust_rate_ratio=robust_rate_ratio)
    rng = np.random.default_rng(seed)
    programme = rng.permutation(np.arange(n) % 2)
    robust = rng.random(n) < share_robust
    completed = rng.random(n) < np.where(robust, complete_if_robust, complete_if_frail)
    event = _wait(rng, np.where(robust, rate * robust_rate_ratio, rate))
    return pd.DataFrame(
        {
            "id": np.arange(1, n + 1),
            "programme": programme,
            "robust": robust.astype(int),
            "completed": np.where(programme == 1, completed, np.nan),
            **_followed(event, follow_up),
        }
    )
