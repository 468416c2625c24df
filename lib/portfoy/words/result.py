"""What an analysis returns: its tables, and how they show themselves. Display only; nothing is computed here."""

import html
import re
from dataclasses import dataclass

import pandas as pd

from portfoy.locale import _
from portfoy.sums import settled
from portfoy.words import figure, style
from portfoy.words.table import STYLE, stored

RESULT = "application/vnd.portfoy.result+json"
UNITS = ("count", "money", "share", "days", "number", "points")


@dataclass(frozen=True)
class Finding:
    """What a section is headed with: at most twelve words and one number.

    ``low`` and ``high`` bound the money that it says has come, gone or is at stake within a year, by which findings
    rank; None where it says so of none. ``nothing``: the analysis looked and found nothing, which is one line and no
    section.
    """

    text: str
    low: float | None = None
    high: float | None = None
    nothing: bool = False


@dataclass(frozen=True)
class Action:
    """What to do: one sentence of at most twenty words with whom it is about, and the list of them.

    ``worth`` money a year that it is about, by which actions rank, None where nobody can say. ``name`` is that of the
    list's file and ``table`` has one row per customer; without them it points to its section. Without a ``text`` it is
    a file to keep and nothing to do; ``title`` is then what the list is called.
    """

    text: str
    worth: float | None = None
    name: str = ""
    table: pd.DataFrame | None = None
    title: str = ""

    def __post_init__(self):
        if (self.table is not None or self.name) and not re.fullmatch(r"\w+", self.name, re.ASCII):
            raise ValueError(f"list {self.name!r}: is not the name of a file; use letters, digits and _")


@dataclass(frozen=True)
class Past:
    """What a figure was on an earlier day, by the same rules and at the same prices.

    ``day`` YYYY-MM-DD; ``p_value`` of the difference from then to now, None where nobody can say.
    """

    day: str
    value: float
    p_value: float | None = None


@dataclass(frozen=True)
class Figure:
    """A headline figure: a row of the page of the run, kept with it and compared with the next.

    ``unit`` is one of `UNITS`, a share is 0-1; ``low`` and ``high`` bound it where there is an interval; ``note`` is a
    few words on what it means; ``better`` "up" or "down" where a change in that direction is good news. ``year`` and
    ``half`` are the figure a year and half a year before, None where the data do not reach back far enough. ``days``
    are those that it counts over, where its label has to say so.
    """

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    unit: str = "number"
    note: str = ""
    better: str = ""
    year: Past | None = None
    half: Past | None = None
    days: int | None = None

    def __post_init__(self):
        if self.unit not in UNITS or self.better not in ("", "up", "down"):
            raise ValueError(f"figure {self.name!r}: unit {self.unit!r} or better {self.better!r} is not known")


class Result:
    """What every analysis returns; each is a frozen dataclass below it that documents its tables.

    An analysis overrides what it has to show: `plot`, `summary`, `reading`, `finding`, `figures`, `actions`, `method`,
    `kept`, `derived`.
    As the last line of a cell it is shown as one section, and tells a report all of it under the type `RESULT`.
    """

    def plot(self, ax=None):
        """Draw the chart into `ax`, or into a new figure; the Axes, or None where there is no chart."""

    def summary(self):
        """The formatted table behind the chart, or a list of them; without a chart the first one stays open."""
        return []

    def reading(self):
        """What follows from it, in one or two sentences."""
        return ""

    def finding(self):
        """The heading, a `Finding`; None where the question itself is the heading."""

    def figures(self):
        """Headline figures, a list of `Figure`."""
        return []

    def actions(self):
        """What to do, a list of `Action`."""
        return []

    def method(self):
        """How it was computed: definition, base, period, test, limits."""
        return ""

    def kept(self):
        """The rules that it decided, for the next run to use: analysis -> what JSON can hold, ``since`` a day."""
        return {}

    def derived(self):
        """What the data said where one parameter of several that go together was given: parameter -> value."""
        return {}

    def content(self, tables=None):
        """All that a page needs, as JSON can hold it; `tables` where they have been made already."""
        found, chart, tables = self.finding(), self.plot(), self._tables() if tables is None else tables
        return {
            "finding": None if found is None else _found(found),
            "reading": str(self.reading()),
            "chart": None if chart is None else figure.vector(chart),
            "tables": [self._told(place, table) for place, table in enumerate(tables, start=1)],
            "method": str(self.method()),
            "figures": [_plain(vars(each)) for each in self.figures()],
            "actions": [_acted(each) for each in self.actions()],
            "kept": self.kept(),
            "derived": self.derived(),
            "missing": "",
        }

    def _repr_mimebundle_(self, include=None, exclude=None):
        tables = self._tables()
        content = self.content(tables)
        return {RESULT: content, "text/html": section(content), "text/plain": self._text(tables)}

    def __str__(self):
        """As plain text, for a terminal."""
        return self._text(self._tables())

    def _told(self, place, table):
        """A table with the name of its file: that of the analysis, and the place among its tables."""
        name = re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).lower() + (f"_{place}" if place > 1 else "")
        return {"name": name, "caption": table.caption, "html": table.html(), **table.stored}

    def _tables(self):
        tables = self.summary()
        return tables if isinstance(tables, list) else [tables]

    def _text(self, tables):
        found = self.finding()
        heading = [found.text] if found else []
        return "\n\n".join(filter(None, [*heading, str(self.reading()), *map(repr, tables), str(self.method())]))


