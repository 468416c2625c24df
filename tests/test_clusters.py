"""Clusters against scikit-learn's measures, kinds of customers that were planted, and clouds that hold none."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from sklearn.metrics import adjusted_rand_score, silhouette_samples

from helpers import message_of, plain
from portfoy.customers import customer_table
from portfoy.firm import Firm
from portfoy.models import separation
from portfoy.models.separation import adjusted_rand, is_clear, search, silhouettes
from portfoy.selection.agreement import Agreement, compare_groups
from portfoy.selection.clusters import Clusters, cluster_table, clusters
from portfoy.selection.rfm import rfm
from portfoy.words.result import NotPossible


def base(idle, purchases, ticket, age):
    table = pd.DataFrame({"idle": idle, "purchases": purchases, "age": age, "ticket": np.asarray(ticket, dtype=float)})
    table["revenue"] = table["ticket"] * table["purchases"]
    table["orders"] = table["purchases"]
    return table


KINDS = {  # idle, purchases, ticket, age: median of each kind
    "regulars": (10, 30, 40, 800),
    "wholesale": (60, 6, 900, 800),
    "new": (25, 2, 40, 60),
    "lapsed": (500, 3, 60, 900),
}


def planted(kinds, *, n=100, seed=1):
    """Customers of distinct kinds, each spread by about a quarter round its medians, and their kinds."""
    random = np.random.default_rng(seed)
    parts = []
    for kind in kinds:
        spread = random.normal(0, 0.25, (n, 4))
        idle, purchases, ticket, age = np.exp(spread).T * np.array(KINDS[kind])[:, None]
        parts.append(base(idle.round(), np.maximum(purchases.round(), 1), ticket.round(2), age.round()))
    table = pd.concat(parts, ignore_index=True)
    table.insert(0, "customer_id", [f"{number:04d}" for number in range(len(table))])
    return table, np.repeat(kinds, n)


@pytest.fixture(scope="module", autouse=True)
def resamples():
    """Fewer resamples than 20, which tell as well whether groups come back here."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(separation, "RESAMPLES", 6)
        yield


@pytest.fixture(scope="module")
def four():
    table, kinds = planted(list(KINDS))
    return clusters(table), kinds


def made(names=("frequent", "long idle"), **changes):
    """A `Clusters` of five customers, written by hand."""
    table = pd.DataFrame(
        {
            "idle": [1, 3, 90, 80, 70],
            "purchases": [9, 3, 1, 1, 2],
            "revenue": [60.0, 20, 10, 5, 5],
            "margin": [30.0, np.nan, np.nan, np.nan, np.nan],
            "cluster": pd.Categorical.from_codes([0, 0, 1, 1, 1], list(names), ordered=True),
        }
    )
    choice = pd.DataFrame({"k": [2, 3], "silhouette": [0.62, 0.31], "silhouette_low": 0.3, "silhouette_high": 0.65})
    choice = choice.assign(cloud=0.2, needed=0.3, stability=[0.93, 0.7], stability_low=0.5, stability_high=0.97)
    choice = choice.assign(smallest_share=0.4, chosen=[True, False])
    meanings = ["Days since last purchase", "Purchases", "Revenue per purchase", "Days since first purchase"]
    features = pd.DataFrame({"meaning": meanings, "scale": 1.0})
    centers = pd.DataFrame({"cluster": names, "customers": [2, 3], "idle": [2.0, 80.4], "idle_z": [-1.9, 0.6]})
    centers = centers.assign(ticket=[12_345.0, 5.5], ticket_z=[0.5, -0.3])
    found = {"clear": True, "given": False, "left_out": 0, "currency": "TRY", "confidence": 0.95}
    whole = Clusters(cluster_table(table), table, choice, features, centers, 2, **found)
    return dataclasses.replace(whole, **changes)


def scored(segments, **columns):
    return SimpleNamespace(table=pd.DataFrame({"segment": pd.Categorical(segments), **columns}))


# (a) Worked out by hand


def test_cluster_table_of_five_customers():
    expected = pd.DataFrame(
        {
            "cluster": ["frequent", "long idle"],
            "customers": [2, 3],
            "customer_share": [0.4, 0.6],
            "revenue": [80.0, 20.0],
            "revenue_share": [0.8, 0.2],
            "purchases": [6.0, 4 / 3],
            "ticket": [80 / 12, 5.0],
            "idle": [2.0, 80.0],
            "margin": [30.0, np.nan],
        }
    )
    pd.testing.assert_frame_equal(cluster_table(made().customers), expected.astype({"cluster": "str"}))


