"""Who are the customers: how the base and its revenue divide by what is known of them?"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from portfoy.errors import DataError, has_columns, need_columns, positive_total
from portfoy.firm import analysis, customers_of, months_of
from portfoy.intervals import corrected
from portfoy.locale import _
from portfoy.people import NOT_KNOWN, OTHERS, TRAITS, index_table, level_groups
from portfoy.words import figure, shapes, style
from portfoy.words.codes import said_as
from portfoy.words.result import Finding, Result
from portfoy.words.table import show

MOST = 8  # levels of a trait that keep their name
DRAWN = 12  # levels in the chart
SHOWN = ["trait", "level", "customers", "customer_share", "revenue", "revenue_share", "margin_rate", "expected_value"]
WITHIN = ["within", "within_low", "within_high"]


@dataclass(frozen=True, eq=False)
class Composition(Result):
    """How the base divides by what is known of the customers, and which part of it brings how much.

    ``table``, one row per trait and level: ``trait`` the column; ``level`` as stored: the one with the largest revenue
    first, ages from the youngest, at most eight by name, then "all others" and "not known"; ``customers``;
    ``customer_share``, ``revenue_share`` of those whose level is known, 0-1; ``revenue`` money; ``margin`` money, of
    the customers whose margin is known, ``margin_rate`` of their revenue; with a value ``expected_value`` money, with
    bounds; ``within`` revenue per customer (`people.index_table`), with bounds, where those whose level is known are
    100 (who has none often has a reason, as firms have no age), or those of the one type of customer that alone has the
    level. ``excess`` what a level brings more (or less) than so many average customers of these, as a share of all
    revenue; ``differs`` whether that is beyond chance, with at most 1 - `confidence` of such levels false (Benjamini
    and Hochberg).
    """

    table: pd.DataFrame
    months: int
    currency: str
    confidence: float

    @property
    def compared(self):
        """The rows of levels that have a name and an interval."""
        return self.table[~self.table["level"].isin([OTHERS, NOT_KNOWN]) & self.table["within_low"].notna()]

    @property
    def first(self):
        """The row whose share of revenue differs most from its share of customers, beyond chance; None if none does."""
        found = self.compared[self.compared["differs"]]
        return None if found.empty else found.loc[found["excess"].abs().round(9).idxmax()]

    def finding(self):
        row = self.first
        if row is None:
            return Finding(_("No group stands out beyond chance"), nothing=True)
        more = _("\u201c{level}\u201d brings more than its share: {revenue_share:share} of revenue")
        less = _("\u201c{level}\u201d brings less than its share: {revenue_share:share} of revenue")
        level = style.shorten(said_as("level", row["level"]), 24)
        return Finding(style.say(more if row["excess"] > 0 else less, {**row, "level": level}))

    def reading(self):
        if self.first is None:
            return ""
        return style.say(
            _(
                "They are {customer_share:share} of those known and bring {within:count} ({within_interval:count}) "
                "each, the average being 100."
            ),
            self.first,
        )

    def plot(self, ax=None):
        if self.first is None:
            return None
        rows = self._drawn()
        rows = rows.assign(
            name=[said_as("level", level) for level in rows["level"]],
            group=rows["trait"], heading=[said_as("trait", trait) for trait in rows["trait"]],
            value=rows["within"], low=rows["within_low"], high=rows["within_high"], strong=rows["differs"],
        )  # fmt: skip
        numbers = "; ".join(style.say(_("{name}: {value:count}"), row) for _place, row in rows.iterrows())
        under = _("average 100; {period}").format(period=style.lately(self.months))
        return figure.name(shapes.dots(rows, ax, at=100), _("Revenue per customer"), under, numbers)

    def _drawn(self):
        """Whole traits, those with the largest differences beyond chance first, as far as the chart has room."""
        rows = self.table[(self.table["level"] != NOT_KNOWN) & self.table["within"].notna()]
        sure = rows["excess"].abs().where(rows["differs"]).groupby(rows["trait"]).max().dropna()
        chosen = []
        for trait in sure.sort_values(ascending=False, kind="stable").index:
            if not chosen or rows["trait"].isin([*chosen, trait]).sum() <= DRAWN:
                chosen.append(trait)
        return pd.concat([rows[rows["trait"] == trait] for trait in chosen])

    def summary(self):
        there = [name for name in SHOWN if name in self.table]
        return show(self.table[[*there, *WITHIN]], _("Customers by trait"), currency=self.currency)

    def method(self):
        text = _(
            "Revenue per customer, 100 for all known; a level of one type alone is compared inside it. Coloured: "
            "beyond chance (Welch's test, corrected for all {n:count})."
        )
        return style.say(f"{text} {style.sampled(self.confidence)}", {"n": len(self.compared)})


@analysis(without=["value"])
def composition(firm, traits=None, *, months=12, value=None):
    """How the base divides by what is known of the customers, and which part of it brings how much.

    Parameters
    ----------
    firm : Firm, whose customers of the last `months` (0, or of totals: all) are taken; or a customer table with traits,
        ``revenue``, and ``margin`` where it is known
    traits : list of columns; by default every trait that is there but interests, of which one may have several
    value : LifetimeValue of these customers or more, optional; adds what each level is expected to bring

    Returns
    -------
    Composition; not possible where there is no trait, or not the one asked for, or the total revenue is not above zero
    """
    months = months_of(firm, months)
    customers, currency, confidence = customers_of(firm, months)
    need_columns(customers, ["revenue"], "composition")
    positive_total(customers["revenue"], "revenue")
    value = value and value.of(customers)
    parts = [_divided(customers, trait, value, confidence) for trait in _known_traits(customers, traits)]
    table = _compared(pd.concat(parts, ignore_index=True), confidence)
    return Composition(table, months, currency, confidence)


def _known_traits(customers, traits):
    there = [trait for trait in TRAITS if trait in customers and customers[trait].notna().any()]
    traits = [trait for trait in there if trait != "interests"] if traits is None else traits
    has_columns(customers, traits, "composition")
    if not traits:
        text = _(
            "composition: nothing is known of customers. Add type, birth_year, gender, region, income_band, "
            "channel or interests."
        )
        raise DataError(text)
    return traits


def _divided(customers, trait, value, confidence):
    groups, names = level_groups(customers, trait, most=MOST)
    revenue = customers["revenue"]
    margin = customers["margin"].astype(float) if "margin" in customers else revenue * float("nan")
    sums = pd.DataFrame({"revenue": revenue, "margin": margin, "valued": revenue.where(margin.notna())})
    sums = sums.groupby(groups).sum(min_count=1)
    known = customers[trait].notna()
    table = pd.DataFrame({"trait": trait, "level": names, "customers": groups.value_counts().sort_index()})
    for name, whole in (("customer", table["customers"]), ("revenue", sums["revenue"])):
        shown = whole.where(table["level"] != NOT_KNOWN)
        table[whole.name], table[f"{name}_share"] = whole, shown / (shown.sum() or float("nan"))
    table["margin"], table["margin_rate"] = sums["margin"], sums["margin"] / sums["valued"].where(sums["valued"] > 0)
    if value is not None:
        worth = ["expected_value", "expected_value_low", "expected_value_high"]
        table[worth] = value.by(groups.rename("level")).set_index("level")[worth]
    inside = _compared_inside(customers, groups, known, trait, confidence)
    table[[*WITHIN, "p_value"]] = inside[["index", "index_low", "index_high", "p_value"]]
    usual = table["customers"] * inside["base_average"]
    return table.assign(excess=((table["revenue"] - usual) / sums["revenue"].sum()).where(inside["customers"] > 0))


def _compared_inside(customers, groups, known, trait, confidence):
    """`people.index_table` among those whose level is known; a level of one type alone among those of that type."""
    revenue = customers["revenue"]
    table = index_table(revenue.where(known), groups, confidence=confidence)
    if trait == "type" or "type" not in customers:
        return table
    types = customers["type"].astype("str").where(known)
    only = types.groupby(groups).agg(["nunique", "first"])
    for kind in only.loc[only["nunique"] == 1, "first"].unique():
        part = index_table(revenue.where(types == kind), groups, confidence=confidence)
        rows = only.index[(only["nunique"] == 1) & (only["first"] == kind)]
        table.loc[rows] = part.loc[rows]
    return table


def _compared(table, confidence):
    """The levels that differ from the average beyond chance, of all that have a name."""
    named = ~table["level"].isin([OTHERS, NOT_KNOWN])
    differs = corrected(table["p_value"].where(named)) <= 1 - confidence
    # what is said of a level in shares of the whole base has to be true of it too
    same = np.sign(table["excess"]) == np.sign(table["revenue_share"] - table["customer_share"])
    return table.assign(differs=differs & same).drop(columns="p_value")
