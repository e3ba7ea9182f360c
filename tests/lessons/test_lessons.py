"""What every lesson promises: structure, outputs, links, verdicts, students' copies."""

import ast
import json
import re

import pytest

from tools import lessons
from utils import DATA, claims
from utils.exercises import exercises

PATHS = lessons.paths()
NOTEBOOKS = {path.stem: lessons.read(path) for path in PATHS}
TEACHING = [stem for stem in NOTEBOOKS if stem != lessons.BOARD]
SECTIONS = [
    "Questions, aims, time",
    "Predict first",
    "Meet the data",
    "Look",
    "Model",
    "What could fool us",
    "Verdict",
    "Exercises",
    "Key points",
    "References",
]
BOX = next(c.source for c in NOTEBOOKS["00_start_here"].cells if c.id == "box")
each = pytest.mark.parametrize("stem", NOTEBOOKS)
each_teaching = pytest.mark.parametrize("stem", TEACHING)


def code(stem):
    return [cell for cell in NOTEBOOKS[stem].cells if cell.cell_type == "code"]


def prose(stem):
    return [cell for cell in NOTEBOOKS[stem].cells if cell.cell_type == "markdown"]


def lines_of(cell):
    return [li for li in cell.source.splitlines() if li.strip() and not li.strip().startswith("#")]


@each
def test_every_code_cell_was_run_in_order_and_clean(stem):
    for position, cell in enumerate(code(stem), start=1):
        assert cell.execution_count == position, f"{cell.id}: run `make lessons`"
        for output in cell.outputs:
            assert output.get("execution_count", position) == position, f"{cell.id}: its output"
            assert output.output_type != "error", cell.id
            assert output.get("name") != "stderr", cell.id


@each
def test_code_cells_hide_nothing_from_nbval(stem):
    for cell in code(stem):
        assert not cell.source.rstrip().endswith(";"), cell.id
        assert not re.search(r"^\s*[%!]", cell.source, re.M), cell.id
        assert "NBVAL" not in cell.source.upper(), cell.id
        assert not {t for t in cell.metadata.get("tags", []) if t.startswith(("nbval", "raises"))}
        assert len(lines_of(cell)) <= 20, cell.id


@each
def test_ids_are_stable_slugs(stem):
    ids = [cell.id for cell in NOTEBOOKS[stem].cells]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z][a-z0-9-]*", i) for i in ids)


@each
def test_stored_file_is_portable(stem):
    text = (lessons.LESSONS / f"{stem}.ipynb").read_text(encoding="utf-8")
    assert not re.search(r"/(root|home|tmp|work|Users)/", text)
    assert lessons.stored(NOTEBOOKS[stem]) == text.encode()
    assert set(NOTEBOOKS[stem].metadata) == {"kernelspec", "language_info"}


@each
def test_opens_with_the_box(stem):
    assert NOTEBOOKS[stem].cells[1].source == BOX
    assert NOTEBOOKS[stem].cells[0].source.startswith(f"# {stem[:2]} ")


@each_teaching
def test_sections_in_order(stem):
    heads = re.findall(r"^## (.+)$", "\n".join(c.source for c in prose(stem)), re.M)
    assert heads == SECTIONS


@each_teaching
def test_minutes_are_the_counted_ones(stem):
    teaching, tasks = lessons.minutes(NOTEBOOKS[stem])
    text = "\n".join(c.source for c in prose(stem))
    assert (
        f"About {teaching} minutes of reading and running, {tasks} minutes of exercises" in text
    ), (teaching, tasks)


@each
def test_every_figure_says_its_finding_and_is_followed_by_its_table(stem):
    cells = code(stem)
    for cell, after in zip(cells, [*cells[1:], None]):
        pictures = [o for o in cell.outputs if "image/png" in o.get("data", {})]
        assert len(pictures) <= 1, f"{cell.id}: one figure a cell"
        for output in pictures:
            alt = output.metadata["image/png"]["alt"]
            assert alt == output.data["text/plain"] == cell.metadata["mystnb"]["image"]["alt"]
            assert re.search(r"\d", alt), f"{cell.id}: the finding has no number"
            assert after is not None and any(
                "text/html" in o.get("data", {}) for o in after.outputs
            ), f"{cell.id}: no table follows"


