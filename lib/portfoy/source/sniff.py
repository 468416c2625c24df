"""How a file is written: its kind, encoding, delimiter, dates and numbers, found by looking at it."""

import codecs
import contextlib
import csv
import gzip
import io
import itertools
import re
import zlib
from dataclasses import dataclass

from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.source import encodings, header

TAIL = 2**16  # bytes read to find what stands below a table
HEAD = 4 * 2**20  # bytes read to judge a file; a line longer than this is no table


@dataclass(frozen=True)
class TextFile:
    """What is needed to read a delimited text file."""

    encoding: str
    delimiter: str  # one character, or "whitespace"
    names: tuple[str, ...]  # column names, unique
    skip: int  # lines before the first row
    plain: bool  # whether the engine can read it as it stands
    escape: str | None = None  # what stands before a quotation mark inside quotes, where that is not another one
    title: str = ""  # the first line above the header, where it was found below some


def kind(path):
    """ "parquet", "duckdb", "workbook" or "text", from the first bytes.

    DataError where the file is empty, or of SQLite.
    """
    with open(path, "rb") as file:
        head = file.read(16)
    if not head:
        raise DataError(_("{path}: is empty. Export it again.").format(path=path))
    if head[:4] == b"PAR1":
        return "parquet"
    if head[8:12] == b"DUCK":
        return "duckdb"
    if head.startswith(b"SQLite format 3"):
        text = _("{path}: is an SQLite file. Give its address, sqlite://{path}, to portfoy check.")
        raise DataError(text.format(path=path))
    return "workbook" if head[:4] in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0") else "text"


