"""Whom to call first: the customers expected to bring most."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from portfoy.firm import analysis
from portfoy.locale import _
from portfoy.models.lists import reach
from portfoy.models.scatter import likely_range
from portfoy.people import with_type
from portfoy.rows import with_ids
from portfoy.words import style
from portfoy.words.result import Action, Finding, Result
from portfoy.words.table import show

FIRST = 10  # rows shown of a list
QUIET = 2  # the highest r of those who have gone quiet
WORTH = ["expected_value", "expected_value_low", "expected_value_high"]
WHO = ["customer_id", "segment", "last_order", "purchases", "revenue", "p_alive", "expected_purchases", *WORTH]


@dataclass(frozen=True)
class Shortlist(Result):
    """Whom to contact first.

    ``table``, one row per customer, the highest expected value first, but for those who bought once and have gone
    quiet, who come last, because the model cannot see them stop: ``customer_id``, ``type`` if known, ``segment``,
    ``last_order``, ``purchases``, ``revenue``, ``p_alive``, ``expected_purchases``, ``expected_value`` money, with
    ``expected_value_low`` and ``expected_value_high``: where what this one customer brings will end in 8 of 10 cases
    (`likely_range`), not the interval of the mean; ``action``, the next step. ``share`` of what all are expected to
    bring that stands on ``table``, 0-1, missing where that is nothing. ``contacts`` how long a list may be;
    ``limited``: by the ``budget``, at ``contact_cost`` money each.
    """

    table: pd.DataFrame
    share: float
    contacts: int
    limited: bool
    budget: float
    contact_cost: float
    currency: str

    def finding(self):
        if np.isnan(self.share) or self.table.empty:
            return Finding(_("There is no customer to list"), nothing=True)
        return Finding(style.say(_("Those listed hold {share:share} of the expected value"), vars(self)))

    def reading(self):
        said = []
        if len(self.table) and not np.isnan(self.share):
            said.append(_("{n:count} are listed; who bought once and went quiet comes last."))
        if self.limited:
            said.append(_("The budget of {budget:price} pays for {contacts:count} at {contact_cost:price} each."))
        values = {**vars(self), "n": len(self.table)}
        return style.say(" ".join(said), values, currency=self.currency)

    def summary(self):
        if self.table.empty:
            return []
        shown = self.table.loc[: FIRST - 1, [*WHO[:3], *WORTH]]
        return [show(shown, _("Expected to bring most"), currency=self.currency)]

    def actions(self):
        if np.isnan(self.share) or self.table.empty:
            return []
        worth = float(self.table["expected_value"].sum())
        text = _("Look after the {n:count} worth most: {worth:money} is expected of them")
        said = style.say(text, {"n": len(self.table), "worth": worth}, currency=self.currency)
        return [Action(said, worth, "most_valuable", self.table)]

    def method(self):
        return style.Reading(
            _(
                "What one customer brings ends within the range in 8 of 10 futures played by the models, which cannot "
                "see that those who bought once stop."
            )
        )


@analysis
def shortlist(firm, scored, value, *, contacts=50, budget=0.0, contact_cost=0.0):
    """Whom to contact first: the customers expected to bring most.

    Parameters
    ----------
    firm, contacts, budget, contact_cost : as in `reach`
    scored : Rfm
    value : LifetimeValue of the same customers

    Returns
    -------
    Shortlist; not possible where a budget is given and nobody can say what a contact costs
    """
    most, cost = reach(firm, contacts=contacts, budget=budget, contact_cost=contact_cost)
    customers = with_ids(scored.table, "shortlist")
    first = with_type(_listed(customers, scored.groups, value, most), firm.people)
    share = float(first["expected_value"].sum() / value.total) if value.total > 0 else np.nan
    return Shortlist(first, share, most, most < contacts, budget, cost, firm.currency)


def _listed(customers, rules, value, contacts):
    """The first so many of these customers, with the columns of `Shortlist`."""
    listed = customers.join(value.of(customers).table[["p_alive", "expected_purchases", "expected_value"]])
    listed["silent"] = (listed["purchases"] == 1) & (listed["r"] <= QUIET)  # never seen to stop, whatever has happened
    order = ["silent", "expected_value", "customer_id"]
    listed = listed.sort_values(order, ascending=[True, False, True]).head(contacts)
    likely = likely_range(listed, value)[["likely_low", "likely_high"]]
    holds = likely["likely_high"] >= listed["expected_value"]  # of few who bring much, the mean lies above the range
    listed[WORTH[1:]] = likely.where(holds)
    actions = rules.drop_duplicates("segment").set_index("segment")["action"]
    listed["action"] = listed["segment"].map(actions).astype(str)
    return listed[[*WHO, "action"]].reset_index(drop=True).astype({"segment": str})
