"""Files into the engine: CSV, Parquet and text in any encoding become tables of an embedded DuckDB."""

import hashlib
import os
import tempfile
import time
import uuid
import weakref
from collections.abc import Callable
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb
import ibis
from ibis.common.exceptions import IbisError, TableNotFound

from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.source import aside, sniff, workbooks
from portfoy.source.address import discreetly
from portfoy.source.settings import Format
from portfoy.source.sniff import in_row
from portfoy.source.texts import as_it_stands, in_folders, plain_text, read_all, refuse_endless
from portfoy.words.style import shorten

SUFFIXES = (".parquet", ".csv", ".csv.gz", ".tsv", ".txt", ".xlsx", ".xls", ".xlsb", ".ods")
TICK = 0.02  # seconds


@dataclass
class Raw:
    """A table as found, before its columns are ours."""

    table: ibis.Table
    format: Format
    files: list[Path] = field(default_factory=list)
    stamps: tuple = ()  # the files as they were before they were read, as `stamp` gives them
    broken: tuple[int, str] = (0, "")
    numbered: bool = False  # whether the table numbers its rows in ``portfoy_row``, through all files
    place: Callable = in_row  # such a number in words: the row of the file
    fault: str = ""  # why it cannot be read
    notes: list[str] = field(default_factory=list)  # how it was found to be written, to be said
    absent: dict[str, list[str]] = field(default_factory=dict)  # column -> files of the table that do not have it


def stamp(path):
    """What tells a file from the same file after a change: path, size, number on the disk, times of the last change.

    One of the times nobody can set back. A file that was written just now is waited for: within one tick of the disk's
    clock a second change would have the time of the first.
    """
    told = path.stat()
    if time.time_ns() - told.st_mtime_ns < TICK * 1e9:
        time.sleep(TICK)
        told = path.stat()
    return path, told.st_size, told.st_ino, told.st_mtime_ns, told.st_ctime_ns


def digest(path):
    """SHA-256 of a file in hexadecimal digits; of one that is not there, that of nothing."""
    with suppress(FileNotFoundError), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
    return hashlib.sha256().hexdigest()


UNREADABLE = (duckdb.Error, IbisError, TableNotFound, OSError)


@contextmanager
def readable(where, *errors):
    """Turn what the engine or the system says of a source that cannot be read into one DataError."""
    try:
        yield
    except (*UNREADABLE, *errors) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(fault(where, error)) from None


def fault(where, error):
    """The sentence for an error of the engine or the system, without secrets; a DataError has its own.

    What could not be written is no fault of the data, and goes on.
    """
    aside.no_room(error)
    if isinstance(error, DataError):
        return discreetly(str(error))
    reason = (str(error).strip() or type(error).__name__).splitlines()[0]
    text = _("{where}: cannot be read: {reason}. Check that it is whole and may be read.")
    reason = discreetly(reason)
    return text.format(where=where, reason=(reason if len(reason) < 300 else reason[:300] + " ...").rstrip("."))


_OURS = weakref.WeakSet()


def embedded():
    """An empty in-memory DuckDB that never goes to the network and spills beside the system's temporary files."""
    spill = aside.folder() / f"spill-{uuid.uuid4().hex}"  # its own: engines do not share the names in it
    engine = ibis.duckdb.connect(temp_directory=str(spill))
    engine.raw_sql("SET autoinstall_known_extensions = false")
    if os.environ.get("PORTFOY_THREADS"):  # several kernels share the cores
        engine.raw_sql(f"SET threads = {int(os.environ['PORTFOY_THREADS'])}")
    _OURS.add(engine)
    return engine


def interrupt():
    """End the queries of this process: one that goes on would keep it from its end."""
    for engine in list(_OURS):
        with suppress(duckdb.Error):  # it is closed
            engine.con.interrupt()


def is_embedded(engine):
    """Whether `embedded` made the engine: nobody else changes its tables, so what was worked out once stays true."""
    return engine in _OURS


