"""Moves between segments: five customers by hand, plain pandas to the cent, nobody moves where nothing changes."""

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import portfoy as pf
from helpers import plain
from portfoy.firm import Firm
from portfoy.simulate.presets import subscription

AS_OF = pd.Timestamp("2026-06-30")
CUTS = {"r": [300, 150, 60, 20], "f": [2, 3, 4, 5], "m": [50, 100, 200, 400]}
FIVE = [
    *[("001", "2025-01-10", 50.0), ("001", "2025-06-10", 50.0), ("001", "2025-09-01", 100.0)],
    *[("001", "2026-01-15", 100.0), ("001", "2026-03-20", 200.0)],
    *[("002", "2026-03-25", 30.0), ("002", "2026-06-02", -10.0)],
    *[("003", "2025-08-01", 60.0), ("003", "2026-06-20", 60.0)],
    *[("004", "2025-05-01", 80.0), ("005", "2026-05-05", 90.0)],
]


def shop(*orders, kept=True, as_of=AS_OF):
    table = pd.DataFrame(orders, columns=["customer_id", "ordered_on", "amount"])
    table = table.assign(ordered_on=pd.to_datetime(table["ordered_on"]), order_id=[str(n) for n in range(len(table))])
    firm = Firm.of(table, as_of=as_of, currency="TRY")
    return replace(firm, kept={"rfm": {"cuts": CUTS, "since": "2026-01-31"}}) if kept else firm


def test_five_customers_by_hand():
    """On 31 March and on 30 June, r by idle days up to 300, 150, 60, 20, f by 2 to 5 purchases, m by 50 to 400:

    001 idle 11, then 102 days, 5 purchases, 500: 5-5-5, then 3-5-5. 002 idle 6, then 97, once: 5-1-1, then 3-1-1. 003
    idle 242, once: 2-1-2; then 10, twice: 5-2-3. 004 idle 334, then 425: 1-1-2 both times. 005 had not bought by then.
    Of the year from 1 July: 001 400, 002 30 - 10, 003 120, 004 nothing.
    """
    found = pf.segments(shop(*FIVE))
    rows = found.customers.set_index("customer_id")
    assert rows[["segment_before", "segment", "move", "year_revenue"]].to_numpy().tolist() == [
        ["Champions", "Loyal customers", "fell", 400.0],
        ["New customers", "About to sleep", "fell", 20.0],
        ["Hibernating", "Potential loyalists", "rose", 120.0],
        ["Lost", "Lost", "same", 0.0],
    ]
    assert rows.index.tolist() == ["001", "002", "003", "004"]
    about = found.about
    assert [about[name] for name in ("stake", "up", "fell", "rose")] == [420.0, 120.0, 2, 1]
    assert about["share"] == pytest.approx(420 / 540)
    assert found.listed["customer_id"].tolist() == ["001", "002"]
    assert found.listed["last_order"].tolist() == [pd.Timestamp("2026-03-20"), pd.Timestamp("2026-03-25")]
    assert plain(found.finding().text) == "Customers who brought TRY 420 last year fell to a lower segment"
    assert found.kept() == {"rfm": {"cuts": CUTS, "since": "2026-01-31"}}
    assert "Cut points of 31 Jan 2026 score both days." in plain(found.method())
    assert len(pf.segments(shop(*FIVE), contacts=1).listed) == 1


def test_nobody_moves_where_nothing_changes():
    """Three who buy on the first of each month, of five purchases and TRY 400 long ago: 4-5-5 on both days."""
    days = pd.date_range("2025-01-01", "2026-06-01", freq="MS")
    found = pf.segments(shop(*[(name, day, 100.0) for name in "abc" for day in days]))
    assert found.table.drop(columns="year_revenue").to_numpy().tolist() == [["Champions", "Champions", "same", 3]]
    assert found.table["year_revenue"].tolist() == [3 * 12 * 100.0]
    assert found.finding().nothing
    assert found.actions() == []
    assert found.plot() is None
    found._repr_mimebundle_()


