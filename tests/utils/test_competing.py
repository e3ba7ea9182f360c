"""utils.survival.competing: cumulative incidence, against R to 1e-10."""

import numpy as np
import pandas as pd
import pytest

from tests.conftest import agree, numbers
from utils import cumulative_incidence, incidence_at

SIX = pd.DataFrame(
    {"t": [1, 2, 3, 4, 5, 6], "e": [0, 1, 1, 0, 1, 0], "g": ["a", "b", "a", "b", "a", "b"]}
)


@pytest.mark.parametrize(
    "name, times, causes",
    [
        ("aj_last_time_all_events", [1, 2, 2, 3, 4, 5, 5, 6, 7, 7], [1, 2, 0, 1, 0, 2, 1, 0, 1, 2]),
        ("aj_last_time_one_cause", [1, 2, 2, 3, 4, 5, 5, 6, 7, 7], [1, 2, 0, 1, 0, 2, 1, 0, 1, 1]),
    ],
)
def test_cumulative_incidence_at_the_last_time(reference, name, times, causes):
    r = {key: numbers(value) for key, value in reference("edge")[name].items()}
    table = cumulative_incidence(pd.DataFrame({"t": times, "c": causes}), "t", "c")
    for cause in (1, 2):
        part = table[table["cause"] == cause]
        for column, key in (
            ("incidence", "pstate"),
            ("se", "se"),
            ("lower", "lower"),
            ("upper", "upper"),
        ):
            agree(part[column], list(r[key][:, cause]))


def test_cumulative_incidence(rotterdam, reference):
    r = {
        key: numbers(value)
        for key, value in reference("edge")["aj_rotterdam_loglog"].items()
        if key != "strata"
    }
    table = cumulative_incidence(rotterdam, "rfstime", "cause", by="chemo")
    for row in range(6):
        chemo = row // 3
        rows = table[(table["chemo"] == chemo) & (table["time"] <= r["time"][row])]
        for cause in (1, 2):
            last = rows[rows["cause"] == cause].iloc[-1]
            for column, key in (
                ("incidence", "pstate"),
                ("se", "se"),
                ("lower", "lower"),
                ("upper", "upper"),
            ):
                agree(last[column], r[key][row, cause])


def test_cumulative_incidence_has_the_causes_that_there_are_and_wants_its_groups():
    data = SIX.assign(e=[0, 1, 10**6, 0, 1, 0])
    table = cumulative_incidence(data, "t", "e")
    assert table["cause"].unique().tolist() == [1, 10**6]
    dense = cumulative_incidence(data.assign(e=[0, 1, 2, 0, 1, 0]), "t", "e")
    pd.testing.assert_frame_equal(table.drop(columns="cause"), dense.drop(columns="cause"))
    with pytest.raises(ValueError, match="column 'g', row 5: the group is missing"):
        cumulative_incidence(data.assign(g=["a", "b", "a", "b", "a", None]), "t", "e", by="g")


def test_cumulative_incidence_in_groups_without_a_cause_or_without_any():
    data = pd.DataFrame(
        {"t": [1, 2, 2, 3, 4, 1, 2], "e": [1, 2, 0, 1, 0, 0, 0], "g": list("aaaaabb")}
    )
    table = cumulative_incidence(data, "t", "e", by="g")
    assert table.index.tolist() == list(range(12))
    assert table["at_risk"].tolist() == [5, 4, 2, 1] * 2 + [2, 1] * 2
    assert (table.loc[table["g"] == "b", ["incidence", "se"]] == 0).all(axis=None)
    alone = cumulative_incidence(data.assign(e=[1, 0, 0, 1, 0, 0, 2]), "t", "e", by="g")
    assert (alone.query("g == 'a' and cause == 2")["incidence"] == 0).all()
    assert alone.query("g == 'b' and cause == 2")["incidence"].tolist() == [0, 1]
    single = cumulative_incidence(data, "t", "e")
    assert single.index.tolist() == list(range(8))


def test_incidence_at_is_the_summary_of_R(rotterdam, reference):
    r = reference("edge")["aj_rotterdam_loglog"]
    wanted = sorted(set(r["time"]))
    table = incidence_at(rotterdam, "rfstime", "cause", wanted, by="chemo")
    assert table.columns.tolist() == [
        *("chemo", "cause", "time", "at_risk", "incidence", "se", "lower", "upper")
    ]
    columns = {"incidence": "pstate", "se": "se", "lower": "lower", "upper": "upper"}
    for column, key in columns.items():
        theirs = numbers(r[key])
        for cause in (1, 2):
            agree(table.loc[table["cause"] == cause, column], list(theirs[:, cause]))


def test_nothing_is_read_past_follow_up_unless_nobody_is_left():
    data = pd.DataFrame({"t": [1.0, 2, 3], "c": [1, 2, 0]})
    late = incidence_at(data, "t", "c", [0.5, 3, 60]).set_index(["cause", "time"])["incidence"]
    assert late[1].tolist()[:2] == [0, 1 / 3] and np.isnan(late[1, 60]) and np.isnan(late[2, 60])
    gone = incidence_at(data.assign(c=[1, 2, 1]), "t", "c", 60)
    np.testing.assert_allclose(gone["incidence"], [2 / 3, 1 / 3])
    assert gone["at_risk"].tolist() == [0, 0] and gone["se"].notna().all()


def test_times_that_differ_by_rounding_are_one_time():
    """R: survfit(Surv(t, factor(c)) ~ 1)$time has 2 values."""
    data = pd.DataFrame({"t": [0.3, 0.1 + 0.2, 1], "c": [1, 0, 2]})
    table = cumulative_incidence(data, "t", "c")
    assert table["time"].nunique() == 2 and table["at_risk"].tolist() == [3, 1] * 2
    assert incidence_at(data, "t", "c", 0.3)["incidence"].tolist() == [1 / 3, 0]


def test_once_a_cause_has_come_to_all_there_is_no_interval_nor_an_error_of_rounding():
    """1 - product of 1 - d / n ends a rounding short of 1 here."""
    table = cumulative_incidence(pd.DataFrame({"t": np.arange(1.0, 50), "c": 1}), "t", "c")
    last = table.iloc[-1]
    assert abs(last["incidence"] - 1) < 1e-12 and last["se"] == 0
    assert np.isnan(last["lower"]) and np.isnan(last["upper"])


@pytest.mark.parametrize("at", [-1, [], [np.nan], [[1]], {1}, "x", pd.NA, pd.Timedelta(1)])
def test_a_time_that_is_none_is_refused(at):
    with pytest.raises(ValueError, match="at is"):
        incidence_at(SIX, "t", "e", at)
