"""What a campaign earns and who comes first: by hand, a plain bootstrap, a naive list, and what is not listed."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import portfoy as pf
from helpers import contacted, foreseen, labels, message_of, plain
from portfoy.firm import Firm
from portfoy.models.arms import draw
from portfoy.models.columns import CONTROL, TREATED
from portfoy.models.terms import CampaignTerms, campaign_terms
from portfoy.selection.campaign import Campaign, campaign, profit_curve
from portfoy.selection.invitations import campaign_list
from portfoy.selection.response import fit_response
from portfoy.words.result import NotPossible

SHIPPED = Path(__file__).parents[1] / "data" / "teaching"
EIGHT = pd.DataFrame(
    {
        "campaign_id": "K",
        "customer_id": list("abcdefgh"),
        "arm": [TREATED, CONTROL] * 4,
        "p_response": [0.8, 0.8, 0.6, 0.6, 0.4, 0.4, 0.1, 0.1],
        "responded": [1.0, 0, 1, 0, 1, 1, 0, 0],
    }
)


@dataclass
class Half:
    """A contact adds half of the forecast: in place of an `Added`."""

    def of(self, p, confidence=0.95):
        return pd.DataFrame({"added": p / 2, "added_low": p / 4, "added_high": p}, index=p.index)

    def total(self, p, confidence=0.95):
        return p.sum() / 2, p.sum() / 4, p.sum()


LOG = pd.DataFrame(
    [
        ("A", "1", "2025-01-10", 120.0, None),
        ("A", "2", "2025-02-20", 60.0, None),
        ("A", "3", "2025-03-05", 500.0, "K1"),
        ("B", "4", "2025-03-01", 999.0, None),
    ],
    columns=["customer_id", "order_id", "ordered_on", "amount", "campaign_id"],
)
JUDGED = pd.DataFrame({"campaign_id": "K1", "customer_id": ["A", "B", "C", "D"], "responded": [1.0, 0, 0, 0]}).assign(
    starts_on=pd.Timestamp("2025-03-01")
)
CAMPAIGNS = pd.DataFrame({"campaign_id": ["K1", "K0"], "cost": [50.0, 9999]})


def prices(contact_cost, response_margin):
    return CampaignTerms(contact_cost, response_margin)


def held_out(seed, people=1500, share=0.4, **kind):
    """As `contacted`, a share of each campaign held out at random: they respond half as often as those contacted."""
    examples, random = contacted(seed, people=people, **kind), np.random.default_rng(seed)
    held = random.random(len(examples)) < share
    told = (random.random(len(examples)) < examples["truth"] / np.where(held, 2, 1)).astype(float)
    return examples.assign(arm=np.where(held, CONTROL, TREATED), responded=told)


# (a) Worked out by hand


def test_profit_of_eight_contacts():
    curve, choices = profit_curve(EIGHT, prices(25, 100), Half())  # pays from a forecast above 0.5
    expected = pd.DataFrame(
        {
            "whom": ["nobody", "whoever pays for the contact", "everybody"],
            "depth": [0, 0.5, 1],
            "contacts": [0, 2, 4],
            "added": [0.0, 2, 2],
            "profit": [0.0, 150, 100],
            "profit_more": [-100.0, 50, 0],
        }
    )
    pd.testing.assert_frame_equal(choices[expected.columns], expected, check_dtype=False)
    assert curve["profit"].tolist() == pytest.approx([0, 75, 150, 125, 100])
    assert curve["depth"].tolist() == [0, 1 / 4, 2 / 4, 3 / 4, 1]
    assert np.isnan(curve["profit_per_contact"][0])
    assert curve["profit_per_contact"].iloc[-1] == 25
    assert prices(30, 100).p_least == 0.3


def test_those_held_out_count_by_the_ratio_of_the_arms_and_each_contact_by_its_channel():
    thrice = pd.concat([EIGHT[EIGHT["arm"] == TREATED], EIGHT.iloc[[3, 5]]])  # four treated, two held out
    other = EIGHT.assign(campaign_id="L", customer_id=EIGHT["customer_id"] + "2")
    terms = replace(prices(25, 100), each={"K": 10.0, "L": 40.0})
    _curve, choices = profit_curve(pd.concat([thrice, other], ignore_index=True), terms, Half())
    everybody = choices.iloc[2]
    assert everybody["added"] == pytest.approx((3 - 4 / 2 * 1) + (3 - 1))
    assert everybody["profit"] == pytest.approx(100 * 3 - 4 * 10 - 4 * 40)
    assert choices["contacts"].tolist() == [0, 3, 8]  # half of 100 p above 10 in K: all but one; above 40 in L: nobody


def test_when_everybody_pays_choosing_gains_nothing():
    _curve, choices = profit_curve(EIGHT, prices(0, 5), Half())
    assert choices.iloc[1].filter(like="profit_more").tolist() == [0, 0, 0]
    assert choices["contacts"].tolist() == [0, 4, 4]
    _curve, nobody = profit_curve(EIGHT, prices(90, 100), Half())
    assert nobody.loc[1, ["contacts", "profit", "profit_low", "profit_high"]].tolist() == [0, 0, 0, 0]


def test_terms_are_those_of_the_judged_campaigns():
    log = LOG.assign(unit_cost=[0.0, 0, 120, 0])
    terms = campaign_terms(Firm.of(log, campaigns=CAMPAIGNS), JUDGED)
    assert (terms.contact_cost, terms.response_margin, terms.channel, terms.each) == (12.5, 380, "", {"K1": 12.5})
    assert (terms.margin_from, terms.answers, terms.margin_known) == ("campaign orders", 1, True)
    given = campaign_terms(Firm.of(log), JUDGED, contact_cost=3, response_margin=4)
    assert (given.contact_cost, given.response_margin, given.each, given.margin_from) == (3, 4, {}, "given")
    plain = campaign_terms(Firm.of(LOG, campaigns=CAMPAIGNS), JUDGED)
    assert (plain.response_margin, plain.margin_from, plain.margin_known) == (500, "campaign revenue", False)
    firm = Firm.of(LOG.drop(columns="campaign_id"))
    none = campaign_terms(firm, JUDGED, contact_cost=1)
    assert (none.response_margin, none.margin_from, none.answers) == (firm.customers["ticket"].mean(), "customers", 2)


def test_a_contact_costs_what_its_channel_does():
    kinds = {
        "campaign_id": ["K1", "K2", "K3", "K4"],
        "channel": ["mail", "call", "mail", None],
        "cost": [50.0, 90, 30, 8],
    }
    starts = {"K1": "2025-03-01", "K2": "2025-04-01", "K3": "2025-05-01", "K4": "2025-02-01"}
    judged = pd.concat([JUDGED.assign(campaign_id=name, starts_on=pd.Timestamp(day)) for name, day in starts.items()])
    terms = campaign_terms(Firm.of(LOG, campaigns=pd.DataFrame(kinds)), judged)
    assert (terms.channel, terms.contact_cost) == ("mail", 10)  # of K3, the latest: (50 + 30) / 8
    assert terms.each == {"K1": 10, "K2": 22.5, "K3": 10, "K4": 2}
    assert terms.costs.to_numpy().tolist() == [["", 1, 4, 2], ["call", 1, 4, 22.5], ["mail", 2, 8, 10]]


def test_an_order_after_the_day_is_no_answer_yet():
    late = pd.concat([LOG, pd.DataFrame([("A", "9", "2025-08-05", 90_000.0, "K1")], columns=LOG.columns)])
    now = campaign_terms(Firm.of(late, as_of="2025-03-31"), JUDGED, contact_cost=1)
    assert (now.response_margin, now.answers) == (500, 1)
    assert campaign_terms(Firm.of(late, as_of="2025-08-31"), JUDGED, contact_cost=1).response_margin == 90_500


# (b) Other computations


def test_the_interval_of_profit_is_that_of_a_plain_bootstrap():
    found = fit_response(held_out(13))
    scored = pd.concat([found.judged, found.held], ignore_index=True)
    _curve, choices = profit_curve(scored, prices(10, 100), Half())
    random, treated = np.random.default_rng(0), scored["arm"] == TREATED
    ratio = scored["campaign_id"].map(
        treated.groupby(scored["campaign_id"]).agg(lambda each: each.sum() / (~each).sum())
    )
    every = np.where(treated, 100 * scored["responded"] - 10, -100 * ratio * scored["responded"])
    sums = pd.DataFrame({"all": every, "more": np.where(scored["p_response"] / 2 * 100 > 10, 0, -every)})
    sums = sums.groupby(scored["customer_id"]).sum()
    drawn = np.array([sums.sample(frac=1, replace=True, random_state=random).sum() for _ in range(400)])
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    wide = high - low
    shown = choices.iloc[2][["profit_low", "profit_high"]], choices.iloc[1][["profit_more_low", "profit_more_high"]]
    assert shown[0].tolist() == pytest.approx([low[0], high[0]], abs=0.2 * wide[0])
    assert shown[1].tolist() == pytest.approx([low[1], high[1]], abs=0.2 * wide[1])


@pytest.fixture(scope="module")
def known():
    """A model of purchases, channel and age that sorts, from contacts whose truth is known."""
    return fit_response(held_out(16, people=3000), features=["purchases", "channel", "years"])


@pytest.fixture(scope="module")
def today():
    """Six customers of today."""
    days = pd.to_datetime(["2026-01-01"] * 6 + ["2026-02-01", "2026-03-01", "2026-03-01"])
    log = pd.DataFrame({"customer_id": list("abcdefaab"), "order_id": map(str, range(9)), "ordered_on": days})
    channels = ["online", "online", "shop", "rep", "fax", None]
    people = pd.DataFrame({"customer_id": list("abcdef"), "channel": channels, "birth_year": 1980})
    return Firm.of(log.assign(amount=10.0), customers=people, currency="TRY")


def test_the_list_holds_who_is_worth_most_first(known, today):
    listed, total = campaign_list(today, known, prices(5, 50), Half())
    customers = today.customers
    channel = ["online", "online", "shop", "rep", "fax", None]
    p = known.fit.predict(customers.assign(channel=channel, years=46.0))["p_response"]
    naive = p[p / 2 * 50 > 5].sort_values(ascending=False)
    assert listed["customer_id"].tolist() == customers["customer_id"][naive.index].tolist()
    assert listed["p_response"].tolist() == pytest.approx(naive.tolist())
    assert listed["expected_profit"].tolist() == pytest.approx((naive * 25 - 5).tolist())
    reached = draw(listed["customer_id"], "next_campaign", 0.2) == TREATED
    assert (listed["arm"] == TREATED).tolist() == reached.tolist()
    assert listed["cost_so_far"].tolist() == (5.0 * reached.cumsum()).tolist()
    assert "e" not in set(listed["customer_id"])  # nobody by fax was ever contacted
    told = {"customers": 6, "strange": 1, "worth": len(naive), "listed": len(naive)}
    told |= {"held": (~reached).sum(), "cost": 5 * reached.sum()}
    assert {name: total[name] for name in told} == told
    assert total["profit"] == pytest.approx((naive[reached] * 25 - 5).sum())
    assert listed["why"][0].startswith("Channel: online")
    assert set(listed["campaign_id"]) == {"next_campaign-2026-03-01"}
    assert set(listed["contacted_on"]) == {pd.Timestamp("2026-03-02")}
    assert listed.columns.tolist() == [
        *("campaign_id", "customer_id", "arm", "contacted_on", "hold_out_share", "why"),
        *("p_response", "p_response_low", "p_response_high"),
        *("expected_profit", "expected_profit_low", "expected_profit_high", "cost_so_far"),
    ]


def test_without_anybody_held_out_the_list_says_nothing_of_profit(known, today):
    listed, total = campaign_list(today, known, prices(10, 50), hold_out_share=0.5)
    assert listed["p_response"].is_monotonic_decreasing
    assert (listed["p_response"] >= 0.2).all()
    assert "expected_profit" not in listed
    assert np.isnan(total["profit"])


# (d) Properties


def test_budget_and_number_limit_the_list(known, today):
    def sizes(cost, margin, **limits):
        listed, total = campaign_list(today, known, prices(cost, margin), Half(), hold_out_share=0.0, **limits)
        assert len(listed) == total["listed"]
        return total["listed"], total["worth"]

    assert sizes(0.1, 50) == (5, 5)
    assert sizes(0.1, 50, budget=0.3) == (3, 5)  # 0.3 / 0.1 is not quite 3 in floats
    assert sizes(0.1, 50, budget=0.3, contacts=2) == (2, 5)
    assert sizes(0, 1, budget=7) == (5, 5)
    assert sizes(0.1, 50, budget=0.05) == (0, 5)
    assert sizes(50, 50) == (0, 0)
    held, total = campaign_list(today, known, prices(0.1, 50), Half(), budget=0.2, hold_out_share=0.5)
    assert ((held["arm"] == TREATED).sum(), total["cost"]) == (2, 0.2)  # those held out cost nothing


def test_without_a_table_of_customers_traits_count_as_not_known(known, today):
    listed, _total = campaign_list(Firm.of(today.log.to_pandas()), known, prices(0, 1), Half())
    assert len(listed) == 6
    assert not listed["why"].str.contains("Channel: (?:online|shop)").any()


def test_the_currency_does_not_matter():
    (one, _), (other, _) = (profit_curve(EIGHT, prices(2 * by, 9 * by), Half()) for by in (1, 1000))
    pd.testing.assert_frame_equal(one[["depth", "contacts"]], other[["depth", "contacts"]])
    np.testing.assert_allclose(one["profit_high"] * 1000, other["profit_high"])


def test_what_is_not_to_be_used_makes_no_list(known, today):
    terms = {"contact_cost": 5, "response_margin": 50}
    used = campaign(today, known, **terms)
    assert [(each.name, each.table is used.listed) for each in used.actions()] == [("next_campaign", True)]
    assert len(used.listed) == used.total["listed"] > 0
    half = used.effect["held_out_response"] / used.effect["response"]  # as `held_out` makes them
    assert half == pytest.approx(0.5, abs=0.1)
    total = known.judgement.iloc[-1].to_frame().T.assign(auc_low=0.49)
    blind = campaign(today, replace(known, judgement=total), **terms)
    assert (blind.actions(), len(blind.listed), blind.total["worth"]) == ([], 0, used.total["worth"])
    assert blind.finding().text[:17] == "A contact makes 1"
    failed = campaign(today, known, contact_cost=49, response_margin=50)
    assert (failed.actions(), len(failed.listed)) == ([], 0)


def test_arms_that_chance_did_not_draw_are_left_out_and_named(today):
    examples = held_out(18)
    chosen = (examples["campaign_id"] == "K3") & (examples["idle"] > 150)
    examples["arm"] = np.where(chosen, CONTROL, examples["arm"])
    found = fit_response(examples, features=["purchases", "channel", "years"])
    assert found.chosen == ["K3"]
    rest = examples[examples["campaign_id"].isin(["K2", "K4"])]
    means = rest.groupby("arm")["responded"].mean()
    assert found.effect["points"] == pytest.approx(100 * (means[TREATED] - means[CONTROL]), abs=0.2)
    told = campaign(today, found, contact_cost=5, response_margin=50)
    assert "Left out, as not drawn by chance: K3." in plain(told.method())
    assert set(told.arms.loc[told.arms["differs"] != "", "campaign_id"]) == {"K3"}
    assert told.curve["contacts"].iloc[-1] == (rest["arm"] == TREATED).sum()
    alone = fit_response(examples[examples["arm"] == TREATED], features=["purchases", "channel", "years"])
    none = campaign(today, alone, contact_cost=5, response_margin=50)
    assert (none.effect, none.plot(), none.curve.empty) == (None, None, True)
    assert none.finding().text == "Effect of contacts not known: too few were held out"


def test_a_label_that_is_another_word_for_the_control_is_one(shared_data):
    firm = pf.open(shared_data.parent / "cases/reports/hold")
    raw = pd.read_csv(shared_data.parent / "cases/reports/hold/contacts.csv")
    found = pf.response(firm)
    share = raw.assign(yes=raw["responded"] == "yes").groupby(["campaign_id", "arm"])["yes"].mean().unstack()
    assert found.arms["held_out_response"].tolist() == pytest.approx(share["Holdout"].tolist())
    assert found.arms["response"].tolist() == pytest.approx(share["Mailed"].tolist())
    assert found.effect["points"] == pytest.approx(100 * (share["Mailed"] - share["Holdout"])[1:].mean(), abs=0.1)


def test_the_teaching_company_speaks_of_the_difference_and_has_no_list(teaching_firm):
    found = pf.campaign(teaching_firm, pf.response(teaching_firm))
    assert plain(found.finding().text) == "A contact makes 6.2 more customers in a hundred respond"
    assert "6.2 points more (4.0–8.3)." in plain(found.reading())
    assert "Left out, as not drawn by chance: CAM06." in plain(found.method())
    assert (found.actions(), len(found.listed)) == ([], 0)
    ax = found.plot()
    assert labels(ax.yaxis) == [f"CAM0{number}" for number in range(1, 7)]
    assert ax.get_title(loc="left") == "What a contact added, by campaign"
    assert "CAM06: 12.9" in ax.figure.get_label()
    assert "contact everybody" not in plain(found).lower()
    campaigns = pd.read_csv(SHIPPED / "campaigns.csv").set_index("campaign_id")
    reached = pd.read_csv(SHIPPED / "contacts.csv").query("arm == 'treatment'")["campaign_id"].value_counts()
    assert found.terms.channel == campaigns["channel"]["CAM06"] == "mail"
    each = campaigns["cost"] / reached
    assert found.terms.each["CAM05"] / each["CAM05"] < 1.3  # a call, at the prices of today
    assert found.terms.each["CAM05"] > 30 * found.terms.each["CAM04"]


def test_what_is_not_possible_is_handed_on(today):
    missing = NotPossible("contacts: there is no such table.")
    assert campaign(today, missing) is missing


# (e) Errors


def test_terms_that_cannot_be(known, today):
    for cost, margin, said in (
        (1, -5, "1.00 must be 0 or more, response_margin -5.00"),
        (-2, 5000, "-2.00 must be 0 or more, response_margin 5,000.00"),
    ):
        assert campaign(today, known, contact_cost=cost, response_margin=margin).reason == (
            f"campaign: contact_cost {said} above 0."
        )
    for limits in ({"budget": -1}, {"contacts": -1}):
        assert campaign(today, known, contact_cost=1, **limits).reason == (
            f"{next(iter(limits))}: -1 is below 0. Correct the parameter."
        )
    assert message_of(campaign_terms, today, JUDGED) == (
        "campaigns: no cost is known. Add it to campaigns, or give contact_cost."
    )


# (f) What is shown

EFFECT = {"treated": 300, "held_out": 200, "response": 0.176, "held_out_response": 0.111}
EFFECT |= {"points": 6.5, "points_low": 4.1, "points_high": 9.0}
ARMS = pd.DataFrame([{"campaign_id": "K", **EFFECT, "differs": "", "at_random": True}])


def shown(cost=30.0, n=2, terms=None, sorts=True, change=None, effect=EFFECT, chosen=(), **total):
    """A campaign of the eight contacts, with a list of so many customers."""
    terms = terms or CampaignTerms(cost, 100, 90, 110, "campaign orders", 40, channel="mail", each={"K": cost})
    curve, choices = profit_curve(EIGHT, terms, Half())
    choices.loc[1:, ["profit_low", "profit_high"]] = [[50.0, 150], [10, 90]]
    choices.loc[1, ["profit_more_low", "profit_more_high"]] = -10.0, 40.0
    for name, value in (change or {}).items():
        choices.loc[1, name] = value
    none = pd.DataFrame()
    listed = pd.DataFrame({"customer_id": [str(k) for k in range(n)], "cost_so_far": np.arange(1, n + 1) * 10.0})
    listed = listed.assign(campaign_id="next", arm=TREATED, contacted_on=pd.Timestamp("2026-01-01"), hold_out_share=0.1)
    count = {"customers": 900, "strange": 7, "worth": 40, "listed": n, "held": 1, "cost": 10.0 * n}
    count |= {"profit": 40.0 * n, "profit_low": 30.0 * n, "profit_high": 50.0 * n} | total
    parts = (curve, choices) if effect else (none, none)
    return Campaign(
        terms, effect, effect, ARMS if effect else none, list(chosen), *parts, listed, count, sorts, "TRY", 0.95
    )


def points(low, high):
    return EFFECT | {"points": (low + high) / 2, "points_low": low, "points_high": high}


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({}, "The list is expected to earn TRY 80"),
        (
            {"change": {"profit_more": 20.0, "profit_more_low": 5.0}},
            "Choosing earns TRY 20 more than contacting everybody",
        ),
        ({"n": 0}, "A contact makes 6.5 more customers in a hundred respond"),
        ({"n": 0, "effect": points(-7.0, -1)}, "A contact makes 4.0 fewer customers in a hundred respond"),
        ({"n": 0, "effect": points(-1.0, 3)}, "The effect of contacts cannot be told from chance"),
        ({"effect": None}, "Effect of contacts not known: too few were held out"),
        ({"n": 0, "effect": None}, "Effect of contacts not known: too few were held out"),
    ],
)
def test_the_finding_says_what_a_contact_adds(given, text):
    found = shown(**given).finding()
    nothing = "chance" in text or given == {"n": 0, "effect": None}
    assert (plain(found.text), found.nothing) == (text, nothing)


BOUGHT = "Of those contacted 18% responded, of those held out 11%: 6.5 points more (4.1–9.0)"


def test_a_campaign_in_words():
    assert plain(shown().reading()) == (
        f"{BOUGHT}. The 2 listed cost TRY 20 and should earn TRY 80 (TRY 60–100); 1 are held out."
    )
    assert plain(shown(n=0, chosen=["K6", "K8"]).reading()) == (
        f"{BOUGHT}. By mail a contact costs TRY 30, pays from 30.0 points on, and earns TRY −24 (TRY −26 – −21)."
    )
    assert "Left out, as not drawn by chance: K6, K8. " in plain(shown(chosen=["K6", "K8"]).method())
    assert plain(shown(n=0, terms=prices(4, 100)).reading()) == (
        f"{BOUGHT}. A contact costs TRY 4, pays from 4.0 points on, and earns TRY 2.5 (TRY 0.10–5)."
    )
    assert plain(shown(effect=None).reading()) == ("The 2 listed cost TRY 20; 1 are held out to know it.")
    assert shown(n=0, effect=None).reading() == ""
    assert plain(shown().actions()[0].text) == "Contact the 1 likeliest to answer, not the 1 held out"


def test_how_a_campaign_was_worked_out_in_words():
    known = plain(shown(terms=prices(30, 100)).method())
    assert known.startswith("At random: the arms differ in nothing ")
    assert known.endswith(" Of 900 customers 40 should pay, 7 are like nobody contacted.")
    assert plain(shown().method()) == (f"A response brings a margin of TRY 90–110 (40 cases). {known}")
    usual = CampaignTerms(30, 100, 90, 110, "campaign revenue", 40, False)
    assert plain(shown(terms=usual).method()) == (
        f"A response brings a margin of TRY 90–110 (40 cases). No cost of goods is known: margin is revenue. {known}"
    )
    people = CampaignTerms(30, 100, 90, 110, "customers", 40)
    assert plain(shown(terms=people).method()).startswith("A response brings a margin of TRY 90–110 (40 cases). ")


def test_profit_is_drawn_with_the_choice_and_everybody():
    found = shown(cost=25.0)
    ax = found.plot()
    assert ax.lines[0].get_xydata().tolist() == found.curve[["depth", "profit"]].to_numpy().tolist()
    assert 100 in [line.get_ydata()[0] for line in ax.lines[1:]]  # everybody
    assert ax.collections[-1].get_offsets().tolist() == [[0.5, 150]]
    assert (ax.get_title(loc="left"), ax.get_label()) == (
        "Profit of the judged campaigns",
        "TRY, by share contacted; point: whoever pays; band: 95% interval",
    )
    assert plain(ax.figure.get_label()).endswith(
        "nobody: TRY 0; whoever pays for the contact: TRY 150; everybody: TRY 100"
    )


def test_the_tables_have_headings(known, today):
    found = campaign(today, known, contact_cost=5, response_margin=50)
    assert [(table.caption, list(table.texts)) for table in found.summary()] == [
        (
            "By campaign",
            [
                *("Campaign", "Contacted", "Held out", "Response", "Bought without a contact"),
                *("Points more than held out", "Arms differ in"),
            ],
        ),
        (
            "What they would have earned",
            [
                *("Who is contacted", "Share contacted", "Contacts", "Responses caused", "Profit (TRY)"),
                "More than from everybody (TRY)",
            ],
        ),
        (
            "Whom to contact first",
            [
                "Customer",
                "Contact or not",
                "Why",
                "Probability of a response",
                "Expected profit (TRY)",
                "Cost so far (TRY)",
            ],
        ),
    ]
    costs = pd.DataFrame({"channel": ["mail"], "campaigns": [1], "contacts": [4], "contact_cost": [12.5]})
    last = replace(found, terms=replace(found.terms, costs=costs)).summary()[-1]
    assert list(last.texts) == ["Channel", "Campaigns", "Contacts", "Cost of a contact (TRY)"]


def test_what_the_data_gave_beside_a_term_of_ones_own_is_told(today, known):
    given = campaign(today, known, contact_cost=5, response_margin=50)
    assert given.derived() == {}
    mean = CampaignTerms(5.0, 40.456, margin_from="customers", answers=9)
    assert replace(given, terms=mean).derived() == {"response_margin": 40.46}
    cost = {"channel": "mail", "costs": pd.DataFrame({"contact_cost": [3.0]})}
    assert replace(given, terms=CampaignTerms(3.0, 50.0, **cost)).derived() == {"contact_cost": 3.0}
    assert replace(given, terms=replace(mean, **cost)).derived() == {}  # neither was given


# (g) The loop


@pytest.fixture(scope="module")
def acted_on():
    """The list of March of data/campaigns, and a function: the firm of a later day, the contacted having ordered."""
    firm = foreseen()[0].on("2026-03-31")
    listed = campaign(firm, pf.response(firm), contacts=60, hold_out_share=0.4).listed
    assert (listed["arm"] == CONTROL).sum() >= 5
    log, contacts = firm.log.to_pandas(), firm.tables.contacts.to_pandas()
    new = listed.loc[listed["arm"] == TREATED, ["customer_id"]].assign(
        ordered_on=pd.Timestamp("2026-04-10"), amount=9.0
    )
    new["order_id"] = [f"N{number}" for number in range(len(new))]
    rows = listed[["campaign_id", "customer_id", "arm", "contacted_on", "hold_out_share"]]
    later = {name: getattr(firm.tables, name).to_pandas() for name in ("customers", "campaigns")}
    log, contacts = pd.concat([log, new]), pd.concat([contacts, rows])
    return listed, lambda day: Firm.of(log, contacts=contacts, as_of=day, **later)


def test_a_list_that_was_acted_on_is_read_back_with_its_interval(acted_on):
    """The orders of data/campaigns after March, to which the listed who were contacted add one each."""
    listed, on = acted_on
    again = on("2026-05-31")
    answers = pf.response(again)
    told = answers.arms.set_index("campaign_id").loc["next_campaign-2026-03-31"]
    assert (told["treated"], told["held_out"]) == ((listed["arm"] == TREATED).sum(), (listed["arm"] == CONTROL).sum())
    assert (told["response"], told["held_out_response"], told["at_random"]) == (1, 0, True)  # no order after March
    said = plain(campaign(again, answers).reading())
    assert said.startswith(f"Of the list of 31 Mar 2026 100% of {told['treated']} contacted bought, and 0% of ")


@pytest.mark.study
def test_a_list_whose_days_are_not_over_is_not_read_back(acted_on):
    soon = acted_on[1]("2026-04-20")
    answers = pf.response(soon)
    assert "next_campaign-2026-03-31" not in set(answers.judgement["campaign_id"])
    assert np.isnan(answers.arms.set_index("campaign_id").loc["next_campaign-2026-03-31", "points"])
    assert "31 Mar 2026" not in plain(campaign(soon, answers).reading())
