"""Positioning: where brands stand in people's minds, from ratings of brands on attributes, as a map of two axes.

The first two principal components of the mean ratings, each attribute less its mean over the brands. The unit of the
map is a rating point: two brands one unit apart differ by one point on a typical attribute (the root of the mean
squared difference), as far as two axes can show.

Not correspondence analysis, which is for counts: it takes out how high a brand is rated as a whole, and with it that
one brand is simply thought better. Ratings are levels on one scale, so attributes are not rescaled either.

Gabriel (1971), The biplot graphic display of matrices, Biometrika 58(3), 453-467.
Gower & Hand (1996), Biplots, chapter 2. Milan & Whittaker (1995), Applied Statistics 44(1), 31-49: bootstrap of
principal components, each draw turned back onto the map (orthogonal Procrustes rotation).
"""

from dataclasses import dataclass

import ibis
import numpy as np
import pandas as pd

from portfoy.customers import to_frame
from portfoy.errors import DataError
from portfoy.firm import Firm, analysis
from portfoy.intervals import z_value
from portfoy.locale import _
from portfoy.metrics import engine
from portfoy.models.threads import one_thread
from portfoy.words import figure, shapes, style
from portfoy.words.result import Finding, Result
from portfoy.words.table import show

FEWEST = 3  # brands and attributes; two brands are a line
CHUNK = 20_000  # raters drawn at a time
COARSE = 0.7  # share of the differences below which the map misleads


@dataclass(frozen=True)
class Positioning(Result):
    """A map of brands and attributes.

    ``table``: one row per pair of brands, the nearest first: ``brand``, ``other_brand``, ``distance`` in points over
    all attributes, not only what the map shows, with bounds. ``brands``: ``brand``; ``x``, ``y`` rating points;
    ``raters`` who rated it, or ratings where nobody is named. ``attributes``: ``attribute``; ``x``, ``y`` direction and
    weight: on the map's axes, the rating of a brand rises by so much times its x plus so much times its y.
    ``explained``: shares of the differences between brands that the two axes show, 0-1. ``spread``: per brand the
    ellipse that holds `confidence` of its bootstrap positions: ``brand``, ``width``, ``height`` full axes in rating
    points, ``angle`` of the first in degrees; missing with a single rater. ``raters``: people, or ratings where
    ``named`` is False; ``left_out``: attributes not rated for every brand. ``brand``: ours, as the ratings write it;
    ``pairs``: those of ``table`` that it is in, or all where none is ours.
    """

    table: pd.DataFrame
    brands: pd.DataFrame
    attributes: pd.DataFrame
    explained: tuple
    spread: pd.DataFrame
    raters: int
    named: bool
    left_out: tuple
    brand: str
    confidence: float

    @property
    def pairs(self):
        ours = (self.table["brand"] == self.brand) | (self.table["other_brand"] == self.brand)
        return (self.table[ours] if self.brand else self.table).reset_index(drop=True)

    def finding(self):
        near, far = self.pairs["distance_low"].iloc[1:], self.pairs["distance_high"].iloc[0]
        values = self._ends() | {"n": 1 + int((near <= far).sum())}
        if values["n"] > 1:
            text = _("Any of {n:count} pairs of brands may be nearest")
            if self.brand:
                text = _("Nearest to {own} may be any of {n:count} brands")
        else:
            text = _("{one} and {two} are nearest, {distance:ratio} rating points apart")
            if self.brand:
                text = _("Nearest to {own} is {one}, {distance:ratio} rating points away")
        return Finding(style.say(text, values))

    def _ends(self):
        """The nearest pair, the own brand second, and the farthest."""
        values = {"shown": sum(self.explained), "own": style.shorten(self.brand, 24)}
        near, far = self.pairs.iloc[0], self.table.iloc[-1]
        for row, names in (near, ("one", "two", "distance")), (far, ("far_one", "far_two", "far")):
            pair = sorted([row["brand"], row["other_brand"]], key=lambda name: name == self.brand)
            values |= zip(names, [*(style.shorten(name, 24) for name in pair), row["distance"]], strict=True)
        return values

    def reading(self):
        text = _("Farthest apart are {far_one} and {far_two}: {far:ratio}. The map shows {shown:share} of differences.")
        if sum(self.explained) < COARSE:
            text += " " + _("Brands close on it may differ.")
        return style.say(text, self._ends())

    def plot(self, ax=None):
        parts = ["brand", "x", "y"], ["attribute", "x", "y"], ["width", "height", "angle"]
        tables = self.brands, self.attributes, self.spread
        points, arrows, around = (
            list(table[names].itertuples(index=False, name=None)) for table, names in zip(tables, parts, strict=True)
        )
        ax = shapes.scatter(points, ax, arrows=arrows, around=around, own=[self.brand] if self.brand else [])
        told = (style.say(_("{brand}: {x:ratio} across, {y:ratio} up"), row) for _place, row in self.brands.iterrows())
        under = _("rating points; {across:share} of the differences across, {up:share} up; ellipse: {level}")
        across, up = self.explained
        under = style.say(under, {"across": across, "up": up, "level": style.level(self.confidence)})
        return figure.name(ax, _("Brands, and what pulls them"), under, "; ".join(told))

    def summary(self):
        return show(self.table, _("On a typical attribute"))

    def method(self):
        text = _(
            "Principal components of mean ratings, less each attribute's mean and, where all are named, each rater's. "
            "Distances take all attributes. Ellipses, intervals ({level}): bootstrap of {n:count} raters or ratings."
        )
        if self.left_out:
            text += " " + _("Not rated throughout: {list}.")
        listed = ", ".join(style.shorten(name) for name in self.left_out)
        return style.say(text, {"level": style.level(self.confidence), "n": self.raters, "list": listed})


