"""BG/NBD: how often customers buy, and whether they still do, where nobody says goodbye.

In plain words. While active, customers buy at random moments, each at a rate of their own; right after a purchase they
may leave for good, each with a chance of their own. Rates differ between customers as a gamma distribution (r, alpha:
mean r / alpha purchases a day), chances of leaving as a beta distribution (a, b: mean a / (a + b) after each
purchase); the two are independent.

For a customer with x repeat purchases, the last one t days after the first and T days observed, the likelihood is

    L(r, alpha, a, b) = G(r+x) alpha^r / G(r) * { B(a, b+x) / B(a, b) / (alpha+T)^(r+x)
                        + [x > 0] B(a+1, b+x-1) / B(a, b) / (alpha+t)^(r+x) }             (G gamma, B beta function)

The first term is "still active at T", the second "left at t". It misleads where customers leave between purchases,
where buying is seasonal or regular, and for contracts, whose end is known.

Fader, Hardie & Lee (2005), "Counting your customers" the easy way, Marketing Science 24(2), 275-284: FHL05 below.
"""

from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pandas as pd
from scipy.special import betainc, betaln, digamma, expit, gammaln, hyp2f1, xlogy, zeta

from portfoy.errors import FitError
from portfoy.locale import _
from portfoy.models import likelihood
from portfoy.models.likelihood import REACH, coarsened, counted, distinct, inverse, maximise, time_columns

NAMES = ["r", "alpha", "a", "b"]
BLOCK = 2**13  # rows
FEW_STOP = 0.01  # a / (a + b) below which a fit does not tell those who stop from those who buy seldom
# r, a, b; alpha follows from the mean rate
_STARTS = [(0.25, 0.8, 2.5), (1.0, 1.0, 1.0), (3.0, 0.1, 1.0), (1.0, 3.0, 30.0)]


