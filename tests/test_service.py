"""What becomes of tickets and of the customers behind them, against statsmodels, plain pandas and simulated truth."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.duration.survfunc import SurvfuncRight
from statsmodels.stats.contingency_tables import StratifiedTable, Table2x2
from statsmodels.stats.proportion import proportion_confint, proportions_ztest

from helpers import NAMES, labels, plain
from portfoy import metrics
from portfoy.firm import Firm
from portfoy.retention.service import _median, alike, service
from portfoy.simulate import simulate

AS_OF, DAY = pd.Timestamp("2026-06-30"), pd.Timedelta(days=1)


def firm_of(as_of=AS_OF, **tables):
    return Firm.of(as_of=as_of, currency="TRY", **tables)


def requests(n, **columns):
    ids = [f"{number:05d}" for number in range(n)]
    table = pd.DataFrame({"ticket_id": ids, "customer_id": ids, "opened_on": AS_OF - 30 * DAY})
    return table.assign(**columns)


@pytest.fixture(scope="module")
def found(teaching_firm):
    return service(teaching_firm)


@pytest.fixture(scope="module")
def tickets(teaching_firm):
    table = teaching_firm.tables.tickets.to_pandas()
    days = [name for name in table if name.endswith("_on")]
    return table.assign(**table[days].apply(pd.to_datetime), touches=table["touches"].astype(float))


# First contact


def test_first_contact_is_the_number_of_all_who_print_it(teaching_firm, found):
    judge = metrics.first_contact_resolution(teaching_firm.tables.tickets, as_of=AS_OF)
    row = found.table.iloc[0]
    own = row[["first_contact", "first_contact_low", "first_contact_high", "closed"]].tolist()
    assert own == pytest.approx([judge.value, judge.low, judge.high, judge.base])
    figure = found.figures()[0]
    for past, months in ((figure.year, 12), (figure.half, 6)):
        then = teaching_firm.before(months)
        judge = metrics.first_contact_resolution(then.tables.tickets, as_of=then.as_of)
        assert past.value == pytest.approx(judge.value)


def test_each_channel_and_topic_against_plain_pandas(found, tickets):
    closed = tickets[tickets["closed_on"] > AS_OF - 365 * DAY]
    back = (closed["reopened_on"] - closed["resolved_on"]) / DAY <= 30
    once = (closed["touches"] == 1) & ~back
    for trait in ("channel", "topic"):
        rows = found.table[found.table["trait"] == trait].set_index("level")
        assert {*rows.index} == {*closed[trait]}
        for level, flags in once.groupby(closed[trait]):
            bounds = proportion_confint(flags.sum(), len(flags), method="wilson")
            own = rows.loc[level, ["first_contact", "first_contact_low", "first_contact_high"]].tolist()
            assert own == pytest.approx([flags.mean(), *bounds])


def test_the_change_of_first_contact_is_that_of_two_proportions(teaching_firm, found):
    """Judge: the z test of statsmodels; the interval of Wilson makes a little difference."""
    each = [
        metrics.first_contact_resolution(teaching_firm.tables.tickets, as_of=teaching_firm.before(months).as_of)
        for months in (0, 12)
    ]
    judge = proportions_ztest([one.counted for one in each], [one.base for one in each])[1]
    assert found.past["year"].value == pytest.approx(each[1].value)
    assert found.past["year"].p_value == pytest.approx(judge, abs=0.005)


def test_a_ticket_opened_again_after_the_window_was_settled():
    columns = {"closed_on": AS_OF - DAY, "resolved_on": AS_OF - 25 * DAY, "touches": 1}
    table = requests(40, **columns, reopened_on=[AS_OF - 15 * DAY] * 10 + [pd.NaT] * 30)
    shares = [service(firm_of(tickets=table), reopen_days=days).table["first_contact"].iloc[0] for days in (5, 10)]
    assert shares == [1.0, 0.75]


# How long it takes


@pytest.mark.parametrize("share", [0.5, 0.1])
def test_median_days_against_statsmodels(share):
    """Brookmeyer and Crowley's interval on the log-log scale, with open tickets censored."""
    random = np.random.default_rng(3)
    took = random.gamma(2, 9, 200) + 0.5
    open_for = random.uniform(5, 90, 200)
    days, seen = pd.Series(np.minimum(took, open_for)), pd.Series(took <= open_for)
    with np.errstate(divide="ignore", invalid="ignore"):  # where nobody is left
        judge = SurvfuncRight(days, seen.astype(int))
        bounds_of_judge = judge.quantile_ci(1 - share, method="cloglog")
    waited = pd.DataFrame({"duration": days, "ended": seen, "entry": -1.0, "contracts": 1})
    middle, bounds = _median(waited, 0.95, share)
    assert middle == judge.quantile(1 - share)
    assert bounds == pytest.approx(bounds_of_judge)


