"""Loading and describing data: what comes back, and every documented error."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from utils import datasets

NAMES = datasets.names()


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A private copy of the register and the data, used instead of the real ones."""
    folder = tmp_path / "data"
    shutil.copytree(datasets.DATA, folder)
    monkeypatch.setattr(datasets, "DATA", folder)
    return folder


def rewrite(folder: Path, path: str, old: str, new: str) -> None:
    """Change a file once, and the register's hash with it, so that later checks are reached."""
    file, register = folder / path, folder / "datapackage.json"
    content = file.read_bytes()
    assert old.encode() in content
    changed = content.replace(old.encode(), new.encode(), 1)
    file.write_bytes(changed)
    before, after = (hashlib.sha256(c).hexdigest() for c in (content, changed))
    text = register.read_text(encoding="utf-8")
    assert before in text
    register.write_text(text.replace(before, after), encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_load_gives_what_the_register_describes(name):
    data = datasets.load(name)
    resource = datasets.card(name).resource
    plain = pd.read_csv(
        datasets.DATA / resource["path"], dtype=str, keep_default_na=False, na_values=[""]
    )
    assert list(data) == [field["name"] for field in resource["schema"]["fields"]] == list(plain)
    assert isinstance(data.index, pd.RangeIndex) and len(data) == len(plain)
    for field in resource["schema"]["fields"]:
        column = data[field["name"]]
        assert (column.isna() == plain[field["name"]].isna()).all()
        if field.get("categoriesOrdered"):
            assert column.cat.ordered
            assert column.cat.categories.to_list() == field["categories"]
        elif field["type"] == "string":
            assert column.dtype == "str"
        else:
            whole = field["type"] == "integer" and column.notna().all()
            assert column.dtype == ("int64" if whole else "float64")
            assert column.equals(plain[field["name"]].astype(column.dtype))


def test_events_are_0_and_1():
    for name, column in (
        ("colon_adjuvant", "event"),
        ("rotterdam_breast", "recurrence"),
        ("rotterdam_breast", "death"),
        ("lung_ncctg", "event"),
        ("gbsg_breast", "recurrence_or_death"),
        ("nwtco_wilms", "relapse"),
        ("hcc_asaur", "relapse_or_death"),
        ("hcc_asaur", "death"),
        ("pharmacosmoking", "relapse"),
        ("tcga_sarc", "new_tumor_event"),
        ("e1684_interferon", "relapse_or_death"),
    ):
        assert sorted(datasets.load(name)[column].unique()) == [0, 1]


def test_ordered_bands_sort_as_published():
    doctors = datasets.load("british_doctors")
    bands = doctors.sort_values("cigarettes_per_day")["cigarettes_per_day"].unique()
    assert list(bands) == ["0", "1-9", "10-14", "15-19", "20-24", "25-34", "35+"]


def test_a_card_says_the_essentials_and_is_always_the_same():
    text = repr(datasets.card("colon_adjuvant"))
    assert text == repr(datasets.card("colon_adjuvant"))
    for part in (
        "929 people",
        "recurrence: 468 (50%)",
        "death: 452 (49%)",
        "Time unit: days",
        "10.1056/NEJM199002083220602",
        "Licence: GNU",
        "Watch out: Two rows a person",
        "treatment: Arm, randomised (Obs = observation",
    ):
        assert part in text, part
    assert str(Path.home()) not in text


@pytest.mark.parametrize("name", NAMES)
def test_every_card_can_be_shown(name):
    card = datasets.card(name)
    page = card._repr_html_()
    assert card.resource["title"] in repr(card)
    assert page.startswith("<table>") and page.count("<tr>") == len(card.lines())
    assert "<=" not in page


def test_data_are_found_from_any_folder(tmp_path):
    code = "from utils import datasets; print(len(datasets.load('lung_ncctg')))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "228"


@pytest.mark.parametrize("show", [datasets.load, datasets.card])
def test_unknown_name_suggests_the_nearest(show):
    with pytest.raises(ValueError, match="'colon'.*Did you mean 'colon_adjuvant'.*names()"):
        show("colon")
    with pytest.raises(ValueError, match="No data set is called 'zzz'. datasets.names()"):
        show("zzz")


def test_missing_file_is_named(copy):
    (copy / "individual" / "lung_ncctg.csv").unlink()
    with pytest.raises(ValueError, match="data/individual/lung_ncctg.csv is missing.*git checkout"):
        datasets.load("lung_ncctg")


def test_missing_register_is_named(copy):
    (copy / "datapackage.json").unlink()
    with pytest.raises(ValueError, match="datapackage.json is missing.*git checkout"):
        datasets.names()


@pytest.mark.parametrize("name", NAMES)
def test_one_changed_digit_is_noticed_in_every_file(name, copy):
    path = datasets.card(name).resource["path"]
    file = copy / path
    content = file.read_bytes()
    place = max(content.rfind(str(digit).encode()) for digit in range(10))
    swapped = b"1" if content[place : place + 1] != b"1" else b"2"
    file.write_bytes(content[:place] + swapped + content[place + 1 :])
    expected = f"data/{path}.*sha256 differs.*git checkout -- data/{path}"
    with pytest.raises(ValueError, match=expected):
        datasets.load(name)


def test_windows_line_ends_are_noticed(copy):
    file = copy / "published" / "china_smoking.csv"
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    with pytest.raises(ValueError, match="published/china_smoking.csv.*git checkout"):
        datasets.load("china_smoking")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (",sex,", ",gender,", "lacks the column 'sex'"),
        ("wt_loss\n", "wt_loss,extra\n", "has an unknown column 'extra'"),
        ("306,1,74,male", "306,2,74,male", "column 'event', row 0: it holds '2'; allowed are 0, 1"),
        ("455,1,68,male", "455,1,68,man", "column 'sex', row 1: it holds 'man'; allowed are male"),
        ("3,306,1,74", "3,x,1,74", "column 'time', row 0: it holds 'x', which is not of type int"),
        ("306,1,74", "306,1,74.5", "column 'age', row 0: it holds '74.5', which is not of type"),
        ("3,306,1,74", "3,,1,74", "column 'time', row 0: it is empty"),
        ("3,306,1,74", "3,NA,1,74", "column 'time', row 0: it holds 'NA'"),
    ],
)
def test_wrong_columns_and_codes_name_file_column_row_and_remedy(old, new, message, copy):
    path = "individual/lung_ncctg.csv"
    rewrite(copy, path, old, new)
    with pytest.raises(ValueError) as caught:
        datasets.load("lung_ncctg")
    assert str(caught.value).startswith(f"data/{path}")
    assert message in str(caught.value)
    assert str(caught.value).endswith(f"Get it back with: git checkout -- data/{path}")


def test_the_register_that_is_tested_is_the_projects_own():
    root = Path(__file__).resolve().parents[2]
    assert root / "data" == datasets.DATA
    package = json.loads((root / "data" / "datapackage.json").read_text(encoding="utf-8"))
    assert [resource["name"] for resource in package["resources"]] == NAMES
