"""Write pyodide.json, what is taken from a release of Pyodide, from the release's own lock.

    npm pack pyodide@VERSION && tar xzf pyodide-VERSION.tgz
    python -m tools.live.relock package

After that set the versions in browser.in to the new ones, and compile it.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PINS = HERE / "pyodide.json"
CORE = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip")
COMPILED = ("contourpy", "kiwisolver", "matplotlib", "numpy", "pandas", "pillow", "scipy")


def pins(package: Path) -> dict:
    """What pyodide.json holds, from the unpacked npm package of a release.

    Parameters
    ----------
    package : Path
        With the runtime's files and `pyodide-lock.json` in it.

    Returns
    -------
    dict
        `version`, the lock's `info`, and `files`: sha256 by name, of the runtime itself and of
        the wheels that are compiled for it.
    """
    lock = json.loads((package / "pyodide-lock.json").read_text(encoding="utf-8"))
    files = {name: hashlib.sha256((package / name).read_bytes()).hexdigest() for name in CORE}
    files |= {(p := lock["packages"][name])["file_name"]: p["sha256"] for name in COMPILED}
    release = json.loads((package / "package.json").read_text(encoding="utf-8"))
    return {"version": release["version"], "info": lock["info"], "files": files}


if __name__ == "__main__":
    PINS.write_text(json.dumps(pins(Path(sys.argv[1])), indent=1) + "\n", encoding="utf-8")
