"""utils.simulate: each simulation shows its bias, the right analysis does not, seeds repeat."""

import numpy as np
import pandas as pd
import pytest

from utils import simulate

pytestmark = pytest.mark.filterwarnings("error")
MANY = 20_000
ALL = ["immortal_time", "competing_risks", "frailty_recurrences", "reverse_causation", "adherers"]


def _rate(rows):
    return rows["event"].sum() / rows["time"].sum()


def _rate_ratio(people, group):
    """Rate ratio of group 1 against 0, and twice its standard error on the log scale."""
    one, zero = people[people[group] == 1], people[people[group] == 0]
    error = 2 * np.sqrt(1 / one["event"].sum() + 1 / zero["event"].sum())
    return _rate(one) / _rate(zero), error


def _shows_nothing(people, group):
    ratio, error = _rate_ratio(people, group)
    return abs(np.log(ratio)) < 2 * error and error < 0.25


@pytest.mark.parametrize("name", ALL)
def test_the_same_seed_gives_the_same_bytes(name):
    make = getattr(simulate, name)
    first, again, other = make(n=300, seed=5), make(n=300, seed=5), make(n=300, seed=6)
    assert first.to_csv().encode() == again.to_csv().encode()
    assert not first.equals(other)
    assert first["id"].nunique() == 300


@pytest.mark.parametrize("name", ALL)
def test_a_simulation_does_not_touch_the_global_generator(name):
    np.random.seed(3)
    expected = np.random.random()
    np.random.seed(3)
    getattr(simulate, name)(n=50)
    assert np.random.random() == expected


def test_immortal_time_makes_quitting_look_protective():
    people = simulate.immortal_time(n=MANY, effect=1.0)
    ratio, error = _rate_ratio(people, "ever_quit")
    assert np.log(ratio) < -5 * error and ratio < 0.5


def _landmark(people, year):
    alive = people[people["time"] > year]
    return alive.assign(quit=(alive["quit_time"] <= year).astype(int), time=alive["time"] - year)


def _split(people):
    """Person-time before and after quitting."""
    quitters = people["ever_quit"] == 1
    before = people.assign(
        quit=0,
        time=people["quit_time"].fillna(people["time"]),
        event=people["event"].mask(quitters, 0),
    )
    after = people[quitters].assign(quit=1, time=people["time"] - people["quit_time"])
    return pd.concat([before, after])


def test_immortal_time_is_mended_by_a_landmark_and_by_splitting_time():
    people = simulate.immortal_time(n=MANY, effect=1.0)
    for year in (1.0, 2.0):
        assert _shows_nothing(_landmark(people, year), "quit")
    assert _shows_nothing(_split(people), "quit")


def test_immortal_time_with_an_effect_gives_that_effect_back():
    people = simulate.immortal_time(n=MANY, effect=0.5)
    ratio, error = _rate_ratio(_split(people), "quit")
    assert abs(np.log(ratio / 0.5)) < 2 * error


def test_immortal_time_columns():
    people = simulate.immortal_time(n=500, follow_up=4.0)
    assert list(people) == ["id", "quit_time", "time", "event", "ever_quit"]
    assert (people["quit_time"].notna() == (people["ever_quit"] == 1)).all()
    assert (people["quit_time"].dropna() < people["time"][people["ever_quit"] == 1]).all()
    assert people["time"].between(0, 4.0).all() and set(people["event"]) == {0, 1}
    assert (people["time"][people["event"] == 0] == 4.0).all()
    assert simulate.immortal_time(n=50, quit_rate=0)["ever_quit"].sum() == 0
    assert simulate.immortal_time(n=50, death_rate=0)["event"].sum() == 0


def test_one_minus_kaplan_meier_overstates_a_risk_that_death_competes_with():
    rate, death_rate, years = 0.005, 0.05, 20.0
    people = simulate.competing_risks(MANY, rate, death_rate, years).sort_values("time")
    at_risk = np.arange(MANY, 0, -1)
    one_minus_km = 1 - np.prod(1 - (people["cause"] == 1) / at_risk)
    incidence = (people["cause"] == 1).mean()
    both = rate + death_rate
    truth = rate / both * (1 - np.exp(-both * years))
    error = np.sqrt(truth * (1 - truth) / MANY)
    assert abs(incidence - truth) < 4 * error
    assert one_minus_km - incidence > 10 * error
    np.testing.assert_allclose(one_minus_km, 1 - np.exp(-rate * years), atol=8 * error)


def test_competing_risks_columns():
    people = simulate.competing_risks(n=500, rate=0.05)
    assert list(people) == ["id", "time", "cause"] and set(people["cause"]) == {0, 1, 2}
    assert (people["time"][people["cause"] == 0] == 20.0).all()
    assert set(simulate.competing_risks(n=500, death_rate=0)["cause"]) == {0, 1}


def _rate_by_previous(rows):
    rows = rows.assign(time=rows["stop"] - rows["start"])
    groups = rows[rows["previous"] <= 3].groupby("previous")
    return groups["event"].sum() / groups["time"].sum()


