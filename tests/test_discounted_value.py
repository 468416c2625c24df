"""Lifetime value against the sum written out, its intervals against refits, money against a change of units."""

import numpy as np
import pandas as pd
import pytest

import portfoy.models.discounted_value as module
from portfoy.errors import DataError
from portfoy.models.bg_nbd import BgNbd, fit_bg_nbd
from portfoy.models.discounted_value import discounted_value
from portfoy.models.gamma_gamma import GammaGamma, fit_gamma_gamma

# FHL05 and FH13, CDNOW sample; days.
FIT, SPEND_FIT = BgNbd(0.2425945, 4.4136019 * 7, 0.7929199, 2.4258881), GammaGamma(6.25, 3.74, 15.44)


@pytest.fixture(scope="module")
def fits(cdnow):
    return fit_bg_nbd(cdnow), fit_gamma_gamma(cdnow)


@pytest.fixture(scope="module")
def value(cdnow, fits):
    return discounted_value(cdnow, *fits)


@pytest.fixture
def three():
    columns = {"customer_id": ["007", "008", "009"], "repeats": [2, 0, 7], "span": [213, 0, 206], "age": 272}
    return pd.DataFrame({**columns, "repeat_ticket": [22.345, np.nan, 73.741429]}, index=[5, 3, 4])


def test_three_customers_by_name(three):
    # p_alive, and purchases over 39 weeks = 273 days, from lifetimes; spend from FH13; one "month" of 273 days.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "DAYS_A_MONTH", 273)
        ours = discounted_value(three, FIT, SPEND_FIT, horizon_months=1, discount_rate=0.21, margin_rate=0.5).table
    expected = pd.DataFrame(
        {
            "customer_id": ["007", "008", "009"],
            "p_alive": [0.726620, 1.0, 0.641835],
            "expected_purchases": [1.225994, 0.194794, 3.337572],
            "expected_spend": [24.65, 35.2, 71.46],
        },
        index=[5, 3, 4],
    )
    money = expected["expected_purchases"] * expected["expected_spend"] * 0.5 / 1.21 ** (1 / 12)
    expected = expected.assign(expected_value=money, expected_value_low=np.nan, expected_value_high=np.nan)
    pd.testing.assert_frame_equal(ours, expected, rtol=2e-3)


def test_value_is_the_discounted_sum_written_out(cdnow, fits):
    fit, spend_fit = fits
    ours = discounted_value(cdnow, fit, spend_fit, horizon_months=7, discount_rate=0.15, margin_rate=0.3).table
    naive, before = 0.0, 0.0
    for month in range(1, 8):
        bought = fit.expected_purchases(cdnow, month * 365.25 / 12)
        naive, before = naive + (bought - before) / 1.15 ** (month / 12), bought
    np.testing.assert_allclose(ours["expected_purchases"], before)
    np.testing.assert_allclose(ours["expected_value"], naive * spend_fit.expected_spend(cdnow) * 0.3)


def test_without_discount_value_is_purchases_times_spend(cdnow, fits):
    table = discounted_value(cdnow, *fits, discount_rate=0).table
    np.testing.assert_allclose(table["expected_value"], table["expected_purchases"] * table["expected_spend"])


def test_the_unit_of_time_does_not_move_money(cdnow, fits, value, monkeypatch):
    weeks = cdnow.assign(span=cdnow["span"] / 7, age=cdnow["age"] / 7)
    monkeypatch.setattr(module, "DAYS_A_MONTH", module.DAYS_A_MONTH / 7)  # the only place that knows the unit
    other = discounted_value(weeks, fit_bg_nbd(weeks), fits[1])
    pd.testing.assert_frame_equal(other.table, value.table, rtol=1e-6)
    assert other.total_high == pytest.approx(value.total_high, rel=1e-5)


def test_money_scales_with_the_currency(cdnow, fits, value):
    other = cdnow.assign(repeat_ticket=cdnow["repeat_ticket"] * 40)
    scaled = discounted_value(other, fits[0], fit_gamma_gamma(other))
    for name in ("expected_value", "expected_value_low", "expected_value_high"):
        np.testing.assert_allclose(scaled.table[name], value.table[name] * 40, rtol=1e-5)


@pytest.mark.parametrize("refits", [20, pytest.param(80, marks=pytest.mark.study)])
def test_interval_agrees_with_a_parametric_bootstrap(simulate_customers, refits):
    ages = np.linspace(90, 730, 1500)
    customers = simulate_customers(ages, seed=31)
    fit, spend_fit = fit_bg_nbd(customers), fit_gamma_gamma(customers)
    ours = discounted_value(customers, fit, spend_fit)
    truth = dict(zip(["r", "alpha", "a", "b", "p", "q", "v"], [*fit.parameters, *spend_fit.parameters], strict=True))
    totals, ones = [], []
    one = ours.table["expected_value"].idxmax()
    for seed in range(refits):
        again = simulate_customers(ages, **truth, seed=seed)
        drawn = discounted_value(customers, fit_bg_nbd(again), fit_gamma_gamma(again))
        totals.append(drawn.total)
        ones.append(drawn.table["expected_value"][one])
    within = 3 / np.sqrt(2 * refits)  # three times the error that so many refits know a scatter with: 8 % of 80
    width = np.log(ours.total_high / ours.total_low) / (2 * 1.959964)
    assert np.std(np.log(totals)) == pytest.approx(width, rel=within)
    row = ours.table.loc[one]
    width = np.log(row["expected_value_high"] / row["expected_value_low"]) / (2 * 1.959964)
    assert np.std(np.log(ones)) == pytest.approx(width, rel=within)


