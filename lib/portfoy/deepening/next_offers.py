"""What to offer each customer next: products by name, chosen by the way that met most margin on later days."""

from dataclasses import dataclass

import ibis
import numpy as np
import pandas as pd

from portfoy.customers import DAY, cost_of, to_frame
from portfoy.deepening.rankings import WAYS, Bought, best
from portfoy.deepening.rhythms import rhythm_table, spells, worked_out
from portfoy.errors import DataError
from portfoy.firm import analysis
from portfoy.intervals import bounded, wald
from portfoy.locale import _
from portfoy.models.columns import TREATED
from portfoy.models.leaks import hashed
from portfoy.models.lists import check_limits, effect_of, held_out, offer_terms, offers, offers_said, read_back
from portfoy.words import figure, shapes, style
from portfoy.words.codes import said_as
from portfoy.words.result import Action, Finding, Result
from portfoy.words.table import show

LIST = "offers"  # its name, by which arms are drawn
MOST = 3_000  # products that are looked at, those that most customers have bought
WINDOWS, JUDGED = 8, 6  # of the horizon that are looked at, and of these judged, at most; of many customers half
SOME = 10_000  # customers whom ways are judged on, at most
FEWEST = 30  # customers on the first judged day, and products new to them that they bought on the days judged
POPULAR, AGAIN = "popular", "again"
HIDDEN = ["campaign_id", "contacted_on", "hold_out_share", "product_id", "cost_so_far"]


@dataclass(frozen=True)
class NextOffers(Result):
    """What to offer each customer next.

    ``table``, one row per customer and offer, the most expected first: ``customer_id``; ``place`` 1 .. k;
    ``product_id``, ``offer`` its name; ``kind`` "new" to the customer or "again"; ``p_buys`` chance that it is bought
    within the horizon, offered or not; ``if_bought`` what it brings then; ``offer_value``, their product; and the
    reason: ``since`` the product bought of whose buyers ``share`` bought it too, the highest; of again ``gap`` days,
    ``due`` since. ``ways``, one row per way to choose, over the judged days: ``way``; ``hit_rate`` share of customers
    who bought one of the k within the horizon, with bounds; ``recall`` share of what customers bought that was among
    them; ``coverage`` share of products on sale offered to anybody; ``met`` what the offers that were bought brought,
    per customer, with bounds; ``more`` than by "popular", with bounds, missing for "again". ``used``: the way that
    chooses new products. ``rhythms``: as from `rhythm_table`. ``listed``: the list. ``total``: what is counted.
    ``effect``: what the latest list acted on has added, as from `effect_of`. ``days``: those judged.
    """

    table: pd.DataFrame
    ways: pd.DataFrame
    used: str
    rhythms: pd.DataFrame
    listed: pd.DataFrame
    total: dict
    effect: dict | None
    days: list
    currency: str

    def _say(self, *texts):
        ways = self.ways.set_index("way")
        told = ways.loc[self.used].to_dict() | {
            "times": ways.at[self.used, "met"] / (ways.at[POPULAR, "met"] or np.nan) - 1
        }
        common = ways.loc[POPULAR]
        told |= {"common": common["hit_rate"], "usual": common["met"], "back": ways.at[AGAIN, "met"]}
        told |= {"judged": ", ".join(map(style.day, self.days)), "measure": style.measure(self.total["measure"])}
        return style.say(" ".join(texts), self.total | told | (self.effect or {}), currency=self.currency)

    def finding(self):
        if self.used == POPULAR:
            return Finding(
                self._say(_("No choice surely beats the most popular products: {hit_rate:share} bought one"))
            )
        return Finding(self._say(_("The chosen offers met purchases of {times:share} more {measure} than bestsellers")))

    def reading(self):
        first = _(
            "Without an offer, the {k:count} chosen for each brought {met:money} of {measure} within "
            "{horizon:days}, bestsellers {usual:money}; {hit_rate:share} bought one, of bestsellers "
            "{common:share}."
        )
        if self.used == POPULAR:
            first = _("So the most popular not yet bought are offered.")
        second = offers_said(self.total)
        if 0 < self.total["room"] < self.total["n"]:
            second = _(
                "{n:count} are offered theirs, first the {room:count} with room to spend more; {held:count} are "
                "held out."
            )
        return self._say(*filter(None, [read_back(self.effect) if self.effect else first, second]))

    def plot(self, ax=None):
        rows = self.ways.sort_values("met", ascending=False)
        names = [said_as("way", way) for way in rows["way"]]
        texts = [style.money(met, self.currency, digits=2) for met in rows["met"]]
        colours = rows["way"].map({self.used: style.ACCENT, AGAIN: style.PALE}).fillna(style.MUTED)
        bounds = rows["met_low"].to_list(), rows["met_high"].to_list()
        ax = shapes.ranked_bars(names, rows["met"].to_list(), texts, colours, ax, bounds=bounds)
        under = self._say(_("{measure} per customer within {horizon:days}"))
        told = "; ".join(f"{name}: {text}" for name, text in zip(names, texts, strict=True))
        return figure.name(ax, _("Bought of what each way would offer"), under, told)

    def summary(self):
        rhythms = self.rhythms.assign(once=self.rhythms["once"].map({True: _("yes"), False: _("no")}))
        shown = self.listed.head(15).drop(columns=HIDDEN)
        tables = [
            show(self.ways, _("Ways to choose offers"), currency=self.currency),
            show(rhythms, _("Bought once, and again")),
            show(shown, _("What to offer next"), currency=self.currency),
        ]
        return tables if len(shown) else tables[:2]

    def actions(self):
        if self.listed.empty:
            return []
        text = _("Offer {n:count} customers the product listed, not the {held:count} held out")
        return [Action(self._say(text), self.total["expected"], LIST, self.listed)]

    def method(self):
        text = _(
            "Each way learns up to a day ({judged}) and is judged on the {horizon:days} after, by the {measure} "
            "of offered products bought and new to the customer; one is used that surely beats all simpler "
            "ones. What is bought again ({back:money} each) would be anyway, and takes the last place when due. "
            "None of this is an effect: that comes from who is held out. Off sale: not sold for longer than its "
            "longest gap, five mean gaps, and 30 days; bought once: under a tenth buy again."
        )
        return self._say(text)


