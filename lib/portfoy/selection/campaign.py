"""Is choosing whom to contact worth it, and who comes first in the next campaign?"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from portfoy.firm import analysis
from portfoy.intervals import bounded, percentiles
from portfoy.locale import _
from portfoy.models.arms import fit_added
from portfoy.models.columns import TREATED
from portfoy.models.judging import ALL, within_campaigns
from portfoy.models.leaks import hashed
from portfoy.models.lists import check_limits
from portfoy.models.terms import CampaignTerms, campaign_terms
from portfoy.selection.invitations import LIST, campaign_list, latest
from portfoy.sums import settled
from portfoy.words import figure, shapes, style
from portfoy.words.codes import said_as
from portfoy.words.result import Action, Finding, Result
from portfoy.words.table import show

CHOICES = ["nobody", "whoever pays for the contact", "everybody"]  # as stored
SHOWN = 12  # campaigns drawn, the latest
POINTS = 100  # of the curve of profit
DRAWS, PARTS, SEED = 500, 2_000, 7  # bootstrap samples; groups of customers that are drawn whole


@dataclass(frozen=True)
class Campaign(Result):
    """What contacts added in past campaigns, what choosing whom to contact would have earned, and who comes first next.

    ``terms``: a `CampaignTerms`. ``effect``: what contacts added in all campaigns whose arms chance drew, as from
    `difference`, and ``gain``: what that is worth for each contact at the cost of the next campaign, with bounds; both
    None where nobody was held out at random in a judged one, ``effect_of_all`` all the same. ``arms``: every campaign
    with customers held out, as from `lots`; ``chosen``: those that were not drawn at random and are left out.
    ``curve``: the judged campaigns that chance drew, had they contacted only the best forecasts of each: ``depth``
    share contacted, 0-1, ``contacts``, ``profit`` money with bounds, ``profit_per_contact``, missing at depth 0.
    ``choices``: one row each for nobody, the best and everybody: ``whom``, ``depth``, ``contacts``, ``added`` responses
    owed to them, ``profit``, and ``profit_more`` than that of everybody, with bounds. The best are those whom a contact
    is expected to pay for. Both are empty without an effect.
    ``listed``: as from `campaign_list`, nobody where the forecasts do not sort (``sorts``) or even the best contacts
    lost money; ``total``: what it counts.
    """

    terms: CampaignTerms
    effect: dict | None
    effect_of_all: dict | None
    arms: pd.DataFrame
    chosen: list
    curve: pd.DataFrame
    choices: pd.DataFrame
    listed: pd.DataFrame
    total: dict
    sorts: bool
    currency: str
    confidence: float

    def derived(self):
        names, terms = ("contact_cost", "response_margin"), self.terms
        taken = dict(zip(names, (terms.costs is not None, terms.margin_from != "given"), strict=True))
        return {name: round(getattr(terms, name), 2) for name in names if taken[name] and not all(taken.values())}

    @property
    def best(self):
        return self.choices.iloc[1]

    @property
    def gain(self):
        """What a contact of the next campaign's channel brings beyond its cost on average, money, with bounds."""
        if self.effect is None:
            return None
        ends = ["", "_low", "_high"]
        each = {end: self.effect[f"points{end}"] / 100 * self.terms.response_margin for end in ends}
        return {f"gain{end}": value - self.terms.contact_cost for end, value in each.items()}

    def finding(self):
        if self.effect is None:
            return Finding(_("Effect of contacts not known: too few were held out"), nothing=self.listed.empty)
        if len(self.listed):
            better = self.best["profit_more_low"] > 0
            more = _("Choosing earns {profit_more:money} more than contacting everybody")
            text = more if better else _("The list is expected to earn {profit:money}")
            return Finding(style.say(text, self.best if better else self.total, currency=self.currency))
        low, high = self.effect["points_low"], self.effect["points_high"]
        if not (low > 0 or high < 0):
            return Finding(_("The effect of contacts cannot be told from chance"), nothing=True)
        text = _("A contact makes {more:number} more customers in a hundred respond")
        text = text if low > 0 else _("A contact makes {more:number} fewer customers in a hundred respond")
        return Finding(style.say(text, {"more": abs(self.effect["points"])}))

    def reading(self):
        values = vars(self.terms) | self.total | (self.effect or {}) | (self.gain or {})
        values["least"] = 100 * self.terms.p_least
        if self.effect is None:
            if self.listed.empty:
                return ""
            text = _("The {listed:count} listed cost {cost:money}; {held:count} are held out to know it.")
            return style.say(text, values, currency=self.currency)
        text = _(
            "Of those contacted {response:share} responded, of those held out "
            "{held_out_response:share}: {points:number} points more ({points_interval:number})."
        )
        if back := latest(self.arms):  # what all campaigns added stands in the table
            text, values = back[0], values | back[1]
        if len(self.listed):
            text += " " + _(
                "The {listed:count} listed cost {cost:money} and should earn {profit:money} "
                "({profit_interval:money}); {held:count} are held out."
            )
        elif self.terms.channel:
            text += " " + _(
                "By {channel} a contact costs {contact_cost:price}, pays from {least:number} "
                "points on, and earns {gain:money} ({gain_interval:money})."
            )
        else:
            text += " " + _(
                "A contact costs {contact_cost:price}, pays from {least:number} points on, and earns {gain:money} "
                "({gain_interval:money})."
            )
        return style.say(text, values, currency=self.currency)

    def plot(self, ax=None):
        if self.effect is None:
            return None
        return self._by_campaign(ax) if self.listed.empty else self._curve(ax)

    def _by_campaign(self, ax):
        rows = self.arms.tail(SHOWN).rename(
            columns={f"points{end}": end[1:] or "value" for end in ("", "_low", "_high")}
        )
        ax = shapes.dots(
            rows.assign(name=rows["campaign_id"], strong=rows["at_random"]), ax, at=0.0, write=style.writer("points")
        )
        under = _("points more bought; grey: not at random; lines: {level} interval")
        told = (style.say(_("{campaign_id}: {points:number}"), row) for _place, row in self.arms.tail(SHOWN).iterrows())
        under = under.format(level=style.level(self.confidence))
        return figure.name(ax, _("What a contact added, by campaign"), under, "; ".join(told))

    def _curve(self, ax):
        profit = [self.curve[name] for name in ("depth", "profit", "profit_low", "profit_high")]
        everybody = said_as("whom", "everybody"), self.choices["profit"].iloc[2]
        ax = shapes.lines([(_("best forecasts first"), style.ACCENT, *profit)], ax, level=everybody)
        earned = style.money(self.best["profit"], self.currency, compact=True)
        shapes.point(ax, self.best["depth"], self.best["profit"], earned, above=True)
        figure.per_cent(ax.xaxis)
        ax.yaxis.set_major_formatter(lambda value, _position: style.money(value, "", compact=True))
        under = _("{currency}, by share contacted; point: whoever pays; band: {level} interval")
        under = under.format(currency=self.currency or _("money"), level=style.level(self.confidence))
        told = self.choices.assign(name=[said_as("whom", whom) for whom in self.choices["whom"]])
        told = (style.say(_("{name}: {profit:money}"), row, currency=self.currency) for _place, row in told.iterrows())
        return figure.name(ax, _("Profit of the judged campaigns"), under, "; ".join(told))

    def summary(self):
        tables = []
        if len(self.arms):
            each = self.arms.drop(columns="at_random")
            rows = pd.DataFrame(
                [{"campaign_id": ALL, "differs": ""} | self.effect_of_all] if self.effect_of_all else []
            )
            tables.append(show(pd.concat([each, rows], ignore_index=True), _("By campaign")))
        if len(self.choices):
            tables.append(show(self.choices, _("What they would have earned"), currency=self.currency))
        if len(self.listed):
            shown = self.listed.head(15).drop(columns=["campaign_id", "contacted_on", "hold_out_share"])
            tables.append(show(shown, _("Whom to contact first"), currency=self.currency))
        if self.terms.costs is not None:
            tables.append(show(self.terms.costs, _("Cost by channel"), currency=self.currency))
        return tables

    def actions(self):
        if self.listed.empty:
            return []
        text = _("Contact the {n:count} likeliest to answer, not the {held:count} held out")
        values = {"n": len(self.listed) - self.total["held"], "held": self.total["held"]}
        return [Action(style.say(text, values), name=LIST, table=self.listed)]

    def method(self):
        said = []
        if self.terms.margin_from != "given":
            said.append(_("A response brings a margin of {response_margin_interval:money} ({answers:count} cases)."))
        if not self.terms.margin_known:
            said.append(_("No cost of goods is known: margin is revenue."))
        if len(self.arms):
            said.append(_("At random: the arms differ in nothing that was known before, at 1% in all looks."))
        if self.chosen:
            said.append(_("Left out, as not drawn by chance: {chosen}."))
        said.append(
            _(
                "Profit counts responses beyond those of the held out; its intervals ({level}) hold margin and cost "
                "fixed. Of {customers:count} customers {worth:count} should pay, {strange:count} are like nobody "
                "contacted."
            )
        )
        values = vars(self.terms) | self.total | {"level": style.level(self.confidence)}
        values["chosen"] = ", ".join(style.shorten(name) for name in self.chosen)
        return style.say(" ".join(said), values, currency=self.currency)


