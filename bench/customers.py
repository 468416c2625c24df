"""From order lines to customers, scores and cohorts: portfoy beside hand-written SQL and plain pandas.

python bench/customers.py [--lines 1000000 10000000] [--repeats 5] [--quick]

Each way runs in a process of its own, so that peak memory is its own; the ways take turns, every other time in
reverse, and the fastest of the repeats counts; of the customer table alone the median of the processor times. Beyond
50 million lines pandas, which would need all memory, is left out. Exit code 1 when the results differ, or a target is
missed at 10 million lines or more.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WAYS = ["portfoy", "sql", "pandas"]
STEPS = ["open", "customers", "scores", "cohorts"]
JUDGED_FROM = 10_000_000  # lines; below, fixed costs decide
MOST_FOR_PANDAS = 50_000_000  # lines
MOST_TIME_OF_SQL = 1.5
MOST_TABLE_OF_SQL = 1.2  # processor time of the customer table alone
LEAST_SPEED_OVER_PANDAS = 2.0
MOST_MEMORY_OF_PANDAS = 0.5


# --- the order lines -----------------------------------------------------------------------------------------------


def make(path, lines):
    """Write about `lines` order lines of three years; the numbers come from hashes, so a rerun makes the same."""
    import duckdb

    orders, share = round(lines / 2.55), "(hash({0}, {1}) / 18446744073709551616.0)".format
    columns = """'C' || lpad(customer::text, 8, '0') as customer_id, 'S' || lpad(number::text, 9, '0') as order_id,
        {day} as ordered_on, {sign} * quantity as quantity, {sign} * quantity * price as amount,
        round(price * 0.6, 2) as unit_cost"""
    later = "least(day + 1 + (line % 35)::integer, date '2026-06-30')"
    duckdb.connect().execute(f"""
        copy (
          with orders as (
            select number, floor({share("number", 1)} ** 1.5 * {lines // 10})::bigint as customer,
                   date '2023-07-01' + (number * 1096 // {orders})::integer as day,
                   unnest(range((1 + hash(number, 2) % 4)::bigint)) as part
            from range({orders}) as made(number)),
          lines as (
            select *, (number * 4 + part)::bigint as line, 1 + (hash(line, 3) % 3)::integer as quantity,
                   round(5 + 195 * {share("line", 4)} ** 3, 2) as price
            from orders)
          select {columns.format(day="day", sign=1)} from lines
          union all
          select {columns.format(day=later, sign=-1)} from lines where {share("line", 5)} < 0.02
        ) to '{path}' (format parquet)""")


# --- the three ways ------------------------------------------------------------------------------------------------
# Each imports what it needs, then yields the name of a step when it is done, and at last its results.


def portfoy_way(path):
    import ibis.backends.duckdb

    from portfoy.customers import customer_table
    from portfoy.retention.cells import cohort_cells, start_of
    from portfoy.selection.rfm import rfm

    yield "imports"
    log = ibis.duckdb.connect().read_parquet(path)
    yield "open"
    customers = customer_table(log)
    yield "customers"
    scores = rfm(customers).table
    yield "scores"
    cohorts = cohort_cells(log).pivot(index="cohort", columns="later", values="buyers")
    cohorts.index = [start_of(number, "month") for number in cohorts.index]
    yield "cohorts"
    yield scores, cohorts


CUSTOMERS = """
create temp table customers as
with orders as (
  select customer_id, order_id, min(ordered_on) filter (amount >= 0) as day, sum(amount) as revenue,
         sum(amount - unit_cost * quantity) as margin
  from '{path}' group by all),
days as (  -- counting distinct days in the next grouping instead would use one core
  select customer_id, day, count(*) as orders, sum(revenue) as revenue, sum(margin) as margin
  from orders group by all),
totals as (
  select customer_id, min(day) as first_order, max(day) as last_order,
         sum(orders) filter (day is not null) as orders, count(day) as purchases, round(sum(revenue), 6) as revenue,
         round(sum(margin), 6) as margin, arg_min(revenue, day) as first_revenue
  from days group by all having count(day) > 0),
bounds as (select max(ordered_on) as as_of from '{path}')
select customer_id, first_order, last_order, orders::bigint as orders, purchases, purchases - 1 as repeats,
       last_order - first_order as span, as_of - last_order as idle, as_of - first_order as age, revenue, margin,
       revenue / purchases as ticket,
       case when purchases > 1 then round(revenue - first_revenue, 6) / (purchases - 1) end as repeat_ticket
from totals, bounds
"""
# Scores by distinct value and joined: faster than three windows over all customers.
SCORES = """
with size as (select count(*) as n from customers),
by_idle as (
  select idle, 1 + 5 * (sum(count(*)) over (order by idle desc) - count(*)) // any_value(n) as r
  from customers, size group by idle),
by_purchases as (
  select purchases, 1 + 5 * (sum(count(*)) over (order by purchases) - count(*)) // any_value(n) as f
  from customers, size group by purchases),
by_revenue as (
  select revenue, 1 + 5 * (sum(count(*)) over (order by revenue) - count(*)) // any_value(n) as m
  from customers, size group by revenue)
select customers.*, r::bigint as r, f::bigint as f, m::bigint as m
from customers join by_idle using (idle) join by_purchases using (purchases) join by_revenue using (revenue)
order by customer_id
"""
COHORTS = """
with active as (
  select customer_id, year(ordered_on) * 12 + month(ordered_on) - 1 as month from '{path}' where amount >= 0
  group by all),
months as (select min(month) as cohort, unnest(list(month)) as month from active group by customer_id)
select make_date(cohort // 12, cohort % 12 + 1, 1) as cohort, month - cohort as later, count(*) as buyers
from months group by all
"""


def sql_way(path):
    import duckdb
    import pandas  # noqa: F401 - as the next, before the clock starts
    import pyarrow  # noqa: F401

    yield "imports"
    connection = duckdb.connect()
    yield "open"
    connection.execute(CUSTOMERS.format(path=path))
    yield "customers"
    scores = connection.execute(SCORES).to_arrow_table().to_pandas(date_as_object=False)
    yield "scores"
    cells = connection.execute(COHORTS.format(path=path)).df()
    cohorts = cells.pivot(index="cohort", columns="later", values="buyers")
    yield "cohorts"
    yield scores, cohorts


def pandas_way(path):
    import pandas as pd
    import pyarrow.parquet  # noqa: F401 - before the clock starts

    yield "imports"
    log = pd.read_parquet(path, to_pandas_kwargs={"date_as_object": False})
    yield "open"
    customers = pandas_customers(log)
    yield "customers"
    scores = customers.assign(
        **{
            score: (1 + 5 * (value.rank(method="min") - 1) // len(value)).astype("int64")
            for score, value in {"r": -customers.idle, "f": customers.purchases, "m": customers.revenue}.items()
        }
    )
    yield "scores"
    sales = log.loc[log.amount >= 0, ["customer_id", "ordered_on"]]
    month = sales.ordered_on.dt.year * 12 + sales.ordered_on.dt.month - 1
    active = sales[["customer_id"]].assign(month=month).drop_duplicates()
    active["cohort"] = active.groupby("customer_id").month.transform("min")
    cells = active.assign(later=active.month - active.cohort).groupby(["cohort", "later"]).size().unstack()
    cells.index = pd.to_datetime([f"{number // 12}-{number % 12 + 1:02}-01" for number in cells.index])
    yield "cohorts"
    yield scores, cells


def pandas_customers(log):
    import pandas as pd

    as_of, day = log.ordered_on.max(), pd.Timedelta(days=1)
    lines = log.assign(margin=log.amount - log.unit_cost * log.quantity, day=log.ordered_on.where(log.amount >= 0))
    orders = lines.groupby(["customer_id", "order_id"], sort=False)
    orders = orders.agg(day=("day", "min"), revenue=("amount", "sum"), margin=("margin", "sum")).reset_index()
    days = orders.groupby(["customer_id", "day"], as_index=False)
    days = days.agg(orders=("order_id", "size"), revenue=("revenue", "sum"))
    customers = days.groupby("customer_id").agg(
        first_order=("day", "min"),
        last_order=("day", "max"),
        orders=("orders", "sum"),
        purchases=("day", "nunique"),
        first_revenue=("revenue", "first"),
    )
    customers = customers.join(orders.groupby("customer_id")[["revenue", "margin"]].sum().round(6))
    repeats = customers.purchases - 1
    later = (customers.revenue - customers.pop("first_revenue")).round(6)
    return customers.assign(
        repeats=repeats,
        span=(customers.last_order - customers.first_order) // day,
        idle=(as_of - customers.last_order) // day,
        age=(as_of - customers.first_order) // day,
        ticket=customers.revenue / customers.purchases,
        repeat_ticket=(later / repeats).where(repeats > 0),
    ).reset_index()


# --- one run, in a process of its own ------------------------------------------------------------------------------


def run(way, path, out):
    """Run one way once; print seconds a step, processor seconds and peak memory (MiB); leave the results in `out`."""
    import resource

    seconds, table, steps = {}, 0.0, globals()[f"{way}_way"](path)
    next(steps)  # the imports
    cpu = time.process_time()
    for step in STEPS:
        started, used = time.perf_counter(), time.process_time()
        assert next(steps) == step
        seconds[step] = time.perf_counter() - started
        table += time.process_time() - used if step == "customers" else 0
    cpu = time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    print(json.dumps({"seconds": seconds, "cpu": cpu, "table": table, "peak": peak}))
    if out:
        customers, cohorts = next(steps)
        customers.to_parquet(Path(out, f"{way}_customers.parquet"))
        cohorts.rename(columns=str).to_parquet(Path(out, f"{way}_cohorts.parquet"))


def compare(out, ways):
    """Assert that all `ways`, apart by commas, gave the same customers, scores and cohort cells."""
    import pandas as pd

    def read(way, what):
        return pd.read_parquet(Path(out, f"{way}_{what}.parquet"))

    columns = [*read("sql", "customers").columns]
    ours, cells = read("portfoy", "customers")[columns], read("portfoy", "cohorts").fillna(0)
    for way in ways.split(",")[1:]:
        theirs = read(way, "customers")[columns].astype(ours.dtypes)
        pd.testing.assert_frame_equal(theirs, ours, rtol=1e-9, atol=1e-6, obj=f"customers of {way}")
        theirs = read(way, "cohorts").reindex(columns=cells.columns).fillna(0).astype("float64")
        pd.testing.assert_frame_equal(
            theirs, cells, check_names=False, check_freq=False, check_index_type=False, obj=f"cohorts of {way}"
        )
    print(json.dumps({"customers": len(ours), "cells": int((cells > 0).sum().sum())}))


def child(*arguments):
    """Run this file again with `arguments`; what it prints, read."""
    # A child's peak memory starts from its parent's, so the parent imports nothing heavy.
    command = [sys.executable, __file__, "--child", *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(1)
    return json.loads(done.stdout) if done.stdout else None


# --- the table -----------------------------------------------------------------------------------------------------


def bench(lines, repeats):
    """Run and compare all ways at one size; True when the targets hold or are not judged."""
    ways = WAYS if lines <= MOST_FOR_PANDAS else WAYS[:2]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "lines.parquet").as_posix()
        child("make", path, lines)
        runs = {way: [] for way in ways}
        for repeat in range(repeats):
            for way in ways if repeat % 2 == 0 else ways[::-1]:
                runs[way].append(child("run", way, path, folder if repeat == 0 else ""))
        same = child("compare", folder, ",".join(ways))
    best = {way: min(runs[way], key=lambda one: sum(one["seconds"].values())) for way in ways}
    wall = {way: sum(best[way]["seconds"].values()) for way in ways}
    cpu = {way: min(one["cpu"] for one in runs[way]) for way in ways}
    table = {way: statistics.median(one["table"] for one in runs[way]) for way in ways}
    peak = {way: min(one["peak"] for one in runs[way]) for way in ways}

    print(f"\n{lines:,} order lines, {same['customers']:,} customers; fastest of {repeats}; imports excluded")
    print(f"{'':10}" + "".join(f"{step:>11}" for step in [*STEPS, "all s", "x ours", "cpu s", "peak MiB", "x ours"]))
    for way in ways:
        cells = [*(best[way]["seconds"][step] for step in STEPS), wall[way], wall[way] / wall["portfoy"], cpu[way]]
        memory = f"{peak[way]:>11.0f}{peak[way] / peak['portfoy']:>11.2f}"
        print(f"{way:10}" + "".join(f"{cell:>11.2f}" for cell in cells) + memory)
    print(f"all agree: every column of every customer, r, f, m, and {same['cells']} cohort cells")
    targets = {
        f"time at most {MOST_TIME_OF_SQL} x SQL's": (wall["portfoy"] / wall["sql"], MOST_TIME_OF_SQL),
        f"customer table at most {MOST_TABLE_OF_SQL} x SQL's": (table["portfoy"] / table["sql"], MOST_TABLE_OF_SQL),
    }
    if "pandas" in ways:
        faster, less = wall["portfoy"] / wall["pandas"], peak["portfoy"] / peak["pandas"]
        targets |= {
            f"time at most 1/{LEAST_SPEED_OVER_PANDAS:.0f} of pandas'": (faster, 1 / LEAST_SPEED_OVER_PANDAS),
            f"memory at most {MOST_MEMORY_OF_PANDAS} x pandas'": (less, MOST_MEMORY_OF_PANDAS),
        }
    judged = lines >= JUDGED_FROM
    for target, (found, most) in targets.items():
        verdict = ("holds" if found <= most else "MISSED") if judged else f"judged from {JUDGED_FROM:,} lines"
        print(f"{target}: {found:.2f}, {verdict}")
    return not judged or all(found <= most for found, most in targets.values())


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--lines", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="100,000 lines, once")
    options = parser.parse_args()
    sizes, repeats = ([100_000], 1) if options.quick else (options.lines, options.repeats)
    held = [bench(lines, repeats) for lines in sizes]
    sys.exit(0 if all(held) else 1)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        {"make": lambda path, lines: make(path, int(lines)), "run": run, "compare": compare}[sys.argv[2]](*sys.argv[3:])
    else:
        main()
