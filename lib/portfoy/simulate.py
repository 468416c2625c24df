"""The teaching company: order lines whose truth is known.

Every customer buys at a rate of their own until they silently stop, as BG/NBD says; what an order is worth follows
Gamma-Gamma. An order is then split into lines, some lines come back as returns, and some orders carry no customer.
"""

import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Truth:
    """What the simulated company is made of; every number can be estimated back from its orders."""

    r: float = 0.55  # BG/NBD: shape of the buying rates
    alpha: float = 70.0  # days; r / alpha is the mean number of purchases a day
    a: float = 0.8  # BG/NBD: shapes of the chance to stop after a purchase
    b: float = 2.6
    p: float = 6.0  # Gamma-Gamma: shape of the spend of one customer's purchases
    q: float = 4.0  # Gamma-Gamma: shape and scale of the customers' mean spend
    v: float = 700.0  # TRY
    guest_share: float = 0.04  # orders without a customer, for each purchase of a customer
    return_share: float = 0.03  # share of lines that come back, some of them after the last day
    second_order_share: float = 0.02  # share of purchase days with two orders
    products: int = 120
    cost_share: float = 0.62  # mean unit cost as a share of the price


def simulate(*, customers=2_000, seed=20, start="2023-07-01", end="2026-06-30", truth=None):
    """Order lines of a company that sells home goods.

    Parameters
    ----------
    customers : number of customers who buy at least once
    seed : the same seed gives the same rows
    start, end : first and last day; customers arrive evenly between them, a little faster later on
    truth : Truth, optional

    Returns
    -------
    DataFrame, one row per order line, by date and order
        ``customer_id`` (empty for guests), ``order_id``, ``ordered_on``, ``product_id``, ``quantity`` pieces (negative
        for returns), ``amount`` TRY paid for the line, ``unit_cost`` TRY a piece.
    """
    truth, rng = truth or Truth(), np.random.default_rng(seed)
    start, days = pd.Timestamp(start), (pd.Timestamp(end) - pd.Timestamp(start)).days
    orders = _orders(rng, truth, customers, days)
    lines = _lines(rng, truth, orders)
    lines = pd.concat([lines, _returns(rng, truth, lines, days)], ignore_index=True)
    lines = lines.sort_values(["day", "order", "line"], kind="stable", ignore_index=True)
    known = lines["customer"] >= 0
    return pd.DataFrame(
        {
            "customer_id": ("C" + lines["customer"].astype(str).str.zfill(5)).where(known, ""),
            "order_id": "S" + lines["order"].astype(str).str.zfill(6),
            "ordered_on": (start + pd.to_timedelta(lines["day"], unit="D")).dt.strftime("%Y-%m-%d"),
            "product_id": "P" + (lines["product"] + 1).astype(str).str.zfill(3),
            "quantity": lines["quantity"],
            "amount": lines["amount"].round(2),
            "unit_cost": lines["unit_cost"].round(2),
        }
    )


def write_company(folder, *, customers=2_000, seed=20):
    """Write transactions.csv, portfoy.toml and truth.toml into `folder`; files that are there are replaced.

    Returns
    -------
    list of Path : the files written
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    truth = Truth()
    parameters = {"customers": customers, "seed": seed, **asdict(truth)}
    texts = {
        "portfoy.toml": 'name = "Teaching company"\ncurrency = "TRY"\n',
        "truth.toml": "".join(f"{key} = {value}\n" for key, value in parameters.items()),
        "transactions.csv": simulate(customers=customers, seed=seed, truth=truth).to_csv(
            index=False, lineterminator="\n", float_format="%.2f"
        ),
    }
    for name, text in texts.items():
        (folder / name).write_bytes(text.encode())
    return [folder / name for name in texts]


def read_truth(folder):
    """The truth.toml of a simulated company as a dict."""
    return tomllib.loads((Path(folder) / "truth.toml").read_text(encoding="utf-8"))


def _orders(rng, truth, customers, days):
    """One row per order: customer, day, order number, value."""
    first = np.floor(days * rng.random(customers) ** 0.85).astype(int)
    rate = rng.gamma(truth.r, 1 / truth.alpha, customers)
    stop = rng.beta(truth.a, truth.b, customers)
    level = 1 / rng.gamma(truth.q, 1 / truth.v, customers)  # scale of this customer's spends
    day, who, alive, now = [first], [np.arange(customers)], np.arange(customers), first.astype(float)
    while alive.size:
        now = now + rng.exponential(1 / rate[alive])
        inside = np.floor(now) <= days
        alive, now = alive[inside], now[inside]
        day.append(np.floor(now).astype(int))
        who.append(alive)
        goes_on = rng.random(alive.size) >= stop[alive]
        alive, now = alive[goes_on], now[goes_on]
    orders = pd.DataFrame({"customer": np.concatenate(who) + 1, "day": np.concatenate(day)})
    second = orders[rng.random(len(orders)) < truth.second_order_share]
    guests = pd.DataFrame({"customer": -1, "day": rng.choice(orders["day"], int(truth.guest_share * len(orders)))})
    orders = pd.concat([orders, second, guests], ignore_index=True).sort_values("day", kind="stable", ignore_index=True)
    scale = np.where(orders["customer"] > 0, level[orders["customer"] - 1], truth.v / truth.q)
    return orders.assign(order=np.arange(1, len(orders) + 1), value=rng.gamma(truth.p, scale))


def _lines(rng, truth, orders):
    """One row per order line; the lines of an order add up to its value."""
    count = 1 + rng.binomial(11, rng.beta(1.2, 6, len(orders)))
    lines = orders.loc[orders.index.repeat(count)].reset_index(drop=True)
    weight = rng.gamma(2.0, 1.0, len(lines))
    whole = pd.Series(weight).groupby(lines["order"]).transform("sum")
    popularity = 1 / np.arange(3, truth.products + 3)
    quantity = 1 + rng.poisson(0.4, len(lines))
    amount = (lines["value"] * weight / whole).clip(lower=0.01)
    cost = truth.cost_share + 0.1 * (2 * rng.random(truth.products) - 1)
    product = rng.choice(truth.products, len(lines), p=popularity / popularity.sum())
    return lines.assign(
        line=np.arange(len(lines)),
        product=product,
        quantity=quantity,
        amount=amount.round(2),
        unit_cost=amount * cost[product] / quantity,
    )


def _returns(rng, truth, lines, days):
    """Lines that come back within five weeks, under the number of their order."""
    back = lines[rng.random(len(lines)) < truth.return_share]
    back = back.assign(day=back["day"] + 1 + rng.integers(0, 35, len(back)))
    return back[back["day"] <= days].assign(quantity=-back["quantity"], amount=-back["amount"])
