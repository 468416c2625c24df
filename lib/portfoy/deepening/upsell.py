"""Do customers move up to dearer tiers of products, and who is likely to?"""

from dataclasses import dataclass

import ibis
import numpy as np
import pandas as pd

from portfoy.customers import DAY, months_before, purchases_by, to_frame
from portfoy.errors import DataError, has_columns
from portfoy.firm import Firm, analysis
from portfoy.intervals import bounded, change_p, percentiles, wald, wilson
from portfoy.locale import _
from portfoy.metrics import FEWEST, engine
from portfoy.models.lists import effect_of, offer_terms, offers, offers_said, read_back
from portfoy.words import figure, shapes, style
from portfoy.words.result import Action, Figure, Finding, Past, Result
from portfoy.words.table import show

KNOWN = ["basic", "standard", "premium"]
LEAST, DRAWS = 3, 400  # lines in each of two years that a customer is looked at with; draws of chance
LIST = "upsell"


@dataclass(frozen=True)
class Upsell(Result):
    """Who moved between tiers of products: that with most of a customer's lines, of the last 12 months and before.

    ``table``, one row per tier, the cheapest first: ``tier``, ``price`` of a piece, ``before_share`` and ``share`` of
    the lines of the two years. ``flows``: ``customers`` from ``tier_before`` to ``tier``. ``moves``: ``up``, ``down``,
    shares of the ``base`` customers; ``chance`` of moving up where the lines of each are dealt to the years by lot, and
    ``p_up``, ``p_down`` against it; ``extra``: margin a year gained by who moved up less that of others alike in tier
    and margin before; ``placebo`` the same of the year before, missing without it; with bounds. ``year``: ``up`` of a
    year before. ``listed`` whom to offer more, where more move than by chance, gain, and had bought above before.
    """

    table: pd.DataFrame
    flows: pd.DataFrame
    moves: dict
    year: Past | None
    listed: pd.DataFrame
    total: dict
    effect: dict | None
    firm: Firm

    def _say(self, *texts):
        return style.say(" ".join(texts), self.moves | self.total | (self.effect or {}), currency=self.firm.currency)

    @property
    def clear(self):
        """Whether more moved up than chance makes of it."""
        return self.moves["p_up"] < 1 - self.firm.confidence

    def finding(self):
        if not self.clear:
            return Finding(_("No more customers move up a tier than by chance"), nothing=True)
        return Finding(self._say(_("{up:share} of customers moved up a tier, more than by chance")))

    def reading(self):
        if not self.clear:
            return self._say(_("{up:share} moved up, {down:share} down; by chance {chance_interval:share}."))
        text = _("Chance makes {chance_interval:share}; who moved up gained {extra:money} a year more than others.")
        return self._say(text, *filter(None, [read_back(self.effect) if self.effect else offers_said(self.total)]))

    def figures(self):
        up = (self.moves[name] for name in ("up", "up_low", "up_high"))
        return [Figure("moved_up", *up, unit="share", better="up", year=self.year)] if self.clear else []

    def actions(self):
        if self.listed.empty:
            return []
        text = _("Offer {n:count} customers the next tier, not the {held:count} held out")
        return [Action(self._say(text), self.total["gain"], LIST, self.listed)]

    def plot(self, ax=None):
        if not self.clear:
            return None
        names = {"up": _("moved up"), "down": _("moved down"), "chance": _("either by chance")}
        values, low, high = ([self.moves[f"{name}{end}"] for name in names] for end in ("", "_low", "_high"))
        texts, colours = [style.share(value, 0) for value in values], [style.ACCENT, style.WARM, style.MUTED]
        ax = shapes.ranked_bars([*names.values()], values, texts, colours, ax, bounds=(low, high))
        numbers = self._say(_("up {up:share}, down {down:share}, by chance {chance:share}"))
        return figure.name(ax, _("Who moved between tiers"), _("share of customers, in 12 months"), numbers)

    def summary(self):
        last, flows = _("Tiers, and a year before"), _("From tier to tier")
        return [show(*each, currency=self.firm.currency) for each in ((self.table, last), (self.flows, flows))]

    def method(self):
        text = _(
            "Of customers with 3 lines or more in both years ({base:count}); tier: the one with most lines, the "
            "lower of two alike. One dear year falls back by itself: so each one's lines are dealt to the years "
            "by lot, and only what is beyond counts."
        )
        extra = _("Who moved up gained {extra_interval:money} against others alike in tier and margin.")
        placebo = _("The year before, the same two differed by {placebo_interval:money}.")
        said = [text for name, text in (("extra", extra), ("placebo", placebo)) if np.isfinite(self.moves[name])]
        return self._say(text, *said, self.firm.prices.said())


