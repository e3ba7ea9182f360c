"""Write data/datapackage.json from register.toml and the data files.

Usage: python data/build/register.py [--check | --draft FILE]

Descriptions come from register.toml; n, events, person-time, sha256 and bytes come from the files,
so the register cannot say anything about a file that is not in it. Every file is looked at first
(separator, columns, codes), then held against its whole description by frictionless; what is wrong
is said in one sentence with a remedy. --draft prints the lines of register.toml that a new file
needs; they are a start, to be corrected by hand.
"""

import argparse
import difflib
import hashlib
import io
import json
import re
import tomllib
from pathlib import Path

import pandas as pd
from build import OUTPUTS, write_atomically

HERE = Path(__file__).resolve().parent
DATA = HERE.parent
TARGET = DATA / "datapackage.json"
COPIED = ["title", "description", "unit_of_n", "time_unit", "licence_note", "citation"]
COPIED += ["original_source", "preprocessing", "known_problems"]
# What an entry may leave out: enough for one's own data, too little for data of others.
UNSAID = {
    "folder": "individual",
    "n": "rows",
    "unit_of_n": "rows",
    "licences": ["unstated"],
    "citation": [{"text": "Unpublished"}],
    "original_source": {"table": "own data"},
    "preprocessing": "Not written down.",
    "known_problems": ["Nobody has written down what to watch for."],
}
UNSTATED = {"name": "unstated", "title": "No licence stated: not to be passed on"}
DATE = re.compile(r"\d{4}-\d\d-\d\d|\d\d?[./]\d\d?[./]\d{4}")


def look_at_form(path: str, fields: dict) -> str | None:
    """Is it plain CSV, as the project keeps it? One sentence with its remedy, or None."""
    content, file = (DATA / path).read_bytes(), f"data/{path}"
    try:
        text, encoding = content.decode("utf-8-sig"), "utf-8-sig"
    except UnicodeDecodeError:
        text, encoding = content.decode("cp1252", errors="replace"), "cp1252"
    header, *_ = text.splitlines() or [""]
    separator = max(",;\t", key=header.count)
    cells = pd.read_csv(io.StringIO(text), sep=separator, dtype=str, keep_default_na=False)
    numbers = [c for c in cells if fields.get(c, {}).get("type") != "string"]
    comma = any(cells[c].str.fullmatch(r"-?\d+,\d+").any() for c in numbers)
    form = [
        (encoding == "cp1252", "is not UTF-8"),
        (content.startswith(b"\xef\xbb\xbf"), "begins with a byte-order mark"),
        (b"\r" in content, "has Windows line ends"),
        (separator != ",", f"separates its columns with {separator!r}"),
        (comma, "writes decimals with a comma"),
        ((cells == "NA").any(axis=None), "writes NA where a cell should be empty"),
    ]
    if not any(seen for seen, _ in form):
        return None
    read = f"{file!r}, sep={separator!r}, decimal={',' if comma else '.'!r}"
    return (
        f"{file} {' and '.join(words for seen, words in form if seen)}. Rewrite it: "
        f"import pandas as pd; pd.read_csv({read}, encoding={encoding!r})"
        f".convert_dtypes().to_csv({file!r}, index=False, lineterminator='\\n')"
    )


def look(path: str, fields: dict) -> str | None:
    """What a person would see first in a raw file: one sentence with its remedy, or None."""
    if said := look_at_form(path, fields):
        return said
    file = f"data/{path}"
    cells = pd.read_csv(DATA / path, dtype=str, keep_default_na=False)
    unknown = [c for c in cells if c not in fields]
    if lacking := [c for c in fields if c not in cells]:
        near = difflib.get_close_matches(lacking[0], unknown or [""], n=1, cutoff=0)[0]
        return f"{file} lacks the column {lacking[0]!r}" + (
            f" and has one called {near!r}, which register.toml does not know. If they are the "
            f"same: {rewrite(file, f'data = data.rename(columns={{{near!r}: {lacking[0]!r}}})')}"
            if near
            else f". It has: {', '.join(cells)}. Take {lacking[0]!r} out of register.toml"
        )
    if unknown:
        return (
            f"{file} has a column {unknown[0]!r} that register.toml does not know. Describe it in "
            "its [resource.fields], or drop it: "
            + rewrite(file, f"data = data.drop(columns={unknown[0]!r})")
        )
    return next((said for c in cells if (said := look_at_cells(file, cells[c], fields[c]))), None)


