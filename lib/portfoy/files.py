"""Files into the engine: CSV, Parquet and text in any encoding become tables of an embedded DuckDB."""

import codecs
import hashlib
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import ibis

from portfoy import sniff
from portfoy.contract import DataError
from portfoy.locale import _
from portfoy.settings import Format


@dataclass
class Raw:
    """A table as found, before its columns are ours."""

    table: ibis.Table
    format: Format
    files: list[Path] = field(default_factory=list)
    broken: tuple[int, str] = (0, "")


def embedded():
    """An empty in-memory DuckDB that never goes to the network and spills beside the system's temporary files."""
    engine = ibis.duckdb.connect(temp_directory=str(Path(tempfile.gettempdir()) / "portfoy-spill"))
    engine.raw_sql("SET autoinstall_known_extensions = false")
    return engine


def load(engine, table, paths, given):
    """Files of one table as a table of the engine; text is kept as text.

    Parameters
    ----------
    engine : Ibis connection to an embedded DuckDB
    table : name of the table
    paths : list of Path, all of one kind
    given : settings.Format

    Returns
    -------
    Raw

    Raises
    ------
    DataError : the files are of different kinds, have different headers, or are not tables.
    """
    kinds = {sniff.kind(path) for path in paths}
    if kinds == {"parquet"}:
        return Raw(engine.read_parquet([str(path) for path in paths], table_name=f"raw_{table}"), given, paths)
    if kinds != {"text"}:
        raise DataError(
            _("{where}: the files of {table} are of different kinds ({kinds}); they must be all of one kind.").format(
                where=paths[0].parent, table=table, kinds=", ".join(sorted(kinds))
            )
        )
    looks = [sniff.look(path, given) for path in paths]
    for path, look in zip(paths, looks, strict=True):
        if look.names != looks[0].names:
            raise DataError(
                _("{path}: its columns differ from those of {first}; files of one table have the same header.").format(
                    path=path, first=paths[0].name
                )
            )
    with tempfile.TemporaryDirectory(prefix="portfoy-") as folder:
        plain = [_plain(path, look, Path(folder)) for path, look in zip(paths, looks, strict=True)]
        broken = _read_text(engine, table, plain, looks[0])
    return Raw(engine.table(f"raw_{table}"), given, paths, broken)


def _plain(path, look, folder):
    """The file as DuckDB can read it: UTF-8 and one-character delimiters; written anew only where it is not."""
    if look.encoding in ("utf-8", "utf-8-sig") and look.delimiter != "whitespace":
        return path
    target = folder / (hashlib.sha256(str(path).encode()).hexdigest()[:16] + ".txt")
    try:
        with codecs.open(str(path), "r", look.encoding) as source, target.open("w", encoding="utf-8") as out:
            for line in source:
                out.write("\t".join(line.split()) + "\n" if look.delimiter == "whitespace" else line)
    except UnicodeDecodeError as error:
        raise sniff.not_in(path, look.encoding, error.start) from None
    return target


def _read_text(engine, table, paths, look):
    """Create raw_<table> with every column as text and the row's number; count the lines that do not fit."""
    delimiter = "\t" if look.delimiter == "whitespace" else look.delimiter
    columns = ", ".join(f"'{quoted(name)}': 'VARCHAR'" for name in look.names)
    files = ", ".join(f"'{quoted(path)}'" for path in paths)
    engine.raw_sql(
        f"CREATE TABLE raw_{table} AS SELECT row_number() OVER () + {look.skip} AS portfoy_row, * FROM read_csv("
        f"[{files}], auto_detect = false, columns = {{{columns}}}, delim = '{quoted(delimiter)}', quote = '\"', "
        f"escape = '\"', skip = {look.skip}, header = false, store_rejects = true, null_padding = false, "
        f"rejects_table = 'rejects_{table}', rejects_scan = 'rejects_scan_{table}', max_line_size = {sniff.HEAD})"
    )
    count, first = engine.raw_sql(
        f"SELECT count(DISTINCT (file_id, line)), arg_min(line || ': ' || csv_line, line) FROM rejects_{table}"
    ).fetchone()
    return count, (_("row") + " " + first if first else "")


def quoted(text):
    return str(text).replace("'", "''")
