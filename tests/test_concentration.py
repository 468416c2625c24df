"""Concentration against naive sums, a bootstrap and the published CDNOW figures."""

import numpy as np
import pandas as pd
import pytest

from helpers import plain
from portfoy.errors import DataError
from portfoy.firm import Firm
from portfoy.firm import open as open_firm
from portfoy.models.lorenz import lorenz
from portfoy.portfolio.concentration import concentration
from portfoy.portfolio.spread import spread
from portfoy.portfolio.stress import stress


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
    assert found.table["measure"].tolist() == ["revenue"]  # no margin is known
    assert found.table[["customers", "total", "top_share", "gini"]].to_numpy().tolist() == [[5, 100, 0.5, found.gini]]


# (b) Published numbers and other computations


def test_cdnow_matches_the_published_concentration(spend):
    assert lorenz(spend).top_share == pytest.approx(0.674, abs=0.0005)
    assert lorenz(spend, top=0.1).top_share == pytest.approx(0.508, abs=0.0005)
    assert lorenz(spend).gini == pytest.approx(0.631, abs=0.0005)


@pytest.mark.parametrize("seed", range(4))
def test_gini_and_top_share_equal_naive_computations(seed):
    value = np.random.default_rng(seed).gamma(0.7, 100, 250).round(2)
    found = lorenz(people(value), top=0.3)
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
    found = lorenz(people(value))
    again = [lorenz(people(random.choice(value, 800))) for _ in range(400)]
    # 400 draws know a standard error to 3.5 percent; the tolerance is four times that.
    for name in ("gini", "top_share"):
        half = (getattr(found, f"{name}_high") - getattr(found, f"{name}_low")) / (2 * 1.959964)
        assert half == pytest.approx(np.std([getattr(one, name) for one in again]), rel=0.14), name


# (d) Properties


def test_customers_whose_value_is_not_known_are_left_out():
    assert lorenz(people([10, 20, 30], [5, np.nan, 3]), by="margin").customers == 2


def test_order_of_rows_and_scale_do_not_matter():
    value = np.random.default_rng(2).gamma(1, 50, 100)
    one, other = lorenz(people(value)), lorenz(people(value[::-1] * 1000))
    for name in ("gini", "gini_low", "gini_high", "top_share", "top_share_low", "top_share_high"):
        assert getattr(other, name) == pytest.approx(getattr(one, name))


def test_all_alike():
    found = lorenz(people([7.0] * 50))
    assert (found.gini, found.gini_low, found.gini_high) == pytest.approx((0, 0, 0), abs=1e-12)
    assert (found.top_share, found.top_share_low, found.top_share_high) == pytest.approx((0.2, 0.2, 0.2))


def test_one_customer_has_all():
    found = lorenz(people([12.0]))
    assert (found.customers, found.gini, found.total) == (1, pytest.approx(0), 12)
    assert found.curve["value_share"].tolist() == [0, 1]


def test_customers_below_zero_are_counted_and_lie_within_the_intervals():
    value = [100, 50, -40, -40, 5]
    found = lorenz(people(value))
    assert found.below_zero == 2
    assert found.gini == pytest.approx(naive_gini(value))
    assert found.top_share == pytest.approx(100 / 75)
    assert found.top_share_low <= found.top_share <= found.top_share_high
    assert found.gini_low <= found.gini <= found.gini_high


def test_without_negative_customers_no_bound_leaves_zero_to_one():
    found = lorenz(people([1, 1, 1, 1000]), confidence=0.999)
    assert 0 <= found.gini_low <= found.gini <= found.gini_high <= 1
    assert 0 <= found.top_share_low <= found.top_share <= found.top_share_high <= 1


def test_confidence_widens_the_interval():
    table = people(np.random.default_rng(4).gamma(1, 50, 500))
    narrow, wide = lorenz(table), lorenz(table, confidence=0.99)
    ratio = (wide.gini_high - wide.gini_low) / (narrow.gini_high - narrow.gini_low)
    assert ratio == pytest.approx(2.575829 / 1.959964, rel=1e-5)


