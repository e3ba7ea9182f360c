"""The board, the map of evidence and the causal diagram."""

import numpy as np
import pandas as pd
import pytest

from utils import claims, plots


def said(ax):
    return ax.figure.finding


def words(ax):
    return [text.get_text() for text in ax.texts]


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
    assert words(ax)[:2] == ["2", "0"]


def test_evidence_map_leaves_no_study_out():
    table = pd.DataFrame({"row": ["a", "b"], "column": ["x", "x"], "n": [2, 1]})
    with pytest.raises(ValueError, match="'b' and 'x'"):
        plots.evidence_map(table, "row", "column", "n", what="studies", rows=["a"])
    ax = plots.evidence_map(table, "row", "column", "n", what="studies")
    assert said(ax) == "3 studies over 2 pairs; every pair has some."


BOARD = pd.DataFrame(
    {
        "lesson": ["01", "02", "02", "03"],
        "claim": ["one", "two", "two", "three"],
        "says": [
            "Tumors come back.",
            "It wakes. (How often?)",
            "It wakes. (Why?)",
            "Do your best.",
        ],
        "type": ["frequency", "effect", "mechanism", "value"],
        "bar": ["threshold 5%", "smallest effect that matters 1.11", "threshold 1", ""],
        "value": ["16% (15% to 17%)", "0.98 (0.90 to 1.07)", "", ""],
        "conclusion": [claims.SUPPORTED, claims.AGAINST, "", claims.VALUE],
        "certainty": ["high", "low", "", ""],
        "scope": ["breast cancer", "", "", ""],
        "before": ["yes", "", "", ""],
    }
)


def test_board_sets_each_mark_under_its_conclusion_and_says_what_waits():
    ax = plots.verdict_board(BOARD)
    assert said(ax) == (
        "Of 4 statements: 1 supported; 1 evidence against; 1 a value; 1 in lessons to come. "
        "Certainty: 1 high, 1 low; the larger the mark, the more certain."
    )
    marks = [line for line in ax.get_lines() if line.get_marker() != "None"]
    assert [line.get_xdata()[0] for line in marks] == [
        claims.CONCLUSIONS.index(name) for name in BOARD["conclusion"] if name
    ]
    assert marks[0].get_markersize() > marks[1].get_markersize()
    heads = [label.get_text() for label in ax.get_xticklabels()]
    assert heads == list(claims.CONCLUSIONS)


def test_heads_of_the_course_s_board_do_not_lie_on_one_another():
    ax = plots.verdict_board(claims.board())
    ax.figure.draw_without_rendering()
    boxes = [label.get_window_extent() for label in ax.get_xticklabels()]
    assert all(one.x1 <= other.x0 for one, other in zip(boxes, boxes[1:], strict=False))


def test_board_prints_sentences_values_bars_and_beliefs():
    ax = plots.verdict_board(BOARD)
    sentences = [label.get_text() for label in ax.get_yticklabels()]
    assert sentences == [
        "01  Tumors come back.",
        "02  It wakes. (How often?)",
        "02  ... (Why?)",
        "03  Do your best.",
    ]
    beside = [" ".join(text.split()) for text in words(ax) if text != "lesson to come"]
    assert beside == [
        "supported, high certainty, in breast cancer "
        "frequency: 16% (15% to 17%); threshold 5% you, before: yes",
        "evidence against, low certainty effect: 0.98 (0.90 to 1.07); matters from 1.11",
        "mechanism: threshold 1",
        "a value",
    ]


def test_every_conclusion_has_a_mark_of_its_own():
    boards = BOARD.iloc[[0] * len(claims.CONCLUSIONS)].assign(conclusion=claims.CONCLUSIONS)
    lines = plots.verdict_board(boards).get_lines()
    marks = [line.get_marker() for line in lines if line.get_marker() != "None"]
    assert len(set(marks)) == len(claims.CONCLUSIONS)


@pytest.mark.parametrize(
    "change, named",
    [
        ({"n": [np.nan, 1]}, "'n', row 0"),
        ({"n": [-1, 1]}, "'n', row 0"),
        ({"n": ["2", "1"]}, "'n'"),
        ({"n": [1.5, 1]}, "'n', row 0"),
        ({"row": ["a", None]}, "'row', row 1"),
    ],
)
def test_evidence_map_counts_whole_studies(change, named):
    table = pd.DataFrame({"row": ["a", "b"], "column": ["x", "x"], "n": [2, 1]}).assign(**change)
    with pytest.raises(ValueError, match=f"column {named}"):
        plots.evidence_map(table, "row", "column", "n", what="studies")


def test_evidence_map_takes_labels_of_any_kind():
    table = pd.DataFrame({"row": ["a"], "column": ["x"], "n": [2]})
    rows = {"rows": pd.Index(["a", "b", "b"]), "columns": np.array(["x"])}
    ax = plots.evidence_map(table, "row", "column", "n", what="studies", **rows)
    assert said(ax) == "2 studies over 2 pairs; none for b and x."


def test_board_refuses_a_conclusion_it_does_not_know_and_takes_gaps():
    with pytest.raises(ValueError, match="'conclusion', row 0.*'so so'"):
        plots.verdict_board(BOARD.assign(conclusion=["so so", "", "", ""]))
    assert said(plots.verdict_board(BOARD.assign(value=None, certainty=np.nan)))


@pytest.mark.parametrize(
    "arrows, places, named",
    [
        ([], {"a": (0, 0)}, "arrows"),
        (["ab"], {"a": (0, 0), "b": (1, 1)}, "arrows"),
        ([("a", "b", "c")], {"a": (0, 0)}, "arrows"),
        ([("a", "c")], {"a": (0, 0)}, "'c' has no place"),
        ([("a", "b")], {"a": (0, 0), "b": (5, 1)}, "'b' stands at"),
        ([("a", "b")], {"a": (0, 0), "b": (np.nan, 1)}, "'b' stands at"),
    ],
)
def test_a_diagram_that_cannot_be_drawn_says_why(arrows, places, named):
    with pytest.raises(ValueError, match=named):
        plots.causal_diagram(arrows, places)


def test_diagram_reads_out_its_arrows():
    ax = plots.causal_diagram([("a", "b")], {"a": (0, 0), "b": (1, 1)})
    assert said(ax) == "Causal diagram with 1 arrows: a to b."
