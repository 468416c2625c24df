"""How a file is written: its kind, encoding, delimiter, dates and numbers, found by looking at it."""

import codecs
import csv
import gzip
import itertools
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from portfoy.contract import DataError
from portfoy.locale import _

HEAD = 4 * 2**20  # bytes read to judge a file; a line longer than this is no table
DELIMITERS = {"tab": "\t", "\\t": "\t"}
WORDS = (("YYYY", "%Y"), ("YY", "%y"), ("MM", "%m"), ("DD", "%d"))
DATE_FORMATS = (
    "%Y-%m-%d",
    "%d.%m.%Y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%Y%m%d",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%d.%m.%y",
    "%d/%m/%y",
    "%m/%d/%y",
)


@dataclass(frozen=True)
class TextFile:
    """What is needed to read a delimited text file."""

    encoding: str
    delimiter: str  # one character, or "whitespace"
    names: tuple[str, ...]  # column names, unique
    skip: int  # header lines


def kind(path):
    """ "parquet", "duckdb" or "text", from the first bytes; what is none of them is refused.

    Raises
    ------
    DataError : the file is empty, a spreadsheet, or not text.
    """
    with open(path, "rb") as file:
        head = file.read(4096)
    if not head:
        raise DataError(_("{path}: is empty; a table has a header line and rows. Export it again.").format(path=path))
    if head[:4] == b"PAR1":
        return "parquet"
    if head[8:12] == b"DUCK":
        return "duckdb"
    if head[:4] in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0"):
        raise DataError(
            _("{path}: is a spreadsheet or an archive; portfoy reads text tables. Save the sheet as CSV.").format(
                path=path
            )
        )
    if head[:2] == b"\x1f\x8b" or head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "text"
    control = sum(byte < 32 and byte not in b"\t\n\r\f\x1a" for byte in head)
    if control > len(head) / 100:
        raise DataError(
            _(
                "{path}: is not a text table ({share:.0%} of its first bytes are control codes); "
                "portfoy reads CSV, Parquet and DuckDB files. Export the table as CSV."
            ).format(path=path, share=control / len(head))
        )
    return "text"


def look(path, given):
    """Read the head of a text file and find what `given` (a settings.Format) leaves open.

    Returns
    -------
    TextFile

    Raises
    ------
    DataError : no line ends in the first 4 MiB, the encoding does not fit, or there is only one column.
    """
    raw = _head(path)
    if len(raw) >= HEAD and b"\n" not in raw and b"\r" not in raw:
        raise DataError(
            _("{path}: no line ends in its first {size} MiB; a table has one row a line. Export it again.").format(
                path=path, size=HEAD // 2**20
            )
        )
    encoding = _encoding(path, raw, given.encoding)
    text = codecs.getincrementaldecoder(encoding)("replace").decode(raw)
    lines = [line for line in itertools.islice(text.splitlines(), 200) if line.strip()]
    if not lines:
        raise DataError(_("{path}: holds no rows, only blank lines. Export it again.").format(path=path))
    delimiter = DELIMITERS.get(given.delimiter, given.delimiter) or _delimiter(lines)
    if delimiter != "whitespace" and len(delimiter) != 1:
        raise DataError(
            _('{path}: delimiter {given!r} is not one character; it must be one, or "tab", or "whitespace".').format(
                path=path, given=given.delimiter
            )
        )
    first = split(lines[0], delimiter)
    names = list(given.header) if isinstance(given.header, tuple) else first
    if len(names) != len(first):
        raise DataError(
            _("{path}: header names {given} columns but the first line has {found}. List one name a column.").format(
                path=path, given=len(names), found=len(first)
            )
        )
    return TextFile(encoding, delimiter, tuple(_unique(names)), 0 if isinstance(given.header, tuple) else 1)


def split(line, delimiter):
    """The fields of one line."""
    if delimiter == "whitespace":
        return line.split()
    return next(csv.reader([line.rstrip("\r\n")], delimiter=delimiter))


def _head(path):
    opener = gzip.open if Path(path).suffix == ".gz" else open
    try:
        with opener(path, "rb") as file:
            return file.read(HEAD)
    except (EOFError, gzip.BadGzipFile):
        raise DataError(_("{path}: is not a whole gzip file. Export it again.").format(path=path)) from None