@each_teaching
def test_at_least_four_exercises(stem):
    assert sum(lessons.is_exercise(cell) for cell in code(stem)) >= 4


@each
def test_lesson_cells_never_read_an_exercise_name(stem):
    made = {"answer"}
    for cell in code(stem):
        tree = ast.parse(cell.source)
        stored = {
            n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
        }
        loaded = {
            n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)
        }
        if lessons.is_exercise(cell):
            made |= stored
        elif "check" not in cell.metadata.get("tags", []):
            assert not loaded & (made - stored), (cell.id, loaded & made)


def anchors(text):
    heads = re.findall(r"^#+ (.+)$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


@each
def test_links_and_claims_resolve(stem):
    text = "\n".join(c.source for c in NOTEBOOKS[stem].cells)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith("http"):
            assert target.startswith("https://"), target
            continue
        name, _, anchor = target.partition("#")
        assert (lessons.LESSONS / name).exists(), target
        if anchor:
            assert anchor in anchors((lessons.LESSONS / name).read_text(encoding="utf-8")), target
    for doi in re.findall(r"doi\.org/(\S+)", text):
        assert re.match(r"10\.\d{4,}/\S+", doi), doi
    for used in re.findall(r'(?:verdict|claim)\(\s*"([\w-]+)"', text):
        assert used in claims.register(), used


def test_verdicts_file_is_what_the_lessons_said():
    said = [v for stem in NOTEBOOKS for v in claims.collect(NOTEBOOKS[stem])]
    assert json.loads((DATA / "verdicts.json").read_text(encoding="utf-8")) == said
    assert len({(v["claim"], v["part"]) for v in said}) == len(said)


@each
def test_a_verdict_stands_in_its_claims_lesson(stem):
    for v in claims.collect(NOTEBOOKS[stem]):
        assert claims.register()[v["claim"]]["lesson"] == stem[:2]


@each
def test_student_copy_holds_no_solution_and_runs(stem):
    copy = lessons.student_copy(NOTEBOOKS[stem])
    text = lessons.stored(copy).decode()
    assert "SOLUTION" not in text and "HIDDEN" not in text
    assert not any(
        cell.outputs or cell.execution_count for cell in copy.cells if cell.cell_type == "code"
    )
    stubs = sum("pass  # your answer here" in c.source for c in copy.cells)
    assert stubs == sum(lessons.is_exercise(cell) for cell in code(stem))
    for cell in lessons.execute(copy).cells:
        if "check" in cell.metadata.get("tags", []):
            assert cell.outputs[0].text.startswith("No answer yet"), cell.id


def test_exercise_files_have_a_lesson():
    assert {e["file"] for e in exercises().values()} == {f"{s}.exercises.toml" for s in TEACHING}


def test_readme_lists_every_lesson_with_its_minutes():
    readme = (lessons.ROOT / "README.md").read_text(encoding="utf-8")
    for stem, notebook in NOTEBOOKS.items():
        row = next((li for li in readme.splitlines() if f"(notebooks/{stem}.ipynb)" in li), "")
        teaching, tasks = lessons.minutes(notebook)
        assert row.endswith(f"| {teaching} + {tasks} |"), (
            f"README.md, row of {stem}: {teaching} + {tasks}"
        )


def test_readme_shows_the_picture_of_the_lesson():
    cell, output = lessons.readme_figure(NOTEBOOKS)
    assert (lessons.LESSONS / lessons.README_FIGURE).read_bytes() == lessons.picture(output)
    readme = (lessons.ROOT / "README.md").read_text(encoding="utf-8")
    assert f"![{output.data['text/plain']}](notebooks/{lessons.README_FIGURE})" in readme
