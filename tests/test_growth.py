"""Growth accounting against tables worked out by hand, a naive loop, its own identities and published CDNOW cohorts."""

from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from portfoy.errors import DataError
from portfoy.firm import Firm
from portfoy.portfolio.growth import Growth, growth
from portfoy.source.prices import Prices

mpl.use("agg")

KEYS = ["customer_id", "order_id", "ordered_on", "amount"]
COLUMNS = [
    *("start", "end", "active", "new", "kept", "reactivated", "lost", "net"),
    *("quick_ratio", "quick_ratio_low", "quick_ratio_high", "revenue", "new_revenue", "kept_change"),
    *("reactivated_revenue", "lost_revenue", "returns_alone", "returns_change", "revenue_net", "revenue_paid"),
]


def log(*rows):
    return pd.DataFrame(rows, columns=KEYS)


def plain(sentence):
    """A sentence with ordinary blanks and without the marks that keep intervals together."""
    return str(sentence).replace("\u2060", "").replace("\u00a0", " ")


def random_log(seed, customers=60, days=400):
    """Orders of several lines, some over midnight, some returned later, and returns of no order."""
    random = np.random.default_rng(seed)
    rows = []
    for number in range(customers):
        for order in range(random.integers(1, 9)):
            day, key = int(random.integers(0, days)), f"{number}-{order}"
            if random.random() < 0.15:
                rows.append((f"C{number}", key, day, -5.0))
                continue
            rows += [
                (f"C{number}", key, day + int(random.integers(0, 2)), round(random.gamma(2, 10), 2))
                for _line in range(random.integers(1, 3))
            ]
            if random.random() < 0.2:
                rows.append((f"C{number}", key, day + 40, -3.0))
    rows += [("C0", "first", 0, 1.0)]
    table = log(*rows)
    return table.assign(ordered_on=pd.Timestamp("2024-01-01") + pd.to_timedelta(table["ordered_on"], unit="D"))


def naive_growth(table, ends):
    """The definitions, customer by customer and period by period; `ends` of the periods, the day before the first."""
    seen = table[table["ordered_on"] <= ends[-1]]
    orders = {}
    for row in seen.itertuples():
        order = orders.setdefault((row.customer_id, row.order_id), {"sold": [], "any": [], "money": 0.0})
        order["any"].append(row.ordered_on)
        order["sold"] += [row.ordered_on] if row.amount >= 0 else []
        order["money"] += row.amount
    bought, money = {}, {}
    for (customer, _order), about in orders.items():
        day = min(about["sold"]) if about["sold"] else max(about["any"])
        period = sum(day > end for end in ends[:-1])  # 0: before the first
        money[customer, period] = money.get((customer, period), 0.0) + about["money"]
        if about["sold"]:
            bought.setdefault(period, set()).add(customer)
    rows = []
    for period in range(1, len(ends)):
        now, then = bought.get(period, set()), bought.get(period - 1, set()) if period > 1 else set()
        ever = set().union(*(bought.get(earlier, set()) for earlier in range(period)))
        alone = sum(value for (who, when), value in money.items() if when == period and who not in now)
        rows.append(
            {
                "start": ends[period - 1] + pd.Timedelta(days=1),
                "end": ends[period],
                "active": len(now),
                "new": len(now - ever),
                "kept": len(now & then),
                "reactivated": len((now & ever) - then),
                "lost": len(then - now),
                "revenue": sum(value for (_who, when), value in money.items() if when == period),
                "new_revenue": sum(money[who, period] for who in now - ever),
                "kept_change": sum(money[who, period] - money[who, period - 1] for who in now & then),
                "reactivated_revenue": sum(money[who, period] for who in (now & ever) - then),
                "lost_revenue": sum(money[who, period - 1] for who in then - now),
                "returns_alone": alone,
                "revenue_paid": sum(value for (_who, when), value in money.items() if when == period),
            }
        )
    return pd.DataFrame(rows).iloc[1:].reset_index(drop=True)


def accounts(table, as_of=None, **terms):
    return growth(Firm.of(table, as_of=as_of), **terms).table


def reason_of(table, as_of=None, **terms):
    """Why growth is not possible; what is drawn and said then is nothing else."""
    found = growth(Firm.of(table, as_of=as_of), **terms)
    assert not found
    assert found.table is found
    return found.reason


# (a) Worked out by hand

