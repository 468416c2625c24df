"""Faults planted in the order lines, each on rows of its own, so that what is found can be counted exactly."""

import numpy as np
import pandas as pd


def plant(rng, truth, window, log):
    """Plant faults at the rates of the truth: (the order lines, code of a check in `source.quality` -> rows planted).

    ``ordered_on`` is now text, for some dates cannot be read.
    """
    clean = log.assign(ordered_on=log["ordered_on"].dt.strftime("%Y-%m-%d"))
    counts = {code: max(round(share * len(clean)), 1) for code, share in truth.dirt.items()}
    counts["return"] = max(round(truth.dirt_return * len(clean)), 1)
    rows = _disjoint(rng, log, counts)
    dirty = _spoil(rng, truth, clean.copy(), rows)
    dirty["unit_cost"] = clean["unit_cost"]
    extra = [
        dirty.loc[rows["duplicate"]],
        _guests(rng, clean, rows["unknown_customer"]),
        _returns(rng, window, log, clean, rows["return"]),
    ]
    day = log["ordered_on"].to_numpy()
    place = np.concatenate([day, *(day[rows[code]] for code in ["duplicate", "unknown_customer", "return"])])
    place[-len(extra[-1]) :] = pd.to_datetime(extra[-1]["ordered_on"]).to_numpy().astype(place.dtype)
    dirty = pd.concat([dirty, *extra], ignore_index=True)
    dirty = dirty.iloc[np.argsort(place, kind="stable")].reset_index(drop=True)
    return dirty, {code: len(found) for code, found in sorted(rows.items())}


def _disjoint(rng, log, counts):
    """Rows for each fault, no row twice. Ids in mixed case take customers of several lines, one line of each."""
    days = log["ordered_on"].dt
    left = rng.permutation(len(log))
    rows = {}
    mixed = _one_of_several(log, left, counts["mixed_case_id"])
    rows["mixed_case_id"] = mixed
    taken = log["customer_id"].isin(log["customer_id"].iloc[mixed]).to_numpy()
    left = left[~taken[left]]
    early = (days.to_period("M") < days.to_period("M").max()).to_numpy() & (days.day < 28).to_numpy()
    rows["return"] = left[early[left]][: counts["return"]]
    left = np.setdiff1d(left, rows["return"])
    left = rng.permutation(left)
    late = (days.day > 12).to_numpy()  # with day and month swapped there is no such date
    rows["unreadable_date"] = left[late[left]][: counts["unreadable_date"]]
    left = rng.permutation(np.setdiff1d(left, rows["unreadable_date"]))
    for code in ["duplicate", "unknown_customer", "future_date", "zero_amount", "unreadable_amount"]:
        rows[code], left = left[: counts[code]], left[counts[code] :]
    return {code: np.sort(found) for code, found in rows.items()}


def _one_of_several(log, shuffled, count):
    """One row each of customers with at least ten lines."""
    ids = log["customer_id"].iloc[shuffled]
    many = ids.map(ids.value_counts()).to_numpy() >= 10
    return shuffled[many & ~ids.duplicated().to_numpy()][:count]


def _spoil(rng, truth, log, rows):
    """The faults that change a row in place."""
    log.loc[rows["mixed_case_id"], "customer_id"] = log.loc[rows["mixed_case_id"], "customer_id"].str.lower()
    ahead = log.loc[rows["future_date"], "ordered_on"]
    year = rng.integers(2031, 2040, len(ahead)).astype(str)
    log.loc[rows["future_date"], "ordered_on"] = year + "-" + ahead.str[5:7] + "-15"
    log.loc[rows["zero_amount"], "amount"] = 0.0
    log.loc[rows["unreadable_amount"], "amount"] = np.nan
    whole = log.loc[rows["unreadable_date"], "ordered_on"]
    swapped = whole.str[:4] + "-" + whole.str[8:] + "-" + whole.str[5:7]
    log.loc[rows["unreadable_date"], "ordered_on"] = swapped.where(rng.random(len(whole)) < truth.swapped_share)
    return log


def _guests(rng, clean, rows):
    """Lines sold to nobody we know: an order of its own for each, like a line that was sold that day."""
    number = int(clean["order_id"].str[1:].max()) + 1 + np.arange(len(rows))
    width = clean["order_id"].str.len().max() - 1
    like = clean.loc[rows].assign(customer_id=None, campaign_id=None)
    return like.assign(order_id=[f"S{k:0{width}d}" for k in number])


def _returns(rng, window, log, clean, rows):
    """Lines that come back up to four weeks later, before the last day, under the number of their order."""
    room = (window.calendar[-1] - log["ordered_on"].iloc[rows]).dt.days.to_numpy()
    later = 1 + rng.integers(0, np.minimum(room, 28))
    day = log["ordered_on"].iloc[rows] + pd.to_timedelta(later, unit="D")
    back = clean.loc[rows]
    return back.assign(
        ordered_on=day.dt.strftime("%Y-%m-%d"), quantity=-back["quantity"], amount=-back["amount"], campaign_id=None
    )
