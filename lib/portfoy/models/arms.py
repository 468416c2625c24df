"""Held out at random: who is, whether chance really decided, and what a contact then adds.

A response is not an effect: many would have bought anyway. Where chance decides who is contacted (treated) and who is
held out (control), the two differ in nothing but the contact, and the difference of their responses is its effect.

Kohavi, Tang & Xu (2020), Trustworthy Online Controlled Experiments, chapters 3 and 21 (sample ratio), 17 (differences).
Liang & Zeger (1986), Biometrika 73(1), 13-22, for the covariance over customers.
"""

from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from portfoy.errors import DataError
from portfoy.intervals import bounded, delta_error, wald
from portfoy.locale import _
from portfoy.models.columns import CONTROL, TREATED, as_number
from portfoy.models.logistic import RARE, campaign_effects, regress

FEWEST = 10  # responses in each arm, and others, before effects are fitted
SIZE = 5  # customers in each arm before a campaign is looked at
CHANCE = 0.01  # so seldom would any campaign drawn at random be taken for one that was not
SAME = 0.05  # p-value below which campaigns held out different shares
EVEN = 1e-6  # a ridge so small that it only keeps the fit finite


def draw(customer_id, name, share):
    """The arm of each customer on a list of this name: "control" for about that share, else "treatment".

    By a hash of name and customer: the same customer keeps the arm from month to month, and a rerun draws the same; two
    lists of different names draw independently. An array; DataError where the share is not from 0 to less than 1.
    """
    if not 0 <= share < 1:
        raise DataError(
            _("hold_out_share: {share:g} is not from 0 to below 1. For a tenth give 0.1.").format(share=share)
        )
    keys = [f"{name}\n{one}".encode() for one in customer_id]
    numbers = np.array([int.from_bytes(blake2b(key, digest_size=8).digest()) / 2**64 for key in keys])
    return np.where(numbers < share, CONTROL, TREATED).astype(object)


def ratio_check(treated, held_out, share):
    """How often chance alone gives arms this far from the share that was meant to be held out: an exact p-value."""
    from scipy.stats import binomtest

    return float(binomtest(int(held_out), int(treated + held_out), share).pvalue)


def difference(contacts, confidence=0.95):
    """Response of those treated less that of those held out.

    `contacts`: one row per customer and campaign, with ``campaign_id``, ``customer_id``, ``arm``, ``responded``.
    Campaigns whose arms stand in one ratio, chance allowed for, count as one; else each counts by n1 n0 / (n1 + n0), so
    that a rate that differs among them is no effect (Cochran 1954, Biometrics 10, 417-451). The normal interval takes
    arms as drawn anew for each campaign, but for those of lists with a ``hold_out_share``, where a customer keeps the
    arm. Gives a dict: ``treated`` and ``held_out`` customers whose answer is known, ``response`` and
    ``held_out_response`` shares of them, ``points`` 100 times their difference with bounds; None where no campaign has
    two of each.
    """
    told = contacts[contacts["responded"].notna() & contacts["arm"].isin([TREATED, CONTROL])]
    told = told.assign(hit=told["arm"] == TREATED, stratum=told["campaign_id"])
    sizes = told.groupby("campaign_id")["hit"].agg(["sum", "size"])
    told = told[told["campaign_id"].isin(sizes.index[(sizes["sum"] > 1) & (sizes["size"] - sizes["sum"] > 1)])]
    if told.empty:
        return None
    if told["campaign_id"].nunique() > 1 and independent(told["campaign_id"], told["hit"]) >= SAME:
        told["stratum"] = 0
    cell = told.groupby(["stratum", "hit"])["responded"]
    own, every = cell.transform("size"), told.groupby("stratum")["hit"].transform("size")
    strata = own * (every - own) / every
    weight = strata / strata.groupby(told["stratum"]).first().sum() / own
    shares = (weight * told["responded"]).groupby(told["hit"]).sum()
    off = told["responded"] - cell.transform("mean")
    pull = np.where(told["hit"], 1, -1) * weight * off * np.sqrt(own / (own - 1))
    kept = told["hold_out_share"].notna() if "hold_out_share" in told else pd.Series(False, told.index)
    of = told["customer_id"].astype("str").where(kept, pd.Series(range(len(told)), told.index).astype("str"))
    error = float(np.sqrt((pull.groupby([kept, of]).sum() ** 2).sum()))
    found = {"treated": int(told["hit"].sum()), "held_out": int((~told["hit"]).sum())}
    found |= {"response": float(shares[True]), "held_out_response": float(shares[False])}
    points = 100 * float(shares[True] - shares[False])
    return found | bounded("points", points, wald(points, 100 * error if error > 0 else np.nan, confidence))


def independent(rows, columns):
    """How often chance alone makes the columns differ as much from row to row: chi-squared (Pearson 1900)."""
    from scipy.stats import chi2_contingency

    cells = pd.crosstab(rows, columns)
    return float(chi2_contingency(cells, correction=False).pvalue) if min(cells.shape) > 1 else 1.0


