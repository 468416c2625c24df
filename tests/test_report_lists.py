"""Lists that were acted on come back in the next run, with what they added; the judge is what was written by hand."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from click.testing import CliRunner

import portfoy as pf
from helpers import plain
from portfoy.cli import main
from portfoy.firm import LISTS
from portfoy.report import lists

DATA = Path(__file__).parents[1] / "data" / "campaigns"
HEAD = "campaign_id,customer_id,arm,contacted_on,hold_out_share,why\n"
LIST = HEAD + "next-2026-03-31,A,treatment,2026-04-01,0.5,x\nnext-2026-03-31,'-7,control,2026-04-01,0.5,y\n"
ORDERS = "customer_id,order_id,ordered_on,amount\nA,1,2026-01-05,10\nB,2,2026-06-05,20\n-7,3,2026-06-05,20\n"


def written(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8-sig")
    return path


@pytest.fixture
def opened(tmp_path, monkeypatch):
    """A function that opens a shop in a report that was handed the list; with what its own contacts say."""
    place = written(tmp_path / "next.csv", LIST)

    def opened(contacts=None, **given):
        written(tmp_path / "shop" / "transactions.csv", ORDERS)
        if contacts:
            written(tmp_path / "shop" / "contacts.csv", contacts)
        monkeypatch.setenv(LISTS, json.dumps({"shop": {"next-2026-03-31": str(place)}}))
        return pf.open(tmp_path / "shop", **given)

    return opened


def rows(firm):
    table = firm.tables.contacts.to_pandas().sort_values(["campaign_id", "customer_id"])
    return table[["campaign_id", "customer_id", "arm"]].values.tolist()


def test_a_list_stands_among_the_contacts(opened):
    firm = opened()
    assert rows(firm) == [["next-2026-03-31", "-7", "control"], ["next-2026-03-31", "A", "treatment"]]
    assert firm.tables.contacts.hold_out_share.max().to_pandas() == 0.5
    assert firm.on("2026-03-31").tables.contacts.count().to_pandas() == 0  # nobody was contacted yet


def test_contacts_of_the_source_count_before_the_list(opened):
    head = "campaign_id,customer_id,arm,contacted_on\n"
    firm = opened(head + "K,B,control,2026-02-01\n")
    assert [row[:2] for row in rows(firm)] == [["K", "B"], ["next-2026-03-31", "-7"], ["next-2026-03-31", "A"]]
    firm = opened(head + "next-2026-03-31,A,control,2026-04-02\n")
    assert rows(firm) == [["next-2026-03-31", "A", "control"]]


def test_only_lists_named_and_of_earlier_days_are_handed_on(tmp_path):
    for folder, day in [("a", "2026-03-31"), ("b", "2026-06-30"), ("c", "2026-02-28")]:
        written(tmp_path / folder / "actions" / "next.csv", LIST.replace("next-2026-03-31", f"next-{day}"))
        written(tmp_path / folder / "actions" / "other.csv", "customer_id\nA\n")
    paths = ["actions/next.csv", "actions/other.csv", "actions/gone.csv"]
    days = {"a": "2026-03-31", "b": "2026-06-30", "c": "2026-02-28"}
    runs = [
        {"folder": name, "as_of": day, "source": "shop", "stages": [{"actions": paths}]} for name, day in days.items()
    ]
    record = {"source": "shop", "as_of": "2026-06-30"}
    found, notes = lists.acted_on(runs, record, tmp_path, ["next-2026-03-31", "next-2026-06-30"])
    assert found == {"next-2026-03-31": str(tmp_path / "a" / "actions" / "next.csv")}
    assert notes == [
        "[lists] acted_on: no earlier run has 'next-2026-06-30'; there are: next-2026-02-28, next-2026-03-31."
    ]
    assert lists.acted_on(runs, {**record, "source": "other"}, tmp_path, ["x"])[0] == {}
    assert lists.acted_on(None, record, tmp_path, []) == ({}, [])  # no file is opened for nothing


@pytest.mark.study
def test_the_loop_is_closed_from_report_to_report(tmp_path, monkeypatch):
    """The list of March, held out by half, to whose treated we sell once in April: the report of June counts them."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(DATA, "shop")
    command = ["report", "selection", "--data", "shop", "-p", "contacts=80", "-p", "hold_out_share=0.5"]
    assert CliRunner().invoke(main, [*command, "--as-of", "2026-03-31"]).exit_code == 0
    listed = pd.read_csv("reports/2026-03-31/actions/next_campaign.csv", dtype=str)
    orders = pd.read_csv("shop/transactions.csv", dtype=str)
    treated = listed.loc[listed["arm"] == "treatment", "customer_id"]
    sold = orders.iloc[:1].drop(columns="customer_id").merge(treated, how="cross").assign(ordered_on="2026-04-08")
    sold["order_id"] = [f"N{number}" for number in range(len(sold))]
    soon = orders["ordered_on"].between("2026-04-01", "2026-05-15") & orders["customer_id"].isin(listed["customer_id"])
    pd.concat([orders[~soon], sold]).to_csv("shop/transactions.csv", index=False)
    said = Path("shop/portfoy.toml").read_text("utf-8")
    Path("shop/portfoy.toml").write_text(said + '[lists]\nacted_on = ["next_campaign-2026-03-31"]\n', "utf-8")
    assert CliRunner().invoke(main, [*command, "--as-of", "2026-06-30"]).exit_code == 0
    run = json.loads(Path("reports/2026-06-30/run.json").read_text("utf-8"))
    assert run["lists"] == ["next_campaign-2026-03-31"]
    told = [
        table
        for path in Path("reports/2026-06-30/files/selection").glob("*.csv")
        if "next_campaign-2026-03-31" in (table := path.read_text("utf-8-sig"))
    ]
    assert told


