"""Exercises of sitting 0a: who is known, who of them never bought, and who has lapsed."""

from portfoy.course.exercise import Exercise, Mistake
from portfoy.course.lessons import truth
from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.standing import rule_of

BRINGS, COSTS = 30, 70  # TRY of a letter to one who has left, and to one who is still here


def _people(firm, who="firms"):
    """Those known, of a kind, and whether each ever bought."""
    people = firm.people
    if "type" not in people:
        raise DataError(_("people: no type is known. Add a column type to customers or leads."))
    people = people.assign(bought=people["person_id"].isin(firm.customers["customer_id"]))
    kind = people["type"]
    rows = {"firms": kind != "consumer", "all": people["bought"].notna(), "consumers": kind == "consumer"}
    return people[rows.get(who, kind == who)]


def _never(firm, who="firms", counted="never bought", below=""):
    """The share of a group of people who never bought, or who are `counted` otherwise, of the group `below`."""
    people = _people(firm, who)
    listed, outcome = people["known_as"] == "customer", people["lead_outcome"]
    counts = {
        "never bought": ~people["bought"],
        "bought": people["bought"],
        "leads": ~listed,
        "open": outcome == "open",
        "lost": outcome == "lost",
        "listed": listed & ~people["bought"],
    }
    return int(counts[counted].sum()) / int(_below(firm, people, below) if below else len(people))


def _below(firm, people, name):
    everyone = _people(firm, "all")
    return {
        "everyone": len(everyone),
        "bought": people["bought"].sum(),
        "never": (~everyone["bought"]).sum(),
        "leads": (people["known_as"] == "lead").sum(),
        "listed": (people["known_as"] == "customer").sum(),
        "buyers": len(firm.customers),
    }[name]


def _never_turns():
    return {
        "who": {
            "firms": None,
            "all": _("This is of everyone we know, not the firms alone."),
            "consumers": _("These are the consumers; the firms are all others."),
            "business": _("Only the type business is in here; wholesalers and retailers are firms, too."),
            "wholesaler": _("Only the wholesalers are in here; businesses and retailers are firms, too."),
            "retailer": _("Only the retailers are in here; businesses and wholesalers are firms, too."),
        },
        "counted": {
            "never bought": None,
            "bought": _("This counts those who have bought; potential are the others."),
            "leads": _("This counts the leads. Some who are listed as customers never bought either."),
            "open": _("This counts the leads that are still open; a lost one is known, too, and never bought."),
            "lost": _("This counts the lost leads; an open one never bought either."),
            "listed": _("These are the listed customers who never bought, without the leads."),
        },
        "below": {
            "": None,
            "everyone": _("Divided by everyone we know; divide by the number of firms we know."),
            "bought": _("Divided by the firms that have bought; divide by all firms we know."),
            "never": _("Divided by all who never bought, consumers too; divide by all firms we know."),
            "leads": _("Divided by the number of leads; divide by all firms we know."),
            "listed": _("Divided by the firms listed as customers; divide by all firms we know."),
            "buyers": _("Divided by the customers who bought; divide by all firms we know."),
        },
    }


def _never_mistakes(firm):
    firms, everyone = _people(firm), _people(firm, "all")
    many, bought = _("This is how many; divide it by the number of firms known."), firms["bought"].sum()
    return [
        *(Mistake(value, many) for value in (len(firms) - bought, bought)),
        Mistake(len(firms), _("This is how many firms we know; asked is which share of them never bought.")),
        Mistake(len(firms) / len(everyone), _("This is the share of the firms among everyone.")),
        Mistake(1 - len(firms) / len(everyone), _("This is the share of the consumers among everyone.")),
        Mistake(0.0, _("Asked the other way round: which people are not among the customers?")),
    ]