def look(path, given, called=None):
    """Read the head of a text file and find what `given` (a settings.Format) leaves open.

    Gives a TextFile. DataError, in which the file is `called` so, where it is not text, no line ends in the first
    4 MiB, or the encoding or the header does not fit.
    """
    raw, zipped = head(path)
    called = called or path
    if len(raw) >= HEAD and b"\n" not in raw and b"\r" not in raw:
        message = _("{path}: no line ends in {size} MiB. Export it again, one row a line.")
        raise DataError(message.format(path=called, size=HEAD // 2**20))
    encoding = given.encoding or encodings.marked(raw)
    text = encodings.decoded(called, raw, encoding)
    lines = list(itertools.islice(io.StringIO(text, newline=""), 1_000))
    skip = _not_blank(lines, given.skip or 0)
    if skip is None:
        raise DataError(_("{path}: holds only blank lines. Export it again.").format(path=called))
    delimiter = given.delimiter
    if announced := re.fullmatch("sep=(.)", lines[skip].strip('\r\n\ufeff"'), re.IGNORECASE):  # of spreadsheets
        skip, delimiter = _not_blank(lines, skip + 1) or skip + 1, delimiter or announced[1]
    delimiter = "\t" if delimiter == "tab" else delimiter or _delimiter(lines[skip:], given.escape)
    records, starts = _records(lines[skip:], delimiter, given.escape)
    if not records:
        message = _("{path}: its first line is too long for a header. Export it again.")
        raise DataError(message.format(path=called))
    title = header.first(records) if given.header is True and given.skip is None else 0
    above = lines[skip].strip("\r\n\t ,;\ufeff") if title else ""
    skip, records = skip + starts[title], records[title:]
    named = given.header if isinstance(given.header, tuple) else records[0] if given.header else [""] * len(records[0])
    if len(named) != len(records[0]):
        message = _("{path}: the header names {given} columns, the first line has {found}. Name each.")
        raise DataError(message.format(path=called, given=len(named), found=len(records[0])))
    plain = (
        codecs.lookup(encoding).name in ("utf-8", "utf-8-sig", "ascii")
        and delimiter != "whitespace"
        and not given.footer
        and not (encoding == "utf-8-sig" and skip and lines[0].startswith('"'))  # all lines were one
        and zipped == (str(path).endswith(".gz") and "?" not in str(path))  # behind it the engine sees no ending
        and len({line[len(line.rstrip("\r\n")) :] for line in lines if line.endswith(("\r", "\n"))}) <= 1
    )
    names = tuple(_unique(named))
    return TextFile(encoding, delimiter, names, skip + (given.header is True), plain, given.escape, above)


def _not_blank(lines, start):
    """The first line from `start` on in which something stands; None where there is none."""
    texts = enumerate(lines[start:], start)
    return next((place for place, line in texts if line.strip("\r\n\t \ufeff")), None)


def is_escaped(path, look):
    """Whether a backslash stands before quotation marks inside quotes: more lines fit the header so."""
    lines = encodings.decoded(path, head(path)[0], look.encoding).splitlines(keepends=True)[look.skip : 1_000]
    if look.escape or look.delimiter == "whitespace" or not any('\\"' in line for line in lines):
        return False
    as_is, escaped = (_records(lines, look.delimiter, escape)[0] for escape in (None, "\\"))
    fit, more = (sum(len(fields) == len(look.names) for fields in records) for records in (as_is, escaped))
    return more > fit


def tail(path, look):
    """The last records of a file that is not packed, at most 50."""
    with opened(path) as file:
        if isinstance(file, gzip.GzipFile):
            return []
        size = file.seek(0, io.SEEK_END)
        file.seek(max(0, size - TAIL))
        lines = file.read().decode(look.encoding.removesuffix("-sig"), "ignore").splitlines(keepends=True)
    lines = [line for line in lines[size > TAIL :] if line.strip()][-50:]
    return _records(lines, look.delimiter, look.escape)[0]


def opened(path):
    """The bytes of a file, unpacked where it is a gzip file, whatever its name."""
    with open(path, "rb") as file:
        zipped = file.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rb") if zipped else open(path, "rb")


def head(path):
    """The first bytes of what is in the file, and whether it is packed."""
    try:
        with opened(path) as file:
            return file.read(HEAD), isinstance(file, gzip.GzipFile)
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise broken_gzip(path) from None


def broken_gzip(path):
    """The DataError for a packed file that ends too early."""
    return DataError(_("{path}: is not a whole gzip file. Export it again.").format(path=path))


def _records(lines, delimiter, escape=None):
    """The first records as lists of fields, and the line each begins on; a quoted field may go over several lines."""
    if delimiter == "whitespace":
        filled = [place for place, line in enumerate(lines) if line.strip()][:50]
        return [lines[place].split() for place in filled], filled
    records, starts, start = [], [], 0
    style = {"escapechar": escape, "doublequote": False} if escape else {}
    with contextlib.suppress(csv.Error):  # a field of more than 128 KiB
        reader = csv.reader(lines, delimiter=delimiter, **style)
        for fields in itertools.islice(reader, 50 + header.TITLES):
            if fields:
                records.append(fields)
                starts.append(start)
            start = reader.line_num
    return records[:50], starts[:50]


def _delimiter(lines, escape=None):
    """The delimiter that gives the most columns, with the same number of them on nearly every line below a title."""

    def score(delimiter):
        records = _records(lines, delimiter, escape)[0] or [[""]]
        wide = header.width(records)
        counts = [len(fields) for fields in records]
        begins = counts.index(wide) if wide > 1 else 0  # title lines are not as wide as the table
        counts = counts[begins:] if len(counts) - begins > 1 else counts
        steady = sum(count == counts[0] for count in counts) / len(counts)
        return (steady >= 0.9 and counts[0] > 1, not begins, steady * counts[0])

    best = max(",;\t|", key=score)
    if not score(best)[0] and score("whitespace")[0]:
        return "whitespace"
    return best if score(best)[2] > 1 else ","


OURS = "row rows file left_out copies problem key link place first times"  # columns of our own; others give way
RESERVED = {f"portfoy_{name}" for name in OURS.split()}


def _unique(names):
    seen = set(RESERVED)
    for position, name in enumerate(names, 1):
        name = " ".join(name.replace("\0", "").strip("\ufeff").split()) or f"column{position}"
        while name.lower() in seen:  # the engine does not tell upper from lower case in names
            name += "_"
        seen.add(name.lower())
        yield name


def in_row(number):
    """The number of a row in words."""
    return _("row {n}").format(n=int(number))
