"""Tables as a reader wants them: words on the left, numbers on the right, nothing cut."""

from __future__ import annotations

import re
from itertools import cycle

import pandas as pd

LEFT = ' style="text-align:left"'


def html(table: pd.DataFrame) -> str | None:
    """Write a table as pandas does, with its words aligned to the left.

    Parameters
    ----------
    table : DataFrame
        Any table.

    Returns
    -------
    str or None
        HTML; the same as pandas' own where columns were left out for want of room.
    """
    text = table._repr_html_()
    if text is None:  # tables are switched off
        return None
    places = [LEFT * (not pd.api.types.is_numeric_dtype(kind)) for kind in table.dtypes]
    head, mark, body = text.partition("<tbody>")
    if len(re.findall("<td>", body)) != table.size or not places:
        return text
    if table.columns.nlevels == 1:
        names = iter([LEFT] * table.index.nlevels + places)
        head = re.sub("<th>", lambda _: f"<th{next(names, '')}>", head)
    column = cycle(places)
    body = re.sub("<td>", lambda _: f"<td{next(column)}>", body)
    return head + mark + body.replace("<th>", f"<th{LEFT}>")


def show_in_jupyter() -> None:
    """Let every table of this session be shown so; without Jupyter there is nothing to do."""
    pd.set_option("display.max_colwidth", None)
    try:
        from IPython import get_ipython
    except ImportError:
        return
    if (shell := get_ipython()) is not None and getattr(shell, "display_formatter", None):
        shell.display_formatter.formatters["text/html"].for_type(pd.DataFrame, html)
