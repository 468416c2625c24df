"""Launches against counts by hand, statsmodels and scikit-learn, and the truth of the teaching company."""

import types
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from matplotlib.text import Text
from sklearn.metrics import roc_auc_score

from helpers import labels, message_of, plain
from portfoy.customers import customer_table
from portfoy.firm import Firm
from portfoy.models.bass import Bass, fit_bass
from portfoy.models.judging import area_with_interval
from portfoy.models.logistic import regress, stack
from portfoy.models.responders import Fit
from portfoy.selection import early
from portfoy.selection.early import early_adopters
from portfoy.selection.launch import (
    Launch,
    Product,
    adoption_table,
    launch,
    launch_curve,
    launch_table,
    launched_products,
    pick_product,
)
from portfoy.simulate import simulate
from portfoy.words.result import NotPossible

DAY = pd.Timestamp("2025-01-01")


def lines(*rows):
    """Order lines from (customer, day since 2025-01-01, product, amount)."""
    table = pd.DataFrame(rows, columns=["customer_id", "day", "product_id", "amount"])
    table["ordered_on"] = DAY + pd.to_timedelta(table.pop("day"), unit="D")
    return table.assign(order_id=[f"o{number}" for number in range(len(table))])


def tables(transactions, products=None):
    return types.SimpleNamespace(transactions=transactions, products=products)


def seen(transactions, **others):
    """A firm of these tables; those that are None are not there."""
    return Firm.of(transactions, **{name: table for name, table in others.items() if table is not None})


SMALL = lines(
    ("a", 0, "X", 5.0), ("a", 10, "N", 5.0), ("b", 10, "N", 5.0), ("a", 12, "N", 5.0), ("c", 16, "N", 5.0),
    ("b", 16, "X", 5.0), ("d", 17, "N", -5.0), ("e", 31, "N", 0.0), ("a", 32, "X", 1.0),
)  # fmt: skip


@pytest.fixture(scope="module")
def company(simulated):
    """The teaching company and its launch."""
    names = ["transactions", "products", "customers"]
    firm = seen(**{name: simulated.tables[name] for name in names})
    return firm, launch(firm)


def changed(simulated, **others):
    names = ["transactions", "products", "customers"]
    return seen(**{name: others.get(name, simulated.tables[name]) for name in names} | others)


# (a) By hand


def test_first_purchases_by_week():
    found = adoption_table(SMALL, "N", "2025-01-11")
    expected = pd.DataFrame(
        {
            "start_day": [0, 7, 14, 21],
            "end_day": [7, 14, 21, 23],  # the data end on 2 February
            "starts_on": pd.to_datetime(["2025-01-11", "2025-01-18", "2025-01-25", "2025-02-01"]),
            "adopters": [3, 0, 0, 1],  # a and b on day 0, c on day 6, e on day 21; d only gave back
            "cumulative": [3, 3, 3, 4],
        }
    )
    pd.testing.assert_frame_equal(found, expected, check_dtype=False)


def test_later_lines_are_not_seen_and_earlier_buyers_count_on_day_0():
    found = adoption_table(SMALL, "N", "2025-01-13", as_of="2025-01-20")
    assert found["adopters"].tolist() == [3, 0]
    assert found["end_day"].tolist() == [7, 8]


def many(product, first, buyers=40, every=2, start="c"):
    return [(f"{start}{number}", first + every * number, product, 1.0) for number in range(buyers)]


def catalogue():
    """Six products of which three came out within the data: L dated, U undated and late, E dated but sold before."""
    log = lines(
        *(("z", 0, "O", 1.0), ("z", 420, "O", 1.0)),
        *(*many("O", 1), *many("L", 100), *many("U", 200, 50), *many("V", 20), *many("F", 300, 9), *many("E", 250, 35)),
    )
    products = pd.DataFrame(
        {
            "product_id": ["O", "L", "U", "V", "F", "E", "never sold"],
            "name": ["Old", "Lamp", None, "Vase", "Few", "Early", "None"],
            "launched_on": pd.to_datetime(["2024-01-01", "2025-04-10", None, None, "2025-10-28", "2026-02-01", None]),
        }
    )
    return tables(log, products)


