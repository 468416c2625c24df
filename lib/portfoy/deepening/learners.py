"""Whom a contact moves: what it adds to each customer's chance to buy, learnt where chance drew who was contacted.

Athey & Imbens (2016), PNAS 113(27), 7353-7360, for `scores`, here less the mean of the arm. Lo (2002), SIGKDD
Explorations 4(2), 78-86, for one regression of both arms. Radcliffe (2007), Direct Marketing Analytics 1, for Qini.
"""

from functools import partial

import numpy as np
import pandas as pd
from scipy.special import expit

from portfoy.models.columns import TREATED
from portfoy.models.leaks import MOST, sampled
from portfoy.models.logistic import FREE, campaign_effects, make_terms, regress, stack
from portfoy.models.responders import FEWEST, PENALTY
from portfoy.models.threads import one_thread

LOGISTIC, TREES = "logistic", "trees"  # ways to tell, as stored
SHY = 1.6  # so many times less than a response, a feature was taken to change what a contact does: few answers tell it


def scores(contacts):
    """What a contact added: a number for each, whose mean over customers named beforehand is the effect on them.

    m1 - m0 + (y - m1) / e where treated, m1 - m0 - (y - m0) / (1 - e) where held out; with e the share treated of the
    campaign, m1 and m0 the mean responses of its arms.
    """
    hit, y, of = contacts["arm"] == TREATED, contacts["responded"].astype(float), contacts["campaign_id"]
    e = hit.groupby(of).transform("mean")
    m1, m0 = (y.where(side).groupby(of).transform("mean") for side in (hit, ~hit))
    return m1 - m0 + np.where(hit, (y - m1) / e, (m0 - y) / (1 - e))


def places(forecast, campaign_id):
    """Where each contact stands in its campaign by forecast, 0 the first and 1 the last; equal forecasts together."""
    of = forecast.groupby(campaign_id)
    return (of.rank(ascending=False) - 0.5) / of.transform("size")


def qini_parts(contacts, forecast):
    """What each contact brings to Qini, their sum, in a hundred treated.

    Down to a depth of each campaign, owed to contacts are the responses of those treated less the ratio of the arms
    times those of the held out. Qini is the area under that, from 0 to 1, less half of what is owed in all.
    """
    hit, of = contacts["arm"] == TREATED, contacts["campaign_id"]
    e = hit.groupby(of).transform("mean")
    owed = contacts["responded"] * np.where(hit, 1.0, -e / (1 - e))
    return 100 / hit.sum() * (0.5 - places(forecast, of)) * owed


@one_thread("sklearn.linear_model", "sklearn.ensemble")
def learn(known, features):
    """Way -> a function of customers: what a contact adds to their chance to buy, missing for those like nobody known.

    Nothing where too few of the contacts were answered, or no feature tells them apart.
    """
    hits = known["responded"].sum()
    known = sampled(known, "customer_id", MOST).reset_index(drop=True)
    terms = make_terms(known, features) if min(hits, len(known) - hits) >= FEWEST else ()
    columns = stack(terms, known)
    if not columns.shape[1] or known["arm"].nunique() < 2:
        return {}

    @one_thread()
    def told(effect, table):
        strange = np.any([term.strange(table) for term in terms], axis=0)
        return pd.Series(np.where(strange, np.nan, effect(stack(terms, table))), table.index)

    return {way: partial(told, fit(known, columns)) for way, fit in ((LOGISTIC, _regression), (TREES, _boosted))}


def _regression(known, columns):
    treated, own = (known["arm"] == TREATED).to_numpy(float)[:, None], columns.shape[1] + 1
    whole = np.hstack([columns, FREE * treated, columns * treated / SHY, campaign_effects(known["campaign_id"])])
    beta, *_about = regress(whole, known["responded"].to_numpy(float), PENALTY)
    more, slopes = FREE * beta[own], beta[own + 1 : 2 * own] / SHY

    def effect(columns):
        alone = beta[0] + columns @ beta[1:own]
        return expit(alone + more + columns @ slopes) - expit(alone)

    return effect


def _boosted(known, columns):
    from sklearn.ensemble import HistGradientBoostingRegressor

    kind = {"max_iter": 30, "learning_rate": 0.05, "max_leaf_nodes": 6, "min_samples_leaf": 80}
    fit = HistGradientBoostingRegressor(**kind, early_stopping=False, random_state=7)
    return fit.fit(columns, scores(known)).predict
