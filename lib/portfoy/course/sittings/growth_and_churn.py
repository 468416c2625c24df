"""Exercises of sitting 0c: what growth is made of, who left, and whether to win or to keep."""

import numpy as np
import pandas as pd

from portfoy.course.exercise import Exercise, Mistake
from portfoy.course.lessons import truth
from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.portfolio.states import states

PLAN = 20  # the plans cost so many-th of a year's marketing
FEWEST = 5  # customers driven away, to be compared with those won


def _group(customers, who):
    """Some of the customers: "all", "consumers", "firms" or those of a type; a DataError where no type is known."""
    if who == "all":
        return customers
    if "type" not in customers:
        raise DataError(_("customers: no type is known. Add a column type."))
    if who in ("consumers", "firms"):
        return customers[(customers["type"] == "consumer") == (who == "consumers")]
    return customers[customers["type"] == who]


def _per_customer(firm):
    return firm.recent(12)["revenue"].mean() / firm.before(12).recent(12)["revenue"].mean()


def _said_per_customer(firm, guess):
    more = _("You said {guess:.2f}; it is {right:.2f}. Each customer brings more. Frequency, or ticket? See below.")
    less = _("You said {guess:.2f}; it is {right:.2f}. Each customer brings less. Did revenue fall, too? See below.")
    right = _per_customer(firm)
    return (more if right > 1 else less).format(guess=guess, right=right)


def _parts(customers, often, each, money, everyone):
    """Customers, purchases of each and revenue of each purchase."""
    often, many = ("purchases", everyone) if often == "everyone" else (often, len(customers))
    column = "purchases" if often in ("sum", "middle") else often
    buys, total, own = customers[column].sum(), customers[money].sum(), customers[money] / customers["purchases"]
    tickets = {
        "middle": own.median(),
        "revenue": customers[money].median(),
        "medians": customers[money].median() / customers["purchases"].median(),
        "purchase": total / buys,
        "customer": total / len(customers),
        "mean": own.mean(),
    }
    frequency = {"sum": buys, "middle": customers["purchases"].median()}.get(often, buys / many)
    return pd.Series({"customers": len(customers), "frequency": frequency, "ticket": tickets[each]})


def _factors(firm, who="firms", months=12, way="factor", often="purchases", each="purchase", money="revenue"):
    """The factors of a group from one window to the next; `months` 0 for all that was ever bought."""
    sides = firm.before(months or 12).recent(months), firm.recent(months)
    then, now = (_parts(_group(side, who), often, each, money, len(side)) for side in sides)
    ways = {"factor": now / then, "change": now / then - 1, "percent": 100 * now / then, "upside": then / now}
    return {**ways, "difference": now - then, "now": now, "then": then}[way]


def _churn(firm, who="consumers", months=6, above="lost", below="start"):
    """The churn rate of a group: lost over those active at the start, or what people take for them."""
    then, now = _group(firm.before(months).recent(months), who), _group(firm.recent(months), who)
    stayed = then["customer_id"].isin(now["customer_id"]).sum()
    tops = {"lost": len(then) - stayed, "stayed": stayed, "net": len(then) - len(now), "new": len(now) - stayed}
    bottoms = {"start": len(then), "end": len(now), "either": len(then) + len(now) - stayed, "one": 1}
    bottoms["then"] = len(_group(firm.before(months).recent(0), who))
    bottoms |= {"ever": len(_group(firm.recent(0), who)), "others": len(firm.before(months).recent(months))}
    bottoms |= {"everyone": len(firm.customers), "twice": len(then) + len(now)}
    return tops[above] / bottoms[below]


def _churn_mistakes(firm):
    then, now = (_group(day.recent(6), "consumers") for day in (firm.before(6), firm))
    lost = ~then["customer_id"].isin(now["customer_id"])
    ever, year = _group(firm.recent(0), "consumers"), _churn(firm, months=12)
    starts = [firm.before(ago).recent(months) for ago, months in ((6, 12), (12, 6), (12, 12))]
    left = [1 - _group(side, "consumers")["customer_id"].isin(now["customer_id"]).mean() for side in starts]
    slow = 1 - then["customer_id"].isin(firm.recent(12)["customer_id"]).mean()
    money = _("This is the revenue of the lost, not their number.")
    silent = _(
        "These are all who have been silent for half a year. Who had left before the start cannot be lost again."
    )
    half = _("You made it from the rate of a year. A window has to be counted, not divided.")
    return [
        Mistake(then.loc[lost, "revenue"].sum() / then["revenue"].sum(), money),
        Mistake((ever["idle"] > 182).mean(), silent),
        Mistake((firm.customers["idle"] > 182).mean(), silent),
        Mistake(1 - len(now) / len(ever), silent),
        Mistake(year / 2, half),
        Mistake(1 - (1 - year) ** 0.5, half),
        Mistake(slow, _("You looked for them in the last twelve months. Lost is who did not buy in the last six.")),
        Mistake(2 * _churn(firm), _("You doubled the rate: half a year is asked for.")),
        Mistake(left[2], _("Your start is the year before the last. Take the six months before the last six.")),
        Mistake(left[0], _("Your start looks back twelve months. Active at the start is who bought in six.")),
        Mistake(left[1], _("Your start is a year ago. The six months before the last six end half a year ago.")),
    ]


