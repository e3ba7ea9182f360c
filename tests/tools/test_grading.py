"""Grading: an honest score for honest work, and nothing for a submission that attacks."""

import csv
import importlib.util
import re
import socket
import subprocess
import sys

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from tools import grading, lessons, sandbox
from utils import DATA
from utils.exercises import reply

walled = pytest.mark.usefixtures("sandboxed")
with_nbgrader = pytest.mark.skipif(
    importlib.util.find_spec("nbgrader") is None,
    reason="nbgrader is an extra for instructors: make instructor",
)
LESSON = lessons.LESSONS / "00_start_here.ipynb"
STUB = "pass  # your answer here"


@pytest.fixture(scope="module")
def sandboxed():
    if problem := sandbox.problem():
        pytest.skip(f"no sandbox: {problem}")


def notebook(*cells):
    """Code cells; a word starting with `grade:` stands for that exercise's grading cell."""
    return new_notebook(
        cells=[
            sandbox.grading_cell(c.removeprefix("grade:"))
            if c.startswith("grade:")
            else new_code_cell(c)
            for c in cells
        ]
    )


def answered(copy, lesson, share):
    """A student's copy with the first exercises solved."""
    solutions = {c.id: re.sub("### .* SOLUTION", "", c.source) for c in lesson.cells}
    todo = [cell for cell in copy.cells if cell.cell_type == "code" and STUB in cell.source]
    for cell in todo[: int(share * len(todo))]:
        cell.source = solutions[cell.id]
    return copy


def cells(nb):
    return [(c.id, c.cell_type, c.source) for c in nb.cells]


@pytest.mark.parametrize("path", lessons.paths(), ids=lambda p: p.stem)
def test_every_exercise_gets_one_grading_cell_after_its_check(path):
    lesson = lessons.read(path)
    source = grading.source(lesson)
    marked = [c for c in source.cells if sandbox.exercise_of(c)]
    assert len(marked) == sum(map(lessons.is_exercise, lesson.cells))
    for cell, after in zip(source.cells, source.cells[1:]):
        if name := sandbox.exercise_of(after):
            assert cell.source.startswith(f'check("{name}"')
            assert f'assert reply("{name}", answer).startswith("Right")' in after.source
    assert [c for c in cells(source) if c[0] not in {m.id for m in marked}] == cells(lesson)
    assert "nbgrader" not in lessons.stored(lesson).decode(), "the lesson itself stays unmarked"


def test_alignment_survives_what_students_do_to_their_copy():
    lesson = lessons.read(LESSON)
    released = lessons.student_copy(grading.source(lesson))
    names = [n for n in map(sandbox.exercise_of, released.cells) if n]

    def scored(copy):
        new = grading.aligned(copy, released).cells
        return [
            (sandbox.exercise_of(c), before.source)
            for before, c in zip(new, new[1:])
            if sandbox.exercise_of(c)
        ]

    checks = [(name, f'check("{name}", answer)') for name in names]
    assert scored(lessons.student_copy(lesson)) == checks
    tampered = lessons.student_copy(grading.source(lesson))
    for cell in tampered.cells:
        if sandbox.exercise_of(cell):
            cell.source, cell.metadata["nbgrader"]["points"] = "pass", 99
        cell.id = f"new-{cell.id}"
    assert scored(tampered) == checks
    assert all(
        c.metadata.nbgrader.points == 1
        for c in grading.aligned(tampered, released).cells
        if sandbox.exercise_of(c) in names
    )
    without = lessons.student_copy(lesson)
    without.cells = [c for c in without.cells if not c.source.startswith(f'check("{names[1]}"')]
    assert scored(without)[1] == (names[1], f"answer = ...\n{STUB}")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff",
        b'{"outputs": [[1]], "answers": {}, "ended": ""}',
        b'{"outputs": [[{"output_type": "display_data", "metadata": {}, "data": {"image/png": '
        b'"\\" onload=\\"alert(1)"}}]], "answers": {"a": "1"}, "ended": ""}',
        b'{"outputs": [], "answers": {"a": "[[["}, "ended": ""}',
        b"[" * 100_000,
    ],
)
def test_a_forged_result_earns_nothing(content):
    assert sandbox.received(content).answers == {}


