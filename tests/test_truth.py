"""What is truly to come of customers. Judges: hand arithmetic, and customers drawn one purchase at a time."""

import numpy as np
import pandas as pd
import pytest

from portfoy.course.lessons import Truth
from portfoy.firm import Firm

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
