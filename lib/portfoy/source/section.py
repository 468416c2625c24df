"""The lines of a portfoy.toml for one table: how its values are written, its columns, its labels, what is unsure."""

import json
import re
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.source import dates, encodings, header, sniff, workbooks
from portfoy.source.amounts import clean, colons, decimal_counts, decimal_sign
from portfoy.source.aside import folder as folder_aside
from portfoy.source.contract import TABLES, kind_of
from portfoy.source.guess import label_kind, unsure, used_names
from portfoy.source.labels import LABELS
from portfoy.source.look import is_day
from portfoy.source.names import plain
from portfoy.source.settings import Format


def reading(source):
    """The lines that say how dates and numbers are written."""
    written = source.look, source.best
    return [*_date_lines(*written), *_zone_lines(*written), *_decimal_lines(*written)]


def _written(look, best, kind):
    """Their columns of a kind that are text, with ours."""
    columns = [(ours, theirs) for ours, theirs in best.columns.items() if kind_of(best.table, ours) == kind]
    each = [(ours, name) for ours, theirs in columns for name in ([theirs] if isinstance(theirs, str) else theirs)]
    return [(ours, name) for ours, name in each if look.table[name].type().is_string()]


def _date_lines(look, best):
    forms, both_ways = {}, {}
    for ours, theirs in _written(look, best, "date"):
        counts = look.days(theirs, ours == "month")
        read = look.formats(theirs, ours == "month")
        form = max(read, key=read.get)
        if read[form] and form not in dates.DATE_FORMATS:
            forms.setdefault(form, (theirs, next(iter(look.counts(theirs)))))
            continue
        try:
            if form := dates.date_format(counts, where=theirs):
                forms.setdefault(form, (theirs, next(text for text in counts if is_day(text, form))))
        except DataError as error:
            both_ways[theirs] = error
    if len(forms) == 1:  # a column that reads both ways is read as the others are
        [(form, (_first, example))] = forms.items()
        yield f"date_format = {toml(dates.worded(form))}  " + comment(_("as in {example}").format(example=example))
    elif forms:
        ways = ", ".join(f"{theirs} {dates.worded(form)}" for form, (theirs, _example) in forms.items())
        yield comment(_("dates are written in several ways, each column is read in its own: {ways}").format(ways=ways))
    else:
        yield from (comment(f"date_format = ?  # {error}") for error in both_ways.values())


def _zone_lines(look, best):
    for _ours, theirs in _written(look, best, "date"):
        stamp = next((text for text in look.counts(theirs) if re.search(dates.OFFSET, text)), None)
        if stamp:
            text = _("times away from UTC, as in {example}: name the zone whose days count")
            return [f'# timezone = "Europe/Istanbul"  {comment(text.format(example=stamp))}']
    return []


def _decimal_lines(look, best):
    names = [theirs for _ours, theirs in _written(look, best, "number")]
    counts = [decimal_counts(look.sample, look.sample[name]) for name in names]
    money = next((best.columns[ours] for ours in ("amount", "unit_price", "revenue") if ours in best.columns), None)
    if not any(map(any, counts)) and money not in names:
        return
    if money in names and look.sample.agg(colon=colons(clean(look.sample[money]))).to_pyarrow()["colon"][0].as_py():
        yield 'decimal = ":"'
        return
    try:
        dot, comma = (sum(count) for count in zip(*counts, strict=True))
        yield f"decimal = {toml(decimal_sign(dot, comma, where=money if money in names else names[0]))}"
    except DataError as error:
        yield comment(f"decimal = ?  # {error}")


def mapping_lines(source):
    """Our columns and theirs, the labels of those that have some, and what is unsure of each."""
    best, lines = source.best, []
    for ours in TABLES[best.table]:
        if ours in best.columns:
            note = "; ".join(unsure(source.look, best, ours))
            lines.append(f"{ours} = {toml(best.columns[ours])}" + (f"  {comment(note)}" if note else ""))
        elif ours in best.missing:
            lines.append(f"# {ours} = ?  # " + _("needed; no column looks like it"))
    lines += [line for ours in best.columns for line in _labels(source.look, best, ours)]
    left = [name for name in source.look.names if name not in used_names(best.columns)]
    if left:
        text = _("not used: {names}") if best.table == "transactions" else _("kept under their own names: {names}")
        lines.append(comment(text.format(names=", ".join(left))))
    return lines


def _labels(look, best, ours):
    """The line that says what each label of theirs stands for; those that are not understood are left to fill in."""
    kind, theirs = label_kind(best.table, ours), best.columns[ours]
    if kind is None or look.table[theirs].type().is_boolean() or not look.counts(theirs):
        return
    codes = look.coded(kind, theirs, whole=True)
    unknown = codes.pop(None, {})
    labels = [code for code in LABELS[kind] if code in codes or not codes]
    listed = ", ".join(f"{code} = {toml([*codes.get(code, {})])}" for code in labels)
    note = ", ".join(f"{toml(text)} ({rows})" for text, rows in list(unknown.items())[:20])
    note += " ..." if len(unknown) > 20 else ""
    line = f"values.{ours} = {{ {listed} }}"
    line += "  " + comment(_("not understood: {labels}").format(labels=note)) if unknown else ""
    yield line if codes else f"# {line}"


def comment(text):
    """A comment of TOML, which no line end or control code of the text may break."""
    return "# " + "".join(letter if letter.isprintable() else " " for letter in text)


def toml(value):
    """A text, or a list of texts, as TOML writes it."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def opened(path, sheet=None):
    """How the file must be opened, and the lines that say so."""
    given, notes = Format(sheet=sheet), []
    if sniff.kind(path) not in ("text", "workbook"):
        return given, notes
    with TemporaryDirectory(dir=folder_aside()) as folder:
        text = workbooks.as_csv(path, sheet or "", sheet, Path(folder)) if sniff.kind(path) == "workbook" else path
        try:
            look = sniff.look(text, given, path)
        except DataError:
            encoding = encodings.by_letters(sniff.head(text)[0])
            if encoding is None:
                raise
            given = replace(given, encoding=encoding)
            look = sniff.look(text, given, path)
            notes.append(f"encoding = {toml(encoding)}  # " + _("a guess: look at the letters in the names"))
        if look.delimiter != "," and text == path:
            notes.append(f"delimiter = {toml('tab' if look.delimiter == chr(9) else look.delimiter)}")
        if look.title:
            given = replace(given, skip=look.skip - 1)
            said = _("the header is line {n}, below '{title}'").format(n=look.skip, title=look.title[:60])
            notes.append(f"skip = {given.skip}  {comment(said)}")
        if sniff.is_escaped(text, look):
            given = replace(given, escape="\\")
            notes.append(f"escape = {toml(given.escape)}  {comment(_('before quotation marks inside quotes'))}")
        count, line = header.below(sniff.tail(text, look), len(look.names), plain)
        if count:
            given = replace(given, footer=count)
            said = _("lines below the table, the first of them '{line}'").format(line=line[:60])
            notes.append(f"footer = {count}  {comment(said)}")
    return given, notes
