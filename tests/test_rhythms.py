"""What is bought once and what again: planted gaps, Kaplan-Meier by statsmodels, and nothing from after the day."""

import ibis
import numpy as np
import pandas as pd
import pytest
from statsmodels.duration.survfunc import SurvfuncRight

from portfoy.deepening.rhythms import rhythm_table, spells

START, DAY, LAST = pd.Timestamp("2024-01-01"), pd.Timedelta(days=1), 900


def visits_of(category, seed, *, customers, gap, goes_on, until=LAST):
    """Days on which customers buy: from a day at random, about every `gap` days, each time with a chance to stop."""
    random, rows = np.random.default_rng(seed), []
    for customer in range(customers):
        day = int(random.integers(0, until))
        while day < until:
            rows.append((f"{category}{customer:04d}", category, START + day * DAY))
            if random.random() > goes_on:
                break
            day += max(1, round(random.normal(gap, 8)))
    return pd.DataFrame(rows, columns=["customer_id", "category", "day"])


def learnt(visits, categories, day=START + (LAST - 1) * DAY, edge=None):
    """The rules as known on a day; `edge` parts the days in two windows, of which the first is looked at."""
    table = ibis.memtable(visits).mutate(day=ibis._.day.date(), customer=ibis._.customer_id)
    edge = edge or day

    def period(when):
        return (when > ibis.literal(edge.date())).cast("int64") + 1

    return rhythm_table(*spells(table, period), categories, until=1, day=edge)


def first_waits(visits, day):
    """By a loop: days each customer waited for the second purchase, or has waited; and whether it came."""
    waited, came = [], []
    for _customer, own in visits.groupby("customer_id"):
        days = sorted(own["day"])
        came.append(len(days) > 1)
        waited.append(((days[1] if len(days) > 1 else day) - days[0]) / DAY)
    return np.array(waited), np.array(came)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_planted_gap_and_share_are_found_though_many_have_not_come_back_yet(seed):
    coffee = visits_of("coffee", seed, customers=400, gap=60, goes_on=0.8)
    found = learnt(coffee, ["coffee"]).iloc[0]
    assert found["gap"] == pytest.approx(60, abs=2)
    assert found["gap_low"] == pytest.approx(60 - 0.674 * 8, abs=3)
    assert found["again_low"] - 0.01 < 0.8 < found["again_high"] + 0.01
    assert not found["once"]
    assert coffee.groupby("customer_id").size().gt(1).mean() < found["again"]  # what a plain count would say


def test_the_share_that_buys_again_is_that_of_statsmodels():
    coffee = visits_of("coffee", 4, customers=300, gap=60, goes_on=0.7)
    fridge = visits_of("fridge", 5, customers=300, gap=200, goes_on=0.02)
    found = learnt(pd.concat([coffee, fridge]), ["coffee", "fridge"]).set_index("category")
    for name, rows in (("coffee", coffee), ("fridge", fridge)):
        waited, came = first_waits(rows, START + (LAST - 1) * DAY)
        kept = waited <= 365
        curve = SurvfuncRight(np.minimum(waited, 366), came & kept)
        assert found.at[name, "again"] == pytest.approx(1 - curve.surv_prob[curve.surv_times <= 365][-1])
        assert found.at[name, "buyers"] == len(waited)
    assert found["once"].to_list() == [False, True, False]


def test_few_buyers_take_the_rule_of_all_and_are_never_bought_once():
    coffee = visits_of("coffee", 6, customers=200, gap=60, goes_on=0.8)
    piano = visits_of("piano", 7, customers=12, gap=60, goes_on=0.0)
    found = learnt(pd.concat([coffee, piano]), ["coffee", "piano"]).set_index("category")
    assert found.at["piano", "buyers"] == 12
    assert found.loc["piano", ["again", "gap"]].to_list() == found.loc["all", ["again", "gap"]].to_list()
    assert not found.at["piano", "once"]


def test_nothing_from_after_the_day_counts():
    coffee, edge = visits_of("coffee", 8, customers=200, gap=60, goes_on=0.8), START + 500 * DAY
    cut = coffee[coffee["day"] <= edge]
    pd.testing.assert_frame_equal(learnt(coffee, ["coffee"], edge=edge), learnt(cut, ["coffee"], day=edge))
    moved = coffee.assign(day=coffee["day"].where(coffee["day"] <= edge, coffee["day"] + 70 * DAY))
    pd.testing.assert_frame_equal(learnt(moved, ["coffee"], edge=edge), learnt(cut, ["coffee"], day=edge))


def test_where_nobody_ever_comes_back_no_gap_is_given():
    found = learnt(visits_of("piano", 9, customers=60, gap=60, goes_on=0.0), ["piano"]).iloc[0]
    assert (found["again"], np.isnan(found["gap"])) == (0, True)
