"""Cohorts against a table worked out by hand, the published CDNOW cohorts, plain pandas and planted differences."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from helpers import labels, message_of, plain
from portfoy.errors import DataError
from portfoy.firm import Firm
from portfoy.retention.cells import cohort_cells
from portfoy.retention.cohorts import cohorts

START = pd.Timestamp("2023-01-01")


def log(*rows):
    return pd.DataFrame(rows, columns=["customer_id", "order_id", "ordered_on", "amount"])


def wide(cells, value="buyers"):
    return cells.pivot(index="cohort", columns="later", values=value)


EIGHT = log(
    ("a", "1", "2023-11-05", 10),
    ("a", "2", "2023-11-20", 10),  # again in the same month: still one buyer
    ("a", "3", "2024-01-03", 10),
    ("b", "4", "2023-11-30", 10),
    ("b", "4", "2023-12-02", -10),  # a return is no purchase
    ("c", "5", "2024-01-01", 0),
    ("d", "6", "2024-01-31", 10),
    ("d", "7", "2024-02-10", 10),
)
NOVEMBER, JANUARY = 2023 * 12 + 10, 2024 * 12


@cache
def shop(seed=1, customers=300, days=1000):
    """A firm in which everybody buys about every 40 days for some time, some return; costs are 60 %."""
    random, rows = np.random.default_rng(seed), []
    for number in range(customers):
        day, order = int(random.integers(0, days)), 0
        while day < days:
            who, key, amount = f"{number:04d}", f"{number}-{order}", round(random.gamma(2, 20), 2)
            rows.append((who, key, day, amount))
            if random.random() < 0.1:
                rows.append((who, key, min(day + 20, days - 1), -amount / 2))
            if random.random() < 0.05:
                rows.append((who, f"{key}r", min(day + 45, days - 1), -1.0))
            day, order = day + 1 + int(random.exponential(40)), order + 1
            if random.random() < 0.3:
                break
    table = log(*rows)
    table = table.assign(ordered_on=START + pd.to_timedelta(table["ordered_on"], unit="D"))
    return table.assign(unit_cost=0.6 * table["amount"].abs(), product_id="P" + table["customer_id"].str[-1])


@cache
def shop_firm(**asked):
    return Firm.of(shop(**asked))


def naive(table, kind, every):
    """Start -> later -> (customers, buyers, money of each), customer by customer in plain pandas."""
    freq = {"month": "M", "quarter": "Q"}[every]
    sales = table[table["amount"] >= 0]
    first = sales.groupby("customer_id")["ordered_on"].min().dt.to_period(freq)
    day = sales.groupby(["customer_id", "order_id"])["ordered_on"].min()
    orders = table.assign(money=table["amount"] - (kind == "margin") * np.sign(table["amount"]) * table["unit_cost"])
    orders = orders.groupby(["customer_id", "order_id"]).agg(money=("money", "sum"), last=("ordered_on", "max"))
    orders["period"] = day.reindex(orders.index).fillna(orders["last"]).dt.to_period(freq)
    spent = orders.groupby(["period", "customer_id"])["money"].sum()
    bought = sales.assign(period=sales["ordered_on"].dt.to_period(freq)).groupby("customer_id")["period"].agg(set)
    end, found = table["ordered_on"].max().to_period(freq), {}
    for start in sorted(set(first)):
        own = first.index[first == start]
        for later in range((end - start).n + 1):
            at = start + later
            if kind == "ever":
                buyers = sum(max(bought[one]) >= at for one in own)
            else:
                buyers = sum(at in bought[one] for one in own)
            there = spent[at] if at in spent else spent.iloc[:0].droplevel(0)
            found[start.start_time, later] = len(own), buyers, there.reindex(own).fillna(0).to_numpy()
    return found


# (a) Worked out by hand


def test_cohorts_of_eight_lines():
    cells = cohort_cells(EIGHT)
    assert wide(cells).to_dict("index") == {
        NOVEMBER: {0: 2, 1: 0, 2: 1, 3: 0},
        JANUARY: {0: 2, 1: 1, 2: pytest.approx(np.nan, nan_ok=True), 3: pytest.approx(np.nan, nan_ok=True)},
    }
    assert cells.groupby("cohort")["customers"].unique().map(list).to_dict() == {NOVEMBER: [2], JANUARY: [2]}
    assert wide(cells, "back").loc[NOVEMBER].tolist() == [0, 0, 1, 0]


def test_months_not_begun_are_missing_and_later_rows_unseen():
    table = wide(cohort_cells(EIGHT, as_of="2024-01-31"))
    assert table.loc[NOVEMBER].tolist() == [2, 0, 1]
    assert table.loc[JANUARY, [1, 2]].isna().all()


def test_a_month_begun_without_a_purchase_is_zero_not_missing():
    table = wide(cohort_cells(EIGHT, as_of="2024-03-01"))
    assert table[2].tolist() == [1, 0]
    assert table.loc[NOVEMBER, 4] == 0
    assert np.isnan(table.loc[JANUARY, 3])


def test_a_return_before_the_first_purchase_is_in_no_cell():
    early = log(("a", "0", "2023-10-01", -7), *EIGHT.itertuples(index=False))
    cells = cohort_cells(early, kind="revenue")
    assert wide(cells, "total").loc[NOVEMBER].tolist() == [20, 0, 10, 0]  # b gave back what b bought


# (b) Published numbers


def test_cdnow_cohorts_match_the_published_counts(cdnow_log):
    table = wide(cohort_cells(cdnow_log))
    assert table[0].tolist() == [781, 857, 719]
    assert table[1].tolist() == [124, 134, 87]
    assert table[2].tolist() == [95, 110, 84]
    assert table[17].isna().tolist() == [False, True, True]


def test_the_table_has_a_row_a_start_and_its_file_every_cell(cdnow_log):
    found = cohorts(Firm.of(cdnow_log[["customer_id", "order_id", "ordered_on", "amount"]]))
    shown = found.summary()[0]
    shares = [cell.split()[0] for cell in shown.texts["After 1 month"]]
    assert shares == [f"{bought / of:.1%}" for bought, of in ((124, 781), (134, 857), (87, 719))]  # as published
    assert list(shown.texts)[3:] == ["After 3 months", "After 6 months", "After 12 months"]
    assert len(shown.stored["rows"]) == len(found.table) == 18 + 17 + 16
    assert shown.stored["columns"] == list(found.table.columns.drop("over"))


def test_cdnow_is_one_intake_and_says_so(cdnow_log):
    """A base to which nobody new comes cannot compare newcomers, and must look like one that dies."""
    found = cohorts(Firm.of(cdnow_log[["customer_id", "order_id", "ordered_on", "amount"]]))
    assert found.tested.empty
    assert found.finding().nothing
    assert "Nobody new has come since March 1997." in plain(found.reading())
    assert found.table["over"].all()  # the data end with June 1998


# (c) Second, naive computations


@pytest.mark.parametrize(
    ("kind", "every"), [("returning", "month"), ("ever", "quarter"), ("revenue", "month"), ("margin", "quarter")]
)
def test_every_cell_equals_plain_pandas(kind, every):
    table = shop(customers=60, days=700)
    found = cohorts(Firm.of(table), kind=kind, every=every).table.set_index(["start", "later"])
    expected = naive(table, kind, every)
    assert set(found.index) == set(expected)
    for at, (customers, buyers, money) in expected.items():
        row = found.loc[at]
        assert (row["customers"], row["buyers"]) == (customers, buyers)
        if kind in ("returning", "ever"):
            bounds = proportion_confint(buyers, customers, method="wilson")
            assert [*row[["value", "value_low", "value_high"]]] == pytest.approx([buyers / customers, *bounds])
        elif customers > 1:
            low, high = norm.interval(0.95, money.mean(), max(money.std(ddof=1) / np.sqrt(len(money)), 1e-300))
            assert [*row[["value", "value_low", "value_high"]]] == pytest.approx([money.mean(), low, high], abs=1e-6)


def test_money_of_all_cells_is_the_revenue_of_all_customers():
    firm = shop_firm()
    table = cohorts(firm, kind="revenue").table
    assert (table["value"] * table["customers"]).sum() == pytest.approx(firm.customers["revenue"].sum())


def test_the_mean_counts_each_customer_old_enough_once_and_no_running_period():
    found = cohorts(shop_firm(days=990))  # ends within a month
    cells = found.table
    assert not cells.loc[cells.groupby("start")["later"].idxmax(), "over"].any()
    for _place, row in found.mean.iterrows():
        own = cells[(cells["later"] == row["later"]) & cells["over"]]
        assert row["customers"] == own["customers"].sum()
        assert row["value"] == pytest.approx(own["buyers"].sum() / own["customers"].sum())


def test_a_level_holds_customers_by_their_own_age():
    table = shop()
    found = cohorts(shop_firm(), by="first_product")
    month = table["ordered_on"].dt.to_period("M")
    sales = table.assign(month=month)[table["amount"] >= 0]
    level = found.table["level"].iloc[0]
    own = sales[sales["product_id"] == level].groupby("customer_id")["month"].agg(set)  # a customer has one product
    old = own[own.map(min) + 2 < month.max()]  # the last month still runs
    row = found.table[(found.table["level"] == level) & (found.table["later"] == 2)].iloc[0]
    assert (row["customers"], row["buyers"]) == (len(old), sum(min(each) + 2 in each for each in old))


@pytest.mark.parametrize("kind", ["returning", "ever"])
def test_who_is_behind_a_cell_is_as_many_as_in_it(kind):
    firm = shop_firm()
    found = cohorts(firm, kind=kind)
    for _place, row in found.table.iloc[[5, 150]].iterrows():
        there, gone = (found.who(row["start"], row["later"], back=back)["customer_id"] for back in (True, False))
        assert (len(there), len(there) + len(gone)) == (row["buyers"], row["customers"])
        assert set(there) <= set(firm.customers["customer_id"])
    level = cohorts(firm, kind=kind, by="first_product")
    row = level.table.iloc[3]
    assert len(level.who(row["level"], row["later"])) == row["buyers"]


def test_the_comparison_equals_plain_pandas():
    """Newcomers of twelve months beside those of the same months a year before, none of the run-in, at equal age."""
    table = shop(customers=1200, days=1461)  # to the end of 2026
    found = cohorts(Firm.of(table))
    sales = table[table["amount"] >= 0].assign(month=table["ordered_on"].dt.to_period("M"))
    months = sales.groupby("customer_id")["month"].agg(lambda all: sorted(set(all)))
    first, p_values = months.map(min), []
    for _place, row in found.tested.iterrows():
        last = pd.Period("2026-12", "M") - row["months"]
        back = months.map(lambda each, n=row["months"]: len(each) > 1 and each[1] <= each[0] + n)
        run_in = pd.Period("2023-01", "M") + int(np.ceil(found.begin / 365.25 * 12))
        newer = (first > last - 12) & (first <= last) & (first - 12 >= run_in)
        older = (first + 12).isin(set(first[newer]))
        now, before = back[newer], back[older]
        assert (row["customers"], row["before_customers"]) == (len(now), len(before))
        assert (row["now"], row["before"]) == pytest.approx((now.mean(), before.mean()))
        error = np.sqrt(now.var() / len(now) + before.var() / len(before))
        p_values.append(2 * norm.sf(abs(now.mean() - before.mean()) / error))
    assert found.tested["p_value"].tolist() == pytest.approx(p_values)
    assert found.tested["sure"].tolist() == multipletests(p_values, method="fdr_bh")[0].tolist()


# (d) Planted


def planted(seed, now, before=0.4):
    """Newcomers of three years, each back within 60 days or never, with another chance in the last year."""
    random, rows = np.random.default_rng(seed), []
    for number in range(3000):
        day = int(random.integers(0, 1096))
        rows.append((f"{number}", f"{number}-1", day, 10.0))
        if random.random() < (now if day >= 640 else before):
            rows.append((f"{number}", f"{number}-2", day + int(random.integers(31, 60)), 10.0))
    table = log(*rows)
    table = table.assign(ordered_on=START + pd.to_timedelta(table["ordered_on"], unit="D"))
    return Firm.of(table[table["ordered_on"] < "2026-01-01"], as_of="2025-12-31")


def test_newcomers_who_come_back_less_are_found_and_listed():
    """Planted: 25 % instead of 40 % come back among the newcomers since October 2024."""
    found = cohorts(planted(1, 0.25))
    assert plain(found.finding().text).startswith("Newcomers come back less: 2")
    assert len(found.finding().text.split()) <= 12
    (action,) = found.actions()
    once = found.firm.customers[lambda all: (all["purchases"] == 1) & (all["first_order"] > "2024-12-31")]
    assert set(action.table["customer_id"]) == set(once["customer_id"])
    (told,) = found.figures()
    assert told.low < 0.25 < told.high
    assert told.year.p_value < 0.001


@pytest.mark.study
def test_where_nothing_is_planted_a_difference_is_rare():
    """Simulated truth, 40 seeds without a difference: at 95 % at most 6 are called one (binomial, 99.5 %)."""
    wrong = sum(bool(cohorts(planted(seed, 0.4)).tested["sure"].any()) for seed in range(40))
    assert wrong <= 6


def buyers(seed, *, last=960):
    """Newcomers of two years and a half, buying as a BG/NBD says, none after a last day."""
    random, rows = np.random.default_rng(seed), []
    for number in range(1500):
        day, rate, stops, n = float(random.integers(0, 900)), random.gamma(0.9, 1 / 32), random.beta(1, 6), 0
        while day < last:
            rows.append((f"{number}", f"{number}-{n}", START + pd.Timedelta(days=int(day)), 10.0))
            if n and random.random() < stops:
                break
            day, n = day + random.exponential(1 / rate), n + 1
    return log(*rows)


def test_the_model_is_drawn_below_the_mean_where_it_holds():
    """Simulated truth: where customers buy as the model says, nine in ten of its shares are within the intervals."""
    found = cohorts(Firm.of(buyers(3), as_of="2025-08-17"))
    line = found.mean[found.mean["later"] > 0]
    assert line["expected"].between(line["value_low"], line["value_high"]).mean() >= 0.9
    assert labels(found.plot().yaxis)[-2:] == ["all", "as the model says"]
    assert "BG/NBD" in found.method()


def test_a_model_that_was_far_off_is_not_drawn():
    """Planted: nobody buys in the last year."""
    table = buyers(3, last=500)
    found = cohorts(Firm.of(table, as_of="2025-08-17"))
    assert "expected" not in found.mean
    assert labels(found.plot().yaxis)[-1] == "all"
    assert "too far off last year" in found.method()


def test_the_model_of_cdnow_lies_by_its_cohorts(cdnow_log):
    """Published data, judged by themselves: from the second month on within 1.5 points of what came."""
    line = cohorts(Firm.of(cdnow_log)).mean.set_index("later").loc[2:16]
    assert (line["expected"] - line["value"]).abs().max() < 0.015


# (e) What is shown


def test_the_chart_has_the_mean_as_its_last_row_and_marks_what_runs():
    found = cohorts(shop_firm(days=990))
    ax = found.plot()
    names = labels(ax.yaxis)
    assert len(names) == 14
    assert names[-2] == "all"
    assert labels(ax.xaxis)[:3] == ["1", "2", "3"]
    assert [text.get_text() for text in ax.figure.legends[0].get_texts()] == ["still running"]
    assert "2023" not in names[0]  # the last twelve months
    assert cohorts(shop_firm(), kind="margin", by="first_product").plot() is not None
    mean = found.mean.set_index("later")["value"]
    text = f"On average {100 * mean[1]:.0f}% after 1 month, {100 * mean[12]:.0f}% after 12 months."
    assert text in plain(found.reading())


def test_a_level_may_have_any_name():
    strange = ["<b>", "$5 \\frac", "Şükrü İÇ", "{0} %s", "x" * 200, "x" * 201]
    table = shop().copy()
    table["product_id"] = [strange[int(each[-1]) % 6] for each in table["product_id"]]
    found = cohorts(Firm.of(table), by="first_product")
    found.plot().figure.canvas.draw()
    assert "x" * 200 in set(found.table["level"])
    assert found.content()["missing"] == ""


def test_constant_prices_reach_the_cells():
    """At 20 % a year what was bought two years ago counts 1.44 times as much."""
    dear = cohorts(Firm.of(shop(), prices=0.2), kind="revenue")
    paid, real = cohorts(shop_firm(), kind="revenue").table, dear.table
    oldest = pd.Timestamp("2023-09-01")
    paid, real = (each[(each["start"] == oldest) & (each["later"] == 0)]["value"].iloc[0] for each in (paid, real))
    assert real / paid == pytest.approx(1.2**2, rel=0.001)  # the data end in September 2025
    assert "prices" in dear.method()


# (f) Properties and errors


def test_order_of_rows_and_scale_of_money_do_not_matter():
    table = shop()
    other = table.sample(frac=1, random_state=2).assign(amount=lambda lines: lines["amount"] * 1000)
    one, two = cohorts(shop_firm()), cohorts(Firm.of(other))
    pd.testing.assert_frame_equal(one.table, two.table)
    pd.testing.assert_frame_equal(one.tested, two.tested)


def test_ids_keep_their_zeros_and_nothing_later_is_seen():
    table = shop()
    day = pd.Timestamp("2025-03-31")
    one, two = (cohorts(Firm.of(each, as_of=day)) for each in (table, table[table["ordered_on"] <= day]))
    pd.testing.assert_frame_equal(one.table, two.table)
    assert one.who("2024-01-01", 0)["customer_id"].str.fullmatch(r"\d{4}").all()


def test_two_months_of_history_compare_nobody():
    table = shop(customers=1000)
    found = cohorts(Firm.of(table[table["ordered_on"] < "2023-03-01"], as_of="2023-02-28"))
    assert found.finding().nothing
    assert found.tested.empty
    assert found.figures() == found.actions() == []


def test_one_customer_is_not_judged():
    found = cohorts(Firm.of(EIGHT.iloc[:2]))
    assert not found
    assert str(found) == (
        "cohorts: 1 customers since 2023-11-01; at least 30, and more than one month, are needed. Take a longer "
        "history."
    )


def test_a_log_of_returns_only_is_refused():
    text = message_of(cohort_cells, EIGHT.iloc[[4]])
    assert text == ("transactions: nobody bought by 2023-12-02. Take a later date, or check the sign of the amounts.")


def test_an_empty_log_is_refused():
    with pytest.raises(DataError, match="there are no rows"):
        cohort_cells(EIGHT.iloc[:0])


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"kind": "margin"}, "cohorts: kind is 'margin'; with these data it is one of returning, ever, revenue."),
        ({"every": "week"}, "cohorts: every is 'week'; with these data it is one of month, quarter."),
        ({"by": "channel"}, "cohorts: by is 'channel'; with these data it is one of None."),
    ],
)
def test_what_the_data_do_not_have_is_said(asked, said):
    table = shop(customers=50).drop(columns=["unit_cost", "product_id"])
    assert str(cohorts(Firm.of(table), **asked)) == f"{said} Take one of these."
