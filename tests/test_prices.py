"""Money at constant prices: a firm whose index doubles by hand, a second computation in pandas, and simulated truth."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import portfoy as pf
from helpers import message_of, plain, random_log
from portfoy.firm import Firm
from portfoy.models.terms import campaign_terms
from portfoy.source import open as source
from portfoy.source.prices import Prices
from portfoy.source.settings import read_settings
from portfoy.words import style

AS_OF = pd.Timestamp("2026-06-30")
LINES = pd.DataFrame(
    {
        "customer_id": ["A", "A", "B"],
        "order_id": ["1", "2", "3"],
        "ordered_on": ["2025-01-31", "2025-02-01", "2025-02-28"],
        "amount": [10.0, 10.0, 6.0],
        "quantity": [1, 1, 1],
        "unit_cost": [4.0, 4.0, 2.0],
    }
)


def index_of(first, *values):
    return pd.DataFrame({"month": pd.date_range(first, periods=len(values), freq="MS"), "index": values})


def rising(monthly=0.02, first="2022-01-01", months=54):
    return index_of(first, *(1 + monthly) ** np.arange(months))


def priced(log=LINES, index=None, **terms):
    return Firm.of(log, price_index=index_of("2025-01-01", 1.0, 2.0) if index is None else index, **terms)


def money(firm):
    return firm.customers.set_index("customer_id")[["revenue", "margin", "ticket", "revenue_paid"]]


# A firm whose prices double


def test_money_of_a_month_at_half_the_prices_counts_twice():
    firm = priced()
    table = pd.DataFrame(
        {"revenue": [30.0, 6.0], "margin": [18.0, 4.0], "ticket": [15.0, 6.0], "revenue_paid": [20.0, 6.0]},
        pd.Index(["A", "B"], name="customer_id"),
    )
    pd.testing.assert_frame_equal(money(firm), table)
    log = firm.log.order_by("order_id").to_pandas()
    assert log["amount"].tolist() == [20, 10, 6]
    assert log["unit_cost"].tolist() == [8, 4, 2]
    assert log["amount_paid"].tolist() == [10, 10, 6]
    assert (firm.prices.basis, firm.prices.guessed) == ("index", 0)


def test_the_cost_of_a_price_list_is_that_of_today_in_all_months():
    log = LINES.rename(columns={"unit_cost": "product_cost"}).assign(product_cost=5.0)
    assert money(priced(log))["margin"].tolist() == [30 - 10, 6 - 5]


def test_an_earlier_firm_keeps_the_prices_of_the_firm_it_was_made_from():
    then = priced().on("2025-01-31")
    assert money(then)["revenue"].tolist() == [20]
    assert then.prices.day == pd.Timestamp("2025-02-28")
    assert money(priced(as_of="2025-01-31"))["revenue"].tolist() == [10]  # opened on that day
    assert money(priced().before(1))["revenue"].tolist() == [20]


def test_a_month_without_an_index_takes_the_last_known_one():
    log = pd.concat([LINES, LINES.assign(ordered_on="2025-04-30", customer_id="C", order_id=["4", "5", "6"])])
    firm = priced(log)
    assert money(firm)["revenue"].tolist() == [30, 6, 26]
    assert plain(firm.prices.said()) == (
        "Money is at April 2025 prices by the price index, net of returns. "
        "Months without an index, which take the last: 2."
    )


def test_a_rate_is_the_same_as_its_index_written_out():
    log = random_log(1)
    first = log["ordered_on"].min().to_period("M").to_timestamp()
    months = len(pd.period_range(first, AS_OF, freq="M"))
    by_rate = Firm.of(log, as_of=AS_OF, prices=0.3)
    by_index = priced(log, rising(1.3 ** (1 / 12) - 1, first, months), as_of=AS_OF)
    pd.testing.assert_frame_equal(by_rate.customers, by_index.customers)
    assert plain(by_rate.prices.said()) == "Money is at June 2026 prices, taken to rise 30% a year, net of returns."


def test_a_firm_without_either_has_money_as_paid():
    log = random_log(2)
    firm, flat = Firm.of(log, as_of=AS_OF), priced(log, rising(0), as_of=AS_OF)
    assert not firm.prices
    assert plain(firm.prices.said()) == "Money is as paid, net of returns."
    pd.testing.assert_frame_equal(firm.customers, flat.customers)
    assert (firm.customers["revenue"] == firm.customers["revenue_paid"]).all()
    columns = ["figure", "now", "before", "change", "change_low", "change_high"]
    pd.testing.assert_frame_equal(pf.years(firm).table[columns], pf.years(flat).table[columns])


# A second computation


@pytest.mark.parametrize("seed", [1, 2])
def test_the_customer_table_is_what_pandas_makes_of_the_lines(seed):
    log, index = random_log(seed), rising(0.03)
    firm = priced(log, index, as_of=AS_OF)
    level = index.set_index(index["month"].dt.to_period("M"))["index"]
    factor = level[AS_OF.to_period("M")] / log["ordered_on"].dt.to_period("M").map(level).astype(float)
    real = log.assign(amount=log["amount"] * factor, unit_cost=log["unit_cost"] * factor)
    by_hand = Firm.of(real, as_of=AS_OF).customers
    pd.testing.assert_frame_equal(firm.customers.drop(columns="revenue_paid"), by_hand.drop(columns="revenue_paid"))
    paid = Firm.of(log, as_of=AS_OF).customers["revenue"]
    pd.testing.assert_series_equal(firm.customers["revenue_paid"], paid, check_names=False)
    now = log["ordered_on"] > AS_OF - pd.DateOffset(years=1)
    before = ~now & (log["ordered_on"] > AS_OF - pd.DateOffset(years=2))
    row = pf.years(firm).rows.loc["revenue"]
    assert row["change"] == pytest.approx(real["amount"][now].sum() / real["amount"][before].sum() - 1)
    assert row["change_paid"] == pytest.approx(log["amount"][now].sum() / log["amount"][before].sum() - 1)


def test_every_room_looks_at_the_same_money():
    log = random_log(3)
    firm = priced(log, rising(), as_of=AS_OF)
    growth, years = pf.growth(firm, months=3), pf.years(firm)
    pd.testing.assert_series_equal(growth.table["revenue"].tail(8), years.quarters["revenue"], check_index=False)
    assert years.quarters["revenue"].tail(4).sum() == pytest.approx(years.rows.loc["revenue", "now"])
    assert growth.table["revenue_paid"].tail(8).tolist() == pytest.approx(years.quarters["revenue_paid"].tolist())


# The truth


def test_the_teaching_company_grows_by_what_its_generator_says():
    """Prices rise as its truth says; orders are worth the same at all times, so that a purchase does not change."""
    firm = pf.open("data/teaching", currency="TRY")
    rows = pf.years(firm).rows
    assert rows.loc["ticket", "change_low"] < 0 < rows.loc["ticket", "change_high"]
    assert rows.loc["ticket", "change_paid"] > 0.2
    assert rows.loc["revenue", "change"] == pytest.approx(0.301, abs=5e-4)
    assert rows.loc["revenue", "change_paid"] == pytest.approx(0.639, abs=5e-4)
    told = pf.findings(firm, years=pf.years(firm)).table.set_index("topic")["verdict"]
    assert told[["revenue", "ticket"]].tolist() == ["strength", "steady"]
    assert pf.fit_gamma_gamma(firm.customers).mean == pytest.approx(4321, rel=0.02)  # three years ago it was half


# Properties


@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(times=st.sampled_from([1e-3, 3.0, 1e6]), values=st.lists(st.floats(0.1, 10), min_size=3, max_size=3))
def test_the_base_of_an_index_does_not_matter(times, values):
    one, other = (index_of("2025-01-01", *np.multiply(values, by)) for by in (1, times))
    pd.testing.assert_frame_equal(money(priced(index=one)), money(priced(index=other)))


def test_an_index_after_the_day_moves_nothing():
    log, index = random_log(4), rising()
    day = pd.Timestamp("2025-11-15")
    otherwise = index.assign(index=index["index"].where(index["month"] <= day, 99))
    one, other = (priced(log, table, as_of=day) for table in (index, otherwise))
    pd.testing.assert_frame_equal(one.customers, other.customers)
    assert one.prices.table["month"].iloc[-1] == pd.Timestamp("2025-11-01")


def test_cuts_of_an_earlier_day_are_brought_to_the_prices_of_today():
    firm = priced(random_log(5), rising(), as_of=AS_OF)
    then = priced(random_log(5), rising(), as_of="2025-12-31")
    cuts, now = pf.rfm(then).cuts, pf.rfm(firm, cuts=pf.rfm(then).cuts).cuts
    levels = [2, 3, 4, 5]
    assert (now.loc["m", levels] / cuts.loc["m", levels]).tolist() == pytest.approx([1.02**6] * 4)
    assert now.loc[["r", "f"], levels].equals(cuts.loc[["r", "f"], levels])
    assert (now["priced_on"] == AS_OF).all()


def test_what_a_contact_cost_is_in_the_prices_of_what_it_brought():
    campaigns = pd.DataFrame({"campaign_id": ["one", "two"], "cost": [100.0, 100.0]})
    judged = pd.DataFrame(
        {
            "campaign_id": ["one", "two"],
            "starts_on": pd.to_datetime(["2025-01-10", "2025-02-10"]),
            "customer_id": ["A", "B"],
            "responded": 1.0,
        }
    )
    judged = pd.concat([judged] * 10)  # ten contacts each
    terms = campaign_terms(priced(campaigns=campaigns), judged)
    assert terms.contact_cost == (200 + 100) / 20


# From a source


def folder(tmp_path, index="month,index\n2025-01-01,1\n2025-02-01,2\n", toml=""):
    LINES.to_csv(tmp_path / "transactions.csv", index=False)
    (tmp_path / "portfoy.toml").write_text(toml)
    (tmp_path / "price_index.csv").write_text(index) if index else None
    return tmp_path


def test_a_source_brings_its_index_or_its_rate(tmp_path):
    firm = pf.open(folder(tmp_path))
    assert money(firm)["revenue"].tolist() == [30, 6]
    assert firm.tables.facts.revenue == 26  # what was read is counted as paid
    assert "Money is at February 2025 prices by the price index" in plain(pf.quality(firm).method())
    short = "month,index\n2025-01,1\n2025-02,2\n"  # as offices of statistics write it
    assert money(pf.open(folder(tmp_path, short)))["revenue"].tolist() == [30, 6]
    mapped = folder(
        tmp_path, "Miesiąc,CPI\n2025-01-01,1\n2025-02-01,2\n", '[price_index]\nmonth="Miesiąc"\nindex="CPI"'
    )
    assert money(pf.open(mapped))["revenue"].tolist() == [30, 6]
    (tmp_path / "price_index.csv").unlink()
    rate = pf.open(folder(tmp_path, "", "prices = 1.0"))
    assert rate.prices.basis == "rate"
    assert money(rate)["revenue"].tolist() == pytest.approx([10 * 2 ** (1 / 12) + 10, 6])


def test_the_fingerprint_knows_index_and_rate(tmp_path):
    first = source.open(folder(tmp_path)).fingerprint()
    assert source.open(folder(tmp_path, "month,index\n2025-01-01,1\n2025-02-01,3\n")).fingerprint() != first
    paths = [tmp_path / name for name in ("one.toml", "two.toml")]
    for path, rate in zip(paths, ("0.03", "0.04"), strict=True):
        path.write_text(f"prices = {rate}")
    one, two = (read_settings(path).fingerprint() for path in paths)
    assert one != two


def test_rows_that_cannot_be_read_are_set_aside_and_counted(tmp_path):
    firm = pf.open(folder(tmp_path, "month,index\n2025-01-01,1\n2025-02-01,2\n2025-03-01,\n,4\nsoon,n/a\n"))
    assert firm.prices.aside == 2  # those of months to come are not seen
    assert plain(firm.prices.said()).endswith(" Unreadable rows of the index: 2.")


# Errors


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (
            "2025-01-01,0\n2025-02-01,2\n",
            "price_index: 2025-01 has 0; above zero is needed. Correct or remove it.",
        ),
        (
            "2025-01-01,1\n2025-02-01,-2\n",
            "price_index: 2025-02 has -2; above zero is needed. Correct or remove it.",
        ),
        (
            "2025-01-01,1\n2025-01-31,1\n",
            "price_index: 2025-01 is there 2 times. Remove the other rows.",
        ),
        (
            "2010-01-01,1\n2012-12-01,1\n",
            "price_index: its months, 2010-01 to 2012-12, are before all orders, 2025-01 to 2025-02. Add months.",
        ),
    ],
)
def test_an_index_that_is_wrong_is_told_when_the_source_is_opened(tmp_path, rows, said):
    assert message_of(source.open, folder(tmp_path, "month,index\n" + rows)) == said


@pytest.mark.parametrize(("rate", "value"), [("3", "3"), ("true", "True"), ('"3 %"', "'3 %'"), ("-0.6", "-0.6")])
def test_a_rate_is_a_share_a_year(tmp_path, rate, value):
    (tmp_path / "portfoy.toml").write_text(f"prices = {rate}")
    assert message_of(read_settings, tmp_path / "portfoy.toml") == (
        f"{tmp_path / 'portfoy.toml'}: 'prices' is {value}, not a yearly rate from -0.5 to 2, such as 0.03 for 3 %."
    )


# What is shown


def test_every_verdict_on_money_names_its_prices():
    firm = priced(random_log(6), rising(), as_of=AS_OF, currency="TRY")
    years = pf.years(firm)
    texts = [years.finding().text, str(pf.findings(firm, years=years).summary())]
    assert "at constant prices" in texts[0]
    assert not [text for text in texts if "prices included" in text]
    assert re.match(r"As paid: \S+; prices: \S+\.", plain(years.reading()))  # the page names the month of its money
    assert [text for text in texts[1:] if "as paid" not in text] == []
    assert "June 2026 prices" in plain(years.content()["chart"]["svg"])
    assert [line.get_color() for line in years.plot().lines] == [style.ACCENT, style.MUTED]
    as_paid = Firm.of(random_log(6), as_of=AS_OF, currency="TRY")
    assert "prices included" in pf.years(as_paid).finding().text
    assert len(pf.years(as_paid).plot().lines) == 1


def test_prices_are_none_by_default():
    assert Prices().factors(pd.Series(pd.to_datetime(["2025-01-01"]))).tolist() == [1.0]
