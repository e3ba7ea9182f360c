"""What every lesson promises: structure, outputs, links, verdicts, students' copies. No wording."""

import ast
import json
import re

import pytest

from tools import lessons
from utils import DATA, claims
from utils.exercises import exercises

PATHS = lessons.paths()
NOTEBOOKS = {path.stem: lessons.read(path) for path in PATHS}
STEMS = list(NOTEBOOKS)
TEACHING = [stem for stem in STEMS if stem != lessons.BOARD]
SECTIONS = [
    "Predict first",
    "Look",
    "Model",
    "What could fool us",
    "Verdict",
    "Exercises",
    "Key points",
    "References",
]
each = pytest.mark.parametrize("stem", STEMS)
each_teaching = pytest.mark.parametrize("stem", TEACHING)


def code(stem):
    return [cell for cell in NOTEBOOKS[stem].cells if cell.cell_type == "code"]


def prose(stem):
    return [cell for cell in NOTEBOOKS[stem].cells if cell.cell_type == "markdown"]


def headings(cell):
    return re.findall(r"^## (.+)$", cell.source, re.M) if cell.cell_type == "markdown" else []


def sections(stem):
    """Each cell with the title of the section it stands in."""
    title = ""
    for cell in NOTEBOOKS[stem].cells:
        title = (headings(cell) or [title])[-1]
        yield title, cell


def lines_of(cell):
    return [li for li in cell.source.splitlines() if li.strip() and not li.strip().startswith("#")]


def pictures(cell):
    return [o for o in cell.get("outputs", []) if "image/png" in o.get("data", {})]


@each
def test_every_code_cell_was_run_in_order_and_clean(stem):
    for position, cell in enumerate(code(stem), start=1):
        assert cell.execution_count == position, f"{cell.id}: run `make lessons`"
        for output in cell.outputs:
            assert output.get("execution_count", position) == position, f"{cell.id}: its output"
            assert output.output_type != "error", cell.id
            assert output.get("name") != "stderr", cell.id


@each
def test_code_cells_are_short_and_hide_nothing_from_nbval(stem):
    for cell in code(stem):
        assert not cell.source.rstrip().endswith(";"), cell.id
        assert not re.search(r"^\s*[%!]", cell.source, re.M), cell.id
        assert "NBVAL" not in cell.source.upper(), cell.id
        assert not {t for t in cell.metadata.get("tags", []) if t.startswith(("nbval", "raises"))}
        assert len(lines_of(cell)) <= 12, cell.id


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
def test_opens_with_its_number_and_the_box(stem):
    title, box = NOTEBOOKS[stem].cells[:2]
    assert title.source.startswith(f"# {stem[:2]} ")
    assert box.id == "box"
    assert box.source.startswith("> ")
    assert "https://" in box.source


@each_teaching
def test_sections_in_order(stem):
    heads = [head for cell in prose(stem) for head in headings(cell) if head in SECTIONS]
    assert heads == SECTIONS


@each_teaching
def test_core_path_is_short_and_further_is_folded_and_not_needed(stem):
    made, core = set(), 0
    for title, cell in sections(stem):
        further = title.startswith("Further")
        if title == "Exercises":
            break
        if further and any(head.startswith("Further") for head in headings(cell)):
            assert cell.metadata.get("jp-MarkdownHeadingCollapsed"), cell.id
        if cell.cell_type == "code":
            core += not further
            made |= names(cell, ast.Store) if further else set()
            if not further:
                assert not names(cell, ast.Load) & (made - defined(stem)), cell.id
    assert core <= 40


def defined(stem):
    """Names made outside *Further*."""
    found = (
        names(cell, ast.Store)
        for title, cell in sections(stem)
        if cell.cell_type == "code" and not title.startswith("Further")
    )
    return set().union(*found)


def names(cell, context):
    nodes = ast.walk(ast.parse(cell.source))
    return {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, context)}


@each_teaching
def test_a_picture_comes_early(stem):
    assert any(pictures(cell) for cell in NOTEBOOKS[stem].cells[:14])


@each
def test_every_figure_says_its_finding(stem):
    for cell in code(stem):
        assert len(pictures(cell)) <= 1, f"{cell.id}: one figure a cell"
        for output in pictures(cell):
            alt = output.metadata["image/png"]["alt"]
            assert alt == output.data["text/plain"] == cell.metadata["mystnb"]["image"]["alt"]
            assert re.search(r"\d", alt), f"{cell.id}: the finding has no number"


@each
def test_no_table_is_cut(stem):
    for cell in code(stem):
        for output in cell.outputs:
            assert "...</td>" not in "".join(output.get("data", {}).get("text/html", "")), cell.id


