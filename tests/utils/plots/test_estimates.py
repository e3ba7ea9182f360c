"""Rates, forests and the pictures of single numbers: what stands in them is what the data say."""

import numpy as np
import pandas as pd
import pytest

from utils import plots
from utils.plots.estimates import time_spans

THREE = pd.DataFrame(
    {
        "label": list("abcd"),
        "ratio": [1.5, 2, 0.5, 1],
        "lower": [1.0, 1.2, 0.2, 0.5],
        "upper": [2.0, 3.0, 0.9, 1.5],
    }
)
RATES = pd.DataFrame(
    {
        "period": ["0-2", "2+"],
        "rate": [4.0, 2.0],
        "lower": [3.0, 2.0],
        "upper": [6.0, 2.0],
        "events": [8, 2],
        "person_time": [2.0, 1],
    }
)


def said(ax):
    return ax.figure.finding


def words(ax):
    return [text.get_text() for text in ax.texts]


def draw_rates(table=RATES, **kwargs):
    return plots.rates(table, "period", outcome="relapses", per="per 100 years", **kwargs)


@pytest.mark.parametrize(
    "labels, spans",
    [
        (["0-2", "2-5", "10+"], None),
        (["0-2", "2-5", "5-10", "10+"], [(0, 2), (2, 5), (5, 10), (10, 15)]),
        (["0-0.5", "0.5-1"], [(0, 0.5), (0.5, 1)]),
        (["0-2 years", "2-5 years"], [(0, 2), (2, 5)]),
        (["0 to 12", "12 to 24"], [(0, 12), (12, 24)]),
        (["20-39", "40-49"], None),
        (["2-5", "0-2"], None),
        (["0-2"], None),
        (["2+", "0-2"], None),
        (["never", "often"], None),
    ],
)
def test_periods_that_follow_on_one_another_are_times(labels, spans):
    assert time_spans(labels) == spans


def test_a_rate_of_a_period_is_a_step_over_it_with_a_band():
    ax = draw_rates(unit="years since surgery")
    assert said(ax) == (
        "Relapses per 100 years: from 4 (3 to 6) in 0-2 to 2 in 2+. Bands are 95% intervals."
    )
    line = next(line for line in ax.get_lines() if len(line.get_xdata()) == 4)
    assert line.get_xydata().tolist() == [[0, 4], [2, 4], [2, 2], [4, 2]]
    bands = [band.get_paths()[0].get_extents() for band in ax.collections]
    assert [(b.x0, b.x1, b.y0, b.y1) for b in bands] == [(0, 2, 3, 6), (2, 4, 2, 2)]
    assert ax.get_ylim()[0] == 0 and ax.get_xlabel() == "years since surgery"
    assert [t.get_text() for t in ax.get_xticklabels()] == ["0", "2", "later"]


def test_rates_of_other_classes_are_marks_with_bars():
    ax = draw_rates(RATES.assign(period=["young", "old"]))
    assert said(ax).endswith("Bars are 95% intervals.")
    (bars,) = ax.collections
    assert [segment[:, 1].tolist() for segment in bars.get_segments()] == [[3, 6], [2, 2]]
    assert [t.get_text() for t in ax.get_xticklabels()] == ["young", "old"]


def test_periods_stand_in_the_order_of_their_category():
    order = pd.Categorical(["0-2", "2+"][::-1], categories=["0-2", "2+"], ordered=True)
    ax = draw_rates(RATES.assign(period=order))
    assert [t.get_text() for t in ax.get_xticklabels()] == ["0", "2", "later"]


def test_a_rate_without_an_interval_is_read_without_one():
    assert "from 4 in 0-2" in said(draw_rates(RATES.assign(lower=np.nan)))


def test_a_log_scale_leaves_room_for_a_lower_limit_of_zero():
    ax = draw_rates(RATES.assign(lower=[0.0, 1.0]), log=True)
    assert ax.get_yscale() == "log" and 0 < ax.get_ylim()[0] < 1


def test_a_log_scale_is_marked_with_plain_numbers():
    ax = draw_rates(RATES, log=True)
    ax.figure.canvas.draw()
    written = [t.get_text() for which in ("major", "minor") for t in ax.yaxis.get_ticklabels(which)]
    assert [float(text) for text in written if text]


