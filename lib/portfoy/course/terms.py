"""The words of the course: what each term means, and how it is said in Turkish and in Polish."""

import csv
from pathlib import Path

from portfoy.errors import DataError
from portfoy.locale import _

COLUMNS = ["term", "turkish", "polish", "definition"]


def glossary(path=None):
    """The terms of the course, or of another CSV file of that form, in alphabetical order whatever the case.

    A DataFrame, one row per term: ``term`` in English; ``turkish``, ``polish`` the same term; ``definition`` one
    sentence. A DataError says that it cannot be read, that a column or a cell is missing, or a term stands there twice.
    """
    import pandas as pd

    path = Path(path or Path(__file__).with_name("terms.csv"))
    terms = pd.DataFrame(_rows(path), columns=COLUMNS)
    _check(terms, path.name)
    return terms.sort_values("term", key=lambda column: column.str.casefold(), ignore_index=True)


def _rows(path):
    """The lines of the file below its header, as lists of cells without the space around them."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            lines = [([cell.strip() for cell in row], reader.line_num) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        text = _("{file}: cannot be read: {reason}. Give CSV in UTF-8.")
        raise DataError(text.format(file=path.name, reason=reason.rstrip("."))) from None
    (header, _first), *lines = lines or [([], 1)]
    if header != COLUMNS:
        text = _("{file}: has columns {found}, not {wanted}. Mend the first line.")
        raise DataError(text.format(file=path.name, found=", ".join(header) or _("none"), wanted=", ".join(COLUMNS)))
    for cells, number in lines:
        if len(cells) not in (0, len(COLUMNS)):
            said = _("{file}: line {line} has {n} cells, not {wanted}. Quote text with a comma.")
            raise DataError(said.format(file=path.name, line=number, n=len(cells), wanted=len(COLUMNS)))
    return [cells for cells, _number in lines if cells]


def _check(terms, file):
    """One line about empty cells, or about terms that stand there twice."""
    empty = [
        f"{row.term or _('row {n}').format(n=number)} ({column})"
        for number, row in enumerate(terms.itertuples(), start=1)
        for column in COLUMNS
        if not getattr(row, column)
    ]
    if empty:
        text = _("{file}: empty cells: {cells}. Fill them in.")
        raise DataError(text.format(file=file, cells=", ".join(empty)))
    folded = terms["term"].str.casefold()
    if len(twice := sorted(set(terms["term"][folded.duplicated()]))):
        text = _("{file}: twice: {terms}. Keep one.")
        raise DataError(text.format(file=file, terms=", ".join(twice)))