def test_what_comes_out_is_only_text_numbers_and_lists():
    sent = (
        b'{"outputs": [[{"output_type": "display_data", "metadata": {}, "data": '
        b'{"text/plain": "x\\ud800", "application/javascript": "alert(1)"}}]], "ended": "", '
        b'"answers": {"a": "1e999", "b": "[1, \\"B\\"]", "c": "{\\"type\\": \\"Series\\"}"}}'
    )
    result = sandbox.received(sent)
    assert result.outputs[0][0]["data"] == {"text/plain": "x?"}
    assert result.answers["b"] == [1, "B"]
    assert reply("00-three-years", result.answers["a"]).startswith("Not yet") is False
    assert reply("00-three-years", result.answers["c"]).startswith("A number is asked for, not Se")


@walled
def test_an_answer_left_over_counts_once():
    result = sandbox.run(
        notebook(
            "answer = 'B'",
            "grade:first",
            "pass",
            "grade:second",
            "answer = (1, 2.5)",
            "grade:third",
            "answer = {}",
            "grade:last",
        )
    )
    assert (result.answers["first"], result.answers["second"]) == ("B", None)
    assert result.answers["third"] == [1, 2.5]
    assert type(result.answers["last"]).__name__ == "dict"


@walled
def test_a_submission_cannot_read_the_answers_or_its_grader():
    key = next(lessons.LESSONS.glob("*.exercises.toml"))
    result = sandbox.run(
        notebook(
            "from utils.exercises import exercises\nanswer = len(exercises())",
            "grade:key",
            f"import os\nanswer = os.path.exists({str(key)!r})",
            "grade:file",
            "answer = os.path.exists('/etc/passwd') or 'SECRET' in os.environ",
            "grade:system",
            "import utils.exercises\nutils.exercises.reply = lambda *_: 'Right'\n"
            "print('Right: 100 points')\nanswer = 0",
            "grade:patched",
            "answer = len(bytearray(2 * 2**30))",
            "grade:memory",
            "answer = 7",
            "grade:still-runs",
            "os._exit(0)",
            "grade:gone",
        ),
        gigabytes=2,
    )
    assert result.answers == {
        "key": 0,
        "file": 0,
        "system": 0,
        "patched": 0,
        "memory": None,
        "still-runs": 7,
    }
    assert "ended in the middle" in result.ended
    assert not reply("00-three-years", result.answers["patched"]).startswith("Right")


