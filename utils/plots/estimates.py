"""Figures of estimates: rates by period, forests, values beside thresholds, calibration."""

from __future__ import annotations

import re
from collections.abc import Sequence
from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from utils.checks import (
    as_list,
    complain,
    optional_numbers,
    require_columns,
    require_event,
    require_groups,
    require_intervals,
    require_numbers,
    require_scalar,
)
from utils.plots._figure import (
    CARD,
    COLOURS,
    FAINT,
    GREY,
    HATCHES,
    INK,
    LINE,
    LINES,
    MARKERS,
    TINTS,
    axes,
    class_names,
    finish,
    first_capital,
    groups_of,
    joined,
    name_ends,
    name_of,
    picture,
    plain,
    width,
)
from utils.report import interval, number

BARS = "Bars are 95% intervals."
FEW = 2  # groups whose bands can still be told apart


def drawn_to(table: pd.DataFrame, estimate: str, upper: str, *others: float) -> np.ndarray:
    """Where each interval ends on paper: an infinite limit a third beyond all else there is."""
    ends = table[[estimate, upper]].to_numpy()
    return table[upper].clip(upper=1.3 * max(ends[np.isfinite(ends)].max(), *others)).to_numpy()


def draw_interval(
    ax: Axes, row: pd.Series, lower: str, upper: str, end: float, y: int, **look: Any
):
    """Draw an interval in row `y`, with an arrow where it has no end."""
    ax.plot([row[lower], end], [y, y], **look)
    if np.isinf(row[upper]):
        ax.plot(end, y, marker=">", color=look["color"], markersize=6)


def time_spans(labels: Sequence[str]) -> list[tuple[float, float]] | None:
    """Begin and end of periods that follow on one another ('0-2', '2-5', '5+'), else None.

    An open last period is drawn as long as the one before it.
    """
    number = r"(\d+(?:\.\d+)?)"
    spans: list[tuple[float, float]] = []
    for label in labels:
        closed = re.fullmatch(rf"{number}\s*(?:-|–|to)\s*{number}(?: \D+)?", label)
        is_open = re.fullmatch(rf"{number}\s*\+(?: \D+)?", label)
        if closed:
            spans.append((float(closed[1]), float(closed[2])))
        elif is_open and spans and label == labels[-1]:
            begin = float(is_open[1])
            spans.append((begin, begin + spans[-1][1] - spans[-1][0]))
        else:
            return None
    follow = all(before[1] == after[0] for before, after in zip(spans, spans[1:]))
    return spans if len(spans) > 1 and follow and all(a < b for a, b in spans) else None


@picture
def rates(
    table: pd.DataFrame,
    period: str,
    by: str | Sequence[str] | None = None,
    *,
    outcome: str,
    per: str,
    unit: str | None = None,
    log: bool = False,
) -> Axes:
    """Draw rates with their intervals, by period of time or another ordered class.

    Periods of time that follow on one another ("0-2", "2-5", "10+") are drawn as steps on a
    true axis of time, since the rate is one number for the whole period; other classes as marks.

    Parameters
    ----------
    table : DataFrame
        The rows of `utils.rates`: `period`, [by], rate, lower, upper, in the order to be drawn.
    period, by : str
        Columns.
    outcome : str
        What is counted, for example "recurrences".
    per : str
        Unit of the rate, for example "per 100 person-years".
    unit : str, optional
        Name of the axis, for example "years since surgery"; the column's name if left out.
    log : bool
        Log scale for the rate.

    Returns
    -------
    Axes
        The rates; `.figure.finding` reads the first and the last of each group.
    """
    require_columns(table, [period, *as_list(by), "rate", "lower", "upper"])
    table = require_intervals(table, "rate", "lower", "upper", log="log=False" if log else "")
    table = table.assign(drawn=drawn_to(table, "rate", "upper", 0))
    order, groups = by_period(table, period, by)
    spans = time_spans(order)
    _, (ax,) = axes(3.1)
    ax.set(
        xlabel=unit or period.replace("_", " "),
        ylabel=f"{outcome} {per}",
        ylim=(None, None) if log else (0, 1.06 * _highest(table)),
    )
    if log:
        ax.set_yscale("log")
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_minor_formatter("{x:g}")  # few decades: the marks between them are read too
        known = table[["lower", "rate"]].to_numpy(float)
        ax.set_ylim(0.8 * known[known > 0].min(), 1.2 * _highest(table))
    if spans:
        edges = [spans[0][0], *(end for _, end in spans)]
        opened = order[-1].rstrip().endswith("+")
        names = [f"{edge:g}" for edge in edges]
        ax.set(xlim=(edges[0], edges[-1]), xticks=edges)
        ax.set_xticklabels([*names[:-1], "later"] if opened else names)
        below = LINE
    else:
        ax.set_xlim(-0.4, len(order) - 0.6)
        below = class_names(ax, order, 12)
    ends = []
    for i, (_, part) in enumerate(groups):
        if spans:
            ends.append(_steps(ax, part, order, spans, i, len(groups)))
        else:
            ends.append(_marks(ax, part, order, i, len(groups)))

    def said(row: pd.Series) -> str:
        exact = row["lower"] == row["upper"] or row[["lower", "upper"]].isna().any()
        limits = "" if exact else f" ({plain(row['lower'])} to {plain(row['upper'])})"
        return f"{plain(row['rate'])}{limits} in {row.name}"

    parts = [
        f"{name + ' ' if name else ''}from {said(part.iloc[0])} to {said(part.iloc[-1])}"
        if len(part) > 1
        else f"{name + ' ' if name else ''}{said(part.iloc[0])}"
        for name, part in groups
    ]
    right = name_ends(ax, [name for name, _ in groups], ends)
    shown = "Bands are 95% intervals." if spans and len(groups) <= FEW else BARS
    finding = f"{first_capital(outcome)} {per}: {'; '.join(parts)}. {shown}"
    return finish(ax, finding, left=0.4 + tick_width(ax), right=right, bottom=0.33 + below)


