"""Who responds: features against tiny logs, numbers against scikit-learn, statsmodels and loops, the firm's truth."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from helpers import message_of, plain
from portfoy.customers import customer_table
from portfoy.errors import FitError
from portfoy.figures.response import plot_calibration, plot_gains, plot_profit
from portfoy.models.judging import calibration_table, gains_table, judgement
from portfoy.models.leaks import leak_table
from portfoy.selection.campaign import CampaignTerms, campaign_terms, profit_curve
from portfoy.selection.examples import response_examples
from portfoy.selection.invitations import campaign_list
from portfoy.selection.response import PENALTY, fit_response
from portfoy.sentences.campaign import describe_campaign_list, describe_profit
from portfoy.sentences.response import (
    describe_calibration,
    describe_gains,
    describe_leaks,
    describe_odds,
    describe_response,
    odds_table,
)
from portfoy.simulate import simulate
from portfoy.simulate.truth import BANDS, CHANNELS, Truth
from portfoy.words import figure
from portfoy.words.table import show


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


def many(seed, campaigns=4, people=1500, odds=None):
    """Examples as `response_examples` gives them, from a known logistic model of channel and years of age."""
    random = np.random.default_rng(seed)
    odds = odds or {"constant": -1.4, "online": 0.5, "rep": -0.4, "years": -0.3}
    years = random.normal(45, 12, people).round()
    channel = random.choice(["shop", "online", "rep"], people, p=[0.5, 0.3, 0.2])
    logit = odds["constant"] + odds["online"] * (channel == "online") + odds["rep"] * (channel == "rep")
    p = 1 / (1 + np.exp(-logit - odds["years"] * (years - 45) / 12))
    rows = []
    for number in range(campaigns):
        who = np.flatnonzero(random.random(people) < 0.7)
        start = day("2025-01-01") + number * pd.Timedelta(days=60)
        rows.append(
            pd.DataFrame(
                {
                    "campaign_id": f"K{number + 1}",
                    "starts_on": start,
                    "customer_id": [f"{one:05d}" for one in who],
                    "contacted_on": start,
                    "known_on": start + pd.Timedelta(days=30),
                    "responded": (random.random(len(who)) < p[who]).astype(float),
                    "treated": len(who),
                    "held_out": 200,
                    "held_out_responses": 20.0,
                    "bought_before": True,
                    "idle": random.integers(0, 300, len(who)).astype(float),
                    "purchases": random.integers(1, 9, len(who)).astype(float),
                    "ticket": random.gamma(2, 50, len(who)),
                    "age": random.integers(300, 900, len(who)).astype(float),
                    "channel": channel[who],
                    "years": years[who],
                    "truth": p[who],
                }
            )
        )
    return pd.concat(rows, ignore_index=True)


# (a) Worked out by hand


def test_examples_of_two_customers():
    found = response_examples(tables(LOG, CONTACTS, PEOPLE), as_of="2025-06-30")
    expected = pd.DataFrame(
        {
            "campaign_id": ["K1", "K1"],
            "starts_on": [day("2025-03-01")] * 2,
            "customer_id": ["A", "B"],
            "contacted_on": [day("2025-03-03"), day("2025-03-02")],
            "known_on": [day("2025-04-02"), day("2025-04-01")],
            "responded": [1.0, 0.0],
            "treated": [2, 2],
            "held_out": [2, 2],
            "held_out_responses": [1.0, 1.0],
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
    assert found["held_out"].tolist() == [0] * 4
    assert found["held_out_responses"].isna().all()


def test_what_the_held_out_bought_is_not_told_by_orders():
    found = response_examples(tables(LOG, CONTACTS.drop(columns="responded")), as_of="2025-06-30")
    assert found["responded"].tolist() == [1, 0]
    assert (found["held_out"].tolist(), found["held_out_responses"].isna().all()) == ([2, 2], True)


def test_an_answer_is_not_known_before_its_days_are_over():
    found = response_examples(tables(LOG, CONTACTS), as_of="2025-04-01")
    assert found["customer_id"].tolist() == ["A", "B"]
    assert found["responded"].isna().tolist() == [True, False]
    soon = response_examples(tables(LOG, CONTACTS), as_of="2025-04-01", answer_days=10)
    assert soon["responded"].tolist() == [1, 0]


def test_a_second_contact_in_a_campaign_counts_once_and_a_missing_day_is_the_first():
    again = pd.DataFrame([("K1", "B", "treatment", "2025-03-09", None, True)], columns=CONTACTS.columns)
    blank = CONTACTS.assign(contacted_on=CONTACTS["contacted_on"].where(CONTACTS["customer_id"] != "A"))
    found = response_examples(tables(LOG, pd.concat([blank, again])), as_of="2025-06-30")
    assert found["customer_id"].tolist() == ["A", "B"]
    assert found["contacted_on"].tolist() == [day("2025-03-01"), day("2025-03-02")]
    assert found["responded"].tolist() == [1, 1]


def test_without_any_day_the_campaign_begins_when_it_is_said_to():
    campaigns = pd.DataFrame({"campaign_id": ["K1"], "starts_on": ["2025-02-01"], "cost": [5.0]})
    blank = CONTACTS.assign(contacted_on=None)
    found = response_examples(tables(LOG, blank, campaigns=campaigns), as_of="2025-06-30")
    assert found["starts_on"].tolist() == [day("2025-02-01")] * 2
    assert found["purchases"].tolist()[0] == 1


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
        *("contacts", "responses", "depth", "gain", "gain_low", "gain_high", "lift", "lift_low", "lift_high")
    ]
    assert found.iloc[-1][["gain_low", "gain_high"]].tolist() == [1, 1]


def test_profit_of_eight_contacts():
    found = profit_curve(EIGHT, contact_cost=30, response_margin=100)
    assert found.p_least == 0.3
    expected = pd.DataFrame(
        {
            "whom": ["nobody", "whoever pays for the contact", "everybody"],
            "depth": [0, 0.5, 1],
            "contacts": [0, 4, 8],
            "responses": [0, 2, 3],
            "profit": [0.0, 80, 60],
        }
    )
    pd.testing.assert_frame_equal(found.choices[expected.columns], expected, check_dtype=False)
    assert (found.gain, found.curve["profit"].tolist()) == (20, pytest.approx([0, 70, 110, 80, 90, 60]))
    assert found.curve["depth"].tolist() == [0, 1 / 8, 3 / 8, 4 / 8, 7 / 8, 1]
    assert np.isnan(found.curve["profit_per_contact"][0])
    assert found.curve["profit_per_contact"].iloc[-1] == 7.5


def test_terms_are_those_of_the_judged_campaigns():
    judged = pd.DataFrame(
        {"campaign_id": ["K1", "K1"], "customer_id": ["A", "B"], "responded": [1.0, 0], "treated": [4, 4]}
    )
    campaigns = pd.DataFrame({"campaign_id": ["K1", "K0"], "cost": [50.0, 9999]})
    log = LOG.assign(unit_cost=0.0)
    log.loc[4, "unit_cost"] = 120.0
    customers = customer_table(log)
    terms = campaign_terms(tables(log, None, campaigns=campaigns), customers, judged)
    assert (terms.contact_cost, terms.response_margin) == (12.5, 380)
    assert (terms.cost_from, terms.margin_from, terms.campaigns, terms.answers) == (
        "campaigns",
        "campaign orders",
        1,
        1,
    )
    given = campaign_terms(tables(log, None), customers, judged, contact_cost=3, response_margin=4)
    assert (given.contact_cost, given.response_margin, given.cost_from, given.margin_from) == (3, 4, "given", "given")
    plain = campaign_terms(tables(LOG, None, campaigns=campaigns), customer_table(LOG), judged)
    assert (plain.response_margin, plain.margin_from, plain.margin_known) == (500, "campaign revenue", False)
    assert terms.margin_known
    none = campaign_terms(tables(LOG.drop(columns="campaign_id"), None), customer_table(LOG), judged, contact_cost=1)
    assert (none.response_margin, none.margin_from, none.answers) == (
        pytest.approx(customer_table(LOG)["ticket"].mean()),
        "customers",
        4,
    )


def test_an_order_after_the_day_is_no_answer_yet():
    judged = pd.DataFrame({"campaign_id": ["K1"], "customer_id": ["A"], "responded": [1.0], "treated": [4]})
    late = pd.DataFrame([("A", "9", "2025-08-05", 90_000.0, "K1")], columns=LOG.columns)
    more = tables(pd.concat([LOG, late]), None)
    customers = customer_table(LOG, as_of="2025-03-31")
    now = campaign_terms(more, customers, judged, contact_cost=1)
    assert (now.response_margin, now.answers) == (500, 1)
    assert campaign_terms(more, customers, judged, contact_cost=1, as_of="2025-08-31").response_margin == 90_500


def test_answers_count_once_their_days_have_passed():
    found = response_examples(tables(LOG, CONTACTS), as_of="2025-04-01").set_index("customer_id")
    assert found["responded"].isna().to_dict() == {"A": True, "B": False}  # B was contacted a day before A
    assert found["opened"].isna().to_dict() == {"A": True, "B": False}
    before = response_examples(tables(LOG, CONTACTS), as_of="2025-03-31")
    assert before["responded"].isna().all()
    assert "opened" not in before
    assert before["held_out_responses"].tolist() == [1, 1]  # who was held out is known 30 days after 1 March
    assert response_examples(tables(LOG, CONTACTS), as_of="2025-03-30")["held_out_responses"].isna().all()


# (b) Other programs


def test_the_area_under_the_curve_is_that_of_scikit_learn_and_its_interval_that_of_a_loop():
    from sklearn.metrics import roc_auc_score

    random = np.random.default_rng(3)
    told = (random.random(150) < 0.3).astype(float)
    p = np.round(random.random(150) * 0.5 + 0.2 * told, 2)  # with ties
    judged = pd.DataFrame({"campaign_id": "K", "responded": told, "p_response": p, "p_base": 0.3, "held_out": 0})
    row = judgement(judged.assign(held_out_responses=np.nan)).iloc[0]
    assert row["auc"] == pytest.approx(roc_auc_score(told, p))
    beats = [[(a > b) + (a == b) / 2 for b in p[told == 0]] for a in p[told == 1]]
    beats = np.array(beats)
    spread = beats.mean(axis=1).var(ddof=1) / len(beats) + beats.mean(axis=0).var(ddof=1) / beats.shape[1]
    half = 1.959963985 * np.sqrt(spread)
    assert [row["auc_low"], row["auc_high"]] == pytest.approx([row["auc"] - half, row["auc"] + half])
    skill = 1 - ((p - told) ** 2).mean() / ((0.3 - told) ** 2).mean()
    assert row["skill"] == pytest.approx(skill)


def test_intervals_of_shares_are_those_of_statsmodels():
    from statsmodels.stats.proportion import proportion_confint

    judged = pd.DataFrame({"p_response": np.linspace(0, 1, 90), "responded": ([1.0, 0, 0, 1, 1] * 18)})
    gains = gains_table(judged, bins=3).iloc[:2]
    low, high = proportion_confint(gains["responses"], judged["responded"].sum(), method="wilson")
    assert gains["gain_low"].tolist() == pytest.approx(low.tolist())
    assert gains["gain_high"].tolist() == pytest.approx(high.tolist())
    calibration = calibration_table(judged, groups=3)
    hits = (calibration["response"] * calibration["contacts"]).round()
    low, high = proportion_confint(hits, calibration["contacts"], method="wilson")
    assert calibration["contacts"].tolist() == [30, 30, 30]
    assert calibration["response_low"].tolist() == pytest.approx(low.tolist())
    assert calibration["response_high"].tolist() == pytest.approx(high.tolist())


def test_gains_are_those_of_a_loop():
    random = np.random.default_rng(4)
    judged = pd.DataFrame({"p_response": np.round(random.random(237), 1), "responded": random.random(237) < 0.2})
    found = gains_table(judged)
    for row in found.itertuples():
        best = judged[judged["p_response"] >= sorted(judged["p_response"], reverse=True)[row.contacts - 1]]
        assert (len(best), best["responded"].sum()) == (row.contacts, row.responses)
    assert found["contacts"].iloc[-1] == 237


def test_coefficients_are_those_of_another_optimiser_and_intervals_those_of_statsmodels():
    from scipy.optimize import minimize
    from statsmodels.api import GLM, add_constant, families

    examples = many(1, people=14_000)
    model = fit_response(examples, features=["channel", "years"])
    years = (examples["years"] - examples["years"].mean()) / examples["years"].std(ddof=0)
    columns = np.column_stack([examples["channel"] == "online", examples["channel"] == "rep", years]).astype(float)
    whole, told = add_constant(columns), examples["responded"].to_numpy()

    def loss(beta):
        return np.logaddexp(0, -(2 * told - 1) * (whole @ beta)).sum() + PENALTY / 2 * (beta[1:] ** 2).sum()

    beta = minimize(loss, np.zeros(4), method="BFGS", options={"gtol": 1e-4}).x
    assert np.log(model.coefficients["odds_ratio"]).tolist() == pytest.approx(beta[1:].tolist(), abs=1e-5)
    names = [("channel", "online", "shop"), ("channel", "rep", "shop"), ("years", "", "")]
    assert list(model.coefficients[["feature", "level", "reference"]].itertuples(index=False, name=None)) == names
    groups = pd.factorize(examples["customer_id"])[0]
    judge = GLM(told, whole, family=families.Binomial()).fit(cov_type="cluster", cov_kwds={"groups": groups})
    error = np.log(model.coefficients["odds_ratio_high"] / model.coefficients["odds_ratio"]) / 1.959963985
    assert error.tolist() == pytest.approx(judge.bse[1:].tolist(), rel=0.02)  # the penalty is small here


# (c) Known truth


def test_a_known_model_comes_back():
    model = fit_response(many(2, people=6000))
    found = model.coefficients.set_index(["feature", "level"])
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
    assert total["held_out_response"] == pytest.approx(0.12, abs=0.02)  # mean of response_control over the personas


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
    odds = model.coefficients.set_index("feature")
    assert odds["odds_ratio_high"]["idle"] < 1 < odds["odds_ratio_low"]["purchases"]


# What must not be seen


def test_what_is_known_only_afterwards_is_named():
    found = leak_table(response_examples(tables(LOG, CONTACTS), as_of="2025-06-30"))
    assert found[["column", "reason"]].to_numpy().tolist() == [
        ["campaign_orders", "counts the orders that answered the campaign"],
        ["opened", "tells by its name what the customer did after the contact"],
    ]
    assert found["auc"].isna().all()


def test_planted_leaks_are_named_and_kept_out():
    examples = many(5)
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
        "basket": "alone tells who responded almost without fail, as nothing known beforehand does",
        "thanks": "is filled in for those who responded and for nobody else",
        "called": "holds dates on or after the campaign's first contact",
        "clicked": "tells by its name what the customer did after the contact",
    }
    assert found["auc"].iloc[0] == 1
    model = fit_response(examples)
    assert model.leaks["column"].tolist() == found["column"].tolist()
    assert not set(model.features) & set(found["column"])
    assert message_of(fit_response, examples, features=["channel", "basket", "clicked", "responded"]) == (
        "fit_response: 'basket', 'clicked', 'responded' cannot be features: they are known only after the contact, or "
        "say which contact it was; a feature must be known before. Leave them out."
    )


def test_the_power_of_a_number_is_that_of_scikit_learn():
    from sklearn.metrics import roc_auc_score

    examples = many(7)
    random = np.random.default_rng(8)
    seconds = 200 * (1 - examples["responded"]) + random.random(len(examples)) * 205
    found = leak_table(examples.assign(seconds=seconds.astype(str)))
    assert found["column"].tolist() == ["seconds"]
    assert found["auc"][0] == pytest.approx(1 - roc_auc_score(examples["responded"], seconds))


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
    examples = many(9)
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
    examples = many(9)
    late = examples.assign(known_on=examples["known_on"].mask(examples["campaign_id"] == "K2", day("2026-01-01")))
    judged = fit_response(late).judged
    only = fit_response(examples[examples["campaign_id"].isin(["K1", "K3"])]).judged
    np.testing.assert_allclose(judged.loc[judged["campaign_id"] == "K3", "p_response"], only["p_response"])


def test_the_order_of_rows_changes_nothing():
    examples = many(10)
    one, other = (fit_response(table) for table in (examples, examples.sample(frac=1, random_state=1)))
    pd.testing.assert_frame_equal(one.coefficients, other.coefficients)
    names = ["campaign_id", "customer_id"]
    judged = [model.judged.sort_values(names, ignore_index=True) for model in (one, other)]
    np.testing.assert_allclose(judged[0]["p_response"], judged[1]["p_response"])
    curves = [profit_curve(table, contact_cost=20, response_margin=100) for table in judged]
    pd.testing.assert_frame_equal(curves[0].curve, curves[1].curve)


def test_the_currency_does_not_matter():
    judged = fit_response(many(10)).judged
    one, other = (profit_curve(judged, contact_cost=2 * by, response_margin=9 * by) for by in (1, 1000))
    pd.testing.assert_frame_equal(one.curve[["depth", "contacts"]], other.curve[["depth", "contacts"]])
    np.testing.assert_allclose(one.curve["profit_high"] * 1000, other.curve["profit_high"])
    assert one.p_least == pytest.approx(other.p_least)
    examples = many(10)
    paid = fit_response(examples.assign(ticket=examples["ticket"] * 1000)).coefficients
    assert paid["odds_ratio"].tolist() == pytest.approx(
        fit_response(examples).coefficients["odds_ratio"].tolist(), rel=0.02
    )


def test_a_draw_of_very_many_contacts_gives_nearly_the_same_model(monkeypatch):
    examples = many(12, people=8000)
    whole = fit_response(examples).coefficients
    monkeypatch.setattr("portfoy.selection.response.MOST", 8000)
    drawn = fit_response(examples).coefficients
    error = np.log(drawn["odds_ratio_high"] / drawn["odds_ratio"]) / 1.96
    assert (np.log(drawn["odds_ratio"] / whole["odds_ratio"]).abs() < 3 * error).all()
    assert (error < 2 * np.log(whole["odds_ratio_high"] / whole["odds_ratio"]) / 1.96).all()
    assert fit_response(examples).judged["p_response"].mean() == pytest.approx(examples["responded"].mean(), rel=0.05)


def test_the_interval_of_profit_is_that_of_a_plain_bootstrap():
    judged = fit_response(many(13)).judged
    found = profit_curve(judged, contact_cost=20, response_margin=100)
    random = np.random.default_rng(0)
    sums = pd.DataFrame({"all": 100 * judged["responded"] - 20, "best": judged["p_response"] >= 0.2})
    sums = sums.assign(gain=-sums["all"].where(~sums["best"], 0)).groupby(judged["customer_id"]).sum()
    drawn = np.array(
        [sums.sample(frac=1, replace=True, random_state=random)[["all", "gain"]].sum() for _ in range(400)]
    )
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    wide = high - low
    total = found.choices.iloc[2]
    assert [total["profit_low"], total["profit_high"]] == pytest.approx([low[0], high[0]], abs=0.2 * wide[0])
    assert [found.gain_low, found.gain_high] == pytest.approx([low[1], high[1]], abs=0.2 * wide[1])


def test_when_everybody_pays_choosing_gains_nothing():
    found = profit_curve(EIGHT, contact_cost=0, response_margin=5)
    assert (found.gain, found.gain_low, found.gain_high) == (0, 0, 0)
    assert found.choices["contacts"].tolist() == [0, 8, 8]
    nobody = profit_curve(EIGHT, contact_cost=90, response_margin=100)
    assert nobody.choices.loc[1, ["contacts", "profit", "profit_low", "profit_high"]].tolist() == [0, 0, 0, 0]
    assert profit_curve(EIGHT.iloc[:1], contact_cost=1, response_margin=5).choices["profit"].tolist() == [0, 4, 4]


def test_features_of_any_shape_are_taken():
    examples = many(14).assign(
        region=lambda t: np.where(t.index % 7 == 0, None, "$5 \\frac <b>" + "x" * 200),
        years=lambda t: t["years"].mask(t.index % 5 == 0),
        gender=None,
        idle=np.nan,
        points=lambda t: t["years"].astype(str),
        flag=lambda t: t.index % 3 == 0,
    )
    examples["gender"] = examples["gender"].astype("str")
    model = fit_response(examples, features=["region", "years", "gender", "idle", "points", "flag", "bought_before"])
    rows = set(model.coefficients[["feature", "level"]].itertuples(index=False, name=None))
    numbers = {(name, level) for name in ("years", "points") for level in ("", "(not known)")}
    assert rows == numbers | {("region", "(not known)"), ("flag", "True")}
    assert model.predict(examples)["p_response"].between(0, 1).all()


def test_rare_levels_go_together():
    examples = many(15)
    shop = examples["channel"].copy()
    shop.iloc[:30] = [f"rare {n % 6}" for n in range(30)]
    model = fit_response(examples.assign(channel=shop), features=["channel"])
    assert model.coefficients["level"].tolist() == ["online", "rep", "(all others)"]
    assert model.predict(pd.DataFrame({"channel": ["rare 3", "shop", None, "never seen"]}))[
        "p_response"
    ].isna().tolist() == [
        False,
        False,
        False,
        True,
    ]


# Whom to contact


@pytest.fixture(scope="module")
def today():
    """Six customers of today and a model of purchases and channel."""
    log = pd.DataFrame(
        {
            "customer_id": list("abcdef") + list("aab"),
            "order_id": [str(number) for number in range(9)],
            "ordered_on": pd.to_datetime(["2026-01-01"] * 6 + ["2026-02-01", "2026-03-01", "2026-03-01"]),
            "amount": 10.0,
        }
    )
    people = pd.DataFrame(
        {"customer_id": list("abcdef"), "channel": ["online", "online", "shop", "rep", "fax", None], "birth_year": 1980}
    )
    return (
        fit_response(many(16), features=["purchases", "channel", "years"]),
        customer_table(log),
        tables(log, None, people),
    )


def test_the_list_holds_who_is_worth_most_first(today):
    model, customers, some = today
    listed = campaign_list(model, customers, some, contact_cost=10, response_margin=50)
    p = model.predict(customers.assign(channel=some.customers["channel"], years=46.0))["p_response"]
    naive = p[p * 50 > 10].sort_values(ascending=False)
    assert listed["customer_id"].tolist() == customers["customer_id"][naive.index].tolist()
    assert listed["p_response"].tolist() == pytest.approx(naive.tolist())
    assert listed["expected_profit"].tolist() == pytest.approx((naive * 50 - 10).tolist())
    assert listed["cost_so_far"].tolist() == [10.0 * (n + 1) for n in range(len(naive))]
    assert "e" not in set(listed["customer_id"])  # nobody by fax was ever contacted
    assert {name: listed.attrs[name] for name in ("customers", "strange", "worth")} == {
        "customers": 6,
        "strange": 1,
        "worth": len(naive),
    }
    assert listed.attrs["expected_responses"][0] == pytest.approx(naive.sum())
    assert listed["why"][0].startswith("Channel: online")
    assert listed.columns.tolist() == [
        *("customer_id", "why", "p_response", "p_response_low", "p_response_high"),
        *("expected_profit", "expected_profit_low", "expected_profit_high", "cost_so_far"),
    ]


def test_budget_and_number_limit_the_list(today):
    terms = {"contact_cost": 0.1, "response_margin": 50}
    assert len(campaign_list(*today, **terms)) == 5
    assert len(campaign_list(*today, budget=0.3, **terms)) == 3  # 0.3 / 0.1 is not quite 3 in floats
    assert len(campaign_list(*today, budget=0.3, contacts=2, **terms)) == 2
    assert len(campaign_list(*today, budget=7, contact_cost=0, response_margin=1)) == 5
    empty = campaign_list(*today, budget=0.05, **terms)
    assert (len(empty), empty.attrs["worth"], empty.attrs["expected_responses"]) == (0, 5, (0, 0, 0))
    assert campaign_list(*today, contact_cost=50, response_margin=50).attrs["worth"] == 0


def test_without_a_table_of_customers_traits_count_as_not_known(today):
    model, customers, some = today
    listed = campaign_list(model, customers, tables(some.transactions, None), contact_cost=0, response_margin=1)
    assert len(listed) == 6
    assert not listed["why"].str.contains("Channel: (?:online|shop)").any()


def test_the_sum_of_a_list_has_the_interval_of_the_delta_method(today):
    model, _customers, _some = today
    table = pd.DataFrame({"purchases": [1.0, 5, 8], "channel": ["shop", "online", "rep"], "years": [30.0, 50, np.nan]})
    total, low, high = model.expected_responses(table)
    p = model.predict(table)["p_response"]
    assert total == pytest.approx(p.sum())
    random = np.random.default_rng(0)
    from portfoy.models.logistic import stack

    columns = np.column_stack([np.ones(3), stack(model.fit.terms, table)])
    draws = random.multivariate_normal(model.fit.beta, model.fit.covariance, 20_000)
    drawn = (1 / (1 + np.exp(-draws @ columns.T))).sum(axis=1)  # judge: draws of the coefficients
    assert (high - low) / 2 / 1.96 == pytest.approx(drawn.std(), rel=0.03)


# (e) Errors


def test_tables_that_are_missing_are_named():
    assert message_of(response_examples, tables(LOG, None)) == (
        "contacts: there is no such table; it says who was contacted in which campaign, and who responded. "
        "Add contacts with campaign_id, customer_id, arm, contacted_on and responded."
    )
    plain = LOG.drop(columns="campaign_id")
    assert message_of(response_examples, tables(plain, CONTACTS.drop(columns="responded"))) == (
        "contacts: column 'responded' is missing, and no order carries a campaign_id; one of them must tell who "
        "responded. Add the column to contacts, or campaign_id to transactions."
    )
    assert message_of(response_examples, tables(LOG, CONTACTS), as_of="2025-02-28") == (
        "contacts: nobody was contacted by 2025-02-28. Take a later date, or check contacted_on."
    )
    assert message_of(response_examples, tables(LOG, CONTACTS.iloc[:0])) == (
        "contacts: nobody was contacted by 2025-03-05. Take a later date, or check contacted_on."
    )
    judged = EIGHT.assign(treated=8)
    assert message_of(campaign_terms, tables(LOG, None), customer_table(LOG), judged) == (
        "campaigns: the cost of the campaigns is not known, so that nobody can say what a contact costs. Add the table "
        "campaigns with campaign_id and cost, or give contact_cost."
    )


@pytest.mark.parametrize(
    ("examples", "counts"),
    [
        (many(1).query("campaign_id == 'K1'"), "campaigns 1, contacts whose answer is known {n}, responses {hits}"),
        (many(1, people=60), "campaigns 4, contacts whose answer is known {n}, responses {hits}"),
        (many(1).assign(responded=1.0), "campaigns 4, contacts whose answer is known {n}, responses {hits}"),
        (many(1).assign(responded=np.nan), "campaigns 0, contacts whose answer is known {n}, responses {hits}"),
    ],
)
def test_too_few_campaigns_or_responses_to_judge(examples, counts):
    told = examples["responded"].dropna()
    counts = counts.format(n=len(told), hits=int(told.sum()))
    assert message_of(fit_response, examples, error=FitError) == (
        f"fit_response: no campaign can be forecast from earlier ones ({counts}); at least 50 responses and 50 "
        "contacts without one must be known before a campaign begins. Wait for the next campaign, or look at segments."
    )


def test_features_that_are_not_there_or_tell_nothing():
    examples = many(1)[["campaign_id", "starts_on", "customer_id", "contacted_on", "known_on", "responded", "treated",
                        "held_out", "held_out_responses", "channel", "years"]]  # fmt: skip
    assert message_of(fit_response, examples, features=["chanel", "years"]) == (
        "fit_response: the examples have no column 'chanel'; they have 'channel', 'years'. Correct the names."
    )
    assert message_of(fit_response, examples.assign(channel="shop"), features=["channel"], error=FitError) == (
        "fit_response: no feature differs between the customers contacted. Add traits to the customers table."
    )
    fresh = examples.assign(channel=examples["channel"] + examples["campaign_id"])
    assert message_of(fit_response, fresh, features=["channel"], error=FitError) == (
        "fit_response: every campaign went to customers unlike those contacted before, so that none can be forecast. "
        "Wait for the next campaign, or give fewer features."
    )


def test_tables_of_contacts_that_are_none():
    assert message_of(gains_table, EIGHT.drop(columns="p_response")) == (
        "gains_table: columns are missing: 'p_response'; the table has 'campaign_id', 'customer_id', 'responded'. "
        "Take what fit_response judged."
    )
    assert message_of(calibration_table, EIGHT.iloc[:0]) == (
        "calibration_table: there is no contact; at least one is needed. Check the campaigns."
    )
    assert message_of(gains_table, EIGHT.assign(responded=0)) == (
        "gains_table: nobody of 8 contacts responded; a gain is a share of responses. Wait for answers."
    )


def test_terms_that_cannot_be():
    for cost, margin, said in (
        (1, 0, "1.00 and a response brings 0.00"),
        (-2, 5000, "-2.00 and a response brings 5,000.00"),
    ):
        assert message_of(profit_curve, EIGHT, contact_cost=cost, response_margin=margin) == (
            f"profit_curve: a contact costs {said}; the cost must not be below zero and the margin must be above it. "
            "Give contact_cost and response_margin."
        )


def test_the_truth_of_the_firm_is_what_these_tests_take_it_for():
    assert truth_of_bands(Truth())["young online"] == pytest.approx(0.55 * 0.3 + 0.2 * 0.3 + 0.2 * 0.01 + 0.05 * 0.04)


# Figures


@pytest.fixture
def pictures():
    """Drawn whole, so that warnings show."""
    return lambda ax: figure.picture(ax.figure)


def test_gains_are_drawn_beside_chance(pictures):
    gains = gains_table(EIGHT, bins=4)
    ax = plot_gains(gains)
    curve, chance, shown = ax.lines
    assert curve.get_xydata().tolist() == [[0, 0], *gains[["depth", "gain"]].to_numpy().tolist()]
    assert chance.get_xydata().tolist() == [[0, 0], [1, 1]]
    assert shown.get_xydata().tolist() == [[3 / 8, 2 / 3]]
    assert ax.get_title(loc="left") == "The best 38% hold 66.7% of the responses: no clear gain"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("Share contacted, best forecasts first", "Share of all responses")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        *("95% interval", "best forecasts first", "at random")
    ]
    assert ax.figure.get_label() == (
        "Chart: The best 38% hold 66.7% of the responses: no clear gain. "
        "Axes: Share contacted, best forecasts first; Share of all responses."
    )
    pictures(ax)
    sure = plot_gains(gains.assign(lift_low=1.2))
    assert sure.get_title(loc="left") == "The best 38% of the forecasts hold 66.7% of the responses"
    pictures(plot_gains(gains_table(EIGHT.assign(p_response=0.5))))


def test_calibration_is_drawn_beside_the_diagonal(pictures):
    table = calibration_table(EIGHT, groups=2)
    ax = plot_calibration(table)
    diagonal, points = ax.lines[0], ax.containers[0].lines[0]
    assert diagonal.get_xdata().tolist() == diagonal.get_ydata().tolist()
    rows = table.iloc[::-1]
    assert points.get_xydata().tolist() == rows[["predicted_response", "response"]].to_numpy().tolist()
    (bars,) = ax.collections
    drawn = [path.vertices[:, 1].tolist() for path in bars.get_paths()]
    assert np.array(drawn).ravel().tolist() == pytest.approx(
        rows[["response_low", "response_high"]].to_numpy().ravel().tolist()
    )
    assert ax.get_title(loc="left") == "Response forecast: 38.8%; actual: 37.5%"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("Forecast response of a group", "Share of it who responded")
    assert ax.get_ylim()[1] >= table["response_high"].max()
    pictures(ax)
    pictures(plot_calibration(calibration_table(EIGHT.iloc[:1])))
    pictures(plot_calibration(calibration_table(EIGHT.assign(responded=0.0, p_response=0.0))))


def test_profit_is_drawn_with_the_choice_and_everybody(pictures):
    found = profit_curve(EIGHT, contact_cost=30, response_margin=100)
    ax = plot_profit(found, currency="TRY")
    marks = {line.get_label(): line.get_xydata().tolist() for line in ax.lines}
    assert marks["profit, best forecasts first"] == found.curve[["depth", "profit"]].to_numpy().tolist()
    assert marks["everybody"] == [[1, 60]]
    assert marks["whoever pays for the contact"] == [[0.5, 80]]
    assert ax.get_ylabel() == "Profit of the judged campaigns (TRY)"
    assert ax.get_title(loc="left") == "Choosing does not clearly earn more than contacting everybody"
    pictures(ax)


@pytest.mark.parametrize(
    ("change", "cost", "title"),
    [
        ({}, 0, "Every contact is expected to pay: contact everybody"),
        ({}, 99, "No contact is expected to pay: contact nobody"),
        ({"gain_low": 5.0}, 30, "Better than contacting everybody, but it may not pay"),
        ({"gain_high": -5.0}, 30, "Choosing earns less than contacting everybody"),
    ],
)
def test_the_title_of_profit_says_what_to_do(pictures, change, cost, title):
    ax = plot_profit(replace(profit_curve(EIGHT, contact_cost=cost, response_margin=100), **change))
    assert ax.get_title(loc="left") == title
    assert ax.get_ylabel() == "Profit of the judged campaigns (money)"
    pictures(ax)


def test_a_clear_gain_is_in_the_title(pictures):
    found = profit_curve(EIGHT, contact_cost=30, response_margin=100)
    found = replace(found, gain_low=5.0, choices=found.choices.assign(profit_low=1.0))
    ax = plot_profit(found, currency="$x$")
    assert ax.get_title(loc="left") == "Choosing 50% earns $x$\u00a020.00 more than contacting everybody"
    pictures(ax)


# Sentences


def verdicts(*rows):
    """A model's judgement: campaign, area and its bounds; the last row is for all."""
    table = pd.DataFrame(rows, columns=["campaign_id", "auc", "auc_low", "auc_high"])
    table = table.assign(contacts=100, responses=20, response=0.2, response_low=0.13, response_high=0.29, skill=0.1)
    table = table.assign(predicted_response=0.18, skill_low=0.05, skill_high=0.15, held_out=0, held_out_response=np.nan)
    table = table.assign(held_out_response_low=np.nan, held_out_response_high=np.nan)
    return SimpleNamespace(judgement=table, confidence=0.95)


