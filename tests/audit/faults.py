"""The faults: each planter changes a copy of the project and yields what it planted, and where.

Every fault has a cell, a file or an entry of its own, so that each can be caught by itself.
`named` is what a failing test must say, in its name or message, before a fault counts as caught.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

DIGITS = 5
MIME = "application/vnd.tumor-recurrence.verdict+json"
PNG = "image/png"


@dataclass(frozen=True)
class Fault:
    """What was planted, where, and the pattern that a failing test's words must match."""

    kind: str
    place: str
    named: str


def other_digit(text: str, place: int) -> str:
    """The text with another digit at a place."""
    return f"{text[:place]}{(int(text[place]) + 3) % 10}{text[place + 1:]}"


def joined(value: str | list[str]) -> str:
    return value if isinstance(value, str) else "".join(value)


# ------------------------------------------------------------------ stored outputs


def shown(cell: dict) -> list[tuple[dict, str]]:
    """Holder and key of every text with a digit that a cell shows."""
    holders = [(o, "text") if "text" in o else (o.get("data", {}), key) for o in cell["outputs"]
               for key in ("text/plain", "text/html")]
    found = {(id(holder), key): (holder, key) for holder, key in holders if key in holder}
    return [(h, k) for h, k in found.values() if re.search(r"\d", joined(h[k]))]


def pictures(cell: dict) -> list[dict]:
    return [o["data"] for o in cell["outputs"] if PNG in o.get("data", {})]


def other_verdict(content: dict) -> None:
    """Give a verdict another word."""
    content["verdict"] = "supported" if content["verdict"] != "supported" else "evidence against"


def lesson_outputs(root: Path, lesson: str, seed: int) -> Iterator[Fault]:
    """Faults in the stored outputs of each lesson, every one in a cell of its own."""
    for path in sorted((root / "notebooks").glob(f"{lesson or '[0-9][0-9]'}_*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
        for kind, number in planted(cells, Random(f"{seed} {path.stem}")):
            place = f"notebooks/{path.name}, code cell {number} ({cells[number]['id']})"
            yield Fault(kind, place, rf"{path.name}::Cell {number}\b")
        path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False), encoding="utf-8")


def planted(cells: list[dict], rng: Random) -> Iterator[tuple[str, int]]:
    """Plant one fault of each kind, and five digits: (kind, number of the cell)."""
    free = list(range(len(cells)))
    rng.shuffle(free)

    def take(wanted, many: int = 1) -> list[int]:
        chosen = [n for n in free if wanted(cells[n])][:many]
        free[:] = [n for n in free if n not in chosen]
        return chosen

    for n in take(lambda c: any(MIME in o.get("data", {}) for o in c["outputs"])):
        other_verdict(next(o["data"][MIME] for o in cells[n]["outputs"]
                           if MIME in o.get("data", {})))
        yield "verdict edited in an output", n
    for n in take(lambda c: "### END SOLUTION" in joined(c["source"])):
        source = joined(cells[n]["source"])
        cells[n]["source"] = source.replace("### END", "answer = answer * 2\n### END")
        free.remove(n + 1)
        yield "edited solution (seen by its check)", n + 1
    drawn = take(pictures, 2)
    for n in drawn[:1]:
        (here,) = pictures(cells[n])
        others = [p[PNG] for c in cells for p in pictures(c) if p[PNG] != here[PNG]]
        here[PNG] = others[0] if others else here[PNG][:-40] + here[PNG][-36:]
        yield "swapped picture", n
    for n in drawn[1:]:
        alt = cells[n]["outputs"][-1]["metadata"][PNG]
        alt["alt"] += " Not so."
        yield "caption edited", n
    for n in take(shown):
        cells[n]["execution_count"], cells[n]["outputs"] = None, []
        yield "a cell never run", n
    for n in take(shown):
        cells[n]["outputs"] = []
        yield "emptied output", n
    for n in take(shown):
        cells[n]["execution_count"] += 1
        yield "run out of order", n
    for n in take(shown, DIGITS):
        holder, key = rng.choice(shown(cells[n]))
        text = joined(holder[key])
        place = rng.choice([m.start() for m in re.finditer(r"\d", text)])
        holder[key] = other_digit(text, place)
        yield f"digit in {key}", n


# ------------------------------------------------------------------ data


def resources(root: Path) -> list[dict]:
    return json.loads((root / "data/datapackage.json").read_text(encoding="utf-8"))["resources"]


