"""What the reports say in words: whole sentences from made-up tables, each branch, and odd data."""

import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import portfoy as pf
from helpers import plain
from portfoy.models.bg_nbd import BgNbd
from portfoy.models.holdout import Backtest
from portfoy.selection.lists import Reach

# Forecasts


SPLIT = pd.DataFrame({"holdout_days": [365, 365]})


def holdout(forecast, actual):
    return pd.DataFrame(
        {"group": ["0", "1"], "customers": [1000, 500], "predicted": forecast / 1500, "actual": actual / 1500}
    )


def test_a_forecast_near_the_mark():
    assert pf.describe_holdout(holdout(1398.7, 1442), SPLIT) == (
        "From the purchases up to the split alone, the model forecast 1,399 purchases for the 365-day period after it; "
        "there were 1,442, so the forecast was 3.0% too low. For totals, that is close enough to plan with."
    )


@pytest.mark.parametrize(
    ("forecast", "expected"),
    [
        (1000, "there were 1,000, as forecast. For totals, that is close enough to plan with."),
        (970, "there were 1,000, so the forecast was 3.0% too low. For totals, that is close enough to plan with."),
        (1030, "there were 1,000, so the forecast was 3.0% too high. For totals, that is close enough to plan with."),
        (880, "there were 1,000, so the forecast was 12.0% too low. Read the forecasts below with that error in mind."),
        (
            1120,
            "there were 1,000, so the forecast was 12.0% too high. Read the forecasts below with that error in mind.",
        ),
        (
            600,
            "there were 1,000, so the forecast was 40.0% too low. "
            "That is too far off to plan with: use the order of the customers, not the amounts.",
        ),
        (
            1400,
            "there were 1,000, so the forecast was 40.0% too high. "
            "That is too far off to plan with: use the order of the customers, not the amounts.",
        ),
    ],
)
def test_what_the_error_of_a_forecast_means(forecast, expected):
    assert pf.describe_holdout(holdout(forecast, 1000), SPLIT).partition("; ")[2] == expected


def test_a_period_without_a_purchase():
    assert pf.describe_holdout(holdout(25, 0), SPLIT).partition("; ")[2] == (
        "there was none. Check whether the data reach that far before you use the forecasts below."
    )


def compared(predicted, actual, low, high, customers=10):
    return pd.DataFrame(
        {"customers": customers, "predicted": predicted, "actual": actual, "actual_low": low, "actual_high": high}
    )


def test_backtest():
    test = Backtest(
        purchases=None,
        active=compared([0.5, 0.3], [0.6, 0.3], [0.4, 0.2], [0.7, 0.5], customers=[30, 10]),
        spend=compared([10.0, 20], [12.0, 25], [11.0, np.nan], [13.0, np.nan]),  # one group of one buyer
        value=compared([5.0, 1], [6.0, 2], [4.0, 0.5], [7.0, 3.0]),
    )
    assert pf.describe_backtest(test) == (
        "Nobody can see whether a customer is still active, only whether he or she buys: 45.0% of the customers were "
        "expected to, 52.5% did. The forecast lies within the 95% interval of what happened in 2 of 2 groups for "
        "buying, "
        "0 of 1 group for the spend per purchase, 2 of 2 groups for the revenue."
    )


def test_backtest_without_a_purchase():
    active = compared([0.5], [0.0], [0.0], [0.1])
    test = Backtest(purchases=None, active=active, spend=active.iloc[:0], value=compared([5.0], [0.0], [0.0], [0.0]))
    assert pf.describe_backtest(test) == (
        "Nobody can see whether a customer is still active, only whether he or she buys: 50.0% of the customers were "
        "expected to, 0.0% did. The forecast lies within the 95% interval of what happened in 0 of 1 group for buying, "
        "0 of 1 group for the revenue."
    )


def test_parameters_side_by_side():
    # Errors as lifetimes prints them for FHL05; the interval is symmetric on the logarithm.
    errors = pd.DataFrame(np.diag(np.square([0.0126, 0.378, 0.186, 0.705])))
    full = BgNbd(0.243, 4.414, 0.793, 2.426, covariance=errors)
    early = BgNbd(0.2, 4.0, 0.8, 2.0, covariance=errors * 4)
    table = pf.parameter_table(early, full).set_index("parameter")
    assert table.index.tolist() == ["r", "alpha", "a", "b"]
    assert table.loc["alpha", ["estimate", "early"]].tolist() == [4.414, 4.0]
    low, high = 4.414 * np.exp([-1.959964 * 0.378 / 4.414, 1.959964 * 0.378 / 4.414])
    assert table.loc["alpha", ["estimate_low", "estimate_high"]].tolist() == pytest.approx([low, high])
    assert (table["early_low"] > 0).all()
    assert table.loc["b", "meaning"] == "shape of the chance to stop; its mean is a / (a + b)"


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


SAID = " In the test above the forecast of revenue was"


def backtested(predicted, actual):
    return SimpleNamespace(value=compared([predicted], [actual], [actual], [actual]))


@pytest.mark.parametrize(
    ("test", "error"),
    [
        (backtested(90, 100), f"{SAID} 10.0% too low; such an error comes on top of the interval."),
        (backtested(112, 100), f"{SAID} 12.0% too high; such an error comes on top of the interval."),
        (backtested(112, 0), ""),
    ],
)  # fmt: skip
def test_value_of_revenue(test, error):
    assert plain(pf.describe_value(VALUE, test, currency="TRY")) == (
        "Over the next 12 months the customers of today are expected to bring TRY 2.96M of revenue in today's money "
        f"(TRY 2.81M–TRY 3.12M, 95% interval of the estimate). {REST}{error}"
    )


def test_value_of_margin_over_one_month():
    assert plain(pf.describe_value(MARGIN, backtested(1, 0))) == (
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


def test_parameters_are_read_as_a_rate_and_a_chance_to_stop():
    fit = SimpleNamespace(r=0.5, alpha=73.0, a=1.0, b=4.0, open="")
    text = (
        "While they are active, customers come back 2.5 times a year on average; after a purchase, 20.0% of them stop "
        "for good."
    )
    assert pf.describe_parameters(fit) == text
    fit.open = "hardly anybody seems to have stopped buying"
    assert pf.describe_parameters(fit) == (
        f"{text} a and b themselves stay open, because hardly anybody seems to have stopped buying; the forecasts do "
        "not depend on them."
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
        pf.describe_holdout(holdout(1, 1), SPLIT),
        pf.describe_spend(repeaters(1.0), 0.0),
        pf.describe_value(VALUE, backtested(1, 2)),
    ]
    for text in texts:
        assert text.endswith(".")
        assert not re.search(r"[{}]|nan|None|  |\.\.", text), text
        assert text._repr_html_().startswith("<p ")
