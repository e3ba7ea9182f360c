"""The numbers of values.json once more, by utils at full precision, under the same names.

Left out: what the lessons compute without utils (lesson 08's life table, hazards from printed
percentages), and what only repeats a call that is here already.
"""

from functools import cache

import numpy as np
import pandas as pd

import utils as u

HR, RATE = ["hazard_ratio", "lower", "upper"], ["rate", "lower", "upper"]
ROW = ["at_risk", "survival", "se", "lower", "upper"]
RR, FREE = ["rate_ratio", "lower", "upper"], ["survival", "lower", "upper"]


def exp_pool(estimate, se, **how) -> pd.Series:
    return np.exp(u.pool(estimate, se, **how)[["estimate", "lower", "upper"]])


def incidence(data, time, event, at, cause=1) -> pd.Series:
    table = u.cumulative_incidence(data, time, event)
    return table[(table["cause"] == cause) & (table["time"] <= at)].iloc[-1]


def late_rate(parts) -> pd.DataFrame:
    return u.rates(parts[parts["period"] == "5-10"], "person_time", "recurrence", per=100)[RATE]


def rows(table, n) -> tuple[pd.Series, pd.Series]:
    return table["log_ratio"].iloc[:n], table["se"].iloc[:n]


def tamoxifen() -> tuple[pd.Series, pd.Series]:
    data = u.load("tamoxifen_trials_contralateral_counts")
    a, n = data["tamoxifen_contralateral"], data["tamoxifen_n"]
    c, m = data["control_contralateral"], data["control_n"]
    return np.log((a / n) / (c / m)), np.sqrt(1 / a - 1 / n + 1 / c - 1 / m)


def challenge() -> pd.DataFrame:
    row = u.load("lifestyle_and_supplement_rcts").set_index("trial").loc["CHALLENGE"]
    a, n, c, m = (int(row[f"{what}_{group}"]) for group in ("intervention", "control")
                  for what in ("events", "n"))
    return u.two_by_two(a, n - a, c, m - c)


# ---- the data ----

@cache
def colon(outcome: str = "recurrence") -> pd.DataFrame:
    both = u.load("colon_adjuvant")
    both["years"] = both["time"] / 365.25
    wide = both[both["outcome"] == "recurrence"].merge(
        both.loc[both["outcome"] == "death", ["id", "years", "event"]], on="id",
        suffixes=("", "_death"))
    wide["first"] = wide["event"].where(wide["event"] == 1, 2 * wide["event_death"])
    wide["exit"] = wide["years"].where(wide["event"] == 1, wide["years_death"])
    wide["either"] = wide[["event", "event_death"]].max(axis=1)
    return wide if outcome == "recurrence" else both[both["outcome"] == outcome]


def arm(name: str) -> pd.DataFrame:
    return colon()[colon()["treatment"] == name]


@cache
def sarcoma() -> pd.DataFrame:
    data = u.load("tcga_sarc")
    data = data[data["residual_tumor"].isin(["R0", "R1"])].copy()
    data["years"], data["r1"] = data["rfs_days"] / 365.25, (data["residual_tumor"] == "R1") * 1
    return data.assign(relapse=data["new_tumor_event"] * (1 - data["new_primary"]))


@cache
def women() -> pd.DataFrame:
    data = u.load("rotterdam_breast")
    data["years"], data["positive"] = data["recurrence_months"] / 12, (data["er"] >= 10) * 1
    relapsed = data["recurrence"] == 1
    data["months"] = data["recurrence_months"].where(relapsed, data["death_months"])
    data["first"] = data["recurrence"].where(relapsed, 2 * data["death"])
    return data.assign(event=(data["first"] > 0) * 1)


@cache
def periods() -> pd.DataFrame:
    parts = u.split_follow_up(women(), "years", "recurrence", cuts=[2, 5, 10, 15])
    parts = parts[parts["period"] != "15+"].copy()
    return parts.assign(period=parts["period"].cat.remove_unused_categories())


