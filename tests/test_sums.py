"""Sums of money keep twelve digits of what was added up. Judge: exact decimals, and powers of ten."""

from decimal import Decimal

import ibis
import numpy as np
import pandas as pd
import pytest

from portfoy.sums import added, settled

SCALES = [-9, -6, -3, 0, 3, 6, 9]


def by_customer(amount, **size):
    rows = ibis.memtable(pd.DataFrame({"customer": ["A"] * len(amount), "amount": amount}))
    sums = rows.group_by("customer").agg(amount=added(rows.amount, **size))
    return sums.to_pyarrow().to_pandas()["amount"].iloc[0]


@pytest.mark.parametrize("power", SCALES)
def test_what_is_bought_and_brought_back_is_nothing_at_any_scale(power):
    assert sum([0.1, 0.2, -0.3]) != 0  # in plain floats
    written = [f"{amount}e{power}" for amount in ("0.1", "0.2", "-0.3", "29.97", "-29.97")]
    assert sum(map(Decimal, written)) == 0 == by_customer([float(each) for each in written])


@pytest.mark.parametrize("power", SCALES)
def test_sums_are_those_of_decimals_in_any_order(power):
    random = np.random.default_rng(3)
    written = [f"{amount:.2f}e{power}" for amount in random.normal(0, 900, 400)]
    exact, whole = sum(map(Decimal, written)), sum(abs(Decimal(each)) for each in written)
    sums = {by_customer([float(each) for each in random.permutation(written)]) for _time in range(5)}
    assert len(sums) == 1
    assert abs(Decimal(sums.pop()) - exact) <= whole * Decimal("1e-11")


def test_a_sum_of_nothing_is_missing_and_of_noughts_is_nought():
    assert by_customer([0.0, 0.0]) == 0
    assert np.isnan(by_customer([np.nan]))


def test_a_difference_from_nothing_keeps_its_digits():
    rows = ibis.memtable(pd.DataFrame({"now": [0.0, 0.0], "before": [4.5, 0.25]}))
    assert rows.agg(change=added(rows.now - rows.before, rows.now)).to_pyarrow()["change"][0].as_py() == -4.75


@pytest.mark.parametrize("power", SCALES)
def test_a_difference_without_the_last_digits(power):
    one, other = (np.array(each) * 10.0**power for each in ([0.3, 5.0, 0.0, -7.25], [0.1 + 0.2, 2.5, 0.0, 1.0]))
    assert settled(one - other, one) == pytest.approx(np.array([0, 2.5, 0, -8.25]) * 10.0**power, rel=1e-11, abs=0)
