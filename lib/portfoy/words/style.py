"""How things look: numbers, money and dates in words, and the colours."""

import html
import math
import re
import string
from decimal import localcontext
from functools import partial

import pandas as pd

from portfoy.locale import _, language, plural
from portfoy.words.codes import said_as

INK, MUTED, GRID, PAPER = "#1f2a37", "#667382", "#d9dee5", "#fefefe"
ACCENT, SECOND, WARM, PALE = "#0f6b6d", "#5b8fb9", "#c4622d", "#a9cfcd"

SMALLEST, MOST = 1e-8, 999e12  # money that is written digit by digit, and the most that languages have a word for
_JOIN = "\u2060"  # keeps what stands left and right of it on one line
NO_MATH = "mathjax_ignore"  # a notebook would read what stands between two $ as a formula


def number(value, digits=0):
    """A number with grouped thousands, as the language in use writes it; a dash where it is missing."""
    from babel.numbers import format_decimal

    if is_missing(value):
        return "–"
    pattern = f"#,##0.{'0' * digits}" if digits else "#,##0"
    with localcontext(prec=330):  # the largest number has 309 digits, and babel rounds in decimals
        return _minus(format_decimal(round(float(value), digits) + 0.0, pattern, language()))


def money(value, currency, *, compact=False, digits=None):
    """Money with its currency code: TRY 1,234 (TRY 12.34 below a hundred, TRY 0.0012 below a hundredth).

    `compact` gives three digits from ten thousand on, TRY 1.23M; `digits` that many at any size: two are TRY 1,200.
    """
    if is_missing(value):
        return "–"
    decimals = places(value) if 0 < abs(value) < 100 else 0
    if value and (digits or (compact and abs(value) >= 10_000)):
        kept = digits or 3
        value = round(float(value), kept - 1 - _tens(value))
        decimals = min(max(kept - 1 - _tens(value), 0), places(value)) if value % 1 else 0
    if (compact or digits) and abs(value) >= 10_000:
        from babel.numbers import format_compact_decimal

        decimals, whole = max(kept - 1 - _tens(value) % 3, 0), min(max(value, -MOST), MOST)
        figure = _minus(format_compact_decimal(whole, locale=language(), fraction_digits=decimals))
        if whole != value:  # no word is left: so many trillions, their thousands grouped
            figure = re.sub(r"^\D?[\d.,]+", lambda _found: number(value / 1e12), figure)
    else:
        figure = number(value, decimals)
    return f"{currency}\u00a0{figure}" if currency else figure


def price(value, currency):
    """Money that the reader gave or must recognise, to the hundredth: TRY 129.90, TRY 20."""
    if is_missing(value):
        return "–"
    decimals = places(value)
    return f"{currency}\u00a0{number(value, decimals if round(value, decimals) % 1 else 0)}".lstrip("\u00a0")


def places(value):
    """Decimals of an amount: to the hundredth; of less the first two digits, down to the smallest part of a coin."""
    return 2 if not SMALLEST <= abs(value) < 0.01 else min(1 - _tens(value), 8)


def _tens(value):
    return math.floor(math.log10(abs(value)))


def share(value, digits=1):
    """A share of 0-1 as per cent."""
    from babel import Locale
    from babel.numbers import format_percent

    if is_missing(value):
        return "–"
    pattern = Locale.parse(language()).percent_formats[None].pattern  # Turkish has the sign in front
    if digits:
        pattern = pattern.replace("##0", f"##0.{'0' * digits}")
    return _minus(format_percent(round(float(value), digits + 2) + 0.0, pattern, language()))


def _minus(figure):
    """A figure with a true minus, which is as wide as a plus."""
    return figure.replace("-", "\u2212")


def day(value):
    """A date as the language in use writes it: 30 Jun 2026."""
    from babel.dates import format_date

    if is_missing(value):
        return "–"
    return format_date(pd.Timestamp(value).date(), "d MMM y", locale=language())


def month(value):
    """A month as the language in use writes it: June 2026."""
    from babel.dates import format_date

    return format_date(pd.Timestamp(value).date(), "LLLL y", locale=language())


def writer(unit, currency="", *, compact=True):
    """A function that writes a figure of a unit: money, share, number, points, days, change, count."""
    return {
        "money": lambda value: money(value, currency, compact=compact),
        "share": share,
        "number": lambda value: number(value, 2),
        "points": lambda value: number(value, 1),
        "days": _days,
        "change": change,
    }.get(unit, number)


def change(value, digits=1):
    """A relative change with its sign: +12.3%."""
    sign = "+" if not is_missing(value) and round(value, digits + 2) > 0 else ""
    return sign + share(value, digits)


def _days(value):
    figure = number(value)
    return figure if is_missing(value) else plural("{n} day", "{n} days", round(value)).format(n=figure)


def _months(value):
    return plural("{n} month", "{n} months", round(value)).format(n=number(value))


