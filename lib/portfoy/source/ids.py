"""Ids by which tables belong together: written alike, and counted where they match nothing."""

import ibis
import pandas as pd

from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.source.contract import TABLES

LINKS = ("customer_id", "product_id", "campaign_id")
WHOLE = r"^-?[0-9]+\.0$"  # a whole number, by a program that takes ids for measurements


def whole(table, name, log, unknown, reading):
    """The table without the ".0" that some exports put behind every id, so that 1001.0 is the customer 1001.

    The log loses it in a column in which all ids have it; another table where all of its own have it and none of the
    log has, or where the log lost it. Nothing else is touched: ids are text, and 1.0 beside 2.5 stays 1.0. `log` is
    None where `table` is the log itself, or there is none; ids in `unknown` stand for nobody; what was changed is added
    to `reading`.
    """
    changed = {}
    for link in LINKS:
        if link in table.columns and _to_change(table, link, log, unknown, _said("transactions", link), reading):
            ids = table[link]
            odd = ids.re_search(WHOLE) & ~ids.lower().isin(unknown)
            changed[link] = ibis.ifelse(odd, ids.left(ids.length() - 2), ids)
            reading.append(_said(name, link))
    return table.mutate(**changed) if changed else table


def _said(table, link):
    return _('{where}: ids read without the ".0" behind them').format(where=f"{table}.{link}")


def _to_change(table, link, log, unknown, said, reading):
    """Whether ids lose their ".0"; `said` is in `reading` where those of the log did."""
    count, odd = _counts(table[link], unknown, 1_000)  # the first rows nearly always say no
    if not odd:
        return False
    if said in reading:
        return True
    if count != odd or len(set(_counts(table[link], unknown, None))) > 1:
        return False
    return log is None or link not in log.columns or not _counts(log[link], unknown, None)[1]


def _counts(ids, unknown, rows):
    """How many ids there are, and how many of them are whole numbers with ".0" behind."""
    some = ids.name("id").as_table().limit(rows)
    some = some.filter(some.id.notnull() & ~some.id.lower().isin(unknown))
    row = some.agg(ids=some.count(), odd=some.id.re_search(WHOLE).ifelse(1, 0).sum()).to_pyarrow().to_pylist()[0]
    return row["ids"], int(row["odd"] or 0)


def unmatched(tables):
    """The ids in each further table that no order line has: customers without an order, or ids written otherwise.

    A DataFrame, one row per table that has any: ``table``; ``link`` the column; ``ids`` different ones; ``missing``
    those in no order line; ``example`` of them; ``order`` an id of the order lines.
    """
    log, rows = getattr(tables, "transactions", None), []
    for name in TABLES:
        link = "product_id" if name == "products" else "customer_id"
        try:
            table = getattr(tables, name, None)
        except DataError:  # whoever needs the table says so
            continue
        if name != "transactions" and table is not None and {link} <= {*table.columns} & {*log.columns}:
            known = table.filter(table[link].notnull()).select(link).distinct()
            missing = known.anti_join(log.select(link), link)
            found = missing.agg(missing=missing.count(), example=missing[link].min()).to_pyarrow().to_pylist()[0]
            if found["missing"]:
                found |= {"ids": int(known.count().to_pandas()), "order": log[link].min().to_pandas()}
                rows.append({"table": name, "link": link, **found})
    return pd.DataFrame(rows, columns=["table", "link", "ids", "missing", "example", "order"])
