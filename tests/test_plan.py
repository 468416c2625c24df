"""The plan against pandas by hand, on a panel who all come back, on CDNOW, and in words."""

from dataclasses import replace
from types import SimpleNamespace

import nbformat
import numpy as np
import pandas as pd
import pypdf
import pytest

from helpers import message_of, plain
from portfoy.firm import Firm
from portfoy.report import page, pdf
from portfoy.selection.plan import segment_plan
from portfoy.selection.rfm import rfm
from portfoy.selection.rules import advised, read_segments
from portfoy.words.result import RESULT


def rule(holds, *, action="act", aim="keep"):
    return read_segments(
        pd.DataFrame([["A", "1-5", "1-5", "1-5", action, aim, holds]], columns=[*"xrfm", "action", "aim", "holds"])
        .rename(columns={"x": "segment"})
    )  # fmt: skip


def group(**figures):
    given = {"segment": "A", "came_back": 0.6, "came_back_low": 0.4, "came_back_high": 0.8, "once": 0.2, "idle": 9.0}
    return pd.DataFrame([given | {"index_ticket": 137.0, "index_revenue": 99.0, "purchases": 11.0} | figures])


def panel(households=200, weeks=100):
    """Shoppers who all buy every one to three weeks, each in a rhythm and for a sum of their own."""
    random, rows = np.random.default_rng(3), []
    for number in range(households):
        day, gap, spend = int(random.integers(0, 30)), random.uniform(7, 21), random.gamma(4, 10)
        while day < 7 * weeks:
            rows.append((f"H{number:03d}", f"{number}-{day}", day, spend * random.uniform(0.8, 1.2)))
            day += max(1, int(random.normal(gap, gap / 3)))
    table = pd.DataFrame(rows, columns=["customer_id", "order_id", "ordered_on", "amount"])
    return table.assign(ordered_on=pd.Timestamp("2024-01-01") + pd.to_timedelta(table["ordered_on"], unit="D"))


@pytest.fixture(scope="module")
def shoppers():
    firm = Firm.of(panel(), currency="EUR")
    return firm, rfm(firm)


@pytest.fixture(scope="module")
def music(cdnow_log):
    firm = Firm.of(cdnow_log, currency="USD")
    return firm, rfm(firm)


# (a) Worked out by hand


@pytest.mark.parametrize(
    ("holds", "said"),
    [
        ("", True),
        ("came_back > 0.3", True),
        ("came_back > 0.5", False),  # 0.6, but it may be 0.4
        ("came_back < 0.7", False),  # 0.6, but it may be 0.8
        ("came_back < 0.9", True),
        ("index_ticket < 90", False),
        ("came_back < 0.9 and purchases < 2", False),
        ("came_back < 0.9 and purchases > 2", True),
    ],
)
def test_an_action_is_said_where_the_figures_bear_it_out(holds, said):
    expected = ["keep", "act"] if said else ["none", "Nothing special: 60% bought again within 90 days"]
    advice = advised(group(), rule(holds), 90)
    assert [advice["aim"].iloc[0], plain(advice["action"].iloc[0])] == expected


def test_a_claim_of_what_nobody_knows_is_not_said():
    unknown = group(came_back=np.nan, came_back_low=np.nan, came_back_high=np.nan)
    advice = advised(unknown, rule("came_back < 0.5"), None).iloc[0]
    assert advice.tolist() == ["none", "Nothing special: who comes back is not known"]


@pytest.mark.parametrize(
    "holds", ["came_back", "came_back = 1", "came back < 0.5", "spend < 5", "once > 0.5 or idle < 3"]
)
def test_a_claim_that_cannot_be_read_is_refused(holds):
    assert message_of(rule, holds) == (
        f"segments: 'A' holds where {holds!r}. Compare came_back, once, index_ticket, index_revenue, purchases, idle "
        "with a number by < or >, as came_back < 0.5."
    )


# (b) pandas by hand


def test_who_came_back_is_counted_from_the_orders(music, cdnow_log):
    """Judge: the share of each segment's customers of that day with an order after it, from the file itself."""
    firm, scored = music
    day = firm.as_of - pd.Timedelta(days=scored.back_days)
    then = rfm(firm.on(day).customers, cuts=scored.cuts).table
    after = set(cdnow_log.loc[cdnow_log["ordered_on"] > day, "customer_id"])
    naive = then["customer_id"].isin(after).groupby(then["segment"].astype(str)).mean()
    found = scored.groups.set_index("segment")["came_back"]
    both = found.index.intersection(naive.index)
    assert both.tolist() == ["Champions", "Loyal customers", "Potential loyalists"]
    assert found[both].to_dict() == pytest.approx(naive[both].to_dict())
    anew = rfm(firm.on(day).customers).table  # nobody was in the other segments, so those of that day count
    naive = anew["customer_id"].isin(after).groupby(anew["segment"].astype(str)).mean()
    others = found.index.difference(both)
    assert found[others].to_dict() == pytest.approx(naive[others].to_dict())


