"""Marketing: leads, and the money spent on them and on consumers."""

import numpy as np
import pandas as pd

from portfoy.simulate.days import ids, pick
from portfoy.simulate.truth import CHANNELS, FIRMS, TYPES

STAGES = ["contacted", "qualified", "proposed", "closed"]
OWNERS = [f"R{k:02d}" for k in range(1, 9)]
KINDS = {"website": "digital", "online": "digital", "television": "advertising"}  # the others are physical


def draw_leads(rng, truth, window, size):
    """One row per lead, times as day numbers; ``won`` says how it ends, also where that is after the last day."""
    channel = pick(rng, list(truth.lead_shares.values()), size)
    leads = pd.DataFrame(
        {
            "created": _created(rng, truth, window, size),
            "channel": np.array(list(truth.lead_shares), object)[channel],
            "type": 1 + pick(rng, list(truth.firm_shares.values()), size),
            "fit_size": np.round(10 * rng.beta(2, 2.5, size), 1),
            "fit_sector_match": (rng.random(size) < 0.45).astype(int),
            "engagement_visits": rng.negative_binomial(2, 0.3, size),
            "engagement_demo": (rng.random(size) < 0.3).astype(int),
            "owner": np.array(OWNERS, object)[rng.integers(0, len(OWNERS), size)],
        }
    )
    odds = truth.win_intercept + leads["channel"].map(truth.win_by_channel).to_numpy()
    for name, coefficient in truth.win_by_feature.items():
        odds = odds + coefficient * leads[name].to_numpy()
    leads["p_win"] = 1 / (1 + np.exp(-odds))
    leads["won"] = rng.random(size) < leads["p_win"]
    return _pass_stages(rng, truth, window, leads)


def _created(rng, truth, window, size):
    """Days on which leads come: growing as fast as consumers, but without their season."""
    whole = np.cumsum((1 + truth.growth) ** (np.arange(window.last + 1) / 365.25))
    return np.sort(np.searchsorted(whole / whole[-1], rng.random(size), side="right")).astype(float)


def _pass_stages(rng, truth, window, leads):
    """Add the day of each stage. A lost lead falls silent after one of them and closes as late as a won one would."""
    n, now = len(leads), leads["created"].to_numpy() + rng.random(len(leads))
    reached = np.where(leads["won"], 3, pick(rng, list(truth.lost_after.values()), n))
    for k, stage in enumerate(STAGES):
        now = now + rng.gamma(truth.stage_shape[stage], truth.stage_scale[stage], n)
        leads[stage] = np.where((k <= reached) | (stage == "closed"), np.floor(now), np.nan)
    state = np.where(leads["closed"] > window.last, "open", np.where(leads["won"], "won", "lost"))
    leads["outcome"] = state.astype(object)
    leads["engagement_contract_pages"] = rng.poisson(pd.Series(state).map(truth.contract_pages).to_numpy(float))
    yearly = truth.p * truth.v / (truth.q - 1) * 365 * truth.r / truth.alpha * rng.lognormal(0, 0.4, n)
    kind = pd.Series(np.array(TYPES, object)[leads["type"]])
    worth = kind.map(truth.spend_by_type).to_numpy() * kind.map(truth.rate_by_type).to_numpy()
    leads["expected_value"] = np.round(yearly * worth * window.index[leads["created"].astype(int)], -1)
    return leads


def leads_table(leads, people, names, window, first, width):
    """The table of leads; a won lead carries the customer it became."""
    customer = np.full(len(leads), None, object)
    firms = np.flatnonzero(people["lead"] >= 0)
    customer[people["lead"].to_numpy()[firms]] = names[firms]
    known = ["fit_size", "fit_sector_match", "engagement_visits", "engagement_demo", "engagement_contract_pages"]
    return pd.DataFrame(
        {
            "lead_id": ids("L", range(first + 1, first + len(leads) + 1), width),
            "channel": leads["channel"],
            "created_on": window.dates(leads["created"]),
            "customer_id": customer,
            **{f"{stage}_on": window.dates(leads[stage]) for stage in STAGES},
            **leads[["outcome", "expected_value", "owner"]],
            "type": np.array([None, *FIRMS], object)[leads["type"]],
            **leads[known],
        }
    )


