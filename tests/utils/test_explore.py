"""A movable figure, and the still one."""

import sys

import ipywidgets
import pytest

from utils.explore import STILL, explore

CONTROLS = {"at": (1, 0, 5, 0.5), "width_of_it": (2, 0, 4, 1)}


@pytest.mark.parametrize("installed", [True, False])
def test_still_where_nothing_can_be_moved(installed, monkeypatch):
    seen = []
    if installed:
        monkeypatch.setenv(STILL, "1")
    else:
        monkeypatch.setitem(sys.modules, "ipywidgets", None)
    explore(lambda **settings: seen.append(settings), **CONTROLS)
    assert seen == [{"at": 1, "width_of_it": 2}]


@pytest.mark.parametrize("still", ["1", ""])
@pytest.mark.parametrize(
    "control", [3, (1, 0, 5), (6, 0, 5, 1), (1, 5, 0, 1), (1, 0, 5, 0), "abcd"]
)
def test_a_control_is_four_numbers(control, still, monkeypatch):
    monkeypatch.setenv(STILL, still)
    with pytest.raises(ValueError, match="at="):
        explore(print, at=control)


def test_sliders_stand_at_the_start_and_keep_their_ends(monkeypatch):
    made = {}
    monkeypatch.delenv(STILL, raising=False)
    monkeypatch.setattr(ipywidgets, "interact", lambda draw, **sliders: made.update(sliders))
    explore(print, **CONTROLS)
    slider = made["at"]
    assert (slider.value, slider.min, slider.max, slider.step) == (1, 0, 5, 0.5)
    assert made["width_of_it"].description == "width of it"
