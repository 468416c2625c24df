"""The five most-used metrics of customer management: churn, NPS, lifetime value, sales cycle, first contact resolution.

Each is a `Metric`: the number with its interval, and what it was counted from. All look at the `days` that end on
`as_of`, by default a year (the sales cycle two), and raise DataError where the table or a column is missing, or there
is too little to count.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from portfoy.customers import DAY, as_table, engine, purchases_by, to_frame
from portfoy.errors import DataError, FitError
from portfoy.intervals import two_sided, wald, wilson
from portfoy.locale import _
from portfoy.models.survival import incidence

FEWEST = 30  # answers, tickets, deals or customers; an interval from fewer tells nobody anything
CYCLE_DAYS = 730  # of the deals begun in so many the sales cycle is counted


@dataclass(frozen=True)
class Metric:
    """One number about the portfolio.

    ``value`` with ``low`` and ``high``, in ``unit`` ("share" 0-1, "points", "days", "money"); ``counted`` of ``base``:
    numerator and denominator of a share, else the observations in ``base``; ``days`` it looks back.
    """

    metric: str
    value: float
    low: float
    high: float
    unit: str
    counted: float = np.nan
    base: float = np.nan
    days: int = 365


def churn(log, *, days, as_of, confidence=0.95):
    """Churn where nobody has a contract: of the customers of a day so many days ago, the share that has lapsed since.

    ``base`` had bought within `days`, as the gaps between purchases suggest them (`state_rule`), on that day;
    ``counted`` of them have been silent for longer on `as_of`: the words of the states. The interval is Wilson's.
    """
    as_of = pd.Timestamp(as_of)
    start = as_of - 2 * days * DAY
    bought = bought_by(log, as_of)
    each = bought.group_by("customer_id").agg(**windows(bought, as_of, days), day=bought.day.min())
    row = one_row(each, base=each.before.sum(), lost=(each.before & ~each.after).sum(), first=each.day.min())
    first = pd.Timestamp(row["first"] or pd.NaT)
    if pd.isna(first) or first > start + DAY:
        held = 0 if pd.isna(first) else (as_of - first) // DAY + 1
        text = _("churn: two windows of {days} days are needed, purchases span {held}. Take a longer history.")
        raise DataError(text.format(days=days, held=held))
    return rate("churn", row["lost"], row["base"], days, confidence)


def churn_change(log, *, days, as_of, since):
    """The p-value of the difference between `churn` on two days, which sees that they count the same customers.

    Each customer moves either rate by (lost - rate x base) / base; the error is that of the sum of the differences
    (linearised ratio: Wolter 2007, Introduction to Variance Estimation, chapter 6).
    """
    bought = bought_by(log, pd.Timestamp(as_of))
    now, then = (windows(bought, pd.Timestamp(day), days) for day in (as_of, since))
    each = bought.group_by("customer_id").agg(**now, **{f"{name}_then": value for name, value in then.items()})
    cells = each.group_by(["before", "after", "before_then", "after_then"]).agg(n=each.count()).to_pyarrow().to_pandas()
    moved, error = 0.0, 0.0
    for sign, when in ((1, ""), (-1, "_then")):
        base = cells[f"before{when}"].astype(float)
        lost = base * ~cells[f"after{when}"].astype(bool)
        rate = (cells["n"] * lost).sum() / (cells["n"] * base).sum()
        moved += sign * rate
        error += sign * (lost - rate * base) / (cells["n"] * base).sum()
    return two_sided(moved, np.sqrt((cells["n"] * error**2).sum()))


def bought_by(log, as_of):
    """One row per customer and day with a purchase by the day (ibis)."""
    days = purchases_by(as_table(log), as_of)
    return days.filter(days.day.notnull())


def windows(bought, as_of, days):
    """Whether a customer was silent for at most so many days, so many days before a day and on that day itself."""
    start, split, end = ((as_of - times * days * DAY).date() for times in (2, 1, 0))
    return {"before": bought.day.between(start, split).any(), "after": bought.day.between(split, end).any()}


def contract_churn(subscriptions, *, as_of, days=365, confidence=0.95):
    """Churn of contracts: of those running at the start, the share that ended since; running ones are not lost.

    ``counted`` contracts ended of ``base``; needs ``started_on`` and ``ended_on``, a row per contract. Wilson's
    interval.
    """
    table = engine(subscriptions, "subscriptions", ["started_on", "ended_on"])
    as_of = pd.Timestamp(as_of)
    start = (as_of - days * DAY).date()
    running = table.filter((table.started_on <= start) & (table.ended_on.isnull() | (table.ended_on > start)))
    ended = (running.ended_on <= as_of.date()).sum()
    row = one_row(running, base=running.count(), ended=ended)
    return rate("contract_churn", row["ended"], row["base"], days, confidence)


def nps(surveys, *, as_of, days=365, confidence=0.95):
    """Net promoter score, -100 to 100 points: the per cent of answers 9 and 10 less the per cent of answers 0 to 6.

    Each customer counts once, with the latest answer, so that the ``base`` answers are independent of one another;
    needs ``customer_id``, ``answered_on`` and ``nps`` 0-10. Interval from the variance p + d - (p - d)^2 of one answer.
    """
    table = engine(surveys, "surveys", ["customer_id", "answered_on", "nps"])
    answers = table.filter(within(table.answered_on, as_of, days) & table.nps.between(0, 10))
    last = answers.group_by("customer_id").agg(nps=answers.nps.argmax(answers.answered_on))
    row = one_row(last, base=last.count(), promoters=(last.nps >= 9).sum(), detractors=(last.nps <= 6).sum())
    n = enough("nps", row["base"], days)
    promoters, detractors = row["promoters"] / n, row["detractors"] / n
    score = promoters - detractors
    low, high = wald(score, np.sqrt((promoters + detractors - score**2) / n), confidence)
    return Metric("nps", 100 * score, 100 * max(low, -1), 100 * min(high, 1), "points", base=n, days=days)


def deal_table(leads, as_of):
    """Leads (DataFrame) as deals on a day, with all their columns; those without ``created_on`` by it are left out.

    ``begun_on`` the first contact: ``contacted_on``, where that is missing or not between creation and end
    ``created_on``. ``outcome`` "won", "lost" or "open", as the table says; where that is missing: open, but not known
    for a lead that is closed. Without the column a lead with a customer_id is won, any other that is closed lost.
    ``closed_on`` not of an open one: what stands there is a plan. ``days`` from begun_on to closed_on, of
    an open one to `as_of`, censored; missing for one won or lost on no known day or before it began.
    """
    as_of = pd.Timestamp(as_of)
    leads = leads[pd.to_datetime(leads["created_on"]) <= as_of].reset_index(drop=True)
    none = pd.Series(pd.NaT, leads.index, dtype="datetime64[us]")
    created, contacted, closed = (
        pd.to_datetime(leads[name]).astype("datetime64[us]") if name in leads else none
        for name in ("created_on", "contacted_on", "closed_on")
    )
    told, over = pd.Series("open", leads.index, dtype="str"), closed <= as_of
    if "outcome" in leads:
        said = leads["outcome"].astype("str").str.lower()
        told = said.where(said.isin(["won", "lost", "open"]), told.mask(over))
    else:
        told = told.mask(over, "lost")
        told = told.mask(leads["customer_id"].notna(), "won") if "customer_id" in leads else told
    told = told.mask(closed > as_of, "open")
    closed = closed.where(over & (told != "open"))
    end = closed.mask(told == "open", as_of)
    begun = contacted.where((contacted >= created) & (contacted <= end.fillna(as_of)), created)
    days = (end - begun) / DAY
    found = {"created_on": created, "begun_on": begun, "closed_on": closed, "outcome": told}
    return leads.assign(**found, days=days.where((days >= 0) & told.notna()))


def sales_cycle(leads, *, as_of, days=CYCLE_DAYS, horizon_days=180, confidence=0.95, whole=False):
    """Sales cycle length: the days from first contact by which half of those who will be won are won.

    Will be won means within the horizon, of the deals begun in so many `days`; open ones are censored, lost ones are
    no longer to be won (`models.survival.Incidence.day_of`, with its interval). ``base`` deals won by the horizon.
    Needs ``created_on``, ``closed_on`` and ``outcome``, a row per lead, as `deal_table` reads them; `whole`: only where
    records reach back so far, for where they begin quick deals are missing.
    """
    table = engine(leads, "leads", ["created_on", "closed_on", "outcome"])
    names = [name for name in ("created_on", "contacted_on", "closed_on", "outcome") if name in table.columns]
    deals = begun_lately(deal_table(to_frame(table.select(names)), as_of), as_of, days, whole=whole)
    found = cycle_incidence(deals, as_of=as_of, horizon_days=horizon_days)
    won = int(((deals["outcome"] == "won") & (deals["days"] <= horizon_days)).sum())
    return Metric("sales_cycle", *found.day_of("won", 0.5, confidence), "days", base=won, days=days)


def begun_lately(deals, as_of, days, *, whole=False):
    """Of a `deal_table`, the deals begun in so many days whose outcome and length are known or still to come."""
    start, first = pd.Timestamp(as_of) - days * DAY, deals["begun_on"].min()
    if whole and first > start + 31 * DAY:
        raise DataError(_("leads: deals begin on {first:%Y-%m-%d}. Take a later day.").format(first=first))
    lately = deals["begun_on"] > start
    return deals[lately & deals["outcome"].notna() & deals["days"].notna()]


def cycle_incidence(deals, *, as_of, horizon_days):
    """The `Incidence` of "won" and "lost" among deals up to a horizon; DataError where too few reach it or are won."""
    reach = int((deals["begun_on"] <= pd.Timestamp(as_of) - horizon_days * DAY).sum())
    won = int(((deals["outcome"] == "won") & (deals["days"] <= horizon_days)).sum())
    if min(reach, won) < FEWEST:
        text = _(
            "leads: {won} deals are won within {days} days and {reach} began that long ago; {fewest} of each are "
            "needed. Take a longer history or other horizon_days."
        )
        raise DataError(text.format(won=won, days=horizon_days, reach=reach, fewest=FEWEST))
    return incidence(deals["days"], deals["outcome"].where(deals["outcome"] != "open"), horizon_days)


def first_contact_resolution(tickets, *, as_of, days=365, reopen_days=30, confidence=0.95):
    """First contact resolution: the share of closed tickets that took one contact and did not come back.

    ``counted`` of ``base`` tickets; needs ``closed_on`` and ``touches``, a row per ticket. One has come back whose
    ``reopened_on`` lies within `reopen_days` of being resolved. The interval is Wilson's.
    """
    table = at_once(engine(tickets, "tickets", ["closed_on", "touches"]), as_of=as_of, reopen_days=reopen_days)
    closed = table.filter(within(table.closed_on, as_of, days) & table.touches.notnull())
    row = one_row(closed, base=closed.count(), once=closed.once.sum())
    return rate("first_contact_resolution", row["once"], row["base"], days, confidence)


def at_once(tickets, *, as_of, reopen_days):
    """The tickets (ibis) with ``once``, one contact and not come back by the day; missing without touches."""
    once = tickets.touches <= 1
    if "reopened_on" in tickets.columns:
        settled = tickets.closed_on
        if "resolved_on" in tickets.columns:
            settled = tickets.resolved_on.fill_null(settled)
        back = tickets.reopened_on.notnull() & (tickets.reopened_on.delta(settled, unit="day") <= reopen_days)
        back &= tickets.reopened_on <= pd.Timestamp(as_of).date()
        once &= ~back.fill_null(False)
    return tickets.mutate(once=once)


def clv(value):
    """Customer lifetime value: what a customer is expected to bring on average, from a `LifetimeValue`."""
    if value is None:
        raise FitError(_("clv: there is no forecast of purchases; the selection report says why."))
    return Metric("clv", *value.mean, "money", base=len(value.table), days=round(value.horizon_months * 365.25 / 12))


def rate(name, counted, base, days, confidence):
    """`counted` of `base` as a Metric with the interval of Wilson; DataError where there are too few."""
    low, high = wilson(counted, enough(name, base, days), confidence)
    return Metric(name, counted / base, low, high, "share", counted, base, days)


def enough(name, found, days):
    """`found`, where so many observations tell anybody anything."""
    if found < FEWEST:
        text = _("{name}: {found} cases in {days} days; at least {fewest} are needed.")
        raise DataError(text.format(name=name, found=found, days=days, fewest=FEWEST))
    return found


def row_of(name, way):
    """What `way` counts, a Metric, as the row of a table; where it cannot, ``missing`` says why."""
    try:
        found, missing = way(), ""
    except (DataError, FitError) as error:
        found, missing = Metric(name, np.nan, np.nan, np.nan, "number", days=0), str(error)
    bounds = {"value": float(found.value), "value_low": float(found.low), "value_high": float(found.high)}
    counts = {"counted": float(found.counted), "base": float(found.base), "days": found.days}
    return {"metric": name, **bounds, "unit": found.unit, **counts, "missing": missing}


def one_row(table, **sums):
    """Sums over all rows of an Ibis table: name -> number, 0 where there is no row."""
    return {name: value or 0 for name, value in table.agg(**sums).to_pyarrow().to_pylist()[0].items()}


def within(day, as_of, days):
    as_of = pd.Timestamp(as_of)
    return (day > (as_of - days * DAY).date()) & (day <= as_of.date())
