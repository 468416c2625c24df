"""The preset ``subscription``: a paid service with trials, plans and causes of leaving; there are no orders."""

import numpy as np
import pandas as pd

from portfoy.simulate.days import ids, pick
from portfoy.simulate.truth import Truth

TRIAL_DAYS = 30
SERVICE = {
    "plan_fee": {"basic": 79.0, "plus": 149.0, "pro": 290.0},  # TRY a month
    "churn": {"basic": 0.045, "plus": 0.02, "pro": 0.008},  # chance that a contract ends in a month, in the first year
    "second_year": 1.35,  # times the chance, in every plan, from the second year on
    "break_month": "2025-11-01",  # from here on
    "break_factor": 2.0,  # times the chance, for good; whoever leaves more than before names the price
    "causes": {"price": 0.3, "not used": 0.3, "rival": 0.2, "moved": 0.12, "payment failed": 0.08},
    "at_first": {"basic": 0.7, "plus": 0.2, "pro": 0.1},  # plans of the contracts that run on the first day
    "first_share": 0.31,  # of all customers: with a contract on the first day
    "begun": [0.39, 0.16, 0.14],  # of all customers: begin in the first year, the second, and each one after
    "first_plans": {"basic": 0.1, "plus": 0.45, "pro": 0.45},  # plans of those who begin in the first year
    "later_plans": {"basic": 0.3, "plus": 0.4, "pro": 0.3},
    "by_trial": 0.6,  # of those who begin: after a trial, a lead that is won
    "channels": {"search": 0.5, "partner": 0.3, "friends": 0.2},  # of the trials
    "converted": {"search": 0.25, "partner": 0.32, "friends": 0.45},  # trials that become a contract
}


def service_company(rng, customers, start, end):
    """Tables, truth and the expected churn of each year and plan: see `presets.subscription`."""
    days = pd.date_range(start, end)
    trials = _trials(rng, customers, days)
    contracts = _contracts(rng, customers, days, trials)
    ended = _ends(rng, days, contracts)
    n, names = len(contracts), ids("C", range(1, len(contracts) + 1), 5)
    trials["customer_id"] = pd.Series(names, contracts["trial"]).drop(-1, errors="ignore").reindex(trials.index)
    fee = contracts["plan"].map(SERVICE["plan_fee"])
    contracts = pd.DataFrame({"contract_id": ids("K", range(1, n + 1), 5), "customer_id": names}).join(contracts)
    hidden = {"churn": _expected(days, contracts.join(ended))}
    contracts = contracts.join(ended).assign(monthly_fee=fee)
    regions = Truth().region_shares
    people = contracts[["customer_id", "started_on"]].set_axis(["customer_id", "joined_on"], axis=1)
    people["region"] = np.array(list(regions), object)[pick(rng, list(regions.values()), n)]
    trials.insert(0, "lead_id", ids("L", range(1, len(trials) + 1), 5))
    order = ["contract_id", "customer_id", "started_on", "ended_on", "ended_because", "monthly_fee", "plan"]
    return {"customers": people, "subscriptions": contracts[order], "leads": trials}, SERVICE, hidden


def _year(days):
    """How many begin in each year of the window, as a share of all customers, and the first and last day's number."""
    edges = [*range(0, len(days) - 30, 365), len(days)]
    shares = [SERVICE["begun"][min(k, 2)] for k in range(len(edges) - 1)]
    return zip(shares, edges[:-1], edges[1:], strict=True)


def _trials(rng, customers, days):
    """One row per trial, as leads: the decision falls within the trial, the trial ends undecided."""
    mean = sum(share * SERVICE["converted"][name] for name, share in SERVICE["channels"].items())
    begun = [
        rng.integers(first, last, rng.poisson(customers * share * SERVICE["by_trial"] / mean * (last - first) / 365))
        for share, first, last in _year(days)
    ]
    created = np.sort(np.concatenate(begun))
    n, channels = len(created), list(SERVICE["channels"])
    channel = pick(rng, list(SERVICE["channels"].values()), n)
    won = rng.random(n) < np.array(list(SERVICE["converted"].values()))[channel]
    closed = created + np.where(won, rng.integers(3, TRIAL_DAYS + 1, n), TRIAL_DAYS)
    over = closed < len(days)
    return pd.DataFrame(
        {
            "channel": np.array(channels, object)[channel],
            "created_on": days[created].as_unit("s"),
            "closed_on": pd.Series(days[np.minimum(closed, len(days) - 1)]).where(over).astype("datetime64[s]"),
            "outcome": np.where(over, np.where(won, "won", "lost"), "open").astype(object),
        }
    )


