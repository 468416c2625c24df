"""Exercises of sitting 3a: cohorts at equal age, contract churn, and how much silence is leaving."""

import pandas as pd

from portfoy.course.exercise import Exercise, Mistake
from portfoy.course.lessons import truth
from portfoy.course.sittings.contracts import ended, ended_mistakes
from portfoy.customers import DAY, to_frame
from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.words import style

LETTER, LOSS = 60, 140  # money: a catalogue to one who has left, and none to one who has not
LIMITS = ["90", "180", "365", "730"]  # days of silence


def _orders(firm):
    """A row per customer and month with an order: ``customer_id``, ``month``, ``came``, ``later``; the last month."""

    def work():
        log = to_frame(firm.log.filter(firm.log.amount >= 0).select("customer_id", "ordered_on"))
        log["month"] = log["ordered_on"].dt.year * 12 + log["ordered_on"].dt.month
        rows = log.groupby(["customer_id", "month"]).size().rename("lines").reset_index()
        rows["came"] = rows.groupby("customer_id")["month"].transform("min")
        return rows.assign(later=rows["month"] - rows["came"])

    end = firm.as_of + DAY
    return firm.once("orders of 3a", work), end.year * 12 + end.month - 1


def _back(firm, who="online", later=3, base="old", top="in", how="all"):
    """The share of a channel's customers that came back so many months after their first."""
    (everyone, last), people = _orders(firm), firm.people
    mine = people.loc[people["channel"] == who, "customer_id"]
    rows = everyone[everyone["customer_id"].isin(mine) | (who == "all")]
    came = rows.groupby("customer_id")["came"].first()
    old = came[came + later <= last]
    if old.empty:
        raise DataError(_("no customer is old enough"))
    found = {
        "in": rows["later"] == later, "ever": rows["later"] >= later, "until": rows["later"].between(1, later),
        "lines": rows["later"] == later, "next": rows["later"] == 1,
    }[top]  # fmt: skip
    hit = pd.Series(old.index.isin(rows.loc[found, "customer_id"]), old.index)
    n = rows.loc[found, "lines"].sum() if top == "lines" else hit.sum()
    if how != "all":
        each = hit.groupby(old).mean()
        return each.mean() if how == "mean" else each.sum() / came.nunique()
    below = {
        "old": len(old), "came": len(came), "month before": (rows["later"] == later - 1).sum(),
        "others": len(old) - n, "next": (came + 1 <= last).sum(), "everyone": everyone["customer_id"].nunique(),
        "every buyer": (everyone["later"] == later).sum(), "none": 1,
    }  # fmt: skip
    return n / below[base]


def _next(firm):
    return _back(firm, "all", 1)


def _year(rows, cohorts):
    """The mean share of months 1 to 12 over cohorts, as the colleague has it: what has not been yet is zero."""
    rows = rows[rows["came"].isin(cohorts)]
    first = (rows["later"] == 0).groupby(rows["came"]).sum()
    return (rows["later"].between(1, 12).groupby(rows["came"]).sum() / first / 12).mean()


def _faults(firm):
    rows, last = _orders(firm)
    young = range(last - 5, last + 1)
    sizes = rows[(rows["later"] == 0) & rows["came"].isin(young)].groupby("came").size()
    month = rows[(rows["later"] == 0) & rows["came"].isin([cohort - 12 for cohort in young])]
    people = firm.people.dropna(subset="customer_id").set_index("customer_id")["channel"]
    own = rows.assign(channel=rows["customer_id"].map(people))
    rates = (
        own[own["came"] + 1 <= last].groupby("channel")["later"].agg(lambda each: (each == 1).sum() / (each == 0).sum())
    )
    mixes = [own.loc[(own["later"] == 0) & own["came"].isin(those), "channel"].value_counts(normalize=True)
             for those in (young, month["came"].unique())]  # fmt: skip
    values = {"n": sizes.mean(), "filled": _year(rows, young)}
    values["before"] = _year(rows, month["came"].unique())
    values |= {"now": (rates * mixes[0]).sum(), "then": (rates * mixes[1]).sum()}
    says = {
        "few": _(
            "A cohort has about {n:.0f} customers. Chance moves the bars up and down; it does not make each one "
            "shorter than the one before."
        ),
        "season": _(
            "The newcomers of the same six months a year before stand at {before:.0%} in this picture, those of this "
            "year at {filled:.0%}. It was the same season."
        ),
        "mix": _(
            "With the channels of this year {now:.0%} would come back in the next month, with those of a year before "
            "{then:.0%}. That is no reason."
        ),
    }
    return [Mistake(name, text.format(**values)) for name, text in says.items()]


def _blank(firm, answer):
    rows, last = _orders(firm)
    shares = [_again(rows, range(first, first + 6)) for first in (last - 6, last - 18)]
    text = _("In the first month after, {now:.0%} of the newest come back; of those a year before {then:.0%}.")
    return text.format(now=shares[0], then=shares[1])


def _again(rows, cohorts):
    own = rows[rows["came"].isin(cohorts)]
    return (own["later"] == 1).sum() / max((own["later"] == 0).sum(), 1)


def _costs(firm):
    """Limit -> money lost by the truth, customers wrongly given up, and catalogues to those who have left."""
    found = truth(firm)
    if found is None:
        raise DataError(_("no truth is known of this company"))
    idle = firm.customers.set_index("customer_id")["idle"]
    active = found.customers.set_index("customer_id")["active"].reindex(idle.index)
    costs = {}
    for limit in LIMITS:
        silent = idle > int(limit)
        wrong, wasted = int((silent & active).sum()), int((~silent & ~active).sum())
        costs[limit] = (wrong * LOSS + wasted * LETTER, wrong, wasted)
    return costs


