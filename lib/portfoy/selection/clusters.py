"""Do the customers fall into groups of their own? Clusters by k-means, and the segments beside them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from portfoy.errors import DataError, need_columns
from portfoy.firm import analysis, customers_of
from portfoy.locale import _
from portfoy.models.separation import is_clear, search
from portfoy.models.threads import one_thread
from portfoy.selection.agreement import compare_groups
from portfoy.selection.rfm import group_table
from portfoy.words import style
from portfoy.words.codes import feature_labels, leaning_words
from portfoy.words.result import Finding, Result
from portfoy.words.table import show

FEATURES = ["idle", "purchases", "ticket", "age"]
FEWEST = 50
NAMED = 0.3  # standard deviations from the mean below which a feature does not name a cluster


@dataclass(frozen=True)
class Clusters(Result):
    """Customers in groups of those who are alike.

    ``table``, one row per cluster, the highest revenue first, as `cluster_table`. ``customers``: the customer table
    with ``cluster``, the name, ordered by total revenue; missing where a feature is. ``choice``: one row per number of
    groups: ``k``; ``silhouette`` -1 to 1 with bounds; ``cloud`` what k-means finds in one cloud without groups,
    ``needed`` 0.1 above it and at least 0.25; ``stability`` mean adjusted Rand index, at most 1, with bounds, between
    which it is in `confidence` of the resamples; ``smallest_share`` 0-1; ``chosen``. ``features``: one row each:
    ``feature``, ``meaning``, ``transform`` in words, ``median_size`` the median absolute value (missing without a
    logarithm), ``centre``, ``scale`` mean and standard deviation after the transform; the scale is missing where the
    feature is left out. ``centers``: one row per cluster: ``cluster``, ``customers``, each feature's centre in its own
    unit and, as ``<feature>_z``, in standard deviations from the mean of all customers. ``clear``: the stability is at
    least 0.8 and the silhouette as needed. ``given``: k was asked for. ``left_out``: customers without a value in some
    feature.
    """

    table: pd.DataFrame
    customers: pd.DataFrame
    choice: pd.DataFrame
    features: pd.DataFrame
    centers: pd.DataFrame
    k: int
    clear: bool
    given: bool
    left_out: int
    currency: str
    confidence: float

    @analysis
    def against(self, scored):
        """How far these and the segments of an `Rfm` of the same customers are the same groups, an `Agreement`."""
        return compare_groups(self, scored, confidence=self.confidence)

    @property
    def best(self):
        """The row of ``choice`` of the number that was chosen."""
        return self.choice[self.choice["chosen"]].iloc[0]

    def finding(self):
        if not self.clear:
            return Finding(_("No clear groups; the segments stay in use"), nothing=True)
        return Finding(style.say(_("Customers fall into {k:count} groups that come back"), {"k": self.k}))

    def reading(self):
        if not self.clear:
            return ""
        text = _("Most revenue: \u201c{cluster}\u201d, {revenue_share:share} from {customer_share:share} of customers.")
        return style.say(text, self.table.loc[self.table["revenue_share"].idxmax()])

    def summary(self):
        choice = show(self.choice.drop(columns=["chosen", "cloud"]), _("Numbers of clusters"))
        if not self.clear:  # pieces of one cloud are no groups that were found
            return choice
        return [show(self.table, _("The clusters"), currency=self.currency), choice]

    def method(self):
        used = self.features.loc[self.features["scale"].notna(), "meaning"]
        said = [_("Compared by {features}, each on one scale.")]
        if self.left_out:
            said.append(_("Lacking one, in no cluster: {left_out:count}."))
        said.append(
            _(
                "{k:count} clusters: silhouette {silhouette:ratio} ({silhouette_interval:ratio}), needed "
                "{needed:ratio}; stability {stability:ratio} ({stability_interval:ratio} in {level} of the draws), "
                "needed 0.8; 1 is best."
            )
        )
        values = {"k": self.k, "left_out": self.left_out, "level": style.level(self.confidence)}
        return style.say(" ".join(said), {**self.best, **values, "features": ", ".join(used)})


@analysis
@one_thread("sklearn.cluster")
def clusters(firm, *, k=None, most=8, seed=7):
    """Clusters: groups of customers who are alike in when, how often and for how much they bought.

    A feature is taken as sign(x) log(1 + |x| / median |x|) where that is less skewed than x, then brought to mean 0 and
    standard deviation 1. Of the numbers of groups whose mean stability (adjusted Rand index with 20 samples drawn with
    replacement) is at least 0.8, the one with the highest silhouette is taken; where there is none, the most stable.
    Stability alone proves nothing, since a long cloud is cut at the same place each time: clear are groups whose
    silhouette is 0.1 (the project's own) above that of one cloud of the same skewness and correlations. k-means sees at
    most 20,000 customers and is judged on 5,000.

    Parameters
    ----------
    firm : Firm, or DataFrame, one row per customer, with ``idle``, ``purchases``, ``ticket``, ``age`` and ``revenue``
    k, most : int, optional; number of groups, by default chosen from 2 to `most`
    seed : int, of the samples and starts; the order of the rows does not matter

    Returns
    -------
    Clusters; not possible where a column is missing, fewer than 50 customers have all features, fewer than 2 features
    vary, `k` or `most` is out of range, or the total revenue is not above zero

    References
    ----------
    Rousseeuw (1987), J. Comput. Appl. Math. 20, and Kaufman & Rousseeuw (1990), Finding Groups in Data, p. 88:
    silhouettes, no structure up to 0.25. Hubert & Arabie (1985), J. Classification 2: the index; Steinley (2004),
    Psychol. Methods 9(3): 0.8 is good agreement. Fang & Wang (2012), Comput. Stat. Data Anal. 56(3): the bootstrap.
    Liu, Hayes, Nolan & Marron (2008), JASA 103: one cloud as the rival explanation.
    """
    customers, currency, confidence = customers_of(firm)
    need_columns(customers, [*FEATURES, "revenue"], "clusters")
    values = customers[FEATURES].to_numpy(dtype=float, na_value=np.nan)
    whole = np.isfinite(values).all(axis=1)
    if whole.sum() < FEWEST:
        text = _("clusters: {count} customers with idle, purchases, ticket and age, needed {fewest}. Use segments.")
        raise DataError(text.format(count=int(whole.sum()), fewest=FEWEST))
    rows = np.flatnonzero(whole)
    rows = rows[np.lexsort(values[rows].T)]  # one order, whatever that of the table
    features, points = _standardise(values[rows])
    choice, models = search(points, k=k, most=most, seed=seed, confidence=confidence)
    found = int(choice.loc[choice["chosen"], "k"].iloc[0])
    numbers, revenue = models[found].predict(points), customers["revenue"].to_numpy(dtype=float)[rows]
    brought = np.bincount(numbers, weights=np.nan_to_num(revenue))
    numbers = np.argsort(np.argsort(-brought, kind="stable"))[numbers]  # the highest revenue first
    centers = _centers(points, numbers, features)
    codes = np.full(len(customers), -1)
    codes[rows] = numbers
    customers = customers.assign(cluster=pd.Categorical.from_codes(codes, centers["cluster"], ordered=True))
    found = cluster_table(customers), customers, choice, features, centers, found, is_clear(choice), k is not None
    return Clusters(*found, int((~whole).sum()), currency, confidence)


def _standardise(values):
    """The features as a table of what was done, and the customers as points with mean 0 and deviation 1."""
    from scipy.stats import skew

    rows, points = [], []
    for feature, raw in zip(FEATURES, values.T, strict=True):
        size = np.median(np.abs(raw)) or np.abs(raw).mean()
        row = {"feature": feature, "meaning": feature_labels()[feature], "transform": _("left out: the same for all")}
        row |= {"median_size": np.nan, "centre": raw[0], "scale": np.nan}
        if np.ptp(raw) > 1e-9 * np.abs(raw).max():  # 29.97 / 3 and 9.99 are one price
            logged = np.sign(raw) * np.log1p(np.abs(raw) / size)
            skewed = abs(skew(logged)) < abs(skew(raw))
            used = logged if skewed else raw
            row["transform"] = _("signed logarithm") if skewed else _("as it is")
            row |= {"median_size": size if skewed else np.nan, "centre": used.mean(), "scale": used.std()}
            points.append((used - row["centre"]) / row["scale"])
        rows.append(row)
    if len(points) < 2:
        text = _("clusters: {count} features differ, 2 are needed. Check the data.")
        raise DataError(text.format(count=len(points)))
    return pd.DataFrame(rows), np.column_stack(points)


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
    words, names = leaning_words(), []
    for _number, row in z.iterrows():
        far = row[row.abs() >= max(NAMED, row.abs().max() / 2)].sort_values(key=np.abs, ascending=False, kind="stable")
        name = ", ".join(words[feature][int(value > 0)] for feature, value in far.head(2).items())
        names.append(name or _("near the average"))
    counted = [f"{name} ({names[:at].count(name) + 1})" for at, name in enumerate(names)]
    return [more if names.count(name) > 1 else name for name, more in zip(names, counted, strict=True)]


def cluster_table(customers):
    """What each cluster is and what it brings, the highest revenue first.

    Gives a DataFrame, one row per ``cluster``: the columns of `group_table`, shares of the customers who are in a
    cluster; and: ``margin`` money, summed where it is known.
    """
    table = customers[customers["cluster"].notna()]
    result = group_table(table, "cluster").set_index("cluster")
    grouped = table.groupby("cluster", observed=True)
    result["margin"] = grouped["margin"].sum(min_count=1) if "margin" in table else np.nan
    columns = ["customers", "customer_share", "revenue", "revenue_share", "purchases", "ticket", "idle", "margin"]
    return result[columns].reset_index().astype({"cluster": str})
