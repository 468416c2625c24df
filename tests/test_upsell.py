"""Moves between tiers against plain pandas, lines dealt by a naive loop, planted moves and companies without any."""

import numpy as np
import pandas as pd
import pytest

from helpers import NAMES
from portfoy.deepening.upsell import upsell
from portfoy.firm import Firm

AS_OF, DAY = pd.Timestamp("2026-06-30"), pd.Timedelta(days=1)
TIERS = ["basic", "standard", "premium"]
GOODS = pd.DataFrame({"product_id": ["B", "S", "P"], "tier": TIERS})
PRICE, COST = {"B": 100.0, "S": 200.0, "P": 400.0}, {"B": 60.0, "S": 120.0, "P": 200.0}


def shop(seed, *, moved=0.0, customers=200, lines=8, goods=GOODS):
    """Customers who buy so many lines in each of two years, mostly of one tier; a share of them one tier up later.

    Who will move buys a little of the tier above before.
    """
    random, rows = np.random.default_rng(seed), []
    for number in range(customers):
        moves = random.random() < moved
        for year, start in enumerate((-725, -360)):
            chances = [0.7, 0.3, 0.0] if moves and not year else [0.05, 0.9, 0.05] if moves else [0.75, 0.2, 0.05]
            for line in range(lines):
                day = AS_OF + DAY * int(start + random.integers(0, 350))
                rows.append(
                    (f"{number:04d}", f"{number}-{year}-{line}", day, str(random.choice(["B", "S", "P"], p=chances)))
                )
    table = pd.DataFrame(rows, columns=["customer_id", "order_id", "ordered_on", "product_id"])
    table = table.assign(amount=table["product_id"].map(PRICE), unit_cost=table["product_id"].map(COST), quantity=1.0)
    return Firm.of(table, as_of=AS_OF, currency="TRY", products=goods)


def mains(firm, goods):
    """The main tier of each customer and year, 1 the last, by plain pandas."""
    log = firm.log.to_pandas().merge(goods, on="product_id")
    log = log[log["amount"] > 0]
    day = pd.to_datetime(log["ordered_on"])
    log["year"] = np.select([day > "2025-06-30", day > "2024-06-30"], [1, 0], -1)
    counts = log.groupby(["customer_id", "year", "tier"]).size().unstack(fill_value=0)[TIERS]
    counts = counts[counts.sum(axis=1) >= 3]
    return counts.idxmax(axis=1).unstack(), counts


def test_flows_of_the_teaching_company_are_those_of_plain_pandas(teaching_firm):
    found = upsell(teaching_firm)
    goods = teaching_firm.tables.products.to_pandas()[["product_id", "tier"]]
    main, counts = mains(teaching_firm, goods)
    both = main[[0, 1]].dropna()
    judge = both.groupby([0, 1]).size()
    flows = found.flows.set_index(["tier_before", "tier"])["customers"]
    assert flows.to_dict() == judge.to_dict()
    place = both.apply(lambda tiers: tiers.map(TIERS.index))
    assert found.moves["up"] == pytest.approx((place[1] > place[0]).mean())
    assert found.moves["down"] == pytest.approx((place[1] < place[0]).mean())
    lines = counts.xs(1, level="year")
    assert found.table["tier"].to_list() == TIERS
    assert lines.sum().sum() <= teaching_firm.log.count().to_pandas()


def test_the_teaching_company_where_tiers_are_bought_by_lot_has_no_moves(teaching_firm):
    """Truth: products are drawn without regard to the customer, so there is nothing to find and no list."""
    found = upsell(teaching_firm)
    assert found.finding().nothing
    assert found.moves["chance_low"] < found.moves["up"] < found.moves["chance_high"]
    assert found.actions() == found.figures() == []
    assert found.listed.empty
    assert found.plot() is None
    found._repr_mimebundle_()


def test_chance_is_that_of_lines_dealt_one_by_one():
    firm = shop(5, moved=0.3, customers=60, lines=5)
    _main, counts = mains(firm, GOODS)
    random, shares = np.random.default_rng(1), []
    hands = [
        (np.repeat(range(3), rows.sum().to_numpy()), int(rows.xs(0, level="year").sum(axis=1).iloc[0]))
        for _customer, rows in counts.groupby(level="customer_id")
    ]
    for _draw in range(150):
        up = []
        for lines, first in hands:
            dealt = random.permutation(lines)
            was, now = (np.bincount(part, minlength=3).argmax() for part in (dealt[:first], dealt[first:]))
            up.append(now > was)
        shares.append(np.mean(up))
    assert upsell(firm).moves["chance"] == pytest.approx(np.mean(shares), abs=0.015)


@pytest.mark.study
def test_companies_without_moves_are_seldom_taken_to_move():
    """Twelve companies of customers with tastes that last: at most 2 with a p-value below 5 %."""
    values = [upsell(shop(seed, customers=60)).moves["p_up"] for seed in range(12)]
    assert sum(value < 0.05 for value in values) <= 2


