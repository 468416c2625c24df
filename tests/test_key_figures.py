"""The five most-used figures together: which can be counted, what they are called, and what they say."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from helpers import plain
from portfoy import metrics
from portfoy.firm import Firm
from portfoy.portfolio.key_figures import KeyFigures, key_figures
from portfoy.words.result import NotPossible, Past

NAMES = ["churn", "contract_churn", "nps", "clv", "sales_cycle", "first_contact_resolution"]
STATES = SimpleNamespace(rule=SimpleNamespace(lapsed_days=180))


@pytest.fixture
def company(teaching_firm):
    return teaching_firm


def test_all_six_metrics_of_the_teaching_company(company):
    table = key_figures(company, states=STATES).table
    assert table["metric"].tolist() == NAMES
    assert table["missing"].ne("").tolist() == [False, False, False, True, False, False]
    found = table[table["missing"] == ""]
    assert (found["value_low"] < found["value"]).all()
    assert (found["value"] < found["value_high"]).all()


@pytest.mark.parametrize(("when", "day"), [("year", "2025-06-30"), ("half", "2025-12-31")])
def test_an_earlier_day_is_the_same_of_that_day_under_the_same_window(company, when, day):
    found = key_figures(company, states=STATES)
    earlier, tables = found.past[when].set_index("metric"), company.tables
    assert {getattr(figure, when).day for figure in found.figures()} == {day}
    judges = [  # the tables of today, counted on that day: what came later is not looked at
        metrics.churn(tables.transactions, days=180, as_of=day),
        metrics.contract_churn(tables.subscriptions, as_of=day),
        metrics.nps(tables.surveys, as_of=day),
        metrics.sales_cycle(tables.leads, as_of=day),
        metrics.first_contact_resolution(tables.tickets, as_of=day),
    ]
    for judge in judges:
        row = earlier.loc[judge.metric]
        assert (row["value"], row["value_low"], row["base"]) == (judge.value, judge.low, judge.base), judge.metric
        assert 0 <= row["p_value"] <= 1
    assert earlier.loc["clv", "missing"]


def test_a_source_with_transactions_only_says_what_each_metric_needs(company):
    log = company.log.limit(1000).to_pandas()
    table = key_figures(Firm.of(log)).table.set_index("metric")
    assert np.isnan(table["value"].to_numpy()).all()
    assert table.loc["churn", "missing"] == ("churn: gaps between purchases give no window. Give lapsed_days.")
    assert table.loc["sales_cycle", "missing"] == (
        "leads: there is no such table; it needs created_on, closed_on, outcome. Add it to the source."
    )
    assert table.loc["clv", "missing"] == "clv: there is no forecast of purchases; the selection report says why."


def test_what_is_not_possible_is_said_in_its_row(company):
    why, no = NotPossible("states: too few gaps."), NotPossible("fit: too few customers.")
    found = key_figures(company, states=why, value=no)
    assert found
    table = found.table.set_index("metric")
    assert table.loc[["churn", "clv"], "missing"].tolist() == ["states: too few gaps.", "fit: too few customers."]
    assert table.loc["nps", "missing"] == ""


# What is shown


def result(*there, confidence=0.95):
    units = ["share", "share", "points", "money", "days", "share"]
    table = pd.DataFrame({"metric": NAMES, "value": 0.4, "value_low": 0.3, "value_high": 0.5, "unit": units})
    table = table.assign(counted=40.0, base=1100.0, days=365)
    table = table.assign(missing=np.where(table["metric"].isin(there), "", "why"))
    then = table.assign(
        value=0.35, day="2025-06-30", p_value=0.04, missing=table["missing"].mask(table.index == 2, "no")
    )
    return KeyFigures(table, {"year": then}, "TRY", confidence)


def test_a_figure_for_each_that_can_be_counted():
    found = result("churn", "nps", "clv").figures()
    assert [(plain(figure.name), figure.value, figure.low, figure.unit, figure.better) for figure in found] == [
        ("churn", 0.4, 0.3, "share", "down"),
        ("nps", 0.4, 0.3, "points", "up"),
        ("clv", 0.4, 0.3, "money", "up"),
    ]
    was = Past("2025-06-30", 0.35, 0.04)
    assert [(figure.year, figure.half) for figure in found] == [(was, None), (None, None), (was, None)]
    assert found[0].days == 365
    assert [plain(figure.note) for figure in found] == [
        "40 of 1,100 customers",
        "1,100 customers who answered, in 365 days",
        "mean of 1,100 customers, next 365 days",
    ]


def test_key_figures_in_words():
    assert plain(result(*NAMES).finding().text) == "40% of customers did not buy again in time"
    assert plain(result("contract_churn").finding().text) == "40% of contracts ended within a year"
    assert result("nps").finding() is None
    assert result().finding().nothing
    assert plain(result(*NAMES).reading()) == "In time is within 365 days."
    assert plain(result("nps").reading()) == "Not countable: 5."


def test_every_number_says_what_it_is_counted_from():
    texts = result("churn", "sales_cycle").summary().texts
    assert texts["Figure"].tolist()[:3] == ["Churn", "Churn of contracts", "NPS"]
    assert [plain(text) for text in texts["Counted from"]] == [
        "40 of 1,100 customers, in 365 days",
        *["why"] * 3,
        "1,100 deals won, begun in 365 days",
        "why",
    ]
    content = result(*NAMES, confidence=0.8).content()
    assert "80%" in plain(content["method"])
    assert "95%" not in str(content)
