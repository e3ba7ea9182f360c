"""Curves: what is drawn, who is at risk, and what the caption reads."""

import numpy as np
import pandas as pd
import pytest

from utils import cumulative_incidence, mixture_cure, plots

SIX = pd.DataFrame(
    {"t": [1.0, 2, 3, 4, 5, 6], "e": [0, 1, 1, 0, 1, 0], "g": ["a", "b", "a", "b", "a", "b"]}
)
CAUSES = SIX.assign(e=[1, 2, 1, 0, 2, 0])
AGAIN = pd.DataFrame(
    {
        "id": [1, 1, 2, 3],
        "start": [0.0, 2, 0, 1],
        "t": [2.0, 5, 4, 5],
        "e": [1, 0, 1, 1],
        "g": ["a", "a", "b", "b"],
    }
)


def said(ax):
    return ax.figure.finding


def words(ax):
    return [text.get_text() for text in ax.texts]


def at_risk(ax):
    return words(ax.figure.axes[1])


def curves(ax):
    return [line.get_xydata().tolist() for line in ax.get_lines() if len(line.get_xdata()) > 2]


def km(data=SIX, **kwargs):
    given = {"by": "g", "outcome": "relapse", "unit": "years", "read_at": 3, "ticks": [0, 3, 6]}
    return plots.kaplan_meier(data, "t", "e", **given | kwargs)


def test_curves_count_who_is_at_risk_and_name_each_group_in_its_colour():
    ax = km()
    assert said(ax) == (
        "Share free of relapse at 3 years: a: 50% (1% to 91%); b: 67% (5% to 95%). "
        "Bands are 95% intervals."
    )
    assert at_risk(ax) == ["number at risk", "3", "2", "0", "3", "2", "1"]
    assert words(ax) == ["a", "b"]
    lines = [line for line in ax.get_lines() if len(line.get_xdata()) > 2]
    assert [t.get_color() for t in ax.texts] == [line.get_color() for line in lines]
    assert lines[0].get_linestyle() != lines[1].get_linestyle()


@pytest.mark.parametrize(
    "groups",
    [
        pd.to_datetime(["2020-01-01", "2021-01-01"] * 3),
        [1, 2] * 3,
        [1.5, 2.5] * 3,
        [False, True] * 3,
        pd.Categorical(["b", "a"] * 3, categories=["b", "a"]),
        pd.array([1, 2] * 3, dtype="Int64"),
    ],
)
def test_at_risk_is_counted_from_the_groups_whatever_they_are(groups):
    assert at_risk(km(SIX.assign(g=groups))) == ["number at risk", "3", "2", "0", "3", "2", "1"]


def test_a_curve_reaches_the_horizon_or_the_last_follow_up_and_not_further():
    short, long = curves(km(horizon=5.5))
    assert short[0] == [0, 1] and short[-1][0] == 5
    assert long[-1] == [5.5, pytest.approx(2 / 3)]
    assert km(horizon=5.5).get_xlim() == (0, 5.5)


def test_a_group_not_followed_that_far_says_so():
    data = SIX.assign(e=[0, 1, 1, 0, 0, 0])
    assert "a: not followed that far (to 5 years); b: 67%" in said(km(data, read_at=5.5))


def test_a_curve_that_has_reached_zero_is_zero_ever_after():
    data = SIX.assign(e=[1, 1, 1, 0, 1, 0])
    assert "a: 0%; b: 67%" in said(km(data, read_at=5.5))


def test_before_the_first_event_everybody_is_free():
    assert "a: 100% (100% to 100%)" in said(km(read_at=0.5))


def test_reading_after_everybodys_follow_up_is_an_error_whose_remedy_works():
    with pytest.raises(ValueError, match="read_at=9") as error:
        km(read_at=9)
    remedy = str(error.value).split("Remedy: read_at=")[1]
    assert "67%" in said(km(read_at=float(remedy)))


def test_a_time_that_differs_by_rounding_alone_is_that_time():
    data = SIX.assign(t=[0.1, 0.2, 0.1 + 0.2, 0.4, 0.5, 0.6])
    ax = km(data, by=None, read_at=0.3, ticks=[0, 0.3, 0.1 + 0.2 + 1e-12])
    assert said(ax).startswith("Share free of relapse at 0.3 years: 60%")
    assert at_risk(ax) == ["number at risk", "6", "4", "4"]
    ends = km(data.iloc[[0, 1, 5]].assign(t=[0.1, 0.2, 0.3]), by=None, read_at=0.1 + 0.2)
    assert said(ends).startswith("Share free of relapse at 0.3 years: 50%")


def test_people_who_enter_late_are_at_risk_from_then_on():
    data = SIX.assign(start=[0, 0, 2, 3, 0, 0])
    ax = km(data, by=None, entry="start", ticks=[0, 2, 3, 4])
    assert at_risk(ax)[1:] == ["4", "3", "3", "3"]


