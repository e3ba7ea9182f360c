"""Write data/datapackage.json from register.toml and the data files.

Usage: python data/build/register.py [--check]

Descriptions come from register.toml; n, events, person-time, sha256 and bytes come from the files,
so the register cannot say anything about a file that is not in it.
"""

import argparse
import hashlib
import json
import tomllib
from pathlib import Path

import pandas as pd
from build import OUTPUTS, write_atomically

HERE = Path(__file__).resolve().parent
DATA = HERE.parent
TARGET = DATA / "datapackage.json"
COPIED = ["title", "description", "unit_of_n", "time_unit", "licence_note", "citation"]
COPIED += ["original_source", "preprocessing", "known_problems"]


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


def resource(described: dict, licences: dict) -> dict:
    """One resource, with everything that is counted from its file."""
    path = f"{described['folder']}/{described['name']}.csv"
    content = (DATA / path).read_bytes()
    data = pd.read_csv(DATA / path, keep_default_na=False, na_values=[""])
    n = count(data, described["n"])
    events = [
        {"event": e["event"], "count": count(data, e["count"]), "of": n if e.get("of_n") else None}
        for e in described.get("events", [])
    ]
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


def register() -> dict:
    """The whole data package."""
    text = tomllib.loads((HERE / "register.toml").read_text(encoding="utf-8"))
    resources = [resource(described, text["licences"]) for described in text["resource"]]
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
    """Write the register, or check it; return 1 when it is out of date."""
    parser = argparse.ArgumentParser(description="Write data/datapackage.json.")
    parser.add_argument("--check", action="store_true", help="compare with the committed register")
    check = parser.parse_args(arguments).check
    made = register()
    content = (json.dumps(made, indent=1, ensure_ascii=False) + "\n").encode("utf-8")
    if not check:
        write_atomically(TARGET, content)
    elif TARGET.read_bytes() != content:
        print("data/datapackage.json is out of date: run python data/build/register.py")
        print(*differences(made, json.loads(TARGET.read_bytes())), sep="\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
