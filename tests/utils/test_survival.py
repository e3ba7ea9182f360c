"""utils.survival against R's survival package, to 1e-10."""

import numpy as np
import pandas as pd
import pytest

from tests.conftest import agree, numbers
from utils import (
    baseline_hazard,
    brier,
    concordance,
    cox,
    events_needed,
    landmark,
    mean_cumulative_count,
    mixture_cure,
    piecewise_exponential,
    rates,
    split_follow_up,
)

COMPLETE = ["time", "event", "age", "sex", "ph_ecog", "wt_loss", "inst"]


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
