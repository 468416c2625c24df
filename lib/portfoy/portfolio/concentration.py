"""How much rests on a few customers?"""

from dataclasses import dataclass

import pandas as pd

from portfoy.errors import DataError
from portfoy.firm import analysis, customers_of, months_of
from portfoy.locale import _
from portfoy.models.lorenz import Lorenz, lorenz
from portfoy.portfolio import spread as spreading
from portfoy.portfolio import stress as stressing
from portfoy.rows import find_rows, with_ids
from portfoy.words import figure, shapes, style
from portfoy.words.result import Figure, Finding, NotPossible, Result
from portfoy.words.table import show

GROUPS = ("segment", "type", "region", "channel")
HELD = ["customers", "total", "top_share", "top_share_low", "top_share_high", "gini", "gini_low", "gini_high"]


@dataclass(frozen=True, eq=False)
class Concentration(Lorenz, Result):
    """How unevenly what customers bring is spread over them, in the numbers of a `Lorenz`.

    ``table``, one row per measure, that asked for and the margin where it is known: ``measure``; ``customers``;
    ``total`` money; ``top_share`` 0-1, ``gini``, each with ``_low`` and ``_high``. ``curve`` of the measure asked for;
    ``margin`` the Lorenz of the margin, None where it is not known; ``spread`` over groups, a `Spread`; ``stress`` if
    the largest leave, a `Stress`. Its customers are those who bought in the last ``months``, 0 all of them.
    """

    table: pd.DataFrame
    margin: Lorenz | None
    spread: Result
    stress: Result
    months: int
    currency: str

    def finding(self):
        if self.customers == 1:
            text = _("One customer brings all of the {measure}")
        elif self.top == 0.2:
            text = _("The largest fifth bring {top_share:share} of the {measure}")
        else:
            text = _("The largest {top:share} bring {top_share:share} of the {measure}")
        return Finding(style.say(text, {**vars(self), "measure": style.measure(self.by)}))

    def reading(self):
        text = _("Were all alike, it would be {top:share}; chance allows {top_share_interval:share}.")
        return style.say(text, vars(self))

    def figures(self):
        return [Figure("top_share", self.top_share, self.top_share_low, self.top_share_high, "share")]

    def plot(self, ax=None):
        curves = [(self, style.ACCENT), (self.margin, style.MUTED)]
        parts = [
            (style.measure(held.by), colour, held.curve["customer_share"], held.curve["value_share"], None, None)
            for held, colour in curves
            if held is not None
        ]
        ax = shapes.lines(parts, ax, dashed=[name for name, *_about in parts[1:]], height=3.6)
        ax.plot([0, 1], [0, 1], color=style.MUTED, lw=1, ls=(0, (1, 2)))
        ax.annotate(_("all alike"), (0.7, 0.7), xytext=(8, -10), textcoords="offset points", color=style.MUTED)
        shapes.point(
            ax, self.top, self.top_share, style.share(self.top_share, 0), self.top_share_low, self.top_share_high
        )
        ax.set(xlim=(0, 1.01), xlabel=_("customers, the largest first"))
        figure.per_cent(ax.xaxis, ax.yaxis)
        under = _("share of the total, {period}").format(period=style.lately(self.months))
        return figure.name(ax, _("What the largest hold"), under, self.finding().text)

    def summary(self):
        rows = self.table.assign(measure=self.table["measure"].map(style.measure))
        labels = {"top_share": style.say(_("Largest {top:share} hold"), vars(self))}
        return show(rows, _("What the largest hold"), currency=self.currency, labels=labels)

    def method(self):
        said = _("Gini, 0 all alike to 1 one has all: {gini:ratio} ({gini_interval:ratio}).")
        said += f" {style.sampled(self.confidence)}"
        if self.below_zero:
            said += " " + _("Brought less than nothing, which lifts both: {below_zero:count}.")
        return style.say(said, vars(self))


@analysis
def concentration(firm, *, by="revenue", months=12, top=0.2, groups=GROUPS, segments=None):
    """How much rests on a few: the Lorenz curve, groups, and what if the largest leave.

    Parameters
    ----------
    firm : Firm, whose customers of the last `months` (0, or of totals: all) are taken; or a table with the column `by`
    by : column to add up; customers without a value are left out
    top : share of customers taken as the largest, between 0 and 1
    groups : columns over which it is spread; one that is absent is left out
    segments : DataFrame with ``customer_id`` and ``segment``, as from `rfm`, optional

    Returns
    -------
    Concentration; not possible where the column is missing, its total is not above zero, or nobody bought
    """
    months = months_of(firm, months)
    customers, currency, confidence = customers_of(firm, months)
    if segments is not None:
        place = find_rows(segments, with_ids(customers, "concentration"), "concentration")
        named = segments["segment"].reset_index(drop=True).reindex(place)
        customers = customers.assign(segment=named.set_axis(customers.index))
    terms = {"top": top, "confidence": confidence}
    found = {by: lorenz(customers, by=by, **terms)}
    if by != "margin" and "margin" in customers and customers["margin"].sum() > 0:
        found["margin"] = lorenz(customers, by="margin", **terms)
    rows = [{"measure": name} | {each: getattr(held, each) for each in HELD} for name, held in found.items()]
    return Concentration(
        **vars(found[by]),
        table=pd.DataFrame(rows),
        margin=found["margin"] if len(found) > 1 else None,
        spread=_or_why(spreading.spread, customers, groups=groups, measures=list(found), **terms),
        stress=_or_why(stressing.stress, customers, by=by, months=months, currency=currency),
        months=months,
        currency=currency,
    )


def _or_why(work, customers, **terms):
    """What `work` makes of the customers, or why it cannot: a part is no reason to refuse the whole."""
    try:
        return work(customers, **terms)
    except DataError as error:
        return NotPossible(error)
