"""Two years side by side, what is strong and weak, and the journey: against naive counts and a bootstrap."""

import numpy as np
import pandas as pd
import pytest

import portfoy as pf
from portfoy.portfolio.journey import STEPS, journey_table
from portfoy.portfolio.verdict import findings_table

DAY = pd.Timedelta(days=1)
AS_OF = pd.Timestamp("2026-06-30")


def random_log(seed, customers=150, unit_cost=True):
    """Orders over three years, one line each, of which some are returns with numbers of their own."""
    random = np.random.default_rng(seed)
    n = 8 * customers
    who, age = random.integers(0, customers, n), random.integers(1, 1090, customers)
    table = pd.DataFrame(
        {
            "customer_id": [f"K{number:03d}" for number in who],
            "order_id": [f"S{number:05d}" for number in range(n)],
            "ordered_on": AS_OF - random.integers(0, age[who]) * DAY,
            "quantity": 1.0,
            "amount": random.gamma(2, 50, n).round(2) * np.where(random.random(n) < 0.06, -1, 1),
        }
    )
    table.loc[0, "ordered_on"] = AS_OF - 1090 * DAY
    return table.assign(unit_cost=(table["amount"].abs() * 0.6).round(2)) if unit_cost else table


# --- strengths and weaknesses


def years(**changes):
    rows = [
        {"figure": figure, "unit": "money", "change": middle, "change_low": low, "change_high": high}
        for figure, (low, middle, high) in changes.items()
    ]
    return pd.DataFrame(rows, columns=["figure", "unit", "change", "change_low", "change_high"])


def metric(name, value, half, unit="share", missing=""):
    bounds = {"value": value, "value_low": value - half, "value_high": value + half}
    return {"metric": name, **bounds, "unit": unit, "counted": 1.0, "base": 2.0, "days": 365, "missing": missing}


def test_a_difference_counts_where_its_interval_leaves_no_doubt():
    found = findings_table(years=years(revenue=(0.1, 0.2, 0.3), ticket=(-0.3, -0.2, -0.1), buyers=(-0.1, 0.0, 0.1)))
    assert dict(zip(found["topic"], found["verdict"], strict=True)) == {
        "revenue": "strength",
        "ticket": "weakness",
        "buyers": "steady",
    }
    assert found["area"].tolist() == ["finance", "finance", "market"]


def test_less_churn_is_a_strength_and_missing_metrics_are_left_out():
    now = pd.DataFrame(
        [metric("churn", 0.3, 0.02), metric("nps", 30, 5, "points"), metric("clv", np.nan, np.nan, missing="why")]
    )
    before = pd.DataFrame([metric("churn", 0.4, 0.02), metric("nps", 33, 5, "points"), metric("clv", 1, 1)])
    found = findings_table(years=years(), metrics=now, metrics_before=before)
    assert found[["topic", "verdict", "against"]].to_numpy().tolist() == [
        ["churn", "strength", 0.4],
        ["nps", "steady", 33],
    ]


@pytest.mark.parametrize(
    ("low", "high", "verdict"), [(0.5, 0.6, "strength"), (0.6, 0.7, "steady"), (0.7, 0.8, "weakness")]
)
def test_reliance_on_the_largest_is_held_against_other_firms(low, high, verdict):
    spread = pd.DataFrame(
        [
            {
                "unit": "customer", "measure": "revenue", "top_share": (low + high) / 2, "top_share_low": low,
                "top_share_high": high, "largest_share": 0.2,
            }
        ]
    )  # fmt: skip
    found = findings_table(years=years(), spread=spread).set_index("topic")
    assert found.loc["top_share", "verdict"] == verdict
    assert found.loc["top_share", "against"] == 0.67  # McCarthy & Winer (2018), over 339 firms
    assert found.loc["largest", "verdict"] == "weakness"  # above the tenth of IFRS 8.34


def test_people_who_never_bought_are_an_opportunity_and_more_at_risk_a_weakness():
    def states(**counts):
        names = [name.replace("_", " ") for name, count in counts.items() for _one in range(count)]
        return pd.DataFrame({"state": names, "margin": np.where(np.arange(len(names)) < 10, -1.0, 1.0)})

    now, before = states(active=100, at_risk=100, lapsed=50, prospect=50), states(active=150, at_risk=50, lapsed=20)
    found = findings_table(years=years(), states=now, states_before=before).set_index("topic")
    assert found["verdict"].to_dict() == {"at_risk": "weakness", "loss_making": "weakness", "prospects": "chance"}
    assert found.loc["at_risk", ["value", "against"]].tolist() == [0.5, 0.25]
    assert found.loc["prospects", "value"] == pytest.approx(50 / 300)
    assert found.loc["loss_making", "value"] == pytest.approx(10 / 250)


