"""The verdict rule, against the cases worked through on paper, and its single steps."""

import datetime
import json
import re
import tomllib
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from utils import claims
from utils.claims import (
    AGAINST,
    COMPATIBLE,
    CONFLICTING,
    IMPRECISE,
    NO_LINE,
    SUPPORTED,
    TOO_SMALL,
    VALUE,
    Line,
    decide,
    headline,
    register,
    verdict,
)
from utils.claims.rule import in_words

PAPER = tomllib.loads(
    (Path(__file__).parent / "verdicts_on_paper.toml").read_text(encoding="utf-8")
)
RAISES = {"type": "effect", "direction": "raises", "margin": 1.11}
LOWERS = {"type": "effect", "direction": "lowers", "margin": 0.90}
SHARE = {"type": "frequency", "scale": "share", "direction": "at least", "threshold": 0.1}
BETWEEN = {"type": "frequency", "scale": "share", "direction": "between", "threshold": [0.1, 0.9]}
RATE = {"type": "frequency", "scale": "rate", "direction": "at least", "threshold": 1.0}
EXCESS = {"type": "frequency", "scale": "ratio", "direction": "at least", "threshold": 1.0}
WHY = {
    "type": "mechanism",
    "scale": "share",
    "direction": "at least",
    "threshold": 0.5,
    "rival": "another",
}
LOT = {"design": "randomised"}
MIXED = {"outcome": "composite"}
TWO = {"scope": ("colon cancer", "breast cancer")}


def line(estimate, lower=None, upper=None, label="a study", measure="hazard ratio", **options):
    row = {"estimate": estimate}
    if lower is not None:
        row |= {"lower": lower, "upper": upper}
    return Line(label, measure, row, **options)


def several(*rows, **options):
    """Lines of their own labels; a row is numbers, or numbers and options."""
    lines = []
    for i, row in enumerate(rows):
        own = row[-1] if isinstance(row[-1], dict) else {}
        numbers = row[:-1] if own else row
        lines.append(line(*numbers, **({"label": f"study {i}"} | options | own)))
    return lines


def paper_lines(case):
    lines = []
    for entry in case["lines"]:
        entry = dict(entry)
        row = {key: entry.pop(key) for key in ("estimate", "lower", "upper") if key in entry}
        lines.append(Line(entry.pop("label"), entry.pop("measure"), row, **entry))
    return lines


def changes(decision):
    return [change for change, _ in decision.steps]


# ---------------------------------------------------------------- on paper


@pytest.mark.parametrize("case", PAPER["case"], ids=lambda c: f"{c['claim']} {c.get('part', '')}")
def test_paper(case):
    content = verdict(case["claim"], paper_lines(case), case.get("part")).content
    assert content["conclusion"] == case["conclusion"]
    assert content["certainty"] == case["certainty"]
    assert [step["change"] for step in content["steps"]] == [step[0] for step in case["steps"]]
    for step, (_, word, _) in zip(content["steps"], case["steps"]):
        assert step["why"].startswith(word)
    if "value" in case:
        found = [content["estimate"][key] for key in ("estimate", "lower", "upper")]
        assert np.round(found, 2).tolist() == case["value"]


def test_paper_covers_every_part_of_the_twenty_claims():
    assert len(register()) == 20
    parts = {(name, p.get("name")) for name, entry in register().items() for p in entry["part"]}
    assert parts == {(case["claim"], case.get("part")) for case in PAPER["case"]}
    assert len(PAPER["case"]) == len(parts)


@pytest.mark.parametrize("name", PAPER["headline"])
def test_headline(name):
    decided = {c.get("part", ""): c["conclusion"] for c in PAPER["case"] if c["claim"] == name}
    assert headline(decided) == PAPER["headline"][name]


# ---------------------------------------------------------------- conclusions

# At each border one case on either side: a rule with a bound moved, a sign turned or a step left
# out reads at least one of them differently.
BORDERS = [
    (RAISES, (1.6, 1.3, 2.0), SUPPORTED),
    (RAISES, (1.6, 0.9, 2.8), IMPRECISE),
    (RAISES, (1.6, 1.0, 2.6), IMPRECISE),  # touches 1
    (RAISES, (1.11, 1.001, 1.23), SUPPORTED),  # at the margin
    (RAISES, (1.109, 1.001, 1.23), TOO_SMALL),
    (RAISES, (1.06, 1.001, 1.12), TOO_SMALL),
    (RAISES, (1.06, 1.02, 1.10), TOO_SMALL),  # never evidence against
    (RAISES, (1.05, 0.999, 1.105), AGAINST),
    (RAISES, (1.05, 0.99, 1.11), IMPRECISE),  # an effect that matters is still inside
    (RAISES, (1.0, 0.95, 1.05), AGAINST),
    (RAISES, (0.7, 0.5, 0.9), AGAINST),
    (LOWERS, (0.7, 0.5, 0.9), SUPPORTED),
    (LOWERS, (0.90, 0.82, 0.99), SUPPORTED),
    (LOWERS, (0.91, 0.84, 0.99), TOO_SMALL),
    (LOWERS, (0.9, 0.7, 1.0), IMPRECISE),
    (LOWERS, (0.95, 0.90, 1.01), IMPRECISE),
    (LOWERS, (0.96, 0.91, 1.01), AGAINST),
    (LOWERS, (1.3, 1.1, 1.6), AGAINST),
    (SHARE, (0.2, 0.15, 0.25), SUPPORTED),
    (SHARE, (0.2, 0.1, 0.35), IMPRECISE),
    (SHARE, (0.05, 0.02, 0.1), IMPRECISE),
    (SHARE, (0.05, 0.02, 0.09), AGAINST),
    (SHARE, (0.0, 0.0, 0.06), AGAINST),
    (BETWEEN, (0.5, 0.11, 0.89), SUPPORTED),
    (BETWEEN, (0.5, 0.1, 0.89), IMPRECISE),
    (BETWEEN, (0.5, 0.11, 0.9), IMPRECISE),
    (BETWEEN, (0.05, 0.02, 0.09), AGAINST),
    (BETWEEN, (0.95, 0.91, 0.98), AGAINST),
    (RATE, (5.7, 5.1, 6.4), SUPPORTED),
    (RATE, (0.5, 0.3, 0.8), AGAINST),
    (EXCESS, (1.13, 1.12, 1.15), SUPPORTED),
    (WHY, (0.9, 0.8, 0.95), COMPATIBLE),
    (WHY, (0.6, 0.4, 0.8), IMPRECISE),
    (WHY, (0.2, 0.1, 0.3), AGAINST),
]


