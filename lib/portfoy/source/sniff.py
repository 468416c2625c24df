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
from datetime import datetime

from portfoy.errors import DataError
from portfoy.locale import _

HEAD = 4 * 2**20  # bytes read to judge a file; a line longer than this is no table
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark is the beginning of this one
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
WORDS = {"YYYY": "%Y", "YY": "%y", "MMM": "%b", "MM": "%m", "DD": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}
DATE_FORMATS = (
    *("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%Y%m%d", "%Y/%m/%d", "%Y.%m.%d", "%d-%m-%Y", "%m-%d-%Y"),
    *("%d.%m.%y", "%d/%m/%y", "%m/%d/%y"),
)


@dataclass(frozen=True)
class TextFile:
    """What is needed to read a delimited text file."""

    encoding: str
    delimiter: str  # one character, or "whitespace"
    names: tuple[str, ...]  # column names, unique
    skip: int  # lines before the first row
    plain: bool  # whether the engine can read it as it stands


def kind(path):
    """ "parquet", "duckdb" or "text", from the first bytes.

    DataError where the file is empty or a spreadsheet.
    """
    with open(path, "rb") as file:
        head = file.read(16)
    if not head:
        raise DataError(_("{path}: is empty. Export it again.").format(path=path))
    if head[:4] == b"PAR1":
        return "parquet"
    if head[8:12] == b"DUCK":
        return "duckdb"
    if head[:4] in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0"):
        raise DataError(_("{path}: is a spreadsheet or an archive. Save it as CSV.").format(path=path))
    return "text"


