"""Who will leave: against naive loops over the orders, planted drivers, nothing planted, and what a list must hold."""

import numpy as np
import pandas as pd
import pytest

import portfoy as pf
from helpers import plain
from portfoy.firm import LISTED, Firm
from portfoy.models.arms import draw
from portfoy.models.bg_nbd import BgNbd
from portfoy.models.discounted_value import discounted_value
from portfoy.models.gamma_gamma import GammaGamma
from portfoy.models.lists import effect_of, held_out
from portfoy.retention.histories import histories, with_service
from portfoy.retention.leaving import RULE, _put_right, leaving
from portfoy.simulate.presets import subscription
from portfoy.standing import rule_of

END, DAY = pd.Timestamp("2026-06-30"), pd.Timedelta(days=1)


def tables(seed, *, effect, customers=500, days=700):
    """Orders and complaints of customers who all buy alike; after a complaint so many stop, else one in 25."""
    random, orders, tickets = np.random.default_rng(seed), [], []
    for number in range(customers):
        day = int(random.integers(0, days))
        while day < days:
            date = END - (days - 1 - day) * DAY
            orders.append((f"{number:04d}", f"{number}-{day}", date, round(random.gamma(4, 25), 2)))
            complains = random.random() < 0.12
            if complains:
                tickets.append((f"T{len(tickets)}", f"{number:04d}", date, date + 5 * DAY, True, 2))
            if random.random() < (effect if complains else 0.04):
                break
            day += 1 + int(random.exponential(30))
    log = pd.DataFrame(orders, columns=["customer_id", "order_id", "ordered_on", "amount"])
    columns = ["ticket_id", "customer_id", "opened_on", "closed_on", "is_complaint", "touches"]
    return log, pd.DataFrame(tickets, columns=columns)


def company(seed, *, as_of=END, **planted):
    log, tickets = tables(seed, **planted)
    return Firm.of(log, as_of=as_of, currency="TRY", tickets=tickets)


@pytest.fixture(scope="module")
def planted():
    """A firm whose complaints drive customers away, and who will leave there."""
    firm = company(0, effect=0.8, customers=1_500)
    return firm, leaving(firm, offer_cost=5.0, p_works=0.2, contacts=100)


# What the models see


def test_histories_are_what_a_loop_over_the_orders_finds():
    log, tickets = tables(3, effect=0.8, customers=120)
    firm = Firm.of(log, as_of=END, tickets=tickets)
    seen, window = histories(firm), rule_of(firm).lapsed_days
    assert seen.horizon_days == seen.window == window
    rows = seen.examples
    assert rows["seen_on"].nunique() == 5
    assert (rows["known_on"] - rows["seen_on"]).min() >= window * DAY
    assert rows["known_on"].max() == END
    for row in rows.sample(150, random_state=1).itertuples():
        own = log[log["customer_id"] == row.customer_id]
        before = own[own["ordered_on"] <= row.seen_on]
        later = own[own["ordered_on"] <= row.known_on]["ordered_on"].max()
        assert row.idle == (row.seen_on - before["ordered_on"].max()) / DAY <= window
        assert row.purchases == before["ordered_on"].nunique()
        assert row.left == float((row.known_on - later) / DAY > window)
        age = max((row.seen_on - before["ordered_on"].min()) / DAY, 365)
        assert row.worth == pytest.approx(before["amount"].sum() * 365 / age)
        recent = tickets[(tickets["customer_id"] == row.customer_id) & (tickets["opened_on"] <= row.seen_on)]
        recent = recent[recent["opened_on"] > row.seen_on - 182 * DAY]
        assert (row.tickets, row.unsolved) == (len(recent), len(recent))  # each is a complaint of two touches
        assert row.open == (recent["closed_on"] > row.seen_on).sum()
    listed = rows.groupby("seen_on")["customer_id"].nunique()  # everybody who bought within the window, and nobody else
    for day, n in listed.items():
        last = log[log["ordered_on"] <= day].groupby("customer_id")["ordered_on"].max()
        assert n == (last >= day - window * DAY).sum()


