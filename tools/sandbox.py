"""Run a notebook of a stranger and bring back only outputs and answers.

A submission is code that somebody else wrote. It runs through bubblewrap (`bwrap`): no network,
no file of this computer writable, none readable but the interpreter, `tools`, `utils` and `data`; a limit
of time, and of memory for each process. The solutions and the expected answers stay outside.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from base64 import b64decode
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from tools.lessons import LESSONS, ROOT, environment
from utils import DATA

SECONDS, GIGABYTES = 300, 4
GRACE = 60
SCRATCH, RESULT = 256 * 2**20, 64 * 2**20
SYSTEM = ("/usr", "/bin", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/ssl/openssl.cnf")
KEPT = ("text/plain", "text/html", "image/png")
TAKE = "__import__('tools.answers').answers.show(globals().get('answer')); answer = ..."


@dataclass
class Run:
    """What came back: outputs by cell, the value of `answer` by exercise, why it ended early."""

    outputs: list[list] = field(default_factory=list)
    answers: dict[str, object] = field(default_factory=dict)
    ended: str = ""


def grading_cell(name: str, source: str = "", points: int = 1) -> NotebookNode:
    """nbgrader's locked cell that scores an exercise."""
    mark = {
        "schema_version": 3,
        "grade_id": name,
        "grade": True,
        "locked": True,
        "solution": False,
        "task": False,
        "points": points,
    }
    return new_code_cell(source, id=name, metadata={"nbgrader": mark})


def exercise_of(cell: NotebookNode) -> str | None:
    """The exercise a cell is the grading cell of, if it is one."""
    mark = cell.metadata.get("nbgrader", {})
    return mark.get("grade_id") if mark.get("grade") else None


def wall() -> list[str]:
    """The command before the command: bubblewrap, and what it lets be seen."""
    seen = [
        *SYSTEM,
        sys.base_prefix,
        os.path.realpath(sys.base_prefix),
        sys.prefix,
        ROOT / "tools",
        ROOT / "utils",
        DATA,
    ]
    return [
        "bwrap",
        "--unshare-all",
        "--die-with-parent",
        "--new-session",
        "--cap-drop",
        "ALL",
        "--proc",
        "/proc",
        "--dev",
        "/dev",
        "--size",
        str(SCRATCH),
        "--tmpfs",
        "/tmp",
        *(part for path in map(str, seen) for part in ("--ro-bind-try", path, path)),
        "--tmpfs",
        str(LESSONS),
        "--remount-ro",
        str(LESSONS),
        "--remount-ro",
        "/",
        "--chdir",
        "/tmp",
        "--",
    ]


def problem(walled: bool = True) -> str:
    """Why submissions cannot be run here; nothing if they can.

    Tried with a notebook of our own: if that gets no answer, nobody's would, and all would
    score zero.
    """
    if walled and not shutil.which("bwrap"):
        return "bubblewrap is not installed (on Debian or Ubuntu: sudo apt install bubblewrap)"
    if walled:
        tried = subprocess.run([*wall(), "true"], capture_output=True, text=True, timeout=60)
        if tried.returncode:
            return f"bubblewrap does not work here: {tried.stderr.strip()}"
    code = "from utils import load\nanswer = len(load('lung_ncctg'))"
    trial = run(new_notebook(cells=[new_code_cell(code), grading_cell("trial")]), walled=walled)
    return (
        ""
        if trial.answers.get("trial")
        else "a notebook of our own could not be run "
        f"{'behind bubblewrap ' if walled else ''}here ({trial.ended or 'it gave no answer'})"
    )


