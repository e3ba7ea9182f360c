"""R's second opinion (`make r`) beside the numbers that the lessons show.

R need not be here: its values are committed. Every number that decides a verdict is recomputed in
R, or stands in a row of a published table.
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

HERE = Path(__file__).parent
STORE, CHANGED = HERE / "lessons.json", HERE / "changed.txt"
R = {v["where"]: v for v in json.loads(STORE.read_text(encoding="utf-8"))["values"]}
CHANGED_HERE = [
    line.strip()
    for line in CHANGED.read_text(encoding="utf-8").splitlines()
    if line.strip() and not line.startswith("#")
]
PRINTED = [where for where in R if where[:2].isdigit()]
VERDICT = [where for where in R if where not in PRINTED]
NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?!\w)")
POOLED = "pooled"


@cache
def notebooks() -> dict:
    return {path.name[:2]: lessons.read(path) for path in lessons.paths()}


@cache
def decided() -> dict[str, list[float]]:
    """Estimate and interval of every line of a verdict, and of what was pooled, by place."""
    found = {}
    for notebook in notebooks().values():
        for verdict in claims.collect(notebook):
            part = f" ({verdict['part']})" if verdict["part"] else ""
            lines = [(line["label"], line) for line in verdict["lines"]]
            if verdict["estimate"]:
                lines.append((POOLED, verdict["estimate"]))
            for label, line in lines:
                if line["lower"] is not None:
                    place = f"{verdict['claim']}{part} > {label}"
                    found[place] = [line[name] for name in ("estimate", "lower", "upper")]
    return found


def deciding() -> list[str]:
    return [
        f"{v['claim']}{' (' + v['part'] + ')' if v['part'] else ''} > {line['label']}"
        for notebook in notebooks().values()
        for v in claims.collect(notebook)
        for line in v["lines"]
        if line["decides"]
    ]


@pytest.mark.parametrize("where", VERDICT)
def test_verdict_number_is_what_R_gives(where):
    assert where in decided(), "no verdict shows this line: correct its name in tests/r"
    value, tolerance = R[where]["value"], R[where]["tolerance"]
    assert np.allclose(decided()[where], value, rtol=0.0006, atol=0.0006 + tolerance), (
        f"the lesson says {decided()[where]}, R says {value}: {R[where]['call']}"
    )


@cache
def published_rows() -> list[np.ndarray]:
    rows = []
    for path in sorted((DATA / "published").glob("*.csv")):
        with open(path, encoding="utf-8", newline="") as file:
            for row in csv.reader(file):
                numbers = [float(cell) for cell in row if NUMBER.fullmatch(cell)]
                rows.append(np.array(numbers + [1 / n for n in numbers if n]))
    return rows


def is_printed(three: list[float]) -> bool:
    """Whether a row holds the three numbers, as they are, as percentages or turned over."""
    return any(
        all(np.isclose(row, scale * number, rtol=0.006, atol=1e-9).any() for number in three)
        for row in published_rows()
        for scale in (1, 100, -1, -100)
    )


def test_every_deciding_line_is_recomputed_or_printed_by_its_source():
    alone = [p for p in deciding() if p not in R and not is_printed(decided()[p])]
    assert not alone, f"neither in tests/r nor in a published table: {alone}"


def test_every_pool_is_recomputed():
    pools = [
        f"{v['claim']}{' (' + v['part'] + ')' if v['part'] else ''} > {POOLED}"
        for notebook in notebooks().values()
        for v in claims.collect(notebook)
        if v["estimate"] and v["estimate"]["k"] > 1
    ]
    assert not set(pools) - set(R)


@cache
def printed_numbers(lesson: str, cell: str) -> list[str]:
    """The numbers that a lesson's cell shows, as printed."""
    outputs = next(c for c in notebooks()[lesson].cells if c.id == cell)["outputs"]
    text = "\n".join(o.get("text") or o["data"]["text/plain"] for o in outputs)
    return NUMBER.findall(text)


def agrees(shown: str, value: float, tolerance: float) -> bool:
    decimals = len(shown.partition(".")[2])
    return abs(float(shown) - value) <= 0.5 * 10**-decimals + tolerance


def test_what_a_course_changed_is_a_printed_place():
    assert set(CHANGED_HERE) <= set(PRINTED), f"{CHANGED}: {set(CHANGED_HERE) - set(PRINTED)}"


@pytest.mark.parametrize("where", [w for w in PRINTED if w not in CHANGED_HERE])
def test_printed_number_is_what_R_gives(where):
    lesson, cell = where.split(" > ")[:2]
    shown = printed_numbers(lesson[:2], cell)
    value, tolerance = R[where]["value"], R[where]["tolerance"]
    rest = iter(shown)
    assert all(any(agrees(s, v, tolerance) for s in rest) for v in value), (
        f"R gives {value} ({R[where]['call']}); the cell shows {shown}. Did your course change "
        f"this cell on purpose? Then add the line `{where}` to tests/r/changed.txt"
    )
