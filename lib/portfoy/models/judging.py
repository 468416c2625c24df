"""How well forecasts sort customers within each campaign, or leads within periods: that rates differ is no skill."""

import numpy as np
import pandas as pd

from portfoy.errors import DataError
from portfoy.intervals import bounded, wald, wilson
from portfoy.locale import _
from portfoy.models.columns import CONTACTS
from portfoy.models.holdout import groups_of
from portfoy.models.leaks import ranks_within


def within_campaigns(judged, bins, roles=CONTACTS):
    """The group of each contact by forecast among those of its campaign, 0 the best: a Series, as `groups_of`."""
    return judged.groupby(roles.within)[roles.p].transform(groups_of, bins)


def gains_table(judged, *, bins=10, confidence=0.95, roles=CONTACTS):
    """Cumulative gains: how many of the responses the best forecasts of each campaign hold; DataError without any.

    Gives a DataFrame, one row per group of equal count within campaigns, best first, each with all groups before it;
    equal forecasts in one: ``contacts``; ``responses`` among them; ``depth`` share of all contacts, 0-1; ``gain`` share
    of all responses, 0-1, ``gain_low``, ``gain_high`` its Wilson interval; ``chance`` the gain of as many contacts of
    each campaign drawn by lot; ``lift`` gain / chance, 1 is random, with its bounds. Other `roles` than those of
    contacts say what stands for campaign, contacts and responses.
    """
    if not judged[roles.hit].sum() > 0:
        raise DataError(_("response: nobody of {n} to forecast responded. Wait for answers.").format(n=len(judged)))
    cells = judged.assign(group=within_campaigns(judged, bins, roles)).groupby(["group", roles.within])[roles.hit]
    sizes, hits = (table.unstack(fill_value=0).cumsum() for table in (cells.size(), cells.sum()))
    contacts, responses = sizes.sum(axis=1).to_numpy(), hits.sum(axis=1).to_numpy()
    chance = (sizes / sizes.iloc[-1] * hits.iloc[-1]).sum(axis=1).to_numpy() / responses[-1]
    depth, gain = contacts / contacts[-1], responses / responses[-1]
    low, high = wilson(responses, responses[-1], confidence)
    low[-1] = 1.0  # all contacts hold all responses, whoever they are
    counts = {roles.rows: contacts, roles.hits: responses.astype("int64")}
    result = pd.DataFrame(counts | {"depth": depth, "gain": gain})
    result = result.assign(gain_low=low, gain_high=high, chance=chance)
    return result.assign(**bounded("lift", gain / chance, (low / chance, high / chance)))


ALL = "all together"  # the last row of a judgement, as stored


def judgement(judged, confidence=0.95, roles=CONTACTS):
    """How each campaign and all together were forecast: the `judgement` of a `Response`."""
    groups = [*judged.groupby(roles.within, sort=False), (ALL, judged)]
    return pd.DataFrame([{roles.within: name} | _verdict(rows, confidence, roles) for name, rows in groups])


def _verdict(rows, confidence, roles):
    outcome, p = rows[roles.hit].to_numpy(dtype=float), rows[roles.p]
    told = {roles.rows: len(rows), roles.hits: int(outcome.sum())}
    told |= bounded(roles.rate, float(outcome.mean()), wilson(outcome.sum(), len(rows), confidence))
    among = {"within": rows[roles.within], "of": rows[roles.of]}
    auc, *bounds = area_with_interval(p, outcome, confidence, **among)
    base = p.groupby(rows[roles.within]).transform("mean")
    told |= {f"predicted_{roles.rate}": p.mean()} | bounded("auc", auc, bounds)
    return told | _skill(p.to_numpy(), base.to_numpy(), outcome, confidence)


def _skill(p, base, outcome, confidence):
    """Brier's skill score, with the interval of the mean difference (Brier 1950, Monthly Weather Review 78, 1)."""
    better, error = (base - outcome) ** 2 - (p - outcome) ** 2, ((base - outcome) ** 2).mean()
    spread = better.std(ddof=1) / np.sqrt(len(better)) if len(better) > 1 else np.nan
    skill, *bounds = (value / error for value in (better.mean(), *wald(better.mean(), spread, confidence)))
    return bounded("skill", skill, bounds)


def area_with_interval(score, outcome, confidence=0.95, *, within=None, of=None):
    """Area under the curve and its interval, by ranks, over the pairs of each campaign (`within`) together.

    Rows are independent, or customers (`of`) are. A campaign with fewer than two responders or two others is left out:
    (area, low, high), missing where that leaves none.
    DeLong, DeLong & Clarke-Pearson (1988), Biometrics 44(3), 837-845.
    """
    score, hit = np.asarray(score, dtype=float), (np.asarray(outcome) > 0).astype(int)
    among = np.zeros(len(score), dtype=int) if within is None else pd.factorize(within)[0]
    size = np.bincount(2 * among + hit, minlength=2 * among.max(initial=0) + 2)
    own, other = size[2 * among + hit], size[2 * among + 1 - hit]
    above = ranks_within(score, among) - ranks_within(score, 2 * among + hit)
    used = (own > 1) & (other > 1)
    if not used.any():
        return np.nan, np.nan, np.nan
    beats = (np.where(hit == 1, above, other - above) / np.maximum(other, 1))[used]
    among, hit, own, pairs = among[used], hit[used], own[used], (own * other)[used]
    weight = pairs / pairs[np.unique(among, return_index=True)[1]].sum()
    auc = float((weight * beats / own)[hit == 1].sum())
    mean = np.bincount(among, beats * hit)[among] / np.bincount(among, hit)[among]
    pull = weight * (beats - mean) / np.sqrt(own * (own - 1))
    pull = pull if of is None else np.bincount(pd.factorize(of)[0][used], pull)
    low, high = wald(auc, float(np.sqrt((pull**2).sum())), confidence)
    return auc, max(low, 0.0), min(high, 1.0)