def run(
    notebook: NotebookNode,
    *,
    walled: bool = True,
    seconds: int = SECONDS,
    gigabytes: float = GIGABYTES,
) -> Run:
    """Run a notebook once from its first cell.

    Parameters
    ----------
    notebook : NotebookNode
        Its grading cells are not run: there `answer` is taken out, and forgotten, so that it
        cannot count for a later exercise.
    walled : bool
        Behind bubblewrap; False runs it as an ordinary program of this user.
    seconds : int
        For the whole notebook, from when its Python is ready. What was answered before the time
        was over counts.
    gigabytes : float
        Address space of each process.

    Returns
    -------
    Run
        Nothing in it can be trusted but its form: the answers are to be compared outside.
    """
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as result:
        home = "/tmp" if walled else folder
        places = dict.fromkeys(("HOME", "TMPDIR", "MPLCONFIGDIR", "IPYTHONDIR"), home)
        path = os.pathsep.join([str(Path(sys.executable).parent), os.defpath])
        try:
            subprocess.run(
                [
                    *(wall() if walled else []),
                    sys.executable,
                    "-m",
                    "tools.sandbox",
                    str(seconds),
                    str(gigabytes),
                ],
                input=nbformat.writes(notebook).encode(),
                stdout=result,
                stderr=subprocess.DEVNULL,
                cwd=None if walled else folder,
                env=environment() | places | {"PATH": path},
                timeout=seconds + GRACE,
            )
        except subprocess.TimeoutExpired:
            return Run(ended="it did not end in time, and had to be stopped from outside")
        result.seek(0)
        return received(result.read(RESULT))


def _something(fields: dict) -> object:
    """An empty object of a type of that name, so that the reply can name it."""
    return type(str(fields["type"]), (), {})()


def received(content: bytes) -> Run:
    """Read what a run sent, taking nothing on trust."""
    try:
        clean = json.dumps(json.loads(content), ensure_ascii=False).encode("utf-8", "replace")
        sent = json.loads(clean)
        cells = [
            new_code_cell(outputs=[nbformat.from_dict(output) for output in cell])
            for cell in sent["outputs"]
        ]
        notebook = nbformat.reads(json.dumps(new_notebook(cells=cells)), as_version=4)
        nbformat.validate(notebook)
        for output in (o for cell in notebook.cells for o in cell.outputs if "data" in o):
            b64decode(output.data.get("image/png", "").strip().replace("\n", ""), validate=True)
            output.data = {kind: output.data[kind] for kind in KEPT if kind in output.data}
            output.metadata = {}
        answers = {
            str(name): json.loads(text, parse_int=float, object_hook=_something)
            for name, text in sent["answers"].items()
        }
        return Run([cell.outputs for cell in notebook.cells], answers, str(sent["ended"]))
    except Exception:
        return Run(ended="it ended without a result that can be read")


def _limit(gigabytes: float) -> None:
    import resource

    for kind, most in (
        (resource.RLIMIT_AS, int(gigabytes * 2**30)),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, RESULT),
    ):
        resource.setrlimit(kind, (most, most))


def _inside(seconds: float, gigabytes: float) -> None:
    """Behind the wall: a notebook comes in, its outputs and answers go out."""
    from nbclient import NotebookClient
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    result = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    if os.name == "posix":
        _limit(gigabytes)
    notebook = nbformat.reads(sys.stdin.read(), as_version=4)
    answers, ended = {}, ""
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        allow_errors=True,
        record_timing=False,
        coalesce_streams=True,
        timeout_func=lambda cell: max(1, int(end - time.monotonic())),
        extra_arguments=["--log-level=50"],
    )
    with client.setup_kernel():
        end = time.monotonic() + seconds
        try:
            for index, cell in enumerate(notebook.cells):
                name = exercise_of(cell)
                if name:
                    taken = client.execute_cell(new_code_cell(TAKE), index, store_history=False)
                    answers[name] = taken.outputs[0].data["text/plain"] if taken.outputs else "null"
                elif cell.cell_type == "code":
                    client.execute_cell(cell, index)
        except CellTimeoutError:
            ended = f"it ran longer than {seconds:.0f} seconds and was stopped"
        except DeadKernelError:
            ended = "its Python ended in the middle (out of memory, or it left)"
        client.km.shutdown_kernel(now=True)
    json.dump(
        {
            "outputs": [cell.get("outputs", []) for cell in notebook.cells],
            "answers": answers,
            "ended": ended,
        },
        result,
    )


if __name__ == "__main__":
    _inside(float(sys.argv[1]), float(sys.argv[2]))
