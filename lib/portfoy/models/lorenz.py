"""How unevenly a total is spread over customers: the Lorenz curve, the Gini coefficient, the share of the largest.

Gini: 2 / (n^2 mean) x sum of rank x value - (n + 1) / n. Intervals from the influence functions of the share and of the
Gini coefficient (Langel & Tille 2013, JRSS A 176(2), section 5); with few customers they are too narrow.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from portfoy.errors import need_columns, positive_total
from portfoy.intervals import wald


@dataclass(frozen=True, eq=False)
class Lorenz:
    """How unevenly a total is spread over customers.

    ``curve``: customers from the largest down: ``customer_share``, ``value_share``, 0-1.
    ``top_share``: share of the total held by the largest `top` of the customers; ``gini``: 0 all alike, 1 one has
    all; each with ``_low`` and ``_high`` (interval of `confidence`, customers seen as a sample of those the firm could
    have). ``below_zero``: customers whose value is negative; they can lift share and Gini above 1.
    """

    by: str
    customers: int
    total: float
    top: float
    top_share: float
    top_share_low: float
    top_share_high: float
    gini: float
    gini_low: float
    gini_high: float
    confidence: float
    below_zero: int
    curve: pd.DataFrame


def lorenz(customers, *, by="revenue", top=0.2, confidence=0.95):
    """The `Lorenz` of a column `by` of the customers, one row each; those without a value are left out.

    DataError where the column is missing, or its total is not above zero.
    """
    need_columns(customers, [by], "concentration")
    value = np.sort(customers[by].dropna().to_numpy(dtype=float))
    total = positive_total(value, by)
    n, mean = len(value), total / len(value)
    held = np.concatenate([[0.0], np.cumsum(value[::-1])]) / total
    part = np.arange(n + 1) / n
    share = float(np.interp(top, part, held))
    rank = np.arange(1, n + 1)
    gini = float(2 * (rank * value).sum() / (n * total) - (n + 1) / n)
    edge = value[min(n - 1, int(np.floor((1 - top) * n)))]
    share_influence = (np.maximum(value - edge, 0) + top * edge - share * value) / mean
    above = (total - np.cumsum(value)) / n
    gini_influence = 2 / mean * (value * (rank - 0.5) / n + above) - (gini + 1) * (1 + value / mean)
    most = 1.0 if value[0] >= 0 else np.inf
    shares = share, *bounds(share, share_influence, confidence, most)
    ginis = gini, *bounds(gini, gini_influence, confidence, most)
    keep = np.unique(np.linspace(0, n, min(n, 500) + 1).round().astype(int))
    curve = pd.DataFrame({"customer_share": part[keep], "value_share": held[keep]})
    return Lorenz(by, n, total, top, *shares, *ginis, confidence, int((value < 0).sum()), curve)


def bounds(estimate, influence, confidence, most):
    """The interval of an estimate from what each customer adds to it, held between 0 and `most`."""
    low, high = wald(estimate, np.sqrt(np.var(influence) / len(influence)), confidence)
    return float(max(low, 0.0)), float(min(high, most))
