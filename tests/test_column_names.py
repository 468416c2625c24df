"""Columns that a source may have beside those of the contract, under names that engines and Python use themselves."""

import datetime

import duckdb
import pandas as pd
import pytest

from portfoy.customers import customer_table
from portfoy.firm import Firm
from portfoy.people import people_table
from portfoy.portfolio.growth import growth
from portfoy.source import mapping
from portfoy.source import open as source
from portfoy.source.contract import TABLES, kind_of

TODAY = datetime.date(2026, 6, 30)
ODD = {
    name: name.strip("_ ").lower()
    for name in ["Row", "rowid", "self", "index", "Count", "portfoy_row", "select", "group", "key", "day", "t0", "c0"]
}
VALUES = {"id": ["007", "8", "0"], "text": ["a", "b", "c"], "number": ["1", "2", "3"], "flag": ["yes", "no", "yes"]}
VALUES["date"] = ["2026-01-05", "2026-02-05", "2026-03-05"]


def frame(table, odd):
    """Three rows of a table with all columns of the contract, and in each odd column its own name and the row."""
    columns = {name: VALUES[kind_of(table, name)] for name in TABLES[table]}
    return pd.DataFrame(columns | {name: [f"{name}{row}" for row in range(3)] for name in odd if name not in columns})


def folder(path, ending, odd, tables=TABLES):
    """A source with every table, or these."""
    path.mkdir()
    with duckdb.connect() as engine:
        for table in tables:
            engine.register("frame", frame(table, odd))
            engine.execute(f"COPY frame TO '{path / table}.{ending}'")
    return path


FEW = ("transactions", "customers", "leads", "contacts")


@pytest.mark.parametrize(
    ("ending", "tables"),
    [("csv", FEW), *(pytest.param(ending, tuple(TABLES), marks=pytest.mark.study) for ending in ("csv", "parquet"))],
)
def test_names_that_engines_use_themselves_change_nothing_in_any_table(tmp_path, ending, tables):
    plain = source.open(folder(tmp_path / "plain", ending, [], tables), today=TODAY)
    odd = source.open(folder(tmp_path / "odd", ending, ODD, tables), today=TODAY)
    assert odd.facts == plain.facts
    assert odd.facts.revenue == 6 - 6  # as much was refunded
    for table in tables:
        found, judge = getattr(odd, table).to_pandas(), getattr(plain, table).to_pandas()
        pd.testing.assert_frame_equal(found[list(judge)], judge)
        for name, ours in {n: o for n, o in ODD.items() if o not in TABLES[table] and table != "transactions"}.items():
            ours = ours if ours in found else f"{ours}_"  # the name of our own row numbers gives way
            assert ours not in found or found[ours].tolist() == [f"{name}{row}" for row in range(3)]
    pd.testing.assert_frame_equal(people_table(odd), people_table(plain))


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_names_that_we_use_ourselves_give_way_to_no_column_of_the_source(tmp_path, ending):
    plain = source.open(folder(tmp_path / "plain", ending, [], ("transactions", "leads")), today=TODAY)
    own = ["unread_outcome", "unread_closed_on", "portfoy_left_out", "portfoy_copies", "portfoy_problem"]
    odd = source.open(folder(tmp_path / "odd", ending, own, ("transactions", "leads")), today=TODAY)
    for table in ("transactions", "leads"):
        found, judge = getattr(odd, table).to_pandas(), getattr(plain, table).to_pandas()
        pd.testing.assert_frame_equal(found[list(judge)], judge)
    assert odd.accounts["leads"].findings.equals(plain.accounts["leads"].findings)
    assert found["own_unread_outcome"].tolist() == [f"unread_outcome{row}" for row in range(3)]
    assert found["own_portfoy_problem"].tolist() == [f"portfoy_problem{row}" for row in range(3)]


def test_any_of_the_names_can_be_mapped(tmp_path):
    rows = pd.DataFrame(
        {"rowid": ["7", "8"], "self": ["O1", "O2"], "Row": ["2026-01-05", "2026-02-05"], "index": ["1.5", "2"]}
    )
    rows.to_csv(tmp_path / "transactions.csv", index=False)
    named = 'customer_id = "rowid"\norder_id = "self"\nordered_on = "Row"\namount = "index"\n'
    (tmp_path / "portfoy.toml").write_text("[transactions]\n" + named)
    opened = source.open(tmp_path, today=TODAY)
    assert opened.transactions.order_by("customer_id").to_pandas()["customer_id"].tolist() == ["7", "8"]
    assert opened.facts.revenue == 3.5
    assert "not used" in mapping.draft(tmp_path / "transactions.csv")


def test_rows_are_numbered_as_in_the_file_whatever_its_columns_are_called(tmp_path):
    header, row = "customer_id,order_id,ordered_on,amount,rowid\n", "7,O1,2026-01-05,1,900\n"
    (tmp_path / "transactions.csv").write_text(header + row + row.replace("2026-01-05", "?"))
    assert source.open(tmp_path, today=TODAY).quality.loc["unreadable_date", "example"] == "row 3: ?"


def test_two_columns_that_differ_in_their_marks_only_are_both_there_and_ours_stays_ours(tmp_path):
    (tmp_path / "transactions.csv").write_text("customer_id,order_id,ordered_on,amount\n7,O1,2026-01-05,1\n")
    (tmp_path / "products.csv").write_text("product_id,name,name_,tax rate,tax-rate\nP1,lamp,?,1,2\n")
    products = source.open(tmp_path, today=TODAY).products.to_pandas()
    assert products.to_dict("records") == [
        {"product_id": "P1", "name": "lamp", "name_": "?", "tax_rate": "1", "tax_rate_": "2"}
    ]


def growth_of(log):
    return growth(Firm.of(log), months=1).table


@pytest.mark.parametrize("work_out", [customer_table, growth_of])
def test_a_log_in_a_dataframe_may_have_columns_of_any_name(work_out):
    log = frame("transactions", [])
    log = log.assign(ordered_on=pd.to_datetime(log["ordered_on"]))
    log = log.astype(dict.fromkeys(["amount", "quantity", "unit_price", "unit_cost", "discount"], float))
    odd = pd.concat(
        [
            log,
            frame("products", [*ODD, "row", "Amount", "orders", "period"])[[*ODD, "row", "Amount", "orders", "period"]],
        ],
        axis=1,
    )
    pd.testing.assert_frame_equal(work_out(odd), work_out(log))