@analysis
def campaign(firm, response, *, contact_cost=0.0, response_margin=0.0, budget=0.0, contacts=50, hold_out_share=0.2):
    """What contacts add, whether choosing whom to contact is worth it, and who of today's customers comes first.

    Parameters
    ----------
    firm : Firm
    response : Response of the same firm
    contact_cost, response_margin : money; 0 takes what the judged campaigns cost and brought, as in `campaign_terms`
    budget, contacts : money to spend, 0 is no limit; customers on the list at most
    hold_out_share : share of the list that chance holds out, 0 to less than 1

    Returns
    -------
    Campaign; not possible where nobody can say what a contact costs, a response brings nothing, or what is given is
    out of its range
    """
    check_limits(contacts=contacts, budget=budget)
    terms = campaign_terms(firm, response.judged, contact_cost=contact_cost, response_margin=response_margin)
    effect, confidence = response.effect, firm.confidence
    scored = pd.concat([response.judged, response.held], ignore_index=True)
    drawn = scored["campaign_id"].isin(response.arms.loc[response.arms["at_random"], "campaign_id"])
    added = fit_added(scored[drawn]) if effect else None
    curve, choices = pd.DataFrame(), pd.DataFrame()
    if added is None:
        effect = None
    else:
        curve, choices = profit_curve(scored[drawn], terms, added, confidence=confidence)
    useful = response.sorts and not (len(choices) and choices["profit_high"].iloc[1] < 0)
    most = {"budget": budget, "contacts": contacts if useful else 0, "hold_out_share": hold_out_share}
    listed, total = campaign_list(firm, response, terms, added, **most)
    every, arms = response.effect_of_all, response.arms  # one number of what a contact adds, as in the read-out
    about = effect and every, every, arms, arms.loc[~arms["at_random"].astype(bool), "campaign_id"].tolist()
    return Campaign(terms, *about, curve, choices, listed, total, response.sorts, firm.currency, confidence)


