"""Dates as exports write them: digits in some order, names of months, days of a spreadsheet, seconds since 1970."""

import re
from datetime import datetime

import ibis

from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.source.labels import fold
from portfoy.source.names import CALENDAR

WORDS = {"MMMM": "%B", "YYYY": "%Y", "YY": "%y", "MMM": "%b", "MM": "%m", "DD": "%d"}
WORDS |= {"HH": "%H", "mm": "%M", "ss": "%S"}
DATE_FORMATS = (
    *("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%Y%m%d", "%Y/%m/%d", "%Y.%m.%d", "%d-%m-%Y", "%m-%d-%Y"),
    *("%d.%m.%y", "%d/%m/%y", "%m/%d/%y", "%d%m%Y", "%m%d%Y"),
)
DIGITS = ("%Y%m%d", "%d%m%Y", "%m%d%Y")  # of digits alone; no number reads as both the first and another
NAMED = "%d %b %Y"  # with the name of the month, in whatever order
NUMBERED = {  # numbers that stand for days: what they look like where nothing says so, and how many a day has
    "spreadsheet days": (r"^[2-6][0-9]{4}([.,][0-9]+)?$", 1),
    "spreadsheet days 1904": (None, 1),
    "unix seconds": (r"^1[0-9]{9}([.,][0-9]+)?$", 86_400),
    "unix milliseconds": (r"^1[0-9]{12}$", 86_400_000),
}
MONTHS = CALENDAR["months"]
_WORD, _GAP, _OF = r"([^\s\d.,/-]+)", r"[\s./,-]*", r"(?:(?:of|de|del)\s+|d')?"
_WEEKDAY = rf"(?:{'|'.join(CALENDAR['days'].split())})"
_BEGIN = rf"^(?:{_WEEKDAY}(?:-feira)?\.?,?\s+)?(?:(?:le|el|il|den|d\.|on|the|em)\s+)?"
_TIME = r"(\d{1,2}):(\d{2})"
_HOUR = (  # behind a day, in small letters: PostgreSQL cannot take both within a longer pattern
    r"(?:[t ,]+|[, ]+(?:at?|à|um|kl\.?|klo|om|às|a las|alle|saat|-) )"
    r"(?:\d{1,2}[:.h]?\d{2}(?:[:.]?\d{2}(?:[.,]\d+)?)?"
    r"(?: ?(?:a\.? ?m\.?|p\.? ?m\.?|öö|ös|oo|os|uhr|h))?|\d{1,2} ?(?:[ap]m|h|uhr))"
    r"(?: ?(?:z|utc|[ecmp][sd]t|[cew]es?t|trt|msk|bst|(?:gmt|utc)?[+-]\d{1,2}(?::?\d{2}){0,2}|gmt))?"
    r"(?: ?(?:\[?[a-z]\w+/\w+\]?|\([a-z ]+\)))?"
)
_CLOCK = _HOUR + "$"
_END = rf"(?:[\s,(]+{_WEEKDAY}\)?)?(?: ?r\.?)?(?:{_HOUR})?$"  # "2026 r." in Polish
_ORDERS = (  # of day, month and year -> year, month, day between signs that no date has
    (rf"{_BEGIN}(\d{{1,2}})(?:st|nd|rd|th|er|º)?{_GAP}{_OF}{_WORD}{_GAP}{_OF}(\d{{4}}|\d{{2}}){_END}", r"=\3=\2=\1"),
    (rf"{_BEGIN}(\d{{4}}){_GAP}{_WORD}{_GAP}(\d{{1,2}}){_END}", r"=\1=\2=\3"),
    (rf"{_BEGIN}{_WORD}{_GAP}(\d{{1,2}})(?:st|nd|rd|th)?[\s./,-]+(\d{{4}}|\d{{2}}){_END}", r"=\3=\1=\2"),
)
_ISO = r"^\d{4}-\d{1,2}-\d{1,2}"
OFFSET = r"\d:\d{2}(?::\d{2}(?:[.,]\d+)?)?\s*(?:[AaPp][Mm]\s*)?(Z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})$"
"""What stands behind a time and says how far it is from UTC."""