TEN = log(
    ("kept", "1", "2024-01-01", 10.0),
    ("lost", "2", "2024-01-31", 20.0),
    ("back", "3", "2024-01-15", 5.0),
    ("kept", "4", "2024-02-01", 12.0),
    ("kept", "4", "2024-03-02", -1.0),  # returned: taken from the order's month
    ("new", "5", "2024-02-29", 30.0),
    ("lost", "R", "2024-02-10", -4.0),  # a return that names no sale
    ("back", "6", "2024-03-05", 6.0),
    ("kept", "7", "2024-03-31", 8.0),
    ("kept", "S", "2024-03-15", -2.0),  # such a return by one who bought in the month
    ("new", "8", "2024-04-01", 99.0),  # after the day
)


def test_three_months():
    table = accounts(TEN, as_of="2024-03-31", months=1)
    low, high = (np.array(proportion_confint(gained, total, method="wilson")) for gained, total in ((1, 3), (1, 2)))
    expected = pd.DataFrame(
        {
            "start": pd.to_datetime(["2024-02-01", "2024-03-01"]),
            "end": pd.to_datetime(["2024-02-29", "2024-03-31"]),
            "active": [2, 2],
            "new": [1, 0],
            "kept": [1, 1],
            "reactivated": [0, 1],
            "lost": [2, 1],
            "net": [-1, 0],
            "quick_ratio": [0.5, 1.0],
            "quick_ratio_low": [low[0] / (1 - low[0]), high[0] / (1 - high[0])],
            "quick_ratio_high": [low[1] / (1 - low[1]), high[1] / (1 - high[1])],
            "revenue": [37.0, 12.0],
            "new_revenue": [30.0, 0.0],
            "kept_change": [1.0, -5.0],
            "reactivated_revenue": [0.0, 6.0],
            "lost_revenue": [25.0, 30.0],
            "returns_alone": [-4.0, 0.0],
            "returns_change": [-4.0, 4.0],
            "revenue_net": [2.0, -25.0],
            "revenue_paid": [37.0, 12.0],
        }
    )
    assert table.columns.tolist() == COLUMNS
    pd.testing.assert_frame_equal(table, expected, check_dtype=False)
    assert table["net"].dtype.kind == "i"


def test_the_first_period_is_only_there_to_compare_with():
    table = accounts(TEN, as_of="2024-03-31", months=1)
    assert table["start"].min() == pd.Timestamp("2024-02-01")
    assert table.loc[0, "kept"] + table.loc[0, "lost"] == 3  # January's customers


def test_at_most_so_many_periods_the_latest_last():
    table = accounts(random_log(1), as_of="2024-12-31", months=1, periods=4)
    assert table["end"].dt.strftime("%m-%d").tolist() == ["09-30", "10-31", "11-30", "12-31"]
    pd.testing.assert_frame_equal(
        table, accounts(random_log(1), as_of="2024-12-31", months=1, periods=9).iloc[-4:].reset_index(drop=True)
    )


@pytest.mark.parametrize(
    ("as_of", "ends"),
    [
        ("2024-06-30", ["2024-04-30", "2024-05-31", "2024-06-30"]),  # the end of a month: calendar months
        ("2024-02-29", ["2024-02-29"]),
        ("2024-06-14", ["2024-03-14", "2024-04-14", "2024-05-14", "2024-06-14"]),
        ("2024-03-30", ["2024-03-30"]),  # the periods end on 30 March and 29 February
    ],
)
def test_a_period_ends_on_the_day_of_the_month_or_the_last(as_of, ends):
    days = pd.date_range("2024-01-01", as_of)
    table = pd.DataFrame({"customer_id": "a", "order_id": days.astype(str), "ordered_on": days, "amount": 1.0})
    found = accounts(table, as_of=as_of, months=1)
    assert found["end"].dt.strftime("%Y-%m-%d").tolist()[-len(ends) :] == ends
    assert (found["start"].iloc[1:].to_numpy() - found["end"].iloc[:-1].to_numpy() == np.timedelta64(1, "D")).all()
    whole = (found["end"] - found["start"]).dt.days + 1
    assert found["revenue"].tolist() == whole.tolist()  # one order a day


# (b) Published numbers


