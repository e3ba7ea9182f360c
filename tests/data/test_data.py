"""The data register is valid and true, and the files hold what their sources print."""

import hashlib
import importlib.util
import json
import re
import tomllib
from pathlib import Path
from statistics import NormalDist

import numpy as np
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
        assert not given.str.contains(r"brum.beds|jakechampion|utm_|//\d+\.\d+").any()


@each_resource
def test_limits_enclose_their_estimate(resource):
    data = read(resource["name"])
    if "ci_low" not in data or resource["name"].startswith("hnscc"):
        return
    columns = {"hr", "sir", "rate_ratio", "odds_ratio", "estimate", "value", "risk_pct"} & set(data)
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


def test_leukemia_after_a_transplant():
    data = read("bmt_leukemia")
    assert len(data) == 137 and data["id"].is_unique
    assert data["disease"].value_counts().to_dict() == {
        "AML low risk": 54,
        "AML high risk": 45,
        "ALL": 38,
    }
    ends = data[["relapse", "relapse_or_death", "death", "acute_gvhd", "chronic_gvhd"]].sum()
    assert ends.to_list() == [42, 83, 81, 26, 61]
    assert (data["relapse"] <= data["relapse_or_death"]).all()
    assert (data["relapse_free_days"] <= data["death_days"]).all()
    for kind in ("acute_gvhd", "chronic_gvhd"):
        never = data[data[kind] == 0]
        assert (never[f"{kind}_days"] == never["death_days"]).all()
    late = data[(data["chronic_gvhd"] == 1) & (data["chronic_gvhd_days"] > data["death_days"])]
    assert late["chronic_gvhd_days"].to_list() == [200]


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
    assert len(data) == 25
    assert (data["level"].isna() == data["ci_low"].isna()).all()
    assert set(data.loc[data["level"] == 99, "trial"]) == {"SELECT"}
    wins, challenge = (data[data["trial"] == name].iloc[0] for name in ("WINS", "CHALLENGE"))
    arms = ["events_intervention", "n_intervention", "events_control", "n_control"]
    assert wins[arms].to_list() == [96, 975, 181, 1462] and 96 + 181 == 277
    assert challenge[arms].to_list() == [93, 445, 131, 444] and 93 + 131 == 224
    success = data[data["trial"] == "SUCCESS-C"]
    assert success["hr"].to_list() == [0.99, 0.35, 0.53, 0.91]
    assert success["n_intervention"].iloc[1] + success["n_control"].iloc[1] == 1146
    assert (success["comparison"] == "as randomised").to_list() == [True, False, False, True]
    sums = data.groupby("trial")[arms].sum()
    assert sums.loc["LISA"].to_list() == [22, 171, 30, 167] and 171 + 167 == 338
    assert sums.loc["Exercise for Health", ["n_intervention", "n_control"]].sum() == 337
    assert sums.loc["ATBC", ["n_intervention", "n_control"]].to_list() == [29124, 29142]
    assert data.loc[data["trial"] == "ATBC", "events_intervention"].to_list() == [474, 99]
    select = data[data["trial"] == "SELECT"]
    assert select["n_intervention"].sum() + 8696 == 34887 and (select["n_control"] == 8696).all()
    immune = read("immunotherapy_trial_arms")
    assert immune.loc[0, ["events_treatment", "events_control"]].sum() == 473
    assert immune.loc[1, ["n_treatment", "n_control"]].sum() == 1019
    printed = [0.61, 1.33, 0.63, 0.86, 0.44, 1.024, 0.87, 0.85, 0.67]
    assert immune["estimate"].dropna().to_list() == printed
    shelley = immune.set_index("trial").loc["Shelley 2001"]
    assert shelley[["n_treatment", "n_control"]].sum() == 585
    log = np.log(shelley[["estimate", "ci_low", "ci_high"]].astype(float))
    assert log.to_list() == pytest.approx([-0.83, -1.08, -0.57], abs=0.015)


def test_left_over_cancer():
    traces = read("ctdna_mrd_recurrence_counts")
    assert traces.loc[:1, ["n", "recurred"]].sum().to_list() == [178, 27]
    assert traces.loc[traces["study"] == "Murray 2020", "n"].sum() == 181
    sparano = traces[traces["study"] == "Sparano 2018"]
    assert sparano[["n", "recurred"]].sum().to_list() == [353, 23]
    rate = 100 * sparano["recurred"] / sparano["person_years"]
    assert rate.round(1).to_list() == [21.4, 2.0]
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
    ratios = read("antiviral_recurrence_ratios").query("study == 'Huang 2015'")
    assert ratios.set_index("outcome")["estimate"].to_dict() == {
        "recurrence": 0.651,
        "early recurrence": 0.949,
        "late recurrence": 0.348,
    }
    free = read("antiviral_after_liver_resection").groupby(["study", "arm"])["free_pct"].apply(list)
    assert free["Huang 2015", "adefovir"] == [85.0, 50.3, 46.1]
    assert free["Huang 2018", "none"] == [32.3]
    smoked = read("sg1964_lungcancer")
    assert smoked[["deaths_smoked", "deaths_others"]].sum().to_list() == [1833, 400]
    assert (smoked["person_years_smoked"] > smoked["deaths_smoked"]).all()


