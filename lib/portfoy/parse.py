"""Columns as found, turned into columns of ours: dates, numbers, ids and flags out of text, in the engine."""

import datetime

import ibis

from portfoy import sniff
from portfoy.contract import DataError, kind_of
from portfoy.locale import _

TRUE = ("1", "true", "t", "yes", "y", "evet", "e", "tak")
NARROW = "\u00a0\u202f"  # blanks that do not break, which French and Polish exports put between thousands
HEAD_ROWS = 10_000  # rows that decide how numbers are written, unless they leave it open


@ibis.udf.scalar.builtin(name="try_strptime", signature=(("string", "string"), "timestamp"))
def _try_strptime(text, form):
    """DuckDB's own: the timestamp, or null where the text does not fit."""


def typed(raw, table, mapping, given, reading):
    """The table with the columns of the contract.

    Parameters
    ----------
    raw : ibis Table
    table : name of the table
    mapping : dict, our column -> their column, or list of theirs that together make ours
    given : settings.Format
    reading : list of text, to which is added how text was read where `given` does not say

    Returns
    -------
    ibis Table
        Transactions always have ``amount`` and also ``raw_ordered_on`` and ``raw_amount``: text that could not be
        read, else null; ``row`` where the source numbers its rows.
    """
    columns = {}
    for ours, theirs in mapping.items():
        where = f"{table}.{ours}"
        kind = kind_of(table, ours)
        if isinstance(theirs, list):
            columns[ours] = _joined([raw[name] for name in theirs])
            continue
        source = raw[theirs]
        if kind == "date":
            columns[ours] = _date(raw, source, given, where, reading)
        elif kind == "number":
            columns[ours] = _number(raw, source, given, where, reading)
        elif kind == "flag":
            columns[ours] = source if source.type().is_boolean() else _text(source).lower().isin(TRUE)
        else:
            columns[ours] = _text(source)
    if table != "transactions":
        return raw.select(**columns)
    columns["amount"] = _amount(columns)
    columns["raw_ordered_on"] = _unread(raw[mapping["ordered_on"]], columns["ordered_on"])
    money = mapping.get("amount", mapping.get("unit_price"))
    columns["raw_amount"] = _unread(raw[money], columns["amount"])
    columns.setdefault("order_id", ibis.null("string"))
    if "portfoy_row" in raw.columns:
        columns["row"] = raw["portfoy_row"]
    return raw.select(**columns)


def _text(column):
    """Text without blanks around it; whole numbers without a decimal part; null where nothing is left."""
    if column.type().is_floating():
        column = ibis.ifelse(column == column.floor(), column.cast("int64").cast("string"), column.cast("string"))
    return column.cast("string").strip().nullif("")


def _joined(columns):
    parts = [_text(column).fill_null("") for column in columns]
    return ibis.literal("-").join(parts) if len(parts) > 1 else parts[0].nullif("")


def _amount(columns):
    """What was paid: the amount, or quantity x unit price less discount; a negative quantity is always a return."""
    quantity = columns.get("quantity")
    if "amount" not in columns:
        discount = columns["discount"].fill_null(0.0) if "discount" in columns else 0.0
        return quantity * columns["unit_price"] - discount
    amount = columns["amount"]
    if quantity is None:
        return amount
    return ibis.ifelse((quantity < 0) & (amount > 0), -amount, amount)


def _unread(source, value):
    return ibis.ifelse(value.isnull(), _text(source), ibis.null("string"))


def _date(raw, source, given, where, reading):
    kind = source.type()
    if kind.is_date():
        return source
    if kind.is_timestamp():
        return source.cast("date")
    text = _text(source)
    if not kind.is_string() and not kind.is_integer():
        raise DataError(
            _("{where}: is of type {kind}; a date is needed. Map a column of dates.").format(where=where, kind=kind)
        )
    form = sniff.strptime_format(given.date_format) if given.date_format else None
    day = text if form and (" " in form or "T" in form) else _day(text)
    if form is None:
        form = sniff.date_format(day_counts(raw, source), where=where)
        if form is None:
            return ibis.null("date")
        if form != sniff.DATE_FORMATS[0]:
            reading.append(_("{where}: dates read as {form}").format(where=where, form=sniff.worded(form)))
    return _parsed_date(day, form)


def _day(text):
    """The part of a date and time that holds the day."""
    return text.re_replace("[ T].*$", "")


def day_counts(raw, source):
    """Days as they are written in a text column -> rows, the commonest first."""
    days = raw.select(day=_day(_text(source)).fill_null("")).group_by("day").agg(rows=lambda t: t.count())
    counts = days.order_by(ibis.desc("rows"), "day").limit(20_000).to_pandas()
    return dict(zip(counts["day"], counts["rows"].tolist(), strict=True))


def _parsed_date(day, form):
    parsed = _try_strptime(day, form).cast("date")
    sound = (parsed >= datetime.date(1900, 1, 1)) & (parsed < datetime.date(2200, 1, 1))
    return ibis.ifelse(sound, parsed, ibis.null("date"))


def _number(raw, source, given, where, reading):
    if source.type().is_numeric():
        number = source.cast("float64")
        return ibis.ifelse(number.isnan() | number.isinf(), ibis.null("float64"), number)
    text = _text(source)
    decimal = given.decimal or _decimal(raw, source, where)
    if decimal == "," and not given.decimal:
        reading.append(_("{where}: numbers read with a decimal comma").format(where=where))
    thousands = given.thousands if given.thousands is not None else (". '" if decimal == "," else ", '")
    plain = text if decimal == "." else ibis.ifelse(text.contains("."), ibis.null("string"), text.replace(",", "."))
    quick = plain.try_cast("float64")
    quick = ibis.ifelse(quick.isnan() | quick.isinf(), ibis.null("float64"), quick)
    return ibis.coalesce(quick, _careful(text, decimal, thousands))


def _careful(text, decimal, thousands):
    """Numbers with grouping, a currency sign, a sign behind or brackets for minus; null where the grouping is odd."""
    negative = text.re_search("^\\(.*\\)$|-\\s*$|^[^0-9]*[-−]")
    digits = text.re_replace(f"[^0-9.,' {NARROW}]", "").re_replace(f"[{NARROW}]", " ").strip()
    sound = digits.re_search(sniff.number_pattern(decimal, thousands)) & ~text.re_search(
        f"[0-9][^0-9.,' {NARROW}]+[0-9]"
    )
    for mark in set(thousands):
        digits = digits.replace(mark, "")
    number = ibis.ifelse(sound, digits.replace(decimal, "."), ibis.null("string")).try_cast("float64")
    return ibis.ifelse(negative, -number, number)


def _decimal(raw, source, where):
    """The decimal sign: decided by the first rows, or by all of them where those leave it open."""
    for rows in (raw.limit(HEAD_ROWS), raw):
        counts = decimal_counts(rows, rows[source.get_name()])
        if counts[0] != counts[1]:
            break
    return sniff.decimal_sign(*counts, where=where)


def decimal_counts(raw, source):
    """Rows of a text column that read with a decimal point, with a decimal comma, and as whole numbers."""
    digits = raw.select(digits=_text(source).re_replace(r"[^0-9.,' ]", "").strip()).digits
    read = digits.as_table().agg(
        dot=digits.re_search(sniff.number_pattern(".", ", '")).sum().fill_null(0),
        comma=digits.re_search(sniff.number_pattern(",", ". '")).sum().fill_null(0),
        plain=digits.re_search(r"^\d+$").sum().fill_null(0),
    )
    return tuple(int(number) for number in read.to_pandas().iloc[0])