def test_days_are_counted_from_the_tables(found, tickets):
    """Where nearly nothing is open the median is that of the settled."""
    lately = tickets[tickets["opened_on"] > AS_OF - 365 * DAY]
    for name, end in (("reply_days", "first_reply_on"), ("resolve_days", "resolved_on")):
        assert found.table[name].iloc[0] == ((lately[end] - lately["opened_on"]) / DAY).median()


def test_open_tickets_are_censored_and_not_left_out():
    """Thirty settled after a day, fifty still open after thirty: half of all are not settled."""
    table = requests(80, resolved_on=[AS_OF - 29 * DAY] * 30 + [pd.NaT] * 50, closed_on=pd.NaT)
    result = service(firm_of(tickets=table))
    assert np.isnan(result.table["resolve_days"].iloc[0])
    assert len(result.open) == 50


# Those who leave


def test_what_is_pooled_over_strata_against_statsmodels():
    """The ratio: Mantel and Haenszel of statsmodels; of one stratum its interval too, and the difference by hand."""
    random = np.random.default_rng(7)
    strata = pd.Series(random.integers(0, 4, 600))
    hit = pd.Series(random.random(600) < 0.3)
    stayed = pd.Series(random.random(600) < 0.8 - 0.1 * strata / 4 - 0.3 * hit)
    cells = [
        [
            [(hit & stayed & own).sum(), (hit & ~stayed & own).sum()],
            [(~hit & stayed & own).sum(), (~hit & ~stayed & own).sum()],
        ]
        for own in (strata == one for one in range(4))
    ]
    judge = StratifiedTable([np.array(cell, dtype=float) for cell in cells]).riskratio_pooled
    assert 1 - alike(hit, stayed, strata, 0.95)["effect"] == pytest.approx(judge)
    one = Table2x2(np.sum(cells, axis=0))
    pooled = alike(hit, stayed, strata * 0, 0.95)
    low, high = one.riskratio_confint(0.05)
    assert [pooled["effect"], pooled["effect_low"], pooled["effect_high"]] == pytest.approx(
        [1 - one.riskratio, 1 - high, 1 - low], abs=1e-9
    )
    shares = stayed.groupby(hit).mean()
    error = np.sqrt((shares * (1 - shares) / hit.value_counts()).sum())
    assert pooled["more"] == pytest.approx(shares[False] - shares[True])
    assert pooled["more_high"] - pooled["more"] == pytest.approx(1.959964 * error)


def test_who_left_against_a_loop(teaching_firm, found, tickets):
    """Naive: the first complaint of each customer, one by one, and whether an order came in the window after it."""
    log = teaching_firm.log.select("customer_id", "ordered_on").to_pandas()
    days = {who: each.to_numpy("datetime64[D]") for who, each in log.groupby("customer_id")["ordered_on"]}
    closed = tickets[tickets["is_complaint"] & tickets["touches"].notna()].sort_values(["opened_on", "ticket_id"])
    left = {"at once": [], "not at once": []}
    for row in closed.drop_duplicates("customer_id").itertuples():
        if row.opened_on + found.window * DAY > AS_OF:
            continue
        ago = (np.datetime64(row.opened_on, "D") - days[row.customer_id]).astype(int)
        if ago[ago >= 0].min() > found.window:
            continue
        back = row.reopened_on <= row.resolved_on + 30 * DAY
        group = "not at once" if row.touches > 1 else "" if back else "at once"
        left.get(group, []).append(not ((ago < 0) & (ago >= -found.window)).any())
    link = found.link.set_index("group")
    for group, flags in left.items():
        assert link.loc[group, "customers"] == len(flags)
        assert link.loc[group, "left_since"] == pytest.approx(np.mean(flags))


def test_the_finding_has_its_money_and_says_that_it_goes_along(found):
    assert (
        plain(found.finding().text)
        == f"Complaints not settled at once go with {100 * found.after['more']:.0f} more leavers in 100"
    )
    assert 0 < found.finding().low < found.finding().high
    assert "It goes along with the ticket" in found.method()


