"""The five metrics against published numbers, scipy, naive counts and the truth of the teaching company."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from statsmodels.duration.survfunc import CumIncidenceRight
from statsmodels.stats.proportion import proportion_confint

from portfoy import metrics
from portfoy.errors import DataError
from portfoy.simulate import simulate

DAY = pd.Timedelta(days=1)
AS_OF = pd.Timestamp("2026-06-30")


def orders(lines):
    table = pd.DataFrame(lines, columns=["customer_id", "ordered_on", "amount"])
    return table.assign(order_id=[str(number) for number in range(len(table))])


def answers(promoters, passives, detractors, **columns):
    given = [10] * promoters + [8] * passives + [0] * detractors
    return pd.DataFrame({"customer_id": [f"{number:05d}" for number in range(len(given))], "nps": given}).assign(
        answered_on=AS_OF, **columns
    )


# (a) Counted by hand


def test_churn_is_the_share_of_the_customers_of_a_day_who_have_lapsed():
    lines = [(f"K{number:02d}", AS_OF - 200 * DAY, 1.0) for number in range(40)]  # customers 100 days ago, just
    lines += [("GONE", AS_OF - 201 * DAY, 1.0)]  # had lapsed by then
    lines += [(f"K{number:02d}", AS_OF - 101 * DAY, 1.0) for number in range(25)]  # has lapsed since
    lines += [(f"K{number:02d}", AS_OF - 100 * DAY, 1.0) for number in range(10)]  # is at risk, not yet lapsed
    lines += [("R01", AS_OF - 5 * DAY, -1.0)]  # a return is no purchase
    lines += [("OLD", AS_OF - 400 * DAY, 1.0), ("NEW", AS_OF, 1.0), ("LATE", AS_OF + DAY, 1.0)]
    found = metrics.churn(orders(lines), days=100, as_of=AS_OF)
    assert (found.counted, found.base, found.value, found.unit, found.days) == (30, 40, 0.75, "share", 100)
    assert (found.low, found.high) == pytest.approx(proportion_confint(30, 40, method="wilson"))


def shop(seed, customers, slower=1.0):
    """Purchases over 600 days at a steady rate each of a customer, in the last 180 days at `slower` times that rate."""
    random = np.random.default_rng(seed)
    rate = random.gamma(2, 1 / 300, customers)
    counts = random.poisson(rate[:, None] * [420, 180 * slower])
    who = np.repeat(np.tile(np.arange(customers), 2), counts.T.ravel())
    day = random.integers(*np.repeat([[0, 420], [420, 600]], counts.sum(axis=0), axis=0).T)
    table = pd.DataFrame({"customer_id": who.astype(str), "ordered_on": AS_OF - (599 - day) * DAY, "amount": 1.0})
    return table.assign(order_id=table.index.astype(str))


def test_whether_churn_has_changed_sees_the_same_customers_twice():
    """Where nothing has changed the p-values are those of chance; four points more in six months are found."""
    asked = {"days": 150, "as_of": AS_OF, "since": AS_OF - 180 * DAY}
    z = norm.isf(np.array([metrics.churn_change(shop(seed, 200), **asked) for seed in range(25)]) / 2)
    assert 0.4 < (z**2).mean() < 1.7  # a chi-square of one degree of freedom, 25 times
    log = shop(1, 6000, slower=0.85)
    now, then = (metrics.churn(log, days=150, as_of=day).value for day in (AS_OF, asked["since"]))
    assert 0.03 < now - then < 0.06
    assert metrics.churn_change(log, **asked) < 0.01


def test_running_contracts_are_not_lost():
    start = AS_OF - 365 * DAY
    contracts = pd.DataFrame(
        {
            "started_on": [start] * 40 + [start + DAY] * 5,
            "ended_on": [pd.NaT] * 20 + [AS_OF] * 10 + [AS_OF + DAY] * 6 + [start] * 4 + [AS_OF] * 5,
        }
    )
    found = metrics.contract_churn(contracts, as_of=AS_OF)
    assert (found.counted, found.base) == (10, 36)  # four ended on the first day, five began after it


def test_each_customer_answers_once_the_latest_counts():
    table = answers(30, 0, 0)
    earlier = table.assign(nps=0, answered_on=AS_OF - 30 * DAY)
    odd = pd.DataFrame({"customer_id": ["x", "y"], "nps": [11, None], "answered_on": AS_OF})
    old = answers(0, 0, 50).assign(answered_on=AS_OF - 365 * DAY, customer_id="old")
    found = metrics.nps(pd.concat([earlier, table, odd, old]), as_of=AS_OF)
    assert (found.value, found.low, found.high, found.base) == (100, 100, 100, 30)


def test_the_sales_cycle_is_the_median_of_deals_won_where_all_are_closed():
    days = list(range(1, 42))
    won = pd.DataFrame({"created_on": [AS_OF - (200 + day) * DAY for day in days], "closed_on": AS_OF - 200 * DAY})
    lost = pd.DataFrame({"created_on": AS_OF - 300 * DAY, "closed_on": [AS_OF - 90 * DAY], "outcome": "lost"})
    found = metrics.sales_cycle(pd.concat([won.assign(outcome="Won"), lost]), as_of=AS_OF)
    assert (found.value, found.base) == (21, 41)
    # Ranks 14 and 28 of 41 hold the median with 95 %: binomial(41, 0.5), Conover (1999), section 3.2
    assert (found.low, found.high) == (pytest.approx(14, abs=1), pytest.approx(28, abs=1))


def test_open_deals_are_censored_and_not_left_out():
    """By hand: 30 of 100 are won on day 10, 60 are still open on day 100, the ten others are won on day 110."""
    rows = [(300, 290, "won")] * 30 + [(100, None, "open")] * 60 + [(300, 190, "won")] * 10
    leads = pd.DataFrame(rows, columns=["created_on", "closed_on", "outcome"])
    leads = leads.assign(**{name: AS_OF - leads[name] * DAY for name in ("created_on", "closed_on")})
    # Day 10: 30 of 100. Day 110: of the 70 % still there all ten who were watched. Half of 1 is won on day 110; of the
    # deals won, and nothing but them, the median is 10.
    found = metrics.sales_cycle(leads, as_of=AS_OF)
    assert (found.value, found.base) == (110, 40)
    closed = leads[leads["outcome"] == "won"]
    assert (
        metrics.sales_cycle(closed, as_of=AS_OF).value
        == (closed["created_on"] - closed["closed_on"]).abs().median() / DAY
    )


def test_the_sales_cycle_begins_with_the_first_contact_where_that_is_known():
    won = pd.DataFrame({"created_on": [AS_OF - 290 * DAY] * 41, "closed_on": AS_OF - 200 * DAY, "outcome": "won"})
    won["contacted_on"] = [AS_OF - 230 * DAY] * 25 + [pd.NaT] * 16
    assert metrics.sales_cycle(won, as_of=AS_OF).value == 30
    won["contacted_on"] = [AS_OF - 230 * DAY] * 16 + [pd.NaT] * 25
    assert metrics.sales_cycle(won, as_of=AS_OF).value == 90


def test_a_ticket_that_comes_back_was_not_resolved_at_first_contact():
    rows = [(1, None)] * 20 + [(2, None)] * 10 + [(1, 10)] * 5 + [(1, 60)] * 5
    tickets = pd.DataFrame({"touches": [touches for touches, _back in rows], "resolved_on": AS_OF - 100 * DAY})
    tickets["closed_on"] = AS_OF - 20 * DAY
    tickets["reopened_on"] = [AS_OF - (100 - back) * DAY if back else pd.NaT for _touches, back in rows]
    found = metrics.first_contact_resolution(tickets, as_of=AS_OF)
    assert (found.counted, found.base) == (25, 40)


def test_a_ticket_that_comes_back_after_the_day_has_not_come_back_yet():
    tickets = pd.DataFrame({"touches": [1] * 40, "closed_on": AS_OF - 5 * DAY, "reopened_on": AS_OF + 5 * DAY})
    assert metrics.first_contact_resolution(tickets, as_of=AS_OF).counted == 40
    assert metrics.first_contact_resolution(tickets, as_of=AS_OF + 5 * DAY).counted == 0


# (b) Published numbers, other programs


def test_nps_matches_its_published_standard_error():
    # 250 promoters and 75 detractors of 1,000: 17.5, standard error 1.716, 95 % 14.14 to 20.86
    found = metrics.nps(answers(250, 675, 75), as_of=AS_OF)
    assert (found.value, found.low, found.high) == (
        17.5,
        pytest.approx(14.14, abs=0.005),
        pytest.approx(20.86, abs=0.005),
    )


def test_the_pipeline_has_the_published_incidence(shared_data):
    """R's cmprsk has .218995 won by day 30, .257059 by day 57, .500042 by day 120; statsmodels has every day."""
    raw = pd.read_csv(shared_data / "sales_pipeline" / "sales_pipeline.csv")
    leads = pd.DataFrame(
        {
            "created_on": pd.to_datetime(raw["engage_date"]),
            "closed_on": pd.to_datetime(raw["close_date"]),
            "outcome": raw["deal_stage"],
        }
    )
    found = metrics.sales_cycle(leads, as_of=leads["closed_on"].max(), horizon_days=120)
    assert 30 < found.value <= 57  # half of .500042 is .250021
    assert found.low < found.value < found.high
    judge = CumIncidenceRight(*_to_the_end(leads))
    half = judge.cinc[0][judge.times <= 120][-1] / 2
    assert found.value == judge.times[judge.cinc[0] >= half][0]
    assert metrics.sales_cycle(leads, as_of=leads["closed_on"].max()).base == 4238


