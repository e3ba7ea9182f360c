"""Bad weather: odd paths, read-only trees, full disks, signals, old encodings."""

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from tests.tools.conftest import run_in
from tools import lessons

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="uses mounts and signals"),
]


@pytest.fixture
def course(small_course, tmp_path):
    """The small course with its outputs, for one test to harm."""
    shutil.copytree(small_course, tmp_path / "a course")
    return tmp_path / "a course"


def stored(folder):
    return {path.name: path.read_bytes() for path in (folder / "notebooks").iterdir()}


def behind(*words):
    """bwrap with this machine's files, and what is said of them."""
    if not shutil.which("bwrap"):
        pytest.skip("bwrap is not here")
    before = ("bwrap", "--dev", "/dev", "--proc", "/proc")
    start = before[:1] + words[:3] + before[1:] + words[3:]
    if subprocess.run([*start, "true"], capture_output=True).returncode:
        pytest.skip("bwrap does not work here")
    return start


def test_a_path_with_blanks_and_letters_outside_ascii(course):
    odd = course.with_name("Kurs \u00fcber R\u00fcckf\u00e4lle \u0436 (2)")
    course.rename(odd)
    before = stored(odd)
    laid = run_in(odd, "-m", "tools.students", "work", "my work \u00e9")
    assert laid.returncode == 0, laid.stderr
    ran = run_in(odd, "-m", "tools.lessons", "run")
    assert ran.returncode == 0, ran.stderr
    assert stored(odd) == before


def test_text_files_that_are_ascii_by_default(course):
    env = os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    before = stored(course)
    for words in (
        ("tools.students", "zip", "a.zip"),
        ("tools.students", "work", "work"),
        ("tools.authoring", "key", "key.md"),
        ("tools.lessons", "run"),
    ):
        done = run_in(course, "-m", *words, env=env)
        assert done.returncode == 0, (words, done.stderr)
    assert stored(course) == before


def test_a_tree_that_is_read_only(course, tmp_path):
    """Data load, a lesson runs, and `work` says in a sentence where work can be put."""
    free = tmp_path / "free"
    free.mkdir()
    walls = behind("--ro-bind", "/", "/", "--bind", str(free), str(free))
    env = os.environ | {"TMPDIR": str(free)}
    code = (
        "from tools import lessons\npath = lessons.paths()[0]\n"
        "book = lessons.execute(lessons.read(path))\n"
        "print(lessons.stored(book) == path.read_bytes())"
    )
    ran = run_in(course, "-c", code, before=walls, env=env)
    assert ran.stdout.strip() == "True", ran.stderr
    refused = run_in(course, "-m", "tools.students", "work", "work", before=walls, env=env)
    assert refused.returncode == 1 and "Traceback" not in refused.stderr
    assert "WORK=" in refused.stderr or "same command again" in refused.stderr
    elsewhere = run_in(course, "-m", "tools.students", "work", free / "mine", before=walls, env=env)
    assert elsewhere.returncode == 0, elsewhere.stderr


def test_a_disk_that_fills_up(course):
    """Every file is whole, the old or the new one, and it says what to do."""
    work = course / "work"
    work.mkdir()
    size = sum(-(-len(content) // 4096) for content in stored(course).values()) * 4096
    code = (
        "import sys\nfrom pathlib import Path\nfrom tools import students\n"
        "ended = students.main(['work', 'work'])\nedition = students.edition()\n"
        "here = [p for p in Path('work').iterdir() if p.name != students.ISSUED]\n"
        "print([p.name for p in here if p.read_bytes() != edition.get(p.name)])\nsys.exit(ended)"
    )
    for share in (0.02, 0.1):
        room = str(max(4096, int(size * share)))
        walls = behind("--bind", "/", "/", "--size", room, "--tmpfs", str(work))
        done = run_in(course, "-c", code, before=walls)
        assert done.returncode == 1 and done.stdout.strip().endswith("[]"), done.stdout
        assert "No space left" in done.stderr and "same command again" in done.stderr


@pytest.mark.parametrize("kind", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_in_the_middle_of_make_lessons(course, kind):
    """The lesson's file is the old one, nothing half-written is left, and no kernel goes on."""
    path = course / "notebooks" / "00_first.ipynb"
    book = lessons.read(path)
    look = next(cell for cell in book.cells if cell.id == "look")
    look.source += "\nimport pathlib, time\npathlib.Path('../started').touch()\ntime.sleep(120)"
    look.source = look.source.replace("'../started'", repr(str(course / "started")))
    lessons.write(path, lessons.stored(book))
    before = stored(course)
    mark = f"WEATHER={course}"
    process = subprocess.Popen(
        [sys.executable, "-m", "tools.lessons", "run", "00"],
        cwd=course,
        env=os.environ | {"PYTHONPATH": str(course), "WEATHER": str(course)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    until = time.monotonic() + 120
    while not (course / "started").exists() and time.monotonic() < until:
        time.sleep(0.2)
    assert (course / "started").exists() and process.poll() is None
    process.send_signal(kind)
    assert process.wait(60) != 0
    until = time.monotonic() + 30
    while running(mark) and time.monotonic() < until:
        time.sleep(0.5)
    assert not running(mark)
    assert stored(course) == before


def running(mark):
    """Processes that have this mark among their variables."""
    found = []
    for path in lessons.Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark.encode() in path.read_bytes():
                found.append(path.parent.name)
        except OSError:
            continue
    return found
