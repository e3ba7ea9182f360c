"""Faults planted in a small lesson are caught, and named by lesson and cell."""

import base64
import importlib.util
import io
import json
import re
import subprocess
import sys

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from PIL import Image, ImageOps

from tools import lessons

pytestmark = pytest.mark.slow
CELLS = [
    ("numbers", "print('hazard ratio 1.43')"),
    (
        "picture",
        "from utils import load, plots\n"
        "lung = load('lung_ncctg')\n"
        "ax = plots.kaplan_meier(lung, 'time', 'event', outcome='death', unit='days', read_at=365)",
    ),
    ("table", "lung.groupby('sex')[['event']].sum()"),
]


def digit(cells):
    cells["numbers"]["outputs"][0]["text"] = "hazard ratio 1.44\n"


def never_run(cells):
    cells["table"] |= {"execution_count": None, "outputs": []}


def emptied_output(cells):
    cells["table"]["outputs"] = []


def swapped_picture(cells):
    data = cells["picture"]["outputs"][0]["data"]
    image = Image.open(io.BytesIO(base64.b64decode(data["image/png"]))).convert("RGB")
    buffer = io.BytesIO()
    ImageOps.mirror(image).save(buffer, "PNG")
    data["image/png"] = base64.b64encode(buffer.getvalue()).decode()


def stale_caption(cells):
    cells["picture"]["outputs"][0]["metadata"]["image/png"]["alt"] = "Something else 1"


FAULTS = {
    digit: "numbers",
    swapped_picture: "picture",
    stale_caption: "picture",
    never_run: "table",
    emptied_output: "table",
}


def on_the_locked_packages():
    """Whether notebooks/conftest.py compares pictures to the byte here."""
    path = lessons.LESSONS / "conftest.py"
    spec = importlib.util.spec_from_file_location("lessons_conftest", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.LOCKED


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """One nbval run over a sound notebook and a copy of it for each fault."""
    folder = tmp_path_factory.mktemp("planted") / "notebooks"
    folder.mkdir()
    (folder / "conftest.py").write_bytes((lessons.LESSONS / "conftest.py").read_bytes())
    (folder / "pytest.ini").touch()
    cells = [new_markdown_cell("# Small", id="title"), *(new_code_cell(s, id=i) for i, s in CELLS)]
    sound = lessons.execute(new_notebook(cells=cells))
    (folder / "sound.ipynb").write_bytes(lessons.stored(sound))
    for plant in FAULTS:
        copy = json.loads(lessons.stored(sound))
        plant({cell["id"]: cell for cell in copy["cells"]})
        (folder / f"{plant.__name__}.ipynb").write_text(json.dumps(copy))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--nbval"]
    command += ["--nbval-current-env", "--color=no", "-c", "pytest.ini", "."]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder).stdout


def named(report, notebook):
    """The cells that the report names for a notebook."""
    return set(re.findall(rf"^{notebook}\.ipynb, cell `(\w+)`:", report, re.M))


def test_the_sound_notebook_passes(report):
    assert " passed" in report
    assert named(report, "sound") == set(), report


@pytest.mark.parametrize("plant", FAULTS, ids=lambda f: f.__name__)
def test_fault_is_caught_and_named(report, plant):
    if plant is swapped_picture and not on_the_locked_packages():
        pytest.skip("off the locked packages a picture is held by its sentence")
    assert named(report, plant.__name__) == {FAULTS[plant]}, report


def test_a_changed_digit_is_shown_stored_and_now(report):
    assert "-hazard ratio 1.44" in report
    assert "+hazard ratio 1.43" in report


def test_a_changed_picture_can_be_looked_at(report):
    if on_the_locked_packages():
        kept = {p.name for p in (lessons.ROOT / "dist" / "differences").glob("swapped_picture-*")}
        assert kept == {f"swapped_picture-picture-{w}.png" for w in ("stored", "new", "difference")}
