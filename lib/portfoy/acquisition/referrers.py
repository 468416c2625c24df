"""Who brings others, and what is that worth?"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from portfoy.acquisition.deals import deals
from portfoy.acquisition.won import LEADS
from portfoy.errors import DataError
from portfoy.firm import analysis
from portfoy.intervals import t_value
from portfoy.locale import _
from portfoy.people import with_type
from portfoy.words import style
from portfoy.words.result import Action, Finding, Result
from portfoy.words.table import show

LISTED = 50  # customers on the list at most


@dataclass(frozen=True)
class Referrers(Result):
    """The customers who recommended us, and what those whom they sent have brought.

    ``table``, one row per such customer, who brought most first: ``customer_id``; ``type``, where known; ``idle`` days
    since the last purchase; ``referred`` leads, ``won`` customers of them, ``open_leads``; ``brought`` margin so far of
    those won, ``brought_year`` in the last 12 months that are over; ``own_margin`` so far.
    ``worth``: ``referrers``; a mean each of ``brought`` with bounds (Student's t) and of ``own_margin``; ``total``
    brought; ``won_share`` of their leads that are over; ``unknown`` referrers, no customers.
    """

    table: pd.DataFrame
    worth: dict
    currency: str

    def _say(self, text):
        return style.say(text, self.worth, currency=self.currency)

    def finding(self):
        if not self.worth["total"] > 0:
            return Finding(_("Those who were recommended have brought nothing yet"), nothing=True)
        return Finding(self._say(_("Recommendations have brought {total:money} of margin")))

    def reading(self):
        text = _(
            "The {referrers:count} who recommend brought {brought:money} each through others "
            "({brought_interval:money}), beside {own_margin:money} of their own."
        )
        return self._say(text)

    def summary(self):
        listed = self.table.drop(columns="brought_year").head(10)
        return show(listed, _("Who brought most through others"), currency=self.currency)

    def actions(self):
        listed = self.table[self.table["won"] > 0].head(LISTED)
        if listed.empty:
            return []
        text = _("Thank the {n:count} whose recommendations brought most, and ask for more")
        because = _("{won:count} of {referred:count} recommended are customers; they brought {brought:money}")
        because = [str(style.say(because, row, currency=self.currency)) for row in listed.to_dict("records")]
        later = np.where(listed["open_leads"] > 0, _("thank; the open ones first"), _("thank, ask for another"))
        worth, listed = float(listed["brought_year"].sum()), listed.assign(because=because, next_step=later)
        return [Action(style.say(text, {"n": len(listed)}), worth, "referrers", listed)]

    def method(self):
        text = _(
            "Margin so far of customers won by a lead that names who referred it; {won_share:share} of those "
            "over were won. Who refers may have been a better customer before. Named, but no customers: "
            "{unknown:count}."
        )
        return self._say(text)


@analysis
def referrers(firm, found):
    """The `Referrers` of a firm, `found` its `Won`; not possible where no lead tells who referred it."""
    leads = deals(firm) if firm.tables.leads is not None else pd.DataFrame()
    known = firm.customers.set_index("customer_id")
    named = pd.Index(leads["referred_by"].dropna().unique() if "referred_by" in leads else [])
    if not (known.index.get_indexer(named) >= 0).any():
        raise DataError(_("leads: none tells which customer referred it; add referred_by, a customer_id."))
    if "customer_id" not in leads or leads["customer_id"].isna().all():
        raise DataError(_("leads: none tells which customer it became; add customer_id."))
    leads = leads.dropna(subset=["referred_by", "outcome"])
    lately = found.cells[found.cells["month"].between(found.end - 11, found.end)].groupby("place")["margin"].sum()
    gained = found.table.assign(year=lately.reindex(found.table.index, fill_value=0.0), won=1)
    gained = gained[(gained["source"] == LEADS) & gained["customer_id"].notna()].set_index("customer_id")
    first = leads["customer_id"].where((leads["outcome"] == "won") & ~leads["customer_id"].duplicated())
    gained = gained[["margin", "year", "won"]].reindex(first).fillna(0.0).set_axis(leads.index)
    leads = leads.assign(open=leads["outcome"] == "open", **gained)
    table = leads.groupby("referred_by").agg(
        referred=("won", "size"),
        won=("won", "sum"),
        open_leads=("open", "sum"),
        brought=("margin", "sum"),
        brought_year=("year", "sum"),
    )
    unknown = known.index.get_indexer(table.index) < 0
    table.insert(0, "idle", known["idle"].reindex(table.index))
    table["own_margin"] = known["margin"].fillna(known["revenue"]).reindex(table.index)
    table = table[~unknown].rename_axis("customer_id").reset_index().astype({"won": "int64", "idle": "int64"})
    table = table.sort_values(["brought", "referred"], ascending=False, kind="stable", ignore_index=True)
    n, mean, over = len(table), table["brought"].mean(), leads[~leads["open"]]
    half = t_value(firm.confidence, n - 1) * table["brought"].std() / np.sqrt(n)
    worth = {
        **{"referrers": n, "brought": mean, "brought_low": mean - half, "brought_high": mean + half},
        **{"own_margin": table["own_margin"].mean(), "total": table["brought"].sum(), "unknown": int(unknown.sum())},
        "won_share": (over["outcome"] == "won").mean(),
    }
    return Referrers(with_type(table, firm.people), worth, firm.currency)