def test_frailty_alone_makes_the_rate_rise_with_earlier_recurrences():
    rates = _rate_by_previous(simulate.frailty_recurrences(n=MANY, frailty_variance=1.0))
    assert rates.is_monotonic_increasing and rates[3] > 2 * rates[0]
    alike = _rate_by_previous(simulate.frailty_recurrences(n=MANY, frailty_variance=0))
    np.testing.assert_allclose(alike, 0.3, rtol=0.06)


def test_frailty_each_persons_rate_is_constant():
    rows = simulate.frailty_recurrences(n=MANY)
    middle = (rows["start"] + rows["stop"]) / 2
    assert rows.groupby("id")["rate"].nunique().eq(1).all() and middle.between(0, 5).all()
    by_person = rows.groupby("id").agg(rate=("rate", "first"), event=("event", "sum"))
    np.testing.assert_allclose(by_person["rate"].mean(), 0.3, rtol=0.05)
    np.testing.assert_allclose(by_person["rate"].var() / 0.3**2, 1.0, rtol=0.1)
    expected = by_person["rate"].sum() * 5
    np.testing.assert_allclose(by_person["event"].sum(), expected, rtol=0.03)
    early = rows["event"][rows["stop"] < 2.5].sum() / rows["event"].sum()
    assert abs(early - 0.5) < 0.015


def test_frailty_rows_tile_each_persons_follow_up():
    rows = simulate.frailty_recurrences(n=400, follow_up=6.0)
    assert list(rows) == ["id", "start", "stop", "event", "previous", "rate"]
    people = rows.groupby("id")
    assert (people["start"].first() == 0).all() and (people["stop"].last() == 6.0).all()
    assert (people["event"].last() == 0).all() and people["event"].sum().sum() == len(rows) - 400
    assert (rows["start"] < rows["stop"]).all()
    inside = rows["previous"] > 0
    assert (rows["start"][inside] == rows["stop"].shift()[inside]).all()
    assert (rows["previous"] == people.cumcount()).all()


def test_reverse_causation_makes_stopping_look_harmful():
    people = simulate.reverse_causation(n=MANY)
    ratio, error = _rate_ratio(people, "stopped")
    assert np.log(ratio) > 5 * error and ratio > 1.5
    for ill in (0, 1):
        assert _shows_nothing(people[people["ill"] == ill], "stopped")
    assert _shows_nothing(simulate.reverse_causation(n=MANY, ill_rate_ratio=1), "stopped")


def test_adherers_do_better_in_a_trial_of_nothing():
    people = simulate.adherers(n=MANY)
    ratio, error = _rate_ratio(people, "completed")
    assert np.log(ratio) < -5 * error and ratio < 0.75
    assert _shows_nothing(people, "programme")
    for robust in (0, 1):
        assert _shows_nothing(people[people["robust"] == robust], "completed")
    assert people["programme"].sum() == MANY // 2
    assert people["completed"].isna().eq(people["programme"] == 0).all()


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("immortal_time", {"n": 0}, "n is 0: give"),
        ("immortal_time", {"n": np.nan}, "n is nan: give"),
        ("immortal_time", {"n": "10"}, "n is '10': give"),
        ("immortal_time", {"follow_up": "5"}, "follow_up is '5': give"),
        ("immortal_time", {"effect": None}, "effect is None: give"),
        ("immortal_time", {"death_rate": -1}, "death_rate is -1: give"),
        ("immortal_time", {"n": None}, "n is None: give"),
        ("immortal_time", {"follow_up": 0}, "follow_up is 0: give"),
        ("competing_risks", {"rate": np.nan}, "rate is nan: give"),
        ("frailty_recurrences", {"frailty_variance": -0.1}, "frailty_variance is -0.1"),
        ("reverse_causation", {"share_ill": 1.2}, "share_ill is 1.2: give a share"),
        ("adherers", {"complete_if_frail": -0.2}, "complete_if_frail is -0.2: give a share"),
    ],
)
def test_out_of_range_is_refused(name, parameters, message):
    with pytest.raises(ValueError, match=message):
        getattr(simulate, name)(**parameters)


def test_a_number_of_people_in_floating_point_will_do():
    assert len(simulate.adherers(n=1e2)) == 100


class Narrow:
    """Numpy as on a machine of 32 bits, such as a browser: it repeats by 32-bit counts only."""

    intp = np.int32

    def __getattr__(self, name):
        return getattr(np, name)

    @staticmethod
    def repeat(values, counts):
        if not np.can_cast(counts.dtype, np.int32, "safe"):
            raise TypeError(f"Cannot cast array data from {counts.dtype} to int32")
        return np.repeat(values, counts)


def test_counts_of_recurrences_fit_a_machine_of_32_bits(monkeypatch):
    expected = simulate.frailty_recurrences(n=200, seed=4)
    monkeypatch.setattr(simulate, "np", Narrow())
    pd.testing.assert_frame_equal(simulate.frailty_recurrences(n=200, seed=4), expected)
