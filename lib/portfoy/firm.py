"""The customer base of one source, as seen on one day; what every analysis is asked about."""

import json
import os
from dataclasses import dataclass, field, replace
from functools import partial, wraps

import ibis
import pandas as pd

from portfoy.customers import as_table, customer_table, months_before, recent_table, resolve_as_of, totals_table
from portfoy.errors import DataError, FitError
from portfoy.inert import as_given
from portfoy.locale import _
from portfoy.people import people_table, with_traits
from portfoy.source import open as source
from portfoy.source import pseudonyms
from portfoy.source.contract import TABLES, kind_of
from portfoy.source.faults import DATED, ENDS, FIRST, LAST, seen_on
from portfoy.source.prices import AS_PAID, Prices
from portfoy.source.seen import on_day
from portfoy.source.settings import Settings
from portfoy.source.tables import Tables
from portfoy.words.result import NotPossible

LISTS = "PORTFOY_LISTS"  # those of earlier runs that were acted on, as JSON: source -> campaign_id -> path
RULES = "PORTFOY_RULES"  # those that earlier runs kept, as JSON: source -> currency -> analysis -> rule
LISTED = {  # what a list says of a contact -> its type
    **dict.fromkeys(("campaign_id", "customer_id", "arm"), "string"),
    "contacted_on": "date",
    "hold_out_share": "float64",
}


