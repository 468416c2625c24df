"""What portfoy.toml may say of any table, and which tables are enough; judged by pandas and by hand."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

import portfoy as pf
from portfoy.source import open as source
from portfoy.source.labels import LABELS, understood, words
from run_notebook import run_report

DATA = Path(__file__).parents[1] / "data" / "teaching"

ORDERS = "customer_id,order_id,ordered_on,amount\nA,1,2025-01-05,10\nB,2,2025-03-05,20\n"
PIPELINE = """
source = {folder}
[leads]
file = "sales_pipeline.csv"
lead_id = "opportunity_id"
created_on = "engage_date"
closed_on = "close_date"
expected_value = "close_value"
outcome = "deal_stage"
owner = "sales_agent"
product_id = "product"
join = {{ file = "sales_teams.csv", on = "sales_agent" }}
values = {{ product_id = {{ "GTX Pro" = ["GTXPro"] }} }}
[products]
file = "products.csv"
product_id = "product"
category = "series"
list_price = "sales_price"
[customers]
file = "accounts.csv"
customer_id = "account"
region = "office_location"
"""
TELCO = """
source = {folder}
as_of = "2018-12-31"
[subscriptions]
file = "telco_churn.csv"
contract_id = "customerID"
customer_id = "customerID"
duration = "tenure"
ended = "Churn"
plan = "Contract"
monthly_fee = "MonthlyCharges"
"""


@pytest.fixture
def opened(tmp_path):
    """A function that writes tables and a portfoy.toml, and opens them."""

    def opened(said="", **tables):
        for name, text in tables.items():
            (tmp_path / f"{name}.csv").write_text(text, "utf-8")
        (tmp_path / "portfoy.toml").write_text(said, "utf-8")
        return source.open(tmp_path)

    return opened


def column(table, name):
    return [None if pd.isna(value) else value for value in table.to_pandas()[name]]


# Labels


def test_yes_and_no_in_four_languages(opened):
    yes = ["1", "1.0", "Yes", "ja", "oui", "Si", "tak", "Evet", "DOĞRU", "PRAWDA", "WAHR", "x", "X", "TRUE"]
    no = ["0", "0.0", "NO", "nein", "non", "hayır", "Hayır", "nie", "FALSCH", "FAŁSZ", "false", "N"]
    other = ["responded", "won", "perhaps", "2"]
    rows = [f"K,{n},2025-01-01,{word}\n" for n, word in enumerate([*yes, *no, *other, ""])]
    contacts = "campaign_id,customer_id,contacted_on,responded\n" + "".join(rows)
    tables = opened(transactions=ORDERS, contacts=contacts)
    read = column(tables.contacts.order_by(tables.contacts.customer_id.cast("int")), "responded")
    assert read == [True] * len(yes) + [False] * len(no) + [None] * (len(other) + 1)
    counted = tables.accounts["contacts"].findings
    assert counted[["code", "rows"]].values.tolist() == [["unread_label", len(other)]]


def test_every_word_has_one_meaning_and_is_found_as_an_export_writes_it():
    for kind in LABELS:
        every = [word for said in words(kind).values() for word in said]
        assert len(every) == len(set(every))
        for ours, said in words(kind).items():
            assert {understood(kind, form) for word in said for form in (word, f" {word.capitalize()} ")} == {ours}


def test_words_of_the_owner_come_first_and_others_stay_understood(opened):
    said = '[contacts]\nvalues = { arm = { control = ["No E-Mail"], treatment = ["Mens E-Mail", "control"] } }\n'
    rows = ["no e-mail", "Mens E-Mail", "Control", "Holdout", "Kontrol grubu", "Womens"]
    contacts = "campaign_id,customer_id,arm\n" + "".join(f"K,{n},{arm}\n" for n, arm in enumerate(rows))
    tables = opened(said, transactions=ORDERS, contacts=contacts)
    assert column(tables.contacts, "arm") == ["control", "treatment", "treatment", "control", "control", None]
    assert tables.accounts["contacts"].findings[["code", "rows", "example"]].values.tolist() == [
        ["unread_label", 1, "row 7: Womens (K, 5)"]
    ]


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_true_and_false_are_an_arm_or_an_outcome_only_where_the_owner_says_so(tmp_path, ending):
    """Judged by the words themselves: true is treated where portfoy.toml says so, else counted as not understood."""
    contacts = pd.DataFrame({"campaign_id": "K", "customer_id": ["A", "B", "C"], "arm": [True, False, True]})
    leads = pd.DataFrame({"lead_id": ["1", "2"], "created_on": ["2025-01-01"] * 2, "outcome": [True, False]})
    said = '[contacts]\nvalues = { arm = { treatment = [true], control = ["FALSE"] } }\n'
    said += '[leads]\nvalues = { outcome = { won = ["true"], lost = [false] } }\n'
    for folder, settings in (("said", said), ("silent", "")):
        (tmp_path / folder).mkdir()
        for name, table in (("contacts", contacts), ("leads", leads)):
            path = tmp_path / folder / f"{name}.{ending}"
            table.to_parquet(path) if ending == "parquet" else table.to_csv(path, index=False)
        (tmp_path / folder / "transactions.csv").write_text(ORDERS, "utf-8")
        (tmp_path / folder / "portfoy.toml").write_text(settings, "utf-8")
    said, silent = source.open(tmp_path / "said"), source.open(tmp_path / "silent")
    assert column(said.contacts, "arm") == ["treatment", "control", "treatment"]
    assert column(said.leads, "outcome") == ["won", "lost"]
    assert column(silent.contacts, "arm") == [None] * 3
    assert column(silent.leads, "outcome") == [None] * 2
    for name, rows in (("contacts", 3), ("leads", 2)):
        assert silent.accounts[name].findings[["code", "rows"]].values.tolist() == [["unread_label", rows]]


def test_flags_that_are_numbers_are_read(tmp_path):
    (tmp_path / "transactions.csv").write_text(ORDERS, "utf-8")
    contacts = pd.DataFrame({"campaign_id": "K", "customer_id": list("ABC"), "responded": [1, 0, 7]})
    contacts.to_parquet(tmp_path / "contacts.parquet")
    assert column(source.open(tmp_path).contacts, "responded") == [True, False, None]


# Null words, constants, rows, ranges, joins


def test_rows_are_left_out_and_counted_with_their_money(opened):
    orders = "customer_id,order_id,ordered_on,amount,status\nA,1,2025-01-05,10,Paid\nB,2,2025-03-05,20,CANCELLED\n"
    orders += "C,3,2025-03-05,40,failed\nD,4,2025-03-05,80,\n"
    tables = opened('[transactions]\nleave_out = { status = ["cancelled", "failed"] }\n', transactions=orders)
    assert column(tables.transactions.order_by("order_id"), "customer_id") == ["A", "D"]
    assert tables.quality.loc["left_out", "rows"] == 2
    assert tables.facts.rows == 4
    kept = opened('[transactions]\nkeep = { Status = ["paid"] }\n', transactions=orders)
    assert column(kept.transactions, "customer_id") == ["A"]


def test_null_words_constants_and_ranges(opened):
    said = 'null_words = ["?", "n.a."]\n[surveys]\nconstants = { weight = 2 }\nranges = { nps = [1, 10] }\n'
    surveys = "survey_id,customer_id,answered_on,nps\n1,A,2025-01-01,0\n2,?,2025-01-01,N.A.\n3,B,2025-01-01,10\n"
    tables = opened(said, transactions=ORDERS, surveys=surveys)
    assert column(tables.surveys, "customer_id") == ["A", None, "B"]
    assert column(tables.surveys, "nps") == [None, None, 10]
    assert column(tables.surveys, "weight") == [2.0] * 3
    assert tables.accounts["surveys"].findings["code"].tolist() == ["out_of_range"]


def test_a_second_file_is_joined_and_what_it_lacks_is_said(opened):
    said = '[leads]\njoin = { file = "teams.csv", on = ["owner", "agent"] }\n'
    leads = "lead_id,created_on,owner\n1,2025-01-01,R1\n2,2025-01-02,R9\n3,2025-01-03,\n4,2025-01-04,R2\n"
    teams = "agent,office,owner\nR1,North,x\nR1,South,y\nR2,East,z\n"
    tables = opened(said, transactions=ORDERS, leads=leads, teams=teams)
    found = tables.leads.order_by("lead_id")
    assert column(found, "office") == ["North", None, None, "East"]
    assert column(found, "owner") == ["R1", "R9", None, "R2"]
    assert tables.reading == [
        "leads: rows without a row of teams.csv by owner: 1 (R9)",
        "leads: rows of teams.csv that repeat an earlier agent, not used: 1",
    ]


@pytest.mark.parametrize(
    ("said", "table", "error"),
    [
        (
            '[leads]\njoin = { file = "team.csv", on = "owner" }\n',
            "leads",
            "there is no 'team.csv', which portfoy.toml joins. Correct it.",
        ),
        (
            '[leads]\nleave_out = { state = ["x"] }\n',
            "leads",
            "leads: portfoy.toml has leave_out for 'state'; the columns are 'lead_id', 'created_on'. Correct the name.",
        ),
    ],
)
def test_what_is_not_there_is_named(opened, said, table, error):
    tables = opened(said, transactions=ORDERS, leads="lead_id,created_on\n1,2025-01-01\n")
    assert tables.leads is None
    assert tables.aside[table].endswith(error)


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ("[surveys]\nranges = { nps = [10, 0] }\n", "'surveys.ranges' is {'nps': [10, 0]}, not columns with"),
        ('[leads]\nvalues = { outcom = { won = ["x"] } }\n', "'leads.values.outcom' (did you mean 'outcome'?)"),
        (
            "[leads]\nkeep = { state = [] }\n",
            "'leads.keep' is {'state': []}, not columns with lists of values, { status = [\"paid\"] }.",
        ),
        ('[leads]\njoin = { file = "x.csv" }\n', "'leads.join' is {'file': 'x.csv'}, not a file and its key"),
        ('as_of = "31.12.2024"\n', "'as_of' is '31.12.2024', not a date such as 2026-06-30."),
    ],
)
def test_settings_that_cannot_be_are_refused(opened, said, error):
    with pytest.raises(pf.DataError) as raised:
        opened(said, transactions=ORDERS)
    assert error in str(raised.value)


def test_case_is_told_apart_by_no_language(opened):
    """As the file writes them: the engine's lower case of İ and I is not that of Turkish."""
    orders = "customer_id,order_id,ordered_on,amount,Durum\nA,1,2025-01-05,10,İptal\nMİSAFİR,2,2025-03-05,20,\n"
    orders += "C,3,2025-03-05,40,TAMAM\n"
    said = 'unknown_customers = ["Misafir"]\n[transactions]\nleave_out = { Durum = ["İPTAL"] }\n[leads]\n'
    said += 'values = { outcome = { lost = ["Kayıp"] } }\n'
    leads = "lead_id,created_on,outcome\n1,2025-01-01,KAYIP\n2,2025-01-01,KAZANILDI\n3,2025-01-01,AÇIK\n"
    tables = opened(said, transactions=orders, leads=leads)
    assert column(tables.transactions, "customer_id") == ["C"]
    assert tables.quality.loc[["left_out", "unknown_customer"], "rows"].tolist() == [1, 1]
    assert column(tables.leads.order_by("lead_id"), "outcome") == ["lost", "won", "open"]


