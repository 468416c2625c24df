"""Folders, files, databases and addresses become Tables; what cannot be opened is one sentence."""

import datetime
import gzip
import os
import sys

import duckdb
import pandas as pd
import pytest

from portfoy.customers import customer_table
from portfoy.errors import DataError
from portfoy.source import address
from portfoy.source import open as source

HEADER = "customer_id,order_id,ordered_on,amount\n"
ROWS = "007,0001,2024-01-31,1234.50\n8,0002,2024-02-01,-3\n007,0003,2024-02-29,20.25\n8,0002,2024-02-01,10\n"
LOG = pd.DataFrame(
    {
        "customer_id": ["007", "8", "007", "8"],
        "order_id": ["0001", "0002", "0003", "0002"],
        "ordered_on": pd.to_datetime(["2024-01-31", "2024-02-01", "2024-02-29", "2024-02-01"]),
        "amount": [1234.5, -3.0, 20.25, 10.0],
    }
)
EXPECTED = LOG.sort_values(["order_id", "amount"], ignore_index=True)[sorted(LOG.columns)]


def prepared(tables):
    """The log as pandas, in one order of rows and columns."""
    log = tables.transactions.to_pyarrow().to_pandas(date_as_object=False)
    log["ordered_on"] = log["ordered_on"].astype("datetime64[ns]")
    return log.sort_values(["order_id", "amount"], ignore_index=True)[sorted(log.columns)]


def opened(path, content, **settings):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    if settings:
        lines = [f'{key} = "{value}"' for key, value in settings.items()]
        path.with_name("portfoy.toml").write_text(f'source = "{path.name}"\n' + "\n".join(lines), encoding="utf-8")
        path = path.with_name("portfoy.toml")
    return source.open(path)


def error(where, hide=""):
    with pytest.raises(DataError) as raised:
        source.open(where)
    return str(raised.value).replace(f"{hide}", "")


def in_commas():
    text = (HEADER + ROWS).replace(",", ";").replace(".", ",")
    return (
        text.replace("1234,50", "1.234,50")
        .replace("2024-01-31", "31.01.2024")
        .replace("2024-02-", "x")
        .replace("x01", "01.02.2024")
        .replace("x29", "29.02.2024")
    )


def parquet(folder):
    LOG.to_parquet(folder / "t.parquet")
    return folder / "t.parquet"


def database(folder, *statements):
    with duckdb.connect(str(folder / "t.duckdb")) as base:
        for statement in statements or ["CREATE TABLE transactions AS SELECT * FROM log"]:
            base.register("log", LOG)
            base.execute(statement)
    return folder / "t.duckdb"


# The same table, however it is written


def test_the_log_is_the_file_with_our_types(tmp_path):
    pd.testing.assert_frame_equal(prepared(opened(tmp_path / "t.csv", HEADER + ROWS)), EXPECTED, check_dtype=False)


@pytest.mark.parametrize(
    "content",
    [
        in_commas(),
        (HEADER + ROWS).replace(",", "\t"),
        (HEADER + ROWS).replace(",", "|"),
        "  " + (HEADER + ROWS).replace(",", "   ").replace("\n", "\n  "),
        (HEADER + ROWS).encode("utf-16"),
        (HEADER + ROWS).encode("utf-16-le"),
        (HEADER + ROWS).encode("utf-8-sig"),
        (HEADER + ROWS).replace("\n", "\r\n"),
        (HEADER + ROWS).replace("\n", "\r"),
        (HEADER + ROWS).replace("\n", "\r\n", 2),
        (HEADER + ROWS).upper(),
        HEADER + "\n" + ROWS.replace("\n", "\n\n"),
        "\n\nsep=,\n" + HEADER + ROWS,
        '"customer_id","order_id","ordered_on","amount"\n' + ROWS.replace("007", '" 007 "').replace(",-3", ',"-3"'),
        gzip.compress((HEADER + ROWS).encode(), mtime=0),
        gzip.compress((HEADER + ROWS).encode("utf-16"), mtime=0),
        HEADER + "".join(reversed(ROWS.splitlines(keepends=True))),
    ],
)
def test_the_same_table_in_any_writing_gives_the_same_log(tmp_path, content):
    pd.testing.assert_frame_equal(prepared(opened(tmp_path / "t.csv", content)), EXPECTED, check_dtype=False)


