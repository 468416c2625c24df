"""What a row or a cell of the further tables cannot be: the rules, in the engine, and their words."""

from datetime import date
from typing import NamedTuple

import ibis
import pandas as pd

from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.source.contract import kind_of
from portfoy.source.quality import FIRST
from portfoy.source.seen import ASKED, BEGINS

KEYS = {
    "customers": ("customer_id",),
    "products": ("product_id",),
    "leads": ("lead_id",),
    "campaigns": ("campaign_id",),
    "contacts": ("campaign_id", "customer_id"),
    "subscriptions": ("contract_id",),
    "tickets": ("ticket_id",),
    "surveys": ("survey_id",),
    "totals": ("customer_id",),
}
JOINED = {name: BEGINS[name] for name in ("customers", "products", "contacts")}  # may be missing, not later
DATED = {name: BEGINS[name] for name in ("leads", "tickets", "spend", "subscriptions", "surveys")}  # may not be missing
ENDS = {  # the day on which a row begins, and those that cannot be before it
    "leads": ("created_on", ("contacted_on", "qualified_on", "proposed_on", "closed_on")),
    "tickets": ("opened_on", ("first_reply_on", "resolved_on", "closed_on", "reopened_on")),
    "subscriptions": ("started_on", ("ended_on",)),
}
BROUGHT = {("leads", "outcome"): "closed_on", ("tickets", "touches"): "closed_on"}  # the date on which it is known
RANGES = {
    "nps": (0, 10),
    "csat": (1, 5),
    "effort": (1, 7),
    "rating": (1, 5),
    "expectation": (1, 5),
    "performance": (1, 5),
    **dict.fromkeys(("cost", "touches", "monthly_fee", "duration"), (0, None)),
}
"""Lowest and highest value of a number column, or of those that begin with the word and a "_"; None: no bound."""
LAST = date(2100, 12, 31)  # programs write 9999-12-31 for "none", too


def seen_on(as_of):
    """The day that data are seen on, as a date; None for none given. DataError where no data can be of that day."""
    if as_of is None or as_of is pd.NaT or as_of == "":
        return None
    try:
        day = pd.Timestamp(as_of).date()
    except (TypeError, ValueError):  # no date, or one beyond all calendars
        day = date.max
    if not FIRST <= day <= LAST:
        text = _("as_of: {day} is not a day from {first} to {last}. Give the last day of the data.")
        raise DataError(text.format(day=as_of, first=FIRST, last=LAST))
    return day


class Rule(NamedTuple):
    """One rule: ``column`` of ours, "" where it is the id; ``where`` it applies; ``said``, what its words name."""

    code: str
    column: str
    where: ibis.expr.types.BooleanValue
    said: dict = {}  # noqa: RUF012 - nobody changes it


def unread_text(typed, column):
    """The text of a column that was not understood; null where there is none."""
    return typed[f"unread_{column}"] if f"unread_{column}" in typed.columns else ibis.null("string")


def row_rules(name, typed, *, today, as_of):
    """What sets a row aside, in this order."""
    late = as_of is None  # else what comes after the day is not looked at
    rules = [Rule("left_out", "", typed.left_out)] if "left_out" in typed.columns else []
    if name in KEYS:
        rules.append(Rule("no_key", "", ibis.or_(*(typed[key].isnull() for key in KEYS[name]))))
    day = DATED.get(name)
    if day in typed.columns:
        rules.append(Rule("no_date", day, _undated(name, typed, day)))
        rules.append(Rule("impossible_date", day, (typed[day] < FIRST) | (late & (typed[day] > LAST))))
    day = day or JOINED.get(name)
    if day in typed.columns:
        rules.append(Rule("future_date", day, late & (typed[day] > today)))
    rules += _totals_rules(typed, today) if name == "totals" else []
    return [rule._replace(where=rule.where.fill_null(False)) for rule in rules]


def _totals_rules(typed, today):
    """What one row a customer cannot be: it must tell two days, a number of orders that fits them, and the money."""
    first, last, orders = typed.first_order, typed.last_order, typed.orders
    return [
        Rule("no_date", "", first.isnull() | last.isnull()),
        Rule("impossible_date", "first_order", first < FIRST),
        Rule("future_date", "last_order", last > today),
        Rule("last_before_first", "last_order", last < first),
        Rule("no_orders", "orders", orders.isnull() | (orders < 1) | (orders != orders.floor())),
        Rule("one_order_two_days", "orders", (orders == 1) & (last > first)),
        Rule("no_revenue", "revenue", typed.revenue.isnull()),
    ]


