"""The order of the rows and the labels of the index change no number: customers are joined by customer_id.

Judges: the same call on the table as `customer_table` gives it, and a look-up by customer in a dictionary.
"""

from functools import cache
from types import SimpleNamespace

import pandas as pd
import pytest

import portfoy as pf
from helpers import message_of
from portfoy.customers import customer_table, recent_table, resolve_as_of, split_date, split_table
from portfoy.models.holdout import holdout_table, outcomes, repeat_groups, tenths_table
from portfoy.people import people_table, with_traits
from portfoy.rows import find_rows
from portfoy.selection.categories import category_table
from portfoy.selection.profiles import profile_cards, profile_table
from portfoy.selection.profitability import profitability_table, service_table


@pytest.fixture(scope="module")
def firm(teaching):
    """A tenth of the teaching company's customers and all that functions take beside them."""
    log, people = teaching.transactions, people_table(teaching)
    whole = customer_table(log)
    fit, spend_fit = pf.fit_bg_nbd(whole), pf.fit_gamma_gamma(whole)
    customers = with_traits(whole.iloc[::8].reset_index(drop=True), people)
    return SimpleNamespace(
        tables=teaching,
        customers=customers,
        people=people,
        scored=pf.rfm(customers),
        clusters=pf.clusters(customers, k=2, most=2),
        value=pf.discounted_value(customers, fit, spend_fit),
        fits=(fit, spend_fit),
        service=service_table(teaching.tickets, as_of=resolve_as_of(log, None)),
        categories=category_table(log, teaching.products),
        split=split_table(log, split_on=split_date(whole)),
    )


def shuffled(table):
    return table.sample(frac=1, random_state=4)


OTHERS = {
    "shuffled": shuffled,
    "counted anew": lambda table: shuffled(table).reset_index(drop=True),
    "labels of other rows": lambda table: table.set_axis(table.index[::-1]),
    "the customer as index": lambda table: shuffled(table).set_index("customer_id"),
}
EASY = {"shuffled", "counted anew"}  # what the two others find as well: studies
SPREAD = [pytest.param(other, marks=pytest.mark.study if other in EASY else ()) for other in OTHERS]


def segments(customers):
    return customers.assign(segment=pf.rfm(customers).table["segment"])


def listed(customers, firm):
    return pf.shortlist(pf.Firm(firm.tables, None), pf.rfm(customers), firm.value, contacts=20).table


def value_by_region(customers, firm):
    return pf.discounted_value(customers, *firm.fits).by(customers["region"])


def recent(customers, firm):
    return pf.deciles(recent_table(customers, firm.tables.transactions, months=12), by="revenue").table


NUMBERS = {
    "rfm": lambda customers, firm: pf.rfm(customers).levels,
    "worth": lambda customers, firm: pf.rfm(customers).worth(firm.value).table,
    "profile_table": lambda customers, firm: profile_table(segments(customers)),
    "profile_cards": lambda customers, firm: profile_cards(segments(customers), categories=firm.categories),
    "profitability_table": lambda customers, firm: profitability_table(
        segments(customers), service=shuffled(firm.service), touch_cost=5.0, value=firm.value
    ),
    "shortlist": listed,
    "agreement": lambda customers, firm: firm.clusters.against(pf.rfm(customers)).cross,
    "clusters": lambda customers, firm: pf.clusters(customers, k=2, most=2).table,
    "with_traits": lambda customers, firm: (
        pf.composition(with_traits(customers.drop(columns="region"), shuffled(firm.people)), ["region"]).table
    ),
    "composition": lambda customers, firm: pf.composition(customers, value=firm.value).table,
    "concentration": lambda customers, firm: pf.concentration(customers).curve,
    "spread": lambda customers, firm: pf.concentration(customers, groups=["region"]).spread.table,
    "deciles": lambda customers, firm: pf.deciles(customers).table,
    "stress": lambda customers, firm: pf.concentration(customers.assign(revenue=customers["purchases"])).stress.table,
    "recent_table": recent,
    "discounted_value": value_by_region,
}


@pytest.fixture(scope="module")
def judge(firm):
    """A function that gives the numbers of the customers as `customer_table` gives them."""
    return cache(lambda name: NUMBERS[name](firm.customers, firm))


@pytest.mark.parametrize("other", SPREAD)
@pytest.mark.parametrize("name", NUMBERS)
def test_the_order_and_the_labels_of_customers_change_no_number(firm, judge, name, other):
    one, two = judge(name), NUMBERS[name](OTHERS[other](firm.customers), firm)
    assert len(one)
    pd.testing.assert_frame_equal(one, two, rtol=1e-9)


@pytest.mark.parametrize("other", SPREAD)
def test_the_order_and_the_labels_change_no_forecast(firm, other):
    made = OTHERS[other](firm.split)
    said = [outcomes(split, pf.fit_bg_nbd(split), pf.fit_gamma_gamma(split)) for split in (firm.split, made)]
    one, two = (tenths_table(told, ["active", "spend", "value"], by="value") for told in said)
    pd.testing.assert_frame_equal(one, two, rtol=1e-6)
    tables = [
        holdout_table(*told["purchases"], repeat_groups(split))
        for told, split in zip(said, (firm.split, made), strict=True)
    ]
    pd.testing.assert_frame_equal(*tables, rtol=1e-6)


def test_early_adopters_are_worth_what_each_of_them_is_worth(teaching):
    firm = pf.Firm(teaching, pd.Timestamp(teaching.as_of))
    value = pf.lifetime_value(firm)
    found = pf.early_adopters(firm, pf.launch(firm), value=value).listed
    worth = dict(zip(value.table["customer_id"], value.table["expected_value"], strict=True))
    assert found["expected_value"].tolist() == [worth[customer] for customer in found["customer_id"]]
    assert found["expected_value"].min() > 0


def test_values_of_some_customers_on_another_index_are_theirs(firm):
    some = firm.customers.iloc[[5, 3, 1]].reset_index(drop=True)
    worth = dict(zip(firm.value.table["customer_id"], firm.value.table["expected_value"], strict=True))
    assert firm.value.of(some).table["expected_value"].tolist() == [worth[name] for name in some["customer_id"]]


def test_a_customer_in_two_rows_is_refused():
    twice = pd.DataFrame({"customer_id": ["a", "b", "a"]})
    assert message_of(find_rows, twice, twice.head(1), "of") == (
        "of: customer 'a' stands in more than one row (2 in all); one is needed. "
        "Add up the rows of a customer, or drop those that repeat one."
    )
    assert find_rows(twice.head(2), pd.DataFrame({"customer_id": ["b", "c"]}, index=[0, 1]), "of").tolist() == [1, -1]
    assert find_rows(twice.drop(columns="customer_id"), twice.iloc[[2, 0]], "of").tolist() == [2, 0]
