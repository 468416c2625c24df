"""Which values each setting of portfoy.toml can have, and the words that say so."""

import difflib
import re
from datetime import date
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.source import dates, encodings

SECTIONS = {"look": ("logo", "accent", "warm"), "lists": ("acted_on",), "monitoring": ("until", "reason", "notes")}
"""The sections that are no table, and their keys."""


def check_keys(path, section, given, known):
    """Raise a DataError for keys that are not known; the nearest known ones are named."""
    named = []
    for key in given:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = " " + _("(did you mean '{near}'?)").format(near=near[0]) if near else ""
            named.append(f"'{section}{key}'{hint}")
    if named:
        text = _("{path}: unknown settings: {named}. Known are: {known}.")
        raise DataError(text.format(path=path, named=", ".join(named), known=", ".join(sorted(known))))


def check_values(path, section, given):
    """Raise a DataError for the first value that its setting cannot have."""
    for key, value in given.items():
        allowed, rule = _rule(key)
        if not allowed(value):
            raise bad_value(path, section + key, value, rule)


def _rule(key):
    """Which values a setting can have: a test of the value, and the words for it."""

    def text(test):
        return lambda value: isinstance(value, str) and test(value)

    rows = _('columns with lists of values, { status = ["paid"] }')
    is_colour, is_section = re.compile("#[0-9a-fA-F]{6}").fullmatch, lambda value: isinstance(value, dict)
    return {
        "amount_per": (text(("line", "order").__contains__), '"line" / "order"'),
        "price_per": (text(("piece", "line").__contains__), '"piece" / "line"'),
        "returns": (text(("net", "drop").__contains__), '"net" / "drop"'),
        "duplicates": (text(("drop", "keep").__contains__), '"drop" / "keep"'),
        "decimal": (text((".", ",", ":").__contains__), '"." / "," / ":"'),
        "thousands": (text(("", ".", ",", "'", " ").__contains__), '"" / "." / "," / "\'" / " "'),
        "debit": (text(("sale", "return").__contains__), '"sale" / "return"'),
        "discount_as": (text(("money", "percent", "share").__contains__), '"money" / "percent" / "share"'),
        "cost_of": (text(("piece", "line").__contains__), '"piece" / "line"'),
        "delimiter": (
            text(lambda value: value in ("tab", "whitespace") or re.fullmatch(r'[^"\r\n]', value)),
            _('one character (no quotation mark), "tab" or "whitespace"'),
        ),
        "encoding": (text(encodings.is_encoding), '"utf-8", "utf-16", "windows-1254", "windows-1250", "cp857" ...'),
        "date_format": (text(dates.is_date_format), _('a date form such as "DD.MM.YYYY" or "%d.%m.%Y"')),
        **dict.fromkeys(("skip", "footer"), (_is_count, _("a number of lines, 0 or more"))),
        "escape": (text(re.compile(r'[^"\r\n]').fullmatch), _("one character (no quotation mark)")),
        "timezone": (text(_is_zone), _('the name of a time zone such as "Europe/Istanbul"')),
        "unfold": (_is_unfold, _('columns with lists of equal length, { nps = ["NPS_2015", "NPS_2016"] }')),
        "header": (_is_header, _("false, or a list of column names")),
        "currency": (text(re.compile("[A-Z]{3}").fullmatch), _('three capital letters, such as "EUR"')),
        "logo": (text(lambda value: value.lower().endswith((".svg", ".png"))), _("a file .svg or .png")),
        **dict.fromkeys(("accent", "warm"), (text(is_colour), _('a colour such as "#0f6b6d"'))),
        "prices": (_is_rate, _("a yearly rate from -0.5 to 2, such as 0.03 for 3 %")),
        **dict.fromkeys(
            ("unknown_customers", "null_words", "acted_on", "fill_down"), (_is_texts, _("a list of texts"))
        ),
        **dict.fromkeys(("as_of", "until"), (_is_day, _("a date such as 2026-06-30"))),
        **{name: (is_section, _("a section, [{table}]").format(table=name)) for name in (*SECTIONS, "notes")},
        "pseudonyms": (lambda value: isinstance(value, bool), "true / false"),
        "join": (_is_join, _('a file and its key, { file = "teams.csv", on = "agent" }, or a list')),
        "keep": (lambda value: _is_lists(value) and all(value.values()), rows),
        "leave_out": (_is_lists, rows),
        "first_of": (
            lambda value: _is_lists(value) and all(value.values()),
            _('columns with lists of theirs, { customer_id = ["Email", "Phone"] }'),
        ),
        "rates": (_is_rates, _("currency codes with what one unit is worth, such as EUR = 48.5")),
        "ignore_in_ids": (
            lambda value: _is_texts(value) and {*value} <= {"case", "letters", "zeros"},
            _('a list of "case", "letters", "zeros"'),
        ),
        "constants": (_is_constants, _('columns with one value each, { channel = "web" }')),
        "values": (
            lambda value: isinstance(value, dict) and all(_is_lists(labels) for labels in value.values()),
            _('labels with lists of words, { outcome = { won = ["Closed Won"] } }'),
        ),
        "ranges": (_is_ranges, _("columns with their lowest and highest value, { nps = [0, 10] }")),
        "test_pattern": (text(_is_pattern), _("a regular expression without look-around or back-references")),
    }.get(key, (text(lambda value: True), _("a text in quotes")))


