"""Load the project's data, checked against the register, and show where they come from."""

import difflib
import hashlib
import html
import json
from dataclasses import dataclass
from io import BytesIO

import pandas as pd

from utils import DATA


def names() -> list[str]:
    """Names of all data sets, in the order of the register.

    Returns
    -------
    list of str
    """
    return [resource["name"] for resource in _resources()]


def load(name: str) -> pd.DataFrame:
    """Load a data set and check that it is the one described in the register.

    Parameters
    ----------
    name : str
        One of `names()`.

    Returns
    -------
    pandas.DataFrame
        Columns as in `card(name)`. Events are integers 0/1. Integer columns with missing values
        are float. Columns whose values have an order (size, grade, bands) are ordered categories;
        all other text is plain text.

    Raises
    ------
    ValueError
        For an unknown name, a missing or changed file, a missing or unknown column, and a value
        that the register does not allow; the message names file, column, row and remedy.
    """
    resource = _find(name)
    text = pd.read_csv(BytesIO(_read(resource)), dtype=str, keep_default_na=False)
    fields = resource["schema"]["fields"]
    _check_columns(text, [field["name"] for field in fields], resource)
    return pd.DataFrame({field["name"]: _column(text, field, resource) for field in fields})


def card(name: str) -> "Card":
    """Show where a data set comes from and what to watch for.

    Parameters
    ----------
    name : str
        One of `names()`.

    Returns
    -------
    Card
        Shows itself as a table in Jupyter and as plain text elsewhere.

    Raises
    ------
    ValueError
        For an unknown name.
    """
    return Card(_find(name))


@dataclass(frozen=True, repr=False)
class Card:
    """A data set's entry in the register, for reading.

    Attributes
    ----------
    resource : dict
        The entry as it stands in data/datapackage.json.
    """

    resource: dict

    def lines(self) -> list[tuple[str, str]]:
        """Label and text of every line of the card above its columns."""
        entry = self.resource
        rows = [("Rows", entry["description"])]
        rows += [("Source", text) for text in map(_citation, entry["citation"])]
        rows += [("Read from", ", ".join(entry["original_source"].values()))]
        rows += [("Size", f"{entry['n']:,} {entry['unit_of_n']}")]
        rows += [("Events", text) for text in map(_events, entry["events"] or [])]
        if "person_time" in entry:
            rows += [("Time at risk", "{amount:,} {unit}".format(**entry["person_time"]))]
        if entry["time_unit"]:
            rows += [("Time unit", entry["time_unit"])]
        rows += [("Licence", "; ".join(licence["title"] for licence in entry["licenses"]))]
        rows += [("What was done", entry["preprocessing"])]
        return rows + [("Watch out", text) for text in entry["known_problems"]]

    def columns(self) -> list[str]:
        """Name, meaning, unit and codes of every column."""
        return [_describe(field) for field in self.resource["schema"]["fields"]]

    def __repr__(self) -> str:
        lines = [f"{self.resource['title']} ({self.resource['name']})"]
        lines += [f"{label}: {text}" for label, text in self.lines()]
        return "\n".join([*lines, "Columns:", *(f"  {text}" for text in self.columns())])

    def _repr_html_(self) -> str:
        rows, before = [], ""
        for label, text in self.lines():
            shown, before = ("" if label == before else label), label
            cells = f"<th style='text-align:left;vertical-align:top'>{html.escape(shown)}</th>"
            cells += f"<td style='text-align:left'>{html.escape(text)}</td>"
            rows.append(f"<tr>{cells}</tr>")
        columns = "".join(f"<li>{html.escape(text)}</li>" for text in self.columns())
        return (
            f"<table><caption><b>{html.escape(self.resource['title'])}</b></caption>"
            f"{''.join(rows)}</table>"
            f"<details><summary>Columns</summary><ul>{columns}</ul></details>"
        )


