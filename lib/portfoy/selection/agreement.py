"""Are the clusters and the segments the same groups? Two customers together in one, are they in the other?"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from portfoy.errors import DataError
from portfoy.intervals import wald
from portfoy.locale import _
from portfoy.models.separation import adjusted_rand
from portfoy.rows import find_rows
from portfoy.words import style
from portfoy.words.result import Finding, Result
from portfoy.words.table import show

MODERATE = 0.65  # adjusted Rand index of moderate agreement (Steinley 2004)


@dataclass(frozen=True)
class Agreement(Result):
    """How far clusters and segments are the same groups.

    ``table``, one row per cluster, with its two largest segments: ``cluster``, ``customers``, ``first_segment``,
    ``first_share``, ``second_segment``, ``second_share`` of the cluster.
    ``rand``: adjusted Rand index, 1 the same groups, 0 what chance gives, with ``_low`` and ``_high``.
    ``cross``: one row per cluster and segment with customers in both: ``cluster``, ``segment``, ``customers``,
    ``cluster_share`` of the cluster and ``segment_share`` of the segment, 0-1. ``clear``: the clusters are groups that
    were found; pieces of one cloud agree with nothing, whatever the index.
    """

    table: pd.DataFrame
    rand: float
    rand_low: float
    rand_high: float
    confidence: float
    cross: pd.DataFrame
    clear: bool = True

    def finding(self):
        if not self.clear:
            return Finding(_("No clear groups to compare with segments"), nothing=True)
        if self.rand_low >= MODERATE:
            return Finding(_("Clusters and segments are much the same"))
        if self.rand_high < MODERATE:
            return Finding(_("Clusters and segments are different views"))
        return Finding(_("Whether clusters and segments agree stays open"))

    def reading(self):
        if not self.clear:
            return ""
        text = _("Closest: \u201c{cluster}\u201d, {first_share:share} in \u201c{first_segment}\u201d. Act by segments.")
        return style.say(text, self.table.loc[self.table["first_share"].idxmax()])

    def summary(self):
        if not self.clear:
            return []
        return show(self.table, _("Segments of each cluster"))

    def method(self):
        text = _("Adjusted Rand index, 1 the same, 0 chance: {rand:ratio} ({rand_interval:ratio}, {level} interval).")
        return style.say(text, vars(self) | {"level": style.level(self.confidence)})


def compare_groups(clusters, scored, *, confidence=0.95, seed=7):
    """How far the clusters and the segments are the same groups.

    `scored` is an Rfm of the customer table of the `clusters`, else a DataError says so. The interval is normal, with
    the spread over 500 samples drawn with replacement by `seed`. Hubert & Arabie (1985), Journal of Classification 2,
    eq. (5); Steinley, Brusco & Hubert (2016), Psychological Methods 21(2): the index is near enough to normal.
    """
    place = find_rows(scored.table, clusters.customers, "compare_groups")
    if len(place) != len(scored.table) or (place < 0).any():
        text = _("compare_groups: {clusters} customers in clusters, {segments} in segments. Make both from one table.")
        raise DataError(text.format(clusters=len(clusters.customers), segments=len(scored.table)))
    segments = scored.table["segment"].iloc[place].reset_index(drop=True)
    both = pd.crosstab(clusters.customers["cluster"].reset_index(drop=True), segments)
    cells, n = both.to_numpy(), int(both.to_numpy().sum())
    drawn = np.random.default_rng(seed).multinomial(n, cells.ravel() / n, size=500).reshape(-1, *cells.shape)
    rand = float(adjusted_rand(cells))
    low, high = wald(rand, float(adjusted_rand(drawn).std()), confidence)
    cross = _cross(both)
    return Agreement(_main(cross), rand, low, min(high, 1.0), confidence, cross, clusters.clear)


def _cross(both):
    cross = both.stack().rename("customers").reset_index().astype({"cluster": str, "segment": str})
    cross["cluster_share"] = cross["customers"] / cross.groupby("cluster")["customers"].transform("sum")
    cross["segment_share"] = cross["customers"] / cross.groupby("segment")["customers"].transform("sum")
    return cross[cross["customers"] > 0].reset_index(drop=True)


def _main(cross):
    """The two segments that most of a cluster's customers are in."""
    table = cross.groupby("cluster", sort=False)["customers"].sum().reset_index()
    ranked = cross.sort_values("customers", ascending=False, kind="stable")
    for place, name in enumerate(["first", "second"]):
        row = ranked.groupby("cluster").nth(place).set_index("cluster")
        table[f"{name}_segment"] = table["cluster"].map(row["segment"])
        table[f"{name}_share"] = table["cluster"].map(row["cluster_share"])
    return table