def test_groups_of_rates_are_named_at_the_end_of_their_line():
    two = pd.concat([RATES.assign(g="a"), RATES.assign(g="b", rate=[3.0, 2.0])])
    ax = draw_rates(two, by="g")
    assert words(ax) == ["a", "b"]
    assert "a from 4 (3 to 6) in 0-2 to 2 in 2+; b from 3" in said(ax)


def test_an_interval_that_ends_on_no_difference_is_not_clear_of_it():
    ax = plots.forest(THREE, "label", "ratio", measure="ratio")
    assert said(ax) == (
        "Ratio: 4 estimates from 0.50 to 2.00, 2 with an interval clear of 1. "
        "Bars are 95% intervals."
    )
    assert [t.get_text() for t in ax.get_yticklabels()] == list("abcd") and ax.yaxis_inverted()
    assert words(ax)[0] == "1.50 (1.00 to 2.00)"


def test_forest_reads_out_few_studies_the_pool_and_the_prediction():
    rows = THREE.iloc[[1, 2, 3]].assign(kind=["study", "pooled", "prediction"])
    assert said(plots.forest(rows, "label", "ratio", measure="ratio", kind="kind")) == (
        "Ratio: b 2.00 (1.20 to 3.00); c 0.50 (0.20 to 0.90); d 0.50 to 1.50. "
        "Bars are 95% intervals."
    )


def test_forest_on_a_log_scale_needs_a_null_above_zero():
    with pytest.raises(ValueError, match="null=0.*Remedy: null=1"):
        plots.forest(THREE, "label", "ratio", measure="ratio", null=0)
    assert plots.forest(THREE, "label", "ratio", measure="ratio", null=1)


def test_forest_in_three_digits_and_without_an_interval():
    rows = THREE.assign(lower=[0.996, 1.2, np.nan, 0.5])
    ax = plots.forest(rows, "label", "ratio", measure="ratio", digits=3)
    assert words(ax)[:3] == ["1.500 (0.996 to 2.000)", "2.000 (1.200 to 3.000)", "0.500"]
    assert "1 with an interval clear of 1, 1 without an interval" in said(ax)


@pytest.mark.parametrize("span", [(0.9, 1.1), (0.6, 0.96), (0.3, 1.6), (0.01, 40), (1e-5, 1e5)])
def test_a_log_axis_has_plain_numbers_that_leave_each_other_room(span):
    rows = pd.DataFrame(
        {"l": ["a"], "x": [np.sqrt(span[0] * span[1])], "lo": span[0], "up": span[1]}
    )
    ax = plots.forest(rows, "l", "x", measure="ratio", lower="lo", upper="up")
    low, high = np.log10(ax.get_xlim())
    ticks = np.log10(ax.get_xticks())
    assert len(ticks) >= 2 and np.diff(ticks).min() > 0.1 * (high - low)
    assert all("e" not in label.get_text() or high > 4 for label in ax.get_xticklabels())


def zones(direction="lowers", margin=0.9):
    table = THREE.assign(says=["not settled", "against", "supported", "not settled"])
    return plots.intervals_with_zones(
        table,
        "label",
        "ratio",
        conclusion="says",
        measure="ratio",
        margin=margin,
        direction=direction,
    )


@pytest.mark.parametrize(
    "direction, margin, word, ends",
    [("lowers", 0.9, "at most 0.9", (0.9, 1)), ("raises", 1.11, "at least 1.11", (1, 1.11))],
)
def test_zones_lie_on_the_claimed_side(direction, margin, word, ends):
    ax = zones(direction, margin)
    claimed, small = (
        patch.get_extents().transformed(ax.transData.inverted()) for patch in ax.patches
    )
    assert (small.x0, small.x1) == pytest.approx(ends)
    assert margin in (pytest.approx(claimed.x0), pytest.approx(claimed.x1))
    assert (claimed.x1 < 1) == (direction == "lowers")
    assert f"The claim says {direction}" in said(ax) and word in said(ax)
    assert "c 0.50 (0.20 to 0.90): supported" in said(ax)
    assert {"claimed side", "other side", "too small to matter", "supported"} <= set(words(ax))


