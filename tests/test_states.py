"""Where everybody stands: a table worked out by hand, a naive loop, the teaching company, and what is shown."""

from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from scipy.stats import norm
from statsmodels.stats.proportion import proportion_confint

from helpers import labels, plain
from portfoy.customers import months_before
from portfoy.firm import Firm
from portfoy.firm import open as open_firm
from portfoy.portfolio.states import state_summary, states
from portfoy.standing import CURRENT, STATES, StateRule, state_rule, state_table
from portfoy.words import style

mpl.use("agg")

KEYS = ["customer_id", "order_id", "ordered_on", "amount"]
TEACHING = Path(__file__).parents[1] / "data" / "teaching"
LIMITS = {"at_risk_days": 10, "lapsed_days": 30}


def log(*rows):
    return pd.DataFrame(rows, columns=KEYS)


FIVE = log(
    ("new", "1", "2024-03-25", 25.0),
    ("active", "3", "2024-03-01", 10.0),
    ("active", "4", "2024-03-21", 10.0),
    ("back", "5", "2024-01-01", 7.0),
    ("back", "6", "2024-03-28", 7.0),
    ("risk", "7", "2024-03-20", 40.0),
    ("risk", "7", "2024-03-30", -15.0),  # a return is no purchase
    ("gone", "8", "2024-02-29", 3.0),
    ("later", "10", "2024-04-01", 99.0),  # after the day
)
LEADS = pd.DataFrame(
    {
        "lead_id": ["L1", "L2", "L3"],
        "created_on": ["2024-03-01", "2024-03-31", "2024-04-01"],  # the last is not known yet
        "closed_on": [None, "2024-03-31", None],
        "outcome": ["open", "lost", "open"],
    }
)


@pytest.fixture(scope="module")
def eight():
    firm = Firm.of(FIVE, as_of="2024-03-31", currency="TRY", leads=LEADS)
    return states(firm, **LIMITS)


@pytest.fixture(scope="module")
def teaching():
    firm = open_firm(TEACHING, confidence=0.8)
    return firm, states(firm)


def with_counts(like, **counts):
    """States of so many people of each state, ten of revenue each."""
    names = [name.replace("_", " ") for name, count in counts.items() for _number in range(count)]
    people = pd.DataFrame({"person_id": [f"{n:05d}" for n in range(len(names))], "revenue": 10.0, "idle": 1.0})
    people["state"] = pd.Categorical(names, categories=STATES, ordered=True)
    outcome = np.where(people["state"] == "prospect", np.where(people.index > 0, "lost", "open"), None)
    table = state_summary(people.assign(lead_outcome=outcome))
    customers, quiet = table.loc[STATES[1:], "people"].sum(), table.loc[["at risk", "lapsed"], "people"].sum()
    counted = {"buying": customers - quiet, "quiet": quiet, "quiet_share": quiet / customers}
    return replace(like, table=table, counted={**like.counted, **counted})


# (a) Worked out by hand


def test_seven_people(eight):
    expected = pd.DataFrame(
        {
            "state": STATES,
            "people": [2, 1, 1, 1, 1, 1],
            "share": [2 / 7, *[1 / 7] * 5],
            "revenue": [0.0, 25, 20, 14, 25, 3],
            "revenue_share": np.array([0, 25, 20, 14, 25, 3]) / 87,
            "idle": [np.nan, 6, 10, 3, 11, 31],
            "open_leads": [1, 0, 0, 0, 0, 0],
            "lost_leads": [1, 0, 0, 0, 0, 0],
        },
        index=STATES,
    )
    pd.testing.assert_frame_equal(eight.table, expected, check_dtype=False)
    assert eight.people["person_id"].tolist() == ["L1", "L2", "active", "back", "gone", "new", "risk"]
    assert (eight.rule.at_risk_days, eight.rule.lapsed_days, eight.rule.given) == (10, 30, True)
    shares = {"quiet_share": 2 / 5, "quiet_revenue_share": pytest.approx(28 / 87)}
    assert {name: eight.counted[name] for name in ["customers", "buying", "quiet", *shares]} == {
        **{"customers": 5, "buying": 3, "quiet": 2},
        **shares,
    }


