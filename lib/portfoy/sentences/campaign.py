"""Sentences about the next campaign: what choosing whom to contact earns, and who is on the list."""

from portfoy.locale import _, plural
from portfoy.words import style


def describe_profit(profit, terms, *, currency=""):
    """From which probability on a contact pays, and whether choosing would have earned more than not choosing."""

    def money(value):
        return style.money(value, currency, compact=True)

    best, everybody = profit.choices.iloc[1], profit.choices.iloc[2]
    text = _("A contact costs {cost} ({cost_from}) and a response brings {margin} ({margin_from}).").format(
        cost=money(profit.contact_cost),
        cost_from=_cost_from(terms),
        margin=money(profit.response_margin),
        margin_from=_margin_from(terms, money),
    )
    rule = _("So a contact pays where the probability of a response is {least} or more.").format(
        least=style.share(profit.p_least)
    )
    earned = {
        "best": money(best["profit"]),
        "best_range": style.between(best["profit_low"], best["profit_high"], money),
        "all": money(everybody["profit"]),
        "all_range": style.between(everybody["profit_low"], everybody["profit_high"], money),
        "depth": style.share(best["depth"]),
        "gain": money(abs(profit.gain)),
        "gain_range": style.between(profit.gain_low, profit.gain_high, money),
    }
    if best["contacts"] == everybody["contacts"]:
        told = _("All forecasts are above that, so the rule is to contact everybody, which earned {all} ({all_range}).")
    elif best["contacts"] == 0:
        told = _(
            "No forecast reaches that: by this rule nobody is contacted. Contacting everybody earned {all} "
            "({all_range})."
        )
    else:
        told = _(
            "Contacting only the {depth} above that would have earned {best} ({best_range}), contacting everybody "
            "earned {all} ({all_range}); the difference is {gain} ({gain_range})."
        )
        earned["gain"] = money(profit.gain)
        told += " " + _choice(profit)
    counted = _("Every response is counted as brought by its contact.")
    return style.Reading(f"{text} {rule} {told.format(**earned)} {counted}")


def _cost_from(terms):
    if terms.cost_from == "given":
        return _("as given")
    text = plural("the mean of {n} campaign", "the mean of {n} campaigns", terms.campaigns)
    return text.format(n=style.number(terms.campaigns))


def _margin_from(terms, money):
    if terms.margin_from == "given":
        return _("as given")
    interval = style.between(terms.response_margin_low, terms.response_margin_high, money)
    told = {
        "campaign orders": _("{interval}, the mean margin of the orders of {n} responses"),
        "campaign revenue": _("{interval}, the usual margin on the orders of {n} responses"),
        "customers": _("{interval}, the mean margin of a purchase of {n} customers, as no order names its campaign"),
    }[terms.margin_from]
    text = told.format(interval=interval, n=style.number(terms.answers))
    return text if terms.margin_known else text + "; " + _("no cost of goods is known, so revenue is taken for margin")


def _choice(profit):
    best = profit.choices.iloc[1]
    if profit.gain_low > 0:
        text = _("Choosing is better than contacting everybody.")
    elif profit.gain_high < 0:
        text = _("Choosing costs money here: contact everybody.")
    else:
        text = _("As that interval includes 0, the model does not pay for itself here.")
    if best["profit_high"] < 0:
        text += " " + _("But contacting nobody would have been better still.")
    elif best["profit_low"] <= 0:
        text += " " + _("But it is not certain that even these contacts earn more than they cost.")
    return text


def describe_campaign_list(listed, *, currency=""):
    """How many customers are worth a contact, how many are listed, what they cost and are expected to earn."""
    told = listed.attrs
    text = plural(
        "{n} of {all} customers is expected to bring more than the contact costs",
        "{n} of {all} customers are expected to bring more than the contact costs",
        told["worth"],
    ).format(n=style.number(told["worth"]), all=style.number(told["customers"]))
    if listed.empty:
        text += _("; none is listed.") if told["worth"] else "."
    else:
        cost = float(listed["cost_so_far"].iloc[-1])
        number, low, high = (value * told["response_margin"] - cost for value in told["expected_responses"])
        text += plural(
            "; the best {n} is listed, costs {cost} and is expected to earn {sum} after that ({interval}, if the next "
            "campaign is like those so far).",
            "; the best {n} are listed, cost {cost} and are expected to earn {sum} after that ({interval}, if the next "
            "campaign is like those so far).",
            len(listed),
        ).format(
            n=style.number(len(listed)),
            cost=style.money(cost, currency, compact=True),
            sum=style.money(number, currency, compact=True),
            interval=style.between(low, high, lambda value: style.money(value, currency, compact=True)),
        )
    if told["strange"]:
        text += " " + plural(
            "{n} customer has no forecast, having a trait that nobody contacted so far had.",
            "{n} customers have no forecast, having a trait that nobody contacted so far had.",
            told["strange"],
        ).format(n=style.number(told["strange"]))
    if not told["sorts"] and not listed.empty:
        text += " " + _("As the model sorted past campaigns no better than guessing, others may do as well as these.")
    return style.Reading(text)