def test_what_comes_after_the_day_changes_nothing():
    log, tickets = tables(4, effect=0.8, customers=200)
    day = END - 90 * DAY
    cut = Firm.of(log[log["ordered_on"] <= day], as_of=day, tickets=tickets[tickets["closed_on"] <= day])
    whole = Firm.of(log, as_of=day, tickets=tickets[(tickets["closed_on"] <= day) | (tickets["opened_on"] > day)])
    one, other = leaving(whole), leaving(cut)
    pd.testing.assert_frame_equal(one.table, other.table)
    pd.testing.assert_frame_equal(one.listed, other.listed)


def test_tickets_that_tell_neither_their_end_nor_their_kind_are_counted():
    log, tickets = tables(3, effect=0.8, customers=5)
    firm = Firm.of(log, as_of=END, tickets=tickets[["ticket_id", "customer_id", "opened_on"]])
    rows = with_service(firm, log[["customer_id"]].drop_duplicates().assign(seen_on=END))
    late = tickets[tickets["opened_on"] > END - 182 * DAY]["customer_id"].value_counts()
    assert rows["tickets"].tolist() == late.reindex(rows["customer_id"], fill_value=0).tolist()
    assert (rows[["open", "unsolved"]] == 0).all(axis=None)


# Which way is used


def test_a_strong_driver_beats_the_rule_in_money(planted):
    _firm, found = planted
    ways = found.ways.set_index("way")
    assert found.used != RULE
    assert ways.at[found.used, "more_low"] > 0
    assert ways.at[found.used, "reached"] > 1.1 * ways.at[RULE, "reached"]
    unsolved = found.drivers.set_index("feature").loc["unsolved"]
    assert unsolved["odds_ratio_low"] > 1
    assert plain(found.reading()).startswith("Offers to one in five would have met TRY ")


def test_offers_of_the_rule_are_what_a_loop_over_days_finds(planted):
    firm, found = planted
    rows, reached, offers = histories(firm).examples, 0.0, 0
    for day in found.days:
        own, before = rows[rows["seen_on"] == day], rows[rows["known_on"] <= day]
        order, blocks = before.groupby("idle")["left"].agg(["sum", "size"]), []  # pool adjacent violators
        for idle, row in order.iterrows():
            blocks.append([row["sum"], row["size"], [idle]])
            while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] >= blocks[-1][0] / blocks[-1][1]:
                left, size, idles = blocks.pop()
                blocks[-1] = [blocks[-1][0] + left, blocks[-1][1] + size, blocks[-1][2] + idles]
        steps = [(idle, left / size) for left, size, idles in blocks for idle in idles]
        chance = np.interp(own["idle"], *zip(*steps, strict=True))
        own = own.assign(stake=chance * own["worth"]).sort_values(["stake", "customer_id"], ascending=[False, True])
        best = own.head(int(np.ceil(len(own) / 5)))
        reached, offers = reached + (best["left"] * best["worth"]).sum(), offers + len(best)
    rule = found.ways.set_index("way").loc[RULE]
    assert (rule["offers"], rule["reached"]) == (offers, pytest.approx(reached))


def test_the_rule_is_kept_where_nothing_is_planted():
    found = leaving(company(0, effect=0.04))
    assert found.used == RULE
    first, rest = plain(found.reading()).split("; ")
    assert first.startswith("That is ")
    assert rest == (
        "no model surely tells leavers better than days of silence. "
        f"{found.total['n']} are to be called and {found.total['held']} held out, to compare with."
    )


