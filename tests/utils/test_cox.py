"""utils.survival.cox against R, and what it refuses."""

from decimal import Decimal
from importlib import import_module

import numpy as np
import pandas as pd
import pytest

from tests.conftest import agree, numbers
from utils import baseline_hazard, cox

COMPLETE = ["time", "event", "age", "sex", "ph_ecog", "wt_loss", "inst"]


def same_cox(table: pd.DataFrame, r: dict, order: list[str] | None = None) -> None:
    rows = table if order is None else pd.concat([table[table["term"] == t] for t in order])
    agree(rows["coef"], r["coef"])
    agree(rows["se"], r["se"])
    limits = numbers(r["conf_int"])
    agree(rows["hazard_ratio"], list(limits[:, 0]))
    agree(rows["lower"], list(limits[:, 2]))
    agree(rows["upper"], list(limits[:, 3]))


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_cox(lung, reference, ties):
    r, full = reference("lung"), lung.dropna(subset=COMPLETE)
    same_cox(cox(full, "time", "event", "age + sex + ph_ecog", ties=ties), r[f"cox_{ties}"])
    same_cox(
        cox(full, "time", "event", "age + ph_ecog", strata="sex", ties=ties),
        r[f"cox_strata_{ties}"],
    )
    aged = lung.assign(start=lung["age"] * 365.25, stop=lung["age"] * 365.25 + lung["time"])
    same_cox(
        cox(aged, "stop", "event", "sex", entry="start", ties=ties), r[f"cox_lefttrunc_{ties}"]
    )


def test_cox_with_categories(colon, rotterdam, reference):
    terms = "treatment + age + sex + obstruct + adhere + node4 + C(extent) + surg"
    table = cox(colon["recurrence"], "time", "event", terms)
    order = ["treatment", "age", "sex", "obstruct", "adhere", "node4", "extent", "surg"]
    same_cox(table, reference("colon")["r_cox_adj_efron"], order)
    assert table["level"].tolist()[:2] == ["Lev", "Lev+5FU"] and table["level"].iloc[-1] == ""
    table = cox(rotterdam, "rtime", "recurrence", "age + meno + size + nodes + hormon + chemo")
    order = ["age", "meno", "size", "nodes", "hormon", "chemo"]
    same_cox(table, reference("rotterdam")["cox_recur_efron"], order)


def test_cox_start_stop_clustered(bladder, reference):
    r, terms = reference("bladder1"), "pyr + thio + number + size"
    args = {"time": "stop", "event": "rec", "entry": "start", "formula": terms}
    same_cox(cox(bladder, **args, cluster="id"), r["ag_breslow"])
    agree(cox(bladder, **args, ties="efron")["coef"], r["ag_efron"]["coef"])
    same_cox(
        cox(bladder[bladder["nth"] <= 4], **args, strata="nth", cluster="id"),
        r["pwp_tt_breslow"],
    )


def test_cox_clustered_by_centre(lung, reference):
    full = lung.dropna(subset=COMPLETE)
    same_cox(
        cox(full, "time", "event", "age + sex + ph_ecog", cluster="inst"),
        reference("lung")["cox_cluster_inst_breslow"],
    )


def test_cox_counts_what_it_used(lung):
    table = cox(lung, "time", "event", "ph_ecog")
    assert table.attrs == {"n": 227, "events": 164, "dropped": 1, "ties": "efron"}


def test_baseline_hazard(lung, reference):
    r = reference("lung")["basehaz0_breslow"]
    full = lung.dropna(subset=COMPLETE)
    table = baseline_hazard(full, "time", "event", "age + sex + ph_ecog")
    hazard = pd.Series(numbers(r["hazard"]), numbers(r["time"]))
    agree(table["cumulative_hazard"], list(hazard[table["time"]]))


