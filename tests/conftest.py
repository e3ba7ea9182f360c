"""Shared by the tests: reference values from R, and the tables they were computed from."""

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tools.lessons import environment

os.environ.update(environment())
REFERENCE = Path(__file__).parent / "r" / "values"


def numbers(value: object) -> np.ndarray:
    """R's numbers as floats: null and "NaN" are NaN, "Inf" infinite; matrices keep their shape."""
    if isinstance(value, dict) and "values_colmajor" in value:
        flat = value["values_colmajor"]
        return numbers(flat).reshape(value["dim"], order="F")
    if isinstance(value, dict):
        return numbers(value["values"])
    special = {None: np.nan, "NaN": np.nan, "NA": np.nan, "Inf": np.inf, "-Inf": -np.inf}

    def one(item: object) -> object:
        if isinstance(item, list):
            return [one(i) for i in item]
        return special[item] if item is None or isinstance(item, str) else item

    return np.atleast_1d(np.array(one(value), dtype=float))


@pytest.fixture(scope="session")
def reference():
    """reference("lung")["km_all"]: the value R gave for that call."""

    def read(name: str) -> dict:
        results = json.loads((REFERENCE / f"{name}.json").read_text(encoding="utf-8"))["results"]
        return {key: entry["value"] for key, entry in results.items()}

    return read


def agree(ours: object, theirs: object, tolerance: float = 1e-10) -> None:
    """Assert that two arrays agree, NaN included."""
    np.testing.assert_allclose(
        np.asarray(ours, dtype=float),
        numbers(theirs),
        rtol=tolerance,
        atol=tolerance,
        equal_nan=True,
    )


@pytest.fixture(scope="session")
def lung() -> pd.DataFrame:
    """survival::lung, sex coded 1/2 as in R."""
    from utils import load

    table = load("lung_ncctg")
    return table.assign(sex=table["sex"].astype(str).map({"male": 1, "female": 2}))


@pytest.fixture(scope="session")
def colon() -> dict[str, pd.DataFrame]:
    """survival::colon by outcome, with R's numeric codes where its calls use them."""
    from utils import load

    table = load("colon_adjuvant")
    table["sex"] = (table["sex"].astype(str) == "male").astype(int)
    table["surg"] = (table["surg"].astype(str) == "long").astype(int)
    return {"both": table} | dict(iter(table.groupby("outcome", observed=True)))


@pytest.fixture(scope="session")
def rotterdam() -> pd.DataFrame:
    """survival::rotterdam with its times in days, as R used them."""
    from utils import load

    table = load("rotterdam_breast").merge(pd.read_csv(REFERENCE / "rotterdam_days.csv"), on="pid")
    table["meno"] = (table["meno"].astype(str) == "post").astype(int)
    table["rfs"] = table[["recurrence", "death"]].max(axis=1)
    table["rfstime"] = table["rtime"].where(table["recurrence"] == 1, table["dtime"])
    table["cause"] = table["recurrence"].where(table["recurrence"] == 1, 2 * table["death"])
    return table


@pytest.fixture(scope="session")
def bladder() -> pd.DataFrame:
    """survival::bladder1 without the rows that have no follow-up."""
    from utils import load

    table = load("bladder1_recurrence").query("stop > start").copy()
    table["rec"] = (table["status"] == 1).astype(int)
    table["pyr"] = (table["treatment"].astype(str) == "pyridoxine").astype(int)
    table["thio"] = (table["treatment"].astype(str) == "thiotepa").astype(int)
    table["gap"] = table["stop"] - table["start"]
    table["nth"] = table.groupby("id").cumcount() + 1
    return table
