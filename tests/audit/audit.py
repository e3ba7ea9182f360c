"""Plant faults in copies of the project, and see which of them the tests catch and name.

    python tests/audit/audit.py [--lesson NN] [--quick] [--seed N]

Run it where `make test` passes. Each round has its own copy. It plants faults of one family,
every fault in a cell, file or entry of its own, and runs just the tests that could notice that
family. A fault is caught if a test that passes on the untouched copy fails, and its name or
message names the fault's own place. (The lessons are not run untouched: there a failing cell in
which nothing was planted is shown as a false alarm.) With --quick, no lesson is run: stored
outputs are left out. Exit 1 unless all faults are caught, without a false alarm.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import faults
from faults import Fault

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = shutil.ignore_patterns(".git", ".venv*", ".cache", "work", "__pycache__", "*.egg-info",
                                  ".pytest_cache")
DATA_TESTS = ["tests/test_data.py", "tests/test_gaps_reviewed.py", "-k",
              "bytes_are or register_is or reviewed"]
REVIEWED = ["tests/test_gaps_reviewed.py"]
SAID = (r"[-+] +\S", r".*\.ipynb, code cell", r"mismatch|.*issing|.*nexpected", r".")
Failures = dict[str, str]


def run_tests(root: Path, arguments: list[str]) -> Failures:
    """Run pytest in a copy, on its own `utils`: message by name of every test that failed."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        process = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--color=no",
             f"--junitxml={report}", *arguments], cwd=root, capture_output=True, text=True,
            env=os.environ | {"PYTHONPATH": str(root)})
        if not report.is_file():
            raise SystemExit(f"the tests could not run:\n{process.stdout}{process.stderr}")
        cases = ET.parse(report).getroot().iter("testcase")
        return {f"{case.get('classname')}::{case.get('name')}":
                (bad.text or "") + "\n" + bad.get("message", "")
                for case in cases for bad in [*case.findall("failure"), *case.findall("error")]}


def rounds(lesson: str, seed: int, quick: bool) -> Iterator[tuple[Callable, list[str]]]:
    """Planter and the tests that could catch what it plants."""
    where = f"notebooks/{lesson}*.ipynb" if lesson else "notebooks"
    cells = [str(p.relative_to(ROOT)) for p in ROOT.glob(where)] if lesson else [where]
    if not quick:
        yield (partial(faults.lesson_outputs, lesson=lesson, seed=seed),
               ["-n", "2", "--dist=loadfile", *sorted(cells)])
    yield partial(faults.exercise_words, lesson=lesson, seed=seed), REVIEWED
    yield partial(faults.prose, lesson=lesson, seed=seed), REVIEWED
    yield partial(faults.lesson_sources, lesson=lesson, seed=seed), REVIEWED
    if lesson:
        return
    for planter in (faults.thresholds, faults.guides, faults.docstrings, faults.references,
                    faults.set_up):
        yield partial(planter, seed=seed), REVIEWED
    yield (partial(faults.kept_verdicts, seed=seed),
           ["tests/test_gaps_lessons.py", "-k", "kept_verdict"])
    yield (partial(faults.readme_picture, seed=seed),
           ["tests/test_lessons.py", "-k", "readme_shows_the_picture"])
    for planter in (faults.values, faults.row_orders, faults.codes, faults.register_units,
                    faults.source_units, faults.registered_values):
        yield partial(planter, seed=seed), DATA_TESTS


def judge(fault: Fault, failed: Failures) -> str:
    """The line by which a fault was caught and named; empty if it was not."""
    for name, message in failed.items():
        lines = [line.strip(" E\t") for line in message.splitlines()]
        for line in lines:
            if re.search(fault.named, line):
                return line
        if re.search(fault.named, name):
            words = [line for shape in SAID for line in lines if re.match(shape, line)]
            return f"{name}: {words[0]}"
    return ""


def play(planter: Callable | None, tests: list[str]) -> tuple[list[Fault], Failures]:
    """One round on a copy: plant, if there is something to plant, and run the tests."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "copy"
        shutil.copytree(ROOT, root, ignore=LEFT_OUT)
        planted = list(planter(root)) if planter else []
        return planted, run_tests(root, tests)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lesson", default="", help="two digits: only this lesson's faults")
    parser.add_argument("--quick", action="store_true", help="run no lesson")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    results, alarms, begun = [], 0, time.monotonic()
    untouched: dict[tuple, Failures] = {}
    for planter, tests in rounds(chosen.lesson, chosen.seed, chosen.quick):
        key, runs_lessons = tuple(tests), "-n" in tests
        if key not in untouched:
            untouched[key] = {} if runs_lessons else play(None, tests)[1]
        print(f"\n{planter.func.__name__}: pytest {' '.join(tests)}", flush=True)
        for name in untouched[key]:
            print(f"  BEFORE  {name} fails already, with nothing planted")
        planted, failed = play(planter, tests)
        news = {name: said for name, said in failed.items() if name not in untouched[key]}
        for fault in planted:
            said = judge(fault, news)
            results.append(bool(said))
            print(f"  {'caught' if said else 'MISSED'}  {fault.kind}: {fault.place}")
            print(f"          {said[:160] or 'no test named it'}")
        for name in news if runs_lessons else ():
            if not any(re.search(fault.named, name) for fault in planted):
                alarms += 1
                print(f"  ALARM   {name} fails, and nothing was planted there")
    print(f"\n{sum(results)} of {len(results)} faults caught and named "
          f"({sum(results) / len(results):.1%}), {alarms} false alarms, "
          f"{time.monotonic() - begun:.0f} s")
    return 0 if all(results) and not alarms else 1


if __name__ == "__main__":
    sys.exit(main())
