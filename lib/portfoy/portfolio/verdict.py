"""Strengths and weaknesses: each a number held against a yardstick, an earlier value or one from outside.

A difference counts where its interval leaves no doubt about its sign; where it does not, the finding is steady.
"""

import numpy as np
import pandas as pd

from portfoy.intervals import wald, wilson

USUAL_TOP_SHARE = 0.67  # of revenue, held by the top 20 % in the median of 339 firms: McCarthy & Winer (2018)
FEW_LOSING = 0.01  # share of customers who may have cost more than they paid before it counts against us
MAJOR_CUSTOMER = 0.10  # of revenue: from here on a firm has to disclose its reliance on one customer, IFRS 8.34
BETTER = {
    "revenue": 1,
    "margin_rate": 1,
    "buyers": 1,
    "frequency": 1,
    "ticket": 1,
    "churn": -1,
    "contract_churn": -1,
    "nps": 1,
    "sales_cycle": -1,
    "first_contact_resolution": 1,
    "at_risk": -1,
}
AREAS = {
    "revenue": "finance",
    "margin_rate": "finance",
    "ticket": "finance",
    "loss_making": "finance",
    "top_share": "risk",
    "largest": "risk",
    "at_risk": "risk",
    "first_contact_resolution": "service",
    "nps": "service",
}  # all others: market


def findings_table(
    *, years=None, spread=None, metrics=None, metrics_before=None, states=None, states_before=None, confidence=0.95
):
    """What is strong and what is weak, each with the number it rests on and the yardstick it is held against.

    Parameters
    ----------
    years : DataFrame, as from `year_table`, optional
    spread : DataFrame, as from `concentration_table`, optional
    metrics, metrics_before : DataFrame, as from `metric_table` now and a year ago, optional
    states, states_before : DataFrame, as from `state_table` now and a year ago, optional
    confidence : of the intervals of what is counted here, the states; the other tables bring theirs

    Returns
    -------
    DataFrame, strengths first, then weaknesses, chances and what is steady
        ``topic``; ``area`` finance, market, service or risk; ``verdict`` strength, weakness, chance or steady;
        ``value`` with ``value_low``, ``value_high`` in ``unit``; ``against`` the yardstick, missing where the value
        is itself a change; ``yardstick`` before, firms, rule or none.
    """
    rows = []
    if years is not None:
        rows += [_year_finding(row) for row in years.itertuples() if np.isfinite(row.change)]
    if spread is not None:
        rows += _spread_findings(spread)
    if metrics is not None:
        rows += _metric_findings(metrics, metrics_before)
    if states is not None:
        rows += _state_findings(states, states_before, confidence)
    columns = ["topic", "area", "verdict", "value", "value_low", "value_high", "unit", "against", "yardstick"]
    table = pd.DataFrame(rows, columns=columns)
    order = {verdict: place for place, verdict in enumerate(["strength", "weakness", "chance", "steady"])}
    return table.sort_values("verdict", key=lambda verdict: verdict.map(order), kind="stable", ignore_index=True)


def _finding(topic, verdict, value, low, high, unit, against=np.nan, yardstick="none"):
    numbers = {"value": float(value), "value_low": float(low), "value_high": float(high), "unit": unit}
    where = {"topic": topic, "area": AREAS.get(topic, "market"), "verdict": verdict}
    return {**where, **numbers, "against": float(against), "yardstick": yardstick}


def _verdict(better, low, high):
    """Strength where the whole interval of a change lies on the good side of 0, weakness on the bad side."""
    if low > 0 or high < 0:
        return "strength" if (low > 0) == (better > 0) else "weakness"
    return "steady"


def _year_finding(row):
    verdict = _verdict(BETTER[row.figure], row.change_low, row.change_high)
    return _finding(row.figure, verdict, row.change, row.change_low, row.change_high, "change", yardstick="before")


def _spread_findings(spread):
    one = spread[(spread["unit"] == "customer") & (spread["measure"] == "revenue")]
    if one.empty:
        return []
    row = one.iloc[0]
    low, high = row["top_share_low"], row["top_share_high"]
    verdict = _verdict(-1, low - USUAL_TOP_SHARE, high - USUAL_TOP_SHARE)
    share = _finding("top_share", verdict, row["top_share"], low, high, "share", USUAL_TOP_SHARE, "firms")
    largest = row["largest_share"]
    verdict = "weakness" if largest >= MAJOR_CUSTOMER else "strength"
    return [share, _finding("largest", verdict, largest, np.nan, np.nan, "share", MAJOR_CUSTOMER, "rule")]


def _metric_findings(metrics, before):
    found = []
    earlier = before.set_index("metric") if before is not None else None
    for row in metrics.itertuples():
        if row.metric not in BETTER or row.missing:
            continue
        then = earlier.loc[row.metric] if earlier is not None else None
        if then is None or then["missing"]:
            continue
        half = np.hypot(row.value_high - row.value_low, then["value_high"] - then["value_low"]) / 2
        moved = row.value - then["value"]
        verdict = _verdict(BETTER[row.metric], moved - half, moved + half)
        now = (row.value, row.value_low, row.value_high, row.unit)
        found.append(_finding(row.metric, verdict, *now, then["value"], "before"))
    return found


def _state_findings(states, before, confidence):
    found = []
    never, known = int((states["state"] == "prospect").sum()), len(states)
    if never:
        bounds = wilson(never, known, confidence)
        found.append(_finding("prospects", "chance", never / known, *bounds, "share"))
    bought = states[states["state"] != "prospect"]
    if "margin" in bought and bought["margin"].notna().any():
        margin = bought["margin"].dropna()
        losing = int((margin < 0).sum())
        bounds = wilson(losing, len(margin), confidence)
        found.append(
            _finding(
                "loss_making",
                "weakness" if bounds[0] > FEW_LOSING else "strength",
                losing / len(margin),
                *bounds,
                "share",
            )
        )
    if before is None:
        return found
    (here, now), (there, then) = _at_risk(states), _at_risk(before)
    if now and then:
        spread = np.sqrt(here / now * (1 - here / now) / now + there / then * (1 - there / then) / then)
        verdict = _verdict(BETTER["at_risk"], *wald(here / now - there / then, spread, confidence))
        bounds = wilson(here, now, confidence)
        found.append(_finding("at_risk", verdict, here / now, *bounds, "share", there / then, "before"))
    return found


def _at_risk(states):
    """How many of those not lapsed are at risk, and how many are not lapsed."""
    current = states["state"].isin(["new", "active", "reactivated", "at risk"])
    return int((states["state"] == "at risk").sum()), int(current.sum())
