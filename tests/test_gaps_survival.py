"""Survival: what changed code got past the other tests, found by mutating utils/survival."""

import numpy as np
import pandas as pd
import pytest

from utils import (
    conditional_survival,
    kaplan_meier,
    landmark,
    logrank,
    median_follow_up,
    median_survival,
    restricted_mean,
    survival_at,
)

SIX = pd.DataFrame({"t": [1, 2, 3, 4, 5, 6], "e": [0, 1, 1, 0, 1, 0],
                    "g": ["a", "b", "a", "b", "a", "b"]})
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


@pytest.mark.parametrize("name", ["survival_at", "median_survival", "restricted_mean",
                                  "conditional_survival"])
def test_each_group_gives_what_it_gives_alone(name):
    both = BY_GROUP[name](SIX)
    assert both.index.tolist() == list(range(len(both)))
    for group, part in SIX.groupby("g"):
        alone = BY_GROUP[name](part.reset_index(drop=True))
        pd.testing.assert_frame_equal(both[both["g"] == group].reset_index(drop=True), alone)


def test_groups_that_do_not_occur_together_have_no_rows():
    marks = pd.DataFrame({"g": pd.Categorical(list("aabbbb")), "h": pd.Categorical(list("xxyyyy"))})
    table = kaplan_meier(SIX.assign(g=marks["g"], h=marks["h"]), "t", "e", by=["g", "h"])
    assert table[["g", "h"]].drop_duplicates().astype(str).to_numpy().tolist() == [["a", "x"],
                                                                                   ["b", "y"]]


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
    assert median_follow_up(SIX.assign(e=SIX["e"] == 1), "t", "e")["events"].tolist() == [3]


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
    np.testing.assert_allclose(row[["mean", "se", "lower", "upper"]].astype(float),
                               [area, np.sqrt(variance), area - half, area + half], rtol=1e-12)


def test_conditional_survival_for_several_starts():
    table = conditional_survival(SIX, "t", "e", given=[9, 2, 0.5], further=2)
    assert table.columns.tolist() == ["given", "further", "at_risk", "survival", "se", "lower",
                                      "upper"]
    assert table["given"].tolist() == [9, 2, 0.5] and table["further"].tolist() == [2, 2, 2]
    assert table["at_risk"].tolist() == [0, 4, 6]
    np.testing.assert_allclose(table["survival"], [np.nan, 3 / 4, 4 / 5])


def test_conditional_survival_beyond_all_follow_up_is_unknown_not_an_error():
    row = conditional_survival(SIX, "t", "e", given=9, further=2).iloc[0]
    assert row["at_risk"] == 0 and row[["survival", "se", "lower", "upper"]].isna().all()


def test_on_the_very_day_of_the_landmark():
    """Who left that day is left out; an exposure that began that day counts."""
    left = landmark(SIX.assign(began=[1, 1, 1, 3, 3.1, np.nan]), "t", "e", at=3, became="began")
    assert left["t"].tolist() == [1, 2, 3] and left["exposed"].tolist() == [1, 0, 0]
