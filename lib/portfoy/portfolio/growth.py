"""Does the portfolio grow, and from what?"""

from dataclasses import dataclass
from itertools import takewhile

import ibis
import pandas as pd

from portfoy.customers import DAY, months_before, nobody_bought, purchases_by, to_frame
from portfoy.errors import DataError
from portfoy.firm import analysis
from portfoy.intervals import quick_ratio
from portfoy.locale import _
from portfoy.source.prices import AS_PAID, Prices
from portfoy.sums import added
from portfoy.words import figure, shapes, style
from portfoy.words.result import Figure, Finding, Result
from portfoy.words.table import show

COUNTS = ["active", "new", "kept", "reactivated", "lost", "net"]
RATIO = ["quick_ratio", "quick_ratio_low", "quick_ratio_high"]
MONEY = [
    *("revenue", "new_revenue", "kept_change", "reactivated_revenue"),
    *("lost_revenue", "returns_alone", "returns_change", "revenue_net", "revenue_paid"),
]


@dataclass(frozen=True)
class Growth(Result):
    """Growth accounts: what each period gained and lost against the one before.

    ``table``, one row per period, the latest last: ``start``, ``end`` dates, both inside. Customers: ``active`` who
    bought; ``new`` for the first time ever; ``kept`` in the period before too; ``reactivated`` earlier, but not in the
    period before; ``lost`` in the period before, but not in this; ``net`` = new + reactivated - lost, by which active
    grew; ``quick_ratio`` (new + reactivated) / lost, more than 1 is growth, with ``quick_ratio_low``,
    ``quick_ratio_high``, missing where nobody was lost.
    Money, net of returns, each order on the day of its first sale: ``revenue``; ``new_revenue``,
    ``reactivated_revenue`` of these customers; ``kept_change`` what the kept brought more (or less) than in the period
    before; ``lost_revenue`` what the lost had brought in it; ``returns_alone`` the returns without a sale, on their own
    day, of those who did not buy in the period, zero or less, and ``returns_change`` how it changed; ``revenue_net`` =
    new_revenue + reactivated_revenue + kept_change - lost_revenue + returns_change, by which revenue grew;
    ``revenue_paid`` revenue as paid, where prices are known.
    """

    table: pd.DataFrame
    months: int
    currency: str
    confidence: float
    prices: Prices = AS_PAID

    @property
    def last(self):
        return self.table.iloc[-1]

    @property
    def year_ago(self):
        """The row of the same period a year before; None without one."""
        back = 12 // self.months if 12 % self.months == 0 else len(self.table)
        return self.table.iloc[-1 - back] if back < len(self.table) else None

    def finding(self):
        row, gained = self.last, self.last["new"] + self.last["reactivated"]
        if pd.isna(row["quick_ratio"]):
            return Finding(style.say(_("{n:count} customers gained, nobody lost"), {"n": gained}))
        if row["quick_ratio_low"] > 1:
            text = _("The base grows: {quick_ratio:ratio} gained for each one lost")
        elif row["quick_ratio_high"] < 1:
            text = _("The base shrinks: {quick_ratio:ratio} gained for each one lost")
        else:
            text = _("The base stands still: {quick_ratio:ratio} gained for each one lost")
        return Finding(style.say(text, row))

    def reading(self):
        text = _(
            "{active:count} bought from {start:day} to {end:day}: {new:count} new, {reactivated:count} back; "
            "{lost:count} of the period before did not buy."
        )
        return style.say(text, self.last)

    def figures(self):
        return [Figure("quick_ratio", *self.last[RATIO], better="up")]

    def plot(self, ax=None):
        table = self.table
        parts = [
            (_("new"), style.ACCENT, table["new"]),
            (_("came back"), style.SECOND, table["reactivated"]),
            (_("did not buy again"), style.WARM, -table["lost"]),
        ]
        ends = [style.day(end).partition(" ")[2] for end in table["end"]]
        ax = shapes.stacked_changes(parts, ends, (_("net"), table["net"]), ax)
        text = _("{end:day}: {new:count} new, {reactivated:count} back, {lost:count} lost")
        numbers = "; ".join(style.say(text, row) for _place, row in table.iterrows())
        under = style.say(_("{n:months} each, by their end"), {"n": self.months})
        return figure.name(ax, _("Customers gained and lost"), under, numbers)

    def summary(self):
        money = self.table.columns[self.table.columns.get_loc("revenue") :]
        unused = [name for name in ["returns_alone", "returns_change"] if not self.table[name].any()]
        unused += [] if self.prices else ["revenue_paid"]
        return [
            show(self.table.drop(columns=[*money, "kept"]), _("Customers by period")),
            show(self.table[["end", *money]].drop(columns=unused), _("Revenue by period"), currency=self.currency),
        ]

    def method(self):
        text = _(
            "New are those first seen in the data; a season may be behind the change. Interval ({confidence:share}): "
            "Wilson."
        )
        return style.say(f"{text} {self.prices.said()}", vars(self))