OPEN = (
    "A response is not an effect: as long as nobody is held out, or nobody notes what they buy, it stays open how many "
    "would have bought anyway."
)


def ranked(auc, interval):
    return (
        f"Of a customer who responded and one who did not, the model had ranked the responder higher in {auc} of all "
        f"pairs ({interval}, 95% interval; 50% is guessing)."
    )


def test_a_model_that_sorts():
    model = verdicts(("$K$", 0.72, 0.65, 0.79), ("all together", 0.72, 0.65, 0.79))
    assert plain(describe_response(model)) == (
        "1 campaign was forecast from the answers to earlier ones only ($K$). "
        f"{ranked('72.0%', '65.0%–79.0%')} It sorts well. {OPEN}"
    )


@pytest.mark.parametrize(
    ("auc", "verdict"),
    [
        ((0.65, 0.6, 0.7), "It sorts usefully."),
        ((0.55, 0.51, 0.59), "It sorts, but only a little: expect small gains from choosing."),
        ((0.52, 0.48, 0.56), "That cannot be told from guessing: do not use it to choose."),
        ((0.4, 0.35, 0.45), "It ranks customers the wrong way round: do not use it to choose."),
    ],
)
def test_a_model_is_judged_by_its_interval(auc, verdict):
    text = plain(describe_response(verdicts(("K", *auc), ("all together", *auc))))
    assert f"50% is guessing). {verdict} A response" in text


