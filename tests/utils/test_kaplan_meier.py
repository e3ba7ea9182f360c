"""utils.survival.kaplan_meier: the curve and what is read off it, against R to 1e-10."""

import numpy as np
import pandas as pd
import pytest

from tests.conftest import agree, numbers
from utils import (
    conditional_survival,
    kaplan_meier,
    logrank,
    median_follow_up,
    median_survival,
    restricted_mean,
    survival_at,
)

SIX = pd.DataFrame(
    {"t": [1, 2, 3, 4, 5, 6], "e": [0, 1, 1, 0, 1, 0], "g": ["a", "b", "a", "b", "a", "b"]}
)


def test_kaplan_meier(lung, reference):
    r = reference("lung")
    table = kaplan_meier(lung, "time", "event")
    for column, name in (
        ("time", "time"),
        ("at_risk", "n_risk"),
        ("events", "n_event"),
        ("censored", "n_censor"),
        ("survival", "surv"),
        ("se", "std_err_surv"),
    ):
        agree(table[column], r["km_all"][name])
    agree(table["lower"], r["km_ci_log-log"]["lower"])
    agree(table["upper"], r["km_ci_log-log"]["upper"])


def test_kaplan_meier_by_group(colon, reference):
    r = reference("colon")["r_km_rx"]
    table = kaplan_meier(colon["recurrence"], "time", "event", by="treatment")
    assert list(table["treatment"].unique()) == ["Obs", "Lev", "Lev+5FU"]
    for column, name in (("at_risk", "n_risk"), ("survival", "surv"), ("se", "std_err_surv")):
        agree(table[column], r[name])


def test_kaplan_meier_with_delayed_entry(lung, reference):
    r = reference("lung")["km_lefttrunc"]
    aged = lung.assign(start=lung["age"] * 365.25, stop=lung["age"] * 365.25 + lung["time"])
    table = kaplan_meier(aged, "stop", "event", entry="start")
    agree(table["at_risk"], r["n_risk"])
    agree(table["survival"], r["surv"])


def test_kaplan_meier_down_to_zero(reference):
    r = reference("edge")["km_to_zero"]
    data = pd.DataFrame({"t": range(1, 7), "e": [1, 1, 1, 1, 0, 1]})
    table = kaplan_meier(data, "t", "e")
    agree(table["survival"], r["surv"])
    agree(table["lower"], r["lower"])
    agree(table["upper"], r["upper"])
    assert np.isnan(table["se"].iloc[-1])


def test_kaplan_meier_without_events_is_flat():
    table = kaplan_meier(pd.DataFrame({"t": [1, 2], "e": [0, 0]}), "t", "e")
    assert table["survival"].tolist() == [1, 1] and table["upper"].tolist() == [1, 1]


def test_survival_at(lung, reference):
    r = reference("lung")["surv_at"]
    table = survival_at(lung, "time", "event", at=[90, 180, 365, 730])
    agree(table["survival"], r["surv"])
    agree(table["se"], r["std_err"] if "std_err" in r else r["std.err"])
    agree(table["at_risk"], r["n.risk"])


def test_survival_at_is_unknown_after_the_last_follow_up(lung):
    table = survival_at(lung, "time", "event", at=[0, 5000])
    assert table["survival"].iloc[0] == 1 and np.isnan(table["survival"].iloc[1])


@pytest.mark.parametrize("outcome, letter", [("recurrence", "r"), ("death", "m")])
def test_median_and_other_quantiles(colon, reference, outcome, letter):
    r = {key: numbers(value) for key, value in reference("colon")[f"{letter}_q_rx_log-log"].items()}
    for column, share in enumerate((0.1, 0.25, 0.5)):
        table = median_survival(colon[outcome], "time", "event", "treatment", share=share)
        agree(table["median"], list(r["quantile"][:, column]))
        agree(table["lower"], list(r["lower"][:, column]))
        agree(table["upper"], list(r["upper"][:, column]))


def test_median_on_a_step_is_its_middle(reference):
    r = reference("edge")["median_on_a_step"]
    data = pd.DataFrame({"t": range(1, 7), "e": [1, 1, 1, 1, 0, 1]})
    for i, share in enumerate((0.25, 0.5)):
        row = median_survival(data, "t", "e", share=share).iloc[0]
        agree(
            [row["median"], row["lower"], row["upper"]],
            [r["quantile"][i], r["lower"][i], r["upper"][i]],
        )


