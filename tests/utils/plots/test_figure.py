"""What holds for every figure: readable, whole, the same each time, with its finding as text."""

import io

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from matplotlib.text import Text
from PIL import Image

from utils import claims, plots
from utils.plots import _figure

PEOPLE = pd.DataFrame(
    {
        "t": [1.0, 2, 3, 4, 5, 6],
        "e": [0, 1, 2, 0, 1, 0],
        "x": [0, 1, 1, 0, 1, 0],
        "g": ["a", "b"] * 3,
        "began": [np.nan, 1, 2, np.nan, 4, 3],
        "id": range(6),
        "start": 0.0,
    }
)
RATIOS = pd.DataFrame(
    {
        "label": ["a study with a long name, one of two", "b"],
        "ratio": [0.5, 1.2],
        "lower": [0.3, 1.0],
        "upper": [0.9, 1.4],
        "says": ["supported", "not settled: too imprecise"],
        "threshold": [0.2, 2.0],
    }
)
PERIODS = pd.DataFrame(
    {
        "period": ["0-2", "2-5", "5+"],
        "rate": [4.0, 2.0, 1.0],
        "lower": [3.0, 1.5, 0.5],
        "upper": [6.0, 2.5, 2.0],
        "events": [40, 20, 5],
        "person_time": [10.0, 10, 5],
    }
)
SHARES = pd.DataFrame(
    {"said": [0.2, 0.9], "seen": [0.3, 0.8], "lower": [0.2, 0.7], "upper": [0.4, 0.9]}
)
PAIR = pd.DataFrame({"row": ["a"], "column": ["x"], "n": [2]})
PARTS = pd.DataFrame({"arm": ["a", "a", "b"], "part": ["r", "d", "r"], "n": [3, 2, np.nan]})
WALK = pd.DataFrame({"time": [1.0, 2.0], "cumulative_hazard": [0.5, 1.0]})
FOLLOWED = {"unit": "years", "read_at": 3}
VERBS = {
    "calibration": lambda: plots.calibration(SHARES, "said", "seen", outcome="free"),
    "causal_diagram": lambda: plots.causal_diagram([("a", "b")], {"a": (0, 0), "b": (1, 1)}),
    "composite_parts": lambda: plots.composite_parts(PARTS, "arm", "part", "n", outcome="events"),
    "cumulative_incidence": lambda: plots.cumulative_incidence(
        PEOPLE, "t", "e", causes={1: "recurrence", 2: "death first"}, naive=True, **FOLLOWED
    ),
    "cure_over_kaplan_meier": lambda: plots.cure_over_kaplan_meier(
        CURED, "t", "x", outcome="relapse", unit="years"
    ),
    "dots": lambda: plots.dots({"died": 0.3}, rest="alive", who="women", when="at ten years"),
    "evidence_map": lambda: plots.evidence_map(PAIR, "row", "column", "n", what="studies"),
    "excess_by_site": lambda: plots.excess_by_site(
        RATIOS, "label", "ratio", per="per 1,000", who="people"
    ),
    "forest": lambda: plots.forest(RATIOS, "label", "ratio", measure="hazard ratio of relapse"),
    "hazard_bars": lambda: plots.hazard_bars(PERIODS, "period", outcome="relapses", per="per 10"),
    "immortal_time": lambda: plots.immortal_time(
        PEOPLE, "began", "t", "x", what="specimen", outcome="death", unit="years"
    ),
    "intervals_with_zones": lambda: plots.intervals_with_zones(
        RATIOS, "label", "ratio", conclusion="says", measure="hazard ratio", margin=0.9
    ),
    "kaplan_meier": lambda: plots.kaplan_meier(
        PEOPLE, "t", "x", "g", outcome="recurrence", **FOLLOWED
    ),
    "luck_walk": lambda: plots.luck_walk(WALK, [0.4, 0.7, 0.1], outcome="relapse", unit="years"),
    "mean_cumulative_count": lambda: plots.mean_cumulative_count(
        PEOPLE, "t", "x", "id", "start", outcome="recurrences", **FOLLOWED
    ),
    "rates": lambda: plots.rates(PERIODS, "period", outcome="relapses", per="per 10"),
    "stacked_fates": lambda: plots.stacked_fates(
        PEOPLE, "t", "e", causes={1: "recurred", 2: "died"}, free="free", **FOLLOWED
    ),
    "swimmer": lambda: plots.swimmer(PEOPLE, "t", "x", outcome="recurrence", unit="years"),
    "two_colourings": lambda: plots.two_colourings(
        PEOPLE,
        "began",
        "t",
        "x",
        at=2,
        exposed="quit",
        unexposed="smoked on",
        outcome="death",
        unit="years",
    ),
    "value_and_threshold": lambda: plots.value_and_threshold(
        RATIOS, "label", "ratio", 0.5, measure="share"
    ),
    "verdict_board": lambda: plots.verdict_board(claims.board()),
}
CURED = pd.DataFrame({"t": [0.5, 0.8, 1, 1.3, 1.5, 2, 3, *[9.0] * 8], "x": [1] * 7 + [0] * 8})