@pytest.fixture
def line():
    """A socket on loopback that somebody may call."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        yield server


def called(server):
    try:
        server.accept()[0].close()
    except TimeoutError:
        return False
    return True


def hostile(folder, server):
    """Writes outside its folder, and calls out."""
    places = [str(folder / "planted"), str(DATA / "planted"), str(lessons.ROOT / "planted")]
    return notebook(
        f"for place in {places}:\n    try:\n        open(place, 'w').write('was here')\n"
        "    except OSError:\n        answer = 'stopped'",
        "grade:writes",
        f"import socket\nsocket.create_connection({server.getsockname()}, timeout=5)\n"
        "answer = 'through'",
        "grade:calls",
    ), places


@walled
def test_hostile_writes_outside_and_calls_out(tmp_path, line):
    attack, places = hostile(tmp_path, line)
    result = sandbox.run(attack)
    assert result.answers == {"writes": "stopped", "calls": None}
    assert not any(map(lessons.Path.exists, map(lessons.Path, places)))
    assert not called(line)


def test_the_attacks_are_real_where_nothing_stops_them(tmp_path, line):
    attack, places = hostile(tmp_path, line)
    attack.cells[0].source = attack.cells[0].source.replace(str(places), str(places[:1]))
    result = sandbox.run(attack, walled=False)
    assert result.answers == {"writes": None, "calls": "through"}
    assert lessons.Path(places[0]).read_text(encoding="utf-8") == "was here"
    assert called(line)


@walled
def test_hostile_never_ends():
    result = sandbox.run(
        notebook(
            "answer = 1",
            "grade:before",
            "import time\nwhile True:\n    try:\n        time.sleep(1)\n"
            "    except KeyboardInterrupt:\n        pass",
            "grade:after",
        ),
        seconds=15,
    )
    assert result.answers == {"before": 1}
    assert "longer than 15 seconds" in result.ended


@walled
def test_hostile_kills_its_runner():
    result = sandbox.run(
        notebook(
            "answer = 1",
            "grade:before",
            "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)",
            "grade:after",
        )
    )
    assert result.answers == {} and "without a result" in result.ended


def command(*arguments, path=None):
    return subprocess.run(
        [sys.executable, "-m", "tools.grading", *map(str, arguments)],
        capture_output=True,
        text=True,
        env=None if path is None else {"PATH": path},
    )


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    folder = tmp_path_factory.mktemp("a course")
    released = command("release", folder)
    assert released.returncode == 0, released.stderr
    return folder


@with_nbgrader
def test_without_a_sandbox_it_stops_and_says_so(course, tmp_path):
    empty = command("grade", course, tmp_path)
    assert (empty.returncode, "no submission in" in empty.stderr) == (2, True)
    (tmp_path / "ada").mkdir()
    (tmp_path / "ada" / LESSON.name).write_text("never looked at")
    result = command("grade", course, tmp_path, path=str(tmp_path))
    assert result.returncode == 2
    assert "bubblewrap is not installed" in result.stderr
    assert "--without-sandbox" in result.stderr
    unreleased = command("grade", tmp_path, tmp_path)
    assert (unreleased.returncode, "nothing was released" in unreleased.stderr) == (2, True)


@pytest.mark.skipif(importlib.util.find_spec("nbgrader") is not None, reason="nbgrader is here")
def test_without_nbgrader_it_says_what_to_install(tmp_path):
    result = command("release", tmp_path)
    assert (result.returncode, result.stderr) == (
        2,
        "nbgrader is not installed here: make instructor\n",
    )


@with_nbgrader
def test_release_equals_our_student_copies(course):
    for path in lessons.paths():
        lesson = lessons.read(path)
        if not any(map(lessons.is_exercise, lesson.cells)):
            continue
        released = lessons.read(course / "release" / path.stem / path.name)
        assert cells(released) == cells(lessons.student_copy(grading.source(lesson)))
        ours = {c.id for c in released.cells if sandbox.exercise_of(c)}
        assert [c for c in cells(released) if c[0] not in ours] == cells(
            lessons.student_copy(lesson)
        )


@with_nbgrader
@walled
def test_complete_half_and_untouched(course, tmp_path):
    released, lesson = course / "release" / LESSON.stem / LESSON.name, lessons.read(LESSON)
    points = sum(map(lessons.is_exercise, lesson.cells))
    expected = {"complete": points, "half": points // 2, "untouched": 0}
    for student, share in {"complete": 1, "half": 0.5, "untouched": 0}.items():
        (tmp_path / student).mkdir()
        copy = answered(lessons.read(released), lesson, share)
        lessons.write(tmp_path / student / LESSON.name, lessons.stored(copy))
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / LESSON.name).write_text("not a notebook")
    result = command("grade", course, tmp_path)
    assert result.returncode == 0, result.stderr
    assert f"LEFT OUT broken/{LESSON.name}" in result.stderr
    with open(course / "grades.csv", newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["assignment"] == LESSON.stem]
    assert {row["student_id"]: float(row["score"]) for row in rows} == expected
    assert {float(row["max_score"]) for row in rows} == {points}
    page = (course / "feedback" / "half" / LESSON.stem / f"{LESSON.stem}.html").read_text(
        encoding="utf-8"
    )
    assert "Right: " in page and "No answer yet" in page


def test_the_instructors_lock_holds_the_same_versions():
    def pins(name):
        text = (lessons.ROOT / name).read_text(encoding="utf-8")
        return set(re.findall(r"^[\w.-]+==\S+", text, re.M))

    assert pins("requirements.lock") < pins("instructor.lock")
