"""The sandbox: a stranger's notebook runs, its answers come out, and nothing else happens."""

import json
import socket
import sys

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from tools import lessons, sandbox
from utils import DATA

walled = pytest.mark.usefixtures("sandboxed")


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


def message(*fields):
    return json.dumps(fields).encode() + b"\n"


ANSWER = message("answer", "a", '"B"')
PICTURE = {"output_type": "display_data", "metadata": {}}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}\n[]\n\xff\n[1]\n",
        message("answer", "a"),
        message("answer", "a", "[[["),
        message("outputs", [[1]], ""),
        message("outputs", [[PICTURE | {"data": {"image/png": '" onload="alert(1)'}}]], ""),
        b"[" * 100_000,
    ],
)
def test_a_forged_result_earns_nothing_and_costs_nothing(content):
    assert sandbox.received(content).answers == {}
    found = sandbox.received(ANSWER + content)
    assert (found.answers, found.outputs) == ({"a": "B"}, [])


@pytest.mark.parametrize(
    "text, expected",
    [
        ('"B"', "B"),
        ("1e999", float("inf")),
        ("9" * 5000, float("inf")),
        ("[1, true]", [1, True]),
        ('{"__type__": "tuple", "items": [0, 557]}', (0, 557)),
        ("null", None),
    ],
)
def test_answers_travel_as_what_they_were(text, expected):
    assert sandbox.received(message("answer", "a", text)).answers["a"] == expected


def test_what_has_no_words_for_json_keeps_its_name():
    found = sandbox.received(message("answer", "a", '{"__type__": "Series"}')).answers["a"]
    assert type(found).__name__ == "Series"


def test_of_outputs_only_text_pictures_and_their_sentence_are_kept():
    data = {"text/plain": "x\ud800", "application/javascript": "alert(1)", "image/png": "QUJD"}
    kept = {"image/png": {"alt": "a curve", "onload": "alert(1)"}, "widgets": {}}
    sent = message("outputs", [[PICTURE | {"data": data, "metadata": kept}]], "")
    (output,) = sandbox.received(sent).outputs[0]
    assert output["data"] == {"text/plain": "x?", "image/png": "QUJD"}
    assert output["metadata"] == {"image/png": {"alt": "a curve"}}


@walled
def test_what_was_passed_to_the_check_counts_wherever_it_was_named():
    result = sandbox.run(
        notebook(
            "from utils import check\nanswer1 = 3",
            'check("own-name", answer1)',
            "grade:own-name",
            'answer = 1\ncheck("last-counts", 5)',
            "grade:last-counts",
            'check("last-counts", 6)',
            "answer = 4",
            "grade:no-check",
            'check("left-over", answer)',
            "grade:left-over",
            "answer = (0, 557)",
            "grade:tuple",
            "answer = {}",
            "grade:other",
        )
    )
    other = result.answers.pop("other")
    assert type(other).__name__ == "dict"
    assert result.answers == {
        "own-name": 3,
        "last-counts": 6,
        "no-check": 4,
        "left-over": None,
        "tuple": (0, 557),
    }
    assert not any(result.outputs)


@walled
def test_output_and_hooks_cost_no_answer():
    result = sandbox.run(
        notebook(
            "from IPython import get_ipython\nevents = get_ipython().events\n"
            "events.register('pre_run_cell', lambda info: print('begins'))\n"
            "events.register('post_run_cell', lambda result: print('took 3 s'))",
            "answer = 1",
            "grade:hooked",
            "for _ in range(300):\n    print('x' * 100_000)",
            "print('y' * 40_000_000)\nanswer = 2",
            "grade:after-much",
        )
    )
    assert result.answers == {"hooked": 1, "after-much": 2}
    sizes = [sum(len(output.get("text", "")) for output in cell) for cell in result.outputs]
    assert sandbox.A_STREAM <= max(sizes) < 2 * sandbox.A_STREAM
    assert sandbox.CUT in result.outputs[3][-1]["text"]


@pytest.mark.parametrize("behind", [True, False])
def test_data_are_where_they_are_in_a_students_folder(behind, request):
    if behind:
        request.getfixturevalue("sandboxed")
    result = sandbox.run(
        notebook(
            "import pandas as pd\nanswer = len(pd.read_csv('../data/individual/lung_ncctg.csv'))",
            "grade:read",
            "open('mine.txt', 'w').write('x')\nanswer = len(open('mine.txt').read())",
            "grade:write",
        ),
        walled=behind,
    )
    assert result.answers == {"read": 228, "write": 1}


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
    assert result.answers == {"before": 1} and "without a result" in result.ended


def test_why_submissions_cannot_be_run_is_said(monkeypatch, tmp_path):
    monkeypatch.setattr(sandbox.shutil, "which", lambda name: None)
    assert "sudo apt install bubblewrap" in sandbox.problem()
    monkeypatch.setattr(sandbox.shutil, "which", lambda name: "/usr/bin/bwrap")
    monkeypatch.setattr(
        sandbox, "wall", lambda: [sys.executable, "-c", "import sys; sys.exit('no namespaces')"]
    )
    monkeypatch.setattr(sandbox, "USERNS", tmp_path / "userns")
    assert "no namespaces" in sandbox.problem() and "container" in sandbox.problem()
    (tmp_path / "userns").write_text("1\n")
    said = sandbox.problem()
    for named in ("/etc/apparmor.d/bwrap", "profile bwrap /usr/bin/bwrap", "userns,", "parser -r"):
        assert named in said
    assert "--without-sandbox" not in said
    monkeypatch.setattr(sandbox, "run", lambda notebook, walled: sandbox.Run())
    assert "gave no answer" in sandbox.problem(walled=False)


def test_a_run_that_does_not_end_is_stopped_from_outside(monkeypatch):
    monkeypatch.setattr(sandbox, "GRACE", -9.5)
    run = sandbox.run(notebook("1"), walled=False, seconds=10)
    assert run.answers == {} and "had to be stopped from outside" in run.ended
