"""Sources that live on a server: the expressions that it gets, and, where one runs here, what it answers.

PORTFOY_TEST_POSTGRES names the address of an empty PostgreSQL database; with a driver (psycopg) beside Ibis, its
tables are made anew. PORTFOY_TEST_SPARK=1 starts a Spark of its own, where pyspark and Java are installed.
"""

import os
import warnings
from functools import partial
from types import SimpleNamespace

import ibis
import pandas as pd
import pytest
import sqlglot

from portfoy.customers import customer_table
from portfoy.errors import DataError
from portfoy.portfolio.years import year_table
from portfoy.selection.profitability import service_table
from portfoy.source import open as source
from portfoy.source import quality

LOG = pd.DataFrame(
    {
        "customer_id": ["A", "A", "B", "C"],
        "order_id": ["1", "2", "3", "4"],
        "ordered_on": pd.to_datetime(["2024-01-31", "2025-02-01", "2025-02-02", "2023-03-31"]),
        "amount": [10.0, 20.0, 30.0, 5.0],
    }
)
AS_OF = "2025-02-28"
TICKETS = pd.DataFrame({"ticket_id": ["t1", "t2", "t3"], "customer_id": ["A", "A", "B"], "opened_on": "2025-02-01"})


@pytest.fixture
def asked(monkeypatch):
    """The expressions that come into pandas while a test runs."""
    expressions, real = [], ibis.Table.to_pyarrow

    def to_pyarrow(table, **options):
        expressions.append(table)
        return real(table, **options)

    monkeypatch.setattr(ibis.Table, "to_pyarrow", to_pyarrow)
    return expressions


def test_no_truth_value_is_cast_to_a_number_which_postgresql_refuses(asked):
    year_table(LOG, as_of=AS_OF)
    found = [str(ibis.to_sql(table, dialect="postgres")) for table in asked]
    assert any("buyers_now" in sql for sql in found)
    assert not any("CAST(BOOL_OR" in sql for sql in found)


def test_a_ticket_without_touches_is_one_as_a_float_which_a_bare_1_0_is_not_in_postgresql(asked):
    service_table(TICKETS, as_of=AS_OF)
    assert "CAST(1 AS DOUBLE PRECISION)" in ibis.to_sql(asked[0], dialect="postgres")


def test_a_count_of_nothing_may_be_nan_as_spark_says(monkeypatch, tmp_path):
    LOG.to_csv(tmp_path / "transactions.csv", index=False)
    counts, real = [], quality._people

    def people(log):
        counts.append({name: float("nan") if pd.isna(value) else value for name, value in real(log).items()})
        return counts[0]

    monkeypatch.setattr(quality, "_people", people)
    found = source.open(tmp_path).quality["rows"]
    assert pd.isna(counts[0]["only_returns"])
    assert found[found > 0].to_dict() == {"partial_month": 2}


@pytest.mark.parametrize("dialect", ["trino", "clickhouse"])
def test_the_expressions_have_words_on_engines_that_are_not_run_here(asked, dialect):
    """Judge: sqlglot, which reads back in the engine's own grammar what Ibis wrote."""
    customer_table(LOG)
    year_table(LOG, as_of=AS_OF)
    service_table(TICKETS, as_of=AS_OF)
    assert len(asked) >= 3
    for table in asked:
        read = sqlglot.parse_one(str(ibis.to_sql(table, dialect=dialect)), read=dialect)
        assert {*table.columns} <= {name.this for name in read.find_all(sqlglot.exp.Identifier)}


@pytest.mark.parametrize("name", ["sqlite", "mysql", "mssql"])
def test_a_base_that_is_no_engine_is_refused_in_one_line_that_names_the_way(name, monkeypatch):
    monkeypatch.setattr(source, "connect", lambda where: SimpleNamespace(name=name))
    with pytest.raises(DataError) as raised:
        source.open(f"{name}://host/base")
    assert str(raised.value) == (
        f"{name}://host/base: analyses do not run on {name}. Take its tables into files with "
        f"`portfoy pull {name}://host/base --out FOLDER`, and give that folder."
    )


def test_a_catalog_needs_a_schema(tmp_path):
    (tmp_path / "portfoy.toml").write_text('source = "sc://host"\ncatalog = "lake"\n')
    with pytest.raises(DataError, match=r"schema.*the schema of the catalog that the tables are in"):
        source.open(tmp_path)


# Real servers


def answers_are_those_of_files(address, folder):
    LOG.to_csv(folder / "transactions.csv", index=False)
    TICKETS.to_csv(folder / "tickets.csv", index=False)
    there, here = source.open(address), source.open(folder)
    assert there.facts == here.facts
    pd.testing.assert_frame_equal(there.quality, here.quality)
    for table in (customer_table, partial(year_table, as_of=AS_OF)):
        pd.testing.assert_frame_equal(table(there.transactions), table(here.transactions), check_dtype=False)
    pd.testing.assert_frame_equal(service_table(there.tickets), service_table(here.tickets), check_dtype=False)
    there.transactions.get_backend().disconnect()


def test_postgresql_answers_as_files_do(tmp_path):
    address = os.environ.get("PORTFOY_TEST_POSTGRES")
    if not address:
        pytest.skip("PORTFOY_TEST_POSTGRES names no PostgreSQL database")
    psycopg = pytest.importorskip("psycopg")
    with psycopg.connect(address, autocommit=True) as server:
        for name, table in {"transactions": LOG, "tickets": TICKETS}.items():
            types = {"ordered_on": "date", "opened_on": "date", "amount": "double precision"}
            columns = ", ".join(f"{column} {types.get(column, 'text')}" for column in table)
            server.execute(f"DROP TABLE IF EXISTS {name}")
            server.execute(f"CREATE TABLE {name} ({columns})")
            places = ", ".join(["%s"] * len(table.columns))
            server.cursor().executemany(f"INSERT INTO {name} VALUES ({places})", table.astype(object).values.tolist())
    answers_are_those_of_files(address, tmp_path)


def test_spark_answers_as_files_do(tmp_path, tmp_path_factory):
    if not os.environ.get("PORTFOY_TEST_SPARK"):
        pytest.skip("PORTFOY_TEST_SPARK is not set; starting a Spark takes half a minute")
    from pyspark.sql import SparkSession

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Spark's own, about pandas 3
        session = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
        for name, table in {"transactions": LOG, "tickets": TICKETS}.items():
            path = tmp_path_factory.mktemp("spark") / f"{name}.parquet"
            table.to_parquet(path, coerce_timestamps="us")
            session.read.parquet(str(path)).createOrReplaceTempView(name)
        answers_are_those_of_files("pyspark://", tmp_path)
