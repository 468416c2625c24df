"""Draft a portfoy.toml for files that nobody has described yet, from their names, their columns and their values."""

import os
import re
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from uuid import uuid4

from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.source import periods, sniff, workbooks
from portfoy.source.address import ADDRESS, connect, discreet, filled, hidden, locate, remember, revealed
from portfoy.source.contract import ALONE, TABLES, kind_of
from portfoy.source.files import SUFFIXES, embedded, load, readable
from portfoy.source.firsts import order_lines
from portfoy.source.guess import Guess, guess, guesses, likely
from portfoy.source.look import SAMPLE, Look, join_key, joined
from portfoy.source.names import a_row_a_customer, plain
from portfoy.source.section import comment, mapping_lines, opened, reading, toml
from portfoy.source.shape import unfolded


@dataclass
class Source:
    """Files of one table: how portfoy.toml names them, what they hold, how they are written."""

    name: str
    look: Look
    notes: list
    guesses: list[Guess]
    join: str = ""  # the line that joins another file
    used: bool = False  # whether another file joins this one
    sheet: str | None = None  # of a workbook
    unfold: str = ""  # the line that makes rows of columns

    @property
    def best(self):
        """The table that the files most likely hold."""
        return self.guesses[0]


def draft(path, *, table=None, beside=Path()):
    """The text of a portfoy.toml for a file, a folder or a server; files are named as seen from the folder `beside`.

    `table` says which table a file holds, where its columns and values do not. Every line says what it rests on; what
    could not be found is left as a comment to fill in. DataError where nothing is there or nothing can be read.
    """
    if "://" in str(path):
        return _server(str(path))
    path = Path(path)
    with readable(path, ValueError):
        found, beside = locate(path), beside.resolve()  # a pipe or a device has no end
        path = path if path.exists() else found  # what an installed package has with it
        top = ["# " + _("Drafted from {name}; read it, then run portfoy check on this file")]
        top[0] = top[0].format(name=path.resolve().name)
        where = Path(os.path.relpath(found, beside)) if found.drive == beside.drive else found
        if table not in (None, *TABLES):
            text = _("{path}: there is no table '{table}', only {tables}.")
            raise DataError(text.format(path=path, table=table, tables=", ".join(TABLES)))
        sheets = _sheets(path)
        if not path.is_dir() and len(sheets) < 2:
            return _one_file(path, table, top, where)
        if table:
            raise DataError(_("{path}: is a folder; give `--table` with one file.").format(path=path))
        return _folder(path, top, where)


def _one_file(path, table, top, where):
    source = _read(embedded(), path.name, [path], table)
    if source.best.table not in ALONE:  # a list of customers may tell what they bought, too
        source.guesses.sort(key=lambda one: one.table != "totals" or bool(one.missing))
    alone = source.best.table in ALONE
    lines = [
        *top,
        f"source = {toml((where if alone else where.parent).as_posix())}",
        *_general(_called(path), [source], _changed([path])),
    ]
    section = [f"[{source.best.table}]", *([] if alone else [f"file = {toml(path.name)}"]), *_grounds(source, table)]
    section += [source.unfold] if source.unfold else []
    if not alone:
        text = _("this table cannot stand alone: map a folder with one of {tables}")
        section += [comment(text.format(tables=", ".join(ALONE)))]
    section += [*_totals(source), *mapping_lines(source), *order_lines(source.look, source.best)]
    return "\n".join([*lines, *source.notes, *reading(source), "", *section]) + "\n"


def _server(address):
    """The draft for the tables of a server, by the first rows of each: it is asked for no more."""
    where, here = hidden(address), embedded()
    location = filled(revealed(address), where)
    remember(location)
    with discreet(location, where), readable(where, Exception):
        engine, sources = connect(location), []
        for place, name in enumerate(sorted(engine.list_tables())):
            here.con.register(f"rows_{place}", engine.table(name).limit(SAMPLE).to_pyarrow())
            look = Look(here.table(f"rows_{place}"))
            sources.append(Source(name, look, [], guesses(look, name)))
        text = _("Drafted from the first {n:,} rows of each table; read it, then run portfoy check on this file")
        shown = [comment(text.format(n=SAMPLE)), f"source = {toml(where)}"]
        if "***" in where:
            text = _("set {name} to the whole address, or write the password as {variable}")
            shown[1] += "  " + comment(text.format(name=ADDRESS, variable="${PASSWORD}"))
        return _drafted(shown, sources, [], re.split("[?#]", where)[0].rpartition("/")[2], date.today())


