"""A run as one Excel workbook: its contents, its headline figures, then a sheet for each list and each table.

Whatever comes from data is written as text, never as a formula or a link. Numbers stand as they are stored, to be
counted on with; how many digits of them are shown goes by what they are.
"""

import re
from datetime import date
from io import BytesIO

from portfoy.locale import _
from portfoy.report import figures, overview
from portfoy.report.changes import currency_of
from portfoy.words.codes import said_as

FORMATS = {
    "money": "#,##0.00",
    "share": "0.0%",
    "change": "+0.0%;-0.0%;0.0%",
    "number": "#,##0.00",
    "decimal": "0.000",
    "points": "0.0",
    "date": "yyyy-mm-dd",
    "count": "#,##0",
    "text": "@",
}
HEAD = {"bold": True, "text_wrap": True, "valign": "top", "bottom": 1, "num_format": "@"}
ROWS, TEXT = 1_048_575, 32_767  # below the headings of a sheet, and in a cell: more Excel cannot hold


def write(path, record, tables):
    """Write the workbook of a run, from its record and the lists and tables of each stage by its name."""
    import xlsxwriter

    never = {"strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(made := BytesIO(), {"in_memory": True, **never})
    formats = {kind: book.add_format({"num_format": text}) for kind, text in FORMATS.items()}
    formats["head"] = book.add_format(HEAD)
    taken = {"history"}  # which Excel keeps for itself
    contents, headline = (_Sheet(book, _named(name, taken), formats) for name in (_("Contents"), _("Figures")))
    listed = [
        (stage, table, _named(table["name"], taken)) for stage in record["stages"] for table in tables[stage["name"]]
    ]
    _contents(contents, record, listed)
    _figures(headline, record)
    for stage, table, name in listed:
        _table(_Sheet(book, name, formats), table, currency_of(record, stage))
    book.close()
    path.write_bytes(made.getvalue())


def _named(name, taken):
    """A name that Excel allows for a sheet, and no other sheet has."""
    plain = re.sub(r"[\[\]:*?/\\']", " ", name).strip() or "-"
    found, number = plain[:31], 2
    while found.lower() in taken:
        found, number = f"{plain[:25].strip()} ({number})", number + 1
    taken.add(found.lower())
    return found


def _contents(sheet, record, listed):
    """Where everything is, and where it comes from."""
    sheet.head([(_("Report"), 24), (_("Section"), 40), (_("Table"), 48), (_("Rows"), 8), (_("Sheet"), 31)])
    for stage, table, name in listed:
        caption, rows = table.get("caption") or table["text"] or table["name"], len(table["rows"])
        if rows > ROWS:
            caption = _("{table} (all rows in its CSV; a sheet holds {n})").format(table=caption, n=ROWS)
        sheet.row([figures.short_title(stage), table["section"], caption, rows], link=name)
    about = [(_("Firm"), record["source"]), (_("Day"), record["as_of"]), (_("Currency"), record["currency"])]
    for fact in [(), *about, *overview.provenance(record, record["stages"])]:
        sheet.row(fact)


def _figures(sheet, record):
    """The headline figures, with what they were a year and half a year before."""
    texts, numbers = [(_("Report"), 24), (_("Figure"), 32)], [_("Value"), _("From"), _("To")]
    numbers += [_("A year before"), _("Half a year before")]
    sheet.head([*texts, *((name, 16) for name in numbers), (_("Unit"), 10), (_("What it means"), 60)])
    for stage in record["stages"]:
        for figure in stage["figures"]:
            past = [(figure.get(name) or {}).get("value") for name in ("year", "half")]
            values = [figure["value"], figure["low"], figure["high"], *past]
            unit = currency_of(record, stage) if figure["unit"] == "money" else figure["unit"]
            cells = [figures.short_title(stage), figures.label(figure), *values, unit, figure["note"]]
            sheet.row(cells, ["text", "text", *[figure["unit"]] * 5, "text", "text"])


def _table(sheet, table, currency):
    """A list or a table: readable headings, values as they are stored."""
    shown = [(place, *head) for place, head in enumerate(table["heads"]) if head and head[1] != "hidden"]
    unit = table["columns"].index("unit") if "unit" in table["columns"] else None  # of what has one of its own a row
    heads = []
    for place, label, kind in shown:
        texts = [len(row[place]) for row in table["rows"][:200] if isinstance(row[place], str)]
        label = f"{label} ({currency})" if kind == "money" and currency else label
        heads.append((label, min(max(12, len(label) // 2, *texts) + 2, 60)))
    sheet.head(heads)
    codes = {place: table["columns"][place] for place, _label, kind in shown if kind == "code"}
    for row in table["rows"][:ROWS]:
        said = [said_as(codes[place], row[place]) if place in codes else row[place] for place, *_head in shown]
        sheet.row(said, [row[unit] if kind == "figure" else kind for *_head, kind in shown])


class _Sheet:
    """A sheet that is written row by row."""

    def __init__(self, book, name, formats):
        self.sheet, self.next, self.formats = book.add_worksheet(name), 0, formats

    def head(self, heads):
        """The headings, (text, width) each, which stay in sight."""
        for place, (text, width) in enumerate(heads):
            self.sheet.set_column(place, place, width)
            self.sheet.write_string(0, place, text, self.formats["head"])
        self.sheet.freeze_panes(1, 0)
        self.next = 1

    def row(self, values, kinds=(), link=""):
        """A row; `kinds` of its values as tables have them, a `link` to another sheet behind them."""
        for place, value in enumerate(values):
            if value is not None:
                self._cell(place, value, kinds[place] if kinds else "count")
        if link:
            self.sheet.write_url(self.next, len(values), f"internal:'{link}'!A1", string=link)
        self.next += 1

    def _cell(self, place, value, kind):
        at, formats = (self.next, place), self.formats
        if isinstance(value, bool):
            self.sheet.write_boolean(*at, value)
        elif not isinstance(value, str):
            whole = kind not in formats or (kind == "number" and isinstance(value, int))
            self.sheet.write_number(*at, value, formats["count" if whole else kind])
        elif kind == "date" and re.fullmatch(r"(19|[2-9]\d)\d\d-\d\d-\d\d", value):  # Excel has no days before 1900
            self.sheet.write_datetime(*at, date.fromisoformat(value), formats["date"])
        else:
            self.sheet.write_string(*at, value[:TEXT], formats["text"])