def test_the_curve_of_many_customers_is_thinned_and_keeps_its_ends():
    curve = lorenz(people(np.arange(1, 5001))).curve
    assert len(curve) == 501
    assert curve.iloc[[0, -1]].to_numpy().tolist() == [[0, 0], [1, 1]]
    assert curve["value_share"].is_monotonic_increasing


# (e) Errors


@pytest.mark.parametrize(("value", "total"), [([0, 0], "0.00"), ([10, -1510.5], "-1,500.50")])
def test_a_total_not_above_zero_is_refused(value, total):
    with pytest.raises(DataError) as caught:
        lorenz(people(value))
    assert str(caught.value) == (
        f"customers: the total of 'revenue' is {total}, not above zero. Check returns and the sign of amounts."
    )


def test_an_unknown_column_and_an_empty_base_are_refused():
    with pytest.raises(DataError) as caught:
        lorenz(people([1, 2]), by="profit")
    assert str(caught.value) == (
        "concentration: column 'profit' is missing; the table has 'revenue', 'margin'. Take firm.customers."
    )
    with pytest.raises(DataError) as caught:
        lorenz(people([]))
    assert str(caught.value) == ("concentration: there are no customers. Check the date and the data.")


# --- how much rests on a few customers and groups


def test_groups_and_customers_in_one_table():
    rows = people([40, 30, 20, 10], [4, np.nan, 2, -6]).assign(region=["Ege", "Ege", None, "Marmara"])
    table = spread(rows, groups=["region", "channel"]).table
    assert table[["unit", "measure", "parts", "largest"]].to_numpy().tolist() == [
        ["customer", "revenue", 4, ""],
        ["region", "revenue", 2, "Ege"],
    ]  # the margins add up to zero: no share of them means anything
    assert table["hhi"].tolist() == pytest.approx([0.3, 0.875**2 + 0.125**2])
    assert table["equals"].tolist() == pytest.approx([1 / 0.3, 1 / 0.78125])
    assert table["largest_share"].tolist() == pytest.approx([0.4, 0.875])  # 70 of the 80 whose region is known
    assert table["known"].tolist() == [1, 0.75]
    assert (1 / table["equals_low"]).tolist() == pytest.approx(table["hhi_high"].tolist())
    assert (1 / table["equals_high"]).tolist() == pytest.approx(table["hhi_low"].tolist())


def test_customers_of_no_known_region_are_no_group(shared_data):
    rows = open_firm(shared_data.parent / "cases" / "reports" / "prospect").recent(12)
    row = spread(rows, groups=["region"], measures=["revenue"]).table.set_index("unit").loc["region"]
    shares = rows.groupby("region")["revenue"].sum() / rows.loc[rows["region"].notna(), "revenue"].sum()
    assert (row["parts"], row["known"]) == (len(shares), rows["region"].notna().mean())
    assert row["hhi"] == pytest.approx((shares**2).sum())
    assert row["known"] < 1


def test_hhi_intervals_agree_with_a_bootstrap():
    random = np.random.default_rng(3)
    rows = people(random.gamma(0.7, 100, 800)).assign(region=random.choice(list("abcd"), 800, p=[0.5, 0.3, 0.1, 0.1]))
    table = spread(rows, groups=["region"]).table.set_index("unit")
    drawn = []
    for _draw in range(400):
        again = rows.iloc[random.integers(0, len(rows), len(rows))]
        share = again["revenue"] / again["revenue"].sum()
        drawn.append(((share**2).sum(), (share.groupby(again["region"]).sum() ** 2).sum()))
    for unit, error in zip(("customer", "region"), np.std(drawn, axis=0), strict=True):
        assert (table.loc[unit, "hhi_high"] - table.loc[unit, "hhi_low"]) / 2 / 1.96 == pytest.approx(error, rel=0.15)