def test_median_follow_up(colon, reference):
    r = reference("edge")["reverse_km_colon"]
    table = median_follow_up(colon["recurrence"], "time", "event", "treatment")
    assert ["rx=" + name for name in table["treatment"]] == r["strata"]
    for column in ("median", "lower", "upper"):
        agree(table[column], r[column])


@pytest.mark.parametrize("outcome, letter", [("recurrence", "r"), ("death", "m")])
def test_restricted_mean(colon, reference, outcome, letter):
    r = numbers(reference("colon")[f"{letter}_rmst5y"])
    table = restricted_mean(colon[outcome], "time", "event", 1826.25, "treatment")
    agree(table["mean"], list(r[:, 4]))
    agree(table["se"], list(r[:, 5]))


def test_conditional_survival(colon, reference):
    r = reference("edge")["conditional_colon_2y_given_1y"]
    row = conditional_survival(colon["recurrence"], "time", "event", 365.25, 730.5).iloc[0]
    agree(
        [row["survival"], row["se"], row["lower"], row["upper"], row["at_risk"]],
        [r["surv"], r["se"], r["lower"], r["upper"], r["n"]],
    )


def test_logrank(lung, colon, reference):
    two = logrank(lung, "time", "event", "sex").iloc[0]
    r = reference("lung")["logrank_sex"]
    agree([two["statistic"], two["p"]], [r["chisq"], r["p"]])
    three = logrank(colon["recurrence"], "time", "event", "treatment").iloc[0]
    agree(
        [three["statistic"], three["df"], three["p"]],
        [reference("colon")["r_logrank_rx"][k] for k in ("chisq", "df", "p")],
    )


def test_logrank_stratified(lung, colon, rotterdam, reference):
    known = lung.dropna(subset=["ph_ecog"])
    agree(
        logrank(known, "time", "event", "sex", strata="ph_ecog")["statistic"],
        reference("lung")["logrank_sex_str_ecog"]["chisq"],
    )
    layers = colon["recurrence"].assign(
        layer=lambda d: d["extent"].astype(str) + d["node4"].astype(str)
    )
    agree(
        logrank(layers, "time", "event", "treatment", strata="layer")["statistic"],
        reference("colon")["r_logrank_rx_str"]["chisq"],
    )
    nodes = rotterdam.assign(layer=pd.cut(rotterdam["nodes"], [-1, 0, 3, 9, 99]))
    agree(
        logrank(nodes, "dtime", "death", "hormon", strata="layer")["statistic"],
        reference("rotterdam")["logrank_death_hormon_str_nodes"]["chisq"],
    )


def test_a_tiny_p_value_does_not_underflow():
    data = pd.DataFrame(
        {
            "t": np.r_[np.arange(1, 201), np.arange(1001, 1201)],
            "e": 1,
            "g": ["a"] * 200 + ["b"] * 200,
        }
    )
    assert 0 < logrank(data, "t", "e", "g")["p"].iloc[0] < 1e-40


BY_GROUP = {
    "survival_at": lambda d: survival_at(d, "t", "e", 3, by="g"),
    "median_survival": lambda d: median_survival(d, "t", "e", by="g"),
    "median_follow_up": lambda d: median_follow_up(d, "t", "e", by="g"),
    "restricted_mean": lambda d: restricted_mean(d, "t", "e", 4, by="g"),
    "conditional_survival": lambda d: conditional_survival(d, "t", "e", 1, 2, by="g"),
    "logrank": lambda d: logrank(d, "t", "e", "g"),
    "strata": lambda d: logrank(d.assign(arm=list("aabbab")), "t", "e", "arm", strata="g"),
}


@pytest.mark.parametrize("use", BY_GROUP.values(), ids=BY_GROUP)
def test_a_missing_group_is_refused_not_dropped(use):
    use(SIX)
    with pytest.raises(ValueError, match="column 'g', row 5: the group is missing"):
        use(SIX.assign(g=["a", "b", "a", "b", "a", None]))


@pytest.mark.parametrize(
    "name", ["survival_at", "median_survival", "restricted_mean", "conditional_survival"]
)
def test_each_group_gives_what_it_gives_alone(name):
    both = BY_GROUP[name](SIX)
    assert both.index.tolist() == list(range(len(both)))
    for group, part in SIX.groupby("g"):
        alone = BY_GROUP[name](part.reset_index(drop=True))
        pd.testing.assert_frame_equal(both[both["g"] == group].reset_index(drop=True), alone)