LATE = pd.DataFrame(
    {
        "a": [0, 0, 2, 0, 1, 3, 0, 0],
        "t": [2, 3, 4, 5, 6, 6, 1, 6],
        "e": [1, 1, 1, 0, 1, 1, 0, 0],
        "x": [1, 0, 1, 0, 1, 0, 0, 1],
        "g": list("xyxxyxyx"),
    }
)


def test_baseline_hazard_with_delayed_entry(reference):
    r = reference("edge")["basehaz_late_entry"]
    table = baseline_hazard(LATE, "t", "e", "x", entry="a")
    assert table["time"].tolist() == r["time"]
    assert table["at_risk"].tolist() == r["n_risk"]
    assert table["events"].tolist() == r["n_event"] and table["events"].dtype == "int64"
    agree(table["cumulative_hazard"], r["cumhaz"])
    agree(table["survival"], list(np.exp(-np.array(r["cumhaz"]))))


@pytest.mark.parametrize(
    "options, change, said",
    [
        ({"entry": "a"}, {"a": 6}, ["'a'", "row 0"]),
        ({"strata": "g"}, {"g": None}, ["'g'", "row 0"]),
        ({"cluster": "g"}, {"g": None}, ["'g'", "row 0"]),
        ({"cluster": "h"}, {}, ["'h'"]),
        ({"cluster": "g"}, {"g": 1}, ["'g'", "1 cluster"]),
        ({"ties": "exact"}, {}, ["'exact'", "'efron'", "'breslow'"]),
        ({}, {"x": 3}, ["'x'", "same value"]),
        ({}, {"x": np.nan}, ["'x'", "missing"]),
        ({"formula": "x + g"}, {"g": "a"}, ["'g'", "same value"]),
        ({"formula": "g"}, {"g": "a"}, ["'g'", "same value"]),
        ({"formula": "g * x"}, {"g": "a"}, ["'g'", "same value"]),
        ({}, {"e": 0}, ["'e'", "no events"]),
        ({"formula": ""}, {}, ["no covariate"]),
        ({"formula": "x +"}, {}, ["'x +'"]),
        ({"formula": "t ~ x"}, {}, ["right-hand side"]),
        ({"formula": "0 + x"}, {}, ["intercept"]),
        ({"formula": "x - 1"}, {}, ["intercept"]),
        ({"formula": "xx"}, {}, ["'xx'", "did you mean 'x'"]),
        ({"formula": "unknown(x)"}, {}, ["'unknown'"]),
        ({"formula": "np.nolog(x)"}, {}, ["nolog"]),
        ({"formula": ["x"]}, {}, ["['x']"]),
        ({"formula": "C(x)"}, {"C": 1}, ["'C'", "rename"]),
        ({"formula": "Intercept"}, {"Intercept": 1}, ["'Intercept'", "rename"]),
        ({"formula": "np.log(x + 1)"}, {"np": 1}, ["'np'", "rename"]),
        ({"formula": "np.log(x)"}, {}, ["np.log(x)", "row 1", "-inf"]),
        ({"formula": "np.log(x)", "by": "g"}, {"g": [1, 2] * 4}, ["np.log(x)", "row 6:", "g 1"]),
        ({"formula": "x * y * t * a"}, {"y": [3, 1, 4, 1, 5, 9, 2, 6]}, ["15 coeff", "8 rows"]),
        ({"formula": "np.sqrt(x - 1)"}, {}, ["np.sqrt(x - 1)", "row 1", "nan"]),
        ({}, {"x": [1, 0, 1, 0, np.inf, 0, 0, 1]}, ["'x'", "row 4", "inf"]),
        ({}, {"x": [1, 0, 1, 0, 2.0**1023, 0, 0, 1]}, ["'x'", "row 4", "8.98847e+307"]),
        ({}, {"x": [1e-320, 3e-320] * 4}, ["'x'", "same value"]),
        ({"formula": "x + y"}, {"y": LATE["x"] * 2 + 1}, ["'y'", "sum of others", "'x'"]),
        ({"formula": "x + y"}, {"y": 1 - LATE["x"]}, ["'y'", "sum of others", "'x'"]),
        ({"formula": "x", "strata": "y"}, {"y": LATE["x"]}, ["'x'", "does not vary"]),
        ({"formula": "g"}, {"g": pd.Categorical(list("bcbcbcbc"), list("abc"))}, ["'g'", "'a'"]),
        ({"formula": "y"}, {"y": list("12121?12")}, ["'y'", "row 5", "'?'"]),
        ({"formula": "y"}, {"y": pd.Timestamp("2020-01-01")}, ["'y'", "C(y)"]),
        ({"formula": "tumor size"}, {"tumor size": 1}, ["'tumor size'", "Q("]),
        ({"formula": "size (mm)"}, {"size (mm)": 1}, ["'size (mm)'", "Q("]),
        ({"formula": "None"}, {}, ["'None'"]),
        ({"formula": "%"}, {}, ["'%'"]),
        ({"formula": "x + y"}, {"y": None}, ["'y'", "empty"]),
        ({"formula": "bs(x)"}, {}, ["'bs(x)'", "df"]),
        ({"formula": "bs(x, df=4)"}, {"x": [1, 0, 1, 0, np.inf, 2, 3, 1]}, ["inf", "abs()"]),
        ({"formula": "a-t"}, {"a-t": 1}, ["'a-t'", "Q("]),
        ({"formula": "class"}, {"class": 1}, ["'class'", "Q("]),
    ],
)
def test_cox_refuses(options, change, said):
    with pytest.raises(ValueError) as error:
        cox(LATE.assign(**change), "t", "e", **({"formula": "x"} | options))
    assert all(word in str(error.value) for word in said), error.value