def test_planted_moves_are_found_with_what_they_bring_and_make_a_list():
    """Three in ten go from 8 lines of TRY 52 of margin to 8 of TRY 84: TRY 256 more a year."""
    firm = shop(7, moved=0.3, customers=300)
    found = upsell(firm, offer_cost=5.0, contacts=30)
    moves = found.moves
    assert moves["p_up"] < 0.01
    assert moves["up"] == pytest.approx(0.3 + 0.7 * 0.08, abs=0.08)
    assert 180 < moves["extra"] < 290, "some who move do so by chance, and gain less"
    assert moves["extra_low"] > 100
    assert 0 < len(found.listed) <= 30
    assert {*found.listed["arm"]} == {"treatment", "control"}
    assert {*found.listed["tier"]} <= {"basic", "standard"}
    (action,) = found.actions()
    assert len(action.text.split()) <= 20
    assert len(found.finding().text.split()) <= 12
    assert found.figures()[0].value == moves["up"]
    assert len(found.plot().patches) == 3
    found._repr_mimebundle_()


def test_extra_margin_is_that_of_a_loop_over_tiers_and_thirds_of_margin():
    firm = shop(7, moved=0.3)
    log = firm.log.to_pandas()
    late, gain = pd.to_datetime(log["ordered_on"]) > "2025-06-30", log["amount"] - log["unit_cost"]
    now, then = (gain[part].groupby(log["customer_id"]).sum() for part in (late, ~late))
    main, _counts = mains(firm, GOODS)
    place = main.apply(lambda tiers: tiers.map(TIERS.index))
    low = place[place[0] < 2].index
    third = pd.qcut(then[low].rank(method="first"), 3, labels=False)
    total, weights = 0.0, 0
    for tier in (0, 1):
        for part in range(3):
            who = [name for name in low if place[0][name] == tier and third[name] == part]
            up = [now[name] - then[name] for name in who if place[1][name] > tier]
            rest = [now[name] - then[name] for name in who if place[1][name] <= tier]
            if min(len(up), len(rest)) > 1:
                total, weights = total + len(up) * (np.mean(up) - np.mean(rest)), weights + len(up)
    assert upsell(firm).moves["extra"] == pytest.approx(total / weights)


def test_where_nobody_surely_moves_nobody_is_listed_whatever_else_differs():
    """Companies without moves, over six seeds: an offer would be made to nobody we can name."""
    for seed in range(6):
        found = upsell(shop(seed, customers=60), hold_out_share=0.0)
        if not found.clear:
            assert found.listed.empty
            assert found.actions() == []
            assert found.total["n"] == 0


@pytest.mark.parametrize("pieces", [None, 0.0, -1.0])
def test_lines_of_no_known_number_are_of_one_piece(pieces):
    firm = shop(2, customers=40)
    lines = firm.log.to_pandas().assign(quantity=pieces)
    found = upsell(Firm.of(lines, as_of=AS_OF, products=GOODS))
    assert found.table["price"].to_list() == [100, 200, 400]


def test_tiers_of_other_names_go_by_the_price_of_a_piece():
    goods = GOODS.assign(tier=[NAMES[0], "x", NAMES[4]])
    found = upsell(shop(2, customers=40, goods=goods))
    assert found.table["tier"].to_list() == [NAMES[0], "x", NAMES[4]]
    assert found.table["price"].to_list() == [100, 200, 400]
    found._repr_mimebundle_()


def test_nothing_after_the_day_counts():
    firm = shop(3, customers=40)
    log = firm.log.to_pandas()
    later = log.head(50).assign(ordered_on=AS_OF + 9 * DAY, order_id="late", product_id="P")
    more = Firm.of(pd.concat([log, later]), as_of=AS_OF, products=GOODS)
    assert upsell(more).moves == pytest.approx(upsell(firm).moves, nan_ok=True)


@pytest.mark.parametrize(
    ("products", "reason"),
    [
        (None, "products: there is no such table; it needs product_id, tier. Add it to the source."),
        (GOODS[["product_id"]], "products: column 'tier' is missing"),
        (GOODS.assign(tier="basic"), "products: the lines of three years are of 1 tiers; two are needed."),
        (GOODS.assign(product_id="?"), "products: the lines of three years are of 0 tiers; two are needed."),
    ],
)
def test_it_says_in_a_sentence_what_is_missing(products, reason):
    log = shop(3, customers=5).log.to_pandas()
    found = upsell(Firm.of(log, as_of=AS_OF, **({} if products is None else {"products": products})))
    assert not found
    assert str(found).startswith(reason)


def test_few_customers_and_no_product_column():
    few = shop(3, customers=20)
    assert str(upsell(few)).startswith("upsell: 20 customers bought 3 lines or more in both years; 30 are needed.")
    bare = Firm.of(few.log.to_pandas().drop(columns="product_id"), as_of=AS_OF, products=GOODS)
    assert str(upsell(bare)).startswith("transactions: column 'product_id' is missing")
    assert not upsell(Firm.of(as_of=AS_OF, products=GOODS))
