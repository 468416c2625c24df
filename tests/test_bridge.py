"""The bridge of revenue: it adds up to the cent, by whatever order, and tells mix from change.

Judges: permutations of the factors by plain loops; pandas on the rows; the hidden table of the subscription preset.
"""

from itertools import permutations

import numpy as np
import pandas as pd
import pytest

import portfoy as pf
from portfoy import Firm
from portfoy.simulate.presets import subscription

LINES = [  # customer, order, day, product, pieces, amount
    ("A", "1", "2024-07-01", "tea", 2, 20.0),
    ("A", "2", "2024-12-01", "cup", 1, 8.0),
    ("B", "3", "2025-02-01", "tea", 1, 10.0),
    ("B", "4", "2025-02-09", "pot", 1, 40.0),
    ("A", "5", "2025-08-01", "tea", 3, 36.0),
    ("A", "5", "2025-08-01", "cup", 1, 9.0),
    ("C", "6", "2025-10-01", "tea", 1, 13.0),
    ("C", "7", "2026-01-05", "pan", 2, 50.0),
    ("B", "8", "2026-05-05", "pot", 1, 44.0),
    ("B", "8", "2026-05-20", "pot", -1, -44.0),  # returned
]
NAMES = ["customer_id", "order_id", "ordered_on", "product_id", "quantity", "amount"]
TYPES = pd.DataFrame({"customer_id": list("ABC"), "type": ["firm", "consumer", "consumer"]})


def frame(lines=LINES):
    return pd.DataFrame(lines, columns=NAMES)


def opened(table, **tables):
    return Firm.of(transactions=table, as_of="2026-06-30", currency="EUR", **tables)


def effects(found):
    return found.table.set_index("factor")["effect"]


def by_hand(table, types):
    """Factor -> effect, by changing one factor after another in each of the 720 orders, with dicts and loops."""
    kind = dict(types.itertuples(index=False))
    sold, sides = table[table["amount"] >= 0], {}
    for side, (first, last) in {"then": ("2024-07-01", "2025-06-30"), "now": ("2025-07-01", "2026-06-30")}.items():
        rows = sold[(sold["ordered_on"] >= first) & (sold["ordered_on"] <= last)]
        rows = rows.assign(kind=rows["customer_id"].map(kind))
        at = {"customers": rows["customer_id"].nunique()}
        at["mix"] = {k: g["customer_id"].nunique() / at["customers"] for k, g in rows.groupby("kind")}
        days = {k: len(g[["customer_id", "ordered_on"]].drop_duplicates()) for k, g in rows.groupby("kind")}
        at["often"] = {k: days[k] / g["customer_id"].nunique() for k, g in rows.groupby("kind")}
        at["pieces"] = {k: g["quantity"].sum() / days[k] for k, g in rows.groupby("kind")}
        each = rows.groupby(["kind", "product_id"])[["quantity", "amount"]].sum()
        at["price"] = (each["amount"] / each["quantity"]).to_dict()
        whole = rows.groupby("kind")["quantity"].sum()
        at["goods"] = {key: n / whole[key[0]] for key, n in each["quantity"].items()}
        sides[side] = at
    for name in ("often", "pieces", "price"):  # sold on one side only: no change of level
        for mine, other in (("then", "now"), ("now", "then")):
            sides[mine][name] = sides[other][name] | sides[mine][name]

    def sales(at):
        return at["customers"] * sum(
            share * at["often"][k] * at["pieces"][k]
            * sum(part * at["price"][key] for key, part in at["goods"].items() if key[0] == k)
            for k, share in at["mix"].items()
        )  # fmt: skip

    found, orders = dict.fromkeys(sides["now"], 0.0), list(permutations(sides["now"]))
    for order in orders:
        at = dict(sides["then"])
        for name in order:
            before, at[name] = sales(at), sides["now"][name]
            found[name] += (sales(at) - before) / len(orders)
    return found