def test_the_same_table_as_parquet_duckdb_and_several_files_gives_the_same_log(tmp_path):
    judge = opened(tmp_path / "judge.csv", HEADER + ROWS)
    log, customers = prepared(judge), customer_table(judge.transactions)
    lines = ROWS.splitlines(keepends=True)
    parts = tmp_path / "parts" / "transactions"
    parts.mkdir(parents=True)
    (parts / "1.csv").write_text(HEADER + "".join(lines[:1]))
    (parts / "2.csv.gz").write_bytes(gzip.compress((HEADER + "".join(lines[1:])).encode()))
    split = tmp_path / "split" / "transactions"
    split.mkdir(parents=True)
    LOG[:3].to_parquet(split / "a.parquet")
    LOG[3:].to_parquet(split / "b.parquet")
    view = ["CREATE TABLE base AS SELECT * FROM log", "CREATE VIEW Transactions AS SELECT * FROM base"]
    (tmp_path / "v").mkdir()
    for where in (
        parquet(tmp_path),
        database(tmp_path),
        database(tmp_path / "v", *view),
        f"duckdb://{tmp_path / 't.duckdb'}",
        f"file://{tmp_path / 'judge.csv'}",
        tmp_path / "parts",
        tmp_path / "split",
    ):
        tables = source.open(where)
        pd.testing.assert_frame_equal(prepared(tables), log)
        assert tables.facts == judge.facts, where
        assert (tables.quality["rows"] == judge.quality["rows"]).all()
        pd.testing.assert_frame_equal(customer_table(tables.transactions), customers)


@pytest.mark.parametrize(
    ("encoding", "letters"), [("windows-1254", "ŞükrüğıİÇ"), ("windows-1250", "Łódź"), ("utf-8", "Łğ 張")]
)
def test_letters_survive_their_encoding(tmp_path, encoding, letters):
    content = f"{HEADER}{letters},{letters},2024-01-31,5\n".encode(encoding)
    tables = opened(tmp_path / "t.csv", content, encoding=encoding)
    assert tables.transactions.customer_id.to_pandas().tolist() == [letters]


def test_quoted_fields_hold_delimiters_quotes_and_line_breaks(tmp_path):
    tables = opened(tmp_path / "t.csv", HEADER + '"a, ""b""\nc",";|\t",2024-01-31,5\n')
    assert tables.transactions.to_pandas().iloc[0, :2].tolist() == ['a, "b"\nc', ";|"]


ODD = ['a"; DROP TABLE x; --', "it's", "{}", "{0.x}", "<b>", "$5 \\frac", "x" * 200, "Müşteri ıİ", "portfoy_row", "%s"]


def test_odd_names_and_values_do_no_harm(tmp_path):
    quote = [f'"{name.replace(chr(34), chr(34) * 2)}"' for name in ODD]
    rows = "".join(f"{name},{name},2024-01-31,5,{','.join(quote)}\n" for name in quote)
    tables = opened(tmp_path / "t.csv", f"{HEADER.strip()},{','.join(quote)}\n{rows}")
    assert sorted(tables.transactions.customer_id.to_pandas()) == sorted(ODD)
    LOG.assign(**dict.fromkeys(ODD, "x")).to_parquet(tmp_path / "odd.parquet")
    assert source.open(tmp_path / "odd.parquet").facts.used == 4
    for name in ODD[:4]:
        assert opened(tmp_path / f"{name}.csv", HEADER + ROWS).name == name


def test_parquet_types_of_every_sort_are_read(tmp_path):
    table = LOG.assign(
        customer_id=pd.Categorical([7, 8, 7, 8]), order_id=[1.0, 2.0, 3.0, 2.0], ordered_on=[20240131] * 3 + [20240201]
    )
    table.to_parquet(tmp_path / "t.parquet")
    log = prepared(source.open(tmp_path / "t.parquet"))
    assert log["customer_id"].tolist() == ["7", "8", "8", "7"]
    assert log["order_id"].tolist() == ["1", "2", "2", "3"]
    assert log["ordered_on"].dt.strftime("%m%d").tolist() == ["0131", "0131", "0201", "0131"]