def load(engine, table, paths, given):
    """The files of one table as a table of the engine; text is kept as text, its rows numbered, the header being row 1.

    DataError where the files are of different kinds or written in different ways, or are not tables.
    """
    kinds = {sniff.kind(path) for path in paths}
    if kinds == {"parquet"}:
        named = {"table_name": f"parquet_{table}", "hive_partitioning": in_folders(paths)}
        return Raw(engine.read_parquet([as_it_stands(path) for path in paths], **named), given, paths)
    if kinds == {"duckdb"}:
        raise DataError(_("{path}: is a DuckDB file. Give it to `portfoy check`.").format(path=paths[0]))
    if kinds not in ({"text"}, {"workbook"}):
        text = _("{where}: files of {table} are of kinds {kinds}. Make them one kind.")
        raise DataError(text.format(where=paths[0].parent, table=table, kinds=", ".join(sorted(kinds))))
    with tempfile.TemporaryDirectory(dir=aside.folder()) as folder:  # which only its owner may read
        texts = paths
        if kinds == {"workbook"}:
            texts = [workbooks.as_csv(path, table, given.sheet, Path(folder)) for path in paths]
        looks = [sniff.look(text, given, path) for text, path in zip(texts, paths, strict=True)]
        names, absent = _united(table, paths, looks)
        whole = replace(looks[0], names=names)
        plain = [plain_text(*file, Path(folder), given.footer) for file in zip(texts, paths, looks, strict=True)]
        for path, file in zip(paths, plain, strict=True):
            refuse_endless(path, file)
        broken, place = read_all(engine, table, plain, looks, paths, names)
    read = engine.create_view(f"read_{table}", _numbered(engine.table(f"raw_{table}"), whole))  # cheaper to plan
    notes = list(dict.fromkeys(_notes(table, paths, looks, given, absent)))
    return Raw(read, given, paths, broken=broken, numbered=True, place=place, notes=notes, absent=absent)


def _united(table, paths, looks):
    """The columns of all files of a table, and which files are without which; files that share too few are refused."""
    names = {name.lower(): name for look in reversed(looks) for name in look.names}
    names = [names[name] for name in dict.fromkeys(name.lower() for look in looks for name in look.names)]
    absent = {}
    for path, look in zip(paths, looks, strict=True):
        own = {name.lower() for name in look.names}
        shared = own & {name.lower() for name in looks[0].names}
        few = len(shared) < max(len(looks[0].names), len(own)) / 2
        if few or look.delimiter != looks[0].delimiter:
            text = _("{path}: its columns or delimiter differ from those of {first}. Write files of one table alike.")
            raise DataError(text.format(path=path, first=paths[0].name))
        for name in names:
            if name.lower() not in own:
                absent.setdefault(name, []).append(path.name)
    return tuple(names), absent


def _notes(table, paths, looks, given, absent):
    """What is to be said of how the files are written, sentence by sentence."""
    for path, look in zip(paths, looks, strict=True):
        if look.title:
            text = _("{table}: the header of {file} was found in line {n}, below '{title}'")
            yield text.format(table=table, file=path.name, n=look.skip, title=shorten(look.title, 60))
    if given.footer:
        yield _("{table}: lines below the table left out: {n}").format(table=table, n=given.footer * len(paths))
    for name, files in absent.items():
        text = _("{table}: the column '{name}' is missing in {n} of {files} files ({example}), and so are its values")
        given = {"name": shorten(name, 40), "n": len(files), "files": len(paths), "example": files[0]}
        yield text.format(table=table, **given)


def _numbered(raw, look):
    """The table under the names of the file, and its rows numbered; a file may call a column "rowid" or "self"."""
    own = [raw[f"c{place}"].name(name) for place, name in enumerate(look.names)]
    named = {name.lower() for name in look.names}
    folders = [name for name in raw.columns[len(own) :] if name.lower() not in named | {"portfoy_file"}]
    return raw.select([*own, *folders, (raw.rowid() + 1 + look.skip).name("portfoy_row")])
