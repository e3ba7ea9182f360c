"""Survival: what changed code got past the other tests, found by mutating utils/survival."""

import numpy as np
import pandas as pd
import pytest

from tests.conftest import agree
from utils import (
    baseline_hazard,
    brier,
    concordance,
    cox,
    cumulative_incidence,
    events_needed,
    kaplan_meier,
    landmark,
    mean_cumulative_count,
    mixture_cure,
    piecewise_exponential,
    rates,
    split_follow_up,
)

SIX = pd.DataFrame(
    {"t": [1, 2, 3, 4, 5, 6], "e": [0, 1, 1, 0, 1, 0], "g": ["a", "b", "a", "b", "a", "b"]}
)


def test_on_the_very_day_of_the_landmark():
    """Who left that day is left out; an exposure that began that day counts."""
    left = landmark(SIX.assign(began=[1, 1, 1, 3, 3.1, np.nan]), "t", "e", at=3, became="began")
    assert left["t"].tolist() == [1, 2, 3] and left["exposed"].tolist() == [1, 0, 0]


LATE = pd.DataFrame(
    {
        "a": [0, 0, 2, 0, 1, 3, 0, 0],
        "t": [2, 3, 4, 5, 6, 6, 1, 6],
        "e": [1, 1, 1, 0, 1, 1, 0, 0],
        "x": [1, 0, 1, 0, 1, 0, 0, 1],
    }
)
ALL = {
    "kaplan_meier": lambda d: kaplan_meier(d, "t", "e", entry="a"),
    "cox": lambda d: cox(d, "x", "t", "e", entry="a"),
    "cox, cluster": lambda d: cox(d, "x", "t", "e", entry="a", cluster="x"),
    "baseline_hazard": lambda d: baseline_hazard(d, "x", "t", "e", entry="a"),
    "concordance": lambda d: concordance(d, "t", "e", "x").to_frame(),
    "cumulative_incidence": lambda d: cumulative_incidence(d, "t", "e"),
    "rates": lambda d: rates(d, "t", "e"),
    "split_follow_up": lambda d: split_follow_up(d, "t", "e", [2, 4], entry="a")[
        ["start", "stop", "person_time"]
    ],
    "mean_cumulative_count": lambda d: mean_cumulative_count(d, "x", "a", "t", "e"),
    "piecewise_exponential": lambda d: piecewise_exponential(d, "x", "t", "e"),
    "brier": lambda d: brier(d, "t", "e", "x", 4).to_frame(),
}


@pytest.mark.parametrize(
    "types",
    [
        {"a": "uint8", "t": "uint8", "e": "bool", "x": "uint8"},
        {"a": "Int64", "t": "Int64", "e": "boolean", "x": "Int64"},
        {"a": "float32", "t": "float32", "e": "Float64", "x": "bool"},
    ],
    ids=["small", "nullable", "mixed"],
)
@pytest.mark.parametrize("name", ALL)
def test_the_type_of_a_column_changes_no_number(name, types):
    pd.testing.assert_frame_equal(
        ALL[name](LATE.astype(types)).reset_index(drop=True),
        ALL[name](LATE).reset_index(drop=True),
        check_dtype=False,
        rtol=1e-12,
    )


def test_baseline_hazard_with_delayed_entry(reference):
    r = reference("edge")["basehaz_late_entry"]
    table = baseline_hazard(LATE, "x", "t", "e", entry="a")
    assert table["time"].tolist() == r["time"]
    assert table["at_risk"].tolist() == r["n_risk"]
    assert table["events"].tolist() == r["n_event"] and table["events"].dtype == "int64"
    agree(table["cumulative_hazard"], r["cumhaz"])
    agree(table["survival"], list(np.exp(-np.array(r["cumhaz"]))))


