"""Lists that were acted on come back in the next run, with what they added; the judge is what was written by hand."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

import portfoy as pf
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
