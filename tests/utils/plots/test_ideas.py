"""Teaching pictures: each says in words what its few lives show."""

import numpy as np
import pandas as pd
import pytest

from utils import plots

LIVES = pd.DataFrame(
    {
        "t": [1.0, 2, 3, 4],
        "e": [1, 0, 1, 1],
        "began": [np.nan, 1.0, 2.5, np.nan],
        "who": ["Ann", "Ben", "Cas", "Dee"],
    }
)


def said(ax):
    return ax.figure.finding


def ends(ax, marker):
    marked = [line for line in ax.get_lines() if line.get_marker() == marker]
    return [tuple(line.get_xydata()[0]) for line in marked if len(line.get_xydata())]


def test_swimmer_marks_each_end_and_reads_each_fall():
    ax = plots.swimmer(LIVES, "t", "e", outcome="recurrence", unit="years", label="who")
    assert ends(ax, "x") == [(1, 0), (3, 2), (4, 3)] and ends(ax, "o") == [(2, 1)]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["Ann", "Ben", "Cas", "Dee"]
    assert "3 with recurrence (x), 1 watched" in said(ax)
    assert "falls to 75% after 1, 38% after 3 and 0% after 4 years" in said(ax)
    below = ax.figure.axes[1]
    assert [text.get_text().strip() for text in below.texts] == ["75%", "38%", "0%"]


def test_swimmer_leaves_the_curve_to_the_reader():
    ax = plots.swimmer(LIVES, "t", "e", outcome="recurrence", unit="years", curve=False)
    assert ax.figure.axes == [ax] and ax.get_xlabel() == "years"
    assert "%" not in said(ax)


def test_a_curve_without_events_does_not_fall():
    ax = plots.swimmer(LIVES.assign(e=0), "t", "e", outcome="recurrence", unit="years")
    assert said(ax).endswith("the curve does not fall.")


@pytest.mark.parametrize(
    "draw",
    [
        lambda data: plots.swimmer(data, "t", "e", outcome="death", unit="years"),
        lambda data: plots.immortal_time(
            data, "began", "t", "e", what="quitting", outcome="death", unit="years"
        ),
        lambda data: plots.two_colourings(
            data,
            "began",
            "t",
            "e",
            at=1,
            exposed="quit",
            unexposed="went on",
            outcome="death",
            unit="years",
        ),
    ],
)
def test_too_many_lives_are_an_error_whose_remedy_works(draw):
    many = pd.concat([LIVES] * 5, ignore_index=True)
    with pytest.raises(ValueError, match="20 rows") as error:
        draw(many)
    assert draw(eval(str(error.value).split("Remedy: ")[1], {"data": many}))


def immortal(data=LIVES):
    return plots.immortal_time(
        data, "began", "t", "e", what="specimen", outcome="death", unit="years", label="who"
    )


def test_the_immortal_stretch_is_hatched_and_measured():
    ax = immortal()
    hatched = [bar.get_width() for bar in ax.patches if bar.get_hatch() and bar.get_width()]
    assert hatched == [1, 2.5]
    assert "That stretch is 3.5 of the 10 years drawn, 35%" in said(ax)
    assert ends(ax, "D") == [(1, 1), (2.5, 2)]


def test_what_begins_after_the_end_is_an_error_whose_remedy_works():
    data = LIVES.assign(began=[5.0, 1, 2, np.nan])
    with pytest.raises(ValueError, match="'began', row 0") as error:
        immortal(data)
    remedy = str(error.value).split("Remedy: ")[1]
    assert "That stretch is 3 of the 9 years" in said(immortal(eval(remedy, {"data": data})))


@pytest.mark.parametrize(
    "shares, counts",
    [
        ({"a": 0.04, "b": 0.44}, [4, 44, 52]),
        ({"a": 1 / 3, "b": 1 / 3}, [33, 33, 34]),
        ({"a": 0.005, "b": 0.006}, [0, 1, 99]),
        ({"a": 0.0}, [0, 100]),
        ({"a": 0.6, "b": 0.4}, [60, 40, 0]),
    ],
)
def test_dots_add_up_to_a_hundred(shares, counts):
    ax = plots.dots(shares, rest="rest", who="women", when="at ten years")
    fates = [*shares, "rest"]
    assert (
        said(ax)
        == "Of 100 women, at ten years: "
        + "; ".join(f"{n} {name}" for n, name in zip(counts, fates))
        + "."
    )
    drawn = ax.get_lines()[::2]
    assert [len(line.get_xdata()) for line in drawn] == counts
    assert len({line.get_marker() for line in drawn}) == len(fates)


@pytest.mark.parametrize("shares", [{"a": 4.0}, {"a": 0.7, "b": 0.7}, {"a": -0.1}, {"a": np.nan}])
def test_shares_are_shares(shares):
    with pytest.raises(ValueError, match="divide percent by 100"):
        plots.dots(shares, rest="rest", who="women", when="at ten years")


