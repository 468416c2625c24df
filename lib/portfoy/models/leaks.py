"""Columns that are known only after a contact, and would make a model of the response look better than it can be."""

import re

import numpy as np
import pandas as pd

from portfoy.locale import _
from portfoy.models.columns import ABOUT, as_days, as_number

MOST = 50_000  # contacts that a fit or a check looks at; more change the third digit only
STRONG = 0.95  # of an area under the curve: no single fact about people tells responders that well
_TOLD = (
    r"(^|_)(opened|open_rate|clicks?|clicked|respon\w*|answer(ed|s)?|repl(y|ied|ies)|redeem\w*|conver\w*|outcome"
    r"|yan[iı]t|cevap|a[cç][iı]ld[iı]|t[iı]klama|otwarc\w*|klikn\w*|odpowied\w*)(_|$)"
)


def leak_table(examples):
    """Columns that a model must not see, because they are known only after the contact.

    By meaning: openings, answers, orders of the campaign, dates from its first contact on. By power: a column that
    alone tells responders from others with an area under the curve of 0.95 or more, or that is filled in for responders
    only; no fact about people known beforehand does. At most 50,000 contacts are looked at; power not with fewer than
    ten responders and ten others. Gives a DataFrame, one row per guarded column of the `response_examples`, the most
    telling first: ``column``; ``reason``; ``auc`` area under the curve of the column alone, 0.5 by guessing and 1
    always right; missing where too few responded.
    """
    rows, some = [], _sampled(examples)
    known = some[some["responded"].notna()]
    for name in (name for name in examples.columns if name not in ABOUT):
        meaning = _by_meaning(name, some)
        power, only = _power(known[name], known)
        if not meaning and only:
            meaning = _("is filled in for those who responded and for nobody else")
        if not meaning and power >= STRONG:
            meaning = _("alone tells who responded almost without fail, as nothing known beforehand does")
        if meaning:
            rows.append({"column": name, "reason": meaning, "auc": power})
    leaks = pd.DataFrame(rows, columns=["column", "reason", "auc"]).astype({"auc": float})
    return leaks.sort_values(["auc", "column"], ascending=[False, True], ignore_index=True)


def _by_meaning(name, examples):
    if name == "campaign_orders":
        return _("counts the orders that answered the campaign")
    if re.search(_TOLD, name.lower()):
        return _("tells by its name what the customer did after the contact")
    days = as_days(examples[name])
    if days is not None and (days >= examples["starts_on"]).any():
        return _("holds dates on or after the campaign's first contact")
    return ""


def _power(values, known):
    """Area under the curve of one column alone, at least 0.5; and whether only responders have it filled in."""
    outcome = known["responded"].to_numpy(dtype=float)
    if min(outcome.sum(), (1 - outcome).sum()) < 10:
        return np.nan, False
    filled = values.notna().to_numpy()
    only = filled.sum() >= 5 and not filled[outcome == 0].any()
    if not filled.any():
        return 0.5, False
    score = as_number(values)
    if score is None:
        areas = _area_of_levels(values, outcome, known["customer_id"])
    else:
        low, high = score.min() - 1, score.max() + 1
        areas = [area(score.fillna(edge).to_numpy(), outcome) for edge in (low, high)]
    areas = [*areas, area(filled, outcome)]
    return float(max(max(one, 1 - one) for one in areas)), bool(only)


def _area_of_levels(values, outcome, customer_id):
    """Levels are ranked by their response among one half of the customers and judged in the other.

    Otherwise a column with a value of its own for everybody would seem to tell everything.
    """
    half, areas = hashed(customer_id) % 2 == 0, []
    level = pd.Series(pd.factorize(values.astype("str"))[0])
    for part in (half, ~half):
        base = outcome[part].mean() if part.any() else 0.5
        told = pd.Series(outcome[part]).groupby(level[part].to_numpy()).agg(["sum", "size"])
        rate = (told["sum"] + base) / (told["size"] + 1)
        if 0 < outcome[~part].mean() < 1:
            areas.append(area(level[~part].map(rate).fillna(base).to_numpy(), outcome[~part]))
    return [float(np.mean(areas))] if areas else []


def area(score, outcome):
    """Area under the curve: the chance that a responder scores higher than another customer, ties counted half."""
    hits = outcome > 0
    n = hits.sum()
    return float((pd.Series(score).rank()[hits].sum() - n * (n + 1) / 2) / (n * (len(hits) - n)))


def hashed(ids):
    """A number for each id that does not depend on its place, to draw from customers again and again alike."""
    return pd.util.hash_array(ids.astype("str").to_numpy(dtype=object), categorize=False)


def _sampled(examples):
    """At most `MOST` contacts, whole customers, the same ones in whatever order the rows come."""
    if len(examples) <= MOST:
        return examples
    draw = hashed(examples["customer_id"])
    return examples[draw <= np.partition(draw, MOST - 1)[MOST - 1]]
