"""Which table of the contract a file holds, and which of its columns are which, from names and values."""

import re
from dataclasses import dataclass

from portfoy.locale import _
from portfoy.source import faults
from portfoy.source.contract import REQUIRED, TABLES, kind_of, missing_columns
from portfoy.source.labels import CODED
from portfoy.source.names import ALIASES, INSTEAD, MONEY, called, candidates, instead, numbered, plain, taxed

LABELS = 30  # a column of more distinct values holds no labels
KEYS = {table: key for table, (key, *more) in faults.KEYS.items() if not more}
"""What a row of a table is told from others by, where that is one column."""

WAYS = {"online", "offline", "store"}
"""Ways to buy, of which each may have a column."""

VAGUE = "date day time data datum tarih value name type status state source reason code score category"
"""Names that say little of the table they stand in, though they say what the column is."""


@dataclass
class Guess:
    """A file taken for a table: our column -> theirs (or a list), and how much speaks for it (``score``).

    ``others`` has further columns that may be meant, ``by_value`` those of ours that no name gives away, ``missing``
    the required ones that were not found. ``grounds`` are the names of theirs that say most; ``called`` whether the
    name of the file says so too.
    """

    table: str
    columns: dict
    others: dict
    by_value: set
    missing: list
    score: float
    grounds: list
    called: bool


def guesses(look, stem):
    """The tables that a file may hold, the likeliest first."""
    found = [guess(look, table, stem) for table in TABLES]
    return sorted(found, key=lambda one: -one.score)


def guess(look, table, stem):
    """A file taken for one table."""
    fitting = {
        ours: [name for name in _named(look, table, ours) if _fits(look, table, ours, name)] for ours in TABLES[table]
    }
    columns = _assigned(table, fitting)
    if table == "transactions" and (both := sides(look, columns)):
        columns["amount"] = both[0]
    by_name = set(columns)
    if columns or table == "transactions":  # else nothing speaks for the table
        _by_values(look, table, columns)
    by_value = set(columns) - by_name
    _keys(look, table, columns)
    missing = missing_columns(table, columns)
    weights = {ours: _weight(look, table, ours, columns[ours], ours in by_value) for ours in by_name | by_value}
    name, grounds = called(table, stem), [columns[ours] for ours in TABLES[table] if weights.get(ours, 0) >= 0.5]
    if table == "totals":  # each way of buying may have a column of its own
        columns |= {ours: found for ours in ("orders", "revenue") if len(found := _parts(look, ours)) > 1}
    used = used_names(columns)
    return Guess(
        table=table,
        columns={ours: columns[ours] for ours in TABLES[table] if ours in columns},
        others={ours: [name for name in fitting[ours] if name not in used] for ours in columns},
        by_value=by_value,
        missing=missing,
        score=sum(weights.values()) + name - len(missing) / len(REQUIRED[table]),
        grounds=grounds,
        called=name > 0,
    )


def _parts(look, ours):
    """The columns that are ours but for a word of `WAYS`: orders online, and offline; none where one has all."""
    names = [name for name in look.names if candidates(ours, [name]) and _fits(look, "totals", ours, name)]
    words = [{*re.findall(r"[^\W_]+", name.lower())} for name in names]
    return names if len({frozenset(each - WAYS) for each in words}) == 1 and all(each & WAYS for each in words) else []


def used_names(columns):
    """All names of theirs in a mapping."""
    return {name for theirs in columns.values() for name in (theirs if isinstance(theirs, list) else [theirs])}


def _named(look, table, ours):
    """The columns that may be ours by name; a key may just be called "ID"."""
    others = {alias for other in TABLES[table] if other != ours for alias in (plain(other), *ALIASES.get(other, ()))}
    own = {plain(ours), *ALIASES.get(ours, ())}
    names = [name for name in candidates(ours, look.names) if plain(name) in own or plain(name) not in others]
    if not names and (ours in REQUIRED[table] or table == "transactions"):
        names = instead(ours, look.names)
    if table == "transactions" and ours == "order_id" and all(map(look.empty, names)):  # an invoice that few have
        names = names + instead(ours, look.names)
    if ours == "amount":
        names = list(dict.fromkeys(names + candidates("debit", look.names)))
    if ours in ("order_id", "customer_id"):  # a number on the first line of an order only is not the one
        names = sorted(names, key=lambda name: (look.empty(name) > 0, ours == "customer_id" and not numbered(name)))
    if kind := label_kind(table, ours):  # whose labels are understood
        names = sorted(names, key=lambda name: -len(look.coded(kind, name).keys() - {None}))
    return names + [name for name in look.names if KEYS.get(table) == ours and plain(name) == "id"]


def _fits(look, table, ours, name):
    """Whether the values of a column can be what its name says."""
    kind, own = kind_of(table, ours), plain(name) == plain(ours)
    if kind == "date":
        share = look.dated(name, ours == "month", numbered=True)
        return share is None or share >= 0.5
    if kind == "number":
        share = look.numeric(name)
        return own or share is None or share >= 0.5
    if kind := label_kind(table, ours):
        few = len(look.counts(name)) <= LABELS
        return own or (few and (kind != "flag" or look.coded(kind, name).keys() != {None}))
    if table == "transactions" and ours == "order_id" and plain(name) in INSTEAD["order_id"]:
        return _numbers_orders(look, name)
    if ours == KEYS.get(table) and not own:  # "contract" may be its number, or its kind
        share = look.differing(name)
        return share is None or share >= 0.5
    return True


