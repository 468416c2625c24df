"""What a campaign costs and brings, and what choosing whom to contact would have earned."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from portfoy.customers import DAY, margin_rate, to_frame
from portfoy.errors import DataError
from portfoy.intervals import percentiles, wald
from portfoy.locale import _
from portfoy.models.judging import groups_of, need_judged
from portfoy.models.leaks import hashed
from portfoy.selection.examples import campaign_answers

CHOICES = ["nobody", "whoever pays for the contact", "everybody"]  # as stored
POINTS = 100  # of the curve of profit
DRAWS, PARTS, SEED = 500, 2_000, 7  # bootstrap samples; groups of customers that are drawn whole


@dataclass(frozen=True)
class CampaignTerms:
    """What a contact costs and a response brings, money.

    ``response_margin_low``, ``response_margin_high``: interval of the mean; missing where it was given.
    ``cost_from`` "given" or "campaigns"; ``margin_from`` "given", "campaign orders", "campaign revenue" (no cost of
    goods is known for them, so margin is taken as the usual share of it) or "customers" (no order names its campaign).
    ``margin_known``: False where no cost of goods is known of any customer, so that revenue is taken for margin.
    ``campaigns``, ``answers``: how many campaigns and answers they are means of; 0 where given.
    """

    contact_cost: float
    response_margin: float
    response_margin_low: float
    response_margin_high: float
    cost_from: str
    margin_from: str
    margin_known: bool
    campaigns: int
    answers: int


def campaign_terms(tables, customers, judged, *, contact_cost=0.0, response_margin=0.0, confidence=0.95, as_of=None):
    """What a contact costs and what a response brings: as given, else what judged campaigns cost and brought.

    The cost of a contact is that of the campaigns over their contacts. The margin of a response is the mean, over
    customers who responded, of what their orders with the campaign's id brought; where there are none, the mean
    revenue of a purchase times the margin rate.

    Parameters
    ----------
    tables : Tables; ``campaigns`` and ``transactions``
    customers : DataFrame, as from `customer_table`
    judged : DataFrame, ``judged`` of a ResponseModel
    contact_cost, response_margin : money; 0 takes the mean
    confidence : of the interval of the margin, default 0.95
    as_of : date or text, optional
        Orders after it are not seen; the default is the day that `customers` stand on.

    Returns
    -------
    CampaignTerms

    Raises
    ------
    DataError : the cost of a contact is not given, and no campaign has one; or a response brings nothing.
    """
    cost, campaigns = (contact_cost, 0) if contact_cost else _contact_cost(tables.campaigns, judged)
    margin, low, high, source, answers = response_margin, np.nan, np.nan, "given", 0
    if not response_margin:
        margin, low, high, source, answers = _response_margin(tables.transactions, customers, judged, as_of, confidence)
    need_terms(cost, margin, "campaign_terms")
    cost_from = "campaigns" if campaigns else "given"
    known = source == "given" or bool(customers["margin"].notna().any())
    return CampaignTerms(float(cost), float(margin), low, high, cost_from, source, known, campaigns, answers)


def _contact_cost(campaigns, judged):
    reached = judged.drop_duplicates("campaign_id").set_index("campaign_id")["treated"]
    cost = pd.Series(dtype=float)
    if campaigns is not None:
        told = campaigns if isinstance(campaigns, pd.DataFrame) else to_frame(campaigns)
        cost = told.drop_duplicates("campaign_id").set_index("campaign_id")["cost"].astype(float)
        cost = cost[cost.index.isin(reached.index)].dropna()
    if cost.empty:
        raise DataError(
            _(
                "campaigns: the cost of the campaigns is not known, so that nobody can say what a contact costs. Add "
                "the table campaigns with campaign_id and cost, or give contact_cost."
            )
        )
    return cost.sum() / reached[cost.index].sum(), len(cost)


def _response_margin(log, customers, judged, as_of, confidence):
    """Mean margin of a response, its interval, where it comes from, and how many responses it rests on."""
    as_of = pd.Timestamp(as_of) if as_of else (customers["first_order"] + customers["age"] * DAY).max()
    answers, rate = campaign_answers(log, as_of), margin_rate(customers)
    if answers is not None:
        key = ["campaign_id", "customer_id"]
        answers = judged.loc[judged["responded"] == 1, key].astype("str").merge(answers, on=key)
    if answers is None or answers.empty:
        value, source = (customers["ticket"] * rate).to_numpy(), "customers"
    elif answers["answer_margin"].notna().all():
        value, source = answers["answer_margin"].to_numpy(), "campaign orders"
    else:
        value, source = (answers["answer_revenue"] * rate).to_numpy(), "campaign revenue"
    mean, error = float(value.mean()), value.std(ddof=1) / np.sqrt(len(value)) if len(value) > 1 else np.nan
    low, high = wald(mean, error, confidence)
    return mean, float(low), float(high), source, len(value)


@dataclass(frozen=True)
class ProfitCurve:
    """What the judged campaigns would have earned, had they contacted only the customers with the best forecasts.

    ``curve``: ``depth`` share contacted, 0-1, ``contacts``, ``profit`` money with ``profit_low``, ``profit_high``, and
    ``profit_per_contact``, missing at depth 0. ``choices``: one row each for nobody, the best and everybody: ``whom``
    (`CHOICES`), ``depth``, ``contacts``, ``responses``, ``profit`` with bounds. The best are those whose probability of
    a response is `p_least` = contact_cost / response_margin or more, a rule not chosen by looking at the curve.
    ``gain``, ``gain_low``, ``gain_high``: profit of the best less that of everybody.
    """

    curve: pd.DataFrame
    choices: pd.DataFrame
    gain: float
    gain_low: float
    gain_high: float
    p_least: float
    contact_cost: float
    response_margin: float
    confidence: float = 0.95


def profit_curve(judged, *, contact_cost, response_margin, confidence=0.95):
    """Profit of contacting the best forecasts only, at every depth, and of the rule that a contact must pay for itself.

    Profit is responses x response_margin - contacts x contact_cost, counted from the answers that came; it takes every
    response as owed to the contact.

    Parameters
    ----------
    judged : DataFrame, one row per contact; needs ``customer_id``, ``p_response``, ``responded``
    contact_cost, response_margin : money, as from `campaign_terms`
    confidence : of the intervals, default 0.95

    Returns
    -------
    ProfitCurve : intervals are from 500 bootstrap samples of the customers (with more than 2,000 customers, of
        2,000 groups of them drawn by lot), cost and margin held fixed

    Raises
    ------
    DataError : a column is missing, there is no contact, the margin is not above zero, or the cost is below zero.

    References
    ----------
    Efron & Tibshirani (1993), An Introduction to the Bootstrap, section 13.3.
    """
    need_judged(judged, ["customer_id", "p_response", "responded"], "profit_curve")
    need_terms(contact_cost, response_margin, "profit_curve")
    p, told = judged["p_response"].to_numpy(dtype=float), judged["responded"].to_numpy(dtype=float)
    least = contact_cost / response_margin
    profit, best = response_margin * told - contact_cost, p >= least
    part, parts = _parts(judged["customer_id"])
    step, steps = pd.factorize(groups_of(p, POINTS), sort=True)
    cells = np.bincount(part * len(steps) + step, profit, parts * len(steps)).reshape(parts, len(steps))
    sums = np.column_stack([np.cumsum(cells, axis=1), np.bincount(part[best], profit[best], parts)])
    drawn = np.random.default_rng(SEED).multinomial(parts, np.full(parts, 1 / parts), DRAWS) @ sums
    low, high = percentiles(drawn, confidence)
    contacts = np.concatenate([[0], np.cumsum(np.bincount(step))])
    lines = {"profit": sums.sum(axis=0), "profit_low": low, "profit_high": high}
    lines = {name: np.concatenate([[0.0], line]) for name, line in lines.items()}
    curve = pd.DataFrame({"depth": contacts / len(p), "contacts": contacts} | {k: v[:-1] for k, v in lines.items()})
    curve["profit_per_contact"] = curve["profit"] / curve["contacts"].where(contacts > 0)
    choices = _choices(lines, best, told)
    gain_low, gain_high = percentiles(drawn[:, -1] - drawn[:, -2], confidence)
    gain = (float(choices["profit"][1] - choices["profit"][2]), float(gain_low), float(gain_high))
    return ProfitCurve(curve, choices, *gain, least, float(contact_cost), float(response_margin), confidence)


def _choices(lines, best, told):
    """The rows nobody, the best and everybody; the lines end with the profits of everybody and of the best."""
    choices = pd.DataFrame({"whom": CHOICES})
    choices["contacts"] = [0, int(best.sum()), len(best)]
    choices["responses"] = [0, int(told[best].sum()), int(told.sum())]
    choices.insert(1, "depth", choices["contacts"] / len(best))
    return choices.assign(**{name: line[[0, -1, -2]] for name, line in lines.items()})


def _parts(customer_id):
    """Group of each contact for the bootstrap, and how many there are; a customer is always in one of them."""
    codes, names = pd.factorize(customer_id, sort=True)
    if len(names) > PARTS:
        codes = pd.factorize(hashed(customer_id) % PARTS, sort=True)[0]
    return codes, int(codes.max()) + 1


def need_terms(cost, margin, where):
    if not (margin > 0 and cost >= 0):
        raise DataError(
            _(
                "{where}: a contact costs {cost:,.2f} and a response brings {margin:,.2f}; the cost must not be below "
                "zero and the margin must be above it. Give contact_cost and response_margin."
            ).format(where=where, cost=cost, margin=margin)
        )
