"""The checked tables of one source, and a way to hand them to other processes without checking them again."""

import hashlib
import json
import os
import pickle
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from pathlib import Path

import duckdb
import ibis
import ibis.expr.operations as ops
import pandas as pd

from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.source.contract import TABLES
from portfoy.source.files import digest, embedded, stamp
from portfoy.source.ids import unmatched
from portfoy.source.prices import AS_PAID, prices_of
from portfoy.source.quality import Facts
from portfoy.source.settings import Settings
from portfoy.source.texts import quoted

KEPT = "PORTFOY_KEPT"  # environment: the file that `keep` wrote, for kernels of the same report


@dataclass(frozen=True)
class Tables:
    """The tables of one source, checked, as seen on the day ``as_of``; a table the source does not have is None.

    ``transactions`` is an Ibis table with the columns of the contract, and so are ``customers``, ``products``,
    ``leads``, ``spend``, ``campaigns``, ``contacts``, ``subscriptions``, ``tickets``, ``surveys``, ``ratings``,
    ``price_index`` and ``totals``, worked out when they are first used; rows after ``as_of`` are not in them.
    ``quality`` is the data-quality table, ``facts`` what the log holds, ``reading`` how text was read where
    portfoy.toml does not say.
    ``transactions``, ``quality`` and ``facts`` are None where the source has no order lines.
    """

    where: str
    settings: Settings
    transactions: ibis.Table | None
    quality: pd.DataFrame | None
    facts: Facts | None
    reading: list[str]
    files: tuple[Path, ...] = ()
    later: dict = field(default_factory=dict, repr=False)  # table -> function that works it out
    read: dict = field(default_factory=dict, repr=False)  # table -> files.stamp of its files, or its rows on a server
    as_of: date | None = None
    accounts: dict = field(default_factory=dict, repr=False)  # table -> account.Account, once it was used
    aside: dict = field(default_factory=dict, repr=False)  # table -> why it is set aside whole, once it was asked for
    every: ibis.Table | None = field(default=None, repr=False)  # all order lines, each with its ``problem``
    worked: dict = field(default_factory=dict, repr=False)  # what was worked out once
    known: list = field(default_factory=list, repr=False)  # where ids are hidden: tables of them with their pseudonyms

    def __getattr__(self, name):
        if name not in TABLES:
            raise AttributeError(f"Tables has no attribute {name!r}; the tables are {', '.join(TABLES)}")
        table = self.later[name]() if name in self.later else None
        object.__setattr__(self, name, table)
        return table

    def findings(self):
        """The checks that found something; where none did, one row that says so."""
        found = self.quality[self.quality["rows"] > 0]
        if len(found):
            return found
        nothing = _("All checks"), 0, 0.0, None, "", _("nothing found")
        return pd.DataFrame([nothing], index=["none"], columns=self.quality.columns)

    def all(self):
        """The tables there are, worked out: name -> ibis table. After it `accounts` and `aside` are whole."""
        found = {name: getattr(self, name) for name in ("transactions", *self.later)}
        return {name: table for name, table in found.items() if table is not None}

    @property
    def engine(self):
        """The Ibis backend that holds the tables."""
        table = self.transactions if self.transactions is not None else next(iter(self.all().values()))
        return table.get_backend()

    def rows(self):
        """How many rows were read: order lines, or where there are none those of the tables there are."""
        if self.facts is not None:
            return self.facts.rows
        self.all()
        return sum(account.rows for account in self.accounts.values())

    @property
    def prices(self):
        """The `Prices` of the order lines, as `prices_of` finds them from the table or from portfoy.toml."""
        if "prices" not in self.worked:
            day, rate = pd.Timestamp(self.as_of), self.settings.prices
            none = self.transactions is None
            self.worked["prices"] = AS_PAID if none else prices_of(self.transactions, self.price_index, rate, day)
        return self.worked["prices"]

    def unmatched(self):
        """The ids that the table which should know them has not, as `ids.unmatched` gives them."""
        if "unmatched" not in self.worked:
            self.worked["unmatched"] = unmatched(self.all())
        return self.worked["unmatched"]

    def real_ids(self):
        """Pseudonym -> the id it stands for, of every table that was used; empty where ids are not hidden."""
        if self.settings.pseudonyms:
            self.all()
        frames = [table.to_pandas().dropna() for table in self.known]
        return {name: real for frame in frames for name, real in zip(frame["pseudonym"], frame["real"], strict=True)}

    @property
    def currency(self):
        """ISO 4217 code of the money, or an empty text where portfoy.toml names none."""
        return self.settings.currency or ""

    @property
    def name(self):
        """What reports call the data."""
        return self.settings.name or Path(self.where).stem

    def fingerprint(self):
        """SHA-256 over what was read, as `fingerprint` gives it; of a server as `open` did, if asked, before that."""
        return self.worked.get("stood") or fingerprint(self.read)

    def check_unchanged(self):
        """Raise a DataError where a file is not as it was before it was read."""
        for file in {file for found in self.read.values() if isinstance(found, tuple) for file in found}:
            _check_unchanged(file)

    def moved(self):
        """Whether the rows of a server are not those of `fingerprint` any more, or cannot be had; of files, never."""
        if "stood" not in self.worked:
            return False
        try:
            return fingerprint(self.read) != self.worked["stood"]
        except Exception:  # each driver has errors of its own
            return True


