"""What an arm adds to outcomes of customers, plain and adjusted for what they did before; summed up in the engine.

Deng, Xu, Kohavi & Walker (2013), WSDM, 123-132 (adjusting, CUPED); Deng, Knoblich & Lu (2018), KDD, 233-242 (ratios);
Liang & Zeger (1986), Biometrika 73(1), 13-22 (by customer); Li, Morgan & Zaslavsky (2018), JASA 113, 390-400 (overlap).
"""

from functools import reduce
from operator import or_

import ibis
import numpy as np
import pandas as pd

from portfoy.customers import DAY, margin_rate, orders_of, to_frame
from portfoy.intervals import bounded, corrected, two_sided, wald, z_value
from portfoy.models.columns import HISTORY, TREATED
from portfoy.models.logistic import make_terms, regress, stack
from portfoy.models.threads import one_thread
from portfoy.sums import added

UNITS = {"responded": "points", "bought": "points", "revenue": "money", "margin": "money"}  # points: in a hundred
BEFORE, YEAR = "_before", 365  # an outcome before the campaign has this after its name, and counts so many days
NAMES = [("effect", "change", "p_value"), ("adjusted", "adjusted_change", "p_adjusted")]
ENDS = ["", "_low", "_high"]
POWER, SURE = 0.8, 0.9  # chance with which the least effect is seen; chance of an arm from which it was all but sure


def outcomes_of(firm, contacts, days):
    """What each customer did in the days from the contact on, and in the year before the campaign began.

    On the index of the contacts: ``bought`` 100 or 0; ``revenue``; ``margin`` where costs are known, at the usual rate
    for orders without; ``bought_before`` orders, ``revenue_before``, ``margin_before``.
    """
    first, start = contacts["contacted_on"], contacts["starts_on"]
    dates = {"first": first, "last": first + (days - 1) * DAY, "since": start - YEAR * DAY, "eve": start - DAY}
    cases = pd.DataFrame({"customer_id": contacts["customer_id"]} | dates).astype("str").assign(case=contacts.index)
    cases = ibis.memtable(cases).mutate(**{name: ibis._[name].cast("date") for name in dates})
    met = orders_of(firm.log).inner_join(cases, "customer_id")
    what = {"bought": met.day.notnull().cast("float64"), "revenue": met.revenue}
    if firm.customers["margin"].notna().any():
        what["margin"] = met.margin.fill_null(met.revenue * margin_rate(firm.customers))
    spans = {"": met.day.between(met.first, met.last), BEFORE: met.day.between(met.since, met.eve)}
    sums = {name + end: added(each, where=spans[end]) for end in spans for name, each in what.items()}
    found = to_frame(met.group_by("case").agg(**sums)).set_index("case").reindex(contacts.index).astype(float).fillna(0)
    return found.assign(bought=100.0 * (found["bought"] > 0))


def effects(table, pairs, confidence):
    """Each pair of arms compared in each outcome, a row each, `completed`.

    `table`: Ibis or pandas, a row per customer, its arm in ``cell``; summed up where it is. `pairs`: list of (dict of
    what tells the rows apart, cell of the control, cell of the arm, outcomes): columns, or "x / y" for the ratio of
    their means; where there is ``x_before``, x is adjusted by it. Gives ``outcome``; ``treated``, ``held_out``
    customers; ``treated_mean``, ``held_out_mean``; ``effect`` their difference and ``change`` relative to the control,
    with bounds; ``p_value`` by Welch; ``adjusted``, ``adjusted_change``, ``p_adjusted`` the same given what was before;
    where all customers are alike only the means.
    """
    from tea_tasting.aggr import read_aggregates
    from tea_tasting.metrics import RatioOfMeans

    metrics = {}
    for name in {name for *_pair, outcomes in pairs for name in outcomes}:
        parts = ([part.strip() for part in name.split("/")] + [None])[:2]
        known = [part and part + BEFORE for part in parts]
        terms = {"confidence_level": confidence, "use_t": name != "responded"}  # that as `arms.difference` has it
        given = [known] if {*filter(None, known)} <= {*table.columns} else []
        metrics[name] = [RatioOfMeans(*parts, *more, **terms) for more in ([], *given)]
    wanted = reduce(or_, (each[-1].aggr_cols for each in metrics.values()))._asdict()
    sums = read_aggregates(ibis.memtable(table) if isinstance(table, pd.DataFrame) else table, "cell", **wanted)
    rows = [
        about | {"outcome": name} | _compared(sums[control], sums[cell], *metrics[name])
        for about, control, cell, outcomes in pairs
        for name in outcomes
    ]
    return completed(pd.DataFrame(rows), confidence)


