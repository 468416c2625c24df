"""Strengths and weaknesses: by intervals, against published yardsticks, and in words."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from statsmodels.stats.proportion import proportion_confint

from helpers import plain
from portfoy.firm import Firm
from portfoy.portfolio.findings import findings
from portfoy.words.result import NotPossible

ONE = pd.DataFrame({"customer_id": ["A"], "order_id": ["1"], "ordered_on": pd.Timestamp("2026-06-30"), "amount": [1.0]})


def found_by(confidence=0.95, **results):
    return findings(Firm.of(ONE, currency="TRY", confidence=confidence), **results)


def table_of(**results):
    return found_by(**results).table


def years_of(**changes):
    rows = [
        {"figure": figure, "unit": "money", "change": middle, "change_low": low, "change_high": high}
        for figure, (low, middle, high) in changes.items()
    ]
    return SimpleNamespace(table=pd.DataFrame(rows, columns=["figure", "unit", "change", "change_low", "change_high"]))


def metric(name, value, half, unit="share", missing=""):
    bounds = {"value": value, "value_low": value - half, "value_high": value + half}
    return {"metric": name, **bounds, "unit": unit, "counted": 1.0, "base": 2.0, "days": 365, "missing": missing}


def test_a_difference_counts_where_its_interval_leaves_no_doubt():
    found = table_of(years=years_of(revenue=(0.1, 0.2, 0.3), ticket=(-0.3, -0.2, -0.1), buyers=(-0.1, 0.0, 0.1)))
    assert dict(zip(found["topic"], found["verdict"], strict=True)) == {
        "revenue": "strength",
        "ticket": "weakness",
        "buyers": "steady",
    }
    assert found["area"].tolist() == ["finance", "finance", "market"]


def test_less_churn_is_a_strength_and_missing_metrics_are_left_out():
    now = pd.DataFrame(
        [metric("churn", 0.3, 0.02), metric("nps", 30, 5, "points"), metric("clv", np.nan, np.nan, missing="why")]
    )
    before = pd.DataFrame([metric("churn", 0.4, 0.02), metric("nps", 33, 5, "points"), metric("clv", 1, 1)])
    found = table_of(key_figures=SimpleNamespace(table=now, earlier=before))
    assert found[["topic", "verdict", "against"]].to_numpy().tolist() == [
        ["churn", "strength", 0.4],
        ["nps", "steady", 33],
    ]


@pytest.mark.parametrize(
    ("low", "high", "verdict"), [(0.5, 0.6, "strength"), (0.6, 0.7, "steady"), (0.7, 0.8, "weakness")]
)
def test_reliance_on_the_largest_is_held_against_other_firms(low, high, verdict):
    spread = pd.DataFrame(
        [
            {
                "unit": "customer", "measure": "revenue", "top_share": (low + high) / 2, "top_share_low": low,
                "top_share_high": high, "largest_share": 0.2,
            }
        ]
    )  # fmt: skip
    found = table_of(concentration=SimpleNamespace(spread=SimpleNamespace(table=spread))).set_index("topic")
    assert found.loc["top_share", "verdict"] == verdict
    assert found.loc["top_share", "against"] == 0.67  # McCarthy & Winer (2018), over 339 firms
    assert found.loc["largest", "verdict"] == "weakness"  # above the tenth of IFRS 8.34


def test_people_who_never_bought_are_an_opportunity_and_more_at_risk_a_weakness():
    def states(**counts):
        names = [name.replace("_", " ") for name, count in counts.items() for _one in range(count)]
        return pd.DataFrame({"state": names, "margin": np.where(np.arange(len(names)) < 10, -1.0, 1.0)})

    now, before = states(active=100, at_risk=100, lapsed=50, prospect=50), states(active=150, at_risk=50, lapsed=20)
    found = table_of(states=SimpleNamespace(people=now, earlier=before)).set_index("topic")
    assert found["verdict"].to_dict() == {"at_risk": "weakness", "loss_making": "weakness", "prospects": "chance"}
    assert found.loc["at_risk", ["value", "against"]].tolist() == [0.5, 0.25]
    assert found.loc["prospects", "value"] == pytest.approx(50 / 300)
    assert found.loc["loss_making", "value"] == pytest.approx(10 / 250)


def test_findings_on_states_take_the_confidence_of_the_firm():
    def states(at_risk):
        return pd.DataFrame({"state": ["at risk"] * at_risk + ["active"] * (200 - at_risk), "margin": np.nan})

    both = SimpleNamespace(people=states(70), earlier=states(57))
    found = found_by(0.8, states=both).table.iloc[0]
    assert found[["value_low", "value_high"]].tolist() == pytest.approx(proportion_confint(70, 200, 0.2, "wilson"))
    spread = np.hypot(*(np.sqrt(p * (1 - p) / 200) for p in (70 / 200, 57 / 200)))
    z = (70 - 57) / 200 / spread
    assert norm.ppf(0.9) < z < norm.ppf(0.975)  # a clear change at 80 %, not at 95 %
    assert found["verdict"] == "weakness"
    assert found_by(0.95, states=both).table.iloc[0]["verdict"] == "steady"


def test_without_an_earlier_year_the_states_are_not_compared():
    now = pd.DataFrame({"state": ["active", "prospect"], "margin": np.nan})
    assert table_of(states=SimpleNamespace(people=now, earlier=None))["topic"].tolist() == ["prospects"]


# What is not possible


def test_what_is_not_possible_is_left_out_and_the_method_says_why():
    reason = "states: 3 gaps between purchases can be used; at least 30 are needed."
    found = found_by(
        years=years_of(revenue=(0.1, 0.2, 0.3)), states=NotPossible(reason), key_figures=NotPossible(reason)
    )
    assert found.table["topic"].tolist() == ["revenue"]
    assert str(found.method()).count(reason) == 1


def test_nothing_to_compare_is_not_possible():
    for nothing in (found_by(), found_by(years=years_of(), states=NotPossible("why"))):
        assert not nothing
        assert nothing.reason == "findings: there is too little history to compare with. Take a longer one."


# What is shown


def result(confidence=0.95):
    now = pd.DataFrame([metric("churn", 0.3, 0.02), metric("sales_cycle", 60, 3, "days")])
    before = pd.DataFrame([metric("churn", 0.4, 0.02), metric("sales_cycle", 61, 3, "days")])
    years = years_of(revenue=(0.1, 0.2, 0.3), ticket=(-0.3, -0.2, -0.1), buyers=(-0.1, 0.0, 0.1))
    return found_by(confidence, years=years, key_figures=SimpleNamespace(table=now, earlier=before))


def test_every_finding_is_a_sentence_with_its_number():
    texts = result().summary().texts
    assert texts["Verdict"].tolist() == ["Strength", "Strength", "Weakness", "No clear change", "No clear change"]
    assert texts["Finding"].tolist() == [
        "Revenue: +20% on the year before, prices included",
        "Churn: 30.0% after 40.0% a year ago",
        "Revenue per purchase: -20% on the year before, prices included",
        "Customers who bought: 0% on the year before",
        "Sales cycle length: 60 days after 61 days a year ago",
    ]


def test_findings_in_words():
    found = result()
    assert found.finding().text == "1 weakness stands out"
    assert found.reading() == "Weak: Revenue per purchase. Strong: Revenue; Churn."
    assert plain(found.method()) == (
        "A difference counts where its whole interval lies on one side. Of 5 comparisons about 0.3 would by chance."
    )
    assert "about 1.0 would" in plain(result(0.8).method())
    strong, steady = found_by(years=years_of(revenue=(1, 2, 3))), found_by(years=years_of(revenue=(-1, 0, 1)))
    assert strong.finding().text == "1 strength stands out, no weakness"
    assert (steady.finding().text, steady.finding().nothing) == ("Nothing stands out beyond chance", True)
    assert result(0.8).content()["chart"] is None
