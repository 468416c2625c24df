"""What the columns of a file hold: dates, numbers, labels, and keys that it shares with another file."""

import re
from collections import Counter
from functools import cache, cached_property

import ibis

from portfoy.source import amounts, dates
from portfoy.source.labels import text_of, understood
from portfoy.source.names import plain

SAMPLE = 10_000


class Look:
    """A file as read: ``table`` all its rows, ``sample`` the first; what is asked of a column is worked out once."""

    def __init__(self, table):
        self.table, self.sample = table, table.limit(SAMPLE)
        self.names = [name for name in table.columns if name != "portfoy_row"]
        for asked in ("counts", "days", "formats", "labels", "differing"):
            setattr(self, asked, cache(getattr(self, f"_{asked}")))

    @cached_property
    def _texts(self):
        """The sample as text without blanks around it, in one query."""
        texts = {f"c{place}": text_of(self.sample[name]) for place, name in enumerate(self.names)}
        return dict(zip(self.names, self.sample.select(**texts).to_pyarrow().to_pydict().values(), strict=True))

    def _counts(self, name):
        """Texts of a column -> rows of the sample, the commonest first."""
        return _ordered(Counter(text for text in self._texts[name] if text is not None))

    def _days(self, name, monthly=False):
        """Days of the sample as they are written -> rows; a month, 2025-03, is its first day."""
        days = Counter()
        for text, rows in self.counts(name).items():
            days[day_of(text, monthly)] += rows
        return _ordered(days)

    def _formats(self, name, monthly=False):
        """Date format -> rows of the sample that it reads; where none of the common ones does, of the others."""
        read, rows = dates.rows_read(self.days(name, monthly)), sum(self.counts(name).values())
        if max(read.values()) >= rows / 2:
            return read
        return read | dates.unusual(self.sample, text_of(self.sample[name]))

    def _labels(self, name):
        """Texts of a column -> all rows, the commonest first."""
        texts = self.table.select(text=text_of(self.table[name])).group_by("text").agg(rows=lambda found: found.count())
        found = texts.filter(texts.text.notnull()).limit(20_000).to_pyarrow().to_pydict()
        return _ordered(dict(zip(found["text"], found["rows"], strict=True)))

    def _differing(self, name):
        """How many of the values that are there differ from one another, 0-1; None where there is no value."""
        column = self.table[name]
        rows, distinct = self.table.agg(rows=column.count(), distinct=column.nunique()).to_pandas().iloc[0]
        return distinct / rows if rows else None

    def dated(self, name, monthly=False, *, numbered=False):
        """How many of the values that are there are dates, 0-1; None where there is no value.

        Numbers that may stand for days count where they are `numbered`: where the name says that they are dates.
        """
        if self.table[name].type().is_temporal():
            return 1.0
        if not self.table[name].type().is_string() and not self.table[name].type().is_integer():
            return 0.0
        counts = self.days(name, monthly)
        odd = {*dates.NUMBERED, *dates.DIGITS[1:]}
        read = [rows for form, rows in self.formats(name, monthly).items() if numbered or form not in odd]
        return max(read) / sum(counts.values()) if counts else None

    def numeric(self, name):
        """How many of the values that are there may be meant as numbers, 0-1; None where there is no value."""
        counts = self.counts(name)
        meant = sum(rows for text, rows in counts.items() if re.search(r"\d", text) and letters(text) <= 3)
        return meant / sum(counts.values()) if counts else None

    def coded(self, kind, name, *, whole=False):
        """What the labels of a column stand for -> their texts and rows; those not understood stand under None.

        Those of the sample, or of the `whole` table.
        """
        codes = {}
        for text, rows in (self.labels if whole else self.counts)(name).items():
            codes.setdefault(understood(kind, text), {})[text] = rows
        return codes

    @property
    def rows(self):
        """Rows of the sample."""
        return len(self._texts[self.names[0]])

    def empty(self, name):
        """How many rows of the sample have nothing in a column."""
        return self.rows - sum(self.counts(name).values())

    def rows_of(self, *names):
        """The texts of some columns, row by row."""
        return [*zip(*map(self._texts.get, names), strict=True)]

    def first_only(self, order, name):
        """Whether a column is empty on all lines of an order but the first; without `order`, on some lines below."""
        seen, below = set(), 0
        for key, text in zip(self._texts[order or name], self._texts[name], strict=True):
            if (key is None and seen) if order is None else key in seen:
                if text is not None:
                    return False
                below += 1
            seen.add(key)
        return below > 0

    def unread(self, kind, name, monthly=False):
        """Of the sample, how many rows hold a text that is no date or no number, and the commonest such text."""
        if kind not in ("date", "number") or not self.table[name].type().is_string():
            return 0, ""
        if kind == "number":
            odd = {text: rows for text, rows in self.counts(name).items() if not amounts.is_amount(text)}
            return sum(odd.values()), next(iter(odd), "")
        counts, read = self.days(name, monthly), self.formats(name, monthly)
        form = max(read, key=read.get)
        rows = sum(counts.values()) - read[form]
        if rows and form not in dates.DATE_FORMATS:
            texts = self.sample.select(text=text_of(self.sample[name]))
            odd = texts.filter(texts.text.notnull() & dates.parsed(texts.text, form).isnull())
            return rows, odd.text.min().to_pyarrow().as_py() or ""
        return rows, next(text for text in self.counts(name) if not is_day(text, form, monthly)) if rows else ""


def is_day(text, form, monthly=False):
    """Whether a text is a date in that format, with a time behind it perhaps."""
    return dates.rows_read({day_of(text, monthly): 1})[form] == 1


def day_of(text, monthly=False):
    """The part of a date and time that holds the day; of a month, 2025-03, its first day."""
    day = text.split(" ")[0].split("T")[0].split(",")[0]
    return day + "-01" if monthly and len(day) == 7 else day


def _ordered(counts):
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def letters(text):
    """How many letters a text has; a code of a currency has three."""
    return sum(letter.isalpha() for letter in text)


def join_key(here, there):
    """A column that both files have, of which no value stands twice there and which finds most rows here; or None.

    A pair: its name here, its name there.
    """
    for name in here.names:
        other = next((other for other in there.names if plain(other) == plain(name)), None)
        if other is None or there.differing(other) != 1:
            continue
        mine = here.table.select(portfoy_key=text_of(here.table[name])).filter(ibis._.portfoy_key.notnull())
        theirs = there.table.select(portfoy_key=text_of(there.table[other]))
        if mine.semi_join(theirs, "portfoy_key").count().execute() >= 0.5 * max(1, mine.count().execute()):
            return name, other
    return None


def joined(here, there, key):
    """A file with the further columns of another one, by a key as `join_key` gives it."""
    mine = {name.lower() for name in here.names}
    more = [name for name in there.names if name.lower() not in mine]
    other = there.table.select(text_of(there.table[key[1]]).name("portfoy_key"), *(there.table[name] for name in more))
    both = here.table.left_join(other, text_of(here.table[key[0]]) == other.portfoy_key)
    return Look(both.select(*here.names, *more))
