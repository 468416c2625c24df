"""Every lead as a deal: when it began, how it ended, and whether its time has come."""

import ibis
import numpy as np
import pandas as pd

from portfoy.customers import DAY, margin_rate, purchases_by, to_frame
from portfoy.errors import DataError
from portfoy.firm import in_force
from portfoy.locale import _
from portfoy.metrics import FEWEST, deal_table, engine
from portfoy.models.survival import incidence
from portfoy.people import level_groups

RIPE = 0.95  # of the leads that get closed are closed by the day from which a lead is ripe
SEEN = 0.5  # of all leads must be seen to close: of fewer nobody knows how long the others take
YEAR, ENOUGH = 365, FEWEST  # days; customers won whose mean margin tells what a win is worth
MOST = 30  # levels of a trait, such as owners, that are named


def deals(firm):
    """One row per lead of the firm's day, in the order of ``created_on``; kept by the firm.

    All columns of the table of leads, with ``customer_id``, ``channel``, ``owner``, ``referred_by``,
    ``expected_value`` and the days of the stages where it has them, and of `metrics.deal_table`: ``begun_on``,
    ``closed_on``, ``outcome`` ("won", "lost", "open"; missing where it was not understood: such a lead counts nowhere)
    and ``days``. A lead won or lost on no known day has an outcome and no days: it counts in shares, not in times.
    DataError where there is no table of leads, it has no rows, or `lead_id` or `created_on` is missing.
    """
    return firm.once("deals", lambda: _deals(firm))


def _deals(firm):
    table = engine(firm.tables.leads, "leads", ["lead_id", "created_on"])
    found = deal_table(to_frame(table.order_by(["created_on", "lead_id"])), firm.as_of)
    if found.empty:
        text = _("leads: nobody was a lead by {as_of:%Y-%m-%d}; at least one row is needed. Take a later date.")
        raise DataError(text.format(as_of=firm.as_of))
    return found


def not_understood(firm):
    """How many leads have an outcome that was not understood, and count nowhere."""
    return int(deals(firm)["outcome"].isna().sum())


def ripe_rule(firm):
    """After how many days a lead is ripe: ``days``, and ``since`` (YYYY-MM-DD) which day this stands.

    By then 95 of 100 leads that get closed are, counted from ``created_on``; open ones are censored (Kaplan-Meier). In
    a report it is what earlier ones have kept (`Firm.kept`); a room that uses it gives it on: ``{"ripe": ripe_rule}``.
    DataError where fewer than 30 leads are closed on a known day, or fewer than half are within the history.
    """
    before = firm.kept.get("ripe", {})
    if in_force(before) and isinstance(before.get("days"), int) and before["days"] > 0:
        return before
    return firm.once("ripe", lambda: {"days": _ripe(firm), "since": f"{firm.as_of:%Y-%m-%d}"})


def ripe_days(firm):
    """The days of `ripe_rule`; a lead created at least so long before the firm's day is ripe."""
    return ripe_rule(firm)["days"]


def is_ripe(firm):
    """Of each row of `deals`, whether it is ripe and its outcome was understood."""
    table = deals(firm)
    return (table["created_on"] <= firm.as_of - ripe_days(firm) * DAY) & table["outcome"].notna()


def _ripe(firm):
    table = deals(firm).dropna(subset="outcome")
    closed, still = table["closed_on"].notna(), table["outcome"] == "open"
    days = ((table["closed_on"].where(closed, firm.as_of) - table["created_on"]) / DAY)[closed | still]
    over = pd.Series("closed", days.index).where(closed[days.index])
    closing = incidence(days, over, days.max() if len(days) else 0).share("closed")  # one minus Kaplan-Meier
    share = closing[-1]
    if closed.sum() < FEWEST or share < SEEN:
        text = _(
            "leads: {closed} are closed on a known day, {share:.0%} of all within the history; {fewest} and "
            "half are needed. Take a longer history."
        )
        raise DataError(text.format(closed=int(closed.sum()), share=share, fewest=FEWEST))
    return max(int((closing >= RIPE * share - 1e-12).argmax()), 1)


def named_levels(rows, trait):
    """The level of each row of deals in a trait, and their names: at most 30 with 30 deals or more, the largest first.

    The others are one level (`people.OTHERS`), as are those not known; an ordered trait keeps its order and all levels.
    The level is an array of numbers, that of the names from 0.
    """
    ordered = isinstance(rows[trait].dtype, pd.CategoricalDtype)
    codes, values = pd.factorize(rows[trait], use_na_sentinel=False)
    each = pd.DataFrame({trait: values, "revenue": np.bincount(codes, minlength=len(values)).astype(float)})
    known = each[each[trait].notna()]
    most = len(known) if ordered else min(int((known["revenue"] >= FEWEST).sum()), MOST)
    groups, names = level_groups(each, trait, most=most)
    return groups.to_numpy()[codes], names


def year_margins(firm):
    """Margin of the first year, at the firm's prices, of each customer that a lead won a year ago or longer: a Series.

    Its index is that of the row of `deals`; empty where there are no orders, or no won lead names its customer.
    """
    return firm.once("year margins", lambda: _year_margins(firm))


def _year_margins(firm):
    table = deals(firm).reindex(columns=["outcome", "closed_on", "customer_id"])
    won = table[(table["outcome"] == "won") & (table["closed_on"] <= firm.as_of - YEAR * DAY)]
    won = won.dropna().drop_duplicates("customer_id").rename_axis("row").reset_index()
    if firm.tables.transactions is None or won.empty:
        return pd.Series(dtype="float64")
    days = brought_since(firm, won[["row", "customer_id", "closed_on"]].rename(columns={"closed_on": "start"}))
    sums = days.filter(days.since.between(0, YEAR - 1)).group_by("row").agg(margin=days.margin.sum())
    return to_frame(sums).set_index("row")["margin"].astype("float64").reindex(won["row"], fill_value=0.0)


def brought_since(firm, who):
    """Purchase days (ibis) of some customers: ``on``, ``margin``, ``since`` days from the ``start`` of each.

    `who` has ``customer_id`` and ``start``; its columns stand beside. Margin is the usual share of revenue where no
    cost is known.
    """
    days = purchases_by(firm.log, firm.as_of)
    margin = days.margin.fill_null(days.revenue * margin_rate(firm.customers))
    days = days.mutate(on=days.day.fill_null(days.returned_on), margin=margin)
    who = ibis.memtable(who.astype({"customer_id": "str"}))
    days = days.join(who.mutate(start=who.start.cast("date")), "customer_id")
    return days.mutate(since=days.on.delta(days.start, unit="day"))