def fingerprint(read):
    """SHA-256 over what is read: table by table the content of its files, or its rows where it is on a server.

    A DataError says that a file has changed since it was read.
    """
    every = {file for found in read.values() if isinstance(found, tuple) for file in found}
    hashes = {file: _of_file(file) for file in every}
    whole = hashlib.sha256()
    for name, found in sorted(read.items()):
        parts = sorted(map(hashes.get, found)) if isinstance(found, tuple) else _of_rows(found)
        whole.update(json.dumps([name, parts]).encode())
    return whole.hexdigest()


def _of_file(read):
    """SHA-256 of a file, which must still be the one that was read."""
    found = digest(read[0])
    _check_unchanged(read)
    return found


def _check_unchanged(read):
    """Raise a DataError where a file is not as it was when it was read."""
    with suppress(FileNotFoundError):
        if stamp(read[0]) == read:
            return
    raise DataError(_("{path}: has changed since it was read. Try again.").format(path=read[0]))


PRIMES = (2**31 - 1, 2**31 - 19)  # sums of hashes below them stay whole numbers of 64 bits for billions of rows


def _of_rows(table):
    """What changes with any value of any row, in whatever order: columns, number of rows, sums of hashes over them."""
    plain = [name for name, kind in sorted(table.schema().items()) if _is_plain(kind)]
    if not table.get_backend().has_operation(ops.Hash):
        return [plain, *_added(table.select(plain))]
    texts = [table[name].cast("string").fill_null("\x1e") + "\x1f" for name in plain]  # so that fields stay apart
    row = texts[0].concat(*texts[1:]).hash()
    sums = {f"sum_{prime}": (row % prime).sum() for prime in PRIMES}
    return [plain, *map(int, table.agg(rows=table.count(), **sums).to_pandas().fillna(0).iloc[0])]


def _is_plain(kind):
    return (
        kind.is_numeric()
        or kind.is_string()
        or kind.is_temporal()
        or kind.is_boolean()
        or kind.is_uuid()
        or kind.is_json()
    )


def _added(table):
    """Number of rows and the sum of their hashes, where the engine has none: a batch of rows after the other."""
    rows = total = 0
    for batch in table.to_pyarrow_batches():
        hashes = pd.util.hash_pandas_object(batch.to_pandas().astype("string"), index=False)
        rows, total = rows + len(hashes), (total + int(hashes.sum())) % 2**64
    return [rows, total]


def keep(tables, path):
    """Write tables that were read from files to a DuckDB file, for other processes of this run to open at once.

    Where the environment variable PORTFOY_KEPT names the file, ``pf.open`` of the same place gives these tables, so
    that a report of six notebooks reads and checks its data once. A second file, with .pickle behind the name, stands
    beside it. Tables that live on a server stay there; gives whether they were written.
    """
    if not tables.files:
        return False
    every = tables.all()
    try:
        engine = tables.engine
        engine.raw_sql(f"ATTACH '{quoted(path)}' AS kept")
        for name, table in every.items():
            engine.create_table(name, table, database=("kept", "main"))
        engine.raw_sql("DETACH kept")
    except duckdb.Error as error:  # a full disk, which the engine does not call an OSError
        if path.name not in str(error):
            raise
        raise OSError(str(error).rpartition(": ")[2]) from None
    tables.check_unchanged()  # some were read only now
    tables.unmatched(), tables.prices
    told = {"later": dict.fromkeys(every), "reading": list(tables.reading), "known": []}
    about = replace(tables, transactions=None, every=None, **told)
    _beside(path).write_bytes(pickle.dumps((os.getcwd(), about)))
    return True


def kept(where, day=None):
    """The tables of `where`, by that day if one is given, that `keep` wrote in the process that started this one."""
    path = Path(os.environ.get(KEPT) or "none")
    if not _beside(path).is_file():
        return None
    folder, about = pickle.loads(_beside(path).read_bytes())
    if (folder, about.where) != (os.getcwd(), str(where)) or day not in (None, about.as_of):
        return None
    engine = embedded()
    engine.raw_sql(f"ATTACH '{quoted(path)}' AS kept (READ_ONLY)")
    later = {name: partial(engine.table, name, database=("kept", "main")) for name in about.later}
    log = later.pop("transactions", lambda: None)
    return replace(about, transactions=log(), later=later)


def _beside(path):
    return path.with_name(f"{path.name}.pickle")
