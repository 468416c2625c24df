"""Whom to call first: the customers expected to bring most, and of those gone quiet the ones to win back."""

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
QUIET = 2  # the highest r of those to win back
WORTH = ["expected_value", "expected_value_low", "expected_value_high"]
WHO = ["customer_id", "segment", "last_order", "purchases", "revenue", "p_alive", "expected_purchases", *WORTH]


@dataclass(frozen=True)
class Shortlist(Result):
    """Whom to contact first.

    ``table``, one row per customer, the highest expected value first, but for those who bought once and have gone
    quiet, who come last, because the model cannot see them stop: ``customer_id``, ``type`` if known, ``segment``,
    ``last_order``, ``purchases``, ``revenue``, ``p_alive``, ``expected_purchases``, ``expected_value`` money, with
    ``expected_value_low`` and ``expected_value_high``: where what this one customer brings will end in 8 of 10 cases
    (`likely_range`), not the interval of the mean; ``action``, the next step. ``win_back`` the same of those whose r is
    1 or 2. ``share`` of what all are expected to bring that stands on ``table``, 0-1, missing where that is nothing.
    ``contacts`` how long a list may be; ``limited``: by the ``budget``, at ``contact_cost`` money each.
    """

    table: pd.DataFrame
    win_back: pd.DataFrame
    share: float
    contacts: int
    limited: bool
    budget: float
    contact_cost: float
    currency: str

    def finding(self):
        if np.isnan(self.share) or self.table.empty:
            return Finding(_("There is no customer to list"), nothing=True)
        return Finding(style.say(_("The customers listed hold {share:share} of the expected value"), vars(self)))

    def reading(self):
        said = []
        if len(self.table) and not np.isnan(self.share):
            said.append(_("{n:count} are listed, and {quiet:count} gone quiet on a list of their own."))
        if self.limited:
            said.append(_("The budget of {budget:price} pays for {contacts:count} at {contact_cost:price} each."))
        values = {**vars(self), "n": len(self.table), "quiet": len(self.win_back)}
        return style.say(" ".join(said), values, currency=self.currency)

    def summary(self):
        titles = _("Expected to bring most"), _("Gone quiet: whom to win back")
        return [
            show(table.loc[: FIRST - 1, [*WHO[:3], *WORTH]], title, currency=self.currency)
            for table, title in zip([self.table, self.win_back], titles, strict=True)
            if len(table)
        ]

    def actions(self):
        if np.isnan(self.share):
            return []
        texts = {
            "win_back": _("Call the {n:count} quiet customers worth most: {worth:money} is expected of them"),
            "most_valuable": _("Look after the {n:count} customers worth most: {worth:money} is expected of them"),
        }
        tables, actions = {"win_back": self.win_back, "most_valuable": self.table}, []
        for name, table in tables.items():
            if len(table):
                worth = float(table["expected_value"].sum())
                said = style.say(texts[name], {"n": len(table), "worth": worth}, currency=self.currency)
                actions.append(Action(said, worth, name, table))
        return actions

    def method(self):
        return style.Reading(
            _(
                "What one customer brings ends within the range in 8 of 10 futures played by the models. Gone quiet "
                "are scores of 1 or 2 for idle days; of those, who bought once comes last, for the models cannot see "
                "such customers stop."
            )
        )


@analysis
def shortlist(firm, scored, value, *, contacts=50, budget=0.0, contact_cost=0.0):
    """Whom to contact first: the customers expected to bring most, and of those gone quiet the ones to win back.

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
    first, back = (
        with_type(_listed(table, scored.groups, value, most), firm.people)
        for table in (customers, customers[customers["r"] <= QUIET])
    )
    share = float(first["expected_value"].sum() / value.total) if value.total > 0 else np.nan
    return Shortlist(first, back, share, most, most < contacts, budget, cost, firm.currency)


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
