"""Predicted beside actual: what a model fitted up to a date said, and what the same customers did afterwards."""

import numpy as np
import pandas as pd

from portfoy.errors import DataError
from portfoy.intervals import wald, wilson
from portfoy.locale import _


def holdout_table(split, predicted, *, actual="holdout_purchases", groups="repeats", bins=10, confidence=0.95):
    """Mean prediction and mean outcome, group by group.

    Parameters
    ----------
    split : DataFrame, one row per customer, as of the split date, as from `split_table`
    predicted : Series on the index of `split`, made from what was known at the split date
    actual : the outcome: a column of `split`, or a Series on its index; 0 and 1 for an event
    groups : {"repeats", "predicted"} or Series on the index of `split`
        "repeats": classes 0, 1, ..., 6, 7+ of the column. "predicted": `bins` equal-count groups, 1 has the highest;
        equal predictions stay in one group, so that a number may be missing. A Series names each customer's group.

    Returns
    -------
    DataFrame, one row per group
        ``group``; ``customers`` with both a prediction and an outcome (others are left out of both means);
        ``predicted`` and ``actual`` means per customer; ``actual_low``, ``actual_high`` interval of the mean outcome:
        normal from the sample standard deviation, Wilson (1927) where outcomes are 0 and 1; missing for a group of one.

    Raises
    ------
    DataError : a column is missing.
    ValueError : a Series has another index, or `groups` or `bins` is none of the above.

    Examples
    --------
    >>> split = pd.DataFrame({"repeats": [0, 0, 3], "holdout_purchases": [0, 2, 4]})
    >>> holdout_table(split, pd.Series([0.5, 0.5, 3.0]))[["group", "customers", "predicted", "actual"]]
      group  customers  predicted  actual
    0     0          2        0.5     1.0
    1     3          1        3.0     4.0
    """
    outcome = _column(split, actual) if isinstance(actual, str) else actual
    for series in (predicted, outcome, *([groups] if isinstance(groups, pd.Series) else [])):
        if not series.index.equals(split.index):
            raise ValueError(
                _(
                    "holdout_table: predicted, actual and groups need the index of the split table; "
                    "make them from its rows."
                )
            )
    frame = pd.DataFrame(
        {"predicted": predicted.to_numpy(dtype=float, na_value=np.nan),
         "actual": outcome.to_numpy(dtype=float, na_value=np.nan)}
    )  # fmt: skip
    if isinstance(groups, pd.Series):
        frame["group"] = groups.to_numpy()
        frame = frame.dropna()
    elif groups == "repeats":
        repeats = _column(split, "repeats").to_numpy()
        frame["group"] = np.where(repeats >= 7, "7+", repeats.astype(int).astype(str))
        frame = frame.dropna()
    elif groups == "predicted" and bins >= 1:
        frame = frame.dropna()
        frame["group"] = _bins(frame["predicted"], bins)
    else:
        raise ValueError(
            _("holdout_table: groups is 'repeats' or 'predicted' with bins from 1, not {groups!r} with {bins}.").format(
                groups=groups, bins=bins
            )
        )
    return _compared(frame, confidence)


def _bins(predicted, bins):
    """Equal-count groups of a prediction, 1 the highest; equal predictions stay in one group."""
    better = predicted.rank(method="min", ascending=False) - 1
    return (bins * better // max(len(predicted), 1)).astype(int) + 1


def outcomes(split, fit, spend_fit=None):
    """What was forecast of each customer for the holdout period, beside what came of it.

    Being alive cannot be observed; whether somebody buys within the holdout period can, and its probability is
    P(alive) times that of at least one purchase, so it is the one that is compared.

    Parameters
    ----------
    split : DataFrame, one row per customer, from `split_table`
    fit, spend_fit : BgNbd and GammaGamma, fitted to the same `split`, which holds nothing of the holdout period

    Returns
    -------
    dict : name -> (predicted, actual), two Series on the index of `split`
        ``active`` whether somebody buys, 0-1; ``purchases``; with `spend_fit` ``spend`` money per purchase, of those
        who bought, and ``value`` money in all.
    """
    horizon, bought = _column(split, "holdout_days").iloc[0], _column(split, "holdout_purchases")
    often = fit.expected_purchases(split, horizon)
    said = {"active": (fit.p_active(split, horizon), (bought > 0).astype(float)), "purchases": (often, bought)}
    if spend_fit is not None:
        spend, revenue = spend_fit.expected_spend(split), _column(split, "holdout_revenue")
        said |= {"spend": (spend, (revenue / bought).where(bought > 0)), "value": (often * spend, revenue)}
    return said


def tenths_table(split, said, names, *, by, confidence=0.95):
    """Some of the `outcomes` by tenths of the forecast `by`, 1 the highest; columns as those of `holdout_table`."""
    tenth = _bins(said[by][0], 10)
    table = tenth.value_counts().sort_index().rename_axis("group").to_frame("customers")
    for name in names:
        predicted, actual = said[name]
        part = holdout_table(split, predicted, actual=actual, groups=tenth, confidence=confidence).set_index("group")
        table = table.join(part.drop(columns="customers").add_prefix(f"{name}_"))
    return table.reset_index()


def _compared(frame, confidence):
    """One row per group of a frame with `group`, `predicted` and `actual`."""
    grouped = frame.groupby("group", sort=True)
    table = grouped["predicted"].agg(customers="size", predicted="mean")
    n, mean = table["customers"], grouped["actual"].mean()
    if frame["actual"].isin([0, 1]).all():
        low, high = wilson(grouped["actual"].sum(), n, confidence)
    else:
        low, high = wald(mean, grouped["actual"].std() / np.sqrt(n), confidence)
    return table.assign(actual=mean, actual_low=low, actual_high=high).reset_index()


def _column(split, name):
    """A column of the split table; DataError when it is not there."""
    if name not in split.columns:
        raise DataError(
            _("holdout_table: column {name!r} is missing; the split table has {present}. Build it with a split date.")
            .format(name=name, present=", ".join(map(repr, split.columns)))
        )  # fmt: skip
    return split[name]
