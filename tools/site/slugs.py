"""Ids: one rule for the pages (made in `.venv`) and for Sphinx (in `.venv-site`)."""

import re


def slug(text: str) -> str:
    """Words as an id: small letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def jupyter_slug(heading: str) -> str:
    """The anchor JupyterLab gives a heading: spaces become hyphens, the rest is kept."""
    return heading.strip().replace(" ", "-")
