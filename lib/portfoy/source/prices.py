"""Money at constant prices: what was paid in a month, in the prices of another, by an index or a yearly rate."""

from dataclasses import dataclass, field

import ibis
import pandas as pd

from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.words import style

MONEY = ("amount", "unit_cost")  # of an order line; a `product_cost` is one for all months: that of today's price list


@dataclass(frozen=True, eq=False)
class Prices:
    """In which prices the money of a firm stands.

    ``basis`` "index" or "rate": at constant prices, those of the month of ``day``; "paid": as it was paid. ``table``,
    one row per month from the first order (or index) to ``day``: ``month`` its first day, ``index``; ``guessed`` months
    of it without an index of their own, which take the one before; ``aside`` rows of the index that could not be read;
    ``rate`` a year.
    """

    basis: str = "paid"
    day: pd.Timestamp | None = None
    table: pd.DataFrame | None = field(default=None, repr=False)
    guessed: int = 0
    aside: int = 0
    rate: float | None = None

    def __bool__(self):
        """Whether money is at constant prices."""
        return self.basis != "paid"

    def said(self):
        """What prices money is in, in a sentence, and what was guessed for it."""
        said = {
            "paid": _("Money is as paid, net of returns."),
            "index": _("Money is at {day:month} prices by the price index, net of returns."),
            "rate": _("Money is at {day:month} prices, taken to rise {rate:share} a year, net of returns."),
        }[self.basis]
        if self.aside:
            said += " " + _("Unreadable rows of the index: {aside:count}.")
        if self.guessed:
            said += " " + _("Months without an index, which take the last: {guessed:count}.")
        return style.say(said, vars(self))

    def factors(self, days):
        """What money of each of these days (Series) is multiplied by; before all months as in the first of them."""
        if not self:
            return pd.Series(1.0, days.index)
        index = self.table.set_index("month")["index"]
        month = pd.to_datetime(days).dt.to_period("M").dt.to_timestamp().clip(index.index[0], index.index[-1])
        return index.iloc[-1] / month.map(index).fillna(index.iloc[-1])

    def applied(self, log):
        """The order lines (ibis) with `MONEY` at constant prices, and ``amount_paid``, what was paid."""
        if not self:
            return log
        days = pd.Series(pd.date_range(self.table["month"].iloc[0], self.day))
        each = ibis.memtable(pd.DataFrame({"portfoy_day": days, "portfoy_factor": self.factors(days)}))
        each = each.mutate(portfoy_day=each.portfoy_day.cast("date"))  # to work out each line's month is dear
        found = log.left_join(each, log.ordered_on == each.portfoy_day)
        money = {name: found[name] * found.portfoy_factor for name in MONEY if name in log.columns}
        return found.mutate(amount_paid=found.amount, **money).select(*log.columns, "amount_paid")


AS_PAID = Prices()


def prices_of(log, index, rate, day):
    """The `Prices` of order lines as seen on a day.

    Parameters
    ----------
    log : ibis Table, the lines by the day; ``ordered_on``
    index : ibis Table of ``month``, ``index`` by the day, or None; a row without either is set aside
    rate : by how much prices rise a year, such as 0.03; used where there is no index; None: not known

    Raises
    ------
    DataError : an index is not above zero, a month is there twice, or no month is one of the orders'.
    """
    first = pd.NaT if index is None and rate is None else pd.Timestamp(log.ordered_on.min().to_pandas())
    if pd.isna(first):
        return AS_PAID
    first = first.to_period("M")
    found = pd.DataFrame(columns=["month", "index"]) if index is None else index.select("month", "index").to_pandas()
    known = found.dropna()
    known = pd.Series(known["index"].to_numpy(float), pd.PeriodIndex(pd.to_datetime(known["month"]), freq="M"))
    _check(known.sort_index(), first, day)
    last = day.to_period("M")
    if len(known):
        months = pd.period_range(min(first, known.index.min()), last, freq="M")
        series, basis = known.reindex(months), "index"
        guessed = int(series[series.index >= first].isna().sum())
    elif rate is not None:
        months = pd.period_range(first, last, freq="M")
        series, basis, guessed = (1 + rate) ** (pd.Series(range(len(months)), months) / 12), "rate", 0
    else:
        return AS_PAID
    table = pd.DataFrame({"month": months.to_timestamp(), "index": series.ffill().bfill().to_numpy()})
    return Prices(basis, day, table, guessed, len(found) - len(known), rate)


def _check(known, first, day):
    low, twice = known[known <= 0], known.index[known.index.duplicated()]
    if len(low):
        text = _("price_index: {month} has {value:g}; above zero is needed. Correct or remove it.")
        raise DataError(text.format(month=low.index[0], value=low.iloc[0]))
    if len(twice):
        text = _("price_index: {month} is there {n} times. Remove the other rows.")
        raise DataError(text.format(month=twice[0], n=(known.index == twice[0]).sum()))
    if len(known) and known.index[-1] < first:
        text = _("price_index: its months, {start} to {end}, are before all orders, {first} to {last}. Add months.")
        raise DataError(text.format(start=known.index[0], end=known.index[-1], first=first, last=day.to_period("M")))
