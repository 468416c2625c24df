"""Which groups earn money: margin less what it costs to serve them."""

import numpy as np
import pandas as pd

from portfoy.customers import to_frame
from portfoy.errors import DataError, need_columns
from portfoy.intervals import t_value
from portfoy.locale import _
from portfoy.people import level_groups
from portfoy.rows import find_rows, with_ids


def service_table(tickets, *, as_of):
    """What service each customer asked for: tickets, and the touches (contacts) they took.

    Parameters
    ----------
    tickets : ibis Table or DataFrame, one row per ticket, or None
        ``customer_id``, ``opened_on``; ``touches`` where they are counted, a missing count is one.
    as_of : date or text
        Tickets opened later are not seen.

    Returns
    -------
    DataFrame, one row per customer with a ticket; None where there is no table of tickets
        ``customer_id``; ``tickets``; ``touches``.
    """
    import ibis

    if tickets is None:
        return None
    table = ibis.memtable(tickets) if isinstance(tickets, pd.DataFrame) else tickets
    table = table.filter(table.opened_on.cast("date") <= pd.Timestamp(as_of).date())
    touches = (
        table.touches.cast("float64").fill_null(1.0) if "touches" in table.columns else ibis.literal(1).cast("float64")
    )
    table = table.select(customer_id=table.customer_id.cast("string"), touches=touches)
    table = table.filter(table.customer_id.notnull())
    served = table.group_by("customer_id").agg(tickets=table.count(), touches=table.touches.sum())
    return to_frame(served.order_by("customer_id"))


def profitability_table(customers, *, by="segment", service=None, touch_cost=0.0, value=None, confidence=0.95):
    """What each group earns: margin less what it costs to serve its customers.

    Margin, service, cost and profit are those of the customers whose margin is known, so that they belong together;
    where no margin is known at all, service and its cost are those of all customers and the profit is missing.

    Parameters
    ----------
    customers : DataFrame, one row per customer
        Needs ``customer_id``, ``revenue``, ``margin`` and `by`.
    by : column that makes the groups, default "segment"
    service : DataFrame, optional
        As from `service_table`.
    touch_cost : float, default 0
        Money that a touch costs; with 0 the profit is the margin, and ``break_even`` says how much it may cost.
    value : LifetimeValue of the same customers, optional
        Adds what each group is expected to bring.
    confidence : of the profit per customer, default 0.95

    Returns
    -------
    DataFrame, one row per group as `level_groups` puts them
        ``group``; ``customers``; ``known`` those whose margin is known; ``revenue`` money of all;
        ``margin`` money; ``tickets``, ``touches``, missing without `service`; ``cost_to_serve`` money, missing
        without `service` or `touch_cost`; ``profit`` money, margin less cost to serve; ``profit_each`` money per
        customer, with ``profit_each_low`` and ``profit_each_high`` (Student's t, customers seen as a sample);
        ``losing`` customers who cost more than they bring; ``break_even`` money a touch may cost before the group
        loses, missing where there is none; with `value` ``expected_value`` and its bounds, money.

    Raises
    ------
    DataError : a column is missing, nobody is there, or neither a margin nor a cost to serve is known.
    ValueError : `touch_cost` is below zero.
    """
    need_columns(customers, ["revenue", "margin", by], "profitability")
    if not touch_cost >= 0:
        raise ValueError(_("profitability: touch_cost must be 0 or more, not {value}.").format(value=touch_cost))
    each = _each(customers, service, touch_cost)
    if each["margin"].isna().all() and each["cost_to_serve"].isna().all():
        raise DataError(
            _(
                "profitability: the margin of no customer is known and no cost to serve either; one of them is needed. "
                "Add unit_cost to transactions or products, or a table tickets and touch_cost."
            )
        )
    groups, names = level_groups(customers, by)
    grouped = each.groupby(groups)
    table = grouped.sum(min_count=1)
    table.insert(0, "group", names)
    table["profit_each"], n = table["profit"] / table["known"].where(table["known"] > 0), table["known"].to_numpy()
    half = _half(grouped["profit"].std(), n, confidence)
    table["profit_each_low"], table["profit_each_high"] = table["profit_each"] - half, table["profit_each"] + half
    table["break_even"] = (table["margin"] / table["touches"].where(table["touches"] > 0)).clip(lower=0)
    if value is not None:
        worth = ["expected_value", "expected_value_low", "expected_value_high"]
        table[worth] = value.of(customers).by(groups.rename("group")).set_index("group")[worth]
    return table.rename_axis(None).reset_index(drop=True)


def _each(customers, service, touch_cost):
    """What `profitability_table` adds up, one row per customer."""
    margin = customers["margin"].astype(float)
    counted = margin.notna() if margin.notna().any() else pd.Series(True, customers.index)
    served = pd.DataFrame(np.nan, customers.index, ["tickets", "touches"])
    if service is not None:
        place = find_rows(service, with_ids(customers, "profitability"), "profitability")
        served = service[["tickets", "touches"]].reset_index(drop=True).reindex(place)
        served = served.fillna(0).set_axis(customers.index).astype(float)
        served = served.where(counted)
    cost = served["touches"] * touch_cost if touch_cost else served["touches"] * np.nan
    profit = margin - cost.fillna(0)
    each = {"customers": 1, "known": margin.notna().astype(int), "revenue": customers["revenue"], "margin": margin}
    each |= {"tickets": served["tickets"], "touches": served["touches"], "cost_to_serve": cost, "profit": profit}
    return pd.DataFrame(each | {"losing": (profit < 0).astype(int)}, index=customers.index)


def _half(deviation, n, confidence):
    """Half the width of the interval of a mean; missing for a group of one."""
    return t_value(confidence, n - 1) * deviation / np.sqrt(np.maximum(n, 1))