def test_launches_within_the_data_are_found():
    expected = pd.DataFrame(
        {
            "product_id": ["U", "L", "E"],  # V is undated and sold from the start, F found nine buyers
            "name": ["U", "Lamp", "Early"],
            "launched_on": pd.to_datetime(["2025-07-20", "2025-04-10", "2025-09-08"]),  # U, E: the first sale
            "days_on_sale": [221, 322, 171],
            "adopters": [50, 40, 35],
        }
    )
    pd.testing.assert_frame_equal(launched_products(catalogue()), expected, check_dtype=False)


def test_before_a_launch_it_is_not_known():
    assert launched_products(catalogue(), as_of="2025-06-01").empty
    assert launched_products(catalogue(), as_of="2025-08-01")["product_id"].tolist() == ["L"]


def test_the_launch_with_most_buyers_is_picked():
    launched = launched_products(catalogue())
    assert pick_product(launched) == Product("U", "U", pd.Timestamp("2025-07-20"), 221, 50, False, 2)
    assert pick_product(launched.assign(days_on_sale=[179, 180, 181])).product_id == "L"
    assert pick_product(launched.assign(days_on_sale=60)).choices == 3
    assert pick_product(launched, "lamp").given
    assert pick_product(launched, "E").product_id == "E"


# (b) Another program


@pytest.fixture(scope="module")
def asked():
    """Active customers before a launch and whether they were early: log odds -1.5, half a unit per ln purchases."""
    random, n = np.random.default_rng(3), 6000
    people = pd.DataFrame(
        {
            "customer_id": [f"{number:05d}" for number in range(n)],
            "purchases": random.geometric(0.3, n),
            "ticket": random.gamma(2, 50, n),
            "idle": random.integers(0, 365, n),
            "years": random.normal(45, 12, n),
            "channel": random.choice(["shop", "online", None], n, p=[0.6, 0.3, 0.1]),
        }
    )
    odds = (
        -1.5 + 0.5 * np.log(people["purchases"]) - 0.06 * (people["years"] - 45) + 0.7 * (people["channel"] == "online")
    )
    return people, random.random(n) < 1 / (1 + np.exp(-odds.to_numpy()))


def test_odds_ratios_agree_with_statsmodels(asked):
    people, outcome = asked
    logged = early._logged(people)
    terms = early._terms(logged)
    fit = Fit(terms, *regress(stack(terms, logged), outcome, early.PENALTY)[:2], None)
    found = early._odds(fit, 0.95).set_index("comparison")
    design = sm.add_constant(
        pd.DataFrame(
            {
                "ten years older": people["years"] / 10,
                "twice as many": np.log2(people["purchases"]),
                "twice as much": np.log2(people["ticket"]),
                "idle": np.log2(people["idle"] + 1),
                "online, against shop": people["channel"] == "online",
                "other or not known, against shop": people["channel"].isna(),
            }
        ).astype(float)
    )
    judge = sm.Logit(outcome, design).fit(disp=0)
    bounds = np.exp(judge.conf_int())
    names = ["ten years older", "twice as much", "online, against shop", "other or not known, against shop"]
    for name in names:
        row = found.loc[name]
        assert row["odds_ratio"] == pytest.approx(np.exp(judge.params[name]), rel=0.02)
        assert row["odds_ratio_low"] == pytest.approx(bounds.loc[name, 0], rel=0.02)
        assert row["odds_ratio_high"] == pytest.approx(bounds.loc[name, 1], rel=0.02)
    doubled = found[found["feature"] == "Purchases"]["odds_ratio"].iloc[0]
    assert doubled == pytest.approx(np.exp(judge.params["twice as many"]), rel=0.02)


def test_area_under_the_curve_agrees_with_scikit_learn_and_a_count_of_pairs():
    random = np.random.default_rng(1)
    hit = random.random(300) < 0.3
    score = np.round(random.normal(hit * 0.8, 1), 1)
    auc, low, high = area_with_interval(score, hit)
    assert auc == pytest.approx(roc_auc_score(hit, score))
    pairs = (score[hit][:, None] > score[~hit]) + 0.5 * (score[hit][:, None] == score[~hit])
    half = 1.959964 * np.sqrt(
        pairs.mean(axis=1).var(ddof=1) / hit.sum() + pairs.mean(axis=0).var(ddof=1) / (~hit).sum()
    )
    assert (low, high) == (pytest.approx(auc - half), pytest.approx(auc + half))


# (c) The truth of the teaching company