every_verb = pytest.mark.parametrize("draw", VERBS.values(), ids=VERBS)


def png(figure):
    buffer = io.BytesIO()
    figure.canvas.print_figure(buffer, format="png", bbox_inches="tight")
    return buffer.getvalue()


def shown_texts(figure):
    beyond = set()  # labels that an axis keeps for ticks outside its limits, and never draws
    axes = [ax for ax in figure.axes if ax.axison]
    for axis in [axis for ax in axes for axis in (ax.xaxis, ax.yaxis)]:
        low, high = sorted(axis.get_view_interval())
        ticks = zip(axis.get_majorticklocs(), axis.get_majorticklabels())
        beyond |= {label for at, label in ticks if not low <= at <= high}
    texts = [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip()]
    return [text for text in texts if text not in beyond]


def contrast(one, other):
    """WCAG 2: (lighter + 0.05) / (darker + 0.05) of the relative luminances."""
    light = []
    for colour in (one, other):
        rgb = np.array(to_rgb(colour))
        linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
        light.append(float(linear @ [0.2126, 0.7152, 0.0722]))
    return (max(light) + 0.05) / (min(light) + 0.05)


def test_every_verb_is_tried_here():
    assert set(VERBS) == set(plots.__all__)


@pytest.mark.parametrize("colour", [*_figure.COLOURS, _figure.INK, _figure.GREY])
def test_every_colour_of_text_can_be_read_on_the_card(colour):
    assert contrast(colour, _figure.CARD) >= 4.5


@every_verb
def test_text_is_8_pixels_high_on_a_phone_and_nothing_is_cut_off(draw):
    figure = draw().figure
    png(figure)
    renderer = figure.canvas.get_renderer()
    for text in shown_texts(figure):
        assert text.get_fontsize() / 72 / figure.get_figwidth() * 390 >= 8, text.get_text()
        box = text.get_window_extent(renderer)
        inside = (
            box.x0 >= 0 and box.x1 <= figure.bbox.x1 and box.y0 >= 0 and box.y1 <= figure.bbox.y1
        )
        assert inside, text.get_text()


@every_verb
def test_the_finding_is_caption_output_and_alternative_text(draw):
    figure = draw().figure
    text, metadata = figure._repr_mimebundle_()
    assert text == {"text/plain": figure.finding}
    assert metadata == {"image/png": {"alt": figure.finding}}
    drawn = [" ".join(t.get_text().split()) for t in figure.texts]
    assert figure.finding in drawn
    assert "nan" not in figure.finding and figure.finding.endswith(".")


@every_verb
def test_a_picture_is_the_same_each_time_on_a_card_with_clear_corners(draw):
    first = png(draw().figure)
    plt.close("all")
    assert png(draw().figure) == first
    picture = np.asarray(Image.open(io.BytesIO(first)).convert("RGBA"))
    assert picture[0, 0, 3] == 0
    assert picture[picture.shape[0] // 2, 3].tolist() == [
        *(round(255 * part) for part in to_rgb(_figure.CARD)),
        255,
    ]


def test_a_backend_that_wakes_up_with_the_first_figure_stays_awake(monkeypatch):
    make = plt.figure

    def wake_up(*args, **kwargs):
        plt.ion()
        return make(*args, **kwargs)

    monkeypatch.setattr(plt, "figure", wake_up)
    try:
        VERBS["dots"]()
        assert plt.isinteractive()
    finally:
        plt.ioff()


@every_verb
def test_jupyter_puts_no_ground_of_its_own_under_a_figure(draw):
    assert draw().figure.get_facecolor()[3] == 1


@pytest.mark.parametrize(
    "given, expected",
    [
        ([0.5], [0.5]),
        ([0.1, 0.9], [0.1, 0.9]),
        ([0.5, 0.5], [0.45, 0.55]),
        ([0.5, 0.1], [0.5, 0.1]),
    ],
)
def test_labels_move_apart_only_where_they_would_touch(given, expected):
    assert _figure.spread(given, 0.1) == pytest.approx(expected)


@pytest.mark.parametrize(
    "groups, names",
    [
        (pd.to_datetime(["2020-01-01", "2021-01-01"]), ["2020-01-01", "2021-01-01"]),
        ([1, 2], ["1", "2"]),
        ([0.5, 1.5], ["0.5", "1.5"]),
        ([True, False], ["False", "True"]),
        (pd.to_timedelta([1, 2], "D"), ["1 days", "2 days"]),
        (pd.Categorical(["b", "a"], categories=["b", "a"]), ["b", "a"]),
        ([0.1 + 0.2, 1.0], ["0.3", "1"]),
        (["", " a\n b "], ["a b", "(blank)"]),
        ([1, "a"], ["1", "a"]),
    ],
)
def test_anything_names_a_group(groups, names):
    data = pd.DataFrame({"t": [1, 2], "g": groups})
    assert sorted(name for name, _ in _figure.groups_of(data, "g")) == sorted(names)
    assert [len(part) for _, part in _figure.groups_of(data, "g")] == [1, 1]


