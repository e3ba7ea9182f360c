"""utils.survival.persontime against R, by hand, and what it refuses."""

from decimal import Decimal
from importlib import import_module

import numpy as np
import pandas as pd
import pytest

from tests.conftest import agree, numbers
from utils import (
    landmark,
    mean_cumulative_count,
    piecewise_exponential,
    rates,
    split_follow_up,
)


def test_mean_cumulative_count(bladder, reference):
    r = reference("bladder1")["mcf"]
    table = mean_cumulative_count(bladder, "stop", "rec", "id", "start", by="treatment")
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
    model = piecewise_exponential(split, "person_time", "event", "period + sex")
    assert model["term"].tolist() == ["Intercept", "period", "period", "sex"]
    assert model["level"].tolist() == ["", "180-365", "365+", ""]
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


SIX = pd.DataFrame(
    {"t": [1, 2, 3, 4, 5, 6], "e": [0, 1, 1, 0, 1, 0], "g": ["a", "b", "a", "b", "a", "b"]}
)


def test_on_the_very_day_of_the_landmark():
    """Who left that day is left out; an exposure that began that day counts."""
    left = landmark(SIX.assign(began=[1, 1, 1, 3, 3.1, np.nan]), "t", "e", at=3, became="began")
    assert left["t"].tolist() == [1, 2, 3] and left["exposed"].tolist() == [1, 0, 0]


def test_landmark_on_its_very_day():
    people = pd.DataFrame({"t": [1.0, 2, 3], "e": [1, 1, 0], "quit": [0.5, 1.0, np.nan]})
    left = landmark(people, "t", "e", at=1, became="quit")
    assert left["t"].tolist() == [1, 2] and left["exposed"].tolist() == [1, 0]
    assert left["exposed"].dtype == "int64"
    with pytest.raises(ValueError, match="no column 'left'"):
        landmark(people, "t", "e", at=1, became="left")
    with pytest.raises(ValueError, match="landmark 3.*Remedy: at=1.5"):
        landmark(people, "t", "e", at=3)


AGAIN = pd.DataFrame(
    {
        "id": [1, 1, 2, 2, 3],
        "a": [0, 2, 0, 3, 0],
        "t": [2, 4, 3, 3, 1],
        "e": [1, 0, 1, 0, 0],
        "g": list("xxxxx"),
    }
)


def test_mean_cumulative_count_with_its_interval():
    table = mean_cumulative_count(AGAIN, "t", "e", "id", "a")
    assert table["time"].tolist() == [1, 2, 3, 4] and table["at_risk"].tolist() == [3, 2, 2, 1]
    assert table["events"].tolist() == [0, 1, 1, 0] and table["events"].dtype == "int64"
    np.testing.assert_allclose(table["mean_count"], [0, 0.5, 1, 1])
    ratio = np.exp(1.959963984540054 * table["se"] / table["mean_count"].where(table["events"] > 0))
    assert table.loc[0, ["lower", "upper"]].tolist() == [0, 0]
    np.testing.assert_allclose(table["upper"][1:3], (table["mean_count"] * ratio)[1:3])
    np.testing.assert_allclose(table["lower"][1:3], (table["mean_count"] / ratio)[1:3])


@pytest.mark.parametrize(
    "change, message",
    [
        ({"a": [0, 2, 0, 4, 0]}, "column 'a', row 3: entry must come before 't'"),
        ({"t": [2, 4, 3, np.nan, 1]}, "column 't', row 3"),
        ({"id": [1, 1, 2, None, 3]}, "column 'id', row 3"),
        ({"g": [*"xxx", "x", None]}, "column 'g', row 4: the group is missing"),
    ],
)
def test_mean_cumulative_count_refuses_what_is_no_interval(change, message):
    with pytest.raises(ValueError, match=message):
        mean_cumulative_count(AGAIN.assign(**change), "t", "e", "id", "a", by="g")
    with pytest.raises(ValueError, match="no column 'who'"):
        mean_cumulative_count(AGAIN, "t", "e", "who", "a")