def test_a_rule_that_erred():
    """Of three called lapsed a year ago, one buys, one came and lapsed again, one never came."""
    days = {"back": ["2022-06-01", "2024-06-29"], "again": ["2022-06-01", "2023-09-01"], "gone": ["2022-06-01"]}
    days["here"] = ["2023-06-30", "2024-06-30"]  # was not lapsed
    rows = [(who, f"{who}-{day}", day, 5.0) for who, own in days.items() for day in own]
    found = states(Firm.of(log(*rows), as_of="2024-06-30"), **LIMITS)
    rows = [("lapsed", 3, 2), ("others", 1, 0)]
    judge = [[*row, row[2] / row[1], *proportion_confint(*row[:0:-1], method="wilson")] for row in rows]
    expected = pd.DataFrame(judge, columns=found.tested.columns)
    pd.testing.assert_frame_equal(found.tested, expected, check_dtype=False)
    assert plain(found.reading()).endswith("Of those lapsed a year ago, 67% (21–94%) have bought since.")
    assert found.summary()[1].texts["Called a year ago"].tolist() == [
        "lapsed, and bought since",
        "not lapsed, bought no more",
    ]
    assert found.flows.moved["back"] == 1


def test_those_who_came_and_left_within_the_days_it_takes_to_lapse():
    """On both days, 30 apart, whoever bought in the 30 days before is current."""
    days = {"stays": ["2024-02-10", "2024-03-10"], "came": ["2024-03-20"], "back": ["2024-01-05", "2024-03-05"]}
    days |= {"left": ["2024-02-20"], "gone": ["2024-01-10"], "edge": ["2024-03-01"]}  # 30 days ago: on both days
    rows = [(who, f"{who}-{day}", day, 5.0) for who, own in days.items() for day in own]
    found = states(Firm.of(log(*rows), as_of="2024-03-31"), **LIMITS).counted
    assert (found["gained"], found["lost"], found["quick_ratio"]) == (2, 1, 2.0)
    low, high = proportion_confint(2, 3, method="wilson")
    assert [found["quick_ratio_low"], found["quick_ratio_high"]] == pytest.approx([low / (1 - low), high / (1 - high)])
    short = states(Firm.of(log(*rows[:5]), as_of="2024-03-01"), **LIMITS).counted  # 60 days before: 1 January
    assert np.isnan([short["gained"], short["lost"], short["quick_ratio_high"]]).all()


def test_the_base_of_cdnow_is_dying(cdnow_log):
    """Everyone came in early 1997, and nobody since: three quarters have lapsed by the middle of 1998."""
    found = states(Firm.of(cdnow_log, as_of="1998-06-30"))
    assert found.finding().text.startswith("The base is dying: ")
    assert found.table.loc["new", "people"] == 0
    assert 0.7 < found.table.loc["lapsed", "share"] < 0.76
    assert found.counted["lost"] > 5 * found.counted["gained"]
    last = cdnow_log[cdnow_log["ordered_on"] <= "1998-06-30"].groupby("customer_id")["ordered_on"].max()
    judge = last < pd.Timestamp("1998-06-30") - pd.Timedelta(days=found.rule.lapsed_days)
    assert found.table.loc["lapsed", "people"] == judge.sum()
    assert plain(found.reading()).startswith(f"Within {found.rule.lapsed_days} days ")
    newest = cdnow_log.groupby("customer_id")["ordered_on"].min().max()
    assert f"Nobody new since {newest:%d %b %Y}: where the file leaves newcomers out" in plain(found.reading())


def test_who_only_returned_something_is_a_customer(shared_data):
    """Twenty customers bring back what they bought before the data begin, on the last day of January 2023."""
    found = states(open_firm(shared_data.parent / "cases" / "reports" / "prospect"))
    people = found.people.set_index("person_id")
    returned = people[people["revenue"] < 0]
    assert len(returned) == 20
    assert set(returned["state"]) == {"lapsed"}
    assert (found.people["state"] == "prospect").sum() == 320 - 274