def test_what_cannot_be_foreseen_makes_no_list():
    """Contracts that end by lot alone: nothing tells who is next."""
    random, n = np.random.default_rng(2), 900
    start = END - random.integers(400, 1_000, n) * DAY
    end = start + pd.to_timedelta(random.integers(0, 2_000, n), unit="D")
    end = pd.Series(end).where(end <= END)
    runs = pd.DataFrame({"contract_id": range(n), "customer_id": range(n), "started_on": start, "ended_on": end})
    runs = runs.astype({"contract_id": str, "customer_id": str})
    assert leaving(Firm.of(as_of=END, subscriptions=runs)).reason.endswith(
        "no money of the customers is known. Add monthly_fee."
    )
    found = leaving(Firm.of(as_of=END, subscriptions=runs.assign(monthly_fee=10.0)))
    assert (found.finding().text, found.finding().nothing) == ("Who will leave cannot be foreseen", True)
    assert (found.actions(), found.reading()) == ([], "")
    assert found.listed.empty


@pytest.mark.study
@pytest.mark.parametrize(("effect", "model"), [(0.8, True), (0.04, False)])
def test_over_ten_seeds_the_better_way_is_used(effect, model):
    used = [leaving(company(seed, effect=effect, customers=1_500)).used for seed in range(10)]
    assert sum((way != RULE) == model for way in used) >= 8


def test_forecasts_hold_on_later_days(planted):
    table = planted[1].calibration
    inside = table["p_leave"].between(table["left_low"] - 0.05, table["left_high"] + 0.05)
    assert inside.all()


# Whom to hold


def test_the_list_is_that_of_who_pays_with_some_held_out(planted):
    firm, found = planted
    listed = found.listed
    assert {*LISTED} <= {*listed.columns}
    assert (listed["campaign_id"] == "save-2026-06-30").all()
    assert listed["arm"].tolist() == draw(listed["customer_id"], "save", 0.2).tolist()
    assert listed["at_stake"].is_monotonic_decreasing
    np.testing.assert_allclose(listed["expected_profit"], 0.2 * listed["p_leave"] * listed["worth"] - 5)
    assert (listed["expected_profit"] > 0).all()
    called = listed[listed["arm"] == "treatment"]
    assert found.total["profit"] == pytest.approx(called["expected_profit"].sum())
    assert found.total["cost"] == 5 * len(called)
    (action,) = found.actions()
    assert action.name == "save"
    assert len(action.text.split()) <= 20
    few = leaving(firm, offer_cost=5.0, budget=100.0, contacts=100)
    assert (few.listed["arm"] == "treatment").sum() == 20
    needed = 100 / few.listed.loc[few.listed["arm"] == "treatment", "at_stake"].sum()
    assert few.total["needed"] == pytest.approx(100 * needed)


def test_a_customer_is_worth_what_is_expected_of_one_who_still_buys(planted):
    firm, _found = planted
    fit = BgNbd(0.243, 30.9, 0.793, 2.426, covariance=pd.DataFrame(np.eye(4) * 1e-4))
    spend = GammaGamma(6.25, 3.74, 15.44, covariance=pd.DataFrame(np.eye(3) * 1e-2))
    value = discounted_value(firm.customers, fit, spend)
    found = leaving(firm, value=value).table.set_index("customer_id")["worth"]
    own = value.table.set_index("customer_id").loc[found.index]
    np.testing.assert_allclose(found, own["expected_value"] / own["p_alive"])


# The loop


def listed_firm(points=0.5, held=0.5, n=400, share=0.5):
    """A shop whose list of March was acted on: of those called so many more bought in April."""
    log, _tickets = tables(5, effect=0.04)
    ids = sorted(log["customer_id"].unique())[:n]
    day = pd.Timestamp("2026-03-31")
    contacts = pd.DataFrame({"campaign_id": "save-2026-03-31", "customer_id": ids, "contacted_on": day + DAY})
    contacts["arm"], contacts["hold_out_share"] = draw(ids, "save", held), share
    before = log[(log["ordered_on"] <= day)]
    called = contacts.loc[contacts["arm"] == "treatment", "customer_id"]
    other = contacts.loc[contacts["arm"] == "control", "customer_id"]
    buys = [*called[: int(len(called) * points)], *other[: int(len(other) * 0.1)]]
    new = pd.DataFrame({"customer_id": buys, "order_id": [f"N{one}" for one in buys], "ordered_on": day + 9 * DAY})
    return Firm.of(pd.concat([before, new.assign(amount=50.0)]), as_of=END, currency="TRY", contacts=contacts), contacts