@analysis(without=("wallet",))
def next_offers(
    firm, *, k=3, horizon_days=90, wallet=None, offer_cost=0.0, budget=0.0, contacts=200, hold_out_share=0.1,
    margin_rate=0.0,
):  # fmt: skip
    """At most k offers for each customer, chosen by the way that met most margin on later days; and whom to make them.

    Parameters
    ----------
    firm : Firm, whose order lines have ``product_id``; its products give names and categories
    k, horizon_days : offers for each customer; days within which a product is to be bought
    wallet : Wallet of its customers, optional: those with room to spend more come first
    offer_cost, budget, contacts : money an offer costs; to spend, 0 is no limit; customers on the list at most
    hold_out_share : share of the list that chance holds out, 0 to less than 1
    margin_rate : margin as a share of what is paid, where no cost is known; 0: revenue stands for it

    Returns
    -------
    NextOffers; not possible without products in the orders, with a short history, few customers, or a parameter out of
    its range
    """
    check_limits(margin_rate=margin_rate, k=k - 1, horizon_days=horizon_days - 1)
    given = {"offer_cost": offer_cost, "budget": budget, "contacts": contacts, "hold_out_share": hold_out_share}
    terms, known = offer_terms(firm, LIST, chance=0.0, **given), _known(firm)
    bought, measure = _bought(firm, known, int(horizon_days), margin_rate)
    judged = JUDGED if len(bought.customers) <= SOME else JUDGED // 2
    windows = range(max(3, bought.last - judged + 1), bought.last + 1)  # at least one before them to learn from
    ways, tried, used = _ways(bought, windows, int(k), firm.confidence)
    now = bought.at(bought.last)
    names = known["name"].reindex(bought.products)
    names = names.where(names.notna(), bought.products).to_numpy(object)
    table = _today(now, tried, used, int(k), names)
    listed, total = offers(firm, _ranked(firm, table, bought, wallet), "if_bought", terms)
    listed, called = _explained(listed, table, dict(zip(bought.products, names, strict=True))), listed["arm"] == TREATED
    room = int((called & listed["headroom"].notna()).sum()) if "headroom" in listed else 0
    total |= {"k": int(k), "horizon": bought.days, "measure": measure, "room": room}
    total |= {"expected": float(listed.loc[called, "offer_value"].sum())}
    about = {"until": bought.last, "day": now.day, "confidence": firm.confidence}
    rhythms = rhythm_table(bought.ended, bought.begun, range(len(bought.categories)), **about).iloc[:-1]
    rhythms = rhythms.assign(category=bought.categories)
    days, effect = [bought.at(window - 1).day for window in windows], effect_of(firm, LIST, days=bought.days)
    return NextOffers(table, ways, used, rhythms, listed, total, effect, days, firm.currency)


