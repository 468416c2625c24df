"""Do the customers fall into groups of their own? Clusters by k-means, and the segments beside them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from portfoy.errors import DataError, need_columns, positive_total
from portfoy.intervals import wald
from portfoy.locale import _
from portfoy.models.separation import adjusted_rand, is_clear, search
from portfoy.models.threads import one_thread
from portfoy.rows import find_rows

FEATURES = ["idle", "purchases", "ticket", "age"]
FEWEST = 50
NAMED = 0.3  # standard deviations from the mean below which a feature does not name a cluster


@dataclass(frozen=True)
class Clusters:
    """Customers in groups of those who are alike.

    ``table``: the customer table with ``cluster``, the name, ordered by total revenue; missing where a feature is.
    ``choice``: one row per number of groups: ``k``; ``silhouette`` -1 to 1 with ``_low``, ``_high``; ``cloud`` what
    k-means finds in one cloud without groups, ``needed`` 0.1 above it and at least 0.25; ``stability`` mean adjusted
    Rand index, at most 1, with ``_low``, ``_high``, between which it is in `confidence` of the resamples;
    ``smallest_share`` 0-1; ``chosen``.
    ``features``: one row per feature: ``feature``, ``meaning``, ``transform`` in words, ``median_size`` the median
    absolute value (missing without a logarithm), ``centre``, ``scale`` mean and standard deviation after the transform;
    the scale is missing where the feature is left out.
    ``centers``: one row per cluster: ``cluster``, ``customers``, each feature's centre in its own unit and, as
    ``<feature>_z``, in standard deviations from the mean of all customers.
    ``clear``: the stability is at least 0.8 and the silhouette as needed. ``given``: k was asked for.
    ``left_out``: customers without a value in some feature.
    """

    table: pd.DataFrame
    choice: pd.DataFrame
    features: pd.DataFrame
    centers: pd.DataFrame
    k: int
    clear: bool
    given: bool
    left_out: int
    confidence: float


@dataclass(frozen=True)
class Agreement:
    """How far clusters and segments are the same groups.

    ``rand``: adjusted Rand index, 1 the same groups, 0 what chance gives, with ``_low`` and ``_high``.
    ``cross``: one row per cluster and segment with customers in both: ``cluster``, ``segment``, ``customers``,
    ``cluster_share`` of the cluster and ``segment_share`` of the segment, 0-1. ``main``: one row per cluster, with its
    two largest segments: ``cluster``, ``customers``, ``first_segment``, ``first_share``, ``second_segment``,
    ``second_share`` of the cluster. ``clear``: as in `Clusters`.
    """

    rand: float
    rand_low: float
    rand_high: float
    confidence: float
    cross: pd.DataFrame
    main: pd.DataFrame
    clear: bool


@one_thread("sklearn.cluster")
def cluster(customers, *, k=None, most=8, seed=7, confidence=0.95):
    """Clusters: groups of customers who are alike in when, how often and for how much they bought.

    The features are days since the last purchase, purchases, revenue per purchase and days since the first. A feature
    is taken as sign(x) log(1 + |x| / median |x|) where that is less skewed than x, then brought to mean 0 and standard
    deviation 1. Of the numbers of groups that come back when customers are drawn anew (mean stability at least 0.8),
    the one with the highest silhouette is taken; where none does, the most stable.

    Parameters
    ----------
    customers : DataFrame, one row per customer, as from `customer_table`
        Needs ``idle``, ``purchases``, ``ticket``, ``age`` and ``revenue``.
    k : int, optional; number of groups, the default chooses it from 2 to `most`
    most : int, default 8
    seed : int, of the samples and starts; the order of the rows does not matter
    confidence : of the intervals, default 0.95

    Returns
    -------
    Clusters

    Raises
    ------
    DataError : a column is missing, fewer than 50 customers have all features, fewer than 2 features vary, or `k` or
    `most` is out of range.

    Notes
    -----
    k-means is fitted to at most 20,000 customers and judged on at most 5,000 of them; then all are assigned. The
    silhouette's interval takes the groups as given. Stability compares the groups with those of 20 samples drawn with
    replacement, by the adjusted Rand index, which corrects for chance, so that few and many groups compare. Stability
    alone proves nothing, since a long cloud is cut at the same place each time. Groups are called clear only where the
    silhouette is 0.1 above that of one cloud of the same skewness and correlations; the 0.1 is the project's own.

    References
    ----------
    Rousseeuw (1987), J. Comput. Appl. Math. 20, and Kaufman & Rousseeuw (1990), Finding Groups in Data, p. 88:
    silhouettes, no structure up to 0.25. Hubert & Arabie (1985), J. Classification 2: the index; Steinley (2004),
    Psychol. Methods 9(3): 0.8 is good agreement. Fang & Wang (2012), Comput. Stat. Data Anal. 56(3): the bootstrap.
    Liu, Hayes, Nolan & Marron (2008), JASA 103: one cloud as the rival explanation.
    """
    need_columns(customers, [*FEATURES, "revenue"], "cluster")
    values = customers[FEATURES].to_numpy(dtype=float, na_value=np.nan)
    whole = np.isfinite(values).all(axis=1)
    if whole.sum() < FEWEST:
        raise DataError(
            _(
                "cluster: customers with all of idle, purchases, ticket and age: {count}; at least {fewest} are "
                "needed. Use the segments, or a longer history."
            ).format(count=int(whole.sum()), fewest=FEWEST)
        )
    rows = np.flatnonzero(whole)
    rows = rows[np.lexsort(values[rows].T)]  # one order, whatever that of the table
    features, points = _standardise(values[rows])
    choice, models = search(points, k=k, most=most, seed=seed, confidence=confidence)
    found = int(choice.loc[choice["chosen"], "k"].iloc[0])
    numbers = _by_revenue(models[found].predict(points), customers["revenue"].to_numpy(dtype=float)[rows])
    centers = _centers(points, numbers, features)
    codes = np.full(len(customers), -1)
    codes[rows] = numbers
    table = customers.assign(cluster=pd.Categorical.from_codes(codes, categories=centers["cluster"], ordered=True))
    left_out = int((~whole).sum())
    return Clusters(table, choice, features, centers, found, is_clear(choice), k is not None, left_out, confidence)


def _by_revenue(numbers, revenue):
    """The groups' numbers anew, the one with the highest revenue first."""
    total = np.bincount(numbers, weights=np.nan_to_num(revenue))
    return np.argsort(np.argsort(-total, kind="stable"))[numbers]