def test_what_people_are_before_the_event_can_be_named():
    ax = km(free="alive")
    assert ax.get_ylabel() == "share alive" and said(ax).startswith("Share alive at 3 years")
    ax = km(free={"a": "alive", "b": "free of recurrence"})
    assert words(ax) == ["alive", "free of\nrecurrence"]
    assert said(ax).startswith("At 3 years: alive: 50% (1% to 91%); free of recurrence: 67%")
    assert ax.get_ylabel() == "share of people"


def incidence(data=CAUSES, **kwargs):
    given = {"causes": {1: "back", 2: "died"}, "unit": "years", "read_at": 3}
    return plots.cumulative_incidence(data, "t", "e", **given | kwargs)


def fates(data=CAUSES, **kwargs):
    given = {"causes": {1: "back", 2: "died"}, "free": "free", "unit": "years", "read_at": 3}
    return plots.stacked_fates(data, "t", "e", **given | kwargs)


def returns(data=AGAIN, **kwargs):
    given = {"outcome": "returns", "unit": "years", "read_at": 3}
    return plots.mean_cumulative_count(data, "t", "e", "id", "start", **given | kwargs)


@pytest.mark.parametrize("draw", [km, incidence, fates, returns])
@pytest.mark.parametrize(
    "wrong, named",
    [
        ({"read_at": -1}, "read_at=-1"),
        ({"read_at": np.nan}, "read_at=nan"),
        ({"read_at": "3"}, "read_at='3'"),
        ({"read_at": None}, "read_at=None"),
        ({"read_at": pd.NA}, "read_at=<NA>"),
        ({"read_at": [3, 4]}, "read_at="),
        ({"horizon": 2}, "horizon=2"),
        ({"horizon": 0}, "horizon=0"),
        ({"horizon": np.inf}, "horizon=inf"),
        ({"ticks": ["a"]}, "ticks="),
        ({"ticks": [np.nan]}, "ticks="),
        ({"read_at": 60}, "read_at=60"),
    ],
)
def test_a_time_that_cannot_be_is_an_error_whose_remedy_works(draw, wrong, named):
    with pytest.raises(ValueError, match=named) as error:
        draw(**wrong)
    remedy = eval(f"dict({str(error.value).split('Remedy: ')[1]})")
    try:
        ax = draw(**wrong | remedy)
    except ValueError as next_error:  # the axis must reach read_at as well
        ax = draw(**wrong | remedy | eval(f"dict({str(next_error).split('Remedy: ')[1]})"))
    assert "nan" not in said(ax)


def test_ticks_stand_in_order_and_once():
    assert at_risk(km(ticks=[6, 3, 3, 0], by=None)) == ["number at risk", "6", "4", "1"]


@pytest.mark.parametrize("draw", [incidence, fates])
@pytest.mark.parametrize("causes", [{}, ["back"], {"1": "back"}, {0: "none"}, {1: ""}, {1.5: "a"}])
def test_causes_that_name_no_code_are_an_error_whose_remedy_works(draw, causes):
    with pytest.raises(ValueError, match="causes") as error:
        draw(causes=causes)
    assert draw(**eval(f"dict({str(error.value).split('Remedy: ')[1]})"))


def test_a_group_without_events_has_a_flat_line():
    ax = incidence(CAUSES.assign(e=[1, 0, 2, 0, 1, 0]), by="g")
    assert "b, back 0%; b, died 0%." in said(ax)


def test_causes_of_one_name_are_both_drawn():
    ax = incidence(causes={1: "back", 2: "back"})
    assert words(ax) == ["back", "back"] and said(ax).count("back") == 2


def test_shares_below_a_percent_can_be_read_on_the_axis():
    rare = pd.DataFrame({"t": np.arange(1.0, 501), "e": [1] + [0] * 499})
    ax = incidence(rare, causes={1: "back"})
    labels = [t.get_text() for t in ax.get_yticklabels()]
    assert len(set(labels)) == len(labels)


def test_fates_are_read_at_a_time_that_differs_by_rounding_alone():
    data = pd.DataFrame({"t": [0.1 + 0.2, 0.5, 0.7], "e": [1, 2, 0]})
    assert said(fates(data, read_at=0.3)).startswith("Of everybody, at 0.3 years: 33% back")


def test_more_fates_than_colours_are_an_error_whose_remedy_works():
    data = pd.DataFrame({"t": range(1, 9), "e": range(8)})
    causes = {code: f"fate {code}" for code in range(1, 8)}
    with pytest.raises(ValueError, match="8 fates") as error:
        fates(data, causes=causes)
    room = {"data": data}
    exec(str(error.value).split("Remedy: ")[1], room)
    assert fates(room["data"], causes=room["causes"])


def test_incidence_of_each_cause_with_the_number_at_risk():
    ax = plots.cumulative_incidence(
        CAUSES, "t", "e", causes={1: "back", 2: "died"}, unit="years", read_at=5, ticks=[0, 3, 5]
    )
    assert said(ax).startswith("By 5 years: back 33% (")
    assert at_risk(ax) == ["number at risk", "6", "4", "2"]
    assert [curve[-1][0] for curve in curves(ax)] == [6, 6]
    table = cumulative_incidence(CAUSES, "t", "e")
    last = table[table["cause"] == 2]["incidence"].iloc[-1]
    assert curves(ax)[1][-1][1] == pytest.approx(last)


