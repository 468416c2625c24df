"""Value migration against plain pandas, the room of growth, CDNOW counted by hand and customers who do not change."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from helpers import NAMES, plain
from portfoy.deepening.migration import BEFORE, migration
from portfoy.firm import Firm
from portfoy.portfolio.growth import growth
from portfoy.source.prices import Prices

AS_OF, DAY = pd.Timestamp("2026-06-30"), pd.Timedelta(days=1)


def shop(*orders, as_of=AS_OF, **named):
    """A firm of orders (customer, day, amount)."""
    table = pd.DataFrame(orders, columns=["customer_id", "ordered_on", "amount"])
    table = table.assign(ordered_on=pd.to_datetime(table["ordered_on"]), order_id=[str(n) for n in range(len(table))])
    return Firm.of(table, as_of=as_of, currency="TRY", **named)


FIVE = [
    *[("001", "2024-03-01", 5.0), ("001", "2025-01-01", 100.0), ("001", "2026-01-01", 40.0)],
    *[("002", "2024-08-01", 40.0), ("002", "2025-08-01", 100.0)],
    *[("003", "2024-09-01", 30.0), ("003", "2026-02-01", 30.0)],
    *[("004", "2024-10-01", 20.0)],
    *[("005", "2026-06-30", 7.0)],
    *[("006", "2024-02-01", 9.0), ("006", "2025-07-01", 9.0)],
]


@pytest.fixture(scope="module")
def found(teaching_firm):
    return migration(teaching_firm)


def test_six_customers_by_hand():
    found = migration(shop(*FIVE))
    assert found.cuts == [40.0, 100.0], "of 20, 30, 40 and 100 the half and the fifth from above"
    rows = found.customers.set_index("customer_id")
    assert rows["band_before"].to_dict() == {
        **{"001": "top", "002": "middle", "003": "low", "004": "low", "005": "new", "006": "away"},
    }
    assert rows["band"].to_dict() == {
        **{"001": "middle", "002": "top", "003": "low", "004": "gone", "005": "low", "006": "low"},
    }
    moves = found.moves.set_index("move")
    assert moves["gained"].to_dict() == {"new": 7, "back": 9, "rose": 60, "same": 0, "fell": -60, "gone": -20}
    assert moves["customers"].to_list() == [1] * 6
    assert found.listed["customer_id"].to_list() == ["001"]
    assert found.about["known"] == 2


def test_flows_are_those_of_plain_pandas_and_add_up_to_the_cent(teaching_firm, found):
    """Judge: the bands of sums by customer and year of the order lines, dated by the first sale of their order."""
    lines = teaching_firm.log.select("customer_id", "order_id", "ordered_on", "amount").to_pandas()
    lines["ordered_on"] = pd.to_datetime(lines["ordered_on"])
    key = ["customer_id", "order_id"]
    lines["sold"] = lines["ordered_on"].where(lines["amount"] >= 0)
    orders = (
        lines.groupby(key).agg(day=("sold", "min"), late=("ordered_on", "max"), money=("amount", "sum")).reset_index()
    )
    orders["any"] = orders["day"].fillna(orders["late"])
    ends = [pd.Timestamp("2025-06-30"), pd.Timestamp("2024-06-30")]
    year = np.select([orders["any"] > ends[0], orders["any"] > ends[1]], [0, 1], 2)
    ids = pd.Index(sorted(orders["customer_id"].unique()))
    money = [orders[year == n].groupby("customer_id")["money"].sum().reindex(ids, fill_value=0) for n in (0, 1)]
    bought = [orders[(year == n) & orders["day"].notna()]["customer_id"].unique() for n in (0, 1)]
    first = orders.groupby("customer_id")["day"].min().reindex(ids)
    spent = np.sort(money[1][money[1].index.isin(bought[1])].to_numpy())
    cuts = [spent[int(np.ceil(part * (len(spent) - 1)))] for part in (0.5, 0.8)]
    assert found.cuts == pytest.approx(cuts)
    bands = [np.select([each >= cuts[1], each >= cuts[0]], ["top", "middle"], "low") for each in money]
    came = np.where(first > ends[0], "new", "away")
    judged = pd.DataFrame({"before": np.where(ids.isin(bought[1]), bands[1], came)}, ids)
    judged["now"] = np.where(ids.isin(bought[0]), bands[0], "gone")
    idle = ~ids.isin(bought[0]) & ~ids.isin(bought[1]) & (money[0] == 0) & (money[1] == 0)
    judged = judged[~idle].groupby(["before", "now"]).groups
    table = found.table.set_index(["band_before", "band"])
    assert table["customers"].to_dict() == {flow: len(who) for flow, who in judged.items()}
    for flow, who in judged.items():
        assert table["revenue_before"][flow] == pytest.approx(money[1][who].sum(), abs=0.005)
        assert table["revenue"][flow] == pytest.approx(money[0][who].sum(), abs=0.005)
    change = money[0].sum() - money[1].sum()
    assert found.table["gained"].sum() == pytest.approx(change, abs=0.005)
    assert found.moves["gained"].sum() == pytest.approx(change, abs=0.005)


def test_the_change_is_that_of_growth(teaching_firm, found):
    years = growth(teaching_firm, months=12, periods=2).table
    assert found.table["revenue"].sum() == pytest.approx(years["revenue"].iloc[-1])
    assert found.table["gained"].sum() == pytest.approx(years["revenue_net"].iloc[-1])


def test_customers_who_do_not_change_fall_from_the_top_but_net_holds_zero():
    """Four companies of 300 who spend alike in all years: less than a third stay top, and net is nothing."""
    inside, stayed = [], []
    for seed in range(4):
        random = np.random.default_rng(seed)
        ids = [f"C{number}" for number in range(300)]
        days = [AS_OF - days * DAY for days in (800, 500, 100)]
        found = migration(shop(*[(name, day, float(random.gamma(2, 50))) for name in ids for day in days]))
        about = found.about
        assert about["known"] == 300
        inside.append(about["net_low"] <= 0 <= about["net_high"])
        stayed.append(about["stayed"])
    assert np.mean(stayed) < 0.33
    assert sum(inside) >= 3
    assert plain(migration(shop(*FIVE[:3])).reading()).startswith("Who rose brought")


def test_a_real_fall_is_found_and_bounded():
    """All who are known bring a third less: 300 x 100 x 0.3 = TRY 9,000 less, within the bounds."""
    random, ids = np.random.default_rng(4), [f"C{number}" for number in range(300)]
    rows = [(name, AS_OF - 800 * DAY, 50.0) for name in ids]
    for name in ids:
        rows += [(name, AS_OF - 500 * DAY, random.gamma(10, 10)), (name, AS_OF - 100 * DAY, random.gamma(10, 7))]
    found = migration(shop(*rows))
    assert "less than the year before" in found.finding().text
    assert found.about["net_low"] < -9_000 < found.about["net_high"] < 0


def test_cdnow_halves_against_plain_pandas(cdnow_log):
    """CDNOW: the first half of 1998 against that of 1997; eighteen months are enough for six."""
    found = migration(Firm.of(cdnow_log), months=6)
    halves = [
        cdnow_log[cdnow_log["ordered_on"].between(*ends)].groupby("customer_id")["amount"].sum().round(6)
        for ends in (("1998-01-01", "1998-06-30"), ("1997-01-01", "1997-06-30"))
    ]
    ids = cdnow_log["customer_id"].unique()
    now, then = (half.reindex(ids) for half in halves)
    assert found.table["customers"].sum() == len(ids) == 2357
    moves = found.moves.set_index("move")
    assert moves["customers"]["gone"] == (now.isna() & then.notna()).sum()
    assert moves["gained"].sum() == pytest.approx(now.sum() - then.sum(), abs=0.005)
    high = then.quantile(0.8, interpolation="higher")
    top = then >= high
    assert found.about["stayed"] == pytest.approx((now[top] >= high).sum() / top.sum())
    assert found.figures() == [], "half a year is no headline"
    assert "18" not in str(migration(Firm.of(cdnow_log)).reading())
    assert not migration(Firm.of(cdnow_log)), "twelve months of the year before are not there"


def test_kept_cut_points_are_used_and_brought_to_the_prices_of_the_day():
    month = pd.date_range("2024-01-01", "2026-06-01", freq="MS")
    prices = Prices("index", AS_OF, pd.DataFrame({"month": month, "index": np.linspace(1, 2, len(month))}))
    firm = replace(shop(*FIVE), prices=prices)
    rule = {"cuts": [10.0, 20.0], "since": "2025-06-30", "priced_on": "2025-06-30"}
    found = migration(replace(firm, kept={"migration": rule}, worked={}))
    factor = 2 / np.linspace(1, 2, len(month))[17]
    assert found.cuts == pytest.approx([10 * factor, 20 * factor])
    assert found.kept() == {"migration": rule}
    assert "Cut points kept since 30 Jun 2025." in plain(found.method())
    fresh = migration(replace(firm, kept={"migration": {**rule, "fresh": True}}, worked={}))
    assert fresh.cuts == [40.0, 100.0]
    assert fresh.kept()["migration"] == {"cuts": [40.0, 100.0], "since": "2026-06-30", "priced_on": "2026-06-30"}
    assert migration(replace(shop(*FIVE), kept={"migration": rule}, worked={})).cuts == [40.0, 100.0], "as paid"


def test_a_year_earlier_is_compared_only_with_the_history_for_it():
    random = np.random.default_rng(1)
    days = [*range(1500, 0, -90)]
    rows = [(f"C{n}", AS_OF - (day + n % 50) * DAY, float(random.gamma(2, 50))) for n in range(80) for day in days]
    long = migration(shop(*rows))
    assert long.figures()[0].year.day == "2025-06-30"
    assert long.was.value == pytest.approx(migration(shop(*rows).on("2025-06-30")).about["stayed"], abs=0.25)
    assert "a year earlier" in plain(long.reading())
    assert migration(shop(*[row for row in rows if row[1] > AS_OF - 1000 * DAY])).was is None


def test_nothing_after_the_day_counts():
    late = [("001", "2026-07-05", 1e6), ("009", "2026-08-01", 1e6)]
    found = [migration(shop(*FIVE, *more)) for more in ([], late)]
    pd.testing.assert_frame_equal(found[0].table, found[1].table)
    pd.testing.assert_frame_equal(found[0].listed, found[1].listed)


def test_what_it_shows(found):
    assert len(found.finding().text.split()) <= 12
    assert "Earlier are the" in found.reading()
    assert "new ones brought TRY" in plain(found.reading())
    ax = found.plot()
    assert len(ax.patches) == 6
    assert "did not buy again: " in ax.figure.get_label()
    (action,) = found.actions()
    assert len(action.text.split()) <= 20
    assert len(action.table) == 50
    assert action.table["gained"].is_monotonic_increasing
    assert {*found.table["band_before"]} <= {*BEFORE}
    found._repr_mimebundle_()


@pytest.mark.parametrize(
    ("orders", "named", "reason"),
    [
        (FIVE, {"months": 0}, "migration: months is 0; 1 to 12 are possible. Take 12."),
        (FIVE[8:9], {}, "migration: purchases begin on 2026-06-30; 12 months of last year are needed. Take fewer."),
        ([("1", "2026-01-01", -5.0)], {}, "transactions: nobody bought by 2026-06-30"),
        ([("1", "2024-01-01", 5.0)], {}, "migration: purchases begin on 2024-01-01; 12 months of last year"),
    ],
)
def test_it_says_in_a_sentence_why_not(orders, named, reason):
    found = migration(shop(*orders), **named)
    assert not found
    assert str(found).startswith(reason)
    assert not migration(Firm.of(as_of=AS_OF))


def test_one_customer_and_strange_names_do_no_harm():
    one = migration(shop(*FIVE[:3]))
    assert one.finding().low is None
    one._repr_mimebundle_()
    names = dict(zip(["001", "002", "003", "004", "005", "006"], NAMES, strict=False))
    found = migration(shop(*[(names[who], day, money) for who, day, money in FIVE]))
    assert {*found.customers["customer_id"]} == {*names.values()}
    found._repr_mimebundle_()
