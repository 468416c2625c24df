"""Columns as found, turned into columns of ours: dates, numbers, ids and flags out of text, in the engine."""

import datetime
import re
from functools import reduce

import ibis

from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.source import amounts, dates, ids, lines
from portfoy.source.contract import TABLES, kind_of
from portfoy.source.labels import CODED, YES, fold, folded, text_of, words
from portfoy.source.servers import held
from portfoy.words.style import shorten


def mapping(table, found, said):
    """Our column -> theirs: as portfoy.toml has `said`, else the column of the same name."""
    names = {name.strip().lower(): name for name in found}
    found_as = {ours: names[ours] for ours in TABLES[table] if ours in names}
    if table != "transactions":
        taken = {
            name.strip().lower()
            for theirs in said.values()
            for name in ([theirs] if isinstance(theirs, str) else theirs)
        }
        for name in [name for name in found if name not in found_as.values() and name.strip().lower() not in taken]:
            found_as[_attribute_safe(name, [*found_as, "row", "left_out"])] = name
    absent = []
    for ours, theirs in said.items():
        listed = theirs if isinstance(theirs, list) else [theirs]
        absent += [f"{ours} = '{name}'" for name in listed if name.strip().lower() not in names]
        listed = [names.get(name.strip().lower()) for name in listed]
        found_as[ours] = listed if isinstance(theirs, list) else listed[0]
    if absent:
        text = _("{table}: portfoy.toml maps {absent}; the columns are {found}. Correct the names.")
        raise DataError(
            text.format(table=table, absent=", ".join(absent), found=", ".join(f"'{name}'" for name in found[:30]))
        )
    return found_as


def _attribute_safe(name, taken):
    safe = re.sub(r"\W+", "_", name.strip().lower()).strip("_") or "column"
    safe = f"own_{safe}" if safe.startswith(("unread_", "portfoy_")) else safe  # names that we use ourselves
    while safe in taken:
        safe += "_"
    return safe


def typed(raw, table, mapping, given, reading):
    """The table with the columns of the contract, out of those that `mapping` names (our column -> theirs, or a list).

    How text was read where the Format `given` does not say is added to `reading`. ``row`` stands beside them where the
    source numbers its rows, ``left_out`` where portfoy.toml leaves rows out. Transactions always have ``amount``, and
    ``raw_ordered_on`` and ``raw_amount``, text that could not be read, else null; ``copies`` where rows repeat one
    another. Other tables have such text of any date, number, flag or label as ``unread_`` and its name.
    """
    row = {name: raw[f"portfoy_{name}"] for name in ("row", "left_out", "copies") if f"portfoy_{name}" in raw.columns}
    second = _beside(raw, given) if table == "transactions" else None
    other = [ours for ours in mapping if second and mapping[ours] == second]  # whose sign is the other one
    second = second if "amount" in mapping and not other else None
    columns = {ours: _found(raw, theirs, kind_of(table, ours), given, ours) for ours, theirs in mapping.items()}
    columns |= {"portfoy_second": _found(raw, second, "number", given, "amount")} if second else {}
    parts = {}
    for ours in (ours for ours in mapping if kind_of(table, ours) == "number" and isinstance(mapping[ours], list)):
        each = {f"portfoy_{ours}_{place}": name for place, name in enumerate(mapping[ours])}
        columns |= {part: _found(raw, name, "number", given, ours) for part, name in each.items()}
        parts[ours] = [*each]
    if "month" in columns and columns["month"].type().is_string():  # 2025-03 is its first day
        columns["month"] = text_of(columns["month"]).re_replace("^([0-9]{4}-[0-9]{2})$", r"\1-01")
    found = raw.select([column.name(name) for name, column in (columns | row).items()])  # no keywords: "self" is one
    numbers = [name for ours in mapping if kind_of(table, ours) == "number" for name in parts.get(ours, [ours])]
    columns, hints = {}, amounts.hints_of(found, numbers)
    unread = {}
    for ours in mapping:
        where, kind = f"{table}.{ours}", CODED.get(ours, kind_of(table, ours))
        if kind == "date":
            columns[ours] = _date(found, found[ours], given, where, reading)
        elif ours == "amount" and second:
            columns[ours] = lines.of_two(found, [ours, "portfoy_second"], given, reading)
        elif ours in parts:
            columns[ours] = _sum(found, parts[ours], given, where, reading, hints)
        elif kind == "number":
            columns[ours] = amounts.number(found, found[ours], given, where, reading, hints.get(ours))
            if table == "transactions" and ours in given.ranges:
                columns[ours] = columns[ours].between(*given.ranges[ours]).ifelse(columns[ours], None)
            columns[ours] = -columns[ours] if ours in other else columns[ours]
        elif kind in ("flag", *CODED.values()):
            columns[ours] = _label(found[ours], kind, given.values.get(ours, ()))
        else:
            columns[ours] = found[ours]
            continue
        if table != "transactions" and (kind != "flag" or not found[ours].type().is_boolean()):
            unread[f"unread_{ours}"] = ibis.ifelse(columns[ours].isnull(), text_of(found[ours]), ibis.null("string"))
    if table != "transactions":
        return found.select([column.name(name) for name, column in (columns | unread).items()] + [*row])
    raw = {f"raw_{name}": found[name] for name in ("ordered_on", "amount", *lines.PRICED) if name in mapping}
    if second:
        raw["raw_amount"] = text_of(found.amount).fill_null("") + " " + text_of(found.portfoy_second).fill_null("")
    columns.setdefault("order_id", ibis.null("string"))
    log = held(found.select(**columns, **raw, **{name: found[name] for name in row}))
    log = lines.with_money(log, mapping, given, reading, turned="amount" in other)
    log = log.mutate(
        raw_ordered_on=ibis.ifelse(log.ordered_on.isnull(), text_of(log.raw_ordered_on), ibis.null("string")),
        raw_amount=ibis.ifelse(log.amount.isnull(), lines.unread(log, mapping), ibis.null("string")),
    )
    return log.drop(*(f"raw_{name}" for name in lines.PRICED if name in mapping))


