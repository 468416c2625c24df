"""Whom to contact in the next campaign: today's customers by what a contact is expected to earn."""

import math

import numpy as np
import pandas as pd

from portfoy.customers import DAY
from portfoy.locale import _
from portfoy.models.judging import need_judged
from portfoy.models.threads import one_thread
from portfoy.rows import with_ids
from portfoy.selection.campaign import need_terms
from portfoy.selection.examples import age_in_years, person_traits
from portfoy.words.codes import trait_labels


@one_thread()
def campaign_list(model, customers, tables, *, contact_cost, response_margin, budget=0.0, contacts=50):
    """Whom to contact next: today's customers by what a contact is expected to earn, as long as it earns something.

    Parameters
    ----------
    model : ResponseModel
    customers : DataFrame, as from `customer_table` of today
    tables : Tables; ``customers`` for the traits, where the model uses any
    contact_cost, response_margin : money, as from `campaign_terms`
    budget : money to spend on contacts; 0 is no limit
    contacts : customers at most

    Returns
    -------
    DataFrame, one row per customer, the highest expected profit first
        ``customer_id``; ``why`` the two features that raise the odds of a response most, in words; ``p_response``
        with bounds (of the estimate); ``expected_profit`` p_response x response_margin - contact_cost, money, with
        bounds; ``cost_so_far`` of the customers down to this one. Its ``attrs`` count ``customers`` of the base, those
        ``strange`` to the model (with a trait that nobody contacted so far had: no forecast) and those ``worth`` a
        contact; ``expected_responses`` of the list, with low and high; ``response_margin``; ``sorts``: whether the
        model did better than guessing on all judged campaigns.

    Raises
    ------
    DataError : a column is missing, there is no customer, or cost or margin cannot be.
    """
    need_judged(customers, ["first_order", "age"], "campaign_list")
    need_terms(contact_cost, response_margin, "campaign_list")
    customers = with_ids(customers, "campaign_list")
    table = _today(model, customers, tables.customers)
    p = model.predict(table)
    ends = ["", "_low", "_high"]
    profit = {f"expected_profit{end}": p[f"p_response{end}"] * response_margin - contact_cost for end in ends}
    listed = pd.concat([customers[["customer_id"]], p, pd.DataFrame(profit)], axis=1)
    worth = listed[listed["expected_profit"] > 0].sort_values(
        ["expected_profit", "customer_id"], ascending=[False, True]
    )
    most = min(contacts, math.floor(budget / contact_cost + 1e-9)) if budget and contact_cost else contacts
    listed = worth.head(most)
    chosen = listed.index
    listed.insert(1, "why", _why(model, table.loc[chosen]))
    listed = listed.assign(cost_so_far=np.arange(1, len(listed) + 1) * float(contact_cost)).reset_index(drop=True)
    listed.attrs = {"customers": len(customers), "strange": int(p["p_response"].isna().sum()), "worth": len(worth)}
    listed.attrs["expected_responses"] = model.expected_responses(table.loc[chosen])
    listed.attrs["response_margin"] = float(response_margin)
    listed.attrs["sorts"] = bool(model.judgement["auc_low"].iloc[-1] > 0.5)
    return listed


def _today(model, customers, people):
    """The customer table with what the model needs beside it, as of the day the table stands on."""
    table = customers.assign(bought_before=True)
    if people is not None:
        known = person_traits(people)
        known = known.rename(columns={name: f"customer_{name}" for name in known.columns.intersection(table.columns)})
        known = known.rename(columns={"customer_customer_id": "customer_id"}).set_index("customer_id")
        known = known.reindex(customers["customer_id"]).set_axis(customers.index)
        table = pd.concat([table, known], axis=1)
        if "birth_year" in table:
            today = customers["first_order"] + customers["age"] * DAY
            table["years"] = age_in_years(table["birth_year"], today.dt.year)
    return table.assign(**{name: np.nan for name in model.features if name not in table})


def _why(model, table):
    """The two features that raise each customer's odds most, in words; empty where none does."""
    pull = model.pull(table)
    words = pd.DataFrame({name: _words(name, table[name], model) for name in pull}, table.index)
    order = np.argsort(-pull.to_numpy(), axis=1, kind="stable")[:, :2]
    raised = np.take_along_axis(pull.to_numpy(), order, axis=1) > 0.01
    said = np.where(raised, np.take_along_axis(words.to_numpy(dtype=object), order, axis=1), "")
    first, second = said.T
    return pd.Series(np.where(second != "", first + "; " + second, first), table.index, dtype="str")


def _words(name, values, model):
    """What is said of each customer's value of a feature that raises the odds."""
    words = {
        "idle": (_("has not bought for long"), _("bought lately")),
        "purchases": (_("many purchases"), _("few purchases")),
        "revenue": (_("high revenue"), _("low revenue")),
        "ticket": (_("high spend per purchase"), _("low spend per purchase")),
        "age": (_("a customer for long"), _("a new customer")),
        "years": (_("older than most"), _("younger than most")),
    }
    if name == "bought_before":
        return _("bought before")
    if name in words:
        terms = model.coefficients[model.coefficients["feature"] == name]
        known = words[name][0 if terms["odds_ratio"].iloc[0] > 1 else 1]
        return np.where(values.isna(), _("age not known"), known) if name == "years" else known
    text = values.astype("object").where(values.notna(), _("not known")).astype("str")
    return trait_labels().get(name, name) + ": " + text
