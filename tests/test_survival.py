"""Durations where not all have been seen to the end; the judges are statsmodels, R's cmprsk and published numbers."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kstest
from statsmodels.duration.survfunc import CumIncidenceRight, SurvfuncRight

from portfoy.models.survival import gray_test, incidence


def drawn(seed, n=600, groups=1):
    """Days, "won", "lost" or None, and a group: the same for all groups; a third are won."""
    random = np.random.default_rng(seed)
    lasts, seen = np.floor(random.gamma(4, 15, n)), random.integers(0, 250, n)
    outcome = np.where(random.random(n) < 1 / 3, "won", "lost")
    return np.minimum(lasts, seen), np.where(lasts <= seen, outcome, None), random.integers(0, groups, n)


# Worked out by hand


def test_incidence_by_hand():
    found = incidence([1, 1, 2, 2, np.nan, 3], ["won", "lost", "won", None, "won", "lost"], 4)  # one is not known
    assert found.n.tolist() == [5, 5, 3, 1, 0]
    np.testing.assert_allclose(found.share("won"), [0, 0.2, 0.4, 0.4, 0.4])
    np.testing.assert_allclose(found.share("lost"), [0, 0.2, 0.2, 0.6, 0.6])
    np.testing.assert_allclose(found.still, [1, 0.6, 0.4, 0, 0], atol=1e-12)
    assert found.day_of("won")[0] == 1
    assert found.day_of("won", 0.75)[0] == 2


def test_rows_that_stand_for_many_count_so():
    days, outcome, _group = drawn(5)
    rows = pd.DataFrame({"days": days, "outcome": outcome}).groupby(["days", "outcome"], dropna=False).size()
    rows = rows.reset_index(name="rows")
    once, counted = incidence(days, outcome, 200), incidence(rows["days"], rows["outcome"], 200, rows["rows"])
    np.testing.assert_allclose(once.curve("won"), counted.curve("won"))


@pytest.mark.parametrize(("days", "events"), [([], []), ([4], [None]), ([0], ["won"])])
def test_nobody_and_one(days, events):
    found = incidence(days, events, 10)
    met = float(events == ["won"])
    assert found.share("won").tolist() == [met] * 11
    assert found.share("lost").tolist() == [0] * 11
    assert np.isfinite(found.curve("won")).all()
    assert np.isnan(found.day_of("lost")).all()


def test_confidence_moves_the_bounds():
    found = incidence(*drawn(1)[:2], 200)
    (_share, low, high, error), (_same, lower, higher, _error) = found.curve("won", 0.8), found.curve("won", 0.99)
    assert (lower[50:] < low[50:]).all()
    assert (high[50:] < higher[50:]).all()
    assert (error[50:] > 0).all()
    assert found.day_of("won", confidence=0.8)[1] >= found.day_of("won", confidence=0.99)[1]


# Other programs


def test_kaplan_meier_is_that_of_statsmodels():
    random = np.random.default_rng(3)
    days, ended = random.integers(1, 60, 500), random.random(500) < 0.6
    found, judge = incidence(days, np.where(ended, "ended", None), 60), SurvfuncRight(days, ended)
    np.testing.assert_array_equal(np.flatnonzero(found.hazards["ended"]), judge.surv_times)
    np.testing.assert_allclose(found.still[judge.surv_times], judge.surv_prob)
    np.testing.assert_array_equal(found.n[judge.surv_times], judge.n_risk)


@pytest.mark.parametrize("seed", range(3))
def test_incidence_and_its_error_are_those_of_statsmodels(seed):
    days, outcome, _group = drawn(seed)
    days, outcome = np.append(days, 999), np.append(outcome, None)  # else statsmodels divides by zero on the last day
    judge = CumIncidenceRight(days, pd.Series(outcome).map({"won": 1, "lost": 2}).fillna(0).astype(int).to_numpy())
    found, times = incidence(days, outcome, 150), judge.times[judge.times <= 150].astype(int)
    for place, event in enumerate(["won", "lost"]):
        share, _low, _high, error = found.curve(event)
        np.testing.assert_allclose(share[times], judge.cinc[place][: len(times)])
        np.testing.assert_allclose(error[times], judge.cinc_se[place][: len(times)], rtol=0.02)


# Published numbers


@pytest.fixture(scope="module")
def pipeline(shared_data):
    """The 8,300 engaged deals of the B2B pipeline: days, what became of them, region."""
    folder = shared_data / "sales_pipeline"
    deals = pd.read_csv(folder / "sales_pipeline.csv").dropna(subset="engage_date")
    deals = deals.merge(pd.read_csv(folder / "sales_teams.csv"), how="left", on="sales_agent")
    end = pd.to_datetime(deals["close_date"].fillna("2017-12-31"))
    days = (end - pd.to_datetime(deals["engage_date"])).dt.days
    return days, deals["deal_stage"].map({"Won": "won", "Lost": "lost"}), deals["regional_office"]


def test_the_incidences_of_the_pipeline_are_the_published_ones(pipeline):
    """R's cmprsk 2.2.11 and statsmodels 0.15."""
    found = incidence(*pipeline[:2], 180)
    at = [14, 30, 57, 90, 120]
    assert found.share("won")[at].round(6).tolist() == [0.187614, 0.218995, 0.257059, 0.397015, 0.500042]
    assert found.share("lost")[at].round(6).tolist() == [0.150500, 0.162206, 0.181726, 0.252125, 0.295500]
    assert found.curve("won")[3][120].round(4) == 0.0055


