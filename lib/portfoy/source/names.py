"""What analysts call our columns and tables, in a dozen languages, to guess a mapping from."""

import re
import tomllib
import unicodedata
from functools import cache
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


CALENDAR = _WORDS["calendar"]
"""Names of months and of days of the week."""

CODES = _WORDS["money"]["codes"].split()
"""Currencies, in lower case."""

MONEY = _WORDS["money"]["columns"].split()
"""Columns of ours beside whose names a currency or a tax may stand."""

_LETTERS = str.maketrans({"ı": "i", "ł": "l", "ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "đ": "d"})
_PARTS = {part: words.split() for part, words in _WORDS["parts"].items()}
_TAXES = {what: {*words.split()} for what, words in _WORDS["taxes"].items()}


def plain(name):
    """A name without case, accents, blanks and signs: "Müşteri No" and "musteri_no" become "musterino"."""
    return re.sub(r"[^a-z0-9]", "", unicodedata.normalize("NFKD", name.lower().translate(_LETTERS)))


def candidates(ours, found):
    """The columns among `found` that may be `ours` by their names, the likeliest first."""
    named = called_so(dict.fromkeys([plain(ours), *ALIASES.get(ours, [])]), found, money=ours in MONEY)
    made = _made_of(_WORDS["made"].get(ours), found, money=ours in MONEY)
    if ours.endswith("_on"):  # "Closed time", "Created (UTC)"
        dated = {name: "".join(word for word in _words(name) if word not in _PARTS["date"]) for name in found}
        made += [name for name, form in dated.items() if form in ALIASES.get(ours, ())]
    return list(dict.fromkeys([*named, *made]))


def instead(ours, found):
    """The columns among `found` that may do for an id where there is none: e-mail addresses, names."""
    named = called_so(INSTEAD.get(ours, ()), found)
    *mails, names = [_made_of(made, found) for made in _WORDS["instead_made"].get(ours, ())] or [[]]
    return list(dict.fromkeys([*(name for each in mails for name in each), *named, *names]))


def called_so(aliases, found, *, money=False):
    """The columns among `found` that are called by one of the `aliases`: as they are, then without words around it.

    Without a currency or a word on taxes, too, where the name is one of `money`; without taxes before with them.
    """
    whole, bare = {}, {}
    for name in sorted(found, key=lambda name: money and taxed(name) == "with"):
        whole.setdefault(plain(name), []).append(name)
        for form in _bare(name, money):
            bare.setdefault(form, []).append(name)
    each = [name for names in (whole, bare) for alias in aliases for name in names.get(alias, ())]
    return list(dict.fromkeys(each))


def taxed(name):
    """What the name of money says of taxes: "with" or "without" them, the "tax" alone, or None."""
    words = {*map(plain, re.findall(r"[^\W_]+", name))}
    tax = words & _TAXES["tax"]
    kinds = [what for what in ("without", "with") if words & _TAXES[what] or (tax and words & _TAXES[f"{what}_tax"])]
    return kinds[0] if kinds else "tax" if tax else None


def numbered(name):
    """Whether the name of a column of customers says that it holds numbers, or codes."""
    return bool(_made_of(("number", "customer", ""), [name]))


def _bare(name, money):
    """A name without what stands around it: "Order Lines/Quantity", "Lineitem quantity", "Quantity (pcs)": quantity."""
    words = _words(name, money)
    yield "".join(words)
    for side in (0, -1):
        while len(words) > 1 and words[side] in BESIDE:
            words.pop(side)
            yield "".join(words)


def _words(name, money=False):
    """The words of a name but for what stands in brackets or before a slash; of money without currency and taxes."""
    kind = taxed(name) if money else None
    words = re.split(r"/(?=\w{2})| - |: ", re.sub(r"\(.*?\)|\[.*?\]", " ", name))[-1]
    words = [word for word in map(plain, re.findall(r"[^\W_]+", words)) if word]
    if not money:
        return words
    if kind == "tax":  # which is no money of a sale
        return []
    away = {*CODES} | (_TAXES["tax"] | _TAXES[kind] | _TAXES[f"{kind}_tax"] if kind else {*()})
    return [word for word in words if word not in away] or words


def _made_of(made, found, *, money=False):
    """The columns among `found` whose names are made of two words, as [made] has them, the likeliest first."""
    if not made:
        return []
    ranked = {}
    for name in sorted(found, key=lambda name: money and taxed(name) == "with"):
        if found_in := _pattern(*made).fullmatch("".join(w for w in _words(name, money) if w not in _PARTS["between"])):
            part = 2 if found_in["alone"] else 1
            ranked[name] = (part, _parts(made[part]).index(next(filter(None, found_in.groups()))))
    return sorted(ranked, key=ranked.get)


def _parts(names):
    return [word for name in names.split() for word in _PARTS[name]]


@cache
def _pattern(one, other, alone):
    one, other, alone = ("|".join(sorted(_parts(part), key=len, reverse=True)) for part in (one, other, alone))
    made = rf"(?:{one}){{1,2}}(?P<behind>{other})|(?P<before>{other})(?:s|n|en|e)?(?:{one})"
    return re.compile(rf"{made}|(?P<alone>{alone})" if alone else rf"{made}|(?P<alone>(?!))")


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
