"""The budget against another program, worked examples, simulated elasticities and the truth of the simulator."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.meta_analysis import combine_effects

from helpers import plain
from portfoy.acquisition.budget import _drawn_together, _fit, _moved, budget
from portfoy.acquisition.channels import channels
from portfoy.firm import Firm
from portfoy.simulate import market, simulate
from portfoy.simulate.days import make_window


@pytest.fixture(scope="module")
def priced(teaching):
    """The teaching company on its last day, its money at the prices of that day."""
    return Firm._priced(teaching, teaching.currency, 0.95)


@pytest.fixture(scope="module")
def advised(priced):
    found = channels(priced)
    return found, budget(priced, found)


# (b) Another program


def test_the_common_elasticity_is_that_of_a_meta_analysis():
    """statsmodels' DerSimonian-Laird: the mean that all are drawn towards, and the spread between them."""
    values, errors = pd.Series([0.2, 0.9, 1.4, 0.7]), pd.Series([0.1, 0.3, 0.2, 0.15])
    other = combine_effects(values.to_numpy(), errors.to_numpy() ** 2, method_re="dl")
    drawn = _drawn_together(values, errors)["elasticity"]
    own = other.tau2 / (other.tau2 + errors**2)
    assert drawn.to_numpy() == pytest.approx((own * values + (1 - own) * other.mean_effect_re).to_numpy())


def test_those_that_differ_no_more_than_by_chance_become_one():
    drawn = _drawn_together(pd.Series([0.9, 1.0, np.nan]), pd.Series([0.5, 0.5, np.nan]))
    assert drawn["elasticity"][:2].tolist() == pytest.approx([0.95, 0.95])
    assert drawn["error"][:2].tolist() == pytest.approx([0.5 / np.sqrt(2)] * 2)
    assert np.isnan(drawn["elasticity"][2])  # what never varied borrows nothing


# (c) Simulated truth


@pytest.mark.parametrize("truth", [0.4, 1.0])
def test_an_elasticity_is_found_again(truth):
    held = 0
    for seed in range(40):
        random = np.random.default_rng(seed)
        logs = pd.Series(random.normal(8, 0.4, 36))
        won = pd.Series(random.poisson(np.exp(1.5 + truth * (logs - 8) + 0.1 * np.arange(36) / 12)))
        value, error = _fit(logs, won)
        held += abs(value - truth) <= 1.96 * error
    assert held >= 34  # of 40; binomial with 0.95, one in a thousand falls below


def truth_of(company):
    """What one more customer costs, in the prices of the last month: cost of a lead and of selling over P(win)."""
    truth = company.truth
    window = make_window("2023-07-01", "2026-06-30", truth)
    leads = market.draw_leads(np.random.default_rng(0), truth, window, 200_000)
    p, index = leads.groupby("channel")["p_win"].mean(), company.tables["price_index"]["index"].iloc[-1]
    costs = {name: (truth.lead_cost[name] + truth.sales_cost[name]) / p[name] for name in truth.lead_cost}
    costs |= {name: cost / (1 - truth.prospect_share) for name, cost in truth.consumer_cost.items()}
    return {name: cost * index for name, cost in costs.items()}


def of(company):
    tables = dict(company.tables)
    firm = Firm.of(tables.pop("transactions"), currency="TRY", as_of="2026-06-30", **tables)
    return budget(firm, channels(firm)).table.set_index("channel")


def test_the_order_of_channels_is_that_of_the_truth(simulated, advised):
    costs = truth_of(simulated)
    table = advised[1].table.set_index("channel")
    assert table.index.tolist() == sorted(costs, key=costs.get)
    inside = [
        table["marginal_cost_low"][name] <= cost <= table["marginal_cost_high"][name] for name, cost in costs.items()
    ]
    assert sum(inside) >= 6  # of eight


@pytest.mark.study
def test_the_truth_lies_in_the_intervals_on_ten_seeds():
    costs, held, ordered = None, {}, 0
    for seed in range(100, 110):
        company = simulate(seed=seed)
        costs = costs or truth_of(company)
        table = of(company)
        ordered += table.index.tolist() == sorted(costs, key=costs.get)
        for name, cost in costs.items():
            inside = table["marginal_cost_low"][name] <= cost <= table["marginal_cost_high"][name]
            held[name] = held.get(name, 0) + inside
    assert ordered >= 8
    assert min(held.values()) >= 8


