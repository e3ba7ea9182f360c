"""What a reader sees of a verdict: the box, its stored form, and the board."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from html import escape
from math import isnan, nan
from pathlib import Path

import numpy as np
import pandas as pd

from utils import DATA
from utils.claims.line import COMPOSITE, RANDOMISED, READ, Line
from utils.claims.register import content, find, find_part, register
from utils.claims.rule import (
    AGAINST,
    CONFLICTING,
    IMPRECISE,
    NO_LINE,
    TOO_SMALL,
    Decision,
    Estimate,
    alone,
    decide,
    in_words,
    unit,
)

MIME = "application/vnd.tumor-recurrence.verdict+json"
_NUMBERS = ("estimate", "lower", "upper")
_SHARE = re.compile(r"^(?!difference).*\b(share|risk)\b(?! ratio)")


def _bar(part: dict) -> str:
    """Margin or threshold, in words."""
    if part["type"] == "value":
        return ""
    if part["type"] == "effect":
        return f"smallest effect that matters {part['margin']:.2f}"
    times = 100 if part["scale"] in ("share", "difference") else 1
    marks = [f"{times * mark:g}" for mark in np.atleast_1d(part["threshold"])]
    return f"threshold {' to '.join(marks)}{unit(part)}"


def _question(part: dict) -> str:
    """The estimand in one line."""
    if part["type"] == "value":
        return f"{part['exposure']}: {part['outcome']}"
    against = "" if part["comparator"] == "none" else f" v {part['comparator']}"
    return f"{part['outcome']}; {part['who']}; {part['exposure']}{against}; {part['horizon']}"


def _line_text(line: Line, part: dict, why: str = "") -> str:
    words = [line.design, "mixed outcome" * (line.outcome == COMPOSITE), ", ".join(line.scope)]
    if line.provenance != READ:
        words.append(line.provenance)
    if line.bias:
        words.append(f"risk of bias: {line.bias}")
    if line.indirect:
        words.append(f"a step away: {line.indirect}")
    if why and why != "no interval printed":
        words.insert(0, why)
    shown = in_words(line, part) if not why else _plain(line, part)
    return f"{line.label}: {line.measure} {shown}; {', '.join(filter(None, words))}"


def _plain(line: Line, part: dict) -> str:
    """A context line, whose scale may be another than the claim's; a share in percent."""
    share = part.get("scale") in ("share", "difference") and 0 <= line.estimate <= 1
    share = share and _SHARE.search(line.measure) is not None
    middle, *limits = (
        f"{100 * value:.1f}" if share else f"{value:.3g}"
        for value in (line.estimate, line.lower, line.upper)
    )
    middle += "%" * share
    if not line.has_interval:
        shown = alone(line.estimate, part) if line.direct else middle
        return f"{shown} (no interval printed)"
    return f"{middle} ({' to '.join(limits)})"


def _safety(entry: dict, part: dict, conclusion: str) -> str:
    """Words that fit the direction, beside a verdict that shows no effect."""
    stated = part.get("safety", entry.get("safety", ""))
    shown = conclusion not in (AGAINST, IMPRECISE, CONFLICTING, NO_LINE, TOO_SMALL)
    if shown or stated.startswith("Not "):
        return stated
    end = {"raises": "safe", "lowers": "useless"}.get(part.get("direction", ""), "untrue")
    return f"Not shown is not the same as {end}. {stated}".strip()