def _by_region(firm):
    """Churn by region, over those of the start and, as the colleague has it, over those of the end."""
    old, recent = firm.before(12).recent(12), firm.recent(12)
    if "region" not in old or "region" not in recent:
        raise DataError(_("customers: no region is known. Add a column region."))
    gone = old[~old["customer_id"].isin(recent["customer_id"])].groupby("region").size()
    return gone / old.groupby("region").size(), gone / recent.groupby("region").size()


def _said_by_region(firm, _line):
    right, wrong = _by_region(firm)
    said = {"wrong": wrong.idxmin(), "low": wrong.min(), "right": right.idxmin(), "high": right.min()}
    moved = _("Over those of the start, {right} loses least, {high:.0%}; the colleague names {wrong}, with {low:.0%}.")
    same = _("Over those of the start it is still {right} that loses least: {high:.0%}, though, and not {low:.0%}.")
    text = same if said["wrong"] == said["right"] else moved
    return " ".join([
        _("The colleague divides by newcomers, too, who could not be lost: a region with many of them looks loyal."),
        text.format(**said),
    ])  # fmt: skip


def _flow(firm):
    """The share of those at risk a year ago who have lapsed since."""
    found = firm.once(("0c", "flows"), lambda: states(firm))
    if not found or not found.flows:
        raise DataError(_("states: the data do not reach back far enough. Take two years of orders."))
    table = found.flows.table.set_index(["before", "now"])
    return float(table.loc[("at risk", "lapsed"), "share"])


def _plans(firm):
    """By the truth: how many each plan wins or keeps, and the margin they bring in twelve months."""
    envelope = truth(firm)
    if envelope is None:
        raise DataError(_("these data have no truth. Use the teaching company."))
    ago, margin = firm.before(12).as_of, firm.customers["margin"].sum() / firm.customers["revenue"].sum()
    known = firm.customers.merge(envelope.customers, on="customer_id")
    again = (1 - np.exp(-known["rate"] * known["stop"] * 365)) / known["stop"]  # Fader, Hardie and Lee (2005)
    new, driven = known["first_order"] > ago, known["left_on"] > ago
    if driven.sum() < FEWEST:
        raise DataError(_("hardly anybody left because of a complaint. Use the teaching company."))
    year = known["ticket"] * (again + new) * margin  # a newcomer has a first purchase, too
    plans = {"won": new.sum() / PLAN, "win": year[new].sum() / PLAN, "kept": driven.sum()}
    return {**plans, "keep": (known["ticket"] * again * margin)[driven].sum(), "currency": firm.currency}


def _said_plans(firm, _plan=None):
    plans = _plans(firm)
    text = _(
        "By the truth, {won:.0f} newcomers bring a margin of {win:,.0f} {currency} in twelve months. The {kept} "
        "customers whom a complaint drove away would have brought {keep:,.0f}. The plans are even at {even:.0f} kept: "
        "who complains mostly buys often."
    )
    return text.format(**plans, even=plans["win"] * plans["kept"] / max(plans["keep"], 1))


