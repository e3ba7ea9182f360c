"""An instructor's week by the guide: its own lines and blocks, used as they stand, in a copy.

What is taken out of INSTRUCTORS.md is found by what it does (a file, a command), not by the words
around it.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import uuid
from copy import deepcopy
from datetime import date, timedelta

import nbformat
import pytest

from tools import authoring, lessons

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("make"), reason="the guide's lines need make"),
]
GUIDE = (lessons.ROOT / "INSTRUCTORS.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^ *```\w*\n(.*?)^ *```$", GUIDE, re.M | re.S)
FIRST = lessons.paths()[0].stem
LEFT_OUT = (".git", ".venv*", "*cache*", "__pycache__", "dist", "work", "instructor")
# A course may have followed the guide already: other names than the guide's.
RENAMED = {"ward_cohort": "guide_cohort", "ward-median": "guide-median"}


def block(holds):
    """The guide's block that holds these words, for the first lesson, with names of our own."""
    found = [text for text in BLOCKS if holds in text]
    assert found, f"INSTRUCTORS.md: no block with {holds}"
    return ours(found[0])


def line(begins):
    """The guide's line that begins so."""
    lines = [text.strip() for inside in BLOCKS for text in inside.splitlines()]
    found = [text for text in lines if text.startswith(begins)]
    assert found, f"INSTRUCTORS.md: no line `{begins}`"
    return ours(found[0])


def ours(text):
    for theirs, name in RENAMED.items():
        text = text.replace(theirs, name)
    return text


def typed(folder, command):
    """Say a line of the guide in a copy, with the Python that runs this test; what it printed."""
    python = shlex.quote(sys.executable)
    command = command.replace(".venv/bin/python", python)
    run = shlex.quote(f"RUN={python}")  # quoted twice: make hands it to a shell of its own
    command = re.sub("^make ", lambda _: f"make {run} READY=README.md ", command)
    done = subprocess.run(
        command,
        shell=True,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
        text=True,
        encoding="utf-8",
        capture_output=True,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}\n{done.stderr[-2000:]}"
    return done.stdout


def green(folder, stem=FIRST, data=""):
    """The tests that the guide names for one lesson pass; with `data`, those of the data too."""
    told = line(".venv/bin/python -m pytest").replace("00_start_here", stem)
    words = f"{stem[:2]} or valid or registered" if data else stem[:2]
    told = told.replace("-k 00", f"-k '{words}' -q -p no:cacheprovider")
    said = typed(folder, f"{told} {data}")
    assert int(re.search(r"(\d+) passed", said)[1]) > 40, said


def run_lesson(folder, stem=FIRST):
    assert f"`make lessons LESSON={FIRST[:2]}`" in GUIDE
    typed(folder, f"make lessons LESSON={stem[:2]}")
    return lessons.read(folder / "notebooks" / f"{stem}.ipynb")


def as_saved(book, path):
    """A lesson as JupyterLab saves it."""
    path.write_text(nbformat.writes(book) + "\n", encoding="utf-8")


@pytest.fixture
def course(tmp_path):
    """A copy of the project in a folder of its own, for one test to change."""
    skip = shutil.ignore_patterns(*LEFT_OUT)
    return shutil.copytree(lessons.ROOT, tmp_path / "in a folder" / "a course", ignore=skip)


def test_a_lesson_of_ones_own_and_a_changed_setting(course):
    told = line("make new-lesson")
    number = re.search(r"NUMBER=(\d\d)", told)[1]
    typed(course, told)
    path = next(course.glob(f"notebooks/{number}_*.ipynb"))
    book = lessons.read(path)
    cell = authoring.settings_cell(book)
    name, value = re.match(r"([A-Z_]+) = (\d+)", cell.source).groups()
    as_saved(authoring.with_settings(book, {name: int(value) - 1}), path)
    run = run_lesson(course, path.stem)
    shown = [[c.get("outputs") for c in b.cells if c.id != "settings"] for b in (book, run)]
    assert shown[0] != shown[1]
    assert path.name in (course / "README.md").read_text(encoding="utf-8")
    green(course, path.stem)


def export(path):
    """What a hospital's program writes: byte-order mark, semicolons, commas, dates, 1 and 2."""
    rows = ["Patient;Alter;OP-Datum;Letzter Kontakt;Status;Größe (mm)"]
    for i in range(1, 61):
        start = date(2015, 1, 31) + timedelta(days=11 * i)
        end = start + timedelta(days=90 + 37 * (i * 7 % 31))
        size = "" if i % 17 == 0 else f"{i / 3:.1f}".replace(".", ",")
        status = 2 if i % 3 else 1
        rows.append(f"{i};{40 + i % 40};{start:%d.%m.%Y};{end:%d.%m.%Y};{status};{size}")
    path.write_bytes("\r\n".join(["\ufeff" + rows[0], *rows[1:], ""]).encode())


def change_words(course):
    """A sentence in the first cell, a hint in the words of the checks."""
    path = course / "notebooks" / f"{FIRST}.ipynb"
    book = lessons.read(path)
    book.cells[0].source += "\n\nWe read it together, and whoever wants to leaves the room."
    as_saved(book, path)
    words = lessons.words_of(path)
    text = words.read_text(encoding="utf-8")
    hint = re.search(r'hints = \[\s*"([^"]+)"', text)[1]
    words.write_text(text.replace(hint, f"{hint} Read it aloud."), encoding="utf-8")


def register_own_data(course):
    """From a raw export to a card."""
    export(course.parent / "ward_export.csv")
    (course.parent / "ward.py").write_text(block("ward_export.csv"), encoding="utf-8")
    typed(course, line(".venv/bin/python ../ward.py"))
    register = course / "data" / "build" / "register.toml"
    before = register.read_text(encoding="utf-8")
    typed(course, line(".venv/bin/python data/build/register.py --draft"))
    assert register.read_text(encoding="utf-8").startswith(before)
    entry = block('name = "ward_cohort"')
    register.write_text(f"{before}\n{entry}", encoding="utf-8")
    typed(course, ".venv/bin/python data/build/register.py")
    card = typed(course, line('.venv/bin/python -c "from utils import card'))
    assert "60 people" in card and "relapse or death: 40" in card


def add_exercise(course):
    """The three cells of the last exercise, pasted below it and rewritten; and their words."""
    path = course / "notebooks" / f"{FIRST}.ipynb"
    book = lessons.read(path)
    at = max(i for i, c in enumerate(book.cells) if "check" in c.metadata.get("tags", []))
    heading, answer, check = pasted = deepcopy(book.cells[at - 2 : at + 1])
    heading.source = (
        "### Exercise (do): our ward\n\nAfter how many months had half relapsed or died?"
    )
    answer.source = block("### BEGIN SOLUTION").strip()
    check.source = block('check("00-ward-median"').strip()
    for cell in pasted:
        cell.id = uuid.uuid4().hex[:8]
    book.cells[at + 1 : at + 1] = pasted
    as_saved(book, path)
    with open(lessons.words_of(path), "a", encoding="utf-8") as file:
        file.write("\n" + block("[exercise.00-ward-median]"))


def test_words_data_and_an_exercise_of_ones_own(course):
    change_words(course)
    register_own_data(course)
    add_exercise(course)
    run = run_lesson(course)
    text = "\n".join(cell.source for cell in run.cells)
    assert "whoever wants to leaves" in text and "guide-median" in text
    assert not [cell.id for cell in run.cells if re.match(r"\d", cell.id)]
    green(course, data="tests/data/test_data.py")