@pytest.mark.parametrize(("event", "statistic", "p_value"), [("won", 13.524, 0.00116), ("lost", 15.920, 0.00035)])
def test_the_test_of_gray_is_that_of_cmprsk(pipeline, event, statistic, p_value):
    found = gray_test(*pipeline, event)
    assert (round(found[0], 3), found[1], round(found[2], 5)) == (statistic, 2, p_value)


# What must hold


def test_who_is_called_what_and_the_order_of_rows_do_not_matter():
    days, outcome, group = drawn(2, groups=4)
    order = np.random.default_rng(1).permutation(len(days))
    names = np.array(["d", "a", "<b>", "c"])[group]
    judge = gray_test(days, outcome, group, "won")
    assert gray_test(days[order], outcome[order], names[order], "won") == pytest.approx(judge)
    assert judge[1] == 3


def test_one_group_is_compared_with_nobody_and_missing_ones_are_left_out():
    days, outcome, group = drawn(2, groups=2)
    assert np.isnan(gray_test(days, outcome, np.zeros(len(days)), "won")[0])
    more = [np.append(each, extra) for each, extra in zip((days, outcome), ([9.0], ["won"]), strict=True)]
    found = gray_test(*more, np.append(group.astype(object), None), "won")
    assert found == pytest.approx(gray_test(days, outcome, group, "won"))


@pytest.mark.study
def test_groups_alike_are_called_different_as_often_as_chance_says():
    """Under no difference the p-values are uniform (Kolmogorov-Smirnov), few or many groups alike."""
    for groups in (2, 5):
        found = [gray_test(*drawn(seed, 400, groups), "won")[2] for seed in range(600)]
        assert kstest(found, "uniform").pvalue > 0.001
        assert np.mean(np.array(found) < 0.05) == pytest.approx(0.05, abs=3 * np.sqrt(0.05 * 0.95 / 600))


@pytest.mark.study
def test_the_interval_of_the_day_by_which_half_are_won_holds_it():
    """Simulated truth: the median of the days of all who will be won, lost and open ones beside."""
    truth = np.median(np.floor(np.random.default_rng(0).gamma(4, 15, 2_000_000)))
    held = []
    for seed in range(300):
        _day, low, high = incidence(*drawn(seed)[:2], 200).day_of("won")
        held.append(low <= truth <= high)
    assert 0.92 <= np.mean(held) <= 0.99  # whole days: at least what is said, and not much more


def test_who_ended_before_the_beginning_is_left_out():
    days, events = [3.0, np.nan, -40.0, 5.0], ["won", "won", "lost", None]
    some, known = incidence(days, events, 10), incidence([3.0, 5.0], ["won", None], 10)
    assert some.share("won").tolist() == known.share("won").tolist()
    assert some.n.tolist() == known.n.tolist()
