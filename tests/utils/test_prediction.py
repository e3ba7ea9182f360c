"""utils.survival.prediction against R, by hand, and what it refuses."""

import numpy as np
import pandas as pd
import pytest

from tests.conftest import agree, numbers
from utils import brier, concordance, events_needed, mixture_cure


def test_concordance(lung, reference):
    r = reference("lung")["cox_efron"]
    full = lung.dropna(subset=["time", "event", "age", "sex", "ph_ecog", "wt_loss", "inst"])
    score = full[["age", "sex", "ph_ecog"]].to_numpy() @ numbers(r["coef"])
    result = concordance(full.assign(score=score), "time", "event", "score")
    assert result.index.tolist() == [0]
    agree(result.loc[0, ["concordance", "se"]].astype(float), r["concordance"])


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
    result = brier(known, "time", "event", "free", 365).iloc[0]
    agree([result["brier_kaplan_meier"], result["brier"]], r, tolerance=1e-8)


def test_events_needed(reference):
    agree(events_needed(0.75, share_exposed=0.3), reference("prediction")["schoenfeld"])
    with pytest.raises(ValueError, match="not 1"):
        events_needed(1)


FREE = pd.DataFrame({"t": [1, 2, 2, 3, 4], "e": [1, 1, 0, 0, 1], "p": [0, 0.25, 0.5, 0.75, 1]})


def test_brier_by_hand():
    """One is censored at 2, after the event then: from there on, each row stands for 3/2."""
    row = brier(FREE, "t", "e", "p", 3).iloc[0]
    assert row.index.tolist() == ["brier", "brier_kaplan_meier", "explained", "n"]
    np.testing.assert_allclose(row, [(0.25**2) / 5, (2 * 0.36 + 3 * 0.16) / 5, 1 - 0.0625 / 1.2, 5])


def test_brier_before_the_first_event_and_on_the_last_day():
    before = brier(FREE, "t", "e", "p", 0.5).iloc[0]
    np.testing.assert_allclose(before, [np.mean((1 - FREE["p"]) ** 2), 0, np.nan, 5])
    last = brier(FREE.assign(e=[1, 1, 0, 0, 0]), "t", "e", "p", 4).iloc[0]
    np.testing.assert_allclose(last["brier"], 0.25**2 / 5)


@pytest.mark.parametrize(
    "change, horizon, said",
    [
        ({"p": [0, 1.5, 0, 0, 90]}, 3, "'p', row 1.*1.5.*100"),
        ({"p": -0.1}, 3, "'p', row 0"),
        ({}, 9, "'t'.*horizon 9.*4"),
        ({}, 0, "horizon is 0"),
        ({}, np.nan, "horizon is nan"),
        ({}, [3], "horizon is"),
        ({}, pd.Timedelta(3), "horizon is"),
    ],
)
def test_brier_refuses(change, horizon, said):
    with pytest.raises(ValueError, match=said):
        brier(FREE.assign(**change), "t", "e", "p", horizon)


@pytest.mark.parametrize(
    "use",
    [
        lambda: events_needed(0),
        lambda: events_needed(2, share_exposed=0),
        lambda: events_needed(2, share_exposed=1),
        lambda: events_needed(2, share_exposed=1.5),
        lambda: events_needed(np.nan),
        lambda: events_needed("two"),
        lambda: events_needed([2, 3]),
        lambda: events_needed(2, power=1),
        lambda: events_needed(2, alpha=0),
        lambda: events_needed(2, power=0.01),
    ],
)
def test_events_needed_refuses(use):
    with pytest.raises(ValueError, match="between"):
        use()


def test_a_chance_that_misses_0_or_1_by_rounding_is_one():
    near = FREE.assign(p=[-1e-17, 0.25, 0.5, 0.75, 1 + 1e-15])
    agree(brier(near, "t", "e", "p", 3).iloc[0], brier(FREE, "t", "e", "p", 3).iloc[0].tolist())


def test_events_needed_for_two_equal_arms():
    np.testing.assert_allclose(events_needed(2), 4 * 2.8015852**2 / np.log(2) ** 2, rtol=1e-7)


def test_mixture_cure_in_groups_and_who_its_plateau_rests_on(colon):
    years = colon["recurrence"].assign(years=lambda d: d["time"] / 365.25)
    both = mixture_cure(years, "years", "event", by="sex")
    assert both["sex"].tolist() == [0, 1]
    for group, row in zip((0, 1), both.to_dict("records")):
        part = years[years["sex"] == group]
        last = part.loc[part["event"] == 1, "years"].max()
        assert row["at_risk_late"] == (part["years"] > last).sum() > 0
        assert row["cure"] == mixture_cure(part, "years", "event")["cure"][0]


