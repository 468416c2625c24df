"""Held out at random: judged by hand, by statsmodels and scipy, by draws whose truth is known, and by the firm's."""

import numpy as np
import pandas as pd
import pytest

from helpers import CAMPAIGNS, foreseen, message_of
from portfoy.models.arms import _chances, difference, draw, fit_added, lots, ratio_check
from portfoy.models.columns import CONTROL, TREATED
from portfoy.models.examples import response_examples


def arms(seed, sizes, control, added, chosen=None):
    """Contacts of campaigns of these sizes (treated, held out), from the response of controls and what contacts add."""
    random, rows = np.random.default_rng(seed), []
    for number, ((treated, held), base) in enumerate(zip(sizes, control, strict=True)):
        arm = np.repeat([TREATED, CONTROL], [treated, held])
        p = base + added * (arm == TREATED)
        idle = random.gamma(2, 50, len(arm))
        who = random.permutation(5 * len(arm))[: len(arm)]
        table = {"customer_id": who, "arm": arm, "responded": (random.random(len(arm)) < p).astype(float), "idle": idle}
        table = pd.DataFrame(table).assign(campaign_id=f"K{number}", region=random.choice(["A", "B", "C"], len(arm)))
        if number == chosen:
            table["idle"] = np.where(arm == TREATED, idle * 0.7, idle)
        rows.append(table)
    return pd.concat(rows, ignore_index=True)


FIVE = pd.DataFrame(
    {
        "campaign_id": "K",
        "customer_id": list("abcdefg"),
        "arm": [TREATED] * 3 + [CONTROL] * 2 + [None, CONTROL],
        "responded": [1.0, 1, 0, 0, 1, 1, np.nan],
    }
)


# (a) Worked out by hand


def test_the_difference_of_five_answers():
    found = difference(FIVE)
    half = 1.959963985 * np.sqrt(2 / 9 / 2 + 1 / 4)  # variances 2/9 x 3/2 and 1/4 x 2, over 3 and 2
    assert (found["treated"], found["held_out"], found["response"], found["held_out_response"]) == (3, 2, 2 / 3, 0.5)
    assert [found["points"], found["points_low"]] == pytest.approx([100 / 6, 100 / 6 - 100 * half])
    assert difference(FIVE.assign(arm=TREATED)) is None
    assert difference(FIVE.iloc[:4]) is None  # one held out has no spread


def test_campaigns_of_other_ratios_count_each_for_itself():
    sizes = [(400, 40), (40, 400)]  # pooled, the treated would seem to buy far more
    table = arms(1, sizes, [0.5, 0.1], 0.0)
    means = table.groupby(["campaign_id", "arm"])["responded"].mean().unstack()
    each = (means[TREATED] - means[CONTROL]).mean()  # both weigh 400 x 40 / 440
    assert difference(table)["points"] == pytest.approx(100 * each)
    assert table.groupby("arm")["responded"].mean()[TREATED] > 0.35


# (b) Other programs


def test_the_interval_of_one_ratio_is_that_of_statsmodels():
    from statsmodels.stats.proportion import confint_proportions_2indep

    table = arms(2, [(500, 480), (300, 310)], [0.1, 0.12], 0.06)
    found = difference(table, confidence=0.9)
    hits = table.groupby("arm")["responded"].agg(["sum", "size"])
    args = (*hits.loc[TREATED], *hits.loc[CONTROL])
    judge = confint_proportions_2indep(*args, method="wald", alpha=0.1)
    assert [found["points_low"], found["points_high"]] == pytest.approx([100 * one for one in judge], abs=0.02)


def test_the_ratio_check_is_that_of_a_sum_over_all_counts():
    from math import comb

    chance = [comb(30, k) * 0.2**k * 0.8 ** (30 - k) for k in range(31)]
    assert ratio_check(19, 11, 0.2) == pytest.approx(sum(p for p in chance if p <= chance[11] * (1 + 1e-9)))


def test_chances_of_arms_are_those_of_other_tests():
    from scipy.stats import chi2, ranksums

    table = arms(3, [(60, 50)], [0.1], 0.0, chosen=0)
    found = _chances(table, ["idle", "region", "absent"], pd.Series({TREATED: 60, CONTROL: 50}))
    sides = [table["idle"][table["arm"] == arm] for arm in (TREATED, CONTROL)]
    assert found["idle"] == pytest.approx(ranksums(*sides).pvalue, rel=0.02)  # that one does not correct for steps
    cells = table.groupby(["region", "arm"]).size().unstack()
    by_lot = np.outer(cells.sum(axis=1), cells.sum()) / len(table)
    assert found["region"] == pytest.approx(chi2.sf(((cells - by_lot) ** 2 / by_lot).to_numpy().sum(), 2))
    assert set(found) == {"idle", "region"}


# (c) Known truth


def test_lists_draw_the_share_asked_for_and_keep_the_arm():
    ids = pd.Series([f"{n:05d}" for n in range(20_000)])
    first = draw(ids, "next_campaign", 0.1)
    assert abs((first == CONTROL).mean() - 0.1) < 4 * np.sqrt(0.09 / 20_000)
    assert (draw(ids.iloc[::-1], "next_campaign", 0.1)[::-1] == first).all()  # whatever the order, and the run
    assert set(np.flatnonzero(first == CONTROL)) < set(np.flatnonzero(draw(ids, "next_campaign", 0.3) == CONTROL))
    other = draw(ids, "win_back", 0.1) == CONTROL
    both = (other & (first == CONTROL)).mean()
    assert abs(both - 0.01) < 4 * np.sqrt(0.0099 / 20_000)  # two lists know nothing of each other
    assert (draw(ids, "next_campaign", 0.0) == TREATED).all()
    assert draw(["C00107"], "next_campaign", 0.5).tolist() == draw(pd.Series(["C00107"]), "next_campaign", 0.5).tolist()