def test_every_finding_is_a_sentence_with_its_number():
    now = pd.DataFrame([metric("churn", 0.3, 0.02), metric("sales_cycle", 60, 3, "days")])
    before = pd.DataFrame([metric("churn", 0.4, 0.02), metric("sales_cycle", 61, 3, "days")])
    table = findings_table(
        years=years(revenue=(0.1, 0.2, 0.3), ticket=(-0.3, -0.2, -0.1), buyers=(-0.1, 0.0, 0.1)),
        metrics=now,
        metrics_before=before,
    )
    assert pf.findings(table)["finding"].tolist() == [
        "Revenue of the last twelve months, in money of the day, is up 20.0% on the twelve months before.",
        "Churn is 30.0%, down from 40.0% a year ago, more than chance would do.",
        "Revenue per purchase, price rises included, is down 20.0% on the twelve months before.",
        "The number of customers who bought in the last twelve months is about what it was in the twelve months "
        "before; the difference may be chance.",
        "Sales cycle length is 60 days after 61 days a year ago; the difference may be chance.",
    ]
    assert pf.describe_findings(table) == (
        "2 strengths: revenue, churn. 1 weakness: revenue per purchase. A difference counts only where its interval "
        "leaves no doubt about the direction. Of 5 comparisons, about 0.3 would look like a difference by chance "
        "alone. About the firm's own people these tables say nothing."
    )
    assert pf.describe_findings(table.iloc[:0]) == "The data hold too little history to compare anything with."


# --- the journey


def naive_journey(log, window):
    start = AS_OF - 365 * DAY
    sales = log[log["amount"] >= 0].drop_duplicates(["customer_id", "ordered_on"]).sort_values("ordered_on")
    new = ripe = again = gone = back = 0
    lately = []
    for _customer, days in sales.groupby("customer_id")["ordered_on"]:
        days = days.tolist()
        new += days[0] > start
        if start - window * DAY < days[0] <= AS_OF - window * DAY:
            ripe += 1
            again += len(days) > 1 and days[1] - days[0] <= window * DAY
        recent, earlier = [day for day in days if day > start], [day for day in days if day <= start]
        lately += [len(recent)] if recent else []
        if earlier and start - earlier[-1] > window * DAY:
            gone += 1
            back += bool(recent)
    return {"first": new, "second": again / ripe, "grows": np.mean(lately), "returns": back / gone}


@pytest.mark.parametrize("seed", [1, 2])
def test_the_journey_equals_a_naive_walk(seed, teaching):
    log = random_log(seed, customers=500)

    class Source:
        transactions, leads = log, None

    metrics = pd.DataFrame([metric("churn", 0.3, 0.1), metric("nps", np.nan, np.nan, missing="no surveys")])
    table = journey_table(Source, as_of=AS_OF, metrics=metrics, known=7, window=120).set_index("step")
    assert table.index.tolist() == list(STEPS)
    for step, value in naive_journey(log, 120).items():
        assert table.loc[step, "value"] == pytest.approx(value), step
    assert table.loc["stays", ["value", "value_low", "value_high"]].tolist() == pytest.approx([0.7, 0.6, 0.8])
    assert table.loc["recommends", "missing"] == "no surveys"
    assert table.loc["won", "missing"] == (
        "leads: the step from lead to customer needs the table with closed_on and outcome."
    )


def test_the_picture_shows_a_number_or_says_that_there_is_none(teaching):
    metrics = pf.metric_table(teaching, as_of=AS_OF, churn_days=180)
    table = journey_table(teaching, as_of=AS_OF, metrics=metrics, known=None, window=180)
    ax = pf.plot_journey(table, pf.journey_words(180))
    texts = [text.get_text() for text in ax.texts]
    assert texts.count("not in the data") == 1  # how many people are known was not counted
    assert {"Known", "Won", "First purchase", "Second purchase", "Stays", "Grows", "Recommends", "Comes back"} <= set(
        texts
    )
    assert f"{table.loc[1, 'value']:.1%}" in texts
    assert ax.figure.get_label().startswith("Picture of the journey. Known: – people and firms; Won: ")


def test_the_journey_in_words():
    rows = [
        {"step": step, "value": 0.25, "missing": "" if step in ("won", "second", "stays", "returns") else "x"}
        for step in STEPS
    ]
    assert pf.describe_journey(pd.DataFrame(rows)) == (
        "Along the way: 25.0% of the leads closed were won; 25.0% of the new customers came back for a second "
        "purchase; 25.0% of those who bought in one window bought again in the next; 25.0% of those gone a year ago "
        "have returned. 4 steps have no number, because the data do not hold what they need."
    )
    nothing = pd.DataFrame(rows).assign(missing="x")
    assert pf.describe_journey(nothing) == "The history is too short to follow customers from step to step."
