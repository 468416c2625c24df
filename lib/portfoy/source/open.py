"""Open a folder, a file, a database or an address as Tables; the rows stay in the engine.

Files (CSV, Parquet, DuckDB) are read by an embedded DuckDB; an address such as postgres://host/base is reached
through Ibis and left where it is.
"""

import itertools
import os
import re
from contextlib import suppress
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path

from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.source import pull, sniff, workbooks
from portfoy.source.address import connect, discreet, filled, hidden, locate, remember, revealed
from portfoy.source.contract import ALONE, TABLES
from portfoy.source.faults import seen_on
from portfoy.source.files import SUFFIXES, UNREADABLE, Raw, embedded, fault, load, readable, stamp
from portfoy.source.quality import check_transactions
from portfoy.source.reader import Reader
from portfoy.source.seen import on_day
from portfoy.source.servers import enter, is_full, refuse_files
from portfoy.source.settings import Format, Settings, read_settings
from portfoy.source.tables import Tables, fingerprint, kept
from portfoy.source.texts import quoted


def open(where, *, as_of=None, today=None, stamped=False):
    """The Tables found at `where`, checked, as seen on the day `as_of`.

    `where` is a folder with one file per table (transactions.csv, customers.parquet, ...), one file of transactions, a
    DuckDB file, a portfoy.toml, or an address (postgres://...). A relative path is looked up from the working
    directory, then from the project's own folder. Rows after `as_of` are not seen, and dates after it are missing; the
    default, which an empty text stands for too, is the last date in the log. Orders after `today` are "in the future".
    With `stamped` the fingerprint of rows on a server is that of before they were read.

    DataError where nothing is there, it cannot be read, required columns are missing, or no row can be used.
    """
    day = seen_on(as_of)
    if today is None and (tables := kept(where, day)):
        return tables
    where = str(where)
    settings, location, said = _settings(where)
    where = hidden(where)
    drivers = (Exception,) if isinstance(location, str) else ()  # each driver has errors of its own
    with discreet(str(location), said), readable(where, *drivers):
        raws, engine = _raw_tables(location, settings)
        read = _read(location, engine, raws)
        stood = {"stood": fingerprint(read)} if stamped and drivers else {}
        today = today or date.today()
        fetch = partial(_further, location, engine, itertools.count())
        reader = Reader(engine, settings, raws, today, day, fetch, (*UNREADABLE, *drivers))
        tables = replace(_tables(where, settings, reader, day, today), read=read, worked=stood)
        _prices = tables.prices  # an index that is wrong is told before a report begins
        tables.check_unchanged()
        return tables


def _settings(where):
    """What portfoy.toml says, where the data are (a path, or an address as a text), and what messages call that."""
    location = _found(where, hidden(where))
    if isinstance(location, str):
        return Settings(source=hidden(where)), location, hidden(where)
    if location.is_dir() and (location / "portfoy.toml").exists():
        location = location / "portfoy.toml"
    if location.suffix != ".toml":
        return Settings(source=str(location)), location, hidden(where)
    with readable(location):
        settings = read_settings(location)
    found = _found(settings.source, location, "source", f"{location.parent.resolve()}{os.sep}")
    shown = hidden(settings.source)
    return replace(settings, source=shown), found, shown


def _found(where, said, key="", folder=""):
    """The path of a place, or its address as a text; variables of the environment are filled in."""
    place = filled(revealed(where), said, key)
    remember(place)
    place = re.sub("(?i)^(file|duckdb)://", "", place)
    return place if "://" in place else locate(os.path.join(folder, place), hidden(where), folder)