@ibis.udf.scalar.builtin(name="try_strptime", signature=(("string", "string"), "timestamp"))
def _try_strptime(text, form):
    """DuckDB's own: the timestamp, or null where the text does not fit."""


@ibis.udf.scalar.builtin(name="split_part", signature=(("string", "string", "int64"), "string"))
def _split_part(text, mark, position):
    """The part of the text before, between or behind a mark."""


@ibis.udf.scalar.builtin(name="strip_accents", signature=(("string",), "string"))
def _strip_accents(text):
    """The text without the signs above and below its letters."""


@ibis.udf.scalar.builtin(name="timezone", signature=(("string", "timestamp"), "timestamp('UTC')"))
def _stamp_of(zone, clock):
    """The moment at which the clocks of a zone show this time."""


@ibis.udf.scalar.builtin(name="timezone", signature=(("string", "timestamp('UTC')"), "timestamp"))
def _clock_of(zone, stamp):
    """What the clocks of a zone show at this moment."""


def day(text):
    """The part of a date and time that holds the day."""
    return _split_part(_split_part(_split_part(text, " ", 1), "T", 1), ",", 1)


def usual(form):
    """Regular expression of days from 1900 on in this form, as `whole` reads them; None where it is not of digits."""
    if form in DIGITS or not re.fullmatch("%[dmY]([-./])%[dmY]\\1%[dmY]", form):
        return None
    digits = {"%d": r"\d{1,2}", "%m": r"\d{1,2}", "%Y": r"(?:19|[2-9]\d)\d\d"}
    pattern = re.sub("%[dmY]", lambda code: digits[code[0]], form.replace(".", r"\."))
    return f"^{pattern}(?:[ T]\\d\\d:\\d\\d(?::\\d\\d)?)?$" if form == DATE_FORMATS[0] else f"^{pattern}$"


def whole(text, form):
    """The day of a text that is as `usual` has it."""
    return text.try_cast("date") if form == DATE_FORMATS[0] else _try_strptime(text, form).cast("date")


def parsed(text, form, zone=None):
    """The day of each text that is written in a form; null where it is not. In the engine.

    Of a stamp that says how far it is from UTC it is the day in the time zone, where one is given.
    """
    if form in NUMBERED:
        return _numbered(text, form, zone)
    if "%b" in form or "%B" in form:
        date = ibis.coalesce(_named(text), _try_strptime(text, form).cast("date"))
    elif form == DATE_FORMATS[0]:  # the engine reads these four times faster by itself, but whatever stands behind them
        longer = ibis.ifelse(text.lower().re_search(_ISO + _CLOCK), day(text).try_cast("date"), ibis.null("date"))
        date = ibis.ifelse(text.re_search(_ISO + "$"), text.try_cast("date"), longer)
    elif " " in form or "T" in form:
        date = _try_strptime(text, form).cast("date")
    else:
        known = ibis.cases((text == day(text), True), else_=text.lower().re_search(f"^[^ t,]+{_CLOCK}"))
        if form in DIGITS[1:]:
            text = text.re_replace(r"^(\d{7})($|\D)", r"0\1\2")
        if form in DIGITS:
            known = known & text.re_search(r"^\d{8}($|\D)")
        date = ibis.ifelse(known, _try_strptime(day(text), form).cast("date"), ibis.null("date"))
    return _local(text, date, zone) if zone else date