def between(low, high, write):
    """An interval on one line, its unit once: 15–47%, TRY 20.6–24.2K; blanks round the dash if a bound is below 0.

    Thousands and millions stay on both sides of nought, TRY −74K – 290K, or the first would read as −74.
    """
    if is_missing(low) or is_missing(high):
        return "–"
    first, last = write(low), write(high)
    before, after = (re.search(unit, first)[0] for unit in (r"^[^\d+\u2212]*", r"[^\d]*$"))
    if before and last.startswith(before):
        last = last.removeprefix(before)
    if after and last.endswith(after) and not (before and low < 0 < high):
        first = first.removesuffix(after)
    dash = " – " if low < 0 or high < 0 else "–"
    return _JOIN.join([first, dash, last]).replace(" ", "\u00a0")


def level(confidence):
    """The confidence of an interval in words: 95 %, 99.5 %."""
    return share(confidence, next((n for n in (0, 1) if abs(round(confidence, n + 2) - confidence) < 1e-9), 2))


def sampled(confidence):
    """What the intervals of money are that customers bring, in a sentence."""
    text = _("Intervals ({level}) see customers as a sample, and are too narrow where a few of them are very large.")
    return text.format(level=level(confidence))


def lately(months):
    """The time that the last months are, 0 all of it: stands after a comma in a subtitle."""
    if not months:
        return _("all months")
    return plural("last month", "last {n} months", months).format(n=months)


def shorten(text, limit=28):
    """A name that fits: blanks folded, the end cut off where it is longer than `limit`."""
    text = " ".join(str(text).split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def coded(row):
    """A row with the words of its group, trait and level, short enough for a sentence."""
    return {**row, **{name: shorten(said_as(name, row[name])) for name in ("group", "trait", "level") if name in row}}


def is_missing(value):
    """Whether a value is None, not a number, or not a time."""
    return value is None or (isinstance(value, float) and not math.isfinite(value)) or pd.isna(value)


class _Sentence(string.Formatter):
    """Fills a template whose fields say how their value is written: {customers:count}, {revenue:money}, {n:share}."""

    def __init__(self, template, values, currency):
        self.values, self.currency = values, currency
        named = {name for _text, name, kind, _ in self.parse(template) if kind in ("money", "figure")}
        amounts = {values[name] for name in named if not name.endswith("_interval")}
        self.digits = 2 if len({money(amount, "", digits=2) for amount in amounts}) == len(amounts) else 3

    def get_value(self, key, args, kwargs):
        if key.endswith("_interval"):
            name = key.removesuffix("_interval")
            return self.values[f"{name}_low"], self.values[f"{name}_high"]
        return self.values[key]

    def format_field(self, value, spec):
        if not spec:
            return str(value)
        write = self.writers()[spec]
        if not isinstance(value, tuple):
            return write(value)
        if spec == "money" and write(value[0]) == write(value[1]):  # two digits do not tell the bounds apart
            return between(*value, lambda bound: money(bound, self.currency, digits=3))
        return between(*value, write)

    def writers(self):
        short, unit = partial(money, currency=self.currency, digits=self.digits), self.values.get("unit")
        return {
            "count": number,
            "number": lambda value: number(value, 1),
            "ratio": lambda value: number(value, 2),
            "money": short,
            "price": lambda value: price(value, self.currency),
            "share": lambda value: share(value, 0),
            "change": lambda value: change(value, 0),
            "days": _days,
            "months": _months,
            "day": day,
            "month": month,
            "figure": short if unit == "money" else writer(unit),
        }


def say(template, values, *, currency=""):
    """A sentence, a Reading, from a whole template with typed fields.

    In the `template` ``{name:kind}`` writes the value of that name in `values` (a mapping, such as a row of a table),
    ``{name_interval:kind}`` the interval from ``name_low`` to ``name_high``. Kinds: count, number, ratio, money (in
    `currency`, two digits; three for amounts or bounds that two do not tell apart), price (as it was given), share
    (whole per cent), change (the same, signed), days, months (so many), day (a date), month, figure (in the unit that
    the value ``unit`` names); without a kind, text as it is.
    """
    return Reading(_Sentence(template, values, currency).format(template))


def plain_number(value):
    """A value as JSON can hold it."""
    if is_missing(value):
        return None
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    value = value.item() if hasattr(value, "item") else value
    if not isinstance(value, float):
        return value
    return round(value, 6 if abs(value) >= 1 or value == 0 else min(5 - _tens(value), 15))


class Reading(str):
    """A sentence that reads a table or a figure; shown as a paragraph in which nothing is markup."""

    def _repr_html_(self):
        return f'<p class="pf-reading {NO_MATH}">{html.escape(self)}</p>'

    def __repr__(self):
        return str(self)


def measure(column):
    """What a sentence or a figure calls a column that customers are ranked by."""
    return {"revenue": _("revenue"), "margin": _("margin")}.get(column, column)
