"""What a contact of a campaign costs and what a response brings: as given, or as the campaigns so far tell."""

import math
from dataclasses import dataclass, field, fields

import numpy as np
import pandas as pd

from portfoy.customers import margin_rate, to_frame
from portfoy.errors import DataError
from portfoy.intervals import wald
from portfoy.locale import _
from portfoy.models.examples import campaign_answers


@dataclass(frozen=True)
class CampaignTerms:
    """What a contact costs and a response brings, money.

    ``contact_cost``: of the next campaign, by ``channel``, that of the latest judged campaign whose cost is known;
    ``costs``: one row per ``channel`` of the judged campaigns: ``campaigns``, ``contacts``, ``contact_cost``; ``each``:
    campaign -> its channel's cost of a contact; all empty where the cost was given. ``response_margin_low``, ``_high``:
    interval of the mean; missing where it was given. ``margin_from`` "given", "campaign orders", "campaign revenue" (no
    cost of goods is known for them, so margin is the usual share of it) or "customers" (no order names its campaign).
    ``answers``: how many the margin is the mean of; 0 where given. ``margin_known``: False where no cost of goods is
    known of any customer, so that revenue is taken for margin.
    """

    contact_cost: float
    response_margin: float
    response_margin_low: float = math.nan
    response_margin_high: float = math.nan
    margin_from: str = "given"
    answers: int = 0
    margin_known: bool = True
    channel: str = ""
    costs: pd.DataFrame | None = None
    each: dict = field(default_factory=dict)

    @property
    def p_least(self):
        """How much more probable a contact must make a response to pay; more than 1 where none can."""
        return self.contact_cost / self.response_margin


def campaign_terms(firm, judged, *, contact_cost=0.0, response_margin=0.0):
    """What a contact costs and what a response brings: as given, else what judged campaigns cost and brought.

    The cost of a contact is that of the campaigns of a channel over their contacts; the next campaign is taken to use
    that of the latest. The margin of a response is the mean, over customers who responded, of what their orders with
    the campaign's id brought; where there are none, the mean revenue of a purchase times the margin rate.
    """
    cost = {"contact_cost": float(contact_cost)} if contact_cost else _contact_cost(firm, judged)
    margin = (response_margin,) if response_margin else _response_margin(firm, judged)
    if not (margin[0] > 0 and cost["contact_cost"] >= 0):
        text = _("campaign: contact_cost {cost:,.2f} must be 0 or more, response_margin {margin:,.2f} above 0.")
        raise DataError(text.format(cost=cost["contact_cost"], margin=margin[0]))
    names = [each.name for each in fields(CampaignTerms)][1:7]
    return CampaignTerms(**cost, **dict(zip(names, margin, strict=False)))


def _contact_cost(firm, judged):
    """The fields of the terms on the cost of a contact, at the prices that what it brings is in."""
    starts = judged.groupby("campaign_id")["starts_on"].min()
    campaigns = firm.tables.campaigns
    costs = pd.DataFrame(columns=["cost"])
    if campaigns is not None and "cost" in campaigns.columns:
        costs = to_frame(campaigns).drop_duplicates("campaign_id").set_index("campaign_id")
        costs = costs[costs.index.isin(starts.index) & costs["cost"].notna()].sort_index()
    if costs.empty:
        text = _("campaigns: no cost is known. Add it to campaigns, or give contact_cost.")
        raise DataError(text)
    costs["channel"] = costs["channel"].fillna("") if "channel" in costs else ""
    costs["reached"] = judged["campaign_id"].value_counts().reindex(costs.index)
    costs["cost"] = costs["cost"].astype(float) * firm.prices.factors(starts)[costs.index]
    table = costs.groupby("channel").agg(campaigns=("cost", "size"), contacts=("reached", "sum"), cost=("cost", "sum"))
    table = table.assign(contact_cost=table.pop("cost") / table["contacts"]).reset_index()
    each = costs["channel"].map(table.set_index("channel")["contact_cost"])
    last = starts[costs.index].sort_values(kind="stable").index[-1]
    about = {"channel": costs["channel"][last], "costs": table, "each": each.to_dict()}
    return {"contact_cost": float(each[last])} | about


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
