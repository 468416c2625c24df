"""RFM: how lately, how often and for how much each customer bought, in scores from 1 to 5, and the segments."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from portfoy.errors import DataError, need_columns
from portfoy.locale import _
from portfoy.selection.rules import cells_of, read_segments

METRICS = {"r": "idle", "f": "purchases", "m": "revenue"}
SCORES = range(1, 6)


@dataclass(frozen=True)
class Rfm:
    """Customers scored by idle time, purchases and revenue.

    ``table``: the customer table with ``r``, ``f``, ``m`` (scores 1-5, 5 is best) and ``segment``.
    ``cuts``: one row per score (r, f, m), columns ``metric`` and 2-5, the value from which a score is given: at most
    so many idle days, at least so many purchases or so much revenue; missing where no customer reaches the score.
    Where two scores ask for the same, the higher one is given.
    ``segments``: the rules, one row per box of cells.
    """

    table: pd.DataFrame
    cuts: pd.DataFrame
    segments: pd.DataFrame


def rfm(customers, *, cuts=None, segments=None):
    """RFM: score each customer from 1 to 5 on how lately, how often and for how much they bought, and segment.

    A score is 1 + floor(5 x share of customers strictly below), so equal values always get equal scores, and a value
    that many share may leave a score empty. Half of the customers having bought once all get f = 1, the next f = 3.

    Parameters
    ----------
    customers : DataFrame, one row per customer
        Needs ``idle``, ``purchases`` and ``revenue``.
    cuts : DataFrame or path of a CSV, optional
        Cut points of an earlier `Rfm`, so that scores of two dates can be compared; the default takes them from
        `customers`.
    segments : DataFrame or path of a CSV, optional
        Rules with the columns ``segment``, ``r``, ``f``, ``m`` ("4-5" or "3") and ``action``; the default is the
        table of eleven segments that comes with the package.

    Returns
    -------
    Rfm

    Raises
    ------
    DataError : a column is missing, there is no customer, the cut points are not such, or the rules leave a cell out
    or cover one twice.

    References
    ----------
    Hughes (1994), Strategic Database Marketing, for the five scores; the rule for ties is the project's own.
    """
    need_columns(customers, METRICS.values(), "rfm")
    rules = read_segments(segments)
    cuts = _cut_points(customers) if cuts is None else _read_cuts(cuts)
    scores = {score: _scores(customers[metric], cuts.loc[score], score) for score, metric in METRICS.items()}
    names = cells_of(rules)[scores["r"] - 1, scores["f"] - 1, scores["m"] - 1]
    order = list(dict.fromkeys(rules["segment"]))
    table = customers.assign(**scores, segment=pd.Categorical(names, categories=order))
    return Rfm(table, cuts, rules)


def _cut_points(customers):
    """For each score 2-5 the worst value that still earns it."""
    rows = {}
    for score, metric in METRICS.items():
        value = np.sort(_upward(customers[metric], score))
        below = np.searchsorted(value, value, side="left")
        given = 1 + 5 * below // len(value)  # whole numbers: no rounding at the edges
        reached = {
            level: value[np.searchsorted(given, level)] if given[-1] >= level else np.nan for level in SCORES[1:]
        }
        rows[score] = {"metric": metric} | {level: -cut if score == "r" else cut for level, cut in reached.items()}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("score")


def _scores(values, cuts, score):
    levels = _upward(cuts[list(SCORES[1:])], score)
    return 1 + np.searchsorted(levels[~np.isnan(levels)], _upward(values, score), side="right")


def _upward(values, score):
    """Values turned so that more is better."""
    values = np.asarray(values, dtype=float)
    return -values if score == "r" else values


def _read_cuts(cuts):
    table = cuts if isinstance(cuts, pd.DataFrame) else pd.read_csv(cuts, index_col=0)
    table = table.rename(columns=lambda name: int(name) if str(name).isdigit() else name)
    if not _are_cuts(table):
        raise DataError(
            _(
                "rfm: the cut points are not those of an earlier report; rows r, f, m and columns metric, 2, 3, 4, 5 "
                "are needed, with numbers that get harder to reach. Give the rfm_cuts.csv that a report wrote."
            )
        )
    return table


def _are_cuts(table):
    if list(table.index) != list(METRICS) or list(table.columns) != ["metric", *SCORES[1:]]:
        return False
    try:
        levels = np.array([_upward(table.loc[score, list(SCORES[1:])], score) for score in METRICS])
    except ValueError:
        return False
    levels[np.isnan(levels)] = np.inf  # a score nobody reached; one above it cannot have been reached either
    return bool((levels[:, 1:] >= levels[:, :-1]).all())


def cut_table(scored):
    """The cut points of an `Rfm` for reading: what each score takes.

    Returns
    -------
    DataFrame, one row per score, 5 first
        ``score``; ``idle_cut`` days, at most; ``purchases_cut``, ``revenue_cut`` at least. Missing where no customer
        reaches the score.
    """
    cuts = scored.cuts[list(SCORES[1:])].T.iloc[::-1]
    return pd.DataFrame(
        {"score": cuts.index, **{f"{METRICS[name]}_cut": cuts[name].to_numpy(float) for name in METRICS}}
    )
