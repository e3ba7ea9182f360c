"""A student's work survives every update, and the zip stands on its own."""

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import warnings
import zipfile

import nbformat
import pytest

from tests.tools.conftest import run_in
from tools import lessons, students

NAME = "00_start_here.ipynb"


def notebook(text):
    cells = [nbformat.v4.new_code_cell(text, id="a")]
    return lessons.stored(nbformat.v4.new_notebook(cells=cells))


@pytest.fixture
def course(monkeypatch):
    """A course of one lesson and a glossary, whose edition a test can change."""
    files = {NAME: notebook("answer = ..."), "glossary.md": b"# Glossary\n"}
    monkeypatch.setattr(students, "edition", lambda: dict(files))
    return files


def happened(folder):
    return {name: event for event, name in students.update(folder)}


def test_first_time_everything_is_new(tmp_path, course):
    assert happened(tmp_path / "my work") == {NAME: "new", "glossary.md": "new"}
    assert (tmp_path / "my work" / NAME).read_bytes() == course[NAME]
    assert happened(tmp_path / "my work") == {}


def test_untouched_lessons_refresh(tmp_path, course):
    students.update(tmp_path)
    course[NAME] = notebook("answer = ...  # better")
    assert happened(tmp_path) == {NAME: "refreshed"}
    assert (tmp_path / NAME).read_bytes() == course[NAME]


def test_a_lesson_that_was_only_run_refreshes(tmp_path, course):
    students.update(tmp_path)
    run = json.loads(course[NAME])
    run["cells"][0]["execution_count"] = 7
    run["metadata"]["toc"] = True
    (tmp_path / NAME).write_text(json.dumps(run))
    course[NAME] = notebook("answer = ...  # better")
    assert happened(tmp_path) == {NAME: "refreshed"}


@pytest.mark.parametrize(
    "change",
    [
        lambda book: book["cells"].append(nbformat.v4.new_code_cell("  \n", id="b")),
        lambda book: book["cells"][0].update(source="answer = ...  \r\n"),
        lambda book: book["cells"][0].pop("id"),
        lambda book: book["cells"][0].update(source=["answer ", "= ..."]),
    ],
)
def test_what_editors_change_by_themselves_is_no_work(tmp_path, course, change):
    students.update(tmp_path)
    book = json.loads(course[NAME])
    change(book)
    (tmp_path / NAME).write_bytes(b"\xef\xbb\xbf" + json.dumps(book).encode())
    (tmp_path / "glossary.md").write_bytes(b"# Glossary\r\n")
    course[NAME] = notebook("answer = ...  # better")
    course["glossary.md"] = b"# Glossary\n\nmore\n"
    assert happened(tmp_path) == {NAME: "refreshed", "glossary.md": "refreshed"}


@pytest.mark.parametrize("left", [b"", b"\0" * 4096, b" \n"])
def test_a_lesson_emptied_by_a_crash_comes_back(tmp_path, course, left):
    students.update(tmp_path)
    (tmp_path / NAME).write_bytes(left)
    assert happened(tmp_path) == {NAME: "mended"}
    assert (tmp_path / NAME).read_bytes() == course[NAME]
    assert happened(tmp_path) == {}


def test_an_emptied_lesson_comes_back_as_it_was_last_saved(tmp_path, course):
    students.update(tmp_path)
    (tmp_path / NAME).write_bytes(b"")
    saved = tmp_path / ".ipynb_checkpoints" / "00_start_here-checkpoint.ipynb"
    saved.parent.mkdir()
    saved.write_bytes(notebook("answer = 3"))
    assert happened(tmp_path) == {NAME: "from checkpoint"}
    assert (tmp_path / NAME).read_bytes() == notebook("answer = 3")
    assert happened(tmp_path) == {NAME: "kept"}


def test_a_lesson_cut_in_half_stays_and_gets_a_whole_one_beside_it(tmp_path, course):
    students.update(tmp_path)
    half = course[NAME][:60]
    (tmp_path / NAME).write_bytes(half)
    assert happened(tmp_path) == {NAME: "damaged", "00_start_here.new.ipynb": "beside"}
    assert (tmp_path / NAME).read_bytes() == half
    assert (tmp_path / "00_start_here.new.ipynb").read_bytes() == course[NAME]
    assert happened(tmp_path) == {NAME: "damaged"}