def _encoding(path, raw, given):
    try:
        encoding = codecs.lookup(given).name if given else None
    except LookupError:
        raise DataError(
            _('{path}: encoding {given!r} is not known; try "utf-8", "windows-1254" or "windows-1250".').format(
                path=path, given=given
            )
        ) from None
    if encoding is None:
        encoding = "utf-16" if raw[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8"
    if encoding == "utf-8" and raw.startswith(codecs.BOM_UTF8):
        encoding = "utf-8-sig"
    try:
        codecs.getincrementaldecoder(encoding)().decode(raw)
    except UnicodeDecodeError as error:
        raise not_in(path, encoding, error.start) from None
    return encoding


def not_in(path, encoding, position):
    """The DataError for a byte that the encoding does not have."""
    return DataError(
        _(
            "{path}: is not {encoding} text at byte {position}. Name its encoding in portfoy.toml: "
            'encoding = "windows-1254" (Turkish), "windows-1250" (Polish) or "windows-1252" (Western Europe).'
        ).format(path=path, encoding=encoding.removesuffix("-sig").upper(), position=position)
    )


def _delimiter(lines):
    """The delimiter that gives the most columns, with the same number of them on nearly every line."""

    def score(delimiter):
        counts = [len(split(line, delimiter)) for line in lines[:50]]
        steady = sum(count == counts[0] for count in counts) / len(counts)
        return (steady >= 0.9 and counts[0] > 1, steady * counts[0])

    best = max(",;\t|", key=score)
    if not score(best)[0] and score("whitespace")[0]:
        return "whitespace"
    return best if score(best)[1] > 1 else ","


def _unique(names):
    seen = set()
    for position, name in enumerate(names, 1):
        name = name.strip().lstrip("\ufeff") or f"column{position}"
        while name.lower() in seen:  # the engine does not tell upper from lower case in names
            name += "_"
        seen.add(name.lower())
        yield name


def strptime_format(text):
    """A date format in strptime's codes, from those or from words such as DD.MM.YYYY."""
    if "%" not in text:
        for word, code in WORDS:
            text = text.replace(word, code)
    return text


def date_format(counts, *, where):
    """The date format that reads the most rows, of `counts` (text of the day -> rows); None when none reads any.

    Raises
    ------
    DataError : day and month cannot be told apart by any value.
    """
    read = rows_read(counts)
    best = max(read, key=read.get)
    if not read[best]:
        return None
    rival = next((form for form in read if form != best and read[form] == read[best]), None)
    if rival:
        example = next(text for text in counts if _is_date(text, best))
        raise DataError(
            _(
                "{where}: day and month cannot be told apart ({example!r} and all other dates read both ways). "
                'Say which in portfoy.toml: date_format = "{one}" or "{other}".'
            ).format(where=where, example=example, one=worded(best), other=worded(rival))
        )
    return best


def rows_read(counts):
    """How many rows each known date format reads, of `counts` (text of the day -> rows)."""
    return {form: sum(rows for text, rows in counts.items() if _is_date(text, form)) for form in DATE_FORMATS}


def worded(form):
    """A strptime format in words: %d.%m.%Y is DD.MM.YYYY."""
    for word, code in WORDS:
        form = form.replace(code, word)
    return form


def _is_date(text, form):
    try:
        return 1900 <= datetime.strptime(text, form).year < 2200
    except ValueError:
        return False


def number_pattern(decimal, thousands):
    """Regular expression of a number: digits, strictly in threes where any of `thousands` groups them, and decimals."""
    mark, group = re.escape(decimal), re.escape(thousands)
    grouped = rf"|\d{{1,3}}([{group}]\d{{3}})+" if thousands else ""
    return rf"^((\d+{grouped})({mark}\d*)?|{mark}\d+)$"


def decimal_sign(dot, comma, plain, *, where):
    """ "." or ",", from the numbers of rows that read with each (`plain`: whole numbers, which read with both).

    Raises
    ------
    DataError : there are separators, yet every value reads both ways (1.234 may be one or a thousand).
    """
    if max(dot, comma) > plain and dot == comma:
        raise DataError(
            _(
                "{where}: every amount reads with a decimal point and with a decimal comma. "
                'Say which in portfoy.toml: decimal = "," or decimal = "."'
            ).format(where=where)
        )
    return "," if comma > dot else "."
