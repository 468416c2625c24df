"""Alerts: at most five, each a signal and money, the most money first.

Judges: the break that the preset `subscription` plants, its money by hand; tables typed by hand.
"""

from dataclasses import replace

import pandas as pd
import pytest

import portfoy as pf
from portfoy import Firm
from portfoy.monitoring.kpis import Kpis
from portfoy.simulate.presets import subscription


def told(rows, months=()):
    """Kpis of figures (kpi, unit, value, normal, low, high, signal) and of months (kpi, value), typed by hand."""
    names = ["kpi", "unit", "value", "normal", "normal_low", "normal_high", "signal"]
    table = pd.DataFrame(rows, columns=names).assign(changed_on=pd.NaT)
    months = pd.DataFrame(months, columns=["kpi", "value"])
    return Kpis(table, months, pd.Timestamp("2025-12-31"), "", "EUR", 0.95)


FIRM = Firm.of(as_of="2026-06-30", currency="EUR", surveys=pd.DataFrame(
    {"survey_id": ["1"], "customer_id": ["A"], "answered_on": ["2026-01-01"]}))  # fmt: skip


def test_the_planted_break_is_an_alert_with_the_fees_of_a_year():
    firm = Firm.of(as_of="2025-11-30", currency="TRY", **subscription().tables)
    firm = replace(firm, kept={"kpis": {"since": "2025-06-30", "until": "2025-06-30"}})
    kpis = pf.kpis(firm)
    found = pf.alerts(firm, kpis)
    table = firm.tables.subscriptions.to_pandas()
    start, ended = pd.to_datetime(table["started_on"]), pd.to_datetime(table["ended_on"])
    running = table[(start < "2025-11-01") & ~(ended < "2025-11-01")]
    lost = ended[running.index].between("2025-11-01", "2025-11-30").sum()
    row = found.table.iloc[0]
    assert row["kpi"] == "month_contract_churn"
    assert row["value"] == pytest.approx(lost / len(running))
    fee = table.loc[(start <= "2025-11-30") & ~(ended <= "2025-11-30"), "monthly_fee"].sum() / len(running)
    assert row["stake"] == pytest.approx(12 * (lost - row["normal"] * len(running)) * 12 * fee, rel=1e-6)
    assert found.finding().high == row["stake"]
    assert len(found.actions()) == len(found.table) <= 5


def test_the_most_money_comes_first_and_one_speaks_for_figures_that_tell_the_same():
    months = [("month_revenue", 100.0)] * 12 + [("month_active", 10.0)] * 12 + [("month_new", 2.0)] * 12
    found = pf.alerts(FIRM, told([
        ("month_active", "count", 6.0, 10.0, 8.0, 12.0, True),  # 4 customers of 10 a month each: 480 a year
        ("month_revenue", "money", 50.0, 100.0, 90.0, 110.0, True),  # 600 a year
        ("month_cac", "money", 40.0, 10.0, 5.0, 20.0, True),  # 30 for each of 2: 720 a year
        ("month_new", "count", 2.0, 3.0, 1.0, 5.0, False),
        ("month_nps", "points", 0.0, 30.0, 20.0, 40.0, True),  # no table says what that is in money
    ], months))  # fmt: skip
    assert found.table[["kpi", "stake"]].to_numpy().tolist() == [["month_cac", 720.0], ["month_revenue", 600.0]]
    assert found.quiet == ["month_nps"]
    assert (found.n, found.currency) == (5, "EUR")
    assert found.finding().text.replace("\xa0", " ") == "Spend per new customer of the month: EUR 720 a year at stake"


def test_nothing_out_of_bounds_is_one_sentence():
    found = pf.alerts(FIRM, told([("month_new", "count", 2.0, 3.0, 1.0, 5.0, False)]))
    assert found.finding().nothing
    assert (found.summary(), found.actions()) == ([], [])
    assert found.reading() == "Figures looked at: 1."


def test_without_any_limits_it_does_not_say_that_nothing_is_out_of_bounds():
    found = pf.alerts(FIRM, told([("month_new", "count", 2.0, float("nan"), float("nan"), float("nan"), False)]))
    assert not found
    assert str(found) == "alerts: no figure of the month has limits yet. Use a longer history."


def test_a_company_that_sold_nothing_for_a_year_has_no_money_at_stake():
    months = [(kpi, 0.0) for kpi in ("month_active", "month_revenue") for _month in range(12)]
    found = pf.alerts(FIRM, told([("month_active", "count", 0.0, 9.0, 5.0, 14.0, True)], months))
    assert found.table.empty
    assert found.quiet == ["month_active"]


def test_where_no_month_is_whole_it_gives_on_why():
    lines = pd.DataFrame({"customer_id": ["1"], "order_id": ["1"], "ordered_on": ["2026-05-02"], "amount": [1.0]})
    firm = Firm.of(transactions=lines, as_of="2026-05-20")
    assert str(pf.alerts(firm, pf.kpis(firm))).startswith("kpis: no table holds a whole month")
