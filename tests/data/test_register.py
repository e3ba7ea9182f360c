"""Registering data: a raw file is told what to mend, and every remedy that can be typed works."""

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OWN = "individual/ward.csv"
FIELDS = {
    "id": {"type": "integer", "description": "Person", "unique": True},
    "sex": {"type": "string", "description": "Sex", "enum": ["female", "male"]},
    "months": {"type": "number", "description": "Time", "unit": "months", "minimum": 0},
    "event": {"type": "integer", "description": "Relapse", "enum": [0, 1]},
    "score": {"type": "integer", "description": "Fatigue score", "missing": True},
}
CLEAN = "id,sex,months,event,score\n1,female,12.5,1,4\n2,male,30,0,\n"


@pytest.fixture
def register(tmp_path, monkeypatch):
    """The script as a module, in a project of its own with one small file."""
    shutil.copytree(ROOT / "data" / "build", tmp_path / "data" / "build")
    (tmp_path / "data" / "individual").mkdir()
    (tmp_path / "data" / "published").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path / "data" / "build"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "build", raising=False)
    script = tmp_path / "data" / "build" / "register.py"
    spec = importlib.util.spec_from_file_location("register", script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.OUTPUTS = {}
    head = 'name = "own"\ntitle = "Own"\ndescription = "Own data"\n[licences]\n'
    (script.parent / "register.toml").write_text(head, encoding="utf-8")
    return module


def write(register, content: str | bytes) -> None:
    (register.DATA / OWN).write_bytes(content if isinstance(content, bytes) else content.encode())


RAW = {
    "as it should be": (CLEAN, []),
    "byte-order mark": ("\ufeff" + CLEAN, ["byte-order mark"]),
    "Windows line ends": (CLEAN.replace("\n", "\r\n"), ["line ends"]),
    "semicolons and decimal commas": (
        CLEAN.replace(",", ";").replace("12.5", "12,5"),
        ["';'", "comma"],
    ),
    "tabs": (CLEAN.replace(",", "\t"), ["'\\t'"]),
    "all at once": (
        "\ufeff" + CLEAN.replace(",", ";").replace("12.5", "12,5").replace("\n", "\r\n"),
        ["byte-order mark", "line ends", "';'", "comma"],
    ),
    "NA": (CLEAN.replace("30,0,\n", "30,0,NA\n"), ["NA"]),
    "another name": (CLEAN.replace("months", "Monate"), ["'months'", "'Monate'"]),
    "one column more": (
        CLEAN.replace("score\n", "score,note\n").replace("4\n", "4,x\n"),
        ["'note'"],
    ),
    "status 1 and 2": (
        CLEAN.replace(",1,4", ",2,4").replace("30,0", "30,1"),
        ["'event'", "row 0", "'2'"],
    ),
    "a blank in a code": (CLEAN.replace("male,30", "male ,30"), ["'sex'", "row 1", "'male '"]),
}


@pytest.mark.parametrize("case", RAW)
def test_a_raw_file_is_told_what_to_mend_and_the_remedy_works(case, register):
    content, named = RAW[case]
    write(register, content)
    said = register.look(OWN, FIELDS)
    if not named:
        assert said is None
        return
    assert f"data/{OWN}" in said and all(part in said for part in named), said
    assert "\n" not in said
    code = said[said.index("import pandas as pd") :]
    subprocess.run([sys.executable, "-c", code], cwd=register.DATA.parent, check=True)
    assert register.look(OWN, FIELDS) is None


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("12.5", "2024-05-01", ["'months'", "row 0", "'2024-05-01'", "dt.days / 30.4375"]),
        ("12.5", "long", ["'months'", "row 0", "'long'", "number"]),
        ("male,30", "man,30", ["'sex'", "row 1", "'man'", "female, male"]),
        (",score\n", "\n", ["'score'"]),
        ("1,female", "1,féminin", ["'sex'", "row 0", "'féminin'"]),
    ],
)
def test_what_only_a_person_can_mend_is_named(old, new, named, register):
    assert old in CLEAN
    content = CLEAN.replace(old, new)
    if old == ",score\n":
        content = content.replace(",4\n", "\n").replace("30,0,\n", "30,0\n")
    write(register, content)
    said = register.look(OWN, FIELDS)
    assert all(part in said for part in named), said


