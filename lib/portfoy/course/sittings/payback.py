"""Exercises of sitting 2c: when a won customer has paid back, and which channel gives money up."""

import numpy as np
import pandas as pd

from portfoy.acquisition.channels import channels
from portfoy.acquisition.deals import deals, ripe_days
from portfoy.course.exercise import Exercise, Mistake
from portfoy.course.lessons import truth
from portfoy.course.sittings.channels import BOUGHT, MONEY
from portfoy.customers import DAY, to_frame
from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.words import style

RATE = 1.1  # a year of waiting


def _paid(firm):
    """The table of channels with leads, by channel."""
    table = firm.once("channels of 2c", lambda: channels(firm)).table
    return table[table["source"] == "leads"].set_index("channel")


def _payback(firm):
    month = _paid(firm)["payback"].get("website", float("nan"))
    if pd.isna(month):
        raise DataError(_("the website has not paid back within the months seen"))
    return float(month)


def _won(firm):
    """Customers won by leads that have had their time, and the lines that they bought; with the months of both."""
    until = (firm.as_of - (ripe_days(firm) - 1) * DAY).to_period("M").start_time
    won = deals(firm)
    won = won[(won["outcome"] == "won") & (won["created_on"] < until)]
    won = won.assign(came=_month(won["created_on"]), closed=_month(won["closed_on"]))
    lines = to_frame(firm.log).merge(won[["customer_id", "channel", "came", "closed"]], on="customer_id")
    return won, lines.assign(margin=lines["amount"] - lines["quantity"] * lines["unit_cost"])


def _month(days):
    return days.dt.year * 12 + days.dt.month


def _brought(firm, channel="fair", money="margin", rate=RATE, until=12, base="seen", since="came", only=0):
    """What one customer of a channel has brought by a month; `only` that month where it is 1."""
    won, lines = firm.once("won of 2c", lambda: _won(firm))
    won, lines = (table[(table["channel"] == channel) | (channel == "all")] for table in (won, lines))
    month = _month(lines["ordered_on"]) - lines[since] + 1
    seen = firm.as_of.year * 12 + firm.as_of.month - won[since] + 1
    alone = {"stayed": lines.loc[month > until, "customer_id"], "whole": won.loc[seen >= until, "customer_id"]}
    if base in alone:
        kept = lines["customer_id"].isin(alone[base])
        month, lines = month[kept], lines[kept]
    worth = lines["amount" if money == "revenue" else "margin"] / rate ** ((month - 1) / 12)
    ages = pd.RangeIndex(1, until + 1)
    sums = worth.groupby(month).sum().reindex(ages, fill_value=0.0)
    each = sums / _counts(firm, base, channel, won, lines, seen, ages)
    if not len(lines) or not np.isfinite(each).all():
        raise DataError(_("no customer of this channel was seen so long"))
    return each.iloc[-1] if only else each.sum()


def _counts(firm, base, channel, won, lines, seen, ages):
    """By how many customers the money of each month is divided."""
    leads = deals(firm)["channel"]
    many = {
        "all": len(won),
        "stayed": lines["customer_id"].nunique(),
        "bought": lines.loc[_month(lines["ordered_on"]) - lines["came"] < ages[-1], "customer_id"].nunique(),
        "whole": (seen >= ages[-1]).sum(),
        "old": (seen >= ages[-1]).sum(),
        "leads": (leads == channel).sum() or len(leads),
        "none": 1,
    }
    if base in many:
        return many[base]
    if base in ("website", "fair"):
        seen = firm.as_of.year * 12 + firm.as_of.month - _won_of(firm, base)["came"] + 1
    elif base == "buyers":
        seen = seen[won["customer_id"].isin(lines["customer_id"])]
    counts = pd.Series([(seen >= age).sum() for age in ages], ages)
    return counts * len(ages) if base == "each month" else counts


def _won_of(firm, channel):
    won, _lines = firm.once("won of 2c", lambda: _won(firm))
    return won[won["channel"] == channel]


def _not_brought(firm):
    """Other numbers of the fair's customers, and what they are."""
    cost, answer = _paid(firm).loc["fair", "full_cac"], _brought(firm)
    _all, lines = firm.once("won of 2c", lambda: _won(firm))
    lines = lines[lines["channel"] == "fair"]
    age = _month(lines["ordered_on"]) - lines["came"]
    today = (lines["margin"] / RATE ** (age / 12))[age < 12]
    margin = firm.customers.set_index("customer_id")["margin"].reindex(_won_of(firm, "fair")["customer_id"])
    return [
        Mistake(cost, _("This is what a customer of the fair cost, not what it brought.")),
        Mistake(answer - cost, _("This is what one brought less what it cost. Asked is only what it brought.")),
        Mistake(today.mean(), _("This is the mean of a line of an order. Add up, then divide by customers.")),
        Mistake(
            today.groupby(lines["customer_id"]).sum().median(),
            _("This is the median customer who bought. The cost is paid by all, so take the mean."),
        ),
        Mistake(
            _brought(firm, "all", base="fair"),
            _("The money is of all channels; the customers are those of the fair."),
        ),
        Mistake(margin.mean(), _("This is their margin so far, in as many months as each was seen, not in twelve.")),
    ]