def test_groups_that_do_not_occur_together_have_no_rows():
    marks = pd.DataFrame({"g": pd.Categorical(list("aabbbb")), "h": pd.Categorical(list("xxyyyy"))})
    table = kaplan_meier(SIX.assign(g=marks["g"], h=marks["h"]), "t", "e", by=["g", "h"])
    assert table[["g", "h"]].drop_duplicates().astype(str).to_numpy().tolist() == [
        ["a", "x"],
        ["b", "y"],
    ]


def test_before_the_first_event_the_curve_is_one_and_known_exactly():
    first = kaplan_meier(SIX, "t", "e").iloc[0]
    assert first[["survival", "se", "lower", "upper"]].tolist() == [1, 0, 1, 1]
    early = survival_at(SIX, "t", "e", [0.5, 1])
    assert (early[["survival", "lower", "upper"]] == 1).all(axis=None) and (early["se"] == 0).all()


def test_counts_are_whole_numbers_and_true_false_is_an_event():
    table = kaplan_meier(SIX, "t", "e")
    assert (table[["at_risk", "events", "censored"]].dtypes == "int64").all()
    assert (table["events"] + table["censored"]).sum() == len(SIX)
    pd.testing.assert_frame_equal(kaplan_meier(SIX.assign(e=SIX["e"] == 1), "t", "e"), table)
    entered = kaplan_meier(SIX.assign(began=[0, 0, 2, 2, 2, 3]), "t", "e", entry="began")
    assert entered["at_risk"].tolist() == [2, 1, 3, 3, 2, 1]
    assert median_follow_up(SIX.assign(e=SIX["e"] == 1), "t", "e")["left"].tolist() == [3]


def test_the_last_day_of_follow_up_is_still_known():
    last = survival_at(SIX, "t", "e", [6, 6.001])
    assert last["survival"].notna().tolist() == [True, False]
    assert last["at_risk"].tolist() == [1, 0]


def test_median_where_the_curve_ends_on_one_half():
    two = pd.DataFrame({"t": [1, 2], "e": [1, 0]})
    row = median_survival(two, "t", "e").iloc[0]
    assert row["median"] == 1
    assert row[["n", "events"]].tolist() == [2, 1]


def test_restricted_mean_is_the_area_with_its_interval():
    row = restricted_mean(pd.DataFrame({"t": [1, 2, 3], "e": [1, 0, 0]}), "t", "e", 3).iloc[0]
    assert row["horizon"] == 3
    area, variance = 1 + 2 * 2 / 3, (2 * 2 / 3) ** 2 * 1 / (3 * 2)
    half = 1.959963984540054 * np.sqrt(variance)
    np.testing.assert_allclose(
        row[["mean", "se", "lower", "upper"]].astype(float),
        [area, np.sqrt(variance), area - half, area + half],
        rtol=1e-12,
    )


def test_conditional_survival_for_several_starts():
    table = conditional_survival(SIX, "t", "e", given=[9, 2, 0.5], further=2)
    assert table.columns.tolist() == [
        "given",
        "further",
        "at_risk",
        "survival",
        "se",
        "lower",
        "upper",
    ]
    assert table["given"].tolist() == [9, 2, 0.5] and table["further"].tolist() == [2, 2, 2]
    assert table["at_risk"].tolist() == [0, 4, 6]
    np.testing.assert_allclose(table["survival"], [np.nan, 3 / 4, 4 / 5])


def test_conditional_survival_beyond_all_follow_up_is_unknown_not_an_error():
    row = conditional_survival(SIX, "t", "e", given=9, further=2).iloc[0]
    assert row["at_risk"] == 0 and row[["survival", "se", "lower", "upper"]].isna().all()


# (data, by, strata, R's statistic, df, p): survdiff(Surv(t, e) ~ g [+ strata(s)]), R 4.2.2
GROUPS = {
    "one group gone before the first event": (
        {"t": [1, 2, 3, 4], "e": [0, 1, 1, 1], "g": list("abbc")},
        {},
        (1.47058823529412, 1, 0.225252906360653),
    ),
    "rounding parts nobody": (
        {"t": [0.3, 0.1 + 0.2, 0.5, 0.7], "e": [1, 1, 1, 0], "g": list("abab")},
        {},
        (0.428571428571429, 1, 0.512690760261923),
    ),
}


@pytest.mark.parametrize("name", GROUPS)
def test_logrank_as_survdiff_where_a_group_or_a_time_is_odd(name):
    data, options, expected = GROUPS[name]
    row = logrank(pd.DataFrame(data), "t", "e", "g", **options)
    assert row.columns.tolist() == ["statistic", "df", "p"] and row["df"].dtype == "int64"
    agree(row.iloc[0], list(expected))