def test_a_file_that_is_not_utf8_is_named(register):
    write(register, CLEAN.replace("female", "Männin").encode("cp1252"))
    assert "UTF-8" in register.look(OWN, FIELDS)


def append(register, text: str) -> None:
    with (register.HERE / "register.toml").open("a", encoding="utf-8") as file:
        file.write(text)


def test_a_new_file_is_registered_from_its_draft(register, capsys):
    write(register, CLEAN)
    with pytest.raises(SystemExit, match=f"--draft data/{OWN}"):
        register.main([])
    assert register.main(["--draft", f"data/{OWN}"]) == 0
    append(register, capsys.readouterr().out)
    assert register.main([]) == 0
    entry = json.loads((register.DATA / "datapackage.json").read_text(encoding="utf-8"))[
        "resources"
    ][0]
    fields = {field["name"]: field for field in entry["schema"]["fields"]}
    assert entry["path"] == OWN and entry["n"] == 2
    assert [fields[name]["type"] for name in fields] == [
        "integer",
        "string",
        "number",
        "integer",
        "integer",
    ]
    assert fields["event"]["constraints"] == {"required": True, "enum": [0, 1]}
    assert "unit" not in fields["score"] and not fields["score"]["constraints"]["required"]
    assert register.main(["--check"]) == 0


def test_a_draft_of_a_raw_file_says_what_to_mend_first(register):
    write(register, RAW["all at once"][0])
    with pytest.raises(SystemExit, match="';'.*import pandas"):
        register.main(["--draft", f"data/{OWN}"])


RULES = """
[[resource]]
name = "ward"
title = "Ward"
description = "One row is one person."
[resource.fields]
id = { type = "integer", description = "Person", unique = true }
sex = { type = "string", description = "Sex" }
months = { type = "number", description = "Time", minimum = 1 }
event = { type = "integer", description = "Relapse", enum = [0, 1] }
score = { type = "integer", description = "Score", missing = true }
"""


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("12.5", "0.5", ["'months'", "row 0"]),
        ("2,male", "1,male", ["'id'", "row 1"]),
        ("1,female", "1,", ["'sex'", "row 0"]),
    ],
)
def test_a_broken_rule_is_named_and_nothing_is_written(old, new, named, register, capsys):
    append(register, RULES)
    write(register, CLEAN.replace(old, new))
    assert register.main([]) == 1
    said = capsys.readouterr().out
    assert f"data/{OWN}" in said and all(part in said for part in named), said
    assert not (register.DATA / "datapackage.json").exists()


def test_a_counting_rule_that_names_no_column_is_named(register):
    append(register, RULES.replace("[resource.fields]", 'n = "unique person"\n[resource.fields]'))
    write(register, CLEAN)
    with pytest.raises(SystemExit, match=r"'ward'.*person"):
        register.main([])


def test_a_missing_file_is_named(register):
    append(register, RULES)
    with pytest.raises(SystemExit, match=f"data/{OWN} is missing"):
        register.main([])


# ------------------------------------------------------------------ the project's own register


def check(data: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(data / "build" / "register.py"), "--check"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_register_is_what_its_source_and_the_files_give():
    done = check(ROOT / "data")
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_file_with_one_changed_digit_is_named_by_the_check(tmp_path):
    data = tmp_path / "data"
    shutil.copytree(ROOT / "data", data, ignore=shutil.ignore_patterns("__pycache__"))
    paths = sorted(path for path in data.glob("*/*.csv"))
    for file in paths:
        content = file.read_bytes()
        place = max(content.rfind(str(digit).encode()) for digit in range(10))
        swapped = b"1" if content[place : place + 1] != b"1" else b"2"
        file.write_bytes(content[:place] + swapped + content[place + 1 :])
    done = check(data)
    assert done.returncode == 1, done.stderr
    named = {line.split(":")[0] for line in done.stdout.splitlines()[1:]}
    assert named == {f"data/{path.relative_to(data).as_posix()}" for path in paths}