@pytest.mark.parametrize("part, numbers, expected", BORDERS)
def test_one_line_is_read_from_its_interval(part, numbers, expected):
    assert decide(part, [line(*numbers)]).conclusion == expected


@pytest.mark.parametrize("part, numbers, expected", BORDERS[:11])
def test_a_protective_claim_is_the_mirror_of_a_harmful_one(part, numbers, expected):
    estimate, lower, upper = numbers
    mirror = {"type": "effect", "direction": "lowers", "margin": 1 / part["margin"]}
    assert decide(mirror, [line(1 / estimate, 1 / upper, 1 / lower)]).conclusion == expected


@pytest.mark.parametrize(
    "part, rows, expected",
    [
        # three that agree, two of them imprecise
        (LOWERS, [(0.72, 0.55, 0.94), (0.68, 0.37, 1.24), (0.66, 0.38, 1.17)], SUPPORTED),
        # none settles it, all together do
        (RAISES, [(1.4, 0.97, 2.0), (1.5, 0.95, 2.4), (1.45, 0.98, 2.1)], SUPPORTED),
        # an imprecise line on the other side is no conflict
        (LOWERS, [(0.72, 0.60, 0.86), (1.05, 0.50, 2.2)], SUPPORTED),
        # one supports, one is evidence against
        (RAISES, [(2, 1.5, 3), (1, 0.95, 1.05)], CONFLICTING),
        (RAISES, [(1.6, 1.2, 2.1), (0.7, 0.5, 0.98)], CONFLICTING),
        # both sides of 1, more spread than chance, no line against
        (RAISES, [(2.0, 1.2, 3.3), (0.85, 0.6, 1.2)], CONFLICTING),
        # more spread than chance, on one side: a matter of size
        (RAISES, [(3.6, 3.0, 4.3), (2.2, 1.8, 2.7)], SUPPORTED),
        # spread, but all on the other side
        (RAISES, [(0.3, 0.2, 0.45), (0.8, 0.7, 0.91)], AGAINST),
        # further out on the claimed side: takes nothing away
        (LOWERS, [(0.72, 0.55, 0.94), (0.3, 0.08, 1.1)], SUPPORTED),
        (LOWERS, [(0.72, 0.55, 0.94), (0.1, 0.05, 0.2)], SUPPORTED),
        # nearer to 1: the pool is less sure, and one model is not enough
        (LOWERS, [(0.72, 0.55, 0.94), (0.91, 0.70, 1.18)], IMPRECISE),
        (SHARE, [(0.3, 0.2, 0.4), (0.05, 0.02, 0.08)], CONFLICTING),
        (SHARE, [(0.3, 0.2, 0.4), (0.6, 0.5, 0.7)], SUPPORTED),
        (SHARE, [(0.05, 0.0, 0.08), (0.0, 0.0, 0.06)], AGAINST),
        (BETWEEN, [(0.3, 0.2, 0.4), (0.6, 0.5, 0.7)], SUPPORTED),
        (BETWEEN, [(0.3, 0.2, 0.4), (0.95, 0.92, 0.99)], CONFLICTING),
        (RATE, [(5, 4, 6), (7, 5, 10)], SUPPORTED),
    ],
)
def test_lines_are_pooled_and_then_read(part, rows, expected):
    for order in (rows, rows[::-1]):
        assert decide(part, several(*order)).conclusion == expected


def test_pool_is_random_effects_on_the_log_scale_with_the_common_effect_beside():
    # metafor 3.8: rma(log(e), sei = log(hi / lo) / (2 * qnorm(0.975)), method = "REML"), exp()
    found = decide(RAISES, several((2.0, 1.5, 2.67), (1.2, 0.9, 1.6), (1.5, 1.2, 1.875)))
    assert found.estimate.k == 3
    assert found.estimate[:3] == pytest.approx((1.5307625, 1.1620428, 2.0164781), abs=1e-5)
    assert found.estimate.spread_p == pytest.approx(0.047710553, abs=1e-8)
    assert any("common effect" in note and "3 lines" in note for note in found.notes)


def test_shares_are_pooled_on_the_arcsine_scale():
    # metafor 3.8: y = asin(sqrt(p)), sei from the bounds, REML, back by sin(y)^2
    found = decide(SHARE, several((0.3, 0.2, 0.4), (0.6, 0.5, 0.7)))
    assert found.estimate[:3] == pytest.approx((0.44824718, 0.17625299, 0.73835520), abs=1e-7)