def test_campaigns_that_were_not_foreseen_are_named():
    model = verdicts(("A", 0.6, 0.55, 0.7), ("B", 0.5, 0.4, 0.6), ("C", 0.4, 0.3, 0.45), ("all", 0.55, 0.52, 0.58))
    model.judgement.loc[3, ["held_out", "held_out_response"]] = [1000, 0.1]
    model.judgement.loc[3, ["held_out_response_low", "held_out_response_high"]] = [0.08, 0.12]
    assert plain(describe_response(model)) == (
        "3 campaigns were forecast, each from the answers to earlier ones only (A, B, C). "
        f"{ranked('55.0%', '52.0%–58.0%')} It sorts, but only a little: expect small gains from choosing. "
        "Taken alone, guessing cannot be ruled out for B. In C it was worse than guessing; did that campaign go to "
        "other customers than those before it? A response is not an effect: of the 1,000 customers held out, 10.0% "
        "bought without a contact (8.0%–12.0%), against 20.0% of those contacted. What the contacts added is a "
        "question of its own."
    )
    none = verdicts(*[(f"C{n}", 0.5, 0.4, 0.6) for n in range(10)], ("all", 0.5, 0.48, 0.52))
    text = plain(describe_response(none))
    assert "(C0, C1, C2, C3, C4, C5, C6, C7 and 2 more)" in text
    assert "Taken one by one, guessing cannot be ruled out for any of them." in text


