"""Exercises of sitting 2a: win rates, what a won customer costs, and the choice of a channel."""

from portfoy.acquisition.deals import deals, ripe_days
from portfoy.course.exercise import Exercise, Mistake
from portfoy.course.lessons import truth
from portfoy.customers import DAY, to_frame
from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.words import style

MONEY = 100_000  # what there is to give
BOUGHT = ["website", "partner", "fair", "calls"]  # channels whose leads money buys


def _won(leads):
    return leads["outcome"] == "won"


def _over(leads):
    return leads["outcome"] != "open"


def _closed_rate(firm):
    leads = deals(firm)
    return _won(leads[_over(leads)]).mean()


def _recent(firm, who="retailer", window="came", base="closed", top="won"):
    """The win rate of one type of leads that came in the last 180 days."""
    leads, since = deals(firm), firm.as_of - 180 * DAY
    inside = {
        "came": leads["created_on"] > since,
        "ended": leads["closed_on"] > since,
        "before": leads["created_on"] < since,
        "until": leads["created_on"] <= since,
        "ever": leads["created_on"].notna(),
    }[window]
    mine = leads[inside & ((leads["type"] == who) | (who == "all"))]
    below = {
        "closed": mine[_over(mine)],
        "all": mine,
        "wins": leads[inside & _won(leads)],
        "others": mine[mine["outcome"] == "lost"],
        "leads": leads[inside],
        "every win": leads[_won(leads)],
        "none": range(1),
    }[base]
    if not len(below) or not _over(mine).any():
        raise DataError(_("no such lead is closed yet"))
    return (_over(mine) if top == "closed" else mine["outcome"] == top).sum() / len(below)


def _mean_of_rates(firm):
    leads = deals(firm)
    mine = leads[(leads["type"] == "retailer") & (leads["created_on"] > firm.as_of - 180 * DAY) & _over(leads)]
    each = _won(mine).groupby(mine["channel"]).mean()
    return [Mistake(each.mean(), _("This is the mean of the channels' rates: a channel of few leads weighs as much."))]


def _quarters(firm):
    """Leads with ``won`` and ``quarter``, and the last quarter."""
    leads = deals(firm)
    leads = leads.assign(won=_won(leads), quarter=leads["created_on"].dt.to_period("Q"))
    return leads, leads["quarter"].max()


def _faults(firm):
    leads, last = _quarters(firm)
    now, before, year = (leads[leads["quarter"] == last - back] for back in (0, 1, 4))
    mixed = now.groupby("channel")["won"].mean() @ before["channel"].value_counts(normalize=True)
    values = {"was": before["won"].mean(), "now": now["won"].mean(), "mixed": mixed, "year": year["won"].mean()}
    values |= {"n": len(now), "half": 1.96 * (0.25 / len(now)) ** 0.5}
    says = {
        "few": _(
            "Chance moves a share of {n} leads by about {half:.0%}. The fall is from {was:.0%} to {now:.0%}: look for "
            "another reason."
        ),
        "season": _("In the same quarter of the year before {year:.0%} were won. A season would have shown then too."),
        "mix": _(
            "With the channels of the quarter before it would be {mixed:.0%}; it is {now:.0%}. That is no reason."
        ),
    }
    return [Mistake(name, text.format(**values)) for name, text in says.items()]


def _open_now(firm, answer):
    leads, last = _quarters(firm)
    now = leads[leads["quarter"] == last]
    text = _("Of the leads of that quarter {still:.0%} are open. Of those that are closed {rate:.0%} were won.")
    return text.format(still=1 - _over(now).mean(), rate=now.loc[_over(now), "won"].mean())


def _cost(firm, whose=("fair", "fair"), kinds="all", prices="today", months=("ripe", "ripe"), per="won", how="sum"):
    """What a won customer of a channel cost; `whose` and `months` of the money, and of the leads."""
    spend, leads = to_frame(firm.tables.spend), deals(firm)
    until = (firm.as_of - (ripe_days(firm) - 1) * DAY).to_period("M").start_time
    spend = spend.assign(paid=spend["cost"], today=spend["cost"] * firm.prices.factors(spend["month"]))
    spend = spend[(spend["month"] < until) | (months[0] == "every")]
    leads = leads[(leads["closed_on" if months[1] == "ended" else "created_on"] < until) | (months[1] == "every")]
    spend, leads = (
        table[(table["channel"] == name) | (name == "every")] for table, name in zip((spend, leads), whose, strict=True)
    )
    sold = spend["kind"] == "sales"
    spend = spend[{"all": sold | ~sold, "ads": ~sold, "sales": sold}[kinds]]
    leads = {"won": leads[_won(leads)], "leads": leads, "closed": leads[_over(leads)], "none": leads[:1]}[per]
    if spend.empty or leads.empty:
        raise DataError(_("this channel has no spend, or nobody was won"))
    if how in ("sum", "mean"):
        return spend[prices].agg(how) / len(leads)
    when = leads["created_on"].dt.to_period("M").dt.start_time.value_counts()
    each = (spend.groupby("month")[prices].sum() / when).dropna()
    return each.mean() if how == "months" else each.median()


def _bring(firm):
    """How many customers the money would bring by each channel, by the truth; and the true win rates."""
    found = truth(firm)
    if found is None:
        raise DataError(_("no truth is known of this company"))
    leads = deals(firm)
    rates = found.p_win(leads).groupby(leads["channel"]).mean()
    return (MONEY / found.win_cost(firm, leads))[BOUGHT], rates


def _choice(firm, name):
    brings, rates = _bring(firm)
    text = _(
        "By the truth {money} brings {n:.0f} customers by {name}: {rate:.0%} of its leads are won, and one customer "
        "costs {each}."
    )
    values = {"money": style.money(MONEY, firm.currency), "each": style.money(MONEY / brings[name], firm.currency)}
    return text.format(name=name, n=brings[name], rate=rates[name], **values)


