"""Order lines -> one row per customer as of a date.

An order is dated by its first sale line, and every day with at least one order is one purchase. Returns are
subtracted from the revenue of the order they name; a day with nothing but returns is no purchase.
"""

import uuid

import ibis
import pandas as pd

from portfoy.errors import DataError, has_columns, positive_total
from portfoy.locale import _
from portfoy.rows import with_ids
from portfoy.source.contract import check_columns
from portfoy.source.files import is_embedded
from portfoy.source.servers import has_room, held
from portfoy.sums import added, settled

DAY = pd.Timedelta(days=1)
MOST_KEPT = 3  # purchase days of a report's own day, of the day it looks back to, and of its last months
_kept = {}


def customer_table(log, *, as_of=None):
    """One row per customer who bought by a date: when, how often and for how much.

    Parameters
    ----------
    log : ibis Table or DataFrame, one row per order line
        Needs ``customer_id``, ``order_id``, ``ordered_on``, ``amount`` (money; negative is a return) or ``quantity``
        and ``unit_price``; ``unit_cost`` or ``product_cost``, and ``quantity``, give the margin; ``amount_paid`` is
        what was paid where ``amount`` is at constant prices.
    as_of : date or text, optional; the day it stands on, by default the last date in the log; later rows are not seen

    Returns
    -------
    DataFrame, one row per customer, in the order of ``customer_id``
        ``customer_id`` text; ``first_order``, ``last_order`` dates; ``orders`` distinct orders; ``purchases`` days
        with at least one order; ``repeats`` purchases - 1 (x); ``span`` days from the first to the last purchase
        (t_x); ``idle`` days since the last (the R of RFM); ``age`` days since the first (T), always span + idle;
        ``revenue`` money, net of returns; ``margin`` money, revenue less cost of goods, missing where no cost is
        known; ``ticket`` mean revenue per purchase; ``repeat_ticket`` the same without the first purchase, missing
        where there was only one; ``revenue_paid`` revenue as paid, where revenue is at constant prices. x, t_x and T:
        Fader, Hardie & Lee (2005), Marketing Science 24(2), section 3.

    DataError where a column is missing, or nobody bought by `as_of`.
    """
    log = as_table(log)
    as_of = resolve_as_of(log, as_of)
    days = purchases_by(log, as_of)
    totals = days.group_by("customer_id").agg(
        first_order=days.day.min(),
        last_order=days.day.max(),
        orders=days.orders.sum(where=days.day.notnull()),
        purchases=days.day.count(),
        revenue=added(days.revenue),
        margin=added(days.margin),
        first_revenue=days.revenue.argmin(days.day),
        revenue_paid=added(days.revenue_paid),
    )
    customers = to_frame(totals.filter(totals.purchases > 0).order_by("customer_id"))
    if customers.empty:
        raise nobody_bought(as_of)
    return _with_durations(customers, as_of)


