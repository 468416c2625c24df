"""Words for how much rests on a few customers or groups."""

from portfoy.locale import _, plural
from portfoy.words import style


def describe_spread(spread):
    """How evenly revenue and margin are spread over the groups of a `concentration_table`."""
    groups = spread[(spread["unit"] != "customer") & (spread["measure"] == spread["measure"].iloc[0])]
    if groups.empty:
        return style.Reading(_("There are no groups to spread over; only customers one by one can be compared."))
    most = groups.loc[groups["hhi"].idxmax()]
    text = _(
        "The Herfindahl-Hirschman index (HHI) adds up the squared shares: 1 is a single group, 0 very many small ones. "
        "It is highest by {unit}, {hhi} ({interval}), as concentrated as {equals} groups of one size; the largest, "
        "\u201c{largest}\u201d, holds {share} of the {measure}."
    ).format(
        unit=unit_words().get(most["unit"], most["unit"]),
        hhi=style.number(most["hhi"], 3),
        interval=style.between(most["hhi_low"], most["hhi_high"], lambda value: style.number(value, 3)),
        equals=style.number(most["equals"], 1),
        largest=style.shorten(most["largest"]) or _("not known"),
        share=style.share(most["largest_share"]),
        measure=style.measure(most["measure"]),
    )
    return style.Reading(text)


def unit_words():
    """What the groups of a `concentration_table` are called in a sentence."""
    return {
        "customer": _("customer"),
        "segment": _("segment"),
        "region": _("region"),
        "type": _("type of customer"),
        "channel": _("channel"),
        "age_band": _("age"),
    }


def spread_reading(spread):
    """A `concentration_table` for reading, its units and measures in words."""
    units, table = unit_words(), spread.copy()
    table["largest"] = table["largest"].replace("", _("not known")).where(table["unit"] != "customer")
    table["measure"] = [style.measure(measure) for measure in table["measure"]]
    table.insert(0, "group", [units.get(unit, unit) for unit in table.pop("unit")])
    return table


def describe_stress(stress, *, months=0):
    """What leaves with the largest customers, and how many ordinary ones would make up for it."""
    row = stress.iloc[min(2, len(stress) - 1)]
    who = plural(
        "If the largest customer left, {revenue} of the revenue{period} would go too;",
        "If the {n} largest customers left, {revenue} of the revenue{period} would go with them;",
        int(row["leave"]),
    )
    period = " " + plural("of the last month", "of the last {n} months", months).format(n=months) if months else ""
    text = who.format(n=style.number(row["leave"]), revenue=style.share(row["revenue_share"]), period=period)
    replaced = plural(
        "{n} average customer would have to be won to replace it.",
        "{n} average customers would have to be won to replace it.",
        round(row["replaced_by"]),
    ).format(n=style.number(row["replaced_by"]))
    return style.Reading(f"{text} {replaced}")
