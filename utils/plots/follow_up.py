"""Figures of people over time: survival curves, cumulative incidence, mean counts."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from utils import survival
from utils.plots._figure import COLOURS, LINES, axes, finish, groups_of, spread


def percent(row: pd.Series, column: str) -> str:
    """A share and its interval in words, with a decimal where shares are small."""
    digits = 0 if row[column] >= 0.1 else 1
    limits = (
        ""
        if np.isnan(row["lower"])
        else (f" ({row['lower']:.{digits}%} to {row['upper']:.{digits}%})")
    )
    return f"{row[column]:.{digits}%}{limits}"


def read_at_time(table: pd.DataFrame, at: float) -> pd.Series:
    """The last row of a step curve at or before a time."""
    return table[table["time"] <= at].iloc[-1]


def kaplan_meier(
    data: pd.DataFrame,
    time: str,
    event: str,
    by: str | None = None,
    *,
    outcome: str,
    unit: str,
    read_at: float,
    horizon: float | None = None,
    ticks: Sequence[float] | None = None,
) -> Axes:
    """Kaplan-Meier curves with their 95% bands and the number at risk below.

    Parameters
    ----------
    data, time, event, by
        As in `kaplan_meier`.
    outcome : str
        What the event is, for example "recurrence": the curve is the share free of it.
    unit : str
        Unit of `time`, for example "years".
    read_at : float
        Time at which the caption reads the curves.
    horizon : float, optional
        Where the x axis ends; the last follow-up if left out.
    ticks : list of float, optional
        Times of the at-risk table; six even ones if left out.
    """
    table = survival.kaplan_meier(data, time, event, by)
    horizon = float(horizon or table["time"].max())
    ticks = np.linspace(0, horizon, 6) if ticks is None else np.asarray(ticks, dtype=float)
    groups = groups_of(table, by)
    figure, (ax, below) = axes(4.6 + 0.2 * len(groups), rows=(6, 0.5 + 0.45 * len(groups)))
    ends = []
    for i, (_, part) in enumerate(groups):
        part = part[part["time"] <= horizon]
        x = np.concatenate([[0], part["time"]])
        ax.step(
            x,
            np.concatenate([[1], part["survival"]]),
            where="post",
            color=COLOURS[i],
            linestyle=LINES[i % 4],
        )
        ax.fill_between(
            x,
            np.concatenate([[1], part["lower"]]),
            np.concatenate([[1], part["upper"]]),
            step="post",
            alpha=0.15,
            color=COLOURS[i],
            linewidth=0,
        )
        ends.append((x[-1], part["survival"].iloc[-1]))
    for i, height in enumerate(spread([y for _, y in ends], 0.06)):
        ax.annotate(
            groups[i][0],
            (ends[i][0], height),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            color=COLOURS[i],
            fontweight="bold",
            annotation_clip=False,
        )
    ax.set(ylim=(0, 1.02), xlim=(0, horizon), ylabel=f"share free of {outcome}", xticks=ticks)
    ax.yaxis.set_major_formatter("{x:.0%}")
    ax.tick_params(labelbottom=True)
    ax.set_xlabel(unit)
    _at_risk(below, data, time, by, groups, ticks)
    read = survival.survival_at(data, time, event, read_at, by)
    parts = [
        f"{label + ' ' if label else ''}{percent(part.iloc[0], 'survival')}"
        for label, part in groups_of(read, by)
    ]
    return finish(
        figure,
        ax,
        f"Share free of {outcome} at {read_at:g} {unit}: "
        f"{'; '.join(parts)}. Bands are 95% intervals.",
    )


def _at_risk(
    ax: Axes,
    data: pd.DataFrame,
    time: str,
    by: str | None,
    groups: list[tuple[str, pd.DataFrame]],
    ticks: np.ndarray,
) -> None:
    ax.set(
        ylim=(-len(groups) + 0.5, 1.2),
        yticks=[-i for i in range(len(groups))],
        yticklabels=[name or "all" for name, _ in groups],
    )
    ax.text(0, 0.75, "number at risk", fontsize=9, transform=ax.get_yaxis_transform())
    for i, (name, _) in enumerate(groups):
        followed = data[time] if by is None else data.loc[data[by].astype(str) == name, time]
        for tick in ticks:
            ax.text(
                tick,
                -i,
                f"{int((followed >= tick).sum())}",
                ha="center",
                va="center",
                fontsize=9,
                color=COLOURS[i],
            )
    ax.tick_params(length=0, labelbottom=False, labelsize=9)
    ax.tick_params(axis="y", pad=16)
    sns.despine(ax=ax, left=True, bottom=True)


def cumulative_incidence(
    data: pd.DataFrame,
    time: str,
    event: str,
    *,
    causes: dict[int, str],
    unit: str,
    read_at: float,
    naive: bool = False,
) -> Axes:
    """Cumulative incidence of competing events, optionally beside 1 - Kaplan-Meier.

    Parameters
    ----------
    data, time, event
        As in `cumulative_incidence`.
    causes : dict
        Code of each cause to be drawn and its name.
    naive : bool
        Draw, for the first cause, what 1 - Kaplan-Meier gives when the other causes are
        treated as censoring.
    """
    table = survival.cumulative_incidence(data, time, event)
    lines = {name: table[table["cause"] == code] for code, name in causes.items()}
    if naive:
        code, name = next(iter(causes.items()))
        wrong = survival.kaplan_meier(
            data.assign(**{event: (data[event] == code).astype(int)}), time, event
        )
        lines[f"{name}, 1 - Kaplan-Meier"] = wrong.assign(
            incidence=1 - wrong["survival"], lower=1 - wrong["upper"], upper=1 - wrong["lower"]
        )
    figure, (ax,) = axes(4.4)
    ends = []
    for i, part in enumerate(lines.values()):
        x = np.concatenate([[0], part["time"]])
        ax.step(
            x,
            np.concatenate([[0], part["incidence"]]),
            where="post",
            color=COLOURS[i],
            linestyle=LINES[i % 4],
        )
        ax.fill_between(
            x,
            np.concatenate([[0], part["lower"].fillna(0)]),
            np.concatenate([[0], part["upper"].fillna(0)]),
            step="post",
            alpha=0.15,
            color=COLOURS[i],
            linewidth=0,
        )
        ends.append((x[-1], part["incidence"].iloc[-1]))
    top = max(part["upper"].max() for part in lines.values())
    for i, height in enumerate(spread([y for _, y in ends], 0.11 * top)):
        ax.annotate(
            fill(list(lines)[i], 18),
            (ends[i][0], height),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            color=COLOURS[i],
            fontweight="bold",
            annotation_clip=False,
        )
    ax.set(
        xlim=(0, table["time"].max()),
        ylim=(0, None),
        xlabel=unit,
        ylabel="share that has had the event",
    )
    ax.yaxis.set_major_formatter("{x:.0%}")
    parts = [
        f"{name} {percent(read_at_time(part, read_at), 'incidence')}"
        for name, part in lines.items()
    ]
    return finish(
        figure, ax, f"By {read_at:g} {unit}: {'; '.join(parts)}. Bands are 95% intervals."
    )


def mean_cumulative_count(
    data: pd.DataFrame,
    id: str,
    start: str,
    stop: str,
    event: str,
    by: str | None = None,
    *,
    outcome: str,
    unit: str,
    read_at: float,
) -> Axes:
    """Mean number of events per person by time, for events that can come again.

    Parameters
    ----------
    data, id, start, stop, event, by
        As in `mean_cumulative_count`.
    outcome : str
        What is counted, for example "recurrences".
    unit : str
        Unit of the times.
    read_at : float
        Time at which the caption reads the curves.
    """
    groups = groups_of(survival.mean_cumulative_count(data, stop, event, id, start, by), by)
    table_end = max(part["time"].max() for _, part in groups)
    figure, (ax,) = axes(4.4)
    ends = []
    for i, (_, part) in enumerate(groups):
        x = np.concatenate([[0], part["time"]])
        ax.step(
            x,
            np.concatenate([[0], part["mean_count"]]),
            where="post",
            color=COLOURS[i],
            linestyle=LINES[i % 4],
        )
        ax.fill_between(
            x,
            np.concatenate([[0], part["lower"]]),
            np.concatenate([[0], part["upper"]]),
            step="post",
            alpha=0.15,
            color=COLOURS[i],
            linewidth=0,
        )
        ends.append((table_end, part["mean_count"].iloc[-1]))
    top = max(part["upper"].max() for _, part in groups)
    for i, height in enumerate(spread([y for _, y in ends], 0.06 * top)):
        ax.annotate(
            groups[i][0],
            (ends[i][0], height),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            color=COLOURS[i],
            fontweight="bold",
            annotation_clip=False,
        )
    ax.set(xlim=(0, table_end), ylim=(0, None), xlabel=unit, ylabel=f"mean {outcome} per person")
    parts = []
    for name, part in groups:
        row = read_at_time(part, read_at)
        parts.append(
            f"{name + ' ' if name else ''}{row['mean_count']:.2f} "
            f"({row['lower']:.2f} to {row['upper']:.2f})"
        )
    return finish(
        figure,
        ax,
        f"Mean {outcome} per person by {read_at:g} {unit}: "
        f"{'; '.join(parts)}. Bands are 95% intervals.",
    )
