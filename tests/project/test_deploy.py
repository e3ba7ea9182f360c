"""The class: settings that exist, one edition without solutions, and a rehearsal with students.

CLASS_FOLDER names a folder that `deploy/install.sh` laid out. Without it the tests that need
JupyterHub are skipped by name; with CLASS_CI=1 that is an error.
"""

import importlib.util
import json
import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import yaml

from tools.lessons import ROOT
from tools.students import TOP

DEPLOY = ROOT / "deploy"
CLASS = Path(os.environ.get("CLASS_FOLDER", ROOT / "no-class"))
PYTHON = CLASS / ".venv/bin/python"
PROXY = CLASS / "deploy/node_modules/.bin/configurable-http-proxy"
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a class is served from Linux")


def module(name):
    spec = importlib.util.spec_from_file_location(name, DEPLOY / f"{name}.py")
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[name] = loaded  # dataclasses look themselves up there
    spec.loader.exec_module(loaded)
    return loaded


@pytest.fixture(scope="session")
def hub():
    """The laid-out class, where there is one."""
    missing = [str(program) for program in (PYTHON, PROXY) if not program.exists()]
    if not missing:
        return CLASS
    why = f"no JupyterHub: {missing[0]} is not there (deploy/install.sh, CLASS_FOLDER)"
    if os.environ.get("CLASS_CI") == "1":
        pytest.fail(why)
    pytest.skip(why)


# What every class starts: deploy/singleuser.py


def start(home, *arguments):
    """What singleuser.py would start for a student with this home: command and environment."""
    singleuser = module("singleuser")
    commands = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(singleuser.os, "environ", os.environ | {"HOME": str(home)})
        patch.setenv("HOME", str(home))
        patch.chdir(home)
        patch.setattr(singleuser.os, "execv", lambda program, command: commands.append(command))
        singleuser.main(list(arguments))
        return commands[0], dict(singleuser.os.environ)


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    command, environment = start(home, "--port=1")
    yield home, command, environment
    Path(environment["JUPYTER_RUNTIME_DIR"]).rmdir()


def test_a_student_gets_every_lesson_without_its_solutions(started):
    home, *_ = started
    lessons = {path.name for path in (ROOT / "notebooks").glob("*.ipynb")}
    given = {path.name: path.read_text(encoding="utf-8") for path in home.glob("work/*.ipynb")}
    assert set(given) == lessons
    assert not [name for name, text in given.items() if "SOLUTION" in text]


def test_the_hub_s_arguments_reach_the_server(started):
    _, command, _ = started
    assert command[1:3] == ["-m", "jupyterhub.singleuser"] and command[-1] == "--port=1"


def test_sockets_are_private_and_their_paths_short_enough(started):
    _, command, environment = started
    runtime = Path(environment["JUPYTER_RUNTIME_DIR"])
    assert stat.S_IMODE(runtime.stat().st_mode) == 0o700
    assert len(str(runtime / "kernel-00000000-0000-0000-0000-000000000000-ipc-5")) < 108
    assert "--KernelManager.transport=ipc" in command


def test_a_folder_that_cannot_be_laid_out_does_not_keep_a_student_away(tmp_path):
    (tmp_path / "work").write_text("a file in the way")
    command, environment = start(tmp_path)
    Path(environment["JUPYTER_RUNTIME_DIR"]).rmdir()
    assert "jupyterhub.singleuser" in command


def test_every_setting_of_a_student_s_server_exists():
    from jupyter_client.manager import KernelManager
    from jupyter_server.serverapp import ServerApp
    from jupyter_server.services.kernels.kernelmanager import MappingKernelManager
    from jupyterlab.labapp import LabApp

    classes = {c.__name__: c for c in (KernelManager, LabApp, MappingKernelManager, ServerApp)}
    for setting in module("singleuser").SETTINGS:
        owner, trait = re.fullmatch(r"--(\w+)\.(\w+)=\S+", setting).groups()
        assert classes[owner].class_traits(config=True).get(trait), setting


# Settings of the hub

