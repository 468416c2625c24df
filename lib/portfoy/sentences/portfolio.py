"""Sentences about the portfolio as a whole."""

from portfoy import style
from portfoy.locale import _, plural


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
