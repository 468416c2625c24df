"""The answers of customers: the latest of each, what they say on average, and who of those asked gave none."""

import numpy as np
import pandas as pd

from portfoy.customers import DAY, to_frame
from portfoy.intervals import bounded, corrected, t_value, two_sided, wilson, z_value
from portfoy.metrics import FEWEST, engine
from portfoy.people import TRAITS, with_traits
from portfoy.retention.afterwards import afterwards

RANGES = {"nps": (0, 10), "csat": (1, 5), "effort": (1, 7)}
KINDS = {"promoter": 100.0, "passive": 0.0, "detractor": -100.0}  # what their answer adds to the score
FEW = 5  # answers; a level of those asked that gave fewer is not compared


def answer_rows(firm):
    """One row per invitation or answer of a customer, by the day of the answer, and what was asked.

    ``customer_id``; ``day`` of the invitation, ``answered_on``; of `RANGES` those asked; by attribute ``expectation_x``
    ``performance_x``, and ``above_x`` the second less the first, where both are told; ``weight`` of an answer to nps, 0
    where it is not known. Numbers out of their range are missing.
    """
    table = engine(firm.tables.surveys, "surveys", ["customer_id", "answered_on"])
    rows = to_frame(table.filter(table.customer_id.notnull()))
    told = pd.DataFrame({"customer_id": rows["customer_id"].astype("str"), "answered_on": rows["answered_on"]})
    told["day"] = rows.get("invited_on", pd.NaT)
    told["score"] = np.nan
    for name in RANGES.keys() & {*rows}:
        told[name] = rows[name].astype("float64").where(rows[name].between(*RANGES[name]))
    if "nps" in told:
        told["score"] = 100.0 * (told["nps"] >= 9) - 100.0 * (told["nps"] <= 6) + 0 * told["nps"]
        if "weight" in rows:
            weight = rows["weight"].astype("float64")
            told["weight"] = weight.where(weight > 0, 0.0).where(told["nps"].notna())
    for name in [name.removeprefix("expectation_") for name in rows if name.startswith("expectation_")]:
        if f"performance_{name}" in rows:
            sides = rows[[f"expectation_{name}", f"performance_{name}"]].astype("float64")
            told[sides.columns] = sides.where(sides.apply(lambda side: side.between(1, 5)).all(axis=1))
            told[f"above_{name}"] = told[f"performance_{name}"] - told[f"expectation_{name}"]
    return told.sort_values(["answered_on", "customer_id"], kind="stable", ignore_index=True)


def latest(rows, day, days):
    """Of `answer_rows` one row per customer who answered in the days up to one: the latest answer to each."""
    lately = (rows["answered_on"] > day - days * DAY) & (rows["answered_on"] <= day)
    return (
        rows[lately].groupby("customer_id").last().rename(columns={"day": "asked", "answered_on": "day"}).reset_index()
    )


def weights(own):
    """What each answer counts: one over its chance to come; all the same where that of an answer is not known."""
    known = own.loc[own["score"].notna(), "weight"] if "weight" in own else pd.Series(0.0)
    return own["weight"] if len(known) and (known > 0).all() else pd.Series(1.0, own.index)


def means(values, weight, group):
    """The weighted mean of each group: ``n`` values, ``mean``, ``error``; and of all others ``other``, ``other_error``.

    Weighted as a ratio: the variance is that of the sum of weight x (value - mean) over that of the weights (Wolter
    2007, Introduction to Variance Estimation, chapter 6).
    """
    known = values.notna() & weight.notna() & group.notna()
    v, w = values[known], weight[known]
    sums = pd.DataFrame({"n": 1, "w": w, "wv": w * v, "ww": w * w, "wwv": w * w * v, "wwvv": w * w * v * v})
    own, found = sums.groupby(group[known]).sum(), {}
    for names, part in ((("mean", "error"), own), (("other", "other_error"), sums.sum() - own)):
        middle = part["wv"] / part["w"]
        off = (part["wwvv"] - 2 * middle * part["wwv"] + middle**2 * part["ww"]).clip(lower=0)
        found |= dict(zip(names, (middle, np.sqrt(off) / part["w"]), strict=True))
    return pd.DataFrame({"n": own["n"], **found})


def mean(name, values, weight, confidence, kind="mean"):
    """``name`` with bounds, and ``base`` values; {} of fewer than 30.

    Student's t for a mean; of `kind` "share" Wilson's interval of as many values as the weights leave (Kish); of kind
    "score" the normal one of `metrics.nps`.
    """
    known = (values.notna() & weight.notna()).to_numpy()
    v, w = values.to_numpy(float)[known], weight.to_numpy(float)[known]
    n = len(v)
    if n < FEWEST:
        return {}
    middle = (w @ v) / w.sum()
    if kind == "share":
        alike = w.sum() ** 2 / (w @ w)
        return bounded(name, middle, wilson(middle * alike, alike, confidence)) | {"base": n}
    half = np.sqrt(((w * (v - middle)) ** 2).sum()) / w.sum()
    if kind == "score":
        half *= z_value(confidence)
        return bounded(name, middle, (max(middle - half, -100.0), min(middle + half, 100.0))) | {"base": n}
    half *= t_value(confidence, n - 1) * np.sqrt(n / (n - 1))
    return bounded(name, middle, (middle - half, middle + half)) | {"base": n}


