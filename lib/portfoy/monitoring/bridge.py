"""What made revenue as paid change from one year to the next: customers, frequency, quantity, prices or mix?

Revenue is a product of sums: customers x sum over types of customer of (their share x purchases of each x pieces of a
purchase x sum over products of (share of the pieces x price of a piece)). Which factor is changed first would decide
what each brings; so each gets its mean over all orders in which they may be changed one after another (Shapley). That
adds up to the whole change, whatever the order of the factors, the rows or the scale of the money.

Shapley (1953), Contributions to the Theory of Games II, 307-317; for a change of a product of factors: Ang, Liu & Chew
(2003), Energy Policy 31(14), 1561-1566.
"""

from dataclasses import dataclass
from itertools import product
from math import factorial

import ibis
import numpy as np
import pandas as pd

from portfoy.customers import DAY, months_before, order_key, orders_of, purchases_by, to_frame
from portfoy.errors import DataError
from portfoy.firm import analysis
from portfoy.locale import _
from portfoy.metrics import engine
from portfoy.monitoring.rates import SIDES, rates_of, running_on
from portfoy.people import NOT_KNOWN
from portfoy.words import figure, shapes, style
from portfoy.words.codes import said_as
from portfoy.words.result import Finding, Result
from portfoy.words.table import show

FACTORS = ["customers", "customer_mix", "frequency", "quantity", "ticket", "price", "product_mix", "returns"]
UNITS = {"customers": "count", "frequency": "number", "quantity": "number"}  # the others are money