def _folder(path, top, where):
    sources, aside = _sources(path)
    if not _chosen(sources)[0]:
        text = _("{path}: no file looks like a table; it has {found}. Map a file: {advice}.")
        entries = sorted(entry.name for entry in path.iterdir()) if path.is_dir() else _sheets(path)
        found = ", ".join(f"'{entry}'" for entry in entries[:30]) or _("nothing")
        raise DataError(text.format(path=path, found=found, advice="portfoy map FILE --table TABLE"))
    files = [file for file in path.iterdir() if file.suffix != ".toml"] if path.is_dir() else [path]
    top = [*top, f"source = {toml(where.as_posix())}"]
    return _drafted(top, sources, aside, _called(path), _changed(files), named=path.is_dir())


def _drafted(top, sources, aside, name, changed, *, named=True):
    """The draft of several sources, below the lines on `top`; `named`: each has a file or table of its own."""
    if any(source.best.table == "transactions" and not source.best.missing for source in sources):
        for source in sources:  # beside orders nobody needs their totals
            source.guesses.sort(key=lambda one: one.table == "totals")
    chosen, rest = _chosen(sources)
    lines = [*top, *_general(name, chosen, changed)]
    if not any(source.best.table in ALONE for source in chosen):
        lines.append(comment(_("one of {tables} is needed, and none is here").format(tables=", ".join(ALONE))))
    for source in chosen:
        file = [] if source.name in TABLES or not named else [f"file = {toml(source.name)}"]
        file += [f"sheet = {toml(source.sheet)}"] if source.sheet else []
        lines += ["", f"[{source.best.table}]", *file, *_grounds(source), *source.notes, *reading(source)]
        lines += [*filter(None, (source.unfold, source.join)), *mapping_lines(source)]
        lines += [*order_lines(source.look, source.best), *_lookups(source, rest)]
    held = {source.best.table: source.name for source in chosen}
    lines += ["", *(comment(_not_mapped(source, held)) for source in rest if not source.used), *map(comment, aside)]
    return "\n".join(lines).rstrip() + "\n"


def _called(path):
    name = path.resolve().name
    return name if path.is_dir() else name.partition(".")[0]


def _changed(files):
    """The day of the last change of files."""
    return date.fromtimestamp(max(file.stat().st_mtime for file in files))


def _sources(path):
    """The files of a folder that can be tables; and what is to be said of the others."""
    engine, groups, aside, sources = embedded(), {}, [], []
    if path.is_file():
        return [_read(engine, path.name, [path], sheet=sheet) for sheet in _sheets(path)], aside
    for entry in sorted(path.iterdir()):
        if entry.is_dir() and entry.name in TABLES:
            groups[entry.name] = sorted(file for file in entry.glob("*") if file.name.endswith(SUFFIXES))
        elif entry.is_file() and entry.name.endswith(SUFFIXES):
            groups.setdefault(re.sub(r"\d+", "[0-9]*", entry.name), []).append(entry)
        elif not entry.name.startswith(".") and entry.name != "portfoy.toml":
            aside.append(_("not read: {name}").format(name=entry.name))
    for name, paths in groups.items():
        whole = name in TABLES or (len(paths) > 1 and sorted(path.glob(name)) == paths)
        pieces = [(name, paths)] if whole else [(file.name, [file]) for file in paths]
        for piece, files in pieces:
            try:
                sheets = _sheets(files[0]) if len(files) == 1 else []
                each = sheets if len(sheets) > 1 and piece not in TABLES else [None]
                sources += [_read(engine, piece, files, sheet=sheet) for sheet in each]
            except DataError as error:
                if piece in TABLES or len(files) == 1:
                    aside.append(str(error))
                else:  # named alike, but not written alike
                    pieces += [(file.name, [file]) for file in files]
    return sources, aside


def _read(engine, name, paths, table=None, sheet=None):
    given, notes = opened(paths[0], sheet)
    if given.footer and len(paths) > 1:  # how many lines stand below may differ from file to file
        given, notes = replace(given, footer=0), [note for note in notes if not note.startswith("footer")]
    with readable(paths[0]):
        raw = load(engine, f"file_{uuid4().hex}", paths, given)
        notes += [comment(note.partition(": ")[2]) for note in raw.notes if raw.absent]
        look, stem = Look(raw.table), (sheet or name).partition(".")[0]
        wide = periods.wide(look.names)
        if wide and table in (None, "surveys"):
            look = Look(unfolded(raw.table, "surveys", wide))
            found = [guess(look, "surveys", stem)]
            return Source(name, look, notes, [periods.keyed(found[0])], sheet=sheet, unfold=_unfold_line(wide))
        return Source(name, look, notes, [guess(look, table, stem)] if table else guesses(look, stem), sheet=sheet)