EXERCISES = [
    Exercise(
        id="0c-1", kind="predict", work=_per_customer,
        hints=lambda: [_("Any number; 1 is no change.")],
        praise=_said_per_customer,
    ),
    Exercise(
        id="0c-2", kind="compute", work=_factors,
        choices=lambda: {
            "way": {"factor": None,
                "difference": _("These are differences, last year less year before. A factor is a division."),
                "change": _("These are changes. A factor is one more: 1.1 for a tenth more."),
                "percent": _("These are per cents. A factor of 1.1 is written 1.1, not 110."),
                "upside": _("Upside down: divide the last year by the year before."),
                "now": _("These are the figures of the last year alone. Divide them by those of the year before."),
                "then": _("These are the figures of the year before. Divide those of the last year by them."),
            },
            "who": {"firms": None,
                "all": _("These are all customers, not the firms alone."),
                "consumers": _("These are the consumers. Firms are the others: `!=`, not `==`."),
                "business": _("These are the businesses alone. Retailers and wholesalers are firms, too."),
                "wholesaler": _("These are the wholesalers alone. Businesses and retailers are firms, too."),
                "retailer": _("These are the retailers alone. Businesses and wholesalers are firms, too."),
            },
            "money": {"revenue": None,
                "revenue_paid": _("This is money as paid: the prices are still in it."),
                "margin": _("This is margin, not revenue."),
            },
            "each": {"purchase": None,
                "customer": _("Your ticket is revenue of one customer. A ticket is revenue of one purchase."),
                "middle": _("Your ticket is a median of the customers' tickets: divide all revenue by all purchases."),
                "revenue": _("Your ticket is the median revenue of a customer: divide all revenue by all purchases."),
                "medians": _("Your ticket is made of two medians: divide all revenue by all purchases."),
                "mean": _(
                    "Your ticket is a mean of each customer's own ticket. There a customer with one purchase counts as "
                    "much as one with fifty: divide all revenue by all purchases."
                ),
            },
            "often": {"purchases": None,
                "sum": _("Your frequency is the number of purchases. Divide it by the number of customers."),
                "middle": _("Your frequency is a median: divide all purchases by all customers."),
                "orders": _("You counted orders. Several orders on one day are one purchase."),
                "everyone": _("Your frequency is divided by all customers. Divide it by the firms."),
            },
            "months": {12: None,
                6: _("Your two windows are six months long. Wanted are years: the tables `before` and `now`."),
                0: _("These are all purchases ever, not those of one year. Use the tables `before` and `now`."),
            },
        },
        hints=lambda: [
            _("First the firms of both years: rows of `before` and of `now` whose type is not consumer."),
            _("Customers are rows. Frequency is purchases / customers. Ticket is revenue / purchases."),
            _("Divide each of the three by that of the year before, and put them into one `pd.Series({...})`."),
        ],
        praise=lambda firm, answer: _("Multiplied they give {product:.2f}, the factor of the firms' revenue.").format(
            product=_factors(firm).prod()
        ),
    ),
    Exercise(
        id="0c-3", kind="compute", work=_churn, share=True,
        choices=lambda: {
            "above": {"lost": None,
                "stayed": _("These are those who stayed. Churn counts those who did not."),
                "net": _("This is by how many there are fewer now. New ones hide the lost: look at who is who."),
                "new": _("These are those who came. Churn counts those who left."),
            },
            "below": {"start": None,
                "end": _("You divided by those of the last window, newcomers too. Newcomers could not be lost."),
                "then": _("You divided by all who had ever bought by then. Who had left before cannot be lost again."),
                "ever": _("You divided by all who ever bought. Only those active at the start can be lost."),
                "others": _("You divided by all customers of the start, firms too."),
                "everyone": _(
                    "You divided by all who ever bought, firms too. Only consumers active at the start count."
                ),
                "twice": _("You divided by the numbers of both windows together. Divide by those of the start."),
                "either": _("You divided by those of both windows. Who came in the second could not be lost."),
                "one": _("This is how many. A rate is divided by those active at the start."),
            },
            "who": {"consumers": None,
                "all": _("These are all customers, not the consumers alone."),
                "firms": _("These are the firms, not the consumers."),
            },
            "months": {6: None,
                12: _("Your window is twelve months; six are asked for."),
                3: _("Your window is three months; six are asked for."),
            },
        },
        mistakes=_churn_mistakes,
        hints=lambda: [
            _("Who can be lost? Consumers in `firm.before(6).recent(6)`."),
            _("Lost is who of them is not in `firm.recent(6)`: `isin` with customer_id."),
            _("Divide the lost by those active at the start; or take one minus the mean of `isin`."),
        ],
        praise=lambda firm, answer: _(
            "With a window of twelve months it is {year:.1%}. Is that what you expected?"
        ).format(year=_churn(firm, months=12)),
    ),
    Exercise(
        id="0c-4", kind="find", work=lambda firm: "D" if _by_region(firm) else None,
        mistakes=lambda firm: [
            Mistake("A", _("A is right: who bought in the year before was active at the start.")),
            Mistake("B", _("B is right: who bought in the last year is there to be found, or not.")),
            Mistake("C", _("C is right: those of the year before who are not in the last one.")),
        ],
        hints=lambda: [
            _("Say each line aloud: who is in this table?"),
            _("By whom is divided? Could all of them be lost?"),
        ],
        praise=_said_by_region,
    ),
    Exercise(
        id="0c-5", kind="predict", work=_flow, share=True,
        hints=lambda: [_("Any number from 0 to 1.")],
        praise=lambda firm, guess: _(
            "You said {guess:.0%}; it is {right:.0%}. Find the cell in the picture: row at risk, column lapsed."
        ).format(guess=guess, right=_flow(firm)),
    ),
    Exercise(
        id="0c-6", kind="decide", work=lambda firm: max(("win", "keep"), key=_plans(firm).get),
        mistakes=lambda firm: [Mistake(min(("win", "keep"), key=_plans(firm).get), _said_plans(firm))],
        hints=lambda: [
            _("How many people does each plan win or keep, and what does one of them bring?"),
            _("The other plan is the better one here. Say why before you change it."),
        ],
        praise=_said_plans,
    ),
]  # fmt: skip