@pytest.mark.parametrize(
    "options, change, message",
    [
        ({"entry": "a"}, {"a": 6}, "column 'a', row 0: entry must come before 't'"),
        ({"strata": "g"}, {"g": None}, "column 'g', row 0: the group is missing"),
        ({"cluster": "g"}, {"g": None}, "column 'g', row 0: the group is missing"),
        ({"cluster": "h"}, {}, "no column 'h'"),
        (
            {},
            {"x": 3},
            "^term 'x' has the same value in every row that is used: there is nothing to "
            "compare. Remedy: leave it out, or check the filter$",
        ),
        (
            {"cluster": "x", "ties": "efron"},
            {},
            "^robust errors need ties='breslow': leave ties out when cluster is given$",
        ),
    ],
)
def test_cox_refuses(options, change, message):
    with pytest.raises(ValueError, match=message):
        cox(LATE.assign(**change), "x", "t", "e", **options)


def test_cox_whatever_the_rows_are_called():
    expected = cox(LATE, "x", "t", "e", strata="a")
    for rows in (LATE.set_index("x", drop=False), LATE.set_index([[7] * len(LATE)])):
        pd.testing.assert_frame_equal(cox(rows, "x", "t", "e", strata="a"), expected)


def test_landmark_on_its_very_day():
    people = pd.DataFrame({"t": [1.0, 2, 3], "e": [1, 1, 0], "quit": [0.5, 1.0, np.nan]})
    left = landmark(people, "t", "e", at=1, became="quit")
    assert left["t"].tolist() == [1, 2] and left["exposed"].tolist() == [1, 0]
    assert left["exposed"].dtype == "int64"
    with pytest.raises(ValueError, match="no column 'left'"):
        landmark(people, "t", "e", at=1, became="left")
    with pytest.raises(ValueError, match=r"landmark 3\. Remedy: choose an earlier landmark$"):
        landmark(people, "t", "e", at=3)


AGAIN = pd.DataFrame(
    {
        "id": [1, 1, 2, 2, 3],
        "a": [0, 2, 0, 3, 0],
        "t": [2, 4, 3, 3, 1],
        "e": [1, 0, 1, 0, 0],
        "g": list("xxxxx"),
    }
)


def test_mean_cumulative_count_with_its_interval():
    table = mean_cumulative_count(AGAIN, "id", "a", "t", "e")
    assert table["time"].tolist() == [1, 2, 3, 4] and table["at_risk"].tolist() == [3, 2, 2, 1]
    assert table["events"].tolist() == [0, 1, 1, 0] and table["events"].dtype == "int64"
    np.testing.assert_allclose(table["mean_count"], [0, 0.5, 1, 1])
    ratio = np.exp(1.959963984540054 * table["se"] / table["mean_count"].where(table["events"] > 0))
    assert table.loc[0, ["lower", "upper"]].tolist() == [0, 0]
    np.testing.assert_allclose(table["upper"][1:3], (table["mean_count"] * ratio)[1:3])
    np.testing.assert_allclose(table["lower"][1:3], (table["mean_count"] / ratio)[1:3])


@pytest.mark.parametrize(
    "change, message",
    [
        ({"a": [0, 2, 0, 4, 0]}, "column 'a', row 3: entry must come before 't'"),
        ({"t": [2, 4, 3, np.nan, 1]}, "column 't', row 3: a finite number"),
        ({"g": [*"xxx", "x", None]}, "column 'g', row 4: the group is missing"),
    ],
)
def test_mean_cumulative_count_refuses_what_is_no_interval(change, message):
    with pytest.raises(ValueError, match=message):
        mean_cumulative_count(AGAIN.assign(**change), "id", "a", "t", "e", by="g")
    with pytest.raises(ValueError, match="no column 'who'"):
        mean_cumulative_count(AGAIN, "who", "a", "t", "e")


FREE = pd.DataFrame({"t": [1, 2, 2, 3, 4], "e": [1, 1, 0, 0, 1], "p": [0, 0.25, 0.5, 0.75, 1]})


def test_brier_by_hand():
    """One is censored at 2, after the event then: from there on, each row stands for 3/2."""
    row = brier(FREE, "t", "e", "p", 3)
    assert row.index.tolist() == ["brier", "brier_kaplan_meier", "explained", "n"]
    np.testing.assert_allclose(row, [(0.25**2) / 5, (2 * 0.36 + 3 * 0.16) / 5, 1 - 0.0625 / 1.2, 5])


