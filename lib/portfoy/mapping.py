"""Draft a portfoy.toml for a file nobody has described yet, from its column names and its values."""

import json
import os
from dataclasses import replace
from pathlib import Path

from portfoy import sniff
from portfoy.contract import REQUIRED, TABLES, DataError
from portfoy.files import embedded, load
from portfoy.locale import _
from portfoy.names import guess
from portfoy.parse import day_counts, decimal_counts
from portfoy.settings import Format

ENCODINGS = ["cp1254", "cp1250", "cp1252"]
SAMPLE = 10_000


def draft(path, *, beside=Path()):
    """The text of a portfoy.toml for one file of transactions.

    Parameters
    ----------
    path : the file
    beside : folder in which the portfoy.toml will stand; the source is named as seen from there

    Returns
    -------
    text : every line says what it rests on; what could not be found is left as a comment to fill in

    Raises
    ------
    DataError : the file is not there or is not a table.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(_("{path}: there is no such file.").format(path=path))
    given, notes = _format(path)
    sample = load(embedded(), "transactions", [path], given).table.limit(SAMPLE)
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
    unused = [name for name in found if name not in _used(columns)]
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
        from charset_normalizer import from_bytes

        with path.open("rb") as file:
            best = from_bytes(file.read(2**18), cp_isolation=ENCODINGS).best()
        if best is None:
            raise
        given = replace(given, encoding=best.encoding)
        look = sniff.look(path, given)
        notes.append(f"encoding = {_text(best.encoding)}  # " + _("a guess: look at the letters in the names"))
    if look.delimiter != ",":
        notes.append(f"delimiter = {_text('tab' if look.delimiter == chr(9) else look.delimiter)}")
    return given, notes


def _columns(sample, found):
    """Our column -> theirs: by name, the date also by value."""
    columns = {ours: theirs for ours in TABLES["transactions"] if (theirs := guess(ours, found))}
    if "quantity" in columns and columns.get("amount") == columns.get("unit_price"):
        columns.pop("amount", None)
    elif columns.get("unit_price") == columns.get("amount"):
        columns.pop("unit_price", None)
    if "ordered_on" not in columns or not _reads_as_date(sample, columns["ordered_on"]):
        columns.pop("ordered_on", None)
        dated = [name for name in found if name not in columns.values() and _reads_as_date(sample, name)]
        if dated:
            columns["ordered_on"] = dated[0]
    if "order_id" not in columns and {"customer_id", "ordered_on"} <= set(columns):
        columns["order_id"] = [columns["customer_id"], columns["ordered_on"]]
    return columns


def _reads_as_date(sample, name):
    if sample[name].type().is_temporal():
        return True
    if not sample[name].type().is_string():
        return False
    counts = day_counts(sample, sample[name])
    read = max(sniff.rows_read(counts).values())
    return read >= 0.9 * sum(counts.values())


def _reading(sample, columns):
    """The lines that say how dates and numbers are written."""
    lines = []
    day = columns.get("ordered_on")
    if day and sample[day].type().is_string():
        counts = day_counts(sample, sample[day])
        try:
            form = sniff.worded(sniff.date_format(counts, where=day))
            lines.append(
                f"date_format = {_text(form)}  # " + _("as in {example}").format(example=next(filter(None, counts), ""))
            )
        except DataError as error:
            lines.append(f"# date_format = ?  # {error}")
    money = columns.get("amount", columns.get("unit_price"))
    if money and sample[money].type().is_string():
        try:
            sign = sniff.decimal_sign(*decimal_counts(sample, sample[money]), where=money)
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


def _used(columns):
    return {name for theirs in columns.values() for name in (theirs if isinstance(theirs, list) else [theirs])}


def _text(value):
    return json.dumps(value, ensure_ascii=False)