class Verdict:
    """A verdict that Jupyter shows as a box and that `make lessons` collects as JSON.

    Parameters
    ----------
    content : dict
        What goes to `data/verdicts.json`.
    """

    def __init__(self, content: dict) -> None:
        self.content = content

    def _parts(self) -> tuple[str, str, list[str], list[str]]:
        """Sentence, conclusion in capitals, the short text, and the folded text."""
        c = self.content
        says = c["sentence"] + (f" {c['says']}" if c["says"] else "")
        certainty = f", {c['certainty']} certainty" if c["certainty"] else ""
        scope = f", in {c['scope']}" if c["scope"] else ""
        short = []
        if c["value"]:
            short.append(f"{c['value']}; {c['bar']}. {c['source']}")
        if c["hardly"]:
            short.append(f"A low bar: {c['hardly']}")
        if c["steps"]:
            first, *rest = c["steps"]
            level, reason = first["why"].split(": ", 1)
            words = {-1: "down one, ", 0: "", 1: "up one, "}
            steps = [f"It starts {level} ({reason})"]
            steps += [words[step["change"]] + step["why"] for step in rest]
            short.append(f"How sure: {c['certainty']}. {'; '.join(steps)}.")
        elif c["value"]:
            short.append("How sure: no level, since the conclusion names no side.")
        short += [f"Note: {note}." for note in c["notes"]]
        if c["looked"]:
            short.append(f"Where we looked: {c['looked']}")
        if c["safety"]:
            short.append(c["safety"])
        folded = [f"Asked: {c['question']}."]
        for title, decides in (("Lines that decide", True), ("Shown as context", False)):
            texts = [line["text"] for line in c["lines"] if line["decides"] is decides]
            if texts:
                folded += [f"{title}:", *(f"- {text}" for text in texts)]
        return (
            says,
            c["conclusion"].upper() + certainty + scope,
            short,
            [*folded, f"What would settle it: {c['settle']}"],
        )

    def __repr__(self) -> str:
        says, conclusion, short, folded = self._parts()
        return "\n".join([says, conclusion, *short, *folded])

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict:
        says, conclusion, short, folded = self._parts()
        box = (  # no colour of its own, so that it reads on light and dark pages
            "border:2px solid currentColor;border-left-width:10px;border-radius:4px;"
            "padding:0 1em 0.8em;max-width:46em;overflow-wrap:anywhere;text-align:left"
        )

        def paragraphs(texts: list[str]) -> str:
            return "".join(f"<p>{escape(text)}</p>" for text in texts)

        return {
            MIME: self.content,
            "text/plain": repr(self),
            "text/html": f'<div style="{box}"><p>{escape(says)}</p>'
            f"<p><strong>{escape(conclusion)}</strong></p>{paragraphs(short)}"
            f"<details><summary>Lines, and what would settle it</summary>"
            f"{paragraphs(folded)}</details></div>",
        }


def verdict(name: str, lines: Sequence[Line], part: str | None = None) -> Verdict:
    """Apply the rule to a claim.

    Parameters
    ----------
    name : str
        Id of the claim in the register.
    lines : list of Line
        All lines of evidence, direct or not; none at all is allowed.
    part : str, optional
        Which part, for a claim that is judged in parts.

    Returns
    -------
    Verdict
        Shown in Jupyter; `.content` is what goes to `data/verdicts.json`.

    Raises
    ------
    ValueError
        For a claim or part that is not registered, and for lines that cannot be (see `decide`).
    """
    entry, registered, lines = find(name), find_part(name, part), list(lines)
    found = decide(registered, lines)
    return Verdict(
        {
            "claim": name,
            "part": registered.get("name", ""),
            "lesson": registered["lesson"],
            "type": registered["type"],
            "sentence": entry["text"],
            "says": registered.get("says", ""),
            "question": _question(registered),
            "conclusion": found.conclusion,
            "certainty": found.certainty,
            "scope": found.scope,
            "value": in_words(found.estimate, registered) if found.estimate else "",
            "bar": _bar(registered),
            "source": _source(found, registered),
            "hardly": registered.get("hardly", ""),
            "estimate": _rounded(found.estimate),
            "steps": [{"change": change, "why": why} for change, why in found.steps],
            "notes": list(found.notes),
            "lines": [_stored(line, found, registered) for line in lines],
            "looked": registered.get("looked", "") * (found.conclusion == NO_LINE),
            "settle": registered.get("settle", entry["settle"]),
            "safety": _safety(entry, registered, found.conclusion),
        }
    )


def _rounded(numbers: Estimate | None) -> dict | None:
    if numbers is None:
        return None
    return {key: round(getattr(numbers, key), 6) for key in _NUMBERS} | {"k": numbers.k}