def profit_curve(scored, terms, added, *, confidence=0.95):
    """``curve`` and ``choices`` of a `Campaign`: profit at every depth, and of the rule that a contact must pay.

    `scored`: both arms of campaigns that chance drew, with ``p_response``. Profit is what was added x response_margin -
    contacts x their cost; added are the responses of those treated less those of the held out, these times the ratio of
    the arms in their campaign. Whom a contact pays for is told by `added`, four numbers fitted to the same contacts.
    Intervals are from 500 bootstrap samples of the customers (with more than 2,000 customers, of 2,000 groups of them
    drawn by lot), cost and margin held fixed: Efron & Tibshirani (1993), An Introduction to the Bootstrap, ch. 13.3.
    """
    treated, campaign = scored["arm"] == TREATED, scored["campaign_id"]
    counts = treated.groupby(campaign).agg(["sum", "size"])
    ratio = campaign.map(counts["sum"] / (counts["size"] - counts["sum"]))
    owed = scored["responded"].where(treated, -ratio * scored["responded"]).to_numpy()
    cost = campaign.map(terms.each).fillna(terms.contact_cost)
    profit = terms.response_margin * owed - cost.where(treated, 0.0).to_numpy()
    best = (added.of(scored["p_response"])["added"] * terms.response_margin > cost).to_numpy()
    part, parts = _parts(scored["customer_id"])
    step, steps = pd.factorize(within_campaigns(scored, POINTS), sort=True)
    cells = np.bincount(part * len(steps) + step, profit, parts * len(steps)).reshape(parts, len(steps))
    # nobody, each depth of the curve down to everybody, and the best
    sums = np.column_stack([np.zeros(parts), np.cumsum(cells, axis=1), np.bincount(part[best], profit[best], parts)])
    draws = np.random.default_rng(SEED).multinomial(parts, np.full(parts, 1 / parts), DRAWS)
    contacts = np.concatenate([[0], np.cumsum(np.bincount(step, treated))]).astype(int)
    curve = pd.DataFrame({"depth": contacts / treated.sum(), "contacts": contacts})
    curve = curve.assign(**_drawn("profit", sums[:, :-1], draws, confidence))
    curve["profit_per_contact"] = curve["profit"] / curve["contacts"].where(contacts > 0)
    reached = np.array([0, int((treated & best).sum()), int(treated.sum())])
    choices = pd.DataFrame({"whom": CHOICES, "depth": reached / treated.sum(), "contacts": reached})
    choices["added"] = [0.0, float(owed[best].sum()), float(owed.sum())]
    chosen = sums[:, [0, -1, -2]]
    choices = choices.assign(**_drawn("profit", chosen, draws, confidence))
    more = settled(chosen - chosen[:, [2]], chosen)  # the best may be everybody, their money added up in another order
    return curve, choices.assign(**_drawn("profit_more", more, draws, confidence))


def _drawn(name, sums, draws, confidence):
    """The totals of money summed by part (rows), with their bootstrap intervals, as columns of a table."""
    return bounded(name, sums.sum(axis=0), percentiles(draws @ sums, confidence))


def _parts(customer_id):
    """Group of each contact for the bootstrap, and how many there are; a customer is always in one of them."""
    codes, names = pd.factorize(customer_id, sort=True)
    if len(names) > PARTS:
        codes = pd.factorize(hashed(customer_id) % PARTS, sort=True)[0]
    return codes, int(codes.max()) + 1
