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


def _pool(estimate, se, *args, **options):
    """The one row of `pool` for two columns of numbers."""
    table = pd.DataFrame({"y": estimate, "s": se})
    return pool(table, "y", "s", *args, **options).iloc[0]


def _sir(observed, expected):
    return sir(pd.DataFrame({"seen": [observed], "due": [expected]}), "seen", "due").iloc[0]


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
        table = pd.DataFrame({"log_estimate": [0.1, 0.11], "se": [0.3, 0.2]})
    ours = _pool(table["log_estimate"], table["se"], method, knapp_hartung)
    r_name = "FE" if method == "fixed" else method
    test = {("rma", False): "", ("rma", True): "_knha"}.get(
        (studies, knapp_hartung), "_knha" if knapp_hartung else "_z"
    )
    _same(ours, POOLED[f"{studies}_{r_name}{test}"])


def test_pool_by_group_and_as_ratios():
    table = _passive_smoking().assign(half=lambda x: ["one", "two"] * 18 + ["one"])
    both = pool(table, "log_estimate", "se", by="half", exponentiate=True)
    assert both.columns.tolist()[:6] == ["half", "k", "estimate", "se", "lower", "upper"]
    assert set(both) == {"half", *METAFOR} and both["half"].tolist() == ["one", "two"]
    for half, row in zip(("one", "two"), both.to_dict("records")):
        alone = pool(table[table["half"] == half], "log_estimate", "se").iloc[0]
        for name in METAFOR:
            ratio = name in ("estimate", "lower", "upper", "predict_lower", "predict_upper")
            np.testing.assert_allclose(row[name], np.exp(alone[name]) if ratio else alone[name])
    with pytest.raises(ValueError, match="'two'.*two studies, got 1"):
        pool(table.head(3), "log_estimate", "se", by="half")


def test_pool_does_not_depend_on_the_unit_of_the_effects():
    table = _passive_smoking()
    ours, thousand = (
        _pool(table.log_estimate, table.se),
        _pool(table.log_estimate * 1e3, table.se * 1e3),
    )
    np.testing.assert_allclose(thousand["estimate"], ours["estimate"] * 1e3, rtol=1e-11)
    np.testing.assert_allclose(thousand["tau2"], ours["tau2"] * 1e6, rtol=1e-11)


@pytest.mark.parametrize("method", ["REML", "DL", "fixed"])
def test_pool_where_one_study_outweighs_all_others(method):
    studies = pd.DataFrame({"y": [0.1, 0.3, -0.2, 0.5], "se": [1e-9, 1.0, 1.0, 1.0]})
    with np.errstate(all="raise"):
        row = pool(studies, "y", "se", method).iloc[0]
    got = row[["estimate", "se", "tau2", "i2", "q"]].tolist()
    np.testing.assert_allclose(got, [0.1, 1e-9, 0, 0, 0.2**2 + 0.3**2 + 0.4**2], rtol=1e-12)


def test_pool_of_wide_effects_as_ratios_is_silent():
    studies = pd.DataFrame({"y": [-2000.0, 3000.0], "se": [1.0, 1.0]})
    assert pool(studies, "y", "se", exponentiate=True)["upper"].item() == np.inf


def test_reml_solves_its_own_equation_and_is_the_highest_point():
    table = _passive_smoking()
    y, v = table["log_estimate"].to_numpy(), table["se"].to_numpy() ** 2

    def loglik(tau2):
        w = 1 / (v + tau2)
        residual = y - np.average(y, weights=w)
        return -0.5 * (np.log(v + tau2).sum() + np.log(w.sum()) + (w * residual**2).sum())

    best = _pool(y, np.sqrt(v))["tau2"]
    grid = np.linspace(0, 0.5, 2001)
    assert loglik(best) >= max(map(loglik, grid))


def test_statsmodels_pools_the_same_but_lets_tau2_go_below_zero():
    """Why `pool` has its own weights: pinned so that an upstream change is noticed."""
    from statsmodels.stats.meta_analysis import combine_effects

    table = _passive_smoking()
    theirs = combine_effects(table["log_estimate"].to_numpy(), table["se"].to_numpy() ** 2, "dl")
    ours = _pool(table["log_estimate"], table["se"], "DL")
    np.testing.assert_allclose(theirs.mean_effect_re, ours["estimate"], rtol=1e-12)
    np.testing.assert_allclose(theirs.tau2, ours["tau2"], rtol=1e-12)
    effect, se = np.array([0.1, 0.11, 0.12]), np.array([0.3, 0.2, 0.25])
    assert combine_effects(effect, se**2, "dl").tau2 < 0
    assert _pool(effect, se, "DL")["tau2"] == 0


