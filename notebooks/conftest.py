"""What nbval does not compare, compared in the same execution.

nbval ignores pictures and metadata, passes over cells that were never run, and does not mind the
order of outputs of different kinds. This hook looks at all four after nbval has run a cell.
"""

import base64
import io
import os
import platform
import re
from importlib.metadata import version

import nbformat
import numpy as np
import pytest
from nbval.plugin import IPyNbCell
from PIL import Image

from tools.lessons import CACHE, ROOT, environment

os.environ.update(environment())
CACHE.mkdir(exist_ok=True)

LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PINS = dict(re.findall(r"^([\w.-]+)==([^\s;\\]+)", LOCK, re.M))
DRAWN_BY = ("matplotlib", "numpy", "pandas", "pillow", "scipy", "seaborn", "statsmodels")
LOCKED = (platform.system(), platform.machine()) == ("Linux", "x86_64") and all(
    version(name) == PINS[name] for name in DRAWN_BY
)
PICTURE = "image/png"
TOLERANCE = 4.0


def kinds(outputs: list) -> list:
    """What each output is and carries, in order."""
    return [
        (o.output_type, o.get("name"), sorted(o.get("data", {})), o.get("metadata", {}))
        for o in outputs
    ]


def same_picture(stored: str, new: str) -> bool:
    """Equal to the byte on the locked packages, elsewhere within a mean difference per pixel."""
    if stored.strip() == new.strip():
        return True
    if LOCKED:
        return False
    a, b = (
        np.asarray(Image.open(io.BytesIO(base64.b64decode(p))).convert("RGB"), dtype=float)
        for p in (stored, new)
    )
    return a.shape == b.shape and np.abs(a - b).mean() <= TOLERANCE


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    result = yield
    if isinstance(item, IPyNbCell):
        compare_the_rest(item)
    return result


def compare_the_rest(item: IPyNbCell) -> None:
    """Fail a cell whose outputs differ in what nbval passes over."""
    place = f"{item.path.name}, code cell {item.cell_num} (id {item.cell.id})"
    if item.cell.execution_count != item.cell_num + 1:
        pytest.fail(
            f"{place}: execution count {item.cell.execution_count}, expected "
            f"{item.cell_num + 1}: run `make lessons`",
            pytrace=False,
        )
    stored = item.cell.outputs
    new = [nbformat.from_dict(output) for output in item.test_outputs]
    if kinds(stored) != kinds(new):
        pytest.fail(
            f"{place}: outputs or their metadata differ: {kinds(stored)} stored, "
            f"{kinds(new)} computed",
            pytrace=False,
        )
    for before, after in zip(stored, new):
        if PICTURE in before.get("data", {}) and not same_picture(
            before.data[PICTURE], after.data[PICTURE]
        ):
            pytest.fail(f"{place}: the stored picture is not the one computed", pytrace=False)