def test_a_plan_counts_what_its_segments_brought(shoppers):
    firm, scored = shoppers
    plan = segment_plan(firm, scored, contact_cost=2.5)
    log = panel()
    year = log[log["ordered_on"] > firm.as_of - pd.DateOffset(months=12)]
    segment = scored.table.set_index("customer_id")["segment"].astype(str)
    revenue = year.groupby(year["customer_id"].map(segment))["amount"].sum()
    figures = plan.figures_of.set_index("segment")
    assert figures["year_revenue"].to_dict() == pytest.approx(revenue[figures.index].to_dict())
    days = log.groupby("customer_id")["ordered_on"].agg(["min", "max", "nunique"])
    gap = (days["max"] - days["min"]).dt.days / (days["nunique"] - 1)
    large = figures.index[figures["customers"] >= 10]
    own = gap.groupby(segment).median()[large]
    assert figures.loc[large, "gap"].to_dict() == pytest.approx(own.to_dict())
    table = plan.table.set_index("segment")
    assert (table.loc[large, "look_on"] == firm.as_of + pd.to_timedelta(own.clip(lower=7).round(), unit="D")).all()
    spent = table["customers"] * 2.5 * ~table["aim"].isin(["none", "rest"])
    assert table["budget"].to_dict() == spent.to_dict()
    assert set(table["aim"]) > {"none"}


# (c) What the data do not bear out is not said


def test_shoppers_who_all_come_back_have_not_left(shoppers):
    firm, scored = shoppers
    quiet = scored.groups.set_index("segment").loc[["Cannot lose them", "Slipping away", "New customers"]]
    assert (quiet["came_back"] > 0.83).all()
    assert (quiet["aim"] == "none").all()
    words = " ".join(scored.groups["action"])
    assert not [text for text in ("left", "first order", "Leave out", "went wrong") if text in words]
    assert not [row for row in segment_plan(firm, scored).table["action"] if "left" in row]


def test_cdnow_says_nobody_left_of_a_segment_half_of_whom_may_come_back(music):
    _firm, scored = music
    groups = scored.groups.set_index("segment")
    assert groups.loc["Cannot lose them", "came_back_high"] > 0.5
    assert plain(groups.loc["Cannot lose them", "action"]).startswith("Nothing special: 46% bought again within ")
    assert plain(groups.loc["Loyal customers", "action"]).startswith("Nothing special: 52% ")  # a purchase is at 100
    assert groups.loc["Lost", "action"].startswith("Leave out of paid contact")
    assert groups.loc["Lost", "came_back"] < 0.1


def test_large_spenders_are_not_said_to_spend_little():
    random = np.random.default_rng(2)
    table = pd.DataFrame({"customer_id": [f"{n:03d}" for n in range(200)], "idle": random.integers(0, 300, 200)})
    table["purchases"] = random.integers(1, 20, 200)
    table["revenue"] = 50.0 * table["purchases"]
    named = [["Often", "1-5", "4-5", "1-5", "they spend little each time", "more", "index_ticket < 90"]]
    named += [["Rest", "1-5", "1-3", "1-5", "", "", ""]]
    own = pd.DataFrame(named, columns=["segment", "r", "f", "m", "action", "aim", "holds"])
    assert "little" not in rfm(table, segments=own).groups["action"].iloc[0]
    less = table.assign(revenue=table["revenue"] * np.where(table["purchases"] > 15, 0.5, 1.0))
    assert rfm(less, segments=own).groups["action"].iloc[0] == "they spend little each time"


# (d) Edges


def test_a_contact_that_costs_more_than_is_expected_gives_no_reason(shoppers):
    firm, scored = shoppers
    brings = pd.DataFrame({"segment": scored.groups["segment"], "expected_value": scored.groups["customers"] * 5.0})
    value = SimpleNamespace(by=lambda _segments: brings)
    before, after = (segment_plan(firm, scored, value=value, contact_cost=cost).table for cost in (4.99, 5.01))
    acted = ~before["aim"].isin(["none", "rest"])
    assert acted.any()
    assert set(after.loc[acted, "aim"]) == {"none"}
    assert set(after.loc[acted, "action"]) == {"Nothing special: a contact costs more than a customer should bring"}
    assert after["budget"].sum() == 0


