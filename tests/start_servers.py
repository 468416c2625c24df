"""A PostgreSQL and a Spark of our own, started on the loopback in a folder of its own by an ordinary user."""

import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
from pyarrow import csv

KINDS = {"string": "text", "double": "double precision", "int32": "integer", "int64": "bigint"}
KINDS |= {"bool": "boolean", "date32[day]": "date"}


class Missing(Exception):
    """A server's programs are not there; says what to install."""


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def answers(port):
    with socket.socket() as found:
        return found.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def postgres(options=""):
    """The address of a PostgreSQL, without the name of a database."""
    programs = [*Path("/usr/lib/postgresql").glob("*/bin"), *Path("/opt/homebrew/opt").glob("postgresql*/bin")]
    found = shutil.which("initdb", path=os.pathsep.join([*map(str, reversed(programs)), os.environ["PATH"]]))
    if not found or not importlib.util.find_spec("psycopg"):
        raise Missing("PostgreSQL is not there: apt-get install postgresql, and pip install 'portfoy[postgres]'")
    place, port, own = Path(tempfile.mkdtemp(prefix="portfoy-")), free_port(), {}
    if os.geteuid() == 0:  # it refuses to be run by root
        who = pwd.getpwnam("nobody")
        os.chown(place, who.pw_uid, who.pw_gid)
        own = {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []}

    def run(program, *told, **given):
        return subprocess.run([Path(found).with_name(program), *told], cwd=place, capture_output=True, **own, **given)

    data = ["-D", place / "data"]
    given = [*data, "-U", "owner", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C.UTF-8"]
    english = ["--locale-provider=icu", "--icu-locale=en"]  # which sorts c before B; else as the C locale does
    if run("initdb", *given, *english).returncode:
        shutil.rmtree(place / "data", ignore_errors=True)
        run("initdb", *given, check=True)
    options = f"-c listen_addresses=127.0.0.1 -p {port} -c unix_socket_directories='' -c fsync=off {options}"
    run("pg_ctl", *data, "-l", place / "log", "-w", "-o", options, "start", check=True)
    try:
        yield f"postgresql://owner@127.0.0.1:{port}"
    finally:
        run("pg_ctl", *data, "-m", "immediate", "stop")
        shutil.rmtree(place, ignore_errors=True)


def asked(address, *questions):
    """What PostgreSQL answers to the last of some questions."""
    import psycopg

    with psycopg.connect(address, autocommit=True) as server:
        for question in questions:
            answer = server.execute(question)
        return answer.fetchall() if answer.description else None


def fill(address, tables, schema="public"):
    """Arrow tables, copied into PostgreSQL."""
    import psycopg

    with psycopg.connect(address, autocommit=True) as server:
        server.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        for name, table in tables.items():
            columns = ", ".join(f'"{field.name}" {KINDS[str(field.type)]}' for field in table.schema)
            server.execute(f"CREATE TABLE {schema}.{name} ({columns})")
            upturned = table.take(pa.array(range(len(table) - 1, -1, -1)))  # for a table has no order
            with server.cursor().copy(f"COPY {schema}.{name} FROM STDIN (FORMAT csv)") as lines:
                for batch in upturned.to_batches(max_chunksize=100_000):
                    text = pa.BufferOutputStream()
                    csv.write_csv(batch, text, csv.WriteOptions(include_header=False, quoting_style="all_valid"))
                    lines.write(text.getvalue().to_pybytes())


@contextmanager
def spark(place, cores=1, **settings):
    """The address of a Spark Connect server in the folder `place`, and the number of its process."""
    if not (shutil.which("java") and importlib.util.find_spec("pyspark") and importlib.util.find_spec("grpc")):
        raise Missing("Spark is not there: apt-get install default-jre-headless, and pip install 'portfoy[spark]'")
    import pyspark

    port = free_port()
    told = {
        **{"spark.ui.enabled": "false", "spark.log.level": "WARN", "spark.sql.warehouse.dir": place / "base"},
        "spark.sql.shuffle.partitions": cores,
        **dict.fromkeys(("spark.driver.host", "spark.driver.bindAddress"), "127.0.0.1"),
        **{"spark.connect.grpc.binding.address": "127.0.0.1", "spark.connect.grpc.binding.port": port},
        **settings,
    }
    home = Path(pyspark.__file__).parent
    command = [home / "bin" / "spark-submit", "--class", "org.apache.spark.sql.connect.service.SparkConnectServer"]
    command += ["--master", f"local[{cores}]", *(f"--conf={key}={value}" for key, value in told.items())]
    own = {"cwd": place, "env": {**os.environ, "SPARK_HOME": str(home)}, "stderr": subprocess.STDOUT}
    with (place / "log").open("wb") as log:
        server = subprocess.Popen([*command, "spark-internal"], stdout=log, **own)
    try:
        until = time.monotonic() + 120
        while not answers(port):
            if server.poll() is not None or time.monotonic() > until:
                raise RuntimeError((place / "log").read_text()[-2000:])
            time.sleep(0.5)
        yield f"sc://127.0.0.1:{port}", server.pid
    finally:
        server.terminate()
        server.wait(30)


def load(address, folder, database="default"):
    """The Parquet files of a folder as tables of Spark."""
    from pyspark.sql import SparkSession

    session = SparkSession.builder.remote(address).create()
    session.sql(f"CREATE DATABASE IF NOT EXISTS {database}").collect()
    for path in folder.glob("*.parquet"):
        session.read.parquet(str(path)).write.saveAsTable(f"{database}.{path.stem}")
    session.stop()
