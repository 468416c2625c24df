"""The teaching company, put together: every table of the contract, and the truth behind them."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.simulate import buying, campaigns, market, people, service
from portfoy.simulate.days import ids, make_window, price_index
from portfoy.simulate.dirt import plant, plant_further
from portfoy.simulate.truth import Truth

START, END = "2023-07-01", "2026-06-30"


@dataclass(frozen=True)
class Company:
    """A simulated firm."""

    tables: dict  # name of a table of the contract -> DataFrame
    truth: Truth
    latent: pd.DataFrame  # one row per customer: what a fit tries to guess
    answers: pd.DataFrame  # orders that campaigns brought: order_id, customer_id, campaign_id
    planted: dict = field(default_factory=dict)  # table -> code of a data-quality check, and column -> rows planted
    silent: pd.DataFrame = field(default_factory=pd.DataFrame)  # survey_id of no answer, answer there would have been


@dataclass(frozen=True)
class Numbers:
    """Where the ids of a piece begin, and how many digits they have."""

    piece: int
    size: int  # customers in a whole piece
    total: int  # customers in all pieces

    def ids(self, per_customer, least):
        """First number less one, and digits, for ids of which there are at most so many for a customer."""
        return self.piece * self.size * per_customer, max(least, len(str(per_customer * self.total)))


def simulate(*, customers=4_000, seed=23, start=START, end=END, truth=None, dirt=False):
    """A Turkish firm for home goods, with known truth, as a Company.

    It knows so many `customers`, people and firms, at least 100, of which a few never buy; `start` and `end` are its
    first and last day, at least a year apart. The same `seed` gives the same tables. With `dirt`, faults are planted in
    every table: in the transactions at the rates of the truth; without, there are none, and no returns.
    """
    if customers < 100:
        raise DataError(_("simulate: customers is {n}; 100 are needed.").format(n=customers))
    truth = truth or Truth()
    window = make_window(start, end, truth)
    trunk, dusty, piece = seeds(seed, 1)
    goods = people.make_goods(np.random.default_rng(trunk), truth, window)
    whole = Numbers(0, customers, customers)
    tables, latent, answers, silent = simulate_piece(piece, truth, window, goods, customers, whole)
    first = {name: tables.pop(name) for name in ("customers", "transactions")}
    tables = {**first, "products": goods.table, **tables, "price_index": price_index(start, end, truth)}
    planted = {}
    if dirt:
        further, planted = plant_further(np.random.default_rng(dusty.spawn(1)[0]), tables)
        log, of_log = plant(np.random.default_rng(dusty), truth, window, tables["transactions"])
        tables, planted = tables | further | {"transactions": log}, planted | {"transactions": of_log}
    return Company(tables, truth, latent, answers, planted, silent)


def seeds(seed, pieces):
    """Independent seeds: for the firm as a whole, for dirt, and for each piece of its customers."""
    return np.random.SeedSequence(seed).spawn(2 + pieces)


def simulate_piece(seed, truth, window, goods, customers, numbers):
    """Some of the customers: every table but products, their latent values, the orders that campaigns brought, and what
    those would have said who were asked and gave no answer.
    """
    rngs = [np.random.default_rng(child) for child in seed.spawn(16)]
    leads = market.draw_leads(rngs[0], truth, window, round(truth.leads_per_customer * customers))
    folk = people.draw_people(rngs[1], truth, window, leads, customers)
    first, width = numbers.ids(1, 5)
    names = ids("C", range(first + 1, first + customers + 1), width)

    orders = buying.draw_orders(rngs[2], truth, window, folk)
    orders["worth"] = buying.draw_worth(rngs[3], truth, window, folk, orders)
    orders = service.draw_tickets(rngs[4], truth, orders)
    left = service.left_days(orders, customers)
    orders = orders[orders["day"] <= left[orders["customer"]]]
    orders, told, reached = campaigns.run_campaigns(rngs[5], truth, window, folk, orders, left, names)
    folk["active"] &= np.isinf(left)

    lines = buying.draw_lines(rngs[6], truth, window, goods, folk, orders)
    first, width = numbers.ids(20, 6)
    order_ids = ids("S", range(first + 1, first + len(orders) + 1), width)
    more = numbers.ids(20, 5)
    surveys, silent = service.surveys_table(rngs[8], truth, window, folk, orders, names, *more)
    tables = {
        "customers": people.customers_table(folk, names, window),
        "transactions": buying.transactions_table(lines, orders, goods, names, order_ids, campaigns.NAMES, window),
        "leads": market.leads_table(leads, folk, names, window, *more),
        "spend": market.draw_spend(rngs[0], truth, window, folk, leads),
        "campaigns": told,
        "contacts": reached,
        "subscriptions": service.subscriptions_table(rngs[7], truth, window, folk, orders, names, *more),
        "tickets": service.tickets_table(rngs[4], truth, window, orders, names, *more),
        "surveys": surveys,
    }
    _add_later(rngs[10:], truth, window, tables, leads, folk, orders, names)
    if numbers.piece == 0:
        tables["ratings"] = service.ratings_table(rngs[9], truth, names)
    latent = people.latent_table(truth, folk, names, window, left)
    return tables, latent, campaigns.answers_table(orders, order_ids, names), silent


def _add_later(rngs, truth, window, tables, leads, folk, orders, names):
    """Add to the tables what came later, each thing from a stream of its own, so that nothing else moves with it."""
    education, causes, effort, sales, replies, referrers = rngs
    tables["customers"]["education"] = people.draw_education(education, truth, folk)
    tables["subscriptions"]["ended_because"] = service.draw_causes(causes, truth, tables["subscriptions"])
    tables["tickets"] = service.add_replies(replies, truth, window, tables["tickets"])
    tables["surveys"]["effort"] = service.draw_effort(effort, truth, tables["surveys"], tables["tickets"])
    referred_by = market.draw_referrers(referrers, truth, window, leads, folk, orders, names, tables["surveys"])
    tables["leads"]["referred_by"] = referred_by
    more = market.draw_sales_cost(sales, truth, window, leads)
    tables["spend"] = pd.concat([tables["spend"], more], ignore_index=True)
