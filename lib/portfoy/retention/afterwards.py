"""What a customer had done by a day, and whether they have left since; for answers and for tickets alike."""

import ibis
import numpy as np
import pandas as pd

from portfoy.customers import DAY, purchases_by, to_frame
from portfoy.standing import rule_in_force

YEAR = 365


def window_of(firm):
    """Days in which a customer who buys nothing has left, by the rule in force; DataError where there is none."""
    rule = firm.once("rule", lambda: rule_in_force(firm.kept, firm.log, as_of=firm.as_of, confidence=firm.confidence))
    return rule.lapsed_days


def afterwards(firm, rows, window):
    """Rows of ``customer_id`` and ``day`` with what was known of the customer on the day, and what came after it.

    ``purchases`` days with an order so far; ``idle`` days since the last; ``revenue`` money of the year up to the day;
    ``complaints`` of that year, missing where tickets do not tell; ``left`` 1 for who had bought in the `window` of
    days up to the day and did not in the one after it, 0 if they did; missing for others, where that window is not
    over, and all but the complaints without a `window`.
    """
    place = np.arange(len(rows))
    day = pd.Series(pd.to_datetime(rows["day"]).to_numpy(), place)
    ids = rows["customer_id"].astype("str").to_numpy(object)
    asked = ibis.memtable(pd.DataFrame({"place": place, "customer_id": ids, "asked": day}))
    asked = asked.cast({"customer_id": "string", "asked": "date"})
    found = pd.DataFrame(index=place, columns=["purchases", "idle", "revenue", "stayed"], dtype="float64")
    if window and len(rows):
        days = purchases_by(firm.log, firm.as_of)
        both = asked.inner_join(days.filter(days.day.notnull()).select("customer_id", "day", "revenue"), "customer_id")
        ago = both.asked.delta(both.day, unit="day")
        done = both.group_by("place").agg(
            purchases=(ago >= 0).sum(),
            idle=ago.min(where=ago >= 0),
            revenue=both.revenue.sum(where=(ago >= 0) & (ago < YEAR)),
            stayed=((ago < 0) & (ago >= -window)).any(),
        )
        found = to_frame(done).set_index("place").reindex(place).astype("float64")
    over = day + (window or 0) * DAY <= firm.as_of
    found["left"] = (1 - found.pop("stayed")).where(over & (found["purchases"] > 0) & (found["idle"] <= window))
    tickets, found["complaints"] = firm.tables.tickets, np.nan
    if tickets is not None and "is_complaint" in tickets.columns and len(rows):
        both = asked.inner_join(tickets.filter(tickets.is_complaint).select("customer_id", "opened_on"), "customer_id")
        ago = both.asked.delta(both.opened_on, unit="day")
        counted = to_frame(both.group_by("place").agg(n=((ago >= 0) & (ago < YEAR)).sum())).set_index("place")["n"]
        found["complaints"] = counted.reindex(place, fill_value=0)
    return rows.assign(**found.set_axis(rows.index))