# Settings


def test_a_mapping_takes_names_in_any_case_and_joins_columns(tmp_path):
    (tmp_path / "x.csv").write_text("Kunde;Tag;Wert\n1;31.01.2024;5,5\n")
    (tmp_path / "portfoy.toml").write_text(
        'source = "x.csv"\nname = "Laden"\ncurrency = "EUR"\n[transactions]\n'
        'customer_id = "KUNDE"\norder_id = ["Kunde", "Tag"]\nordered_on = "tag"\namount = "Wert"\n'
    )
    tables = source.open(tmp_path)
    assert (tables.name, tables.currency, tables.where) == ("Laden", "EUR", str(tmp_path))
    assert tables.transactions.to_pandas().iloc[0, 1] == "1-31.01.2024"
    assert tables.reading == [
        "transactions.ordered_on: dates read as DD.MM.YYYY",
        "transactions.amount: numbers read with a decimal comma",
    ]


def test_costs_come_from_the_products_and_other_tables_keep_their_columns(tmp_path):
    (tmp_path / "transactions.csv").write_text(
        HEADER.strip() + ",product_id,quantity\nA,1,2024-01-31,10,P1,2\nB,2,2024-01-31,10,P9,1\nC,3,2024-01-31,10,,1\n"
    )
    (tmp_path / "products.csv").write_text("product_id,unit_cost,Shelf No.\nP1,4,a\nP1,4,b\nP2,1,c\n,9,d\n")
    tables = source.open(tmp_path)
    log = tables.transactions.order_by("customer_id").to_pandas()
    assert log["product_cost"].fillna(-1).tolist() == [4.0, -1.0, -1.0]
    assert tables.quality.loc["no_cost", "rows"] == 2
    assert tables.products.columns == ("product_id", "unit_cost", "shelf_no")
    assert tables.customers is None
    margin = customer_table(tables.transactions).set_index("customer_id")["margin"]
    assert margin["A"] == 10 - 2 * 4


def test_the_fingerprint_is_that_of_the_content(tmp_path):
    first = opened(tmp_path / "a.csv", HEADER + ROWS).fingerprint()
    assert opened(tmp_path / "b.csv", HEADER + ROWS).fingerprint() == first
    assert opened(tmp_path / "a.csv", HEADER + ROWS + "9,9,2024-02-29,1\n").fingerprint() != first


def test_nothing_found_is_one_row_that_says_so(tmp_path):
    tables = opened(tmp_path / "t.csv", HEADER + "A,1,2024-01-31,5\n")
    assert tables.findings().loc["none", ["rule", "rows", "done"]].tolist() == ["All checks", 0, "nothing found"]


def test_opening_writes_nothing(tmp_path, monkeypatch):
    work, spare = tmp_path / "work", tmp_path / "spare"
    work.mkdir()
    spare.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setattr("tempfile.tempdir", str(spare))
    (tmp_path / "t.csv").write_bytes((HEADER + ROWS).encode("utf-16"))
    customer_table(source.open(tmp_path / "t.csv").transactions)
    assert (list(work.iterdir()), list(spare.iterdir())) == ([], [])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["spare", "t.csv", "work"]


# Real data


def test_cdnow_has_the_rows_and_customers_that_its_authors_count(shared_data, tmp_path):
    (tmp_path / "portfoy.toml").write_text(
        f'source = "{shared_data / "cdnow" / "CDNOW_master.txt"}"\ncurrency = "USD"\n[transactions]\n'
        'order_id = ["customer_id", "date"]\nordered_on = "date"\namount = "dollar_value"\nquantity = "number_of_cds"\n'
    )
    tables = source.open(tmp_path)
    assert (tables.facts.rows, tables.facts.customers) == (69_659, 23_570)
    assert tables.quality.loc["duplicate", "rows"] == 255
    assert tables.facts.used == 69_659 - 255
    zeros = tables.quality.loc["zero_amount", "rows"]
    (tmp_path / "portfoy.toml").write_text(
        (tmp_path / "portfoy.toml").read_text().replace("currency", 'duplicates = "keep"\ncurrency')
    )
    kept = source.open(tmp_path)
    assert kept.quality.loc["zero_amount", "rows"] == 80 >= zeros
    assert kept.quality.loc["same_day_order", "rows"] == 0  # a customer's day is one order here
    merged = kept.facts.used - kept.transactions.select("customer_id", "ordered_on").distinct().count().to_pandas()
    assert merged == 2_068
    assert kept.transactions.customer_id.min().to_pandas() == "00001"


