"""What each table must hold, and every check of what comes in.

A table is described by its columns and their kinds. Kinds: ``id`` (text, zeros kept), ``text``, ``date``,
``number``, ``flag`` (true / false). Every table is checked row by row in the engine, and every row that is set aside is
counted.
"""

import re

from portfoy.errors import DataError
from portfoy.locale import _, plural
from portfoy.source.names import a_row_a_customer, guess
from portfoy.words.style import shorten

_COLUMNS = {  # in front of the bar stands what a table cannot do without
    "transactions": "customer_id order_id ordered_on amount | "
    "quantity unit_price product_id unit_cost discount refunded currency campaign_id",
    "customers": "customer_id | name joined_on type birth_year gender region income_band education channel interests",
    "products": "product_id | name category tier list_price unit_cost launched_on currency",
    "leads": "lead_id created_on | channel customer_id contacted_on qualified_on proposed_on closed_on outcome "
    "expected_value owner account product_id referred_by currency",
    "spend": "month channel cost | kind currency",
    "campaigns": "campaign_id | phase channel cost starts_on currency",
    "contacts": "campaign_id customer_id | arm contacted_on opened responded",
    "subscriptions": "contract_id customer_id started_on | "
    "duration ended ended_on ended_because monthly_fee plan currency",
    "tickets": "ticket_id customer_id opened_on | "
    "first_reply_on resolved_on closed_on touches reopened_on channel topic is_complaint",
    "surveys": "survey_id customer_id answered_on | invited_on weight nps csat effort category_spend currency",
    "ratings": "brand attribute rating | customer_id",
    "price_index": "month index |",
    "totals": "customer_id first_order last_order orders revenue | margin currency",
}
_NUMBERS = (
    "amount quantity unit_price unit_cost discount refunded birth_year list_price expected_value cost duration "
    "monthly_fee touches weight nps csat effort category_spend rating index orders revenue margin"
)


def _kind(name):
    """The kind of a column by its name."""
    kinds = {"month": "date", "referred_by": "id", "opened": "flag", "responded": "flag", "is_complaint": "flag"}
    kinds |= {"ended": "flag", "first_order": "date", "last_order": "date"} | dict.fromkeys(_NUMBERS.split(), "number")
    return kinds.get(name) or {"id": "id", "on": "date"}.get(name.rpartition("_")[2], "text")


TABLES = {table: {name: _kind(name) for name in names.replace("|", "").split()} for table, names in _COLUMNS.items()}
REQUIRED = {table: names.partition("|")[0].split() for table, names in _COLUMNS.items()}
ALONE = ("transactions", "leads", "subscriptions", "surveys", "totals")
"""Tables of which a source must have one."""

INSTEAD = {
    "transactions": ("amount", ("quantity", "unit_price")),
    "subscriptions": ("started_on", ("duration", "ended")),  # months, and whether the contract has ended
    "surveys": ("answered_on", ("invited_on",)),
}
"""Table -> a required column, and those that do in its place."""

MEASURED = re.compile("(expectation|performance|fit|engagement)_.+")
"""Names of further number columns: answers by attribute in surveys, features in leads."""


def kind_of(table, column):
    """The kind of a column of ours; columns the contract does not name are text, or numbers by their prefix."""
    return TABLES[table].get(column, "number" if MEASURED.fullmatch(column) else "text")


def missing_columns(table, columns):
    """Required columns of `table` that are not in `columns` and that no others stand for, as `INSTEAD` says."""
    missing = [name for name in REQUIRED[table] if name not in columns]
    ours, others = INSTEAD.get(table, ("", ()))
    return [name for name in missing if name != ours or not {*others} <= {*columns}]


def check_columns(table, columns, found):
    """Raise one DataError that names every required column missing from `columns`, and what the file has instead."""
    missing = missing_columns(table, columns)
    if not missing:
        return
    listed = ", ".join(f"'{shorten(name, 40)}'" for name in found[:30]) + (" ..." if len(found) > 30 else "")
    names = ", ".join(f"'{name}'" for name in missing)
    what = plural("column {names} is missing", "columns {names} are missing", len(missing)).format(names=names)
    text, advice = _("{table}: {what}; the file has {found}. {advice}"), _advice(table, missing, found)
    raise DataError(text.format(table=table, what=what, found=listed or _("no columns"), advice=advice))


def _advice(table, missing, found):
    """The next step: the mapping that the names suggest, else the command that drafts one."""
    if table == "transactions" and (first := a_row_a_customer(found)):
        text = _("It has one row a customer ('{first}'): `portfoy map FILE` drafts it; one row an order tells more.")
        return text.format(first=shorten(first, 40))
    guesses = {name: guess(name, found) for name in missing}
    known = [f'{name} = "{shorten(theirs, 40)}"' for name, theirs in guesses.items() if theirs]
    if table == "transactions" and "order_id" in missing and not guesses["order_id"] and guesses.get("customer_id"):
        day = guesses.get("ordered_on") or "ordered_on"
        known.append(f'order_id = ["{guesses["customer_id"]}", "{day}"]')
    elif table == "transactions" and missing == ["order_id"]:
        known.append('order_id = ["customer_id", "ordered_on"]')
    if not known:
        return _("Map them in portfoy.toml; `portfoy map FILE` drafts one.")
    return _("Map in portfoy.toml, under [{table}]: {lines}.").format(table=table, lines="; ".join(known))