def test_split_follow_up_names_periods_with_as_many_digits_as_they_need():
    people = pd.DataFrame({"t": [2e6, 3e6], "e": [1, 0]})
    days = split_follow_up(people, "t", "e", cuts=[1234567, 1234568, 1234569])
    assert days["period"].cat.categories.tolist()[:2] == ["0-1234567", "1234567-1234568"]
    people = pd.DataFrame({"t": [2, 3], "e": [1, 0]})
    thirds = split_follow_up(people, "t", "e", cuts=[1 / 3, 0.3333334])["period"]
    assert thirds.cat.categories.tolist() == ["0-0.3333333", "0.3333333-0.3333334", "0.3333334+"]


def test_a_number_for_the_rest_or_for_never_moves_no_time():
    people = pd.DataFrame({"t": [1.0, 2.0, 3.0], "e": [1, 1, 0], "b": [1, 1e12, None]})
    plain = split_follow_up(people, "t", "e", cuts=[1.5])
    wide = split_follow_up(people, "t", "e", cuts=[1.5, 1e12])
    assert wide["person_time"].tolist() == plain["person_time"].tolist()
    assert wide["e"].tolist() == plain["e"].tolist()
    early = landmark(people, "t", "e", at=1.5, became="b")
    assert early["t"].tolist() == [0.5, 1.5] and early["exposed"].tolist() == [0, 0]


def test_split_follow_up_names_its_periods_in_order():
    people = pd.DataFrame({"t": [12.0, 1.5, 0.5], "e": [1, 0, 1]}, index=[8, 8, 3])
    split = split_follow_up(people, "t", "e", cuts=[0, 0.5, 2, 10])
    assert split.index.tolist() == list(range(7))
    assert split.columns.tolist() == ["t", "e", "start", "stop", "person_time", "period"]
    assert split["period"].tolist() == ["0-0.5", "0.5-2", "2-10", "10+", "0-0.5", "0.5-2", "0-0.5"]
    assert split["period"].cat.categories.tolist() == ["0-0.5", "0.5-2", "2-10", "10+"]
    assert split["period"].cat.ordered and split["e"].tolist() == [0, 0, 0, 1, 0, 0, 1]
    assert split["e"].dtype == "int64"
    only = split_follow_up(people.tail(1), "t", "e", cuts=[0.5, 2])["period"]
    assert only.cat.categories.tolist() == ["0-0.5"]


def test_split_follow_up_keeps_each_persons_rows_together():
    people = pd.DataFrame({"t": 10.0, "e": 1, "who": range(200)})
    split = split_follow_up(people, "t", "e", cuts=[2, 5])
    pd.testing.assert_frame_equal(split, split.sort_values(["who", "start"]))


def test_split_follow_up_with_delayed_entry():
    people = pd.DataFrame({"a": [1, 2, 3], "t": [5, 3, 6], "e": [1, 1, 0]})
    split = split_follow_up(people, "t", "e", cuts=[2, 4], entry="a")
    assert split["start"].tolist() == [1, 2, 4, 2, 3, 4]
    assert split["stop"].tolist() == [2, 4, 5, 3, 4, 6]
    assert split[["start", "stop", "person_time"]].dtypes.tolist() == ["float64"] * 3


@pytest.mark.parametrize(
    "options, message",
    [
        ({"cuts": [2, 2]}, r"cuts.*\[2, 2\]"),
        ({"cuts": [2, np.nan]}, "cuts.*nan"),
        ({"cuts": pd.to_timedelta([2], "D")}, "cuts.*2 days"),
        ({"cuts": [0.3, 0.1 + 0.2]}, "cuts.*rounding"),
        ({"cuts": [-1, 2]}, "cuts.*-1"),
        ({"cuts": [2], "entry": "late"}, "column 'late', row 0: entry must come before 't'"),
    ],
)
def test_split_follow_up_refuses(options, message):
    with pytest.raises(ValueError, match=message):
        split_follow_up(SIX.assign(late=9), "t", "e", **options)


