"""The register of claims, the rule that turns evidence into a verdict, and the board.

The register is `data/claims.toml`. The rule, in one place:

1. A line of evidence is *direct* if exposure and disease match the claim and its outcome is the
   claim's own or a composite that contains it. Only direct lines decide; the others are context.
2. If a direct line is randomised, the randomised ones decide; else the observational ones do.
   A line that is already inside a pooled line is shown, not counted again.
3. Each deciding line is read from its 95% interval alone.
   Effect (turned so that the claimed direction is up): *supported* if the interval lies above 1
   and reaches past the smallest effect that matters; *evidence against* if it ends below that
   effect; else *conflicting or too imprecise*.
   Frequency, mechanism: *supported* if the interval lies above the threshold, *evidence
   against* if below, else *conflicting or too imprecise*.
4. Lines that read alike give their reading; lines that differ give *conflicting or too
   imprecise*.
5. Caps. Composite outcomes only: at most *supported in part*. A mechanism: at most *compatible
   with*, unless a line excludes the rival.
6. No direct line: *cannot be tested with public data*. A value is no hypothesis and gets none.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import pandas as pd

from utils import DATA

MIME = "application/vnd.tumor-recurrence.verdict+json"
SUPPORTED = "supported"
IN_PART = "supported in part"
COMPATIBLE = "compatible with the claim"
UNCLEAR = "conflicting or too imprecise"
AGAINST = "evidence against"
UNTESTED = "cannot be tested with public data"
VALUE = "a value, not a hypothesis"
VERDICTS = (SUPPORTED, IN_PART, COMPATIBLE, UNCLEAR, AGAINST, UNTESTED, VALUE)

RANDOMISED, OBSERVATIONAL = "randomised", "observational"
DEFAULT_SAFETY = "Not shown is not the same as safe."


@dataclass(frozen=True)
class Line:
    """One line of evidence.

    Parameters
    ----------
    label : str
        Who published or what was computed, short.
    measure : str
        What the number is, for example "hazard ratio of relapse or death".
    estimate, lower, upper : float
        Estimate and 95% interval, on the scale and in the direction of the register.
    design : {"randomised", "observational"}
    exposure, disease : bool
        Whether they match the register.
    outcome : {"matched", "composite", "other"}
        The claim's outcome, a composite that contains it, or another one.
    studies : int
        Independent studies behind the number.
    inside : str
        Label of the pooled line that already holds this one, if any.
    excludes_rival : bool
        For a mechanism: whether the rival explanation cannot give this result.
    """

    label: str
    measure: str
    estimate: float
    lower: float
    upper: float
    design: str = OBSERVATIONAL
    exposure: bool = True
    disease: bool = True
    outcome: str = "matched"
    studies: int = 1
    inside: str = ""
    excludes_rival: bool = False

    def __post_init__(self) -> None:
        if self.design not in (RANDOMISED, OBSERVATIONAL):
            raise ValueError(
                f"line {self.label!r}: design is 'randomised' or 'observational', "
                f"not {self.design!r}"
            )
        if self.outcome not in ("matched", "composite", "other"):
            raise ValueError(
                f"line {self.label!r}: outcome is 'matched', 'composite' or 'other', "
                f"not {self.outcome!r}"
            )
        if not self.lower <= self.estimate <= self.upper:
            raise ValueError(
                f"line {self.label!r}: the estimate {self.estimate} lies outside its "
                f"interval {self.lower} to {self.upper}"
            )

    @property
    def direct(self) -> bool:
        return self.exposure and self.disease and self.outcome != "other"


def _content(path: Path, parse: Callable[[str], object]) -> object:
    try:
        return parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(
            f"data/{path.name} cannot be read ({error}). "
            f"Get it back with: git checkout -- data/{path.name}"
        ) from error


@cache
def register(path: Path = DATA / "claims.toml") -> dict[str, dict]:
    """The registered claims by id, in the article's order."""
    return {claim["id"]: claim for claim in _content(path, tomllib.loads)["claim"]}


