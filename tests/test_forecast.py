"""The forecast beside what came, against Fader, Hardie & Lee (2005), a loop over customers and pretended models."""

from dataclasses import replace
from types import SimpleNamespace

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from helpers import labels, orders, plain
from portfoy.customers import customer_table
from portfoy.firm import Firm
from portfoy.models.bg_nbd import BgNbd, fit_bg_nbd
from portfoy.models.gamma_gamma import fit_gamma_gamma
from portfoy.models.holdout import outcomes, tenths_table
from portfoy.selection.forecast import Forecast, forecast, parameter_table

mpl.use("agg")


@pytest.fixture(scope="module")
def log():
    return orders(3, customers=300, spend=20.0)


@pytest.fixture(scope="module")
def found(log):
    return forecast(Firm.of(log, currency="TRY"))


def pretended(split, p_active, purchases, spend):
    """Models that say what they are told to."""
    index = split.index
    fit = SimpleNamespace(
        p_active=lambda _customers, _days: pd.Series(p_active, index),
        expected_purchases=lambda _customers, _days: pd.Series(purchases, index),
    )
    return fit, SimpleNamespace(expected_spend=lambda _customers: pd.Series(spend, index))


# (a) Worked out by hand


def test_four_customers_in_tenths():
    split = pd.DataFrame(
        {"holdout_days": 90, "holdout_purchases": [2, 0, 1, 0], "holdout_revenue": [30.0, -4, 20, 0]},
        index=list("abcd"),
    )
    said = outcomes(split, *pretended(split, [0.9, 0.5, 0.5, 0.1], [2.0, 1, 1, 0.5], [10.0, 12, 12, 8]))
    table = tenths_table(said, ["active", "spend", "value"], by="value")
    expected = pd.DataFrame(
        {
            "group": [1, 3, 8],  # nobody is above a; one is above b and c, who are equal; three are above d
            "customers": [1, 2, 1],
            "active_predicted": [0.9, 0.5, 0.1],
            "active_actual": [1.0, 0.5, 0.0],
            "spend_predicted": [10.0, 12, np.nan],  # of c alone: b and d bought nothing
            "spend_actual": [15.0, 20, np.nan],
            "value_predicted": [20.0, 12, 4],
            "value_actual": [30.0, 8, 0],
        }
    )
    bounds = [name for name in table if name.endswith(("_low", "_high"))]
    pd.testing.assert_frame_equal(table.drop(columns=bounds), expected, check_dtype=False)
    half = 1.959964 * np.std([-4, 20], ddof=1) / np.sqrt(2)
    assert table.loc[1, ["value_actual_low", "value_actual_high"]].tolist() == pytest.approx([8 - half, 8 + half])


def test_parameters_side_by_side():
    # Errors as lifetimes prints them for FHL05; the interval is symmetric on the logarithm.
    errors = pd.DataFrame(np.diag(np.square([0.0126, 0.378, 0.186, 0.705])))
    full = BgNbd(0.243, 4.414, 0.793, 2.426, covariance=errors)
    early = BgNbd(0.2, 4.0, 0.8, 2.0, covariance=errors * 4)
    table = parameter_table(early, full).set_index("parameter")
    assert table.index.tolist() == ["r", "alpha", "a", "b"]
    assert table.loc["alpha", ["estimate", "early"]].tolist() == [4.414, 4.0]
    low, high = 4.414 * np.exp([-1.959964 * 0.378 / 4.414, 1.959964 * 0.378 / 4.414])
    assert table.loc["alpha", ["estimate_low", "estimate_high"]].tolist() == pytest.approx([low, high])
    assert (table["early_low"] > 0).all()


# (b) Published numbers


