"""The board, the map of evidence and the causal diagram."""

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


def test_board_sets_each_mark_under_its_verdict_and_says_what_waits():
    board = pd.DataFrame(
        {
            "lesson": "01",
            "claim": ["one", "two", "three"],
            "part": ["", "why", ""],
            "verdict": [claims.SUPPORTED, claims.AGAINST, ""],
        }
    )
    ax = plots.verdict_board(board)
    assert said(ax) == ("Of 3 statements: 1 supported; 1 evidence against; 1 in lessons to come.")


def test_diagram_reads_out_its_arrows():
    ax = plots.causal_diagram([("a", "b")], {"a": (0, 0), "b": (1, 1)})
    assert said(ax) == "Causal diagram with 1 arrows: a to b."
