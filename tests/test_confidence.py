"""Whether each analysis takes the confidence it is given: bounds at 80 % against scipy, statsmodels and plain loops."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm, t
from statsmodels.stats.proportion import proportion_confint

import portfoy as pf
from portfoy import intervals
from portfoy.contract import DataError

NARROW = norm.ppf(0.9) / norm.ppf(0.975)  # how much narrower a normal interval of 80 % is than one of 95 %


def plain(sentence):
    return str(sentence).replace("\u2060", "").replace("\u00a0", " ")


def message_of(function, *arguments, **named):
    with pytest.raises(DataError) as caught:
        function(*arguments, **named)
    return str(caught.value)


def orders(seed, customers=150, days=900):
    """Purchases of customers of different rates, a line each."""
    random, rows = np.random.default_rng(seed), []
    for number in range(customers):
        day = int(random.integers(0, 300))
        gap = random.gamma(2, 30)
        while day < days:
            rows.append((f"C{number:03d}", f"{number}-{day}", day, round(random.gamma(3, 20), 2)))
            day += 1 + int(random.exponential(gap))
            if random.random() < 0.08:
                break
    table = pd.DataFrame(rows, columns=["customer_id", "order_id", "ordered_on", "amount"])
    return table.assign(ordered_on=pd.Timestamp("2022-01-01") + pd.to_timedelta(table["ordered_on"], unit="D"))


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
    assert message_of(function, wrong) == (
        f"confidence: {wrong} is not between 0 and 1; it is a share. For 95 % give 0.95."
    )


# --- the portfolio -------------------------------------------------------------------------------------------------


def test_the_rule_takes_a_confidence_and_says_it():
    log = orders(1)
    wide, narrow = pf.state_rule(log), pf.state_rule(log, confidence=0.5)
    assert (wide.at_risk_days, wide.lapsed_days) == (narrow.at_risk_days, narrow.lapsed_days)
    assert wide.lapsed_days_low <= narrow.lapsed_days_low < narrow.lapsed_days_high < wide.lapsed_days_high
    assert "days (50% interval " in plain(pf.describe_rule(narrow))


def test_flows_take_a_confidence_and_say_it():
    log = orders(2)
    rule = pf.state_rule(log)
    before, now = (pf.state_table(log, rule, as_of=day) for day in ("2023-06-30", "2024-06-30"))
    flows = pf.flow_table(before, now, confidence=0.8)
    base = flows.groupby("before")["people"].transform("sum")
    seen = base > 0
    judge = proportion_confint(flows["people"][seen], base[seen], 0.2, "wilson")
    np.testing.assert_allclose(flows.loc[seen, ["share_low", "share_high"]].to_numpy().T, judge, atol=1e-12)
    assert ", 80% interval " in plain(pf.describe_flows(flows, confidence=0.8))


def test_growth_takes_a_confidence_and_says_it():
    growth = pf.growth_table(orders(3), confidence=0.8)
    gained = growth["new"] + growth["reactivated"]
    low, high = proportion_confint(gained, gained + growth["lost"], 0.2, "wilson")
    np.testing.assert_allclose(growth["quick_ratio_low"], low / (1 - low))
    np.testing.assert_allclose(growth["quick_ratio_high"], high / (1 - high))
    assert " (80% interval " in plain(pf.describe_growth(growth, confidence=0.8))


def test_findings_on_states_take_a_confidence():
    def states(at_risk):
        return pd.DataFrame({"state": ["at risk"] * at_risk + ["active"] * (200 - at_risk), "margin": np.nan})

    found = pf.findings_table(states=states(70), states_before=states(57), confidence=0.8).iloc[0]
    assert found[["value_low", "value_high"]].tolist() == pytest.approx(proportion_confint(70, 200, 0.2, "wilson"))
    spread = np.hypot(*(np.sqrt(p * (1 - p) / 200) for p in (70 / 200, 57 / 200)))
    z = (70 - 57) / 200 / spread
    assert norm.ppf(0.9) < z < norm.ppf(0.975)  # a clear change at 80 %, not at 95 %
    assert found["verdict"] == "weakness"
    assert pf.findings_table(states=states(70), states_before=states(57)).iloc[0]["verdict"] == "steady"


def test_the_reader_is_told_of_which_confidence_the_intervals_are():
    facts = {"used": 1, "rows": 1, "customers": 1, "orders": 1, "first_day": pd.Timestamp("2024-01-01")}
    facts = type("Facts", (), facts | {"last_day": pd.Timestamp("2024-01-01")})
    tables = type("Tables", (), {"facts": facts, "quality": pd.DataFrame({"rows": []}), "reading": ()})
    said = "Two numbers in brackets are the bounds of an interval, of {} where nothing else is said."
    for confidence, words in ((0.8, "80%"), (0.95, "95%"), (0.995, "99.5%")):
        assert plain(pf.describe_data(tables, confidence=confidence)).endswith(said.format(words))
    assert "interval" not in pf.describe_data(tables)