@analysis
@one_thread("scipy.linalg")
def positioning(firm, *, brand="", draws=200, seed=7):
    """A map of brands and attributes from ratings, with how sure each place is.

    Where every rating names its rater, the level of each (some rate everything high) is taken out first, and the
    bootstrap draws raters; else it draws the ratings of each brand on each attribute. Brands and attributes with gaps
    are left out, the one with most gaps first, until none is left.

    Parameters
    ----------
    firm : Firm with ``ratings``, or these as an ibis Table or DataFrame, one row per rating: ``brand``, ``attribute``
        text; ``rating`` number, the higher the more it fits; [``customer_id`` of the rater]
    brand : ours, in any case; empty: none stands out
    draws, seed : of the bootstrap; the same seed gives the same map

    Returns
    -------
    Positioning; not possible where there are no ratings, a column is missing, fewer than three brands or attributes are
    rated throughout, all brands are rated alike, or none is called `brand`
    """
    ratings, confidence = (firm.tables.ratings, firm.confidence) if isinstance(firm, Firm) else (firm, 0.95)
    table, named = _read(ratings)
    table, brands, attributes, left_out = _rated_throughout(table)
    brand = _own(brands, brand)
    if named:
        table = _without_levels(table)
    means = _means(table, (len(brands), len(attributes)))
    places, weights, explained = _map(means)
    by = table.groupby("brand")
    raters = (by["rater"].nunique() if named else by["n"].sum()).to_numpy()
    drawn = (_rater_draws if named else _rating_draws)(table, means, draws if raters.max() > 1 else 0, seed)
    return Positioning(
        table=_distances(brands, means, drawn, confidence),
        brands=pd.DataFrame({"brand": brands, "x": places[:, 0], "y": places[:, 1], "raters": raters}),
        attributes=pd.DataFrame({"attribute": attributes, "x": weights[:, 0], "y": weights[:, 1]}),
        explained=explained,
        spread=_spread(brands, places, drawn, confidence),
        raters=int(table["rater"].nunique() if named else raters.sum()),
        named=named,
        left_out=left_out,
        brand=brand,
        confidence=confidence,
    )


def _own(brands, brand):
    """`brand` as the ratings write it, in any case; empty stays empty."""
    names = {name.casefold(): name for name in brands} | {name: name for name in brands} | {"": ""}
    found = names.get(brand, names.get(brand.casefold()))
    if found is None:
        text = _("ratings: no brand is {brand!r}. Name one of {listed}.")
        raise DataError(text.format(brand=brand, listed=", ".join(map(repr, brands))))
    return found


def _read(ratings):
    """One row per brand, attribute and rater - or rating, where not every rater is named - and whether they are.

    ``brand``, ``attribute``; ``rater`` text (missing); ``rating`` mean of ``n`` ratings.
    """
    table = engine(ratings, "ratings", ["brand", "attribute", "rating"])
    rater = table.customer_id.cast("string") if "customer_id" in table.columns else ibis.null("string")
    names = {name: table[name].cast("string") for name in ("brand", "attribute")}
    table = table.select(**names, rater=rater, rating=table.rating.cast("float64"))
    table = table.drop_null([*names, "rating"])
    named = bool(table.rater.notnull().all().to_pandas())
    keys = ["brand", "attribute", "rater"] if named else ["brand", "attribute", "rating"]
    grouped = to_frame(table.group_by(keys).agg(mean=table.rating.mean(), n=table.count()).order_by(keys))
    grouped = grouped.assign(rating=grouped["mean"], rater=grouped["rater"] if named else "")
    return grouped[["brand", "attribute", "rater", "rating", "n"]], named


def _rated_throughout(table):
    """The ratings of brands and attributes without gaps, each with its ``cell``; these two; and what was left out."""
    seen = table.groupby(["brand", "attribute"]).size().unstack().notna()
    left_out = []
    while not seen.all(axis=None):
        holes = pd.concat([(~seen).mean(axis=1).rename("brand"), (~seen).mean().rename("attribute")], axis=1)
        worst = holes.max(axis=1).idxmax()
        left_out.append(worst)
        seen = seen.drop(index=worst, errors="ignore").drop(columns=worst, errors="ignore")
    if min(seen.shape) < FEWEST:
        text = _("ratings: {brands} brands on {attributes} common attributes; {fewest} of each needed. Add ratings.")
        raise DataError(text.format(brands=len(seen), attributes=seen.shape[1], fewest=FEWEST))
    table = table[table["brand"].isin(seen.index) & table["attribute"].isin(seen.columns)]
    cell = seen.index.get_indexer(table["brand"]) * seen.shape[1] + seen.columns.get_indexer(table["attribute"])
    return table.assign(cell=cell), list(seen.index), list(seen.columns), tuple(left_out)