def test_each_part_is_that_of_all_orders_worked_through_by_hand():
    found = effects(pf.bridge(opened(frame(), customers=TYPES)))
    hand = by_hand(frame(), TYPES)
    names = {"customers": "customers", "mix": "customer_mix", "often": "frequency", "pieces": "quantity"}
    names |= {"price": "price", "goods": "product_mix"}
    assert {name: found[ours] for name, ours in names.items()} == pytest.approx(hand, abs=1e-9)
    assert found["returns"] == -44


def test_the_parts_add_up_to_the_cent_whatever_the_rows_the_money_and_the_names():
    known = pf.bridge(opened(frame(), customers=TYPES))
    assert (known.then, known.now) == (78.0, 108.0)  # by the rows above
    assert effects(known).sum() == pytest.approx(30.0, abs=0.005)
    shuffled = pf.bridge(opened(frame().sample(frac=1, random_state=3), customers=TYPES.iloc[::-1]))
    pd.testing.assert_series_equal(effects(shuffled), effects(known), rtol=1e-12)
    dearer = pf.bridge(opened(frame().assign(amount=frame()["amount"] * 1_000), customers=TYPES))
    pd.testing.assert_series_equal(effects(dearer), effects(known) * 1_000, rtol=1e-12)
    renamed = frame().assign(product_id=frame()["product_id"].map({"tea": "z", "cup": "<b>", "pot": "a", "pan": "ş"}))
    pd.testing.assert_series_equal(effects(pf.bridge(opened(renamed, customers=TYPES))), effects(known), rtol=1e-12)


def test_only_what_changed_has_an_effect():
    before = frame([line for line in LINES if line[2] < "2025-07-01"])
    later = before.assign(ordered_on=before["ordered_on"].str.replace("2025", "2026").str.replace("2024", "2025"))
    later["order_id"] += "b"
    for name, change in {
        "price": {"amount": 1.25},
        "quantity": {"amount": 2.0, "quantity": 2.0},
    }.items():
        table = pd.concat([before, later.assign(**{key: later[key] * by for key, by in change.items()})])
        found = effects(pf.bridge(opened(table, customers=TYPES)))
        assert found.drop(name).abs().max() < 1e-9
        assert found[name] == pytest.approx(before["amount"].sum() * (change["amount"] - 1))
    twice = later.assign(customer_id=later["customer_id"] + "x", order_id=later["order_id"] + "x")
    found = effects(pf.bridge(opened(pd.concat([before, later, twice]))))
    assert found["customers"] == pytest.approx(before["amount"].sum())
    assert found.drop("customers").abs().max() < 1e-9


def test_without_pieces_it_is_what_a_purchase_holds_and_prices_are_those_of_the_index():
    plain = frame().drop(columns=["quantity", "product_id"])
    found = pf.bridge(opened(plain))
    assert list(found.table["factor"]) == ["customers", "frequency", "ticket", "returns"]
    assert effects(found).sum() == pytest.approx(30.0)
    before = plain[(plain["ordered_on"] < "2025-07-01")]
    later = before.assign(ordered_on=before["ordered_on"].str.replace("2025", "2026").str.replace("2024", "2025"))
    later = later.assign(amount=1.5 * later["amount"], order_id=later["order_id"] + "b")
    priced = pf.bridge(Firm.of(transactions=pd.concat([before, later]), as_of="2026-06-30", prices=0.5))
    assert effects(priced)["price"] == pytest.approx(0.5 * before["amount"].sum(), abs=1e-4)  # to six digits a line
    assert effects(priced).drop("price").abs().max() < 1e-4
    assert (priced.real, priced.level) == pytest.approx((0.0, 0.5 * before["amount"].sum()), abs=1e-4)


def test_the_heading_is_of_what_went_the_way_revenue_went():
    """Truth: twice as many customers, who buy a third as often: revenue falls, and so the second is said."""
    rows = [(f"{c:03d}", f"a{c}{day}", day, "tea", 1, 10.0) for c in range(100)
            for day in ("2024-07-02", "2024-10-01", "2024-11-01")]  # fmt: skip
    rows += [(f"{c:03d}", f"b{c}", "2025-09-01", "tea", 1, 10.0) for c in range(200)]
    found = pf.bridge(opened(frame(rows)))
    assert effects(found)["customers"] > 0 > found.change
    assert "Fewer purchases per customer cost" in found.finding().text