def test_a_total_below_zero_has_no_shares():
    found = states(Firm.of(log(("a", "1", "2024-01-01", 5.0), ("a", "1", "2024-01-02", -9.0))), **LIMITS)
    assert (found.table["revenue"].sum(), found.table["revenue_share"].notna().any()) == (-4.0, False)
    assert plain(found.reading()) == ""
    assert [text.get_text() for text in found.plot().texts] == ["1", "0", "0", "0", "0"]


# (b) The teaching company, against the rule and the tables taken one by one


def test_the_parts_are_those_of_the_rule_and_the_tables(teaching):
    firm, found = teaching
    again = state_rule(firm.log, as_of=firm.as_of, confidence=0.8)  # whose sums may differ in the last digit
    assert vars(found.rule) == pytest.approx(vars(again), rel=1e-12)
    now = state_table(firm.log, found.rule, as_of=firm.as_of, people=firm.people)
    pd.testing.assert_frame_equal(found.people, now)
    since = months_before(firm.as_of, 12)
    bought = firm.log.filter(firm.log.ordered_on <= since.date()).customer_id.nunique().to_pandas()
    assert (found.earlier["purchases"] > 0).sum() == pytest.approx(bought, abs=3)  # who only returned has not bought
    assert found.table["people"].tolist() == now["state"].value_counts()[STATES].tolist()
    assert found.table["revenue"].sum() == pytest.approx(firm.customers["revenue"].sum())


def test_a_lead_won_since_is_one_person_on_both_days(teaching):
    _firm, found = teaching
    assert set(found.earlier["person_id"]) <= set(found.people["person_id"])
    assert "no longer known" not in set(found.flows.table["now"])


def test_the_rule_is_tested_on_those_it_called_lapsed(teaching):
    firm, found = teaching
    orders = firm.log.select("customer_id", "order_id", "ordered_on", "amount").to_pandas()
    orders = orders[orders["amount"] >= 0].groupby(["customer_id", "order_id"])["ordered_on"].min().reset_index()
    since = months_before(firm.as_of, 12)
    last = orders[orders["ordered_on"] <= since].groupby("customer_id")["ordered_on"].max()
    called = last.index[(since - last).dt.days > found.rule.lapsed_days]
    came = orders.loc[orders["ordered_on"] > since, "customer_id"]
    lapsed, others = found.tested.to_dict("records")
    rest = last.index.difference(called)
    assert (lapsed["people"], lapsed["wrong"]) == (len(called), called.isin(came).sum())
    assert (others["people"], others["wrong"]) == (len(rest), (~rest.isin(came)).sum())


def test_a_day_that_the_data_hardly_reach_is_no_comparison(shared_data):
    """The export begins five days before the day a year ago: all its customers had bought within days then."""
    found = states(open_firm(shared_data.parent / "cases" / "reports" / "yearago"))
    assert found.table["people"].sum() == 340
    assert (found.earlier, bool(found.flows), len(found.tested)) == (None, False, 0)
    assert found.flows.reason == (
        f"flows: the data begin on 2023-12-27; {found.rule.lapsed_days} days before 2023-12-31 are needed. "
        "Take a later day, or shorter limits."
    )
    assert len(found.summary()) == 1


# (c) Properties


def test_neither_the_order_of_rows_nor_the_currency_matters(eight):
    other = FIVE.sample(frac=1, random_state=1).assign(amount=FIVE["amount"] * 1000)
    found = states(Firm.of(other, as_of="2024-03-31", leads=LEADS), **LIMITS)
    money = found.table["revenue"] / 1000
    pd.testing.assert_frame_equal(found.table.assign(revenue=money), eight.table)


def test_nothing_after_the_day_counts(eight):
    found = states(Firm.of(FIVE[FIVE["customer_id"] != "later"], as_of="2024-03-31", leads=LEADS), **LIMITS)
    pd.testing.assert_frame_equal(found.table, eight.table)


# (d) Where it is not possible


def reason_of(table, as_of=None, **limits):
    found = states(Firm.of(table, as_of=as_of), **limits)
    assert not found
    assert not found.flows
    return found.flows.reason


def test_too_few_gaps_are_refused():
    assert reason_of(FIVE, as_of="2024-03-31") == (
        "state_rule: 0 gaps of up to 45 days; 30 are needed. Give at_risk_days, lapsed_days."
    )