def _resources() -> list[dict]:
    path = DATA / "datapackage.json"
    if not path.is_file():
        raise ValueError(f"The register {path} is missing. {_remedy('datapackage.json')}")
    try:
        return json.loads(path.read_text(encoding="utf-8"))["resources"]
    except ValueError as error:
        raise ValueError(
            f"The register data/{path.name} cannot be read ({error}). {_remedy(path.name)}"
        ) from error


def _find(name: str) -> dict:
    resources = {resource["name"]: resource for resource in _resources()}
    if name not in resources:
        near = difflib.get_close_matches(str(name), resources, n=1, cutoff=0.4)
        hint = f"Did you mean {near[0]!r}? " if near else ""
        raise ValueError(f"No data set is called {name!r}. {hint}datasets.names() lists them all.")
    return resources[name]


def _remedy(path: str) -> str:
    return f"Get it back with: git checkout -- data/{path}"


def _read(resource: dict) -> bytes:
    path = resource["path"]
    if not (DATA / path).is_file():
        raise ValueError(f"The file data/{path} is missing. {_remedy(path)}")
    content = (DATA / path).read_bytes()
    if f"sha256:{hashlib.sha256(content).hexdigest()}" != resource["hash"]:
        raise ValueError(
            f"The file data/{path} is not the one in the register (its sha256 differs). "
            f"{_remedy(path)}"
        )
    return content


def _check_columns(text: pd.DataFrame, expected: list[str], resource: dict) -> None:
    lacking = [f"lacks the column {name!r}" for name in expected if name not in text]
    unknown = [f"has an unknown column {name!r}" for name in text if name not in expected]
    if lacking or unknown:
        path = resource["path"]
        raise ValueError(f"data/{path} {(lacking + unknown)[0]}. {_remedy(path)}")


def _column(text: pd.DataFrame, field: dict, resource: dict) -> pd.Series:
    kind, cells = field["type"], text[field["name"]].tolist()
    parsed = {cell: _value(cell, kind) for cell in set(cells)}
    problems = {
        cell: problem for cell, value in parsed.items() if (problem := _problem(cell, value, field))
    }
    if problems:
        path = resource["path"]
        row = next(row for row, cell in enumerate(cells) if cell in problems)
        raise ValueError(
            f"data/{path}, column {field['name']!r}, row {row}: it "
            f"{problems[cells[row]]}. {_remedy(path)}"
        )
    values = [parsed[cell] for cell in cells]
    if field.get("categoriesOrdered"):
        return pd.Series(pd.Categorical(values, categories=field["categories"], ordered=True))
    if kind == "string":
        return pd.Series(values, dtype="str")
    return pd.Series(values, dtype="int64" if kind == "integer" and None not in values else float)


def _problem(cell: str, value: str | int | float | None, field: dict) -> str | None:
    """What is wrong with a cell, if anything."""
    rules = field["constraints"]
    if value is None and cell != "":
        return f"holds {cell!r}, which is not of type {field['type']}"
    if value is None:
        return "is empty" if rules["required"] else None
    if "enum" in rules and value not in rules["enum"]:
        return f"holds {cell!r}; allowed are {', '.join(map(str, rules['enum']))}"
    return None


def _value(cell: str, kind: str) -> str | int | float | None:
    if cell == "" or kind == "string":
        return cell or None
    try:
        return int(cell) if kind == "integer" else float(cell)
    except ValueError:
        return None


def _citation(citation: dict) -> str:
    return citation["text"] + (f". doi:{citation['doi']}" if "doi" in citation else "")


def _events(event: dict) -> str:
    share = f" ({event['count'] / event['of']:.0%})" if event["of"] else ""
    return f"{event['event']}: {event['count']:,}{share}"


def _describe(field: dict) -> str:
    unit = f" [{field['unit']}]" if "unit" in field else ""
    codes = field.get("codes", {})
    values = [str(value) for value in field["constraints"].get("enum", [])]
    shown = ", ".join(f"{v} = {codes[v]}" if v in codes else v for v in values)
    return f"{field['name']}: {field['description']}{unit}" + (f" ({shown})" if shown else "")