def test_cdnow_in_one_table(spend):
    row = spread(spend, measures=["revenue"]).table.iloc[0]
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
    pd.testing.assert_frame_equal(stress(rows, leave=(1, 2, 3)).table, expected)
    assert "margin" not in stress(people([2, 1])).table


def test_one_customer_cannot_be_put_under_stress():
    with pytest.raises(DataError) as error:
        stress(people([5]))
    assert str(error.value) == ("stress: at most half may leave, here 0, not 1. Take fewer.")


def test_one_customer_has_a_concentration_though_no_stress():
    found = concentration(people([5]))
    assert found.top_share == pytest.approx(0.2)
    assert not found.stress
    assert found.stress.reason.startswith("stress: at most half may leave")


# --- of a firm


def firm(confidence=0.95, **columns):
    """Six customers in two regions, one of whom bought long ago."""
    log = pd.DataFrame(
        {
            "customer_id": list("abcdef"), "order_id": list("123456"), "unit_cost": 1.0, "quantity": 1,
            "ordered_on": pd.to_datetime(["2024-01-05", *["2025-06-01"] * 4, "2025-06-30"]),
            "amount": [900.0, 50, 20, 10, 10, 10],
        }
    ).assign(**columns)  # fmt: skip
    regions = pd.DataFrame({"customer_id": list("abcdef"), "region": ["Ege", "Ege", "Ege", "Marmara", "Marmara", None]})
    return Firm.of(log, customers=regions, confidence=confidence, currency="TRY")


def test_of_a_firm_those_are_counted_who_bought_lately():
    found = concentration(firm())
    assert (found.customers, found.total) == (5, 100)
    assert found.margin.total == pytest.approx(100 - 5)
    assert concentration(firm(), months=0).total == 1000
    row = found.spread.table.set_index(["unit", "measure"]).loc[("region", "revenue")]
    assert (row["parts"], row["largest"], row["largest_share"]) == (2, "Ege", pytest.approx(7 / 9))
    assert found.stress.table["revenue"].tolist() == [50]


def test_segments_are_joined_by_customer():
    segments = pd.DataFrame({"customer_id": list("fedcba"), "segment": ["x", "x", "x", "y", "y", "y"]})
    found = concentration(firm(), groups=["segment"], segments=segments).spread.table.set_index("unit").loc["segment"]
    assert found["largest"].tolist() == ["y", "y"]
    assert found["largest_share"].iloc[0] == pytest.approx(0.7)


def test_a_firm_whose_customers_bring_nothing():
    found = concentration(firm(amount=0.0))
    assert not found
    assert found.spread is found
    assert found.reason == (
        "customers: the total of 'revenue' is 0.00, not above zero. Check returns and the sign of amounts."
    )


# --- what is shown


def test_the_finding_is_what_the_largest_hold():
    found = concentration(people([100, 25, 25, 25, 25]))
    assert plain(found.finding().text) == "The largest fifth bring 50% of the revenue"
    tenth = concentration(people(range(1, 21), margin=np.arange(20.0)), by="margin", top=0.1)
    assert plain(tenth.finding().text) == "The largest 10% bring 19% of the margin"
    assert plain(concentration(people([7])).finding().text) == "One customer brings all of the revenue"
    (figure,) = found.figures()
    assert (figure.name, figure.value, figure.low, figure.high, figure.unit) == (
        "top_share", found.top_share, found.top_share_low, found.top_share_high, "share",
    )  # fmt: skip


def test_concentration_in_words():
    found = concentration(people([100, 25, 25, 25, 25]))
    interval = f"{100 * found.top_share_low:.0f}–{found.top_share_high:.0%}"
    assert plain(found.reading()) == f"Were all alike, it would be 20%; chance allows {interval}."