@analysis
def growth(firm, *, months=3, periods=8):
    """Growth accounting: the customers and the revenue of each period, beside those of the period before.

    The last period ends on the firm's day: where that is the last day of a month, periods are calendar months, else
    they end on the same day of the month, or on the last of a shorter one. Only whole periods inside the data are used,
    and the first of them only to compare with.

    Parameters
    ----------
    firm : Firm
    months : length of a period, default 3
    periods : at most so many, default 8

    Returns
    -------
    Growth; not possible where nobody bought, the data hold fewer than two whole periods, or `months` or `periods` is
    below 1
    """
    if months < 1 or periods < 1:
        text = _("growth: months is {months}, periods {periods}; both must be 1 or more. Take 3 and 8.")
        raise DataError(text.format(months=months, periods=periods))
    log, as_of = firm.log, firm.as_of
    seen = log.filter(log.ordered_on <= as_of.date())
    reach = seen.aggregate(first=seen.ordered_on.min(), sold=seen.ordered_on.min(where=seen.amount >= 0)).to_pandas()
    if pd.isna(reach["sold"].iloc[0]):
        raise nobody_bought(as_of)
    ends = _ends(pd.Timestamp(reach["first"].iloc[0]), as_of, months, periods)
    cells = to_frame(_period_table(log, as_of, ends)).set_index("period")
    table = cells.reindex(range(1, len(ends)), fill_value=0).fillna(0)
    return Growth(_compared(table, ends, firm.confidence), months, firm.currency, firm.confidence, firm.prices)


def _ends(first, as_of, months, periods):
    """The last days of the periods, the day before the first period leading; none begins before the data."""
    back = (months_before(as_of, months * number) for number in range(periods + 2))
    ends = list(takewhile(lambda end: end + DAY >= first, back))[::-1]
    if len(ends) < 3:
        text = _("growth: {first:%Y-%m-%d} to {as_of:%Y-%m-%d} holds no two periods (months: {months}). Take fewer.")
        raise DataError(text.format(first=first, as_of=as_of, months=months))
    return ends


def _period_table(log, as_of, ends):
    """Customers and money by period (ibis): what they brought, who is new, kept and reactivated, and who will be lost.

    Period 0 is all that came before the first period. ``leaving`` and ``leaving_revenue`` are of those who did not buy
    in the period after.
    """
    days = purchases_by(log, as_of)
    day = days.day.fill_null(days.returned_on)
    after = [(day > end.date()).cast("int32") for end in ends[:-1]]
    days = days.mutate(period=sum(after[1:], after[0]))
    own = days.group_by(["customer_id", "period"]).agg(
        purchases=days.day.count(), revenue=added(days.revenue), revenue_paid=added(days.revenue_paid)
    )
    own = own.mutate(bought=own.purchases > 0)
    order = ibis.window(group_by=[own.customer_id, own.bought], order_by=own.period)
    own = own.mutate(
        last=own.period.lag().over(order), next=own.period.lead().over(order), earlier=own.revenue.lag().over(order)
    )
    kept, new = own.bought & (own.last == own.period - 1), own.bought & own.last.isnull()
    back = own.bought & (own.last < own.period - 1)
    lost = own.bought & (own.next.isnull() | (own.next > own.period + 1))
    return own.group_by("period").agg(
        active=own.bought.sum(),
        new=new.sum(),
        kept=kept.sum(),
        reactivated=back.sum(),
        leaving=lost.sum(),
        revenue=added(own.revenue),
        revenue_paid=added(own.revenue_paid),
        new_revenue=added(own.revenue, where=new),
        kept_change=added(own.revenue - own.earlier, own.revenue, where=kept),
        reactivated_revenue=added(own.revenue, where=back),
        leaving_revenue=added(own.revenue, where=lost),
        returns_alone=added(own.revenue, where=~own.bought),
    )


def _compared(table, ends, confidence):
    """Each period beside the one before; the first has none and is left out."""
    table = table.assign(
        start=pd.DatetimeIndex(ends[:-1]).as_unit("us") + DAY,
        end=pd.DatetimeIndex(ends[1:]).as_unit("us"),
        lost=table["leaving"].shift(),
        lost_revenue=table["leaving_revenue"].shift(),
        net=table["active"].diff(),
        revenue_net=table["revenue"].diff(),
        returns_change=table["returns_alone"].diff(),
    )
    table = table.iloc[1:].reset_index(drop=True).astype(dict.fromkeys(COUNTS, "int64"))
    found = quick_ratio(table["new"] + table["reactivated"], table["lost"], confidence)
    table = table.assign(**dict(zip(RATIO, found, strict=True)))
    table = table.astype(dict.fromkeys(MONEY, "float64"))
    return table[["start", "end", *COUNTS, *RATIO, *MONEY]]
