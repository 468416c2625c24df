"""`portfoy pull`: judged by pandas and by the bytes that stay, on a DuckDB that stands for a server."""

import hashlib
import json
import sqlite3
import stat
import tomllib

import ibis
import pandas as pd
import pytest
from click.testing import CliRunner

from portfoy.cli import main
from portfoy.errors import DataError
from portfoy.source import open as source
from portfoy.source.pull import pull

pytestmark = pytest.mark.filterwarnings("ignore:fetch_record_batch:DeprecationWarning")  # Ibis still calls it

LINES = pd.DataFrame(
    {
        "customer_id": ["A", "A", "B", "C", "D"],
        "order_id": ["1", "2", "3", "4", "5"],
        "ordered_on": pd.to_datetime(["2025-01-31", "2025-02-01", "2025-02-28", "2025-03-01", None]),
        "amount": [10.0, 20.0, 30.0, 5.0, 1.0],
    }
)


@pytest.fixture
def server():
    engine = ibis.duckdb.connect()
    engine.con.register("lines", LINES)
    engine.raw_sql("CREATE TABLE transactions AS SELECT * FROM lines; CREATE TABLE notes AS SELECT 'a' AS text")
    return engine


def pulled(server, out, names=("transactions",), **how):
    tables = {name: (server.table(name), "ordered_on" if name == "transactions" else None) for name in names}
    return {one.table: one for one in pull(tables, out, said="a server", **how)}


def rows(folder):
    return pd.concat([pd.read_parquet(path) for path in sorted(folder.glob("*.parquet"))], ignore_index=True)


def test_a_month_is_a_file_with_exactly_its_rows(server, tmp_path):
    found = pulled(server, tmp_path / "here", ["transactions", "notes"])
    files = {path.stem: pd.read_parquet(path) for path in (tmp_path / "here/transactions").iterdir()}
    months = LINES.ordered_on.dt.strftime("%Y-%m").fillna("undated")
    assert {name: len(file) for name, file in files.items()} == months.value_counts().to_dict()
    for month, file in files.items():
        assert sorted(file.order_id) == sorted(LINES.order_id[months == month])
    assert (found["transactions"].rows, found["transactions"].sent, found["notes"].rows) == (5, 5, 1)
    assert rows(tmp_path / "here/notes").text.tolist() == ["a"]


