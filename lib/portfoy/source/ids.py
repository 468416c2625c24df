"""Ids by which tables belong together: written alike, and counted where they match nothing."""

import json

import ibis
import pandas as pd

from portfoy.locale import _
from portfoy.source.labels import fold

LINKS = ("customer_id", "product_id", "campaign_id")
ELSEWHERE = [  # table, column, the table that should know its ids
    ("products", "product_id", "transactions"),
    ("transactions", "product_id", "products"),
    ("transactions", "campaign_id", "campaigns"),
    ("contacts", "campaign_id", "campaigns"),
    ("leads", "product_id", "products"),
    ("leads", "referred_by", "customers"),
    ("leads", "account", "customers"),
]
OTHERWISE = {"referred_by": "customer_id", "account": "customer_id"}  # column -> what the table that knows it calls it
NEEDED = {"account"}  # columns of which also those that are empty are counted
ALIKE = {  # what may be ignored in ids -> how
    "case": fold,
    "letters": lambda ids: ids.re_replace("^[^0-9]+([0-9])", r"\1"),
    "zeros": lambda ids: ids.re_replace("^0+([0-9])", r"\1"),
}
WHOLE = r"^-?[0-9]+\.0$"  # a whole number, by a program that takes ids for measurements


def whole(table, name, log, unknown, reading, *, among=None):
    """The table without the ".0" that some exports put behind every id, so that 1001.0 is the customer 1001.

    The log loses it in a column in which all ids have it; another table where all of its own have it and none of the
    log has, or where the log lost it. Nothing else is touched: ids are text, and 1.0 beside 2.5 stays 1.0. `log` is
    None where `table` is the log itself, or there is none; ids in `unknown` stand for nobody; what was changed is added
    to `reading`. `among` is a table with the same ids that takes less to work out, if there is one.
    """
    changed = {}
    for link in _odd(table if among is None else among, unknown):
        every = _said("transactions", link) in reading or len({*_counts(table[link], unknown)}) == 1
        if every and (log is None or link not in log.columns or not _counts(log[link], unknown)[1]):
            ids = table[link]
            odd = ids.re_search(WHOLE) & ~fold(ids).isin(unknown)
            changed[link] = ibis.ifelse(odd, ids.left(ids.length() - 2), ids)
            reading.append(_said(name, link))
    return table.mutate(**changed) if changed else table


def alike(table, ignored):
    """The table with ids as they are told apart: `ignored` of them may be "case", "letters" and "zeros" in front."""
    changed = {}
    for link in [link for link in (*LINKS, *OTHERWISE) if ignored and link in table.columns]:
        ids = table[link]
        for what, how in ALIKE.items():
            ids = how(ids) if what in ignored else ids
        changed[link] = ids
    return table.mutate(**changed) if changed else table


def _said(table, link):
    return _('{where}: ids read without their ".0"').format(where=f"{table}.{link}")


def _odd(table, unknown):
    """The links with such ids in the first rows, in one query; they nearly always say no."""
    head = table.limit(1_000)
    links = [name for name in LINKS if name in table.columns]
    odd = {link: (head[link].re_search(WHOLE) & ~fold(head[link]).isin(unknown)).sum() for link in links}
    row = head.agg(**odd).to_pyarrow().to_pylist()[0] if odd else {}
    return [link for link in row if row[link]]


def _counts(ids, unknown):
    """How many ids there are, and how many of them are whole numbers with ".0" behind."""
    some = ids.name("id").as_table().filter(lambda one: one.id.notnull() & ~fold(one.id).isin(unknown))
    row = some.agg(ids=some.count(), odd=some.id.re_search(WHOLE).ifelse(1, 0).sum()).to_pyarrow().to_pylist()[0]
    return row["ids"], int(row["odd"] or 0)


def unmatched(every):
    """The ids in each of the tables (name -> ibis) that the table which should know them has not.

    A DataFrame, one row per table and column that has any: ``table``; ``link`` the column; ``of`` the table that should
    know them; ``ids`` different ones; ``missing`` those without an order, say, or written otherwise; ``example`` of
    them; ``order`` an id of the other table; ``empty`` rows without an id, where that is a gap; ``alike``, where few
    match: what portfoy.toml has to ignore in ids so that half of them do.
    """
    rows = []
    for name, link, of in [*((name, "customer_id", _home(every)) for name in every), *ELSEWHERE]:
        key = OTHERWISE.get(link, link)
        if name == of or not (name in every and of in every and link in every[name].columns):
            continue
        table, home = every[name], every[of]
        if key in home.columns:
            ids = table.filter(table[link].notnull()).select(portfoy_id=table[link]).distinct()
            known = home.filter(home[key].notnull()).select(portfoy_known=home[key]).distinct()
            both = ids.left_join(known, ids.portfoy_id == known.portfoy_known)
            lost = both.portfoy_known.isnull()
            found = both.agg(ids=both.count(), missing=lost.sum(), example=both.portfoy_id.min(where=lost))
            found = found.to_pyarrow().to_pylist()[0]
            empty = int(table[link].isnull().sum().to_pandas() or 0) if link in NEEDED and found["ids"] else 0
            if found["missing"] or empty:
                first = home[key].min().to_pandas()
                found |= {"missing": int(found["missing"] or 0), "order": first, "empty": empty}
                few = found["missing"] > found["ids"] / 2
                found["alike"] = _would_match(ids, known, found) if few else ""
                rows.append({"table": name, "link": link, "of": of, **found})
    return pd.DataFrame(rows, columns=["table", "link", "of", "ids", "missing", "example", "order", "empty", "alike"])


def _would_match(ids, known, found):
    """The first few differences without which half of the ids would match, as a list of portfoy.toml; "": none."""
    lettered = [text[:1].isdigit() for text in (found["example"], found["order"] or "")]
    for ignored in (("case",), ("zeros",), *[("letters", "zeros")] * any(lettered)):  # X1 is not C1
        one, other = ids.mutate(customer_id=ids.portfoy_id), known.mutate(customer_id=known.portfoy_known)
        both = alike(one, ignored).semi_join(alike(other, ignored), "customer_id")
        if int(both.count().to_pyarrow().as_py()) >= found["ids"] / 2:
            return json.dumps([*ignored])
    return ""


def _home(every):
    """The table whose customers those of the others should be."""
    return "transactions" if "transactions" in every else "customers"
