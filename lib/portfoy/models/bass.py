"""Bass: how something new spreads, from people who take it up on their own and people who follow others.

In plain words. Of m people who will ever take it up, each who has not done so yet does in the next month with a chance
of about p on their own (innovation) plus q times the share of the m who already have (imitation). Where q is larger
than p, each month brings more people than the one before until a peak, and fewer after it; where it is not, the first
month is the strongest. With F(t) the share of the m who have taken it up t months after the launch,

    dF / dt = (p + q F) (1 - F)                  F(t) = (1 - e^-(p+q)t) / (1 + q/p e^-(p+q)t)
    peak at t* = ln(q / p) / (p + q)             from t1 to t2:  m (F(t2) - F(t1)) people

The number in each period is taken as Poisson around that mean, so the likelihood is that of counts; the search is on
the logarithms of p, q and m. Real counts scatter more (seasons, campaigns): the intervals are widened by the square
root of the scatter found over that expected (quasi-Poisson). It misleads where the price or the market changes on the
way, and before the peak is past: m then tends to come out too small.

Bass (1969), A new product growth for model consumer durables, Management Science 15(5), 215-227: dF/dt, F and t*.
Van den Bulte & Lilien (1997), Marketing Science 16(4), 338-353: m before the peak.
McCullagh & Nelder (1989), Generalized Linear Models, section 6.2.3: scatter beyond Poisson.
"""

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from scipy.optimize import brentq, minimize
from scipy.special import gammaln

from portfoy.errors import DataError, FitError
from portfoy.intervals import delta_error, on_logs, wald, z_value
from portfoy.locale import _
from portfoy.models.discounted_value import DAYS_A_MONTH
from portfoy.models.likelihood import REACH, inverse, maximise, number_columns

NAMES = ["p", "q", "m"]
FEWEST_ADOPTERS, FEWEST_PERIODS = 30, 6
BEYOND = 10.0  # times those counted; m stays open where the counts do not rule out so many
TWO = 3.0  # fall of the log-likelihood that two parameters exceed by chance in one of twenty cases; fixed, it decides
NEVER = 60.0  # after so many times 1 / (p + q), nobody is left
_STARTS = [(0.1, 0.5), (0.1, 5.0), (0.5, 1.5), (0.02, 10.0), (1.0, 0.1)]  # p, q per time observed; m follows