def _known(firm):
    """Name and category of the products by product_id, missing where they are not known."""
    table, columns = firm.tables.products, ["product_id", "name", "category"]
    rows = pd.DataFrame(columns=columns) if table is None else to_frame(table)
    return rows.reindex(columns=columns).astype("str").drop_duplicates("product_id").set_index("product_id")


def _bought(firm, known, days, margin_rate):
    """The `Bought` of a firm, and what its money is: "margin", or "revenue" where no cost is known."""
    log = firm.log
    if "product_id" not in log.columns:
        raise DataError(_("next_offers: the orders name no products. Map product_id of the order lines."))
    cost, own = cost_of(log), log.amount * (margin_rate or 1.0)
    log = log.filter(log.product_id.notnull() & log.customer_id.notnull())
    log = log.mutate(brought=own if cost is None else (log.amount - cost).fill_null(own), sold=log.amount >= 0)
    log = log.group_by("customer_id", product_id=log.product_id.cast("string"), day=log.ordered_on)
    with worked_out(log.agg(brought=ibis._.brought.sum(), sold=ibis._.sold.any())) as log:
        sales = to_frame(log.filter(log.sold).group_by(["product_id", "day"]).agg(n=ibis._.count()))
        since = (firm.as_of - sales["day"].min()) / DAY + 1 if len(sales) else 0
        last = int(min(WINDOWS, since // days))
        if last < 4:
            text = _(
                "next_offers: the orders of products reach back {n:.0f} days; four times the horizon, {needed}, is "
                "needed. Take a longer history or a shorter horizon_days."
            )
            raise DataError(text.format(n=since, needed=4 * days))
        sold = sales.groupby("product_id")["n"].sum().sort_index().sort_values(ascending=False, kind="stable")
        products = pd.Index(sold.index[:MOST].sort_values(), dtype="object")
        kinds = known["category"].reindex(products)
        category, categories = pd.factorize(kinds.where(kinds.notna(), products).to_numpy(object), sort=True)
        customers = pd.Index(sorted(log.filter(log.sold).customer_id.as_table().distinct().to_pyarrow()[0].to_pylist()))
        codes = {"product_id": products, "product": range(len(products)), "category": category}
        log = log.inner_join(ibis.memtable(pd.DataFrame(codes)), "product_id")
        codes = {"customer_id": customers, "customer": range(len(customers))}
        log = log.inner_join(ibis.memtable(pd.DataFrame(codes)), "customer_id").drop("customer_id", "product_id")
        with worked_out(log) as log:
            reduced = _reduced(log, firm.as_of, days, last)
    sales = sales.assign(product=products.get_indexer(sales["product_id"]))
    about = customers, products, list(categories), category, *reduced[:2], sales[sales["product"] >= 0], *reduced[2:]
    return Bought(firm.as_of, days, last, *about), "revenue" if cost is None and not margin_rate else "margin"


def _reduced(log, as_of, days, last):
    """Of `Bought`: lines, visits, ended, begun."""

    def period(day):
        ago = (ibis.literal(as_of.date()).delta(day, unit="day") / days).floor().cast("int64")
        return (ago > last).ifelse(0, last - ago)  # of no day none, which the least of two would not give

    lines = log.group_by("customer", "product", period=period(log.day))
    lines = lines.agg(days=ibis._.sold.cast("int64").sum(), margin=ibis._.brought.sum())
    lines = to_frame(lines.filter(lines.days > 0).order_by("period", "customer", "product"))
    with worked_out(log.filter(log.sold).select("customer", "category", "day").distinct()) as visits:
        by = visits.group_by("customer", "category", period=period(visits.day))
        by = by.agg(days=ibis._.count(), first=ibis._.day.min(), last=ibis._.day.max())
        return lines, to_frame(by.order_by("customer", "category", "period")), *spells(visits, period)


def _ways(bought, windows, k, confidence):
    """How each way fared in the windows: the ``ways`` of `NextOffers`; by way what became of its offers; the one used.

    What became: three sums by customer (windows seen, windows with a hit, money met), and of each offer its chance, hit
    or not, money met, and what was expected of a hit.
    """
    start, new = bought.at(windows[0] - 1), sum(bought.at(window).taken.sum() for window in windows)
    if len(start.known) < FEWEST or new < FEWEST:
        text = _(
            "next_offers: {known} customers by {day:%Y-%m-%d}, who bought {new:.0f} new products since; {fewest} of "
            "each are needed. Take a longer history."
        )
        raise DataError(text.format(known=len(start.known), day=start.day, new=new, fewest=FEWEST))
    size, rows, tried, used = len(bought.customers), [], {}, POPULAR
    none, strict = np.full(size, np.nan), 1 - (1 - confidence) / 3  # three ways are held against simpler ones
    some = hashed(bought.customers) / 2**64 <= SOME / size
    for way in WAYS:
        sums, count, covered, cases = np.zeros((3, size)), np.zeros(2), [], []
        for window in windows:
            past, later = bought.at(window - 1), bought.lines[bought.lines["period"] == window]
            who = past.known[some[past.known]]
            customer, product, chance, _place, worth = _offered(past, way, k, who)
            came, money = bought.matrix(later), bought.matrix(later, "margin")
            hit, met = (np.asarray(each[customer, product].sum(axis=0)).ravel() for each in (came, money))
            hit = hit > 0
            sums[0, who] += 1
            sums[1, np.unique(customer[hit])] += 1
            sums[2] += np.bincount(customer, met, size)
            count += hit.sum(), came[who].nnz
            covered.append(len(np.unique(product)) / max(past.on_sale.sum(), 1))
            cases.append(np.column_stack([chance, hit, met, worth]))
        tried[way] = sums, np.vstack(cases)
        told = {"way": way} | _ratio("hit_rate", sums[1], sums[0], confidence)
        told |= {"recall": count[0] / max(count[1], 1), "coverage": np.mean(covered)}
        told |= _ratio("met", sums[2], sums[0], confidence)
        than = {name: sums[2] - tried[name][0][2] if way not in (POPULAR, AGAIN) else none for name in (POPULAR, used)}
        more = {name: _ratio("more", each, sums[0], strict) for name, each in than.items()}
        rows.append(told | more[POPULAR])
        used = way if more[used]["more_low"] > 0 else used
    return pd.DataFrame(rows), tried, used


def _offered(past, way, k, who, **given):
    """The offers of a way, one a row (arrays): customer, product, chance, place from 0, what it brings if bought."""
    places, chances = best(past, way, k, who, **given)
    line, place = np.nonzero(places >= 0)
    customer, product = who[line], places[line, place]
    chance = chances[line, place] * (1 if way == AGAIN else past.pace[customer])
    return customer, product, chance, place, past.margin[product] * past.level[customer]


def _ratio(name, top, bottom, confidence):
    """A ratio of two sums over customers, with its interval: customers are drawn, in however many windows seen."""
    value = top.sum() / bottom.sum()
    return bounded(name, value, wald(value, np.sqrt(((top - value * bottom) ** 2).sum()) / bottom.sum(), confidence))


def _today(past, tried, used, k, names):
    """The ``table`` of `NextOffers`; chances are as they came true on the judged days, and so is money."""
    from sklearn.isotonic import IsotonicRegression

    parts = []
    for kind, way, most, given in (("new", used, k, {}), (AGAIN, AGAIN, 1, {"late": True})):
        customer, product, chance, place, worth = _offered(past, way, most, past.known, **given)
        said, hit, met, expected = tried[way][1].T
        if not min(len(said), len(chance)):
            continue
        fit = IsotonicRegression(out_of_bounds="clip", y_min=0.0).fit(said, hit)
        total = (fit.predict(said) * expected).sum()
        right = max(met.sum() / total, 0.0) if total > 0 else 0.0
        rows = {"customer": customer, "product": product, "kind": kind, "p_buys": fit.predict(chance)}
        parts.append(pd.DataFrame(rows).assign(if_bought=worth * right, place=place if kind == "new" else k - 1.5))
    if not parts:
        raise DataError(_("next_offers: no product on sale is new to a customer or due again. Look at the products."))
    rows = pd.concat(parts, ignore_index=True).sort_values(["customer", "place"], ignore_index=True)
    rows = rows.assign(place=rows.groupby("customer").cumcount() + 1, offer_value=rows["p_buys"] * rows["if_bought"])
    rows = rows[rows["place"] <= k].reset_index(drop=True)
    rows = rows.assign(order=-rows.groupby("customer")["offer_value"].transform("sum"))
    rows = rows.sort_values(["order", "customer", "place"], ignore_index=True)
    customer, product = rows["customer"].to_numpy(), rows["product"].to_numpy()
    ids, offer = past.bought.products, names[product]
    rows = rows.assign(customer_id=past.bought.customers[customer], product_id=ids[product], offer=offer)
    new = rows["kind"].to_numpy() == "new"
    wait = past.wait_of(customer[~new], product[~new])
    rows.loc[~new, "gap"], rows.loc[~new, "due"] = wait["gap"].to_numpy().round(), wait["due"].to_numpy()
    share, had = past.both / np.maximum(past.both.diagonal(), 1)[:, None], past.has[customer[new]]
    line = np.repeat(np.arange(new.sum()), np.diff(had.indptr))
    value = share[had.indices, product[new][line]]
    top = np.maximum.reduceat(value, had.indptr[:-1]) if len(value) else value
    first = np.unique(line[value == top[line]], return_index=True)[1]
    rows.loc[new, "since"], rows.loc[new, "share"] = ids[had.indices[value == top[line]][first]], top
    columns = ["customer_id", "place", "product_id", "offer", "kind", "p_buys", "if_bought", "offer_value"]
    return rows[[*columns, "since", "share", "gap", "due"]]


def _ranked(firm, table, bought, wallet):
    """One row per customer with the best offer; those with room to spend more first."""
    table = table[~table["customer_id"].isin(held_out(firm, bought.days, but=LIST))]
    first = table[table["place"] == 1].drop(columns=["place", "kind"])
    if wallet is None:
        return first
    room = wallet.customers.set_index("customer_id").reindex(first["customer_id"])
    first = first.assign(headroom=room["headroom"].where(room["headroom_low"] > 0).to_numpy())
    return first.sort_values("headroom", key=pd.isna, kind="stable")


def _explained(listed, table, names):
    """The list with the reason, the other offers and the next step in words; a reason that many have is said once."""
    texts = (
        _("bought about every {gap:days}, due since {day:day}"),
        _("bought {name}; {share:share} of those who did took it too"),
    )
    rows = listed[["since", "share", "gap", "due"]]
    number, said = rows.groupby(list(rows), sort=False, dropna=False).ngroup(), rows.drop_duplicates()
    words = [
        style.say(texts[isinstance(row.since, str)], {**row._asdict(), "name": names.get(row.since), "day": row.due})
        for row in said.itertuples(index=False)
    ]
    step = listed["arm"].map({TREATED: _("make the offer")}).fillna(_("make none: held out"))
    others = table[(table["place"] > 1) & table["customer_id"].isin(listed["customer_id"])]
    others = others.groupby("customer_id")["offer"].agg("; ".join).reindex(listed["customer_id"]).fillna("")
    listed = listed.drop(columns=[*rows]).assign(also=others.to_numpy(), next_step=step)
    listed.insert(listed.columns.get_loc("offer") + 1, "because", [str(words[place]) for place in number])
    return listed
