"""Churn of contracts by plan in two years, and what of its change is that of the plans and what of their mix."""

import numpy as np
import pandas as pd

from portfoy.customers import months_before
from portfoy.intervals import bounded, wald
from portfoy.metrics import FEWEST

SIDES = ("then", "now")
EVERYTHING = "all contracts"  # the last row of the rates, as stored


def running_on(table, day):
    """The contracts that run on a day."""
    return table[(table["started_on"] <= day) & ~(table["ended_on"] <= day)]


def rates_of(table, days, confidence):
    """`Bridge.rates`; None where no contract ran a year before either day."""
    found = {}
    for side, day in days.items():
        base = running_on(table, months_before(day, 12))
        lost = (base["ended_on"] <= day).groupby(base["type"])
        found |= {f"running_{side}": lost.size(), f"churn_{side}": lost.mean()}
    rates = pd.DataFrame(found).rename_axis("group").fillna({f"running_{side}": 0 for side in SIDES})
    n, q = ({side: rates[f"{name}_{side}"] for side in SIDES} for name in ("running", "churn"))
    if min(n[side].sum() for side in SIDES) < FEWEST:
        return None
    q = {side: q[side].fillna(q[SIDES[1 - place]]) for place, side in enumerate(SIDES)}
    share = {side: n[side] / n[side].sum() for side in SIDES}
    weight = (share["then"] + share["now"]) / 2
    within = 100 * weight * (q["now"] - q["then"])
    mix = 100 * (share["now"] - share["then"]) * (q["then"] + q["now"]) / 2
    error = [weight**2 * q[side] * (1 - q[side]) / n[side].replace(0, np.nan) for side in SIDES]
    bounds = wald(within.sum(), 100 * np.sqrt(sum(each.sum() for each in error)), confidence)
    whole = {f"running_{side}": n[side].sum() for side in SIDES}
    whole |= {f"churn_{side}": (share[side] * q[side]).sum() for side in SIDES}
    whole |= bounded("points_within", within.sum(), bounds) | {"points_mix": mix.sum()}
    rates = rates.assign(points_within=within, points_mix=mix).reset_index()
    rates = pd.concat([rates, pd.DataFrame([{"group": EVERYTHING} | whole])], ignore_index=True)
    return rates.assign(points_all=rates["points_within"] + rates["points_mix"])
