"""Sentences about scores and segments."""

import math

from portfoy import style
from portfoy.locale import _, plural


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
