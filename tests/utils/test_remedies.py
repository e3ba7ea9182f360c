"""Every remedy that an error prints is right: typed as it stands, it makes the call work.

A row: a table that is wrong, the call, and the remedy that must be printed. Where the first remedy
leads to a second error, `then` holds the next ones.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from utils import (
    brier,
    cox,
    cumulative_incidence,
    kaplan_meier,
    landmark,
    mantel_haenszel,
    mean_cumulative_count,
    piecewise_exponential,
    pool,
    rates,
    ratio_table,
    restricted_mean,
    sir,
    split_follow_up,
    survival_at,
)


@dataclass(frozen=True)
class Case:
    """A wrong table, the call that refuses it, and what mends it, in order."""

    bad: dict
    call: object
    remedy: str
    then: tuple[str, ...] = ()
    index: object = None


def curve(data):
    return kaplan_meier(data, "t", "e")


def by_group(data):
    return kaplan_meier(data, "t", "e", by="g")


def entered(data):
    return kaplan_meier(data, "t", "e", entry="a")


def causes(data):
    return cumulative_incidence(data, "t", "e")


T, E = [1.0, 2, 3, 4], [1, 0, 1, 1]
DROP_T, DROP_E = "data = data.dropna(subset=['t'])", "data = data.dropna(subset=['e'])"
NUMBERS = "data['t'] = pd.to_numeric(data['t']"
MONTHS = "data['t'] = (data['t'] - {}).dt.days / 30.4375"
DAYS = ["2020-03-01", "2020-04-01", "2020-05-01", "2021-01-31"]
BEGAN = pd.to_datetime(["2020-01-01"] * 4)
CURVES = {
    "missing time": Case({"t": [1, None, 3, 4], "e": E}, curve, DROP_T),
    "nullable time": Case({"t": pd.array([1, None, 3, 4], "Int64"), "e": E}, curve, DROP_T),
    "infinite time": Case(
        {"t": [1, np.inf, 3, 4], "e": E}, curve, "data = data[data['t'].abs() < np.inf]"
    ),
    "negative time": Case({"t": [1, -2, 3, 4], "e": E}, curve, "data = data[data['t'] >= 0]"),
    "missing event": Case({"t": T, "e": [1, None, 0, 1]}, curve, DROP_E),
    "boolean event with a gap": Case(
        {"t": T, "e": pd.array([True, None, False, True], "boolean")}, curve, DROP_E
    ),
    "true, false and None": Case({"t": T, "e": [True, None, False, True]}, curve, DROP_E),
    "integer event with a gap": Case(
        {"t": T, "e": pd.array([1, None, 0, 1], "Int8")}, curve, DROP_E
    ),
    "event coded 1 and 2": Case(
        {"t": T, "e": [2, 1, 2, 2]}, curve, "data['e'] = (data['e'] == 2).astype(int)"
    ),
    "several causes for one event": Case(
        {"t": T, "e": [0, 1, 2, 2]}, curve, "data['e'] = (data['e'] == 2).astype(int)"
    ),
    "numbers as text": Case({"t": ["1", "2", "3", "4"], "e": E}, curve, NUMBERS + ")"),
    "numbers as text in categories": Case(
        {"t": pd.Categorical(["1", "2", "3", "4"]), "e": E},
        curve,
        "data['t'] = pd.to_numeric(data['t'].astype(str))",
    ),
    "number categories": Case(
        {"t": pd.Categorical(T), "e": E}, curve, "data['t'] = data['t'].astype(float)"
    ),
    "a question mark": Case(
        {"t": ["1", "2", "?", "4"], "e": E}, curve, NUMBERS + ", errors='coerce')", (DROP_T,)
    ),
    "below the limit": Case(
        {"t": ["<1", "2", None, "4"], "e": E}, curve, NUMBERS + ", errors='coerce')", (DROP_T,)
    ),
    "decimal commas": Case(
        {"t": ["1,5", "2", "3,25", "4"], "e": E},
        curve,
        "data['t'] = pd.to_numeric(data['t'].str.replace(',', '.'))",
    ),
    "decimal commas and a gap": Case(
        {"t": ["1,5", "2", None, "4"], "e": E},
        curve,
        "data['t'] = pd.to_numeric(data['t'].str.replace(',', '.'))",
        (DROP_T,),
    ),
    "thousands": Case(
        {"t": ["1,234.5", "2.5", "3", "4"], "e": E},
        curve,
        "data['t'] = pd.to_numeric(data['t'].str.replace(',', ''))",
    ),
    "thousands and decimal commas": Case(
        {"t": ["1.234,5", "2,5", "3", "4"], "e": E},
        curve,
        "data['t'] = pd.to_numeric(data['t'].str.replace('.', '').str.replace(',', '.'))",
    ),
    "a comma, a question mark and a number": Case(
        {"t": ["1,5", "2,5", "?", 4], "e": E},
        curve,
        "data['t'] = pd.to_numeric(data['t'].astype(str).str.replace(',', '.'), errors='coerce')",
        (DROP_T,),
    ),
    "three dates, one of them after": Case(
        {"t": pd.to_datetime(DAYS), "e": E, "seen": pd.to_datetime(DAYS), "began": BEGAN},
        curve,
        MONTHS.format("data['began']"),
    ),
    "two dates": Case(
        {"t": pd.to_datetime(DAYS), "e": E, "began": BEGAN}, curve, MONTHS.format("data['began']")
    ),
    "one date": Case({"t": pd.to_datetime(DAYS), "e": E}, curve, MONTHS.format("start")),
    "dates as text": Case(
        {"t": DAYS, "e": E},
        curve,
        "data['t'] = pd.to_datetime(data['t'])",
        (MONTHS.format("start"),),
    ),
    "dates as text, day first": Case(
        {"t": ["31/01/2020", "2/3/2020", "1/4/2020", "1/5/2020"], "e": E},
        curve,
        "data['t'] = pd.to_datetime(data['t'], dayfirst=True)",
        (MONTHS.format("start"),),
    ),
    "a date with its time zone": Case(
        {"t": pd.to_datetime(DAYS).tz_localize("Asia/Tokyo"), "e": E},
        curve,
        "data['t'] = (data['t'].dt.tz_localize(None) - start).dt.days / 30.4375",
    ),
    "two dates with time zones, one without": Case(
        {
            "t": pd.to_datetime(DAYS).tz_localize("Asia/Tokyo"),
            "e": E,
            "seen": BEGAN,
            "began": BEGAN.tz_localize("UTC"),
        },
        curve,
        MONTHS.format("data['began']"),
    ),
    "dates as text, with points": Case(
        {"t": ["31.01.2020", "02.03.2020", "01.04.2020", "01.05.2020"], "e": E},
        curve,
        "data['t'] = pd.to_datetime(data['t'], dayfirst=True)",
        (MONTHS.format("start"),),
    ),
    "durations as objects": Case(
        {"t": pd.to_timedelta(T, "D").to_pytimedelta(), "e": E},
        curve,
        "data['t'] = data['t'] / pd.Timedelta(days=1)",
    ),
    "durations": Case(
        {"t": pd.to_timedelta(T, "D"), "e": E},
        curve,
        "data['t'] = data['t'] / pd.Timedelta(days=1)",
    ),
    "periods": Case(
        {"t": pd.PeriodIndex(DAYS, freq="M"), "e": E},
        curve,
        "data['t'] = data['t'].dt.to_timestamp()",
        (MONTHS.format("start"),),
    ),
    "yes and no": Case(
        {"t": T, "e": ["yes", "no", "yes", "no"]},
        curve,
        "data['e'] = (data['e'] == 'yes').astype(int)",
    ),
    "a word or nothing": Case(
        {"t": T, "e": ["relapse", None, "relapse", None]},
        curve,
        "data['e'] = data['e'].notna().astype(int)",
    ),
    "1 or nothing": Case(
        {"t": T, "e": [1, None, None, 1]}, curve, "data['e'] = data['e'].notna().astype(int)"
    ),
    "0 or nothing": Case({"t": T, "e": [0, None, None, 0]}, curve, DROP_E),
    "yes, no and a gap": Case(
        {"t": T, "e": ["yes", "no", None, "no"]},
        curve,
        DROP_E,
        ("data['e'] = (data['e'] == 'yes').astype(int)",),
    ),
    "Yes and yes": Case(
        {"t": T, "e": ["Yes", "no", "yes ", "no"]},
        curve,
        "data['e'] = (data['e'].astype(str).str.strip().str.lower() == 'yes').astype(int)",
    ),
    "categories dead and alive": Case(
        {"t": T, "e": pd.Categorical(["dead", "alive", "dead", "alive"])},
        curve,
        "data['e'] = (data['e'] == 'dead').astype(int)",
    ),
    "event categories 0 and 1": Case(
        {"t": T, "e": pd.Categorical(E)}, curve, "data['e'] = data['e'].astype(float)"
    ),
    "event as text": Case(
        {"t": T, "e": ["1", "0", "1", "1"]}, curve, "data['e'] = pd.to_numeric(data['e'])"
    ),
    "three words": Case(
        {"t": T, "e": ["relapse", "alive", "died", "alive"]},
        causes,
        "data['e'] = data['e'].map({'alive': 0, 'relapse': 1, 'died': 2}).astype(int)",
    ),
    "numbers and words": Case(
        {"t": T, "e": [0, "relapse", "died", 0]},
        causes,
        "data['e'] = data['e'].astype(str).map({'0': 0, 'relapse': 1, 'died': 2}).astype(int)",
    ),
    "a mark or a blank": Case(
        {"t": T, "e": ["X", " ", "X", " "]}, curve, "data['e'] = (data['e'] == 'X').astype(int)"
    ),
    "a cause below 0": Case(
        {"t": T, "e": [-1, 1, 2, 1]},
        causes,
        "data['e'] = data['e'].rank(method='dense').astype(int) - 1",
    ),
    "three words for one event": Case(
        {"t": T, "e": ["dead", "alive", "lost", "dead"]},
        curve,
        "data['e'] = data['e'].isin(['dead']).astype(int)",
    ),
    "ja und nein": Case(
        {"t": T, "e": ["ja", "nein", "ja", "ja"]},
        curve,
        "data['e'] = (data['e'] == 'ja').astype(int)",
    ),
    "codes before their words": Case(
        {"t": T, "e": ["1=dead", "0=alive", "1=dead", "0=alive"]},
        curve,
        "data['e'] = (data['e'] == '1=dead').astype(int)",
    ),
    "causes with their codes": Case(
        {"t": T, "e": ["1. relapse", "0. alive", "2. died", "0. alive"]},
        causes,
        "data['e'] = data['e'].map({'0. alive': 0, '1. relapse': 1, '2. died': 2}).astype(int)",
    ),
    "time in the index": Case(
        {"e": E}, curve, "data = data.reset_index()", index=pd.Index(T, name="t")
    ),
    "only causes": Case(
        {"t": T, "e": pd.Categorical(["relapse", "died", "died", "died"])},
        causes,
        "data['e'] = data['e'].map({'relapse': 1, 'died': 2}).astype(int)",
    ),
    "the date of the event": Case(
        {"t": T, "e": pd.to_datetime(["2020-01-01", None, None, "2020-02-03"])},
        curve,
        "data['e'] = data['e'].notna().astype(int)",
    ),
    "missing group": Case(
        {"t": T, "e": E, "g": ["a", None, "b", "b"]},
        by_group,
        "data = data.dropna(subset=['g'])",
    ),
    "a list as group": Case(
        {"t": T, "e": E, "g": [[1], [2], [1], [2]]}, by_group, "data['g'] = data['g'].astype(str)"
    ),
    "names in two levels": Case(
        {("q", "t"): T, ("q", "e"): E},
        lambda d: kaplan_meier(d, "q_t", "q_e"),
        "data = data.set_axis(['_'.join(map(str, c)) for c in data.columns], axis=1)",
    ),
    "a group called time": Case(
        {"t": T, "e": E, "time": list("aabb")},
        lambda d: kaplan_meier(d, "t", "e", by="time" if "time" in d else "time_group"),
        "data = data.rename(columns={'time': 'time_group'})",
    ),
    "entry after the end": Case(
        {"a": [0, 5, 0, 0], "t": T, "e": E}, entered, "data = data[data['a'] < data['t']]"
    ),
    "an interval of rounding": Case(
        {"a": [0, 0.3, 0, 0], "t": [1, 0.1 + 0.2, 3, 4], "e": E},
        entered,
        "data = data[data['t'] - data['a'] > 1e-6 * data['t']]",
    ),
    "a row label that repeats": Case(
        {"t": [1, 2, None, 4], "e": E}, curve, DROP_T, index=[7, 7, 7, 8]
    ),
    "counts with a gap": Case(
        {"o": pd.array([1, None], "Int64"), "x": [1.0, 2.0]},
        lambda d: sir(d, "o", "x"),
        "data = data.dropna(subset=['o'])",
    ),
    "a column that would be hidden": Case(
        {"hr": [1.2], "lo": [1.0], "hi": [1.5], "se": [9]},
        lambda d: ratio_table(d, "hr", "lo", "hi"),
        "data = data.rename(columns={'se': 'se_printed'})",
    ),
    "a missing study": Case(
        {"y": [0.1, None, 0.3], "s": [0.1, 0.1, 0.2]},
        lambda d: pool(d, "y", "s"),
        "data = data.dropna(subset=['y'])",
    ),
    "a missing stratum": Case(
        {"a": [5, 4], "b": [3, 2], "c": [2, 3], "d": [4, 5], "g": ["x", None]},
        lambda d: mantel_haenszel(d, *"abcd", "g"),
        "data = data.dropna(subset=['g'])",
    ),
}


def model(data):
    return cox(data, "t", "e", "x")


def categories(data):
    return piecewise_exponential(data, "t", "e", "g")


SIX = {"t": [1, 2, 3, 4, 5, 6], "e": [1, 1, 0, 1, 1, 1], "x": [3, 1, 2, 1, 2, 3.0]}
NO_TIME = "data = data[data['t'] > 0]"
NEVER = {"g": list("aabbcc"), "e": [1, 0, 0, 0, 1, 1]}
MODELS = {
    "a category without events": Case(
        SIX | NEVER, categories, "data['g'] = data['g'].replace({'b': 'a'})"
    ),
    "a first category without events": Case(
        SIX | {"g": list("bbaacc"), "e": [1, 0, 0, 0, 1, 1]},
        categories,
        "data['g'] = data['g'].replace({'a': 'b'})",
    ),
    "an ordered category without events": Case(
        SIX | NEVER | {"g": pd.Categorical(list("aabbcc"), ordered=True)},
        categories,
        "data['g'] = data['g'].astype(object).replace({'b': 'a'})",
    ),
    "a numbered category without events": Case(
        SIX | NEVER | {"g": [1, 1, 2, 2, 3, 3]},
        lambda d: piecewise_exponential(d, "t", "e", "C(g)"),
        "data['g'] = data['g'].replace({2: 1})",
    ),
    "a first category without rows": Case(
        SIX | {"g": pd.Categorical(list("bcdbcd"), list("abcd"))},
        categories,
        "data['g'] = data['g'].cat.reorder_categories(['b', 'c', 'd', 'a'])",
    ),
    "a first category that one group lacks": Case(
        SIX
        | {"g": pd.Categorical(list("bacbac")), "h": [1, 2, 1, 1, 2, 1], "x": [1, 2, 1, 3, 2, 3]},
        lambda d: piecewise_exponential(d[d["h"] == 1], "t", "e", "g + x", by="h"),
        "data['g'] = data['g'].cat.reorder_categories(['b', 'c', 'a'])",
    ),
    "a first category whose rows have gaps": Case(
        SIX | {"g": list("abcabc"), "x": [None, 1, 2, None, 4, 6]},
        lambda d: piecewise_exponential(d, "t", "e", "g + x"),
        "data = data.dropna(subset=['x'])",
    ),
    "numbers as text": Case(
        SIX | {"x": list("312123")}, model, "data['x'] = pd.to_numeric(data['x'])"
    ),
    "a question mark in a covariate": Case(
        SIX | {"x": list("3121?3")}, model, "data['x'] = pd.to_numeric(data['x'], errors='coerce')"
    ),
    "a date as covariate": Case(
        SIX | {"x": pd.to_datetime(["2020-01-03", "2020-01-01", "2020-01-02"] * 2)},
        model,
        "data['x'] = (data['x'] - data['x'].min()).dt.days",
    ),
    "a duration as covariate": Case(
        SIX | {"x": pd.to_timedelta([3, 1, 2, 1, 2, 3], "D")},
        model,
        "data['x'] = data['x'] / pd.Timedelta(days=1)",
    ),
    "a date of Python as covariate": Case(
        SIX | {"x": [d.date() for d in pd.to_datetime(["2020-01-03", "2020-01-01"] * 3)]},
        model,
        "data['x'] = pd.to_datetime(data['x'])",
        ("data['x'] = (data['x'] - data['x'].min()).dt.days",),
    ),
    "a date as text as covariate": Case(
        SIX | {"x": ["2020-01-03", "2020-01-01", "2020-01-02"] * 2},
        model,
        "data['x'] = pd.to_datetime(data['x'])",
        ("data['x'] = (data['x'] - data['x'].min()).dt.days",),
    ),
    "two categories without events": Case(
        SIX | {"g": list("aabcdd"), "e": [1, 1, 0, 0, 1, 1]},
        categories,
        "data['g'] = data['g'].replace({'b': 'a', 'c': 'a'})",
    ),
    "an event in an interval without length": Case(
        SIX | {"id": [1, 1, 2, 2, 3, 3], "a": [0, 2, 2, 3, 4, 5]},
        lambda d: mean_cumulative_count(d, "t", "e", "id", "a"),
        "data = data[data['a'] < data['t']]",
    ),
    "a period as covariate": Case(
        SIX | {"x": pd.PeriodIndex(["2003", "2001", "2002"] * 2, freq="Y")},
        model,
        "data['x'] = data['x'].dt.year",
    ),
    "the log of zero": Case(
        SIX | {"x": [3, 1, 0, 1, 2, 3]},
        lambda d: cox(d, "t", "e", "np.log(x)"),
        "data = data[data['x'] > 0]",
    ),
    "the root of a negative number": Case(
        SIX | {"x": [3, 1, -2, 1, -1.5, 3]},
        lambda d: cox(d, "t", "e", "np.sqrt(x)"),
        "data = data[data['x'] > -1.5]",
    ),
    "one over zero": Case(
        SIX | {"x": [3, 1, 0, -1, 2, -3]},
        lambda d: cox(d, "t", "e", "I(1 / x)"),
        "data = data.drop(data.index[[2]])",
    ),
    "an infinite covariate": Case(
        SIX | {"x": [3, 1, np.inf, 1, 2, 3]}, model, "data = data[data['x'].abs() < np.inf]"
    ),
    "a mean over a gap": Case(
        SIX | {"x": [3, 1, None, 1, 2, 3]},
        lambda d: cox(d, "t", "e", "center(x)"),
        "data = data.dropna(subset=['x'])",
    ),
    "a column called C": Case(
        SIX | {"C": 1},
        lambda d: cox(d, "t", "e", "C(x)"),
        "data = data.rename(columns={'C': 'C_'})",
    ),
    "an event at time 0": Case(
        SIX | {"t": range(6)}, lambda d: split_follow_up(d, "t", "e", [2]), NO_TIME
    ),
    "an event without person-time": Case(
        SIX | {"t": range(6)}, lambda d: piecewise_exponential(d, "t", "e", "1"), NO_TIME
    ),
    "a group without person-time": Case(
        SIX | {"t": [0, 0, 1, 2, 3, 4], "g": list("aabbbb")},
        lambda d: rates(d, "t", "e", by="g"),
        NO_TIME,
    ),
    "a count that is not whole": Case(
        SIX | {"e": [1, 2, 0.5, 3, 4, 0]},
        lambda d: rates(d, "t", "e", grouped=True),
        "data = data[data['e'] % 1 == 0]",
    ),
    "a count that is not whole, in a model": Case(
        SIX | {"e": [1, 2, 0.5, 3, 4, 0]},
        lambda d: piecewise_exponential(d, "t", "e", "1"),
        "data = data[data['e'] % 1 == 0]",
    ),
    "words where counts may stand": Case(
        SIX | {"e": ["yes", "no"] * 3},
        lambda d: rates(d, "t", "e", grouped=True),
        "data['e'] = (data['e'] == 'yes').astype(int)",
    ),
    "words where counts may stand, in a model": Case(
        SIX | {"e": ["yes", "no"] * 3},
        lambda d: piecewise_exponential(d, "t", "e", "1"),
        "data['e'] = (data['e'] == 'yes').astype(int)",
    ),
    "a column period": Case(
        SIX | {"period": 1},
        lambda d: split_follow_up(d, "t", "e", [2]),
        "data = data.rename(columns={'period': 'period_before'})",
    ),
    "a column exposed": Case(
        SIX | {"exposed": 1},
        lambda d: landmark(d, "t", "e", 2, became="x"),
        "data = data.rename(columns={'exposed': 'exposed_before'})",
    ),
    "a missing person": Case(
        SIX | {"id": [1, 1, None, 2, 3, 3], "a": 0},
        lambda d: mean_cumulative_count(d, "t", "e", "id", "a"),
        "data = data.dropna(subset=['id'])",
    ),
    "percent": Case(
        SIX | {"p": [90, 80, 70, 60, 50, 40]},
        lambda d: brier(d, "t", "e", "p", 3),
        "data['p'] = data['p'] / 100",
    ),
    "a chance below 0": Case(
        SIX | {"p": [-1e-9, 0.8, 0.7, 1, 1.000001, 0]},
        lambda d: brier(d, "t", "e", "p", 3),
        "data['p'] = data['p'].clip(0, 1)",
    ),
}


poisson = piecewise_exponential


@pytest.mark.parametrize(
    "call, options, change, remedy",
    [
        (cox, {"formula": "x + y"}, {"y": [1, 0, 1, 1, 0, 0]}, None),
        (cox, {"formula": "x + y"}, {"y": 3}, "formula='x + y - y'"),
        (cox, {"formula": "x + C(g)"}, {"g": 3}, "formula='x + C(g) - C(g)'"),
        (cox, {"formula": "x + y"}, {"y": [6, 2, 4, 2, 4, 6]}, "formula='x + y - y'"),
        (cox, {"formula": "x + y", "strata": "y"}, {"y": list("abbaba")}, "formula='x + y - y'"),
        (cox, {"formula": "x + y"}, {"y": [6, 5, 4, 3, 2, 1]}, "formula='x + y - y'"),
        (poisson, {"formula": "x + y"}, {"y": [0, 0, 1, 0, 0, 0]}, "formula='x + y - y'"),
        (poisson, {"formula": "x + y"}, {"y": [2, 2, 3, 2, 2, 2]}, "formula='x + y - y'"),
        (
            poisson, {"formula": "x * g"}, {"g": list("abcabd"), "e": 1},
            "formula='x * g - x:g'",
        ),
        (cox, {"formula": "my x"}, {"my x": SIX["x"]}, 'formula="Q(\'my x\')"'),
        (cox, {"formula": "C(my g)"}, {"my g": list("abbaab")}, 'formula="C(Q(\'my g\'))"'),
        (cox, {"formula": "x (mm)"}, {"x (mm)": SIX["x"]}, 'formula="Q(\'x (mm)\')"'),
        (cox, {"formula": "x-e"}, {"x-e": SIX["x"]}, 'formula="Q(\'x-e\')"'),
        (cox, {"formula": "class"}, {"class": SIX["x"]}, 'formula="Q(\'class\')"'),
        (cox, {"formula": "µg"}, {"µg": SIX["x"]}, 'formula="Q(\'µg\')"'),
        (cox, {"formula": "True"}, {"True": SIX["x"]}, 'formula="Q(\'True\')"'),
        (cox, {"formula": "log(x)"}, {}, "formula='np.log(x)'"),
        (cox, {"formula": "x^2"}, {}, "formula='I(x**2)'"),
        (cox, {"formula": "factor(g)"}, {"g": list("abbaab")}, "formula='C(g)'"),
        (cox, {"formula": "as.factor(g)"}, {"g": list("abbaab")}, "formula='C(g)'"),
        (
            cox, {"formula": "x + strata(g)", "strata": None}, {"g": list("ababab")},
            "formula='x'; strata='g'",
        ),
        (cox, {"formula": "x - 1"}, {}, "formula='x - 1 + 1'"),
        (cox, {"formula": "x, y"}, {"y": [1, 0, 1, 1, 0, 0]}, "formula='x + y'"),
        (cox, {"formula": "x \u2013 y"}, {"y": 1}, "formula='x - y'"),
        (
            cox, {"formula": "C(x, y)"}, {"x": list("abbaab"), "y": list("abbaba")},
            "formula='C(x) + C(y)'",
        ),
        (
            cox, {"formula": "strata(g) + x + strata(h)", "strata": None},
            {"g": list("aaaabb"), "h": 1}, "formula='x'; strata=['g', 'h']",
        ),
        (
            poisson, {"formula": "g * h"}, {"g": list("aabbab"), "h": list("xyxyxy")},
            "formula='g * h - g:h'",
        ),
        (
            cox, {"formula": "x + C(g, levels=list('cab'))"}, {"g": list("abbaab")},
            """formula="x + C(g, levels=list('cab')) - C(g, levels=list('cab'))\"""",
        ),
        (cox, {"formula": "x", "cluster": "g"}, {"g": 1}, "cluster=None"),
        (landmark, {"at": 9}, {}, "at=3.0"),
        (brier, {"predicted": "p", "horizon": 9}, {"p": 0.5}, "horizon=6.0"),
        (
            brier, {"predicted": "p", "horizon": 6, "by": "g"},
            {"p": 0.5, "g": list("ababaa")}, "horizon=4.0",
        ),
        (
            restricted_mean, {"horizon": 6.5, "by": "g"},
            {"e": 0, "g": list("ccbbaa")}, "horizon=2.0",
        ),
    ],
)  # fmt: skip
def test_an_argument_typed_as_printed_makes_the_call_work(call, options, change, remedy):
    data = pd.DataFrame(SIX | change)
    if remedy:
        with pytest.raises(ValueError, match="Remedy: ") as error:
            call(data, "t", "e", **options)
        printed = str(error.value).partition("Remedy: ")[2]
        assert printed.partition("  #")[0] == remedy
        room: dict = {}
        exec(printed, room)
        options = options | {name: room[name] for name in options if name in room}
    assert len(call(data, "t", "e", **options))


