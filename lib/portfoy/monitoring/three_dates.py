"""What is the base worth, and how much of their wallet do customers give us: today, half a year and a year before?"""

from dataclasses import dataclass

import pandas as pd

from portfoy.deepening.wallet import SHARE, YEAR, measured
from portfoy.errors import DataError
from portfoy.firm import Firm, analysis
from portfoy.intervals import bounded, wald
from portfoy.locale import _
from portfoy.models.discounted_value import discounted_value
from portfoy.selection.lifetime_value import LifetimeValue
from portfoy.words import style
from portfoy.words.result import Finding, Result
from portfoy.words.table import show

MONTHS = (12, 6, 0)  # before the firm's day
TERMS = ["horizon_months", "discount_rate", "margin_rate", "confidence"]


@dataclass(frozen=True)
class ThreeDates(Result):
    """The value of the base and the share of wallet on three dates, in the prices of the firm's day.

    ``table``, one row per date on which one of the two is known, the earliest first: ``day``; ``customers`` who had
    bought by then; ``expected_value`` of them over the horizon, with the bounds that errors of earlier forecasts give
    it; ``mean`` of one; ``share`` of what customers spend in the category that we have, 0-1, with bounds, from answers
    of the year before the date. The values of all dates are by the one fit and the margin of `value`.
    ``change`` of the value since a year before, with bounds; empty where that is not known.
    """

    table: pd.DataFrame
    change: dict
    value: LifetimeValue | None
    firm: Firm

    def _say(self, *texts):
        first, last = self.table.iloc[0], self.table.iloc[-1]
        values = {**last, **self.change, "size": abs(self.change.get("change", 0.0))}
        if self.value:
            measure = style.measure("revenue" if self.value.margin_rate == 1 else "margin")
            values |= {"measure": measure, "months": self.value.horizon_months}
            values |= {"customers_was": first["customers"], "mean_was": first["mean"]}
        return style.say(" ".join(texts), values, currency=self.firm.currency)

    def finding(self):
        if not self.change:
            return Finding(_("The value of the base a year ago is not known"), nothing=True)
        if self.change["change_low"] <= 0 <= self.change["change_high"]:
            return Finding(_("The base is worth about what it was a year ago"))
        more = _("The base is worth {size:money} more than a year ago")
        less = _("The base is worth {size:money} less than a year ago")
        return Finding(self._say(more if self.change["change"] > 0 else less))

    def reading(self):
        if not self.change:
            return ""
        text = _(
            "{customers_was:count} customers stood for {mean_was:money} of {measure} each, {customers:count} "
            "now for {mean:money}; change: {change_interval:money}."
        )
        return self._say(text)

    def summary(self):
        labels = {"expected_value": _("Expected value, by today's fit"), "share": _("Our share of what they spend")}
        return show(self.table, _("The base on three dates"), currency=self.firm.currency, labels=labels)

    def method(self):
        texts = []
        if self.value:
            texts = [
                _(
                    "One fit and one margin, those of {day:day}, value the base of each date over {months:months}: it "
                    "alone differs, seen with what is known today. What was expected then is in the report on "
                    "selection. Bounds of a value: errors of earlier forecasts; of the change: the fit, and who came "
                    "and stopped. Who left still counts, so the mean falls by itself."
                )
            ]
        if "share" in self.table:
            texts.append(_("Our share: answers of the 12 months before, as in deepening."))
        return self._say(*texts, self.firm.prices.said())


@analysis(without=("value",))
def three_dates(firm, *, value=None):
    """The value of the base by one fit, and the share of wallet: today, half a year and a year before.

    Parameters
    ----------
    firm : Firm
    value : LifetimeValue of its customers, whose fits, terms and margin are used; without it the wallet only

    Returns
    -------
    ThreeDates; not possible where neither is known on any date
    """
    rows, found = [], {}
    for months in MONTHS:
        then = firm.before(months)
        found[months] = _valued(then, value) if months else value
        row = _worth(found[months]) | _share(then)
        if row:
            rows.append({"day": then.as_of} | row)
    if not rows:
        text = _(
            "three_dates: value and share of wallet are not known. Give orders in which 30 customers came again, or "
            "surveys with category_spend."
        )
        raise DataError(text)
    change = {}
    if value is not None and found[12] is not None:
        moved, error = value.since(found[12])
        change = bounded("change", moved, wald(moved, error, firm.confidence))
    return ThreeDates(pd.DataFrame(rows), change, value, firm)


def _valued(then, value):
    """The customers of an earlier day by the fits, terms and margin of `value`; None where there are none."""
    if value is None:
        return None
    try:
        customers = then.customers
    except DataError:
        return None
    found = discounted_value(customers, value.fit, value.spend_fit, **{name: getattr(value, name) for name in TERMS})
    return found.judged_by(value.record)


def _worth(value):
    if value is None:
        return {}
    total = bounded("expected_value", value.total, (value.total_low, value.total_high))
    return {"customers": len(value.table), **total, "mean": value.mean[0]}


def _share(then):
    try:
        return measured(then, YEAR)[0][SHARE].iloc[-1].to_dict()
    except DataError:
        return {}
