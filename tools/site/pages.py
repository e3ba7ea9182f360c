"""Pages of the site, made from what the repository holds. Pure: nothing is run, read or written.

A lesson's page holds no solution and no answer unless `solutions=True` asks for the instructors'
edition. Solutions sit in three places: the code of exercise cells, the stored outputs of their
checks, and the words of the checks; only the hints of the last are shown, folded.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from typing import Any

from bs4 import BeautifulSoup  # comes with nbconvert, hence with JupyterLab
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from tools.lessons import HIDDEN_TESTS, SOLUTION, is_exercise, minutes, title, without_guess
from tools.site.slugs import jupyter_slug, slug
from utils.claims import MIME

BOX = re.compile(r"^> \*\*(Teaching material, not medical advice)\.?\*\* ?")
CHECK = re.compile(r"^(?:\w+\.)?check\(\s*[\"']([\w-]+)[\"']", re.M)
GLOSSARY_LINK = re.compile(r"\]\(glossary\.md#([^)\s\"]+)\)")
DATA_SET = re.compile(r"\b(?:load|card)\(\s*[\"'](\w+)[\"']")
IN_WORDS = {
    "settle": "what would settle it",
    "safety": "please note",
    "margin": "smallest effect that matters",
    "rival": "another explanation",
    "amended": "changed since",
    "looked": "where it was looked for",
    "hardly": "please note",
    "line": "decides",
    "context": "shown beside it",
    "left_out": "left out",
    "not_found": "looked for and not found",
}
ADDRESS = re.compile(r"https?://[^\s<>\"]*[^\s<>\".,;:)]|doi:(10\.[^\s<>\"]*[^\s<>\".,;:)])")


def anchor(claim: str, part: str = "") -> str:
    """The id of a verdict's box."""
    return f"verdict-{slug(f'{claim} {part}')}"


def conclusion(verdict: Mapping[str, Any]) -> str:
    """What a verdict says, in its own words."""
    return verdict.get("conclusion") or "not yet judged"


def scope(verdict: Mapping[str, Any]) -> str:
    """In which cancers; empty where the claim names the cancer or nothing decided."""
    return f"in {verdict['scope']}" if verdict.get("scope") else ""


def decides(verdict: Mapping[str, Any]) -> list[str]:
    """The number that decides, and what it is held against."""
    value, bar = verdict.get("value"), verdict.get("bar")
    return [text for text in (value, bar) if text] if value else []


def linked(text: object) -> str:
    """Text as HTML, its addresses and DOIs as links."""
    return ADDRESS.sub(
        lambda m: f'<a href="{"https://doi.org/" + m[1] if m[1] else m[0]}">{m[0]}</a>',
        escape(str(text), quote=False),
    )


def raw(markup: str) -> str:
    """HTML inside a Markdown page."""
    return f"```{{raw}} html\n{markup}\n```\n"


def tidy(markup: str) -> str:
    """An output's HTML as the site shows it: no style of its own, header cells with a scope.

    Styles go because they are written for a light page; an empty header cell tells a screen
    reader that there is a name where there is none.
    """
    soup = BeautifulSoup(markup, "html.parser")
    for tag in soup("style"):
        tag.decompose()
    for tag in soup(True):
        for attribute in ("style", "border", "halign", "valign"):
            del tag[attribute]
    for table in soup("table"):
        if not table.thead:  # a data card: names at the left, text at the right
            table["class"] = "card-table"
    for cell in soup("th"):
        if not cell.get_text(strip=True):
            cell.name = "td"
        elif cell.find_parent("thead"):
            cell["scope"] = "colgroup" if cell.has_attr("colspan") else "col"
        else:
            cell["scope"] = "rowgroup" if cell.has_attr("rowspan") else "row"
    return str(soup)


# --- one lesson ---------------------------------------------------------------------------------


def headings(text: str) -> list[str]:
    """The second-level headings of a Markdown text."""
    return re.findall(r"^## +(.+?) *$", text, re.M)


