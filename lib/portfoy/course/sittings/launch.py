"""Exercises of sitting 1e: how a new product spreads, and a plan for each segment."""

import numpy as np
import pandas as pd

from portfoy.course.exercise import Exercise, Mistake
from portfoy.course.lessons import truth
from portfoy.customers import to_frame
from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.selection.launch import launch
from portfoy.selection.plan import segment_plan
from portfoy.selection.rfm import rfm

PENCIL = {"p": 0.03, "q": 0.4, "m": 100}  # of the cells; the exercise has others
ASKED = {"p": 0.02, "q": 0.5, "m": 200}
PRODUCT, YOUNG, OLD = "P114", 1991, 1971  # born in this year or later, or before
CALL = 90  # money a call


def _spread(months, p, q, m, rest=True, share=True):
    """Buyers of each month, by the formula; without taking off those who have it, or with their number for a share."""
    bought, owners = [], 0.0
    for _month in range(months):
        bought.append((p + q * (owners / m if share else owners)) * (m - (owners if rest else 0)))
        owners += bought[-1]
    return bought


def _third(_firm, month=3, so_far=False, numbers="asked", rest=True, only=""):
    p, q, m = (ASKED if numbers == "asked" else PENCIL).values()
    bought = _spread(month, 0 if only == "q" else p, 0 if only == "p" else q, m, rest)
    if only == "q":  # what imitation adds in that month, p having brought those before
        owners = sum(_spread(month - 1, p, q, m, rest))
        return q * owners / m * (m - owners)
    return sum(bought) if so_far else bought[-1]


def _third_mistakes(firm):
    p, q, m = ASKED.values()
    one, two, third = _spread(3, p, q, m)
    counted, owners = _("You used how many have it; q is multiplied by their share of m."), one + two
    return [
        Mistake(_spread(3, p, q, m, share=False)[-1], counted),
        Mistake((p + q * owners) * (m - owners), counted),
        Mistake((p + q * two / m) * (m - owners), _("Owners are all who bought so far, not only those of last month.")),
        Mistake(
            p + q * owners / m, _("This is the share of those who do not have it yet; multiply it by their number.")
        ),
        Mistake((p + q * owners / m) * (m - two), _("Those of the first month have it, too: m less all owners.")),
        Mistake((p + q * two / m) * (m - two), _("Owners are all who bought so far, not only those of last month.")),
        Mistake(p + q * owners / m * (m - owners), _("Brackets: p belongs to the sum that is multiplied.")),
        Mistake((q + p * owners / m) * (m - owners), _("p and q have changed places.")),
        Mistake(p * (m - owners), _("Here q is left out of this month: some follow those who have it.")),
        Mistake((p + q * owners / 100) * (100 - owners), _("m is 200 here; 100 was in the cell above.")),
        Mistake(owners, _("This is how many have it before the third month.")),
        Mistake((p + q * (owners + third) / m) * (m - owners - third), _("This is the fourth month.")),
        Mistake(
            (p + q * owners / m) * m, _("Those who have it already cannot buy it first again: times (m - owners).")
        ),
        Mistake(third / owners, _("You divided by how many have it before; how many buy is asked for.")),
        Mistake(third / m, _("This is a share of m; how many is asked for.")),
    ]


def _first(firm):
    """Customer -> the day of the first purchase of the product, those with a year of birth, the earliest first."""
    found = launch(firm, product=PRODUCT)
    if not found:
        raise DataError(str(found.reason))
    log, people = to_frame(firm.log.filter(firm.log.product_id == PRODUCT)), to_frame(firm.tables.customers)
    born = people.set_index("customer_id")["birth_year"]
    each = log.assign(born=log["customer_id"].map(born)).sort_values("ordered_on", kind="stable")
    return each, each.groupby("customer_id")["ordered_on"].min().sort_values().to_frame("bought").join(born), born


