"""Sentences about where people stand, who moved, and what the portfolio grows from."""

import pandas as pd

from portfoy.locale import _, plural
from portfoy.standing import BUYING, QUIET, STATES, UNKNOWN
from portfoy.words import style
from portfoy.words.codes import state_names


def describe_rule(rule):
    """What the states mean, after how many days, and what those days rest on."""
    days = {"at_risk": style.number(rule.at_risk_days), "lapsed": style.number(rule.lapsed_days)}
    text = f"{_given(rule) if rule.given else _derived(rule)} " + _(
        "So a customer is at risk after more than {at_risk} days without a purchase, and lapsed after more than "
        "{lapsed}. The others are new when their first purchase is at most {at_risk} days old, reactivated when within "
        "that time they came back after more than {lapsed} days, and else active. A prospect is known but never bought."
    ).format(**days)
    if rule.at_risk_days == rule.lapsed_days:
        text += " " + _("As both limits are the same, nobody is at risk here.")
    if rule.lapsed < 1:
        text += " " + _("Lapsed does not mean gone: {share} of the gaps were longer still.").format(
            share=style.share(1 - rule.lapsed, 0 if rule.lapsed < 0.995 else 1)
        )
    return style.Reading(text)


def _derived(rule):
    gaps = plural("{n} gap", "{n} gaps", rule.gaps).format(n=style.number(rule.gaps))
    people = plural("{n} customer", "{n} customers", rule.customers).format(n=style.number(rule.customers))
    return _(
        "A gap is the time from one purchase to the next: {share} of the gaps last {days} at most, {later} last "
        "{longer} at most. This rests on {gaps} of {people}. Only purchases made {horizon} or more days before the day "
        "of this report count, so that late ones had time to be followed by another, and of these the ones that were, "
        "within as many days."
    ).format(
        share=style.share(rule.at_risk, 0),
        later=style.share(rule.lapsed, 0),
        days=_days(rule.at_risk_days, rule.at_risk_days_low, rule.at_risk_days_high, rule.confidence),
        longer=_days(rule.lapsed_days, rule.lapsed_days_low, rule.lapsed_days_high),
        gaps=gaps,
        people=people,
        horizon=style.number(rule.horizon_days),
    )


def _days(days, low, high, confidence=None):
    text = plural("{n} day", "{n} days", days).format(n=style.number(days))
    if pd.isna(low):
        return text
    write = style.number
    return f"{text} ({style.interval(low, high, write, confidence) if confidence else style.between(low, high, write)})"


def _given(rule):
    text = _("The limits of {at_risk} and {lapsed} days were given.")
    if not pd.isna(rule.lapsed):
        text = _(
            "The limits of {at_risk} and {lapsed} days were given; in these data {share} of the gaps from one purchase "
            "to the next are within the first and {later} within the second."
        )
    return text.format(
        at_risk=style.number(rule.at_risk_days),
        lapsed=style.number(rule.lapsed_days),
        share=style.share(rule.at_risk),
        later=style.share(rule.lapsed),
    )


def describe_states(summary, *, currency=""):
    """How many people buy, how many have gone quiet, and how much revenue is behind each, from a `state_summary`."""
    people = summary["people"]
    customers = people[STATES[1:]].sum()
    texts = [_prospects(summary)] if people["prospect"] else []
    if not customers:
        return style.Reading(" ".join([*texts, _("Nobody has bought yet.")]))
    texts.append(_buying(summary, customers, currency))
    at_risk = plural(
        "{n} ({share}) is at risk and has brought {money}.",
        "{n} ({share}) are at risk and have brought {money}.",
        people["at risk"],
    )
    lapsed = plural(
        "{n} ({share}) has lapsed, after bringing {money}.",
        "{n} ({share}) have lapsed, after bringing {money}.",
        people["lapsed"],
    )
    for state, words in (("at risk", at_risk), ("lapsed", lapsed)):
        if people[state]:
            money = _brought(summary.loc[[state]], currency)
            texts.append(
                words.format(n=style.number(people[state]), share=style.share(people[state] / customers), money=money)
            )
    if not people[QUIET].any():
        texts.append(_("Nobody is at risk or lapsed."))
    return style.Reading(" ".join(texts))


