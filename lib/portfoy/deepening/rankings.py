"""Ways to rank products for customers: each learns from what was bought up to a day, and gives chances to buy."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from portfoy.customers import DAY
from portfoy.deepening.rhythms import rhythm_table

LEARN = 4  # windows that are learnt from, at most
PRIOR = 20.0  # customers for whom the chance among all stands, in a chance among those who bought something
SHELF = 30  # days without a sale that take no product off sale
BLOCK = 4_000_000  # cells of customers x products that are looked at at once


@dataclass(frozen=True, eq=False)
class Bought:
    """What customers bought, by windows of ``days`` days that end on ``as_of``: 1 .. ``last``, and 0 for all before.

    ``lines``, by period: customer, product (places in ``customers``, ``products``), period, days of purchase, margin;
    ``visits``, by customer and category: customer, category, period, days, first, last; ``sales``: product, day;
    ``ended``, ``begun``: the `spells`; ``category`` of each product, a place in ``categories``.
    """

    as_of: pd.Timestamp
    days: int
    last: int
    customers: pd.Index
    products: pd.Index
    categories: list
    category: np.ndarray
    lines: pd.DataFrame
    visits: pd.DataFrame
    sales: pd.DataFrame
    ended: pd.DataFrame
    begun: pd.DataFrame
    seen: dict = field(default_factory=dict, repr=False)

    def at(self, window):
        """What was known at the end of a window (`Past`), worked out once."""
        return self.seen.setdefault(window, Past(self, window))

    def matrix(self, lines, name="days"):
        """A column of `lines`, customers by products (sparse)."""
        from scipy.sparse import csr_matrix

        shape, kind = (len(self.customers), len(self.products)), np.float32 if name == "days" else np.float64
        return csr_matrix((lines[name].to_numpy(kind), (lines["customer"], lines["product"])), shape)


class Past:
    """What was known at the end of a window; nothing from after it is looked at.

    ``lines`` of `Bought` so far, and ``lately``; ``own`` days on which each customer bought each product, ``has``
    whether (sparse); ``known``: places of the customers who have bought anything.
    """

    def __init__(self, bought, window):
        self.bought, self.window = bought, window
        self.day = bought.as_of - (bought.last - window) * bought.days * DAY
        self.lines, self.lately = self.since(0), self.since(window - LEARN + 1)
        self.own = bought.matrix(self.lines)
        self.has = (self.own > 0).astype(np.float32)
        self.known = np.flatnonzero(self.has.getnnz(axis=1))

    def since(self, window):
        """The lines from a window on, up to this one."""
        rows = self.bought.lines
        return rows.iloc[slice(*np.searchsorted(rows["period"], [window, self.window + 1]))]

    @cached_property
    def both(self):
        """Customers who have bought both of two products; the diagonal: one."""
        return (self.has.T @ self.has).toarray()

    @cached_property
    def taken(self):
        """Who took a product new to him or her in the window (sparse), of those known before it."""
        before, rows = self.bought.at(self.window - 1).has, self.since(self.window)
        rows = rows[before.getnnz(axis=1)[rows["customer"]] > 0]
        now = (self.bought.matrix(rows) > 0).astype(np.float32)
        return now - now.multiply(before)

    @cached_property
    def moves(self):
        """Of the window: who took each product, who could have, and both by what they had before (arrays)."""
        before = self.bought.at(self.window - 1)
        one, moved = before.both.diagonal(), (before.has.T @ self.taken).toarray()
        return self.taken.sum(axis=0).A1, len(before.known) - one, moved, one[:, None] - before.both

    @cached_property
    def learnt(self):
        """The `moves` of the last windows together."""
        windows = range(max(2, self.window - LEARN + 1), self.window + 1)
        return [sum(each) for each in zip(*(self.bought.at(window).moves for window in windows), strict=True)]

    @cached_property
    def base(self):
        """Chance that a customer who has not bought a product takes it within a window."""
        return self.learnt[0] / np.maximum(self.learnt[1], 1)

    @cached_property
    def margin(self):
        """What a product brings, of one who buys it within a window; that of few buyers is drawn towards all."""
        brought, place = self.lately["margin"], self.lately["product"]
        total, n = (np.bincount(place, of, len(self.base)) for of in (brought, np.ones(len(place))))
        return (total + 3 * brought.mean()) / (n + 3)

    @cached_property
    def on_sale(self):
        """Products sold not longer ago than their longest gap between days of sale, five mean ones, or 30 days.

        Of those sold at random one in 150 is taken for off sale.
        """
        sales = self.bought.sales[self.bought.sales["day"] <= self.day].sort_values(["product", "day"])
        gaps = (sales.groupby("product")["day"].diff() / DAY).groupby(sales["product"]).agg(["max", "mean"])
        silent = (self.day - sales.groupby("product")["day"].max()) / DAY
        limit = np.maximum(gaps["max"], 5 * gaps["mean"]).fillna(0).clip(lower=SHELF)
        return np.isin(np.arange(len(self.bought.products)), silent.index[silent <= limit])

    @cached_property
    def rhythms(self):
        own = self.bought
        return rhythm_table(own.ended, own.begun, range(len(own.categories)), until=self.window, day=self.day)

    @cached_property
    def done(self):
        """Customers by products of a category that is bought once, and in which they have bought (sparse)."""
        from scipy.sparse import diags

        once = self.rhythms["once"].to_numpy(float)[:-1]
        kinds = diags(once).tocsr()[self.bought.category]
        kinds.eliminate_zeros()
        return (self.has @ kinds @ kinds.T) > 0

    @cached_property
    def waits(self):
        """Of each customer and category bought in: ``days``, ``first``, ``last``, its ``gap``, ``due`` day, ``gone``.

        The gap is the mean of one's own and the median of the category, which counts as one more; three are too long.
        """
        rows = self.bought.visits[self.bought.visits["period"] <= self.window]
        key = (rows["customer"].astype(np.int64) * len(self.bought.categories) + rows["category"]).to_numpy()
        start, end = np.flatnonzero(np.diff(key, prepend=-1)), np.flatnonzero(np.diff(key, append=-1))
        days, last = np.add.reduceat(rows["days"].to_numpy(), start), rows["last"].to_numpy()[end]
        rows = rows.iloc[start].assign(key=key[start], days=days, last=last)
        usual = self.rhythms["gap"].to_numpy(float)[rows["category"]]
        gap = (((rows["last"] - rows["first"]) / DAY + usual) / rows["days"]).clip(lower=1)
        due = rows["last"] + gap.fillna(0).round() * DAY
        return rows.assign(gap=gap, due=due, gone=~((self.day - rows["last"]) / DAY <= 3 * gap))

    def wait_of(self, customer, product):
        """The row of `waits` of each of these customers and the category of the product."""
        wanted = customer.astype(np.int64) * len(self.bought.categories) + self.bought.category[product]
        return self.waits.iloc[np.searchsorted(self.waits["key"], wanted)]

    @cached_property
    def pace(self):
        """How much each customer has bought lately, to the mean of those known; one purchase more for each."""
        count = np.bincount(self.lately["customer"], minlength=len(self.bought.customers)) + 1.0
        return count / count[self.known].mean()

    @cached_property
    def level(self):
        """What each customer's purchases brought, to what these products bring of all."""
        who, worth = self.lines["customer"], np.maximum(self.margin, 0)
        some = 3 * (max(self.margin.mean(), 1e-9 * np.abs(self.margin).mean()) or 1.0)
        each, size = worth[self.lines["product"]], len(self.bought.customers)
        brought, usual = (np.bincount(who, of, size) + some for of in (self.lines["margin"], each))
        return np.maximum(brought / usual, 0)