def by_period(
    table: pd.DataFrame, period: str, by: str | Sequence[str] | None
) -> tuple[list[str], list[tuple[str, pd.DataFrame]]]:
    """Periods in their order, and each group's rows by period.

    The order is that of their category or of time; else that of the table.
    """
    require_groups(table, period)
    if isinstance(table[period].dtype, pd.CategoricalDtype):
        table = table.sort_values(period)
    order = list(dict.fromkeys(table[period].map(name_of)))
    starts = [re.match(r"\d+(?:\.\d+)?", name) for name in order]
    if all(starts):
        in_time = sorted(order, key=lambda name: float(starts[order.index(name)][0]))  # type: ignore[index]
        order = in_time if time_spans(in_time) else order
    groups = []
    for name, part in groups_of(table, by):
        labels = part[period].map(name_of)
        complain(
            period,
            labels.duplicated().to_numpy(),
            part[period],
            "the period is there twice in a group, name the groups in by=",
            f"data = data.drop_duplicates({[*as_list(by), period]})  # keeps the first of each",
        )
        part = part.set_axis(labels, axis=0)
        groups.append((name, part.loc[[label for label in order if label in part.index]]))
    return order, groups


def _highest(table: pd.DataFrame) -> float:
    return float(np.nanmax(table[["rate", "drawn"]].to_numpy(float))) or 1.0


def tick_width(ax: Axes) -> float:
    """Inches that the labels of the y axis take."""
    return width(ax.yaxis.get_major_formatter().format_ticks(list(ax.get_yticks())))


def _steps(
    ax: Axes, part: pd.DataFrame, order: list[str], spans: list, i: int, count: int
) -> tuple[float, float]:
    """Draw one group's rates as steps with bars, and bands; return where the last one ends."""
    floor = ax.get_ylim()[0]
    every = part.reindex(order)  # a period that a group lacks leaves a gap in its line
    for (begin, end), (_, row) in zip(spans, every.iterrows()):
        if count <= FEW:
            band = [row["lower"], row["drawn"]]
            ax.fill_between([begin, end], *band, color=COLOURS[i], alpha=0.15, linewidth=0)
        middle = begin + (end - begin) * (i + 1) / (count + 1)
        ax.plot(
            [middle, middle], [max(row["lower"], floor), row["drawn"]], color=COLOURS[i], lw=0.9
        )
    x, y = np.ravel(spans), np.repeat(every["rate"].to_numpy(float), 2)
    ax.plot(x, y, color=COLOURS[i], linestyle=LINES[i], linewidth=2)
    return x[~np.isnan(y)][-1], y[~np.isnan(y)][-1]


