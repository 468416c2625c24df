"""`portfoy map` knows a table by its columns and values, drafts whole folders, and says what it is unsure of."""

import csv
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from helpers import run_here
from portfoy.errors import DataError
from portfoy.source import mapping
from portfoy.source import open as source
from portfoy.source.contract import TABLES
from portfoy.source.names import ALIASES, CALLED, plain

TEACHING = Path(__file__).parents[1] / "data" / "teaching"


@pytest.fixture
def draft(tmp_path):
    """Write files, draft what lies there: the text, and what a parser of TOML makes of it."""

    def draft(files, where=".", **given):
        for name, content in files.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(content, encoding="utf-8")
        text = mapping.draft(tmp_path / where, beside=tmp_path, **given)
        return text, tomllib.loads(text)

    return draft


def counted(path, column):
    """The values of a column and their rows, by the csv module."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return Counter(row[column] for row in csv.DictReader(file))


def flat(labels):
    """All words listed under the labels of one column."""
    return sorted(word for words in labels.values() for word in words)


@pytest.mark.parametrize("table", [table for table in TABLES if table != "totals"])
def test_each_table_of_the_teaching_company_is_known_by_its_columns_alone(draft, table):
    head = "".join((TEACHING / f"{table}.csv").read_text(encoding="utf-8").splitlines(keepends=True)[:300])
    _text, found = draft({"export.csv": head}, "export.csv")
    own = TABLES[table].keys() & head.partition("\n")[0].split(",")
    assert {column: found[table][column] for column in own} == {column: column for column in own}


FOREIGN = [
    (
        "Fırsat No;Oluşturma Tarihi;Kaynak;Satış Temsilcisi;Aşama\n"
        "1;31.01.2026;fuar;T;Kazanıldı\n2;01.02.2026;web;T;Açık\n",
        "leads",
        {"lead_id": "Fırsat No", "created_on": "Oluşturma Tarihi", "channel": "Kaynak", "owner": "Satış Temsilcisi"},
    ),
    (
        "Nr zgłoszenia;Klient;Data zgłoszenia;Temat;Reklamacja\n1;K1;2026-01-31;cena;TAK\n2;K2;2026-02-01;cena;NIE\n",
        "tickets",
        {"ticket_id": "Nr zgłoszenia", "customer_id": "Klient", "opened_on": "Data zgłoszenia", "topic": "Temat"},
    ),
    (
        "Kundennummer;Vertragsnummer;Vertragsbeginn;Kündigungsgrund;Gebühr\n1;V1;31.01.2026;;9,90\n2;V2;01.02.2026;Preis;8,90\n",
        "subscriptions",
        {"contract_id": "Vertragsnummer", "ended_because": "Kündigungsgrund", "monthly_fee": "Gebühr"},
    ),
    (
        "Kampagne;Kunde;Gruppe;Reagiert\nK1;1;Kontrollgruppe;nein\nK1;2;behandelt;ja\n",
        "contacts",
        {"campaign_id": "Kampagne", "customer_id": "Kunde", "arm": "Gruppe", "responded": "Reagiert"},
    ),
    (
        "Anket No;Müşteri No;Anket Tarihi;Tavsiye Puanı\n1;M1;31.01.2026;9\n2;M2;01.02.2026;10\n",
        "surveys",
        {"survey_id": "Anket No", "answered_on": "Anket Tarihi", "nps": "Tavsiye Puanı"},
    ),
    (
        "Campaign;Objective;Budget;Start Date\nA;retention;100;2026-01-31\nB;win back;200;2026-02-28\n",
        "campaigns",
        {"campaign_id": "Campaign", "phase": "Objective", "cost": "Budget", "starts_on": "Start Date"},
    ),
    (
        "Klient;Data rejestracji;Płeć;Województwo\n1;2026-01-31;K;Mazowsze\n2;2026-02-01;M;Śląsk\n",
        "customers",
        {"customer_id": "Klient", "joined_on": "Data rejestracji", "gender": "Płeć", "region": "Województwo"},
    ),
    (
        "Artikelnummer;Bezeichnung;Warengruppe;Listenpreis\n1;Glas;Küche;9,90\n2;Topf;Küche;19,90\n",
        "products",
        {"product_id": "Artikelnummer", "name": "Bezeichnung", "category": "Warengruppe", "list_price": "Listenpreis"},
    ),
    (
        "Bestellnummer;Kundennummer;Bestelldatum;Menge;Einzelpreis\n1;7;31.01.2026;2;9,90\n2;7;01.02.2026;1;9,90\n",
        "transactions",
        {"order_id": "Bestellnummer", "ordered_on": "Bestelldatum", "quantity": "Menge", "unit_price": "Einzelpreis"},
    ),
]


@pytest.mark.parametrize(("content", "table", "columns"), FOREIGN, ids=[table for _c, table, _m in FOREIGN])
def test_a_table_is_known_in_turkish_polish_german_and_english(draft, content, table, columns):
    _text, found = draft({"x.csv": content}, "x.csv")
    assert found[table].items() >= columns.items()
    assert "amount" not in found.get("transactions", {})


def test_labels_in_other_languages_stand_under_ours(draft):
    leads, tickets, contacts = FOREIGN[0][0], FOREIGN[1][0], FOREIGN[3][0]
    values = {"leads": {"won": ["Kazanıldı"], "open": ["Açık"]}}
    assert draft({"x.csv": leads}, "x.csv")[1]["leads"]["values"]["outcome"] == values["leads"]
    found = draft({"x.csv": tickets}, "x.csv")[1]["tickets"]["values"]
    assert found == {"is_complaint": {"true": ["TAK"], "false": ["NIE"]}}
    found = draft({"x.csv": contacts}, "x.csv")[1]["contacts"]["values"]
    assert found["arm"] == {"treatment": ["behandelt"], "control": ["Kontrollgruppe"]}
    assert found["responded"] == {"true": ["ja"], "false": ["nein"]}


LEADS = "opportunity_id,made,stage\n1,2026-01-31,Won\n2,2026-02-01,Sleeping\n3,2026-02-02,Sleeping\n4,,Lost\n"


def test_labels_that_are_not_understood_are_listed_with_their_rows(draft):
    text, found = draft({"x.csv": LEADS}, "x.csv")
    assert found["leads"]["values"] == {"outcome": {"won": ["Won"], "lost": ["Lost"]}}
    assert '  # not understood: "Sleeping" (2)\n' in text
    text, found = draft({"x.csv": LEADS.replace("Won", "B").replace("Lost", "A").replace("Sleeping", "C")}, "x.csv")
    assert "values" not in found["leads"]
    assert (
        '# values.outcome = { won = [], lost = [], open = [] }  # not understood: "C" (2), "A" (1), "B" (1)\n' in text
    )


def test_the_whole_draft_of_a_file_of_leads(draft):
    assert draft({"x.csv": LEADS}, "x.csv")[0].splitlines()[1:] == [
        'source = "x.csv"',
        'name = "x"  # what the pages call it',
        '# currency = "EUR"  # the three letters of your money',
        'date_format = "YYYY-MM-DD"  # as in 2026-01-31',
        "",
        "[leads]",
        "# taken for leads: by opportunity_id, stage",
        'lead_id = "opportunity_id"',
        'created_on = "made"  # by its values; its name does not say so; empty in 1 of the first 4 rows',
        'outcome = "stage"',
        'values.outcome = { won = ["Won"], lost = ["Lost"] }  # not understood: "Sleeping" (2)',
    ]


def test_labels_are_counted_over_all_rows_of_a_long_file(draft):
    rows = "".join(f"{row},2026-01-31,won\n" for row in range(12_000))
    _text, found = draft({"x.csv": f"lead_id,created_on,outcome\n{rows}x,2026-01-31,Gewonnen\n"}, "x.csv")
    assert found["leads"]["values"]["outcome"]["won"] == ["won", "Gewonnen"]


def test_the_table_can_be_said(draft):
    text, found = draft({"x.csv": LEADS}, "x.csv", table="transactions")
    assert found["transactions"] == {"order_id": "opportunity_id", "ordered_on": "made"}
    assert "taken for" not in text
    assert "# customer_id = ?  # needed; no column looks like it\n" in text


def test_what_could_be_another_table_or_another_column_is_said(draft):
    deals = "Deal ID,Account ID,Close Date,Deal Value,Total\n1,A,2026-01-31,5,6\n2,B,2026-02-01,7,8\n"
    text, found = draft({"x.csv": deals}, "x.csv")
    assert found["transactions"]["amount"] == "Total"
    assert 'amount = "Total"  # or "Deal Value"?\n' in text
    opened = (
        deals.replace("Account ID", "Account ID,Create Date")
        .replace(",A,", ",A,2026-01-01,")
        .replace(",B,", ",B,2026-01-01,")
    )
    text, found = draft({"x.csv": opened}, "x.csv")
    assert found["leads"]["created_on"] == "Create Date"
    assert "# unsure: it could hold transactions; then: portfoy map x.csv --table transactions\n" in text
    text, _found = draft({"leads.csv": opened}, "leads.csv")
    assert "unsure: it could" not in text


def test_a_file_without_a_name_for_it_is_known_by_its_labels(draft):
    content = "campaign,customer,g,t\nA,1,holdout,2026-01-31\nA,2,mailed,2026-01-31\nA,3,mailed,2026-01-31\n"
    text, found = draft({"x.csv": content}, "x.csv")
    assert found["contacts"]["arm"] == "g"
    assert found["contacts"]["values"]["arm"] == {"treatment": ["mailed"], "control": ["holdout"]}
    assert 'arm = "g"  # by its values; its name does not say so\n' in text


def test_values_that_do_not_read_are_counted_beside_their_column(draft):
    rows = "1,a,2026-01-31,9\n2,b,not yet,9\n3,c,not yet,refused\n4,d,2026-01-31,10\n5,e,2026-01-31,\n"
    text, _found = draft({"x.csv": f"survey_id,customer_id,answered_on,nps\n{rows}"}, "x.csv")
    assert "answered_on = \"answered_on\"  # does not read in 2 of the first 5 rows, as 'not yet'\n" in text
    assert "nps = \"nps\"  # does not read in 1 of the first 5 rows, as 'refused'\n" in text


@pytest.mark.parametrize("amount", ["Rs. 1,200.50", "kr 99", "1,68,580.00", "10 %"])
def test_money_in_an_odd_form_is_still_the_money(draft, amount):
    _text, found = draft({"x.csv": f'customer,order,date,total\n1,2,2026-01-31,"{amount}"\n'}, "x.csv")
    assert found["transactions"]["amount"] == "total"


def test_a_date_that_reads_both_ways_is_read_as_the_other_dates_of_its_table(draft):
    head, rows = "lead_id,created_on,closed_on\n", "1,01/02/2026,03/04/2026\n2,02/03/2026,"
    text, found = draft({"x.csv": f"{head}{rows}\n"}, "x.csv")
    assert "# date_format = ?  # created_on: day and month cannot be told apart" in text
    text, found = draft({"x.csv": f"{head}{rows}25/03/2026\n"}, "x.csv")
    assert found["date_format"] == "DD/MM/YYYY"
    text, found = draft({"x.csv": "lead_id,created_on,closed_on\n1,2026-01-31,31.01.2026\n"}, "x.csv")
    assert "date_format" not in found
    assert (
        "# dates are written in several ways, each column is read in its own: created_on YYYY-MM-DD, closed_on " in text
    )


def test_contracts_without_a_number_or_a_start_are_those_of_the_customers(draft):
    text, found = draft({"x.csv": "Customer,Tenure,Churn\n1,5,Yes\n2,7,No\n"}, "x.csv")
    section = {"contract_id": "Customer", "customer_id": "Customer", "duration": "Tenure", "ended": "Churn"}
    assert found["subscriptions"].items() >= section.items()
    assert found["subscriptions"]["values"] == {"ended": {"true": ["Yes"], "false": ["No"]}}
    assert 'duration = "Tenure"  # must be months\n' in text
    assert "started_on" not in text
    assert "as_of" in found


def test_answers_without_a_number_are_told_apart_by_customer_and_day(draft):
    content = "Customer,Survey Date,NPS\n1,2026-01-31,9\n1,2026-02-28,8\n"
    text, found = draft({"x.csv": content}, "x.csv")
    assert found["surveys"]["survey_id"] == ["Customer", "Survey Date"]
    assert 'survey_id = ["Customer", "Survey Date"]  # no column numbers them\n' in text


def test_a_table_that_cannot_stand_alone_is_drafted_within_its_folder(draft):
    text, found = draft({"a/x.csv": "ticket_id,customer_id,opened_on\n1,2,2026-01-31\n"}, "a/x.csv")
    assert (found["source"], found["tickets"]["file"]) == ("a", "x.csv")
    assert "# this table cannot stand alone: map a folder with one of transactions, leads, subscriptions, " in text


ORDERS = "order,customer,date\n1,A,2026-01-31\n2,B,2026-02-01\n"
LINES = "order,sku,qty,price\n1,P1,2,5\n1,P2,1,5\n2,P1,1,5\n"


def test_a_file_is_joined_where_it_holds_what_is_missing(draft):
    text, found = draft({"orders.csv": ORDERS, "order_lines.csv": LINES})
    assert found["transactions"] == {
        **{"file": "order_lines.csv", "date_format": "YYYY-MM-DD", "decimal": "."},
        "join": {"file": "orders.csv", "on": "order"},
        **{"customer_id": "customer", "order_id": "order", "ordered_on": "date"},
        **{"quantity": "qty", "unit_price": "price", "product_id": "sku"},
    }
    assert "not mapped" not in text


def test_a_key_spelled_otherwise_is_joined_by_both_names(draft):
    _text, found = draft(
        {"orders.csv": ORDERS.replace("order,", "Order No,"), "order_lines.csv": LINES.replace("order,", "order_no,")}
    )
    assert found["transactions"]["join"] == {"file": "orders.csv", "on": ["order_no", "Order No"]}


def test_other_files_that_share_a_key_are_suggested_only(draft):
    teams = "stage,probability\nWon,1\nSleeping,0.1\n"
    text, found = draft({"leads.csv": LEADS, "p.csv": teams, "note.md": "", "notes.csv": "a,b\n1,2\n", "empty.csv": ""})
    assert "join" not in found["leads"]
    assert '# join = { file = "p.csv", on = "stage" }  # would add probability\n' in text
    assert "# not mapped: notes.csv looks like no table; its columns: a, b\n" in text
    assert "# not read: note.md\n" in text
    assert "empty.csv: is empty. Export it again." in text


def test_files_of_one_table_that_differ_in_a_number_are_one(draft):
    rows = "order,customer,date,total\n1,A,2026-01-31,5\n"
    files = {"sales_2025.csv": rows, "sales_2026.csv": rows, "tickets/1.csv": "ticket_id,customer_id,opened_on\n"}
    _text, found = draft(files)
    assert found["transactions"]["file"] == "sales_[0-9]*.csv"
    assert found["tickets"] == {"ticket_id": "ticket_id", "customer_id": "customer_id", "opened_on": "opened_on"}
    _text, found = draft({"sales_2026.csv": rows.replace("total", "sum,total").replace(",5", ",1,5")})  # a new column
    assert found["transactions"]["file"] == "sales_[0-9]*.csv"
    text, found = draft({"sales_2026.csv": rows.replace(",", ";")})
    assert found["transactions"]["file"] == "sales_2025.csv"
    assert "# not mapped: sales_2026.csv looks like transactions, which sales_2025.csv is\n" in text


def test_odd_labels_and_names_are_written_as_toml_can_read_them(draft):
    odd = '"a""b\\\\\n\x7f"'
    content = f'lead_id,created_on,outcome,"x\ty"\n1,2026-01-31,won,\n2,2026-01-31,{odd},\n'
    text, found = draft({"odd \"{name}' \\ é.csv": content})
    assert found["leads"]["values"] == {"outcome": {"won": ["won"]}}
    assert "not understood" in text


def test_what_cannot_be_drafted_is_said_in_one_sentence(draft, tmp_path):
    with pytest.raises(DataError) as raised:
        draft({"a/readme.md": "x"}, "a")
    assert str(raised.value) == (
        f"{tmp_path / 'a'}: no file looks like a table; it has 'readme.md'. Map a file: portfoy map FILE --table TABLE."
    )
    with pytest.raises(DataError) as raised:
        draft({"x.csv": LEADS}, "x.csv", table="lead")
    assert str(raised.value) == f"{tmp_path / 'x.csv'}: there is no table 'lead', only {', '.join(TABLES)}."
    with pytest.raises(DataError) as raised:
        draft({"x.csv": LEADS}, table="leads")
    assert str(raised.value) == f"{tmp_path}: is a folder; give `--table` with one file."


def test_every_alias_is_that_of_a_column_and_every_word_that_of_a_table():
    known = {column for columns in TABLES.values() for column in columns} | {"credit", "debit"}  # columns of a book
    assert ALIASES.keys() <= known
    assert CALLED.keys() == TABLES.keys()
    assert [word for words in CALLED.values() for word in words if plain(word) != word] == []


def test_the_sales_pipeline_is_drafted_whole(shared_data):
    folder = shared_data / "sales_pipeline"
    text = mapping.draft(folder)
    found = tomllib.loads(text)
    assert {table: found[table]["file"] for table in TABLES if table in found} == {
        **{"customers": "accounts.csv", "products": "products.csv", "leads": "sales_pipeline.csv"}
    }
    leads = {
        **{"lead_id": "opportunity_id", "created_on": "engage_date", "closed_on": "close_date"},
        **{"outcome": "deal_stage", "expected_value": "close_value", "owner": "sales_agent"},
        **{"account": "account", "product_id": "product"},
    }
    assert found["leads"].items() >= leads.items()
    stages = counted(folder / "sales_pipeline.csv", "deal_stage")
    assert flat(found["leads"]["values"]["outcome"]) == sorted(stages)
    assert found["leads"]["values"]["outcome"]["won"] == ["Won"]
    assert '# join = { file = "sales_teams.csv", on = "sales_agent" }  # would add manager, regional_office\n' in text


def test_a_file_of_contracts_with_a_tenure_is_drafted_whole(shared_data):
    found = tomllib.loads(mapping.draft(shared_data / "telco" / "telco_churn.csv"))
    assert found["subscriptions"] == {
        **{"contract_id": "customerID", "customer_id": "customerID", "duration": "tenure", "ended": "Churn"},
        **{"monthly_fee": "MonthlyCharges", "plan": "Contract"},
        "values": {"ended": {"true": ["Yes"], "false": ["No"]}},
    }


@pytest.mark.parametrize(
    ("case", "table", "column"),
    [
        ("flags", "contacts", "responded"),
        ("flags", "leads", "outcome"),
        ("tables", "contacts", "arm"),
        ("tables", "contacts", "responded"),
        ("hold", "contacts", "arm"),
    ],
)
def test_every_label_of_the_cases_is_listed_or_named_as_not_understood(shared_data, case, table, column):
    folder = shared_data.parent / "cases" / "reports" / case
    text = mapping.draft(folder)
    section = tomllib.loads(text)[table]
    line = next(line for line in text.splitlines() if f"values.{column} = " in line)
    listed = flat(section.get("values", {}).get(column, {}))
    for value, rows in counted(folder / f"{table}.csv", column).items():
        assert (value in listed) != (f'"{value}" ({rows})' in line) or not value


def test_the_control_of_the_case_hold_is_the_holdout(shared_data):
    found = tomllib.loads(mapping.draft(shared_data.parent / "cases" / "reports" / "hold"))
    assert found["contacts"]["values"]["arm"] == {"treatment": ["Mailed"], "control": ["Holdout"]}


ERP = [
    ("1", {"customer_id": "Cari Hesap Kodu", "amount": "Net Tutar"}),
    ("4", {"customer_id": "Nabywca", "unit_price": "Cena netto"}),
]


@pytest.mark.parametrize(("case", "columns"), ERP, ids=[case for case, _columns in ERP])
def test_headers_of_bookkeeping_are_drafted_whole(shared_data, case, columns):
    text = mapping.draft(shared_data.parent / "cases" / f"erp_header_{case}" / "h.csv")
    assert tomllib.loads(text)["transactions"].items() >= columns.items()
    assert "= ?" not in text


def used(folder, path, table):
    """A table as it is read through the draft of what lies at `path`, without a word changed."""
    (folder / "portfoy.toml").write_text(mapping.draft(path, beside=folder), encoding="utf-8")
    return getattr(source.open(folder / "portfoy.toml"), table).to_pandas()


def test_the_draft_of_the_sales_pipeline_is_used_as_it_stands(shared_data, tmp_path):
    leads = used(tmp_path, shared_data / "sales_pipeline", "leads")
    made = Counter()  # a lead without the day it was made cannot be used
    with (shared_data / "sales_pipeline" / "sales_pipeline.csv").open(encoding="utf-8", newline="") as file:
        made.update(row["deal_stage"] for row in csv.DictReader(file) if row["engage_date"])
    assert leads["outcome"].value_counts().to_dict() == {
        "won": made["Won"],
        "lost": made["Lost"],
        "open": made["Engaging"],
    }


def test_the_draft_of_contracts_with_a_tenure_is_used_as_it_stands(shared_data, tmp_path):
    contracts = used(tmp_path, shared_data / "telco" / "telco_churn.csv", "subscriptions")
    churn = counted(shared_data / "telco" / "telco_churn.csv", "Churn")
    assert (contracts["ended"].sum(), len(contracts)) == (churn["Yes"], churn.total())
    tenure = counted(shared_data / "telco" / "telco_churn.csv", "tenure")
    assert contracts["duration"].sum() == sum(int(months) * rows for months, rows in tenure.items())


def test_the_command_drafts_what_check_takes(shared_data, tmp_path):
    pipeline, toml = shared_data / "sales_pipeline", tmp_path / "portfoy.toml"
    for where in (
        [pipeline],
        [pipeline / "sales_pipeline.csv", "--table", "leads"],
        [shared_data / "telco" / "telco_churn.csv"],
    ):
        toml.unlink(missing_ok=True)
        assert run_here(tmp_path, "map", *where, "--out", toml)[0] == 0
        code, stdout, stderr = run_here(tmp_path, "check", toml)
        assert (code, stderr) == (0, "")
        assert "The data can be used." in stdout
