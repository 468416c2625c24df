"""Cohorts in the engine: customers by the period of their first purchase, and what they did in each one since."""

import ibis
import pandas as pd

from portfoy.customers import as_table, nobody_bought, orders_of, resolve_as_of, to_frame

SHARES, MONEY = ["returning", "ever"], ["revenue", "margin"]
EVERY = {"month": 1, "quarter": 3}  # months of a period


def cohort_cells(log, *, as_of=None, kind="returning", every="month", levels=None):
    """One row per cohort (and level) and period since, those in which nobody bought too; worked out in the engine.

    ``cohort`` number of the period of the first purchase; ``level`` where `levels`, one row per customer with
    ``customer_id`` and ``level``, is given; ``later`` periods since; ``customers`` of the cohort; ``buyers`` in the
    period ("ever": in it or later). Of shares ``back``, who came back in it for the first time, and ``ended``, whose
    last it was; of money the ``total`` and the sum of ``squares`` per customer. Returns before the first
    purchase are in no row. DataError where nobody bought by `as_of`.
    """
    log = as_table(log)
    as_of = resolve_as_of(log, as_of)
    found, keys = to_frame(_cells(own_periods(log, as_of, kind, every), kind, levels)), ["level", "cohort"]
    keys = keys[levels is None :]
    found = found[found["later"] >= 0]
    if found.empty:
        raise nobody_bought(as_of)
    sizes = found.loc[found["later"] == 0, [*keys, "buyers"]].rename(columns={"buyers": "customers"})
    grid = sizes.loc[sizes.index.repeat(number_of(as_of, every) - sizes["cohort"] + 1)]
    grid = grid.assign(later=grid.groupby(keys).cumcount())
    cells = (
        grid.merge(found, on=[*keys, "later"], how="left").fillna(0).sort_values([*keys, "later"], ignore_index=True)
    )
    if kind == "ever":
        cells["buyers"] = cells[::-1].groupby(keys)["ended"].cumsum()
    return cells.astype({"buyers": "int64"})


def own_periods(log, as_of, kind, every):
    """One row per customer and period with a sale; of money also with returns alone, and what it brought (ibis)."""
    seen = log.filter(log.ordered_on <= as_of.date())
    if kind in SHARES:
        sales = seen.filter(seen.amount >= 0)
        return sales.group_by(customer_id=sales.customer_id, period=_period(sales.ordered_on, every)).agg()
    orders = orders_of(seen)
    period = _period(orders.day.fill_null(orders.returned_on), every)
    return orders.group_by(customer_id=orders.customer_id, period=period).agg(
        sold=orders.day.notnull().any(), money=orders[kind].sum()
    )


def _cells(own, kind, levels):
    """The rows of `cohort_cells` in which something was bought or returned (ibis).

    Of shares a customer's periods are collected and laid out again; of money a join is faster.
    """
    if kind in SHARES:
        each = own.group_by("customer_id").agg(
            cohort=own.period.min(), last=own.period.max(), parts=own.period.collect().sort()
        )
        each = each.mutate(second=each.parts[1])
    else:
        sold = own.filter(own.sold)
        each = sold.group_by("customer_id").agg(cohort=sold.period.min())
    if levels is not None:
        each = each.join(ibis.memtable(levels.astype("str")), "customer_id")
    rows = own.join(each, "customer_id") if kind in MONEY else each.mutate(period=each.parts.unnest())
    keys = {name: rows[name] for name in ("level", "cohort") if name in rows.columns}
    keys["later"] = rows.period - rows.cohort
    if kind in SHARES:
        sums = {"back": (rows.period == rows.second).sum(), "ended": (rows.period == rows["last"]).sum()}
        return rows.group_by(**keys).agg(buyers=rows.count(), **sums)
    squares = (rows.money * rows.money).sum()
    return rows.group_by(**keys).agg(buyers=rows.sold.sum(), total=rows.money.sum(), squares=squares)


def _period(day, every):
    """The number of a day's period (ibis)."""
    part, parts = (day.month(), 12) if every == "month" else (day.quarter(), 4)
    return (day.year() * parts + part - 1).cast("int32")


def number_of(day, every):
    """The same of a Timestamp."""
    return day.year * 12 + day.month - 1 if every == "month" else day.year * 4 + day.quarter - 1


def start_of(number, every):
    """The first day of a period."""
    parts = 12 // EVERY[every]
    return pd.Timestamp(int(number) // parts, int(number) % parts * EVERY[every] + 1, 1)