def test_the_next_run_reads_the_effect_of_a_list_back():
    firm, contacts = listed_firm()
    found, arms = effect_of(firm, "save", days=120), contacts["arm"].value_counts()
    shares = int(arms["treatment"] * 0.5) / arms["treatment"], int(arms["control"] * 0.1) / arms["control"]
    assert (found["response"], found["held_out_response"]) == pytest.approx(shares)
    assert found["points"] == pytest.approx(100 * (shares[0] - shares[1]))
    assert found["points_low"] > 0
    assert found["passed"] == 91  # all days since, as the 120 have not passed
    said = plain(leaving(firm).reading())
    assert said.startswith(f"Of the list of 31 Mar 2026 50% of {arms['treatment']} contacted bought, and 10% of ")
    assert effect_of(firm.on("2026-04-20"), "save", days=120) is None  # too soon
    assert effect_of(firm, "win_back", days=120) is None


def test_arms_that_are_not_as_drawn_tell_no_effect():
    firm, _contacts = listed_firm(share=0.1)
    found = leaving(firm).reading()
    assert found.startswith("The list of 31 Mar 2026 tells no effect: its arms are not as large as they were drawn.")


def test_who_is_held_out_of_a_list_that_runs_is_known():
    firm, contacts = listed_firm()
    control = set(contacts.loc[contacts["arm"] == "control", "customer_id"])
    assert held_out(firm, 120) == control
    assert held_out(firm, 90) == set()
    assert held_out(firm, 120, but="save") == set()


# Contracts


def test_contracts_end_by_plan_and_the_model_sees_it():
    made = subscription(customers=3_000)
    firm = Firm.of(as_of=END, **made.tables)
    found = leaving(firm)
    assert found.kind == "contract"
    plans = found.drivers[found.drivers["feature"] == "plan"]
    churn = {"basic": 0.045, "plus": 0.02, "pro": 0.008}  # a month, as planted
    planted = np.sign(plans["level"].map(churn) - plans["reference"].map(churn))
    assert (np.sign(plans["odds_ratio"] - 1) == planted).all()
    assert ((plans["odds_ratio_low"] > 1) | (plans["odds_ratio_high"] < 1)).any()
    runs = made.tables["subscriptions"]
    assert len(found.table) == runs["ended_on"].isna().sum()
    assert found.total["loss"] == pytest.approx((found.table["p_leave"] * found.table["worth"]).sum())
    assert found.finding().text.endswith("of yearly fees is expected to leave within 90 days")


# Where it is not possible


def test_a_short_history_is_no_ground():
    log, _tickets = tables(6, effect=0.04)
    found = leaving(Firm.of(log[log["ordered_on"] > END - 60 * DAY], as_of=END))
    assert not found
    held = (END - log.loc[log["ordered_on"] > END - 60 * DAY, "ordered_on"].min()).days
    assert found.reason.startswith(f"leaving: {held} days of history, and ")
    assert found.reason.endswith(" are needed. Take a longer history.")
    one = pd.DataFrame({"customer_id": "1", "order_id": "1", "ordered_on": [END], "amount": 5.0})
    assert "30 are needed" in leaving(Firm.of(one, as_of=END)).reason


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"kind": "x"}, "leaving: kind is 'x'; it is silence or contract. Take one."),
        ({"p_works": 10}, "save: a chance of 10 is not from 0 to 1. For one in ten give 0.1."),
        ({"offer_cost": -1}, "offer_cost: -1 is below 0. Correct the parameter."),
        ({"hold_out_share": 1}, "hold_out_share: 1 is not from 0 to below 1. For a tenth give 0.1."),
        ({"budget": 5}, "budget: 5 is given, but no contact_cost. Give it, or add campaigns and"),
        ({"kind": "contract"}, "subscriptions: there is no such table; it needs customer_id, started_on, ended_on."),
    ],
)
def test_what_is_asked_wrongly_is_said(asked, said):
    assert leaving(company(7, effect=0.04, customers=40), **asked).reason.startswith(said)


