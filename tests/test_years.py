"""Two years side by side: against naive counts, a bootstrap and its own identities."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from helpers import plain, random_log
from portfoy.firm import Firm
from portfoy.portfolio.years import Years, year_table, years
from portfoy.source.prices import AS_PAID, Prices

DAY = pd.Timedelta(days=1)
AS_OF = pd.Timestamp("2026-06-30")


def naive_years(log):
    """Revenue, buyers and purchase days of both years, customer by customer."""
    sums = {}
    for when, last in (("now", AS_OF), ("before", pd.Timestamp("2025-06-30"))):
        year = log[(log["ordered_on"] > last - pd.DateOffset(years=1)) & (log["ordered_on"] <= last)]
        sales = year[year["amount"] >= 0].drop_duplicates(["customer_id", "ordered_on"])
        sums[when] = (year["amount"].sum(), sales["customer_id"].nunique(), len(sales))
    return sums


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_years_equal_a_naive_count(seed):
    log = random_log(seed)
    table = year_table(log, as_of=AS_OF).set_index("figure")
    for when, (revenue, buyers, purchases) in naive_years(log).items():
        assert table.loc["revenue", when] == pytest.approx(revenue)
        assert table.loc["buyers", when] == buyers
        assert table.loc["frequency", when] == pytest.approx(purchases / buyers)
        assert table.loc["ticket", when] == pytest.approx(revenue / purchases)
    assert table.loc["revenue", "change"] == pytest.approx(
        np.prod(1 + table.loc[["buyers", "frequency", "ticket"], "change"]) - 1
    )


def test_intervals_agree_with_a_bootstrap_over_customers():
    log = random_log(4, customers=400)
    table = year_table(log, as_of=AS_OF).set_index("figure")
    random, each = np.random.default_rng(4), [naive_years(own) for _id, own in log.groupby("customer_id")]
    sums = np.array([[*own["now"][:2], *own["before"][:2]] for own in each])  # a sum over customers is one over theirs
    drawn = sums[random.integers(len(sums), size=(400, len(sums)))].sum(axis=1)
    drawn = drawn[:, :2] / drawn[:, 2:]
    # 400 draws know a standard error to 3.5 percent; the tolerance is four times that.
    for figure, spread in zip(("revenue", "buyers"), np.std(np.log(drawn), axis=0), strict=True):
        row = np.log1p(table.loc[figure, ["change_low", "change_high"]].to_numpy(float))
        assert (row[1] - row[0]) / 2 / 1.96 == pytest.approx(spread, rel=0.14)


def test_a_short_history_has_no_year_before():
    log = random_log(5)
    table = year_table(log[log["ordered_on"] > AS_OF - 500 * DAY], as_of=AS_OF)
    assert table[["before", "change", "change_low"]].isna().all(axis=None)
    assert table["now"].notna().all()
    found = Years(table, 12, "TRY", 0.95)
    assert found.reading() == "The data hold no two years, or no revenue above zero."
    told = found.finding()
    assert (told.text, told.nothing) == ("Revenue cannot be compared with the year before", True)


def test_fifteen_months_are_enough_for_the_same_quarter_a_year_before():
    log = random_log(5)
    log = log[log["ordered_on"] > AS_OF - 460 * DAY]
    found = years(Firm.of(log, as_of=AS_OF))
    quarters = log.groupby(log["ordered_on"].dt.to_period("Q"))["amount"].sum()
    assert found.months == 3
    judge = quarters[[pd.Period("2026Q2"), pd.Period("2025Q2")]].tolist()
    assert found.rows.loc["revenue", ["now", "before"]].tolist() == pytest.approx(judge)
    assert found.rows.loc["revenue", "change"] == pytest.approx(judge[0] / judge[1] - 1)
    assert found.summary().texts.columns.tolist() == ["Figure", "Last 3 months", "A year before", "Change"]
    assert years(Firm.of(log[log["ordered_on"] > AS_OF - 440 * DAY], as_of=AS_OF)).months == 12


def test_money_scales_and_counts_do_not():
    log = random_log(6)
    one = year_table(log, as_of=AS_OF).set_index("figure")
    many = year_table(log.assign(amount=log["amount"] * 30, unit_cost=log["unit_cost"] * 30), as_of=AS_OF)
    many = many.set_index("figure")
    assert many.loc["revenue", "now"] == pytest.approx(30 * one.loc["revenue", "now"])
    assert many.loc["margin_rate", "now"] == pytest.approx(one.loc["margin_rate", "now"])
    pd.testing.assert_frame_equal(many[["change", "change_low"]], one[["change", "change_low"]])


def test_without_costs_the_margin_is_missing():
    table = year_table(random_log(7, unit_cost=False), as_of=AS_OF).set_index("figure")
    assert np.isnan(table.loc["margin_rate", "change"])
    assert np.isfinite(table.loc["revenue", "change"])


# What is shown


def result(low=0.1, middle=0.2, high=0.3, months=12, paid=np.nan, prices=AS_PAID, **changes):
    units = {"revenue": "money", "buyers": "count", "frequency": "number", "ticket": "money", "margin_rate": "share"}
    table = pd.DataFrame({"figure": list(units), "unit": units.values(), "now": 120.0, "before": 100.0})
    table["change"] = [({"revenue": middle} | changes).get(figure, 0.0) for figure in units]
    return Years(table.assign(change_low=low, change_high=high, change_paid=paid), months, "TRY", 0.8, prices)


def test_the_finding_says_what_chance_allows():
    found = [result(), result(-0.3, -0.2, -0.1), result(-0.1, 0.2, 0.3)]
    assert [plain(each.finding().text) for each in found] == [
        "Revenue is up 20% on a year before, prices included",
        "Revenue is down 20% on a year before, prices included",
        "Revenue is about that of a year before, prices included",
    ]
    constant = {"prices": Prices("index", AS_OF), "paid": 0.5}
    for each, words in ((result(**constant), "up 20%"), (result(-0.3, -0.2, -0.1, **constant), "down 20%")):
        assert plain(each.finding().text) == f"Revenue is {words} on a year before at constant prices"
    assert plain(result(months=3, **constant).reading()) == (
        "As paid: +50%; prices: +25%. The data hold no two years: these are the last three months."
    )
    assert plain(result(**constant, buyers=0.1).reading()) == (
        "As paid: +50%; prices: +25%. What changed most: Customers who bought, +10%."
    )
    assert plain(result(**constant | {"paid": 0.08}, buyers=0.1).reading()) == (
        "As paid: +8%; prices: −10%. What changed most: Customers who bought, +10%."
    )
    assert (found[0].finding().low, found[0].finding().high) == pytest.approx((10, 30))  # of 100 a year ago


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"buyers": 0.1, "ticket": 0.05}, "Customers who bought, +10%."),
        ({"buyers": 0.1, "frequency": -0.2}, "Purchases per buyer, -20%."),
        ({"ticket": 0.5}, "Revenue per purchase, +50%."),
    ],
)
def test_the_reading_names_what_changed_most(changes, said):
    assert plain(result(**changes).reading()).replace("\u2212", "-") == f"What changed most: {said}"


def test_revenue_is_a_headline_with_what_it_was():
    """Against sums of twelve months on each day, and the z of the change by the table's own interval."""
    log = random_log(1)
    (figure,) = years(Firm.of(log, as_of=AS_OF, currency="TRY")).figures()
    judge = {
        months: year_table(log, months=months, as_of=AS_OF).set_index("figure").loc["revenue"] for months in (6, 12)
    }
    for past, months in ((figure.half, 6), (figure.year, 12)):
        day = pd.Timestamp(AS_OF) - pd.offsets.MonthEnd(months)
        year = log[(log["ordered_on"] <= day) & (log["ordered_on"] > day - pd.offsets.MonthEnd(12))]
        assert past.day == f"{day:%Y-%m-%d}"
        assert past.value == pytest.approx(year["amount"].sum(), rel=0.02)  # returns of orders before the year
        low, middle, high = np.log1p(judge[months][["change_low", "change", "change_high"]].astype(float))
        assert past.p_value == pytest.approx(2 * norm.sf(abs(middle) / ((high - low) / 2 / norm.ppf(0.975))))
    assert (figure.name, figure.unit, figure.better, figure.note) == ("revenue", "money", "up", "of twelve months")
    assert years(Firm.of(log[log["ordered_on"] > "2025-01-01"], as_of=AS_OF)).figures() == []  # no year before


def test_a_firm_gives_its_terms_and_the_words_say_them():
    found = years(Firm.of(random_log(1), as_of=AS_OF, currency="TRY", confidence=0.8))
    pd.testing.assert_frame_equal(found.table, year_table(random_log(1), as_of=AS_OF, confidence=0.8))
    content = found.content()
    assert "as paid TRY" in plain(content["chart"]["svg"])
    assert "80%" in plain(content["method"])
    assert "95%" not in str(content)
    assert "<td" in content["tables"][0]["html"]
    assert "Purchases per buyer" in content["tables"][0]["html"]
