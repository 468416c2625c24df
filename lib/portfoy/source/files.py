"""Files into the engine: CSV, Parquet and text in any encoding become tables of an embedded DuckDB."""

import gzip
import io
import os
import re
import tempfile
import uuid
import weakref
import zlib
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import ibis
from ibis.common.exceptions import IbisError, TableNotFound

from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.source import sniff
from portfoy.source.settings import Format
from portfoy.source.sniff import in_row

SUFFIXES = (".parquet", ".csv", ".csv.gz", ".tsv", ".txt")


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


def stamp(path):
    """What tells a file from the same file after a change: path, size, time of the last change, number on the disk."""
    told = path.stat()
    return path, told.st_size, told.st_mtime_ns, told.st_ino


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
    """The sentence for an error of the engine or the system; a DataError has its own."""
    if isinstance(error, DataError):
        return str(error)
    reason = (str(error).strip() or type(error).__name__).splitlines()[0]
    text = _("{where}: cannot be read: {reason}. Check that it is whole and may be read.")
    return text.format(where=where, reason=(reason if len(reason) < 300 else reason[:300] + " ...").rstrip("."))


_OURS = weakref.WeakSet()


def embedded():
    """An empty in-memory DuckDB that never goes to the network and spills beside the system's temporary files."""
    spill = Path(tempfile.gettempdir()) / f"portfoy-{uuid.uuid4().hex}"  # its own: engines do not share the names in it
    engine = ibis.duckdb.connect(temp_directory=str(spill))
    engine.raw_sql("SET autoinstall_known_extensions = false")
    if os.environ.get("PORTFOY_THREADS"):  # several kernels share the cores
        engine.raw_sql(f"SET threads = {int(os.environ['PORTFOY_THREADS'])}")
    _OURS.add(engine)
    return engine


def is_embedded(engine):
    """Whether `embedded` made the engine: nobody else changes its tables, so what was worked out once stays true."""
    return engine in _OURS


def load(engine, table, paths, given):
    """The files of one table as a table of the engine; text is kept as text, its rows numbered, the header being row 1.

    DataError where the files are of different kinds or written in different ways, or are not tables.
    """
    kinds = {sniff.kind(path) for path in paths}
    if kinds == {"parquet"}:
        named = {"table_name": f"parquet_{table}", "hive_partitioning": _in_folders(paths)}
        return Raw(engine.read_parquet([as_it_stands(path) for path in paths], **named), given, paths)
    if kinds == {"duckdb"}:
        raise DataError(_("{path}: is a DuckDB file. Give it to `portfoy check`.").format(path=paths[0]))
    if kinds != {"text"}:
        text = _("{where}: files of {table} are of kinds {kinds}. Make them one kind.")
        raise DataError(text.format(where=paths[0].parent, table=table, kinds=", ".join(sorted(kinds))))
    looks = [sniff.look(path, given) for path in paths]
    for path, look in zip(paths, looks, strict=True):
        if (look.names, look.delimiter, look.skip) != (looks[0].names, looks[0].delimiter, looks[0].skip):
            text = _("{path}: its columns or delimiter differ from those of {first}. Write files of one table alike.")
            raise DataError(text.format(path=path, first=paths[0].name))
    with tempfile.TemporaryDirectory(prefix="portfoy-") as folder:
        plain = [_plain(path, look, Path(folder)) for path, look in zip(paths, looks, strict=True)]
        for path, file in zip(paths, plain, strict=True):
            _refuse_endless(path, file)
        broken, place = _read_text(engine, table, plain, looks[0], dict(zip(map(str, plain), paths, strict=True)))
    read = _numbered(engine.table(f"raw_{table}"), looks[0])
    return Raw(read, given, paths, broken=broken, numbered=True, place=place)


def _numbered(raw, look):
    """The table under the names of the file, and its rows numbered; a file may call a column "rowid" or "self"."""
    own = [raw[f"c{place}"].name(name) for place, name in enumerate(look.names)]
    named = {name.lower() for name in look.names}
    folders = [name for name in raw.columns[len(own) :] if name.lower() not in named | {"portfoy_file"}]
    return raw.select([*own, *folders, (raw.rowid() + 1 + look.skip).name("portfoy_row")])


def _in_folders(paths):
    """Whether folders named column=value are part of a table: where it lies in several, not where it is just kept."""
    return len({path.parent for path in paths}) > 1


