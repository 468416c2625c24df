"""What are the customers worth: the money each of them, and all together, are expected to bring?"""

from dataclasses import dataclass, field, replace

import ibis
import numpy as np
import pandas as pd

from portfoy.customers import margin_rate as margin_of
from portfoy.customers import months_before, to_frame
from portfoy.errors import DataError, FitError
from portfoy.firm import analysis
from portfoy.intervals import two_sided
from portfoy.locale import _, plural
from portfoy.models.bg_nbd import fit_bg_nbd
from portfoy.models.discounted_value import DAYS_A_MONTH, DiscountedValue, discounted_value, expected_revenue
from portfoy.models.gamma_gamma import fit_gamma_gamma, spend_correlation, spend_correlation_error
from portfoy.models.track_record import TrackRecord, tests_said
from portfoy.source.prices import AS_PAID, Prices
from portfoy.words import style
from portfoy.words.result import Figure, Finding, Past, Result
from portfoy.words.table import show

TESTS = 3  # earlier days at most on which forecasts are tested, half a horizon apart
NEARLY = 0.95  # of a horizon that has to lie behind an earlier day: the first order may come days after the first day
BIAS = 0.05  # mean error of the tests from which it is told


@dataclass(frozen=True, eq=False)
class LifetimeValue(DiscountedValue, Result):
    """What the customers are expected to bring: all of `DiscountedValue`, and how it rests on those who bought once.

    ``parts``, one row per way of having bought, ``once`` or ``again``, where there are such customers: ``bought``;
    ``customers``; ``customer_share`` 0-1; ``expected_value`` money, with ``expected_value_low`` and
    ``expected_value_high``; ``value_share`` 0-1, missing where nothing is expected of anybody.
    ``correlation`` of purchases and spend per purchase among those who bought again, -1 to 1, and
    ``correlation_error``, its standard error; the models take it for 0.
    The bounds of totals and groups are of what comes, from the errors of forecasts of this length on earlier days
    (`models.track_record`), missing where fewer than two can be tested.
    ``by_totals``: it is from one row a customer, not from orders.
    ``past``: what was expected a "year" and a "half" (year) before, a LifetimeValue each, where that was asked for.
    """

    parts: pd.DataFrame
    as_of: pd.Timestamp | None
    correlation: float
    currency: str
    past: dict = field(default_factory=dict)
    prices: Prices = AS_PAID
    correlation_error: float = np.nan
    by_totals: bool = False

    def _say(self, text):
        each, n = dict(zip(["mean", "mean_low", "mean_high"], self.mean, strict=True)), self.horizon_months
        measure = style.measure("revenue" if self.margin_rate == 1 else "margin")
        period = plural("the next month", "the next {n} months", n).format(n=n)
        words = {
            "measure": measure,
            "level": style.level(self.confidence),
            "period": period,
        }
        return style.say(text, {**vars(self), **each, **words}, currency=self.currency)

    def finding(self):
        if not self.total > 0:
            return Finding(_("Nothing is expected of today's customers"), nothing=True)
        return Finding(self._say(_("Today's customers are expected to bring {total:money} of {measure}")))

    def reading(self):
        if not self.total > 0:
            return ""
        text = _("That is over {period}, in today's money; {mean:money} a customer.")
        if not np.isnan(self.total_low):
            text = _("That is over {period}, in today's money ({total_interval:money}); {mean:money} a customer.")
        return style.Reading(" ".join(filter(None, [self._say(text), self._caution()])))

    def _caution(self):
        """What to know of the value, in one sentence: no interval, a bias, or how much rests on those known least."""
        if self.by_totals:
            return _("No interval: forecasts are tested on order lines, and the source has totals.")
        if np.isnan(self.total_low):
            return self._say(_("No interval: the history is too short to test two such forecasts."))
        errors = self.record.errors if self.record else np.zeros(1)
        mean = float(np.expm1(errors.mean()))
        if abs(mean) >= BIAS and (np.sign(errors) == np.sign(mean)).all():
            low, high = (
                _("On {n:count} earlier days such forecasts were each too low, {off:share} on average."),
                _("On {n:count} earlier days such forecasts were each too high, {off:share} on average."),
            )
            return style.say(low if mean < 0 else high, {"n": len(errors), "off": abs(mean)})
        once = _("{value_share:share} rests on those who bought once, of whom least is known.")
        return " ".join(style.say(once, row) for _place, row in self.parts[self.parts["bought"] == "once"].iterrows())

    def figures(self):
        total = (self.total, self.total_low, self.total_high)
        whole, each = _("{measure} over {period}"), _("mean of all who ever bought, {measure} over {period}")
        if self.past and not self.prices:  # then the change is one of prices, too
            whole = _("{measure} over {period}, prices included")
        past = {when: Past(f"{then.as_of:%Y-%m-%d}", then.total, self._moved(then)) for when, then in self.past.items()}
        return [  # the mean has no past: those who ever bought only become more, so it falls by itself
            Figure("expected_value", *total, "money", str(self._say(whole)), "up", **past),
            Figure("clv", *self.mean, "money", str(self._say(each))),
        ]

    def _moved(self, then):
        """The p-value of the change of the total since an earlier day.

        The models err, with these customers; and of a change it is chance, too, who came and who stopped: the total is
        a sum over customers, and its error that of the sum of their differences. What a forecast misses of the future
        does not count, for it is the same on both days; None where no earlier forecast tells how much that is.
        """
        if style.is_missing(self.total_low):
            return None
        each = [value.table.set_index("customer_id")["expected_value"] for value in (self, then)]
        chance = np.square(each[0].sub(each[1], fill_value=0)).sum()
        return two_sided(self.total - then.total, np.sqrt(chance + self.total_error**2 + then.total_error**2))

    def summary(self):
        columns = ["bought", "customers", "value_share", "expected_value", "expected_value_low", "expected_value_high"]
        title = _("By how often they bought")
        return show(self.parts[columns], title, currency=self.currency)

    def method(self):
        text = _(
            "Purchases to come (BG/NBD) times spend (Gamma-Gamma) times margin, {margin_rate:share} of revenue, "
            "at {discount_rate:share} a year less for later money; no new customers. Purchases and spend are "
            "taken as unrelated: correlation {correlation:ratio}."
        )
        if not style.is_missing(self.correlation_error):
            text += " " + _("Its standard error is {correlation_error:ratio}.")
        if abs(self.correlation) > 2 * self.correlation_error:
            text += " " + self._meant()
        if self.by_totals:
            text += " " + _("Spend is the mean of all purchases: totals do not tell that of the first.")
        if self.record:
            text += " " + tests_said(len(self.record.tests), self.confidence)
        text += f" {self.prices.said()}"
        if not self.prices:
            text += " " + _("Rising prices make them too low.")
        return self._say(text)

    def _meant(self):
        """What a correlation of purchases and spend beyond chance means for the values."""
        if self.correlation > 0:
            return _("Seldom buyers spend less and are valued too high.")
        return _("Seldom buyers spend more and are valued too low.")


