"""Load the project's data, checked against the register, and show where they come from."""

import difflib
import hashlib
import html
import json
import tomllib
from dataclasses import dataclass
from io import BytesIO

import pandas as pd

from utils import DATA


def names() -> list[str]:
    """List all data sets, in the order of the register.

    Returns
    -------
    list of str
        Their names, as `load` takes them.
    """
    return [resource["name"] for resource in _resources()]


def load(name: str) -> pd.DataFrame:
    """Load a data set, if its file is the one in the register.

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
        For an unknown name, and for a missing or changed file; the message names the file and
        the remedies.

    Notes
    -----
    What a column may hold is checked once, when the file is registered
    (`data/build/register.py`); here the file's sha256 says that it is still that file.
    """
    resource = _find(name)
    file = BytesIO(_read(resource))
    data = pd.read_csv(file, dtype="str", keep_default_na=False, na_values=[""])
    for field in resource["schema"]["fields"]:
        column = data[field["name"]]
        if field.get("categoriesOrdered"):
            order = pd.CategoricalDtype(field["categories"], ordered=True)
            data[field["name"]] = column.astype(order)
        elif field["type"] != "string":
            whole = field["type"] == "integer" and column.notna().all()
            data[field["name"]] = column.astype("int64" if whole else "float64")
    return data


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


def searches(claim: str) -> pd.DataFrame:
    """Show how the evidence on a claim was looked for, and what each find is used for.

    Parameters
    ----------
    claim : str
        A claim's id in data/claims.toml, such as "exercise".

    Returns
    -------
    pandas.DataFrame
        One row per find: part of the claim (empty when it has one), use ("line", "context",
        "left out" or "not found"), row (an id in the table figures, or a data set's name; empty
        when nothing was found) and why. `attrs` says where and when it was looked for.

    Raises
    ------
    ValueError
        For a claim that has no search.
    """
    text = tomllib.loads((DATA / "searches.toml").read_text(encoding="utf-8"))
    finds = [
        {"part": search.get("part", ""), "use": use.replace("_", " "), **find}
        for search in text["search"]
        if search["claim"] == claim
        for use in ("line", "context", "left_out", "not_found")
        for find in search.get(use, [])
    ]
    if not finds:
        known = dict.fromkeys(search["claim"] for search in text["search"])
        raise ValueError(
            f"No search is written down for {claim!r}. There is one for: {', '.join(known)}."
        )
    table = pd.DataFrame(finds)[["part", "use", "row", "why"]]
    table.attrs = {key: text[key] for key in ("where", "when")}
    return table


@dataclass(frozen=True, repr=False)
class Card:
    """A data set's entry in the register, for reading.

    Parameters
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
    if not isinstance(name, str) or name not in resources:
        near = difflib.get_close_matches(str(name).lower(), resources, n=1, cutoff=0.4)
        hint = f"Did you mean {near[0]!r}? " if near else ""
        raise ValueError(f"No data set is called {name!r}. {hint}datasets.names() lists them all.")
    return resources[name]


def _remedy(path: str) -> str:
    if (DATA.parent / ".git").exists():
        return f"Get it back with: git checkout -- data/{path}"
    return f"Take data/{path} from a fresh copy of the lessons."


def _read(resource: dict) -> bytes:
    path = resource["path"]
    if not (DATA / path).is_file():
        raise ValueError(f"The file data/{path} is missing. {_remedy(path)}")
    content = (DATA / path).read_bytes()
    if f"sha256:{hashlib.sha256(content).hexdigest()}" != resource["hash"]:
        own = "Was it changed on purpose? Register it: python data/build/register.py\n"
        raise ValueError(
            f"The file data/{path} is not the one in the register (its sha256 differs).\n"
            f"{own if (DATA / 'build').is_dir() else ''}Was it not? {_remedy(path)}"
        )
    return content


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