def test_interval_grows_with_confidence_and_holds_the_value(cdnow, fits, value):
    wide = discounted_value(cdnow, *fits, confidence=0.99)
    assert wide.total_low < value.total_low < value.total < value.total_high < wide.total_high
    ratio = np.log(wide.total_high / wide.total) / np.log(value.total_high / value.total)
    assert ratio == pytest.approx(2.575829 / 1.959964, rel=1e-6)
    assert (value.table["expected_value_low"] > 0).all()


def test_the_mean_customer_has_the_mean_of_the_values(cdnow, value):
    mean, low, high = value.mean
    assert mean == pytest.approx(value.table["expected_value"].mean())
    assert (low / mean, high / mean) == pytest.approx((value.total_low / value.total, value.total_high / value.total))


def test_groups_add_up_and_their_errors_do_not_cancel(cdnow, value):
    groups = cdnow["repeats"].clip(upper=2).map({0: "none", 1: "one", 2: "more"}).rename("class")
    table = value.by(groups)
    assert table.columns.tolist() == [
        "class",
        "customers",
        "expected_value",
        "expected_value_low",
        "expected_value_high",
    ]
    assert table[["class", "customers"]].to_numpy().tolist() == [["more", 507], ["none", 1411], ["one", 439]]
    assert table["expected_value"].sum() == pytest.approx(value.total)
    whole = value.by(pd.Series("all", cdnow.index))
    assert whole.iloc[0].tolist() == [
        "all",
        2357,
        *(pytest.approx(v) for v in (value.total, value.total_low, value.total_high)),
    ]
    independent = np.sqrt(((value.table["expected_value_high"] - value.table["expected_value"]) ** 2).sum())
    assert value.total_high - value.total > 10 * independent


def test_a_group_of_one_has_its_customers_interval(three, cdnow, fits):
    ours = discounted_value(three, *fits)
    table = ours.by(three["customer_id"]).set_index(three.index)
    names = ["expected_value", "expected_value_low", "expected_value_high"]
    pd.testing.assert_frame_equal(table[names], ours.table[names])


def test_missing_groups_are_a_group(three, fits):
    table = discounted_value(three, *fits).by(pd.Series(["x", None, "x"], three.index))
    assert table["group"].isna().tolist() == [False, True]
    assert table["customers"].tolist() == [2, 1]


def test_an_empty_base_is_worth_nothing(three, fits):
    nobody = discounted_value(three.iloc[:0], *fits)
    assert (nobody.total, nobody.total_low, nobody.total_high) == nobody.mean == (0, 0, 0)
    assert nobody.table.empty
    assert nobody.by(three["customer_id"].iloc[:0]).empty


def test_a_customer_surely_gone_is_worth_nothing(fits):
    gone = pd.DataFrame({"repeats": [500], "span": [100], "age": [3000], "repeat_ticket": [10.0]})
    row = discounted_value(gone, *fits).table.iloc[0]
    assert row[["expected_value", "expected_value_low", "expected_value_high"]].tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"horizon_months": 0}, "discounted_value: horizon_months is 0, not a whole number from 1."),
        ({"horizon_months": 2.5}, "discounted_value: horizon_months is 2.5, not a whole number from 1."),
        ({"discount_rate": -0.1}, "discounted_value: discount_rate is -0.1, not 0 or more."),
        (
            {"margin_rate": -0.84335},
            "discounted_value: the margin is -0.843 of revenue. Check unit costs, or give margin_rate.",
        ),
        ({"confidence": 95}, "confidence: 95 is not between 0 and 1. For 95 % give 0.95."),
    ],
)
def test_an_argument_out_of_range_is_refused(three, arguments, message):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole text is compared
        discounted_value(three, FIT, SPEND_FIT, **arguments)
    assert str(caught.value) == message


def test_a_missing_column_and_another_index_are_refused(three):
    with pytest.raises(DataError) as caught:
        discounted_value(three.drop(columns="repeat_ticket"), FIT, SPEND_FIT)
    assert str(caught.value) == (
        "discounted_value: column 'repeat_ticket' is missing; the table has 'customer_id', 'repeats', 'span', 'age'. "
        "Take firm.customers."
    )
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole text is compared
        discounted_value(three, FIT, SPEND_FIT).by(pd.Series([1, 2, 3]))
    assert str(caught.value) == ("by: the groups need the index of the values. Ask value.of(customers).by(groups).")


def test_the_value_of_some_customers_is_that_of_their_group(cdnow, value):
    half = cdnow.index[cdnow["repeats"] > 0]
    some = value.of(cdnow.loc[half])
    group = value.by((cdnow["repeats"] > 0).rename("repeats")).set_index("repeats").loc[True]
    assert some.table["expected_value"].tolist() == value.table.loc[half, "expected_value"].tolist()
    for name, own in (("expected_value", "total"), ("expected_value_low", "total_low")):
        assert getattr(some, own) == pytest.approx(group[name])
    with pytest.raises(DataError) as caught:
        value.of(pd.DataFrame({"customer_id": ["nobody", cdnow["customer_id"].iloc[0]]}))
    assert str(caught.value) == ("of: 1 of 2 customers have no value. Value a table that holds them all.")
