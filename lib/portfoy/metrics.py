"""The five most-used metrics of customer management: churn, NPS, lifetime value, sales cycle, first contact resolution.

Each is a `Metric`: the number with its interval, and what it was counted from. All look at the time that ends on
`as_of`, by default a year of it.
"""

from dataclasses import dataclass

import ibis
import numpy as np
import pandas as pd

from portfoy.customers import DAY, as_table, purchases_by
from portfoy.errors import DataError, FitError
from portfoy.intervals import wald, wilson
from portfoy.locale import _

FEWEST = 30  # answers, tickets, deals or customers; an interval from fewer tells nobody anything


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
    """Churn where nobody has a contract: of those who bought in a window, the share that did not buy in the next.

    Parameters
    ----------
    log : ibis Table or DataFrame, one row per order line, as in `customer_table`
    days : length of the window, as the gaps between purchases suggest it (`state_rule`)
    as_of : the day on which the second window ends
    confidence : of the Wilson interval

    Returns
    -------
    Metric : ``counted`` customers lost, ``base`` customers who had bought in the first window

    Raises
    ------
    DataError : the data hold less than two windows, or too few customers bought in the first.
    """
    as_of = pd.Timestamp(as_of)
    split, start = as_of - days * DAY, as_of - 2 * days * DAY
    table = as_table(log)
    bought = purchases_by(table, as_of)
    bought = bought.filter(bought.day.notnull())
    each = bought.group_by("customer_id").agg(
        before=((bought.day > start.date()) & (bought.day <= split.date())).any(),
        after=(bought.day > split.date()).any(),
        day=bought.day.min(),
    )
    row = each.agg(
        base=each.before.sum(), lost=(each.before & ~each.after).sum(), first=each.day.min()
    ).to_pyarrow().to_pylist()[0]  # fmt: skip
    first = pd.Timestamp(row["first"])
    if pd.isna(first) or first > start + DAY:
        raise DataError(
            _(
                "churn: two windows of {days} days are needed, and the purchases begin {held} days before {as_of}. "
                "Take a longer history or a shorter window."
            ).format(days=days, held=0 if pd.isna(first) else (as_of - first) // DAY + 1, as_of=f"{as_of:%Y-%m-%d}")
        )
    return _rate("churn", row["lost"] or 0, row["base"] or 0, days, confidence, _("customers of the earlier window"))


def contract_churn(subscriptions, *, as_of, days=365, confidence=0.95):
    """Churn of contracts: of those running at the start, the share that ended since; running ones are not lost.

    Parameters
    ----------
    subscriptions : ibis Table or DataFrame, one row per contract; needs ``started_on`` and ``ended_on``
    as_of, days : the time looked at ends on `as_of` and is `days` long
    confidence : of the Wilson interval

    Returns
    -------
    Metric : ``counted`` contracts ended, ``base`` contracts running at the start

    Raises
    ------
    DataError : the table or a column is missing, or too few contracts ran at the start.
    """
    table = _engine(subscriptions, "subscriptions", ["started_on", "ended_on"], _("churn of contracts"))
    as_of = pd.Timestamp(as_of)
    start = (as_of - days * DAY).date()
    running = table.filter((table.started_on <= start) & (table.ended_on.isnull() | (table.ended_on > start)))
    ended = (running.ended_on <= as_of.date()).sum()
    row = running.agg(base=running.count(), ended=ended).to_pyarrow().to_pylist()[0]
    return _rate("contract_churn", row["ended"] or 0, row["base"], days, confidence, _("contracts at the start"))


def nps(surveys, *, as_of, days=365, confidence=0.95):
    """Net promoter score: the per cent of answers 9 and 10 less the per cent of answers 0 to 6.

    Each customer counts once, with the latest answer, so that the answers are independent of one another.

    Parameters
    ----------
    surveys : ibis Table or DataFrame, one row per answer; needs ``customer_id``, ``answered_on`` and ``nps`` 0-10
    as_of, days : answers of the `days` up to `as_of`
    confidence : of the interval, from the variance p + d - (p - d)^2 of one answer

    Returns
    -------
    Metric in points, -100 to 100; ``base`` answers

    Raises
    ------
    DataError : the table or a column is missing, or there are too few answers.
    """
    table = _engine(surveys, "surveys", ["customer_id", "answered_on", "nps"], _("the net promoter score"))
    answers = table.filter(within(table.answered_on, as_of, days) & table.nps.between(0, 10))
    last = answers.group_by("customer_id").agg(nps=answers.nps.argmax(answers.answered_on))
    row = last.agg(
        base=last.count(), promoters=(last.nps >= 9).sum(), detractors=(last.nps <= 6).sum()
    ).to_pyarrow().to_pylist()[0]  # fmt: skip
    n = _enough("nps", row["base"], days, _("answers"))
    promoters, detractors = (row["promoters"] or 0) / n, (row["detractors"] or 0) / n
    score = promoters - detractors
    low, high = wald(score, np.sqrt((promoters + detractors - score**2) / n), confidence)
    return Metric("nps", 100 * score, 100 * max(low, -1), 100 * min(high, 1), "points", base=n, days=days)


def sales_cycle(leads, *, as_of, days=365, confidence=0.95):
    """Sales cycle length: the median days from first hearing of a lead to winning it, of the deals won lately.

    Open and lost leads are not in it; how long leads stay open is a question for the acquisition report.

    Parameters
    ----------
    leads : ibis Table or DataFrame, one row per lead; needs ``created_on``, ``closed_on`` and ``outcome``
    as_of, days : leads won in the `days` up to `as_of`
    confidence : of the interval, from the ranks of the deals (binomial)

    Returns
    -------
    Metric in days; ``base`` deals won

    Raises
    ------
    DataError : the table or a column is missing, or too few leads were won.
    """
    from scipy.stats import quantile_test

    table = _engine(leads, "leads", ["created_on", "closed_on", "outcome"], _("the sales cycle length"))
    won = table.filter((table.outcome.lower() == "won") & within(table.closed_on, as_of, days))
    length = won.closed_on.delta(won.created_on, unit="day")
    counts = won.group_by(length=length).agg(deals=won.count()).to_pyarrow().to_pandas()
    lengths = np.repeat(counts["length"].to_numpy(float), counts["deals"])
    _enough("sales_cycle", len(lengths), days, _("deals won"))
    middle = float(np.median(lengths))
    interval = quantile_test(lengths, q=middle, p=0.5).confidence_interval(confidence)
    return Metric("sales_cycle", middle, interval.low, interval.high, "days", base=len(lengths), days=days)


def first_contact_resolution(tickets, *, as_of, days=365, reopen_days=30, confidence=0.95):
    """First contact resolution: the share of closed tickets that took one contact and did not come back.

    Parameters
    ----------
    tickets : ibis Table or DataFrame, one row per ticket; needs ``closed_on`` and ``touches``; a ticket whose
        ``reopened_on`` lies within `reopen_days` of being resolved has come back
    as_of, days : tickets closed in the `days` up to `as_of`
    confidence : of the Wilson interval

    Returns
    -------
    Metric : ``counted`` tickets resolved at first contact, ``base`` closed tickets

    Raises
    ------
    DataError : the table or a column is missing, or too few tickets were closed.
    """
    table = _engine(tickets, "tickets", ["closed_on", "touches"], _("first contact resolution"))
    closed = table.filter(within(table.closed_on, as_of, days) & table.touches.notnull())
    once = closed.touches <= 1
    if "reopened_on" in closed.columns:
        settled = (
            closed.resolved_on.fill_null(closed.closed_on) if "resolved_on" in closed.columns else closed.closed_on
        )
        back = closed.reopened_on.notnull() & (closed.reopened_on.delta(settled, unit="day") <= reopen_days)
        back &= closed.reopened_on <= pd.Timestamp(as_of).date()
        once &= ~back.fill_null(False)
    row = closed.agg(base=closed.count(), once=once.sum()).to_pyarrow().to_pylist()[0]
    return _rate("first_contact_resolution", row["once"] or 0, row["base"], days, confidence, _("closed tickets"))


def clv(value):
    """Customer lifetime value: what a customer is expected to bring on average, from a `LifetimeValue`."""
    if value is None:
        raise FitError(_("clv: there is no forecast of purchases; the selection report says why."))
    return Metric("clv", *value.mean, "money", base=len(value.table), days=round(value.horizon_months * 365.25 / 12))


def _rate(name, counted, base, days, confidence, what):
    base = _enough(name, base, days, what)
    low, high = wilson(counted, base, confidence)
    return Metric(name, counted / base, low, high, "share", counted, base, days)


def _enough(name, found, days, what):
    if not found or found < FEWEST:
        raise DataError(
            _("{name}: {found} {what} in {days} days; at least {fewest} are needed.").format(
                name=name, found=found or 0, what=what, days=days, fewest=FEWEST
            )
        )
    return found


def _engine(table, name, columns, what):
    """A table of the source as an Ibis table, checked to be there with the columns that `what` needs."""
    if table is None:
        raise DataError(
            _("{name}: there is no such table; {what} needs its columns {columns}. Add it to the source.").format(
                name=name, what=what, columns=", ".join(columns)
            )
        )
    table = ibis.memtable(table) if isinstance(table, pd.DataFrame) else table
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise DataError(
            _("{name}: {what} needs {columns}, which the table does not have. Map it in portfoy.toml.").format(
                name=name, what=what, columns=", ".join(f"'{column}'" for column in missing)
            )
        )
    return table


def within(day, as_of, days):
    as_of = pd.Timestamp(as_of)
    return (day > (as_of - days * DAY).date()) & (day <= as_of.date())
