"""What sets each group of customers apart from all customers: who they are, how they buy, what they buy."""

from dataclasses import dataclass

import pandas as pd

from portfoy.firm import analysis
from portfoy.locale import _, plural
from portfoy.people import with_traits
from portfoy.selection.categories import category_table
from portfoy.selection.profiles import profile_cards, profile_table
from portfoy.words import style
from portfoy.words.codes import said_as
from portfoy.words.result import Finding, Result
from portfoy.words.table import show


@dataclass(frozen=True)
class Cards(Result):
    """Each group of customers beside the base: a card of what sets it apart, and its profile.

    ``table``, one row per line of a card, as from `profile_cards`: ``group``, ``customers``, ``customer_share``,
    ``revenue_share``, ``kind`` "trait", "buying" or "category", ``trait``, ``level``, ``share``, ``base_share``,
    ``average``, ``base_average``, ``index`` with ``index_low``, ``index_high``, ``p_value``; a group with nothing to
    tell has one row whose ``trait`` is missing.
    ``profiles``, one row per group, the base last, as from `profile_table`: ``group``, ``customers``,
    ``customer_share``, ``revenue_share``, ``revenue_each``, ``margin_each``, ``ticket``, ``purchases`` and their
    indexes, each with its interval.
    """

    table: pd.DataFrame
    profiles: pd.DataFrame
    currency: str
    confidence: float

    @property
    def alone(self):
        """Whether all customers are in one group, which has nothing to be compared with."""
        return len(self.profiles) == 2

    @property
    def clearest(self):
        """The line on which a group differs most certainly, in who its customers are where there is one such."""
        told = self.table.dropna(subset="trait")
        who = told[told["kind"] == "trait"]
        return (who if len(who) else told).nsmallest(1, "p_value")

    def finding(self):
        if self.alone:
            text = _("All customers are in one group, \u201c{group}\u201d")
            return Finding(style.say(text, _said(self.profiles.iloc[0])), nothing=True)
        for _place, line in self.clearest.iterrows():
            text = {
                "trait": _("\u201c{group}\u201d differ most clearly in {trait}: {share:share} are \u201c{level}\u201d"),
                "buying": _("\u201c{group}\u201d differ most clearly in {level}: index {index:count}"),
                "category": _("\u201c{group}\u201d spend {share:share} of their money on \u201c{level}\u201d"),
            }
            return Finding(style.say(text[line["kind"]], _said(line)))
        return Finding(_("No group differs from the others by more than chance"), nothing=True)

    def reading(self):
        if self.alone:
            return ""
        said, groups = [], self.profiles.iloc[:-1]
        for _place, line in self.clearest.iterrows():
            if line["kind"] != "buying":
                said.append(style.say(_("Of all customers it is {base_share:share}."), line))
        text = _(
            "A customer of \u201c{group}\u201d has brought the most, {revenue_each:money} against {base:money} on "
            "average (index {index_revenue:count}, {index_revenue_interval:count})."
        )
        most = groups.loc[groups["revenue_each"].idxmax()]
        base = {"base": self.profiles["revenue_each"].iloc[-1]}
        said.append(style.say(text, {**_said(most), **base}, currency=self.currency))
        return style.Reading(" ".join(said))

    def summary(self):
        columns = ["group", "revenue_each", "margin_each", "ticket", "purchases"]
        index = ["index_revenue", "index_revenue_low", "index_revenue_high"]
        each = show(
            self.profiles[[*columns, *index]], _("What a customer is like, beside the base"), currency=self.currency
        )
        return [self._cards(), each]

    def _cards(self):
        """A row per group; each kind of line in a column of its own."""
        told = self.table.assign(words=[_line_words(line) for line in self.table.to_dict("records")])
        rows = self.table.drop_duplicates("group")[["group"]].reset_index(drop=True)
        heads = {"trait": _("Who they are"), "buying": _("How they buy"), "category": _("What they buy")}
        for kind in heads:
            words = told[told["kind"] == kind].groupby("group", sort=False)["words"].agg("; ".join)
            rows[kind] = rows["group"].map(words)
        return show(
            rows, _("What sets each group apart, as an index: all customers are 100"), labels=heads,
            kinds=dict.fromkeys(heads, "sentence"),
        )  # fmt: skip

    def method(self):
        groups = self.profiles.iloc[:-1]
        unsure = int(((groups["index_revenue_low"] <= 100) & (groups["index_revenue_high"] >= 100)).sum())
        text = _(
            "An index compares a group with all customers, who count as 100; 200 is twice as much. A line stands on a "
            "card only where the group differs from the other customers by a tenth or more and by more than chance: of "
            "the lines of a kind, no more than 5 in 100 should be false (Benjamini and Hochberg 1995). Traits are "
            "tested by chi-square, ways of buying and categories by Welch's test; the most certain line is the "
            "heading. Customers are seen as a sample of those the firm could have; intervals are of {confidence}."
        )
        held = plural(
            "For {n:count} of the {all:count} groups the interval of the revenue index holds 100: it may be no "
            "different.",
            "For {n:count} of the {all:count} groups the interval of the revenue index holds 100: they may be no "
            "different.",
            unsure,
        )
        said = [style.say(text, {"confidence": style.level(self.confidence)})]
        said += [style.say(held, {"n": unsure, "all": len(groups)})] if unsure else []
        return style.Reading(" ".join(said))


def _said(row):
    """A row with the words of its codes."""
    words = {name: said_as(name, row[name]) for name in ("group", "trait", "level") if name in row}
    return {**row, **{name: style.shorten(word) for name, word in words.items()}}


def _line_words(line):
    words = {"buying": "{level} {index:count}", "category": "{level} {index:count}"}
    return str(style.say(words.get(line["kind"], "{trait}: {level} {index:count}"), _said(line)))


@analysis
def cards(firm, scored, *, by="segment", most=4):
    """What sets each group of customers apart from the base, and what a customer of it is like.

    Parameters
    ----------
    firm : Firm; its people give the traits, its products the categories
    scored : Rfm, or DataFrame of customers with a column `by`
    by : column that makes the groups, default "segment"; a trait such as "region" or "age_band" does as well
    most : lines of each kind on a card: those farthest from the base

    Returns
    -------
    Cards; not possible where a column is missing, nobody is there, or the total revenue is not above zero
    """
    customers = scored if isinstance(scored, pd.DataFrame) else scored.table
    customers = with_traits(customers, firm.people)
    profiles = profile_table(customers, by=by, confidence=firm.confidence)
    categories = category_table(firm.log, firm.tables.products, as_of=firm.as_of)
    table = profile_cards(customers, by=by, most=most, categories=categories, confidence=firm.confidence)
    return Cards(table, profiles, firm.currency, firm.confidence)