def test_a_range_of_orders_sets_lines_aside_and_null_words_are_of_any_type(opened, tmp_path):
    frame = {"customer_id": ["A", "B", "C"], "order_id": ["1", "2", "3"], "ordered_on": pd.Timestamp("2025-01-01")}
    pd.DataFrame({**frame, "amount": [10.0, -999.0, 5000.0]}).to_parquet(tmp_path / "transactions.parquet")
    tables = opened('[transactions]\nnull_words = ["-999"]\nranges = { amount = [0, 100] }\n')
    assert (tables.facts.revenue, tables.quality.loc["unreadable_amount", "rows"]) == (10, 2)


def test_keys_that_differ_in_blanks_only_join_once(opened):
    said = '[transactions]\njoin = { file = "heads.csv", on = "order_id" }\n'
    tables = opened(said, transactions=ORDERS, heads='order_id,note\n1,x\n"1 ",y\n2,z,9\n')
    assert (tables.facts.rows, tables.facts.revenue) == (2, 30)
    assert len(tables.reading) == 3  # the 2 that is not found, the 1 that repeats, the line that does not fit


def test_an_id_of_several_columns_is_missing_where_one_of_them_is(opened):
    rows = "customer_id,shop,no,ordered_on,amount\n3,,,2025-01-01,1\n3,,,2025-02-01,1\n4,A,,2025-01-01,1\n"
    rows += "4,A,1,2025-02-01,1\n"
    tables = opened('[transactions]\norder_id = ["shop", "no"]\n', transactions=rows)
    assert (tables.quality.loc["no_order_number", "rows"], tables.facts.orders) == (3, 4)