def totals_table(totals, *, as_of):
    """The `customer_table` out of one row a customer, as of a day that none of them bought after.

    `totals` (ibis) needs ``customer_id``, ``first_order``, ``last_order``, ``orders`` and ``revenue``, and may have
    ``margin``. ``purchases`` are the orders, but no more than there are days from the first to the last;
    ``repeat_ticket`` is the ``ticket``, for what the first purchase brought is not told. DataError where no row is
    there.
    """
    rows = to_frame(totals.order_by("customer_id"))
    if rows.empty:
        raise DataError(_("totals: no row can be used. Run `portfoy check` to see why."))
    rows = rows.astype({"customer_id": "str", "first_order": "datetime64[us]", "last_order": "datetime64[us]"})
    purchases = rows["orders"].clip(upper=(rows["last_order"] - rows["first_order"]) // DAY + 1).astype("int64")
    margin = rows["margin"].astype(float) if "margin" in rows else float("nan")
    table = rows.assign(orders=rows["orders"].astype("int64"), purchases=purchases, margin=margin)
    table["revenue"] = settled(table["revenue"], table["revenue"])
    table = table.assign(first_revenue=table["revenue"] / purchases, revenue_paid=table["revenue"])
    return _with_durations(table, pd.Timestamp(as_of))


def split_table(log, *, split_on, as_of=None):
    """The customer table as of an earlier date, with what the same customers did afterwards beside it.

    The calibration period ends on `split_on`, the holdout period on `as_of`, by default the last date in the log. The
    columns are those of `customer_table` as of `split_on`, and ``holdout_days`` length of the holdout period,
    ``holdout_purchases`` days with an order in it, ``holdout_revenue`` money spent in it, net of returns. DataError
    where `split_on` is not before `as_of`, or nobody bought by then.
    """
    log = as_table(log)
    as_of, split_on = resolve_as_of(log, as_of), pd.Timestamp(split_on)
    if split_on >= as_of:
        text = _("forecast: split_on {split:%Y-%m-%d} is not before {as_of:%Y-%m-%d}. Take an earlier date.")
        raise DataError(text.format(split=split_on, as_of=as_of))
    customers = customer_table(log, as_of=split_on)
    days = purchase_days(log.filter((log.ordered_on > split_on.date()) & (log.ordered_on <= as_of.date())))
    later = days.group_by("customer_id").agg(holdout_purchases=days.day.count(), holdout_revenue=added(days.revenue))
    customers = customers.merge(to_frame(later), on="customer_id", how="left", validate="one_to_one")
    customers["holdout_days"] = (as_of - split_on).days
    done = ["holdout_purchases", "holdout_revenue"]
    return customers.assign(**customers[done].fillna(0)).astype({"holdout_purchases": "int64"})


def recent_table(customers, log, *, months=12, as_of=None):
    """The customers who bought within the last months, with what they bought then.

    Some rows of `customers`, a `customer_table` of the same log and day, on their own index; ``orders``, ``purchases``,
    ``revenue``, ``margin``, ``ticket`` and ``revenue_paid`` are those of the `months` that end on `as_of`; 0 looks at
    the whole history. DataError where nobody bought in that time.
    """
    if not months:
        return customers
    log = as_table(log)
    as_of = resolve_as_of(log, as_of)
    since = months_before(as_of, months)
    lately = customer_table(log.filter(log.ordered_on > since.date()), as_of=as_of).set_index("customer_id")
    ids = with_ids(customers, "recent_table")["customer_id"]
    place = lately.index.get_indexer(ids)  # `isin` takes ten times as long for text
    rows, there = customers[place >= 0], lately.iloc[place[place >= 0]]
    columns = ["orders", "purchases", "revenue", "margin", "ticket", "revenue_paid"]
    return rows.assign(**there[columns].set_index(rows.index))


def months_before(day, months):
    """The day so many months earlier; the last day of a month where `day` is one."""
    day = pd.Timestamp(day)
    if day == day + pd.offsets.MonthEnd(0):
        return day - pd.offsets.MonthEnd(months) if months else day
    return day - pd.DateOffset(months=months)


def split_date(customers):
    """The day that parts the history of a `customer_table` for a fair test: halfway, but at most a year to forecast."""
    oldest = customers.iloc[customers["age"].argmax()]
    as_of = oldest["first_order"] + oldest["age"] * DAY
    return max(oldest["first_order"] + oldest["age"] // 2 * DAY, as_of - 365 * DAY)


def margin_rate(customers):
    """Margin as a share of revenue, over the customers whose margin is known; 1 where none is, so value is revenue.

    DataError where the revenue of those customers is not above zero.
    """
    known = customers[customers["margin"].notna()]
    return float(known["margin"].sum() / positive_total(known["revenue"], "revenue")) if len(known) else 1.0


def purchase_days(log):
    """One row per customer and day with an order (ibis); returns that belong to no sale have a missing day.

    Those returns, one row per customer and day too, have their own date in ``returned_on``, missing elsewhere.

    Grouped by order first and by day next: either step uses all cores, which counting distinct values would not.
    """
    orders = orders_of(log)
    return orders.group_by(["customer_id", "day", "returned_on"]).agg(
        orders=orders.count(),
        **{name: added(orders[name]) for name in ("revenue", "margin", "revenue_paid")},
    )


def orders_of(log):
    """One row per order (ibis), on the ``day`` of its first sale; without a sale, ``returned_on`` the last return."""
    cost, paid = cost_of(log), log.amount_paid if "amount_paid" in log.columns else log.amount
    orders = log.group_by(customer_id=log.customer_id, order_id=order_key(log)).agg(
        day=log.ordered_on.min(where=log.amount >= 0),
        revenue=added(log.amount),
        margin=ibis.null("float64") if cost is None else added(log.amount - cost, log.amount),
        revenue_paid=added(paid),
        returned_on=log.ordered_on.max(),
    )
    return orders.mutate(returned_on=orders.day.isnull().ifelse(orders.returned_on, None))


def purchases_by(log, as_of):
    """The purchase days seen by a day (ibis), worked out once for all analyses of that day.

    A log in a DataFrame, and one on a server that holds nothing for us, may change between two questions, so it is
    asked each time. The latest `MOST_KEPT` answers are kept, each until another takes its place: use the rows at once.
    """
    days = purchase_days(log.filter(log.ordered_on <= as_of.date()))
    engine = days.get_backend()
    if not (is_embedded(engine) or has_room(engine)):
        return days
    question = days.op()
    answer = _kept.pop(question, None)
    if answer is None:
        name = f"purchases_{uuid.uuid4().hex}"
        answer = engine.create_table(name, days, temp=True) if is_embedded(engine) else held(days)
    _kept[question] = answer  # the last one asked for stands last
    if len(_kept) > MOST_KEPT:
        oldest = _kept.pop(next(iter(_kept)))
        if is_embedded(oldest.get_backend()):
            oldest.get_backend().raw_sql(f"DROP TABLE {oldest.get_name()}")  # Ibis 12 with sqlglot 30 loses the name
    return answer


def order_key(log):
    """What tells one order of a customer from another: its number, the day for lines without one (a column)."""
    return log.order_id.fill_null(log.ordered_on.cast("string"))


def as_table(log):
    """The log as an Ibis table with the columns that every analysis of it needs; a DataError where there is none."""
    if log is None:
        raise DataError(_("This needs orders, and the source has no table of transactions."))
    table = ibis.memtable(log) if isinstance(log, pd.DataFrame) else log
    check_columns("transactions", table.columns, list(table.columns))
    if "amount" not in table.columns:
        table = table.mutate(amount=table.quantity * table.unit_price)
    if isinstance(log, pd.DataFrame):
        table = table.mutate(
            customer_id=table.customer_id.cast("string"),
            order_id=table.order_id.cast("string"),
            ordered_on=table.ordered_on.cast("date"),
            amount=table.amount.cast("float64"),
        )
    return table


def engine(table, name, columns):
    """A table of the source as an Ibis table, checked to be there with these columns."""
    if table is None:
        text = _("{name}: there is no such table; it needs {columns}. Add it to the source.")
        raise DataError(text.format(name=name, columns=", ".join(columns)))
    table = ibis.memtable(table) if isinstance(table, pd.DataFrame) else table
    has_columns(table, columns, name, _("Map them in portfoy.toml."))
    return table


def resolve_as_of(log, as_of):
    """`as_of` as a Timestamp; the last date in the log where it is None or empty."""
    if as_of is None or as_of == "":
        as_of = log.ordered_on.max().to_pandas()
    if pd.isna(as_of):
        raise DataError(_("transactions: there are no rows. Check the file."))
    return pd.Timestamp(as_of).normalize()


def nobody_bought(as_of):
    """The error of a log without a purchase by `as_of`."""
    text = _("transactions: nobody bought by {as_of:%Y-%m-%d}. Take a later date, or check the sign of the amounts.")
    return DataError(text.format(as_of=as_of))


def to_frame(table):
    """An Ibis table as a DataFrame with datetime columns, not Python dates; of a DataFrame a copy."""
    if isinstance(table, pd.DataFrame):
        return table.copy()
    return table.to_pyarrow().to_pandas(date_as_object=False)


def cost_of(log):
    """What each line cost (ibis); None where the log has no cost."""
    cost = next((log[name] for name in ("unit_cost", "product_cost") if name in log.columns), None)
    if cost is None:
        return None
    quantity = log.quantity if "quantity" in log.columns else ibis.null("float64")
    return cost * quantity.fill_null(log.amount.sign())


def _with_durations(customers, as_of):
    first, last = customers["first_order"], customers["last_order"]
    repeats = customers["purchases"] - 1
    later = customers["revenue"] - customers["first_revenue"]
    later = settled(later, customers["first_revenue"])  # of what was brought back nothing is left
    table = customers.assign(
        repeats=repeats,
        span=(last - first) // DAY,
        idle=(as_of - last) // DAY,
        age=(as_of - first) // DAY,
        ticket=customers["revenue"] / customers["purchases"],
        repeat_ticket=(later / repeats).where(repeats > 0),
    )
    columns = ["customer_id", "first_order", "last_order", "orders", "purchases", "repeats", "span", "idle", "age"]
    return table[[*columns, "revenue", "margin", "ticket", "repeat_ticket", "revenue_paid"]]
