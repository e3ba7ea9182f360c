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
from pathlib import Path

from tools import students
from tools.lessons import LESSONS, ROOT, paths, read, report_to, stored, title, words_of
from tools.site import pages
from tools.site.slugs import slug
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


def finds(cards: dict[str, tuple[str, str]]) -> dict[str, tuple[str, str]]:
    """What a search's row is called, and where it is: a published figure, or a data set here."""
    here = {name: (heading, f"data.html#data-{slug(name)}") for name, (heading, _) in cards.items()}
    figures = datasets.load("figures")
    words = figures.assign(year=figures["year"].astype("Int64")).astype(str)
    words = words.where(figures.notna(), "")
    return here | {
        row.id: (
            row.study if row.year in row.study else f"{row.study}, {row.year}",
            f"https://doi.org/{row.doi}" if row.doi else row.url,
        )
        for row in words.itertuples()
    }


def student_edition() -> tuple[bytes, str]:
    """The student edition as a zip, and the page of instructions in it."""
    with tempfile.TemporaryDirectory() as folder:
        path = students.make_zip(Path(folder, ZIP))
        with zipfile.ZipFile(path) as archive:
            page = next(name for name in archive.namelist() if name.endswith("/INSTRUCTIONS.txt"))
            return path.read_bytes(), archive.read(page).decode()


def text(name: str) -> str:
    """A text file of the repository."""
    return (ROOT / name).read_text(encoding="utf-8").rstrip("\n")


def sources(solutions: bool = False, live: bool = False) -> dict[str, bytes]:
    """Every file Sphinx is given, by its path."""
    notebooks = {path.stem: read(path) for path in paths()}
    titles = {name: title(nb) for name, nb in notebooks.items()}
    glossary = (LESSONS / "glossary.md").read_text(encoding="utf-8")
    words = pages.meanings(glossary)
    register = toml(DATA / "claims.toml")["claim"]
    judged = json.loads((DATA / "verdicts.json").read_text(encoding="utf-8"))
    searches = toml(DATA / "searches.toml")
    homes, used = pages.homes(notebooks), pages.used(notebooks)
    cards = {
        name: (card.resource["title"], card._repr_html_())
        for name in datasets.names()
        if (card := datasets.card(name))
    }
    urls = project().get("urls", {})
    zipped, instructions = student_edition()
    filled = {
        "box": next((box for nb in notebooks.values() if (box := pages.box(nb))), ""),
        "board": pages.raw(pages.board(register, judged, homes, titles)),
        "ways": pages.ways(live),
        "lessons": pages.lessons(notebooks),
        "stems": "\n".join(notebooks),
        "version": project()["version"],
        "report": report_to().partition("** ")[2],
        "citation": text("CITATION.cff"),
        "licence": text("LICENSE"),
        "zip": pages.raw(f'<p><a href="download/{ZIP}" download>Student edition (zip)</a></p>'),
        "instructions": instructions.partition("\n")[2],
        "notebooks": pages.downloads(titles),
    }
    texts = {
        "keypoints.md": pages.key_points_page(notebooks, words),
        "glossary.md": glossary,
        "claims.md": pages.claims_page(register, searches, homes, titles, finds(cards)),
        "data.md": pages.data_page(cards, used, titles),
        "teach.md": pages.guide_page(text("INSTRUCTORS.md"), notebooks, urls.get("Source", "")),
    } | {
        path.name: string.Template(path.read_text(encoding="utf-8")).substitute(filled)
        for path in (HERE / "words").glob("*.md")
    }
    files = {name: content.encode() for name, content in texts.items()}
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
