"""Orders and their lines."""

import numpy as np
import pandas as pd

from portfoy.simulate.days import MONTH
from portfoy.simulate.people import age_band

MOST_LINES = 12


def draw_orders(rng, truth, window, people):
    """One row per order, ``customer`` and ``day``: BG/NBD on the season's clock. Adds ``active`` to `people`.

    Purchases of one customer that fall on the same day are moved to the days after, for a day counts as one purchase;
    some days then get a second order.
    """
    arrival, rate, stop = (people[name].to_numpy(float) for name in ["arrival", "rate", "stop"])
    alive = np.flatnonzero(np.isfinite(arrival))
    now = arrival[alive]
    day = window.day_of(now)
    days, who = [day], [alive]
    active = np.zeros(len(people), bool)
    while alive.size:
        now = now + rng.exponential(1 / rate[alive])
        day = np.maximum(window.day_of(now), day + 1)
        inside = day <= window.last
        active[alive[~inside]] = True
        alive, now, day = alive[inside], now[inside], day[inside]
        days.append(day)
        who.append(alive)
        goes_on = rng.random(alive.size) >= stop[alive]
        alive, now, day = alive[goes_on], now[goes_on], day[goes_on]
    people["active"] = active
    orders = pd.DataFrame({"customer": np.concatenate(who), "day": np.concatenate(days), "campaign": -1, "answer": -1})
    second = orders[rng.random(len(orders)) < truth.second_order_share]
    orders = pd.concat([orders, second], ignore_index=True)
    return orders.sort_values(["day", "customer"], kind="stable", ignore_index=True)


def draw_worth(rng, truth, window, people, orders):
    """TRY of each order: Gamma-Gamma, times the customer's multiplier, times the price index of the day."""
    customer = orders["customer"].to_numpy()
    real = rng.gamma(truth.p, people["level"].to_numpy()[customer])
    return real * people["multiplier"].to_numpy()[customer] * window.index[orders["day"]]


def draw_lines(rng, truth, window, goods, people, orders):
    """One row per order line; the lines of an order add up to its worth.

    ``order`` (row of `orders`), ``product`` (number), ``quantity``, ``amount``, ``unit_cost`` TRY a piece.
    """
    order, product = _baskets(rng, truth, goods, orders)
    order, product = _spread(rng, truth, window, goods, people, orders, order, product)
    weight = goods.price[product] ** 0.7 * rng.lognormal(0, 0.4, len(order))
    whole = np.bincount(order, weight, len(orders))
    amount = np.maximum(np.round(orders["worth"].to_numpy()[order] * weight / whole[order], 2), 0.01)
    listed = goods.price[product] * window.index[orders["day"].to_numpy()[order]]
    quantity = np.maximum(np.round(amount / listed), 1).astype(int)
    cost = np.round(amount / quantity * goods.cost_share[product], 2)
    return pd.DataFrame({"order": order, "product": product, "quantity": quantity, "amount": amount, "unit_cost": cost})


def _baskets(rng, truth, goods, orders):
    """Order and product of each line: draws by popularity, then the partners of what is in the basket."""
    size, n = len(orders), len(goods.ids)
    count = 1 + rng.binomial(10, rng.beta(*truth.lines_shapes, size))
    order = np.repeat(np.arange(size), count)
    product = np.searchsorted(np.cumsum(goods.popularity), rng.random(len(order)), side="right").clip(max=n - 1)
    early = goods.launch[product] > orders["day"].to_numpy()[order]
    product = np.where(early, goods.older[product], product)
    keys = np.unique(order * n + product)
    count = np.bincount(keys // n, minlength=size)
    for a, b, strength in goods.pairs:
        holds = keys[keys % n == a] // n
        added = holds[(rng.random(len(holds)) < strength) & (count[holds] < MOST_LINES)]
        fresh = np.setdiff1d(added * n + b, keys, assume_unique=True)
        count[fresh // n] += 1
        keys = np.concatenate([keys, fresh])
    return np.divmod(np.sort(keys), n)


def _spread(rng, truth, window, goods, people, orders, order, product):
    """Add the lines of the new product: first purchases as Bass says, and some repeats."""
    first = _adopters(rng, truth, goods.launch[goods.bass], people, orders)
    adopted = np.full(len(people), np.inf)
    customer, day = orders["customer"].to_numpy(), orders["day"].to_numpy()
    adopted[customer[first]] = day[first]
    again = np.flatnonzero((day > adopted[customer]) & (rng.random(len(orders)) < truth.bass_repeat))
    holds = np.concatenate([first, again])
    full = np.bincount(order, minlength=len(orders))[holds] >= MOST_LINES
    if full.any():  # the basket is full: the new product takes the place of its last line
        last = np.searchsorted(order, holds[full], side="right") - 1
        product = product.copy()
        product[last] = goods.bass
    order = np.concatenate([order, holds[~full]])
    product = np.concatenate([product, np.full((~full).sum(), goods.bass)])
    place = np.lexsort((product, order))
    return order[place], product[place]


def bass_share(months, p, q):
    """Share of the m adopters who have adopted after so many months: Bass (1969)."""
    gone = np.exp(-(p + q) * np.asarray(months, float))
    return (1 - gone) / (1 + q / p * gone)


def _adopters(rng, truth, launch, people, orders):
    """Rows of `orders` with which a customer first buys the new product; each week's number is drawn, then who."""
    customer, day = orders["customer"].to_numpy(), orders["day"].to_numpy()
    week = (day - launch) // 7
    weeks = int(week.max(initial=0)) + 1
    share = np.diff(bass_share(7 * np.arange(weeks + 1) / MONTH, truth.bass_p, truth.bass_q))
    counts = rng.multinomial(round(truth.bass_share * len(people)), [*share, max(1 - share.sum(), 0)])[:-1]
    past = bass_share(np.maximum(day - launch, 0) / MONTH, truth.bass_p, truth.bass_q)
    youth = 1 - age_band(truth, people["birth_year"])[customer]  # 1 young, 0 middle, -1 older
    key = rng.exponential(size=len(orders)) / np.exp(truth.bass_youth * (1 - 2 * past) * youth)
    edges = np.searchsorted(day, launch + 7 * np.arange(weeks + 1))
    has, chosen, owed = np.zeros(len(people), bool), [], 0
    for k, wanted in enumerate(counts):
        owed += wanted
        rows = np.arange(edges[k], edges[k + 1])
        rows = rows[~has[customer[rows]]]
        rows = rows[np.argsort(key[rows], kind="stable")]
        _, first = np.unique(customer[rows], return_index=True)
        taken = rows[np.sort(first)[:owed]]
        has[customer[taken]] = True
        owed -= len(taken)
        chosen.append(taken)
    return np.concatenate(chosen)


def transactions_table(lines, orders, goods, names, order_ids, campaigns, window):
    """The table of order lines, by date and order."""
    order = lines["order"].to_numpy()
    campaign = np.array([*campaigns, None], object)[orders["campaign"]]
    return pd.DataFrame(
        {
            "customer_id": names[orders["customer"]][order],
            "order_id": order_ids[order],
            "ordered_on": window.dates(orders["day"]).to_numpy()[order],
            "product_id": goods.ids[lines["product"]],
            **lines[["quantity", "amount", "unit_cost"]],
            "campaign_id": campaign[order],
        }
    )
