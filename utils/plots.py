"""One verb per figure; each returns the Axes.

Every figure carries a sentence, computed from the data, that states its finding. It stands
under the picture, is the output's text/plain (so that nbval notices when it goes stale) and its
alternative text. Groups differ by line style and marker as well as by colour and are labelled
directly.
"""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from utils import claims
from utils.checks import as_list, require_columns
from utils.survival import cumulative_incidence, kaplan_meier, survival_at

COLOURS = sns.color_palette("colorblind")
LINES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "^", "D", "v", "P")
WIDTH = 7.6


class LessonFigure(Figure):
    """A figure whose finding is its text/plain and the alternative text of its picture."""

    finding = ""

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> tuple:
        return {"text/plain": self.finding}, {"image/png": {"alt": self.finding}}


def _axes(height: float, rows: Sequence[float] = (1,)) -> tuple[LessonFigure, list[Axes]]:
    with sns.axes_style("ticks"), sns.plotting_context("notebook", font_scale=0.9):
        figure, axes = plt.subplots(
            len(rows), 1, sharex=True, squeeze=False, height_ratios=rows,
            figsize=(WIDTH, height), layout="constrained", FigureClass=LessonFigure,
        )
    return figure, list(axes[:, 0])


def _finish(figure: LessonFigure, ax: Axes, finding: str) -> Axes:
    sns.despine(ax=ax)
    figure.finding = finding
    figure.supxlabel(fill(finding, 100), fontsize=9, x=0.01, ha="left", style="italic")
    return ax


def _groups(table: pd.DataFrame, by: str | None) -> list[tuple[str, pd.DataFrame]]:
    if by is None:
        return [("", table)]
    return [(str(name), part) for name, part in table.groupby(by, observed=True, sort=True)]


def _spread(heights: Sequence[float], gap: float) -> list[float]:
    """Label heights moved apart, in the same order, so that no two overlap."""
    order = np.argsort(heights)
    placed = np.array(heights, dtype=float)
    for below, above in zip(order, order[1:]):
        placed[above] = max(placed[above], placed[below] + gap)
    return list(placed)


def _percent(row: pd.Series, column: str) -> str:
    limits = "" if np.isnan(row["lower"]) else f" ({row['lower']:.0%} to {row['upper']:.0%})"
    return f"{row[column]:.0%}{limits}"


def _read_at(table: pd.DataFrame, at: float) -> pd.Series:
    """The last row of a step curve at or before a time."""
    return table[table["time"] <= at].iloc[-1]


def curves(data: pd.DataFrame, time: str, event: str, by: str | None = None, *, outcome: str,
           unit: str, read_at: float, horizon: float | None = None,
           ticks: Sequence[float] | None = None) -> Axes:
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
    table = kaplan_meier(data, time, event, by)
    horizon = float(horizon or table["time"].max())
    ticks = np.linspace(0, horizon, 6) if ticks is None else np.asarray(ticks, dtype=float)
    groups = _groups(table, by)
    figure, (ax, below) = _axes(4.6 + 0.2 * len(groups), rows=(6, 0.5 + 0.45 * len(groups)))
    ends = []
    for i, (_, part) in enumerate(groups):
        part = part[part["time"] <= horizon]
        x = np.concatenate([[0], part["time"]])
        ax.step(x, np.concatenate([[1], part["survival"]]), where="post", color=COLOURS[i],
                linestyle=LINES[i % 4])
        ax.fill_between(x, np.concatenate([[1], part["lower"]]),
                        np.concatenate([[1], part["upper"]]), step="post", alpha=0.15,
                        color=COLOURS[i], linewidth=0)
        ends.append((x[-1], part["survival"].iloc[-1]))
    for i, height in enumerate(_spread([y for _, y in ends], 0.06)):
        ax.annotate(groups[i][0], (ends[i][0], height), xytext=(6, 0), textcoords="offset points",
                    va="center", color=COLOURS[i], fontweight="bold", annotation_clip=False)
    ax.set(ylim=(0, 1.02), xlim=(0, horizon), ylabel=f"share free of {outcome}", xticks=ticks)
    ax.yaxis.set_major_formatter("{x:.0%}")
    ax.tick_params(labelbottom=True)
    ax.set_xlabel(unit)
    _at_risk(below, data, time, by, groups, ticks)
    read = survival_at(data, time, event, read_at, by)
    parts = [f"{label + ' ' if label else ''}{_percent(part.iloc[0], 'survival')}"
             for label, part in _groups(read, by)]
    return _finish(figure, ax, f"Share free of {outcome} at {read_at:g} {unit}: "
                               f"{'; '.join(parts)}. Bands are 95% intervals.")


