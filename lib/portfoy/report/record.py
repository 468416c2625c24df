"""The notebooks' three words to the kit: a headline figure, what must be shown, and whom to act on.

Each is stored in the output of its cell under a type of the project's own, which a notebook does not display, so an
executed notebook carries everything a page needs and nothing is written beside it.
"""

import math

import pandas as pd

from portfoy.locale import _

FIGURE = "application/vnd.portfoy.figure+json"
EXPECT = "application/vnd.portfoy.expect+json"
ACTIONS = "application/vnd.portfoy.actions+json"
UNITS = ("count", "money", "share", "days", "number", "points")


def record(name, value, low=None, high=None, unit="number", *, label=None, note=None, better=""):
    """Record a headline figure: shown on top of the page and compared with the next report.

    Parameters
    ----------
    name : text, the same in every report
    value, low, high : numbers; the bounds of its interval where there is one, of the confidence that the page says
    unit : "count", "money", "share" (0-1), "days", "number" or "points"
    label : text, what the page calls it; the default is the name
    note : text, a few words below the figure
    better : "up" or "down" where a change in that direction is good news; "" where it depends
    """
    if unit not in UNITS:
        raise ValueError(
            _("record: unit {unit!r} is not known; it is one of {units}.").format(unit=unit, units=", ".join(UNITS))
        )
    if better not in ("", "up", "down"):
        raise ValueError(_("record: better is {better!r}; it is 'up', 'down' or ''.").format(better=better))
    numbers = {key: _plain(number) for key, number in (("value", value), ("low", low), ("high", high))}
    about = {"unit": unit, "label": label or name, "note": note, "better": better}
    _publish(FIGURE, {"name": name, **numbers, **about})


def expect(*, figures=0, tables=0):
    """State how many figures and tables the page must show; fewer is a failed report, not an empty page."""
    _publish(EXPECT, {"figures": figures, "tables": tables})


def actions(name, table):
    """Give a list of customers to act on; the report writes it as actions/<name>.csv.

    Parameters
    ----------
    name : text, letters, digits and _ only
    table : DataFrame, one row per customer, written as it is
    """
    if not name.replace("_", "").isalnum() or not name.isascii():
        raise ValueError(_("actions: {name!r} is not a file name; use letters, digits and _.").format(name=name))
    rows = table.astype(object).where(table.notna(), None).map(_plain)
    _publish(
        ACTIONS, {"name": name, "columns": [str(column) for column in table.columns], "rows": rows.values.tolist()}
    )


def _plain(value):
    """A value as JSON can hold it."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    value = value.item() if hasattr(value, "item") else value
    return round(value, 6) if isinstance(value, float) else value


def _publish(kind, content):
    try:
        from IPython import get_ipython
        from IPython.display import publish_display_data
    except ImportError:
        return
    if get_ipython() is not None:
        publish_display_data({kind: content})