def _plain(path, look, folder):
    """The file as DuckDB can read it: UTF-8, one-character delimiters, line ends of one kind; else written anew."""
    if look.plain:
        return path
    target = folder / f"{uuid.uuid4().hex}.txt"
    try:
        with (
            io.TextIOWrapper(sniff.opened(path), look.encoding) as source,
            target.open("w", encoding="utf-8", newline="\n") as out,
        ):
            for line in source:
                out.write("\t".join(line.split()) + "\n" if look.delimiter == "whitespace" else line)
    except UnicodeError as error:
        raise sniff.not_in(path, look.encoding, getattr(error, "start", 0)) from None
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise sniff.broken_gzip(path) from None
    return target


def _refuse_endless(path, file):
    """Raise a DataError where the last line is longer than a row can be; the engine would leave it out silently."""
    with file.open("rb") as text:
        text.seek(max(0, file.stat().st_size - sniff.HEAD))
        tail = text.read()
    if len(tail) == sniff.HEAD and b"\n" not in tail and b"\r" not in tail and file.suffix != ".gz":
        message = _("{path}: its last line is longer than {size} MiB. Export it again, one row a line.")
        raise DataError(message.format(path=path, size=sniff.HEAD // 2**20))


def _read_text(engine, table, paths, look, names):
    """Create raw_<table> with every column as text; count the lines that do not fit; a row's number in words."""
    delimiter = "\t" if look.delimiter == "whitespace" else look.delimiter
    columns = ", ".join(f"'c{place}': 'VARCHAR'" for place in range(len(look.names)))
    files = ", ".join(f"'{quoted(as_it_stands(path))}'" for path in paths)
    folders = str(_in_folders(list(names.values()))).lower()
    which, named = "*", ""
    if len(paths) > 1:
        known = ", ".join(f"'{quoted(path)}'" for path in paths)  # as the engine names what it has read
        which = f"* REPLACE (list_position([{known}], portfoy_file)::USMALLINT AS portfoy_file)"
        named = ", filename = 'portfoy_file'"
    engine.raw_sql(
        f"CREATE TABLE raw_{table} AS SELECT {which} FROM read_csv("
        f"[{files}], auto_detect = false, columns = {{{columns}}}, delim = '{quoted(delimiter)}', quote = '\"', "
        f"escape = '\"', skip = {look.skip}, header = false, store_rejects = true, null_padding = false, "
        f"rejects_table = 'rejects_{table}', rejects_scan = 'rejects_scan_{table}', max_line_size = {sniff.HEAD}, "
        f"hive_partitioning = {folders}{named})"
    )
    unclosed = engine.raw_sql(
        f"SELECT file_path, line FROM rejects_{table} "
        f"JOIN rejects_scan_{table} USING (scan_id, file_id) "
        "WHERE error_type = 'UNQUOTED VALUE' AND contains(rtrim(csv_line, chr(13) || chr(10)), chr(10)) "
        "ORDER BY line LIMIT 1"
    ).fetchone()
    if unclosed:
        text = _("{path}: a quotation mark opens on row {row} and does not close. Correct it.")
        raise DataError(text.format(path=names[unclosed[0]], row=unclosed[1]))
    broken = engine.raw_sql(
        f"SELECT file_path, line, any_value(csv_line) FROM rejects_{table} "
        f"JOIN rejects_scan_{table} USING (scan_id, file_id) GROUP BY ALL"
    ).fetchall()
    broken = sorted((list(names).index(path), line, text) for path, line, text in broken)
    starts, files = [(0, 0)], list(names.values())
    if len(paths) > 1:
        starts = engine.raw_sql(f"SELECT min(rowid), portfoy_file - 1 FROM raw_{table} GROUP BY 2").fetchall()

    def place(number):  # the engine numbers the rows it took, through all files
        start, file = max(one for one in starts if one[0] < number - look.skip)
        row = number - start
        for line in [line for other, line, _text in broken if other == file]:
            row += line <= row
        return _in_file(row, file, files)

    first = [f"{_in_file(line, file, files)}: {text}" for file, line, text in broken[:1]]
    return (len(broken), "".join(first)), place


def _in_file(row, file, files):
    """A row of one of the files in words."""
    if len(files) == 1:
        return in_row(row)
    name = files[file].name
    alone = [path.name for path in files].count(name) == 1
    return _("{file}, row {n}").format(file=name if alone else f"{files[file].parent.name}/{name}", n=int(row))


def as_it_stands(path):
    """A path in which the engine sees no pattern: a file may be called "sales[2026].csv" or "all*.csv"."""
    return re.sub(r"[*?\[]", r"[\g<0>]", str(path))


def quoted(text):
    """A text between the quotes of an SQL literal."""
    return str(text).replace("'", "''")