# Ways: of a past, a function that gives customers (places) x products the chance to buy within a window


def popular(past):
    """What most customers took lately, whatever it brings; all other ways are ranked by chance times margin."""
    return lambda rows: np.tile(past.learnt[0] / len(past.known), (len(rows), 1))


def earning(past):
    """The chance among all who have not bought it."""
    return lambda rows: np.tile(past.base, (len(rows), 1))


def pairs(past):
    """The highest chance that any product one has bought leads to: of those who had it and not the other, who took it.

    Each is drawn towards the chance among all, which counts as that of 20 customers.
    """
    _took, _could, moved, might = past.learnt
    chance = ((moved + PRIOR * past.base) / (might + PRIOR)).astype(np.float32)

    def score(rows):
        had, found = past.has[rows].tocsc(), np.zeros((len(rows), len(chance)), np.float32)
        for product in range(len(chance)):
            own = had.indices[had.indptr[product] : had.indptr[product + 1]]
            found[own] = np.maximum(found[own], chance[product])
        return found

    return score


def similar(past):
    """The chance among all, times how near a product is to those one has bought, to how near it is to others'.

    Near is the cosine of who bought both (Sarwar, Karypis, Konstan & Riedl 2001, WWW 10, 285-295): the mean over what
    one has bought, and over one product more that is as near as on average.
    """
    one, had = np.sqrt(np.maximum(past.both.diagonal(), 1)), past.has[past.known]
    near = (past.both / one[:, None] / one).astype(np.float32)
    np.fill_diagonal(near, 0)
    usual = np.maximum(had.multiply(1 / had.getnnz(axis=1)[:, None]).mean(axis=0).A1 @ near, 1e-9)

    def score(rows):
        own = past.has[rows]
        return past.base * (own @ near / usual + 1) / (own.getnnz(axis=1)[:, None] + 1)

    return score


