"""One verb per figure; each returns the Axes.

Every figure carries a sentence, computed from the data, that states its finding. It stands
under the picture, is the output's text/plain (so that nbval notices when it goes stale) and its
alternative text. Groups differ by line style and marker as well as by colour and are labelled
directly.
"""

from importlib import import_module

_HOME = {
    "follow_up": ("curves", "incidence", "mean_counts"),
    "estimates": ("hazard_by_period", "forest", "calibration"),
    "boards": ("verdict_board", "evidence_map", "diagram"),
}
_WHERE = {name: module for module, names in _HOME.items() for name in names}
__all__ = sorted(_WHERE)


def __getattr__(name: str) -> object:
    if name in _WHERE:
        return getattr(import_module(f"utils.plots.{_WHERE[name]}"), name)
    raise AttributeError(f"utils.plots has no name {name!r}; it has {', '.join(__all__)}")


def __dir__() -> list[str]:
    return __all__
