"""One source while it is read: its tables as found become tables of ours, each when it is first asked for."""

from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, partial
from typing import Any

import ibis
import pandas as pd

from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.source import currencies, doubts, ids, orders, parse, pseudonyms
from portfoy.source.account import account
from portfoy.source.contract import ALONE, REQUIRED, check_columns
from portfoy.source.files import UNREADABLE, fault, is_embedded
from portfoy.source.servers import held
from portfoy.source.settings import Settings
from portfoy.source.shape import OWN, shaped
from portfoy.source.sniff import RESERVED


@dataclass(eq=False)
class Reader:
    """The tables of a source as they were found, and what is known of those that were read.

    ``raws`` files.Raw by table; orders after ``today`` are in the future, rows after ``day``, where one is given, are
    not seen; ``fetch`` opens a file that another one is joined with; ``errors`` are those of the engine. ``reading``
    how text was read, ``accounts`` table -> Account, ``aside`` table -> why it is set aside whole.
    """

    engine: Any  # an Ibis backend
    settings: Settings
    raws: dict
    today: date
    day: date | None
    fetch: Any
    errors: tuple = UNREADABLE
    reading: list = field(default_factory=list)
    accounts: dict = field(default_factory=dict)
    aside: dict = field(default_factory=dict)
    read: dict = field(default_factory=dict)
    typed: dict = field(default_factory=dict)  # all rows of a further table, faulty ones too
    columns: dict = field(default_factory=dict)  # of the order lines, once they are read: ours -> theirs
    money: str | None = None  # the currency of the order lines, once they are read
    known: list = field(default_factory=list)  # where ids are hidden: tables of them with their pseudonyms

    def keep(self, table, name):
        """The table held in the engine, so that no step works it out again; as it is where there is no room."""
        return self.engine.create_table(name, table) if is_embedded(self.engine) else held(table)

    def keep_in_place(self, table, name, *, of="raw_transactions"):
        """The table kept, and the one that it was worked out of forgotten: two logs would take twice the memory."""
        kept = self.keep(table, name)
        if is_embedded(self.engine):
            self.engine.raw_sql(f"DROP TABLE IF EXISTS {of}")
        return kept

    @cached_property
    def log(self):
        """The order lines, not yet checked; None where there are none. A DataError where they cannot be read."""
        if "transactions" not in self.raws:
            return None
        raw, columns = self._shaped("transactions")
        self.columns = {**columns}
        table, rates, self.money = self._in_one_currency(raw, "transactions", columns, self.settings.currency)
        self.reading += doubts.of_columns(raw.table, columns, raw.format)
        copied = _without_copies(table, self.keep, drop=self.settings.duplicates == "drop")
        typed = parse.typed(copied, "transactions", columns, raw.format, self.reading)
        among = parse.read_ids(copied, columns, raw.format)
        typed = ids.whole(typed, "transactions", None, self.settings.unknown(), self.reading, among=among)
        typed = currencies.turned(ids.alike(typed, self.settings.ignore_in_ids), rates)
        typed = orders.of_lines(typed, raw.format)
        return self.engine.create_view("typed_transactions", typed) if is_embedded(self.engine) else typed

    def table(self, name):
        """A further table, accounted for; None where there is none or it cannot be used, which `aside` says why."""
        if name not in self.read:  # a table may be asked for by another one, too
            self.read[name] = self._further(name) if name in self.raws else None
        return self.read[name]

    def last_day(self):
        """The last date in the tables of a source without order lines that is not in the future.

        A DataError where none of the tables that may stand alone can be used, or nothing says on which day they stand.
        """
        if not [name for name in self.raws if self.table(name) is not None and name in ALONE]:
            raise DataError(" ".join(self.aside[name] for name in ALONE if name in self.aside))
        ends = [last for table in self.typed.values() if (last := _last_day(table, self.today))]
        if not ends and not self.settings.as_of:
            text = _('{table}: no table has a date that can be used. Write in portfoy.toml: as_of = "YYYY-MM-DD".')
            raise DataError(text.format(table=next(iter(self.accounts))))
        if self.settings.as_of and self.read.get("totals") is not None:
            return date.fromisoformat(self.settings.as_of)  # customers are silent until the day of the export
        return max(ends, default=None) or date.fromisoformat(self.settings.as_of)

    def _shaped(self, name):
        """A table as portfoy.toml shapes it, and how its columns are called: our column -> theirs."""
        raw = self.raws[name]
        if raw.fault:
            raise DataError(raw.fault)
        if self.settings.pseudonyms:
            raw.broken = raw.broken[0], ""  # a line that does not fit may hold anything
        if not raw.numbered:
            raw.table = raw.table.rename({f"{name}_": name for name in raw.table.columns if name.lower() in RESERVED})
        order = self.settings.columns.get(name, {}).get("order_id", "order_id")
        order = order if isinstance(order, str) else ""
        raw.table = shaped(raw.table, name, raw.format, self.fetch, self.keep, self.reading, order=order)
        found = [column for column in raw.table.columns if column not in OWN]
        columns = parse.mapping(name, found, self.settings.columns.get(name, {}))
        check_columns(name, columns, found)
        _check_whole(name, columns, raw.absent)
        self.reading += raw.notes
        return raw, columns

    def hidden(self, table, name):
        """The table with pseudonyms in place of ids, where portfoy.toml asks for them."""
        if not self.settings.pseudonyms:
            return table
        key = pseudonyms.key_of(self.settings.pseudonyms)
        if (found := pseudonyms.pairs(table, key, self.settings)) is not None:
            self.known.append(self.keep(found, f"ids_{len(self.known)}_{name}"))
        return self.keep(pseudonyms.hide(table, key, self.settings), f"hidden_{len(self.known)}_{name}")

    def _in_one_currency(self, raw, name, columns, base):
        given = {"base": base, "alone": len(self.raws) == 1}
        return currencies.found(raw.table, name, columns, self.settings, self.reading, **given)

    def _further(self, name):
        before = len(self.reading)
        try:
            log = self.log  # which knows in what money all else is
            raw, columns = self._shaped(name)
            table, rates, _one = self._in_one_currency(raw, name, columns, self.money or self.settings.currency)
            typed = parse.typed(table, name, columns, raw.format, self.reading)
            typed = self.keep(currencies.turned(typed, rates), f"typed_{name}")
            typed = ids.whole(typed, name, log, self.settings.unknown(), self.reading)
            typed = self.hidden(ids.alike(typed, self.settings.ignore_in_ids), name)
            self.typed[name] = typed
            given = {"ranges": raw.format.ranges, "broken": raw.broken, "place": raw.place, "today": self.today}
            used, told = account(name, typed, **given, as_of=self.day, keep=partial(self.keep, name=f"flagged_{name}"))
        except (DataError, *self.errors) as error:  # it stops nothing: what needs the table says why it is not there
            del self.reading[before:]
            self.aside[name] = fault(name, error)
            return None
        self.accounts[name] = told
        return used


