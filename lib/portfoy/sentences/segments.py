"""Sentences about segments."""

from portfoy.locale import _, plural
from portfoy.words import style
from portfoy.words.codes import said_as


def describe_profiles(profiles, *, currency="", confidence=0.95):
    """The groups whose customers bring most and least beside the base, with the intervals."""
    groups, base = profiles.iloc[:-1], profiles.iloc[-1]
    if len(groups) == 1:
        alone = _("All customers are in one group, \u201c{group}\u201d, so there is nothing to compare it with.")
        return style.Reading(alone.format(group=said_as("group", groups["group"].iloc[0])))
    said = [
        _(
            "An index compares a group with all customers, who count as 100. A customer of \u201c{group}\u201d has "
            "brought the most, {each} on average against {base} in the base: index {index}."
        ).format(
            each=style.money(groups["revenue_each"].max(), currency),
            base=style.money(base["revenue_each"], currency),
            **_indexed(groups.loc[groups["revenue_each"].idxmax()], confidence),
        ),
        _("One of \u201c{group}\u201d has brought the least, index {index}.").format(
            **_indexed(groups.loc[groups["revenue_each"].idxmin()])
        ),
    ]
    if "value_each" in groups:
        best = groups.loc[groups["value_each"].idxmax()]
        said.append(
            _("From now on the most is expected from a customer of \u201c{group}\u201d: {each} ({interval}).").format(
                group=said_as("group", best["group"]),
                each=style.money(best["value_each"], currency),
                interval=style.between(
                    best["value_each_low"], best["value_each_high"], lambda amount: style.money(amount, currency)
                ),
            )
        )
    open_ = (groups["index_revenue_low"] <= 100) & (groups["index_revenue_high"] >= 100)
    if open_.any():
        text = plural(
            "For {n} of the {all} groups the interval holds 100: it may be no different.",
            "For {n} of the {all} groups the interval holds 100: they may be no different.",
            int(open_.sum()),
        )
        said.append(text.format(n=style.number(open_.sum()), all=style.number(len(groups))))
    return style.Reading(" ".join(said))


def _indexed(row, confidence=None):
    """The words for one row of a profile table: its group, and its revenue index with the interval."""
    low, high = row["index_revenue_low"], row["index_revenue_high"]
    interval = style.between(low, high, style.number)
    if confidence:
        interval = style.interval(low, high, style.number, confidence)
    return {"group": said_as("group", row["group"]), "index": f"{style.number(row['index_revenue'])} ({interval})"}


def describe_cards(cards):
    """What has to be so for a line to stand on a card, and in whom the groups differ most."""
    said = [
        _(
            "A line stands on a card only where the group differs from the other customers by a tenth or more and by "
            "more than chance: of the lines of a kind, no more than 5 in 100 should be false (Benjamini and Hochberg)."
        )
    ]
    groups, who = cards["group"].nunique(), cards[cards["kind"] == "trait"]
    if cards["trait"].isna().all():
        said.append(_("No group does: in what is known of them, they are alike."))
    elif who.empty:
        said.append(
            _("The groups differ in how or what they buy, but not, as far as it is known, in who their customers are.")
        )
    else:
        first = who.loc[who["p_value"].idxmin()]
        said.append(
            _(
                "In who their customers are, the difference most certain is in \u201c{group}\u201d: "
                "\u201c{level}\u201d ({trait}) holds for {share} of them, against {base} of all customers. Such "
                "lines are on {n} of the {all} cards."
            ).format(
                group=said_as("group", first["group"]),
                level=said_as("level", first["level"]),
                trait=said_as("trait", first["trait"]),
                share=style.share(first["share"]),
                base=style.share(first["base_share"]),
                n=style.number(who["group"].nunique()),
                all=style.number(groups),
            )
        )
    return style.Reading(" ".join(said))


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
