"""One verb per figure; each returns the Axes.

Every figure carries a sentence, computed from the data, that states its finding. It stands
under the picture, is the output's text/plain (so that nbval notices when it goes stale) and its
alternative text. Groups differ by line style and marker as well as by colour and are labelled
directly.
"""

from utils import lazy

__getattr__, __dir__, __all__ = lazy.names(__name__, {
    "follow_up": ("curves", "incidence", "mean_counts"),
    "estimates": ("hazard_by_period", "forest", "calibration"),
    "boards": ("verdict_board", "evidence_map", "diagram"),
})
