"""Every function of utils.survival gives the same numbers whatever the type of its columns."""

import pandas as pd
import pytest

from utils import (
    baseline_hazard,
    brier,
    concordance,
    cox,
    cumulative_incidence,
    kaplan_meier,
    mean_cumulative_count,
    piecewise_exponential,
    rates,
    split_follow_up,
)

LATE = pd.DataFrame(
    {
        "a": [0, 0, 2, 0, 1, 3, 0, 0],
        "t": [2, 3, 4, 5, 6, 6, 1, 6],
        "e": [1, 1, 1, 0, 1, 1, 0, 0],
        "x": [1, 0, 1, 0, 1, 0, 0, 1],
        "id": range(8),
    }
)
ALL = {
    "kaplan_meier": lambda d: kaplan_meier(d, "t", "e", entry="a"),
    "cox": lambda d: cox(d, "t", "e", "x", entry="a"),
    "cox, cluster": lambda d: cox(d, "t", "e", "x", entry="a", cluster="id"),
    "baseline_hazard": lambda d: baseline_hazard(d, "t", "e", "x", entry="a"),
    "concordance": lambda d: concordance(d, "t", "e", "x"),
    "cumulative_incidence": lambda d: cumulative_incidence(d, "t", "e"),
    "rates": lambda d: rates(d, "t", "e"),
    "split_follow_up": lambda d: split_follow_up(d, "t", "e", [2, 4], entry="a")[
        ["start", "stop", "person_time"]
    ],
    "mean_cumulative_count": lambda d: mean_cumulative_count(d, "t", "e", "id", "a"),
    "piecewise_exponential": lambda d: piecewise_exponential(d, "t", "e", "x"),
    "brier": lambda d: brier(d, "t", "e", "x", 4),
}


@pytest.mark.parametrize(
    "types",
    [
        {"a": "uint8", "t": "uint8", "e": "bool", "x": "uint8"},
        {"a": "Int64", "t": "Int64", "e": "boolean", "x": "Int64"},
        {"a": "float32", "t": "float32", "e": "Float64", "x": "bool"},
        {"a": object, "t": object, "e": object, "x": object},
    ],
    ids=["small", "nullable", "mixed", "objects"],
)
@pytest.mark.parametrize("name", ALL)
def test_the_type_of_a_column_changes_no_number(name, types):
    pd.testing.assert_frame_equal(
        ALL[name](LATE.astype(types)).select_dtypes("number"),
        ALL[name](LATE).select_dtypes("number"),
        check_dtype=False,
        rtol=1e-12,
    )