def _sum(found, parts, given, where, reading, hints):
    """Numbers in several columns added up, an empty one as nothing; null where one of them does not read."""
    each = []
    for part in parts:
        number = amounts.number(found, found[part], given, where, reading, hints.get(part))
        each.append(ibis.ifelse(text_of(found[part]).isnull(), 0.0, number))
    return reduce(lambda one, other: one + other, each)


def _beside(raw, given):
    """Their column of credits, or of signs, that the amount is read with; None where portfoy.toml names none."""
    wanted = given.sign or given.credit
    found = next((name for name in raw.columns if wanted and name.lower() == wanted.strip().lower()), None)
    if wanted and not found:
        text = _("transactions: portfoy.toml names '{name}' beside the amount, which is no column. Correct the name.")
        raise DataError(text.format(name=wanted))
    return found


def read_ids(raw, mapping, given):
    """The ids of the order lines, by which tables belong together, as `typed` reads them."""
    return raw.select(**{ours: _found(raw, mapping[ours], "id", given, ours) for ours in ids.LINKS if ours in mapping})


def _found(raw, theirs, kind, given, ours):
    """Their column, or several joined; text is trimmed, and what we want as text becomes text.

    Dates and numbers stay as they are: only the odd ones are trimmed, as they are read. Null words are nothing, and the
    words that portfoy.toml lists under a label are that label.
    """
    said = given.values.get(ours, {})
    if isinstance(theirs, list):
        parts = [text_of(_known(raw[name], given)) for name in theirs]
        column = reduce(lambda one, other: one + "-" + other, parts)  # missing where one of them is
    else:
        column = _known(raw[theirs], given)
        if said or kind in ("id", "text") or (column.type().is_string() and kind not in ("date", "number")):
            column = text_of(column)
    if not said:
        return column
    return ibis.cases(*((fold(column).isin(_plain(theirs)), label) for label, theirs in said.items()), else_=column)


