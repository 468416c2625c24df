"""One firm on three engines: to open and check it, and the whole portfolio report, on DuckDB, PostgreSQL and Spark.

python bench/engines.py [--lines 2000000 10000000] [--engines duckdb postgres spark]

The servers are started as the tests start them, one after the other, and go when they are measured; where a program is
missing that engine is left out. Each engine is asked by a process of its own; processor time is that of this process
and of the server together. On PostgreSQL the customer table is then asked for three times of the log that is held
there and of one that is parsed again, in turns. Exit code 1 when, at 2 million lines or more, the held log does not
at least halve the processor time of a question.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from customers import make

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

import start_servers  # noqa: E402

ENGINES, JUDGED_FROM, LEAST_TIMES, REPEATS = ["duckdb", "postgres", "spark"], 2_000_000, 2.0, 3
MEMORY = {"postgres": "-c shared_buffers=1GB -c work_mem=128MB -c max_wal_size=8GB", "spark": "4g"}


@contextmanager
def started(engine, folder):
    """The address of the order lines in `folder` on that engine, and the number of the server's process, if any."""
    import pyarrow.parquet as pq

    if engine == "duckdb":
        yield str(folder), 0
    elif engine == "postgres":
        with start_servers.postgres(MEMORY[engine]) as address:
            base = f"{address}/postgres"
            start_servers.fill(base, {"transactions": pq.read_table(folder / "transactions.parquet")})
            start_servers.asked(base, "ANALYZE")
            server = start_servers.asked(base, "SELECT pg_read_file('postmaster.pid')")[0][0].split()[0]
            yield base, int(server)
    else:
        memory = {"spark.driver.memory": MEMORY[engine]}
        with tempfile.TemporaryDirectory() as place, start_servers.spark(Path(place), 2, **memory) as server:
            start_servers.load(server[0], folder)
            yield server


def worked(server):
    """Processor seconds so far, of this process and of the server with all of its own."""
    import psutil

    seconds = time.process_time()
    if server:
        top = psutil.Process(server)
        times = [process.cpu_times() for process in (top, *top.children(recursive=True))]
        seconds += sum(each.user + each.system for each in times)
        seconds += times[0].children_user + times[0].children_system  # of those that have ended
    return seconds


def timed(server, work):
    """What work gives, its seconds and its processor seconds."""
    start, begun = time.perf_counter(), worked(server)
    done = work()
    return done, time.perf_counter() - start, worked(server) - begun


def parsed_again(table):
    """The same table worked out of the rows as they stand, nothing of it held."""
    held = {each.cached_op_ref(): each.orig_op for each in table.get_backend()._cache_name_to_entry.values()}
    node = table.op()
    while found := {each: held[each] for each in node.find(tuple({type(one) for one in held})) if each in held}:
        node = node.replace(found)
    return node.to_expr()


def report(firm):
    """Every cell of the portfolio report."""
    import portfoy as pf
    from run_notebook import run_cell

    pf.open, names = lambda *_where, **_terms: firm, {}
    for cell in json.loads((ROOT / "notebooks" / "reports" / "portfolio.ipynb").read_text("utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            run_cell("".join(cell["source"]), names)


def one(engine, where, server):
    """Measure one engine in this process and print what was found as JSON."""
    import portfoy as pf
    from portfoy.customers import customer_table

    firm, *opened = timed(server, lambda: pf.open(where))
    _none, *reported = timed(server, lambda: report(firm))
    found = {"open": opened, "report": reported}
    if engine == "postgres":
        log = firm.tables.transactions
        logs, times = {"held": log, "again": parsed_again(log)}, {"held": [], "again": []}
        for turn, name in enumerate(["held", "again"] * REPEATS):
            asked = logs[name].filter(logs[name].amount < 1e12 + turn)  # another question each time, else it is known
            times[name].append(timed(server, lambda log=asked: customer_table(log, as_of=firm.as_of))[1:])
        found |= {name: [statistics.median(each) for each in zip(*took, strict=True)] for name, took in times.items()}
    print("\n" + json.dumps(found))


def measured(engine, folder):
    """What `one` prints, of a process of its own; None where the engine is not there."""
    try:
        with started(engine, folder) as (where, server):
            command = [sys.executable, __file__, "--one", engine, where, str(server)]
            done = subprocess.run(command, capture_output=True, text=True)
    except start_servers.Missing as error:
        return print(error)
    if done.returncode:
        return print(f"{engine}: {done.stderr.strip()[-1000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--lines", type=int, nargs="+", default=[2_000_000, 10_000_000])
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=ENGINES)
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        return one(given.one[0], given.one[1], int(given.one[2]))
    missed = False
    print("| order lines | engine | open, s | processor s | portfolio report, s | processor s |")
    print("|---|---|---:|---:|---:|---:|")
    for lines in given.lines:
        with tempfile.TemporaryDirectory() as folder:
            make(Path(folder) / "transactions.parquet", lines)
            for engine in given.engines:
                if (found := measured(engine, Path(folder))) is None:
                    continue
                row = " | ".join(f"{seconds:.1f}" for seconds in (*found["open"], *found["report"]))
                print(f"| {lines:,} | {engine} | {row} |", flush=True)
                if engine == "postgres":
                    times = found["again"][1] / found["held"][1]
                    said = "s of the customer table: held {:.1f} ({:.1f} processor), parsed again {:.1f} ({:.1f})"
                    print(said.format(*found["held"], *found["again"]), f"= {times:.1f} x (target: {LEAST_TIMES:g})")
                    missed |= lines >= JUDGED_FROM and times < LEAST_TIMES
    return missed


if __name__ == "__main__":
    sys.exit(main())