def claim(name: str) -> pd.DataFrame:
    """What was registered for a claim, one column a part: type, who, exposure, outcome, ..."""
    return (
        pd.DataFrame({p.get("name", "registered"): p for p in _find(name)["part"]})
        .drop(index="name", errors="ignore")
        .fillna("")
    )


def overview() -> pd.DataFrame:
    """The map of the claims: lesson, what it says in our words, and its type, by id."""
    return pd.DataFrame(
        [
            {
                "claim": name,
                "lesson": entry["lesson"],
                "says": entry["text"],
                "type": " and ".join(dict.fromkeys(part["type"] for part in entry["part"])),
            }
            for name, entry in register().items()
        ]
    ).set_index("claim")


def _find(name: str) -> dict:
    if name not in register():
        raise ValueError(f"no claim {name!r}; the claims are {', '.join(register())}")
    return register()[name]


def _find_part(name: str, part: str | None) -> dict:
    parts = _find(name)["part"]
    if part is None and len(parts) == 1:
        return parts[0]
    for candidate in parts:
        if part is not None and candidate.get("name") == part:
            return candidate
    raise ValueError(f"claim {name!r} has the parts {[p.get('name') for p in parts]}: name one")


def read_line(line: Line, part: dict) -> str:
    """Step 3 of the rule: what one line says, from its interval alone."""
    lower, upper = line.lower, line.upper
    if part["type"] == "effect":
        null, needed = 1.0, part["margin"]
        if part["direction"] == "lowers":
            lower, upper, needed = 1 / line.upper, 1 / line.lower, 1 / needed
    else:
        null = needed = part["threshold"]
    if upper < needed:
        return AGAINST
    return SUPPORTED if lower > null else UNCLEAR


def deciding(lines: Sequence[Line]) -> list[Line]:
    """Steps 1 and 2 of the rule: the lines that set the verdict."""
    direct = [line for line in lines if line.direct and not line.inside]
    randomised = [line for line in direct if line.design == RANDOMISED]
    return randomised or direct


def decide(part: dict, lines: Sequence[Line]) -> str:
    """The whole rule for one part of a claim."""
    if part["type"] == "value":
        return VALUE
    chosen = deciding(lines)
    if not chosen:
        return UNTESTED
    readings = {read_line(line, part) for line in chosen}
    reading = readings.pop() if len(readings) == 1 else UNCLEAR
    if reading == SUPPORTED and part["type"] == "mechanism":
        return SUPPORTED if any(line.excludes_rival for line in chosen) else COMPATIBLE
    if reading == SUPPORTED and all(line.outcome == "composite" for line in chosen):
        return IN_PART
    return reading


def grade(lines: Sequence[Line]) -> str:
    """Design behind a verdict, in words."""
    chosen = deciding(lines)
    if not chosen:
        return "none"
    if chosen[0].design == RANDOMISED:
        return "randomised"
    studies = sum(line.studies for line in chosen)
    return (
        "two or more independent observational studies"
        if studies > 1
        else "one observational study"
    )


def headline(verdicts: Sequence[str]) -> str:
    """One word for a claim from the verdicts of its parts."""
    tested = [v for v in verdicts if v != VALUE]
    if not tested:
        return VALUE
    if len(set(tested)) == 1:
        return tested[0]
    return IN_PART if SUPPORTED in tested or IN_PART in tested else UNCLEAR


def _numbers(line: Line) -> str:
    """Estimate and interval, to three figures."""
    return f"{line.estimate:.3g} (95% interval {line.lower:.3g} to {line.upper:.3g})"