def test_it_is_the_change_that_the_years_tell_as_paid(teaching_firm):
    found, years = pf.bridge(teaching_firm), pf.years(teaching_firm)
    assert effects(found).sum() == pytest.approx(found.now - found.then, abs=0.005)
    paid = years.rows.loc["revenue", ["change_paid", "change"]].astype(float).dropna().iloc[0]  # as paid where priced
    assert found.now / found.then - 1 == pytest.approx(paid, abs=1e-9)
    told = found.table.set_index("factor")
    assert (np.sign(told["level_now"] - told["level_then"]) == np.sign(told["effect"]))[told["level_now"].notna()].all()
    assert "More customers brought TRY" in found.finding().text.replace("\xa0", " ")


@pytest.fixture(scope="module")
def service():
    made = subscription()
    return Firm.of(as_of="2025-06-30", currency="TRY", **made.tables), made.hidden["churn"].set_index("plan")


def test_churn_that_rises_in_every_plan_and_falls_in_all_is_told_apart_from_mix(service):
    """Simpson's paradox, by the expected churn that the preset hides."""
    firm, hidden = service
    found, expected = pf.bridge(firm).rates.set_index("group"), hidden.set_index("year_from", append=True)["churn"]
    last, plans = found.loc["all contracts"], ["basic", "plus", "pro"]
    assert (found.loc[plans, "churn_now"] > found.loc[plans, "churn_then"]).all()
    assert last["churn_now"] < last["churn_then"]
    share = {side: found.loc[plans, f"running_{side}"] / last[f"running_{side}"] for side in ("then", "now")}
    rise = expected.xs("2024-07-01", level=1)[plans] - expected.xs("2023-07-01", level=1)[plans]
    within = 100 * (rise * (share["then"] + share["now"]) / 2).sum()
    assert last["points_within_low"] < within < last["points_within_high"]
    assert last["points_all"] == pytest.approx(100 * (last["churn_now"] - last["churn_then"]))
    assert last["points_all"] == pytest.approx(found.loc[plans, "points_all"].sum())
    assert last["points_mix"] < 0 < last["points_within_low"]


def test_fees_of_contracts_are_contracts_times_plans(service):
    firm, _hidden = service
    found, table = pf.bridge(firm), firm.tables.subscriptions.to_pandas()
    for money, day in ((found.then, "2024-06-30"), (found.now, "2025-06-30")):
        day = pd.Timestamp(day)
        running = (pd.to_datetime(table["started_on"]) <= day) & ~(pd.to_datetime(table["ended_on"]) <= day)
        assert money == pytest.approx(table.loc[running, "monthly_fee"].sum())
    assert effects(found).sum() == pytest.approx(found.now - found.then)
    assert found.reading().startswith("Fees a month went from ")
    assert {*found.table["factor"]} <= {"contracts", "plan_mix", "price"}
    assert "customers" not in str(found.finding().text)


def test_what_cannot_be_compared_is_said():
    late = pf.bridge(opened(frame(LINES[4:])))
    assert not late
    assert str(late) == (
        "bridge: orders begin on 2025-08-01; 12 months to 2025-06-30 are needed beside these. Take fewer months."
    )
    returned = frame([("A", "1", "2024-07-01", "tea", -2, -20.0), ("A", "2", "2026-01-01", "tea", 1, 9.0)])
    assert str(pf.bridge(opened(returned))) == (
        "bridge: nothing was sold in one of the two periods. Take a later date."
    )
    assert not pf.bridge(Firm.of(as_of="2026-06-30", surveys=pd.DataFrame({"survey_id": ["1"], "customer_id": ["A"],
                                                                         "answered_on": ["2026-01-01"]})))  # fmt: skip


def test_real_orders_of_two_quarters_add_up(cdnow_log):
    found = pf.bridge(Firm.of(transactions=cdnow_log, as_of="1998-06-30"), months=3)
    assert found.reading().startswith("Revenue as paid of 3 months went from ")
    assert effects(found).sum() == pytest.approx(found.now - found.then, abs=0.005)
