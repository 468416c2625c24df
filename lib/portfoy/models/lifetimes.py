"""How long contracts last: Kaplan-Meier, log-rank and Cox's regression, from counts; running ones are censored.

At age t so many were at risk, n, and ended, d. S(t) = prod (1 - d / n) lasts longer, and V(t) = sum d / (n (n - d)) is
the variance of its logarithm (Kaplan & Meier 1958; Greenwood 1926); intervals are on the scale log(-log S). Contracts
that had begun before the table did are at risk from the age at which they came into it (delayed entry).

Counts are distinct rows of ``duration`` months, ``ended`` 0 or 1, ``entry`` months (below 0: known from the start) with
their number, ``contracts``. statsmodels' functions take no numbers, or give no error with them, so they are judges in
the tests; its Cox regression is used. Kalbfleisch & Prentice (2002), The Statistical Analysis of Failure Time Data.
"""

import ibis
import numpy as np
import pandas as pd

from portfoy.errors import DataError, FitError
from portfoy.intervals import bounded, on_logs, wald, z_value
from portfoy.locale import _, plural
from portfoy.models.survival import Incidence

BEFORE = 7.0  # ends that there should have been before the first one, from which on the table is taken to begin late


def contract_lifetimes(subscriptions, as_of):
    """Contracts (ibis) with ``months`` they have lasted by the day, ``over`` whether they ended, ``cause``, ``entry``.

    Months of the calendar: whole on the day of the month on which a contract began (the 28th where there is none);
    missing where nothing says how long it lasted. ``entry``: the age on the eve of the first end in the table, -1 for
    those that begin later or have no date. DataError where there is no such table.
    """
    if subscriptions is None:
        text = _(
            "subscriptions: there is no such table; it needs contract_id, customer_id and started_on, or duration and "
            "ended. Add it to the source."
        )
        raise DataError(text)
    kinds = {"started_on": "date", "ended_on": "date", "duration": "float64", "ended": "boolean"}
    kinds |= {"ended_because": "string"}
    absent = {name: ibis.null(kind) for name, kind in kinds.items() if name not in subscriptions.columns}
    table = subscriptions.mutate(**absent) if absent else subscriptions
    table = table.mutate(over=table.ended_on.notnull() | table.ended.fill_null(False))
    dated = table.started_on.notnull() & (table.ended_on.notnull() | ~table.over)
    told = (table.ended.notnull() | table.ended_on.notnull()).ifelse(table.duration, None)
    stop, first = table.ended_on.fill_null(pd.Timestamp(as_of).date()), table.ended_on.min().as_scalar()
    lasted = dated.ifelse(_months(table.started_on, stop), told)
    before = dated.ifelse(_months(table.started_on, first - ibis.interval(days=1)), -1)
    return table.mutate(
        months=(lasted >= 0).ifelse(lasted, None).cast("float64"),
        cause=table.over.ifelse(table.ended_because, None),
        entry=ibis.greatest(before.fill_null(-1), -1).cast("float64"),
    ).drop(*absent)


def _months(start, end):
    whole = (end.year() - start.year()) * 12 + end.month() - start.month()
    first, last = start.day(), end.day()
    return whole + ((last >= ibis.least(first, 28)) & (last <= first)).ifelse(0.0, (last - first) / 31.0)


def begun_late(counts):
    """Counts as they are where the table lacks what ended before its first end, else with ``entry`` -1 in every row.

    It does where, at the rate of later ends, so many should have ended before that none is more than chance.
    """
    n, before = counts["contracts"], counts[["entry", "duration"]].min(axis=1).clip(lower=0)
    after = n @ (counts["duration"] - before)
    late = after > 0 and (n @ counts["ended"]) / after * (n @ before) > BEFORE
    return counts if late else counts.assign(entry=-1.0)


def at_risk(counts, times):
    """How many contracts were at risk just before each of these ages."""
    still = []
    for column in ("duration", "entry"):
        sums = counts.groupby(column)["contracts"].sum()
        left = np.append(sums.to_numpy(float)[::-1].cumsum()[::-1], 0.0)
        still.append(left[np.searchsorted(sums.index, times)])
    return still[0] - still[1]


