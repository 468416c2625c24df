"""Limits of an individuals chart and the date of a change of level.

Judges: the worked example of the NIST handbook; the Nile as R's strucchange dates it; simulated series and motions.
"""

import numpy as np
import pandas as pd
import pytest

from portfoy.models import limits

NIST = pd.Series([49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1])


def months(values, start="2022-01"):
    return pd.Series(values, pd.period_range(start, periods=len(values), freq="M"))


def test_limits_are_those_of_the_nist_handbook():
    chart = limits.individuals(NIST, season=False, follow=False)
    row = chart.table.iloc[0]
    assert chart.sigma * limits.D2 == pytest.approx(1.8778, abs=5e-5)
    assert row[["expected", "lower", "upper"]].tolist() == pytest.approx([50.81, 45.8159, 55.8041], abs=5e-5)
    assert not chart.table["out"].any()


def test_months_after_the_base_move_no_limit():
    base = limits.individuals(NIST, season=False, follow=False).table
    more = limits.individuals(
        pd.concat([NIST, pd.Series([70.0, 50.0])], ignore_index=True), base=10, season=False, follow=False
    ).table
    assert more[["lower", "upper"]].iloc[:10].to_numpy() == pytest.approx(base[["lower", "upper"]].to_numpy())
    assert more["out"].tolist() == [False] * 10 + [True, False]


@pytest.mark.parametrize("season", [False, True])
def test_chance_alone_is_out_in_at_most_one_month_of_a_hundred(season):
    rng, out = np.random.default_rng(4), []
    for _draw in range(300):
        chart = limits.individuals(months(rng.normal(100, 5, 36)), base=30, season=season)
        out.append(chart.table["out"].iloc[30:].mean())
    assert np.mean(out) <= 0.01


def test_season_and_trend_are_no_alarm_and_a_step_is_one():
    rng = np.random.default_rng(8)
    number = np.arange(42)
    wave = 20 * np.sin(2 * np.pi * number / 12) + 0.8 * number
    found = []
    for _draw in range(40):
        plain = 200 + wave + rng.normal(0, 2, 42)
        stepped = plain + np.where(number >= 39, 20, 0)
        tables = [limits.individuals(months(values), base=36).table["out"].iloc[36:] for values in (plain, stepped)]
        found.append([tables[0].any(), tables[1].iloc[3], tables[1].iloc[:3].any()])
    quiet, seen, early = np.mean(found, axis=0)
    assert (quiet <= 0.08, seen >= 0.95, early <= 0.05) == (True, True, True)


def test_a_step_in_the_base_widens_the_limits_little():
    """They come from steps between neighbours, so one step counts once; a standard deviation would count it always."""
    rng = np.random.default_rng(2)
    values = np.r_[rng.normal(0, 1, 12), rng.normal(8, 1, 12)]
    chart = limits.individuals(months(values), season=False, follow=False)
    assert chart.sigma < 1.6
    assert values.std() > 4


def test_too_few_months_have_no_limits():
    assert limits.individuals(months(range(9)), season=False, follow=False) is None
    assert limits.individuals(months([1.0] * 5 + [np.nan] * 20)) is None


def test_the_nile_changes_where_and_as_surely_as_published():
    import statsmodels.api as sm

    nile = sm.datasets.nile.load_pandas().data
    found = limits.level_change(nile["volume"])
    assert (found.place, found.low, found.high) == (28, 25, 32)
    assert nile["year"].iloc[found.place - 1] == 1898


@pytest.mark.parametrize("phi", [0.5, 3.0])
def test_the_place_of_the_highest_point_is_spread_as_drawn_motions_are(phi):
    rng, step, length = np.random.default_rng(6), 0.05, 900
    drift = -step * np.arange(1, length + 1) / 2
    left, right = (
        np.cumsum(rng.normal(0, np.sqrt(step * scale), (1500, length)), axis=1) + drift for scale in (1.0, phi)
    )
    at = np.where(
        left.max(axis=1) > right.max(axis=1), -step * (left.argmax(axis=1) + 1), step * (right.argmax(axis=1) + 1)
    )
    for x in (-8.0, -2.0, 2.0, 8.0):
        assert limits._placed(x, phi) == pytest.approx((at <= x).mean(), abs=0.035)


def test_the_interval_of_a_change_holds_it_as_often_as_it_says():
    rng, held = np.random.default_rng(11), []
    for _draw in range(200):
        found = limits.level_change(np.r_[rng.normal(0, 1, 20), rng.normal(1.5, 1, 16)], 0.9)
        held.append(found.low <= 20 <= found.high)
    assert 0.8 <= np.mean(held) <= 0.99


def test_short_and_constant_series_are_no_trouble():
    assert limits.level_change([1.0, 2.0, 3.0]) is None
    found = limits.level_change([1.0] * 6 + [2.0] * 6)
    assert (found.place, found.low, found.high) == (6, 6, 6)
