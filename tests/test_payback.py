"""Payback against curves worked out by hand, a naive loop and simulated truth."""

import numpy as np
import pandas as pd
import pytest

from portfoy.acquisition.payback import payback

COLUMNS = ["payback", "payback_low", "payback_high", "followed"]


def cohorts_of(margins, came):
    """``rows`` and ``cells`` of customers who bring these margins (a row each) from the month of their lead on."""
    rows = pd.DataFrame({"customer_id": [f"{n:03d}" for n in range(len(came))], "came": came})
    long = pd.DataFrame(margins).stack().rename("margin").rename_axis(["place", "age"]).reset_index()
    return rows, long.assign(month=rows["came"].to_numpy()[long["place"]] + long["age"])[["place", "month", "margin"]]


def found(margins, came, *, end, cost, error=1e-9, discount_rate=0.0, confidence=0.95):
    terms = {"cost": cost, "error": error, "discount_rate": discount_rate, "confidence": confidence}
    return payback(*cohorts_of(margins, came), end, **terms)


def test_ten_a_month_pay_back_twenty_five_in_the_third():
    row = found(np.full((12, 6), 10.0), [100] * 12, end=105, cost=25.0)
    assert row == {"payback": 3, "payback_low": 3, "payback_high": 3, "followed": 6}


def test_money_later_is_worth_less():
    """By hand: 10 + 10 / 1.21 ** (1 / 12) + ... after 12 months at 21 % a year is less than 12 x 10."""
    assert found(np.full((12, 24), 10.0), [100] * 12, end=123, cost=115.0)["payback"] == 12
    assert found(np.full((12, 24), 10.0), [100] * 12, end=123, cost=115.0, discount_rate=0.21)["payback"] == 13


def test_what_is_not_paid_back_yet_is_missing_and_followed_says_how_long():
    row = found(np.full((12, 6), 10.0), [100] * 12, end=105, cost=61.0)
    assert np.isnan([row[name] for name in COLUMNS[:3]]).all()
    assert row["followed"] == 6


def test_an_age_counts_the_cohorts_that_have_reached_it_and_no_others():
    """The later cohort brings more and is seen for two months only: later ages are of the first cohort alone."""
    margins = np.vstack([np.full((10, 6), 10.0), np.full((10, 6), 30.0)])
    row = found(margins, [100] * 10 + [104] * 10, end=105, cost=45.0)
    assert row["payback"] == 3  # 20 + 20 + 10; with the unseen months of the second taken for nothing it would be 4
    assert found(margins, [100] * 10 + [104] * 10, end=105, cost=51.0)["payback"] == 4


def test_the_month_that_still_runs_is_not_seen():
    assert found(np.full((12, 6), 10.0), [100] * 12, end=102, cost=35.0)["followed"] == 3


@pytest.mark.parametrize("given", [{"cost": np.nan}, {"cost": 0.0}])
def test_without_a_cost_there_is_no_payback(given):
    assert np.isnan([*found(np.full((12, 6), 10.0), [100] * 12, end=105, **given).values()]).all()


def test_too_few_customers_give_no_number():
    assert np.isnan([*found(np.full((9, 6), 10.0), [100] * 9, end=105, cost=5.0).values()]).all()


def test_the_interval_holds_the_truth_as_often_as_it_says():
    """Simulated truth: margins of a month are exponential with mean 10, so 95 is met in the tenth month on average."""
    held = 0
    for seed in range(60):
        random = np.random.default_rng(seed)
        worth = random.gamma(1.0, 10.0, (120, 1))  # some customers bring much, for good
        margins = worth * random.exponential(1.0, (120, 24))
        row = found(margins, random.integers(100, 112, 120), end=123, cost=95.0, confidence=0.9)
        held += row["payback_low"] <= 10 <= (24 if np.isnan(row["payback_high"]) else row["payback_high"])
    assert held >= 48  # of 60; binomial with 0.9, one in a thousand falls below


def test_groups_of_customers_give_the_interval_of_customers():
    """2,000 customers are drawn in 400 groups; the spread is that of a plain bootstrap of each of them."""
    random = np.random.default_rng(5)
    margins = random.gamma(0.2, 50.0, (2000, 12))
    row = found(margins, [100] * 2000, end=111, cost=75.0, confidence=0.9)
    plain = []
    for _draw in range(400):
        curve = margins[random.integers(0, 2000, 2000)].mean(axis=0).cumsum()
        plain.append((curve >= 75).argmax() + 1)
    low, high = np.quantile(plain, [0.05, 0.95])
    assert abs(row["payback_low"] - low) <= 1
    assert abs(row["payback_high"] - high) <= 1


def test_customers_in_any_order_pay_back_alike():
    random = np.random.default_rng(2)
    margins, came = random.gamma(1.0, 5.0, (50, 12)), random.integers(100, 106, 50)
    order = random.permutation(50)
    one, other = (found(margins[rows], came[rows], end=111, cost=30.0) for rows in (np.arange(50), order))
    assert one["payback"] == other["payback"]
    assert one["followed"] == other["followed"]
