"""Sentences about segments."""

from portfoy.locale import _, plural
from portfoy.words import style
from portfoy.words.codes import said_as


def describe_profitability(table, *, currency="", confidence=0.95):
    """Which group earns most, in total and per customer, which loses, and how many customers cost more than they bring.

    Without a cost of a touch the sentence says how much one may cost before the first group loses.
    """
    if table["profit"].isna().all():
        dear = table.loc[table["cost_to_serve"].idxmax()]
        text = _(
            "No margin is known, so profit cannot be told. \u201c{group}\u201d costs the most to serve: {cost} for {n}."
        )
        served = plural("{n} customer", "{n} customers", dear["customers"]).format(n=style.number(dear["customers"]))
        cost = style.money(dear["cost_to_serve"], currency, compact=True)
        return style.Reading(text.format(group=said_as("group", dear["group"]), cost=cost, n=served))
    said = [_most_profit(table, currency, confidence), *_losses(table, currency), *_service(table, currency)]
    known, everyone = table["known"].sum(), table["customers"].sum()
    if known < everyone:
        rests = _("This rests on the {known} of {n} customers whose margin is known.")
        said.append(rests.format(known=style.number(known), n=style.number(everyone)))
    return style.Reading(" ".join(said))


def _most_profit(table, currency, confidence):
    most, each = table.loc[table["profit"].idxmax()], table.loc[table["profit_each"].idxmax()]
    words = {
        "measure": _("margin") if table["cost_to_serve"].isna().all() else _("profit"),
        "group": said_as("group", most["group"]),
        "sum": style.money(most["profit"], currency, compact=True),
        "other": said_as("group", each["group"]),
        "each": style.money(each["profit_each"], currency),
        "interval": style.between(
            each["profit_each_low"], each["profit_each_high"], lambda amount: style.money(amount, currency)
        ),
        "confidence": style.level(confidence),
    }
    if most["group"] == each["group"]:
        text = _(
            "\u201c{group}\u201d brings the most {measure}, {sum} in total, and also the most per customer: {each} "
            "({confidence} interval {interval})."
        )
    else:
        text = _(
            "\u201c{group}\u201d brings the most {measure} in total, {sum}; per customer it is \u201c{other}\u201d, "
            "with {each} ({confidence} interval {interval})."
        )
    return text.format(**words)


def _losses(table, currency):
    lost, customers, known = table[table["profit"] < 0], table["losing"].sum(), table["known"].sum()
    unserved = table["cost_to_serve"].isna().all()
    said = [_("No group has a margin below zero.") if unserved else _("No group costs more than it brings.")]
    if len(lost):
        worst = lost.loc[lost["profit"].idxmin()]
        text = plural(
            "{n} group costs more than it brings: \u201c{group}\u201d, {sum}.",
            "{n} groups cost more than they bring, \u201c{group}\u201d most of all, {sum}.",
            len(lost),
        )
        sum_ = style.money(worst["profit"], currency, compact=True)
        said = [text.format(n=style.number(len(lost)), group=said_as("group", worst["group"]), sum=sum_)]
    if customers:
        text = plural(
            "{n} customer, {share}, costs more than he or she brings.",
            "{n} customers, {share}, cost more than they bring.",
            customers,
        )
        said.append(text.format(n=style.number(customers), share=style.share(customers / known)))
    return said


def _service(table, currency):
    """What is said where the cost to serve is left out: why, and how much a touch may cost."""
    if table["cost_to_serve"].notna().any():
        return []
    if table["touches"].isna().all():
        return [_("There is no table of tickets, so what it costs to serve them is not known.")]
    said = [_("What a touch (a contact with the service desk) costs is not given, so the cost to serve is left out.")]
    first = table[table["break_even"] > 0]
    if len(first):
        first = first.loc[first["break_even"].idxmin()]
        limit = _("The first group to lose money would be \u201c{group}\u201d, if a touch cost more than {money}.")
        said.append(
            limit.format(group=said_as("group", first["group"]), money=style.money(first["break_even"], currency))
        )
    return said