@pytest.mark.parametrize("name", CURVES | MODELS)
def test_a_remedy_typed_as_printed_makes_the_call_work(name):
    case = (CURVES | MODELS)[name]
    room = {"data": pd.DataFrame(case.bad, index=case.index), "pd": pd, "np": np}
    room["start"] = pd.Timestamp("2020-01-01")
    for remedy in (case.remedy, *case.then):
        with pytest.raises(ValueError, match="Remedy: ") as error:
            case.call(room["data"])
        printed = str(error.value).partition("Remedy: ")[2]
        assert printed.partition("  #")[0] == remedy
        exec(printed, room)
    assert len(case.call(room["data"]))


def test_a_column_that_is_there_twice_is_mended_too():
    room = {"data": pd.DataFrame([[1, 1, 2], [2, 0, 3]], columns=["t", "e", "t"])}
    with pytest.raises(ValueError, match="column 't' is there 2 times.*Remedy: ") as error:
        curve(room["data"])
    exec(str(error.value).partition("Remedy: ")[2], room)
    assert curve(room["data"])["time"].tolist() == [1, 2]


def test_values_after_the_remedy_are_the_ones_that_were_meant():
    data = pd.DataFrame({"t": ["1,5", "2,5"], "e": ["yes", "no"]})
    for _ in range(2):
        with pytest.raises(ValueError) as error:
            survival_at(data, "t", "e", 2)
        room = {"data": data, "pd": pd}
        exec(str(error.value).partition("Remedy: ")[2], room)
        data = room["data"]
    assert data["t"].tolist() == [1.5, 2.5] and data["e"].tolist() == [1, 0]
    assert restricted_mean(data, "t", "e", 2)["mean"].tolist() == [1.75]
