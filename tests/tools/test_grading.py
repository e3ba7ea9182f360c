"""Grading: an honest score for honest work, whatever its shape, and a reason for every rest."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from tests.tools.conftest import SOLVED, STUB, run_in
from tools import grading, lessons, roster, sandbox

walled = pytest.mark.usefixtures("sandboxed", "with_nbgrader")
FIRST = "00_first"


def answered(copy, share=1.0):
    """A student's copy with the first exercises solved."""
    todo = [cell for cell in copy.cells if cell.cell_type == "code" and STUB in cell.source]
    for cell, solution in list(zip(todo, SOLVED.values()))[: round(share * len(todo))]:
        cell.source = f"answer = {solution}"
    return copy


def cells(nb):
    return [(c.id, c.cell_type, c.source) for c in nb.cells]


@pytest.mark.parametrize("path", lessons.paths(), ids=lambda p: p.stem)
def test_every_exercise_gets_one_grading_cell_after_its_check(path):
    lesson = lessons.read(path)
    source = grading.source(lesson)
    marked = [c for c in source.cells if sandbox.exercise_of(c)]
    assert len(marked) == sum(map(lessons.is_exercise, lesson.cells))
    for cell, after in zip(source.cells, source.cells[1:]):
        if name := sandbox.exercise_of(after):
            assert cell.source.startswith(f'check("{name}"')
            assert f'assert reply("{name}", answer).startswith("Right")' in after.source
    assert [c for c in cells(source) if c[0] not in {m.id for m in marked}] == cells(lesson)
    assert "nbgrader" not in lessons.stored(lesson).decode(), "the lesson itself stays unmarked"


@pytest.fixture
def lesson(fresh_course):
    return lessons.read(fresh_course / "notebooks" / f"{FIRST}.ipynb")


def test_alignment_survives_what_students_do_to_their_copy(lesson):
    released = lessons.student_copy(grading.source(lesson))
    names = [n for n in map(sandbox.exercise_of, released.cells) if n]

    def scored(copy):
        new = grading.aligned(copy, released).cells
        return [
            (sandbox.exercise_of(c), before.source)
            for before, c in zip(new, new[1:])
            if sandbox.exercise_of(c)
        ]

    checks = [(name, f'check("{name}", answer)') for name in names]
    assert scored(lessons.student_copy(lesson)) == checks
    tampered = lessons.student_copy(grading.source(lesson))
    for cell in tampered.cells:
        if sandbox.exercise_of(cell):
            cell.source, cell.metadata["nbgrader"]["points"] = "pass", 99
        cell.id = f"new-{cell.id}"
    assert scored(tampered) == checks
    assert all(
        c.metadata.nbgrader.points == 1
        for c in grading.aligned(tampered, released).cells
        if sandbox.exercise_of(c) in names
    )
    without = lessons.student_copy(lesson)
    without.cells = [c for c in without.cells if not c.source.startswith(f'check("{names[1]}"')]
    assert scored(without)[1] == (names[1], f"answer = ...\n{STUB}")
    indented = lessons.student_copy(lesson)
    for cell in indented.cells:
        cell.source = cell.source.replace('check("', "if True:\n    utils.check(name='").replace(
            '", answer)', "', answer=answer)"
        )
    assert [name for name, _ in scored(indented)] == names
    nothing = lessons.student_copy(lesson)
    nothing.cells = []
    assert len(grading.aligned(nothing, released).cells) == len(names)


@pytest.mark.parametrize(
    "content, message",
    [
        (None, "not a plain file"),
        (b"", "0 bytes"),
        (b"{\n", "line 2"),
        (b'{"cells": [\n<<<<<<< HEAD\n', "line 2: git left a merge conflict"),
        (b"[]", "not a whole notebook"),
    ],
)
def test_a_submission_that_cannot_be_taken_says_why(content, message, tmp_path):
    path = tmp_path / "ada" / "00_first.ipynb"
    path.parent.mkdir()
    path.mkdir() if content is None else path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        grading.read_submission(path)