def test_a_base_without_margins_has_none_in_the_table():
    assert cluster_table(made().customers.drop(columns="margin"))["margin"].isna().all()


def test_agreement_of_five_customers():
    found = compare_groups(made(), scored(["Champions", "Champions", "Lost", "Lost", "Champions"]))
    cross = pd.DataFrame(
        {
            "cluster": ["frequent", "long idle", "long idle"],
            "segment": ["Champions", "Champions", "Lost"],
            "customers": [2, 1, 2],
            "cluster_share": [1.0, 1 / 3, 2 / 3],
            "segment_share": [2 / 3, 1 / 3, 1.0],
        }
    )
    pd.testing.assert_frame_equal(found.cross, cross.astype({"cluster": "str", "segment": "str"}))
    main = pd.DataFrame(
        {
            "cluster": ["frequent", "long idle"],
            "customers": [2, 3],
            "first_segment": ["Champions", "Lost"],
            "first_share": [1.0, 2 / 3],
            "second_segment": [None, "Champions"],
            "second_share": [np.nan, 1 / 3],
        }
    )
    pd.testing.assert_frame_equal(found.table, main, check_dtype=False)
    # ten pairs: 2 together in both, 4 in the clusters, 4 in the segments; by chance 1.6, at most 4
    assert found.rand == pytest.approx((2 - 1.6) / (4 - 1.6))
    assert found.rand_low < found.rand < found.rand_high <= 1


# (b) Other programs


def test_adjusted_rand_is_that_of_scikit_learn():
    random = np.random.default_rng(0)
    first, second = random.integers(0, 4, 300), random.integers(0, 3, 300)
    second[:150] = first[:150] % 3
    cells = pd.crosstab(first, second).to_numpy()
    assert float(adjusted_rand(cells)) == pytest.approx(adjusted_rand_score(first, second), abs=1e-12)
    stack = adjusted_rand(np.stack([cells, 2 * np.eye(4, 3, dtype=int)]))
    assert stack.tolist() == pytest.approx([adjusted_rand_score(first, second), 1.0])
    assert float(adjusted_rand(np.array([[2, 0], [0, 1], [0, 1]]))) == pytest.approx(
        adjusted_rand_score([0, 0, 1, 2], [0, 0, 1, 1])
    )
    assert float(adjusted_rand(np.array([[5]]))) == adjusted_rand_score([1] * 5, [1] * 5)


def test_silhouettes_are_those_of_scikit_learn():
    random = np.random.default_rng(1)
    points = random.normal(size=(1300, 3)).round(1)  # more than one block, with equal points
    partitions = [random.integers(0, 2, 1300), random.integers(0, 5, 1300)]
    partitions[1][:3] = [5, 6, 6]  # one customer alone, two together
    ours = silhouettes(points, partitions)
    for row, labels in zip(ours, partitions, strict=True):
        np.testing.assert_allclose(row, silhouette_samples(points, labels), atol=1e-9)


def test_points_of_one_place_have_silhouette_0():
    assert silhouettes(np.zeros((4, 2)), [np.array([0, 0, 1, 1])]).tolist() == [[0.0] * 4]


# (c) Known truth


def test_four_planted_kinds_are_found(four):
    found, kinds = four
    assert found.k == 4
    assert found.clear
    assert adjusted_rand_score(kinds, found.customers["cluster"].cat.codes) > 0.95
    row = found.choice[found.choice["chosen"]].iloc[0]
    assert row["stability"] > 0.95
    assert row["smallest_share"] == pytest.approx(0.25, abs=0.02)


def test_names_say_what_was_planted(four):
    found, kinds = four
    named = found.customers["cluster"].astype(str).groupby(kinds).agg(lambda names: names.mode()[0])
    assert "frequent" in named["regulars"]
    assert "high spend per purchase" in named["wholesale"]
    assert "newer" in named["new"]
    assert "long idle" in named["lapsed"]


@pytest.mark.parametrize("kinds", [["regulars", "wholesale", "lapsed"], ["new", "lapsed"]])
def test_fewer_kinds_are_found_too(kinds):
    table, truth = planted(kinds, seed=3)
    found = clusters(table, most=4)
    assert (found.k, found.clear) == (len(kinds), True)
    assert adjusted_rand_score(truth, found.customers["cluster"].cat.codes) > 0.95


