"""Figures of ideas: the verdict board, an evidence-gap map, a causal diagram."""

from __future__ import annotations

from collections.abc import Sequence
from os.path import commonprefix
from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from utils import claims
from utils.checks import complain, require_columns, require_groups, require_numbers
from utils.plots._figure import (
    COLOURS,
    FAINT,
    GREY,
    INK,
    LINE,
    PAD,
    TINTS,
    WIDTH,
    axes,
    class_names,
    finish,
    picture,
    width,
)
from utils.plots.estimates import label_rows, row_height
from utils.survival._common import grouped

_MARKS = {
    claims.SUPPORTED: ("o", 2),
    claims.TOO_SMALL: ("P", 2),
    claims.COMPATIBLE: ("^", 0),
    claims.CONFLICTING: ("D", 4),
    claims.IMPRECISE: ("d", 4),
    claims.AGAINST: ("X", 1),
    claims.NO_LINE: ("s", 5),
    claims.VALUE: ("*", 3),
}
_SIZES = dict(zip(claims.CERTAINTIES, (13, 11, 9, 7)))


@picture
def verdict_board(board: pd.DataFrame) -> Axes:
    """Draw all claims in the article's order: sentence, conclusion, certainty, value.

    Parameters
    ----------
    board : DataFrame
        The rows of `claims.board`.

    Returns
    -------
    Axes
        A row per claim and part, its mark under its conclusion, the larger the more certain;
        `.figure.finding` counts them.
    """
    columns = list(claims.CONCLUSIONS)
    words = ["lesson", "claim", "says", "type", "bar", "value", "conclusion", "certainty", "scope"]
    require_columns(board, words)
    board = board.assign(**{word: board[word].astype(object).fillna("") for word in words})
    unknown = ~board["conclusion"].isin(["", *columns]).to_numpy()
    complain("conclusion", unknown, board["conclusion"], f"one of {columns}", "claims.board()")
    sentences = [fill(text, 31) for text in _sentences(board)]
    beside = [_beside(row) for _, row in board.iterrows()]
    heights = [0.14 + LINE * max(x.count("\n") + 1 for x in row) for row in zip(sentences, beside)]
    places = np.cumsum(heights) - np.array(heights) / 2
    _, (ax,) = axes(sum(heights))
    left, right = width(sentences) + 0.1, width(beside) + 0.15
    ax.set(ylim=(sum(heights), 0), yticks=places)
    ax.set_yticklabels(sentences, ha="left")
    inside = WIDTH - 2 * PAD - left - right
    across = [-left / inside, 1 + right / inside]
    for line in np.cumsum(heights)[:-1]:
        look: dict[str, Any] = {"transform": ax.get_yaxis_transform(), "clip_on": False}
        ax.plot(across, [line, line], color=FAINT, linewidth=0.8, zorder=0, **look)
    for y, text, (_, row) in zip(places, beside, board.iterrows()):
        if row["conclusion"]:
            marker, colour = _MARKS[row["conclusion"]]
            size = _SIZES.get(row["certainty"], 9)
            place = columns.index(row["conclusion"])
            ax.plot(place, y, marker=marker, color=COLOURS[colour], markersize=size)
        else:
            middle = len(columns) / 2 - 0.5
            ax.text(middle, y, "lesson to come", ha="center", va="center", color=GREY)
        ax.text(1.03, y, text, transform=ax.get_yaxis_transform(), va="center")
    ax.set(xticks=range(len(columns)), xlim=(-0.5, len(columns) - 0.5))
    ax.set_xticklabels(columns, rotation=90)
    ax.tick_params(length=0)
    ax.tick_params(axis="y", pad=72 * left)
    ax.xaxis.tick_top()
    counts = board["conclusion"].value_counts()
    parts = [f"{counts[name]} {name}" for name in columns if name in counts]
    waiting = int((board["conclusion"] == "").sum())
    parts += [f"{waiting} in lessons to come"] if waiting else []
    sure = board["certainty"].value_counts()
    levels = [f"{sure[name]} {name}" for name in claims.CERTAINTIES if name in sure]
    finding = f"Of {len(board)} statements: {'; '.join(parts)}."
    if levels:
        finding += f" Certainty: {', '.join(levels)}; the larger the mark, the more certain."
    top = width(columns) + 0.1
    return finish(ax, finding, left=left, right=right, top=top, bottom=0.1)


def _sentences(board: pd.DataFrame) -> list[str]:
    """Each row's sentence after its lesson; of a second part the part alone, after dots."""
    told: dict[str, str] = {}
    shown = []
    for _, row in board.iterrows():
        before = told.setdefault(row["claim"], row["says"])
        same = commonprefix([before, row["says"]]) if before != row["says"] else ""
        says = f"... {row['says'][same.rfind('(') :]}" if same else row["says"]
        shown.append(f"{row['lesson']}  {says}")
    return shown


def _beside(row: pd.Series) -> str:
    """Conclusion, where it holds, value against its bar, what the reader believed before."""
    value = row["value"].replace("95% interval ", "").replace("percentage points", "points")
    bar = row["bar"].replace("smallest effect that matters", "matters from")
    against = "; ".join(filter(None, [value, bar.replace("percentage points", "points")]))
    sure = f", {row['certainty']} certainty" if row["certainty"] else ""
    scope = f", in {row['scope']}" if row["scope"] and sure else ""
    parts = [
        f"{row['conclusion']}{sure}{scope}",
        f"{row['type']}: {against}" if bar else "",
        f"you, before: {row['before']}" if row.get("before") else "",
    ]
    return "\n".join(fill(part, 27) for part in parts if part)


