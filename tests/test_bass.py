"""The Bass model against published estimates, another program's, itself computed the slow way, and known truth."""

import re

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import approx_fprime, curve_fit, minimize
from scipy.stats import poisson

from helpers import message_of
from portfoy.errors import FitError
from portfoy.models import bass
from portfoy.models.bass import Bass, fit_bass

MONTH = 365.25 / 12
# Thousands sold in the USA from 1949 on, and the least-squares estimates of p and q a year and of m that Srinivasan &
# Mason (1986), Marketing Science 5(2), 169-178, give for them.
PUBLISHED = {
    "room air conditioners": (
        [96, 195, 238, 380, 1045, 1230, 1267, 1828, 1586, 1673, 1800, 1580, 1500],
        (0.0094, 0.3748, 18_713),
    ),
    "clothes dryers": (
        [106, 319, 492, 635, 737, 890, 1397, 1523, 1294, 1240, 1425, 1260, 1236],
        (0.0136, 0.3267, 16_497),
    ),
}


def share(t, p, q):
    """F of Bass (1969), as printed."""
    return (1 - np.exp(-(p + q) * t)) / (1 + q / p * np.exp(-(p + q) * t))


def periods(counts, days=7.0):
    end = np.arange(1, len(counts) + 1) * days
    return pd.DataFrame({"start_day": end - days, "end_day": end, "adopters": counts})


def drawn(*, p=0.025, q=0.38, m=600, weeks=86, seed=0):
    """Weekly counts of m people who each adopt when the model says."""
    step = np.diff(share(np.arange(weeks + 1) * 7 / MONTH, p, q))
    return periods(np.random.default_rng(seed).multinomial(m, [*step, 1 - step.sum()])[:-1])


def natural(fit):
    return np.array([fit.p, fit.q, fit.m])


# (a) By hand


def test_expected_people_by_the_printed_formula():
    found = Bass(0.025, 0.38, 600).expected([MONTH, 12 * MONTH], start_day=[0, 6 * MONTH])
    expected = pd.DataFrame(
        {
            "start_day": [0, 6 * MONTH],
            "end_day": [MONTH, 12 * MONTH],
            "expected": [600 * share(1, 0.025, 0.38), 600 * (share(12, 0.025, 0.38) - share(6, 0.025, 0.38))],
            "expected_low": np.nan,
            "expected_high": np.nan,
        }
    )
    pd.testing.assert_frame_equal(found, expected)


def test_the_peak_is_where_the_rate_is_highest():
    months = np.linspace(0, 20, 200_001)
    rate = np.gradient(share(months, 0.025, 0.38), months)
    assert Bass(0.025, 0.38, 600).peak()[0] == pytest.approx(months[rate.argmax()], abs=1e-3)
    assert Bass(0.3, 0.2, 600).peak()[0] == 0


# (b) Published numbers, and other programs


def least_squares(sales):
    years = np.arange(1, len(sales) + 1.0)
    return curve_fit(
        lambda t, p, q, m: m * (share(t, p, q) - share(t - 1, p, q)), years, sales, [0.01, 0.4, 1.3 * sum(sales)]
    )


@pytest.mark.parametrize("product", PUBLISHED)
def test_estimates_agree_with_srinivasan_and_mason_1986(product):
    sales, published = PUBLISHED[product]
    judge, covariance = least_squares(sales)
    assert judge[:2] == pytest.approx(published[:2], abs=5e-5)  # the data are theirs
    assert judge[2] == pytest.approx(published[2], abs=0.6)
    fit = fit_bass(periods(sales, 365.25))
    yearly = natural(fit) * [12, 12, 1]
    assert (np.abs(yearly - published) < 2 * np.sqrt(np.diag(covariance))).all()
    assert fit.open == ""
    assert fit.dispersion > 10  # thousands of people would differ less by chance alone


def test_the_maximum_is_that_of_a_search_without_slopes():
    counts = drawn(seed=3)

    def minus(log):
        p, q, m = np.exp(log)
        mean = m * np.diff(share(np.array([0, *counts["end_day"]]) / MONTH, p, q))
        return -poisson.logpmf(counts["adopters"], mean).sum()

    start = np.log([0.03, 0.3, 700])
    found = minimize(minus, start, method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-10, "maxiter": 5000})
    fit = fit_bass(counts)
    np.testing.assert_allclose(natural(fit), np.exp(found.x), rtol=1e-5)
    assert fit.log_likelihood == pytest.approx(-found.fun, abs=1e-7)