@dataclass(frozen=True, eq=False)
class Firm:
    """The customers of one source as seen on one day, and the terms that every analysis of it shares.

    ``tables``, those of the source (`Tables`): rows after the day are gone, dates after it are missing; ``log`` the
    order lines; ``as_of`` the day; ``currency`` code of the money; ``confidence`` of all intervals; ``prices`` those
    that money is in (`Prices`). Where they are known, the ``amount`` and ``unit_cost`` of an order line are at constant
    prices and ``amount_paid`` is what was paid; the money of other tables is as paid. ``customers`` one row per buyer,
    ``people`` one row per person known: worked out once, and kept by the firm.
    ``kept`` the rules of earlier reports, by analysis, where one is being made.
    """

    tables: Tables
    as_of: pd.Timestamp
    currency: str = ""
    confidence: float = 0.95
    prices: Prices = AS_PAID
    worked: dict = field(default_factory=dict, repr=False)  # what was worked out once
    kept: dict = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, transactions=None, *, as_of=None, currency="", confidence=0.95, prices=None, **tables):
        """A firm from DataFrames with the columns of the contract, rather than from a source.

        `prices` is a yearly rate at which prices rise, for a firm without a ``price_index``. Without transactions
        `as_of` is needed.

        Raises
        ------
        DataError : a column that every analysis needs is missing, or there is no row.
        """
        unknown = sorted(set(tables) - set(TABLES))
        if unknown:
            raise TypeError(f"Firm.of: no table {unknown}; there are {list(TABLES)}")
        frames = {name: _typed(name, frame) for name, frame in tables.items()}
        if transactions is None:
            day, seen, goes_on = pd.Timestamp(seen_on(as_of)), None, True
            if pd.isna(day):
                raise DataError(_("Firm.of: without transactions, give as_of."))
        else:
            log = as_table(transactions)
            log = log.filter(log.ordered_on.between(FIRST, LAST))
            day = resolve_as_of(log, seen_on(as_of))
            seen, goes_on = log.filter(log.ordered_on <= day.date()), resolve_as_of(log, None) > day
        later = {name: partial(on_day, name, day.date(), frames.get, seen, earlier=goes_on) for name in frames}
        settings = Settings(currency=currency or None, prices=prices)
        found = Tables("", settings, seen, pd.DataFrame(), None, [], (), later, as_of=day.date())
        return cls._priced(found, currency, confidence)

    @classmethod
    def _priced(cls, tables, currency, confidence):
        """The firm of these tables, its order lines at the prices of its day."""
        day, log, prices = pd.Timestamp(tables.as_of), tables.transactions, tables.prices
        if prices:
            tables = replace(tables, transactions=prices.applied(log))
        return cls(tables, day, currency, confidence, prices)

    @property
    def log(self):
        """The order lines; a DataError where the source has none."""
        if self.by_totals:
            raise DataError(_("This needs order lines; the source has totals, one row a customer."))
        return as_table(self.tables.transactions)

    @property
    def by_totals(self):
        """Whether one row a customer stands in place of order lines."""
        return self.tables.transactions is None and "totals" in self.tables.later

    @property
    def customers(self):
        return self.once("customers", self._customers)

    def _customers(self):
        totals = self.tables.totals if self.by_totals else None
        if totals is not None:
            return totals_table(totals, as_of=self.as_of)
        return customer_table(self.log, as_of=self.as_of)

    @property
    def people(self):
        return self.once("people", lambda: people_table(self.tables, as_of=self.as_of))

    def recent(self, months=12):
        """Those who bought in the last months (0: ever), with what they bought then and what is known of them."""

        def work():
            bought = recent_table(self.customers, self.log if months else None, months=months, as_of=self.as_of)
            return with_traits(bought, self.people)

        return self.once(("recent", months), work)

    def once(self, key, work):
        """What `work` gives, worked out when it is first asked for under this key."""
        if key not in self.worked:
            self.worked[key] = work()
        return self.worked[key]

    def on(self, day):
        """The same firm as it was seen on an earlier day; what has become known since is gone from its tables.

        Its money stays in the prices that the firm's is in, so that the two compare.

        Raises
        ------
        ValueError : the day is after the firm's own.
        """
        day = pd.Timestamp(day).normalize()
        if day > self.as_of:
            raise ValueError(
                _("firm.on: {day:%Y-%m-%d} is after {as_of:%Y-%m-%d}, its day. Open it on that day.").format(
                    day=day, as_of=self.as_of
                )
            )
        return self if day == self.as_of else self.once(("on", day), lambda: self._seen(day))

    def _seen(self, day):
        log, table_of = self.tables.transactions, partial(getattr, self.tables)
        log = log if log is None else log.filter(log.ordered_on <= day.date())
        later = {name: partial(on_day, name, day.date(), table_of, log, earlier=True) for name in self.tables.later}
        seen = {"transactions": log, "later": later, "as_of": day.date(), "facts": None, "quality": None, "worked": {}}
        return replace(self, tables=replace(self.tables, **seen), as_of=day, worked={})

    def before(self, months):
        """The same firm so many months earlier; the last day of a month where this day is one."""
        return self.on(months_before(self.as_of, months))


def _typed(name, frame):
    """A DataFrame as a table of the engine, as from a source: ids are text, and dates days that can be."""
    table, kinds = ibis.memtable(frame), {"id": "string", "date": "date"}
    known = {column: kinds.get(kind_of(name, column)) for column in table.columns}
    table = table.cast({column: kind for column, kind in known.items() if kind})
    can = {day: table[day].between(FIRST, LAST) for day, kind in known.items() if kind == "date"}
    start, ends = ENDS.get(name, ("", ()))
    for end in {*ends} & can.keys() if start in can else ():
        can[end] &= (table[end] >= table[start]).fill_null(True)
    begin = DATED.get(name)
    rows = table.filter(table[begin].isnull() | can[begin]) if begin in can else table
    return rows.mutate(**{day: sound.ifelse(table[day], None) for day, sound in can.items()}) if can else rows


