"""What the project says about itself in several places is the same in all of them."""

import re
import tomllib

import pytest

from tools import lessons

ROOT = lessons.ROOT
GUIDES = (
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "INSTRUCTORS.md",
    "data/build/README.md",
    "deploy/README.md",
)
each_guide = pytest.mark.parametrize("guide", GUIDES)


def text(name):
    return (ROOT / name).read_text(encoding="utf-8")


def packages(lock):
    """Version, marker and hashes of each package of a lock, without uv's remarks."""
    blocks = re.split(r"(?m)^(?=[\w.-]+==)", re.sub(r"(?m)^ *#.*\n", "", text(lock)))
    return {block.partition("==")[0]: block for block in blocks[1:]}


def test_both_locks_hold_the_same_files():
    ours, wider = packages("requirements.lock"), packages("instructor.lock")
    differ = [name for name in ours if ours[name] != wider.get(name)]
    assert not differ, f"requirements.lock and instructor.lock disagree on: {', '.join(differ)}"


def test_citation_names_the_version_and_both_licences():
    project, cited = tomllib.loads(text("pyproject.toml"))["project"], text("CITATION.cff")
    assert f"\nversion: {project['version']}\n" in cited, "CITATION.cff: not pyproject's version"
    for name in (project["license"], "CC-BY-4.0"):
        assert f"\n  - {name}\n" in cited, f"CITATION.cff: licence {name}"


@each_guide
def test_commands_in_the_guides_are_there(guide):
    rules = re.findall(r"(?m)^([a-z][a-z -]*):", text("Makefile"))
    targets = {name for rule in rules for name in rule.split()}
    named = set(re.findall(r"(?:`|^)make ([a-z][a-z-]*)", text(guide), re.M))
    assert named <= targets, f"{guide}: no target {named - targets} in the Makefile"


@each_guide
def test_links_in_the_guides_resolve(guide):
    for target in re.findall(r"\]\(([^)\s#]+)\)", text(guide)):
        assert target.startswith("https://") or (ROOT / guide).parent.joinpath(target).exists(), (
            f"{guide}: {target}"
        )


@pytest.mark.parametrize("path", lessons.paths(), ids=lambda path: path.stem)
def test_lessons_name_the_kernel_that_runs_them(path):
    assert lessons.read(path).metadata.kernelspec == lessons.KERNEL


def test_nothing_overrides_how_the_tests_are_run():
    others = ("pytest.ini", ".pytest.ini", "tox.ini", "setup.cfg", "conftest.py")
    assert not [name for name in others if (ROOT / name).exists()]