def _reason(part: dict, lines: Sequence[Line], result: str) -> str:
    chosen = deciding(lines)
    if part["type"] == "value":
        return "No data could make this true or false."
    if not chosen:
        return "No line of evidence matches the claim's exposure, outcome and disease."
    if part["type"] == "effect":
        word = "above" if part["direction"] == "raises" else "below"
        mark = f"an interval wholly {word} 1 that reaches {part['margin']:g}"
    else:
        mark = f"an interval wholly above {part['threshold']:g}"
    texts = [f"{line.label}: {line.measure} {_numbers(line)}" for line in chosen]
    caps = {
        COMPATIBLE: f" The rival is not excluded: {part.get('rival', '')}.",
        IN_PART: " The outcome is a composite, so part of it may not be relapse.",
    }
    return f"{'; '.join(texts)}. Support needs {mark}.{caps.get(result, '')}"


class Verdict:
    """A verdict that Jupyter shows as a box and that `make lessons` collects as JSON."""

    def __init__(self, content: dict) -> None:
        self.content = content

    def __repr__(self) -> str:
        c = self.content
        part = f" ({c['part']})" if c["part"] else ""
        lines = [
            f"Verdict on '{c['claim']}'{part}: {c['verdict'].upper()}",
            f"Evidence that decides: {c['grade']}",
            c["reason"],
        ]
        if c["context"]:
            lines.append(f"Shown as context only: {'; '.join(c['context'])}")
        return "\n".join(
            [
                *lines,
                f"What would settle it: {c['settle']}",
                *([c["safety"]] if c["safety"] else []),
            ]
        )

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict:
        from html import escape

        first, *rest = repr(self).split("\n")
        body = "".join(f"<p>{escape(line)}</p>" for line in rest)
        box = (
            "border:2px solid #44546a;border-left-width:10px;border-radius:4px;"
            "padding:0 1em;max-width:46em"
        )
        return {
            MIME: self.content,
            "text/plain": repr(self),
            "text/html": f'<div style="{box}"><p><strong>{escape(first)}</strong></p>{body}</div>',
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
        For a claim or part that is not registered.
    """
    registered = _find_part(name, part)
    result = decide(registered, lines)
    chosen = deciding(lines)
    rounded = [
        {
            key: round(value, 3) if isinstance(value, float) else value
            for key, value in asdict(line).items()
        }
        | {"direct": line.direct, "decides": line in chosen}
        for line in lines
    ]
    negative = result in (AGAINST, UNCLEAR, UNTESTED)
    return Verdict(
        {
            "claim": name,
            "part": registered.get("name", ""),
            "type": registered["type"],
            "outcome": registered["outcome"],
            "verdict": result,
            "grade": grade(lines),
            "numbers": [f"{line.measure}: {_numbers(line)}" for line in chosen],
            "reason": _reason(registered, lines, result),
            "context": [line.label for line in lines if line not in chosen],
            "lines": rounded,
            "settle": _find(name)["settle"],
            "safety": _find(name).get("safety", DEFAULT_SAFETY if negative else ""),
        }
    )


def collect(notebook: dict) -> list[dict]:
    """The verdicts in the stored outputs of a notebook (as read by nbformat or json)."""
    return [
        output["data"][MIME]
        for cell in notebook["cells"]
        if cell["cell_type"] == "code"
        for output in cell["outputs"]
        if MIME in output.get("data", {})
    ]


def board(path: Path = DATA / "verdicts.json") -> pd.DataFrame:
    """All claims, with the verdict of each part so far judged.

    Returns
    -------
    DataFrame
        A row per claim and part: claim, part, lesson, text, type, verdict (empty if the lesson
        is still to come), grade, numbers (every deciding line, with its interval).
    """
    judged = {(v["claim"], v["part"]): v for v in _content(path, json.loads)}
    rows = []
    for name, entry in register().items():
        for part in entry["part"]:
            found = judged.get((name, part.get("name", "")), {})
            rows.append(
                {
                    "claim": name,
                    "part": part.get("name", ""),
                    "lesson": entry["lesson"],
                    "text": entry["text"],
                    "type": part["type"],
                    "verdict": found.get("verdict", ""),
                    "grade": found.get("grade", ""),
                    "numbers": "; ".join(found.get("numbers", [])),
                }
            )
    return pd.DataFrame(rows)