@pytest.mark.parametrize(
    ("revenue", "expected"),
    [
        ([100, 50, 3, 0], "too narrow where a few of them are very large."),
        ([100, 50, 3, -1], "Brought less than nothing, which lifts both: 1."),
        ([100, 50, -3, -1], "Brought less than nothing, which lifts both: 2."),
    ],
)
def test_customers_below_zero_are_named(revenue, expected):
    assert plain(concentration(people(revenue)).method()).endswith(expected)


def test_the_chart_has_the_curve_and_the_point_it_names():
    found = concentration(people([10, 0, 50, 30, 10]))
    ax = found.plot()
    curve, alike = ax.lines
    assert curve.get_xydata().tolist() == found.curve.to_numpy().tolist()
    assert alike.get_xydata().tolist() == [[0, 0], [1, 1]]
    assert ax.collections[-1].get_offsets().tolist() == [[0.2, found.top_share]]
    assert not ax.figure.legends
    assert "50%" in [text.get_text() for text in ax.texts]


def test_two_curves_are_told_apart_and_both_in_view():
    found = concentration(people([10, 5, 5], margin=[9.0, 4, -6]))
    ax = found.plot()
    lines = {line.get_label(): line.get_xydata().tolist() for line in ax.lines}
    assert lines["revenue"] == found.curve.to_numpy().tolist()
    assert lines["margin"] == found.margin.curve.to_numpy().tolist()
    (legend,) = ax.figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["revenue", "margin"]
    assert ax.get_ylim()[1] >= 13 / 7


@pytest.mark.parametrize("revenue", [[7.0], [100.0, 50, -40, -40, 5]])
def test_the_whole_curve_is_in_view(revenue):
    found = concentration(people(revenue))
    low, high = found.plot().get_ylim()
    assert low <= found.curve["value_share"].min()
    assert high >= found.curve["value_share"].max()


def test_the_spread_in_words_and_dots_the_most_concentrated_first():
    rows = people([40, 30, 20, 10]).assign(region=["Ege", "Ege", None, "Marmara"], channel=list("abcd"))
    found = spread(rows, groups=["channel", "region"], measures=["revenue"])
    assert plain(found.finding().text) == "Region: “Ege” holds 88% of the revenue"
    row = found.table.set_index("unit").loc["region"]
    assert plain(found.reading()) == (
        f"2 groups are as concentrated as 1.3 ({row['equals_low']:.1f}–{row['equals_high']:.1f}) of one size."
    )
    ax = found.plot()
    assert [label.get_text() for label in ax.get_yticklabels()] == ["Region", "Channel"]
    assert ax.collections[-1].get_offsets()[:, 0].tolist() == pytest.approx([1 / 0.78125, 1 / 0.3])
    assert found.summary().texts["Largest"].tolist() == ["", "a", "Ege"]


def test_without_groups_there_is_nothing_to_spread_over():
    found = spread(people([3, 2, 1]), groups=["region"], measures=["revenue"])
    assert (found.finding().text, found.finding().nothing) == ("No groups of customers are known", True)
    assert found.content()["chart"] is None


def test_stress_in_words():
    found = stress(people([50, *[10] * 25]), months=12, currency="TRY")
    assert plain(found.finding().text) == "If the 10 largest left, 47% of revenue would go"
    assert plain(found.reading()) == "Average customers to replace their TRY 140: 12."
    assert found.method() == "Counted, not estimated (last 12 months)."
    few = stress(people([50, 25, 25]))
    assert plain(few.finding().text) == "If the 1 largest left, 50% of revenue would go"
    assert plain(few.reading()) == "Average customers to replace their 50: 2."


def test_confidence_moves_the_intervals_and_the_words():
    wide, narrow = concentration(firm()), concentration(firm(confidence=0.8))
    assert narrow.top_share_low > wide.top_share_low
    assert narrow.spread.table["hhi_low"].min() > wide.spread.table["hhi_low"].min()
    for shown in (narrow, narrow.spread, narrow.stress):
        assert "95%" not in str(shown.content())
    assert "80%" in narrow.method()