def _silent(firm, who="representative", limit="lapsed", by="idle", state="past", below=""):
    """The share of the customers of a channel who are past, by the days since their last purchase."""
    customers, rule = firm.recent(0), rule_of(firm)
    if "channel" not in customers or not (customers["channel"] == "representative").any():
        raise DataError(_("customers: nobody buys through a representative. Add a column channel."))
    groups = {"all": customers["idle"].notna(), "others": customers["channel"] != "representative"}
    groups["firms"] = customers["type"] != "consumer" if "type" in customers else groups["all"]
    group = customers[groups.get(who, customers["channel"] == who)]
    days = {"lapsed": rule.lapsed_days, "at risk": rule.at_risk_days, "twice": 2 * rule.lapsed_days, "year": 365}
    limit = {**days, "half": customers["idle"].median()}.get(limit, limit)
    silent = {
        "past": group[by] > limit,
        "current": group[by] <= limit,
        "at risk": (group[by] > rule.at_risk_days) & (group[by] <= rule.lapsed_days),
        "with the day": group[by] >= limit,
    }[state]
    whole = {
        "": len(group),
        "buyers": len(customers),
        "everyone": len(firm.people),
        "known": (firm.people.get("channel") == who).sum(),
        "past": (customers["idle"] > rule.lapsed_days).sum(),
        "current": (group["idle"] <= rule.lapsed_days).sum(),
    }[below]
    return int(silent.sum()) / int(whole)


def _silent_turns():
    return {
        "who": {
            "representative": None,
            "all": _("This is of all customers; asked are those of the representatives."),
            "online": _("These are the customers who buy online."),
            "shop": _("These are the customers who buy in a shop."),
            "others": _("These are all others, without the representatives' customers."),
            "firms": _("These are the firms, through whatever channel they buy."),
        },
        "limit": {
            "lapsed": None,
            "at risk": _("This is the limit for at risk; it takes more silence to be lapsed."),
            "twice": _("This is twice the limit."),
            "year": _("The limit is not 365 days; the gaps of our company say where it lies."),
            "half": _("This is the silence that half of the customers have passed; it is no limit."),
            90: _("This is the limit of the five by pencil."),
        },
        "by": {
            "idle": None,
            "age": _("`age` counts from the first purchase; silence is counted from the last, in `idle`."),
            "span": _("`span` counts from the first purchase to the last; silence comes after it, in `idle`."),
        },
        "state": {
            "past": None,
            "current": _("This counts the current customers, or those who bought lately; past are the others."),
            "at risk": _("These are at risk, not lapsed: their silence has not passed the second limit."),
            "with the day": _("The day of the limit itself is still current: silent for more days, so `>`."),
        },
        "below": {
            "": None,
            "buyers": _("Divided by all who ever bought; divide by the customers of this channel."),
            "everyone": _("Divided by everyone we know; divide by the customers of this channel."),
            "known": _("Divided by some who never bought, too; they cannot be past customers."),
            "past": _("Divided by all past customers; divide by the customers of this channel."),
            "current": _("Divided by the current ones alone; divide by all customers of this channel."),
        },
    }


def _silent_mistakes(firm):
    customers, rule = firm.recent(0), rule_of(firm)
    group = customers[customers["channel"] == "representative"]
    past, silence = (group["idle"] > rule.lapsed_days).sum(), _("This is their mean silence; asked is a share of them.")
    return [
        Mistake(past, _("This is how many; divide it by the customers of this channel.")),
        Mistake(group["idle"].between(rule.at_risk_days, rule.lapsed_days).mean(), _silent_turns()["state"]["at risk"]),
        Mistake(group["idle"].mean() / rule.lapsed_days, silence),
        Mistake(len(group), _("This is how many customers this channel has; asked is which share of them is past.")),
        Mistake(len(group) / len(customers), _("This is their share of the customers; asked is who of them is past.")),
        *(Mistake(group["idle"].mean() / days, silence) for days in (1, 365)),
        *(Mistake(days, _("This is the limit itself.")) for days in (rule.lapsed_days, rule.at_risk_days)),
        *(Mistake(part, _("This is the share of the gaps below a limit.")) for part in (rule.lapsed, rule.at_risk)),
        Mistake(
            (customers["idle"] > rule.lapsed_days).sum() / len(firm.people),
            _("This is of everyone we know, as the kit's table has it; asked is the share in one channel."),
        ),
    ]


def _page_mistakes(firm):
    lapsed = (firm.customers["idle"] > rule_of(firm).lapsed_days).sum()
    says = {
        "descriptive": _("This one only counts, and the count is right: {lapsed:,} are silent for so long."),
        "predictive": _("This one expects of the next year what the last one brought, and says about: that is fair."),
        "prescriptive": _("This one follows from its sentence: who is at risk is not gone, so a call can help."),
    }
    return [Mistake(name, text.format(lapsed=lapsed)) for name, text in says.items()]