@dataclass(frozen=True)
class Bridge(Result):
    """The change of revenue as paid, put down to what revenue is made of.

    ``table``, one row per factor, in the order in which a customer's money comes about: ``factor``, one of `FACTORS`;
    ``level_then`` of the twelve months a year ago and ``level_now`` of the last ones, in ``unit``, at the mix of both
    years, missing for a mix; ``effect`` money: what its change did. The effects add up to `change`. ``quantity`` is
    pieces a purchase; where pieces are not known, ``ticket`` is what a purchase holds, in money at constant prices
    where these are known. ``groups``, one row per type of customer and product, money as paid: ``type``,
    ``product_id``, and ``pieces_then``, ``pieces_now``, ``sales_then``, ``sales_now``. ``then``, ``now``: revenue of
    the two years, net of returns. ``real``: its relative change at constant prices, and ``level``: what the price level
    alone did to it, as paid; missing without an index.

    Of a firm without orders: the monthly fees of the contracts that run on the day and a year before; factors are
    ``contracts``, ``plan_mix``, ``price``. ``rates`` then has one row per plan (``group``), the last for all:
    ``running_then``, ``running_now`` a year before each day, ``churn_then``, ``churn_now`` share of them that had ended
    by it, and what that did to the churn of all, in points of per cent: ``points_all`` = ``points_within``, by its own
    churn, and ``points_mix``, by its share of the contracts. The last row has bounds of ``points_within``.
    """

    table: pd.DataFrame
    groups: pd.DataFrame
    then: float
    now: float
    months: int
    currency: str
    confidence: float = 0.95
    contracts: bool = False
    rates: pd.DataFrame | None = None
    real: float = np.nan
    level: float = np.nan

    @property
    def change(self):
        return self.now - self.then

    @property
    def most(self):
        """The row of the factor that did most in the way revenue went, of prices what the price level does not explain.

        That is the way at constant prices, where these are known.
        """
        known, table = np.isfinite(self.real), self.table
        if known:
            table = table.assign(effect=table["effect"] - self.level * (table["factor"] == "price"))
        way = np.sign(self.real if known else self.change)
        return table.loc[(way * table["effect"]).idxmax() if way else table["effect"].abs().idxmax()]

    def finding(self):
        if abs(self.change) <= 1e-9 * max(abs(self.now), abs(self.then)):  # what the order of adding up may leave
            return Finding(_("Revenue as paid is what it was a year before"), nothing=True)
        more, less = (
            {
                "contracts": _("More contracts brought {size:money} a month more in fees"),
                "plan_mix": _("Dearer plans brought {size:money} a month more in fees"),
                "customers": _("More customers brought {size:money} more revenue"),
                "customer_mix": _("Customers who spend more brought {size:money} more revenue"),
                "frequency": _("More purchases per customer brought {size:money} more revenue"),
                "quantity": _("More pieces per purchase brought {size:money} more revenue"),
                "ticket": _("Larger purchases brought {size:money} more revenue"),
                "price": _("Higher prices brought {size:money} more revenue"),
                "product_mix": _("Dearer products brought {size:money} more revenue"),
                "returns": _("Fewer returns brought {size:money} more revenue"),
            },
            {
                "contracts": _("Fewer contracts cost {size:money} of fees a month"),
                "plan_mix": _("Cheaper plans cost {size:money} of fees a month"),
                "customers": _("Fewer customers cost {size:money} of revenue"),
                "customer_mix": _("Customers who spend less cost {size:money} of revenue"),
                "frequency": _("Fewer purchases per customer cost {size:money} of revenue"),
                "quantity": _("Fewer pieces per purchase cost {size:money} of revenue"),
                "ticket": _("Smaller purchases cost {size:money} of revenue"),
                "price": _("Lower prices cost {size:money} of revenue"),
                "product_mix": _("Cheaper products cost {size:money} of revenue"),
                "returns": _("More returns cost {size:money} of revenue"),
            },
        )
        row = self.most
        text = (more if row["effect"] > 0 else less)[row["factor"]]
        if row["factor"] == "price" and np.isfinite(self.real):
            beyond = _("Prices that rose more than the index brought {size:money} more revenue")
            text = (
                beyond if row["effect"] > 0 else _("Prices that rose less than the index cost {size:money} of revenue")
            )
        return Finding(style.say(text, {"size": abs(row["effect"])}, currency=self.currency))

    def reading(self):
        values = {"then": self.then, "now": self.now, "months": self.months, "real": self.real, "level": self.level}
        text = _("Revenue as paid of {months:months} went from {then:money} a year ago to {now:money}.")
        if np.isfinite(self.real):
            text = _(
                "Revenue as paid of {months:months} went from {then:money} a year ago to {now:money}; at constant "
                "prices {real:change}, as {level:money} is the price level."
            )
        if self.contracts:
            text = _("Fees a month went from {then:money} a year ago to {now:money}.")
        if self.rates is not None:
            values |= dict(self.rates.iloc[-1])
            text += " " + _(
                "Churn of contracts went from {churn_then:share} to {churn_now:share}: {points_within:number} "
                "points within plans ({points_within_interval:number}), {points_mix:number} by their mix."
            )
        return style.say(text, values, currency=self.currency)

    def plot(self, ax=None):
        effects = self.table["effect"]
        colours = [style.ACCENT if effect > 0 else style.WARM for effect in effects]
        texts = [style.money(effect, self.currency, compact=True) for effect in effects]
        labels = [said_as("factor", factor) for factor in self.table["factor"]]
        ax = shapes.ranked_bars(labels, effects, texts, colours, ax)
        told = "; ".join(f"{label}: {text}" for label, text in zip(labels, texts, strict=True))
        under = _("{currency} as paid, {months:months} against a year before")
        if self.contracts:
            under = _("{currency} of monthly fees, now against a year before")
        under = style.say(under, {"currency": self.currency or _("money"), "months": self.months})
        return figure.name(ax, _("What made revenue change"), under, told)

    def summary(self):
        tables = [show(self.table, _("The factors, as paid"), currency=self.currency)]
        if self.rates is not None:
            tables.append(show(self.rates, _("Churn of contracts by plan")))
        return tables

    def method(self):
        text = _(
            "Revenue is customers, times purchases of each (days with an order), times what a purchase holds, "
            "times its prices. Each factor gets its mean effect over all orders of changing them (Shapley), so "
            "that the parts add up. Mix: other types of customer, other products; what was sold in one year "
            "only is mix; levels are at the mix of both years. All of it happened: there is no interval."
        )
        if self.contracts:
            text = _(
                "Fees a month are contracts, times the mix of their plans, times a plan's fees. Each gets its mean "
                "effect over all orders of changing them (Shapley), so that the parts add up."
            )
        if self.rates is not None:
            text += " " + _("Churn: both years' mean plans times the change of rates, and the other way round.")
        return style.say(text, {})


