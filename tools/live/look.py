"""Run lessons of the built edition in Chromium, as a student does, and say what came out, as JSON.

    .venv-live/bin/python tools/live/look.py LIVE [--chromium PROGRAM] < JOBS.json

JOBS is a list; for each job `lesson` (a file's name) is opened. `cells` (text by id) is put into
its cells, all are run, and it is saved; `asked` (a list of code) is then given to its kernel. Each
lesson is opened by a browser that was never here; one that comes twice is met as it was left.
Everything but the edition's own server is out of reach, and what was asked of it is told.
"""

import argparse
import io
import json
import sys
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Page, sync_playwright

UNDER = "/lessons/lite/"  # as under a site, not at the root of a server
SETTINGS = "jupyter-lite.json"
PATIENCE = 240_000  # milliseconds
# What Chromium itself asks for when it starts, whatever page is open.
BROWSERS_OWN = (
    "accounts.google.com",
    "clients2.google.com",
    "content-autofill.googleapis.com",
    "update.googleapis.com",
)

# What is open, in the words of JupyterLab; `window.jupyterapp` is there because it was asked for.
READY = """lesson => {
  const open = window.jupyterapp?.shell?.currentWidget?.context;
  return open?.path === lesson && open.isReady;
}"""
KERNEL = "window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel"
IDLE = f"{KERNEL}?.status === 'idle'"
FILL = """cells => {
  for (const cell of window.jupyterapp.shell.currentWidget.content.model.cells)
    if (cell.id in cells) cell.sharedModel.setSource(cells[cell.id]);
}"""
RUN = """() => {
  window.jupyterapp.commands.execute('notebook:run-all-cells').then(() => window.ran = 'whole');
}"""
SAVE = "() => window.jupyterapp.shell.currentWidget.context.save()"
READ = "() => window.jupyterapp.shell.currentWidget.content.model.toJSON()"
ASK = f"""async code => {{
  const said = [], future = {KERNEL}.requestExecute({{code}});
  future.onIOPub = ({{header, content}}) => said.push({{type: header.msg_type, ...content}});
  await future.done;
  return said;
}}"""
PICTURE = """() => {
  const has = outputs => Array.from({length: outputs?.length ?? 0}, (_, i) => outputs.get(i))
    .some(output => output.data?.['image/png']);
  return window.ran === 'whole' || [...window.jupyterapp.shell.currentWidget.content.model.cells]
    .some(cell => has(cell.outputs));
}"""


class Server(ThreadingHTTPServer):
    """Serves the edition under a path; also the browser's proxy, which lets nothing through."""

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), partial(Handler, directory=folder))
        self.outside: list[str] = []
        self.sent = 0
        self.home = f"http://127.0.0.1:{self.server_port}{UNDER}"
        settings = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
        settings["jupyter-config-data"]["exposeAppInBrowser"] = True  # so that it can be asked
        self.settings = json.dumps(settings).encode()


class Handler(SimpleHTTPRequestHandler):
    server: Server

    def send_head(self):
        if not self.path.startswith(UNDER):
            return self.refuse()
        self.path = self.path.removeprefix(UNDER.rstrip("/"))
        if urlsplit(self.path).path != f"/{SETTINGS}":
            return super().send_head()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(self.server.settings)))
        self.end_headers()
        return io.BytesIO(self.server.settings)

    def copyfile(self, source, outputfile):
        content = source.read()
        self.server.sent += len(content)
        outputfile.write(content)

    def refuse(self):
        host = urlsplit(self.path if "//" in self.path else f"//{self.path}").hostname
        if host and host not in BROWSERS_OWN:  # a proxy is asked for other hosts
            self.server.outside.append(self.path)
        self.send_error(404)

    do_CONNECT = do_POST = refuse

    def log_message(self, *arguments):
        pass


def work(page: Page, server: Server, job: dict) -> dict:
    """Do one job; what came out, with the seconds and bytes it took."""
    began, sent = time.monotonic(), server.sent
    took = {}
    page.goto(f"{server.home}lab/index.html?path={job['lesson']}")
    page.wait_for_function(READY, arg=job["lesson"])
    took["shown"] = time.monotonic() - began
    page.wait_for_function(IDLE)
    took["python"] = time.monotonic() - began
    if job.get("cells"):
        page.evaluate(FILL, job["cells"])
        page.evaluate(RUN)
        page.wait_for_function(PICTURE)
        took["picture"] = time.monotonic() - began
        page.wait_for_function("window.ran === 'whole'")
        page.wait_for_function(IDLE)
        took["run"] = time.monotonic() - began
        page.evaluate(SAVE)
    said = [page.evaluate(ASK, code) for code in job.get("asked", [])]
    return {
        "notebook": page.evaluate(READ),
        "said": said,
        "seconds": {name: round(value, 1) for name, value in took.items()},
        "megabytes": round((server.sent - sent) / 1e6, 1),
    }


def look(live: Path, jobs: list[dict], program: str) -> dict:
    """The result of each job, and every address that was asked for outside."""
    server = Server(live)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program,
            args=["--no-sandbox"],
            proxy={"server": f"http://127.0.0.1:{server.server_port}", "bypass": "127.0.0.1"},
        )
        pages: dict[str, Page] = {}
        results = []
        for job in jobs:
            if (lesson := job["lesson"]) not in pages:
                for page in pages.values():
                    page.goto("about:blank")  # so that no other Python runs beside this one
                context = browser.new_context(viewport={"width": 1366, "height": 900})
                pages[lesson] = context.new_page()
                pages[lesson].set_default_timeout(PATIENCE)
            results.append(work(pages[lesson], server, job))
        browser.close()
    server.shutdown()
    return {"jobs": results, "outside": server.outside}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("live", type=Path)
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    chosen = parser.parse_args()
    json.dump(look(chosen.live, json.load(sys.stdin), chosen.chromium), sys.stdout)
