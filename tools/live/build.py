"""Build the edition that runs in a browser: every byte of it from one folder, nothing executed.

python -m tools.live.build OUT [--pyodide FOLDER]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import string
import subprocess
import sys
import tempfile
from html import escape
from pathlib import Path

from tools import students
from tools.lessons import ROOT, paths, read, title
from tools.live import fetch, wheels

HERE = Path(__file__).resolve().parent
PYTHON = ROOT / ".venv-live" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
KERNEL = "@jupyterlite/pyodide-kernel-extension:kernel"
SHIPPED = "share/jupyter/labextensions/@jupyterlite/pyodide-kernel-extension/static/pypi"
# Loaded when a kernel starts, with what they need; the rest of the list is what it would else
# look for at a registry.
AT_START = [wheels.OURS, "ipykernel", "comm", "pyodide-kernel", "piplite", "jedi", "ipython"]
FIRST_VISIT = 65  # megabytes, as the front page, the site and README say; a test holds it
MADE_HERE = "pyodide"  # folder of the runtime and the wheels, in static/


def packed(runtime: dict[str, bytes]) -> list[wheels.Wheel]:
    """Every wheel the browser is given.

    Parameters
    ----------
    runtime : dict of bytes
        Pyodide's files by name.
    """
    compiled = [wheels.Wheel(n, content) for n, content in runtime.items() if n.endswith(".whl")]
    plain = wheels.in_folder(fetch.wheels(HERE / "browser.lock"))
    kernel = wheels.in_folder(PYTHON.parents[1] / SHIPPED)
    kernel = [wheel for wheel in kernel if wheel.name != "widgetsnbextension"]
    return [*compiled, *map(wheels.pure, plain), *kernel, wheels.ours()]


def lock(given: list[wheels.Wheel]) -> bytes:
    """Pyodide's lock: what there is, with its hashes, and nothing to be looked for elsewhere."""
    there = {wheel.name for wheel in given}
    entries = {wheel.name: wheel.entry(there) for wheel in given}
    return json.dumps({"info": fetch.PYODIDE["info"], "packages": entries}, indent=1).encode()


def settings() -> dict[str, dict]:
    """JupyterLite's settings by the name of their file."""
    at = f"./static/{MADE_HERE}"
    kernel = {
        "pyodideUrl": f"{at}/pyodide.mjs",
        "disablePyPIFallback": True,
        "loadPyodideOptions": {
            "lockFileURL": f"{at}/pyodide-lock.json",
            "packages": AT_START,
            "env": {"HOME": "/home/pyodide", "LESSONS_WORK": "1"},
        },
    }
    site = {"appName": "Tumor recurrence lessons", "litePluginSettings": {KERNEL: kernel}}
    build = {"apps": ["lab"], "contents": ["contents"], "no_sourcemaps": True}
    return {
        "jupyter-lite.json": {"jupyter-lite-schema-version": 0, "jupyter-config-data": site},
        "jupyter_lite_config.json": {"LiteBuildConfig": build | {"no_libarchive": True}},
        "overrides.json": json.loads((ROOT / "jupyterlab.json").read_text(encoding="utf-8")),
    }


def front() -> str:
    """The page that says what this is, what it costs, and where the lessons are."""
    items = "\n".join(
        f'<li><a href="lab/index.html?path={path.name}">{escape(title(read(path)))}</a></li>'
        for path in paths()
    )
    page = string.Template((HERE / "index.html").read_text(encoding="utf-8"))
    return page.substitute(lessons=items, megabytes=FIRST_VISIT)


def sources(own: Path | None = None) -> dict[str, bytes]:
    """Every file JupyterLite is given, by its path."""
    runtime = fetch.pyodide(own)
    given = packed(runtime)
    files = {name: json.dumps(content, indent=1).encode() for name, content in settings().items()}
    at = f"static/{MADE_HERE}"
    files |= {f"{at}/{n}": content for n, content in runtime.items() if not n.endswith(".whl")}
    files |= {f"{at}/{wheel.file}": wheel.content for wheel in given}
    files[f"{at}/pyodide-lock.json"] = lock(given)
    return files | {f"contents/{n}": content for n, content in students.edition().items()}


def build(out: Path, own: Path | None = None) -> None:
    """Write the edition to a folder; what was there before is replaced.

    Raises
    ------
    SystemExit
        If its environment is missing, if a file cannot be had, or if JupyterLite fails.
    """
    if not PYTHON.is_file():
        raise SystemExit("The environment .venv-live is missing. Run: make live")
    with tempfile.TemporaryDirectory() as folder:
        source, drawn = Path(folder, "source"), Path(folder, "lite")
        try:
            files = sources(own)
        except (OSError, ValueError) as error:
            raise SystemExit(f"  {error}") from error
        for name, content in files.items():
            path = source / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        command = [str(PYTHON), "-m", "jupyterlite_core", "build", "--output-dir", str(drawn)]
        done = subprocess.run(command, cwd=source, check=False, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{done.stdout[-3000:]}{done.stderr[-3000:]}\nJupyterLite failed.")
        (drawn / "index.html").write_text(front(), encoding="utf-8")
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(drawn, out)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tools.live.build",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--pyodide", type=Path, help="a folder with Pyodide's files")
    chosen = parser.parse_args(arguments)
    build(chosen.out, chosen.pyodide)
    print(f"  {chosen.out / 'index.html'} (open it through a server, not as a file:")
    print(f"  {sys.executable} -m http.server --bind 127.0.0.1 --directory {chosen.out})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