def test_the_slopes_are_those_of_small_steps():
    counts = drawn(seed=4)
    gain = bass._likelihood(counts["start_day"] / 600, counts["end_day"] / 600, counts["adopters"].to_numpy(float))
    for point in ([-1.0, 1.5, 0.1], [0.5, -2.0, 1.0], [-6.0, 2.5, 0.0]):
        slope = approx_fprime(np.array(point), lambda at: gain(at)[0], 1e-7)
        np.testing.assert_allclose(gain(np.array(point))[1], slope, rtol=1e-4, atol=1e-3)


def test_late_and_early_periods_keep_their_digits():
    p, q = np.array([1e-9]), np.array([2.0])
    log_share, slope = bass._log_share(p, q, np.array([0.0, 200.0]), np.array([1e-6, 201.0]))
    assert log_share[0] == pytest.approx(np.log(1e-15), rel=1e-5)  # p t
    assert log_share[1] == pytest.approx(np.log(2e9) - 400 + np.log(-np.expm1(-2)), rel=1e-8)  # q/p e^-qt, less later
    assert np.isfinite(slope).all()


# (c) Known truth


@pytest.mark.parametrize("seed", range(6))
def test_known_parameters_are_found_again(seed):
    fit = fit_bass(drawn(seed=seed))
    errors = np.array([fit.standard_errors[name] for name in ("p", "q", "m")])
    assert (np.abs(natural(fit) - [0.025, 0.38, 600]) < 3 * errors).all()
    assert fit.open == ""


@pytest.mark.parametrize("draws", [30, pytest.param(120, marks=pytest.mark.study)])
def test_intervals_hold_the_truth_as_often_as_they_say(draws):
    truth = {"p": 0.025, "q": 0.38, "m": 600}
    hits = dict.fromkeys(truth, 0)
    for seed in range(draws):
        fit = fit_bass(drawn(weeks=52, seed=seed))
        for name, value in truth.items():
            low, high = fit.interval(name)
            hits[name] += low <= value <= high
    fewest = 0.95 * draws - 3.8 * np.sqrt(draws * 0.95 * 0.05)  # 105 of 120; 3.8 standard errors
    assert min(hits.values()) >= fewest, hits


def test_the_forecast_holds_what_came():
    whole, inside = drawn(weeks=104, seed=1), 0
    for weeks in range(40, 80, 2):
        fit = fit_bass(whole.head(weeks))
        rest = whole["adopters"].iloc[weeks:].sum()
        _expected, low, high = fit.rest()
        inside += low <= rest + 1 and rest <= high  # one or two come after the last week
    assert inside >= 17


# (d) Properties


def test_those_who_have_it_are_certain():
    fit = fit_bass(drawn(weeks=60, seed=2))
    low, high = fit.interval("m")
    assert fit.adopters <= low < fit.m < high
    assert fit.m == pytest.approx(fit.adopters + fit.rest()[0])
    assert fit.adopters == pytest.approx(fit.expected(fit.days)["expected"].iloc[0])


def test_weeks_with_nobody_may_be_put_together():
    counts = drawn(weeks=104, seed=5)
    one = pd.DataFrame({"start_day": [728.0], "end_day": [756], "adopters": [0]})
    four = periods([0] * 4).assign(start_day=lambda t: t["start_day"] + 728, end_day=lambda t: t["end_day"] + 728)
    together, apart = (natural(fit_bass(pd.concat([counts, rest]))) for rest in (one, four))
    np.testing.assert_allclose(together, apart, rtol=1e-6)


def test_the_unit_of_time_does_not_matter():
    weeks = drawn(seed=6)
    years = weeks.assign(start_day=weeks["start_day"] * 52, end_day=weeks["end_day"] * 52)
    np.testing.assert_allclose(natural(fit_bass(weeks)), natural(fit_bass(years)) * [52, 52, 1], rtol=1e-6)


def test_a_shorter_last_week_counts_by_its_days():
    counts = drawn(weeks=20, seed=7)
    shorter = counts.assign(end_day=counts["end_day"].where(counts.index < 19, 135))
    assert fit_bass(shorter).expected(135)["expected"].iloc[0] == pytest.approx(counts["adopters"].sum())
    assert fit_bass(shorter).days == 135