def _marks(
    ax: Axes, part: pd.DataFrame, order: list[str], i: int, count: int
) -> tuple[float, float]:
    """Draw one group's rates as marks with bars; return where the last one stands."""
    x = np.array([order.index(name) for name in part.index]) + 0.12 * (i - (count - 1) / 2)
    reach = [part["rate"] - part["lower"], part["drawn"] - part["rate"]]
    # no line between marks: unlike classes have nothing in between
    look: dict[str, Any] = {"color": COLOURS[i], "linestyle": "none", "marker": MARKERS[i]}
    ax.errorbar(x, part["rate"], yerr=reach, capsize=4, elinewidth=1.2, **look)
    return x[-1], part["rate"].iloc[-1]


def label_rows(ax: Axes, labels: Sequence[str], chars: int) -> float:
    """Write labels beside rows 0, 1, ... from the top; return the inches they take."""
    wrapped = [fill(str(label), chars) for label in labels]
    ax.set(yticks=range(len(labels)), yticklabels=wrapped, ylim=(len(labels) - 0.5, -0.5))
    ax.tick_params(axis="y", length=0)
    return width(wrapped) + 0.1


def row_height(labels: Sequence[str], chars: int, least: int = 1) -> float:
    """Inches of a row that holds the tallest of these labels."""
    return 0.1 + LINE * max([least, *(len(fill(str(x), chars).splitlines()) for x in labels)])


@picture
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
    digits: int = 2,
) -> Axes:
    """Draw estimates with their 95% intervals, one row each, beside a line of no difference.

    Parameters
    ----------
    table : DataFrame
        A row per estimate, drawn from top to bottom.
    label, estimate : str
        Columns.
    measure : str
        What the number is and which way it points, for example
        "hazard ratio of death, quit v continued".
    lower, upper : str
        Columns; where one is missing, the estimate stands alone.
    kind : str, optional
        Column; rows that say "pooled" are drawn as diamonds and read out in the caption,
        rows that say "prediction" as a dotted line, rows that say "context" hollow.
    null : float
        Where the line of no difference stands.
    log : bool
        Log scale.
    digits : int
        Decimals, for example 3 where an interval ends at 0.996.

    Returns
    -------
    Axes
        The rows; `.figure.finding` reads them.
    """
    require_columns(table, [label, estimate, lower, upper, *as_list(kind)])
    require_groups(table, label)
    if log:
        null = require_scalar(null, "null", positive=True)
    kinds = ["study"] * len(table) if kind is None else list(table[kind])
    predicted = np.array([style == "prediction" for style in kinds])
    table = table.assign(**{estimate: table[estimate].mask(predicted, table[lower])})
    table = require_intervals(table, estimate, lower, upper, log="log=False" if log else "")
    ends = drawn_to(table, estimate, upper, null)
    row_inches = row_height(table[label], 26)
    _, (ax,) = axes(row_inches * len(table))
    if log:
        ax.set_xscale("log")
    ax.axvline(null, color=GREY, linewidth=1, linestyle="--", zorder=0)
    texts = []
    for y, (style, (_, row)) in enumerate(zip(kinds, table.iterrows())):
        colour = COLOURS[1] if style == "pooled" else INK
        line: dict[str, Any] = {"linewidth": 2.5 if style == "pooled" else 1.3, "color": colour}
        line["linestyle"] = ":" if style == "prediction" else "-"
        draw_interval(ax, row, lower, upper, ends[y], y, **line)
        if style == "prediction":
            texts.append(f"{number(row[lower], digits)} to {number(row[upper], digits)}")
        else:
            texts.append(interval(row[estimate], row[lower], row[upper], digits))
            ax.plot(
                row[estimate],
                y,
                marker="D" if style == "pooled" else "s",
                color=colour,
                markerfacecolor="none" if style == "context" else colour,
                markersize=8 if style == "pooled" else 6,
            )
        ax.text(1.03, y, texts[-1], transform=ax.get_yaxis_transform(), va="center")
    left = label_rows(ax, table[label], 26)
    ax.set_xlabel(fill(measure, 48))
    if log:
        _plain_log_ticks(ax)
    finding = _forest_finding(table, kinds, texts, label, estimate, lower, upper, null, digits)
    return finish(
        ax,
        f"{first_capital(measure)}: {finding}. {BARS}",
        left=left,
        right=width(texts) + 0.2,
        bottom=0.33 + LINE * len(fill(measure, 48).splitlines()),
    )