def _contracts(rng, customers, days, trials):
    """One row per contract by the day it began: those of the first day, after a trial, and without one."""
    stock = rng.poisson(customers * SERVICE["first_share"])
    old = -1 - np.minimum(rng.exponential(500, stock).astype(int), 2_000)
    won = trials.index[trials["outcome"] == "won"]
    tried = (trials.loc[won, "closed_on"] - days[0]).dt.days.to_numpy()
    alone = [
        rng.integers(first, last, rng.poisson(customers * share * (1 - SERVICE["by_trial"]) * (last - first) / 365))
        for share, first, last in _year(days)
    ]
    began = np.concatenate([old, tried, *alone])
    plans = list(SERVICE["plan_fee"])
    shares = [list(SERVICE[name].values()) for name in ("at_first", "first_plans", "later_plans")]
    plan = pick(rng, np.array(shares)[np.select([began < 0, began < 365], [0, 1], 2)], len(began))
    table = pd.DataFrame(
        {
            "started_on": (days[0] + pd.to_timedelta(began, unit="D")).as_unit("s"),
            "plan": np.array(plans, object)[plan],
            "trial": np.concatenate([np.full(stock, -1), won, np.full(sum(map(len, alone)), -1)]),
        }
    )
    return table.sort_values("started_on", kind="stable", ignore_index=True)


def chance_to_end(month, days):
    """The chance of each plan to end in a month, and the share of it that the break has added."""
    factor = SERVICE["second_year"] if month >= days[0].replace(day=1) + pd.DateOffset(years=1) else 1.0
    added = 0.0 if month < pd.Timestamp(SERVICE["break_month"]) else 1 - 1 / SERVICE["break_factor"]
    return pd.Series(SERVICE["churn"]) * factor / (1 - added), added


def _ends(rng, days, contracts):
    """``ended_on``, on the day of the month on which it began, and ``ended_because``; missing while it runs."""
    day = np.minimum(contracts["started_on"].dt.day, 28)
    ended = pd.DataFrame(index=contracts.index, columns=["ended_on", "ended_because"], dtype=object)
    ended["ended_on"] = ended["ended_on"].astype("datetime64[s]")
    causes, shares = list(SERVICE["causes"]), list(SERVICE["causes"].values())
    for month in pd.date_range(days[0].replace(day=1), days[-1], freq="MS"):
        due = month + pd.to_timedelta(day - 1, unit="D")
        faces = ended["ended_on"].isna() & (contracts["started_on"] < month) & (due >= days[0]) & (due <= days[-1])
        chance, added = chance_to_end(month, days)
        ends = faces & (rng.random(len(contracts)) < contracts["plan"].map(chance))
        why = np.array(causes, object)[pick(rng, shares, int(ends.sum()))]
        ended.loc[ends, "ended_on"] = due[ends]
        ended.loc[ends, "ended_because"] = np.where(rng.random(len(why)) < added, "price", why)
    return ended


def _expected(days, contracts):
    """One row per year of the window and plan, and for all: contracts at its start, and the churn that is planted."""
    rows = []
    for year in range(len(days) // 365):
        months = pd.date_range(days[0].replace(day=1) + pd.DateOffset(years=year), periods=12, freq="MS")
        stays = np.prod([1 - chance_to_end(month, days)[0] for month in months], axis=0)
        churn = pd.Series(1 - stays, SERVICE["churn"])
        ran = (contracts["started_on"] < months[0]) & ~(contracts["ended_on"] < months[0])
        counts = contracts.loc[ran, "plan"].value_counts().reindex(churn.index, fill_value=0)
        rows += [(months[0], plan, int(counts[plan]), churn[plan]) for plan in churn.index]
        rows.append((months[0], "all", int(counts.sum()), float((counts * churn).sum() / max(counts.sum(), 1))))
    return pd.DataFrame(rows, columns=["year_from", "plan", "contracts", "churn"]).round({"churn": 4})
