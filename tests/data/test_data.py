"""The data register is valid and true, and the files hold what their sources print."""

import hashlib
import importlib.util
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from frictionless import Package, validate

ROOT = Path(__file__).resolve().parents[2]
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
    files = {
        p.relative_to(DATA).as_posix()
        for f in ("individual", "published")
        for p in (DATA / f).iterdir()
    }
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
    for key in (
        "title",
        "description",
        "unit_of_n",
        "citation",
        "licenses",
        "original_source",
        "preprocessing",
        "known_problems",
        "n",
    ):
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
        url = data.get("url", "")
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
        if "package" not in source:
            continue
        assert f"data/{resource['path']}" in build.OUTPUTS
        if source["package"] == build.DEB_PACKAGE:
            assert source["version"] == build.DEB_VERSION
            assert build.OUTPUTS[f"data/{resource['path']}"] in build.FROM_DEBIAN
        elif source["package"] != "statsmodels":
            assert f"{source['package']}=={source['version']} " in pins
    installed = build.to_bytes(build.china_smoking(Path()))
    assert installed == (DATA / "published" / "china_smoking.csv").read_bytes()


def test_files_from_debian_are_skipped_in_words_where_tools_lack(build, monkeypatch, tmp_path):
    monkeypatch.delenv("TCGA_DEB", raising=False)
    monkeypatch.setattr(build.shutil, "which", lambda tool: None if tool == "Rscript" else tool)
    assert build.export_tcga(tmp_path) == "Rscript not found"
    monkeypatch.setattr(build.shutil, "which", lambda tool: tool)
    other = tmp_path / "other.deb"
    other.write_bytes(b"another version")
    monkeypatch.setenv("TCGA_DEB", str(other))
    with pytest.raises(SystemExit, match="is not r-bioc-tcgabiolinks"):
        build.export_tcga(tmp_path)