@analysis
def upsell(firm, *, offer_cost=0.0, p_up=0.0, budget=0.0, contacts=50, hold_out_share=0.2):
    """Moves between the tiers of products, what they go along with, and whom to offer the next tier, where that pays.

    Parameters
    ----------
    firm : Firm
    offer_cost, p_up : money an offer costs; chance that it moves a customer up, 0 where nobody knows
    budget, contacts : money to spend, 0 is no limit; customers on the list at most
    hold_out_share : share of the list that chance holds out, 0 to less than 1

    Returns
    -------
    Upsell; not possible where no product has a tier, or fewer than 30 customers bought enough in both years
    """
    given = {"offer_cost": offer_cost, "budget": budget, "contacts": contacts, "hold_out_share": hold_out_share}
    terms = offer_terms(firm, LIST, chance=p_up, **given)
    (rows, table, years), sure = _lines(firm), firm.confidence
    own, top = _moved(rows[1], rows[0]), len(table) - 1
    if len(own) < FEWEST:
        text = _("upsell: {n} customers bought {least} lines or more in both years; {fewest} are needed. Wait.")
        raise DataError(text.format(n=len(own), least=LEAST, fewest=FEWEST))
    drawn, year = _by_chance(rows[1].loc[own.index], rows[0].loc[own.index]), None
    moves = {"base": len(own)} | bounded("chance", drawn[:, 0].mean(), percentiles(drawn[:, 0], sure))
    for place, way in enumerate(("up", "down")):
        moves |= bounded(way, own[way].mean(), wilson(own[way].sum(), len(own), sure))
        moves[f"p_{way}"] = (1 + (drawn[:, place] >= own[way].mean()).sum()) / (1 + DRAWS)
    if years > 2 and len(then := _moved(rows[2], rows[1])) >= FEWEST:
        was = then["up"].mean(), *wilson(then["up"].sum(), len(then), sure)
        p_value = change_p([moves[name] for name in ("up", "up_low", "up_high")], was, sure)
        year = Past(f"{months_before(firm.as_of, 12):%Y-%m-%d}", float(was[0]), p_value)
    low = own[own["before"] < top].join(_margins(firm)).fillna({f"margin_{year}": 0.0 for year in range(3)})
    moves |= bounded("extra", *_extra(low, sure, "margin_0", "margin_1"))
    moves |= bounded("placebo", *(_extra(low, sure, "margin_1", "margin_2") if years > 2 else (np.nan, [np.nan] * 2)))
    above, names = low["above"] > 0, pd.Series(table["tier"])
    rule, rest = (wilson(part["up"].sum(), len(part), sure) for part in (low[above], low[~above]))
    pays = moves["p_up"] < 1 - sure and moves["extra_low"] > 0 and rule[0] > rest[1]
    now = _moved(rows[0], rows[0]).rename_axis("customer_id").reset_index()
    ranked = now[(now["above"] > 0) & (now["now"] < top) & pays]
    ranked = ranked.assign(tier=ranked["now"].map(names), worth=moves["extra"])
    ranked = ranked.sort_values(["above", "customer_id"], ascending=[False, True])[["customer_id", "tier", "worth"]]
    ranked = ranked.assign(because=_("buys above the own tier already"), next_step=_("offer the tier above"))
    listed, total = offers(firm, ranked, "worth", terms)
    flows = own.groupby(["before", "now"]).size().rename("customers").reset_index()
    flows = flows.rename(columns={"before": "tier_before", "now": "tier"}).replace(
        {"tier_before": names, "tier": names}
    )
    return Upsell(table, flows, moves, year, listed, total, effect_of(firm, LIST, days=365), firm)


