"""What the reports say in words: whole sentences from made-up tables, each branch, and odd data."""

import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import portfoy as pf
from helpers import plain
from portfoy.selection.lists import Reach

# Forecasts


# Spend and value


def repeaters(*tickets):
    return pd.DataFrame({"repeats": [0, *[2] * len(tickets)], "repeat_ticket": [np.nan, *tickets]})


ASSUMED = "The spend model assumes that how often customers buy and how much they spend each time are unrelated;"


@pytest.mark.parametrize(
    ("tickets", "correlation", "expected"),
    [
        (
            [100.0, 300.0],
            0.114,
            f"2 customers bought again, for TRY 200 per purchase on average. {ASSUMED} "
            "their correlation here is 0.11, which is near enough to zero.",
        ),
        (
            [100.0, 300.0],
            -0.45,
            f"2 customers bought again, for TRY 200 per purchase on average. {ASSUMED} "
            "their correlation here is -0.45, so read its values with care.",
        ),
        (
            [12.5],
            np.nan,
            f"1 customer bought again, for TRY 12.50 per purchase. {ASSUMED} these data cannot show whether that "
            "holds.",
        ),
        ([], np.nan, "Nobody bought more than once, so there is no spend per purchase to compare."),
    ],
)
def test_spend(tickets, correlation, expected):
    assert plain(pf.describe_spend(repeaters(*tickets), correlation, currency="TRY")) == expected


VALUE = SimpleNamespace(
    total=2_960_000.0, total_low=2_810_000.0, total_high=3_120_000.0, confidence=0.95, horizon_months=12, margin_rate=1,
    of=lambda customers: SimpleNamespace(total=sum([1_000_000.0, 1_960_000.0][row] for row in customers.index)),
)  # fmt: skip
MARGIN = SimpleNamespace(**{**vars(VALUE), "horizon_months": 1, "margin_rate": 0.38})
REST = "Customers who are still to make their first purchase are not in it."


def test_value_of_revenue():
    assert plain(pf.describe_total(VALUE, currency="TRY")) == (
        "Over the next 12 months the customers of today are expected to bring TRY 2.96M of revenue in today's money "
        f"(TRY 2.81M–TRY 3.12M, 95% interval of the estimate). {REST}"
    )


def test_value_of_margin_over_one_month():
    assert plain(pf.describe_total(MARGIN)) == (
        "Over the next month the customers of today are expected to bring 2.96M of margin (38.0% of revenue) in "
        f"today's money (2.81M–3.12M, 95% interval of the estimate). {REST}"
    )


def test_what_the_headline_counts():
    assert pf.describe_horizon(VALUE) == "revenue over the next 12 months"
    assert pf.describe_horizon(MARGIN) == "margin over the next month"
    assert pf.describe_mean(MARGIN) == "per customer on average, margin over the next month"


def test_value_that_rests_on_one_purchase_is_named():
    assert pf.describe_once(pd.DataFrame({"repeats": [0, 3]}), VALUE).startswith(
        "33.8% of it is expected from the 50.0% of the customers who bought only once. The model cannot see whether"
    )
    assert pf.describe_once(pd.DataFrame({"repeats": [0, 3]}), SimpleNamespace(**{**vars(VALUE), "total": 0.0})) == (
        "Nothing is expected of any customer, so no part of it rests on those who bought once."
    )
    assert pf.describe_once(pd.DataFrame({"repeats": [1, 3]}), VALUE) == (
        "All customers bought more than once, so the model knows each of them by more."
    )


@pytest.mark.parametrize(
    ("values", "total", "expected"),
    [
        (
            [600.0, 400.0],
            4000.0,
            "The 2 customers listed first are expected to bring TRY 1,000, 25.0% of the value of all customers.",
        ),
        (
            [600.0],
            4000.0,
            "The customer listed first is expected to bring TRY 600, 15.0% of the value of all customers.",
        ),
        ([0.0], 0.0, "The customer listed first is expected to bring TRY 0."),
        ([], 4000.0, "There is no customer to list."),
    ],
)
def test_the_customers_listed_first(values, total, expected):
    top = pd.DataFrame({"expected_value": values})
    text = pf.describe_top(top, SimpleNamespace(total=total), Reach(50), currency="TRY")
    assert plain(text) == expected


@pytest.mark.parametrize(
    ("reach", "expected"),
    [
        (
            Reach(2, 25.0, 12.5, 3, limited=True),
            " The budget of TRY 25.00 pays for 2 contacts at TRY 12.50 each (the mean of 3 campaigns), so no list is "
            "longer.",
        ),
        (
            Reach(1, 15.0, 12.5, 0, limited=True),
            " The budget of TRY 15.00 pays for 1 contact at TRY 12.50 (as given), so no list is longer.",
        ),
        (Reach(2, 9000.0, 12.5, 3), ""),
    ],
)
def test_a_budget_is_told_where_it_limits_the_list(reach, expected):
    text = pf.describe_top(pd.DataFrame({"expected_value": [0.0]}), SimpleNamespace(total=0.0), reach, currency="TRY")
    assert plain(text) == "The customer listed first is expected to bring TRY 0." + expected


def test_every_sentence_ends_and_fills_in_every_blank():
    texts = [
        pf.describe_spend(repeaters(1.0), 0.0),
        pf.describe_total(VALUE),
    ]
    for text in texts:
        assert text.endswith(".")
        assert not re.search(r"[{}]|nan|None|  |\.\.", text), text
        assert text._repr_html_().startswith("<p ")