def _young(firm, base="buyers", who="young", early="first", share=0.16, measure="index", rows="buyers", sixteen=False):
    lines, buyers, born = firm.once("1e first", lambda: _first(firm))
    known = buyers.dropna(subset="birth_year")["birth_year"]
    missing = {"lines": lines["born"].dropna(), "unknown": buyers["birth_year"]}
    known = missing.get(rows, known)
    group = {
        "young": known >= YOUNG,
        "older": known <= OLD,
        "strictly": known > YOUNG,
        "not young": known < YOUNG,
        "turned": known <= YOUNG,
    }[who]
    n = 16 if sixteen else int(share * len(known))
    if not n or not group.sum():
        raise DataError(_("too few buyers whose age is known."))
    by_birth = group[known.sort_values(kind="stable").index]
    some = {"first": group.iloc[:n], "others": group.iloc[n:], "last": group.iloc[-n:]} | {
        "unsorted": group.sort_index().iloc[:n], "oldest": by_birth.iloc[:n], "youngest": by_birth.iloc[-n:],
        "of the young": group.iloc[: int(share * group.sum())], "every": group.iloc[: int(share * len(buyers))],
    }  # fmt: skip
    some = some[early]
    every = {"buyers": group, "last": group.iloc[-n:], "customers": born.dropna() >= YOUNG, "others": group.iloc[n:]}[
        base
    ]
    found = {"share": some.mean(), "part": some.sum() / group.sum(), "difference": 100 * (some.mean() - every.mean())}
    found |= {"base": every.mean(), "upside": 100 * every.mean() / (some.mean() or np.nan), "count": float(some.sum())}
    return float(found.get(measure, 100 * some.mean() / every.mean()))


def _years(firm):
    """The mean year of birth of the first against that of all, as if it were a share."""
    _lines, buyers, _born = firm.once("1e first", lambda: _first(firm))
    known = buyers["birth_year"].dropna()
    return 100 * known.iloc[: int(0.16 * len(known))].mean() / known.mean()


def _sales_praise(firm):
    log = firm.log.filter(firm.log.product_id == PRODUCT)
    lines, buyers = int(log.count().to_pandas()), int(log.customer_id.nunique().to_pandas())
    text = _(
        "There are {lines} sales but {buyers} buyers: who buys again has taken it up before. m would be too large."
    )
    return text.format(lines=lines, buyers=buyers)


def _reached(firm):
    """For each of three segments: share of its customers who truly still are some, and how many it has."""
    known = truth(firm)
    if known is None:
        raise DataError(_("nobody knows here who has truly left."))
    scored = rfm(firm)
    active = scored.table["customer_id"].map(known.customers.set_index("customer_id")["active"].astype(float))
    by = active.groupby(scored.table["segment"].astype(str)).agg(["mean", "size"])
    return by.reindex(["About to sleep", "Slipping away", "Lost"])["mean"].dropna().to_dict()


def _call_costs(firm):
    """For each of the segments: what a contact costs for one who can be reached, in words."""
    cost = segment_plan(firm, rfm(firm)).contact_cost
    cost = CALL if pd.isna(cost) else cost
    return {name: f"{firm.currency} {cost / max(share, 1e-9):,.0f}" for name, share in _reached(firm).items()}


def _reached_says(firm, name):
    text = _("By the truth {share:.0%} of them are still customers: to reach one of these costs {each}.")
    return text.format(share=_reached(firm)[name], each=_call_costs(firm)[name])


def _reached_praise(firm, answer):
    others = ", ".join(f"{name} {each}" for name, each in _call_costs(firm).items() if name != answer)
    return _reached_says(firm, answer) + " " + _("In the others: {others}.").format(others=others)