def test_the_bass_product_is_found_and_its_truth():
    truth = np.array([0.025, 0.38, 600])
    for seed in (23, 1, 2, 3):
        made = simulate(seed=seed).tables
        launched_on = made["products"].set_index("product_id")["launched_on"]["P114"]
        fit = fit_bass(adoption_table(made["transactions"], "P114", launched_on))
        errors = np.array([fit.standard_errors[name] for name in ("p", "q", "m")])
        assert (np.abs(np.array([fit.p, fit.q, fit.m]) - truth) < 2.5 * errors).all(), seed
        low, high = fit.interval("m")
        assert low - 2 <= 600 <= high + 2
        assert fit.open == ""


def test_half_way_the_end_is_forecast(company):
    firm, found = company
    fit = launch(firm.on("2025-08-31"), product=found.product.product_id).bass
    low, high = fit.interval("m")
    assert low < 600 < high
    assert high < 900


def test_early_adopters_are_young_as_planted(company, simulated):
    firm, taken = company
    found = early_adopters(firm, taken)
    age = found.table[found.table["feature"] == "Age"].iloc[0]
    assert age["odds_ratio_high"] < 1  # the young lead
    assert found.auc_low > 0.5
    born = simulated.tables["customers"].set_index("customer_id")["birth_year"]
    assert born[found.listed["customer_id"]].astype(float).mean() > 1985 > born.astype(float).mean()
    product = taken.product
    first = adoption_table(firm.log, product.product_id, product.launched_on, as_of=found.until)
    m = taken.bass.m
    assert first["cumulative"].iloc[-1] >= 0.16 * m > first["cumulative"].iloc[-1] - first["adopters"].iloc[-1]


def test_early_adopters_are_counted_as_by_hand(company, simulated):
    firm, taken = company
    found, product = early_adopters(firm, taken, contacts=7), taken.product
    log = simulated.tables["transactions"]
    before = log[log["ordered_on"] < product.launched_on]
    last = before.groupby("customer_id")["ordered_on"].max()
    active = last[(product.launched_on - last).dt.days - 1 <= 365].index
    bought = log[log["product_id"] == product.product_id].groupby("customer_id")["ordered_on"].min()
    first = set(bought[bought <= found.until].index)
    assert found.early == len(first & set(active))
    assert found.others == len(set(active) - first)
    assert len(found.listed) == 7
    assert found.listed["p_early"].is_monotonic_decreasing
    assert (found.listed["p_early_low"] < found.listed["p_early"]).all()
    assert (found.listed["why"] != "").all()


def test_where_traits_tell_nothing_there_is_no_list(company, simulated):
    _firm, taken = company
    product, log = taken.product, simulated.tables["transactions"].copy()
    of_it = log["product_id"] == product.product_id
    random = np.random.default_rng(5)
    known = customer_table(log[~of_it], as_of=product.launched_on - pd.Timedelta(days=1))
    pool = known.loc[known["idle"] <= 365, "customer_id"].to_numpy()
    log.loc[of_it, "customer_id"] = random.choice(pool, of_it.sum())  # anybody may have been first
    found = early_adopters(changed(simulated, transactions=log), taken)
    assert found.auc_low <= 0.5
    assert found.listed.empty
    assert list(found.listed) == ["customer_id", "why", "p_early", "p_early_low", "p_early_high"]
    assert found.finding().nothing
    assert found.finding().text == "Nothing known tells who takes a launch up first"
    assert (found.actions(), found.reading()) == ([], "")


# (d) Properties


def test_currency_and_row_order_do_not_matter(company, simulated):
    firm, taken = company
    log = simulated.tables["transactions"]
    one = early_adopters(firm, taken)
    other = log.assign(amount=log["amount"] * 100).sample(frac=1, random_state=2)
    two = early_adopters(changed(simulated, transactions=other), taken)
    pd.testing.assert_frame_equal(one.table, two.table, rtol=1e-4)
    assert one.auc == pytest.approx(two.auc)
    assert one.listed["customer_id"].tolist()[:20] == two.listed["customer_id"].tolist()[:20]


def test_early_adopters_without_a_customers_table(company, simulated):
    found = early_adopters(changed(simulated, customers=None), company[1])
    assert set(found.table["feature"]) == {"Purchases", "Revenue per purchase", "Days since last purchase"}


def test_very_many_customers_are_sampled(company, monkeypatch):
    firm, taken = company
    monkeypatch.setattr(early, "MOST", 1200)
    found = early_adopters(firm, taken)
    whole = 1200 / found.sampled
    assert found.sampled < 1
    assert found.early + found.others < 1200
    assert "A random sample: " in found.method()
    assert whole == pytest.approx((firm.customers["first_order"] < taken.product.launched_on).sum())