def lots(contacts, known, confidence=0.95):
    """Each campaign with five customers or more in both arms: what a contact added, and whether chance drew the arms.

    `contacts` as in `difference`, with the columns `known` of each customer before the campaign, and optionally
    ``hold_out_share``. Where treated and held out differ in one of them by more than chance, the arms were not drawn at
    random: rank test (Mann & Whitney 1947) for numbers, chi-squared for the rest, and the exact test of the sample
    ratio where the share meant is known; each p-value times the number of looks (Bonferroni) is below 0.01. A choice by
    something that is not in the table is not seen. Gives a DataFrame, one row per campaign in order of the rows:
    ``campaign_id``, the columns of `difference`, ``differs`` the column that differs most, empty where none does;
    ``at_random``.
    """
    rows, looked = [], []
    for campaign_id, own in contacts.groupby("campaign_id", sort=False):
        sizes = own["arm"].value_counts().reindex([TREATED, CONTROL], fill_value=0)
        if sizes.min() < SIZE:
            continue
        looked.append(_chances(own, known, sizes))
        found = difference(own, confidence) or {"treated": sizes[TREATED], "held_out": sizes[CONTROL]}
        rows.append({"campaign_id": campaign_id} | found)
    looks = sum(map(len, looked))
    least = [min(chances, key=chances.get, default="") for chances in looked]
    differs = [
        name if chances and chances[name] * looks < CHANCE else "" for name, chances in zip(least, looked, strict=True)
    ]
    names = ["campaign_id", "treated", "held_out", "response", "held_out_response", "points"]
    table = pd.DataFrame(rows).reindex(columns=[*names, "points_low", "points_high"])
    return table.assign(differs=differs, at_random=[not name for name in differs])


def _chances(own, known, sizes):
    """Column -> how often chance alone makes the arms differ as much in it."""
    from scipy.stats import mannwhitneyu

    own = own[own["arm"].isin([TREATED, CONTROL])]
    treated, chances = own["arm"] == TREATED, {}
    share = own["hold_out_share"].dropna() if "hold_out_share" in own else pd.Series(dtype=float)
    if len(share):
        chances["hold_out_share"] = ratio_check(sizes[TREATED], sizes[CONTROL], share.iloc[0])
    for name in (name for name in known if name in own):
        number = None if pd.api.types.is_bool_dtype(own[name]) else as_number(own[name])
        if number is not None:
            sides = [number[side].dropna() for side in (treated, ~treated)]
            if min(map(len, sides)) >= SIZE and number.nunique() > 1:
                chances[name] = float(mannwhitneyu(*sides, method="asymptotic").pvalue)
            continue
        level = own[name].astype("object").where(own[name].notna(), "").astype("str")
        level = level.where(level.groupby(level).transform("size") >= RARE, "")
        chances[name] = independent(level, treated)
    return chances


@dataclass(frozen=True)
class Added:
    """What a contact adds to the probability of buying, by the forecast of the response: coefficients, covariance.

    The log odds of buying are a straight line in those of the forecast, one line for each arm.
    """

    beta: np.ndarray
    covariance: np.ndarray

    def of(self, p_response, confidence=0.95):
        """``added`` points of probability, 0-1, for each forecast, with bounds: a DataFrame on its index."""
        added, slopes = self._at(p_response)
        bounds = wald(added, delta_error(slopes, self.covariance), confidence)
        return pd.DataFrame(bounded("added", added, bounds), pd.Series(p_response).index)

    def total(self, p_response, confidence=0.95):
        """How many more buy if all of them are contacted: (number, low, high)."""
        added, slopes = self._at(p_response)
        return float(added.sum()), *wald(
            added.sum(), float(delta_error(slopes.sum(axis=0), self.covariance)), confidence
        )

    def _at(self, p_response):
        line = logit(np.asarray(p_response, dtype=float))
        ones, none = np.ones(len(line)), np.zeros(len(line))
        contacted = np.column_stack([ones, line, ones, line])
        alone = np.column_stack([ones, line, none, none])
        p, q = expit(contacted @ self.beta), expit(alone @ self.beta)
        return p - q, contacted * (p * (1 - p))[:, None] - alone * (q * (1 - q))[:, None]


def fit_added(scored):
    """What contacts of both arms tell of the effect: an `Added`; None where an arm has fewer than ten of an answer.

    `scored` as in `difference`, with ``p_response`` forecast before, and only of campaigns drawn at random.
    """
    scored = scored[scored["responded"].notna()]
    outcome, treated = scored["responded"].to_numpy(dtype=float), (scored["arm"] == TREATED).to_numpy()
    counts = [(outcome[side] == answer).sum() for side in (treated, ~treated) for answer in (0, 1)]
    if min(counts) < FEWEST:
        return None
    line = logit(scored["p_response"].to_numpy())
    columns = np.column_stack([line, treated, treated * line, campaign_effects(scored["campaign_id"])])
    beta, bread, whole, p = regress(columns, outcome, EVEN)
    score = (
        pd.DataFrame(whole * (outcome - p)[:, None]).groupby(pd.factorize(scored["customer_id"])[0]).sum().to_numpy()
    )
    return Added(beta[:4], (bread @ (score.T @ score) @ bread)[:4, :4])