# What cannot be opened


def test_a_folder_without_orders_lists_what_it_has(tmp_path):
    assert error(tmp_path) == (
        f"{tmp_path}: no transactions.csv (or .parquet), nor one of leads, subscriptions, surveys or totals; the "
        "folder has nothing. Run `portfoy map FILE` on that of the orders."
    )
    (tmp_path / "a.csv").touch()
    (tmp_path / "transactions.csv").mkdir()
    assert "the folder has 'a.csv', 'transactions.csv'. Run" in error(tmp_path)


@pytest.mark.parametrize("name", ["nothing", "{}", "a\0b", "x" * 5000, "~nobody-here/x"])
def test_a_place_that_is_not_there_is_named(name):
    assert error(name) == (
        f"{name[:300]}: there is no such file or folder. Give a folder, file, portfoy.toml or address."
    )


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes with names there")
def test_a_pipe_or_a_device_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "x.csv")
    for where in (tmp_path / "x.csv", "/dev/zero"):
        assert error(where) == f"{where}: is no file or folder. Save it as a file."


def test_an_unclosed_quotation_mark_does_not_swallow_rows(tmp_path):
    (tmp_path / "t.csv").write_text(HEADER + ROWS + 'C4,"O4,2024-01-01,5\n' + ROWS * 100)
    assert error(tmp_path / "t.csv", hide=tmp_path) == (
        "/t.csv: a quotation mark opens on row 6 and does not close. Correct it."
    )


def test_a_last_line_longer_than_a_row_is_refused(tmp_path):
    (tmp_path / "t.csv").write_text(HEADER + ROWS + "x" * 5 * 2**20)
    assert error(tmp_path / "t.csv", hide=tmp_path) == (
        "/t.csv: its last line is longer than 4 MiB. Export it again, one row a line."
    )


@pytest.mark.parametrize("ending", ["csv.gz", "parquet"])
def test_a_table_that_is_there_twice_is_refused(tmp_path, ending):
    lead = pd.DataFrame({"lead_id": ["1"], "created_on": ["2024-01-01"]})
    opened(tmp_path / "transactions.csv", HEADER + ROWS)
    lead.to_csv(tmp_path / "leads.csv", index=False)
    other = tmp_path / f"leads.{ending}"
    lead.to_parquet(other) if ending == "parquet" else lead.to_csv(other, index=False)
    tables, names = source.open(tmp_path), sorted(["leads.csv", other.name], key=lambda name: "parquet" not in name)
    assert tables.leads is None
    assert tables.aside["leads"] == (
        f"{tmp_path}: leads is there as '{names[0]}', '{names[1]}'. Remove the others, or name one in portfoy.toml: "
        f'[leads] file = "{names[0]}".'
    )
    (tmp_path / "portfoy.toml").write_text('[leads]\nfile = "leads.csv"\n', "utf-8")
    assert source.open(tmp_path).leads.count().to_pandas() == 1
    (tmp_path / "transactions").mkdir()
    (tmp_path / "transactions" / "2024.csv").write_text(HEADER + ROWS, "utf-8")
    assert error(tmp_path, hide=tmp_path) == (
        ": transactions is there as 'transactions.csv', 'transactions/2024.csv'. Remove the others, or name one in "
        'portfoy.toml: [transactions] file = "transactions.csv".'
    )


def rows_by_hand(text):
    """The row of each line that the examples name, as a text editor counts: the header is row 1."""
    return {line.partition(",")[0]: row for row, line in enumerate(text.splitlines(), 1)}