def _to_the_end(leads):
    """Days seen, and 1 for those won, 2 for those lost, 0 for those open."""
    begun = leads.dropna(subset="created_on")
    days = (begun["closed_on"].fillna(leads["closed_on"].max()) - begun["created_on"]).dt.days
    return days.to_numpy(), begun["outcome"].map({"Won": 1, "Lost": 2}).fillna(0).astype(int).to_numpy()


# (c) The truth of the teaching company


def test_first_contact_resolution_recovers_the_truth():
    company = simulate(customers=3_000, seed=5)
    truth = company.truth
    found = metrics.first_contact_resolution(company.tables["tickets"], as_of=AS_OF, days=1095)
    # A reopened ticket comes back within 14 days, whatever the first contact was like
    expected = truth.first_contact * (1 - truth.reopened_share)
    assert abs(found.value - expected) < 3 * (found.high - found.low) / 2 / 1.96


# (d) Properties


def test_rows_may_stand_in_any_order(teaching):
    tickets = teaching.tickets.to_pandas()
    forth, back = (metrics.first_contact_resolution(table, as_of=AS_OF) for table in (tickets, tickets[::-1]))
    assert forth == back


# (e) Errors


@pytest.mark.parametrize(
    ("compute", "message"),
    [
        (
            lambda: metrics.nps(None, as_of=AS_OF),
            "surveys: there is no such table; it needs customer_id, answered_on, nps. Add it to the source.",
        ),
        (
            lambda: metrics.sales_cycle(pd.DataFrame({"created_on": [AS_OF]}), as_of=AS_OF),
            "leads: columns 'closed_on', 'outcome' are missing; the table has 'created_on'. Map them in portfoy.toml.",
        ),
        (
            lambda: metrics.nps(answers(3, 2, 1), as_of=AS_OF),
            "nps: 6 cases in 365 days; at least 30 are needed.",
        ),
        (
            lambda: metrics.churn(orders([("A", AS_OF - 150 * DAY, 1.0)]), days=100, as_of=AS_OF),
            "churn: two windows of 100 days are needed, purchases span 151. Take a longer history.",
        ),
    ],
)
def test_what_cannot_be_counted_says_why(compute, message):
    with pytest.raises(DataError) as error:
        compute()
    assert str(error.value) == message
