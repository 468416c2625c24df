"""Exercises of sitting 4a: rules of two products, a test of offers, and the share of wallet."""

import pandas as pd

from portfoy.course.exercise import Exercise, Mistake
from portfoy.course.sittings.wallets import reach, share, share_turns
from portfoy.customers import DAY, to_frame
from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.words import style

YEAR = 365 * DAY
CUPS, CEZVE, CUTLERY, RUNNER = "P010", "P007", "P031", "P028"


def _lines(firm):
    if "product_id" not in firm.log.columns:
        raise DataError(_("the orders name no products."))
    return firm.once("4a lines", lambda: to_frame(firm.log).reset_index(drop=True))


def _holds(firm, pair, unit="order_id", months=12, among="all"):
    """How many orders, lines or customers there are, those that hold each product of a pair, and both."""

    def counted():
        lines, key = _lines(firm), "order_id" if unit == "lines" else unit
        lines = lines[lines["ordered_on"] > firm.as_of - YEAR] if months else lines
        if among == "several":
            lines = lines[lines.groupby("order_id")["product_id"].transform("nunique") > 1]
        a, b = (lines.loc[lines["product_id"] == product, key] for product in pair)
        size = len if unit == "lines" else pd.Series.nunique
        return size(lines[key]), size(a), size(b), len({*a} & {*b})

    return firm.once(("4a", pair, unit, months, among), counted)


def _rule(firm, measure="lift", pair=(CUTLERY, RUNNER), **counted):
    """A measure of a rule."""
    n, a, b, both = _holds(firm, pair, **counted)
    if not both:
        raise DataError(_("no order holds both products."))
    chance = a * b / n
    return {
        "lift": both / chance,
        "confidence": both / a,
        "back": both / b,
        "support": both / n,
        "both": both,
        "chance": chance,
        "expected": chance / n,
        "of a": a / n,
        "of b": b / n,
        "more": both - chance,
        "share more": (both - chance) / n,
        "points": both / a - b / n,
        "either": both / (a + b - both),
        "times": (both / a) * (both / b),
        "without": both / a / ((b - both) / max(n - a, 1)),
        "both confidences": both / a / (both / b),
    }[measure]


def _rule_turns():
    return {
        "measure": {
            "lift": None,
            "confidence": _("This is the confidence. Hold it against the share of all orders that have the runner."),
            "back": _("This is the confidence of the other direction, from the runner to the cutlery."),
            "support": _("This is the support: the share of all orders that hold both."),
            "both": _("This is the number of orders with both."),
            "chance": _("This is how many orders would hold both by chance. Divide the real number by it."),
            "expected": _("This is the share of orders that would hold both by chance. Divide the support by it."),
            "of a": _("This is the share of orders that hold the cutlery."),
            "of b": _(
                "This is the share of orders that hold the runner: what chance gives. Divide the confidence by it."
            ),
            "more": _("This is how many orders more than by chance; a lift divides."),
            "share more": _("This is the support less what chance gives; a lift divides the two."),
            "points": _("This is the confidence less what chance gives; a lift divides the two."),
            "either": _("This divides by the orders that hold one or the other."),
            "times": _("These are the two confidences, multiplied. The lift needs one, and the share of all orders."),
            "without": _("This holds the rule against the orders **without** cutlery; a lift takes all orders."),
            "both confidences": _("This divides one confidence by the other."),
        },
        "unit": {
            "order_id": None,
            "lines": _("This counts lines. A rule is about orders: below the line stands the number of orders."),
            "customer_id": _(
                "This counts customers: all that a customer bought in the year. A rule is about one order."
            ),
        },
        "months": {12: None, 0: _("These are the orders of all years, not of the last 12 months.")},
        "among": {"all": None, "several": _("Orders with one product are left out; they are orders, too.")},
        "pair": {
            (CUTLERY, RUNNER): None,
            (CUPS, CEZVE): _("This is the rule of cups and cezve, from above."),
            (CUTLERY, CEZVE): _("These are the cutlery and the cezve; asked is the runner."),
            (CUPS, RUNNER): _("These are the cups and the runner; asked is the cutlery."),
        },
    }


def _rule_mistakes(firm):
    n, a, b, both = _holds(firm, (CUTLERY, RUNNER))
    _n, cups, cezve, _cups_and_cezve = _holds(firm, (CUPS, CEZVE))
    mixed = _("Below the line stands the share of another product than above it.")
    return [
        *(Mistake(both * n / (one * other), mixed) for one, other in ((a, cezve), (cups, b), (cups, cezve))),
        *(Mistake(value, _("This divides the two products' orders by each other.")) for value in (a / b, b / a)),
        Mistake(n, _("This is the number of all orders.")),
        *(Mistake(value, _("This is the number of orders with one of the two.")) for value in (a, b)),
        Mistake(1.25, _("This is the lift of the five orders by pencil.")),
        Mistake(both / (a * b), _("Counts are mixed: divide each of the three numbers by the number of all orders.")),
        Mistake(both / n / (a * b), _("Above the line stands a share, below it counts: make all three shares.")),
    ]