@dataclass(frozen=True)
class BgNbd:
    """A BG/NBD model with its parameters; `fit_bg_nbd` estimates them.

    ``r``, ``alpha`` shape and scale (days) of the purchase rates; ``a``, ``b`` of the chance of leaving.
    ``log_likelihood`` at the maximum, time in days, and ``covariance`` of the parameters, 4 x 4, from the observed
    information; missing where they were given by hand. ``customers`` fitted on, ``repeaters`` among them, their repeat
    ``purchases``. ``open``: why the data leave a and b open, though not the forecasts; empty where they do not.

    Examples
    --------
    >>> model = BgNbd(r=0.243, alpha=30.9, a=0.793, b=2.426)
    >>> customers = pd.DataFrame({"repeats": [2, 0], "span": [213, 0], "age": [272, 272]})
    >>> model.p_alive(customers).round(2).tolist()
    [0.73, 1.0]
    >>> model.expected_purchases(customers, 273).round(2).tolist()
    [1.23, 0.2]
    """

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float = np.nan
    covariance: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame(np.nan, NAMES, NAMES), repr=False, compare=False
    )
    customers: int = 0
    repeaters: int = 0
    purchases: int = 0
    open: str = ""

    @property
    def parameters(self):
        """(r, alpha, a, b)."""
        return self.r, self.alpha, self.a, self.b

    @property
    def standard_errors(self):
        """Standard error of each parameter, by name; missing for a and b where the data leave them open."""
        errors = np.sqrt(np.diag(self.covariance))
        if self.open:
            errors[2:] = np.nan
        return dict(zip(NAMES, errors.tolist(), strict=True))

    def p_alive(self, customers):
        """Probability, 0-1, that each customer is still active (from FHL05 eq. 6); 1 without a repeat purchase."""
        x, t, age = time_columns("p_alive", customers)
        return pd.Series(p_alive(self.parameters, x, t, age), customers.index, name="p_alive")

    def expected_purchases(self, customers, horizon_days):
        """Purchases expected of each customer in the `horizon_days` after the end of the observation (FHL05 eq. 10)."""
        x, t, age = time_columns("expected_purchases", customers)
        horizon = _days("expected_purchases", horizon_days)
        row, (x_row, age_row) = distinct(x, age)
        expected = expected_if_alive(self.parameters, x_row, age_row, horizon)[row]
        alive = p_alive(self.parameters, x, t, age)
        return pd.Series(alive * expected, customers.index, name="expected_purchases")

    def p_active(self, customers, horizon_days):
        """Probability, 0-1, of a purchase in the next `horizon_days` (alive, times one minus a gamma-Poisson zero)."""
        x, t, age = time_columns("p_active", customers)
        horizon = _days("p_active", horizon_days)
        some = -np.expm1(-(self.r + x) * np.log1p(horizon / (self.alpha + age)))
        return pd.Series(p_alive(self.parameters, x, t, age) * some, customers.index, name="p_active")

    def expected_new(self, days):
        """Repeat purchases expected of a new customer in `days`, a number or an array: E[X(t)], FHL05 eq. 9."""
        return expected_if_alive(self.parameters, 0.0, 0.0, _days("expected_new", days))[()]

    def p_active_new(self, start, end):
        """Probability, 0-1, that a new customer buys again between two days since the first purchase, arrays.

        With rate l and chance p of leaving, exp(-l p start) (1 - exp(-l (end - start))): still active, and not without
        a purchase. Its mean over both, with F the hypergeometric function and g(d) at the length or 0, is g(0) -
        g(end - start), g(d) = (alpha / (alpha + start + d))^r F(r, b; a + b; start / (alpha + start + d)).
        """
        (r, alpha, a, b), days = self.parameters, [_days("p_active_new", each) for each in (start, end)]
        still, left = ((alpha / (alpha + day)) ** r * _mean(r, b, a + b, days[0] / (alpha + day)) for day in days)
        return (still - left)[()]

    def p_purchases(self, n, days):
        """Probability, 0-1, of `n` repeat purchases of a new customer in `days`, numbers or arrays: FHL05 eq. 8."""
        (r, alpha, a, b), t, n = self.parameters, _days("p_purchases", days), np.asarray(n, dtype=float)
        share, some = t / (alpha + t), np.maximum(n, 1)
        counted = gammaln(r + n) - gammaln(r) - gammaln(n + 1) - r * np.log1p(t / alpha) + xlogy(n, share)
        active = np.exp(betaln(a, b + n) - betaln(a, b) + counted)
        # The paper's 1 - sum over j < n is a negative binomial's upper tail: as an incomplete beta nothing cancels.
        left = np.exp(betaln(a + 1, b + some - 1) - betaln(a, b)) * betainc(some, r, share)
        return (active + np.where(n > 0, left, 0.0))[()]


def fit_bg_nbd(customers):
    """Maximum-likelihood estimate of the BG/NBD model (FHL05 eq. 6) from a customer table: a `BgNbd`.

    `customers` has one row each with `repeats` (x), `span` (t, days) and `age` (T, days). Where hardly any seem to go,
    or all have the same chance to stop, the likelihood has a ridge along a and b: the forecasts are the same all along
    it, so they stand; `open` says so, and a and b have no standard errors. DataError where a column is missing, or
    holds a missing or negative value, or a span exceeds its age; FitError where fewer than 30 customers bought again,
    no starting point converges, or all buy at the same rate.
    """
    x, t, age = time_columns("fit_bg_nbd", customers, whole=True)
    repeaters = int((x > 0).sum())
    if repeaters < likelihood.FEWEST_REPEATERS:
        text = _(
            "fit_bg_nbd: {repeaters} of {customers} customers bought again; {fewest} are needed. Use a longer history."
        )
        raise FitError(text.format(repeaters=repeaters, customers=len(x), fewest=likelihood.FEWEST_REPEATERS))
    scale = age.mean() or 1.0
    x_row, t_row, age_row, weight = counted(x, t, age)
    rows = x_row, t_row / scale, age_row / scale, weight
    exact = rough = _likelihood(*rows)
    if len(x_row) > likelihood.MANY_ROWS:
        rough = _likelihood(*coarsened(*rows, cells=16))
    rate = x.sum() / len(x)  # per mean age, the unit of time here
    starts = np.log([(r, r / rate, a, b) for r, a, b in _STARTS])
    full = partial(exact, second=True)
    point, value, information = maximise("fit_bg_nbd", exact, starts, len(x), rough=rough, full=full)
    estimate = np.exp(point) * [1, scale, 1, 1]
    return BgNbd(
        *estimate.tolist(),
        log_likelihood=float(value - x.sum() * np.log(scale)),
        covariance=pd.DataFrame(inverse(point, information) * np.outer(estimate, estimate), NAMES, NAMES),
        customers=len(x),
        repeaters=repeaters,
        purchases=int(x.sum()),
        open=_open(point, information, estimate),
    )


