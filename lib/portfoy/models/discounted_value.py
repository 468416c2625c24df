"""Customer lifetime value: purchases expected within a horizon, times spend per purchase, in today's money.

    value = margin_rate * E[spend per purchase] * sum over months m of (E[m] - E[m-1]) / (1 + discount_rate)^(m / 12)

with E[m] the purchases expected within m months (BG/NBD) and the spend from the Gamma-Gamma model: a month's purchases
count at its end. The two fits are taken to be independent, as the models are.

References
----------
Fader, Hardie & Lee (2005), RFM and CLV: using iso-value curves, Journal of Marketing Research 42(4), 415-430.
"""

from dataclasses import dataclass, field, fields, replace

import numpy as np
import pandas as pd
from scipy.linalg import block_diag

from portfoy.errors import DataError
from portfoy.intervals import delta_error, on_logs
from portfoy.locale import _
from portfoy.models import bg_nbd, gamma_gamma
from portfoy.models.likelihood import distinct, time_columns
from portfoy.models.threads import one_thread
from portfoy.models.track_record import TrackRecord, rests_on
from portfoy.rows import customer_ids, find_rows

DAYS_A_MONTH = 365.25 / 12


@dataclass(frozen=True, eq=False)
class DiscountedValue:
    """Lifetime value per customer, and for any group of them, with what it was computed from.

    ``table``, one row per customer on the index of the customer table: ``customer_id`` if that has it; ``p_alive`` 0-1;
    ``expected_purchases`` over the horizon, not discounted; ``expected_spend`` money per purchase; ``expected_value``
    discounted money, with the bounds of the estimate. ``total`` with bounds: money of the whole base. ``record``: how
    forecasts of this length did before, where that is known; bounds of totals and groups are then those it gives.
    """

    table: pd.DataFrame
    total: float
    total_low: float
    total_high: float
    confidence: float
    fit: bg_nbd.BgNbd
    spend_fit: gamma_gamma.GammaGamma
    horizon_months: int
    discount_rate: float
    margin_rate: float
    _slopes: np.ndarray = field(repr=False)  # of each value in the seven log-parameters
    _covariance: np.ndarray = field(repr=False)  # of the seven log-parameters
    record: TrackRecord | None = field(default=None, repr=False, kw_only=True)

    @property
    def mean(self):
        """The value of a customer on average, with its interval: (mean, low, high), money."""
        return tuple(value / max(len(self.table), 1) for value in (self.total, self.total_low, self.total_high))

    def of(self, customers):
        """The same values for some of the customers only: a DiscountedValue whose total and mean are theirs.

        `customers`, one row each in any order, are known by ``customer_id``, else by the label of the row. The table
        has their rows and their index. DataError where one has no value.
        """
        place = find_rows(self.table, customers, "of")
        if (place < 0).any():
            text = _("of: {missing} of {rows} customers have no value. Value a table that holds them all.")
            raise DataError(text.format(missing=int((place < 0).sum()), rows=len(place)))
        table, slopes = self.table.iloc[place].set_axis(customers.index.rename(None)), self._slopes[place]
        kept = {each.name: getattr(self, each.name) for each in fields(DiscountedValue)}
        found = DiscountedValue(**kept | {"table": table, "_slopes": slopes})
        return replace(
            found, **_total(found.table["expected_value"], slopes, self._covariance, self.confidence)
        )._judged()

    def judged_by(self, record):
        """The same values with the bounds that a `TrackRecord` gives the total and groups."""
        return replace(self, record=record)._judged()

    def _judged(self):
        if self.record is None:
            return self
        value = self.table["expected_value"]
        low, high = self.record.interval([self.total], [rests_on(value)], self.confidence)
        return replace(self, total_low=float(low[0]), total_high=float(high[0]))

    @property
    def total_error(self):
        """Standard error of the total as an estimate: of the models, with these customers."""
        return float(delta_error(self._slopes.sum(axis=0), self._covariance))

    def since(self, then):
        """What the total is more than by the same fits on another day, and the standard error of that.

        Models that value both days too high or too low do so alike; by chance are who came and who stopped.
        """
        each = [value.table.set_index("customer_id")["expected_value"] for value in (self, then)]
        chance = np.square(each[0].sub(each[1], fill_value=0)).sum()
        model = delta_error(self._slopes.sum(axis=0) - then._slopes.sum(axis=0), self._covariance)
        return self.total - then.total, float(np.hypot(np.sqrt(chance), model))

    def by(self, groups, *, again=None):
        """Value of groups of customers: a DataFrame, one row per group, sorted.

        `groups` is a Series on the index of `table`, else ValueError; missing values form a group of their own. The
        columns: the group (the name of the Series, else ``group``); ``customers``; ``expected_value`` their sum, money,
        with bounds. Without a `record` they are of the estimate: its error is common to all customers, so they come
        from the sum of the gradients, and are wider than customers erring independently would make them. With one they
        are of what comes, and `again`, a function that groups the customer table of an earlier day alike, lets the
        group's own errors count; the groups of today would not do, for who is in them hangs on what came.
        """
        if not groups.index.equals(self.table.index):
            raise ValueError(_("by: the groups need the index of the values. Ask value.of(customers).by(groups)."))
        name = "group" if groups.name is None else groups.name
        parts = pd.DataFrame(self._slopes, self.table.index).assign(value=self.table["expected_value"], customers=1)
        grouped = parts.groupby(groups, observed=True, dropna=False)
        sums = grouped.sum()
        value = sums["value"].to_numpy()
        if self.record is None:
            low, high = _interval(value, sums.iloc[:, : self._slopes.shape[1]], self._covariance, self.confidence)
        else:
            rest = grouped["value"].agg(rests_on)
            low, high = self.record.interval(value, rest, self.confidence, again=again, names=sums.index)
        columns = {"customers": sums["customers"], "expected_value": value}
        table = pd.DataFrame(columns | {"expected_value_low": low, "expected_value_high": high}, sums.index)
        return table.rename_axis(name).reset_index()


