"""Who the customers are: shares by hand, index numbers against other programs, a bootstrap and known truth; words."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from scipy.stats import ttest_ind

from helpers import plain
from portfoy.errors import DataError
from portfoy.firm import Firm
from portfoy.models.bg_nbd import BgNbd
from portfoy.models.discounted_value import discounted_value
from portfoy.models.gamma_gamma import GammaGamma
from portfoy.people import AGE_BANDS, index_table, level_groups
from portfoy.portfolio.composition import _compared, _divided, composition
from portfoy.words import style


def people(**columns):
    table = pd.DataFrame(columns)
    table.insert(0, "customer_id", [f"{number:03d}" for number in range(len(table))])
    return table.assign(revenue=table["revenue"].astype(float))


@pytest.fixture
def five():
    return people(
        revenue=[50, 30, 10, 10, 0],
        margin=[20, None, 5, 1, 0],
        region=["Ege", "Marmara", "Ege", None, "Marmara"],
        age_band=pd.Categorical(["65 and over", "25-34", None, "25-34", "25-34"], AGE_BANDS, ordered=True),
    )


def random_base(seed, n=400):
    random = np.random.default_rng(seed)
    region = random.choice(["a", "b", "c"], n, p=[0.6, 0.3, 0.1])
    revenue = random.lognormal(3, 1, n) * pd.Series(region).map({"a": 1.0, "b": 1.5, "c": 0.5}).to_numpy()
    return people(revenue=revenue, purchases=random.geometric(0.3, n), region=region)


# (a) Worked out by hand


def test_five_customers_by_region_and_age(five):
    table = composition(five).table
    expected = pd.DataFrame(
        {
            "trait": ["age_band"] * 3 + ["region"] * 3,
            "level": ["25-34", "65 and over", "not known", "Ege", "Marmara", "not known"],
            "customers": [3, 1, 1, 2, 2, 1],
            "customer_share": [0.75, 0.25, np.nan, 0.5, 0.5, np.nan],  # of those known
            "revenue": [40.0, 50, 10, 60, 30, 10],
            "revenue_share": [4 / 9, 5 / 9, np.nan, 6 / 9, 3 / 9, np.nan],
            "margin": [1.0, 20, 5, 25, 0, 1],
            "margin_rate": [0.1, 0.4, 0.5, 25 / 60, np.nan, 0.1],  # of the revenue whose margin is known
            # the four whose age is known bring 90, those whose region is known too: 22.5 each are 100
            "within": [100 * 40 / 3 / 22.5, 100 * 50 / 22.5, np.nan, 100 * 30 / 22.5, 100 * 15 / 22.5, np.nan],
            "excess": [(40 - 3 * 22.5) / 100, (50 - 22.5) / 100, np.nan, 0.15, -0.15, np.nan],
            "differs": False,
        }
    )
    bounds = ["within_low", "within_high"]
    pd.testing.assert_frame_equal(table.drop(columns=bounds), expected)
    alone = table["customers"] == 1
    assert table.loc[alone, bounds].isna().all(axis=None)
    assert (table.loc[~alone, "within_low"] < table.loc[~alone, "within"]).all()


def test_of_many_levels_eight_keep_their_name():
    names = [*"abcdefghij", "all others", None]
    base = people(revenue=range(12, 0, -1), region=names)
    table = composition(base).table
    assert table["level"].tolist() == [*"abcdefgh", "all others", "not known"]
    assert table["revenue"].tolist() == [12, 11, 10, 9, 8, 7, 6, 5, 4 + 3 + 2, 1]
    assert table["customers"].sum() == 12


def test_expected_value_is_that_of_the_levels(five):
    fit, spend = BgNbd(0.243, 30.9, 0.793, 2.426), GammaGamma(6.25, 3.74, 15.44)
    base = five.assign(
        repeats=[2, 0, 1, 0, 3], span=[213, 0, 30, 0, 100], age=272, repeat_ticket=[9, np.nan, 8, np.nan, 7]
    )
    value = discounted_value(base, fit, spend)
    table = composition(base, ["region"], value=value).table
    each = value.table["expected_value"]
    assert table["expected_value"].tolist() == pytest.approx([each[0] + each[2], each[1] + each[4], each[3]])


# (b) Other programs: Welch's test, a bootstrap


def test_the_test_is_the_one_of_welch():
    base = random_base(1)
    groups, words = level_groups(base, "region")
    table = index_table(base["revenue"], groups)
    for code, word in enumerate(words):
        inside = base["region"] == word
        judge = ttest_ind(base.loc[inside, "revenue"], base.loc[~inside, "revenue"], equal_var=False)
        assert table.loc[code, "p_value"] == pytest.approx(judge.pvalue, rel=1e-9)


@pytest.mark.parametrize("per", [None, "purchases"])
def test_the_interval_is_that_of_a_bootstrap(per):
    base = random_base(2)
    groups, words = level_groups(base, "region")
    table = index_table(base["revenue"], groups, per=base[per] if per else None)
    random = np.random.default_rng(0)
    inside = np.column_stack([base["region"] == word for word in words])
    bottom = (base[per] if per else base["revenue"] * 0 + 1).to_numpy()
    draws = []
    for _draw in range(2000):
        rows = random.integers(0, len(base), len(base))
        top = base["revenue"].to_numpy()[rows]
        rate = (top @ inside[rows]) / (bottom[rows] @ inside[rows])
        draws.append(100 * rate / (top.sum() / bottom[rows].sum()))
    low, high = np.quantile(draws, [0.025, 0.975], axis=0)
    width = np.log(table["index_high"] / table["index_low"])
    assert width.to_numpy() == pytest.approx(np.log(high / low), rel=0.1)
    assert table["index_low"].to_numpy() == pytest.approx(low, rel=0.06)


# (c) Known truth


@pytest.mark.parametrize("draws", [100, pytest.param(300, marks=pytest.mark.study)])
def test_the_interval_holds_the_truth_as_often_as_it_says(draws):
    truth = 100 * 1.5 / (0.6 * 1 + 0.3 * 1.5 + 0.1 * 0.5)
    hits = 0
    for seed in range(draws):
        base = random_base(seed)
        table = index_table(base["revenue"], (base["region"] != "b").astype(int))
        hits += table.loc[0, "index_low"] <= truth <= table.loc[0, "index_high"]
    assert draws * 0.95 - 3 * np.sqrt(draws * 0.95 * 0.05) <= hits  # 3 standard errors


# (d) Properties


def test_order_of_rows_and_currency_do_not_matter():
    base = random_base(3)
    table = composition(base).table
    pd.testing.assert_frame_equal(composition(base.sample(frac=1, random_state=1)).table, table)
    dear = composition(base.assign(revenue=base["revenue"] * 1e6)).table
    pd.testing.assert_frame_equal(dear.drop(columns="revenue"), table.drop(columns="revenue"))


def test_one_customer_and_one_group():
    table = composition(people(revenue=[5], region=["Ege"])).table
    assert table[["customer_share", "revenue_share", "within"]].to_numpy().tolist() == [[1, 1, 100]]
    assert table["margin"].isna().all()
    table = composition(people(revenue=[5, 7, 1], region="Ege")).table
    assert table[["within_low", "within_high"]].to_numpy().ravel() == pytest.approx([100, 100], abs=1e-3)


def test_a_group_below_zero_keeps_an_interval():
    table = composition(people(revenue=[-5, -3, 100, 90], region=list("aabb"))).table.set_index("level")
    assert table.loc["a", "within_low"] < table.loc["a", "within"] < 0


def test_odd_names_stay_apart():
    names = ["<b>", "$5 \\frac", "İğdır", "n" * 200, "not known", None]
    table = composition(people(revenue=[6, 5, 4, 3, 2, 1], type=names)).table
    assert table["level"].tolist() == [*names[:5], "not known"]


def test_who_has_no_level_for_a_reason_is_not_compared():
    """Firms bring ten times as much and have no age; of the people the old bring twice what the young do."""
    random = np.random.default_rng(5)
    age = pd.Categorical(np.repeat(["25-34", "45-54", None], [200, 200, 100]), AGE_BANDS, ordered=True)
    revenue = random.uniform(0.9, 1.1, 500) * np.repeat([20.0, 40, 300], [200, 200, 100])
    found = composition(people(revenue=revenue, age_band=age))
    rows = found.table.set_index("level")
    paid = pd.Series(revenue).groupby(np.asarray(age, dtype=object)).mean()
    for level in ["25-34", "45-54"]:
        assert rows.loc[level, "within"] == pytest.approx(100 * paid[level] / paid.mean())
    assert rows.loc["45-54", "excess"] > 0
    assert rows["differs"].tolist() == [True, True, False]
    assert plain(found.finding().text) == "“25 to 34” brings less than its share: 33% of revenue"
    alone = composition(people(revenue=revenue[:400], age_band=age[:400]), ["age_band"]).table
    for name in ["within", "within_low", "within_high"]:
        pd.testing.assert_series_equal(alone[name], rows[name].iloc[:2].reset_index(drop=True))


def test_a_level_of_one_type_alone_is_compared_inside_that_type():
    """Representatives call on firms only, which bring ten times as much; of the firms they have the smaller ones."""
    random = np.random.default_rng(8)
    kind, channel = np.repeat(["person", "firm"], [200, 100]), np.repeat(["shop", "online", "rep"], [150, 100, 50])
    revenue = random.uniform(0.9, 1.1, 300) * np.repeat([20.0, 300, 200], [200, 50, 50])
    rows = composition(people(revenue=revenue, channel=channel, type=kind)).table.set_index("level")
    paid = pd.Series(revenue)
    assert rows.loc["rep", "within"] == pytest.approx(
        100 * paid[250:].mean() / paid[200:].mean()
    )  # of all it would be 180
    assert rows.loc["shop", "within"] == pytest.approx(100 * paid[:150].mean() / paid[:200].mean())
    assert rows.loc["online", "within"] == pytest.approx(100 * paid[150:250].mean() / paid.mean())  # of both types


@pytest.mark.parametrize("confidence", [0.95, pytest.param(0.8, marks=pytest.mark.study)])
def test_of_twenty_regions_alike_hardly_one_is_found(confidence):
    """Benjamini and Hochberg: where nothing differs, a false find in at most 1 - confidence of the bases."""
    random, false = np.random.default_rng(6), 0
    for _base in range(60):
        table = people(revenue=random.gamma(2, 50, 400), region=random.choice(list("abcdefgh"), 400))
        parts = _compared(pd.concat([_divided(table, "region", None, confidence)]), confidence)
        false += parts["differs"].any()
    most = 60 * (1 - confidence)
    assert false <= most + 3 * np.sqrt(most * confidence)


def test_of_a_firm_those_are_counted_who_bought_lately():
    log = pd.DataFrame(
        [["a", "1", "2024-01-05", 90.0], ["b", "2", "2025-05-01", 10.0], ["c", "3", "2025-06-30", 30.0]],
        columns=["customer_id", "order_id", "ordered_on", "amount"],
    ).assign(ordered_on=lambda table: pd.to_datetime(table["ordered_on"]))
    firm = Firm.of(log, customers=pd.DataFrame({"customer_id": [*"abc"], "region": ["Ege", "Ege", "Marmara"]}))
    counted = {months: composition(firm, months=months).table.set_index("level") for months in (12, 0)}
    assert counted[12]["revenue"].to_dict() == {"Marmara": 30, "Ege": 10}
    assert counted[0]["revenue"].to_dict() == {"Ege": 100, "Marmara": 30}
    assert firm.recent(12) is firm.recent(12)


# (e) Errors


def test_nothing_known_of_the_customers():
    with pytest.raises(DataError) as error:
        composition(people(revenue=[1, 2]))
    assert str(error.value) == (
        "composition: nothing is known of customers. Add type, birth_year, gender, region, "
        "income_band, channel or interests."
    )


def test_a_trait_that_is_not_there(five):
    with pytest.raises(DataError) as error:
        composition(five, ["region", "planet"])
    assert str(error.value) == (
        "composition: column 'planet' is missing; the table has "
        + ", ".join(f"'{name}'" for name in five)
        + ". Take firm.customers."
    )


def test_no_revenue_above_zero(five):
    with pytest.raises(DataError) as error:
        composition(five.assign(revenue=0.0))
    assert str(error.value) == (
        "customers: the total of 'revenue' is 0.00, not above zero. Check returns and the sign of amounts."
    )


def test_a_firm_of_whose_customers_nothing_is_known():
    log = pd.DataFrame({"customer_id": ["a"], "order_id": ["1"], "ordered_on": ["2024-01-05"], "amount": [5.0]})
    found = composition(Firm.of(log.assign(ordered_on=pd.to_datetime(log["ordered_on"]))))
    assert not found
    assert found.reason.startswith("composition: nothing is known of customers.")


# (f) What is shown


def based(ege, n=100, **columns):
    """Two hundred customers of two regions who pay about 100, those of Ege so many times as much."""
    random = np.random.default_rng(7)
    revenue = 100 * random.uniform(0.9, 1.1, 2 * n) * np.repeat([ege, 1.0], n)
    return people(revenue=revenue, region=np.repeat(["Ege", "Marmara"], n), **columns)


def test_the_finding_says_who_brings_more_or_less_than_their_share():
    assert plain(composition(based(3)).finding().text) == "“Ege” brings more than its share: 75% of revenue"
    few = based(0.2).iloc[:130]  # 100 of 130 are of Ege; Marmara brings as much more as these bring less
    assert plain(composition(few).finding().text) == "“Marmara” brings more than its share: 60% of revenue"
    three = based(0.2).assign(
        region=np.repeat(["Ege", "Marmara", "İzmir"], [100, 50, 50])
    )  # two of them share the rest
    assert plain(composition(three).finding().text) == "“Ege” brings less than its share: 17% of revenue"
    nothing = composition(based(1)).finding()
    assert (nothing.text, nothing.nothing) == ("No group stands out beyond chance", True)


def test_composition_in_words():
    found = composition(based(3, type="consumer"))
    row = found.table.set_index("level").loc["Ege"]
    assert plain(found.reading()) == (
        f"They are 50% of those known and bring {row['within']:.0f} ({row['within_low']:.0f}–"
        f"{row['within_high']:.0f}) each, the average being 100."
    )


def test_dots_stand_below_their_trait_and_are_coloured_beyond_chance():
    gender = np.tile(["f", "m"], 100)
    found = composition(based(3, gender=gender, type=np.repeat(["firm", "person"], [20, 180])))
    ax = found.plot()
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels == ["Region", "Ege", "Marmara", "Type of customer", "person", "firm"]  # gender makes no difference
    shown = found.table.set_index("level").loc[["Ege", "Marmara", "person", "firm"]]
    intervals, dots = ax.collections
    assert dots.get_offsets()[:, 0].tolist() == pytest.approx(shown["within"].tolist())
    ends = np.array([segment[:, 0] for segment in intervals.get_segments()])
    assert ends == pytest.approx(shown[["within_low", "within_high"]].to_numpy())
    assert [text.get_text() for text in ax.texts] == [f"{value:.0f}" for value in shown["within"]]
    assert to_hex(dots.get_facecolors()[0]) == style.ACCENT


def test_a_chart_of_many_levels_takes_whole_traits_while_there_is_room():
    base = based(3, channel=np.repeat(list("abcdefgh"), 25), type=np.repeat(["firm", "person"], [20, 180]))
    labels = [label.get_text() for label in composition(base).plot().get_yticklabels()]
    assert labels[0] == "Region"
    assert labels[3] == "Channel"
    assert len(labels) == 3 + 9 + 3


def test_odd_names_are_drawn_and_nothing_found_is_no_chart():
    odd = based(3).replace({"region": {"Ege": "$a$ $\\b$", "Marmara": "c" * 200}})
    assert "<svg" in composition(odd).content()["chart"]["svg"]
    assert composition(based(1)).content()["chart"] is None


def test_confidence_moves_the_interval_and_the_words():
    log = based(1.5).rename(columns={"revenue": "amount"})
    log = log.assign(order_id=log["customer_id"], ordered_on=pd.Timestamp("2025-01-01"))
    known = log[["customer_id", "region"]]
    wide, narrow = (
        composition(Firm.of(log.drop(columns="region"), customers=known, confidence=level)) for level in (0.95, 0.8)
    )
    assert (narrow.table["within_low"] > wide.table["within_low"]).all()
    assert "80%" in narrow.method()
    assert "95%" not in str(narrow.content())