def test_a_campaign_in_which_nobody_responded_says_so():
    model = verdicts(("K", np.nan, np.nan, np.nan), ("all", np.nan, np.nan, np.nan))
    assert plain(describe_response(model)) == (
        "1 campaign was forecast from the answers to earlier ones only (K). There all contacts ended alike, so that "
        f"nobody can say whether the model tells responders from others. {OPEN}"
    )


def test_leaks_in_words():
    leaks = pd.DataFrame(
        {"column": ["<b>paid</b>", "opened"], "reason": ["is late", "tells too much"], "auc": [0.991, np.nan]}
    )
    assert plain(describe_leaks(leaks)) == (
        "A model may use only what was known before the contact. 2 columns break this rule and are kept out: "
        "“<b>paid</b>” is late; “opened” tells too much. With “<b>paid</b>” alone, 99.1% of the pairs of a responder "
        "and another customer would be put in the right order; but before a campaign, nobody knows it."
    )
    assert plain(describe_leaks(leaks.iloc[1:])) == (
        "A model may use only what was known before the contact. 1 column breaks this rule and is kept out: "
        "“opened” tells too much."
    )
    assert plain(describe_leaks(leaks.iloc[:0])) == (
        "A model may use only what was known before the contact. No column was found that breaks this rule, so none is "
        "kept out."
    )


