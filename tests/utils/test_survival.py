"""utils.survival against R's survival package, to 1e-10."""

import numpy as np
import pandas as pd
import pytest

from tests.conftest import agree, numbers
from utils import (
    baseline_hazard,
    brier,
    concordance,
    conditional_survival,
    cox,
    cumulative_incidence,
    events_needed,
    kaplan_meier,
    landmark,
    logrank,
    mean_cumulative_count,
    median_follow_up,
    median_survival,
    mixture_cure,
    piecewise_exponential,
    rates,
    restricted_mean,
    split_follow_up,
    survival_at,
)

COMPLETE = ["time", "event", "age", "sex", "ph_ecog", "wt_loss", "inst"]


def test_kaplan_meier(lung, reference):
    r = reference("lung")
    table = kaplan_meier(lung, "time", "event")
    for column, name in (
        ("time", "time"),
        ("at_risk", "n_risk"),
        ("events", "n_event"),
        ("censored", "n_censor"),
        ("survival", "surv"),
        ("se", "std_err_surv"),
    ):
        agree(table[column], r["km_all"][name])
    agree(table["lower"], r["km_ci_log-log"]["lower"])
    agree(table["upper"], r["km_ci_log-log"]["upper"])


def test_kaplan_meier_by_group(colon, reference):
    r = reference("colon")["r_km_rx"]
    table = kaplan_meier(colon["recurrence"], "time", "event", by="treatment")
    assert list(table["treatment"].unique()) == ["Obs", "Lev", "Lev+5FU"]
    for column, name in (("at_risk", "n_risk"), ("survival", "surv"), ("se", "std_err_surv")):
        agree(table[column], r[name])


def test_kaplan_meier_with_delayed_entry(lung, reference):
    r = reference("lung")["km_lefttrunc"]
    aged = lung.assign(start=lung["age"] * 365.25, stop=lung["age"] * 365.25 + lung["time"])
    table = kaplan_meier(aged, "stop", "event", entry="start")
    agree(table["at_risk"], r["n_risk"])
    agree(table["survival"], r["surv"])


def test_kaplan_meier_down_to_zero(reference):
    r = reference("edge")["km_to_zero"]
    data = pd.DataFrame({"t": range(1, 7), "e": [1, 1, 1, 1, 0, 1]})
    table = kaplan_meier(data, "t", "e")
    agree(table["survival"], r["surv"])
    agree(table["lower"], r["lower"])
    agree(table["upper"], r["upper"])
    assert np.isnan(table["se"].iloc[-1])


def test_kaplan_meier_without_events_is_flat():
    table = kaplan_meier(pd.DataFrame({"t": [1, 2], "e": [0, 0]}), "t", "e")
    assert table["survival"].tolist() == [1, 1] and table["upper"].tolist() == [1, 1]


def test_survival_at(lung, reference):
    r = reference("lung")["surv_at"]
    table = survival_at(lung, "time", "event", at=[90, 180, 365, 730])
    agree(table["survival"], r["surv"])
    agree(table["se"], r["std_err"] if "std_err" in r else r["std.err"])
    agree(table["at_risk"], r["n.risk"])


def test_survival_at_is_unknown_after_the_last_follow_up(lung):
    table = survival_at(lung, "time", "event", at=[0, 5000])
    assert table["survival"].iloc[0] == 1 and np.isnan(table["survival"].iloc[1])


@pytest.mark.parametrize("outcome, letter", [("recurrence", "r"), ("death", "m")])
def test_median_and_other_quantiles(colon, reference, outcome, letter):
    r = {key: numbers(value) for key, value in reference("colon")[f"{letter}_q_rx_log-log"].items()}
    for column, share in enumerate((0.1, 0.25, 0.5)):
        table = median_survival(colon[outcome], "time", "event", "treatment", share=share)
        agree(table["median"], list(r["quantile"][:, column]))
        agree(table["lower"], list(r["lower"][:, column]))
        agree(table["upper"], list(r["upper"][:, column]))


def test_median_on_a_step_is_its_middle(reference):
    r = reference("edge")["median_on_a_step"]
    data = pd.DataFrame({"t": range(1, 7), "e": [1, 1, 1, 1, 0, 1]})
    for i, share in enumerate((0.25, 0.5)):
        row = median_survival(data, "t", "e", share=share).iloc[0]
        agree(
            [row["median"], row["lower"], row["upper"]],
            [r["quantile"][i], r["lower"][i], r["upper"][i]],
        )


