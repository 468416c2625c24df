"""Concentration against naive sums, a bootstrap and the published CDNOW figures."""

import numpy as np
import pandas as pd
import pytest

from portfoy.errors import DataError
from portfoy.portfolio.concentration import concentration, concentration_table, stress_table


def people(revenue, margin=None):
    return pd.DataFrame({"revenue": np.asarray(revenue, dtype=float), "margin": margin}).astype({"margin": float})


def naive_gini(value):
    """Half the mean absolute difference of all pairs, relative to the mean."""
    value = np.asarray(value, dtype=float)
    return np.abs(value[:, None] - value[None, :]).mean() / (2 * value.mean())


@pytest.fixture(scope="module")
def spend(shared_data):
    """What each of the 2,357 CDNOW customers spent in 78 weeks."""
    names = ["master", "customer", "day", "discs", "amount"]
    raw = pd.read_csv(shared_data / "cdnow" / "CDNOW_sample.txt", sep=r"\s+", names=names, dtype={"customer": str})
    return people(raw.groupby("customer")["amount"].sum().to_numpy())


# (a) Worked out by hand


def test_five_customers():
    found = concentration(people([10, 0, 50, 30, 10]))
    assert (found.customers, found.total, found.by, found.below_zero) == (5, 100, "revenue", 0)
    assert (found.top, found.top_share, found.confidence) == (0.2, pytest.approx(0.5), 0.95)
    # Sorted 0 10 10 30 50: 2 (0 + 20 + 30 + 120 + 250) / (5 x 100) - 6 / 5
    assert found.gini == pytest.approx(840 / 500 - 1.2)
    curve = pd.DataFrame(
        {"customer_share": [0, 0.2, 0.4, 0.6, 0.8, 1], "value_share": [0, 0.5, 0.8, 0.9, 1, 1]}, dtype=float
    )
    pd.testing.assert_frame_equal(found.curve, curve)


# (b) Published numbers and other computations


def test_cdnow_matches_the_published_concentration(spend):
    assert concentration(spend).top_share == pytest.approx(0.674, abs=0.0005)
    assert concentration(spend, top=0.1).top_share == pytest.approx(0.508, abs=0.0005)
    assert concentration(spend).gini == pytest.approx(0.631, abs=0.0005)


@pytest.mark.parametrize("seed", range(4))
def test_gini_and_top_share_equal_naive_computations(seed):
    value = np.random.default_rng(seed).gamma(0.7, 100, 250).round(2)
    found = concentration(people(value), top=0.3)
    assert found.gini == pytest.approx(naive_gini(value))
    assert found.top_share == pytest.approx(sorted(value)[-75:] @ np.ones(75) / value.sum())


@pytest.mark.parametrize("values", ["gamma", "few", "with returns"])
def test_intervals_agree_with_a_bootstrap(values):
    random = np.random.default_rng(11)
    value = {
        "gamma": random.gamma(0.6, 100, 800),
        "few": random.choice([10.0, 20, 30, 200], 800, p=[0.4, 0.3, 0.2, 0.1]),
        "with returns": random.gamma(0.6, 100, 800) - 15,
    }[values]
    found = concentration(people(value))
    again = [concentration(people(random.choice(value, 800))) for _ in range(400)]
    # 400 draws know a standard error to 3.5 percent; the tolerance is four times that.
    for name in ("gini", "top_share"):
        half = (getattr(found, f"{name}_high") - getattr(found, f"{name}_low")) / (2 * 1.959964)
        assert half == pytest.approx(np.std([getattr(one, name) for one in again]), rel=0.14), name


# (d) Properties


def test_customers_whose_value_is_not_known_are_left_out():
    assert concentration(people([10, 20, 30], [5, np.nan, 3]), by="margin").customers == 2


def test_order_of_rows_and_scale_do_not_matter():
    value = np.random.default_rng(2).gamma(1, 50, 100)
    one, other = concentration(people(value)), concentration(people(value[::-1] * 1000))
    for name in ("gini", "gini_low", "gini_high", "top_share", "top_share_low", "top_share_high"):
        assert getattr(other, name) == pytest.approx(getattr(one, name))


def test_all_alike():
    found = concentration(people([7.0] * 50))
    assert (found.gini, found.gini_low, found.gini_high) == pytest.approx((0, 0, 0), abs=1e-12)
    assert (found.top_share, found.top_share_low, found.top_share_high) == pytest.approx((0.2, 0.2, 0.2))


def test_one_customer_has_all():
    found = concentration(people([12.0]))
    assert (found.customers, found.gini, found.total) == (1, pytest.approx(0), 12)
    assert found.curve["value_share"].tolist() == [0, 1]


def test_customers_below_zero_are_counted_and_lie_within_the_intervals():
    value = [100, 50, -40, -40, 5]
    found = concentration(people(value))
    assert found.below_zero == 2
    assert found.gini == pytest.approx(naive_gini(value))
    assert found.top_share == pytest.approx(100 / 75)
    assert found.top_share_low <= found.top_share <= found.top_share_high
    assert found.gini_low <= found.gini <= found.gini_high


