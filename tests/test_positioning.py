"""The map of brands against scikit-learn, a bootstrap by hand, and the truth of the teaching company."""

import ibis
import numpy as np
import pandas as pd
import pytest
from matplotlib.patches import Ellipse
from matplotlib.text import Text
from scipy.linalg import orthogonal_procrustes
from scipy.spatial import procrustes
from scipy.stats import norm
from sklearn.decomposition import PCA

from helpers import message_of
from portfoy.firm import Firm
from portfoy.selection.positioning import positioning
from portfoy.simulate import Truth, simulate
from portfoy.words import figure


@pytest.fixture(scope="module")
def ratings(simulated):
    return simulated.tables["ratings"]


def table(means, brands="ABCDEFGH", raters=1, noise=0.0, seed=0):
    """Ratings of brands (rows) on attributes (columns) by so many raters."""
    random, rows = np.random.default_rng(seed), []
    for rater in range(raters):
        for brand, row in zip(brands, means, strict=False):
            for place, mean in enumerate(row):
                rows.append((brand, f"a{place}", mean + noise * random.normal(), f"r{rater}"))
    return pd.DataFrame(rows, columns=["brand", "attribute", "rating", "customer_id"])


SQUARE = np.array([[5.0, 3, 3], [1, 3, 3], [3, 4, 3], [3, 2, 3]])  # two axes, the third attribute is the same for all


def others(seed, brands=5, attributes=6):
    return np.random.default_rng(seed).uniform(1, 5, (brands, attributes))


# (a) By hand


def test_four_brands_on_two_axes():
    found = positioning(table(SQUARE))
    unit = 1 / np.sqrt(3)  # a point on one of three attributes
    expected = pd.DataFrame(
        {"brand": list("ABCD"), "x": [2 * unit, -2 * unit, 0, 0], "y": [0, 0, unit, -unit], "raters": 1}
    )
    pd.testing.assert_frame_equal(found.brands, expected, check_dtype=False)
    weights = pd.DataFrame({"attribute": ["a0", "a1", "a2"], "x": [np.sqrt(3), 0, 0], "y": [0, np.sqrt(3), 0]})
    pd.testing.assert_frame_equal(found.attributes, weights, check_dtype=False)
    assert found.explained == pytest.approx((0.8, 0.2))
    pairs = found.table[["brand", "other_brand", "distance"]]
    far = np.sqrt(5 / 3)
    nearest = pd.DataFrame(
        [
            ("C", "D", 2 * unit),
            ("A", "C", far),
            ("A", "D", far),
            ("B", "C", far),
            ("B", "D", far),
            ("A", "B", 4 * unit),
        ],
        columns=["brand", "other_brand", "distance"],
    )
    same = pairs.round(9).sort_values(["distance", "brand", "other_brand"], ignore_index=True)
    pd.testing.assert_frame_equal(same, nearest.round(9), check_dtype=False)
    assert found.spread["width"].isna().all()  # one rater
    assert found.table["distance_low"].isna().all()


# (b) Another program, and a second computation


def test_the_axes_are_those_of_scikit_learn(ratings):
    found = positioning(ratings)
    level = ratings["rating"] - ratings.groupby("customer_id")["rating"].transform("mean")
    means = ratings.assign(rating=level).pivot_table(index="brand", columns="attribute", values="rating")
    judge = PCA(2).fit(means)
    places = judge.transform(means.loc[found.brands["brand"]]) / np.sqrt(8)
    sign = np.sign((places * found.brands[["x", "y"]].to_numpy()).sum(axis=0))
    np.testing.assert_allclose(found.brands[["x", "y"]], places * sign, atol=1e-9)
    weights = pd.DataFrame(judge.components_.T * sign * np.sqrt(8), means.columns).loc[found.attributes["attribute"]]
    np.testing.assert_allclose(found.attributes[["x", "y"]], weights, atol=1e-9)
    np.testing.assert_allclose(found.explained, judge.explained_variance_ratio_)


def test_distances_and_their_spread_agree_with_a_bootstrap_by_hand(ratings):
    found = positioning(ratings, draws=400)
    random, names = np.random.default_rng(1), ratings["customer_id"].unique()
    cube = ratings.pivot_table(index="customer_id", columns=["brand", "attribute"], values="rating")
    drawn = []
    for _draw in range(200):
        means = cube.loc[random.choice(names, len(names))].mean().unstack()
        drawn.append([np.sqrt(((means.loc[a] - means.loc[b]) ** 2).mean()) for a, b in found.table[["brand", "other_brand"]].to_numpy()])  # fmt: skip  # noqa: E501
    half = (found.table["distance_high"] - found.table["distance_low"]) / 2
    np.testing.assert_allclose(half, 1.96 * np.std(drawn, axis=0), rtol=0.15)
    means = cube.mean().unstack()
    first = found.table.iloc[0]
    judge = np.sqrt(((means.loc[first["brand"]] - means.loc[first["other_brand"]]) ** 2).mean())
    assert first["distance"] == pytest.approx(judge)


