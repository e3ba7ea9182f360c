"""What the lessons cost, beside a kernel that only imports the libraries (the floor).

    python -m tools.bench                      every lesson, three rounds
    python -m tools.bench --rounds 1 06 07     two lessons, once
    python -m tools.bench --no-nbval --cells   without nbval; the three slowest cells of each

A lesson is measured between two floors of the same round, so that what else the machine is doing
cancels in the ratio; the table gives medians over the rounds. Needs Linux (peak memory is read
from /proc). Exit 1 if a lesson is over the budget in bench.toml.
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import tomllib
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import mean, median
from typing import Any

import psutil
from nbclient import NotebookClient
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from tools import lessons

FLOOR = ["import pandas, seaborn, statsmodels.api"]
FIRST_CURVE = [
    "from utils import load, plots",
    "lung = load('lung_ncctg')\n"
    "ax = plots.kaplan_meier(lung, 'time', 'event', outcome='death', unit='days', read_at=365)",
]
BUDGET = tomllib.loads((Path(__file__).with_name("bench.toml")).read_text(encoding="utf-8"))


@dataclass
class Cost:
    """One kernel from its start to its last cell."""

    cpu: float
    wall: float
    memory: float
    cells: list[tuple[float, str]] = field(default_factory=list)


@dataclass
class Measured:
    """A notebook's costs, its floors, and what nbval took, over the rounds."""

    runs: list[Cost] = field(default_factory=list)
    floors: list[Cost] = field(default_factory=list)
    nbval: list[float] = field(default_factory=list)

    def ratio(self, what: str) -> float:
        return median(
            getattr(run, what) / getattr(floor, what) for run, floor in zip(self.runs, self.floors)
        )

    def typical(self, what: str) -> float:
        return median(getattr(run, what) for run in self.runs)

    def slowest(self, n: int = 1) -> list[tuple[float, str]]:
        """Cells by median CPU seconds."""
        cells = zip(*(run.cells for run in self.runs))
        return sorted(
            ((median(seconds for seconds, _ in cell), cell[0][1]) for cell in cells), reverse=True
        )[:n]

    def slowest_in_floors(self) -> float:
        return self.slowest()[0][0] / median(floor.cpu for floor in self.floors)


def cpu_of(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def peak_memory(pid: int) -> float:
    """Largest resident memory so far, MB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def run(notebook: NotebookNode) -> Cost:
    """Execute a notebook in a new kernel."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(
            notebook,
            timeout=300,
            kernel_name="python3",
            extra_arguments=["--log-level=40"],
            resources={"metadata": {"path": folder}},
        )
        with client.setup_kernel():
            provisioner: Any = client.km and client.km.provisioner
            kernel = psutil.Process(provisioner.pid)
            before, cells = cpu_of(kernel), []
            for index, cell in enumerate(notebook.cells):
                client.execute_cell(cell, index)
                now = cpu_of(kernel)
                if cell.cell_type == "code":
                    cells.append((now - before, cell.id))
                before = now
            return Cost(before, time.perf_counter() - began, peak_memory(kernel.pid), cells)


def of_cells(sources: list[str]) -> NotebookNode:
    return new_notebook(cells=[new_code_cell(source) for source in sources])


