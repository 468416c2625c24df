"""What one customer may bring: futures drawn from the models, where `discounted_value` gives their mean.

For each customer a buying rate, a chance to stop and a level of spend are drawn from what the models know of him or
her, and a future is played: is the customer still there, when are the purchases, what is each worth? The range of many
such futures is what a single customer can be held against; the interval of the mean is far narrower.
"""

import numpy as np
import pandas as pd

from portfoy.models.discounted_value import DAYS_A_MONTH
from portfoy.models.gamma_gamma import money_columns
from portfoy.models.likelihood import time_columns

MOST = 2_000  # purchases within the horizon after which a future is not played on


def likely_range(customers, value, *, coverage=0.8, draws=2_000, seed=7):
    """The range in which what a customer brings will end, in `coverage` of the futures that the models allow.

    `customers` has one row each with `repeats`, `span`, `age` (days) and `repeat_ticket` (money); `value` is the
    DiscountedValue whose models, horizon, discount and margin rate are used, the parameters taken as known. Gives a
    DataFrame on the index of `customers`: ``likely_low``, ``likely_high`` discounted money. Meant for a list to act on:
    the work grows with customers times `draws`. Fader, Hardie & Lee (2005), Marketing Science 24(2), section 4, and
    Fader & Hardie (2013), note 25: given the data, the rate is gamma(r + x, alpha + T), the chance to stop beta(a, b +
    x) of those still there, the scale of the spends gamma(p x + q, v + x z).
    """
    brought = futures(customers, value, draws=draws, seed=seed)
    low, high = np.quantile(brought, [(1 - coverage) / 2, (1 + coverage) / 2], axis=0)
    return pd.DataFrame({"likely_low": low, "likely_high": high}, index=customers.index)


def futures(customers, value, *, draws=2_000, seed=7):
    """Discounted money that each customer brings in each of `draws` futures: an array, draws x customers."""
    fit, spend_fit = value.fit, value.spend_fit
    x, _span, age = time_columns("likely_range", customers)
    _x, ticket = money_columns("likely_range", customers)
    known = np.where((x > 0) & (ticket > 0), x, 0.0)
    spent = known * np.where(known > 0, ticket, 0.0)
    rng = np.random.default_rng(seed)
    size = (draws, len(customers))
    there = rng.random(size) < fit.p_alive(customers).to_numpy()
    cell = np.flatnonzero(there)  # only the futures that go on are worked on, and they soon are few
    rate = rng.gamma(fit.r + x, 1 / (fit.alpha + age), size)[there]
    stop = rng.beta(fit.a, fit.b + x, size)[there]
    scale = rng.gamma(spend_fit.p * known + spend_fit.q, 1 / (spend_fit.v + spent), size)[there]
    now, brought, horizon = np.zeros(len(cell)), np.zeros(there.size), value.horizon_months * DAYS_A_MONTH
    for _purchase in range(MOST):
        now = now + rng.exponential(1, len(cell)) / rate
        cell, now, rate, stop, scale = _only(now <= horizon, cell, now, rate, stop, scale)
        if not len(cell):
            break
        discount = (1 + value.discount_rate) ** (-now / (12 * DAYS_A_MONTH))
        brought[cell] += rng.gamma(spend_fit.p, 1, len(cell)) / scale * discount
        cell, now, rate, stop, scale = _only(rng.random(len(cell)) >= stop, cell, now, rate, stop, scale)
    return brought.reshape(size) * value.margin_rate


def _only(which, *arrays):
    return [array[which] for array in arrays]