def test_a_column_that_is_there_twice_is_refused():
    with pytest.raises(ValueError, match="'x'"):
        cox(pd.concat([LATE, LATE[["x"]]], axis=1), "t", "e", "x")


EIGHT = pd.DataFrame(
    {
        "t": range(1, 9),
        "e": [1, 0, 1, 1, 0, 1, 1, 1],
        "x": [0.0, 1, 0, 1, 1, 0, 2, 3],
        "age": [50, 61, 48, 70, 55, 66, 59, 62],
        "g": list("aabbabab"),
    }
)


X = [0, 1, None, 1, 1, 0, 2, 3]
B_OR_NOT = pd.array(EIGHT["g"] == "b", dtype="boolean")
DATES = pd.to_datetime(EIGHT["g"].map({"a": "2020-01-01", "b": "2021-01-01"}))
HR_B, HR_AGE, HR_X = 0.0565627928634242, -0.0807946568558269, -1.48635189819727
HR_B_7, HR_60 = -0.202732554054082, -0.632051696154372


@pytest.mark.parametrize(
    "change, formula, terms, levels, coef",
    # R 4.2.2, survival 3.5-3: coef(coxph(Surv(t, e) ~ ...)), the formula of each line
    [
        ({}, "x * g", "g|x|x:g", "b||b", [-2.30951794299, -3.2545041752, 1.504271181155]),
        ({}, "I(age - 1)", "I(age - 1)", "", HR_AGE),
        ({}, "np.log(age)", "np.log(age)", "", -5.42103102969806),
        ({}, "C(g, Treatment('b'))", "g", "a", -HR_B),
        ({"my age": EIGHT["age"]}, "Q('my age')", "my age", "", HR_AGE),
        ({"my g": EIGHT["g"]}, "C(Q('my g'))", "my g", "b", HR_B),
        ({"g": pd.Categorical(EIGHT["g"], list("acb"))}, "g", "g", "b", HR_B),
        ({"x": pd.array(X, dtype="Int64")}, "x", "x", "", HR_X),
        ({"x": X}, "x", "x", "", HR_X),
        ({"x": pd.Series(X, dtype=object)}, "x", "x", "", HR_X),
        ({"x": [x if x is None else Decimal(x) for x in X]}, "x", "x", "", HR_X),
        ({"g": B_OR_NOT}, "g", "g", "True", HR_B),
        ({"g": EIGHT["g"].map({"a": "1", "b": "2"})}, "C(g)", "g", "2", HR_B),
        ({"g": [1, 1, 2, 2, 1, 2, 1, 2]}, "C(g)", "g", "2", HR_B),
        ({"g": pd.array([1, 1, 2, 2, 1, 2, 1, 2], "Int64")}, "C(g) + x - x", "g", "2", HR_B),
        ({"g": [0.5, 0.5, 2, 2, 0.5, 2, 0.5, 2]}, "C(g)", "g", "2", HR_B),
        ({"g": DATES}, "C(g)", "g", "2021-01-01", HR_B),
        ({"g": DATES.where(EIGHT["t"] != 3)}, "C(g)", "g", "2021-01-01", HR_B_7),
        ({"g": pd.Categorical(DATES)}, "g", "g", "2021-01-01", HR_B),
        ({"g": DATES}, "g.dt.year", "g.dt.year", "", HR_B),
        ({"g": DATES}, "g > '2020-06-01'", "g > '2020-06-01'", "True", HR_B),
        (
            {"g": EIGHT["g"].map({"a": "1", "b": "2"})},
            "pd.to_numeric(g)",
            "pd.to_numeric(g)",
            "",
            HR_B,
        ),
        ({"g": pd.Series(B_OR_NOT)}, "I(~g)", "I(~g)", "True", -HR_B),
        ({}, "pd.cut(age, [40, 60, 80])", "pd.cut(age, [40, 60, 80])", "(60, 80]", HR_60),
        ({}, "C(np.digitize(age, [61]))", "np.digitize(age, [61])", "1", HR_60),
        ({}, "C(g, Poly)", "g", "Linear", HR_B / 2**0.5),
        ({"µg": EIGHT["age"]}, "Q('µg')", "µg", "", HR_AGE),
        ({" ": 1, "1": 2, "": 3}, "I(age - 1)", "I(age - 1)", "", HR_AGE),
    ],
)
def test_terms_and_levels_of_a_formula(change, formula, terms, levels, coef):
    table = cox(EIGHT.assign(**change), "t", "e", formula)
    assert table["term"].tolist() == terms.split("|")
    assert table["level"].tolist() == levels.split("|")
    np.testing.assert_allclose(table["coef"], coef, rtol=1e-8)


