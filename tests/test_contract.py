"""What each table must hold, and the errors that say what is missing."""

import pandas as pd
import pytest

from portfoy import errors
from portfoy.errors import DataError
from portfoy.source import contract


@pytest.mark.parametrize(
    ("table", "column", "kind"),
    [
        ("transactions", "customer_id", "id"),
        ("transactions", "ordered_on", "date"),
        ("contacts", "opened", "flag"),
        ("surveys", "expectation_price", "number"),
        ("leads", "fit_size", "number"),
        ("customers", "shoe_size", "text"),
    ],
)
def test_every_column_has_a_kind(table, column, kind):
    assert contract.kind_of(table, column) == kind


def test_required_columns_are_columns_of_the_contract():
    assert contract.REQUIRED.keys() == contract.TABLES.keys()
    for table, required in contract.REQUIRED.items():
        assert set(required) <= set(contract.TABLES[table]), table


def test_amount_may_be_given_as_quantity_and_unit_price():
    columns = ["customer_id", "order_id", "ordered_on", "quantity", "unit_price"]
    assert contract.missing_columns("transactions", columns) == []
    assert contract.missing_columns("transactions", columns[:-1]) == ["amount"]


def error(table, columns, found=None):
    with pytest.raises(DataError) as raised:
        contract.check_columns(table, columns, columns if found is None else found)
    return str(raised.value)


def test_one_missing_column_is_named_with_what_looks_like_it():
    assert error("transactions", ["customer_id", "order_id", "amount"], ["customer_id", "Fatura Tarihi"]) == (
        "transactions: column 'ordered_on' is missing; the file has 'customer_id', 'Fatura Tarihi'. "
        'Map in portfoy.toml, under [transactions]: ordered_on = "Fatura Tarihi".'
    )


def test_all_missing_columns_stand_in_one_message():
    assert error("transactions", [], ["KEINER", "x"]) == (
        "transactions: columns 'customer_id', 'order_id', 'ordered_on', 'amount' are missing; the file has 'KEINER', "
        "'x'. Map them in portfoy.toml; `portfoy map FILE` drafts one."
    )


def test_without_order_numbers_customer_and_day_are_offered():
    assert error("transactions", ["customer_id", "ordered_on", "amount"]) == (
        "transactions: column 'order_id' is missing; the file has 'customer_id', 'ordered_on', 'amount'. "
        'Map in portfoy.toml, under [transactions]: order_id = ["customer_id", "ordered_on"].'
    )


def test_odd_names_are_shown_as_they_are_and_shortened():
    odd = ['a"; DROP TABLE x; --', "{}", "{0.x}", "<b>", "$5 \\frac", "y" * 200, "two\nlines"]
    assert error("spend", odd) == (
        "spend: columns 'month', 'channel', 'cost' are missing; the file has 'a\"; DROP TABLE x; --', '{}', '{0.x}', "
        f"'<b>', '$5 \\frac', '{'y' * 39}…', 'two lines'. Map them in portfoy.toml; `portfoy map FILE` drafts one."
    )


def test_a_file_without_columns_says_so():
    assert error("products", []) == (
        "products: column 'product_id' is missing; the file has no columns. "
        "Map them in portfoy.toml; `portfoy map FILE` drafts one."
    )


def test_need_columns_names_every_missing_column():
    with pytest.raises(DataError) as raised:
        errors.need_columns(pd.DataFrame({"a": [1]}), ["a", "b", "c"], "rfm")
    assert str(raised.value) == ("rfm: columns 'b', 'c' are missing; the table has 'a'. Take firm.customers.")


def test_need_columns_refuses_an_empty_table():
    with pytest.raises(DataError) as raised:
        errors.need_columns(pd.DataFrame({"a": []}), ["a"], "rfm")
    assert str(raised.value) == ("rfm: there are no customers. Check the date and the data.")


def test_shares_need_a_total_above_zero():
    assert errors.positive_total(pd.Series([1.0, 2.0]), "revenue") == 3.0
    with pytest.raises(DataError) as raised:
        errors.positive_total(pd.Series([1.0, -2.0]), "revenue")
    assert str(raised.value) == (
        "customers: the total of 'revenue' is -1.00, not above zero. Check returns and the sign of amounts."
    )
