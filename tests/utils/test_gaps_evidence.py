"""Evidence: what changed code got past the other tests, found by mutating utils/evidence.py."""

import numpy as np
import pandas as pd
import pytest

from utils.evidence import (
    e_value,
    log_se,
    mantel_haenszel,
    pool,
    proportion,
    ratio_table,
    sir,
    two_by_two,
)

CELLS = ["a", "b", "c", "d"]


def test_pool_is_reml_with_a_normal_interval_unless_told_otherwise():
    effect, se = [0.1, 0.5, 0.2], [0.1, 0.2, 0.1]
    pd.testing.assert_series_equal(pool(effect, se), pool(effect, se, "REML", False))
    assert pool(effect, se)["upper"] != pool(effect, se, knapp_hartung=True)["upper"]


@pytest.mark.parametrize("level", [0, 1, 1.5])
def test_log_se_refuses_a_level_that_is_no_share(level):
    with pytest.raises(ValueError, match="not between 0 and 1"):
        log_se(0.5, 2, level=level)


def test_every_bad_row_is_listed_with_its_remedy():
    with pytest.raises(ValueError, match="in row 0, 2: check the printed interval"):
        log_se(np.array([2, 1, 3]), np.array([1, 2, 1]))
    with pytest.raises(ValueError, match="row 1: correct the row or leave it out"):
        ratio_table(pd.DataFrame({"r": [1, 9], "l": [0.5, 1], "u": [2, 2]}), "r", "l", "u")


@pytest.mark.parametrize("ratio", [0.5, 2.0])
def test_a_ratio_on_the_edge_of_its_interval_is_a_misprint(ratio):
    with pytest.raises(ValueError, match="r is not inside its interval in row 0"):
        ratio_table(pd.DataFrame({"r": [ratio], "l": [0.5], "u": [2.0]}), "r", "l", "u")


def test_a_missing_invert_column_is_named():
    with pytest.raises(ValueError, match="no column 'turned'"):
        ratio_table(pd.DataFrame({"r": [1.0], "l": [0.5], "u": [2.0]}), "r", "l", "u", "turned")


def test_sir_names_its_numbers():
    ours = sir(3, 2)
    assert ours.index.tolist() == ["observed", "expected", "sir", "lower", "upper", "p"]
    assert ours[["observed", "expected", "sir"]].tolist() == [3, 2, 1.5] and ours.dtype == float
    with pytest.raises(ValueError, match="column 'observed'"):
        sir(-1, 2)
    with pytest.raises(ValueError, match="column 'expected'"):
        sir(1, np.nan)


@pytest.mark.parametrize("cell", CELLS)
def test_an_empty_column_of_cells_is_refused(cell):
    table = pd.DataFrame([[5, 4, 3, 2], [2, 3, 4, 5]], columns=CELLS).assign(**{cell: 0})
    with pytest.raises(ValueError, match="^zero cells leave no finite odds ratio: join strata$"):
        mantel_haenszel(table.assign(s=["x", "y"]), *CELLS, by="s")


@pytest.mark.parametrize("place", range(4))
def test_two_by_two_wants_counts_above_0_and_names_the_cell(place):
    counts = [4, 3, 2, 5]
    assert two_by_two(*counts).columns.tolist() == ["measure", "estimate", "lower", "upper"]
    name = CELLS[place]
    for bad, message in (
        (0, "^a cell is 0: use proportion"),
        (1.5, f"{name} is not a whole"),
        (-1, f"column '{name}'"),
    ):
        with pytest.raises(ValueError, match=message):
            two_by_two(*[bad if i == place else n for i, n in enumerate(counts)])


def test_one_number_each():
    with pytest.raises(ValueError, match="^a, b, c, d: give one number each, not 2$"):
        two_by_two([1, 2], [3, 4], [5, 6], [7, 8])


def test_e_value_takes_a_ratio_on_its_bound_and_names_its_numbers():
    assert e_value(2, 2, 3)["e_value_limit"] == e_value(2, 2, 3)["e_value"]
    assert e_value(2, 1, 2)["e_value_limit"] == 1
    for place, name in enumerate(("ratio", "lower", "upper")):
        with pytest.raises(ValueError, match=f"column '{name}'"):
            e_value(*[np.nan if i == place else 1.0 for i in range(3)])


def test_proportion_of_one_person_and_its_errors():
    assert proportion(0, 1)["estimate"] == 0 and proportion(1, 1)["estimate"] == 1
    for given, message in (
        ((2, 1), "2 events in 1 people"),
        ((-1, 2), "column 'events'"),
        ((0, 0.5), "n is not a whole number"),
        ((0, 0), "n is above 0"),
    ):
        with pytest.raises(ValueError, match=message):
            proportion(*given)


def test_reml_prefers_no_spread_where_that_is_likelier():
    """Its equation also has a root at 0.049 here, a lower peak; metafor 3.8-1 says 0 as well."""
    y, v = np.array([0.07, 0.98, 0.87]), np.array([0.142, 0.03, 0.004])

    def loglik(tau2):
        w = 1 / (v + tau2)
        return (
            np.log(w).sum() - np.log(w.sum()) - np.sum(w * (y - np.average(y, weights=w)) ** 2)
        ) / 2

    assert loglik(0.0) > loglik(0.04892831768655904) + 0.08
    assert pool(y, np.sqrt(v))["tau2"] == 0


def test_reml_says_when_it_runs_in_circles():
    """metafor 3.8-1 stops with an error on these numbers too."""
    y = [
        0.23255330853009745,
        -0.053141984465498435,
        0.269776869286091,
        -0.4485212510191801,
        -0.03791774047682524,
        -0.09641802453423932,
    ]
    v = [
        0.0011852791178221462,
        0.5071156360595385,
        0.2601436342247977,
        0.004229055958595157,
        0.19577975710869974,
        0.4101046817256429,
    ]
    with pytest.raises(ValueError, match="^REML did not converge: use method='DL' and look for"):
        pool(y, np.sqrt(v))
    assert pool(y, np.sqrt(v), "DL")["tau2"] > 0


def test_reml_keeps_a_spread_that_is_likelier_than_none():
    """metafor 3.8-1: rma(c(0.41, 0.17, -0.65), c(0.045, 0.071, 0.192))$tau2, then by hand."""
    three = pool([0.41, 0.17, -0.65], np.sqrt([0.045, 0.071, 0.192]), "REML")
    np.testing.assert_allclose(three["tau2"], 0.126665553022676, rtol=1e-9)
    two = pool([-0.82, 0.08], np.sqrt([0.131, 0.2]), "REML")
    np.testing.assert_allclose(two["tau2"], 0.9**2 / 2 - (0.131 + 0.2) / 2, rtol=1e-12)


def test_an_unclear_invert_is_refused_with_its_remedy():
    table = pd.DataFrame({"r": [1.0], "l": [0.5], "u": [2.0]})
    with pytest.raises(ValueError, match="^invert is not True or False in row 0: mark every row$"):
        ratio_table(table, "r", "l", "u", invert=["yes"])
