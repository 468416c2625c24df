"""The firm's time: days of the window, the season that stretches them, and the price index."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.simulate.truth import Truth

RAMAZAN = ["2023-04-21", "2024-04-10", "2025-03-30", "2026-03-20"]  # first days of the feasts; other years have none
KURBAN = ["2023-06-28", "2024-06-16", "2025-06-06", "2026-05-27"]
MONTH = 365.25 / 12  # days


@dataclass(frozen=True)
class Window:
    """The days from start to end, numbered from 0."""

    calendar: pd.DatetimeIndex
    season: np.ndarray  # factor of each day
    clock: np.ndarray  # season days before each day; one entry more than days
    index: np.ndarray  # price index of each day's month, 1.0 in the first

    @property
    def last(self):
        """Number of the last day."""
        return len(self.calendar) - 1

    def dates(self, day):
        """Dates of day numbers; missing where the number is missing or after the last day. Negative ones are before."""
        day = np.asarray(day, float)
        known = np.isfinite(day) & (day <= self.last)
        start = self.calendar[0].to_datetime64().astype("datetime64[s]")
        moved = start + np.where(known, day, 0).astype("int64") * np.timedelta64(86_400, "s")
        return pd.Series(np.where(known, moved, np.datetime64("NaT")).astype("datetime64[s]"))

    def day_of(self, time):
        """Day numbers of moments on the season's clock."""
        return np.searchsorted(self.clock, time, side="right") - 1

    def months(self):
        """Number of the month of each day, from 0."""
        stamp = self.calendar.year.to_numpy() * 12 + self.calendar.month.to_numpy()
        return stamp - stamp[0]


def make_window(start, end, truth):
    """The window from `start` to `end`, both included."""
    calendar = pd.date_range(_date("start", start), _date("end", end))
    if len(calendar) < 365:
        text = _("simulate: {start} to {end} is {n} days; at least 365 are needed.")
        raise DataError(text.format(start=start, end=end, n=len(calendar)))
    season = season_factors(calendar, truth)
    index = price_index(start, end, truth).set_index("month")["index"]
    daily = index.loc[calendar.to_period("M").to_timestamp()].to_numpy()
    return Window(calendar, season, np.concatenate([[0.0], np.cumsum(season)]), daily)


def _date(name, given):
    try:
        return pd.Timestamp(given)
    except ValueError:
        raise DataError(_("simulate: {name} is {given!r}; give YYYY-MM-DD.").format(name=name, given=given)) from None


def season_factors(calendar, truth):
    """Factor of each day: its month's, times the lift before a feast."""
    factor = np.asarray(truth.season, float)[calendar.month - 1]
    for feasts, length, lift in [(RAMAZAN, 21, truth.ramazan_lift), (KURBAN, 14, truth.kurban_lift)]:
        for feast in pd.to_datetime(feasts):
            before = (calendar < feast) & (calendar >= feast - pd.Timedelta(days=length))
            factor = np.where(before, factor * lift, factor)
    return factor


def price_index(start, end, truth):
    """One row per month: ``month`` its first day, ``index`` prices as a multiple of the first month's."""
    month = pd.period_range(start, end, freq="M").to_timestamp()
    rate = np.linspace(truth.inflation_first, truth.inflation_last, max(len(month) - 1, 1))[: len(month) - 1]
    return pd.DataFrame({"month": month, "index": np.round(np.cumprod(np.concatenate([[1.0], 1 + rate])), 4)})


def season_days(dates, *, start="2023-07-01", truth=None):
    """Where dates stand on the season's clock (at noon), for fits of BG/NBD: differences of these are season days."""
    dates = pd.DatetimeIndex(dates)
    calendar = pd.date_range(start, dates.max())
    season = season_factors(calendar, truth or Truth())
    noon = np.cumsum(season) - season / 2
    return noon[(dates - calendar[0]).days]


def draw_arrivals(rng, truth, window, size):
    """Moments on the season's clock at which customers arrive: as the season goes, growing from year to year."""
    weight = window.season * (1 + truth.growth) ** (np.arange(window.last + 1) / 365.25)
    whole = np.concatenate([[0.0], np.cumsum(weight)]) / weight.sum()
    return np.sort(np.interp(rng.random(size), whole, window.clock))


def pick(rng, shares, size):
    """Random numbers 0, 1, 2 ... with these shares; `shares` may also hold one row of shares for each draw."""
    edges = np.cumsum(np.asarray(shares, float), axis=-1)
    edges = edges / edges[..., -1:]
    if edges.ndim == 1:
        return np.searchsorted(edges, rng.random(size), side="right")
    return (rng.random(size)[:, None] >= edges).sum(axis=1)


def ids(prefix, numbers, width):
    """Text ids: the prefix and a number with leading zeros."""
    return np.array([f"{prefix}{number:0{width}d}" for number in numbers], dtype=object)
