"""Who needs special attention: the valuable who are silent for long, unhappy, or wait for an answer."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from portfoy.firm import analysis
from portfoy.locale import _
from portfoy.models.columns import CONTROL
from portfoy.models.lists import check_limits, held_out
from portfoy.people import with_type
from portfoy.retention.histories import LATELY, reasons, with_service
from portfoy.standing import rule_of
from portfoy.words import style
from portfoy.words.result import Action, Finding, Result
from portfoy.words.table import show

LIST = "special_attention"
PART = 5  # one customer in so many is valuable


@dataclass(frozen=True)
class Attention(Result):
    """Who needs special attention, the most valuable first.

    ``table``, one row per customer among the fifth expected to bring most, who is at risk, unhappy by the last answer,
    or has an open ticket or a complaint that was not solved at once: ``customer_id``, ``type`` if known, ``why``,
    ``last_order``, ``expected_value`` money. ``found`` how many such customers there are, expected to bring ``worth``;
    ``spared`` held out by a list of ours, so that nobody calls them. ``valuable`` customers were looked at.
    """

    table: pd.DataFrame
    found: int
    worth: float
    valuable: int
    spared: int
    at_risk_days: int
    currency: str

    def finding(self):
        if not self.found:
            return Finding(_("No valuable customer is silent, unhappy or waiting"), nothing=True)
        return Finding(style.say(_("{found:count} of the most valuable need special attention"), vars(self)))

    def reading(self):
        if not self.found:
            return ""
        text = _("Silent for long, unhappy or waiting for an answer, they are expected to bring {worth:money}.")
        if self.spared:
            text += " " + _("{spared:count} held out elsewhere are left in peace.")
        return style.say(text, vars(self), currency=self.currency)

    def summary(self):
        return show(self.table.head(15), _("Who needs special attention"), currency=self.currency) if self.found else []

    def actions(self):
        if self.table.empty:
            return []
        worth = float(self.table["expected_value"].sum())
        values = {"n": len(self.table), "worth": worth}
        text = _("Call {n:count} valuable customers in person: {worth:money} is expected of them")
        return [Action(style.say(text, values, currency=self.currency), worth, LIST, self.table)]

    def method(self):
        text = _(
            "Valuable: the fifth of which most is expected ({valuable:count}). Silent: more than "
            "{at_risk_days:days}, not yet lapsed. Unhappy: last answer of the year 0-6 of 10 to recommend us, "
            "or 1-2 of 5 for satisfaction. Tickets: half a year."
        )
        return style.say(text, vars(self))


@analysis(without=("saved",))
def attention(firm, *, value, saved=None, contacts=50):
    """Who needs special attention: of high value, and at risk, unhappy, or with an open ticket.

    Parameters
    ----------
    firm : Firm
    value : LifetimeValue of its customers
    saved : Leaving of the same firm, whose held out are left in peace
    contacts : customers on the list at most

    Returns
    -------
    Attention; not possible where there is no value or no limit of silence
    """
    check_limits(contacts=contacts)
    rule = rule_of(firm)
    worth = value.table.set_index("customer_id")["expected_value"]
    rows = firm.customers[["customer_id", "idle", "last_order"]].join(worth, on="customer_id").dropna()
    most = rows.sort_values(["expected_value", "customer_id"], ascending=[False, True])
    most = most.head(int(np.ceil(len(rows) / PART)))
    most = most[(most["idle"] <= rule.lapsed_days) & (most["expected_value"] > 0)].reset_index(drop=True)
    known = with_service(firm, most.assign(seen_on=firm.as_of))
    why = reasons(known, rule.at_risk_days)
    found = most.assign(why=why)[why != ""]
    spared = held_out(firm, LATELY)
    if saved is not None and len(saved.listed):
        spared |= set(saved.listed.loc[saved.listed["arm"] == CONTROL, "customer_id"])
    free = found[~found["customer_id"].isin(spared)]
    columns = ["customer_id", "why", "last_order", "expected_value"]
    table = with_type(free[columns].head(int(contacts)).reset_index(drop=True), firm.people)
    counts = {"found": len(found), "worth": float(found["expected_value"].sum()), "valuable": len(most)}
    counts |= {"spared": len(found) - len(free), "at_risk_days": rule.at_risk_days, "currency": firm.currency}
    return Attention(table, **counts)
