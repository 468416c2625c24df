"""What analysts call our columns and tables, in English, Turkish, Polish and German, to guess a mapping from."""

import re
import tomllib
import unicodedata
from importlib.resources import files

_WORDS = tomllib.loads(files("portfoy.source").joinpath("names.toml").read_text(encoding="utf-8"))
ALIASES = {ours: words.split() for ours, words in _WORDS["columns"].items()}
"""Our column -> what exports call it, plainly written, the likeliest first."""

INSTEAD = {ours: words.split() for ours, words in _WORDS["instead"].items()}
"""Our id -> what may do for it in a table that needs one: e-mail addresses, names."""

BESIDE = _WORDS["beside"]["words"].split()
"""Words that may stand before or behind a name."""

STATES = {kind: words.split() for kind, words in _WORDS["states"].items()}
"""What is said of orders that came to nothing ("void"), were given "back", or of which it must be "asked"."""

CALLED = {table: words.split() for table, words in _WORDS["tables"].items()}
"""Table -> what its files are called."""


def plain(name):
    """A name without case, accents, blanks and signs: "Müşteri No" and "musteri_no" become "musterino"."""
    decomposed = unicodedata.normalize("NFKD", name.lower().replace("ı", "i").replace("ł", "l").replace("ß", "ss"))
    return re.sub(r"[^a-z0-9]", "", decomposed)


def candidates(ours, found):
    """The columns among `found` that may be `ours` by their names, the likeliest first."""
    return called_so(dict.fromkeys([plain(ours), *ALIASES.get(ours, [])]), found)


def called_so(aliases, found):
    """The columns among `found` that are called by one of the `aliases`: as they are, then without words around it."""
    whole = {plain(name): name for name in reversed(found)}
    bare = {form: name for name in reversed(found) for form in _bare(name)}
    each = [names[alias] for names in (whole, bare) for alias in aliases if alias in names]
    return list(dict.fromkeys(each))


def _bare(name):
    """A name without what stands around it: "Order Lines/Quantity", "Lineitem quantity", "Quantity (pcs)": quantity."""
    words = re.sub(r"\(.*?\)|\[.*?\]", " ", name).rpartition("/")[2]
    words = [word for word in map(plain, re.findall(r"[^\W_]+", words)) if word]
    yield "".join(words)
    for side in (0, -1):
        while len(words) > 1 and words[side] in BESIDE:
            words.pop(side)
            yield "".join(words)


def guess(ours, found):
    """The column among `found` that is most likely `ours`, by its name alone; None when no name says so."""
    return next(iter(candidates(ours, found)), None)


def a_row_a_customer(found):
    """The column with the day of the first order, where another has that of the last one; else None."""
    first, last = (candidates(end, found) for end in ("first_order", "last_order"))
    return first[0] if first and last else None


def called(table, stem):
    """How much the name of a file, without its ending, speaks for a table: 3 where it is the table's own, else 1 or 0.

    A file with the table's own name is read as that table anyway. Else its last word counts, digits apart.
    """
    if stem.lower() == table:
        return 3
    words = [plain(word) for word in re.findall(r"[^\W\d_]+", stem)]
    words = [word for word in words if word not in ("export", "data", "list", "table", "all", "report", "sample")]
    return int(bool(words) and (words[-1] in CALLED[table] or "".join(words) in CALLED[table]))