def test_days_out_of_order_are_refused():
    assert reason_of(FIVE, at_risk_days=30, lapsed_days=30) == (
        "state_rule: at_risk_days is 30, lapsed_days 30; the second must be above the first, "
        "both above 0. Give another; what is 0 comes from the gaps."
    )


def test_what_the_data_gave_beside_a_limit_of_ones_own_is_told(teaching):
    firm, found = teaching
    one = states(firm, at_risk_days=60)
    assert one.content()["derived"] == {"lapsed_days": found.rule.lapsed_days}
    assert (one.rule.at_risk_days, one.kept()) == (60, {})
    assert [each.derived() for each in (found, states(firm, at_risk_days=60, lapsed_days=200))] == [{}, {}]
    kept = replace(firm, kept={"states": {"at_risk_days": 70, "lapsed_days": 300, "since": "2026-05-31"}})
    assert states(kept, lapsed_days=200).derived() == {"at_risk_days": 70}  # as earlier reports have it


def test_a_log_without_a_purchase_is_refused():
    assert reason_of(FIVE[FIVE["amount"] < 0], as_of="2024-03-31", **LIMITS) == (
        "transactions: nobody bought by 2024-03-31. Take a later date, or check the sign of the amounts."
    )


# (e) What is shown


def test_the_finding_is_true_of_any_shares(eight):
    kinds = [
        {"active": 2, "at_risk": 1, "lapsed": 4},
        {"prospect": 5, "active": 2},
        {"at_risk": 1, "lapsed": 4},
        {"active": 999, "at_risk": 1},
        {"active": 1, "lapsed": 999},
    ]
    assert [plain(with_counts(eight, **kind).finding().text) for kind in kinds] == [
        "71% of all who ever bought are at risk or lapsed",
        "Customers at risk or lapsed: 0",
        "Customers at risk or lapsed: 5",
        "Customers at risk or lapsed: 1",
        "Customers at risk or lapsed: 999",
    ]
    few = with_counts(eight, active=2, at_risk=1, lapsed=4)
    texts = [replace(few, counted={**few.counted, "quick_ratio_high": high}).finding().text for high in (0.4, 0.9, 1)]
    assert [plain(text) for text in texts] == [
        "The base is dying: 71% of customers are at risk or lapsed",
        "The base shrinks: 71% of customers are at risk or lapsed",
        "71% of all who ever bought are at risk or lapsed",
    ]


def test_states_in_words(eight):
    assert plain(eight.reading()) == "Within 30 days 1 left and 3 came or came back."


def test_the_headline_figures_are_of_those_current_and_those_at_risk(eight):
    current, figure = eight.figures()
    told = (current.name, current.value, current.unit, current.note, current.better)
    assert told == ("current_customers", 4, "count", f"bought within {eight.rule.lapsed_days} days", "up")
    assert (figure.name, figure.value, figure.unit) == ("customers_at_risk", 1, "count")
    assert figure.note == "beside 1 lapsed"  # of a base that can shrink nothing stands alone


def test_earlier_days_are_counted_by_the_same_rule(teaching):
    """Against the tables of people as they stood on each day."""
    firm, found = teaching
    now = found.people.set_index("person_id")["state"]
    for when, day in {"year": "2025-06-30", "half": "2025-12-31"}.items():
        then = state_table(firm.log, found.rule, as_of=day).set_index("person_id")["state"]
        both = pd.DataFrame({"then": then.isin(CURRENT), "now": now.isin(CURRENT)}).fillna(False).astype(bool)
        came, went = (both["now"] & ~both["then"]).sum(), (both["then"] & ~both["now"]).sum()
        for place, (figure, count) in enumerate(
            zip(found.figures(), (then.isin(CURRENT), then == "at risk"), strict=True)
        ):
            past = getattr(figure, when)
            assert (past.day, past.value) == (day, count.sum())
            chance = 2 * norm.sf(abs(came - went) / np.sqrt(came + went))
            assert past.p_value is None if place else past.p_value == pytest.approx(chance)