def test_a_boolean_with_a_gap_loses_that_row_only():
    gap = pd.array([False, False, None, True, False, True, False, True], dtype="boolean")
    for column in (gap, pd.Series(gap).astype(object).where(pd.notna(gap), None)):
        table = cox(EIGHT.assign(g=column), "t", "e", "g")
        alone = cox(EIGHT.drop(2), "t", "e", "g")
        assert table.attrs["n"] == 7 and table["level"].tolist() == ["True"]
        np.testing.assert_allclose(table["coef"], alone["coef"])


@pytest.mark.parametrize(
    "formula, coef, dropped",
    # R 4.2.2, survival 3.5-3: coef(coxph(Surv(t, e) ~ I(x > 0.5))), where NA > 0.5 is NA
    [
        ("x > 0.5", -1.7050833426544, 1),
        ("C(x > 0.5)", -1.7050833426544, 1),
        ("np.where(x > 0.5, 1, 0)", -1.7050833426544, 1),
        ("np.digitize(x, [0.5])", -1.7050833426544, 1),
        ("I((x > 0.5) & ~x.isna())", -1.94644065798479, 0),
        ("x.fillna(0)", -1.62149068388431, 0),
    ],
)
def test_a_missing_value_is_no_answer_to_a_question_about_it(formula, coef, dropped):
    table = cox(EIGHT.assign(x=X), "t", "e", formula)
    assert table.attrs["dropped"] == dropped
    np.testing.assert_allclose(table["coef"], coef, rtol=1e-8)


