"""Strengths and weaknesses: by intervals, against published yardsticks, and in words."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest, norm
from statsmodels.stats.proportion import proportion_confint, proportions_ztest

from helpers import plain
from portfoy.firm import Firm
from portfoy.portfolio.concentration import concentration
from portfoy.portfolio.findings import findings
from portfoy.portfolio.growth import growth
from portfoy.portfolio.states import states
from portfoy.portfolio.years import years
from portfoy.standing import STATES
from portfoy.words.result import NotPossible

ONE = pd.DataFrame({"customer_id": ["A"], "order_id": ["1"], "ordered_on": pd.Timestamp("2026-06-30"), "amount": [1.0]})


def found_by(confidence=0.95, **results):
    return findings(Firm.of(ONE, currency="TRY", confidence=confidence), **results)


def a_year_ago(now, before, confidence=0.95):
    """The past of key figures, as `KeyFigures` has it; the p-values are those of two independent estimates."""
    half = np.hypot(now["value_high"] - now["value_low"], before["value_high"] - before["value_low"]) / 2
    z = (now["value"] - before["value"]) / (half / norm.ppf(0.5 + confidence / 2))
    return {"year": before.assign(p_value=2 * norm.sf(z.abs()))}


def table_of(**results):
    return found_by(**results).table


def years_of(**changes):
    rows = [
        {
            "figure": figure,
            "unit": "money",
            "change": middle,
            "change_low": low,
            "change_high": high,
            "change_paid": np.nan,
        }
        for figure, (low, middle, high) in changes.items()
    ]
    table = pd.DataFrame(rows, columns=["figure", "unit", "change", "change_low", "change_high", "change_paid"])
    return SimpleNamespace(table=table, months=12)


def states_of(moved=None, leads=(0, 0), losing=0, **counts):
    """What `findings` reads of states: so many people of each state, so many of them of a margin below zero."""
    names = [name.replace("_", " ") for name, count in counts.items() for _one in range(count)]
    people = pd.DataFrame({"state": names, "margin": np.where(np.arange(len(names)) < losing, -1.0, 1.0)})
    table = pd.DataFrame({"people": people["state"].value_counts().reindex(STATES, fill_value=0)})
    table[["open_leads", "lost_leads"]] = 0
    table.loc["prospect", ["open_leads", "lost_leads"]] = leads
    return SimpleNamespace(table=table, people=people, flows=moved and SimpleNamespace(moved=moved))


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
    found = table_of(key_figures=SimpleNamespace(table=now, past=a_year_ago(now, before)))
    assert found[["topic", "verdict", "against"]].to_numpy().tolist() == [
        ["churn", "strength", 0.4],
        ["nps", "steady", 33],
    ]


def test_a_large_customer_is_a_threat_and_the_lack_of_one_no_strength():
    def largest(share):
        spread = pd.DataFrame([{"unit": "customer", "measure": "revenue", "largest_share": share}])
        return found_by(concentration=SimpleNamespace(spread=SimpleNamespace(table=spread)))

    found = largest(0.1).table.iloc[0]  # from the tenth of IFRS 8.34
    assert found[["topic", "area", "verdict", "value"]].tolist() == ["largest", "risk", "threat", 0.1]
    assert not largest(0.09)


def test_who_may_go_and_who_may_come_are_told_apart():
    found = table_of(states=states_of(active=100, at_risk=70, lapsed=80, prospect=50, leads=(12, 30))).set_index(
        "topic"
    )
    assert found[["verdict", "value"]].T.to_dict("list") == {
        "open_leads": ["opportunity", 12],
        "never_bought": ["opportunity", 8],
        "at_risk": ["threat", 70],
    }
    assert found.loc["at_risk", "beside"] == 80


def test_few_who_cost_more_than_they_pay_are_no_strength():
    found = table_of(states=states_of(active=1000, losing=30)).set_index("topic")  # one in a hundred may
    assert found.loc["loss_making", ["verdict", "value"]].tolist() == ["weakness", 0.03]
    assert not found_by(states=states_of(active=1000, losing=0))


def test_those_who_left_are_held_against_the_year_before():
    moved = {"current": 200, "left": 90, "left_revenue": 500.0, "current_before": 250.0, "left_before": 75.0}
    found = table_of(states=states_of(moved, active=1)).iloc[0]
    assert found["topic"] == "left"
    assert found[["value_low", "value_high"]].tolist() == pytest.approx(proportion_confint(90, 200, method="wilson"))
    assert found["p_value"] == pytest.approx(proportions_ztest([90, 75], [200, 250])[1])
    assert (found["verdict"], found["against"], found["beside"]) == ("weakness", 0.3, 500)
    assert table_of(states=states_of(moved | {"left": 30}, active=1))["verdict"].tolist() == ["strength"]
    assert not found_by(states=states_of(moved | dict.fromkeys(["current_before", "left_before"], np.nan), active=1))


def growth_of(*quarters, months=3):
    table = pd.DataFrame(quarters, columns=["new", "reactivated", "lost"])
    table["quick_ratio"] = (table["new"] + table["reactivated"]) / table["lost"]
    table = table.assign(quick_ratio_low=0.5, quick_ratio_high=0.9)
    ago = table.iloc[-1 - 12 // months] if len(table) > 12 // months else None
    return SimpleNamespace(table=table, last=table.iloc[-1], year_ago=ago, months=months)


def test_gained_against_lost_stands_beside_the_same_quarter_a_year_before():
    found = table_of(growth=growth_of((60, 30, 100), (1, 1, 1), (1, 1, 1), (1, 1, 1), (20, 30, 100))).iloc[0]
    assert (found["verdict"], found["value"], found["against"], found["beside"]) == ("weakness", 0.5, 1, 0.9)
    exact = binomtest(50, 150).pvalue
    assert found["p_value"] == pytest.approx(exact, rel=0.5)  # by the normal distribution
    short = table_of(growth=growth_of((80, 30, 100))).iloc[0]
    assert (short["verdict"], np.isnan(short["beside"])) == ("steady", True)
    told = found_by(growth=growth_of((80, 30, 100))).summary().texts["Finding"]
    assert told.tolist() == ["Gained for each one lost in the last period: 1.10; 1 is even"]


def test_verdicts_are_corrected_for_how_many_were_looked_at():
    """Twenty changes of which one is as clear as one in thirty by chance: alone a strength, among twenty nothing."""
    half = 1.96
    one = (2.13 - half, 2.13, 2.13 + half)  # in standard errors: p = 0.033
    scaled = [tuple(np.expm1(0.01 * np.array(each))) for each in [one, *[(-half, 0.0, half)] * 19]]
    alone = table_of(years=years_of(revenue=scaled[0]))
    many = table_of(years=years_of(revenue=scaled[0], **{f"f{place}": each for place, each in enumerate(scaled[1:])}))
    assert alone["p_value"].tolist() == pytest.approx([2 * norm.sf(2.13)], rel=1e-3)
    assert (alone["verdict"].tolist(), set(many["verdict"])) == (["strength"], {"steady"})


def test_findings_take_the_confidence_of_the_firm():
    now, before = ([metric("churn", value, 0.02 / norm.ppf(0.9))] for value in (0.35, 0.30))
    both = SimpleNamespace(table=pd.DataFrame(now), past=a_year_ago(pd.DataFrame(now), pd.DataFrame(before), 0.8))
    z = 0.05 / np.hypot(0.02, 0.02) * norm.ppf(0.9) ** 2  # a half width of z at 80 %
    assert found_by(0.8, key_figures=both).table["p_value"].tolist() == pytest.approx([2 * norm.sf(z)])


def test_the_page_of_cdnow_names_no_strength(cdnow_log):
    """Nobody new came in a year: revenue of the last quarter is two fifths below that of the one a year before."""
    firm = Firm.of(cdnow_log, as_of="1998-06-30")
    held, where = concentration(firm), states(firm)
    found = findings(firm, years=years(firm), growth=growth(firm), concentration=held, states=where).table
    topics = found.groupby("verdict")["topic"].agg(list).to_dict()
    assert topics.keys() == {"weakness", "threat", "steady"}
    assert topics["weakness"] == ["revenue", "buyers", "quick_ratio"]
    quarters = cdnow_log.groupby(cdnow_log["ordered_on"].dt.to_period("Q"))["amount"].sum()
    judge = quarters[pd.Period("1998Q2")] / quarters[pd.Period("1997Q2")] - 1
    assert found.set_index("topic").loc["revenue", "value"] == pytest.approx(judge)
    assert judge < -0.35
    texts = findings(firm, years=years(firm)).summary().texts["Finding"]
    assert plain(texts[0]) == f"Revenue in 3 months: {judge:.0%} on a year before, prices included".replace(
        "-", "\u2212"
    )


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
        assert nothing.reason == "findings: nothing to compare with. Take a longer history."


# What is shown


def result(confidence=0.95):
    now = pd.DataFrame([metric("churn", 0.3, 0.02), metric("sales_cycle", 60, 3, "days")])
    before = pd.DataFrame([metric("churn", 0.4, 0.02), metric("sales_cycle", 61, 3, "days")])
    years = years_of(revenue=(0.1, 0.2, 0.3), ticket=(-0.3, -0.2, -0.1), buyers=(-0.1, 0.0, 0.1))
    return found_by(confidence, years=years, key_figures=SimpleNamespace(table=now, past=a_year_ago(now, before)))


def test_every_finding_is_a_sentence_with_its_number():
    texts = result().summary().texts
    assert texts["Verdict"].tolist() == ["Strength", "Strength", "Weakness", "No clear change", "No clear change"]
    assert texts["Finding"].tolist() == [
        "Revenue in 12 months: +20% on a year before, prices included",
        "Churn: 30.0%, a year ago 40.0%",
        "Revenue per purchase in 12 months: −20% on a year before, prices included",
        "Customers who bought in 12 months: 0% on a year before",
        "Sales cycle: 60 days, a year ago 61 days",
    ]


def test_findings_in_words():
    found = result()
    assert found.finding().text == "1 weakness"
    assert found.reading() == "Weak: Revenue per purchase. Strong: Revenue; Churn."
    assert plain(found.method()) == (
        "Strengths and weaknesses: beyond chance, of 5 tested; at most 5% false (Benjamini-Hochberg). "
        "Opportunities and threats: not tested."
    )
    assert "at most 20% false" in plain(result(0.8).method())


def test_what_may_come_is_a_sentence_too():
    moved = {"current": 200, "left": 90, "left_revenue": 500.0, "current_before": 250.0, "left_before": 75.0}
    both = {"states": states_of(moved, at_risk=70, lapsed=80, prospect=50, leads=(12, 30))}
    found = found_by(**both, growth=growth_of((60, 30, 100), *[(1, 1, 1)] * 3, (20, 30, 100)))
    texts = found.summary().texts
    assert texts["Finding"].map(plain).tolist() == [
        "Gained for each one lost in the last period: 0.50 (0.90 a year before); 1 is even",
        "Customers who left: 45% in a year (30% before); had brought TRY 500",
        "Leads still open: 12",
        "Never bought, no lead: 8",
        "Customers at risk: 70, beside 80 lapsed",
    ]
    assert texts["Verdict"].tolist() == ["Weakness", "Weakness", "Opportunity", "Opportunity", "Threat"]


def test_findings_that_find_nothing():
    strong, steady = found_by(years=years_of(revenue=(1, 2, 3))), found_by(years=years_of(revenue=(-0.5, 0, 1)))
    assert strong.finding().text == "1 strength, no weakness"
    assert (steady.finding().text, steady.finding().nothing) == ("Nothing stands out beyond chance", True)
    assert result(0.8).content()["chart"] is None
