"""The errors of earlier forecasts: a loop by hand, Student's t of scipy, draws whose truth is known."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from portfoy.models.track_record import TrackRecord, rests_on


def beside(forecast, came, group):
    return pd.DataFrame({"forecast": np.asarray(forecast, float), "came": np.asarray(came, float), "group": group})


def by_group(test):
    return test["group"]


# (a) By hand


def naive(tests):
    """A and B, by loops over days and tenths of twenty customers."""
    far = weight = 0.0
    errors, parts = [], []
    for test in tests:
        rows = test.sort_values("forecast", ascending=False)
        whole = np.log(rows["forecast"].sum() / rows["came"].sum())
        errors.append(whole**2)
        parts.append((rows["forecast"] ** 2).sum() / rows["forecast"].sum() ** 2)
        for start in range(0, 20, 2):
            tenth = rows.iloc[start : start + 2]
            total = tenth["forecast"].sum()
            far += total * (np.log(total / tenth["came"].sum()) - whole) ** 2
            weight += total * (tenth["forecast"] ** 2).sum() / total**2
    own = far / weight
    return max(np.mean(errors) - own * np.mean(parts), 0), own


@pytest.fixture
def tests():
    random = np.random.default_rng(5)
    made = []
    for bias in (1.3, 1.5, 1.2):
        forecast = np.arange(1, 21) * 10.0
        came = forecast / bias * random.uniform(0.8, 1.2, 20)
        made.append(beside(forecast, came, ["a"] * 10 + ["b"] * 10))
    return tuple(made)


def test_what_is_shared_and_what_is_ones_own_are_those_of_a_loop(tests):
    assert TrackRecord(tests).shared == pytest.approx(naive(tests))
    assert TrackRecord(tests).shared[0] > 0


def test_the_interval_is_students_t_and_a_groups_own_errors_count(tests):
    record, (common, own) = TrackRecord(tests), naive(tests)
    low, high = record.interval([200.0], [0.04], 0.8)
    factor = np.exp(stats.t.ppf(0.9, 3) * np.sqrt(common + 0.04 * own))
    assert (low[0], high[0]) == pytest.approx((200 / factor, 200 * factor))
    low, high = record.interval([200.0, 100.0], [0.04, 0.04], 0.8, again=by_group, names=["b", "new"])
    squares = [np.log(test.loc[10:, "forecast"].sum() / test.loc[10:, "came"].sum()) ** 2 for test in tests]
    factor_b = np.exp(stats.t.ppf(0.9, 4) * np.sqrt((common + 0.04 * own + sum(squares)) / 4))
    assert (low[0], high[0]) == pytest.approx((200 / factor_b, 200 * factor_b))
    assert (low[1], high[1]) == pytest.approx((100 / factor, 100 * factor))  # a group that was not there before


# (c) Truth that is known


@pytest.mark.study
@pytest.mark.parametrize(("bias", "least", "most"), [(0.0, 0.86, 0.94), (0.15, 0.9, 1.0)])
def test_intervals_hold_what_comes_as_often_as_they_say(bias, least, most):
    """The whole is off by a bias and an error of 0.1, each of 40 customers by a factor; a bias makes them hold more."""
    random, held = np.random.default_rng(2), []
    for _draw in range(250):
        made = []
        for _day in range(4):
            forecast = random.gamma(1, 100, 40)
            made.append(
                beside(forecast, forecast * np.exp(random.normal(-bias, 0.1)) * random.gamma(9, 1 / 9, 40), "a")
            )
        now = made.pop()
        low, high = TrackRecord(tuple(made)).interval([now["forecast"].sum()], [rests_on(now["forecast"])], 0.9)
        held.append(low[0] <= now["came"].sum() <= high[0])
    assert least <= np.mean(held) <= most


# (d) Properties


def test_too_few_days_have_no_interval(tests):
    for some in ((), tests[:1]):
        record = TrackRecord(some)
        assert not record
        assert np.isnan(record.interval([5.0, 6.0], [0.1, 0.1], 0.95)).all()
    assert TrackRecord(tests[:2])


def test_a_group_of_which_nothing_came_has_an_interval_of_a_factor_of_twenty(tests):
    empty = tuple(test.assign(came=test["came"].where(test["group"] == "a", -1.0)) for test in tests)
    low, high = TrackRecord(empty).interval([200.0], [0.04], 0.95, again=by_group, names=["b"])
    assert (low[0], high[0]) == pytest.approx((200 / 20, 200 * 20), rel=0.01)


def test_scale_and_order_do_not_matter(tests):
    turned = tuple(test.iloc[::-1].assign(forecast=test["forecast"] * 7, came=test["came"] * 7) for test in tests)
    assert TrackRecord(turned).shared == pytest.approx(TrackRecord(tests).shared)


def test_a_forecast_rests_on_as_many_customers_as_share_it_evenly():
    assert rests_on([5.0] * 8) == pytest.approx(1 / 8)
    assert rests_on([5.0, 0, 0]) == 1
    assert rests_on([0.0, 0.0]) == 0