def test_gains_in_words():
    gains = gains_table(EIGHT, bins=4)
    low, high = gains.loc[0, ["gain_low", "gain_high"]]
    text = f"Contacting the 38% with the best forecasts reaches 66.7% of the responses ({low:.1%}–{high:.1%}), 1.78"
    text += " times as many as contacting as many at random."
    assert plain(describe_gains(gains)) == f"{text} Chance alone could have done that."
    assert plain(describe_gains(gains.assign(lift_low=1.1))) == text
    assert plain(describe_gains(gains_table(EIGHT.assign(p_response=0.5)))) == (
        "All forecasts are alike, so that there are no best ones to contact first."
    )


def test_calibration_in_words():
    table = pd.DataFrame(
        {"predicted_response": [0.3, 0.1], "response_low": [0.2, 0.11], "response_high": [0.4, 0.2], "contacts": 50}
    )
    model = verdicts(("K", 0.6, 0.5, 0.7), ("all", 0.6, 0.5, 0.7))
    start = (
        "The model expected 18.0% to respond, and 20.0% did (13.0%–29.0%); the forecast lies within the 95% interval "
        "in 1 of 2 groups."
    )
    assert plain(describe_calibration(table, model)) == (
        f"{start} Its squared error is 10.0% smaller (5.0%–15.0%) than that of giving everybody the response of the "
        "earlier campaigns: the probabilities are worth having."
    )
    model.judgement = model.judgement.assign(skill=-0.1, skill_low=-0.2, skill_high=-0.05)
    assert plain(describe_calibration(table, model)) == (
        f"{start} Its squared error is 10.0% larger than that of giving everybody the response of the earlier "
        "campaigns (change -20.0% – -5.0%): use the order of the customers, not the probabilities."
    )
    model.judgement = model.judgement.assign(skill_high=0.05)
    assert plain(describe_calibration(table, model)) == (
        f"{start} Giving everybody the response of the earlier campaigns would have come about as close."
    )


