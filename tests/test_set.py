"""The seven reports of a run as one set: what goes by one name, or means one thing, has one value wherever it stands.

The judge of every number is the other places where it stands: the record, the tables and the lists of all stages, which
come from different rooms; sums and complements of them are plain arithmetic. That a difference is found is shown by
planting one.
"""

import json
import re
import shutil
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
from bs4 import BeautifulSoup

from portfoy.report import figures

CURRENT = ["new", "active", "reactivated", "at risk"]
# What a column of a list says of the list, the campaign or the offer, not of the customer.
OF_THE_LIST = {
    *("campaign_id", "arm", "contacted_on", "hold_out_share", "cost_so_far", "held_out_of", "why", "because", "action"),
    *("next_step", "worth"),
}
# Money of a span that the list itself names: "in 12 months they fell most".
OF_A_SPAN = {"fallen": {"revenue", "revenue_before", "gained", "band"}}


class Run:
    """The record, the tables and the lists of a run."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.record = json.loads((self.folder / "run.json").read_text("utf-8"))
        self.stages = {stage["name"]: stage for stage in self.record["stages"]}
        self.lists = {
            path.stem: pd.read_csv(path, encoding="utf-8-sig", dtype={"customer_id": str})
            for path in sorted((self.folder / "actions").glob("*.csv"))
        }

    def table(self, stage, name):
        return pd.read_csv(self.folder / "files" / stage / f"{name}.csv", encoding="utf-8-sig")

    def row(self, stage, name, **where):
        """The row of a table where its columns have these values."""
        table = self.table(stage, name)
        for column, value in where.items():
            table = table[table[column] == value]
        assert len(table) == 1, (stage, name, where)
        return table.iloc[0]

    def total(self, stage, name, column, **among):
        """The sum of a column, over the rows where another has one of these values."""
        table = self.table(stage, name)
        for other, values in among.items():
            table = table[table[other].isin(values)]
        return table[column].sum()

    def figure(self, name):
        """Where -> value of a headline figure, in every report that has it."""
        found = {
            f"{stage}, figures": figure["value"]
            for stage, told in self.stages.items()
            for figure in told["figures"]
            if figure["name"] == name
        }
        assert found, name
        return found


def facts(run):
    """What is one thing -> where it stands -> its value there."""
    row, total, figure = run.row, run.total, run.figure
    people = {"state": CURRENT}
    metric = {name: row("portfolio", "key_figures", figure=said)["value"] for name, said in KEY.items()}
    journey = run.table("portfolio", "journey").set_index("figure")["value"]
    churn = run.table("retention", "churn").set_index("measure")
    economics, base = run.table("retention", "economics").iloc[0], run.table("retention", "economics_2").iloc[0]
    scores = run.table("retention", "satisfaction_2").set_index("score")["value"]
    year, quarters = (
        run.table("portfolio", "years").set_index("figure")["now"],
        run.table("portfolio", "growth").tail(4),
    )
    money, moves = run.table("portfolio", "growth_2").tail(4), {"move": ["new", "back", "rose", "same", "fell"]}
    holds = run.table("portfolio", "concentration").set_index("measure")
    types = {"trait": ["type"]}
    every, today = row("deepening", "wallet", group="all customers"), run.table("monitoring", "three_dates").iloc[-1]
    contact = {
        "deepening, read-out": row("deepening", "experiment", campaign_id="all together", outcome="responded")[
            "effect"
        ],
        "selection, campaigns": row("selection", "campaign", campaign_id="all together")["points"],
    }
    return {
        "customers who ever bought": {
            "portfolio, states": total("portfolio", "states", "people", state=[*CURRENT, "lapsed"]),
            **{f"{stage}, value": total(stage, "lifetime_value", "customers") for stage in ("portfolio", "selection")},
            **{f"selection, {name}": total("selection", name, "customers") for name in SEGMENTS},
            "monitoring, three dates": today["customers"],
        },
        "customers of today": {
            **figure("current_customers"),
            "portfolio, states": total("portfolio", "states", "people", **people),
            "retention, cost of the base": base["active"],
        },
        "customers at risk": {
            **figure("customers_at_risk"),
            "portfolio, states": row("portfolio", "states", state="at risk")["people"],
            "list": len(run.lists["at_risk"]),
            "portfolio, strengths": found(run, "Customers at risk"),
        },
        "customers who bought in twelve months": {
            "portfolio, years": year["Customers who bought"],
            "portfolio, concentration": holds.loc["revenue", "customers"],
            "portfolio, who": total("portfolio", "composition", "customers", **types),
            "deepening, wallet": every["customers"],
            "deepening, migration": total("deepening", "migration", "customers", **moves),
        },
        "newcomers of twelve months": {
            "portfolio, journey": journey["First purchase"],
            "portfolio, growth": quarters["new"].sum(),
            "retention, cost of the base": base["newcomers"],
            "deepening, migration": row("deepening", "migration", move="new")["customers"],
        },
        "revenue of twelve months": {
            **figure("revenue"),
            "portfolio, years": year["Revenue"],
            "portfolio, concentration": holds.loc["revenue", "total"],
            "portfolio, growth": money["revenue"].sum(),
            "portfolio, who": total("portfolio", "composition", "revenue", **types),
            "selection, plan": total("selection", "segment_plan_2", "year_revenue"),
            "deepening, wallet": every["revenue"],
            "deepening, migration": total("deepening", "migration", "revenue"),
        },
        "revenue so far": {
            "portfolio, states": total("portfolio", "states", "revenue"),
            **{
                f"selection, {name}": total("selection", name, "revenue")
                for name in ("rfm", "deciles", "profitability")
            },
        },
        "margin so far": {
            f"selection, {name}": total("selection", name, "margin") for name in ("deciles", "profitability")
        },
        "margin of twelve months": {
            "portfolio, concentration": holds.loc["margin", "total"],
            "portfolio, years": year["Margin as a share of revenue"] * year["Revenue"],
        },
        "what customers are expected to bring": {
            **figure("expected_value"),
            "portfolio, value": total("portfolio", "lifetime_value", "expected_value"),
            **{
                f"selection, {name}": total("selection", name, "expected_value") for name in ("worth", "segment_plan_2")
            },
            "portfolio, key figures": metric["clv"] * total("portfolio", "lifetime_value", "customers"),
            "monitoring, three dates": today["expected_value"],
        },
        "lifetime value of a customer": {
            **figure("clv"),
            "portfolio, key figures": metric["clv"],
            "monitoring, three dates": today["mean"],
        },
        "churn": {
            **figure("churn"),
            "portfolio, key figures": metric["churn"],
            "portfolio, journey": 1 - journey["Stays"],
            "portfolio, strengths": found(run, "Churn:"),
            "retention, churn": churn.loc["customers", "value"],
            "retention, a point": 1 - economics["retention"],
        },
        "customers lost": {
            "retention, churn": churn.loc["customers", "counted"],
            "list": len(run.lists["lost_customers"]),
            "retention, a point": economics["base"] * (1 - economics["retention"]),
        },
        "churn of contracts": {
            **figure("contract_churn"),
            "portfolio, key figures": metric["contract_churn"],
            "portfolio, strengths": found(run, "Churn of contracts"),
            "retention, churn": churn.loc["contracts", "value"],
        },
        "net promoter score": {
            **figure("nps"),
            "portfolio, key figures": metric["nps"],
            "portfolio, journey": journey["Recommends"],
            "portfolio, strengths": found(run, "NPS"),
            "retention, scores": scores["nps"],
        },
        "satisfied customers": {**figure("csat"), "retention, scores": scores["csat"]},
        "first contact resolution": {
            **figure("first_contact_resolution"),
            "portfolio, key figures": metric["first_contact_resolution"],
            "portfolio, strengths": found(run, "First contact resolution"),
            "retention, service": row("retention", "service", trait="all")["first_contact"],
        },
        "sales cycle": {
            **figure("sales_cycle"),
            "portfolio, key figures": metric["sales_cycle"],
            "portfolio, strengths": found(run, "Sales cycle"),
            "acquisition, cycle": row("acquisition", "sales_cycle", level="all deals")["half_won"],
        },
        "our share of spending": {
            **figure("wallet_share"),
            "deepening, wallet": every["share"],
            "monitoring, three dates": today["share"],
        },
        "newcomers who came back": {
            **figure("newcomers_back"),
            "retention, cohorts": row("retention", "cohorts_3", months=3)["now"],
        },
        "gained for each one lost": {
            **figure("quick_ratio"),
            "portfolio, growth": quarters["quick_ratio"].iloc[-1],
            "portfolio, strengths": found(run, "Gained for each one lost"),
        },
        "what the largest hold": {**figure("top_share"), "portfolio, concentration": holds.loc["revenue", "top_share"]},
        "responses that a contact adds": contact,
        "customers of twelve months before": {
            "portfolio, years": run.table("portfolio", "years").set_index("figure")["before"]["Customers who bought"],
            "monitoring, bridge": row("monitoring", "bridge", factor="customers")["level_then"],
        },
    }


KEY = {
    "churn": "Churn",
    "contract_churn": "Churn of contracts",
    "nps": "NPS",
    "clv": "Customer lifetime value",
    "sales_cycle": "Sales cycle",
    "first_contact_resolution": "First contact resolution",
}
SEGMENTS = ("rfm", "deciles", "worth", "segment_plan_2")


def found(run, start):
    """The number of the finding among strengths and weaknesses that starts so."""
    table = run.table("portfolio", "findings")
    (value,) = table.loc[table["finding"].str.startswith(start), "value"]
    return value


def alike(one, other):
    """Whether two values are the same, both missing too; numbers up to what six decimals of a share can hide."""
    if pd.isna(one) or pd.isna(other):
        return pd.isna(one) and pd.isna(other)
    if isinstance(one, str) or isinstance(other, str):
        return one == other
    return one == pytest.approx(other, rel=2e-5, abs=2e-6)


def said_twice(run):
    """Every place where a run says one thing in two ways, in words; nothing where it is at one with itself."""
    wrong = []
    for what, places in facts(run).items():
        for (here, one), (there, other) in pairwise(places.items()):
            if not alike(one, other):
                wrong.append(f"{what}: {one} in {here}, {other} in {there}")
    return wrong + figures_apart(run) + lists_apart(run)


def figures_apart(run):
    """Headline figures of one name with two values, bounds or days; and of one label with two names."""
    seen, labels, wrong = {}, {}, []
    for stage, told in run.stages.items():
        for figure in told["figures"]:
            name, label = figure["name"], figures.label(figure)
            first, where = seen.setdefault(name, (figure, stage))
            for part in ("value", "low", "high", "unit", "days"):
                if not alike(first[part], figure[part]):
                    wrong.append(f"{name}: {part} {first[part]} in {where}, {figure[part]} in {stage}")
            for when in ("year", "half"):
                was = [each[when] and each[when]["value"] for each in (first, figure)]
                if not alike(*was):
                    wrong.append(f"{name}: a {when} before {was[0]} in {where}, {was[1]} in {stage}")
            if labels.setdefault(label, name) != name:
                wrong.append(f"{label}: what {labels[label]} and {name} are both called")
    return wrong


def lists_apart(run):
    """Customers of whom two lists say something else under one name; and those on lists that rule each other out."""
    seen, wrong = {}, []
    for name, table in run.lists.items():
        if "customer_id" not in table or name == "open_tickets":  # a row a ticket
            columns = ["type", "year_revenue"] if name == "open_tickets" else []
        else:
            columns = table.columns.drop(["customer_id", *OF_THE_LIST & set(table), *OF_A_SPAN.get(name, [])])
        for column in columns:
            for customer, value in zip(table["customer_id"], table[column], strict=True):
                first, where = seen.setdefault((customer, column), (value, name))
                if not alike(first, value):
                    wrong.append(f"{customer}: {column} {first} in {where}, {value} in {name}")
    for one, other in (("at_risk", "lost_customers"), ("at_risk", "win_back"), ("save", "win_back")):
        both = set(run.lists[one]["customer_id"]) & set(run.lists[other]["customer_id"])
        wrong += [f"{customer}: in {one} and in {other}" for customer in sorted(both)]
    return wrong


@pytest.fixture(scope="module")
def whole(teaching_run):
    return teaching_run[0] / "reports" / "2026-06-30"


def test_no_figure_has_two_values_anywhere(whole):
    run = Run(whole)
    assert said_twice(run) == []
    assert len(run.stages) == 7
    assert min(map(len, facts(run).values())) >= 2


def test_the_card_and_the_lists_say_the_same_of_a_customer(whole):
    """Judge: the row of the same customer in the list of those at risk."""
    run = Run(whole)
    (heading,) = (found["text"] for found in run.stages["customer"]["findings"])
    customer = heading.partition(":")[0]
    told = run.table("customer", "customer_card").set_index("fact")["told"]
    row = run.lists["at_risk"].set_index("customer_id").loc[customer]
    assert (told["Type"], told["State"]) == (row["type"], row["state"])
    assert told["Last purchase"].startswith(f"{row['idle']:.0f} days ago")
    assert f"{round(row['year_revenue'], -3) / 1000:.0f}K;" in told["Revenue, 12 months"]
    assert (run.table("customer", "history")["event"] == "purchase").sum() == row["purchases"]


def changed_figure(run):
    path = run / "run.json"
    record = json.loads(path.read_text("utf-8"))
    (figure,) = (each for each in record["stages"][3]["figures"] if each["name"] == "nps")
    figure["value"] += 0.1
    path.write_text(json.dumps(record), "utf-8")


def changed_table(run):
    path = run / "files" / "deepening" / "wallet.csv"
    table = pd.read_csv(path, encoding="utf-8-sig")
    table.loc[table["group"] == "all customers", "customers"] += 1
    table.to_csv(path, index=False, encoding="utf-8-sig")


def changed_list(run):
    path = run / "actions" / "win_back.csv"
    table = pd.read_csv(path, encoding="utf-8-sig")
    table.loc[0, "last_order"] = "2020-01-01"
    table.to_csv(path, index=False, encoding="utf-8-sig")


def longer_list(run):
    path = run / "actions" / "at_risk.csv"
    lost = pd.read_csv(run / "actions" / "lost_customers.csv", encoding="utf-8-sig").head(1)
    table = pd.concat([pd.read_csv(path, encoding="utf-8-sig"), lost[["customer_id", "type"]]])
    table.to_csv(path, index=False, encoding="utf-8-sig")


@pytest.mark.parametrize(
    ("plant", "told"),
    [
        (changed_figure, "net promoter score: "),
        (changed_table, "customers who bought in twelve months: "),
        (changed_list, "last_order "),
        (longer_list, "in at_risk and in lost_customers"),
    ],
)
def test_a_planted_difference_is_found(whole, tmp_path, plant, told):
    for name in ("run.json", "files", "actions"):
        (shutil.copytree if (whole / name).is_dir() else shutil.copy)(whole / name, tmp_path / name)
    assert said_twice(Run(tmp_path)) == []
    plant(tmp_path)
    wrong = said_twice(Run(tmp_path))
    assert any(told in line for line in wrong), wrong


def test_a_name_of_two_figures_is_found(whole):
    run = Run(whole)
    run.stages["selection"]["figures"].append({**run.stages["portfolio"]["figures"][0], "name": "Revenue", "label": ""})
    assert figures_apart(run) == ["Revenue: what revenue and Revenue are both called"]


def test_no_page_weighs_more_than_100_kb_beside_its_pictures(whole):
    """Judge: the bytes of the files themselves, without their drawings."""
    bare = {
        path.name: len(re.sub(rb"<svg.*?</svg>", b"", path.read_bytes(), flags=re.S)) for path in whole.glob("*.html")
    }
    assert {name: size for name, size in bare.items() if size > 100_000} == {}
    assert len(bare) == 8


def test_every_list_goes_by_a_name_of_its_own(whole):
    """Of those that nothing is done with, too: a question is the heading of a section, not of a list."""
    page = BeautifulSoup((whole / "customers" / "index.html").read_text("utf-8"), "html.parser")
    names = [each.get_text() for each in page.select("main summary")]
    assert "The customers lost" in names
    assert [name for name in names if name.endswith("?")] == []
    assert "held_out_of" not in page.main.get_text().replace("held_out_of.csv", "")
