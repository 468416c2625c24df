"""Pairs of products over order lines: portfoy's expression beside hand-written DuckDB SQL.

python bench/pairs.py [--lines 10000000] [--repeats 5] [--quick]

The SQL is the faster of those tried: lists of codes rather than a join of the lines with themselves, which took a
quarter more. Each run is a process of its own; the two ways take turns, every other time in reverse; the median of
their processor times counts, and the peak memory of ours. One basket in 20,000 holds 300 products. Exit code 1 when the
pairs differ, or a target is missed at 10 million lines or more.
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

WAYS, LEAST = ["portfoy", "sql"], 10
JUDGED_FROM = 10_000_000  # lines; below, fixed costs decide
MOST_TIME_OF_SQL, MOST_MEMORY = 1.1, 2.0  # GiB

SQL = """
with names as materialized (
  select product_id, (row_number() over (order by product_id))::integer as code
  from '{path}' where amount > 0 and product_id is not null group by product_id having count(*) >= {least}),
baskets as materialized (
  select list_distinct(list(code)) as codes
  from '{path}' left join names using (product_id) where amount > 0 and product_id is not null
  group by customer_id, order_id),
held as materialized (
  select code, count(*) as number from (select unnest(codes) as code from baskets) group by code),
several as (select codes, unnest(codes) as a from baskets where len(codes) > 1),
counted as (
  select a, b, count(*) as number from (select a, unnest(codes) as b from several) where a < b
  group by all having count(*) >= {least})
select x.product_id as product_a, y.product_id as product_b, counted.number as "both", own.number as of_a,
       other.number as of_b, (select count(*) from baskets) as baskets
from counted join held own on own.code = a join held other on other.code = b
join names x on x.code = a join names y on y.code = b
"""


def make(path, lines):
    """Write about `lines` order lines of 5,000 products; the numbers come from hashes, so a rerun makes the same."""
    import duckdb

    orders, share = round(lines / 3.35), "(hash({0}, {1}) / 18446744073709551616.0)".format
    size = f"case when hash(number, 6) % 20000 = 0 then 300 else 1 + floor(-2.85 * ln(1 - {share('number', 2)})) end"
    duckdb.connect().execute(f"""
        copy (
          with orders as (
            select number, floor({share("number", 1)} ** 1.5 * {lines // 10})::bigint as customer,
                   date '2023-07-01' + (number * 1096 // {orders})::integer as day,
                   unnest(range(({size})::bigint)) as part
            from range({orders}) as made(number)),
          lines as (select *, (number * 1000 + part)::bigint as line from orders)
          select 'C' || lpad(customer::text, 8, '0') as customer_id, 'S' || lpad(number::text, 9, '0') as order_id,
                 day as ordered_on, 'P' || lpad(floor(5000 * {share("line", 3)} ** 2.5)::text, 5, '0') as product_id,
                 case when hash(line, 7) % 50 = 0 then -1 else 1 end * round(5 + 195 * {share("line", 4)} ** 3, 2)
                 as amount
          from lines)
        to '{path}' (format parquet)""")
    made = duckdb.connect().execute(f"select count(*) from '{path}'").fetchone()
    print(json.dumps(made[0]))


def run(way, path, out):
    """Run one way once; print its processor seconds and peak memory in GiB, and leave the pairs in `out`."""
    import pandas as pd  # as the next, before the clock starts

    if way == "portfoy":
        import ibis.backends.duckdb

        from portfoy.deepening.pairs import pair_counts

        began = time.process_time()
        pairs = pair_counts(ibis.duckdb.connect().read_parquet(path), least=LEAST)
    else:
        import duckdb
        import pyarrow  # noqa: F401

        began = time.process_time()
        pairs = duckdb.connect().execute(SQL.format(path=path, least=LEAST)).to_arrow_table().to_pandas()
    taken = time.process_time() - began
    print(json.dumps([taken, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2]))
    if out:
        pairs = pd.DataFrame(pairs).sort_values(["product_a", "product_b"], ignore_index=True)
        pairs.to_parquet(Path(out, f"{way}.parquet"))


def compare(out):
    """Assert that both ways gave the same pairs, and print how many there are."""
    import pandas as pd

    ours, theirs = (pd.read_parquet(Path(out, f"{way}.parquet")) for way in WAYS)
    pd.testing.assert_frame_equal(ours, theirs)
    print(json.dumps(len(ours)))


def child(*arguments):
    """Run this file again with `arguments`; what it prints, read."""
    command = [sys.executable, __file__, "--child", *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(1)
    return json.loads(done.stdout)


def bench(lines, repeats):
    """Run and compare both ways at one size; True when the targets hold or are not judged."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "lines.parquet").as_posix()
        made, runs = child("make", path, lines), {way: [] for way in WAYS}
        for repeat in range(repeats):
            for way in WAYS if repeat % 2 == 0 else WAYS[::-1]:
                runs[way].append(child("run", way, path, folder if repeat == 0 else ""))
        ours, theirs = (statistics.median(taken for taken, _memory in runs[way]) for way in WAYS)
        pairs, ratio, memory = (
            child("compare", folder),
            ours / theirs,
            max(memory for _taken, memory in runs["portfoy"]),
        )
    held = ratio <= MOST_TIME_OF_SQL and memory <= MOST_MEMORY
    verdict = ("holds" if held else "MISSED") if made >= JUDGED_FROM else "not judged"
    print(
        f"{made:,} order lines, {pairs:,} pairs alike; processor seconds, median of {repeats}: portfoy {ours:.2f}, "
        f"SQL {theirs:.2f}; {ratio:.2f} of at most {MOST_TIME_OF_SQL}; {memory:.2f} of at most {MOST_MEMORY} GiB: "
        f"{verdict}"
    )
    return verdict != "MISSED"


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
