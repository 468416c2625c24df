"""Intervals: one place for what more than one analysis gives; `confidence` is a share between 0 and 1, as 0.95."""

from statistics import NormalDist

import numpy as np

from portfoy.errors import DataError
from portfoy.locale import _


def z_value(confidence):
    """How many standard errors a normal interval reaches to each side.

    Raises
    ------
    DataError : the confidence is not between 0 and 1.
    """
    if not 0 < confidence < 1:
        raise DataError(_("confidence: {value} is not between 0 and 1. For 95 % give 0.95.").format(value=confidence))
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def t_value(confidence, freedom):
    """As `z_value`, where the spread is itself estimated: Student's t with so many degrees of freedom, at least 1."""
    from scipy.special import stdtrit

    z_value(confidence)
    return stdtrit(np.maximum(freedom, 1), 0.5 + confidence / 2)


def wilson(count, base, confidence=0.95):
    """The interval of shares, `count` of `base` each: (low, high), missing where the base is zero.

    `count` and `base` are numbers or arrays; a Series gives Series. Wilson (1927), JASA 22, 209-212.
    """
    z = z_value(confidence)
    n = np.where(np.asarray(base) > 0, base, np.nan)
    middle = (count + z**2 / 2) / (n + z**2)
    half = z * np.sqrt(count * (n - count) / n + z**2 / 4) / (n + z**2)
    return np.maximum(middle - half, 0), np.minimum(middle + half, 1)


def quick_ratio(gained, lost, confidence=0.95):
    """Gained for each one lost, from counts: (ratio, low, high), missing where nobody was lost.

    The interval of a ratio of two counts is that of the share of one in their sum (Przyborowski & Wilenski 1940,
    Biometrika 31), by Wilson (1927).
    """
    lost = np.where(np.asarray(lost) > 0, lost, np.nan)
    return gained / lost, *(share / (1 - share) for share in wilson(gained, gained + lost, confidence))


def wald(estimate, error, confidence=0.95):
    """Estimate less and plus z standard errors: (low, high), numbers or arrays."""
    half = z_value(confidence) * error
    return estimate - half, estimate + half


def two_sided(difference, error):
    """The p-value of a difference with this standard error: how often chance alone gives one as large (normal)."""
    from scipy.special import ndtr

    return float(2 * ndtr(-abs(difference / error))) if error > 0 else float(difference == 0)


def change_p(now, then, confidence):
    """The p-value of the difference of two estimates, each (value, low, high).

    They count as independent of one another; those of one base on two days are not quite, so that chance is overstated.
    """
    error = np.hypot(now[2] - now[1], then[2] - then[1]) / 2 / z_value(confidence)
    return two_sided(now[0] - then[0], error)


def corrected(p_values, looks=0):
    """p-values corrected for as many looks (Benjamini & Hochberg 1995), an array; missing ones were not looked at.

    `looks`: how many there were in all, where the ones that are not given would have been larger.
    """
    from scipy.stats import false_discovery_control

    found = np.array(p_values, dtype=float)
    told = np.isfinite(found)
    found[told] = false_discovery_control(found[told]) if told.any() else found[told]
    return np.minimum(found * max(looks / max(told.sum(), 1), 1), 1)


def on_logs(estimate, error, confidence=0.95):
    """The interval of something positive whose logarithm has this standard error: (low, high) by one factor."""
    factor = np.exp(np.minimum(z_value(confidence) * error, MOST))
    return estimate / factor, estimate * factor


def on_logits(logit, error, confidence=0.95):
    """The interval of a probability from its logit and the standard error of that: (low, high), 0-1."""
    return tuple(1 / (1 + np.exp(-bound)) for bound in wald(np.asarray(logit, dtype=float), error, confidence))


def delta_error(slopes, covariance):
    """Standard error of what moves with estimates by these slopes (one row each), by the delta method."""
    slopes, covariance = np.asarray(slopes, dtype=float), np.asarray(covariance, dtype=float)
    return np.sqrt(np.maximum(((slopes @ covariance) * slopes).sum(axis=-1), 0))


def percentiles(drawn, confidence=0.95):
    """The middle `confidence` of what was drawn anew (bootstrap), over the first axis: (low, high)."""
    z_value(confidence)
    low, high = np.quantile(drawn, [0.5 - confidence / 2, 0.5 + confidence / 2], axis=0)
    return low, high


def bounded(name, value, bounds):
    """An estimate and its interval as columns: ``name``, ``name_low``, ``name_high``."""
    low, high = bounds
    return {name: value, f"{name}_low": low, f"{name}_high": high}


MOST = 50.0  # of the logarithm of a factor; beyond, nothing is known
