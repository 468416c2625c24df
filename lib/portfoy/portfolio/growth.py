"""Does the portfolio grow, and from what?"""

from dataclasses import dataclass

import ibis
import pandas as pd

from portfoy.customers import DAY, months_before, nobody_bought, purchases_by, to_frame
from portfoy.errors import DataError
from portfoy.firm import analysis
from portfoy.intervals import wilson
from portfoy.locale import _, plural
from portfoy.words import figure, shapes, style
from portfoy.words.result import Figure, Finding, Result
from portfoy.words.table import show

COUNTS = ["active", "new", "kept", "reactivated", "lost", "net"]
MONEY = ["revenue", "new_revenue", "kept_change", "reactivated_revenue", "lost_revenue", "returns_alone"]


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
    new_revenue + reactivated_revenue + kept_change - lost_revenue + returns_change, by which revenue grew.
    """

    table: pd.DataFrame
    months: int
    currency: str
    confidence: float

    @property
    def last(self):
        return self.table.iloc[-1]

    def finding(self):
        text = {
            1: _("More customers gained than lost: {quick_ratio:ratio} for each one lost"),
            -1: _("More customers lost than gained: {quick_ratio:ratio} for each one lost"),
            0: _("The base stands still: {quick_ratio:ratio} gained for each one lost"),
        }
        if pd.isna(self.last["quick_ratio"]):
            gained = self.last["new"] + self.last["reactivated"]
            text = plural(
                "{n:count} customer gained and nobody lost", "{n:count} customers gained and nobody lost", gained
            )
            return Finding(style.say(text, {"n": gained}))
        return Finding(style.say(text[self._verdict()], self.last))

    def _verdict(self):
        return int(self.last["quick_ratio_low"] > 1) - int(self.last["quick_ratio_high"] < 1)

    def reading(self):
        return style.say(
            _(
                "From {start:day} to {end:day}, {active:count} customers bought: {new:count} new and "
                "{reactivated:count} who came back, against {lost:count} who had bought in the period before and did "
                "not again. Revenue went from {before:money} to {revenue:money}, prices included."
            ),
            {**self.last, "before": self.last["revenue"] - self.last["revenue_net"]},
            currency=self.currency,
        )

    def figures(self):
        ratio = self.last[["quick_ratio", "quick_ratio_low", "quick_ratio_high"]]
        note = _("customers gained for each one lost")
        return [Figure("quick_ratio", *ratio, note=note, better="up")]

    def plot(self, ax=None):
        table = self.table
        parts = [
            (_("new"), style.ACCENT, table["new"]),
            (_("came back"), style.SECOND, table["reactivated"]),
            (_("did not buy again"), style.WARM, -table["lost"]),
        ]
        ends = [style.day(end).partition(" ")[2] for end in table["end"]]
        ax = shapes.stacked_changes(parts, ends, (_("net"), table["net"]), ax)
        numbers = "; ".join(
            style.say(_("{end:day}: {new:count} new, {reactivated:count} back, {lost:count} lost"), row)
            for _place, row in table.iterrows()
        )
        return figure.name(ax, _("Customers gained and lost"), self._period(), numbers)

    def _period(self):
        return plural("in each {n} month, by its last", "in {n} months each, by the last one", self.months).format(
            n=self.months
        )

    def summary(self):
        money = self.table.columns[self.table.columns.get_loc("revenue") :]
        counts = self.table.drop(columns=[*money, "kept"])
        unused = [name for name in ["returns_alone", "returns_change"] if not self.table[name].any()]
        amounts = self.table[["end", *money]].drop(columns=unused)
        return [
            show(counts, _("Customers by period, gained and lost")),
            show(amounts, _("Revenue by period, and what changed it"), currency=self.currency),
        ]

    def method(self):
        return style.say(
            _(
                "A customer of a period has a purchase in it. Gained are those who are new or came back, lost those "
                "who bought in the period before and not in this one; who bought before the data begin counts as new. "
                "Each order counts on the day of its first sale; money is net of returns, as it was paid. The interval "
                "of the ratio ({confidence:share}) is that of the share of those gained among gained and lost, by "
                "Wilson (1927). The season may be behind a change: compare with the same period a year earlier."
            ),
            {"confidence": self.confidence},
        )


@analysis
def growth(firm, *, months=3, periods=8):
    """Growth accounting: the customers and the revenue of each period, beside those of the period before.

    A customer of a period has at least one purchase in it (a day with an order). The last period ends on the firm's
    day. Where that is the last day of a month, periods are calendar months; else they end on the same day of the month,
    the 29th to 31st on the last day of a month that is shorter. Only whole periods inside the data are used, and the
    first of them only to compare with. Who bought before the data begin counts as new.

    Parameters
    ----------
    firm : Firm
    months : length of a period, default 3
    periods : at most so many, default 8

    Returns
    -------
    Growth; not possible where nobody bought, the data hold fewer than two whole periods, or `months` or `periods` is
    below 1

    References
    ----------
    The interval of a ratio of two counts is that of the share of one in their sum (Przyborowski & Wilenski 1940,
    Biometrika 31), by Wilson (1927).
    """
    if months < 1 or periods < 1:
        raise DataError(
            _(
                "growth: months is {months} and periods is {periods}; both must be 1 or more. "
                "Take 3 months and 8 periods."
            ).format(months=months, periods=periods)
        )
    log, as_of = firm.log, firm.as_of
    seen = log.filter(log.ordered_on <= as_of.date())
    reach = seen.aggregate(first=seen.ordered_on.min(), sold=seen.ordered_on.min(where=seen.amount >= 0)).to_pandas()
    if pd.isna(reach["sold"].iloc[0]):
        raise nobody_bought(as_of)
    ends = _ends(pd.Timestamp(reach["first"].iloc[0]), as_of, months, periods)
    cells = to_frame(_period_table(log, as_of, ends)).set_index("period")
    table = cells.reindex(range(1, len(ends)), fill_value=0).fillna(0)
    return Growth(_compared(table, ends, firm.confidence), months, firm.currency, firm.confidence)


def _ends(first, as_of, months, periods):
    """The last days of the periods, the day before the first period leading; none begins before the data."""
    ends = [as_of]
    while len(ends) < periods + 2:
        end = months_before(as_of, months * len(ends))
        if end + DAY < first:
            break
        ends.insert(0, end)
    if len(ends) < 3:
        raise _too_short(first, as_of, months)
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
    own = days.group_by(["customer_id", "period"]).agg(purchases=days.day.count(), revenue=days.revenue.sum())
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
        revenue=own.revenue.sum(),
        new_revenue=own.revenue.sum(where=new),
        kept_change=(own.revenue - own.earlier).sum(where=kept),
        reactivated_revenue=own.revenue.sum(where=back),
        leaving_revenue=own.revenue.sum(where=lost),
        returns_alone=own.revenue.sum(where=~own.bought),
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
    gained, lost = table["new"] + table["reactivated"], table["lost"].where(table["lost"] > 0)
    table["quick_ratio"] = gained / lost
    for name, share in zip(
        ["quick_ratio_low", "quick_ratio_high"], wilson(gained, gained + lost, confidence), strict=True
    ):
        table[name] = share / (1 - share)
    ratio = ["quick_ratio", "quick_ratio_low", "quick_ratio_high"]
    money = [*MONEY, "returns_change", "revenue_net"]
    table = table.astype(dict.fromkeys(money, "float64")).round(dict.fromkeys(money, 6))
    return table[["start", "end", *COUNTS, *ratio, *money]]


def _too_short(first, as_of, months):
    length = plural("{n} month", "{n} months", months).format(n=months)
    return DataError(
        _(
            "growth: the data from {first:%Y-%m-%d} to {as_of:%Y-%m-%d} hold fewer than two whole periods of "
            "{length}; two are needed to compare. Take a smaller number of months."
        ).format(first=first, as_of=as_of, length=length)
    )
