"""The figures of a month: counted as pandas counts them, quiet where nothing happens, awake where something does.

Judges: plain pandas on the rows; the break that the preset `subscription` plants; steady companies.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import portfoy as pf
from portfoy import Firm
from portfoy.monitoring.months import monthly
from portfoy.simulate.presets import steady, subscription
from portfoy.source.settings import read_settings


@pytest.fixture(scope="module")
def service():
    return subscription().tables


def seen(tables, day, until="2025-06-30"):
    """The firm on a day, under limits that earlier reports have kept."""
    firm = Firm.of(as_of=day, currency="TRY", **tables)
    return replace(firm, kept={"kpis": {"since": until, "until": until}})


def test_orders_are_counted_by_month_as_pandas_counts_them(teaching_firm):
    found, log = monthly(teaching_firm)["orders"], teaching_firm.log.to_pandas()
    day = log[log["amount"] >= 0].groupby(["customer_id", "order_id"])["ordered_on"].min().rename("day")
    lines = log.join(day, on=["customer_id", "order_id"])
    lines["day"] = pd.to_datetime(lines["day"].fillna(lines["ordered_on"]))
    lines["month"] = lines["day"].dt.to_period("M")
    month = found.index[-5]
    here = lines[lines["month"] == month]
    sold = here[here["amount"] >= 0]
    first = lines[lines["amount"] >= 0].groupby("customer_id")["day"].min().dt.to_period("M")
    assert found.loc[month, "active"] == sold["customer_id"].nunique()
    assert found.loc[month, "new"] == (first == month).sum()
    assert found.loc[month, "purchases"] == len(sold[["customer_id", "day"]].drop_duplicates())
    assert found.loc[month, "revenue"] == pytest.approx(here["amount"].sum(), abs=0.01)
    assert found.loc[month, "again"] == sold["customer_id"].nunique() - (first == month).sum()


def test_lost_are_those_whose_silence_outgrew_the_limit_in_the_month(teaching_firm):
    """By a loop over the days of each customer; current when a month begins are those within the limit on its eve."""
    from portfoy.standing import rule_of

    limit = pd.Timedelta(days=rule_of(teaching_firm).lapsed_days)
    found, log = monthly(teaching_firm)["orders"], teaching_firm.log.to_pandas()
    sales = log[log["amount"] >= 0].groupby(["customer_id", "order_id"])["ordered_on"].min().reset_index()
    sales["ordered_on"] = pd.to_datetime(sales["ordered_on"])
    month = found.index[-3]
    eve, lost, held = month.start_time - pd.Timedelta(days=1), 0, 0
    for days in sales.groupby("customer_id")["ordered_on"]:
        bought = np.sort(days[1].unique())
        held += any(day <= eve <= day + limit for day in bought)
        ends = [day + limit + pd.Timedelta(days=1) for day, after in zip(bought, [*bought[1:], None], strict=True)
                if after is None or after - day > limit]  # fmt: skip
        lost += sum(pd.Timestamp(end).to_period("M") == month for end in ends)
    assert found.loc[month, ["held", "lost"]].tolist() == [held, lost]


def test_contracts_are_counted_by_month_as_pandas_counts_them(service):
    found = monthly(Firm.of(as_of="2026-06-30", **service))["contracts"]
    table = service["subscriptions"]
    start, end = pd.Timestamp("2025-11-01"), pd.Timestamp("2025-11-30")
    running = (table["started_on"] < start) & ~(table["ended_on"] < start)
    assert found.loc["2025-11", "running"] == running.sum()
    assert found.loc["2025-11", "ended"] == table["ended_on"].between(start, end).sum()
    assert found.loc["2025-11", "begun"] == table["started_on"].between(start, end).sum()


def test_the_planted_break_is_found_in_its_month_and_dated(service):
    """From November 2025 on twice as many contracts end in a month."""
    rows = {}
    for day in ("2025-10-31", "2025-11-30", "2025-12-31", "2026-02-28"):
        found = pf.kpis(seen(service, day))
        rows[day] = found.table.set_index("kpi").loc["month_contract_churn"]
    assert not rows["2025-10-31"]["signal"]
    assert rows["2025-11-30"]["signal"]
    assert pd.isna(rows["2025-10-31"]["changed_on"])
    for day in list(rows)[1:]:
        low, high = rows[day][["changed_on_low", "changed_on_high"]]
        assert low <= pd.Timestamp("2025-11-01") <= high
    assert "on another level since November 2025" in pf.kpis(seen(service, "2025-11-30")).reading()


def test_limits_are_kept_and_move_with_a_reason_only(service, tmp_path):
    found = pf.kpis(Firm.of(as_of="2026-06-30", **service))
    assert found.kept() == {"kpis": {"since": "2025-12-31", "until": "2025-12-31"}}
    toml = tmp_path / "portfoy.toml"
    toml.write_text("[monitoring]\nuntil = 2025-12-31\n", encoding="utf-8")
    with pytest.raises(pf.DataError, match=r"monitoring\.reason' is None, not a text that says why the base"):
        read_settings(toml)
    toml.write_text(
        '[monitoring]\nuntil = 2025-12-31\nreason = "New {prices}."\n'
        '[monitoring.notes]\nmonth_fees = "Moved to invoices."\n',
        encoding="utf-8",
    )
    said = read_settings(toml)
    assert said.monitoring == {
        "until": "2025-12-31", "reason": "New {prices}.", "notes": {"month_fees": "Moved to invoices."},
    }  # fmt: skip
    firm = seen(service, "2026-06-30")
    firm = replace(firm, tables=replace(firm.tables, settings=said))
    moved = pf.kpis(firm)
    assert moved.until == pd.Timestamp("2025-12-31")
    assert moved.method().endswith("New {prices}.")
    assert moved.table.set_index("kpi").loc["month_fees", "note"] == "Moved to invoices."


def test_short_and_empty_histories_have_no_limits():
    lines = pd.DataFrame(
        {
            "customer_id": ["007"],
            "order_id": ["1"],
            "ordered_on": ["2026-05-02"],
            "amount": [5.0],
        }
    )
    assert str(pf.kpis(Firm.of(transactions=lines, as_of="2026-05-20"))) == (
        "kpis: no table holds a whole month. Use a longer history."
    )
    two = pd.concat([lines, lines.assign(order_id="2", ordered_on="2026-07-01")])
    found = pf.kpis(Firm.of(transactions=two, as_of="2026-07-31"))
    assert not found.table["signal"].any()
    assert found.finding().nothing
    assert "Too short" in found.finding().text, "that all is ordinary, nobody can tell"


@pytest.mark.study
def test_at_most_one_figure_month_of_a_hundred_alarms_in_steady_companies():
    out, looked = 0, 0
    for seed in range(20):
        tables = dict(steady(seed=seed).tables)
        firm = Firm.of(transactions=tables.pop("transactions"), as_of="2026-06-30", **tables)
        months = pf.kpis(firm).months
        later = months[(months["month"] > "2025-12-31") & months["normal"].notna()]
        out, looked = out + int(later["signal"].sum()), looked + len(later)

    assert looked > 1_000
    assert out <= 0.01 * looked