def test_purchases_by_earlier_repeats_match_fader_hardie_lee_2005(cdnow_log):
    found = forecast(Firm.of(cdnow_log, currency="USD"))
    assert (found.split_on, found.days) == (pd.Timestamp("1997-09-30"), 273)
    assert found.purchases["group"].tolist() == ["0", "1", "2", "3", "4", "5", "6", "7+"]
    actual = [0.2367, 0.6970, 1.3925, 1.5600, 2.5323, 2.9474, 3.8621, 6.3594]
    np.testing.assert_allclose(found.purchases["actual"], actual, atol=5e-5)
    published = [0.2251, 0.5231, 1.0441, 1.5203, 2.1639, 2.6538, 3.5040, 6.1572]
    np.testing.assert_allclose(found.purchases["predicted"], published, atol=1e-4)
    total = found.total.set_index("measure")
    assert total.loc["purchases", "actual"] == pytest.approx(1882)
    assert total.loc["purchases", "predicted"] == pytest.approx(1653, abs=1)
    assert total.loc["active", "actual"] == pytest.approx(684)
    assert "Purchases: 1,653 forecast, " in plain(found.method())
    early = found.parameters.set_index("parameter")["early"]  # 4.414 weeks
    assert early.tolist() == pytest.approx([0.243, 7 * 4.414, 0.793, 2.426], abs=0.005)


# (c) A naive count


