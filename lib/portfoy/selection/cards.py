"""What sets each group of customers apart from all customers: who they are, how they buy, what they buy."""

from dataclasses import dataclass

import pandas as pd

from portfoy.firm import analysis
from portfoy.locale import _
from portfoy.people import with_traits
from portfoy.selection.categories import category_table
from portfoy.selection.profiles import profile_cards, profile_table
from portfoy.words import style
from portfoy.words.result import Finding, Result
from portfoy.words.table import show


@dataclass(frozen=True)
class Cards(Result):
    """Each group of customers beside the base.

    ``table``: what sets it apart, as from `profile_cards`. ``profiles``: what it is like, as from `profile_table`.
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
            return Finding(style.say(text, style.coded(self.profiles.iloc[0])), nothing=True)
        for _place, line in self.clearest.iterrows():
            more = _("\u201c{group}\u201d are more often \u201c{level}\u201d ({trait}) than others: {share:share}")
            less = _("\u201c{group}\u201d are less often \u201c{level}\u201d ({trait}) than others: {share:share}")
            text = {
                "trait": more if line["index"] > 100 else less,
                "buying": _("\u201c{group}\u201d have {times:ratio} times the average {level}"),
                "category": _("\u201c{group}\u201d spend {share:share} of their money on \u201c{level}\u201d"),
            }[line["kind"]]
            return Finding(style.say(text, style.coded(line) | {"times": line["index"] / 100}))
        return Finding(_("No group differs beyond chance"), nothing=True)

    def reading(self):
        if self.alone:
            return ""
        groups, values = self.profiles.iloc[:-1], {"base": self.profiles["revenue_each"].iloc[-1]}
        text = _("“{group}” brought most each: {revenue_each:money}, {base:money} on average.")
        for _place, line in self.clearest[self.clearest["kind"] != "buying"].iterrows():
            text, values = (
                _("Of all customers it is {base_share:share}.") + " " + text,
                {**style.coded(line), **values},
            )
        most = style.coded(groups.loc[groups["revenue_each"].idxmax()])
        return style.say(text, values | most, currency=self.currency)

    def summary(self):
        told = self.table.assign(words=[_line_words(line) for line in self.table.to_dict("records")])
        rows = self.table.drop_duplicates("group")[["group"]].reset_index(drop=True)
        heads = {"trait": _("Who they are"), "buying": _("How they buy"), "category": _("What they buy")}
        for kind in heads:
            words = told[told["kind"] == kind].groupby("group", sort=False)["words"].agg("; ".join)
            rows[kind] = rows["group"].map(words)
        kinds = dict.fromkeys(heads, "sentence")
        columns = ["group", "revenue_each", "margin_each", "ticket", "purchases"]
        index = ["index_revenue", "index_revenue_low", "index_revenue_high"]
        title = _("The average customer")
        return [
            show(rows, _("What sets each group apart; all: 100"), labels=heads, kinds=kinds),
            show(self.profiles[[*columns, *index]], title, currency=self.currency),
        ]

    def method(self):
        text = _(
            "A line: a tenth or more apart, beyond chance; at most 5 in 100 are false (Benjamini-Hochberg). "
            "Intervals: {confidence}."
        )
        return style.say(text, {"confidence": style.level(self.confidence)})


def _line_words(line):
    words = {"buying": "{level} {index:count}", "category": "{level} {index:count}"}
    return str(style.say(words.get(line["kind"], "{trait}: {level} {index:count}"), style.coded(line)))


@analysis
def cards(firm, scored, *, by="segment", most=4):
    """What sets each group of customers apart from the base, and what a customer of it is like.

    Parameters
    ----------
    firm : Firm; its people give the traits, its products the categories
    scored : Rfm, or DataFrame of customers with a column `by`, which makes the groups; a trait does as well
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
