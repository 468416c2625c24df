"""Columns that are known only after a contact, and would make a model of the response look better than it can be."""

import re

import numpy as np
import pandas as pd

from portfoy.locale import _
from portfoy.models.columns import CONTACTS, TREATED, as_days, as_number

MOST = 50_000  # contacts that a fit or a check looks at; more change the third digit only
STRONG = 0.95  # of an area under the curve: no single fact about people tells responders that well
_TOLD = (
    r"(^|_)(opened|open_rate|clicks?|clicked|respon\w*|answer(ed|s)?|repl(y|ied|ies)|redeem\w*|conver\w*|outcome"
    r"|yan[iı]t|cevap|a[cç][iı]ld[iı]|t[iı]klama|otwarc\w*|klikn\w*|odpowied\w*)(_|$)"
    r"|^((contact|call|talk|visit)_)?(duration|süre|sure|dauer|czas_trwania)(_(s|sec|secs|seconds|min|minutes))?$"
)
FEWEST = 10  # responders, and others, before power is looked at; of an open answer as many
SURE = 0.001  # so seldom is a column by chance alike for all whose answer is open


def contact_words():
    """What `leak_table` says of contacts: pattern of a name that tells, and the reason of each kind of leak."""
    return {
        "told": _TOLD,
        "name": _("by its name, tells what came afterwards"),
        "dates": _("holds dates on or after the first contact"),
        "only": _("is filled in for those who responded only"),
        "power": _("alone tells who responded almost without fail"),
        "waiting": _("is alike for all whose answer is open"),
    }


def leak_table(examples, roles=CONTACTS, words=None):
    """Columns that a model must not see, because they are known only after the contact.

    By meaning: openings, answers, the length of a call, orders of the campaign, dates from its first contact on. By
    power, over pairs within one campaign: a column that alone tells responders from others with an area under the curve
    of 0.95 or more, or that is filled in for responders only; no fact about people known beforehand does. By waiting:
    one that differs among those answered and is alike, or missing, for all whose answer is still open, where chance
    would make it so once in a thousand times. At most 50,000 contacts are looked at; power not with fewer than ten
    responders and ten others in a campaign. A column that was filled in afterwards and looks like any other is not
    seen. Gives a DataFrame, one row per guarded column of the `response_examples`, the most telling first: ``column``;
    ``reason``; ``auc`` area under the curve of the column alone, 0.5 by guessing and 1 always right; missing where too
    few responded. Other `roles`, with `words` as from `contact_words`, say what stands for contact and response.
    """
    words = words or contact_words()
    rows, some = [], sampled(examples[examples["arm"] == TREATED] if roles.arms else examples, roles.of)
    known, waiting = some[some[roles.hit].notna()], some[some["known_on"].isna()]
    for name in (name for name in examples.columns if name not in roles.about):
        meaning = _by_meaning(name, some, words)
        power, only = _power(known[name], known, roles)
        if not meaning and only:
            meaning = words["only"]
        if not meaning and power >= STRONG:
            meaning = words["power"]
        if not meaning and _waits(known[name], waiting[name], known[roles.within]):
            meaning = words["waiting"]
        if meaning:
            rows.append({"column": name, "reason": meaning, "auc": power})
    leaks = pd.DataFrame(rows, columns=["column", "reason", "auc"]).astype({"auc": float})
    return leaks.sort_values(["auc", "column"], ascending=[False, True], ignore_index=True)


def _by_meaning(name, examples, words):
    if name == "campaign_orders":
        return _("counts the orders that answered the campaign")
    if re.search(words["told"], name.lower()):
        return words["name"]
    days = as_days(examples[name])
    if days is not None and (days >= examples["starts_on"]).any():
        return words["dates"]
    return ""


def _waits(values, waiting, campaign_id):
    """Whether a column is alike for all whose answer is open, though it differs within every campaign answered."""
    if len(waiting) < FEWEST or waiting.astype("str").nunique() > 1:
        return False
    alike = [own.astype("str").value_counts(normalize=True).iloc[0] for _name, own in values.groupby(campaign_id)]
    return max(alike, default=1.0) ** len(waiting) < SURE


def _power(values, known, roles):
    """Area under the curve of one column alone within campaigns, at least 0.5; whether only responders have it."""
    outcome, campaign = known[roles.hit], known[roles.within]
    hits = outcome.groupby(campaign).transform("sum")
    others = outcome.groupby(campaign).transform("size") - hits
    enough = (np.minimum(hits, others) >= FEWEST).to_numpy()
    if not enough.any():
        return np.nan, False
    filled = values.notna()
    only = filled.sum() >= 5 and not filled[outcome == 0].any()
    if not filled.any():
        return 0.5, False
    score, scores = as_number(values), [filled]
    if score is None:
        scores += _scores_of_levels(values, outcome.to_numpy(dtype=float), known[roles.of])
    else:
        scores += [score.fillna(edge) for edge in (score.min() - 1, score.max() + 1)]
    return max(_area(one[enough], outcome[enough], campaign[enough]) for one in scores), bool(only)


def _area(score, outcome, campaign_id):
    """Area under the curve within campaigns, each taken the way round that tells more; rows without a score go."""
    seen = score.notna().to_numpy()
    hit, campaign = (outcome == 1).to_numpy()[seen], pd.factorize(campaign_id[seen])[0]
    rank = ranks_within(score.to_numpy(dtype=float)[seen], campaign)
    hits, sums = np.bincount(campaign, hit), np.bincount(campaign, rank * hit)
    right, pairs = sums - hits * (hits + 1) / 2, hits * (np.bincount(campaign) - hits)
    return float(np.maximum(right, pairs - right).sum() / pairs.sum()) if pairs.sum() else 0.5


def ranks_within(score, group):
    """The rank of each number among those of its group, 1 the least, equal ones at their mean."""
    order = np.lexsort((score, group))
    score, group = score[order], group[order]
    first = np.append(True, (score[1:] != score[:-1]) | (group[1:] != group[:-1]))[: len(order)]
    start = np.append(np.flatnonzero(first), len(order))
    middle = np.repeat((start[:-1] + start[1:] + 1) / 2, np.diff(start))
    ranks = np.empty(len(order))
    ranks[order] = middle - np.searchsorted(group, group)
    return ranks


def _scores_of_levels(values, outcome, customer_id):
    """Levels by their response among one half of the customers, given to the other half: two scores.

    Otherwise a column with a value of its own for everybody would seem to tell everything.
    """
    half, scores = hashed(customer_id) % 2 == 0, []
    level = pd.Series(pd.factorize(values.astype("str"))[0])
    for part in (half, ~half):
        base = outcome[part].mean() if part.any() else 0.5
        told = pd.Series(outcome[part]).groupby(level[part].to_numpy()).agg(["sum", "size"])
        rate = (told["sum"] + base) / (told["size"] + 1)
        scores.append(level.map(rate).fillna(base).where(~part).set_axis(values.index))
    return scores


def hashed(ids):
    """A number for each id that does not depend on its place, to draw from customers again and again alike."""
    return pd.util.hash_array(ids.astype("str").to_numpy(dtype=object), categorize=False)


def sampled(examples, of, most=MOST):
    """At most so many contacts, whole customers, the same ones in whatever order the rows come."""
    if len(examples) <= most:
        return examples
    draw = hashed(examples[of])
    return examples[draw <= np.partition(draw, most - 1)[most - 1]]