def test_logrank_takes_lists_of_columns(lung, reference):
    known = lung.dropna(subset=["ph_ecog"]).assign(all="x")
    one = logrank(known, "time", "event", ["sex", "all"], strata=["ph_ecog", "all"])
    agree(one["statistic"], reference("lung")["logrank_sex_str_ecog"]["chisq"])


@pytest.mark.parametrize(
    "data, options, message",
    [
        (
            {"t": [1, 1, 2, 3, 4, 5], "e": [0, 0, 1, 1, 0, 1], "g": list("aabbbb")},
            {},
            "column 'g': group 'a' is never at risk at an event",
        ),
        (
            {"t": [1, 1], "e": [1, 1], "g": list("ab")},
            {},
            "column 'g'.*'b' and 'a'.*at risk together",
        ),
        (
            {"t": [1, 2, 1, 2], "e": [1, 1, 1, 1], "g": list("aabb"), "s": list("xxyy")},
            {"strata": "s"},
            "column 'g'.*'b' and 'a'.*at risk together",
        ),
        (
            {"t": [5, 2, 1, 2, 5], "e": 1, "g": list("zyxzx"), "s": list("vvuvu")},
            {"strata": "s"},
            "column 'g'.*'y' and 'x'.*at risk together",
        ),
        ({"t": [1, 2], "e": [1, 1], "g": list("aa")}, {}, "column 'g' holds one group only"),
        ({"t": [1, 2], "e": 1, "g": 1}, {}, r"column 'g' holds one group only \(1\)"),
        ({"t": [1, 2], "e": 1, "g": "a", "h": "b"}, {"by": ["g", "h"]}, "'g' holds one group only"),
    ],
)
def test_logrank_without_a_comparison_names_the_group(data, options, message):
    with pytest.raises(ValueError, match=message):
        logrank(pd.DataFrame(data), "t", "e", **{"by": "g"} | options)


def test_times_that_differ_by_rounding_are_one_time():
    data = pd.DataFrame({"t": [0.3, 0.1 + 0.2, 0.7, 0.1 * 7], "e": [0, 1, 1, 0]})
    table = kaplan_meier(data, "t", "e")
    assert table["at_risk"].tolist() == [4, 2] and table["survival"].tolist() == [0.75, 0.375]
    assert survival_at(data, "t", "e", [0.1 + 0.2, 0.3, 0.1 * 7])["at_risk"].tolist() == [4, 4, 2]
    assert survival_at(data, "t", "e", [0.3, 0.7])["survival"].tolist() == [0.75, 0.375]
    late = data.assign(a=[0, 0, 0.1 + 0.2, 0.3])
    assert kaplan_meier(late, "t", "e", entry="a")["at_risk"].tolist() == [2, 2]


def test_an_interval_that_only_rounding_gives_a_length_is_named():
    data = pd.DataFrame({"a": [0, 0.3], "t": [1, 0.1 + 0.2], "e": [1, 1]})
    with pytest.raises(ValueError, match="column 'a', row 1"):
        kaplan_meier(data, "t", "e", entry="a")


def test_a_curve_at_0_stays_there_when_others_enter_later():
    """R: survfit(Surv(a, t, e) ~ 1)$surv is 0, 0, 0."""
    data = pd.DataFrame({"a": [0, 2, 2], "t": [1, 3, 4], "e": [1, 1, 0]})
    table = kaplan_meier(data, "t", "e", entry="a")
    assert table["survival"].tolist() == [0, 0, 0] and table["at_risk"].tolist() == [1, 2, 1]


GONE = pd.DataFrame({"t": [1.0, 2, 3, 4], "e": 1})


def test_once_all_have_had_the_event_the_curve_is_known_for_ever():
    """R: summary(survfit(Surv(t, e) ~ 1), rmean=6)$table, summary(fit, times=5, extend=TRUE)."""
    row = restricted_mean(GONE, "t", "e", 6).iloc[0]
    agree(row[["mean", "se"]], [2.5, 0.559016994374947])
    late = survival_at(GONE, "t", "e", [4, 5])
    assert late["survival"].tolist() == [0, 0] and late["at_risk"].tolist() == [1, 0]
    assert late[["se", "lower", "upper"]].isna().all(axis=None)
    assert conditional_survival(GONE, "t", "e", 2, 9)["survival"].tolist() == [0]


def test_a_horizon_past_follow_up_names_the_group():
    data = pd.concat([GONE.assign(g="a"), GONE.assign(g="b", e=[1, 0, 1, 0])])
    with pytest.raises(ValueError, match="group g 'b'.*'t': follow-up ends at 4.*horizon 6"):
        restricted_mean(data, "t", "e", 6, by="g")


