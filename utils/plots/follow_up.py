"""Figures of people over time: survival curves, cumulative incidence, mean counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from utils import survival
from utils.checks import (
    as_list,
    require_columns,
    require_follow_up,
    require_groups,
    require_numbers,
    require_scalar,
)
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
    name_of,
    picture,
    plain,
    width,
)
from utils.survival._common import step, tolerance

BANDS = "Bands are 95% intervals."
Curves = Sequence[tuple[str, float, pd.DataFrame]]
"""Name, last follow-up and table of each curve of a figure."""


def share(value: float, lower: float = np.nan, upper: float = np.nan) -> str:
    """A share and its interval in words, with a decimal where shares are small."""
    digits = 0 if value >= 0.1 or value == 0 else 1
    limits = (
        "" if np.isnan([lower, upper]).any() else f" ({lower:.{digits}%} to {upper:.{digits}%})"
    )
    return f"{value:.{digits}%}{limits}"


def count(value: float, lower: float, upper: float) -> str:
    return f"{value:.2f} ({lower:.2f} to {upper:.2f})"


def percent(ax: Axes) -> None:
    ax.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{100 * y:.3g}%"))


def draw_curve(
    ax: Axes, curve: pd.DataFrame, column: str, start: float, end: float, i: int, band: bool = True
) -> tuple[float, float]:
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
    over = column in ("survival", "incidence") and (curve[column].tail(1) == 1 - start).any()
    if at > last + tolerance(np.array([last])) and not over:
        return f"not followed that far (to {plain(last)} {unit})"
    before = curve[curve["time"] <= at + tolerance(curve["time"].to_numpy(float))]
    if before.empty and column == "incidence":
        return said(start)  # no interval until the cause has come, as in its table
    if before.empty:
        return said(start, start, start)
    return said(*before.iloc[-1][[column, "lower", "upper"]].astype(float))


def check_times(
    last: float, unit: str, read_at: float | None, horizon: float | None
) -> tuple[float, float | None]:
    """Return where the axis of time ends and the time to read at, after checking both."""
    end = require_scalar(last if horizon is None else horizon, "horizon", positive=True)
    if read_at is None:
        return end, None
    at = float(read_at)
    if at > last + tolerance(np.array([last])):
        below = float(f"{last:.3g}")  # three figures, and not rounded up
        below -= 10.0 ** (np.floor(np.log10(last)) - 2) if below > last else 0
        raise ValueError(
            f"read_at={at:g}: nobody is followed that far, follow-up ends at "
            f"{plain(last, 4)} {unit}. Remedy: read_at={below:g}"
        )
    if at > end + tolerance(np.array([end])):
        raise ValueError(
            f"read_at={at:g}: the axis ends before, at horizon={end:g}. Remedy: horizon={at:g}"
        )
    return end, at


def at_risk_below(
    ax: Axes,
    groups: Sequence[tuple[str, pd.DataFrame]],
    time: str,
    ticks: np.ndarray,
    entry: str | None = None,
    colours: Sequence[str] = COLOURS,
) -> float:
    """Write how many are still followed at each time; return the inches of the names.

    At risk at t is who entered before t and was followed until t or longer, as in R wherever
    its curve has a time; at the start, who entered at the start.
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
            entered = (begin < tick - near) | (begin == 0)
            number = int((entered & (end >= tick - near)).sum())
            ax.text(tick, place, f"{number}", ha="center", va="center_baseline", color=colours[i])
    ax.xaxis.set_visible(False)
    ax.tick_params(axis="y", length=0, pad=18)
    sns.despine(ax=ax, left=True, bottom=True)
    return width(names) + 0.3


def timeline(
    data: pd.DataFrame,
    time: str,
    groups: Sequence[tuple[str, pd.DataFrame]],
    *,
    unit: str,
    read_at: float | None,
    horizon: float | None,
    ticks: Sequence[float] | None,
    entry: str | None = None,
    colours: Sequence[str] = COLOURS,
) -> tuple[Axes, float, float]:
    """Axes for curves over time, with the numbers at risk below.

    Returns the axes, the time at which they end, and the inches to leave on their left.
    """
    end, at = check_times(float(data[time].max()), unit, read_at, horizon)
    wanted = (
        MaxNLocator(6, steps=[1, 2, 3, 5, 6, 10]).tick_values(0, end)
        if ticks is None
        else [require_scalar(tick, "ticks") for tick in np.atleast_1d(ticks).tolist()]
    )
    shown = np.unique([tick for tick in wanted if 0 <= tick <= end + tolerance(np.array([end]))])
    lines = sum(len(fill(name, 15).splitlines()) or 1 for name, _ in groups)
    _, (ax, below) = axes(2.9, 0.19 * (lines + 1), gap=0.5)
    ax.set(xlim=(0, end), xticks=shown, xlabel=unit)
    ax.tick_params(labelbottom=True)
    left = at_risk_below(below, groups, time, shown, entry, colours)
    if at is not None:
        ax.axvline(at, color=GREY, linewidth=0.8, linestyle=(0, (1, 3)), zorder=0)
    return ax, end, max(left, 0.7)


