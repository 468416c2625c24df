"""Share and size of wallet against plain pandas, simulated truth, planted spreads and figures worked out by hand."""

import numpy as np
import pandas as pd
import pytest

from helpers import NAMES, plain
from portfoy.deepening.wallet import wallet
from portfoy.firm import Firm
from portfoy.simulate import simulate

AS_OF, DAY = pd.Timestamp("2026-06-30"), pd.Timedelta(days=1)
NEEDED = ["customers", "transactions", "surveys", "price_index"]


@pytest.fixture(scope="module")
def found(teaching_firm):
    return wallet(teaching_firm)


def shop(own, reported, *, answers=1, **columns):
    """A firm each of whose customers bought for `own` in each of two years and said to spend `reported` (one a row)."""
    ids = [f"{number:04d}" for number in range(len(own))]
    days = [AS_OF - 500 * DAY, AS_OF - 100 * DAY]
    orders = [
        pd.DataFrame({"customer_id": ids, "order_id": f"{day}", "ordered_on": day, "amount": own}) for day in days
    ]
    orders = pd.concat(orders).assign(order_id=lambda table: table["order_id"] + table["customer_id"])
    told = np.asarray(reported, dtype=float).reshape(len(own), answers)
    asked = [
        pd.DataFrame({"customer_id": ids, "answered_on": AS_OF - (turn + 5) * DAY, "category_spend": told[:, turn]})
        for turn in range(answers)
    ]
    asked = pd.concat(asked).assign(survey_id=[str(number) for number in range(answers * len(own))])
    people = pd.DataFrame({"customer_id": ids}).assign(**columns)
    return Firm.of(orders, as_of=AS_OF, currency="TRY", surveys=asked, customers=people)


def test_the_share_of_a_type_is_the_ratio_of_sums_of_plain_pandas(teaching_firm, found):
    """Each answer beside the order lines, as paid, of the 365 days up to it; by a merge, not by the engine's join."""
    told = teaching_firm.tables.surveys.to_pandas().dropna(subset=["category_spend", "customer_id"])
    told["answered_on"] = pd.to_datetime(told["answered_on"])
    lines = teaching_firm.log.select("customer_id", "ordered_on", "amount").to_pandas()
    lines["ordered_on"] = pd.to_datetime(lines["ordered_on"])
    told = told[told["answered_on"] > AS_OF - 365 * DAY].reset_index(drop=True).reset_index()
    both = told.merge(lines, on="customer_id")
    both = both[(both["ordered_on"] <= both["answered_on"]) & (both["ordered_on"] > both["answered_on"] - 365 * DAY)]
    told["own"] = both.groupby("index")["amount"].sum()
    people = teaching_firm.tables.customers.to_pandas().drop_duplicates("customer_id").set_index("customer_id")["type"]
    sums = told.groupby(told["customer_id"].map(people))[["own", "category_spend"]].sum()
    rows = found.table.set_index("group")
    judge = sums["own"] / sums["category_spend"]
    assert rows["share"][judge.index].to_list() == pytest.approx(judge.to_list())

    recent = teaching_firm.recent(12)
    bought = recent[recent["revenue"] > 0].groupby("type")["revenue"].sum()
    assert rows["revenue"][judge.index].to_list() == pytest.approx(bought[judge.index].to_list())
    size = (bought / judge).sum()
    assert rows.loc["all customers", ["share", "wallet", "headroom"]].to_list() == pytest.approx(
        [bought.sum() / size, size, size - bought.sum()]
    )
    assert (
        plain(found.finding().text)
        == f"Of what customers spend in our category, {1 - bought.sum() / size:.0%} goes to others"
    )


def test_shares_and_noise_of_the_teaching_company_are_those_of_its_truth(simulated, found):
    truth = simulated.truth
    rows = found.table.set_index("group")
    for kind, share in truth.wallet_share.items():
        assert rows["share_low"][kind] < share < rows["share_high"][kind], kind
    assert found.counts["noise"] == pytest.approx(truth.wallet_noise, rel=0.1)
    assert found.counts["repeats"] > 300
    customers = found.customers
    true = customers["revenue"] * (1 / customers["group"].map(truth.wallet_share) - 1)
    held = customers["headroom_low"].le(true) & customers["headroom_high"].ge(true)
    assert held.mean() > 0.93
    assert customers["headroom"].sum() == pytest.approx(rows["headroom"]["all customers"], rel=0.01)