@pytest.mark.parametrize(
    "use, message",
    [
        (lambda d: restricted_mean(d, "t", "e", -1), "horizon is -1"),
        (lambda d: restricted_mean(d, "t", "e", 0), "horizon is 0"),
        (lambda d: restricted_mean(d, "t", "e", np.nan), "horizon is nan"),
        (lambda d: survival_at(d, "t", "e", -1), "at is -1"),
        (lambda d: restricted_mean(d, "t", "e", [3]), "horizon is"),
        (lambda d: restricted_mean(d, "t", "e", pd.Timedelta(3)), "horizon is"),
        (lambda d: conditional_survival(d, "t", "e", 1, "two"), "further is"),
        (lambda d: median_survival(d, "t", "e", share=None), "share is"),
        (lambda d: logrank(d, "t", "e", []), "by names no column"),
        (lambda d: survival_at(d, "t", "e", {1, 2}), "at is"),
        (lambda d: survival_at(d, "t", "e", [[1, 2]]), "at is"),
        (lambda d: survival_at(d, "t", "e", []), "at is"),
        (lambda d: survival_at(d, "t", "e", [1, np.nan]), "at is"),
        (lambda d: median_survival(d, "t", "e", share=0), "share is 0"),
        (lambda d: median_survival(d, "t", "e", share=50), "share is 50"),
        (lambda d: conditional_survival(d, "t", "e", -1, 1), "given is -1"),
        (lambda d: conditional_survival(d, "t", "e", 1, 0), "further is 0"),
    ],
)
def test_a_time_or_share_out_of_range_is_named(use, message):
    with pytest.raises(ValueError, match=message):
        use(GONE)


def test_median_at_a_flat_end_is_the_start_of_the_step_as_R_prints_it():
    """print(survfit(Surv(c(1, 2), c(1, 0)) ~ 1)) says 1; quantile() says 1.5."""
    flat = pd.DataFrame({"t": [1, 2], "e": [1, 0]})
    assert median_survival(flat, "t", "e")["median"].tolist() == [1]
    assert median_survival(flat.assign(e=1), "t", "e")["median"].tolist() == [1.5]


@pytest.mark.parametrize("by", ["time", "at_risk", "survival", ["g", "lower"]])
def test_a_group_named_as_a_column_of_the_result_is_refused_with_a_new_name(by):
    name = by if isinstance(by, str) else by[-1]
    data = GONE.assign(g="x", **{name: list("abab")})
    with pytest.raises(ValueError, match=r"column '\w+': the result has .*data\.rename"):
        kaplan_meier(data, "t", "e", by)


def test_columns_may_have_the_names_of_the_result():
    data = pd.DataFrame({"time": [1, 2, 3], "events": [1, 0, 1], "g": list("aab")})
    table = kaplan_meier(data, "time", "events", "g")
    assert table["events"].tolist() == [1, 0, 1] and table["time"].tolist() == [1, 2, 3]
    odd = data.set_axis(["my time", 7, "the group"], axis=1)
    pd.testing.assert_frame_equal(
        kaplan_meier(odd, "my time", 7, "the group").rename(columns={"the group": "g"}), table
    )


@pytest.mark.parametrize(
    "groups",
    [
        pd.to_datetime(["2020-01-01"] * 2 + ["2021-01-01"] * 2),
        pd.Categorical(list("aabb"), categories=["b", "z", "a"]),
        pd.array([1, 1, 2, 2], dtype="Int64"),
        pd.to_timedelta([1, 1, 2, 2], unit="D"),
        pd.cut([1, 1, 5, 5], [0, 2, 4, 6]),
        [True, True, False, False],
    ],
    ids=["dates", "an unused category", "nullable", "durations", "intervals", "true/false"],
)
def test_groups_of_any_type_keep_their_labels(groups):
    table = survival_at(GONE.assign(g=groups), "t", "e", 1.5, by="g")
    assert set(table["g"]) == set(pd.Series(groups)) and len(table) == 2
    assert sorted(table["survival"]) == [0.5, 1]


def test_the_index_does_not_matter():
    plain = pd.DataFrame({"t": [1, 2, 3, 4], "e": [1, 0, 1, 0], "g": list("aabb")})
    for twice in (plain.set_axis([7, 7, 8, 8]), plain.set_index("g", drop=False)):
        pd.testing.assert_frame_equal(
            kaplan_meier(twice.rename_axis(None), "t", "e", "g"), kaplan_meier(plain, "t", "e", "g")
        )
