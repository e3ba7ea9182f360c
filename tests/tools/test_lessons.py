"""Lessons are read, run, numbered and cleaned as they should be, whatever they say."""

import json
import os
import shutil
import subprocess

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tests.tools.conftest import run_in
from tools import lessons


@pytest.mark.parametrize(
    "content, named",
    [
        (b'{\n "cells": [\n<<<<<<< HEAD\n1\n=======\n2\n>>>>>>> theirs\n]}', "line 3"),
        (b'{\n "cells": [', "line 2"),
        (b"", "03_x.ipynb"),
        (b"\xff", "03_x.ipynb"),
        (b"[]", "03_x.ipynb"),
        (b"{}", "03_x.ipynb"),
    ],
)
def test_a_file_that_is_no_notebook_is_named_with_its_line(tmp_path, content, named):
    (tmp_path / "03_x.ipynb").write_bytes(content)
    with pytest.raises(ValueError, match="03_x.ipynb") as refused:
        lessons.read(tmp_path / "03_x.ipynb")
    assert named in str(refused.value)


def test_a_byte_order_mark_does_not_matter(tmp_path):
    book = new_notebook(cells=[new_code_cell("1", id="one")])
    (tmp_path / "03_x.ipynb").write_bytes(b"\xef\xbb\xbf" + lessons.stored(book))
    assert lessons.read(tmp_path / "03_x.ipynb") == book


def test_only_registered_lessons_count(in_small_course, tmp_path, monkeypatch):
    folder = tmp_path / "notebooks"
    shutil.copytree(in_small_course / "notebooks", folder)
    monkeypatch.setattr(lessons, "LESSONS", folder)
    for stray in ("00_first-Copy1", "01_second (conflicted copy)", "03_new", "0a"):
        shutil.copy(folder / "00_first.ipynb", folder / f"{stray}.ipynb")
    assert [p.stem for p in lessons.paths()] == ["00_first", "01_second", "02_verdicts"]
    assert [p.stem for p in lessons.paths(["01"])] == ["01_second"]
    strays = [p.stem for p in lessons.strays()]
    assert strays == ["00_first-Copy1", "01_second (conflicted copy)", "03_new"]
    shutil.copy(folder / "00_first.exercises.toml", folder / "03_new.exercises.toml")
    assert "03_new" in [p.stem for p in lessons.paths()]
    with pytest.raises(ValueError, match="'77'.*00, 01, 02"):
        lessons.paths(["77"])


def prose(text):
    return new_markdown_cell(text)


@pytest.mark.parametrize(
    "text, words",
    [
        ("Three short words.", 3),
        ("[two words](https://example.org/a/long/address-of-many-parts)", 2),
        ("https://doi.org/10.1000/xyz alone", 1),
        ("![alt text](a.png) <span style='color: red'>one</span>", 3),
        ("well-known 0.95 don't", 3),
        ("| --- | **bold** |", 1),
    ],
)
def test_words_are_what_a_reader_reads(text, words):
    assert lessons.read_aloud(text) == words


def test_minutes_count_the_core_path_only():
    core = [prose("# 03 Title"), prose("word " * 1299), new_code_cell("# why\na = 1\n\nb = 2")]
    task = "answer = ...\n### BEGIN SOLUTION\n### END SOLUTION"
    rest = [
        prose("### Further: more of it"),
        prose("word " * 5000),
        prose("## Exercises"),
        prose("word " * 5000),
        *(new_code_cell(task) for _ in range(4)),
        prose("## References"),
        prose("word " * 5000),
    ]
    assert lessons.minutes(new_notebook(cells=core)) == (10, 0)
    assert lessons.minutes(new_notebook(cells=core + rest)) == (10, 25)
    longer = [*core, *rest, prose("## Key points"), prose("word " * 1300)]
    assert lessons.minutes(new_notebook(cells=longer)) == (20, 25)


@pytest.mark.parametrize(
    "before, after",
    [
        ('predict("x", 40)', 'predict("x", ...)'),
        ("predict('é', guess=1 +\n 2); y = 1", "predict('é', guess=...); y = 1"),
        ('predict("x", "A")\npredict("y", 3)', 'predict("x", ...)\npredict("y", ...)'),
        ('predict("x")', 'predict("x")'),
        ("predict(", "predict("),
        ("model.predict(x, 3)", "model.predict(x, 3)"),
    ],
)
def test_the_authors_guess_is_taken_out(before, after):
    assert lessons.without_guess(before) == after


def test_student_copy_holds_nothing_of_the_author(small_course):
    lesson = lessons.read(small_course / "notebooks" / "00_first.ipynb")
    copy = lessons.student_copy(lesson)
    text = lessons.stored(copy).decode()
    for hidden in ("SOLUTION", "len(lung)", "228", "image/png", "mystnb"):
        assert hidden not in text, hidden
    assert [c.id for c in copy.cells] == [c.id for c in lesson.cells]


def test_a_run_keeps_ids_minutes_and_the_way_true(small_course, in_small_course):
    books = small_course / "notebooks"
    titles = {"00_first": "00 First", "01_second": "01 Second", "02_verdicts": "02 Verdicts"}
    for stem in titles:
        book = lessons.read(books / f"{stem}.ipynb")
        assert book.cells[-1].source == lessons.way(stem, titles)
    first = lessons.read(books / "00_first.ipynb")
    teaching, tasks = lessons.minutes(first)
    aims = next(cell.source for cell in first.cells if cell.id == "aims")
    assert f"About {teaching} minutes" in aims and f" {tasks} minutes" in aims and tasks == 20