def _others(firm):
    brings, _rates = _bring(firm)
    more = _("Another channel brings {n:.0f} more for the same money.")
    said = {name: more.format(n=brings.max() - brings[name]) for name in BOUGHT if name != brings.idxmax()}
    return [Mistake(name, f"{_choice(firm, name)} {text}") for name, text in said.items()]


EXERCISES = [
    Exercise(
        id="2a-1",
        kind="predict",
        work=_closed_rate,
        share=True,
        hints=lambda: [_("Any number from 0 to 1.")],
        praise=lambda firm, guess: _(
            "You said {guess:.0%}; it is {right:.0%}. Many guess a half, as if a win were as easy as a loss."
        ).format(guess=guess, right=_closed_rate(firm)),
    ),
    Exercise(
        id="2a-2",
        kind="compute",
        work=_recent,
        mistakes=_mean_of_rates,
        share=True,
        choices=lambda: {
            "who": {
                "retailer": None,
                "all": _("These are leads of all types, not retailers alone."),
                "business": _("These are businesses, not retailers."),
                "wholesaler": _("These are wholesalers, not retailers."),
            },
            "window": {
                "came": None,
                "ever": _("These are leads of all days, not of the last 180."),
                "ended": _("These ended in the last 180 days; asked is when they came (`created_on`)."),
                "before": _("These came before the day; asked is after it."),
                "until": _("These came before the day or on it; asked is after it."),
            },
            "base": {
                "closed": None,
                "all": _("Open leads are divided by too, as if they were lost."),
                "wins": _("This divides by all wins of these days: it is their part of the wins, not a win rate."),
                "others": _("This divides by the lost ones alone. A rate divides by won and lost together."),
                "leads": _("This divides by the leads of all types."),
                "every win": _("This divides by all wins there ever were."),
                "none": _("This is a number of leads, not a share."),
            },
            "top": {
                "won": None,
                "lost": _("This counts the lost, not the won."),
                "open": _("This counts the open leads, not the won."),
                "closed": _("This counts all that are closed, not the won alone."),
            },
        },
        hints=lambda: [
            _("First keep the retailers that came after the day. Use `&` between two conditions in brackets."),
            _("Then leave the open ones out: `closed` has only leads that ended."),
            _("The mean of the column `won` of what is left."),
        ],
        praise=lambda firm, answer: _("Few leads: chance alone could move it by some points."),
    ),
    Exercise(
        id="2a-3",
        kind="find",
        work=lambda firm: "open",
        mistakes=_faults,
        hints=lambda: [
            _("How long does a lead take? How old is the oldest of this quarter?"),
            _("Count the outcomes: `leads.groupby('quarter')['outcome'].value_counts()`."),
        ],
        praise=_open_now,
    ),
    Exercise(
        id="2a-4",
        kind="compute",
        work=_cost,
        choices=lambda: {
            "whose": {
                ("fair", "fair"): None,
                ("website", "website"): _("This is the website."),
                ("partner", "partner"): _("This is the partner."),
                ("calls", "calls"): _("These are the calls."),
                ("referral", "referral"): _("This is referral."),
                ("every", "every"): _("This takes all channels."),
                ("fair", "every"): _("The money is the fair's, but the leads are of all channels."),
                ("every", "fair"): _("The leads are the fair's, but the money is of all channels."),
                ("website", "fair"): _("The leads are the fair's, but the money is the website's."),
                ("fair", "website"): _("The money is the fair's, but the leads are the website's."),
            },
            "kinds": {
                "all": None,
                "ads": _("The work of sales people is left out; asked is all money."),
                "sales": _("This is the money for sales people alone."),
            },
            "prices": {"today": None, "paid": _("This is money as it was paid (`cost`), not at prices of today.")},
            "months": {
                ("ripe", "ripe"): None,
                ("every", "every"): _("These are all months, also those whose leads still need time."),
                ("every", "ripe"): _("The money is of all months, the leads are not: they do not belong together."),
                ("ripe", "every"): _("The leads are of all months, the money is not: they do not belong together."),
                ("ripe", "ended"): _("These were won before `until`; asked are those whose lead came before it."),
            },
            "per": {
                "won": None,
                "leads": _("This divides by leads, not by won customers: it is what a lead costs."),
                "closed": _("This divides by closed leads, won and lost together."),
                "none": _("This is money that is not divided yet by won customers."),
            },
            "how": {
                "sum": None,
                "months": _("This is the mean of monthly costs. It forgets that some months won more customers."),
                "mean": _("This starts from the mean of the rows of money, not from their sum."),
                "median": _("This is the median of monthly costs, not all money over all customers."),
            },
        },
        hints=lambda: [
            _("Copy the cell above and change the name of the channel: in the money and in the leads."),
            _("Above the line: `today` of `paid`, of this channel. Below: the sum of `won` of its `ripe` leads."),
        ],
        praise=lambda firm, answer: _("The work of sales people alone is {part} of it.").format(
            part=style.money(answer - _cost(firm, kinds="ads"), firm.currency)
        ),
    ),
    Exercise(
        id="2a-5",
        kind="decide",
        work=lambda firm: _bring(firm)[0].idxmax(),
        mistakes=_others,
        hints=lambda: [
            _("What counts is customers for the money: look at the cost of a customer, not at the win rate."),
            _("Which of the four has the lowest `full_cac`?"),
        ],
        praise=lambda firm, answer: " ".join([
            _choice(firm, answer),
            _("That holds if money buys leads at the same price: try it with half the money first."),
        ]),
    ),
]  # fmt: skip
