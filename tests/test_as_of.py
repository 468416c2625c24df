"""What is known on a day: no more than its tables held, by hand and by pandas.

That nothing of it reaches a page stands in test_words.py.
"""

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

import portfoy as pf
from portfoy.source import open as source

TEACHING = Path(__file__).parents[1] / "data" / "teaching"


# Small tables, each cell by hand


def test_a_table_is_what_was_known_on_the_day(tmp_path):
    rows = {
        "transactions": "customer_id,order_id,ordered_on,amount\nA,1,2025-01-05,10\nB,2,2025-03-05,10\n",
        "customers": "customer_id,joined_on,region\nA,2025-01-01,x\nB,,x\nC,,x\nD,2025-02-01,x\n",
        "leads": (
            "lead_id,channel,created_on,customer_id,qualified_on,closed_on,outcome\n"
            "1,fair,2025-01-02,A,2025-01-03,2025-01-04,won\n"
            "2,fair,2025-01-02,D,2025-02-03,2025-02-04,won\n"
            "3,fair,2025-01-02,B,,,won\n"
            "4,fair,2025-01-02,A,,,won\n"
            "5,fair,2025-02-02,,,,open\n"
        ),
        "tickets": (
            "ticket_id,customer_id,opened_on,closed_on,touches,reopened_on\n"
            "1,A,2025-01-02,2025-01-03,2,2025-02-03\n"
            "2,A,2025-01-02,2025-02-03,5,\n"
            "3,A,2025-02-02,2025-02-03,5,\n"
        ),
        "subscriptions": (
            "contract_id,customer_id,started_on,ended_on,ended_because\n"
            "1,A,2025-01-02,2025-01-03,price\n"
            "2,A,2025-01-02,2025-02-03,price\n"
        ),
        "surveys": (
            "survey_id,customer_id,invited_on,answered_on,nps\n"
            "1,A,2025-01-02,2025-01-03,9\n"
            "2,A,2025-01-02,2025-02-03,9\n"
            "3,A,2025-01-02,,\n"
            "4,A,2025-02-02,2025-02-03,9\n"
        ),
        "campaigns": "campaign_id,phase,channel,cost,starts_on\nK1,x,x,1,2025-01-02\nK2,x,x,1,2025-02-02\n",
        "contacts": "campaign_id,customer_id,arm,contacted_on\nK1,A,control,\nK2,A,control,\nK1,B,control,2025-02-03\n",
    }
    for name, text in rows.items():
        (tmp_path / f"{name}.csv").write_text(text, "utf-8")
    seen = source.open(tmp_path, as_of="2025-01-31")

    def cells(name):
        table = getattr(seen, name).to_pandas()
        return (
            table.astype("str").where(table.notna(), "").apply(" ".join, axis=1).str.replace(" 00:00:00", "").tolist()
        )

    assert cells("transactions") == ["A 1 2025-01-05 10.0"]
    assert cells("customers") == ["A 2025-01-01 x"]  # of B and C nobody can say that they were known
    assert cells("leads") == [
        "1 2025-01-02 fair A 2025-01-03 2025-01-04 won",
        "2 2025-01-02 fair    open",
        "3 2025-01-02 fair    open",
        "4 2025-01-02 fair A   won",
    ]
    assert cells("tickets") == ["1 A 2025-01-02 2025-01-03 2.0 ", "2 A 2025-01-02   "]
    assert cells("subscriptions") == ["1 A 2025-01-02 2025-01-03 price", "2 A 2025-01-02  "]
    assert cells("surveys") == ["1 A 2025-01-03 2025-01-02 9.0", "2 A  2025-01-02 ", "3 A  2025-01-02 "]
    assert cells("campaigns") == ["K1 x x 1.0 2025-01-02"]
    assert cells("contacts") == ["K1 A control "]
    whole = source.open(tmp_path)
    assert whole.as_of == date(2025, 3, 5)
    assert [getattr(whole, name).count().to_pandas() for name in rows] == [2, 4, 5, 3, 2, 4, 2, 3]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize("duplicates", ["drop", "keep"])
def test_repeated_rows_are_counted_by_the_day(kind, duplicates, tmp_path):
    lines = [("A", "1", "2025-01-05", 10.0)] * 3 + [("B", "2", "2025-01-06", 5.0), ("B", "3", "2025-02-06", 5.0)]
    lines += [("A", "4", "2025-02-07", 1.0)] * 4
    table = pd.DataFrame(lines, columns=["customer_id", "order_id", "ordered_on", "amount"])
    getattr(table, f"to_{kind}")(tmp_path / f"transactions.{kind}", index=False)
    (tmp_path / "portfoy.toml").write_text(f'duplicates = "{duplicates}"\n', "utf-8")
    kept = {"drop": 0, "keep": 1}[duplicates]
    found = {}
    for as_of in ("2025-01-31", ""):
        tables = source.open(tmp_path, as_of=as_of)
        found[as_of] = tables.quality.loc["duplicate", "rows"], tables.facts.rows, tables.facts.used
    assert found == {"2025-01-31": (2, 4, 2 + 2 * kept), "": (5, 9, 4 + 5 * kept)}


# The teaching company


def test_a_january_page_counts_the_january_file():
    firm = pf.open(TEACHING, as_of="2026-01-31")
    facts = firm.tables.facts
    log = pd.read_csv(TEACHING / "transactions.csv", dtype=str)
    log = log[log["ordered_on"] <= "2026-01-31"]
    assert (facts.rows, facts.used) == (len(log), len(log)) == (57608, 57608)
    assert facts.customers == log["customer_id"].nunique() == 3171
    text = str(pf.quality(firm).reading()).replace("\u00a0", " ")
    assert text.startswith("57,608 of 57,608 order lines are used: 3,171 customers, 19,015 orders, 1 Jul 2023")
    assert text.endswith("What came after 31 Jan 2026 is left out.")
