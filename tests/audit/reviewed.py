"""Words, numbers and settings that no computation can check, and a person has read.

    python tests/audit/reviewed.py            what changed since it was last reviewed
    python tests/audit/reviewed.py --accept   say that the changes have been read

A hint, a sentence, a unit, a registered threshold, a filter that makes no difference today or the
line that makes CI fail can be changed without any output changing. So
`tests/reference/reviewed.json` holds a short digest of each: of every cell's source, tags and place
in its lesson, the exercises' words, the claims, the data register, the glossary and the guides by
section, the words and numbers in the code of `utils`, the reference values with the R call that
made them, and the files that set up and run the tests. A change fails `make test`, by name, until
somebody has read it and accepts it. Entries that are new pass; they count from the next `--accept`.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import re
import sys
import tomllib
from collections.abc import Iterator
from inspect import cleandoc
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KEPT = Path("tests/reference/reviewed.json")
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
HEADING = re.compile(r"(?m)^(?=#{1,3} (?!BEGIN|END))")
LESSON_ROW = re.compile(r"(?m)^\| \[([^]]+)\](\(notebooks/.*\|) [\d +]+\|\n")
GUIDES = ("README.md", "INSTRUCTORS.md", "CONTRIBUTING.md", "data/build/README.md",
          "notebooks/glossary.md")
WHOLE = (".ci/run", ".gitattributes", ".github/workflows/*", ".gitignore", "CITATION.cff",
         "LICENSE", "Makefile", "build.in", "data/build/*.py", "data/build/*.toml",
         "data/build/*.txt", "environment.yml", "instructor.lock", "jupyterlab.json",
         "notebooks/conftest.py", "postBuild", "pyproject.toml", "requirements.lock",
         "tests/bench/*.toml", "tests/conftest.py", "tests/crosscheck/*.R",
         "tests/reference/*.csv")


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


def cells(path: Path) -> dict[str, str]:
    """Each cell by its id: words and numbers, or code, and its metadata; then the order of all."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    found = {}
    for cell in notebook["cells"]:
        source = text(cell["source"])
        parts = {"code" if cell["cell_type"] == "code" else "words": source}
        if cell["cell_type"] == "markdown":
            parts["numbers"] = NUMBER.findall(source)
        tags = {key: value for key, value in cell["metadata"].items() if key != "mystnb"}
        found[cell["id"]] = digests(parts | {"metadata": tags})
    order = [f"{cell['cell_type']} {cell['id']}" for cell in notebook["cells"]]
    rest = {key: value for key, value in notebook.items() if key != "cells"}
    return found | {"whole lesson": digests({"order": order, "metadata": rest})}


def exercises(path: Path) -> dict[str, str]:
    content = toml(path)
    parts = content["exercise"] | {"setup": {"code": content.get("setup", "")}}
    return {name: digests(entry) for name, entry in parts.items()}


def claims(path: Path) -> dict[str, str]:
    registered = toml(path)["claim"]
    return {claim["id"]: digests(claim) for claim in registered} | {
        "whole register": digests({"order": [claim["id"] for claim in registered]})}


def data_sets(path: Path) -> dict[str, str]:
    package = json.loads(path.read_text(encoding="utf-8"))
    found = {entry["name"]: digests({k: v for k, v in entry.items() if k != "schema"} | {
        f"column_{field['name']}": field for field in entry["schema"]["fields"]})
        for entry in package["resources"]}
    head = {key: value for key, value in package.items() if key != "resources"}
    return found | {"whole register": digests(head | {"order": list(found)})}


def sections(path: Path) -> dict[str, str]:
    """Each section by its heading, each lesson's row in a table (without its minutes)."""
    content, found = path.read_text(encoding="utf-8"), {}
    for part in HEADING.split(LESSON_ROW.sub("", content)):
        heading = part.partition("\n")[0].strip("# ")
        found[heading] = found.get(heading, "") + part
    order = digests({"order": list(found)})
    found |= {f"row {row[1]}": row[2] for row in LESSON_ROW.finditer(content)}
    return {name: digests({"words": words}) for name, words in found.items()} | {"all": order}


