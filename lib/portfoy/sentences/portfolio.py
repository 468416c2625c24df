"""Sentences about the portfolio as a whole."""

from portfoy.locale import _, plural
from portfoy.words import style


def describe_concentration(concentration, second=None):
    """Who holds the revenue, in words, with the intervals; and the margin, where a `Concentration` of it is there."""
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
        confidence=style.level(c.confidence),
        gini=style.number(c.gini, 3),
        gini_interval=style.between(c.gini_low, c.gini_high, lambda value: style.number(value, 3)),
    )
    if c.below_zero:
        text += " " + plural(
            "The {measure} of {n} customer is below zero.",
            "The {measure} of {n} customers is below zero.",
            c.below_zero,
        ).format(measure=measure, n=style.number(c.below_zero))
    if second is not None:
        text += " " + _(
            "Of the {measure}, the {top} of customers with most of it hold {share} ({interval}); its Gini coefficient "
            "is {gini} ({gini_interval})."
        ).format(
            measure=style.measure(second.by),
            top=style.share(second.top, 0),
            share=style.share(second.top_share),
            interval=style.between(second.top_share_low, second.top_share_high, style.share),
            gini=style.number(second.gini, 3),
            gini_interval=style.between(second.gini_low, second.gini_high, lambda value: style.number(value, 3)),
        )
    return style.Reading(text)