def _standardise(values):
    """The features as a table of what was done, and the customers as points with mean 0 and deviation 1."""
    meanings = [_("days since the last purchase"), _("purchases"), _("revenue per purchase")]
    meanings.append(_("days since the first purchase"))
    rows, points = [], []
    for feature, meaning, raw in zip(FEATURES, meanings, values.T, strict=True):
        size = np.median(np.abs(raw)) or np.abs(raw).mean()
        row = {"feature": feature, "meaning": meaning, "transform": _("left out: the same for all customers")}
        row |= {"median_size": np.nan, "centre": raw[0], "scale": np.nan}
        if np.ptp(raw) > 1e-9 * np.abs(raw).max():  # 29.97 / 3 and 9.99 are one price
            logged = _signed_log(raw, size)
            skewed = abs(_skewness(logged)) < abs(_skewness(raw))
            used = logged if skewed else raw
            row["transform"] = _("signed logarithm") if skewed else _("as it is")
            row |= {"median_size": size if skewed else np.nan, "centre": used.mean(), "scale": used.std()}
            points.append((used - row["centre"]) / row["scale"])
        rows.append(row)
    if len(points) < 2:
        raise DataError(
            _(
                "cluster: {count} of the features idle, purchases, ticket, age differ between customers; at least 2 "
                "have to. Check the dates and amounts."
            ).format(count=len(points))
        )
    return pd.DataFrame(rows), np.column_stack(points)


def _signed_log(raw, size):
    return np.sign(raw) * np.log1p(np.abs(raw) / size)


def _skewness(values):
    return (((values - values.mean()) / values.std()) ** 3).mean()


def _centers(points, numbers, features):
    """One named row per cluster, its centre in the features' own units and in standard deviations."""
    used = features[features["scale"].notna()]
    z = pd.DataFrame(points, columns=used["feature"]).groupby(numbers).mean()
    result = pd.DataFrame({"cluster": _names(z), "customers": np.bincount(numbers)})
    for row in used.itertuples():
        center = z[row.feature] * row.scale + row.centre
        logged = not np.isnan(row.median_size)
        result[row.feature] = np.sign(center) * np.expm1(np.abs(center)) * row.median_size if logged else center
        result[f"{row.feature}_z"] = z[row.feature]
    return result


