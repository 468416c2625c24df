"""What each table must hold, and every check of what comes in.

A table is described by its columns and their kinds. Kinds: ``id`` (text, zeros kept), ``text``, ``date``,
``number``, ``flag`` (true / false). Transactions, the one table that is required, are checked row by row in the
engine, and every row that is set aside is counted.
"""

import re

from portfoy.locale import _, plural
from portfoy.names import guess


class DataError(ValueError):
    """The data cannot be used as they are; the message says where, what, which rule, and the next step."""


class FitError(RuntimeError):
    """A model cannot be estimated from these data; the message says why and what to do instead."""


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


def need_columns(table, columns, where):
    """Raise one DataError that names every column `where` needs and a DataFrame lacks, or that it has no rows."""
    missing = [name for name in columns if name not in table.columns]
    if missing:
        what = plural("column {names} is missing", "columns {names} are missing", len(missing)).format(
            names=", ".join(f"'{name}'" for name in missing)
        )
        raise DataError(
            _("{where}: {what}; the table has {found}. Make it with customer_table.").format(
                where=where, what=what, found=", ".join(f"'{name}'" for name in table.columns)
            )
        )
    if table.empty:
        raise DataError(
            _("{where}: there are no customers; at least one is needed. Check the date and the data.").format(
                where=where
            )
        )


def positive_total(value, by):
    """The sum of an array, which must be above zero for shares of it to mean anything."""
    total = float(value.sum())
    if not total > 0:
        costs, amounts = _("Check the unit costs."), _("Check returns and the sign of amounts.")
        advice = costs if by == "margin" else amounts
        raise DataError(
            _("customers: the total of '{by}' is {total:,.2f}; shares need a total above zero. {advice}").format(
                by=by, total=total, advice=advice
            )
        )
    return total


def customer_ids(customers):
    """The customer of each row as text: the column ``customer_id``, else the index of that name, else None."""
    if "customer_id" in getattr(customers, "columns", ()):
        return customers["customer_id"].astype("str")
    return customers.index.to_series().astype("str") if customers.index.name == "customer_id" else None


def with_ids(customers, where):
    """A customer table with ``customer_id`` as a column of text, whatever its index was; its rows counted from 0."""
    ids = customer_ids(customers)
    if ids is None:
        need_columns(customers, ["customer_id"], where)
    return customers.assign(customer_id=ids.to_numpy()).reset_index(drop=True)


def find_rows(table, wanted, where):
    """Where in `table` the customer of each row of `wanted` stands, -1 for nowhere.

    The customer_id tells who is who; labels of rows do only where one of the two has none, since they change with
    every filter, sort and reset_index.
    """
    import pandas as pd

    own, theirs = customer_ids(table), customer_ids(wanted)
    own, theirs = (table.index, wanted.index) if own is None or theirs is None else (pd.Index(own), theirs)
    if not own.is_unique:
        raise DataError(
            _(
                "{where}: customer {customer!r} stands in more than one row ({count} such rows in all); one row per "
                "customer is needed. Add up the rows of a customer, or drop those that repeat one."
            ).format(where=where, customer=str(own[own.duplicated()][0]), count=int(own.duplicated(keep=False).sum()))
        )
    return own.get_indexer(theirs)
