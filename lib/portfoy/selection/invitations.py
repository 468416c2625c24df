"""Whom to contact in the next campaign: today's customers by what a contact is expected to earn."""

import numpy as np
import pandas as pd

from portfoy.locale import _
from portfoy.models.columns import TREATED
from portfoy.models.examples import examples_today
from portfoy.models.lists import held_out_list, read_back
from portfoy.models.threads import one_thread
from portfoy.words.codes import leaning_words, trait_labels

LIST = "next_campaign"  # its name, by which arms are drawn


@one_thread()
def campaign_list(firm, response, terms, added=None, *, budget=0.0, contacts=50, hold_out_share=0.2):
    """Whom to contact next: today's customers by what a contact is expected to add, as long as it earns something.

    `added`: an `Added`, what contacts add by forecast. Without one a response may be nobody's merit: then the list goes
    by the forecast, as long as the contact would pay if it caused every response, and nothing is said of profit.

    Gives (DataFrame, dict) : one row per customer, the best first, with columns as contacts have; and what it counts.
    ``campaign_id`` of list and day; ``customer_id``; ``arm`` as from `draw`; ``contacted_on`` the day after that of the
    firm; ``hold_out_share``; ``why`` the two features that raise the odds of a response most, in words; ``p_response``
    with bounds (of the estimate); ``expected_profit`` money of a contact with bounds; ``cost_so_far`` of those to
    contact down to this one. Counted are ``customers`` of the base, those ``strange`` to the model (with a trait that
    nobody contacted so far had: no forecast), those ``worth`` a contact, and of the list ``listed`` customers, ``held``
    out of them, ``cost`` and ``profit`` money of the others, this with its bounds.
    """
    fit, ends = response.fit, ["", "_low", "_high"]
    table = examples_today(firm, fit.features)
    listed = pd.concat([table[["customer_id"]], fit.predict(table, response.confidence)], axis=1)
    total = {"customers": len(table), "strange": int(listed["p_response"].isna().sum())}
    listed = listed.dropna(subset="p_response")
    pays = listed["p_response"] >= terms.p_least
    if added is not None:
        more = added.of(listed["p_response"], response.confidence)
        for end in ends:
            listed[f"expected_profit{end}"] = more[f"added{end}"] * terms.response_margin - terms.contact_cost
        pays = listed["expected_profit"] > 0
    by = "p_response" if added is None else "expected_profit"
    worth = listed[pays].sort_values([by, "customer_id"], ascending=[False, True])
    terms_of = {"hold_out_share": hold_out_share, "cost": terms.contact_cost, "budget": budget}
    chosen = held_out_list(worth.head(contacts), LIST, firm.as_of, **terms_of)
    chosen.insert(5, "why", _why(response, table.loc[chosen.index]))
    reached = chosen[chosen["arm"] == TREATED]
    total |= {"worth": len(worth), "listed": len(chosen), "held": len(chosen) - len(reached)}
    total["cost"] = terms.contact_cost * len(reached)
    sums = (np.nan,) * 3 if added is None else added.total(reached["p_response"], response.confidence)
    total |= {
        f"profit{end}": each * terms.response_margin - total["cost"] for end, each in zip(ends, sums, strict=True)
    }
    return chosen.reset_index(drop=True), total


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


def latest(arms):
    """What the latest list that was acted on added: (a sentence, what it says), of `arms` as from `lots`; else None."""
    own = arms[arms["campaign_id"].astype(str).str.startswith(f"{LIST}-") & arms["points"].notna()]
    if own.empty:
        return None
    row = own.sort_values("campaign_id").iloc[-1].to_dict()
    return read_back(), row | {"day": pd.Timestamp(row["campaign_id"].removeprefix(f"{LIST}-"))}