def planted(seed, n=400, spread=0.4, noise=0.25, share=0.3):
    """Customers whose shares differ, half of whom answered twice; and what others have of each."""
    random = np.random.default_rng(seed)
    own = random.gamma(2, 500, n)
    shares = share * np.exp(random.normal(spread**2 / 2, spread, n))  # 1 / share is right on average
    told = (own / shares)[:, None] * random.lognormal(-(noise**2) / 2, noise, (n, 2))
    told[: n // 2, 1] = np.nan
    told[n // 8 : n // 4] = np.nan  # an eighth gave no answer
    return shop(own, told, answers=2), own / shares - own


def test_intervals_of_customers_hold_planted_headroom():
    """Two companies: the bounds hold 95 % of what others have, of those who answered and of those who did not."""
    held, silent, found = [], [], None
    for seed in range(2):
        firm, true = planted(seed, n=2_000)
        found = wallet(firm)
        rows = found.customers
        true = np.maximum(true, 0)
        inside = rows["headroom_low"].le(true + 1e-6) & rows["headroom_high"].ge(true - 1e-6)
        held.append(inside[rows["answers"] > 0].mean())
        silent.append(inside[rows["answers"] == 0].mean())
    assert np.mean(held) == pytest.approx(0.95, abs=0.02)
    assert np.mean(silent) == pytest.approx(0.95, abs=0.03)
    assert found.counts["spread"] == pytest.approx(0.4, rel=0.15)
    assert found.table["group"].to_list() == ["all customers"], "no type is known"


def test_shrinking_comes_nearer_than_the_answer_and_than_the_group():
    """Judge: the planted shares, on the log."""
    firm, true = planted(3)
    rows = wallet(firm).customers
    told = firm.tables.surveys.to_pandas().groupby("customer_id")["category_spend"].mean()
    told = rows["customer_id"].map(told)
    own = rows["revenue"]
    size = true + own
    errors = {
        "shrunken": np.log(rows["wallet"] / size),
        "answer": np.log(told / size),
        "group": np.log(own / wallet(firm).table["share"].iloc[-1] / size),
    }
    off = {name: float((error[told.notna()] ** 2).mean()) for name, error in errors.items()}
    assert off["shrunken"] < min(off["answer"], off["group"])


def test_by_hand_without_repeats_each_has_the_share_of_all():
    found = wallet(shop([100.0] * 30, [400.0] * 15 + [200.0] * 15))
    row = found.table.iloc[-1]
    assert row[["share", "wallet", "headroom"]].to_list() == pytest.approx([1 / 3, 9_000, 6_000])
    assert found.customers["wallet"].to_list() == pytest.approx([300] * 30)
    assert found.customers["headroom_low"].max() < 150, "some bought from us twice as much of it, for all we know"
    assert "Too few gave several answers" in found.method()


def test_an_answer_below_what_was_bought_is_counted_and_leaves_no_headroom():
    found = wallet(shop([100.0] * 40, [50.0] * 10 + [400.0] * 30, answers=1))
    assert found.counts["above"] == 10
    assert "Answers below what was bought: 10" in found.method()
    assert (found.customers["headroom_low"] >= 0).all()


def test_answers_that_are_all_below_what_was_bought_are_no_answers_to_the_question():
    assert str(wallet(shop([100.0] * 40, [50.0] * 40, answers=1))) == (
        "surveys: those who answered say they spend less than they paid us, 50% of it. Ask for what "
        "they spend with all sellers."
    )


def test_answers_before_a_year_of_orders_and_of_who_bought_nothing_are_left_out():
    firm = shop([100.0] * 40 + [0.0] * 3, [400.0] * 43)
    surveys = firm.tables.surveys.to_pandas()
    early = surveys.head(5).assign(survey_id="e", answered_on=AS_OF - 450 * DAY)
    early["survey_id"] = [f"e{number}" for number in range(5)]
    more = Firm.of(firm.log.to_pandas(), as_of=AS_OF, surveys=pd.concat([surveys, early]))
    assert wallet(more).counts["left_out"] == 8
    assert wallet(more).table["base"].iloc[-1] == 40


def test_a_share_is_as_paid_and_headroom_at_the_prices_of_the_day():
    """Prices that double in a year: an order of March 22 counts 2 ** (3 / 12) times what was paid."""
    orders = shop([100.0] * 40, [400.0] * 40)
    tables = {"surveys": orders.tables.surveys.to_pandas()}
    found = wallet(Firm.of(orders.log.to_pandas(), as_of=AS_OF, prices=1.0, **tables))
    row = found.table.iloc[-1]
    assert row["share"] == pytest.approx(0.25)
    assert row["headroom"] == pytest.approx(40 * 300 * 2 ** (3 / 12))


def test_nothing_after_the_day_counts():
    day = pd.Timestamp("2025-12-31")
    company = simulate(customers=800, seed=2)
    tables = {name: company.tables[name] for name in NEEDED}
    log, told = tables["transactions"], tables["surveys"]
    later = told["answered_on"] > day
    moved = {
        **tables,
        "transactions": log.assign(amount=log["amount"].where(log["ordered_on"] <= day, 9e9)),
        "surveys": told.assign(category_spend=told["category_spend"].where(~later, 1e9)),
    }
    found = [wallet(Firm.of(as_of=day, **given)) for given in (tables, moved)]
    pd.testing.assert_frame_equal(found[0].customers, found[1].customers)
    assert {when: past.day for when, past in found[0].past.items()} == {
        when: past.day for when, past in found[1].past.items()
    }
    values = [[(past.value, past.p_value) for past in each.past.values()] for each in found]
    np.testing.assert_allclose(*values, rtol=1e-9)  # the engine adds up in another order


def test_the_list_is_of_customers_with_a_representative(teaching_firm, found):
    (action,) = found.actions()
    channel = teaching_firm.people.set_index("customer_id")["channel"]
    assert {*channel[action.table["customer_id"]]} == {"representative"}
    assert action.table["headroom_low"].is_monotonic_decreasing
    assert len(action.table) == 20
    assert len(action.text.split()) <= 20


def test_its_chart_names_each_share(found):
    ax = found.plot()
    assert [text.get_text() for text in ax.texts] == ["32%", "23%", "19%", "11%"]
    assert "consumer: 32%" in ax.figure.get_label()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"surveys": None}, "surveys: there is no such table; it needs customer_id, answered_on, category_spend."),
        ({"columns": ["survey_id", "customer_id", "answered_on"]}, "surveys: column 'category_spend' is missing"),
        ({"transactions": None}, "This needs orders, and the source has no table of transactions."),
        ({"rows": 12}, "surveys: 12 who bought in the year before told their category_spend; 30 are needed."),
        ({"rows": 0}, "surveys: 0 who bought in the year before told their category_spend; 30 are needed."),
    ],
)
def test_it_says_in_a_sentence_what_is_missing(change, reason):
    firm = shop([100.0] * 40, [300.0] * 40)
    surveys = firm.tables.surveys.to_pandas().head(change.get("rows", 40))
    surveys = surveys[change.get("columns", [*surveys])]
    tables = {} if change.get("surveys", 1) is None else {"surveys": surveys}
    tables |= {} if "transactions" in change else {"transactions": firm.log.to_pandas()}
    tables |= {"customers": firm.tables.customers.to_pandas()}
    found = wallet(Firm.of(as_of=AS_OF, **tables))
    assert not found
    assert str(found).startswith(reason)


