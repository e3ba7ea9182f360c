"""Figures of ideas: the verdict board, an evidence-gap map, a causal diagram."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill

import pandas as pd
from matplotlib.axes import Axes

from utils import claims
from utils.checks import require_columns
from utils.plots._figure import COLOURS, WIDTH, axes, finish

_MARKS = {
    claims.SUPPORTED: ("o", 2),
    claims.TOO_SMALL: ("P", 0),
    claims.COMPATIBLE: ("^", 9),
    claims.CONFLICTING: ("D", 1),
    claims.IMPRECISE: ("d", 5),
    claims.AGAINST: ("X", 3),
    claims.NO_LINE: ("s", 7),
    claims.VALUE: ("*", 4),
}


def verdict_board(board: pd.DataFrame) -> Axes:
    """All claims in the article's order, each with a mark under its verdict.

    Parameters
    ----------
    board : DataFrame
        The rows of `claims.board`.
    """
    columns = list(claims.CONCLUSIONS)
    figure, (ax,) = axes(1.9 + 0.27 * len(board))
    figure.set_figwidth(WIDTH + 0.8)
    for y, (_, row) in enumerate(board.iterrows()):
        ax.axhline(y, color="0.92", linewidth=1, zorder=0)
        if row["conclusion"]:
            marker, colour = _MARKS[row["conclusion"]]
            ax.plot(
                columns.index(row["conclusion"]),
                y,
                marker=marker,
                color=COLOURS[colour],
                markersize=10,
            )
        else:
            ax.text(
                len(columns) / 2 - 0.5,
                y,
                "lesson to come",
                ha="center",
                va="center",
                fontsize=8,
                color="0.4",
                backgroundcolor="white",
            )
    names = [
        f"{row['lesson']}  {row['claim']}{': ' + row['part'] if row['part'] else ''}"
        for _, row in board.iterrows()
    ]
    ax.set(
        yticks=range(len(board)),
        yticklabels=names,
        ylim=(len(board) - 0.5, -0.5),
        xticks=range(len(columns)),
        xticklabels=[fill(name, 12) for name in columns],
        xlim=(-0.5, len(columns) - 0.5),
    )
    ax.tick_params(axis="both", length=0, labelsize=8.5)
    ax.xaxis.tick_top()
    counts = board["conclusion"].value_counts()
    parts = [f"{counts[name]} {name}" for name in columns if name in counts]
    waiting = int((board["conclusion"] == "").sum())
    parts += [f"{waiting} in lessons to come"] if waiting else []
    return finish(figure, ax, f"Of {len(board)} statements: {'; '.join(parts)}.")


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
    figure, (ax,) = axes(1.6 + 0.55 * len(rows))
    for y, name in enumerate(rows):
        for x, other in enumerate(columns):
            number = int(cells.get((name, other), 0))
            ax.scatter(
                x,
                y,
                s=60 + 45 * number,
                marker="o" if number else "s",
                color=COLOURS[0] if number else "white",
                edgecolor=COLOURS[0] if number else "0.6",
                alpha=0.85,
            )
            ax.text(x + 0.16, y, f"{number}" if number else "none", va="center", fontsize=9)
    ax.set(
        xticks=range(len(columns)),
        xticklabels=[fill(str(c), 16) for c in columns],
        yticks=range(len(rows)),
        yticklabels=[fill(str(r), 24) for r in rows],
        xlim=(-0.5, len(columns) - 0.3),
        ylim=(len(rows) - 0.5, -0.5),
    )
    ax.xaxis.tick_top()
    ax.tick_params(length=0, labelsize=9)
    empty = [
        f"{name} and {other}" for name in rows for other in columns if not cells.get((name, other))
    ]
    said = f"none for {'; '.join(empty)}" if len(empty) <= 6 else f"{len(empty)} pairs have none"
    return finish(
        figure,
        ax,
        f"{sum(cells.values())} {what} over {len(rows) * len(columns)} "
        f"pairs; {said if empty else 'every pair has some'}.",
    )


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
    figure, (ax,) = axes(3.4)
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
                "color": "0.3",
                "patchA": boxes[start],
                "patchB": boxes[end],
                "shrinkA": 2,
                "shrinkB": 2,
            },
        )
    ax.set(xlim=(-0.1, 1.1), ylim=(-0.15, 1.15))
    ax.axis("off")
    parts = [f"{start} to {end}" for start, end in arrows]
    return finish(figure, ax, f"Causal diagram with {len(arrows)} arrows: {'; '.join(parts)}.")