def again(past, late=False):
    """What one buys again within a window: own gaps say how often, own days of purchase which of a category.

    `late`: only what is due by the day, of those who bought in the category twice.
    """
    own = past.own.tocoo()
    wait = past.wait_of(own.row, own.col)
    share = np.where(wait["days"] > 1, 1.0, past.rhythms["again"].to_numpy(float)[wait["category"]])
    chance = -np.expm1(-past.bought.days / wait["gap"].to_numpy()) * share * own.data / wait["days"]
    soon = (wait["due"] <= past.day) & (wait["days"] > 1) if late else wait["due"] <= past.day + past.bought.days * DAY
    own.data = np.where(soon & ~wait["gone"], chance, 0).astype(np.float32)
    kept = own.tocsr()
    return lambda rows: kept[rows].toarray()


WAYS = {"popular": popular, "earning": earning, "pairs": pairs, "similar": similar, "again": again}  # simplest first


def best(past, way, k, who, **given):
    """The k best products for each of these known customers by a way: places (who x k, -1: none) and their chances.

    Left out is what is off sale, brings no margin, or is bought once and has been; of "again" all that is new to the
    customer, of the others all that is not.
    """
    score, worth = WAYS[way](past, **given), np.where(past.on_sale, np.maximum(past.margin, 0), 0)
    worth, found = (worth > 0) * 1.0 if way == "popular" else worth, []
    size = max(1, BLOCK // len(worth))
    for start in range(0, len(who), size):
        rows = who[start : start + size]
        chance, line = score(rows), np.arange(len(rows))
        for out in [past.done, past.has][: 1 if way == "again" else 2]:
            chance[out[rows].nonzero()] = 0
        value = chance * worth
        top = np.empty((2, len(rows), k))
        for place in range(k):
            at = value.argmax(axis=1)
            top[:, :, place] = np.where(value[line, at] > 0, (at, chance[line, at]), [[-1], [0]])
            value[line, at] = 0
        found.append(top)
    places, chances = np.concatenate([np.empty((2, 0, k)), *found], axis=1)
    return places.astype(int), chances
