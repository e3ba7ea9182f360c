"""The rule that turns lines of evidence into a conclusion and a certainty.

It follows GRADE, which rates how certain one can be that the truth lies on one side of a mark.

1. *Lines.* A line is direct if exposure and disease match the claim and its outcome is the claim's
   or contains it (a composite). A line that compares decides by lot if it can: where there are
   randomised lines, they decide. In the same people a matched outcome outranks a composite. A line
   inside a pooled line is shown, not counted; so is a line printed without an interval.
2. *Pool, then read.* Deciding lines of one kind (ratios of speeds, of risks, of odds; shares;
   differences) become one estimate: random effects (REML) decides, the common effect stands beside.
3. *Conclusion*, from the 95% interval, turned so that the claimed direction is up.
   Effect: *supported* if the interval lies above 1 and the estimate is at or past the smallest
   effect that matters; *supported, too small to matter* if the interval lies above 1 only;
   *evidence against* if it ends before every effect that matters. Frequency, mechanism: the
   interval above the threshold, or below it. Else *not settled*: *conflicting* if one line supports
   while another is evidence against, or if lines on both sides spread more than chance (p < 0.1);
   otherwise *too imprecise*. A mechanism is at most *compatible*, unless a line excludes the rival.
   A line that agrees never counts as disagreement, and a line further out on the side that is
   concluded never takes the conclusion away: the pool is then also read without it.
4. *Certainty* that the truth lies where the conclusion says: it starts high (randomised; or a plain
   frequency, which compares nothing) or low (an observational comparison); one step down each for
   risk of bias, inconsistency, indirectness, imprecision; one up each for a large effect and for a
   dose-response. A line with a flaw costs a step only if the lines without it would not read alike.
   "Not settled", "compatible" and "no direct line found" name no side, so they carry no certainty.

GRADE's fifth reason, publication bias, is left to the lesson: few lines cannot show it.

Guyatt 2008, doi 10.1136/bmj.39489.470347.AD (the system); Hultcrantz 2017, doi
10.1016/j.jclinepi.2017.05.006 (what certainty is about); Iorio 2015, doi 10.1136/bmj.h870
(frequencies start high, also from cohorts).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import nan
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from utils.claims.line import COMPOSITE, MANY, MATCHED, OTHER, RANDOMISED, Line
from utils.evidence import pool

SUPPORTED = "supported"
TOO_SMALL = "supported, too small to matter"
AGAINST = "evidence against"
IMPRECISE = "not settled: too imprecise"
CONFLICTING = "not settled: conflicting"
COMPATIBLE = "compatible"
NO_LINE = "no direct line found"
VALUE = "a value"
CONCLUSIONS = (
    SUPPORTED,
    TOO_SMALL,
    COMPATIBLE,
    CONFLICTING,
    IMPRECISE,
    AGAINST,
    NO_LINE,
    VALUE,
)
CERTAINTIES = ("high", "moderate", "low", "very low")


class Estimate(NamedTuple):
    """An estimate with its 95% interval.

    Parameters
    ----------
    estimate, lower, upper : float
        On the scale of the lines.
    k : int
        Lines it comes from.
    spread_p : float
        p of their spread (Cochran's Q); missing for one line.
    """

    estimate: float
    lower: float
    upper: float
    k: int = 1
    spread_p: float = nan


def _scale(part: dict) -> str:
    return "ratio" if part["type"] == "effect" else part["scale"]


# Pooled on: log for ratios and rates, arcsine of the square root for shares (0 and 1 stay finite).
_TO: dict[str, Callable[[Any], Any]] = {
    "ratio": np.log,
    "rate": np.log,
    "share": lambda x: np.arcsin(np.sqrt(x)),
    "difference": lambda x: x,
}
_BACK: dict[str, Callable[[Any], Any]] = {
    "ratio": np.exp,
    "rate": np.exp,
    "share": lambda y: np.sin(np.clip(y, 0, np.pi / 2)) ** 2,
    "difference": lambda y: y,
}


def _pool(estimate: np.ndarray, se: np.ndarray, method: str) -> pd.Series:
    return pool(pd.DataFrame({"y": estimate, "se": se}), "y", "se", method=method).iloc[0]


def combine(lines: Sequence[Line], part: dict, method: str = "REML") -> Estimate:
    """One estimate from lines of one kind; a single line is passed on as it is.

    Parameters
    ----------
    lines : list of Line
        At least one, each with an interval.
    part : dict
        The registered part: its type and scale say what the numbers are.
    method : {"REML", "fixed"}
        Random effects, or one common effect.

    Returns
    -------
    Estimate
        On the scale of the lines.
    """
    if len(lines) == 1:
        return Estimate(lines[0].estimate, lines[0].lower, lines[0].upper)
    to, back = _TO[_scale(part)], _BACK[_scale(part)]
    # standard error = width of the interval / (2 * 1.96), on the scale of the pool
    # Higgins et al., Cochrane Handbook, 6.3
    y = to(np.array([line.estimate for line in lines]))
    bounds = to(np.array([[line.lower, line.upper] for line in lines]))
    found = _pool(y, np.diff(bounds)[:, 0] / (2 * 1.959963984540054), method)
    middle, lower, upper = (float(back(found[name])) for name in ("estimate", "lower", "upper"))
    return Estimate(middle, lower, upper, len(lines), float(found["q_p"]))


def _up(numbers: Estimate | Line, part: dict) -> tuple[float, float, float]:
    """Estimate, lower, upper, turned so that the claimed direction is up."""
    if part.get("direction") == "lowers":
        return 1 / numbers.estimate, 1 / numbers.upper, 1 / numbers.lower
    return numbers.estimate, numbers.lower, numbers.upper


def _marks(part: dict) -> tuple[float, float]:
    """Where the claimed side begins, and what counts as reaching it."""
    if part["type"] == "effect":
        margin = part["margin"]
        return 1.0, 1 / margin if part["direction"] == "lowers" else margin
    return part["threshold"], part["threshold"]


def read(numbers: Estimate | Line, part: dict) -> str:
    """Step 3 of the rule: what one estimate says, from its interval and the marks.

    Parameters
    ----------
    numbers : Estimate or Line
        With estimate, lower, upper.
    part : dict
        The registered part.

    Returns
    -------
    str
        SUPPORTED, TOO_SMALL, AGAINST or IMPRECISE.
    """
    estimate, lower, upper = _up(numbers, part)
    if part["direction"] == "between":
        low, high = part["threshold"]
        if low < lower and upper < high:
            return SUPPORTED
        return AGAINST if upper < low or lower > high else IMPRECISE
    null, needed = _marks(part)
    if lower > null:
        return SUPPORTED if estimate >= needed else TOO_SMALL
    return AGAINST if upper < needed else IMPRECISE


def _side(line: Line, part: dict) -> int:
    """1 if the estimate lies on the claimed side, -1 on the other, 0 on the mark."""
    estimate = _up(line, part)[0]
    if part["direction"] == "between":
        low, high = part["threshold"]
        return 1 if low < estimate < high else -1
    return int(np.sign(estimate - _marks(part)[0]))


_KINDS = (
    ("ratio of odds", re.compile(r"\b(?i:odds)\b|\bOR\b")),
    ("ratio of speeds", re.compile(r"\b(?i:hazards?|rate|incidence)\b|\bSIR\b|\b[as]?HR\b")),
    ("ratio of risks", re.compile(r"\b(?i:risks?)\b|\bRR\b")),
)


def _kind(line: Line, part: dict) -> str:
    """What a ratio is a ratio of, from the first such word; unlike kinds are not pooled."""
    if _scale(part) != "ratio":
        return _scale(part)
    found = {match.start(): kind for kind, words in _KINDS if (match := words.search(line.measure))}
    return found[min(found)] if found else "ratio"


def sort_lines(part: dict, lines: Sequence[Line]) -> tuple[list[Line], dict[str, str]]:
    """Step 1 of the rule: the lines that decide, and why the others do not.

    Parameters
    ----------
    part : dict
        The registered part.
    lines : list of Line
        All lines.

    Returns
    -------
    tuple
        The deciding lines, and the reason by label for each of the others.

    Raises
    ------
    ValueError
        For two lines of one label, a line `inside` one that is not there, a share or ratio that
        cannot be, and two deciding lines of the same people.
    """
    labels = [line.label for line in lines]
    if twice := {label for label in labels if labels.count(label) > 1}:
        raise ValueError(f"line {min(twice)!r} comes twice. Remedy: give each its own label")
    why: dict[str, str] = {}
    for line in lines:
        if line.inside and line.inside not in labels:
            raise line.error(
                f"it is inside {line.inside!r}, which is not among the lines",
                f"use one of {labels}, or add the pooled line",
            )
        if not line.exposure:
            why[line.label] = "another exposure"
        elif not line.disease:
            why[line.label] = "another disease"
        elif line.outcome == OTHER:
            why[line.label] = "another outcome"
        elif not line.has_interval:
            why[line.label] = "no interval printed"
        else:
            _check_range(line, part)
    chosen = [line for line in lines if line.label not in why]

    def leave(reason: Callable[[Line], str]) -> None:
        nonlocal chosen
        why.update({line.label: reason(line) for line in chosen if reason(line)})
        chosen = [line for line in chosen if line.label not in why]

    if _compares(part) and any(line.design == RANDOMISED for line in chosen):
        leave(lambda line: "randomised lines decide" * (line.design != RANDOMISED))
    matched = {line.people for line in chosen if line.outcome == MATCHED} - {""}
    leave(
        lambda line: "a matched outcome in the same people decides"
        * (line.outcome == COMPOSITE and line.people in matched)
    )
    counted = {line.label for line in chosen}
    leave(lambda line: f"inside {line.inside}" * (line.inside in counted))
    people = [line.people for line in chosen if line.people]
    for line in chosen:
        if people.count(line.people) > 1:
            raise line.error(
                f"the people {line.people!r} would count twice",
                "keep one line of them, or mark the others inside it",
            )
    return chosen, why


_NEEDS: dict[str, dict[str, Any]] = {
    "effect": {"direction": ("raises", "lowers"), "margin": None},
    "frequency": {"direction": ("at least", "between"), "threshold": None, "scale": tuple(_TO)},
    "mechanism": {
        "direction": ("at least",),
        "threshold": None,
        "scale": tuple(_TO),
        "rival": None,
    },
    "value": {},
}


def check_part(part: dict) -> None:
    """Raise ValueError unless a part says what would count: names the key and the remedy.

    Parameters
    ----------
    part : dict
        A registered part, or one of your own.

    Raises
    ------
    ValueError
        For a key that is missing or holds an unknown word, and a margin on the wrong side of 1.
    """
    needs = _NEEDS.get(part.get("type", ""))
    if needs is None:
        raise ValueError(f"part: type is {part.get('type')!r}. Remedy: use one of {list(_NEEDS)}")
    for key, words in needs.items():
        if key not in part or (words and part[key] not in words):
            say = f"one of {words}" if words else "it (see data/claims.toml for examples)"
            raise ValueError(
                f"part: {key} is {part.get(key)!r} for a claim of type {part['type']!r}. "
                f"Remedy: give {say}"
            )
    if part["type"] == "effect" and (part["margin"] > 1) != (part["direction"] == "raises"):
        raise ValueError(
            f"part: margin {part['margin']} lies on the wrong side of 1 for a claim that "
            f"{part['direction']}. Remedy: 1.11 for raises, 0.90 for lowers"
        )


def _compares(part: dict) -> bool:
    """Whether groups are compared, so that the lot matters; a plain frequency compares none."""
    return _scale(part) in ("ratio", "difference")


def _check_range(line: Line, part: dict) -> None:
    scale = _scale(part)
    if scale in ("ratio", "rate") and line.lower <= 0:
        raise line.error(
            f"a {scale} must be above 0, found {line.lower:g}",
            "give the ratio itself, not its logarithm; with no events give no interval",
        )
    if scale == "share" and not 0 <= line.lower <= line.upper <= 1:
        raise line.error(
            f"a share lies between 0 and 1, found {line.lower:g} to {line.upper:g}",
            'from percent: row[["estimate", "lower", "upper"]] / 100',
        )
    if scale == "difference" and not -1 <= line.lower <= line.upper <= 1:
        raise line.error(
            f"a difference of shares lies between -1 and 1, found {line.lower:g} to {line.upper:g}",
            'from percentage points: row[["estimate", "lower", "upper"]] / 100',
        )


def _one(value: float, part: dict) -> str:
    """A number as a reader writes it, without its unit."""
    if _scale(part) in ("share", "difference"):
        return f"{100 * value:.1f}"
    if value >= 10:
        return f"{value:.3g}"
    marks = [1.0, part["margin"]] if part["type"] == "effect" else np.atleast_1d(part["threshold"])
    near = any(round(value, 2) == round(mark, 2) and value != mark for mark in marks)
    return f"{value:.{3 if near else 2}f}"


def unit(part: dict) -> str:
    """What stands after a number; empty for a ratio."""
    units = {"share": "%", "difference": " percentage points"}
    return units.get(_scale(part), f" {part['unit']}" if part.get("unit") else "")


def alone(value: float, part: dict) -> str:
    """One number with the unit of its claim."""
    return _one(value, part) + unit(part)


def in_words(numbers: Estimate | Line, part: dict) -> str:
    """Estimate with its unit, and 95% interval."""
    middle = alone(numbers.estimate, part)
    lower, upper = (_one(value, part) for value in (numbers.lower, numbers.upper))
    return f"{middle} (95% interval {lower} to {upper})"


class Pooled(NamedTuple):
    """What lines of one kind say together."""

    kind: str
    reading: str
    decides: Estimate
    random: Estimate
    common: Estimate
    left_out: tuple[str, ...]


def _pooled(kind: str, lines: list[Line], part: dict) -> Pooled:
    """Steps 2 and 3 for lines of one kind."""
    random, common = combine(lines, part), combine(lines, part, "fixed")
    if read(random, part) == IMPRECISE and part["direction"] != "between":
        # A line further out widens the spread; it cannot speak against the side it lies on.
        up = sorted(lines, key=lambda line: _up(line, part)[0])
        for ordered, sought in ((up, (SUPPORTED, TOO_SMALL)), (up[::-1], (AGAINST,))):
            for k in range(len(lines) - 1, 0, -1):
                without = combine(ordered[:k], part)
                if (reading := read(without, part)) in sought:
                    left_out = tuple(line.label for line in ordered[k:])
                    return Pooled(kind, reading, without, random, common, left_out)
    return Pooled(kind, read(random, part), random, random, common, ())


def _conflict(lines: Sequence[Line], pools: Sequence[Pooled], part: dict) -> str:
    """Why lines conflict, in words; empty if they do not."""
    said = {line.label: read(line, part) for line in lines}
    support = [label for label, word in said.items() if word == SUPPORTED]
    against = [label for label, word in said.items() if word == AGAINST]
    if support and against:
        return f"{support[0]} supports the claim while {against[0]} is evidence against it"
    for one in pools:
        sides = {_side(line, part) for line in lines if _kind(line, part) == one.kind}
        if one.random.spread_p < 0.1 and {-1, 1} <= sides:
            return (
                f"lines lie on both sides and spread more than chance ({_p(one.random.spread_p)})"
            )
    words = {one.reading for one in pools}
    if AGAINST in words and words & {SUPPORTED, TOO_SMALL}:
        return "unlike measures, read apart, say opposite things"
    return ""


def _conclude(lines: Sequence[Line], part: dict) -> tuple[str, Pooled, list[Pooled], str]:
    """Conclusion before the cap on mechanisms, the deciding pool, all pools, the conflict."""
    kinds: dict[str, list[Line]] = {}
    for line in lines:
        kinds.setdefault(_kind(line, part), []).append(line)
    pools = [_pooled(kind, members, part) for kind, members in kinds.items()]
    to = _TO[_scale(part)]
    pools.sort(key=lambda one: float(to(one.random.upper) - to(one.random.lower)))
    lead = pools[0]
    if all(_side(line, part) > 0 for line in lines):
        # unlike measures that point the same way: one that leaves it open takes nothing away
        rank = [SUPPORTED, TOO_SMALL]
        agreeing = [one for one in pools if one.reading in rank]
        lead = min(agreeing, key=lambda one: rank.index(one.reading), default=lead)
    conflict = _conflict(lines, pools, part)
    return CONFLICTING if conflict else lead.reading, lead, pools, conflict


@dataclass(frozen=True)
class Decision:
    """What the rule says about one part of a claim.

    Parameters
    ----------
    conclusion : str
        One of CONCLUSIONS.
    certainty : str
        One of CERTAINTIES; empty where the conclusion names no side.
    scope : str
        The cancers it was seen in, in words.
    estimate : Estimate or None
        What was read.
    steps : tuple of (int, str)
        How certainty came about: the change and its reason, the start first (0).
    notes : tuple of str
        What a reader should know about the pool.
    lines : tuple of Line
        The lines that decided.
    context : dict
        Why each of the other lines did not decide, by label.
    """

    conclusion: str
    certainty: str = ""
    scope: str = ""
    estimate: Estimate | None = None
    steps: tuple[tuple[int, str], ...] = ()
    notes: tuple[str, ...] = ()
    lines: tuple[Line, ...] = ()
    context: dict[str, str] = field(default_factory=dict)


def decide(part: dict, lines: Sequence[Line]) -> Decision:
    """Apply the whole rule to one part of a claim.

    Parameters
    ----------
    part : dict
        As registered: type, direction, margin or threshold (with scale), and so on. A claim of
        your own is a dict of the same keys.
    lines : list of Line
        All lines of evidence, direct or not; none at all is allowed.

    Returns
    -------
    Decision
        Conclusion, certainty and every step that led there.

    Raises
    ------
    ValueError
        For lines that contradict each other or the scale of the part; names line and remedy.
    """
    check_part(part)
    lines = list(lines)
    if part["type"] == "value":
        return Decision(VALUE, context={line.label: "a value needs none" for line in lines})
    chosen, context = sort_lines(part, lines)
    if not chosen:
        return Decision(NO_LINE, context=context)
    raw, lead, pools, conflict = _conclude(chosen, part)
    notes = _notes(raw, lead, pools, conflict, part)
    excluded = any(line.excludes_rival for line in chosen)
    if part["type"] == "mechanism" and raw in (SUPPORTED, TOO_SMALL) and not excluded:
        conclusion = COMPATIBLE
        notes.append(f"the rival is not excluded: {part['rival']}")
    else:
        conclusion = raw
    certainty = ""
    steps: list[tuple[int, str]] = []
    if conclusion in (SUPPORTED, TOO_SMALL, AGAINST):
        certainty, steps = _certainty(conclusion, chosen, lead, pools, part)
    return Decision(
        conclusion,
        certainty,
        _scope(chosen) or part.get("cancer", ""),
        lead.decides,
        tuple(steps),
        tuple(notes),
        tuple(chosen),
        context,
    )


def _notes(raw: str, lead: Pooled, pools: list[Pooled], conflict: str, part: dict) -> list[str]:
    notes = [conflict] if conflict else []
    if lead.random.k > 1:
        common, says = in_words(lead.common, part), read(lead.common, part)
        few = f"; with {lead.random.k} lines the spread between them cannot be measured well"
        if lead.left_out:
            notes.append(
                f"all {lead.random.k} lines together: {in_words(lead.random, part)}; the number "
                f"above leaves out {_join(lead.left_out)}, furthest out on that side: a line "
                "further out cannot speak against it"
            )
        notes.append(
            f"one common effect: {common}, which reads "
            + ("the same" if says == lead.reading else f"'{says}'")
            + few * (lead.random.k < 5)
        )
        if raw != CONFLICTING and says != read(lead.random, part):
            notes.append("the reading hangs on the model, which counts as imprecision")
    for other in pools:
        if other is not lead:
            notes.append(
                f"not pooled with it, another kind of number ({other.kind}): "
                f"{in_words(other.decides, part)}, which reads '{other.reading}'"
            )
    return notes


def _certainty(
    conclusion: str, chosen: list[Line], lead: Pooled, pools: list[Pooled], part: dict
) -> tuple[str, list[tuple[int, str]]]:
    """Step 4 of the rule: the level, and every step with its reason."""
    lot = all(line.design == RANDOMISED for line in chosen)
    if not _compares(part):
        steps = [(0, "high: a frequency is counted, and nothing is compared")]
    elif lot:
        steps = [(0, "high: people were randomised")]
    else:
        steps = [(0, "low: people were compared as they were, not randomised")]
    level = 3 if steps[0][1].startswith("high") else 1

    def stands(lines: list[Line]) -> bool:
        """Whether these lines by themselves would lead to the same conclusion."""
        return bool(lines) and _conclude(lines, part)[0] == conclusion

    flawed = [line for line in chosen if line.flaw]
    biased = bool(flawed) and not stands([line for line in chosen if not line.flaw])
    if biased:
        said = _grouped({line.label: line.flaw for line in flawed})
        steps.append((-1, f"risk of bias ({said})"))
    # frequencies differ between groups of people; what would matter is which side they are on
    if lead.random.spread_p < 0.1 and _compares(part):
        steps.append(
            (-1, f"inconsistency (lines spread more than chance, {_p(lead.random.spread_p)})")
        )
    if reasons := _indirectness(chosen, part, stands):
        steps.append((-1, f"indirectness ({'; '.join(reasons)})"))
    if reason := _imprecision(conclusion, lead, pools, part):
        steps.append((-1, f"imprecision ({reason})"))
    if _scale(part) == "ratio":
        middle = _up(lead.decides, part)[0]
        if middle < 0.5 if conclusion == AGAINST else middle > 2:
            # GRADE rates up only where no bias could have made the effect large by itself
            steps.append(
                (0, "large effect, not counted: the risk of bias could make an effect large")
                if biased
                else (1, "large effect (beyond 2 or 0.5)")
            )
    if any(line.dose_response for line in chosen):
        steps.append((1, "dose-response (more exposure, more effect)"))
    level = min(3, max(0, level + sum(change for change, _ in steps)))
    return CERTAINTIES[3 - level], steps


def _indirectness(
    chosen: list[Line], part: dict, stands: Callable[[list[Line]], bool]
) -> list[str]:
    reasons = []
    away = {
        line.label: ", ".join(
            filter(None, ["mixed outcome" * (line.outcome == COMPOSITE), line.indirect])
        )
        for line in chosen
    }
    if any(away.values()) and not stands([line for line in chosen if not away[line.label]]):
        reasons.append(_grouped(away))
    cancers = _cancers(chosen)
    if not part.get("cancer") and len(cancers) == 1 and cancers != [MANY]:
        reasons.append(f"one cancer, {cancers[0]}, stands for all")
    return reasons


def _grouped(reasons: Mapping[str, str]) -> str:
    """'reason (label, label); other reason (label)'; the labels only where lines differ."""
    labels: dict[str, list[str]] = {}
    for label, why in reasons.items():
        labels.setdefault(why, []).append(label)
    if len(labels) == 1:
        return next(iter(labels))
    return "; ".join(f"{why}: {_join(names)}" for why, names in labels.items() if why)


def _p(value: float) -> str:
    return "p < 0.001" if value < 0.001 else f"p = {value:.2g}"


def _imprecision(conclusion: str, lead: Pooled, pools: list[Pooled], part: dict) -> str:
    if read(lead.common, part) != read(lead.random, part):
        return "random effects and one common effect read differently"
    if part["type"] == "effect" and conclusion != AGAINST:
        _, lower, upper = _up(lead.decides, part)
        needed = _marks(part)[1]
        if conclusion == SUPPORTED and lower < needed:
            return "the interval also holds effects too small to matter"
        if conclusion == TOO_SMALL and upper >= needed:
            return "the interval also holds effects that matter"
    if {one.reading for one in pools} != {lead.reading}:
        return "unlike measures, read apart, do not all say so"
    return ""


def _cancers(lines: Sequence[Line]) -> list[str]:
    return list(dict.fromkeys(name for line in lines for name in line.scope))


def _join(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def _scope(lines: Sequence[Line]) -> str:
    """'colon and breast cancer, melanoma' from the scopes of the lines."""
    names = _cancers(lines)
    if MANY in names:
        return MANY
    organs = [name.removesuffix(" cancer") for name in names if name.endswith(" cancer")]
    others = [name for name in names if not name.endswith(" cancer")]
    return ", ".join(filter(None, [f"{_join(organs)} cancer" if organs else "", _join(others)]))


def headline(decided: Mapping[str, str]) -> str:
    """One phrase for a claim of several parts.

    Parameters
    ----------
    decided : mapping
        Conclusion by part; empty for a lesson still to come.

    Returns
    -------
    str
        The conclusion, if the parts agree; else each with its parts.
    """
    if len(set(decided.values())) == 1:
        return next(iter(decided.values()))
    parts: dict[str, list[str]] = {}
    for name, conclusion in decided.items():
        parts.setdefault(conclusion or "still to come", []).append(name)
    return "; ".join(f"{conclusion} ({_join(names)})" for conclusion, names in parts.items())
