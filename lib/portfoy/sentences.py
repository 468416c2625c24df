"""One sentence, or a few, for each table and figure: what a reader should see in it, made from its numbers."""

import math

import pandas as pd

from portfoy import style
from portfoy.locale import _, language, plural


def describe_data(tables, *, as_of=None):
    """What the log holds and how much of it is used, in one line; `as_of` is the day the report stands on."""
    text, found = _used(tables.facts), tables.quality[tables.quality["rows"] > 0]
    if as_of and pd.Timestamp(as_of).date() < tables.facts.last_day:
        said = _("This report stands on {day} and leaves out what came later.")
        text += " " + said.format(day=style.day(as_of))
    listed = [f"{_inside(row.rule)}, {_some(row.share)}" for row in found.itertuples()]
    if listed:
        text += " " + _("Found on the way, as a share of all lines: {list}.").format(list="; ".join(listed))
    if tables.reading:
        text += " " + _("Read from the values: {list}.").format(list="; ".join(tables.reading))
    return style.Reading(text)


def _used(facts):
    return _("{used} of {rows} order lines are used; {customers} placed {orders} from {first} to {last}.").format(
        used=style.number(facts.used),
        rows=style.number(facts.rows),
        customers=plural("{n} customer", "{n} customers", facts.customers).format(n=style.number(facts.customers)),
        orders=plural("{n} order", "{n} orders", facts.orders).format(n=style.number(facts.orders)),
        first=style.day(facts.first_day),
        last=style.day(facts.last_day),
    )


def _some(part):
    """A share that is more than nothing, and says so where it is small."""
    return style.share(part) if part >= 0.001 else _("less than {share}").format(share=style.share(0.001))


def _inside(text):
    """A heading as it stands within a sentence, with a small first letter; Turkish has two of I."""
    turkish = {"I": "ı", "İ": "i"} if language() == "tr" else {}
    return turkish.get(text[:1], text[:1].lower()) + text[1:]


def quality_text(tables):
    """The data-quality table as plain text, for a terminal."""
    facts, found = tables.facts, tables.quality[tables.quality["rows"] > 0]
    lines = [
        f"{tables.name}: {_used(facts)}",
        _("revenue, net of returns: {money}").format(money=style.money(facts.revenue, tables.currency)),
    ]
    lines += [_("read from the values: {what}").format(what=what) for what in tables.reading]
    if len(found):
        lines += ["", style.show(found, "").plain()]
    absent = tables.quality.loc[tables.quality["rows"] == 0, "rule"]
    if len(absent):
        lines += ["", _("Looked for and not found: {list}.").format(list="; ".join(map(_inside, absent)))]
    return "\n".join([*lines, "", _("The data can be used.")])


def describe_concentration(concentration):
    """Who holds the revenue, in words, with the intervals."""
    c, measure = concentration, style.measure(concentration.by)
    if c.customers == 1:
        return style.Reading(_("There is one customer, who brings all of the {measure}.").format(measure=measure))
    text = _(
        "The largest {top} of the {n} customers bring {share} of the {measure} ({confidence} interval {interval}). The "
        "Gini coefficient, 0 where all customers bring the same and 1 where one brings everything, is {gini} "
        "({gini_interval})."
    ).format(
        top=style.share(c.top, 0),
        n=style.number(c.customers),
        share=style.share(c.top_share),
        measure=measure,
        interval=style.between(c.top_share_low, c.top_share_high, style.share),
        confidence=style.share(c.confidence, 0),
        gini=style.number(c.gini, 3),
        gini_interval=style.between(c.gini_low, c.gini_high, lambda value: style.number(value, 3)),
    )
    if c.below_zero:
        text += " " + plural(
            "The {measure} of {n} customer is below zero.",
            "The {measure} of {n} customers is below zero.",
            c.below_zero,
        ).format(measure=measure, n=style.number(c.below_zero))
    return style.Reading(text)


def describe_deciles(deciles, *, by="revenue", currency=""):
    """The best tenth against the lower half, in the measure they were ranked by."""
    best, lower = deciles.iloc[0], deciles[deciles["decile"] > 5]
    total, n, rest = deciles["customers"].sum(), best["customers"], lower["customers"].sum()
    if n == total:
        return style.Reading(_("These customers are too few or too much alike to be parted into tenths."))
    text = plural(
        "The best customer, {part} of those ranked, brings {share} of the {measure}, {mean};",
        "The best {n} customers, {part} of those ranked, bring {share} of the {measure}, {mean} each on average;",
        n,
    ).format(
        n=style.number(n),
        part=style.share(n / total),
        share=style.share(best["share"]),
        measure=style.measure(by),
        mean=style.money(best["mean"], currency),
    )
    low = plural("the {n} in tenths 6 to 10 brings {share}.", "the {n} in tenths 6 to 10 bring {share}.", rest)
    if not rest:
        low = _("the others are too much alike to tell an upper from a lower half.")
    return style.Reading(f"{text} {low.format(n=style.number(rest), share=style.share(lower['share'].sum()))}")


def describe_cuts(scored):
    """How the scores were given, and what ties did to them."""
    table = scored.table
    text = _(
        "Each customer gets three scores from 1 to 5: for the days since the last purchase, for the number of purchase "
        "days and for the revenue. Equal values always get equal scores."
    )
    once = (table["purchases"] == 1).mean()
    if once > 0:
        text += " " + _(
            "{share} of the customers bought on one day only; they all have purchase score {score}."
        ).format(share=style.share(once), score=table.loc[table["purchases"] == 1, "f"].iloc[0])
    merged = int(table["orders"].sum() - table["purchases"].sum())
    if merged:
        text += " " + plural(
            "{n} order was placed on a day that already had one; the day counts once.",
            "{n} orders were placed on a day that already had one; each day counts once.",
            merged,
        ).format(n=style.number(merged))
    return style.Reading(text)


def describe_segments(segments):
    """The segment that brings most, and the one with the most revenue among those who have gone quiet."""
    most = segments.loc[segments["revenue_share"].idxmax()]
    if len(segments) == 1:
        return style.Reading(
            _("All customers are in the segment \u201c{segment}\u201d.").format(segment=most["segment"])
        )
    text = _(
        "The segment \u201c{segment}\u201d brings the most: {revenue} of the revenue from {customers} of the customers."
    ).format(
        segment=most["segment"],
        customers=style.share(most["customer_share"]),
        revenue=style.share(most["revenue_share"]),
    )
    usual = (segments["idle"] * segments["customers"]).sum() / segments["customers"].sum()
    quiet = segments[(segments["idle"] > usual) & (segments["revenue_share"] > 0)]
    if len(quiet):
        stake = quiet.loc[quiet["revenue_share"].idxmax()]
        text += " " + _(
            "Of the segments that have been quiet for longer than average, \u201c{segment}\u201d has the most revenue "
            "behind it, {revenue} of all; at least half of its customers last bought {days} or more days ago."
        ).format(
            segment=stake["segment"],
            revenue=style.share(stake["revenue_share"]),
            days=style.number(math.floor(stake["idle"])),
        )
    return style.Reading(text)
