"""Whether each analysis takes the confidence it is given: bounds at 80 % against scipy, statsmodels and plain loops."""

import json
import re
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm, t
from statsmodels.stats.proportion import proportion_confint

import portfoy as pf
from helpers import message_of, orders, plain
from portfoy import intervals
from portfoy.models.arms import fit_added
from portfoy.models.bass import Bass
from portfoy.models.holdout import holdout_table, repeat_groups
from portfoy.models.judging import gains_table
from portfoy.models.terms import CampaignTerms, campaign_terms
from portfoy.selection.campaign import profit_curve
from portfoy.selection.forecast import forecast
from portfoy.selection.profiles import profile_cards
from portfoy.selection.response import fit_response

mpl.use("agg")

NARROW = norm.ppf(0.9) / norm.ppf(0.975)  # how much narrower a normal interval of 80 % is than one of 95 %


# --- the interval module -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("confidence", [0.5, 0.8, 0.95, 0.999])
def test_z_and_t_are_those_of_scipy(confidence):
    assert intervals.z_value(confidence) == pytest.approx(norm.ppf((1 + confidence) / 2), abs=1e-12)
    judge = t.ppf((1 + confidence) / 2, [1, 5, 300])
    np.testing.assert_allclose(intervals.t_value(confidence, np.array([0, 5, 300])), judge, rtol=1e-10)


def test_intervals_by_hand():
    low, high = intervals.wald(np.array([1.0, 2.0]), np.array([0.5, 0.0]), 0.8)
    np.testing.assert_allclose([low, high], [[1 - 0.5 * norm.ppf(0.9), 2], [1 + 0.5 * norm.ppf(0.9), 2]])
    assert np.log(intervals.on_logs(10.0, 0.3, 0.8)) == pytest.approx(norm(np.log(10), 0.3).ppf([0.1, 0.9]))
    low, high = intervals.on_logits(0.4, 0.2, 0.8)
    assert np.log([low / (1 - low), high / (1 - high)]) == pytest.approx(norm(0.4, 0.2).ppf([0.1, 0.9]))
    np.testing.assert_allclose(intervals.percentiles(np.arange(101.0)[:, None], 0.8), [[10], [90]])


def test_the_delta_method_is_that_of_a_sum_of_normals():
    covariance = np.array([[4.0, 1.0], [1.0, 9.0]])
    np.testing.assert_allclose(intervals.delta_error([[1, 1], [1, -1]], covariance), np.sqrt([15, 11]))
    assert intervals.delta_error([2.0, 0.0], pd.DataFrame(covariance)) == pytest.approx(4)


@pytest.mark.parametrize("function", [intervals.z_value, lambda wrong: intervals.t_value(wrong, 5)])
@pytest.mark.parametrize("wrong", [0, 1, 95, -0.1, float("nan")])
def test_a_confidence_is_a_share(function, wrong):
    assert message_of(function, wrong) == (f"confidence: {wrong} is not between 0 and 1. For 95 % give 0.95.")


# --- the portfolio -------------------------------------------------------------------------------------------------


def test_the_rule_takes_a_confidence_and_says_it():
    firm = pf.Firm.of(orders(1))
    wide, narrow = pf.states(firm), pf.states(replace(firm, confidence=0.5))
    assert (wide.rule.at_risk_days, wide.rule.lapsed_days) == (narrow.rule.at_risk_days, narrow.rule.lapsed_days)
    low, high = narrow.rule.lapsed_days_low, narrow.rule.lapsed_days_high
    assert wide.rule.lapsed_days_low <= low < high < wide.rule.lapsed_days_high
    assert "Intervals (50%): " in plain(narrow.method())


# --- the selection -------------------------------------------------------------------------------------------------


def contacts(seed, people=900):
    """Contacts of two campaigns; the channel tells who responds."""
    random = np.random.default_rng(seed)
    start = pd.to_datetime(["2024-01-01", "2024-06-01"])[np.arange(people) % 2]
    shop, years = random.random(people) < 0.5, random.integers(20, 70, people)
    p = 1 / (1 + np.exp(1.5 - 1.2 * shop))
    table = {
        "campaign_id": np.where(start.month == 1, "K1", "K2"), "starts_on": start,
        "customer_id": [f"C{number}" for number in range(people)], "contacted_on": start,
        "known_on": start + pd.Timedelta(days=30), "responded": (random.random(people) < p) * 1.0,
        "arm": np.where(random.random(people) < 0.2, "control", "treatment"), "hold_out_share": np.nan,
        "channel": np.where(shop, "shop", "online"), "years": years * 1.0,
    }  # fmt: skip
    return pd.DataFrame(table)


def narrowed(narrow, wide, name, scale=lambda value: value):
    """By what part the interval of a column is narrower, in the rows that have one."""
    (low, high), (least, most) = (
        [scale(table[f"{name}{end}"]) for end in ("_low", "_high")] for table in (narrow, wide)
    )
    return ((high - low) / (most - least)).dropna().to_numpy(dtype=float)


