"""The site: no answer in it, every mark leads somewhere, and it can be read by everybody.

The pages are pure functions and always tested. The built site needs `.venv-site` (make site), the
look at it Chromium; a missing one is a skip that names it, and an error where SITE_REQUIRED is set.
"""

import filecmp
import json
import os
import re
import subprocess
import tomllib
from pathlib import Path
from urllib.parse import unquote

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tools.lessons import LESSONS, SOLUTION, paths, read
from tools.site import build, pages
from tools.site.slugs import jupyter_slug, slug
from utils import DATA
from utils.claims import MIME

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
VERDICT = {
    "claim": "rest",
    "part": "how often",
    "conclusion": "supported",
    "certainty": "low",
    "scope": "colon cancer",
    "value": "2.00 (95% interval 1.50 to 2.70)",
    "bar": "smallest effect that matters 1.11",
}


def missing(what):
    """Skip by name here, fail where the site is required."""
    (pytest.fail if os.environ.get("SITE_REQUIRED") else pytest.skip)(f"site: {what}")


def shown(data, **metadata):
    return new_output("execute_result", data, metadata=metadata)


@pytest.fixture
def lesson():
    """A lesson with one of everything."""
    png = {"image/png": "iVBORw0KGgo=", "text/plain": "72%"}
    return new_notebook(
        cells=[
            new_markdown_cell("# 42 Rest\n\nA word on [rest](glossary.md#Long-rest).", id="title"),
            new_markdown_cell("> **Teaching material, not medical advice.** Kind words.", id="box"),
            new_code_cell(
                "plumbing()", id="plumbing", metadata={"jupyter": {"source_hidden": True}}
            ),
            new_code_cell(
                "plot()", id="plot", outputs=[shown(png, **{"image/png": {"alt": "72% & more"}})]
            ),
            new_code_cell(
                "verdict()",
                id="verdict",
                outputs=[shown({MIME: VERDICT, "text/html": '<p style="color:red">Sure</p>'})],
            ),
            new_code_cell(
                "answer = ...\n### BEGIN SOLUTION\nanswer = secret(42)\n### END SOLUTION",
                id="exercise",
                outputs=[shown({"text/plain": "4242"})],
            ),
            new_code_cell(
                'check("42-rest", answer)',
                id="check",
                metadata={"tags": ["check"]},
                outputs=[new_output("stream", text="Right: 4242 it is.")],
            ),
            new_markdown_cell("## Key points\n\n- Rest.\n\n## References\n\n- None.", id="key"),
        ]
    )


@pytest.fixture
def shop(lesson):
    """page(lesson) with its hints and glossary; returns cells by id."""

    def make(**options):
        page = pages.page(
            lesson,
            "42_rest",
            {"42-rest": ["Look.", "Look again."]},
            {"Long-rest": 'A "pause"'},
            **options,
        )
        return {cell.id: cell for cell in page.cells}

    return make


# --- one lesson ---------------------------------------------------------------------------------


def test_a_page_holds_no_answer(lesson, shop):
    before = json.dumps(lesson)
    cells = shop()
    text = json.dumps(cells)
    assert cells["exercise"].source == "answer = ..."
    assert not any(word in text for word in ("secret", "4242", "SOLUTION"))
    assert json.dumps(lesson) == before, "the lesson itself was changed"


def test_the_instructors_edition_holds_the_answers(shop):
    cells = shop(solutions=True)
    assert "secret(42)" in cells["exercise"].source
    assert "4242" in cells["check"].outputs[0]["text"]


def test_hints_are_folded_each_in_the_one_before(shop):
    folds = re.findall(r"^(:+)\{dropdown\} Hint (\d)\n(.*)", shop()["check-hints"].source, re.M)
    assert [(number, words) for _, number, words in folds] == [("1", "Look."), ("2", "Look again.")]
    assert len(folds[0][0]) > len(folds[1][0])


def test_a_verdict_has_the_anchor_of_its_mark_and_no_style_of_its_own(shop):
    box = BeautifulSoup(shop()["verdict"].outputs[0]["data"]["text/html"], "html.parser").div
    assert box["id"] == pages.anchor("rest", "how often")
    assert "mark-supported" in box["class"]
    assert not box.find(style=True)