@each_teaching
def test_a_table_after_a_figure_is_folded(stem):
    for cell, after in zip(code(stem), code(stem)[1:]):
        if pictures(cell) and after.id.endswith("-table"):
            assert after.metadata.get("jupyter", {}).get("outputs_hidden"), after.id


@each_teaching
def test_at_least_four_exercises_each_right_and_checked(stem):
    cells = NOTEBOOKS[stem].cells
    found = [(c, after) for c, after in zip(cells, cells[1:]) if lessons.is_exercise(c)]
    assert len(found) >= 4
    for cell, after in found:
        assert cell.metadata.get("tags") == ["exercise"], cell.id
        assert after.metadata.get("tags") == ["check"], after.id
        assert "Right: " in after.outputs[0].data["text/plain"], cell.id


@each
def test_hint_is_there_wherever_check_is(stem):
    source = "\n".join(cell.source for cell in code(stem))
    if "check(" in source:
        assert {"check", "hint"} <= {
            alias.name
            for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.ImportFrom) and node.module == "utils"
            for alias in node.names
        }


@each
def test_lesson_cells_never_read_an_exercise_name(stem):
    made = {"answer"}
    for cell in code(stem):
        stored, loaded = names(cell, ast.Store), names(cell, ast.Load)
        if lessons.is_exercise(cell):
            made |= stored
        elif "check" not in cell.metadata.get("tags", []):
            assert not loaded & (made - stored), (cell.id, loaded & made)


def anchors(text):
    """The anchors JupyterLab gives headings: spaces become '-', case is kept."""
    return {head.replace(" ", "-") for head in re.findall(r"^#+ (.+?) *$", text, re.M)}


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


@each
def test_the_last_cell_leads_on(stem):
    here = STEMS.index(stem)
    links = re.findall(r"\]\(([^)\s]+)\)", NOTEBOOKS[stem].cells[-1].source)
    around = STEMS[max(here - 1, 0) : here] + STEMS[here + 1 : here + 2] + [lessons.BOARD]
    assert {f"{other}.ipynb" for other in around if other != stem} <= set(links)


def test_verdicts_file_is_what_the_lessons_said():
    said = [v for stem in NOTEBOOKS for v in claims.collect(NOTEBOOKS[stem])]
    assert json.loads((DATA / "verdicts.json").read_text(encoding="utf-8")) == said
    assert len({(v["claim"], v["part"]) for v in said}) == len(said)


def test_every_registered_part_has_its_verdict_in_its_lesson():
    parts = {
        (name, part.get("name", "")): part["lesson"]
        for name, entry in claims.register().items()
        for part in entry["part"]
    }
    said = {
        (v["claim"], v["part"]): stem[:2]
        for stem in NOTEBOOKS
        for v in claims.collect(NOTEBOOKS[stem])
    }
    assert said == parts


@each
def test_a_stored_verdict_reads_the_same_in_all_its_forms(stem):
    for cell in code(stem):
        for output in cell.outputs:
            if shown := output.get("data", {}).get(claims.MIME):
                assert dict(output.data) == claims.Verdict(shown)._repr_mimebundle_(), cell.id


@pytest.mark.slow
@each
def test_student_copy_holds_no_solution_and_runs(stem):
    copy = lessons.student_copy(NOTEBOOKS[stem])
    text = lessons.stored(copy).decode()
    assert "SOLUTION" not in text
    assert "HIDDEN" not in text
    assert not any(c.outputs or c.execution_count for c in copy.cells if c.cell_type == "code")
    stubs = sum("pass  # your answer here" in c.source for c in copy.cells)
    assert stubs == sum(lessons.is_exercise(cell) for cell in code(stem))
    for cell in lessons.execute(copy).cells:
        if "check" in cell.metadata.get("tags", []):
            assert "No answer yet" in cell.outputs[0].data["text/plain"], cell.id


def test_exercise_files_have_a_lesson():
    assert {e["file"] for e in exercises().values()} == {f"{s}.exercises.toml" for s in TEACHING}


def test_readme_lists_every_lesson_and_shows_one_of_its_pictures():
    readme = (lessons.ROOT / "README.md").read_text(encoding="utf-8")
    assert not [stem for stem in STEMS if f"(notebooks/{stem}.ipynb)" not in readme]
    _, output = lessons.readme_figure(NOTEBOOKS)
    assert (lessons.LESSONS / lessons.README_FIGURE).read_bytes() == lessons.picture(output)
    assert f"![{output.data['text/plain']}](notebooks/{lessons.README_FIGURE})" in readme
