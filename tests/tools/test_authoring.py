"""The instructor's kit: a new lesson, a changed setting, the answer key, one lesson to take."""

import re
import shutil
import subprocess
import tomllib

import pytest

from tests.tools.conftest import run_in
from tools import authoring, lessons
from utils import claims
from utils.exercises import exercises

GUIDE = (lessons.ROOT / "INSTRUCTORS.md").read_text(encoding="utf-8")
CHAPTERS = {chapter[:2]: chapter for chapter in re.split(r"^### (?=\d\d )", GUIDE, flags=re.M)[1:]}
MADE = "notebooks/42_nodes_and_recurrence.ipynb"


def with_tests(folder):
    shutil.copytree(
        lessons.ROOT / "tests", folder / "tests", ignore=shutil.ignore_patterns("__pycache__")
    )


def run_tests(folder, words, *paths):
    """What pytest says of a copy's own tests and lessons."""
    arguments = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--no-cov"]
    return run_in(folder, *arguments, "-k", words, *paths)


@pytest.fixture(scope="module")
def project(tmp_path_factory, small_course):
    """The small course with its tests, in which a new lesson is made."""
    folder = tmp_path_factory.mktemp("kit") / "a course"
    shutil.copytree(small_course, folder)
    with_tests(folder)
    made = run_in(
        folder, "-m", "tools.authoring", "new-lesson", "Nodes and recurrence", "--number", "42"
    )
    assert made.returncode == 0, made.stderr
    return folder


@pytest.mark.slow
def test_new_lesson_is_green_at_once(project):
    done = run_tests(project, "42", "tests/lessons", "tests/utils/test_exercises.py", MADE)
    assert done.returncode == 0, done.stdout[-3000:]
    assert int(re.search(r"(\d+) passed", done.stdout)[1]) > 40
    assert "42-" in (project / MADE.replace(".ipynb", ".exercises.toml")).read_text("utf-8")


def test_new_lesson_is_listed_and_led_to(project, small_course):
    before = (small_course / "README.md").read_text(encoding="utf-8").splitlines()
    after = (project / "README.md").read_text(encoding="utf-8").splitlines()
    added = [line for line in after if line not in before]
    assert len(added) == 1 and added[0].startswith(f"| [42 Nodes and recurrence]({MADE}) |")
    assert added[0].count("|") == before[-1].count("|")
    board = lessons.read(project / "notebooks" / "02_verdicts.ipynb")
    assert "Next: [42 Nodes and recurrence]" in board.cells[-1].source
    assert not [c for c in lessons.read(project / MADE).cells if "BOX" in c.source]


def test_nothing_is_overwritten(project):
    files = {path: path.read_bytes() for path in project.rglob("*.[it]*") if path.is_file()}
    again = run_in(project, "-m", "tools.authoring", "new-lesson", "Another", "--number", "42")
    assert again.returncode == 2 and "taken by 42_nodes_and_recurrence.ipynb" in again.stderr
    assert {path: path.read_bytes() for path in files} == files


@pytest.mark.slow
def test_a_changed_setting_is_green_by_the_guides_steps(small_course, tmp_path):
    """Edit the cell, run the lesson, test: nothing else needs a hand."""
    folder = tmp_path / "a course"
    shutil.copytree(small_course, folder)
    with_tests(folder)
    path = folder / "notebooks" / "00_first.ipynb"
    before = lessons.read(path)
    lessons.write(path, lessons.stored(authoring.with_settings(before, {"READ_AT": 6})))
    assert run_in(folder, "-m", "tools.lessons", "run", "00").returncode == 0
    after = lessons.read(path)
    look = next(i for i, c in enumerate(after.cells) if c.id == "look")
    assert after.cells[look].outputs != before.cells[look].outputs
    done = run_tests(folder, "00_first and not sections and not four", "tests/lessons", str(path))
    assert done.returncode == 0, done.stdout[-3000:]


SET = [path for path in lessons.paths() if authoring.settings_cell(lessons.read(path))]


