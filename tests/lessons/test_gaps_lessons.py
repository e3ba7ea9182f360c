"""What an audit by planted faults found unguarded in the lessons' stored files."""

import json
import re

import pytest

from tools import lessons
from utils import DATA, claims

NOTEBOOKS = {path.stem: lessons.read(path) for path in lessons.paths()}
EXERCISES = [
    (stem, here, after)
    for stem, notebook in NOTEBOOKS.items()
    for here, after in zip(notebook.cells, notebook.cells[1:])
    if lessons.is_exercise(here)
]
SAID = {
    (v["claim"], v["part"]): (stem, v)
    for stem, notebook in NOTEBOOKS.items()
    for v in claims.collect(notebook)
}
KEPT = {
    (v["claim"], v["part"]): v
    for v in json.loads((DATA / "verdicts.json").read_text(encoding="utf-8"))
}

NUMBER = r"\d+(?:,\d{3})*(?:\.\d+)?"
UNREAD = r"\]\((?:[^()]|\([^()]*\))*\)|https?://\S+|`[^`]*`|\b(?:1[89]|20)\d\d\b"
# Numbers of a sentence that no output of its lesson shows: invented for a question, counted from
# what is shown (01), or read in the source that the sentence cites.
NOT_SHOWN = {
    ("00_start_here", "ex4"): {"1.25", "25"},
    ("01_residual_disease", "nnt-read"): {"17"},
    ("02_dormancy", "model-competing-read"): {"88"},
    ("04_exercise_and_food", "fool-success-read"): {"0.45"},
    ("06_smoking_lung", "meet-panel-traps"): {"327"},
    ("07_liver", "meet-event-read"): {"226"},
    ("07_liver", "model-abstinence-read"): {"0.023"},
    ("07_liver", "model-alcohol-read"): {"182"},
    ("07_liver", "fool-reverse-read"): {"14,729"},
    ("07_liver", "ex-outcome"): {"50"},
    ("07_liver", "ex-liao"): {"1,339", "13,390"},
    ("08_sooner_or_later", "predict"): {"80"},
    ("08_sooner_or_later", "fool-quit-read"): {"125"},
}


def shown(notebook):
    """Every number in the code and the outputs of a lesson."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    outputs = [output for cell in cells for output in cell.outputs]
    texts = [cell.source for cell in cells] + [output.get("text", "") for output in outputs]
    texts += [
        str(data)
        for output in outputs
        for kind, data in output.get("data", {}).items()
        if kind != "image/png"
    ]
    return {float(n.replace(",", "")) for n in re.findall(NUMBER, " ".join(texts))}


@pytest.mark.parametrize("stem", NOTEBOOKS)
def test_a_number_in_a_sentence_is_one_the_lesson_shows(stem):
    known, strange = shown(NOTEBOOKS[stem]), []
    for cell in NOTEBOOKS[stem].cells:
        if cell.cell_type != "markdown" or cell.id in ("title", "box", "aims", "references"):
            continue
        for number in re.findall(rf"(?<![\w.,-]){NUMBER}(?!\w)", re.sub(UNREAD, "", cell.source)):
            value, places = float(number.replace(",", "")), len(number.partition(".")[2])
            near = any(
                abs(round(scale * k, places) - value) < 1e-9 for k in known for scale in (1, 100)
            )
            if not near and number not in NOT_SHOWN.get((stem, cell.id), ()):
                strange.append(f"{stem}.ipynb, {cell.id}: {number}")
    assert not strange, "in a sentence, but in no output: " + "; ".join(strange)


@pytest.mark.parametrize("stem, here, after", EXERCISES, ids=lambda c: getattr(c, "id", None))
def test_the_stored_solution_is_right(stem, here, after):
    shown = "".join(output.get("text", "") for output in after.outputs)
    assert shown.startswith("Right: "), f"{stem}.ipynb, {here.id}: its check says {shown!r}"
    tags = here.metadata.get("tags"), after.metadata.get("tags")
    assert tags == (["exercise"], ["check"]), f"{stem}.ipynb, {here.id}: tags {tags}"


@pytest.mark.parametrize("claim, part", SAID)
def test_kept_verdict_is_the_one_its_lesson_shows(claim, part):
    stem, shown = SAID[claim, part]
    kept = KEPT.get((claim, part), {})
    differ = [key for key in shown if shown[key] != kept.get(key)]
    assert not differ, f"data/verdicts.json, {claim} {part!r}: {differ} not as in {stem}.ipynb"


def test_no_verdict_without_a_lesson():
    assert not KEPT.keys() - SAID.keys(), "data/verdicts.json holds verdicts that no lesson shows"


@pytest.mark.parametrize("claim, part", SAID)
def test_a_stored_verdict_reads_the_same_in_all_its_forms(claim, part):
    stem, shown = SAID[claim, part]
    bundle = claims.Verdict(shown)._repr_mimebundle_()
    stored = next(
        output["data"]
        for cell in NOTEBOOKS[stem].cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.get("data", {}).get(claims.MIME) == shown
    )
    assert dict(stored) == bundle, f"{stem}.ipynb: the text of {claim} {part!r} is not its JSON"
