"""The predicted-beside-actual table against Fader, Hardie & Lee (2005) and against sums written out."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

from portfoy.errors import DataError
from portfoy.models.bg_nbd import fit_bg_nbd
from portfoy.models.holdout import holdout_table


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
    pd.testing.assert_frame_equal(holdout_table(split, predicted), expected, check_dtype=False)


def test_equal_predictions_stay_in_one_group(split, predicted):
    table = holdout_table(split, predicted, groups="predicted", bins=6)
    assert table["group"].tolist() == [1, 2, 3, 4]
    assert table["customers"].tolist() == [1, 1, 1, 3]
    assert table["predicted"].tolist() == [8.0, 4.0, 1.5, 0.5]
    assert table["actual"].tolist() == [6.0, 4.0, 3.0, 1.0]


def test_holdout_by_frequency_matches_fader_hardie_lee_2005(cdnow):
    table = holdout_table(cdnow, fit_bg_nbd(cdnow).expected_purchases(cdnow, 39 * 7))
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
    table = holdout_table(cdnow, pd.Series(0.3, cdnow.index), actual=bought)
    low, high = proportion_confint((table["actual"] * table["customers"]).round(), table["customers"], method="wilson")
    np.testing.assert_allclose(table["actual_low"], low)
    np.testing.assert_allclose(table["actual_high"], high)


def test_truth_or_falsehood_counts_as_an_event(split, predicted):
    bought = split["holdout_purchases"] > 0
    ours = holdout_table(split, predicted, actual=bought)
    pd.testing.assert_frame_equal(ours, holdout_table(split, predicted, actual=bought.astype(int)))
    assert ours["actual_high"].max() <= 1


def test_equal_count_bins_are_equal(cdnow):
    predicted = pd.Series(np.random.default_rng(1).random(len(cdnow)), cdnow.index)
    table = holdout_table(cdnow, predicted, groups="predicted")
    assert table["group"].tolist() == list(range(1, 11))
    assert set(table["customers"]) == {235, 236}
    assert table["predicted"].is_monotonic_decreasing


def test_missing_outcomes_leave_both_means(split, predicted):
    spend = pd.Series([np.nan, 40.0, 20.0, np.nan, 60.0, 10.0], split.index)
    table = holdout_table(split, predicted * [100, 1, 1, 1, 1, 1], actual=spend)
    assert table[["group", "customers", "predicted", "actual"]].to_numpy().tolist() == [
        ["0", 2, 0.5, 15.0],
        ["7+", 2, 6.0, 50.0],
    ]
    again = holdout_table(split, predicted, actual=spend, groups="predicted", bins=2)
    assert again["customers"].tolist() == [2, 2]


def test_row_order_and_row_names_do_not_matter(split, predicted):
    order = list("fbdace")
    pd.testing.assert_frame_equal(holdout_table(split.loc[order], predicted[order]), holdout_table(split, predicted))
    numbered = holdout_table(split.reset_index(drop=True), predicted.reset_index(drop=True))
    pd.testing.assert_frame_equal(numbered, holdout_table(split, predicted))


@pytest.mark.parametrize("groups", ["repeats", "predicted"])
def test_nobody_makes_an_empty_table(split, predicted, groups):
    table = holdout_table(split.iloc[:0], predicted.iloc[:0], groups=groups)
    assert table.empty
    assert table.columns.tolist() == ["group", "customers", "predicted", "actual", "actual_low", "actual_high"]


def test_a_missing_column_is_named(split, predicted):
    with pytest.raises(DataError) as caught:
        holdout_table(split, predicted, actual="holdout_revenue")
    assert str(caught.value) == (
        "holdout_table: column 'holdout_revenue' is missing; the split table has 'repeats', 'holdout_purchases'. "
        "Build it with a split date."
    )


@pytest.mark.parametrize(("groups", "bins"), [("span", 10), ("predicted", 0)])
def test_unknown_groups_are_refused(split, predicted, groups, bins):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole text is compared
        holdout_table(split, predicted, groups=groups, bins=bins)
    assert str(caught.value) == (
        f"holdout_table: groups is 'repeats' or 'predicted' with bins from 1, not '{groups}' with {bins}."
    )


def test_another_index_is_refused(split, predicted):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole text is compared
        holdout_table(split, predicted.reset_index(drop=True))
    assert str(caught.value) == (
        "holdout_table: predicted, actual and groups need the index of the split table; make them from its rows."
    )
