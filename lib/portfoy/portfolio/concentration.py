"""How much rests on a few customers?"""

from dataclasses import dataclass

import pandas as pd

from portfoy.errors import DataError
from portfoy.firm import Firm, analysis, customers_of
from portfoy.locale import _, plural
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
            text = _("There is one customer, who brings all of the {measure}")
        elif self.top == 0.2:
            text = _("The largest fifth of customers bring {top_share:share} of the {measure}")
        else:
            text = _("The largest {top:share} of customers bring {top_share:share} of the {measure}")
        return Finding(style.say(text, self._said()))

    def reading(self):
        if self.customers == 1:
            return ""
        text = _("Were all customers alike, it would be {top:share}; chance allows {top_share_interval:share}.")
        if self.margin is None:
            return style.say(text, self._said())
        margin = _("Of the margin, those with most of it hold {margin_share:share}.")
        return style.Reading(" ".join(style.say(each, self._said()) for each in (text, margin)))

    def _said(self):
        held = self.margin or self
        return {**vars(self), "measure": style.measure(self.by), "margin_share": held.top_share, "n": self.below_zero}

    def figures(self):
        return [Figure("top_share", self.top_share, self.top_share_low, self.top_share_high, "share")]

    def plot(self, ax=None):
        curve, measure = self.curve, style.measure(self.by)
        parts = [(measure, style.ACCENT, curve["customer_share"], curve["value_share"], None, None)]
        if self.margin is not None:
            other = self.margin.curve
            parts.append(
                (style.measure("margin"), style.MUTED, other["customer_share"], other["value_share"], None, None)
            )
        ax = shapes.lines(parts, ax, dashed=[name for name, *_about in parts[1:]], height=3.6)
        ax.plot([0, 1], [0, 1], color=style.MUTED, lw=1, ls=(0, (1, 2)))
        ax.annotate(_("all alike"), (0.7, 0.7), xytext=(8, -10), textcoords="offset points", color=style.MUTED)
        shapes.point(
            ax, self.top, self.top_share, style.share(self.top_share, 0), self.top_share_low, self.top_share_high
        )
        ax.set(xlim=(0, 1.01), xlabel=_("share of customers, the largest first"))
        figure.per_cent(ax.xaxis, ax.yaxis)
        title = _("What the largest customers hold of the {measure}").format(measure=measure)
        return figure.name(ax, title, self._period(), str(self.finding().text))

    def _period(self):
        if not self.months:
            return _("share of the total")
        return plural(
            "share of the total of the last month", "share of the total of the last {n} months", self.months
        ).format(n=self.months)

    def summary(self):
        rows = self.table.assign(measure=[style.measure(measure) for measure in self.table["measure"]])
        top = _("Largest {top} hold").format(top=style.share(self.top, 0))
        return show(
            rows,
            _("How much the largest hold"),
            currency=self.currency,
            labels={"top_share": top, "total": _("Total")},
            kinds={"total": "money"},
        )

    def method(self):
        said = [
            _(
                "Customers stand from the largest down; the curve says what share of the total so many of them hold. "
                "The Gini coefficient sums it up, 0 where all customers bring the same, 1 where one brings everything: "
                "{gini:ratio} ({gini_interval:ratio})."
            ),
            _(
                "The intervals ({confidence:share}) see the customers as a sample of those the firm could have (Langel "
                "and Tille 2013); with few customers they are too narrow."
            ),
        ]
        if self.below_zero:
            said.append(
                plural(
                    "{n:count} customer has brought less than nothing, which lifts shares and Gini.",
                    "{n:count} customers have brought less than nothing, which lifts shares and Gini.",
                    self.below_zero,
                )
            )
        return style.Reading(" ".join(style.say(each, self._said()) for each in said))


@analysis
def concentration(firm, *, by="revenue", months=12, top=0.2, groups=GROUPS, segments=None):
    """How much rests on a few: the Lorenz curve, groups, and what if the largest leave.

    Parameters
    ----------
    firm : Firm, whose customers of the last months are looked at; or a customer table, one row per customer
        A table needs the column `by`; customers without a value are left out.
    by : column to add up, default "revenue"
    months : that count, default 12; 0 all
    top : share of customers taken as the largest, between 0 and 1, default 0.2
    groups : columns over which it is spread; one that is absent is left out
    segments : DataFrame with ``customer_id`` and ``segment``, as from `rfm`, optional

    Returns
    -------
    Concentration; not possible where the column is missing, its total is not above zero, or nobody bought
    """
    customers, currency, confidence = customers_of(firm, months)
    months = months if isinstance(firm, Firm) else 0
    if segments is not None:
        place = find_rows(segments, with_ids(customers, "concentration"), "concentration")
        named = segments["segment"].reset_index(drop=True).reindex(place)
        customers = customers.assign(segment=named.set_axis(customers.index))
    terms = {"top": top, "confidence": confidence}
    found = {by: lorenz(customers, by=by, **terms)}
    if by != "margin" and "margin" in customers and customers["margin"].sum() > 0:
        found["margin"] = lorenz(customers, by="margin", **terms)
    table = pd.DataFrame(
        [{"measure": name} | {each: getattr(held, each) for each in HELD} for name, held in found.items()]
    )
    parted = _or_why(spreading.spread, customers, groups=groups, measures=list(found), **terms)
    leaving = _or_why(stressing.stress, customers, by=by, months=months, currency=currency)
    other = found.get("margin") if by != "margin" else None
    return Concentration(
        **vars(found[by]), table=table, margin=other, spread=parted, stress=leaving, months=months, currency=currency
    )


def _or_why(work, customers, **terms):
    """What `work` makes of the customers, or why it cannot: a part is no reason to refuse the whole."""
    try:
        return work(customers, **terms)
    except DataError as error:
        return NotPossible(error)