def name_and_finish(
    ax: Axes, names: Sequence[str], ends: Sequence[tuple[float, float]], finding: str, left: float
) -> Axes:
    return finish(ax, finding, left=left, right=name_ends(ax, names, ends), bottom=0.1)


def draw_curves(
    data: pd.DataFrame,
    time: str,
    groups: Sequence[tuple[str, pd.DataFrame]],
    curves: Curves,
    column: str,
    *,
    said: Any,
    label: str,
    opening: str,
    unit: str,
    read_at: float,
    colon: str = "",
    **timing: Any,
) -> Axes:
    """Draw step curves with bands above the numbers at risk, and read them at `read_at`.

    `column` is that of the curves' tables; survival starts at 1, all else at 0.
    """
    read_at = require_scalar(read_at, "read_at")
    ax, end, left = timeline(data, time, groups, unit=unit, read_at=read_at, **timing)
    start = float(column == "survival")
    ends = [
        draw_curve(ax, curve, column, start, min(end, last), i)
        for i, (_, last, curve) in enumerate(curves)
    ]
    parts = [
        (f"{name}{colon} " if name else "")
        + read_curve(curve, column, read_at, last, start, unit, said)
        for name, last, curve in curves
    ]
    ax.set(ylim=(0, 1.02 if start else None), ylabel=label)
    if said is share:
        percent(ax)
    finding = f"{opening} {plain(read_at, 6)} {unit}: {'; '.join(parts)}. {BANDS}"
    return name_and_finish(ax, [name for name, _, _ in curves], ends, finding, left)


@picture
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
    when: Any = {"unit": unit, "read_at": read_at, "horizon": horizon, "ticks": ticks}
    own = isinstance(free, Mapping)
    if isinstance(free, Mapping):
        labels = {name_of(key): label for key, label in free.items()}
        groups = [(labels.get(name, name), part) for name, part in groups]
    state = "of people" if own else free or f"free of {outcome}"
    return draw_curves(
        data,
        time,
        groups,
        [
            (name, part[time].max(), survival.kaplan_meier(part, time, event, entry=entry))
            for name, part in groups
        ],
        "survival",
        said=share,
        label=f"share {state}",
        opening="At" if own else f"Share {state} at",
        colon=":",
        **when,
        entry=entry,
    )


@picture
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
    check_causes(data, event, causes)
    groups = groups_of(data, by)
    when: Any = {"unit": unit, "read_at": read_at, "horizon": horizon, "ticks": ticks}
    curves = [
        (", ".join(filter(None, [group, name])), known_to, curve)
        for group, part in groups
        for name, known_to, curve in _incidences(part, time, event, causes, naive)
    ]
    if len(curves) > len(COLOURS):
        raise ValueError(
            f"causes: {len(curves)} curves, and no more than {len(COLOURS)} can be told apart. "
            f"Remedy: causes={dict(list(causes.items())[:1])}{'; naive=False' if naive else ''}"
        )
    return draw_curves(
        data,
        time,
        groups,
        curves,
        "incidence",
        said=share,
        label="share that has had the event",
        opening="By",
        **when,
        colours=[GREY] * len(groups),
    )


def check_causes(data: pd.DataFrame, event: str, causes: Mapping[int, str]) -> None:
    """Raise ValueError unless `causes` names codes of causes: whole numbers from 1."""
    codes = sorted({int(code) for code in data[event].unique()} - {0})
    remedy = f"causes={ {code: f'cause {code}' for code in codes or [1]} }"
    if not isinstance(causes, Mapping) or not causes:
        raise ValueError(f"causes={causes!r}: name each code in {event!r}. Remedy: {remedy}")
    for code, name in causes.items():
        if isinstance(code, str) or not code >= 1 or code % 1 or not name:
            raise ValueError(
                f"causes: {code!r} with the name {name!r}; a code is a whole number from 1 and has "
                f"a name, column {event!r} holds {codes}. Remedy: {remedy}"
            )


def _incidences(
    part: pd.DataFrame, time: str, event: str, causes: Mapping[int, str], naive: bool
) -> Curves:
    """Curve of each cause; where nobody is left without an event it is known for ever."""
    last = part[time].max()
    known_to = np.inf if (part[event] > 0)[part[time] == last].all() else last
    nobody = pd.DataFrame(columns=["time", "cause", "incidence", "lower", "upper"], dtype=float)
    happened = (part[event] > 0).any()
    table = survival.cumulative_incidence(part, time, event) if happened else nobody
    curves = [(name, known_to, table[table["cause"] == code]) for code, name in causes.items()]
    if naive:
        code, name = next(iter(causes.items()))
        alone = part.assign(**{event: (part[event] == code).astype(int)})
        wrong = survival.kaplan_meier(alone, time, event)
        wrong = wrong.assign(
            incidence=1 - wrong["survival"], lower=1 - wrong["upper"], upper=1 - wrong["lower"]
        )
        curves.append((f"{name}, 1 - Kaplan-Meier", last, wrong))
    return curves