def test_rows_are_numbered_as_an_editor_shows_them_behind_lines_that_do_not_fit(tmp_path):
    text = HEADER + "A,1,2024-01-31,5\nB,2,2024-02-01,3,4\nC,3,2024-02-01,x\nD,4\nE,5,soon,2\nE,5,soon,2\n"
    judge = rows_by_hand(text)
    quality = opened(tmp_path / "t.csv", text, duplicates="keep").quality["example"]
    assert quality["broken_line"] == f"row {judge['B']}: B,2,2024-02-01,3,4"
    assert quality["unreadable_amount"] == f"row {judge['C']}: x"
    assert quality["unreadable_date"] == f"row {judge['E'] - 1}: soon"  # the first of two equal rows
    assert quality["duplicate"] == f"row {judge['E'] - 1}"


def test_rows_of_several_files_are_numbered_in_their_own(tmp_path):
    (tmp_path / "transactions").mkdir()
    files = {
        "a": "A,1,2024-01-31,5\nB,2,2024-02-01,3,4\n",
        "b": "C,3,2024-02-01,5\nD,4\nE,5,2024-02-01,x\n",
        "c": "F,6,then,5\nG,7,2024-02-01,-5\n",
    }
    for name, rows in files.items():
        (tmp_path / "transactions" / f"{name}.csv").write_text(HEADER + rows, "utf-8")
    judge = {who: row for rows in files.values() for who, row in rows_by_hand(HEADER + rows).items()}
    quality = source.open(tmp_path).quality["example"]
    assert quality["broken_line"] == f"a.csv, row {judge['B']}: B,2,2024-02-01,3,4"
    assert quality["unreadable_amount"] == f"b.csv, row {judge['E']}: x"
    assert quality["unreadable_date"] == f"c.csv, row {judge['F']}: then"
    assert quality["return"] == f"c.csv, row {judge['G']}: 7"


def test_files_of_one_table_are_written_alike(tmp_path):
    folder = tmp_path / "transactions"
    folder.mkdir()
    (folder / "a.csv").write_text(HEADER + ROWS)
    for other in ("x,y\n1,2\n", (HEADER + ROWS).replace(",", ";")):
        (folder / "b.csv").write_text(other)
        assert error(tmp_path, hide=folder) == (
            "/b.csv: its columns or delimiter differ from those of a.csv. Write files of one table alike."
        )
    LOG.to_parquet(folder / "b.csv")
    assert error(tmp_path, hide=folder) == (": files of transactions are of kinds parquet, text. Make them one kind.")


def test_a_database_without_the_table_lists_its_tables(tmp_path):
    path = database(tmp_path, 'CREATE TABLE "it\'s {x}" AS SELECT 1 AS y')
    assert error(path, hide=tmp_path) == (
        "/t.duckdb: there is no table 'transactions', only 'it's {x}'. Name it in portfoy.toml: [transactions] file."
    )
    (tmp_path / "portfoy.toml").write_text('source = "t.duckdb"\n[transactions]\nfile = "it\'s {x}"\n')
    assert error(tmp_path).startswith("transactions: columns 'customer_id', 'order_id', 'ordered_on', 'amount' are")


def test_what_is_broken_inside_is_one_sentence(tmp_path):
    broken = database(
        tmp_path, "CREATE TABLE base AS SELECT 1 AS x", "CREATE VIEW transactions AS FROM base", "DROP TABLE base"
    )
    assert error(broken, hide=tmp_path) == (
        "/t.duckdb: cannot be read: transactions. Check that it is whole and may be read."
    )
    whole = parquet(tmp_path)
    whole.write_bytes(whole.read_bytes()[:300])
    assert error(whole, hide=tmp_path) == (
        "/t.parquet: cannot be read: Invalid Input Error: No magic bytes found at end of file "
        "'/t.parquet'. Check that it is whole and may be read."
    )


def test_a_log_in_a_duckdb_file_where_orders_belong_is_explained(tmp_path):
    database(tmp_path).rename(tmp_path / "transactions.csv")
    assert error(tmp_path, hide=tmp_path) == ("/transactions.csv: is a DuckDB file. Give it to `portfoy check`.")