def _halves(firm):
    """Of the colleague's customers: how many, and the share of their hits that stood in an order of the first half."""
    lines = _lines(firm)
    half = lines.sample(frac=0.5, random_state=1)
    rest = lines.drop(half.index)
    had, has = (set(half.loc[half["product_id"] == product, "customer_id"]) for product in (CUPS, CEZVE))
    hits = rest[(rest["product_id"] == CEZVE) & rest["customer_id"].isin(had - has)]
    same = hits["order_id"].isin(half.loc[half["product_id"] == CUPS, "order_id"])
    if not len(hits):
        raise DataError(_("nobody bought the second product."))
    return {"n": len(had - has), "hits": hits["customer_id"].nunique(), "same": same.mean()}


def _fault_words(firm):
    values = _halves(firm)
    values["half"] = 1.96 * (0.25 / values["n"]) ** 0.5
    says = {
        "few": _("They are {n}: chance moves such a share by {half:.0%} at most. That does not make the difference."),
        "owned": _("`~first[cezve]` leaves them out, as far as the first half knows. Look at what the halves are."),
        "margin": _("That may be, but it does not change how many bought it."),
    }
    return [Mistake(name, text.format(**values)) for name, text in says.items()]


def _visit_words(firm, name):
    reached, money = reach(firm), style.money
    says = {
        "loyal": _("By the truth these 20 spend {own} a year with others. A high share leaves little room."),
        "low share": _("By the truth these 20 spend {own} a year with others. A low share of a small purse is little."),
        "headroom": _("By the truth these 20 spend {own} a year with others."),
        "next": _("By the truth 20 drawn by lot spend {own} a year with others."),
    }
    return says[name].format(own=money(reached[name], firm.currency))


def _visit_mistakes(firm):
    best = reach(firm).max()
    more = _("Another choice reaches {best}.").format(best=style.money(best, firm.currency))
    return [Mistake(name, f"{_visit_words(firm, name)} {more}") for name in ("loyal", "low share", "next")]


def _visit_praise(firm, _answer):
    rest = reach(firm).drop("headroom")
    others = ", ".join(f"{name} {style.money(value, firm.currency)}" for name, value in rest.items())
    last = _("Others: {others}. What of it a visit wins, nobody knows: that asks for an experiment.")
    return f"{_visit_words(firm, 'headroom')} {last.format(others=others)}"


EXERCISES = [
    Exercise(
        id="4a-1",
        kind="predict",
        work=lambda firm: _rule(firm, "confidence", (CUPS, CEZVE)),
        share=True,
        hints=lambda: [_("Any number from 0 to 1.")],
        praise=lambda firm, guess: _(
            "You said {guess:.0%}; it is {right:.0%}. Of all orders {all:.0%} hold the cezve: hold a rule against that."
        ).format(
            guess=guess,
            right=_rule(firm, "confidence", (CUPS, CEZVE)),
            all=_rule(firm, "of b", (CUPS, CEZVE)),
        ),
    ),
    Exercise(
        id="4a-2",
        kind="compute",
        work=_rule,
        choices=_rule_turns,
        mistakes=_rule_mistakes,
        hints=lambda: [
            _("Copy the cell above and change the two products."),
            _("The share of orders with both, divided by the share with the one and the share with the other."),
        ],
        praise=lambda firm, answer: _(
            "Turn the rule around: the lift is the same, the confidence falls from {one:.0%} to {other:.0%}."
        ).format(one=_rule(firm, "confidence"), other=_rule(firm, "back")),
    ),
    Exercise(
        id="4a-3",
        kind="find",
        work=lambda firm: "split" if _halves(firm) else "",
        mistakes=_fault_words,
        hints=lambda: [
            _("One order has several lines. In which half are they?"),
            _("The rule was found in orders. What does it mean when one line of an order foretells the next?"),
        ],
        praise=lambda firm, answer: _(
            "Of the purchases counted as a success, {same:.0%} stand in an order whose cups are in the first half: "
            "bought at the same moment. No offer could come between. Split by time, and each order stays whole."
        ).format(**_halves(firm)),
    ),
    Exercise(
        id="4a-4",
        kind="compute",
        work=share,
        share=True,
        choices=share_turns,
        mistakes=lambda firm: [
            Mistake(0.14, _("This is the share of the two customers by pencil.")),
            Mistake(0.3, _("This is the mean of the two customers by pencil.")),
        ],
        hints=lambda: [
            _("First keep the rows of `told` whose `type` is retailer."),
            _("The sum of `ours`, divided by the sum of `category_spend`."),
        ],
        praise=lambda firm, answer: _(
            "The mean of the ratios would be {ratios:.0%}: who errs downwards makes a ratio very large."
        ).format(ratios=share(firm, "ratios")),
    ),
    Exercise(
        id="4a-5",
        kind="decide",
        work=lambda firm: reach(firm).idxmax(),
        mistakes=_visit_mistakes,
        hints=lambda: [
            _("A share says nothing of size. How much do these customers spend in all?"),
            _('Look at both: `told.nsmallest(20, "ratio")` and `wallet.customers.nlargest(20, "headroom")`.'),
        ],
        praise=_visit_praise,
    ),
]
