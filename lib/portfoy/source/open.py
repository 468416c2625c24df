"""Open a folder, a file, a database or an address as Tables; the rows stay in the engine.

Files (CSV, Parquet, DuckDB) are read by an embedded DuckDB; an address such as postgres://host/base is reached
through Ibis and left where it is.
"""

import re
from dataclasses import replace
from datetime import date
from functools import cache, partial
from pathlib import Path

import pandas as pd

from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.source import ids, parse, sniff
from portfoy.source.account import account
from portfoy.source.address import connect, discreet, filled, hidden, locate, revealed
from portfoy.source.contract import ALONE, TABLES, check_columns
from portfoy.source.files import UNREADABLE, Raw, embedded, fault, is_embedded, load, quoted, readable, stamp
from portfoy.source.quality import check_transactions
from portfoy.source.seen import on_day
from portfoy.source.settings import Format, Settings, read_settings
from portfoy.source.shape import OWN, shaped
from portfoy.source.tables import Tables, kept

SUFFIXES = (".parquet", ".csv", ".csv.gz", ".tsv", ".txt")


def open(where, *, as_of=None, today=None):
    """The Tables found at `where`, checked, as seen on the day `as_of`.

    `where` is a folder with one file per table (transactions.csv, customers.parquet, ...), one file of transactions, a
    DuckDB file, a portfoy.toml, or an address (postgres://...). A relative path is looked up from the working
    directory, then from the project's own folder. Rows after `as_of` are not seen, and dates after it are missing; the
    default, which an empty text stands for too, is the last date in the log. Orders after `today` are "in the future".

    DataError where nothing is there, it cannot be read, required columns are missing, or no row can be used.
    """
    day = pd.Timestamp(as_of).date() if as_of else None
    if today is None and (tables := kept(where, day)):
        return tables
    settings, location = _settings(str(where))
    where = hidden(str(where))
    drivers = (Exception,) if isinstance(location, str) else ()  # each driver has errors of its own
    with discreet(str(location)), readable(where, *drivers):
        raws, engine = _raw_tables(location, settings)
        read = {table: raw.stamps or raw.table for table, raw in raws.items()}
        fetch = partial(_further, location, engine, read)
        tables = replace(_tables(where, settings, raws, engine, day, today or date.today(), fetch), read=read)
        _prices = tables.prices  # an index that is wrong is told before a report begins
        return tables


def _settings(where):
    where = re.sub("^(file|duckdb)://", "", where)
    if "://" in where:
        return Settings(source=hidden(where)), revealed(where)
    path = locate(where)
    if path.is_dir() and (path / "portfoy.toml").exists():
        path = path / "portfoy.toml"
    if path.suffix != ".toml":
        return Settings(source=str(path)), path
    with readable(path):
        settings = read_settings(path)
    source = re.sub("^(file|duckdb)://", "", filled(settings.source, path))
    source = source if "://" in source else str(path.parent / source)
    return replace(settings, source=hidden(source)), source if "://" in source else locate(source)


def _raw_tables(location, settings):
    """The tables found at the location, and the engine that holds them."""
    if isinstance(location, str):
        engine = connect(location)
        return _database_tables(engine, location, settings, engine.list_tables()), engine
    engine = embedded()
    if location.is_file() and sniff.kind(location) == "duckdb":
        stamps = (stamp(location),)  # before it is read, so that a change in between is seen
        engine.raw_sql(f"ATTACH '{quoted(location)}' AS source (READ_ONLY)")
        listed = "SELECT table_name FROM information_schema.tables WHERE table_catalog = 'source'"
        names = [name for (name,) in engine.raw_sql(f"{listed} AND table_schema = 'main'").fetchall()]
        raws = _database_tables(engine, location, settings, names, database=("source", "main"))
        for raw in raws.values():
            raw.files, raw.stamps = [location], stamps
        return raws, engine
    found = {table: _files(location, table, settings) for table in TABLES}
    if not any(found[table] for table in ALONE):
        raise DataError(_no_table(location))
    raws = {}
    for table, paths in found.items():
        if paths:
            stamps = tuple(stamp(path) for path in paths)
            try:
                raws[table] = load(engine, table, paths, settings.format(table))
            except (DataError, *UNREADABLE) as error:
                if table == "transactions":
                    raise
                raws[table] = Raw(None, settings.format(table), paths, fault=fault(paths[0], error))
            raws[table].stamps = stamps
    return raws, engine