@dataclass(frozen=True)
class Bass:
    """A Bass model with its parameters; `fit_bass` estimates them.

    ``p``, ``q`` innovation and imitation, per month of 365.25 / 12 days (where q is 0, ``q_most``, from the profile
    likelihood, is the largest that the counts allow); ``m`` people in the end. ``log_likelihood`` and ``covariance`` of
    the parameters, 3 x 3, widened by ``dispersion``, the counts' scatter over that of Poisson counts; missing where the
    parameters were given by hand. ``adopters`` people fitted on; ``days`` from the launch to the end of the last
    period. ``open``: why m stays open, and p with it, empty where they do not. ``confidence`` of all intervals.

    Examples
    --------
    >>> model = Bass(p=0.025, q=0.38, m=600)
    >>> model.expected([365, 730])["expected"].round(1).tolist()
    [532.4, 599.4]
    >>> round(model.peak()[0], 1)
    6.7
    """

    p: float
    q: float
    m: float
    log_likelihood: float = np.nan
    covariance: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame(np.nan, NAMES, NAMES), repr=False, compare=False
    )
    dispersion: float = 1.0
    adopters: int = 0
    days: int = 0
    open: str = ""
    q_most: float = np.nan
    confidence: float = 0.95

    @property
    def standard_errors(self):
        """Standard error of each parameter, by name; 0 for a q of 0."""
        return dict(zip(NAMES, np.sqrt(np.diag(self.covariance)).tolist(), strict=True))

    def interval(self, name):
        """Bounds of a parameter: "p", "q" or "m".

        p and q go by a factor, so that they stay positive; a q of 0 has `q_most` above it. Those who took it up
        already are certain, so the bounds of m are they and those of `rest`. Where m is open, so is p.
        """
        if self.open and name != "q":
            return float(self.adopters if name == "m" else 0), np.inf
        if name == "m":
            _rest, low, high = self.rest()
            return self.adopters + low, self.adopters + high
        value, error = getattr(self, name), self.standard_errors[name]
        if value == 0:
            return 0.0, self.q_most
        low, high = on_logs(value, error / value, self.confidence)
        return float(low), float(high)

    def rest(self):
        """People still to come after the last period, with their own scatter: (people, low, high)."""
        now = np.array([self.days / DAYS_A_MONTH])
        log_share, slope = self._share(now, now + NEVER / (self.p + self.q))
        rest = float(self.m * np.exp(log_share[0]))
        half = float((z := z_value(self.confidence)) * delta_error(slope[:, 0], self.covariance))
        scatter, root = z / 2 * np.sqrt(self.dispersion), np.sqrt(rest)  # of counts, on their square roots
        low = rest - np.hypot(rest * -np.expm1(-half), rest - max(root - scatter, 0) ** 2)
        high = rest + np.hypot(rest * np.expm1(min(half, 50)), (root + scatter) ** 2 - rest)
        return rest, float(max(low, 0.0)), float(high)

    def _share(self, t1, t2):
        """log(F(t2) - F(t1)), and the slopes of log(m (F(t2) - F(t1))) in p, q and m."""
        log_share, slope = _log_share(self.p, self.q, t1, t2)
        return log_share, np.vstack([slope, np.full(slope.shape[1], 1 / self.m)])

    def peak(self):
        """Months from the launch to the strongest moment, with its interval: (months, low, high); 0 without a hump."""
        p, q, both = self.p, self.q, self.p + self.q
        if q <= p:
            return 0.0, np.nan, np.nan
        months = np.log(q / p) / both
        slope = np.array([-1 / p - months, 1 / q - months, 0.0]) / both
        low, high = wald(months, delta_error(slope, self.covariance), self.confidence)
        return float(months), float(max(low, 0.0)), float(high)

    def expected(self, end_day, *, start_day=0):
        """People expected to take it up from `start_day` (0: the launch) until before `end_day`, days since the launch.

        Gives a DataFrame, one row per `end_day`: ``start_day``, ``end_day``, ``expected`` people with bounds, how far
        the mean itself is uncertain (delta method on the logarithm), not how far single periods scatter around it.
        """
        end, start = np.broadcast_arrays(np.atleast_1d(np.asarray(end_day, dtype=float)), start_day)
        if not ((start >= 0) & (end > start)).all():
            raise ValueError(_("expected: a period begins on day 0 or later, and ends later."))
        log_share, slope = self._share(start / DAYS_A_MONTH, end / DAYS_A_MONTH)
        expected = self.m * np.exp(log_share)
        low, high = on_logs(expected, delta_error(slope.T, self.covariance), self.confidence)
        days = {"start_day": start, "end_day": end}
        return pd.DataFrame(days | {"expected": expected, "expected_low": low, "expected_high": high})


def fit_bass(adoptions, *, confidence=0.95):
    """Maximum-likelihood estimate of the Bass model from counts of people by period.

    Parameters
    ----------
    adoptions : DataFrame, one row per period, in order: ``start_day`` and ``end_day`` (days since the launch, the
        second not in the period; the last period may be shorter), ``adopters`` people who took it up in it
    confidence : of the intervals, 0-1

    Returns
    -------
    Bass

    Raises
    ------
    DataError : a column is missing, a count is no number of 0 or more, or the periods leave a gap.
    FitError : there are fewer than 30 people or 6 periods, or no starting point converges.
    """
    start, end, count = _columns(adoptions)
    total, scale = count.sum(), end.max()
    t1, t2 = start / scale, end / scale
    gain = _likelihood(t1, t2, count)
    starts = [[*np.log([p, q]), -np.log(np.exp(_log_share(p, q, t1, t2)[0]).sum())] for p, q in _STARTS]
    point, value, information = maximise("fit_bass", gain, starts, total)
    months = scale / DAYS_A_MONTH
    estimate = np.exp(point) * [1 / months, 1 / months, total]
    flat = point[1] < 1e-3 - REACH  # no imitation: the likelihood is level in its logarithm
    estimate[1] *= not flat
    one = z_value(confidence) ** 2 / 2  # fall of the log-likelihood that one parameter exceeds by chance so rarely
    dispersion = _dispersion(count, np.exp(_log_share(*np.exp(point[:2]), t1, t2)[0] + point[2]) * total)
    fit = Bass(
        *estimate.tolist(),
        log_likelihood=float(value - gammaln(count + 1).sum() + total * np.log(total)),
        covariance=pd.DataFrame(inverse(point, information) * np.outer(estimate, estimate) * dispersion, NAMES, NAMES),
        dispersion=float(dispersion),
        adopters=int(total),
        days=round(scale),
        q_most=_largest_q(gain, point, value - one * dispersion) / months if flat else np.nan,
        confidence=confidence,
    )
    least = value - TWO * dispersion
    closed = point[2] < np.log(BEYOND) and _best(gain, point, 2, np.log(BEYOND)) < least
    return replace(fit, open=_why_open(fit, closed))


