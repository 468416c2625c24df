"""Predicted beside actual: what a model fitted up to a date said, and what the same customers did afterwards."""

import numpy as np
import pandas as pd

from portfoy.intervals import wald, wilson


def holdout_table(predicted, actual, groups, *, confidence=0.95):
    """Mean prediction and mean outcome, group by group.

    `predicted`, `actual` (0 and 1 for an event) and the name of the group (`repeat_groups`, `groups_of`) are Series on
    one index, one entry per customer; who lacks one of the first two is left out of both means. Gives a DataFrame, one
    row per group: ``group``; ``customers``; ``predicted`` and ``actual`` means per customer; ``actual_low``,
    ``actual_high`` interval of the mean outcome: normal from the sample standard deviation, Wilson (1927) where
    outcomes are 0 and 1; missing for a group of one.

    Examples
    --------
    >>> repeats, bought = pd.Series([0, 0, 3]), pd.Series([0, 2, 4])
    >>> holdout_table(pd.Series([0.5, 0.5, 3.0]), bought, repeats)[["group", "customers", "predicted", "actual"]]
       group  customers  predicted  actual
    0      0          2        0.5     1.0
    1      3          1        3.0     4.0
    """
    frame = pd.DataFrame({"predicted": predicted, "actual": actual.astype(float), "group": groups}).dropna()
    grouped = frame.groupby("group", sort=True)
    table = grouped["predicted"].agg(customers="size", predicted="mean")
    n, mean = table["customers"], grouped["actual"].mean()
    if frame["actual"].isin([0, 1]).all():
        low, high = wilson(grouped["actual"].sum(), n, confidence)
    else:
        low, high = wald(mean, grouped["actual"].std() / np.sqrt(n), confidence)
    return table.assign(actual=mean, actual_low=low, actual_high=high).reset_index()


def repeat_groups(split):
    """The class of each customer by ``repeats``: "0", "1", ..., "6", "7+"."""
    repeats = split["repeats"]
    return repeats.astype(int).astype("str").mask(repeats >= 7, "7+")


def groups_of(score, bins):
    """Equal-count groups of a score, 0 the best, as an array; equal scores stay in one, so a number may be missing."""
    better = pd.Series(score).rank(method="min", ascending=False).to_numpy() - 1
    return (bins * better // max(len(better), 1)).astype("int64")


def outcomes(split, fit, spend_fit=None):
    """What was forecast of each customer for the holdout period, beside what came of it.

    Being alive cannot be observed; whether somebody buys within the holdout period can, and its probability is P(alive)
    times that of at least one purchase, so it is the one that is compared. `split` is a `split_table`, `fit` and
    `spend_fit` were fitted to it. Gives a dict, name -> (predicted, actual), Series on the index of `split`: ``active``
    whether somebody buys, 0-1; ``purchases``; with `spend_fit` ``spend`` money per purchase, of those who bought, and
    ``value`` money in all.
    """
    horizon, bought = split["holdout_days"].iloc[0], split["holdout_purchases"]
    often = fit.expected_purchases(split, horizon)
    said = {"active": (fit.p_active(split, horizon), (bought > 0).astype(float)), "purchases": (often, bought)}
    if spend_fit is not None:
        spend, revenue = spend_fit.expected_spend(split), split["holdout_revenue"]
        said |= {"spend": (spend, (revenue / bought).where(bought > 0)), "value": (often * spend, revenue)}
    return said


def tenths_table(said, names, *, by, confidence=0.95):
    """Some of the `outcomes` by tenths of the forecast `by`, 1 the highest; columns as those of `holdout_table`."""
    predicted, _actual = said[by]
    tenth = pd.Series(groups_of(predicted, 10) + 1, predicted.index)
    table = tenth.value_counts().sort_index().rename_axis("group").to_frame("customers")
    for name in names:
        part = holdout_table(*said[name], tenth, confidence=confidence).set_index("group")
        table = table.join(part.drop(columns="customers").add_prefix(f"{name}_"))
    return table.reset_index()