def test_ratings_without_names_are_drawn_within_their_cell(ratings):
    found = positioning(ratings.drop(columns="customer_id"), draws=400)
    random, groups = np.random.default_rng(2), {key: rows["rating"].to_numpy() for key, rows in ratings.groupby(["brand", "attribute"])}  # fmt: skip  # noqa: E501
    drawn = []
    for _draw in range(200):
        means = pd.Series({key: random.choice(own, len(own)).mean() for key, own in groups.items()}).unstack()
        drawn.append([np.sqrt(((means.loc[a] - means.loc[b]) ** 2).mean()) for a, b in found.table[["brand", "other_brand"]].to_numpy()])  # fmt: skip  # noqa: E501
    half = (found.table["distance_high"] - found.table["distance_low"]) / 2
    np.testing.assert_allclose(half, 1.96 * np.std(drawn, axis=0), rtol=0.15)
    assert (found.named, found.raters) == (False, 4800)
    assert found.brands["raters"].tolist() == [960] * 5


# (c) The truth of the teaching company


@pytest.mark.parametrize("seed", [23, 1, 2])
def test_the_planted_map_is_found_again(seed):
    truth, found = Truth(), positioning(simulate(customers=300, seed=seed).tables["ratings"])
    places = np.array([truth.brand_positions[name] for name in found.brands["brand"]])
    loadings = np.array([truth.attribute_loadings[name] for name in found.attributes["attribute"]])
    assert procrustes(places, found.brands[["x", "y"]])[2] < 0.05
    assert procrustes(loadings, found.attributes[["x", "y"]])[2] < 0.05
    assert sum(found.explained) > 0.98
    place = dict(zip(found.brands["brand"], places @ loadings.T, strict=True))
    true = [np.sqrt(((place[a] - place[b]) ** 2).mean()) for a, b in found.table[["brand", "other_brand"]].to_numpy()]
    assert np.corrcoef(true, found.table["distance"])[0, 1] > 0.97
    apart = np.subtract.outer(true, true)
    order = np.subtract.outer(found.table["distance"].to_numpy(), found.table["distance"].to_numpy())
    assert (order[apart > 0.15] > 0).all()  # in the right order, but for those within the noise


@pytest.mark.parametrize("draws", [8, pytest.param(30, marks=pytest.mark.study)])
def test_ellipses_and_intervals_hold_the_truth(draws):
    means, inside, held = others(4), 0, 0
    apart = means - means.mean(axis=0)
    one, two = np.triu_indices(5, 1)
    true = dict(zip(zip(one, two, strict=True), np.sqrt(((apart[one] - apart[two]) ** 2).mean(axis=1)), strict=True))
    for seed in range(draws):
        found = positioning(table(means, raters=40, noise=1.0, seed=seed), draws=100)
        for row in found.table.itertuples():
            held += (
                row.distance_low <= true["ABCDE".index(row.brand), "ABCDE".index(row.other_brand)] <= row.distance_high
            )
        places, (left, size, _right) = found.brands[["x", "y"]].to_numpy(), np.linalg.svd(apart)
        best = left[:, :2] * size[:2] / np.sqrt(6)
        best = best @ orthogonal_procrustes(best, places)[0]  # how the whole map is turned is no matter
        for place, own, spread in zip(places, best, found.spread.itertuples(), strict=True):
            angle = np.radians(spread.angle)
            away = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]) @ (own - place)
            inside += (away[0] * 2 / spread.width) ** 2 + (away[1] * 2 / spread.height) ** 2 <= 1
    assert held / (10 * draws) > 0.9
    assert inside / (5 * draws) > 0.85


# (d) Properties


def test_a_raters_level_does_not_matter():
    plain = table(others(1), raters=6, noise=0.5)
    strict = plain.assign(rating=plain["rating"] - plain["customer_id"].map({f"r{k}": k for k in range(6)}))
    one, two = positioning(plain), positioning(strict)
    pd.testing.assert_frame_equal(one.brands, two.brands)
    pd.testing.assert_frame_equal(one.spread, two.spread)


