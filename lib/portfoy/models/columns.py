"""What models of an outcome share: the columns of their examples, and what a column holds."""

from dataclasses import dataclass

import pandas as pd

from portfoy.customers import DAY

TREATED, CONTROL = "treatment", "control"  # arms of a campaign, as stored: contacted, and held out
HISTORY = ["idle", "purchases", "revenue", "ticket", "age"]

ABOUT = [
    *("campaign_id", "starts_on", "customer_id", "contacted_on", "known_on"),
    *("arm", "hold_out_share", "responded"),
]


@dataclass(frozen=True)
class Roles:
    """Which columns of the examples play which part in a model of an outcome, and what its counts are called.

    ``within``: campaigns or periods, each of one base rate, that begin on ``starts_on``; ``of``: whom a row is about;
    ``hit``: 1 or 0, missing while it is open, known on ``known_on``; ``p``: its forecast; ``rows``, ``hits``, ``rate``:
    what tables call the number of rows, of hits, and their ratio; ``logs``: numbers that enter as logarithms;
    ``about``: columns that are no features; ``arms``: whether only those treated are learnt from.
    """

    within: str = "campaign_id"
    of: str = "customer_id"
    hit: str = "responded"
    p: str = "p_response"
    rows: str = "contacts"
    hits: str = "responses"
    rate: str = "response"
    logs: tuple = tuple(HISTORY)
    about: tuple = tuple(ABOUT)
    arms: bool = True


CONTACTS = Roles()


def as_days(values):
    """A column as dates where that is what it holds, else None."""
    if pd.api.types.is_datetime64_any_dtype(values):
        return values.dt.tz_localize(None)
    if pd.api.types.is_numeric_dtype(values) or not values.notna().any():
        return None
    text = values.dropna().astype("str")
    if not text.head(100).str.match(r"\d").all():
        return None
    for form in ("ISO8601", "%d.%m.%Y", "%d/%m/%Y"):
        days = pd.to_datetime(text, format=form, errors="coerce", utc=True)
        if days.notna().mean() > 0.9 and not text.str.fullmatch(r"\d+").mean() > 0.1:
            return days.dt.tz_localize(None).reindex(values.index)
    return None


def as_number(values):
    """A column as floats where nine in ten of its values are numbers (dates: days), else None."""
    if pd.api.types.is_bool_dtype(values) or pd.api.types.is_numeric_dtype(values):
        return values.astype(float)
    days = as_days(values)
    if days is not None:
        return (days - pd.Timestamp(0)) / DAY
    if not pd.to_numeric(values.dropna().head(100), errors="coerce").notna().mean() > 0.5:
        return None
    number = pd.to_numeric(values, errors="coerce")
    return number.astype(float) if number.notna().sum() >= 0.9 * values.notna().sum() else None