def test_an_index_may_have_the_name_of_a_column():
    for option in ("strata", "cluster", "by"):
        expected = cox(MANY, "t", "e", "x", **{option: "layer"})
        named = cox(MANY.set_index("layer", drop=False), "t", "e", "x", **{option: "layer"})
        pd.testing.assert_frame_equal(named, expected)
    none = cox(LATE, "t", "e", "x", strata=[], cluster=[])
    pd.testing.assert_frame_equal(none, cox(LATE, "t", "e", "x"))


SKEW = pd.DataFrame(
    {"t": range(1, 9), "e": [1, 1, 0, 0, 0, 0, 1, 1], "x": [65.0, 1, 1, 10, 2, 2, 2, 4]}
)
COPIES = pd.DataFrame(
    {"t": range(1, 7), "e": [1, 1, 0, 1, 1, 1], "x": [9e8, 2e8, 5e8, 7e8, 1e8, 3e8]}
)


@pytest.mark.parametrize(
    "data, coef, se",
    # R 4.2.2, survival 3.5-3: summary(coxph(Surv(t, e) ~ x))$coefficients
    [
        (SKEW, 0.0749064940888812, 0.0643165359832388),
        (COPIES, 2.63312599569e-09, 2.36705823414e-09),
        (COPIES.assign(x=COPIES["x"] * 1e-15), 2633125.9957, 2367058.2341),
    ],
)
def test_cox_on_any_scale(data, coef, se):
    row = cox(data, "t", "e", "x").iloc[0]
    np.testing.assert_allclose([row["coef"], row["se"]], [coef, se], rtol=1e-9)


@pytest.mark.parametrize("scale", [1e300, 1e-250])
def test_cox_on_numbers_whose_squares_are_none(scale):
    row, plain = (cox(d, "t", "e", "x").iloc[0] for d in (SKEW.assign(x=SKEW["x"] * scale), SKEW))
    np.testing.assert_allclose([row["coef"] * scale, row["p"]], [plain["coef"], plain["p"]])


def test_cox_on_a_large_mean_loses_no_digit():
    x = EIGHT["x"] / 8  # eighths are exact beside 1e9
    far, near = (cox(EIGHT.assign(x=x + shift), "t", "e", "x + age") for shift in (1e9, 0))
    np.testing.assert_allclose(far[["coef", "se"]], near[["coef", "se"]], rtol=1e-12)


def test_columns_named_by_numbers():
    data = SKEW.rename(columns={"t": 0, "e": 1, "x": 2})
    agree(cox(data, 0, 1, "Q(2)")["coef"], cox(SKEW, "t", "e", "x")["coef"].tolist())


def test_the_log_of_no_nodes_is_named_in_the_projects_own_file():
    from utils import load

    with pytest.raises(ValueError, match=r"'np.log\(nodes\)', row \d+: -inf.*nodes holds 0"):
        cox(load("rotterdam_breast"), "recurrence_months", "recurrence", "np.log(nodes)")


def test_entry_and_exit_that_differ_by_rounding_are_one_time():
    """R 4.2.2, survival 3.5-3: coef(coxph(Surv(a, b, e) ~ x)), timefix as it comes."""
    data = pd.DataFrame(
        {
            "a": [0, 0, 5.0, 0, 2.0, 5.0],
            "b": [5.0, 8, 9, 5.000000000000001, 6, 7],
            "e": [1, 1, 1, 1, 0, 1],
            "x": [1, 0, 1, 0, 1, 0.0],
        }
    )
    np.testing.assert_allclose(cox(data, "b", "e", "x", entry="a")["coef"], -0.948230708551306)