def _plain_log_ticks(ax: Axes) -> None:
    """Put plain numbers on a log axis: as many as leave room for each other."""
    low, high = np.log10(ax.get_xlim())
    decades = 10.0 ** np.arange(-12, 13)
    choices: list[Any] = [
        np.round(np.arange(0.5, 2, 0.05), 2),
        np.round(np.arange(0.1, 4, 0.1), 1),
        [0.3, 0.5, 0.7, 0.85, 1, 1.2, 1.5, 2, 3],
        [0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10],
        np.outer(decades, [1, 2, 5]).ravel(),
        np.outer(decades, [1, 3]).ravel(),
        decades,
        decades[::2],
        decades[::4],
        decades[::8],
    ]
    inside = [[tick for tick in ticks if low <= np.log10(tick) <= high] for ticks in choices]
    roomy = [
        ticks
        for ticks in inside
        if np.diff(np.log10(ticks)).min(initial=99)
        > (0.2 if any(len(f"{tick:g}") > 4 for tick in ticks) else 0.11) * (high - low)
    ]
    best = max(roomy, key=len, default=[])
    ax.set_xticks(best, [f"{tick:g}" for tick in best])
    ax.minorticks_off()


def _forest_finding(
    table: pd.DataFrame,
    kinds: Sequence[str],
    texts: Sequence[str],
    label: str,
    estimate: str,
    lower: str,
    upper: str,
    null: float,
    digits: int,
) -> str:
    rows = [f"{name} {text}" for name, text in zip(table[label], texts)]
    plain = [style not in ("pooled", "prediction") for style in kinds]
    studies = table[plain]
    if len(studies) <= 3:
        parts = [row for row, is_study in zip(rows, plain) if is_study]
    else:
        known = studies.dropna(subset=[lower, upper])
        clear = int(((known[lower] > null) | (known[upper] < null)).sum())
        parts = [
            f"{len(studies)} estimates from {number(studies[estimate].min(), digits)} to "
            f"{number(studies[estimate].max(), digits)}, {clear} with an interval clear of {null:g}"
        ]
        if len(known) < len(studies):
            parts[0] += f", {len(studies) - len(known)} without an interval"
    parts += [row for kind in ("pooled", "prediction") for row, k in zip(rows, kinds) if k == kind]
    return "; ".join(parts)


