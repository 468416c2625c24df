"""Sheets of a workbook (xlsx, xls, xlsb, ods) as CSV, which is then read as any other."""

import csv
from contextlib import contextmanager
from datetime import date, datetime

from portfoy.errors import DataError
from portfoy.locale import _


@contextmanager
def _opened(path):
    """The workbook; a DataError where it is none, or where its content is closed by a password."""
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError

    try:
        with CalamineWorkbook.from_path(str(path)) as book:
            yield book
    except PasswordError:
        raise DataError(_("{path}: is closed by a password. Save it without one.").format(path=path)) from None
    except CalamineError:
        raise DataError(_("{path}: is an archive and no workbook. Save it as CSV.").format(path=path)) from None


def sheets(path):
    """The names of the sheets in which something stands."""
    with _opened(path) as book:
        return [name for name in book.sheet_names if book.get_sheet_by_name(name).height]


def as_csv(path, table, sheet, folder):
    """A sheet written into the folder: the one named, else the only one, else the one that is called as the table."""
    names = sheets(path)
    wanted = (sheet or table).strip().lower()
    found = [name for name in names if name.strip().lower() == wanted] or (
        names if len(names) == 1 and not sheet else []
    )
    if not found:
        listed = ", ".join(f"'{name}'" for name in names) or _("nothing in it")
        text = _('{path}: of which sheet is {table}? It has {names}. Say in portfoy.toml: [{table}] sheet = "{first}".')
        raise DataError(text.format(path=path, table=table, names=listed, first=(names or ["Orders"])[0]))
    target = folder / f"{len([*folder.iterdir()])}.csv"
    with _opened(path) as book, target.open("w", encoding="utf-8", newline="") as file:
        found = book.get_sheet_by_name(found[0])
        left = (found.start or (0, 0))[1]  # empty columns at the left
        out = csv.writer(file, lineterminator="\n")
        out.writerows([_text(cell) for cell in row[left:]] for row in _rows(found))
    return target


def _rows(sheet):
    """The rows from the first one on; blank ones at the end are none."""
    blank = 0
    for row in sheet.to_python(skip_empty_area=False):
        if all(cell == "" for cell in row):
            blank += 1
            continue
        yield from [[]] * blank
        blank = 0
        yield row


def _text(cell):
    """A cell as CSV has it: whole numbers without a decimal part, dates as 2026-01-31."""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return int(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(" ", "seconds")
    return cell.isoformat() if isinstance(cell, date) else cell
