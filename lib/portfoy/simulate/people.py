"""Who buys and what there is to buy: customers and products."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from portfoy.simulate.days import draw_arrivals, pick
from portfoy.simulate.truth import BANDS, CHANNELS, EDUCATION, PERSONAS, TYPES

INTERESTS = ["cooking", "tea", "garden", "decoration", "reading", "handicraft", "children", "outdoors"]
TIERS = {"basic": ("Everyday", 0.7), "standard": ("Classic", 1.0), "premium": ("Master", 1.7)}
GOODS = {  # category: price of a standard item in TRY, the four items
    "Tea and coffee": (240, "tea glass set", "çaydanlık", "copper cezve", "coffee cup set"),
    "Kitchen": (380, "stew pot", "bread board", "spice jar set", "börek tray"),
    "Table": (340, "dinner plate set", "table runner", "cutlery set", "serving bowl"),
    "Bedroom": (560, "duvet cover", "quilt", "bolster", "pillow"),
    "Bath": (260, "peştemal", "bathrobe", "soap dish", "bath mat"),
    "Carpets": (1100, "kilim", "runner carpet", "door mat", "prayer rug"),
    "Lighting": (480, "mosaic lamp", "floor lamp", "lantern", "candle holder"),
    "Furniture": (1500, "sedir bench", "side table", "bookshelf", "stool"),
    "Decoration": (280, "çini vase", "nazar ornament", "wall clock", "mirror"),
    "Garden": (420, "mangal grill", "samovar", "garden chair", "flower pot"),
}


@dataclass(frozen=True)
class Goods:
    """The catalogue and what drives its sales; arrays have one entry per product."""

    table: pd.DataFrame  # as shipped: prices of the last month
    ids: np.ndarray
    price: np.ndarray  # TRY of the first month
    cost_share: np.ndarray
    launch: np.ndarray  # day number; negative before the window
    popularity: np.ndarray  # share of lines
    older: np.ndarray  # what is bought instead before the launch
    pairs: list  # (A, B, strength) as numbers of products
    bass: int  # number of the product that spreads


def make_goods(rng, truth, window):
    """120 products: 10 categories, 4 items, 3 tiers."""
    rows = [
        (f"{word} {item}", category, tier, base * factor)
        for category, (base, *items) in GOODS.items()
        for item in items
        for tier, (word, factor) in TIERS.items()
    ]
    table = pd.DataFrame(rows, columns=["name", "category", "tier", "price"])
    n, number = len(table), {f"P{k + 1:03d}": k for k in range(len(table))}
    pairs = [(*(number[name] for name in key.split()), strength) for key, strength in truth.affinities.items()]
    bass = number[truth.bass_product]
    price = np.round(table["price"] * rng.uniform(0.6, 1.4, n), 0).to_numpy()
    share = table["tier"].map(truth.cost_share).to_numpy() + rng.uniform(-0.05, 0.05, n)
    weight = rng.gamma(3.0, 1 / 3, n) * (price / 400) ** -0.3
    weight[[a for a, _, _ in pairs]] = rng.uniform(1.6, 2.4, len(pairs))
    weight[[b for _, b, _ in pairs]] = rng.uniform(0.3, 0.5, len(pairs))
    weight[bass] = 0
    launch = -rng.integers(30, 1_500, n)
    free = np.setdiff1d(np.arange(n), [bass, *[k for a, b, _ in pairs for k in (a, b)]])
    late, older = rng.permutation(free)[:16].reshape(2, 8)
    launch[late] = rng.integers(60, window.last - 120, 8)
    launch[bass] = round(truth.bass_launch * window.last)
    instead = np.arange(n)
    instead[late] = older
    today = window.index[-1]
    table = table.assign(
        product_id=list(number),
        list_price=np.round(price * today, 2),
        unit_cost=np.round(price * today * share, 2),
        launched_on=window.dates(launch),
    )[["product_id", "name", "category", "tier", "list_price", "unit_cost", "launched_on"]]
    return Goods(
        table, np.array(list(number), object), price, share, launch, weight / weight.sum(), instead, pairs, bass
    )


def draw_consumers(rng, truth, window, size):
    """One row per consumer: what is known of them, ``arrival`` on the season's clock (missing: never buys)."""
    arrival = draw_arrivals(rng, truth, window, size)
    day = window.day_of(arrival).astype(float)
    early = np.where(rng.random(size) < 0.7, 0, np.floor(rng.exponential(20, size)))
    year = np.clip(np.round(rng.normal(truth.birth_year_mean, truth.birth_year_sd, size)), 1940, 2005)
    band = age_band(truth, year)
    channel = pick(rng, np.array([truth.channel_by_age[name] for name in BANDS])[band], size)
    shares = np.array([truth.persona_shares[f"{one} {two}"] for one in BANDS for two in CHANNELS])
    income = list(truth.income_shares)
    return pd.DataFrame(
        {
            "type": 0,
            "birth_year": year,
            "gender": np.where(rng.random(size) < truth.female_share, "female", "male"),
            "income_band": np.array(income, object)[pick(rng, list(truth.income_shares.values()), size)],
            "channel": channel,
            "persona": pick(rng, shares[band * len(CHANNELS) + channel], size),
            "arrival": np.where(rng.random(size) < truth.prospect_share, np.nan, arrival),
            "joined": np.maximum(day - early, 0),
            "lead": -1,
        }
    )