def _further(location, engine, read, name):
    """A file or table that another one is joined with; it counts as read."""
    if isinstance(location, str) or (location.is_file() and sniff.kind(location) == "duckdb"):
        where = {} if isinstance(location, str) else {"database": ("source", "main")}
        return engine.table(name, **where)
    path = (location if location.is_dir() else location.parent) / name
    if not path.is_file():
        text = _("{where}: there is no file '{file}', which portfoy.toml joins. Correct the name.")
        raise DataError(text.format(where=location, file=name))
    stamps, number = (stamp(path),), len(read)
    raw = load(engine, f"further_{number}", [path], Format())
    read[f"joined {name}"] = stamps
    return raw.table


def _database_tables(engine, location, settings, names, **where):
    raws = {}
    for table in TABLES:
        wanted = settings.format(table).file or table
        name = next((name for name in names if name.lower() == wanted.lower()), None)
        if name:
            raws[table] = Raw(engine.table(name, **where), settings.format(table))
    wanted = settings.format("transactions").file
    if not raws.keys() & {*ALONE} or (wanted and "transactions" not in raws):
        text = _(
            "{where}: there is no table '{wanted}'; there are {names}. "
            'Name it in portfoy.toml, under [transactions]: file = "...".'
        )
        there = ", ".join(f"'{name}'" for name in sorted(names)[:30]) or _("none")
        raise DataError(text.format(where=hidden(str(location)), wanted=wanted or "transactions", names=there))
    return raws


def _files(location, table, settings):
    """The files of one table: those named in portfoy.toml, by name or else by pattern; else by the table's own name."""
    given = settings.format(table)
    if location.is_file():
        return [location] if table == _of_file(location, settings) else []
    if given.file:
        try:
            relative = not Path(given.file).is_absolute()
            named = [location / given.file] if relative and (location / given.file).is_file() else None
            paths = sorted(path for path in named or location.glob(given.file) if path.is_file())
        except (NotImplementedError, ValueError):  # an absolute path, or no pattern
            paths = []
        if not paths:
            text = _("{where}: there is no file '{file}', which portfoy.toml names for {table}. Correct the name.")
            raise DataError(text.format(where=location, file=given.file, table=table))
        return paths
    for suffix in SUFFIXES:
        if (location / (table + suffix)).is_file():
            return [location / (table + suffix)]
    folder = location / table
    return sorted(path for path in folder.glob("*") if path.name.endswith(SUFFIXES)) if folder.is_dir() else []


def _of_file(path, settings):
    """The table that a single file is: the one that portfoy.toml has a section for, or that it is called by."""
    said = [table for table in ALONE if settings.columns.get(table)] + [path.name.partition(".")[0]]
    return said[0] if said[0] in ALONE else "transactions"


def _no_table(location):
    found = ", ".join(f"'{path.name}'" for path in sorted(location.iterdir())[:30]) or _("nothing")
    text = _(
        "{where}: no transactions.csv (or .parquet), nor one of leads, subscriptions or surveys; the folder has "
        "{found}. Run `portfoy map FILE` on that of the orders."
    )
    return text.format(where=location, found=found)


