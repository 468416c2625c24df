"""Tables that were checked once are the same in another process. Judge: the tables as they are opened anew."""

import os
import sqlite3

import ibis
import pandas as pd
import pytest

import portfoy as pf
from portfoy.source import open as source
from portfoy.source import tables

HEAD = "customer_id,order_id,ordered_on,amount,product_id\n"


@pytest.fixture
def shop(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "transactions.csv").write_text(HEAD + '007,1,31.01.2026,"1,50",P\n008,2,28.02.2026,"2,25",Q\n')
    (folder / "products.csv").write_text('product_id,unit_cost\nP,"0,50"\nQ,"1,00"\n')
    (folder / "tickets.csv").write_text("ticket_id,customer_id,opened_on\n1,007,never\n2,008,never\n")
    return folder


def keep(opened, folder, monkeypatch):
    assert tables.keep(opened, folder / "kept.duckdb")
    monkeypatch.setenv(tables.KEPT, str(folder / "kept.duckdb"))


def test_what_is_kept_is_what_was_opened(shop, tmp_path, monkeypatch):
    opened = source.open("shop")
    fresh = source.open("shop")
    keep(opened, tmp_path, monkeypatch)
    again = source.open("shop")
    assert again.transactions.get_backend() is not fresh.transactions.get_backend()
    assert again.reading == fresh.reading
    assert "numbers read with a decimal comma" in " ".join(again.reading)
    pd.testing.assert_frame_equal(again.transactions.to_pandas(), fresh.transactions.to_pandas())
    pd.testing.assert_frame_equal(again.products.to_pandas(), fresh.products.to_pandas())
    pd.testing.assert_frame_equal(again.quality, fresh.quality)
    assert (again.facts, again.name, again.fingerprint()) == (fresh.facts, fresh.name, fresh.fingerprint())
    assert again.surveys is None
    joined = again.transactions.left_join(again.products, "product_id")
    assert len(joined.to_pandas()) == 2


def test_a_further_table_is_read_once(shop):
    """What is asked of it afterwards is no longer worked out from the text of its file."""
    products = source.open("shop").products
    assert "try_strptime" not in ibis.to_sql(products).lower()
    assert "regexp" not in ibis.to_sql(products.filter(products.product_id == "P1").count()).lower()
    assert ("typed_products",) in products.get_backend().raw_sql("SHOW TABLES").fetchall()


def test_a_table_that_cannot_be_used_says_so_where_it_is_used(shop, tmp_path, monkeypatch):
    opened, fresh = source.open("shop"), source.open("shop")
    keep(opened, tmp_path, monkeypatch)
    for opened in (fresh, source.open("shop")):
        assert opened.tickets is None
        assert opened.aside["tickets"].startswith("tickets.opened_on: no value reads as a date ('never')")


def test_another_place_or_another_folder_is_opened_itself(shop, tmp_path, monkeypatch):
    keep(source.open("shop"), tmp_path, monkeypatch)
    assert source.open("shop").facts.used == 2
    other = tmp_path / "other.csv"
    other.write_text(HEAD + "1,1,2026-01-31,5.00,P\n")
    assert source.open("other.csv").facts.used == 1
    (tmp_path / "elsewhere" / "shop").mkdir(parents=True)
    (tmp_path / "elsewhere" / "shop" / "transactions.csv").write_text(HEAD + "1,1,2026-01-31,5.00,P\n")
    os.chdir(tmp_path / "elsewhere")
    assert source.open("shop").facts.used == 1


# What tells one state of the data from another


def test_files_that_swap_their_tables_are_other_data(shop):
    for name in ("leads", "surveys"):
        (shop / f"{name}.csv").write_text("lead_id,survey_id,customer_id,created_on,answered_on,channel\n1,1,007,,,\n")
    (shop / "surveys.csv").write_text("lead_id,survey_id,customer_id,created_on,answered_on,channel\n1,1,008,,,\n")
    before = source.open("shop").fingerprint()
    assert source.open("shop").fingerprint() == before
    (shop / "leads.csv").rename(shop / "aside")
    (shop / "surveys.csv").rename(shop / "leads.csv")
    (shop / "aside").rename(shop / "surveys.csv")
    assert source.open("shop").fingerprint() != before