def _numbered(text, form, zone):
    first = {"spreadsheet days": "1899-12-30", "spreadsheet days 1904": "1904-01-01"}.get(form, "1970-01-01")
    number = text.replace(",", ".").try_cast("float64")
    sound = number.between(0, NUMBERED[form][1] * 80_000)  # else days and seconds beyond all calendars
    number = ibis.ifelse(sound, number, ibis.null("float64"))
    if zone and form.startswith("unix"):
        seconds = (number * 86_400 / NUMBERED[form][1]).floor().cast("int64")
        moment = ibis.timestamp("1970-01-01 00:00:00") + seconds.as_interval("s")
        return _clock_of(zone, _stamp_of("UTC", moment)).cast("date")
    return (ibis.date(first) + (number / NUMBERED[form][1]).floor().cast("int64").as_interval("D")).cast("date")


def _named(text):
    """The day of a text that names its month; of two short numbers the first is the day.

    Step by step in one chain: an expression that stands in a query many times over is planned as often.
    """
    plain = _strip_accents(fold(text)).translate("łø", "lo")
    for pattern, order in _ORDERS:
        plain = plain.re_replace(pattern, order)
    for number, words in enumerate(MONTHS, 1):
        plain = plain.re_replace(rf"=({'|'.join(words.split())})=", f"={number}=")
    plain = plain.re_replace(r"^=(\d{2})=", r"=20\1=").re_extract(r"^=(\d{4}=\d{1,2}=\d{1,2})$", 1)
    return plain.replace("=", "-").try_cast("date")


def _local(text, date, zone):
    """The day in a time zone of a text that says how far its time is from UTC; of others the day as written."""
    offset = text.re_extract(OFFSET, 1)
    hour, minute = (text.re_extract(_TIME, place).try_cast("int64") for place in (1, 2))
    twelve = text.re_search(r"(?i)\d\s*[ap]m\b")
    hour = ibis.ifelse(twelve, hour % 12 + ibis.ifelse(text.re_search(r"(?i)\d\s*pm\b"), 12, 0), hour)
    digits = offset.re_replace("[^0-9]", "")
    away = digits.substr(0, 2).try_cast("int64") * 60 + digits.substr(2, 2).try_cast("int64").fill_null(0)
    away = ibis.ifelse(offset.startswith("-"), -away, away).fill_null(0)
    clock = date.cast("timestamp") + (hour * 60 + minute - away).as_interval("m")
    return ibis.ifelse(offset.fill_null("") == "", date, _clock_of(zone, _stamp_of("UTC", clock)).cast("date"))


def unusual(table, text):
    """The forms beside `DATE_FORMATS` that read some texts of a column: form -> rows; in one query."""
    forms = [NAMED, *(form for form, (pattern, _parts) in NUMBERED.items() if pattern)]
    texts = table.select(text=text)
    reads = {f"f{place}": _reads(texts.text, form).sum().fill_null(0) for place, form in enumerate(forms)}
    row = texts.agg(**reads).to_pyarrow().to_pylist()[0]
    found = {form: int(row[f"f{place}"]) for place, form in enumerate(forms)}
    return {form: rows for form, rows in found.items() if rows}


def _reads(text, form):
    """Whether a text is a date of an unusual form."""
    return parsed(text, form).notnull() if form == NAMED else text.re_search(NUMBERED[form][0]).fill_null(False)


def strptime_format(text):
    """A date format in strptime's codes, from those or from words such as DD.MM.YYYY."""
    if text in NUMBERED or "%" in text:
        return text
    for word, code in WORDS.items():
        text = text.replace(word, code)
    return text


def is_date_format(text):
    """Whether a date format holds day, month and year, and nothing that is no format; or is one of `NUMBERED`."""
    form, day = strptime_format(text), datetime(2023, 11, 25)
    if form in NUMBERED:
        return True
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
        if form in DIGITS:
            text = text.zfill(8) if form != DIGITS[0] and len(text) == 7 else text
            return text.isdecimal() and len(text) == 8 and datetime.strptime(text, form).year >= 1900
        return datetime.strptime(text, form).year >= 1900
    except ValueError:
        return False
