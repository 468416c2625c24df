"""Is choosing whom to contact worth it, and who comes first in the next campaign?"""

import math
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from portfoy.customers import margin_rate, to_frame
from portfoy.errors import DataError
from portfoy.firm import analysis
from portfoy.intervals import bounded, percentiles, wald
from portfoy.locale import _
from portfoy.models.holdout import groups_of
from portfoy.models.leaks import hashed
from portfoy.selection.examples import campaign_answers
from portfoy.selection.invitations import campaign_list
from portfoy.selection.shortlist import check_limits
from portfoy.words import figure, shapes, style
from portfoy.words.codes import said_as
from portfoy.words.result import Action, Finding, Result
from portfoy.words.table import show

CHOICES = ["nobody", "whoever pays for the contact", "everybody"]  # as stored
POINTS = 100  # of the curve of profit
DRAWS, PARTS, SEED = 500, 2_000, 7  # bootstrap samples; groups of customers that are drawn whole


@dataclass(frozen=True)
class CampaignTerms:
    """What a contact costs and a response brings, money.

    ``response_margin_low``, ``_high``: interval of the mean; missing where it was given. ``margin_from`` "given",
    "campaign orders", "campaign revenue" (no cost of goods is known for them, so margin is the usual share of it) or
    "customers" (no order names its campaign). ``campaigns``, ``answers``: how many of them cost and margin are means
    of; 0 where given. ``margin_known``: False where no cost of goods is known of any customer, so that revenue is taken
    for margin.
    """

    contact_cost: float
    campaigns: int
    response_margin: float
    response_margin_low: float = math.nan
    response_margin_high: float = math.nan
    margin_from: str = "given"
    answers: int = 0
    margin_known: bool = True

    @property
    def p_least(self):
        """The probability of a response from which a contact pays; more than 1 where none does."""
        return self.contact_cost / self.response_margin