@analysis
def bridge(firm, *, months=12):
    """The change of revenue as paid from the same months a year before, put down to what revenue is made of.

    Parameters
    ----------
    firm : Firm
    months : length of both sides, default 12; they end on the firm's day and on the same day a year before

    Returns
    -------
    Bridge, without orders of the monthly fees of contracts; not possible where nobody bought on either side, or the
    data begin later than the earlier one
    """
    if firm.tables.transactions is None and firm.tables.subscriptions is not None:
        return _fees(firm, months)
    ends = months_before(firm.as_of, 12), firm.as_of
    spans = [(months_before(end, months), end) for end in ends]
    buyers, goods = _buyers(firm, spans), _goods(firm, spans)
    first = pd.Timestamp(firm.log.ordered_on.min().to_pandas())
    if first > spans[0][0] + DAY * 2.6 * months:
        text = _(
            "bridge: orders begin on {first:%Y-%m-%d}; {months} months to {end:%Y-%m-%d} are needed beside these. Take "
            "fewer months."
        )
        raise DataError(text.format(first=first, months=months, end=ends[0]))
    sold = goods.groupby("side")["sales"].sum().reindex(SIDES).fillna(0)
    if not (sold > 0).all():
        raise DataError(_("bridge: nothing was sold in one of the two periods. Take a later date."))
    real = level = np.nan
    if firm.prices:
        paid, net = (goods.groupby("side")[names].sum().sum(axis=1) for names in (["sales", "returned"], ["net"]))
        rates = paid / net
        real, level = net["now"] / net["then"] - 1, (rates["now"] - rates["then"]) * net.mean()
    return Bridge(*_parted(firm, buyers, goods), months, firm.currency, real=real, level=level)


def _side(day, spans):
    """In which of the spans a day lies, as one of `SIDES` (ibis)."""
    then, now = ((day > start.date()) & (day <= end.date()) for start, end in spans)
    return ibis.cases((now, SIDES[1]), (then, SIDES[0]))


def _buyers(firm, spans):
    """Customers and their purchases by side and type: ``side``, ``type``, ``customers``, ``purchases``."""
    days = purchases_by(firm.log, firm.as_of)
    bought = days.filter(days.day.notnull()).mutate(side=_side(days.day, spans)).filter(ibis._.side.notnull())
    each = bought.group_by(["side", "customer_id"]).agg(purchases=bought.count())
    each = _typed(firm, each)
    return to_frame(each.group_by(["side", "type"]).agg(customers=each.count(), purchases=each.purchases.sum()))


def _goods(firm, spans):
    """What was sold and returned by side, type and product.

    ``sales``, ``returned`` money as paid, ``constant`` sales and ``net`` both at constant prices, ``pieces``,
    missing where those of a line are not known.
    """
    log, orders = firm.log, orders_of(firm.log)
    orders = orders.select("customer_id", "order_id", side=_side(orders.day.fill_null(orders.returned_on), spans))
    lines = log.mutate(
        order_id=order_key(log),
        paid=log.amount_paid if "amount_paid" in log.columns else log.amount,
        product=log.product_id.fill_null("") if "product_id" in log.columns else ibis.literal(""),
        number=log.quantity.cast("float64") if "quantity" in log.columns else ibis.null("float64"),
    )
    lines = lines.join(orders.filter(orders.side.notnull()), ["customer_id", "order_id"])
    sold = lines.amount >= 0
    cells = lines.group_by(["side", "customer_id", "product"]).agg(
        sales=lines.paid.sum(where=sold).fill_null(0.0),
        constant=lines.amount.sum(where=sold).fill_null(0.0),
        net=lines.amount.sum().fill_null(0.0),
        returned=lines.paid.sum(where=~sold).fill_null(0.0),
        pieces=lines.number.sum(where=sold).fill_null(0.0),
        unknown=(sold & ~(lines.number > 0).fill_null(False)).sum(),
    )
    cells = _typed(firm, cells)
    names = ["sales", "constant", "net", "returned", "pieces", "unknown"]
    return to_frame(cells.group_by(["side", "type", "product"]).agg(**{name: cells[name].sum() for name in names}))


