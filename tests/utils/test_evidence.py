"""utils.evidence against R: metafor, mantelhaen.test, poisson.test, binom.test."""

import json
import warnings
from pathlib import Path

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

pytestmark = pytest.mark.filterwarnings("error")


def _reference(name):
    path = Path(__file__).parents[1] / "r" / "values" / f"{name}.json"
    results = json.loads(path.read_text(encoding="utf-8"))["results"]
    return {key: result["value"] for key, result in results.items()}


POOLED, RATES = _reference("hackshaw1998"), _reference("rates")
METAFOR = {
    "estimate": "beta",
    "se": "se",
    "lower": "ci.lb",
    "upper": "ci.ub",
    "tau2": "tau2",
    "i2": "I2",
    "q": "QE",
    "q_p": "QEp",
    "k": "k",
    "predict_lower": "pi.lb",
    "predict_upper": "pi.ub",
}
CELLS = ["a", "b", "c", "d"]
TABLES = {
    "china": [
        [126, 100, 35, 61],
        [908, 688, 497, 807],
        [913, 747, 336, 598],
        [235, 172, 58, 121],
        [402, 308, 121, 215],
        [182, 156, 72, 98],
        [60, 99, 11, 43],
        [104, 89, 21, 36],
    ],
    "sparse": [[0, 2, 1, 5], [3, 4, 2, 6], [1, 0, 2, 4], [5, 1, 0, 0]],
    "low": [[10, 90, 40, 60], [5, 20, 9, 10], [1, 30, 8, 25]],
    "even": [[10, 20, 20, 10], [30, 15, 15, 30]],
    "one": [[10, 20, 20, 10], [20, 10, 10, 20]],
    "gap": [[12, 30, 6, 41], [0, 9, 0, 8], [7, 11, 3, 20]],
}


def _strata(name):
    return pd.DataFrame(TABLES[name], columns=CELLS).assign(city=lambda x: x.index)


def _passive_smoking():
    table = pd.DataFrame({name: POOLED[name] for name in ("ratio", "lower", "upper")})
    return ratio_table(table, "ratio", "lower", "upper")


def _relapse():
    """Three studies of quitting or going on smoking; the first is printed the other way round."""
    printed = pd.DataFrame(
        {
            "hr": [0.70, 0.989, 1.86],
            "lo": [0.56, 0.884, 1.01],
            "hi": [0.89, 1.106, 3.41],
            "quit_over_continued": [True, False, False],
        },
        index=["Sheikh 2021", "Heiden 2022", "Parsons 2010"],
    )
    return printed, ratio_table(printed, "hr", "lo", "hi", invert="quit_over_continued")


def _same(ours, reference, tolerance=1e-8):
    for name, key in METAFOR.items():
        expected = np.nan if reference[key] is None else reference[key]
        tol = 1e-10 if name in ("estimate", "se", "tau2") else tolerance
        np.testing.assert_allclose(ours[name], expected, rtol=tol, atol=tol, err_msg=name)


@pytest.mark.parametrize("method", ["REML", "DL", "fixed"])
@pytest.mark.parametrize("knapp_hartung", [False, True])
@pytest.mark.parametrize("studies", ["rma", "relapse", "two"])
def test_pool_agrees_with_metafor(studies, method, knapp_hartung):
    if studies == "rma":
        table = _passive_smoking()
    elif studies == "relapse":
        table = _relapse()[1]
    else:
        table = pd.DataFrame({"log_ratio": [0.1, 0.11], "se": [0.3, 0.2]})
    ours = pool(table["log_ratio"], table["se"], method, knapp_hartung)
    r_name = "FE" if method == "fixed" else method
    test = {("rma", False): "", ("rma", True): "_knha"}.get(
        (studies, knapp_hartung), "_knha" if knapp_hartung else "_z"
    )
    _same(ours, POOLED[f"{studies}_{r_name}{test}"])


def test_pool_is_the_same_for_lists_arrays_and_series():
    table = _passive_smoking()
    first = pool(table["log_ratio"], table["se"])
    pd.testing.assert_series_equal(first, pool(list(table["log_ratio"]), table["se"].to_numpy()))
    pd.testing.assert_series_equal(first, pool(table["log_ratio"], list(table["se"])))


def test_pool_does_not_depend_on_the_unit_of_the_effects():
    table = _passive_smoking()
    ours, thousand = pool(table.log_ratio, table.se), pool(table.log_ratio * 1e3, table.se * 1e3)
    np.testing.assert_allclose(thousand["estimate"], ours["estimate"] * 1e3, rtol=1e-11)
    np.testing.assert_allclose(thousand["tau2"], ours["tau2"] * 1e6, rtol=1e-11)


