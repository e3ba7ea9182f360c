"""The ways to install agree, and no file ties the project to one machine."""

import re
import subprocess
import tomllib

from packaging.requirements import Requirement

from tools.lessons import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PINS = dict(re.findall(r"^([\w.-]+)==([^\s;\\]+)", LOCK, re.M))
FIVE = ("jupyterlab", "pandas", "seaborn", "statsmodels", "nbval")


def tracked():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    return [ROOT / name for name in listed.stdout.split("\0") if name]


def test_lock_satisfies_the_project():
    wanted = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["test"]]
    for requirement in map(Requirement, wanted):
        assert requirement.specifier.contains(PINS[requirement.name]), requirement


def test_lock_pins_one_version_each_with_hashes():
    names = re.findall(r"^([\w.-]+)==", LOCK, re.M)
    assert len(set(names)) == len(names)
    assert LOCK.count("--hash=sha256:") > len(names)
    assert {"setuptools", "uv"} <= set(names)


def test_conda_and_binder_read_the_same_lock():
    text = (ROOT / "environment.yml").read_text(encoding="utf-8")
    listed = [li.strip(" -") for li in text.splitlines() if re.match(r"\s+- ", li)]
    assert listed == ["conda-forge", "python=3.11", "pip", "pip:", "r requirements.lock"]
    assert all(name in text for name in FIVE)
    assert "--no-deps --no-build-isolation -e ." in (ROOT / "postBuild").read_text(encoding="utf-8")


def test_installed_packages_are_the_locked_ones():
    from importlib.metadata import version

    assert {name: version(name) for name in FIVE} == {name: PINS[name] for name in FIVE}


def test_pip_takes_the_lock_as_it_stands(tmp_path):
    """What `pip install -r requirements.lock` (conda, Binder) does with it, short of fetching."""
    import sys

    result = subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--dry-run",
            "--no-index",
            "--no-deps",
            "--require-hashes",
            "--disable-pip-version-check",
            "-r",
            "requirements.lock",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    assert "Would install" not in result.stdout, result.stdout


def test_no_absolute_path_and_no_registry_address():
    forbidden = re.compile(
        r"(?<![\w.])/(?:root|home/\w|tmp|Users)/|"
        + "|".join(
            ["py" + "pi.org", "pythonhosted" + ".org", "deb.debian" + ".org", "registry.npm" + "js"]
        )
    )
    for path in tracked():
        if path.suffix in {".png", ".ico"} or not path.is_file() or path.name == "test_setup.py":
            continue
        found = forbidden.search(path.read_text(encoding="utf-8"))
        assert not found, f"{path.relative_to(ROOT)}: {found and found[0]}"
