"""The rule of states and who stands where by it: tables worked out by hand, a naive loop, CDNOW, simulated truths."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import message_of
from portfoy.customers import customer_table
from portfoy.simulate import season_days
from portfoy.standing import STATES, StateRule, state_rule, state_table

KEYS = ["customer_id", "order_id", "ordered_on", "amount"]
TEACHING = Path(__file__).parents[1] / "data" / "teaching"
RULE = StateRule(10, 30, 0.8, 0.95, 500, 90, 400, given=False)


def log(*rows):
    return pd.DataFrame(rows, columns=KEYS)


def random_log(seed, customers=120, days=200):
    """Orders of one to three lines, some on one day, some over midnight, some returned, and returns of no order."""
    random = np.random.default_rng(seed)
    rows = []
    for number in range(customers):
        for order in range(random.integers(1, 7)):
            day = int(random.integers(0, days))
            key = None if random.random() < 0.05 else f"{number}-{order}"
            if random.random() < 0.1:
                rows.append((f"C{number:03d}", f"R{number}-{order}", day, -5.0))
            else:
                rows += [
                    (f"C{number:03d}", key, day + int(random.integers(0, 2)), round(random.gamma(2, 10), 2))
                    for _line in range(random.integers(1, 4))
                ]
            if random.random() < 0.15:
                rows.append((f"C{number:03d}", key, day + 20, -3.0))
    table = log(*rows)
    return table.assign(ordered_on=pd.Timestamp("2024-01-01") + pd.to_timedelta(table["ordered_on"], unit="D"))


def naive_purchases(table, as_of):
    """Customer -> days with an order (an order is on the day of its first sale), and -> revenue, line by line."""
    seen = table[table["ordered_on"] <= pd.Timestamp(as_of)]
    first, revenue = {}, {}
    for row in seen.itertuples():
        key = (row.customer_id, row.ordered_on if pd.isna(row.order_id) else row.order_id)
        revenue[row.customer_id] = revenue.get(row.customer_id, 0) + row.amount
        if row.amount >= 0:
            first[key] = min(first.get(key, row.ordered_on), row.ordered_on)
    days = {}
    for (customer, _order), day in first.items():
        days.setdefault(customer, set()).add(day)
    return {customer: sorted(own) for customer, own in days.items()}, revenue


def naive_states(table, rule, as_of):
    """The definitions, one customer after the other."""
    as_of = pd.Timestamp(as_of)
    days, revenue = naive_purchases(table, as_of)
    rows = []
    returned = table[table["ordered_on"] <= as_of].groupby("customer_id")["ordered_on"].max()
    for customer in sorted(returned.index) if days else []:
        own = days.get(customer, [])
        bought = own or [returned[customer]]  # before what is returned, so never new
        idle, age = (as_of - bought[-1]).days, (as_of - own[0]).days if own else np.inf
        ends = [b for a, b in pairwise(own) if (b - a).days > rule.lapsed_days]
        back = ends[-1] if ends else pd.NaT
        if idle > rule.lapsed_days:
            state = "lapsed"
        elif idle > rule.at_risk_days:
            state = "at risk"
        elif age <= rule.at_risk_days:
            state = "new"
        elif ends and (as_of - back).days <= rule.at_risk_days:
            state = "reactivated"
        else:
            state = "active"
        rows.append((customer, state, float(idle), len(own), round(revenue[customer], 6), back))
    table = pd.DataFrame(rows, columns=["person_id", "state", "idle", "purchases", "revenue", "returned_on"])
    return table.astype({"returned_on": "datetime64[ms]"})


def naive_gaps(table, as_of):
    """Customer -> the gaps that count, and the horizon."""
    as_of = pd.Timestamp(as_of)
    days, _revenue = naive_purchases(table, as_of)
    horizon = min((as_of - min(own[0] for own in days.values())).days // 2, 730)
    gaps = {}
    for customer, own in days.items():
        for a, b in pairwise(own):
            if (as_of - a).days >= horizon and (b - a).days <= horizon:
                gaps.setdefault(customer, []).append((b - a).days)
    return gaps, horizon


def share_within(gaps, days):
    """Of naive gaps, the share of up to so many days, each customer counted once."""
    return np.mean([np.mean(np.array(own) <= days) for own in gaps.values()])


def people(*rows):
    table = pd.DataFrame(rows, columns=["person_id", "known_as", "known_on", "lead_outcome"])
    return table.astype({"lead_outcome": "str"}).assign(known_on=pd.to_datetime(table["known_on"]))


# (a) Worked out by hand


FIVE = log(
    ("new", "1", "2024-03-25", 20.0),
    ("new", "2", "2024-03-25", 5.0),  # a second order on the day: one purchase
    ("active", "3", "2024-03-01", 10.0),
    ("active", "4", "2024-03-21", 10.0),
    ("back", "5", "2024-01-01", 7.0),
    ("back", "6", "2024-03-28", 7.0),
    ("risk", "7", "2024-03-20", 40.0),
    ("risk", "7", "2024-03-30", -15.0),  # a return is no purchase
    ("gone", "8", "2024-02-29", 3.0),
    ("only", "9", "2024-03-01", -8.0),  # nothing but a return
    ("later", "10", "2024-04-01", 99.0),  # after the day
)
KNOWN = people(
    ("new", "customer", "2024-03-01", None),
    ("only", "customer", None, None),
    ("L1", "lead", "2024-03-01", "open"),
    ("L2", "lead", "2024-03-31", "lost"),
    ("L3", "lead", "2024-04-01", "open"),  # not known yet
)


def test_each_state_once():
    table = state_table(FIVE, RULE, as_of="2024-03-31", people=KNOWN)
    expected = pd.DataFrame(
        {
            "person_id": ["L1", "L2", "active", "back", "gone", "new", "only", "risk"],
            "known_as": ["lead", "lead", *["customer"] * 6],
            "lead_outcome": ["open", "lost", *[None] * 6],
            "state": ["prospect", "prospect", "active", "reactivated", "lapsed", "new", "at risk", "at risk"],
            "idle": [np.nan, np.nan, 10, 3, 31, 6, 30, 11],
            "purchases": [0, 0, 2, 2, 1, 1, 0, 1],
            "revenue": [0.0, 0, 20, 14, 3, 25, -8, 25],
            "margin": np.nan,
            "returned_on": pd.to_datetime([None, None, None, "2024-03-28", None, None, None, None]).as_unit("ms"),
            "held": [False, False, True, False, True, False, False, False],
        }
    )
    assert table["state"].cat.categories.tolist() == STATES
    assert table["state"].cat.ordered
    pd.testing.assert_frame_equal(
        table.astype({"state": "str"}), expected.astype({"lead_outcome": "str", "state": "str"}), check_dtype=False
    )


def test_without_a_list_of_people_only_buyers_are_known():
    table = state_table(FIVE, RULE, as_of="2024-03-31")
    assert table["person_id"].tolist() == ["active", "back", "gone", "new", "only", "risk"]
    assert set(table["known_as"]) == {"customer"}


# (b) The rule: gaps by a naive loop, published counts


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_days_are_those_of_a_naive_loop(seed):
    table = random_log(seed, customers=80)
    rule = state_rule(table, as_of="2024-07-15")
    gaps, horizon = naive_gaps(table, "2024-07-15")
    every = [gap for own in gaps.values() for gap in own]
    weights = [1 / len(own) for own in gaps.values() for _gap in own]  # each customer counts once
    assert (rule.gaps, rule.customers, rule.horizon_days, rule.given) == (len(every), len(gaps), horizon, False)
    judge = np.quantile(every, [0.8, 0.95], weights=weights, method="inverted_cdf")
    assert [rule.at_risk_days, rule.lapsed_days] == judge.tolist()
    assert [rule.at_risk, rule.lapsed] == pytest.approx([share_within(gaps, days) for days in judge])
    assert rule.at_risk_days_low <= rule.at_risk_days <= rule.at_risk_days_high


def test_days_of_ones_own_replace_the_rule():
    table = random_log(4)
    gaps, _horizon = naive_gaps(table, "2024-07-15")
    rule = state_rule(table, as_of="2024-07-15", at_risk_days=20, lapsed_days=45)
    assert (rule.at_risk_days, rule.lapsed_days, rule.given) == (20, 45, True)
    assert [rule.at_risk, rule.lapsed] == pytest.approx([share_within(gaps, days) for days in (20, 45)])
    assert np.isnan([rule.at_risk_days_low, rule.lapsed_days_high]).all()


@pytest.mark.parametrize(("given", "other"), [("at_risk_days", "lapsed_days"), ("lapsed_days", "at_risk_days")])
def test_one_day_of_ones_own_leaves_the_other_to_the_gaps(given, other):
    table = random_log(4)
    both = vars(state_rule(table, as_of="2024-07-15"))
    days = both[given] + (1 if given == "lapsed_days" else -1)
    rule = vars(state_rule(table, as_of="2024-07-15", **{given: days}))
    assert (rule[given], rule["given"]) == (days, True)
    assert [rule[f"{other}{end}"] for end in ("", "_low", "_high")] == [
        both[f"{other}{end}"] for end in ("", "_low", "_high")
    ]
    assert np.isnan(rule[f"{given}_low"])


def test_a_day_of_ones_own_beyond_the_other_is_refused():
    table = random_log(4)
    days = state_rule(table, as_of="2024-07-15").lapsed_days
    assert message_of(state_rule, table, as_of="2024-07-15", at_risk_days=days) == (
        f"state_rule: at_risk_days is {days}, lapsed_days {days}; the second must be above the first, both above 0. "
        "Give another; what is 0 comes from the gaps."
    )


def test_cdnow_states_follow_from_the_published_counts(shared_data, cdnow):
    """Purchases and days since the last one, of each customer, as published (in whole weeks and days) for BG/NBD."""
    names = ["master", "customer_id", "ordered_on", "discs", "amount"]
    raw = pd.read_csv(shared_data / "cdnow" / "CDNOW_sample.txt", sep=r"\s+", names=names, dtype=str)
    orders = raw.assign(
        amount=raw["amount"].astype(float), order_id=raw.index.astype(str), ordered_on=pd.to_datetime(raw["ordered_on"])
    )
    rule = state_rule(orders, as_of="1997-09-30")
    table = state_table(orders, rule, as_of="1997-09-30").set_index("person_id")
    judge = cdnow.set_index("customer_id")
    judge["idle"] = judge["age"] - judge["span"]
    assert len(table) == 2357
    assert (table["purchases"] - 1).to_dict() == judge["repeats"].to_dict()
    assert (table["idle"] - judge["idle"]).abs().max() <= 1  # the published times count the first day by half
    for days in (rule.at_risk_days, rule.lapsed_days):
        ours, theirs = (table["idle"] > days).sum(), (judge["idle"] > days).sum()
        on_the_edge = ((judge["idle"] - days).abs() <= 1).sum()
        assert abs(ours - theirs) <= on_the_edge


# (c) Recovery


RATES = np.repeat([0.02, 0.08, 0.25], 50)


def bernoulli_log(seed, days=700):
    """Customers who buy each day with a chance of their own and never leave."""
    random = np.random.default_rng(seed)
    customer, day = np.nonzero(random.random((len(RATES), days)) < RATES[:, None])
    return pd.DataFrame(
        {
            "customer_id": [f"{number:03d}" for number in customer],
            "order_id": [str(number) for number in range(len(day))],
            "ordered_on": pd.Timestamp("2024-01-01") + pd.to_timedelta(day, unit="D"),
            "amount": 1.0,
        }
    )


def true_days(shares, horizon=349, customers=4000):
    """The days that these shares of the gaps do not exceed, each of very many customers counted once."""
    random, gaps, weights = np.random.default_rng(0), [], []
    for rate in np.unique(RATES):
        lengths = random.geometric(rate, (customers, 350))  # of the gaps, one customer after the other
        begun = lengths.cumsum(axis=1) - lengths + random.geometric(rate, (customers, 1)) - 1
        counts = (begun <= 350) & (lengths <= horizon)
        gaps.append(lengths[counts])
        weights.append(np.repeat(1 / np.maximum(counts.sum(axis=1), 1), counts.sum(axis=1)))
    every, weight = np.concatenate(gaps), np.concatenate(weights)
    return np.quantile(every, shares, weights=weight, method="inverted_cdf")


@pytest.mark.parametrize("draws", [10, pytest.param(30, marks=pytest.mark.study)])
def test_intervals_of_the_rule_hold_the_truth_as_often_as_they_say(draws):
    truth, hits = dict(zip(("at_risk_days", "lapsed_days"), true_days([0.8, 0.95]), strict=True)), []
    for seed in range(draws):
        rule = state_rule(bernoulli_log(seed))
        hits += [getattr(rule, f"{name}_low") <= days <= getattr(rule, f"{name}_high") for name, days in truth.items()]
    fewest = 2 * draws * 0.95 - 3.5 * np.sqrt(2 * draws * 0.95 * 0.05)  # 51 of 60; fewer come once in 1,400 times
    assert sum(hits) >= fewest


@pytest.fixture(scope="module")
def firm(teaching):
    truth = pd.read_csv(TEACHING / "truth" / "customers.csv").set_index("customer_id")
    rule = state_rule(teaching.transactions)
    table = state_table(teaching.transactions, rule).set_index("person_id")
    return teaching, truth, rule, table


def test_long_gone_customers_of_the_teaching_company_are_lapsed(firm):
    _tables, truth, rule, table = firm
    gone = ~truth.loc[table.index, "active"]
    # Those gone left with their last order, which the truth dates; gone long ago: for half a year longer than the rule
    long_ago = gone & (table["idle"] > rule.lapsed_days + 183)
    assert long_ago.sum() > 600
    assert (table.loc[long_ago, "state"] == "lapsed").all()
    # Of all gone, 54 % are lapsed; the others have left within the last lapsed_days days
    assert (table.loc[gone, "state"] == "lapsed").mean() > 0.5


def test_active_customers_are_called_lapsed_as_often_as_their_rates_say(firm):
    tables, truth, rule, table = firm
    active = table[truth.loc[table.index, "active"].to_numpy()].join(truth[["rate", "stop"]])
    first = customer_table(tables.transactions).set_index("customer_id").loc[active.index, "age"]
    end = pd.Timestamp("2026-06-30")
    start, today = season_days([end - pd.Timedelta(days=rule.lapsed_days), end])
    # A Poisson buyer who stops with chance p after an order, alive today: silent for L with chance exp(-rate (1-p) L)
    silent = np.exp(-active["rate"] * (1 - active["stop"]) * (today - start)).where(first > rule.lapsed_days, 0.0)
    found = (active["state"] == "lapsed").sum()  # 234 of 280 expected: letters make some buy who would have been silent
    assert 0.75 * silent.sum() < found < 1.05 * silent.sum()


@pytest.mark.parametrize("draws", [3, pytest.param(8, marks=pytest.mark.study)])
def test_one_in_twenty_is_called_lapsed_where_nobody_ever_leaves(draws):
    """Their purchases have no memory, so a silence is as long as a gap; with every gap counted, one in eight would."""
    ours, theirs = [], []
    for seed in range(draws):
        orders = bernoulli_log(seed)
        rule = state_rule(orders)
        idle = state_table(orders, rule)["idle"]
        gaps, _horizon = naive_gaps(orders, orders["ordered_on"].max())
        pooled = np.quantile([gap for own in gaps.values() for gap in own], 0.95)
        ours.append((idle > rule.lapsed_days).mean())
        theirs.append((idle > pooled).mean())
    assert np.mean(ours) == pytest.approx(0.05, abs=3 * np.sqrt(0.05 * 0.95 / draws / len(RATES)))
    assert np.mean(theirs) > 2 * 0.05


def test_customers_who_buy_often_do_not_set_the_limits_of_all():
    """Ten who buy every day beside a hundred who buy every thirtieth: nobody of these is at risk after a week."""
    day = pd.Timestamp("2024-01-01")
    rows = [(f"daily {n}", f"d{n}-{d}", day + pd.Timedelta(days=d), 1.0) for n in range(10) for d in range(300)]
    rows += [
        (f"monthly {n}", f"m{n}-{d}", day + pd.Timedelta(days=d), 1.0)
        for n in range(100)
        for d in range(n % 30, 300, 30)
    ]
    assert (state_rule(log(*rows)).at_risk_days, state_rule(log(*rows)).lapsed_days) == (30, 30)


# (d) Properties


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("as_of", ["2024-02-15", "2024-07-15"])
def test_states_are_those_of_a_naive_loop(seed, as_of):
    table = random_log(seed + 10)
    for rule in (RULE, StateRule(25, 60, 0.8, 0.95, 0, 0, 0, given=True)):
        found = state_table(table, rule, as_of=as_of)
        judge = naive_states(table, rule, as_of)
        columns = judge.columns.tolist()
        pd.testing.assert_frame_equal(
            found[columns].astype({"state": "str"}), judge.astype({"state": "str"}), check_dtype=False
        )


FEW = st.tuples(st.integers(0, 3), st.integers(0, 4), st.integers(0, 90), st.sampled_from([-2.0, 0.0, 3.0]))


@settings(max_examples=15, deadline=None)
@given(rows=st.lists(FEW, min_size=1, max_size=25))
def test_any_small_log_has_the_states_of_a_naive_loop(rows):
    day = pd.Timestamp("2024-01-01")
    table = log(*[(f"c{a}", f"{a}-{b}", day + pd.Timedelta(days=c), d) for a, b, c, d in rows])
    judge = naive_states(table, RULE, "2024-03-31")
    if judge.empty:
        assert "nobody bought" in message_of(state_table, table, RULE, as_of="2024-03-31")
        return
    found = state_table(table, RULE, as_of="2024-03-31")
    assert found["state"].tolist() == judge["state"].tolist()
    assert found["revenue"].tolist() == pytest.approx(judge["revenue"].tolist())


def test_neither_the_order_of_rows_nor_the_currency_matters():
    table = random_log(21)
    other = table.sample(frac=1, random_state=1).assign(amount=table["amount"] * 1000)
    rule = state_rule(table, as_of="2024-07-15")
    assert state_rule(other, as_of="2024-07-15") == rule
    found, judge = (state_table(some, rule, as_of="2024-07-15") for some in (other, table))
    pd.testing.assert_frame_equal(found.assign(revenue=0), judge.assign(revenue=0))
    assert found["revenue"].tolist() == pytest.approx((judge["revenue"] * 1000).tolist())


def test_margin_is_revenue_less_cost_where_it_is_known():
    table = FIVE.assign(unit_cost=4.0, quantity=1.0)
    found = state_table(table, RULE, as_of="2024-03-31").set_index("person_id")["margin"]
    assert found.to_dict() == {"active": 12.0, "back": 6.0, "gone": -1.0, "new": 17.0, "only": -12.0, "risk": 17.0}


def test_one_customer_and_strange_names():
    name = "<b>İğdır</b> $5 \\frac $x$" + "n" * 200
    table = state_table(log((name, "1", "2024-01-01", 5.0)), RULE)
    assert table[["person_id", "state", "idle"]].to_numpy().tolist() == [[name, "new", 0.0]]


def test_all_back_after_the_same_time_leaves_nobody_at_risk():
    days = pd.date_range("2024-01-01", periods=80, freq="10D")
    table = pd.DataFrame({"customer_id": "a", "order_id": days.astype(str), "ordered_on": days, "amount": 1.0})
    rule = state_rule(table)
    assert (rule.at_risk_days, rule.lapsed_days, rule.at_risk, rule.lapsed, rule.customers) == (10, 10, 1, 1, 1)
    assert np.isnan(rule.at_risk_days_low)


# (e) Errors


def test_too_few_gaps_are_refused_and_days_of_ones_own_help():
    assert message_of(state_rule, FIVE, as_of="2024-03-31") == (
        "state_rule: 0 gaps of up to 45 days; 30 are needed. Give at_risk_days, lapsed_days."
    )
    rule = state_rule(FIVE, as_of="2024-03-31", at_risk_days=10, lapsed_days=30)
    assert (rule.at_risk_days, rule.lapsed_days, rule.gaps) == (10, 30, 0)
    assert np.isnan([rule.at_risk, rule.lapsed]).all()
    one = log(("a", "1", "2024-01-01", 1.0), ("a", "2", "2024-01-03", 1.0), ("b", "3", "2024-03-31", 1.0))
    assert message_of(state_rule, one).startswith("state_rule: 1 gaps of ")


@pytest.mark.parametrize(("at_risk", "lapsed"), [(30, 30), (60, 30), (-5, 30), (-5, 0), (0, -5)])
def test_days_out_of_order_are_refused(at_risk, lapsed):
    assert message_of(state_rule, FIVE, at_risk_days=at_risk, lapsed_days=lapsed) == (
        f"state_rule: at_risk_days is {at_risk}, lapsed_days {lapsed}; the second must be above the first, "
        "both above 0. Give another; what is 0 comes from the gaps."
    )


def test_shares_out_of_order_are_refused():
    assert message_of(state_rule, FIVE, at_risk=0.95, lapsed=0.8) == (
        "state_rule: at_risk 0.95, lapsed 0.8, not 0 < at_risk < lapsed < 1. Take 0.8, 0.95."
    )


def test_a_log_without_a_purchase_is_refused():
    expected = "transactions: nobody bought by 2024-03-01. Take a later date, or check the sign of the amounts."
    returns = FIVE[FIVE["amount"] < 0]
    assert message_of(state_rule, returns, as_of="2024-03-01") == expected
    assert message_of(state_table, returns, RULE, as_of="2024-03-01", people=KNOWN) == expected
    empty = "transactions: there are no rows. Check the file."
    assert message_of(state_rule, FIVE.iloc[:0]) == empty
    assert message_of(state_table, FIVE.iloc[:0], RULE) == empty