def test_reml_solves_its_own_equation_and_is_the_highest_point():
    table = _passive_smoking()
    y, v = table["log_ratio"].to_numpy(), table["se"].to_numpy() ** 2

    def loglik(tau2):
        w = 1 / (v + tau2)
        residual = y - np.average(y, weights=w)
        return -0.5 * (np.log(v + tau2).sum() + np.log(w.sum()) + (w * residual**2).sum())

    best = pool(y, np.sqrt(v))["tau2"]
    grid = np.linspace(0, 0.5, 2001)
    assert loglik(best) >= max(map(loglik, grid))


def test_statsmodels_pools_the_same_but_lets_tau2_go_below_zero():
    """Why `pool` has its own weights: pinned so that an upstream change is noticed."""
    from statsmodels.stats.meta_analysis import combine_effects

    table = _passive_smoking()
    theirs = combine_effects(table["log_ratio"].to_numpy(), table["se"].to_numpy() ** 2, "dl")
    ours = pool(table["log_ratio"], table["se"], "DL")
    np.testing.assert_allclose(theirs.mean_effect_re, ours["estimate"], rtol=1e-12)
    np.testing.assert_allclose(theirs.tau2, ours["tau2"], rtol=1e-12)
    effect, se = np.array([0.1, 0.11, 0.12]), np.array([0.3, 0.2, 0.25])
    assert combine_effects(effect, se**2, "dl").tau2 < 0
    assert pool(effect, se, "DL")["tau2"] == 0


@pytest.mark.parametrize(
    ("estimate", "se", "message"),
    [
        ([0.1], [0.2], "two studies"),
        ([0.1, 0.2], [0.2, 0.0], "se is not above 0 in row 1: log_se"),
        ([0.1, 0.2], [0.2, -0.1], "row 1"),
        ([0.1, np.nan], [0.2, 0.1], "'estimate', row 1.*Remedy"),
        ([0.1, 0.2], [np.inf, 0.1], "'se', row 0.*Remedy"),
        ([0.1, 0.2, 0.3], [0.2, 0.1], "unequal lengths.*one value per row"),
        (["0.1", "x"], [0.2, 0.1], "'estimate' holds .*not numbers"),
        ([], [], "no rows"),
    ],
)
def test_pool_refuses(estimate, se, message):
    with pytest.raises(ValueError, match=message):
        pool(estimate, se)


def test_pool_names_the_study_in_the_table():
    table = _relapse()[1]
    table.loc["Heiden 2022", "se"] = 0
    with pytest.raises(ValueError, match="Heiden 2022"):
        pool(table["log_ratio"], table["se"])
    with pytest.raises(ValueError, match="method 'PM' is unknown: use"):
        pool([0.1, 0.2], [0.1, 0.1], method="PM")


def test_log_se_from_an_interval():
    np.testing.assert_allclose(
        log_se(POOLED["lower"], POOLED["upper"]) ** 2, POOLED["vi"], rtol=1e-12
    )
    assert isinstance(log_se(0.56, 0.89), float)
    assert log_se(0.56, 0.89, level=0.90) > log_se(0.56, 0.89)
    labelled = log_se(pd.Series([0.5], index=["A"]), pd.Series([2.0], index=["A"]))
    assert labelled.index.tolist() == ["A"]


@pytest.mark.parametrize("bounds", [(0.0, 1.0), (-1.0, 1.0), (2.0, 1.0), (1.0, 1.0)])
def test_log_se_refuses_what_is_no_interval_of_a_ratio(bounds):
    with pytest.raises(ValueError, match="0 < lower < upper does not hold in row 0"):
        log_se(*bounds)


def test_log_se_wants_a_level_between_0_and_1():
    with pytest.raises(ValueError, match="write 0.95"):
        log_se(0.5, 2, level=95)


def test_ratio_table_turns_the_marked_rows_over_and_keeps_the_print():
    printed, table = _relapse()
    np.testing.assert_allclose(table["ratio"], [1 / 0.70, 0.989, 1.86])
    np.testing.assert_allclose(table["lower"], [1 / 0.89, 0.884, 1.01])
    np.testing.assert_allclose(table["upper"], [1 / 0.56, 1.106, 3.41])
    np.testing.assert_allclose(table["log_ratio"], np.log(table["ratio"]))
    pd.testing.assert_frame_equal(table[printed.columns.tolist()], printed)
    by_list = ratio_table(printed, "hr", "lo", "hi", invert=[True, False, False])
    pd.testing.assert_frame_equal(by_list, table)
    by_series = ratio_table(printed, "hr", "lo", "hi", invert=printed["hr"] < 0.8)
    pd.testing.assert_frame_equal(by_series, table)
    as_printed = ratio_table(printed, "hr", "lo", "hi")
    np.testing.assert_allclose(as_printed["ratio"], printed["hr"])
    np.testing.assert_allclose(as_printed["se"], table["se"], rtol=1e-14)