def test_a_second_box_of_the_same_verdict_has_no_second_anchor(lesson, shop):
    lesson.cells[4].outputs *= 2
    assert json.dumps(shop()).count("id=") == 1


def test_a_picture_has_its_words_as_alternative_and_as_text(shop):
    cells = shop()
    assert cells["plot"].metadata["mystnb"]["image"]["alt"] == "72% & more"
    assert "72% &amp; more" in cells["plot-finding"].source


def test_the_title_has_the_bar_and_the_meaning_of_its_words(shop):
    title = shop()["title"].source
    assert title.startswith("# 42 Rest\n") and "download/42_rest.ipynb" in title
    assert '''glossary.md#Long-rest "A 'pause'"''' in title
    assert "lite/" not in title and "lite/" in shop(live=True)["title"].source


def test_the_disclaimer_is_an_admonition(shop):
    assert shop()["box"].source.startswith(":::{admonition}")


@pytest.mark.parametrize(
    "hidden, tag",
    [
        ({"source_hidden": True}, "hide-input"),
        ({"outputs_hidden": True}, "hide-output"),
        ({"source_hidden": True, "outputs_hidden": True}, "hide-cell"),
        ({}, None),
    ],
)
def test_what_is_folded_in_jupyterlab_is_folded_here(hidden, tag):
    cell = new_code_cell("", metadata={"jupyter": hidden})
    pages.fold(cell)
    assert cell.metadata.get("tags", []) == ([tag] if tag else [])


@pytest.mark.parametrize(
    "given, expected",
    [
        ('<style>p {}</style><p style="x">a</p>', "<p>a</p>"),
        (
            "<table><thead><tr><th>a</th></tr></thead></table>",
            '<table><thead><tr><th scope="col">a</th></tr></thead></table>',
        ),
        (
            "<table><thead><tr><th></th></tr></thead></table>",
            "<table><thead><tr><td></td></tr></thead></table>",
        ),
        (
            '<table border="1"><tr><th>a</th><td>b</td></tr></table>',
            '<table class="card-table"><tr><th scope="row">a</th><td>b</td></tr></table>',
        ),
    ],
)
def test_tables_are_read_aloud_with_their_headers(given, expected):
    assert pages.tidy(given) == expected


def test_a_section_ends_where_the_next_begins(lesson):
    assert pages.section(lesson, "Key points") == "- Rest."
    assert pages.section(lesson, "Nothing") == ""


# --- pages beside the lessons --------------------------------------------------------------------

REGISTER = [
    {
        "id": "rest",
        "lesson": "42",
        "text": "Rest <helps>.",
        "settle": "A trial.",
        "part": [
            {"name": "how often", "type": "frequency", "threshold": 0.05},
            {"name": "why", "type": "mechanism"},
        ],
    }
]
HOMES = {("rest", "how often"): "42_rest"}
TITLES = {"42_rest": "42 Rest"}


def test_the_board_leads_each_verdict_to_its_box():
    table = BeautifulSoup(pages.board(REGISTER, [VERDICT], HOMES, TITLES), "html.parser")
    judged, unjudged = table.tbody("tr")
    assert judged.select_one("a.pill")["href"] == "42_rest.html#verdict-rest-how-often"
    assert "Rest <helps>." in judged.th.get_text()
    for key in ("conclusion", "certainty", "scope", "value", "bar"):
        assert VERDICT[key] in judged.get_text()
    assert unjudged.select_one("a.pill") is None


def test_a_claim_is_shown_as_registered_with_its_searches():
    looked = [
        {"claim": "rest", "part": "how often", "line": [{"row": "one", "why": "a trial"}]},
        {"claim": "other", "not_found": [{"row": "", "why": "elsewhere"}]},
    ]
    rows = {"one": ("One 2020", "https://doi.org/10.1/one")}
    text = pages.claims_page(REGISTER, {"where": "PubMed", "search": looked}, HOMES, TITLES, rows)
    find = '<a href="https://doi.org/10.1/one">One 2020</a>: a trial'
    box = "42_rest.html#verdict-rest-how-often"
    assert all(word in text for word in ("0.05", "PubMed", find, box))
    assert "elsewhere" not in text