def test_tenths_and_totals_are_those_of_a_loop(log, found):
    assert (found.days, found.split_on) == (365, log["ordered_on"].max() - pd.Timedelta(days=365))
    customers = customer_table(log[log["ordered_on"] <= found.split_on], as_of=found.split_on)
    often = fit_bg_nbd(customers).expected_purchases(customers, found.days)
    worth = often * fit_gamma_gamma(customers).expected_spend(customers)
    later = log[log["ordered_on"] > found.split_on]
    came = [later.loc[later["customer_id"] == name, "amount"].sum() for name in customers["customer_id"]]
    days = [later.loc[later["customer_id"] == name, "ordered_on"].nunique() for name in customers["customer_id"]]
    tenths = {}
    for place, value in enumerate(worth):
        tenths.setdefault(10 * int((worth > value).sum()) // len(worth) + 1, []).append(place)
    for row in found.table.itertuples():
        places = tenths[row.group]
        assert row.customers == len(places)
        assert row.value_predicted == pytest.approx(worth.iloc[places].mean())
        assert row.value_actual == pytest.approx(np.mean([came[place] for place in places]))
        assert row.active_actual == pytest.approx(np.mean([days[place] > 0 for place in places]))
    total = found.total.set_index("measure")
    assert total.index.tolist() == ["value", "purchases", "active"]
    assert total["predicted"].tolist()[:2] == pytest.approx([worth.sum(), often.sum()])
    assert total["actual"].tolist() == pytest.approx([sum(came), sum(days), np.count_nonzero(days)])
    half = 1.959964 * np.std(came, ddof=1) * np.sqrt(len(came))
    error = [worth.sum() / end - 1 for end in (sum(came), sum(came) + half, sum(came) - half)]
    assert total.loc["value", ["error", "error_low", "error_high"]].tolist() == pytest.approx(error, rel=1e-5)
    table = found.table
    inside = (table["value_actual_low"] <= table["value_predicted"]) & (
        table["value_predicted"] <= table["value_actual_high"]
    )
    assert total.loc["value", ["within", "tenths"]].tolist() == [inside.sum(), 10]


# (d) Properties


def test_another_currency_changes_no_error(log, found):
    dear = forecast(Firm.of(log.assign(amount=100 * log["amount"])))
    pd.testing.assert_series_equal(dear.total["error"], found.total["error"], rtol=1e-5)
    pd.testing.assert_frame_equal(dear.purchases, found.purchases)


def test_what_is_fitted_is_kept_by_the_firm_of_its_day(log):
    firm = Firm.of(log)
    found = forecast(firm, split_on="2023-06-30")
    assert found.split_on == pd.Timestamp("2023-06-30")
    assert firm.worked["bg_nbd"] == fit_bg_nbd(firm.customers)
    then = firm.on("2023-06-30")
    assert then.worked["bg_nbd"] == fit_bg_nbd(then.customers)
    assert then.worked["gamma_gamma"] == fit_gamma_gamma(then.customers)


def test_what_came_after_the_split_is_not_seen_by_the_forecast(log):
    later = log["ordered_on"] > "2023-06-30"
    moved = log.assign(amount=log["amount"].where(~later, 7.0))
    one, two = (forecast(Firm.of(table), split_on="2023-06-30") for table in (log, moved))
    assert one.table["value_predicted"].tolist() == two.table["value_predicted"].tolist()
    assert one.table["value_actual"].tolist() != two.table["value_actual"].tolist()


def test_without_money_purchases_are_forecast(log):
    found = forecast(Firm.of(log.assign(amount=5.0)))  # all spend the same: nothing tells them apart
    assert found.main["measure"] == "purchases"
    assert not [name for name in found.table if name.startswith(("spend", "value"))]
    assert found.table["purchases_predicted"].is_monotonic_decreasing
    assert found.total["measure"].tolist() == ["purchases", "active"]
    assert found.finding().text.startswith("Purchases: the forecast was ")
    assert found.reading().startswith("Purchases: ")
    assert " Spending could not be modelled. " in found.method()
    assert found.plot().get_title(loc="left") == "Purchases per customer, forecast and actual"


# (e) Why not


@pytest.mark.parametrize(
    ("split_on", "reason"),
    [
        (
            "2025-01-01",
            "forecast: split_on 2025-01-01 is not before 2024-06-18. Take an earlier date.",
        ),
        (
            "2021-12-31",
            "transactions: nobody bought by 2021-12-31. Take a later date, or check the sign of the amounts.",
        ),
        (
            "2022-01-20",
            "{again} of {early} customers bought again; 30 are needed. Use a longer history.",
        ),
    ],
)
def test_a_split_that_allows_no_forecast_is_told(log, split_on, reason):
    found = forecast(Firm.of(log, as_of="2024-06-18"), split_on=split_on)
    assert not found
    days = log[log["ordered_on"] <= split_on].groupby("customer_id")["ordered_on"].nunique()
    assert found.reason == reason.format(again=(days > 1).sum(), early=len(days))


# What is shown


def total(measure, predicted, actual, low=None, high=None):
    ends = {"error": actual, "error_low": high or actual, "error_high": low or actual}
    errors = {name: predicted / end - 1 if actual > 0 else np.nan for name, end in ends.items()}
    return {"measure": measure, "predicted": predicted, "actual": actual, **errors, "within": 1, "tenths": 2}


def shown(predicted, actual, low=None, high=None, measure="value"):
    """A forecast of these totals, in two groups alike of 50 customers."""
    rows = [total(measure, predicted, actual, low, high)]
    rows += [total("purchases", 90, 80) | {"tenths": 0}] if measure == "value" else []
    rows += [total("active", 45, 52)]
    table = {"group": [1, 2], "customers": 50, f"{measure}_predicted": predicted / 100}
    table |= {f"{measure}_actual": actual / 100, f"{measure}_actual_low": 0.1, f"{measure}_actual_high": 9.0}
    about = {"open": "", "split_on": pd.Timestamp("2025-06-30"), "days": 365, "currency": "TRY", "confidence": 0.95}
    parameters = pd.DataFrame({"parameter": ["r", "alpha", "a", "b"], "estimate": [0.5, 73.0, 1, 4]})
    return Forecast(pd.DataFrame(table), pd.DataFrame(), pd.DataFrame(rows), parameters, **about)


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (shown(94, 100), "Revenue: the forecast was 6% too low"),
        (shown(112, 100), "Revenue: the forecast was 12% too high"),
        (shown(100.4, 100), "Revenue: the forecast was less than 1% off"),
        (shown(60, 100, measure="purchases"), "Purchases: the forecast was 40% too low"),
        (shown(60, 50, measure="purchases"), "Purchases: the forecast was 20% too high"),
        (shown(60, 60, measure="purchases"), "Purchases: the forecast was less than 1% off"),
        (shown(60, 0, measure="purchases"), "60 purchases were forecast and none came"),
        (shown(60, -5), "Purchases: the forecast was 12% too high"),  # more came back than was bought
    ],
)
def test_the_finding_says_how_far_off_and_on_which_side(found, text):
    assert (found.finding().text, found.finding().nothing) == (text, False)