def open(where, *, as_of=None, currency="", confidence=0.95):
    """The firm whose tables are found at `where`.

    Parameters
    ----------
    where : text or Path
        A folder with one file a table, one file of transactions, a DuckDB file, a portfoy.toml or an address.
    as_of : date or text, optional; the day it is seen on, by default (and for an empty text) the last date in the data
    currency : code of the money; by default that of portfoy.toml
    confidence : of all intervals, 0-1

    Returns
    -------
    Firm

    Raises
    ------
    DataError : nothing is there, it cannot be read, required columns are missing, or no row can be used.
    """
    tables = _with_lists(source.open(where, as_of=as_of))
    firm = Firm._priced(tables, currency or tables.currency, confidence)
    kept = json.loads(os.environ.get(RULES, "{}")).get(tables.name, {}).get(firm.currency, {})
    return replace(firm, kept={name: rule for name, rule in kept.items() if rule["since"] < f"{firm.as_of:%Y-%m-%d}"})


def _with_lists(tables):
    """The tables, with the lists of earlier reports that were acted on among the contacts, where a report is made.

    Where the source itself has contacts of such a campaign, these count.
    """
    paths = json.loads(os.environ.get(LISTS, "{}")).get(tables.name, {})
    if not paths:
        return tables
    lists = [pd.read_csv(path, dtype=str, encoding="utf-8-sig")[[*LISTED]] for path in paths.values()]
    rows = pd.concat(lists, ignore_index=True)
    rows["customer_id"] = rows["customer_id"].map(as_given)
    if tables.settings.pseudonyms:
        key = pseudonyms.key_of(tables.settings.pseudonyms)
        rows["customer_id"] = [pseudonyms.pseudonym(real, key) for real in rows["customer_id"]]
    own = tables.contacts
    columns = dict(own.schema()) if own is not None else {}
    rows = ibis.memtable(rows).cast(LISTED)
    if own is not None:
        rows = rows.filter(~rows.campaign_id.isin(own.campaign_id))
        every = {**columns, **{name: kind for name, kind in rows.schema().items() if name not in columns}}
        own, rows = (_filled(table, every) for table in (own, rows))
        rows = own.union(rows)
    return replace(tables, later={**tables.later, "contacts": lambda: rows})


def _filled(table, columns):
    """The table with these columns, name -> type, in this order; missing where it has none of the name."""
    kept = [table[name].cast(kind) if name in table.columns else ibis.null(kind) for name, kind in columns.items()]
    return table.select([column.name(name) for column, name in zip(kept, columns, strict=True)])


def in_force(rule):
    """Whether a rule of `Firm.kept` is there and not to be derived anew."""
    return bool(rule) and not rule.get("fresh")


def customers_of(asked, months=None):
    """What an analysis over customers is asked about: a firm, or a table of customers by itself.

    With `months`, the customers of a firm are those of `Firm.recent`; a table is taken as it is.

    Returns
    -------
    (DataFrame, text, float) : one row per customer; the currency, "" for a table; the confidence, 0.95 for a table
    """
    if isinstance(asked, Firm):
        return asked.customers if months is None else asked.recent(months), asked.currency, asked.confidence
    return asked, "", 0.95


def months_of(asked, months):
    """The last months whose customers can be told, 0 for ever: of a table, and where totals are in place of orders."""
    return months if isinstance(asked, Firm) and not asked.by_totals else 0


def analysis(function=None, *, without=()):
    """An analysis of a firm: where its data or history do not allow it, the result says why instead of raising.

    Asked with a table and not with a firm, the function raises as a library should. What is given a result that is
    not possible gives it on; those named in `without` it can do without, and takes for None.
    """
    if function is None:
        return partial(analysis, without=without)

    @wraps(function)
    def asked(of, *given, **named):
        spared = {name: None for name in without if isinstance(named.get(name), NotPossible)}
        named = named | spared
        missing = next((each for each in (of, *given, *named.values()) if isinstance(each, NotPossible)), None)
        if missing is not None:
            return missing
        try:
            return function(of, *given, **named)
        except (DataError, FitError) as error:
            if not isinstance(of, Firm):
                raise
            table = str(error).partition(":")[0]
            return NotPossible(of.tables.aside.get(table, error))  # why the table that it needs is not there

    return asked
