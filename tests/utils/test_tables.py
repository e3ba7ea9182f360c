"""Words on the left, numbers on the right, nothing cut."""

import re

import pandas as pd
import pytest

from utils.tables import LEFT, html

TABLE = pd.DataFrame({"what": ["a long word " * 20, "b"], "n": [1, 2], "x": [0.5, None]})


def cells(text, tag):
    return re.findall(rf"<{tag}([^>]*)>([^<]*)</{tag}>", text)


def test_words_stand_left_and_numbers_as_they_were():
    body = html(TABLE).partition("<tbody>")[2]
    assert [style for style, _ in cells(body, "td")] == [f"{LEFT}", "", ""] * 2
    assert {style for style, _ in cells(body, "th")} == {LEFT}


def test_heads_stand_over_their_columns():
    head = html(TABLE).partition("<tbody>")[0]
    assert [(s, w) for s, w in cells(head, "th") if w] == [(LEFT, "what"), ("", "n"), ("", "x")]


def test_nothing_but_the_side_changes():
    assert re.sub(r' style="text-align:left"', "", html(TABLE)) == TABLE._repr_html_()


@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame(),
        pd.DataFrame({i: ["a"] for i in range(40)}),
        TABLE.set_index(["what", "n"]),
        TABLE.pivot_table(index="what", columns="n", values="x"),
    ],
)
def test_any_table_is_shown(table):
    assert html(table).replace(LEFT, "") == (table._repr_html_() or "")


def test_no_cell_ends_in_dots():
    assert "..." not in html(TABLE)


def test_tables_that_are_switched_off_stay_off():
    with pd.option_context("display.notebook_repr_html", False):
        assert html(TABLE) is None
