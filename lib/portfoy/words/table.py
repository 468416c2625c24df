"""Tables to look at: headings in words, numbers as the language writes them, intervals beside their estimate."""

import html
import re
from itertools import zip_longest

import pandas as pd

from portfoy.locale import _
from portfoy.words import style
from portfoy.words.codes import said_as
from portfoy.words.labels import columns

MOST = 20  # columns whose numbers stand on the right: a class of the table says it once for all cells of a column
RIGHT = ",".join(f".r{place} :is(td,th):nth-child({place})" for place in range(1, MOST + 1))
STYLE = (  # in a notebook; a page has a style of its own
    "<style>.pf-table table{border-collapse:collapse}.pf-table th,.pf-table td{text-align:left;vertical-align:top}"
    f"{RIGHT}{{text-align:right}}</style>"
)
NARROW = 3  # columns that fit side by side on a phone


class Table:
    """A table for a notebook or a report: a caption, and formatted cells in which nothing is markup.

    ``numbers``: the columns that stand on the right; ``stored``: the table itself, as `stored` gives it.
    """

    def __init__(self, caption, texts, numbers, stored=None):
        self.caption, self.texts, self.numbers, self.stored = caption, texts, numbers, stored or {}

    def html(self):
        """The table with its caption, without a style: it takes that of the page or the notebook, light or dark."""
        heads = dict(zip(self.stored.get("columns", []), self.stored.get("heads", []), strict=True))
        who = (heads.get("customer_id") or ("",))[0]
        marks = [' class="who"' if name == who else "" for name in self.texts]
        right = " ".join(f"r{place}" for place, name in enumerate(self.texts, start=1) if name in self.numbers)

        def row(cells, tag):
            made = [f"<{tag}{mark}>{html.escape(cell)}</{tag[:2]}>" for cell, mark in zip(cells, marks, strict=True)]
            return f"<tr>{''.join(made)}</tr>\n"

        head = row(self.texts, 'th scope="col"')
        body = "".join(row(cells, "td") for cells in self.texts.itertuples(index=False, name=None))
        caption = f"<figcaption>{html.escape(self.caption)}</figcaption>"
        wide = len(self.texts.columns) > NARROW
        kind = f'wide {style.NO_MATH}" style="{html.escape(_heads(self.texts))}' if wide else style.NO_MATH
        return (
            f'<figure class="pf-table {kind}" tabindex="0">{caption}'
            f'<table class="{right}"><thead>{head}</thead><tbody>{body}</tbody></table></figure>'
        )

    def _repr_html_(self):
        return STYLE + self.html()

    def __repr__(self):
        return f"{self.caption}\n{self.plain()}"

    def plain(self):
        """The table as lines of text, for a terminal."""
        return "\n".join(aligned([list(self.texts), *self.texts.to_numpy().tolist()]))


def _heads(names):
    """The headings as variables of a style, each written once: a phone stacks the cells and says them beside each."""
    quoted = (" ".join(re.sub(r'["\\]', r"\\\g<0>", name).split()) for name in names)
    return ";".join(f'--h{place}:"{name}"' for place, name in enumerate(quoted, start=1))


def aligned(rows, indent=""):
    """Rows of texts as lines, column below column; a row may be shorter than others."""
    widths = [max(map(len, column)) for column in zip_longest(*rows, fillvalue="")]
    return [indent + "  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]


def show(table, caption, *, currency="", labels=None, kinds=None, whole=None):
    """A table to look at: headings in words, numbers as the language writes them, intervals beside their estimate.

    A column ``x`` with ``x_low`` and ``x_high`` beside it is shown as one column with its interval; columns missing in
    every row are left out; one that is not in `columns` goes by its own name.

    Parameters
    ----------
    table : DataFrame
    caption : what the table shows, also to screen readers
    currency : code of the money, for its headings
    labels, kinds : dict, column -> heading or kind, where they differ from `columns`
    whole : DataFrame, optional; what the file of the table holds, where a part of it is shown

    Returns
    -------
    Table, which shows itself; what is not possible is given back as it is, and says why
    """
    if hasattr(type(table), "reason"):
        return table
    table = table.rename(columns=str)
    texts, right, heads = pd.DataFrame(index=table.index), [], _named(table, labels or {}, kinds or {})
    for name, (label, kind) in heads.items():
        if kind == "hidden" or _bounded(table, name) != name:
            continue
        if kind == "money" and currency:
            label = f"{label} ({currency})"
        if label in texts:
            label = f"{label} ({name})"
        texts[label] = _cells(table, name, kind, currency)
        if kind not in ("text", "code", "sentence"):
            right.append(label)
    if whole is not None:
        table = whole.rename(columns=str)
        heads = _named(table, labels or {}, kinds or {})
    return Table(caption, texts, right, stored(table, heads))


def _named(table, labels, kinds):
    """Heading and kind of each column but those that are missing in every row; a bound has those of its estimate."""
    known, heads = columns(), {}
    bounds = {"_low": _("{label}, from"), "_high": _("{label}, to")}
    for name in table.columns:
        if len(table) and table[name].isna().all():
            continue
        whole = _bounded(table, name)
        label, kind = known.get(whole, (whole, _kind(table[whole])))
        text = bounds.get(name.removeprefix(whole), "{label}")
        heads[name] = (text.format(label=labels.get(whole, label)), kinds.get(whole, kind))
    return heads


def _bounded(table, name):
    """The column that a column is a bound of, else its own name."""
    whole, _line, end = name.rpartition("_")
    return whole if end in ("low", "high") and whole in table else name


def stored(table, heads=None):
    """A table as JSON can hold it: ``columns``; ``heads``, heading and kind of each, None where not shown; ``rows``."""
    heads = _named(table.rename(columns=str), {}, {}) if heads is None else heads
    rows = [[style.plain_number(value) for value in row] for row in table.itertuples(index=False, name=None)]
    names = [str(name) for name in table.columns]
    return {"columns": names, "heads": [heads.get(name) for name in names], "rows": rows}


def _kind(values):
    if pd.api.types.is_datetime64_any_dtype(values):
        return "date"
    return "number" if pd.api.types.is_float_dtype(values) else "text"


def _cells(table, name, kind, currency):
    if kind == "figure":  # each row has a unit of its own
        rows = [table.loc[[place]] for place in table.index]
        return [_cells_of(row, name, style.writer(row["unit"].iloc[0], currency))[0] for row in rows]
    most = table[name].abs().max() if kind == "money" else 0
    digits = style.places(most) if most < 100 else 0
    write = {
        "text": lambda value: "" if style.is_missing(value) else style.shorten(value, 120),
        "code": lambda value: "" if style.is_missing(value) else style.shorten(said_as(name, value), 120),
        "sentence": lambda value: "" if style.is_missing(value) else str(value),
        "count": style.number,
        "number": lambda value: style.number(value, 0 if pd.api.types.is_integer_dtype(table[name]) else 2),
        "decimal": lambda value: style.number(value, 3),
        "money": lambda value: style.number(value, digits),
        "share": style.share,
        "date": lambda value: style.day(value).replace(" ", "\u00a0"),  # on one line
        "change": style.change,
    }[kind]
    return _cells_of(table, name, write)


def _cells_of(table, name, write):
    cells = [write(value) for value in table[name]]
    if f"{name}_low" in table and f"{name}_high" in table:
        bounds = zip(table[f"{name}_low"], table[f"{name}_high"], strict=True)
        cells = [
            cell if style.is_missing(low) or style.is_missing(high) else f"{cell} ({style.between(low, high, write)})"
            for cell, (low, high) in zip(cells, bounds, strict=True)
        ]
    return cells
