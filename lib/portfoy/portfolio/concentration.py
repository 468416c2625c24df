"""How much rests on a few customers."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from portfoy.errors import DataError, need_columns, positive_total
from portfoy.intervals import wald
from portfoy.locale import _


@dataclass(frozen=True)
class Concentration:
    """How unevenly a total is spread over customers.

    ``curve``: Lorenz curve, customers from the largest down: ``customer_share``, ``value_share``, 0-1.
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


def concentration(customers, *, by="revenue", top=0.2, confidence=0.95):
    """Lorenz curve, Gini coefficient and the share of the largest customers.

    Parameters
    ----------
    customers : DataFrame, one row per customer; needs the column `by`; customers without a value are left out
    by : column to add up, default "revenue"
    top : share of customers taken as the largest, between 0 and 1, default 0.2
    confidence : of the intervals, default 0.95

    Returns
    -------
    Concentration

    Raises
    ------
    DataError : the column is missing, or its total is not above zero.

    References
    ----------
    Gini: 2 / (n^2 mean) x sum of rank x value - (n + 1) / n. Intervals from the influence functions of the share and
    of the Gini coefficient (Langel & Tille 2013, JRSS A 176(2), section 5); with few customers they are too narrow.
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
    share_low, share_high = _interval(share, share_influence, confidence, most)
    gini_low, gini_high = _interval(gini, gini_influence, confidence, most)
    keep = np.unique(np.linspace(0, n, min(n, 500) + 1).round().astype(int))
    curve = pd.DataFrame({"customer_share": part[keep], "value_share": held[keep]})
    below_zero = int((value < 0).sum())
    return Concentration(
        by, n, total, top, share, share_low, share_high, gini, gini_low, gini_high, confidence, below_zero, curve
    )


def _interval(estimate, influence, confidence, most):
    low, high = wald(estimate, np.sqrt(np.var(influence) / len(influence)), confidence)
    return float(max(low, 0.0)), float(min(high, most))


def concentration_table(customers, *, groups=(), measures=("revenue", "margin"), top=0.2, confidence=0.95):
    """How much rests on how few: customers one by one, and the groups they fall into.

    Parameters
    ----------
    customers : DataFrame, one row per customer
        Needs the columns of `measures`; those of `groups` (segment, region, ...) where they are present.
    groups : names of columns; one that is absent is left out, customers without a group form one of their own
    measures : columns to add up; one that is missing in every row, or whose total is not above zero, is left out
    top : share of customers taken as the largest, default 0.2
    confidence : of the intervals, customers seen as a sample of those the firm could have

    Returns
    -------
    DataFrame, one row per unit and measure
        ``unit`` "customer" or the column; ``measure``; ``parts`` customers or groups; ``largest`` name of the largest
        group, empty for customers; ``largest_share`` of the total held by the one largest, 0-1; ``top_share`` held by
        the largest `top` of customers, and ``gini``, both for customers only; ``hhi`` the Herfindahl-Hirschman
        index, the sum of squared shares, 0-1, with ``hhi_low``, ``hhi_high``; ``equals`` 1 / hhi: as many parts of
        equal size would be as concentrated.

    Raises
    ------
    DataError : a column of `measures` is missing, or no total is above zero.

    References
    ----------
    Hirschman (1964), American Economic Review 54(5), 761. The interval is that of the delta method.
    """
    need_columns(customers, measures, "concentration")
    usable = [name for name in measures if customers[name].sum() > 0]
    if not usable:
        positive_total(customers[measures[0]], measures[0])
    rows = []
    for measure in usable:
        known = customers[customers[measure].notna()]
        rows.append(_customer_row(known, measure, top, confidence))
        rows += [_group_row(known, measure, unit, confidence) for unit in groups if unit in known]
    units = {unit: place for place, unit in enumerate(["customer", *groups])}
    return pd.DataFrame(rows).sort_values("unit", key=lambda unit: unit.map(units), kind="stable", ignore_index=True)


def _customer_row(customers, measure, top, confidence):
    found = concentration(customers, by=measure, top=top, confidence=confidence)
    value = customers[measure].to_numpy(dtype=float)
    n, mean, square = len(value), value.mean(), np.mean(value**2)
    hhi = square / mean**2 / n
    influence = ((value**2 - square) / mean**2 - 2 * square * (value - mean) / mean**3) / n
    bounds = {name: getattr(found, name) for name in ("top_share", "top_share_low", "top_share_high")}
    bounds |= {name: getattr(found, name) for name in ("gini", "gini_low", "gini_high")}
    one = {
        "unit": "customer",
        "measure": measure,
        "parts": n,
        "largest": "",
        "largest_share": value.max() / value.sum(),
    }
    return one | bounds | _hhi(hhi, influence, confidence)


def _group_row(customers, measure, unit, confidence):
    place, names = pd.factorize(customers[unit].astype(object), use_na_sentinel=False)
    value = customers[measure].to_numpy(dtype=float)
    share = np.bincount(place, value, len(names)) / value.sum()
    hhi = float((share**2).sum())
    influence = 2 * value * (share[place] - hhi) / value.mean()
    largest = int(share.argmax())
    name = "" if pd.isna(names[largest]) else str(names[largest])
    one = {"unit": unit, "measure": measure, "parts": len(names), "largest": name, "largest_share": share[largest]}
    return one | _hhi(hhi, influence, confidence)


def _hhi(hhi, influence, confidence):
    low, high = _interval(hhi, influence, confidence, 1.0)
    return {"hhi": hhi, "hhi_low": low, "hhi_high": high, "equals": 1 / hhi}


def stress_table(customers, *, leave=(1, 5, 10, 50, 100), by="revenue"):
    """What is lost if the largest customers leave.

    A count, not an estimate: these customers are named, so nothing is uncertain but whether they go.

    Parameters
    ----------
    customers : DataFrame, one row per customer
        Needs the column `by` and ``revenue``; ``margin`` is counted where it is known.
    leave : how many leave; those that would be more than half of the customers are left out
    by : column that says who is largest

    Returns
    -------
    DataFrame, one row per number of `leave`
        ``leave`` customers; ``customer_share`` 0-1; ``revenue``, ``margin`` money lost; ``revenue_share``,
        ``margin_share`` of the total, 0-1; ``replaced_by`` average customers who bring as much of `by` as they do.

    Raises
    ------
    DataError : a column is missing, the total is not above zero, or there are fewer than two customers.
    """
    need_columns(customers, [by, "revenue"], "stress_table")
    total = positive_total(customers[by], by)
    n = len(customers)
    most = [k for k in leave if k <= n / 2]
    if not most:
        raise DataError(
            _(
                "stress_table: at most half of the customers may leave, which is {half} here; asked for are {least} "
                "and more. Use more data or smaller numbers."
            ).format(half=n // 2, least=min(leave))
        )
    largest = customers.sort_values([by, "revenue", *(["margin"] if "margin" in customers else [])], ascending=False)
    sums = {name: largest[name].fillna(0).cumsum().to_numpy() for name in ("revenue", "margin") if name in largest}
    rows = pd.DataFrame({"leave": most, "customer_share": np.array(most) / n})
    for name, sum_ in sums.items():
        whole = sum_[-1]
        if name == "margin" and customers["margin"].notna().sum() == 0:
            continue
        rows[name] = sum_[np.array(most) - 1]
        rows[f"{name}_share"] = rows[name] / whole if whole > 0 else np.nan
    gone = largest[by].fillna(0).cumsum().to_numpy()[np.array(most) - 1]
    return rows.assign(replaced_by=gone / (total / n))
