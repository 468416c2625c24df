"""What every table of a firm counts by month: one reduction a table, in the engine, for all figures."""

import ibis
import pandas as pd

from portfoy.customers import purchases_by, to_frame
from portfoy.errors import DataError
from portfoy.metrics import at_once, deal_table, engine
from portfoy.standing import rule_of

YEAR = 365  # days after the first ones in which a first purchase may be that of an old customer, without a rule


def whole_months(firm, first):
    """The calendar months that lie in the data whole, from the one after the first day to the last one by the day."""
    first, day = pd.Timestamp(first), firm.as_of
    begin = first.to_period("M") + int(first.day > 1)
    end = day.to_period("M") - int(day != day + pd.offsets.MonthEnd(0))
    return pd.period_range(begin, end, freq="M")


def monthly(firm):
    """The counts and sums of each month: a dict of DataFrames by table, each on its whole months (a PeriodIndex).

    ``orders``: active customers who bought; new for the first time; again, who had bought before; purchases days with
    an order; revenue, its squares over customers, revenue_paid, margin; held, current when the month began, and lost,
    whose silence outgrew the lapsed limit in it. ``contracts``: running when it began, ended, begun; fees a month of
    those that ran. ``tickets``: closed, and once, settled at first contact. ``surveys``: answers, promoters,
    detractors; rated, satisfied (csat 4 or 5). ``leads``: won, closed (won or lost); days, the middle one of those won.
    ``spend``: cost. A table that is not there, or lacks what is needed, is left out.
    """
    made = {"orders": _orders, "contracts": _contracts, "tickets": _tickets, "surveys": _surveys, "leads": _leads}
    found = {}
    for name, way in {**made, "spend": _spend}.items():
        try:
            table = way(firm)
        except DataError:
            continue
        if table is not None and len(table):
            found[name] = table
    return found


def _by_month(table, day, firm, **sums):
    """Sums over the rows of an Ibis table by the month of its column `day`; 0 in a month without any."""
    table = table.filter(table[day].notnull()).mutate(month=table[day].truncate("M"))
    cells = to_frame(table.group_by("month").agg(first=table[day].min(), **sums))
    if cells.empty:
        return None
    first = cells.pop("first").min()
    return _on_months(cells, whole_months(firm, first))


def _orders(firm):
    days = purchases_by(firm.log, firm.as_of)
    first = pd.Timestamp(to_frame(days.aggregate(first=days.day.min()))["first"].iloc[0])
    if pd.isna(first):
        return None
    try:
        limit = rule_of(firm).lapsed_days
    except DataError:
        limit = 0
    each = days.mutate(at=days.day.fill_null(days.returned_on))
    each = each.mutate(month=each["at"].truncate("M"))
    own = each.group_by(["customer_id", "month"]).agg(
        bought=each.day.notnull().any(), purchases=each.day.count(), first=each.day.min(),
        revenue=each.revenue.sum(), revenue_paid=each.revenue_paid.sum(), margin=each.margin.sum(),
    )  # fmt: skip
    own = own.mutate(newly=own["first"] == own["first"].min().over(group_by=own.customer_id))
    cells = own.group_by("month").agg(
        active=own.bought.sum(), new=(own.newly & own.bought).sum(), purchases=own.purchases.sum(),
        revenue=own.revenue.sum(), squares=(own.revenue * own.revenue).sum(),
        revenue_paid=own.revenue_paid.sum(), margin=own.margin.sum(),
    )  # fmt: skip
    table = _on_months(to_frame(cells), whole_months(firm, first))
    table["margin"] = table["margin"] if table["margin"].any() else float("nan")
    settled = first + pd.Timedelta(days=limit or YEAR)
    early = table.index.start_time < settled
    table["again"] = table["active"] - table["new"]
    if limit:
        table = table.join(_silences(days, limit, table.index))
        table.loc[early, ["held", "lost"]] = float("nan")
    table.loc[early, ["new", "again"]] = float("nan")
    return table