@pytest.mark.parametrize(
    "use, message",
    [
        (lambda d: rates(d, "t", "e", by="g"), "column 'g', row 5: the group is missing"),
        (
            lambda d: rates(d, "t", "e", by="g", grouped=True),
            "column 'g', row 5: the group is missing",
        ),
        (lambda d: rates(d, "t", "cases", grouped=True), "no column 'cases'"),
        (lambda d: rates(d.assign(t=0), "t", "e"), "no person-time.*Remedy: name the column"),
        (lambda d: rates(d, "t", "e", per=0), "per is 0"),
        (
            lambda d: rates(d.assign(e=pd.array([0, None, 1, 0, 1, 0], dtype="boolean")), "t", "e"),
            "'e', row 1.*missing",
        ),
        (lambda d: rates(d.assign(e=0.5), "t", "e", grouped=True), "'e', row 0.*whole"),
        (lambda d: piecewise_exponential(d, "time", "e", "e"), "no column 'time'"),
        (
            lambda d: piecewise_exponential(d.assign(late=[0, 0, 0, 1, 0, 1]), "t", "e", "late"),
            "'late'.*no event among late = 1",
        ),
        (
            lambda d: piecewise_exponential(d.assign(h=list("abbaba")), "t", "e", "h"),
            "'h'.*no event among level 'a'",
        ),
        (
            lambda d: piecewise_exponential(d.assign(t=[1, 0, 1, 1, 1, 1]), "t", "e", "1"),
            "'t', row 1.*person-time",
        ),
        (
            lambda d: piecewise_exponential(d.assign(x=[0, 1, 1, 0, 1, 0]), "t", "e", "x"),
            "'x'.*no event among x = 0",
        ),
        (
            lambda d: piecewise_exponential(d.assign(x=[2, 1, 1, 3, 1, 2.5]), "t", "e", "x"),
            "'x'.*no event",
        ),
        (
            lambda d: piecewise_exponential(
                d.assign(x=[0.3, 1, 2, 1, 3, 2], z=[1, 1, 2, 3, 3, 3]), "t", "e", "x + z"
            ),
            "'x' with term 'z'.*no event",
        ),
        (
            lambda d: piecewise_exponential(d.assign(x=d["t"] * 2), "t", "e", "t + x"),
            "'x' is a sum of others .term 't'",
        ),
    ],
)
def test_refused_with_the_whole_remedy(use, message):
    with pytest.raises(ValueError, match=message):
        use(SIX.assign(g=["a", "b", "a", "b", "a", None]))


def test_piecewise_exponential_leaves_out_rows_without_time_and_counts():
    data = SIX.assign(t=[0, 2, 3, 4, 5, 6], x=[1, 0, 1, 0, 1, 0])
    table = piecewise_exponential(data, "t", "e", "x")
    assert table.attrs["n"] == 5 and table.attrs["events"] == 3
    np.testing.assert_allclose(table["rate_ratio"], [1 / 12, (2 / 8) / (1 / 12)])


def test_rates_per_100():
    one, hundred = (rates(SIX, "t", "e", per=per).iloc[0] for per in (1, 100))
    columns = ["rate", "lower", "upper"]
    np.testing.assert_allclose(hundred[columns].astype(float), 100 * one[columns].astype(float))
    assert hundred["person_time"] == one["person_time"] == 21


def test_an_event_at_time_0_has_no_period():
    people = pd.DataFrame({"t": [3.0, 0, 5], "e": [1, 1, 1]}, index=["p", "q", "r"])
    with pytest.raises(ValueError, match="'t', row 'q'.*Remedy"):
        split_follow_up(people, "t", "e", [2])
    with pytest.raises(ValueError, match="'t', row 'q'.*Remedy"):
        piecewise_exponential(people, "t", "e", "1")
    split = split_follow_up(people.assign(e=[1, 0, 1]), "t", "e", [2])
    assert split["e"].sum() == 2 and split["person_time"].sum() == 8


def test_split_follow_up_at_a_cut_that_differs_by_rounding():
    people = pd.DataFrame({"t": [0.1 + 0.2, 0.5], "e": [1, 1]})
    split = split_follow_up(people, "t", "e", cuts=[0.3])
    assert split["period"].tolist() == ["0-0.3", "0-0.3", "0.3+"]
    assert split["e"].tolist() == [1, 0, 1]


@pytest.mark.parametrize("name", ["start", "stop", "period", "person_time"])
def test_split_follow_up_overwrites_no_column(name):
    with pytest.raises(ValueError, match=f"'{name}'.*rename"):
        split_follow_up(SIX.assign(**{name: 1}), "t", "e", cuts=[2])