@pytest.mark.parametrize("direction, margin", [("lowers", 1.11), ("raises", 0.9), ("lowers", 0)])
def test_a_margin_on_the_other_side_is_an_error_whose_remedy_works(direction, margin):
    with pytest.raises(ValueError, match=direction) as error:
        zones(direction, margin)
    assert zones(direction, float(str(error.value).split("margin=")[-1]))


def test_a_direction_is_one_of_two():
    with pytest.raises(ValueError, match="'lowers' or 'raises'"):
        zones("up")


def test_values_are_held_against_one_threshold():
    table = pd.DataFrame(
        {
            "claim": ["often", "rare", "unknown"],
            "value": [0.2, 0.04, 0.5],
            "lower": [0.1, 0.02, np.nan],
            "upper": [0.3, 0.06, np.nan],
        }
    )
    ax = plots.value_and_threshold(table, "claim", "value", 0.05, measure="share", share=True)
    assert "often 20% (10% to 30%); rare 4% (2% to 6%); unknown 50%." in said(ax)
    assert "5%: 1 of 2 intervals lie above it (1 have none)" in said(ax)
    assert ax.lines[0].get_xdata()[0] == 0.05 and ax.get_xlim()[0] == 0
    with pytest.raises(ValueError, match="threshold='5%'"):
        plots.value_and_threshold(table, "claim", "value", "5%", measure="share")


def test_bars_of_two_groups_give_the_ratio_of_their_speeds():
    two = pd.concat([RATES.assign(g="a"), RATES.assign(g="b", rate=[1.0, 3.0], events=[2, 3])])
    ax = plots.hazard_bars(two, "period", "g", outcome="relapses", per="per year")
    assert "Relapses per year, b v a: 1 v 4 in 0-2, ratio 0.25; 3 v 2 in 2+, ratio 1.50" in said(ax)
    assert [bar.get_height() for bar in ax.patches] == [4, 2, 1, 3]
    assert words(ax) == ["8", "2", "2", "3"]
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["a", "b"]
    one = plots.hazard_bars(RATES, "period", outcome="relapses", per="per year")
    assert "4 in 0-2 (8 in 2); 2 in 2+ (2 in 1)" in said(one) and one.get_legend() is None


def test_excess_adds_up_and_the_same_site_is_set_apart():
    table = pd.DataFrame({"site": ["lung", "neck"], "excess": [30.0, 10.0], "same": [False, True]})
    ax = plots.excess_by_site(
        table, "site", "excess", per="per 1,000", who="people after cancer", same="same"
    )
    assert "lung 30.0 (75%); neck 10.0 (25%, same site); 40.0 in all" in said(ax)
    assert said(ax).endswith("of which 30.0 (75%) at another site.")
    assert len({bar.get_hatch() or "" for bar in ax.patches}) == 2


def parts_of(**columns):
    table = {"arm": ["a", "a", "b", "b"], "part": ["back", "died"] * 2, "n": [3, 2, 4, np.nan]}
    return pd.DataFrame({**table, **columns})


def test_parts_are_stacked_and_what_is_not_printed_is_said():
    ax = plots.composite_parts(parts_of(), "arm", "part", "n", outcome="events")
    assert said(ax) == "Events. a: 3 back; 2 died. b: 4 back; died, not printed apart."
    assert any("died (not printed apart)" in text.replace("\n", " ") for text in words(ax))
    bars = [(bar.get_x(), bar.get_width()) for bar in ax.patches if bar.get_width()]
    assert bars[:3] == [(0, 3), (3, 2), (0, 4)]
    hollow = [bar for bar in ax.patches if not bar.get_fill()]
    assert len(hollow) == 1 and hollow[0].get_x() == 4


def test_a_printed_total_gives_the_rest_its_size():
    table = parts_of(total=[5, 5, 10, 10])
    ax = plots.composite_parts(table, "arm", "part", "n", total="total", outcome="events")
    assert "b: 4 back; 6: died, not printed apart" in said(ax)
    (hollow,) = [bar for bar in ax.patches if not bar.get_fill()]
    assert hollow.get_width() == 6


