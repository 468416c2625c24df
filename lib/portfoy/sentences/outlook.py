"""Sentences about what is to come: whether the forecast holds, what customers are worth, and what that rests on."""

import math

import pandas as pd

from portfoy.intervals import on_logs
from portfoy.locale import _, plural
from portfoy.words import style


def describe_holdout(holdout, split):
    """The forecast against what happened, in total, and what that means for trusting it."""
    forecast = float((holdout["predicted"] * holdout["customers"]).sum())
    actual = float((holdout["actual"] * holdout["customers"]).sum())
    text = _(
        "From the purchases up to the split alone, the model forecast {forecast} purchases for the {days}-day period "
        "after it;"
    ).format(forecast=style.number(forecast), days=style.number(split["holdout_days"].iloc[0]))
    if actual == 0:
        nothing = _("there was none. Check whether the data reach that far before you use the forecasts below.")
        return style.Reading(f"{text} {nothing}")
    error = forecast / actual - 1
    side = _("too low") if error < 0 else _("too high")
    differs = _("there were {actual}, so the forecast was {error} {side}.")
    compared = _("there were {actual}, as forecast.") if abs(error) < 0.0005 else differs
    if abs(error) <= 0.05:
        verdict = _("For totals, that is close enough to plan with.")
    elif abs(error) <= 0.2:
        verdict = _("Read the forecasts below with that error in mind.")
    else:
        verdict = _("That is too far off to plan with: use the order of the customers, not the amounts.")
    compared = compared.format(actual=style.number(actual), error=style.share(abs(error)), side=side)
    return style.Reading(f"{text} {compared} {verdict}")


def describe_backtest(test):
    """Whether the chance to buy and the money are honest: how often the forecast lies within what happened."""
    active = test.active
    people = active["customers"].sum()
    text = _(
        "Nobody can see whether a customer is still active, only whether he or she buys: {predicted} of the customers "
        "were expected to, {actual} did."
    ).format(
        actual=style.share((active["actual"] * active["customers"]).sum() / people),
        predicted=style.share((active["predicted"] * active["customers"]).sum() / people),
    )
    told = [(_("buying"), active), (_("the spend per purchase"), test.spend), (_("the revenue"), test.value)]
    hits = ", ".join(filter(None, (_hits(name, table) for name, table in told)))
    within = _("The forecast lies within the {confidence} interval of what happened in {hits}.").format(
        confidence=style.level(test.confidence), hits=hits
    )
    return style.Reading(f"{text} {within}")


def _hits(name, table):
    table = table.dropna(subset=["actual_low", "actual_high"])
    hit = (table["predicted"] >= table["actual_low"]) & (table["predicted"] <= table["actual_high"])
    text = plural("{hit} of {n} group for {name}", "{hit} of {n} groups for {name}", len(table))
    return text.format(hit=hit.sum(), n=len(table), name=name) if len(table) else ""


def parameter_table(early, full, *, confidence=0.95):
    """The parameters of a BgNbd fitted up to the split and of one fitted to all data, side by side, with intervals.

    Returns
    -------
    DataFrame, one row per parameter: ``parameter``, ``meaning``, ``early`` and ``estimate``, each with bounds.
    """
    meanings = {
        "r": _("shape of the buying rates; the smaller, the more the customers differ"),
        "alpha": _("days; r / alpha is the mean number of purchases a day"),
        "a": _("shape of the chance to stop after a purchase"),
        "b": _("shape of the chance to stop; its mean is a / (a + b)"),
    }
    rows = []
    for name, meaning in meanings.items():
        row = {"parameter": name, "meaning": meaning}
        for column, fit in (("early", early), ("estimate", full)):
            value = getattr(fit, name)
            low, high = on_logs(value, fit.standard_errors[name] / value, confidence)
            row |= {column: value, f"{column}_low": low, f"{column}_high": high}
        rows.append(row)
    return pd.DataFrame(rows)


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


def describe_parameters(fit):
    """What the parameters of a BgNbd mean for a customer, and which of them the data leave open."""
    text = _(
        "While they are active, customers come back {rate} times a year on average; after a purchase, {stop} of them "
        "stop for good."
    ).format(rate=style.number(365 * fit.r / fit.alpha, 1), stop=style.share(fit.a / (fit.a + fit.b)))
    if fit.open:
        text += " " + _("a and b themselves stay open, because {why}; the forecasts do not depend on them.").format(
            why=fit.open
        )
    return style.Reading(text)


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


def describe_value(value, test, *, currency=""):
    """What the base is expected to bring, with the interval and what the interval leaves out."""
    text = describe_total(value, currency=currency)
    forecast, actual = ((test.value[column] * test.value["customers"]).sum() for column in ("predicted", "actual"))
    if actual > 0:
        side = _("too low") if forecast < actual else _("too high")
        text += " " + _(
            "In the test above the forecast of revenue was {error} {side}; such an error comes on top of the interval."
        ).format(error=style.share(abs(forecast / actual - 1)), side=side)
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
