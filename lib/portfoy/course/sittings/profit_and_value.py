"""Exercises of sitting 1b: who brought the profit, money that comes later, a forecast under test, who will bring."""

import numpy as np
import pandas as pd

from portfoy.course.exercise import Exercise, Mistake
from portfoy.course.lessons import truth
from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.selection.lifetime_value import lifetime_value

FLOWS, RATE = (500, 400, 300), 0.3  # margins at the end of years 1, 2, 3; a year's discount rate
MONTHS = 12  # of the holdout period
PART, MORE = 50, 0.2  # one customer in so many has a manager; what that adds to a year's margin
FEW = 10  # customers on a list, below which the truth is mostly luck


def _half(firm, who="consumers", by="margin", counted="margin", part=2, which="lower", form="share", up=0, months=0):
    """The share of `counted` that those with the least of `by` bring, in a group of customers."""
    customers = firm.recent(months).dropna(subset="margin")
    if "type" not in customers:
        raise DataError(_("customers: no type is known. Add a column type."))
    rest = customers["type"] != "consumer"
    group = {"consumers": customers[~rest], "all": customers, "firms": customers[rest]}[who]
    n = len(group) // part + up
    rows = {"lower": group.nsmallest(n, by), "upper": group.nlargest(n, by), "first": group.head(n)}
    rows |= {"below": group[group[by] < group[by].mean()]}
    own, whole = rows[which][counted], group[counted]
    forms = {"share": own.sum() / whole.sum(), "base": own.sum() / customers[counted].sum(), "money": own.sum()}
    forms |= {"each": own.mean(), "mean": own.mean() / whole.mean(), "rate": own.sum() / rows[which]["revenue"].sum()}
    forms |= {"heads": len(own) / len(group), "people": len(own) / len(customers)}
    forms |= {"paid": own.sum() / group["revenue"].sum(), "rest": own.sum() / (whole.sum() - own.sum())}
    return float(forms[form])


def _worth(firm, flows=FLOWS, rate=RATE, first=1, way="each"):
    """What the margins are worth today."""
    m, years = np.array(flows, dtype=float), first + np.arange(len(flows))
    each, last, whole = m / (1 + rate) ** years, years[-1], m.sum()
    ways = {
        "each": each, "plain": m, "lost": whole - each.sum(), "average": each.mean(), "part": rate * whole,
        "once": m / (1 + rate), "last": m / (1 + rate) ** last, "mean": m.mean() / (1 + rate), "ever": m / rate,
        "simple": m / (1 + rate * years), "long": m / (1 + rate * last), "times": m / (1 + rate) / np.maximum(years, 1),
        "less": m * (1 - rate) ** years, "all off": m * (1 - rate) ** last, "off": m * (1 - rate),
        "taken": m * (1 - rate * years), "straight": m * (1 - rate * last), "under": m / (1 - rate) ** years,
        "grown": m * (1 + rate) ** years, "bare": m / (100 * rate) ** years, "alone": m / rate**years,
        "always": m * np.exp(-rate * years), "stuck": m / (1 + rate) ** np.minimum(years, 2),
        "only first": whole - m[0] + each[0],
    }  # fmt: skip
    return float(np.sum(ways[way]))


def _then(firm):
    """Customers of a year ago with what was forecast and what came; all who came since; the forecast of today."""
    value, today = lifetime_value(firm.before(MONTHS)), lifetime_value(firm)
    if not value:
        raise DataError(value.reason)
    then = firm.before(MONTHS).customers.set_index("customer_id").join(value.table.set_index("customer_id"))
    came = firm.recent(MONTHS).set_index("customer_id")
    for name in ("revenue", "purchases", "margin"):
        then[f"came_{name}"] = came[name].reindex(then.index).fillna(0)
    return then, came, today.table.set_index("customer_id")["expected_value"]


