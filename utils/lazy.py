"""Names of a package that are loaded when first used, so that nobody waits for what is not."""

from collections.abc import Callable
from importlib import import_module


def names(package: str, home: dict[str, tuple[str, ...]],
          modules: tuple[str, ...] = ()) -> tuple[Callable, Callable, list[str]]:
    """`__getattr__`, `__dir__` and `__all__` of a package (PEP 562).

    Parameters
    ----------
    package : str
        Its `__name__`.
    home : dict
        Each module of the package, and the names that the package offers from it.
    modules : tuple of str
        Modules that the package offers themselves.
    """
    where = {name: module for module, offered in home.items() for name in offered}
    everything = sorted([*where, *modules])

    def get(name: str) -> object:
        if name in where:
            return getattr(import_module(f"{package}.{where[name]}"), name)
        if name in modules:
            return import_module(f"{package}.{name}")
        raise AttributeError(f"{package} has no name {name!r}; it has {', '.join(everything)}")

    return get, lambda: everything, everything
