"""A class on one machine: JupyterHub, with a server for each student. See README.md.

It is read where `install.sh` laid out the student edition. Linked into The Littlest JupyterHub it
leaves accounts, addresses and spawner to that one. With LESSONS_HUB_TEST=FOLDER it runs without
systemd, for a rehearsal on loopback; accounts and homes are then in FOLDER.
"""

import os
import sys
from pathlib import Path

c = get_config()  # noqa: F821

DEPLOY = Path(__file__).resolve().parent  # TLJH reads this file through a link
CLASS = DEPLOY.parent
REHEARSAL = os.environ.get("LESSONS_HUB_TEST")
PORT = int(os.environ.get("LESSONS_HUB_PORT", 8000))
HOMES = Path("/var/lib")  # of systemd's dynamic users

for lesson in CLASS.glob("notebooks/*.ipynb"):
    if "BEGIN SOLUTION" in lesson.read_text(encoding="utf-8"):
        raise ValueError(
            f"{lesson} holds solutions: this is the repository, and a class gets the student "
            "edition. Lay that out and start there: sudo deploy/install.sh /srv"
        )

c.JupyterHub.concurrent_spawn_limit = 40  # a class starts in the same minute
c.JupyterHub.active_server_limit = 60
c.JupyterHub.template_vars = {
    "announcement": "Teaching material, not medical advice. Enter no data of real people."
}
c.Spawner.cmd = [str(CLASS / ".venv/bin/python"), str(DEPLOY / "singleuser.py")]
c.Spawner.default_url = "/lab/tree/work/00_start_here.ipynb"
c.Spawner.start_timeout = 180
c.Spawner.http_timeout = 180

if "tljh" not in sys.modules:
    c.JupyterHub.bind_url = f"http://127.0.0.1:{PORT}"
    c.JupyterHub.hub_port = PORT + 1
    c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{PORT + 2}"
    c.ConfigurableHTTPProxy.command = [str(DEPLOY / "node_modules/.bin/configurable-http-proxy")]

    # Anybody can sign up; nobody gets in before the teacher approves (/hub/authorize).
    c.JupyterHub.authenticator_class = "native"
    c.NativeAuthenticator.open_signup = False
    c.NativeAuthenticator.minimum_password_length = 8
    c.Authenticator.admin_users = {"teacher"}
    c.Authenticator.allow_all = True
    # A home is /var/lib/NAME, which systemd would take over if it were a service's already.
    c.Authenticator.username_pattern = "[a-z0-9][a-z0-9._-]{0,62}"
    c.Authenticator.blocked_users = {"private"} | {
        path.name for path in HOMES.iterdir() if not path.is_symlink()
    }

    if REHEARSAL:
        c.JupyterHub.spawner_class = "simple"
        c.SimpleLocalProcessSpawner.home_dir_template = f"{REHEARSAL}/{{username}}"
        c.Spawner.environment = {"TMPDIR": REHEARSAL}
        if os.geteuid() == 0:
            c.Spawner.args = ["--allow-root"]
    else:
        c.JupyterHub.spawner_class = "systemd"
        c.SystemdSpawner.dynamic_users = True
        c.SystemdSpawner.mem_limit = "1500M"
        c.SystemdSpawner.cpu_limit = 1.0
        c.SystemdSpawner.isolate_tmp = True
        c.SystemdSpawner.isolate_devices = True
        c.SystemdSpawner.disable_user_sudo = True
        c.SystemdSpawner.unit_extra_properties = {
            "ProtectHome": "yes",
            "ProtectProc": "invisible",
            "TasksMax": "256",
            "IPAddressAllow": "localhost",  # no lesson needs the network
            "IPAddressDeny": "any",
        }
        # Settings of your own, such as a teacher's name or lti13.py; an update leaves them alone.
        if (DEPLOY / "local.py").exists():
            load_subconfig(str(DEPLOY / "local.py"))  # noqa: F821