@picture
def intervals_with_zones(
    table: pd.DataFrame,
    label: str,
    estimate: str,
    *,
    conclusion: str,
    measure: str,
    margin: float,
    direction: str = "lowers",
    lower: str = "lower",
    upper: str = "upper",
    digits: int = 2,
) -> Axes:
    """Draw intervals of a ratio on one axis, over the zones from which a conclusion is read.

    Parameters
    ----------
    table : DataFrame
        A row per estimate, drawn from top to bottom.
    label, estimate : str
        Columns.
    conclusion : str
        Column with what the rule reads from each; written beside it.
    measure : str
        What the ratio is.
    margin : float
        The smallest effect that matters: below 1 if the claim says "lowers", above 1 if "raises".
    direction : str
        What the claim says: "lowers" or "raises".
    lower, upper : str
        Columns.
    digits : int
        Decimals.

    Returns
    -------
    Axes
        The intervals; `.figure.finding` reads each with its conclusion.

    Raises
    ------
    ValueError
        The margin does not lie on the claimed side of 1.
    """
    require_groups(table, [label, conclusion])
    positive = f"data = data[(data[{estimate!r}] > 0) & ~(data[{lower!r}] < 0)]"
    table = require_intervals(table, estimate, lower, upper, log=positive)
    if direction not in ("lowers", "raises"):
        raise ValueError(f"direction {direction!r}: choose 'lowers' or 'raises'")
    down = direction == "lowers"
    if isinstance(margin, str) or not (0 < margin < 1 if down else margin > 1):
        remedy = 0.9 if down else 1.11
        raise ValueError(f"margin={margin!r} is not on the side of {direction!r}: margin={remedy}")
    texts = [
        interval(*numbers, digits=digits)
        for numbers in zip(table[estimate], table[lower], table[upper])
    ]
    wrapped = [
        f"{fill(str(name), 24)}\n{fill(text, 24)}" for name, text in zip(table[label], texts)
    ]
    said = [fill(str(text), 18) for text in table[conclusion]]
    row_inches = 0.16 + LINE * max(text.count("\n") + 1 for text in [*wrapped, *said])
    _, (ax,) = axes(row_inches * len(table))
    ends = drawn_to(table, estimate, upper, 1)
    known = np.append(table[[estimate, lower]].to_numpy().ravel(), ends)
    known = np.append(known[known > 0], [margin, 1 / margin])
    low, high = known.min() / 1.15, known.max() * 1.15
    ax.set(xscale="log", xlim=(low, high))
    far, small, other = (
        ((low, margin), (margin, 1), (1, high)) if down else ((margin, high), (1, margin), (low, 1))
    )
    ax.axvspan(*far, facecolor=TINTS[0], alpha=0.6, linewidth=0)
    ax.axvspan(*small, facecolor=FAINT, edgecolor=GREY, hatch="////", linewidth=0)
    ax.axvline(1, color=INK, linewidth=1)
    zones = [
        ("claimed side", far, 0.06),
        ("other side", other, 0.06),
        ("too small to matter", small, 0.3),
    ]
    for name, (a, b), tier in zones:
        ax.annotate(
            name,
            (np.sqrt(a * b), 1),
            xycoords=ax.get_xaxis_transform(),
            xytext=(0, tier * 72),
            textcoords="offset points",
            ha="center",
            va="bottom",
            color=COLOURS[0] if name == "claimed side" else INK,
            arrowprops={"arrowstyle": "-", "color": GREY, "lw": 0.8} if tier > 0.1 else None,
        )
    for y, (_, row) in enumerate(table.iterrows()):
        draw_interval(ax, row, lower, upper, ends[y], y, color=INK, linewidth=1.8)
        ax.plot(row[estimate], y, marker="s", color=INK, markersize=7)
        ax.text(1.03, y, said[y], transform=ax.get_yaxis_transform(), va="center", weight="bold")
    ax.set(yticks=range(len(table)), yticklabels=wrapped, ylim=(len(table) - 0.5, -0.5))
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel(fill(measure, 44))
    _plain_log_ticks(ax)
    read = [
        f"{name} {text}: {says}" for name, text, says in zip(table[label], texts, table[conclusion])
    ]
    word = "at most" if down else "at least"
    finding = f"The claim says {direction}; an effect matters if it is {word} {margin:g}. "
    return finish(
        ax,
        finding + f"{'; '.join(read)}.",
        left=width(wrapped) + 0.1,
        right=width(said, weight="bold") + 0.2,
        top=0.5,
        bottom=0.33 + LINE * len(fill(measure, 44).splitlines()),
    )


@picture
def value_and_threshold(
    table: pd.DataFrame,
    label: str,
    value: str,
    threshold: float,
    *,
    measure: str,
    lower: str = "lower",
    upper: str = "upper",
    share: bool = False,
) -> Axes:
    """Draw values with their intervals beside the threshold that they are held against.

    Parameters
    ----------
    table : DataFrame
        A row a value, drawn from top to bottom.
    label, value : str
        Columns.
    threshold : float
        In the unit of the values, 0 or above.
    measure : str
        What the values are, for example "share of people".
    lower, upper : str
        Columns; a value without both stands alone.
    share : bool
        True if the values are shares, to be written in percent.

    Returns
    -------
    Axes
        A row a value; `.figure.finding` says how many intervals lie above the threshold.
    """
    require_groups(table, label)
    table = require_intervals(table, value, lower, upper)
    bar = require_scalar(threshold, "threshold")

    def said(number: float) -> str:
        return f"{plain(100 * number)}%" if share and number < np.inf else plain(number)

    _, (ax,) = axes(row_height(table[label], 26) * len(table))
    ax.axvline(bar, color=COLOURS[1], linewidth=2, linestyle="--")
    ends = drawn_to(table, value, upper, bar)
    known = table[lower].notna() & table[upper].notna()
    texts = []
    for y, (end, whole, (_, row)) in enumerate(zip(ends, known, table.iterrows())):
        draw_interval(ax, row, lower, upper, end, y, color=INK, linewidth=1.8)
        ax.plot(row[value], y, marker="s" if whole else "o", color=INK, markersize=7)
        limits = f" ({said(row[lower])} to {said(row[upper])})" if whole else ""
        texts.append(f"{said(row[value])}{limits}")
        ax.text(1.03, y, texts[-1], transform=ax.get_yaxis_transform(), va="center")
    left = label_rows(ax, table[label], 26)
    ax.set_xlabel(measure)
    if table[[value, lower]].min(axis=None) >= 0:
        ax.set_xlim(left=0)
    if share:
        ax.xaxis.set_major_formatter(PercentFormatter(1))
    name = f"threshold {said(bar)}"
    ax.text(bar, -0.55, name, ha="center", va="bottom", color=COLOURS[1], weight="bold")
    unprinted = f" ({(~known).sum()} have none)" if not known.all() else ""
    read = "; ".join(f"{name} {text}" for name, text in zip(table[label], texts))
    finding = f"{first_capital(measure)}: {read}. {first_capital(name)}: "
    finding += f"{(table[lower] > bar).sum()} of {known.sum()} intervals lie above it{unprinted}."
    return finish(ax, finding, left=left, right=width(texts) + 0.2, top=0.3)


