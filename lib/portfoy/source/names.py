"""What analysts call our columns and tables, in English, Turkish, Polish and German, to guess a mapping from."""

import re
import tomllib
import unicodedata
from importlib.resources import files

_WORDS = tomllib.loads(files("portfoy.source").joinpath("names.toml").read_text(encoding="utf-8"))
ALIASES = {ours: words.split() for ours, words in _WORDS["columns"].items()}
"""Our column -> what exports call it, plainly written, the likeliest first."""

CALLED = {table: words.split() for table, words in _WORDS["tables"].items()}
"""Table -> what its files are called."""


def plain(name):
    """A name without case, accents, blanks and signs: "Müşteri No" and "musteri_no" become "musterino"."""
    decomposed = unicodedata.normalize("NFKD", name.lower().replace("ı", "i").replace("ł", "l").replace("ß", "ss"))
    return re.sub(r"[^a-z0-9]", "", decomposed)


def candidates(ours, found):
    """The columns among `found` that may be `ours` by their names, the likeliest first."""
    by_plain = {plain(name): name for name in reversed(found)}
    aliases = dict.fromkeys([plain(ours), *ALIASES.get(ours, [])])
    return [by_plain[alias] for alias in aliases if alias in by_plain]


def guess(ours, found):
    """The column among `found` that is most likely `ours`, by its name alone; None when no name says so."""
    return next(iter(candidates(ours, found)), None)


def called(table, stem):
    """How much the name of a file, without its ending, speaks for a table: 3 where it is the table's own, else 1 or 0.

    A file with the table's own name is read as that table anyway. Else its last word counts, digits apart.
    """
    if stem.lower() == table:
        return 3
    words = [plain(word) for word in re.findall(r"[^\W\d_]+", stem)]
    words = [word for word in words if word not in ("export", "data", "list", "table", "all", "report", "sample")]
    return int(bool(words) and (words[-1] in CALLED[table] or "".join(words) in CALLED[table]))
