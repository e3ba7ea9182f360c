"""What every figure shares: its size, its look, and the sentence that states its finding."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from textwrap import fill
from typing import Any, cast

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.backend_bases import FigureManagerBase
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import FancyBboxPatch
from matplotlib.textpath import text_to_path

from utils.checks import as_list, require_groups

# No single text colour reaches a contrast of 4.5 on white and on a page of #111 (the best reaches
# 4.35), so a figure brings its own ground: a card, pale on white and not glaring on black. Every
# colour below reaches 4.5 on it.
CARD = "#f4f2ec"
INK, GREY, FAINT = "#1f1f1f", "#595959", "#d3d0c8"
COLOURS = ("#0063a8", "#b04a00", "#00735a", "#8c3d8a", "#6b5600", "#4d4d4d")
TINTS = ("#b9d3e6", "#eccdb4", "#b5d9cf", "#e0c6df", "#ded5af", "#cfcfcf")
HATCHES = ("", "///", "...", "xxx", "---", "\\\\\\")
LINES: tuple = ("-", "--", "-.", ":", (0, (8, 2)), (0, (5, 1, 1, 1, 1, 1)))
MARKERS = ("o", "s", "^", "D", "v", "P")

# Inches. At 6.4 wide, shown on a phone of 390 px, text of 10 points is 8.5 px high.
WIDTH = 6.4
PAD = 0.16
LINE = 0.17
LOOK = {
    "axes.facecolor": "none",
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}


class _Canvas(FigureCanvasAgg):
    """Draws a figure once: when it is printed, as it is laid out.

    Jupyter would also draw it after each cell, to no use, and once more to find a tighter box.
    """

    def draw_idle(self, *args: Any, **kwargs: Any) -> None:
        pass

    def print_figure(self, *args: Any, **kwargs: Any) -> Any:
        return super().print_figure(*args, **{**kwargs, "bbox_inches": None})


class LessonFigure(Figure):
    """A figure whose finding is its text/plain and the alternative text of its picture."""

    finding = ""
    rows: Sequence[float] = ()
    gap = 0.0

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> tuple:
        return {"text/plain": self.finding}, {"image/png": {"alt": self.finding}}


def axes(*rows: float, gap: float = 0.0) -> tuple[LessonFigure, list[Axes]]:
    """Return a figure with axes of these heights, one above the other, `gap` inches apart."""
    with sns.axes_style("ticks", rc=LOOK):
        size = (WIDTH, sum(rows))
        figure = cast(LessonFigure, plt.figure(FigureClass=LessonFigure, figsize=size))
        made = figure.subplots(len(rows), 1, sharex=True, squeeze=False, height_ratios=rows)
    manager = cast(FigureManagerBase, figure.canvas.manager)
    manager.canvas = _Canvas(figure)
    manager.canvas.manager = manager
    figure.rows, figure.gap = rows, gap
    return figure, list(made[:, 0])


def figure_of(ax: Axes) -> LessonFigure:
    return cast(LessonFigure, ax.figure)


def finish(
    ax: Axes,
    finding: str,
    *,
    left: float = 0.7,
    right: float = 0.2,
    top: float = 0.1,
    bottom: float = 0.5,
) -> Axes:
    """Set the margins (inches), put the card under the figure and the finding under the plot."""
    figure = figure_of(ax)
    caption = fill(finding, 80)
    below = bottom + PAD + LINE * len(caption.splitlines())
    plot = sum(figure.rows) + figure.gap * (len(figure.rows) - 1)
    height = 2 * PAD + top + plot + below
    figure.set_size_inches(WIDTH, height)
    figure.subplots_adjust(
        left=(PAD + left) / WIDTH,
        right=1 - (PAD + right) / WIDTH,
        top=1 - (PAD + top) / height,
        bottom=(PAD + below) / height,
        hspace=figure.gap / float(np.mean(figure.rows)),
    )
    figure.set_facecolor(CARD)  # a clear one would make JupyterLab put a white ground under it
    figure.patch.set_visible(False)
    figure.add_artist(
        FancyBboxPatch(
            (PAD, PAD),
            WIDTH - 2 * PAD,
            height - 2 * PAD,
            boxstyle=f"round,pad={PAD}",
            transform=figure.dpi_scale_trans,
            facecolor=CARD,
            edgecolor="none",
            zorder=-1,
        )
    )
    figure.text(PAD / WIDTH, PAD / height, caption, va="bottom", fontsize=10, color=INK)
    sns.despine(ax=ax)
    figure.finding = finding
    return ax


def width(texts: Iterable[str], size: float = 10, weight: str = "normal") -> float:
    """Inches that the longest line of these texts takes."""
    font = FontProperties(size=size, weight=weight)
    lines = [line for text in texts for line in text.splitlines()]
    return max(
        (text_to_path.get_text_width_height_descent(s, font, False)[0] / 72 for s in lines),
        default=0.0,
    )


def groups_of(data: pd.DataFrame, by: str | Sequence[str] | None) -> list[tuple[str, pd.DataFrame]]:
    """Return each group's name and rows; one group without a name if `by` is None."""
    columns = as_list(by)
    if not columns:
        return [("", data)]
    require_groups(data, columns)
    parts = [
        (", ".join(str(key).removesuffix(" 00:00:00") for key in keys), part)
        for keys, part in data.groupby(columns, observed=True, sort=True)
    ]
    if len(parts) > len(COLOURS):
        raise ValueError(
            f"column {columns[0]!r}: {len(parts)} groups, and no more than {len(COLOURS)} can be "
            f"told apart in one picture. Remedy: draw some of them, "
            f"data[data[{columns[0]!r}].isin(data[{columns[0]!r}].unique()[:{len(COLOURS)}])]"
        )
    return parts


def spread(heights: Sequence[float], gap: float) -> list[float]:
    """Label heights moved apart, in the same order, so that no two overlap."""
    order = np.argsort(heights, kind="stable")
    placed = np.array(heights, dtype=float)
    for below, above in zip(order, order[1:]):
        placed[above] = max(placed[above], placed[below] + gap)
    return list(placed - (placed - np.array(heights)).mean())


def name_ends(ax: Axes, names: Sequence[str], ends: Sequence[tuple[float, float]]) -> float:
    """Write each group's name beside the end of its line; return the inches they take.

    The limits and the scale of `ax` must be set before.
    """
    names = [fill(name, 17, break_on_hyphens=False) for name in names]
    if not any(names):
        return 0.25
    tallest = max(len(name.splitlines()) for name in names)
    to_axes = ax.transData + ax.transAxes.inverted()
    points = [to_axes.transform(end) for end in ends]
    gap = (LINE * tallest + 0.03) / figure_of(ax).rows[0]
    for i, height in enumerate(spread([y for _, y in points], gap)):
        ax.annotate(
            names[i],
            tuple(points[i]),
            xytext=(1.03, height),
            xycoords="axes fraction",
            textcoords="axes fraction",
            va="center",
            color=COLOURS[i],
            fontweight="bold",
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": COLOURS[i], "linewidth": 0.6, "shrinkB": 0},
        )
    return width(names, weight="bold") + 0.25


def first_capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def joined(parts: Sequence[str]) -> str:
    """'a', 'a and b', 'a, b and c'."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