def test_notes_are_about_the_pool():
    assert decide(RAISES, [line(1.6, 1.3, 2.0)]).notes == ()
    agree = decide(LOWERS, several((0.72, 0.55, 0.94), (0.68, 0.37, 1.24)))
    assert not any("model" in note for note in agree.notes)
    differ = decide(LOWERS, several((0.72, 0.55, 0.94), (0.91, 0.70, 1.18)))
    assert any("model" in note for note in differ.notes)


def test_five_lines_are_enough_to_speak_of_their_spread():
    rows = [(1.5, 1.2, 1.875)] * 5
    assert not any("spread between them" in note for note in decide(RAISES, several(*rows)).notes)
    few = decide(RAISES, several(*rows[:4])).notes
    assert any("spread between them" in note for note in few)


def test_a_line_further_out_never_weakens_what_others_support():
    generator = np.random.default_rng(1)
    tried = 0
    while tried < 60:
        logs = generator.normal(0.3, 0.25, generator.integers(1, 4))
        errors = generator.uniform(0.05, 0.4, len(logs) + 1)
        rows = [tuple(np.exp([y, y - 1.96 * s, y + 1.96 * s])) for y, s in zip(logs, errors)]
        if (logs < 0).any() or decide(RAISES, several(*rows)).conclusion != SUPPORTED:
            continue
        tried += 1
        y = logs.max() + generator.exponential(0.7)
        further = tuple(np.exp([y, y - 1.96 * errors[-1], y + 1.96 * errors[-1]]))
        assert decide(RAISES, several(*rows, further)).conclusion == SUPPORTED


def test_unlike_measures_are_read_apart():
    odds = {"measure": "odds ratio of lung cancer"}
    rate = {"measure": "rate ratio of lung cancer"}
    found = decide(RAISES, several((2.17, 1.98, 2.38, odds), (15, 5, 45, rate)))
    assert found.conclusion == SUPPORTED and found.estimate.k == 1
    assert found.estimate.estimate == 2.17
    assert any("not pooled" in note for note in found.notes)
    together = decide(RAISES, several((2.17, 1.98, 2.38, rate), (2.4, 1.5, 3.8, rate)))
    assert together.estimate.k == 2
    # one that leaves it open takes nothing away, one that speaks against does
    vague = decide(RAISES, several((1.6, 1.2, 2.1, odds), (1.3, 0.9, 1.5, rate)))
    assert vague.conclusion == SUPPORTED and any("imprecision" in why for _, why in vague.steps)
    against = decide(RAISES, several((1.6, 1.2, 2.1, odds), (1.0, 0.9, 1.1, rate)))
    assert against.conclusion == CONFLICTING
    other_side = decide(RAISES, several((1.6, 1.2, 2.2, odds), (0.98, 0.85, 1.13, rate)))
    assert other_side.conclusion == IMPRECISE


@pytest.mark.parametrize(
    "measures, k",
    [
        (("hazard ratio of relapse", "rate ratio of relapse"), 2),
        (("SIR", "aHR, death competing"), 2),
        (("Hazard ratio of death at risk", "sHR"), 2),
        (("RR", "risk ratio of relapse, rate in 5 years"), 2),
        (("odds ratio", "OR of relapse"), 2),
        (("odds ratio", "risk ratio"), 1),
        (("odds ratio", "hazard ratio"), 1),
        (("risk ratio after moderate exercise", "hazard ratio"), 1),
        (("ratio", "another ratio"), 2),
    ],
)
def test_measures_are_told_apart_by_their_first_word(measures, k):
    rows = [(1.5, 1.3, 1.8, {"measure": measure}) for measure in measures]
    assert decide(RAISES, several(*rows)).estimate.k == k


def test_shares_are_one_kind_whatever_they_are_called():
    words = [{"measure": "risk by 5 years"}, {"measure": "share relapsed, rate known"}]
    found = decide(SHARE, several((0.3, 0.2, 0.4, words[0]), (0.3, 0.2, 0.4, words[1])))
    assert found.estimate.k == 2


def test_unlike_measures_that_conflict_only_as_pools_conflict():
    odds, rate = {"measure": "odds ratio"}, {"measure": "hazard ratio"}
    lines = several(
        (1.4, 0.97, 2.0, odds),
        (1.5, 0.99, 2.3, odds),
        (1.02, 0.9, 1.16, rate),
        (1.0, 0.88, 1.13, rate),
    )
    assert decide(RAISES, lines).conclusion == CONFLICTING


# ---------------------------------------------------------------- which lines decide


def test_only_direct_lines_with_an_interval_decide():
    for indirect, why in (
        ({"exposure": False}, "exposure"),
        ({"disease": False}, "disease"),
        ({"outcome": "other"}, "outcome"),
    ):
        found = decide(RAISES, [line(2, 1.5, 3, **indirect)])
        assert found.conclusion == NO_LINE and why in found.context["a study"]
    found = decide(RAISES, [line(2)])
    assert found.conclusion == NO_LINE and "no interval" in found.context["a study"]
    assert decide(RAISES, []).conclusion == NO_LINE


def test_randomised_lines_come_first_where_groups_are_compared():
    lines = several((2.0, 1.5, 2.5), (1.0, 0.95, 1.05, LOT))
    found = decide(RAISES, lines)
    assert found.conclusion == AGAINST and found.lines == (lines[1],)
    both = decide(SHARE, several((0.3, 0.2, 0.4), (0.25, 0.15, 0.36, LOT)))
    assert len(both.lines) == 2


