"""Bad input gets an error that names the column, the row and the remedy.

That every remedy works is tested in test_remedies.py.
"""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from utils import (
    conditional_survival,
    cumulative_incidence,
    incidence_at,
    kaplan_meier,
    logrank,
    median_follow_up,
    median_survival,
    rates,
    restricted_mean,
    survival_at,
)
from utils.checks import (
    as_list,
    refuse_numbers_as_text,
    require_event,
    require_follow_up,
    require_numbers,
)

GOOD = pd.DataFrame(
    {
        "months": [3.0, 5, 8, 13],
        "relapse": [1, 0, 1, 1],
        "arm": ["a", "a", "b", "b"],
    },
    index=["p1", "p2", "p3", "p4"],
)
ONE_CAUSE = {
    "kaplan_meier": lambda d: kaplan_meier(d, "months", "relapse", "arm"),
    "survival_at": lambda d: survival_at(d, "months", "relapse", 2, "arm"),
    "median_survival": lambda d: median_survival(d, "months", "relapse", "arm"),
    "median_follow_up": lambda d: median_follow_up(d, "months", "relapse", "arm"),
    "restricted_mean": lambda d: restricted_mean(d, "months", "relapse", 2, "arm"),
    "conditional_survival": lambda d: conditional_survival(d, "months", "relapse", 1, 1, "arm"),
    "logrank": lambda d: logrank(d, "months", "relapse", "arm"),
    "rates": lambda d: rates(d, "months", "relapse", "arm"),
}
SEVERAL = {
    "cumulative_incidence": lambda d: cumulative_incidence(d, "months", "relapse", "arm"),
    "incidence_at": lambda d: incidence_at(d, "months", "relapse", 2, "arm"),
}
EVERY = ONE_CAUSE | SEVERAL
BAD = {
    "missing time": ({"months": [3, None, 8, 13]}, "column 'months', row 'p2'.*missing"),
    "missing nullable time": (
        {"months": pd.array([3, 5, None, 13], "Int64")},
        "column 'months', row 'p3'.*missing",
    ),
    "negative time": ({"months": [3, -1.0, 8, 13]}, "column 'months', row 'p2'.*found -1.0"),
    "infinite time": ({"months": [3, np.inf, 8, 13]}, "column 'months', row 'p2'.*finite"),
    "time as text": ({"months": ["3", "5", "8", "13"]}, "column 'months'.*to_numeric"),
    "a word among times": ({"months": ["3", "5", "?", "13"]}, "column 'months', row 'p3'.*'\\?'"),
    "a comma": ({"months": ["3", "5,5", "8", "13"]}, "column 'months', row 'p2'.*'5,5'"),
    "only words": ({"months": list("abcd")}, "column 'months' holds .*'a'"),
    "dates": ({"months": pd.to_datetime(["2020-01-01"] * 4)}, "column 'months' holds dates"),
    "missing event": ({"relapse": [1, 0, np.nan, 1]}, "column 'relapse', row 'p3'.*missing"),
    "missing boolean event": (
        {"relapse": pd.array([True, None, False, True], "boolean")},
        "column 'relapse', row 'p2'.*missing",
    ),
    "missing true or false": (
        {"relapse": pd.Series([True, False, True, None], GOOD.index, dtype=object)},
        "column 'relapse', row 'p4'.*missing",
    ),
    "nothing filled in": ({"relapse": None}, "column 'relapse', row 'p1'.*missing.*4 such"),
    "complex": ({"months": [1j, 2, 3, 4]}, "column 'months' holds complex"),
    "half an event": ({"relapse": [1, 0.5, 1, 1]}, "column 'relapse', row 'p2'.*found 0.5"),
    "an event below 0": ({"relapse": [1, -1, 1, 1]}, "column 'relapse', row 'p2'.*found -1"),
    "event as words": (
        {"relapse": ["yes", "no", "yes", "yes"]},
        "column 'relapse' holds words.*'yes'.*Remedy",
    ),
    "missing group": ({"arm": ["a", "a", "b", None]}, "column 'arm', row 'p4'.*missing"),
}


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("name", EVERY)
def test_every_function_names_column_and_row(name, bad):
    EVERY[name](GOOD)
    columns, message = BAD[bad]
    with pytest.raises(ValueError, match=message):
        EVERY[name](GOOD.assign(**columns))


@pytest.mark.parametrize("name", ONE_CAUSE)
def test_event_coded_one_two_names_row_and_recoding(name):
    with pytest.raises(ValueError, match=r"column 'relapse', row 'p1'.*== 2\)\.astype\(int\)"):
        ONE_CAUSE[name](GOOD.assign(relapse=[2, 1, 2, 2]))


@pytest.mark.parametrize("name", EVERY)
def test_a_column_that_is_absent_or_there_twice(name):
    with pytest.raises(ValueError, match="no column 'months': did you mean 'month'"):
        EVERY[name](GOOD.rename(columns={"months": "month"}))
    with pytest.raises(ValueError, match="column 'arm' is there 2 times"):
        EVERY[name](pd.concat([GOOD, GOOD[["arm"]]], axis=1))


