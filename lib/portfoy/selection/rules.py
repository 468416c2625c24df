"""The segment rules: one small table that gives each of the 125 cells exactly one name, and says what to do where."""

import io
import re
from importlib.resources import files
from itertools import product

import numpy as np
import pandas as pd

from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.words import style

CLAIM = r"(came_back|once|index_ticket|index_revenue|purchases|idle) *([<>]) *(\d+(?:\.\d+)?)"


def read_segments(segments=None):
    """The segment rules (a DataFrame, the path of a CSV, or those of the package), one row per box of cells.

    ``segment``, ``r``, ``f``, ``m`` ("4-5" or "3"), ``action`` (the same for all boxes of a segment); and, empty where
    the table lacks them, ``aim`` and ``holds``: where the action holds, as in "came_back < 0.5 and once > 0.5". A
    DataError where a column is missing, a range is not within 1-5, a cell has no segment or more than one, or `holds`
    cannot be read.
    """
    if segments is None:
        text = files("portfoy").joinpath("segments.csv").read_text(encoding="utf-8")
        segments = pd.read_csv(io.StringIO(text), dtype=str)
    elif not isinstance(segments, pd.DataFrame):
        segments = pd.read_csv(segments, dtype=str)
    columns = ["segment", "r", "f", "m", "action"]
    if not set(columns) <= set(segments.columns):
        text = _("segments: columns {needed} are needed; there are {found}. Add the others.")
        raise DataError(text.format(needed=", ".join(columns), found=", ".join(map(str, segments.columns))))
    rules = segments.dropna(subset="segment").reindex(columns=[*columns, "aim", "holds"]).reset_index(drop=True)
    for name in ("action", "aim", "holds"):
        rules[name] = rules.groupby("segment")[name].transform("first").astype("object").fillna("")
    cells_of(rules)
    for rule in rules.itertuples():
        _claims(rule.holds, rule.segment)
    return rules


def advised(groups, rules, days=None):
    """``aim`` and ``action`` of each of the `groups` of an `Rfm`: those of the rules where these figures bear them out.

    `groups` need the figures that `holds` of the rules may name, shares with ``_low`` and ``_high`` where they are
    estimates: a claim has to hold at the bound that speaks against it, and one of what is not known does not hold. Else
    the aim is "none" and the action a sentence with the figures; `days` those of ``came_back``.
    """
    said = rules.drop_duplicates("segment").set_index("segment").loc[groups["segment"], ["aim", "action", "holds"]]
    advice = said[["aim", "action"]].reset_index(drop=True)
    for place, row in enumerate(groups.to_dict("records")):
        if not all(_is_true(row, *claim) for claim in _claims(said["holds"].iloc[place], row["segment"])):
            text = _("Nothing special: {came_back:share} bought again within {days:days}")
            if style.is_missing(row["came_back"]):
                text = _("Nothing special: who comes back is not known")
            advice.loc[place] = ["none", str(style.say(text, {**row, "days": days}))]
    return advice.set_index(groups.index)


def _is_true(row, name, sign, limit):
    value = row.get(f"{name}_high" if sign == "<" else f"{name}_low", row[name])
    return value < float(limit) if sign == "<" else value > float(limit)


def _claims(text, segment):
    """The claims of `holds`, each as name, sign and limit."""
    found = [re.fullmatch(CLAIM, part.strip()) for part in str(text).split(" and ")] if text else []
    if not all(found):
        rule = _(
            "segments: {segment!r} holds where {text!r}. Compare {names} with a number by < or >, as came_back < 0.5."
        )
        names = ", ".join(re.search(r"\((.*?)\)", CLAIM)[1].split("|"))
        raise DataError(rule.format(segment=segment, text=text, names=names))
    return [each.groups() for each in found]


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
        text = _("segments: cells r-f-m without one: {missing}; with two: {twice}. Correct them.")
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
    shown = ", ".join(items[:limit]) or _("none")
    return _("{names} and {n} more").format(names=shown, n=len(items) - limit) if len(items) > limit else shown
