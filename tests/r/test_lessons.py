"""R's second opinion (tests/r, `make r`) beside the lessons and utils.

R need not be here: its values are committed. Every verdict line is either recomputed in R or
stands, digit for digit, in a row of a published table.
"""

import csv
import json
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from tools import lessons
from utils import DATA, claims

R = {
    entry["where"]: entry
    for entry in json.loads(Path(__file__).with_name("lessons.json").read_text(encoding="utf-8"))[
        "values"
    ]
}
PRINTED = [where for where in R if where[:2].isdigit()]
VERDICT = [where for where in R if where not in PRINTED]
NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?!\w)")


def place(verdict: dict, line: dict) -> str:
    part = f" ({verdict['part']})" if verdict["part"] else ""
    return f"{verdict['claim']}{part} > {line['label']}"


@cache
def notebooks() -> dict:
    return {path.name[:2]: lessons.read(path) for path in lessons.paths()}


@cache
def verdict_lines() -> dict[str, tuple[dict, dict]]:
    """As the lessons show them; `test_lessons.py` holds data/verdicts.json to the same."""
    return {
        place(verdict, line): (verdict, line)
        for notebook in notebooks().values()
        for verdict in claims.collect(notebook)
        for line in verdict["lines"]
    }


def three(line: dict) -> list[float]:
    return [line["estimate"], line["lower"], line["upper"]]


@pytest.mark.parametrize("where", VERDICT)
def test_verdict_line_is_what_R_gives(where):
    assert where in verdict_lines(), "no verdict shows this line: correct its name in tests/r/"
    verdict, line = verdict_lines()[where]
    value, tolerance = R[where]["value"], R[where]["tolerance"]
    assert np.abs(np.array(three(line)) - value).max() <= 0.0005 + tolerance, (
        f"the lesson says {three(line)}, R says {value}: {R[where]['call']}"
    )
    if line["decides"] and tolerance <= 1e-6:
        text = "{:.3g} (95% interval {:.3g} to {:.3g})".format(*value)
        assert text in verdict["reason"], f"R gives {text}; the verdict says {verdict['reason']}"


@cache
def published_rows() -> list[set[float]]:
    rows = []
    for path in sorted((DATA / "published").glob("*.csv")):
        with open(path, encoding="utf-8", newline="") as file:
            rows += [
                {float(cell) for cell in row if NUMBER.fullmatch(cell)} for row in csv.reader(file)
            ]
    return rows


def test_every_verdict_line_is_recomputed_or_printed_by_its_source():
    alone = [
        f"{where} {three(line)}"
        for where, (_, line) in verdict_lines().items()
        if where not in R and not any(set(three(line)) <= row for row in published_rows())
    ]
    assert not alone, (
        f"neither in tests/r nor in a published table: {alone}; recompute "
        "them in R and write the values with lessons.R --write"
    )


@cache
def printed_numbers(lesson: str, cell: str) -> list[str]:
    """The numbers that a lesson's cell shows, as printed."""
    outputs = next(c for c in notebooks()[lesson].cells if c.id == cell)["outputs"]
    text = "\n".join(o.get("text") or o["data"]["text/plain"] for o in outputs)
    return NUMBER.findall(text)


def agrees(shown: str, value: float, tolerance: float) -> bool:
    decimals = len(shown.partition(".")[2])
    return abs(float(shown) - value) <= 0.5 * 10**-decimals + tolerance


@pytest.mark.parametrize("where", PRINTED)
def test_printed_number_is_what_R_gives(where):
    lesson, cell = where.split(" > ")[:2]
    shown, value, tolerance = (
        printed_numbers(lesson, cell),
        R[where]["value"],
        R[where]["tolerance"],
    )
    assert any(
        all(agrees(s, v, tolerance) for s, v in zip(shown[i:], value))
        for i in range(len(shown) - len(value) + 1)
    ), f"R gives {value} ({R[where]['call']}); the cell shows {shown}"