@cache
def skin() -> pd.DataFrame:
    data = u.load("tcga_skcm").dropna(subset=["specimen", "lymphocyte_score", "melanoma_death",
                                              "days_from_specimen", "days_from_diagnosis"])
    data = data[(data["days_from_specimen"] > 0) & (data["melanoma_death"] <= data["death"])
                & (data["days_from_diagnosis"] >= data["days_from_specimen"])]
    data = data.astype({"melanoma_death": int, "specimen": str})
    return data.assign(spread=(data["specimen"] != "primary tumor") * 1,
                       entry=data["days_from_diagnosis"] - data["days_from_specimen"])


@cache
def bladder() -> pd.DataFrame:
    data = u.load("bladder1_recurrence").query("stop > start").astype({"treatment": str})
    return data.assign(recurred=(data["status"] == 1) * 1, months=data["stop"] - data["start"])


@cache
def lung() -> pd.DataFrame:
    data = u.load("lung_relapse_by_smoking").query("stage != 'not recorded'")
    data = data.assign(years=data["person_months"] / 12, cell=data["cohort"].astype(str) + " "
                       + data["month_from"].astype(str),
                       current=(data["smoking"] == "current") * 1,
                       later=data["stage"].isin(["node-positive", "stage II-IV"]) * 1)
    return data[data["smoking"] != "never"]


@cache
def panel() -> pd.DataFrame:
    data = u.load("postdx_relapse")
    return u.ratio_table(data, "hr", "ci_low", "ci_high",
                         invert=data["effect"] == "quit v continued")


@cache
def died() -> pd.DataFrame:
    data = u.load("meta_postdx_quit_vs_continue_os")
    return u.ratio_table(data, "hr", "ci_low", "ci_high", invert=[True] * len(data))


@cache
def prognosis() -> tuple[pd.DataFrame, pd.DataFrame, float]:
    """Lesson 09: Rotterdam learners and German judges with score and prediction; the baseline."""
    german = u.load("gbsg_breast").rename(
        columns={"rfs_months": "months", "recurrence_or_death": "event"})
    german["size"] = pd.cut(german["size"], [0, 20, 50, 200], labels=["<=20", "20-50", ">50"])
    learn, judge = (data.assign(
        age=(data["age"] - 50) / 10, post=(data["meno"] == "post") * 1,
        over_20=(data["size"] != "<=20") * 1, over_50=(data["size"] == ">50") * 1,
        grade_3=(data["grade"] == 3) * 1, nodes=np.log2(data["nodes"]),
        pgr=np.log1p(data["pgr"]), er=np.log1p(data["er"]))
        for data in (women()[women()["nodes"] > 0], german))
    terms = "age + post + over_20 + over_50 + grade_3 + nodes + pgr + er + hormon"
    coef = u.cox(learn, terms, "months", "event", ties="breslow")["coef"]
    base = u.baseline_hazard(learn, terms, "months", "event").query("time <= 60")
    base = base["cumulative_hazard"].iloc[-1]
    for data in (learn, judge):
        data["score"] = data[coef.index] @ coef
        data["free"] = np.exp(-base * np.exp(data["score"]))
    return learn, judge, base