def test_only_sources_count_for_the_size(lesson, tmp_path, monkeypatch):
    monkeypatch.setattr(grading, "LARGEST_SOURCES", 10_000)
    lesson.cells[3].outputs = [new_output("stream", text="x" * 200_000)]
    (tmp_path / "a.ipynb").write_bytes(lessons.stored(lesson))
    assert len(grading.read_submission(tmp_path / "a.ipynb").cells) == len(lesson.cells)
    lesson.cells[3].source = "#" * 20_000
    (tmp_path / "a.ipynb").write_bytes(lessons.stored(lesson))
    with pytest.raises(ValueError, match="of text"):
        grading.read_submission(tmp_path / "a.ipynb")
    monkeypatch.setattr(grading, "LARGEST", 1000)
    with pytest.raises(ValueError, match="larger than"):
        grading.read_submission(tmp_path / "a.ipynb")


def colab(book):
    for cell in book["cells"]:
        cell["metadata"]["id"] = cell.pop("id")
    book["nbformat_minor"] = 0
    book["metadata"] |= {
        "colab": {"provenance": []},
        "widgets": {"application/vnd.jupyter.widget-state+json": {"a": {"model_name": "x"}}},
    }


def vscode(book):
    for cell in book["cells"]:
        cell["metadata"]["vscode"] = {"languageId": "python"}
        cell["source"] = "".join(cell["source"])


def nbclassic(book):
    book["nbformat_minor"] = 4
    book["metadata"]["toc"] = {"toc_cell": False}
    for cell in book["cells"]:
        del cell["id"]
        cell["metadata"]["collapsed"] = True
        cell["metadata"]["ExecuteTime"] = {"start_time": "2026-01-01"}


def lite(book):
    book["metadata"]["kernelspec"] = {"name": "python", "display_name": "Python (Pyodide)"}


@pytest.mark.parametrize("tool", [colab, vscode, nbclassic, lite])
def test_exports_of_other_tools_are_read_alike(tool, lesson, tmp_path):
    book = json.loads(lessons.stored(lessons.student_copy(lesson)))
    tool(book)
    (tmp_path / "a.ipynb").write_bytes(b"\xef\xbb\xbf" + json.dumps(book).encode())
    taken = grading.read_submission(tmp_path / "a.ipynb")
    assert lessons.content(taken) == lessons.content(lessons.student_copy(lesson))
    assert set(taken.metadata) == {"kernelspec"} and taken.metadata.kernelspec == lessons.KERNEL
    if tool is colab:
        assert [c.id for c in taken.cells] == [c.id for c in lesson.cells]


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_a_submission_that_is_a_link_is_not_followed(tmp_path):
    (tmp_path / "ada").mkdir()
    (tmp_path / "ada" / "00_first.ipynb").symlink_to(lessons.paths()[0])
    with pytest.raises(ValueError, match="not a plain file"):
        grading.read_submission(tmp_path / "ada" / "00_first.ipynb")


@pytest.mark.parametrize(
    "html, gone, kept",
    [
        ("<img src=x onerror=alert(1)>text", ["img", "onerror"], ["text"]),
        (
            "<style scoped>td {color: red}</style><table><tr><th>a</th></tr></table>",
            ["color"],
            ["<th>"],
        ),
        ("<script>alert(1)</script>after", ["alert"], ["after"]),
        ("<a href='javascript:alert(1)'>x</a>", ["javascript"], ["x"]),
        (
            "<div style='position:fixed;color:red' onclick='x()'>d</div>",
            ["fixed", "onclick"],
            ["red"],
        ),
        ("<iframe src='https://example.org'></iframe>i", ["iframe", "example"], ["i"]),
        ("<svg><script>alert(1)</script></svg>s", ["alert", "svg"], ["s"]),
    ],
)
def test_html_is_cleaned(html, gone, kept):
    cleaned = grading.clean(html)
    assert not [word for word in gone if word in cleaned]
    assert all(word in cleaned for word in kept)
    assert not [word for word in gone if word in grading.prose(f"{html}\n\n> quoted, 1 < 2\n")]


def test_markdown_stays_readable():
    page = grading.prose(
        "# Head\n\n> quoted\n\n1 < 2 and *this*\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
    )
    for part in ("<h1", "<blockquote>", "1 &lt; 2", "<em>this</em>", "<td>1</td>"):
        assert part in page, part


def command(folder, *arguments, **options):
    return run_in(folder, "-m", "tools.grading", *arguments, **options)


@pytest.fixture(scope="module")
def course(tmp_path_factory, fresh_course, with_nbgrader):
    folder = tmp_path_factory.mktemp("graded") / "a course"
    released = command(fresh_course, "release", folder)
    assert released.returncode == 0, released.stderr
    return folder