def _known(column, given):
    """The column without the words that stand for nothing, whatever its type."""
    if not given.null_words:
        return column
    return ibis.ifelse(fold(text_of(column)).isin(_plain(given.null_words)), ibis.null(column.type()), column)


def _plain(texts):
    return [folded(str(text)) for text in texts]


def _label(column, kind, named):
    """The flag or the label, of ours or `named`, that a word stands for; null where it is not understood."""
    flag = kind == "flag"
    if flag and column.type().is_boolean():
        return column
    text = fold(column if column.type().is_string() else text_of(column))
    cases = [(text.isin(said), ours == YES if flag else ours) for ours, said in words(kind).items()]
    cases += [(text == folded(label), label) for label in named if label not in words(kind)]
    return ibis.cases(*cases, else_=ibis.null("boolean" if flag else "string"))


def _date(raw, source, given, where, reading):
    kind = source.type()
    if kind.is_date():
        return _sound(source)
    if kind.is_timestamp():
        return _sound(source.cast("date"))
    if not (kind.is_string() or kind.is_numeric() or kind.is_null()):
        raise DataError(_("{where}: is of type {kind}. Map a column of dates.").format(where=where, kind=kind))
    if given.date_format:
        return _read(source, dates.strptime_format(given.date_format), given.timezone)
    text = text_of(source)
    counts = day_counts(raw, source)
    form = dates.date_format(counts, where=where)
    if form is None or dates.rows_read(counts)[form] < sum(rows for day, rows in counts.items() if day) / 2:
        unusual = dates.unusual(raw, text)
        form = max(unusual, key=unusual.get, default=form)
    if form is None:
        _refuse(counts, where, text)
        return ibis.null("date")
    if form != dates.DATE_FORMATS[0]:
        reading.append(_("{where}: dates read as {form}").format(where=where, form=dates.worded(form)))
    if not given.timezone and (away := _away(raw, text)):
        said = _('{where}: days as written, of several time zones ({example}); timezone = "..." counts those of one')
        reading.append(said.format(where=where, example=away))
    return _read(source, form, given.timezone)


def _read(source, form, zone):
    """The days of a column that are written in a form; those with nothing beside them need no second look."""
    day, usual = _sound(dates.parsed(text_of(source), form, zone)), dates.usual(form)
    if zone or not usual or not source.type().is_string():
        return day
    return ibis.ifelse(source.re_search(usual), dates.whole(source, form), day)


def _refuse(counts, where, source):
    """Raise a DataError where there are values of the `source` and none is a date."""
    values = [text for text in counts if text]
    if values:
        whole = source.min(where=dates.day(text_of(source)) == values[0]).to_pyarrow().as_py()
        message = _(
            "{where}: no value reads as a date ({example!r}); known are {known}. Map another, "
            'or write in portfoy.toml: date_format = "DD MMM YYYY".'
        )
        raise DataError(
            message.format(
                where=where, example=shorten(whole, 40), known=", ".join(map(dates.worded, dates.DATE_FORMATS))
            )
        )


def _away(raw, text):
    """A stamp among the first rows that says how far it is from UTC."""
    head = raw.select(text=text).limit(amounts.HEAD_ROWS)
    return head.text.min(where=head.text.re_search(dates.OFFSET)).to_pyarrow().as_py()


def day_counts(raw, source):
    """Days as they are written in a text column -> rows, the commonest first."""
    texts = raw.select(text=source).group_by("text").agg(rows=lambda t: t.count())
    days = (
        texts.mutate(day=dates.day(text_of(texts.text)).fill_null("")).group_by("day").agg(rows=lambda t: t.rows.sum())
    )
    counts = days.order_by(ibis.desc("rows"), "day").limit(20_000).to_pandas()
    return dict(zip(counts["day"], counts["rows"].tolist(), strict=True))


def _sound(day):
    """The date, or null outside of the years 1900 to 9999: programs write 0001-01-01 and the like for "none"."""
    sound = (day >= datetime.date(1900, 1, 1)) & (day <= datetime.date(9999, 12, 31))
    return ibis.ifelse(sound, day, ibis.null("date"))
