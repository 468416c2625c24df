"""Which groups earn money, against a firm worked out by hand, scipy's interval, a naive count and planted costs."""

from pathlib import Path

import ibis
import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from helpers import labels, plain
from portfoy.errors import DataError
from portfoy.firm import Firm
from portfoy.selection.profitability import Profitability, profitability, profitability_table, service_table
from portfoy.words import style
from portfoy.words.result import NotPossible

mpl.use("agg")

TEACHING = Path(__file__).parents[1] / "data" / "teaching"


@pytest.fixture
def five():
    return pd.DataFrame(
        {
            "customer_id": ["1", "2", "3", "4", "5"],
            "revenue": [100.0, 50, 40, 10, 30],
            "margin": [40.0, 20, 10, 2, np.nan],
            "segment": ["gold", "gold", "iron", "iron", "iron"],
        }
    )


SERVICE = pd.DataFrame({"customer_id": ["2", "4", "5", "9"], "tickets": [1, 2, 3, 4], "touches": [2.0, 3, 9, 9]})


def random_customers(seed, n=400):
    random = np.random.default_rng(seed)
    revenue = random.gamma(2, 50, n)
    table = {"customer_id": [f"{number:04d}" for number in range(n)], "revenue": revenue}
    return pd.DataFrame(table | {"margin": 0.3 * revenue, "segment": random.choice(["a", "b", "c"], n)})


# (a) Worked out by hand


def test_five_customers_of_whom_one_has_no_known_margin(five):
    table = profitability_table(five, service=SERVICE, touch_cost=5.0)
    expected = pd.DataFrame(
        {
            "group": ["gold", "iron"],
            "customers": [2, 3],
            "known": [2, 2],
            "revenue": [150.0, 80],
            "margin": [60.0, 12],
            "tickets": [1.0, 2],  # those of customer 5 belong to no known margin
            "touches": [2.0, 3],
            "cost_to_serve": [10.0, 15],
            "profit": [50.0, -3],
            "losing": [0, 1],
            "profit_each": [25.0, -1.5],
            "break_even": [30.0, 4],
        }
    )
    pd.testing.assert_frame_equal(table.drop(columns=["profit_each_low", "profit_each_high"]), expected)


def test_without_a_cost_of_a_touch_the_profit_is_the_margin(five):
    table = profitability_table(five, service=SERVICE)
    assert table["cost_to_serve"].isna().all()
    assert table["profit"].tolist() == table["margin"].tolist() == [60, 12]
    assert table["break_even"].tolist() == [30, 4]


def test_without_tickets_nothing_is_said_of_service(five):
    table = profitability_table(five, touch_cost=5.0)
    assert table[["tickets", "touches", "cost_to_serve", "break_even"]].isna().all(axis=None)
    assert table["profit"].tolist() == [60, 12]


def test_without_any_margin_the_cost_to_serve_is_that_of_all(five):
    table = profitability_table(five.assign(margin=np.nan), service=SERVICE, touch_cost=5.0)
    assert table["cost_to_serve"].tolist() == [10, 60]
    assert table[["margin", "profit", "profit_each", "break_even"]].isna().all(axis=None)
    assert table["losing"].tolist() == [0, 0]


TICKETS = pd.DataFrame(
    {
        "customer_id": ["b", "a", "b", None, "b"],
        "opened_on": ["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-03", "2024-05-01"],
        "touches": [2, None, None, 1, 7],
    }
)


def test_a_missing_count_of_touches_is_one():
    table = service_table(TICKETS, as_of="2024-03-31")
    expected = pd.DataFrame({"customer_id": ["a", "b"], "tickets": [1, 2], "touches": [1.0, 3.0]})
    pd.testing.assert_frame_equal(table, expected, check_dtype=False)
    assert service_table(TICKETS.drop(columns="touches"), as_of="2024-12-31")["touches"].tolist() == [1, 3]
    assert service_table(ibis.memtable(TICKETS), as_of="2024-12-31")["touches"].tolist() == [1, 10]
    assert service_table(None, as_of="2024-12-31") is None


# (b) Another program


def test_the_interval_is_that_of_scipy():
    customers = random_customers(1)
    service = pd.DataFrame({"customer_id": customers["customer_id"][::3], "tickets": 1, "touches": 2.0})
    table = profitability_table(customers, service=service, touch_cost=7.0, confidence=0.9).set_index("group")
    profit = customers["margin"] - 14.0 * (np.arange(len(customers)) % 3 == 0)
    for group, values in profit.groupby(customers["segment"]):
        low, high = stats.t.interval(0.9, len(values) - 1, loc=values.mean(), scale=stats.sem(values))
        assert table.loc[group, ["profit_each_low", "profit_each_high"]].tolist() == pytest.approx([low, high])


def test_the_tickets_of_the_teaching_company_counted_again(teaching):
    tickets = pd.read_csv(TEACHING / "tickets.csv")
    table = service_table(teaching.tickets, as_of="2025-06-30").set_index("customer_id")
    naive = tickets[tickets["opened_on"] <= "2025-06-30"].groupby("customer_id")["touches"]
    assert table["tickets"].to_dict() == naive.size().to_dict()
    assert table["touches"].to_dict() == naive.sum().to_dict()


# (c) Known truth