def _silences(days, limit, months):
    """Customers whose silence outgrew the limit in each month, and those who were current when it began."""
    bought = days.filter(days.day.notnull()).select("customer_id", "day")
    ordered = ibis.window(group_by=bought.customer_id, order_by=bought.day)
    bought = bought.mutate(last=bought.day.lag().over(ordered), next=bought.day.lead().over(ordered))
    came = bought["last"].isnull() | (bought.day.delta(bought["last"], unit="day") > limit)
    left = bought["next"].isnull() | (bought["next"].delta(bought.day, unit="day") > limit)
    over = bought.day + ibis.interval(days=limit + 1)
    came = bought.filter(came).group_by(month=bought.day.truncate("M")).agg(came=ibis._.count())
    left = bought.filter(left).mutate(over=over.cast("date"))
    left = left.group_by(month=left["over"].truncate("M")).agg(lost=left.count())
    came, left = (_on_months(to_frame(each), None) for each in (came, left))
    every = came.index.union(left.index).union(months)
    came, lost = (each.iloc[:, 0].reindex(every, fill_value=0.0) for each in (came, left))
    held = (came - lost).cumsum().shift(fill_value=0.0)
    return pd.DataFrame({"held": held, "lost": lost}).reindex(months)


def _on_months(cells, months):
    """Cells with a ``month``, on a PeriodIndex: on these months, 0 where there is none."""
    cells = cells.set_index(pd.PeriodIndex(pd.to_datetime(cells["month"]), freq="M")).drop(columns="month")
    cells = cells.astype(float).sort_index()
    return cells if months is None else cells.reindex(months).fillna(0.0)


def _contracts(firm):
    table = engine(firm.tables.subscriptions, "subscriptions", ["started_on", "ended_on"])
    fee = table.monthly_fee.cast("float64") if "monthly_fee" in table.columns else ibis.literal(0.0)
    rows = to_frame(table.select("started_on", "ended_on", fee=fee)).dropna(subset="started_on")
    if rows.empty:
        return None
    began, ended = (pd.to_datetime(rows[name]).dt.to_period("M") for name in ("started_on", "ended_on"))
    every = pd.period_range(began.min(), firm.as_of.to_period("M"), freq="M")
    counts = {name: at.value_counts().reindex(every, fill_value=0) for name, at in (("begun", began), ("ended", ended))}
    fees = rows["fee"].groupby(began).sum().reindex(every, fill_value=0.0)
    fees -= rows["fee"].groupby(ended).sum().reindex(every, fill_value=0.0)
    found = pd.DataFrame({**counts, "fees": fees.cumsum()}).astype(float)
    found["running"] = (found["begun"] - found["ended"]).cumsum().shift(fill_value=0.0)
    return found.reindex(whole_months(firm, rows["started_on"].min()))


def _tickets(firm):
    table = at_once(engine(firm.tables.tickets, "tickets", ["closed_on", "touches"]), as_of=firm.as_of, reopen_days=30)
    table = table.filter(table.touches.notnull())
    return _by_month(table, "closed_on", firm, closed=ibis._.count(), once=ibis._.once.sum())


def _surveys(firm):
    table = engine(firm.tables.surveys, "surveys", ["customer_id", "answered_on"])
    sums = {}
    if "nps" in table.columns:
        given = ibis._.nps
        sums |= {"answers": given.count(), "promoters": (given >= 9).sum(), "detractors": (given <= 6).sum()}
    if "csat" in table.columns:
        sums |= {"rated": ibis._.csat.count(), "satisfied": (ibis._.csat >= 4).sum()}
    return _by_month(table, "answered_on", firm, **sums) if sums else None


def _leads(firm):
    table = engine(firm.tables.leads, "leads", ["created_on"])
    names = ["created_on", "contacted_on", "closed_on", "outcome", "customer_id"]
    deals = deal_table(to_frame(table.select([name for name in names if name in table.columns])), firm.as_of)
    deals = deals[deals["closed_on"].notna() & deals["outcome"].isin(["won", "lost"])]
    if deals.empty:
        return None
    month = deals["closed_on"].dt.to_period("M")
    won = deals[deals["outcome"] == "won"]
    found = pd.DataFrame({"closed": month.value_counts(), "won": month[won.index].value_counts()})
    months = whole_months(firm, deals["closed_on"].min())  # before it none could close: no month without a win
    found = found.reindex(months).fillna(0.0)
    return found.assign(days=won["days"].groupby(month[won.index]).median().reindex(months))


def _spend(firm):
    table = engine(firm.tables.spend, "spend", ["month", "cost"])
    return _by_month(table, "month", firm, cost=ibis._.cost.sum())
