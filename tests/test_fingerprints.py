"""The fingerprint of the data is that of what was read. Judge: files and tables that change at every moment."""

import json
import os
import subprocess
import sys

import duckdb
import ibis
import nbformat
import pytest

from portfoy.errors import DataError
from portfoy.source import open as source
from portfoy.source.files import stamp
from portfoy.source.tables import fingerprint

HEADER = "customer_id,order_id,ordered_on,amount\n"
LINES = "1,1,2026-01-31,5.50\n2,2,2026-02-28,7.25\n"


@pytest.fixture
def shop(tmp_path):
    (tmp_path / "transactions.csv").write_text(HEADER + LINES)
    return tmp_path


def change(path, how):
    """Change a file as programs do, its size and the time that it shows being as before where they can be."""
    before, text = path.stat(), path.read_text()
    if how == "appended":
        with path.open("a") as file:
            file.write("3,3,2026-02-28,1.00\n")
        return
    if how == "replaced":
        path.with_suffix(".new").write_text(text.replace("5.50", "9.50"))
        path.with_suffix(".new").rename(path)
    if how == "edited":
        path.write_text(text.replace("5.50", "9.50"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


HOW = ["appended", "replaced", pytest.param("edited", marks=pytest.mark.skipif(os.name == "nt", reason="POSIX"))]


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_file_that_changes_while_it_is_read_is_refused(shop, monkeypatch, how, moment):
    path, real = shop / "transactions.csv", source.load

    def load(*given):
        if moment == "before":  # it was opened, and nothing was read yet
            change(path, how)
        raw = real(*given)
        if moment == "after":
            change(path, how)
        return raw

    monkeypatch.setattr(source, "load", load)
    with pytest.raises(DataError) as error:
        source.open(shop)
    assert str(error.value) == f"{path}: has changed since it was read. Try again."
    monkeypatch.setattr(source, "load", real)
    assert source.open(shop).facts.rows == (3 if how == "appended" else 2)


@pytest.mark.parametrize("how", HOW)
def test_a_file_that_changes_before_it_is_hashed_is_refused(shop, how):
    opened = source.open(shop)
    change(shop / "transactions.csv", how)
    with pytest.raises(DataError, match="has changed since it was read"):
        opened.fingerprint()


def test_two_changes_within_a_tick_of_the_clock_are_told_apart(tmp_path):
    path = tmp_path / "a.csv"
    for _turn in range(20):
        path.write_text("a")
        before = stamp(path)
        path.write_text("b")
        assert stamp(path) != before


def test_a_file_that_is_joined_counts_before_its_table_was_asked_for(shop):
    """One file joined to two tables, one of which nobody has used yet."""
    join = 'join = {file = "more.csv", on = "customer_id"}\n'
    (shop / "customers.csv").write_text("customer_id\n1\n")
    (shop / "portfoy.toml").write_text(f'[transactions]\n{join}[customers]\n{join}channel = "way"\n')
    found = []
    for way in "ab":
        (shop / "more.csv").write_text(f"customer_id,way\n1,{way}\n")
        opened = source.open(shop)
        found.append(opened.fingerprint())
        assert opened.customers.to_pandas()["channel"].tolist() == [way]
        assert opened.fingerprint() == found[-1]
    assert found[0] != found[1]


def test_a_file_that_portfoy_toml_names_and_that_is_not_there_does_not_stop_it(shop):
    (shop / "portfoy.toml").write_text('[leads]\nfile = "none.csv"\n')
    with_none = source.open(shop).fingerprint()
    (shop / "portfoy.toml").unlink()
    assert with_none == source.open(shop).fingerprint()


def test_what_a_duckdb_file_has_not_yet_written_into_itself_counts(tmp_path):
    path, found = tmp_path / "shop.duckdb", []
    for amount in (5, 6):
        base = duckdb.connect(path)
        base.execute("PRAGMA disable_checkpoint_on_shutdown")
        if amount == 5:
            base.execute("CREATE TABLE transactions (customer_id TEXT, order_id TEXT, ordered_on DATE, amount DOUBLE)")
            base.execute("CHECKPOINT")
        base.execute(f"INSERT INTO transactions VALUES ('1', '{amount}', '2026-01-31', {amount})")
        base.close()
        assert path.with_name("shop.duckdb.wal").is_file()
        opened = source.open(path)
        found.append((opened.facts.revenue, opened.fingerprint()))
        opened.engine.disconnect()
    assert [revenue for revenue, _hash in found] == [5, 11]
    assert found[0][1] != found[1][1]


# Servers


SERVER = """
import ibis

def connect(address):
    server = ibis.duckdb.connect()
    for name in {names!r}:
        server.raw_sql(f"CREATE VIEW {{name}} AS SELECT * FROM read_csv('{folder}/{{name}}.csv', header = true)")
    server.list_tables = lambda: {names!r}
    return server

ibis.connect = connect
"""


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A server whose tables are views of files, so that they change while they are read; it reads each anew."""
    names = ["transactions", "customers", "tickets", "ways"]
    live = tmp_path / "live"
    live.mkdir()
    (live / "transactions.csv").write_text(HEADER + LINES)
    (live / "customers.csv").write_text("customer_id,joined_on\n1,2025-01-01\n")
    (live / "tickets.csv").write_text("ticket_id,customer_id,opened_on\nt,1,2026-01-01\n")
    (live / "ways.csv").write_text("customer_id,channel\n1,shop\n")
    (tmp_path / "shop.toml").write_text(
        'source = "postgres://host/base"\n[customers]\njoin = {file = "ways", on = "customer_id"}\n'
    )
    space = {}
    monkeypatch.setattr(ibis, "connect", None)
    exec(SERVER.format(names=names, folder=live.as_posix()), space)
    return live


@pytest.mark.parametrize("name", ["transactions", "customers", "tickets", "ways"])
def test_every_table_of_a_server_that_is_read_counts(server, name):
    opened = source.open(server.parent / "shop.toml", stamped=True)
    before, path = opened.fingerprint(), server / f"{name}.csv"
    assert (before, opened.moved()) == (fingerprint(opened.read), False)
    path.write_text(path.read_text().replace("1,", "4,").replace("t,", "u,"))
    assert (opened.fingerprint(), opened.moved()) == (before, True)
    assert source.open(server.parent / "shop.toml").fingerprint() != before
    path.unlink()
    assert opened.moved()  # who cannot be asked cannot say that nothing has changed


def test_files_have_no_second_look(shop):
    assert source.open(shop, stamped=True).moved() is False


def test_the_fingerprint_of_a_server_is_that_of_before_it_was_read(server, monkeypatch):
    real = source.check_transactions

    def late(*given, **named):
        with (server / "transactions.csv").open("a") as file:
            file.write("9,9,2026-02-28,1\n")
        return real(*given, **named)

    before = source.open(server.parent / "shop.toml", stamped=True).fingerprint()
    monkeypatch.setattr(source, "check_transactions", late)
    opened = source.open(server.parent / "shop.toml", stamped=True)
    assert (opened.facts.rows, opened.fingerprint(), opened.moved()) == (3, before, True)


def test_a_report_on_a_server_that_changes_meanwhile_says_so(server, tmp_path):
    (tmp_path / "site").mkdir()
    names = ["transactions"]
    (tmp_path / "site" / "sitecustomize.py").write_text(SERVER.format(names=names, folder=server.as_posix()))
    parameters = 'data: str = "shop"  # where\nas_of: str = ""  # day\nlanguage: str = "en"  # code\n'
    cell = (
        "import os, pathlib, portfoy as pf\nprint(pf.open(data).tables.facts.revenue)\n"
        f"if not pathlib.Path('calm').exists():\n    open({str(server / 'transactions.csv')!r}, 'a').write"
        "('9,9,2026-02-28,1\\n')"
    )
    v4 = nbformat.v4
    made = [v4.new_markdown_cell("# portfolio"), v4.new_code_cell(parameters), v4.new_code_cell(cell)]
    made[1].metadata["tags"] = ["parameters"]
    path = tmp_path / "notebooks" / "reports" / "portfolio.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(v4.new_notebook(cells=made), path)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    command = [sys.executable, "-m", "portfoy", "report", "--data", "postgres://host/base", "--if-changed"]

    def run(number):
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        folder = tmp_path / "reports" / f"2026-02-28{number}"
        return (
            done.stderr,
            json.loads((folder / "run.json").read_text())["data"],
            (folder / "portfolio.html").read_text(),
        )

    said, data, page = run("")
    assert "postgres://host/base: changed while it was read" in said
    assert (data["changed"], data["rows"]) == (True, 2)
    assert "changed while they were read" in page
    (tmp_path / "calm").touch()
    (server / "transactions.csv").write_text(
        HEADER + LINES
    )  # what the first run began with, and did not read to the end
    said, data, page = run(".2")
    assert "changed while" not in said + page
    assert "changed" not in data
