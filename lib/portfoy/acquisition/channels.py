"""What does a customer cost, by channel, and when is that paid back?"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from portfoy.acquisition.kept import AgainstKept, against_kept
from portfoy.acquisition.payback import FEWEST, Cohorts, cohorts, payback
from portfoy.acquisition.referrers import Referrers, referrers
from portfoy.acquisition.won import ALL, ALONE, LEADS, OWN, SALES, Won, month_day, won
from portfoy.errors import DataError
from portfoy.firm import analysis
from portfoy.intervals import bounded, on_logs, t_value, wilson, z_value
from portfoy.locale import _
from portfoy.source.prices import AS_PAID, Prices
from portfoy.words import figure, shapes, style
from portfoy.words.codes import said_as
from portfoy.words.result import Finding, Result
from portfoy.words.table import show


@dataclass(frozen=True)
class Channels(Result):
    """What customers cost and bring, by the channel they came through.

    ``table``, one row per channel: ``source`` "leads"; "direct" customers no lead explains, by their own channel;
    "spend only" money that won nobody of its own; "all" all money over all customers won. ``channel``; ``money_kind``
    of most of its money. Of the months whose leads have had their time: ``leads``; ``customers`` won; ``spend`` without
    sales and ``sales_spend`` at the firm's prices, ``spend_paid`` both as paid; ``cac`` spend / customers, ``full_cac``
    with sales, bounds by chance in who is won. ``win_rate`` of ripe leads, 0-1, with bounds. ``payback``: in which
    month, that of the lead being 1, the discounted margin of a won customer has met the cost, with bounds; missing
    beyond the months ``followed``. Of those long enough won: ``year_margin`` in the first 365 days, share that
    ``stayed``: bought 304 to 426 days after, with bounds. ``clv`` margin so far and expected, ``clv_ratio`` to the
    cost.
    ``kinds``, one row per ``money_kind``: ``spend``, ``spend_paid``, ``share`` of all.
    ``cohorts``, ``referrers``, ``against_kept``: results of their own; ``found`` the `Won` they rest on.
    """

    table: pd.DataFrame
    kinds: pd.DataFrame
    cohorts: Cohorts
    referrers: Referrers
    against_kept: AgainstKept
    found: Won
    cost: str  # column of the cost that is to be paid back
    discount_rate: float
    currency: str
    confidence: float
    prices: Prices = AS_PAID

    @property
    def own(self):
        """The channels that won customers and have a cost."""
        return self.table[self.table["source"].isin([LEADS, OWN]) & self.table[self.cost].notna()]

    @property
    def compared(self):
        """Those that compare, the dearest first: with leads, else without; of enough customers."""
        known = self.own[self.own["customers"] >= FEWEST].sort_values(self.cost, ascending=False)
        return known[known["source"] == (LEADS if LEADS in set(known["source"]) else OWN)]

    def _say(self, text, row, **more):
        cost = {f"cost{end}": row[f"{self.cost}{end}"] for end in ("", "_low", "_high")}
        values = {**row, **cost, **more, "channel": style.shorten(row["channel"])}
        return style.say(text, values, currency=self.currency)

    def finding(self):
        some = self.compared
        if some.empty:
            return Finding(_("No channel has spend and enough customers to compare"), nothing=True)
        lost = some[some["payback_low"].isna() & (some["followed"] >= 12)]
        if len(lost):
            text = _("Customers won by {channel} have not paid back within {followed:count} months")
            return Finding(self._say(text, lost.iloc[0]))
        dear, cheap, pairs = some.iloc[0], some.iloc[-1], len(some) * (len(some) - 1) / 2
        if len(some) == 1:
            return Finding(self._say(_("A customer won by {channel} costs {cost:money}"), dear))
        times = dear[self.cost] / cheap[self.cost]
        error = np.hypot(*(np.log(row[f"{self.cost}_high"] / row[self.cost]) for row in (dear, cheap)))
        sure = 1 - (1 - self.confidence) / pairs  # the two are picked out of all pairs
        if on_logs(times, error / z_value(self.confidence), sure)[0] <= 1:
            return Finding(_("No channel is clearly cheaper than another"), nothing=True)
        text = _("A customer won by {channel} costs {times:number} times one by {other}")
        return Finding(self._say(text, dear, times=times, other=style.shorten(cheap["channel"])))

    def reading(self):
        said = []
        for _place, row in self.compared.iloc[[0, -1][: len(self.compared)]].iterrows():
            text = _(
                "By {channel} one costs {cost:money} ({cost_interval:money}), paid back in month {payback:count} "
                "({payback_interval:count})."
            )
            if style.is_missing(row["followed"]):
                text = _("By {channel} one costs {cost:money} ({cost_interval:money}).")
            elif style.is_missing(row["payback_high"]):
                text = _(
                    "By {channel} one costs {cost:money} ({cost_interval:money}), not surely paid back in "
                    "{followed:count} months."
                )
            said.append(self._say(text, row))
        return style.Reading(" ".join(said))

    def plot(self, ax=None):
        rows = self.own.rename(columns={f"{self.cost}{end}": end[1:] or "value" for end in ("", "_low", "_high")})
        if rows.empty:
            return None
        rows = rows.assign(name=rows["channel"], strong=rows["payback_high"] <= 12, group=rows["source"])
        rows["heading"] = [said_as("source", source) for source in rows["source"]]
        known = bool(rows["year_margin"].notna().all())
        told = [_("cost of a won customer"), _("their margin of the first year")] * known
        rows = rows.assign(beside=rows["year_margin"]) if known else rows
        ax = shapes.dots(rows, ax, at=0.0, write=style.writer("money"), told=told)
        ax.xaxis.set_major_formatter(lambda value, _position: style.money(value, "", compact=True))
        under = _("{currency} each; coloured: surely paid back within a year; lines: {level} interval")
        under = under.format(currency=self.currency, level=style.level(self.confidence))
        text = _("{name}: {value:money}, margin {year_margin:money}")
        numbers = "; ".join(style.say(text, row, currency=self.currency) for _place, row in rows.iterrows())
        return figure.name(ax, _("What a won customer costs"), under, numbers)

    def summary(self):
        split = self.table.columns.get_loc("payback")
        brought = self.table.loc[self.table["source"] != ALONE, ["source", "channel", *self.table.columns[split:]]]
        return [
            show(self.table.iloc[:, :split], _("What channels cost and won"), currency=self.currency),
            show(brought, _("What they brought"), currency=self.currency),
            show(self.kinds, _("Money by kind"), currency=self.currency),
        ]

    def method(self):
        text = _(
            "Leads and money of {first:month} to {last:month}, whose leads have had {waiting:days}. Cost: spend "
            "over customers won; payback: until the margin of a month's leads ({rate:share} a year less for "
            "later money) has met it. Intervals ({level}): chance in who is won and, by bootstrap, in what they "
            "bring. Lifetime value grows with the horizon: read payback first. Set aside or put right: "
            "{unused:count} rows of spend, {renamed:count} spellings of channels, {unnamed:count} won leads "
            "without a customer, {earlier:count} of customers before, {gaps:count} months without spend, "
            "{unpaid:count} channels without; spread over nobody: {alone:count}."
        )
        values = {"first": month_day(self.found.first), "last": month_day(self.found.last), "rate": self.discount_rate}
        values |= {"unpaid": self.table["source"].isin([LEADS, OWN]).sum() - len(self.own)}
        values |= {"alone": (self.table["source"] == ALONE).sum(), "level": style.level(self.confidence)}
        if not self.found.notes["costed"]:
            text += " " + _("Margin is revenue, as no cost of goods is known.")
        return style.say(text, values | self.found.notes) + f" {self.prices.said()}"


@analysis(without=["value"])
def channels(firm, *, value=None, sales_cost=True, discount_rate=0.1, months=0, touch_cost=0.0):
    """What a customer costs by channel, what they bring, and when the one has met the other.

    Parameters
    ----------
    firm : Firm
    value : LifetimeValue of the same firm, optional
    sales_cost : whether spend of the kind "sales" counts in the cost that is to be paid back
    discount_rate : per year, default 0.1; 0 or more
    months : so many of the latest months whose leads have had their time; 0 is all
    touch_cost : money a contact of service costs, for what keeping a customer costs; 0: not known

    Returns
    -------
    Channels; not possible without spend, without channels, where nobody was won or no month is old enough
    """
    for name, given in {"discount_rate": discount_rate, "months": months, "touch_cost": touch_cost}.items():
        if not given >= 0:
            raise DataError(_("channels: {name} is {value:g}; it must be 0 or more.").format(name=name, value=given))
    found = won(firm, months)
    sales_cost = bool(sales_cost and (found.spend["kind"] == SALES).any())
    table = _table(found, value, sales_cost, discount_rate, firm.confidence)
    about = "full_cac" if sales_cost else "cac", discount_rate, firm.currency, firm.confidence, firm.prices
    paid = table[table["source"].isin([LEADS, OWN]) & table[about[0]].notna()]
    names = paid.sort_values(["source", "spend"], ascending=False)["channel"].tolist()  # "leads" come first
    terms = {"sales_cost": sales_cost, "discount_rate": discount_rate, "currency": firm.currency}
    rooms = (
        cohorts(found, names if len(found.cells) else [], **terms),
        referrers(firm, found),
        against_kept(firm, found, touch_cost),
    )
    spend = found.within(found.spend).groupby("kind").agg(spend=("money", "sum"), spend_paid=("cost", "sum"))
    kinds = spend.assign(share=spend["spend"] / spend["spend"].sum()).sort_values("spend", ascending=False)
    return Channels(table, kinds.reset_index(names="money_kind"), *rooms, found, *about)


def _table(found, value, sales_cost, discount_rate, confidence):
    """The table of `Channels`."""
    own = found.table[["channel", "customer_id", "came", "year_margin", "stayed"]].assign(worth=np.nan)
    if value is not None:
        ahead = value.table.set_index("customer_id")["expected_value"]
        own["worth"] = found.table["margin"] + own["customer_id"].map(ahead).fillna(0.0)
    source = {}
    for table, kind in ((found.within(found.spend), ALONE), (own, OWN), (found.leads, LEADS)):
        source |= dict.fromkeys(table["channel"].unique(), kind)
    rows = []
    for name, kind in (source | {"": ALL}).items():
        mine, leads, spend = (
            each[each["channel"] == name] if name else each for each in (own, found.leads, found.spend)
        )
        won_of = found.within(mine)
        row, error = _cost(found, name, kind, len(won_of), leads, found.within(spend), confidence)
        cost = row["full_cac" if sales_cost else "cac"]
        terms = {"error": error, "discount_rate": discount_rate, "confidence": confidence}
        row |= payback(won_of, found.cells, found.end, cost=cost, **terms) | _year(mine, confidence)
        clv = won_of["worth"].mean()
        rows.append(row | {"clv": clv, "clv_ratio": clv / cost})
    table = pd.DataFrame(rows)
    order = table["source"].map([LEADS, OWN, ALONE, ALL].index)
    return table.iloc[np.lexsort([table["full_cac"].fillna(np.inf), order])].reset_index(drop=True)


def _cost(found, name, source, n, leads, spend, confidence):
    """What the `n` customers of a channel cost: a dict, and the standard error of the logarithm of their number."""
    ripe, came = leads[leads["ripe"].astype(bool)], found.within(leads)["n"].sum()
    wins, over, sold = ripe.loc[ripe["won"], "n"].sum(), ripe["n"].sum(), spend["kind"] == SALES
    paid, sales = spend.loc[~sold, "money"].sum(min_count=1), spend.loc[sold, "money"].sum()
    error = np.sqrt((1 - (min(n / came, 1) if source == LEADS and came else 0)) / n) if n else np.nan
    kinds = spend[~sold].groupby("kind")["money"].sum()
    row = {"source": source, "channel": name, "money_kind": kinds.idxmax() if len(kinds) and name else None}
    row |= {"leads": came or np.nan, "customers": n, "spend": paid, "sales_spend": sales or np.nan}
    row |= {"spend_paid": spend["cost"].sum(min_count=1)}
    row |= bounded("win_rate", wins / over if over else np.nan, wilson(wins, over, confidence))
    for what, money in {"cac": paid, "full_cac": paid + sales}.items():
        each = money / n if n and money > 0 else np.nan  # what was only paid back is no cost
        row |= bounded(what, each, on_logs(each, error, confidence))
    return row, error


def _year(own, confidence):
    """Margin of the first year, and share still active after it, of those won so long ago."""
    each, stayed = own["year_margin"].dropna(), own["stayed"].dropna()
    half = t_value(confidence, len(each) - 1) * each.sem()
    row = bounded("year_margin", each.mean(), (each.mean() - half, each.mean() + half))
    return row | bounded("stayed", stayed.mean(), wilson(stayed.sum(), len(stayed), confidence))
