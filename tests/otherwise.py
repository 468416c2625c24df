"""A company in which everything after a day went otherwise."""

import shutil

import numpy as np
import pandas as pd

from portfoy.source.seen import BEGINS

DAY = pd.Timestamp("2026-01-31")
ANSWERS = pd.Timedelta(days=30)  # in which a contact may be answered


def write_otherwise(folder, other):
    """Write the company of a folder into another one, changed after the day."""
    shutil.copytree(folder, other)
    rng = np.random.default_rng(5)
    for path in sorted(folder.glob("*.csv"), key=lambda path: (path.stem == "price_index", path)):
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
        CHANGES.get(path.stem, lambda table, rng: table)(table, rng).to_csv(other / path.name, index=False)


def later(table, column):
    """Rows whose date is after the day."""
    return (pd.to_datetime(table[column], errors="coerce") > DAY).to_numpy()


def move(table, rows, column, days=40):
    """Dates moved further away."""
    moved = pd.to_datetime(table.loc[rows, column]) + pd.Timedelta(days=days)
    table.loc[rows, column] = moved.dt.strftime("%Y-%m-%d")


def shuffle(table, rows, columns, rng):
    """Other values, those of any row of the table."""
    for column in columns:
        table.loc[rows, column] = rng.choice(table[column].to_numpy(), rows.sum())


def begin_otherwise(name, begins=None):
    """Of a table's later rows a third is gone, a third there twice, and none is what it was."""

    begins = begins or BEGINS[name]

    def change(table, rng):
        rows = later(table, begins)
        shuffle(table, rows, [column for column in table.columns if column != begins], rng)
        move(table, rows, begins)
        lot = rng.integers(3, size=len(table))
        return pd.concat([table[~rows | (lot > 0)], table[rows & (lot == 1)]])

    return change


def change_transactions(table, rng):
    table = begin_otherwise("transactions", "ordered_on")(table, rng)
    rows = later(table, "ordered_on")
    table.loc[rows, "amount"] = (rng.uniform(-9, 99, rows.sum()) ** 3).round(2).astype(str)
    return table


def change_leads(table, rng):
    table = begin_otherwise("leads")(table, rng)
    closed = later(table, "closed_on")
    table.loc[closed, "outcome"] = rng.choice(["won", "lost", "open"], closed.sum())
    shuffle(table, closed, ["customer_id"], rng)
    for column in ["contacted_on", "qualified_on", "proposed_on", "closed_on"]:
        move(table, later(table, column), column)
    return table


def change_contacts(table, rng):
    table = begin_otherwise("contacts")(table, rng)
    open_yet = (pd.to_datetime(table["contacted_on"], errors="coerce") + ANSWERS > DAY).to_numpy()
    for column in ["opened", "responded"]:
        table.loc[open_yet, column] = table.loc[open_yet, column].map({"true": "false", "": "true"}).fillna("true")
    return table


def change_subscriptions(table, rng):
    table = begin_otherwise("subscriptions")(table, rng)
    ended = later(table, "ended_on")
    shuffle(table, ended, ["ended_because"], rng)
    table.loc[ended, "ended_on"] = np.where(rng.integers(2, size=ended.sum()), "", "2026-06-01")
    return table


def change_tickets(table, rng):
    table = begin_otherwise("tickets")(table, rng)
    shuffle(table, later(table, "closed_on"), ["touches"], rng)
    for column in ["first_reply_on", "resolved_on", "closed_on", "reopened_on"]:
        move(table, later(table, column), column)
    return table


def change_surveys(table, rng):
    table = begin_otherwise("surveys", "invited_on")(table, rng)
    answered = later(table, "answered_on")
    asked = ["survey_id", "customer_id", "invited_on", "answered_on"]
    shuffle(table, answered, [column for column in table.columns if column not in asked], rng)
    move(table, answered, "answered_on")
    return table


CHANGES = {name: begin_otherwise(name) for name in BEGINS} | {
    "transactions": change_transactions,
    "leads": change_leads,
    "contacts": change_contacts,
    "subscriptions": change_subscriptions,
    "tickets": change_tickets,
    "surveys": change_surveys,
}
