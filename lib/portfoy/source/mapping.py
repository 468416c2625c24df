"""Draft a portfoy.toml for a file nobody has described yet, from its column names and its values."""

import json
import os
from dataclasses import replace
from pathlib import Path

from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.source import sniff
from portfoy.source.contract import REQUIRED, TABLES
from portfoy.source.files import embedded, load, readable
from portfoy.source.names import guess
from portfoy.source.numbers import decimal_counts, decimal_sign
from portfoy.source.parse import day_counts
from portfoy.source.settings import Format

LETTERS = {
    "windows-1254": "çğıöşüâîûÇĞİÖŞÜÂÎÛ",
    "windows-1250": "ąćęłńóśźżĄĆĘŁŃÓŚŹŻ",
    "windows-1252": "àáâãäåæçèéêëìíîïñòóôõöøœùúûüÿßÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØŒÙÚÛÜ",
}
"""Letters that make an encoding likely: those of Turkish, of Polish, of Western Europe."""

SAMPLE = 10_000


def draft(path, *, beside=Path()):
    """The text of a portfoy.toml for one file of transactions, which it names as seen from the folder `beside`.

    Every line says what it rests on; what could not be found is left as a comment to fill in.
    """
    path = Path(path)
    with readable(path, ValueError):
        if not path.is_file():
            raise DataError(_("{path}: there is no such file.").format(path=path))
        given, notes = _format(path)
        return _draft(path, load(embedded(), "transactions", [path], given).table.limit(SAMPLE), notes, beside)


def _draft(path, sample, notes, beside):
    found = [name for name in sample.columns if name != "portfoy_row"]
    columns = _columns(sample, found)
    source = Path(os.path.relpath(path.resolve(), beside.resolve())).as_posix()
    lines = [
        "# " + _("Drafted from {name}; read every line, then run: portfoy check portfoy.toml").format(name=path.name),
        f"source = {_text(source)}",
        '# currency = "EUR"  # ' + _("the three letters of your money"),
        *notes,
        *_reading(sample, columns),
    ]
    if isinstance(columns.get("order_id"), list):
        note = _("without order numbers, equal rows may be two purchases of the same thing")
        lines.append(f'duplicates = "keep"  # {note}')
    lines += ["", "[transactions]", *_mapping_lines(columns)]
    used = {name for theirs in columns.values() for name in (theirs if isinstance(theirs, list) else [theirs])}
    unused = [name for name in found if name not in used]
    if unused:
        lines.append("# " + _("not used: {names}").format(names=", ".join(unused)))
    return "\n".join(lines) + "\n"


def _format(path):
    """How the file must be opened, and the lines that say so."""
    given = Format()
    if sniff.kind(path) != "text":
        return given, []
    notes = []
    try:
        look = sniff.look(path, given)
    except DataError:
        likely = _likely_encoding(path)
        if likely is None:
            raise
        given = replace(given, encoding=likely)
        look = sniff.look(path, given)
        notes.append(f"encoding = {_text(likely)}  # " + _("a guess: look at the letters in the names"))
    if look.delimiter != ",":
        notes.append(f"delimiter = {_text('tab' if look.delimiter == chr(9) else look.delimiter)}")
    return given, notes


def _likely_encoding(path):
    """The encoding under which most letters beyond a-z are those of one language; None when none has any."""
    raw, _zipped = sniff.head(path)
    letters = {
        encoding: sum(letter in known for letter in raw.decode(encoding, "replace"))
        for encoding, known in LETTERS.items()
    }
    best = max(letters, key=letters.get)
    return best if letters[best] else None


def _columns(sample, found):
    """Our column -> theirs: by name, the date also by value."""
    columns = {ours: theirs for ours in TABLES["transactions"] if (theirs := guess(ours, found))}
    if "quantity" in columns and columns.get("amount") == columns.get("unit_price"):
        columns.pop("amount", None)
    elif columns.get("unit_price") == columns.get("amount"):
        columns.pop("unit_price", None)
    by_name = _share_of_dates(sample, columns["ordered_on"]) if "ordered_on" in columns else 0.0
    if by_name is not None and by_name < 0.5:
        columns.pop("ordered_on", None)
        dated = [name for name in found if name not in columns.values() and (_share_of_dates(sample, name) or 0) >= 0.9]
        if dated:
            columns["ordered_on"] = dated[0]
    if "order_id" not in columns and {"customer_id", "ordered_on"} <= set(columns):
        columns["order_id"] = [columns["customer_id"], columns["ordered_on"]]
    return columns


def _share_of_dates(sample, name):
    """How many of the values that are there are dates, 0-1; None where there is no value."""
    if sample[name].type().is_temporal():
        return 1.0
    if not sample[name].type().is_string() and not sample[name].type().is_integer():
        return 0.0
    counts = day_counts(sample, sample[name])
    there = sum(rows for text, rows in counts.items() if text)
    return max(sniff.rows_read(counts).values()) / there if there else None


def _reading(sample, columns):
    """The lines that say how dates and numbers are written."""
    lines = []
    day = columns.get("ordered_on")
    if day and sample[day].type().is_string():
        counts = day_counts(sample, sample[day])
        try:
            form = sniff.date_format(counts, where=day)
            if form:
                example = _("as in {example}").format(example=next(filter(None, counts)))
                lines.append(f"date_format = {_text(sniff.worded(form))}  # {example}")
        except DataError as error:
            lines.append(f"# date_format = ?  # {error}")
    money = columns.get("amount", columns.get("unit_price"))
    if money and sample[money].type().is_string():
        try:
            sign = decimal_sign(*decimal_counts(sample, sample[money]), where=money)
            lines.append(f"decimal = {_text(sign)}")
        except DataError as error:
            lines.append(f"# decimal = ?  # {error}")
    return lines


def _mapping_lines(columns):
    lines = []
    for ours in TABLES["transactions"]:
        if ours in columns:
            lines.append(f"{ours} = {_text(columns[ours])}")
        elif ours in REQUIRED["transactions"] and not (ours == "amount" and {"quantity", "unit_price"} <= set(columns)):
            lines.append(f"# {ours} = ?  # " + _("needed; no column looks like it"))
    return lines


def _text(value):
    return json.dumps(value, ensure_ascii=False)
