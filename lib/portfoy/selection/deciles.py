"""Who brings the profit: customers in tenths, the best first."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from portfoy.errors import need_columns, positive_total
from portfoy.firm import analysis, customers_of
from portfoy.locale import _
from portfoy.words import style
from portfoy.words.result import Finding, Result
from portfoy.words.table import show


@dataclass(frozen=True)
class Deciles(Result):
    """Customers in ten groups of equal size, best first: what each tenth brings.

    ``table``, one row per group that has customers, best first: ``decile`` 1-10; ``customers``; ``revenue``,
    ``margin`` money; ``share`` of the total of ``by``, 0-1; ``cumulative_share`` of this and all better groups;
    ``mean`` of ``by`` per customer. ``by``: the column they are ranked on.
    """

    table: pd.DataFrame
    by: str
    currency: str

    @property
    def alike(self):
        """Whether all customers are in one group."""
        return len(self.table) == 1

    def finding(self):
        if self.alike:
            return Finding(_("Customers are too few or too alike for tenths"), nothing=True)
        best, part = self.table.iloc[0], self.table["customers"].iloc[0] / self.table["customers"].sum()
        text = _("The best customers brought {share:share} of the {measure}")
        if 0.09 <= part <= 0.11:  # else there are few customers, or many who are equal
            text = _("The best tenth of customers brought {share:share} of the {measure}")
        return Finding(style.say(text, {**best, "measure": style.measure(self.by)}))

    def reading(self):
        if self.alike:
            return ""
        lower = self.table[self.table["decile"] > 5]
        values = {**self.table.iloc[0], "rest": lower["customers"].sum(), "low": lower["share"].sum()}
        text = _("They are {customers:count}, {mean:money} each on average.")
        if len(lower):
            text += " " + _("The lower half ({rest:count}) brings {low:share}.")
        return style.say(text, values, currency=self.currency)

    def summary(self):
        return show(self.table, _("Customers in tenths"), currency=self.currency)

    def method(self):
        text = _("Ranked by {measure}, net, where known ({n:count}); equals together.")
        return style.say(text, {"measure": style.measure(self.by), "n": self.table["customers"].sum()})


@analysis
def deciles(of, *, by=None):
    """Customers in ten groups of equal size, best first: what each tenth brings.

    Customers with equal values stay in one group, so groups can differ in size; customers without a value are left out.
    Parameters
    ----------
    of : Firm, or DataFrame, one row per customer, with ``revenue`` and ``margin`` (summed where it is known)
    by : column they are ranked on; by default the margin where any is known, else the revenue

    Returns
    -------
    Deciles; not possible where a column is missing, or the total of `by` is not above zero
    """
    customers, currency, _confidence = customers_of(of)
    need_columns(customers, ["revenue", "margin"], "deciles")
    by = by or ("margin" if customers["margin"].notna().any() else "revenue")
    need_columns(customers, [by], "deciles")
    return Deciles(_tenths(customers[customers[by].notna()], by), by, currency)


def _tenths(customers, by):
    value = customers[by].to_numpy(dtype=float)
    total = positive_total(value, by)
    above = len(value) - np.searchsorted(np.sort(value), value, side="right")
    table = customers.assign(decile=1 + 10 * above // len(value), ranked=value)
    result = table.groupby("decile").agg(
        customers=("ranked", "size"),
        revenue=("revenue", "sum"),
        margin=("margin", lambda m: m.sum(min_count=1)),
        by=("ranked", "sum"),
    )
    result["share"] = result["by"] / total
    result["cumulative_share"] = result["share"].cumsum()
    result["mean"] = result.pop("by") / result["customers"]
    return result.reset_index()