@dataclass(frozen=True)
class Campaign(Result):
    """What choosing whom to contact would have earned in past campaigns, and who comes first in the next.

    ``terms``: a `CampaignTerms`. ``curve``: the judged campaigns, had they contacted only the best forecasts:
    ``depth`` share contacted, 0-1, ``contacts``, ``profit`` money with bounds, ``profit_per_contact``, missing at
    depth 0. ``choices``: one row each for nobody, the best and everybody: ``whom``, ``depth``, ``contacts``,
    ``responses``, ``profit``, and ``profit_more`` than that of everybody, with bounds. The best are those whose
    forecast is `p_least` of the terms or more, a rule not chosen by looking at the curve.
    ``listed``: as from `campaign_list`, nobody where the forecasts do not sort (``sorts``) or even the best contacts
    lost money; ``total``: what it counts.
    """

    terms: CampaignTerms
    curve: pd.DataFrame
    choices: pd.DataFrame
    listed: pd.DataFrame
    total: dict
    sorts: bool
    currency: str
    confidence: float

    @property
    def best(self):
        return self.choices.iloc[1]

    @property
    def loses(self):
        """Whether even the best contacts cost more than they brought, chance allowed for."""
        return bool(self.best["profit_high"] < 0)

    def finding(self):
        if not self.sorts:
            return Finding(_("No list for the next campaign"), nothing=True)
        if self.loses:
            text = _("Even the best contacts cost more than they brought")
        elif self.best["depth"] == 1:
            text = _("Every contact is expected to pay: contact everybody")
        elif self.best["depth"] == 0:
            text = _("No contact is expected to pay: contact nobody")
        elif self.best["profit_more_low"] <= 0:
            text = _("Choosing does not clearly earn more than contacting everybody")
        else:
            text = _("Choosing earns {profit_more:money} more than contacting everybody")
        return Finding(style.say(text, self.best, currency=self.currency))

    def reading(self):
        least = self.terms.p_least
        text = _(
            "A contact costs {contact_cost:price}, a response brings {margin}: it pays from a "
            "probability of {least} on."
        )
        if self.total["listed"]:
            text += " " + _(
                "The list of {listed:count} costs {cost:money} and is expected to earn {profit:money} "
                "({profit_interval:money}), if it causes every response."
            )
        elif self.sorts:
            text += " " + _("Nobody is listed: no contact pays, or the budget pays for none.")
        write = style.price if self.terms.margin_from == "given" else partial(style.money, digits=2)
        values = vars(self.terms) | self.total | {"margin": write(self.terms.response_margin, self.currency)}
        values["least"] = style.share(least, 0 if least >= 0.1 else 1)
        return style.say(text, values, currency=self.currency)

    def plot(self, ax=None):
        profit = [self.curve[name] for name in ("depth", "profit", "profit_low", "profit_high")]
        everybody = said_as("whom", "everybody"), self.choices["profit"].iloc[2]
        ax = shapes.lines([(_("best forecasts first"), style.ACCENT, *profit)], ax, level=everybody)
        earned = style.money(self.best["profit"], self.currency, compact=True)
        shapes.point(ax, self.best["depth"], self.best["profit"], earned)
        figure.per_cent(ax.xaxis)
        ax.yaxis.set_major_formatter(lambda value, _position: style.money(value, "", compact=True))
        under = _("{currency}, by share contacted; point: whoever pays; band: {level} interval")
        under = under.format(currency=self.currency or _("money"), level=style.level(self.confidence))
        told = self.choices.assign(name=[said_as("whom", whom) for whom in self.choices["whom"]])
        told = (style.say(_("{name}: {profit:money}"), row, currency=self.currency) for _place, row in told.iterrows())
        return figure.name(ax, _("Profit of the judged campaigns"), under, "; ".join(told))

    def summary(self):
        choices = show(self.choices, _("What judged campaigns would have earned"), currency=self.currency)
        if self.listed.empty:
            return choices
        return [choices, show(self.listed.head(15), _("Whom to contact first"), currency=self.currency)]

    def actions(self):
        if self.listed.empty:
            return []
        text = _("Contact the {n:count} most likely to answer, and hold some out to see what it does")
        return [Action(style.say(text, {"n": len(self.listed)}), name="next_campaign", table=self.listed)]

    def method(self):
        source = {
            "given": "",
            "campaign orders": _("margin of campaign orders"),
            "campaign revenue": _("usual margin on campaign orders"),
            "customers": _("margin of a purchase"),
        }[self.terms.margin_from]
        said = [_("Cost of a contact: as in the judged campaigns.") if self.terms.campaigns else ""]
        if source:
            said.append(_("A response brings the mean {source} ({answers:count}): {response_margin_interval:money}."))
        if not self.terms.margin_known:
            said.append(_("Margin is revenue, as no cost of goods is known."))
        said.append(
            _(
                "Every response counts as caused by its contact. Intervals ({level}): bootstrap of customers; of "
                "the list, of the estimate. Of {customers:count} customers {worth:count} are expected to pay, "
                "{strange:count} are like nobody contacted."
            )
        )
        values = vars(self.terms) | self.total | {"level": style.level(self.confidence), "source": source}
        return style.say(" ".join(filter(None, said)), values, currency=self.currency)


@analysis
def campaign(firm, response, *, contact_cost=0.0, response_margin=0.0, budget=0.0, contacts=50):
    """Whether choosing whom to contact is worth it, and who of today's customers comes first.

    Parameters
    ----------
    firm : Firm
    response : Response of the same firm
    contact_cost, response_margin : money; 0 takes what the judged campaigns cost and brought, as in `campaign_terms`
    budget, contacts : money to spend, 0 is no limit; customers on the list at most

    Returns
    -------
    Campaign; not possible where nobody can say what a contact costs, a response brings nothing, or what is given is
    below zero
    """
    check_limits(contacts=contacts, budget=budget)
    terms = campaign_terms(firm, response.judged, contact_cost=contact_cost, response_margin=response_margin)
    curve, choices = profit_curve(response.judged, terms, confidence=firm.confidence)
    useful = response.sorts and not choices["profit_high"].iloc[1] < 0
    listed, total = campaign_list(firm, response, terms, budget=budget, contacts=contacts if useful else 0)
    return Campaign(terms, curve, choices, listed, total, response.sorts, firm.currency, firm.confidence)


def campaign_terms(firm, judged, *, contact_cost=0.0, response_margin=0.0):
    """What a contact costs and what a response brings: as given, else what judged campaigns cost and brought.

    The cost of a contact is that of the campaigns over their contacts. The margin of a response is the mean, over
    customers who responded, of what their orders with the campaign's id brought; where there are none, the mean
    revenue of a purchase times the margin rate.
    """
    cost, campaigns = (contact_cost, 0) if contact_cost else _contact_cost(firm, judged)
    margin = (response_margin,) if response_margin else _response_margin(firm, judged)
    if not (margin[0] > 0 and cost >= 0):
        text = _("campaign: contact_cost {cost:,.2f} must be 0 or more, response_margin {margin:,.2f} more than 0.")
        raise DataError(text.format(cost=cost, margin=margin[0]))
    return CampaignTerms(float(cost), campaigns, *margin)