def test_without_a_sandbox_it_stops_and_says_so(course, fresh_course, tmp_path):
    (tmp_path / "in").mkdir()
    empty = command(fresh_course, "grade", course, tmp_path / "in")
    assert (empty.returncode, "no submission in" in empty.stderr) == (2, True)
    (tmp_path / "in" / "ada").mkdir()
    (tmp_path / "in" / "ada" / f"{FIRST}.ipynb").write_text("never looked at")
    result = command(
        fresh_course, "grade", course, tmp_path / "in", env=os.environ | {"PATH": str(tmp_path)}
    )
    assert result.returncode == 2
    assert "bubblewrap is not installed" in result.stderr
    assert "--without-sandbox" not in result.stderr, "the unsafe way is not offered here"
    unreleased = command(fresh_course, "grade", tmp_path, tmp_path / "in")
    assert (unreleased.returncode, "nothing was released" in unreleased.stderr) == (2, True)


def test_grading_without_nbgrader_says_what_to_install(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "nbgrader", None)
    assert grading.main(["release", str(tmp_path)]) == 2
    assert "make instructor" in capsys.readouterr().err


def test_release_equals_our_student_copies(course, fresh_course):
    for path in sorted((fresh_course / "notebooks").glob("0[01]_*.ipynb")):
        book = lessons.read(path)
        released = lessons.read(course / "release" / path.stem / path.name)
        assert cells(released) == cells(lessons.student_copy(grading.source(book)))
        ours = {c.id for c in released.cells if sandbox.exercise_of(c)}
        assert [c for c in cells(released) if c[0] not in ours] == cells(lessons.student_copy(book))


def test_a_lesson_that_was_handed_in_is_not_released_again(
    tmp_path, capsys, with_nbgrader, in_small_course
):
    path = lessons.paths()[0]
    (tmp_path / "submitted" / "ada" / path.stem).mkdir(parents=True)
    assert grading.release(tmp_path, [path])
    assert f"kept {path.stem}" in capsys.readouterr().out
    assert not (tmp_path / "source").exists()