def test_more_parts_than_colours_is_an_error():
    table = pd.DataFrame({"arm": "a", "part": list("abcdefg"), "n": 1})
    with pytest.raises(ValueError, match="'part'"):
        plots.composite_parts(table, "arm", "part", "n", outcome="events")


def test_calibration_counts_groups_on_the_edge_as_inside():
    table = pd.DataFrame(
        {
            "said": [0.2, 0.5, 0.9],
            "seen": [0.3, 0.6, 0.8],
            "lower": [0.2, 0.55, 0.7],
            "upper": [0.4, 0.7, 0.9],
        }
    )
    ax = plots.calibration(table, "said", "seen", outcome="free")
    assert said(ax).endswith("inside the 95% interval in 2 of 3.")
    assert "predicted 20%, observed 30% (20% to 40%) in the lowest" in said(ax)


def forest(data=THREE, **kwargs):
    return plots.forest(data, "label", "ratio", measure="ratio", **kwargs)


def bars(data=RATES, **kwargs):
    return plots.hazard_bars(data, "period", outcome="relapses", per="per year", **kwargs)


def excess(data):
    return plots.excess_by_site(data, "label", "ratio", per="per 1,000", who="people")


def thresholds(data):
    return plots.value_and_threshold(data, "label", "ratio", 0.5, measure="share")


def calibrated(data):
    return plots.calibration(data, "said", "ratio", outcome="free")


SHARES = THREE.assign(said=0.5, ratio=0.6, lower=0.5, upper=0.7)


@pytest.mark.parametrize(
    "draw, data, named",
    [
        (forest, THREE.assign(ratio=[np.nan, 2, 0.5, 1]), "'ratio', row 0"),
        (forest, THREE.assign(ratio=[np.inf, 2, 0.5, 1]), "'ratio', row 0"),
        (forest, THREE.assign(ratio=["1.5", "2", "0.5", "1"]), "'ratio'"),
        (forest, THREE.assign(lower=[1.6, 1.2, 0.2, 0.5]), "'ratio', row 0"),
        (forest, THREE.assign(label=["a", None, "c", "d"]), "'label', row 1"),
        (draw_rates, pd.concat([RATES, RATES], ignore_index=True), "'period', row 2"),
        (bars, pd.concat([RATES, RATES], ignore_index=True), "'period', row 2"),
        (bars, RATES.assign(rate=[np.nan, 1.0]), "'rate', row 0"),
        (draw_rates, RATES.assign(rate=[7.0, 2.0]), "'rate', row 0"),
        (draw_rates, RATES.assign(period=["0-2", None]), "'period', row 1"),
        (excess, THREE.assign(ratio=[1.0, -1, 2, -2]), "'ratio'"),
        (calibrated, SHARES.assign(said=[20.0, 30, 40, 50]), "'said', row 0"),
        (calibrated, SHARES.assign(ratio=0.9), "'ratio', row 0"),
    ],
)
def test_a_number_that_cannot_be_drawn_is_an_error_whose_remedy_works(draw, data, named):
    made = {"data": data.copy(), "pd": pd, "np": np}
    with pytest.raises(ValueError, match=f"column {named}") as error:
        draw(data)
    exec(str(error.value).split("Remedy: ")[1], made)
    if made["data"].empty:  # all rows were wrong
        return
    assert "nan" not in said(draw(made["data"]))


@pytest.mark.parametrize("ratio, lower", [([0, 2, 0.5, 1], 0.0), ([-1, 2, 0.5, 1], -2.0)])
def test_what_is_not_above_zero_has_no_place_on_a_log_scale(ratio, lower):
    data = THREE.assign(ratio=ratio, lower=lower)
    with pytest.raises(ValueError, match="row 0") as error:
        forest(data)
    assert forest(data, **eval(f"dict({str(error.value).split('Remedy: ')[1]})"))


