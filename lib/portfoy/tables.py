"""The checked tables of one source, and a way to hand them to other processes without checking them again."""

import hashlib
import os
import pickle
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import duckdb
import ibis
import pandas as pd

from portfoy.contract import TABLES, DataError
from portfoy.files import embedded, quoted
from portfoy.locale import _
from portfoy.quality import Facts
from portfoy.settings import Settings

KEPT = "PORTFOY_KEPT"  # environment: the file that `keep` wrote, for kernels of the same report


@dataclass(frozen=True)
class Tables:
    """The tables of one source, checked; a table the source does not have is None.

    ``transactions`` is an Ibis table with the columns of the contract, and so are ``customers``, ``products``,
    ``leads``, ``spend``, ``campaigns``, ``contacts``, ``subscriptions``, ``tickets``, ``surveys`` and ``ratings``,
    worked out when they are first used. ``quality`` is the data-quality table, ``facts`` what the log holds,
    ``reading`` how text was read where portfoy.toml does not say.
    """

    where: str
    settings: Settings
    transactions: ibis.Table
    quality: pd.DataFrame
    facts: Facts
    reading: list[str]
    files: tuple[Path, ...] = ()
    later: dict = field(default_factory=dict, repr=False)  # table -> function that works it out

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
        nothing = {"rule": _("All checks"), "rows": 0, "share": 0.0, "example": "", "done": _("nothing found")}
        return pd.DataFrame([nothing], index=["none"])

    @property
    def currency(self):
        """ISO 4217 code of the money, or an empty text where portfoy.toml names none."""
        return self.settings.currency or ""

    @property
    def name(self):
        """What reports call the data."""
        return self.settings.name or Path(self.where).stem

    def fingerprint(self):
        """SHA-256 over the source's files, or over the facts where the source is a server."""
        digest = hashlib.sha256()
        for path in sorted(self.files):
            with path.open("rb") as file:
                for block in iter(lambda: file.read(2**20), b""):
                    digest.update(block)
        if not self.files:
            digest.update(repr(self.facts).encode())
        return digest.hexdigest()


def keep(tables, path):
    """Write tables that were read from files to a DuckDB file, for other processes of this run to open at once.

    Where the environment variable PORTFOY_KEPT names the file, ``pf.open`` of the same place gives these tables, so
    that a report of six notebooks reads and checks its data once. Tables that live on a server stay there.

    Parameters
    ----------
    tables : Tables
    path : Path of a file that does not exist yet; a second file, with .pickle behind the name, stands beside it

    Returns
    -------
    bool : whether they were written
    """
    if not tables.files:
        return False
    first = list(tables.reading)
    try:
        found = _write(tables, path)
    except duckdb.Error as error:  # a full disk, which the engine does not call an OSError
        if path.name not in str(error):
            raise
        raise OSError(str(error).rpartition(": ")[2]) from None
    about = (tables.where, tables.settings, tables.quality, tables.facts, tables.files)
    _beside(path).write_bytes(pickle.dumps((os.getcwd(), about, first, found)))
    return True


def _write(tables, path):
    """The tables as they go to the file; what was read on the way, by name, or why one could not be read."""
    engine, found = tables.transactions.get_backend(), {}
    engine.raw_sql(f"ATTACH '{quoted(path)}' AS kept")
    for name in ("transactions", *tables.later):
        before = len(tables.reading)
        try:
            engine.create_table(name, getattr(tables, name), database=("kept", "main"))
            found[name] = tables.reading[before:]
        except DataError as error:  # the section that needs the table will say so
            found[name] = error
    engine.raw_sql("DETACH kept")
    return found


def kept(where):
    """The tables of `where` that `keep` wrote in the process that started this one, or None."""
    path = Path(os.environ.get(KEPT) or "none")
    if not _beside(path).is_file():
        return None
    folder, (named, settings, quality, facts, files), reading, found = pickle.loads(_beside(path).read_bytes())
    if (folder, named) != (os.getcwd(), str(where)):
        return None
    engine = embedded()
    engine.raw_sql(f"ATTACH '{quoted(path)}' AS kept (READ_ONLY)")

    def table(name):
        if isinstance(found[name], DataError):
            raise found[name]
        reading.extend(found[name])
        return engine.table(name, database=("kept", "main"))

    later = {name: partial(table, name) for name in found if name != "transactions"}
    return Tables(named, settings, table("transactions"), quality, facts, reading, files, later)


def _beside(path):
    return path.with_name(f"{path.name}.pickle")
