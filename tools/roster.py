"""Who handed in what, under the names that Moodle, Canvas and people give; and the grades home.

Scores go to three files: `grades.csv`, a row for everybody with points and what was left out, and
`moodle.csv` and `canvas.csv` in the columns that the two import.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tools.lessons import write

MOODLE = re.compile(r"(?P<name>.+?)_\d+_assignsubmission_(?:file|onlinetext)_?(?P<file>.*)")
CANVAS = re.compile(r"(?P<name>[^_]+?)(?:_LATE)?_(?P<id>\d+)_\d+_(?P<file>.+)")
COPY = r"(?:[ ._-]*(?:\(\d+\)|\d{1,2}|copy|kopie|copie|final|new|v\d+))*"
# The platforms' own lists are read as they are: Moodle's participants, Canvas's gradebook.
COLUMNS = {
    "id number": "id",
    "full name": "name",
    "student": "name",
    "email address": "email",
    "e-mail": "email",
    "sis login id": "email",
}
NOT_THEIRS = ("__MACOSX", ".ipynb_checkpoints")
MOODLE_COLUMNS = ("ID number", "Full name", "Email address")
CANVAS_COLUMNS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")


@dataclass
class Person:
    """Somebody on the list: the id is also the name of their folder in the course."""

    id: str
    name: str = ""
    email: str = ""
    listed: bool = False


@dataclass
class Handed:
    """A file that was handed in: by whom, for which lesson, or why it can not be taken."""

    path: Path
    student: str
    lesson: str = ""
    problem: str = ""


def composed(text: str) -> str:
    """A name in one form: an umlaut may be one letter or two, and blanks may be many."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def folder_name(name: str) -> str:
    """A name that can be a folder's: letters of any script, marks, digits and `. _ - @`.

    Raises
    ------
    ValueError
        If nothing is left of it.
    """
    kept = "".join(
        c if unicodedata.category(c)[0] in "LMN" or c in "._-@" else "_" for c in composed(name)
    )
    if not kept.strip("._-@"):
        raise ValueError(f"the name {name!r} has neither letters nor digits")
    return kept.strip("._")


def letters(name: str) -> str:
    """A name for comparing: lower case, no accents of Latin letters, letters and digits only."""
    apart = unicodedata.normalize("NFKD", name).casefold()
    bare = "".join(c for c in apart if not "\u0300" <= c <= "\u036f")
    return "".join(c for c in bare if unicodedata.category(c)[0] in "LMN")


def spellings(person: Person) -> set[str]:
    """What a platform may call somebody: id, address, 'Eva Mueller', 'Mueller, Eva'."""
    first, _, last = person.name.rpartition(" ")
    return {letters(text) for text in (person.id, person.email, person.name, last + first)} - {""}


def _fields(row: dict[str, str]) -> dict[str, str]:
    """One line of a list under our names: id, name, email."""
    given = {k.strip().lower(): composed(v or "") for k, v in row.items() if k}
    fields = {COLUMNS.get(name, name): value for name, value in given.items()}
    parts = [given.get("first name", ""), given.get("last name", given.get("surname", ""))]
    if any(parts):
        fields["name"] = composed(" ".join(parts))
    return fields


@dataclass
class Roster:
    """Everybody who should have a row, and what of theirs was left out."""

    people: dict[str, Person] = field(default_factory=dict)
    left_out: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path, wanted: bool = False) -> Roster:
        """The list in a CSV file with the columns id, name and email; empty if there is none.

        The headers of Moodle's and Canvas's own lists are understood as well.

        Raises
        ------
        ValueError
            That names the file, the column or row, and the remedy.
        """
        if not path.is_file():
            if wanted:
                raise ValueError(f"{path} is not there")
            return cls()
        text = path.read_bytes().decode("utf-8-sig", "replace")
        header = text.partition("\n")[0]
        separator = max(",;\t", key=header.count)
        people: dict[str, Person] = {}
        for number, row in enumerate(csv.DictReader(io.StringIO(text), delimiter=separator), 2):
            fields = _fields(row)
            if "id" not in fields:
                raise ValueError(
                    f"{path.name} has no column 'id': its first line should read id,name,email "
                    f"and reads {header.strip()!r}"
                )
            if not any(fields.values()) or "points possible" in fields.get("name", "").lower():
                continue
            try:
                name = folder_name(fields["id"])
            except ValueError as error:
                raise ValueError(f"{path.name}, line {number}, column id: {error}") from error
            if name in people:
                raise ValueError(
                    f"{path.name}, line {number}: id {fields['id']!r} is there twice; each needs "
                    "its own"
                )
            people[name] = Person(name, fields.get("name", ""), fields.get("email", ""), True)
        return cls(people)

    def find(self, name: str) -> str:
        """The id of whom a folder or file is named after; somebody new where nobody fits.

        Raises
        ------
        ValueError
            Where several on the list are called so, or the name can be no folder's.
        """
        fits = [p for p in self.people.values() if letters(name) in spellings(p)]
        exact = [p for p in fits if composed(name) in (p.id, p.name, p.email)]
        fits = exact or fits
        if len(fits) > 1:
            ids = ", ".join(p.id for p in fits)
            raise ValueError(f"several on the list are called so ({ids}): use the id")
        if fits:
            return fits[0].id
        new = Person(folder_name(name), composed(name))
        unlisted = any(p.listed for p in self.people.values())
        self.people[new.id] = new
        if unlisted:
            self.leave_out(new.id, "is not in students.csv (graded all the same)")
        return new.id

    def leave_out(self, student: str, reason: str) -> None:
        """Note what could not be graded, or somebody who is on no list."""
        reasons = self.left_out.setdefault(student, [])
        if reason not in reasons:
            reasons.append(reason)


