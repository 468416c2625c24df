"""Who responds: features against tiny logs, numbers against scikit-learn, statsmodels and loops, the firm's truth."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import portfoy as pf
from helpers import CAMPAIGNS, contacted, foreseen, message_of, plain
from portfoy.customers import customer_table
from portfoy.errors import FitError
from portfoy.firm import Firm
from portfoy.models.columns import ABOUT
from portfoy.models.examples import response_examples
from portfoy.models.judging import gains_table, judgement
from portfoy.models.leaks import leak_table
from portfoy.models.logistic import said_terms, stack
from portfoy.models.responders import PENALTY
from portfoy.selection.response import fit_response, response
from portfoy.simulate import simulate
from portfoy.simulate.truth import BANDS, CHANNELS, Truth


def day(text):
    return pd.Timestamp(text)


def tables(log, contacts, customers=None, campaigns=None):
    return SimpleNamespace(transactions=log, contacts=contacts, customers=customers, campaigns=campaigns)


LOG = pd.DataFrame(
    [
        ("A", "1", "2025-01-10", 100.0, None),
        ("A", "1", "2025-01-10", 20.0, None),
        ("A", "2", "2025-02-20", 60.0, None),
        ("A", "2", "2025-03-02", -30.0, None),  # a return, on the day after the campaign began: not seen
        ("A", "3", "2025-03-05", 500.0, "K1"),
        ("B", "4", "2025-03-01", 999.0, None),  # on the day of the first contact: not seen
        ("C", "5", "2025-02-28", 40.0, None),
        ("D", "6", "2025-01-01", 10.0, None),
    ],
    columns=["customer_id", "order_id", "ordered_on", "amount", "campaign_id"],
)
CONTACTS = pd.DataFrame(
    [
        ("K1", "A", "treatment", "2025-03-03", True, True),
        ("K1", "B", "treatment", "2025-03-02", False, False),
        ("K1", "C", "control", "2025-03-01", None, True),
        ("K1", "D", "control", "2025-03-01", None, False),
    ],
    columns=["campaign_id", "customer_id", "arm", "contacted_on", "opened", "responded"],
)
PEOPLE = pd.DataFrame(
    {
        "customer_id": ["B", "A", "A"],
        "birth_year": [1800.0, 1985, 1990],
        "region": ["İğdır $5 \\frac", "<b>X</b>", "Y"],
        "revenue": ["1", "2", "3"],
    }
)


# (a) Worked out by hand


def test_examples_of_two_customers():
    found = response_examples(tables(LOG, CONTACTS, PEOPLE), as_of="2025-06-30")
    assert found["customer_id"].tolist() == ["A", "B", "C", "D"]
    assert found["arm"].tolist() == ["treatment"] * 2 + ["control"] * 2
    assert found["responded"].tolist() == [1, 0, 1, 0]
    found = found.head(2)
    expected = pd.DataFrame(
        {
            "campaign_id": ["K1", "K1"],
            "starts_on": [day("2025-03-01")] * 2,
            "customer_id": ["A", "B"],
            "contacted_on": [day("2025-03-03"), day("2025-03-02")],
            "known_on": [day("2025-04-02"), day("2025-04-01")],
            "arm": ["treatment", "treatment"],
            "hold_out_share": [np.nan, np.nan],
            "responded": [1.0, 0.0],
            "opened": [True, False],
            "campaign_orders": [1.0, 0.0],
            "bought_before": [True, False],
            "idle": [8.0, np.nan],  # on 28 February, the eve
            "purchases": [2.0, np.nan],
            "revenue": [180.0, np.nan],
            "ticket": [90.0, np.nan],
            "age": [49.0, np.nan],
            "region": ["<b>X</b>", "İğdır $5 \\frac"],  # the first of A's two rows
            "customer_revenue": ["2", "1"],
            "years": [40.0, np.nan],  # nobody is 225
        }
    )
    pd.testing.assert_frame_equal(found, expected, check_dtype=False)


def test_without_arms_or_answers_the_orders_tell_who_responded():
    contacts = CONTACTS.drop(columns=["arm", "responded", "opened"])
    found = response_examples(tables(LOG, contacts), as_of="2025-06-30")
    assert found["customer_id"].tolist() == ["A", "B", "C", "D"]
    assert found["responded"].tolist() == [1, 0, 0, 0]
    assert found["arm"].tolist() == ["treatment"] * 4


def test_what_the_held_out_bought_is_not_told_by_orders():
    found = response_examples(tables(LOG, CONTACTS.drop(columns="responded")), as_of="2025-06-30")
    assert found["responded"].fillna(-1).tolist() == [1, 0, -1, -1]


LIST = pd.DataFrame(
    [
        ("next-2025-03-01", "A", "treatment", "2025-03-02"),
        ("next-2025-03-01", "B", "control", "2025-03-02"),
        ("next-2025-03-01", "C", "control", "2025-02-28"),
    ],
    columns=["campaign_id", "customer_id", "arm", "contacted_on"],
).assign(hold_out_share=0.5)


def test_the_answers_to_a_list_of_ours_are_the_orders_in_the_days_after():
    alone = response_examples(tables(LOG.drop(columns="campaign_id"), LIST), as_of="2025-06-30", answer_days=4)
    told = alone.set_index("customer_id")["responded"]
    assert told.to_dict() == {"A": 1, "B": 0, "C": 1}  # A on the fourth day, B the day before, C on the day itself
    third = response_examples(tables(LOG, LIST), as_of="2025-06-30", answer_days=3).set_index("customer_id")
    assert third["responded"]["A"] == 0
    early = response_examples(tables(LOG, LIST), as_of="2025-03-05", answer_days=4)
    assert early["responded"].isna().all()  # C's days are over, but not those of the whole list
    written = pd.concat([CONTACTS, LIST.assign(responded=[False, False, None])])
    found = response_examples(tables(LOG, written), as_of="2025-06-30")
    assert found[found["campaign_id"] != "K1"]["responded"].fillna(-1).tolist() == [0, 0, -1]


def test_an_arm_or_an_answer_that_is_not_understood_is_missing():
    words = CONTACTS.assign(arm=["Mailed", "Wave 2", "Holdout", None])
    found = response_examples(tables(LOG, words), as_of="2025-06-30")
    assert found["arm"].fillna("").tolist() == ["treatment", "", "control", ""]
    blank = CONTACTS.assign(arm="treatment", responded=[True, None, False, False])
    assert response_examples(tables(LOG, blank), as_of="2025-06-30")["responded"].fillna(-1).tolist() == [1, -1, 0, 0]
    never_no = CONTACTS.assign(arm="treatment", responded=[True, None, None, None])
    assert response_examples(tables(LOG, never_no), as_of="2025-06-30")["responded"].tolist() == [1, 0, 0, 0]
    beside = response_examples(
        tables(LOG, CONTACTS.assign(arm=["Wave 1", "Wave 2"] + ["Control"] * 2)), as_of="2025-06-30"
    )
    assert beside["arm"].tolist() == ["treatment"] * 2 + ["control"] * 2, "beside a control it is what was tried"
    assert message_of(response_examples, tables(LOG, CONTACTS.assign(arm=["Wave 1"] * 2 + ["Wave 2"] * 2))) == (
        "contacts: no 'arm' reads as treatment. Say in portfoy.toml, under [contacts]: values "
        '= { arm = { treatment = ["..."], control = ["..."] } }.'
    )


def test_an_answer_is_not_known_before_its_days_are_over():
    found = response_examples(tables(LOG, CONTACTS), as_of="2025-04-01")
    assert found["customer_id"].tolist() == ["A", "B", "C", "D"]
    assert found["responded"].isna().tolist() == [True, False, True, True]  # the held out wait for the whole campaign
    soon = response_examples(tables(LOG, CONTACTS), as_of="2025-04-01", answer_days=10)
    assert soon["responded"].tolist() == [1, 0, 1, 0]


def test_a_second_contact_in_a_campaign_counts_once_and_a_missing_day_is_the_first():
    again = pd.DataFrame([("K1", "B", "treatment", "2025-03-09", None, True)], columns=CONTACTS.columns)
    blank = CONTACTS.assign(contacted_on=CONTACTS["contacted_on"].where(CONTACTS["customer_id"] != "A"))
    found = response_examples(tables(LOG, pd.concat([blank, again])), as_of="2025-06-30")
    assert found["customer_id"].tolist() == ["A", "B", "C", "D"]
    assert found["contacted_on"].tolist()[:2] == [day("2025-03-01"), day("2025-03-02")]
    assert found["responded"].tolist() == [1, 1, 1, 0]


def test_without_any_day_the_campaign_begins_when_it_is_said_to():
    campaigns = pd.DataFrame({"campaign_id": ["K1"], "starts_on": ["2025-02-01"], "cost": [5.0]})
    for blank in (CONTACTS.assign(contacted_on=None), CONTACTS.drop(columns="contacted_on")):
        found = response_examples(tables(LOG, blank, campaigns=campaigns), as_of="2025-06-30")
        assert found["starts_on"].tolist() == [day("2025-02-01")] * 4
        assert found["purchases"].tolist()[0] == 1
    with pytest.raises(pf.DataError, match="column 'contacted_on' is missing"):
        response_examples(tables(LOG, blank, campaigns=campaigns.drop(columns="starts_on")), as_of="2025-06-30")


EIGHT = pd.DataFrame(
    {
        "campaign_id": "K",
        "customer_id": list("abcdefgh"),
        "p_response": [0.8, 0.6, 0.6, 0.4, 0.2, 0.2, 0.2, 0.1],
        "responded": [1.0, 1, 0, 0, 1, 0, 0, 0],
    }
)


def test_gains_of_eight_contacts():
    found = gains_table(EIGHT, bins=4)
    assert found["contacts"].tolist() == [3, 4, 7, 8]  # the ties 0.6 and 0.2 stay together
    assert found["responses"].tolist() == [2, 2, 3, 3]
    assert found["depth"].tolist() == [3 / 8, 4 / 8, 7 / 8, 1]
    assert found["gain"].tolist() == [2 / 3, 2 / 3, 1, 1]
    assert found["lift"].tolist() == pytest.approx([16 / 9, 4 / 3, 8 / 7, 1])
    assert found.columns.tolist() == [
        *("contacts", "responses", "depth", "gain", "gain_low", "gain_high", "chance", "lift", "lift_low", "lift_high")
    ]
    assert found.iloc[-1][["gain_low", "gain_high"]].tolist() == [1, 1]


def test_answers_count_once_their_days_have_passed():
    found = response_examples(tables(LOG, CONTACTS), as_of="2025-04-01").set_index("customer_id")
    assert found["responded"].isna()[["A", "B"]].to_dict() == {"A": True, "B": False}  # B was contacted before A
    assert found["opened"].isna()[["A", "B"]].to_dict() == {"A": True, "B": False}
    before = response_examples(tables(LOG, CONTACTS), as_of="2025-03-31")
    assert before["responded"].isna().all()
    assert "opened" not in before


# (b) Other programs


def loop_over_pairs(p, told):
    """Area under the curve and its standard error of one campaign, pair by pair."""
    beats = np.array([[(a > b) + (a == b) / 2 for b in p[told == 0]] for a in p[told == 1]])
    spread = beats.mean(axis=1).var(ddof=1) / len(beats) + beats.mean(axis=0).var(ddof=1) / beats.shape[1]
    return beats.mean(), np.sqrt(spread), beats.size


def test_the_area_under_the_curve_is_that_of_scikit_learn_and_its_interval_that_of_a_loop():
    from sklearn.metrics import roc_auc_score

    random = np.random.default_rng(3)
    told = (random.random(150) < 0.3).astype(float)
    p = np.round(random.random(150) * 0.5 + 0.2 * told, 2)  # with ties
    judged = pd.DataFrame({"campaign_id": "K", "customer_id": range(150), "responded": told, "p_response": p})
    row = judgement(judged).iloc[0]
    assert row["auc"] == pytest.approx(roc_auc_score(told, p))
    half = 1.959963985 * loop_over_pairs(p, told)[1]
    assert [row["auc_low"], row["auc_high"]] == pytest.approx([row["auc"] - half, row["auc"] + half])
    skill = 1 - ((p - told) ** 2).mean() / ((p.mean() - told) ** 2).mean()
    assert row["skill"] == pytest.approx(skill)


def test_only_pairs_within_a_campaign_count():
    random = np.random.default_rng(4)
    campaign = np.repeat(["A", "B", "C"], [80, 60, 40])
    told = (random.random(180) < np.repeat([0.1, 0.4, 0.8], [80, 60, 40])).astype(float)
    p = np.round(random.random(180) * 0.3 + np.repeat([0.0, 0.3, 0.6], [80, 60, 40]), 2)  # levels, and no skill
    judged = pd.DataFrame({"campaign_id": campaign, "customer_id": range(180), "responded": told, "p_response": p})
    parts = [loop_over_pairs(p[campaign == one], told[campaign == one]) for one in "ABC"]
    auc, error, pairs = np.array(parts).T
    whole = judgement(judged).iloc[-1]
    assert whole["auc"] == pytest.approx((auc * pairs).sum() / pairs.sum())
    half = 1.959963985 * np.sqrt(((error * pairs) ** 2).sum()) / pairs.sum()
    assert whole["auc_high"] - whole["auc"] == pytest.approx(half)
    twice = judgement(pd.concat([judged, judged.assign(campaign_id=judged["campaign_id"] + "2")])).iloc[-1]
    assert twice["auc_high"] - twice["auc"] == pytest.approx(half)  # the same customers tell nothing new
    base = judged.groupby("campaign_id")["p_response"].transform("mean")
    assert whole["skill"] == pytest.approx(1 - ((p - told) ** 2).mean() / ((base - told) ** 2).mean())


def test_intervals_of_shares_are_those_of_statsmodels():
    from statsmodels.stats.proportion import proportion_confint

    judged = pd.DataFrame(
        {"campaign_id": "K", "p_response": np.linspace(0, 1, 90), "responded": [1.0, 0, 0, 1, 1] * 18}
    )
    gains = gains_table(judged, bins=3).iloc[:2]
    low, high = proportion_confint(gains["responses"], judged["responded"].sum(), method="wilson")
    assert gains["gain_low"].tolist() == pytest.approx(low.tolist())
    assert gains["gain_high"].tolist() == pytest.approx(high.tolist())
    calibration = fit_response(contacted(1)).calibration
    hits = (calibration["response"] * calibration["contacts"]).round()
    low, high = proportion_confint(hits, calibration["contacts"], method="wilson")
    assert calibration.columns.tolist() == [
        *("group", "contacts", "predicted_response", "response", "response_low", "response_high")
    ]
    assert calibration["response_low"].tolist() == pytest.approx(low.tolist())
    assert calibration["response_high"].tolist() == pytest.approx(high.tolist())


def test_gains_are_those_of_a_loop():
    random = np.random.default_rng(4)
    parts = {"A": (137, 0.1), "B": (60, 0.7)}
    judged = pd.concat(
        pd.DataFrame(
            {
                "campaign_id": name,
                "p_response": np.round(random.random(n) + rate, 1),
                "responded": random.random(n) < rate,
            }
        )
        for name, (n, rate) in parts.items()
    )
    found = gains_table(judged)
    for place, row in found.iterrows():
        hits, by_lot, contacts = 0, 0.0, 0
        for _name, own in judged.groupby("campaign_id"):
            better = np.array([(own["p_response"] > p).sum() for p in own["p_response"]])
            best = own[10 * better // len(own) <= place]
            hits, contacts = hits + best["responded"].sum(), contacts + len(best)
            by_lot += own["responded"].sum() * len(best) / len(own)
        assert (row["contacts"], row["responses"]) == (contacts, hits)
        assert row["lift"] == pytest.approx(hits / by_lot)
    assert found["contacts"].iloc[-1] == 197


def test_coefficients_are_those_of_another_optimiser_and_intervals_those_of_statsmodels():
    from scipy.optimize import minimize
    from statsmodels.api import GLM, add_constant, families

    examples = contacted(1, people=14_000)
    model = fit_response(examples, features=["channel", "years"])
    years = (examples["years"] - examples["years"].mean()) / examples["years"].std(ddof=0)
    columns = np.column_stack([examples["channel"] == "online", examples["channel"] == "rep", years]).astype(float)
    campaigns = [examples["campaign_id"] == name for name in ("K2", "K3", "K4")]
    whole, told = add_constant(np.column_stack([columns, *campaigns])), examples["responded"].to_numpy()

    def loss(beta):
        return np.logaddexp(0, -(2 * told - 1) * (whole @ beta)).sum() + PENALTY / 2 * (beta[1:4] ** 2).sum()

    beta = minimize(loss, np.zeros(7), method="BFGS", options={"gtol": 1e-4}).x[:4]
    names = [("channel", "online", "shop"), ("channel", "rep", "shop"), ("years", "", "")]
    odds = model.odds.set_index(["feature", "level", "reference"]).loc[names]
    assert np.log(odds["odds_ratio"]).tolist() == pytest.approx(beta[1:].tolist(), abs=1e-4)
    groups = pd.factorize(examples["customer_id"])[0]
    judge = GLM(told, whole, family=families.Binomial()).fit(cov_type="cluster", cov_kwds={"groups": groups})
    error = np.log(odds["odds_ratio_high"] / odds["odds_ratio"]) / 1.959963985
    assert error.tolist() == pytest.approx(judge.bse[1:4].tolist(), rel=0.02)  # the penalty is small here


# (c) Known truth


def test_a_known_model_comes_back():
    model = fit_response(contacted(2, people=6000))
    found = model.odds.set_index(["feature", "level"])
    error = np.log(found["odds_ratio_high"] / found["odds_ratio"]) / 1.96
    truth = {("channel", "online"): 0.5, ("channel", "rep"): -0.4, ("years", ""): -0.3}
    for place in found.index:
        assert abs(np.log(found["odds_ratio"][place]) - truth.get(place, 0)) < 3.5 * error[place], place


def truth_of_bands(truth):
    """Probability of a response when treated, by age band and channel."""
    return {name: float(np.dot(shares, truth.response_treated)) for name, shares in truth.persona_shares.items()}


@pytest.fixture(scope="module")
def firm():
    """The teaching company, five times as large; without CAM06, whose targets were chosen."""
    company = simulate(customers=20_000, seed=11)
    contacts = company.tables["contacts"]
    some = SimpleNamespace(**company.tables)
    some.contacts = contacts[contacts["campaign_id"] != "CAM06"]
    return company, some, fit_response(response_examples(some))


def test_the_response_of_age_and_channel_in_the_firm_comes_back(firm):
    company, _some, model = firm
    birth = company.tables["customers"].set_index("customer_id")["birth_year"].astype(float)
    year = model.judged["customer_id"].map(birth)
    band = np.where(year >= company.truth.young_from, 0, np.where(year <= company.truth.older_until, 2, 1))
    cell = pd.Series([BANDS[one] for one in band]) + " " + model.judged["channel"]
    groups = model.judged.groupby(cell)
    found = groups["p_response"].mean()
    truth = pd.Series(truth_of_bands(company.truth)).loc[found.index]
    assert len(found) == len(BANDS) * len(CHANNELS)
    assert np.corrcoef(found, truth)[0, 1] > 0.93
    assert (found - truth).abs().max() < 0.05
    actual = groups["responded"].mean()  # the truth itself lies within its chance of what came
    error = np.sqrt(truth * (1 - truth) / groups.size())
    assert ((actual - truth).abs() < 4 * error).all()


def test_the_model_of_the_firm_sorts_nearly_as_well_as_the_truth_does(firm):
    from sklearn.metrics import roc_auc_score

    company, _some, model = firm
    birth = company.tables["customers"].set_index("customer_id")["birth_year"].astype(float)
    year = model.judged["customer_id"].map(birth)
    band = np.where(year >= company.truth.young_from, 0, np.where(year <= company.truth.older_until, 2, 1))
    known = truth_of_bands(company.truth)
    best = roc_auc_score(
        model.judged["responded"],
        [known[f"{BANDS[one]} {channel}"] for one, channel in zip(band, model.judged["channel"], strict=True)],
    )
    total = model.judgement.iloc[-1]
    assert total["auc_low"] > 0.5
    assert best - 0.05 < total["auc"] < best + 0.02
    assert model.effect["held_out_response"] == pytest.approx(0.12, abs=0.02)  # mean of response_control over personas


def test_real_customers_who_buy_again_are_foreseen(shared_data):
    """CDNOW: five monthly "campaigns" whose answer is whether a customer truly bought in the next 30 days."""
    names = ["master", "customer_id", "ordered_on", "pieces", "amount"]
    log = pd.read_csv(shared_data / "cdnow" / "CDNOW_sample.txt", sep=r"\s+", names=names, dtype={"customer_id": str})
    log = log.assign(ordered_on=pd.to_datetime(log["ordered_on"].astype(str)), order_id=log.index.astype(str))
    parts = []
    for number, start in enumerate(pd.date_range("1997-05-01", periods=5, freq="MS")):
        soon = log[log["ordered_on"].between(start, start + pd.Timedelta(days=29))]["customer_id"]
        known = pd.Series(log["customer_id"].unique())
        parts.append(
            pd.DataFrame(
                {"campaign_id": f"M{number}", "customer_id": known, "contacted_on": start, "arm": "treatment"}
            ).assign(responded=known.isin(soon))
        )
    model = fit_response(response_examples(tables(log, pd.concat(parts)), answer_days=29))
    total = model.judgement.iloc[-1]
    assert total["auc_low"] > 0.7
    assert total["skill_low"] > 0
    assert (model.judgement["auc_low"] > 0.6).all()
    odds = model.odds.set_index("feature")
    assert odds["odds_ratio_high"]["idle"] < 1 < odds["odds_ratio_low"]["purchases"]


COIN = "cases/reports/pooled_auc"


def test_a_coin_whose_rate_rises_from_campaign_to_campaign_is_no_skill(shared_data):
    firm = pf.open(shared_data.parent / COIN)
    found = pf.response(firm)
    whole = found.judgement.iloc[-1]
    assert whole["auc_low"] < 0.5 < whole["auc_high"]
    assert whole["skill_low"] < 0 < whole["skill_high"]
    within = found.gains[(found.gains["lift_low"] > 1) | (found.gains["lift_high"] < 1)]
    assert within.iloc[:-1].empty
    assert (found.finding().text, found.reading()) == ("Who responds cannot be foreseen", "")
    listed = pf.campaign(firm, found, contact_cost=1.0)
    assert (listed.actions(), listed.finding().nothing, listed.effect, listed.plot()) == ([], True, None, None)


def test_a_response_that_can_be_foreseen_is_found_and_about_as_well_as_it_can():
    _firm, found = foreseen()
    chances = pd.read_csv(CAMPAIGNS / "truth/contacts.csv", dtype={"customer_id": str})
    judged = found.judged.merge(chances, on=["campaign_id", "customer_id"])
    best = judged[judged.groupby("campaign_id")["p_treated"].rank(pct=True) > 0.8]
    most = best["p_treated"].mean() / judged["p_treated"].mean()  # the truth's own lift, 2.05 by data/README.md
    fifth = found.gains.iloc[1]
    assert found.sorts
    assert most == pytest.approx(2.05, abs=0.1)
    assert fifth["lift_low"] < most < fifth["lift_high"]
    assert abs(judged["p_response"] - judged["p_treated"]).mean() < 0.06


def test_customers_like_nobody_contacted_are_counted_by_hand(teaching_firm):
    firm = teaching_firm
    found = pf.response(firm)
    known = firm.customers.merge(
        pd.read_csv(CAMPAIGNS.parent / "teaching/customers.csv", dtype={"customer_id": str}), on="customer_id"
    )
    firms = known[known["type"] != "consumer"]
    assert found.unreached["customers"].sum() == len(firms) == 740
    share = firms["revenue"].sum() / known["revenue"].sum()
    assert found.unreached["revenue_share"].sum() == pytest.approx(share)
    assert plain(found.finding().text) == f"{share:.0%} of the revenue comes from customers never contacted"


# What must not be seen


def test_what_is_known_only_afterwards_is_named():
    found = leak_table(response_examples(tables(LOG, CONTACTS), as_of="2025-06-30"))
    assert found[["column", "reason"]].to_numpy().tolist() == [
        ["campaign_orders", "counts the orders that answered the campaign"],
        ["opened", "by its name, tells what came afterwards"],
    ]
    assert found["auc"].isna().all()


def test_planted_leaks_are_named_and_kept_out():
    examples = contacted(5)
    told = examples["responded"] == 1
    random = np.random.default_rng(6)
    examples = examples.assign(
        basket=np.where(told, "full", random.choice(["empty", "none"], len(told))),
        thanks=np.where(told & (random.random(len(told)) < 0.4), "x", None),
        called=(examples["starts_on"] + pd.Timedelta(days=9))
        .dt.strftime("%d.%m.%Y")
        .where(random.random(len(told)) < 0.1),
        clicked="no",
        serial=[f"N{number}" for number in range(len(told))],  # a value of its own for everybody tells nothing
        joined_on=examples["starts_on"] - pd.Timedelta(days=400),
        noise=random.random(len(told)),
    )
    found = leak_table(examples)
    reasons = dict(zip(found["column"], found["reason"], strict=True))
    assert reasons == {
        "basket": "alone tells who responded almost without fail",
        "thanks": "is filled in for those who responded only",
        "called": "holds dates on or after the first contact",
        "clicked": "by its name, tells what came afterwards",
    }
    assert found["auc"].iloc[0] == 1
    model = fit_response(examples)
    assert model.leaks["column"].tolist() == found["column"].tolist()
    assert not set(model.fit.features) & set(found["column"])
    assert message_of(fit_response, examples, features=["channel", "basket", "clicked", "responded"]) == (
        "response: 'basket', 'clicked', 'responded' cannot be features. Take those known "
        "before: 'bought_before', 'idle', 'purchases', 'ticket', 'age', 'channel', 'years', "
        "'truth', 'serial', 'joined_on', 'noise'."
    )


def test_the_length_of_a_call_is_known_only_after_it():
    examples = contacted(5)
    random = np.random.default_rng(6)
    told = examples["responded"] == 1
    seconds = random.gamma(2, 100, len(told)) * np.where(told, 1.5, 1)  # weak, as in real calls
    for name in ("duration", "call_duration", "duration_sec"):
        assert leak_table(examples.assign(**{name: seconds}))["column"].tolist() == [name]
    examples = examples.assign(talked=seconds, contract_duration=seconds)
    assert leak_table(examples).empty  # a name that says nothing, and not a strong column: not seen
    last = (examples["campaign_id"] == "K4") & (random.random(len(told)) < 0.1)
    open_yet = examples.assign(responded=examples["responded"].mask(last), known_on=examples["known_on"].mask(last))
    for nothing in (np.nan, 0.0):
        found = leak_table(open_yet.assign(talked=open_yet["talked"].mask(last, nothing)))
        assert found[["column", "reason"]].to_numpy().tolist() == [["talked", "is alike for all whose answer is open"]]


def test_what_is_alike_within_campaigns_is_no_sign_of_waiting():
    examples = contacted(5)
    last = examples["campaign_id"] == "K4"
    waiting = examples.assign(responded=examples["responded"].mask(last), known_on=examples["known_on"].mask(last))
    assert leak_table(waiting.assign(wave=waiting["campaign_id"], rare=np.where(waiting.index == 5, "x", ""))).empty


def test_a_column_that_parts_each_campaign_for_itself_is_caught():
    examples = contacted(5)
    turned = np.where(examples["campaign_id"].isin(["K1", "K3"]), 1 - examples["responded"], examples["responded"])
    found = leak_table(examples.assign(code=turned * 3.0))
    assert found["column"].tolist() == ["code"]
    assert found["auc"][0] == 1


def test_the_power_of_a_number_is_that_of_scikit_learn():
    from sklearn.metrics import roc_auc_score

    examples = contacted(7)
    random = np.random.default_rng(8)
    seconds = 200 * (1 - examples["responded"]) + random.random(len(examples)) * 205
    found = leak_table(examples.assign(seconds=seconds.astype(str)))
    assert found["column"].tolist() == ["seconds"]
    own = examples.assign(seconds=seconds).groupby("campaign_id")
    pairs = own["responded"].agg(lambda told: told.sum() * (1 - told).sum())
    areas = own[["responded", "seconds"]].apply(lambda each: 1 - roc_auc_score(each["responded"], each["seconds"]))
    assert found["auc"][0] == pytest.approx((areas * pairs).sum() / pairs.sum())


# (d) Properties


def test_orders_from_the_first_contact_on_change_nothing():
    columns = ["bought_before", "idle", "purchases", "revenue", "ticket", "age"]
    before = response_examples(tables(LOG, CONTACTS), as_of="2025-06-30")[columns]
    later = LOG.assign(ordered_on="2025-03-01", order_id=[f"x{n}" for n in LOG.index], amount=1e6)
    after = response_examples(tables(pd.concat([LOG, later]), CONTACTS), as_of="2025-06-30")[columns]
    pd.testing.assert_frame_equal(before, after)


def test_the_history_of_an_example_is_its_row_in_the_customer_table_of_the_eve():
    company = simulate(customers=400, seed=3)
    some = SimpleNamespace(**company.tables)
    examples = response_examples(some)
    names = ["idle", "purchases", "revenue", "ticket", "age"]
    first = some.contacts.groupby("campaign_id")["contacted_on"].min()
    for campaign_id, rows in examples.groupby("campaign_id"):
        eve = first[campaign_id] - pd.Timedelta(days=1)
        judge = customer_table(some.transactions, as_of=eve).set_index("customer_id").loc[rows["customer_id"], names]
        np.testing.assert_allclose(rows[names].to_numpy(), judge.to_numpy(dtype=float))


def test_a_campaign_is_forecast_from_earlier_answers_only():
    examples = contacted(9)
    turned = examples.assign(
        responded=examples["responded"].where(examples["campaign_id"] != "K4", 1 - examples["responded"])
    )
    one, other = (fit_response(table).judged for table in (examples, turned))
    assert one["campaign_id"].unique().tolist() == ["K2", "K3", "K4"]
    np.testing.assert_allclose(one["p_response"], other["p_response"])
    early = examples[examples["campaign_id"].isin(["K1", "K2"])]
    np.testing.assert_allclose(
        fit_response(early).judged["p_response"], one.loc[one["campaign_id"] == "K2", "p_response"]
    )


def test_answers_that_were_not_known_yet_are_not_used():
    examples = contacted(9)
    late = examples.assign(known_on=examples["known_on"].mask(examples["campaign_id"] == "K2", day("2026-01-01")))
    judged = fit_response(late).judged
    only = fit_response(examples[examples["campaign_id"].isin(["K1", "K3"])]).judged
    np.testing.assert_allclose(judged.loc[judged["campaign_id"] == "K3", "p_response"], only["p_response"])


def test_the_order_of_rows_changes_nothing():
    examples = contacted(10)
    one, other = (fit_response(table) for table in (examples, examples.sample(frac=1, random_state=1)))
    pd.testing.assert_frame_equal(one.odds, other.odds)
    names = ["campaign_id", "customer_id"]
    judged = [model.judged.sort_values(names, ignore_index=True) for model in (one, other)]
    np.testing.assert_allclose(judged[0]["p_response"], judged[1]["p_response"])
    pd.testing.assert_frame_equal(one.gains, other.gains)


def test_the_currency_does_not_matter():
    examples = contacted(10)
    rich = examples.assign(ticket=examples["ticket"] * 1000)
    one, other = (fit_response(table).odds.set_index(["feature", "level"])["odds_ratio"] for table in (examples, rich))
    assert one.tolist() == pytest.approx(other[one.index].tolist(), rel=0.02)


def test_a_draw_of_very_contacted_gives_nearly_the_same_model(monkeypatch):
    examples = contacted(12, people=8000)
    whole = fit_response(examples).odds.set_index(["feature", "level"])
    monkeypatch.setattr("portfoy.models.responders.MOST", 8000)
    drawn = fit_response(examples).odds.set_index(["feature", "level"]).loc[whole.index]
    error = np.log(drawn["odds_ratio_high"] / drawn["odds_ratio"]) / 1.96
    assert (np.log(drawn["odds_ratio"] / whole["odds_ratio"]).abs() < 3 * error).all()
    assert (error < 2 * np.log(whole["odds_ratio_high"] / whole["odds_ratio"]) / 1.96).all()
    assert fit_response(examples).judged["p_response"].mean() == pytest.approx(examples["responded"].mean(), rel=0.05)


def test_features_of_any_shape_are_taken():
    examples = contacted(14).assign(
        region=lambda t: np.where(t.index % 7 == 0, None, "$5 \\frac <b>" + "x" * 200),
        years=lambda t: t["years"].mask(t.index % 5 == 0),
        gender=None,
        idle=np.nan,
        points=lambda t: t["years"].astype(str),
        flag=lambda t: t.index % 3 == 0,
    )
    examples["gender"] = examples["gender"].astype("str")
    model = fit_response(examples, features=["region", "years", "gender", "idle", "points", "flag", "bought_before"])
    rows = set(model.odds[["feature", "level"]].itertuples(index=False, name=None))
    numbers = {(name, level) for name in ("years", "points") for level in ("", "(not known)")}
    assert rows == numbers | {("region", "(not known)"), ("flag", "True")}
    assert model.fit.predict(examples)["p_response"].between(0, 1).all()


def test_rare_levels_go_together():
    examples = contacted(15)
    shop = examples["channel"].copy()
    shop.iloc[:30] = [f"rare {n % 6}" for n in range(30)]
    model = fit_response(examples.assign(channel=shop), features=["channel"])
    assert set(model.odds["level"]) == {"online", "rep", "(all others)"}
    assert model.fit.predict(pd.DataFrame({"channel": ["rare 3", "shop", None, "never seen"]}))[
        "p_response"
    ].isna().tolist() == [
        False,
        False,
        False,
        True,
    ]


def test_the_sum_of_responses_has_the_interval_of_the_delta_method():
    fit = fit_response(contacted(16), features=["purchases", "channel", "years"]).fit
    table = pd.DataFrame({"purchases": [1.0, 5, 8], "channel": ["shop", "online", "rep"], "years": [30.0, 50, np.nan]})
    total, low, high = fit.expected_responses(table)
    p = fit.predict(table)["p_response"]
    assert total == pytest.approx(p.sum())
    random = np.random.default_rng(0)
    columns = np.column_stack([np.ones(3), stack(fit.terms, table)])
    draws = random.multivariate_normal(fit.beta, fit.covariance, 20_000)
    drawn = (1 / (1 + np.exp(-draws @ columns.T))).sum(axis=1)  # judge: draws of the coefficients
    assert (high - low) / 2 / 1.96 == pytest.approx(drawn.std(), rel=0.03)


# (e) Errors


def test_tables_that_are_missing_are_named():
    assert message_of(response_examples, tables(LOG, None)) == (
        "contacts: there is no such table; it needs campaign_id, customer_id, contacted_on. Add it to the source."
    )
    plain = LOG.drop(columns="campaign_id")
    assert message_of(response_examples, tables(plain, CONTACTS.drop(columns="responded"))) == (
        "contacts: neither 'responded' nor orders' campaign_id tells who responded. Add one."
    )
    assert message_of(response_examples, tables(LOG, CONTACTS), as_of="2025-02-28") == (
        "contacts: nobody was contacted by 2025-02-28. Take a later date."
    )
    assert message_of(response_examples, tables(LOG, CONTACTS.iloc[:0])) == (
        "contacts: nobody was contacted by 2025-03-05. Take a later date."
    )
    assert response(Firm.of(LOG)).reason.startswith("contacts: there is no such table; ")


@pytest.mark.parametrize(
    ("examples", "counts"),
    [
        (
            contacted(1).query("campaign_id == 'K1'"),
            "campaigns 1, answers {n}, responses {hits}",
        ),
        (contacted(1, people=60), "campaigns 4, answers {n}, responses {hits}"),
        (contacted(1).assign(responded=1.0), "campaigns 4, answers {n}, responses {hits}"),
        (
            contacted(1).assign(responded=np.nan),
            "campaigns 0, answers {n}, responses {hits}",
        ),
    ],
)
def test_too_few_campaigns_or_responses_to_judge(examples, counts):
    told = examples["responded"].dropna()
    counts = counts.format(n=len(told), hits=int(told.sum()))
    assert message_of(fit_response, examples, error=FitError) == (
        f"response: no campaign can be forecast ({counts}); 50 responses and 50 others must come before it. "
        "Wait, or look at segments."
    )


def test_features_that_are_not_there_or_tell_nothing():
    examples = contacted(1)[[*ABOUT, "channel", "years"]]
    assert message_of(fit_response, examples, features=["chanel", "years"]) == (
        "response: 'chanel' cannot be features. Take those known before: 'channel', 'years'."
    )
    assert message_of(fit_response, examples.assign(channel="shop"), features=["channel"], error=FitError) == (
        "response: those contacted differ in no feature. Add traits to customers."
    )
    fresh = examples.assign(channel=examples["channel"] + examples["campaign_id"])
    assert message_of(fit_response, fresh, features=["channel"], error=FitError) == (
        "response: each campaign went to customers unlike those before. Wait, or give fewer features."
    )


def test_without_a_response_there_are_no_gains():
    assert message_of(gains_table, EIGHT.assign(responded=0)) == (
        "response: nobody of 8 to forecast responded. Wait for answers."
    )


def test_the_truth_of_the_firm_is_what_these_tests_take_it_for():
    assert truth_of_bands(Truth())["young online"] == pytest.approx(0.55 * 0.3 + 0.2 * 0.3 + 0.2 * 0.01 + 0.05 * 0.04)


# (f) What is shown


@pytest.fixture(scope="module")
def sure():
    return fit_response(contacted(17))


def judged_as(found, *rows, **change):
    """A response as it would be with these campaigns: name, area and its bounds; the last row is for all."""
    table = pd.DataFrame(rows, columns=["campaign_id", "auc", "auc_low", "auc_high"])
    table = table.assign(contacts=100, responses=20, response=0.2, response_low=0.13, response_high=0.29, skill=0.1)
    table = table.assign(predicted_response=0.18, skill_low=0.05, skill_high=0.15)
    return replace(found, judgement=table.assign(**change))


FIRMS = pd.DataFrame(
    {
        "trait": "type",
        "level": ["retailer", "$x$"],
        "customers": [30, 10],
        "revenue": [40.0, 20],
        "revenue_share": [0.2, 0.1],
    }
)


def test_a_response_that_can_be_foreseen_in_words(sure):
    found = judged_as(sure, ("K", 0.6, 0.55, 0.65), ("all together", 0.6, 0.55, 0.65))
    best = found.gains.iloc[2]
    assert plain(found.finding().text) == f"The best 30% hold {best['gain']:.0%} of the responses"
    assert not found.finding().nothing
    lift = f"That is {best['lift']:.2f} times as many as at random ({best['lift_low']:.2f}–{best['lift_high']:.2f})."
    assert plain(found.reading()) == lift
    assert found.sorts
    never = replace(found, unreached=FIRMS)
    assert plain(never.reading()) == f"{lift} Never contacted: 40 of retailer, $x$, 30% of the revenue."
    unread = replace(never, examples=found.examples.assign(arm=[None] * 7 + ["treatment"] * (len(found.examples) - 7)))
    assert plain(unread.reading()) == (
        f"{lift} Left out: 7 contacts whose arm is not understood; portfoy.toml can say it."
    )


@pytest.mark.parametrize("auc", [(0.52, 0.48, 0.56), (0.4, 0.35, 0.45), (np.nan,) * 3])
def test_a_response_is_judged_by_its_interval(sure, auc):
    found = judged_as(sure, ("K", *auc), ("all together", *auc))
    assert (plain(found.finding().text), found.finding().nothing) == ("Who responds cannot be foreseen", True)
    assert (found.reading(), found.sorts, found.plot()) == ("", False, None)
    assert "Use the order" not in replace(found, judgement=found.judgement.assign(skill_high=-0.1)).method()
    never = replace(found, unreached=FIRMS)
    assert (never.finding().text, never.finding().nothing) == (
        "30% of the revenue comes from customers never contacted", False
    )  # fmt: skip
    assert plain(never.reading()) == ("They are all 40 who are retailer, $x$; the others' response cannot be foreseen.")
    assert never.summary()[0].caption == "Like nobody contacted so far"
    few = replace(found, unreached=FIRMS.assign(revenue_share=0.02))
    assert few.finding().nothing


def test_how_a_response_was_foreseen_in_words(sure):
    rows = [("{A}", 0.6, 0.55, 0.7), ("B", 0.5, 0.4, 0.6), ("C", 0.4, 0.3, 0.45), ("all", 0.55, 0.52, 0.58)]
    columns = ["feature", "level", "reference", "step", "odds_ratio", "odds_ratio_low", "odds_ratio_high"]
    odds = pd.DataFrame([("idle", "", "", 2.0, 0.9, 0.8, 1.1), ("years", "", "", 9.0, 0.5, 0.4, 0.6)], columns=columns)
    found = replace(judged_as(sure, *rows), odds=odds, confidence=0.8)
    start = (
        "Logistic regression, a level for each campaign, forecast from earlier ones. Within one, it "
        "ranks who responded higher in 55% of pairs (52–58%; guessing: 50%)."
    )
    end = (
        "Columns whose name, dates or power betray that they came after the contact are out; others filled in later "
        "are not seen. Intervals: 80%."
    )
    assert plain(found.method()) == f"{start} {end}"
    worse = replace(found, judgement=found.judgement.assign(skill_low=-0.2, skill_high=-0.1))
    assert plain(worse.method()) == f"{start} Use the order, not the probabilities. {end}"


def test_gains_are_drawn_beside_chance(sure):
    ax = sure.plot()
    drawn = {line.get_label(): line.get_xydata().tolist() for line in ax.lines}
    assert drawn["best forecasts first"] == [[0, 0], *sure.gains[["depth", "gain"]].to_numpy().tolist()]
    assert drawn["at random"] == [[0, 0], *sure.gains[["depth", "chance"]].to_numpy().tolist()]
    assert ax.collections[-1].get_offsets().tolist() == [sure.best[["depth", "gain"]].tolist()]
    assert (ax.get_title(loc="left"), ax.get_label()) == (
        "Share of all responses reached",
        "by share contacted; band: 95% interval",
    )
    assert f"best 30%: {sure.best['gain']:.0%}" in ax.figure.get_label()


def test_tables_behind_a_response(sure):
    tables = {table.caption: list(table.texts) for table in sure.summary()}
    assert tables == {
        "The best forecasts of each campaign": [
            *(
                "Contacts",
                "Responses",
                "Share contacted",
                "Share of responses",
                "As many by lot",
                "Times as many as at random",
            )
        ],
        "By campaign": [
            *("Campaign", "Contacts", "Responses", "Response", "Response forecast", "Pairs in the right order")
        ],
        "By forecast, within campaigns": [*("Group", "Contacts", "Response forecast", "Response")],
        "What goes with a response": ["Feature", "Compared", "Odds ratio"],
    }
    late = fit_response(contacted(17).assign(clicked="no"))
    assert late.summary()[-1].caption == "Left out, as known only afterwards"


def test_what_goes_with_a_response_in_words():
    columns = ["feature", "level", "reference", "step", "odds_ratio"]
    rows = [
        ("idle", "", "", 3.77, 0.98),
        ("years", "", "", 12.2, 0.5),
        ("years", "(not known)", "", np.nan, 1.0),
        ("channel", "(all others)", "$shop$", np.nan, 1.3),
        ("bought_before", "True", "False", np.nan, 1.01),
        ("points", "", "", 2.5, 1.02),
    ]
    assert said_terms(pd.DataFrame(rows, columns=columns), "odds_ratio")[
        ["feature", "comparison"]
    ].to_numpy().tolist() == [
        ["Days since last purchase", "3.8 times as high"],
        ["Age", "higher by 12.2"],
        ["Age", "not known rather than average"],
        ["Channel", "all others rather than $shop$"],
        ["Bought before", "yes rather than no"],
        ["points", "higher by 2.50"],
    ]


def test_the_clearest_comes_first(sure):
    far = np.log(sure.odds["odds_ratio"]).abs() * 2 - np.log(sure.odds["odds_ratio_high"] / sure.odds["odds_ratio_low"])
    assert far.is_monotonic_decreasing
    assert set(sure.odds["feature"].head(2)) == {"channel", "years"}


def test_a_firm_is_asked_as_its_tables_are():
    company = simulate(customers=1_000, seed=3)
    frames = {name: company.tables[name] for name in ("contacts", "customers", "campaigns")}
    firm = Firm.of(company.tables["transactions"], confidence=0.8, **frames)
    found = response(firm)
    judge = fit_response(response_examples(firm.tables, as_of=firm.as_of), confidence=0.8)
    pd.testing.assert_frame_equal(found.judged, judge.judged)
    assert "95%" not in str(found.content())
    assert response(firm, features=["chanel"]).reason.startswith("response: 'chanel' cannot be features. ")
