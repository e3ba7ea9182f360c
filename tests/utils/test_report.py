"""utils.report: the table a lesson shows."""

import numpy as np
import pandas as pd
import pytest

from utils import cumulative_incidence, median_survival, pool, ratio_table, report, two_by_two
from utils.report import estimate_of, interval, number

PEOPLE = pd.DataFrame({"t": [1, 2, 3, 4.0], "e": [1, 0, 1, 0], "sex": list("ffmm")})


@pytest.mark.parametrize(
    "value, digits, text",
    [
        (0.816, 2, "0.82"),
        (1234.5, 1, "1,234.5"),
        (0.0004, 2, "0.0004"),
        (0.00041, 1, "0.0004"),
        (-0.0068, 2, "-0.01"),
        (-0.0012, 2, "-0.0012"),
        (0.0, 2, "0.00"),
        (-0.0, 2, "0.00"),
        (0.5, 0, "0.5"),
        (3, 0, "3"),
        (np.nan, 2, "not known"),
        (np.inf, 2, "no upper end"),
    ],
)
def test_a_number_keeps_figures_where_decimals_would_be_all_zero(value, digits, text):
    assert number(value, digits) == text


def test_an_interval_that_is_not_known_is_left_out():
    assert interval(0.816, 0.701, 0.961) == "0.82 (0.70 to 0.96)"
    assert interval(0.816, np.nan, np.nan) == "0.82"
    assert interval(3.0, 1.0, np.nan, 0) == "3 (1 to not known)"


def test_report_finds_groups_people_and_estimate():
    shown = report(median_survival(PEOPLE, "t", "e", "sex"), digits=0)
    assert shown.columns.tolist()[:3] == ["sex", "n", "events"]
    assert shown.columns[-1].startswith("median")
    assert shown.iloc[0].tolist()[:3] == ["f", 2, 1]


def test_report_keeps_causes_and_times_apart():
    shown = report(cumulative_incidence(PEOPLE, "t", "e"))
    assert shown.columns.tolist()[:3] == ["cause", "time", "at risk"] and len(shown) == 4
    assert shown.iloc[0, -1].startswith("0.25 (")


def test_report_with_a_label_of_ones_own_and_a_unit():
    printed = pd.DataFrame(
        {"study": list("AB"), "hr": [0.7, 1.2], "lo": [0.5, 1], "hi": [0.9, 1.5]}
    )
    table = ratio_table(printed, "hr", "lo", "hi")
    assert report(table, "study").iloc[:, -1].tolist() == [
        "0.70 (0.50 to 0.90)",
        "1.20 (1.00 to 1.50)",
    ]
    table.attrs["unit"] = "per 100 years"
    assert "per 100 years" in report(table, "study").columns[-1]
    assert report(table, ["study", "hr"]).columns.tolist()[:2] == ["study", "hr"]
    assert report(pool(table, "log_estimate", "se"))["k"].tolist() == [2]
    assert report(two_by_two(9, 20, 5, 30))["measure"].tolist()[0] == "risk_ratio"


def test_report_shows_small_p_values_as_such():
    table = pd.DataFrame({"term": ["age"], "hazard_ratio": 1.2, "lower": 1.1, "upper": 1.3})
    assert report(table.assign(p=1e-9))["p"].tolist() == ["<0.001"]
    assert report(table.assign(p=0.0123))["p"].tolist() == ["0.012"]
    assert estimate_of(table) == "hazard_ratio"


@pytest.mark.parametrize(
    "table, options, message",
    [
        (pd.DataFrame({"x": [1]}), {}, "no column 'lower'"),
        (pd.DataFrame({"x": [1], "lower": 0, "upper": 2}), {}, "estimate.*the columns are"),
        (pd.DataFrame({"sir": [1], "lower": 0, "upper": 2}), {"label": "g"}, "no column 'g'"),
        (pd.DataFrame({"sir": [1], "lower": 0, "upper": 2}), {"digits": -1}, "digits is -1"),
        (pd.DataFrame({"sir": [1], "lower": 0, "upper": 2}), {"digits": np.nan}, "digits is nan"),
        (pd.DataFrame({"sir": [1], "lower": 0, "upper": 2}), {"digits": None}, "digits is None"),
        (pd.DataFrame({"sir": ["1"], "lower": 0, "upper": 2}), {}, "'sir'.*to_numeric"),
        (pd.DataFrame({"sir": [1], "lower": 0, "upper": 2, "p": ["<1"]}), {}, "'p'"),
    ],
)
def test_report_refuses(table, options, message):
    with pytest.raises(ValueError, match=message):
        report(table, **options)


def test_a_count_that_is_missing_somewhere_stays_a_count():
    table = pd.DataFrame(
        {"study": ["a", "b"], "events": [1398.0, None], "estimate": 1.0, "lower": 0.5, "upper": 2.0}
    )
    assert report(table, "study")["events"].tolist() == ["1398", "not known"]


def test_report_reads_columns_with_gaps_of_any_kind():
    table = pd.DataFrame(
        {"sir": [1.5, 2], "lower": [1, None], "upper": [2, np.inf], "p": [0.2, None]}
    )
    shown = report(table.convert_dtypes())
    assert shown.iloc[:, 0].tolist() == ["1.50 (1.00 to 2.00)", "2.00 (not known to no upper end)"]
    assert shown["p"].tolist() == ["0.200", "not known"]
