"""What one customer may bring. Judges: the closed-form mean, and customers simulated from the same truth."""

import numpy as np
import pandas as pd
import pytest

from portfoy.models.bg_nbd import BgNbd
from portfoy.models.discounted_value import discounted_value
from portfoy.models.gamma_gamma import GammaGamma
from portfoy.models.scatter import futures, likely_range

FIT, SPEND = BgNbd(0.6, 60.0, 0.8, 2.6), GammaGamma(6.0, 4.0, 700.0)
MONEY = {"discount_rate": 0.1, "margin_rate": 0.4}


@pytest.fixture
def simulated(simulate_customers):
    age = np.full(4000, 500.0)
    return simulate_customers(age, r=0.6, alpha=60.0, a=0.8, b=2.6, p=6.0, q=4.0, v=700.0, seed=11)


def valued(customers, months=12):
    nothing = pd.DataFrame(0.0, FIT.covariance.index, FIT.covariance.columns)
    money = pd.DataFrame(0.0, ["p", "q", "v"], ["p", "q", "v"])
    fit = BgNbd(*FIT.parameters, covariance=nothing)
    return discounted_value(
        customers, fit, GammaGamma(*SPEND.parameters, covariance=money), horizon_months=months, **MONEY
    )


def test_the_futures_average_to_the_expected_value(simulated):
    value = valued(simulated)
    mean = futures(simulated, value, draws=300).mean(axis=0)
    # judge: the closed form; it discounts a month's purchases at the month's end, the futures day by day
    late = 1.1 ** (0.5 / 12)
    assert mean.sum() == pytest.approx(value.total * late, rel=0.01)


def test_a_longer_horizon_and_a_wider_coverage_reach_further(simulated):
    few = simulated.head(200)
    year, half = likely_range(few, valued(few)), likely_range(few, valued(few, months=6))
    assert (year["likely_high"] >= half["likely_high"]).mean() > 0.95
    wide = likely_range(few, valued(few), coverage=0.95)
    assert (wide["likely_high"] >= year["likely_high"]).all()
    assert (wide["likely_low"] <= year["likely_low"]).all()


def test_the_same_seed_gives_the_same_range(simulated):
    few = simulated.head(20)
    pd.testing.assert_frame_equal(likely_range(few, valued(few)), likely_range(few, valued(few)))


def test_no_customers_give_no_ranges(simulated):
    none = simulated.head(0)
    assert likely_range(none, valued(simulated.head(5))).empty
