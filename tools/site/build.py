"""Build the site from the executed lessons. Nothing is executed.

python -m tools.site.build OUT [--solutions] [--live FOLDER]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import string
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from html import escape
from pathlib import Path

from tools import students
from tools.lessons import LESSONS, ROOT, minutes, paths, read, report_to, stored, title, words_of
from tools.site import pages
from utils import DATA, datasets

HERE = Path(__file__).resolve().parent
PYTHON = ROOT / ".venv-site" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
ZIP = "tumor-recurrence-lessons.zip"


def toml(path: Path) -> dict:
    """A TOML file's content; nothing if it is not there."""
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def project() -> dict:
    """What pyproject.toml says of the project."""
    return toml(ROOT / "pyproject.toml")["project"]


def hints(path: Path) -> dict[str, list[str]]:
    """The hints of a lesson's exercises."""
    exercises = toml(words_of(path)).get("exercise", {})
    return {name: entry.get("hints", []) for name, entry in exercises.items()}


def about() -> str:
    """What this is, where to report a mistake, how to cite it, and the licences."""
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    licence = (ROOT / "LICENSE").read_text(encoding="utf-8")
    return (
        f"# About\n\nVersion {project()['version']}. The pages are made from the executed lessons; "
        "every number on them was computed there and is compared again by the tests.\n\n"
        f"## Found a mistake?\n\n{report_to()} A number, a word that hurts, a link that leads "
        f"nowhere: all are welcome.\n\n## Citing\n\n```yaml\n{citation}```\n\n"
        f"## Licences\n\n```text\n{licence}```\n"
    )


def student_edition() -> tuple[bytes, str]:
    """The student edition as a zip, and the page of instructions in it."""
    with tempfile.TemporaryDirectory() as folder:
        path = students.make_zip(Path(folder, ZIP))
        with zipfile.ZipFile(path) as archive:
            page = next(name for name in archive.namelist() if name.endswith("/INSTRUCTIONS.txt"))
            return path.read_bytes(), archive.read(page).decode()


def downloads(titles: dict[str, str], instructions: str) -> str:
    """What can be taken along, and the instructions of the student edition."""
    items = "".join(
        f'<li><a href="download/{name}.ipynb" download>{escape(title)}</a></li>'
        for name, title in titles.items()
    )
    zipped = f'<p><a href="download/{ZIP}" download>Student edition (zip)</a></p>'
    return (
        "# Downloads\n\nThe student edition holds everything: lessons without solutions, data, "
        f"library, and one page of instructions.\n\n{pages.raw(zipped)}\n"
        f"```text\n{instructions}```\n\n## Single lessons\n\nA lesson alone can be read anywhere; "
        f"to run it you need the student edition around it.\n\n{pages.raw(f'<ul>{items}</ul>')}"
    )


def sources(solutions: bool = False, live: bool = False) -> dict[str, bytes]:
    """Every file Sphinx is given, by its path."""
    notebooks = {path.stem: read(path) for path in paths()}
    titles = {name: title(nb) for name, nb in notebooks.items()}
    glossary = (LESSONS / "glossary.md").read_text(encoding="utf-8")
    words = pages.meanings(glossary)
    register = toml(DATA / "claims.toml")["claim"]
    judged = json.loads((DATA / "verdicts.json").read_text(encoding="utf-8"))
    searches = toml(DATA / "searches.toml")
    homes: dict[tuple[str, str], str] = {}
    for name, notebook in notebooks.items():
        for verdict in pages.verdicts(notebook):
            homes.setdefault((verdict["claim"], verdict["part"]), name)
    used: dict[str, list[str]] = {}
    for name, notebook in notebooks.items():
        for found in pages.DATA_SET.findall("\n".join(c.source for c in notebook.cells)):
            if name not in used.setdefault(found, []):
                used[found].append(name)
    cards = {
        name: (card.resource["title"], card._repr_html_())
        for name in datasets.names()
        if (card := datasets.card(name))
    }
    urls = project().get("urls", {})
    zipped, instructions = student_edition()
    run = (
        "run them in the browser (nothing is installed; the first visit fetches about 65 MB "
        "and takes half a minute; for trying, not for graded work), "
        if live
        else ""
    )
    rows = [
        f"| [{titles[name]}]({name}.ipynb) | {' + '.join(map(str, minutes(nb)))} |"
        for name, nb in notebooks.items()
    ]
    front = string.Template((HERE / "index.md").read_text(encoding="utf-8")).substitute(
        box=next((box for nb in notebooks.values() if (box := pages.box(nb))), ""),
        board=pages.raw(pages.board(register, judged, homes, titles)),
        ways=f"Read them here, {run}or [install them](downloads.md) to keep your work.",
        lessons="\n".join(["| Lesson | Minutes: reading + exercises |", "|---|---|", *rows]),
        stems="\n".join(notebooks),
    )
    texts = {
        "index.md": front,
        "keypoints.md": pages.key_points_page(notebooks, words),
        "glossary.md": glossary,
        "claims.md": pages.claims_page(register, searches, homes, titles),
        "data.md": pages.data_page(cards, used, titles),
        "downloads.md": downloads(titles, instructions),
        "teach.md": pages.guide_page(
            (ROOT / "INSTRUCTORS.md").read_text(encoding="utf-8"),
            notebooks,
            urls.get("Source", ""),
        ),
        "about.md": about(),
    }
    files = {name: text.encode() for name, text in texts.items()}
    for path in paths():
        files[path.name] = stored(
            pages.page(
                notebooks[path.stem],
                path.stem,
                hints(path),
                words,
                solutions=solutions,
                live=live,
                report=urls.get("Issues", "about.html#found-a-mistake"),
            )
        )
    files |= {f"_extra/download/{name}": content for name, content in students.edition().items()}
    files[f"_extra/download/{ZIP}"] = zipped
    return files


def build(out: Path, solutions: bool = False, live: Path | None = None) -> None:
    """Write the site to a folder; what was there before is replaced.

    Raises
    ------
    SystemExit
        If the site's environment is missing, or if Sphinx warns or fails.
    """
    if not PYTHON.is_file():
        raise SystemExit("The site's environment .venv-site is missing. Run: make site")
    out = out.resolve()
    with tempfile.TemporaryDirectory() as folder:  # sources and doctrees stay out of `out`
        source = Path(folder, "source")
        for name, content in sources(solutions, live is not None).items():
            path = source / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        drawn = Path(folder, "site")
        command = [str(PYTHON), "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html"]
        command += ["-c", str(HERE), "-d", str(Path(folder, "doctrees"))]
        command += ["-D", f"html_extra_path={source / '_extra'}", str(source), str(drawn)]
        done = subprocess.run(command, cwd=ROOT, check=False)
        if done.returncode:
            raise SystemExit("The site was not built; Sphinx says why above.")
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(drawn, out)
    if live:
        shutil.copytree(live, out / "lite")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tools.site.build",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--solutions", action="store_true", help="the instructors' edition")
    parser.add_argument("--live", type=Path, help="folder of the edition that runs in a browser")
    chosen = parser.parse_args(arguments)
    build(chosen.out, chosen.solutions, chosen.live)
    print(f"  {chosen.out / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