def test_matched_outranks_composite_in_the_same_people_only():
    same = {"people": "START"}
    lines = several((1.0, 0.95, 1.05, MIXED | same), (1.5, 1.2, 1.9, same))
    found = decide(RAISES, lines)
    assert found.conclusion == SUPPORTED and found.lines == (lines[1],)
    others = several((1.3, 1.1, 1.6, MIXED | {"people": "another"}), (1.5, 1.2, 1.9, same))
    assert len(decide(RAISES, others).lines) == 2
    # not randomised, it does not outrank the trial's own mixed outcome
    lines = several((1.5, 1.2, 1.9, MIXED | same | LOT), (1.0, 0.95, 1.05, same))
    assert decide(RAISES, lines).lines == (lines[0],)


def test_a_line_inside_a_pooled_one_is_shown_not_counted():
    pooled, single = line(1.3, 0.9, 1.8, label="pool"), line(1.4, 1.1, 1.8, inside="pool")
    found = decide(RAISES, [pooled, single])
    assert found.conclusion == IMPRECISE and found.lines == (pooled,)
    # unless the pooled one does not count itself
    pooled = line(1.0, 0.95, 1.05, label="pool", outcome="other")
    assert decide(RAISES, [pooled, single]).lines == (single,)


def test_a_mechanism_is_compatible_unless_its_rival_is_excluded():
    assert decide(WHY, [line(0.9, 0.8, 0.95)]).conclusion == COMPATIBLE
    assert decide(WHY, [line(0.9, 0.8, 0.95, excludes_rival=True)]).conclusion == SUPPORTED
    assert decide(WHY, [line(0.2, 0.1, 0.3, excludes_rival=True)]).conclusion == AGAINST


def test_a_value_is_no_hypothesis():
    assert decide({"type": "value"}, [line(2, 1.5, 3)]).conclusion == VALUE


# ---------------------------------------------------------------- certainty

CERTAIN = [
    # (part, lines, certainty, changes after the start)
    (RAISES, [(1.6, 1.3, 2.0, TWO | LOT)], "high", []),
    (RAISES, [(1.6, 1.3, 2.0, TWO)], "low", []),
    (SHARE, [(0.2, 0.15, 0.25, TWO)], "high", []),
    (EXCESS, [(1.6, 1.3, 2.0, TWO)], "low", []),
    # evidence against is graded alike
    (RAISES, [(1.0, 0.95, 1.05, TWO | LOT)], "high", []),
    (RAISES, [(1.0, 0.95, 1.05, TWO | LOT | MIXED)], "moderate", [-1]),
    (RAISES, [(1.0, 0.95, 1.05, TWO | LOT | {"bias": "open"})], "moderate", [-1]),
    # risk of bias: stated, or second-hand; not if the sound lines say so by themselves
    (RAISES, [(1.6, 1.3, 2.0, TWO | LOT | {"bias": "open"})], "moderate", [-1]),
    (RAISES, [(1.6, 1.3, 2.0, TWO | LOT | {"provenance": "as reported"})], "moderate", [-1]),
    (RAISES, [(1.6, 1.3, 2.0, TWO | LOT | {"provenance": "worked out by us"})], "high", []),
    (
        RAISES,
        [(1.6, 1.3, 2.0, TWO | LOT), (1.6, 1.3, 2.0, TWO | LOT | {"bias": "open"})],
        "high",
        [],
    ),
    (
        RAISES,
        [(1.6, 0.9, 2.8, TWO | LOT), (1.6, 1.3, 2.0, TWO | LOT | {"bias": "open"})],
        "moderate",
        [-1],
    ),
    # inconsistency
    (RAISES, [(1.9, 1.7, 2.1, TWO | LOT), (1.4, 1.25, 1.57, TWO | LOT)], "moderate", [-1]),
    (SHARE, [(0.3, 0.28, 0.32, TWO), (0.5, 0.48, 0.52, TWO)], "high", []),
    # indirectness: mixed outcome, one cancer for all, stated; one step however many
    (RAISES, [(1.6, 1.3, 2.0, TWO | LOT | MIXED)], "moderate", [-1]),
    (
        RAISES,
        [(1.6, 1.3, 2.0, TWO | LOT), (1.6, 1.3, 2.0, TWO | LOT | MIXED)],
        "high",
        [],
    ),
    (RAISES, [(1.6, 1.3, 2.0, LOT | {"scope": "colon cancer"})], "moderate", [-1]),
    (RAISES, [(1.6, 1.3, 2.0, LOT | MIXED | {"scope": "colon cancer"})], "moderate", [-1]),
    (RAISES, [(1.6, 1.3, 2.0, LOT | {"scope": claims.MANY})], "high", []),
    (
        RAISES | {"cancer": "colon cancer"},
        [(1.6, 1.3, 2, LOT | {"scope": "colon cancer"})],
        "high",
        [],
    ),
    (RAISES, [(1.6, 1.3, 2.0, TWO | LOT | {"indirect": "cells not seen"})], "moderate", [-1]),
    (
        RAISES,
        [
            (1.6, 1.3, 2.0, TWO | LOT | {"indirect": "cells not seen"}),
            (1.6, 1.3, 2.0, TWO | LOT | MIXED),
        ],
        "moderate",
        [-1],
    ),
    # imprecision: effects too small to matter inside; effects that matter inside
    (RAISES, [(1.6, 1.109, 2.3, TWO | LOT)], "moderate", [-1]),
    (RAISES, [(1.6, 1.11, 2.3, TWO | LOT)], "high", []),
    (LOWERS, [(0.72, 0.55, 0.94, TWO | LOT)], "moderate", [-1]),
    (LOWERS, [(0.70, 0.56, 0.88, TWO | LOT)], "high", []),
    (RAISES, [(1.06, 1.001, 1.12, TWO | LOT)], "moderate", [-1]),
    (RAISES, [(1.05, 1.02, 1.08, TWO | LOT)], "high", []),
    # large effects, on the side of the conclusion
    (RAISES, [(2.01, 1.5, 2.7, TWO)], "moderate", [1]),
    (RAISES, [(2.0, 1.5, 2.7, TWO)], "low", []),
    (LOWERS, [(0.49, 0.4, 0.6, TWO)], "moderate", [1]),
    (LOWERS, [(0.5, 0.4, 0.6, TWO)], "low", []),
    (RAISES, [(0.49, 0.4, 0.6, TWO)], "moderate", [1]),
    (LOWERS, [(2.01, 1.5, 2.7, TWO)], "moderate", [1]),
    (RAISES, [(3.0, 2.0, 4.5, TWO | {"bias": "guaranteed time"})], "very low", [-1, 0]),
    (SHARE, [(0.6, 0.5, 0.7, TWO)], "high", []),
    # dose-response
    (RAISES, [(1.6, 1.3, 2.0, TWO | {"dose_response": True})], "moderate", [1]),
    (RAISES, [(3.0, 2.0, 4.5, TWO | {"dose_response": True})], "high", [1, 1]),
    # never above high, never below very low
    (RAISES, [(3.0, 2.0, 4.5, TWO | LOT | {"dose_response": True})], "high", [1, 1]),
    (
        RAISES,
        [(1.3, 1.02, 1.66, MIXED | {"scope": "colon cancer", "bias": "chosen"})],
        "very low",
        [-1, -1, -1],
    ),
]