LOAD = """
import json, sys
from pathlib import Path
from jupyterhub.app import JupyterHub
from jupyterhub.auth import Authenticator
from jupyterhub.proxy import ConfigurableHTTPProxy
from jupyterhub.spawner import SimpleLocalProcessSpawner, Spawner
from ltiauthenticator.lti13.auth import LTI13Authenticator
from nativeauthenticator import NativeAuthenticator
from systemdspawner import SystemdSpawner
from traitlets import HasTraits
from traitlets.config import PyFileConfigLoader

file = Path(sys.argv[1])
if file.suffix == ".py":
    sys.modules |= {name: sys for name in sys.argv[2:]}  # as if that hub read the file
    config = PyFileConfigLoader(str(file)).load_config()
else:
    config = json.loads(file.read_text())
for owner, settings in config.items():
    for name, value in settings.items():
        trait = globals()[owner].class_traits(config=True).get(name)
        assert trait, f"{owner}.{name} does not exist"
        trait.validate(HasTraits(), value)
print(json.dumps(config, default=sorted))
"""


@pytest.fixture
def load(hub, tmp_path):
    """Read hub settings with JupyterHub's own loader, every trait looked up and its value tried."""

    def run(file, *arguments, **environment):
        return subprocess.run(
            [PYTHON, "-c", LOAD, file, *arguments],
            capture_output=True, text=True, env=os.environ | environment, check=False,
        )  # fmt: skip

    return run


@pytest.fixture
def laid_out(tmp_path):
    """A folder like the one that install.sh makes, with one lesson; the settings in it."""
    (tmp_path / "deploy").mkdir()
    (tmp_path / "notebooks").mkdir()
    cell = nbformat.v4.new_code_cell("answer = ...")
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "notebooks/00.ipynb")
    settings = tmp_path / "deploy/jupyterhub_config.py"
    settings.write_text((DEPLOY / "jupyterhub_config.py").read_text(encoding="utf-8"))
    return settings


def settled(result):
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


@pytest.mark.slow
@pytest.mark.parametrize(
    "mode, spawner, owners",
    [
        ("", "systemd", {"NativeAuthenticator", "SystemdSpawner", "ConfigurableHTTPProxy"}),
        ("rehearsal", "simple", {"NativeAuthenticator", "SimpleLocalProcessSpawner"}),
        ("tljh", None, set()),
    ],
)
def test_every_trait_exists_in_each_mode(load, laid_out, tmp_path, mode, spawner, owners):
    rehearsal = {"LESSONS_HUB_TEST": str(tmp_path)} if mode == "rehearsal" else {}
    config = settled(load(laid_out, *["tljh"] * (mode == "tljh"), **rehearsal))
    assert config["JupyterHub"].get("spawner_class") == spawner
    assert owners <= set(config)
    assert config["Spawner"]["cmd"][1] == str(laid_out.with_name("singleuser.py"))
    if mode == "tljh":  # that hub's own accounts, addresses and limits stay
        assert set(config) == {"JupyterHub", "Spawner"}
        assert not {"bind_url", "hub_port", "authenticator_class"} & set(config["JupyterHub"])
    if mode == "rehearsal":
        assert str(tmp_path) in config["SimpleLocalProcessSpawner"]["home_dir_template"]


@pytest.mark.slow
def test_a_link_finds_the_class(load, laid_out, tmp_path):
    link = tmp_path / "jupyterhub_config.d" / "lessons.py"
    link.parent.mkdir()
    link.symlink_to(laid_out)
    assert settled(load(link, "tljh"))["Spawner"]["cmd"][0] == str(tmp_path / ".venv/bin/python")


@pytest.mark.slow
def test_settings_of_one_s_own_win_and_lti_is_one_of_them(load, laid_out):
    own = (DEPLOY / "lti13.py").read_text(encoding="utf-8")
    laid_out.with_name("local.py").write_text(own + "c.Authenticator.admin_users = {'7'}\n")
    config = settled(load(laid_out))
    assert config["JupyterHub"]["authenticator_class"].endswith("LTI13Authenticator")
    assert config["Authenticator"]["admin_users"] == ["7"]
    assert {"issuer", "client_id", "authorize_url", "jwks_endpoint"} <= set(
        config["LTI13Authenticator"]
    )


