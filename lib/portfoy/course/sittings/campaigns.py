"""Exercises of sitting 1c: whom to contact under a budget."""

import pandas as pd

from portfoy.course.exercise import Exercise, Mistake
from portfoy.course.lessons import truth
from portfoy.course.sittings.lifts import (
    CALL,
    GIFT,
    KEY,
    LETTER,
    cut_off,
    cut_off_mistakes,
    lift,
    lift_mistakes,
    past_campaigns,
)
from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.selection.campaign import campaign


def _tree(firm):
    """The share of the newest campaign's responses in the best fifth by a tree that learnt from the earlier ones."""
    from sklearn.tree import DecisionTreeClassifier

    treated = past_campaigns(firm).examples.query("arm == 'treatment' and responded.notna()")
    columns, newest = ["purchases", "idle", "age", "ticket"], treated["campaign_id"] == treated["campaign_id"].iloc[-1]
    tree = DecisionTreeClassifier(random_state=1).fit(
        treated.loc[~newest, columns].fillna(0), treated[~newest]["responded"]
    )
    own = treated[newest].assign(p=tree.predict_proba(treated.loc[newest, columns].fillna(0))[:, 1])
    return own.nlargest(len(own) // 5, "p")["responded"].sum() / own["responded"].sum()


def _plans(firm, cost=GIFT):
    """What each choice would have earned by the truth, for the customers of the newest campaign."""
    known, found = truth(firm), past_campaigns(firm)
    if known is None or known.contacts is None:
        raise DataError(_("nobody knows here how much a contact truly changes."))
    plan = campaign(firm, found, contact_cost=cost)
    if not plan or plan.choices.empty:
        raise DataError(_("too few answers to say what a contact adds."))
    every = pd.concat([found.judged, found.held]).merge(known.contacts, on=KEY)
    newest = every[every["campaign_id"] == every["campaign_id"].max()]
    newest = newest.assign(
        earned=(newest["p_treated"] - newest["p_control"]) * plan.terms.response_margin - cost,
        spent=newest["purchases"] * newest["ticket"],
    )
    third = len(newest) // 3
    kept = {"nobody": newest.head(0), "everybody": newest}
    kept |= {"best third": newest.nlargest(third, "p_response"), "largest third": newest.nlargest(third, "spent")}
    return {name: float(rows["earned"].sum()) for name, rows in kept.items()}


def _plan_says(firm, name):
    earned, currency = _plans(firm), firm.currency
    text = {
        "nobody": _("By the truth nobody costs nothing and earns nothing. Another choice earns more than that."),
        "everybody": _("By the truth all calls together bring {currency} {earned:,.0f}. Many add less than they cost."),
        "largest third": _(
            "By the truth these bring {currency} {earned:,.0f}. The largest buy more, but also without a call."
        ),
        "best third": _("By the truth these bring {currency} {earned:,.0f}. Here another choice brings more."),
    }[name]
    return text.format(currency=currency, earned=earned[name])


def _plan_praise(firm):
    earned, cheap = _plans(firm), _plans(firm, 5)
    best, other = max(earned, key=earned.get), max(cheap, key=cheap.get)
    rest = ", ".join(f"{name} {value:,.0f}" for name, value in earned.items() if name != best)
    text = _(
        "By the truth it brings {currency} {earned:,.0f}; the others: {rest}. "
        "For a message that costs 5 the best choice would be: {other}."
    )
    return text.format(currency=firm.currency, earned=earned[best], rest=rest, other=other)


EXERCISES = [
    Exercise(
        id="1c-1", kind="compute", work=cut_off, share=True,
        choices=lambda: {
            "cost": {CALL: None,
                LETTER: _("The cost of 3 belongs to the five customers; a call costs 110."),
                GIFT: _("The 150 are of the exercise at the end; a call costs 110."),
                45: _("The 45 are of another cell; a call costs 110."),
            },
            "of": {"margin": None, "amount": _("Only margin pays for a call; of the revenue the goods are paid, too.")},
            "each": {"answers": None,
                "all": _("These are the answers to all eight campaigns; `answers` has those asked for."),
                "lines": _("This is the mean of an order line; one answer has several lines."),
                "purchases": _("This is the mean of every purchase, not only of the answers."),
            },
            "how": {"mean": None,
                "median": _("This is the median answer; what many calls bring together is told by the mean."),
                "sum": _("This is the margin of all answers together; one call brings one answer at most."),
                "max": _("This is the largest answer; take the mean."),
            },
        },
        mistakes=cut_off_mistakes,
        hints=lambda: [
            _("A call pays where added chance times margin is more than the call costs."),
            _("At the cut-off the two are equal: which chance is that?"),
            _("Divide the cost of a call by the mean of the column `margin`."),
        ],
        praise=lambda firm, answer: _("Whoever becomes likelier to buy by more than that pays for the call."),
    ),
    Exercise(
        id="1c-2", kind="predict", work=lambda firm: lift(firm, measure="gain", share=0.2), share=True,
        hints=lambda: [_("Any number from 0 to 1. A coin gives 0.2, a fortune teller 1.")],
        praise=lambda firm, guess: _(
            "You said {guess:.0%}; over all campaigns that could be judged it is {right:.0%}. "
            "People are hard to foresee: twice a coin is a good model."
        ).format(guess=guess, right=lift(firm, measure="gain", share=0.2)),
    ),
    Exercise(
        id="1c-3", kind="compute", work=lift, tolerance=1e-4,
        choices=lambda: {
            "measure": {"lift": None,
                "gain": _("This is the gain, a share of all responses."),
                "rate": _("This is the rate of the best alone; hold it against the rate of all."),
                "forecast": _("This is what was forecast; count who `responded`."),
                "difference": _("This is a difference of two rates; a lift divides them."),
                "upside": _("Upside down: the best are divided by all."),
                "index": _("This is the index: a hundred times the lift."),
            },
            "share": {0.25: None,
                0.2: _("This is the best fifth, not the quarter."),
                0.3: _("These are the best 30 %, not the quarter."),
                0.1: _("This is the best tenth, not the quarter."),
                0.5: _("This is the best half, not the quarter."),
                0.75: _("These are three quarters, not one."),
            },
            "worst": {False: None, True: _("These have the lowest forecasts, not the highest.")},
            "within": {True: None, False: _("Here all campaigns are mixed; rank inside each campaign.")},
            "by": {"p_response": None, "spent": _("These spent most so far; rank by the forecast.")},
            "against": {"all": None,
                "rest": _("The best are held against the rest; a lift holds them against all."),
                "control": _("The best are held against the control group; a lift holds them against all of `judged`."),
            },
            "depth": {"rows": None,
                "share": _(
                    "You divided by exactly the share asked for; the rows kept are a few fewer: divide the rates."
                ),
            },
        },
        mistakes=lift_mistakes,
        hints=lambda: [
            _('The place in a campaign: `judged.groupby("campaign_id")["p_response"].rank(ascending=False, pct=True)`'),
            _("Keep the rows whose place is at most 0.25; take the mean of `responded`."),
            _("Divide that mean by the mean of `responded` of all judged rows."),
        ],
        praise=lambda firm, answer: _("1 is a coin. A lift says nothing of money yet: a response may be small."),
    ),
    Exercise(
        id="1c-4", kind="find", work=lambda firm: "campaigns",
        mistakes=lambda firm: [
            Mistake("columns", _("These columns stop on the day before each campaign: nothing in them came later.")),
            Mistake("lift", _("Dividing the gain by the share contacted, 0.2, is right. What went in is not.")),
        ],
        hints=lambda: [
            _("Which customers did the tree learn from, and which did it rank?"),
            _("A tree can remember every single customer. What would it do with one it has not seen?"),
        ],
        praise=lambda firm, answer: _(
            "It ranked what it had learnt by heart. Had it learnt from earlier campaigns only, its best fifth would "
            "hold {gain:.0%} of the newest one's responses; a coin has 20 %."
        ).format(gain=_tree(firm)),
    ),
    Exercise(
        id="1c-5", kind="decide", work=lambda firm: max(_plans(firm), key=_plans(firm).get),
        mistakes=lambda firm: [Mistake(name, _plan_says(firm, name)) for name in _plans(firm)],
        hints=lambda: [
            _("Put the cost of 150 into the cell above: how many contacts does the line want?"),
            _("Who buys much buys also without a call. Whom does a call *change*?"),
        ],
        praise=lambda firm, answer: _plan_praise(firm),
    ),
]  # fmt: skip
