"""The base on three dates by one fit: CDNOW by the formulas of the papers, the same figures as other reports have."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import hyp2f1

import portfoy as pf
from helpers import plain
from portfoy.firm import Firm


@pytest.fixture(scope="module")
def found(teaching_firm):
    return pf.three_dates(teaching_firm, value=pf.lifetime_value(teaching_firm))


def worth_by_the_papers(log, day, fit, spend):
    """Discounted spend of 12 months: eq. (10) of Fader, Hardie & Lee (2005) month by month, times Gamma-Gamma."""
    days = log[log["ordered_on"] <= day].groupby(["customer_id", "ordered_on"])["amount"].sum().reset_index()
    own = days.groupby("customer_id").agg(
        n=("amount", "size"), money=("amount", "sum"), first=("ordered_on", "min"), last=("ordered_on", "max")
    )
    later = own["money"] - days.drop_duplicates("customer_id").set_index("customer_id")["amount"]
    (r, alpha, a, b), (p, q, v) = (fit.r, fit.alpha, fit.a, fit.b), (spend.p, spend.q, spend.v)
    x, tx, age = own["n"] - 1, (own["last"] - own["first"]).dt.days, (day - own["first"]).dt.days
    stopped = np.where(x > 0, a / (b + x - 1) * ((alpha + age) / (alpha + tx)) ** (r + x), 0)

    def bought(t):
        grown = ((alpha + age) / (alpha + age + t)) ** (r + x)
        grown *= hyp2f1(r + x, b + x, a + b + x - 1, t / (alpha + age + t))
        return (a + b + x - 1) / (a - 1) * (1 - grown) / (1 + stopped)

    months = [bought(m * 365.25 / 12) for m in range(13)]
    purchases = sum((months[m] - months[m - 1]) * 1.1 ** (-m / 12) for m in range(1, 13))
    return (purchases * p * (v + later) / (p * x + q - 1)).sum()


def test_cdnow_on_an_earlier_day_is_what_the_papers_say(cdnow_log):
    firm = Firm.of(cdnow_log)
    value = pf.lifetime_value(firm)
    found = pf.three_dates(firm, value=value)
    assert found.table["day"].dt.strftime("%Y-%m-%d").tolist() == ["1997-06-30", "1997-12-31", "1998-06-30"]
    assert found.table["customers"].tolist() == [2357] * 3, "all came in the first quarter of 1997"
    for _place, row in found.table.iterrows():
        judged = worth_by_the_papers(cdnow_log, row["day"], value.fit, value.spend_fit)
        assert row["expected_value"] == pytest.approx(judged, rel=1e-4)
        assert row["mean"] == pytest.approx(judged / 2357, rel=1e-4)
    change = found.change["change"]
    assert change == pytest.approx(found.table["expected_value"].iloc[-1] - found.table["expected_value"].iloc[0])
    assert found.change["change_high"] < 0, "a cohort without newcomers loses value"
    assert "less than a year ago" in found.finding().text
    assert "share" not in found.table


def test_today_is_what_selection_and_deepening_say_and_earlier_shares_too(teaching_firm, found):
    """No figure with two values: those of `lifetime_value` and `wallet`, whose own tests have outside judges."""
    figures = {each.name: each for each in (*found.value.figures(), *pf.wallet(teaching_firm).figures())}
    last = found.table.iloc[-1]
    bounds = ["expected_value", "expected_value_low", "expected_value_high"]
    whole, wallet = figures["expected_value"], figures["wallet_share"]
    assert last[bounds].tolist() == [whole.value, whole.low, whole.high]
    assert last["mean"] == figures["clv"].value
    assert last[["share", "share_low", "share_high"]].tolist() == [wallet.value, wallet.low, wallet.high]
    rows = found.table.set_index(found.table["day"].dt.strftime("%Y-%m-%d"))
    for past in (wallet.year, wallet.half):
        assert rows.loc[past.day, "share"] == past.value


def test_customers_are_those_who_had_bought_by_the_day(teaching_firm, found):
    lines = teaching_firm.log.select("customer_id", "ordered_on", "amount").to_pandas()
    first = pd.to_datetime(lines[lines["amount"] >= 0].groupby("customer_id")["ordered_on"].min())
    assert found.table["customers"].tolist() == [int((first <= day).sum()) for day in found.table["day"]]
    assert found.table["mean"].to_numpy() == pytest.approx(found.table["expected_value"] / found.table["customers"])


def test_a_base_that_does_not_change_has_no_change(found):
    assert found.value.since(found.value) == (0.0, 0.0)


def test_the_error_of_the_change_is_that_of_parameters_drawn_anew(found, teaching_firm):
    """Judge: the change under 80 sets of parameters from their covariance; customers differ by a sum of squares."""
    from portfoy.models.bg_nbd import BgNbd
    from portfoy.models.discounted_value import expected_revenue
    from portfoy.models.gamma_gamma import GammaGamma

    value, random, moved = found.value, np.random.default_rng(3), []
    days = [teaching_firm.customers, teaching_firm.before(12).customers]
    fits = [(value.fit, BgNbd), (value.spend_fit, GammaGamma)]
    logs = [
        random.multivariate_normal(
            np.log(fit.parameters), fit.covariance / np.outer(fit.parameters, fit.parameters), size=80
        )
        for fit, _kind in fits
    ]
    for draw in zip(*logs, strict=True):
        drawn = [kind(*np.exp(each)) for each, (_fit, kind) in zip(draw, fits, strict=True)]
        worth = [value.margin_rate * expected_revenue(day, *drawn).sum() for day in days]
        moved.append(worth[0] - worth[1])
    each = [value.margin_rate * expected_revenue(day, value.fit, value.spend_fit) for day in days]
    each = [one.set_axis(day["customer_id"]) for one, day in zip(each, days, strict=True)]
    chance = np.square(each[0].sub(each[1], fill_value=0)).sum()
    half = (found.change["change_high"] - found.change["change_low"]) / 2 / 1.959964
    assert half == pytest.approx(np.sqrt(np.var(moved) + chance), rel=0.2)


def test_what_it_shows(found):
    assert len(found.finding().text.split()) <= 12
    assert "more than a year ago" in found.finding().text
    assert found.figures() == []
    found._repr_mimebundle_()


def test_short_and_empty_histories_are_sentences():
    line = {"customer_id": "1", "order_id": "1", "ordered_on": pd.Timestamp("2026-05-01"), "amount": 5.0}
    firm = Firm.of(pd.DataFrame([line]), as_of="2026-06-30")
    reason = (
        "three_dates: value and share of wallet are not known. Give orders in which 30 customers came again, or "
        "surveys with category_spend."
    )
    assert str(pf.three_dates(firm, value=pf.lifetime_value(firm))) == reason
    assert str(pf.three_dates(Firm.of(as_of="2026-06-30"))) == reason


def test_a_base_younger_than_a_year_has_no_change(cdnow_log):
    firm = Firm.of(cdnow_log, as_of="1997-12-31")
    found = pf.three_dates(firm, value=pf.lifetime_value(firm))
    assert found.table["day"].dt.strftime("%Y-%m-%d").tolist() == ["1997-06-30", "1997-12-31"]
    assert found.finding().nothing
    assert plain(found.reading()) == ""
    found._repr_mimebundle_()
