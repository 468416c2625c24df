"""How things look: numbers, money and dates in words, tables, and the style of figures."""

import html
import math
import zlib

import pandas as pd

from portfoy.labels import columns, said_as
from portfoy.locale import _, language, plural

INK, MUTED, GRID = "#1f2a37", "#667382", "#d9dee5"
ACCENT, SECOND, WARM, PALE = "#0f6b6d", "#5b8fb9", "#c4622d", "#a9cfcd"

FIGURE = {
    "figure.dpi": 144,
    "savefig.dpi": 144,
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "axes.edgecolor": GRID,
    "axes.labelcolor": MUTED,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlepad": 12,
    "axes.labelsize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "text.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "font.size": 9,
    "font.family": "DejaVu Sans",
}


_JOIN = "\u2060"  # keeps what stands left and right of it on one line
_NO_MATH = "mathjax_ignore"  # a notebook would read what stands between two $ as a formula


# --- numbers in words ----------------------------------------------------------------------------------------------


def number(value, digits=0):
    """A number with grouped thousands, as the language in use writes it; a dash where it is missing."""
    from babel.numbers import format_decimal

    if _missing(value):
        return "–"
    return format_decimal(round(float(value), digits) + 0.0, f"#,##0.{'0' * digits}" if digits else "#,##0", language())


def money(value, currency, *, compact=False):
    """Money with its currency code: TRY 1,234 (TRY 12.34 below a hundred); `compact` gives TRY 1.23M."""
    if _missing(value):
        return "–"
    if compact and abs(value) >= 10_000:
        from babel.numbers import format_compact_decimal

        value = _three_digits(value)
        figure = format_compact_decimal(value, locale=language(), fraction_digits=_decimals(value))
    else:
        figure = number(value, 2 if 0 < abs(value) < 100 else 0)
    return f"{currency}\u00a0{figure}" if currency else figure


def share(value, digits=1):
    """A share of 0-1 as per cent."""
    from babel import Locale
    from babel.numbers import format_percent

    if _missing(value):
        return "–"
    pattern = Locale.parse(language()).percent_formats[None].pattern  # Turkish has the sign in front
    if digits:
        pattern = pattern.replace("##0", f"##0.{'0' * digits}")
    return format_percent(round(float(value), digits + 2) + 0.0, pattern, language())


def day(value):
    """A date as the language in use writes it: 30 Jun 2026."""
    from babel.dates import format_date

    if _missing(value):
        return "–"
    return format_date(pd.Timestamp(value).date(), "d MMM y", locale=language())


def writer(unit, currency="", *, compact=True):
    """A function that writes a figure of a unit: money, share, number, points, days, change, count."""
    return {
        "money": lambda value: money(value, currency, compact=compact),
        "share": share,
        "number": lambda value: number(value, 2),
        "points": lambda value: number(value, 1),
        "days": _days,
        "change": change,
    }.get(unit, number)


def change(value):
    """A relative change with its sign: +12.3%."""
    sign = "+" if not _missing(value) and round(value, 3) > 0 else ""
    return sign + share(value)


def _days(value):
    figure = number(value)
    return figure if _missing(value) else plural("{n} day", "{n} days", round(value)).format(n=figure)


def between(low, high, write):
    """An interval: both bounds written by `write`, kept on one line; blanks round the dash where one is negative."""
    if _missing(low) or _missing(high):
        return "–"
    dash = " – " if low < 0 or high < 0 else "–"
    return _JOIN.join([write(low), dash, write(high)]).replace(" ", "\u00a0")


def level(confidence):
    """The confidence of an interval in words: 95 %, 99.5 %."""
    return share(confidence, next((n for n in (0, 1) if abs(round(confidence, n + 2) - confidence) < 1e-9), 2))


def interval(low, high, write, confidence):
    """An interval with its confidence before it, as {confidence} interval {low}–{high}."""
    return _("{confidence} interval {interval}").format(
        confidence=level(confidence), interval=between(low, high, write)
    )


