"""What each table must hold, and every check of what comes in.

A table is described by its columns and their kinds. Kinds: ``id`` (text, zeros kept), ``text``, ``date``,
``number``, ``flag`` (true / false). Transactions, the one table that is required, are checked row by row in the
engine, and every row that is set aside is counted.
"""

import re

from portfoy.errors import DataError
from portfoy.locale import _, plural
from portfoy.source.names import guess

TABLES = {
    "transactions": {
        "customer_id": "id",
        "order_id": "id",
        "ordered_on": "date",
        "amount": "number",
        "quantity": "number",
        "unit_price": "number",
        "product_id": "id",
        "unit_cost": "number",
        "discount": "number",
        "campaign_id": "id",
    },
    "customers": {
        "customer_id": "id",
        "joined_on": "date",
        "type": "text",
        "birth_year": "number",
        "gender": "text",
        "region": "text",
        "income_band": "text",
        "channel": "text",
        "interests": "text",
    },
    "products": {
        "product_id": "id",
        "name": "text",
        "category": "text",
        "tier": "text",
        "list_price": "number",
        "unit_cost": "number",
        "launched_on": "date",
    },
    "leads": {
        "lead_id": "id",
        "channel": "text",
        "created_on": "date",
        "customer_id": "id",
        "contacted_on": "date",
        "qualified_on": "date",
        "proposed_on": "date",
        "closed_on": "date",
        "outcome": "text",
        "expected_value": "number",
        "owner": "text",
    },
    "spend": {"month": "date", "channel": "text", "cost": "number", "kind": "text"},
    "campaigns": {"campaign_id": "id", "phase": "text", "channel": "text", "cost": "number", "starts_on": "date"},
    "contacts": {
        "campaign_id": "id",
        "customer_id": "id",
        "arm": "text",
        "contacted_on": "date",
        "opened": "flag",
        "responded": "flag",
    },
    "subscriptions": {
        "contract_id": "id",
        "customer_id": "id",
        "started_on": "date",
        "ended_on": "date",
        "monthly_fee": "number",
        "plan": "text",
    },
    "tickets": {
        "ticket_id": "id",
        "customer_id": "id",
        "opened_on": "date",
        "resolved_on": "date",
        "closed_on": "date",
        "touches": "number",
        "reopened_on": "date",
        "topic": "text",
        "is_complaint": "flag",
    },
    "surveys": {
        "survey_id": "id",
        "customer_id": "id",
        "answered_on": "date",
        "nps": "number",
        "csat": "number",
        "category_spend": "number",
    },
    "ratings": {"brand": "text", "attribute": "text", "rating": "number", "customer_id": "id"},
}

REQUIRED = {
    "transactions": ["customer_id", "order_id", "ordered_on", "amount"],
    "customers": ["customer_id"],
    "products": ["product_id"],
    "leads": ["lead_id", "channel", "created_on"],
    "spend": ["month", "channel", "cost"],
    "campaigns": ["campaign_id", "phase", "channel", "cost", "starts_on"],
    "contacts": ["campaign_id", "customer_id", "arm", "contacted_on"],
    "subscriptions": ["contract_id", "customer_id", "started_on"],
    "tickets": ["ticket_id", "customer_id", "opened_on"],
    "surveys": ["survey_id", "customer_id", "answered_on"],
    "ratings": ["brand", "attribute", "rating"],
}

MEASURED = re.compile("(expectation|performance|fit|engagement)_.+")
"""Names of further number columns: answers by attribute in surveys, features in leads."""


def kind_of(table, column):
    """The kind of a column of ours; columns the contract does not name are text, or numbers by their prefix."""
    return TABLES[table].get(column, "number" if MEASURED.fullmatch(column) else "text")


def missing_columns(table, columns):
    """Required columns of `table` that are not in `columns`; amount may be given as quantity and unit_price."""
    missing = [name for name in REQUIRED[table] if name not in columns]
    if table == "transactions" and {"quantity", "unit_price"} <= set(columns):
        missing = [name for name in missing if name != "amount"]
    return missing


def check_columns(table, columns, found):
    """Raise one DataError that names every required column missing from `columns`, and what the file has instead."""
    missing = missing_columns(table, columns)
    if not missing:
        return
    listed = ", ".join(f"'{_short(name)}'" for name in found[:30]) + (" ..." if len(found) > 30 else "")
    what = plural("column {names} is missing", "columns {names} are missing", len(missing)).format(
        names=", ".join(f"'{name}'" for name in missing)
    )
    raise DataError(
        _("{table}: {what}; the file has {found}. {advice}").format(
            table=table, what=what, found=listed or _("no columns"), advice=_advice(table, missing, found)
        )
    )


def _advice(table, missing, found):
    """The next step: the mapping that the names suggest, else the command that drafts one."""
    guesses = {name: guess(name, found) for name in missing}
    known = [f'{name} = "{_short(theirs)}"' for name, theirs in guesses.items() if theirs]
    if table == "transactions" and "order_id" in missing and not guesses["order_id"] and guesses.get("customer_id"):
        day = guesses.get("ordered_on") or "ordered_on"
        known.append(f'order_id = ["{guesses["customer_id"]}", "{day}"]')
    elif table == "transactions" and missing == ["order_id"]:
        known.append('order_id = ["customer_id", "ordered_on"]')
    if not known:
        return _("Map them in portfoy.toml; `portfoy map FILE` drafts one.")
    return _("Map in portfoy.toml, under [{table}]: {lines}.").format(table=table, lines="; ".join(known))


def _short(text, limit=40):
    text = " ".join(str(text).split())
    return text if len(text) <= limit else text[: limit - 3] + "..."
