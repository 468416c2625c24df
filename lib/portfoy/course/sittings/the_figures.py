"""Exercises of sitting 6b: four figures of a company of one's own that a decision needs."""

from portfoy.course.capstone import brief
from portfoy.course.exercise import Exercise, Mistake
from portfoy.course.sittings.figures import RIPE, cost, first_year, leads_and_money, lost, top, windows
from portfoy.locale import _
from portfoy.words import style

WINDOWS = (3, 6, 9, 12, 15, 18)  # months that an answer may take for lost


def _others(firm):
    """Channels other than that of the brief, with what is said to their cost."""
    leads, _spend = leads_and_money(firm)
    return [name for name in leads["channel"].dropna().unique() if name != brief(firm).channel]


def _cost_mistakes(firm):
    text = _("This is the channel {name}; the brief asks about {channel}.")
    own = {"channel": brief(firm).channel}
    every = Mistake(cost(firm, channel="every"), _("This is all channels together."))
    return [Mistake(cost(firm, channel=name), text.format(name=name, **own)) for name in _others(firm)] + [every]


def _lost_mistakes(firm):
    text = _("This takes {n} months for lost; the brief says {window}.")
    window = brief(firm).window
    return [
        Mistake(lost(firm, window=n, give=give), text.format(n=n, window=window))
        for n in WINDOWS
        for give in ("share", "kept")
        if n != window
    ]