EXERCISES = [
    Exercise(
        id="1e-1", kind="predict", work=lambda firm: sum(_spread(12, **PENCIL)) / 100, share=True,
        hints=lambda: [_("Any number from 0 to 1.")],
        praise=lambda firm, guess: _(
            "You said {guess:.0%}; by the formula it is {right:.0%}. Growth that feeds on itself is easily misjudged."
        ).format(guess=guess, right=sum(_spread(12, **PENCIL)) / 100),
    ),
    Exercise(
        id="1e-2", kind="compute", work=_third,
        choices=lambda: {
            "month": {3: None,
                1: _("This is the first month."),
                2: _("This is the second month."),
                4: _("This is the fourth month."),
            },
            "so_far": {False: None,
                True: _("This is how many have it in all; how many buy in the month is asked for."),
            },
            "numbers": {"asked": None, "cell": _("These are p, q and m of the cell above, not those of the exercise.")},
            "rest": {True: None, False: _("Those who have it already cannot buy it first again: times (m - owners).")},
            "only": {"": None,
                "p": _("Here q is left out: nobody follows those who have it."),
                "q": _("Here p is left out of this month: some still buy unprompted."),
            },
        },
        mistakes=_third_mistakes,
        hints=lambda: [
            _("First month: nobody has it. So p times m buy."),
            _("Owners before the third month are the buyers of the first two together."),
            _("(p + q * owners / m) * (m - owners), with the owners before that month."),
        ],
        praise=lambda firm, answer: _("From month to month more follow those who have it: that is q at work."),
    ),
    Exercise(
        id="1e-3", kind="find", work=lambda firm: "sales",
        mistakes=lambda firm: [
            Mistake("fit", _("`curve_fit` did the same above. What it was given is the question.")),
            Mistake("growth", _("Where q is much larger than p, growth does come mostly from q.")),
        ],
        hints=lambda: [
            _("What does the curve count: sales, or people who have it for the first time?"),
            _("In the first cells each buyer counts once. Does the colleague do that?"),
        ],
        praise=lambda firm, answer: _sales_praise(firm),
    ),
    Exercise(
        id="1e-4", kind="compute", work=_young,
        choices=lambda: {
            "measure": {"index": None,
                "share": _("This is the share of the young among the first; hold it against all, times 100."),
                "part": _("This is the part of the young buyers who were among the first: the other way round."),
                "difference": _("This is a difference in points; an index divides."),
                "base": _("This is the share of the young among the base alone."),
                "upside": _("Upside down: the first are divided by all."),
                "count": _("This is a number of people; an index compares two shares."),
            },
            "base": {"buyers": None,
                "customers": _("The base here is all customers; asked for are all buyers of the product."),
                "others": _("The base here is the later buyers; asked for are all buyers."),
                "last": _("The base here is the last buyers; asked for are all buyers."),
            },
            "who": {"young": None,
                "older": _("These are the older ones; the young were born in 1991 or later."),
                "strictly": _("Born *in* 1991 counts as young, too: `>=`."),
                "not young": _("These are all who are not young."),
                "turned": _("The sign is turned: born in 1991 or *later* is `>=`."),
            },
            "early": {"first": None,
                "last": _("These are the last to buy, not the first."),
                "others": _("These are all but the first."),
                "unsorted": _("These stand in the order of their ids, not of the first purchase: nobody sorted them."),
                "oldest": _("These are sorted by their birth, the oldest first; sort by the first purchase."),
                "youngest": _("These are the youngest ones; sort by the day of the first purchase."),
                "of the young": _("This is 16 % of the young in number; take 16 % of all these buyers."),
                "every": _("This is 16 % of all buyers; take it of those whose year of birth is known."),
            },
            "share": {0.16: None,
                0.1: _("This is the first tenth; 16 % are asked for."),
                0.2: _("This is the first fifth; 16 % are asked for."),
                0.5: _("This is the first half; 16 % are asked for."),
                0.84: _("These are the first 84 %; 16 % are asked for."),
            },
            "rows": {"buyers": None,
                "lines": _("Here every sale counts; each buyer counts once."),
                "unknown": _("Here buyers without a year of birth count as not young; leave them out."),
            },
        },
        mistakes=lambda firm: [
            Mistake(_young(firm) / 100, _("The base is 100: multiply by 100.")),
            Mistake(_young(firm) - 100, _("This is how far it is from 100; the index itself is asked for.")),
            Mistake(100 * _young(firm, measure="part"), _("This is how many of the young were first, in per cent.")),
            Mistake(_young(firm, measure="share") * 100 / 0.16, _("This divides by 16 %; divide by the share of all.")),
            Mistake(_young(firm, measure="count") / 0.16, _("This divides by 16 %; divide by the share of all.")),
            Mistake(_years(firm), _("These are means of years of birth; the young are to be counted.")),
            Mistake(_young(firm, sixteen=True), _("These are 16 people; 16 % of the buyers are asked for.")),
            Mistake(
                100 * _young(firm, measure="share"), _("This is the share of the young among the first, in per cent.")
            ),
            Mistake(
                100 * _young(firm, measure="base"), _("This is the share of the young among all buyers, in per cent.")
            ),
        ],
        hints=lambda: [
            _("Young is a column of true and false; its mean is a share."),
            _("`buyers_known` stands in the order of the first purchase: take the first rows with `.iloc`."),
            _("100 times the share among the first, divided by the share among all."),
        ],
        praise=lambda firm, answer: _(
            "Above 100 the young come first. Whoever knows that shows them the next launch first."
        ),
    ),
    Exercise(
        id="1e-5", kind="decide", work=lambda firm: max(_reached(firm), key=_reached(firm).get),
        mistakes=lambda firm: [
            Mistake(name, _reached_says(firm, name) + " " + _("In another segment more can be reached."))
            for name in _reached(firm)
        ],
        hints=lambda: [
            _("Which name says that they are silent only for a short while?"),
            _("A long silence after many purchases mostly means: gone."),
        ],
        praise=_reached_praise,
    ),
]  # fmt: skip