def _source(found: Decision, part: dict) -> str:
    """What the number is: one line's, or a pool of several."""
    if found.estimate is None:
        return ""
    if found.estimate.k == 1 and len(found.lines) == 1:
        line = found.lines[0]
        return f"{line.measure[:1].upper()}{line.measure[1:]} ({line.label})."
    word = "randomised " if all(line.design == RANDOMISED for line in found.lines) else ""
    mixed = any(line.outcome == COMPOSITE for line in found.lines)
    what = f"{part['outcome']}{', alone or with other events' * mixed}"
    if found.estimate.k == 1:
        return f"One of {len(found.lines)} {word}lines on {what}."
    return f"Pooled from {found.estimate.k} {word}lines on {what}."


def _stored(line: Line, found: Decision, part: dict) -> dict:
    why = found.context.get(line.label, "")
    numbers = {
        key: None if isinstance(value, float) and isnan(value) else value
        for key, value in asdict(line).items()
    }
    rounded = {k: round(v, 6) if isinstance(v, float) else v for k, v in numbers.items()}
    return rounded | {
        "scope": list(line.scope),
        "direct": line.direct,
        "decides": not why,
        "why_not": why,
        "text": _line_text(line, part, why),
    }


def collect(notebook: dict) -> list[dict]:
    """The verdicts in the stored outputs of a notebook.

    Parameters
    ----------
    notebook : dict
        As read by nbformat or json.

    Returns
    -------
    list of dict
        The content of each verdict, in the notebook's order.
    """
    return [
        output["data"][MIME]
        for cell in notebook["cells"]
        if cell["cell_type"] == "code"
        for output in cell["outputs"]
        if MIME in output.get("data", {})
    ]


def again(
    name: str,
    part: str | None = None,
    more: Sequence[Line] = (),
    path: Path = DATA / "verdicts.json",
) -> Decision:
    """Decide a claim again from its lesson's lines, with others added.

    Parameters
    ----------
    name : str
        Id of the claim in the register.
    part : str, optional
        Which part, for a claim that is judged in parts.
    more : list of Line, optional
        Lines to add, such as a study one imagines.
    path : Path
        Where `make lessons` wrote the verdicts.

    Returns
    -------
    Decision
        What the rule would say.

    Raises
    ------
    ValueError
        For a claim or part that is not registered, or has no verdict yet.
    """
    registered = find_part(name, part)
    label = registered.get("name", "")
    said = [v for v in content(path, json.loads) if (v["claim"], v["part"]) == (name, label)]
    if not said:
        raise ValueError(f"claim {name!r} has no verdict yet. Remedy: make lessons")
    given = {f.name for f in fields(Line) if f.init} - {"label", "measure"}
    lines = [
        Line(
            line["label"],
            line["measure"],
            {key: nan if line[key] is None else line[key] for key in _NUMBERS},
            **{key: line[key] for key in given & line.keys()},
        )
        for line in said[0]["lines"]
    ]
    return decide(registered, [*lines, *more])


def board(
    path: Path = DATA / "verdicts.json", before: Mapping[str, object] | None = None
) -> pd.DataFrame:
    """All claims, with what is concluded for each part so far judged.

    Parameters
    ----------
    path : Path
        Where `make lessons` wrote the verdicts.
    before : mapping, optional
        What the reader believed before, by claim id (or "id, part").

    Returns
    -------
    DataFrame
        A row per claim and part, in the article's order: claim, part, says (the sentence), asks
        (the estimand), type, bar (margin or threshold), hardly (why the bar is low, if it is),
        value (with interval), conclusion (empty if the lesson is still to come), certainty, scope,
        lesson, before.
    """
    judged = {(v["claim"], v["part"]): v for v in content(path, json.loads)}
    before = before or {}
    rows = []
    for name, entry in register().items():
        for part in entry["part"]:
            label = part.get("name", "")
            found = judged.get((name, label), {})
            rows.append(
                {
                    "claim": name,
                    "part": label,
                    "says": " ".join(filter(None, [entry["text"], part.get("says", "")])),
                    "asks": _question(part),
                    "type": part["type"],
                    "bar": _bar(part),
                    "hardly": part.get("hardly", ""),
                    "value": found.get("value", ""),
                    "conclusion": found.get("conclusion", ""),
                    "certainty": found.get("certainty", ""),
                    "scope": found.get("scope", ""),
                    "lesson": part["lesson"],
                    "before": before.get(f"{name}, {label}", before.get(name, "")),
                }
            )
    return pd.DataFrame(rows)
