"""Whom a contact moves: scores and Qini by hand and by plain pandas, and learners against a planted effect."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from portfoy.deepening.learners import LOGISTIC, TREES, learn, places, qini_parts, scores
from portfoy.models.columns import CONTROL, TREATED

FOUR = pd.DataFrame(
    {
        "campaign_id": "K",
        "arm": [TREATED, CONTROL, TREATED, CONTROL],
        "responded": [1.0, 0, 0, 1],
        "forecast": [0.9, 0.7, 0.5, 0.1],
    }
)


def planted(seed, people=6000, campaigns=2, online=1.2, older=-1.2, every=0.4):
    """Contacts whose arms are drawn: the log odds of buying move by `every`, more if online, less if old. ``truth``."""
    random = np.random.default_rng(seed)
    rows = []
    for number in range(campaigns):
        years, channel = random.normal(45, 12, people).round(), random.choice(["shop", "online", "rep"], people)
        base = -1.8 + 0.4 * (channel == "shop") - 0.02 * (years - 45)
        p = expit(base + every + online * (channel == "online") + older * (years > 55))
        arm = np.where(random.random(people) < 0.6, TREATED, CONTROL)
        chance = np.where(arm == TREATED, p, expit(base))
        about = {"customer_id": [f"{number}-{one}" for one in range(people)], "years": years, "channel": channel}
        answers = {"arm": arm, "responded": (random.random(people) < chance).astype(float), "truth": p - expit(base)}
        rows.append(pd.DataFrame({"campaign_id": f"K{number}"} | about | answers))
    return pd.concat(rows, ignore_index=True)


def test_scores_of_four_contacts_by_hand():
    # e = 1/2, m1 = 1/2, m0 = 1/2: 0 + (y - 1/2) / (1/2) where treated, its opposite where held out
    assert scores(FOUR).tolist() == [1.0, 1.0, -1.0, -1.0]


def test_the_mean_score_of_a_campaign_is_the_difference_of_its_responses():
    contacts = planted(1, people=500)
    mean = contacts.groupby(["campaign_id", "arm"])["responded"].mean().unstack()
    expected = mean[TREATED] - mean[CONTROL]
    found = scores(contacts).groupby(contacts["campaign_id"]).mean()
    pd.testing.assert_series_equal(found, expected, check_names=False)


def test_scores_of_a_group_are_unbiased_by_simulated_truth():
    contacts = planted(2, people=40_000, campaigns=1)
    for group in (contacts["channel"] == "online", contacts["years"] > 55):
        found, error = scores(contacts)[group].mean(), scores(contacts)[group].std() / np.sqrt(group.sum())
        assert abs(found - contacts.loc[group, "truth"].mean()) < 3 * error


def test_qini_of_four_contacts_by_hand():
    # owed down to each depth: 0, 1, 1, 1, 0; the area is 1/8 + 1/4 + 1/4 + 1/8, half of all that is owed 0; 2 treated
    assert qini_parts(FOUR, FOUR["forecast"]).sum() == pytest.approx(100 * 0.75 / 2)
    assert qini_parts(FOUR, -FOUR["forecast"]).sum() == pytest.approx(-100 * 0.75 / 2)
    assert qini_parts(FOUR, FOUR["forecast"] * 0).sum() == pytest.approx(0)


def test_qini_is_the_area_between_the_curve_and_the_line_by_plain_pandas():
    contacts = planted(3, people=400, campaigns=3)
    forecast = contacts["years"].round(-1) * -1.0  # many are equal
    area = 0.0
    for _campaign, own in contacts.groupby("campaign_id"):
        treated = own["arm"] == TREATED
        ratio = treated.sum() / (~treated).sum()
        owed = own["responded"].where(treated, -ratio * own["responded"])
        steps = owed.groupby(-forecast[own.index]).agg(["sum", "size"]).cumsum()
        depth, curve = [0, *steps["size"] / len(own)], [0, *steps["sum"]]
        area += np.trapezoid(curve, depth) - curve[-1] / 2
    expected = 100 * area / (contacts["arm"] == TREATED).sum()
    assert qini_parts(contacts, forecast).sum() == pytest.approx(expected)


def test_places_are_within_campaigns_and_equal_forecasts_share_one():
    found = places(pd.Series([5.0, 1, 3, 3, 9, 8]), pd.Series(list("AAAABB")))
    assert found.tolist() == [0.125, 0.875, 0.5, 0.5, 0.25, 0.75]


@pytest.mark.parametrize("seed", [4, 5])
def test_learners_recover_a_planted_effect(seed):
    known, later = planted(seed), planted(seed + 100)
    fits = learn(known, ["years", "channel"])
    for way, least in ((LOGISTIC, 0.85), (TREES, 0.75)):
        forecast = fits[way](later)
        assert np.corrcoef(forecast, later["truth"])[0, 1] > least, way
        assert forecast.mean() == pytest.approx(later["truth"].mean(), abs=0.03), way


def test_an_effect_alike_for_all_is_forecast_alike():
    known = planted(6, online=0.0, older=0.0)
    forecast = learn(known, ["years", "channel"])[LOGISTIC](known)
    assert forecast.std() < known["truth"].mean() / 3


def test_a_response_is_not_what_is_learnt():
    """Those who respond most, in shops, are moved least."""
    known = planted(7, every=0.0, older=0.0)
    forecast = learn(known, ["years", "channel"])[LOGISTIC](known).groupby(known["channel"]).mean()
    assert forecast["online"] > forecast["shop"] + 0.05


def test_a_customer_like_nobody_known_has_no_forecast():
    known = planted(8, people=1000)
    strange = known.head(2).assign(channel=["fair", "shop"])
    for forecast in (fit(strange) for fit in learn(known, ["years", "channel"]).values()):
        assert forecast.isna().tolist() == [True, False]


def test_nothing_is_learnt_from_too_few_one_arm_or_no_difference():
    known = planted(9, people=1000)
    assert learn(known.head(60), ["years"]) == {}
    assert learn(known.head(0), ["years"]) == {}
    assert learn(known[known["arm"] == TREATED], ["years"]) == {}
    assert learn(known.assign(years=40.0), ["years"]) == {}


def test_the_order_of_rows_does_not_matter():
    known = planted(10, people=1500)
    later, mixed = known.head(50), known.sample(frac=1, random_state=1)
    for way in (LOGISTIC, TREES):
        one, other = (learn(rows, ["years", "channel"])[way](later) for rows in (known, mixed))
        np.testing.assert_allclose(one, other, atol=1e-4)
