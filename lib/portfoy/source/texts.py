"""Delimited text into the engine: written as it can read it, every column as text, each row found again."""

import gzip
import io
import itertools
import os
import re
import shutil
import uuid
import zlib
from dataclasses import replace

from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.source import encodings, sniff
from portfoy.source.sniff import in_row


def in_folders(paths):
    """Whether folders named column=value are part of a table: where it lies in several, not where it is just kept."""
    return len({path.parent for path in paths}) > 1


def plain_text(text, path, look, folder, footer):
    """The file as DuckDB can read it: UTF-8, one-character delimiters, line ends of one kind; else written anew.

    `text` is the file, or what was made of it. Block by block, so that a large file needs no memory.
    """
    if look.plain:
        return text
    target = folder / f"{uuid.uuid4().hex}.txt"
    try:
        with (
            io.TextIOWrapper(sniff.opened(text), look.encoding) as source,
            target.open("w", encoding="utf-8", newline="\n") as out,
        ):
            if look.delimiter == "whitespace":
                for line in source:
                    out.write("\t".join(line.split()) + "\n")
            else:
                shutil.copyfileobj(source, out, 2**20)
    except UnicodeError as error:
        raise encodings.not_in(path, look.encoding, getattr(error, "start", 0)) from None
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise sniff.broken_gzip(path) from None
    if footer:
        _cut(target, footer)
    return target


def _cut(file, lines):
    """Take the last lines off a file, blank ones at its end not counted."""
    with file.open("rb+") as text:
        size = text.seek(0, os.SEEK_END)
        text.seek(start := max(0, size - sniff.HEAD))
        kept = text.read().rstrip()
        for _line in range(lines):
            kept = kept.rpartition(b"\n")[0].rstrip()
        text.truncate(start + len(kept))
        text.seek(0, os.SEEK_END)
        text.write(b"\n")


def refuse_endless(path, file):
    """Raise a DataError where the last line is longer than a row can be; the engine would leave it out silently."""
    with file.open("rb") as text:
        text.seek(max(0, file.stat().st_size - sniff.HEAD))
        tail = text.read()
    if len(tail) == sniff.HEAD and b"\n" not in tail and b"\r" not in tail and file.suffix != ".gz":
        message = _("{path}: its last line is longer than {size} MiB. Export it again, one row a line.")
        raise DataError(message.format(path=path, size=sniff.HEAD // 2**20))


def read_all(engine, table, plain, looks, paths, names):
    """Create raw_<table> from files that are written alike, or from the parts that are; `names` those of all columns.

    Gives how many lines do not fit their header and the first of them, and a row's number in words.
    """
    files = list(zip(plain, looks, paths, strict=True))
    alike = itertools.groupby(files, lambda file: replace(file[1], encoding="", title="", plain=True))
    parts = [list(part) for _key, part in alike]
    if len(parts) == 1:
        return _read_text(engine, table, plain, looks[0], dict(zip(map(str, plain), paths, strict=True)), paths)
    selects, starts, places, broken, start = [], [], [], (0, ""), 0
    for number, part in enumerate(parts):
        own, look = f"{table}_{number}", part[0][1]
        here = {str(file): path for file, _look, path in part}
        lines, place = _read_text(engine, own, [file for file, *_more in part], look, here, paths)
        columns = {name.lower(): f"c{position}" for position, name in enumerate(look.names)}
        wanted = [f"{columns.get(name.lower(), 'NULL::VARCHAR')} AS c{spot}" for spot, name in enumerate(names)]
        further = [
            f'"{name}"' for name in engine.table(f"raw_{own}").columns[len(look.names) :] if name != "portfoy_file"
        ]
        selects.append(f"SELECT {', '.join(wanted + further)} FROM raw_{own}")
        starts.append((start, look.skip))
        places.append(place)
        broken = broken if not lines[0] else (broken[0] + lines[0], broken[1] or lines[1])
        start += engine.raw_sql(f"SELECT count(*) FROM raw_{own}").fetchone()[0]
    engine.raw_sql(f"CREATE TABLE raw_{table} AS {' UNION ALL BY NAME '.join(selects)}")
    for number in range(len(parts)):
        engine.raw_sql(f"DROP TABLE raw_{table}_{number}")

    def placed(number):
        row = int(number) - looks[0].skip  # the first row of the first file is 1
        part = max(place for place, (start, _skip) in enumerate(starts) if start < row)
        start, skip = starts[part]
        return places[part](row - start + skip)

    return broken, placed


def _read_text(engine, table, paths, look, names, every):
    """Create raw_<table> with every column as text; count the lines that do not fit; a row's number in words.

    `names` has the file behind each of the `paths`, `every` all files of the table.
    """
    delimiter = "\t" if look.delimiter == "whitespace" else look.delimiter
    columns = ", ".join(f"'c{place}': 'VARCHAR'" for place in range(len(look.names)))
    files = ", ".join(f"'{quoted(as_it_stands(path))}'" for path in paths)
    folders = str(in_folders(list(names.values()))).lower()
    which, named = "*", ""
    if len(paths) > 1:
        known = ", ".join(f"'{quoted(path)}'" for path in paths)  # as the engine names what it has read
        which = f"* REPLACE (list_position([{known}], portfoy_file)::USMALLINT AS portfoy_file)"
        named = ", filename = 'portfoy_file'"
    engine.raw_sql(
        f"CREATE TABLE raw_{table} AS SELECT {which} FROM read_csv("
        f"[{files}], auto_detect = false, columns = {{{columns}}}, delim = '{quoted(delimiter)}', quote = '\"', "
        f"escape = '{quoted(look.escape or chr(34))}', skip = {look.skip}, "
        f"header = false, store_rejects = true, null_padding = false, "
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
        return _in_file(row, files[file], every)

    first = [f"{_in_file(line, files[file], every)}: {text}" for file, line, text in broken[:1]]
    return (len(broken), "".join(first)), place


def _in_file(row, file, files):
    """A row of one of the files in words."""
    if len(files) == 1:
        return in_row(row)
    alone = [path.name for path in files].count(file.name) == 1
    return _("{file}, row {n}").format(file=file.name if alone else f"{file.parent.name}/{file.name}", n=int(row))


def as_it_stands(path):
    """A path in which the engine sees no pattern: a file may be called "sales[2026].csv" or "all*.csv"."""
    return re.sub(r"[*?\[]", r"[\g<0>]", str(path))


def quoted(text):
    """A text between the quotes of an SQL literal."""
    return str(text).replace("'", "''")