def test_files_of_an_earlier_numbering_stay_and_are_named(tmp_path, course):
    course["04_exercise_and_food.ipynb"] = notebook("old")
    students.update(tmp_path)
    mine = notebook("answer = 7")
    (tmp_path / "04_exercise_and_food.ipynb").write_bytes(mine)
    (tmp_path / "my notes.ipynb").write_bytes(notebook("x"))
    del course["04_exercise_and_food.ipynb"]
    course["05_exercise_and_food.ipynb"] = notebook("new")
    events = happened(tmp_path)
    assert events == {
        "05_exercise_and_food.ipynb": "new",
        "04_exercise_and_food.ipynb": "older",
    }
    assert (tmp_path / "04_exercise_and_food.ipynb").read_bytes() == mine


@pytest.mark.parametrize("name", ["utils.py", "pandas.py", "utils/__init__.py"])
def test_a_file_that_hides_the_library_is_named(tmp_path, course, name):
    students.update(tmp_path)
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("")
    assert happened(tmp_path) == {name.partition("/")[0]: "in the way"}


def test_work_stays_and_the_new_version_is_put_beside_it(tmp_path, course):
    students.update(tmp_path)
    mine = notebook("answer = 2.17")
    (tmp_path / NAME).write_bytes(mine)
    assert happened(tmp_path) == {NAME: "kept"}
    course[NAME] = notebook("answer = ...  # better")
    assert happened(tmp_path) == {NAME: "kept", "00_start_here.new.ipynb": "beside"}
    assert (tmp_path / NAME).read_bytes() == mine
    assert (tmp_path / "00_start_here.new.ipynb").read_bytes() == course[NAME]
    assert happened(tmp_path) == {NAME: "kept"}


def test_work_in_the_new_version_stays_too(tmp_path, course):
    students.update(tmp_path)
    (tmp_path / NAME).write_bytes(notebook("answer = 1"))
    course[NAME] = notebook("second edition")
    students.update(tmp_path)
    (tmp_path / "00_start_here.new.ipynb").write_bytes(notebook("answer = 2"))
    course[NAME] = notebook("third edition")
    events = happened(tmp_path)
    assert events["00_start_here.new-2.ipynb"] == "beside"
    texts = [
        (tmp_path / f"00_start_here{n}.ipynb").read_text(encoding="utf-8")
        for n in ("", ".new", ".new-2")
    ]
    assert ["answer = 1" in texts[0], "answer = 2" in texts[1], "third" in texts[2]] == [True] * 3


def test_a_work_folder_without_its_record_loses_nothing(tmp_path, course):
    (tmp_path / NAME).write_text("notes of mine, not even a notebook")
    assert happened(tmp_path)["00_start_here.new.ipynb"] == "beside"
    assert (tmp_path / NAME).read_text(encoding="utf-8") == "notes of mine, not even a notebook"


@pytest.mark.parametrize("record", ["", '{"00_start', "null", "[1, 2]"])
def test_a_record_cut_short_loses_nothing_and_is_mended(tmp_path, course, record):
    students.update(tmp_path)
    (tmp_path / NAME).write_bytes(notebook("answer = 1"))
    (tmp_path / students.ISSUED).write_text(record)
    events = happened(tmp_path)
    assert (events[NAME], events["00_start_here.new.ipynb"]) == ("kept", "beside")
    assert (tmp_path / NAME).read_bytes() == notebook("answer = 1")
    assert happened(tmp_path) == {NAME: "kept"}


def test_where_nothing_can_be_written_it_says_so_in_words(tmp_path, course, capsys):
    (tmp_path / "file").write_text("in the way")
    for command in ("work", "zip"):
        assert students.main([command, str(tmp_path / "file" / "inside")]) == 1
        said = capsys.readouterr().err
        assert "This stopped half-way" in said and "run the same command again" in said


@pytest.mark.parametrize("broken", ["fdopen", "replace"])
def test_interrupted_half_way_leaves_the_old_file(tmp_path, course, monkeypatch, broken):
    students.update(tmp_path)
    before = (tmp_path / NAME).read_bytes()
    course[NAME] = notebook("new edition")

    def full(*arguments, **named):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, broken, full)
        with pytest.raises(OSError, match="No space"):
            students.update(tmp_path)
    assert (tmp_path / NAME).read_bytes() == before
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(f".{NAME}")]
    assert happened(tmp_path)[NAME] == "refreshed"


def test_killed_between_file_and_record_is_mended_by_the_next_update(tmp_path, course):
    students.update(tmp_path)
    course[NAME] = notebook("new edition")
    lessons.write(tmp_path / NAME, course[NAME])
    happened(tmp_path)
    assert (tmp_path / NAME).read_bytes() == course[NAME]
    course[NAME] = notebook("third edition")
    assert happened(tmp_path) == {NAME: "refreshed"}