@pytest.mark.parametrize("part, rows, certainty, steps", CERTAIN)
def test_certainty_and_its_steps(part, rows, certainty, steps):
    found = decide(part, several(*rows))
    assert found.certainty == certainty
    assert changes(found)[1:] == steps
    assert all(why for _, why in found.steps)


@pytest.mark.parametrize(
    "part, lines",
    [
        (RAISES, [line(1.6, 0.9, 2.8)]),
        (RAISES, several((2, 1.5, 3), (1, 0.95, 1.05))),
        (WHY, [line(0.9, 0.8, 0.95)]),
        (RAISES, []),
        ({"type": "value"}, []),
    ],
)
def test_what_names_no_side_carries_no_certainty(part, lines):
    found = decide(part, lines)
    assert found.certainty == "" and found.steps == ()


def test_a_reading_that_hangs_on_the_model_counts_as_imprecision():
    # common effect not past 1, random effects past it
    lines = several(
        *[(2.5, 1.3, 4.8, TWO | LOT)] * 4, (1.05, 0.985, 1.12, TWO | LOT | {"label": "big"})
    )
    found = decide(RAISES, lines)
    common = claims.combine(lines, RAISES, "fixed")
    assert claims.read(common, RAISES) != claims.read(found.estimate, RAISES)
    assert found.conclusion == SUPPORTED
    assert any(change == -1 and why.startswith("imprecision") for change, why in found.steps)


def test_a_reason_names_lines_only_where_they_differ():
    alike = decide(RAISES, several(*[(1.6, 1.3, 2.0, TWO | LOT | MIXED)] * 2))
    assert "study" not in alike.steps[1][1]
    rows = [(1.6, 1.3, 2.0, TWO | LOT | MIXED), (1.6, 1.3, 2.0, TWO | LOT | {"indirect": "away"})]
    differ = decide(RAISES, several(*rows)).steps[1][1]
    assert "mixed outcome: study 0" in differ and "away: study 1" in differ


def test_every_conclusion_is_on_the_list_once():
    words = {SUPPORTED, TOO_SMALL, AGAINST, IMPRECISE, CONFLICTING, COMPATIBLE, NO_LINE, VALUE}
    assert set(claims.CONCLUSIONS) == words and len(claims.CONCLUSIONS) == len(words)


def test_scope_is_said_in_words():
    lines = several(
        (1.6, 1.3, 2.0, {"scope": "colon cancer"}),
        (1.6, 1.3, 2.0, {"scope": ("breast cancer", "melanoma")}),
        (1.6, 1.3, 2.0, {"scope": "colon cancer"}),
    )
    assert decide(RAISES, lines).scope == "colon and breast cancer, melanoma"
    assert decide(RAISES | {"cancer": "liver cancer"}, [line(2, 1.5, 3)]).scope == "liver cancer"


# ---------------------------------------------------------------- the rule of votes is gone


def test_invented_lines_agree_with_the_rule_read_off_by_other_means():
    """Every reading of a single line, against zones written down another way."""
    grid = np.round(np.exp(np.linspace(np.log(0.4), np.log(2.5), 9)), 3)
    for lower, estimate, upper in product(grid, repeat=3):
        if not lower < estimate < upper:
            continue
        inside = {
            "null": lower <= 1 <= upper,
            "matters": upper >= 1.11,
        }
        if lower > 1:
            expected = SUPPORTED if estimate >= 1.11 else TOO_SMALL
        else:
            expected = IMPRECISE if inside["matters"] else AGAINST
        assert decide(RAISES, [line(estimate, lower, upper)]).conclusion == expected


# ---------------------------------------------------------------- lines


