"""Retention: how long can we keep this customer?"""

import pandas as pd

from portfoy.customers import as_table, nobody_bought, resolve_as_of, to_frame


def cohort_table(log, *, as_of=None):
    """Cohorts by the month of the first purchase, and how many of each bought again in every later month.

    Gives one row per month with new customers in the `log`, indexed by its first day: ``customers`` in the cohort;
    columns 0, 1, 2, ...: how many of them bought in that month after the first (0 is the month itself; N-period
    retention). A month not begun is missing, not zero. ``running``: the cohort's last filled month is not over.
    DataError where a column is missing, or nobody bought by `as_of`, by default the last date in the log.
    """
    log = as_table(log)
    as_of = resolve_as_of(log, as_of)
    sales = log.filter((log.ordered_on <= as_of.date()) & (log.amount >= 0))
    active = sales.group_by(customer_id=sales.customer_id, month=_months(sales.ordered_on)).agg()
    first = active.group_by("customer_id").agg(cohort=active.month.min(), months=active.month.collect())
    ages = first.select("cohort", month=first.months.unnest())
    cells = to_frame(ages.group_by(["cohort", "month"]).agg(buyers=ages.count()))
    if cells.empty:
        raise nobody_bought(as_of)
    last = as_of.year * 12 + as_of.month - 1
    table = cells.assign(later=cells["month"] - cells["cohort"]).pivot(index="cohort", columns="later", values="buyers")
    table = table.reindex(columns=range(last - cells["cohort"].min() + 1))
    begun = table.columns.to_numpy()[None, :] <= last - table.index.to_numpy()[:, None]
    table = table.fillna(0).where(begun)
    table.insert(0, "customers", table[0].astype("int64"))
    table["running"] = as_of != as_of + pd.offsets.MonthEnd(0)
    table.index = pd.DatetimeIndex(
        [pd.Timestamp(number // 12, number % 12 + 1, 1) for number in table.index], name="cohort"
    )
    return table.rename_axis(columns=None)


def _months(day):
    return (day.year() * 12 + day.month() - 1).cast("int32")