def test_forecast_beside_actual_takes_a_confidence():
    random = np.random.default_rng(5)
    split = pd.DataFrame({"repeats": np.repeat([0, 1, 2], 40), "holdout_purchases": random.poisson(2, 120)})
    table = holdout_table(
        pd.Series(1.0, split.index), split["holdout_purchases"], repeat_groups(split), confidence=0.8
    ).set_index("group")
    for group, part in split.groupby(split["repeats"].astype(str))["holdout_purchases"]:
        judge = norm(part.mean(), part.std() / np.sqrt(40)).ppf([0.1, 0.9])
        assert table.loc[group, ["actual_low", "actual_high"]].tolist() == pytest.approx(judge.tolist())


def test_the_forecast_carries_its_confidence_to_words_and_figures():
    narrow, wide = (forecast(pf.Firm.of(orders(6, customers=300), confidence=confidence)) for confidence in (0.8, 0.95))
    np.testing.assert_allclose(narrowed(narrow.table, wide.table, "value_actual"), NARROW)
    np.testing.assert_allclose(narrowed(narrow.purchases, wide.purchases, "actual"), NARROW)
    np.testing.assert_allclose(narrowed(narrow.total[:2], wide.total[:2], "error", lambda end: 1 / (1 + end)), NARROW)
    np.testing.assert_allclose(narrowed(narrow.parameters, wide.parameters, "early", np.log), NARROW)
    said = json.dumps(narrow.content())
    assert "actual, 80% interval" in said
    assert "95%" not in said


def test_who_responds_takes_a_confidence_and_says_it():
    examples = contacts(7)
    narrow, wide = (fit_response(examples, confidence=confidence) for confidence in (0.8, 0.95))
    np.testing.assert_allclose(narrowed(narrow.odds, wide.odds, "odds_ratio", np.log), NARROW)
    pd.testing.assert_series_equal(narrow.odds["odds_ratio"], wide.odds["odds_ratio"])
    pair = narrow.fit.predict(examples.head(), 0.8), wide.fit.predict(examples.head())
    np.testing.assert_allclose(narrowed(*pair, "p_response", lambda p: np.log(p / (1 - p))), NARROW)
    ends = [np.diff(narrow.fit.expected_responses(examples, level)[1:])[0] for level in (0.8, 0.95)]
    assert ends[0] / ends[1] == pytest.approx(NARROW)
    total = narrow.judgement.iloc[-1]
    judge = proportion_confint(total["responses"], total["contacts"], 0.2, "wilson")
    assert total[["response_low", "response_high"]].tolist() == pytest.approx(judge)
    ends = [found.effect["points_high"] - found.effect["points_low"] for found in (narrow, wide)]
    assert ends[0] / ends[1] == pytest.approx(NARROW)
    for name in ("auc", "skill"):
        np.testing.assert_allclose(narrowed(narrow.judgement, wide.judgement, name), NARROW)
    told = narrow.calibration["contacts"]
    judge = proportion_confint((narrow.calibration["response"] * told).round(), told, 0.2, "wilson")
    np.testing.assert_allclose(narrow.calibration[["response_low", "response_high"]].to_numpy().T, judge)
    assert "Intervals: 80%." in plain(narrow.method())
    assert narrow.plot().get_label().endswith("band: 80% interval")


def test_gains_and_profit_take_a_confidence_and_say_it():
    judged = pd.DataFrame({"p_response": np.linspace(0.01, 0.99, 90), "responded": ([1.0, 0, 0, 1, 1] * 18)})
    judged = judged.assign(customer_id=[f"C{number}" for number in range(90)], campaign_id="K")
    gains = gains_table(judged, bins=3, confidence=0.8)
    judge = proportion_confint(gains["responses"][:2], 54, 0.2, "wilson")
    np.testing.assert_allclose(gains[["gain_low", "gain_high"]][:2].to_numpy().T, judge)
    terms, arm = CampaignTerms(30, 100), np.where(np.arange(90) % 3 == 0, "control", "treatment")
    scored = judged.assign(arm=arm)
    narrow, wide = (
        profit_curve(scored, terms, fit_added(scored), confidence=confidence)[1] for confidence in (0.8, 0.95)
    )
    each = np.where(arm == "treatment", 100 * judged["responded"] - 30, -200 * judged["responded"])
    judge = norm(each.sum(), each.std(ddof=0) * np.sqrt(90)).ppf([0.1, 0.9])  # of a sum, as the bootstrap would have it
    assert narrow.iloc[2][["profit_low", "profit_high"]].tolist() == pytest.approx(
        judge.tolist(), abs=0.06 * np.ptp(judge)
    )
    ends = [table.iloc[1][["profit_more_low", "profit_more_high"]].diff().iloc[1] for table in (narrow, wide)]
    assert 0 < ends[0] < ends[1]


