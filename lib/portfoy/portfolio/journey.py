"""The customer's journey: one number for every step, from first hearing of someone to winning a lost customer back."""

import numpy as np
import pandas as pd

from portfoy.customers import DAY, as_table, purchases_by
from portfoy.errors import DataError
from portfoy.intervals import wald, wilson
from portfoy.locale import _
from portfoy.metrics import FEWEST, within

STEPS = {  # step -> phase of the lifecycle, in the order of the journey
    "known": "selection",
    "won": "acquisition",
    "first": "acquisition",
    "second": "retention",
    "stays": "retention",
    "grows": "deepening",
    "recommends": "deepening",
    "returns": "retention",
}
YEAR = 365


def journey_table(tables, *, as_of, metrics, known=None, window=None, confidence=0.95):
    """The journey in eight steps, each with its key figure.

    Parameters
    ----------
    tables : Tables; ``transactions`` are needed, ``leads`` for the step from lead to customer
    as_of : date or text; every step looks at the year that ends on it
    metrics : DataFrame, as from `metric_table`, for the steps ``stays`` (1 - churn) and ``recommends`` (NPS)
    known : int, how many people are known to us (`people_table`)
    window : days within which a second purchase is looked for, and after which a customer counts as gone (`state_rule`)
    confidence : of the intervals

    Returns
    -------
    DataFrame, one row per step in its order
        ``step``: known, won (closed leads that were), first (new customers), second (new customers who bought again
        within the window), stays, grows (purchases per buyer), recommends, returns (customers gone a year ago who
        have bought since); ``phase``; ``value`` with ``value_low`` and ``value_high`` in ``unit``; ``counted`` of
        ``base``; ``missing`` why there is no value, else empty.
    """
    made = _bought(tables.transactions, pd.Timestamp(as_of), window) if window else None
    ways = {
        "known": lambda: _count(known),
        "won": lambda: _won(tables.leads, as_of, confidence),
        "first": lambda: _count(made["new"]) if made else _count(None),
        "second": lambda: _share(made, "again", "ripe", confidence),
        "stays": lambda: _from_metrics(metrics, "churn"),
        "grows": lambda: _mean(made, confidence),
        "recommends": lambda: _from_metrics(metrics, "nps"),
        "returns": lambda: _share(made, "back", "gone", confidence),
    }
    return pd.DataFrame([{"step": step, "phase": STEPS[step], **_row(way)} for step, way in ways.items()])


def _bought(log, as_of, window):
    """Counts over all customers, reduced in the engine: one row."""
    table = as_table(log)
    start = as_of - YEAR * DAY
    days = purchases_by(table, as_of)
    days = days.filter(days.day.notnull())
    days = days.mutate(first=days.day.min().over(group_by=days.customer_id))
    each = days.group_by(["customer_id", "first"]).agg(
        second=days.day.min(where=days.day > days.first),
        before=days.day.max(where=days.day <= start.date()),
        lately=(days.day > start.date()).sum(),
    )
    ripe = (each.first > (start - window * DAY).date()) & (each.first <= (as_of - window * DAY).date())
    gone = each.before.notnull() & (each.before < (start - window * DAY).date())
    row = each.agg(
        new=(each.first > start.date()).sum(),
        ripe=ripe.sum(),
        again=(ripe & (each.second.delta(each.first, unit="day") <= window)).sum(),
        buyers=(each.lately > 0).sum(),
        lately=each.lately.sum(),
        squares=(each.lately * each.lately).sum(),
        gone=gone.sum(),
        back=(gone & (each.lately > 0)).sum(),
    )
    return {name: value or 0 for name, value in row.to_pyarrow().to_pylist()[0].items()}


def _row(way):
    try:
        return {**way(), "missing": ""}
    except DataError as error:
        return _value(np.nan, np.nan, np.nan, "number") | {"missing": str(error)}


def _value(value, low, high, unit, counted=np.nan, base=np.nan):
    bounds = {"value": float(value), "value_low": float(low), "value_high": float(high)}
    return {**bounds, "unit": unit, "counted": float(counted), "base": float(base)}


def _count(found):
    if found is None:
        raise DataError(_("journey: the number could not be counted; the section on states says why."))
    return _value(found, np.nan, np.nan, "count")


def _share(made, counted, base, confidence):
    found = made[base] if made else 0
    if found < FEWEST:
        raise DataError(
            _(
                "journey: {found} customers come into question; at least {fewest} are needed. Take a longer history."
            ).format(found=found, fewest=FEWEST)
        )
    return _value(made[counted] / found, *wilson(made[counted], found, confidence), "share", made[counted], found)


def _mean(made, confidence):
    n = made["buyers"] if made else 0
    if n < FEWEST:
        raise DataError(
            _("journey: {found} customers bought in the last year; at least {fewest} are needed.").format(
                found=n, fewest=FEWEST
            )
        )
    mean = made["lately"] / n
    bounds = wald(mean, np.sqrt(max(made["squares"] / n - mean**2, 0) / n), confidence)
    return _value(mean, *bounds, "number", made["lately"], n)


def _won(leads, as_of, confidence):
    if leads is None or not {"closed_on", "outcome"} <= set(leads.columns):
        raise DataError(_("leads: the step from lead to customer needs the table with closed_on and outcome."))
    closed = leads.filter(within(leads.closed_on, as_of, YEAR) & leads.outcome.lower().isin(["won", "lost"]))
    row = closed.agg(base=closed.count(), won=(closed.outcome.lower() == "won").sum()).to_pyarrow().to_pylist()[0]
    return _share({"won": row["won"] or 0, "closed": row["base"]}, "won", "closed", confidence)


def _from_metrics(metrics, name):
    row = metrics.set_index("metric").loc[name]
    if row["missing"]:
        raise DataError(row["missing"])
    if name == "churn":
        stays = row["base"] - row["counted"]
        return _value(1 - row["value"], 1 - row["value_high"], 1 - row["value_low"], "share", stays, row["base"])
    return _value(row["value"], row["value_low"], row["value_high"], row["unit"], base=row["base"])
