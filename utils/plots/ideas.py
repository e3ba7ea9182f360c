"""Teaching pictures: a few people, their lives as lines, and what a method makes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from utils import survival
from utils.checks import (
    complain,
    optional_numbers,
    require_follow_up,
    require_groups,
    require_numbers,
    require_scalar,
)
from utils.plots._figure import (
    COLOURS,
    GREY,
    INK,
    LINES,
    MARKERS,
    TINTS,
    axes,
    figure_of,
    finish,
    first_capital,
    joined,
    name_ends,
    name_of,
    picture,
    plain,
    width,
)
from utils.plots.follow_up import share

LANE = 0.27


def _lives(
    data: pd.DataFrame, time: str, event: str, label: str | None = None, became: str | None = None
) -> pd.DataFrame:
    """Return at most twelve lives, checked; `became` as floats, NaN for who never did."""
    require_follow_up(data, time, event)
    require_groups(data, label)
    if len(data) > 12:
        raise ValueError(
            f"{len(data)} rows: a life each is readable up to 12. "
            "Remedy: data.sample(12, random_state=1)"
        )
    if not data[time].max() > 0:
        raise ValueError(f"column {time!r}: nobody is followed, all times are 0")
    if became is None:
        return data
    return data.assign(
        **{time: require_numbers(data, time)},
        **{event: data[event].astype(int)},
        **{became: optional_numbers(data, became, minimum=0)},
    )


def _lanes(ax: Axes, names: Sequence[object]) -> float:
    """Give each person a lane, the first on top; return the inches of their names."""
    said = [name if len(name) <= 24 else f"{name[:21]}..." for name in map(name_of, names)]
    ax.set(yticks=range(len(said)), yticklabels=said, ylim=(len(said) - 0.5, -0.5))
    ax.tick_params(axis="y", length=0)
    return width(said) + 0.1


def _end(ax: Axes, time: float, y: float, event: float, colour: str) -> None:
    """Mark the end of a life: a cross if it happened, a ring if watching stopped."""
    if event:
        ax.plot(time, y, marker="x", color=colour, markersize=9, markeredgewidth=2.4, zorder=4)
    else:
        ax.plot(time, y, marker="o", color=colour, markersize=8, markerfacecolor="white", zorder=4)


@picture
def swimmer(
    data: pd.DataFrame,
    time: str,
    event: str,
    *,
    outcome: str,
    unit: str,
    label: str | None = None,
    curve: bool = True,
) -> Axes:
    """Draw a few people as lanes (x event, o censored), and the Kaplan-Meier steps they make below.

    Parameters
    ----------
    data : DataFrame
        At most twelve people, a row each.
    time, event : str
        Columns: follow-up; 1 if it ended in the event, 0 if watching stopped.
    outcome : str
        What the event is, for example "recurrence".
    unit : str
        Unit of `time`, for example "years".
    label : str, optional
        Column that names each person; the index if left out.
    curve : bool
        False for the lanes alone, as long as the reader works the steps out by hand.

    Returns
    -------
    Axes
        The lanes (the steps are `.figure.axes[1]`); `.figure.finding` reads each fall.
    """
    data = _lives(data, time, event, label)
    shown = data.sort_values([time, event], ascending=[True, False])
    end = float(data[time].max())
    _, (ax, *below) = axes(LANE * len(shown), *([1.9] if curve else []), gap=0.15)
    left = _lanes(ax, shown.index if label is None else shown[label])
    for y, (stop, happened) in enumerate(zip(shown[time], shown[event])):
        ax.plot([0, stop], [y, y], color=COLOURS[0], linewidth=3, solid_capstyle="butt")
        _end(ax, stop, y, happened, COLOURS[1] if happened else COLOURS[0])
        if happened and curve:
            ax.plot([stop, stop], [y, len(shown)], color=GREY, lw=0.9, ls=":", clip_on=False)
    ax.set_xlim(0, 1.04 * end)
    events = int(data[event].sum())
    finding = (
        f"{len(data)} people: {events} with {outcome} (x), {len(data) - events} watched until "
        "their last visit without it (o)"
    )
    if not curve:
        ax.set_xlabel(unit)
        return finish(ax, f"{finding}.", left=max(left, 0.95))
    ax.tick_params(labelbottom=False, bottom=False)
    ax.spines["bottom"].set_visible(False)
    finding += f"; {_steps_below(below[0], data, time, event, unit)}."
    below[0].set(xlabel=unit, ylabel=f"share free\nof {outcome}")
    return finish(ax, finding, left=max(left, 0.95))


def _steps_below(ax: Axes, data: pd.DataFrame, time: str, event: str, unit: str) -> str:
    """Draw the Kaplan-Meier steps of a few people, and read each fall."""
    curve = survival.kaplan_meier(data, time, event)
    x = np.concatenate([[0], curve["time"], curve["time"].tail(1)])
    heights = np.concatenate([[1], curve["survival"], curve["survival"].tail(1)])
    ax.step(x, heights, where="post", color=INK)
    falls = curve[curve["survival"].diff().fillna(curve["survival"].iloc[0] - 1) < 0]
    for at, height in zip(falls["time"], falls["survival"]):
        ax.plot([at, at], [height, 1.1], color=GREY, lw=0.9, ls=":", clip_on=False)
        ax.text(at, height - 0.03, f" {height:.0%}", va="top", ha="center")
    ax.set_ylim(-0.12, 1.05)
    ax.set_yticks([0, 0.5, 1], ["0%", "50%", "100%"])
    ax.spines[["top", "right"]].set_visible(False)
    drops = [f"{share(s)} after {plain(t, 6)}" for t, s in zip(falls["time"], falls["survival"])]
    return f"the curve falls to {joined(drops)} {unit}" if drops else "the curve does not fall"


@picture
def immortal_time(
    data: pd.DataFrame,
    became: str,
    time: str,
    event: str,
    *,
    what: str,
    outcome: str,
    unit: str,
    start: str = "diagnosis",
    label: str | None = None,
) -> Axes:
    """Draw lives from diagnosis, with the stretch hatched in which nobody in the data could die.

    Parameters
    ----------
    data : DataFrame
        At most twelve people, a row each.
    became : str
        Column with the time from `start` at which a person came into the data or the group, for
        example the day of the specimen; NaN for who never did.
    time, event : str
        Columns: follow-up from `start`; 1 if it ended in the event.
    what : str
        What happened at `became`, for example "specimen".
    outcome : str
        The event, for example "death".
    unit : str
        Unit of the times.
    start : str
        What time 0 is.
    label : str, optional
        Column that names each person; the index if left out.

    Returns
    -------
    Axes
        The lives; `.figure.finding` says how much of the time was guaranteed.

    Raises
    ------
    ValueError
        `became` lies after the end of a person's follow-up.
    """
    data = _lives(data, time, event, label, became)
    late = data[became] > data[time]
    remedy = f"data[~(data[{became!r}] > data[{time!r}])]"
    complain(became, late, data[became], f"comes after {time!r}", remedy)
    _, (ax,) = axes(LANE * 1.15 * len(data))
    left = _lanes(ax, data.index if label is None else data[label])
    for y, (_, row) in enumerate(data.iterrows()):
        since = row[became]
        if since > 0:
            ax.barh(y, since, height=0.55, facecolor="white", edgecolor=COLOURS[1], hatch="////")
        since = 0 if np.isnan(since) else since
        ax.barh(y, row[time] - since, left=since, height=0.55, color=TINTS[0], edgecolor=COLOURS[0])
        if not np.isnan(row[became]):
            ax.plot(row[became], y, marker="D", color=INK, markersize=7, zorder=3)
        _end(ax, row[time], y, row[event], INK)
    ax.barh(0, 0, facecolor="white", edgecolor=COLOURS[1], hatch="////", label="immortal stretch")
    ax.barh(0, 0, color=TINTS[0], edgecolor=COLOURS[0], label="at risk in the data")
    ax.plot([], [], marker="D", color=INK, linestyle="", label=what)
    ax.plot([], [], marker="x", color=INK, ls="", markersize=8, mew=2.4, label=outcome)
    ax.plot(
        [], [], marker="o", color=INK, ls="", mfc="white", markersize=8, label="watching stopped"
    )
    ax.legend(loc="lower left", bbox_to_anchor=(-0.02, 1), ncols=3, frameon=False, columnspacing=1)
    ax.set(xlim=(0, 1.04 * data[time].max()), xlabel=f"{unit} since {start}")
    guaranteed, watched = data[became].sum(), data[time].sum()
    finding = (
        f"{len(data)} people. Between {start} and {what} (hatched) no {outcome} could be recorded: "
        f"who had it earlier never came to the {what}. That stretch is {plain(guaranteed)} of "
        f"the {plain(watched)} {unit} drawn, {guaranteed / watched:.0%}."
    )
    return finish(ax, finding, left=left, top=0.55)


@picture
def dots(
    shares: Mapping[str, float],
    *,
    rest: str,
    who: str,
    when: str,
) -> Axes:
    """Draw one hundred people as marks: how many of them meet each fate.

    Parameters
    ----------
    shares : dict
        Name of each fate and its share (0 to 1); at most five.
    rest : str
        Name of what is left, for example "alive, no new cancer".
    who, when : str
        For example "women" and "ten years after the first cancer".

    Returns
    -------
    Axes
        Ten rows of ten; `.figure.finding` counts them. Shares are rounded so that they add up
        to 100 (largest remainders).

    Raises
    ------
    ValueError
        A share is not between 0 and 1, or together they pass 1.
    """
    if not hasattr(shares, "keys"):
        raise ValueError(f"shares {shares}: name each fate. Remedy: shares={{'died': 0.3}}")
    shares = dict(shares)
    values = pd.to_numeric(pd.Series(shares, dtype=object), errors="coerce").to_numpy(float)
    if not (np.isfinite(values).all() and (values >= 0).all() and values.sum() <= 1 + 1e-9):
        raise ValueError(
            f"shares {shares}: each lies between 0 and 1 and together they are at most 1. "
            "Remedy: divide percent by 100"
        )
    if len(values) > 5:
        raise ValueError(f"{len(values)} fates: at most five can be told apart. Remedy: join some")
    exact = 100 * np.append(values, max(0.0, 1 - values.sum()))
    counts = np.floor(exact + 1e-9).astype(int)
    counts[np.argsort(counts - exact, kind="stable")[: 100 - counts.sum()]] += 1
    names = [*shares, rest]
    looks: list[dict[str, Any]] = [
        {"marker": mark, "color": colour, "markersize": 11, "linestyle": ""}
        for mark, colour in zip("Xs^Dv", (COLOURS[1], COLOURS[0], *COLOURS[2:5]))
    ][: len(values)]
    looks.append({"marker": "o", "color": GREY, "mfc": "none", "markersize": 9, "linestyle": ""})
    _, (ax,) = axes(3.1)
    kinds = np.repeat(np.arange(len(names)), counts)
    top = 0.0
    for i, (name, count, look) in enumerate(zip(names, counts, looks)):
        places = np.flatnonzero(kinds == i)
        ax.plot(places % 10, places // 10, **look)
        said = fill(f"{count}  {name}", 22)
        ax.plot(10.4, top, clip_on=False, **look)
        ax.text(10.9, top, said, va="top" if "\n" in said else "center_baseline")
        top += 0.8 + 0.6 * len(said.splitlines())
    ax.set(xlim=(-0.5, 9.5), ylim=(9.5, -0.5))
    ax.axis("off")
    parts = "; ".join(f"{count} {name}" for name, count in zip(names, counts))
    finding = f"Of 100 {who}, {when}: {parts}."
    return finish(ax, finding, left=0.1, right=2.55, bottom=0.1)


@picture
def two_colourings(
    data: pd.DataFrame,
    became: str,
    time: str,
    event: str,
    *,
    at: float,
    exposed: str,
    unexposed: str,
    outcome: str,
    unit: str,
) -> Axes:
    """Draw the same few lives, sorted by what came later and by what was known at a landmark.

    Parameters
    ----------
    data : DataFrame
        At most twelve people, a row each.
    became : str
        Column with the time at which the exposure began, for example quitting; NaN: never.
    time, event : str
        Columns: follow-up; 1 if it ended in the event.
    at : float
        The landmark, in the unit of `time`.
    exposed, unexposed : str
        Names of the groups, for example "quit" and "smoked on".
    outcome : str
        The event, for example "death".
    unit : str
        Unit of the times, for example "months".

    Returns
    -------
    Axes
        The naive lives above (the landmark's are `.figure.axes[1]`); `.figure.finding` gives
        both sets of rates.
    """
    data = _lives(data, time, event, became=became)
    at = require_scalar(at, "at")
    _, made = axes(LANE * 0.85 * len(data), LANE * 0.85 * len(data), gap=0.42)
    ever = data[became] <= data[time]
    known = (data[became] <= at) & ever
    left = 0.0
    groups = (exposed, unexposed)
    said = []
    for ax, sorted_by, begin, title in (
        (made[0], ever, 0.0, f"naive: '{exposed}' from the start if ever {exposed}"),
        (made[1], known, at, f"landmark: sorted by what was known at {at:g} {unit}"),
    ):
        left = _lanes(ax, data.index)
        for y, (out, (_, row)) in enumerate(zip(~sorted_by, data.iterrows())):
            i = int(out)
            before = min(begin, row[time])
            ax.plot([0, before], [y, y], color=GREY, linewidth=1, linestyle=":")
            if row[time] > begin:
                look: dict[str, Any] = {
                    "color": COLOURS[i],
                    "linewidth": (4, 2)[i],
                    "linestyle": LINES[i],
                }
                ax.plot([begin, row[time]], [y, y], solid_capstyle="butt", **look)
            counted = row[time] > begin
            _end(ax, row[time], y, row[event], COLOURS[i] if counted else GREY)
            if row[became] <= row[time]:
                ax.plot(row[became], y, marker="D", color=INK, markersize=6, zorder=3)
        if begin:
            ax.axvline(begin, color=INK, linewidth=1)
        ax.set_title(title, loc="left", fontsize=10, pad=4)
        after = (data[time] - begin).clip(lower=0)
        rate = [
            f"{name} {int(data.loc[rows & (after > 0), event].sum())} in {plain(after[rows].sum())}"
            for name, rows in zip(groups, (sorted_by, ~sorted_by))
        ]
        said.append(" and ".join(rate))
    for i, name in enumerate(groups):
        made[0].plot([], [], color=COLOURS[i], linewidth=(4, 2)[i], linestyle=LINES[i], label=name)
    made[0].plot([], [], marker="D", color=INK, ls="", markersize=6, label=f"{exposed} now")
    made[0].plot([], [], marker="x", color=INK, ls="", markersize=8, mew=2.4, label=outcome)
    box = (-0.02, 1.0 + 0.25 / figure_of(made[0]).rows[0])
    made[0].legend(loc="lower left", bbox_to_anchor=box, ncols=4, frameon=False, columnspacing=1)
    made[0].tick_params(bottom=False, labelbottom=False)
    made[1].set(xlim=(0, 1.04 * data[time].max()), xlabel=unit)
    made[1].spines[["top", "right"]].set_visible(False)
    finding = (
        f"{len(data)} lives. {first_capital(outcome)}s in {unit} watched: naive, {said[0]}; "
        f"from the landmark at {at:g}, {said[1]}. The naive way gives the group '{exposed}' the "
        f"time before the mark, in which no {outcome} of theirs can lie."
    )
    return finish(made[0], finding, left=left, top=0.55)


@picture
def luck_walk(
    baseline: pd.DataFrame,
    draws: Sequence[float],
    *,
    outcome: str,
    unit: str,
    times: float = 1.0,
) -> Axes:
    """Draw a number, walk along the cumulative hazard until it is used up: that is the time.

    Parameters
    ----------
    baseline : DataFrame
        time and cumulative_hazard, as from `utils.baseline_hazard`.
    draws : list of float
        Numbers between 0 and 1, one for each life of the same risk; at most six. -log(draw) is
        how much hazard that life can take.
    outcome : str
        The event, for example "recurrence".
    unit : str
        Unit of the times.
    times : float
        Hazard ratio of these people against the baseline.

    Returns
    -------
    Axes
        The cumulative hazard with a walk per draw; `.figure.finding` says where each ends.

    Raises
    ------
    ValueError
        A draw does not lie between 0 and 1.

    Notes
    -----
    If U is uniform, the T with H(T) = -log(U) has the survival function exp(-H(t)).
    """
    times = require_scalar(times, "times", positive=True)
    reached = require_numbers(baseline, "time")
    hazard = require_numbers(baseline, "cumulative_hazard") * times
    for name, values, strict in (("time", reached, True), ("cumulative_hazard", hazard, False)):
        falls = np.append(False, np.diff(values) <= 0 if strict else np.diff(values) < 0)
        remedy = "data = data.sort_values('time')  # and one group alone"
        complain(name, falls, baseline[name], "does not rise from row to row", remedy)
    if not hazard[-1] > 0:
        raise ValueError("column 'cumulative_hazard': it stays 0, nothing happens")
    numbers = pd.to_numeric(pd.Series(np.atleast_1d(draws)), errors="coerce").to_numpy(float)
    if not ((numbers > 0) & (numbers < 1)).all() or not 0 < len(numbers) <= len(COLOURS):
        raise ValueError(
            f"draws {draws}: one to six numbers between 0 and 1. "
            "Remedy: np.random.default_rng(1).uniform(size=3)"
        )
    end = reached[-1]
    _, (ax,) = axes(3.1)
    ax.step(np.append(0, reached), np.append(0, hazard), where="post", color=INK)
    top = max(1.05 * hazard[-1], min(1.1 * -np.log(numbers).min(), 2 * hazard[-1]))
    ax.set(xlim=(0, end), ylim=(0, top), xlabel=unit, ylabel=f"cumulative hazard of {outcome}")
    ends, names, said = [], [], []
    for i, number in enumerate(numbers):
        budget = -np.log(number)
        place = np.searchsorted(hazard, budget)
        inside = place < len(reached)
        stop = reached[place] if inside else end
        height = min(budget, 0.98 * top)
        ax.plot([0, stop], [height, height], color=COLOURS[i], linestyle=LINES[i], linewidth=1.3)
        if inside:
            ax.plot([stop, stop], [0, height], color=COLOURS[i], linestyle=LINES[i], linewidth=1.3)
            ax.plot(
                stop, 0, marker=MARKERS[i], color=COLOURS[i], markersize=9, clip_on=False, zorder=4
            )
        when = f"{plain(stop)} {unit}" if inside else f"not by {plain(end)} {unit}"
        names.append(f"{number:.2f}: {when}")
        ends.append((stop, height))
        said.append(f"draw {number:.2f} gives {when}")
    right = name_ends(ax, names, ends)
    finding = (
        f"{first_capital(outcome)} in {len(numbers)} lives of one and the same risk: "
        f"{'; '.join(said)}. Each walks along the curve until -log(draw) is used up; only the "
        "draw differs."
    )
    return finish(ax, finding, left=0.75, right=right)
