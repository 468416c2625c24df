"""What are the customers worth: the money each of them, and all together, are expected to bring?"""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from portfoy.customers import margin_rate as margin_of
from portfoy.firm import analysis
from portfoy.intervals import two_sided, z_value
from portfoy.locale import _, plural
from portfoy.models.bg_nbd import fit_bg_nbd
from portfoy.models.discounted_value import DiscountedValue, discounted_value
from portfoy.models.gamma_gamma import fit_gamma_gamma, spend_correlation
from portfoy.source.prices import AS_PAID, Prices
from portfoy.words import style
from portfoy.words.result import Figure, Finding, Past, Result
from portfoy.words.table import show

UNRELATED = 0.2  # correlation of frequency and spend up to which the two count as unrelated


@dataclass(frozen=True, eq=False)
class LifetimeValue(DiscountedValue, Result):
    """What the customers are expected to bring: all of `DiscountedValue`, and how it rests on those who bought once.

    ``parts``, one row per way of having bought, ``once`` or ``again``, where there are such customers: ``bought``;
    ``customers``; ``customer_share`` 0-1; ``expected_value`` money, with ``expected_value_low`` and
    ``expected_value_high``; ``value_share`` 0-1, missing where nothing is expected of anybody.
    ``correlation`` of purchases and spend per purchase among those who bought again, -1 to 1; the models take it for 0.
    ``past``: what was expected a "year" and a "half" (year) before, a LifetimeValue each, where that was asked for.
    """

    parts: pd.DataFrame
    as_of: pd.Timestamp | None
    correlation: float
    currency: str
    past: dict = field(default_factory=dict)
    prices: Prices = AS_PAID

    def _say(self, text):
        each, n = dict(zip(["mean", "mean_low", "mean_high"], self.mean, strict=True)), self.horizon_months
        measure = style.measure("revenue" if self.margin_rate == 1 else "margin")
        period = plural("the next month", "the next {n} months", n).format(n=n)
        words = {"measure": measure, "level": style.level(self.confidence), "period": period}
        return style.say(text, {**vars(self), **each, **words}, currency=self.currency)

    def finding(self):
        if not self.total > 0:
            return Finding(_("Nothing is expected of the customers of today"), nothing=True)
        return Finding(self._say(_("The customers of today are expected to bring {total:money} of {measure}")))

    def reading(self):
        if not self.total > 0:
            return ""
        text = self._say(
            _("That is over {period}, in today's money ({total_interval:money}); {mean:money} a customer.")
        )
        once = _("{value_share:share} of it rests on those who bought once, of whom least is known.")
        rows = self.parts[self.parts["bought"] == "once"].iloc
        return style.Reading(" ".join([text, *(style.say(once, row) for row in rows)]))

    def figures(self):
        total = (self.total, self.total_low, self.total_high)
        whole, each = _("{measure} over {period}"), _("mean of all who ever bought, {measure} over {period}")
        past = {when: Past(f"{then.as_of:%Y-%m-%d}", then.total, self._moved(then)) for when, then in self.past.items()}
        return [  # the mean has no past: those who ever bought only become more, so it falls by itself
            Figure("expected_value", *total, "money", str(self._say(whole)), "up", **past),
            Figure("clv", *self.mean, "money", str(self._say(each))),
        ]

    def _moved(self, then):
        """The p-value of the change of the total since an earlier day.

        The intervals are of the models, with these customers. Of a change it is chance, too, who came and who stopped:
        the total is a sum over customers, and its error that of the sum of their differences.
        """
        each = [value.table.set_index("customer_id")["expected_value"] for value in (self, then)]
        chance = np.square(each[0].sub(each[1], fill_value=0)).sum()
        model = [(value.total_high - value.total_low) / 2 / z_value(self.confidence) for value in (self, then)]
        return two_sided(self.total - then.total, np.sqrt(chance + np.square(model).sum()))

    def summary(self):
        columns = ["bought", "customers", "value_share", "expected_value", "expected_value_low", "expected_value_high"]
        title = _("Expected of those who bought once, and of others")
        return show(self.parts[columns], title, currency=self.currency)

    def method(self):
        text = _(
            "Purchases to come (BG/NBD) times spend (Gamma-Gamma) times margin, {margin_rate:share} of revenue, at "
            "{discount_rate:share} a year less for later money. New customers are not in it. The interval ({level}) is "
            "of the mean; forecast errors come on top. Purchases and spend are taken as unrelated; their correlation "
            "is {correlation:ratio}."
        )
        if abs(self.correlation) >= UNRELATED:
            text += " " + _("Read the values with care.")
        text += f" {self.prices.said()}"
        if not self.prices:
            text += " " + _("Rising prices make them too low.")
        return self._say(text)


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
    customers = firm.customers
    fit = firm.once("bg_nbd", lambda: fit_bg_nbd(customers))
    spend_fit = firm.once("gamma_gamma", lambda: fit_gamma_gamma(customers))
    terms = {"horizon_months": horizon_months, "discount_rate": discount_rate, "confidence": firm.confidence}
    value = discounted_value(customers, fit, spend_fit, margin_rate=margin_rate or margin_of(customers), **terms)
    again = {"horizon_months": horizon_months, "discount_rate": discount_rate, "margin_rate": margin_rate}
    days = {"year": firm.before(12), "half": firm.before(6)} if earlier else {}
    past = {when: lifetime_value(then, **again) for when, then in days.items()}
    return LifetimeValue(
        **vars(value),
        parts=_parts(customers, value),
        as_of=firm.as_of,
        correlation=spend_correlation(customers),
        currency=firm.currency,
        past={when: then for when, then in past.items() if then},
        prices=firm.prices,
    )


def _parts(customers, value):
    bought = pd.Series(np.where(customers["repeats"] > 0, "again", "once"), customers.index, name="bought")
    parts = value.by(bought)
    parts.insert(2, "customer_share", parts["customers"] / len(customers))
    return parts.assign(value_share=parts["expected_value"] / value.total if value.total > 0 else np.nan)