def test_median_follow_up(colon, reference):
    r = reference("edge")["reverse_km_colon"]
    table = median_follow_up(colon["recurrence"], "time", "event", "treatment")
    assert ["rx=" + name for name in table["treatment"]] == r["strata"]
    for column in ("median", "lower", "upper"):
        agree(table[column], r[column])


@pytest.mark.parametrize("outcome, letter", [("recurrence", "r"), ("death", "m")])
def test_restricted_mean(colon, reference, outcome, letter):
    r = numbers(reference("colon")[f"{letter}_rmst5y"])
    table = restricted_mean(colon[outcome], "time", "event", 1826.25, "treatment")
    agree(table["mean"], list(r[:, 4]))
    agree(table["se"], list(r[:, 5]))


def test_conditional_survival(colon, reference):
    r = reference("edge")["conditional_colon_2y_given_1y"]
    row = conditional_survival(colon["recurrence"], "time", "event", 365.25, 730.5).iloc[0]
    agree(
        [row["survival"], row["se"], row["lower"], row["upper"], row["at_risk"]],
        [r["surv"], r["se"], r["lower"], r["upper"], r["n"]],
    )


def test_logrank(lung, colon, reference):
    two = logrank(lung, "time", "event", "sex")
    r = reference("lung")["logrank_sex"]
    agree([two["statistic"], two["p"]], [r["chisq"], r["p"]])
    three = logrank(colon["recurrence"], "time", "event", "treatment")
    agree(
        [three["statistic"], three["df"], three["p"]],
        [reference("colon")["r_logrank_rx"][k] for k in ("chisq", "df", "p")],
    )


def test_logrank_stratified(lung, colon, rotterdam, reference):
    known = lung.dropna(subset=["ph_ecog"])
    agree(
        logrank(known, "time", "event", "sex", strata="ph_ecog")["statistic"],
        reference("lung")["logrank_sex_str_ecog"]["chisq"],
    )
    layers = colon["recurrence"].assign(
        layer=lambda d: d["extent"].astype(str) + d["node4"].astype(str)
    )
    agree(
        logrank(layers, "time", "event", "treatment", strata="layer")["statistic"],
        reference("colon")["r_logrank_rx_str"]["chisq"],
    )
    nodes = rotterdam.assign(layer=pd.cut(rotterdam["nodes"], [-1, 0, 3, 9, 99]))
    agree(
        logrank(nodes, "dtime", "death", "hormon", strata="layer")["statistic"],
        reference("rotterdam")["logrank_death_hormon_str_nodes"]["chisq"],
    )


def test_a_tiny_p_value_does_not_underflow():
    data = pd.DataFrame(
        {
            "t": np.r_[np.arange(1, 201), np.arange(1001, 1201)],
            "e": 1,
            "g": ["a"] * 200 + ["b"] * 200,
        }
    )
    assert 0 < logrank(data, "t", "e", "g")["p"] < 1e-40


def same_cox(table: pd.DataFrame, r: dict, order: list[str] | None = None) -> None:
    rows = table if order is None else table.loc[order]
    agree(rows["coef"], r["coef"])
    agree(rows["se"], r["se"])
    limits = numbers(r["conf_int"])
    agree(rows["hazard_ratio"], list(limits[:, 0]))
    agree(rows["lower"], list(limits[:, 2]))
    agree(rows["upper"], list(limits[:, 3]))


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_cox(lung, reference, ties):
    r, full = reference("lung"), lung.dropna(subset=COMPLETE)
    same_cox(cox(full, "age + sex + ph_ecog", "time", "event", ties=ties), r[f"cox_{ties}"])
    same_cox(
        cox(full, "age + ph_ecog", "time", "event", strata="sex", ties=ties),
        r[f"cox_strata_{ties}"],
    )
    aged = lung.assign(start=lung["age"] * 365.25, stop=lung["age"] * 365.25 + lung["time"])
    same_cox(
        cox(aged, "sex", "stop", "event", entry="start", ties=ties), r[f"cox_lefttrunc_{ties}"]
    )