@pytest.mark.parametrize(
    "given, expected",
    [
        ({"amended": [{"date": "2026", "why": "a & b"}]}, "2026: a &amp; b"),
        ({"doi": "doi:10.1/x."}, '<a href="https://doi.org/10.1/x">doi:10.1/x</a>.'),
        ({"url": "https://a.org/b;"}, '<a href="https://a.org/b">https://a.org/b</a>;'),
        ({"empty": ""}, ""),
        ({"two": ["a", "b"]}, "<ul><li>a</li><li>b</li></ul>"),
    ],
)
def test_facts_however_nested_can_be_read(given, expected):
    assert expected in pages.facts(given)


@pytest.mark.parametrize(
    "given, expected",
    [
        ("## Hand out!\n[go](#hand-out)", "[go](<#Hand-out!>)"),
        ("[read](README.md)", "read"),
        ("[read](notebooks/42_rest.ipynb)", "[read](42_rest.ipynb)"),
        ("[out](https://a.org)", "[out](https://a.org)"),
    ],
)
def test_the_guides_links_work_on_the_site(given, expected):
    assert expected in pages.guide_page(given, ["42_rest"])


def test_the_guide_links_files_where_the_repository_is_known():
    assert (
        pages.guide_page("[a](tools/a.py)", [], "https://host/r")
        == "[a](https://host/r/tools/a.py)"
    )


# --- the lessons as they are ---------------------------------------------------------------------


def test_glossary_links_follow_jupyterlabs_rule():
    known = {jupyter_slug(h) for h in pages.headings((LESSONS / "glossary.md").read_text())}
    wrong = {
        f"{path.name}, cell {cell.id}: glossary.md#{unquote(link)}"
        for path in paths()
        for cell in read(path).cells
        for link in re.findall(r"glossary\.md#([^)\s\"]+)", cell.source)
        if unquote(link) not in known
    }
    assert not wrong, "an anchor is the heading, spaces as '-', capitals and apostrophes kept"


def secrets():
    """What only an answer holds: the words a right one gets, and the code of each solution."""
    said = [
        entry.get("right", "")
        for path in LESSONS.glob("*.exercises.toml")
        for entry in tomllib.loads(path.read_text())["exercise"].values()
    ]
    code = [
        found[0]
        for path in paths()
        for cell in read(path).cells
        if (found := SOLUTION.search(cell.source))
    ]
    return [word for word in said + code if word]


def text(name, content):
    """Everything a page can show: a notebook's cells and outputs, or the file itself."""
    if not name.endswith(".ipynb"):
        return content.decode()
    return "\n".join(
        part
        for cell in nbformat.reads(content.decode(), 4).cells
        for part in (
            cell.source,
            *(
                o.get("text", "") + "".join(map(str, o.get("data", {}).values()))
                for o in cell.get("outputs", [])
            ),
        )
    )


@pytest.mark.parametrize("solutions, least, most", [(False, 0, 0), (True, 0.9, 1)])
def test_answers_are_in_the_instructors_edition_alone(solutions, least, most):
    """The second case shows that the first would find them."""
    shown = "\n".join(
        text(name, content)
        for name, content in build.sources(solutions=solutions).items()
        if not name.endswith(".zip")
    )
    words = secrets()
    found = [word for word in words if word in shown]
    assert least <= len(found) / len(words) <= most, found


# --- the built site ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    if not build.PYTHON.is_file():
        missing(".venv-site is not there (make site)")
    out = tmp_path_factory.mktemp("built") / "site"
    build.build(out)
    return out


@pytest.fixture(scope="module")
def soups(site):
    return {
        path.name: BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        for path in sorted(site.glob("*.html"))
    }


@pytest.mark.slow
def test_no_file_of_the_site_holds_an_answer(site):
    words = [*(w.encode() for w in secrets()), b"Right: ", b"BEGIN SOLUTION", b"BEGIN HIDDEN TESTS"]
    found = {
        (path.name, word)
        for path in site.rglob("*")
        if path.is_file()
        for word in words
        if word in path.read_bytes()
    }
    # the guide says how a solution is marked
    assert {name for name, word in found} <= {"teach.html"}
    assert {word for name, word in found} <= {b"BEGIN SOLUTION", b"BEGIN HIDDEN TESTS"}