def another(value):
    """A second value of a setting, of its kind."""
    if isinstance(value, list):
        return [another(item) for item in value]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value - 1 if isinstance(value, int) and value > 1 else value * 0.8
    return value


@pytest.mark.parametrize("path", SET or [None], ids=str)
def test_settings_stand_alone_after_the_imports(path):
    if path is None:
        pytest.skip("no lesson has settings")
    code = [cell for cell in lessons.read(path).cells if cell.cell_type == "code"]
    at = next(i for i, cell in enumerate(code) if cell.id == "imports") + 1
    assert code[at].metadata["tags"] == ["settings"]
    for line in code[at].source.splitlines():
        name = re.fullmatch(r"([A-Z_]+) = [^#]+", line)[1]
        used = [c for c in code[at + 1 :] if re.search(rf"\b{name}\b", c.source)]
        assert used and not any(map(lessons.is_exercise, used)), name


@pytest.mark.slow
@pytest.mark.parametrize("path", SET or [None], ids=str)
def test_a_lesson_runs_with_other_settings(path):
    """Every cell runs; exercises and verdicts stay as they were."""
    if path is None:
        pytest.skip("no lesson has settings")
    stored, space = lessons.read(path), {}
    exec(authoring.settings_cell(stored).source, space)
    second = {name: another(value) for name, value in space.items() if name.isupper()}
    run = lessons.execute(authoring.with_settings(stored, second))
    assert claims.collect(run) == claims.collect(stored)
    for before, after in zip(stored.cells, run.cells):
        if "check" in before.metadata.get("tags", []):
            assert after.outputs == before.outputs, after.id


def test_unknown_setting_is_refused(fresh_course):
    with pytest.raises(ValueError, match="no setting 'NOTHING'"):
        authoring.with_settings(
            lessons.read(fresh_course / "notebooks" / "00_first.ipynb"), {"NOTHING": 1}
        )


def test_settings_are_listed(in_small_course, capsys):
    assert authoring.main(["settings"]) == 0
    assert "00_first: READ_AT = 12\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    "name, number, stem", [("My lesson", None, "03_my_lesson"), ("Lésson: 2!", 57, "57_l_sson_2")]
)
def test_place(in_small_course, name, number, stem):
    assert authoring.place(name, number) == stem


@pytest.mark.parametrize(
    "name, number, message",
    [
        ("课", None, "no letter from a to z"),
        ("mine | yours", None, "goes into a table"),
        ("mine", 0, "taken by 00_first"),
        ("mine", 100, "two digits"),
    ],
)
def test_place_refuses(in_small_course, name, number, message):
    with pytest.raises(ValueError, match=message):
        authoring.place(name, number)


def test_a_lesson_that_does_not_run_leaves_nothing_behind(own_course, monkeypatch):
    def dies(notebook):
        raise RuntimeError("the kernel died")

    monkeypatch.setattr(lessons, "LESSONS", own_course / "notebooks")
    monkeypatch.setattr(lessons, "ROOT", own_course)
    monkeypatch.setattr(lessons, "execute", dies)
    before = {p: p.read_bytes() for p in own_course.rglob("*.[im]*") if p.is_file()}
    with pytest.raises(RuntimeError, match="the kernel died"):
        authoring.new_lesson("Another", 50)
    assert {p: p.read_bytes() for p in own_course.rglob("*.[im]*") if p.is_file()} == before


def test_template_carries_its_rules():
    book = lessons.read(authoring.TEMPLATE / "lesson.ipynb")
    heads = [cell for cell in book.cells if re.match(r"##? ", cell.source)]
    assert heads[0].source.startswith("# NN TITLE")
    assert not [cell.id for cell in heads if "*Rule: " not in cell.source]
    words = tomllib.loads(
        (authoring.TEMPLATE / "lesson.exercises.toml").read_text(encoding="utf-8")
    )
    assert [name for name, _ in authoring.blocks(book)] == list(words["exercise"])


