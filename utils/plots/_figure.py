"""What every figure shares: its size, its look, and the sentence that states its finding."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from textwrap import fill
from typing import Any, ParamSpec, cast

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
from matplotlib.text import Text
from matplotlib.textpath import text_to_path

from utils.checks import as_list, require_groups
from utils.survival._common import grouped

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


P = ParamSpec("P")


def picture(draw: Callable[P, Axes]) -> Callable[P, Axes]:
    """Close what a verb had begun to draw if it raises: Jupyter would show it under the error."""

    @wraps(draw)
    def whole_or_none(*args: P.args, **kwargs: P.kwargs) -> Axes:
        before = plt.get_fignums()
        try:
            return draw(*args, **kwargs)
        except Exception:
            for number in set(plt.get_fignums()).difference(before):
                plt.close(number)
            raise

    return whole_or_none


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
    finding = " ".join(finding.split())
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
    for text in figure.findobj(Text):  # words are shown as typed: "$5 and $6" is no formula
        cast(Text, text).set_parse_math(False)
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


def name_of(key: Any) -> str:
    """A group's value as a word: dates without midnight, floats without their rounding error."""
    if isinstance(key, (float, np.floating)):
        return f"{key + 0.0:.12g}"
    return " ".join(str(key).removesuffix(" 00:00:00").split()) or "(blank)"


def groups_of(data: pd.DataFrame, by: str | Sequence[str] | None) -> list[tuple[str, pd.DataFrame]]:
    """Return each group's name and rows; one group without a name if `by` is None."""
    columns = as_list(by)
    if not columns:
        return [("", data)]
    require_groups(data, columns)
    parts = [(", ".join(map(name_of, keys)), part) for keys, part in grouped(data, columns)]
    if len(parts) > len(COLOURS):
        raise ValueError(
            f"column {columns[0]!r}: {len(parts)} groups, and no more than {len(COLOURS)} can be "
            "told apart in one picture. Remedy: "
            f"data = data[data.groupby({columns}, observed=True).ngroup() < {len(COLOURS)}]"
            "  # or draw others"
        )
    names = [name for name, _ in parts]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        text = ", ".join(f"{column!r}: str" for column in columns)
        raise ValueError(
            f"column {columns[0]!r}: {len(twice)} groups have one name, {twice[0]!r}. "
            f"Remedy: data = data.astype({{{text}}})  # if they are one"
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
    high = figure_of(ax).rows[0]
    placed = np.array(spread([y for _, y in points], (LINE * tallest + 0.03) / high))
    inside = LINE * (tallest - 1) / 2 / high  # what is below belongs to the numbers at risk
    placed -= max(0.0, placed.max() + inside - 1 - 0.1 / high)
    placed += max(0.0, inside - placed.min())
    for i, height in enumerate(placed):
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


def plain(value: float, figures: int = 3) -> str:
    """A number with so many figures and no exponent for large ones: 0.0123, 12.3, 12,345."""
    if np.isinf(value):
        return "no upper end"
    text = f"{value + 0.0:.{figures}g}"
    return f"{value:,.0f}" if "e+" in text else text


def class_names(ax: Axes, names: Sequence[str], chars: int) -> float:
    """Name the classes 0, 1, ... along the x axis, upright where they do not fit side by side.

    Returns the inches that the names take.
    """
    wrapped = [fill(name, chars) for name in names]
    tall = LINE * max(name.count("\n") + 1 for name in wrapped)
    upright = width(wrapped) > (WIDTH - 1.4) / len(names)
    if upright:
        wrapped = [fill(name, 24) for name in names]
        tall = width(wrapped) + 0.05
    ax.set_xticks(range(len(names)), wrapped, rotation=90 if upright else 0)
    return tall


def joined(parts: Sequence[str]) -> str:
    """'a', 'a and b', 'a, b and c'."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