def _contact_cost(firm, judged):
    """The mean cost of a contact, at the prices that what it brings is in, and of how many campaigns."""
    judged, campaigns = judged.drop_duplicates("campaign_id").set_index("campaign_id"), firm.tables.campaigns
    reached, cost = judged["treated"], pd.Series(dtype=float)
    if campaigns is not None:
        cost = to_frame(campaigns).drop_duplicates("campaign_id").set_index("campaign_id")["cost"].astype(float)
        cost = cost[cost.index.isin(reached.index)].dropna()
    if cost.empty:
        text = _("campaigns: no cost is known. Add campaigns with campaign_id and cost, or give contact_cost.")
        raise DataError(text)
    cost *= firm.prices.factors(judged["starts_on"])[cost.index]
    return cost.sum() / reached[cost.index].sum(), len(cost)


def _response_margin(firm, judged):
    """The last six fields of the terms: the mean margin of a response, its interval, where it comes from."""
    answers, customers = campaign_answers(firm.log, firm.as_of), firm.customers
    rate, key = margin_rate(customers), ["campaign_id", "customer_id"]
    if answers is not None:
        answers = judged.loc[judged["responded"] == 1, key].astype("str").merge(answers, on=key)
    if answers is None or answers.empty:
        value, source = (customers["ticket"] * rate).to_numpy(), "customers"
    elif answers["answer_margin"].notna().all():
        value, source = answers["answer_margin"].to_numpy(), "campaign orders"
    else:
        value, source = (answers["answer_revenue"] * rate).to_numpy(), "campaign revenue"
    mean, error = float(value.mean()), value.std(ddof=1) / np.sqrt(len(value)) if len(value) > 1 else np.nan
    low, high = wald(mean, error, firm.confidence)
    return mean, float(low), float(high), source, len(value), bool(customers["margin"].notna().any())


def profit_curve(judged, terms, *, confidence=0.95):
    """``curve`` and ``choices`` of a `Campaign`: profit at every depth, and of the rule that a contact must pay.

    Profit is responses x response_margin - contacts x contact_cost, counted from the answers that came; it takes every
    response as owed to the contact. Intervals are from 500 bootstrap samples of the customers (with more than 2,000
    customers, of 2,000 groups of them drawn by lot), cost and margin held fixed: Efron & Tibshirani (1993), An
    Introduction to the Bootstrap, section 13.3.
    """
    p, told = judged["p_response"].to_numpy(dtype=float), judged["responded"].to_numpy(dtype=float)
    profit, best = terms.response_margin * told - terms.contact_cost, p >= terms.p_least
    part, parts = _parts(judged["customer_id"])
    step, steps = pd.factorize(groups_of(p, POINTS), sort=True)
    cells = np.bincount(part * len(steps) + step, profit, parts * len(steps)).reshape(parts, len(steps))
    # nobody, each depth of the curve down to everybody, and the best
    sums = np.column_stack([np.zeros(parts), np.cumsum(cells, axis=1), np.bincount(part[best], profit[best], parts)])
    draws = np.random.default_rng(SEED).multinomial(parts, np.full(parts, 1 / parts), DRAWS)
    contacts = np.concatenate([[0], np.cumsum(np.bincount(step))])
    curve = pd.DataFrame({"depth": contacts / len(p), "contacts": contacts})
    curve = curve.assign(**_drawn("profit", sums[:, :-1], draws, confidence))
    curve["profit_per_contact"] = curve["profit"] / curve["contacts"].where(contacts > 0)
    reached = np.array([0, int(best.sum()), len(p)])
    choices = pd.DataFrame({"whom": CHOICES, "depth": reached / len(p), "contacts": reached})
    choices["responses"] = [0, int(told[best].sum()), int(told.sum())]
    chosen = sums[:, [0, -1, -2]]
    choices = choices.assign(**_drawn("profit", chosen, draws, confidence))
    more = (chosen - chosen[:, [2]]).round(6)  # the best may be everybody, their money added up in another order
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