def _check_whole(name, columns, absent):
    """Raise a DataError where a file of a table is without a column that every row needs."""
    for ours in REQUIRED[name]:
        theirs = columns.get(ours, [])
        for column in [theirs] if isinstance(theirs, str) else theirs:
            if column in absent:
                text = _("{file}: has no column '{column}', which is {table}.{ours}. Write files of one table alike.")
                raise DataError(text.format(file=absent[column][0], column=column, table=name, ours=ours))


def _last_day(table, today):
    """The last date in a table that is not in the future, or None."""
    dates = [] if table is None else [table[name] for name in table.columns if table[name].type().is_date()]
    if not dates:
        return None
    row = table.agg(**{f"d{place}": date_.max(where=date_ <= today) for place, date_ in enumerate(dates)}).to_pandas()
    ends = [pd.Timestamp(end).date() for end in row.iloc[0] if pd.notna(end)]
    return max(ends, default=None)


def _without_copies(raw, keep, *, drop):
    """The table, with ``portfoy_copies`` where rows repeat one another in every column; `drop` leaves the first only.

    It says how many copies a row stands for: all of them on the first, else a part on each, so that a sum counts them.
    Only what occurs more than once is kept between the steps: on a large log that is next to nothing. Rows that repeat
    one another have the same hash, and where the engine is ours those are counted first: they take less room.
    """
    numbered = "portfoy_row" in raw.columns
    content = [name for name in raw.columns if name != "portfoy_row"]
    first = {"portfoy_first": ibis._.portfoy_row.min()} if numbered else {}
    alike = raw
    if is_embedded(raw.get_backend()):
        row = ibis.struct({f"c{place}": raw[name] for place, name in enumerate(content)})
        hashes = raw.group_by(portfoy_hash=row.hash()).agg(portfoy_times=raw.count())
        hashes = keep(hashes.filter(hashes.portfoy_times > 1), "repeated_hashes")
        alike = raw.filter(row.hash().isin(hashes.portfoy_hash))
    same = {f"same_{name}": alike[name] for name in content}
    groups = alike.group_by(**same).agg(portfoy_times=alike.count(), **first)
    repeated = keep(groups.filter(groups.portfoy_times > 1), "repeated_transactions")
    if not repeated.count().to_pyarrow().as_py():
        return raw
    if drop and not numbered:
        raw = raw.distinct()
    found = raw.left_join(repeated, [raw[name].identical_to(repeated[f"same_{name}"]) for name in content])
    if drop and numbered:
        found = found.filter(found.portfoy_first.isnull() | (found.portfoy_row == found.portfoy_first))
    copies = (found.portfoy_times - 1) / (1 if drop else found.portfoy_times)
    return found.select(*raw.columns, portfoy_copies=copies.cast("float64").fill_null(0.0))