def test_all_wrong_names_of_a_mapping_stand_in_one_message(tmp_path):
    (tmp_path / "transactions.csv").write_text("a,b\n1,2\n")
    (tmp_path / "portfoy.toml").write_text('[transactions]\namount = "Umsatz {x}"\ncustomer_id = ["a", "no"]\n')
    assert error(tmp_path) == (
        "transactions: portfoy.toml maps amount = 'Umsatz {x}', customer_id = 'no'; the "
        "columns are 'a', 'b'. Correct the names."
    )


@pytest.mark.parametrize("pattern", ["none.csv", "/etc/passwd", "**x"])
def test_a_file_that_the_settings_name_must_be_there(tmp_path, pattern):
    (tmp_path / "portfoy.toml").write_text(f'[transactions]\nfile = "{pattern}"\n')
    assert error(tmp_path, hide=tmp_path) == (
        f": there is no '{pattern}', which portfoy.toml names for transactions. Correct it."
    )


# Addresses


def test_an_sqlite_file_is_read_through_its_address_and_never_made(tmp_path):
    path = tmp_path / "t.sqlite"
    assert error(f"sqlite://{path}", hide=tmp_path) == "sqlite:///t.sqlite: there is no such file. Correct the address."
    assert not path.exists()


PASSWORDS = [
    "postgres://me:s3cret@127.0.0.1:1/base",
    "postgres://me:s3@cret@127.0.0.1:1/base",
    "postgres://127.0.0.1:1/base?user=me&password=s3cret",
    "nonsense://me:s3cret@host",
    "postgres://me:s3/cret@127.0.0.1:1/base",
    "postgres://me:12?3cret@127.0.0.1:1/base",
    "postgres://me:s3#cret@127.0.0.1:1/base",
    "postgres://me:s3:cret@127.0.0.1:1/base",
    "postgres://me:s3%40cret@127.0.0.1:1/base",
    "postgres://me%3As3cret@127.0.0.1:1/base",
    "postgres://me@corp:s3cret@127.0.0.1:1/base",
    "postgres://:s3cret@127.0.0.1:1/base",
    "postgres://127.0.0.1:1/base?sslmode=require&sslpassword=s3cret",
    "postgres://127.0.0.1:1/base?password=s3&cret;cret@cret",
    "postgres://127.0.0.1:1/base?PassWord=s3cret#access_token=s3cret",
    "nonsense://host/base?secret_access_key=s3cret;accountkey=s3cret",
]


@pytest.mark.parametrize("where", PASSWORDS)
def test_a_password_is_never_shown(where):
    assert "cret" not in address.hidden(where).replace("secret_", "")
    assert address.hidden(address.hidden(where)) == address.hidden(where)
    assert "cret" not in error(where).replace("secret_", "")


@pytest.mark.parametrize(
    ("where", "shown"),
    [
        ("shop/a:b@c.csv", "shop/a:b@c.csv"),  # a file
        ("postgres://host:5432/base", "postgres://host:5432/base"),
        ("sqlite:///data/a b.sqlite", "sqlite:///data/a b.sqlite"),
        ("postgres://me@host:5432/base", "postgres://***@host:5432/base"),
        ("postgres://me:s3cret@[::1]:5432/base?sslmode=require", "postgres://***@[::1]:5432/base"),
        ("postgres://host/base?password=s3cret&sslkey=a.pem", "postgres://***@host/base"),
        ("postgres://me:${PASSWORD}@${HOST}:${PORT}/base", "postgres://me:${PASSWORD}@${HOST}:${PORT}/base"),
        ("postgres://me:${PASSWORD}@host/base?x=y", "postgres://***@host/base"),
        ("jdbc:sqlserver://host;user=me;pwd=s3cret;database=x", "jdbc:sqlserver://***@host"),
        ("s3://KEY:SECRET@bucket/orders", "s3://***@bucket/orders"),
        ("duckdb://md:TOKEN", "duckdb://***"),
        ("postgres://me:s3 cret\nmore@host/base", "postgres://***@host/base"),
        ("postgres://host/base%3Fpassword=s3cret", "postgres://***"),
        ("postgres://host/base&password=s3cret", "postgres://***"),
        ("postgres://me:s3/cr@et@host/base", "postgres://***"),
    ],
)
def test_of_an_address_scheme_host_and_database_are_seen_and_nothing_else(where, shown):
    assert address.hidden(where) == shown