@pytest.mark.parametrize(
    "row",
    [
        {"estimate": 1.5, "lower": 1.2, "upper": 1.9},
        pd.Series({"hazard_ratio": 1.5, "lower": 1.2, "upper": 1.9, "p": 0.01}),
        pd.DataFrame({"term": ["sex"], "rate_ratio": [1.5], "lower": [1.2], "upper": [1.9]}),
        pd.Series({"study": "A", "estimate": "1.5", "ci_low": 1.2, "ci_high": 1.9}),
        pd.Series({"observed": 15, "expected": 10, "sir": 1.5, "lower": 1.2, "upper": 1.9}),
        pd.DataFrame({"cure": [1.5], "lower": [1.2], "upper": [1.9]}).convert_dtypes(),
        {"median": 1.5, "lower": 1.2, "upper": 1.9},
    ],
)
def test_a_line_takes_a_row(row):
    found = Line("a study", "hazard ratio", row)
    assert (found.estimate, found.lower, found.upper) == (1.5, 1.2, 1.9)


@pytest.mark.parametrize("gap", [np.nan, None, pd.NA, ""])
def test_a_missing_interval_is_missing_however_it_is_written(gap):
    assert not Line("a", "ratio", {"estimate": 1.5, "lower": gap, "upper": gap}).has_interval


@pytest.mark.parametrize(
    "row, options, said",
    [
        ({"estimate": 1, "lower": 1.1, "upper": 1.2}, {}, "invert"),
        ({"estimate": 1, "lower": 0.5}, {"label": "half"}, "lower and upper"),
        ({"estimate": 1, "lower": np.nan, "upper": 2}, {}, "lower and upper"),
        ({"estimate": 1, "lower": 1, "upper": 1}, {}, "95% interval"),
        ({"estimate": np.inf, "lower": 1, "upper": np.inf}, {}, "events"),
        ({"estimate": 1, "lower": 0.5, "upper": np.inf}, {}, "events"),
        ({"estimate": "n/a", "lower": 1, "upper": 2}, {}, "to_numeric"),
        ({"estimate": "0,8", "lower": 0.5, "upper": 2}, {}, "to_numeric.'0.8'"),
        (pd.Series([1, 1], index=["estimate"] * 2), {}, "duplicated"),
        ({"estimate": 1}, {"studies": 0}, "1 or more"),
        ({"middle": 1, "lower": 0.5, "upper": 2}, {}, "rename"),
        ({"estimate": np.nan, "lower": 0.5, "upper": 2}, {}, "rename"),
        (pd.DataFrame({"estimate": [1, 2]}), {}, "iloc"),
        (1.5, {}, "iloc"),
        ({"estimate": 1}, {"design": "cohort"}, "observational"),
        ({"estimate": 1}, {"outcome": "death"}, "composite"),
        ({"estimate": 1}, {"provenance": "seen"}, "as reported"),
    ],
)
def test_a_line_refuses_what_it_cannot_be_and_says_what_to_do(row, options, said):
    options = {"label": "Miller 1999"} | options
    if said == "lower and upper" and isinstance(row, dict) and "upper" not in row:
        assert not Line(options.pop("label"), "ratio", row, **options).has_interval
        return
    with pytest.raises(ValueError, match=f"(?s)Miller 1999.*Remedy.*{said}"):
        Line(options.pop("label"), "ratio", row, **options)


@pytest.mark.parametrize(
    "part, lines, said",
    [
        (RAISES, [line(-0.3, -0.6, 0.1)], "logarithm"),
        (RAISES, [line(0.3, 0, 1.1)], "logarithm"),
        (RATE, [line(0.3, 0, 1.1)], "no events"),
        (SHARE, [line(45, 40, 49)], "100"),
        (SHARE | {"scale": "difference"}, [line(16.5, 8.8, 24.3)], "100"),
        (RAISES, [line(2, 1, 3), line(2, 1, 3)], "own label"),
        (RAISES, [line(2, 1, 3, inside="pool")], "a study"),
        (RAISES, several((2, 1, 3), (3, 1, 9), people="START"), "inside"),
    ],
)
def test_lines_that_cannot_be_counted_are_refused_by_name(part, lines, said):
    with pytest.raises(ValueError, match=f"(?s)study.*Remedy.*{said}"):
        decide(part, lines)


@pytest.mark.parametrize(
    "part, said",
    [
        ({}, "type"),
        (RAISES | {"type": "causal"}, "type"),
        (RAISES | {"direction": "up"}, "raises"),
        ({"type": "effect", "direction": "raises"}, "margin"),
        (RAISES | {"margin": 0.9}, "1.11"),
        (LOWERS | {"margin": 1.11}, "0.90"),
        (SHARE | {"scale": "percent"}, "share"),
        (SHARE | {"direction": "raises"}, "at least"),
        ({key: WHY[key] for key in WHY if key != "rival"}, "rival"),
    ],
)
def test_a_claim_of_ones_own_is_told_what_it_lacks(part, said):
    with pytest.raises(ValueError, match=f"(?s)part: .*Remedy: .*{said}|part: {said}.*Remedy"):
        decide(part, [])


def test_a_context_line_may_be_on_another_scale():
    found = decide(RAISES, [line(1.47, -0.35, 3.29, outcome="other")])
    assert found.conclusion == NO_LINE


# ---------------------------------------------------------------- what is shown


def test_unknown_claim_or_part_is_named():
    with pytest.raises(ValueError, match="no claim 'smokin'"):
        verdict("smokin", [])
    with pytest.raises(ValueError, match="how often"):
        verdict("environment", [])
    with pytest.raises(ValueError, match="how often"):
        verdict("environment", [], "why")


@pytest.mark.parametrize(
    "name, part, word",
    [("residual", None, "safe"), ("food", None, "useless"), ("unsolved", None, "untrue")],
)
def test_safety_words_fit_the_direction(name, part, word):
    shown = verdict(name, [], part).content["safety"]
    assert word in shown
    strong = (0.5, 0.45, 0.55) if name == "food" else (2, 1.5, 3)
    strong = (0.5, 0.4, 0.6) if name == "unsolved" else strong
    assert verdict(name, [line(*strong)], part).content["safety"] == ""


