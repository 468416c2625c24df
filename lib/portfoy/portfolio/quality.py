"""What do the figures rest on? What was read, what of it is used, and what the checks found on the way."""

from dataclasses import dataclass

import pandas as pd

from portfoy.errors import DataError
from portfoy.firm import analysis
from portfoy.locale import _
from portfoy.source.account import COLUMNS
from portfoy.source.prices import AS_PAID, Prices
from portfoy.source.quality import Facts
from portfoy.words import style
from portfoy.words.result import Finding, Result
from portfoy.words.table import show


@dataclass(frozen=True)
class Further:
    """What became of the further tables of a source.

    ``rows``, one row per table: ``table``; ``rows`` read; ``used`` of them. ``findings``, one row per table, rule and
    column that found something: ``table``, and the columns of `source.account.Account`. ``aside``: table -> why it is
    set aside whole.
    """

    rows: pd.DataFrame
    findings: pd.DataFrame
    aside: dict

    @classmethod
    def of(cls, tables):
        """Of the Tables of a source, each of which is read for it."""
        for name in tables.later:
            getattr(tables, name)
        told = tables.accounts.values()
        rows = pd.DataFrame([(one.table, one.rows, one.used) for one in told], columns=["table", "rows", "used"])
        found = [one.findings.assign(table=one.table) for one in told if one]
        found = pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=["table", *COLUMNS])
        return cls(rows, found[["table", *COLUMNS]], dict(tables.aside))

    def faulty(self):
        """Those of ``rows`` in which something was found."""
        return self.rows[self.rows["table"].isin(self.findings["table"])]

    def used(self):
        """How many rows of each of them are used, in a sentence a table."""
        text = _("{used:count} of {rows:count} rows of {table} are used.")
        return [style.say(text, row) for _place, row in self.faulty().iterrows()]

    def whole(self):
        """How many of all rows are used, where the source has no order lines."""
        text = _("{used:count} of {rows:count} rows of {names} are used; no order lines.")
        return style.say(text, {**self.rows[["rows", "used"]].sum(), "names": ", ".join(self.rows["table"])})

    def said(self):
        """Sentences on what is set aside whole, where faults were found, and what is used as it is."""
        whole = _("{table} is set aside: {why}")
        told = [(table, why.removeprefix(f"{table}: ")) for table, why in self.aside.items()]
        lines = [whole.format(table=table, why=why) for table, why in told]
        faulty = list(self.faulty()["table"])
        clean = [name for name in self.rows["table"] if name not in faulty]
        if faulty:
            lines.append(_("Faults were found in {names}.").format(names=", ".join(faulty)))
        if clean:
            some = _("Every row of {names} is used.").format(names=", ".join(clean))
            lines.append(some if faulty or self.aside else _("Every row of the further tables is used."))
        return lines


@dataclass(frozen=True)
class Quality(Result):
    """What a source holds, how much of it is used, and what the checks found.

    ``table``, one row per check of the order lines that found something, one row "none" where no check did: ``rule``;
    ``rows``, ``share`` of the lines read, 0-1; ``money`` that the lines say, as paid; ``example`` the first one;
    ``done`` what was done with them. ``facts``: what the log holds, as `source.quality.Facts` says. Both are None where
    there are no order lines. ``further``: what became of the further tables. ``unmatched``: ids that the table which
    should know them has not, as `source.ids.unmatched` gives them. ``read``: how text was read where portfoy.toml does
    not say.
    """

    table: pd.DataFrame | None
    facts: Facts | None
    further: Further
    unmatched: pd.DataFrame
    read: tuple[str, ...]
    as_of: pd.Timestamp
    confidence: float
    prices: Prices = AS_PAID
    currency: str = ""

    def finding(self):
        lines = self.facts.rows - self.facts.used if self.facts else 0
        rows, whole = int(self.further.rows["rows"].sum() - self.further.rows["used"].sum()), len(self.further.aside)
        if lines:
            text = _("Order lines set aside: {n:count}")
        elif whole:
            text = _("Tables set aside: {n:count}")
        elif rows:
            text = _("Rows set aside: {n:count}")
        else:
            text = _("Every order line is used") if self.facts else _("Every row is used")
        return Finding(style.say(text, {"n": lines or whole or rows}))

    def reading(self):
        lines = [style.say(_used(), vars(self.facts)) if self.facts else self.further.whole()]
        later = [_("What came after {as_of:day} is left out.")] if self.facts and self.facts.goes_on else []
        return style.Reading(" ".join([*lines, *self.further.said(), *(style.say(text, vars(self)) for text in later)]))

    def summary(self):
        lines = [] if self.table is None else [_shown(self.table, _("What was found"), self.currency)]
        found = self.further.findings
        return lines + [_shown(found, _("In other tables"), self.currency)] * (len(found) > 0)

    def method(self):
        first = _("The first check that finds a row sets it aside; shares are of lines read.")
        level = _("Brackets hold intervals, of {confidence} if not said.")
        level = level.format(confidence=style.level(self.confidence))
        said = [self.prices.said()] if self.prices else []
        apart = [*said, *without_order(self.unmatched)]
        return style.Reading(" ".join([first, *self.further.used(), *apart, *_as_read(self.read), level]))