def test_who_is_held_out_of_one_list_is_marked_on_the_others(tmp_path):
    heads = [("Customer", "text"), ("Contact or not", "code"), ("Campaign", "text")]
    columns = ["customer_id", "arm", "campaign_id"]
    save = {"name": "save", "columns": columns, "heads": heads}
    save["rows"] = [["A", "treatment", "save-1"], ["B", "control", "save-1"]]
    calls = {"name": "calls", "columns": ["customer_id"], "heads": [("Customer", "text")], "rows": [["B"], ["C"]]}
    leads = {"name": "leads", "columns": ["lead_id"], "heads": [("Lead", "text")], "rows": [["B"]]}
    alone = {"name": "alone", "columns": ["customer_id"], "heads": [("Customer", "text")], "rows": [["C"]]}
    stages = [{"name": "retention", "each": {}}, {"name": "portfolio-x", "each": {"x": 1}}]
    lists.mark_held_out(tmp_path, stages, {"retention": [save, alone], "portfolio-x": [calls, leads]})
    assert (calls["columns"], calls["rows"]) == (["customer_id", "held_out_of"], [["B", "save-1"], ["C", ""]])
    written = (tmp_path / "actions" / "portfolio-x" / "calls.csv").read_text("utf-8-sig")
    assert written == "customer_id,held_out_of\nB,save-1\nC,\n"
    assert (save["columns"], leads["rows"], alone["rows"]) == (columns, [["B"]], [["C"]])  # nothing to say
    assert [path.name for path in tmp_path.rglob("*.csv")] == ["calls.csv"]


# Retention


PLANTED = 25  # points by which an offer makes more buy again: a lot, as the shop is small
LAST = pd.Timestamp("2026-03-31")


def retention_shop(seed=7, customers=700, days=800):
    """Orders up to June: customers buy every forty days or so, and one in seventeen stops after each purchase."""
    random, rows = np.random.default_rng(seed), []
    for number in range(customers):
        ago, level = int(random.integers(0, days)), random.lognormal(3, 0.5)
        while ago >= 0:
            amount = round(level * random.gamma(4), 2)
            rows.append((f"{number:04d}", pd.Timestamp("2026-06-30") - pd.Timedelta(days=ago), amount))
            ago = -1 if random.random() < 0.06 else ago - 1 - int(random.exponential(40))
    return pd.DataFrame(rows, columns=["customer_id", "ordered_on", "amount"])


def answered(orders, listed, seed=8, alone=0.3):
    """The orders, but of those listed one in April by three in ten held out, and by as many and the planted more."""
    chance = np.where(listed["arm"] == "treatment", alone + PLANTED / 100, alone)
    buys = listed.loc[np.random.default_rng(seed).random(len(listed)) < chance, ["customer_id"]]
    later = (orders["ordered_on"] > LAST) & orders["customer_id"].isin(listed["customer_id"])
    return pd.concat([orders[~later], buys.assign(ordered_on=LAST + pd.Timedelta(days=9), amount=50.0)])


@pytest.mark.study
def test_what_the_lists_of_retention_added_stands_on_the_next_page(tmp_path, monkeypatch):
    """Simulated truth: of those called 25 in a hundred more buy; the page of June says so, with an interval round it.

    Its arms and answers are counted once more from the list and the orders as written.
    """
    monkeypatch.chdir(tmp_path)
    orders, shop = retention_shop(), Path("shop")
    shop.mkdir()

    def report(day):
        numbered = orders.assign(order_id=[f"O{place}" for place in range(len(orders))])
        numbered.to_csv(shop / "transactions.csv", index=False)
        command = ["report", "retention", "--data", "shop", "-p", "contacts=300", "-p", "hold_out_share=0.5"]
        done = CliRunner().invoke(main, [*command, "--as-of", day])
        assert done.exit_code == 0, done.output
        return Path("reports") / day

    first, lists_of = report("2026-03-31"), {}
    for name in ("save", "win_back"):
        lists_of[name] = pd.read_csv(first / "actions" / f"{name}.csv", dtype={"customer_id": str})
        orders = answered(orders, lists_of[name])
    assert not {*lists_of["save"]["customer_id"]} & {*lists_of["win_back"]["customer_id"]}
    named = ", ".join(f'"{name}-2026-03-31"' for name in lists_of)
    (shop / "portfoy.toml").write_text(f"[lists]\nacted_on = [{named}]\n", "utf-8")
    page = BeautifulSoup((report("2026-06-30") / "retention.html").read_text("utf-8"), "html.parser")
    said = " ".join(plain(page.get_text(" ")).split())
    found = re.findall(
        r"Of the list of 31 Mar 2026 (\d+)% of (\d+) contacted bought, and (\d+)% of (\d+) held out: "
        r"([\d.]+) points more \(([\d.]+)\s*–\s*([\d.]+)\)",
        said,
    )
    told = {int(row[1]): [*map(float, row)] for row in found}  # by how many were called; what leads is told twice
    for listed in lists_of.values():
        bought = listed["customer_id"].isin(orders.loc[orders["ordered_on"] > LAST, "customer_id"])
        shares, sizes = (bought.groupby(listed["arm"]).agg(what) for what in ("mean", "size"))
        response, _treated, held_response, held_out, points, low, high = told[sizes["treatment"]]
        assert held_out == sizes["control"]
        assert [response, held_response] == pytest.approx(
            [100 * shares["treatment"], 100 * shares["control"]], abs=0.51
        )
        assert points == pytest.approx(100 * (shares["treatment"] - shares["control"]), abs=0.51)
        assert 0 < low < PLANTED < high
