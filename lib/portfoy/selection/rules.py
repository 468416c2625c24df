"""The segment rules: one small table that gives each of the 125 cells of r, f and m exactly one name."""

import io
import re
from importlib.resources import files
from itertools import product

import numpy as np
import pandas as pd

from portfoy.errors import DataError
from portfoy.locale import _


def read_segments(segments=None):
    """The segment rules (a DataFrame, the path of a CSV, or those of the package), one row per box of cells.

    ``segment``, ``r``, ``f``, ``m`` ("4-5" or "3"), ``action`` (the same for all boxes of a segment). A DataError where
    a column is missing, a range is not within 1-5, or a cell has no segment or more than one.
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
    owners = {cell: [] for cell in product(range(1, 6), repeat=3)}
    for rule in rules.itertuples(index=False):
        for cell in product(*(_levels(text, rule.segment) for text in (rule.r, rule.f, rule.m))):
            owners[cell].append(rule.segment)
    named = {"{}-{}-{}".format(*cell): names for cell, names in owners.items()}
    missing = [cell for cell, names in named.items() if not names]
    twice = [f"{cell}: {', '.join(names)}" for cell, names in named.items() if len(names) > 1]
    if missing or twice:
        text = _("segments: every cell r-f-m needs one segment; without: {missing}; with two: {twice}. Correct them.")
        raise DataError(text.format(missing=_listed(missing), twice=_listed(twice)))
    return np.array([name for (name,) in owners.values()], dtype=object).reshape(5, 5, 5)


def _levels(text, segment):
    found = re.fullmatch(r"([1-5])(?:-([1-5]))?", str(text).strip())
    levels = range(int(found[1]), int(found[2] or found[1]) + 1) if found else ()
    if not levels:
        rule = _("segments: {segment!r} has the range {text!r}. Give 1 to 5, as 4-5 or 3.")
        raise DataError(rule.format(segment=segment, text=text))
    return levels


def _listed(items, limit=12):
    more = _(" and {n} more").format(n=len(items) - limit) if len(items) > limit else ""
    return ", ".join(items[:limit]) + more if items else _("none")