@pytest.mark.parametrize(
    "change, at, said",
    [
        ({}, -1, "-1"),
        ({}, np.nan, "nan"),
        ({"quit": "never"}, 1, "'quit'"),
        ({"exposed": 1}, 1, "'exposed'.*rename"),
    ],
)
def test_landmark_refuses(change, at, said):
    with pytest.raises(ValueError, match=said):
        landmark(SIX.assign(quit=2.0).assign(**change), "t", "e", at=at, became="quit")


def test_landmark_with_gaps_of_any_type_and_rounding():
    people = pd.DataFrame({"t": [0.1 + 0.2, 2.0, 3.0], "e": [1, 1, 0]})
    quit = pd.array([None, 0, 1], dtype="Int64")
    left = landmark(people.assign(quit=quit), "t", "e", at=0.3, became="quit")
    assert left["t"].tolist() == [1.7, 2.7] and left["exposed"].tolist() == [1, 0]
    left = landmark(people.assign(quit=[None] * 3), "t", "e", at=0.3, became="quit")
    assert left["exposed"].tolist() == [0, 0]
    left = landmark(people.assign(quit=[0, np.inf, -np.inf]), "t", "e", at=0.3, became="quit")
    assert left["exposed"].tolist() == [0, 1]
    decimals = people.assign(t=[Decimal(1), Decimal(2), Decimal(3)])
    assert landmark(decimals, "t", "e", at=1.5)["t"].tolist() == [0.5, 1.5]


def test_mean_cumulative_count_of_two_people():
    """R 4.2.2, survival 3.5-3: survfit(Surv(a, b, e) ~ 1, id = id, robust = TRUE)$std.chaz."""
    data = pd.DataFrame(
        {"id": [1, 1, 2, 2], "a": [0, 2, 0, 3], "b": [2, 5, 3, 4], "e": [1, 0, 1, 1]}
    )
    table = mean_cumulative_count(data, "b", "e", "id", "a")
    agree(table["se"], [0.353553390593274, 0, 0.353553390593274, 0.353553390593274])


def test_mean_cumulative_count_with_gaps_and_late_entries(bladder):
    """Equal to the definition, person by person, also where people come late and are away."""
    rng = np.random.default_rng(3)
    data = bladder.assign(
        start=lambda d: d["start"] + rng.integers(0, 2, len(d)) * (d["stop"] - d["start"]) / 3
    )
    table = mean_cumulative_count(data, "stop", "rec", "id", "start")
    grid = table["time"].to_numpy()
    start, stop = data["start"].to_numpy()[:, None], data["stop"].to_numpy()[:, None]
    here = (stop == grid) * data["rec"].to_numpy()[:, None]
    under = (start < grid) & (stop >= grid)
    n = under.sum(axis=0)
    excess = np.cumsum((here - under * (here.sum(axis=0) / n)) / n, axis=1)
    people = pd.DataFrame(excess).groupby(data["id"].to_numpy()).sum()
    agree(table["at_risk"], n.tolist())
    agree(table["se"], np.sqrt((people**2).sum(axis=0)).tolist())


def test_a_person_may_be_named_by_two_columns():
    data = AGAIN.assign(centre=[1, 1, 1, 1, 2], number=[1, 1, 2, 2, 1])
    both = mean_cumulative_count(data, "t", "e", ["centre", "number"], "a")
    pd.testing.assert_frame_equal(both, mean_cumulative_count(AGAIN, "t", "e", "id", "a"))


def test_mean_cumulative_count_wants_follow_up():
    with pytest.raises(ValueError, match="'t'.*no row has follow-up"):
        mean_cumulative_count(AGAIN.assign(a=AGAIN["t"]), "t", "e", "id", "a")


@pytest.mark.parametrize(
    "scale, shift",
    [(1, 0), (1e9, 0), (1e-12, 0), (1, 1e6), (1e200, 0), (1e-200, 0)],
    ids=["as is", "huge", "tiny", "far", "beyond squares", "below squares"],
)
def test_piecewise_exponential_on_any_scale(lung, scale, shift):
    """R 4.2.2: coef(summary(glm(event ~ age + offset(log(time)), poisson, lung)))["age", ]."""
    rows = lung.assign(age=lung["age"] * scale + shift)
    row = piecewise_exponential(rows, "time", "event", "age").iloc[1]
    np.testing.assert_allclose(
        [row["coef"] * scale, row["se"] * scale],
        [0.0174866963392165, 0.00909329281758074],
        rtol=1e-7,
    )


