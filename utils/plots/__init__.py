"""One verb per figure, named after what it draws; each returns the Axes.

Every figure carries a sentence, computed from the data, that states its finding. It stands
under the picture, is the output's text/plain (so that nbval notices when it goes stale) and its
alternative text. Groups differ by line style and marker as well as by colour and are labelled
directly.
"""

from utils.plots.boards import causal_diagram, evidence_map, verdict_board
from utils.plots.estimates import calibration, forest, rates
from utils.plots.follow_up import cumulative_incidence, kaplan_meier, mean_cumulative_count

__all__ = [
    "calibration",
    "causal_diagram",
    "cumulative_incidence",
    "evidence_map",
    "forest",
    "kaplan_meier",
    "mean_cumulative_count",
    "rates",
    "verdict_board",
]