def _lines(firm):
    """Lines sold by customer and tier in each of the last three years, the latest first; `Upsell.table` without moves;
    and how many of the years the data hold.
    """
    products = to_frame(engine(firm.tables.products, "products", ["product_id", "tier"]).select("product_id", "tier"))
    products = products.dropna().drop_duplicates("product_id").astype("str")
    log, ends = firm.log, [months_before(firm.as_of, 12 * year) for year in range(4)]
    has_columns(log, ["product_id"], "transactions", _("Map it in portfoy.toml."))
    sold = log.filter((log.amount > 0) & (log.ordered_on <= firm.as_of.date()) & log.customer_id.notnull())
    pieces = sold.quantity.cast("float64") if "quantity" in log.columns else ibis.literal(1.0)
    sold = sold.mutate(pieces=(pieces > 0).ifelse(pieces, 1.0))  # a line of no known number is one piece
    sold = sold.mutate(year=sum((sold.ordered_on <= end.date()).cast("int32") for end in ends) - 1)
    first = pd.Timestamp(sold.ordered_on.min().to_pandas())
    met = sold.inner_join(ibis.memtable(products), "product_id").filter(ibis._.year < 3)
    sums = {"n": met.count(), "money": met.amount.sum(), "pieces": met.pieces.sum()}
    lines = to_frame(met.group_by(["customer_id", "year", "tier"]).agg(**sums)).fillna({"pieces": 0.0})
    if lines["tier"].nunique() < 2:
        text = _("products: the lines of three years are of {n} tiers; two are needed. Give products a tier.")
        raise DataError(text.format(n=lines["tier"].nunique()))
    prices = lines.groupby("tier")[["money", "pieces"]].sum().eval("money / pieces").sort_values()
    tiers = [name for name in KNOWN if name in prices] if {*prices.index} <= {*KNOWN} else [*prices.index]
    counts = lines.set_index(["year", "customer_id", "tier"])["n"].unstack(fill_value=0)[tiers]
    ids = counts.index.unique("customer_id")
    rows = [
        counts[counts.index.get_level_values(0) == year].droplevel(0).reindex(ids, fill_value=0) for year in range(3)
    ]
    before, share = (each.sum().to_numpy() / max(each.to_numpy().sum(), 1) for each in (rows[1], rows[0]))
    table = pd.DataFrame({"tier": tiers, "price": prices[tiers].to_numpy(), "before_share": before, "share": share})
    return rows, table, sum(first <= end + DAY for end in ends[1:])


def _margins(firm):
    """By customer ``margin_0`` of the last 12 months, _1 and _2 of those before; revenue where no cost is known."""
    days, ends = purchases_by(firm.log, firm.as_of), [months_before(firm.as_of, 12 * year) for year in range(4)]
    day = days.day.fill_null(days.returned_on)
    days = days.mutate(year=sum((day <= end.date()).cast("int32") for end in ends) - 1)
    own = to_frame(days.group_by(["customer_id", "year"]).agg(margin=days.margin.sum(), revenue=days.revenue.sum()))
    known = "margin" if own["margin"].notna().any() else "revenue"
    own = own[own["year"] < 3].pivot(index="customer_id", columns="year", values=known).reindex(columns=range(3))
    return own.add_prefix("margin_")


def _moved(before, now):
    """One row per customer with lines enough in both years: the place of the tier ``before`` and ``now``, ``up``,
    ``down``, and ``above`` the share of the lines before that were above it.
    """
    enough = (before.sum(axis=1) >= LEAST) & (now.sum(axis=1) >= LEAST)
    counts, was, is_now = before[enough].to_numpy(), *(each[enough].to_numpy().argmax(axis=1) for each in (before, now))
    above = (counts * (np.arange(counts.shape[1]) > was[:, None])).sum(axis=1) / counts.sum(axis=1)
    found = {"before": was, "now": is_now, "up": is_now > was, "down": is_now < was, "above": above}
    return pd.DataFrame(found, before.index[enough])


def _by_chance(before, now):
    """Shares up and down where the lines of each customer are dealt to the two years by lot, one row a draw."""
    random, whole, found = np.random.default_rng(0), (before + now).to_numpy().astype(int), []
    sizes = now.sum(axis=1).to_numpy().astype(int)
    for _draw in range(DRAWS):
        left, rest, drawn = sizes.copy(), whole.sum(axis=1), np.zeros_like(whole)
        for place in range(whole.shape[1]):
            rest = rest - whole[:, place]
            drawn[:, place] = random.hypergeometric(whole[:, place], rest, left)
            left = left - drawn[:, place]
        step = drawn.argmax(axis=1) - (whole - drawn).argmax(axis=1)
        found.append([(step > 0).mean(), (step < 0).mean()])
    return np.array(found)


def _extra(low, sure, now, then):
    """Margin gained by who moved up less that of others of the same tier and third of margin, weighted by who moved."""
    third = pd.qcut(low[then].rank(method="first"), 3, labels=False) if len(low) > 2 else 0
    cells = (low[now] - low[then]).groupby([low["before"], third, low["up"]]).agg(["size", "mean", "var"]).unstack()
    cells = cells[(cells["size"] > 1).all(axis=1)]
    if cells["size"].shape[1] < 2 or cells.empty:
        return np.nan, (np.nan, np.nan)
    weight = cells["size"][True] / cells["size"][True].sum()
    off = (cells["mean"][True] - cells["mean"][False]) @ weight
    error = np.sqrt((weight**2 * (cells["var"] / cells["size"]).sum(axis=1)).sum())
    return off, wald(off, error, sure)
