"""Durations where not all have been seen to the end; the judges are statsmodels, R's cmprsk and published numbers."""

import numpy as np
import pandas as pd
from statsmodels.duration.survfunc import SurvfuncRight

from portfoy.models.survival import day_counts, kaplan_meier


def test_counts_by_day():
    """Worked out by hand; who is censored on a day was still there on it."""
    found = day_counts([3, 1, 3, 2, 3, np.nan], ["won", None, "lost", "won", False, "won"])
    expected = pd.DataFrame({"days": [1.0, 2, 3], "n": [5, 4, 3], "d_lost": [0, 0, 1], "d_won": [0, 1, 1]})
    pd.testing.assert_frame_equal(found, expected)


def test_kaplan_meier_is_that_of_statsmodels():
    random = np.random.default_rng(3)
    days, ended = random.integers(1, 60, 500), random.random(500) < 0.6
    found, judge = kaplan_meier(days, ended), SurvfuncRight(days, ended)
    np.testing.assert_array_equal(found["days"], judge.surv_times)
    np.testing.assert_allclose(found["survival"], judge.surv_prob)
    np.testing.assert_array_equal(found["n"], judge.n_risk)


def test_nobody_and_nobody_who_ended():
    assert kaplan_meier([], []).empty
    assert kaplan_meier([4, 5], [False, False]).empty