def test_brier_before_the_first_event_and_on_the_last_day():
    before = brier(FREE, "t", "e", "p", 0.5)
    np.testing.assert_allclose(before, [np.mean((1 - FREE["p"]) ** 2), 0, np.nan, 5])
    last = brier(FREE.assign(e=[1, 1, 0, 0, 0]), "t", "e", "p", 4)
    np.testing.assert_allclose(last["brier"], 0.25**2 / 5)
    with pytest.raises(
        ValueError, match="'p' holds a number above 1: survival at the horizon is a probability$"
    ):
        brier(FREE.assign(p=1.5), "t", "e", "p", 3)


@pytest.mark.parametrize(
    "use",
    [
        lambda: events_needed(0),
        lambda: events_needed(2, share_exposed=0),
        lambda: events_needed(2, share_exposed=1),
        lambda: events_needed(2, share_exposed=1.5),
    ],
)
def test_events_needed_refuses(use):
    with pytest.raises(
        ValueError, match="^hazard_ratio must be positive and not 1, share_exposed between 0 and 1$"
    ):
        use()


def test_events_needed_for_two_equal_arms():
    np.testing.assert_allclose(events_needed(2), 4 * 2.8015852**2 / np.log(2) ** 2, rtol=1e-7)


def test_split_follow_up_names_its_periods_in_order():
    people = pd.DataFrame({"t": [12.0, 1.5, 0.5], "e": [1, 0, 1]}, index=[8, 8, 3])
    split = split_follow_up(people, "t", "e", cuts=[0, 0.5, 2, 10])
    assert split.index.tolist() == list(range(7))
    assert split.columns.tolist() == ["t", "e", "start", "stop", "person_time", "period"]
    assert split["period"].tolist() == ["0-0.5", "0.5-2", "2-10", "10+", "0-0.5", "0.5-2", "0-0.5"]
    assert split["period"].cat.categories.tolist() == ["0-0.5", "0.5-2", "2-10", "10+"]
    assert split["period"].cat.ordered and split["e"].tolist() == [0, 0, 0, 1, 0, 0, 1]
    assert split["e"].dtype == "int64"
    only = split_follow_up(people.tail(1), "t", "e", cuts=[0.5, 2])["period"]
    assert only.cat.categories.tolist() == ["0-0.5"]


def test_split_follow_up_keeps_each_persons_rows_together():
    people = pd.DataFrame({"t": 10.0, "e": 1, "who": range(200)})
    split = split_follow_up(people, "t", "e", cuts=[2, 5])
    pd.testing.assert_frame_equal(split, split.sort_values(["who", "start"]))


def test_split_follow_up_with_delayed_entry():
    people = pd.DataFrame({"a": [1, 2, 3], "t": [5, 3, 6], "e": [1, 1, 0]})
    split = split_follow_up(people, "t", "e", cuts=[2, 4], entry="a")
    assert split["start"].tolist() == [1, 2, 4, 2, 3, 4]
    assert split["stop"].tolist() == [2, 4, 5, 3, 4, 6]
    assert split[["start", "stop", "person_time"]].dtypes.tolist() == ["float64"] * 3


@pytest.mark.parametrize(
    "options, message",
    [
        ({"cuts": [2, 2]}, r"cuts must increase, found \[2, 2\]"),
        ({"cuts": [2], "entry": "late"}, "column 'late', row 0: entry must come before 't'"),
    ],
)
def test_split_follow_up_refuses(options, message):
    with pytest.raises(ValueError, match=message):
        split_follow_up(SIX.assign(late=9), "t", "e", **options)