def by_trait(known, weight, confidence):
    """The net promoter score of each level of a trait with 30 answers or more.

    ``trait``, ``level``, ``customers``; ``nps`` with bounds; ``p_corrected`` against the others of the trait,
    for as many levels (Benjamini and Hochberg).
    """
    tables = []
    for trait in [name for name in ("segment", *TRAITS) if name in known and name != "interests"]:
        level = known[trait].astype("object")
        table = means(known["score"], weight, level)
        table = table[table["n"] >= FEWEST].rename_axis("level").reset_index()
        tables += [table.assign(trait=trait)] if len(table) > 1 else []
    if not tables:
        return pd.DataFrame()
    table = pd.concat(tables, ignore_index=True)
    errors = np.hypot(table["error"], table["other_error"])
    chance = [two_sided(*pair) for pair in zip(table["mean"] - table["other"], errors, strict=True)]
    table["p_corrected"] = corrected(chance)
    half = z_value(confidence) * table["error"]
    bounds = (table["mean"] - half).clip(lower=-100), (table["mean"] + half).clip(upper=100)
    table = table.rename(columns={"n": "customers"}).assign(**bounded("nps", table["mean"], bounds))
    return table[["trait", "level", "customers", "nps", "nps_low", "nps_high", "p_corrected"]]


def invitations(firm, rows, days, window):
    """One row per invitation of the last `days` that is over: ``told``, whether it was answered, and what was known.

    It is over once nine in ten of all who answered would have. As words: ``type``; ``idle`` and ``purchases``, above
    the median or not; ``complaint`` in the year before; ``last_answer`` before it. Empty where no day of an invitation
    is known, or everybody answered: then those who did not are not listed.
    """
    rows = rows.dropna(subset="day").sort_values("day", kind="stable", ignore_index=True)
    rows["told"] = rows["answered_on"].notna()
    last = rows["score"].groupby(rows["customer_id"]).ffill().groupby(rows["customer_id"]).shift()
    wait = (rows["answered_on"] - rows["day"]).quantile(0.9)
    lately = rows.assign(last=last)[(rows["day"] > firm.as_of - days * DAY) & (rows["day"] + wait <= firm.as_of)]
    if lately["told"].all():
        return lately.head(0)
    known = with_traits(afterwards(firm, lately[["customer_id", "day", "told", "score", "last"]], window), firm.people)
    for name in ("idle", "purchases"):
        known[name] = (
            known[name]
            .gt(known[name].median())
            .map({True: "above median", False: "up to median"})
            .where(known[name].notna())
        )
    known["complaint"] = known["complaints"].gt(0).map({True: "complained", False: "no complaint"})
    known["last_answer"] = known["last"].map({score: kind for kind, score in KINDS.items()})
    return known


def leaning(rows, confidence):
    """Who of the `invitations` was answered, by what was known before, and which way that makes the score lean.

    One row per level: ``trait``, ``level``, ``asked``; ``response`` with bounds, ``nps`` of the answers; ``leans``
    "kinder", "harsher" or "": were the answers of each level as many as were asked of it, the score would be lower or
    higher, beyond chance for as many traits (Bonferroni), each customer drawn with all their answers. By how much is
    not said: that would rest on what is known and nothing else.
    """
    parts = []
    for trait in ("type", "idle", "purchases", "complaint", "last_answer"):
        level = rows[trait].astype("object") if trait in rows else pd.Series(None, rows.index, dtype="object")
        level = level[rows["score"].groupby(level).transform("count") >= FEW].dropna()
        if level.nunique() > 1:
            parts.append((trait, level, *_lean(level, rows["score"], rows["customer_id"])))
    tables = []
    for trait, level, lean, p_value in parts:
        each = (
            rows.loc[level.index]
            .groupby(level)
            .agg(asked=("told", "size"), told=("told", "sum"), nps=("score", "mean"))
        )
        bounds = wilson(each["told"], each["asked"], confidence)
        way = "" if p_value * len(parts) >= 1 - confidence else "kinder" if lean > 0 else "harsher"
        each = each.assign(**bounded("response", each.pop("told") / each["asked"], bounds), trait=trait, leans=way)
        tables.append(each.rename_axis("level").reset_index())
    columns = ["trait", "level", "asked", "response", "response_low", "response_high", "nps", "leans"]
    return pd.concat(tables, ignore_index=True)[columns] if tables else pd.DataFrame()


def _lean(level, score, customer_id):
    """The mean score less that with each level as large as it was asked, and its p-value (linearised)."""
    score, n = score.reindex(level.index), level.value_counts()
    own, a, middle = score.groupby(level).mean(), level[score.notna()].value_counts(), score.mean()
    even, mine = (own * n).sum() / len(level), level.map(own).astype(float)
    off = (score - middle) / score.count() - level.map(n / a).astype(float) * (score - mine) / len(level)
    off = off.fillna(0) - (mine - even) / len(level)
    error = np.sqrt((off.groupby(customer_id.reindex(level.index)).sum() ** 2).sum())
    return middle - even, two_sided(middle - even, error)