def test_the_report_says_what_to_do(tmp_path, course):
    students.update(tmp_path)
    (tmp_path / NAME).write_bytes(notebook("answer = 1"))
    course[NAME] = notebook("new edition")
    text = students.report(students.update(tmp_path))
    assert f"yours, kept  {NAME}" in text and "stands beside it" in text
    assert "up to date" in students.report([])


def exercise(name, code, checked="answer"):
    return [
        nbformat.v4.new_markdown_cell(f"### Exercise {name}"),
        *(nbformat.v4.new_code_cell(text) for text in code),
        nbformat.v4.new_code_cell(f'check("{name}", {checked})'),
    ]


def book(*exercises):
    return nbformat.v4.new_notebook(cells=[cell for one in exercises for cell in one])


STUB = "answer = ...\npass  # your answer here"


@pytest.mark.parametrize(
    "code, checked, expected",
    [
        (["answer = 5"], "answer", ["answer = 5"]),
        (["x = 4", "answer = x + 1"], "answer", ["x = 4", "answer = x + 1"]),
        (["answer1 = 5"], "answer1", ["answer1 = 5\nanswer = answer1"]),
        ([STUB + "\nanswer = 5"], "answer", [STUB + "\nanswer = 5"]),
        ([STUB], "answer", [STUB]),
        ([], "answer", [STUB]),
    ],
)
def test_answers_are_carried_exercise_by_exercise(code, checked, expected):
    old = book(exercise("05-share", code, checked), exercise("05-gone", ["answer = 1"]))
    new = book(exercise("06-share", [STUB]), exercise("06-other", [STUB]))
    made, taken, left = students.carried(old, new)
    inside = students.answered(made)
    assert [cell.source for cell in inside["share"][0]] == expected
    assert [cell.source for cell in inside["other"][0]] == [STUB]
    assert taken == (["share"] if expected != [STUB] else [])
    assert left == [n for n in ("share", "gone") if n not in taken]
    nbformat.validate(made)


def solved(path):
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("pass  # your answer here", "answer = 42", 1), encoding="utf-8")


