"""Figures of estimates: rates by period, forests, calibration."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from utils.checks import as_list, require_columns
from utils.plots._figure import COLOURS, LINES, MARKERS, axes, finish, groups_of, spread


def rates(
    table: pd.DataFrame,
    period: str,
    by: str | None = None,
    *,
    outcome: str,
    per: str,
    log: bool = False,
) -> Axes:
    """Rates with their intervals, one mark per period (or other ordered class) and group.

    Parameters
    ----------
    table : DataFrame
        The rows of `rates`: `period`, [by], rate, lower, upper.
    outcome : str
        What is counted, for example "recurrences".
    per : str
        Unit of the rate, for example "per 100 person-years".
    log : bool
        Log scale for the rate.
    """
    require_columns(table, [period, *as_list(by), "rate", "lower", "upper"])
    order = list(dict.fromkeys(table[period].astype(str)))
    groups = groups_of(table, by)
    figure, (ax,) = axes(4.2)
    ends = []
    for i, (_, part) in enumerate(groups):
        x = np.array([order.index(str(p)) for p in part[period]]) + 0.12 * (
            i - (len(groups) - 1) / 2
        )
        reach = [part["rate"] - part["lower"], part["upper"] - part["rate"]]
        ax.errorbar(
            x,
            part["rate"],
            yerr=reach,
            color=COLOURS[i],
            linestyle=LINES[i % 4],
            marker=MARKERS[i % 6],
            capsize=4,
            linewidth=1.2,
        )
        ends.append((x[-1], part["rate"].iloc[-1]))
    ax.set(
        xticks=range(len(order)),
        xticklabels=order,
        xlabel=period.replace("_", " "),
        ylabel=f"{outcome} {per}",
        xlim=(-0.4, len(order) - 0.6 + 0.4 * (by is not None)),
    )
    if log:
        ax.set_yscale("log")
        ax.yaxis.set_major_formatter("{x:g}")
    else:
        ax.set_ylim(bottom=0)
    _name_ends(ax, [name for name, _ in groups], ends)

    def said(row: pd.Series) -> str:
        exact = row["lower"] == row["upper"]
        limits = "" if exact else f" ({row['lower']:.3g} to {row['upper']:.3g})"
        return f"{row['rate']:.3g}{limits} in {row[period]}"

    parts = [
        f"{name + ' ' if name else ''}from {said(part.iloc[0])} to {said(part.iloc[-1])}"
        for name, part in groups
    ]
    return finish(
        figure, ax, f"{outcome.capitalize()} {per}: {'; '.join(parts)}. Bars are 95% intervals."
    )


def _name_ends(ax: Axes, names: Sequence[str], ends: Sequence[tuple[float, float]]) -> None:
    """Write each group's name beside its last mark, spread so that none overlap."""
    scale = ax.transData
    heights = [scale.transform(end)[1] for end in ends]
    apart = 16 * ax.figure.dpi / 72
    right = max(x for x, _ in ends)
    for i, height in enumerate(spread(heights, apart)):
        at = scale.inverted().transform((0, height))[1]
        ax.annotate(
            fill(names[i], 18),
            (right, at),
            xytext=(10, 0),
            textcoords="offset points",
            va="center",
            color=COLOURS[i],
            fontweight="bold",
            annotation_clip=False,
        )


def forest(
    table: pd.DataFrame,
    label: str,
    estimate: str,
    *,
    measure: str,
    lower: str = "lower",
    upper: str = "upper",
    kind: str | None = None,
    null: float = 1.0,
    log: bool = True,
) -> Axes:
    """Estimates with their 95% intervals, one row each, beside a line of no difference.

    Parameters
    ----------
    table : DataFrame
        A row per estimate, drawn from top to bottom.
    label, estimate, lower, upper : str
        Columns. A missing interval is left out of the picture.
    measure : str
        What the number is and which way it points, for example
        "hazard ratio of death, quit v continued".
    kind : str, optional
        Column; rows that say "pooled" are drawn as diamonds and read out in the caption,
        rows that say "prediction" as a bare line.
    null : float
        Where the line of no difference stands.
    """
    require_columns(table, [label, estimate, lower, upper, *as_list(kind)])
    kinds = ["study"] * len(table) if kind is None else list(table[kind])
    figure, (ax,) = axes(1.5 + 0.32 * len(table))
    for y, (style, (_, row)) in enumerate(zip(kinds, table.iterrows())):
        colour = COLOURS[3] if style == "pooled" else "0.25"
        ax.plot(
            [row[lower], row[upper]],
            [y, y],
            color=colour,
            linewidth=2.5 if style == "pooled" else 1.2,
            linestyle=":" if style == "prediction" else "-",
        )
        if style != "prediction":
            ax.plot(
                row[estimate],
                y,
                marker="D" if style == "pooled" else "s",
                color=colour,
                markersize=7 if style == "pooled" else 5,
            )
        ax.text(
            1.02,
            y,
            f"{row[estimate]:.2f} ({row[lower]:.2f} to {row[upper]:.2f})",
            transform=ax.get_yaxis_transform(),
            va="center",
            fontsize=9,
        )
    ax.axvline(null, color="0.5", linewidth=1, linestyle="--")
    ax.set(
        yticks=range(len(table)),
        yticklabels=table[label],
        ylim=(len(table) - 0.5, -0.5),
        xlabel=measure,
    )
    ax.tick_params(axis="y", length=0, labelsize=9)
    if log:
        ax.set_xscale("log")
        _plain_log_ticks(ax)
    return finish(
        figure, ax, _forest_finding(table, kinds, label, estimate, lower, upper, measure, null)
    )


