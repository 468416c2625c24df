"""Exercises of sitting 4b: what a contact adds, whether an experiment may be read, and whom a contact moves."""

import pandas as pd

from portfoy.course.exercise import Exercise, Mistake
from portfoy.course.lessons import truth
from portfoy.course.sittings.effects import arms as arms_of
from portfoy.course.sittings.effects import contacts, low, low_turns
from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.models.arms import ratio_check
from portfoy.models.columns import CONTROL, TREATED
from portfoy.models.threads import one_thread
from portfoy.words import style

FEATURES, SHARE = ["idle", "purchases", "years", "online"], 0.3  # what the models see; meant to be left alone
CALL, MARGIN = 130, 1_400  # money: a call, and what an answer leaves


def _effect(firm):
    sent, left = arms_of(contacts(firm))
    return 100 * (sent.mean() - left.mean())


def _newest(firm):
    rows = contacts(firm)
    return rows[rows["campaign_id"] == rows["campaign_id"].iloc[-1]]


def _file(firm):
    """What the mail house left out of the newest campaign, and what is true of it."""
    rows = _newest(firm)
    (sent, left), (opened, _left) = arms_of(rows), arms_of(rows, "openers")
    return {
        "n": len(opened) + len(left),
        "lost": len(sent) - len(opened),
        "all": len(sent),
        "seen": 100 * (opened.mean() - left.mean()),
        "half": 196 * (opened.var() / len(opened) + left.var() / len(left)) ** 0.5,
        "effect": 100 * (sent.mean() - left.mean()),
        "p": ratio_check(len(opened), len(left), SHARE),
        "held": left.mean(),
    }


def _file_mistakes(firm):
    says = {
        "few": _("{n} customers give {seen:.0f} points, plus or minus {half:.0f}. That is enough to see an effect."),
        "luck": _(
            "Then the groups would be about as large as meant. The probability of such sizes by chance is {p:.0g}."
        ),
        "month": _("Those left alone lived in the same month: {held:.0%} of them bought."),
    }
    return [Mistake(name, text.format(**_file(firm))) for name, text in says.items()]


@one_thread("sklearn.linear_model")
def _fitted(firm):
    """Customers of the newest campaign with the chances of two models that learnt from the earlier ones."""
    from sklearn.linear_model import LogisticRegression

    rows = contacts(firm).dropna(subset=FEATURES)
    newest, chances = rows["campaign_id"] == contacts(firm)["campaign_id"].iloc[-1], {}
    today, earlier = rows[newest], rows[~newest]
    for name, arm in (("p_with", TREATED), ("p_without", CONTROL)):
        own = earlier[earlier["arm"] == arm]
        fit = LogisticRegression(max_iter=1000).fit(own[FEATURES], own["responded"])
        chances[name] = fit.predict_proba(today[FEATURES])[:, 1]
    today = today.assign(**chances)
    return today.assign(uplift=today["p_with"] - today["p_without"])


def _today(firm):
    return firm.once("4b today", lambda: _fitted(firm))


