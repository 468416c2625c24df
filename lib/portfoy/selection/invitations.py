"""Whom to contact in the next campaign: today's customers by what a contact is expected to earn."""

import math

import numpy as np
import pandas as pd

from portfoy.customers import DAY
from portfoy.locale import _
from portfoy.models.threads import one_thread
from portfoy.rows import with_ids
from portfoy.selection.examples import join_people
from portfoy.words.codes import leaning_words, trait_labels


@one_thread()
def campaign_list(firm, response, terms, *, budget=0.0, contacts=50):
    """Whom to contact next: today's customers by what a contact is expected to earn, as long as it earns something.

    Gives (DataFrame, dict) : one row per customer, the highest expected profit first; and what it counts:
    ``customer_id``; ``why`` the two features that raise the odds of a response most, in words; ``p_response`` with
    bounds (of the estimate); ``expected_profit`` money, p_response x response_margin - contact_cost, with bounds;
    ``cost_so_far`` of the customers down to this one. Counted are ``customers`` of the base, those ``strange`` to the
    model (with a trait that nobody contacted so far had: no forecast), those ``worth`` a contact, and of the list
    ``listed`` customers, ``cost`` and ``profit`` money, this with its bounds.
    """
    customers, fit, ends = with_ids(firm.customers, "campaign"), response.fit, ["", "_low", "_high"]
    today = customers["first_order"] + customers["age"] * DAY
    table = join_people(customers.assign(bought_before=True), firm.tables.customers, today.dt.year)
    table = table.assign(**{name: np.nan for name in fit.features if name not in table})
    listed = pd.concat([customers[["customer_id"]], fit.predict(table, response.confidence)], axis=1)
    for end in ends:
        listed[f"expected_profit{end}"] = listed[f"p_response{end}"] * terms.response_margin - terms.contact_cost
    worth = listed[listed["expected_profit"] > 0]
    worth = worth.sort_values(["expected_profit", "customer_id"], ascending=[False, True])
    if budget and terms.contact_cost:
        contacts = min(contacts, math.floor(budget / terms.contact_cost + 1e-9))
    chosen = worth.head(contacts)
    cost, known = [terms.contact_cost * n for n in range(len(chosen) + 1)], table.loc[chosen.index]
    total = {"customers": len(customers), "strange": int(listed["p_response"].isna().sum()), "worth": len(worth)}
    total |= {"listed": len(chosen), "cost": cost[-1]}
    for end, responses in zip(ends, fit.expected_responses(known, response.confidence), strict=True):
        total[f"profit{end}"] = responses * terms.response_margin - cost[-1]
    chosen.insert(1, "why", _why(response, known))
    return chosen.assign(cost_so_far=cost[1:]).reset_index(drop=True), total


def _why(response, table):
    """The two features that raise each customer's odds most, in words; empty where none does."""
    pull = response.fit.pull(table)
    words = pd.DataFrame({name: _words(name, table[name], response.odds) for name in pull}, table.index)
    order = np.argsort(-pull.to_numpy(), axis=1, kind="stable")[:, :2]
    raised = np.take_along_axis(pull.to_numpy(), order, axis=1) > 0.01
    said = np.where(raised, np.take_along_axis(words.to_numpy(dtype=object), order, axis=1), "")
    first, second = said.T
    return pd.Series(np.where(second != "", first + "; " + second, first), table.index, dtype="str")


def _words(name, values, odds):
    """What is said of each customer's value of a feature that raises the odds."""
    if name == "bought_before":
        return _("bought before")
    if name in (words := leaning_words()):
        ratio = odds.loc[(odds["feature"] == name) & (odds["level"] == ""), "odds_ratio"].iloc[0]
        return np.where(values.isna() & (name == "years"), _("age not known"), words[name][int(ratio > 1)])
    text = values.astype("object").where(values.notna(), _("not known")).astype("str")
    return trait_labels().get(name, name) + ": " + text
