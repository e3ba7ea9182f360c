"""Figures of people over time: survival curves, cumulative incidence, mean counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from utils import survival
from utils.checks import as_list, require_columns, require_follow_up
from utils.plots._figure import (
    COLOURS,
    GREY,
    HATCHES,
    LINES,
    TINTS,
    axes,
    finish,
    first_capital,
    groups_of,
    name_ends,
    width,
)
from utils.survival._common import tolerance

BANDS = "Bands are 95% intervals."


def share(value: float, lower: float = np.nan, upper: float = np.nan) -> str:
    """A share and its interval in words, with a decimal where shares are small."""
    digits = 0 if value >= 0.1 or value == 0 else 1
    limits = (
        "" if np.isnan([lower, upper]).any() else f" ({lower:.{digits}%} to {upper:.{digits}%})"
    )
    return f"{value:.{digits}%}{limits}"


def count(value: float, lower: float, upper: float) -> str:
    return f"{value:.2f} ({lower:.2f} to {upper:.2f})"


def draw_curve(
    ax: Axes, curve: pd.DataFrame, column: str, start: float, end: float, i: int, band: bool = True
) -> tuple:
    """Draw one step curve and its band from time 0 to `end`; return the point where it stops.

    `curve` holds time, lower, upper and `column`, which is `start` before the first row.
    """
    shown = curve[curve["time"] <= end]
    x = np.concatenate([[0], shown["time"], [end]])

    def heights(name: str) -> np.ndarray:
        values = np.concatenate([[start], shown[name].to_numpy(float)])
        return np.append(values, values[-1])

    y = heights(column)
    ax.step(x, y, where="post", color=COLOURS[i], linestyle=LINES[i])
    if band:
        look: dict[str, Any] = {"step": "post", "alpha": 0.15, "color": COLOURS[i], "linewidth": 0}
        ax.fill_between(x, heights("lower"), heights("upper"), **look)
    return end, y[-1]


def read_curve(
    curve: pd.DataFrame, column: str, at: float, last: float, start: float, unit: str, said: Any
) -> str:
    """Say where a step curve stands at a time, or that nobody was followed that far."""
    over = column == "survival" and curve["survival"].iloc[-1] == 0
    if at > last + tolerance(np.array([last])) and not over:
        return f"not followed that far (to {last:.3g} {unit})"
    before = curve[curve["time"] <= at + tolerance(curve["time"].to_numpy(float))]
    if before.empty:
        return said(start, start, start)
    return said(*before.iloc[-1][[column, "lower", "upper"]].astype(float))


def time_axis(
    ax: Axes, last: float, horizon: float | None, ticks: Sequence[float] | None, unit: str
) -> tuple[float, np.ndarray]:
    """Set the axis of time; return where it ends and the times of the at-risk table."""
    end = float(last if horizon is None else horizon)
    chosen = (
        MaxNLocator(6, steps=[1, 2, 3, 5, 6, 10]).tick_values(0, end) if ticks is None else ticks
    )
    shown = np.array([float(tick) for tick in chosen if 0 <= tick <= end])
    ax.set(xlim=(0, end), xticks=shown, xlabel=unit)
    ax.tick_params(labelbottom=True)
    return end, shown


def check_read_at(read_at: float, last: float, unit: str) -> None:
    if read_at > last + tolerance(np.array([last])):
        raise ValueError(
            f"read_at={read_at:g}: nobody is followed that far, follow-up ends at {last:.4g} "
            f"{unit}. Remedy: read_at={np.floor(last * 100) / 100:g}"
        )


def at_risk_below(
    ax: Axes,
    groups: Sequence[tuple[str, pd.DataFrame]],
    time: str,
    ticks: np.ndarray,
    entry: str | None = None,
    colours: Sequence[str] = COLOURS,
) -> float:
    """Write how many are still followed at each time; return the inches of the names.

    At risk at t is who entered before t and was followed until t or longer, as in R; at the
    start, who entered at the start.
    """
    names = [fill(name, 15) if name else "all" for name, _ in groups]
    tall = [len(name.splitlines()) for name in names]
    places = np.cumsum(tall) - np.array(tall) / 2
    ax.set(ylim=(sum(tall), -1), yticks=places, yticklabels=names)
    ax.text(0, -0.5, "number at risk", va="center", color=GREY)
    for i, (place, (_, part)) in enumerate(zip(places, groups)):
        end = part[time].to_numpy(float)
        begin = np.zeros(len(part)) if entry is None else part[entry].to_numpy(float)
        ax.get_yticklabels()[i].set_color(colours[i])
        near = tolerance(end)  # a tick that differs from a time by rounding alone is that time
        for tick in ticks:
            number = int((((begin < tick) | (begin == 0)) & (end >= tick - near)).sum())
            ax.text(tick, place, f"{number}", ha="center", va="center_baseline", color=colours[i])
    ax.xaxis.set_visible(False)
    ax.tick_params(axis="y", length=0, pad=18)
    sns.despine(ax=ax, left=True, bottom=True)
    return width(names) + 0.3


def follow_up_axes(groups: Sequence[tuple[str, pd.DataFrame]], height: float = 2.9) -> list[Axes]:
    """Axes for curves above the axes for the numbers at risk."""
    lines = sum(len(fill(name, 15).splitlines()) or 1 for name, _ in groups)
    _, made = axes(height, 0.19 * (lines + 1), gap=0.5)
    return made


def mark_reading(ax: Axes, at: float) -> None:
    ax.axvline(at, color=GREY, linewidth=0.8, linestyle=(0, (1, 3)), zorder=0)


def kaplan_meier(
    data: pd.DataFrame,
    time: str,
    event: str,
    by: str | Sequence[str] | None = None,
    *,
    outcome: str,
    unit: str,
    read_at: float,
    free: str | Mapping[Any, str] | None = None,
    entry: str | None = None,
    horizon: float | None = None,
    ticks: Sequence[float] | None = None,
) -> Axes:
    """Draw Kaplan-Meier curves with their 95% bands and the number at risk below.

    Parameters
    ----------
    data : DataFrame
        One row a person.
    time, event : str
        Columns, as in `utils.kaplan_meier`.
    by : str or list of str, optional
        Column(s) that name the groups; at most six.
    outcome : str
        What the event is, for example "recurrence": the curve is the share free of it.
    unit : str
        Unit of `time`, for example "years".
    read_at : float
        Time at which the caption reads the curves.
    free : str or dict, optional
        What people are before the event, if not "free of `outcome`": "alive" for death. A dict
        gives each group its own: {"death": "alive", "recurrence": "free of recurrence"}.
    entry : str, optional
        Column with the time from which each person is followed.
    horizon : float, optional
        Where the axis of time ends; the last follow-up if left out.
    ticks : list of float, optional
        Times of the at-risk table; round ones if left out.

    Returns
    -------
    Axes
        The curves; `.figure.finding` reads them at `read_at`.

    Raises
    ------
    ValueError
        Nobody is followed until `read_at`, or there are more than six groups.
    """
    require_follow_up(data, time, event, entry=entry, by=by)
    groups = groups_of(data, by)
    if isinstance(free, Mapping):
        labels = {str(key): label for key, label in free.items()}
        groups = [(labels.get(name, name), part) for name, part in groups]
    state = "of people" if isinstance(free, Mapping) else free or f"free of {outcome}"
    check_read_at(read_at, data[time].max(), unit)
    ax, below = follow_up_axes(groups)
    end, shown = time_axis(ax, data[time].max(), horizon, ticks, unit)
    ax.set(ylim=(0, 1.02), ylabel=f"share {state}")
    ax.yaxis.set_major_formatter("{x:.0%}")
    ends, parts = [], []
    for i, (name, part) in enumerate(groups):
        curve = survival.kaplan_meier(part, time, event, entry=entry)
        last = part[time].max()
        ends.append(draw_curve(ax, curve, "survival", 1, min(end, last), i))
        read = read_curve(curve, "survival", read_at, last, 1, unit, share)
        parts.append(f"{name}: {read}" if name else read)
    mark_reading(ax, read_at)
    left = at_risk_below(below, groups, time, shown, entry)
    right = name_ends(ax, [name for name, _ in groups], ends)
    read_out = "At" if isinstance(free, Mapping) else f"Share {state} at"
    finding = f"{read_out} {read_at:g} {unit}: {'; '.join(parts)}. {BANDS}"
    return finish(ax, finding, left=max(left, 0.7), right=right, bottom=0.1)


def cumulative_incidence(
    data: pd.DataFrame,
    time: str,
    event: str,
    by: str | Sequence[str] | None = None,
    *,
    causes: Mapping[int, str],
    unit: str,
    read_at: float,
    naive: bool = False,
    horizon: float | None = None,
    ticks: Sequence[float] | None = None,
) -> Axes:
    """Draw the cumulative incidence of competing events, optionally beside 1 - Kaplan-Meier.

    Parameters
    ----------
    data : DataFrame
        One row a person.
    time, event : str
        Columns, as in `utils.cumulative_incidence`.
    by : str or list of str, optional
        Column(s) that name the groups; at most six.
    causes : dict
        Code of each cause to be drawn and its name.
    unit : str
        Unit of `time`, for example "years".
    read_at : float
        Time at which the caption reads the curves.
    naive : bool
        Draw, for the first cause, what 1 - Kaplan-Meier gives when the other causes are
        treated as censoring.
    horizon : float, optional
        Where the axis of time ends; the last follow-up if left out.
    ticks : list of float, optional
        Times of the at-risk table; round ones if left out.

    Returns
    -------
    Axes
        The curves; `.figure.finding` reads them at `read_at`.

    Raises
    ------
    ValueError
        Nobody is followed until `read_at`, or there are more than six curves.
    """
    require_follow_up(data, time, event, by=by, causes=True)
    groups = groups_of(data, by)
    check_read_at(read_at, data[time].max(), unit)
    curves = [
        (", ".join(filter(None, [group, name])), part[time].max(), curve)
        for group, part in groups
        for name, curve in _incidences(part, time, event, causes, naive).items()
    ]
    if len(curves) > len(COLOURS):
        raise ValueError(
            f"causes: {len(curves)} curves, and no more than {len(COLOURS)} can be told apart. "
            f"Remedy: causes={dict(list(causes.items())[:1])}"
        )
    ax, below = follow_up_axes(groups)
    end, shown = time_axis(ax, data[time].max(), horizon, ticks, unit)
    ends, parts = [], []
    for i, (name, last, curve) in enumerate(curves):
        ends.append(draw_curve(ax, curve, "incidence", 0, min(end, last), i))
        read = read_curve(curve, "incidence", read_at, last, 0, unit, share)
        parts.append(f"{name} {read}")
    ax.set_ylim(0, None)
    ax.set_ylabel("share that has had the event")
    ax.yaxis.set_major_formatter("{x:.0%}")
    mark_reading(ax, read_at)
    left = at_risk_below(below, groups, time, shown, colours=[GREY] * len(groups))
    right = name_ends(ax, [name for name, _, _ in curves], ends)
    finding = f"By {read_at:g} {unit}: {'; '.join(parts)}. {BANDS}"
    return finish(ax, finding, left=max(left, 0.7), right=right, bottom=0.1)


def _incidences(
    part: pd.DataFrame, time: str, event: str, causes: Mapping[int, str], naive: bool
) -> dict[str, pd.DataFrame]:
    table = survival.cumulative_incidence(part, time, event)
    curves = {name: table[table["cause"] == code] for code, name in causes.items()}
    if naive:
        code, name = next(iter(causes.items()))
        alone = part.assign(**{event: (part[event] == code).astype(int)})
        wrong = survival.kaplan_meier(alone, time, event)
        curves[f"{name}, 1 - Kaplan-Meier"] = wrong.assign(
            incidence=1 - wrong["survival"], lower=1 - wrong["upper"], upper=1 - wrong["lower"]
        )
    return curves


def mean_cumulative_count(
    data: pd.DataFrame,
    time: str,
    event: str,
    id: str,
    entry: str,
    by: str | Sequence[str] | None = None,
    *,
    outcome: str,
    unit: str,
    read_at: float,
    horizon: float | None = None,
    ticks: Sequence[float] | None = None,
) -> Axes:
    """Draw the mean number of events per person by time, for events that can come again.

    Parameters
    ----------
    data : DataFrame
        One row an interval of a person.
    time, event, id, entry : str
        Columns, as in `utils.mean_cumulative_count`.
    by : str or list of str, optional
        Column(s) that name the groups; at most six.
    outcome : str
        What is counted, for example "recurrences".
    unit : str
        Unit of the times.
    read_at : float
        Time at which the caption reads the curves.
    horizon : float, optional
        Where the axis of time ends; the last follow-up if left out.
    ticks : list of float, optional
        Times of the at-risk table; round ones if left out.

    Returns
    -------
    Axes
        The curves; `.figure.finding` reads them at `read_at`.

    Raises
    ------
    ValueError
        Nobody is followed until `read_at`, or there are more than six groups.
    """
    require_columns(data, [time, event, id, entry, *as_list(by)])
    groups = groups_of(data[data[entry] != data[time]], by)
    check_read_at(read_at, data[time].max(), unit)
    ax, below = follow_up_axes(groups)
    end, shown = time_axis(ax, data[time].max(), horizon, ticks, unit)
    ends, parts = [], []
    for i, (name, part) in enumerate(groups):
        curve = survival.mean_cumulative_count(part, time, event, id, entry)
        last = part[time].max()
        ends.append(draw_curve(ax, curve, "mean_count", 0, min(end, last), i))
        read = read_curve(curve, "mean_count", read_at, last, 0, unit, count)
        parts.append(f"{name} {read}" if name else read)
    ax.set_ylim(0, None)
    ax.set_ylabel(f"mean {outcome} per person")
    mark_reading(ax, read_at)
    left = at_risk_below(below, groups, time, shown, entry)
    right = name_ends(ax, [name for name, _ in groups], ends)
    finding = f"Mean {outcome} per person by {read_at:g} {unit}: {'; '.join(parts)}. {BANDS}"
    return finish(ax, finding, left=max(left, 0.7), right=right, bottom=0.1)


def stacked_fates(
    data: pd.DataFrame,
    time: str,
    event: str,
    *,
    causes: Mapping[int, str],
    free: str,
    unit: str,
    read_at: float,
    horizon: float | None = None,
    ticks: Sequence[float] | None = None,
) -> Axes:
    """Draw what has become of everybody by each time: areas that fill 100%.

    Parameters
    ----------
    data : DataFrame
        One row a person.
    time, event : str
        Columns, as in `utils.cumulative_incidence`.
    causes : dict
        Every code in `event` but 0, and the name of that fate.
    free : str
        Who is left, for example "alive, free of recurrence".
    unit : str
        Unit of `time`, for example "years".
    read_at : float
        Time at which the caption reads the areas.
    horizon : float, optional
        Where the axis of time ends; the last follow-up if left out.
    ticks : list of float, optional
        Times of the at-risk table; round ones if left out.

    Returns
    -------
    Axes
        The areas, the first cause at the bottom and `free` on top.

    Raises
    ------
    ValueError
        Nobody is followed until `read_at`, or a code in `event` has no name.
    """
    require_follow_up(data, time, event, causes=True)
    check_read_at(read_at, data[time].max(), unit)
    unnamed = sorted({int(code) for code in data[event].unique()} - {0, *causes})
    if unnamed:
        named = {**causes, unnamed[0]: "its name"}
        raise ValueError(f"column {event!r}: {unnamed[0]} has no name. Remedy: causes={named}")
    table = survival.cumulative_incidence(data, time, event)
    ax, below = follow_up_axes([("", data)])
    last = data[time].max()
    end, shown = time_axis(ax, last, horizon, ticks, unit)
    stop = min(end, last)
    grid = np.unique(np.concatenate([[0.0], table.loc[table["time"] <= stop, "time"], [stop]]))
    floor, ends, parts = np.zeros(len(grid)), [], []
    names = [*causes.values(), free]
    for i, name in enumerate(names):
        if i < len(causes):
            part = table[table["cause"] == list(causes)[i]]
            place = np.searchsorted(part["time"], grid, side="right")
            height = np.concatenate([[0.0], part["incidence"].to_numpy(float)])[place]
        else:
            height = 1 - floor
        top = floor + height
        area: dict[str, Any] = {
            "facecolor": TINTS[i],
            "edgecolor": COLOURS[i],
            "hatch": HATCHES[i - len(causes)],
        }
        ax.fill_between(grid, floor, top, step="post", linewidth=0.8, **area)
        ends.append((stop, (floor[-1] + top[-1]) / 2))
        at = np.searchsorted(grid, read_at, side="right") - 1
        parts.append(f"{share(height[at])} {name}")
        floor = top
    ax.set(ylim=(0, 1), ylabel="share of people")
    ax.yaxis.set_major_formatter("{x:.0%}")
    mark_reading(ax, read_at)
    left = at_risk_below(below, [("", data)], time, shown, colours=[GREY])
    right = name_ends(ax, names, ends)
    finding = f"Of everybody, at {read_at:g} {unit}: {'; '.join(parts)}."
    return finish(ax, finding, left=max(left, 0.7), right=right, bottom=0.1)


def cure_over_kaplan_meier(
    data: pd.DataFrame,
    time: str,
    event: str,
    by: str | Sequence[str] | None = None,
    *,
    outcome: str,
    unit: str,
    horizon: float | None = None,
    ticks: Sequence[float] | None = None,
) -> Axes:
    """Draw the fitted curve of a cured share (pale, smooth) and the Kaplan-Meier steps.

    Parameters
    ----------
    data : DataFrame
        One row a person.
    time, event : str
        Columns, as in `utils.mixture_cure`.
    by : str or list of str, optional
        Column(s) that name the groups; at most six.
    outcome : str
        What the event is, for example "recurrence".
    unit : str
        Unit of `time`, for example "years".
    horizon : float, optional
        Where the axis of time ends; the last follow-up if left out.
    ticks : list of float, optional
        Times of the at-risk table; round ones if left out.

    Returns
    -------
    Axes
        Per group the steps, the fitted curve and, dotted, the share said to be cured;
        `.figure.finding` sets that share beside the last value of the steps.

    Notes
    -----
    S(t) = cure + (1 - cure) exp(-(t / scale) ** shape): the Weibull mixture of `mixture_cure`.
    """
    require_follow_up(data, time, event, by=by)
    groups = groups_of(data, by)
    ax, below = follow_up_axes(groups)
    end, shown = time_axis(ax, data[time].max(), horizon, ticks, unit)
    ax.set(ylim=(0, 1.02), ylabel=f"share free of {outcome}")
    ax.yaxis.set_major_formatter("{x:.0%}")
    ends, parts = [], []
    for i, (name, part) in enumerate(groups):
        last = part[time].max()
        steps = survival.kaplan_meier(part, time, event)
        _, seen = draw_curve(ax, steps, "survival", 1, min(end, last), i, band=False)
        fit = survival.mixture_cure(part, time, event).iloc[0]
        x = np.linspace(0, end, 200)
        y = fit["cure"] + (1 - fit["cure"]) * np.exp(-((x / fit["scale"]) ** fit["shape"]))
        ax.plot(x, y, color=TINTS[i], linewidth=7, zorder=1)
        ax.axhline(fit["cure"], color=COLOURS[i], linewidth=1, linestyle=":")
        ends.append((end, y[-1]))
        said = share(*fit[["cure", "lower", "upper"]].astype(float))
        parts.append(
            f"{name + ': ' if name else ''}fitted cured share {said}, "
            f"last Kaplan-Meier value {share(seen)}"
        )
    left = at_risk_below(below, groups, time, shown)
    right = name_ends(ax, [name for name, _ in groups], ends)
    finding = (
        f"{first_capital('; '.join(parts))}. Steps: what was seen; pale: the model; "
        "dotted: its plateau. The share depends on the shape that was assumed."
    )
    return finish(ax, finding, left=max(left, 0.7), right=right, bottom=0.1)
