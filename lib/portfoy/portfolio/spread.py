"""How revenue and margin are spread over groups: does the portfolio stand on one leg?"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from portfoy.errors import need_columns, positive_total
from portfoy.intervals import bounded
from portfoy.locale import _
from portfoy.models.lorenz import bounds, lorenz
from portfoy.words import figure, shapes, style
from portfoy.words.codes import said_as
from portfoy.words.result import Finding, Result
from portfoy.words.table import show

ENDS = ("", "_low", "_high")
SHOWN = ["group", "measure", "parts", "largest", "largest_share", "hhi", "hhi_low", "hhi_high", "equals"]


@dataclass(frozen=True, eq=False)
class Spread(Result):
    """How much rests on how few: customers one by one, and the groups they fall into.

    ``table``, one row per unit and measure: ``unit`` "customer" or the column, of the customers whose group is known;
    ``measure``; ``parts`` customers or groups; ``known`` share of all customers they are, 0-1; ``largest`` name of the
    largest group, empty for customers; ``largest_share`` of the total held by the one largest, 0-1; ``top_share`` held
    by the largest `top` of customers, and ``gini``, both for customers only, with ``_low`` and ``_high``; ``hhi`` the
    Herfindahl-Hirschman index, the sum of squared shares, 0-1, with ``hhi_low``, ``hhi_high``; ``equals`` 1 / hhi: as
    many parts of equal size would be as concentrated, with ``equals_low``, ``equals_high``.
    """

    table: pd.DataFrame
    confidence: float

    @property
    def groups(self):
        """The rows of the groups in the first measure, the most concentrated first."""
        rows = self.table[(self.table["unit"] != "customer") & (self.table["measure"] == self.table["measure"].iloc[0])]
        return rows.sort_values("equals", kind="stable", ignore_index=True)

    @property
    def first(self):
        """The row of the most concentrated unit in words; None where no group is known."""
        if self.groups.empty:
            return None
        row = self.groups.iloc[0]
        words = {"group": said_as("unit", row["unit"]), "measure": style.measure(row["measure"])}
        return {**row, **words, "largest": style.shorten(row["largest"])}

    def finding(self):
        if self.first is None:
            return Finding(_("No groups of customers are known"), nothing=True)
        text = _("{group}: \u201c{largest}\u201d holds {largest_share:share} of the {measure}")
        return Finding(style.say(text, self.first))

    def reading(self):
        if self.first is None:
            return ""
        text = _("{parts:count} groups are as concentrated as {equals:number} ({equals_interval:number}) of one size.")
        return style.say(text, self.first)

    def plot(self, ax=None):
        if self.first is None:
            return None
        rows = self.groups
        names = [said_as("unit", unit) for unit in rows["unit"]]
        shown = rows.assign(name=names, value=rows["equals"], low=rows["equals_low"], high=rows["equals_high"])
        ax = shapes.dots(shown.assign(strong=shown.index == 0), ax, at=1, write=lambda value: style.number(value, 1))
        text = _("{name}: {equals:number} ({equals_interval:number})")
        numbers = "; ".join(style.say(text, row) for _place, row in shown.iterrows())
        title = _("How widely the {measure} is spread").format(measure=style.measure(rows["measure"].iloc[0]))
        return figure.name(ax, title, _("groups of one size"), numbers)

    def summary(self):
        table = self.table.assign(group=[said_as("unit", unit) for unit in self.table["unit"]])
        table["measure"] = table["measure"].map(style.measure)
        return show(table[SHOWN], _("The groups"))

    def method(self):
        text = _("One over the sum of squared shares (HHI), of those known; groups may fall together.")
        return style.Reading(f"{text} {style.sampled(self.confidence)}")


def spread(customers, *, groups=(), measures=("revenue", "margin"), top=0.2, confidence=0.95):
    """How much rests on how few: customers one by one, and the groups they fall into.

    `customers`, one row each, need the columns of `measures`; one that is missing in every row, or whose total is not
    above zero, is left out. `groups` are names of columns (segment, region, ...); one that is absent is left out, as
    are customers without a group. The `top` share of customers is taken as the largest. Gives a Spread. DataError where
    a column of `measures` is missing, or no total is above zero. Hirschman (1964), American Economic Review 54(5), 761;
    the interval is that of the delta method, customers seen as a sample of those the firm could have.
    """
    need_columns(customers, measures, "concentration")
    usable = [name for name in measures if customers[name].sum() > 0]
    if not usable:
        positive_total(customers[measures[0]], measures[0])
    rows = []
    for measure in usable:
        valued = customers[customers[measure].notna()]
        rows.append(_customer_row(valued, measure, top, confidence))
        for unit in groups:
            known = valued[valued[unit].notna()] if unit in valued else valued.iloc[:0]
            if known[measure].sum() > 0:
                rows.append(_group_row(known, measure, unit, confidence) | {"known": len(known) / len(valued)})
    units = {unit: place for place, unit in enumerate(["customer", *groups])}
    table = pd.DataFrame(rows)
    table = table.sort_values("unit", key=lambda unit: unit.map(units), kind="stable", ignore_index=True)
    return Spread(table, confidence)


def _customer_row(customers, measure, top, confidence):
    found = lorenz(customers, by=measure, top=top, confidence=confidence)
    value = customers[measure].to_numpy(dtype=float)
    n, mean, square = len(value), value.mean(), np.mean(value**2)
    hhi = square / mean**2 / n
    influence = ((value**2 - square) / mean**2 - 2 * square * (value - mean) / mean**3) / n
    shares = {f"{name}{end}": getattr(found, name + end) for name in ("top_share", "gini") for end in ENDS}
    one = {"unit": "customer", "measure": measure, "parts": n, "known": 1.0, "largest": ""}
    return one | {"largest_share": value.max() / value.sum()} | shares | _hhi(hhi, influence, confidence)


def _group_row(customers, measure, unit, confidence):
    place, names = pd.factorize(customers[unit].astype("str"))
    value = customers[measure].to_numpy(dtype=float)
    share = np.bincount(place, value, len(names)) / value.sum()
    hhi = float((share**2).sum())
    influence = 2 * value * (share[place] - hhi) / value.mean()
    largest = int(share.argmax())
    one = {"unit": unit, "measure": measure, "parts": len(names), "known": 1.0, "largest": names[largest]}
    one["largest_share"] = share[largest]
    return one | _hhi(hhi, influence, confidence)


def _hhi(hhi, influence, confidence):
    low, high = bounds(hhi, influence, confidence, 1.0)
    return bounded("hhi", hhi, (low, high)) | bounded("equals", 1 / hhi, (1 / high, 1 / low if low > 0 else np.inf))