def lesson_of(name: str, released: Collection[str]) -> str:
    """The released lesson that a file's name means; '' if none.

    `00_start_here (1).ipynb`, `00_start_here-Copy1.IPYNB` and a name put before it are understood.
    """
    name = unicodedata.normalize("NFC", name)
    for stem in sorted(released, key=len, reverse=True):
        if re.fullmatch(rf"(?:.*[_ ])?{re.escape(stem)}{COPY}\.ipynb", name, re.I):
            return stem
    return ""


def named(path: Path, submissions: Path) -> tuple[str, str]:
    """Whose a file is, as its folder or the platform says, and its own name."""
    first, *rest = path.relative_to(submissions).parts
    text = unicodedata.normalize("NFC", first)
    if moodle := MOODLE.fullmatch(text):
        return moodle["name"], path.name if rest else moodle["file"]
    if rest:
        return text, path.name
    if canvas := CANVAS.fullmatch(text):
        return canvas["id"] + "\0" + canvas["name"], canvas["file"]
    raise ValueError("it lies outside a student's folder: make one, named after the student")


def handed_in(submissions: Path, listed: Roster, released: Collection[str]) -> Iterator[Handed]:
    """Every file below the submissions that somebody handed in, in any folder's depth.

    Yields
    ------
    Handed
        With the student's id, and the lesson or the reason why it can not be taken.
    """
    seen: set[str] = set()
    for path in sorted(submissions.rglob("*")):
        parts = path.relative_to(submissions).parts
        hidden = any(part.startswith(".") or part in NOT_THEIRS for part in parts)
        if hidden or (path.is_dir() and path.suffix.lower() != ".ipynb"):
            continue
        if path.parent == submissions and path.suffix.lower() == ".csv":
            continue
        try:
            name, file = named(path, submissions)
            tried = name.split("\0")
            known = [p for p in listed.people if p == tried[0]]
            student = known[0] if known else listed.find(tried[-1])
        except ValueError as error:
            yield Handed(path, str(path.relative_to(submissions)), problem=str(error))
            continue
        seen.add(parts[0])
        lesson = lesson_of(file, released)
        ending = path.suffix.lower()
        problem = ""
        if ending in (".zip", ".tar", ".gz", ".7z", ".rar"):
            problem = f"{file}: it is packed: unpack it into the student's folder"
        elif ending != ".ipynb":
            continue
        elif not lesson:
            problem = f"{file}: no released lesson has this name"
        yield Handed(path, student, lesson, problem)
    for folder in sorted(p for p in submissions.iterdir() if p.is_dir()):
        if folder.name in NOT_THEIRS or folder.name.startswith("."):
            continue
        if not any(p.suffix.lower() in (".ipynb", ".zip") for p in folder.rglob("*")):
            name = unicodedata.normalize("NFC", folder.name)
            moodle = MOODLE.fullmatch(name)
            try:
                student = listed.find(moodle["name"] if moodle else name)
            except ValueError as error:
                yield Handed(folder, folder.name, problem=str(error))
                continue
            yield Handed(folder, student, problem=f"no notebook in the folder {folder.name}")


def number(value: float) -> str:
    return f"{value:g}"


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "@", "\t") else text


def table(rows: list[list[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue().encode()


def write_grades(
    course: Path,
    listed: Roster,
    got: dict[tuple[str, str], float],
    most: dict[str, float],
) -> list[Path]:
    """Write grades.csv, moodle.csv and canvas.csv: one row a student.

    In grades.csv what was not handed in, or left out, counts zero; for the platforms it is left
    blank, so that an import overwrites nothing by a zero.

    Parameters
    ----------
    course : Path
        Where to.
    listed : Roster
        Who has a row.
    got : dict
        Points by (lesson, student).
    most : dict
        The most points there are by lesson; only lessons that somebody handed in get a column.

    Returns
    -------
    list of Path
    """
    for student in {student for _, student in got} - set(listed.people):
        listed.people[student] = Person(student, student)
    tried = {lesson for lesson, _ in got}
    columns = [lesson for lesson in sorted(most) if lesson in tried]
    people = sorted(listed.people.values(), key=lambda p: (letters(p.name or p.id), p.id))
    grades = [["id", "name", "email", *columns, "points", "of", "left out"]]
    moodle = [[*MOODLE_COLUMNS, *columns]]
    most_row = ["    Points Possible", "", "", "", "", *(number(most[c]) for c in columns)]
    canvas = [[*CANVAS_COLUMNS, *columns], most_row]
    for person in people:
        points = [got.get((lesson, person.id)) for lesson in columns]
        reasons = list(listed.left_out.get(person.id, []))
        for lesson, point in zip(columns, points):
            if point is None and not any(lesson in reason for reason in reasons):
                reasons.append(f"{lesson}: nothing handed in")
        name = harmless(person.name or person.id)
        zeros = [p or 0 for p in points]
        grades.append(
            [
                person.id,
                name,
                harmless(person.email),
                *map(number, zeros),
                number(sum(zeros)),
                number(sum(most[c] for c in columns)),
                "; ".join(reasons),
            ]
        )
        cells = ["" if p is None else number(p) for p in points]
        is_number = person.id.isascii() and person.id.isdigit()
        known = person.id if person.listed else ""
        moodle.append([known, name, person.email, *cells])
        ids = [known, ""] if is_number else ["", known]
        canvas.append([name, *ids, person.email, "", *cells])
    written = []
    for file, rows in (("grades", grades), ("moodle", moodle), ("canvas", canvas)):
        path = course / f"{file}.csv"
        write(path, table(rows))
        written.append(path)
    return written