def test_an_interval_without_an_end_is_an_arrow():
    data = THREE.assign(upper=[np.inf, 3, 0.9, 1.5])
    ax = forest(data)
    assert words(ax)[0] == "1.50 (1.00 to no upper end)"
    (arrow,) = [line for line in ax.get_lines() if line.get_marker() == ">"]
    assert arrow.get_xdata()[0] > 3
    low, high = ax.get_xlim()
    assert low < arrow.get_xdata()[0] <= high
    zoned = plots.intervals_with_zones(
        data.assign(says="s"), "label", "ratio", conclusion="says", measure="ratio", margin=0.9
    )
    assert "1.50 (1.00 to no upper end): s" in said(zoned)
    rates_of = draw_rates(RATES.assign(upper=[np.inf, 2]))
    assert "from 4 (3 to no upper end) in 0-2" in said(rates_of)


@pytest.mark.parametrize("draw", [forest, thresholds])
def test_columns_with_gaps_of_any_kind_are_read(draw):
    gaps = THREE.assign(lower=pd.array([None, 1.2, 0.2, 0.5], "Float64")).convert_dtypes()
    assert "NA" not in said(draw(gaps)) and "nan" not in said(draw(gaps))


def test_an_estimate_without_an_interval_lies_on_the_axis_of_zones():
    data = pd.DataFrame({"label": ["a"], "ratio": [0.05], "lower": np.nan, "upper": 1, "says": "s"})
    ax = plots.intervals_with_zones(
        data, "label", "ratio", conclusion="says", measure="ratio", margin=0.9
    )
    assert ax.get_xlim()[0] < 0.05 and "a 0.05: s" in said(ax)


@pytest.mark.parametrize("size", [1e-9, 1e9])
def test_a_log_axis_has_marks_at_any_size(size):
    columns = {name: THREE[name] * size for name in ("ratio", "lower", "upper")}
    assert len(forest(THREE.assign(**columns), null=size).get_xticks()) >= 2


TIMED = pd.concat(
    [RATES.iloc[[0]], RATES.iloc[[0]].assign(period="2-5"), RATES.iloc[[1]].assign(period="5+")],
    ignore_index=True,
)


def test_a_period_that_a_group_lacks_is_a_gap_in_its_place():
    two = pd.concat([TIMED.drop(1).assign(g="a"), TIMED.assign(g="b")], ignore_index=True)
    ax = draw_rates(two, by="g")
    assert ax.get_xlim() == (0, 8)
    first = next(line for line in ax.get_lines() if len(line.get_xdata()) == 6)
    assert np.isnan(first.get_ydata()).tolist() == [False, False, True, True, False, False]
    order = [t.get_text() for t in bars(two, by="g").get_xticklabels()]
    assert order == ["0-2", "2-5", "5+"]


def test_first_and_last_are_those_of_time_whatever_the_order_of_rows():
    turned = TIMED.assign(rate=[4.0, 4, 2])[::-1]
    assert "from 4 (3 to 6) in 0-2 to 2 in 5+" in said(draw_rates(turned))


def test_a_group_without_events_has_no_ratio():
    two = pd.concat([RATES.assign(g="a", rate=[0.0, 1.0]), RATES.assign(g="b")], ignore_index=True)
    assert "b v a: 4 v 0 in 0-2; 2 v 1 in 2+, ratio 2.00" in said(bars(two, by="g"))


def test_large_numbers_are_written_out():
    large = RATES.assign(rate=1234.5, lower=1000.0, upper=2000.0)
    assert "1,234 (1,000 to 2,000) in 0-2" in said(draw_rates(large))
    assert "1,234 in 0-2 (8 in 2)" in said(bars(large))


@pytest.mark.parametrize("value, text", [(-0.001, "-0.001 (0%)"), (0.04, "0.04 (1%)")])
def test_a_small_excess_is_neither_minus_zero_nor_nothing(value, text):
    assert f"a {text}" in said(excess(THREE.assign(ratio=[value, 2, 1, 2])))


@pytest.mark.parametrize("same", [["yes", "no"], pd.array([True, None], "boolean")])
def test_a_flag_is_true_or_false(same):
    data = pd.DataFrame({"label": ["a", "b"], "ratio": [1.0, 2], "same": same})
    with pytest.raises(ValueError, match="'same'"):
        plots.excess_by_site(data, "label", "ratio", per="", who="people", same="same")
