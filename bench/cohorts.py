"""Cohorts of order lines: portfoy's expression beside hand-written DuckDB SQL, returning customers and revenue.

python bench/cohorts.py [--lines 10000000] [--repeats 5] [--quick]

Each run is a process of its own; the two ways take turns, every other time in reverse, and the median of their
processor times counts. Exit code 1 when the cells differ, or the target is missed at 10 million lines or more.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

KINDS, WAYS = ["returning", "revenue"], ["portfoy", "sql"]
JUDGED_FROM = 10_000_000  # lines; below, fixed costs decide
MOST_TIME_OF_SQL = 1.1

SQL = {
    "returning": """
with active as (
  select customer_id, year(ordered_on) * 12 + month(ordered_on) - 1 as month from '{path}' where amount >= 0
  group by all),
own as (
  select min(month) as cohort, max(month) as last, list_sort(list(month)) as months from active group by customer_id),
ages as (select cohort, last, months[2] as second, unnest(months) as month from own)
select cohort, month - cohort as later, count(*) as buyers, count(*) filter (month = second) as back,
       count(*) filter (month = last) as ended
from ages group by all
""",
    "revenue": """
with orders as (
  select customer_id, min(ordered_on) filter (amount >= 0) as day, max(ordered_on) as returned_on,
         sum(amount) as revenue
  from '{path}' group by customer_id, order_id),
active as (
  select customer_id, year(coalesce(day, returned_on)) * 12 + month(coalesce(day, returned_on)) - 1 as month,
         bool_or(day is not null) as sold, sum(revenue) as revenue
  from orders group by all),
first as (select customer_id, min(month) as cohort from active where sold group by all)
select cohort, month - cohort as later, count(*) filter (sold) as buyers, sum(revenue) as total,
       sum(revenue * revenue) as squares
from active join first using (customer_id) group by all
""",
}


def run(way, kind, path, out):
    """Run one way once; print its processor seconds and leave the cells in `out`."""
    import pandas as pd  # as the next, before the clock starts

    if way == "portfoy":
        import ibis.backends.duckdb

        from portfoy.retention.cells import cohort_cells

        began = time.process_time()
        cells = cohort_cells(ibis.duckdb.connect().read_parquet(path), kind=kind)
    else:
        import duckdb
        import pyarrow  # noqa: F401

        began = time.process_time()
        cells = duckdb.connect().execute(SQL[kind].format(path=path)).to_arrow_table().to_pandas()
    print(json.dumps(time.process_time() - began))
    if out:
        columns = (
            ["cohort", "later", "buyers", "back"] if kind == "returning" else ["cohort", "later", "buyers", "total"]
        )
        cells = cells.loc[cells["later"] >= 0, columns].astype(float)
        cells = cells[(cells[columns[2:]] != 0).any(axis=1)].sort_values(columns[:2])
        pd.DataFrame(cells).to_parquet(Path(out, f"{way}_{kind}.parquet"))


def compare(kind, out):
    """Assert that both ways gave the same cells, and print how many there are."""
    import pandas as pd

    ours, theirs = (pd.read_parquet(Path(out, f"{way}_{kind}.parquet")).reset_index(drop=True) for way in WAYS)
    pd.testing.assert_frame_equal(ours, theirs, rtol=1e-9, atol=1e-6)
    print(json.dumps(len(ours)))


def make(path, lines):
    """The order lines of bench/customers.py."""
    from customers import make

    make(path, lines)
    print("0")


def child(*arguments):
    """Run this file again with `arguments`; what it prints, read."""
    command = [sys.executable, __file__, "--child", *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(1)
    return json.loads(done.stdout)


def bench(lines, repeats):
    """Run and compare both ways at one size; True when the target holds or is not judged."""
    held = True
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "lines.parquet").as_posix()
        child("make", path, lines)
        for kind in KINDS:
            times = {way: [] for way in WAYS}
            for repeat in range(repeats):
                for way in WAYS if repeat % 2 == 0 else WAYS[::-1]:
                    times[way].append(child("run", way, kind, path, folder if repeat == 0 else ""))
            ours, theirs = (statistics.median(times[way]) for way in WAYS)
            cells, ratio = child("compare", kind, folder), ours / theirs
            verdict = ("holds" if ratio <= MOST_TIME_OF_SQL else "MISSED") if lines >= JUDGED_FROM else "not judged"
            print(
                f"{lines:,} order lines, {kind}, {cells} cells alike; processor seconds, median of {repeats}: "
                f"portfoy {ours:.2f}, SQL {theirs:.2f}; {ratio:.2f} of at most {MOST_TIME_OF_SQL}: {verdict}"
            )
            held &= verdict != "MISSED"
    return held


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--lines", type=int, nargs="+", default=[10_000_000])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="100,000 lines, once")
    options = parser.parse_args()
    sizes, repeats = ([100_000], 1) if options.quick else (options.lines, options.repeats)
    sys.exit(0 if all(bench(lines, repeats) for lines in sizes) else 1)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        {"make": lambda path, lines: make(path, int(lines)), "run": run, "compare": compare}[sys.argv[2]](*sys.argv[3:])
    else:
        main()