def cloud(shape, n=500):
    """Customers without groups: four features of one continuous shape, some of them correlated."""
    random = np.random.default_rng(5)
    correlated = random.normal(size=(n, 4)) @ np.linalg.cholesky(np.full((4, 4), 0.6) + 0.4 * np.eye(4)).T
    return {
        "normal": random.normal(size=(n, 4)),
        "long": correlated,
        "uniform": random.uniform(size=(n, 4)),
        "long uniform": norm.cdf(correlated),
        "skewed": random.exponential(size=(n, 4)),
        "long skewed": np.exp(0.5 * correlated),
        "heavy tails": random.standard_t(4, size=(n, 4)),
    }[shape]


@pytest.mark.parametrize("shape", ["normal", "long", "uniform", "long uniform", "skewed", "long skewed", "heavy tails"])
def test_one_cloud_is_not_taken_for_groups(shape):
    points = cloud(shape)
    choice, _models = search((points - points.mean(axis=0)) / points.std(axis=0), most=4)
    assert not is_clear(choice)
    assert (choice["silhouette"] < choice["needed"]).all()


def test_bg_nbd_customers_are_a_continuum(simulate_customers):
    random = np.random.default_rng(8)
    drawn = simulate_customers(random.integers(30, 900, 1000), seed=8)
    ticket = random.gamma(5, 200, 1000) / random.gamma(4, 1, 1000)
    table = base((drawn["age"] - drawn["span"]).round(), drawn["repeats"] + 1, ticket, drawn["age"])
    assert not clusters(table, most=4).clear


def test_the_teaching_company_is_a_continuum_by_its_truth(teaching):
    customers = customer_table(teaching.transactions)
    found = clusters(customers, most=4)
    assert not found.clear
    assert (found.choice["stability"] > 0.8).any()  # k-means cuts it at the same place each time
    agreement = compare_groups(found, rfm(customers))
    segments = rfm(customers).table["segment"].astype(str)
    assert agreement.rand == pytest.approx(adjusted_rand_score(found.customers["cluster"].astype(str), segments))


