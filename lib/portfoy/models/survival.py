"""How long until something happens, where not all have been seen to the end: what is still open is censored.

All of it works on counts by day, so that many rows cost no more than few.
"""

import numpy as np
import pandas as pd


def day_counts(days, events):
    """One row per day on which anything ends: ``days``; ``n`` who were still there; ``d_<event>`` of each, by name.

    `days` how long each was seen, missing ones left out; `events` what ended it, missing or False where nothing did.
    Who is censored on a day was still there on it.
    """
    table = pd.DataFrame({"days": np.asarray(days, dtype=float), "event": np.asarray(events, dtype=object)})
    table = table.dropna(subset="days")
    table["event"] = table["event"].where(table["event"].notna() & (table["event"] != False), "")  # noqa: E712
    counts = table.groupby(["days", "event"]).size().unstack(fill_value=0).sort_index()
    n = counts.sum(axis=1)[::-1].cumsum()[::-1]
    found = counts.drop(columns="", errors="ignore").add_prefix("d_")
    found.insert(0, "n", n)
    return found.rename_axis(columns=None).reset_index()


def kaplan_meier(days, ended):
    """The share still there (Kaplan & Meier 1958, JASA 53), a row per day on which any ended.

    ``days``; ``n`` who were still there; ``d`` who ended on it; ``survival`` 0-1.
    """
    counts = day_counts(days, np.where(np.asarray(ended, dtype=bool), "ended", None))
    counts = counts.rename(columns={"d_ended": "d"}).reindex(columns=["days", "n", "d"], fill_value=0)
    counts = counts[counts["d"] > 0].reset_index(drop=True)
    return counts.assign(survival=(1 - counts["d"] / counts["n"]).cumprod())