def _added(firm, by="uplift", part=3, worst=False, measure="added", arms="all"):
    """What the contact added among a part of today's customers."""
    rows = _today(firm)
    rows = (rows.nsmallest if worst else rows.nlargest)(len(rows) // part, by) if part else rows
    sent, left = arms_of(rows, arms)
    return {
        "added": sent.mean() - left.mean(),
        "sent": sent.mean(),
        "left": left.mean(),
        "both": rows["responded"].mean(),
        "forecast": rows["uplift"].mean(),
        "p_with": rows["p_with"].mean(),
        "p_without": rows["p_without"].mean(),
        "ratio": sent.mean() / (left.mean() or float("nan")),
        "more": sent.mean() / (left.mean() or float("nan")) - 1,
        "buyers": sent.sum() - left.sum(),
        "own": sent.sum() / len(rows) - left.sum() / len(rows),
        "against all": sent.mean() - _newest(firm).query("arm == @CONTROL")["responded"].mean(),
        "n": len(rows),
    }[measure]


def _added_turns():
    return {
        "measure": {
            "added": None,
            "sent": _("This is the share of those contacted who bought. Take off the share of those left alone."),
            "left": _("This is the share of those left alone who bought."),
            "both": _("This is the share of all in the third who bought, contacted or not."),
            "forecast": _("This is the mean of the forecast `uplift`. Asked is what truly came: `responded`."),
            "p_with": _("This is a forecast, the chance with a letter. Asked is what truly came."),
            "p_without": _("This is a forecast, the chance without a letter. Asked is what truly came."),
            "ratio": _("This is a ratio; what was added is a difference."),
            "more": _("This is a ratio less one; what was added is a difference of two shares."),
            "buyers": _("These are numbers of buyers. The groups are not of one size: compare shares."),
            "own": _("Both are divided by the whole third; divide each group by its own number."),
            "against all": _("Those left alone are of the whole campaign; take those in the third."),
            "n": _("This is how many customers the third has."),
        },
        "by": {
            "uplift": None,
            "p_with": _("These have the highest chance **with** a letter (`p_with`), not the highest uplift."),
            "p_without": _("These have the highest chance **without** a letter, not the highest uplift."),
            "purchases": _("These bought most often so far; rank by `uplift`."),
        },
        "part": {
            3: None,
            0: _("These are all customers of the campaign, not the third."),
            2: _("This is the best half, not the third."),
            4: _("This is the best quarter, not the third."),
            5: _("This is the best fifth, not the third."),
            10: _("This is the best tenth, not the third."),
        },
        "worst": {False: None, True: _("This is the third with the **lowest** values.")},
        "arms": {
            "all": None,
            "openers": _("Only those who opened are taken for contacted. Take all: chance did not draw who opens."),
            "open or not": _("This compares who opened with who did not: chance did not draw them."),
            "closed": _("Turned around: those left alone, less those contacted."),
        },
    }


def _earned(firm):
    """What each choice would truly earn, and how many it calls."""
    found = truth(firm)
    if found is None or found.contacts is None:
        raise DataError(_("nobody knows here how much a contact truly changes."))
    rows = _today(firm).merge(found.contacts, on=["campaign_id", "customer_id"])
    each = (rows["p_treated"] - rows["p_control"]) * MARGIN - CALL
    cut = CALL / MARGIN
    called = {"nobody": each < each - 1, "everybody": each == each}
    called |= {"answers": rows["p_with"] > cut, "is moved": rows["uplift"] > cut}
    return pd.DataFrame({name: {"money": each[who].sum(), "calls": who.sum()} for name, who in called.items()}).T


def _choice_words(firm, name):
    text = _("By the truth {calls:,.0f} calls earn {money}.")
    own = _earned(firm).loc[name]
    return text.format(calls=own["calls"], money=style.money(own["money"], firm.currency))


def _choice_mistakes(firm):
    why = {
        "nobody": _("No call costs nothing, but some calls pay."),
        "everybody": _("Many of them add less than a call costs."),
        "answers": _("Many of them buy with or without a call; for these the call is only a cost."),
        "is moved": _("Here the forecast of uplift is too poor."),
    }
    best = _("Another choice earns {money}.").format(money=style.money(_earned(firm)["money"].max(), firm.currency))
    return [Mistake(name, f"{_choice_words(firm, name)} {text} {best}") for name, text in why.items()]


def _choice_praise(firm, answer):
    rest = _earned(firm)["money"].drop(answer)
    others = ", ".join(f"{name} {style.money(value, firm.currency)}" for name, value in rest.items())
    return f"{_choice_words(firm, answer)} " + _("The others: {others}.").format(others=others)


EXERCISES = [
    Exercise(
        id="4b-1",
        kind="predict",
        work=_effect,
        hints=lambda: [_("Any number of points.")],
        praise=lambda firm, guess: _(
            "You said {guess:.0f}; it is {right:.1f}. Most guesses are too high: many buy without a contact."
        ).format(guess=guess, right=_effect(firm)),
    ),
    Exercise(
        id="4b-2",
        kind="compute",
        work=low,
        tolerance=5e-4,
        share=True,
        choices=low_turns,
        hints=lambda: [
            _("Do what the cells above do, with `online` in place of `contacts`."),
            _("The effect, less 1.96 times the error of the two groups."),
        ],
        praise=lambda firm, answer: _("The whole interval is above zero: among them the contact works, beyond chance."),
    ),
    Exercise(
        id="4b-3",
        kind="find",
        work=lambda firm: "missing" if _file(firm) else "",
        mistakes=_file_mistakes,
        hints=lambda: [
            _("How large should the two groups be, if seven of ten were contacted?"),
            _("Look at the p-value: may this file be read at all?"),
        ],
        praise=lambda firm, answer: _(
            "Of {all} contacted, the {lost} who did not open are not in the file. It gives {seen:.0f} points; with all "
            "it is {effect:.0f}. The sizes of the groups alone told us to stop."
        ).format(**_file(firm)),
    ),
    Exercise(
        id="4b-4",
        kind="compute",
        work=_added,
        tolerance=1e-4,
        share=True,
        choices=_added_turns,
        hints=lambda: [
            _("First keep the third; then look at the two groups (`arm`) in it."),
            _('The mean of `responded` where `arm` is "treatment", less that where it is "control".'),
        ],
        praise=lambda firm, answer: _(
            "In the whole campaign a contact added {whole:.0%}. Few customers stand behind it: the interval is wide."
        ).format(whole=_added(firm, part=0)),
    ),
    Exercise(
        id="4b-5",
        kind="decide",
        work=lambda firm: _earned(firm)["money"].idxmax(),
        mistakes=_choice_mistakes,
        hints=lambda: [
            _("A call pays where what it **adds** times 1,400 is more than 130."),
            _("Look at the table above: who answers, but is not moved?"),
        ],
        praise=_choice_praise,
    ),
]
