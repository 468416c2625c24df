"""Exercises of sitting 6c: two last figures, the page for the manager, and the decision."""

import pandas as pd

from portfoy.course import envelope
from portfoy.course.capstone import brief
from portfoy.course.exercise import Exercise, Mistake
from portfoy.course.sittings import one_page
from portfoy.course.sittings.figures import year
from portfoy.course.sittings.one_page import complaints, effect, usual
from portfoy.locale import _
from portfoy.words import style


def _said(firm, name):
    """What an option truly costs and brings."""
    row = envelope.options(firm, brief(firm)).loc[name]
    money = {key: style.money(value, firm.currency) for key, value in row.items()}
    return _("By the truth `{name}` costs {cost} and brings {brought}: a profit of {profit}.").format(
        name=name, **money
    )


def best(firm):
    """The option that truly earns most."""
    return firm.once("6c best", lambda: envelope.options(firm, brief(firm)))["profit"].idxmax()


def expected(firm):
    """The profit of each option by the data, as the sitting works it out: a Series."""
    asked, lately, lines = brief(firm), firm.recent(9), year(firm)
    called = lines[lines["customer_id"].isin(lately.loc[lately["type"] == "consumer", "customer_id"])]
    order = (called["amount"] - called["quantity"] * called["unit_cost"]).sum() / called["order_id"].nunique()
    brought = {
        "leads": asked.budget / usual(firm, "cost")[0] * usual(firm, "first year")[0],
        "contact": effect(firm) * order * asked.contacts,
        "service": complaints(firm) * len(envelope.bad_complaints(firm)),
        "nothing": 0.0,
    }
    return pd.Series(brought) - pd.Series(asked.costs)


def held(firm, choice):
    """For who marks it: a choice beside the best by the truth and the best by the data, and what it cost."""
    true = envelope.options(firm, brief(firm))["profit"]
    if choice not in true.index:
        return ""
    return _("Chosen: {choice}; best by the truth: {best}, by the data: {data}; it cost {loss}.").format(
        choice=choice,
        best=true.idxmax(),
        data=expected(firm).idxmax(),
        loss=style.money(true.max() - true[choice], firm.currency),
    )


def _others(firm):
    table, right = envelope.options(firm, brief(firm)), best(firm)
    lost = _("The best option earns {money} more.")
    return [
        Mistake(
            name,
            _said(firm, name)
            + " "
            + lost.format(money=style.money(table["profit"].max() - table.loc[name, "profit"], firm.currency)),
        )
        for name in table.index
        if name != right
    ]


def _praise(firm, answer):
    table = envelope.options(firm, brief(firm))["profit"].drop(answer)
    others = ", ".join(f"{name} {style.money(value, firm.currency)}" for name, value in table.items())
    return _said(firm, answer) + " " + _("The others: {others}.").format(others=others)


def _effect_praise(firm, answer):
    n = len(one_page.contacted(firm)) or 1
    return _("{n:,} customers stand behind it, so its interval is wide.").format(n=n)


PAGE = [
    ("6c-3", one_page.carries, [
        _("Which rows are set aside, how many, and how much money is in them?"),
        _("Then say what follows: which of your figures does that touch, and how?"),
    ]),
    ("6c-4", one_page.figures, [
        _("Write `name: [figure, low, high]`, three times. The names are in the task."),
        _("The ends are the figure less, and plus, 1.96 times its error."),
    ]),
    ("6c-5", one_page.plan, [
        _("The cost stands in the brief: `brief.costs`."),
        _("The profit is what it brings within twelve months, less what it costs."),
    ]),
    ("6c-6", one_page.claim, [
        _("First the share of the largest fifth; then its interval; then the word."),
        _("If the manager's number lies between `low` and `high`, it cannot be told."),
    ]),
    ("6c-7", one_page.missing, [
        _("What would you have to see to be sure of the decision?"),
        _("Think of a trial, of a longer time, of money that is nobody's."),
    ]),
]  # fmt: skip


def _page(name, form, hints):
    return Exercise(
        id=name,
        kind="page",
        work=lambda firm: "",
        form=form,
        hints=lambda: list(hints),
        praise=lambda firm, answer: _("The form is right; what it says is for your teacher to judge."),
    )


