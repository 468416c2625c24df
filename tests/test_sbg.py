"""sBG: published estimates and projections (Fader & Hardie 2007), and simulated contracts of known truth."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import portfoy as pf
from helpers import message_of
from portfoy.errors import FitError
from portfoy.models.sbg import Sbg, fit_sbg, project


def survivors(*cohorts):
    """Counts of contracts from how many of each cohort were there at the start and after every period."""
    rows = []
    for left in cohorts:
        lost = -np.diff(left)
        rows.append(pd.DataFrame({"periods": np.arange(1, len(left)), "ended": 1, "contracts": lost}))
        rows.append(pd.DataFrame({"periods": [len(left) - 1], "ended": [0], "contracts": [left[-1]]}))
    return pd.concat(rows, ignore_index=True)


def drawn(alpha, beta, contracts, seed, longest=36):
    """One row per contract of a known model, each seen for up to so many periods."""
    random = np.random.default_rng(seed)
    lasts = random.geometric(np.maximum(random.beta(alpha, beta, contracts), 1e-9))
    seen = random.integers(0, longest + 1, contracts)
    return pd.DataFrame({"periods": np.minimum(lasts, seen), "ended": lasts <= seen})


# (b) Published


PUBLISHED = {  # alpha, beta, log-likelihood of 1,000; S(1..12), of which years 8 to 12 were held out
    "high_end": (
        *(0.668, 3.806, -1611.158),
        [0.8507, 0.7469, 0.6698, 0.6099, 0.5618, 0.5222, 0.4889, 0.4604, 0.4358, 0.4142, 0.3951, 0.3780],
    ),
    "regular": (
        *(0.704, 1.182, -1680.265),
        [0.6267, 0.4738, 0.3880, 0.3321, 0.2923, 0.2625, 0.2390, 0.2201, 0.2044, 0.1912, 0.1799, 0.1700],
    ),
}


@pytest.mark.parametrize("cohort", PUBLISHED)
def test_seven_years_give_the_estimates_and_the_projection_of_the_paper(shared_data, cohort):
    alpha, beta, log_likelihood, curve = PUBLISHED[cohort]
    table = pd.read_csv(shared_data / "sbg" / "fader_hardie_2007_table1.csv")
    fit = fit_sbg(survivors((10 * table[cohort]).to_numpy()[:8]))
    assert (fit.alpha, fit.beta) == pytest.approx((alpha, beta), abs=5e-4)
    assert fit.log_likelihood == pytest.approx(log_likelihood, abs=5e-4)
    assert fit.kept(np.arange(1, 13)) == pytest.approx(curve, abs=6e-5)
    late = table[cohort].to_numpy()[8:] / 100  # the five years held out
    assert np.abs(fit.kept(np.arange(8, 13)) - late).max() < 0.02


def test_four_cohorts_give_the_published_estimates():
    cohorts = [[10000, 8000, 6480, 5307, 4391], [10000, 8000, 6480, 5307], [10000, 8000, 6480], [10000, 8000]]
    fit = fit_sbg(survivors(*cohorts))
    assert (fit.alpha, fit.beta) == pytest.approx((3.80, 15.19), abs=1e-2)


def test_the_share_kept_is_the_product_of_the_retention_rates_of_the_paper():
    """Fader & Hardie (2007), eq. 8: r(t) = (beta + t - 1) / (alpha + beta + t - 1)."""
    model, t = Sbg(0.668, 3.806), np.arange(1, 25)
    rates = (model.beta + t - 1) / (model.alpha + model.beta + t - 1)
    assert model.kept(t) == pytest.approx(np.cumprod(rates))
    assert model.kept(3, age=5) == pytest.approx(rates[5:8].prod())


# (c) Recovery


def z_values(alpha, beta, seed):
    fit = fit_sbg(drawn(alpha, beta, 4000, seed))
    errors = fit.standard_errors
    return [(getattr(fit, name) - true) / errors[name] for name, true in (("alpha", alpha), ("beta", beta))]


def test_simulated_contracts_give_their_parameters_back():
    assert np.abs(z_values(1.0, 3.6, seed=1)).max() < 3


@pytest.mark.study
@pytest.mark.parametrize(("alpha", "beta"), [(1.0, 3.6), (0.9, 6.0), (0.8, 9.0), (4.0, 36.0)])
def test_parameters_are_found_within_two_errors_on_eight_of_ten_seeds(alpha, beta):
    close = np.abs([z_values(alpha, beta, seed) for seed in range(10)]) < 2
    assert (close.sum(axis=0) >= 8).all()


def test_contracts_known_from_a_later_renewal_on_bias_nothing():
    """Of 20,000 only those that had renewed three times are known; without `entry` they would seem to last longer."""
    table = drawn(1.0, 3.6, 20_000, seed=4)
    late = table[table["periods"] > 3]
    fit, naive = fit_sbg(late.assign(entry=3)), fit_sbg(late)
    truth = Sbg(1.0, 3.6).kept(12, age=3)
    assert fit.kept(12, age=3) == pytest.approx(truth, abs=0.03)
    assert naive.kept(3) > Sbg(1.0, 3.6).kept(3) + 0.2


def test_one_chance_for_all_leaves_the_parameters_open_and_the_projection_right():
    fit = fit_sbg(survivors(10_000 * 0.95 ** np.arange(20)))
    assert fit.open == "all contracts seem to have the same chance to end"
    assert np.isnan(list(fit.standard_errors.values())).all()
    assert fit.kept(40) == pytest.approx(0.95**40, abs=0.001)


def test_the_drawn_futures_have_the_mean_and_the_spread_of_a_binomial():
    """With parameters known for sure, who of 400 renews in a period is a coin toss each."""
    fit = Sbg(2.0, 6.0, covariance=pd.DataFrame(0.0, ["alpha", "beta"], ["alpha", "beta"]))
    running = pd.DataFrame({"group": ["a"], "age": [2.0], "contracts": [400]})
    expected, futures = project(running, {"a": fit}, 3, draws=4000)
    kept = [8 / 10, 8 / 10 * 9 / 11, 8 / 10 * 9 / 11 * 10 / 12]
    assert expected[0] == pytest.approx(400 * np.array(kept))
    assert futures[:, 0].mean(axis=0) == pytest.approx(expected[0], rel=0.01)
    assert futures[:, 0, 2].std() == pytest.approx(stats.binom(400, kept[2]).std(), rel=0.05)
    wide = project(running, {"a": fit}, 3, draws=4000, spread=0.5)[1]
    off = np.log(-np.log(np.clip(wide[:, 0, 2] / 400, 1e-3, 1 - 1e-3))).std()
    chance = np.log(-np.log(futures[:, 0, 2] / 400)).std()
    assert off == pytest.approx(np.hypot(0.5, chance), rel=0.05)


# (d) Properties


def test_neither_rows_nor_their_order_matter():
    table = drawn(1.0, 3.6, 500, seed=3)
    counted = table.value_counts().rename("contracts").reset_index()
    one, two = fit_sbg(table), fit_sbg(counted.sample(frac=1, random_state=1))
    assert (one.alpha, one.beta, one.log_likelihood) == pytest.approx((two.alpha, two.beta, two.log_likelihood))
    assert pf.fit_sbg is fit_sbg


# (e) Errors


def test_too_little_is_refused():
    few = pd.DataFrame({"periods": [3, 2, 5], "ended": [1, 0, 0]})
    expected = (
        "fit_sbg: 1 of 3 contracts have ended and the oldest was seen for 5 periods; at least 30 and 2 are needed. "
        "Use a longer history."
    )
    assert message_of(fit_sbg, few, error=FitError) == expected
    first = pd.DataFrame({"periods": 1, "ended": [1] * 40 + [0] * 60})
    assert "40 of 100 contracts have ended and the oldest was seen for 1 periods" in message_of(
        fit_sbg, first, error=FitError
    )
    assert "0 of 0 contracts" in message_of(fit_sbg, few.iloc[:0], error=FitError)


def test_a_missing_column_and_a_negative_age_are_named():
    assert message_of(fit_sbg, pd.DataFrame({"ended": [1]})) == (
        "fit_sbg: column 'periods' is missing; the table has 'ended'. Give one row per contract."
    )
    wrong = pd.DataFrame({"periods": [-1, 2], "ended": [1, 0]})
    assert message_of(fit_sbg, wrong) == (
        "fit_sbg: 'periods' is missing or below 0 in 1 of 2 rows. Correct or leave them out."
    )