def test_the_last_day_of_a_source_without_orders_is_no_earlier_one(opened, tmp_path):
    leads = "lead_id,created_on,outcome,customer_id\n1,2025-01-01,won,9\n2,2025-06-01,open,\n"
    opened(leads=leads, subscriptions="contract_id,customer_id,started_on,ended\n1,9,2025-01-01,ja\n")
    for day in (None, "2025-06-01", "2026-01-01"):
        tables = source.open(tmp_path, as_of=day)
        assert column(tables.leads.order_by("lead_id"), "outcome") == ["won", "open"]
        assert column(tables.subscriptions, "ended") == [True]
    then = source.open(tmp_path, as_of="2025-05-31")
    assert (column(then.leads, "customer_id"), column(then.subscriptions, "ended")) == ([None], [None])


# Which tables are enough


def test_a_faulty_side_table_stops_nothing_and_is_named(opened):
    campaigns = "what,ever\n1,2\n"
    leads = "lead_id,created_on\n1,01/02/2025\n2,03/04/2025\n"
    tables = opened(transactions=ORDERS, campaigns=campaigns, leads=leads, tickets="")
    assert sorted(tables.all()) == ["transactions"]
    assert tables.aside["campaigns"].startswith(
        "campaigns: column 'campaign_id' is missing; the file has 'what', 'ever'."
    )
    assert tables.aside["leads"].startswith("leads.created_on: day and month cannot be told apart")
    assert "is empty. Export it again." in tables.aside["tickets"]