def draw_referrers(rng, truth, window, leads, people, orders, names, surveys):
    """The customer who referred each lead of that channel, of those who had bought before it; None where nobody did.

    `orders` stand by day, and so do the `surveys` that were answered; the others come after them.
    """
    created, chance = leads["created"].to_numpy(), rng.random(len(leads))
    referred, referrer = (leads["channel"] == "referral").to_numpy(), np.full(len(leads), None, object)
    buyer, bought = orders["customer"].to_numpy(), orders["day"].to_numpy()
    teller = pd.Index(names).get_indexer(surveys["customer_id"])
    told = (surveys["answered_on"] - window.calendar[0]).dt.days.to_numpy()
    fond = (surveys["nps"] >= 9).fillna(value=False).to_numpy(bool)
    last, promoter = np.full(len(people), -np.inf), np.zeros(len(people), bool)
    firm = np.where(people["type"] > 0, truth.refer_factor["firm"], 1.0)
    before = -1
    for day in np.unique(created[referred]):
        new, said = (slice(*np.searchsorted(days, [before, day])) for days in (bought, told))
        last[buyer[new]], promoter[teller[said]], before = bought[new], fond[said], day
        active = np.where(last >= day - truth.refer_days, truth.refer_factor["active"], 1.0)
        weight = np.isfinite(last) * firm * active * np.where(promoter, truth.refer_factor["promoter"], 1.0)
        here, edges = np.flatnonzero(referred & (created == day)), np.cumsum(weight)
        if edges[-1] > 0:
            referrer[here] = names[np.searchsorted(edges, chance[here] * edges[-1], side="right")]
    return referrer


def draw_spend(rng, truth, window, people, leads):
    """Money by month and channel: so much for each lead and each consumer who joins, in the prices of the month."""
    counted = {}
    for channel, cost in truth.lead_cost.items():
        counted[channel] = cost * _by_month(window, leads.loc[leads["channel"] == channel, "created"])
    for k, channel in enumerate(CHANNELS):
        here = (people["type"] == 0) & (people["channel"] == k)
        counted[channel] = truth.consumer_cost[channel] * _by_month(window, people.loc[here, "joined"])
    counted["television"] = np.full(window.months()[-1] + 1, truth.brand_cost * len(people))
    spend = _money(rng, truth, window, counted)
    return spend.assign(kind=spend["channel"].map(KINDS).fillna("physical"))


def draw_sales_cost(rng, truth, window, leads):
    """Money for sales people by month and channel: so much for each lead contacted, in the prices of the month."""
    reached = leads[leads["contacted"] <= window.last]
    counted = {
        channel: cost * _by_month(window, reached.loc[reached["channel"] == channel, "contacted"])
        for channel, cost in truth.sales_cost.items()
    }
    return _money(rng, truth, window, counted).assign(kind="sales")


def _by_month(window, days):
    """How many of the day numbers fall into each month."""
    months = window.months()
    return np.bincount(months[days.astype(int)], minlength=months[-1] + 1)


def _money(rng, truth, window, counted):
    """Rows of month, channel and cost in its prices, with noise, of TRY of the first month by channel and month."""
    starts = np.unique(window.months(), return_index=True)[1]
    table = pd.DataFrame(counted, index=window.calendar[starts].to_period("M").to_timestamp()).rename_axis("month")
    table = table.mul(window.index[starts], axis=0)
    table = (table * np.exp(rng.normal(0, truth.cost_noise, table.shape))).round(2)
    long = table.reset_index().melt("month", var_name="channel", value_name="cost")
    return long[long["cost"] > 0].sort_values("month", kind="stable", ignore_index=True)
