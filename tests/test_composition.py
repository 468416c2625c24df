"""Who the customers are: shares by hand, index numbers against other programs, a bootstrap and known truth; words."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_ind

import portfoy as pf
from portfoy.errors import DataError
from portfoy.models.bg_nbd import BgNbd
from portfoy.models.gamma_gamma import GammaGamma
from portfoy.models.lifetime_value import lifetime_value
from portfoy.people import AGE_BANDS, index_table, level_groups
from portfoy.portfolio.composition import composition_table
from portfoy.words import figure


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
    table = composition_table(five)
    expected = pd.DataFrame(
        {
            "trait": ["age_band"] * 3 + ["region"] * 3,
            "level": ["25-34", "65 and over", "not known", "Ege", "Marmara", "not known"],
            "customers": [3, 1, 1, 2, 2, 1],
            "customer_share": [0.6, 0.2, 0.2, 0.4, 0.4, 0.2],
            "revenue": [40.0, 50, 10, 60, 30, 10],
            "revenue_share": [0.4, 0.5, 0.1, 0.6, 0.3, 0.1],
            "margin": [1.0, 20, 5, 25, 0, 1],
            "margin_rate": [0.1, 0.4, 0.5, 25 / 60, np.nan, 0.1],  # of the revenue whose margin is known
            "index": [200 / 3, 250, 50, 150, 75, 50],
        }
    )
    pd.testing.assert_frame_equal(table.drop(columns=["index_low", "index_high"]), expected)
    alone = table["customers"] == 1
    assert table.loc[alone, ["index_low", "index_high"]].isna().all(axis=None)
    assert (table.loc[~alone, "index_low"] < table.loc[~alone, "index"]).all()


def test_of_many_levels_eight_keep_their_name():
    names = [*"abcdefghij", "all others", None]
    base = people(revenue=range(12, 0, -1), region=names)
    table = composition_table(base)
    assert table["level"].tolist() == [*"abcdefgh", "all others", "not known"]
    assert table["revenue"].tolist() == [12, 11, 10, 9, 8, 7, 6, 5, 4 + 3 + 2, 1]
    assert table["customers"].sum() == 12


def test_expected_value_is_that_of_the_levels(five):
    fit, spend = BgNbd(0.243, 30.9, 0.793, 2.426), GammaGamma(6.25, 3.74, 15.44)
    base = five.assign(
        repeats=[2, 0, 1, 0, 3], span=[213, 0, 30, 0, 100], age=272, repeat_ticket=[9, np.nan, 8, np.nan, 7]
    )
    value = lifetime_value(base, fit, spend)
    table = composition_table(base, ["region"], value=value)
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


def test_the_interval_holds_the_truth_as_often_as_it_says():
    truth = 100 * 1.5 / (0.6 * 1 + 0.3 * 1.5 + 0.1 * 0.5)
    hits = 0
    for seed in range(300):
        base = random_base(seed)
        table = index_table(base["revenue"], (base["region"] != "b").astype(int))
        hits += table.loc[0, "index_low"] <= truth <= table.loc[0, "index_high"]
    assert 300 * 0.95 - 3 * np.sqrt(300 * 0.95 * 0.05) <= hits  # 3 standard errors


# (d) Properties


def test_order_of_rows_and_currency_do_not_matter():
    base = random_base(3)
    table = composition_table(base)
    pd.testing.assert_frame_equal(composition_table(base.sample(frac=1, random_state=1)), table)
    dear = composition_table(base.assign(revenue=base["revenue"] * 1e6))
    pd.testing.assert_frame_equal(dear.drop(columns="revenue"), table.drop(columns="revenue"))


def test_one_customer_and_one_group():
    table = composition_table(people(revenue=[5], region=["Ege"]))
    assert table[["customer_share", "revenue_share", "index"]].to_numpy().tolist() == [[1, 1, 100]]
    assert table["margin"].isna().all()
    table = composition_table(people(revenue=[5, 7, 1], region="Ege"))
    assert table[["index_low", "index_high"]].to_numpy().ravel() == pytest.approx([100, 100], abs=1e-3)


def test_a_group_below_zero_keeps_an_interval():
    table = composition_table(people(revenue=[-5, -3, 100, 90], region=list("aabb"))).set_index("level")
    assert table.loc["a", "index_low"] < table.loc["a", "index"] < 0


def test_odd_names_stay_apart():
    names = ["<b>", "$5 \\frac", "İğdır", "n" * 200, "not known", None]
    table = composition_table(people(revenue=[6, 5, 4, 3, 2, 1], type=names))
    assert table["level"].tolist() == [*names[:5], "not known"]


# (e) Errors


def test_nothing_known_of_the_customers():
    with pytest.raises(DataError) as error:
        composition_table(people(revenue=[1, 2]))
    assert str(error.value) == (
        "composition: nothing is known of the customers but what they bought; one trait at least is needed. "
        "Add a table customers with type, region, birth_year, gender, income_band or channel."
    )


def test_a_trait_that_is_not_there(five):
    with pytest.raises(DataError) as error:
        composition_table(five, ["region", "planet"])
    assert str(error.value) == (
        "composition: there is no column 'planet'; the traits there are: age_band, region. Choose among these."
    )


def test_no_revenue_above_zero(five):
    with pytest.raises(DataError) as error:
        composition_table(five.assign(revenue=0.0))
    assert str(error.value) == (
        "customers: the total of 'revenue' is 0.00; shares need a total above zero. "
        "Check returns and the sign of amounts."
    )


# (f) Figure and words


def drawn(ax):
    return [label.get_text() for label in ax.get_yticklabels()][::-1]


def test_the_figure_has_a_panel_for_each_trait(five):
    table = composition_table(five.assign(type="consumer", channel=list("ababa"), gender=list("fmfmf")))
    axes = pf.plot_composition(table)
    assert {ax.get_title(loc="left") for ax in axes} == {"Type of customer", "Region", "Age", "Channel"}
    region = next(ax for ax in axes if ax.get_title(loc="left") == "Region")
    assert drawn(region) == ["Ege", "Marmara", "not known"]
    assert [line.get_xdata().tolist()[::-1] for line in region.lines] == [[0.4, 0.4, 0.2], [0.6, 0.3, 0.1]]
    fig = axes[0].figure
    assert fig.get_suptitle() == "65 and over: 20.0% of customers, 50.0% of revenue"
    assert fig.get_label() == (
        "Chart: 65 and over: 20.0% of customers, 50.0% of revenue. Share of customers and share of revenue by "
        "Type of customer, Channel, Region, Age."
    )
    assert [text.get_text() for text in fig.legends[0].get_texts()] == ["share of customers", "share of revenue"]
    figure.picture(fig)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_fewer_traits_make_fewer_panels(five, count):
    traits = ["region", "type", "channel"][:count]
    axes = pf.plot_composition(composition_table(five.assign(type="$a$ $\\b$", channel="c" * 200), traits))
    assert len(axes) == len(axes[0].figure.axes) == count
    figure.picture(axes[0].figure)


def composed(index, low, high, level=None):
    n = len(index)
    return pd.DataFrame(
        {
            "trait": "Region", "level": level or [*"abcdefgh"][:n], "customer_share": 1 / n, "revenue_share": 0.5,
            "index": index, "index_low": low, "index_high": high,
        }
    )  # fmt: skip


def test_words_for_what_differs():
    table = composed([180.0, 90, 50, 100], [150.0, 70, 40, 90], [220.0, 110, 60, 110], ["Ege", "b", "c", "not known"])
    assert pf.describe_composition(table) == (
        "Revenue per customer is shown as an index: the whole base is 100. It is highest for “Ege” (Region): 180, "
        "95% interval 150\u2060–\u2060220; 25.0% of the customers bring 50.0% of the revenue. It is lowest for “c” "
        "(Region): 50 (40\u2060–\u206060). Of the 3 groups named, 2 differ from the base; chance alone would make "
        "about 1 of them do so. Not known, as a share of the customers: Region 25.0%."
    )


def test_words_where_nothing_differs():
    assert pf.describe_composition(composed([110.0, 90], [90.0, 70], [130.0, 110]), confidence=0.9) == (
        "Revenue per customer is shown as an index: the whole base is 100. "
        "In no group does the 90% interval leave out 100."
    )
