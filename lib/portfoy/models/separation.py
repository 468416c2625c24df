"""How well groups of customers hold: k-means for several numbers of groups, and what speaks for each."""

import numpy as np
import pandas as pd

from portfoy.errors import DataError
from portfoy.intervals import bounded, percentiles, wald
from portfoy.locale import _

FITTED, JUDGED = 20_000, 5_000  # customers that k-means, and silhouette and stability, look at
RESAMPLES = 20
COLUMNS = [
    *("silhouette", "silhouette_low", "silhouette_high", "cloud", "needed"),
    *("stability", "stability_low", "stability_high", "smallest_share"),
]
MOST_GROUPS = 20
STABLE, STRUCTURED = 0.8, 0.25
APART = 0.1  # silhouette above that of one cloud; continuous customers of many shapes stay below it, see the tests


def search(points, *, k=None, most=8, seed=7, confidence=0.95):
    """k-means for several numbers of groups: what speaks for each, and the one that is taken.

    `points` has one row per customer and one column per feature; the others are those of `clusters`. Gives one row per
    number of groups, as `Clusters.choice`, and a dict, number of groups -> fitted KMeans. DataError where `k` or `most`
    is no whole number from 2 to 20, or `k` is more than there are distinct customers.
    """
    random = np.random.default_rng(seed)
    points = _sample(points, FITTED, random)
    judged = _sample(points, JUDGED, random)
    ks = _numbers(points, k, most)
    models = {k: _k_means(points, k, seed, starts=10) for k in ks}
    labels = [models[k].predict(judged) for k in ks]
    inside = silhouettes(judged, labels)
    cloud = cloud_silhouettes(judged, ks, random)
    back = [stability(judged, labels[at], k, seed) for at, k in enumerate(ks)]
    choice = _summary(inside, np.array(back), confidence).assign(k=ks, cloud=cloud)
    choice["needed"] = np.maximum(STRUCTURED, cloud + APART)
    choice["smallest_share"] = [np.bincount(models[k].labels_, minlength=k).min() / len(points) for k in ks]
    choice["chosen"] = choice["k"] == (k or _best(choice))
    return choice[["k", *COLUMNS, "chosen"]], models


def _summary(inside, back, confidence):
    """Mean silhouette with its normal interval, mean stability with the range of the resamples."""
    middle = inside.mean(axis=1)
    bounds = wald(middle, inside.std(axis=1) / np.sqrt(inside.shape[1]), confidence)
    again = bounded("stability", back.mean(axis=1), percentiles(back.T, confidence))
    return pd.DataFrame(bounded("silhouette", middle, bounds) | again)


def _numbers(points, k, most):
    """The numbers of groups to try."""
    distinct = min(MOST_GROUPS, len(np.unique(points, axis=0)))
    for name, value, highest in (("k", k, distinct), ("most", most, MOST_GROUPS)):
        if value is not None and (value != int(value) or not 2 <= value <= highest):
            text = _("clusters: {name} is {value}, not a whole number from 2 to {highest}. Or leave it out.")
            raise DataError(text.format(name=name, value=value, highest=highest))
    return list(range(2, min(max(most, k or 2), distinct) + 1))


def _best(choice):
    stable = choice[choice["stability"] >= STABLE]
    row = stable["silhouette"].idxmax() if len(stable) else choice["stability"].idxmax()
    return choice.loc[row, "k"]


def is_clear(choice):
    """Whether the chosen groups come back, and stand apart more than pieces of one cloud would."""
    row = choice[choice["chosen"]].iloc[0]
    return bool(row["stability"] >= STABLE and row["silhouette"] >= row["needed"])


def _sample(points, most, random):
    """At most `most` of the points, in their order."""
    if len(points) <= most:
        return points
    return points[np.sort(random.choice(len(points), most, replace=False))]