@pytest.mark.parametrize(
    "use, message",
    [
        (lambda d: rates(d, "t", "e", by="g"), "column 'g', row 5: the group is missing"),
        (
            lambda d: rates(d, "t", "e", by="g", grouped=True),
            "column 'g', row 5: the group is missing",
        ),
        (lambda d: rates(d, "t", "cases", grouped=True), "no column 'cases'"),
        (lambda d: rates(d.assign(t=0), "t", "e"), "no person-time. Remedy: leave that group out$"),
        (lambda d: mixture_cure(d, "t", "e", by="g"), "column 'g', row 5: the group is missing"),
        (
            lambda d: mixture_cure(d.assign(t=0), "t", "e"),
            "Remedy: leave out people without follow-up, knowingly$",
        ),
        (lambda d: mixture_cure(d.assign(e=0), "t", "e"), "column 'e': no events in 6 rows"),
        (lambda d: piecewise_exponential(d, "e", "time", "e"), "no column 'time'"),
        (
            lambda d: piecewise_exponential(d.assign(late=[0, 0, 0, 1, 0, 1]), "late", "t", "e"),
            "^term 'late' holds no event in column 'e': its rate has no lower end on the log scale. "
            "Remedy: join it with its neighbour, or leave its rows out and say so$",
        ),
    ],
)
def test_refused_with_the_whole_remedy(use, message):
    with pytest.raises(ValueError, match=message):
        use(SIX.assign(g=["a", "b", "a", "b", "a", None]))


def test_piecewise_exponential_leaves_out_rows_without_time_and_counts():
    data = SIX.assign(t=[0, 2, 3, 4, 5, 6], x=[1, 0, 1, 0, 1, 0])
    table = piecewise_exponential(data, "x", "t", "e")
    assert table.attrs["n"] == 5 and table.attrs["events"] == 3
    np.testing.assert_allclose(table["rate_ratio"], [1 / 12, (2 / 8) / (1 / 12)])


def test_mixture_cure_in_groups_and_who_its_plateau_rests_on(colon):
    years = colon["recurrence"].assign(years=lambda d: d["time"] / 365.25)
    both = mixture_cure(years, "years", "event", by="sex")
    assert both["sex"].tolist() == [0, 1]
    for group, row in zip((0, 1), both.to_dict("records")):
        part = years[years["sex"] == group]
        last = part.loc[part["event"] == 1, "years"].max()
        assert row["at_risk_late"] == (part["years"] > last).sum() > 0
        assert row["cure"] == mixture_cure(part, "years", "event")["cure"][0]


def test_concordance_has_a_normal_interval():
    row = concordance(LATE, "t", "e", "x")
    half = 1.959963984540054 * row["se"]
    assert row.index.tolist() == ["concordance", "se", "lower", "upper"] and half > 0
    np.testing.assert_allclose(
        row[["lower", "upper"]], [row["concordance"] - half, row["concordance"] + half]
    )


def test_rates_per_100():
    one, hundred = (rates(SIX, "t", "e", per=per).iloc[0] for per in (1, 100))
    columns = ["rate", "lower", "upper"]
    np.testing.assert_allclose(hundred[columns].astype(float), 100 * one[columns].astype(float))
    assert hundred["person_time"] == one["person_time"] == 21


def test_mixture_cure_interval_is_even_on_the_logit_scale(colon):
    row = mixture_cure(colon["recurrence"], "time", "event").iloc[0]
    logit = {name: np.log(row[name] / (1 - row[name])) for name in ("cure", "lower", "upper")}
    assert row["lower"] < row["cure"] < row["upper"]
    np.testing.assert_allclose(logit["lower"] + logit["upper"], 2 * logit["cure"])


def test_cox_p_value():
    """R 4.2.2, survival 3.5-3: summary(coxph(Surv(t, e) ~ x))$coefficients[, "Pr(>|z|)"]."""
    table = cox(LATE, "x", "t", "e")
    assert table.columns.tolist() == ["coef", "se", "hazard_ratio", "lower", "upper", "p"]
    assert table.index.name == "term"
    np.testing.assert_allclose(table["p"], 0.934389283758318, rtol=1e-9)


@pytest.mark.parametrize(
    "change, formula, message",
    [
        ({}, "0 + x", "leave out '0 \\+' and '- 1', the intercept is needed to code categories$"),
        (
            {"C": 1},
            "C(x)",
            r"^column 'C' hides the function C\(\) of the formula. "
            r"Remedy: data.rename\(columns=\{'C': 'c'\}\)$",
        ),
    ],
)
def test_a_formula_is_refused_with_the_whole_remedy(change, formula, message):
    with pytest.raises(ValueError, match=message):
        cox(LATE.assign(**change), formula, "t", "e")
