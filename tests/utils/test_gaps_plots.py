"""Figures: what stands in them is what the data say, also where no lesson draws it."""

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from utils import claims, plots

SIX = pd.DataFrame(
    {"t": [1, 2, 3, 4, 5, 6], "e": [0, 1, 1, 0, 1, 0], "g": ["a", "b", "a", "b", "a", "b"]}
)
THREE = pd.DataFrame(
    {
        "label": list("abcd"),
        "ratio": [1.5, 2, 0.5, 1],
        "lower": [1.0, 1.2, 0.2, 0.5],
        "upper": [2.0, 3.0, 0.9, 1.5],
    }
)


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def said(ax):
    return ax.figure.finding


def words(ax):
    return [text.get_text() for text in ax.texts]


def test_an_interval_that_ends_on_no_difference_is_not_clear_of_it():
    ax = plots.forest(THREE, "label", "ratio", measure="ratio")
    assert said(ax) == (
        "Ratio: 4 estimates from 0.50 to 2.00, 2 with an interval clear of 1. "
        "Bars are 95% intervals."
    )
    assert [t.get_text() for t in ax.get_yticklabels()] == list("abcd") and ax.yaxis_inverted()
    assert words(ax)[0] == "1.50 (1.00 to 2.00)"


def test_forest_reads_out_few_studies_the_pool_and_the_prediction():
    rows = THREE.iloc[[1, 2, 3]].assign(kind=["study", "pooled", "prediction"])
    assert said(plots.forest(rows, "label", "ratio", measure="ratio", kind="kind")) == (
        "Ratio: b 2.00 (1.20 to 3.00); c 0.50 (0.20 to 0.90); d 0.50 to 1.50. "
        "Bars are 95% intervals."
    )


def test_curves_count_who_is_at_risk_and_name_each_group_in_its_colour():
    ax = plots.kaplan_meier(
        SIX, "t", "e", by="g", outcome="relapse", unit="years", read_at=3, ticks=[0, 3, 6]
    )
    assert said(ax) == (
        "Share free of relapse at 3 years: a 50% (1% to 91%); b 67% (5% to 95%). "
        "Bands are 95% intervals."
    )
    below = ax.figure.axes[1]
    assert words(below) == ["number at risk", "3", "2", "0", "3", "2", "1"]
    lines = [line for line in ax.get_lines() if line.get_linestyle() != "None"]
    colours = [line.get_color() for line in lines]
    assert len(set(colours)) == 2 and [t.get_color() for t in ax.texts] == colours
    assert words(ax) == ["a", "b"]
    assert lines[0].get_xydata()[0].tolist() == [0, 1] and ax.get_ylim() == (0, 1.02)


def test_rates_start_at_zero_and_their_bars_are_their_intervals():
    table = pd.DataFrame(
        {"period": ["0-2", "2+"], "rate": [4.0, 2.0], "lower": [3.0, 2.0], "upper": [6.0, 2.0]}
    )
    ax = plots.rates(table, "period", outcome="relapses", per="per 100 years")
    assert said(ax) == (
        "Relapses per 100 years: from 4 (3 to 6) in 0-2 to 2 in 2+. Bars are 95% intervals."
    )
    assert ax.get_ylim()[0] == 0
    (bars,) = ax.collections
    assert [segment[:, 1].tolist() for segment in bars.get_segments()] == [[3, 6], [2, 2]]


def test_calibration_counts_groups_on_the_edge_as_inside():
    table = pd.DataFrame(
        {
            "said": [0.2, 0.5, 0.9],
            "seen": [0.3, 0.6, 0.8],
            "lower": [0.2, 0.55, 0.7],
            "upper": [0.4, 0.7, 0.9],
        }
    )
    ax = plots.calibration(table, "said", "seen", outcome="free")
    assert said(ax).endswith("inside the 95% interval in 2 of 3.")
    assert "predicted 20%, observed 30% (20% to 40%) in the lowest" in said(ax)


@pytest.mark.parametrize(
    "names, expected",
    [
        ("a", "2 studies over 2 pairs; none for a and y."),
        ("abcdefgh", "2 studies over 16 pairs; 15 pairs have none."),
    ],
)
def test_evidence_map_says_what_is_empty(names, expected):
    table = pd.DataFrame({"row": ["a"], "column": ["x"], "n": [2]})
    ax = plots.evidence_map(
        table, "row", "column", "n", what="studies", rows=list(names), columns=["x", "y"]
    )
    assert said(ax) == expected
    assert words(ax)[:2] == ["2", "none"]


def test_board_sets_each_mark_under_its_verdict_and_says_what_waits():
    board = pd.DataFrame(
        {
            "lesson": "01",
            "claim": ["one", "two", "three"],
            "part": ["", "why", ""],
            "conclusion": [claims.SUPPORTED, claims.AGAINST, ""],
        }
    )
    ax = plots.verdict_board(board)
    assert said(ax) == ("Of 3 statements: 1 supported; 1 evidence against; 1 in lessons to come.")
    marks = [
        line.get_xydata()[0].tolist() for line in ax.get_lines() if line.get_marker() != "None"
    ]
    assert marks == [
        [claims.CONCLUSIONS.index(claims.SUPPORTED), 0],
        [claims.CONCLUSIONS.index(claims.AGAINST), 1],
    ]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["01  one", "01  two: why", "01  three"]


def test_every_verdict_has_a_mark_and_a_colour_of_its_own():
    from utils.plots.boards import _MARKS

    assert set(_MARKS) == set(claims.CONCLUSIONS)
    shapes, colours = zip(*_MARKS.values())
    assert len(set(shapes)) == len(set(colours)) == len(_MARKS)


def test_diagram_reads_out_its_arrows():
    ax = plots.causal_diagram([("a", "b")], {"a": (0, 0), "b": (1, 1)})
    assert said(ax) == "Causal diagram with 1 arrows: a to b."