def test_the_naive_curve_lies_above_the_incidence():
    ax = plots.cumulative_incidence(
        CAUSES, "t", "e", causes={1: "back"}, unit="years", read_at=5, naive=True
    )
    right, naive = (curve[-1][1] for curve in curves(ax))
    assert naive == pytest.approx(1 - 5 / 6 * 3 / 4) and right == pytest.approx(1 / 3)
    assert words(ax)[1].replace("\n", " ") == "back, 1 - Kaplan-Meier"


def test_incidence_by_group_has_a_line_each_and_no_more_than_six():
    call = {"unit": "years", "read_at": 3}
    ax = plots.cumulative_incidence(CAUSES, "t", "e", "g", causes={1: "back", 2: "died"}, **call)
    assert words(ax) == ["a, back", "a, died", "b, back", "b, died"]
    assert len(at_risk(ax)) > len(words(ax))
    four = pd.concat([CAUSES.assign(g=name) for name in "abcd"])
    with pytest.raises(ValueError, match="8 curves") as error:
        plots.cumulative_incidence(four, "t", "e", "g", causes={1: "back", 2: "died"}, **call)
    remedy = eval(str(error.value).split("Remedy: causes=")[1])
    assert plots.cumulative_incidence(four, "t", "e", "g", causes=remedy, **call)
    with pytest.raises(ValueError, match="8 curves") as error:
        plots.cumulative_incidence(four, "t", "e", "g", causes={1: "back"}, naive=True, **call)
    room: dict = {}
    exec(str(error.value).split("Remedy: ")[1], room)
    remedy = {name: room[name] for name in ("causes", "naive")}
    assert plots.cumulative_incidence(four, "t", "e", "g", **remedy, **call)


def test_incidence_is_known_for_ever_where_nobody_is_left():
    data = SIX.assign(e=[1, 2, 2, 1, 1, 0])
    text = said(incidence(data, by="g", read_at=5.5, causes={1: "back"}, naive=True))
    assert "a, back 67% (" in text and "a, back, 1 - Kaplan-Meier 100%" in text
    data = SIX.assign(e=[1, 2, 2, 1, 2, 0])
    text = said(incidence(data, by="g", read_at=5.5, causes={1: "back"}, naive=True))
    assert "a, back 33% (" in text
    assert "a, back, 1 - Kaplan-Meier not followed that far (to 5 years)" in text


def test_events_that_come_again_are_counted_among_those_under_observation():
    ax = plots.mean_cumulative_count(
        AGAIN, "t", "e", "id", "start", outcome="returns", unit="years", read_at=4, ticks=[0, 2, 4]
    )
    assert said(ax).startswith("Mean returns per person by 4 years: 0.67 (")
    assert at_risk(ax) == ["number at risk", "2", "3", "3"]
    with pytest.raises(ValueError, match="read_at=6"):
        plots.mean_cumulative_count(
            AGAIN, "t", "e", "id", "start", outcome="returns", unit="years", read_at=6
        )


def test_fates_fill_everybody_and_the_caption_adds_up():
    ax = plots.stacked_fates(
        CAUSES, "t", "e", causes={1: "back", 2: "died"}, free="free", unit="years", read_at=4
    )
    assert said(ax) == "Of everybody, at 4 years: 33% back; 17% died; 50% free."
    tops = [area.get_paths()[0].get_extents().y1 for area in ax.collections]
    assert tops[-1] == 1 and words(ax) == ["back", "died", "free"]
    assert len({area.get_hatch() for area in ax.collections}) == 3


def test_a_fate_without_a_name_is_an_error():
    with pytest.raises(ValueError, match="'e': 2 has no name"):
        plots.stacked_fates(CAUSES, "t", "e", causes={1: "back"}, free="free", unit="y", read_at=4)


def test_the_cured_share_stands_beside_the_last_value_of_the_steps():
    rng = np.random.default_rng(4)
    times = np.where(rng.random(200) < 0.4, 99.0, rng.weibull(1.3, 200) * 2)
    data = pd.DataFrame({"t": np.minimum(times, 8.0), "e": (times < 8).astype(int)})
    ax = plots.cure_over_kaplan_meier(data, "t", "e", outcome="relapse", unit="years")
    fit = mixture_cure(data, "t", "e").iloc[0]
    assert (
        f"itted cured share {fit['cure']:.0%} ({fit['lower']:.0%} to {fit['upper']:.0%})"
        in said(ax)
    )
    last = f"last Kaplan-Meier value {1 - data['e'].mean():.0%}"
    assert last in said(ax)
    part = plots.cure_over_kaplan_meier(data, "t", "e", outcome="relapse", unit="years", horizon=1)
    assert last in said(part)
    model = ax.get_lines()[1].get_ydata()
    assert model[0] == 1 and model[-1] == pytest.approx(fit["cure"], abs=0.02)
