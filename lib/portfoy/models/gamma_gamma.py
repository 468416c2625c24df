"""Gamma-Gamma: how much a customer spends per purchase, drawn towards everybody's mean the less we have seen.

In plain words. Every purchase of a customer varies around that customer's own mean (a gamma distribution with shape p);
the customers' means vary too (their scale is gamma distributed with shape q and rate v). Spend and the number of
purchases are taken to be independent: look at `spend_correlation` first. For x purchases of mean z the likelihood is

    f(z | x) = G(px+q) / (G(px) G(q)) * v^q z^(px-1) x^(px) / (v + x z)^(px+q)              (G gamma function)

and the expected spend per purchase p (v + x z) / (p x + q - 1): a weighted mean of z and of everybody's p v / (q - 1).
It misleads where a customer's spend has a trend, and where big spenders buy more often.

References
----------
Fader & Hardie (2013), The Gamma-Gamma model of monetary value, note 25: FH13 below.
Fader, Hardie & Lee (2005), RFM and CLV: using iso-value curves, Journal of Marketing Research 42(4), 415-430.
"""

from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pandas as pd
from scipy.special import digamma, gammaln, zeta

from portfoy.errors import FitError
from portfoy.locale import _
from portfoy.models.likelihood import (
    FEWEST_REPEATERS,
    LARGEST_LOG_ERROR,
    MANY_ROWS,
    REACH,
    coarsened,
    maximise,
    number_columns,
)

NAMES = ["p", "q", "v"]
_STARTS = [(1.0, 3.0), (6.0, 4.0), (2.0, 15.0), (30.0, 2.0)]  # p, q; v follows from the mean spend


@dataclass(frozen=True)
class GammaGamma:
    """A Gamma-Gamma model with its parameters; `fit_gamma_gamma` estimates them.

    ``p`` shape of one customer's spends: the larger, the more alike they are; ``q``, ``v`` shape (above 1) and rate
    (money) of the distribution behind the customers' means. ``log_likelihood`` at the maximum and ``covariance`` of the
    parameters, 3 x 3, from the observed information; missing where they were given by hand. ``customers``: repeat
    buyers fitted on; ``left_out``: those whose spend is not positive or not known.

    Examples
    --------
    >>> model = GammaGamma(p=6.25, q=3.74, v=15.44)
    >>> customers = pd.DataFrame({"repeats": [2, 7, 0], "repeat_ticket": [22.35, 73.74, None]})
    >>> model.expected_spend(customers).round(1).tolist()
    [24.7, 71.5, 35.2]
    """

    p: float
    q: float
    v: float
    log_likelihood: float = np.nan
    covariance: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame(np.nan, NAMES, NAMES), repr=False, compare=False
    )
    customers: int = 0
    left_out: int = 0

    @property
    def parameters(self):
        """(p, q, v)."""
        return self.p, self.q, self.v

    @property
    def standard_errors(self):
        """Standard error of each parameter, by name."""
        return dict(zip(NAMES, np.sqrt(np.diag(self.covariance)).tolist(), strict=True))

    @property
    def mean(self):
        """Mean spend per purchase over all customers, money: p v / (q - 1)."""
        return self.p * self.v / (self.q - 1)

    def expected_spend(self, customers):
        """Expected spend per purchase of each customer, money (FH13 eq. 5); the mean of all where none is known."""
        x, ticket = money_columns("expected_spend", customers)
        return pd.Series(expected_spend(self.parameters, x, ticket), customers.index, name="expected_spend")


def fit_gamma_gamma(customers):
    """Maximum-likelihood estimate of the Gamma-Gamma model (FH13 eq. 1a) from a customer table: a `GammaGamma`.

    `customers` has one row each with `repeats` (x) and `repeat_ticket` (mean money per repeat purchase day). Customers
    without repeats take no part; repeat buyers without a positive ticket are left out and counted. DataError where a
    column is missing, or `repeats` holds a missing or negative value; FitError where there are fewer than 30 repeat
    buyers, no starting point converges, or the data leave a parameter open.
    """
    x, ticket = money_columns("fit_gamma_gamma", customers)
    known = (x > 0) & (ticket > 0)
    left_out = int((x > 0).sum() - known.sum())
    x, ticket = x[known], ticket[known]
    _refuse_too_plain(x, ticket, len(customers))
    scale = ticket.mean()
    rows = x, ticket / scale, np.ones(len(x))
    exact = rough = _likelihood(*rows)
    if len(x) > MANY_ROWS:
        rough = _likelihood(*coarsened(*rows, cells=50))
    starts = np.log([(p, q, (q - 1) / p) for p, q in _STARTS])
    full = partial(exact, second=True)
    point, value, information = maximise("fit_gamma_gamma", exact, starts, len(x), rough=rough, full=full)
    estimate = np.exp(point) * [1, 1, scale]
    _refuse_open(point, information, estimate)
    return GammaGamma(
        *estimate.tolist(),
        log_likelihood=float(value - len(x) * np.log(scale)),
        covariance=pd.DataFrame(np.linalg.inv(information) * np.outer(estimate, estimate), NAMES, NAMES),
        customers=len(x),
        left_out=left_out,
    )


