"""The preset ``firms``: few large customers, deals that take months, and people who own them."""

import numpy as np
import pandas as pd

from portfoy.simulate.days import ids, pick

STAGES = ["contacted", "qualified", "proposed", "closed"]
BEFORE = 900  # days before the first day from which deals are simulated, so that some are open on it
TRADE = {
    "deals_shape": 1.5,  # gamma over the accounts, of deals begun a year
    "deals_mean": 2.2,
    "types": {"retailer": 0.5, "hotel": 0.3, "public": 0.2},
    "size": {"retailer": 1.0, "hotel": 1.8, "public": 3.0},  # times the amount of a deal
    "amount": 400_000.0,  # TRY, median deal of a retailer
    "account_sigma": 0.9,  # standard deviation of the log amount, between the accounts of a type
    "deal_sigma": 0.5,  # and between the deals of an account
    "stage_shape": 2.0,  # gamma, days to each stage
    "stage_mean": {"contacted": 8.0, "qualified": 30.0, "proposed": 50.0, "closed": 70.0},  # of a retailer
    "pace": {"retailer": 1.0, "hotel": 1.2, "public": 1.6},  # times the days
    "lost_after": {"contacted": 0.35, "qualified": 0.35, "proposed": 0.3},  # the last stage a lost deal reaches
    "win_intercept": -2.1,  # log odds
    "win_by_feature": {"fit_size": 0.2, "engagement_demo": 0.9},
    "win_by_owner": {"R1": 0.0, "R2": 0.0, "R3": 0.9, "R4": 0.0, "R5": -0.7},
    "cost_share": 0.62,  # mean unit cost over amount
    "guess_sigma": 0.35,  # standard deviation of the log of expected_value over the amount
}


def firm_company(rng, customers, start, end):
    """Tables, truth and what is hidden of each account: see `presets.firms`."""
    days, owners = pd.date_range(start, end), list(TRADE["win_by_owner"])
    accounts = pd.DataFrame({"type": np.array(list(TRADE["types"]), object)[_drawn(rng, TRADE["types"], customers)]})
    accounts["deals_a_year"] = rng.gamma(TRADE["deals_shape"], TRADE["deals_mean"] / TRADE["deals_shape"], customers)
    size = accounts["type"].map(TRADE["size"]) * np.exp(rng.normal(0, TRADE["account_sigma"], customers))
    accounts["amount"] = TRADE["amount"] * size
    accounts["owner"] = np.array(owners, object)[rng.integers(0, len(owners), customers)]
    deals = _deals(rng, accounts, len(days))
    deals["customer_id"] = ids("C", range(1, customers + 1), 3)[deals["account"]]
    deals["lead_id"] = ids("L", range(1, len(deals) + 1), 5)
    accounts.insert(0, "customer_id", ids("C", range(1, customers + 1), 3))
    dates = {f"{name}_on": _dates(days, deals[name]) for name in ["created", *STAGES]}
    leads = deals[["lead_id", "customer_id", "outcome", "owner", "type", "fit_size", "engagement_demo"]].assign(**dates)
    leads["expected_value"] = deals["guess"].round(-2)
    known = leads.groupby("customer_id")["created_on"].min().rename("joined_on").reset_index()
    won = deals[deals["outcome"] == "won"].sort_values("closed", kind="stable")
    orders = pd.DataFrame(
        {
            "customer_id": won["customer_id"],
            "order_id": "S" + won["lead_id"].str[1:],
            "ordered_on": dates["closed_on"][won.index],
            "quantity": 1,
            "amount": won["amount"].round(2),
            "unit_cost": (won["amount"] * (TRADE["cost_share"] + rng.uniform(-0.1, 0.1, len(won)))).round(2),
        }
    ).reset_index(drop=True)
    people = known.merge(accounts[["customer_id", "type"]], on="customer_id")
    tables = {"customers": people, "transactions": orders, "leads": leads}
    return tables, TRADE, {"customers": accounts.round({"deals_a_year": 3, "amount": 0})}


def _drawn(rng, shares, size):
    return pick(rng, list(shares.values()), size)


def _deals(rng, accounts, length):
    """One row per deal not over by the first day, times as day numbers; a lost one falls silent, then closes."""
    count = rng.poisson(accounts["deals_a_year"] * (BEFORE + length) / 365.25)
    deals = accounts.loc[accounts.index.repeat(count)].rename_axis("account").reset_index()
    n = len(deals)
    deals["created"] = rng.integers(-BEFORE, length, n)
    deals["fit_size"] = np.round(10 * rng.beta(2, 2.5, n), 1)
    deals["engagement_demo"] = (rng.random(n) < 0.4).astype(int)
    odds = TRADE["win_intercept"] + deals["owner"].map(TRADE["win_by_owner"])
    odds += sum(value * deals[name] for name, value in TRADE["win_by_feature"].items())
    won, now = rng.random(n) < 1 / (1 + np.exp(-odds)), deals["created"] + rng.random(n)
    reached = np.where(won, 3, _drawn(rng, TRADE["lost_after"], n))
    for number, stage in enumerate(STAGES):
        mean = TRADE["stage_mean"][stage] * deals["type"].map(TRADE["pace"])
        now = now + rng.gamma(TRADE["stage_shape"], mean / TRADE["stage_shape"])
        deals[stage] = np.floor(now).where((number <= reached) | (stage == "closed"))
    deals["outcome"] = np.where(deals["closed"] >= length, "open", np.where(won, "won", "lost")).astype(object)
    deals["amount"] = deals["amount"] * np.exp(rng.normal(0, TRADE["deal_sigma"], n))
    deals["guess"] = deals["amount"] * np.exp(rng.normal(0, TRADE["guess_sigma"], n))
    deals = deals[deals["closed"] >= 0]
    return deals.sort_values(["created", "account"], kind="stable", ignore_index=True)


def _dates(days, numbers):
    """Dates of day numbers, missing where the number is or where it lies after the last day."""
    known = numbers.notna() & (numbers < len(days))
    moved = days[0] + pd.to_timedelta(numbers.where(known, 0), unit="D")
    return moved.where(known).astype("datetime64[s]")
