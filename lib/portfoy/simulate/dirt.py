"""Faults planted in every table, each on rows of its own, so that what is found can be counted exactly."""

import numpy as np
import pandas as pd

FURTHER = {  # table -> codes of `source.account`, each with the column it is about
    "customers": "no_key repeated_key future_date:joined_on unread_date:joined_on impossible_date_cell:joined_on "
    "unread_number:birth_year out_of_range:birth_year",
    "products": "no_key repeated_key future_date:launched_on unread_number:list_price",
    "leads": "no_key no_date:created_on impossible_date:created_on future_date:created_on repeated_key "
    "unread_date:closed_on ends_before_begin:closed_on not_yet:closed_on unread_label:outcome "
    "unread_number:expected_value",
    "spend": "no_date:month impossible_date:month future_date:month unread_number:cost out_of_range:cost",
    "campaigns": "repeated_key unread_number:cost",
    "contacts": "no_key future_date:contacted_on again unread_date:contacted_on unread_label:arm "
    "unread_label:responded",
    "subscriptions": "no_key no_date:started_on impossible_date:started_on future_date:started_on repeated_key "
    "impossible_date_cell:ended_on ends_before_begin:ended_on unread_number:monthly_fee out_of_range:monthly_fee",
    "tickets": "no_key no_date:opened_on impossible_date:opened_on future_date:opened_on repeated_key "
    "unread_date:resolved_on ends_before_begin:resolved_on not_yet:first_reply_on out_of_range:touches "
    "unread_label:is_complaint",
    "surveys": "no_key no_date:answered_on impossible_date:answered_on future_date:answered_on repeated_key "
    "out_of_range:nps unread_number:csat out_of_range:effort",
    "ratings": "unread_number:rating out_of_range:rating",
}
SHARE = 0.004  # rows of each of these faults over the clean rows of its table; at least one
KEY = {"contacts": ["campaign_id", "customer_id"]}  # of the others it is the first column
BEGIN = {"leads": "created_on", "subscriptions": "started_on", "tickets": "opened_on"}
WORDS = {"unread_number": "?", "unread_label": "perhaps", "no_date": "not yet", "unread_date": "31.31.2024"}
OUT = {"birth_year": "2999", "nps": "99", "rating": "99"}  # others are at least 0


def plant_further(rng, tables):
    """Plant the faults of FURTHER: (the tables that have some, table -> code and column -> rows planted).

    The columns concerned are now text, for some of it cannot be read.
    """
    dirty, planted = {}, {}
    for name in [name for name in FURTHER if name in tables]:
        faults = [fault.partition(":")[::2] for fault in FURTHER[name].split()]
        dirty[name], planted[name] = _planted(rng, name, tables[name], faults)
    return dirty, planted


def _planted(rng, name, clean, faults):
    """One table with these faults, (code, column), and how many rows each has."""
    key, begin = KEY.get(name, [clean.columns[0]]), clean.get(BEGIN.get(name))
    spoilt = clean.assign(**{column: _texts(clean[column]) for _code, column in faults if column})
    left, copied, counts = rng.permutation(len(clean)), np.array([], int), {}
    for code, column in faults:
        able = clean[column].notna() if column else pd.Series(True, clean.index)
        rows = left[able.to_numpy()[left]][: max(round(SHARE * len(clean)), 1)]
        left = left[~np.isin(left, rows)]
        counts[f"{code} {column}".strip()] = len(rows)
        if code in ("repeated_key", "again"):
            copied = rows
        else:
            cells = spoilt[column].iloc[rows] if column else None
            spoilt.loc[spoilt.index[rows], column or key[-1]] = _fault(rng, code, column, cells, begin)
    others = copied if name == "contacts" else left[: len(copied)]  # a contact stays in its campaign, with its day
    copies = spoilt.iloc[others].assign(**{part: clean[part].to_numpy()[copied] for part in key})
    place = np.concatenate([np.arange(len(clean)), rng.uniform(copied, len(clean))])  # a copy lies behind its first
    dirty = pd.concat([spoilt, copies], ignore_index=True).iloc[np.argsort(place, kind="stable")]
    return dirty.reset_index(drop=True), counts


def _fault(rng, code, column, cells, begin):
    """What stands in the cells instead."""
    if code in WORDS:
        return WORDS[code]
    if code == "out_of_range":
        return OUT.get(column, "-1")
    if code.startswith("impossible_date"):
        return "1900-01-01"
    if code in ("future_date", "not_yet"):
        return rng.integers(2031, 2040, len(cells)).astype(str) + cells.str[4:8] + "01"
    if code == "ends_before_begin":
        return (begin[cells.index] - pd.Timedelta(days=5)).dt.strftime("%Y-%m-%d")
    return None


def _texts(column):
    """A column as it is written in a file."""
    if pd.api.types.is_datetime64_any_dtype(column):
        return column.dt.strftime("%Y-%m-%d")
    if pd.api.types.is_bool_dtype(column):
        return column.astype("string").str.lower().astype(object)
    if pd.api.types.is_float_dtype(column):
        return column.map("{:.2f}".format, na_action="ignore").astype(object)
    return column.astype(object).where(column.isna(), column.astype(str))


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