def test_cdnow_newcomers_are_the_published_cohorts(shared_data):
    """Fader & Hardie, Notes on the CDNOW Data Set: 2,357 of the customers who came in the first quarter of 1997."""
    names = ["master", "customer_id", "ordered_on", "discs", "amount"]
    raw = pd.read_csv(shared_data / "cdnow" / "CDNOW_sample.txt", sep=r"\s+", names=names, dtype=str)
    table = accounts(
        raw.assign(
            amount=raw["amount"].astype(float),
            order_id=raw.index.astype(str),
            ordered_on=pd.to_datetime(raw["ordered_on"]),
        ),
        as_of="1998-06-30",
        months=1,
        periods=99,
    )
    assert len(table) == 17
    assert table.loc[0, "kept"] + table.loc[0, "lost"] == 781  # January
    assert table["new"].tolist() == [857, 719, *[0] * 15]
    january = 244091.94 - table["revenue"].sum()
    assert january == pytest.approx(raw["amount"].astype(float)[raw["ordered_on"] < "19970201"].sum())


# (c) A naive loop, and what must hold


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("as_of", "months"), [("2024-12-31", 3), ("2025-01-17", 1), ("2024-12-30", 2)])
def test_growth_is_that_of_a_naive_loop(seed, as_of, months):
    table = random_log(seed)
    found = accounts(table, as_of=as_of, months=months)
    ends = [found["start"].iloc[0] - pd.Timedelta(days=1), *found["end"]]
    before = found["end"].iloc[-1] - pd.DateOffset(months=months * (len(found) + 1))
    before = before + pd.offsets.MonthEnd(0) if pd.Timestamp(as_of).is_month_end else before
    judge = naive_growth(table, [before, *ends])
    pd.testing.assert_frame_equal(found[judge.columns], judge, check_dtype=False)


FEW = st.tuples(st.integers(0, 4), st.integers(0, 5), st.integers(0, 150), st.sampled_from([-2.0, 0.0, 3.0, 4.5]))


@settings(max_examples=15, deadline=None)
@given(rows=st.lists(FEW, min_size=1, max_size=30))
def test_the_parts_add_up_to_the_whole(rows):
    day = pd.Timestamp("2024-01-01")
    given = [("first", "first", day, 1.0)]
    given += [(f"c{a}", f"{a}-{b}", day + pd.Timedelta(days=c), d) for a, b, c, d in rows]
    table = accounts(log(*given), as_of="2024-05-31", months=1)
    assert len(table) == 4
    assert (table["active"] == table["new"] + table["kept"] + table["reactivated"]).all()
    assert (table["net"] == table["new"] + table["reactivated"] - table["lost"]).all()
    assert (table["kept"] + table["lost"]).iloc[1:].tolist() == table["active"].iloc[:-1].tolist()
    assert table["net"].iloc[1:].tolist() == table["active"].diff().iloc[1:].tolist()
    gained = table["new_revenue"] + table["reactivated_revenue"] + table["kept_change"]
    assert table["revenue_net"].tolist() == pytest.approx(
        (gained - table["lost_revenue"] + table["returns_change"]).tolist()
    )
    assert table["revenue"].diff().iloc[1:].tolist() == pytest.approx(table["revenue_net"].iloc[1:].tolist())
    assert (table["returns_alone"] <= 0).all()


def test_neither_the_order_of_rows_nor_the_currency_matters():
    table = random_log(7)
    other = table.sample(frac=1, random_state=1).assign(amount=table["amount"] * 1000)
    found, judge = accounts(other, as_of="2024-12-31"), accounts(table, as_of="2024-12-31")
    money = COLUMNS[COLUMNS.index("revenue") :]
    pd.testing.assert_frame_equal(found.drop(columns=money), judge.drop(columns=money))
    pd.testing.assert_frame_equal(found[money], judge[money] * 1000)


def test_one_customer_of_one_day_and_periods_without_anybody():
    table = accounts(log(("a", "1", "2024-01-01", 5.0)), as_of="2024-04-30", months=1)
    assert table["lost"].tolist() == [1, 0, 0]
    assert table["revenue_net"].tolist() == [-5, 0, 0]
    assert table["quick_ratio"].tolist()[0] == 0
    assert table["quick_ratio"].isna().tolist() == [False, True, True]
    assert table["quick_ratio_high"].isna().tolist() == [False, True, True]


# (d) Errors


def test_a_history_too_short_is_refused():
    assert reason_of(TEN, as_of="2024-03-31") == (
        "growth: 2024-01-01 to 2024-03-31 holds no two periods (months: 3). Take fewer."
    )