def _buying(summary, customers, currency):
    people, names = summary["people"], state_names()
    buying = people[BUYING].sum()
    text = _(
        "Of the {customers}, {n} ({share}) bought lately enough to count as buying: {list}; they have brought {money}."
    )
    if not buying:
        text = _("Of the {customers}, none bought lately enough to count as buying.")
    return text.format(
        customers=plural("{n} customer", "{n} customers", customers).format(n=style.number(customers)),
        n=style.number(buying),
        share=style.share(buying / customers),
        list=", ".join(f"{style.number(people[state])} {names[state]}" for state in BUYING if people[state]),
        money=_brought(summary.loc[BUYING], currency),
    )


def _prospects(summary):
    row = summary.loc["prospect"]
    text = _("Of {people} people known, {n} ({share}) never bought and are prospects").format(
        people=style.number(summary["people"].sum()), n=style.number(row["people"]), share=style.share(row["share"])
    )
    if row["leads"]:
        leads = plural("{n} of them is a lead", "{n} of them are leads", row["leads"])
        text += "; " + leads.format(n=style.number(row["leads"]))
        text += ", " + _("{n} not decided yet").format(n=style.number(row["open_leads"]))
    return text + "."


def _brought(rows, currency):
    money, part = style.money(rows["revenue"].sum(), currency, compact=True), rows["revenue_share"].sum(min_count=1)
    if pd.isna(part):
        return money
    return _("{money}, {share} of the revenue so far").format(money=money, share=style.share(part))


def describe_flows(flows, *, since=None, currency="", confidence=0.95):
    """The largest movement for the worse and for the better since the earlier day, and the money behind those gone."""
    known = flows[flows["before"] != UNKNOWN]
    start = _("Since {day}").format(day=style.day(since)) if since else _("Since the earlier day")
    worse = _("the largest movement for the worse is {movement}")
    none = _("nobody moved for the worse")
    texts = [f"{start}, {_movement(known[known['step'] < 0], worse, none, confidence)}."]
    better, none = _("The largest for the better is {movement}"), _("Nobody moved for the better")
    texts.append(_movement(known[known["step"] > 0], better, none, confidence) + ".")
    quiet = known[known["before"].isin(BUYING) & known["now"].isin(QUIET)]
    if quiet["people"].sum():
        texts.append(_at_stake(quiet, flows["revenue"].sum(), currency))
    came = flows[flows["before"] == UNKNOWN].set_index("now")["people"]
    if came.sum():
        text = plural(
            "{n} person became known in between, and {buyers} bought.",
            "{n} people became known in between, and {buyers} of them bought.",
            came.sum(),
        )
        buyers = came.drop("prospect").sum()
        texts.append(
            text.format(
                n=style.number(came.sum()),
                buyers=_("all") if buyers == came.sum() else style.number(buyers) if buyers else _("none"),
            )
        )
    return style.Reading(" ".join(texts))


def _movement(some, words, none, confidence):
    if not some["people"].sum():
        return none
    row, names = some.loc[some["people"].idxmax()], state_names()
    movement = _(
        "from \u201c{before}\u201d to \u201c{now}\u201d: {people} of {base} ({share}, {confidence} interval {interval})"
    )
    return words.format(
        movement=movement.format(
            people=style.number(row["people"]),
            base=style.number(round(row["people"] / row["share"])),
            before=names[row["before"]],
            now=names[row["now"]],
            share=style.share(row["share"]),
            confidence=style.level(confidence),
            interval=style.between(row["share_low"], row["share_high"], style.share),
        )
    )


def _at_stake(quiet, total, currency):
    people, revenue = quiet["people"].sum(), quiet["revenue"].sum()
    text = plural(
        "In all, {n} customer who was buying (new, active or reactivated) has gone quiet (at risk or lapsed) "
        "and had brought {money}",
        "In all, {n} customers who were buying (new, active or reactivated) have gone quiet (at risk or lapsed) "
        "and had brought {money}",
        people,
    ).format(n=style.number(people), money=style.money(revenue, currency, compact=True))
    share = _(", {share} of the revenue so far").format(share=style.share(revenue / total)) if total > 0 else ""
    return f"{text}{share}."
