"""What a campaign earns and who comes first: by hand, a plain bootstrap, a naive list, and what is not listed."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from helpers import contacted, message_of, plain
from portfoy.firm import Firm
from portfoy.selection.campaign import Campaign, CampaignTerms, campaign, campaign_terms, profit_curve
from portfoy.selection.invitations import campaign_list
from portfoy.selection.response import fit_response
from portfoy.words.result import NotPossible

EIGHT = pd.DataFrame(
    {
        "campaign_id": "K",
        "customer_id": list("abcdefgh"),
        "p_response": [0.8, 0.6, 0.6, 0.4, 0.2, 0.2, 0.2, 0.1],
        "responded": [1.0, 1, 0, 0, 1, 0, 0, 0],
    }
)
LOG = pd.DataFrame(
    [
        ("A", "1", "2025-01-10", 120.0, None),
        ("A", "2", "2025-02-20", 60.0, None),
        ("A", "3", "2025-03-05", 500.0, "K1"),
        ("B", "4", "2025-03-01", 999.0, None),
    ],
    columns=["customer_id", "order_id", "ordered_on", "amount", "campaign_id"],
)
JUDGED = pd.DataFrame(
    {"campaign_id": ["K1", "K1"], "customer_id": ["A", "B"], "responded": [1.0, 0], "treated": [4, 4]}
).assign(starts_on=pd.Timestamp("2025-03-01"))
CAMPAIGNS = pd.DataFrame({"campaign_id": ["K1", "K0"], "cost": [50.0, 9999]})


def prices(contact_cost, response_margin):
    return CampaignTerms(contact_cost, 0, response_margin)


# (a) Worked out by hand


def test_profit_of_eight_contacts():
    curve, choices = profit_curve(EIGHT, prices(30, 100))
    expected = pd.DataFrame(
        {
            "whom": ["nobody", "whoever pays for the contact", "everybody"],
            "depth": [0, 0.5, 1],
            "contacts": [0, 4, 8],
            "responses": [0, 2, 3],
            "profit": [0.0, 80, 60],
            "profit_more": [-60.0, 20, 0],
        }
    )
    pd.testing.assert_frame_equal(choices[expected.columns], expected, check_dtype=False)
    assert curve["profit"].tolist() == pytest.approx([0, 70, 110, 80, 90, 60])
    assert curve["depth"].tolist() == [0, 1 / 8, 3 / 8, 4 / 8, 7 / 8, 1]
    assert np.isnan(curve["profit_per_contact"][0])
    assert curve["profit_per_contact"].iloc[-1] == 7.5
    assert prices(30, 100).p_least == 0.3


def test_when_everybody_pays_choosing_gains_nothing():
    _curve, choices = profit_curve(EIGHT, prices(0, 5))
    assert choices.iloc[1].filter(like="profit_more").tolist() == [0, 0, 0]
    assert choices["contacts"].tolist() == [0, 8, 8]
    _curve, nobody = profit_curve(EIGHT, prices(90, 100))
    assert nobody.loc[1, ["contacts", "profit", "profit_low", "profit_high"]].tolist() == [0, 0, 0, 0]
    assert profit_curve(EIGHT.iloc[:1], prices(1, 5))[1]["profit"].tolist() == [0, 4, 4]


def test_terms_are_those_of_the_judged_campaigns():
    log = LOG.assign(unit_cost=[0.0, 0, 120, 0])
    terms = campaign_terms(Firm.of(log, campaigns=CAMPAIGNS), JUDGED)
    assert (terms.contact_cost, terms.response_margin) == (12.5, 380)
    assert (terms.margin_from, terms.campaigns, terms.answers, terms.margin_known) == ("campaign orders", 1, 1, True)
    given = campaign_terms(Firm.of(log), JUDGED, contact_cost=3, response_margin=4)
    assert (given.contact_cost, given.response_margin, given.campaigns, given.margin_from) == (3, 4, 0, "given")
    plain = campaign_terms(Firm.of(LOG, campaigns=CAMPAIGNS), JUDGED)
    assert (plain.response_margin, plain.margin_from, plain.margin_known) == (500, "campaign revenue", False)
    firm = Firm.of(LOG.drop(columns="campaign_id"))
    none = campaign_terms(firm, JUDGED, contact_cost=1)
    assert (none.response_margin, none.margin_from, none.answers) == (firm.customers["ticket"].mean(), "customers", 2)


def test_an_order_after_the_day_is_no_answer_yet():
    late = pd.concat([LOG, pd.DataFrame([("A", "9", "2025-08-05", 90_000.0, "K1")], columns=LOG.columns)])
    now = campaign_terms(Firm.of(late, as_of="2025-03-31"), JUDGED, contact_cost=1)
    assert (now.response_margin, now.answers) == (500, 1)
    assert campaign_terms(Firm.of(late, as_of="2025-08-31"), JUDGED, contact_cost=1).response_margin == 90_500


# (b) Other computations


def test_the_interval_of_profit_is_that_of_a_plain_bootstrap():
    judged = fit_response(contacted(13)).judged
    _curve, choices = profit_curve(judged, prices(20, 100))
    random = np.random.default_rng(0)
    sums = pd.DataFrame({"all": 100 * judged["responded"] - 20, "best": judged["p_response"] >= 0.2})
    sums = sums.assign(more=-sums["all"].where(~sums["best"], 0)).groupby(judged["customer_id"]).sum()
    drawn = np.array(
        [sums.sample(frac=1, replace=True, random_state=random)[["all", "more"]].sum() for _ in range(400)]
    )
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    wide = high - low
    found = choices.iloc[2][["profit_low", "profit_high"]], choices.iloc[1][["profit_more_low", "profit_more_high"]]
    assert found[0].tolist() == pytest.approx([low[0], high[0]], abs=0.2 * wide[0])
    assert found[1].tolist() == pytest.approx([low[1], high[1]], abs=0.2 * wide[1])


@pytest.fixture(scope="module")
def known():
    """A model of purchases, channel and age that sorts, from contacts whose truth is known."""
    return fit_response(contacted(16), features=["purchases", "channel", "years"])


@pytest.fixture(scope="module")
def today():
    """Six customers of today."""
    days = pd.to_datetime(["2026-01-01"] * 6 + ["2026-02-01", "2026-03-01", "2026-03-01"])
    log = pd.DataFrame({"customer_id": list("abcdefaab"), "order_id": map(str, range(9)), "ordered_on": days})
    channels = ["online", "online", "shop", "rep", "fax", None]
    people = pd.DataFrame({"customer_id": list("abcdef"), "channel": channels, "birth_year": 1980})
    return Firm.of(log.assign(amount=10.0), customers=people, currency="TRY")


def test_the_list_holds_who_is_worth_most_first(known, today):
    listed, total = campaign_list(today, known, prices(10, 50))
    customers = today.customers
    channel = ["online", "online", "shop", "rep", "fax", None]
    p = known.fit.predict(customers.assign(channel=channel, years=46.0))["p_response"]
    naive = p[p * 50 > 10].sort_values(ascending=False)
    assert listed["customer_id"].tolist() == customers["customer_id"][naive.index].tolist()
    assert listed["p_response"].tolist() == pytest.approx(naive.tolist())
    assert listed["expected_profit"].tolist() == pytest.approx((naive * 50 - 10).tolist())
    assert listed["cost_so_far"].tolist() == [10.0 * (n + 1) for n in range(len(naive))]
    assert "e" not in set(listed["customer_id"])  # nobody by fax was ever contacted
    told = {"customers": 6, "strange": 1, "worth": len(naive), "listed": len(naive), "cost": 10 * len(naive)}
    assert {name: total[name] for name in told} == told
    assert total["profit"] == pytest.approx((naive * 50 - 10).sum())
    assert listed["why"][0].startswith("Channel: online")
    assert listed.columns.tolist() == [
        *("customer_id", "why", "p_response", "p_response_low", "p_response_high"),
        *("expected_profit", "expected_profit_low", "expected_profit_high", "cost_so_far"),
    ]


# (d) Properties


def test_budget_and_number_limit_the_list(known, today):
    def sizes(cost, margin, **limits):
        listed, total = campaign_list(today, known, prices(cost, margin), **limits)
        assert len(listed) == total["listed"]
        return total["listed"], total["worth"]

    assert sizes(0.1, 50) == (5, 5)
    assert sizes(0.1, 50, budget=0.3) == (3, 5)  # 0.3 / 0.1 is not quite 3 in floats
    assert sizes(0.1, 50, budget=0.3, contacts=2) == (2, 5)
    assert sizes(0, 1, budget=7) == (5, 5)
    assert sizes(0.1, 50, budget=0.05) == (0, 5)
    assert sizes(50, 50) == (0, 0)


def test_without_a_table_of_customers_traits_count_as_not_known(known, today):
    listed, _total = campaign_list(Firm.of(today.log.to_pandas()), known, prices(0, 1))
    assert len(listed) == 6
    assert not listed["why"].str.contains("Channel: (?:online|shop)").any()


def test_the_currency_does_not_matter():
    judged = fit_response(contacted(10)).judged
    (one, _), (other, _) = (profit_curve(judged, prices(2 * by, 9 * by)) for by in (1, 1000))
    pd.testing.assert_frame_equal(one[["depth", "contacts"]], other[["depth", "contacts"]])
    np.testing.assert_allclose(one["profit_high"] * 1000, other["profit_high"])


def test_what_is_not_to_be_used_makes_no_list(known, today):
    terms = {"contact_cost": 10, "response_margin": 50}
    used = campaign(today, known, **terms)
    assert [(each.name, each.table is used.listed) for each in used.actions()] == [("next_campaign", True)]
    assert len(used.listed) == used.total["listed"] > 0
    total = known.judgement.iloc[-1].to_frame().T.assign(auc_low=0.49)
    blind = campaign(today, replace(known, judgement=total), **terms)
    assert (blind.actions(), len(blind.listed), blind.total["worth"]) == ([], 0, used.total["worth"])
    failed = campaign(today, replace(known, judged=known.judged.assign(responded=0.0)), **terms)
    assert (failed.loses, failed.actions(), len(failed.listed)) == (True, [], 0)


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
            f"campaign: contact_cost {said} more than 0."
        )
    for limits in ({"budget": -1}, {"contacts": -1}):
        assert campaign(today, known, contact_cost=1, **limits).reason == (
            f"{next(iter(limits))}: -1 is below 0. Correct the parameter."
        )
    assert message_of(campaign_terms, today, JUDGED) == (
        "campaigns: no cost is known. Add campaigns with campaign_id and cost, or give contact_cost."
    )


# (f) What is shown


def shown(cost=30, n=2, terms=None, sorts=True, change=None, **total):
    """A campaign of the eight contacts, with a list of so many customers."""
    terms = terms or CampaignTerms(cost, 2, 100, 90, 110, "campaign orders", 40)
    curve, choices = profit_curve(EIGHT, terms)
    choices.loc[1:, ["profit_low", "profit_high"]] = [[50.0, 150], [10, 90]]
    choices.loc[1, ["profit_more_low", "profit_more_high"]] = -10.0, 40.0
    for name, value in (change or {}).items():
        choices.loc[1, name] = value
    listed = pd.DataFrame({"customer_id": [str(k) for k in range(n)], "cost_so_far": np.arange(1, n + 1) * 10.0})
    count = {"customers": 900, "strange": 7, "worth": 40, "listed": n, "cost": 10.0 * n}
    count |= {"profit": 40.0 * n, "profit_low": 30.0 * n, "profit_high": 50.0 * n} | total
    return Campaign(terms, curve, choices, listed, count, sorts, "TRY", 0.95)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({}, "Choosing does not clearly earn more than contacting everybody"),
        ({"change": {"profit_more_low": 5.0}}, "Choosing earns TRY 20 more than contacting everybody"),
        ({"change": {"profit_high": -5.0}}, "Even the best contacts cost more than they brought"),
        ({"cost": 0}, "Every contact is expected to pay: contact everybody"),
        ({"cost": 90}, "No contact is expected to pay: contact nobody"),
        ({"sorts": False}, "No list for the next campaign"),
    ],
)
def test_the_finding_says_what_to_do(given, text):
    found = shown(**given).finding()
    assert (plain(found.text), found.nothing) == (text, text.startswith("No list"))


COSTS = "A contact costs TRY 30, a response brings TRY 100: it pays from a probability of 30% on."


def test_a_campaign_in_words():
    assert plain(shown().reading()) == (
        f"{COSTS} The list of 2 costs TRY 20 and is expected to earn TRY 80 (TRY 60–100), if it causes every response."
    )
    none = f"{COSTS} Nobody is listed: no contact pays, or the budget pays for none."
    assert plain(shown(n=0).reading()) == none
    assert plain(shown(n=0, sorts=False).reading()) == COSTS
    assert "from a probability of 4.0% on" in shown(cost=4).reading()
    given = plain(shown(terms=prices(12.5, 129.9)).reading())
    assert given.startswith("A contact costs TRY 12.50, a response brings TRY 129.90: ")


def test_how_a_campaign_was_worked_out_in_words():
    rule = plain(shown(terms=prices(30, 100)).method())
    assert rule.startswith("Every response counts as caused by its contact. Intervals (95%): bootstrap ")
    assert rule.endswith(" Of 900 customers 40 are expected to pay, 7 are like nobody contacted.")
    assert plain(shown().method()) == (
        "Cost of a contact: as in the judged campaigns. A response brings the mean margin of campaign orders (40): TRY "
        f"90–110. {rule}"
    )
    usual = CampaignTerms(30, 0, 100, 90, 110, "campaign revenue", 40, False)
    assert plain(shown(terms=usual).method()) == (
        "A response brings the mean usual margin on campaign orders (40): TRY 90–110. Margin is revenue, as no "
        f"cost of goods is known. {rule}"
    )
    people = CampaignTerms(30, 0, 100, 90, 110, "customers", 40)
    assert plain(shown(terms=people).method()).startswith("A response brings the mean margin of a purchase (40): TRY ")


def test_profit_is_drawn_with_the_choice_and_everybody():
    found = shown()
    ax = found.plot()
    assert ax.lines[0].get_xydata().tolist() == found.curve[["depth", "profit"]].to_numpy().tolist()
    assert 60 in [line.get_ydata()[0] for line in ax.lines[1:]]  # everybody
    assert ax.collections[-1].get_offsets().tolist() == [[0.5, 80]]
    assert (ax.get_title(loc="left"), ax.get_label()) == (
        "Profit of the judged campaigns",
        "TRY, by share contacted; point: whoever pays; band: 95% interval",
    )
    assert plain(ax.figure.get_label()).endswith(
        "nobody: TRY 0; whoever pays for the contact: TRY 80; everybody: TRY 60"
    )


def test_the_tables_have_headings(known, today):
    found = campaign(today, known, contact_cost=10, response_margin=50)
    assert [(table.caption, list(table.texts)) for table in found.summary()] == [
        (
            "What judged campaigns would have earned",
            [
                *("Who is contacted", "Share contacted", "Contacts", "Responses", "Profit (TRY)"),
                "More than from everybody (TRY)",
            ],
        ),
        (
            "Whom to contact first",
            ["Customer", "Why", "Probability of a response", "Expected profit (TRY)", "Cost so far (TRY)"],
        ),
    ]
