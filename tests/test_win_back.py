"""Whom to win back: naive counts of who came back, the worth of those who would, and the list."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

from helpers import orders, plain
from portfoy.firm import LISTED, Firm
from portfoy.models.arms import draw
from portfoy.models.bg_nbd import BgNbd
from portfoy.models.discounted_value import discounted_value
from portfoy.models.gamma_gamma import GammaGamma
from portfoy.retention.win_back import win_back
from portfoy.standing import rule_of

END, DAY = pd.Timestamp("2024-06-18"), pd.Timedelta(days=1)


@pytest.fixture(scope="module")
def shop():
    """Orders of 900 days, the firm of them, and what its customers are expected to bring."""
    log = orders(3, customers=300)
    return log, *valued(log)


def valued(log, **tables):
    firm = Firm.of(log, as_of=END, currency="TRY", **tables)
    fit = BgNbd(0.8, 30.0, 0.8, 2.5, covariance=pd.DataFrame(np.eye(4) * 1e-4))
    spend = GammaGamma(6.25, 3.74, 15.44, covariance=pd.DataFrame(np.eye(3) * 1e-2))
    return firm, discounted_value(firm.customers, fit, spend)


def test_who_came_back_within_a_year_is_counted_by_a_loop(shop):
    log, firm, value = shop
    found, since, window = win_back(firm, value=value), pd.Timestamp("2023-06-18"), rule_of(firm).lapsed_days
    lapsed, back, brought = 0, 0, []
    for _name, own in log.groupby("customer_id"):
        before = own[own["ordered_on"] <= since]
        if len(before) and (since - before["ordered_on"].max()) / DAY > window:
            lapsed += 1
            later = own[own["ordered_on"] > since]
            back += len(later) > 0
            brought += [later["amount"].sum()] if len(later) else []
    assert (found.past["lapsed"], found.past["back"]) == (lapsed, back)
    assert back > 0
    low, high = proportion_confint(back, lapsed, method="wilson")
    assert (found.past["came_low"], found.past["came_high"]) == pytest.approx((low, high))
    assert found.past["brought"] == pytest.approx(np.mean(brought))
    assert (
        plain(found.finding().text) == f"{100 * back / lapsed:.0f}% of those lapsed a year ago came back by themselves"
    )


def test_the_list_is_that_of_the_lapsed_by_worth(shop):
    log, firm, value = shop
    found, window = win_back(firm, value=value, offer_cost=2.0, p_back=0.1, contacts=20), rule_of(firm).lapsed_days
    last = log.groupby("customer_id")["ordered_on"].agg(["max", "size"])
    lapsed = set(last.index[(END - last["max"]) / DAY > window])
    assert found.total["lapsed_now"] == len(lapsed)
    assert set(found.table["customer_id"]) <= lapsed
    own = value.table.set_index("customer_id").loc[found.table["customer_id"]]
    np.testing.assert_allclose(found.table["worth"], own["expected_value"] / own["p_alive"])
    np.testing.assert_allclose(found.table["expected_profit"], 0.1 * found.table["worth"] - 2)
    once = found.table["purchases"] == 1
    assert once.is_monotonic_increasing
    assert found.table[~once]["worth"].is_monotonic_decreasing
    assert {*LISTED} <= {*found.table.columns}
    assert found.table["arm"].tolist() == draw(found.table["customer_id"], "win_back", 0.2).tolist()
    assert [action.name for action in found.actions()] == ["win_back"]
    said = plain(win_back(firm, value=value, offer_cost=2.0, contacts=20).reading())
    assert f"and pay if {found.total['cost'] / found.total['gain'] * 100:.1f} in a hundred work" in said


def test_who_a_save_list_holds_out_is_not_called(shop):
    log, firm, value = shop
    first = win_back(firm, value=value, contacts=20).table["customer_id"]
    held = pd.DataFrame({"campaign_id": "save-2024-05-31", "customer_id": first, "contacted_on": END - 17 * DAY})
    other, _value = valued(log, contacts=held.assign(arm="control", hold_out_share=0.5))
    assert not set(win_back(other, value=value, contacts=20).table["customer_id"]) & set(first)
    own = held.assign(campaign_id="win_back-2024-05-31", arm="control", hold_out_share=0.5)
    again, _value = valued(log, contacts=own)  # its own held out stay on it, and keep their arm
    assert win_back(again, value=value, contacts=20).table["customer_id"].tolist() == first.tolist()


def test_where_nothing_can_be_said_nothing_is(shop):
    log, firm, value = shop
    young = log[log["ordered_on"] > END - 400 * DAY]
    short, worth = valued(young)
    short.kept["states"] = {"at_risk_days": 60, "lapsed_days": 120, "since": "2024-05-31"}
    found = win_back(short, value=worth)
    assert found.past is None
    assert found.finding().text == f"{found.total['lapsed_now']} customers have lapsed"
    nobody, worth = valued(log[log["ordered_on"] > END - 50 * DAY])
    nobody.kept["states"] = short.kept["states"]
    found = win_back(nobody, value=worth)
    assert (found.finding().nothing, found.actions(), found.reading()) == (True, [], "")
    assert win_back(firm, value=value, p_back=2).reason == (
        "win_back: a chance of 2 is not from 0 to 1. For one in ten give 0.1."
    )
