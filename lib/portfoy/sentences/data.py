"""Sentences about the data that a report rests on."""

import pandas as pd

from portfoy.locale import _, language, plural
from portfoy.source.ids import unmatched
from portfoy.words import style
from portfoy.words.table import show


def describe_data(tables, *, as_of=None, confidence=None):
    """What the log holds and how much of it is used, in one line.

    `as_of` is the day the report stands on, `confidence` that of its intervals, which are then explained.
    """
    text, found = _used(tables.facts), tables.quality[tables.quality["rows"] > 0]
    without = _without_order(tables)
    if tables.facts.goes_on or (as_of and pd.Timestamp(as_of).date() < tables.facts.last_day):
        said = _("This report stands on {day} and leaves out what came later.")
        text += " " + said.format(day=style.day(as_of or tables.as_of))
    listed = [f"{_inside(row.rule)}, {_some(row.share)}" for row in found.itertuples()]
    if listed:
        text += " " + _("Found on the way, as a share of all lines: {list}.").format(list="; ".join(listed))
    text += "".join(f" {said}" for said in without)
    if tables.reading:
        text += " " + _("Read from the values: {list}.").format(list="; ".join(tables.reading))
    if confidence:
        said = _("Two numbers in brackets are the bounds of an interval, of {confidence} where nothing else is said.")
        text += " " + said.format(confidence=style.level(confidence))
    return style.Reading(text)


def _used(facts):
    return _("{used} of {rows} order lines are used; {customers} placed {orders} from {first} to {last}.").format(
        used=style.number(facts.used),
        rows=style.number(facts.rows),
        customers=plural("{n} customer", "{n} customers", facts.customers).format(n=style.number(facts.customers)),
        orders=plural("{n} order", "{n} orders", facts.orders).format(n=style.number(facts.orders)),
        first=style.day(facts.first_day),
        last=style.day(facts.last_day),
    )


def _without_order(tables):
    """Sentences on the ids of further tables that no order has: all of a table, or some of it."""
    found = unmatched(tables)
    some = found[found["missing"] < found["ids"]]
    said = [
        _(
            "No id of {table} is in the orders (it has {example}, they have {order}); check the column that holds it."
        ).format(table=row.table, example=row.example, order=row.order)
        for row in found.drop(some.index).itertuples()
    ]
    listed = [
        _("{missing} of {ids} in {table} ({example})").format(
            missing=style.number(row.missing), ids=style.number(row.ids), table=row.table, example=row.example
        )
        for row in some.itertuples()
    ]
    return [*said, _("Ids without an order: {list}.").format(list="; ".join(listed))] if listed else said


def _some(part):
    """A share that is more than nothing, and says so where it is small."""
    return style.share(part) if part >= 0.001 else _("less than {share}").format(share=style.share(0.001))


def _inside(text):
    """A heading as it stands within a sentence, with a small first letter; Turkish has two of I."""
    turkish = {"I": "ı", "İ": "i"} if language() == "tr" else {}
    return turkish.get(text[:1], text[:1].lower()) + text[1:]


def quality_text(tables):
    """The data-quality table as plain text, for a terminal."""
    facts, found = tables.facts, tables.quality[tables.quality["rows"] > 0]
    lines = [
        f"{tables.name}: {_used(facts)}",
        _("revenue, net of returns: {money}").format(money=style.money(facts.revenue, tables.currency)),
    ]
    lines += _without_order(tables)
    lines += [_("read from the values: {what}").format(what=what) for what in tables.reading]
    if len(found):
        lines += ["", show(found, "").plain()]
    absent = tables.quality.loc[tables.quality["rows"] == 0, "rule"]
    if len(absent):
        lines += ["", _("Looked for and not found: {list}.").format(list="; ".join(map(_inside, absent)))]
    return "\n".join([*lines, "", _("The data can be used.")])
