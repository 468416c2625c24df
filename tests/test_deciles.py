"""Tenths against a table worked out by hand and a naive count, and what is shown of them."""

import numpy as np
import pandas as pd
import pytest

from helpers import message_of, plain
from portfoy.firm import Firm
from portfoy.selection.deciles import deciles


def people(revenue, margin=None):
    return pd.DataFrame({"revenue": np.asarray(revenue, dtype=float), "margin": margin}).astype({"margin": float})


def naive_tenths(value):
    return [1 + 10 * sum(other > own for other in value) // len(value) for own in value]


# (a) Worked out by hand


def test_tenths_of_eight_customers():
    table = deciles(people([80, 5, 5, 5, 40, 0, -5, 30], [8, 1, 1, np.nan, 4, np.nan, np.nan, 3]), by="revenue").table
    expected = pd.DataFrame(
        {
            "decile": [1, 2, 3, 4, 8, 9],
            "customers": [1, 1, 1, 3, 1, 1],
            "revenue": [80.0, 40, 30, 15, 0, -5],
            "margin": [8.0, 4, 3, 2, np.nan, np.nan],
            "share": np.array([80, 40, 30, 15, 0, -5]) / 160,
            "cumulative_share": np.array([80, 120, 150, 165, 165, 160]) / 160,
            "mean": [80.0, 40, 30, 5, 0, -5],
        }
    )
    pd.testing.assert_frame_equal(table, expected, check_dtype=False)


# (b) A naive count


@pytest.mark.parametrize("seed", range(3))
def test_tenths_equal_a_naive_computation(seed):
    random = np.random.default_rng(seed)
    value = random.choice([5.0, 10, 20, 40, 80, 160], 97) if seed else random.gamma(1, 50, 100)
    table = deciles(people(value)).table.set_index("decile")
    own = pd.Series(value).groupby(naive_tenths(value))
    assert table["customers"].to_dict() == own.size().to_dict()
    assert table["revenue"].to_dict() == pytest.approx(own.sum().to_dict())
    assert table["share"].sum() == pytest.approx(1)
    assert table["cumulative_share"].iloc[-1] == pytest.approx(1)


# (d) Properties


def test_equal_values_stay_in_one_tenth():
    assert deciles(people([100, *[7] * 19])).table["customers"].tolist() == [20]
    table = deciles(people([*[100] * 3, *[7] * 17])).table
    assert table[["decile", "customers"]].to_numpy().tolist() == [[1, 3], [2, 17]]


def test_ranked_by_margin_where_any_is_known_and_those_without_one_are_left_out():
    found = deciles(people([10, 20, 30], [5, np.nan, 3]))
    assert (found.by, found.table["customers"].sum(), found.table["mean"].tolist()) == ("margin", 2, [5, 3])
    assert deciles(people([10, 20, 30])).by == "revenue"


# (e) Errors


@pytest.mark.parametrize(("value", "total"), [([0, 0], "0.00"), ([10, -1510.5], "-1,500.50")])
def test_a_total_not_above_zero_is_refused(value, total):
    assert message_of(deciles, people(value)) == (
        f"customers: the total of 'revenue' is {total}, not above zero. Check returns and the sign of amounts."
    )


def test_an_unknown_column_and_an_empty_base_are_refused():
    assert message_of(deciles, people([1, 2]), by="profit") == (
        "deciles: column 'profit' is missing; the table has 'revenue', 'margin'. Take firm.customers."
    )
    assert message_of(deciles, people([])) == ("deciles: there are no customers. Check the date and the data.")


def test_a_firm_that_took_back_all_it_sold_is_told_so():
    log = pd.DataFrame({"customer_id": ["1", "1"], "order_id": ["a", "b"], "ordered_on": "2026-01-05"})
    missing = deciles(Firm.of(log.assign(ordered_on=pd.to_datetime(log["ordered_on"]), amount=[5.0, -5.0])))
    assert missing.reason.startswith("customers: the total of 'revenue' is 0.00, not above zero.")


# What is shown


def test_what_the_best_tenth_brings_in_words():
    found = deciles(people([*[400] * 2, *range(100, 118)]))
    assert plain(found.finding().text) == "The best tenth of customers brought 29% of the revenue"
    assert plain(found.reading()) == "They are 2, 400 each on average. The lower half (10) brings 38%."


def test_one_best_customer_of_a_few_is_no_tenth():
    found = deciles(people(range(5), margin=[60.0, 10, 10, 10, 10]))
    assert plain(found.finding().text) == "The best customers brought 60% of the margin"
    assert plain(found.reading()) == "They are 1, 60 each on average."  # the others are too much alike for halves
    assert plain(deciles(people([100, 10, -5])).reading()).endswith(" The lower half (1) brings −5%.")


@pytest.mark.parametrize("revenue", [[5], [5] * 30, [9, *[5] * 30]])
def test_tenths_that_cannot_be_told_apart(revenue):
    found = deciles(people(revenue)).finding()
    assert found.nothing
    assert found.text == "Customers are too few or too alike for tenths"


def test_a_table_stands_where_there_is_no_chart():
    content = deciles(people(range(1, 31))).content()
    assert content["chart"] is None
    assert [table["caption"] for table in content["tables"]] == ["Customers in tenths"]
    assert "where known (30);" in content["method"]