WENT = "Revenue: TRY\u00a0940 forecast for the 365 days after 30 Jun 2025, TRY\u00a01,000 came. "
ON_TOP = "Intervals of values come from such errors."


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (shown(940, 1000, 980, 1020), WENT + ON_TOP),
        (shown(970, 1000, 990, 1010), "came. Close enough to plan with."),
        (shown(970, 1000, 900, 1100), f"came. {ON_TOP}"),  # few customers: it may be chance
        (shown(700, 1000, 800, 1200), f"came. {ON_TOP}"),  # 30 % off, by chance perhaps
        (shown(700, 1000, 900, 1100), " Too far off to plan with: use the order only."),
        (
            shown(50, 60, measure="purchases"),
            f"Purchases: 50 forecast for the 365 days after 30 Jun 2025, 60 came. {ON_TOP}",
        ),
        (shown(60, 0, measure="purchases"), "Check whether the data reach so far."),
    ],
)
def test_the_reading_says_what_the_error_means(found, text):
    assert found.reading().endswith(text)


def test_the_method_says_how_sure_it_is_and_what_the_parameters_mean():
    said = plain(shown(940, 1000, 900, 1100).method())
    assert said.startswith("BG/NBD and Gamma-Gamma saw what 100 customers bought up to 30 Jun 2025. Intervals (95%) ")
    assert said.endswith(
        "Revenue: TRY 940 forecast, TRY 1,000 came, error −15 – +4%. Within the interval: 1 of 2 tenths. Purchases: "
        "90 forecast, 80 came, error +12–+12%. Buyers: 45 forecast, 52 came, error −13 – −13%. Within the interval: "
        "1 of 2 tenths."
    )
    left = replace(shown(94, 100), open="all seem alike").method()
    assert left.endswith(" tenths. Today's a and b stay open, because all seem alike.")


def test_the_chart_has_a_dot_with_its_interval_and_a_mark_for_each_tenth(found):
    ax = found.plot()
    table = found.table
    bars, dots, marks = ax.collections
    assert dots.get_offsets()[:, 0].tolist() == pytest.approx(table["value_actual"].tolist())
    assert marks.get_offsets()[:, 0].tolist() == pytest.approx(table["value_predicted"].tolist())
    ends = [path.vertices[:, 0].tolist() for path in bars.get_paths()]
    np.testing.assert_allclose(ends, table[["value_actual_low", "value_actual_high"]])
    assert labels(ax.yaxis) == ["highest tenth", *(f"tenth {group}" for group in table["group"][1:])]
    assert [text.get_text() for text in ax.figure.legends[0].get_texts()] == ["actual, 95% interval", "forecast"]
    assert ax.get_title(loc="left") == "Revenue per customer, forecast and actual"
    assert ax.get_label() == f"TRY; 365 days after {found.split_on:%-d %b %Y}"
    assert ax.figure.get_label().count(" forecast, ") == len(table)


def test_all_is_folded_but_the_chart(found):
    content = found.content()
    assert [table["caption"] for table in content["tables"]] == [
        "By tenths",
        "Purchases by repeats before",
    ]
    assert (content["figures"], content["actions"], content["missing"]) == ([], [], "")
    assert len(content["finding"]["text"].split()) <= 12