def _hits(firm, by="expected_value", came="revenue", part=10, which="best", known="then", form="share"):
    """Of those with the highest forecast, the share who are among those who really brought most."""
    then, since, today = firm.once("sitting 1b", lambda: _then(firm))
    n, said = len(then) // part, today if by == "today" else then[by]
    best = (said.nlargest(n) if which == "best" else said.nsmallest(n)).index
    real = (then[f"came_{came}"] if known == "then" else since[came]).nlargest(n).index
    hits, brought = len(best.intersection(real)), then[f"came_{came}"]
    forms = {"share": hits / n, "missed": 1 - hits / n, "count": hits, "base": hits / len(then)}
    forms |= {"any": len(best.intersection(since.index)) / n, "money": brought.reindex(best).sum() / brought.sum()}
    forms |= {"said": said[best].sum() / said.sum(), "total": said.sum() / brought.sum(), "alike": said.corr(brought)}
    return float(forms[form])


def _sorted(firm):
    """In what share of pairs who bought has fewer idle days than who did not: as of a year ago, and as of today."""
    then, today = firm.before(MONTHS).customers.set_index("customer_id"), firm.customers.set_index("customer_id")
    bought = then.index.isin(firm.recent(MONTHS)["customer_id"])
    pairs = bought.sum() * (~bought).sum()
    if not pairs:
        raise DataError(_("all customers of a year ago came again, or none."))
    shares = {}
    for name, idle in (("then", then["idle"]), ("today", today["idle"].reindex(then.index))):
        ranks = idle.rank(ascending=False)
        shares[name] = (ranks[bought].sum() - bought.sum() * (bought.sum() + 1) / 2) / pairs
    return shares


def _active(firm):
    """Which customers are truly active, on the index of ``firm.customers``."""
    told = truth(firm)
    if told is None:
        raise DataError(_("only a simulated company has a truth to check this by."))
    return firm.customers["customer_id"].map(told.customers.set_index("customer_id")["active"]).astype(bool)


def _managed(firm):
    """What a manager adds by the truth, list -> ``gain`` money, ``n`` customers and ``gone`` of them."""
    active, coming, value = _active(firm), truth(firm).coming(firm), lifetime_value(firm)
    n = len(firm.customers) // PART
    if not value or n < FEW:
        raise DataError(_("the lists are too short to tell by the truth."))
    ranked = {name: firm.customers[name] for name in ("margin", "purchases")}
    ranked["forecast"] = value.table["expected_value"]
    best = {name: values.nlargest(n).index for name, values in ranked.items()}
    rows = {name: {"gain": MORE * coming[own].sum(), "gone": (~active[own]).sum()} for name, own in best.items()}
    return pd.DataFrame(rows).T.assign(n=n).sort_values("gain", ascending=False)


def _list_words(firm, name):
    text = _("With “{name}” a manager would have brought TRY {gain:,.0f}; {gone:.0f} of {n:.0f} have truly left.")
    return text.format(name=name, **firm.once("lists of 1b", lambda: _managed(firm)).loc[name])