def look_at_cells(file: str, cells: pd.Series, described: dict) -> str | None:
    """Codes, dates and words where the column's description has none: one sentence, or None."""
    column, filled = cells.name, cells[cells != ""]
    allowed = [str(value) for value in described.get("enum", [])]
    if allowed and not filled.isin(allowed).all():
        other = filled[~filled.isin(allowed)]
        remedy = f"Change the cells, or add {other.iloc[0]!r} to the column's enum"
        if allowed == ["0", "1"] and set(filled) <= {"1", "2"}:
            remedy = "If 2 is the event: " + rewrite(file, f"data[{column!r}] -= 1")
        elif other.iloc[0].strip() in allowed:
            remedy = rewrite(file, f"data[{column!r}] = data[{column!r}].str.strip()")
        return (
            f"{file}, column {column!r}, row {other.index[0]}: it holds {other.iloc[0]!r}; "
            f"register.toml allows {', '.join(allowed)}. {remedy}"
        )
    if described["type"] == "string":
        return None
    wrong = filled[pd.to_numeric(filled, errors="coerce").isna()]
    if wrong.empty:
        return None
    remedy = f"Empty the cell or correct it, or call the column a string: type of {column!r}"
    if DATE.match(wrong.iloc[0]):
        remedy = (
            "A time is a number; from two dates, in months: (pd.to_datetime(data['end']) - "
            "pd.to_datetime(data['start'])).dt.days / 30.4375"
        )
    return (
        f"{file}, column {column!r}, row {wrong.index[0]}: it holds {wrong.iloc[0]!r}, "
        f"which is not of type {described['type']}. {remedy}"
    )


def rewrite(file: str, change: str) -> str:
    """One line of Python that changes a file."""
    return (
        f"import pandas as pd; data = pd.read_csv({file!r}).convert_dtypes(); {change}; "
        f"data.to_csv({file!r}, index=False, lineterminator='\\n')"
    )


def broken_rules(made: dict) -> list[str]:
    """What frictionless finds against the descriptions, one line for each cell."""
    from frictionless import Package

    package = Package.from_descriptor(made, basepath=str(DATA))
    lines = []
    for entry in package.resources:
        errors = entry.validate().flatten(["rowNumber", "fieldName", "message"])
        for row, column, message in errors:
            place = f", column {column!r}, row {row - 2}" if row else ""
            lines.append(f"data/{entry.path}{place}: {message}")
    return lines


def draft(path: Path) -> str:
    """The lines of register.toml that describe a file, as far as the file itself says it."""
    name = path.resolve().relative_to(DATA)
    if said := look_at_form(name.as_posix(), {}):
        raise SystemExit(said)
    data = pd.read_csv(path).convert_dtypes()
    lines = ["[[resource]]", f'name = "{name.stem}"', f'folder = "{name.parent}"']
    lines += ['title = "..."', 'description = "One row is ..."', "[resource.fields]"]
    for column, cells in data.items():
        kind = {"i": "integer", "f": "number", "b": "string"}.get(cells.dtype.kind, "string")
        parts, codes = [f'type = "{kind}"', 'description = "..."'], set(cells.dropna())
        if kind == "integer" and codes <= {0, 1}:
            parts.append("enum = [0, 1]")
        elif kind == "integer" and codes == {1, 2}:
            lines.append(
                "# 1 and 2: if 2 is the event, recode the file to 0 and 1 before it is used"
            )
        if cells.isna().any():
            parts.append("missing = true")
        lines.append(f"{json.dumps(column)} = {{ {', '.join(parts)} }}")
    return "\n" + "\n".join(lines)


def count(data: pd.DataFrame, rule: str) -> int | float:
    """Apply a counting rule: rows, unique <column> or sum <expression>, [where <query>]."""
    what, _, where = rule.partition(" where ")
    chosen = data.query(where) if where else data
    if what == "rows":
        return len(chosen)
    verb, expression = what.split(" ", 1)
    values = chosen.eval(expression)
    result = float(values.nunique() if verb == "unique" else values.sum())
    return int(result) if result.is_integer() else round(result, 2)


def field(name: str, described: dict) -> dict:
    """One field of the schema."""
    made = {"name": name, "type": described["type"], "description": described["description"]}
    if "unit" in described:
        made["unit"] = described["unit"]
    constraints = {"required": not described.get("missing", False)}
    for key in ("enum", "minimum", "unique"):
        if key in described:
            constraints[key] = described[key]
    if described.get("ordered"):
        made["categories"], made["categoriesOrdered"] = described["enum"], True
    if "codes" in described:
        made["codes"] = described["codes"]
    return made | {"constraints": constraints}


