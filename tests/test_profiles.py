"""Profiles and cards against tables worked out by hand, other programs and what is true of the teaching company."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2_contingency, ttest_ind
from statsmodels.stats.multitest import multipletests

import portfoy as pf
from helpers import plain
from portfoy.customers import customer_table
from portfoy.errors import DataError
from portfoy.firm import Firm
from portfoy.people import people_table, with_traits
from portfoy.selection import profiles
from portfoy.selection.cards import Cards, cards
from portfoy.selection.categories import category_table
from portfoy.selection.profiles import profile_cards, profile_table
from portfoy.selection.rfm import rfm
from portfoy.simulate.truth import read_truth
from portfoy.words.result import Finding

TEACHING = Path(__file__).parents[1] / "data" / "teaching"


def base(**columns):
    table = pd.DataFrame(columns)
    table.insert(0, "customer_id", [f"{number:04d}" for number in range(len(table))])
    return table.assign(revenue=table["revenue"].astype(float))


@pytest.fixture
def four():
    return base(revenue=[60, 20, 10, 10], purchases=[3, 1, 1, 5], margin=[30, None, 4, 2], segment=list("aabb"))


@pytest.fixture(scope="module")
def planted():
    """2,000 customers in two groups; in the second there are more of "shop" and of "tea", and they buy more often."""
    random = np.random.default_rng(4)
    n = 2000
    second = random.random(n) < 0.3
    return base(
        revenue=random.gamma(2, 50, n),
        purchases=random.geometric(np.where(second, 0.25, 0.5)),
        idle=random.integers(0, 300, n),
        segment=np.where(second, "second", "first"),
        channel=np.where(random.random(n) < np.where(second, 0.6, 0.3), "shop", "online"),
        region=random.choice(["Ege", "Marmara", "Akdeniz"], n),
        interests=np.where(random.random(n) < np.where(second, 0.5, 0.2), "reading;tea", "reading; garden;;garden"),
    )


@pytest.fixture(scope="module")
def firm(teaching):
    customers = customer_table(teaching.transactions)
    return teaching, with_traits(customers, people_table(teaching))


# (a) Worked out by hand


def test_four_customers_in_two_groups(four):
    table = profile_table(four)
    bounds = [name for name in table if name.endswith(("_low", "_high"))]
    expected = pd.DataFrame(
        {
            "group": ["a", "b", "all customers"],
            "customers": [2, 2, 4],
            "customer_share": [0.5, 0.5, 1],
            "revenue_share": [0.8, 0.2, 1],
            "revenue_each": [40.0, 10, 25],
            "margin_each": [30.0, 3, 12],  # of those whose margin is known
            "ticket": [20.0, 10 / 3, 10],
            "purchases": [2.0, 3, 2.5],
            "index_revenue": [160.0, 40, 100],
            "index_margin": [250.0, 25, 100],
            "index_ticket": [200.0, 100 / 3, 100],
            "index_purchases": [80.0, 120, 100],
        }
    )
    pd.testing.assert_frame_equal(table.drop(columns=bounds), expected)
    assert len(bounds) == 8
    assert table[bounds].iloc[-1].isna().all()


LOG = pd.DataFrame(
    [
        ("a", "1", "2024-01-01", "P1", 10.0),
        ("a", "1", "2024-01-01", "P2", 5.0),
        ("a", "2", "2024-01-05", "P1", -2.0),
        ("b", "3", "2024-01-06", "P9", 7.0),  # in no list of products
        ("b", "4", "2024-02-01", "P1", 99.0),  # after the day
    ],
    columns=["customer_id", "order_id", "ordered_on", "product_id", "amount"],
)
PRODUCTS = pd.DataFrame({"product_id": ["P1", "P2"], "category": ["Kitchen", "Bath"]})


def test_what_each_customer_spent_on_each_category():
    table = category_table(LOG, PRODUCTS, as_of="2024-01-31")
    expected = pd.DataFrame(
        {"customer_id": ["a", "a", "b"], "category": ["Bath", "Kitchen", None], "revenue": [5.0, 8.0, 7.0]}
    )
    table = table.sort_values(["customer_id", "category"], ignore_index=True)
    pd.testing.assert_frame_equal(table, expected, check_dtype=False)
    assert category_table(LOG, None) is None


# (b) Other programs


def line(cards, group, level):
    found = cards[(cards["group"] == group) & (cards["level"] == level)]
    assert len(found) == 1
    return found.iloc[0]


def test_traits_are_tested_by_chi_square(planted):
    cards = profile_cards(planted)
    shop = line(cards, "second", "shop")
    judge = chi2_contingency(pd.crosstab(planted["segment"], planted["channel"]), correction=False)
    assert shop["p_value"] == pytest.approx(judge.pvalue, rel=1e-6)
    inside = planted["segment"] == "second"
    assert shop["share"] == pytest.approx((planted.loc[inside, "channel"] == "shop").mean())
    assert shop["base_share"] == pytest.approx((planted["channel"] == "shop").mean())
    assert shop["index"] == pytest.approx(100 * shop["share"] / shop["base_share"])
    tea = line(cards, "second", "tea")  # one of several words of a customer
    has = planted["interests"].str.contains("tea")
    assert tea["p_value"] == pytest.approx(
        chi2_contingency(pd.crosstab(inside, has), correction=False).pvalue, rel=1e-6
    )


def test_the_share_interval_is_that_of_a_bootstrap(planted):
    shop = line(profile_cards(planted), "second", "shop")
    second, shops = (planted["segment"] == "second").to_numpy(), (planted["channel"] == "shop").to_numpy()
    random, draws = np.random.default_rng(0), []
    for _draw in range(2000):
        rows = random.integers(0, len(planted), len(planted))
        draws.append(100 * shops[rows][second[rows]].mean() / shops[rows].mean())
    assert [shop["index_low"], shop["index_high"]] == pytest.approx(np.quantile(draws, [0.025, 0.975]), rel=0.015)


def test_ways_of_buying_are_tested_by_welch(planted):
    cards = profile_cards(planted)
    inside = planted["segment"] == "second"
    often = line(cards, "second", "purchases per customer")
    judge = ttest_ind(planted.loc[inside, "purchases"], planted.loc[~inside, "purchases"], equal_var=False)
    assert often["p_value"] == pytest.approx(judge.pvalue, rel=1e-6)
    assert (often["average"], often["base_average"]) == pytest.approx(
        (planted.loc[inside, "purchases"].mean(), planted["purchases"].mean())
    )


def test_the_correction_for_many_questions_is_that_of_statsmodels(planted, monkeypatch):
    random = np.random.default_rng(1)
    many = planted.assign(
        segment=random.choice([*"abcdefgh"], len(planted)), region=random.choice([*"klmnopq"], len(planted))
    )
    many.loc[many["segment"] == "a", "region"] = np.where(
        random.random((many["segment"] == "a").sum()) < 0.25, "k", "l"
    )
    monkeypatch.setattr(profiles, "NOTABLE", 1.0)
    found = profile_cards(many, most=99).query("kind == 'trait'")
    monkeypatch.setattr(profiles, "FALSE_SHARE", 1.1)
    every = profile_cards(many, most=99).query("kind == 'trait'")
    kept = every[multipletests(every["p_value"], alpha=0.05, method="fdr_bh")[0]]
    assert 0 < len(found) < len(every)
    columns = ["group", "trait", "level"]
    assert set(found[columns].itertuples(index=False)) == set(kept[columns].itertuples(index=False))


# (c) Known truth


def test_only_what_was_planted_is_on_the_cards(planted):
    cards = profile_cards(planted)
    told = set(cards.query("kind == 'trait'")[["group", "level"]].itertuples(index=False, name=None))
    assert {("second", "shop"), ("second", "tea")} <= told
    assert not {level for _group, level in told} & {"Ege", "Marmara", "Akdeniz", "reading"}


@pytest.mark.parametrize("draws", [20, pytest.param(60, marks=pytest.mark.study)])
def test_chance_alone_seldom_makes_a_card(draws):
    """Where nothing differs, a sheet with a line of some kind is a false one: at most 5 % for each of two kinds."""
    sheets = 0
    for seed in range(draws):
        random = np.random.default_rng(seed)
        n = 600
        customers = base(
            revenue=random.gamma(2, 50, n), purchases=random.geometric(0.4, n), segment=random.choice([*"abcd"], n),
            region=random.choice([*"klmno"], n), type=random.choice([*"xyz"], n),
        )  # fmt: skip
        sheets += profile_cards(customers)["trait"].notna().any()
    assert sheets <= draws * 0.1 + 3 * np.sqrt(draws * 0.1 * 0.9)  # 3 standard errors


@pytest.mark.parametrize(("trait", "field"), [("income_band", "spend_by_income"), ("region", "spend_by_region")])
def test_spend_multipliers_of_the_teaching_company_are_in_the_index(firm, trait, field):
    """The index of revenue per purchase, among consumers: 100 x the multiplier over its mean, purchases as weights."""
    consumers = firm[1].query("type == 'consumer'")
    times = getattr(read_truth(TEACHING / "truth" / "truth.toml"), field)
    table = profile_table(consumers, by=trait, confidence=0.997).iloc[:-1].set_index("group")  # 3 standard errors
    base_times = (consumers[trait].map(times).astype(float) * consumers["purchases"]).sum() / consumers[
        "purchases"
    ].sum()
    for group, row in table.iterrows():
        assert row["index_ticket_low"] <= 100 * times[group] / base_times <= row["index_ticket_high"], group


def test_gender_has_no_effect_and_is_on_no_card(firm):
    cards = profile_cards(pf.rfm(firm[1]).table)
    assert "Gender" not in set(cards["trait"])
    assert "Interest" not in set(cards["trait"])


def test_categories_of_a_group_add_up(firm):
    tables, customers = firm
    spent = category_table(tables.transactions, tables.products)
    assert spent["revenue"].sum() == pytest.approx(customers["revenue"].sum())
    likes_tea = spent[spent["category"] == "Tea and coffee"].set_index("customer_id")["revenue"]
    share = customers["customer_id"].map(likes_tea).fillna(0) / customers["revenue"]
    customers = customers.assign(segment=np.where(share > 0.4, "tea lovers", "others"))
    found = line(profile_cards(customers, categories=spent), "tea lovers", "Tea and coffee")
    lovers = customers["segment"] == "tea lovers"
    money = customers["customer_id"].map(likes_tea).fillna(0)
    assert found["share"] == pytest.approx(money[lovers].sum() / customers.loc[lovers, "revenue"].sum())
    assert found["base_share"] == pytest.approx(money.sum() / customers["revenue"].sum())


# (d) Properties


def test_order_of_rows_and_currency_do_not_matter(planted):
    shuffled = planted.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(profile_cards(shuffled), profile_cards(planted))
    pd.testing.assert_frame_equal(profile_table(shuffled), profile_table(planted))
    dear = profile_table(planted.assign(revenue=planted["revenue"] * 1e6))
    pd.testing.assert_series_equal(dear["index_revenue_low"], profile_table(planted)["index_revenue_low"])


def test_groups_can_be_a_trait_and_then_it_is_on_no_card(planted):
    cards = profile_cards(planted, by="channel")
    assert set(cards["group"]) == {"shop", "online"}
    assert "channel" not in set(cards["trait"])
    assert profile_table(planted, by="region")["group"].tolist()[-1] == "all customers"


def test_one_customer_and_groups_too_small_to_tell():
    one = base(revenue=[5], purchases=[1], segment=["only"], region=["Ege"])
    assert profile_cards(one)[["group", "customers", "revenue_share"]].to_numpy().tolist() == [["only", 1, 1.0]]
    assert profile_cards(one)["trait"].isna().all()
    assert profile_table(one)["index_revenue"].tolist() == [100, 100]


def test_a_group_that_nobody_put_anywhere(four):
    table = profile_table(four.assign(segment=["a", None, "a", "a"]))
    assert table["group"].tolist() == ["a", "not known", "all customers"]
    assert profile_cards(four.assign(segment=["a", None, "a", "a"]))["group"].tolist() == ["a", "not known"]


# (e) Errors


@pytest.mark.parametrize("make", [profile_table, profile_cards])
def test_a_column_that_is_missing(four, make):
    with pytest.raises(DataError) as error:
        make(four.drop(columns=["segment", "purchases"]))
    assert str(error.value) == (
        "cards: columns 'segment', 'purchases' are missing; the table has 'customer_id', 'revenue', 'margin'. Take "
        "firm.customers."
    )


@pytest.mark.parametrize("make", [profile_table, profile_cards])
def test_nobody_and_no_revenue(four, make):
    with pytest.raises(DataError) as error:
        make(four.iloc[:0])
    assert str(error.value) == ("cards: there are no customers. Check the date and the data.")
    with pytest.raises(DataError) as error:
        make(four.assign(revenue=-1.0))
    assert str(error.value) == (
        "customers: the total of 'revenue' is -4.00, not above zero. Check returns and the sign of amounts."
    )


@pytest.mark.parametrize(
    ("log", "products"), [(LOG.drop(columns="product_id"), PRODUCTS), (LOG, PRODUCTS[["product_id"]])]
)
def test_without_products_or_categories_none_is_told(log, products):
    assert category_table(log, products) is None


# (f) What is shown


def shown(customers, by="segment"):
    return Cards(profile_cards(customers, by=by), profile_table(customers, by=by), "TRY", 0.95)


def test_the_clearest_difference_is_the_heading(planted):
    found = shown(planted)
    traits = found.table.query("kind == 'trait'")
    first = traits.loc[traits["p_value"].idxmin()]
    label = {"channel": "Channel", "interests": "Interest"}[first["trait"]]
    more = "more" if first["index"] > 100 else "less"
    assert found.finding().text == (
        f"“{first['group']}” are {more} often “{first['level']}” ({label}) than others: {first['share']:.0%}"
    )
    profiles = found.profiles.iloc[:-1]
    most = profiles.loc[profiles["revenue_each"].idxmax()]
    assert plain(found.reading()) == (
        f"Of all customers it is {first['base_share']:.0%}. “{most['group']}” brought most each: "
        f"TRY {most['revenue_each']:.3g}, TRY {found.profiles['revenue_each'].iloc[-1]:.3g} on average."
    )


def test_groups_that_differ_only_in_how_they_buy(planted):
    found = shown(planted.drop(columns=["channel", "region", "interests"]))
    assert re.fullmatch(
        r"“(first|second)” have \d\.\d\d times the average purchases per customer", found.finding().text
    )
    assert "brought most each" in found.reading()


def test_one_group_or_none_that_differs_is_no_finding(planted):
    alone = shown(planted.assign(segment="only"))
    assert (alone.finding().text, alone.finding().nothing) == ("All customers are in one group, “only”", True)
    assert alone.reading() == ""
    alike = shown(planted.assign(segment=np.where(np.arange(len(planted)) % 2, "$5 \\frac $x$", "<b>Şoför</b>")))
    assert alike.finding() == Finding("No group differs beyond chance", nothing=True)


def test_a_card_is_a_row_that_says_who_they_are_and_how_they_buy(planted):
    found = shown(planted)
    first, second = (table.texts for table in found.summary())
    assert list(first) == ["Group", "Who they are", "How they buy"]  # no category is known
    shop = line(found.table, "second", "shop")
    row = first.set_index("Group").loc["second"]
    assert f"Channel: shop {shop['index']:.0f}" in row["Who they are"].split("; ")
    assert any(each.startswith("purchases per customer ") for each in row["How they buy"].split("; "))
    assert second["Group"].tolist() == ["first", "second", "all customers"]
    content = found.content()
    assert content["chart"] is None
    assert found.method().endswith(" Intervals: 95%.")


def test_a_firm_gives_traits_and_categories_and_its_confidence(teaching):
    firm = Firm.of(teaching.transactions, currency="TRY", confidence=0.8, products=teaching.products.to_pandas())
    found = cards(firm, rfm(firm))
    judge = profile_table(rfm(firm).table, confidence=0.8)
    pd.testing.assert_frame_equal(found.profiles, judge)
    assert "95%" not in str(found.content())
    assert cards(firm, rfm(firm), by="income_band").reason.startswith("cards: column 'income_band' is missing;")
