"""Launches: which products came out within the data, and how each spread among the customers, week by week."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from portfoy.customers import DAY, as_table, resolve_as_of, to_frame
from portfoy.errors import DataError
from portfoy.firm import analysis
from portfoy.locale import _
from portfoy.metrics import engine
from portfoy.models.bass import FEWEST_ADOPTERS, FEWEST_PERIODS, Bass, fit_bass
from portfoy.words import figure, shapes, style
from portfoy.words.result import Finding, Result
from portfoy.words.table import show

SETTLED = 180  # days on sale from which a launch can be the one a report picks by itself
UNDATED = 180  # days into the data from which a first sale is taken for a launch
WEEK = 7


@dataclass(frozen=True)
class Product:
    """A product and its launch.

    ``product_id``, ``name`` (the id where there is none), ``launched_on`` date, ``days`` on sale, ``adopters`` its
    buyers; ``given``: the reader named it; ``choices``: how many launches it was picked from.
    """

    product_id: str
    name: str
    launched_on: pd.Timestamp
    days: int
    adopters: int
    given: bool
    choices: int


@dataclass(frozen=True)
class Launch(Result):
    """How one product spread among the customers, and the Bass model of it.

    ``table``, one row per parameter: ``parameter``, ``meaning`` text; ``value`` with bounds in ``unit``: "share" (p and
    q, a month), "count" (m, customers) or "number" (months from the launch to the peak); where m stays open, so do p
    and the peak, and they are left out. ``products``: the launches within the data, as `launched_products`; ``product``
    the one looked at. ``adoptions``: its first purchases by week, as `adoption_table`; ``bass`` the model fitted to
    them; ``curve`` both, and the forecast, as `launch_curve`.
    """

    table: pd.DataFrame
    products: pd.DataFrame
    product: Product
    adoptions: pd.DataFrame
    bass: Bass
    curve: pd.DataFrame

    @property
    def _values(self):
        low, high = self.bass.interval("m")
        about = {"name": style.shorten(self.product.name), "day": self.product.launched_on, "why": self.bass.open}
        counts = {"n": self.bass.adopters, "m": self.bass.m, "m_low": low, "m_high": high}
        return about | counts | {"choices": self.product.choices, "level": style.level(self.bass.confidence)}

    def finding(self):
        text = _("{name} will reach about {m:count} customers in the end")
        if self.bass.open:
            text = _("{name} has {n:count} customers so far; the end is open")
        return Finding(style.say(text, self._values))

    def reading(self):
        if self.bass.open:
            text = _("{n:count} have bought it since {day:day}; how many will stays open, because {why}.")
            return style.say(text, self._values)
        p, q = (self.bass.interval(name) for name in ("p", "q"))
        if q[0] > p[1]:
            spread = _("Mostly buyers bring buyers: win the first ones.")
        elif q[1] < p[0]:
            spread = _("Mostly they come by themselves: tell many.")
        else:
            spread = _("Whether buyers bring buyers stays open.")
        text = _("{n:count} have bought it since {day:day}, {m_interval:count} will in the end.")
        return style.say(f"{text} {spread}", self._values)

    def plot(self, ax=None):
        curve, seen = self.curve, self.curve["cumulative"].notna()
        x = curve["starts_on"] + (curve["end_day"] - curve["start_day"]) * DAY
        total, low, high = (curve[f"expected_total{bound}"] for bound in ("", "_low", "_high"))
        parts = [
            (_("counted"), style.ACCENT, x[seen], curve["cumulative"][seen], None, None),
            (_("model"), style.MUTED, x[seen], total[seen], None, None),
        ]
        if not seen.all():
            parts.append((_("to come"), style.SECOND, x[~seen], total[~seen], low[~seen], high[~seen]))
        level = None if self.bass.open else (style.say(_("in the end: {m:count}"), self._values), self.bass.m)
        ax = shapes.lines(parts, ax, level=level)
        ax.set_ylim(bottom=0)
        texts = _("Buyers of {name}"), _("week by week; band: {level} interval"), _("{n:count} since {day:day}")
        return figure.name(ax, *(style.say(text, self._values) for text in texts))

    def summary(self):
        return [
            show(self.table, _("What carries the spread")),
            show(self.products.head(10), _("The launches")),
        ]

    def method(self):
        text = _(
            "Bass model of weekly first purchases. Intervals ({level}) allow for weeks that "
            "scatter {times:number} times as chance. A season looks the same."
        )
        if not self.product.given:
            text += " " + _("It has the most buyers of {choices:count} launches.")
        return style.say(text, self._values | {"times": math.sqrt(self.bass.dispersion)})


@analysis
def launch(firm, *, product="", weeks_ahead=26):
    """How a product that came out within the data spread among the customers, and how it goes on.

    Parameters
    ----------
    firm : Firm, whose order lines and ``products`` have ``product_id``, the products ``launched_on`` and [``name``]
    product : a product_id or a name; empty: the launch with the most buyers of those on sale for half a year
    weeks_ahead : how far the forecast goes

    Returns
    -------
    Launch; not possible where a table or column is missing, no product was launched, or not the one named, or the model
    has too little to go on
    """
    products = launched_products(firm.tables, as_of=firm.as_of)
    picked = pick_product(products, product)
    adoptions = adoption_table(firm.log, picked.product_id, picked.launched_on, as_of=firm.as_of)
    bass = fit_bass(adoptions, confidence=firm.confidence)
    curve = launch_curve(adoptions, bass, weeks_ahead=weeks_ahead)
    return Launch(launch_table(bass), products, picked, adoptions, bass, curve)


def launched_products(tables, *, as_of=None):
    """Products that came out within the data and found enough buyers to see how they spread.

    A product without a date, or sold before it, counts from its first sale, if that is at least 180 days into the data.
    ``products`` of the `tables` need ``product_id`` and ``launched_on``, [``name``], the log ``product_id``.

    Gives a DataFrame, one row per product with at least 30 buyers and six weeks on sale, most buyers first:
    ``product_id``, ``name`` text; ``launched_on`` date; ``days_on_sale`` up to `as_of`; ``adopters`` customers who
    bought it at least once (a return does not undo it).
    """
    log, products = _with_products(as_table(tables.transactions)), _read_products(tables.products)
    as_of, begins = resolve_as_of(log, as_of), pd.Timestamp(log.ordered_on.min().to_pandas())
    sales = _sales(log, as_of)
    sold = to_frame(sales.group_by("product_id").agg(lines=sales.count(), first_sale=sales.ordered_on.min()))
    table = sold.merge(products, on="product_id", how="left")
    dated = table["launched_on"] <= table["first_sale"]
    late = table["first_sale"] >= begins + UNDATED * DAY
    inside = (dated & (table["launched_on"] > begins)) | (~dated & late)
    table["launched_on"] = table["launched_on"].where(dated, table["first_sale"])
    table["days_on_sale"] = (as_of - table["launched_on"]) // DAY + 1
    enough = (table["lines"] >= FEWEST_ADOPTERS) & (table["days_on_sale"] >= FEWEST_PERIODS * WEEK)
    table = table[inside & enough]  # their buyers only are counted: of all products that would take long
    own = sales.filter(sales.product_id.isin(table["product_id"].tolist()))
    buyers = to_frame(own.group_by("product_id").agg(adopters=own.customer_id.nunique()))
    table = table.assign(name=table["name"].fillna(table["product_id"])).merge(buyers, on="product_id")
    table = table[table["adopters"] >= FEWEST_ADOPTERS]
    table = table.sort_values(["adopters", "product_id"], ascending=[False, True])
    return table[["product_id", "name", "launched_on", "days_on_sale", "adopters"]].reset_index(drop=True)


def pick_product(launched, product=""):
    """The launch to look at, a `Product`: the one named by its id or name, else the one with most buyers.

    It is chosen from those on sale for 180 days; where there are none, from all.
    """
    if launched.empty:
        text = _("launch: no launch has {fewest} buyers. Check launched_on, or take a longer history.")
        raise DataError(text.format(fewest=FEWEST_ADOPTERS))
    if product:
        found = launched[(launched["product_id"] == product) | (launched["name"].str.casefold() == product.casefold())]
        if found.empty:
            listed = ", ".join(launched["product_id"].head(20)) + (" ..." if len(launched) > 20 else "")
            text = _("launch: no launched product is {product!r}. Name one of {listed}.")
            raise DataError(text.format(product=product, listed=listed))
    else:
        settled = launched[launched["days_on_sale"] >= SETTLED]
        found = (launched if settled.empty else settled).sort_values("adopters", ascending=False, kind="stable")
    return Product(*next(found.itertuples(index=False)), bool(product), len(found))


def adoption_table(log, product_id, launched_on, *, as_of=None):
    """How many customers bought a product for the first time, week by week from its launch up to `as_of`.

    Gives a DataFrame, one row per week, those without buyers too: ``start_day``, ``end_day`` days since the launch, the
    second not in the week; the last week may be shorter; ``starts_on`` date; ``adopters`` first purchases in it
    (earlier ones on day 0); ``cumulative`` so far.
    """
    log = _with_products(as_table(log))
    as_of, launched_on = resolve_as_of(log, as_of), pd.Timestamp(launched_on)
    days = (as_of - launched_on) // DAY + 1
    if days < 1:
        text = _("launch: {product} came out on {launch:%Y-%m-%d}. Take a later date than {as_of:%Y-%m-%d}.")
        raise DataError(text.format(product=product_id, launch=launched_on, as_of=as_of))
    week = ((first_buyers(log, product_id, as_of) - launched_on) // DAY).clip(lower=0) // WEEK
    table = pd.DataFrame({"start_day": np.arange(0, days, WEEK)})
    table["end_day"] = np.minimum(table["start_day"] + WEEK, days)
    table["starts_on"] = launched_on + table["start_day"] * DAY
    table["adopters"] = np.bincount(week, minlength=len(table))
    return table.assign(cumulative=table["adopters"].cumsum())


def launch_curve(adoptions, fit, *, weeks_ahead=26):
    """What was counted (an `adoption_table`) beside what the model expects, and its forecast; none where m stays open.

    Gives a DataFrame, one row per week: the columns of `adoption_table`, the last two missing in weeks to come;
    ``expected`` buyers of the week with ``_low``, ``_high``; ``expected_total`` so far; in weeks to come it starts from
    those counted, with bounds.
    """
    ahead = 0 if fit.open else int(weeks_ahead)
    start = fit.days + WEEK * np.arange(ahead)
    later = pd.DataFrame({"start_day": start, "end_day": start + WEEK})
    later["starts_on"] = adoptions["starts_on"].iloc[0] + later["start_day"] * DAY
    table = pd.concat([adoptions, later], ignore_index=True) if ahead else adoptions.reset_index(drop=True)
    names = ["expected", "expected_low", "expected_high"]
    week = fit.expected(table["end_day"], start_day=table["start_day"])
    total = fit.expected(adoptions["end_day"])[names].assign(expected_low=np.nan, expected_high=np.nan)
    if ahead:
        rest = fit.adopters + fit.expected(later["end_day"], start_day=fit.days)[names]
        total = pd.concat([total, rest], ignore_index=True)
    total.columns = ["expected_total", "expected_total_low", "expected_total_high"]
    return pd.concat([table, week[names], total], axis=1)


def launch_table(fit):
    """The parameters of a `Bass` with their meaning, as the table of a `Launch`."""
    rows = [
        ("p", _("share of others who buy unprompted, monthly"), fit.p, *fit.interval("p"), "share"),
        ("q", _("added to that share once all have it"), fit.q, *fit.interval("q"), "share"),
        ("m", _("customers in the end"), fit.m, *fit.interval("m"), "count"),
        (_("peak"), _("months until the busiest"), *fit.peak(), "number"),
    ]
    table = pd.DataFrame(rows, columns=["parameter", "meaning", "value", "value_low", "value_high", "unit"])
    return table.iloc[[1]].reset_index(drop=True) if fit.open else table


def first_buyers(log, product_id, as_of):
    """Series customer_id -> day of the first purchase of a product, up to `as_of`."""
    sales = _sales(log.filter(log.product_id == product_id), as_of)
    return to_frame(sales.group_by("customer_id").agg(day=sales.ordered_on.min())).set_index("customer_id")["day"]


def _sales(log, as_of):
    return log.filter((log.ordered_on <= as_of.date()) & (log.amount >= 0) & log.product_id.notnull())


def _with_products(log):
    return engine(log, "transactions", ["product_id"]).mutate(product_id=log.product_id.cast("string"))


def _read_products(products):
    """``product_id``, ``name``, ``launched_on`` of the products table, in pandas."""
    engine(products, "products", ["product_id", "launched_on"])
    columns = [name for name in ("product_id", "name", "launched_on") if name in products.columns]
    table = to_frame(products[columns]).dropna(subset="product_id").drop_duplicates("product_id")
    table = table.astype({"product_id": "str"})
    name = table["name"].astype("str") if "name" in table else table["product_id"]
    launched_on = pd.to_datetime(table["launched_on"]).astype("datetime64[us]")
    return table.assign(name=name.fillna(table["product_id"]), launched_on=launched_on)
