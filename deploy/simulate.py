"""Rehearse a class on this machine: many students at once, one lesson, on loopback.

    .venv/bin/python deploy/simulate.py CLASS --students 10 --lesson 00_start_here

CLASS is the folder that install.sh laid out. The students sign up, are approved by the teacher, log
in by the form, open the lesson through the contents API, run every cell over the kernel's websocket
as JupyterLab does, and save it. What each saw is compared with what the lesson shows in this
repository, and each tries to open another one's server.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
import psutil
import requests
import websocket

ROOT = Path(__file__).resolve().parents[1]
PASSWORD = "long enough for a rehearsal"
TRIES = 120  # of a second
ANSWERED = {"exercise", "check"}  # cells that show what a student typed, not what we stored


def joined(outputs: list[dict[str, Any]]) -> list[tuple[str, Any]]:
    """What a reader sees of a cell: streams whole, every kind of display, pictures as being there.

    A picture's bytes may differ between processors; the lessons' own tests compare pictures.
    """
    seen: list[tuple[str, Any]] = []
    for output in outputs:
        kind = output["output_type"]
        if kind == "stream":
            if seen and seen[-1][0] == output["name"]:
                seen[-1] = (output["name"], seen[-1][1] + output["text"])
            else:
                seen.append((output["name"], output["text"]))
        elif kind == "error":
            seen.append(("error", f"{output['ename']}: {output['evalue']}"))
        else:
            pictured = {
                mime: "a picture" if mime.startswith("image/") else shown
                for mime, shown in output["data"].items()
            }
            seen.append(("display", pictured))
    return seen


def stored(lesson: Path) -> dict[str, list[tuple[str, Any]]]:
    """What the executed lesson shows, by cell; without the cells that depend on an answer."""
    cells = nbformat.read(lesson, as_version=4).cells
    return {
        cell.id: joined(cell.outputs)
        for cell in cells
        if cell.cell_type == "code" and not ANSWERED & set(cell.metadata.get("tags", []))
    }


class Person:
    """Somebody with a browser: what it sends and remembers, without the drawing."""

    def __init__(self, hub: str, name: str) -> None:
        self.hub, self.name = hub, name
        self.server = f"{hub}/user/{name}"
        self.browser = requests.Session()

    def token(self, path: str) -> str:
        """The cross-site token that the pages under a path want back."""
        return next(
            str(c.value) for c in self.browser.cookies if c.name == "_xsrf" and c.path == path
        )

    def form(self, page: str, **fields: str) -> str:
        """Open a page of the hub and send its form; where that leads."""
        self.browser.get(f"{self.hub}/hub/{page}").raise_for_status()
        fields |= {"username": self.name, "_xsrf": self.token("/hub/")}
        answer = self.browser.post(f"{self.hub}/hub/{page}", data=fields)
        answer.raise_for_status()
        return answer.url

    def sign_up(self) -> None:
        self.form("signup", signup_password=PASSWORD, signup_password_confirmation=PASSWORD)

    def log_in(self) -> None:
        if self.form("login?next=/hub/home", password=PASSWORD) != f"{self.hub}/hub/home":
            raise PermissionError(f"{self.name} was not let in")

    def approve(self, other: Person) -> None:
        self.browser.get(f"{self.hub}/hub/authorize/{other.name}").raise_for_status()

    def start(self) -> float:
        """Log in and wait for one's own server; the seconds it took."""
        began = time.monotonic()
        self.log_in()
        self.browser.get(f"{self.hub}/hub/spawn/{self.name}").raise_for_status()
        for _ in range(TRIES):
            page = self.browser.get(f"{self.server}/lab")
            if page.ok and page.url.startswith(self.server):
                return time.monotonic() - began
            time.sleep(1)
        raise TimeoutError(f"{self.name}: no server after {TRIES} s")

    def api(self, method: str, where: str, **body: Any) -> Any:
        headers = {"X-XSRFToken": self.token(f"/user/{self.name}/")}
        url = f"{self.server}/api/{where}"
        answer = self.browser.request(method, url, headers=headers, json=body or None)
        answer.raise_for_status()
        return answer.json()

    def study(self, name: str) -> dict[str, list[tuple[str, Any]]]:
        """Run every cell of one's own copy of a lesson and save it: what each cell showed."""
        path = f"work/{name}.ipynb"
        notebook = self.api("GET", f"contents/{path}")["content"]
        session = self.api(
            "POST", "sessions", path=path, name=name, type="notebook", kernel={"name": "python3"}
        )
        cookies = "; ".join(
            f"{c.name}={c.value}"
            for c in self.browser.cookies
            if f"/user/{self.name}/".startswith(c.path)
        )
        channels = websocket.create_connection(
            f"{self.server}/api/kernels/{session['kernel']['id']}/channels".replace("http", "ws"),
            cookie=cookies,
            timeout=300,
        )
        with contextlib.closing(channels):
            shown = {
                cell["id"]: joined(execute(channels, cell["source"]))
                for cell in notebook["cells"]
                if cell["cell_type"] == "code"
            }
        self.api("PUT", f"contents/{path}", type="notebook", format="json", content=notebook)
        return shown

    def intrude(self, other: Person) -> set[int]:
        """The answers when one opens another's server: its page and its files."""
        pages = (f"{other.server}/lab", f"{other.server}/api/contents/work")
        return {self.browser.get(page).status_code for page in pages}


