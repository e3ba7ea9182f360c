"""What nbval does not compare, compared in the same execution, and a report one can act on.

nbval ignores pictures and metadata, passes over cells that were never run, and does not mind the
order of outputs of different kinds. This hook looks at all four after nbval has run a cell. What
fails is told at once: lesson, cell, stored and now, and the remedy; of a changed picture, stored,
new and difference lie in dist/differences/.
"""

import base64
import difflib
import io
import os
import platform
import re
from importlib.metadata import version

import nbformat
import pytest
from nbval.plugin import IPyNbCell, NbCellError
from PIL import Image, ImageChops

from tools.lessons import CACHE, ROOT, environment

os.environ.update(environment())
CACHE.mkdir(parents=True, exist_ok=True)

LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PINS = dict(re.findall(r"^([\w.-]+)==([^\s;\\]+)", LOCK, re.M))
DRAWN_BY = ("matplotlib", "numpy", "pandas", "pillow", "scipy", "seaborn", "statsmodels")
LOCKED = (platform.system(), platform.machine()) == ("Linux", "x86_64") and all(
    version(name) == PINS[name] for name in DRAWN_BY
)
PICTURE = "image/png"
DIFFERENCES = ROOT / "dist" / "differences"
REMEDY = "Meant? `make lessons`, look at `git diff`, commit. Not meant? Mend what changed it."


def kinds(outputs: list) -> list:
    """What each output is and carries, in order."""
    return [
        (o.output_type, o.get("name"), sorted(o.get("data", {})), o.get("metadata", {}))
        for o in outputs
    ]


def words(outputs: list) -> list[str]:
    """The lines a reader sees in outputs, pictures aside."""
    texts = [
        o.get("text") or o.get("data", {}).get("text/plain") or "\n".join(o.get("traceback", []))
        for o in outputs
    ]
    return "\n".join(map(str, texts)).splitlines()


def place(item: IPyNbCell) -> str:
    return f"{item.path.name}, cell `{item.cell.get('id', 'without an id')}`"


def changed(item: IPyNbCell) -> str:
    """Stored and now, line by line, whatever nbval has to say about it."""
    now = [nbformat.from_dict(output) for output in getattr(item, "test_outputs", None) or []]
    lines = difflib.unified_diff(
        words(item.cell.outputs), words(now), "stored", "now", lineterm="", n=1
    )
    return "\n".join(list(lines)[:40])


def fail(item: IPyNbCell, problem: str, detail: str = "") -> None:
    pytest.fail("\n".join(filter(None, [f"{place(item)}: {problem}", detail, REMEDY])), False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    try:
        result = yield
    except NbCellError as error:
        problem = str(error).strip().splitlines()[0]
        fail(item, problem, error.inner_traceback if "Traceback" in problem else changed(item))
    if isinstance(item, IPyNbCell):
        compare_the_rest(item)
    return result


def compare_the_rest(item: IPyNbCell) -> None:
    """Fail a cell whose outputs differ in what nbval passes over."""
    stored = item.cell.outputs
    new = [nbformat.from_dict(output) for output in item.test_outputs]
    if item.cell.execution_count != item.cell_num + 1:
        fail(item, "it was never run, or not in its place")
    if kinds(stored) != kinds(new):
        fail(item, "its outputs are of other kinds", f"stored: {kinds(stored)}\nnow: {kinds(new)}")
    for before, after in zip(stored, new, strict=True):
        if (
            LOCKED
            and before.get("data", {}).get(PICTURE, "").strip()
            != after.get("data", {}).get(PICTURE, "").strip()
        ):
            fail(item, "its picture changed", keep(item, before, after))


def keep(item: IPyNbCell, before: dict, after: dict) -> str:
    """Put stored, new and their difference where one can look at them; say where."""
    DIFFERENCES.mkdir(parents=True, exist_ok=True)
    a, b = (
        Image.open(io.BytesIO(base64.b64decode(o["data"][PICTURE]))).convert("RGB")
        for o in (before, after)
    )
    name = f"{item.path.stem}-{item.cell.id}"
    both = ImageChops.difference(a, b.resize(a.size))
    for what, picture in (("stored", a), ("new", b), ("difference", both)):
        picture.save(DIFFERENCES / f"{name}-{what}.png")
    return f"{a.size} stored, {b.size} now; see dist/differences/{name}-*.png"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Say it in our words: nbval would put "pytest plugin exception" in front."""
    report = yield
    if (
        isinstance(item, IPyNbCell)
        and call.excinfo
        and call.excinfo.errisinstance(pytest.fail.Exception)
    ):
        report.longrepr = str(call.excinfo.value)
    return report


def pytest_runtest_logreport(report):
    """Tell a failure when it happens, not minutes later at the end."""
    if report.failed and report.nodeid.startswith("notebooks/") and report.when == "call":
        print(f"\n{report.longreprtext}\n", flush=True)