def coefficients(*rows):
    columns = ["feature", "level", "reference", "step", "odds_ratio", "odds_ratio_low", "odds_ratio_high"]
    return SimpleNamespace(coefficients=pd.DataFrame(rows, columns=columns), confidence=0.95)


def test_what_goes_with_a_response_in_words():
    model = coefficients(
        ("idle", "", "", 3.77, 0.98, 0.9, 1.1),
        ("years", "", "", 12.2, 0.5, 0.45, 0.55),
        ("years", "(not known)", "", np.nan, 1.0, 0.5, 2.0),
        ("channel", "(all others)", "$shop$", np.nan, 1.3, 1.1, 1.5),
        ("bought_before", "True", "False", np.nan, 1.01, 0.5, 2.1),
        ("points", "", "", 2.5, 1.02, 0.4, 2.6),
    )
    assert odds_table(model)[["feature", "comparison"]].to_numpy().tolist() == [
        ["Age", "12.2 years older"],
        ["Channel", "all others rather than $shop$"],
        ["Days since last purchase", "3.8 times as high"],
        ["Age", "not known rather than average"],
        ["Bought before", "yes rather than no"],
        ["points", "higher by 2.50"],
    ]
    odds = "Odds are the chance to respond over the chance not to; a ratio of 1 means that a feature changes nothing."
    assert plain(describe_odds(model)) == (
        f"{odds} 2 of 6 comparisons are clear, their intervals leaving out 1 (Age, 12.2 years older: 0.50; Channel, "
        "all others rather than $shop$: 1.30). Of as many that change nothing, about 0.3 would seem clear by chance."
    )
    assert plain(describe_odds(coefficients(("idle", "", "", 3.0, 1.0, 0.9, 1.1)))) == (
        f"{odds} No feature clearly goes with the response."
    )


