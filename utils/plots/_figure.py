"""What every figure shares: its size, its look, and the sentence that states its finding."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

COLOURS = sns.color_palette("colorblind")
LINES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "^", "D", "v", "P")
WIDTH = 7.6


class LessonFigure(Figure):
    """A figure whose finding is its text/plain and the alternative text of its picture."""

    finding = ""

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> tuple:
        return {"text/plain": self.finding}, {"image/png": {"alt": self.finding}}


def axes(height: float, rows: Sequence[float] = (1,)) -> tuple[LessonFigure, list[Axes]]:
    with sns.axes_style("ticks"), sns.plotting_context("notebook", font_scale=0.9):
        figure, axes = plt.subplots(
            len(rows),
            1,
            sharex=True,
            squeeze=False,
            height_ratios=rows,
            figsize=(WIDTH, height),
            layout="constrained",
            FigureClass=LessonFigure,
        )
    return figure, list(axes[:, 0])


def finish(figure: LessonFigure, ax: Axes, finding: str) -> Axes:
    sns.despine(ax=ax)
    figure.finding = finding
    figure.supxlabel(fill(finding, 100), fontsize=9, x=0.01, ha="left", style="italic")
    return ax


def groups_of(table: pd.DataFrame, by: str | None) -> list[tuple[str, pd.DataFrame]]:
    if by is None:
        return [("", table)]
    return [(str(name), part) for name, part in table.groupby(by, observed=True, sort=True)]


def spread(heights: Sequence[float], gap: float) -> list[float]:
    """Label heights moved apart, in the same order, so that no two overlap."""
    order = np.argsort(heights)
    placed = np.array(heights, dtype=float)
    for below, above in zip(order, order[1:]):
        placed[above] = max(placed[above], placed[below] + gap)
    return list(placed)