def test_words_of_a_claims_own_stand_beside_the_default_ones():
    own = "A relapse is nobody's fault"
    for part, end in (("low immunity", "safe"), ("drugs", "useless")):
        safety = verdict("immunity", [], part).content["safety"]
        assert own in safety and end in safety
    supported = verdict("immunity", [line(2, 1.5, 3)], "low immunity").content["safety"]
    assert own in supported and "Not shown" not in supported
    assert verdict("food", []).content["safety"].count("Not shown") == 1


def test_no_verdict_under_a_protective_claim_speaks_of_safe():
    for name, entry in register().items():
        for part in entry["part"]:
            words = verdict(name, [], part.get("name")).content["safety"]
            direction = part.get("direction")
            assert ("useless" in words) <= (direction != "raises"), name
            assert ("not the same as safe" in words) <= (direction != "lowers"), name


def shown():
    lines = [
        line(1.86, 1.22, 2.84, label="margins", scope="colon cancer"),
        line(1.5, label="old series"),
        line(1.2, 1.1, 1.3, label="<b>deaths</b>", outcome="other"),
    ]
    return verdict("residual", lines)


def test_verdict_is_plain_json():
    bundle = shown()._repr_mimebundle_()
    content = json.loads(json.dumps(bundle[claims.MIME], allow_nan=False))
    assert content["conclusion"] == SUPPORTED and content["certainty"] == "very low"
    assert content["estimate"] == {"estimate": 1.86, "lower": 1.22, "upper": 2.84, "k": 1}
    assert [entry["decides"] for entry in content["lines"]] == [True, False, False]
    assert content["lines"][1]["lower"] is None


def test_box_says_the_sentence_the_number_the_steps_and_what_would_settle_it():
    bundle = shown()._repr_mimebundle_()
    for kind in ("text/plain", "text/html"):
        text = bundle[kind]
        for expected in (
            register()["residual"]["text"],
            register()["residual"]["settle"],
            "SUPPORTED, very low certainty, in colon cancer",
            "1.86 (95% interval 1.22 to 2.84)",
            "1.11",
            "indirectness",
            "no interval printed",
        ):
            assert expected in text
        assert "residual" not in text
    assert text.index("SUPPORTED") < text.index("<details>") < text.index("old series")
    assert "<b>deaths" not in text and "#" not in text and "background" not in text


def test_a_share_without_interval_stands_in_the_unit_of_its_claim():
    register_row = Line("a register", "share", {"estimate": 0.158})
    other = Line("cells", "share of before", {"estimate": 1.08}, outcome="other")
    dead = {"estimate": 0.379, "lower": 0.324, "upper": 0.433}
    aside = Line("died", "share who died", dead, outcome="other")
    ratio = Line("faster", "risk ratio", {"estimate": 0.9}, outcome="other")
    box = verdict("unsolved", [register_row, other, aside, ratio])
    texts = [entry["text"] for entry in box.content["lines"]]
    assert "15.8%" in texts[0] and "1.08" in texts[1] and "%" not in texts[1]
    assert "37.9% (32.4 to 43.3)" in texts[2] and "0.9" in texts[3] and "%" not in texts[3]


@pytest.mark.parametrize("case", PAPER["case"], ids=lambda c: f"{c['claim']} {c.get('part', '')}")
def test_every_box_is_whole(case):
    lines = paper_lines(case)
    shown = verdict(case["claim"], lines, case.get("part"))
    part = claims.register()[case["claim"]]["part"]
    part = next(p for p in part if p.get("name") == case.get("part"))
    text = repr(shown)
    assert text.splitlines()[1].startswith(case["conclusion"].upper())
    for line_ in lines:
        assert text.count(f"- {line_.label}: ") == 1
        for said in (line_.bias, line_.indirect, part.get("hardly", "")):
            assert said in text
    assert not re.search(r"\bnan\b|None", text)
    assert len(text.splitlines()) <= 16 + len(lines)


def test_a_number_that_leaves_a_line_out_says_so():
    near, far = (0.72, 0.55, 0.94, {"label": "near"}), (0.3, 0.08, 1.1, {"label": "far"})
    found = decide(LOWERS, several(near, far, **TWO, **LOT))
    assert found.estimate[:3] == (0.72, 0.55, 0.94)
    assert any("far" in note and "2 lines together" in note for note in found.notes)
    assert [why.split(" ")[0] for change, why in found.steps if change] == ["imprecision"]


def test_no_direct_line_says_where_it_was_looked_for():
    for case in PAPER["case"]:
        if case["conclusion"] == NO_LINE:
            content = verdict(case["claim"], [], case.get("part")).content
            assert "2026" in content["looked"] and content["looked"] in repr(
                verdict(case["claim"], [], case.get("part"))
            )


@pytest.mark.parametrize(
    "value, part, expected",
    [
        (0.996, RAISES, "0.996"),
        (1.106, RAISES, "1.106"),
        (1.11, RAISES, "1.11"),
        (0.7, LOWERS, "0.70"),
        (36.34, RAISES, "36.3 "),
        (10.46, RAISES, "10.5 "),
        (10, RAISES, "10 "),
        (9.876, RAISES, "9.88 "),
        (0.446, SHARE, "44.6% (95% interval 44.6 to 44.6)"),
        (0.04, SHARE, "4.0%"),
        (0.165, SHARE | {"scale": "difference"}, "16.5 percentage points"),
        (5.69, RATE | {"unit": "per year"}, "5.69 per year"),
    ],
)
def test_numbers_are_shown_in_a_unit_a_reader_knows(value, part, expected):
    assert in_words(claims.Estimate(value, value, value), part).startswith(expected)


