"""The edition that runs in a browser: what it is given is whole, and it runs as at home.

Building it needs `.venv-live` (make live) and Pyodide's files, looking at it Chromium; a missing
one is a skip that names it, and an error where LIVE_REQUIRED is set.
"""

import ast
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import urllib.error
import zipfile
from pathlib import Path

import pytest

from tools import students
from tools.lessons import ROOT, board, is_exercise, paths, read, student_copy
from tools.live import build, fetch, relock, wheels
from utils import exercises

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
WHOLE = os.environ.get("LIVE_LESSONS", "00 05").split()  # "all" for all
UTILS = sorted((ROOT / "utils").rglob("*.py"))


def missing(what):
    """Skip by name here, fail where the edition is required."""
    (pytest.fail if os.environ.get("LIVE_REQUIRED") else pytest.skip)(f"live edition: {what}")


# --- wheels --------------------------------------------------------------------------------------


def packed(name, version="1.0", requires=(), files=None, tag="py3-none-any"):
    """A small wheel."""
    metadata = "\n".join(
        [f"Name: {name}", f"Version: {version}", *(f"Requires-Dist: {r}" for r in requires), ""]
    )
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(f"{name}-{version}.dist-info/METADATA", metadata)
        for path, text in (files or {f"{name}/__init__.py": ""}).items():
            archive.writestr(path, text)
    return wheels.Wheel(f"{name}-{version}-{tag}.whl", content.getvalue())


def test_a_pure_wheel_goes_as_it_is():
    wheel = packed("calm")
    assert wheels.pure(wheel) is wheel


def test_of_a_compiled_wheel_the_python_files_go():
    files = {
        "calm/__init__.py": "",
        "calm/fast.cpython-314-x86_64-linux-gnu.so": "",
        "calm/tests/test_it.py": "",
        "calm/table.csv": "",
        "calm-1.0.dist-info/licenses/LICENSE": "",
    }
    tag = "cp314-cp314-manylinux_2_28_x86_64"
    wheel = wheels.pure(packed("calm", files=files, requires=["numpy"], tag=tag))
    info = {f"calm-1.0.dist-info/{n}" for n in ("METADATA", "WHEEL", "RECORD", "licenses/LICENSE")}
    assert set(wheel.archive().namelist()) == {"calm/__init__.py", *info}
    assert [r.name for r in wheel.requires()] == ["numpy"]
    assert wheel.file.endswith("-py3-none-any.whl") and (wheel.name, wheel.version) == (
        "calm",
        "1.0",
    )


def test_a_wheel_with_something_else_in_it_has_another_name():
    one, same, other = (wheels.made("a", "1", {"a.py": text}, b"") for text in (b"1", b"1", b"2"))
    assert one == same
    assert one.file != other.file


@pytest.mark.parametrize(
    "requires, unmet",
    [
        ([], 0),
        (["other"], 0),
        (["other>=2"], 1),
        (["absent"], 1),
        (["absent; extra == 'test'"], 0),
        (["absent; sys_platform == 'win32'"], 0),
        (["absent; sys_platform == 'emscripten'"], 1),
    ],
)
def test_what_is_needed_and_not_there_is_named(requires, unmet):
    given = [packed("calm", requires=requires), packed("other", "1.0")]
    assert len(wheels.unmet(given)) == unmet


def test_the_lock_names_hash_modules_and_needs():
    wheel = packed("calm", requires=["other", "absent"], files={"calm.py": "", "mind/a.py": ""})
    entry = wheel.entry({"calm", "other"})
    assert entry["depends"] == ["other"]
    assert entry["imports"] == ["calm"]
    assert entry["file_name"] == wheel.file