@pytest.mark.parametrize(
    ("table", "rows", "day"),
    [
        ("leads", "lead_id,created_on,closed_on,outcome\n1,2025-01-01,2025-03-01,Won\n2,2025-02-01,,\n", "2025-03-01"),
        ("subscriptions", "contract_id,customer_id,started_on,ended_on\n1,A,2025-01-01,\n", "2025-01-01"),
        ("surveys", "survey_id,customer_id,answered_on,nps\n1,A,2025-01-01,9\n", "2025-01-01"),
    ],
)
def test_one_of_four_tables_is_enough(tmp_path, table, rows, day):
    path = tmp_path / f"{table}.csv"
    path.write_text(rows, "utf-8")
    for where in (tmp_path, path):
        firm = pf.open(where)
        assert (f"{firm.as_of:%Y-%m-%d}", firm.tables.transactions) == (day, None)
        assert getattr(firm.tables, table).count().to_pandas() == rows.count("\n") - 1
        growth = pf.growth(firm)
        assert not growth
        assert growth.reason == "This needs orders, and the source has no table of transactions."


def test_another_table_alone_is_not_enough(tmp_path):
    (tmp_path / "customers.csv").write_text("customer_id\nA\n", "utf-8")
    with pytest.raises(pf.DataError) as error:
        pf.open(tmp_path)
    assert "nor one of leads, subscriptions, surveys or totals; the folder has 'customers.csv'." in str(error.value)