def test_a_budget_needs_a_cost_and_a_cost_is_not_below_zero(shoppers):
    assert segment_plan(*shoppers).table["budget"].isna().all()
    refused = segment_plan(*shoppers, contact_cost=-1.0)
    assert (bool(refused), refused.reason) == (False, "contact_cost: -1 is below 0. Correct the parameter.")


def test_a_history_that_is_too_short_says_of_nobody_who_came_back():
    log = panel(60)
    firm = Firm.of(log[log["ordered_on"] < "2024-02-20"])  # 49 days after the first order
    assert rfm(replace(firm, kept={"states": {"at_risk_days": 12, "lapsed_days": 24}})).back_days == 24
    firm = replace(firm, kept={"states": {"at_risk_days": 12, "lapsed_days": 25}})
    scored = rfm(firm)
    assert scored.back_days is None
    assert scored.groups["came_back"].isna().all()
    plan = segment_plan(firm, scored)
    assert plan.table["measure"].str.endswith(("a customer", "a purchase")).all()


# What is shown


def test_a_plan_in_words(shoppers):
    firm, scored = shoppers
    plan = segment_plan(firm, scored, contact_cost=2.5)
    table = pd.DataFrame({"segment": ["A", "B", "C"], "aim": ["back", "none", "keep"], "customers": [5, 900, 20]})
    plan = replace(plan, table=table.assign(budget=[10.0, 0, 50]))
    assert plan.finding().text == "Segments with a reason to act: 2"
    assert plain(plan.reading()) == ("The largest is “C”, 20 customers. Contacting all of theirs once costs EUR 60.")
    assert replace(plan, table=plan.table.iloc[:2]).finding().text == "Segments with a reason to act: 1"
    none = replace(plan, table=plan.table.iloc[1:2])
    assert (none.finding().nothing, none.reading()) == (True, "")
    assert plan.reading().count(".") == 2
    assert "The budget: one contact each, at EUR 2.50" in plain(plan.method())


def test_the_measure_is_a_number_on_the_page_and_in_the_file(shoppers):
    content = segment_plan(*shoppers, contact_cost=2.5).content()
    plan, rests = content["tables"]
    assert (plan["name"], rests["name"]) == ("segment_plan", "segment_plan_2")
    assert plan["columns"] == [
        *("segment", "customers", "aim", "action", "budget", "measure", "value", "unit", "look_on")
    ]
    rows = [dict(zip(plan["columns"], row, strict=True)) for row in plan["rows"]]
    assert all(isinstance(row["value"], float) for row in rows)
    assert any(f"{row['value']:.0%} bought again" == plain(row["measure"]) for row in rows)
    assert all(head in plan["html"] for head in ("Aim", "What to do", "Budget (EUR)", "Measure", "Look again on"))
    assert "no reason to act" in plan["html"]


@pytest.mark.skipif(pdf.find_browser() is None, reason="no Chromium, Chrome or Edge is installed")
def test_the_plan_is_printed_on_one_page(shoppers, tmp_path):
    """Judge: pypdf, with so much above the plan that it does not fit on what is left of the first page."""
    plan = segment_plan(*shoppers, contact_cost=2.5)
    output = nbformat.v4.new_output("display_data", data={RESULT: plan.content()})
    above = ["# Title", "## Above?\n\n" + "\n\n".join(["A line."] * 22), "## What is to be done?"]
    cells = [*map(nbformat.v4.new_markdown_cell, above)]
    cells.append(nbformat.v4.new_code_cell("plan", outputs=[output], execution_count=1))
    stage = {"name": "selection", "stage": "selection", "status": "ok", "page": "selection.html", "each": {},
             "parameters": {}, "code": "c", "figures": [], "actions": []}  # fmt: skip
    record = {"as_of": "2026-06-30", "made_at": "now", "source": "Shop", "currency": "EUR", "stages": [stage],
              "data": {"where": "shop.csv", "sha256": "d", "rows": 3}, "versions": {}}  # fmt: skip
    path = tmp_path / "selection.html"
    path.write_text(page.make_page(record, stage, page.sections(nbformat.v4.new_notebook(cells=cells))), "utf-8")
    assert pdf.print_pages([path], browser=pdf.find_browser()) == {path: ""}
    leaves = [" ".join(leaf.extract_text().split()) for leaf in pypdf.PdfReader(path.with_suffix(".pdf")).pages]
    ends = ["What is to be done?", plan.table["segment"].iloc[0], f"{plan.table['look_on'].iloc[-1]:%-d %b %Y}"]
    assert [[end in leaf for end in ends] for leaf in leaves] == [[False] * 3, [True] * 3]