def p_alive(parameters, x, t, age):
    """Probability of being active at `age`, arrays: the first term of the likelihood over both."""
    r, alpha, a, b = parameters
    odds = np.log(a) - np.log(b + np.maximum(x, 1) - 1) + (r + x) * np.log1p((age - t) / (alpha + t))
    return np.where(x > 0, expit(-odds), 1.0)


def expected_if_alive(parameters, x, age, horizon):
    """Purchases within `horizon` of a customer active at `age`, arrays: FHL05 eq. 10, numerator.

    The hypergeometric function is taken after Euler's transformation: as printed it is, at large x, a huge number times
    a tiny one.
    """
    r, alpha, a, b = parameters
    # At a = 1 and at a + b + x = 1 the formula is 0 / 0; beside it there is nothing to see, so we step aside.
    a = a + 1e-6 if abs(a - 1) < 1e-6 else a
    b = b + 1e-6 if abs(a + b - 1) < 1e-6 else b
    x, age, horizon = np.broadcast_arrays(np.asarray(x, dtype=float), age, horizon)
    z, rest = horizon / (alpha + age + horizon), (alpha + age) / (alpha + age + horizon)
    with np.errstate(invalid="ignore", over="ignore"):
        unseen = rest ** (a - 1) * hyp2f1(a + b - 1 - r, a - 1, a + b + x - 1, z)
    lost = ~np.isfinite(unseen) | (a > 100)  # scipy overflows where a + b + x > 171 and z > 0.9, or a is large
    if lost.any():
        unseen[lost] = rest[lost] ** (r + x[lost]) * _series(r + x[lost], b + x[lost], a + b + x[lost] - 1, z[lost])
    return (a + b + x - 1) / (a - 1) * (1 - unseen)


def _mean(one, two, three, z):
    """The hypergeometric function of z below 1, arrays; summed up where scipy overflows, which is where b is large."""
    found = np.asarray(hyp2f1(one, two, three, z))
    lost = ~np.isfinite(found)
    return np.where(lost, _series(one, two, three, np.where(lost, z, 0.0)), found)


def _series(one, two, three, z):
    """Hypergeometric series of positive terms, summed until the terms no longer count."""
    term, total = np.ones_like(z), np.ones_like(z)
    for k in range(1_000_000):
        term = term * (one + k) * (two + k) / ((three + k) * (k + 1)) * z
        total = total + term
        if (term <= 1e-17 * total).all():
            break
    return total


