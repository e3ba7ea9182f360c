"""Our survival functions beside R's survival and lifelines, on the same rows in the same run.

    python tests/bench/peers.py --lifelines PYTHON [--rounds 3] [--rows 1000 10000 100000]

R is left out where Rscript is not installed, lifelines where PYTHON (a Python that has it, in an
environment of its own) is not given. Each tool reads the same csv files once, then times every
call in its own process; the tools take turns, round by round. Times are seconds of wall clock,
the best of the calls in a round, the median over rounds. `distinct` times are all different,
`months` are rounded up to whole months. A call that took over five seconds is not tried on more
rows: its place shows a dash.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd

from utils.lessons import environment

CALLS, PATIENCE = 3, 5.0
OURS = """
import json, sys, time
import pandas as pd
from utils import cox, cumulative_incidence, kaplan_meier, logrank
TASKS = {
    "kaplan_meier": lambda d: kaplan_meier(d, "time", "event", by="arm"),
    "logrank": lambda d: logrank(d, "time", "event", by="arm"),
    "cox": lambda d: cox(d, "arm + age", "time", "event"),
    "cumulative_incidence": lambda d: cumulative_incidence(d, "time", "cause"),
}
"""
LIFELINES = """
import json, sys, time
import pandas as pd
from lifelines import AalenJohansenFitter, CoxPHFitter, KaplanMeierFitter
from lifelines.statistics import logrank_test
import warnings
warnings.simplefilter("ignore")
def km(d):
    for _, part in d.groupby("arm"):
        KaplanMeierFitter().fit(part["time"], part["event"])
def logrank(d):
    a, b = d[d["arm"] == 0], d[d["arm"] == 1]
    logrank_test(a["time"], b["time"], a["event"], b["event"])
def incidence(d):
    for cause in (1, 2):
        AalenJohansenFitter(calculate_variance=True).fit(d["time"], d["cause"], cause)
TASKS = {
    "kaplan_meier": km,
    "logrank": logrank,
    "cox": lambda d: CoxPHFitter().fit(d[["time", "event", "arm", "age"]], "time", "event"),
    "cumulative_incidence": incidence,
}
"""
TIMING = """
d = pd.read_csv(sys.argv[1])
few = d.head(200)
for name, task in TASKS.items():
    if name in sys.argv[3:]:
        continue
    task(few)
    taken, stop = [], time.perf_counter() + 5
    while not taken or len(taken) < int(sys.argv[2]) and time.perf_counter() < stop:
        began = time.perf_counter()
        task(d)
        taken.append(time.perf_counter() - began)
    print(json.dumps([name, min(taken)]))
"""
R = """
suppressMessages(library(survival))
argument <- commandArgs(TRUE)
d <- read.csv(argument[1])
d$state <- factor(d$cause)
tasks <- list(
  kaplan_meier = function(d) survfit(Surv(time, event) ~ arm, d, conf.type = "log-log"),
  logrank = function(d) survdiff(Surv(time, event) ~ arm, d),
  cox = function(d) coxph(Surv(time, event) ~ arm + age, d),
  cumulative_incidence = function(d) survfit(Surv(time, state) ~ 1, d))
for (name in setdiff(names(tasks), argument[-(1:2)])) {
  invisible(tasks[[name]](head(d, 200)))
  taken <- numeric(0)
  began <- proc.time()[["elapsed"]]
  while (length(taken) == 0 ||
         length(taken) < as.integer(argument[2]) && proc.time()[["elapsed"]] - began < 5) {
    start <- as.numeric(Sys.time())
    invisible(tasks[[name]](d))
    taken <- c(taken, as.numeric(Sys.time()) - start)
  }
  cat(sprintf('["%s", %.6f]\\n', name, min(taken)))
}
"""


def people(n: int, ties: bool) -> pd.DataFrame:
    """Two arms, an age, death or recurrence or neither within ten years."""
    rng = np.random.default_rng(n)
    arm, age = rng.integers(0, 2, n), rng.normal(60, 10, n).round()
    waits = rng.standard_exponential((2, n)) / (0.08 * np.exp(0.3 * arm + 0.02 * (age - 60)))
    time = np.minimum(waits.min(axis=0), rng.uniform(2, 10, n))
    cause = np.where(waits.min(axis=0) <= time, 1 + waits.argmin(axis=0), 0)
    return pd.DataFrame({"time": np.ceil(time * 12) if ties else time,
                         "event": (cause > 0).astype(int), "cause": cause, "arm": arm, "age": age})


def tools(lifelines: str | None, folder: Path) -> dict[str, list[str]]:
    """How each tool that is there is called."""
    scripts = {"ours.py": OURS + TIMING, "lifelines.py": LIFELINES + TIMING, "r.R": R}
    for name, text in scripts.items():
        (folder / f"bench_{name}").write_text(text, encoding="utf-8")
    found = {"ours": [sys.executable, str(folder / "bench_ours.py")]}
    if shutil.which("Rscript"):
        found["R survival"] = ["Rscript", str(folder / "bench_r.R")]
    if lifelines:
        found["lifelines"] = [lifelines, str(folder / "bench_lifelines.py")]
    return found


def timed(command: list[str]) -> list[tuple[str, float]]:
    """What one process printed: a task and its seconds a line."""
    result = subprocess.run(command, text=True, stdout=subprocess.PIPE, check=True,
                            env=os.environ | environment())
    return [json.loads(line) for line in result.stdout.splitlines()]


def show(seconds: dict[tuple, list[float]], others: list[str]) -> None:
    print(f"{'function':22}{'rows':>8} {'times':9}{'ours, s':>9}"
          + "".join(f"{tool + ', s':>15}{'ours/it':>9}" for tool in others))
    for row in sorted({key[:3] for key in seconds}):
        typical = {tool: median(seconds[*row, tool]) for tool in ["ours", *others]
                   if (*row, tool) in seconds}
        ours = typical.get("ours")
        line = f"{row[0]:22}{row[1]:>8} {row[2]:9}" + (f"{ours:9.4f}" if ours else f"{'-':>9}")
        for tool in others:
            theirs = typical.get(tool)
            line += f"{theirs:15.4f}" if theirs else f"{'-':>15}"
            line += f"{ours / theirs:9.2f}" if ours and theirs else f"{'-':>9}"
        print(line)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lifelines", metavar="PYTHON")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    chosen = parser.parse_args()
    seconds: dict[tuple, list[float]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        programs = tools(chosen.lifelines, folder)
        for n in sorted(chosen.rows):
            for times in ("distinct", "months"):
                file = folder / f"{times}_{n}.csv"
                people(n, times == "months").to_csv(file, index=False)
                too_slow = {tool: [key[0] for key, taken in seconds.items()
                                   if key[1] < n and key[2:] == (times, tool)
                                   and median(taken) > PATIENCE] for tool in programs}
                for _ in range(chosen.rounds):
                    for tool, command in programs.items():
                        for task, taken in timed([*command, str(file), str(CALLS),
                                                  *too_slow[tool]]):
                            seconds.setdefault((task, n, times, tool), []).append(taken)
    show(seconds, [tool for tool in programs if tool != "ours"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
