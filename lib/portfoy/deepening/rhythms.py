"""What is bought once, what again and when: a repurchase rule by category, learnt from the gaps between purchases."""

from contextlib import contextmanager
from uuid import uuid4

import numpy as np
import pandas as pd

from portfoy.customers import DAY, to_frame
from portfoy.intervals import wilson
from portfoy.models.survival import Incidence
from portfoy.source.servers import held

FEWEST = 30  # buyers; a category of fewer takes the rule of all together
HORIZON = 365  # days within which a purchase may be followed by another
ONCE = 0.1  # what surely fewer than these buy again within the horizon is bought once


@contextmanager
def worked_out(table):
    """The table (ibis), worked out once, while it is used; on a server where it lets us, else each time."""
    engine, name = table.get_backend(), f"offers_{uuid4().hex}"
    if engine.name != "duckdb":
        yield held(table)
        return
    try:
        yield engine.create_table(name, table, temp=True)
    finally:
        engine.raw_sql(f"DROP TABLE IF EXISTS {name}")


def spells(visits, period):
    """How many waits for the next purchase in a category there were, and of which length (two DataFrames).

    `visits`: customer, category, day (ibis), one row a day of purchase; `period` gives the window a day is in. Of waits
    that ended: ``category``, ``first`` of the customer, ``period`` it ended in, ``gap`` days, ``n``; of all:
    ``category``, ``first``, ``day`` it began, ``until`` the period it ended in, missing where it has not, ``n``.
    """
    window = {"group_by": ["customer", "category"], "order_by": "day"}
    waits = visits.mutate(next=visits.day.lead().over(**window), first=visits.day.lag().over(**window).isnull())
    with worked_out(waits) as waits:
        ended = waits.filter(waits.next.notnull())
        ended = ended.mutate(period=period(ended.next), gap=ended.next.delta(ended.day, unit="day"))
        pair = (ended, ["period", "gap"]), (waits.mutate(until=period(waits.next)), ["day", "until"])
        return tuple(to_frame(rows.group_by(["category", "first", *by]).agg(n=rows.count())) for rows, by in pair)


def rhythm_table(ended, begun, categories, *, until, day, confidence=0.95):
    """The rule of each category as known on a day, the last of the window `until`, from the `spells`.

    One row per category, in their order, and a last one, "all": ``category``; ``buyers``; ``again`` share of them who
    buy in it again within a year, or as long as anybody was seen, with bounds; of all purchases that another follows
    within it, ``gap`` days until half are followed, ``gap_low`` a quarter, ``gap_high`` three quarters; ``once``: the
    upper bound of `again` is below a tenth. Who has not come back yet is censored (Kaplan & Meier 1958, JASA 53,
    457-481). A category of fewer than 30 buyers takes what all come to, and is never `once`.
    """
    back = ended[ended["period"] <= until].assign(met=1.0)
    still = begun[(begun["day"] <= day) & ~(begun["until"] <= until)]
    rows = pd.concat([back, still.assign(gap=(day - still["day"]) // DAY, met=0.0)], ignore_index=True)
    place, size = pd.Index(categories).get_indexer(rows["category"]), len(categories) + 1
    horizon, found = int(min(HORIZON, rows["gap"].max())), []
    parts = [_curves(rows[kept], place[kept], size, horizon) for kept in (rows["first"].to_numpy(bool), slice(None))]
    for first, every in zip(*parts, strict=True):
        with np.errstate(over="ignore"):  # bounds of a share that a few buyers tell
            share, again = every.share("again"), [each[-1] for each in first.curve("again", confidence)[:3]]
        marks = [
            np.searchsorted(share, part * share[-1] - 1e-12) if share[-1] else np.nan for part in (0.5, 0.25, 0.75)
        ]
        again[2] = max(again[2], wilson(0, first.n[-1], confidence)[1]) if again[0] == 0 else again[2]
        found.append([first.n[0], *again, *marks])
    told = ["again", "again_low", "again_high", "gap", "gap_low", "gap_high"]
    table = pd.DataFrame(found, columns=["buyers", *told]).astype({"buyers": int})
    few = table["buyers"] < FEWEST
    table.loc[few, told] = table[told].iloc[-1].to_list()
    table.insert(0, "category", [*categories, "all"])
    return table.assign(once=~few & (table["again_high"] < ONCE))


def _curves(rows, place, size, horizon):
    """The `Incidence` of buying again, of each category and of all together."""
    gap, n, met = (rows[name].to_numpy() for name in ("gap", "n", "met"))
    cell, shape = place * (horizon + 2) + np.minimum(gap, horizon + 1), (size - 1, horizon + 2)
    counts = [np.bincount(cell, n * weight, np.prod(shape)).reshape(shape) for weight in (met, np.ones(len(n)))]
    met, over = (np.vstack([each, each.sum(axis=0)]) for each in counts)
    there = over[:, ::-1].cumsum(axis=1)[:, ::-1]
    hazard = met / np.maximum(there, 1)
    return [Incidence(n[:-1], {"again": own[:-1]}) for n, own in zip(there, hazard, strict=True)]