EXERCISES = [
    Exercise(
        id="6c-1",
        kind="compute",
        work=effect,
        share=True,
        tolerance=1e-4,
        choices=lambda: {
            "measure": {
                "added": None,
                "sent": _("This is the share of those called who bought. Take off the share of those left alone."),
                "left": _("This is the share of those left alone who bought."),
                "both": _("This is the share of all who bought, called or not."),
                "ratio": _("This is a ratio; what was added is a difference."),
                "more": _("This is a ratio less one; what was added is a difference of two shares."),
                "buyers": _("These are numbers of buyers. Compare shares."),
                "whole": _("Both groups are divided by all customers of the campaign."),
                "n": _("This is how many customers the campaign had."),
                "error": _("This is the error of the effect."),
                "low": _("This is the lower end of its interval."),
                "high": _("This is the upper end of its interval."),
            },
            "campaign": {
                "CAM05": None,
                "every": _("These are all campaigns together. Take CAM05."),
                "CAM01": _("This is CAM01."),
                "CAM02": _("This is CAM02."),
                "CAM03": _("This is CAM03."),
                "CAM04": _("This is CAM04."),
                "CAM06": _("This is CAM06, whose customers were not drawn by chance."),
            },
            "arms": {
                "all": None,
                "openers": _("Only those who answered the phone are taken for called. Chance did not draw them."),
                "open or not": _("This compares who answered the phone with who did not: chance did not draw them."),
                "mixed": _("Those who did not answer the phone are put beside those left alone."),
                "closed": _("Turned around: those left alone, less those called."),
            },
        },
        hints=lambda: [
            _("Two groups, told apart by `arm`. Compare the share of each that responded."),
            _('The mean of `responded` where `arm` is "treatment", less that where it is "control".'),
        ],
        praise=_effect_praise,
    ),
    Exercise(
        id="6c-2",
        kind="compute",
        work=complaints,
        tolerance=1e-4,
        choices=lambda: {
            "give": {
                "lost": None,
                "solved": _("This is what follows a complaint solved at once. Compare it with the others."),
                "not": _("This is what follows a complaint that was not solved at once. Compare it with the others."),
                "both": _("This is the mean over all complaints."),
                "ratio": _("This is a ratio; asked is a difference in money."),
                "share": _("This is a share; asked is money."),
                "sum": _("This is a difference of sums. The groups are not of one size: compare means."),
                "median": _("This is a difference of medians; money is added up, so take means."),
                "turned": _("Turned around: what is more after a complaint solved at once is what the other loses."),
                "n": _("This is how many complaints there are."),
                "error": _("This is the error of the difference."),
                "low": _("This is the lower end of its interval."),
                "high": _("This is the upper end of its interval."),
                "bought": _("Who bought nothing afterwards is left out. Those are the ones that were lost."),
            },
            "money": {
                "margin": None,
                "revenue": _("This is revenue, not margin."),
                "paid": _("This is revenue as paid."),
                "each": _("The cost is that of one piece: multiply it by the quantity."),
            },
            "days": {
                365: None,
                180: _("This is half a year."),
                730: _("These are two years."),
                90: _("These are 90 days."),
            },
            "old": {
                365: None,
                0: _("Complaints of the last twelve months are in it, whose year is not over."),
                730: _("These are only complaints two years old or older."),
            },
            "kind": {
                "complaint": None,
                "all": _("These are all tickets, not the complaints alone."),
                "other": _("These are the tickets that are no complaints."),
            },
            "after": {True: None, False: _("This is the time **before** the complaint.")},
        },
        hints=lambda: [
            _("In the table `after`, two groups: `touches` is 1, or more than 1."),
            _("The mean of `margin` of the first group, less that of the second."),
        ],
        praise=lambda firm, answer: _("The last twelve months had {n} such complaints.").format(
            n=len(envelope.bad_complaints(firm))
        ),
    ),
    *(_page(*part) for part in PAGE),
    Exercise(
        id="6c-8",
        kind="decide",
        work=best,
        mistakes=_others,
        hints=lambda: [
            _("What each option brings, less what it costs: which is the largest, and how wide is its interval?"),
            _("If none is above zero, that is an answer too."),
        ],
        praise=_praise,
    ),
]
