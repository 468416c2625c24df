"""Whom to contact first: a naive order, the range of single customers, what a budget pays for, and what is shown."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import portfoy as pf
from helpers import message_of, plain
from portfoy.firm import Firm
from portfoy.selection.rfm import rfm
from portfoy.selection.shortlist import reach, shortlist
from portfoy.words.result import NotPossible

DAYS = list(pd.to_datetime(["2026-01-05", "2026-02-05", "2026-03-05"]))
CAMPAIGNS = pd.DataFrame({"campaign_id": ["A", "B", "C"], "cost": [100.0, 20.0, 999.0], "starts_on": DAYS})
CONTACTS = pd.DataFrame(
    [
        ("A", "1", "treated", DAYS[0]),
        ("A", "2", "treated", None),  # no date: that of the campaign
        ("A", "2", "treated", DAYS[0]),  # the same customer once more
        ("A", "3", "Control", DAYS[0]),  # nobody contacts those
        ("B", "1", None, DAYS[1]),
        ("C", "1", "treated", DAYS[2]),  # after the day
    ],
    columns=["campaign_id", "customer_id", "arm", "contacted_on"],
)


def shop(**tables):
    log = pd.DataFrame({"customer_id": ["1"], "order_id": ["1"], "ordered_on": [DAYS[0]], "amount": [5.0]})
    given = {"campaigns": CAMPAIGNS, "contacts": CONTACTS} | tables
    given = {name: table for name, table in given.items() if table is not None}
    return Firm.of(log, as_of=DAYS[1], currency="TRY", **given)


# (a) A naive order


def test_the_most_valuable_come_first(valued):
    scored, value = valued
    found = shortlist(shop(), scored, value, contacts=5)
    naive = value.table.sort_values("expected_value", ascending=False).head(5)
    assert found.table["customer_id"].tolist() == naive["customer_id"].tolist()
    assert found.table["expected_value"].tolist() == naive["expected_value"].tolist()
    assert found.share == pytest.approx(naive["expected_value"].sum() / value.table["expected_value"].sum())
    own = scored.table.set_index("customer_id").loc[found.table["customer_id"]]
    assert found.table["segment"].tolist() == own["segment"].astype(str).tolist()
    actions = scored.groups.set_index("segment")["action"]
    assert found.table["action"].tolist() == [actions[name] for name in found.table["segment"]]


def test_the_range_of_a_list_is_that_of_single_customers(valued):
    listed = shortlist(shop(), *valued, contacts=5).table
    narrow = valued[1].table.sort_values("expected_value", ascending=False).head(5)  # judge: the interval of the mean
    assert (listed["expected_value_low"].to_numpy() < narrow["expected_value_low"].to_numpy()).all()
    assert (listed["expected_value_high"].to_numpy() > narrow["expected_value_high"].to_numpy()).all()


def test_who_bought_once_and_has_gone_quiet_comes_last(valued):
    listed = shortlist(shop(), *valued).table
    own = valued[0].table.set_index("customer_id").loc[listed["customer_id"]]
    silent = ((own["purchases"] == 1) & (own["r"] <= 2)).to_numpy()  # nobody has seen those stop
    assert silent.any()
    assert not silent.all()
    assert (np.diff(silent.astype(int)) >= 0).all()
    for part in (silent, ~silent):
        assert listed.loc[part, "expected_value"].is_monotonic_decreasing
    assert listed.loc[silent, "expected_value"].max() > listed.loc[~silent, "expected_value"].min()


# (b) What a budget pays for


@pytest.mark.parametrize(
    ("asked", "most"),
    [
        ({"contacts": 5}, 5),
        ({"contacts": 5, "budget": 39.99, "contact_cost": 10}, 3),
        ({"contacts": 5, "budget": 0.3, "contact_cost": 0.1}, 3),  # 0.3 / 0.1 is below 3 in binary
        ({"contacts": 5, "budget": 90}, 2),  # (100 + 20) / 3 contacts is 40 each
        ({"contacts": 5, "budget": 9000}, 5),
        ({"contacts": 5, "budget": 30}, 0),
    ],
)
def test_a_budget_pays_for_so_many_contacts(asked, most):
    found, cost = reach(shop(), **{"budget": 0, "contact_cost": 0} | asked)
    assert found == most
    if asked.get("budget") and "contact_cost" not in asked:
        assert cost == 40


# (e) Errors


@pytest.mark.parametrize("missing", ["campaigns", "contacts"])
def test_a_budget_needs_the_cost_of_a_contact(missing, valued):
    found = shortlist(shop(**{missing: None}), *valued, budget=50)
    assert found.reason == ("budget: 50 is given, but no contact_cost. Give it, or add campaigns and contacts.")
    assert (
        message_of(reach, shop(), contacts=5, budget=-1, contact_cost=0)
        == "budget: -1 is below 0. Correct the parameter."
    )


def test_a_list_needs_customers_with_a_name_and_a_value(valued):
    scored, value = valued
    nobody = rfm(scored.table[["idle", "purchases", "revenue"]])
    assert shortlist(shop(), nobody, value).reason == (
        "shortlist: column 'customer_id' is missing; the table has 'idle', 'purchases', 'revenue', 'r', 'f', 'm', "
        "'segment'. Take firm.customers."
    )
    missing = NotPossible("there is no forecast")
    assert shortlist(shop(), scored, missing) is missing


# (f) What is shown


def test_words_and_lists(valued):
    found = shortlist(shop(), *valued, contacts=5)
    assert plain(found.finding().text) == (f"Those listed hold {100 * found.share:.0f}% of the expected value")
    assert found.reading() == "5 are listed; who bought once and went quiet comes last."
    (first,) = found.actions()
    assert first.name == "most_valuable"
    worth = f"{float(f'{first.worth:.2g}'):,.0f}"
    assert plain(first.text) == f"Look after the 5 worth most: TRY {worth} is expected of them"
    who = ["customer_id", "segment", "last_order", "purchases", "revenue", "p_alive", "expected_purchases"]
    worth = ["expected_value", "expected_value_low", "expected_value_high", "action"]
    assert [list(action.table) for action in found.actions()] == [who + worth]
    assert [len(table.texts) for table in shortlist(shop(), *valued).summary()] == [10]


def test_nothing_to_list_is_no_list(valued):
    nobody = shortlist(shop(), *valued, contacts=0)
    assert (nobody.finding().text, nobody.finding().nothing) == ("There is no customer to list", True)
    assert (nobody.actions(), nobody.summary(), nobody.reading()) == ([], [], "")
    worthless = replace(shortlist(shop(), *valued), share=np.nan)
    assert (worthless.finding().text, worthless.finding().nothing) == ("There is no customer to list", True)
    assert worthless.actions() == []


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"budget": 25.0, "contact_cost": 12.5}, " The budget of TRY 25 pays for 2 at TRY 12.50 each."),
        ({"budget": 9000.0, "contact_cost": 12.5}, ""),
        ({}, ""),
    ],
)
def test_a_budget_is_told_where_it_limits_the_list(valued, asked, said):
    assert plain(shortlist(shop(), *valued, **asked).reading()).endswith(f" went quiet comes last.{said}")


def test_what_a_contact_cost_needs_no_arms_and_no_dates():
    bare = CONTACTS.loc[:2, ["campaign_id", "customer_id"]]
    plain = CAMPAIGNS[["campaign_id", "cost"]]
    firm = shop(contacts=bare, campaigns=plain)
    assert reach(firm, contacts=100, budget=1000, contact_cost=0) == (20, 50.0)  # 100 for the customers 1 and 2
    without = shop(contacts=bare, campaigns=plain[["campaign_id"]])
    with pytest.raises(pf.DataError, match=r"^budget: 1000 is given, but no contact_cost"):
        reach(without, contacts=100, budget=1000, contact_cost=0)