@pytest.mark.parametrize(
    ("estimate", "se", "message"),
    [
        ([0.1], [0.2], "two studies"),
        ([0.1, 0.2], [0.2, 0.0], "s is not above 0 in row 1: log_se"),
        ([0.1, 0.2], [0.2, -0.1], "row 1"),
        ([0.1, np.nan], [0.2, 0.1], "'y', row 1.*Remedy"),
        ([0.1, 0.2], [np.inf, 0.1], "'s', row 0.*Remedy"),
        (["0.1", "x"], [0.2, 0.1], "'y', row 1.*Remedy"),
        ([], [], "no rows"),
    ],
)
def test_pool_refuses(estimate, se, message):
    with pytest.raises(ValueError, match=message):
        _pool(estimate, se)


def test_pool_names_the_study_in_the_table():
    table = _relapse()[1]
    table.loc["Heiden 2022", "se"] = 0
    with pytest.raises(ValueError, match="Heiden 2022"):
        pool(table, "log_estimate", "se")
    with pytest.raises(ValueError, match="no column 'log_hr'"):
        pool(table, "log_hr", "se")
    with pytest.raises(ValueError, match="method 'PM' is unknown: use"):
        _pool([0.1, 0.2], [0.1, 0.1], method="PM")


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
    np.testing.assert_allclose(table["estimate"], [1 / 0.70, 0.989, 1.86])
    np.testing.assert_allclose(table["lower"], [1 / 0.89, 0.884, 1.01])
    np.testing.assert_allclose(table["upper"], [1 / 0.56, 1.106, 3.41])
    np.testing.assert_allclose(table["log_estimate"], np.log(table["estimate"]))
    pd.testing.assert_frame_equal(table[printed.columns.tolist()], printed)
    by_list = ratio_table(printed, "hr", "lo", "hi", invert=[True, False, False])
    pd.testing.assert_frame_equal(by_list, table)
    by_series = ratio_table(printed, "hr", "lo", "hi", invert=printed["hr"] < 0.8)
    pd.testing.assert_frame_equal(by_series, table)
    as_printed = ratio_table(printed, "hr", "lo", "hi")
    np.testing.assert_allclose(as_printed["estimate"], printed["hr"])
    np.testing.assert_allclose(as_printed["se"], table["se"], rtol=1e-14)


def test_ratio_table_with_columns_already_named_so():
    named = pd.DataFrame({"estimate": [2.0, 0.5], "lower": [1.5, 0.25], "upper": [3.0, 0.8]})
    table = ratio_table(named, "estimate", "lower", "upper", invert=[False, True])
    np.testing.assert_allclose(table["estimate"], [2, 2])
    np.testing.assert_allclose(table[["lower", "upper"]], [[1.5, 3.0], [1.25, 4.0]])
    assert named["estimate"].tolist() == [2.0, 0.5]
    for hidden in ("se", "log_estimate", "lower"):
        with pytest.raises(ValueError, match=f"column '{hidden}'.*rename"):
            ratio_table(_relapse()[0].assign(**{hidden: 1}), "hr", "lo", "hi")


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
        interval = _sir(int(count), 7.3)[["sir", "lower", "upper"]].astype(float)
        np.testing.assert_allclose(interval, [ratio, lower, upper], rtol=1e-10)
    for count, p in zip((3, 12, 25), RATES["sir_p"], strict=True):
        np.testing.assert_allclose(_sir(count, 10)["p"], p, rtol=1e-10)
    for key in (key for key in RATES if key.startswith("poisson_")):
        _, count, expected = key.split("_")
        ours = _sir(int(count), float(expected))[["lower", "upper", "p"]].astype(float)
        np.testing.assert_allclose(ours, list(RATES[key].values()), rtol=1e-9, err_msg=key)