def section(notebook: NotebookNode, name: str) -> str:
    """The Markdown under a second-level heading, without the heading; empty if there is none."""
    text = "\n\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")
    found = re.search(rf"^## +{re.escape(name)} *\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    return found[1].strip() if found else ""


def box(notebook: NotebookNode) -> str:
    """The lesson's disclaimer as an admonition; empty if it has none."""
    return next((boxed(c.source) for c in notebook.cells if BOX.match(c.source)), "")


def boxed(source: str) -> str:
    """The disclaimer, a block quote in Jupyter, as an admonition; other text as it is."""
    if not (name := BOX.match(source)):
        return source
    words = re.sub(r"^> ?", "", BOX.sub("", source), flags=re.M)
    return f":::{{admonition}} {name[1]}\n:class: caution\n{words}\n:::"


def verdicts(notebook: NotebookNode) -> list[dict]:
    """The verdicts in a lesson's stored outputs."""
    return [
        o["data"][MIME]
        for c in notebook.cells
        for o in c.get("outputs", [])
        if MIME in o.get("data", {})
    ]


def meanings(glossary: str) -> dict[str, str]:
    """The glossary's first paragraph on each word, as plain text, by JupyterLab's anchor."""
    found = re.findall(r"^## +(.+?) *\n+(.+?)(?=\n\s*\n|\n## |\Z)", glossary, re.M | re.S)
    return {jupyter_slug(word): plain(text) for word, text in found}


def plain(markdown: str) -> str:
    """One paragraph without its links and marks."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", markdown)
    return " ".join(re.sub(r"[*`]|(?<!\w)_|_(?!\w)", "", text).split())


def explained(source: str, words: Mapping[str, str]) -> str:
    """Links to the glossary with the meaning as their title: shown on hover, read by readers."""

    def titled(link: re.Match) -> str:
        meaning = words.get(link[1], "").replace("\\", "").replace('"', "'")
        return f'](glossary.md#{link[1]} "{meaning}")' if meaning else link[0]

    return GLOSSARY_LINK.sub(titled, source)


def fold(cell: NotebookNode) -> None:
    """What JupyterLab shows folded is folded here, under a word that says what it is."""
    hidden = cell.metadata.get("jupyter", {})
    names = {
        "source_hidden": ("hide-input", "the code"),
        "outputs_hidden": ("hide-output", "the table"),
    }
    chosen = [names[key] for key in names if hidden.get(key)]
    if not chosen:
        return
    tag, what = ("hide-cell", "code and output") if len(chosen) == 2 else chosen[0]
    cell.metadata.setdefault("tags", []).append(tag)
    cell.metadata.setdefault("mystnb", {}).update(
        code_prompt_show=f"Show {what}", code_prompt_hide=f"Hide {what}"
    )


def show(output: NotebookNode, seen: set[str]) -> None:
    """An output's HTML for the site; a verdict's first box gets the anchor the board points to."""
    data = output.get("data", {})
    verdict = data.pop(MIME, None)
    if "text/html" in data:
        data["text/html"] = tidy(data["text/html"])
    if verdict:
        name = anchor(verdict["claim"], verdict["part"])
        mark = "" if name in seen else f' id="{name}"'
        seen.add(name)
        data["text/html"] = (
            f'<div class="verdict mark-{slug(conclusion(verdict))}"{mark}>{data["text/html"]}</div>'
        )


def caption(cell: NotebookNode) -> str:
    """The alternative text of a cell's picture; also handed to myst-nb, which draws it."""
    for output in cell.get("outputs", []):
        text = output.get("metadata", {}).get("image/png", {}).get("alt")
        if text:
            cell.metadata.setdefault("mystnb", {})["image"] = {"alt": text}
            return text
    return ""


def folded_hints(hints: Sequence[str]) -> str:
    """An exercise's hints, each inside the one before: one opens only as many as one needs."""
    text = ""
    for number, hint in reversed(list(enumerate(hints, 1))):
        fence = ":" * (3 + len(hints) - number)
        text = f"{fence}{{dropdown}} Hint {number}\n{hint}\n\n{text}{fence}\n"
    return text


def bar(notebook: NotebookNode, name: str, live: bool, report: str) -> str:
    """Minutes and ways on, under a lesson's title."""
    teaching, exercises = minutes(notebook)
    parts = [
        f"<span>{teaching} minutes"
        + (f" + {exercises} of exercises" if exercises else "")
        + "</span>"
    ]
    if live:
        parts.append(f'<a href="lite/lab/index.html?path={name}.ipynb">Run in the browser</a>')
    parts += [
        f'<a href="download/{name}.ipynb" download>Download</a>',
        f'<a href="{escape(report)}">Found a mistake?</a>',
    ]
    return raw(f'<p class="lesson-bar">{" ".join(parts)}</p>')


def page(
    notebook: NotebookNode,
    name: str,
    hints: Mapping[str, Sequence[str]],
    words: Mapping[str, str],
    *,
    solutions: bool = False,
    live: bool = False,
    report: str = "about.html#found-a-mistake",
) -> NotebookNode:
    """A lesson as the site shows it.

    Parameters
    ----------
    notebook : NotebookNode
        The executed lesson; left as it is.
    name : str
        Its file name without the ending.
    hints : mapping of exercise id to its hints
    words : mapping of glossary anchor to meaning
        As from `meanings`.
    solutions : bool
        The instructors' edition: solutions and the checks' answers stay.
    live : bool
        Whether the edition that runs in the browser lies beneath the site.
    report : str
        Where a mistake is reported.

    Returns
    -------
    NotebookNode
    """
    page = NotebookNode(json.loads(json.dumps(notebook), object_hook=NotebookNode))
    cells: list[NotebookNode] = []
    seen: set[str] = set()
    top = bar(notebook, name, live, report)
    for cell in page.cells:
        cells.append(cell)
        if cell.cell_type != "code":
            cell.source = explained(boxed(cell.source), words)
            if top and re.match(r"# ", cell.source):
                first, _, rest = cell.source.partition("\n")
                cell.source, top = f"{first}\n\n{top}\n{rest}", ""
            continue
        check = CHECK.search(cell.source)
        checks = check or "check" in cell.metadata.get("tags", [])
        if not solutions and (is_exercise(cell) or checks):
            cell.source = HIDDEN_TESTS.sub("", SOLUTION.sub("", cell.source)).rstrip("\n")
            cell.outputs = []
        if not solutions:
            cell.source = without_guess(cell.source)
        fold(cell)
        for output in cell.outputs:
            show(output, seen)
        if found := caption(cell):  # the words inside a picture cannot be read on a phone
            cells.append(
                new_markdown_cell(
                    raw(f'<p class="finding" aria-hidden="true">{escape(found)}</p>'),
                    id=f"{cell.id}-finding",
                )
            )
        if check and hints.get(check[1]):
            cells.append(new_markdown_cell(folded_hints(hints[check[1]]), id=f"{cell.id}-hints"))
    page.cells = cells
    page.metadata.setdefault("language_info", {"name": "python"})  # for the colours of the code
    return page


# --- pages beside the lessons --------------------------------------------------------------------


def homes(notebooks: Mapping[str, NotebookNode]) -> dict[tuple[str, str], str]:
    """The first lesson that holds the verdict on (claim, part)."""
    found: dict[tuple[str, str], str] = {}
    for name, notebook in notebooks.items():
        for verdict in verdicts(notebook):
            found.setdefault((verdict["claim"], verdict["part"]), name)
    return found


def used(notebooks: Mapping[str, NotebookNode]) -> dict[str, list[str]]:
    """The lessons that load each data set."""
    found: dict[str, list[str]] = {}
    for name, notebook in notebooks.items():
        for data_set in dict.fromkeys(
            DATA_SET.findall("\n".join(cell.source for cell in notebook.cells))
        ):
            found.setdefault(data_set, []).append(name)
    return found


def ways(live: bool) -> str:
    """How the lessons can be had: one line."""
    run = (
        "run them in the browser (nothing is installed; the first visit fetches about 65 MB and "
        "takes half a minute; for trying, not for graded work), "
    )
    return f"Read them here, {run * live}or [install them](downloads.md) to keep your work."


def lessons(notebooks: Mapping[str, NotebookNode]) -> str:
    """The lessons with their minutes."""
    rows = [
        f"| [{title(notebook)}]({name}.ipynb) | {' + '.join(map(str, minutes(notebook)))} |"
        for name, notebook in notebooks.items()
    ]
    return "\n".join(["| Lesson | Minutes: reading + exercises |", "|---|---|", *rows])


def downloads(titles: Mapping[str, str]) -> str:
    """The lessons, each alone, to be taken along."""
    items = "".join(
        f'<li><a href="download/{name}.ipynb" download>{escape(heading)}</a></li>'
        for name, heading in titles.items()
    )
    return raw(f"<ul>{items}</ul>")


def board(
    register: Iterable[Mapping],
    judged: Iterable[Mapping],
    homes: Mapping[tuple[str, str], str],
    titles: Mapping[str, str],
) -> str:
    """The board: every part of every claim with its verdict, leading to the verdict's box.

    Parameters
    ----------
    register : iterable of claims
        As in `data/claims.toml`.
    judged : iterable of verdicts
        As in `data/verdicts.json`.
    homes : mapping of (claim, part) to the name of the lesson that holds the verdict
    titles : mapping of lesson name to its title

    Returns
    -------
    str
        An HTML table.
    """
    found = {(v["claim"], v["part"]): v for v in judged}
    rows = []
    for claim in register:
        for part in claim["part"]:
            key = claim["id"], part.get("name", "")
            verdict, home = found.get(key, {}), homes.get(key)
            mark = f"pill mark-{slug(conclusion(verdict))}"
            word = escape(conclusion(verdict))
            pill = (
                f'<a class="{mark}" href="{home}.html#{anchor(*key)}">{word}</a>'
                if home
                else f'<span class="{mark}">{word}</span>'
            )
            says = f" <i>{escape(part.get('says') or key[1])}</i>" if key[1] else ""
            cells = {
                "Verdict": f"{pill} {escape(scope(verdict))}",
                "Certainty": escape(verdict.get("certainty") or "-"),
                "What decides": "<br>".join(map(escape, decides(verdict))) or "-",
                "Lesson": f'<a href="{home}.html">{escape(titles[home])}</a>' if home else "-",
            }
            rows.append(
                f'<tr><th scope="row"><a href="claims.html#claim-{slug(key[0])}">'
                f"{escape(claim['text'])}</a>{says}</th>"
                + "".join(f'<td data-label="{k}">{v}</td>' for k, v in cells.items())
                + "</tr>"
            )
    heads = "".join(
        f'<th scope="col">{name}</th>'
        for name in (
            "The article says (in our words)",
            "Verdict",
            "Certainty",
            "What decides",
            "Lesson",
        )
    )
    return (
        f'<table class="board"><thead><tr>{heads}</tr></thead>'
        f"<tbody>\n{chr(10).join(rows)}\n</tbody></table>"
    )


def said(item: object) -> str:
    """One value of a register as HTML; of a table within it, the values."""
    values = item.values() if isinstance(item, Mapping) else [item]
    return linked(": ".join(str(value) for value in values if value))


def facts(entries: Mapping[str, Any], show: Callable[[Any], str] = said) -> str:
    """Keys and values as a table to read, several values as a list; empty if there is nothing."""
    rows = []
    for key, value in entries.items():
        items = [show(item) for item in (value if isinstance(value, list) else [value]) if item]
        if items:
            text = items[0] if len(items) == 1 else f"<ul><li>{'</li><li>'.join(items)}</li></ul>"
            name = escape(IN_WORDS.get(key, key.replace("_", " ")))
            rows.append(f'<tr><th scope="row">{name}</th><td>{text}</td></tr>')
    return f'<table class="card-table"><tbody>{"".join(rows)}</tbody></table>' if rows else ""


def without(entry: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """A copy of the entry that lacks these keys."""
    return {key: value for key, value in entry.items() if key not in keys}


def claims_page(
    register: Iterable[Mapping],
    searches: Mapping[str, Any],
    homes: Mapping[tuple[str, str], str],
    titles: Mapping[str, str],
    rows: Mapping[str, tuple[str, str]],
) -> str:
    """Every claim as registered, and what was looked for.

    Parameters
    ----------
    register : iterable of claims
        As in `data/claims.toml`.
    searches : mapping
        As in `data/searches.toml`: `search`, one entry a part, and what holds for all of them.
    homes, titles : mapping
        As for `board`.
    rows : mapping of a find's row to (its name, its address)
    """

    def find(item: Mapping[str, str]) -> str:
        name, address = rows.get(item.get("row", ""), (item.get("row", ""), ""))
        name = f'<a href="{escape(address)}">{escape(name)}</a>' if address else escape(name)
        return ": ".join(text for text in (name, linked(item.get("why", ""))) if text)

    text = [
        "# Claims and searches\n\nEach claim as it was registered: who, what is compared, which "
        "outcome, and how large an effect would matter. Below it, how evidence was looked for and "
        "what each find is used for. What we did not find may exist all the same.\n",
        raw(facts(without(searches, "search"))),
    ]
    for claim in register:
        text.append(f"(claim-{slug(claim['id'])})=\n## {claim['text']}\n")
        for part in claim["part"]:
            name = part.get("name", "")
            if name:
                text.append(f"### {name.capitalize()}\n")
            if home := homes.get((claim["id"], name)):
                box = f"{home}.html#{anchor(claim['id'], name)}"
                text.append(raw(f'<p>Judged in <a href="{box}">{escape(titles[home])}</a>.</p>'))
            text.append(raw(facts(without(part, "name", "lesson"))))
            for search in searches.get("search", ()):
                if (search["claim"], search.get("part", "")) == (claim["id"], name):
                    text.append("**What was looked for**\n")
                    text.append(raw(facts(without(search, "claim", "part"), find)))
        text.append(raw(facts(without(claim, "id", "text", "part", "lesson"))))
    return "\n".join(text)


def data_page(
    cards: Mapping[str, tuple[str, str]],
    used: Mapping[str, Sequence[str]],
    titles: Mapping[str, str],
) -> str:
    """Every data set's card.

    Parameters
    ----------
    cards : mapping of data set to (title, card as HTML)
    used : mapping of data set to the names of the lessons that load it
    titles : mapping of lesson name to its title
    """
    text = [
        f"# Data\n\n{len(cards)} data sets, each with where it comes from, what was done to "
        "it and what to watch for. All are in the [download](downloads.md).\n"
    ]
    for name, (heading, card) in cards.items():
        links = ", ".join(f"[{titles[lesson]}]({lesson}.ipynb)" for lesson in used.get(name, ()))
        text.append(
            f"(data-{slug(name)})=\n## {heading}\n\n`{name}`"
            + (f", used in {links}" if links else "")
            + f"\n\n{raw(tidy(card))}"
        )
    return "\n".join(text)


def key_points_page(notebooks: Mapping[str, NotebookNode], words: Mapping[str, str]) -> str:
    """The key points of all lessons."""
    parts = [
        f"## [{title(nb)}]({name}.ipynb)\n\n{explained(points, words)}\n"
        for name, nb in notebooks.items()
        if (points := section(nb, "Key points"))
    ]
    return "\n".join(["# Key points\n\nWhat each lesson leaves behind.\n", *parts])


def guide_page(guide: str, stems: Iterable[str], source: str = "") -> str:
    """The instructor guide, its links for the site.

    Links inside the page follow GitHub's rule and get JupyterLab's, as all headings of the site.
    A file of the repository is linked at `source` if that is known, and else only named.
    """
    own = {
        re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-"): jupyter_slug(h)
        for h in re.findall(r"^#+ +(.+?) *$", guide, re.M)
    }
    known = set(stems)

    def link(found: re.Match) -> str:
        words, target = found[1], found[2]
        if re.match(r"[a-z]+:", target):
            return found[0]
        if target.startswith("#"):
            return f"[{words}](<#{own.get(target[1:], target[1:])}>)"
        name = target.removeprefix("notebooks/")
        if name.removesuffix(".ipynb") in known or name.startswith("glossary.md"):
            return f"[{words}]({name})"
        return f"[{words}]({source}/{target})" if source else words

    return re.sub(r"\[([^\]]+)\]\(([^)\s]+)\)", link, guide)
