"""Sentences about what is to come: what customers are worth, and what that rests on."""

import math

from portfoy.locale import _, plural
from portfoy.words import style


def describe_spend(customers, correlation, *, currency=""):
    """Whether spend and frequency are unrelated, as the spend model assumes."""
    again = customers[customers["repeats"] > 0]
    if again.empty:
        return style.Reading(_("Nobody bought more than once, so there is no spend per purchase to compare."))
    text = plural(
        "{n} customer bought again, for {mean} per purchase.",
        "{n} customers bought again, for {mean} per purchase on average.",
        len(again),
    ).format(n=style.number(len(again)), mean=style.money(again["repeat_ticket"].mean(), currency))
    assumed = _("The spend model assumes that how often customers buy and how much they spend each time are unrelated;")
    if math.isnan(correlation):
        verdict = _("these data cannot show whether that holds.")
    elif abs(correlation) < 0.2:
        verdict = _("their correlation here is {correlation}, which is near enough to zero.")
    else:
        verdict = _("their correlation here is {correlation}, so read its values with care.")
    return style.Reading(f"{text} {assumed} {verdict.format(correlation=style.number(correlation, 2))}")


def describe_total(value, *, currency=""):
    """What the base is expected to bring, with the interval, and what a customer is worth on average."""
    margin = _("margin ({rate} of revenue)").format(rate=style.share(value.margin_rate))
    text = _(
        "Over {period} the customers of today are expected to bring {total} of {measure} in today's money ({interval}, "
        "{confidence} interval of the estimate). Customers who are still to make their first purchase are not in it."
    ).format(
        period=_period(value.horizon_months),
        total=style.money(value.total, currency, compact=True),
        measure=style.measure("revenue") if value.margin_rate == 1 else margin,
        interval=style.between(
            value.total_low, value.total_high, lambda amount: style.money(amount, currency, compact=True)
        ),
        confidence=style.level(value.confidence),
    )
    return style.Reading(text)


def describe_once(customers, value):
    """How much of the value rests on customers who bought once, of whom the model knows least."""
    once = customers["repeats"] == 0
    if not value.total > 0:
        return style.Reading(_("Nothing is expected of any customer, so no part of it rests on those who bought once."))
    if not once.any():
        return style.Reading(_("All customers bought more than once, so the model knows each of them by more."))
    return style.Reading(
        _(
            "{value} of it is expected from the {customers} of the customers who bought only once. The model cannot "
            "see whether such a customer has left, and expects of each what customers like that do on average; a long "
            "silence after several purchases tells it more. That is why a quiet segment of former regulars can be "
            "worth less than one of newcomers."
        ).format(
            value=style.share(value.of(customers[once]).total / value.total),
            customers=style.share(once.mean()),
        )
    )


def describe_horizon(value):
    """What a headline of expected value counts, in a few words."""
    measure = style.measure("revenue" if value.margin_rate == 1 else "margin")
    return _("{measure} over {period}").format(measure=measure, period=_period(value.horizon_months))


def describe_mean(value):
    """What a headline of customer lifetime value counts, in a few words."""
    return _("per customer on average, {what}").format(what=describe_horizon(value))


def _period(months):
    return plural("the next month", "the next {n} months", months).format(n=style.number(months))


def describe_top(top, value, reach, *, currency=""):
    """How much of the expected value the listed customers are, and what limits the list."""
    if top.empty:
        return style.Reading(" ".join([_("There is no customer to list."), *_limit(reach, currency)]))
    listed = float(top["expected_value"].sum())
    text = plural(
        "The customer listed first is expected to bring {sum}",
        "The {n} customers listed first are expected to bring {sum}",
        len(top),
    ).format(n=style.number(len(top)), sum=style.money(listed, currency, compact=True))
    if value.total > 0:
        text += ", " + _("{share} of the value of all customers").format(share=style.share(listed / value.total))
    return style.Reading(" ".join([text + ".", *_limit(reach, currency)]))


def _limit(reach, currency):
    """What the budget pays for, where it limits the list."""
    if not reach.limited:
        return
    mean = plural("the mean of {n} campaign", "the mean of {n} campaigns", reach.campaigns)
    yield plural(
        "The budget of {budget} pays for {n} contact at {cost} ({cost_from}), so no list is longer.",
        "The budget of {budget} pays for {n} contacts at {cost} each ({cost_from}), so no list is longer.",
        reach.contacts,
    ).format(
        budget=style.money(reach.budget, currency),
        n=style.number(reach.contacts),
        cost=style.money(reach.contact_cost, currency),
        cost_from=mean.format(n=style.number(reach.campaigns)) if reach.campaigns else _("as given"),
    )
