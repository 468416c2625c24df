"""Channels against tables worked out by hand and a plain pandas recomputation from the teaching company's files."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from helpers import plain
from portfoy.acquisition.channels import channels
from portfoy.acquisition.deals import ripe_days
from portfoy.acquisition.kept import against_kept
from portfoy.firm import Firm

TEACHING = Path(__file__).parent.parent / "data" / "teaching"
DAY = pd.Timedelta(days=1)


def orders(*rows):
    return pd.DataFrame(rows, columns=["customer_id", "order_id", "ordered_on", "amount"])


LEADS = pd.DataFrame(
    [
        ("1", "Fair", "2024-01-05", "A", "2024-01-20", "won", None),
        ("2", "fair ", "2024-01-25", None, "2024-02-01", "lost", None),
        ("3", "FAIR", "2024-02-02", "B", "2024-02-10", "won", None),
        ("4", None, "2024-02-20", "C", "2024-03-01", "won", "A"),
        ("5", "fair", "2024-03-01", "A", "2024-03-05", "won", None),  # A again: a deal, no new customer
        ("6", "fair", "2024-03-09", "OLD", "2024-03-12", "won", None),  # was a customer before
        ("7", "fair", "2025-06-20", None, None, "open", None),
    ],
    columns=["lead_id", "channel", "created_on", "customer_id", "closed_on", "outcome", "referred_by"],
)
ORDERS = orders(
    ("OLD", "0", "2024-01-01", 500.0),
    ("A", "1", "2024-01-20", 60.0),
    ("A", "2", "2024-03-31", 30.0),
    ("A", "3", "2025-01-25", 10.0),  # after the first year of A, in the 10th to 14th month
    ("B", "4", "2024-02-15", 40.0),
    ("C", "5", "2024-03-02", 90.0),
    ("D", "6", "2024-02-03", 8.0),
    ("E", "7", "2025-06-30", 5.0),
)
SPEND = pd.DataFrame(
    [
        ("2024-01-01", "fair", 100.0, "physical"),
        ("2024-02-01", "fair", 50.0, "physical"),
        ("2024-02-10", "fair", 30.0, "sales"),
        ("2024-03-01", "fair", 10.0, "physical"),
        ("2024-01-01", "Shop", 20.0, "Digital"),
        ("2024-03-01", "shop", 4.0, "digital"),
        ("2024-03-01", "television", 70.0, "advertising"),
        ("2024-03-01", None, 999.0, "digital"),  # whose it is nobody can tell
    ],
    columns=["month", "channel", "cost", "kind"],
)
PEOPLE = pd.DataFrame(
    [("D", "shop", "2024-01-30"), ("OLD", "shop", "2023-01-01"), ("E", "shop", "2025-06-30")],
    columns=["customer_id", "channel", "joined_on"],
)


def small(leads=LEADS, spend=SPEND, log=ORDERS, customers=PEOPLE, **more):
    """The firm of these tables, whose leads are ripe after 30 days."""
    tables = {"leads": leads, "spend": spend, "customers": customers, **more}
    tables = {name: table for name, table in tables.items() if table is not None}
    dates = ["created_on", "closed_on", "month", "joined_on", "ordered_on"]
    frames = {
        name: table.assign(**{day: pd.to_datetime(table[day]) for day in dates if day in table})
        for name, table in (tables | {"transactions": log}).items()
    }
    kept = {"ripe": {"days": 30, "since": "2024-01-01"}}
    return replace(Firm.of(frames.pop("transactions"), as_of="2025-06-30", currency="TRY", **frames), kept=kept)


# (a) By hand


@pytest.fixture(scope="module")
def by_hand():
    return channels(small(), discount_rate=0.0)


def test_seven_leads_by_hand(by_hand):
    found = by_hand
    table = found.table.set_index("channel")
    sources = {"referral": "leads", "Fair": "leads", "shop": "direct", "television": "spend only", "": "all"}
    assert table["source"].to_dict() == sources
    fair = table.loc["Fair"]
    # January to March: A and B won by 180 of spend and 30 of sales work; A again and OLD are no new customers
    assert fair[["leads", "customers", "spend", "sales_spend", "spend_paid"]].tolist() == [5, 2, 160, 30, 190]
    assert (fair["cac"], fair["full_cac"]) == (80, 95)
    assert fair["win_rate"] == 4 / 5  # of ripe leads; every deal won counts
    assert fair["year_margin"] == (90 + 40) / 2  # the order after the first year is none of it
    assert fair["stayed"] == 1 / 2
    assert table.loc["referral", ["leads", "customers"]].tolist() == [1, 1]
    assert np.isnan(table.loc["referral", "cac"])  # without spend nobody knows, it is not free
    # D joined in January; OLD before spend is known, E later than the months of spend
    assert table.loc["shop", ["customers", "spend", "cac"]].tolist() == [1, 24, 24]
    assert np.isnan(table.loc["shop", "leads"])
    assert table.loc["television", ["customers", "spend"]].tolist() == [0, 70]
    everything = table.loc[""]
    assert everything[["customers", "spend_paid", "cac", "full_cac"]].tolist() == [4, 284, 254 / 4, 284 / 4]
    assert found.found.notes == {
        **{"unused": 1, "earlier": 1, "waiting": 30, "renamed": 3, "unnamed": 0, "gaps": 3, "costed": False},
    }
    kinds = found.kinds.set_index("money_kind")["spend"].to_dict()
    assert kinds == {"physical": 160, "sales": 30, "digital": 24, "advertising": 70}


def test_money_that_won_nobody_is_spread_over_no_channel(by_hand):
    loud = SPEND.assign(cost=SPEND["cost"].where(SPEND["channel"] != "television", 1e6))
    one, other = (found.table.set_index("channel") for found in (by_hand, channels(small(spend=loud))))
    assert one.loc[["Fair", "shop"], "full_cac"].equals(other.loc[["Fair", "shop"], "full_cac"])
    assert other.loc["", "full_cac"] > one.loc["", "full_cac"]


def test_cohorts_by_hand(by_hand):
    found = by_hand.cohorts
    fair = found.table[found.table["channel"] == "Fair"].set_index("age")
    assert found.months == 3
    assert fair["cohort"].unique() == [pd.Timestamp("2024-01-01")]
    # A and B together cost 190; by age 1 (the month of the lead) they brought 60 + 40, by age 3 also 30, by age 13 10
    assert fair.loc[[1, 2, 3, 12, 13], "net_each"].tolist() == [(100 - 190) / 2] * 2 + [(130 - 190) / 2] * 2 + [-25]
    assert fair.index.max() == 16  # June 2025 is over, and for the leads of March it is the 16th month


def test_referrers_by_hand(by_hand):
    found = by_hand.referrers
    row = found.table.iloc[0]
    assert len(found.table) == 1
    assert row[["customer_id", "referred", "won", "brought", "own_margin", "idle"]].tolist() == [
        "A",
        1,
        1,
        90,
        100,
        156,
    ]
    listed = found.actions()[0].table
    assert plain(listed["because"][0]) == "1 of 1 recommended are customers; they brought TRY 90"
    assert listed["next_step"].tolist() == ["thank, ask for another"]


# (b) The plain recomputation


@pytest.fixture(scope="module")
def priced(teaching):
    """The teaching company on its last day, its money at the prices of that day."""
    return Firm._priced(teaching, teaching.currency, 0.95)


@pytest.fixture(scope="module")
def shown(priced):
    return channels(priced, touch_cost=50.0)


@pytest.fixture(scope="module")
def files():
    """The files of the teaching company, read without any of ours; money at the prices of the last month."""
    kinds = dict.fromkeys(["customer_id", "referred_by", "campaign_id"], str)
    names = ("transactions", "leads", "spend", "customers", "price_index")
    read = {name: pd.read_csv(TEACHING / f"{name}.csv", dtype=kinds) for name in names}
    index = read["price_index"].set_index("month")["index"]
    factor = index.iloc[-1] / index
    lines, spend = read["transactions"], read["spend"]
    margin, month = lines["amount"] - lines["quantity"] * lines["unit_cost"], lines["ordered_on"].str[:7] + "-01"
    lines["margin"] = margin * month.map(factor)
    spend["money"] = spend["cost"] * spend["month"].map(factor)
    lines["day"] = pd.to_datetime(lines["ordered_on"])
    lines["day"] = lines.groupby("order_id")["day"].transform("min")
    for name in ("created_on", "closed_on"):
        read["leads"][name] = pd.to_datetime(read["leads"][name])
    return read


def months_of(days):
    return pd.PeriodIndex(pd.to_datetime(days), freq="M")


def test_cost_and_first_year_are_those_of_plain_pandas(files, priced, shown):
    table = shown.table.set_index("channel")
    as_of, waiting = pd.Timestamp("2026-06-30"), ripe_days(priced)
    last = (as_of + DAY - waiting * DAY).to_period("M") - 1
    leads, spend, lines = files["leads"], files["spend"], files["transactions"]
    for name in ("website", "fair", "referral", "calls", "partner"):
        own = leads[leads["channel"] == name]
        ripe = own[own["created_on"] <= as_of - waiting * DAY]
        assert table.loc[name, "win_rate"] == pytest.approx((ripe["outcome"] == "won").mean())
        won = own[(own["outcome"] == "won") & (months_of(own["created_on"]) <= last)]
        paid = spend[(spend["channel"] == name) & (months_of(spend["month"]) <= last)]
        without = paid.loc[paid["kind"] != "sales", "money"].sum()
        assert table.loc[name, "customers"] == len(won)
        assert table.loc[name, "spend_paid"] == pytest.approx(paid["cost"].sum())
        assert table.loc[name, "cac"] == pytest.approx(without / len(won))
        assert table.loc[name, "full_cac"] == pytest.approx(paid["money"].sum() / len(won))
        old = own[(own["outcome"] == "won") & (own["closed_on"] + 364 * DAY <= as_of)]
        year = lines.merge(old[["customer_id", "closed_on"]], on="customer_id")
        year = year[year["day"] < year["closed_on"] + 365 * DAY]
        assert table.loc[name, "year_margin"] == pytest.approx(year["margin"].sum() / len(old), rel=1e-6)
        older = own[(own["outcome"] == "won") & (own["closed_on"] + 426 * DAY <= as_of)]
        after = lines.merge(older[["customer_id", "closed_on"]], on="customer_id")
        after = after[(after["day"] - after["closed_on"]).dt.days.between(304, 426)]
        assert table.loc[name, "stayed"] == pytest.approx(after["customer_id"].nunique() / len(older))


def test_customers_without_a_lead_are_those_of_plain_pandas(files, shown):
    found = shown
    table, last = found.table.set_index("channel"), pd.Period("2026-02")
    first = files["transactions"].groupby("customer_id")["ordered_on"].min()
    alone = files["customers"][~files["customers"]["customer_id"].isin(files["leads"]["customer_id"])]
    alone = alone[alone["customer_id"].isin(first.index)]
    came = np.minimum(alone["joined_on"], alone["customer_id"].map(first))
    alone = alone[months_of(came) <= last]
    spend = files["spend"][months_of(files["spend"]["month"]) <= last]
    for name, n in alone["channel"].value_counts().items():
        assert table.loc[name, "customers"] == n
        assert table.loc[name, "cac"] == pytest.approx(spend.loc[spend["channel"] == name, "money"].sum() / n)
    everybody = table.loc[""]
    assert everybody["full_cac"] == pytest.approx(spend["money"].sum() / everybody["customers"])
    assert everybody["customers"] == table["customers"].sum() - everybody["customers"]


def test_payback_is_that_of_plain_pandas(files, shown):
    """Month by month and cohort by cohort: the mean margin of those old enough, discounted, until it meets the cost."""
    table, end, last = shown.table.set_index("channel"), pd.Period("2026-06"), pd.Period("2026-02")
    for name in ("website", "fair", "referral", "calls", "partner"):
        won = files["leads"].query("channel == @name and outcome == 'won'")
        won = won.assign(came=months_of(won["created_on"]))
        won = won[won["came"] <= last]
        lines = files["transactions"].merge(won[["customer_id", "came"]], on="customer_id")
        then, came = months_of(lines["day"]), pd.PeriodIndex(lines["came"])
        lines["age"] = 12 * (then.year - came.year) + then.month - came.month
        cost, brought, month = table.loc[name, "full_cac"], 0.0, None
        for age in range(36):
            old = (won["came"] + age <= end).sum()
            if old < 10:
                break
            brought += lines.loc[lines["age"] == age, "margin"].sum() / old / 1.1 ** (age / 12)
            if month is None and brought >= cost:
                month = age + 1
        assert table.loc[name, "payback"] == month
        assert table.loc[name, "payback_low"] <= month


def test_lifetime_value_is_brought_and_expected(priced):
    buyers = priced.customers["customer_id"]
    expected = pd.DataFrame({"customer_id": buyers, "expected_value": np.arange(len(buyers)) % 97 * 10.0})
    value = SimpleNamespace(table=expected)  # stands for a LifetimeValue, which its own tests judge
    found = channels(priced, value=value)
    rows = found.found.within(found.found.table).query("channel == 'fair'")
    ahead = value.table[value.table["customer_id"].isin(rows["customer_id"])]["expected_value"].sum()
    sold = priced.customers.set_index("customer_id")["margin"].reindex(rows["customer_id"]).sum()
    row = found.table.set_index("channel").loc["fair"]
    assert row["clv"] == pytest.approx((ahead + sold) / len(rows))
    assert row["clv_ratio"] == pytest.approx(row["clv"] / row["full_cac"])


def test_keeping_and_winning_are_those_of_plain_pandas(files, shown):
    found = shown.against_kept
    table, start, end = found.table.set_index("what"), "2025-03-01", "2026-02-28"
    assert (found.start, found.end) == (pd.Timestamp(start), pd.Timestamp(end))
    day = files["transactions"].assign(day=files["transactions"]["day"].dt.strftime("%Y-%m-%d"))
    now = {*day.loc[day["day"].between(start, end), "customer_id"]}
    kept = now & {*day.loc[(day["day"] >= "2024-03-01") & (day["day"] < start), "customer_id"]}
    campaigns = pd.read_csv(TEACHING / "campaigns.csv")
    campaigns = campaigns[
        campaigns["phase"].isin(["retention", "deepening"]) & campaigns["starts_on"].between(start, end)
    ]
    index = files["price_index"].set_index("month")["index"]
    money = (campaigns["cost"] * index.iloc[-1] / (campaigns["starts_on"].str[:7] + "-01").map(index)).sum()
    assert table.loc["campaigns", ["customers", "money"]].tolist() == [len(kept), pytest.approx(money)]
    tickets = pd.read_csv(TEACHING / "tickets.csv")
    touches = tickets[tickets["customer_id"].isin(kept) & tickets["opened_on"].between(start, end)]["touches"].sum()
    assert table.loc["with service", "money"] == pytest.approx(money + 50 * touches)
    spend = files["spend"][files["spend"]["month"].between(start, end)]
    assert table.loc["all money", "money"] == pytest.approx(spend["money"].sum())
    assert found.ratio == pytest.approx(table.loc["all money", "each"] / table.loc["with service", "each"])
    assert found.ratio_low < found.ratio < found.ratio_high


def test_referrers_are_those_of_plain_pandas(files, shown):
    found = shown.referrers
    margin = files["transactions"].groupby("customer_id")["margin"].sum()
    leads = files["leads"].dropna(subset="referred_by")
    leads = leads.assign(brought=leads["customer_id"].map(margin).fillna(0.0))
    expected = leads.groupby("referred_by").agg(referred=("lead_id", "size"), brought=("brought", "sum"))
    table = found.table.set_index("customer_id")
    assert table["referred"].to_dict() == expected["referred"].to_dict()
    assert table["brought"].to_dict() == pytest.approx(expected["brought"].to_dict())
    assert found.worth["brought"] == pytest.approx(expected["brought"].mean())


# (d) Properties


def test_order_of_rows_does_not_matter():
    shuffled = small(*(table.sample(frac=1, random_state=3) for table in (LEADS.iloc[1:], SPEND, ORDERS)))
    same = small(LEADS.iloc[1:])
    one, other = (channels(firm).table for firm in (same, shuffled))
    one, other = (table.set_index(table["channel"].str.lower()) for table in (one, other))
    pd.testing.assert_frame_equal(one.drop(columns="channel"), other.drop(columns="channel"), check_like=True)


def test_nothing_after_the_day_moves_a_number(simulated):
    tables = dict(simulated.tables)
    log, early = tables.pop("transactions"), pd.Timestamp("2025-12-31")
    some = {*tables["leads"]["customer_id"], *tables["customers"]["customer_id"][::10]}  # fewer are quicker
    log, tables["customers"] = (table[table["customer_id"].isin(some)] for table in (log, tables["customers"]))
    later = Firm.of(log, **tables).on(early)
    dates = {"leads": "created_on", "spend": "month", "customers": "joined_on", "price_index": "month"}
    cut = {name: tables[name][tables[name][day] <= early] for name, day in dates.items()}
    leads = cut["leads"]
    open_ = leads["closed_on"] > early
    cut["leads"] = leads.assign(
        outcome=leads["outcome"].mask(open_, "open"), customer_id=leads["customer_id"].mask(open_),
        closed_on=leads["closed_on"].mask(open_),
    )  # fmt: skip
    then = replace(Firm.of(log[log["ordered_on"] <= early], as_of=early, **cut), prices=later.prices)
    names = ["channel", "customers", "win_rate", "spend_paid", "stayed"]
    pd.testing.assert_frame_equal(channels(later).table[names], channels(then).table[names])


def test_a_name_is_text_and_nothing_else():
    odd = "<b>$5 \\frac{1}{2}$ İĞ"
    leads = LEADS.assign(channel=LEADS["channel"].fillna("fair").mask(LEADS["lead_id"] < "9", odd))
    firm = small(leads, SPEND.assign(channel=SPEND["channel"].replace({"fair": odd})))
    found = channels(firm)
    assert odd in set(found.table["channel"])
    assert "<b>$5" not in found._repr_mimebundle_()["text/html"]


# (e) Where the data do not allow it


ALL_OPEN = LEADS.assign(outcome="open", closed_on=None, customer_id=None)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"spend": None}, "spend: there is no such table; it needs month, channel, cost. Add it to the source."),
        (
            {"spend": SPEND.assign(cost=np.nan)},
            "spend: no row has a month, a channel and a cost. Add them.",
        ),
        (
            {"leads": None, "customers": None},
            ("channels: nobody was won through a known channel by 2025-06-30. Take a later date."),
        ),
        (
            {"leads": ALL_OPEN, "customers": None},
            ("channels: nobody was won through a known channel by 2025-06-30. Take a later date."),
        ),
        (
            {"leads": LEADS.drop(columns=["channel", "referred_by"])},
            "leads: none has a channel. Add it.",
        ),
        (
            {"spend": SPEND.assign(month="2025-06-01")},
            "channels: a lead may take 30 days, and no month of spend is that old on 2025-06-30. Take a longer "
            "history.",
        ),
    ],
)
def test_what_is_missing_is_said_in_one_sentence(given, reason):
    found = channels(small(**given))
    assert not found
    assert plain(found.reason) == reason


def test_two_months_of_history_give_no_number(simulated):
    tables = dict(simulated.tables)
    firm = Firm.of(tables.pop("transactions"), **tables).on("2023-08-31")
    found = channels(firm)
    assert not found
    assert "Take a longer history." in found.reason


def test_a_parameter_out_of_range_is_said():
    assert (
        plain(channels(small(), discount_rate=-0.1).reason) == "channels: discount_rate is -0.1; it must be 0 or more."
    )


def test_one_channel_is_compared_with_nothing(simulated):
    tables = {name: simulated.tables[name] for name in ("leads", "spend", "price_index")}
    only = {name: table[table["channel"] == "fair"] for name, table in tables.items() if name != "price_index"}
    found = channels(
        Firm.of(simulated.tables["transactions"], currency="TRY", price_index=tables["price_index"], **only)
    )
    assert plain(found.finding().text).startswith("A customer won by fair costs TRY ")
    assert found.reading().count("By fair") == 1


def test_without_leads_own_channels_stand_alone():
    table = channels(small(leads=None, log=ORDERS[ORDERS["customer_id"].isin(["D", "OLD"])])).table
    assert table["source"].tolist() == ["direct", "spend only", "spend only", "all"]


# (f) What is shown


def test_the_chart_shows_cost_and_first_year(shown):
    found = shown
    ax = found.plot()
    assert [text.get_text() for text in ax.get_yticklabels()][:3] == ["through leads", "referral", "website"]
    assert found.cohorts.of("website").plot() is not None
    assert len(plain(found.finding().text).split()) <= 12


def test_cohorts_with_open_leads_are_marked_and_not_drawn(shown):
    found = shown.cohorts
    own = found.table[found.table["channel"] == found.shown].groupby("cohort")["running"].first()
    drawn = [text.get_text() for text in found.plot().get_yticklabels()]
    listed = found.summary().texts.iloc[:, 0]
    assert own.any()
    assert drawn == listed[~own.to_numpy()].tolist()
    assert listed.str.endswith(" *").tolist() == own.tolist()
    assert "marked *" in found.method()


# (g) Odd tables


@pytest.mark.parametrize("cost", [0.0, -50.0, np.inf])
def test_what_is_no_money_spent_gives_no_cost(cost):
    """All of it: one sentence. Of one channel: that channel has no cost, the others keep theirs."""
    own = (SPEND["channel"] == "fair") & (SPEND["kind"] == "physical")
    found = channels(small(spend=SPEND.assign(cost=SPEND["cost"].mask(own, cost))))
    table = found.table.set_index("channel")
    assert np.isnan(table.loc["Fair", ["cac", "payback"]].astype(float)).all()
    assert table.loc["shop", "cac"] == 24
    assert not (table[["cac", "full_cac", "cac_low", "clv_ratio"]].astype(float) <= 0).any(axis=None)
    assert found._repr_mimebundle_()
    nothing = channels(small(spend=SPEND.assign(cost=cost)))
    said = nothing.finding().text if nothing else nothing.reason
    assert plain(said).startswith(("No channel has spend and", "spend: no row has"))


def test_without_spend_on_winning_keeping_is_compared_with_nothing(priced, shown):
    spend = shown.found.spend
    again = against_kept(priced, replace(shown.found, spend=spend.assign(money=0 * spend["money"])))
    assert not again
    assert "nothing spent on winning" in again.reason


@pytest.mark.parametrize("leads", [LEADS.drop(columns="customer_id"), LEADS.assign(customer_id=None)])
def test_leads_that_name_no_customer_tell_no_worth_of_referrers(leads):
    found = channels(small(leads, log=pd.concat([ORDERS, orders(("A", "8", "2025-06-01", 1.0))])))
    assert found.table.set_index("channel").loc["Fair", "customers"] == 4  # wins count, what they bring is not known
    assert np.isnan(found.table.set_index("channel").loc["Fair", "year_margin"])
    assert plain(found.referrers.reason) == "leads: none tells which customer it became; add customer_id."
