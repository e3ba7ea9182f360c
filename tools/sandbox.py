"""Run a notebook of a stranger and bring back only outputs and answers.

A submission is code that somebody else wrote. It runs through bubblewrap (`bwrap`): no network,
no file of this computer writable, none readable but the interpreter, `tools`, `utils` and `data`;
a limit of time, and of memory for each process. The solutions and the expected answers stay
outside. It runs in an empty `work/` beside `data/`, as on a student's own computer.
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
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook, new_output

from tools.answers import KIND, real
from tools.lessons import LESSONS, ROOT, environment, workplace
from utils import DATA

if TYPE_CHECKING:
    from nbclient import NotebookClient

SECONDS, GIGABYTES = 300, 4
GRACE = 60
SCRATCH, RESULT = 256 * 2**20, 64 * 2**20
A_STREAM, A_CELL, A_NOTEBOOK = 100_000, 4 * 2**20, 24 * 2**20  # characters of output kept
SYSTEM = ("/usr", "/bin", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/ssl/openssl.cnf")
WORK = ROOT / "work"
KEPT = ("text/plain", "text/html", "image/png")
CUT = "(The rest of this output was left out.)\n"
LARGE = 18  # digits of an integer that is still taken as one
WATCH = "__import__('tools.answers').answers.watch()"
TAKE = "__import__('tools.answers').answers.show({0!r}, globals().get('answer')); answer = ..."
TAKE_ALL = "__import__('tools.answers').answers.show_all()"
USERNS = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
APPARMOR = """\
Ubuntu since 23.10 lets only programs that it knows make the walls bubblewrap is made of. Let it
know this one (as root): save these lines as /etc/apparmor.d/bwrap

abi <abi/4.0>,
include <tunables/global>
profile bwrap {path} flags=(unconfined) {{
  userns,
  include if exists <local/bwrap>
}}