def test_cox_with_categories(colon, rotterdam, reference):
    terms = "treatment + age + sex + obstruct + adhere + node4 + C(extent) + surg"
    table = cox(colon["recurrence"], terms, "time", "event")
    order = [t for t in table.index if t.startswith("treatment")] + [
        "age",
        "sex",
        "obstruct",
        "adhere",
        "node4",
        *[t for t in table.index if "extent" in t],
        "surg",
    ]
    same_cox(table, reference("colon")["r_cox_adj_efron"], order)
    table = cox(rotterdam, "age + meno + size + nodes + hormon + chemo", "rtime", "recurrence")
    order = ["age", "meno", *[t for t in table.index if "size" in t], "nodes", "hormon", "chemo"]
    same_cox(table, reference("rotterdam")["cox_recur_efron"], order)


def test_cox_start_stop_clustered(bladder, reference):
    r, terms = reference("bladder1"), "pyr + thio + number + size"
    args = {"time": "stop", "event": "rec", "entry": "start"}
    same_cox(cox(bladder, terms, **args, cluster="id"), r["ag_breslow"])
    agree(cox(bladder, terms, **args, ties="efron")["coef"], r["ag_efron"]["coef"])
    same_cox(
        cox(bladder[bladder["nth"] <= 4], terms, **args, strata="nth", cluster="id"),
        r["pwp_tt_breslow"],
    )


def test_cox_clustered_by_centre(lung, reference):
    full = lung.dropna(subset=COMPLETE)
    same_cox(
        cox(full, "age + sex + ph_ecog", "time", "event", cluster="inst"),
        reference("lung")["cox_cluster_inst_breslow"],
    )


def test_cox_counts_what_it_used(lung):
    table = cox(lung, "ph_ecog", "time", "event")
    assert table.attrs == {"n": 227, "events": 164, "dropped": 1, "ties": "efron"}


def test_baseline_hazard(lung, reference):
    r = reference("lung")["basehaz0_breslow"]
    full = lung.dropna(subset=COMPLETE)
    table = baseline_hazard(full, "age + sex + ph_ecog", "time", "event")
    hazard = pd.Series(numbers(r["hazard"]), numbers(r["time"]))
    agree(table["cumulative_hazard"], list(hazard[table["time"]]))


def test_concordance(lung, reference):
    r = reference("lung")["cox_efron"]
    full = lung.dropna(subset=COMPLETE)
    score = full[["age", "sex", "ph_ecog"]].to_numpy() @ numbers(r["coef"])
    result = concordance(full.assign(score=score), "time", "event", "score")
    agree([result["concordance"], result["se"]], r["concordance"])


@pytest.mark.parametrize(
    "name, times, causes",
    [
        ("aj_last_time_all_events", [1, 2, 2, 3, 4, 5, 5, 6, 7, 7], [1, 2, 0, 1, 0, 2, 1, 0, 1, 2]),
        ("aj_last_time_one_cause", [1, 2, 2, 3, 4, 5, 5, 6, 7, 7], [1, 2, 0, 1, 0, 2, 1, 0, 1, 1]),
    ],
)
def test_cumulative_incidence_at_the_last_time(reference, name, times, causes):
    r = {key: numbers(value) for key, value in reference("edge")[name].items()}
    table = cumulative_incidence(pd.DataFrame({"t": times, "c": causes}), "t", "c")
    for cause in (1, 2):
        part = table[table["cause"] == cause]
        for column, key in (
            ("incidence", "pstate"),
            ("se", "se"),
            ("lower", "lower"),
            ("upper", "upper"),
        ):
            agree(part[column], list(r[key][:, cause]))


def test_cumulative_incidence(rotterdam, reference):
    r = {
        key: numbers(value)
        for key, value in reference("edge")["aj_rotterdam_loglog"].items()
        if key != "strata"
    }
    table = cumulative_incidence(rotterdam, "rfstime", "cause", by="chemo")
    for row in range(6):
        chemo, at = divmod(row, 3)
        rows = table[(table["chemo"] == chemo) & (table["time"] <= r["time"][row])]
        for cause in (1, 2):
            last = rows[rows["cause"] == cause].iloc[-1]
            for column, key in (
                ("incidence", "pstate"),
                ("se", "se"),
                ("lower", "lower"),
                ("upper", "upper"),
            ):
                agree(last[column], r[key][row, cause])