def _at_risk(ax: Axes, data: pd.DataFrame, time: str, by: str | None,
             groups: list[tuple[str, pd.DataFrame]], ticks: np.ndarray) -> None:
    ax.set(ylim=(-len(groups) + 0.5, 1.2), yticks=[-i for i in range(len(groups))],
           yticklabels=[name or "all" for name, _ in groups])
    ax.text(0, 0.75, "number at risk", fontsize=9, transform=ax.get_yaxis_transform())
    for i, (name, _) in enumerate(groups):
        followed = data[time] if by is None else data.loc[data[by].astype(str) == name, time]
        for tick in ticks:
            ax.text(tick, -i, f"{int((followed >= tick).sum())}", ha="center", va="center",
                    fontsize=9, color=COLOURS[i])
    ax.tick_params(length=0, labelbottom=False, labelsize=9)
    ax.tick_params(axis="y", pad=16)
    sns.despine(ax=ax, left=True, bottom=True)


def incidence(data: pd.DataFrame, time: str, event: str, *, causes: dict[int, str], unit: str,
              read_at: float, naive: bool = False) -> Axes:
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
    table = cumulative_incidence(data, time, event)
    lines = {name: table[table["cause"] == code] for code, name in causes.items()}
    if naive:
        code, name = next(iter(causes.items()))
        wrong = kaplan_meier(data.assign(**{event: (data[event] == code).astype(int)}), time, event)
        lines[f"{name}, 1 - Kaplan-Meier"] = wrong.assign(
            incidence=1 - wrong["survival"], lower=1 - wrong["upper"], upper=1 - wrong["lower"])
    figure, (ax,) = _axes(4.4)
    ends = []
    for i, part in enumerate(lines.values()):
        x = np.concatenate([[0], part["time"]])
        ax.step(x, np.concatenate([[0], part["incidence"]]), where="post", color=COLOURS[i],
                linestyle=LINES[i % 4])
        ax.fill_between(x, np.concatenate([[0], part["lower"].fillna(0)]),
                        np.concatenate([[0], part["upper"].fillna(0)]), step="post", alpha=0.15,
                        color=COLOURS[i], linewidth=0)
        ends.append((x[-1], part["incidence"].iloc[-1]))
    top = max(part["upper"].max() for part in lines.values())
    for i, height in enumerate(_spread([y for _, y in ends], 0.11 * top)):
        ax.annotate(fill(list(lines)[i], 18), (ends[i][0], height), xytext=(6, 0),
                    textcoords="offset points", va="center", color=COLOURS[i], fontweight="bold",
                    annotation_clip=False)
    ax.set(xlim=(0, table["time"].max()), ylim=(0, None), xlabel=unit,
           ylabel="share that has had the event")
    ax.yaxis.set_major_formatter("{x:.0%}")
    parts = [f"{name} {_percent(_read_at(part, read_at), 'incidence')}"
             for name, part in lines.items()]
    return _finish(figure, ax, f"By {read_at:g} {unit}: {'; '.join(parts)}. "
                               "Bands are 95% intervals.")


def hazard_by_period(table: pd.DataFrame, period: str, by: str | None = None, *, outcome: str,
                     per: str, log: bool = False) -> Axes:
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
    groups = _groups(table, by)
    figure, (ax,) = _axes(4.2)
    for i, (name, part) in enumerate(groups):
        x = np.array([order.index(str(p)) for p in part[period]]) + 0.12 * (
            i - (len(groups) - 1) / 2)
        reach = [part["rate"] - part["lower"], part["upper"] - part["rate"]]
        ax.errorbar(x, part["rate"], yerr=reach, color=COLOURS[i], linestyle=LINES[i % 4],
                    marker=MARKERS[i % 6], capsize=4, linewidth=1.2)
        ax.annotate(fill(name, 18), (x[-1], part["rate"].iloc[-1]), xytext=(12, 7),
                    textcoords="offset points", va="center", color=COLOURS[i], fontweight="bold",
                    annotation_clip=False)
    ax.set(xticks=range(len(order)), xticklabels=order, xlabel=period.replace("_", " "),
           ylabel=f"{outcome} {per}", xlim=(-0.4, len(order) - 0.6 + 0.4 * (by is not None)))
    if log:
        ax.set_yscale("log")
        ax.yaxis.set_major_formatter("{x:g}")
    else:
        ax.set_ylim(bottom=0)
    parts = []
    for name, part in groups:
        first, last = part.iloc[0], part.iloc[-1]
        parts.append(f"{name + ' ' if name else ''}from {first['rate']:.3g} "
                     f"({first['lower']:.3g} to {first['upper']:.3g}) in {first[period]} to "
                     f"{last['rate']:.3g} ({last['lower']:.3g} to {last['upper']:.3g}) in "
                     f"{last[period]}")
    return _finish(figure, ax, f"{outcome.capitalize()} {per}: {'; '.join(parts)}. "
                               "Bars are 95% intervals.")