def test_second_breast_cancer():
    trials = read("tamoxifen_trials_contralateral_counts")
    first_nine = trials[trials["provenance"] == "as reported"]
    assert first_nine.select_dtypes("number").sum().to_list() == [5914, 97, 5900, 140]
    assert trials.select_dtypes("number").sum().to_list() == [6191, 114, 6187, 175]
    clonality = read("cbc_clonality_studies").query("poolable == 1")
    assert clonality[["pairs", "clonally_related"]].sum().to_list() == [88, 7]
    kramer = read("cbc_10y_observed").iloc[0]
    assert kramer[["women", "cases", "risk_pct"]].to_list() == [83144, 2816, 3.8]
    receptors = read("wecare_receptor_by_receptor")
    by = receptors.groupby("first_by")[["contralateral_cases", "unilateral_controls"]].sum()
    assert (by.loc["both receptors"] == by.loc["estrogen receptor"]).all()
    tamoxifen = read("tamoxifen_trial_second_malignancy")
    assert tamoxifen.groupby("arm")["second_malignancies"].sum().to_list() == [28, 34]
    assert tamoxifen["person_years_second"].sum() == pytest.approx(3400.4, abs=0.25)
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
    site = read("hn_excess_by_site_morris2011").set_index("second_site").iloc[:, 0]
    assert site.drop("all solid").sum() == pytest.approx(site["all solid"])
    smoking = read("hn_second_primary_by_smoking")
    assert smoking["risk_15_years_pct"].to_list() == [25, 14, 23, 35, 32]
    assert smoking.loc[0, ["people", "second_primaries"]].to_list() == [1512, 130]


def test_quitting_after_diagnosis():
    relapse = read("postdx_relapse")
    assert relapse["hr"].dropna().to_list() == [0.70, 0.989, 1.86, 1.26, 0.59, 0.64, 2.08, 3.6]
    assert relapse["kind"].value_counts().to_dict() == {"pooled by its authors": 4, "one study": 7}
    death = read("meta_postdx_quit_vs_continue_os")
    assert len(death) == 9 and (death["hr"] < 1).all()
    tao = read("tao2013_counts").groupby("comparison")[["n", "deaths", "person_years"]].sum()
    smoked = tao.loc["people who smoked at diagnosis, by smoking afterwards"].to_list()
    everybody = read("tao2013_counts").query("group == 'smoked at diagnosis'")
    assert smoked[:2] == everybody[["n", "deaths"]].iloc[0].to_list() == [747, 491]


def test_figures():
    data = read("figures").set_index("id")
    assert data.index.is_unique
    claims = tomllib.loads((DATA / "claims.toml").read_text(encoding="utf-8"))["claim"]
    assert set(data["claim"]) <= {claim["id"] for claim in claims}
    assert data.loc[data["provenance"] == "worked out by us", "note"].notna().all()
    # two abstracts whose authors were not on the page read: the study is named by its journal
    names = data.loc[["j-clin-oncol-tumor-dna-2022-1", "gastroenterology-2016-1"], "study"]
    assert not names.str.contains("et al").any()
    heiden = data[data["study"].str.startswith("Heiden")].set_index("outcome")["estimate"]
    assert heiden["disease-free survival"] == 0.989


@pytest.mark.parametrize(
    ("row", "field", "given"),
    [
        ("spei-2019-1", "n", None),
        ("holleczek-2019-1", "n", None),
        ("davies-2011-1", ["ci_low", "ci_high"], [0.48, 0.57]),
        ("davies-2011-2", ["ci_low", "ci_high"], [0.60, 0.78]),
        ("davies-2011-3", "estimate", 0.97),
        ("davies-2011-4", ["estimate", "ci_low", "ci_high"], [0.94, 0.79, 1.12]),
        ("davies-2013-3", ["estimate", "ci_low", "ci_high"], [0.90, 0.79, 1.02]),
        ("eggermont-2024-1", ["estimate", "ci_low", "ci_high"], [0.63, 0.53, 0.74]),
        ("moertel-1995-2", "estimate", 2),
        ("moertel-1995-3", "estimate", 33),
        ("success-c-2018-1", "estimate", 0.99),
        ("success-c-2018-4", ["estimate", "ci_low", "ci_high"], [0.91, 0.70, 1.18]),
        ("mcgale-2025-1", "estimate", 15813),
        ("mcgale-2025-4", "comparator", "general population, expected 1.3%"),
        ("zhou-2014-1", "n", None),
        ("sheikh-2021-3", "outcome", "progression or death"),
        ("allen-2024-5", "provenance", "abstract or table"),
        ("hartman-2008-6", "provenance", "abstract or table"),
        ("storm-jensen-1986-5", "provenance", "abstract or table"),
        ("langballe-2018-1", "n", 68466),
        ("roach-2016-1", "provenance", "abstract or table"),
        ("isufi-2025-3", "outcome", "recurrence of the earlier cancer"),
    ],
)
def test_corrected_rows(row, field, given):
    found = read("figures").set_index("id").loc[row, field]
    if given is None:
        assert pd.isna(found)
    else:
        assert (found.to_list() if isinstance(field, list) else found) == given