def _plain_log_ticks(ax: Axes) -> None:
    low, high = ax.get_xlim()
    choices = np.array([0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10, 20, 50, 100])
    inside = choices[(choices >= low) & (choices <= high)]
    if len(inside) < 3:
        inside = np.array([t for t in np.round(np.arange(0.1, 4, 0.1), 1) if low <= t <= high])
    thinned = inside if len(inside) <= 8 else inside[inside != 0.7]
    ax.set_xticks(thinned, [f"{tick:g}" for tick in thinned])
    ax.minorticks_off()


def _forest_finding(
    table: pd.DataFrame,
    kinds: Sequence[str],
    label: str,
    estimate: str,
    lower: str,
    upper: str,
    measure: str,
    null: float,
) -> str:
    def said(row: pd.Series) -> str:
        return f"{row[estimate]:.2f} ({row[lower]:.2f} to {row[upper]:.2f})"

    is_study = np.array([style == "study" for style in kinds])
    studies = table[is_study]
    parts = []
    if len(studies) > 3:
        clear = int(((studies[lower] > null) | (studies[upper] < null)).sum())
        parts.append(
            f"{len(studies)} estimates from {studies[estimate].min():.2f} to "
            f"{studies[estimate].max():.2f}, {clear} with an interval clear of {null:g}"
        )
    else:
        parts += [f"{row[label]} {said(row)}" for _, row in studies.iterrows()]
    parts += [
        f"{row[label]} {said(row)}"
        for style, (_, row) in zip(kinds, table.iterrows())
        if style == "pooled"
    ]
    parts += [
        f"{row[label]} {row[lower]:.2f} to {row[upper]:.2f}"
        for style, (_, row) in zip(kinds, table.iterrows())
        if style == "prediction"
    ]
    return f"{measure[0].upper()}{measure[1:]}: {'; '.join(parts)}. Bars are 95% intervals."


def calibration(
    table: pd.DataFrame,
    predicted: str,
    observed: str,
    *,
    outcome: str,
    lower: str = "lower",
    upper: str = "upper",
) -> Axes:
    """Observed against predicted shares, one mark per group of similar prediction.

    Parameters
    ----------
    table : DataFrame
        A row per group, shares between 0 and 1.
    predicted, observed, lower, upper : str
        Columns; the interval belongs to the observed share.
    outcome : str
        What the share is, for example "free of recurrence or death at 5 years".
    """
    require_columns(table, [predicted, observed, lower, upper])
    figure, (ax,) = axes(4.8)
    reach = [table[observed] - table[lower], table[upper] - table[observed]]
    ax.plot([0, 1], [0, 1], color="0.5", linestyle="--", linewidth=1)
    ax.annotate(
        "predicted = observed",
        (0.98, 0.98),
        ha="right",
        va="bottom",
        color="0.4",
        fontsize=9,
        annotation_clip=False,
    )
    ax.errorbar(table[predicted], table[observed], yerr=reach, fmt="o", color=COLOURS[0], capsize=4)
    ax.set(
        xlim=(0, 1),
        ylim=(0, 1),
        xlabel=f"predicted share {outcome}",
        ylabel=f"observed share {outcome}",
    )
    ax.xaxis.set_major_formatter("{x:.0%}")
    ax.yaxis.set_major_formatter("{x:.0%}")
    on_line = int(((table[lower] <= table[predicted]) & (table[predicted] <= table[upper])).sum())
    low, high = (table.loc[table[predicted].idxmin()], table.loc[table[predicted].idxmax()])
    return finish(
        figure,
        ax,
        (
            f"Share {outcome}, in {len(table)} groups by prediction: predicted {low[predicted]:.0%}, "
            f"observed {low[observed]:.0%} ({low[lower]:.0%} to {low[upper]:.0%}) in the lowest; "
            f"predicted {high[predicted]:.0%}, observed {high[observed]:.0%} ({high[lower]:.0%} to "
            f"{high[upper]:.0%}) in the highest; the prediction lies inside the 95% interval in "
            f"{on_line} of {len(table)}."
        ),
    )