# (d) Properties


def test_no_channel_leaves_what_it_has_seen_and_no_money_is_made(advised):
    table = advised[1].table
    assert (table["suggested"] <= table["highest"] + 1e-6).all()
    assert (table["suggested"] >= table["lowest"] - 1e-6).all()
    assert table["suggested"].sum() == pytest.approx(table["usual"].sum())
    moved = set(table.loc[table["suggested"] != table["usual"], "channel"])
    assert len(moved) >= 2
    assert moved <= set(advised[0].found.leads["channel"])  # where consumers buy is not what brought them


def test_the_seen_and_the_usual_are_those_of_plain_pandas(advised, priced):
    found, advice = advised
    spend = priced.tables.spend.to_pandas().query("channel == 'fair' and kind != 'sales'")
    month = pd.to_datetime(spend["month"])
    money = (spend["cost"] * priced.prices.factors(month))[month <= "2026-02-28"]
    row = advice.table.set_index("channel").loc["fair"]
    assert row[["lowest", "highest"]].tolist() == pytest.approx([money.min(), money.max()])
    assert row["usual"] == pytest.approx(money.iloc[-12:].mean())
    assert row["varied"] == pytest.approx(np.log(money).std())
    assert row["average_cost"] == found.table.set_index("channel").loc["fair", "full_cac"]


def test_money_goes_where_it_brings_more_until_the_seen_ends():
    """By hand: one lira brings 1 at A and 4 at B whatever the spend, so B gets all that it has seen."""
    table = pd.DataFrame(
        {
            "usual": [100.0, 100.0], "lowest": [20.0, 50.0], "highest": [150.0, 160.0], "elasticity": [1.0, 1.0],
            "cac": [10.0, 10.0], "year_margin": [10.0, 40.0], "sales_each": [0.0, 0.0],
        }
    )  # fmt: skip
    assert _moved(table).tolist() == pytest.approx([40.0, 160.0])


def test_money_stops_where_the_next_lira_brings_alike():
    """By hand: with elasticity 1/2 and alike channels but for margins 1 : 2, spend goes 1 : 4."""
    table = pd.DataFrame(
        {
            "usual": [100.0, 100.0], "lowest": [1.0, 1.0], "highest": [500.0, 500.0], "elasticity": [0.5, 0.5],
            "cac": [10.0, 10.0], "year_margin": [100.0, 200.0], "sales_each": [0.0, 0.0],
        }
    )  # fmt: skip
    assert _moved(table) == pytest.approx([40.0, 160.0], abs=1.0)


# (e) Where nothing can be advised


def test_spend_that_hardly_varied_gives_no_number(simulated):
    tables = dict(simulated.tables)
    spend = tables["spend"]
    index = tables["price_index"].set_index("month")["index"]
    flat = spend["cost"].mask(spend["kind"] != "sales", 1000.0 * spend["month"].map(index))
    firm = Firm.of(tables.pop("transactions"), currency="TRY", **tables | {"spend": spend.assign(cost=flat)})
    found = budget(firm, channels(firm))
    assert not found
    assert plain(found.reason) == (
        "budget: spend of 0 of 8 channels varied by a tenth or more over 12 months; two are needed. "
        "Vary it in months drawn by lot."
    )


def test_a_gain_that_may_be_none_is_no_finding(advised):
    unsure = replace(advised[1], gain_low=-1.0)
    assert unsure.finding().nothing
    assert (unsure.reading(), unsure.actions()) == ("", [])


# (f) What is shown


def test_what_rests_on_an_assumption_ranks_last(advised):
    """That money buys customers at these prices, these data do not show: so no money stands in the finding's bounds."""
    found, action = advised[1].finding(), advised[1].actions()[0]
    assert (found.low, found.high, action.worth) == (None, None, None)
    assert plain(advised[1].reading()).startswith("If money buys customers, TRY ")
    assert len(found.text.split()) <= 12
    assert len(action.text.split()) <= 20
    ax = advised[1].plot()
    assert [label.get_text() for label in ax.get_yticklabels()] == advised[1].table["channel"].tolist()
