"""Words and numbers that no computation can check, and a person has read.

    python tests/audit/reviewed.py            what changed since it was last reviewed
    python tests/audit/reviewed.py --accept   say that the changes have been read

A hint, a unit, a registered threshold or a number in a sentence can be wrong without any output
changing. So `tests/reference/reviewed.json` holds a short digest of each: of the exercises' words,
of the numbers in each cell of prose, of the registered claims and of the data register. A change
fails `make test`, by name, until somebody has read it and accepts it. Entries that are new pass;
they count from the next `--accept`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KEPT = Path("tests/reference/reviewed.json")
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


def text(source: str | list[str]) -> str:
    """The source of a cell, which a notebook keeps as one string or as lines."""
    return source if isinstance(source, str) else "".join(source)


def digest(value: object) -> str:
    plain = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(plain.encode()).hexdigest()[:10]


def digests(parts: dict) -> str:
    """'answer:1f2e... hints:3d4c...': one digest for each part of an entry."""
    return " ".join(f"{key}:{digest(value)}" for key, value in sorted(parts.items()))


def toml(path: Path) -> dict:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def entries(root: Path = ROOT) -> dict[str, dict[str, str]]:
    """Digests by file and entry: exercise, cell of prose, claim, data set."""
    found = {}
    for path in sorted((root / "notebooks").glob("[0-9][0-9]_*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        found[f"notebooks/{path.name}"] = {
            cell["id"]: digests({"numbers": numbers}) for cell in cells
            if cell["cell_type"] == "markdown"
            and (numbers := NUMBER.findall(text(cell["source"])))}
    for path in sorted((root / "notebooks").glob("*.exercises.toml")):
        content = toml(path)
        parts = content["exercise"] | {"setup": {"code": content.get("setup", "")}}
        found[f"notebooks/{path.name}"] = {name: digests(e) for name, e in parts.items()}
    found["data/claims.toml"] = {claim["id"]: digests(claim)
                                 for claim in toml(root / "data/claims.toml")["claim"]}
    package = json.loads((root / "data/datapackage.json").read_text(encoding="utf-8"))
    found["data/datapackage.json"] = {
        entry["name"]: digests({k: v for k, v in entry.items() if k != "schema"} | {
            f"column_{field['name']}": field for field in entry["schema"]["fields"]})
        for entry in package["resources"]}
    return found


def reviewed(root: Path = ROOT) -> dict[str, dict[str, str]]:
    return json.loads((root / KEPT).read_text(encoding="utf-8"))


def changes(root: Path = ROOT) -> list[str]:
    """'file, entry: parts' for whatever is no longer as it was reviewed."""
    now, lines = entries(root), []
    for file, kept in reviewed(root).items():
        for name, then in kept.items():
            here = now.get(file, {}).get(name)
            if here is None:
                lines.append(f"{file}, {name}: gone")
            elif here != then:
                differ = sorted({part.split(":")[0] for part in {*here.split()} ^ {*then.split()}})
                lines.append(f"{file}, {name}: {', '.join(differ)}")
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare with what was reviewed, or accept it.")
    parser.add_argument("--accept", action="store_true", help="the changes have been read")
    if parser.parse_args().accept:
        content = json.dumps(entries(), indent=1, ensure_ascii=False) + "\n"
        (ROOT / KEPT).write_text(content, encoding="utf-8", newline="\n")
        return 0
    lines = changes()
    print("\n".join(lines) or "nothing changed since the last review")
    return bool(lines)


if __name__ == "__main__":
    sys.exit(main())