def test_piecewise_exponential_with_one_rate_is_rates():
    model, rate = piecewise_exponential(SIX, "t", "e", "1"), rates(SIX, "t", "e")
    agree(model["rate_ratio"], rate["rate"].tolist())
    assert model["term"].tolist() == ["Intercept"]


def test_piecewise_exponential_in_groups_drops_and_counts():
    data = pd.concat([SIX, SIX.assign(e=[1, 1, 1, 0, 0, 1])], keys=["p", "q"], names=["arm", None])
    data = data.reset_index("arm").assign(x=[1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 1, np.nan])
    both = piecewise_exponential(data, "t", "e", "x", by="arm")
    assert both["arm"].tolist() == ["p", "p", "q", "q"]
    assert both.attrs["n"] == 11 and both.attrs["dropped"] == 1 and both.attrs["events"] == 6
    alone = piecewise_exponential(data[data["arm"] == "q"], "t", "e", "x")
    agree(both[both["arm"] == "q"]["coef"], alone["coef"].tolist())


def test_piecewise_exponential_keeps_a_table_with_a_cell_without_events():
    """R 4.2.2: coef(glm(e ~ g + x + offset(log(t)), poisson)): one cell of g and x is empty."""
    cells = pd.DataFrame(
        {"g": list("aabb"), "x": [0, 1, 0, 1], "t": [10.0, 20, 30, 40], "e": [3, 0, 5, 2]}
    )
    agree(
        piecewise_exponential(cells, "t", "e", "g + x")["coef"],
        [-1.488116248977172, -0.165269374106093, -1.805989737874664],
    )
    with pytest.raises(ValueError, match="'g:x'|'x:g'"):
        piecewise_exponential(cells, "t", "e", "g * x")


def test_piecewise_exponential_where_the_usual_iteration_fails():
    """R 4.2.2: coef(glm(e ~ x + offset(log(t)), poisson)), epsilon = 1e-13."""
    data = pd.DataFrame(
        {
            "t": [38, 7, 23, 37, 16, 29, 24, 24, 20, 34, 33, 12, 37, 32, 18, 14, 26, 2],
            "e": [0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0],
            "x": [
                *(0.07, 8.074, 0.16, 0.175, 0.314, 0.006, 21.237, 0.279, 17.268),
                *(2.673, 2.441, 31.722, 12.78, 0.122, 0.941, 0.155, 11.882, 7.109),
            ],
        }
    )
    table = piecewise_exponential(data, "t", "e", "x")
    np.testing.assert_allclose(table["coef"], [-4.00417340583067, -2.03091575331836], rtol=1e-7)


def test_a_poisson_fit_that_does_not_end_is_refused(monkeypatch):
    from statsmodels.genmod.generalized_linear_model import GLM

    def fails(self, *args, **options):
        raise np.linalg.LinAlgError("Singular matrix")

    expected = piecewise_exponential(SIX, "t", "e", "t")["coef"]
    monkeypatch.setattr(GLM, "fit", fails)
    np.testing.assert_allclose(piecewise_exponential(SIX, "t", "e", "t")["coef"], expected)
    monkeypatch.setattr(
        import_module("utils.survival.persontime"), "climb", lambda start, *_: (start, start + 1)
    )
    with pytest.raises(ValueError, match="'t'"):
        piecewise_exponential(SIX, "t", "e", "t")


def test_poisson_with_one_row_far_out():
    """Left out, the row far out gives the same: its rate is 0 at any slope that the rest allow.

    R 4.2.2: glm(k ~ x + offset(log(t)), poisson), fitted rates numerically 0.
    """
    data = pd.DataFrame(
        {"t": [3, 1, 4, 1, 5, 9.0], "k": [1, 2, 3, 1, 1, 0], "x": [1, 0, 1, -1, 2, 1e5]}
    )
    rest = piecewise_exponential(data.head(5), "t", "k", "x")
    far = piecewise_exponential(data, "t", "k", "x")
    np.testing.assert_allclose(far[["coef", "se"]], rest[["coef", "se"]], rtol=1e-6)
    np.testing.assert_allclose(far.attrs["deviance"], rest.attrs["deviance"])
