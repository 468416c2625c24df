"""Where the table stands in a file: below title lines, above lines of totals and footnotes."""

import re
from collections import Counter

TITLES = 30  # lines above a header that are looked through
_TOTALS = """
total totals grandtotal subtotal sum toplam geneltoplam aratoplam yekun suma razem ogolem lacznie podsumowanie summe
gesamt gesamtsumme insgesamt zwischensumme somme totale
"""
TOTALS = _TOTALS.split()
"""Words that begin a line of totals, plainly written."""


def width(records):
    """How many fields most of the records have; of equally many the larger number."""
    counts = Counter(len(fields) for fields in records)
    return max(counts, key=lambda fields: (counts[fields], fields), default=0)


def first(records):
    """The place of the header among the first records of a file: 0, but where title lines stand above it.

    A title has fewer fields filled than the table is wide; a header is wide, names each column once, and no number or
    date stands in most of its fields, while one stands in the line below.
    """
    wide = width(records)
    if wide < 2 or _filled(records[0], wide):
        return 0
    for place, fields in enumerate(records[1:TITLES], 1):
        named = [name.strip().lower() for name in fields if name.strip()]
        below = records[place + 1] if place + 1 < len(records) else []
        if _filled(fields, wide) and len({*named}) == len(named) and not _valued(fields) and any(map(is_value, below)):
            return place
    return 0


def _filled(fields, wide):
    return len(fields) == wide and sum(map(bool, map(str.strip, fields))) >= max(2, 0.7 * wide)


def _valued(fields):
    return is_value(fields[0]) or sum(map(is_value, fields)) >= len(fields) / 2


def is_value(text):
    """Whether a field holds a number, a date or an id, and no name of a column."""
    return bool(re.search(r"\d", text)) and sum(letter.isalpha() for letter in text) <= 3


def below(records, wide, plain):
    """How many of the last records stand below a table so wide, totals or footnotes, and the first of them.

    `plain` writes a name plainly. Such a line has at most half of its fields filled, and is a text alone, or begins
    with a word for totals, or is not as wide as the table.
    """
    count = 0
    for fields in reversed(records):
        filled = [field for field in fields if field.strip()]
        word = plain(filled[0]) if filled else ""
        total = any(word.startswith(total) and len(word) <= len(total) + 8 for total in TOTALS)
        if wide < 3 or len(filled) > max(1, wide / 2) or not (len(fields) != wide or total or len(filled) <= 1):
            break
        count += 1
    return (count, ", ".join(filter(str.strip, records[-count]))) if 0 < count < len(records) else (0, "")