def test_horizons_that_the_history_does_not_hold_are_refused(planted):
    said = leaving(planted[0], horizon_days=400).reason
    window = rule_of(planted[0]).lapsed_days
    assert said.startswith("leaving: 699 days of history, and ")
    longest = 2 * ((699 - window) // 4) - 1
    assert f"allow horizon_days from 30 to {longest}, not 400." in said


def test_contracts_that_are_all_open_tell_nothing():
    runs = pd.DataFrame({"contract_id": ["1", "2"], "customer_id": ["a", "b"], "started_on": END - 900 * DAY})
    found = leaving(Firm.of(as_of=END, subscriptions=runs.assign(ended_on=pd.NaT)))
    assert found.reason.startswith("leaving: no contract has ended on a known day. Add started_on ")


def test_too_few_leavers_are_no_ground():
    log, tickets = tables(8, effect=0.04, customers=40)
    found = leaving(Firm.of(log, as_of=END, tickets=tickets))
    assert found.reason.startswith("leaving: of ")
    assert "50 who left and 50 who stayed must be known" in found.reason


# Real data


def test_cdnow_is_forecast_with_the_silence_alone(cdnow_log):
    firm = Firm.of(cdnow_log, currency="USD")
    found = leaving(firm, offer_cost=1.0)
    assert found.used == RULE
    assert found.total["horizon"] >= 30
    last = cdnow_log[cdnow_log["amount"] >= 0].groupby("customer_id")["ordered_on"].max()
    assert len(found.table) == (firm.as_of - last <= found.total["window"] * DAY).sum()


def test_durations_alone_tell_nobody_who_leaves(shared_data, tmp_path):
    said = f'source = "{shared_data / "telco"}"\nas_of = "2018-12-31"\n[subscriptions]\nfile = "telco_churn.csv"\n'
    said += 'contract_id = "customerID"\ncustomer_id = "customerID"\nduration = "tenure"\nended = "Churn"\n'
    (tmp_path / "portfoy.toml").write_text(said, "utf-8")
    found = leaving(pf.open(tmp_path))
    assert not found
    assert "started_on" in found.reason


def test_chances_are_put_right_by_what_came_of_those_like_them():
    """By hand: of those with chances from 0.6 on, 0.8 on average, 0.4 left; of the others 0.3 on average, 0.3."""
    calibration = pd.DataFrame(
        {"p_leave": [0.8, 0.3], "left": [0.4, 0.3], "left_low": [0.3, 0.2], "left_high": [0.5, 0.4]}
    )
    told = {"customer_id": ["A", "B", "C"], "p_leave": [0.9, 0.6, 0.3], "worth": [100.0, 10.0, 200.0]}
    made = _put_right(pd.DataFrame(told), calibration, pd.Series([0.6, 0.1])).set_index("customer_id")
    assert made["p_leave"].to_dict() == pytest.approx({"A": 0.45, "B": 0.3, "C": 0.3})
    assert made.loc["A", ["p_leave_low", "p_leave_high"]].tolist() == pytest.approx([0.3375, 0.5625])
    assert made["at_stake"].to_dict() == pytest.approx({"A": 45.0, "B": 3.0, "C": 60.0})
    assert made.index.tolist() == ["C", "A", "B"]  # the most at stake first