@picture
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
    require_columns(data, [time, event, *as_list(id), entry, *as_list(by)])
    rows = data[require_numbers(data, entry) != require_numbers(data, time)]
    require_follow_up(rows, time, event, entry=entry, by=by)
    require_groups(rows, id)
    groups = groups_of(rows, by)
    when: Any = {"unit": unit, "read_at": read_at, "horizon": horizon, "ticks": ticks}
    return draw_curves(
        rows,
        time,
        groups,
        [
            (name, part[time].max(), survival.mean_cumulative_count(part, time, event, id, entry))
            for name, part in groups
        ],
        "mean_count",
        said=count,
        label=f"mean {outcome} per person",
        opening=f"Mean {outcome} per person by",
        **when,
        entry=entry,
    )


@picture
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
    check_causes(data, event, causes)
    names = [*causes.values(), free]
    unnamed = sorted({int(code) for code in data[event].unique()} - {0, *causes})
    if unnamed:
        named = {**causes, unnamed[0]: "its name"}
        raise ValueError(f"column {event!r}: {unnamed[0]} has no name. Remedy: causes={named}")
    if len(names) > len(COLOURS):
        raise ValueError(
            f"causes: {len(names)} fates with {free!r}, and no more than {len(COLOURS)} can be "
            f"told apart. Remedy: data[{event!r}] = data[{event!r}].clip(upper={len(COLOURS) - 1})"
            f"; causes={dict(list(causes.items())[: len(COLOURS) - 1])}  # joins the last ones"
        )
    read_at = require_scalar(read_at, "read_at")
    when: Any = {"unit": unit, "read_at": read_at, "horizon": horizon, "ticks": ticks}
    table = survival.cumulative_incidence(data, time, event)
    ax, end, left = timeline(data, time, [("", data)], colours=[GREY], **when)
    stop = min(end, data[time].max())
    grid = np.unique(np.concatenate([[0.0], table.loc[table["time"] <= stop, "time"], [stop]]))
    moments = np.append(grid, read_at)
    floor, ends, parts = np.zeros(len(moments)), [], []
    for i, name in enumerate(names):
        if i < len(causes):
            part = table[table["cause"] == list(causes)[i]]
            height = step(part["time"].to_numpy(), part["incidence"].to_numpy(float), moments, 0)
        else:
            height = 1 - floor
        top = floor + height
        area: dict[str, Any] = {
            "facecolor": TINTS[i],
            "edgecolor": COLOURS[i],
            "hatch": HATCHES[i - len(causes)],
        }
        ax.fill_between(grid, floor[:-1], top[:-1], step="post", linewidth=0.8, **area)
        ends.append((stop, (floor[-2] + top[-2]) / 2))
        parts.append(f"{share(abs(height[-1]))} {name}")
        floor = top
    ax.set(ylim=(0, 1), ylabel="share of people")
    percent(ax)
    finding = f"Of everybody, at {plain(read_at, 6)} {unit}: {'; '.join(parts)}."
    return name_and_finish(ax, names, ends, finding, left)


@picture
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
    fits = [survival.mixture_cure(part, time, event).iloc[0] for _, part in groups]
    ax, end, left = timeline(
        data, time, groups, unit=unit, read_at=None, horizon=horizon, ticks=ticks
    )
    ax.set(ylim=(0, 1.02), ylabel=f"share free of {outcome}")
    percent(ax)
    ends, parts = [], []
    for i, ((name, part), fit) in enumerate(zip(groups, fits)):
        steps = survival.kaplan_meier(part, time, event)
        draw_curve(ax, steps, "survival", 1, min(end, part[time].max()), i, band=False)
        x = np.linspace(0, end, 200)
        y = fit["cure"] + (1 - fit["cure"]) * np.exp(-((x / fit["scale"]) ** fit["shape"]))
        ax.plot(x, y, color=TINTS[i], linewidth=7, zorder=1)
        ax.axhline(fit["cure"], color=COLOURS[i], linewidth=1, linestyle=":")
        ends.append((end, y[-1]))
        said = share(*fit[["cure", "lower", "upper"]].astype(float))
        parts.append(
            f"{name + ': ' if name else ''}fitted cured share {said}, "
            f"last Kaplan-Meier value {share(steps['survival'].iloc[-1])}"
        )
    finding = (
        f"{first_capital('; '.join(parts))}. Steps: what was seen; pale: the model; "
        "dotted: its plateau. The share depends on the shape that was assumed."
    )
    return name_and_finish(ax, [name for name, _ in groups], ends, finding, left)