def _raw_tables(location, settings):
    """The tables found at the location, and the engine that holds them."""
    if isinstance(location, str):
        return _on_server(location, settings, refuse_files)
    engine = embedded()
    if location.is_file() and sniff.kind(location) == "duckdb":
        parts = (location, location.with_name(f"{location.name}.wal"))  # what was not yet written into it
        stamps = tuple(stamp(path) for path in parts if path.is_file())  # before it is read, to see a change in between
        engine.raw_sql(f"ATTACH '{quoted(location)}' AS source (READ_ONLY)")
        listed = "SELECT table_name FROM information_schema.tables WHERE table_catalog = 'source'"
        names = [name for (name,) in engine.raw_sql(f"{listed} AND table_schema = 'main'").fetchall()]
        raws = _database_tables(engine, location, settings, names, database=("source", "main"))
        for raw in raws.values():
            raw.files, raw.stamps = [location], stamps
        return raws, engine
    raws, found = {}, {}
    for table in TABLES:
        try:
            found[table] = _files(location, table, settings)
        except DataError as error:  # portfoy.toml names a file that is not there
            if table == "transactions":
                raise
            raws[table] = Raw(None, settings.format(table), fault=str(error))
    if not any(found.get(table) for table in ALONE):
        raise DataError(" ".join(raw.fault for raw in raws.values()) or _no_table(location))
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


def _on_server(location, settings, refuse):
    """The tables of a server, and the connection to it, which `refuse` may turn away."""
    engine = connect(location)
    refuse(engine, hidden(location))
    enter(engine, settings.catalog, settings.schema)
    return _database_tables(engine, location, settings, engine.list_tables()), engine


def pulled(where, out, **how):
    """Bring the tables of a server to the folder `out`; yields a pull.Pulled for each. `how` goes to `pull.pull`.

    DataError where `where`, an address or a portfoy.toml with one, is no server, or none of its tables is one of ours.
    """
    settings, location, said = _settings(str(where))
    if not isinstance(location, str):
        raise DataError(_("{where}: is no server; files are read where they are. Give an address.").format(where=where))
    with discreet(location, said), readable(said, Exception):
        raws, engine = _on_server(location, settings, lambda *_server: None)
        tables = pull.wanted(settings, raws, engine.table)
        yield from pull.pull(tables, out, said=said, **how)


def _read(location, engine, raws):
    """What is read: table -> the stamps of its files, or its rows on a server; those that it is joined with, too."""
    read = {table: raw.stamps or raw.table for table, raw in raws.items()}
    for name in {name for raw in raws.values() for name, *_keys in raw.format.join}:
        if isinstance(location, str):
            with suppress(Exception):  # it is not there, which is told when the table is read
                read[f"joined {name}"] = engine.table(name)
        elif location.is_dir() or sniff.kind(location) != "duckdb":
            read[f"joined {name}"] = tuple(map(stamp, _joined(location, name)))
    return {name: found for name, found in read.items() if isinstance(found, tuple) or found is not None}


def _joined(location, name):
    return _pieces((location if location.is_dir() else location.parent) / name)


def _further(location, engine, number, name, given, sheet=None):
    """A file or table that another one is joined with; `number` tells it from others in the engine."""
    if isinstance(location, str) or (location.is_file() and sniff.kind(location) == "duckdb"):
        where = {} if isinstance(location, str) else {"database": ("source", "main")}
        return Raw(engine.table(name, **where), Format())
    paths = _joined(location, name)
    if not paths:
        text = _("{where}: there is no '{file}', which portfoy.toml joins. Correct it.")
        raise DataError(text.format(where=location, file=name))
    sheets = workbooks.sheets(paths[0]) if sniff.kind(paths[0]) == "workbook" else []
    if len(sheets) > 1 and (sheet or "").strip().lower() not in [each.strip().lower() for each in sheets]:
        text = _(
            "{path}: which of its sheets is joined? It has {names}. Say in portfoy.toml: "
            'join = {{ file = "{file}", sheet = "{last}", on = "..." }}.'
        )
        listed = ", ".join(f"'{each}'" for each in sheets)
        raise DataError(text.format(path=paths[0], names=listed, file=name, last=sheets[-1]))
    form = Format(encoding=given.encoding, sheet=sheet if sheets else None)
    return load(engine, f"further_{next(number)}", paths, form)


def _database_tables(engine, location, settings, names, **where):
    raws = {}
    for table in TABLES:
        wanted = settings.format(table).file or table
        name = next((name for name in names if name.lower() == wanted.lower()), None)
        if name:
            raws[table] = Raw(engine.table(name, **where), settings.format(table))
    wanted = settings.format("transactions").file
    if not raws.keys() & {*ALONE} or (wanted and "transactions" not in raws):
        text = _("{where}: there is no table '{wanted}', only {names}. Name it in portfoy.toml: [transactions] file.")
        there = ", ".join(f"'{name}'" for name in sorted(names)[:30]) or _("none")
        raise DataError(text.format(where=hidden(str(location)), wanted=wanted or "transactions", names=there))
    return raws