def test_what_is_written_down_is_what_lies_there(server, tmp_path):
    pulled(server, tmp_path / "here")
    told = json.loads((tmp_path / "here/pulled.json").read_text())
    assert told["from"] == "a server"
    for name, file in told["tables"]["transactions"].items():
        path = tmp_path / "here/transactions" / name
        assert file["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
        assert file["rows"] == len(pd.read_parquet(path))


def test_only_its_owner_reads_it(server, tmp_path):
    pulled(server, tmp_path / "here")
    for path in [tmp_path / "here", *(tmp_path / "here").rglob("*")]:
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077


CHANGES = {
    "a row more": ("INSERT INTO transactions VALUES ('E', '6', '2025-02-03', 7)", {"2025-02"}),
    "another amount": ("UPDATE transactions SET amount = 21 WHERE order_id = '2'", {"2025-02"}),
    "two customers change places": (
        "UPDATE transactions SET customer_id = CASE customer_id WHEN 'A' THEN 'B' ELSE 'A' END "
        "WHERE ordered_on >= '2025-02-01' AND ordered_on < '2025-03-01'",
        {"2025-02"},
    ),
    "a text that is empty, not missing": ("UPDATE transactions SET order_id = '' WHERE order_id IS NULL", {"2025-03"}),
    "a bar between": ("UPDATE transactions SET customer_id = 'A|1:2', order_id = '' WHERE order_id = '2'", {"2025-02"}),
    "a month more": ("INSERT INTO transactions VALUES ('E', '6', '2025-04-03', 7)", {"2025-04"}),
    "no date any more": (
        "UPDATE transactions SET ordered_on = NULL WHERE order_id = '1'",
        {"undated"},
    ),
    "nothing": ("SELECT 1", set()),
}


@pytest.mark.parametrize("change", CHANGES)
def test_only_the_months_that_changed_are_sent_again(server, tmp_path, change):
    server.raw_sql("UPDATE transactions SET order_id = NULL WHERE order_id = '4'")
    statement, months = CHANGES[change]
    pulled(server, tmp_path / "here")
    before = {path.stem: path.stat().st_ino for path in (tmp_path / "here/transactions").iterdir()}
    server.raw_sql(statement)
    found = pulled(server, tmp_path / "here")["transactions"]
    after = {path.stem: path.stat().st_ino for path in (tmp_path / "here/transactions").iterdir()}
    assert {month for month in after if after[month] != before.get(month)} == months
    assert found.renewed == len(months)
    there = server.table("transactions").to_pandas()
    pd.testing.assert_frame_equal(
        rows(tmp_path / "here/transactions").sort_values(list(LINES), ignore_index=True),
        there.sort_values(list(LINES), ignore_index=True),
        check_dtype=False,
    )


def test_a_month_without_rows_goes_and_one_that_was_lost_here_comes_again(server, tmp_path):
    folder = tmp_path / "here/transactions"
    pulled(server, tmp_path / "here")
    (folder / "2025-01.parquet").unlink()
    (folder / "2025-02.parquet").write_bytes(b"cut")
    server.raw_sql("DELETE FROM transactions WHERE order_id = '4'")
    assert pulled(server, tmp_path / "here")["transactions"].renewed == 2
    assert sorted(path.stem for path in folder.iterdir()) == ["2025-01", "2025-02", "undated"]
    assert len(rows(folder)) == 4


def test_whole_sends_all_again(server, tmp_path):
    pulled(server, tmp_path / "here")
    assert pulled(server, tmp_path / "here", whole=True)["transactions"].sent == 5


def test_a_table_without_rows_is_there(server, tmp_path):
    server.raw_sql("DELETE FROM transactions")
    pulled(server, tmp_path / "here")
    assert list(rows(tmp_path / "here/transactions")) == list(LINES)


def test_a_pull_that_is_broken_off_goes_on_where_it_was(server, tmp_path):
    def stop(*_told):
        if (tmp_path / "here/transactions/2025-02.parquet").exists():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pulled(server, tmp_path / "here", progress=stop)
    assert pulled(server, tmp_path / "here")["transactions"].renewed == 2


def test_a_folder_of_something_else_is_left_alone(server, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(DataError, match="is not empty"):
        pulled(server, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    pulled(server, tmp_path / "here")
    with pytest.raises(DataError, match="was pulled from a server, not from another"):
        list(pull({}, tmp_path / "here", said="another"))
    (tmp_path / "here/pulled.json").write_text("{")
    with pytest.raises(DataError, match="is broken"):
        pulled(server, tmp_path / "here")


def test_a_name_that_leads_elsewhere_is_refused(server, tmp_path):
    with pytest.raises(DataError, match="no folder can be called so"):
        list(pull({"../x": (server.table("notes"), None)}, tmp_path / "here", said="a server"))
    assert not (tmp_path / "x").exists()


def test_the_command_brings_tables_that_are_read_with_the_same_portfoy_toml(tmp_path):
    database = tmp_path / "shop.db"
    with sqlite3.connect(database) as base:
        LINES.dropna().assign(ordered_on="2025-01-31").to_sql("Sales", base, index=False)
        pd.DataFrame({"order_id": ["1", "2", "3", "4"], "rep": list("wxyz")}).to_sql("reps", base, index=False)
    text = (
        f'source = "sqlite://{database}"\n[transactions]\nfile = "sales"\njoin = {{ file = "reps", on = "order_id" }}\n'
    )
    (tmp_path / "portfoy.toml").write_text(text)
    said = run("pull", tmp_path / "portfoy.toml", "--out", tmp_path / "here").output
    assert "sales: 4 rows in 1 files; 4 rows in 1 files came now" in said
    (tmp_path / "portfoy.toml").write_text(text.replace(f"sqlite://{database}", "here"))
    here = source.open(tmp_path / "portfoy.toml").transactions.to_pandas()
    assert sorted(zip(here.order_id, here.amount, strict=True)) == [("1", 10.0), ("2", 20.0), ("3", 30.0), ("4", 5.0)]


def test_a_place_that_is_no_server_says_so(tmp_path):
    LINES.to_csv(tmp_path / "transactions.csv", index=False)
    assert "is no server" in run("pull", tmp_path, "--out", tmp_path / "here", code=2).output


def run(*words, code=0):
    found = CliRunner().invoke(main, [str(word) for word in words])
    assert found.exit_code == code, found.output
    return found


def test_a_portfoy_toml_is_drafted_for_a_server_and_checks(tmp_path, monkeypatch):
    database = tmp_path / "shop.db"
    with sqlite3.connect(database) as base:
        lines = LINES.dropna().assign(ordered_on=LINES.ordered_on.astype(str))
        lines.columns = ["Customer ID", "Order No", "Order Date", "Total"]
        lines.to_sql("Sales 2025", base, index=False)
        pd.DataFrame({"Customer ID": list("ABC"), "Region": list("xyz")}).to_sql("people", base, index=False)
    drafted = run("map", f"sqlite://{database}").output
    said = tomllib.loads(drafted)
    judge = {"customer_id": "Customer ID", "order_id": "Order No", "ordered_on": "Order Date", "amount": "Total"}
    assert said["source"] == f"sqlite://{database}"
    assert said["transactions"].items() >= {"file": "Sales 2025", **judge}.items()
    assert said["customers"]["file"] == "people"
    (tmp_path / "portfoy.toml").write_text(drafted)
    run("pull", tmp_path / "portfoy.toml", "--out", tmp_path / "here")
    (tmp_path / "portfoy.toml").write_text(drafted.replace(f"sqlite://{database}", "here"))
    assert source.open(tmp_path / "portfoy.toml").transactions.amount.sum().to_pyarrow().as_py() == 65