class NotPossible(Result):
    """What an analysis returns where a firm's tables or history do not allow it: false, and one sentence.

    Whatever it is asked for, a table say, is this again; an analysis that is given it returns it.
    """

    reason = ""

    def __init__(self, reason):
        said = re.sub(r"^fit_\w+: ", "", str(reason))  # what a function is called tells a reader nothing
        self.reason = said[:1].upper() + said[1:] if said != str(reason) else said

    def __bool__(self):
        return False

    def __getattr__(self, name):
        if name.startswith("_"):  # what Python and IPython look for
            raise AttributeError(name)
        return self

    def __call__(self, *given, **named):
        return self

    __getitem__ = __truediv__ = __call__  # a column of it, and a share of that

    def __len__(self):
        return 0

    def __iter__(self):
        return iter(())

    def __repr__(self):
        return self.reason

    __str__ = __repr__

    def reading(self):
        """Why it is not possible."""
        return self.reason

    def content(self, tables=None):
        return {"missing": self.reason}


def section(content):
    """A result as HTML, for a notebook: the finding, what follows from it, the chart; the rest is folded."""
    if content["missing"]:
        return f'<p class="pf-missing">{html.escape(content["missing"])}</p>'
    parts = []
    if content["finding"]:
        parts.append(f"<h3>{html.escape(content['finding']['text'])}</h3>")
    if content["reading"]:
        parts.append(style.Reading(content["reading"])._repr_html_())
    if content["chart"]:
        parts.append(picture(content["chart"]))
    tables = [table["html"] for table in content["tables"]]
    shown = 0 if content["chart"] else 1
    parts += [STYLE if tables else "", *tables[:shown], folded(_("The table behind it"), "".join(tables[shown:]))]
    parts.append(folded(_("How this was computed"), style.Reading(content["method"])._repr_html_()))
    return f'<section class="pf-result">{"".join(parts)}</section>'


def picture(chart):
    """A chart as HTML: its title and subtitle above, the drawing below, its numbers for those who cannot see it."""
    title, under = html.escape(chart["title"]), html.escape(chart["subtitle"])
    opening = '<figure class="pf-chart" style="max-width:40rem;margin:1rem 0">'
    return f"{opening}<figcaption><b>{title}</b> {under}</figcaption>{chart['svg']}</figure>"


def folded(words, content):
    """Content that opens on a click; nothing where there is none."""
    bare = not content or content == style.Reading("")._repr_html_()
    return "" if bare else f"<details><summary>{html.escape(words)}</summary>{content}</details>"


def _found(finding):
    """A finding as JSON can hold it; its bounds without the last digits of a sum, which go by its order."""
    bounds = {name: getattr(finding, name) for name in ("low", "high")}
    known = {name: float(settled(value, value)) for name, value in bounds.items() if value is not None}
    return _plain(vars(finding) | known)


def _plain(values):
    inner = {key: _plain(vars(value)) if isinstance(value, Past) else value for key, value in values.items()}
    return {key: value if isinstance(value, dict) else style.plain_number(value) for key, value in inner.items()}


def _acted(action):
    return _plain(vars(action) | {"table": None}) | stored(pd.DataFrame() if action.table is None else action.table)