EXERCISES = [
    Exercise(
        id="6b-1",
        kind="compute",
        work=top,
        share=True,
        tolerance=1e-4,
        choices=lambda: {
            "part": {
                10: None,
                5: _("This is the largest fifth, not the tenth."),
                20: _("This is the largest twentieth."),
                4: _("This is the largest quarter."),
                100: _("This is the largest hundredth."),
            },
            "measure": {
                "revenue": None,
                "paid": _("This is as paid, not at today's prices."),
                "margin": _("This is a share of the margin, not of the revenue."),
                "lines": _("This is a share of lines."),
                "pieces": _("This is a share of pieces."),
            },
            "months": windows(),
            "best": {True: None, False: _("These are the smallest, not the largest.")},
            "size": {
                "up": None,
                "down": _("One customer too few: a tenth of the buyers is rounded **up** here."),
                "known": _("This tenth is counted over everybody who ever bought, not over the year's buyers."),
            },
            "give": {
                "share": None,
                "money": _("This is their revenue; asked is its share."),
                "mean": _("This is the mean revenue of one of them."),
                "n": _("This is how many they are."),
                "times": _("This is how many times the average one of them brings."),
                "limit": _("This is the revenue of the last one among them."),
                "one": _("This is the largest customer alone."),
                "ten": _("These are the ten largest customers, not the largest tenth."),
            },
        },
        hints=lambda: [
            _("First one row a customer: the revenue of the year. Then the largest tenth of these rows."),
            _("`nlargest(n).sum()` over `sum()`, with n a tenth of the buyers, rounded up."),
        ],
        praise=lambda firm, answer: _("The largest tenth brings {times:.1f} times its number.").format(
            times=10 * top(firm)
        ),
    ),
    Exercise(
        id="6b-2",
        kind="compute",
        work=lost,
        share=True,
        tolerance=1e-4,
        mistakes=_lost_mistakes,
        choices=lambda: {
            "base": {
                12: None,
                0: _("These are all who bought before, however long ago. Take those of the twelve months before."),
                6: _("Take those who bought in the twelve months before, not in six."),
                24: _("Take those who bought in the twelve months before, not in two years."),
            },
            "give": {
                "share": None,
                "kept": _("This is the share that came back; asked is the share that was lost."),
                "n": _("This is how many were lost; asked is a share."),
                "base": _("This is how many could be lost."),
                "later": _("This divides by the buyers afterwards, new ones among them."),
                "ever": _("This divides by everybody who ever bought."),
                "all": _("These are all who have been silent, of all who ever bought."),
                "new": _("This is the share of new buyers."),
                "month": _("This is a month on average."),
                "balance": _("This is how the number of buyers changed. New ones hide those who were lost."),
                "everybody": _("This divides by the buyers before and after, new ones among them."),
            },
            "seen": {"sales": None, "all": _("Returns count as purchases here.")},
        },
        hints=lambda: [
            _("Two groups: who bought in the twelve months before `end`, and who bought after it."),
            _("Which of the first are not among the second? Divide by all of the first."),
        ],
        praise=lambda firm, answer: _("Of {n:,} buyers. Some of them may only be silent.").format(
            n=lost(firm, give="both")[0]
        ),
    ),
    Exercise(
        id="6b-3",
        kind="compute",
        work=cost,
        tolerance=1e-4,
        mistakes=_cost_mistakes,
        choices=lambda: {
            "money": {
                "all": None,
                "ads": _("The work of sales people is left out."),
                "sales": _("This is only the work of sales people."),
            },
            "prices": {"today": None, "paid": _("This is as paid; asked is money at today's prices.")},
            "until": {
                RIPE: None,
                0: _("The last half year is in it, whose leads have not had their time: many are still open."),
                12: _("This ends a year ago; the brief's half year is enough."),
            },
            "below": {
                "won": None,
                "leads": _("This divides by leads, not by won customers."),
                "closed": _("This divides by closed leads, won and lost."),
                "lost": _("This divides by lost leads."),
                "open": _("This divides by leads that are still open."),
                "bought": _("This divides only by those who have bought. Paid for are all who were won."),
                "named": _("This divides by won leads with the id of a customer. Take all that were won."),
                "valued": _("This is all the money of the channel, not that for one customer."),
                "rows": _("This is the mean of a row of the table of money."),
                "months": _("This is money a month."),
            },
        },
        hints=lambda: [
            _("All money of the channel, of every kind, at today's prices; divided by the leads that were won."),
            _("Choose the rows of the channel in both tables: `spend` for the money, `leads` for the won ones."),
        ],
        praise=lambda firm, answer: _("{n} customers were won by it: chance alone moves this cost a good deal.").format(
            n=cost(firm, give="both")[0]
        ),
    ),
    Exercise(
        id="6b-4",
        kind="compute",
        work=first_year,
        tolerance=1e-4,
        choices=lambda: {
            "money": {
                "margin": None,
                "revenue": _("This is revenue, not margin."),
                "paid": _("This is revenue as paid."),
                "cost": _("This is what the goods cost."),
                "each": _("The cost is that of one piece: multiply it by the quantity."),
            },
            "days": {
                365: None,
                180: _("This is half a year."),
                730: _("These are two years."),
                1100: _("This is all they have brought so far."),
                90: _("This is a quarter of a year."),
            },
            "old": {
                365: None,
                0: _("Customers whose year is not over yet are in it."),
                730: _("These are only those won two years ago or earlier."),
            },
            "who": {
                "won": None,
                "channel": _("These are customers of the channel of the brief alone. Take all that leads won."),
                "all": _("These are all customers, consumers too."),
                "others": _("These are customers whom no lead won."),
            },
            "since": {"first": None, "last": _("This is the year up to the last order, not from the first one on.")},
            "give": {
                "mean": None,
                "median": _("This is the median; money is added up, so take the mean."),
                "sum": _("This is the sum of all of them."),
                "month": _("This is a month on average."),
                "n": _("This is how many they are."),
                "error": _("This is the error of the mean."),
                "spread": _("This is how far customers lie apart."),
                "low": _("This is the lower end of its interval."),
                "high": _("This is the upper end of its interval."),
                "most": _("This is the largest of them."),
            },
        },
        hints=lambda: [
            _("Change one word in the cell above: revenue becomes margin."),
            _("Add up the margin of each customer; then the mean over customers."),
        ],
        praise=lambda firm, answer: _("One costs {cost} by the channel of the brief.").format(
            cost=style.money(cost(firm), firm.currency)
        ),
    ),
]
