"""Every value that a test takes from R, made again by R: `python tests/r/regenerate.py`.

    --check    (or nothing) compare with what is committed; fails where a number differs
    --write    write the numbers that differ
    NAME ...   only these stores, such as lung or lessons

Two stores: `values/*.json`, each with the R code of its own values (`setup` and `call`, run by
values.R), and `lessons.json`, made by lessons.R from the files of the lessons. R need not be here:
without it, or without one of its packages, the command says what is missing and passes.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
NEEDED = ("survival", "metafor", "metadat", "cmprsk", "jsonlite")
TOLERANCE = 1e-8
# Values that R finds by a search of its own, no better than this.
LOOSE = {"mixcure_colon_recur": 1e-5}
SPECIAL = {None: np.nan, "NA": np.nan, "NaN": np.nan, "Inf": np.inf, "-Inf": -np.inf}


def flat(value: object) -> list:
    """Numbers (and words) of a value in one order, whatever form it is stored in."""
    if isinstance(value, dict) and "values_colmajor" in value:
        cells = np.array(flat(value["values_colmajor"]), dtype=object)
        return cells.reshape(value["dim"], order="F").ravel().tolist()
    if isinstance(value, dict):
        inside = value["values"] if set(value) == {"names", "values"} else list(value.values())
        return flat(inside)
    if isinstance(value, list):
        return [leaf for item in value for leaf in flat(item)]
    return [SPECIAL.get(value, value) if value is None or isinstance(value, str) else value]


def same(stored: object, fresh: object, tolerance: float) -> bool:
    """Whether two values hold the same words and, within a tolerance, the same numbers."""
    ours, theirs = (
        [leaf for leaf in flat(value) if not (isinstance(leaf, float) and np.isnan(leaf))]
        for value in (stored, fresh)
    )
    return len(ours) == len(theirs) and all(
        a == b
        if isinstance(a, str) or isinstance(b, str)
        else np.isclose(a, b, tolerance, tolerance)
        for a, b in zip(ours, theirs)
    )


def run(*command: object) -> subprocess.CompletedProcess:
    return subprocess.run(
        ["Rscript", *map(str, command)], text=True, encoding="utf-8", capture_output=True
    )


def values(path: Path, write: bool) -> list[str]:
    """Names of the values of one file that R no longer gives (after --write: none)."""
    done = run(HERE / "values.R", path)
    if done.returncode:
        return [f"{path.name}: {done.stderr.strip()}"]
    fresh, stored = json.loads(done.stdout), json.loads(path.read_text(encoding="utf-8"))
    different = [
        name
        for name, result in stored["results"].items()
        if "value" not in result
        or not same(result["value"], fresh["values"].get(name), LOOSE.get(name, TOLERANCE))
    ]
    if write and different:
        for name in different:
            stored["results"][name]["value"] = fresh["values"][name]
        stored |= {"R": fresh["R"], "packages": fresh["packages"]}
        path.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")
    print(f"{path.name}: {len(stored['results'])} values, {len(different)} differ")
    return [] if write else [f"{path.name}: {name}" for name in different]


def lessons(write: bool) -> list[str]:
    """Problems of lessons.json, whose own script compares and writes."""
    done = run(HERE / "lessons.R", *(["--write"] if write else []))
    print("lessons.json:", done.stdout.strip() or done.stderr.strip())
    return ["lessons.json"] if done.returncode else []


def missing() -> str:
    """What of R is not on this machine."""
    if not shutil.which("Rscript"):
        return "R is not on this machine"
    quoted = ", ".join(f"'{name}'" for name in NEEDED)
    done = run("-e", f"cat(setdiff(c({quoted}), rownames(installed.packages())))")
    return f"R is here, but not its packages {done.stdout}" if done.stdout.strip() else ""


def main(arguments: list[str]) -> int:
    """Check or write the stores named (all, if none is); 1 if a number differs."""
    paths = {path.stem: path for path in sorted((HERE / "values").glob("*.json"))}
    options = {argument for argument in arguments if argument.startswith("-")}
    names = [argument for argument in arguments if argument not in options] or [*paths, "lessons"]
    if strange := (options - {"--check", "--write"}) | (set(names) - {*paths, "lessons"}):
        print(f"{__doc__}\nno such option or store: {', '.join(strange)}", file=sys.stderr)
        return 2
    if gap := missing():
        print(f"skipped: {gap} (on Debian: r-base-core and r-cran-..., see CONTRIBUTING)")
        return 0
    write = "--write" in options
    different = [
        problem
        for name in names
        for problem in (lessons(write) if name == "lessons" else values(paths[name], write))
    ]
    for problem in different:
        print("NOT as committed:", problem, file=sys.stderr)
    return int(bool(different))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