def test_a_file_that_is_not_read_is_no_data(shop):
    before = source.open("shop").fingerprint()
    (shop / "notes.csv").write_text("a,b\n")
    (shop / "portfoy.toml").write_text('returns = "drop"\n')
    assert source.open("shop").fingerprint() == before


@pytest.mark.parametrize("change", ["edited", "replaced", "removed"])
def test_a_file_that_changes_after_it_was_read_is_told(shop, tmp_path, change):
    opened, path = source.open("shop"), shop / "products.csv"
    before = path.stat()
    if change == "removed":
        path.unlink()
    else:
        (tmp_path / "new").write_text(path.read_text().replace("1,00", "9,00"))
        (tmp_path / "new").rename(path) if change == "replaced" else path.write_text((tmp_path / "new").read_text())
    if change == "replaced":  # as cp -p and rsync leave it
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    for look in (opened.fingerprint, lambda: tables.keep(opened, tmp_path / "kept.duckdb")):
        with pytest.raises(pf.DataError) as error:
            look()
        assert str(error.value) == (f"{path}: has changed since it was read. Try again.")


ROWS = [("007", "1", "2026-01-31", 5.5), ("8", "2", "2026-02-28", 7.25), ("8", "3", "2026-02-28", 7.25)]


def in_duckdb(rows):
    base = ibis.duckdb.connect()
    base.raw_sql("CREATE TABLE transactions (customer_id TEXT, order_id TEXT, ordered_on DATE, amount DOUBLE)")
    base.con.executemany("INSERT INTO transactions VALUES (?, ?, ?, ?)", rows)
    base.list_tables = lambda: ["transactions"]  # ibis's own warns about DuckDB
    return base


def in_sqlite(rows):
    file = sqlite3.connect("base.sqlite")
    file.execute("DROP TABLE IF EXISTS transactions")
    file.execute("CREATE TABLE transactions (customer_id TEXT, order_id TEXT, ordered_on DATE, amount REAL)")
    file.executemany("INSERT INTO transactions VALUES (?, ?, ?, ?)", rows)
    file.commit()
    file.close()
    return ibis.sqlite.connect("base.sqlite")


@pytest.mark.parametrize("server", [in_duckdb, in_sqlite])
def test_rows_on_a_server_are_told_apart_by_any_value_and_not_by_their_order(server, tmp_path, monkeypatch):
    """Judge: logs with the same rows, orders, customers, days and sums of money, among which only the rows differ."""
    monkeypatch.chdir(tmp_path)

    def of(rows):
        return tables.Tables("", None, None, None, None, [], read={"transactions": server(rows).table("transactions")})

    first, second, third = ROWS
    before = of(ROWS).fingerprint()
    assert of([third, first, second]).fingerprint() == before
    others = [
        [(*first[:3], 7.25), (*second[:3], 5.5), third],  # money that goes to another customer
        [(*first[:3], 5.5), (*second[:3], 7), (*third[:3], 7.5)],
        [("8", *first[1:]), ("007", *second[1:]), third],
        [first, second, second],
        [("00", "71", *first[2:]), second, third],  # signs that move from a field to its neighbour
        [first, second, (None, *third[1:])],
        ROWS[:2],
    ]
    assert len({before, *(of(rows).fingerprint() for rows in others)}) == 8


def test_a_server_is_read_and_told_apart_whatever_the_settings_say(tmp_path, monkeypatch):
    monkeypatch.setattr(source, "connect", lambda where: in_duckdb([*ROWS, ("9", "4", "2026-02-28", -1.0)]))
    (tmp_path / "portfoy.toml").write_text('source = "postgres://host/base"\n')
    net = source.open(tmp_path)
    (tmp_path / "portfoy.toml").write_text('source = "postgres://host/base"\nreturns = "drop"\n')
    drop = source.open(tmp_path)
    assert (net.facts == drop.facts, net.fingerprint() == drop.fingerprint()) == (False, True)