# ---------------------------------------------------------------- register and board


def test_every_part_is_registered_with_what_would_count():
    needs = {
        "effect": {"direction", "margin"},
        "frequency": {"direction", "threshold", "scale"},
        "mechanism": {"direction", "threshold", "scale", "rival"},
        "value": set(),
    }
    directions = {"raises", "lowers", "at least", "between"}
    known = {"name", "says", "lesson", "type", "scale", "unit", "cancer", "who", "exposure"}
    known |= {"comparator", "outcome", "horizon", "direction", "margin", "threshold", "rival"}
    known |= {"hardly", "looked", "safety", "settle", "amended"}
    for name, entry in register().items():
        assert entry["text"] and entry["settle"]
        assert set(entry) <= {"id", "text", "settle", "safety", "part"}, name
        names = [part.get("name", "") for part in entry["part"]]
        assert len(set(names)) == len(names) and (len(names) == 1) == (names == [""])
        for part in entry["part"]:
            assert set(part) <= known, (name, set(part) - known)
            assert {"lesson", "who", "exposure", "comparator", "outcome", "horizon"} <= set(part)
            assert part["lesson"] in {f"{i:02}" for i in range(1, 13)}
            assert needs[part["type"]] <= set(part), name
            assert part.get("direction", "raises") in directions
            assert part.get("scale", "ratio") in ("ratio", "rate", "share", "difference")
            if part["type"] == "effect":
                assert (part["margin"] > 1) == (part["direction"] == "raises")


def test_every_change_of_the_register_is_dated_with_its_reason():
    changes = claims.amendments()
    assert (changes[["what", "why"]].map(len) > 10).all(axis=None)
    assert all(isinstance(date, datetime.date) for date in changes["date"])
    for name in ("environment", "liver-drugs", "control"):
        dates = set(changes.loc[changes["claim"] == name, "date"])
        assert dates == {datetime.date(2026, 11, 22), datetime.date(2026, 11, 25)}


def test_claim_and_overview_show_the_register():
    table = claims.claim("control")
    assert list(table.columns) == ["comes or not", "held or not"]
    assert table.loc["threshold", "held or not"] == "0.1 to 0.9"
    assert "amended" not in table.index
    overview = claims.overview()
    assert overview["claim"].tolist() == list(register())
    assert overview.index.tolist() == list(range(1, 21))
    by_claim = overview.set_index("claim")
    assert by_claim.loc["environment", "lesson"] == "06, 07"
    assert by_claim.loc["effort", "type"] == "value and effect"


def test_board_holds_every_part_with_what_the_reader_believed(tmp_path):
    path = tmp_path / "verdicts.json"
    path.write_text(json.dumps([shown().content]))
    table = claims.board(path, before={"residual": "yes", "control, held or not": "no"})
    assert len(table) == len(PAPER["case"])
    row = table.iloc[0]
    assert row["says"] == register()["residual"]["text"]
    assert (row["conclusion"], row["certainty"], row["scope"], row["before"]) == (
        SUPPORTED,
        "very low",
        "colon cancer",
        "yes",
    )
    assert row["value"].startswith("1.86") and "1.11" in row["bar"]
    assert (table["conclusion"] == "").sum() == len(table) - 1
    believed = table.set_index(["claim", "part"])["before"]
    assert believed["control", "held or not"] == "no"
    assert believed["control", "comes or not"] == ""
    assert set(table["conclusion"]) - {""} <= set(claims.CONCLUSIONS)


def test_collect_reads_stored_outputs():
    content = shown().content
    notebook = {
        "cells": [
            {"cell_type": "markdown"},
            {"cell_type": "code", "outputs": [{"data": {claims.MIME: content}}, {"text": "x"}]},
        ]
    }
    assert claims.collect(notebook) == [content]


def test_a_claim_is_decided_again_from_what_was_stored(tmp_path):
    row = {"estimate": 0.72, "lower": 0.55, "upper": 0.94}
    lines = [
        Line("A", "hazard ratio", row, design="randomised", outcome="composite", scope="one"),
        Line("B", "hazard ratio", {"estimate": 0.5}),
    ]
    file = tmp_path / "verdicts.json"
    file.write_text(json.dumps([verdict("exercise", lines).content]), encoding="utf-8")
    part = register()["exercise"]["part"][0]
    assert claims.again("exercise", path=file) == decide(part, lines)
    other = Line(
        "C", "hazard ratio", {"estimate": 1.2, "lower": 1.1, "upper": 1.3}, design="randomised"
    )
    assert claims.again("exercise", more=[other], path=file).conclusion == claims.CONFLICTING
    with pytest.raises(ValueError, match="food"):
        claims.again("food", path=file)


@pytest.mark.parametrize("content", [b"{", b"\xff", b"[["])
def test_an_unreadable_register_is_named_with_its_remedy(content, tmp_path):
    path = tmp_path / "claims.toml"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="claims.toml"):
        claims.register(path)


@pytest.mark.parametrize("content", [None, b"[{", b"\xff"])
def test_a_board_without_its_verdicts_is_named_with_its_remedy(content, tmp_path):
    path = tmp_path / "verdicts.json"
    if content:
        path.write_bytes(content)
    with pytest.raises(ValueError, match="verdicts.json"):
        claims.board(path)
