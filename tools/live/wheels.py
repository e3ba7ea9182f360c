"""Wheels for the browser: pure ones as they are, of others the Python files, and our own."""

from __future__ import annotations

import base64
import hashlib
import io
import re
import zipfile
from dataclasses import dataclass
from email import message_from_bytes
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

from tools import students
from tools.lessons import ROOT, paths, words_of

OURS = "tumor-recurrence-lessons"
NEEDED = ("pandas", "seaborn", "statsmodels")
WITH_US = ("utils/**/*.py", "data/*.json", "data/*.toml")
# pip's markers, as they read in the browser
BROWSER = {
    "extra": "",
    "implementation_name": "cpython",
    "os_name": "posix",
    "platform_machine": "wasm32",
    "platform_python_implementation": "CPython",
    "platform_system": "Emscripten",
    "python_full_version": "3.14.0",
    "python_version": "3.14",
    "sys_platform": "emscripten",
}


@dataclass(frozen=True)
class Wheel:
    """A wheel by the name of its file, and its bytes."""

    file: str
    content: bytes

    @property
    def name(self) -> str:
        """The package's name in its one spelling."""
        return parse_wheel_filename(self.file)[0]

    @property
    def version(self) -> str:
        """The package's version."""
        return str(parse_wheel_filename(self.file)[1])

    def archive(self) -> zipfile.ZipFile:
        """The wheel, to read in."""
        return zipfile.ZipFile(io.BytesIO(self.content))

    def requires(self) -> list[Requirement]:
        """What the package needs in the browser."""
        archive = self.archive()
        path = next(n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        lines = message_from_bytes(archive.read(path)).get_all("Requires-Dist") or []
        needed = [Requirement(line) for line in lines]
        return [r for r in needed if r.marker is None or r.marker.evaluate(BROWSER)]

    def imports(self) -> list[str]:
        """The modules of its top level."""
        tops = (re.match(r"(\w+)(/__init__)?\.(py|\w+\.so)$", n) for n in self.archive().namelist())
        return sorted({top[1] for top in tops if top})

    def entry(self, there: set[str]) -> dict:
        """What Pyodide's lock says of a package; of what it needs, what is there."""
        needed = {canonicalize_name(requirement.name) for requirement in self.requires()}
        return {
            "name": self.name,
            "version": self.version,
            "file_name": self.file,
            "install_dir": "site",
            "sha256": hashlib.sha256(self.content).hexdigest(),
            "package_type": "package",
            "imports": self.imports(),
            "depends": sorted(needed & there),
            "unvendored_tests": False,
        }


def made(name: str, version: str, files: dict[str, bytes], metadata: bytes) -> Wheel:
    """A pure Python wheel of these files; its name changes with what is in it.

    A browser may have kept the wheel of yesterday under the same address: with its hash in its
    name (as the build tag) it is never taken for today's.
    """
    info = f"{name}-{version}.dist-info"
    files = files | {
        f"{info}/METADATA": metadata,
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: tools.live\nRoot-Is-Purelib: true\n"
        b"Tag: py3-none-any\n",
    }
    rows = []
    for path, content in sorted(files.items()):
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        rows.append(f"{path},sha256={digest},{len(content)}\n")
    files[f"{info}/RECORD"] = "".join([*rows, f"{info}/RECORD,,\n"]).encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in sorted(files.items()):
            entry = zipfile.ZipInfo(path, students.DATED)
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    content = packed.getvalue()
    build = f"1{hashlib.sha256(content).hexdigest()[:12]}"
    return Wheel(f"{name}-{version}-{build}-py3-none-any.whl", content)


def pure(wheel: Wheel) -> Wheel:
    """A wheel as it is if it is pure; else its Python files alone, without tests.

    Whether what is left works is for tests to say: `utils` must need none of the rest.
    """
    name, _, _, tags = parse_wheel_filename(wheel.file)
    if all(tag.platform == "any" for tag in tags):
        return wheel
    archive = wheel.archive()
    kept = {
        path: archive.read(path)
        for path in archive.namelist()
        if (path.endswith(".py") and "/tests/" not in path) or "/licenses/" in path
    }
    metadata = next(n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
    return made(name.replace("-", "_"), wheel.version, kept, archive.read(metadata))


def ours() -> Wheel:
    """`utils`, the registered data and the words of the exercises, beside each other as at home."""
    found = [path for pattern in WITH_US for path in ROOT.glob(pattern)]
    found += students.registered_data()
    found += [words for path in paths() if (words := words_of(path)).is_file()]
    files = {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in found}
    version = students.version()
    lines = ["Metadata-Version: 2.1", f"Name: {OURS}", f"Version: {version}"]
    lines += [f"Requires-Dist: {name}" for name in NEEDED]
    return made(OURS.replace("-", "_"), version, files, "\n".join([*lines, ""]).encode())


def unmet(wheels: list[Wheel]) -> list[str]:
    """What a package needs and none of these is, in words; empty where the set is closed."""
    there = {wheel.name: wheel.version for wheel in wheels}
    return [
        f"{wheel.name} needs {requirement}"
        for wheel in wheels
        for requirement in wheel.requires()
        if (name := canonicalize_name(requirement.name)) not in there
        or not requirement.specifier.contains(there[name], prereleases=True)
    ]


def in_folder(folder: Path) -> list[Wheel]:
    """The wheels in a folder."""
    return [Wheel(path.name, path.read_bytes()) for path in sorted(folder.glob("*.whl"))]
