"""Does the forecast hold: what it said on an earlier day, beside what the same customers did after it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from portfoy.customers import split_date, split_table
from portfoy.errors import DataError, FitError
from portfoy.firm import analysis
from portfoy.intervals import on_logs
from portfoy.locale import _
from portfoy.models.bg_nbd import fit_bg_nbd
from portfoy.models.gamma_gamma import fit_gamma_gamma
from portfoy.models.holdout import holdout_table, outcomes, repeat_groups, tenths_table
from portfoy.source.prices import AS_PAID, Prices
from portfoy.words import figure, shapes, style
from portfoy.words.result import Finding, Result
from portfoy.words.table import show

CLOSE, FAR = 0.05, 0.2  # an error that is small enough to plan with, and one that is too large


@dataclass(frozen=True, eq=False)
class Forecast(Result):
    """What a forecast made on the split day said, beside what the same customers did after it.

    ``table``, one row per tenth of the customers by expected value, 1 the highest: ``group``; ``customers``; what was
    forecast and what happened, means per customer, as ``x_predicted``, ``x_actual``, ``x_actual_low``,
    ``x_actual_high``: ``active`` whether they bought, 0-1; ``spend`` money per purchase, of those who did; ``value``
    money. Where no money could be fitted the tenths are by expected purchases, with ``purchases`` for spend and value.
    ``purchases``, one row per number of earlier repeats (0 to 6, 7+): ``group``, ``customers``, ``predicted``,
    ``actual``, ``actual_low``, ``actual_high`` purchases per customer.
    ``total``, one row per ``measure`` (value, purchases, active): ``predicted``, ``actual`` of all customers together,
    ``error`` predicted / actual - 1, with ``error_low``, ``error_high`` from the interval of what happened (customers
    seen as a sample), all missing where nothing came, the last infinite where that interval reaches zero; ``within``
    of the ``tenths`` that have an interval the forecast lies in so many.
    ``parameters``, one row per parameter of the BG/NBD: ``parameter``; ``early`` fitted up to the split, ``estimate``
    to today, each with its bounds. ``open``: why two of them stay open, in words, or empty.
    """

    table: pd.DataFrame
    purchases: pd.DataFrame
    total: pd.DataFrame
    parameters: pd.DataFrame
    open: str
    split_on: pd.Timestamp
    days: int
    currency: str
    confidence: float
    prices: Prices = AS_PAID

    @property
    def main(self):
        """What the finding is about: the row of `total` of revenue, or of purchases where that is not known."""
        rows = [self._values(row) for _place, row in self.total.iterrows()]
        return next(row for row in rows if row["measure"] == "purchases" or pd.notna(row["error"]))

    def _values(self, row):
        """A row of `total` with its words."""
        unit, what = {
            "value": ("money", _("Revenue")),
            "purchases": ("count", _("Purchases")),
            "active": ("count", _("Buyers")),
        }[row["measure"]]
        about = {"unit": unit, "what": what, "off": abs(row["error"]), "level": style.level(self.confidence)}
        return {**row, **about, "split_on": self.split_on, "days": self.days}

    def finding(self):
        row = self.main
        if pd.isna(row["error"]):
            text = _("{predicted:count} purchases were forecast and none came")
        elif row["off"] < 0.005:
            text = _("{what}: the forecast was less than 1% off")
        else:
            low, high = (
                _("{what}: the forecast was {off:share} too low"),
                _("{what}: the forecast was {off:share} too high"),
            )
            text = low if row["error"] < 0 else high
        return Finding(style.say(text, row))

    def reading(self):
        row = self.main
        if pd.isna(row["error"]):
            return _("Check whether the data reach so far.")
        text = _("{what}: {predicted:figure} forecast for the {days:days} after {split_on:day}, {actual:figure} came.")
        if max(abs(row["error_low"]), abs(row["error_high"])) <= CLOSE:
            verdict = _("Close enough to plan with.")
        elif row["error_low"] > FAR or row["error_high"] < -FAR:
            verdict = _("Too far off to plan with: use the order only.")
        else:
            verdict = _("Intervals of values come from such errors.")
        return style.say(f"{text} {verdict}", row, currency=self.currency)

    def plot(self, ax=None):
        part = "value" if "value_actual" in self.table else "purchases"
        write = style.writer("money" if part == "value" else "number")
        held = {"_actual": "value", "_actual_low": "low", "_actual_high": "high", "_predicted": "beside"}
        rows = self.table.rename(columns={f"{part}{end}": name for end, name in held.items()}).drop(columns="group")
        names = [_("highest tenth") if n == 1 else _("tenth {n}").format(n=n) for n in self.table["group"]]
        rows = rows.assign(name=names, strong=True)
        ax = shapes.dots(rows, ax, at=0, write=write, told=[figure.actual(self.confidence), _("forecast")])
        unit = self.currency or _("money") if part == "value" else _("purchases")
        said = zip(names, rows["beside"], rows["value"], strict=True)
        text = _("{name}: {forecast} forecast, {actual} came")
        told = "; ".join(text.format(name=n, forecast=write(f), actual=write(came)) for n, f, came in said)
        title, under = _("{what} per customer, forecast and actual"), _("{unit}; {days:days} after {split_on:day}")
        texts = (style.say(text, self.main | {"unit": unit}) for text in (title, under))
        return figure.name(ax, *texts, told)

    def summary(self):
        tenths, repeats = {"group": _("Tenth")}, {"group": _("Repeat purchases")}
        return [
            show(self.table, _("By tenths"), currency=self.currency, labels=tenths),
            show(self.purchases, _("Purchases by repeats before"), labels=repeats),
        ]

    def method(self):
        text = _("BG/NBD and Gamma-Gamma saw what {customers:count} customers bought up to {split_on:day}.")
        said = [style.say(text, self.main | {"customers": self.table["customers"].sum()})]
        said += [style.sampled(self.confidence), self.prices.said()]
        if "value_actual" not in self.table:
            said.append(_("Spending could not be modelled."))
        each = _("{what}: {predicted:figure} forecast, {actual:figure} came, error {error_interval:change}.")
        within = _("Within the interval: {within:count} of {tenths:count} tenths.")
        for _place, row in self.total.iterrows():
            text = f"{each} {within}" if row["tenths"] else each
            said.append(style.say(text, self._values(row), currency=self.currency))
        if self.open:
            said.append(style.say(_("Today's a and b stay open, because {why}."), {"why": self.open}))
        return style.Reading(" ".join(said))


@analysis
def forecast(firm, *, split_on=""):
    """What a forecast made on an earlier day said, beside what the same customers did from there to the firm's day.

    Parameters
    ----------
    firm : Firm
    split_on : date or text, the last day that the forecast may see; empty: halfway, at most a year before the day

    Returns
    -------
    Forecast; not possible where the day is not before the firm's, nobody had bought by it, or fewer than 30 of those
    who had did so again

    References
    ----------
    Fader, Hardie & Lee (2005), Marketing Science 24(2), section 5, whose table of purchases by earlier repeats this is.
    """
    split_on = pd.Timestamp(split_on or split_date(firm.customers))
    split = split_table(firm.log, split_on=split_on, as_of=firm.as_of)
    then = firm.on(split_on)
    early = then.once("bg_nbd", lambda: fit_bg_nbd(split))
    try:
        spending = then.once("gamma_gamma", lambda: fit_gamma_gamma(split))
    except (DataError, FitError):
        spending = None
    today, sure = firm.once("bg_nbd", lambda: fit_bg_nbd(firm.customers)), {"confidence": firm.confidence}
    said = outcomes(split, early, spending)
    names = ["active", "purchases"] if spending is None else ["active", "spend", "value"]
    table = tenths_table(said, names, by=names[-1], **sure)
    rows = [_total(said, name, table, sure) for name in ("value", "purchases", "active") if name in said]
    often, bought = said["purchases"]
    return Forecast(
        table,
        holdout_table(often, bought, repeat_groups(split), **sure),
        pd.DataFrame(rows),
        parameter_table(early, today, **sure),
        today.open,
        split_on,
        (firm.as_of - split_on).days,
        firm.currency,
        firm.confidence,
        firm.prices,
    )


def _total(said, name, table, sure):
    """The row of ``total`` of one outcome."""
    predicted, actual = said[name]
    mean = holdout_table(predicted, actual, pd.Series(1, actual.index), **sure).iloc[0]
    n, came, low, high = mean[["customers", "actual", "actual_low", "actual_high"]]
    ends = {"error": came, "error_low": high, "error_high": low}
    ends = {
        key: mean["predicted"] / end - 1 if end > 0 else np.inf if came > 0 else np.nan for key, end in ends.items()
    }
    row = {"measure": name, "predicted": n * mean["predicted"], "actual": n * came, **ends}
    if f"{name}_actual" not in table:
        return row | {"within": 0, "tenths": 0}
    value, low, high = (table[f"{name}_{end}"] for end in ("predicted", "actual_low", "actual_high"))
    return row | {"within": int(value.between(low, high).sum()), "tenths": int(low.notna().sum())}


def parameter_table(early, today, *, confidence=0.95):
    """The parameters of a BgNbd fitted up to the split and of today's, side by side: `Forecast.parameters`."""
    table = pd.DataFrame({"parameter": ["r", "alpha", "a", "b"]})
    for column, fit in (("early", early), ("estimate", today)):
        value = table["parameter"].map(vars(fit)).astype(float)
        low, high = on_logs(value, table["parameter"].map(fit.standard_errors) / value, confidence)
        table = table.assign(**{column: value, f"{column}_low": low, f"{column}_high": high})
    return table
