"""Nothing after the day of a report reaches it: all that comes later is changed, and both pages stay as they are."""

import shutil
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import portfoy as pf
from differences import differences
from portfoy.cli import main
from portfoy.source import open as source
from portfoy.source.seen import BEGINS
from run_notebook import kept_open, run_report

TEACHING = Path(__file__).parents[1] / "data" / "teaching"
DAY = pd.Timestamp("2026-01-31")
MONTH = pd.Timedelta(days=30)
ANSWERS = MONTH  # in which a contact may be answered


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    """A dirty company in CSV, five months of which are still to come, in a folder of its own."""
    folder = tmp_path_factory.mktemp("as_of") / "first" / "shop"
    asked = ["simulate", "--customers", "2000", "--dirt", "--out", str(folder)]
    assert CliRunner().invoke(main, asked).exit_code == 0
    return folder


@pytest.fixture(scope="module")
def altered(company):
    """The same company, in which everything after the day went otherwise."""
    folder = company.parents[1] / "second" / "shop"
    shutil.copytree(company, folder)
    rng = np.random.default_rng(5)
    for path in sorted(folder.glob("*.csv")):
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
        CHANGES.get(path.stem, lambda table, rng: table)(table, rng).to_csv(path, index=False)
    return folder


# What may go otherwise


def later(table, column):
    """Rows whose date is after the day."""
    return (pd.to_datetime(table[column], errors="coerce") > DAY).to_numpy()


def move(table, rows, column, days=40):
    """Dates moved further away."""
    moved = pd.to_datetime(table.loc[rows, column]) + pd.Timedelta(days=days)
    table.loc[rows, column] = moved.dt.strftime("%Y-%m-%d")


def shuffle(table, rows, columns, rng):
    """Other values, those of any row of the table."""
    for column in columns:
        table.loc[rows, column] = rng.choice(table[column].to_numpy(), rows.sum())


def begin_otherwise(name, begins=None):
    """Of a table's later rows a third is gone, a third there twice, and none is what it was."""

    begins = begins or BEGINS[name]

    def change(table, rng):
        rows = later(table, begins)
        shuffle(table, rows, [column for column in table.columns if column != begins], rng)
        move(table, rows, begins)
        lot = rng.integers(3, size=len(table))
        return pd.concat([table[~rows | (lot > 0)], table[rows & (lot == 1)]])

    return change


def change_transactions(table, rng):
    table = begin_otherwise("transactions", "ordered_on")(table, rng)
    rows = later(table, "ordered_on")
    table.loc[rows, "amount"] = (rng.uniform(-9, 99, rows.sum()) ** 3).round(2).astype(str)
    return table


def change_leads(table, rng):
    table = begin_otherwise("leads")(table, rng)
    closed = later(table, "closed_on")
    table.loc[closed, "outcome"] = rng.choice(["won", "lost", "open"], closed.sum())
    shuffle(table, closed, ["customer_id"], rng)
    for column in ["contacted_on", "qualified_on", "proposed_on", "closed_on"]:
        move(table, later(table, column), column)
    return table


def change_contacts(table, rng):
    table = begin_otherwise("contacts")(table, rng)
    open_yet = (pd.to_datetime(table["contacted_on"]) + ANSWERS > DAY).to_numpy()
    for column in ["opened", "responded"]:
        table.loc[open_yet, column] = table.loc[open_yet, column].map({"true": "false", "": "true"}).fillna("true")
    return table


def change_subscriptions(table, rng):
    table = begin_otherwise("subscriptions")(table, rng)
    ended = later(table, "ended_on")
    table.loc[ended, "ended_on"] = np.where(rng.integers(2, size=ended.sum()), "", "2026-06-01")
    return table


def change_tickets(table, rng):
    table = begin_otherwise("tickets")(table, rng)
    shuffle(table, later(table, "closed_on"), ["touches"], rng)
    for column in ["resolved_on", "closed_on", "reopened_on"]:
        move(table, later(table, column), column)
    return table