def test_our_wheel_holds_what_a_lesson_needs_and_imports_from_it(tmp_path):
    """Data, words and library are found where the wheel is unpacked, and nowhere else."""
    wheels.ours().archive().extractall(tmp_path)
    code = (
        "import utils, utils.exercises as e, utils.plots, utils.simulate\n"
        "assert all(len(utils.load(n)) for n in utils.names())\n"
        "print(utils.__file__, len(e.exercises()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    where, number = done.stdout.rsplit(" ", 1)
    assert where == str(tmp_path / "utils" / "__init__.py")
    registered = {p.name.removesuffix(".ipynb") for p in paths()}
    words = [e for e in exercises.exercises().values() if e["file"].split(".")[0] in registered]
    assert int(number) == len(words)


def test_no_solution_is_in_our_wheel_or_the_contents():
    said = b"\n".join(wheels.ours().archive().read(n) for n in wheels.ours().archive().namelist())
    said += b"\n".join(students.edition().values())
    assert b"BEGIN SOLUTION" not in said


# --- no compiled part of statsmodels ---------------------------------------------------------

BLOCKED = """
import sys
from importlib.machinery import ExtensionFileLoader, PathFinder
class NoneCompiled(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        spec = super().find_spec(name, path, target)
        compiled = spec and isinstance(spec.loader, ExtensionFileLoader)
        if compiled and name.startswith("statsmodels."):
            raise ImportError(f"{name} is compiled")
        return spec
sys.meta_path.insert(0, NoneCompiled)
"""
USED = """
from utils import *
from utils import survival
colon = load("colon_adjuvant")
lung = load("lung_ncctg")
lung["fate"] = lung["event"]
survival.kaplan_meier(lung, "time", "event", by="sex")
survival.logrank(lung, "time", "event", by="sex")
survival.cumulative_incidence(lung, "time", "fate")
survival.cox(lung, "time", "event", "age", strata="sex")
survival.cox(lung, "time", "event", "age", ties="breslow", cluster="sex")
survival.piecewise_exponential(lung, "time", "event", "age")
two_by_two(10, 20, 30, 40)
proportion(3, 10)
survival.mixture_cure(colon.query("outcome == 'recurrence'"), "time", "event")
"""


def from_statsmodels():
    """Every `from statsmodels... import ...` in utils, wherever it stands."""
    found = {
        (node.module, alias.name)
        for path in UTILS
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("statsmodels")
        for alias in node.names
    }
    assert found
    return "\n".join(f"from {module} import {name}" for module, name in sorted(found))


def alone(code):
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_utils_needs_no_compiled_part_of_statsmodels():
    done = alone(BLOCKED + from_statsmodels() + USED)
    assert done.returncode == 0, done.stderr


def test_a_compiled_part_would_be_noticed():
    done = alone(BLOCKED + "import statsmodels.tsa.statespace.kalman_filter")
    assert "is compiled" in done.stderr


# --- where the files come from -------------------------------------------------------------------


@pytest.fixture
def two(monkeypatch, tmp_path):
    """Two files are wanted; each is right if it holds its own name."""
    files = {name: hashlib.sha256(name.encode()).hexdigest() for name in ("a", "b")}
    monkeypatch.setattr(fetch, "PYODIDE", {"version": "1", "files": files})
    monkeypatch.setattr(fetch, "KEPT", tmp_path / "kept")
    return tmp_path


def gives(*names):
    return lambda: ((name, name.encode()) for name in names)


def no_network():
    raise urllib.error.URLError("no network")


def never():
    raise AssertionError("asked for nothing")


@pytest.mark.parametrize(
    "official, carried",
    [(gives("a", "b"), never), (no_network, gives("a", "b")), (gives("a"), gives("a", "b"))],
)
def test_each_source_gives_what_those_before_did_not(two, monkeypatch, official, carried):
    monkeypatch.setattr(fetch, "official", official)
    monkeypatch.setattr(fetch, "carried", carried)
    assert fetch.pyodide() == {"a": b"a", "b": b"b"}
    monkeypatch.setattr(fetch, "official", never)
    monkeypatch.setattr(fetch, "carried", never)
    assert fetch.pyodide() == {"a": b"a", "b": b"b"}, "kept from the first time"


def test_a_folder_of_ones_own_comes_first(two, monkeypatch):
    monkeypatch.setattr(fetch, "official", never)
    monkeypatch.setattr(fetch, "carried", never)
    for name in ("a", "b"):
        (two / name).write_text(name)
    assert set(fetch.pyodide(two)) == {"a", "b"}


def test_another_file_than_the_one_named_is_refused(two):
    (two / "a").write_text("b")
    with pytest.raises(ValueError, match=rf"^a from {re.escape(str(two))}.*pyodide\.json"):
        fetch.pyodide(two)


def test_what_can_be_had_nowhere_is_named(two, monkeypatch):
    monkeypatch.setattr(fetch, "official", no_network)
    monkeypatch.setattr(fetch, "carried", gives("a"))
    with pytest.raises(OSError, match="not to be had: b .*no network"):
        fetch.pyodide()


@pytest.mark.slow
def test_the_pinned_files_are_those_of_the_release(tmp_path):
    """Asks npm for the release's own lock; a skip where npm is not reached."""
    npm = shutil.which("npm")
    release = f"pyodide@{fetch.PYODIDE['version']}"
    if (
        not npm
        or subprocess.run(
            [npm, "pack", release, "--pack-destination", tmp_path],
            capture_output=True,
            check=False,
        ).returncode
    ):
        missing(f"npm gives no {release}")
    shutil.unpack_archive(next(tmp_path.glob("*.tgz")), tmp_path, filter="data")
    assert relock.pins(tmp_path / "package") == fetch.PYODIDE


# --- the built edition ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    if not build.PYTHON.is_file():
        missing(".venv-live is not there (make live)")
    out = tmp_path_factory.mktemp("built") / "live"
    try:
        build.build(out)
    except SystemExit as error:
        if "not to be had" in str(error):
            missing(str(error))
        raise
    return out


@pytest.mark.slow
def test_everything_a_package_needs_is_in_the_edition(live):
    given = wheels.in_folder(live / "static" / build.MADE_HERE)
    assert wheels.unmet(given) == []
    entries = json.loads((live / "static" / build.MADE_HERE / "pyodide-lock.json").read_text())
    listed = {entry["file_name"]: entry for entry in entries["packages"].values()}
    assert set(listed) == {wheel.file for wheel in given}
    there = set(entries["packages"])
    assert all(listed[wheel.file] == wheel.entry(there) for wheel in given)
    assert set(build.AT_START) <= there


@pytest.mark.slow
def test_the_lessons_are_the_students_and_the_front_page_leads_to_each(live):
    for name, content in students.edition().items():
        assert (live / "files" / name).read_bytes() == content
    front = (live / "index.html").read_text(encoding="utf-8")
    assert all(f"lab/index.html?path={path.name}" in front for path in paths())


# --- in a browser --------------------------------------------------------------------------------


def without_nulls(value):
    """JSON without what is null: on its way out of Pyodide, None becomes nothing at all."""
    if isinstance(value, dict):
        return {k: without_nulls(v) for k, v in value.items() if v is not None}
    return [without_nulls(v) for v in value] if isinstance(value, list) else value


def shown(cell):
    """What a cell shows, without pictures: streams joined, and each output's texts by type."""
    said, streams = [], {}
    for output in cell.get("outputs", []):
        if output["output_type"] == "stream":
            text = "".join(output["text"])
            streams[output["name"]] = streams.get(output["name"], "") + text
        elif output["output_type"] == "error":
            said.append((output["ename"], output["evalue"]))
        else:
            data = without_nulls(output["data"]).items()
            said.append({k: "".join(v) if isinstance(v, list) else v for k, v in data})
            said[-1].pop("image/png", None)
    return streams, said


def words(said):
    """The text of what a kernel answered."""
    return "".join(
        m.get("text", "") + "".join(m.get("data", {}).get("text/plain", "")) for m in said
    )


def first_exercise(path):
    """A lesson's first exercise that has a foreseen wrong answer: id, right and wrong answer."""
    number = path.stem[:2]
    name, entry = next(
        (n, e)
        for n, e in exercises.exercises().items()
        if n.startswith(f"{number}-") and e.get("wrong")
    )
    return (
        name,
        *(exercises.value_of(name, a) for a in (entry["answer"], entry["wrong"][0]["answer"])),
    )


def chosen():
    every = [path for path in paths() if path.stem != board()]
    return every if WHOLE == ["all"] else [path for path in every if path.stem[:2] in WHOLE]


@pytest.fixture(scope="module")
def visit(live):
    """Each lesson run whole with its solutions; the last one answered, left, and opened again."""
    if not CHROMIUM.is_file():
        missing(f"{CHROMIUM} is not there (Debian: apt-get install chromium)")
    jobs = [
        {
            "lesson": path.name,
            "cells": {c.id: c.source for c in read(path).cells if c.cell_type == "code"},
        }
        for path in chosen()
    ]
    name, right, wrong = first_exercise(chosen()[-1])
    jobs[-1]["asked"] = ["from utils import check, predict, guess, progress"] + [
        f"check({name!r}{answer})" for answer in ("", f", {wrong!r}", f", {right!r}")
    ]
    jobs[-1]["asked"].append("predict('a guess', 12)")
    asked = "from utils import guess, progress\nprint(guess('a guess'), progress().right.sum())"
    jobs.append({"lesson": jobs[-1]["lesson"], "asked": [asked]})
    done = subprocess.run(
        [build.PYTHON, Path(build.__file__).with_name("look.py"), live, "--chromium", CHROMIUM],
        input=json.dumps(jobs, default=float),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    for job, came in zip(jobs, result["jobs"]):
        print(job["lesson"], came["seconds"], came["megabytes"], "MB")
    return result


@pytest.mark.slow
def test_nothing_is_asked_of_another_host(visit):
    assert visit["outside"] == []


@pytest.mark.slow
def test_a_lesson_shows_in_the_browser_what_it_shows_at_home(visit):
    for path, came in zip(chosen(), visit["jobs"]):
        cells = {cell["id"]: cell for cell in came["notebook"]["cells"]}
        for cell in read(path).cells:
            if cell.cell_type == "code":
                assert shown(cells[cell.id]) == shown(cell), f"{path.name}, cell {cell.id}"


@pytest.mark.slow
def test_a_first_visit_fetches_no_more_than_is_said(visit):
    assert 0 < visit["jobs"][0]["megabytes"] <= build.FIRST_VISIT


@pytest.mark.slow
def test_checks_answer_as_at_home(visit):
    name, right, wrong = first_exercise(chosen()[-1])
    _, empty, missed, hit, _ = (words(said) for said in visit["jobs"][-2]["said"])
    assert exercises.reply(name, exercises.replies.FORGOTTEN) in empty
    assert exercises.reply(name, wrong) in missed
    assert exercises.reply(name, right) in hit and "Right" in hit


@pytest.mark.slow
def test_work_guesses_and_progress_are_there_after_a_reload(visit):
    path = chosen()[-1]
    left, found = (job["notebook"]["cells"] for job in visit["jobs"][-2:])
    assert [c["source"] for c in found] == [c["source"] for c in left]
    edited = {c.id for c in read(path).cells if is_exercise(c)}
    issued = {c.id: c.source for c in student_copy(read(path)).cells}
    assert edited and all(c["source"] != issued[c["id"]] for c in found if c["id"] in edited)
    guess, right = words(visit["jobs"][-1]["said"][0]).split()
    solved = sum(is_exercise(cell) for cell in read(path).cells)
    assert (guess, int(right)) == ("12", solved)