def _page_praise(firm, _answer):
    customers, rule = firm.recent(0), rule_of(firm)
    old = customers[customers["age"] > rule.lapsed_days]
    text = _(
        "Who came less than {days} days ago cannot have been silent for longer: the limit itself makes all lapsed "
        "customers old. To ask why, compare fairly: of those who came before that, {lapsed:.0%} have lapsed."
    )
    return text.format(days=rule.lapsed_days, lapsed=(old["idle"] > rule.lapsed_days).mean())


def _letters(firm):
    """What the letters reach and bring by the truth, by limit: (left, still here, money)."""
    known = truth(firm)
    if known is None:
        raise DataError(_("nobody knows who has truly left. Take the company of the course for this exercise."))
    customers, rule = firm.customers, rule_of(firm)
    here = customers["customer_id"].map(known.customers.set_index("customer_id")["active"]).eq(True)
    reached = {}
    for name, days in {"short": rule.at_risk_days, "middle": rule.lapsed_days, "long": 2 * rule.lapsed_days}.items():
        called = customers["idle"] > days
        left, still = int((called & ~here).sum()), int((called & here).sum())
        reached[name] = left, still, BRINGS * left - COSTS * still
    return reached


def _best_limit(firm):
    return max(reached := _letters(firm), key=lambda name: reached[name][2])


def _letter_mistakes(firm):
    text = _(
        "By the truth the {limit} limit reaches {left:,} who have left and {here:,} who are still here, and brings "
        "{money:,} TRY: another one brings {more:,} more."
    )
    reached, best = _letters(firm), _best_limit(firm)
    top = reached[best][2]
    return [
        Mistake(name, text.format(limit=name, left=left, here=here, money=money, more=top - money))
        for name, (left, here, money) in reached.items()
        if name != best
    ]


def _letter_praise(firm, _answer):
    money = ", ".join(f"{name} {brings:,}" for name, (_left, _here, brings) in _letters(firm).items())
    text = _("By the truth the letters bring, in TRY: {money}. Change what one costs, and the best limit moves.")
    return text.format(money=money)


EXERCISES = [
    Exercise(
        id="0a-1",
        kind="predict",
        work=lambda firm: 1 - len(firm.customers) / len(firm.people),
        share=True,
        hints=lambda: [_("Any number from 0 to 1.")],
        praise=lambda firm, guess: _(
            "You said {guess:.0%}; it is {right:.0%}. Few expect it, because reports mostly show those who bought."
        ).format(guess=guess, right=1 - len(firm.customers) / len(firm.people)),
    ),
    Exercise(
        id="0a-2",
        kind="compute",
        work=_never,
        share=True,
        choices=_never_turns,
        mistakes=_never_mistakes,
        hints=lambda: [
            _("First keep the firms: rows of `people` whose type is not consumer."),
            _("Who of them never bought? The column `bought` says it."),
            _("The mean of `~firms['bought']` is the share."),
        ],
        praise=lambda firm, answer: _("So many firms know us and have never bought: acquisition begins with them."),
    ),
    Exercise(
        id="0a-3",
        kind="compute",
        work=_silent,
        share=True,
        choices=_silent_turns,
        mistakes=_silent_mistakes,
        hints=lambda: [
            _("First keep the rows of `customers` whose channel is representative."),
            _("Compare their `idle` with `rule.lapsed_days`."),
            _("The mean of true and false is the share that is true."),
        ],
        praise=lambda firm, answer: _("Of all who ever bought it is {all:.0%}.").format(all=_silent(firm, "all")),
    ),
    Exercise(
        id="0a-4",
        kind="find",
        work=lambda firm: "diagnostic",
        mistakes=_page_mistakes,
        hints=lambda: [
            _("Take each sentence that begins with So: does it follow from the one before?"),
            _("How long can a customer have been silent who came a hundred days ago?"),
        ],
        praise=_page_praise,
    ),
    Exercise(
        id="0a-5",
        kind="decide",
        work=_best_limit,
        mistakes=_letter_mistakes,
        hints=lambda: [
            _("How many who have left does each limit reach, and how many who are still here?"),
            _("Thirty for each of the first, less seventy for each of the second."),
        ],
        praise=_letter_praise,
    ),
]
