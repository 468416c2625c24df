"""What if the largest customers leave?"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from portfoy.errors import DataError, need_columns, positive_total
from portfoy.locale import _
from portfoy.words import style
from portfoy.words.result import Finding, Result
from portfoy.words.table import show

SHOWN = ["leave", "revenue", "revenue_share", "replaced_by"]  # four fit a phone


@dataclass(frozen=True, eq=False)
class Stress(Result):
    """What is lost if the largest customers leave.

    ``table``, one row per number of them: ``leave`` customers; ``customer_share`` 0-1; ``revenue``, ``margin`` money
    lost; ``revenue_share``, ``margin_share`` of the total, 0-1; ``replaced_by`` average customers who bring as much of
    what they are ranked by as they do. The margin only where it is known.
    """

    table: pd.DataFrame
    months: int
    currency: str

    @property
    def row(self):
        """The third number of them, which is 10 where there are many customers."""
        return self.table.iloc[min(2, len(self.table) - 1)]

    def finding(self):
        text = _("If the {leave:count} largest left, {revenue_share:share} of revenue would go")
        return Finding(style.say(text, self.row))

    def reading(self):
        text = _("Average customers to replace their {revenue:money}: {replaced_by:count}.")
        return style.say(text, self.row, currency=self.currency)

    def summary(self):
        return show(self.table[SHOWN], _("What would leave"), currency=self.currency)

    def method(self):
        text = _("Counted, not estimated ({period}).")
        return style.say(text, {"period": style.lately(self.months)})


def stress(customers, *, leave=(1, 5, 10, 50, 100), by="revenue", months=0, currency=""):
    """What is lost if the largest customers leave.

    `customers`, one row each, need the column `by` that says who is largest, and ``revenue``; ``margin`` is counted
    where it is known. Of the numbers who `leave` those are left out that would be more than half of the customers;
    `months` and `currency` are for the words. Gives a Stress. DataError where a column is missing, the total is not
    above zero, or there are fewer than two customers.
    """
    need_columns(customers, [by, "revenue"], "stress")
    total = positive_total(customers[by], by)
    n = len(customers)
    most = np.array([k for k in leave if k <= n / 2], dtype=int)
    if not len(most):
        text = _("stress: at most half may leave, here {half}, not {least}. Take fewer.")
        raise DataError(text.format(half=n // 2, least=min(leave)))
    there = [name for name in ("revenue", "margin") if name in customers and customers[name].notna().any()]
    largest = customers.sort_values(list(dict.fromkeys([by, *there])), ascending=False).fillna(dict.fromkeys(there, 0))
    rows = pd.DataFrame({"leave": most, "customer_share": most / n})
    for name in there:
        sums = largest[name].cumsum().to_numpy()
        rows[name] = sums[most - 1]
        rows[f"{name}_share"] = rows[name] / sums[-1] if sums[-1] > 0 else np.nan
    gone = largest[by].fillna(0).cumsum().to_numpy()[most - 1]
    return Stress(rows.assign(replaced_by=gone / (total / n)), months, currency)