def _typed(firm, table):
    """The table with the ``type`` of each customer, where types are known; else all are of one."""
    if "type" not in firm.people:
        return table.mutate(type=ibis.literal(NOT_KNOWN))
    known = firm.people.dropna(subset=["customer_id", "type"])[["customer_id", "type"]].astype("str")
    found = table.left_join(ibis.memtable(known), "customer_id")
    return found.select(*table.columns, type=found.type.fill_null(NOT_KNOWN))


def _parted(firm, buyers, goods):
    """The tables of a `Bridge`, and revenue of both years."""
    pieces = goods["pieces"].gt(0).any() and not goods["unknown"].any()
    returned = goods.groupby("side")["returned"].sum().reindex(SIDES).fillna(0.0)
    if not pieces:  # what a purchase holds is measured in money, and there is one kind of it
        goods = goods.assign(product="", pieces=goods["constant"])
    index = ["type", "product"]
    cells = goods.pivot_table(index=index, columns="side", values=["pieces", "sales"], aggfunc="sum", fill_value=0.0)
    cells = cells.reindex(columns=pd.MultiIndex.from_product([["pieces", "sales"], SIDES]), fill_value=0.0)
    kinds = cells.index.get_level_values("type").unique()
    held = buyers.pivot_table(index="type", columns="side", values=["customers", "purchases"], aggfunc="sum")
    held = held.reindex(kinds, columns=pd.MultiIndex.from_product([["customers", "purchases"], SIDES])).fillna(0.0)
    levels = {side: _levels(cells, held, side) for side in SIDES}
    unused = set() if pieces else {"product_mix"}
    unused |= {"customer_mix"} if len(kinds) < 2 else set()
    place = kinds.get_indexer(cells.index.get_level_values("type"))
    effects, shown = _shapley(levels, place), _shown(levels, place)
    effects["returns"] = float(returned["now"] - returned["then"])
    names = {"quantity": "quantity" if pieces else "ticket"}
    for side in SIDES:
        shown[side]["returns"] = float(returned[side])
    rows = [
        {"factor": names.get(factor, factor), "unit": UNITS.get(names.get(factor, factor), "money")}
        | {f"level_{side}": shown[side].get(factor) for side in SIDES}
        | {"effect": effect}
        for factor, effect in effects.items()
        if factor not in unused and not (factor in ("returns", "price") and not effect)
    ]
    order = {factor: place for place, factor in enumerate(FACTORS)}
    table = pd.DataFrame(rows).sort_values("factor", key=lambda column: column.map(order), ignore_index=True)
    flat = cells.set_axis([f"{name}_{side}" for name, side in cells.columns], axis=1).reset_index()
    revenue = [float(cells["sales", side].sum() + returned[side]) for side in SIDES]
    return (
        table.astype({f"level_{side}": float for side in SIDES}),
        flat.rename(columns={"product": "product_id"}),
        *revenue,
    )