@picture
def evidence_map(
    table: pd.DataFrame,
    row: str,
    column: str,
    count: str,
    *,
    what: str,
    rows: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
) -> Axes:
    """Draw an evidence-gap map: how many studies each pair has, and which have none.

    Parameters
    ----------
    table : DataFrame
        A row per pair that has studies; pairs left out count as 0.
    row, column : str
        Columns that name the two sides, for example exposure and outcome.
    count : str
        Column with the number of studies.
    what : str
        What is counted, for example "studies".
    rows, columns : list of str, optional
        Labels in order, so that empty ones show as well.

    Returns
    -------
    Axes
        The map; `.figure.finding` names the pairs that have none.

    Raises
    ------
    ValueError
        A pair of the table has no place among `rows` and `columns`.
    """
    require_groups(table, [row, column])
    numbers = require_numbers(table, count)
    complain(count, numbers % 1 != 0, table[count], "a number of studies is whole", "mend the row")
    table = table.assign(**{count: numbers.astype(int)})
    rows = list(dict.fromkeys(table[row] if rows is None else rows))
    columns = list(dict.fromkeys(table[column] if columns is None else columns))
    cells = grouped(table, [row, column])[count].sum().to_dict()
    for name, other in cells:
        if name not in rows or other not in columns:
            raise ValueError(
                f"{name!r} and {other!r} have {what} but no place: rows are {rows}, columns "
                f"{columns}. Remedy: name them there or leave out rows= and columns="
            )
    height = max(0.5, row_height(rows, 22))
    _, (ax,) = axes(height * len(rows))
    left = label_rows(ax, rows, 22)
    most = max(1, *cells.values())
    for y, name in enumerate(rows):
        for x, other in enumerate(columns):
            number = int(cells.get((name, other), 0))
            look: dict[str, Any] = {"color": TINTS[0], "edgecolor": COLOURS[0]}
            empty_look: dict[str, Any] = {"color": "none", "edgecolor": GREY, "linestyle": ":"}
            size = 170 + 480 * number / most if number else 170
            ax.scatter(
                x, y, s=size, marker="o" if number else "s", **(look if number else empty_look)
            )
            ax.text(x, y, f"{number}", ha="center", va="center_baseline")
    top = 0.1 + class_names(ax, [str(name) for name in columns], 13)
    ax.set_xlim(-0.5, len(columns) - 0.5)
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    empty = [
        f"{name} and {other}" for name in rows for other in columns if not cells.get((name, other))
    ]
    said = f"none for {'; '.join(empty)}" if len(empty) <= 6 else f"{len(empty)} pairs have none"
    pairs = f"{sum(cells.values())} {what} over {len(rows) * len(columns)} pairs"
    finding = f"{pairs}; {said if empty else 'every pair has some'}."
    return finish(ax, finding, left=left, top=top, bottom=0.1)


@picture
def causal_diagram(
    arrows: Sequence[tuple[str, str]], places: dict[str, tuple[float, float]]
) -> Axes:
    """Draw a causal diagram: an arrow says that one thing may change the other.

    Parameters
    ----------
    arrows : list of (str, str)
        From and to.
    places : dict
        Where each name stands, x and y between 0 and 1.

    Returns
    -------
    Axes
        The diagram; `.figure.finding` reads out the arrows.

    Raises
    ------
    ValueError
        An arrow from or to a name without a place.
    """
    wrong = [ends for ends in arrows if isinstance(ends, str) or len(ends) != 2]
    if wrong or not arrows:
        raise ValueError(f"arrows {wrong}: each is a pair, from and to: [('smoking', 'cancer')]")
    lost = [name for ends in arrows for name in ends if name not in places]
    if lost:
        raise ValueError(
            f"{lost[0]!r} has no place. Remedy: places={ {**places, lost[0]: (0, 1)} }"
        )
    for name, place in places.items():
        if not all(-0.1 <= x <= 1.1 for x in place):
            raise ValueError(f"{name!r} stands at {place}: x and y lie between 0 and 1")
    _, (ax,) = axes(3.4)
    boxes = {
        name: ax.text(
            x,
            y,
            fill(name, 18),
            ha="center",
            va="center",
            fontsize=10,
            bbox={"boxstyle": "round,pad=0.5", "facecolor": "white", "edgecolor": COLOURS[0]},
        ).get_bbox_patch()
        for name, (x, y) in places.items()
    }
    for start, end in arrows:
        ax.annotate(
            "",
            xy=places[end],
            xytext=places[start],
            arrowprops={
                "arrowstyle": "-|>",
                "color": INK,
                "patchA": boxes[start],
                "patchB": boxes[end],
                "shrinkA": 2,
                "shrinkB": 2,
            },
        )
    ax.set(xlim=(-0.1, 1.1), ylim=(-0.15, 1.15))
    ax.axis("off")
    parts = [f"{start} to {end}" for start, end in arrows]
    finding = f"Causal diagram with {len(arrows)} arrows: {'; '.join(parts)}."
    return finish(ax, finding, left=0.1, bottom=0.05)