def test_without_a_value_or_a_launch(company):
    firm, taken = company
    found = early_adopters(firm, taken, value=NotPossible("no value"), contacts=5)
    pd.testing.assert_frame_equal(found.listed, early_adopters(firm, taken, contacts=5).listed)
    paid = early_adopters(firm, taken, contacts=5, budget=25.0, contact_cost=10.0).listed
    pd.testing.assert_frame_equal(paid, found.listed.head(2))
    nothing = NotPossible("no launch")
    assert early_adopters(firm, nothing) is nothing


def test_the_curve_goes_on_from_what_was_counted(company):
    taken = launch(company[0], weeks_ahead=10)
    curve, adoptions, fit = taken.curve, taken.adoptions, taken.bass
    assert len(curve) == len(adoptions) + 10
    pd.testing.assert_frame_equal(curve[list(adoptions)].head(len(adoptions)), adoptions, check_dtype=False)
    later = curve.tail(10)
    assert later["adopters"].isna().all()
    assert later["start_day"].iloc[0] == fit.days
    total = fit.adopters + later["expected"].cumsum()
    assert later["expected_total"].tolist() == pytest.approx(total.tolist())
    assert (later["expected_total_low"] >= fit.adopters).all()
    open_fit = Bass(0.01, 0.1, 5000, adopters=593, days=fit.days, open="the peak is still to come")
    assert len(launch_curve(adoptions, open_fit)) == len(adoptions)


def test_the_table_of_parameters_leaves_out_what_is_open(company):
    table, fit = company[1].table, company[1].bass
    assert table["parameter"].tolist() == ["p", "q", "m", "peak"]
    assert table["value"].tolist() == [fit.p, fit.q, fit.m, fit.peak()[0]]
    assert table["unit"].tolist() == ["share", "share", "count", "number"]
    assert ((table["value_low"] < table["value"]) & (table["value"] < table["value_high"])).all()
    assert launch_table(Bass(0.01, 0.1, 5000, open="x"))["parameter"].tolist() == ["q"]


# (e) Errors


def listed(table):
    return ", ".join(f"'{name}'" for name in table.columns)


def test_what_is_missing_is_named():
    log, products = catalogue().transactions, catalogue().products
    missing = "products: there is no such table; it needs product_id, launched_on. Add it to the source."
    assert message_of(launched_products, tables(log)) == launch(seen(log)).reason == missing
    bare = tables(log, products.drop(columns="launched_on"))
    assert message_of(launched_products, bare) == (
        f"products: column 'launched_on' is missing; the table has {listed(bare.products)}. Map them in portfoy.toml."
    )
    no_product = tables(log.drop(columns="product_id"), products)
    found = listed(no_product.transactions)
    expected = f"transactions: column 'product_id' is missing; the table has {found}. Map them in portfoy.toml."
    assert message_of(launched_products, no_product) == expected
    assert message_of(adoption_table, no_product.transactions, "N", DAY) == expected


def test_no_launch_and_an_unknown_product():
    launched = launched_products(catalogue())
    assert message_of(pick_product, launched.head(0)) == (
        "launch: no launch has 30 buyers. Check launched_on, or take a longer history."
    )
    assert message_of(pick_product, launched, "$5 <b>") == (
        "launch: no launched product is '$5 <b>'. Name one of U, L, E."
    )


def test_a_launch_to_come():
    assert message_of(adoption_table, SMALL, "N", "2026-01-01") == (
        "launch: N came out on 2026-01-01. Take a later date than 2025-02-02."
    )


def test_too_few_early_adopters():
    firm = seen(catalogue().transactions, products=catalogue().products)
    taken = replace(launch(firm), bass=Bass(0.1, 0.1, 60))
    assert early_adopters(firm, taken).reason == (
        "early_adopters: 10 were early, 31 not; 30 of each are needed. Take another product."
    )


# What is shown


def test_the_launch_is_drawn(company):
    taken = company[1]
    ax = taken.plot()
    curve, counted = taken.curve, taken.adoptions
    known = len(counted)
    lines = [line.get_ydata().tolist() for line in ax.lines[:3]]
    assert lines[0] == counted["cumulative"].tolist()
    assert lines[1] == curve["expected_total"].head(known).tolist()
    assert lines[2] == curve["expected_total"].tail(26).tolist()
    assert ax.lines[3].get_ydata() == [taken.bass.m] * 2
    assert ax.get_title(loc="left") == "Buyers of Master samovar"
    assert [text.get_text() for text in ax.figure.legends[0].get_texts()] == ["counted", "model", "to come"]
    assert ax.get_label() == "week by week; band: 95% interval"
    assert ax.figure.get_label().endswith("593 since 5 Nov 2024")
    assert len(labels(ax.xaxis)) <= 5


