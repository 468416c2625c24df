"""Intervals against statsmodels."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

from portfoy.intervals import corrected, wilson


@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.999])
@pytest.mark.parametrize(("count", "base"), [(0, 7), (7, 7), (1, 1), (3, 40), (65_001, 130_000)])
def test_wilson_is_that_of_statsmodels(count, base, confidence):
    judge = proportion_confint(count, base, alpha=1 - confidence, method="wilson")
    assert wilson(count, base, confidence) == pytest.approx(judge, abs=1e-12)


def test_a_share_of_nothing_has_no_interval_and_a_series_keeps_its_index():
    count, base = pd.Series([0, 2], index=["a", "b"]), pd.Series([0, 5], index=["a", "b"])
    low, high = wilson(count, base)
    assert list(low.index) == ["a", "b"]
    assert np.isnan(low["a"])
    assert np.isnan(high["a"])
    assert (low["b"], high["b"]) == pytest.approx(proportion_confint(2, 5, method="wilson"))


def test_p_values_are_corrected_for_as_many_looks_as_there_were():
    """By the definition: the least of p x looks / rank over all that are as large; and by scipy, with none left out."""
    from scipy.stats import false_discovery_control

    rng = np.random.default_rng(3)
    p = rng.uniform(size=40) ** 2
    p[7] = np.nan
    known = np.sort(p[np.isfinite(p)])
    for looks in (39, 500):
        by_hand = [
            min(1, min(known[rank] * looks / (rank + 1) for rank in range(39) if known[rank] >= one))
            if one == one
            else one
            for one in p
        ]
        np.testing.assert_allclose(corrected(p, looks), by_hand)
    np.testing.assert_allclose(corrected(p[np.isfinite(p)]), false_discovery_control(p[np.isfinite(p)]))
    assert corrected([]).size == 0