@pytest.mark.study
def test_the_effect_of_a_bad_ticket_and_first_contact_come_back():
    """Simulated truth over ten seeds: 35 % are driven away by a bad complaint; 62 % less the reopened are settled."""
    effects, firsts = [], []
    for seed in range(31, 41):
        made = simulate(seed=seed)
        names = ("transactions", "customers", "tickets", "price_index")
        result = service(Firm.of(**{name: made.tables[name] for name in names}))
        error = np.diff(np.log([1 - result.after["effect_high"], 1 - result.after["effect_low"]]))[0] / 2 / 1.96
        truth = made.truth
        effects.append((np.log(1 - result.after["effect"]) - np.log(1 - truth.bad_ticket_effect)) / error)
        row = result.table.iloc[0]
        error = (row["first_contact_high"] - row["first_contact_low"]) / 2 / 1.96
        firsts.append((row["first_contact"] - truth.first_contact * (1 - truth.reopened_share)) / error)
    assert (np.abs(effects) < 2).sum() >= 8, effects
    assert (np.abs(firsts) < 2).sum() >= 8, firsts


@pytest.mark.study
def test_no_effect_is_found_where_none_is_planted():
    """Simulated truth: nobody is driven away; of ten seeds at most one says so."""
    told = []
    for seed in range(31, 41):
        plain_truth = type(simulate(customers=100).truth)(bad_ticket_effect=0.0)
        made = simulate(seed=seed, truth=plain_truth)
        names = ("transactions", "customers", "tickets", "price_index")
        told.append(service(Firm.of(**{name: made.tables[name] for name in names})).leave)
    assert sum(told) <= 1, told


# The list, and where the data do not allow it


def test_the_list_has_the_oldest_open_tickets_first(found, tickets):
    waiting = tickets[tickets["resolved_on"].isna()].sort_values(["opened_on", "ticket_id"])
    assert found.open["ticket_id"].tolist() == waiting["ticket_id"].tolist()
    action = found.actions()[0]
    assert (action.table["days_open"] > found.limit).all()
    assert {"type", "why", "action", "year_revenue"} <= {*action.table}
    assert len(action.text.split()) <= 20


def test_each_thing_that_is_missing_is_said_or_left_out():
    leads = pd.DataFrame({"lead_id": ["1"], "created_on": [AS_OF]})
    assert str(service(firm_of(leads=leads))).startswith("tickets: there is no such table; it needs ticket_id")
    assert str(service(firm_of(tickets=requests(1)))) == "tickets: 1 cases in 365 days; at least 30 are needed."
    bare = service(firm_of(tickets=requests(40)))
    assert plain(bare.finding().text) == "40 tickets came in"
    assert (bare.reading(), bare.plot(), bare.actions(), bare.figures()) == ("", None, [], [])
    assert str(bare)
    all_open = service(firm_of(tickets=requests(40, resolved_on=pd.NaT, closed_on=pd.NaT, touches=np.nan)))
    assert all_open.open.empty  # nobody notes when a ticket is settled
    assert str(all_open)
    no_touches = service(firm_of(tickets=requests(40, closed_on=AS_OF - 20 * DAY)))
    assert plain(no_touches.finding().text) == "40 tickets came in"
    assert no_touches.table["resolve_days"].iloc[0] == 10


def test_two_months_of_history_tell_nobody_who_left():
    table = requests(60, closed_on=AS_OF - 20 * DAY, touches=[1, 2] * 30, is_complaint=True)
    orders = pd.DataFrame({"customer_id": table["customer_id"], "order_id": table["ticket_id"], "amount": 5.0})
    result = service(firm_of(tickets=table, transactions=orders.assign(ordered_on=AS_OF - 50 * DAY)))
    assert (result.after, len(result.link), result.leave) == ({}, 0, False)
    assert result.past == {}
    assert plain(result.finding().text) == "50% of tickets are settled at first contact"


def test_strange_names_are_shown_and_break_nothing():
    names = [NAMES[number % len(NAMES)] for number in range(320)]
    result = service(firm_of(tickets=requests(320, closed_on=AS_OF, touches=1, topic=names, channel=NAMES[0])))
    assert {*NAMES} <= {*result.table["level"]}
    assert "<script>" not in result._repr_mimebundle_()["text/html"]
    assert "alert" in "".join(labels(result.plot().yaxis))


def test_nothing_after_the_day_counts(teaching_firm, tickets):
    """Tickets that end later are open, whatever becomes of them."""
    then = teaching_firm.before(6)
    later = tickets.assign(**{name: tickets[name].mask(tickets[name] > then.as_of, AS_OF) for name in ("closed_on",)})
    later.loc[later["closed_on"] > then.as_of, "touches"] = 9.0
    one, other = service(then), service(firm_of(then.as_of, tickets=later))
    pd.testing.assert_frame_equal(one.table, other.table)


def test_the_chart_has_a_row_for_each_channel_and_topic(found):
    shown = labels(found.plot().yaxis)
    assert {"phone", "email", "form", "delivery"} <= {*shown}
