"""Figures of ideas: the verdict board, an evidence-gap map, a causal diagram."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from utils import claims
from utils.checks import require_columns
from utils.plots._figure import CARD, COLOURS, FAINT, GREY, INK, LINE, TINTS, axes, finish
from utils.plots.estimates import label_rows, row_height

_MARKS = {
    claims.SUPPORTED: ("o", 2),
    claims.IN_PART: ("P", 0),
    claims.COMPATIBLE: ("^", 0),
    claims.UNCLEAR: ("D", 4),
    claims.AGAINST: ("X", 1),
    claims.UNTESTED: ("s", 5),
    claims.VALUE: ("*", 3),
}


def verdict_board(board: pd.DataFrame) -> Axes:
    """All claims in the article's order, each with a mark under its verdict.

    Parameters
    ----------
    board : DataFrame
        The rows of `claims.board`.
    """
    columns = list(claims.VERDICTS)
    names = [
        f"{row['lesson']}  {row['claim']}{': ' + row['part'] if row['part'] else ''}"
        for _, row in board.iterrows()
    ]
    _, (ax,) = axes(row_height(names, 30) * len(board))
    left = label_rows(ax, names, 30)
    for y, verdict in enumerate(board["verdict"]):
        ax.axhline(y, color=FAINT, linewidth=1, zorder=0)
        if verdict:
            marker, colour = _MARKS[verdict]
            place = columns.index(verdict)
            ax.plot(place, y, marker=marker, color=COLOURS[colour], markersize=10)
        else:
            middle = len(columns) / 2 - 0.5
            ax.text(middle, y, "lesson to come", ha="center", va="center", backgroundcolor=CARD)
    ax.set(xticks=range(len(columns)), xlim=(-0.5, len(columns) - 0.5))
    ax.set_xticklabels([fill(name, 16) for name in columns], rotation=90)
    ax.tick_params(length=0)
    ax.xaxis.tick_top()
    counts = board["verdict"].value_counts()
    parts = [f"{counts[name]} {name}" for name in columns if name in counts]
    waiting = int((board["verdict"] == "").sum())
    parts += [f"{waiting} in lessons to come"] if waiting else []
    finding = f"Of {len(board)} statements: {'; '.join(parts)}."
    return finish(ax, finding, left=left, top=1.3, bottom=0.1)


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
    """Evidence-gap map: how many studies there are for each pair, and which cells are empty.

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
    """
    require_columns(table, [row, column, count])
    rows = list(rows or dict.fromkeys(table[row]))
    columns = list(columns or dict.fromkeys(table[column]))
    cells = table.groupby([row, column], observed=True)[count].sum().to_dict()
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
    wrapped = [fill(str(c), 13) for c in columns]
    ax.set(xticks=range(len(columns)), xticklabels=wrapped, xlim=(-0.5, len(columns) - 0.5))
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    empty = [
        f"{name} and {other}" for name in rows for other in columns if not cells.get((name, other))
    ]
    said = f"none for {'; '.join(empty)}" if len(empty) <= 6 else f"{len(empty)} pairs have none"
    pairs = f"{sum(cells.values())} {what} over {len(rows) * len(columns)} pairs"
    finding = f"{pairs}; {said if empty else 'every pair has some'}."
    top = 0.1 + LINE * max(len(name.splitlines()) for name in wrapped)
    return finish(ax, finding, left=left, top=top, bottom=0.1)


def causal_diagram(
    arrows: Sequence[tuple[str, str]], places: dict[str, tuple[float, float]]
) -> Axes:
    """Causal diagram: an arrow says that one thing may change the other.

    Parameters
    ----------
    arrows : list of (from, to)
    places : dict
        Where each name stands, x and y between 0 and 1.
    """
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
