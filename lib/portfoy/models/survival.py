"""How long until something happens, where not all have been seen to the end: what is still open is censored.

All of it works on counts by day, so that many rows cost no more than few. Censoring must have nothing to do with what
would have happened: what begins at any time and is looked at on one day is censored so.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from portfoy.intervals import on_logits, z_value


@dataclass(frozen=True, eq=False)
class Incidence:
    """What has become of a share of all by each day, where one outcome rules out the others (Aalen & Johansen 1978).

    F_k(t), the sum over s <= t of S(s-1) d_k(s) / n(s), is the share that has met outcome k by day t, S(t) = 1 - the
    sum of all F_k(t) that which is still open. One minus Kaplan-Meier with the others censored says instead what would
    be if there were no others, and is larger; it is what an outcome by itself comes to.
    ``n`` still there on each day from 0 to the horizon; ``hazards`` outcome -> share of them that meets it on the day.
    """

    n: np.ndarray
    hazards: dict

    @property
    def horizon(self):
        return len(self.n) - 1

    @property
    def still(self):
        """S by the end of each day, 0-1."""
        return np.cumprod(1 - sum(self.hazards.values(), np.zeros(len(self.n))))

    def share(self, event):
        """F of an outcome by the end of each day, 0-1."""
        return np.cumsum(np.append(1.0, self.still[:-1]) * self._hazard(event))

    def _hazard(self, event):
        return self.hazards.get(event, np.zeros(len(self.n)))

    def covariance(self, event, first, second):
        """Of `share` on two days, or arrays of days: the delta method on the hazards of each day, a multinomial's.

        A hazard of day u moves F(t) by S(u-1), if it is its own, less the part (F(t) - F(u)) / (1 - h(u)) that it takes
        from later days. Summed up to the earlier of the two days that is a polynomial in F(first) and F(second). The
        variance is that of Marubini & Valsecchi (1995), Analysing Survival Data, p. 341.
        """
        own, every, share = self._hazard(event), sum(self.hazards.values(), np.zeros(len(self.n))), self.share(event)
        before, rest = np.append(1.0, self.still[:-1]), every - own
        takes = 1 / np.where(every < 1, 1 - every, 1)
        others = share * takes
        mine = before + others
        mean = own * mine + rest * others
        sums = (
            own * mine**2 + rest * others**2 - mean**2,
            takes * (mean - mean * every),
            takes**2 * (every - every**2),
        )
        at = np.minimum(first, second)
        none, one, two = (np.cumsum(each / np.maximum(self.n, 1))[at] for each in sums)
        return none - (share[first] + share[second]) * one + share[first] * share[second] * two

    def curve(self, event, confidence=0.95):
        """Share, low and high by the end of each day (interval on the logit), and the standard error."""
        days = np.arange(len(self.n))
        share, error = self.share(event), np.sqrt(np.maximum(self.covariance(event, days, days), 0))
        inside = (share > 0) & (share < 1)
        rest = np.where(inside, share * (1 - share), 1)
        odds = np.where(inside, share, 0.5) / np.where(inside, 1 - share, 0.5)
        low, high = on_logits(np.log(odds), error / rest, confidence)
        low, high = np.where(inside, low, share), np.where(inside, high, share)
        return share, low, high, error

    def day_of(self, event, part=0.5, confidence=0.95):
        """The day by which this part of those is met who meet the outcome within the horizon: (day, low, high).

        Low and high are the first and last day on which F(t) - part F(horizon) is zero for all that chance allows
        (inversion, as Brookmeyer & Crowley 1982, Biometrics 38, do for a median). Missing where nobody meets it.
        """
        share, days, last = self.share(event), np.arange(len(self.n)), self.horizon
        if share[-1] == 0:
            return np.nan, np.nan, np.nan
        apart = share - part * share[-1]
        error = self.covariance(event, days, days) - 2 * part * self.covariance(event, days, last)
        error += part**2 * self.covariance(event, last, last)
        half = z_value(confidence) * np.sqrt(np.maximum(error, 0))
        low, high = days[apart + half >= -1e-12][0], days[apart - half <= 1e-12][-1] + 1
        return int(np.argmax(apart >= -1e-12)), int(low), int(min(high, self.horizon))


def incidence(days, events, horizon, rows=None):
    """The `Incidence` up to a horizon, from how long each was seen and what ended it.

    `days` whole ones, those missing or below 0 left out; `events` what ended each, missing where nothing did; `rows`
    how many each stands for, by default one. Who is censored on a day was still there on it.
    """
    days, last = np.asarray(days, dtype=float), int(horizon) + 1
    event, names = pd.factorize(events if isinstance(events, pd.Categorical) else np.asarray(events, dtype=object))
    seen, size = days >= 0, len(names) + 1
    at = np.minimum(days[seen], last).astype("int64") * size + event[seen] + 1  # event -1 where nothing ended it
    ended = np.bincount(at, None if rows is None else np.asarray(rows)[seen], (last + 1) * size).reshape(-1, size)
    n = ended.sum(axis=1)[::-1].cumsum()[::-1][:-1].astype(float)
    return Incidence(n, {name: ended[:-1, place] / np.maximum(n, 1) for place, name in enumerate(names, start=1)})


def gray_test(days, events, groups, event, rows=None):
    """Whether an outcome comes to the same share of each group by the same days: (statistic, freedom, p-value).

    Gray (1988), Annals of Statistics 16, 1141-1154, with equal weight on all days. The score of a group is the sum over
    days of what it met less its part of what all met, a group's part being its n (1 - F) / S, with F and S its own. The
    variance adds up what each end, of either kind, adds to the scores. Missing with fewer than two groups. `rows` how
    many each stands for, by default one.
    """
    from scipy.special import chdtrc

    seen = pd.DataFrame({"days": np.asarray(days, dtype=float), "group": np.asarray(groups)})
    seen = seen.assign(event=np.asarray(events, dtype=object), rows=1.0 if rows is None else np.asarray(rows))
    seen = seen.dropna(subset=["days", "group"])
    group, names = pd.factorize(seen["group"])
    if len(names) < 2:
        return np.nan, 0, np.nan
    own = (seen["event"] == event).to_numpy()
    other = (seen["event"].notna() & ~own.astype(bool)).to_numpy()
    times, day = np.unique(seen["days"], return_inverse=True)
    shape, place = (len(times), len(names)), day * len(names) + group
    first, second, all_of = (
        np.bincount(place, seen["rows"] * which, np.prod(shape)).reshape(shape) for which in (own, other, 1)
    )
    score, variance = _gray(first, second, all_of[::-1].cumsum(axis=0)[::-1])
    chosen = score[:-1]
    statistic = float(chosen @ np.linalg.pinv(variance[:-1, :-1]) @ chosen)
    return statistic, len(names) - 1, float(chdtrc(len(names) - 1, statistic))


def _gray(first, second, n):
    """Scores of all groups and their covariance; arrays of days by groups: ends of the outcome, of others, at risk."""

    def over(part, whole):
        return np.divide(part, whole, out=np.zeros(np.broadcast_shapes(part.shape, whole.shape)), where=whole > 0)

    def lagged(values, start):
        return np.vstack([np.full((1, *values.shape[1:]), start), values[:-1]])

    still = np.cumprod(1 - over(first + second, n), axis=0)
    before = lagged(still, 1.0)
    share = lagged(np.cumsum(before * over(first, n), axis=0), 0.0)
    risk = over(n, before)  # as many as would be there if nothing had ended
    total, met, lost = risk.sum(axis=1, keepdims=True), first.sum(axis=1, keepdims=True), second
    pooled = np.cumsum(over(met, total), axis=0)
    part = over(risk * (1 - share), (risk * (1 - share)).sum(axis=1, keepdims=True))
    score = (first - met * part).sum(axis=0)
    moved = np.einsum("tk,kj->tkj", risk, np.eye(n.shape[1])) - over(
        risk[:, :, None] * risk[:, None, :], total[..., None]
    )
    drift = np.cumsum(moved * over(met, total * (1 - lagged(pooled, 0.0)))[..., None], axis=0)
    later = drift - drift[-1]  # what an end takes from, or leaves to, the days to come
    left = over(1 - pooled, still)
    ties = 1 - over(np.maximum(met - 1, 0), np.maximum(total * before - 1, 1e-12))
    ends = [
        (moved - (1 - left)[:, None, :] * later, ties * over(before * met, total * n)),
        (left[:, None, :] * later, (1 - over(np.maximum(lost - 1, 0), n - 1)) * over(before**2 * lost, n**2)),
    ]
    return score, sum(np.einsum("tik,tjk,tk->ij", weight, weight, size) for weight, size in ends)
