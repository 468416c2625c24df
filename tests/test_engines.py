"""PostgreSQL and Spark as engines: what reports and `check` say of a firm there, as DuckDB says it of the same rows.

Judge: DuckDB on Parquet files with the same rows. Each server is started here, on the loopback and in a folder of its
own, by an ordinary user; where its programs are missing the tests skip and name what to install.
"""

import contextlib
import dataclasses
import gc
import json
import re

import ibis
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import portfoy as pf
import start_servers
from helpers import NOTEBOOKS, REPORTS
from portfoy.customers import customer_table
from portfoy.errors import DataError, FitError
from portfoy.firm import Firm
from portfoy.simulate import simulate
from portfoy.source import amounts, dates
from portfoy.source import open as source
from portfoy.source.address import hidden
from portfoy.source.servers import has_room, held
from portfoy.source.settings import Format
from portfoy.source.tables import Tables
from portfoy.words.result import NotPossible
from run_notebook import run_cell
from start_servers import Missing, asked, fill

pytestmark = [
    pytest.mark.engines,
    pytest.mark.filterwarnings("ignore:The copy keyword is deprecated"),  # Spark's own, about pandas 3
    pytest.mark.filterwarnings("ignore:'verifySchema' is ignored"),  # of Ibis' call
]
TODAY = pd.Timestamp("2026-11-01").date()
ENGINES = ["postgres", "spark"]
SHORT = ("acquisition", "retention", "deepening")  # whose expressions differ most; the others on Spark are a study
FOR_SMALL_TABLES = {  # what it takes to run is nothing beside what it takes to prepare
    **{"spark.sql.adaptive.enabled": "false", "spark.sql.codegen.wholeStage": "false"},
    **{"spark.sql.codegen.factoryMode": "NO_CODEGEN"},
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
}


# The company, and where it is


@pytest.fixture(scope="session")
def tables():
    """A small company with faults in every table, as Arrow."""
    return {name: arrow(table) for name, table in simulate(customers=300, seed=5, dirt=True).tables.items()}


def arrow(frame):
    data = pa.Table.from_pandas(frame, preserve_index=False)
    kind = {True: pa.date32(), False: pa.string()}
    kinds = [
        kind[pa.types.is_timestamp(each)] if str(each).startswith(("timestamp", "large_string", "null")) else each
        for each in data.schema.types
    ]
    return data.cast(pa.schema(list(zip(data.column_names, kinds, strict=True))))


@pytest.fixture(scope="session")
def folder(tables, tmp_path_factory):
    """The same rows in Parquet."""
    place = tmp_path_factory.mktemp("parquet")
    for name, table in tables.items():
        pq.write_table(table, place / f"{name}.parquet")
    return place


@contextlib.contextmanager
def skipping(server):
    """What a server's start gives; where its programs are missing the test is skipped."""
    with contextlib.ExitStack() as until:
        try:
            given = until.enter_context(server)
        except Missing as error:
            pytest.skip(str(error))
        yield given


@pytest.fixture(scope="session")
def cluster():
    """The address of a PostgreSQL of our own, without the name of a database."""
    with skipping(start_servers.postgres()) as address:
        yield address


@pytest.fixture(scope="session")
def postgres(cluster, tables):
    """The address of the company in PostgreSQL."""
    asked(f"{cluster}/postgres", "CREATE DATABASE shop")
    fill(f"{cluster}/shop", tables)
    return f"{cluster}/shop"


@pytest.fixture(scope="session")
def spark(folder, tables, tmp_path_factory):
    """The address of the company on a Spark Connect server of our own."""
    place, part = tmp_path_factory.mktemp("spark"), tmp_path_factory.mktemp("sales")
    pq.write_table(tables["transactions"], part / "transactions.parquet")
    with skipping(start_servers.spark(place, **FOR_SMALL_TABLES)) as (address, _server):
        start_servers.load(address, folder)
        start_servers.load(address, part, "sales")
        yield address


@pytest.fixture(scope="module", params=ENGINES)
def there(request):
    """The firm on each server, every table of it in use."""
    firm = firm_of(request.getfixturevalue(request.param))
    yield firm
    leave(firm.tables.engine)


@pytest.fixture(scope="module")
def here(folder):
    """The same firm in files."""
    return firm_of(folder)


def firm_of(where):
    tables = source.open(where, today=TODAY)
    tables.all()
    return Firm._priced(tables, "TRY", 0.95)


