"""Start a student's server: lay out or update the lessons in ~/work, then hand over to JupyterHub.

The one command for all three ways to teach a class (systemd, TLJH, Kubernetes).
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

CLASS = Path(__file__).resolve().parents[1]
SETTINGS = (
    # Over TCP two of a class's kernels may pick the same port, and one of them never answers.
    "--KernelManager.transport=ipc",
    "--MappingKernelManager.cull_idle_timeout=1800",
    "--MappingKernelManager.cull_interval=120",
    "--ServerApp.shutdown_no_activity_timeout=3600",
    "--ServerApp.terminals_enabled=False",
    "--LabApp.extension_manager=readonly",
)
# One core for each student: without this, numpy starts a thread for every core of the machine.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def main(arguments: list[str]) -> None:
    home = Path.home()
    # Apart, so that the server does not hold pandas. Where it fails (a full disk says so in the
    # log) the student still gets in, to what is there.
    subprocess.run(
        [sys.executable, "-m", "tools.students", "work", str(home / "work")], cwd=CLASS, check=False
    )
    os.chdir(home)
    os.environ |= dict.fromkeys(THREADS, "1")
    # Private (0700) and short: the path of a socket has at most 107 characters.
    os.environ["JUPYTER_RUNTIME_DIR"] = tempfile.mkdtemp(prefix="lessons-")
    os.execv(sys.executable, [sys.executable, "-m", "jupyterhub.singleuser", *SETTINGS, *arguments])


if __name__ == "__main__":
    main(sys.argv[1:])