@picture
def hazard_bars(
    table: pd.DataFrame,
    period: str,
    by: str | Sequence[str] | None = None,
    *,
    outcome: str,
    per: str,
    unit: str | None = None,
) -> Axes:
    """Draw the hazard as bars: what happened in each period, per person-time still free of it.

    Parameters
    ----------
    table : DataFrame
        The rows of `utils.rates`: `period`, [by], events, person_time, rate.
    period, by : str
        Columns.
    outcome : str
        What is counted, for example "recurrences".
    per : str
        Unit of the rate, for example "per 100 person-years".
    unit : str, optional
        Name of the axis of time; the column's name if left out.

    Returns
    -------
    Axes
        Bars with the number of events on them; with two groups `.figure.finding` gives the ratio
        of the second to the first rate in each period.
    """
    require_columns(table, [period, *as_list(by), "events", "person_time", "rate"])
    for column in ("events", "person_time", "rate"):
        require_numbers(table, column)
    order, groups = by_period(table, period, by)
    _, (ax,) = axes(3.0)
    wide = 0.82 / len(groups)
    for i, (name, part) in enumerate(groups):
        x = np.array([order.index(p) for p in part.index]) + wide * (i - (len(groups) - 1) / 2)
        look: dict[str, Any] = {
            "color": TINTS[i],
            "edgecolor": COLOURS[i],
            "hatch": HATCHES[i],
            "label": name,
        }
        ax.bar(x, part["rate"], width=0.94 * wide, **look)
        for place, (_, row) in zip(x, part.iterrows()):
            ax.text(
                place, row["rate"], f"{row['events']:g}", ha="center", va="bottom", color=COLOURS[i]
            )
    below = class_names(ax, order, 12)
    ax.set(
        xlabel=unit or period.replace("_", " "),
        ylabel=f"{outcome} {per}",
        ylim=(0, 1.12 * float(table["rate"].max()) or 1),
    )
    if by is not None:
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, frameon=False, borderpad=0)
    finding = f"{first_capital(outcome)} {per}"
    if len(groups) == 2:
        (one, first), (two, second) = groups
        finding += f", {two} v {one}"
        rates_of = [(p, second.rate.get(p), first.rate.get(p)) for p in order]
        said = [
            f"{plain(b)} v {plain(a)} in {p}" + (f", ratio {b / a:.2f}" if a > 0 else "")
            for p, b, a in rates_of
            if a is not None and b is not None
        ]
    else:
        said = [
            f"{name + ' ' if name else ''}{plain(row['rate'])} in {p} ({row['events']:g} in "
            f"{plain(row['person_time'], 4)})"
            for name, part in groups
            for p, row in part.iterrows()
        ]
    top = 0.1 if by is None else 0.35
    finding += f": {'; '.join(said)}. Numbers on the bars are events."
    return finish(ax, finding, left=0.4 + tick_width(ax), top=top, bottom=0.33 + below)


