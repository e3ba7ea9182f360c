"""A setting a reader can move, with the figure that follows it."""

from __future__ import annotations

import os
from collections.abc import Callable

STILL = "LESSONS_STILL"


def explore(draw: Callable[..., object], **controls: tuple[float, float, float, float]) -> None:
    """Draw a figure with sliders; where nothing can be moved, the figure as it starts.

    A stored lesson, a printed page and a test hold the picture alone: there the environment
    variable LESSONS_STILL is set, or ipywidgets is not installed.

    Parameters
    ----------
    draw : callable
        Draws with pyplot; takes the controls by name.
    **controls : tuple of (start, least, most, step)
        A slider for each argument of `draw`.

    Raises
    ------
    ValueError
        Not four numbers, or a start outside least to most.
    """
    for name, control in controls.items():
        try:
            start, least, most, step = map(float, control)
        except (TypeError, ValueError):
            start, least, most, step = 0, 0, 0, 0
        if not least <= start <= most or not step > 0:
            raise ValueError(
                f"{name}={control!r}: give (start, least, most, step), as in {name}=(1, 0, 2, 0.5)"
            )
    try:
        from ipywidgets import FloatSlider, interact
    except ImportError:
        interact = None
    if interact is None or os.environ.get(STILL):
        draw(**{name: start for name, (start, *_) in controls.items()})
        return
    sliders = {
        name: FloatSlider(
            start,
            min=least,
            max=most,
            step=step,
            description=name.replace("_", " "),
            continuous_update=False,
        )
        for name, (start, least, most, step) in controls.items()
    }
    interact(draw, **sliders)