def nbval_cpu(path: Path) -> float:
    """CPU seconds of pytest and its kernel over one lesson."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:xdist",
            "-o",
            "addopts=",
            "--nbval",
            "--nbval-current-env",
            str(path),
        ],
        cwd=lessons.ROOT,
        capture_output=True,
        text=True,
    )
    if result.returncode:
        print(f"  nbval found differences in {path.name}; its time still counts", flush=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def output_kb(path: Path) -> float:
    """Size of the stored outputs."""
    return (
        sum(
            len(json.dumps(cell.outputs))
            for cell in lessons.read(path).cells
            if cell.cell_type == "code"
        )
        / 1024
    )


def between(before: Cost, after: Cost) -> Cost:
    return Cost(
        *(mean([getattr(before, what), getattr(after, what)]) for what in ("cpu", "wall", "memory"))
    )


def measure(paths: list[Path], rounds: int, nbval: bool) -> dict[str, Measured]:
    """Floor, first curve, floor, lesson, floor, lesson, ..., floor; as often as asked."""
    todo = {"first curve": partial(of_cells, FIRST_CURVE)}
    todo |= {path.stem: partial(lessons.read, path) for path in paths}
    found = {name: Measured() for name in todo}
    run(of_cells(FLOOR))
    for number in range(rounds):
        floor = run(of_cells(FLOOR))
        for name, make in todo.items():
            print(f"round {number + 1}: {name}", file=sys.stderr, flush=True)
            found[name].runs.append(run(make()))
            after = run(of_cells(FLOOR))
            found[name].floors.append(between(floor, after))
            floor = after
            if nbval and number == 0 and name != "first curve":
                found[name].nbval.append(
                    nbval_cpu(lessons.LESSONS / f"{name}.ipynb") / found[name].runs[0].cpu
                )
    return found


def over_budget(found: dict[str, Measured]) -> list[str]:
    """A sentence for each cost above its limit."""
    limits, said = BUDGET["lesson"], []
    if (ratio := found["first curve"].ratio("cpu")) > BUDGET["first_curve"]["cpu"]:
        said.append(f"first curve: CPU {ratio:.2f} floors, at most {BUDGET['first_curve']['cpu']}")
    for name, it in found.items():
        if name == "first curve":
            continue
        seconds, cell = it.slowest()[0]
        for what, value, limit in (
            (
                f"CPU in floors (slowest cell: {cell}, {seconds:.1f} s)",
                it.ratio("cpu"),
                limits["cpu"],
            ),
            ("peak memory in floors", it.ratio("memory"), limits["peak_memory"]),
            (f"CPU in floors of cell {cell}", it.slowest_in_floors(), limits["cell"]),
        ):
            if value > limit:
                said.append(f"{name}: {what}: {value:.2f}, at most {limit}")
    return said


def show(found: dict[str, Measured]) -> None:
    floors = [floor for it in found.values() for floor in it.floors]
    cpu, wall, memory = (
        median(getattr(f, what) for f in floors) for what in ("cpu", "wall", "memory")
    )
    print(
        f"floor (import pandas, seaborn, statsmodels.api): CPU {cpu:.2f} s, wall {wall:.2f} s, "
        f"peak memory {memory:.0f} MB"
    )
    first = found["first curve"]
    print(
        f"first curve: CPU {first.ratio('cpu'):.2f} floors, wall {first.ratio('wall'):.2f}, "
        f"memory {first.ratio('memory'):.2f}\n"
    )
    print(
        f"{'':23}   CPU  floors    wall  floors  memory  floors  outputs   nbval   slowest cell"
        f"{'':19} set so far\n{'lesson':25}  s              s              MB           "
        f"kB    x CPU   s{'':33} CPU s"
    )
    total = 0.0
    for name, it in found.items():
        if name == "first curve":
            continue
        total += it.typical("cpu")
        seconds, cell = it.slowest()[0]
        nbval = f"{median(it.nbval):6.2f}" if it.nbval else "     -"
        print(
            f"{name:21} {it.typical('cpu'):7.2f} {it.ratio('cpu'):7.2f} "
            f"{it.typical('wall'):7.2f} {it.ratio('wall'):7.2f} {it.typical('memory'):7.0f} "
            f"{it.ratio('memory'):7.2f} {output_kb(lessons.LESSONS / f'{name}.ipynb'):8.0f}  "
            f"{nbval}  {seconds:5.2f} {cell[:28]:28} {total:6.1f}"
        )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("lessons", nargs="*", help="numbers, for example 06; all if left out")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-nbval", action="store_true")
    parser.add_argument("--cells", action="store_true", help="the three slowest cells of each")
    chosen = parser.parse_args()
    os.environ.update(lessons.environment())
    compileall.compile_dir(lessons.ROOT / "utils", quiet=1)  # as Python itself does after one use
    lessons.CACHE.mkdir(exist_ok=True)
    paths = [
        path for path in lessons.paths() if not chosen.lessons or path.name[:2] in chosen.lessons
    ]
    found = measure(paths, chosen.rounds, not chosen.no_nbval)
    show(found)
    if chosen.cells:
        for name, it in found.items():
            print(f"\n{name}: " + ", ".join(f"{cell} {s:.2f} s" for s, cell in it.slowest(3)))
    said = over_budget(found)
    print("\n".join(["over budget:", *said]) if said else "all within budget")
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())