@pytest.mark.parametrize(("months", "periods"), [(0, 8), (3, 0), (-1, 8)])
def test_periods_that_are_none_are_refused(months, periods):
    assert reason_of(TEN, months=months, periods=periods) == (
        f"growth: months is {months}, periods {periods}; both must be 1 or more. Take 3 and 8."
    )


def test_a_log_without_a_purchase_is_refused():
    expected = "transactions: nobody bought by 2024-03-31. Take a later date, or check the sign of the amounts."
    assert reason_of(TEN[TEN["amount"] < 0], as_of="2024-03-31") == expected
    with pytest.raises(DataError) as caught:
        Firm.of(TEN.iloc[:0])
    assert str(caught.value) == "transactions: there are no rows. Check the file."


# (e) What is shown


def result(rows=2, **columns):
    """Growth of quarters, all alike but for the columns given."""
    ends = pd.date_range(end="2026-06-30", periods=rows, freq="QE")
    starts = ends - pd.offsets.MonthEnd(3) + pd.Timedelta(days=1)
    low, high = proportion_confint(50, 90, method="wilson")
    counts = {"active": 100, "new": 30, "kept": 50, "reactivated": 20, "lost": 40, "net": 10}
    ratio = {"quick_ratio": 1.25, "quick_ratio_low": low / (1 - low), "quick_ratio_high": high / (1 - high)}
    money = {"revenue": 50_000.0, "new_revenue": 12_000.0, "kept_change": -2_000.0, "reactivated_revenue": 8_000.0}
    money |= {"lost_revenue": 14_000.0, "returns_alone": 0.0, "returns_change": 0.0, "revenue_net": 4_000.0}
    money |= {"revenue_paid": 30_000.0}
    table = pd.DataFrame({"start": starts, "end": ends} | counts | ratio | money | columns)
    return Growth(table, 3, "TRY", 0.95)


def test_the_finding_says_what_chance_allows():
    still, up = result(), result(quick_ratio=1.5, quick_ratio_low=1.2)
    down = result(quick_ratio=0.5, quick_ratio_low=0.3, quick_ratio_high=0.8)
    nobody = result(lost=0, **dict.fromkeys(["quick_ratio", "quick_ratio_low", "quick_ratio_high"], np.nan))
    assert [plain(each.finding().text) for each in (still, up, down, nobody)] == [
        "The base stands still: 1.25 gained for each one lost",
        "The base grows: 1.50 gained for each one lost",
        "The base shrinks: 0.50 gained for each one lost",
        "50 customers gained, nobody lost",
    ]


def test_growth_in_words():
    assert plain(result().reading()) == (
        "100 bought from 1 Apr 2026 to 30 Jun 2026: 30 new, 20 back; 40 of the period before did not buy."
    )
    year = result(5, revenue=[20_000.0, 50_000, 50_000, 50_000, 50_000])
    constant = replace(year, prices=Prices("index", pd.Timestamp("2026-06-30")))
    assert "Revenue as paid" in str(constant.summary()[1])
    assert replace(year, months=5).year_ago is None  # no period ends on the same day a year before
    assert replace(result(3), months=6).year_ago["end"] == pd.Timestamp("2025-12-31")


def test_bars_stand_on_one_another_above_and_below_zero():
    ax = result(3).plot()
    tops = sorted({round(bar.get_height(), 9) for bar in ax.patches} - {0})
    assert tops == [-40, 30, 50]  # 20 who came back stand on 30 new
    assert ax.collections[-1].get_offsets()[:, 1].tolist() == [10, 10, 10]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["Dec 2025", "Mar 2026", "Jun 2026"]
    (legend,) = ax.figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["new", "came back", "did not buy again", "net"]


@pytest.mark.parametrize("rows", [1, 24, 100])
def test_one_period_or_many_keep_their_labels_apart(rows):
    ax = result(rows).plot()
    assert len(ax.get_xticks()) <= 6
    assert ax.get_xticklabels()[-1].get_text() == "Jun 2026"


def test_a_table_without_anybody_is_drawn():
    nobody = dict.fromkeys(["active", "new", "kept", "reactivated", "lost", "net"], 0)
    assert "<svg" in result(2, **nobody).content()["chart"]["svg"]


def test_confidence_moves_the_interval_and_the_words():
    wide, narrow = (growth(Firm.of(TEN, as_of="2024-03-31", confidence=level), months=1) for level in (0.95, 0.8))
    assert (narrow.table["quick_ratio_low"] > wide.table["quick_ratio_low"]).all()
    assert "80%" in narrow.method()
    assert "95%" not in str(narrow.content())