def terms(**change):
    table = {"contact_cost": 30, "response_margin": 100, "response_margin_low": 90, "response_margin_high": 110}
    table |= {
        "cost_from": "campaigns",
        "margin_from": "campaign orders",
        "margin_known": True,
        "campaigns": 2,
        "answers": 40,
    }
    return CampaignTerms(**(table | change))


def profit(cost=30, **change):
    found = profit_curve(EIGHT, contact_cost=cost, response_margin=100)
    choices = found.choices.assign(profit_low=[0, 50.0, 10], profit_high=[0, 150.0, 90])
    return replace(found, **({"choices": choices, "gain_low": -10.0, "gain_high": 40.0} | change))


TERMS = (
    "A contact costs TRY 30.00 (the mean of 2 campaigns) and a response brings TRY 100 (TRY 90.00–TRY 110, the mean "
    "margin of the orders of 40 responses)."
)
LAST = "Every response is counted as brought by its contact."


def test_profit_in_words():
    rule = "So a contact pays where the probability of a response is 30.0% or more."
    told = (
        f"{TERMS} {rule} Contacting only the 50.0% above that would have earned TRY 80.00 (TRY 50.00–TRY 150), "
        "contacting everybody earned TRY 60.00 (TRY 10.00–TRY 90.00); the difference is TRY 20.00 "
    )
    assert plain(describe_profit(profit(), terms(), currency="TRY")) == (
        f"{told}(TRY -10.00 – TRY 40.00). As that interval includes 0, the model does not pay for itself here. {LAST}"
    )
    assert plain(describe_profit(profit(gain_low=5.0), terms(), currency="TRY")) == (
        f"{told}(TRY 5.00–TRY 40.00). Choosing is better than contacting everybody. {LAST}"
    )
    assert plain(describe_profit(profit(gain_high=-5.0), terms(), currency="TRY")) == (
        f"{told}(TRY -10.00 – TRY -5.00). Choosing costs money here: contact everybody. {LAST}"
    )