def resource(given: dict, licences: dict, raw: bool = True) -> dict:
    """One resource, with everything that is counted from its file; raw: look at the file first."""
    described = UNSAID | given
    path = f"{described['folder']}/{described['name']}.csv"
    if not (DATA / path).is_file():
        raise SystemExit(f"data/{path} is missing. Put it there, or take it out of register.toml")
    if raw and (said := look(path, described["fields"])):
        raise SystemExit(said)
    content = (DATA / path).read_bytes()
    data = pd.read_csv(DATA / path, keep_default_na=False, na_values=[""])
    try:
        n = count(data, described["n"])
        events = [
            {
                "event": e["event"],
                "count": count(data, e["count"]),
                "of": n if e.get("of_n") else None,
            }
            for e in described.get("events", [])
        ]
    except (ValueError, SyntaxError, NameError) as error:
        raise SystemExit(
            f"register.toml, {described['name']!r}: a counting rule cannot be applied ({error}). "
            "Rules: rows | unique <column> | sum <column>, each with 'where <condition>'"
        ) from error
    made = {"name": described["name"], "path": path, "profile": "tabular-data-resource"}
    made |= {"format": "csv", "mediatype": "text/csv", "encoding": "utf-8"}
    made |= {key: described.get(key) for key in COPIED if key in described}
    made |= {"time_unit": described.get("time_unit"), "n": n, "events": events or None}
    if "person_time" in described:
        amount = count(data, described["person_time"]["amount"])
        made["person_time"] = {"amount": amount, "unit": described["person_time"]["unit"]}
    made["licenses"] = [licences[key] for key in described["licences"]]
    made |= {"hash": f"sha256:{hashlib.sha256(content).hexdigest()}", "bytes": len(content)}
    fields = [field(name, value) for name, value in described["fields"].items()]
    made["schema"] = {"fields": fields, "missingValues": [""]}
    return made


def register(raw: bool = True) -> dict:
    """The whole data package."""
    text = tomllib.loads((HERE / "register.toml").read_text(encoding="utf-8"))
    licences = text["licences"] | {"unstated": UNSTATED}
    resources = [resource(described, licences, raw) for described in text.get("resource", [])]
    paths = [entry["path"] for entry in resources]
    files = {f"{file.parent.name}/{file.name}" for file in DATA.glob("[ip]*/*.csv")}
    if unknown := sorted(files - set(paths)):
        raise SystemExit(
            f"data/{unknown[0]} is not in register.toml. Begin with: "
            f"python data/build/register.py --draft data/{unknown[0]} >> data/build/register.toml"
        )
    from_package = {f"data/{r['path']}" for r in resources if "package" in r["original_source"]}
    built = {name for name in OUTPUTS if name.startswith("data/")}
    if from_package != built:
        raise SystemExit(f"build.py and register.toml disagree on {sorted(from_package ^ built)}")
    head = {key: text[key] for key in ("name", "title", "description")}
    return {"profile": "tabular-data-package"} | head | {"resources": resources}


def differences(made: dict, kept: dict) -> list[str]:
    """What no longer agrees with the files: 'data/<path>: <keys>', one line for each file."""
    old = {entry["path"]: entry for entry in kept.get("resources", [])}
    new = {entry["path"]: entry for entry in made["resources"]}
    lines = [f"data/{path}: not registered" for path in new.keys() - old.keys()]
    lines += [
        f"data/{path}: registered, but not in register.toml" for path in old.keys() - new.keys()
    ]
    for path in new.keys() & old.keys():
        now, then = new[path], old[path]
        keys = [key for key in now | then if now.get(key) != then.get(key)]
        lines += [f"data/{path}: {', '.join(keys)}"] if keys else []
    return sorted(lines)


def main(arguments: list[str] | None = None) -> int:
    """Write the register, or check it; return 1 when it is out of date or a rule is broken."""
    parser = argparse.ArgumentParser(description="Write data/datapackage.json.")
    parser.add_argument("--check", action="store_true", help="compare with the committed register")
    parser.add_argument("--draft", type=Path, help="print a first description of this file")
    given = parser.parse_args(arguments)
    if given.draft:
        print(draft(given.draft))
        return 0
    made = register(raw=not given.check)
    content = (json.dumps(made, indent=1, ensure_ascii=False) + "\n").encode("utf-8")
    if given.check:
        if TARGET.read_bytes() == content:
            return 0
        print("data/datapackage.json is out of date: run python data/build/register.py")
        print(*differences(made, json.loads(TARGET.read_bytes())), sep="\n")
        return 1
    if broken := broken_rules(made):
        print(*broken, sep="\n")
        print("Nothing was written. Correct the cells, or the rules in register.toml")
        return 1
    write_atomically(TARGET, content)
    print(f"data/datapackage.json describes {len(made['resources'])} files")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
