"""Is a month out of the ordinary, and since when is a figure on another level?

Limits are those of an individuals chart: three standard deviations of one month, estimated from how much months differ
from their neighbours, so that a step in the past does not widen them. Trend and season are taken out first; what they
cost in certainty is allowed for.

Wheeler & Chambers (1992), Understanding Statistical Process Control, chapter 3. NIST/SEMATECH e-Handbook of Statistical
Methods, 6.3.2.2. Bai (1997), Review of Economics and Statistics 79(4), 551-563, for the interval of a change of level.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import log_ndtr
from scipy.stats import f as f_dist
from scipy.stats import norm
from scipy.stats import t as t_dist

SIGMAS = 3.0
D2 = 1.128  # mean distance of two normal values in standard deviations, 2 / sqrt(pi), as tables of charts give it
STEPS_TELL = 0.62  # of the degrees of freedom: steps tell less of the deviation than squares (Roes et al. 1993)
TINY = 1e-300  # so that a figure that never moved has a logarithm
FEWEST = 10  # months before limits are drawn
WHOLE_YEARS = 24  # months before the season can be told from chance
LEAST = 4  # months on either side of a change of level


@dataclass(frozen=True)
class Chart:
    """An individuals chart: what each month was expected to be, and how far it may be off by chance.

    ``table``, one row per month, on the index of the values: ``value``; ``plain`` without the season; ``expected`` by
    the level so far and the season; ``lower``, ``upper`` limits; ``out`` whether it lies outside. ``sigma``: standard
    deviation of one month; ``follows``: how much of what a month is off moves the level expected of the next, 0 where
    the level stays.
    """

    table: pd.DataFrame
    sigma: float
    follows: float


def individuals(values, *, base=None, season=True, follow=True, least=0.0):
    """The `Chart` of a figure by month, its limits taken from the first `base` months (None: from all) and kept since.

    Parameters
    ----------
    values : Series by month, without gaps; what is missing is skipped
    base : how many of the first months tell what is ordinary, at least `FEWEST` of them known
    season : whether months of the year are taken out first, where those of the base differ beyond chance (F-test,
        5 %) and are `WHOLE_YEARS`
    follow : whether the level may move from month to month (exponential smoothing with a drift), where that foretells
        the base better by the information criterion of Schwarz (1978)
    least : a standard deviation below which that of a month is not taken to be, such as that of a drawn share

    Returns
    -------
    Chart; None with fewer known months of the base than `FEWEST`
    """
    known = pd.Series(values.to_numpy(float), values.index).dropna()
    base = int(known.index.isin(values.index[: len(values) if base is None else base]).sum())
    if base < FEWEST:
        return None
    wave, lost = _season(known, base) if season and base >= WHOLE_YEARS else (0.0, 0)
    plain = known.to_numpy() - wave
    follows, off = _smoothed(plain, base) if follow else (0.0, plain - plain[:base].mean())
    steps = np.abs(np.diff(off[:base][np.isfinite(off[:base])]))
    freedom = len(steps) - lost - bool(follows)
    sigma = steps.mean() / D2 * np.sqrt(len(steps) / max(freedom, 1))  # what was fitted lies too close
    sigma = max(sigma, least)
    later = t_dist.isf(norm.sf(SIGMAS), STEPS_TELL * max(freedom, 1)) * np.sqrt(1 + 1 / base)  # as seldom by chance
    reach = sigma * np.where(np.arange(len(known)) < base, SIGMAS, later)
    table = pd.DataFrame({"value": known, "plain": plain, "expected": known - off})
    table = table.assign(lower=table["expected"] - reach, upper=table["expected"] + reach).reindex(values.index)
    out = (table["value"] < table["lower"]) | (table["value"] > table["upper"])
    return Chart(table.assign(out=out), float(sigma), follows)


def _season(known, base):
    """What the months of the year add, and how many numbers that took; nothing where they do not differ."""
    of_year = pd.PeriodIndex(known.index, freq="M").month.to_numpy()
    number = np.arange(len(known)) / base - 0.5
    trend = np.vander(number, 4)  # a cubic, so that growth which slows down is no season
    waves = np.column_stack([(of_year == month) - 1 / 12 for month in range(2, 13)])
    y, left = known.to_numpy()[:base], {}
    for name, columns in (("trend", trend[:base]), ("both", np.column_stack([trend, waves])[:base])):
        beta, _rest, rank, _values = np.linalg.lstsq(columns, y, rcond=None)
        left[name] = float(((y - columns @ beta) ** 2).sum()), int(rank), beta
    (alone, few, _beta), (both, many, beta) = left["trend"], left["both"]
    if base - many < 3 or both <= 0:
        return 0.0, 0
    ratio = (alone - both) / (many - few) / (both / (base - many))
    return (waves @ beta[4:], many - few) if f_dist.sf(ratio, many - few, base - many) < 0.05 else (0.0, 0)


def _smoothed(plain, base):
    """How much the level follows, and what each month is off what was expected of it, less the drift of the base."""
    still = plain - plain[:base].mean()
    best, least = (0.0, still), base * np.log((still[:base] ** 2).sum() / base + TINY) + np.log(base)
    for share in np.linspace(0.1, 1, 10):
        level, off = plain[0], np.full(len(plain), np.nan)
        for place in range(1, len(plain)):
            off[place] = plain[place] - level
            level += share * off[place]
        off -= np.nanmean(off[:base])
        squares = np.nanmean(off[:base] ** 2)
        criterion = base * np.log(squares + TINY) + 3 * np.log(base)  # the share, the drift and the first level
        if criterion < least:
            best, least = (float(share), off), criterion
    return best


@dataclass(frozen=True)
class Level:
    """A change of level: ``place`` number of months before it, with bounds; means ``before`` and ``after``."""

    place: int
    low: int
    high: int
    before: float
    after: float


def level_change(values, confidence=0.95, *, sigma=None):
    """When a series of independent values left its mean for another: the `Level` by least squares.

    Its interval allows the variance to be another after the change; with a known standard deviation `sigma` of one
    value, the new level may be as short as one. None with too few values.
    """
    values = np.asarray(values, float)
    n, last = len(values), LEAST if sigma is None else 1
    if n < LEAST + last:
        return None
    sums, squares = np.cumsum(values), np.cumsum(values**2)
    places = np.arange(LEAST, n - last + 1)
    first, whole = sums[places - 1], sums[-1]
    left = squares[-1] - first**2 / places - (whole - first) ** 2 / (n - places)
    place = int(places[left.argmin()])
    sides = values[:place], values[place:]
    before, after = (float(side.mean()) for side in sides)
    variance = [float(side.var()) if sigma is None else sigma**2 for side in sides]
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
