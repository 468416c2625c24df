"""When is what a won customer cost paid back? Cohorts by the month of the lead, followed month by month.

Ages are counted in months from that of the lead, which is 1. The margin of a won customer at an age is the mean of the
cohorts old enough; summed up to an age it is what one has brought by then.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import pandas as pd

from portfoy.acquisition.won import SALES, month_day
from portfoy.intervals import z_value
from portfoy.locale import _
from portfoy.words import figure, shapes, style
from portfoy.words.result import Finding, Result
from portfoy.words.table import show

DRAWS, PARTS, SEED = 1000, 400, 23  # bootstrap samples; groups of customers at most; any seed
FEWEST, MANY = 10, 20  # won customers followed before an age is told; won a month before cohorts are months
AGES = [1, 3, 6, 12, 18, 24, 36]  # months that the heat map shows


def payback(rows, cells, end, *, cost, error, discount_rate, confidence):
    """After how many months the discounted margin of a won customer meets the cost.

    `rows`, `cells`, `end` as in `Won`; `error` the standard error of the logarithm of `cost`. Gives a dict:
    ``payback``, ``payback_low``, ``payback_high``, missing beyond the months ``followed``. Interval from 1,000
    bootstrap samples of customers, or of 400 groups of them: Efron & Tibshirani (1993), ch. 13.3.
    """
    names, found = ["payback", "payback_low", "payback_high", "followed"], np.full(4, np.nan)
    rows = rows[rows["customer_id"].notna()]
    if len(rows) < FEWEST or cells.empty or not cost > 0:
        return dict(zip(names, found, strict=True))
    came, part, parts = rows["came"].to_numpy(), np.arange(len(rows)) % PARTS, min(len(rows), PARTS)
    ages = end - came.min() + 1
    at = rows.index.get_indexer(cells["place"])
    seen = (at >= 0) & (cells["month"] <= end).to_numpy()
    at, cells = at[seen], cells[seen]
    age = np.maximum(cells["month"].to_numpy() - came[at], 0)
    money = cells["margin"] * (1 + discount_rate) ** (-age / 12)
    sums = np.bincount(part[at] * ages + age, money, parts * ages).reshape(parts, ages)
    oldest = np.bincount(part * ages + end - came, minlength=parts * ages).reshape(parts, ages)
    old = oldest[:, ::-1].cumsum(axis=1)[:, ::-1].astype(float)  # customers whose cohort has reached the age
    enough = old.sum(axis=0) >= FEWEST
    sums, old = sums[:, enough], old[:, enough]
    drawn, chance = _lots(parts)
    costs = cost * np.exp(error * chance)
    met = np.sort(_met(drawn @ sums / np.maximum(drawn @ old, 1), costs[:, None]))
    z_value(confidence)
    found[0] = _met(sums.sum(axis=0, keepdims=True) / old.sum(axis=0), cost)[0]
    found[1:3] = met[[round((DRAWS - 1) * (0.5 + side * confidence / 2)) for side in (-1, 1)]]
    found[3] = enough.sum()
    return dict(zip(names, np.where(np.isfinite(found), found, np.nan), strict=True))


@lru_cache(2)
def _lots(parts):
    """How often each of so many groups is drawn, a row a sample, and a standard normal number for each sample."""
    random = np.random.default_rng(SEED)
    return random.multinomial(parts, np.full(parts, 1 / parts), DRAWS).astype(float), random.normal(size=DRAWS)


def _met(margins, cost):
    """The first age, from 1, at which margins by age (a row each) have met the cost; infinite where they never do."""
    met = margins.cumsum(axis=1) >= cost
    return np.where(met.any(axis=1), met.argmax(axis=1) + 1.0, np.inf)


@dataclass(frozen=True)
class Cohorts(Result):
    """What the customers of each channel and month (or quarter) brought, less what they cost, as they grow older.

    ``table``, one row per channel, cohort and age that is over for all of it: ``channel``; ``cohort`` first day of the
    months in which the leads came; ``won`` customers; ``age`` months since, that of the lead being 1; ``margin_each``
    discounted margin so far; ``cost_each`` spend of these months; ``net_each`` the first less the second, each per won
    customer and at the firm's prices; ``running`` whether leads still have time to be won, so that it seems too dear.
    ``shown`` the channel drawn (`of` shows another), ``months`` of a cohort.
    """

    table: pd.DataFrame
    shown: str
    months: int
    discount_rate: float
    currency: str

    def of(self, channel):
        """The same, showing another channel."""
        return replace(self, shown=channel)

    @property
    def year(self):
        """The cohorts at the age of a year whose leads have had their time."""
        return self.table[(self.table["age"] == 12) & ~self.table["running"]]

    def _say(self, text):
        year, name = self.year, style.shorten(self.shown)
        own = year[year["channel"] == self.shown]
        each = own["net_each"] @ own["won"] / own["won"].sum()  # of a customer, not of a cohort
        values = {"paid": (own["net_each"] >= 0).sum(), "n": len(own), "net": each, "channel": name}
        values["all"] = (year["net_each"] >= 0).mean()
        return style.say(text, values, currency=self.currency)

    def finding(self):
        if not (self.year["channel"] == self.shown).any():
            return Finding(_("No cohort whose cost is known is a year old yet"), nothing=True)
        return Finding(self._say(_("{paid:count} of {n:count} cohorts won by {channel} paid back within a year")))

    def reading(self):
        if not (self.year["channel"] == self.shown).any():
            return ""
        return self._say(
            _("Over all channels {all:share} did. After a year one won by {channel} stands at {net:money}.")
        )

    def plot(self, ax=None):
        own = self.table[(self.table["channel"] == self.shown) & ~self.table["running"]]
        own = own[own["age"].isin(AGES)]
        if own.empty:
            return None
        net = own.pivot(index="cohort", columns="age", values="net_each")
        net = net.rename(index=self._called, columns=style.number)
        texts = net.map(lambda value: style.money(value, "", digits=2)).where(net.notna(), "")
        strength = (net.abs() / net.abs().max(axis=None)).fillna(0.0)
        colours = net.map(lambda value: style.WARM if value < 0 else style.ACCENT)
        told = [(_("paid back"), style.ACCENT), (_("not yet"), style.WARM)]
        ax = shapes.heat_map(texts, strength, colours, ax, told=told)
        numbers = "; ".join(f"{name}: {', '.join(filter(None, row))}" for name, *row in texts.itertuples(name=None))
        title = _("Brought less cost: {channel}").format(channel=style.shorten(self.shown))
        under = _("{currency} a won customer, by months since the lead")
        return figure.name(ax, title, under.format(currency=self.currency), numbers)

    def _called(self, day):
        quarter = _("Q{quarter} {year}").format(quarter=day.quarter, year=day.year)
        return quarter if self.months == 3 else style.day(day).partition(" ")[2]

    def summary(self):
        own = self.table[self.table["channel"] == self.shown].groupby("cohort").tail(1)
        called = [
            self._called(day) + " *" * running for day, running in zip(own["cohort"], own["running"], strict=True)
        ]
        own = own.assign(cohort=called).drop(columns=["running", "channel"]).rename(columns={"age": "followed"})
        return show(own, _("Cohorts as they stand"), currency=self.currency, kinds={"cohort": "text"})

    def method(self):
        text = _(
            "Money is discounted to the lead's month at {discount_rate:share} a year. Cohorts marked * have "
            "open leads or months without spend: their cost is not known yet, and they are not drawn."
        )
        return style.say(text, vars(self))


def cohorts(found, names, *, sales_cost, discount_rate, currency):
    """The `Cohorts` of these channels, the one drawn first; `found` is a `Won`."""
    rows, spend = (
        each[each["channel"].isin(names) & each["came"].between(found.first, found.end)]
        for each in (found.table[found.table["customer_id"].notna()], found.spend)
    )
    spend = spend[sales_cost | (spend["kind"] != SALES)]
    each = rows.groupby("channel")["came"].agg(lambda came: len(came) / came.nunique())
    months = 1 if each.median() >= MANY else 3
    rows = rows.assign(begun=rows["came"] - rows["came"] % months)
    cost = spend.groupby(["channel", spend["came"] - spend["came"] % months])["money"].sum()
    cells = found.cells[found.cells["month"] <= found.end].join(rows[["channel", "came", "begun"]], "place", "inner")
    age = (cells["month"] - cells["came"]).clip(lower=0)
    sums = (cells["margin"] * (1 + discount_rate) ** (-age / 12)).groupby([cells["channel"], cells["begun"], age]).sum()
    table = rows.groupby(["channel", "begun"]).size().rename("won").to_frame()
    table["cost_each"] = cost[cost > 0].reindex(table.index) / table["won"]
    table = table.reset_index().dropna(subset="cost_each")
    table = table.loc[table.index.repeat((found.end - table["begun"] - months + 2).clip(lower=0))]
    table["age"] = table.groupby(level=0).cumcount()
    margin = sums.reindex(pd.MultiIndex.from_frame(table[["channel", "begun", "age"]]), fill_value=0.0).to_numpy()
    table["margin_each"] = (margin / table["won"]).groupby(level=0).cumsum()
    table["net_each"] = table["margin_each"] - table["cost_each"]
    table = table.assign(age=table["age"] + 1, running=table["begun"] + months - 1 > found.last)
    table.insert(1, "cohort", table.pop("begun").map(month_day))
    columns = ["channel", "cohort", "won", "age", "margin_each", "cost_each", "net_each", "running"]
    return Cohorts(table[columns].reset_index(drop=True), names[0] if names else "", months, discount_rate, currency)