def _files(location, table, settings):
    """The files of one table: those named in portfoy.toml, by name or else by pattern; else by the table's own name."""
    given = settings.format(table)
    if location.is_file():
        return [location] if table in _in_file(location, settings) else []
    if given.file:
        try:
            relative = not Path(given.file).is_absolute()
            named = _pieces(location / given.file) if relative else None
            paths = sorted(path for path in named or location.glob(given.file) if path.is_file())
        except (NotImplementedError, ValueError):  # an absolute path, or no pattern
            paths = []
        if not paths:
            text = _("{where}: there is no '{file}', which portfoy.toml names for {table}. Correct it.")
            raise DataError(text.format(where=location, file=given.file, table=table))
        return paths
    found = [[location / (table + suffix)] for suffix in SUFFIXES if (location / (table + suffix)).is_file()]
    found += [inside] if (inside := _pieces(location / table)) else []
    if len(found) > 1:
        text = _("{where}: {table} is there as {names}. Remove the others, or name one in portfoy.toml: {example}.")
        names = [f"'{path.relative_to(location)}'" for path, *_more in found]
        example = f'[{table}] file = "{found[0][0].relative_to(location)}"'
        raise DataError(text.format(where=location, table=table, names=", ".join(names), example=example))
    return found[0] if found else []


def _pieces(path):
    """A file, or the files of a folder that hold a table in pieces; none where there is neither."""
    if path.is_file():
        return [path]
    return sorted(inside for inside in path.glob("*") if inside.name.endswith(SUFFIXES))


def _in_file(path, settings):
    """The tables that are in one file: of a workbook those whose sheets are named, by portfoy.toml or by themselves."""
    sheets = workbooks.sheets(path) if sniff.kind(path) == "workbook" else []
    if len(sheets) > 1:
        called = [name.strip().lower() for name in sheets]
        there = [table for table in TABLES if settings.format(table).sheet or table in called]
        return there if {*there} & {*ALONE} else [*there, "transactions"]
    return [_of_file(path, settings)]


def _of_file(path, settings):
    """The table that a single file is: the one that portfoy.toml has a section for, or that it is called by."""
    said = [table for table in ALONE if settings.columns.get(table)] + [path.name.partition(".")[0].lower()]
    return said[0] if said[0] in ALONE else "transactions"


def _no_table(location):
    found = ", ".join(f"'{path.name}'" for path in sorted(location.iterdir())[:30]) or _("nothing")
    text = _(
        "{where}: no transactions.csv (or .parquet), nor one of leads, subscriptions, surveys or totals; the folder "
        "has {found}. Run `portfoy map FILE` on that of the orders."
    )
    return text.format(where=location, found=found)


def _tables(where, settings, reader, day, today):
    log, quality, facts, every = None, None, None, None
    if reader.log is not None:
        log, quality, facts, every = check_transactions(
            _with_cost(reader.log, lambda: on_day("products", day or today, reader.table, None, earlier=False)),
            replace(settings, columns={**settings.columns, "transactions": reader.columns}),
            broken=reader.raws["transactions"].broken,
            place=reader.raws["transactions"].place,
            as_of=day,
            today=today,
            keep=reader.keep_in_place,
            hide=partial(reader.hidden, name="transactions"),
        )
        reader.log = log  # what further tables are held against
        if is_full(reader.engine):
            text = _("{where}: the account may make no temporary tables there, so every analysis reads the orders anew")
            reader.reading.append(text.format(where=where))
    last = facts.last_day if facts else reader.last_day()
    earlier = facts.goes_on if facts else bool(day and day < last)
    day = day or last
    further = [table for table in reader.raws if table != "transactions"]
    later = {table: partial(on_day, table, day, reader.table, log, earlier=earlier) for table in further}
    files = tuple(dict.fromkeys(path for raw in reader.raws.values() for path in raw.files))
    told = {"as_of": day, "accounts": reader.accounts, "aside": reader.aside, "known": reader.known}
    told["every"] = every
    return Tables(where, settings, log, quality, facts, reader.reading, files, later, **told)


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
