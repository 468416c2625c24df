"""Gamma-Gamma against Fader & Hardie (2013), against the formula as printed, and against known truth."""

import re

import numpy as np
import pandas as pd
import pytest
from scipy.special import gammaln

from portfoy.errors import DataError, FitError
from portfoy.models import gamma_gamma
from portfoy.models.gamma_gamma import GammaGamma, fit_gamma_gamma, spend_correlation, spend_correlation_error

PUBLISHED = GammaGamma(6.25, 3.74, 15.44)


@pytest.fixture(scope="module")
def fit(cdnow):
    return fit_gamma_gamma(cdnow)


@pytest.fixture(scope="module")
def simulated(simulate_customers):
    return simulate_customers(np.linspace(90, 730, 6000), seed=21)


def test_four_customers_by_name():
    customers = pd.DataFrame({"repeats": [0, 1, 2, 1], "repeat_ticket": [np.nan, 8.0, 20.0, 0.0]}, index=list("abcd"))
    # p (v + x z) / (p x + q - 1) with p = 2, q = 3, v = 10; the first and the last take the mean of all, 2 * 10 / 2.
    expected = pd.Series([10.0, 2 * 18 / 4, 2 * 50 / 6, 10.0], list("abcd"), name="expected_spend")
    pd.testing.assert_series_equal(GammaGamma(2.0, 3.0, 10.0).expected_spend(customers), expected)


def test_gamma_gamma_matches_fader_hardie_2013(fit):
    np.testing.assert_allclose(fit.parameters, [6.25, 3.74, 15.44], atol=5e-3)
    assert fit.log_likelihood == pytest.approx(-4055.9177, abs=1e-4)
    assert (fit.customers, fit.left_out) == (946, 0)


def test_conditional_spend_of_customers_1_to_10_matches_fader_hardie_2013(cdnow, fit):
    published = [24.65, 18.91, 35.17, 35.17, 35.17, 71.46, 18.91, 35.17, 27.28, 35.17]
    np.testing.assert_allclose(fit.expected_spend(cdnow)[:10], published, atol=5e-3)
    assert fit.mean == pytest.approx(35.17, abs=5e-3)
    assert PUBLISHED.mean == pytest.approx(6.25 * 15.44 / 2.74)


def test_spend_correlation_matches_fader_hardie_2013(cdnow):
    assert spend_correlation(cdnow) == pytest.approx(0.114, abs=5e-4)


def test_the_error_of_the_correlation_is_that_of_samples_drawn_again(cdnow):
    """Judge: numpy's correlation of 2,000 samples of the repeat buyers, drawn with replacement."""
    random, again = np.random.default_rng(1), cdnow[cdnow["repeats"] > 0][["repeats", "repeat_ticket"]].to_numpy()
    drawn = [np.corrcoef(again[random.integers(0, len(again), len(again))].T)[0, 1] for _draw in range(2000)]
    assert spend_correlation_error(cdnow) == pytest.approx(np.std(drawn), rel=0.1)
    assert cdnow["repeat_ticket"].mean() == pytest.approx(35.08, abs=5e-3)


def test_likelihood_and_gradient_match_the_formula_as_printed(simulated):
    x, z = simulated.dropna()[["repeats", "repeat_ticket"]].to_numpy(dtype=float)[:200].T
    gain, point = gamma_gamma._likelihood(x, z, np.ones(len(x))), np.log([5.0, 3.0, 20.0])

    def naive(at):
        p, q, v = np.exp(at)
        gammas = gammaln(p * x + q) - gammaln(p * x) - gammaln(q)
        logs = q * np.log(v) + (p * x - 1) * np.log(z) + p * x * np.log(x) - (p * x + q) * np.log(v + x * z)
        return (gammas + logs).sum()

    value, slope = gain(point)
    assert value == pytest.approx(naive(point), rel=1e-12)
    steps = 1e-5 * np.eye(3)
    np.testing.assert_allclose(slope, [(naive(point + d) - naive(point - d)) / 2e-5 for d in steps], rtol=1e-5)
    information = gain(point, second=True)[2]
    by_hand = [(gain(point - d)[1] - gain(point + d)[1]) / 2e-5 for d in steps]  # of the gradient judged above
    np.testing.assert_allclose(information, by_hand, rtol=1e-6)


def test_fit_recovers_known_truth(simulated):
    fit = fit_gamma_gamma(simulated)
    for name, value in {"p": 6.0, "q": 4.0, "v": 15.0}.items():
        assert abs(getattr(fit, name) - value) < 3 * fit.standard_errors[name], name


