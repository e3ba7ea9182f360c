"""The verdict rule, against the cases worked through on paper, and its single steps."""

import json
import tomllib
from pathlib import Path

import pytest

from utils import claims
from utils.claims import Line, decide, grade, headline, read_line, register, verdict

PAPER = tomllib.loads(
    Path(__file__).with_name("verdicts_on_paper.toml").read_text(encoding="utf-8")
)
RAISES = {"type": "effect", "direction": "raises", "margin": 1.11}
LOWERS = {"type": "effect", "direction": "lowers", "margin": 0.90}
SHARE = {"type": "frequency", "direction": "at least", "threshold": 0.1}
WHY = {"type": "mechanism", "direction": "at least", "threshold": 0.5, "rival": "another"}


def line(estimate, lower, upper, **options):
    return Line(options.pop("label", "a study"), "ratio", estimate, lower, upper, **options)


@pytest.mark.parametrize("case", PAPER["case"], ids=lambda c: c["claim"] + c.get("part", ""))
def test_paper(case):
    lines = [Line(measure="first look", **entry) for entry in case["lines"]]
    assert verdict(case["claim"], lines, case.get("part")).content["verdict"] == case["verdict"]


def test_paper_covers_every_part_of_the_twenty_claims():
    assert len(register()) == 20
    parts = {(name, p.get("name")) for name, entry in register().items() for p in entry["part"]}
    assert parts == {(case["claim"], case.get("part")) for case in PAPER["case"]}


@pytest.mark.parametrize("name", PAPER["headline"])
def test_headline(name):
    results = [case["verdict"] for case in PAPER["case"] if case["claim"] == name]
    assert headline(results) == PAPER["headline"][name]


@pytest.mark.parametrize(
    "part, numbers, expected",
    [
        (RAISES, (1.6, 1.3, 2.0), claims.SUPPORTED),
        (RAISES, (1.6, 0.9, 2.8), claims.UNCLEAR),
        (RAISES, (1.0, 0.95, 1.05), claims.AGAINST),
        (RAISES, (0.7, 0.5, 0.9), claims.AGAINST),
        (RAISES, (1.05, 1.02, 1.08), claims.AGAINST),
        (RAISES, (1.06, 1.00, 1.12), claims.UNCLEAR),
        (RAISES, (1.06, 1.001, 1.11), claims.SUPPORTED),
        (LOWERS, (0.7, 0.5, 0.9), claims.SUPPORTED),
        (LOWERS, (1.0, 0.95, 1.05), claims.AGAINST),
        (LOWERS, (0.9, 0.7, 1.1), claims.UNCLEAR),
        (SHARE, (0.2, 0.15, 0.25), claims.SUPPORTED),
        (SHARE, (0.1, 0.05, 0.15), claims.UNCLEAR),
        (SHARE, (0.05, 0.02, 0.09), claims.AGAINST),
    ],
)
def test_a_line_is_read_from_its_interval(part, numbers, expected):
    assert read_line(line(*numbers), part) == expected


def test_only_direct_lines_decide():
    for indirect in ({"exposure": False}, {"disease": False}, {"outcome": "other"}):
        assert decide(RAISES, [line(2, 1.5, 3, **indirect)]) == claims.UNTESTED


def test_randomised_lines_come_first():
    trial = line(1.0, 0.95, 1.05, design="randomised")
    cohort = line(2.0, 1.5, 2.5)
    assert decide(RAISES, [cohort, trial]) == claims.AGAINST
    assert grade([cohort, trial]) == "randomised"


def test_a_line_inside_a_pool_does_not_count_again():
    pool = line(1.3, 0.9, 1.8, studies=3)
    inside = line(1.4, 1.1, 1.8, inside="pool")
    assert decide(RAISES, [pool, inside]) == claims.UNCLEAR
    assert grade([pool, inside]) == "two or more independent observational studies"
    clear, vague = line(1.6, 1.3, 2.0), line(1.5, 0.9, 2.5, inside="a study")
    assert decide(RAISES, [clear, vague]) == claims.SUPPORTED
    assert grade([clear, vague]) == "one observational study"


def test_disagreement_is_conflict():
    assert decide(RAISES, [line(2, 1.5, 3), line(1, 0.95, 1.05)]) == claims.UNCLEAR


def test_composites_support_in_part_only():
    composite = line(2, 1.5, 3, outcome="composite")
    assert decide(RAISES, [composite]) == claims.IN_PART
    assert decide(RAISES, [composite, line(2, 1.5, 3)]) == claims.SUPPORTED


def test_a_mechanism_needs_its_rival_excluded():
    assert decide(WHY, [line(0.9, 0.8, 0.95)]) == claims.COMPATIBLE
    assert decide(WHY, [line(0.9, 0.8, 0.95, excludes_rival=True)]) == claims.SUPPORTED
    assert decide(WHY, [line(0.2, 0.1, 0.3)]) == claims.AGAINST


def test_one_study_is_graded_as_one():
    assert grade([line(2, 1.5, 3)]) == "one observational study"
    assert grade([]) == "none"


@pytest.mark.parametrize(
    "options, said", [({"design": "cohort"}, "design"), ({"outcome": "death"}, "outcome")]
)
def test_a_line_refuses_unknown_words(options, said):
    with pytest.raises(ValueError, match=said):
        line(1, 0.9, 1.1, **options)


def test_a_line_refuses_an_estimate_outside_its_interval():
    with pytest.raises(ValueError, match="outside its interval"):
        line(1, 1.1, 1.2)


def test_unknown_claim_or_part_is_named():
    with pytest.raises(ValueError, match="no claim 'smokin'"):
        verdict("smokin", [])
    with pytest.raises(ValueError, match="how often"):
        verdict("environment", [])


def test_safety_stands_beside_every_verdict_of_no_shown_effect():
    for lines in ([], [line(1, 0.5, 2)], [line(1, 0.95, 1.05)]):
        assert "not" in verdict("smoking-relapse", lines).content["safety"].lower()
        assert verdict("residual", lines).content["safety"] == claims.DEFAULT_SAFETY


def test_verdict_is_plain_json_and_shows_its_sentence():
    result = verdict("residual", [line(1.86, 1.22, 2.84, label="sarcoma margins")])
    bundle = result._repr_mimebundle_()
    content = json.loads(json.dumps(bundle[claims.MIME]))
    assert content["numbers"] == ["ratio: 1.86 (95% interval 1.22 to 2.84)"]
    assert content["lines"][0]["estimate"] == 1.86 and content["lines"][0]["decides"]
    assert "sarcoma margins: ratio 1.86 (95% interval 1.22 to 2.84)" in bundle["text/plain"]


def test_every_part_is_registered_with_what_would_count():
    for name, entry in register().items():
        assert entry["text"] and entry["settle"]
        assert entry["lesson"] in {f"{i:02}" for i in range(11)}
        for part in entry["part"]:
            assert {"who", "exposure", "outcome", "horizon"} <= set(part)
            needs = {
                "effect": {"direction", "margin"},
                "frequency": {"direction", "threshold"},
                "mechanism": {"direction", "threshold", "rival"},
                "value": set(),
            }
            assert needs[part["type"]] <= set(part), name


def test_board_holds_every_part(tmp_path):
    path = tmp_path / "verdicts.json"
    path.write_text(json.dumps([verdict("residual", [line(2, 1.5, 3)]).content]))
    table = claims.board(path)
    assert len(table) == len(PAPER["case"])
    assert table.set_index("claim").loc["residual", "verdict"] == claims.SUPPORTED
    assert (table["verdict"] == "").sum() == len(table) - 1