@pytest.mark.parametrize(
    "x, formula, e, said",
    [
        ([1, 1, 1, 0, 0, 0], "x", [1, 1, 1, 0, 0, 0], ["'x'", "x = 0"]),
        ([1, 1, 0, 0, 0, 1], "x", [0, 0, 1, 1, 0, 0], ["'x'", "x = 1"]),
        (list("aabbcc"), "x", [1, 1, 0, 0, 1, 0], ["'x'", "level 'b'"]),
        (list("bcbcaa"), "x", [1, 1, 1, 1, 0, 0], ["'x'", "level 'a'"]),
        ([1, 1, 1, 0, 0, 0], "x", [1, 1, 1, 1, 1, 0], ["'x'", "highest"]),
        ([6, 5, 4, 3, 2, 1], "x", [1] * 6, ["'x'", "highest"]),
        ([1, 2, 3, 4, 5, 6], "x", [1] * 6, ["'x'", "lowest"]),
        ([1, 2, 3, 4, 5, 6], "x + z", [1] * 6, ["'x'", "lowest"]),
        ([6, 4, 5, 3, 1, 2], "x + w", [1] * 6, ["'x'", "'w'", "highest"]),
    ],
)
@pytest.mark.parametrize("options", [{}, {"cluster": "id"}, {"entry": "a"}, {"ties": "breslow"}])
def test_a_hazard_ratio_without_end_is_refused(x, formula, e, said, options):
    data = pd.DataFrame({"t": range(1, 7), "e": e, "x": x, "id": range(6), "a": 0})
    data = data.assign(z=[3.0, 1, 4, 1, 5, 9], w=[0, 2.2, 0, 0, 1.2, 0])
    with pytest.raises(ValueError) as error:
        cox(data, "t", "e", formula, **options)
    assert all(word in str(error.value) for word in said), error.value


def test_a_large_but_finite_hazard_ratio_is_kept():
    """R 4.2.2, survival 3.5-3: summary(coxph(Surv(t, e) ~ x))$coefficients."""
    data = pd.DataFrame(
        {
            "t": [0.5, *range(1, 201), *[201] * 1999],
            "e": [1] * 201 + [0] * 1999,
            "x": [0] + [1] * 200 + [0] * 1999,
        }
    )
    row = cox(data, "t", "e", "x").iloc[0]
    np.testing.assert_allclose(
        [row["coef"], row["se"]], [9.32748877476127, 1.02113808661505], rtol=1e-7
    )


def test_each_group_gives_what_it_gives_alone():
    data = pd.concat([EIGHT.assign(arm="b"), SKEW.assign(arm="a")], ignore_index=True)
    both = cox(data, "t", "e", "x", by="arm")
    assert both.columns.tolist()[:3] == ["arm", "term", "level"]
    assert both["arm"].tolist() == ["a", "b"] and both.attrs["n"] == 16
    agree(both["coef"], [cox(d, "t", "e", "x")["coef"][0] for d in (SKEW, EIGHT)])
    steps = baseline_hazard(data, "t", "e", "x", by="arm")
    agree(steps[steps["arm"] == "b"]["survival"], baseline_hazard(EIGHT, "t", "e", "x")["survival"])
    with pytest.raises(ValueError, match="arm 'a'.*'e'"):
        cox(data.assign(e=data["e"].where(data["arm"] == "b", 0)), "t", "e", "x", by="arm")


def test_lists_of_columns_are_their_combinations(lung):
    lung = lung.dropna(subset=["inst", "ph_ecog"])
    joined = lung.assign(both=lung["sex"].astype(str) + lung["ph_ecog"].astype(str))
    agree(
        cox(joined, "time", "event", "age", strata=["sex", "ph_ecog"])[["coef", "se"]],
        cox(joined, "time", "event", "age", strata="both")[["coef", "se"]].to_numpy().tolist(),
    )
    joined = lung.assign(both=lung["sex"].astype(str) + lung["inst"].astype(str))
    agree(
        cox(joined, "time", "event", "age", cluster=["sex", "inst"])["se"],
        cox(joined, "time", "event", "age", cluster="both")["se"].tolist(),
    )


