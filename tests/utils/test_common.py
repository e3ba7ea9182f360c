"""utils.survival._common: near-ties as R's aeqSurv, steps, groups."""

import numpy as np
import pandas as pd
import pytest

from tests.conftest import agree
from utils.survival._common import by_group, log_log_interval, same_times, step, tolerance

# aeqSurv(Surv(x, rep(1, length(x))))[, 1] of R's survival 3.5-3
JOINED = {
    "rounding": ([0.3, 0.1 + 0.2, 1.0], [0.3, 0.3, 1.0]),
    "large times": ([1e9, 1e9 + 10, 1e9 + 100], [1e9, 1e9, 1e9 + 100]),
    "small times are all one": ([1e-9, 2e-9, 5e-9], [1e-9, 1e-9, 1e-9]),
    "a chain": ([1, 1 + 1e-8, 1 + 2e-8, 2], [1, 1, 1, 2]),
    "far enough": ([1, 1 + 3e-8, 2], [1, 1 + 3e-8, 2]),
    "one time": ([5.0], [5.0]),
    "zero": ([0, 1e-12, 1], [0, 0, 1]),
}


@pytest.mark.parametrize("name", JOINED)
def test_near_ties_are_joined_as_R_does(name):
    given, expected = JOINED[name]
    (ours,) = same_times(np.array(given, dtype=float))
    assert ours.tolist() == expected


def test_entry_and_exit_share_one_clock():
    start, stop = same_times(np.array([0, 0.1 + 0.2]), np.array([0.3, 1]))
    assert start.tolist() == [0, 0.3] and stop.tolist() == [0.3, 1]


def test_a_step_is_reached_by_rounding_and_not_before():
    times, values = np.array([0.3, 1.0]), np.array([0.5, 0.25])
    at = np.array([0.2, 0.3 - 1e-12, 0.3, 0.999, 1.0, 7])
    assert step(times, values, at, 1.0).tolist() == [1, 0.5, 0.5, 0.5, 0.25, 0.25]
    assert tolerance(times) == np.sqrt(np.finfo(float).eps)


def test_log_log_interval_stays_inside_and_has_its_edges():
    """R: survfit(Surv(1:4, c(1, 1, 0, 1)) ~ 1, conf.type = "log-log"), third row and last."""
    lower, upper = log_log_interval(np.array([1, 0.5, 0]), np.array([0, 0.25, np.nan]))
    agree([lower[0], upper[0]], [1, 1])
    agree([lower[1], upper[1]], [0.0578470829951446, 0.844861281190374])
    assert np.isnan([lower[2], upper[2]]).all()


def test_an_error_in_a_group_says_which():
    def one(part):
        if (part["x"] > 1).any():
            raise ValueError("too much")
        return pd.DataFrame({"n": [len(part)]})

    data = pd.DataFrame({"g": list("aab"), "h": [1, 1, 2], "x": [0, 0, 5]})
    with pytest.raises(ValueError, match="g 'b', h 2.*too much"):
        by_group(data, ["g", "h"], one)
    assert by_group(data.head(2), ["g", "g"], one).columns.tolist() == ["g", "n"]