def _best(firm):
    return min(LIMITS, key=_costs(firm).get)


def _told(firm, limit):
    cost, wrong, wasted = _costs(firm)[limit]
    text = _(
        "By the truth, after {limit} days {wrong} who are still customers would be given up, and {wasted} catalogues a "
        "year would go to people who have left: {cost} in all."
    )
    return text.format(limit=limit, wrong=wrong, wasted=wasted, cost=style.money(cost, firm.currency))


def _limits(firm):
    costs = _costs(firm)
    more = _("Another limit loses {less} less.")
    return [
        Mistake(
            limit,
            f"{_told(firm, limit)} {more.format(less=style.money(cost[0] - min(costs.values())[0], firm.currency))}",
        )
        for limit, cost in costs.items()
        if limit != _best(firm)
    ]


EXERCISES = [
    Exercise(
        id="3a-1", kind="predict", work=_next, share=True,
        hints=lambda: [_("Any number from 0 to 1.")],
        praise=lambda firm, guess: _(
            "You said {guess:.0%}; it is {right:.0%}. Who comes once need not come back soon."
        ).format(guess=guess, right=_next(firm)),
    ),
    Exercise(
        id="3a-2", kind="compute", work=_back, share=True,
        choices=lambda: {
            "who": {"online": None,
                "all": _("These are the customers of all channels."),
                "shop": _("These are the customers of the shop."),
                "representative": _("These are the customers of the representatives."),
            },
            "later": {3: None,
                2: _("This is the second month after the first."),
                4: _("This is the fourth month after the first. The month of the first order is month 0."),
                1: _("This is the month after the first, not the third."),
            },
            "base": {"old": None,
                "came": _("Below the line stand also those whose month has not been yet: it counts as zero."),
                "month before": _("This divides by those who bought in the month before, not by all who came."),
                "others": _("This divides by those who did not come back."),
                "next": _("Below the line stand also those who have had one month, but not yet three."),
                "everyone": _("This divides by the customers of all channels."),
                "every buyer": _("This divides by all who bought in that month of their age, of every channel."),
                "none": _("This is a number of customers, not a share."),
            },
            "top": {"in": None,
                "ever": _("This counts who bought in that month or later."),
                "until": _("This counts who came back at any time up to that month."),
                "lines": _("This counts lines of orders, not customers."),
                "next": _("Above the line stand those who came back in the month after the first."),
            },
            "how": {"all": None,
                "mean": _("This is the mean of the cohorts' shares: small ones weigh as much."),
                "filled": _("This is the mean of the cohorts' shares, with zero where that month has not been yet."),
            },
        },
        hints=lambda: [
            _("Who is online? Keep these in `came`, by its index."),
            _("Old enough is who came at least three months before `last`. Change the 1 above, in two places."),
        ],
        praise=lambda firm, answer: _("In the month after the first it was {first:.0%}.").format(
            first=_back(firm, later=1)
        ),
    ),
    Exercise(
        id="3a-3", kind="find", work=lambda firm: "blank",
        mistakes=_faults,
        hints=lambda: [
            _("How many months have the newcomers of the last month had so far?"),
            _("Look at what `fillna(0)` does to the white corner of the picture before."),
        ],
        praise=_blank,
    ),
    Exercise(
        id="3a-4", kind="compute", work=ended, share=True, mistakes=ended_mistakes,
        choices=lambda: {
            "plan": {"family": None,
                "all": _("These are the contracts of all plans."),
                "basic": _("This is the plan `basic`."),
                "plus": _("This is the plan `plus`."),
                "others": _("These are all plans but `family`: `==`, not `!=`."),
            },
            "days": {180: None, 365: _("This is a year, not 180 days."), 90: _("These are 90 days, not 180.")},
            "base": {"start": None,
                "end": _("This divides by the contracts that run today; some of them are new."),
                "both": _("New contracts are below the line: they were not there at the start."),
                "ever": _("This divides by all contracts there ever were."),
                "kept": _("This divides by the contracts that were kept, not by all that ran at the start."),
                "all plans": _("This divides by the contracts of all plans."),
                "all lost": _("This is the plan's part of all lost contracts, not its churn rate."),
                "mean": _("This divides by the mean of start and end."),
                "none": _("This is a number of contracts, not a share."),
            },
            "top": {"lost": None,
                "kept": _("These are the contracts that were kept: the retention rate."),
                "money": _("This is a share of the fees; asked is one of the contracts."),
                "new too": _("Above the line stand also contracts that began after the start and ended since."),
                "ever": _("Above the line stand all contracts that ever ended."),
                "old of ever": _("Contracts that had ended before that day are in: they were not there to be lost."),
                "ever of ever": _("This is all that ever ended over all there ever were: it says nothing of a time."),
            },
        },
        hints=lambda: [
            _("Copy the two lines above: another number of days, and one plan."),
            _("Which contracts ran on that day? Begun by then, and not ended by then."),
        ],
        praise=lambda firm, answer: _(
            "Two half years like this lose {two:.0%}, not twice as much: the second begins with fewer contracts."
        ).format(two=1 - (1 - answer) ** 2),
    ),
    Exercise(
        id="3a-5", kind="decide", work=_best,
        mistakes=_limits,
        hints=lambda: [
            _("Below which share of true customers does a catalogue lose money? Weigh 60 against 140."),
            _("Try each limit in the cell above: who came back is still a customer, and some others are too."),
        ],
        praise=lambda firm, answer: " ".join([
            _told(firm, answer),
            _("A firm cannot know this; it can leave the catalogue out for some, by chance, and compare."),
        ]),
    ),
]  # fmt: skip