def test_robust_errors_with_efron_ties(lung, bladder):
    """R 4.2.2, survival 3.5-3: summary(coxph(..., cluster = id, ties = "efron"))."""
    lung = lung.dropna(subset=["inst"])
    table = cox(lung, "time", "event", "age + sex", cluster="inst", ties="efron")
    agree(table["se"], [0.00732739307379045, 0.12823060168524630])
    table = cox(
        bladder, "stop", "rec", "pyr + thio + number + size", entry="start", cluster="id",
        ties="efron",
    )  # fmt: skip
    agree(
        table["se"],
        [0.3235591527450840, 0.2707470913877996, 0.0597837753879197, 0.0698550997034675],
    )


def test_cox_whatever_the_rows_are_called():
    expected = cox(LATE, "t", "e", "x", strata="g")
    for rows in (LATE.set_index("x", drop=False), LATE.set_index([[7] * len(LATE)])):
        pd.testing.assert_frame_equal(cox(rows, "t", "e", "x", strata="g"), expected)


def test_cox_p_value():
    """R 4.2.2, survival 3.5-3: summary(coxph(Surv(t, e) ~ x))$coefficients[, "Pr(>|z|)"]."""
    table = cox(LATE, "t", "e", "x")
    assert table.columns.tolist() == [
        *("term", "level", "coef", "se", "hazard_ratio", "lower", "upper", "p")
    ]
    assert table.index.tolist() == [0]
    np.testing.assert_allclose(table["p"], 0.934389283758318, rtol=1e-9)


RNG = np.random.default_rng(20240501)
MANY = pd.DataFrame(
    {
        "t": RNG.integers(1, 30, 120),
        "e": RNG.integers(0, 2, 120),
        "x": RNG.normal(size=120),
        "y": RNG.integers(0, 2, 120),
        "layer": RNG.integers(0, 3, 120),
        "id": np.arange(120) // 4,
    }
)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("tied", [True, False], ids=["tied", "untied"])
@pytest.mark.parametrize("late", [True, False], ids=["entry", "no entry"])
@pytest.mark.parametrize("layers", [True, False], ids=["strata", "one stratum"])
@pytest.mark.parametrize("offset", [True, False], ids=["offset", "no offset"])
def test_sums_over_whole_arrays_equal_statsmodels(ties, tied, late, layers, offset):
    from statsmodels.duration.hazard_regression import PHReg

    from utils.survival._phreg import FastPHReg

    t = MANY["t"].to_numpy(float) if tied else MANY["t"].to_numpy() + np.arange(120) / 200
    options = {
        "status": MANY["e"].to_numpy(float),
        "entry": np.floor(t / 3) if late else None,
        "strata": MANY["layer"].to_numpy() if layers else None,
        "offset": MANY["x"].to_numpy() ** 2 / 5 if offset else None,
        "ties": ties,
    }
    theirs, ours = (m(t, MANY[["x", "y"]].to_numpy(float), **options) for m in (PHReg, FastPHReg))
    for params in (np.zeros(2), np.array([0.7, -1.1])):
        for name in ("loglike", "score", "hessian"):
            agree(getattr(ours, name)(params), getattr(theirs, name)(params).tolist(), 1e-12)
    with np.errstate(all="ignore"):
        agree(ours.fit().bse, theirs.fit().bse.tolist(), 1e-12)
    own = f"{ties}_loglike"  # statsmodels' own method finds the lists that it needs
    agree(getattr(ours, own)(params), getattr(theirs, own)(params).tolist(), 1e-12)
    if ties == "breslow" and not layers:  # PHReg's averages run on from one stratum into the next
        met = theirs.score_residuals(params)
        kept = np.isfinite(met).all(axis=1)
        agree(ours.score_residuals(params)[kept], met[kept].tolist(), 1e-11)
        assert (ours.score_residuals(params)[~kept] == 0).all()


