"""What is each segment worth, and what is to be done for it?"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from portfoy.locale import _
from portfoy.models.track_record import tests_said
from portfoy.words import figure, shapes, style
from portfoy.words.result import Finding, Result
from portfoy.words.table import show

PLAN = ["segment", "customers", "expected_value", "expected_value_low", "expected_value_high", "value_share", "action"]


@dataclass(frozen=True)
class Worth(Result):
    """What each segment is expected to bring. ``table``, one row per segment, the highest value first.

    The columns of `Rfm.groups`; ``expected_value`` money, with ``expected_value_low`` and ``expected_value_high``;
    ``value_share`` of what all are expected to bring, 0-1, missing where that is nothing. ``tests``: earlier forecasts
    that the bounds come from; without any they are of the estimate, or missing.
    """

    table: pd.DataFrame
    currency: str
    confidence: float
    tests: int = 0

    @property
    def most(self):
        return self.table.iloc[0]

    def finding(self):
        if not self.most["expected_value"] > 0:
            return Finding(_("Nothing is expected of any segment"), nothing=True)
        text = _("\u201c{segment}\u201d are expected to bring the most: {expected_value:money}")
        return Finding(style.say(text, named(self.most), currency=self.currency), nothing=len(self.table) == 1)

    def reading(self):
        """The segment that falls back most against its part of the past."""
        back = (self.table["revenue_share"] - self.table["value_share"]).round(2)
        if len(self.table) == 1 or not back.max() > 0:
            return ""
        text = _(
            "“{segment}” brought {revenue_share:share} of the revenue and are expected to bring {expected_value:money}."
        )
        return style.say(text, named(self.table.loc[back.idxmax()]), currency=self.currency)

    def plot(self, ax=None):
        rows = self.table
        names = [style.shorten(name) for name in rows["segment"]]
        texts = [style.money(value, "", compact=True) for value in rows["expected_value"]]
        colours = [style.ACCENT, *[style.MUTED] * (len(rows) - 1)]
        bounds = rows["expected_value_low"], rows["expected_value_high"]
        ax = shapes.ranked_bars(names, rows["expected_value"], texts, colours, ax, bounds=bounds)
        under = _("{currency}, to come; with its interval").format(currency=self.currency or _("money"))
        told = "; ".join(f"{name}: {text}" for name, text in zip(names, texts, strict=True))
        return figure.name(ax, _("Expected value by segment"), under, told)

    def summary(self):
        return show(self.table[PLAN], _("The segments"), currency=self.currency)

    def method(self):
        return style.Reading(tests_said(self.tests, self.confidence) if self.tests else "")


def worth_of(groups, value, segments, currency, *, again=None):
    """The `Worth` of segments: their `Rfm.groups`, the `DiscountedValue` of their customers, the segment of each, and
    the function that gives the segments of an earlier customer table (`DiscountedValue.by`).
    """
    brings = value.by(segments, again=again).drop(columns="customers").astype({"segment": str})
    table = groups.merge(brings, on="segment", how="left")
    table["value_share"] = table["expected_value"] / value.total if value.total > 0 else np.nan
    table = table.sort_values("expected_value", ascending=False, kind="stable").reset_index(drop=True)
    return Worth(table, currency, value.confidence, tests=len(value.record.tests) if value.record else 0)


def named(row):
    """A row of a table of segments with its name as it fits."""
    return {**row, "segment": style.shorten(row["segment"])}
