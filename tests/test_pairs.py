"""Counting of pairs against a naive recount with itertools, and a table worked out by hand."""

from collections import Counter
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from portfoy.deepening.pairs import pair_counts
from portfoy.errors import DataError
from portfoy.firm import Firm

KEYS = ["customer_id", "order_id", "ordered_on", "product_id", "amount"]
COLUMNS = ["product_a", "product_b", "both", "of_a", "of_b", "baskets"]


def log(*rows):
    return pd.DataFrame(rows, columns=KEYS).assign(ordered_on=pd.Timestamp("2026-06-30"))


def sorted_pairs(table):
    assert list(table) == COLUMNS
    return table.sort_values(["product_a", "product_b"], ignore_index=True)


def random_log(seed, lines=900, products=15):
    """Orders whose numbers start anew with each customer, with lines twice, returns, gifts, and products not known."""
    random = np.random.default_rng(seed)
    popular = np.minimum(random.integers(0, products, lines), random.integers(0, products, lines))
    table = pd.DataFrame(
        {
            "customer_id": [f"0{number}" for number in random.integers(0, 40, lines)],
            "order_id": random.integers(1, 8, lines).astype(str),
            "ordered_on": pd.Timestamp("2026-01-01") + pd.to_timedelta(random.integers(0, 90, lines), unit="D"),
            "product_id": [f"<b>{number} \u015f $" for number in popular],
            "amount": random.choice([-5.0, 0.0, 3.0, 8.0], lines, p=[0.1, 0.05, 0.45, 0.4]),
        }
    )
    return table.assign(product_id=table["product_id"].where(random.random(lines) > 0.1, None))


def naive_pairs(table, keys, least):
    """The definition, basket by basket."""
    sold = table[(table["amount"] > 0) & table["product_id"].notna()]
    baskets = [sorted(set(basket)) for _key, basket in sold.groupby(keys)["product_id"]]
    both, of = Counter(), Counter()
    for basket in baskets:
        of.update(basket)
        both.update(combinations(basket, 2))
    rows = [(a, b, n, of[a], of[b], len(baskets)) for (a, b), n in sorted(both.items()) if n >= least]
    return pd.DataFrame(rows, columns=COLUMNS)


# (a) Worked out by hand


def test_a_product_counts_once_a_basket_and_order_numbers_belong_to_customers():
    table = log(
        ("ann", "1", "", "tea", 2.0),
        ("ann", "1", "", "tea", 2.0),
        ("ann", "1", "", "cup", 5.0),
        ("bob", "1", "", "pot", 9.0),  # another customer's order of the same number
        ("bob", "2", "", "cup", 5.0),
        ("bob", "2", "", "tea", -2.0),  # brought back
        ("bob", "3", "", None, 4.0),  # no basket: nobody knows what was in it
    )
    pd.testing.assert_frame_equal(pair_counts(table), pd.DataFrame([("cup", "tea", 1, 2, 1, 3)], columns=COLUMNS))
    by_customer = sorted_pairs(pair_counts(table, by="customer_id"))
    expected = pd.DataFrame([("cup", "pot", 1, 2, 1, 2), ("cup", "tea", 1, 2, 1, 2)], columns=COLUMNS)
    pd.testing.assert_frame_equal(by_customer, expected)


def test_an_order_without_a_number_is_a_day():
    table = log(("ann", None, "", "tea", 2.0), ("ann", None, "", "cup", 5.0)).astype({"order_id": "str"})
    table.loc[1, "ordered_on"] = pd.Timestamp("2026-06-29")
    table["order_id"] = pd.Series([None, None], dtype="str")
    assert pair_counts(table).empty
    assert len(pair_counts(table.assign(ordered_on=pd.Timestamp("2026-06-29")))) == 1


# (b) A naive recount


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("by", "keys"), [("order_id", ["customer_id", "order_id"]), ("customer_id", ["customer_id"])])
@pytest.mark.parametrize("least", [1, 6])
def test_pairs_are_those_of_a_recount_with_itertools(seed, by, keys, least):
    table = random_log(seed)
    expected = naive_pairs(table, keys, least)
    assert len(expected) > 10
    pd.testing.assert_frame_equal(sorted_pairs(pair_counts(table, by=by, least=least)), expected)
    firm = Firm.of(table)  # the same through the engine of a firm
    pd.testing.assert_frame_equal(sorted_pairs(pair_counts(firm.log, by=by, least=least)), expected)


# (d) Edges


def test_rows_in_another_order_change_nothing():
    table = random_log(5)
    shuffled = table.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(sorted_pairs(pair_counts(table)), sorted_pairs(pair_counts(shuffled)))


def test_one_product_a_basket_and_returns_alone_give_no_pair():
    single = log(("ann", "1", "", "tea", 2.0), ("bob", "2", "", "cup", 5.0))
    returned = log(("ann", "1", "", "tea", -2.0), ("ann", "1", "", "cup", -5.0))
    for table in (single, returned):
        found = pair_counts(table)
        assert found.empty
        assert list(found) == COLUMNS


def test_one_basket_of_a_thousand_products_passes():
    wide = log(*[("ann", "1", "", f"{number:04d}", 1.0) for number in range(1000)])
    found = pair_counts(wide)
    assert (len(found), found["both"].max(), found["product_a"].lt(found["product_b"]).all()) == (499_500, 1, True)


# (e) Errors


def test_without_products_the_error_says_what_to_map():
    with pytest.raises(DataError) as raised:
        pair_counts(log(("ann", "1", "", "tea", 2.0)).drop(columns="product_id"))
    assert str(raised.value) == (
        "transactions: column 'product_id' is missing. Map it in portfoy.toml to see what is bought together."
    )