def test_update_carry_and_afresh_by_their_commands(own_course):
    """A student's week: works, updates, takes the answers along, starts again."""
    work = own_course / "work"

    def say(*words):
        done = run_in(own_course, "-m", "tools.students", *words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    say("work", work)
    solved(work / "00_first.ipynb")
    lesson = own_course / "notebooks" / "00_first.ipynb"
    lesson.write_text(lesson.read_text(encoding="utf-8").replace("Teaching", "Newer teaching"))
    assert "make carry LESSON=00" in say("work", work)
    mine = (work / "00_first.ipynb").read_bytes()
    assert "00_first.ipynb: rows" in say("carry", work, "00")
    assert (work / "00_first.old.ipynb").read_bytes() == mine
    text = (work / "00_first.ipynb").read_text(encoding="utf-8")
    assert "answer = 42" in text and "Newer teaching" in text
    assert not (work / "00_first.new.ipynb").exists()
    assert "yours, kept  00_first.ipynb" in say("work", work)
    say("afresh", work, "00")
    assert (work / "00_first.old-2.ipynb").read_text(encoding="utf-8") == text
    assert "answer = 42" not in (work / "00_first.ipynb").read_text(encoding="utf-8")
    wrong = run_in(own_course, "-m", "tools.students", "afresh", work, "77")
    assert wrong.returncode == 2 and "00, 01, 02" in wrong.stderr


def test_a_stray_copy_is_named_and_given_to_nobody(own_course, tmp_path):
    books = own_course / "notebooks"
    for name in ("00_first-Copy1", "00_first (1)", "00_first.sync-conflict-20260101", "03_copied"):
        shutil.copy(books / "00_first.ipynb", books / f"{name}.ipynb")
    done = run_in(own_course, "-m", "tools.students", "zip", tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        there = {n.rpartition("/")[2] for n in archive.namelist() if n.endswith(".ipynb")}
    assert there == {"00_first.ipynb", "01_second.ipynb", "02_verdicts.ipynb"}
    for name in ("00_first-Copy1", "00_first (1)", "sync-conflict", "03_copied"):
        assert name in done.stderr


def test_the_zip_stands_on_its_own(fresh_course, tmp_path):
    """Unpacked elsewhere, it lays out the lessons and loads data from its own folder."""
    for name in "ab":
        done = run_in(fresh_course, "-m", "tools.students", "zip", tmp_path / f"{name}.zip")
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        archive.extractall(tmp_path / "un packed")
    home = tmp_path / "un packed" / students.TOP
    lessons_text = "".join(p.read_text(encoding="utf-8") for p in home.glob("notebooks/*.ipynb"))
    assert "BEGIN SOLUTION" not in lessons_text and "228" not in lessons_text
    code = (
        "import utils; from utils import card, check, load; from tools.students import update; "
        "from pathlib import Path; print(utils.__file__); print(len(load('colon_adjuvant'))); "
        "print(utils.exercises.reply('00-letter', 'B')); print(len(update(Path('work'))))"
    )
    run = run_in(home, "-c", code)
    assert run.returncode == 0, run.stderr
    where, rows, answer, files = run.stdout.splitlines()
    assert str(home) in where and rows == "1858"
    assert answer.startswith("Right: B") and int(files) == 4
    again = run_in(home, "-m", "tools.students", "zip", tmp_path / "c.zip")
    assert again.returncode == 0, again.stderr


def test_the_zip_holds_what_is_registered_with_modes_for_a_class(own_course, tmp_path):
    (own_course / "data" / "individual" / "my_patients.csv").write_text("name\n")
    (own_course / "notebooks" / "old.exercises.toml").write_text("")
    run_in(own_course, "-m", "tools.students", "zip", tmp_path / "a.zip")
    register = json.loads((own_course / "data" / "datapackage.json").read_text(encoding="utf-8"))
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        entries = {e.filename.partition("/")[2]: e for e in archive.infolist()}
        page = archive.read(f"{students.TOP}/INSTRUCTIONS.txt").decode()
    tables = {name for name in entries if name.endswith(".csv")}
    assert tables == {f"data/{r['path']}" for r in register["resources"]}
    assert not any("old.exercises" in name for name in entries)
    for name, entry in entries.items():
        mode = entry.external_attr >> 16
        folder = name.endswith("/") or not name
        assert stat.S_IMODE(mode) == (0o755 if folder else 0o644), name
        assert stat.S_ISDIR(mode) == folder, name
    assert students.version() in page
    for named in ("requirements.lock", "LICENSE", "CITATION.cff", "notebooks/"):
        assert named in page and named in entries


posix = pytest.mark.skipif(os.name == "nt", reason="modes and users are POSIX's")


@posix
def test_a_folder_of_somebody_else_is_not_used(tmp_path, monkeypatch):
    mine = lessons.private(tmp_path / "mine")
    assert mine == tmp_path / "mine" and stat.S_IMODE(mine.stat().st_mode) == 0o700
    mine.chmod(0o777)
    assert stat.S_IMODE(lessons.private(mine).stat().st_mode) == 0o700
    (tmp_path / "link").symlink_to(mine)
    assert lessons.private(tmp_path / "link") not in (mine, tmp_path / "link")
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    other = lessons.private(mine)
    assert other != mine and stat.S_IMODE(other.stat().st_mode) == 0o700


@posix
@pytest.mark.skipif(os.name == "nt" or os.getuid() != 0, reason="only root can be two users")
def test_two_users_of_one_install_share_no_folder():
    """A folder that one user made under the other's name is not used by the other."""
    with tempfile.TemporaryDirectory() as place:
        os.chmod(place, 0o777)
        trap = lessons.Path(place) / "shared"

        def as_user(number):
            receive, send = os.pipe()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # pytest's own threads
                child = os.fork()
            if not child:
                os.setgid(number)
                os.setuid(number)
                tempfile.tempdir = place
                os.write(send, str(lessons.private(trap)).encode())
                os._exit(0)
            os.waitpid(child, 0)
            os.close(send)
            with os.fdopen(receive) as said:
                return lessons.Path(said.read())

        first, second = as_user(12345), as_user(12346)
        assert (first, first.stat().st_uid) == (trap, 12345)
        assert second != trap and second.stat().st_uid == 12346
        assert stat.S_IMODE(first.stat().st_mode) == stat.S_IMODE(second.stat().st_mode) == 0o700


@pytest.mark.parametrize("writable", [True, False])
def test_jupyter_gets_folders_where_the_home_cannot_be_written(monkeypatch, tmp_path, writable):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(os, "access", lambda path, mode: writable)
    own = students.homes()
    assert bool(own) != writable
    for place in own.values():
        assert not place.startswith(str(tmp_path))


def test_a_read_only_place_is_named_with_what_to_type(tmp_path, course, monkeypatch, capsys):
    def closed(folder):
        raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr(students, "update", closed)
    assert students.main(["lab", str(tmp_path / "work")]) == 1
    said = capsys.readouterr().err
    assert str(tmp_path / "work") in said and "make lab WORK=" in said


def test_another_utils_on_the_path_is_named(tmp_path, fresh_course):
    (tmp_path / "utils.py").write_text("")
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(fresh_course)])}
    done = subprocess.run(
        [sys.executable, "-m", "tools.students", "work", str(tmp_path / "work")],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
    )
    assert done.returncode and str(tmp_path / "utils.py") in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
