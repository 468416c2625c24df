"""Intervals that more than one analysis gives."""

import numpy as np


def wilson(count, base, confidence=0.95):
    """The interval of shares, `count` of `base` each: (low, high), missing where the base is zero.

    `count` and `base` are numbers or arrays; a Series gives Series. Wilson (1927), JASA 22, 209-212.
    """
    from scipy.special import ndtri

    z = ndtri(0.5 + confidence / 2)
    n = np.where(np.asarray(base) > 0, base, np.nan)
    middle = (count + z**2 / 2) / (n + z**2)
    half = z * np.sqrt(count * (n - count) / n + z**2 / 4) / (n + z**2)
    return np.maximum(middle - half, 0), np.minimum(middle + half, 1)
