"""Where does the next lira go? What one more customer costs by channel, from the months in which spend varied."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from portfoy.acquisition.won import LEADS, SALES
from portfoy.errors import DataError
from portfoy.firm import analysis
from portfoy.intervals import bounded, z_value
from portfoy.locale import _
from portfoy.source.prices import AS_PAID, Prices
from portfoy.words import figure, shapes, style
from portfoy.words.result import Action, Finding, Result
from portfoy.words.table import show

VARIED = 0.1  # standard deviation of the logarithm of monthly spend from which it varied
MONTHS, FEWEST = 12, 30  # months with spend, and customers won in them, before a channel is looked at
DRAWS, STEPS, SEED = 4000, 400, 23


@dataclass(frozen=True)
class Budget(Result):
    """What one more won customer costs, and a shift of money within what each channel has seen.

    ``table``, one row per channel that won customers, the cheapest more first: ``channel``; ``varied`` standard
    deviation of the logarithm of its monthly spend; ``average_cost`` of a won customer, sales work included;
    ``elasticity`` by how many per cent more were won in months with a per cent more spend, each drawn towards the mean
    of all as far as chance explains the difference; ``marginal_cost`` of one more, sales work included, with bounds.
    Both are missing where spend hardly varied, is of fewer than 12 months or won fewer than 30.
    Money a month at the firm's prices, without sales work: ``usual`` in the last 12 months, ``lowest`` and ``highest``
    seen, ``suggested``; ``more_won`` customers a year of the change.
    ``gain``, with bounds: margin of the first year less sales work that the whole change brings a year; ``moved`` money
    a month; ``giver``, ``taker`` channels that give and take most.
    """

    table: pd.DataFrame
    gain: float
    gain_low: float
    gain_high: float
    moved: float
    giver: str
    taker: str
    currency: str
    confidence: float
    prices: Prices = AS_PAID

    @property
    def sure(self):
        """Whether the change is better than none beyond chance."""
        return self.moved > 0 and self.gain_low > 0

    def finding(self):
        if not self.sure:
            return Finding(_("No shift of money between channels is surely better"), nothing=True)
        ends = self.table.set_index("channel")["marginal_cost"]
        text = _("One more customer costs {cost_there:money} by {giver}, {cost_here:money} by {taker}")
        values = {"cost_there": ends[self.giver], "cost_here": ends[self.taker]}
        return Finding(self._say(text, values))

    def _say(self, text, values=None):
        names = {name: style.shorten(getattr(self, name)) for name in ("giver", "taker")}
        values = {**vars(self), **names, **(values or {}), "level": style.level(self.confidence)}
        return style.say(text, values, currency=self.currency)

    def reading(self):
        text = _(
            "If money buys customers, {moved:money} a month moved brings {gain_interval:money} of first-year "
            "margin a year. If spend follows those who come anyway, nothing: only a trial tells."
        )
        return self._say(text) if self.sure else ""

    def actions(self):
        text = _("Try {moved:money} a month more for {taker}, less for {giver}, in months drawn by lot")
        return [Action(self._say(text))] if self.sure else []

    def plot(self, ax=None):
        rows = self.table[self.table["marginal_cost"].notna()]
        rows = rows.rename(columns={f"marginal_cost{end}": end[1:] or "value" for end in ("", "_low", "_high")})
        rows = rows.assign(name=rows["channel"], strong=rows["suggested"] > rows["usual"], beside=rows["average_cost"])
        told = [_("cost of one more customer"), _("cost of one on average")]
        ax = shapes.dots(rows, ax, at=0.0, write=style.writer("money", ""), told=told)
        ax.xaxis.set_major_formatter(lambda value, _position: style.money(value, "", compact=True))
        under = _("{currency} with sales work; coloured: would get more; lines: {level} interval")
        under = under.format(currency=self.currency, level=style.level(self.confidence))
        text = _("{name}: {value:money}")
        numbers = "; ".join(style.say(text, row, currency=self.currency) for _place, row in rows.iterrows())
        return figure.name(ax, _("What one more customer costs"), under, numbers)

    def summary(self):
        left_out = [] if self.sure else ["suggested", "more_won"]
        return show(self.table.drop(columns=left_out), _("Money and what it wins"), currency=self.currency)

    def method(self):
        text = _(
            "Customers won by month of their lead against its spend, by channel (Poisson, with a trend; {level} "
            "intervals). Sales work grows with those won. Money moves among channels of leads where there are "
            "any, within each one's dearest and cheapest month. What months share, such as a season, is not "
            "taken out."
        )
        return self._say(text) + f" {self.prices.said()}"


@analysis
def budget(firm, channels):
    """What one more won customer costs by channel, and what moving money within the seen would bring.

    Parameters
    ----------
    firm : Firm
    channels : Channels of the same firm

    Returns
    -------
    Budget; not possible where the spend of fewer than two channels varied enough to tell
    """
    table = channels.own[["source", "channel", "cac", "cac_high", "full_cac", "year_margin", "year_margin_high"]]
    columns = ["varied", "usual", "lowest", "highest", "elasticity", "error"]
    seen = pd.DataFrame([_seen(channels.found, name) for name in table["channel"]], columns=columns)
    table = table.reset_index(drop=True).join(seen)
    fitted = table["elasticity"].notna()
    if fitted.sum() < 2:
        text = _(
            "budget: spend of {n} of {all} channels varied by a tenth or more over {months} months; two are "
            "needed. Vary it in months drawn by lot."
        )
        raise DataError(text.format(n=int(fitted.sum()), all=len(table), months=MONTHS))
    table = table.assign(**_drawn_together(table["elasticity"], table["error"]))
    table["sales_each"] = (table["full_cac"] - table["cac"]) * (channels.cost == "full_cac")
    table["average_cost"], table["suggested"] = table["cac"] + table["sales_each"], table["usual"]
    free = (table["elasticity"] > 0) & table["year_margin_high"].notna()
    if (table["source"] == LEADS).any():  # where a customer buys is not what brought them
        free &= table["source"] == LEADS
    table.loc[free, "suggested"] = _moved(table[free])
    return _told(table, free, firm)


def _seen(found, name):
    """How spend of a channel varied over the months, and the elasticity of those won, with its standard error."""
    months = pd.RangeIndex(found.first, found.last + 1)
    money = found.spend[(found.spend["channel"] == name) & (found.spend["kind"] != SALES)]
    spend = money.groupby("came")["money"].sum().reindex(months, fill_value=0.0)
    won = found.table.loc[found.table["channel"] == name, "came"].value_counts().reindex(months, fill_value=0)
    some = spend > 0
    logs = np.log(spend[some])
    enough = some.sum() >= MONTHS and won[some].sum() >= FEWEST and logs.std() >= VARIED
    fit = _fit(logs, won[some]) if enough else (np.nan, np.nan)
    return logs.std(), spend[-12:].mean(), max(spend.min(), 0.0), spend.max(), *fit


def _fit(logs, won):
    """The elasticity of what is won in the spend whose logarithms are given, by month, and its standard error."""
    import statsmodels.api as sm

    trend = logs.index.to_numpy(float) - logs.index[0]
    design = np.column_stack([np.ones(len(logs)), logs - logs.mean(), trend / 12])
    fit = sm.GLM(won.to_numpy(float), design, family=sm.families.Poisson()).fit(scale="X2")
    return fit.params[1], fit.bse[1] / min(np.sqrt(fit.scale), 1.0)  # never surer than chance allows


def _drawn_together(values, errors):
    """Elasticities drawn towards their mean as far as chance explains that they differ, and their errors.

    The spread between channels is that of DerSimonian & Laird (1986), Controlled Clinical Trials 7, 177-188; each value
    is then the mean of its own and the common one, weighted by precision.
    """
    weight = 1 / errors**2
    total, mean = weight.sum(), (weight * values).sum() / weight.sum()
    excess = (weight * (values - mean) ** 2).sum() - (values.count() - 1)
    spread = max(excess / (total - (weight**2).sum() / total), 0.0)
    own, weight = spread / (spread + errors**2), 1 / (errors**2 + spread)
    mean = (weight * values).sum() / weight.sum()
    error = np.sqrt(own * errors**2 + (1 - own) ** 2 / weight.sum())
    return {"elasticity": own * values + (1 - own) * mean, "error": error}


def _moved(table):
    """Spend by channel after moving money, step by step, from where it brings least to where it brings most."""
    names = ["usual", "lowest", "highest", "elasticity", "cac"]
    usual, lowest, highest, b, cac = table[names].to_numpy(float).T
    worth, spend, step = (table["year_margin"] - table["sales_each"]).to_numpy(), usual.copy(), usual.sum() / STEPS
    for _step in range(4 * STEPS if len(table) else 0):
        brings = worth * b / cac * (spend / usual) ** (b - 1)
        least = np.where(spend - step >= lowest, brings, np.inf).argmin()
        most = np.where(spend + step <= highest, brings, -np.inf).argmax()
        if not (
            brings[most] > brings[least]
            and spend[least] - step >= lowest[least]
            and spend[most] + step <= highest[most]
        ):
            break
        spend[least], spend[most] = spend[least] - step, spend[most] + step
    return spend


def _told(table, free, firm):
    """The `Budget` of the table, with intervals from 4,000 draws of elasticities, costs and margins."""
    random, z = np.random.default_rng(SEED), z_value(firm.confidence)
    some = table[table["elasticity"] > 0]
    change, moves = table["suggested"] - table["usual"], free[some.index].to_numpy()
    chance = (
        np.log(some["cac_high"] / some["cac"]) / z,
        (some["year_margin_high"] - some["year_margin"]).fillna(0.0) / z,
    )
    drawn = random.normal(size=(3, DRAWS + 1, len(some)))
    drawn[:, 0] = 0.0  # the first is the estimate itself
    b = some["elasticity"].to_numpy() + drawn[0] * some["error"].to_numpy()
    factor = np.exp(drawn[1] * chance[0].to_numpy())
    cac, sales = some["cac"].to_numpy() * factor, some["sales_each"].to_numpy() * factor
    marginal = np.where(b > 0, cac / np.maximum(b, 1e-9) + sales, np.inf)
    margin = some["year_margin"].to_numpy() + drawn[2] * chance[1].to_numpy()
    usual, suggested = (some[name].to_numpy() for name in ("usual", "suggested"))
    more = 12 * usual / cac * ((suggested / usual) ** b - 1)
    gain = np.where(moves, (margin - sales) * more, 0.0).sum(axis=1)
    tails = [round((DRAWS - 1) * (0.5 + side * firm.confidence / 2)) for side in (-1, 1)]
    low, high = (pd.Series(end, some.index) for end in np.sort(marginal[1:], axis=0)[tails])
    cost = pd.Series(marginal[0], some.index), (low, high.where(np.isfinite(high)))
    told = bounded("marginal_cost", *cost) | {"more_won": pd.Series(more[0], some.index).where(change != 0)}
    table = table.assign(**told).sort_values(["marginal_cost", "average_cost"])
    columns = ["channel", "varied", "average_cost", "elasticity", *told, "usual", "lowest", "highest", "suggested"]
    ends = table["channel"][change.idxmin()], table["channel"][change.idxmax()]
    gains = float(gain[0]), *(float(end) for end in np.sort(gain[1:])[tails])
    moved = float(change.clip(lower=0).sum())
    return Budget(
        table[columns].reset_index(drop=True), *gains, moved, *ends, firm.currency, firm.confidence, firm.prices
    )