def test_mean_cumulative_count(bladder, reference):
    r = reference("bladder1")["mcf"]
    table = mean_cumulative_count(bladder, "id", "start", "stop", "rec", by="treatment")
    agree(table["mean_count"], r["cumhaz"])
    agree(table["se"], r["std.chaz"])
    agree(table["at_risk"], r["n.risk"])


def test_rates_and_piecewise_exponential(lung, bladder, reference):
    r = reference("bladder1")["rates"]
    table = rates(bladder, "gap", "rec", by="treatment")
    assert table["events"].tolist() == r["rec"] and table["person_time"].tolist() == r["gap"]
    r = reference("edge")["piecewise_lung"]
    split = split_follow_up(lung, "time", "event", cuts=[180, 365])
    assert len(split) == r["n"] and split["event"].sum() == lung["event"].sum()
    model = piecewise_exponential(split, "period + sex", "person_time", "event")
    agree(model["coef"], r["coef"])
    agree(model["se"], r["se"])
    agree(model.attrs["deviance"], r["deviance"])


def test_exact_poisson_interval(reference):
    rows = numbers(reference("rates")["sir_exact_mat"])
    cells = pd.DataFrame({"events": rows[:, 0].astype(int), "time": 7.3, "cell": range(len(rows))})
    table = rates(cells, "time", "events", by="cell", grouped=True)
    for ours, theirs in (("rate", 1), ("lower", 2), ("upper", 3)):
        agree(table[ours], list(rows[:, theirs]))


def test_split_follow_up_keeps_time_and_events(lung):
    split = split_follow_up(lung, "time", "event", cuts=[100, 200, 300])
    assert split["person_time"].sum() == lung["time"].sum()
    assert split["event"].sum() == lung["event"].sum()
    at_cut = split_follow_up(pd.DataFrame({"t": [2.0], "e": [1]}), "t", "e", cuts=[2])
    assert at_cut["period"].tolist() == ["0-2"] and at_cut["e"].tolist() == [1]


@pytest.mark.parametrize("name", ["stop", "start", "period", "person_time"])
def test_split_follow_up_whatever_the_time_is_called(name):
    people = pd.DataFrame({name: [1.0, 3.0, 6.0], "e": [1, 1, 0]}, index=[7, 7, 8])
    split = split_follow_up(people, name, "e", cuts=[2, 4])
    assert split["e"].sum() == 2 and split["stop"].sub(split["start"]).sum() == 10


def test_landmark_sorts_by_what_was_known():
    people = pd.DataFrame({"t": [0.5, 2.0, 3.0], "e": [1, 1, 0], "quit": [np.nan, 0.5, 1.5]})
    left = landmark(people, "t", "e", at=1, became="quit")
    assert left["t"].tolist() == [1.0, 2.0] and left["exposed"].tolist() == [1, 0]


def test_mixture_cure(colon, reference):
    r = reference("prediction")["mixcure_colon_recur"]
    years = colon["recurrence"].assign(years=lambda d: d["time"] / 365.25)
    row = mixture_cure(years, "years", "event").iloc[0]
    agree(
        [row["cure"], row["scale"], row["shape"], row["loglik"]],
        [r["cure"], r["lambda"], r["rho"], r["loglik"]],
        tolerance=1e-5,
    )
    logit = np.log(row["upper"] / (1 - row["upper"])) - np.log(row["cure"] / (1 - row["cure"]))
    agree(logit / 1.959963984540054, r["logit_se"][0], tolerance=1e-4)


def test_brier(lung, reference):
    r = reference("prediction")["brier_lung_365"]
    known = lung.dropna(subset=["ph_ecog"]).assign(
        risk=lambda d: 0.2 + 0.05 * (d["time"] % 7) + 0.05 * d["ph_ecog"],
        free=lambda d: 1 - d["risk"],
    )
    result = brier(known, "time", "event", "free", 365)
    agree([result["brier_kaplan_meier"], result["brier"]], r, tolerance=1e-8)


def test_events_needed(reference):
    agree(events_needed(0.75, share_exposed=0.3), reference("prediction")["schoenfeld"])
    with pytest.raises(ValueError, match="not 1"):
        events_needed(1)