@one_thread()
def discounted_value(
    customers, fit, spend_fit, *, horizon_months=12, discount_rate=0.1, margin_rate=1.0, confidence=0.95
):
    """Expected discounted money from each customer within a horizon, with intervals.

    The interval is that of the *estimate*: how far the value would move with other customers of the same kind, by the
    delta method on the logarithm of the value. It is deterministic, keeps the value positive, and takes 14 evaluations
    where a bootstrap takes hundreds of fits. It does not cover the scatter of one customer's purchases, which is far
    larger: do not read it as what a customer will spend.

    A customer without repeat purchases may be worth more than one with a few and a long silence: the model knows
    nothing against the first, and only the mean spend of all for him or her.

    Parameters
    ----------
    customers : DataFrame, one row per customer: `repeats`, `span`, `age` (days) and `repeat_ticket` (money)
    fit, spend_fit : BgNbd, GammaGamma
    horizon_months : months of 365.25 / 12 days
    discount_rate : per year
    margin_rate : share of the spend that is kept; 1 values revenue

    Returns
    -------
    DiscountedValue

    Raises
    ------
    DataError : a column is missing or holds impossible values, or the margin is below zero.
    ValueError : another argument is out of its range.

    Examples
    --------
    >>> fit, spend_fit = bg_nbd.BgNbd(0.243, 30.9, 0.793, 2.426), gamma_gamma.GammaGamma(6.25, 3.74, 15.44)
    >>> customers = pd.DataFrame({"repeats": [2, 0], "span": [213, 0], "age": 272, "repeat_ticket": [22.35, None]})
    >>> value = discounted_value(customers, fit, spend_fit)
    >>> value.table["expected_value"].round().tolist()
    [37.0, 8.0]
    """
    _check_arguments(horizon_months, discount_rate, margin_rate)
    row, purchases, spend = _functions(customers, horizon_months, discount_rate)
    each, money = purchases(fit.parameters)[row], spend(spend_fit.parameters) * margin_rate
    value = each * money
    slopes = [slope[row] * money for slope in _log_slopes(purchases, fit.parameters)]
    slopes += [slope * each * margin_rate for slope in _log_slopes(spend, spend_fit.parameters)]
    slopes, covariance = np.column_stack(slopes), _log_covariance(fit, spend_fit)
    low, high = _interval(value, slopes, covariance, confidence)
    table, ids = pd.DataFrame(index=customers.index.rename(None)), customer_ids(customers)
    if ids is not None:
        table["customer_id"] = ids.to_numpy()
    table["p_alive"] = fit.p_alive(customers)
    table["expected_purchases"] = fit.expected_purchases(customers, int(horizon_months) * DAYS_A_MONTH)
    table["expected_spend"] = spend_fit.expected_spend(customers)
    table["expected_value"], table["expected_value_low"], table["expected_value_high"] = value, low, high
    given = confidence, fit, spend_fit, int(horizon_months), discount_rate, margin_rate, slopes, covariance
    return DiscountedValue(table, *_total(value, slopes, covariance, confidence).values(), *given)