def _unfold_line(wide):
    said = ", ".join(f"{ours} = {toml([*each])}" for ours, each in wide.items())
    return f"unfold = {{ {said} }}  {comment(_('a row for each; the days are the last of each period'))}"


def _sheets(path):
    """The sheets of a workbook; of another file, or a folder, none."""
    return workbooks.sheets(path) if path.is_file() and path.stat().st_size and sniff.kind(path) == "workbook" else []


def _chosen(sources):
    """One source a table, in the order of the contract, each with the files joined that it needs; and the others."""
    chosen, rest = {}, []
    for source in sorted(sources, key=lambda one: (bool(one.best.missing), -one.best.score)):
        if likely(source.best) and source.best.table not in chosen:
            chosen[source.best.table] = source
        else:
            rest.append(source)
    for source in chosen.values():
        for other in rest:
            key = source.best.missing and not other.sheet and join_key(source.look, other.look)
            both = key and joined(source.look, other.look, key)
            whole = both and guess(both, source.best.table, source.name.partition(".")[0])
            if whole and len(whole.missing) < len(source.best.missing) and not source.join:
                source.look, source.guesses, source.join, other.used = both, [whole], _join_line(other, key), True
    return [chosen[table] for table in TABLES if table in chosen], rest


def _join_line(other, key):
    on = key[0] if key[0] == key[1] else list(key)
    return f"join = {{ file = {toml(other.name)}, on = {toml(on)} }}"


def _lookups(source, rest):
    """Files that could be joined, as comments."""
    for other in rest:
        own = {plain(name) for name in source.look.names}
        more = ", ".join(name for name in other.look.names if plain(name) not in own)
        joins = more and not other.used and not other.sheet and not likely(other.best)
        key = join_key(source.look, other.look) if joins else None
        if key:
            yield comment(f"{_join_line(other, key)}  # " + _("would add {names}").format(names=more))


def _not_mapped(source, held):
    """Why a file has no section."""
    table = source.best.table
    if likely(source.best):
        text = _("not mapped: {name} looks like {table}, which {other} is")
        return text.format(name=source.name, table=table, other=held[table])
    text = _("not mapped: {name} looks like no table; its columns: {names}")
    return text.format(name=source.name, names=", ".join(source.look.names))


def _general(name, sources, changed):
    """What is said of the whole source: its `name`, its money, the day it was `changed` where it has no dates."""
    lines = [f"name = {toml(name)}  # " + _("what the pages call it")]
    lines.append(_currency(sources) or '# currency = "EUR"  # ' + _("the three letters of your money"))
    columns = {source.best.table: source.best.columns for source in sources}
    if isinstance(columns.get("transactions", {}).get("order_id"), list):
        note = _("without order numbers, equal rows may be two purchases")
        lines.append(f'duplicates = "keep"  # {note}')
    dated = any(kind_of(table, ours) == "date" for table, mapped in columns.items() for ours in mapped)
    if not dated and "transactions" not in columns and columns.keys() & {*ALONE}:
        lines.append(f'as_of = "{changed}"  # ' + _("no column holds dates: the day of the export; here the file's"))
    return lines


def _currency(sources):
    """The money that all orders name, where a column does; None where none or several are named."""
    orders = next((source for source in sources if source.best.table == "transactions"), None)
    column = orders and orders.best.columns.get("currency")
    named = [*orders.look.labels(column)] if isinstance(column, str) else []
    if len(named) == 1 and re.fullmatch("[A-Z]{3}", named[0]):
        return f'currency = "{named[0]}"  # ' + _("as {name} says on each line").format(name=column)
    return None


def _totals(source):
    """What is said of a file that has totals in place of orders."""
    if first := a_row_a_customer(source.look.names):
        text = _("one row a customer ('{first}'): what happened between its first and last order only order lines tell")
        yield comment(text.format(first=first))


def _grounds(source, said=None):
    """Why the file is taken for its table, and for which other it could be taken."""
    if said:
        return []
    best, others = source.best, [other for other in source.guesses[1:] if not other.missing]
    grounds = [*best.grounds[:6], *([_("the name of the file")] if best.called else [])]
    text = _("taken for {table}: by {grounds}") if grounds else _("taken for {table}; nothing says so")
    lines = [comment(text.format(table=best.table, grounds=", ".join(grounds)))]
    if others and others[0].score > 0.5 * best.score:
        text = _("unsure: it could hold {table}; then: portfoy map {name} --table {table}")
        lines.append(comment(text.format(table=others[0].table, name=source.name)))
    return lines