def _names(z):
    """What sets each cluster apart from all customers: its one or two features farthest from the mean, in words."""
    words = {
        "idle": (_("bought lately"), _("long idle")),
        "purchases": (_("few purchases"), _("frequent")),
        "ticket": (_("low spend per purchase"), _("high spend per purchase")),
        "age": (_("newer"), _("known for long")),
    }
    names = []
    for _number, row in z.iterrows():
        far = row[row.abs() >= max(NAMED, row.abs().max() / 2)].sort_values(key=np.abs, ascending=False, kind="stable")
        name = ", ".join(words[feature][int(value > 0)] for feature, value in far.head(2).items())
        names.append(name or _("near the average"))
    counted = [f"{name} ({names[:at].count(name) + 1})" for at, name in enumerate(names)]
    return [more if names.count(name) > 1 else name for name, more in zip(names, counted, strict=True)]


def cluster_table(clusters):
    """What each cluster is and what it brings.

    Parameters
    ----------
    clusters : Clusters

    Returns
    -------
    DataFrame, one row per cluster, the highest revenue first
        ``cluster``; ``customers``; ``customer_share`` 0-1; ``revenue`` money, ``revenue_share`` 0-1; ``purchases`` mean
        per customer; ``ticket`` revenue per purchase; ``idle`` median days; ``margin`` money, summed where it is known.
        Shares are of the customers who are in a cluster.

    Raises
    ------
    DataError : the total revenue is not above zero.
    """
    table = clusters.table[clusters.table["cluster"].notna()]
    total = positive_total(table["revenue"], "revenue")
    grouped = table.groupby("cluster", observed=True)
    result = grouped.agg(
        customers=("revenue", "size"), revenue=("revenue", "sum"), bought=("purchases", "sum"), idle=("idle", "median")
    )
    result["customer_share"] = result["customers"] / len(table)
    result["revenue_share"] = result["revenue"] / total
    result["purchases"] = result["bought"] / result["customers"]
    result["ticket"] = result["revenue"] / result["bought"]
    result["margin"] = grouped["margin"].sum(min_count=1) if "margin" in table else np.nan
    columns = ["customers", "customer_share", "revenue", "revenue_share", "purchases", "ticket", "idle", "margin"]
    return result[columns].reset_index().astype({"cluster": str})


def compare_groups(clusters, scored, *, confidence=0.95, seed=7):
    """How far the clusters and the segments are the same groups: two customers together in one, are they in the other?

    Parameters
    ----------
    clusters : Clusters
    scored : Rfm of the same customer table
    confidence : of the interval, default 0.95; normal, with the spread over 500 samples drawn with replacement
    seed : int, of these samples

    Returns
    -------
    Agreement

    Raises
    ------
    DataError : the two were not made from one customer table.

    References
    ----------
    Hubert & Arabie (1985), Journal of Classification 2, eq. (5); Steinley, Brusco & Hubert (2016), Psychological
    Methods 21(2): the index is near enough to normal.
    """
    place = find_rows(scored.table, clusters.table, "compare_groups")
    if len(place) != len(scored.table) or (place < 0).any():
        raise DataError(
            _(
                "compare_groups: the clusters hold {clusters} customers and the segments {segments}, not the same "
                "ones. Make both from one customer table."
            ).format(clusters=len(clusters.table), segments=len(scored.table))
        )
    segments = scored.table["segment"].iloc[place].reset_index(drop=True)
    both = pd.crosstab(clusters.table["cluster"].reset_index(drop=True), segments)
    cells, n = both.to_numpy(), int(both.to_numpy().sum())
    drawn = np.random.default_rng(seed).multinomial(n, cells.ravel() / n, size=500).reshape(-1, *cells.shape)
    rand = float(adjusted_rand(cells))
    low, high = wald(rand, float(adjusted_rand(drawn).std()), confidence)
    cross = _cross(both)
    return Agreement(rand, low, min(high, 1.0), confidence, cross, _main(cross), clusters.clear)


def _cross(both):
    cross = both.stack().rename("customers").reset_index().astype({"cluster": str, "segment": str})
    cross["cluster_share"] = cross["customers"] / cross.groupby("cluster")["customers"].transform("sum")
    cross["segment_share"] = cross["customers"] / cross.groupby("segment")["customers"].transform("sum")
    return cross[cross["customers"] > 0].reset_index(drop=True)


def _main(cross):
    """The two segments that most of a cluster's customers are in."""
    rows = []
    for name, part in cross.groupby("cluster", sort=False):
        part = part.sort_values("customers", ascending=False, kind="stable")
        row = {"cluster": name, "customers": int(part["customers"].sum())}
        for at, place in enumerate(["first", "second"]):
            there = at < len(part)
            row[f"{place}_segment"] = part["segment"].iloc[at] if there else None
            row[f"{place}_share"] = part["cluster_share"].iloc[at] if there else np.nan
        rows.append(row)
    return pd.DataFrame(rows)