@pytest.mark.parametrize(
    "stem, links",
    [
        ("00_a", {"Next": "01_b", "Board": "02_verdicts"}),
        ("01_b", {"Back": "00_a", "Next": "02_verdicts", "Board": "02_verdicts"}),
        ("02_verdicts", {"Back": "01_b"}),
    ],
)
def test_the_way_on(stem, links, in_small_course):
    titles = {"00_a": "00 A", "01_b": "01 B", "02_verdicts": "02 Board"}
    line = lessons.way(stem, titles).splitlines()[0]
    assert line == " · ".join(f"{w}: [{titles[to]}]({to}.ipynb)" for w, to in links.items())
    assert "mistake" in lessons.way(stem, titles)


def test_cells_of_jupyterlab_get_slugs_and_others_keep_theirs():
    book = new_notebook(
        cells=[
            new_markdown_cell("# 03 Title", id="title"),
            new_markdown_cell("Who was **measured**, and when?", id="9f8e7d6c"),
            new_code_cell("ratio = cox(x)", id="0a1b2c3d-4e5f-6789"),
            new_code_cell("ratio = cox(y)", id="a1b2c3d4"),
            new_code_cell("", id="UPPER"),
            new_code_cell("1", id="look"),
        ]
    )
    del book.cells[4]["id"]
    book.nbformat_minor = 4
    tidied = lessons.tidy("03_x", book, {"03_x": "03 Title"})
    ids = [c["id"] for c in tidied.cells]
    assert ids == ["title", "who-was-measured", "ratio", "ratio-2", "code", "look"]
    nbformat.validate(tidied)
    assert [c["id"] for c in lessons.tidy("03_x", tidied, {"03_x": ""}).cells] == ids


def test_one_lesson_runs_alone_and_the_lessons_own_back_end_wins(small_course, tmp_path):
    folder = tmp_path / "a course"
    shutil.copytree(small_course, folder)
    stored = {p.name: p.read_bytes() for p in (folder / "notebooks").iterdir()}
    lesson = folder / "notebooks" / "01_second.ipynb"
    emptied = json.loads(lesson.read_bytes())
    for cell in emptied["cells"]:
        cell |= {"outputs": []} if cell["cell_type"] == "code" else {}
    lesson.write_text(json.dumps(emptied))
    (folder / "notebooks" / "00_first.ipynb").write_bytes(b"not read if not asked for")
    (folder / "notebooks" / "00_first.ipynb").write_bytes(stored["00_first.ipynb"])
    ran = run_in(folder, "-m", "tools.lessons", "run", "01", env=os.environ | {"MPLBACKEND": "Agg"})
    assert ran.returncode == 0, ran.stderr
    assert "01_second" in ran.stdout and "00_first" not in ran.stdout
    assert "02_verdicts" not in ran.stdout
    assert {p.name: p.read_bytes() for p in (folder / "notebooks").iterdir()} == stored
    wrong = run_in(folder, "-m", "tools.lessons", "run", "7")
    assert wrong.returncode == 2 and "two digits" in wrong.stderr


def test_an_answer_finds_the_data_where_a_student_finds_them():
    code = "import pandas as pd\nlen(pd.read_csv('../data/individual/lung_ncctg.csv'))"
    book = lessons.execute(new_notebook(cells=[new_code_cell(code, id="one")]))
    assert book.cells[0].outputs[0].data["text/plain"] == "228"


@pytest.mark.skipif(not shutil.which("git"), reason="git is not here")
def test_a_filter_of_the_users_strips_no_lesson(own_course):
    """A global nbstripout would empty every lesson at the next commit."""

    def git(*words, **options):
        return subprocess.run(
            ["git", *words], cwd=own_course, check=True, capture_output=True, **options
        ).stdout

    git("init", "-q")
    git("config", "filter.strip.clean", "echo stripped")
    git("config", "core.attributesFile", str(own_course.parent / "attributes"))
    (own_course.parent / "attributes").write_text("*.ipynb filter=strip\n")
    git("add", "notebooks")
    assert (
        git("show", ":notebooks/00_first.ipynb")
        == (own_course / "notebooks" / "00_first.ipynb").read_bytes()
    )


def test_a_lesson_that_stops_is_named_and_stays_as_it_was(own_course):
    path = own_course / "notebooks" / "01_second.ipynb"
    book = lessons.read(path)
    book.cells[5].source = "1 / 0"
    lessons.write(path, lessons.stored(book))
    ran = run_in(own_course, "-m", "tools.lessons", "run", "01")
    assert ran.returncode == 2 and "01_second.ipynb" in ran.stderr and "1 / 0" in ran.stderr
    assert lessons.read(path) == book


def test_readme_says_what_its_picture_says():
    before = "# A\n\n![Old: 1](notebooks/readme.png) and ![other](notebooks/other.png)\n"
    after = lessons.with_figure(before, "New: 2 (1 to 3)")
    assert after == before.replace("Old: 1", "New: 2 (1 to 3)")
    assert lessons.with_figure("# None\n", "New") == "# None\n"