Z = NormalDist().inv_cdf(0.975)


@pytest.mark.parametrize(
    ("row", "p"),
    [
        ("success-c-2018-4", 0.48),
        ("postoperative-radiotherapy-2010-1", 0.0006),
        ("tanaka-2025-1", 0.004),
        ("roach-2016-2", 0.23),
    ],
)
def test_intervals_worked_out_from_a_p_value(row, p):
    found = read("figures").set_index("id").loc[row]
    assert found["provenance"] == "worked out by us"
    log = np.log(found["estimate"])
    if row == "roach-2016-2":
        log = np.log(np.log(0.55) / np.log(0.75))
    half = Z * abs(log) / NormalDist().inv_cdf(1 - p / 2)
    limits = np.exp([log - half, log + half])
    assert found[["estimate", "ci_low", "ci_high"]].to_list() == pytest.approx(
        [np.exp(log), *limits], abs=0.006
    )


@pytest.mark.parametrize(
    ("row", "minuend", "subtrahend"),
    [
        ("eggermont-2022-2", (55.4, 50.8, 59.8), (38.3, 33.9, 42.7)),
        ("eggermont-2024-3", (50, 46, 55), (36, 32, 41)),
        ("profiles-2014-3", (39, 4619), (21, 2040)),
    ],
)
def test_differences_worked_out_from_two_shares(row, minuend, subtrahend):
    def se(share, *rest):
        if len(rest) == 2:
            return (rest[1] - rest[0]) / (2 * Z)
        return (share * (100 - share) / rest[0]) ** 0.5

    found = read("figures").set_index("id").loc[row]
    middle = minuend[0] - subtrahend[0]
    half = Z * (se(*minuend) ** 2 + se(*subtrahend) ** 2) ** 0.5
    assert found[["estimate", "ci_low", "ci_high"]].to_list() == pytest.approx(
        [middle, middle - half, middle + half], abs=0.06
    )


@pytest.mark.parametrize(
    ("row", "over", "under"),
    [
        ("mack-2002-3", "mack-2002-1", "mack-2002-2"),
        ("huang-2015-5", "huang-2015-2", "huang-2015-3"),
    ],
)
def test_ratios_worked_out_from_two_ratios(row, over, under):
    rows = read("figures").set_index("id").loc[[row, over, under]]
    data = np.log(rows[["estimate", "ci_low", "ci_high"]])
    middle = data.loc[over, "estimate"] - data.loc[under, "estimate"]
    widths = data.loc[[over, under], "ci_high"] - data.loc[[over, under], "ci_low"]
    half = (widths**2).sum() ** 0.5 / 2
    assert np.exp(data.loc[row]).to_list() == pytest.approx(
        np.exp([middle, middle - half, middle + half]), abs=0.05
    )


def test_searches_name_rows_claims_and_parts_that_exist():
    text = tomllib.loads((DATA / "searches.toml").read_text(encoding="utf-8"))
    claims = tomllib.loads((DATA / "claims.toml").read_text(encoding="utf-8"))["claim"]
    assert {search["claim"] for search in text["search"]} == {claim["id"] for claim in claims}
    rows = set(read("figures")["id"]) | {resource["name"] for resource in RESOURCES}
    for search in text["search"]:
        finds = {use: search.get(use, []) for use in ("line", "context", "left_out", "not_found")}
        assert set(search) <= {"claim", "part", *finds}
        for find in (find for group in finds.values() for find in group):
            assert find["why"] and (find["row"] in rows or find["row"] == ""), (search, find)
        assert all(find["row"] for use in ("line", "context") for find in finds[use])
        names = [find["row"] for group in finds.values() for find in group if find["row"]]
        assert len(names) == len(set(names)), search["claim"]


def test_lines_of_a_verdict_can_be_cited():
    text = tomllib.loads((DATA / "searches.toml").read_text(encoding="utf-8"))
    lines = {find["row"] for search in text["search"] for find in search.get("line", [])}
    cited = read("figures").set_index("id")[["doi", "url"]]
    assert cited[cited.index.isin(lines)].notna().any(axis=1).all()