def execute(channels: websocket.WebSocket, source: str) -> list[dict[str, Any]]:
    """Run one cell by Jupyter's messaging protocol; its outputs as a notebook holds them."""
    message = uuid.uuid4().hex
    header = {"msg_id": message, "msg_type": "execute_request", "version": "5.3"}
    header |= {"username": "", "session": message, "date": ""}
    content = {"code": source, "silent": False, "store_history": True, "allow_stdin": False}
    request = {"channel": "shell", "header": header, "parent_header": {}, "metadata": {}}
    channels.send(json.dumps(request | {"content": content}))
    outputs = []
    while True:
        answer = json.loads(channels.recv())
        if answer["parent_header"].get("msg_id") != message:
            continue
        kind, content = answer["header"]["msg_type"], answer["content"]
        if kind in ("stream", "display_data", "execute_result", "error"):
            outputs.append({"output_type": kind, **content})
        if kind == "status" and content["execution_state"] == "idle":
            return outputs


def free_port() -> int:
    """The first of three ports in a row that nobody uses."""
    for port in range(20000, 30000, 3):
        with contextlib.ExitStack() as taken:
            try:
                for number in range(port, port + 3):
                    taken.enter_context(socket.socket()).bind(("127.0.0.1", number))
            except OSError:
                continue
            return port
    raise OSError("no three free ports in a row from 20000 to 30000")


@contextlib.contextmanager
def running_hub(folder: Path) -> Iterator[tuple[str, psutil.Process]]:
    """A hub of its own on loopback, with accounts and homes that vanish; its address and process.

    Everything it started has ended when the block is left.
    """
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory(prefix="class-") as state:
        environment = os.environ | {"LESSONS_HUB_TEST": state, "LESSONS_HUB_PORT": str(port)}
        log = Path(state, "hub.log")
        python, settings = folder / ".venv/bin/python", folder / "deploy/jupyterhub_config.py"
        with log.open("wb") as out:
            hub = psutil.Popen(
                [python, "-m", "jupyterhub", "-f", settings],
                cwd=state, env=environment, stdout=out, stderr=subprocess.STDOUT,
            )  # fmt: skip
        try:
            for _ in range(TRIES):
                with contextlib.suppress(requests.ConnectionError):
                    if requests.get(f"{url}/hub/health", timeout=5).ok:
                        break
                if hub.poll() is not None:
                    break
                time.sleep(1)
            else:
                hub.kill()
            if hub.poll() is not None:
                raise RuntimeError(f"the hub did not start:\n{log.read_text()[-3000:]}")
            yield url, hub
        finally:
            family = hub.children(recursive=True) if hub.is_running() else []
            hub.send_signal(
                signal.SIGTERM
            )  # it ends the students' servers, and these their kernels
            _, alive = psutil.wait_procs([hub, *family], timeout=60)
            for process in alive:
                process.kill()
            psutil.wait_procs(alive, timeout=10)


