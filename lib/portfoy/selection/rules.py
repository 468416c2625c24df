"""The segment rules: one small table that gives each of the 125 cells of r, f and m exactly one name."""

import io
from importlib.resources import files

import numpy as np
import pandas as pd

from portfoy.errors import DataError
from portfoy.locale import _


def read_segments(segments=None):
    """The segment rules, checked to cover all 125 cells exactly once.

    Parameters
    ----------
    segments : DataFrame or path of a CSV, optional
        As in `rfm`.

    Returns
    -------
    DataFrame, one row per box of cells
        ``segment``, ``r``, ``f``, ``m`` ("4-5" or "3"), ``action`` (the same for all boxes of a segment).

    Raises
    ------
    DataError : a column is missing, a range is not within 1-5, a cell has no segment or more than one.
    """
    if segments is None:
        text = files("portfoy").joinpath("segments.csv").read_text(encoding="utf-8")
        segments = pd.read_csv(io.StringIO(text), dtype=str)
    elif not isinstance(segments, pd.DataFrame):
        segments = pd.read_csv(segments, dtype=str)
    columns = ["segment", "r", "f", "m", "action"]
    if not set(columns) <= set(segments.columns):
        text = _("segments: the columns {needed} are needed; there are {found}. Add the others.")
        raise DataError(text.format(needed=", ".join(columns), found=", ".join(map(str, segments.columns))))
    rules = segments.dropna(subset="segment")[columns].reset_index(drop=True)
    rules["action"] = rules.groupby("segment")["action"].transform("first").fillna("")
    cells_of(rules)
    return rules


def cells_of(rules):
    """The segment of every cell as an array indexed by r - 1, f - 1, m - 1."""
    cells = np.full((5, 5, 5), None, dtype=object)
    twice = []
    for rule in rules.itertuples(index=False):
        box = np.ix_(*(_levels(value, rule.segment) for value in (rule.r, rule.f, rule.m)))
        taken = np.argwhere(cells[box] != None)  # noqa: E711 - elementwise
        for place in taken:
            cell = tuple(axis.ravel()[at] for axis, at in zip(box, place, strict=True))
            twice.append(f"{_cell(cell)}: {cells[cell]}, {rule.segment}")
        cells[box] = rule.segment
    missing = [_cell(cell) for cell in np.argwhere(cells == None)]  # noqa: E711 - elementwise
    if missing or twice:
        text = _(
            "segments: every cell r-f-m needs one segment; without: {missing}; with two: {twice}. Correct the ranges."
        )
        raise DataError(text.format(missing=_listed(missing), twice=_listed(twice)))
    return cells


def _levels(text, segment):
    low, _dash, high = str(text).partition("-")
    try:
        levels = range(int(low) - 1, int(high or low))
    except ValueError:
        levels = range(0)
    if not levels or levels[0] < 0 or levels[-1] > 4:
        rule = _("segments: {segment!r} has the range {text!r}. Give 1 to 5, as 4-5 or 3.")
        raise DataError(rule.format(segment=segment, text=text))
    return list(levels)


def _cell(place):
    return "-".join(str(level + 1) for level in place)


def _listed(items, limit=12):
    if not items:
        return _("none")
    more = _(" and {n} more").format(n=len(items) - limit) if len(items) > limit else ""
    return ", ".join(items[:limit]) + more