@pytest.mark.parametrize("name", ["$5 \\frac $x$", "n" * 200, "<b>İğdır</b>"])
def test_an_open_launch_of_any_name_is_drawn(company, name):
    adoptions = company[1].adoptions.head(12)
    covariance = company[1].bass.covariance
    fit = Bass(0.01, 0.1, 5000, covariance=covariance, adopters=58, days=84, open="the peak is still to come")
    taken = told(fit, name=name, days=84, adoptions=adoptions)
    ax = taken.plot()
    assert len(ax.lines) == 2
    assert not any(text.get_parse_math() for text in ax.figure.findobj(Text))
    assert "<svg" in taken.content()["chart"]["svg"]


def known(**other):
    covariance = pd.DataFrame(np.diag([0.002, 0.02, 10.0]) ** 2, ["p", "q", "m"], ["p", "q", "m"])
    return Bass(**{"p": 0.025, "q": 0.38, "m": 600.0, "covariance": covariance, "adopters": 560, "days": 457} | other)


def told(fit, *, name="Samovar", days=457, given=False, choices=8, adoptions=None):
    """The launch of one product with a model given by hand."""
    product = Product("P1", name, DAY, days, fit.adopters, given, choices)
    curve = None if adoptions is None else launch_curve(adoptions, fit)
    return Launch(launch_table(fit), pd.DataFrame(), product, adoptions, fit, curve)


def test_a_launch_is_told():
    taken = told(known(dispersion=4.0))
    low, high = taken.bass.interval("m")
    assert taken.finding().text == "Samovar will reach about 600 customers in the end"
    assert plain(taken.reading()) == (
        f"560 have bought it since 1 Jan 2025, {low:.0f}–{high:.0f} will in the end. Mostly buyers bring buyers: win "
        "the first ones."
    )
    assert " weeks that scatter 2.0 times as chance. " in taken.method()
    assert taken.method().endswith("It has the most buyers of 8 launches.")
    assert "most buyers" not in told(known(), given=True).method()


def test_an_open_launch_is_told():
    taken = told(known(open="the peak is still to come"))
    assert taken.finding().text == "Samovar has 560 customers so far; the end is open"
    assert plain(taken.reading()) == (
        "560 have bought it since 1 Jan 2025; how many will stays open, because the peak is still to come."
    )


@pytest.mark.parametrize(
    ("fit", "carried"),
    [
        ({"p": 0.3, "q": 0.0, "q_most": 0.05}, "Mostly they come by themselves: tell many."),
        ({"p": 0.1, "q": 0.1}, "Whether buyers bring buyers stays open."),
    ],
)
def test_what_carries_the_spread(fit, carried):
    assert told(known(**fit)).reading().endswith(f" in the end. {carried}")


def test_early_adopters_are_told(company):
    firm, taken = company
    found = early_adopters(firm, taken)
    assert found.finding().text == "Customers most like early adopters: 50"
    age = found.table[found.table["feature"] == "Age"].iloc[0]
    interval = f"({age['odds_ratio_low']:.2f}–{age['odds_ratio_high']:.2f})"
    assert plain(found.reading()) == (
        f"Surest: Age (ten years older), {age['odds_ratio']:.2f} times the odds {interval}. "
        "The next launch will tell whether it holds."
    )
    assert plain(found.method()).startswith(
        "Early: the first 16% of buyers expected (or so far): 63 active customers until 28 Feb 2025, "
        "against 1,340 who had not bought. Logistic regression "
    )
    assert [each.name for each in found.actions()] == ["early_adopters"]
    none = replace(found, surest=found.surest.head(0))
    assert none.reading() == "The next launch will tell whether it holds."


def test_a_firm_gives_its_confidence(simulated):
    names = ["transactions", "products", "customers"]
    firm = Firm.of(**{name: simulated.tables[name] for name in names}, confidence=0.8)
    taken = launch(firm)
    for found in (taken, early_adopters(firm, taken)):
        assert "80%" in found.method()
        assert "95%" not in str(found.content())