def fault_in_file(kind: str, entry: dict, where: str = "") -> Fault:
    place = f"data/{entry['path']}{where}"
    return Fault(kind, place, rf"data/{re.escape(entry['path'])}|\W{entry['name']}: ")


def values(root: Path, seed: int, kind: str = "a value") -> Iterator[Fault]:
    """One digit of one cell in every data file."""
    for entry in resources(root):
        rng, path = Random(f"{seed} {entry['name']}"), root / "data" / entry["path"]
        head, _, body = path.read_text(encoding="utf-8").partition("\n")
        place = rng.choice([m.start() for m in re.finditer(r"\d", body)])
        path.write_text(f"{head}\n{other_digit(body, place)}", encoding="utf-8", newline="\n")
        yield fault_in_file(kind, entry, f", line {body[:place].count(chr(10)) + 2}")


def row_orders(root: Path, seed: int) -> Iterator[Fault]:
    """Two unlike neighbours in every data file change places."""
    for entry in resources(root):
        path = root / "data" / entry["path"]
        lines = path.read_text(encoding="utf-8").splitlines()
        row = Random(f"{seed} {entry['name']}").choice(
            [i for i in range(1, len(lines) - 1) if lines[i] != lines[i + 1]])
        lines[row], lines[row + 1] = lines[row + 1], lines[row]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
        yield fault_in_file("row order", entry, f", lines {row + 1} and {row + 2}")


def codes(root: Path, seed: int) -> Iterator[Fault]:
    """One coded word of every data file becomes another word."""
    for entry in resources(root):
        path = root / "data" / entry["path"]
        head, _, body = path.read_text(encoding="utf-8").partition("\n")
        words = list(re.finditer(r"(?<=[,\n])[A-Za-z]+(?=[,\n])|(?<=,)[01](?=[,\n])", body))
        if not words:
            continue
        found = Random(f"{seed} {entry['name']}").choice(words)
        code = {"0": "1", "1": "0"}.get(found[0], found[0][::-1] + "x")
        body = body[:found.start()] + code + body[found.end():]
        path.write_text(f"{head}\n{body}", encoding="utf-8", newline="\n")
        yield fault_in_file("a code", entry, f": {found[0]} is {code}")