and then: sudo apparmor_parser -r /etc/apparmor.d/bwrap"""
CONTAINER = """\
Inside a container this is often forbidden from outside: grade on the machine itself, or in a
virtual machine."""


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
        "--size",
        str(SCRATCH),
        "--tmpfs",
        str(WORK),
        "--remount-ro",
        "/",
        "--chdir",
        str(WORK),
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
            return f"bubblewrap does not work here: {tried.stderr.strip()}\n{why()}"
    code = "from utils import load\nanswer = len(load('lung_ncctg'))"
    trial = run(new_notebook(cells=[new_code_cell(code), grading_cell("trial")]), walled=walled)
    return (
        ""
        if trial.answers.get("trial")
        else "a notebook of our own could not be run "
        f"{'behind bubblewrap ' if walled else ''}here ({trial.ended or 'it gave no answer'})"
    )


def why() -> str:
    """What to do where bubblewrap is there and does not work."""
    if USERNS.is_file() and USERNS.read_text().strip() != "0":
        return APPARMOR.format(path=shutil.which("bwrap"))
    return CONTAINER


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
    with workplace() as folder, tempfile.TemporaryFile() as result:
        home = "/tmp" if walled else str(folder.parent)
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
                env=environment() | places | {"PATH": path, "PYTHONPATH": str(ROOT)},
                timeout=seconds + GRACE,
            )
            late = ""
        except subprocess.TimeoutExpired:
            late = "it did not end in time, and had to be stopped from outside"
        result.seek(0)
        return received(result.read(RESULT), late)


def _number(text: str) -> float:
    return int(text) if len(text) <= LARGE else float(text)


def _answer(text: str) -> object:
    return json.loads(text, parse_int=_number, object_hook=real)


def received(content: bytes, ended: str = "") -> Run:
    """Read what a run sent, taking nothing on trust.

    Each line is a list: ["answer", exercise, value] as soon as it is taken, and at the end
    ["outputs", by cell, why it ended]. Answers that came count, whatever became of the rest.
    """
    found = Run(ended=ended or "it ended without a result that can be read")
    for line in content.splitlines():
        try:
            clean = json.dumps(json.loads(line), ensure_ascii=False).encode("utf-8", "replace")
            kind, *fields = json.loads(clean)
            if kind == "answer":
                name, text = fields
                found.answers[str(name)] = _answer(text)
            elif kind == "all":
                found.answers |= {str(n): _answer(text) for n, text in fields[0].items()}
            elif kind == "outputs":
                cells, why_ended = fields
                found = Run(_outputs(cells), found.answers, str(why_ended))
        except Exception:
            continue
    return found


def _outputs(sent: list) -> list[list]:
    """The outputs by cell: only text, HTML and pictures that are pictures, with their sentence."""
    cells = [new_code_cell(outputs=[nbformat.from_dict(o) for o in cell]) for cell in sent]
    notebook = nbformat.reads(json.dumps(new_notebook(cells=cells)), as_version=4)
    nbformat.validate(notebook)
    for output in (o for cell in notebook.cells for o in cell.outputs if "data" in o):
        b64decode(output.data.get("image/png", "").strip().replace("\n", ""), validate=True)
        output.data = {kind: output.data[kind] for kind in KEPT if kind in output.data}
        alt = output.metadata.get("image/png", {}).get("alt")
        output.metadata = {"image/png": {"alt": alt}} if isinstance(alt, str) else {}
    return [cell.outputs for cell in notebook.cells]


def _limit(gigabytes: float) -> None:
    import resource

    for kind, most in (
        (resource.RLIMIT_AS, int(gigabytes * 2**30)),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, RESULT),
    ):
        resource.setrlimit(kind, (most, most))


def _size(content: dict) -> int:
    """Characters that a message of a kernel would add to a notebook."""
    held = [
        content.get("text", ""),
        *content.get("traceback", []),
        *content.get("data", {}).values(),
    ]
    return sum(len(part if isinstance(part, str) else json.dumps(part)) for part in held)


def _client(notebook: NotebookNode, left: Callable[[], float]) -> NotebookClient:
    """A client that keeps of each cell, and of all, only so much output; of ours the answers."""
    from nbclient import NotebookClient

    kept: dict[int, int] = {}
    ours = len(notebook.cells) - 1

    class Capped(NotebookClient):
        def output(self, outs, msg, display_id, cell_index):  # type: ignore[no-untyped-def]
            size, stream = _size(msg["content"]), msg["msg_type"] == "stream"
            held = kept.get(cell_index, 0)
            full = held + size > (A_STREAM if stream else A_CELL)
            if cell_index == ours:
                if KIND not in msg["content"].get("data", {}):
                    return None
            elif full or sum(kept.values()) + size > A_NOTEBOOK:
                if stream and held < A_STREAM and sum(kept.values()) < A_NOTEBOOK:
                    kept[cell_index] = A_STREAM
                    head = msg["content"]["text"][: A_STREAM - held]
                    msg["content"]["text"] = f"{head}\n{CUT}"
                    return super().output(outs, msg, display_id, cell_index)
                if not outs or not outs[-1].get("text", "").endswith(CUT):
                    outs.append(new_output("stream", text=CUT))
                return None
            else:
                kept[cell_index] = held + size
            return super().output(outs, msg, display_id, cell_index)

    return Capped(
        notebook,
        kernel_name="python3",
        allow_errors=True,
        record_timing=False,
        coalesce_streams=True,
        timeout_func=lambda cell: max(1, int(left())),
        extra_arguments=["--log-level=50"],
    )


def _inside(seconds: float, gigabytes: float) -> None:
    """Behind the wall: a notebook comes in, its answers and outputs go out, answers first."""
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    result = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    if os.name == "posix":
        _limit(gigabytes)
    notebook = nbformat.reads(sys.stdin.read(), as_version=4)
    end, ended = time.monotonic() + seconds + GRACE, ""
    theirs = list(notebook.cells)
    notebook.cells.append(new_code_cell())  # in the place of this one, ours are run
    client = _client(notebook, lambda: end - time.monotonic())

    def send(*fields: object) -> None:
        print(json.dumps(fields), file=result, flush=True)

    def take(code: str) -> str:
        """What a cell of ours hands over, whatever hooks of the student's print beside it."""
        cell = client.execute_cell(new_code_cell(code), len(theirs), store_history=False)
        return cell.outputs[0].data[KIND] if cell.outputs else "null"

    with client.setup_kernel():
        end = time.monotonic() + seconds
        try:
            take(WATCH)
            for index, cell in enumerate(theirs):
                name = exercise_of(cell)
                if name:
                    send("answer", name, take(TAKE.format(name)))
                elif cell.cell_type == "code":
                    client.execute_cell(cell, index)
            later = json.loads(take(TAKE_ALL)) or {}
            wanted = {n: json.dumps(v) for n, v in later.items() if v is not None}
            send("all", wanted)
        except CellTimeoutError:
            ended = f"it ran longer than {seconds:.0f} seconds and was stopped"
        except DeadKernelError:
            ended = "its Python ended in the middle (out of memory, or it left)"
        if client.km is not None:
            client.km.shutdown_kernel(now=True)
    send("outputs", [cell.get("outputs", []) for cell in theirs], ended)


if __name__ == "__main__":
    _inside(float(sys.argv[1]), float(sys.argv[2]))