def test_row_order_engine_and_the_zero_of_the_scale_do_not_matter(ratings):
    one = positioning(ratings)
    moved = ratings.assign(rating=ratings["rating"] + 100).sample(frac=1, random_state=3)
    for other in (moved, ibis.memtable(moved)):
        two = positioning(other)
        for name in ("brands", "attributes", "spread", "table"):
            pd.testing.assert_frame_equal(getattr(one, name), getattr(two, name), rtol=1e-6, atol=1e-9)


def test_the_strongest_attribute_of_each_axis_points_to_the_right_and_upwards():
    for seed in range(5):
        weights = positioning(table(others(seed))).attributes[["x", "y"]].to_numpy()
        assert (weights[np.abs(weights).argmax(axis=0), [0, 1]] > 0).all()


def test_raters_in_pieces_are_drawn_as_well(monkeypatch):
    rated = table(others(2), raters=50, noise=0.8)
    whole = positioning(rated).table
    monkeypatch.setattr("portfoy.selection.positioning.CHUNK", 7)
    pieces = positioning(rated).table
    half = [(one["distance_high"] - one["distance_low"]) / 2 for one in (whole, pieces)]
    np.testing.assert_allclose(*half, rtol=0.3)
    np.testing.assert_allclose(whole["distance"], pieces["distance"])


def test_gaps_are_left_out_and_named():
    rated = table(others(3), raters=4, noise=0.3)
    gone = rated[~((rated["attribute"] == "a2") & rated["brand"].isin(["A", "B"]))]
    gone = pd.concat([gone, pd.DataFrame([("New", "a0", 4.0, "r0")], columns=list(rated))])
    found = positioning(gone)
    assert found.left_out == ("New", "a2")
    pd.testing.assert_frame_equal(found.table, positioning(rated[rated["attribute"] != "a2"]).table)


def test_a_brand_on_a_line_has_no_second_axis():
    line = np.outer([1.0, 2, 4], [1, 0.5, -1]) + 3
    found = positioning(table(line, raters=3))
    assert found.explained == pytest.approx((1, 0))
    assert found.content()["chart"]["subtitle"].startswith("rating points; 100% of the differences across, 0% up; ")


# (e) Errors

MISSING = "ratings: there is no such table; it needs brand, attribute, rating. Add it to the source."
RULE = "; 3 of each needed. Add ratings."


@pytest.mark.parametrize(
    ("rated", "expected"),
    [
        (None, MISSING),
        (table(SQUARE).head(0), "ratings: 0 brands on 0 common attributes" + RULE),
        (table(SQUARE).assign(rating=np.nan), "ratings: 0 brands on 0 common attributes" + RULE),
        (table(SQUARE[:2]), "ratings: 2 brands on 3 common attributes" + RULE),
        (table(SQUARE[:, :2]), "ratings: 4 brands on 2 common attributes" + RULE),
        (table(SQUARE * 0 + 3), "ratings: all brands are alike. Check the ratings."),
    ],
)
def test_too_little_for_a_map(rated, expected):
    assert message_of(positioning, rated) == expected


def test_a_missing_column():
    assert message_of(positioning, table(SQUARE).rename(columns={"rating": "score"})).startswith(
        "ratings: column 'rating' is missing; the table has 'brand', 'attribute', 'score', 'customer_id'."
    )


def test_our_brand_goes_by_its_name_in_any_case():
    assert [positioning(table(SQUARE), brand=brand).brand for brand in ("", "a", "A")] == ["", "A", "A"]
    reason = "ratings: no brand is 'Z'. Name one of 'A', 'B', 'C', 'D'."
    assert message_of(positioning, table(SQUARE), brand="Z") == reason
    assert positioning(firm(table(SQUARE)), brand="Z").reason == reason


def firm(rated=None, confidence=0.95):
    bought = pd.DataFrame({"customer_id": ["a"], "order_id": ["1"], "ordered_on": ["2026-01-01"], "amount": [1.0]})
    return Firm.of(
        bought.astype({"ordered_on": "datetime64[us]"}),
        confidence=confidence,
        **({} if rated is None else {"ratings": rated}),
    )


def test_a_firm_gives_its_ratings_and_its_confidence():
    rated = table(others(1), raters=20, noise=0.5)
    wide, narrow = positioning(firm(rated)), positioning(firm(rated, 0.8))
    pd.testing.assert_frame_equal(wide.table, positioning(rated).table)
    z = {level: norm.ppf(0.5 + level / 2) for level in (0.8, 0.95)}
    half = [(one.table["distance_high"] - one.table["distance"]).to_numpy() for one in (narrow, wide)]
    np.testing.assert_allclose(half[0] / half[1], z[0.8] / z[0.95])
    assert "80%" in narrow.method()
    assert "95%" not in str(narrow.content())