def test_ratio_table_with_columns_already_named_so():
    named = pd.DataFrame({"ratio": [2.0, 0.5], "lower": [1.5, 0.25], "upper": [3.0, 0.8]})
    table = ratio_table(named, "ratio", "lower", "upper", invert=[False, True])
    np.testing.assert_allclose(table["ratio"], [2, 2])
    np.testing.assert_allclose(table[["lower", "upper"]], [[1.5, 3.0], [1.25, 4.0]])
    assert named["ratio"].tolist() == [2.0, 0.5]


def test_ratio_table_refuses():
    printed, _ = _relapse()
    with pytest.raises(ValueError, match="'effect'"):
        ratio_table(printed, "effect", "lo", "hi")
    with pytest.raises(ValueError, match="Heiden 2022"):
        ratio_table(printed.assign(hr=[0.70, 1.2, 1.86]), "hr", "lo", "hi")
    with pytest.raises(ValueError, match="Parsons 2010"):
        ratio_table(printed.assign(lo=[0.56, 0.884, 4.0]), "hr", "lo", "hi")
    with pytest.raises(ValueError, match="'lo', row 'Sheikh 2021'"):
        ratio_table(printed.assign(lo=[np.nan, 0.884, 1.01]), "hr", "lo", "hi")
    for bad in (["yes", "no", "no"], pd.Series([True, False], index=printed.index[:2])):
        with pytest.raises(ValueError, match="invert is not True or False.*mark every row"):
            ratio_table(printed, "hr", "lo", "hi", invert=bad)


def test_sir_interval_and_p_agree_with_poisson_test():
    rows = np.reshape(RATES["sir_exact_mat"]["values_colmajor"], (4, 9)).T
    for count, ratio, lower, upper in rows:
        ours = sir(int(count), 7.3)
        interval = ours[["sir", "lower", "upper"]]
        np.testing.assert_allclose(interval, [ratio, lower, upper], rtol=1e-10)
    for count, p in zip((3, 12, 25), RATES["sir_p"], strict=True):
        np.testing.assert_allclose(sir(count, 10)["p"], p, rtol=1e-10)
    for key in (key for key in RATES if key.startswith("poisson_")):
        _, count, expected = key.split("_")
        ours = sir(int(count), float(expected))[["lower", "upper", "p"]]
        np.testing.assert_allclose(ours, list(RATES[key].values()), rtol=1e-9, err_msg=key)


@pytest.mark.parametrize(
    ("observed", "expected", "message"),
    [
        (3.5, 2, "whole number"),
        (-1, 2, "at least 0"),
        (3, 0, "above 0"),
        (3, np.nan, "finite"),
        ([1, 2], [1, 2], "one number each"),
    ],
)
def test_sir_refuses(observed, expected, message):
    with pytest.raises(ValueError, match=message):
        sir(observed, expected)


@pytest.mark.parametrize("name", list(TABLES))
def test_mantel_haenszel_agrees_with_r(name):
    ours = mantel_haenszel(_strata(name), *CELLS, by="city")
    pooled = ours[["odds_ratio", "lower", "upper"]]
    np.testing.assert_allclose(pooled, RATES[f"mantelhaen_{name}"], rtol=1e-10)
    np.testing.assert_allclose(pooled, list(RATES[f"rma_mh_{name}"].values())[:3], rtol=1e-10)
    # In the last stratum of `sparse` nobody is unexposed. metafor counts it in the degrees of
    # freedom and rounding lets it into the statistic: compare with metafor without it.
    homogeneity = RATES.get(f"rma_mh_{name}_informative", RATES[f"rma_mh_{name}"])["TAp"]
    np.testing.assert_allclose(ours["homogeneity_p"], homogeneity, rtol=1e-8)
    np.testing.assert_allclose(
        ours[["crude_odds_ratio", "crude_lower", "crude_upper"]], RATES[f"crude_{name}"], rtol=1e-10
    )


