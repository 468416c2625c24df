"""What a customer had done by a day, and whether they have left since; for answers and for tickets alike."""

import pandas as pd

from portfoy.customers import DAY, purchases_by, to_frame
from portfoy.retention.histories import YEAR, met

KNOWN = ["purchases", "idle", "revenue"]  # of a customer on the day


def afterwards(firm, rows, window):
    """Rows of ``customer_id`` and ``day`` with what was known of the customer on the day, and what came after it.

    ``purchases`` days with an order so far; ``idle`` days since the last; ``revenue`` money of the year up to the day;
    ``complaints`` of that year, missing where tickets do not tell; ``left`` 1 for who had bought in the `window` of
    days up to the day and did not in the one after it, 0 if they did; missing for others, where that window is not
    over, and all but the complaints without a `window`.
    """
    asked = rows[["customer_id"]].assign(seen_on=pd.to_datetime(rows["day"])).reset_index(drop=True)
    found = pd.DataFrame(index=asked.index, columns=[*KNOWN, "stayed"])
    if window and len(rows):
        days = purchases_by(firm.log, firm.as_of)
        both = met(days.filter(days.day.notnull()).select("customer_id", "day", "revenue"), asked, "day")
        done = both.group_by("place").agg(
            purchases=(both.ago >= 0).sum(),
            idle=both.ago.min(where=both.ago >= 0),
            revenue=both.revenue.sum(where=(both.ago >= 0) & (both.ago < YEAR)),
            stayed=((both.ago < 0) & (both.ago >= -window)).any(),
        )
        found = to_frame(done).set_index("place").reindex(asked.index)
    found = found.astype("float64").assign(complaints=float("nan"))
    over = asked["seen_on"] + (window or 0) * DAY <= firm.as_of
    found["left"] = (1 - found.pop("stayed")).where(over & (found["purchases"] > 0) & (found["idle"] <= window))
    tickets = firm.tables.tickets
    if tickets is not None and "is_complaint" in tickets.columns and len(rows):
        both = met(tickets.filter(tickets.is_complaint).select("customer_id", "opened_on"), asked, "opened_on")
        counted = to_frame(both.group_by("place").agg(n=((both.ago >= 0) & (both.ago < YEAR)).sum()))
        found["complaints"] = counted.set_index("place")["n"].reindex(asked.index, fill_value=0)
    return rows.assign(**found.set_axis(rows.index))