def leave(engine):
    """Close a connection, once what is held there is gone."""
    gc.collect()
    engine.disconnect()


@pytest.fixture
def connect():
    """A function that connects to an address, until the end of a test."""
    engines = []
    yield lambda address: engines.append(source.connect(address)) or engines[-1]
    for engine in engines:
        leave(engine)


# `check` and the reports


def test_check_says_the_same(there, here):
    assert there.tables.facts == here.tables.facts
    assert there.tables.reading == here.tables.reading
    assert there.tables.aside == here.tables.aside
    same(there.tables.quality, here.tables.quality)
    if there.tables.engine.name == "pyspark":
        held_there = [*there.tables.engine._cache_name_to_entry]
        assert len(held_there) > 10
        assert all(map(there.tables.engine._session.catalog.isCached, held_there))
    same(there.tables.unmatched(), here.tables.unmatched())
    assert {*there.tables.accounts} == {*here.tables.accounts}
    for name, account in here.tables.accounts.items():
        found = there.tables.accounts[name]
        assert (found.rows, found.used) == (account.rows, account.used)
        same(found.findings, account.findings)


_answers = {}


@pytest.mark.parametrize("report", SHORT)
def test_a_report_has_the_same_tables(report, there, here, monkeypatch):
    same_report(report, there, here, monkeypatch)


@pytest.mark.parametrize("there", ["postgres", pytest.param("spark", marks=pytest.mark.study)], indirect=True)
@pytest.mark.parametrize("report", [report for report in REPORTS if report not in SHORT])
def test_another_report_has_the_same_tables(report, there, here, monkeypatch):
    same_report(report, there, here, monkeypatch)


def same_report(report, there, here, monkeypatch):
    if report not in _answers:
        _answers[report] = answers(report, here, monkeypatch)
    found = answers(report, there, monkeypatch)
    assert [*found] == [*_answers[report]]
    assert sum(isinstance(value, pd.DataFrame) for value in found.values()) > 5
    for name, value in _answers[report].items():
        same(found[name], value, name)


def test_what_no_report_calls_has_the_same_tables(there, here):
    called = {name for report in REPORTS for name in re.findall(r"pf\.(\w+)", notebook(report))}
    asked_of_a_firm = {name for name, home in pf._FRONT.items() if home.partition(".")[0] not in ELSEWHERE}
    assert asked_of_a_firm - called == {*REST}
    for name, ask in REST.items():
        found, wanted = parts(ask(there), name), parts(ask(here), name)
        assert [*found] == [*wanted] != []
        for part, value in wanted.items():
            same(found[part], value, part)


def notebook(report):
    return (NOTEBOOKS / f"{report}.ipynb").read_text("utf-8")


