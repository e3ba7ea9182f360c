"""Every public name of utils has a whole docstring, by numpydoc's own validation."""

import inspect

import pytest
from numpydoc.validate import validate

import utils
from utils import claims, datasets, evidence, exercises, plots, simulate

CHECKS = {"GL03", "GL05", "GL08", "PR01", "PR02", "PR03", "PR04", "RT01", "RT03", "SS02", "SS03"}


def public():
    """Functions and classes a lesson can call, by their full name."""
    for module in (utils, claims, datasets, evidence, exercises, plots, simulate):
        own = [
            name
            for name, value in vars(module).items()
            if not name.startswith("_") and getattr(value, "__module__", "") == module.__name__
        ]
        for name in getattr(module, "__all__", own):
            found = getattr(module, name)
            ours = getattr(found, "__module__", "").startswith("utils")
            if ours and (inspect.isfunction(found) or inspect.isclass(found)):
                yield f"{found.__module__}:{found.__qualname__}", found


PUBLIC = dict(public())


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_docstring_is_whole(name, monkeypatch):
    found = PUBLIC[name]
    unwrapped = inspect.unwrap(found)
    monkeypatch.setattr("numpydoc.validate.Validator._load_obj", staticmethod(lambda _: unwrapped))
    problems = validate(name.replace(":", "."))["errors"]
    ignored = {"RT01"} if inspect.isclass(found) else set()
    assert not [problem for problem in problems if problem[0] in CHECKS - ignored]