def test_readme_without_a_table_is_refused():
    with pytest.raises(ValueError, match="no table of lessons"):
        authoring.with_row("# Nothing\n", "| row |")


def test_answer_key_holds_everything(in_small_course, tmp_path):
    assert authoring.main(["key", str(tmp_path / "a folder" / "key.md")]) == 0
    text = (tmp_path / "a folder" / "key.md").read_text(encoding="utf-8")
    assert len(exercises()) == 6
    for name, entry in exercises().items():
        assert f"(`{name}`, " in text
        for words in (entry["right"], *entry["hints"], *(w["hint"] for w in entry["wrong"])):
            assert words in text, name
    assert text.count("**Solution**") == text.count("Right: ") == 6
    assert "### BEGIN SOLUTION" not in text


@pytest.mark.slow
def test_one_lesson_goes_into_a_folder_of_its_own_and_passes_there(small_course, tmp_path):
    target = tmp_path / "one lesson"
    done = run_in(small_course, "-m", "tools.authoring", "export", "00", target)
    assert done.returncode == 0, done.stderr[-3000:]
    assert [p.name for p in target.rglob("*.csv")] == ["lung_ncctg.csv"]
    assert [p.name for p in target.rglob("*.ipynb")] == ["00_first.ipynb"]
    names = set(re.findall(r"`([\w./]+)`", (target / "README.md").read_text(encoding="utf-8")))
    assert names and all((target / name).exists() for name in names)
    again = run_in(small_course, "-m", "tools.authoring", "export", "00", target)
    assert again.returncode == 2 and "not empty" in again.stderr
    book = lessons.read(small_course / "notebooks" / "00_first.ipynb")
    assert authoring.sets_used(book, "") == {"lung_ncctg"}


@pytest.mark.parametrize("number", sorted(CHAPTERS))
def test_cells_that_the_guide_names_are_there(number):
    book = lessons.read(lessons.paths([number])[0])
    named = set(re.findall(r"\(cells? (.*?)\)", CHAPTERS[number]))
    cells = {name for text in named for name in re.findall(r"`([\w-]+)`", text)}
    assert cells <= {cell.id for cell in book.cells}


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("git"), reason="git is not here")
def test_a_course_takes_over_what_is_new_with_git_alone(small_course, tmp_path):
    """The guide's recipe: merge with `-X ours`, run the lessons. Both sides' changes are there."""
    upstream, course = tmp_path / "upstream", tmp_path / "course"
    shutil.copytree(small_course, upstream, ignore=shutil.ignore_patterns(".cache"))
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]

    def git(folder, *words):
        done = subprocess.run(
            ["git", *identity, *words], cwd=folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def changed(folder, change):
        path = folder / "notebooks" / "00_first.ipynb"
        book = change(lessons.read(path))
        lessons.write(path, lessons.stored(book))
        ran = run_in(folder, "-m", "tools.lessons", "run", "00")
        assert ran.returncode == 0, ran.stderr
        git(folder, "add", "notebooks")
        git(folder, "commit", "-q", "-m", "changed")

    def longer(book):
        for cell in book.cells:
            cell.source = cell.source.replace("read_at=READ_AT)", "read_at=READ_AT, horizon=30)")
        book.cells[2].source += "\n\nA new sentence."
        return book

    git(upstream, "init", "-q", "-b", "main")
    git(upstream, "add", "-A")
    git(upstream, "commit", "-q", "-m", "first")
    git(tmp_path, "clone", "-q", str(upstream), str(course))
    changed(course, lambda book: authoring.with_settings(book, {"READ_AT": 6}))
    changed(upstream, longer)
    git(course, "fetch", "-q")
    git(course, "merge", "-q", "-X", "ours", "origin/main", "-m", "merged")
    ran = run_in(course, "-m", "tools.lessons", "run", "00")
    assert ran.returncode == 0, ran.stderr
    text = "\n".join(c.source for c in lessons.read(course / "notebooks/00_first.ipynb").cells)
    for part in ("READ_AT = 6", "horizon=30", "A new sentence."):
        assert part in text, part
