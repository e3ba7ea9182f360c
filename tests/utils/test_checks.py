"""Bad input gets an error that names the column, the row and the remedy."""

import numpy as np
import pandas as pd
import pytest

from utils import (
    cox,
    cumulative_incidence,
    kaplan_meier,
    landmark,
    logrank,
    median_survival,
    piecewise_exponential,
    rates,
    restricted_mean,
    split_follow_up,
)

GOOD = pd.DataFrame(
    {
        "months": [3.0, 5, 8, 13],
        "relapse": [1, 0, 1, 1],
        "arm": ["a", "a", "b", "b"],
        "age": [50.0, 60, 55, 65],
    },
    index=["p1", "p2", "p3", "p4"],
)
EVERY = (kaplan_meier, median_survival, rates, cumulative_incidence)


def broken(**columns) -> pd.DataFrame:
    return GOOD.assign(**columns)


@pytest.mark.parametrize("use", EVERY)
def test_missing_column_suggests_the_nearest(use):
    with pytest.raises(ValueError, match="no column 'month': did you mean 'months'"):
        use(GOOD, "month", "relapse")


@pytest.mark.parametrize("use", (kaplan_meier, median_survival, rates))
def test_event_coded_one_two_names_row_and_recoding(use):
    with pytest.raises(ValueError, match=r"column 'relapse', row 'p1'.*== 2\)\.astype\(int\)"):
        use(broken(relapse=[2, 1, 2, 2]), "months", "relapse")


@pytest.mark.parametrize("use", EVERY)
@pytest.mark.parametrize(
    "bad, said", [(np.nan, "finite"), (-1.0, "at least 0"), (np.inf, "finite")]
)
def test_bad_time_names_column_and_row(use, bad, said):
    with pytest.raises(ValueError, match=f"column 'months', row 'p2'.*{said}.*Remedy"):
        use(broken(months=[3.0, bad, 8, 13]), "months", "relapse")


def test_text_where_numbers_belong():
    with pytest.raises(ValueError, match="to_numeric"):
        kaplan_meier(broken(months=["3", "5", "8", "13"]), "months", "relapse")


def test_missing_event():
    with pytest.raises(ValueError, match="column 'relapse', row 'p3'"):
        kaplan_meier(broken(relapse=[1, 0, np.nan, 1]), "months", "relapse")


def test_causes_are_whole_numbers():
    with pytest.raises(ValueError, match="0 for censored"):
        cumulative_incidence(broken(relapse=[1, 0.5, 1, 1]), "months", "relapse")


def test_missing_group_names_row():
    with pytest.raises(ValueError, match="column 'arm', row 'p4'.*dropna"):
        kaplan_meier(broken(arm=["a", "a", "b", None]), "months", "relapse", by="arm")


def test_one_group_cannot_be_compared():
    with pytest.raises(ValueError, match="one group only"):
        logrank(broken(arm="a"), "months", "relapse", "arm")
    with pytest.raises(ValueError, match="same value in every row"):
        cox(broken(age=50.0), "age", "months", "relapse")


@pytest.mark.parametrize(
    "use",
    [
        lambda d: logrank(d, "months", "relapse", "arm"),
        lambda d: cox(d, "age", "months", "relapse"),
        lambda d: cumulative_incidence(d, "months", "relapse"),
        lambda d: piecewise_exponential(d, "age", "months", "relapse"),
    ],
)
def test_no_events(use):
    with pytest.raises(ValueError, match="no events in 4 rows"):
        use(broken(relapse=0))


def test_empty_table():
    with pytest.raises(ValueError, match="no rows"):
        kaplan_meier(GOOD.iloc[:0], "months", "relapse")


def test_entry_after_exit():
    with pytest.raises(ValueError, match="column 'start', row 'p2'.*before 'months'"):
        kaplan_meier(broken(start=[0, 6.0, 0, 0]), "months", "relapse", entry="start")


def test_horizon_beyond_follow_up():
    with pytest.raises(ValueError, match="follow-up ends at 13"):
        restricted_mean(broken(relapse=[1, 0, 1, 0]), "months", "relapse", 20)


def test_cuts_must_increase():
    with pytest.raises(ValueError, match="cuts must increase"):
        split_follow_up(GOOD, "months", "relapse", cuts=[5, 3])


def test_landmark_beyond_follow_up():
    with pytest.raises(ValueError, match="earlier landmark"):
        landmark(GOOD, "months", "relapse", at=99)


@pytest.mark.parametrize(
    "formula, said",
    [("months ~ age", "right-hand side"), ("0 + arm", "intercept"), ("agee", "columns are")],
)
def test_bad_formula(formula, said):
    with pytest.raises(ValueError, match=said):
        cox(GOOD, formula, "months", "relapse")


def test_efron_with_cluster():
    with pytest.raises(ValueError, match="ties='breslow'"):
        cox(GOOD, "age", "months", "relapse", cluster="arm", ties="efron")


def test_no_person_time():
    with pytest.raises(ValueError, match="no person-time"):
        rates(broken(months=0.0), "months", "relapse")


def test_a_class_without_events_is_named():
    with pytest.raises(ValueError, match=r"term 'arm\[T.b\]' holds no event.*neighbour"):
        piecewise_exponential(broken(relapse=[1, 1, 0, 0]), "arm", "months", "relapse")


def test_row_and_value_are_written_as_a_reader_would():
    table = pd.DataFrame({"t": [1.0, 2, -3], "e": [1, 0, 1]}, index=pd.Index([10, 20, 30]))
    with pytest.raises(ValueError, match="^column 't', row 30: must be at least 0, found -3.0 "):
        kaplan_meier(table, "t", "e")