@pytest.mark.parametrize("name", EVERY)
def test_no_rows_or_no_table(name):
    with pytest.raises(ValueError, match="no rows"):
        EVERY[name](GOOD.iloc[:0])
    with pytest.raises(ValueError, match="DataFrame, not dict"):
        EVERY[name](GOOD.to_dict())


@pytest.mark.parametrize("name", ["logrank", "cumulative_incidence", "incidence_at"])
def test_nothing_to_estimate_without_events(name):
    with pytest.raises(ValueError, match="column 'relapse': no events in 4 rows"):
        EVERY[name](GOOD.assign(relapse=0))


def test_one_group_cannot_be_compared():
    with pytest.raises(ValueError, match="column 'arm' holds one group only"):
        logrank(GOOD.assign(arm="a"), "months", "relapse", "arm")


def test_entry_after_exit():
    with pytest.raises(ValueError, match="column 'start', row 'p2'.*before 'months'"):
        kaplan_meier(GOOD.assign(start=[0, 6.0, 0, 0]), "months", "relapse", entry="start")


@pytest.mark.parametrize(
    "index, row", [([10, 20, 30, 40], "row 30:"), ([7] * 4, "row 7 at position 2")]
)
def test_a_row_is_named_by_its_label_and_by_its_position_where_labels_repeat(index, row):
    with pytest.raises(ValueError, match=f"column 'months', {row}"):
        kaplan_meier(GOOD.assign(months=[1, 2, -3, 4]).set_axis(index), "months", "relapse")


@pytest.mark.parametrize(
    "values",
    [
        pd.array([1, 0, 1, 1], "Int8"),
        pd.array([True, False, True, True], "boolean"),
        np.array([True, False, True, True]),
        np.array([1, 0, 1, 1], dtype=np.uint8),
        [1.0, 0.0, 1.0, 1.0],
        pd.Series([True, False, True, True], GOOD.index, dtype=object),
        [Decimal("1"), Decimal("0"), Decimal("1"), Decimal("1")],
        pd.Series([True, 0, 1.0, np.True_], GOOD.index, dtype=object),
    ],
    ids=["Int8", "boolean", "bool", "uint8", "float", "object", "decimal", "mixed"],
)
def test_an_event_of_any_type_is_a_whole_number(values):
    codes = require_event(GOOD.assign(relapse=values), "relapse")
    assert codes.dtype == "int64" and codes.tolist() == [1, 0, 1, 1]
    floats = require_numbers(GOOD.assign(months=values), "months")
    assert floats.dtype == float and floats.tolist() == [1, 0, 1, 1]


@pytest.mark.parametrize(
    "given, expected",
    [(None, []), ("ab", ["ab"]), (3, [3]), (["a", "b", "a"], ["a", "b"]), (("a",), ["a"])],
)
def test_one_name_or_several(given, expected):
    assert as_list(given) == expected


@pytest.mark.parametrize(
    "given, kind",
    [([["a"]], "list"), (iter("ab"), "iterator"), ([{"a": 1}], "dict"), (pd.Series([1]), "Series")],
)
def test_what_cannot_be_a_name_is_refused(given, kind):
    with pytest.raises(ValueError, match=f"{kind}.* name"):
        as_list(given)


@pytest.mark.parametrize("names", [("months", "months", None), ("months", "relapse", "months")])
def test_a_column_cannot_be_two_things(names):
    time, event, entry = names
    with pytest.raises(ValueError, match="'months' is named twice"):
        require_follow_up(GOOD, time, event, entry=entry)


@pytest.mark.parametrize("name", ["MONTHS", "Months ", "month"])
def test_the_nearest_name_is_found_in_any_case(name):
    with pytest.raises(ValueError, match="no column '.*': did you mean 'months'"):
        require_numbers(GOOD, name)


@pytest.mark.parametrize("name", EVERY)
def test_an_index_may_be_called_as_a_column_is(name):
    plain = EVERY[name](GOOD)
    for columns in ("arm", ["arm", "months"]):
        pd.testing.assert_frame_equal(EVERY[name](GOOD.set_index(columns, drop=False)), plain)


def test_a_tuple_names_a_group():
    table = kaplan_meier(GOOD.assign(arm=[(1, 2)] * 2 + [(3, 4)] * 2), "months", "relapse", "arm")
    assert table["arm"].tolist() == [(1, 2)] * 2 + [(3, 4)] * 2


@pytest.mark.parametrize(
    "values, row",
    [(["50", "61", "?", "70"], "row 2.*'\\?'"), (["50", "61,5", "7", "8"], "row 1.*'61,5'")],
)
def test_numbers_as_text_are_no_category(values, row):
    with pytest.raises(ValueError, match=f"column 'age', {row}.*Remedy"):
        refuse_numbers_as_text(pd.DataFrame({"age": values}), "age")
    refuse_numbers_as_text(pd.DataFrame({"age": ["old", "young", "3", "old"]}), "age")
    refuse_numbers_as_text(pd.DataFrame({"age": [1, 2]}), "age")