def _tables(where, settings, raws, engine, day, today, fetch):
    reading, mapped, aside, accounts = [], {}, {}, {}

    def keep(table, name):  # in the embedded engine, so that later steps do not work it out again
        return engine.create_table(name, table) if is_embedded(engine) else table

    def prepared(table):  # as portfoy.toml shapes it, and how its columns are called
        raw = raws[table]
        if raw.fault:
            raise DataError(raw.fault)
        if "portfoy_row" in raw.table.columns and not raw.numbered:
            raw.table = raw.table.drop("portfoy_row")
        raw.table = shaped(raw.table, table, raw.format, fetch, keep, reading)
        found = [name for name in raw.table.columns if name not in OWN]
        mapped[table] = parse.mapping(table, found, settings.columns.get(table, {}))
        check_columns(table, mapped[table], found)

    def log_of():
        prepared("transactions")
        raw = raws["transactions"]
        raw.table = _without_copies(raw.table, keep, drop=settings.duplicates == "drop")
        typed = parse.typed(raw.table, "transactions", mapped["transactions"], raw.format, reading)
        return ids.whole(typed, "transactions", None, settings.unknown(), reading)

    log = log_of() if "transactions" in raws else None

    @cache  # a table may be asked for by another one, too
    def work_out(table):  # the ids of further tables are held against those of the log, once there is one
        if table == "transactions" or table not in raws:
            return log if table == "transactions" else None
        before = len(reading)
        try:
            if table not in mapped:
                prepared(table)
            raw = raws[table]
            typed = keep(parse.typed(raw.table, table, mapped[table], raw.format, reading), f"typed_{table}")
            typed = ids.whole(typed, table, log, settings.unknown(), reading)
            used, accounts[table] = account(
                table, typed, today=today, ranges=raw.format.ranges, broken=raw.broken, keep=keep
            )
        except (DataError, *UNREADABLE) as error:
            del reading[before:]
            aside[table] = fault(table, error)
            return None
        return used

    if log is None:
        if all(work_out(table) is None for table in ALONE):
            raise DataError(" ".join(aside[table] for table in ALONE if table in aside))
        ends = [last for name in raws if (last := _last_day(work_out(name), today))]
        last = max(ends, default=None) or (settings.as_of and date.fromisoformat(settings.as_of))
        if not (day or last):
            text = _(
                "{table}: no table has a date that can be used, so nothing says on which day the data stand. Write in "
                'portfoy.toml: as_of = "YYYY-MM-DD".'
            )
            raise DataError(text.format(table=next(iter(accounts))))
        quality, facts, day, earlier = None, None, day or last, bool(day and last and day < last)
    else:
        log, quality, facts = check_transactions(
            _with_cost(log, lambda: on_day("products", day or today, work_out, None, earlier=False)),
            settings,
            broken=raws["transactions"].broken,
            as_of=day,
            today=today,
            keep=lambda table: keep(table, "checked_transactions"),
        )
        if is_embedded(engine):
            engine.raw_sql("DROP TABLE IF EXISTS raw_transactions")
        day, earlier = day or facts.last_day, facts.goes_on
    files = dict.fromkeys(path for raw in raws.values() for path in raw.files)
    later = {
        table: partial(on_day, table, day, work_out, log, earlier=earlier) for table in raws if table != "transactions"
    }
    told = {"accounts": accounts, "aside": aside}
    return Tables(where, settings, log, quality, facts, reading, tuple(files), later, as_of=day, **told)


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
    Only what occurs more than once is kept between the steps: on a large log that is next to nothing.
    """
    numbered = "portfoy_row" in raw.columns
    content = [name for name in raw.columns if name != "portfoy_row"]
    first = {"portfoy_first": raw.portfoy_row.min()} if numbered else {}
    groups = raw.group_by(**{f"same_{name}": raw[name] for name in content}).agg(portfoy_times=raw.count(), **first)
    repeated = keep(groups.filter(groups.portfoy_times > 1), "repeated_transactions")
    if not repeated.count().to_pandas():
        return raw
    if drop and not numbered:
        raw = raw.distinct()
    found = raw.left_join(repeated, [raw[name].identical_to(repeated[f"same_{name}"]) for name in content])
    if drop and numbered:
        found = found.filter(found.portfoy_first.isnull() | (found.portfoy_row == found.portfoy_first))
    copies = (found.portfoy_times - 1) / (1 if drop else found.portfoy_times)
    return found.select(*raw.columns, portfoy_copies=copies.cast("float64").fill_null(0.0))


def _with_cost(log, products):
    """The log with each line's cost: its own `unit_cost`, else the `product_cost` of the table that `products` gives.

    The first is what the piece cost on that day; the second is one cost for all days, that of today's price list.
    """
    if "unit_cost" in log.columns or "product_id" not in log.columns:
        return log
    products = products()
    if products is None or "unit_cost" not in products.columns:
        return log
    costs = (
        products.filter(products.product_id.notnull()).group_by("product_id").agg(product_cost=products.unit_cost.max())
    )
    return log.left_join(costs, "product_id").drop("product_id_right")