def ends(counts):
    """How many ended at each age: a Series, sorted."""
    return counts[counts["ended"] > 0].groupby("duration")["contracts"].sum().astype(float)


def life_table(counts, confidence=0.95):
    """Kaplan-Meier: one row per age, ``months``, at which a contract ended, and 0 first.

    ``at_risk``, ``ended``; ``share`` that lasts longer, with bounds (log-log), missing where it is 0 or 1.
    """
    d = ends(counts)
    n = at_risk(counts, d.index)
    table = pd.DataFrame({"months": d.index, "at_risk": n, "ended": d.to_numpy(), "share": np.cumprod(1 - d / n)})
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.sqrt(np.cumsum(d / (n * (n - d)))).to_numpy()
        power = np.exp(z_value(confidence) * error / np.abs(np.log(table["share"])))
    inside = table["share"].where(table["share"] > 0)
    table = table.assign(share_low=inside**power, share_high=inside ** (1 / power))
    first = pd.DataFrame({"months": [0.0], "at_risk": [float(counts["contracts"].sum())], "ended": 0.0, "share": 1.0})
    return pd.concat([first, table], ignore_index=True)


def told_of(life, seen, horizon, confidence=0.95):
    """What a life table says: a dict of ``running``, ``lasting``, ``median`` with bounds; missing past what was `seen`.

    ``running``: the share that lasts longer than the horizon. ``lasting``: mean months within it (restricted mean: the
    area under the curve; its variance sums (area from t to the horizon)^2 d / (n (n - d))). ``median``: the age by
    which half have ended; bounded where the bounds of the curve cross one half (Brookmeyer & Crowley 1982).
    """
    inside, bounds = life[life["months"] <= horizon], ["share_low", "share_high"]
    areas = inside["share"].to_numpy() * np.diff(np.append(inside["months"], horizon))
    left, n, d = areas[::-1].cumsum()[::-1], inside["at_risk"].to_numpy(), inside["ended"].to_numpy()
    inner = left > 0
    error = np.sqrt((left[inner] ** 2 * d[inner] / (n[inner] * (n[inner] - d[inner]))).sum()) if d.any() else np.nan
    known, last = np.nan if horizon > seen else 1.0, inside.iloc[-1]
    median = [life.loc[life[name] <= 0.5, "months"].min() for name in ("share", *bounds)]
    found = bounded("running", known * last["share"], known * last[bounds].to_numpy(float))
    found |= bounded("lasting", known * areas.sum(), wald(known * areas.sum(), error, confidence))
    return found | bounded("median", median[0], median[1:])


def cause_table(counts, horizon, confidence=0.95):
    """Leaving by ``cause`` (a column of counts): the share that has ended over each by the horizon, the largest first.

    One row per ``cause``: ``ended`` by the horizon; ``share`` of all, 0-1, with bounds (`Incidence`).
    """
    counts = counts.assign(cause=counts["cause"].where(counts["ended"] > 0))
    seen = ends(counts).loc[:horizon]
    n = at_risk(counts, seen.index)
    over = {cause: ends(part).reindex(seen.index, fill_value=0).to_numpy() for cause, part in counts.groupby("cause")}
    found = Incidence(n, {cause: d / n for cause, d in over.items()})
    rows = []
    for cause, d in over.items():
        share, *bounds, _error = (values[-1] for values in found.curve(cause, confidence))
        rows.append({"cause": cause, "ended": int(d.sum())} | bounded("share", share, bounds))
    return pd.DataFrame(rows).sort_values("share", ascending=False, kind="stable", ignore_index=True)