def test_residuals_of_efron_add_up_to_the_score():
    from utils.survival._phreg import FastPHReg

    model = FastPHReg(
        MANY["t"].to_numpy(float),
        MANY[["x", "y"]].to_numpy(float),
        status=MANY["e"].to_numpy(float),
        strata=MANY["layer"].to_numpy(),
        ties="efron",
    )
    params = np.array([0.3, -0.4])
    agree(model.score_residuals(params).sum(axis=0), model.score(params).tolist())


def test_a_later_statsmodels_with_other_attributes_is_still_fitted(monkeypatch):
    from utils.survival import _phreg

    expected = cox(MANY, "t", "e", "x + y", strata="layer")

    class Renamed(_phreg.RiskSets):
        def __init__(self, *args):
            raise AttributeError("time_s")

    monkeypatch.setattr(_phreg, "RiskSets", Renamed)
    pd.testing.assert_frame_equal(cox(MANY, "t", "e", "x + y", strata="layer"), expected)


def test_a_failed_newton_step_falls_back(monkeypatch):
    from statsmodels.base.model import LikelihoodModel

    expected, fit, methods = cox(MANY, "t", "e", "x"), LikelihoodModel.fit, []

    def fails_once(self, *args, method, **options):
        methods.append(method)
        if len(methods) == 1:
            raise np.linalg.LinAlgError("Singular matrix")
        return fit(self, *args, method=method, **options)

    monkeypatch.setattr(LikelihoodModel, "fit", fails_once)
    np.testing.assert_allclose(cox(MANY, "t", "e", "x")["coef"], expected["coef"], rtol=1e-7)
    assert len(methods) > 1 and methods[1] != methods[0]


def test_a_fit_that_does_not_end_is_refused(monkeypatch):
    from statsmodels.base.model import LikelihoodModel

    def fails(self, *args, **options):
        raise np.linalg.LinAlgError("Singular matrix")

    expected = cox(MANY, "t", "e", "x")["coef"]
    monkeypatch.setattr(LikelihoodModel, "fit", fails)
    np.testing.assert_allclose(cox(MANY, "t", "e", "x")["coef"], expected, rtol=1e-12)
    monkeypatch.setattr(import_module("utils.survival.cox"), "climb", fails)
    with pytest.raises(ValueError, match="'x'"):
        cox(MANY, "t", "e", "x")


def test_a_step_too_far_is_halved():
    """The top of log x - x is at 1; from 20 Newton's own step leads where there is no height."""
    climb = import_module("utils.survival.cox").climb
    with np.errstate(all="ignore"):
        top, step = climb(
            np.array([20.0]),
            lambda x: (np.log(x) - x).item(),
            lambda x: 1 / x - 1,
            lambda x: np.diag(1 / x**2),
            100,
        )
    agree(top + step, [1], 1e-9)


def test_cases_by_hand_of_the_highest_at_risk():
    """The likelihood has no top along x exactly if each event is the highest at risk."""
    from utils.survival._phreg import FastPHReg
    from utils.survival.cox import _always_highest

    rng = np.random.default_rng(7)
    verdicts = []
    for _ in range(300):
        time, entry = rng.permutation(np.arange(1.0, 8)), rng.integers(0, 3, 7) / 2
        status, x = rng.integers(0, 2, 7), rng.integers(0, 3, 7).astype(float)
        entry = np.minimum(entry, time - 0.5)
        if not status.any():
            continue
        model = FastPHReg(time, x[:, None], status=status, entry=entry)
        naive = all(
            x[i] >= x[(entry <= time[i]) & (time >= time[i])].max() for i in np.flatnonzero(status)
        )
        verdicts.append(naive)
        assert _always_highest(model, np.array([1.0]), 1e-9) == naive
    assert {True, False} == set(verdicts)