def _means(table, shape):
    by_cell = (np.bincount(table["cell"], weight) for weight in (table["rating"] * table["n"], table["n"]))
    return np.divide(*by_cell).reshape(shape)


def _without_levels(table):
    """Ratings less how much higher than others their rater rates the same brands on the same attributes."""
    apart = table["rating"] - _means(table, -1)[table["cell"]]
    return table.assign(rating=table["rating"] - apart.groupby(table["rater"]).transform("mean"))


def _map(means):
    """Places of brands, weights of attributes, and shares explained, of the first two principal components."""
    apart = means - means.mean(axis=0)
    left, size, right = np.linalg.svd(apart, full_matrices=False)
    if not size[0] > 1e-9 * max(np.abs(means).max(), 1):
        raise DataError(_("ratings: all brands are alike. Check the ratings."))
    scale, weights = np.sqrt(means.shape[1]), right[:2].T
    sign = np.sign(weights[np.abs(weights).round(9).argmax(axis=0), [0, 1]])  # the strongest attribute points up
    explained = (size[:2] ** 2 / (size**2).sum()).tolist()
    return left[:, :2] * size[:2] / scale * sign, weights * scale * sign, tuple(explained)


def _rater_draws(table, means, draws, seed):
    """Mean ratings of raters drawn anew, one table per draw: each rater counts a Poisson number of times."""
    random, rater = np.random.default_rng(seed), pd.factorize(table["rater"])[0]
    cell, weight = table["cell"].to_numpy(), table["n"].to_numpy(dtype=float)
    total = table["rating"].to_numpy() * weight
    above, below = np.zeros((draws, means.size)), np.zeros((draws, means.size))
    for first in range(0, rater.max() + 1, CHUNK):
        here = (rater >= first) & (rater < first + CHUNK)
        size = min(CHUNK, rater.max() + 1 - first)
        place = (rater[here] - first) * means.size + cell[here]
        times = random.poisson(1.0, (draws, size)).astype(float)
        above += times @ np.bincount(place, total[here], size * means.size).reshape(size, -1)
        below += times @ np.bincount(place, weight[here], size * means.size).reshape(size, -1)
    drawn = np.where(below > 0, above / np.maximum(below, 1), means.ravel())
    return drawn.reshape(draws, *means.shape)


def _rating_draws(table, means, draws, seed):
    """Mean ratings of ratings drawn anew within each brand and attribute, one table per draw."""
    random, cell, drawn = np.random.default_rng(seed), table["cell"].to_numpy(), np.empty((draws, means.size))
    for place in range(means.size):
        n, rating = (table[name].to_numpy()[cell == place] for name in ("n", "rating"))
        drawn[:, place] = random.multinomial(n.sum(), n / n.sum(), draws) @ rating / n.sum()
    return drawn.reshape(draws, *means.shape)


def _spread(brands, places, drawn, confidence):
    """The ellipse around each brand, from the draws' maps turned back onto this one."""
    from scipy.linalg import orthogonal_procrustes

    maps = []
    for means in drawn:
        left, size, _right = np.linalg.svd(means - means.mean(axis=0), full_matrices=False)
        own = left[:, :2] * size[:2] / np.sqrt(means.shape[1])
        maps.append(own @ orthogonal_procrustes(own, places)[0])
    table = pd.DataFrame({"brand": brands, "width": np.nan, "height": np.nan, "angle": np.nan})
    for place in range(len(brands) if maps else 0):
        variance, axes = np.linalg.eigh(np.cov(np.array(maps)[:, place].T))
        full = 2 * np.sqrt(-2 * np.log(1 - confidence)) * np.sqrt(np.maximum(variance, 0))
        table.loc[place, ["width", "height"]] = full[::-1]
        table.loc[place, "angle"] = np.degrees(np.arctan2(axes[1, 1], axes[0, 1]))
    return table


def _distances(brands, means, drawn, confidence):
    """Root mean squared difference of each pair over all attributes, with the bootstrap's standard deviation around."""
    one, two = np.triu_indices(len(brands), 1)
    distance = np.sqrt(((means[one] - means[two]) ** 2).mean(axis=1))
    half = np.full(len(one), np.nan)
    if len(drawn):
        apart = np.sqrt(((drawn[:, one] - drawn[:, two]) ** 2).mean(axis=2))
        half = z_value(confidence) * apart.std(axis=0, ddof=1)
    names = np.array(brands, dtype=object)
    table = pd.DataFrame({"brand": names[one], "other_brand": names[two], "distance": distance})
    table = table.assign(distance_low=np.maximum(distance - half, 0), distance_high=distance + half)
    return table.sort_values(["distance", "brand", "other_brand"], ignore_index=True)