def _undated(name, typed, day):
    """Where the date that a row needs is missing."""
    absent = typed[day].isnull()
    if name == "surveys":  # empty: asked, and no answer
        return absent & unread_text(typed, day).notnull()
    return absent & typed.duration.isnull() if name == "subscriptions" and "duration" in typed.columns else absent


def cell_rules(name, typed, *, today, ranges, as_of):
    """The cells that are left missing, or taken for what has not happened yet."""
    rules = []
    for column in typed.columns:
        kind = kind_of(name, column)
        if f"unread_{column}" in typed.columns:
            code = {"date": "unread_date", "number": "unread_number"}.get(kind, "unread_label")
            kept = ~_undated(name, typed, column) if column == DATED.get(name) else True
            rules.append(Rule(code, column, unread_text(typed, column).notnull() & kept))
        if kind == "date" and column != DATED.get(name) and name != "price_index":
            late = False if column == JOINED.get(name) else typed[column] > LAST  # which sets the row aside
            rules.append(Rule("impossible_date_cell", column, (typed[column] < FIRST) | late))
        if kind == "number":
            rules += _range_rules(column, typed[column], today, ranges)
    rules += _order_rules(name, typed, today)
    if as_of is not None:
        rules = [rule._replace(where=rule.where & _known(name, typed, rule.column, as_of)) for rule in rules]
    if "left_out" in typed.columns:
        rules = [rule._replace(where=rule.where & ~typed.left_out) for rule in rules]
    return rules


def _known(name, typed, column, as_of):
    """Where the day on which a cell becomes known has come, or nobody knows it."""
    by = column if kind_of(name, column) == "date" else BROUGHT.get((name, column))
    by = "answered_on" if name == "surveys" and column not in ASKED else by
    return (typed[by] <= as_of).fill_null(True) if by in typed.columns else ibis.literal(True)


def _range_rules(column, value, today, ranges):
    """Where a number cannot be."""
    given = {"birth_year": (1900, today.year), **RANGES, **ranges}
    low, high = given.get(column) or given.get(column.partition("_")[0], (None, None))
    said = {"low": low, "high": high}
    if low is None:
        return []
    return [Rule("out_of_range", column, (value < low) if high is None else ~value.between(low, high), said)]


def _order_rules(name, typed, today):
    """Dates before the day on which the row begins, and after today; a contract may be known to end later."""
    begin, ends = ENDS.get(name, (None, ()))
    rules = []
    for end in [end for end in ends if {begin, end} <= {*typed.columns}]:
        early = (typed[end] < typed[begin]) & (typed[end] >= FIRST) & (typed[begin] <= today)
        rules.append(Rule("ends_before_begin", end, early, {"begin": begin}))
        if name != "subscriptions":
            rules.append(Rule("not_yet", end, (typed[end] > today) & (typed[end] <= LAST)))
    return rules


def in_words():
    """Rule and treatment of each code."""
    aside, missing = _("set aside"), _("left missing")
    return {
        "broken_line": (_("Line does not fit the header"), aside),
        "left_out": (_("Left out, as portfoy.toml says"), aside),
        "no_key": (_("Id missing"), aside),
        "no_date": (_("Date missing or unreadable"), aside),
        "impossible_date": (_("Date that cannot be"), aside),
        "future_date": (_("Date in the future"), aside),
        "last_before_first": (_("Last order before the first"), aside),
        "no_orders": (_("Orders missing, below 1 or not whole"), aside),
        "one_order_two_days": (_("One order, on two days"), aside),
        "no_revenue": (_("Revenue missing or unreadable"), aside),
        "repeated_key": (_("Repeats the id of an earlier row"), _("set aside; the first row counts")),
        "again": (_("Contacted again in the same campaign"), _("kept; counts as one contact")),
        "unread_date": (_("Date unreadable"), missing),
        "impossible_date_cell": (_("Date that cannot be"), missing),
        "unread_number": (_("Number unreadable"), missing),
        "out_of_range": (_("Number not from {low} to {high}"), missing),
        "below_range": (_("Number below {low}"), missing),
        "unread_label": (_("Word not understood"), _('left missing, not read as "no"')),
        "ends_before_begin": (_("Date before {begin}"), missing),
        "not_yet": (_("Date in the future"), _("kept; counts as not yet happened")),
    }