def shorten(text, limit=28):
    """A name that fits: blanks folded, the end cut off where it is longer than `limit`."""
    text = " ".join(str(text).split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _missing(value):
    return value is None or (isinstance(value, float) and not math.isfinite(value)) or pd.isna(value)


def _three_digits(value):
    digits = 2 - math.floor(math.log10(abs(value)))
    return round(value, digits)


def _decimals(value):
    return 2 - math.floor(math.log10(abs(value))) % 3


# --- tables --------------------------------------------------------------------------------------------------------


class Table:
    """A table for a notebook or a report: a caption, and formatted cells in which nothing is markup."""

    def __init__(self, gt, caption, texts):
        self.gt, self.caption, self.texts = gt, caption, texts

    def _repr_html_(self):
        caption = f"<figcaption>{html.escape(self.caption)}</figcaption>"
        return f'<figure class="pf-table {_NO_MATH}" tabindex="0">{caption}{self.gt.as_raw_html()}</figure>'

    def __repr__(self):
        return f"{self.caption}\n{self.plain()}"

    def plain(self):
        """The table as lines of text, for a terminal."""
        rows = [list(self.texts), *self.texts.to_numpy().tolist()]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def show(table, caption, *, currency="", labels=None, kinds=None):
    """A table to look at: headings in words, numbers as the language writes them, intervals beside their estimate.

    Parameters
    ----------
    table : DataFrame
        A column ``x`` with ``x_low`` and ``x_high`` beside it is shown as one column with its interval. Columns that
        are missing in every row are left out. A column that is not in `columns` goes by its own name.
    caption : text
        What the table says; also its name for screen readers.
    currency : text
        Code that goes into the heading of money columns.
    labels, kinds : dict, optional
        Column -> heading, and column -> kind, where they differ from `columns`.

    Returns
    -------
    Table
    """
    from great_tables import GT

    known = columns()
    table = table.rename(columns=str)
    texts, right = pd.DataFrame(index=table.index), []
    for name in table.columns:
        bound = name.endswith(("_low", "_high")) and name.rsplit("_", 1)[0] in table
        if bound or (len(table) and table[name].isna().all()):
            continue
        label, kind = known.get(name, (name, _kind(table[name])))
        label, kind = (labels or {}).get(name, label), (kinds or {}).get(name, kind)
        if kind == "hidden":
            continue
        if kind == "money" and currency:
            label = f"{label} ({currency})"
        if label in texts:
            label = f"{label} ({name})"
        texts[label] = _cells(table, name, kind, currency)
        if kind not in ("text", "code", "sentence"):
            right.append(label)
    gt = GT(texts, id=_identity(caption, texts)).cols_align("left").cols_align("right", columns=right)
    return Table(gt, caption, texts)


def _identity(caption, texts):
    """A name for the page's anchors; two tables with one caption differ in it, and the same table keeps it."""
    words = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in caption.lower())
    return f"t-{words[:50]}-{zlib.crc32((caption + texts.to_csv()).encode()):08x}"


def _kind(values):
    if pd.api.types.is_datetime64_any_dtype(values):
        return "date"
    return "number" if pd.api.types.is_float_dtype(values) else "text"


def _cells(table, name, kind, currency):
    if kind == "figure":  # each row has a unit of its own
        rows = [table.loc[[place]] for place in table.index]
        return [_cells_of(row, name, writer(row["unit"].iloc[0], currency))[0] for row in rows]
    write = {
        "text": lambda value: "" if _missing(value) else shorten(value, 120),
        "code": lambda value: "" if _missing(value) else shorten(said_as(name, value), 120),
        "sentence": lambda value: "" if _missing(value) else str(value),
        "count": number,
        "number": lambda value: number(value, 0 if pd.api.types.is_integer_dtype(table[name]) else 2),
        "decimal": lambda value: number(value, 3),
        "money": lambda value: number(value, 2 if table[name].abs().max() < 100 else 0),
        "share": share,
        "date": lambda value: day(value).replace(" ", "\u00a0"),  # on one line
        "change": change,
    }[kind]
    return _cells_of(table, name, write)


def _cells_of(table, name, write):
    cells = [write(value) for value in table[name]]
    if f"{name}_low" in table and f"{name}_high" in table:
        bounds = zip(table[f"{name}_low"], table[f"{name}_high"], strict=True)
        cells = [
            cell if _missing(low) or _missing(high) else f"{cell} ({between(low, high, write)})"
            for cell, (low, high) in zip(cells, bounds, strict=True)
        ]
    return cells


class Reading(str):
    """A sentence that reads a table or a figure; shown as a paragraph in which nothing is markup."""

    def _repr_html_(self):
        return f'<p class="pf-reading {_NO_MATH}">{html.escape(self)}</p>'

    def __repr__(self):
        return str(self)


def measure(column):
    """What a sentence or a figure calls a column that customers are ranked by."""
    return {"revenue": _("revenue"), "margin": _("margin")}.get(column, column)