def register_units(root: Path, seed: int) -> Iterator[Fault]:
    """In the register alone, one unit (or description) of every data set."""
    path = root / "data/datapackage.json"
    package = json.loads(path.read_text(encoding="utf-8"))
    for entry in package["resources"]:
        fields = entry["schema"]["fields"]
        chosen = Random(f"{seed} {entry['name']}").choice(
            [f for f in fields if "unit" in f] or fields)
        key = "unit" if "unit" in chosen else "description"
        chosen[key] = f"other {chosen[key]}"
        yield fault_in_file(f"a {key}, in the register", entry, f", column {chosen['name']}")
    path.write_text(json.dumps(package, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def source_units(root: Path, seed: int) -> Iterator[Fault]:
    """In the register's source, one unit in each data set, and the register written anew."""
    path = root / "data/build/register.toml"
    blocks = re.split(r"(?m)^(?=\[\[resource\]\])", path.read_text(encoding="utf-8"))
    for i, block in enumerate(blocks):
        units = list(re.finditer(r'^(\w+) = .*\bunit = "(?=\w)', block, re.M))
        if units:
            found = Random(f"{seed} {i}").choice(units)
            name = re.search(r'^name = "(\w+)"', block, re.M)[1]
            blocks[i] = f"{block[:found.end()]}other {block[found.end():]}"
            yield Fault("a unit, registered anew", f"data/build/register.toml, {name}, {found[1]}",
                        rf"\b{name}: (?:column_)?{found[1]}\b")
    path.write_text("".join(blocks), encoding="utf-8")
    register(root)


def registered_values(root: Path, seed: int) -> Iterator[Fault]:
    """A value in every data file, and the register written anew."""
    yield from values(root, seed + 1, "a value, registered anew")
    register(root)


def register(root: Path) -> None:
    subprocess.run([sys.executable, str(root / "data/build/register.py")], check=True)


# ------------------------------------------------------------------ words, thresholds, verdicts


def exercise_words(root: Path, lesson: str, seed: int) -> Iterator[Fault]:
    """In each lesson: a hint, the hint of a wrong answer, the word for right, an answer."""
    keys = (("a hint", r'^hints = \[\s*"'), ("the hint of a wrong answer", r'^hint = "'),
            ("the words when right", r'^right = "'), ("an expected answer", r'^answer = "'),
            ("a tolerance", r"^tolerance = "))
    for path in sorted((root / "notebooks").glob(f"{lesson or '[0-9][0-9]'}_*.exercises.toml")):
        blocks = re.split(r"(?m)^(?=\[exercise\.)", path.read_text(encoding="utf-8"))
        rng = Random(f"{seed} {path.stem}")
        order = rng.sample(range(1, len(blocks)), len(blocks) - 1)
        for (kind, pattern), i in zip(keys, order * 5):
            name = re.match(r"\[exercise\.([\w-]+)\]", blocks[i])[1]
            found = re.search(pattern, blocks[i], re.M)
            if found:
                word = "1" if kind == "a tolerance" else "0 * " if "answer" in kind[-6:] else "Not "
                blocks[i] = f"{blocks[i][:found.end()]}{word}{blocks[i][found.end():]}"
                yield Fault(kind, f"notebooks/{path.name}, {name}", rf"\b{name}\b")
        path.write_text("".join(blocks), encoding="utf-8")


def prose(root: Path, lesson: str, seed: int) -> Iterator[Fault]:
    """Two digits in the sentences of each lesson."""
    for path in sorted((root / "notebooks").glob(f"{lesson or '[0-9][0-9]'}_*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        cells = [c for c in notebook["cells"] if c["cell_type"] == "markdown"
                 and re.search(r"\d", joined(c["source"]))]
        rng = Random(f"{seed} {path.stem}")
        for cell in rng.sample(cells, 2):
            source = joined(cell["source"])
            place = rng.choice([m.start() for m in re.finditer(r"\d", source)])
            cell["source"] = other_digit(source, place)
            yield Fault("a digit in prose", f"notebooks/{path.name}, {cell['id']}",
                        rf"{path.name}, {cell['id']}\b")
        path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False), encoding="utf-8")


def lesson_sources(root: Path, lesson: str, seed: int) -> Iterator[Fault]:
    """In each lesson, where no output changes: a word, a filter, a hidden cell, a cell moved."""
    for path in sorted((root / "notebooks").glob(f"{lesson or '[0-9][0-9]'}_*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        cells, rng = notebook["cells"], Random(f"{seed} {path.stem}")
        prose = [cell for cell in cells if cell["cell_type"] == "markdown"]
        code = [cell for cell in cells if cell["cell_type"] == "code"]
        worded, hidden = rng.sample(prose, 2)
        worded["source"] = re.sub(r"\w+", "never", joined(worded["source"]), count=1)
        hidden["metadata"] = {"jupyter": {"source_hidden": True}}
        lined = rng.choice(code)
        lined["source"] = f"unused = 0\n{joined(lined['source'])}"
        for kind, cell in (("a word in prose", worded), ("a cell hidden", hidden),
                           ("a line of code without effect", lined)):
            yield Fault(kind, f"notebooks/{path.name}, {cell['id']}",
                        rf"{path.name}, {cell['id']}: ")
        place = rng.randrange(len(cells) - 1)
        cells[place], cells[place + 1] = cells[place + 1], cells[place]
        yield Fault("two cells swapped", f"notebooks/{path.name}, cells {place} and {place + 1}",
                    rf"{path.name}, whole lesson: order")
        path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False), encoding="utf-8")


GUIDES = ("README.md", "INSTRUCTORS.md", "CONTRIBUTING.md", "notebooks/glossary.md")


def guides(root: Path, seed: int) -> Iterator[Fault]:
    """A word in two sections of each guide and of the glossary."""
    for name in GUIDES:
        path = root / name
        parts = re.split(r"(?m)^(?=## )", path.read_text(encoding="utf-8"))
        for i in Random(f"{seed} {name}").sample(range(1, len(parts)), 2):
            heading, _, body = parts[i].partition("\n")
            parts[i] = heading + "\n" + re.sub(r"(?m)^(?=\w)", "Never ", body, count=1)
            if body != parts[i].partition("\n")[2]:
                yield Fault("a word in a guide", f"{name}, {heading}",
                            rf"{name}, {re.escape(heading.strip('# '))}: words")
        path.write_text("".join(parts), encoding="utf-8")


def docstrings(root: Path, seed: int) -> Iterator[Fault]:
    """What one function of each module says of itself."""
    for path in sorted((root / "utils").rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        found = list(re.finditer(r'(?m)^def (\w+)\([^"]*?:\n    """(?=\w)', source))
        if found:
            chosen = Random(f"{seed} {path.name}").choice(found)
            changed = f"{source[:chosen.end()]}Not: {source[chosen.end():]}"
            path.write_text(changed, encoding="utf-8")
            file = path.relative_to(root).as_posix()
            yield Fault("a docstring", f"{file}, {chosen[1]}", rf"{file}, .*: words")


def references(root: Path, seed: int) -> Iterator[Fault]:
    """In each file of R's values, one call and one value."""
    for path in sorted([*(root / "tests/reference").glob("*.json"),
                        root / "tests/crosscheck/values.json"]):
        content = json.loads(path.read_text(encoding="utf-8"))
        if path.name == "reviewed.json":
            continue
        results = content.get("results") or {v["where"]: v for v in content["values"]}
        called, valued = Random(f"{seed} {path.name}").sample(list(results), 2)
        results[called]["call"] = f"other({results[called]['call']})"
        results[valued]["value"] = [results[valued]["value"]]
        path.write_text(json.dumps(content), encoding="utf-8")
        for kind, name, part in (("an R call", called, "call"), ("a value of R", valued, "value")):
            yield Fault(kind, f"{path.relative_to(root).as_posix()}, {name}",
                        rf"{path.name}, {re.escape(name)}: {part}")


WEAKER = (
    (".ci/run", "make test", "make test || true"),
    (".gitattributes", "data/** -text", "data/** text"),
    (".github/workflows/tests.yml", "make test", "make setup"),
    ("CITATION.cff", "CC-BY-4.0", "CC-BY-NC-4.0"),
    ("LICENSE", "BSD 3-Clause, below", "BSD 2-Clause, below"),
    ("Makefile", "\t$(RUN) -m pytest", "\t-$(RUN) -m pytest"),
    ("data/build/build.py", "30.4375", "30.44"),
    ("environment.yml", "conda-forge", "defaults"),
    ("instructor.lock", "nbgrader==0", "nbgrader==1"),
    ("jupyterlab.json", '"fetchNews": "false"', '"fetchNews": "true"'),
    ("notebooks/conftest.py", "TOLERANCE = 4", "TOLERANCE = 400"),
    ("postBuild", "set -eu", "set -u"),
    ("pyproject.toml", '["tests", "notebooks"]', '["tests"]'),
    ("requirements.lock", "pandas==3", "pandas==2"),
    ("tests/crosscheck/crosscheck.R", "qnorm(0.975)", "qnorm(0.95)"),
)


def set_up(root: Path, seed: int) -> Iterator[Fault]:
    """Files that set up and run everything, each made weaker."""
    for name, before, after in WEAKER:
        path = root / name
        content = path.read_text(encoding="utf-8")
        if before not in content:
            raise SystemExit(f"faults.py: {name} no longer holds {before!r}")
        path.write_text(content.replace(before, after, 1), encoding="utf-8")
        yield Fault("set-up made weaker", name, rf"{re.escape(name)}, whole file")


def thresholds(root: Path, seed: int) -> Iterator[Fault]:
    """The threshold or smallest effect of every claim."""
    path = root / "data/claims.toml"
    blocks = re.split(r"(?m)^(?=\[\[claim\]\])", path.read_text(encoding="utf-8"))
    for i, block in enumerate(blocks):
        found = re.search(r"^(margin|threshold) = [\d.]+", block, re.M)
        if found:
            name = re.search(r'^id = "([\w-]+)"', block, re.M)[1]
            blocks[i] = f"{block[:found.end()]}1{block[found.end():]}"
            if "." not in found[0]:
                blocks[i] = f"{block[:found.end()]}.1{block[found.end():]}"
            yield Fault("a claim's threshold", f"data/claims.toml, {name}", rf"\b{name}: part")
    path.write_text("".join(blocks), encoding="utf-8")


def kept_verdicts(root: Path, seed: int) -> Iterator[Fault]:
    """Every verdict of data/verdicts.json."""
    path = root / "data/verdicts.json"
    verdicts = json.loads(path.read_text(encoding="utf-8"))
    for verdict in verdicts:
        other_verdict(verdict)
        yield Fault("verdict edited in the file", f"data/verdicts.json, {verdict['claim']} "
                    f"{verdict['part']}".strip(), rf"verdicts\.json, {verdict['claim']} "
                    rf"'{verdict['part']}'")
    path.write_text(json.dumps(verdicts, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def readme_picture(root: Path, seed: int) -> Iterator[Fault]:
    """The picture of the README."""
    path = root / "notebooks/readme.png"
    if not path.is_file():
        return
    content = path.read_bytes()
    path.write_bytes(content[:-20] + content[-19:])
    yield Fault("the README's picture", "notebooks/readme.png", "readme.png|picture_of_the_lesson")
