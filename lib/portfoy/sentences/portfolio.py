"""Sentences about the portfolio as a whole."""

from portfoy.locale import _, plural
from portfoy.people import NOT_KNOWN, OTHERS
from portfoy.words import style
from portfoy.words.codes import said_as


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


def describe_composition(composition, *, confidence=0.95):
    """Where revenue per customer differs most from that of the base, of the differences that are no chance."""
    named = composition[~composition["level"].isin([OTHERS, NOT_KNOWN])]
    sure = named[(named["index_low"].round(6) > 100) | (named["index_high"].round(6) < 100)]
    high, low = sure[sure["index"] > 100], sure[sure["index"] < 100]
    said = [_("Revenue per customer is shown as an index: the whole base is 100.")]
    interval = style.level(confidence)
    if len(high):
        first, write = high.loc[high["index"].idxmax()], style.number
        said.append(
            _(
                "It is highest for \u201c{level}\u201d ({trait}): {index}, {confidence} interval {between}; "
                "{customers} of the customers bring {revenue} of the revenue."
            ).format(
                trait=said_as("trait", first["trait"]),
                level=said_as("level", first["level"]),
                index=write(first["index"]),
                between=style.between(first["index_low"], first["index_high"], write),
                confidence=interval,
                customers=style.share(first["customer_share"]),
                revenue=style.share(first["revenue_share"]),
            )
        )
    if len(low):
        last = low.loc[low["index"].idxmin()]
        said.append(
            _("It is lowest for \u201c{level}\u201d ({trait}): {index} ({between}).").format(
                trait=said_as("trait", last["trait"]),
                level=said_as("level", last["level"]),
                index=style.number(last["index"]),
                between=style.between(last["index_low"], last["index_high"], style.number),
            )
        )
    if sure.empty:
        said.append(_("In no group does the {confidence} interval leave out 100.").format(confidence=interval))
    else:
        chance = len(named) * (1 - confidence)
        said.append(
            _(
                "Of the {n} groups named, {sure} differ from the base; chance alone would make about {chance} of them "
                "do so."
            ).format(n=style.number(len(named)), sure=style.number(len(sure)), chance=style.number(max(chance, 1)))
        )
    return style.Reading(" ".join([*said, *_not_known(composition)]))


def _not_known(composition):
    missing = composition[composition["level"] == NOT_KNOWN]
    if missing.empty:
        return []
    listed = [f"{said_as('trait', row.trait)} {style.share(row.customer_share)}" for row in missing.itertuples()]
    return [_("Not known, as a share of the customers: {list}.").format(list=", ".join(listed))]