def test_contracts_by_duration_need_the_day_of_the_export(opened):
    rows = "contract_id,customer_id,duration,ended\n1,A,5,No\n2,B,0,ja\n3,C,x,\n"
    with pytest.raises(pf.DataError) as error:
        opened(subscriptions=rows)
    assert str(error.value).endswith('Write in portfoy.toml: as_of = "YYYY-MM-DD".')
    tables = opened('as_of = "2024-12-31"\n', subscriptions=rows)
    assert f"{tables.as_of}" == "2024-12-31"
    assert column(tables.subscriptions, "ended") == [False, True, None]


def test_the_sales_pipeline_of_four_files_is_read_whole(tmp_path, shared_data):
    folder = shared_data / "sales_pipeline"
    said = PIPELINE.format(folder=json.dumps(str(folder)))
    assert said.strip().count("\n") < 25
    (tmp_path / "portfoy.toml").write_text(said, "utf-8")
    tables = source.open(tmp_path / "portfoy.toml")
    found = tables.leads.to_pandas()
    theirs = pd.read_csv(folder / "sales_pipeline.csv", keep_default_na=False)
    engaged = theirs[theirs["engage_date"] != ""]
    assert (tables.accounts["leads"].rows, tables.accounts["leads"].used) == (len(theirs), len(engaged)) == (8800, 8300)
    assert found["outcome"].value_counts().to_dict() == {"won": 4238, "lost": 2473, "open": 1589}
    assert found["expected_value"].sum() == pd.to_numeric(engaged["close_value"]).sum()
    teams = pd.read_csv(folder / "sales_teams.csv").set_index("sales_agent")["regional_office"]
    assert (
        found["regional_office"].value_counts().to_dict() == engaged["sales_agent"].map(teams).value_counts().to_dict()
    )
    assert set(found["product_id"]) <= set(tables.products.to_pandas()["product_id"])
    assert f"{tables.as_of}" == "2017-12-31"


def test_telco_is_read_whole(tmp_path, shared_data):
    folder = shared_data / "telco"
    (tmp_path / "portfoy.toml").write_text(TELCO.format(folder=json.dumps(str(folder))), "utf-8")
    tables = source.open(tmp_path / "portfoy.toml")
    found = tables.subscriptions.to_pandas()
    assert (len(found), found["ended"].sum()) == (7043, 1869)
    assert tables.accounts["subscriptions"].used == 7043
    theirs = pd.read_csv(folder / "telco_churn.csv").groupby("Contract")["tenure"].sum()
    assert found.groupby("plan")["duration"].sum().to_dict() == theirs.to_dict()
    assert not tables.accounts["subscriptions"]


@pytest.mark.parametrize(
    ("table", "shown"), [("leads", "sales_cycle"), ("subscriptions", "contract_churn"), ("surveys", "nps")]
)
def test_a_report_without_orders_shows_what_it_can(tmp_path, table, shown):
    """A table of the teaching company alone: the figure that needs no orders is on the page."""
    shutil.copy(DATA / f"{table}.csv", tmp_path)
    page = run_report("portfolio", data=str(tmp_path))
    assert list(page.recorded) == [shown]
    assert len(page.missing) >= 8
    assert set(page.missing) == {"This needs orders, and the source has no table of transactions."}