def test_sir_adds_up_the_cells_of_a_group():
    cells = pd.DataFrame({"g": list("aab"), "o": [1, 2, 3], "e": [0.5, 1.5, 2.0]})
    table = sir(cells, "o", "e", by="g")
    assert table.columns.tolist() == ["g", "observed", "expected", "sir", "lower", "upper", "p"]
    assert table["observed"].tolist() == [3, 3] and table["expected"].tolist() == [2, 2]
    pd.testing.assert_frame_equal(
        sir(cells, "o", "e"), sir(pd.DataFrame({"o": [6], "e": [4.0]}), "o", "e")
    )


@pytest.mark.parametrize(
    ("observed", "expected", "message"),
    [
        (3.5, 2, "seen is not a whole number"),
        (-1, 2, "column 'seen', row 0.*at least 0"),
        (3, 0, "column 'due'.*above 0"),
        (3, -1, "due is below 0 in row 0"),
        (3, np.nan, "column 'due', row 0.*finite"),
    ],
)
def test_sir_refuses(observed, expected, message):
    with pytest.raises(ValueError, match=message):
        _sir(observed, expected)


@pytest.mark.parametrize("name", list(TABLES))
def test_mantel_haenszel_agrees_with_r(name):
    ours = mantel_haenszel(_strata(name), *CELLS, "city").iloc[0]
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
    assert mantel_haenszel(_strata("china"), *CELLS, "city")["strata"].item() == 8
    assert mantel_haenszel(_strata("gap"), *CELLS, "city")["strata"].item() == 2
    one = mantel_haenszel(_strata("china").assign(city="all"), *CELLS, "city").iloc[0]
    assert one["strata"] == 1 and np.isnan(one["homogeneity_p"])
    np.testing.assert_allclose(one["odds_ratio"], one["crude_odds_ratio"])
    turned = mantel_haenszel(_strata("china"), "c", "d", "a", "b", "city")
    straight = mantel_haenszel(_strata("china"), *CELLS, "city")
    np.testing.assert_allclose(turned["odds_ratio"], 1 / straight["odds_ratio"])
    np.testing.assert_allclose(turned["homogeneity_p"], straight["homogeneity_p"])


def test_mantel_haenszel_by_group_and_with_two_columns_of_strata():
    halves = pd.concat([_strata("china").assign(g="x"), _strata("low").assign(g="y", other=1)])
    table = mantel_haenszel(halves.assign(other=1), *CELLS, ["city", "other"], by="g")
    assert table["g"].tolist() == ["x", "y"] and table["strata"].tolist() == [8, 3]
    for name, row in zip(("china", "low"), table.to_dict("records")):
        np.testing.assert_allclose(row["odds_ratio"], RATES[f"mantelhaen_{name}"][0], rtol=1e-10)
    with pytest.raises(ValueError, match="column 'strata'.*rename"):
        mantel_haenszel(halves.rename(columns={"g": "strata"}), *CELLS, "city", by="strata")


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
        mantel_haenszel(change(_strata("china")), *CELLS, "city")


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
    row = e_value(10.73, 8.02, 14.36).iloc[0]
    assert row[["estimate", "lower", "upper"]].tolist() == [10.73, 8.02, 14.36]
    np.testing.assert_allclose(row[["e_value", "e_value_limit"]], [20.94777, 15.52336], atol=5e-6)


def test_e_value_is_the_same_turned_over_and_1_when_the_interval_includes_1():
    for rare in (True, False):
        one_way, other = e_value(1.5, 1.2, 1.9, rare), e_value(1 / 1.5, 1 / 1.9, 1 / 1.2, rare)
        values = ["e_value", "e_value_limit"]
        np.testing.assert_allclose(one_way[values], other[values], rtol=1e-12)
        assert e_value(1.5, 0.9, 2.5, rare)["e_value_limit"].item() == 1
        assert e_value(1, 0.9, 1.2, rare)["e_value"].item() == 1
    common, rare = e_value(1.5, 1.2, 1.9, rare=False), e_value(1.5, 1.2, 1.9)
    assert common["e_value"].item() < rare["e_value"].item()
    risk_ratio = (1 - 0.5**1.5) / (1 - 0.5 ** (1 / 1.5))
    expected = risk_ratio + np.sqrt(risk_ratio * (risk_ratio - 1))
    np.testing.assert_allclose(e_value(2.25, 1.2, 4, rare=False)["e_value"], expected)
    for bad in ((2, 3, 4), (2, 0, 4), (2, 1, 1.5)):
        with pytest.raises(ValueError, match="does not hold"):
            e_value(*bad)