def _is_count(value):
    return type(value) is int and value >= 0


def _is_zone(value):
    try:
        return bool(ZoneInfo(value))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False


def _is_unfold(value):
    return _is_lists(value) and len({len(each) for each in value.values()}) == 1 and all(value.values())


def _is_rate(value):
    return type(value) in (int, float) and -0.5 <= value <= 2


def _is_rates(value):
    def fits(code, rate):
        return re.fullmatch("[A-Z]{3}", code) and type(rate) in (int, float) and 0 < rate < float("inf")

    return isinstance(value, dict) and all(fits(*one) for one in value.items())


def _is_texts(value):
    return isinstance(value, list) and all(isinstance(text, (str, int, float)) for text in value)


def _is_day(value):
    try:
        return len(str(value)) == 10 and bool(date.fromisoformat(str(value)))
    except ValueError:
        return False


def _is_join(value):
    each = value if isinstance(value, list) else [value]
    return len(each) > 0 and all(isinstance(one, dict) and _is_key(one) for one in each)


def _is_key(join):
    if {*join} - {"sheet"} != {"file", "on"}:
        return False
    on = join["on"] if isinstance(join["on"], list) else [join["on"]]
    return len(on) in (1, 2) and all(isinstance(text, str) for text in (join["file"], join.get("sheet", ""), *on))


def _is_lists(value):
    return isinstance(value, dict) and len(value) > 0 and all(_is_texts(each) for each in value.values())


def _is_constants(value):
    return isinstance(value, dict) and all(isinstance(each, (str, int, float)) for each in value.values())


def _is_ranges(value):
    def fits(ends):
        numbers = isinstance(ends, list) and len(ends) == 2 and all(type(end) in (int, float) for end in ends)
        return numbers and ends[0] < ends[1]

    return isinstance(value, dict) and all(map(fits, value.values()))


def _is_header(value):
    return isinstance(value, bool) or (
        isinstance(value, list) and len(value) > 0 and all(isinstance(name, str) for name in value)
    )


def _is_pattern(value):
    try:
        re.compile(value)
    except re.error:
        return False
    return not re.search(r"\(\?<?[=!P]|\\\d", value)  # the engines do not know these


def bad_value(path, key, value, rule):
    """The DataError for a setting whose value cannot be."""
    return DataError(_("{path}: '{key}' is {value!r}, not {rule}.").format(path=path, key=key, value=value, rule=rule))