def test_before_the_peak_m_stays_open():
    fit = fit_bass(drawn(m=6000, weeks=16))
    assert fit.open == "the peak is still to come"
    assert fit.interval("m") == (fit.adopters, np.inf)


def test_level_numbers_leave_m_open_and_show_no_imitation():
    fits = [fit_bass(periods(np.random.default_rng(seed).poisson(4, 80))) for seed in range(40)]
    assert sum(fit.open != "" for fit in fits) >= 36  # chance draws a clear hump in one of twenty
    assert fits[0].interval("p") == (0, np.inf)


def test_without_imitation_q_is_nothing_and_has_an_upper_bound():
    fits = {seed: fit_bass(drawn(p=0.2, q=1e-9, m=800, weeks=100, seed=seed)) for seed in range(6)}
    assert all(fit.interval("q")[0] < 0.02 and fit.p == pytest.approx(0.2, rel=0.2) for fit in fits.values())
    seed, fit = next((seed, fit) for seed, fit in fits.items() if fit.q == 0)
    low, high = fit.interval("q")
    assert (low, fit.peak()[0], fit.open) == (0, 0, "")
    counts = drawn(p=0.2, q=1e-9, m=800, weeks=100, seed=seed)["adopters"]

    def minus(log_p, q):  # m is the number counted over its share
        step = np.diff(share(np.arange(101) * 7 / MONTH, np.exp(log_p[0]), q))
        return -poisson.logpmf(counts, step * counts.sum() / step.sum()).sum()

    most = -minimize(minus, [np.log(0.2)], (high,), method="Nelder-Mead").fun
    assert fit.log_likelihood - most == pytest.approx(1.92 * fit.dispersion, abs=0.01)


def test_scatter_beyond_chance_widens_the_intervals():
    smooth = drawn(m=3000, weeks=80, seed=8)
    rough = smooth.assign(adopters=smooth["adopters"] * np.where(np.arange(80) // 4 % 2, 1.5, 0.5).round(1) // 1)
    wide, narrow = fit_bass(rough), fit_bass(smooth)
    assert narrow.dispersion < 2 < wide.dispersion
    assert wide.standard_errors["q"] > 1.4 * narrow.standard_errors["q"]


def test_one_launch_day_is_survived():
    fit = fit_bass(periods([500, *[0] * 30]))
    assert fit.adopters == 500
    assert np.isfinite(fit.expected(90)["expected"]).all()


# (e) Errors


def test_too_few_people():
    assert message_of(fit_bass, periods([2] * 10), error=FitError) == (
        "fit_bass: 20 people in 10 periods; 30 in 6 are needed. Take shorter ones."
    )


def test_too_few_periods():
    assert message_of(fit_bass, periods([20] * 5), error=FitError) == (
        "fit_bass: 100 people in 5 periods; 30 in 6 are needed. Take shorter ones."
    )


RULE = "Take the counts of pf.launch."
ROWS = "'adopters' is missing or below 0 in {n} of 86 rows. Correct or leave them out."
GAPS = f"periods do not follow one another from day 0, or are empty. {RULE}"


@pytest.mark.parametrize(
    ("table", "what"),
    [
        (
            drawn().drop(columns="adopters"),
            f"column 'adopters' is missing; the table has 'start_day', 'end_day'. {RULE}",
        ),
        (drawn()[["adopters"]], f"columns 'start_day', 'end_day' are missing; the table has 'adopters'. {RULE}"),
        (drawn().assign(adopters=-1), ROWS.format(n=86)),
        (drawn().assign(adopters=pd.Series([None, 3])), ROWS.format(n=85)),
        (drawn().drop(index=3), GAPS),
        (drawn().iloc[::-1], GAPS),
        (drawn().assign(end_day=0), GAPS),
    ],
)
def test_a_table_that_is_no_series_of_periods(table, what):
    assert message_of(fit_bass, table) == f"fit_bass: {what}"


def test_a_period_ends_after_it_begins():
    message = re.escape("expected: a period begins on day 0 or later, and ends later.")
    for start, end in ((7, 7), (-1, 7)):
        with pytest.raises(ValueError, match=f"^{message}$"):
            Bass(0.1, 0.1, 9).expected(end, start_day=start)