def test_the_list_is_of_those_at_risk_by_what_they_brought_in_a_year(teaching):
    firm, found = teaching
    log = pd.read_csv(TEACHING / "transactions.csv", usecols=["customer_id", "ordered_on", "amount"])
    log["ordered_on"] = pd.to_datetime(log["ordered_on"])
    last = log[log["amount"] >= 0].groupby("customer_id")["ordered_on"].max()
    idle = (firm.as_of - last).dt.days
    risk = idle.index[(idle > found.rule.at_risk_days) & (idle <= found.rule.lapsed_days)]
    assert set(found.at_risk["customer_id"]) == set(risk)
    listed = found.at_risk.set_index("customer_id")
    bought = log[log["customer_id"].isin(risk) & (log["amount"] >= 0)]
    assert listed["purchases"].equals(bought.groupby("customer_id")["ordered_on"].nunique().loc[listed.index])
    assert listed["year_revenue"].is_monotonic_decreasing
    assert listed["lapses_on"].equals(last[listed.index] + pd.Timedelta(days=found.rule.lapsed_days + 1))
    (action,) = found.actions()
    assert (action.name, action.table is found.at_risk) == ("at_risk", True)
    index = pd.read_csv(TEACHING / "price_index.csv", parse_dates=["month"]).set_index("month")["index"]
    year = bought[bought["ordered_on"] > firm.as_of - pd.offsets.MonthEnd(12)]
    level = year["ordered_on"].dt.to_period("M").dt.to_timestamp().map(index)
    assert action.worth == pytest.approx((year["amount"] / level).sum() * index.iloc[-1])
    assert plain(action.text).startswith(f"Call the {len(risk)} at risk: they brought TRY 9M ")


def test_nobody_at_risk_is_no_list(eight):
    assert replace(eight, at_risk=eight.at_risk.iloc[:0]).actions() == []
    late = states(Firm.of(FIVE, as_of="2030-03-31"), **LIMITS)  # all lapsed years ago
    assert late.actions() == []


def test_bars_go_from_prospects_down_to_the_lapsed_and_say_their_revenue(eight):
    ax = with_counts(eight, prospect=4, new=1, active=2, at_risk=3, lapsed=10).plot()
    assert labels(ax.yaxis) == STATES
    assert [bar.get_width() for bar in ax.patches] == [4, 1, 2, 0, 3, 10]
    assert ax.yaxis_inverted()
    texts = [f"{n} · {n * 5}% of revenue" for n in (1, 2, 0, 3, 10)]
    assert [text.get_text() for text in ax.texts] == ["4 · leads: 1 open, 3 lost", *texts]
    warm = [bar.get_facecolor()[:3] == to_rgb(style.WARM) for bar in ax.patches]
    assert warm == [False] * 4 + [True] * 2
    assert ax.get_label() == "31 Mar 2024; at risk after 10 days without a purchase, lapsed after 30 days"
    assert ax.figure.get_label().startswith("Chart: People by state. 31 Mar 2024;")
    assert "lapsed: 10 · 50% of revenue" in ax.figure.get_label()


def test_without_prospects_there_is_no_bar_for_them(eight):
    assert labels(with_counts(eight, active=2).plot().yaxis) == STATES[1:]


def test_the_method_says_what_the_limits_rest_on(eight):
    meaning = (
        "The limits are a judgement. New: first bought within the first; reactivated: back within it "
        "after a gap past the second."
    )
    gaps = (
        "Of 1,500 gaps of up to 400 days between purchases (90 customers, each counted once), 80% last 10 days at "
        "most, 95% last 30 days."
    )
    rule = StateRule(10, 30, 0.803, 0.951, 1500, 90, 400, False, 9, 12, 27, 33, 0.9)
    assert plain(replace(eight, rule=rule).method()) == f"{gaps} Intervals (90%): 9–12, 27–33 days. {meaning}"
    given = replace(rule, given=True, at_risk_days_low=np.nan, lapsed_days_low=np.nan)
    assert plain(replace(eight, rule=given).method()) == f"The limits were given. {gaps} {meaning}"
    assert plain(eight.method()) == f"The limits were given. {meaning}"


def test_confidence_is_that_of_the_words(teaching):
    _firm, found = teaching
    content = found.content()
    assert "Intervals (80%)" in content["method"]
    assert "95%" not in content["reading"] + content["finding"]["text"]
    assert content["chart"]["svg"].count("var(--warm") == 2