EXERCISES = [
    Exercise(
        id="1b-1", kind="compute", work=_half, share=True,
        choices=lambda: {
            "who": {"consumers": None,
                "all": _("These are all customers, not the consumers alone."),
                "firms": _("These are the firms, not the consumers."),
            },
            "by": {"margin": None, "revenue": _("These have the least revenue, not the least margin.")},
            "counted": {"margin": None, "revenue": _("This is their share of revenue, not of margin.")},
            "part": {2: None,
                10: _("This is a tenth of them, not the half."),
                5: _("This is a fifth of them, not the half."),
            },
            "which": {"lower": None,
                "upper": _("This is the upper half, those with the largest margin."),
                "first": _("This is the first half of the table: it was not sorted by margin."),
                "below": _("These are all below the mean, and more than half of the consumers are."),
            },
            "form": {"share": None,
                "base": _("This is a share of the margin of all customers; the whole is that of the consumers."),
                "money": _("This is money: divide it by what all consumers bring."),
                "each": _("This is money per customer; asked is a share of the whole."),
                "mean": _("This compares the mean of the half with the mean of all; asked is a share of the sum."),
                "rate": _("This is margin as a share of revenue."),
                "paid": _("Divided by revenue; divide by the margin of all consumers."),
                "rest": _("Divided by the other half; divide by all consumers, the lower half, too."),
                "heads": _("This is a share of the customers, not of the margin."),
                "people": _("This is a share of the customers, not of the margin."),
            },
            "up": {0: None, 1: _("One customer too many: round down, with `//`.")},
            "months": {0: None, 12: _("This is the last year alone; `customers` holds all that was ever bought.")},
        },
        hints=lambda: [
            _("First keep the consumers. How many is a half? `len(consumers) // 2`."),
            _("`nsmallest` by margin gives the lower half."),
            _("Their margin, added up, divided by the margin of all consumers."),
        ],
        praise=lambda firm, answer: _("The other half of the consumers brings all the rest."),
    ),
    Exercise(
        id="1b-2", kind="compute", work=_worth,
        choices=lambda: {
            "way": {"each": None,
                "plain": _("This is the plain sum; money later is worth less today."),
                "once": _("All three are discounted by one year; each has waited for years of its own."),
                "last": _("All are discounted by the last of the three years; the first waits for one only."),
                "ever": _("Divided by the rate: that is for a margin that never ends."),
                "simple": _("Year 2 is 1.3 times 1.3: count rate on rate."),
                "times": _("Year 2 is 1.3 times 1.3, not twice 1.3: `**`, not `*`."),
                "less": _("This multiplies by 1 less the rate; to discount is to divide by 1 plus the rate."),
                "off": _("This takes the rate off; to discount is to divide by 1 plus the rate, for each year."),
                "grown": _("This grows; to discount is to divide."),
                "bare": _("The rate is 0.3, and 1 plus the rate is 1.3."),
                "mean": _("This is the mean of the margins, discounted by a year; discount each, then add up."),
                "alone": _("This divides by the rate alone: 0.3 makes money grow. Divide by 1 plus the rate."),
                "under": _("This divides by 1 *less* the rate, and so it grows; divide by 1 plus the rate."),
                "always": _("This discounts at every moment (`exp`); here it is once a year: `(1 + rate) ** year`."),
                "taken": _("This takes off 30 % more each year; to discount is to divide, again each year."),
                "all off": _("This takes the rate off three times, from all three; divide, each by its own years."),
                "straight": _("This takes 90 % off the sum; to discount is to divide, each by its own years."),
                "long": _("This divides all by 1.9; each margin is divided by 1.3, once for each of its years."),
                "only first": _("Only the first margin is discounted; the others wait, too, and longer."),
                "stuck": _("The third margin waits for three years, not two."),
                "part": _("This is 30 % of the sum; money later is divided by 1.3 for each year."),
                "average": _("This is the mean of the three values of today; add them up."),
                "lost": _("This is what is lost by waiting; asked is what is left."),
            },
            "rate": {RATE: None,
                30: _("The rate is 0.3, not 30: 1 plus the rate is 1.3."),
                0.1: _("This is discounted at 10 %, as by pencil; the rate is another one."),
                0.2: _("This is discounted at 20 %; the rate is 30 %."),
                0.4: _("This is discounted at 40 %; the rate is 30 %."),
                0.03: _("This is discounted at 3 %; the rate is ten times as much."),
            },
            "first": {1: None,
                0: _("The first margin comes at the end of a year, not today."),
                0.5: _("The first margin comes at the *end* of a year, not in its middle."),
                2: _("That is one year too many: the first margin comes after one year."),
            },
            "flows": {FLOWS: None,
                FLOWS[::-1]: _("The margins stand in the other order: the largest comes first."),
                FLOWS[:2]: _("The third year is missing."),
                FLOWS[:1]: _("This is the first year alone."),
                (0, FLOWS[1]): _("This is the second year alone."),
                (0, 0, FLOWS[2]): _("This is the third year alone."),
                (400, 400, 400): _("This takes the mean margin three times; the early ones are larger."),
                (100, 100, 100): _("These are margins of 100, as by pencil; the customer brings others."),
            },
        },
        hints=lambda: [
            _("Each margin has years of its own to wait: one, two and three."),
            _("Divide each by 1 plus the rate, once for each year."),
            _("In Python, two years are `/ (1 + rate) ** 2`; then add up."),
        ],
        praise=lambda firm, answer: _("At this rate more than a third of the 1,200 is lost by waiting."),
    ),
    Exercise(
        id="1b-3", kind="find", work=lambda firm: "columns" if _sorted(firm) else "",
        mistakes=lambda firm: [
            Mistake("people", _("This step is right: a forecast begins with those who were there on its day.")),
            Mistake("outcome", _("This step is right: what came after that day is what has to be forecast.")),
        ],
        hints=lambda: [
            _("On the day of the forecast, what could the model know?"),
            _("Who bought last month: how many idle days has that customer today?"),
        ],
        praise=lambda firm, answer: _(
            "Today's idle days count from the very purchase that is to be forecast. By themselves they sort "
            "{today:.0%} of the pairs of one who bought and one who did not; as they were a year ago, {then:.0%}."
        ).format(**_sorted(firm)),
    ),
    Exercise(
        id="1b-4", kind="compute", work=_hits, share=True,
        choices=lambda: {
            "by": {"expected_value": None,
                "expected_purchases": _("These have the highest `expected_purchases`, not `expected_value`."),
                "p_alive": _("These have the highest P(alive), not `expected_value`."),
                "expected_spend": _("These have the highest `expected_spend`, not `expected_value`."),
                "revenue": _("These are no forecast: they brought most revenue before."),
                "margin": _("These are no forecast: they brought most margin before."),
                "purchases": _("These are no forecast: they had come most often before."),
                "today": _("This is the forecast of today, which has seen the year that was to be forecast."),
            },
            "came": {"revenue": None,
                "purchases": _("These really came most often: it is purchases, not revenue."),
                "margin": _("These really brought the most margin, not revenue."),
            },
            "part": {10: None,
                5: _("This is about the top fifth, not the tenth."),
                2: _("This is about the upper half."),
            },
            "which": {"best": None, "worst": _("These have the lowest forecast.")},
            "known": {"then": None, "now": _("The real top holds new customers, too, of whom no forecast was made.")},
            "form": {"share": None,
                "missed": _("This is the share that the forecast missed."),
                "count": _("This is the number of hits: divide it by the size of the tenth."),
                "base": _("This is a share of all customers of a year ago; asked is a share of the tenth."),
                "any": _("These have bought at all; asked is who is in the real top tenth."),
                "money": _("This is the share of the revenue that the tenth brought; asked is of its customers."),
                "said": _("This is a share of what was forecast; hold it against what came."),
                "total": _("This is the whole forecast by all that came."),
                "alike": _("This is a correlation; count who is in both lists."),
            },
        },
        hints=lambda: [
            _("Two lists of equal length, both of customers of a year ago: the forecast's and the real one."),
            _('`nlargest(tenth)` of `expected["expected_value"]`, and of `really`.'),
            _("`.index.intersection(...)` gives who is in both; divide their number by `tenth`."),
        ],
        praise=lambda firm, answer: _(
            "By chance it would be 10 %. The list by past revenue holds {past:.0%}: the forecast knows who is silent."
        ).format(past=_hits(firm, by="revenue")),
    ),
    Exercise(
        id="1b-5", kind="predict", work=lambda firm: float(_active(firm).mean()), share=True,
        hints=lambda: [_("Any number from 0 to 1.")],
        praise=lambda firm, guess: _("You said {guess:.0%}; it is {right:.0%}.").format(
            guess=guess, right=_active(firm).mean()
        ),
    ),
    Exercise(
        id="1b-6", kind="decide", work=lambda firm: str(_managed(firm).index[0]),
        mistakes=lambda firm: [Mistake(name, _list_words(firm, name)) for name in _managed(firm).index],
        hints=lambda: [
            _("The manager works on what comes in the next year, not on what came."),
            _("How many on each list have been silent for long? Look at their `idle` days."),
        ],
        praise=lambda firm, answer: " ".join(_list_words(firm, name) for name in _managed(firm).index),
    ),
]  # fmt: skip