def log_rank(counts, group):
    """Whether groups (a column of counts) end alike at every age: (chi-square, p-value) of the log-rank test.

    Mantel (1966); missing with fewer than two groups, or where nothing ended.
    """
    from scipy.special import chdtrc

    parts, times = [part for _name, part in counts.groupby(group)], ends(counts).index
    if len(parts) < 2 or not len(times):
        return np.nan, np.nan
    n = np.array([at_risk(part, times) for part in parts])
    d = np.array([ends(part).reindex(times, fill_value=0) for part in parts])
    whole, every = n.sum(axis=0), d.sum(axis=0)
    share, weight = n / whole, every * (whole - every) / np.maximum(whole - 1, 1)
    apart, spread = (d - share * every).sum(axis=1), np.diag(share @ weight) - (share * weight) @ share.T
    chi = float(apart[1:] @ np.linalg.pinv(spread[1:, 1:]) @ apart[1:])
    return chi, float(chdtrc(len(parts) - 1, chi))


def faults(columns, ended):
    """What keeps columns (a DataFrame of numbers) out of a regression of what `ended`: name -> why, in words."""
    found, used, values = {}, [], columns.to_numpy(float)
    gone = (~np.isfinite(values)).sum(axis=0)
    middle = values - np.where(gone, 0.0, values.mean(axis=0))
    for place, (name, own) in enumerate(zip(columns, middle.T, strict=True)):
        if gone[place]:
            found[name] = plural("is missing in {n} row", "is missing in {n} rows", gone[place]).format(n=gone[place])
        elif own @ own <= 1e-12 * (values[:, place] @ values[:, place]):
            found[name] = _("is the same in every row")
        elif (values[ended, place] == 0).all():
            found[name] = _("is 0 wherever something has ended")
        else:
            known = middle[:, used]
            weights = np.linalg.pinv(known.T @ known) @ (known.T @ own)
            if ((own - known @ weights) ** 2).sum() > 1e-9 * (own @ own):
                used.append(place)
                continue
            others = [f"'{columns.columns[k]}'" for k, weight in zip(used, weights, strict=True) if abs(weight) > 1e-6]
            found[name] = _("follows from {others}").format(others=", ".join(others))
    return found


def fit_cox(contracts, columns, confidence=0.95):
    """Cox's regression (Efron's ties): what goes along with ending sooner, all columns taken together.

    `contracts` has one row per contract, as counts; `columns` numbers on the same index. Gives a DataFrame, one row
    per column: ``coefficient``, ``error``; ``hazard_ratio``, what a step of one multiplies the chance to end by, at any
    age, with bounds; ``p_value``; ``p_steady`` of the correlation of Schoenfeld's residuals with the order of ends,
    small where the ratio moves with age (Grambsch & Therneau 1994). ``attrs``: ``log_likelihood`` (partial).
    FitError names every column that cannot be used.
    """
    from scipy.stats import pearsonr, rankdata
    from statsmodels.duration.hazard_regression import PHReg

    wrong = faults(columns, contracts["ended"].to_numpy() > 0)
    if wrong:
        listed = "; ".join(f"'{name}' {why}" for name, why in wrong.items())
        raise FitError(_("fit_cox: {listed}. Leave these out.").format(listed=listed))
    late = (contracts["entry"] >= 0).any()
    entry = contracts["entry"].clip(lower=0) if late else contracts["entry"]
    inside = (entry < contracts["duration"]).to_numpy()
    ended, months = (contracts.loc[inside, name].to_numpy(float) for name in ("ended", "duration"))
    entered, numbers = {"entry": entry[inside]} if late else {}, columns[inside].to_numpy(float)
    fit = PHReg(months, numbers, status=ended, ties="efron", **entered).fit(disp=0)
    order, left = rankdata(months[ended > 0]), fit.schoenfeld_residuals[ended > 0]
    table = pd.DataFrame({"column": list(columns), "coefficient": fit.params, "error": fit.bse, "p_value": fit.pvalues})
    ratio = np.exp(fit.params)
    table = table.assign(**bounded("hazard_ratio", ratio, on_logs(ratio, fit.bse, confidence)))
    table["p_steady"] = [pearsonr(each, order).pvalue for each in left.T]
    table.attrs = {"log_likelihood": float(fit.llf)}
    return table