OURS = {
    # 00, 01
    "00 > curve-table": lambda: u.survival_at(colon(), "years", "event", 5)[ROW],
    "00 > three-table > death": lambda: u.survival_at(colon("death"), "years", "event", 5)[ROW],
    "00 > incidence-table > death first": lambda: incidence(colon(), "exit", "first", 5, 2)[
        ["incidence", "se", "lower", "upper"]],
    "unsolved > colon trial, Lev+5FU arm": lambda: incidence(arm("Lev+5FU"), "years", "first", 5)[
        ["incidence", "lower", "upper"]],
    "residual > sarcoma margins, R1 v R0": lambda: u.cox(
        sarcoma(), "r1", "years", "new_tumor_event", strata="histology")[HR],
    "residual > relapse only: 1.67 (0.996 to 2.80)": lambda: u.cox(
        sarcoma(), "r1", "years", "relapse", strata="histology")[HR],
    "residual > colon trial, no drug v Lev+5FU": lambda: 1 / u.cox(
        colon(), "C(treatment)", "years", "event").iloc[1][["hazard_ratio", "upper", "lower"]],
    "cure > colon trial, Lev+5FU arm": lambda: u.mixture_cure(arm("Lev+5FU"), "years", "event")[
        ["cure", "lower", "upper"]],
    "cure > colon trial, Obs arm": lambda: u.mixture_cure(arm("Obs"), "years", "event")[
        ["cure", "lower", "upper"]],
    "01 > logrank > Lev+5FU": lambda: u.logrank(
        colon()[colon()["treatment"] != "Lev"].astype({"treatment": str}), "years", "event",
        by="treatment")[["statistic", "df", "p"]],
    "01 > follow-up > Lev+5FU": lambda: u.median_follow_up(
        colon("death")[colon("death")["treatment"] == "Lev+5FU"], "years", "event")[
            ["median", "lower", "upper"]],
    # 02
    "dormancy > Rotterdam, all women, years 5 to 10": lambda: late_rate(periods()),
    "dormancy > ER-negative, years 5 to 10": lambda: late_rate(periods().query("positive == 0")),
    "02 > model-average": lambda: u.cox(women(), "positive", "years", "recurrence")[HR],
    "02 > model-figure-table > years 5-10": lambda: u.piecewise_exponential(
        periods(), "C(period) + C(period):positive", "person_time", "recurrence").iloc[-2][RR],
    "02 > model-halves > 5-15": lambda: u.cox(
        u.split_follow_up(women(), "years", "recurrence", [5, 15]).query("period == '5-15'"),
        "positive", "stop", "recurrence", entry="start")[HR],
    "02 > model-conditional > ER-positive, 5 years": lambda: u.conditional_survival(
        women().query("positive == 1"), "years", "recurrence", given=5, further=5)[FREE],
    # 03
    "weak-after > melanoma samples without lymphocytes": lambda: u.proportion(
        *u.load("tcga_skcm")["lymphocyte_score"].dropna().eq(0).agg(["sum", "count"])),
    "immunity > interferon, E1684": lambda: u.cox(
        u.load("e1684_interferon"), "treatment", "relapse_years", "relapse_or_death")[HR],
    "immunity > killer T cells in liver cancer": lambda: u.cox(
        u.load("hcc_asaur").dropna(subset=["cd8_tumor"]).assign(
            high=lambda d: (d["cd8_tumor"] > d["cd8_tumor"].median()) * 1),
        "high", "rfs_months", "relapse_or_death")[HR],
    "immunity > lymphocytes in melanoma": lambda: u.cox(
        skin(), "lymphocyte_score", "days_from_specimen", "melanoma_death",
        strata="specimen")[HR],
    "03 > fool-mended-table > spread, mended: delayed entry": lambda: u.cox(
        skin(), "spread", "days_from_diagnosis", "melanoma_death", entry="entry")[HR],
    # 04
    "food > vitamin B6 pill, first recurrence": lambda: u.cox(
        bladder().query("start == 0"), "C(treatment)", "stop", "recurred").iloc[0][HR],
    "food > vitamin B6 pill, all recurrences": lambda: u.cox(
        bladder(), "C(treatment)", "stop", "recurred", entry="start", cluster="id").iloc[0][HR],
    "04 > model-arms > risk difference": lambda: challenge().iloc[1][
        ["estimate", "lower", "upper"]],
    "04 > model-all > pyridoxine": lambda: u.rates(
        bladder().query("treatment == 'pyridoxine'"), "months", "recurred", per=100)[RATE],
    "04 > model-count-table > pyridoxine, 36 months": lambda: u.mean_cumulative_count(
        bladder().query("treatment == 'pyridoxine'"), "id", "start", "stop", "recurred").query(
            "time == 36")[["mean_count", "se", "lower", "upper"]],
    # 05
    "environment (why) > SEER 2000-2014, 10 years and more": lambda: u.sir(
        *u.load("hnscc_second_primary_seer_2000_2014").query("level == '>=10 y'").iloc[0][
            ["observed", "expected"]])[["sir", "lower", "upper"]],
    "other-breast (why) > Three sequencing studies": lambda: u.proportion(
        *u.load("cbc_clonality_studies")[["pairs", "clonally_related"]].sum().pipe(
            lambda s: (s.iloc[0] - s.iloc[1], s.iloc[0]))),
    "other-breast (why) > Ten tamoxifen trials (nine second-hand)": lambda: exp_pool(*tamoxifen()),
    "05 > model-death": lambda: u.rates(
        women().assign(y=women()["death_months"] / 12), "y", "death")[RATE],
    # 06
    "smoking-cause > China, eight cities": lambda: u.mantel_haenszel(
        u.load("china_smoking"), "smoker_case", "smoker_control", "nonsmoker_case",
        "nonsmoker_control", by="city")[["odds_ratio", "lower", "upper"]],
    "smoking-cause > British doctors": lambda: u.piecewise_exponential(
        u.load("british_doctors").assign(smokes=lambda d: (d["cigarettes_per_day"] != "0") * 1),
        "C(years_smoked) + smokes", "person_years", "lung_cancer_deaths").loc["smokes", RR],
    "smoking-cause > 37 studies of husbands' smoke": lambda: exp_pool(*u.ratio_table(
        u.load("hackshaw_ets37"), "odds_ratio", "ci_low", "ci_high")[["log_ratio", "se"]].T.values),
    "smoking-relapse > Sheikh, Heiden and Parsons pooled": lambda: exp_pool(*rows(panel(), 3)),
    "smoking-relapse > plus Parsons, small-cell": lambda: exp_pool(*rows(panel(), 4)),
    "smoking-relapse > nine studies of death": lambda: exp_pool(*rows(died(), 9)),
    "06 > model-fragile > Hartung-Knapp interval": lambda: exp_pool(*rows(panel(), 3),
                                                                    knapp_hartung=True),
    "smoking-relapse > four cohorts, smoking at surgery": lambda: u.piecewise_exponential(
        lung()[lung().groupby("cell")["relapses"].transform("sum") > 0],
        "C(cell) + C(cohort):later + current", "years", "relapses").loc["current", RR],
    "06 > model-competing > death without relapse": lambda: u.piecewise_exponential(
        lung(), "C(cohort) + C(month_from) + C(cohort):later + current", "years",
        "deaths_without_relapse").loc["current", RR],
    "06 > fool-evalue > death": lambda: u.e_value(*exp_pool(*rows(died(), 9)), rare=False),
    # 07 to 09
    "07 > look-curve-table > 24 months": lambda: u.survival_at(
        u.load("hcc_asaur"), "rfs_months", "relapse_or_death", 24)[ROW],
    "07 > size > 1.25": lambda: np.ceil(u.events_needed(1.25, share_exposed=0.3)),
    "08 > fool-quit-ratio": lambda: u.cox(
        u.load("pharmacosmoking").assign(helped=lambda d: (d["treatment"] == "combination") * 1),
        "helped", "days", "relapse")[HR],
    "control (sometimes) > German trial": lambda: u.survival_at(
        prognosis()[1], "months", "event", 60)[FREE],
    "control (sometimes) > Rotterdam": lambda: u.survival_at(
        women(), "months", "event", 60)[FREE],
    "control (sometimes not) > Rotterdam": lambda: incidence(women(), "months", "first", 60)[
        ["incidence", "lower", "upper"]],
    "09 > step-share > baseline": lambda: prognosis()[2],
    "09 > rank > apparent": lambda: u.concordance(prognosis()[0], "months", "event", "score")[
        ["concordance", "lower", "upper"]],
    "09 > rank > external": lambda: u.concordance(prognosis()[1], "months", "event", "score")[
        ["concordance", "lower", "upper"]],
    "09 > brier": lambda: u.brier(prognosis()[1], "months", "event", "free", horizon=60)[
        ["brier", "brier_kaplan_meier", "explained"]],
}


def value(where: str) -> np.ndarray:
    """The number or numbers at `where`."""
    return np.asarray(OURS[where](), dtype=float).ravel()
