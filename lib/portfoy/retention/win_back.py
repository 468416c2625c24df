"""Whom to win back: the lapsed, by what an offer to come back is expected to earn."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from portfoy.customers import months_before
from portfoy.firm import analysis
from portfoy.intervals import bounded, t_value, wilson
from portfoy.locale import _
from portfoy.models.lists import effect_of, held_out, offer_terms, offers, offers_said, read_back
from portfoy.retention.histories import YEAR, yearly_worth
from portfoy.standing import rule_of
from portfoy.words import style
from portfoy.words.result import Action, Finding, Result
from portfoy.words.table import show

LIST = "win_back"  # its name, by which arms are drawn


@dataclass(frozen=True)
class WinBack(Result):
    """Whom to win back, and how many came back by themselves.

    ``table``, the list, one row per lapsed customer, the most worth first: as from `held_out_list`, ``last_order``,
    ``purchases``, ``revenue``; ``worth`` what is expected a year of one who buys again; ``expected_profit`` of an
    offer, where its chance is given. ``past``: ``lapsed`` a year ago, of whom ``back`` have bought since, ``came`` the
    share with bounds, and ``brought`` the mean margin of these since, with bounds; None where the data do not reach
    back far enough. ``total``: what is counted. ``effect``: what the latest list acted on has added.
    """

    table: pd.DataFrame
    past: dict | None
    total: dict
    effect: dict | None
    currency: str

    def _say(self, *texts):
        values = self.total | (self.past or {}) | (self.effect or {})
        return style.say(" ".join(texts), values, currency=self.currency)

    def finding(self):
        if not self.total["lapsed_now"]:
            return Finding(_("Nobody has lapsed"), nothing=True)
        if self.past is None:
            return Finding(self._say(_("{lapsed_now:count} customers have lapsed")))
        return Finding(self._say(_("{came:share} of those lapsed a year ago came back by themselves")))

    def reading(self):
        first = _("They were {back:count} of {lapsed:count}, {brought:money} each: an offer must beat that.")
        first = first if self.past and self.past["back"] else ""
        first = read_back(self.effect) if self.effect else first
        return self._say(*filter(None, [first, offers_said(self.total)]))

    def summary(self):
        shown = self.table.head(15).drop(columns=["campaign_id", "contacted_on", "hold_out_share"])
        return show(shown, _("Whom to win back"), currency=self.currency) if len(shown) else []

    def actions(self):
        if self.table.empty:
            return []
        text = _("Make {n:count} lapsed customers an offer to come back, not the {held:count} held out")
        return [Action(self._say(text), self.total["gain"], LIST, self.table)]

    def method(self):
        text = _(
            "Lapsed: nothing bought for more than {window:days}. One won back is worth a year's expectation of "
            "one who still buys; those who bought once come last, for little is known of them."
        )
        if self.past:
            text += " " + _(
                "{came_interval:share} come back within a year and bring {brought_interval:money} in the rest of "
                "it, with no offer to compare."
            )
        return self._say(text)


@analysis
def win_back(firm, *, value, offer_cost=0.0, p_back=0.0, budget=0.0, contacts=50, hold_out_share=0.2):
    """Lapsed customers by what an offer to come back is expected to earn; and how many came back without one.

    Parameters
    ----------
    firm : Firm
    value : LifetimeValue of its customers
    offer_cost, p_back : money an offer costs; chance that it brings back a lapsed customer, 0 where nobody knows
    budget, contacts : money to spend, 0 is no limit; customers on the list at most
    hold_out_share : share of the list that chance holds out, 0 to less than 1

    Returns
    -------
    WinBack; not possible where there is no value or no limit of silence, or a parameter is out of its range
    """
    given = {"offer_cost": offer_cost, "budget": budget, "contacts": contacts, "hold_out_share": hold_out_share}
    terms = offer_terms(firm, LIST, chance=p_back, **given)
    window, customers = rule_of(firm).lapsed_days, firm.customers
    worth = yearly_worth(value, customers["customer_id"])
    lapsed = customers.assign(worth=worth)[customers["idle"] > window]
    lapsed = lapsed[~lapsed["customer_id"].isin(held_out(firm, window, but=LIST))]
    ranked = lapsed.assign(once=lapsed["purchases"] == 1)
    ranked = ranked.sort_values(["once", "worth", "customer_id"], ascending=[True, False, True])
    ranked = ranked[["customer_id", "last_order", "purchases", "revenue", "worth"]]
    table, total = offers(firm, ranked, "worth", terms)
    total |= {"lapsed_now": int((customers["idle"] > window).sum()), "window": window}
    effect = effect_of(firm, LIST, days=YEAR)
    return WinBack(table, _past(firm, window), total, effect, firm.currency)


def _past(firm, window):
    """How many of those lapsed a year ago have bought since, and what these brought; None without that day."""
    since, now = months_before(firm.as_of, 12), firm.customers.set_index("customer_id")
    if since - firm.customers["first_order"].min() < pd.Timedelta(days=window):
        return None
    then = firm.on(since).customers
    then = then[then["idle"] > window].set_index("customer_id")
    if then.empty:
        return None
    now = now.loc[then.index]
    back, measure = now["last_order"] > since, "margin" if now["margin"].notna().any() else "revenue"
    brought = (now[measure] - then[measure])[back].dropna()
    found = {"lapsed": len(then), "back": int(back.sum())}
    found |= bounded("came", float(back.mean()), wilson(int(back.sum()), len(then), firm.confidence))
    half = t_value(firm.confidence, len(brought) - 1) * brought.std() / np.sqrt(max(len(brought), 1))
    mean = float(brought.mean())
    return found | bounded("brought", mean, (mean - half, mean + half))