def _log_share(p, q, t1, t2):
    """log(F(t2) - F(t1)) and its slopes in p and q, arrays; written so that neither early nor late digits are lost.

    With u = e^-(p+q)t the difference is (1 + q/p) (u1 - u2) / ((1 + q/p u1) (1 + q/p u2)).
    """
    both, odds, length = p + q, q / p, t2 - t1
    u = np.exp(-both * np.array([t1, t2]))
    below = 1 + odds * u
    left = -np.expm1(-both * length)
    log_share = np.log1p(odds) - both * t1 + np.log(left) - np.log(below).sum(axis=0)
    common = length * np.exp(-both * length) / left - t1
    times = np.array([t1, t2])
    in_p = common - odds / p / (1 + odds) + (odds * u * (1 / p + times) / below).sum(axis=0)
    in_q = common + 1 / p / (1 + odds) - (u * (1 / p - odds * times) / below).sum(axis=0)
    return log_share, np.array([in_p, in_q])


def _likelihood(t1, t2, count):
    """The Poisson log-likelihood, less what does not depend on it, of log p, log q and log of m over all counted."""
    total = count.sum()

    def gain(point):
        p, q, m = np.exp(point)
        log_share, slope = _log_share(p, q, t1, t2)
        mean = m * total * np.exp(log_share)
        missed = count - mean
        value = count @ (point[2] + log_share) - mean.sum()
        return value, np.array([p * missed @ slope[0], q * missed @ slope[1], missed.sum()])

    return gain


def _best(gain, point, place, held):
    """The highest likelihood with one of the log-parameters held."""
    free = np.arange(3) != place

    def descent(others):
        value, slope = gain(np.insert(others, place, held))
        return -value, -slope[free]

    return -minimize(descent, point[free], jac=True, method="L-BFGS-B", bounds=[(-REACH, REACH)] * 2).fun


def _largest_q(gain, point, least):
    """The q, per unit of time, at which the highest likelihood over the other two has fallen to `least`."""

    def above(log_q):
        return _best(gain, point, 1, log_q) - least

    return float(np.exp(brentq(above, -REACH, REACH, xtol=1e-4))) if above(REACH) < 0 < above(-REACH) else np.nan


def _dispersion(count, expected):
    """Pearson's scatter over that of Poisson counts, in periods or in runs of four; the larger, at least 1.

    Periods of which little is expected are put together first, until five people or so are.
    """
    found, periods = [1.0], pd.factorize(np.floor(expected.cumsum() / 5))[0]
    for runs in (periods, periods // 4):
        got, mean = np.bincount(runs, count), np.bincount(runs, expected)
        if len(got) >= FEWEST_PERIODS:
            found.append(((got - mean) ** 2 / np.maximum(mean, 1e-9)).sum() / (len(got) - 3))
    return max(found)


def _why_open(fit, closed):
    """Why m stays open, in words; empty where it does not."""
    if fit.peak()[0] > fit.days / DAYS_A_MONTH:
        return _("the peak is still to come")
    if closed:
        return ""
    return _("the numbers do not yet show how the spread will end") if fit.q else _("the numbers hardly rise or fall")


def _columns(adoptions):
    advice = _("Take the counts of pf.launch.")
    start, end, count = number_columns("fit_bass", adoptions, ["start_day", "end_day", "adopters"], advice=advice)
    if len(start) and (start[0] != 0 or (end <= start).any() or (start[1:] != end[:-1]).any()):
        text = _("fit_bass: periods do not follow one another from day 0, or are empty. {advice}")
        raise DataError(text.format(advice=advice))
    if count.sum() < FEWEST_ADOPTERS or len(count) < FEWEST_PERIODS:
        text = _(
            "fit_bass: {count:.0f} people in {periods} periods; {people} in {fewest} are needed. Take shorter ones."
        )
        fewest = {"people": FEWEST_ADOPTERS, "fewest": FEWEST_PERIODS}
        raise FitError(text.format(count=count.sum(), periods=len(count), **fewest))
    return start, end, count
