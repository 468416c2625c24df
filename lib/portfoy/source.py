"""Open a folder, a file, a database or an address as Tables; the rows stay in the engine.

Files (CSV, Parquet, DuckDB) are read by an embedded DuckDB; an address such as postgres://host/base is reached
through Ibis and left where it is.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import ibis
import pandas as pd

from portfoy import parse, sniff
from portfoy.contract import TABLES, DataError, check_columns
from portfoy.files import Raw, embedded, load, quoted
from portfoy.locale import _
from portfoy.quality import Facts, check_transactions
from portfoy.settings import Settings, read_settings

SUFFIXES = (".parquet", ".csv", ".csv.gz", ".tsv", ".txt")


@dataclass(frozen=True)
class Tables:
    """The tables of one source, checked; a table the source does not have is None.

    ``transactions`` and the others are Ibis tables with the columns of the contract. ``quality`` is the data-quality
    table, ``facts`` what the log holds, ``reading`` how text was read where portfoy.toml does not say.
    """

    where: str
    settings: Settings
    transactions: ibis.Table
    quality: pd.DataFrame
    facts: Facts
    reading: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()
    customers: ibis.Table | None = None
    products: ibis.Table | None = None
    leads: ibis.Table | None = None
    spend: ibis.Table | None = None
    campaigns: ibis.Table | None = None
    contacts: ibis.Table | None = None
    subscriptions: ibis.Table | None = None
    tickets: ibis.Table | None = None
    surveys: ibis.Table | None = None
    ratings: ibis.Table | None = None

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


def open(where, *, today=None):
    """The tables found at `where`, checked.

    Parameters
    ----------
    where : text or Path
        A folder with one file per table (transactions.csv, customers.parquet, ...), one file of transactions, a
        DuckDB file, a portfoy.toml, or an address (postgres://...). A relative path is looked up from the working
        directory, then from the project's own folder.
    today : date, optional
        Orders after it are "in the future"; the default is the computer's date.

    Returns
    -------
    Tables

    Raises
    ------
    DataError : nothing is there, it cannot be read, required columns are missing, or no row can be used.
    """
    settings, location = _settings(str(where))
    try:
        raws, engine = _raw_tables(location, settings)
        return _tables(str(where), settings, raws, engine, today or date.today())
    except (duckdb.Error, OSError) as error:
        reason = " ".join(str(error).split())
        raise DataError(
            _("{where}: cannot be read: {reason}. Check that the file is whole and may be read.").format(
                where=where, reason=reason if len(reason) < 300 else reason[:300] + " ..."
            )
        ) from None


def locate(where):
    """`where` as a path: from the working directory, else from the project's own folder.

    Raises
    ------
    DataError : nothing is there.
    """
    here = Path(__file__).resolve().parent
    for root in (Path(), here.parents[1], here / "_project"):  # the last one is in an installed package
        path = (root / Path(where).expanduser()).resolve()
        if path.exists():
            return path
    raise DataError(
        _("{where}: there is no such file or folder. Give a folder, a file, a portfoy.toml or an address.").format(
            where=where
        )
    )


def _settings(where):
    if "://" in where:
        return Settings(source=where), where
    path = locate(where)
    if path.is_dir() and (path / "portfoy.toml").exists():
        path = path / "portfoy.toml"
    if path.suffix != ".toml":
        return Settings(source=str(path)), path
    settings = read_settings(path)
    source = settings.source
    return settings, source if "://" in source else locate(source)


# --- what is there -------------------------------------------------------------------------------------------------


def _raw_tables(location, settings):
    """The tables found at the location, and the engine that holds them."""
    if isinstance(location, str):
        engine = _connect(location)
        return _database_tables(engine, location, settings, engine.list_tables()), engine
    engine = embedded()
    if location.is_file() and sniff.kind(location) == "duckdb":
        engine.raw_sql(f"ATTACH '{quoted(location)}' AS source (READ_ONLY)")
        names = engine.list_tables(database=("source", "main"))
        raws = _database_tables(engine, location, settings, names, database=("source", "main"))
        for raw in raws.values():
            raw.files = [location]
        return raws, engine
    found = {table: _files(location, table, settings.format(table)) for table in TABLES}
    if not found["transactions"]:
        raise DataError(_no_transactions(location))
    return {
        table: load(engine, table, paths, settings.format(table)) for table, paths in found.items() if paths
    }, engine


def _connect(address):
    try:
        return ibis.connect(address)
    except Exception as error:  # each driver has errors of its own; all mean that the address does not answer
        raise DataError(
            _("{where}: does not answer: {reason}. Check the address and that its driver is installed.").format(
                where=re.sub(r"//[^@/]*@", "//***@", address), reason=" ".join(str(error).split())[:300]
            )
        ) from None


def _database_tables(engine, location, settings, names, **where):
    raws = {}
    for table in TABLES:
        wanted = settings.format(table).file or table
        name = next((name for name in names if name.lower() == wanted.lower()), None)
        if name:
            raws[table] = Raw(engine.table(name, **where), settings.format(table))
    if "transactions" not in raws:
        raise DataError(
            _(
                "{where}: there is no table '{wanted}'; there are {names}. "
                'Name it in portfoy.toml, under [transactions]: file = "...".'
            ).format(
                where=location,
                wanted=settings.format("transactions").file or "transactions",
                names=", ".join(f"'{name}'" for name in sorted(names)[:30]) or _("none"),
            )
        )
    return raws


def _files(location, table, given):
    """The files of one table: the one named in portfoy.toml, else by the table's own name."""
    if location.is_file():
        return [location] if table == "transactions" else []
    if given.file:
        paths = sorted(path for path in location.glob(given.file) if path.is_file())
        if not paths:
            raise DataError(
                _("{where}: portfoy.toml names '{file}' for {table}, but there is no such file in it.").format(
                    where=location, file=given.file, table=table
                )
            )
        return paths
    for suffix in SUFFIXES:
        if (location / (table + suffix)).is_file():
            return [location / (table + suffix)]
    folder = location / table
    return sorted(path for path in folder.glob("*") if path.name.endswith(SUFFIXES)) if folder.is_dir() else []


def _no_transactions(location):
    found = ", ".join(f"'{path.name}'" for path in sorted(location.iterdir())[:30]) or _("nothing")
    return _(
        "{where}: there is no transactions.csv or transactions.parquet; the folder has {found}. "
        "Run `portfoy map FILE` on the file that holds the orders."
    ).format(where=location, found=found)


# --- columns of ours -----------------------------------------------------------------------------------------------


def _tables(where, settings, raws, engine, today):
    mapped = {}
    for table, raw in raws.items():
        found = [name for name in raw.table.columns if name != "portfoy_row"]
        mapped[table] = _mapping(table, found, settings)
        check_columns(table, mapped[table], found)
    log = raws["transactions"]
    rows, copies = _copies(log.table)
    if copies and settings.duplicates == "drop":
        log.table = _deduplicated(log.table)
    reading = []
    typed = {table: parse.typed(raw.table, table, mapped[table], raw.format, reading) for table, raw in raws.items()}
    log, quality, facts = check_transactions(
        _with_cost(typed.pop("transactions"), typed.get("products")),
        settings,
        rows=rows,
        copies=copies,
        broken=log.broken,
        today=today,
        keep=_keeper(engine) if log.files else lambda table: table,
    )
    files = tuple(path for raw in raws.values() for path in raw.files)
    return Tables(where, settings, log, quality, facts, tuple(reading), tuple(dict.fromkeys(files)), **typed)


def _keeper(engine):
    """A function that stores a table in the embedded engine, so that later steps do not work it out again."""

    def keep(table):
        kept = engine.create_table("checked_transactions", table)
        engine.raw_sql("DROP TABLE IF EXISTS raw_transactions")
        return kept

    return keep


def _mapping(table, found, settings):
    """Our column -> theirs: as portfoy.toml says, else the column of the same name."""
    names = {name.strip().lower(): name for name in found}
    mapping = {ours: names[ours] for ours in TABLES[table] if ours in names}
    if table != "transactions":
        ours = set(mapping.values())
        mapping |= {_attribute_safe(name): name for name in found if name not in ours}
    for ours, theirs in settings.columns.get(table, {}).items():
        listed = theirs if isinstance(theirs, list) else [theirs]
        absent = [name for name in listed if name.strip().lower() not in names]
        if absent:
            raise DataError(
                _(
                    "{table}: portfoy.toml maps {ours} to '{absent}', but the columns are {found}. Correct the name."
                ).format(
                    table=table,
                    ours=ours,
                    absent="', '".join(absent),
                    found=", ".join(f"'{name}'" for name in found[:30]),
                )
            )
        listed = [names[name.strip().lower()] for name in listed]
        mapping[ours] = listed if isinstance(theirs, list) else listed[0]
    return mapping


def _attribute_safe(name):
    return re.sub(r"\W+", "_", name.strip().lower()).strip("_") or "column"


def _copies(raw):
    """Rows read, and how many of them repeat an earlier one in every column."""
    content = raw.drop("portfoy_row") if "portfoy_row" in raw.columns else raw
    rows = int(content.count().to_pandas())
    return rows, rows - int(content.distinct().count().to_pandas())


def _deduplicated(raw):
    """One row of each; the first keeps its number."""
    if "portfoy_row" not in raw.columns:
        return raw.distinct()
    content = [name for name in raw.columns if name != "portfoy_row"]
    return raw.group_by(content).agg(portfoy_row=raw.portfoy_row.min())


def _with_cost(log, products):
    """The log with each line's unit cost, from the products where the log itself has none."""
    if "unit_cost" in log.columns or products is None:
        return log
    if "product_id" not in log.columns or "unit_cost" not in products.columns:
        return log
    costs = (
        products.filter(products.product_id.notnull()).group_by("product_id").agg(unit_cost=products.unit_cost.max())
    )
    return log.left_join(costs, "product_id").drop("product_id_right")
