"""Exercises of sitting 3d: expected and got, who is content, what effort it was, and why customers stay."""

import pandas as pd

from portfoy.course.exercise import Exercise, Mistake
from portfoy.course.lessons import truth
from portfoy.course.sittings.contentment import EVER, NAMES, YEAR, answers, content, disappointed, gap, little, surveys
from portfoy.customers import DAY
from portfoy.errors import DataError
from portfoy.locale import _


def _old(firm):
    """The answers of the year before last, whether each customer has stayed since, and what they got."""
    table = surveys(firm)
    table = table[table["answered_on"].between(firm.before(24).as_of, firm.before(12).as_of)]
    table = table.drop_duplicates("customer_id", keep="last")
    last_order = table["customer_id"].map(firm.customers.set_index("customer_id")["last_order"])
    got = table[[f"performance_{name}" for name in NAMES]].set_axis(NAMES, axis=1).astype(float)
    return got, (last_order > table["answered_on"]).to_numpy()


def _faults(firm):
    got, stayed = _old(firm)
    half = 1.96 * got.loc[stayed, "quality"].std() / stayed.sum() ** 0.5
    best = (got[stayed] >= 4).mean()
    says = {
        "few": _("{n} of them answered: chance moves such a mean by about {half:.2f} points. That is enough."),
        "old": _("They must be old: who stays can only be seen when time has passed since the answer."),
        "mean": _("By the share of 4 and 5 it is the same: {best} is first, with {share:.0%}."),
    }
    values = {"n": stayed.sum(), "half": half, "best": best.idxmax(), "share": best.max()}
    return [Mistake(name, text.format(**values)) for name, text in says.items()]


def _beside(firm, answer):
    got, stayed = _old(firm)
    text = _(
        "Those who left gave quality {left:.1f} points, those who stayed {stayed:.1f}: everybody likes it. What keeps "
        "customers is what the two see differently; the next picture puts them side by side."
    )
    return text.format(left=got.loc[~stayed, "quality"].mean(), stayed=got.loc[stayed, "quality"].mean())


def _driven_away(firm):
    """By the truth: how many customers a badly handled complaint drove away last year; how many gave 0 to 6 last."""
    found = truth(firm)
    if found is None or "left_on" not in found.customers:
        raise DataError(_("no truth is known of this company"))
    gone = found.customers.loc[found.customers["left_on"] > firm.as_of - YEAR * DAY, "customer_id"]
    if gone.empty:
        raise DataError(_("nobody was driven away last year"))
    last = answers(firm, EVER)
    told = last.loc[last["customer_id"].isin(gone), "nps"].astype(float)
    return len(gone), int((told <= 6).sum())


def _tasks(firm):
    (n, told), gaps = _driven_away(firm), pd.Series(truth(firm).parameters["gap"])
    widest = _("The widest gap is {thing}, truly {points:.1f} points. To narrow it pleases customers. But by the truth")
    values = {"n": n, "told": told, "thing": gaps.idxmin(), "points": gaps.min()}
    none = _("nobody leaves this firm over a gap. {n} were driven away last year, all by a badly handled complaint.")
    says = {
        "gap": f"{widest} {none}",
        "promise": " ".join([_("The gap would close, yet customers get nothing more. And by the truth"), none]),
        "detractors": _(
            "By the truth {n} were driven away last year, and {told} of them had given 0 to 6 when last they answered: "
            "the call reaches hardly anybody who is about to leave."
        ),
    }
    return [Mistake(name, text.format(**values)) for name, text in says.items()]


def _kept(firm, answer):
    text = _(
        "By the truth {n} customers were driven away last year, each by a complaint that took several contacts. With "
        "one contact they would have had no such reason to leave. The gaps stay as wide: that is another task."
    )
    return text.format(n=_driven_away(firm)[0])


def _decided(firm):
    _driven_away(firm)
    return "contact"


def _times():
    """Slips in choosing the answers, alike in all three."""
    return {
        "days": {YEAR: None, EVER: _("These are the answers of all years, not of the last 365 days.")},
        "rows": {"last": None,
            "every": _("A customer who answered twice counts twice; take the last answer."),
            "first": _("This takes the first answer of each customer, not the last."),
        },
    }  # fmt: skip