@pytest.mark.parametrize("draws", [20, pytest.param(60, marks=pytest.mark.study)])
def test_the_interval_of_the_agreement_covers_the_truth(draws):
    """Judge: many samples of 400 from a population of known index."""
    random = np.random.default_rng(11)
    cells = np.array([[30, 10, 5], [5, 20, 10], [2, 3, 15]]) / 100
    truth = float(adjusted_rand(cells * 10_000_000))
    inside = 0
    for _trial in range(draws):
        drawn = np.repeat(np.arange(9), random.multinomial(400, cells.ravel()))
        table = pd.DataFrame({"cluster": pd.Categorical.from_codes(drawn // 3, ["a", "b", "c"])})
        found = compare_groups(made(customers=table), scored([f"s{code}" for code in drawn % 3]))
        inside += found.rand_low <= truth <= found.rand_high
    assert inside >= 0.95 * draws - 3 * np.sqrt(draws * 0.95 * 0.05)  # 3 standard errors


def test_cdnow_customers(shared_data):
    names = ["customer_id", "ordered_on", "quantity", "amount"]
    path = shared_data / "cdnow" / "CDNOW_master.txt"
    log = pd.read_csv(path, sep=r"\s+", header=0, names=names, dtype={"customer_id": str, "ordered_on": str})
    log["ordered_on"] = pd.to_datetime(log["ordered_on"], format="%Y%m%d")
    log["order_id"] = log["customer_id"] + log["ordered_on"].astype(str)
    found = clusters(customer_table(log), most=3)
    assert len(found.customers) == found.centers["customers"].sum() == 23570
    assert found.customers["cluster"].notna().all()


# (d) Properties


def test_features_are_reproducible_from_their_table(four):
    """Judge: the formula of the docstring, written once more."""
    found, _kinds = four
    z = {}
    for row in found.features.itertuples():
        values = found.customers[row.feature].to_numpy(dtype=float)
        if row.transform == "signed logarithm":
            assert row.median_size == np.median(np.abs(values))
            values = np.sign(values) * np.log(1 + np.abs(values) / row.median_size)
        z[row.feature] = (values - row.centre) / row.scale
        assert (z[row.feature].mean(), z[row.feature].std()) == pytest.approx((0, 1), abs=1e-9)
    means = pd.DataFrame(z).groupby(found.customers["cluster"].astype(str)).mean()
    for row in found.centers.itertuples():
        for feature in z:
            assert getattr(row, f"{feature}_z") == pytest.approx(means.loc[row.cluster, feature])
    own = found.customers.groupby("cluster", observed=True)["idle"]
    assert (found.centers["idle"].to_numpy() >= own.min().to_numpy()).all()
    assert (found.centers["idle"].to_numpy() <= own.max().to_numpy()).all()


def test_clusters_come_by_revenue_and_every_customer_is_in_one(four):
    found, _kinds = four
    table = found.table
    assert table["revenue"].is_monotonic_decreasing
    assert table["cluster"].tolist() == found.centers["cluster"].tolist()
    assert table["customers"].tolist() == found.centers["customers"].tolist()
    assert table["customers"].sum() == len(found.customers)
    assert table["cluster"].is_unique


def test_the_order_of_rows_and_the_currency_do_not_matter(four):
    found, _kinds = four
    table = found.customers.drop(columns="cluster")
    shuffled = clusters(table.sample(frac=1, random_state=2))
    assert shuffled.customers["cluster"].loc[table.index].tolist() == found.customers["cluster"].tolist()
    pd.testing.assert_frame_equal(shuffled.choice, found.choice)
    dear = clusters(table.assign(revenue=table["revenue"] * 1000, ticket=table["ticket"] * 1000), most=4)
    assert dear.customers["cluster"].tolist() == found.customers["cluster"].tolist()


def test_k_may_be_given(four):
    found, _kinds = four
    asked = clusters(found.customers.drop(columns="cluster"), k=3, most=2)
    assert (asked.k, asked.given, asked.choice["k"].tolist()) == (3, True, [2, 3])
    assert asked.customers["cluster"].nunique() == 3


def test_customers_without_a_value_are_left_out():
    table, _kinds = planted(["new", "lapsed"])
    table.loc[[3, 150], "ticket"] = [np.nan, np.inf]
    found = clusters(table, most=3)
    assert found.left_out == 2
    assert found.customers.index[found.customers["cluster"].isna()].tolist() == [3, 150]
    assert found.table["customers"].sum() == len(table) - 2


def test_a_feature_that_is_the_same_for_all_is_left_out():
    table, _kinds = planted(["new", "lapsed"])
    table["ticket"] = 29.97 / np.arange(1, len(table) + 1) * np.arange(1, len(table) + 1)  # one price, but for rounding
    found = clusters(table, most=3)
    assert found.features.set_index("feature")["scale"].isna().to_dict() == {
        "idle": False,
        "purchases": False,
        "ticket": True,
        "age": False,
    }
    assert found.features["transform"].iloc[2] == "left out: the same for all"
    assert not any("spend" in name for name in found.centers["cluster"])
    assert "ticket" not in found.centers


def test_returns_and_outliers_are_borne():
    table, _kinds = planted(["new", "lapsed"])
    table.loc[:20, ["ticket", "revenue"]] = -500.0
    table.loc[21, ["ticket", "revenue"]] = 1e12
    found = clusters(table, most=4)
    assert found.customers["cluster"].notna().all()
    assert np.isfinite(found.choice.drop(columns="chosen").to_numpy(dtype=float)).all()


def test_customers_of_few_distinct_kinds_get_no_more_clusters_than_kinds():
    table = pd.concat([base([5, 200, 30], [9, 1, 2], [50, 20, 900], [400, 210, 90])] * 30, ignore_index=True)
    found = clusters(table)
    assert found.choice["k"].tolist() == [2, 3]
    assert found.k == 3
    assert found.choice["silhouette"].iloc[1] == pytest.approx(1)


def test_clusters_with_one_name_are_numbered():
    """Four steps on one line: two of them are frequent and lately seen, two are neither."""
    random = np.random.default_rng(4)
    step = np.repeat([0, 1, 2, 3], 60) + random.normal(0, 0.02, 240)
    found = clusters(base(100 - 30 * step, 1 + 10 * step, np.full(240, 10.0), np.full(240, 700)), k=4, most=2)
    frequent, few = {"frequent", "bought lately"}, {"few purchases", "long idle"}
    names = [name.rsplit(" (", 1) for name in found.centers["cluster"]]
    assert [set(name.split(", ")) for name, _number in names] == [frequent, frequent, few, few]
    assert [number for _name, number in names] == ["1)", "2)", "1)", "2)"]


# (e) Errors


def test_too_few_customers_are_refused():
    table, _kinds = planted(["new"], n=49)
    assert message_of(clusters, table) == (
        "clusters: 49 customers with idle, purchases, ticket and age, needed 50. Use segments."
    )
    assert message_of(clusters, table.iloc[:0]) == ("clusters: there are no customers. Check the date and the data.")
    assert message_of(clusters, table[["idle", "purchases", "age", "revenue"]]) == (
        "clusters: column 'ticket' is missing; the table has 'idle', 'purchases', 'age', 'revenue'. "
        "Take firm.customers."
    )


def test_customers_who_hardly_differ_are_refused():
    table = base(np.full(60, 5), np.full(60, 1), np.full(60, 9.99), np.arange(60))
    assert message_of(clusters, table) == ("clusters: 1 features differ, 2 are needed. Check the data.")


@pytest.mark.parametrize(("k", "highest"), [(1, 20), (21, 20), (2.5, 20), (0, 20)])
def test_a_number_of_groups_that_is_none_is_refused(k, highest):
    table, _kinds = planted(["new", "lapsed"], n=40)
    assert message_of(clusters, table, k=k) == (
        f"clusters: k is {k}, not a whole number from 2 to {highest}. Or leave it out."
    )
    assert message_of(clusters, table, most=k) == (
        f"clusters: most is {k}, not a whole number from 2 to {highest}. Or leave it out."
    )


def test_clusters_and_segments_of_different_customers_are_refused():
    assert message_of(compare_groups, made(), scored(["Lost"] * 4)) == (
        "compare_groups: 5 customers in clusters, 4 in segments. Make both from one table."
    )


def test_shares_of_no_revenue_are_refused():
    assert message_of(cluster_table, made().customers.assign(revenue=0.0)) == (
        "customers: the total of 'revenue' is 0.00, not above zero. Check returns and the sign of amounts."
    )


# What is shown


def test_clear_groups_in_words():
    assert made().finding().text == "Customers fall into 2 groups that come back"
    assert not made().finding().nothing
    assert made().reading() == "Most revenue: \u201cfrequent\u201d, 80% from 40% of customers."


def test_without_clear_groups_the_segments_stay_in_use():
    found = made(clear=False)
    assert found.finding().text == "No clear groups; the segments stay in use"
    assert (found.finding().nothing, found.reading()) == (True, "")


def test_pieces_of_one_cloud_are_not_drawn_as_groups():
    captions = [[table["caption"] for table in made(clear=clear).content()["tables"]] for clear in (True, False)]
    assert captions == [["The clusters", "Numbers of clusters"], ["Numbers of clusters"]]
    segments = scored(["Champions", "Champions", "Lost", "Lost", "Champions"])
    assert not compare_groups(made(), segments).finding().nothing
    found = compare_groups(made(clear=False), segments)
    assert found.finding().text == "No clear groups to compare with segments"
    assert (found.finding().nothing, found.reading(), found.content()["tables"]) == (True, "", [])


def test_how_the_number_was_chosen():
    measures = (
        "2 clusters: silhouette 0.62 (0.30–0.65), needed 0.30; stability 0.93 (0.50–0.97 in 95% of the draws), "
        "needed 0.8; 1 is best."
    )
    assert plain(made().method()) == (
        "Compared by Days since last purchase, Purchases, Revenue per purchase, Days since "
        f"first purchase, each on one scale. {measures}"
    )
    features = made().features.assign(scale=[1.0, 1, np.nan, 1])
    assert plain(made(features=features, left_out=1, given=True).method()) == (
        "Compared by Days since last purchase, Purchases, Days since first purchase, each on one scale. "
        f"Lacking one, in no cluster: 1. {measures}"
    )


@pytest.mark.parametrize(
    ("low", "high", "found"),
    [
        (0.66, 0.9, "Clusters and segments are much the same"),
        (0.5, 0.7, "Whether clusters and segments agree stays open"),
        (0.1, 0.3, "Clusters and segments are different views"),
    ],
)
def test_agreement_in_words(low, high, found):
    main = pd.DataFrame({"cluster": ["a", "b"], "first_share": [0.3, 0.6], "first_segment": ["Lost", "Champions"]})
    agreement = Agreement(main, (low + high) / 2, low, high, 0.95, pd.DataFrame())
    assert agreement.finding().text == found
    assert plain(agreement.reading()) == ("Closest: \u201cb\u201d, 60% in \u201cChampions\u201d. Act by segments.")
    assert plain(agreement.method()).startswith(
        f"Adjusted Rand index, 1 the same, 0 chance: {(low + high) / 2:.2f} ({low:.2f}–{high:.2f}, 95% interval)."
    )


def test_a_firm_that_cannot_says_why():
    bought = pd.DataFrame({"customer_id": ["a"], "order_id": ["1"], "ordered_on": ["2026-01-01"], "amount": [1.0]})
    found = clusters(Firm.of(bought.astype({"ordered_on": "datetime64[us]"})))
    assert found.reason.startswith("clusters: 1 customers with idle, purchases, ticket and age, needed 50")
    nothing = NotPossible("no segments")
    assert made().against(nothing) is nothing
    assert "95%" not in str(made(confidence=0.8).content())
