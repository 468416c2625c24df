"""How well forecasts of a response sort customers."""

import numpy as np
import pandas as pd

from portfoy.errors import DataError
from portfoy.intervals import bounded, wald, wilson
from portfoy.locale import _
from portfoy.models.holdout import groups_of


def gains_table(judged, *, bins=10, confidence=0.95):
    """Cumulative gains: how many of the responses the contacts with the best forecasts hold; DataError without any.

    Gives a DataFrame, one row per group of equal count, best first, each with all groups before it; equal forecasts in
    one: ``contacts``; ``responses`` among them; ``depth`` share of all contacts, 0-1; ``gain`` share of all responses,
    0-1, ``gain_low``, ``gain_high`` its Wilson interval; ``lift`` gain / depth, 1 is random, with its bounds.
    """
    rows = judged[["p_response", "responded"]].to_numpy(dtype=float)
    if not rows[:, 1].sum() > 0:
        raise DataError(_("response: nobody of {n} to forecast responded. Wait for answers.").format(n=len(rows)))
    group = groups_of(rows[:, 0], bins)
    table = pd.DataFrame({"group": group, "hit": rows[:, 1]}).groupby("group")["hit"].agg(["size", "sum"]).cumsum()
    contacts, responses = table["size"].to_numpy(), table["sum"].to_numpy()
    depth, gain = contacts / contacts[-1], responses / responses[-1]
    low, high = wilson(responses, responses[-1], confidence)
    low[-1] = 1.0  # all contacts hold all responses, whoever they are
    result = pd.DataFrame({"contacts": contacts, "responses": responses.astype("int64"), "depth": depth, "gain": gain})
    result = result.assign(gain_low=low, gain_high=high)
    return result.assign(**bounded("lift", gain / depth, (low / depth, high / depth)))


ALL = "all together"  # the last row of a judgement, as stored


def judgement(judged, confidence=0.95):
    """How each campaign and all together were forecast: the `judgement` of a `Response`."""
    groups = [*judged.groupby("campaign_id", sort=False), (ALL, judged)]
    return pd.DataFrame([{"campaign_id": name} | _verdict(rows, confidence) for name, rows in groups])


def _verdict(rows, confidence):
    outcome, p = rows["responded"].to_numpy(dtype=float), rows["p_response"].to_numpy()
    told = {"contacts": len(rows), "responses": int(outcome.sum())}
    told |= bounded("response", float(outcome.mean()), wilson(outcome.sum(), len(rows), confidence))
    auc, *bounds = area_with_interval(p, outcome, confidence)
    told |= {"predicted_response": p.mean()} | bounded("auc", auc, bounds)
    told |= _skill(p, rows["p_base"].to_numpy(), outcome, confidence)
    return told | _held_out(rows.drop_duplicates("campaign_id"), confidence)


def _skill(p, base, outcome, confidence):
    """Brier's skill score, with the interval of the mean difference (Brier 1950, Monthly Weather Review 78, 1)."""
    better, error = (base - outcome) ** 2 - (p - outcome) ** 2, ((base - outcome) ** 2).mean()
    spread = better.std(ddof=1) / np.sqrt(len(better)) if len(better) > 1 else np.nan
    skill, *bounds = (value / error for value in (better.mean(), *wald(better.mean(), spread, confidence)))
    return bounded("skill", skill, bounds)


def _held_out(campaigns, confidence):
    told = campaigns[campaigns["held_out_responses"].notna()]
    n, hits = int(told["held_out"].sum()), float(told["held_out_responses"].sum())
    share = hits / n if n else np.nan
    return {"held_out": n} | bounded("held_out_response", share, wilson(hits, n, confidence))


def area_with_interval(score, outcome, confidence=0.95):
    """Area under the curve and its interval, by ranks; rows are taken as independent.

    DeLong, DeLong & Clarke-Pearson (1988), Biometrics 44(3), 837-845.
    """
    hits = outcome > 0
    n, m = int(hits.sum()), int((~hits).sum())
    if not (n and m):
        return np.nan, np.nan, np.nan
    score = pd.Series(score)
    ranks = score.rank()
    above = (ranks[hits] - score[hits].rank()) / m  # share of the others that each responder beats
    below = 1 - (ranks[~hits] - score[~hits].rank()) / n
    auc = float(above.mean())
    spread = [side.var() / len(side) if len(side) > 1 else np.nan for side in (above, below)]
    low, high = wald(auc, float(np.sqrt(sum(spread))), confidence)
    return auc, max(low, 0.0), min(high, 1.0)