def test_strange_names_and_missing_columns_do_no_harm():
    told = [200.0 + 7 * number for number in range(40)]
    firm = shop([100.0] * 40, told, type=[NAMES[number % 2] for number in range(40)])
    found = wallet(firm)
    assert {*found.table["group"]} == {*NAMES[:2], "all customers"}
    assert found.plot() is not None
    assert found.actions() == []
    found._repr_mimebundle_()


@pytest.mark.study
def test_shares_of_ten_companies_are_those_of_their_truth():
    """Of each type within two standard errors on 8 of 10 seeds; headroom of customers held."""
    inside, held = [], []
    for seed in range(10):
        company = simulate(seed=seed)
        found, truth = wallet(Firm.of(**{name: company.tables[name] for name in NEEDED})), company.truth.wallet_share
        rows = found.table.set_index("group")
        error = np.log(rows["share_high"] / rows["share_low"]) / 2 / 1.96
        inside.append(
            {kind: abs(np.log(rows["share"][kind] / true)) <= 2 * error[kind] for kind, true in truth.items()}
        )
        true = found.customers["revenue"] * (1 / found.customers["group"].map(truth) - 1)
        held.append((found.customers["headroom_low"].le(true) & found.customers["headroom_high"].ge(true)).mean())
    assert pd.DataFrame(inside).sum().ge(8).all()
    assert np.mean(held) > 0.93