@one_thread()
def expected_revenue(customers, fit, spend_fit, *, horizon_months=12, discount_rate=0.1):
    """Discounted money expected from each customer, without margin and intervals: a Series. As `discounted_value`."""
    _check_arguments(horizon_months, discount_rate, 1.0)
    row, purchases, spend = _functions(customers, horizon_months, discount_rate)
    value = purchases(fit.parameters)[row] * spend(spend_fit.parameters)
    return pd.Series(value, customers.index, name="expected_revenue")


def _functions(customers, horizon_months, discount_rate):
    """Which of the distinct rows each customer is, and as functions of the parameters: their discounted purchases, and
    the spend of each customer.
    """
    x, t, age = time_columns("discounted_value", customers)
    x, ticket = gamma_gamma.money_columns("discounted_value", customers)
    row, rows = distinct(x, t, age)
    pair, pairs = distinct(rows[0], rows[2])
    monthly = _month_weights(int(horizon_months), discount_rate)

    def purchases(parameters):  # one horizon at a time, to save memory
        expected = sum(weight * bg_nbd.expected_if_alive(parameters, *pairs, days) for days, weight in monthly)
        return expected[pair] * bg_nbd.p_alive(parameters, *rows)

    def spend(parameters):
        return gamma_gamma.expected_spend(parameters, x, ticket)

    return row, purchases, spend


def _month_weights(months, discount_rate):
    """Days and weight of each month's E[m], so that their sum is the discounted sum of the differences."""
    month = np.arange(1, months + 1)
    discount = (1 + discount_rate) ** (-month / 12)
    weight = discount - np.append(discount[1:], 0)
    return list(zip(month * DAYS_A_MONTH, weight, strict=True))


def _log_slopes(function, parameters, step=1e-4):
    """Derivatives of `function` in the logarithm of each parameter, by central differences."""
    for place in range(len(parameters)):
        factor = np.ones(len(parameters))
        factor[place] = np.exp(step)
        yield (function(np.array(parameters) * factor) - function(np.array(parameters) / factor)) / (2 * step)


def _log_covariance(fit, spend_fit):
    """Covariance of the seven log-parameters; the two fits are independent."""
    of_logs = (model.covariance / np.outer(model.parameters, model.parameters) for model in (fit, spend_fit))
    return block_diag(*of_logs)


def _interval(value, slopes, covariance, confidence):
    """Low and high of each value, symmetric in its logarithm; slopes are those of the value itself."""
    error = delta_error(slopes, covariance)
    return on_logs(value, np.divide(error, value, out=np.zeros_like(error), where=value > 0), confidence)


def _total(value, slopes, covariance, confidence):
    """The sum of the values with its interval: ``total``, ``total_low``, ``total_high``."""
    total = np.array([value.sum()])
    bounds = _interval(total, slopes.sum(axis=0)[None], covariance, confidence)
    return {f"total{end}": float(found[0]) for end, found in zip(["", "_low", "_high"], [total, *bounds], strict=True)}


def _check_arguments(horizon_months, discount_rate, margin_rate):
    """ValueError for an argument out of its range; DataError for a margin below zero, which data can have."""
    if not margin_rate >= 0:
        text = _("discounted_value: the margin is {rate:.3g} of revenue. Check unit costs, or give margin_rate.")
        raise DataError(text.format(rate=margin_rate))
    rules = [
        (horizon_months >= 1 and horizon_months == int(horizon_months),
         _("discounted_value: horizon_months is {value}, not a whole number from 1."), horizon_months),
        (discount_rate >= 0, _("discounted_value: discount_rate is {value}, not 0 or more."), discount_rate),
    ]  # fmt: skip
    for holds, message, value in rules:
        if not holds:
            raise ValueError(message.format(value=value))