EXERCISES = [
    Exercise(
        id="3d-1", kind="predict", work=disappointed, share=True,
        hints=lambda: [_("Any number from 0 to 1.")],
        praise=lambda firm, guess: _(
            "You said {guess:.0%}; it is {right:.0%}. With five things to be disappointed in, most people find one."
        ).format(guess=guess, right=disappointed(firm)),
    ),
    Exercise(
        id="3d-2", kind="compute", work=gap,
        choices=lambda: {
            "who": {"detractors": None,
                "all": _("This is the gap of all customers."),
                "promoters": _("These are the promoters; detractors give 0 to 6."),
                "passive": _("These gave 7 or 8; detractors give 0 to 6."),
                "below 6": _("A 6 is a detractor too."),
                "to 7": _("A 7 is passive; detractors give 0 to 6."),
                "not": _("These are all but the detractors."),
            },
            "thing": {"service": None,
                "all": _("This is the mean of all five things; asked is service."),
                "delivery": _("This is delivery, not service."),
                "price": _("This is the price, not the service."),
                "quality": _("This is quality, not service."),
                "choice": _("This is choice, not service."),
            },
            "part": {"gap": None,
                "turned": _("The sign is turned round: a gap is what was got less what was expected."),
                "got": _("This is what they got. Take away what they expected."),
                "expected": _("This is what they expected. What did they get?"),
                "others": _("What was expected is of all customers here, what was got of these alone."),
                "below": _("This is the share that got less than expected, not by how many points."),
                "above": _("This is the share that got more than expected."),
                "only": _("This leaves out who got as much as expected, or more."),
                "size": _("More and less are added here as if both were the same: keep the sign."),
                "middle": _("This is the median; asked is the mean."),
                "ratio": _("This divides what was got by what was expected; a gap is a difference."),
                "sum": _("This is the sum of all points: divide by the customers."),
                "spread": _("This divides by all customers who answered, not by these."),
                "most": _("This is the share with a gap in anything at all."),
            },
            **_times(),
        },
        hints=lambda: [
            _("Which rows of `answers` have `nps` of 6 or less? `gaps` has the same rows."),
            _("`gaps.loc[rows, column].mean()`."),
        ],
        praise=lambda firm, answer: _("Those who recommend us are {up:+.2f}. A mean near zero hid both.").format(
            up=gap(firm, "promoters")
        ),
    ),
    Exercise(
        id="3d-3", kind="compute", work=content, share=True,
        choices=lambda: {
            "part": {"top two": None,
                "mean": _("This is the mean of the answers. The score counts those who give 4 or 5."),
                "scaled": _("This is the mean, divided by five. The score counts those who give 4 or 5."),
                "stretched": _("This is the mean, drawn out from 0 to 1. The score counts those who give 4 or 5."),
                "top": _("Only the 5 counts here; a 4 is content too."),
                "four": _("Only the 4 counts here; a 5 is content too."),
                "three": _("A 3 is in the middle: content are 4 and 5."),
                "bottom": _("These are the unhappy ones, 1 and 2. Here 5 is best."),
                "net": _("The unhappy ones are taken away here, as in the net promoter score; this score does not."),
                "number": _("This is a number of customers, not a share."),
                "middle": _("This is the median of the answers."),
                "of content": _("This is the share of the content ones who complained; asked is the other way."),
            },
            "who": {"complained": None,
                "all": _("These are all who answered."),
                "others": _("These are the ones who did **not** complain."),
                "request": _("These had a request of any kind; not every request is a complaint."),
            },
            "since": {YEAR: None, EVER: _("These complained at any time, not in the last 365 days.")},
            "below": {"answers": None,
                "all answers": _("This divides by all who answered."),
                "complained": _("Those who complained and did not answer count as not content here. Leave them out."),
                "invited": _("Those who were asked and did not answer count as not content here. Leave them out."),
                "invitations": _("This divides by the invitations: who did not answer counts as not content."),
                "requests": _("This divides by the number of complaints."),
            },
            **_times(),
        },
        hints=lambda: [
            _("First the `customer_id` of the complaints of the last 365 days; then their rows of `answers`."),
            _("Of these rows, the mean of `csat >= 4`."),
        ],
        praise=lambda firm, answer: _("Of the others it is {others:.0%}.").format(others=content(firm, who="others")),
    ),
    Exercise(
        id="3d-4", kind="compute", work=little, share=True,
        choices=lambda: {
            "part": {"low": None,
                "turned": _("The scale is the wrong way round: 6 and 7 are **much** effort."),
                "one": _("Only the 1 counts here; a 2 is little effort too."),
                "two": _("Only the 2 counts here; a 1 is little effort too."),
                "three": _("A 3 is counted as little effort here; asked are 1 and 2."),
                "mean": _("This is the mean effort; asked is the share of 1 and 2."),
                "number": _("This is a number of answers, not a share."),
                "middle": _("This is the median effort."),
                "of low": _("This is the share of them among all with little effort; asked is the other way."),
            },
            "who": {"once": None,
                "more": _("These took two contacts or more."),
                "none": _("These had no request at all."),
                "any": _("These had a request, whether with one contact or more."),
                "two": _("Two contacts are in; asked is one."),
                "quiet": _("Those without any request are in: a contact that was never needed is no contact."),
                "all": _("These are all who answered."),
            },
            "when": {"before": None,
                "last": _("Requests **after** the answer are in: nobody could know them when answering."),
                "first": _("This takes the first request of each customer, not the last before the answer."),
                "every": _("A customer with many requests counts many times here."),
            },
            "below": {"own": None,
                "all": _("This divides by all who answered."),
                "any": _("This divides by all who had a request."),
            },
            **_times(),
        },
        hints=lambda: [
            _("Choose the rows of `both` whose `touches` are 1."),
            _("Of these rows, the mean of `effort <= 2`."),
        ],
        praise=lambda firm, answer: _(
            "With two contacts or more it is {more:.0%}. So where effort is not asked, contacts tell of it."
        ).format(more=little(firm, who="more")),
    ),
    Exercise(
        id="3d-5", kind="find", work=lambda firm: "others",
        mistakes=_faults,
        hints=lambda: [
            _("What would those who left have said of quality?"),
            _("Look at `got[~stayed].mean()`."),
        ],
        praise=_beside,
    ),
    Exercise(
        id="3d-6", kind="decide", work=_decided,
        mistakes=_tasks,
        hints=lambda: [
            _("The aim is that fewer are lost. Between which rows of the table does leaving differ, beyond chance?"),
            _("Compare the ranges of `left_since` in the table."),
        ],
        praise=_kept,
    ),
]  # fmt: skip