def look(path, given):
    """Read the head of a text file and find what `given` (a settings.Format) leaves open.

    Gives a TextFile. DataError where it is not text, no line ends in the first 4 MiB, or the encoding or the header
    does not fit.
    """
    raw, zipped = head(path)
    if len(raw) >= HEAD and b"\n" not in raw and b"\r" not in raw:
        message = _("{path}: no line ends in {size} MiB. Export it again, one row a line.")
        raise DataError(message.format(path=path, size=HEAD // 2**20))
    encoding = given.encoding or _encoding(raw)
    text = _decoded(path, raw, encoding)
    lines = list(itertools.islice(io.StringIO(text, newline=""), 1_000))
    skip = next((count for count, line in enumerate(lines) if line.strip("\r\n\t \ufeff")), None)
    if skip is None:
        raise DataError(_("{path}: holds only blank lines. Export it again.").format(path=path))
    delimiter = given.delimiter
    if announced := re.fullmatch("sep=(.)", lines[skip].strip("\r\n\ufeff")):  # a line only spreadsheets write
        skip, delimiter = skip + 1, delimiter or announced[1]
    delimiter = "\t" if delimiter == "tab" else delimiter or _delimiter(lines[skip:])
    records = _records(lines[skip:], delimiter)
    if not records:
        message = _("{path}: its first line is too long for a header. Export it again.")
        raise DataError(message.format(path=path))
    named = given.header if isinstance(given.header, tuple) else records[0] if given.header else [""] * len(records[0])
    if len(named) != len(records[0]):
        message = _("{path}: the header names {given} columns, the first line has {found}. Name each.")
        raise DataError(message.format(path=path, given=len(named), found=len(records[0])))
    plain = (
        codecs.lookup(encoding).name in ("utf-8", "utf-8-sig", "ascii")
        and delimiter != "whitespace"
        and zipped == (str(path).endswith(".gz") and "?" not in str(path))  # behind it the engine sees no ending
        and len({line[len(line.rstrip("\r\n")) :] for line in lines if line.endswith(("\r", "\n"))}) <= 1
    )
    return TextFile(encoding, delimiter, tuple(_unique(named)), skip + (given.header is True), plain)


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


def is_encoding(name):
    """Whether a text encoding of that name is known."""
    try:
        "a".encode(name)
    except (LookupError, ValueError):
        return False
    return name.isascii()


def _encoding(raw):
    """The encoding that the first bytes give away: by a byte order mark, or by every second byte being zero."""
    for mark, encoding in BYTE_ORDER_MARKS:
        if raw.startswith(mark):
            return encoding
    return "utf-16-le" if raw[1:1000:2].count(0) > 0.8 * len(raw[1:1000:2]) and raw[0] else "utf-8"


def _decoded(path, raw, encoding):
    control = sum(byte < 32 and byte not in b"\t\n\r\f\x1a" for byte in raw[:4096])
    if not codecs.lookup(encoding).name.startswith(("utf-16", "utf-32")) and control > len(raw[:4096]) / 100:
        text = _("{path}: is no text table ({share:.0%} of its first bytes are control codes). Export it as CSV.")
        raise DataError(text.format(path=path, share=control / len(raw[:4096])))
    try:
        return codecs.getincrementaldecoder(encoding)().decode(raw)
    except UnicodeError as error:
        raise not_in(path, encoding, getattr(error, "start", 0)) from None


def not_in(path, encoding, position):
    """The DataError for a byte that the encoding does not have."""
    text = _(
        "{path}: is not {encoding} text at byte {position}. Say in portfoy.toml: encoding = "
        '"windows-1254" (Turkish), "windows-1250" (Polish) or "windows-1252" (Western Europe).'
    )
    return DataError(text.format(path=path, encoding=encoding.removesuffix("-sig").upper(), position=position))


def _records(lines, delimiter):
    """The first records as lists of fields; a quoted field may go over several lines."""
    if delimiter == "whitespace":
        return [line.split() for line in lines[:50] if line.strip()]
    records = []
    with contextlib.suppress(csv.Error):  # a field of more than 128 KiB
        records.extend(fields for fields in itertools.islice(csv.reader(lines, delimiter=delimiter), 50) if fields)
    return records


def _delimiter(lines):
    """The delimiter that gives the most columns, with the same number of them on nearly every line."""

    def score(delimiter):
        counts = [len(fields) for fields in _records(lines, delimiter)] or [1]
        steady = sum(count == counts[0] for count in counts) / len(counts)
        return (steady >= 0.9 and counts[0] > 1, steady * counts[0])

    best = max(",;\t|", key=score)
    if not score(best)[0] and score("whitespace")[0]:
        return "whitespace"
    return best if score(best)[1] > 1 else ","


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


def strptime_format(text):
    """A date format in strptime's codes, from those or from words such as DD.MM.YYYY."""
    for word, code in ({} if "%" in text else WORDS).items():
        text = text.replace(word, code)
    return text


def is_date_format(text):
    """Whether a date format holds day, month and year, and nothing that is no format."""
    form = strptime_format(text)
    day = datetime(2023, 11, 25)
    try:
        return not re.search("[A-Za-z]{2}", re.sub("%[a-zA-Z]", "", form)) and (
            datetime.strptime(day.strftime(form), form).date() == day.date()
        )
    except (ValueError, re.error):
        return False


def date_format(counts, *, where):
    """The date format that reads the most rows, of `counts` (text of the day -> rows); None when none reads any.

    DataError where day and month cannot be told apart by any value, or as many values say one thing as the other.
    """
    read = rows_read(counts)
    best = max(read, key=read.get)
    if not read[best]:
        return None
    rival = next((form for form in read if form != best and read[form] == read[best]), None)
    if rival:
        dates = [text for text in counts if _is_date(text, best)]
        clash = next((text for text in dates if not _is_date(text, rival)), None)
        message = (
            _("{where}: day and month cannot be told apart ({example!r} and all other dates read both ways). ")
            if clash is None
            else _("{where}: as many dates read only as {one} ({example!r}) as read only as {other}. ")
        ) + _('Say which in portfoy.toml: date_format = "{one}" or "{other}".')
        raise DataError(message.format(where=where, example=clash or dates[0], one=worded(best), other=worded(rival)))
    return best


def is_day_number(text):
    """Whether a text is a date as spreadsheets count days: 45292 is 2024-01-01."""
    return re.fullmatch(r"[2-6]\d{4}([.,]\d+)?", text) is not None


def rows_read(counts):
    """How many rows each known date format reads, of `counts` (text of the day -> rows)."""
    common = list(counts)[:200]  # a format that reads none of the commonest values is not the one
    likely = {form: counts if any(_is_date(text, form) for text in common) else {} for form in DATE_FORMATS}
    return {form: sum(rows for text, rows in some.items() if _is_date(text, form)) for form, some in likely.items()}


def worded(form):
    """A strptime format in words: %d.%m.%Y is DD.MM.YYYY."""
    for word, code in WORDS.items():
        form = form.replace(code, word)
    return form


def _is_date(text, form):
    try:
        return datetime.strptime(text, form).year >= 1900 and (form != "%Y%m%d" or len(text) == 8)
    except ValueError:
        return False