def test_profit_that_may_be_a_loss_in_words():
    some = profit()
    open_ = replace(some, choices=some.choices.assign(profit_low=-1.0))
    assert plain(describe_profit(open_, terms())).endswith(
        f"But it is not certain that even these contacts earn more than they cost. {LAST}"
    )
    loss = replace(some, choices=some.choices.assign(profit_low=-9.0, profit_high=-1.0))
    assert plain(describe_profit(loss, terms())).endswith(f"But contacting nobody would have been better still. {LAST}")


def test_profit_when_all_or_none_are_contacted_in_words():
    everybody = plain(describe_profit(profit(cost=0), terms(cost_from="given", margin_from="given"), currency="TRY"))
    assert everybody == (
        "A contact costs TRY 0 (as given) and a response brings TRY 100 (as given). So a contact pays where the "
        "probability of a response is 0.0% or more. All forecasts are above that, so the rule is to contact everybody, "
        f"which earned TRY 300 (TRY 10.00–TRY 90.00). {LAST}"
    )
    nobody = plain(describe_profit(profit(cost=90), terms(margin_from="customers", campaigns=1)))
    assert nobody == (
        "A contact costs 90.00 (the mean of 1 campaign) and a response brings 100 (90.00–110, the mean margin of a "
        "purchase of 40 customers, as no order names its campaign). So a contact pays where the probability of a "
        "response is 90.0% or more. No forecast reaches that: by this rule nobody is contacted. Contacting everybody "
        f"earned -420 (10.00–90.00). {LAST}"
    )
    blind = plain(describe_profit(profit(), terms(margin_from="campaign revenue", margin_known=False)))
    assert (
        "(90.00–110, the usual margin on the orders of 40 responses; no cost of goods is known, so revenue is taken "
        "for margin)"
    ) in blind


def invited(n, **attrs):
    table = pd.DataFrame({"customer_id": [str(k) for k in range(n)], "cost_so_far": np.arange(1, n + 1) * 10.0})
    table.attrs = {"customers": 900, "worth": 40, "strange": 0, "sorts": True, "response_margin": 100.0}
    table.attrs |= {"expected_responses": (0.5 * n, 0.4 * n, 0.6 * n)} | attrs
    return table


def test_a_list_in_words():
    assert plain(describe_campaign_list(invited(2), currency="TRY")) == (
        "40 of 900 customers are expected to bring more than the contact costs; the best 2 are listed, cost TRY 20.00 "
        "and are expected to earn TRY 80.00 after that (TRY 60.00–TRY 100, if the next campaign is like those so far)."
    )
    assert plain(describe_campaign_list(invited(1, worth=1, strange=1, sorts=False))) == (
        "1 of 900 customers is expected to bring more than the contact costs; the best 1 is listed, costs 10.00 and is "
        "expected to earn 40.00 after that (30.00–50.00, if the next campaign is like those so far). 1 customer has no "
        "forecast, having a trait that nobody contacted so far had. As the model sorted past campaigns no better than "
        "guessing, others may do as well as these."
    )
    assert plain(describe_campaign_list(invited(0, worth=0, strange=7, sorts=False))) == (
        "0 of 900 customers are expected to bring more than the contact costs. 7 customers have no forecast, having a "
        "trait that nobody contacted so far had."
    )
    assert plain(describe_campaign_list(invited(0))) == (
        "40 of 900 customers are expected to bring more than the contact costs; none is listed."
    )


def test_the_tables_have_headings(today):
    listed = campaign_list(*today, contact_cost=10, response_margin=50)
    assert list(show(listed, "x", currency="TRY").texts) == [
        *("Customer", "Why", "Probability of a response", "Expected profit (TRY)", "Cost so far (TRY)")
    ]
    judged = today[0].judgement.drop(columns=["skill", "skill_low", "skill_high"])
    assert list(show(judged, "x").texts) == [
        *("Campaign", "Contacts", "Responses", "Response", "Response forecast", "Pairs in the right order", "Held out"),
        "Bought without a contact",
    ]
    choices = profit_curve(EIGHT, contact_cost=30, response_margin=100).choices
    assert list(show(choices, "x").texts) == ["Who is contacted", "Share contacted", "Contacts", "Responses", "Profit"]
    assert list(show(odds_table(today[0]), "x").texts) == ["Feature", "Compared", "Odds ratio"]