def _numbers_orders(look, name):
    """Whether a column called "name" or "id" numbers orders: it has digits, and is not the number of each line."""
    counts = look.counts(name)
    digits = sum(rows for text, rows in counts.items() if any(map(str.isdigit, text)) and " " not in text)
    lines = plain(name) == "id" and any(candidates(ours, look.names) for ours in ("product_id", "quantity"))
    return digits >= 0.9 * sum(counts.values()) and not (lines and look.differing(name) == 1)


def label_kind(table, ours):
    """Which labels a column holds: those of "outcome", "arm" or "flag"; None where they are the analyst's own."""
    return CODED.get(ours, "flag" if kind_of(table, ours) == "flag" else None)


def _assigned(table, fitting):
    """Our column -> theirs: first where they are called alike, then in the order of the contract."""
    columns = {ours: names[0] for ours, names in fitting.items() if names and plain(names[0]) == plain(ours)}
    for ours, names in fitting.items():
        free = [name for name in names if name not in columns.values()]
        if ours not in columns and free:
            columns[ours] = free[0]
    if "quantity" in columns and "unit_price" not in columns and columns.get("amount") in fitting["unit_price"]:
        columns["unit_price"] = columns.pop("amount")  # a price beside a quantity is that of one piece
        rest = [name for name in fitting["amount"] if name not in columns.values()]
        columns |= {"amount": rest[0]} if rest else {}
    return columns


def _by_values(look, table, columns):
    """Add what no name gives away: the first required date, and labels that are understood."""
    free = [name for name in look.names if name not in columns.values()]
    wanted = [ours for ours in missing_columns(table, columns) if kind_of(table, ours) == "date" and ours != "month"]
    for ours in wanted[:1]:
        dated = [name for name in free if (look.dated(name) or 0) >= 0.9]
        columns |= {ours: dated[0]} if dated else {}
    for ours in CODED:
        if ours in TABLES[table] and ours not in columns:
            named = next((name for name in free if name not in columns.values() and _is_labels(look, ours, name)), None)
            columns |= {ours: named} if named else {}


def _is_labels(look, kind, name):
    """Whether nearly all values of a column are labels of that kind, and of more than one code."""
    counts = look.counts(name)
    if not counts or len(counts) > LABELS:
        return False
    codes = look.coded(kind, name)
    unknown = sum(codes.pop(None, {}).values())
    return len(codes) > 1 and unknown <= 0.1 * sum(counts.values())


def sides(look, columns):
    """The columns of debits and of credits where the amount is one of them, that with money in more rows first."""
    both = [next(iter(candidates(side, look.names)), None) for side in ("debit", "credit")]
    if None in both or both[0] == both[1] or columns.get("amount") not in both:
        return []
    return sorted(both, key=lambda name: -sum(map(is_money, (text for (text,) in look.rows_of(name)))))


def is_money(text):
    """Whether a text holds more than nothing."""
    return bool(re.search("[1-9]", text or ""))


def _keys(look, table, columns):
    """Add a key where the file has none: the customer where each stands once, else the customer and the day."""
    key = "order_id" if table == "transactions" else KEYS.get(table)
    day = next((ours for ours in REQUIRED[table] if kind_of(table, ours) == "date" and ours in columns), None)
    if key in columns or key is None or "customer_id" not in columns or key == "customer_id":
        return
    if table in ("subscriptions", "leads") and look.differing(columns["customer_id"]) == 1:
        columns[key] = columns["customer_id"]
    elif day:
        columns[key] = [columns["customer_id"], columns[day]]


def _weight(look, table, ours, theirs, by_value):
    """How much a column says about the table: 1 where only this one has it and its name is no common one."""
    kind = label_kind(table, ours)
    if plain(theirs) == "id" or (by_value and not kind) or (kind and look.coded(kind, theirs).keys() == {None}):
        return 0.0
    tables = sum(ours in columns for columns in TABLES.values())
    return (0.5 if by_value or plain(theirs) in VAGUE.split() else 1.0) / tables


def likely(found):
    """Whether a file may be taken for a table in which columns are missing: most of the required ones are there."""
    return found.score > 0 and len(found.missing) <= len(REQUIRED[found.table]) / 2


def unsure(look, found, ours):
    """What is unsure of one column: sentences."""
    theirs = found.columns[ours]
    if isinstance(theirs, list):
        added = kind_of(found.table, ours) == "number"
        yield _("added up: are they parts of one whole?") if added else _("no column numbers them")
        return
    if found.others.get(ours):
        yield _("or {names}?").format(names=", ".join(f'"{name}"' for name in found.others[ours]))
    if ours in MONEY and taxed(theirs) in ("with", "without"):
        gross = taxed(theirs) == "with"
        yield _("by its name with taxes (gross)") if gross else _("by its name without taxes (net)")
    if ours in found.by_value:
        yield _("by its values; its name does not say so")
    if ours == "customer_id" and instead(ours, [theirs]) and not candidates(ours, [theirs]):
        mail = any("@" in text for text in look.counts(theirs))
        yield _("e-mail addresses: who has two is two customers") if mail else _("names: two customers may share one")
    if ours != "customer_id" and theirs == found.columns.get("customer_id"):
        yield _("no column numbers them; each customer stands once")
    if ours == "duration":
        yield _("must be months")
    empty = look.empty(theirs) if ours in REQUIRED[found.table] else 0
    if empty:
        yield _("empty in {n} of the first {rows} rows").format(n=empty, rows=look.rows)
    odd, example = look.unread(kind_of(found.table, ours), theirs, ours == "month")
    if odd:
        text = _("does not read in {n} of the first {rows} rows, as '{example}'")
        yield text.format(n=odd, rows=look.rows, example=example[:40])
