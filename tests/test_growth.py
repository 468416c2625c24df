"""Growth accounting against tables worked out by hand, a naive loop, its own identities and published CDNOW cohorts."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.text import Text
from statsmodels.stats.proportion import proportion_confint

import portfoy as pf
from helpers import labels, message_of, plain
from portfoy.figures import frame
from portfoy.portfolio.growth import growth_table

KEYS = ["customer_id", "order_id", "ordered_on", "amount"]
COLUMNS = [
    *("start", "end", "active", "new", "kept", "reactivated", "lost", "net"),
    *("quick_ratio", "quick_ratio_low", "quick_ratio_high", "revenue", "new_revenue", "kept_change"),
    *("reactivated_revenue", "lost_revenue", "returns_alone", "returns_change", "revenue_net"),
]


def log(*rows):
    return pd.DataFrame(rows, columns=KEYS)


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
            }
        )
    return pd.DataFrame(rows).iloc[1:].reset_index(drop=True)


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
    table = growth_table(TEN, as_of="2024-03-31", months=1)
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
        }
    )
    assert table.columns.tolist() == COLUMNS
    pd.testing.assert_frame_equal(table, expected, check_dtype=False)
    assert table["net"].dtype.kind == "i"


def test_the_first_period_is_only_there_to_compare_with():
    table = growth_table(TEN, as_of="2024-03-31", months=1)
    assert table["start"].min() == pd.Timestamp("2024-02-01")
    assert table.loc[0, "kept"] + table.loc[0, "lost"] == 3  # January's customers


def test_at_most_so_many_periods_the_latest_last():
    table = growth_table(random_log(1), as_of="2024-12-31", months=1, periods=4)
    assert table["end"].dt.strftime("%m-%d").tolist() == ["09-30", "10-31", "11-30", "12-31"]
    pd.testing.assert_frame_equal(
        table, growth_table(random_log(1), as_of="2024-12-31", months=1, periods=9).iloc[-4:].reset_index(drop=True)
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
    found = growth_table(table, as_of=as_of, months=1)
    assert found["end"].dt.strftime("%Y-%m-%d").tolist()[-len(ends) :] == ends
    assert (found["start"].iloc[1:].to_numpy() - found["end"].iloc[:-1].to_numpy() == np.timedelta64(1, "D")).all()
    whole = (found["end"] - found["start"]).dt.days + 1
    assert found["revenue"].tolist() == whole.tolist()  # one order a day


# (b) Published numbers


def test_cdnow_newcomers_are_the_published_cohorts(shared_data):
    """Fader & Hardie, Notes on the CDNOW Data Set: 2,357 of the customers who came in the first quarter of 1997."""
    names = ["master", "customer_id", "ordered_on", "discs", "amount"]
    raw = pd.read_csv(shared_data / "cdnow" / "CDNOW_sample.txt", sep=r"\s+", names=names, dtype=str)
    table = growth_table(
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


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("as_of", "months"), [("2024-12-31", 3), ("2025-01-17", 1), ("2024-12-30", 2)])
def test_growth_is_that_of_a_naive_loop(seed, as_of, months):
    table = random_log(seed)
    found = growth_table(table, as_of=as_of, months=months)
    ends = [found["start"].iloc[0] - pd.Timedelta(days=1), *found["end"]]
    before = found["end"].iloc[-1] - pd.DateOffset(months=months * (len(found) + 1))
    before = before + pd.offsets.MonthEnd(0) if pd.Timestamp(as_of).is_month_end else before
    judge = naive_growth(table, [before, *ends])
    pd.testing.assert_frame_equal(found[judge.columns], judge, check_dtype=False)


FEW = st.tuples(st.integers(0, 4), st.integers(0, 5), st.integers(0, 150), st.sampled_from([-2.0, 0.0, 3.0, 4.5]))


@settings(max_examples=30, deadline=None)
@given(rows=st.lists(FEW, min_size=1, max_size=30))
def test_the_parts_add_up_to_the_whole(rows):
    day = pd.Timestamp("2024-01-01")
    given = [("first", "first", day, 1.0)]
    given += [(f"c{a}", f"{a}-{b}", day + pd.Timedelta(days=c), d) for a, b, c, d in rows]
    table = growth_table(log(*given), as_of="2024-05-31", months=1)
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
    found, judge = growth_table(other, as_of="2024-12-31"), growth_table(table, as_of="2024-12-31")
    money = COLUMNS[COLUMNS.index("revenue") :]
    pd.testing.assert_frame_equal(found.drop(columns=money), judge.drop(columns=money))
    pd.testing.assert_frame_equal(found[money], judge[money] * 1000)


def test_one_customer_of_one_day_and_periods_without_anybody():
    table = growth_table(log(("a", "1", "2024-01-01", 5.0)), as_of="2024-04-30", months=1)
    assert table["lost"].tolist() == [1, 0, 0]
    assert table["revenue_net"].tolist() == [-5, 0, 0]
    assert table["quick_ratio"].tolist()[0] == 0
    assert table["quick_ratio"].isna().tolist() == [False, True, True]
    assert table["quick_ratio_high"].isna().tolist() == [False, True, True]


# (d) Errors


def test_a_history_too_short_is_refused():
    assert message_of(growth_table, TEN, as_of="2024-03-31") == (
        "growth_table: the data from 2024-01-01 to 2024-03-31 hold fewer than two whole periods of 3 months; two are "
        "needed to compare. Take a smaller number of months."
    )
    assert message_of(growth_table, TEN, as_of="2024-01-31", months=1) == (
        "growth_table: the data from 2024-01-01 to 2024-01-31 hold fewer than two whole periods of 1 month; two are "
        "needed to compare. Take a smaller number of months."
    )


@pytest.mark.parametrize(("months", "periods"), [(0, 8), (3, 0), (-1, 8)])
def test_periods_that_are_none_are_refused(months, periods):
    assert message_of(growth_table, TEN, months=months, periods=periods) == (
        f"growth_table: months is {months} and periods is {periods}; both must be 1 or more. "
        "Take 3 months and 8 periods."
    )


def test_a_log_without_a_purchase_is_refused():
    expected = (
        "transactions: nobody bought by 2024-03-31; at least one purchase is needed. "
        "Take a later date, or check the sign of the amounts."
    )
    assert message_of(growth_table, TEN[TEN["amount"] < 0], as_of="2024-03-31") == expected
    assert message_of(growth_table, TEN.iloc[:0], as_of="2024-03-31") == expected
    assert message_of(growth_table, TEN.iloc[:0]) == (
        "transactions: there are no rows; at least one order line is needed. Check the file."
    )


# (e) Figure


def growth(rows=2, **columns):
    """A growth table of quarters, all alike but for the columns given."""
    ends = pd.date_range(end="2026-06-30", periods=rows, freq="QE")
    starts = ends - pd.offsets.MonthEnd(3) + pd.Timedelta(days=1)
    low, high = proportion_confint(50, 90, method="wilson")
    table = {
        "start": starts,
        "end": ends,
        "active": 100,
        "new": 30,
        "kept": 50,
        "reactivated": 20,
        "lost": 40,
        "net": 10,
    }
    table |= {"quick_ratio": 1.25, "quick_ratio_low": low / (1 - low), "quick_ratio_high": high / (1 - high)}
    table |= {"revenue": 50_000.0, "new_revenue": 12_000.0, "kept_change": -2_000.0, "reactivated_revenue": 8_000.0}
    table |= {"lost_revenue": 14_000.0, "returns_alone": 0.0, "returns_change": 0.0, "revenue_net": 4_000.0}
    return pd.DataFrame(table | columns)


def draw(ax):
    """Draw it whole; warnings are errors."""
    return frame.picture(ax.figure)


def test_growth_is_stacked_above_and_below_zero():
    upper, lower = pf.plot_growth(growth(3), currency="TRY")
    bars = [(bar.get_y(), bar.get_height()) for bar in upper.patches[::3]]
    assert bars == [(0, 30), (30, 20), (0, -40)]
    money = [(bar.get_y(), bar.get_height()) for bar in lower.patches[::3]]
    assert money == [(0, 12_000), (12_000, 8_000), (0, -14_000), (-14_000, -2_000)]
    assert upper.lines[-1].get_ydata().tolist() == [10, 10, 10]
    assert lower.lines[-1].get_ydata().tolist() == [4_000, 4_000, 4_000]
    assert labels(upper.xaxis) == ["31 Dec\n2025", "31 Mar\n2026", "30 Jun\n2026"]
    assert upper.get_title(loc="left") == "Latest period: 10 customers more than before"
    assert plain(lower.get_title(loc="left")) == "Latest period: TRY 4,000 more revenue than before"
    assert (upper.get_ylabel(), lower.get_ylabel()) == ("Change in customers", "Change of revenue (TRY)")
    (legend,) = upper.figure.legends
    told = [text.get_text() for text in legend.get_texts()]
    assert sorted(told) == ["came back", "change with those kept", "did not buy again", "net", "new"]
    assert plain(upper.figure.get_label()) == (
        "Chart: Latest period: 10 customers more than before; Latest period: TRY 4,000 more revenue than before. "
        "Axes: Change in customers; Last day of the period; Change of revenue (TRY)."
    )
    draw(upper)
    assert upper.get_ylim()[0] < -40
    assert upper.get_ylim()[1] > 50


def test_growth_that_shrinks_and_returns_that_count():
    upper, lower = pf.plot_growth(growth(2, net=-1, revenue_net=-500.0, returns_change=[-100.0, 0.0]))
    assert upper.get_title(loc="left") == "Latest period: 1 customer fewer than before"
    assert lower.get_title(loc="left") == "Latest period: 500 less revenue than before"
    assert lower.get_ylabel() == "Change of revenue (money)"
    told = [text.get_text() for text in upper.figure.legends[0].get_texts()]
    assert "change of returns without a purchase" in told
    draw(upper)


@pytest.mark.parametrize("rows", [1, 24, 100])
def test_one_period_or_many_keep_their_labels_apart(rows):
    upper, _lower = pf.plot_growth(growth(rows), currency="$x$")
    draw(upper)
    assert len(upper.get_xticks()) <= 9
    assert labels(upper.xaxis)[-1] == "30 Jun\n2026"
    assert not any(text.get_parse_math() for text in upper.figure.findobj(Text))


def test_a_table_without_anybody_is_drawn():
    nobody = dict.fromkeys(["active", "new", "kept", "reactivated", "lost", "net"], 0)
    draw(pf.plot_growth(growth(2, **nobody))[0])


# (f) Sentences

LAST = "Who bought before the data begin counts as new, and money is as it was paid, rising prices included."


def test_growth_in_words():
    table = growth(5)
    table.loc[0, ["active", "revenue"]] = [80, 100_000.0]
    low, high = proportion_confint(50, 90, method="wilson")
    assert plain(pf.describe_growth(table, currency="TRY")) == (
        "From 1 Apr 2026 to 30 Jun 2026, 100 customers bought, 10 more than in the period before: 30 new and 20 who "
        "came back, less 40 lost, who had bought in the period before and did not in this one. For each customer lost, "
        f"1.25 were gained (95% interval {low / (1 - low):.2f}–{high / (1 - high):.2f}), which a base that stands "
        "still could show by chance. Revenue rose by TRY 4,000 to TRY 50K (+8.7%): TRY 12K came from new customers and "
        "TRY 8,000 from those who came back; those kept brought TRY 2,000 less; TRY 14K went with those lost. The "
        "season may be behind this; against the same period a year earlier, the customers changed by +25.0% and the "
        f"revenue by -50.0%. {LAST}"
    )


def test_shrinking_in_words():
    table = growth(
        net=-30, revenue_net=-60_000.0, kept_change=2_000.0, returns_change=-50.0, quick_ratio=0.4,
        quick_ratio_low=0.3, quick_ratio_high=0.6,
    )  # fmt: skip
    said = plain(pf.describe_growth(table, currency="TRY"))
    assert "100 customers bought, 30 fewer than in the period before: 30 new" in said
    assert "(95% interval 0.30–0.60), fewer than chance would make of a base that stands still." in said
    assert "Revenue fell by TRY 60K to TRY 50K (-54.5%): TRY 12K came" in said
    assert "those kept brought TRY 2,000 more; TRY 14K went with those lost; returns without a purchase changed" in said
    assert "changed it by TRY -50.00. The season may be behind this: no period a year earlier is there to" in said


def test_standing_still_in_words():
    none = dict.fromkeys(["net", "lost", "revenue_net"], 0)
    table = growth(**none, quick_ratio=np.nan, quick_ratio_low=np.nan, quick_ratio_high=np.nan)
    said = plain(pf.describe_growth(table))
    assert "100 customers bought, as many as in the period before: 30 new" in said
    assert "Nobody was lost. Revenue stayed at 50K: 12K came from new customers" in said


def test_years_are_not_warned_of_the_season():
    table = growth(start=pd.to_datetime(["2024-07-01", "2025-07-01"]), quick_ratio_low=1.1)
    said = plain(pf.describe_growth(table))
    assert "season" not in said
    assert ", more than chance would make of a base that stands still." in said