def _likelihood(x, t, age, weight):
    """The log-likelihood of weighted rows (FHL05 eq. 6) as a function of the log-parameters, with its gradient.

    With `second` also its information matrix. All but the second term depends on x alone or on T alone, so it is summed
    over their few values; the second term is summed over blocks of rows that stay in the processor's own memory.
    """
    (x_at, xs), (age_at, ages) = pd.factorize(x), pd.factorize(age)
    n_x, n_age, x_age = np.bincount(x_at, weight), np.bincount(age_at, weight), np.bincount(age_at, weight * x)
    total, again = weight.sum(), np.where(x > 0, weight, 0)

    def gain(point, second=False):
        r, alpha, a, b = size = np.exp(point)
        n, log_age, late = r * n_age + x_age, np.log(alpha + ages), 1 / (alpha + ages)
        gammas = gammaln(r + xs) - gammaln(r) + gammaln(b + xs) - gammaln(b) + gammaln(a + b) - gammaln(a + b + xs)
        in_r, in_b, in_both = (n_x @ (digamma(z + xs) - digamma(z)) for z in (r, b, a + b))
        value, bend = n_x @ gammas + total * r * point[1] - n @ log_age, np.zeros((4, 4))
        in_alpha = total * r / alpha - n @ late
        slope = np.array([in_r + total * point[1] - n_age @ log_age, in_alpha, -in_both, in_b - in_both])
        if second:
            in_r, in_b, in_both = (n_x @ (zeta(2, z + xs) - zeta(2, z)) for z in (r, b, a + b))
            bend += np.diag([in_r, n @ late**2 - total * r / alpha**2, 0, in_b])
            bend[[0, 1], [1, 0]] += total / alpha - n_age @ late
            bend[2:, 2:] -= in_both
        for start in range(0, len(x), BLOCK):
            rows = slice(start, start + BLOCK)
            value += _add_left(size, x[rows], t[rows], age[rows], again[rows], slope, bend, second)
        slope *= size
        return (value, slope, -bend * np.outer(size, size) - np.diag(slope)) if second else (value, slope)

    return gain


def _add_left(parameters, x, t, age, weight, slope, bend, second):
    """The second term of the log-likelihood of rows; its derivatives are added to `slope` and, if `second`, `bend`."""
    r, alpha, a, b = parameters
    power, kept, early, late = r + x, b + np.maximum(x, 1) - 1, 1 / (alpha + t), 1 / (alpha + age)
    since, lost = np.log((alpha + age) * early), (age - t) * early * late
    odds = np.maximum(power * since + np.log(a / kept), -700)  # log of left : active; below, exp would overflow
    more = 1 + np.exp(-odds)
    left = weight / more
    moves = np.array([since, -power * lost, np.full(len(x), 1 / a), -1 / kept])  # of the odds with each parameter
    slope += moves @ left
    if second:
        bend += (moves * (left - left / more)) @ moves.T
        bend += np.diag([0, left @ (power * lost * (early + late)), -left.sum() / a**2, left @ kept**-2])
        bend[[0, 1], [1, 0]] -= left @ lost
    return weight @ (odds + np.log(more))


def _open(point, information, estimate):
    """Why a and b cannot be told apart, in words; empty where they can. FitError when it is r and alpha."""
    errors, directions = np.linalg.eigh(information)
    at_bound = np.abs(point) > REACH - 1e-3
    if errors[0] >= likelihood.LARGEST_LOG_ERROR**-2 and not at_bound.any():
        return ""
    r, alpha, a, b = estimate
    flat = at_bound if at_bound.any() else np.abs(directions[:, 0]) == np.abs(directions[:, 0]).max()
    if flat[:2].any():
        text = _("fit_bg_nbd: r = {r:.3g}, alpha = {alpha:.3g} stay open: all buy at one rate. Use a longer history.")
        raise FitError(text.format(r=r, alpha=alpha))
    if a / (a + b) < FEW_STOP:
        return _("the data do not tell who has stopped from who buys seldom")
    return _("all seem to have the same chance to stop")


def _days(where, days):
    """`days` as an array, not negative."""
    days = np.asarray(days, dtype=float)
    if not (days >= 0).all():
        raise ValueError(_("{where}: days must be 0 or more, not {days}.").format(where=where, days=days))
    return days