@pytest.mark.parametrize("refits", [20, pytest.param(60, marks=pytest.mark.study)])
def test_standard_errors_match_the_scatter_of_refits(simulate_customers, refits):
    # Three thousand customers, so that the estimates scatter about evenly in the logarithm.
    fits = [fit_gamma_gamma(simulate_customers(np.full(3000, 500.0), seed=seed)) for seed in range(refits)]
    scatter = np.std(np.log([fit.parameters for fit in fits]), axis=0)
    stated = np.mean([np.array(list(fit.standard_errors.values())) / fit.parameters for fit in fits], axis=0)
    np.testing.assert_allclose(scatter, stated, rtol=3 / np.sqrt(2 * refits))  # what so many refits know a scatter to


def test_many_distinct_rows_give_the_same_maximum(simulated, monkeypatch):
    exact = fit_gamma_gamma(simulated)
    monkeypatch.setattr(gamma_gamma, "MANY_ROWS", 100)
    np.testing.assert_allclose(fit_gamma_gamma(simulated).parameters, exact.parameters, rtol=1e-5)


@pytest.mark.parametrize("currency", [1e-3, 40.0, 1e7])
def test_the_currency_does_not_move_anything(cdnow, fit, currency):
    other = cdnow.assign(repeat_ticket=cdnow["repeat_ticket"] * currency)
    refit = fit_gamma_gamma(other)
    np.testing.assert_allclose([refit.p, refit.q, refit.v / currency], fit.parameters, rtol=1e-6)
    assert refit.log_likelihood == pytest.approx(fit.log_likelihood - 946 * np.log(currency))
    np.testing.assert_allclose(refit.expected_spend(other), fit.expected_spend(cdnow) * currency, rtol=1e-6)


def test_row_order_does_not_matter(cdnow, fit):
    shuffled = fit_gamma_gamma(cdnow.sample(frac=1, random_state=0))
    np.testing.assert_allclose(shuffled.parameters, fit.parameters, rtol=1e-9)


def test_repeat_buyers_without_a_positive_amount_are_counted_and_left_out(cdnow, fit):
    odd = pd.DataFrame({"repeats": [3, 1, 2, 0], "repeat_ticket": [0.0, -5.0, np.nan, np.nan]})
    refit = fit_gamma_gamma(pd.concat([cdnow, odd], ignore_index=True))
    assert (refit.customers, refit.left_out) == (946, 3)
    np.testing.assert_allclose(refit.parameters, fit.parameters)


def test_one_customer_and_none_are_taken():
    customers = pd.DataFrame({"repeats": [2], "repeat_ticket": [20.0]})
    assert PUBLISHED.expected_spend(customers).item() == pytest.approx(6.25 * 55.44 / 15.24)
    assert PUBLISHED.expected_spend(customers.iloc[:0]).empty
    assert np.isnan(spend_correlation(customers))


def error_of(kind, customers):
    with pytest.raises(kind) as caught:
        fit_gamma_gamma(customers)
    return str(caught.value)


def test_too_few_repeat_buyers():
    customers = pd.DataFrame({"repeats": [1, 2, 0] * 20, "repeat_ticket": [5.0, 0.0, np.nan] * 20})
    assert error_of(FitError, customers) == (
        "fit_gamma_gamma: 20 of 60 customers have a repeat purchase above zero; 30 are needed. "
        "Use a longer history or the mean spend of all."
    )


def test_equal_spends_are_refused():
    assert error_of(FitError, pd.DataFrame({"repeats": [1, 2] * 20, "repeat_ticket": 25.0})) == (
        "fit_gamma_gamma: all 40 repeat buyers spend 25 per purchase. Use this amount itself."
    )


def test_an_infinite_mean_is_refused(simulate_customers):
    customers = simulate_customers(np.full(4000, 500.0), p=3.0, q=0.7, v=4.0, seed=1)
    assert re.fullmatch(
        r"fit_gamma_gamma: q is 0\.\d+, not above 1: the mean spend is infinite\. "
        r"Look for extreme amounts\.",
        error_of(FitError, customers),
    )


def test_customers_who_do_not_differ_are_refused(simulate_customers):
    customers = simulate_customers(np.full(2000, 500.0), q=1e5, v=1e5, seed=1)
    assert re.fullmatch(
        r"fit_gamma_gamma: p = \S+, q = \S+ and v = \S+ stay open: spends differ too little between customers or "
        r"within them\. Use the mean spend of all\.",
        error_of(FitError, customers),
    )


def test_missing_columns_are_all_named():
    assert error_of(DataError, pd.DataFrame({"ticket": [1.0]})) == (
        "fit_gamma_gamma: columns 'repeats', 'repeat_ticket' are missing; the table has 'ticket'. Take firm.customers."
    )