@pytest.mark.slow
def test_nobody_can_have_the_folder_of_a_service_as_home(load, laid_out):
    rules = settled(load(laid_out))["Authenticator"]
    services = {p.name for p in Path("/var/lib").iterdir() if p.is_dir() and not p.is_symlink()}
    assert services | {"private"} <= set(rules["blocked_users"])
    for name in ("..", ".", "a/b", "a b", "%h", "A", ""):
        assert not re.fullmatch(rules["username_pattern"], name)
    for name in ("student01", "ada.lovelace", "42", "0a1b2c3d-0000-4000-8000-0123456789ab"):
        assert re.fullmatch(rules["username_pattern"], name)


@pytest.mark.slow
def test_solutions_are_never_served(load, laid_out):
    lesson = laid_out.parents[1] / "notebooks/00.ipynb"
    lesson.write_text(lesson.read_text().replace("answer = ...", "### BEGIN SOLUTION"))
    result = load(laid_out)
    assert result.returncode and str(lesson) in result.stderr and "install.sh" in result.stderr


@pytest.mark.slow
def test_systemd_knows_every_property(load, laid_out, tmp_path):
    """An unknown one is a warning in a log that nobody reads; the unit starts without it."""
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not on this machine")
    properties = settled(load(laid_out))["SystemdSpawner"]["unit_extra_properties"]
    lines = [f"{name}={value}" for name, value in properties.items()]
    student, service = tmp_path / "student.service", tmp_path / "lessons-hub.service"
    student.write_text("\n".join(["[Service]", "ExecStart=/bin/true", *lines, ""]))
    unit = (DEPLOY / "lessons-hub.service").read_text(encoding="utf-8")
    service.write_text(re.sub(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", unit))
    for file in (student, service):
        result = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", file], capture_output=True, text=True
        )
        assert file.name not in result.stderr and result.returncode == 0, result.stderr


def test_the_service_starts_what_install_lays_out():
    unit = (DEPLOY / "lessons-hub.service").read_text(encoding="utf-8")
    program, *_, settings = re.search(r"(?m)^ExecStart=(.+)$", unit)[1].split()
    folder = Path(settings).parents[1]
    assert folder.name == TOP and program == str(folder / ".venv/bin/python")
    assert (DEPLOY / Path(settings).name).is_file()


# Kubernetes


def values():
    return yaml.safe_load((DEPLOY / "values.yaml").read_text(encoding="utf-8"))


def dockerfile(instruction):
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    return re.findall(rf"^{instruction}\s+(.+)$", text, re.M)


def test_values_start_what_the_image_starts():
    singleuser = values()["singleuser"]
    assert singleuser["cmd"] == json.loads(dockerfile("CMD")[0])
    assert singleuser["storage"]["homeMountPath"] == dockerfile("WORKDIR")[-1]
    built_in = dockerfile("WORKDIR")[0]
    assert all(part.startswith(f"{built_in}/") for part in singleuser["cmd"])
    assert singleuser["memory"]["limit"] == "1500M"


def test_values_and_the_one_machine_say_the_same():
    settings = (DEPLOY / "jupyterhub_config.py").read_text(encoding="utf-8")
    chart = values()
    for value in (
        chart["singleuser"]["defaultUrl"],
        chart["singleuser"]["memory"]["limit"],
        chart["hub"]["templateVars"]["announcement"],
        f"concurrent_spawn_limit = {chart['hub']['concurrentSpawnLimit']}",
    ):
        assert value in settings


@pytest.mark.slow
def test_every_trait_in_the_values_exists(load, tmp_path):
    """The chart takes a misspelt one without a word."""
    file = tmp_path / "config.json"
    file.write_text(json.dumps(values()["hub"]["config"]))
    assert "NativeAuthenticator" in settled(load(file))


def test_the_image_takes_the_student_edition_and_nothing_else():
    copied = [source for line in dockerfile("COPY") for source in line.split()[:-1]]
    ignore = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").split("\n")
    rules = [line for line in ignore if line and not line.startswith("#")]
    assert rules == ["*", *(f"!{source}" for source in copied)]
    assert all(source.endswith(".zip") or (ROOT / source).is_file() for source in copied)


def test_binder_does_not_find_a_dockerfile():
    assert not (ROOT / "Dockerfile").exists() and not (ROOT / "binder").exists()


# Locks


def pins(lock):
    return dict(re.findall(r"^([\w.-]+)==([^\s;\\]+)", lock.read_text(encoding="utf-8"), re.M))


def test_the_hub_s_lock_agrees_with_the_lessons():
    ours, theirs = pins(DEPLOY / "hub.lock"), pins(ROOT / "requirements.lock")
    assert {name: theirs[name] for name in ours if name in theirs} == {
        name: version for name, version in ours.items() if name in theirs
    }
    assert pins(DEPLOY / "hub.in").items() <= ours.items()


def test_the_hub_s_lock_has_a_hash_for_everything():
    text = (DEPLOY / "hub.lock").read_text(encoding="utf-8")
    for entry in re.split(r"\n(?=[\w.-]+==)", text):
        assert "--hash=sha256:" in entry, entry.split("\n")[0]


def test_the_proxy_s_lock_has_a_hash_for_everything_and_names_no_host():
    lock = json.loads((DEPLOY / "package-lock.json").read_text(encoding="utf-8"))
    wanted = json.loads((DEPLOY / "package.json").read_text(encoding="utf-8"))["dependencies"]
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert all(package["integrity"].startswith("sha512-") for package in packages.values())
    assert not [name for name, package in packages.items() if "resolved" in package]
    for name, version in wanted.items():
        assert packages[f"node_modules/{name}"]["version"] == version


# A rehearsal


@pytest.mark.parametrize(
    "outputs, seen",
    [
        (
            [
                {"output_type": "stream", "name": "stdout", "text": "a"},
                {"output_type": "stream", "name": "stdout", "text": "b"},
                {"output_type": "stream", "name": "stderr", "text": "c"},
            ],
            [("stdout", "ab"), ("stderr", "c")],
        ),
        (
            [{"output_type": "execute_result", "data": {"text/plain": "1", "image/png": "aGk="}}],
            [("display", {"text/plain": "1", "image/png": "a picture"})],
        ),
        (
            [{"output_type": "error", "ename": "E", "evalue": "no", "traceback": ["line 7"]}],
            [("error", "E: no")],
        ),
    ],
)
def test_what_a_reader_sees(outputs, seen):
    assert module("simulate").joined(outputs) == seen


@pytest.mark.slow
def test_a_class_runs_a_lesson_and_keeps_to_itself(hub):
    students = int(os.environ.get("CLASS_STUDENTS", 2))
    seen = module("simulate").rehearse(hub, students, "00_start_here")
    assert not seen.failed
    assert not seen.different
    assert seen.codes == {403}
    assert len(seen.servers) == len(seen.kernels) == students


@pytest.mark.slow
def test_nobody_gets_in_before_the_teacher_approves(hub):
    simulate = module("simulate")
    with simulate.running_hub(hub) as (url, _):
        stranger = simulate.Person(url, "stranger")
        stranger.sign_up()
        with pytest.raises(PermissionError, match="stranger"):
            stranger.log_in()
        assert "/hub/login" in stranger.browser.get(f"{url}/hub/home").url


@pytest.mark.slow
def test_a_difference_and_a_failure_are_found(hub, monkeypatch):
    simulate = module("simulate")
    wanted = simulate.stored(ROOT / "notebooks/00_start_here.ipynb")
    changed = {cell: [("stdout", "something else\n")] for cell in wanted}
    study = simulate.Person.study

    def one_fails(person, lesson):
        if person.name == "student01":
            raise OSError("no kernel")
        return study(person, lesson)

    monkeypatch.setattr(simulate, "stored", lambda lesson: changed)
    monkeypatch.setattr(simulate.Person, "study", one_fails)
    seen = simulate.rehearse(hub, 2, "00_start_here")
    assert "no kernel" in seen.failed["student01"]
    assert set(seen.different["student02"]) == set(changed)
    assert not seen.well
