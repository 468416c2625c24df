"""sBG: how many contracts still run after each period, where the chance to end differs between them.

In plain words. At the end of every period (month or year) a contract ends with a chance of its own, always the same.
The chances differ between contracts as a beta distribution (alpha, beta: mean alpha / (alpha + beta)). Those likely to
end go first, so that the old ones renew more often than the young although nobody changes (shifted beta-geometric).

    P(T = t) = B(alpha + 1, beta + t - 1) / B(alpha, beta),    S(t) = B(alpha, beta + t) / B(alpha, beta)

A contract that ended in its t-th period counts P(t), one that has renewed t times and still runs S(t); one that is only
known from its e-th renewal on counts that divided by S(e). It misleads where the chance of a contract moves by itself:
a price that rises, a rival that comes, a bound first year.

Fader & Hardie (2007), How to project customer retention, Journal of Interactive Marketing 21(1), 76-90: eqs. 5 to 7.
"""

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from scipy.special import betaln, digamma

from portfoy.errors import FitError
from portfoy.locale import _
from portfoy.models.likelihood import LARGEST_LOG_ERROR, REACH, inverse, maximise, number_columns

NAMES = ["alpha", "beta"]
FEWEST = 30  # contracts that have ended
DRAWS = 500
_STARTS = [(1.0, 1.0), (0.5, 5.0), (5.0, 50.0), (20.0, 100.0)]


@dataclass(frozen=True)
class Sbg:
    """A shifted beta-geometric model with its parameters; `fit_sbg` estimates them.

    ``alpha``, ``beta`` of the chance to end in a period; ``log_likelihood`` at the maximum; ``covariance`` of the two,
    2 x 2; both missing where they were given by hand. ``contracts`` fitted on, ``ended`` among them. ``open``: why
    the data leave the two open, though not what is projected; empty where they do not.

    Examples
    --------
    >>> model = Sbg(alpha=0.668, beta=3.806)
    >>> model.kept([1, 2, 8]).round(3).tolist()
    [0.851, 0.747, 0.46]
    >>> model.kept(1, age=[0, 1, 7]).round(2).tolist()
    [0.85, 0.88, 0.94]
    """

    alpha: float
    beta: float
    log_likelihood: float = np.nan
    covariance: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame(np.nan, NAMES, NAMES), repr=False, compare=False
    )
    contracts: int = 0
    ended: int = 0
    open: str = ""

    @property
    def standard_errors(self):
        """Standard error of each parameter, by name; missing where the data leave them open."""
        errors = np.sqrt(np.diag(self.covariance)) * (np.nan if self.open else 1)
        return dict(zip(NAMES, errors.tolist(), strict=True))

    def kept(self, periods, *, age=0):
        """Share, 0-1, of the contracts that have renewed `age` times which renew `periods` times more (arrays)."""
        age = np.asarray(age, dtype=float)
        return np.exp(_log(self, age + periods) - _log(self, age))[()]


def fit_sbg(contracts):
    """Maximum-likelihood estimate of the sBG model from contracts of any start: an `Sbg`.

    `contracts` has one row per contract, or per kind with its number in ``contracts``: ``periods``, that in which it
    ended, 1 or more, or how often it has renewed; ``ended``, 0 or 1; optional ``entry``: how often it had renewed when
    it was first known. DataError where a column is missing or a value is below 0; FitError where fewer than 30 have
    ended, none was seen beyond its first period, or the search fails. Where all contracts seem to have one chance
    to end, alpha and beta stay open, what is projected does not; `open` says so.
    """
    advice = _("Give one row per contract.")
    extra = [name for name in ("entry", "contracts") if name in contracts]
    named = ["periods", "ended", *extra]
    columns = dict(zip(named, number_columns("fit_sbg", contracts, named, advice=advice), strict=True))
    over, n = columns["ended"] > 0, columns.get("contracts", np.ones(len(contracts)))
    t, entry = np.where(over, np.maximum(columns["periods"], 1), columns["periods"]), columns.get("entry", 0 * n)
    entry = np.minimum(entry, t - over)
    ended, count = int(n @ over), int(n.sum())
    if ended < FEWEST or t.max() < 2:
        text = _(
            "fit_sbg: {ended} of {contracts} contracts have ended and the oldest was seen for {periods} periods; at "
            "least {fewest} and 2 are needed. Use a longer history."
        )
        raise FitError(text.format(ended=ended, contracts=count, periods=int(t.max(initial=0)), fewest=FEWEST))

    def gain(point):
        a, b = np.exp(point)
        before, whole = betaln(a, b + entry), digamma(a + b + entry)
        value = betaln(a + over, b + t - over) - before
        last = digamma(a + b + t)
        slope_a = digamma(a + over) - digamma(a) - last + whole
        slope_b = digamma(b + t - over) - digamma(b + entry) - last + whole
        return float(n @ value), np.array([a * (n @ slope_a), b * (n @ slope_b)])

    point, value, information = maximise("fit_sbg", gain, np.log(_STARTS), count)
    estimate = np.exp(point)
    flat = np.abs(point).max() > REACH - 1e-3 or np.linalg.eigvalsh(information)[0] < LARGEST_LOG_ERROR**-2
    spread = pd.DataFrame(inverse(point, information) * np.outer(estimate, estimate), NAMES, NAMES)
    alike, at_once = _("all contracts seem to have the same chance to end"), _("who ends seems to end at once")
    return Sbg(*estimate.tolist(), value, spread, count, ended, (alike if point.max() > 0 else at_once) if flat else "")


def project(running, fits, steps, *, spread=0.0, draws=DRAWS):
    """How many of these contracts still run after each of so many periods: as expected, and as chance may have it.

    `running` has a row per kind of contract: ``group``, ``age`` (renewals so far), ``contracts``; `fits` group -> Sbg.
    Gives arrays, rows x periods and draws x rows x periods. Each draw has its own parameters, as sure as the fits are
    (normal in their logarithms), the luck of each contract, and an error of the model: log(-log(share kept)) is off by
    `spread`, one standard deviation.
    """
    random, j = np.random.default_rng(23), np.arange(1, steps + 1)
    age, n = running["age"].to_numpy(float)[:, None], running["contracts"].to_numpy()
    power = np.exp(spread * random.standard_normal(draws))[:, None, None]
    expected, drawn = np.empty((len(n), steps)), np.empty((draws, len(n), steps))
    for rows in running.groupby(running["group"].map(lambda group: id(fits[group])), sort=False).indices.values():
        fit, left = fits[running["group"].iloc[rows[0]]], n[rows] + np.zeros((draws, 1), dtype=int)
        expected[rows] = n[rows, None] * fit.kept(j, age=age[rows])
        estimate = np.array([fit.alpha, fit.beta])
        errors = random.multivariate_normal(np.zeros(2), fit.covariance / np.outer(estimate, estimate), draws)
        alpha, beta = (estimate * np.exp(errors)).T[:, :, None, None]
        kept = replace(fit, alpha=alpha, beta=beta).kept(j, age=age[rows]) ** power
        renews = kept / np.concatenate([np.ones_like(kept[..., :1]), kept[..., :-1]], axis=-1)
        for step in range(steps):
            left = random.binomial(left, np.clip(renews[..., step], 0, 1))
            drawn[:, rows, step] = left
    return expected, drawn


def _log(model, t):
    return betaln(model.alpha, model.beta + t) - betaln(model.alpha, model.beta)