def test_nine_intervals_in_ten_hold_the_truth_and_kept_arms_have_wider_ones():
    held, kept = 0, []
    for seed in range(30):
        table = arms(seed, [(300, 200)] * 3, [0.05, 0.2, 0.4], 0.08)
        found = difference(table, confidence=0.9)
        held += found["points_low"] <= 8 <= found["points_high"]
        same = pd.concat([table.assign(campaign_id=table["campaign_id"] + end) for end in ("", "b")])
        kept.append([difference(same.assign(hold_out_share=share)) for share in (np.nan, 0.4)])
    assert abs(held / 30 - 0.9) < 3 * np.sqrt(0.09 / 30)
    wide = np.array([[each["points_high"] - each["points_low"] for each in pair] for pair in kept])
    assert (wide[:, 1] / wide[:, 0]).mean() == pytest.approx(np.sqrt(2), rel=0.01)  # the same customers, twice over


@pytest.mark.parametrize("draws", [5, pytest.param(15, marks=pytest.mark.study)])
def test_campaigns_drawn_at_random_are_seldom_taken_for_chosen_ones(draws):
    false = sum(not lots(arms(seed, [(300, 200)] * 6, [0.1] * 6, 0.05), ["idle", "region"])["at_random"].all()
                for seed in range(draws))  # fmt: skip
    assert false <= 1  # one in a hundred is expected
    found = lots(arms(1, [(300, 200)] * 3, [0.1] * 3, 0.05, chosen=1), ["idle", "region"])
    assert found[["campaign_id", "differs", "at_random"]].to_numpy().tolist() == [
        ["K0", "", True], ["K1", "idle", False], ["K2", "", True]
    ]  # fmt: skip


def test_a_share_that_was_not_kept_is_no_chance():
    table = arms(4, [(300, 200), (300, 30)], [0.1] * 2, 0.05)
    meant = table.assign(hold_out_share=table["campaign_id"].map({"K0": 0.4, "K1": 0.4}))
    assert lots(meant, ["idle"])["differs"].tolist() == ["", "hold_out_share"]
    assert lots(table, ["idle"])["at_random"].all()
    assert lots(arms(5, [(300, 4)], [0.1], 0), ["idle"]).empty


def test_what_a_contact_adds_by_forecast_is_the_truth_of_the_campaigns():
    """data/campaigns has the chance of an answer with and without a contact for everybody."""
    _firm, found = foreseen()
    scored = pd.concat([found.judged, found.held], ignore_index=True)
    chances = pd.read_csv(CAMPAIGNS / "truth/contacts.csv", dtype={"customer_id": str})
    scored = scored.merge(chances, on=["campaign_id", "customer_id"])
    truth, fit = scored["p_treated"] - scored["p_control"], fit_added(scored)
    assert found.arms["at_random"].all()
    for low, high in ((0, 0.1), (0.1, 0.2), (0.2, 0.3), (0.3, 0.5), (0.5, 1)):
        own = scored[scored["p_response"].between(low, high)]
        total, least, most = fit.total(own["p_response"])
        assert least < truth[own.index].sum() < most
        assert total == pytest.approx(fit.of(own["p_response"])["added"].sum())
    flat = fit_added(scored.assign(responded=np.where(scored.index % 300 == 0, 1.0, 0.0)))
    assert flat is None  # too few responses


def test_the_teaching_company_held_out_at_random_five_times_and_chose_once(teaching):
    """CAM06 went to who had bought lately, as data/README.md says; the others' arms are by chance."""
    examples = response_examples(teaching)
    table = lots(examples, ["bought_before", "idle", "purchases", "revenue", "ticket", "age", "region", "channel"])
    assert table.set_index("campaign_id")["differs"].to_dict() == {
        **dict.fromkeys(["CAM01", "CAM02", "CAM03", "CAM04", "CAM05"], ""), "CAM06": "idle"
    }  # fmt: skip
    raw = pd.read_csv(CAMPAIGNS.parent / "teaching/contacts.csv")
    for names, told in (
        (["CAM03", "CAM04", "CAM05"], (6.5, 4.1, 9.0)),
        (["CAM01", "CAM02", "CAM03", "CAM04", "CAM05"], (6.2, 4.0, 8.3)),
    ):
        found = difference(examples[examples["campaign_id"].isin(names)])
        own = raw[raw["campaign_id"].isin(names)].groupby("arm")["responded"].agg(["mean", "size"])
        (m0, n0), (m1, n1) = own.loc["control"], own.loc["treatment"]
        half = 1.96 * np.sqrt(m1 * (1 - m1) / n1 + m0 * (1 - m0) / n0)
        by_hand = 100 * (m1 - m0), 100 * (m1 - m0 - half), 100 * (m1 - m0 + half)
        shown = found["points"], found["points_low"], found["points_high"]
        assert shown == pytest.approx(by_hand, abs=0.01)
        assert tuple(round(one, 1) for one in shown) == told


# (d) Properties, (e) errors


def test_the_order_of_rows_changes_nothing():
    table = arms(6, [(100, 90), (80, 20)], [0.2, 0.3], 0.1)
    other = table.sample(frac=1, random_state=1)
    assert difference(table) == pytest.approx(difference(other))


def test_a_share_that_cannot_be():
    for share in (1.0, -0.1, 25):
        assert message_of(draw, ["a"], "x", share) == (
            f"hold_out_share: {share:g} is not from 0 to below 1. For a tenth give 0.1."
        )