def draw_firms(rng, truth, window, leads):
    """One row per won lead: the firm that became a customer on the day the lead closed."""
    won = np.flatnonzero(leads["won"] & (leads["closed"] <= window.last))
    joined = leads["closed"].to_numpy()[won]
    day = joined + np.floor(rng.exponential(truth.first_order_delay, len(won)))
    here = np.minimum(day, window.last).astype(int)
    moment = window.clock[here] + window.season[here] * rng.random(len(won))
    return pd.DataFrame(
        {
            "type": leads["type"].to_numpy()[won],
            "birth_year": np.nan,
            "gender": None,
            "income_band": None,
            "channel": pick(rng, truth.channel_of_firms, len(won)),
            "persona": -1,
            "arrival": np.where(day <= window.last, moment, np.nan),
            "joined": joined,
            "lead": won,
        }
    )


def draw_people(rng, truth, window, leads, size):
    """All customers in the order they joined, with what nobody sees: ``rate``, ``stop``, ``level``, ``multiplier``."""
    firms = draw_firms(rng, truth, window, leads).iloc[:size]
    people = pd.concat([draw_consumers(rng, truth, window, size - len(firms)), firms], ignore_index=True)
    people = people.sort_values("joined", kind="stable", ignore_index=True)
    n, regions = len(people), list(truth.region_shares)
    kind = np.array(TYPES, object)[people["type"]]
    people["region"] = np.array(regions, object)[pick(rng, list(truth.region_shares.values()), n)]
    people["interests"] = _interests(rng, n)
    people["rate"] = rng.gamma(truth.r, 1 / truth.alpha, n) * pd.Series(kind).map(truth.rate_by_type).to_numpy()
    people["stop"] = rng.beta(truth.a, truth.b, n)
    people["level"] = 1 / rng.gamma(truth.q, 1 / truth.v, n)
    people["multiplier"] = (
        pd.Series(kind).map(truth.spend_by_type)
        * people["income_band"].map(truth.spend_by_income).astype(float).fillna(1.0)
        * people["region"].map(truth.spend_by_region)
    )
    return people


def age_band(truth, year):
    """0 young, 1 middle, 2 older, by year of birth; middle where it is missing."""
    year = np.asarray(year, float)
    return np.where(year >= truth.young_from, 0, np.where(year <= truth.older_until, 2, 1))


def _interests(rng, size):
    """One to three words each, joined by ";"."""
    words = np.array(INTERESTS, object)
    drawn = np.argsort(rng.random((size, len(words))), axis=1, kind="stable")[:, :3]
    count = rng.integers(1, 4, size)
    one, two, three = (words[drawn[:, k]] for k in range(3))
    return one + np.where(count > 1, ";" + two, "") + np.where(count > 2, ";" + three, "")


def draw_education(rng, truth, people):
    """The education of each consumer, by age band and income; None for firms."""
    shares = np.array([truth.education_shares[f"{band} {income}"] for band in BANDS for income in truth.income_shares])
    income = people["income_band"].map({name: k for k, name in enumerate(truth.income_shares)}).fillna(0).to_numpy(int)
    drawn = pick(rng, shares[age_band(truth, people["birth_year"]) * len(truth.income_shares) + income], len(people))
    return np.where(people["type"] == 0, np.array(EDUCATION, object)[drawn], None)


def customers_table(people, names, window):
    """The table of customers as the firm sees them."""
    return pd.DataFrame(
        {
            "customer_id": names,
            "joined_on": window.dates(people["joined"]),
            "type": np.array(TYPES, object)[people["type"]],
            "birth_year": people["birth_year"].astype("Int64"),
            **people[["gender", "region", "income_band"]],
            "channel": np.array(CHANNELS, object)[people["channel"]],
            "interests": people["interests"],
        }
    )


def latent_table(truth, people, names, window, left):
    """One row per customer: what a fit tries to guess."""
    return pd.DataFrame(
        {
            "customer_id": names,
            "rate": people["rate"],  # orders a season day while active
            "stop": people["stop"],  # chance to stop after a repeat order
            "mean_order": truth.p * people["level"],  # TRY of the first month, before the multiplier
            "multiplier": people["multiplier"],
            "persona": np.array([*PERSONAS, ""], object)[people["persona"]],
            "active": people["active"],  # still buying on the last day
            "left_on": window.dates(np.where(np.isfinite(left), left, np.nan)),  # because of a bad ticket
        }
    )
