"""Which groups earn money: margin less what it costs to serve them."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from portfoy.customers import to_frame
from portfoy.errors import DataError, need_columns
from portfoy.firm import analysis
from portfoy.intervals import t_value
from portfoy.locale import _
from portfoy.metrics import engine
from portfoy.models.lists import check_limits
from portfoy.people import level_groups
from portfoy.rows import find_rows, with_ids
from portfoy.words import figure, shapes, style
from portfoy.words.codes import said_as
from portfoy.words.result import Finding, Result
from portfoy.words.table import show


@dataclass(frozen=True)
class Profitability(Result):
    """What each group of customers earns. ``table``, one row per group: the columns of `profitability_table`."""

    table: pd.DataFrame
    currency: str
    confidence: float

    @property
    def measure(self):
        """What the groups are told apart by: ``profit``, or the cost to serve where no margin is known."""
        return "cost_to_serve" if self.table["profit"].isna().all() else "profit"

    @property
    def served(self):
        return self.table["cost_to_serve"].notna().any()

    def finding(self):
        most = self.table.loc[self.table[self.measure].idxmax()]
        text = _("\u201c{group}\u201d bring the most margin: {profit:money}")
        if self.measure != "profit":
            text = _("\u201c{group}\u201d cost the most to serve: {cost_to_serve:money}")
        elif self.served:
            text = _("\u201c{group}\u201d earn the most after service: {profit:money}")
        return Finding(style.say(text, style.coded(most), currency=self.currency))

    def reading(self):
        if self.measure != "profit":
            return _("No margin is known, so no profit.")
        losing = int(self.table["losing"].sum())
        values = style.coded(self.table.loc[self.table["profit_each"].idxmax()])
        text = _("“{group}” bring most each: {profit_each:money} ({profit_each_interval:money}).")
        if losing:
            text += " " + _("Customers who cost more than they bring: {n:count} ({share:share}).")
        return style.say(
            text, values | {"n": losing, "share": losing / self.table["known"].sum()}, currency=self.currency
        )

    def plot(self, ax=None):
        rows, values = self.table, self.table[self.measure].fillna(0)
        write, each = partial(style.money, currency="", compact=True), _("{profit}; {profit_each} each")
        texts = [write(value) for value in rows[self.measure]]
        if self.measure == "profit":
            told = zip(texts, rows["profit_each"], strict=True)
            texts = [each.format(profit=text, profit_each=write(value)) for text, value in told]
        names = [style.shorten(said_as("group", name)) for name in rows["group"]]
        colours = [
            style.WARM if value < 0 else style.ACCENT if value == values.max() else style.MUTED for value in values
        ]
        ax = shapes.ranked_bars(names, values, texts, colours, ax)
        title = _("Profit by group") if self.served else _("Margin by group")
        if self.measure != "profit":
            title = _("Cost to serve by group")
        under = _("{currency}, so far; and for each customer").format(currency=self.currency or _("money"))
        told = "; ".join(f"{name}: {words}" for name, words in zip(names, texts, strict=True))
        return figure.name(ax, title, under, told)

    def summary(self):
        each = ["profit_each", "profit_each_low", "profit_each_high", "losing", "break_even"]
        columns = ["group", "revenue", "margin", "cost_to_serve", "profit", *each]
        return show(self.table[columns], _("By group"), currency=self.currency)

    def method(self):
        values = {"known": self.table["known"].sum(), "n": self.table["customers"].sum()}
        said = [_("Profit is margin less touches (service contacts) at their cost. Intervals ({level}): Student's t.")]
        if self.table["touches"].isna().all():
            said.append(_("Without tickets, no cost to serve is known."))
        elif not self.served:
            said.append(_("Without the cost of a touch, profit is margin."))
        if values["known"] < values["n"]:
            said.append(_("Margin known: {known:count} of {n:count} customers."))
        return style.say(" ".join(said), values | {"level": style.level(self.confidence)}, currency=self.currency)


@analysis(without=["value"])
def profitability(firm, scored, *, by="segment", touch_cost=0.0, value=None):
    """What each group earns: margin less what it costs to serve its customers.

    Parameters
    ----------
    firm : Firm; its tickets tell what service was asked for
    scored : Rfm, or DataFrame of customers with a column `by`, which makes the groups
    touch_cost : money that a touch costs; 0 leaves the cost to serve out
    value : LifetimeValue of the same customers, optional; adds what each group is expected to bring

    Returns
    -------
    Profitability; not possible where a column is missing, nobody is there, or neither a margin nor a cost is known
    """
    customers = scored if isinstance(scored, pd.DataFrame) else scored.table
    service = service_table(firm.tables.tickets, as_of=firm.as_of)
    terms = {"service": service, "touch_cost": touch_cost, "value": value, "confidence": firm.confidence}
    return Profitability(profitability_table(customers, by=by, **terms), firm.currency, firm.confidence)


def service_table(tickets, *, as_of):
    """What service each customer asked for, by a day: tickets, and the touches (contacts) they took.

    ``tickets``: ``customer_id``, ``opened_on``; ``touches`` where they are counted, a missing count is one; or None.

    Gives a DataFrame, one row per customer with a ticket: ``customer_id``; ``tickets``; ``touches``. None without such
    a table.
    """
    import ibis

    if tickets is None:
        return None
    table = engine(tickets, "tickets", ["customer_id", "opened_on"])
    table = table.filter(table.opened_on.cast("date") <= pd.Timestamp(as_of).date())
    counted = table.touches.fill_null(1) if "touches" in table.columns else ibis.literal(1)
    touches = counted.cast("float64")  # a bare 1.0 is no float in PostgreSQL
    table = table.select(customer_id=table.customer_id.cast("string"), touches=touches)
    table = table.filter(table.customer_id.notnull())
    served = table.group_by("customer_id").agg(tickets=table.count(), touches=table.touches.sum())
    return to_frame(served.order_by("customer_id"))


def profitability_table(customers, *, by="segment", service=None, touch_cost=0.0, value=None, confidence=0.95):
    """What each group earns, as `profitability`, one row per group as `level_groups` puts them.

    Margin, service (as from `service_table`), cost and profit are those of the customers whose margin is known, so that
    they belong together; where no margin is known at all, service and its cost are those of all customers.

    ``group``; ``customers``; ``known`` those whose margin is known; ``revenue`` money of all; ``margin`` money;
    ``tickets``, ``touches``, missing without `service`; ``cost_to_serve`` money, missing without `service` or
    `touch_cost`; ``profit`` money, margin less cost to serve; ``profit_each`` money per customer, with bounds
    (Student's t, customers seen as a sample); ``losing`` customers who cost more than they bring; ``break_even`` money
    a touch may cost before the group loses, missing where there is none; with `value` ``expected_value`` with bounds,
    money. DataError where a column is missing, nobody is there, no margin or cost is known, or `touch_cost` is below
    zero.
    """
    need_columns(customers, ["revenue", "margin", by], "profitability")
    check_limits(touch_cost=touch_cost)
    each = _each(customers, service, touch_cost)
    if each["margin"].isna().all() and each["cost_to_serve"].isna().all():
        text = _("profitability: neither margin nor cost to serve is known. Add unit_cost, or tickets and touch_cost.")
        raise DataError(text)
    groups, names = level_groups(customers, by)
    grouped = each.groupby(groups)
    table = grouped.sum(min_count=1)
    table.insert(0, "group", names)
    table["profit_each"], n = table["profit"] / table["known"].where(table["known"] > 0), table["known"].to_numpy()
    half = t_value(confidence, n - 1) * grouped["profit"].std() / np.sqrt(np.maximum(n, 1))  # none for a group of one
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
