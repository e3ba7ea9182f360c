"""Loading and describing data: what comes back, and every documented error."""

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
    """A private copy of the register and the data in a Git folder, in place of the real ones."""
    folder = tmp_path / "data"
    shutil.copytree(datasets.DATA, folder)
    (tmp_path / ".git").mkdir()
    monkeypatch.setattr(datasets, "DATA", folder)
    return folder


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
        ("bmt_leukemia", "relapse"),
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
    with pytest.raises(ValueError, match="'LUNG_NCCTG'.*Did you mean 'lung_ncctg'"):
        datasets.load("LUNG_NCCTG")
    with pytest.raises(ValueError, match=r"No data set is called \['zzz'\]"):
        datasets.load(["zzz"])
    with pytest.raises(ValueError, match="No data set is called 'zzz'. datasets.names()"):
        show("zzz")
    with pytest.raises(ValueError, match="No data set is called"):
        show(["colon"])


def test_missing_file_is_named(copy):
    (copy / "individual" / "lung_ncctg.csv").unlink()
    with pytest.raises(ValueError, match="data/individual/lung_ncctg.csv is missing.*git checkout"):
        datasets.load("lung_ncctg")


def test_missing_register_is_named(copy):
    (copy / "datapackage.json").unlink()
    with pytest.raises(ValueError, match="datapackage.json is missing.*git checkout"):
        datasets.names()


@pytest.mark.parametrize("content", [b"{", b"\xff", b"[["])
def test_an_unreadable_register_is_named_with_its_remedy(content, copy):
    (copy / "datapackage.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"data/datapackage\.json.*git checkout -- data/data"):
        datasets.names()


def one_digit(file: Path) -> None:
    """Change the last digit of a file."""
    content = file.read_bytes()
    place = max(content.rfind(str(digit).encode()) for digit in range(10))
    swapped = b"1" if content[place : place + 1] != b"1" else b"2"
    file.write_bytes(content[:place] + swapped + content[place + 1 :])


def test_one_changed_digit_is_noticed_in_every_file(copy):
    for name in NAMES:
        path = datasets.card(name).resource["path"]
        one_digit(copy / path)
        with pytest.raises(ValueError, match=f"data/{path}"):
            datasets.load(name)


def test_a_changed_file_has_both_remedies(copy):
    """Git gets the old file back, the register keeps the new one: it may be a day's own work."""
    one_digit(copy / "individual" / "lung_ncctg.csv")
    with pytest.raises(ValueError) as caught:
        datasets.load("lung_ncctg")
    said = str(caught.value)
    assert "python data/build/register.py" in said
    assert "git checkout -- data/individual/lung_ncctg.csv" in said
    # in a student's folder there is neither Git nor data/build
    shutil.rmtree(copy / "build")
    (copy.parent / ".git").rmdir()
    with pytest.raises(ValueError) as caught:
        datasets.load("lung_ncctg")
    assert "register.py" not in str(caught.value) and "git" not in str(caught.value)


def test_windows_line_ends_are_noticed(copy):
    file = copy / "published" / "china_smoking.csv"
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    with pytest.raises(ValueError, match=r"published/china_smoking\.csv"):
        datasets.load("china_smoking")


def test_a_search_says_where_it_was_looked_and_what_each_find_is_for():
    found = datasets.searches("exercise")
    assert list(found) == ["part", "use", "row", "why"]
    assert found.attrs["where"] and "2026-11-25" in found.attrs["when"]
    use = found.set_index("row")["use"]
    assert use["courneya-start-2014-1"] == "line" and use["spei-2019-1"] == "context"
    assert (found["use"] == "not found").any()
    parts = datasets.searches("weak-after")["part"].unique()
    assert list(parts) == ["weakness", "immunity"]


def test_a_claim_without_a_search_is_named():
    with pytest.raises(ValueError, match=r"'exercises'.* exercise,"):
        datasets.searches("exercises")


def test_the_register_that_is_tested_is_the_projects_own():
    root = Path(__file__).resolve().parents[2]
    assert root / "data" == datasets.DATA
    package = json.loads((root / "data" / "datapackage.json").read_text(encoding="utf-8"))
    assert [resource["name"] for resource in package["resources"]] == NAMES


def test_utils_without_its_data_says_where_they_should_be(tmp_path):
    (tmp_path / "utils").mkdir()
    source = (datasets.DATA.parent / "utils" / "__init__.py").read_text(encoding="utf-8")
    (tmp_path / "utils" / "__init__.py").write_text(source, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", "import utils"], cwd=tmp_path, text=True, capture_output=True
    )
    assert "ImportError" in done.stderr and "make setup" in done.stderr
