"""Is a month out of the ordinary, and since when is a figure on another level?

Limits are those of an individuals chart: three standard deviations of one month, estimated from how much months differ
from their neighbours, so that a drift or a step in the past does not widen them. Trend and season are taken out first;
what they cost in certainty is allowed for.

Wheeler & Chambers (1992), Understanding Statistical Process Control, chapter 3. NIST/SEMATECH e-Handbook of Statistical
Methods, 6.3.2.2. Bai (1997), Review of Economics and Statistics 79(4), 551-563, for the interval of a change of level.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import log_ndtr
from scipy.stats import norm
from scipy.stats import t as t_dist

SIGMAS = 3.0
D2 = 1.128  # mean distance of two normal values in standard deviations, 2 / sqrt(pi), as tables of charts give it
STEPS_TELL = 0.62  # of the degrees of freedom: steps tell less of the deviation than squares (Roes et al. 1993)
FEWEST = 10  # months before limits are drawn
WHOLE_YEARS = 24  # months before the season can be told from chance
LEAST = 4  # months on either side of a change of level


@dataclass(frozen=True)
class Chart:
    """An individuals chart: what each month was expected to be, and how far it may be off by chance.

    ``table``, one row per month, on the index of the values: ``value``; ``expected`` by the trend and the season of the
    base; ``lower``, ``upper`` limits; ``out`` whether it lies outside. ``sigma``: standard deviation of one month.
    """

    table: pd.DataFrame
    sigma: float


def individuals(values, *, base=None, season=True, trend=True):
    """The `Chart` of a figure by month, its limits taken from the first `base` months (None: from all) and kept since.

    Parameters
    ----------
    values : Series by month, without gaps; what is missing is skipped
    base : how many of the first months tell what is ordinary, at least `FEWEST` of them known
    season, trend : whether these are taken out first; the season from `WHOLE_YEARS` of months on

    Returns
    -------
    Chart; None with fewer known months of the base than `FEWEST` and three more than what is fitted
    """
    known = values.to_numpy(float)
    base = len(known) if base is None else min(base, len(known))
    columns = _columns(values.index, base, season and base >= WHOLE_YEARS, trend)
    told = np.isfinite(known) & (np.arange(len(known)) < base)
    if told.sum() < max(FEWEST, columns.shape[1] + 3):
        return None
    inside = columns[told]
    beta, *_rest = np.linalg.lstsq(inside, known[told], rcond=None)
    expected = columns @ beta
    off = np.where(told, known - expected, np.nan)
    steps = np.abs(np.diff(off[told]))
    freedom = told.sum() - np.linalg.matrix_rank(inside)
    sigma = steps.mean() / D2 * np.sqrt((told.sum() - 1) / freedom)  # what was fitted lies too close
    gram = np.linalg.pinv(inside.T @ inside)
    lever = np.einsum("ij,jk,ik->i", columns, gram, columns)
    fitted = columns.shape[1] > 1
    sure = t_dist.isf(norm.sf(SIGMAS), STEPS_TELL * freedom) if fitted else SIGMAS  # as seldom as three deviations
    reach = sure * sigma * (np.sqrt(1 + np.where(told, -lever, lever)) if fitted else 1.0)
    table = pd.DataFrame({"value": known, "expected": expected}, values.index)
    table = table.assign(lower=expected - reach, upper=expected + reach)
    out = (table["value"] < table["lower"]) | (table["value"] > table["upper"])
    return Chart(table.assign(out=out), float(sigma))


def _columns(months, base, season, trend):
    """Constant, months since the first in years, and eleven months of the year; as many rows as months."""
    number = np.arange(len(months))
    columns = [np.ones(len(months))]
    if trend:
        columns.append((number - (base - 1) / 2) / 12)
    if season:
        of_year = pd.PeriodIndex(months, freq="M").month.to_numpy()
        columns += [(of_year == month) - 1 / 12 for month in range(2, 13)]
    return np.column_stack(columns)


@dataclass(frozen=True)
class Level:
    """A change of level: ``place`` number of months before it, with bounds; means ``before`` and ``after``."""

    place: int
    low: int
    high: int
    before: float
    after: float


def level_change(values, confidence=0.95):
    """When a series of independent values left its mean for another: the `Level` by least squares.

    Its interval allows the variance to be another after the change. None with fewer than twice `LEAST` values.
    """
    values = np.asarray(values, float)
    values = values[np.isfinite(values)]
    n = len(values)
    if n < 2 * LEAST:
        return None
    sums, squares = np.cumsum(values), np.cumsum(values**2)
    places = np.arange(LEAST, n - LEAST + 1)
    first, whole = sums[places - 1], sums[-1]
    left = squares[-1] - first**2 / places - (whole - first) ** 2 / (n - places)
    place = int(places[left.argmin()])
    sides = values[:place], values[place:]
    before, after = (float(side.mean()) for side in sides)
    variance = [float(side.var()) for side in sides]
    if not min(variance) > 0:
        return Level(place, place, place, before, after)
    ratio, scale = variance[1] / variance[0], (after - before) ** 2 / variance[0]
    reach = [_quantile(q, ratio) / scale for q in ((1 - confidence) / 2, (1 + confidence) / 2)]
    low, high = place - int(np.ceil(reach[1])), place - int(np.floor(reach[0]))
    return Level(place, max(low, 1), min(high, n - 1), before, after)


def _quantile(q, ratio):
    """Where the change is likely to be placed, in units of variance before / (step squared): Bai (1997), appendix B."""
    return brentq(lambda x: _placed(x, ratio) - q, -1e4, 1e4)


def _placed(x, phi):
    """Distribution function of where a two-sided Brownian motion with drift -|s|/2 has its maximum.

    `phi`: the variance on the right over that on the left. Written with logarithms, as its terms overflow.
    """
    size = abs(x)
    if not size:
        return _placed(-1e-12, phi)
    root = np.sqrt(size)
    if x < 0:
        a = 1 / phi
        return float(
            -np.sqrt(size / (2 * np.pi)) * np.exp(-size / 8)
            - phi * (phi + 2) / (phi + 1) * np.exp(a * (1 + a) * size / 2 + log_ndtr(-(0.5 + a) * root))
            + (size / 2 - 2 + (phi + 2) ** 2 / (phi + 1)) * np.exp(log_ndtr(-root / 2))
        )
    a = 1 / phi
    return float(
        1
        + np.sqrt(a * size / (2 * np.pi)) * np.exp(-a * size / 8)
        + a * (2 * phi + 1) / (phi + 1) * np.exp((phi + 1) * size / 2 + log_ndtr(-(phi + 0.5) * np.sqrt(size / phi)))
        - ((2 * phi + 1) ** 2 / ((phi + 1) * phi) - 2 + a * size / 2) * np.exp(log_ndtr(-np.sqrt(a * size) / 2))
    )
