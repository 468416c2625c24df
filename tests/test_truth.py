"""What is true of customers and leads. Judges: hand arithmetic, customers drawn one purchase at a time, and what the
simulated company's own tables show."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import portfoy as pf
from portfoy.course import lessons
from portfoy.course.lessons import Truth
from portfoy.firm import Firm

ROOT = Path(__file__).parent.parent
IDS = ["1 stays", "2 gone", "3 stops"]


def firm(**given):
    log = {"customer_id": IDS, "order_id": IDS, "ordered_on": pd.to_datetime(["2025-01-01"] * 3), "amount": 100.0}
    return Firm.of(pd.DataFrame(log).assign(product_id="p", unit_cost=60.0, quantity=1), as_of="2025-12-31", **given)


def truth(stop=0.2):
    customers = {"customer_id": IDS, "rate": [0.01, 0.01, 0.02], "stop": [0.0, 0.0, stop], "mean_order": 50.0}
    customers = pd.DataFrame(customers | {"multiplier": [2.0, 2.0, 1.0], "active": [True, False, True]})
    return Truth(customers, None, None, None, {"start": "2025-01-01"})


def test_who_stays_brings_rate_times_days_and_who_left_nothing():
    coming = truth().coming(firm(), days=100)
    assert coming.loc[0] == pytest.approx(0.01 * 100 * 50 * 2 * 0.4)  # a margin of 40 in 100
    assert coming.loc[1] == 0


def test_who_may_stop_brings_what_customers_drawn_by_chance_bring():
    random, days, drawn = np.random.default_rng(1), 365, []
    for _customer in range(4000):
        day, bought = random.exponential(1 / 0.02), 0
        while day < days:
            bought += 1
            if random.random() < 0.2:
                break
            day += random.exponential(1 / 0.02)
        drawn.append(bought)
    error = np.std(drawn) / np.sqrt(len(drawn))
    assert truth().coming(firm()).loc[2] / (50 * 0.4) == pytest.approx(np.mean(drawn), abs=4 * error)


def test_it_is_at_the_prices_of_the_firm():
    plain, priced = truth().coming(firm()), truth().coming(firm(prices=0.5))
    assert priced.loc[0] / plain.loc[0] == pytest.approx(1.5, rel=0.05)  # a year of prices that rise by a half


def test_the_chance_of_a_lead_is_that_of_its_odds():
    told = {"win_intercept": -1.0, "win_by_channel": {"fair": 0.5, "calls": 0.0}, "win_by_feature": {"fit_size": 0.1}}
    leads = pd.DataFrame({"channel": ["fair", "calls"], "fit_size": [5.0, 0.0]}, index=[7, 9])
    chance = Truth(None, None, None, None, told).p_win(leads)
    assert chance.to_dict() == pytest.approx({7: 0.5, 9: 1 / (1 + np.e)})  # odds of 1, and of 1 to e


def test_leads_are_won_as_often_as_their_chance_says_and_cost_what_was_spent():
    company = pf.open(ROOT / "data" / "teaching")
    found, leads = lessons.truth(company), company.tables.leads.to_pandas()
    leads = leads.assign(p=found.p_win(leads), won=leads["outcome"] == "won")
    closed = leads[leads["outcome"] != "open"].groupby("channel")
    error = np.sqrt(closed["p"].agg(lambda p: (p * (1 - p)).sum())) / closed.size()
    assert ((closed["won"].mean() - closed["p"].mean()).abs() < 3.5 * error).all()
    spend = company.tables.spend.to_pandas()
    money = (spend["cost"] * company.prices.factors(spend["month"])).groupby(spend["channel"]).sum()
    cost = found.win_cost(company, leads)
    assert cost.to_dict() == pytest.approx(
        (money / leads.groupby("channel")["p"].sum())[cost.index].to_dict(), rel=0.05
    )