def constants(path: Path) -> dict[str, str]:
    """Words and numbers of each function: docstrings, messages, labels; defaults, tolerances."""
    found: dict[str, dict[str, list]] = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        here = found.setdefault(getattr(node, "name", "module"), {"words": [], "numbers": []})
        for leaf in ast.walk(node):
            if isinstance(leaf, ast.Constant) and isinstance(leaf.value, str):
                here["words"].append(cleandoc(leaf.value))
            elif isinstance(leaf, ast.Constant):
                here["numbers"].append(repr(leaf.value))
    return {name: digests(parts) for name, parts in found.items()}


def from_r(path: Path) -> dict[str, str]:
    """R's values by name, each with its call; then what all of them share."""
    content = json.loads(path.read_text(encoding="utf-8"))
    results = content.pop("results", None) or {v["where"]: v for v in content.pop("values")}
    return {name: digests(result) for name, result in results.items()} | {
        "shared by all": digests(content)}


def on_paper(path: Path) -> dict[str, str]:
    content = toml(path)
    return {f"{case['claim']} {case.get('part', '')}".strip(): digests(case)
            for case in content["case"]} | {"headline": digests(content["headline"])}


def read_how(root: Path) -> Iterator[tuple[Path, dict[str, str]]]:
    """Every file that is watched, with its entries."""
    for pattern, reader in (
            ("notebooks/[0-9][0-9]_*.ipynb", cells), ("notebooks/*.exercises.toml", exercises),
            ("utils/template/*.ipynb", cells), ("utils/template/*.exercises.toml", exercises),
            ("data/claims.toml", claims), ("data/datapackage.json", data_sets),
            ("utils/**/*.py", constants), ("tests/reference/verdicts_on_paper.toml", on_paper),
            ("tests/crosscheck/values.json", from_r), ("tests/reference/*.json", from_r)):
        for path in sorted(root.glob(pattern)):
            if path != root / KEPT:
                yield path, reader(path)
    for path in (root / name for name in GUIDES):
        yield path, sections(path)
    for path in sorted(path for pattern in WHOLE for path in root.glob(pattern)):
        yield path, {"whole file": digests({"text": path.read_text(encoding="utf-8")})}


def entries(root: Path = ROOT) -> dict[str, dict[str, str]]:
    """Digests by file and entry; last, the names of all entries, so that none can be left out."""
    return listed({path.relative_to(root).as_posix(): found for path, found in read_how(root)})


def listed(found: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    names = [[file, *found[file]] for file in found]
    return found | {KEPT.as_posix(): {"list of entries": digests({"names": names})}}


def reviewed(root: Path = ROOT) -> dict[str, dict[str, str]]:
    return json.loads((root / KEPT).read_text(encoding="utf-8"))


def changes(root: Path = ROOT) -> list[str]:
    """'file, entry: parts' for whatever is no longer as it was reviewed."""
    now, kept, lines = entries(root), reviewed(root), []
    own = {file: names for file, names in kept.items() if file != KEPT.as_posix()}
    now |= {KEPT.as_posix(): listed(own)[KEPT.as_posix()]}
    for file, names in ({KEPT.as_posix(): {"list of entries": ""}} | kept).items():
        for name, then in names.items():
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
    lines = changes()
    if parser.parse_args().accept:
        print(*[f"accepted: {line}" for line in lines], sep="\n")
        content = json.dumps(entries(), indent=1, ensure_ascii=False) + "\n"
        (ROOT / KEPT).write_text(content, encoding="utf-8", newline="\n")
        return 0
    print("\n".join(lines) or "nothing changed since the last review")
    return bool(lines)


if __name__ == "__main__":
    sys.exit(main())