def _k_means(points, k, seed, *, starts, weights=None):
    from sklearn.cluster import KMeans

    return KMeans(k, n_init=starts, random_state=seed).fit(points, sample_weight=weights)


def silhouettes(points, partitions):
    """The silhouette of every point, one row per partition: (b - a) / max(a, b), 0 where it is alone in its group."""
    from scipy.spatial.distance import cdist

    member = [np.eye(labels.max() + 1)[labels] for labels in partitions]
    ends = np.cumsum([part.shape[1] for part in member])[:-1]
    every = np.hstack(member)
    total = np.vstack([cdist(points[at : at + 1000], points) @ every for at in range(0, len(points), 1000)])
    return np.array([_silhouette(*pair) for pair in zip(np.split(total, ends, axis=1), member, strict=True)])


def _silhouette(total, member):
    size, own = member.sum(axis=0), member > 0
    near = total[own] / np.maximum(size @ member.T - 1, 1)
    other = np.where(own | (size == 0), np.inf, total / np.maximum(size, 1)).min(axis=1)
    alone = (size @ member.T == 1) | np.isinf(other) | (np.maximum(near, other) == 0)
    other[alone], near[alone] = 1, 1
    return (other - near) / np.maximum(near, other)


def cloud_silhouettes(points, ks, random):
    """The mean silhouettes that k-means finds in one cloud, with the skewness and correlations of `points`."""
    draws = int(np.clip(JUDGED // len(points), 1, RESAMPLES))
    deviation = points.std(axis=0)  # near 1; 0 where a sample of customers lacks the few who differ
    z = (points - points.mean(axis=0)) / np.where(deviation > 0, deviation, 1)
    skewness, correlation = (z**3).mean(axis=0), z.T @ z / len(z)
    found = []
    for _draw in range(draws):
        normal = random.multivariate_normal(np.zeros(len(correlation)), correlation, len(z), method="eigh")
        cloud = deviation * np.column_stack([_skewed(*pair) for pair in zip(normal.T, skewness, strict=True)])
        found.append(silhouettes(cloud, [_k_means(cloud, k, 0, starts=3).labels_ for k in ks]).mean(axis=1))
    return np.mean(found, axis=0)


def _skewed(normal, skewness):
    """Normal values made skewed: a shifted gamma distribution with mean 0 and deviation 1 (Pearson's type III)."""
    from scipy.special import gammaincinv, ndtr

    if abs(skewness) < 0.01:
        return normal
    shape = 4 / skewness**2
    return np.sign(skewness) * (gammaincinv(shape, ndtr(np.sign(skewness) * normal)) - shape) / np.sqrt(shape)


def stability(points, labels, k, seed):
    """The adjusted Rand index of each resample's k groups with `labels`; 0 where it has under k distinct points."""
    random = np.random.default_rng(seed)
    distinct, which, count = np.unique(points, axis=0, return_inverse=True, return_counts=True)
    own = np.zeros(len(distinct), dtype=int)
    own[which] = labels
    found = []
    for number in range(RESAMPLES):
        drawn = random.multinomial(len(points), count / len(points))
        if (drawn > 0).sum() < k:
            found.append(0.0)
            continue
        model = _k_means(distinct[drawn > 0], k, number, starts=3, weights=drawn[drawn > 0])
        cells = np.bincount(own * k + model.predict(distinct), weights=count, minlength=k * k)
        found.append(float(adjusted_rand(cells.reshape(k, k))))
    return found


def adjusted_rand(cells):
    """The adjusted Rand index of a table of counts, or of each table of a stack."""
    both, first, second, every = (
        (n * (n - 1) / 2).sum(axis=-1)
        for n in (cells.reshape(*cells.shape[:-2], -1), cells.sum(-1), cells.sum(-2), cells.sum((-1, -2))[..., None])
    )
    chance, most = first * second / every, (first + second) / 2
    return np.where(most > chance, (both - chance) / np.where(most > chance, most - chance, 1), 1.0)