def test_a_firm_without_ratings_says_so():
    found = positioning(firm())
    assert not found
    assert found.reason == MISSING


# What is shown


def written(ax):
    return [text.get_text() for text in ax.texts if text.get_text()]


def test_the_map_is_drawn(ratings):
    found = positioning(ratings, brand="Ocaklı")
    ax = found.plot()
    (points,) = (drawn for drawn in ax.collections if len(drawn.get_offsets()) == 5)
    np.testing.assert_allclose(points.get_offsets(), found.brands[["x", "y"]])
    assert [patch.center for patch in ax.patches if isinstance(patch, Ellipse)] == [
        pytest.approx(place) for place in found.brands[["x", "y"]].to_numpy().tolist()
    ]
    assert len([text for text in ax.texts if text.arrow_patch]) == 8
    assert written(ax) == [*found.brands["brand"], *found.attributes["attribute"]]
    first, second = (f"{share:.0%}" for share in found.explained)
    assert ax.get_label() == (f"rating points; {first} of the differences across, {second} up; ellipse: 95%")
    assert f"Ocaklı: {found.brands['x'][2]:.2f} across" in ax.figure.get_label()
    assert len({tuple(colour) for colour in points.get_facecolors().round(3).tolist()}) == 2  # ours stands out
    assert len(found.table) == 10
    assert found.pairs["distance"].tolist() == [row.distance for row in found.table.itertuples() if "Ocaklı" in row]


def boxes_of(ax):
    figure.picture(ax.figure)
    return [text.get_window_extent() for text in ax.texts if text.get_text()]


def test_names_do_not_cover_one_another_and_are_in_view(ratings):
    for rated in (
        ratings,
        table(others(9, 8, 10), ["$5 \\frac $x$", "<b>İğdır</b>", "n" * 200, "Şoför", *"abcd"], 8, 0.5),
    ):
        ax = positioning(rated).plot()
        ax.set_title("", loc="left")  # as on a page, where it stands above the drawing
        boxes, edge = boxes_of(ax), ax.figure.bbox
        shared = [(i, j) for i, one in enumerate(boxes) for j, two in enumerate(boxes) if i < j and one.overlaps(two)]
        assert not shared
        assert all(edge.x0 <= box.x0 and box.x1 <= edge.x1 and edge.y0 <= box.y0 and box.y1 <= edge.y1 for box in boxes)
        assert not any(text.get_parse_math() for text in ax.figure.findobj(Text))


def test_one_unit_is_as_long_on_both_axes(ratings):
    found = positioning(ratings)
    ax = found.plot()
    ax.set_title("", loc="left")
    figure.picture(ax.figure)
    start, end = ax.transData.transform([(0, 0), (1, 1)])
    assert end[0] - start[0] == pytest.approx(end[1] - start[1], rel=0.02)
    assert found.brands["x"].between(*ax.get_xlim()).all()
    assert found.brands["y"].between(*ax.get_ylim()).all()


NAMED = ["Ev", "Oda", "Kış", "Yaz"]


def test_the_map_is_told():
    found, own = (positioning(table(SQUARE, NAMED), brand=brand) for brand in ("", "oda"))
    assert found.finding().text == "Kış and Yaz are nearest, 1.15 rating points apart"
    assert found.reading() == "Farthest apart are Ev and Oda: 2.31. The map shows 100% of differences."
    assert own.finding().text == "Nearest to Oda is Kış, 1.29 rating points away"
    assert own.reading() == found.reading()


def test_what_chance_may_have_put_nearest_is_no_finding():
    rated = table(SQUARE, NAMED, raters=30, noise=1.0)
    found, own = positioning(rated), positioning(rated, brand="Oda")
    as_near = 1 + (found.table["distance_low"].iloc[1:] <= found.table["distance_high"].iloc[0]).sum()
    assert as_near > 1
    assert found.finding().text == f"Any of {as_near} pairs of brands may be nearest"
    assert own.finding().text == "Nearest to Oda may be any of 2 brands"


def test_a_map_that_hides_much_says_so():
    found = positioning(table(np.random.default_rng(6).normal(3, 0.5, (8, 12)), raters=5, noise=1.0))
    assert found.reading().endswith("of differences. Brands close on it may differ.")


def test_what_was_left_out_is_told():
    rated = table(others(3, 3), raters=4, noise=0.3)
    found = positioning(rated[~((rated["attribute"] == "a2") & (rated["brand"] == "A"))])
    assert found.method().endswith("bootstrap of 4 raters or ratings. Not rated throughout: a2.")
