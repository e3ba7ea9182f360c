"""The registered claims and their parts, from `data/claims.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from utils import DATA


def content(path: Path, parse: Callable[[str], Any]) -> Any:
    """The parsed content of a file in data/; what cannot be read is an error with a remedy."""
    try:
        return parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(
            f"data/{path.name} cannot be read ({error}). "
            f"Get it back with: git checkout -- data/{path.name}"
        ) from error


@cache
def register(path: Path = DATA / "claims.toml") -> dict[str, dict]:
    """The registered claims by id, in the article's order."""
    return {claim["id"]: claim for claim in content(path, tomllib.loads)["claim"]}


def claim(name: str) -> pd.DataFrame:
    """What is registered for a claim.

    Parameters
    ----------
    name : str
        Id of the claim, such as "exercise".

    Returns
    -------
    DataFrame
        One column a part; rows type, who, exposure, outcome, margin or threshold, ...

    Raises
    ------
    ValueError
        For a claim that is not registered.
    """
    hidden = ("name", "amended")
    return pd.DataFrame(
        {
            part.get("name", "registered"): {
                key: " to ".join(map(str, value)) if isinstance(value, list) else value
                for key, value in part.items()
                if key not in hidden
            }
            for part in find(name)["part"]
        }
    ).fillna("")


def amendments() -> pd.DataFrame:
    """Every change of the register after it was first written.

    Returns
    -------
    DataFrame
        One row a change: claim, part, date, what, why.
    """
    return pd.DataFrame(
        [
            {"claim": name, "part": part.get("name", ""), **change}
            for name, entry in register().items()
            for part in entry["part"]
            for change in part.get("amended", [])
        ]
    )


def overview() -> pd.DataFrame:
    """The map of the claims.

    Returns
    -------
    DataFrame
        One row a claim, numbered from 1: claim (its id), lesson (or lessons), says (in our
        words), type.
    """
    return pd.DataFrame(
        [
            {
                "claim": name,
                "lesson": ", ".join(dict.fromkeys(part["lesson"] for part in entry["part"])),
                "says": entry["text"],
                "type": " and ".join(dict.fromkeys(part["type"] for part in entry["part"])),
            }
            for name, entry in register().items()
        ],
        index=pd.RangeIndex(1, len(register()) + 1),
    )


def find(name: str) -> dict:
    """A registered claim; ValueError names those there are."""
    if name not in register():
        raise ValueError(f"no claim {name!r}; the claims are {', '.join(register())}")
    return register()[name]


def find_part(name: str, part: str | None) -> dict:
    """A part of a registered claim; ValueError names those there are."""
    parts = find(name)["part"]
    if part is None and len(parts) == 1:
        return parts[0]
    for candidate in parts:
        if part is not None and candidate.get("name") == part:
            return candidate
    raise ValueError(f"claim {name!r} has the parts {[p.get('name') for p in parts]}: name one")
