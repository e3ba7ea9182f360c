"""One verb per figure, named after what it draws; each returns the Axes.

Every figure carries a sentence, computed from the data, that states its finding. It stands
under the picture, is the output's text/plain (so that nbval notices when it goes stale) and its
alternative text. Groups differ by line style, marker or hatching as well as by colour and are
labelled directly. A figure brings its own ground, so that it reads the same on a dark page.
"""

from utils.plots.boards import causal_diagram, evidence_map, verdict_board
from utils.plots.estimates import (
    calibration,
    composite_parts,
    excess_by_site,
    forest,
    hazard_bars,
    intervals_with_zones,
    rates,
    value_and_threshold,
)
from utils.plots.follow_up import (
    cumulative_incidence,
    cure_over_kaplan_meier,
    kaplan_meier,
    mean_cumulative_count,
    stacked_fates,
)
from utils.plots.ideas import dots, immortal_time, luck_walk, swimmer, two_colourings

__all__ = [
    "calibration",
    "causal_diagram",
    "composite_parts",
    "cumulative_incidence",
    "cure_over_kaplan_meier",
    "dots",
    "evidence_map",
    "excess_by_site",
    "forest",
    "hazard_bars",
    "immortal_time",
    "intervals_with_zones",
    "kaplan_meier",
    "luck_walk",
    "mean_cumulative_count",
    "rates",
    "stacked_fates",
    "swimmer",
    "two_colourings",
    "value_and_threshold",
    "verdict_board",
]