@analysis
def quality(firm):
    """What a source holds, how much of it is used, and what was found on the way.

    Gives a Quality; not possible where the order lines were not checked: a firm made from DataFrames, or seen on an
    earlier day.
    """
    tables = firm.tables
    if tables.facts is None and tables.transactions is not None:
        raise DataError(_("quality: the order lines were not checked. Open them from a source."))
    further = Further.of(tables)  # opens every table, which adds to what was read
    found = None if tables.facts is None else tables.findings()
    told = tables.facts, further, tables.unmatched(), tuple(tables.reading), firm.as_of, firm.confidence, firm.prices
    return Quality(found, *told, firm.currency)


def quality_text(tables):
    """The data quality of a source as plain text, for a terminal."""
    further, absent = Further.of(tables), []
    orders = [f"{tables.name}: {further.whole()}"]
    if tables.facts is not None:
        orders = [
            f"{tables.name}: {style.say(_used(), vars(tables.facts))}",
            _("Revenue, net of returns: {money}.").format(money=style.money(tables.facts.revenue, tables.currency)),
        ]
        absent = tables.quality.loc[tables.quality["rows"] == 0, "rule"]
    apart = without_order(tables.unmatched())
    lines = [*orders, *apart, *further.said(), *_as_read(tables.reading)]
    if tables.facts is not None and (tables.quality["rows"] > 0).any():
        lines += ["", _shown(tables.quality[tables.quality["rows"] > 0], "", tables.currency).plain()]
    for said, name in zip(further.used(), further.faulty()["table"], strict=True):
        found = further.findings[further.findings["table"] == name].drop(columns="table")
        lines += ["", said, _shown(found, "", tables.currency).plain()]
    if len(absent):
        lines += ["", _("Looked for and not found: {list}.").format(list="; ".join(absent))]
    return "\n".join([*lines, "", _("The data can be used.")])


def _shown(found, caption, currency):
    """The checks that found something, to look at; a heading that no row has anything below is left out."""
    blank = [name for name in ("column", "money") if name in found and not found[name].replace("", None).notna().any()]
    return show(found.drop(columns=[*blank, "code"], errors="ignore"), caption, currency=currency)


def _used():
    """How many order lines are used, and what they hold; a template for `Facts`."""
    return _(
        "{used:count} of {rows:count} order lines are used: {customers:count} customers, {orders:count} "
        "orders, {first_day:day} to {last_day:day}."
    )


def _as_read(reading):
    return [_("Read from the values: {list}.").format(list="; ".join(reading))] if reading else []


def without_order(found):
    """Sentences on the ids of a table that another one should know: all of them are not there, or some."""
    every = _("No {link} of {table} ({example}) is in {of} ({order}); check its column.")
    some = _("{missing:count} of {ids:count} ids in {table} are not in {of} ({example}).")
    rows = [row for _place, row in found.iterrows()]
    lost = [row for row in rows if row["missing"]]
    told = [style.say(every if row["missing"] == row["ids"] else some, row) for row in lost]
    hint = _("They would match with ignore_in_ids = {alike} in portfoy.toml.")
    hints = [style.say(hint, row) for row in lost if row.get("alike")]
    told = [*told, *dict.fromkeys(hints)]
    empty = [row for row in rows if row["empty"]]
    return told + [style.say(_("Rows of {table} without {link}: {empty:count}."), row) for row in empty]