def test_without_negative_customers_no_bound_leaves_zero_to_one():
    found = concentration(people([1, 1, 1, 1000]), confidence=0.999)
    assert 0 <= found.gini_low <= found.gini <= found.gini_high <= 1
    assert 0 <= found.top_share_low <= found.top_share <= found.top_share_high <= 1


def test_confidence_widens_the_interval():
    table = people(np.random.default_rng(4).gamma(1, 50, 500))
    narrow, wide = concentration(table), concentration(table, confidence=0.99)
    ratio = (wide.gini_high - wide.gini_low) / (narrow.gini_high - narrow.gini_low)
    assert ratio == pytest.approx(2.575829 / 1.959964, rel=1e-5)


def test_the_curve_of_many_customers_is_thinned_and_keeps_its_ends():
    curve = concentration(people(np.arange(1, 5001))).curve
    assert len(curve) == 501
    assert curve.iloc[[0, -1]].to_numpy().tolist() == [[0, 0], [1, 1]]
    assert curve["value_share"].is_monotonic_increasing


# (e) Errors


@pytest.mark.parametrize(("value", "total"), [([0, 0], "0.00"), ([10, -1510.5], "-1,500.50")])
def test_a_total_not_above_zero_is_refused(value, total):
    with pytest.raises(DataError) as caught:
        concentration(people(value))
    assert str(caught.value) == (
        f"customers: the total of 'revenue' is {total}; shares need a total above zero. "
        "Check returns and the sign of amounts."
    )


def test_an_unknown_column_and_an_empty_base_are_refused():
    with pytest.raises(DataError) as caught:
        concentration(people([1, 2]), by="profit")
    assert str(caught.value) == (
        "concentration: column 'profit' is missing; the table has 'revenue', 'margin'. Make it with customer_table."
    )
    with pytest.raises(DataError) as caught:
        concentration(people([]))
    assert str(caught.value) == (
        "concentration: there are no customers; at least one is needed. Check the date and the data."
    )


# --- how much rests on a few customers and groups


def test_groups_and_customers_in_one_table():
    rows = people([40, 30, 20, 10], [4, np.nan, 2, -6]).assign(region=["Ege", "Ege", None, "Marmara"])
    table = concentration_table(rows, groups=["region", "channel"])
    assert table[["unit", "measure", "parts", "largest"]].to_numpy().tolist() == [
        ["customer", "revenue", 4, ""],
        ["region", "revenue", 3, "Ege"],
    ]  # the margins add up to zero: no share of them means anything
    assert table["hhi"].tolist() == pytest.approx([0.3, 0.7**2 + 0.2**2 + 0.1**2])
    assert table["equals"].tolist() == pytest.approx([1 / 0.3, 1 / 0.54])
    assert table["largest_share"].tolist() == pytest.approx([0.4, 0.7])


def test_hhi_intervals_agree_with_a_bootstrap():
    random = np.random.default_rng(3)
    rows = people(random.gamma(0.7, 100, 800)).assign(region=random.choice(list("abcd"), 800, p=[0.5, 0.3, 0.1, 0.1]))
    table = concentration_table(rows, groups=["region"]).set_index("unit")
    drawn = []
    for _draw in range(400):
        again = rows.iloc[random.integers(0, len(rows), len(rows))]
        share = again["revenue"] / again["revenue"].sum()
        drawn.append(((share**2).sum(), (share.groupby(again["region"]).sum() ** 2).sum()))
    for unit, spread in zip(("customer", "region"), np.std(drawn, axis=0), strict=True):
        assert (table.loc[unit, "hhi_high"] - table.loc[unit, "hhi_low"]) / 2 / 1.96 == pytest.approx(spread, rel=0.15)


def test_cdnow_in_one_table(spend):
    row = concentration_table(spend, measures=["revenue"]).iloc[0]
    assert (round(row["top_share"], 3), round(row["gini"], 3)) == (0.674, 0.631)  # published for 78 weeks


def test_what_leaves_with_the_largest():
    rows = people([50, 30, 10, 10], [5, 6, np.nan, 1])
    expected = pd.DataFrame(
        {
            "leave": [1, 2],
            "customer_share": [0.25, 0.5],
            "revenue": [50.0, 80],
            "revenue_share": [0.5, 0.8],
            "margin": [5.0, 11],
            "margin_share": [5 / 12, 11 / 12],
            "replaced_by": [2.0, 3.2],
        }
    )
    pd.testing.assert_frame_equal(stress_table(rows, leave=(1, 2, 3)), expected)
    assert "margin" not in stress_table(people([2, 1]))


def test_one_customer_cannot_be_put_under_stress():
    with pytest.raises(DataError) as error:
        stress_table(people([5]))
    assert str(error.value) == (
        "stress_table: at most half of the customers may leave, which is 0 here; asked for are 1 and more. "
        "Use more data or smaller numbers."
    )
