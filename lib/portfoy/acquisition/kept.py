"""What does winning a customer cost against keeping one?"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from portfoy.acquisition.won import SALES, month_day
from portfoy.customers import DAY, purchases_by, to_frame
from portfoy.errors import DataError
from portfoy.firm import analysis
from portfoy.intervals import bounded, on_logs
from portfoy.locale import _
from portfoy.words import style
from portfoy.words.result import Finding, Result
from portfoy.words.table import show

PHASES = ("retention", "deepening")  # of campaigns whose money keeps customers
WON, KEPT = ["channels", "with sales", "all money"], ["campaigns", "with service"]


@dataclass(frozen=True)
class AgainstKept(Result):
    """What a won customer cost and what keeping one cost, in one year.

    ``table``, one row per way of counting: ``what`` "channels" that won customers, "with sales" work, "all money", that
    which won nobody of its own too; "campaigns" to keep or deepen, "with service" contacts of those kept; ``money`` at
    the firm's prices; ``customers`` won, or kept: who bought in the year and in the one before; ``each`` money per
    customer, with bounds. ``ratio`` of the widest ways, ``ratio_low``, ``ratio_high`` over all ways and chance.
    """

    table: pd.DataFrame
    ratio: float
    ratio_low: float
    ratio_high: float
    start: pd.Timestamp
    end: pd.Timestamp
    currency: str
    confidence: float

    def _say(self, text):
        each = {
            name: self.table[self.table["what"].isin(ways)].iloc[-1]
            for name, ways in {"won": WON, "kept": KEPT}.items()
        }
        values = {name: row["each"] for name, row in each.items()} | {"level": style.level(self.confidence)}
        return style.say(text, vars(self) | values, currency=self.currency)

    def finding(self):
        if self.ratio_low <= 1 <= self.ratio_high:
            return Finding(_("Winning and keeping a customer cost about alike"), nothing=True)
        if self.ratio_high < 1:
            return Finding(self._say(_("Winning a customer cost at most {ratio_high:number} times keeping one")))
        return Finding(self._say(_("Winning a customer cost at least {ratio_low:number} times keeping one")))

    def reading(self):
        text = _(
            "A won one cost {won:money}, a kept one {kept:money}: {ratio_interval:number} times, by what is "
            "counted. Most would have stayed anyway, so it is no price of keeping one more."
        )
        return self._say(text)

    def summary(self):
        return show(self.table, _("Won and kept"), currency=self.currency)

    def method(self):
        text = _(
            "{start:day} to {end:day}. Won by leads of these months; kept: bought in this year and the one "
            "before. Interval ({level}): number of customers, and ways of counting. Discounts and unlisted "
            "staff are in neither."
        )
        return self._say(text)


@analysis
def against_kept(firm, found, touch_cost=0.0):
    """The `AgainstKept` of a firm, `found` its `Won`, `touch_cost` money per contact of service (0: not known).

    Not possible where the months hold no year, nobody was won or kept in it, or no cost of keeping is known.
    """
    first = max(found.last - 11, found.first)
    start, end = month_day(first), month_day(found.last + 1) - DAY
    won, spend = (each[each["came"].between(first, found.last)] for each in (found.table, found.spend))
    stayed = _stayed(firm, start, end)
    cost = _campaigns(firm, start, end)
    keeping = {"campaigns": cost, "with service": cost + touch_cost * _touches(firm, start, end, stayed)}
    keeping = {what: money for what, money in keeping.items() if money > 0 and (what == "campaigns" or touch_cost)}
    if found.last - first < 11 or not keeping or won.empty or stayed.empty or not spend["money"].sum() > 0:
        text = _(
            "campaigns: {start:%Y-%m-%d} to {end:%Y-%m-%d} is no whole year, or nobody was kept, nothing spent "
            "on winning, or no retention or deepening campaign has a cost."
        )
        raise DataError(text.format(start=start, end=end))
    own, sold = spend["channel"].isin(won["channel"]), spend["kind"] == SALES
    paid = dict(zip(WON, [spend.loc[rows, "money"].sum() for rows in (own & ~sold, own, own | ~own)], strict=True))
    rows = [(what, money, len(won)) for what, money in paid.items()]
    rows += [(what, money, len(stayed)) for what, money in keeping.items()]
    table = pd.DataFrame(rows, columns=["what", "money", "customers"])
    each = (table["money"] / table["customers"]).where(table["money"] > 0)
    table = table.assign(**bounded("each", each, on_logs(each, 1 / np.sqrt(table["customers"]), firm.confidence)))
    error = np.sqrt(1 / len(won) + 1 / len(stayed))
    ratios = [one / other for one in each[:3] if one > 0 for other in each[3:]]
    low, high = on_logs(min(ratios), error, firm.confidence)[0], on_logs(max(ratios), error, firm.confidence)[1]
    return AgainstKept(table, ratios[-1], float(low), float(high), start, end, firm.currency, firm.confidence)


def _stayed(firm, start, end):
    """The customers who bought between two days and in the year before them."""
    days, before = purchases_by(firm.log, firm.as_of), start - pd.DateOffset(years=1)
    days = days.filter(days.day.between(before.date(), end.date()))
    each = days.group_by("customer_id").agg(then=(days.day < start.date()).any(), now=(days.day >= start.date()).any())
    return to_frame(each.filter(each.then & each.now).select("customer_id"))["customer_id"]


def _campaigns(firm, start, end):
    """Money of campaigns to keep or deepen that began between two days."""
    table = firm.tables.campaigns
    if table is None or not {"phase", "cost", "starts_on"} <= {*table.columns}:
        return 0.0
    rows = to_frame(table).drop_duplicates("campaign_id").dropna(subset=["cost", "starts_on", "phase"])
    rows = rows[rows["phase"].str.strip().str.lower().isin(PHASES) & rows["starts_on"].between(start, end)]
    return float((rows["cost"].astype(float) * firm.prices.factors(rows["starts_on"])).sum())


def _touches(firm, start, end, stayed):
    """Contacts of service of these customers between two days, one a ticket where nothing tells."""
    rows = pd.DataFrame({"customer_id": [], "opened_on": pd.to_datetime([])})
    rows = rows if firm.tables.tickets is None else to_frame(firm.tables.tickets)
    rows = rows[rows["opened_on"].between(start, end) & rows["customer_id"].isin(stayed)]
    return float(rows["touches"].fillna(1).sum() if "touches" in rows else len(rows))