@pytest.mark.slow
def test_every_lesson_has_a_page_and_every_figure_its_words(soups):
    assert {f"{path.stem}.html" for path in paths()} <= set(soups)
    figures = [
        (name, image.get("alt"))
        for name, soup in soups.items()
        for image in soup.select("div.cell_output img")
    ]
    drawn = sum(
        "image/png" in output.get("data", {})
        for path in paths()
        for cell in read(path).cells
        for output in cell.get("outputs", [])
    )
    assert len(figures) == drawn
    assert not [name for name, alt in figures if not alt or "_images" in alt]


@pytest.mark.slow
def test_further_sections_are_folded(soups):
    for path in paths():
        asked = sum(
            heading.startswith("Further")
            for cell in read(path).cells
            if cell.cell_type == "markdown"
            for heading in pages.headings(cell.source)
        )
        folded = soups[f"{path.stem}.html"].select("details.further")
        assert len(folded) == asked, path.name
        assert all(fold.find_previous_sibling("h2") for fold in folded)


@pytest.mark.slow
def test_the_board_shows_the_stored_verdicts_and_each_mark_its_box(soups):
    claims = tomllib.loads((DATA / "claims.toml").read_text(encoding="utf-8"))["claim"]
    registered = {(c["id"], p.get("name", "")) for c in claims for p in c["part"]}
    stored = [
        verdict
        for verdict in json.loads((DATA / "verdicts.json").read_text(encoding="utf-8"))
        if (verdict["claim"], verdict["part"]) in registered
    ]
    assert stored
    rows = {
        row.select_one(".pill")["href"]: row.get_text(" ")
        for row in soups["index.html"].select("table.board tbody tr")
        if row.select_one("a.pill")
    }
    marks = {link.split("#")[1]: (link.split("#")[0], text) for link, text in rows.items()}
    assert len(marks) == len(stored)
    for verdict in stored:
        page, text = marks[pages.anchor(verdict["claim"], verdict["part"])]
        box = soups[page].find(id=pages.anchor(verdict["claim"], verdict["part"]))
        assert f"mark-{slug(pages.conclusion(verdict))}" in box["class"]
        assert pages.conclusion(verdict) in text
        assert all(number in text for number in pages.decides(verdict))
        assert verdict.get("certainty", "") in text


@pytest.mark.slow
def test_every_link_inside_the_site_leads_somewhere(site, soups):
    dead = []
    for name, soup in soups.items():
        for link in soup.select("article a[href], .bd-footer-content a[href]"):
            target, _, fragment = link["href"].partition("#")
            if re.match(r"[a-z]+:", target):
                continue
            page = target or name
            if not (site / page).is_file() or (
                fragment and not soups[page].find(id=unquote(fragment))
            ):
                dead.append((name, link["href"]))
    assert not dead


@pytest.mark.slow
def test_two_builds_are_equal_byte_for_byte(site, tmp_path):
    build.build(tmp_path / "again")
    first, again = (
        {path.relative_to(root) for path in root.rglob("*") if path.is_file()}
        for root in (site, tmp_path / "again")
    )
    assert first == again
    _, different, errors = filecmp.cmpfiles(site, tmp_path / "again", first, shallow=False)
    assert [str(name) for name in different + errors if str(name) != ".buildinfo"] == []


@pytest.mark.slow
def test_everybody_can_read_it(site):
    """No request to another host, no page wider than a phone, nothing that axe finds."""
    if not CHROMIUM.is_file():
        missing(f"{CHROMIUM} is not there (Debian: apt-get install chromium)")
    lesson = max(paths(), key=lambda path: path.stat().st_size).stem
    named = ["index.html", f"{lesson}.html", "claims.html", "data.html"]
    done = subprocess.run(
        [
            build.PYTHON,
            Path(build.__file__).with_name("look.py"),
            site,
            *named,
            "--chromium",
            CHROMIUM,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["looked"] >= len(list(site.glob("*.html")))
    assert report["found"] == []
