"""Numbers out of text: decimal points and commas, groups of three, currency signs, brackets for minus."""

import re

import ibis

from portfoy.errors import DataError
from portfoy.locale import _

NARROW = "\u00a0\u202f"  # blanks that do not break, which French and Polish exports put between thousands
UNITS = r"(?i)[0-9]\s*(k|m|b|mn|mio|mln|mrd|bn|bin|tys|tsd|milyon)\.?\s*$|[<>~]|[a-z]-[0-9]"  # 5k is not 5, <5 neither
HEAD_ROWS = 10_000  # rows that decide how numbers are written, unless they leave it open


def number(raw, source, given, where, reading, marks):
    if source.type().is_numeric():
        number = source.cast("float64")
        return ibis.ifelse(number.isnan() | number.isinf(), ibis.null("float64"), number)
    if not (source.type().is_string() or source.type().is_null()):
        raise DataError(_("{where}: is of type {kind}. Map a numeric column.").format(where=where, kind=source.type()))
    text = source.cast("string")
    decimal = given.decimal or {".": ",", ",": "."}.get(given.thousands) or _decimal(raw, text, where, marks)
    if decimal == "," and not given.decimal:
        reading.append(_("{where}: numbers read with a decimal comma").format(where=where))
    thousands = given.thousands if given.thousands is not None else (". '" if decimal == "," else ", '")
    plain = text if decimal == "." else ibis.ifelse(text.contains("."), ibis.null("string"), text.replace(",", "."))
    quick = plain.try_cast("float64")
    return ibis.cases(
        (text.isnull() | quick.isnan() | quick.isinf(), ibis.null("float64")),
        (quick.isnull(), _careful(text, decimal, thousands)),  # in a branch, so that only odd rows pay for it
        else_=quick,
    )


def _careful(text, decimal, thousands):
    """Numbers with grouping, a currency sign, a sign behind or brackets for minus; null where the grouping is odd."""
    negative = text.re_search("\\(.*[0-9].*\\)|-\\s*$|^[^0-9]*[-−]")
    digits = text.re_replace(f"[^0-9.,' {NARROW}]", "").re_replace(f"[{NARROW}]", " ").strip()
    odd = text.re_search(f"%|[0-9][^0-9.,' {NARROW}]+[0-9]") | text.re_search(UNITS)  # shares; two numbers in one
    sound = digits.re_search(number_pattern(decimal, thousands)) & ~odd
    for mark in set(thousands):
        digits = digits.replace(mark, "")
    number = ibis.ifelse(sound, digits.replace(decimal, "."), ibis.null("string")).try_cast("float64")
    return ibis.ifelse(negative, -number, number)


def _decimal(raw, source, where, marks):
    """The decimal sign: decided by the first rows, or by all of them where those leave it open."""
    dot, comma, whole = marks
    if dot == comma and not whole:
        dot, comma = decimal_counts(raw, source)
    return decimal_sign(dot, comma, where=where)


def marks_of(found, names, given):
    """For each column of numbers written as text what its first rows say, and whether they are all; in one query."""
    names = [name for name in names if found[name].type().is_string() or found[name].type().is_null()]
    if not names or given.decimal or given.thousands in (",", "."):
        return {}
    head = found.select(**{name: found[name].cast("string") for name in names}).limit(HEAD_ROWS)
    reads = {f"{name} {sign}": _reads(head[name], sign).sum() for name in names for sign in (".", ",")}
    row = head.agg(rows=head.count(), **reads).to_pyarrow().to_pylist()[0]
    return {name: (row[f"{name} ."] or 0, row[f"{name} ,"] or 0, row["rows"] < HEAD_ROWS) for name in names}


def _reads(text, sign):
    """Whether a text holds a point or a comma and reads as a number with this decimal sign."""
    digits = text.re_replace(r"[^0-9.,' ]", "").strip()
    grouping = ", '" if sign == "." else ". '"
    return (text.contains(".") | text.contains(",")) & digits.re_search(number_pattern(sign, grouping))


def decimal_counts(raw, source):
    """Of the rows whose text holds a point or a comma, how many read with a decimal point, how many with a comma."""
    texts = raw.select(text=source)
    marked = texts.filter(texts.text.contains(".") | texts.text.contains(","))
    read = marked.agg(**{sign: _reads(marked.text, sign).sum().fill_null(0) for sign in (".", ",")})
    return tuple(int(number) for number in read.to_pandas().iloc[0])


def number_pattern(decimal, thousands):
    """Regular expression of a number: digits, strictly in threes where any of `thousands` groups them, and decimals."""
    mark, group = re.escape(decimal), re.escape(thousands)
    grouped = rf"|\d{{1,3}}([{group}]\d{{3}})+" if thousands else ""
    return rf"^((\d+{grouped})({mark}\d*)?|{mark}\d+)$"


def decimal_sign(dot, comma, *, where):
    """ "." or ",", from the numbers of rows that read with each; a DataError where they do not tell (1.234)."""
    if dot == comma > 0:
        text = _('{where}: decimal points and commas are equally frequent. Say in portfoy.toml: decimal = "," or "."')
        raise DataError(text.format(where=where))
    return "," if comma > dot else "."