def test_dots_of_six_fates_are_an_error():
    with pytest.raises(ValueError, match="6 fates"):
        plots.dots(dict.fromkeys("abcdef", 0.1), rest="rest", who="women", when="now")


def test_the_two_colourings_count_the_same_lives_differently():
    ax = plots.two_colourings(
        LIVES,
        "began",
        "t",
        "e",
        at=2,
        exposed="quit",
        unexposed="went on",
        outcome="death",
        unit="years",
    )
    assert "naive, quit 1 in 5 and went on 2 in 5" in said(ax)
    assert "from the landmark at 2, quit 0 in 0 and went on 2 in 3" in said(ax)
    naive, landmark = ax.figure.axes
    assert ends(naive, "D") == ends(landmark, "D") == [(1, 1), (2.5, 2)]


BASELINE = pd.DataFrame({"time": [1.0, 2, 5], "cumulative_hazard": [0.1, 0.5, 1.0]})


def test_a_walk_ends_where_its_number_is_used_up():
    ax = plots.luck_walk(BASELINE, [0.95, 0.7, 0.1], outcome="relapse", unit="years")
    assert "draw 0.95 gives 1 years; draw 0.70 gives 2 years; draw 0.10 gives not by 5" in said(ax)
    assert len([line for line in ax.get_lines() if line.get_marker() not in ("None", "")]) == 2
    doubled = plots.luck_walk(BASELINE, [0.4], outcome="relapse", unit="years", times=2)
    assert "draw 0.40 gives 2 years" in said(doubled)


@pytest.mark.parametrize("draws", [[0.0], [1.0], [], [2], [0.5] * 7])
def test_a_draw_lies_between_0_and_1(draws):
    with pytest.raises(ValueError, match="between 0 and 1") as error:
        plots.luck_walk(BASELINE, draws, outcome="relapse", unit="years")
    remedy = eval(str(error.value).split("Remedy: ")[1], {"np": np})
    assert plots.luck_walk(BASELINE, remedy, outcome="relapse", unit="years")


def two(data=LIVES, **kwargs):
    given = {
        "at": 1,
        "exposed": "quit",
        "unexposed": "went on",
        "outcome": "death",
        "unit": "years",
    }
    return plots.two_colourings(data, "began", "t", "e", **given | kwargs)


@pytest.mark.parametrize("draw", [immortal, two])
@pytest.mark.parametrize(
    "change, named",
    [
        ({"began": [-1.0, 1, 2, 3]}, "'began', row 0"),
        ({"began": ["x", None, None, None]}, "'began'"),
        ({"began": [np.inf, 1, 2, 3]}, "'began', row 0"),
        ({"t": 0.0, "began": np.nan}, "'t'"),
    ],
)
def test_a_beginning_that_cannot_be_is_an_error(draw, change, named):
    with pytest.raises(ValueError, match=f"column {named}"):
        draw(LIVES.assign(**change))


@pytest.mark.parametrize("draw", [immortal, two])
def test_gaps_of_any_kind_are_people_who_never_began(draw):
    as_it_was = said(draw())
    assert said(draw(LIVES.convert_dtypes())) == as_it_was
    assert said(draw(LIVES.assign(began=[None, 1.0, 2.5, None]))) == as_it_was


@pytest.mark.parametrize("at", [-1, np.nan, "2", None])
def test_a_landmark_is_one_time(at):
    with pytest.raises(ValueError, match="at="):
        two(at=at)


def test_long_names_leave_room_for_the_lives():
    ax = immortal(LIVES.assign(who=["x" * 40, "Ben of the long name and the short life", "c", "d"]))
    assert max(len(t.get_text()) for t in ax.get_yticklabels()) <= 24


def test_shares_come_as_a_series_too():
    call = {"rest": "alive", "who": "women", "when": "at ten years"}
    shares = {"died": 0.3, "ill": 0.2}
    ax = plots.dots(pd.Series(shares), **call)
    assert said(ax) == said(plots.dots(shares, **call))
    with pytest.raises(ValueError, match="shares"):
        plots.dots([0.3], **call)


@pytest.mark.parametrize(
    "change, options, named",
    [
        ({"time": [2.0, 1.0]}, {}, "'time'"),
        ({"cumulative_hazard": [1.0, 0.5]}, {}, "'cumulative_hazard'"),
        ({"cumulative_hazard": [np.nan, 0.5]}, {}, "'cumulative_hazard'"),
        ({"cumulative_hazard": 0.0}, {}, "'cumulative_hazard'"),
        ({}, {"times": 0}, "times=0"),
        ({}, {"times": np.nan}, "times=nan"),
        ({}, {"draws": ["a"]}, "draws"),
    ],
)
def test_a_walk_that_cannot_be_walked_says_why(change, options, named):
    baseline = pd.DataFrame({"time": [1.0, 2], "cumulative_hazard": [0.5, 1]}).assign(**change)
    given = {"draws": 0.4, "outcome": "relapse", "unit": "years"} | options
    with pytest.raises(ValueError, match=named):
        plots.luck_walk(baseline, given.pop("draws"), **given)