def test_planted_cost_is_found_in_the_group_that_causes_it():
    """Customers of "b" take 3 touches on average (Poisson), the others none; the margin is 30 a head."""
    random, customers = np.random.default_rng(2), random_customers(3, 3000)
    touches = np.where(customers["segment"] == "b", random.poisson(3, 3000), 0)
    service = customers[["customer_id"]].assign(tickets=1, touches=touches.astype(float))
    table = profitability_table(customers, service=service, touch_cost=15.0, confidence=0.997).set_index("group")
    for group, truth in {"a": 30, "b": 30 - 3 * 15, "c": 30}.items():
        assert table.loc[group, "profit_each_low"] <= truth <= table.loc[group, "profit_each_high"]
    assert table["profit"].lt(0).tolist() == (table.index == "b").tolist()


# (d) Properties


def test_order_of_rows_does_not_matter_and_one_customer_has_no_interval(five):
    table = profitability_table(five, service=SERVICE, touch_cost=5.0)
    shuffled = profitability_table(five.sample(frac=1, random_state=1), service=SERVICE, touch_cost=5.0)
    pd.testing.assert_frame_equal(shuffled, table)
    one = profitability_table(five.iloc[:1])
    assert one["profit_each"].tolist() == [40]
    assert one["profit_each_low"].isna().all()


def test_currency_scales_money_only(five):
    table, dear = (
        profitability_table(
            five.assign(revenue=scale * five["revenue"], margin=scale * five["margin"]),
            service=SERVICE,
            touch_cost=scale,
        )
        for scale in (1.0, 1000.0)
    )
    for column in ("profit", "cost_to_serve", "profit_each_low", "break_even"):
        assert dear[column].tolist() == pytest.approx((1000 * table[column]).tolist())
    assert dear["losing"].tolist() == table["losing"].tolist()


# (e) Errors


@pytest.mark.parametrize("terms", [{}, {"service": SERVICE}, {"touch_cost": 5.0}])
def test_neither_margin_nor_cost(five, terms):
    with pytest.raises(DataError) as error:
        profitability_table(five.assign(margin=np.nan), **terms)
    assert str(error.value) == (
        "profitability: neither margin nor cost to serve is known. Add unit_cost, or tickets and touch_cost."
    )


def test_a_cost_below_zero(five):
    with pytest.raises(DataError) as error:
        profitability_table(five, touch_cost=-1)
    assert str(error.value) == "touch_cost: -1 is below 0. Correct the parameter."


def test_columns_that_are_missing_and_nobody(five):
    with pytest.raises(DataError) as error:
        profitability_table(five[["customer_id", "revenue", "segment"]])
    assert str(error.value) == (
        "profitability: column 'margin' is missing; the table has 'customer_id', 'revenue', 'segment'. "
        "Take firm.customers."
    )
    with pytest.raises(DataError) as error:
        profitability_table(five.iloc[:0])
    assert str(error.value) == ("profitability: there are no customers. Check the date and the data.")


def test_a_firm_without_margin_or_cost_is_told_so_and_a_missing_forecast_takes_nothing_away(five):
    days = pd.to_datetime(["2026-01-05"] * 5)
    log = five[["customer_id"]].assign(order_id=five["customer_id"], ordered_on=days, amount=five["revenue"])
    firm = Firm.of(log, currency="TRY", confidence=0.8)
    assert profitability(firm, five.assign(margin=np.nan)).reason.startswith("profitability: neither ")
    found = profitability(firm, five, value=NotPossible("no forecast"))
    pd.testing.assert_frame_equal(found.table, profitability_table(five, confidence=0.8))
    assert found.method().endswith(" Without tickets, no cost to serve is known. Margin known: 4 of 5 customers.")


# (f) What is shown


def result(customers, currency="TRY", **terms):
    return Profitability(profitability_table(customers, service=SERVICE, **terms), currency, 0.95)


def test_words_with_a_losing_group_and_unknown_margins(five):
    found = result(five, touch_cost=5.0)
    low, high = stats.t.interval(0.95, 1, loc=25, scale=stats.sem([40, 10]))
    assert plain(found.finding().text) == "“gold” earn the most after service: TRY 50"
    assert plain(found.reading()) == (
        f"“gold” bring most each: TRY 25 (TRY −{round(-low, -1):.0f} – {round(high, -1):.0f}). "
        "Customers who cost more than they bring: 1 (25%)."
    )
    assert plain(found.method()).endswith(" Margin known: 4 of 5 customers.")


def test_words_without_a_cost_of_a_touch(five):
    found = result(five.assign(margin=[20.0, 30, 12, 30, 30], revenue=100), "EUR")
    assert plain(found.finding().text) == "“iron” bring the most margin: EUR 72"
    assert plain(found.reading()).startswith("“gold” bring most each: EUR 25 (")
    assert found.method().endswith("Without the cost of a touch, profit is margin.")
    assert "6.00" in found.summary().texts["What a touch may cost (EUR)"].tolist()


def test_words_without_any_margin(five):
    found = result(five.assign(margin=np.nan), touch_cost=5.0)
    assert plain(found.finding().text) == "“iron” cost the most to serve: TRY 60"
    assert found.reading() == "No margin is known, so no profit."
    assert [bar.get_width() for bar in found.plot().patches] == [10, 60]


def test_a_bar_is_the_profit_and_bad_news_is_warm(five):
    ax = result(five.assign(segment=["$5 \\frac $x$"] * 2 + ["n" * 99] * 3), touch_cost=5.0).plot()
    assert [bar.get_width() for bar in ax.patches] == [50, -3]
    assert [mpl.colors.to_hex(bar.get_facecolor()) for bar in ax.patches] == [style.ACCENT, style.WARM]
    assert labels(ax.yaxis) == ["$5 \\frac $x$", "n" * 27 + "…"]
    assert [text.get_text() for text in ax.texts] == ["50.00; 25.00 each", "−3.00; −1.50 each"]
    assert "<svg" in result(five).content()["chart"]["svg"]