def test_flows_are_those_of_plain_pandas_to_the_cent(teaching_firm):
    """Judge: scores and segments of both days by loops over the order lines, the cut points and the rules."""
    value = pf.lifetime_value(teaching_firm)
    found = pf.segments(teaching_firm, value=value)
    lines = teaching_firm.log.select("customer_id", "order_id", "ordered_on", "amount").to_pandas()
    lines["ordered_on"] = pd.to_datetime(lines["ordered_on"])
    cuts, rules = found.scored.cuts, found.scored.segments
    cells = {}
    for rule in rules.itertuples():
        ranges = [range(int(text[0]), int(text[-1]) + 1) for text in (rule.r, rule.f, rule.m)]
        cells |= dict.fromkeys(itertools.product(*ranges), rule.segment)

    def segments_on(day):
        seen = lines[lines["ordered_on"] <= day]
        sold = seen[seen["amount"] >= 0].groupby(["customer_id", "order_id"])["ordered_on"].min().rename("day")
        own = sold.reset_index().groupby("customer_id")["day"].agg(["max", "nunique"])
        own["money"] = seen.groupby("customer_id")["amount"].sum().round(6)
        levels = [2, 3, 4, 5]
        score = {
            "r": sum((day - own["max"]).dt.days <= cuts.loc["r", level] for level in levels),
            "f": sum(own["nunique"] >= cuts.loc["f", level] for level in levels),
            "m": sum(own["money"] >= cuts.loc["m", level] for level in levels),
        }
        own = own.assign(**{name: 1 + each for name, each in score.items()})
        return own.assign(segment=[cells[cell] for cell in zip(own["r"], own["f"], own["m"], strict=True)])

    then, now = segments_on(pd.Timestamp("2026-03-31")), segments_on(AS_OF)
    year = lines[lines["ordered_on"] > "2025-06-30"].groupby("customer_id")["amount"].sum()
    judged = pd.DataFrame({"before": then["segment"], "now": now["segment"].reindex(then.index)})
    judged["money"] = year.reindex(then.index).fillna(0)
    order = list(dict.fromkeys(rules["segment"]))
    down = judged["now"].map(order.index) > judged["before"].map(order.index)
    judged["fell"] = down & (now["r"].reindex(then.index) < then["r"])
    flows = judged.groupby(["before", "now"])["money"].agg(["size", "sum"])
    table = found.table.groupby(["segment_before", "segment"])[["customers", "year_revenue"]].sum()
    assert table["customers"].to_dict() == flows["size"].to_dict()
    assert table["year_revenue"].to_dict() == pytest.approx(flows["sum"].to_dict(), abs=0.005)
    assert found.about["stake"] == pytest.approx(judged.loc[judged["fell"], "money"].sum(), abs=0.005)
    assert found.about["fell"] == judged["fell"].sum()
    assert found.table["year_revenue"].sum() == pytest.approx(year.reindex(then.index).sum(), abs=0.005)
    listed = found.listed.set_index("customer_id")
    largest = judged[judged["fell"]].sort_values("money", ascending=False)["money"].head(50)
    assert listed["year_revenue"].tolist() == pytest.approx(largest.tolist(), abs=0.005)
    expected = value.table.set_index("customer_id")["expected_value"]
    assert (listed["expected_value"] == expected[listed.index]).all()
    assert found.was.day == "2025-06-30"
    earlier = pf.segments(replace(teaching_firm.on("2025-06-30"), kept=found.kept()))
    assert found.was.value == pytest.approx(earlier.about["share"]), "a year earlier is that year's own report"


def test_the_interval_of_the_share_is_that_of_resampled_customers(teaching_firm):
    found, random = pf.segments(teaching_firm), np.random.default_rng(7)
    money, fell = (found.customers["year_revenue"].to_numpy(), (found.customers["move"] == "fell").to_numpy())
    drawn = random.integers(0, len(money), (2_000, len(money)))
    shares = (money * fell)[drawn].sum(axis=1) / money[drawn].sum(axis=1)
    low, high = np.quantile(shares, [0.025, 0.975])
    assert [found.about["share_low"], found.about["share_high"]] == pytest.approx([low, high], abs=0.005)


def test_what_it_shows(teaching_firm):
    found = pf.segments(teaching_firm)
    assert len(found.finding().text.split()) <= 12
    assert len(found.actions()[0].text.split()) <= 20
    assert found.actions()[0].name == "moved_down"
    bring = found.table[(found.table["move"] == "fell") & (found.table["year_revenue"] > 0)]
    assert len(found.plot().patches) == bring["segment_before"].nunique()
    assert "A year earlier it was" in found.reading()
    counts = found.content()["tables"][1]
    assert sum(value or 0 for row in counts["rows"] for value in row[1:]) == len(found.customers)


@pytest.mark.parametrize(
    ("orders", "named", "reason"),
    [
        (FIVE, {"months": 0}, "segments: months is 0; 1 to 12 are possible. Take 3."),
        (FIVE[-1:], {}, "segments: the first purchase is on 2026-05-05; nobody had bought by 2026-03-31. Wait."),
        ([("1", "2026-01-01", -5.0)], {}, "transactions: nobody bought by 2026-06-30"),
        ([("1", "2026-01-01", 5.0), ("1", "2026-01-02", -9.0)], {}, "customers: the total of 'revenue' is -4.00"),
    ],
)
def test_it_says_in_a_sentence_why_not(orders, named, reason):
    found = pf.segments(shop(*orders, kept=False), **named)
    assert not found
    assert str(found).startswith(reason)
    assert not pf.segments(Firm.of(as_of=AS_OF))


def test_one_customer_does_no_harm():
    found = pf.segments(shop(*FIVE[:3], kept=False))
    assert found.table["move"].tolist() == ["same"]
    found._repr_mimebundle_()
    found = pf.segments(shop(("7", "2024-01-01", 9.0)))
    assert np.isnan(found.about["share"])
    found._repr_mimebundle_()


def test_cdnow_falls_but_for_those_who_bought(cdnow_log):
    """All came in the first quarter of 1997: who has not bought in the last three months can only fall or stay."""
    found = pf.segments(Firm.of(cdnow_log))
    late = cdnow_log[cdnow_log["ordered_on"] > "1998-03-31"]["customer_id"].unique()
    assert len(found.customers) == 2357
    assert {*found.customers.loc[found.customers["move"] == "rose", "customer_id"]} <= {*late}
    silent = found.customers[~found.customers["customer_id"].isin(late)]
    assert {*silent["move"]} == {"fell", "same"}
    year = cdnow_log[cdnow_log["ordered_on"] > "1997-06-30"]["amount"].sum()
    assert found.table["year_revenue"].sum() == pytest.approx(year, abs=0.005)
    fell = found.customers[found.customers["move"] == "fell"]
    assert not set(fell["customer_id"]) & set(cdnow_log[cdnow_log["ordered_on"] > "1997-06-30"]["customer_id"])
    assert found.finding().nothing, "nobody who fell has bought in the last year, so nothing is at stake"
    assert found.actions() == []
    assert found.plot() is None
    found._repr_mimebundle_()


def test_contracts_without_orders_are_one_sentence():
    firm = Firm.of(as_of="2026-06-30", **subscription(customers=200).tables)
    assert str(pf.segments(firm)) == "This needs orders, and the source has no table of transactions."