@picture
def excess_by_site(
    table: pd.DataFrame,
    site: str,
    excess: str,
    *,
    per: str,
    who: str,
    same: str | None = None,
) -> Axes:
    """Draw excess new cancers by site, as bars with their share of the whole.

    Parameters
    ----------
    table : DataFrame
        A row per site, without the total.
    site, excess : str
        Columns; `excess` is observed minus expected, per person-time.
    per : str
        Its unit, for example "per 10,000 person-years".
    who : str
        The people, for example "people treated for head and neck cancer".
    same : str, optional
        Column that is True where the site is that of the first cancer: those bars are hatched
        and not counted as another kind.

    Returns
    -------
    Axes
        The bars; `.figure.finding` gives each number and the share of other kinds.
    """
    require_groups(table, site)
    values = require_numbers(table, excess, minimum=None)
    total = float(values.sum())
    if total <= 0:
        raise ValueError(
            f"column {excess!r}: its sum is {total:g}, of which no site has a share. "
            f"Remedy: data = data[data[{excess!r}] > 0]"
        )

    def part_of(value: float) -> str:
        return f"{round(value / total, 2) + 0.0:.0%}"

    row_inches = row_height(table[site], 22)
    _, (ax,) = axes(row_inches * len(table))
    hatched = np.zeros(len(table), bool) if same is None else require_event(table, same) == 1
    texts = []
    for y, (value, alike) in enumerate(zip(values, hatched)):
        i = int(alike)
        ax.barh(y, value, color=TINTS[i], edgecolor=COLOURS[i], hatch=HATCHES[i], height=0.7)
        kind = ", same site" if alike else ""
        texts.append(f"{number(value, 1)} ({part_of(value)}{kind})")
        ax.text(1.03, y, texts[-1], transform=ax.get_yaxis_transform(), va="center")
    left = label_rows(ax, table[site], 22)
    ax.set_xlabel(f"excess {per}")
    parts = [f"{name} {text}" for name, text in zip(table[site], texts)]
    finding = f"Excess new cancers {per} in {who}: {'; '.join(parts)}; {number(total, 1)} in all"
    if same is not None:
        other = float(values[~hatched].sum())
        finding += f", of which {number(other, 1)} ({part_of(other)}) at another site"
    return finish(ax, f"{finding}.", left=left, right=width(texts) + 0.2)