def rows_of(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def hostile(copy):
    """A full submission that wants a script to run on the instructor's screen."""
    script = "document.title = 'RAN'"
    copy.cells.insert(1, new_markdown_cell(f'<img src=x onerror="{script}">looks fine', id="evil"))
    copy.cells.insert(2, new_markdown_cell(f"<script>{script}</script>", id="evil-2"))
    attack = (
        "from IPython.display import HTML, Javascript, display\n"
        f'display(HTML("""<script>{script}</script><svg onload="{script}">"""))\n'
        f'display(Javascript("""{script}"""))'
    )
    copy.cells.insert(3, new_code_cell(attack, id="evil-3"))
    return copy


@pytest.fixture(scope="module")
def week(course, fresh_course, tmp_path_factory, sandboxed):
    """A week's submissions as they come, graded once."""
    handed = tmp_path_factory.mktemp("handed in")
    lesson = lessons.read(fresh_course / "notebooks" / f"{FIRST}.ipynb")

    def put(place, copy, start=b""):
        (handed / place).parent.mkdir(parents=True, exist_ok=True)
        (handed / place).write_bytes(start + lessons.stored(copy))

    def copy(share=1.0):
        return answered(lessons.student_copy(lesson), share)

    put("complete/00_first.ipynb", hostile(copy()))
    put("half/work/00_first (1).IPYNB", copy(1 / 3), b"\xef\xbb\xbf")
    put("untouched/00_first.ipynb", copy(0))
    put("Mu\u0308ller/00_first.ipynb", copy())
    put("Eva Mueller_1234_assignsubmission_file_/00_first-Copy1.ipynb", copy())
    put("lovelaceada_77_4711_00_first.ipynb", copy(2 / 3))
    (handed / "broken").mkdir()
    (handed / "broken" / "00_first.ipynb").write_text("not a notebook")
    put("twice/00_first.ipynb", copy(0))
    put("twice/00_first (1).ipynb", copy())
    put("otherwise/my answers.ipynb", copy())
    (handed / "empty").mkdir()
    (course / "students.csv").write_text(
        "id;name;email\ncomplete;Grace Hopper;grace@example.org\n77;Ada Lovelace;ada@example.org\n"
        "absent;Alan Turing;alan@example.org\neva;Eva Mueller;eva@example.org\n",
        encoding="utf-8-sig",
    )
    result = command(fresh_course, "grade", course, handed)
    return handed, result


def test_everybody_has_a_row_and_every_rest_a_reason(week, course):
    _, result = week
    assert result.returncode == 1, result.stderr
    rows = {row["id"]: row for row in rows_of(course / "grades.csv")}
    points = {name: float(row[FIRST]) for name, row in rows.items()}
    assert points == {
        "complete": 3,
        "half": 1,
        "untouched": 0,
        "M\u00fcller": 3,
        "eva": 3,
        "77": 2,
        "broken": 0,
        "twice": 0,
        "otherwise": 0,
        "empty": 0,
        "absent": 0,
    }
    assert {row["of"] for row in rows.values()} == {"3"}
    for name, reason in {
        "broken": "not a whole notebook",
        "twice": "keep one",
        "otherwise": "no released lesson has this name",
        "empty": "no notebook in the folder",
        "absent": "nothing handed in",
    }.items():
        assert reason in rows[name]["left out"], name
        assert name == "absent" or reason in result.stderr
    for name in ("complete", "eva", "77"):
        assert not rows[name]["left out"]
    assert "students.csv" in rows["half"]["left out"]


def test_the_grades_go_home_in_the_columns_of_the_platforms(week, course):
    """Moodle: map 'Email address' to 'Email address'. Canvas: its own columns, points possible."""
    moodle = rows_of(course / "moodle.csv")
    assert list(moodle[0]) == ["ID number", "Full name", "Email address", FIRST]
    by_mail = {row["Email address"]: row[FIRST] for row in moodle}
    assert by_mail["ada@example.org"] == "2" and by_mail["alan@example.org"] == ""
    canvas = rows_of(course / "canvas.csv")
    assert list(canvas[0])[:5] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
    assert "Points Possible" in canvas[0]["Student"] and canvas[0][FIRST] == "3"
    ada = next(row for row in canvas if row["ID"] == "77")
    assert (ada["Student"], ada[FIRST]) == ("Ada Lovelace", "2")
    assert len(moodle) == len(canvas) - 1 == len(rows_of(course / "grades.csv"))


@pytest.fixture
def page(week, course):
    return course / "feedback" / "complete" / FIRST / f"{FIRST}.html"


def test_feedback_is_readable(page):
    html = page.read_text(encoding="utf-8")
    assert "Right: 228 people" in html and "looks fine" in html
    assert re.search(r'<img[^>]*alt="[^"]*Share free of death', html, re.S)
    assert "<th>survival</th>" in html and "&lt;th" not in html
    assert "No answer yet" in (page.parents[2] / "half" / FIRST / f"{FIRST}.html").read_text(
        encoding="utf-8"
    )


def test_feedback_can_do_nothing(page):
    html = page.read_text(encoding="utf-8")
    assert "<script" not in html.lower() and "onerror" not in re.sub("&[^;]*;", "", html)
    assert html.index("Content-Security-Policy") < html.index("<title>")
    assert "default-src 'none'" in html


@pytest.mark.skipif(not shutil.which("chromium"), reason="chromium is not here")
def test_feedback_in_a_browser_runs_no_script(page):
    def opened(path):
        with tempfile.TemporaryDirectory() as home:
            done = subprocess.run(
                [
                    "chromium",
                    "--headless",
                    "--no-sandbox",
                    "--disable-gpu",
                    "--dump-dom",
                    path.as_uri(),
                ],
                capture_output=True,
                text=True,
                timeout=120,
                env=os.environ | {"HOME": home},
            )
        return re.search("<title>(.*?)</title>", done.stdout)[1]

    assert opened(page) == FIRST
    unsealed = page.with_name("as_written.html")
    unsealed.write_text("<title>x</title><img src=x onerror=\"document.title = 'RAN'\">")
    assert opened(unsealed) == "RAN", "the attack is real where nothing stops it"


def test_said_again_only_what_changed_is_graded(week, course, fresh_course):
    """By what the cells say: an older date does not hide a change, a newer one makes none."""
    handed, _ = week
    before = rows_of(course / "grades.csv")
    lesson = lessons.read(fresh_course / "notebooks" / f"{FIRST}.ipynb")
    path = handed / "untouched" / f"{FIRST}.ipynb"
    path.write_bytes(lessons.stored(answered(lessons.student_copy(lesson))))
    os.utime(path, (1, 1))
    os.utime(handed / "complete" / f"{FIRST}.ipynb")
    result = command(fresh_course, "grade", course, handed)
    assert f"{FIRST}  untouched: graded" in result.stdout
    assert f"{FIRST}  complete: passed over, unchanged" in result.stdout
    after = rows_of(course / "grades.csv")
    differ = [(a["id"], b[FIRST]) for a, b in zip(before, after) if a != b]
    assert differ == [("untouched", "3")]


@pytest.mark.parametrize(
    "name, lesson",
    [
        ("00_first.ipynb", FIRST),
        ("00_first (1).ipynb", FIRST),
        ("00_first-Copy1.IPYNB", FIRST),
        ("00_first - Copy (2).ipynb", FIRST),
        ("00_first-1.ipynb", FIRST),
        ("00_first.new.ipynb", FIRST),
        ("Eva Mueller_12_assignsubmission_file_00_first.ipynb", FIRST),
        ("00_first_things.ipynb", ""),
        ("100_first.ipynb", ""),
        ("00_first.txt", ""),
    ],
)
def test_lessons_are_known_by_the_names_platforms_give(name, lesson):
    assert roster.lesson_of(name, [FIRST, "01_second"]) == lesson


LISTED = {"a1": ("Eva Müller", "eva@example.org"), "b2": ("王小明", ""), "c3": ("Eva Mayer", "")}


@pytest.mark.parametrize(
    "name, expected",
    [
        ("a1", "a1"),
        ("Eva Müller", "a1"),
        ("Eva Mu\u0308ller", "a1"),
        ("Müller, Eva", "a1"),
        ("mullereva", "a1"),
        ("eva@example.org", "a1"),
        ("王小明", "b2"),
        ("somebody else", "somebody_else"),
        ("हिन्दी नाम", "हिन्दी_नाम"),
        ("[x]*?", "x"),
    ],
)
def test_people_are_known_by_what_they_are_called(name, expected):
    listed = roster.Roster({i: roster.Person(i, *rest, True) for i, rest in LISTED.items()})
    assert listed.find(name) == expected
    assert bool(listed.left_out) == (expected not in LISTED)


@pytest.mark.parametrize("name", ["...", "///", "  "])
def test_a_name_that_is_none_is_refused(name):
    with pytest.raises(ValueError, match="neither letters nor digits"):
        roster.Roster().find(name)


def test_two_of_one_name_need_their_ids():
    people = {i: roster.Person(i, "Eva Mueller", "", True) for i in ("a1", "a2")}
    with pytest.raises(ValueError, match="a1, a2"):
        roster.Roster(people).find("Eva Mueller")


@pytest.mark.parametrize(
    "text, named",
    [
        ("name,email\nEva,e@example.org\n", "no column 'id'"),
        ("id,name\n1,Eva\n1,Ada\n", "line 3"),
        ("id,name\n,Eva\n", "line 2, column id"),
    ],
)
def test_a_list_that_cannot_be_used_names_line_and_column(tmp_path, text, named):
    (tmp_path / "students.csv").write_text(text)
    with pytest.raises(ValueError, match="students.csv") as refused:
        roster.Roster.read(tmp_path / "students.csv")
    assert named in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "id,name,email\n77,Eva Mueller,e@x.org\n",
        "First name,Last name,ID number,Email address\nEva,Mueller,77,e@x.org\n",
        "Full name;ID number;Email address\nEva Mueller;77;e@x.org\n",
        "Student,ID,SIS Login ID\n    Points Possible,,\nEva Mueller,77,e@x.org\n",
    ],
)
def test_the_platforms_own_lists_are_read_as_they_are(tmp_path, text):
    (tmp_path / "students.csv").write_text(text)
    people = roster.Roster.read(tmp_path / "students.csv").people
    assert list(people.values()) == [roster.Person("77", "Eva Mueller", "e@x.org", True)]


def test_a_name_is_no_formula(tmp_path):
    listed = roster.Roster({"x": roster.Person("x", "=1+1", "")})
    roster.write_grades(tmp_path, listed, {(FIRST, "x"): 2.0}, {FIRST: 3.0})
    assert rows_of(tmp_path / "grades.csv")[0]["name"] == "'=1+1"


def test_the_instructors_lock_holds_the_same_versions():
    def pins(name):
        text = (lessons.ROOT / name).read_text(encoding="utf-8")
        return set(re.findall(r"^[\w.-]+==\S+", text, re.M))

    assert pins("requirements.lock") < pins("instructor.lock")