def memory(hub: psutil.Process) -> tuple[list[float], list[float], float]:
    """Megabytes of each student's server, of each kernel, and of everything, hub and proxy too.

    Pages that n processes share count 1/n in each.
    """
    servers, kernels, together = [], [], 0.0
    for process in [hub, *hub.children(recursive=True)]:
        command, size = process.cmdline(), process.memory_full_info().pss / 1e6
        together += size
        if "jupyterhub.singleuser" in command:
            servers.append(size)
        elif "ipykernel_launcher" in command:
            kernels.append(size)
    return servers, kernels, together


@dataclass
class Rehearsal:
    """What came of it.

    Attributes
    ----------
    start
        Seconds from the login form to one's own server, one for each student.
    study
        Seconds until all had run the lesson.
    servers, kernels
        Megabytes each.
    together
        Megabytes of all, with the hub and its proxy.
    failed
        Student -> what went wrong.
    different
        Student -> cells whose outputs are not the stored ones.
    codes
        Every answer that a student got from another one's server.
    """

    start: list[float] = field(default_factory=list)
    study: float = 0.0
    servers: list[float] = field(default_factory=list)
    kernels: list[float] = field(default_factory=list)
    together: float = 0.0
    failed: dict[str, str] = field(default_factory=dict)
    different: dict[str, list[str]] = field(default_factory=dict)
    codes: set[int] = field(default_factory=set)

    @property
    def well(self) -> bool:
        return not self.failed and not self.different and self.codes == {403}


def rehearse(folder: Path, students: int, lesson: str) -> Rehearsal:
    """Teach one lesson to so many students at once."""
    wanted = stored(ROOT / f"notebooks/{lesson}.ipynb")
    seen = Rehearsal()
    with running_hub(folder) as (url, hub), ThreadPoolExecutor(students) as together:
        teacher = Person(url, "teacher")
        teacher.sign_up()
        teacher.log_in()
        people = [Person(url, f"student{number:02}") for number in range(1, students + 1)]
        for person in people:
            person.sign_up()
            teacher.approve(person)

        def all_at_once(act: Callable[[Person], Any]) -> Iterator[tuple[Person, Any]]:
            """What came of it for each; who fails is written down, and the others go on."""
            doing = {person: together.submit(act, person) for person in people}
            for person, done in doing.items():
                if error := done.exception():
                    seen.failed.setdefault(person.name, repr(error))
                else:
                    yield person, done.result()

        seen.start = [seconds for _, seconds in all_at_once(Person.start)]
        began = time.monotonic()
        for person, shown in all_at_once(lambda person: person.study(lesson)):
            cells = [cell for cell, outputs in wanted.items() if shown.get(cell) != outputs]
            if cells:
                seen.different[person.name] = cells
        seen.study = time.monotonic() - began
        seen.servers, seen.kernels, seen.together = memory(hub)
        neighbour = dict(zip(people, people[1:] + people[:1]))
        for _, codes in all_at_once(lambda person: person.intrude(neighbour[person])):
            seen.codes |= codes
    return seen


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", metavar="CLASS", type=Path)
    parser.add_argument("--students", type=int, default=10)
    parser.add_argument("--lesson", default="00_start_here")
    chosen = parser.parse_args(arguments)
    seen = rehearse(chosen.folder.resolve(), chosen.students, chosen.lesson)
    print(f"{chosen.students} students, lesson {chosen.lesson}")
    print(f"  all servers up after    {max(seen.start, default=0):.0f} s")
    print(f"  all had run it after    {seen.study:.0f} s more")
    for kind, sizes in (("server", seen.servers), ("kernel", seen.kernels)):
        if sizes:
            low, middle, high = min(sizes), statistics.median(sizes), max(sizes)
            print(f"  memory of a {kind}      {low:.0f} to {high:.0f} MB, half under {middle:.0f}")
    print(f"  memory of everything    {seen.together:.0f} MB")
    print(f"  another one's server    answers {sorted(seen.codes)}")
    for name, error in seen.failed.items():
        print(f"  {name} failed: {error}")
    for name, cells in seen.different.items():
        print(f"  {name} saw other outputs in: {', '.join(cells)}")
    print("  everybody saw what is stored" if seen.well else "  NOT as it should be")
    return not seen.well


if __name__ == "__main__":
    sys.exit(main())
