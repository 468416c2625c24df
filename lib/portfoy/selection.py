"""Selection: who is the most profitable customer? Scores, segments and whom to contact."""

import io
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
import pandas as pd

from portfoy.contract import DataError, need_columns, positive_total
from portfoy.locale import _
from portfoy.models.scatter import likely_range

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
    names = _cells(rules)[scores["r"] - 1, scores["f"] - 1, scores["m"] - 1]
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


# --- segments ------------------------------------------------------------------------------------------------------


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
        raise DataError(
            _("segments: the columns {needed} are needed; the table has {found}. Add those that are missing.").format(
                needed=", ".join(columns), found=", ".join(map(str, segments.columns))
            )
        )
    rules = segments.dropna(subset="segment")[columns].reset_index(drop=True)
    rules["action"] = rules.groupby("segment")["action"].transform("first").fillna("")
    _cells(rules)
    return rules


def _cells(rules):
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
        raise DataError(
            _(
                "segments: every cell r-f-m needs exactly one segment; without one: {missing}; with two: {twice}. "
                "Correct the ranges."
            ).format(missing=_listed(missing), twice=_listed(twice))
        )
    return cells


def _levels(text, segment):
    low, _dash, high = str(text).partition("-")
    try:
        levels = range(int(low) - 1, int(high or low))
    except ValueError:
        levels = range(0)
    if not levels or levels[0] < 0 or levels[-1] > 4:
        raise DataError(
            _("segments: {segment!r} has the range {text!r}; a range is 1 to 5, as 4-5 or 3. Correct it.").format(
                segment=segment, text=text
            )
        )
    return list(levels)


def _cell(place):
    return "-".join(str(level + 1) for level in place)


def _listed(items, limit=12):
    if not items:
        return _("none")
    more = _(" and {n} more").format(n=len(items) - limit) if len(items) > limit else ""
    return ", ".join(items[:limit]) + more


def segment_table(scored, *, value=None):
    """What each segment is worth, and what to do with it.

    Parameters
    ----------
    scored : Rfm
    value : LifetimeValue, optional
        Adds what each segment is expected to bring.

    Returns
    -------
    DataFrame, one row per segment that has customers, in the order of the rules
        ``segment``; ``customers``; ``customer_share`` 0-1; ``revenue``, ``revenue_share`` 0-1; ``ticket`` revenue per
        purchase; ``purchases`` mean per customer; ``idle`` median days; ``action``; with `value` also
        ``expected_value``, ``expected_value_low``, ``expected_value_high`` of the whole segment.

    Raises
    ------
    DataError : the total revenue is not above zero.
    """
    table = scored.table
    total = positive_total(table["revenue"], "revenue")
    grouped = table.groupby("segment", observed=True)
    result = grouped.agg(
        customers=("revenue", "size"), revenue=("revenue", "sum"), bought=("purchases", "sum"), idle=("idle", "median")
    )
    result["customer_share"] = result["customers"] / len(table)
    result["revenue_share"] = result["revenue"] / total
    result["ticket"] = result["revenue"] / result["bought"]
    result["purchases"] = result["bought"] / result["customers"]
    result["action"] = scored.segments.drop_duplicates("segment").set_index("segment")["action"]
    columns = ["customers", "customer_share", "revenue", "revenue_share", "ticket", "purchases", "idle", "action"]
    result = result[columns]
    if value is not None:
        worth = value.by(table["segment"]).set_index("segment").drop(columns="customers")
        result = result.join(worth)
    return result.reset_index().astype({"segment": str})


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


def action_list(scored, value, *, contacts=50, quiet=False):
    """Whom to contact: the customers expected to bring most, at most as many as can be contacted.

    Parameters
    ----------
    scored : Rfm
    value : LifetimeValue of the same customers
    contacts : int, default 50
    quiet : bool
        Only customers whose r is 1 or 2: those to win back.

    Returns
    -------
    DataFrame, one row per customer, the highest expected value first
        ``customer_id``, ``segment``, ``last_order``, ``purchases``, ``revenue``, ``p_alive``, ``expected_purchases``,
        ``expected_value`` money, with ``expected_value_low`` and ``expected_value_high``: where what this one customer
        brings will end in 8 of 10 cases (`likely_range`), not the interval of the mean; ``action``.
    """
    table = scored.table[scored.table["r"] <= 2] if quiet else scored.table
    listed = table.join(value.table[["p_alive", "expected_purchases", "expected_value"]])
    listed = listed.sort_values(["expected_value", "customer_id"], ascending=[False, True]).head(contacts)
    scatter = likely_range(listed, value)
    actions = scored.segments.drop_duplicates("segment").set_index("segment")["action"]
    listed = listed.assign(
        expected_value_low=scatter["likely_low"],
        expected_value_high=scatter["likely_high"],
        action=listed["segment"].map(actions).astype(str),
    )
    who = ["customer_id", "segment", "last_order", "purchases", "revenue", "p_alive", "expected_purchases"]
    columns = [*who, "expected_value", "expected_value_low", "expected_value_high", "action"]
    return listed[columns].reset_index(drop=True).astype({"segment": str})
