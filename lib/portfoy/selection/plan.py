"""The plan: for each segment its aim, what to do, what that may cost, what it is judged by, and when to look again."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from portfoy.customers import DAY
from portfoy.errors import DataError
from portfoy.firm import analysis
from portfoy.locale import _
from portfoy.models.lists import reach
from portfoy.selection.worth import named
from portfoy.words import style
from portfoy.words.result import Finding, Result
from portfoy.words.table import show

IDLE = ("rest", "none")  # aims that no money is spent on
FEWEST = 10  # customers with a gap between purchases, for a segment to have one of its own
SOONEST = 7  # days until one looks again, at least


@dataclass(frozen=True)
class SegmentPlan(Result):
    """What is to be done for each segment, on one page.

    ``table``, one row per segment in the order of the rules: ``segment``; ``customers``; ``aim`` a code, "none" where
    the data give no reason to act, "rest" where they give one not to; ``action`` in words; ``budget`` money to contact
    each customer once, 0 where there is no reason to, missing throughout where nobody can say what a contact costs;
    ``measure`` what it is judged by, in words, with ``value``, that figure now, in ``unit``: the page of the next run
    shows it again; ``look_on`` the day to do so, one gap between purchases from now.
    ``figures_of``, what it rests on, one row per segment: ``segment``; ``customers``; ``year_revenue`` money of the
    last 12 months; ``expected_value`` money, missing without a value; ``came_back`` 0-1 with bounds; ``gap`` days,
    median of the mean gap between purchases of each customer: those of the segment, or of all where fewer than 10
    bought again.
    ``contact_cost`` money a contact costs, missing where nobody can say; ``back_days`` those of ``came_back``.
    """

    table: pd.DataFrame
    figures_of: pd.DataFrame
    contact_cost: float
    back_days: int | None
    currency: str
    confidence: float

    @property
    def acted_on(self):
        """The rows of ``table`` that money is spent on."""
        return self.table[~self.table["aim"].isin(IDLE)]

    def finding(self):
        n = len(self.acted_on)
        if not n:
            return Finding(_("No reason to treat any segment differently"), nothing=True)
        text = _("Segments with a reason to act: {n:count}")
        return Finding(str(style.say(text, {"n": n})))

    def reading(self):
        said, rows = [], self.acted_on
        if rows.empty:
            return ""
        largest = rows.loc[rows["customers"].idxmax()]
        said.append(_("The largest is \u201c{segment}\u201d, {customers:count} customers."))
        if rows["budget"].notna().all() and rows["budget"].sum() > 0:
            said.append(_("Contacting all of theirs once costs {spent:money}."))
        values = {**named(largest), "spent": rows["budget"].sum()}
        return style.say(" ".join(said), values, currency=self.currency)

    def summary(self):
        return [
            show(self.table, _("The plan"), currency=self.currency, kinds={"customers": "hidden", "value": "hidden"}),
            show(self.figures_of, _("What the plan rests on"), currency=self.currency),
        ]

    def method(self):
        said = [
            _(
                "Aim and action are the rules' where a segment's figures bear them out and a contact costs less "
                "than a customer should bring. Look again after a median gap, at least {soonest:days}."
            )
        ]
        if self.back_days:
            said.append(_("Bought again: within {back_days:days} ({level})."))
        if not style.is_missing(self.contact_cost):
            said.append(_("The budget: one contact each, at {contact_cost:price}."))
        values = {**vars(self), "soonest": SOONEST, "level": style.level(self.confidence)}
        return style.say(" ".join(said), values, currency=self.currency)


@analysis(without=["value"])
def segment_plan(firm, scored, *, value=None, contact_cost=0.0):
    """What is to be done for each segment: aim, action, budget, measure, and when to look again.

    Parameters
    ----------
    firm : Firm
    scored : Rfm of the firm
    value : LifetimeValue of the same customers, optional; a segment whose customers are expected to bring less than a
        contact costs gives no reason to act
    contact_cost : money a contact costs; 0: what past campaigns cost, where that is known

    Returns
    -------
    SegmentPlan; not possible where the cost of a contact is below zero
    """
    try:
        cost = reach(firm, contacts=0, budget=1.0, contact_cost=contact_cost)[1]
    except DataError:
        if contact_cost < 0:
            raise
        cost = np.nan
    figures = _figures(firm, scored, value)
    table = scored.groups[["segment", "customers", "aim", "action"]].copy()
    dear = figures["expected_value"] < cost * table["customers"]
    text = _("Nothing special: a contact costs more than a customer should bring")
    table.loc[dear & ~table["aim"].isin(IDLE), ["aim", "action"]] = ["none", text]
    table["budget"] = cost * table["customers"].mask(table["aim"].isin(IDLE), 0)
    rows = zip(table["aim"], figures.to_dict("records"), strict=True)
    table[["measure", "value", "unit"]] = [_measure(aim, row, firm.currency) for aim, row in rows]
    table["look_on"] = firm.as_of + figures["gap"].clip(lower=SOONEST).round() * DAY
    shown = figures.drop(columns="ticket")
    return SegmentPlan(table, shown, cost, scored.back_days, firm.currency, firm.confidence)


def _figures(firm, scored, value):
    """``figures_of``, and ``ticket``, revenue per purchase of the last 12 months."""
    customers = scored.table
    segment = customers["segment"].astype(str)
    year = firm.recent(12)
    by_year = year.groupby(segment.reindex(year.index))[["revenue", "purchases"]].sum()
    gap = (customers["span"] / customers["repeats"]).where(customers["repeats"] > 0)
    own = gap.groupby(segment).agg(["median", "count"])
    table = scored.groups[["segment", "customers"]].copy()
    bought = by_year.reindex(table["segment"]).reset_index(drop=True)
    table["year_revenue"] = bought["revenue"].fillna(0.0)
    table["ticket"] = bought["revenue"] / bought["purchases"]
    brings = value.by(segment).set_index("segment")["expected_value"] if value is not None else pd.Series(dtype=float)
    table["expected_value"] = table["segment"].map(brings).astype(float)
    back = ["came_back", "came_back_low", "came_back_high"]
    table[back] = scored.groups[back]
    table["gap"] = table["segment"].map(own["median"].where(own["count"] >= FEWEST)).fillna(gap.median())
    return table


def _measure(aim, row, currency):
    """What a segment is judged by: in words, the figure now, and its unit."""
    if aim == "more" and not style.is_missing(row["ticket"]):
        text, value, unit = _("{now:figure} a purchase"), row["ticket"], "money"
    elif not style.is_missing(row["came_back"]):
        text, value, unit = _("{now:share} bought again"), row["came_back"], "share"
    else:
        text, value, unit = _("{now:figure} a customer"), row["year_revenue"] / row["customers"], "money"
    return str(style.say(text, {"now": value, "unit": unit}, currency=currency)), value, unit