def test_addresses_within_a_text_are_masked():
    text = (
        "it's 'postgres://me:s3@cret@host', <a href=\"http://a.org/?x=1&amp;token={0}\">1:2 a@b</a> c://d?pwd={0}: no"
    )
    shown = text.replace("me:s3@cret", "***").replace("d?pwd={0}", "***@d").format("***")
    text = text.format("s3cret")
    assert address.masked(text) == shown


def test_a_password_that_ends_the_address_is_to_be_written_otherwise():
    assert error("postgres://me:12/cret@host/base") == (
        "postgres://***: its password has one of / ? # in it; in an address they are %2F, %3F, %23. Write them so."
    )


def test_a_hidden_address_is_the_one_of_the_environment(monkeypatch):
    whole = "postgres://me:s3cret@host/base"
    monkeypatch.setattr("ibis.connect", lambda where: pytest.fail("answers") if where != whole else 1 / 0)
    assert error("postgres://***@host/base") == (
        "postgres://***@host/base: its password is hidden. Give the whole address, or set PORTFOY_ADDRESS to it."
    )
    monkeypatch.setenv("PORTFOY_ADDRESS", whole)
    assert "division by zero" in error("postgres://***@host/base")
    assert "its password is hidden" in error("postgres://***@another/base")


def test_the_settings_may_leave_a_password_to_the_environment(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr("ibis.connect", lambda where: asked.append(where) or 1 / 0)
    (tmp_path / "portfoy.toml").write_text('source = "postgres://me:${SHOP_PASSWORD}@host/base"\n')
    assert error(tmp_path, hide=tmp_path) == (
        "/portfoy.toml: 'source' names the environment variable SHOP_PASSWORD, which is not set. "
        "Set it; $$ stands for $."
    )
    monkeypatch.setenv("SHOP_PASSWORD", "s3/@cret")
    assert "cret" not in error(tmp_path)
    (tmp_path / "portfoy.toml").write_text('source = "${SHOP}"\n')
    monkeypatch.setenv("SHOP", "postgres://me:s3cret@host/base")
    assert "cret" not in error(tmp_path)
    assert asked == ["postgres://me:s3%2F%40cret@host/base", "postgres://me:s3cret@host/base"]
    (tmp_path / "shop.csv").write_text(HEADER + ROWS)
    monkeypatch.setenv("SHOP", "shop.csv")
    assert source.open(tmp_path).facts.rows == 4


def test_an_address_that_does_not_answer_says_why(monkeypatch):
    def connect(where):
        raise RuntimeError(f"no route to {where} for s3cret\nmore")

    monkeypatch.setattr("ibis.connect", connect)
    assert error("postgres://me:s3cret@host/base") == (
        "postgres://***@host/base: does not answer: no route to postgres://***@host/base for "
        "***. Check address and driver."
    )


def test_what_a_server_says_later_is_one_sentence_too(monkeypatch):
    class Server:
        name = "postgres"

        def list_tables(self):
            raise KeyError(said)

    said = "permission denied"

    monkeypatch.setattr(source, "connect", lambda where: Server())
    assert error("postgres://me:s3cret@host/base") == (
        "postgres://***@host/base: cannot be read: 'permission denied'. Check that it is whole and may be read."
    )
    said = "me s3@cret s3%40cret"
    assert error("postgres://me:s3%40cret@host/base") == (
        "postgres://***@host/base: cannot be read: 'me *** ***'. Check that it is whole and may be read."
    )


def test_where_and_settings_of_a_server_hold_no_password(monkeypatch):
    server = source.embedded()
    server.raw_sql(
        "CREATE TABLE transactions AS SELECT "
        "7 AS customer_id, 1 AS order_id, DATE '2024-01-31' AS ordered_on, 5 AS amount"
    )
    monkeypatch.setattr(server, "list_tables", lambda: ["transactions"])
    monkeypatch.setattr(source, "connect", lambda where: server)
    tables = source.open("postgres://me:s3cret@host/base", today=datetime.date(2026, 1, 1))
    assert (tables.where, tables.settings.source) == ("postgres://***@host/base",) * 2
    assert tables.facts.used == 1
    assert tables.files == ()