CHANGES = {name: begin_otherwise(name) for name in BEGINS} | {
    "transactions": change_transactions,
    "leads": change_leads,
    "contacts": change_contacts,
    "subscriptions": change_subscriptions,
    "tickets": change_tickets,
}


# Nothing moves


@pytest.fixture(scope="module")
def pages(company, altered, tmp_path_factory):
    """Both reports of both companies on the day."""
    made = {"tables": []}
    for folder in (company, altered):
        with pytest.MonkeyPatch.context() as patched:
            patched.chdir(folder.parent)
            kept_open("shop", tmp_path_factory.mktemp("kept"), patched, as_of=DAY)
            for stage in ("portfolio", "selection"):
                made.setdefault(stage, []).append(run_report(stage, data="shop", as_of=f"{DAY:%Y-%m-%d}"))
            made["tables"].append(page_tables(made["portfolio"][-1]))
    return made


def page_tables(page):
    """All tables that the page of a company was made from."""
    return {name: getattr(page.names["firm"].tables, name).to_pandas() for name in [*BEGINS, "transactions"]}


@pytest.mark.parametrize("stage", ["portfolio", "selection"])
def test_nothing_after_the_day_reaches_a_report(pages, stage):
    for page in pages[stage]:
        tables = page.names.pop("firm").tables  # which know where their files lie and how large they are
        page.names = {name: value for name, value in page.names.items() if not name.startswith("_")}
        page.names |= {"facts": tables.facts, "quality": tables.quality, "reading": tables.reading}
    assert pages[stage][0].missing == []
    assert differences(*pages[stage]) == []


def test_every_table_is_changed(company, altered):
    same = [path.name for path in company.glob("*.csv") if path.read_bytes() == (altered / path.name).read_bytes()]
    assert sorted(same) == ["price_index.csv", "ratings.csv"]  # ratings have no date; nobody reads the index yet


def test_no_table_shows_what_came_later(pages):
    for name in [*BEGINS, "transactions"]:
        waiting = {"contacts": ["opened", "responded"]}.get(name, [])  # the analysis of answers waits for these
        one, other = (tables[name].drop(columns=waiting) for tables in pages["tables"])
        one, other = (table.sort_values(list(table), ignore_index=True) for table in (one, other))
        pd.testing.assert_frame_equal(one, other)
        assert len(one) > 0
        assert not (one.select_dtypes("datetime") > DAY).to_numpy().any()


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
        "campaigns": "campaign_id,phase,channel,cost,starts_on\nK1,x,x,1,2025-01-02\nK2,x,x,1,2025-02-02\n",
        "contacts": "campaign_id,customer_id,arm,contacted_on\nK1,A,x,\nK2,A,x,\nK1,B,x,2025-02-03\n",
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
        "1 fair 2025-01-02 A 2025-01-03 2025-01-04 won",
        "2 fair 2025-01-02    open",
        "3 fair 2025-01-02    open",
        "4 fair 2025-01-02 A   won",
    ]
    assert cells("tickets") == ["1 A 2025-01-02 2025-01-03 2.0 ", "2 A 2025-01-02   "]
    assert cells("campaigns") == ["K1 x x 1.0 2025-01-02"]
    assert cells("contacts") == ["K1 A x "]
    whole = source.open(tmp_path)
    assert whole.as_of == date(2025, 3, 5)
    assert [getattr(whole, name).count().to_pandas() for name in rows] == [2, 4, 5, 3, 2, 3]


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
    tables = source.open(TEACHING, as_of="2026-01-31")
    log = pd.read_csv(TEACHING / "transactions.csv", dtype=str)
    log = log[log["ordered_on"] <= "2026-01-31"]
    assert (tables.facts.rows, tables.facts.used) == (len(log), len(log)) == (57608, 57608)
    assert tables.facts.customers == log["customer_id"].nunique() == 3171
    text = str(pf.quality(pf.open(TEACHING, as_of="2026-01-31")).reading()).replace("\u00a0", " ")
    assert text.startswith(
        "57,608 of 57,608 order lines are used; 3,171 customers placed 19,015 orders from 1 Jul 2023"
    )
    assert text.endswith("What came after 31 Jan 2026 is left out.")