def forest(table: pd.DataFrame, label: str, estimate: str, *, measure: str,
           lower: str = "lower", upper: str = "upper", kind: str | None = None,
           null: float = 1.0, log: bool = True) -> Axes:
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
    figure, (ax,) = _axes(1.5 + 0.32 * len(table))
    for y, (style, (_, row)) in enumerate(zip(kinds, table.iterrows())):
        colour = COLOURS[3] if style == "pooled" else "0.25"
        ax.plot([row[lower], row[upper]], [y, y], color=colour,
                linewidth=2.5 if style == "pooled" else 1.2,
                linestyle=":" if style == "prediction" else "-")
        if style != "prediction":
            ax.plot(row[estimate], y, marker="D" if style == "pooled" else "s", color=colour,
                    markersize=7 if style == "pooled" else 5)
        ax.annotate(f"{row[estimate]:.2f} ({row[lower]:.2f} to {row[upper]:.2f})", (1.02, y),
                    xycoords=("axes fraction", "data"), va="center", fontsize=9,
                    annotation_clip=False)
    ax.axvline(null, color="0.5", linewidth=1, linestyle="--")
    ax.set(yticks=range(len(table)), yticklabels=table[label], ylim=(len(table) - 0.5, -0.5),
           xlabel=measure)
    ax.tick_params(axis="y", length=0, labelsize=9)
    if log:
        ax.set_xscale("log")
        _plain_log_ticks(ax)
    return _finish(figure, ax, _forest_finding(table, kinds, label, estimate, lower, upper,
                                               measure, null))


def _plain_log_ticks(ax: Axes) -> None:
    low, high = ax.get_xlim()
    choices = np.array([0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10, 20, 50, 100])
    inside = choices[(choices >= low) & (choices <= high)]
    thinned = inside if len(inside) <= 8 else inside[inside != 0.7]
    ax.set_xticks(thinned, [f"{tick:g}" for tick in thinned])
    ax.minorticks_off()


def _forest_finding(table: pd.DataFrame, kinds: Sequence[str], label: str, estimate: str,
                    lower: str, upper: str, measure: str, null: float) -> str:
    def said(row: pd.Series) -> str:
        return f"{row[estimate]:.2f} ({row[lower]:.2f} to {row[upper]:.2f})"

    is_study = np.array([style == "study" for style in kinds])
    studies = table[is_study]
    parts = []
    if len(studies) > 3:
        clear = int(((studies[lower] > null) | (studies[upper] < null)).sum())
        parts.append(f"{len(studies)} estimates from {studies[estimate].min():.2f} to "
                     f"{studies[estimate].max():.2f}, {clear} with an interval clear of {null:g}")
    else:
        parts += [f"{row[label]} {said(row)}" for _, row in studies.iterrows()]
    parts += [f"{row[label]} {said(row)}" for style, (_, row) in zip(kinds, table.iterrows())
              if style == "pooled"]
    parts += [f"{row[label]} {row[lower]:.2f} to {row[upper]:.2f}"
              for style, (_, row) in zip(kinds, table.iterrows()) if style == "prediction"]
    return f"{measure[0].upper()}{measure[1:]}: {'; '.join(parts)}. Bars are 95% intervals."


_MARKS = {claims.SUPPORTED: ("o", 2), claims.IN_PART: ("P", 0), claims.COMPATIBLE: ("^", 9),
          claims.UNCLEAR: ("D", 1), claims.AGAINST: ("X", 3), claims.UNTESTED: ("s", 7),
          claims.VALUE: ("*", 4)}


def verdict_board(board: pd.DataFrame) -> Axes:
    """All claims in the article's order, each with a mark under its verdict.

    Parameters
    ----------
    board : DataFrame
        The rows of `claims.board`.
    """
    columns = list(claims.VERDICTS)
    figure, (ax,) = _axes(1.9 + 0.27 * len(board))
    figure.set_figwidth(WIDTH + 0.8)
    for y, (_, row) in enumerate(board.iterrows()):
        ax.axhline(y, color="0.92", linewidth=1, zorder=0)
        if row["verdict"]:
            marker, colour = _MARKS[row["verdict"]]
            ax.plot(columns.index(row["verdict"]), y, marker=marker, color=COLOURS[colour],
                    markersize=10)
        else:
            ax.text(len(columns) / 2 - 0.5, y, "lesson to come", ha="center", va="center",
                    fontsize=8, color="0.4", backgroundcolor="white")
    names = [f"{row['lesson']}  {row['claim']}{': ' + row['part'] if row['part'] else ''}"
             for _, row in board.iterrows()]
    ax.set(yticks=range(len(board)), yticklabels=names, ylim=(len(board) - 0.5, -0.5),
           xticks=range(len(columns)), xticklabels=[fill(name, 12) for name in columns],
           xlim=(-0.5, len(columns) - 0.5))
    ax.tick_params(axis="both", length=0, labelsize=8.5)
    ax.xaxis.tick_top()
    counts = board["verdict"].value_counts()
    parts = [f"{counts[name]} {name}" for name in columns if name in counts]
    waiting = int((board["verdict"] == "").sum())
    parts += [f"{waiting} in lessons to come"] if waiting else []
    return _finish(figure, ax, f"Of {len(board)} statements: {'; '.join(parts)}.")