@pytest.mark.parametrize("by", ["g", ["g", "h"], ["h", "g"]])
def test_more_groups_than_can_be_told_apart_is_an_error_whose_remedy_works(by):
    data = pd.DataFrame({"t": range(9), "g": list("abcdefghi"), "h": list("xyz") * 3})
    with pytest.raises(ValueError, match=repr(_figure.as_list(by)[0])) as error:
        _figure.groups_of(data, by)
    remedy = str(error.value).partition("Remedy: data = ")[2]
    assert len(_figure.groups_of(eval(remedy, {"data": data}), by)) == 6


def test_two_groups_of_one_name_are_an_error_whose_remedy_works():
    data = pd.DataFrame({"t": [1, 2], "g": [1, "1"]})
    with pytest.raises(ValueError, match="'g'") as error:
        _figure.groups_of(data, "g")
    made = {"data": data}
    exec(str(error.value).split("Remedy: ")[1], made)
    assert len(_figure.groups_of(made["data"], "g")) == 1


def test_an_index_called_as_the_column_is_no_obstacle():
    data = pd.DataFrame({"t": [1, 2], "g": ["a", "b"]}).rename_axis("g")
    assert [name for name, _ in _figure.groups_of(data, "g")] == ["a", "b"]


def test_two_columns_name_a_group_together():
    data = pd.DataFrame({"t": [1, 2], "g": ["a", "b"], "h": ["x", "y"]})
    assert [name for name, _ in _figure.groups_of(data, ["g", "h"])] == ["a, x", "b, y"]


@pytest.mark.parametrize("word", ["$5 and $6", "a_b", "100%", r"\alpha", "$x^{", "two\nlines"])
def test_words_are_shown_as_typed(word):
    drawn = [
        plots.kaplan_meier(
            PEOPLE.assign(g=[word, "b"] * 3), "t", "x", "g", outcome=word, **FOLLOWED
        ),
        plots.forest(RATIOS.assign(label=[word, "b"]), "label", "ratio", measure=word),
        plots.rates(PERIODS.assign(period=[word, "b", "c"]), "period", outcome=word, per=word),
        plots.causal_diagram([(word, "b")], {word: (0, 0), "b": (1, 1)}),
    ]
    for ax in drawn:
        png(ax.figure)
        assert " ".join(word.split()) in ax.figure.finding.replace(word.capitalize(), word)
        assert not any(text.get_parse_math() for text in shown_texts(ax.figure))


@pytest.mark.parametrize(
    "draw",
    [
        lambda: plots.mean_cumulative_count(
            PEOPLE.assign(x=2), "t", "x", "id", "start", outcome="returns", **FOLLOWED
        ),
        lambda: plots.evidence_map(
            PAIR.assign(n=[-1]), "row", "column", "n", what="studies", rows=["a"]
        ),
        lambda: plots.kaplan_meier(PEOPLE, "t", "x", outcome="x", horizon=np.inf, **FOLLOWED),
    ],
)
def test_an_error_leaves_no_figure_open(draw):
    with pytest.raises(ValueError):
        draw()
    assert not plt.get_fignums()


def test_a_figure_of_ones_own_stays_open_after_an_error():
    mine = plt.figure()
    with pytest.raises(ValueError):
        plots.causal_diagram([("a", "b")], {"a": (0, 0)})
    assert plt.get_fignums() == [mine.number]


@pytest.mark.parametrize("names", [["short"] * 4, [f"class {i} of them" for i in range(12)]])
def test_names_of_classes_do_not_lie_on_one_another(names):
    names = [f"{name} {i}" for i, name in enumerate(names)]
    many = pd.DataFrame(
        {"period": names, "rate": 1.0, "lower": 0.5, "upper": 2.0, "events": 3, "person_time": 3.0}
    )
    pairs = pd.DataFrame({"row": "a", "column": names, "n": 1})
    for ax in (
        plots.rates(many, "period", outcome="relapses", per="per year"),
        plots.hazard_bars(many, "period", outcome="relapses", per="per year"),
        plots.evidence_map(pairs, "row", "column", "n", what="studies"),
    ):
        png(ax.figure)
        boxes = [label.get_window_extent() for label in ax.get_xticklabels()]
        assert all(one.x1 <= other.x0 for one, other in zip(boxes, boxes[1:]))
        assert all(box.y0 >= 0 and box.y1 <= ax.figure.bbox.y1 for box in boxes)


def test_names_of_curves_stay_above_the_numbers_at_risk():
    data = pd.concat([PEOPLE.assign(x=1, g=f"group {i}") for i in range(6)])
    ax = plots.kaplan_meier(data, "t", "x", "g", outcome="death", **FOLLOWED)
    assert min(text.xyann[1] for text in ax.texts) >= 0


@pytest.mark.parametrize(
    "value, figures, text",
    [
        (0.01234, 3, "0.0123"),
        (12.34, 3, "12.3"),
        (999.6, 3, "1,000"),
        (1234.5, 3, "1,234"),
        (-0.0, 3, "0"),
        (np.inf, 3, "no upper end"),
        (1826.25, 6, "1826.25"),
    ],
)
def test_a_number_in_a_caption_has_no_exponent(value, figures, text):
    assert _figure.plain(value, figures) == text