def _fees(firm, months):
    """The `Bridge` of contracts: fees a month of those that run on the day and a year before."""
    needed = ["started_on", "ended_on", "monthly_fee"]
    table = to_frame(engine(firm.tables.subscriptions, "subscriptions", needed))
    plan = table["plan"].astype("object").where(table["plan"].notna(), NOT_KNOWN) if "plan" in table else NOT_KNOWN
    table = table.assign(type=plan, sales=table["monthly_fee"].astype(float)).dropna(subset=["started_on", "sales"])
    days = dict(zip(SIDES, (months_before(firm.as_of, 12), firm.as_of), strict=True))
    sides = [running_on(table, day).assign(side=side, pieces=1.0, product="") for side, day in days.items()]
    running = pd.concat(sides, ignore_index=True).assign(returned=0.0, unknown=0)
    if running["side"].nunique() < 2 or not (running.groupby("side")["sales"].sum() > 0).all():
        raise DataError(_("bridge: no contract with a fee ran a year ago, or none runs now. Take another date."))
    buyers = running.groupby(["side", "type"], as_index=False).agg(customers=("pieces", "size"))
    found = _parted(firm, buyers.assign(purchases=buyers["customers"]), running.assign(constant=running["sales"]))
    parts = found[0][~found[0]["factor"].isin(["frequency", "quantity", "product_mix"])].reset_index(drop=True)
    parts = parts.replace({"factor": {"customers": "contracts", "customer_mix": "plan_mix"}})
    terms = {"contracts": True, "rates": rates_of(table, days, firm.confidence) if "plan" in table else None}
    return Bridge(parts, *found[1:], months, firm.currency, firm.confidence, **terms)


def _levels(cells, held, side):
    """The level of each factor on a side; what is not there on it takes the other side's, so that it counts as mix."""
    whole = {name: cells["pieces", name].groupby(level="type", sort=False).sum() for name in SIDES}

    def both(ratio):
        other = ratio(SIDES[1 - SIDES.index(side)])
        return np.nan_to_num(ratio(side).fillna(other).to_numpy(float))

    def shares(name):
        each = whole[name].replace(0, np.nan).reindex(cells.index.get_level_values("type")).to_numpy()
        return cells["pieces", name] / each

    number = float(held["customers", side].sum())
    return {
        "customers": number,
        "customer_mix": held["customers", side].to_numpy() / number,
        "frequency": both(lambda name: held["purchases", name] / held["customers", name].replace(0, np.nan)),
        "quantity": both(lambda name: whole[name] / held["purchases", name].replace(0, np.nan)),
        "price": both(lambda name: cells["sales", name] / cells["pieces", name].replace(0, np.nan)),
        "product_mix": both(shares),
    }


def _shapley(levels, place):
    """Factor -> what its change did to the sales: the mean over all orders of changing one factor after another.

    `levels` as from `_levels`, by side; `place` of each product's type among the types.
    """
    names, worth = list(levels["now"]), {}
    for taken in product((False, True), repeat=len(names)):
        at = {name: levels[SIDES[is_now]][name] for name, is_now in zip(names, taken, strict=True)}
        of_type = np.bincount(place, at["product_mix"] * at["price"], len(at["frequency"]))
        worth[taken] = at["customers"] * float((at["customer_mix"] * at["frequency"] * at["quantity"]) @ of_type)
    effects = dict.fromkeys(names, 0.0)
    for taken, value in worth.items():
        size = sum(taken)
        for number, name in enumerate(names):
            if taken[number]:
                without = (*taken[:number], False, *taken[number + 1 :])
                weight = factorial(size - 1) * factorial(len(names) - size) / factorial(len(names))
                effects[name] += weight * (value - worth[without])
    return effects


def _shown(levels, place):
    """Side -> factor -> its level for all together, at the mix of both years; none for a mix."""
    mean = {name: sum(levels[side][name] for side in SIDES) / 2 for name in levels["now"]}
    bought = mean["customer_mix"] * mean["frequency"]
    pieces = (bought * mean["quantity"])[place] * mean["product_mix"]
    return {
        side: {
            "customers": at["customers"],
            "frequency": mean["customer_mix"] @ at["frequency"],
            "quantity": bought @ at["quantity"] / bought.sum(),
            "price": pieces @ at["price"] / pieces.sum(),
        }
        for side, at in levels.items()
    }