def test_concordance_has_a_normal_interval():
    row = concordance(FREE.assign(p=[1, 0, 3, 2, 1]), "t", "e", "p").iloc[0]
    half = 1.959963984540054 * row["se"]
    assert row.index.tolist() == ["concordance", "se", "lower", "upper"] and half > 0
    np.testing.assert_allclose(
        row[["lower", "upper"]], [row["concordance"] - half, row["concordance"] + half]
    )


def test_mixture_cure_interval_is_even_on_the_logit_scale(colon):
    row = mixture_cure(colon["recurrence"], "time", "event").iloc[0]
    logit = {name: np.log(row[name] / (1 - row[name])) for name in ("cure", "lower", "upper")}
    assert row["lower"] < row["cure"] < row["upper"]
    np.testing.assert_allclose(logit["lower"] + logit["upper"], 2 * logit["cure"])


@pytest.mark.parametrize("ties", [5, 1000])
def test_concordance_is_the_count_of_pairs(ties):
    """Equal to the definition, pair by pair, with and without ties."""
    rng = np.random.default_rng(5)
    data = pd.DataFrame(
        {
            "t": rng.integers(1, ties, 80),
            "e": rng.integers(0, 2, 80),
            "x": rng.integers(0, ties, 80),
        }
    )
    t, e, x = (data[column].to_numpy() for column in "tex")
    pair = (e[:, None] == 1) & ((t[:, None] < t) | ((t[:, None] == t) & (e == 0)))
    wins = pair * (np.sign(x[:, None] - x) + 1) / 2
    value = wins.sum() / pair.sum()
    own = wins.sum(axis=0) + wins.sum(axis=1) - value * (pair.sum(axis=0) + pair.sum(axis=1))
    row = concordance(data, "t", "e", "x").iloc[0]
    agree([row["concordance"], row["se"]], [value, np.sqrt((own**2).sum()) / pair.sum()])


def test_concordance_without_a_pair_is_refused():
    with pytest.raises(ValueError, match="'t'.*no pair"):
        concordance(pd.DataFrame({"t": [1, 2, 3], "e": [0, 0, 1], "x": [1, 2, 3]}), "t", "e", "x")


def test_times_that_differ_by_rounding_are_one():
    """R 4.2.2, survival 3.5-3: concordance(Surv(t, e) ~ x, reverse = TRUE)$concordance."""
    data = pd.DataFrame({"t": [0.3, 0.1 + 0.2, 1, 2], "e": [1, 1, 1, 0], "x": [1, 2, 1.5, 0]})
    assert concordance(data, "t", "e", "x")["concordance"][0] == 0.8
    near = brier(data.assign(p=0.5), "t", "e", "p", 0.3)
    pd.testing.assert_frame_equal(near, brier(data.assign(p=0.5), "t", "e", "p", 0.1 + 0.2))


def test_each_group_gives_what_it_gives_alone(lung):
    known = lung.dropna(subset=["ph_ecog"]).assign(free=lambda d: 0.9 - d["ph_ecog"] / 5)
    for use in (
        lambda d, **by: concordance(d, "time", "event", "age", **by),
        lambda d, **by: brier(d, "time", "event", "free", 365, **by),
    ):
        both = use(known, by="sex")
        assert both["sex"].tolist() == [1, 2] and both.index.tolist() == [0, 1]
        for sex in (1, 2):
            alone = use(known[known["sex"] == sex])
            row = both[both["sex"] == sex].drop(columns="sex").reset_index(drop=True)
            pd.testing.assert_frame_equal(row, alone)


ALL_DIED = pd.DataFrame({"t": range(1, 9), "e": 1})


@pytest.mark.parametrize(
    "change, said",
    [
        ({}, "'t'.*no cured share"),
        ({"t": 5}, "'t'.*cured share"),
        ({"e": [1] + [0] * 7}, "'t'.*cured share"),
        ({"t": [0, 1, 2, 3, 4, 5, 6, 7]}, "'t', row 0.*Remedy"),
        ({"e": 0}, "'e'.*no events"),
        ({"g": [*"abababa", None]}, "'g', row 7"),
    ],
)
def test_mixture_cure_refuses(change, said):
    data = ALL_DIED.assign(g="a").assign(**change)
    with pytest.raises(ValueError, match=said):
        mixture_cure(data, "t", "e", by="g")


def test_a_cured_share_that_could_be_any_is_none(lung):
    """Its estimate is 0.0004 here, with an interval from 1e-196 to 1."""
    with pytest.raises(ValueError, match="'time'.*cured share"):
        mixture_cure(lung, "time", "event")


@pytest.mark.parametrize("factor", [1e-6, 1, 1e6])
def test_mixture_cure_in_any_unit(colon, factor):
    days = mixture_cure(colon["recurrence"], "time", "event").iloc[0]
    other = colon["recurrence"].assign(time=lambda d: d["time"] * factor)
    row = mixture_cure(other, "time", "event").iloc[0]
    np.testing.assert_allclose(row["cure"], days["cure"], rtol=1e-6)
    np.testing.assert_allclose(row["scale"], days["scale"] * factor, rtol=1e-6)