def _compared(control, treated, *metrics):
    numer, denom = metrics[0].numer, metrics[0].denom
    row = {"treated": treated.count(), "held_out": control.count()}
    row |= {
        f"{arm}_mean": sums.mean(numer) / sums.mean(denom) for arm, sums in zip(row, (treated, control), strict=True)
    }
    if not (control.var(numer) > 0 or treated.var(numer) > 0):
        return row
    for metric, (effect, change, p_value) in zip(metrics, NAMES, strict=False):
        with np.errstate(all="ignore"):  # relative to a mean of zero
            found = metric.analyze_aggregates(control, treated)._asdict()
        row[p_value] = found["pvalue"]
        for end, said in zip(ENDS, ("", "_ci_lower", "_ci_upper"), strict=True):
            row[effect + end] = found[f"effect_size{said}"]
            row[change + end] = found[f"rel_effect_size{said}"] if row["held_out_mean"] > 0 else np.nan
    return row


def completed(table, confidence):
    """The rows of `effects` with all their columns, ``best`` (adjusted, else plain) and ``unit``.

    And ``least``, the effect that would have been seen with a chance of 80 %; ``p_corrected`` for
    all rows of an outcome.
    """
    told = [name + end for *names, _p_value in NAMES for name in names for end in ENDS]
    told += ["p_value", "p_adjusted"]
    table = table.reindex(columns=[*table.columns.difference(told, sort=False), *told])
    best = {f"best{end}": table[f"adjusted{end}"].fillna(table[f"effect{end}"]) for end in ENDS}
    p = table["p_adjusted"].fillna(table["p_value"]).groupby(table["outcome"]).transform(corrected)
    least = (best["best_high"] - best["best_low"]) / 2 * (1 + z_value(2 * POWER - 1) / z_value(confidence))
    unit = [UNITS.get(name, "number") for name in table["outcome"]]
    return table.assign(**best, least=least, p_corrected=p, unit=unit)


def within(rows, outcome, *beside, weight=None):
    """What the arm adds within campaigns, the columns `beside` held fixed: (estimate, standard error).

    Weighted least squares, by customer. `rows`: ``campaign_id``, ``customer_id``, ``arm``, the outcome.
    """
    weight, own = np.ones(len(rows)) if weight is None else weight, pd.factorize(rows["campaign_id"])[0]
    columns = np.column_stack([rows["arm"] == TREATED, *beside, rows[outcome]]).astype(float)
    columns -= np.column_stack([np.bincount(own, weight * one) / np.bincount(own, weight) for one in columns.T])[own]
    known, value = columns[:, :-1], columns[:, -1]
    bread = np.linalg.pinv(known.T @ (weight[:, None] * known))
    beta = bread @ known.T @ (weight * value)
    pull = pd.DataFrame(known * (weight * (value - known @ beta))[:, None])
    pull = pull.groupby(pd.factorize(rows["customer_id"])[0]).sum().to_numpy() @ bread[0]
    return float(beta[0]), float(np.sqrt((pull**2).sum()))


def together(rows, outcomes, confidence, **about):
    """Several campaigns as one, a row per outcome with columns of `effects`; treated: the held out and the effect."""
    table, held = [], rows[rows["arm"] != TREATED]
    for name in outcomes:
        row = about | {"outcome": name, "treated": len(rows) - len(held), "held_out": len(held), "treated_mean": 0.0}
        row["held_out_mean"] = float(held[name].mean())
        for (effect, _change, p_value), beside in zip(NAMES, ([], [rows[name + BEFORE]]), strict=True):
            value, error = within(rows, name, *beside)
            row |= bounded(effect, value, wald(value, error, confidence)) | {p_value: two_sided(value, error)}
        table.append(row | {"treated_mean": row["held_out_mean"] + row["effect"]})
    return pd.DataFrame(table)


@one_thread("sklearn.linear_model")
def alike(rows, known, outcomes, confidence, **about):
    """A campaign that chance did not draw: how its arms differ, and how once made alike in what is `known` before.

    A row per outcome and ``way``: "plain"; "fixed", with that held fixed, history by tenths; "overlap", customers
    weighted by the chance of the other arm. ``effect`` with robust bounds; ``outside`` share of customers whose arm was
    all but sure (90 %; Crump et al. 2009, Biometrika 96, 187-199): there is hardly anybody to compare them with.
    """
    history = [name for name in HISTORY if name in known]
    cut = [pd.qcut(known[name].rank(), 10, labels=False, duplicates="drop") for name in history]
    known = known.assign(**{name: "tenth " + each.astype("str") for name, each in zip(history, cut, strict=True)})
    columns, treated = stack(make_terms(known, [*known]), known), (rows["arm"] == TREATED).to_numpy()
    p = regress(columns, treated, 1.0)[-1]
    ways = {"plain": ((), None), "fixed": (columns.T, None), "overlap": ((), np.where(treated, 1 - p, p))}
    table = [about | {"outcome": name, "unit": UNITS[name], "way": way} for name in outcomes for way in ways]
    for row in table:
        value, error = within(rows, row["outcome"], *ways[row["way"]][0], weight=ways[row["way"]][1])
        row |= bounded("effect", value, wald(value, error, confidence))
    return pd.DataFrame(table).assign(outside=float((np.maximum(p, 1 - p) > SURE).mean()))
