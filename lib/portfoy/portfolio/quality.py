"""What do the figures rest on? What was read, what of it is used, and what the checks found on the way."""

from dataclasses import dataclass

import pandas as pd

from portfoy.errors import DataError
from portfoy.firm import analysis
from portfoy.locale import _, language, plural
from portfoy.source.ids import unmatched
from portfoy.source.quality import Facts
from portfoy.words import style
from portfoy.words.result import Figure, Finding, Result
from portfoy.words.table import show


@dataclass(frozen=True)
class Quality(Result):
    """What the order lines hold, how many are used, and what the checks found.

    ``table``, one row per check that found something, one row "none" where no check did: ``rule``; ``rows``, ``share``
    of the lines read, 0-1; ``example`` the first one; ``done`` what was done with them. ``facts``: what the log holds,
    as `source.quality.Facts` says. ``unmatched``, one row per further table with ids that no order line has: ``table``,
    ``link`` the column, ``ids`` different ones, ``missing`` of them in no order line, ``example``, ``order`` an id of
    the order lines. ``read``: how text was read where portfoy.toml does not say. ``customers`` who bought, and their
    ``revenue``, money net of returns.
    """

    table: pd.DataFrame
    facts: Facts
    unmatched: pd.DataFrame
    read: tuple[str, ...]
    as_of: pd.Timestamp
    customers: int
    revenue: float
    confidence: float

    def finding(self):
        aside = self.facts.rows - self.facts.used
        if not aside:
            return Finding(_("Every order line that was read is used"))
        text = plural(
            "{n:count} order line is set aside, all others are used",
            "{n:count} order lines are set aside, all others are used",
            aside,
        )
        return Finding(style.say(text, {"n": aside}))

    def reading(self):
        later = style.say(_("What came after {day:day} is left out."), {"day": self.as_of})
        return style.Reading(used(self.facts) + (f" {later}" if self.facts.goes_on else ""))

    def figures(self):
        return [
            Figure("customers", self.customers, unit="count", better="up"),
            Figure("revenue", self.revenue, unit="money", better="up"),
        ]

    def summary(self):
        return show(self.table, _("Checks of the order lines that found something"))

    def method(self):
        said = [
            _(
                "Every order line is checked. One that cannot be used is set aside under the first check that finds "
                "it; the shares are of all lines read."
            ),
            *without_order(self.unmatched),
        ]
        if self.read:
            said.append(_("Read from the values: {list}.").format(list="; ".join(self.read)))
        level = _("Two numbers in brackets are the bounds of an interval, of {confidence} where nothing else is said.")
        return style.Reading(" ".join([*said, level.format(confidence=style.level(self.confidence))]))


@analysis
def quality(firm):
    """What the order lines hold, how many of them are used, and what was found on the way.

    Parameters
    ----------
    firm : Firm, opened from a source; one made from DataFrames, or seen on an earlier day, was not checked

    Returns
    -------
    Quality; not possible where the order lines were not checked
    """
    tables = firm.tables
    if tables.facts is None:
        raise DataError(
            _("quality: the order lines of this firm were not checked. Open them from a source, on this day.")
        )
    missing = unmatched(tables)  # opens every table, which adds to what was read
    return Quality(
        tables.findings(),
        tables.facts,
        missing,
        tuple(tables.reading),
        firm.as_of,
        len(firm.customers),
        float(firm.customers["revenue"].sum()),
        firm.confidence,
    )


def quality_text(tables):
    """The data-quality table of a source as plain text, for a terminal."""
    facts, found = tables.facts, tables.quality[tables.quality["rows"] > 0]
    lines = [
        f"{tables.name}: {used(facts)}",
        _("revenue, net of returns: {money}").format(money=style.money(facts.revenue, tables.currency)),
        *without_order(unmatched(tables)),
    ]
    lines += [_("read from the values: {what}").format(what=what) for what in tables.reading]
    if len(found):
        lines += ["", show(found, "").plain()]
    absent = tables.quality.loc[tables.quality["rows"] == 0, "rule"]
    if len(absent):
        lines += ["", _("Looked for and not found: {list}.").format(list="; ".join(map(_inside, absent)))]
    return "\n".join([*lines, "", _("The data can be used.")])


def used(facts):
    """How many order lines are used, and what they hold, as a sentence."""
    return _("{used} of {rows} order lines are used; {customers} placed {orders} from {first} to {last}.").format(
        used=style.number(facts.used),
        rows=style.number(facts.rows),
        customers=plural("{n} customer", "{n} customers", facts.customers).format(n=style.number(facts.customers)),
        orders=plural("{n} order", "{n} orders", facts.orders).format(n=style.number(facts.orders)),
        first=style.day(facts.first_day),
        last=style.day(facts.last_day),
    )


def without_order(found):
    """Sentences on the ids of further tables that no order has: all of a table, or some of it."""
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


def _inside(text):
    """A heading as it stands within a sentence, with a small first letter; Turkish has two of I."""
    turkish = {"I": "ı", "İ": "i"} if language() == "tr" else {}
    return turkish.get(text[:1], text[:1].lower()) + text[1:]
