"""Opening an export: reading, checking and storing every line, against a bare read of the same columns.

python bench/opening.py [--lines 10000000] [--repeats 5] [--old FOLDER]

The lines are written once as CSV and once as Parquet. Each run is a process of its own; the ways take turns, and the
median of the processor times counts. `--old` adds another version of portfoy, given by the folder its package lies in.
Exit code 1 when the log that was opened is not the file's, or a target is missed at 10 M lines.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

JUDGED_FROM = 10_000_000  # lines
MOST = 2.0  # times a bare read
MOST_OF_OLD = 1.1  # times the other version
COLUMNS = {"customer_id": "VARCHAR", "order_id": "VARCHAR", "ordered_on": "DATE", "product_id": "VARCHAR"} | {
    "quantity": "BIGINT",
    "amount": "DOUBLE",
}


def make(folder, lines):
    """Orders of 1 to 7 lines over three years, as `csv/transactions.csv` and `parquet/transactions.parquet`."""
    import duckdb

    for kind in ("csv", "parquet"):
        (folder / kind).mkdir()
    engine = duckdb.connect()
    engine.execute("SET threads=1; SELECT setseed(0.4)")
    engine.execute(f"""CREATE TABLE t AS SELECT 'C' || lpad((n // 40)::VARCHAR, 7, '0') AS customer_id,
        'O' || lpad((n // 4)::VARCHAR, 8, '0') AS order_id,
        DATE '2023-01-01' + (n // 4 * 7919 % 1096)::INT AS ordered_on,
        'P' || lpad((n % 4 * 100 + hash(n) % 100)::VARCHAR, 4, '0') AS product_id,
        1 + (hash(n + 1) % 5)::INT AS quantity, round(5 + 300 * random() * random(), 2) AS amount
        FROM range({lines}) AS r(n)""")
    engine.execute(f"COPY t TO '{folder}/csv/transactions.csv' (HEADER)")
    engine.execute(f"COPY t TO '{folder}/parquet/transactions.parquet'")


def bare(path):
    """Rows and revenue by DuckDB alone, read into a table in the types of the log."""
    import duckdb

    engine = duckdb.connect()
    file = next(Path(path).iterdir())
    types = ", ".join(f"'{name}': '{kind}'" for name, kind in COLUMNS.items())
    source = f"read_csv('{file}', columns={{{types}}})" if file.suffix == ".csv" else f"'{file}'"
    began = time.process_time(), time.monotonic()
    engine.execute(f"CREATE TABLE t AS SELECT {', '.join(COLUMNS)} FROM {source}")
    return began, engine.execute("SELECT count(*), sum(amount) FROM t").fetchone()


def opened(path):
    """Rows and revenue of the checked log that portfoy opens, with its findings."""
    from portfoy.source import open as source

    began = time.process_time(), time.monotonic()
    tables = source.open(path)
    tables.findings()
    log = tables.transactions
    return began, (int(log.count().execute()), float(log.amount.sum().execute()))


def run(way, path):
    """Once: print processor and wall seconds, peak MiB, rows and revenue."""
    began, (rows, revenue) = (bare if way == "bare" else opened)(path)
    seconds = time.process_time() - began[0], time.monotonic() - began[1]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    print(json.dumps({"cpu": seconds[0], "wall": seconds[1], "peak": peak, "rows": rows, "revenue": round(revenue, 2)}))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--lines", type=int, default=10_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--old", help="folder of another version's package, to compare with")
    asked = parser.parse_args()
    here = str(Path(__file__).resolve().parent.parent / "lib")
    ways = {"bare": here, "portfoy": here} | ({"old": asked.old} if asked.old else {})
    missed = []
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder), asked.lines)
        for kind in ("csv", "parquet"):
            taken = {way: [] for way in ways}
            for _ in range(asked.repeats):
                for way, lib in ways.items():
                    code = f"import sys; sys.path[:0] = [{lib!r}, {str(Path(__file__).parent)!r}]; import opening; "
                    child = [sys.executable, "-c", code + f"opening.run({way!r}, {f'{folder}/{kind}'!r})"]
                    said = subprocess.run(child, check=True, capture_output=True, text=True).stdout
                    taken[way].append(json.loads(said.splitlines()[-1]))
            middle = {
                way: {key: statistics.median(each[key] for each in runs) for key in ("cpu", "wall", "peak")}
                for way, runs in taken.items()
            }
            for way, each in middle.items():
                ratio = each["cpu"] / middle["bare"]["cpu"]
                times = f"cpu {each['cpu']:6.2f} s  wall {each['wall']:6.2f} s  peak {each['peak']:5.0f} MiB"
                print(f"{kind:8} {way:8} {times}  {ratio:.2f} x bare", flush=True)
            found = {(each["rows"], each["revenue"]) for runs in taken.values() for each in runs}
            if len({rows for rows, _ in found}) > 1 or max(r for _, r in found) - min(r for _, r in found) > 0.05:
                missed.append(f"{kind}: the log is not the file's: {sorted(found)}")
            if middle["portfoy"]["cpu"] > MOST * middle["bare"]["cpu"]:
                missed.append(f"{kind}: more than {MOST} x a bare read")
            if asked.old and middle["portfoy"]["cpu"] > MOST_OF_OLD * middle["old"]["cpu"]:
                missed.append(f"{kind}: more than {MOST_OF_OLD} x the other version")
            if asked.old and middle["portfoy"]["peak"] > middle["old"]["peak"]:
                missed.append(f"{kind}: more memory than the other version")
    for line in missed:
        print("missed:", line)
    return int(bool(missed) and asked.lines >= JUDGED_FROM)


if __name__ == "__main__":
    sys.exit(main())