@picture
def composite_parts(
    table: pd.DataFrame,
    label: str,
    part: str,
    events: str,
    *,
    total: str | None = None,
    outcome: str,
) -> Axes:
    """Draw what each composite counted, as stacked bars, or say that it is not printed.

    Parameters
    ----------
    table : DataFrame
        A row per `label` (a trial's arm) and part of its outcome.
    label, part : str
        Columns.
    events : str
        Column with the count of that part; NaN if it was not printed.
    total : str, optional
        Column with the count of the whole outcome (the same in each row of a label), for bars
        whose parts were not printed.
    outcome : str
        What the whole counts, for example "disease-free survival events".

    Returns
    -------
    Axes
        A bar per label; `.figure.finding` reads the parts.
    """
    require_columns(table, [label, part, events, *as_list(total)])
    require_groups(table, [label, part])
    for column in (events, *as_list(total)):
        table = table.assign(**{column: optional_numbers(table, column, minimum=0)})
    bars = [(name, rows) for name, rows in table.groupby(table[label], sort=False, observed=True)]
    parts = list(dict.fromkeys(table[part]))
    if len(parts) > len(COLOURS):
        raise ValueError(
            f"column {part!r}: {len(parts)} parts, no more than {len(COLOURS)} can be told apart. "
            f"Remedy: data = data[data[{part!r}].isin({parts[: len(COLOURS)]})]"
        )
    row_inches = 0.3 + LINE * max(2, *(len(fill(str(name), 18).splitlines()) for name, _ in bars))
    _, (ax,) = axes(row_inches * len(bars))
    said = []
    seen_in = [rows[events].sum() for _, rows in bars]
    whole = [
        max(rows[total].max(), seen) if total and rows[total].notna().any() else np.nan
        for (_, rows), seen in zip(bars, seen_in)
    ]
    longest = np.nanmax([*seen_in, *whole]) or 1.0
    box = {"facecolor": CARD, "edgecolor": "none", "pad": 1}
    for y, ((name, rows), seen, all_of_them) in enumerate(zip(bars, seen_in, whole)):
        at, words = 0.0, []
        for _, row in rows.dropna(subset=[events]).iterrows():
            words.append(f"{row[events]:g} {row[part]}")
            if not row[events]:
                continue
            i = parts.index(row[part])
            look: dict[str, Any] = {"color": TINTS[i], "edgecolor": COLOURS[i], "hatch": HATCHES[i]}
            ax.barh(y, row[events], left=at, height=0.7, **look)
            ax.text(at + row[events] / 2, y, f"{row[events]:g}", ha="center", va="center", bbox=box)
            at += row[events]
        missing = list(rows.loc[rows[events].isna(), part])
        if missing:
            rest = all_of_them - seen
            drawn = rest if rest > 0 else 0.35 * longest
            ax.barh(y, drawn, left=at, height=0.7, fill=False, edgecolor=GREY, linestyle=":")
            number = f"{rest:g}: " if rest > 0 else ""
            inside = fill(f"{number}{joined(missing)} (not printed apart)", 34)
            ax.text(at + 0.015 * longest, y, inside, va="center", color=GREY, bbox=box)
            words.append(f"{number}{joined(missing)}, not printed apart")
        said.append(f"{name}: {'; '.join(words)}")
    left = label_rows(ax, [name for name, _ in bars], 18)
    ax.set_xlabel(outcome)
    ax.set_xlim(0, 1.04 * max(longest, ax.dataLim.x1))
    top = 0.1
    shown = [p for p in parts if table.loc[table[part] == p, events].notna().any()]
    for p in shown:
        i = parts.index(p)
        ax.bar(0, 0, color=TINTS[i], edgecolor=COLOURS[i], hatch=HATCHES[i], label=p)
    if shown:
        columns = 2 if max(len(str(p)) for p in shown) < 30 else 1
        where: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (0, 1)}
        ax.legend(ncols=columns, frameon=False, borderpad=0, **where)
        top += 0.24 * -(-len(shown) // columns)
    return finish(ax, f"{first_capital(outcome)}. {'. '.join(said)}.", left=left, top=top)


@picture
def calibration(
    table: pd.DataFrame,
    predicted: str,
    observed: str,
    *,
    outcome: str,
    lower: str = "lower",
    upper: str = "upper",
) -> Axes:
    """Draw observed against predicted shares, one mark per group of similar prediction.

    Parameters
    ----------
    table : DataFrame
        A row per group, shares between 0 and 1.
    predicted, observed : str
        Columns.
    outcome : str
        What the share is, for example "free of recurrence or death at 5 years".
    lower, upper : str
        Columns; the interval of the observed share.

    Returns
    -------
    Axes
        The marks; `.figure.finding` reads the lowest and the highest group.
    """
    table = require_intervals(table, observed, lower, upper)
    table = table.assign(**{predicted: require_numbers(table, predicted)})
    for column in (predicted, observed, lower, upper):
        remedy = f"data[{column!r}] = data[{column!r}] / 100  # if these are percent"
        bad = (table[column] < 0) | (table[column] > 1)
        complain(column, bad, table[column], "a share lies between 0 and 1", remedy)
    _, (ax,) = axes(3.8)
    reach = [table[observed] - table[lower], table[upper] - table[observed]]
    ax.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1)
    ax.text(0.97, 0.99, "predicted = observed", ha="right", va="bottom", color=GREY)
    ax.errorbar(table[predicted], table[observed], yerr=reach, fmt="o", color=COLOURS[0], capsize=4)
    ax.set(
        xlim=(0, 1),
        ylim=(0, 1.04),
        xlabel=f"predicted share {outcome}",
        ylabel=fill(f"observed share {outcome}", 40),
    )
    ax.xaxis.set_major_formatter("{x:.0%}")
    ax.yaxis.set_major_formatter("{x:.0%}")
    on_line = int(((table[lower] <= table[predicted]) & (table[predicted] <= table[upper])).sum())
    low, high = (table.iloc[table[predicted].argmin()], table.iloc[table[predicted].argmax()])

    def said(row: pd.Series) -> str:
        known = row[[lower, upper]].notna().all()
        limits = f" ({row[lower]:.0%} to {row[upper]:.0%})" if known else ""
        return f"predicted {row[predicted]:.0%}, observed {row[observed]:.0%}{limits}"

    finding = (
        f"Share {outcome}, in {len(table)} groups by prediction: {said(low)} in the lowest; "
        f"{said(high)} in the highest; the prediction lies inside the 95% interval in "
        f"{on_line} of {len(table)}."
    )
    lines = len(fill(f"observed share {outcome}", 40).splitlines())
    return finish(ax, finding, left=0.55 + LINE * lines, right=0.3)