def test_proportion_agrees_with_binom_test():
    for key in (key for key in RATES if key.startswith("binom_")):
        _, events, n = key.split("_")
        ours = proportion(int(events), int(n)).iloc[0]
        np.testing.assert_allclose(ours[["lower", "upper"]], RATES[key], rtol=1e-10, err_msg=key)
        assert ours["estimate"] == int(events) / int(n)
    for events, n in ((5, 4), (0, 0), (-1, 4), (1.5, 4)):
        with pytest.raises(ValueError):
            proportion(events, n)


def test_pool_is_reml_with_a_normal_interval_unless_told_otherwise():
    effect, se = [0.1, 0.5, 0.2], [0.1, 0.2, 0.1]
    pd.testing.assert_series_equal(_pool(effect, se), _pool(effect, se, "REML", False))
    assert _pool(effect, se)["upper"] != _pool(effect, se, knapp_hartung=True)["upper"]


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


@pytest.mark.parametrize("cell", CELLS)
def test_an_empty_column_of_cells_is_refused(cell):
    table = pd.DataFrame([[5, 4, 3, 2], [2, 3, 4, 5]], columns=CELLS).assign(**{cell: 0})
    with pytest.raises(ValueError, match="zero cells.*join strata"):
        mantel_haenszel(table.assign(s=["x", "y"]), *CELLS, "s")


@pytest.mark.parametrize("place", range(4))
def test_two_by_two_wants_counts_above_0_and_names_the_cell(place):
    counts = [4, 3, 2, 5]
    assert two_by_two(*counts).columns.tolist() == ["measure", "estimate", "lower", "upper"]
    name = CELLS[place]
    for bad, message in (
        (0, "^a cell is 0: use proportion"),
        (1.5, f"{name} is not a whole"),
        (-1, f"{name} is not a whole.*-1"),
        (np.nan, f"{name} is nan"),
        ("4", f"{name} is '4'"),
    ):
        with pytest.raises(ValueError, match=message):
            two_by_two(*[bad if i == place else n for i, n in enumerate(counts)])


def test_one_number_each():
    with pytest.raises(ValueError, match=r"^a is \[1, 2\]"):
        two_by_two([1, 2], [3, 4], [5, 6], [7, 8])


def test_e_value_takes_a_ratio_on_its_bound_and_names_its_numbers():
    edge = e_value(2, 2, 3).iloc[0]
    assert edge["e_value_limit"] == edge["e_value"]
    assert e_value(2, 1, 2)["e_value_limit"].item() == 1
    for place, name in enumerate(("ratio", "lower", "upper")):
        with pytest.raises(ValueError, match=f"{name} is nan"):
            e_value(*[np.nan if i == place else 1.0 for i in range(3)])


def test_proportion_of_one_person_and_its_errors():
    assert proportion(0, 1)["estimate"].item() == 0 and proportion(1, 1)["estimate"].item() == 1
    for given, message in (
        ((2, 1), "2 events in 1 people"),
        ((-1, 2), "events is not a whole number.*-1"),
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
    assert _pool(y, np.sqrt(v))["tau2"] == 0


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
        _pool(y, np.sqrt(v))
    assert _pool(y, np.sqrt(v), "DL")["tau2"] > 0


def test_reml_keeps_a_spread_that_is_likelier_than_none():
    """metafor 3.8-1: rma(c(0.41, 0.17, -0.65), c(0.045, 0.071, 0.192))$tau2, then by hand."""
    three = _pool([0.41, 0.17, -0.65], np.sqrt([0.045, 0.071, 0.192]), "REML")
    np.testing.assert_allclose(three["tau2"], 0.126665553022676, rtol=1e-9)
    two = _pool([-0.82, 0.08], np.sqrt([0.131, 0.2]), "REML")
    np.testing.assert_allclose(two["tau2"], 0.9**2 / 2 - (0.131 + 0.2) / 2, rtol=1e-12)


def test_an_unclear_invert_is_refused_with_its_remedy():
    table = pd.DataFrame({"r": [1.0], "l": [0.5], "u": [2.0]})
    with pytest.raises(ValueError, match="^invert is not True or False in row 0: mark every row$"):
        ratio_table(table, "r", "l", "u", invert=["yes"])
