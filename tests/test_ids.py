"""Ids of different tables meet: the ".0" of exported measurements goes, and what matches nothing is counted."""

import csv
import datetime

import pandas as pd
import pytest

import portfoy as pf
from helpers import plain
from portfoy.customers import customer_table
from portfoy.people import people_table, with_traits
from portfoy.portfolio.quality import quality_text, without_order
from portfoy.selection.profiles import profile_cards
from portfoy.source import open as source
from portfoy.source.mapping import draft

TODAY = datetime.date(2026, 12, 31)


@pytest.fixture
def firm(tmp_path):
    """A function that opens a source of orders by some customers, each of one product, and of further tables."""

    def firm(orders, sold=None, settings="", **further):
        log = pd.DataFrame({"customer_id": orders, "product_id": sold or ["P"] * len(orders)})
        log = log.assign(order_id=[f"O{row}" for row in range(len(log))], ordered_on="2026-03-31", amount="10")
        log.to_csv(tmp_path / "transactions.csv", index=False)
        for table, columns in further.items():
            pd.DataFrame(columns).to_csv(tmp_path / f"{table}.csv", index=False)
        (tmp_path / "portfoy.toml").write_text(settings)
        return source.open(tmp_path, today=TODAY)

    return firm


def ids(table, column="customer_id"):
    return sorted(table.to_pandas()[column])


def said(column):
    return f'{column}: ids read without their ".0"'


@pytest.mark.parametrize(
    ("orders", "listed"),
    [
        (["1001.0", "1002.0", "0.0"], ["1001", "1002", "0"]),
        (["1001", "1002", "0"], ["1001.0", "1002.0", "0.0"]),
        (["1001.0", "1002.0", "0.0"], ["1001.0", "1002.0", "0.0"]),
    ],
)
def test_ids_exported_as_measurements_match_and_it_is_said(firm, orders, listed):
    tables = firm(orders, customers={"customer_id": listed, "region": ["north", "south", "north"]})
    people = people_table(tables)
    assert people["customer_id"].tolist() == ["0", "1001", "1002"]
    assert people["region"].tolist() == ["north", "north", "south"]
    expected = {"transactions": orders, "customers": listed}
    assert tables.reading == [said(f"{table}.customer_id") for table, ids in expected.items() if "1001.0" in ids]
    assert tables.unmatched().empty


@pytest.mark.parametrize("odd", ["7", "A7.0", "7.00", "007.5"])
def test_ids_are_text_where_one_of_them_is_no_whole_number(firm, odd):
    tables = firm(["1001.0", odd], customers={"customer_id": ["1001.0", odd]})
    assert ids(tables.transactions) == ids(tables.customers) == sorted(["1001.0", odd])
    assert tables.reading == []


def test_zeros_in_front_stay(firm):
    tables = firm(["007.0", "08.0"], customers={"customer_id": ["007", "08"]})
    assert ids(tables.transactions) == ids(tables.customers) == ["007", "08"]


@pytest.mark.parametrize("sold", [["1.0", "2.5"], ["1.0", "1.0"]])
def test_versions_of_products_still_meet_their_list(firm, sold):
    tables = firm(["A", "B"], sold, products={"product_id": ["1.0", "2.5"], "unit_cost": ["4", "6"]})
    assert tables.transactions.product_cost.notnull().sum().to_pandas() == 2


def test_an_id_that_stands_for_nobody_still_does(firm):
    tables = firm(["1001.0", "999.0", "Guest"], settings='unknown_customers = ["999.0"]\n')
    assert ids(tables.transactions) == ["1001"]
    assert tables.quality.loc["unknown_customer", "rows"] == 2


def test_ids_without_an_order_are_counted_as_a_naive_set_does(firm):
    listed = ["A", "B", "B", "X", "Y"]
    tables = firm(
        ["A", "B", "C"],
        customers={"customer_id": listed},
        tickets={"ticket_id": [1], "customer_id": ["Q"], "opened_on": ["2026-03-01"]},
    )
    row = tables.unmatched().set_index("table").loc["customers"]
    assert row["missing"] == len({*listed} - {"A", "B", "C"}) == 2
    assert row["ids"] == len({*listed}) == 4
    assert (row["link"], row["example"]) == ("customer_id", "X")
    assert without_order(tables.unmatched())[0] == "2 of 4 ids in customers are not in transactions (X)."


def test_a_table_of_which_no_id_is_known_is_told_in_a_sentence(firm):
    tables = firm(["C1", "C2"], customers={"customer_id": ["1", "2"], "birth_year": ["1980", "1990"]})
    sentence = "No customer_id of customers (1) is in transactions (C1); check its column."
    hint = 'They would match with ignore_in_ids = ["letters", "zeros"] in portfoy.toml.'
    assert without_order(tables.unmatched()) == [sentence, hint]
    assert sentence in quality_text(tables).splitlines()


def test_cards_leave_out_a_trait_that_is_known_of_nobody(firm):
    orders = [f"C{row}" for row in range(40) for _ in range(1 + row % 3)]
    tables = firm(orders, customers={"customer_id": ["1", "2"], "birth_year": ["1980", "1990"]})
    customers = pf.rfm(customer_table(tables.transactions)).table
    plain = profile_cards(customers)
    with_nothing = profile_cards(with_traits(customers, people_table(tables)))
    pd.testing.assert_frame_equal(with_nothing, plain)


def test_ids_that_another_table_should_know_are_counted(firm):
    further = {
        "products": {"product_id": ["P"], "name": ["a"]},
        "campaigns": {"campaign_id": ["K1"], "starts_on": ["2026-01-01"]},
        "contacts": {"campaign_id": ["K1", "K2", "K3"], "customer_id": ["1", "1", "2"]},
        "leads": {"lead_id": ["L", "M"], "created_on": ["2026-01-01"] * 2, "product_id": ["P", "Q"]},
    }
    found = firm(["1", "2"], sold=["P", "R"], **further).unmatched()
    assert found[["table", "link", "of", "ids", "missing", "example"]].values.tolist() == [
        ["transactions", "product_id", "products", 2, 1, "R"],
        ["contacts", "campaign_id", "campaigns", 3, 2, "K2"],
        ["leads", "product_id", "products", 2, 1, "Q"],
    ]


def test_leads_without_an_account_are_counted_where_accounts_are_our_customers(firm):
    leads = {"lead_id": ["L", "M", "N"], "created_on": ["2026-01-01"] * 3, "account": ["A", "", "X"]}
    found = firm(["A"], leads=leads, customers={"customer_id": ["A", "B"], "name": ["a", "b"]}).unmatched()
    row = found[found["link"] == "account"].iloc[0]
    assert row[["ids", "missing", "example", "empty"]].tolist() == [2, 1, "X", 1]
    said = [plain(sentence) for sentence in without_order(found)]
    assert "Rows of leads without account: 1." in said


def test_the_missing_accounts_of_the_sales_pipeline_are_told(shared_data, tmp_path):
    """Judge: the file, read by csv; a lead without its day is set aside before."""
    (tmp_path / "portfoy.toml").write_text(draft(shared_data / "sales_pipeline", beside=tmp_path), encoding="utf-8")
    with (shared_data / "sales_pipeline" / "sales_pipeline.csv").open(encoding="utf-8", newline="") as file:
        empty = sum(not row["account"] for row in csv.DictReader(file) if row["engage_date"])
    said = [plain(sentence) for sentence in without_order(source.open(tmp_path / "portfoy.toml").unmatched())]
    assert said == [
        "1 of 7 ids in leads are not in products (GTXPro).",
        f"Rows of leads without account: {empty:,}.",
    ]