def lifetimes(firm):
    """Contracts as `fit_sbg` takes them, in months begun."""
    table = firm.tables.subscriptions.to_pandas().dropna(subset="started_on")
    days = pd.to_datetime(table["ended_on"]).fillna(firm.as_of) - pd.to_datetime(table["started_on"])
    return pd.DataFrame({"periods": days.dt.days // 30 + 1.0, "ended": table["ended_on"].notna().astype(float)})


def worth(firm):
    return pf.discounted_value(firm.customers, pf.fit_bg_nbd(firm.customers), pf.fit_gamma_gamma(firm.customers))


ELSEWHERE = {"course", "errors", "locale", "words"}  # on the front page, and asked of no firm
REST = {  # what no report calls, and how it is asked
    "Firm": lambda firm: [firm.customers, firm.people, firm.recent(6), firm.before(12).customers],
    "discounted_value": worth,
    "fit_bass": lambda firm: pf.fit_bass(pf.launch(firm).adoptions),
    "fit_bg_nbd": lambda firm: pf.fit_bg_nbd(firm.customers),
    "fit_gamma_gamma": lambda firm: pf.fit_gamma_gamma(firm.customers),
    "fit_sbg": lambda firm: pf.fit_sbg(lifetimes(firm)),
}


def answers(report, firm, monkeypatch):
    """All tables and numbers that the cells of a report give or keep, by where they stand; of an error its sentence."""
    monkeypatch.setattr(pf, "open", lambda *where, **terms: firm)
    names, found = {}, {}
    for place, cell in enumerate(json.loads(notebook(report))["cells"]):
        if cell["cell_type"] == "code":
            try:
                with contextlib.redirect_stdout(None):
                    shown = run_cell("".join(cell["source"]), names)
                found |= parts(shown, f"cell {place}")
            except (DataError, FitError) as error:
                found[f"cell {place}"] = str(error)
    for name, value in names.items():
        found |= parts(value, name) if name not in ("pf", "firm", "data") and name[0] != "_" else {}
    return found


def parts(value, name):
    """Tables, numbers and texts within a value: name -> value."""
    if isinstance(value, NotPossible):
        return {name: str(value.reason)}
    if isinstance(value, (pd.DataFrame, pd.Series, int, float, str)):
        return {name: value}
    inside = {}
    if dataclasses.is_dataclass(value) and not isinstance(value, (type, Firm, Tables)):
        inside = vars(value)
    elif isinstance(value, (dict, list, tuple)):
        inside = value if isinstance(value, dict) else dict(enumerate(value))
    return {key: each for part, one in inside.items() for key, each in parts(one, f"{name}.{part}").items()}


def same(found, wanted, name=""):
    """Dates, counts, ids and the order of rows as they are, other numbers to a millionth."""
    if isinstance(wanted, pd.DataFrame):
        pd.testing.assert_frame_equal(found, wanted, rtol=1e-6, atol=1e-9, obj=name or "table")
    elif isinstance(wanted, pd.Series):
        pd.testing.assert_series_equal(found, wanted, rtol=1e-6, atol=1e-9, obj=name or "series")
    else:
        close = pytest.approx(wanted, rel=1e-6, abs=1e-9, nan_ok=True) if isinstance(wanted, float) else wanted
        assert found == close, name


# What is written as text


WRITTEN = {
    "%Y-%m-%d": "2024-02-29 2023-02-29 2024-2-3 2024-13-01 1900-02-29 2024-02-03T10:11:12Z",
    "%d.%m.%Y": "29.02.2024 29.02.2023 1.2.2024 31.04.2024 01.02.2024T23:59",
    "%m/%d/%Y": "2/29/2024 02/30/2024 12/31/1999 13/01/2024",
    "%Y%m%d": "20240229 20230229 20241301",
    "%d.%m.%y": "01.02.68 01.02.69 1.2.00 32.01.24",
    "%d %b %Y": "29|Feb|2024 29|Feb|2023 1|März|2024 Ağustos|5,|2024 3|stycznia|2024",
    "spreadsheet days": "45292 45292.75 60 x",
    "spreadsheet days 1904": "43830 43830,5",
    "unix seconds": "1704067199 1704067200.5",
    "unix milliseconds": "1704067200000",
}
ODD = [
    "1,234.50",
    "-5",
    "(5.00)",
    "5-",
    "€ 12",
    "12 TL",
    "1e3",
    "1e400",
    "abc",
    "",
    "1.2.3",
    "٣",
    "12 Cr",
    "5,-",
    "１２",
]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("zone", [None, "Asia/Tokyo"])
def test_a_date_written_as_text_is_the_same_day(engine, zone, request, connect):
    """Judge: DuckDB, whose own strptime reads them."""
    server = connect(request.getfixturevalue(engine))
    for form, texts in WRITTEN.items():
        texts = [text.replace("|", " ") for text in texts.split()]
        texts += ["2024-01-31T20:00:00Z", "2024-01-31 22:00+01:00"] if form == "%Y-%m-%d" else []
        table = ibis.memtable({"text": texts})
        wanted = table.select("text", day=dates.parsed(table.text, form, zone)).to_pandas()
        found = server.to_pandas(table.select("text", day=dates.parsed(table.text, form, zone)))
        same(dated(found), dated(wanted), form)
        assert wanted["day"].notna().any(), form


def dated(frame):
    return frame.assign(day=pd.to_datetime(frame["day"])).sort_values("text", ignore_index=True)


@pytest.mark.parametrize("engine", ENGINES)
def test_an_amount_written_as_text_is_the_same_number(engine, request, connect):
    server = connect(request.getfixturevalue(engine))
    table = ibis.memtable({"text": ODD})
    given, hints = (
        Format(decimal=".", thousands=","),
        amounts.Hints(dot=1, comma=0, lettered=1, colon=False, many=0, lost="", whole=True),
    )
    read = table.select("text", n=amounts.number(table, table.text, given, "transactions.amount", [], hints))
    by = {"by": "text", "ignore_index": True}
    same(server.to_pandas(read).sort_values(**by), read.to_pandas().sort_values(**by))


def test_a_date_form_that_a_server_does_not_know_is_refused_in_one_line(postgres, connect):
    table = ibis.memtable({"text": ["2024-06"]})
    with pytest.raises(DataError, match=r"%j in '%Y %j %d %m' is not read on a server\..*portfoy pull ADDRESS"):
        connect(postgres).to_pandas(table.select(day=dates.parsed(table.text, "%Y %j %d %m")))


# What is held on the server


def scans(address):
    """How often PostgreSQL has read the table of orders from end to end."""
    counted = "SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'transactions'"
    return asked(address, "SELECT pg_stat_clear_snapshot()", counted)[0][0]


def test_the_checked_log_is_read_once_and_held(postgres):
    firm = pf.open(postgres)
    firm.tables.engine.raw_sql("SELECT pg_stat_force_next_flush()").close()
    before = scans(postgres)
    assert len(firm.customers) > 200
    assert len(pf.years(firm).table)
    assert len(pf.rfm(firm).table)
    firm.tables.engine.raw_sql("SELECT pg_stat_force_next_flush()").close()
    assert scans(postgres) == before
    leave(firm.tables.engine)


def test_what_is_held_goes_when_nothing_uses_it(postgres):
    found = source.open(postgres)
    engine = found.engine
    ours = "SELECT count(*) FROM pg_class WHERE relnamespace = pg_my_temp_schema() AND relkind = 'r'"
    assert engine.raw_sql(ours).fetchone()[0] > 1
    del found
    gc.collect()
    assert engine.raw_sql(ours).fetchone()[0] == 0
    engine.disconnect()


def test_what_is_held_on_spark_is_in_its_cache_until_nothing_uses_it(spark, connect):
    """Also of a union with rows that come from here, whose plan Spark does not know again."""
    engine = connect(spark)
    known, catalog = engine.table("customers").select("customer_id"), engine._session.catalog
    more = ibis.union(known, ibis.memtable({"customer_id": ["x"]}))
    found = [held(known.filter(known.customer_id > "C")), held(more)]
    names = [table.op().name for table in found]
    assert [catalog.isCached(name) for name in names] == [True, True]
    assert found[1].count().to_pandas() == known.count().to_pandas() + 1
    del found
    gc.collect()
    assert not {*names} & {*engine.list_tables()}


def test_an_account_without_temporary_tables_works_and_is_told_once(cluster, tables, folder):
    few = {name: tables[name] for name in ("transactions",)}
    asked(
        f"{cluster}/postgres",
        "CREATE DATABASE bare",
        "REVOKE TEMP ON DATABASE bare FROM PUBLIC",
        "CREATE ROLE reader LOGIN",
    )
    fill(f"{cluster}/bare", few)
    asked(f"{cluster}/bare", "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
    address = f"{cluster}/bare".replace("owner", "reader")
    found, wanted = source.open(address, today=TODAY), source.open(folder, today=TODAY)
    said = f"{hidden(address)}: the account may make no temporary tables there, so every analysis reads the orders anew"
    assert found.reading == [*wanted.reading, said]
    assert not has_room(found.engine)
    assert found.facts == wanted.facts
    same(customer_table(found.transactions), customer_table(wanted.transactions))
    leave(found.engine)


# Where the tables are


def test_a_schema_of_portfoy_toml_is_where_the_tables_are(cluster, tables, tmp_path):
    asked(f"{cluster}/postgres", "CREATE DATABASE several")
    fill(f"{cluster}/several", {"transactions": tables["transactions"]}, schema='"Sales 2"')
    text = f'source = "{cluster}/several"\nschema = "Sales 2"\n'
    (tmp_path / "portfoy.toml").write_text(text)
    found = source.open(tmp_path)
    assert found.facts.rows == len(tables["transactions"])
    leave(found.engine)


def test_a_schema_and_a_catalog_of_spark(spark, tables, tmp_path):
    (tmp_path / "portfoy.toml").write_text(f'source = "{spark}"\ncatalog = "spark_catalog"\nschema = "sales"\n')
    found = source.open(tmp_path)
    assert found.facts.rows == len(tables["transactions"])
    assert not found.later  # the other tables are not in that schema
    leave(found.engine)


def test_texts_that_pandas_holds_in_pieces_reach_spark(spark, connect):
    text = pd.concat([pd.Series(["x", "y"], dtype="str"), pd.Series(["z", None], dtype="str")], ignore_index=True)
    found = connect(spark).to_pyarrow(ibis.memtable(pd.DataFrame({"text": text})))
    assert found.column("text").to_pylist() == ["x", "y", "z", None]