def _faults(firm):
    cost, ads = _paid(firm).loc["fair", ["full_cac", "cac"]]
    values = {
        "margin": (_("This is margin. As revenue it would be {here}."), {"money": "revenue"}),
        "discount": (_("Later money is made smaller here. Without that it would be {here}."), {"rate": 1.0}),
    }
    said = [
        Mistake(name, text.format(here=style.money(_brought(firm, base="stayed", **turn), firm.currency)))
        for name, (text, turn) in values.items()
    ]
    sales = _("The work of sales people is in the cost. Without it the cost would be {ads}, not {cost}.")
    money = {"ads": style.money(ads, firm.currency), "cost": style.money(cost, firm.currency)}
    return [*said, Mistake("sales", sales.format(**money))]


def _left_out(firm, answer):
    won, lines = firm.once("won of 2c", lambda: _won(firm))
    lines = lines[(lines["channel"] == "fair") & (_month(lines["ordered_on"]) - lines["came"] >= 12)]
    text = _("These are {few} of {all} customers, the best ones. All of them together brought {here} each.")
    told = {"few": lines["customer_id"].nunique(), "all": (won["channel"] == "fair").sum()}
    return text.format(here=style.money(_brought(firm), firm.currency), **told)


def _lost(firm):
    """How many customers are lost where so much money is taken, by channel and by the truth."""
    found = truth(firm)
    if found is None:
        raise DataError(_("no truth is known of this company"))
    return MONEY / found.win_cost(firm, deals(firm))[BOUGHT]


def _taken(firm, name):
    lost = _lost(firm)[name]
    text = _("By the truth {money} less for {name} lose {n:.0f} customers, and {margin} of margin in their first year.")
    worth = style.money(lost * _brought(firm, channel="all"), firm.currency)
    return text.format(money=style.money(MONEY, firm.currency), name=name, n=lost, margin=worth)


def _others(firm):
    lost = _lost(firm)
    reasons = {
        "fair": _("Its low CLV:CAC comes from a few customers: chance, as the lines in the chart say."),
        "partner": _("A partner's leads are won more often than most."),
        "website": _("A customer of the website costs little."),
        "calls": _("Its customers cost less than they seem to."),
    }
    more = _("From another channel it would lose {n:.0f} fewer.")
    return [
        Mistake(name, " ".join([_taken(firm, name), reason, more.format(n=lost[name] - lost.min())]))
        for name, reason in reasons.items()
        if name != lost.idxmin()
    ]


EXERCISES = [
    Exercise(
        id="2c-1",
        kind="predict",
        work=_payback,
        hints=lambda: [_("A number of months, 1 or more.")],
        praise=lambda firm, guess: _(
            "You said month {guess:.0f}; it is month {right:.0f}. A first order comes soon, and others often follow."
        ).format(guess=guess, right=_payback(firm)),
    ),
    Exercise(
        id="2c-2",
        kind="compute",
        work=_brought,
        mistakes=_not_brought,
        choices=lambda: {
            "channel": {
                "fair": None,
                "website": _("This is the website."),
                "partner": _("This is the partner."),
                "calls": _("These are the calls."),
                "referral": _("This is referral."),
                "all": _("These are customers of all channels."),
            },
            "money": {"margin": None, "revenue": _("This is revenue, not margin.")},
            "rate": {RATE: None, 1.0: _("Later money counts fully here; asked is the column `today`.")},
            "until": {
                12: None,
                11: _("This ends a month too early."),
                13: _("This ends a month too late."),
                24: _("This is by month 24."),
                6: _("This is by month 6."),
            },
            "base": {
                "seen": None,
                "all": _("This divides by all who were won, also by those not seen for so long yet."),
                "buyers": _("Won customers who have not bought yet are left out of the number."),
                "stayed": _("These are only customers who still buy afterwards: survivors."),
                "leads": _("This divides by leads, not by won customers."),
                "none": _("This is the sum, not divided by the customers seen so long."),
                "website": _("The number of customers is that of the website."),
                "each month": _("This is a month on average. Asked is all that came by the end of month 12."),
                "bought": _("This divides by those who bought in these months. Paid for are all who were won."),
                "old": _("Above the line stand all, below it only those seen for twelve months."),
                "whole": _("These are only those seen for the whole twelve months. Younger ones tell of their months."),
            },
            "since": {"came": None, "closed": _("This counts months from the day of the win, not of the lead.")},
            "only": {0: None, 1: _("This is what comes in that month alone, not added up.")},
        },
        hints=lambda: [
            _("Copy the cell above and change the name of the channel, in both places."),
            _("Then take the value of month 12: `[12]`."),
        ],
        praise=lambda firm, answer: _("A customer of the fair cost {cost}: it has not paid back yet.").format(
            cost=style.money(_paid(firm).loc["fair", "full_cac"], firm.currency)
        )
        if answer < _paid(firm).loc["fair", "full_cac"]
        else _("That is more than it cost."),
    ),
    Exercise(
        id="2c-3",
        kind="find",
        work=lambda firm: "stayed",
        mistakes=_faults,
        hints=lambda: [
            _("Whom did we pay for? Who of them is in `stayed`?"),
            _("Compare `len(stayed)` with the number of customers won by the fair."),
        ],
        praise=_left_out,
    ),
    Exercise(
        id="2c-4",
        kind="decide",
        work=lambda firm: _lost(firm).idxmin(),
        mistakes=_others,
        hints=lambda: [
            _("Where the lines of the last chart overlap, take the customers of two channels as alike."),
            _("If customers are alike, what is left to compare is what one costs."),
        ],
        praise=lambda firm, answer: " ".join([
            _taken(firm, answer),
            _("The next best choice, {name}, would lose {n:.0f}.").format(
                name=_lost(firm).nsmallest(2).index[1], n=_lost(firm).nsmallest(2).iloc[1]
            ),
        ]),
    ),
]  # fmt: skip
