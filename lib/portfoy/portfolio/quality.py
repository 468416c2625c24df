"""What do the figures rest on? What was read, what of it is used, and what the checks found on the way."""

from dataclasses import dataclass

import pandas as pd

from portfoy.errors import DataError
from portfoy.firm import analysis
from portfoy.locale import _, plural
from portfoy.source.ids import unmatched
from portfoy.source.prices import AS_PAID, Prices
from portfoy.source.quality import Facts
from portfoy.words import style
from portfoy.words.result import Finding, Result
from portfoy.words.table import show


@dataclass(frozen=True)
class Quality(Result):
    """What the order lines hold, how many are used, and what the checks found.

    ``table``, one row per check that found something, one row "none" where no check did: ``rule``; ``rows``, ``share``
    of the lines read, 0-1; ``example`` the first one; ``done`` what was done with them. ``facts``: what the log holds,
    as `source.quality.Facts` says. ``unmatched``, one row per further table with ids that no order line has: ``table``,
    ``link`` the column, ``ids`` different ones, ``missing`` of them in no order line, ``example``, ``order`` an id of
    the order lines. ``read``: how text was read where portfoy.toml does not say.
    """

    table: pd.DataFrame
    facts: Facts
    unmatched: pd.DataFrame
    read: tuple[str, ...]
    as_of: pd.Timestamp
    confidence: float
    prices: Prices = AS_PAID

    def finding(self):
        aside = self.facts.rows - self.facts.used
        if not aside:
            return Finding(_("Every order line is used"))
        text = plural("{n:count} order line is set aside", "{n:count} order lines are set aside", aside)
        return Finding(style.say(text, {"n": aside}))

    def reading(self):
        later = " " + _("What came after {as_of:day} is left out.") if self.facts.goes_on else ""
        return style.say(_used() + later, {**vars(self.facts), "as_of": self.as_of})

    def summary(self):
        return show(self.table, _("Checks that found something"))

    def method(self):
        first = _("A line is set aside under the first check that finds it; shares are of all lines read.")
        level = _("Brackets hold intervals, of {confidence} where nothing else is said.")
        level = level.format(confidence=style.level(self.confidence))
        said = [self.prices.said()] if self.prices else []
        return style.Reading(" ".join([first, *said, *without_order(self.unmatched), *_as_read(self.read), level]))


@analysis
def quality(firm):
    """What the order lines hold, how many of them are used, and what was found on the way.

    Gives a Quality; not possible where the order lines were not checked: a firm made from DataFrames, or seen on an
    earlier day.
    """
    tables = firm.tables
    if tables.facts is None:
        raise DataError(_("quality: the order lines were not checked. Open them from a source, on this day."))
    missing = unmatched(tables)  # opens every table, which adds to what was read
    read = tables.findings(), tables.facts, missing, tuple(tables.reading)
    return Quality(*read, firm.as_of, firm.confidence, firm.prices)


def quality_text(tables):
    """The data-quality table of a source as plain text, for a terminal."""
    found = tables.quality[tables.quality["rows"] > 0]
    lines = [
        f"{tables.name}: {style.say(_used(), vars(tables.facts))}",
        _("Revenue, net of returns: {money}.").format(money=style.money(tables.facts.revenue, tables.currency)),
        *without_order(unmatched(tables)),
        *_as_read(tables.reading),
    ]
    if len(found):
        lines += ["", show(found, "").plain()]
    absent = tables.quality.loc[tables.quality["rows"] == 0, "rule"]
    if len(absent):
        lines += ["", _("Looked for and not found: {list}.").format(list="; ".join(absent))]
    return "\n".join([*lines, "", _("The data can be used.")])


def _used():
    """How many order lines are used, and what they hold; a template for `Facts`."""
    return _(
        "{used:count} of {rows:count} order lines are used; {customers:count} customers placed {orders:count} orders "
        "from {first_day:day} to {last_day:day}."
    )


def _as_read(reading):
    return [_("Read from the values: {list}.").format(list="; ".join(reading))] if reading else []


def without_order(found):
    """Sentences on the ids of further tables that no order has: all of a table, or some of it."""
    none = _("No id of {table} ({example}) is in the orders ({order}); check the column that holds it.")
    some = _("{missing:count} of {ids:count} ids in {table} are without an order ({example}).")
    rows = [row for _place, row in found.iterrows()]
    return [style.say(some if row["missing"] < row["ids"] else none, row) for row in rows]
