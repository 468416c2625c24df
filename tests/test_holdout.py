"""The predicted-beside-actual table against Fader, Hardie & Lee (2005) and against sums written out."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

from portfoy.models.bg_nbd import fit_bg_nbd
from portfoy.models.holdout import groups_of, holdout_table, repeat_groups


def by_repeats(split, predicted):
    return holdout_table(predicted, split["holdout_purchases"], repeat_groups(split))


def by_forecast(predicted, actual, bins):
    return holdout_table(predicted, actual, pd.Series(groups_of(predicted, bins) + 1, predicted.index))


@pytest.fixture
def split():
    index = list("abcdef")
    return pd.DataFrame({"repeats": [0, 9, 0, 1, 7, 0], "holdout_purchases": [0, 6, 2, 3, 4, 1]}, index=index)


@pytest.fixture
def predicted(split):
    return pd.Series([0.5, 8.0, 0.5, 1.5, 4.0, 0.5], split.index)


def test_six_customers_by_name(split, predicted):
    # Means and standard deviations by hand: 0, 2, 1 -> 1 and 1; 6, 4 -> 5 and sqrt(2).
    half = 1.959964 * np.array([1 / np.sqrt(3), np.nan, 1.0])
    expected = pd.DataFrame(
        {
            "group": ["0", "1", "7+"],
            "customers": [3, 1, 2],
            "predicted": [0.5, 1.5, 6.0],
            "actual": [1.0, 3.0, 5.0],
            "actual_low": np.array([1, 3, 5]) - half,
            "actual_high": np.array([1, 3, 5]) + half,
        }
    )
    pd.testing.assert_frame_equal(by_repeats(split, predicted), expected, check_dtype=False)


def test_equal_predictions_stay_in_one_group(split, predicted):
    table = by_forecast(predicted, split["holdout_purchases"], 6)
    assert table["group"].tolist() == [1, 2, 3, 4]
    assert table["customers"].tolist() == [1, 1, 1, 3]
    assert table["predicted"].tolist() == [8.0, 4.0, 1.5, 0.5]
    assert table["actual"].tolist() == [6.0, 4.0, 3.0, 1.0]


def test_holdout_by_frequency_matches_fader_hardie_lee_2005(cdnow):
    table = by_repeats(cdnow, fit_bg_nbd(cdnow).expected_purchases(cdnow, 39 * 7))
    assert table["group"].tolist() == ["0", "1", "2", "3", "4", "5", "6", "7+"]
    assert table["customers"].tolist() == [1411, 439, 214, 100, 62, 38, 29, 64]
    actual = [0.2367, 0.6970, 1.3925, 1.5600, 2.5323, 2.9474, 3.8621, 6.3594]
    np.testing.assert_allclose(table["actual"], actual, atol=5e-5)
    published = [0.2251, 0.5231, 1.0441, 1.5203, 2.1639, 2.6538, 3.5040, 6.1572]
    np.testing.assert_allclose(table["predicted"], published, atol=1e-4)
    assert (table["predicted"] * table["customers"]).sum() == pytest.approx(1653, abs=1)
    assert (table["actual"] * table["customers"]).sum() == pytest.approx(1882)


def test_events_get_the_interval_of_wilson(cdnow):
    bought = (cdnow["holdout_purchases"] > 0).astype(int)
    assert bought.sum() == 684
    table = holdout_table(pd.Series(0.3, cdnow.index), bought, repeat_groups(cdnow))
    low, high = proportion_confint((table["actual"] * table["customers"]).round(), table["customers"], method="wilson")
    np.testing.assert_allclose(table["actual_low"], low)
    np.testing.assert_allclose(table["actual_high"], high)


def test_truth_or_falsehood_counts_as_an_event(split, predicted):
    bought = split["holdout_purchases"] > 0
    ours = holdout_table(predicted, bought, repeat_groups(split))
    pd.testing.assert_frame_equal(ours, holdout_table(predicted, bought.astype(int), repeat_groups(split)))
    assert ours["actual_high"].max() <= 1


def test_equal_count_bins_are_equal(cdnow):
    predicted = pd.Series(np.random.default_rng(1).random(len(cdnow)), cdnow.index)
    table = by_forecast(predicted, cdnow["holdout_purchases"], 10)
    assert table["group"].tolist() == list(range(1, 11))
    assert set(table["customers"]) == {235, 236}
    assert table["predicted"].is_monotonic_decreasing


def test_missing_outcomes_leave_both_means(split, predicted):
    spend = pd.Series([np.nan, 40.0, 20.0, np.nan, 60.0, 10.0], split.index)
    table = holdout_table(predicted * [100, 1, 1, 1, 1, 1], spend, repeat_groups(split))
    assert table[["group", "customers", "predicted", "actual"]].to_numpy().tolist() == [
        ["0", 2, 0.5, 15.0],
        ["7+", 2, 6.0, 50.0],
    ]


def test_row_order_and_row_names_do_not_matter(split, predicted):
    order = list("fbdace")
    pd.testing.assert_frame_equal(by_repeats(split.loc[order], predicted[order]), by_repeats(split, predicted))
    numbered = by_repeats(split.reset_index(drop=True), predicted.reset_index(drop=True))
    pd.testing.assert_frame_equal(numbered, by_repeats(split, predicted))


def test_nobody_makes_an_empty_table(split, predicted):
    nobody, none = split.iloc[:0], predicted.iloc[:0]
    for table in (by_repeats(nobody, none), by_forecast(none, nobody["holdout_purchases"], 10)):
        assert table.empty
        assert table.columns.tolist() == ["group", "customers", "predicted", "actual", "actual_low", "actual_high"]