def test_what_a_response_brings_takes_a_confidence():
    log = orders(8).assign(campaign_id="K", unit_cost=0.0)
    judged = pd.DataFrame({"campaign_id": "K", "customer_id": log["customer_id"].unique(), "responded": 1.0})
    terms = campaign_terms(pf.Firm.of(log, confidence=0.8), judged, contact_cost=1)
    brought = log.groupby("customer_id")["amount"].sum()
    judge = norm(brought.mean(), brought.std() / np.sqrt(len(brought))).ppf([0.1, 0.9])
    assert [terms.response_margin_low, terms.response_margin_high] == pytest.approx(judge.tolist())


def test_cards_take_a_confidence_and_hold_the_same_lines():
    random = np.random.default_rng(9)
    customers = pd.DataFrame({"customer_id": [f"C{n}" for n in range(600)], "segment": ["a", "b"] * 300})
    customers["region"] = np.where(random.random(600) < np.where(customers["segment"] == "a", 0.7, 0.3), "N", "S")
    customers["purchases"] = 1 + random.poisson(np.where(customers["segment"] == "a", 4, 2))
    customers["revenue"] = customers["purchases"] * random.gamma(3, 20, 600)
    narrow, wide = (profile_cards(customers, confidence=confidence) for confidence in (0.8, 0.95))
    pd.testing.assert_series_equal(narrow["level"], wide["level"])
    assert {"trait", "buying"} <= set(narrow["kind"])
    ratio = narrowed(narrow, wide, "index", np.log)
    np.testing.assert_allclose(ratio[narrow["kind"] == "trait"], NARROW)
    np.testing.assert_allclose(ratio[narrow["kind"] == "buying"], t.ppf(0.9, 299) / t.ppf(0.975, 299))


def test_a_launch_takes_a_confidence():
    weeks = np.arange(60) * 7.0
    expected = Bass(0.03, 0.4, 800).expected(weeks + 7, start_day=weeks)["expected"]
    counts = pd.DataFrame(
        {"start_day": weeks, "end_day": weeks + 7, "adopters": np.random.default_rng(1).poisson(expected)}
    )
    narrow, wide = (pf.fit_bass(counts, confidence=confidence) for confidence in (0.8, 0.95))
    assert (narrow.p, narrow.q, narrow.m) == (wide.p, wide.q, wide.m)
    for name in ("p", "q"):
        low, high = narrow.interval(name)
        judge = norm(np.log(getattr(wide, name)), wide.standard_errors[name] / getattr(wide, name)).ppf([0.1, 0.9])
        assert np.log([low, high]) == pytest.approx(judge)
    ends = [fit.peak() for fit in (narrow, wide)]
    assert (ends[0][2] - ends[0][1]) / (ends[1][2] - ends[1][1]) == pytest.approx(NARROW)
    pair = narrow.expected([100, 200]), wide.expected([100, 200])
    np.testing.assert_allclose(narrowed(*pair, "expected", np.log), NARROW)
    assert wide.interval("m")[0] <= narrow.interval("m")[0] < narrow.interval("m")[1] <= wide.interval("m")[1]


def test_the_largest_imitation_that_counts_allow_takes_a_confidence():
    counts = (200 / (1 + np.arange(20)) ** 1.5).round()  # falls ever more slowly: nobody follows anybody
    table = pd.DataFrame({"start_day": np.arange(20) * 7, "end_day": np.arange(1, 21) * 7, "adopters": counts})
    narrow, wide = (pf.fit_bass(table, confidence=confidence) for confidence in (0.5, 0.95))
    assert narrow.q == wide.q == 0
    assert 0 < narrow.q_most < wide.q_most


# --- one place -----------------------------------------------------------------------------------------------------


def test_no_level_is_written_out_but_in_the_interval_module():
    """Nor a quantile of the normal distribution or Student's t taken anywhere else in the package."""
    level = r"1\.96\b|1\.95996|\b0\.975\b|\b97\.5\b|(?<!p=)(?<!bass_p: float = )\b0\.025\b|\b95 ?%[^\"\n]{0,30}interval"
    package = Path(intervals.__file__).parent
    mine = [path for path in package.rglob("*.py") if path.name != "intervals.py" and path.parent.name != "sittings"]
    written = {path: path.read_text("utf-8") for path in mine}  # a sitting shows by hand where an interval comes from
    found = [f"{path}: {hit[0]}" for path, text in written.items() for hit in re.finditer(level, text)]
    elsewhere = r"norm\.ppf|NormalDist|ndtri\b|stdtrit\b|t\.ppf"
    found += [f"{path}: {hit[0]}" for path, text in written.items() for hit in re.finditer(elsewhere, text)]
    for path in (package.parents[1] / "notebooks" / "reports").rglob("*.ipynb"):
        code = "".join(line for cell in json.loads(path.read_text("utf-8"))["cells"] for line in cell["source"])
        found += [f"{path}: {hit[0]}" for hit in re.finditer(level, code)]
    assert found == []