def _bought(customers):
    """Whether each customer bought ``once`` or ``again``."""
    return pd.Series(np.where(customers["repeats"] > 0, "again", "once"), customers.index, name="bought")


@analysis
def lifetime_value(firm, *, horizon_months=12, discount_rate=0.1, margin_rate=0.0, earlier=False):
    """What each customer is expected to bring within a horizon, in today's money (`models.discounted_value`).

    Parameters
    ----------
    firm : Firm; its fits "bg_nbd" and "gamma_gamma" are made once, here or in another analysis
    horizon_months : months to look ahead, default 12
    discount_rate : per year, default 0.1; money later is worth less
    margin_rate : margin as a share of revenue; 0 takes it from the unit costs, and values revenue where there are none
    earlier : whether to look back at what was expected half a year and a year before, too, where that is possible

    Returns
    -------
    LifetimeValue; not possible where the models cannot be fitted or the margin is below zero

    Raises
    ------
    ValueError : another argument is out of its range.
    """
    terms = {"horizon_months": horizon_months, "discount_rate": discount_rate}
    found = _valued(firm, margin_rate, terms).judged_by(track_record(firm, **terms))
    days = {"year": firm.before(12), "half": firm.before(6)} if earlier else {}
    past = {when: _past(then, margin_rate, terms) for when, then in days.items()}
    past = {when: then for when, then in past.items() if then}
    return replace(found, parts=_parts(firm.customers, found), past=past)


@analysis
def _past(firm, margin_rate, terms):
    """The LifetimeValue of an earlier day, without a record of what was forecast before that."""
    return _valued(firm, margin_rate, terms)


def _valued(firm, margin_rate, terms):
    customers, (fit, spend_fit) = firm.customers, _fits(firm)
    rate = margin_rate or margin_of(customers)
    value = discounted_value(customers, fit, spend_fit, margin_rate=rate, confidence=firm.confidence, **terms)
    return LifetimeValue(
        **vars(value),
        parts=_parts(customers, value),
        as_of=firm.as_of,
        correlation=spend_correlation(customers),
        correlation_error=spend_correlation_error(customers),
        currency=firm.currency,
        prices=firm.prices,
        by_totals=firm.by_totals,
    )


def _fits(firm):
    customers = firm.customers
    return (
        firm.once("bg_nbd", lambda: fit_bg_nbd(customers)),
        firm.once("gamma_gamma", lambda: fit_gamma_gamma(customers)),
    )


def _parts(customers, value):
    parts = value.by(_bought(customers), again=_bought)
    parts.insert(2, "customer_share", parts["customers"] / len(customers))
    return parts.assign(value_share=parts["expected_value"] / value.total if value.total > 0 else np.nan)


def track_record(firm, *, horizon_months, discount_rate):
    """The `TrackRecord` of forecasts of revenue so many months ahead, made on earlier days of a firm.

    The latest such day is a horizon ago, two more are half a horizon apart; each has about a horizon of history behind
    it, else the forecast would reach farther than what it has seen. What came is discounted month by month as the
    forecast is, and in the firm's prices.
    """
    first, tests = firm.customers["first_order"].min(), []
    for number in range(TESTS):
        until = months_before(firm.as_of, number * max(horizon_months // 2, 1))
        day = months_before(until, horizon_months)
        if (day - first).days < NEARLY * horizon_months * DAYS_A_MONTH:
            break
        then = firm.on(day)
        try:
            fits = _fits(then)
        except (DataError, FitError):
            continue
        terms = {"horizon_months": horizon_months, "discount_rate": discount_rate}
        forecast = expected_revenue(then.customers, *fits, **terms)
        came = then.customers["customer_id"].map(_came(firm.log, day, until, discount_rate)).fillna(0.0)
        tests.append(then.customers.assign(forecast=forecast, came=came))
    return TrackRecord(tuple(tests))


def _came(log, day, until, discount_rate):
    """Discounted money of each customer in the months after a day, by ``customer_id``."""
    later = log.filter((log.ordered_on > day.date()) & (log.ordered_on <= until.date()))
    month = (later.ordered_on.delta(ibis.literal(day.date()), unit="day") / DAYS_A_MONTH).ceil()
    weight = (ibis.literal(1 + discount_rate).log() * month / -12).exp()
    came = to_frame(later.group_by("customer_id").agg(came=(later.amount * weight).sum()))
    return came.set_index("customer_id")["came"]