def money_columns(where, customers):
    """`repeats` and `repeat_ticket` as arrays; a ticket that is missing or not positive is 0, meaning not known."""
    x, *_rest = number_columns(where, customers, ["repeats"], present=["repeat_ticket"])
    ticket = customers["repeat_ticket"].to_numpy(dtype=float, na_value=np.nan)
    return x, np.where(np.isfinite(ticket) & (ticket > 0), ticket, 0.0)


def spend_correlation(customers):
    """Correlation, -1 to 1, of `repeats` and `repeat_ticket` among repeat buyers; the model takes it to be about 0."""
    z = _repeat_scores(customers)
    return np.nan if z is None else float((z[0] * z[1]).mean())


def spend_correlation_error(customers):
    """The standard error of `spend_correlation`, with customers as a sample of any shape; missing as that is.

    That of the mean of its influence function: Devlin, Gnanadesikan & Kettenring (1975), Biometrika 62(3).
    """
    z = _repeat_scores(customers)
    if z is None:
        return np.nan
    influence = z[0] * z[1] - (z[0] * z[1]).mean() * (z**2).mean(axis=0)
    return float(influence.std() / np.sqrt(z.shape[1]))


def _repeat_scores(customers):
    """`repeats` and `repeat_ticket` of repeat buyers, a row each, with mean 0 and deviation 1; None where they do not
    differ.
    """
    x, ticket = money_columns("spend_correlation", customers)
    both = np.array([x, ticket])[:, (x > 0) & (ticket > 0)]
    if both.shape[1] < 2 or not np.ptp(both, axis=1).all():
        return None
    return (both - both.mean(axis=1, keepdims=True)) / both.std(axis=1, keepdims=True)


def expected_spend(parameters, x, ticket):
    """Expected spend per purchase, arrays (FH13 eq. 5); a ticket that is not positive counts as not known."""
    p, q, v = parameters
    x = np.where(ticket > 0, x, 0)
    return p * (v + x * np.where(x > 0, ticket, 0)) / (p * x + q - 1)


def _likelihood(x, z, weight):
    """The log-likelihood of weighted rows (FH13 eq. 1a) as a function of the log-parameters, with its gradient.

    With `second` also its information matrix.
    """
    at, xs = pd.factorize(x, sort=True)
    n, n_x, spent, total = np.bincount(at, weight), weight * x, x * z, weight.sum()
    logs = np.log(z)
    log_z, x_log_z, x_log_x = weight @ logs, n_x @ logs, n @ (xs * np.log(xs))

    def gain(point, second=False):
        p, q, v = size = np.exp(point)
        log_all, per_all = np.log(v + spent), 1 / (v + spent)
        both, own = p * xs + q, p * xs
        once, often = weight @ log_all, n_x @ log_all
        value = n @ (gammaln(both) - gammaln(own)) + total * (q * point[2] - gammaln(q))
        value += p * (x_log_x + x_log_z - often) - log_z - q * once
        pull, push = n_x @ per_all, weight @ per_all
        slope = [
            n @ (xs * (digamma(both) - digamma(own))) + x_log_x + x_log_z - often,
            n @ digamma(both) + total * (point[2] - digamma(q)) - once,
            total * q / v - p * pull - q * push,
        ]
        slope = np.array(slope) * size
        if not second:
            return value, slope
        in_both, in_v = n * zeta(2, both), (p * n_x + q * weight) @ per_all**2 - total * q / v**2
        bend = [
            [in_both @ xs**2 - n @ (xs**2 * zeta(2, own)), in_both @ xs, -pull],
            [in_both @ xs, in_both.sum() - total * zeta(2, q), total / v - push],
            [-pull, total / v - push, in_v],
        ]
        return value, slope, -np.array(bend) * np.outer(size, size) - np.diag(slope)

    return gain


def _refuse_too_plain(x, ticket, rows):
    """FitError when there are too few repeat buyers, or all spend the same."""
    if len(x) < FEWEST_REPEATERS:
        text = _(
            "fit_gamma_gamma: {known} of {customers} customers have a repeat purchase above zero; {fewest} are "
            "needed. Use a longer history or the mean spend of all."
        )
        raise FitError(text.format(known=len(x), customers=rows, fewest=FEWEST_REPEATERS))
    if np.ptp(ticket) <= 1e-9 * ticket.max():
        text = _("fit_gamma_gamma: all {known} repeat buyers spend {spend:.6g} per purchase. Use this amount itself.")
        raise FitError(text.format(known=len(x), spend=ticket[0]))


def _refuse_open(point, information, estimate):
    """FitError when the mean spend is infinite, or the likelihood has no single peak inside the bounds."""
    p, q, v = estimate
    if q <= 1:
        text = _("fit_gamma_gamma: q is {q:.3g}, not above 1: the mean spend is infinite. Look for extreme amounts.")
        raise FitError(text.format(q=q))
    open_bound = np.abs(point).max() > REACH - 1e-3
    if open_bound or np.linalg.eigvalsh(information)[0] < LARGEST_LOG_ERROR**-2:
        text = _(
            "fit_gamma_gamma: p = {p:.3g}, q = {q:.3g} and v = {v:.3g} stay open: spends differ too little between "
            "customers or within them. Use the mean spend of all."
        )
        raise FitError(text.format(p=p, q=q, v=v))