@pytest.fixture(scope="module")
def data_copy(tmp_path_factory):
    """A private copy of the folder data, with the scripts that check it."""
    folder = tmp_path_factory.mktemp("copy") / "data"
    shutil.copytree(DATA, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def test_every_file_with_one_changed_digit_is_named_by_the_check(data_copy):
    for resource in RESOURCES:
        file = data_copy / resource["path"]
        content = file.read_bytes()
        place = max(content.rfind(str(digit).encode()) for digit in range(10))
        swapped = b"1" if content[place : place + 1] != b"1" else b"2"
        file.write_bytes(content[:place] + swapped + content[place + 1 :])
    command = [sys.executable, str(data_copy / "build" / "register.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    named = {line.split(":")[0] for line in done.stdout.splitlines()[1:]}
    assert named == {f"data/{resource['path']}" for resource in RESOURCES}


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
        "placebo": 48,
        "thiotepa": 38,
        "pyridoxine": 32,
    }
    assert data["status"].value_counts().to_dict() == {0: 76, 1: 189, 2: 2, 3: 27}
    assert data.loc[data["status"] == 1, "id"].nunique() == 62
    counted = (data["status"] == 1).groupby(data["id"]).sum()
    assert (counted.to_numpy() == people["recur"].to_numpy()).all()
    assert data.loc[data["start"] >= data["stop"], "id"].to_list() == [1, 49]


def test_rotterdam():
    data = read("rotterdam_breast")
    days = pd.read_csv(ROOT / "tests" / "r" / "values" / "rotterdam_days.csv")
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


def test_gbsg():
    data = read("gbsg_breast")
    assert len(data) == 686 and data["pid"].is_unique and data["recurrence_or_death"].sum() == 299
    assert data["meno"].value_counts().to_dict() == {"post": 396, "pre": 290}
    assert data["hormon"].sum() == 246 and data["nodes"].min() == 1
    shared = {"pid", "age", "meno", "size", "grade", "nodes", "pgr", "er", "hormon"}
    assert shared <= set(data) & set(read("rotterdam_breast"))


def test_wilms():
    data = read("nwtco_wilms")
    assert len(data) == 4028 and data["id"].is_unique and data["relapse"].sum() == 571
    assert data["stage"].value_counts().sort_index().to_list() == [1572, 1052, 944, 460]
    assert (data["histology_central"] == "unfavorable").sum() == 459
    assert (data["histology_central"] != data["histology_local"]).sum() == 205
    assert data["in_subcohort"].sum() == 668
    share = data.groupby("histology_central")["relapse"].mean()
    assert share["unfavorable"] > 3 * share["favorable"]


def test_liver_cancer():
    data = read("hcc_asaur")
    assert len(data) == 227 and data[["relapse_or_death", "death"]].sum().to_list() == [143, 97]
    died = data[data["death"] == 1]
    assert (died["relapse_or_death"] == 1).all()
    assert (died["rfs_months"] == died["os_months"]).sum() == 26
    assert (data["rfs_months"] <= data["os_months"]).all()
    cells = [name for name in data if name.endswith("tumor")]
    assert len(cells) == 12 and (data[cells].isna().sum() == 126).all()
    counted = data["cd8_tumor"].notna()
    assert data.loc[counted, "relapse_or_death"].sum() == 65
    assert data.groupby(counted)["rfs_months"].mean().round(1).to_list() == [32.2, 19.0]


def test_returning_to_smoking():
    data = read("pharmacosmoking")
    assert len(data) == 125 and data["id"].is_unique and data["relapse"].sum() == 89
    assert data["treatment"].value_counts().to_dict() == {"patch only": 64, "combination": 61}
    assert ((data["days"] == 0) & (data["relapse"] == 1)).sum() == 12
    assert (data.loc[data["relapse"] == 0, "days"] == 182).all()


def test_interferon():
    data = read("e1684_interferon")
    assert len(data) == 284 and data["relapse_or_death"].sum() == 196
    assert data["treatment"].value_counts().to_dict() == {"interferon": 144, "control": 140}
    assert data.groupby("treatment")["relapse_or_death"].sum().to_list() == [105, 91]
    assert abs(data["age_centred"].mean()) < 1e-12 and data["relapse_years"].max() < 10


def test_sarcoma():
    data = read("tcga_sarc")
    assert data["id"].to_list() == list(range(1, 207))
    assert data[["new_tumor_event", "relapse_or_death", "death"]].sum().to_list() == [98, 123, 78]
    margins = data["residual_tumor"].value_counts().to_dict()
    assert margins == {"R0": 127, "R1": 55, "RX": 16, "R2": 8}
    clear = data[data["residual_tumor"] == "R0"]
    assert clear[["new_tumor_event", "relapse_or_death"]].sum().to_list() == [54, 64]
    event = data["new_tumor_event"] == 1
    assert (data["new_tumor_event_days"].notna() == event).all()
    assert (data["rfs_days"] == data["new_tumor_event_days"].fillna(data["os_days"])).all()
    assert (data["relapse_or_death"] == (event | (data["death"] == 1))).all()
    found = data[["local_recurrence", "distant_recurrence", "new_primary"]]
    assert found.sum().to_list() == [47, 73, 6]
    for name in found:
        assert (data[f"{name}_days"].notna() == (data[name] == 1)).all()
    assert (found.any(axis=1) & ~event).sum() == 4
    recorded = data[[f"{name}_days" for name in found]].min(axis=1)
    assert (event & (recorded != data["new_tumor_event_days"])).sum() == 7


def test_melanoma_specimens():
    data = read("tcga_skcm")
    assert len(data) == 333 and data["id"].nunique() == 331
    twice = data[data["id"].duplicated(keep=False)]
    assert sorted(twice["second_specimen"]) == [0, 0, 1, 1] and data["second_specimen"].sum() == 2
    usable = data.dropna(subset=["lymphocyte_score", "days_from_specimen", "melanoma_death"])
    assert len(usable) == 281 and usable["id"].is_unique and usable["melanoma_death"].sum() == 113
    assert data["lymphocyte_score"].dropna().between(0, 6).all()
    assert (data["days_from_specimen"] > data["days_from_diagnosis"]).sum() == 4
    assert (data["days_from_specimen"] == 0).sum() == 10
    assert ((data["death"] == 0) & (data["melanoma_death"] == 1)).sum() == 1
    assert ((data["death"] == 1) & (data["melanoma_death"] == 0)).sum() == 9


def test_nobody_can_be_looked_up_by_a_barcode():
    for name in ("tcga_sarc", "tcga_skcm"):
        assert "TCGA-" not in (DATA / "individual" / f"{name}.csv").read_text(encoding="utf-8")


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
    for name, people, relapses in (
        ("lung_relapse_by_smoking", 1129, 347),
        ("lung_relapse_by_time_since_quitting", 139, 60),
    ):
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


def test_other_grouped_follow_up():
    liver, smoking = read("liver_relapse_by_alcohol"), read("tcga_smoking_followup")
    assert liver.loc[liver["month_from"] == 0, "at_risk"].sum() == 226
    assert liver[["relapses", "deaths_without_relapse"]].sum().to_list() == [111, 20]
    assert smoking.groupby("endpoint")["events"].sum().to_list() == [993, 958]
    start = smoking[smoking["month_from"] == 0]
    assert start.groupby("endpoint")["at_risk"].sum().to_list() == [2547, 2549]
    for data, ways in (
        (liver, ["relapses", "deaths_without_relapse", "censored"]),
        (smoking, ["events", "censored"]),
    ):
        keys = ("cohort", "alcohol", "hepatitis", "endpoint", "smoking", "stage")
        group = [column for column in data if column in keys]
        following = data.groupby(group)["at_risk"].shift(-1).fillna(0)
        assert (data["at_risk"] - data[ways].sum(axis=1) == following).all()
        longest = (data["month_to"] - data["month_from"]) * data["at_risk"]
        assert (data["person_months"] <= longest.fillna(float("inf")) + 0.05).all()


def test_trials():
    data = read("lifestyle_and_supplement_rcts")
    assert len(data) == 15
    assert (data["level"].isna() == data["ci_low"].isna()).all()
    assert set(data.loc[data["level"] == 99, "trial"]) == {"SELECT"}
    wins, challenge = (data[data["trial"] == name].iloc[0] for name in ("WINS", "CHALLENGE"))
    arms = ["events_intervention", "n_intervention", "events_control", "n_control"]
    assert wins[arms].to_list() == [96, 975, 181, 1462] and 96 + 181 == 277
    assert challenge[arms].to_list() == [93, 445, 131, 444] and 93 + 131 == 224
    success = data[data["trial"] == "SUCCESS-C"]
    assert success["hr"].to_list() == [0.99, 0.35, 0.53]
    assert success["n_intervention"].iloc[1] + success["n_control"].iloc[1] == 1146
    assert (success["comparison"] == "as randomised").to_list() == [True, False, False]
    assert data.loc[data["trial"] == "ATBC", "events_intervention"].to_list() == [474, 99]
    select = data[data["trial"] == "SELECT"]
    assert select["n_intervention"].sum() + 8696 == 34887 and (select["n_control"] == 8696).all()
    immune = read("immunotherapy_trial_arms")
    assert immune["doi"].notna().all()
    assert immune.loc[0, ["events_treatment", "events_control"]].sum() == 473
    assert immune.loc[1, ["n_treatment", "n_control"]].sum() == 1019
    assert immune["estimate"].dropna().to_list() == [0.61, 1.33]


def test_left_over_cancer():
    traces = read("ctdna_mrd_recurrence_counts")
    assert traces.loc[:1, ["n", "recurred"]].sum().to_list() == [178, 27]
    assert traces.loc[traces["study"] == "Murray 2020", "n"].sum() == 181
    late = read("breast_distant_recurrence_5_20y_pan2017")
    assert late["risk_years_5_to_20_pct"].to_list() == [13, 20, 34, 19, 26, 41]
    pathways = read("pathways_lifestyle_score_events")
    events = pathways.groupby(["outcome", "adjusted_for"])["events"].sum()
    assert events["recurrence"].to_dict() == {"age": 176, "all": 152}
    assert events["death from any cause", "age"] == 290
    assert events["death from breast cancer", "age"] == 80
    transplant = read("transplant_sir")
    assert transplant["cases"].dropna().to_list() == [10656, 1504]
    assert transplant["study"].value_counts().to_dict() == {"Wang 2018": 16, "Engels 2011": 2}


def test_liver_tables_keep_what_was_printed():
    data = read("bmcgastro2022_abstinence")
    assert data[["liver_cancer", "no_liver_cancer"]].sum().to_list() == [1097, 2429]
    hbv = data[data["cause"] == "alcohol and hepatitis B"]
    assert hbv["odds_ratio"].dropna().to_list() == [0.10, 0.01, 0.01]
    odds = hbv["liver_cancer"] / hbv["no_liver_cancer"]
    assert (odds / odds.iloc[0]).round(2).to_list() == [1, 0.33, 0.17, 0.07]
    assert (read("ckb_men_liver_cancer")["hr"]).to_list() == [1, 1.24, 0.86, 1.07]
    smoked = read("sg1964_lungcancer")
    assert smoked[["deaths_smoked", "deaths_others"]].sum().to_list() == [1833, 400]
    assert (smoked["person_years_smoked"] > smoked["deaths_smoked"]).all()


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
        56237,
        1840,
    ]
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
    assert data["id"].is_unique and len(data) == 398
    assert data["read_in"].isin(["primary page", "secondary copy"]).all()
    heiden = data[data["study"].str.startswith("Heiden")].set_index("outcome")["estimate"]
    assert heiden["disease-free survival"] == 0.989