def test_mantel_haenszel_strata():
    assert mantel_haenszel(_strata("china"), *CELLS, by="city")["strata"] == 8
    assert mantel_haenszel(_strata("gap"), *CELLS, by="city")["strata"] == 2
    one = mantel_haenszel(_strata("china").assign(city="all"), *CELLS, by="city")
    assert one["strata"] == 1 and np.isnan(one["homogeneity_p"])
    np.testing.assert_allclose(one["odds_ratio"], one["crude_odds_ratio"])
    turned = mantel_haenszel(_strata("china"), "c", "d", "a", "b", by="city")
    straight = mantel_haenszel(_strata("china"), *CELLS, by="city")
    np.testing.assert_allclose(turned["odds_ratio"], 1 / straight["odds_ratio"])
    np.testing.assert_allclose(turned["homogeneity_p"], straight["homogeneity_p"])


def test_statsmodels_homogeneity_test_is_missing_at_a_ratio_of_one():
    """Why `mantel_haenszel` has its own: pinned so that an upstream fix is noticed."""
    from statsmodels.stats.contingency_tables import StratifiedTable

    tables = [np.reshape(row, (2, 2)) for row in TABLES["one"]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert np.isnan(StratifiedTable(tables).test_equal_odds(adjust=True).pvalue)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x: x.rename(columns={"a": "A"}), "no column 'a'"),
        (lambda x: x.assign(a=x["a"] + 0.5), "a is not a whole number.*row 0"),
        (lambda x: x.assign(b=-1), "'b', row 0.*at least 0"),
        (lambda x: x.assign(c=np.nan), "'c', row 0.*Remedy"),
        (lambda x: x.assign(city=None), "'city', row 0.*missing"),
        (lambda x: x.assign(a=0), "zero cells.*join strata"),
        (lambda x: x.assign(a=0, b=0), "zero cells"),
    ],
)
def test_mantel_haenszel_refuses(change, message):
    with pytest.raises(ValueError, match=message):
        mantel_haenszel(change(_strata("china")), *CELLS, by="city")


def test_two_by_two_agrees_with_metafor():
    ours = two_by_two(97, 5817, 140, 5760).set_index("measure")
    for measure in ("risk_ratio", "risk_difference", "odds_ratio"):
        np.testing.assert_allclose(ours.loc[measure], RATES[measure], rtol=1e-10)
    difference = ours.loc["risk_difference", ["lower", "upper"]]
    np.testing.assert_allclose(difference, RATES["risk_difference_prop_test"], rtol=1e-10)
    for bad in ((0, 5, 3, 4), (1, 5, 0, 0)):
        with pytest.raises(ValueError, match="a cell is 0"):
            two_by_two(*bad)


def test_e_value_gives_the_printed_example():
    """Smoking and lung cancer, as printed in the vignette of R's EValue package."""
    np.testing.assert_allclose(e_value(10.73, 8.02, 14.36), [20.94777, 15.52336], atol=5e-6)


def test_e_value_is_the_same_turned_over_and_1_when_the_interval_includes_1():
    for rare in (True, False):
        one_way, other = e_value(1.5, 1.2, 1.9, rare), e_value(1 / 1.5, 1 / 1.9, 1 / 1.2, rare)
        np.testing.assert_allclose(one_way, other, rtol=1e-12)
        assert e_value(1.5, 0.9, 2.5, rare)["e_value_limit"] == 1
        assert e_value(1, 0.9, 1.2, rare)["e_value"] == 1
    assert e_value(1.5, 1.2, 1.9, rare=False)["e_value"] < e_value(1.5, 1.2, 1.9)["e_value"]
    risk_ratio = (1 - 0.5**1.5) / (1 - 0.5 ** (1 / 1.5))
    expected = risk_ratio + np.sqrt(risk_ratio * (risk_ratio - 1))
    np.testing.assert_allclose(e_value(2.25, 1.2, 4, rare=False)["e_value"], expected)
    for bad in ((2, 3, 4), (2, 0, 4), (2, 1, 1.5)):
        with pytest.raises(ValueError, match="does not hold"):
            e_value(*bad)


def test_proportion_agrees_with_binom_test():
    for key in (key for key in RATES if key.startswith("binom_")):
        _, events, n = key.split("_")
        ours = proportion(int(events), int(n))
        np.testing.assert_allclose(ours[["lower", "upper"]], RATES[key], rtol=1e-10, err_msg=key)
        assert ours["estimate"] == int(events) / int(n)
    for events, n in ((5, 4), (0, 0), (-1, 4), (1.5, 4)):
        with pytest.raises(ValueError):
            proportion(events, n)
