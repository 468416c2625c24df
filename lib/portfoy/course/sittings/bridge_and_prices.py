"""Exercises of sitting 5a: real growth, the parts of a change, a mix behind a total, and cut points that stay."""

import pandas as pd

from portfoy.course.exercise import Exercise, Mistake
from portfoy.course.sittings import plans, real
from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.words import style


def _spans(firm, who="consumers", months=12):
    """Those of a kind who bought in the months a year ago, and in the last ones."""
    sides = firm.before(12).recent(months), firm.recent(months)
    if "type" not in sides[1]:
        raise DataError(_("customers: their type is needed. Add a column type."))
    wanted = {"consumers": ["consumer"], "businesses": ["business"]}.get(who)
    kinds = [side["type"] for side in sides]
    picked = [kind.isin(wanted) if wanted else (kind != "consumer") | (who == "all") for kind in kinds]
    return [side[rows] for side, rows in zip(sides, picked, strict=True)]


def _brought(firm, who="consumers", money="revenue", weight="mean", what="number", form="money", months=12):
    """What the change of the number of customers brought, or of the money of each."""
    old, new = _spans(firm, who, months)
    n0, n1, each0, each1 = len(old), len(new), old[money].mean(), new[money].mean()
    at = {"mean": (0.5, 0.5), "old": (1, 0), "new": (0, 1), "both": (1, 1)}[weight]
    parts = {
        "number": (n1 - n0) * (at[0] * each0 + at[1] * each1),
        "each": (each1 - each0) * (at[0] * n0 + at[1] * n1),
        "change": n1 * each1 - n0 * each0,
        "new": n1 * each1,
        "old": n0 * each0,
    }
    whole = {"money": 1.0, "share": parts["change"], "of old": parts["old"], "head": n1, "more": n1 - n0}
    if form == "heads":
        return float(n1 - n0)
    return n1 / n0 if form == "factor" else parts[what] / whole[form]


def _brought_turns():
    return {
        "who": {
            "consumers": None,
            "all": _("These are all customers, not the consumers alone."),
            "firms": _("These are the firms; asked are the consumers."),
            "businesses": _("These are the businesses; asked are the consumers."),
        },
        "money": {
            "revenue": None,
            "revenue_paid": _("This is money as it was paid: the rise of prices is in it."),
            "margin": _("This is margin; asked is revenue."),
            "purchases": _("These are purchases, not money."),
        },
        "weight": {
            "mean": None,
            "old": _("This takes the old money of each (or the old number) alone. Take the mean of old and new."),
            "new": _("This takes the new money of each (or the new number) alone. Take the mean of old and new."),
            "both": _("Old and new are added up, but not halved."),
        },
        "what": {
            "number": None,
            "each": _("This is what the change of each of them brought; asked is what their number did."),
            "change": _("This is the whole change of their revenue; asked is what their number did of it."),
            "new": _("This is all their revenue of the last year, not a part of the change."),
            "old": _("This is all their revenue of the year before, not a part of the change."),
        },
        "form": {
            "money": None,
            "share": _(
                "This is a share of the change; asked is money. Where one part pulls the other way, such a share is "
                "above 1 or below 0 and helps nobody."
            ),
            "of old": _("This is divided by the revenue of the year before; asked is money."),
            "heads": _("This is how many more they are; asked is the money that this brought."),
            "factor": _("This is the factor of their number. Factors multiply; a bridge adds up money."),
            "head": _("This is divided by the number of consumers; asked is the money of all."),
            "more": _("This is the money of one more customer; asked is that of all of them."),
        },
        "months": {12: None, 6: _("These are six months of each year, not twelve."), 3: _("These are three months.")},
    }


def _brought_mistakes(firm):
    old, new = _spans(firm)
    middle = (len(new) - len(old)) * (old["revenue"].median() + new["revenue"].median()) / 2
    pooled = (len(new) - len(old)) * pd.concat([old, new])["revenue"].mean()
    others = _brought(firm, "all") - _brought(firm)
    mixed = (len(new) - len(old)) * sum(side["revenue"].mean() for side in _spans(firm, "all")) / 2
    return [
        Mistake(others, _("This is the number of all, less that of the consumers; asked are the consumers.")),
        Mistake(
            mixed, _("The number is that of the consumers, but `each0` and `each1` are the money of all customers.")
        ),
        Mistake(_brought(firm) / 1e6, _("This is in millions: give the money itself.")),
        Mistake(middle, _("This takes the median of the customers; a sum needs their mean.")),
        Mistake(
            pooled, _("Near: the customers of both years are in one mean here. Take the mean of the two yearly means.")
        ),
    ]


def _brought_praise(firm, answer):
    each = style.money(_brought(firm, what="each"), firm.currency)
    return _("The change of each of them brought {each}. Both together are the whole change.").format(each=each)


def _tops(firm, who="new", cut="kept", money="revenue", part=0.8, form="share"):
    """The share of some customers at the top."""
    before, now, since = firm.before(12).recent(12), firm.recent(12), firm.before(12).as_of
    fresh = now["first_order"] > since
    seen = {"new": now[fresh], "all": now, "not new": now[~fresh], "before": before}[who]
    of, lines = (
        seen[money],
        {"kept": before, "new": now, "own": seen, "real": before.assign(revenue_paid=before["revenue"])},
    )
    lines["ever"] = firm.before(12).customers
    lines = lines[cut][money]
    line = lines.mean() if part == "mean" else lines.quantile(part)
    if form == "revenue":
        return of[of >= line].sum() / of.sum()
    below = {"share": len(seen), "count": 1, "whole": 1, "all": len(now), "top": (now[money] >= line).sum()}
    return (len(seen) if form in ("group", "whole") else (of >= line).sum()) / below.get(form, len(now))


def _top_turns():
    return {
        "who": {
            "new": None,
            "all": _("These are all customers of the last year, not the new ones alone."),
            "not new": _("These are the customers who are not new."),
            "before": _("These are the customers of the year before."),
        },
        "cut": {
            "kept": None,
            "new": _("This is a new cut point, taken from the last year. The cut of the year before is to be kept."),
            "ever": _(
                "This cut point is of all customers there ever were; take those who bought in that year: `before`."
            ),
            "real": _("The money is as it was paid, but the cut point is at the prices of today."),
            "own": _("This is an own cut point, taken from the new customers: then a fifth is always at the top."),
        },
        "money": {
            "revenue": None,
            "revenue_paid": _("This is money as it was paid: the rise of prices lifts people over the line."),
            "margin": _("This is margin; asked is revenue."),
            "purchases": _("These are purchases, not revenue."),
        },
        "part": {
            0.8: None,
            0.5: _("Here half stands below the line, not four fifths."),
            0.2: _("Here a fifth stands below the line, not four fifths: 0.8."),
            0.9: _("Here nine tenths stand below the line, not four fifths."),
            "mean": _("This line is the mean, not the cut point of the best fifth."),
        },
        "form": {
            "share": None,
            "count": _("This is a number of customers, not a share."),
            "all": _("This divides by all customers of the last year; divide by the new ones."),
            "top": _("This is how many of the top are new; asked is how many of the new are at the top."),
            "whole": _("This is the number of new customers, not a share."),
            "group": _("This is the share of the new among all; asked is how many of the new are at the top."),
            "revenue": _("This is their part of the revenue; asked is a share of the customers."),
        },
    }


EXERCISES = [
    Exercise(
        id="5a-1",
        kind="predict",
        work=lambda firm: real.growth(firm, now="year"),
        hints=lambda: [_("Any number: 1 is no growth, 2 is twice as much.")],
        praise=real.real_year,
    ),
    Exercise(
        id="5a-2",
        kind="compute",
        work=real.growth,
        choices=real.growth_turns,
        mistakes=real.growth_mistakes,
        hints=lambda: [
            _("The column `real` is in the prices of today already."),
            _("The last three are `iloc[-3:]`; the same months a year before are `iloc[-15:-12]`."),
            _("The sum of the first, divided by the sum of the second."),
        ],
        praise=lambda firm, answer: _("As paid it was {paid:.2f}.").format(paid=real.growth(firm, "paid")),
    ),
    Exercise(
        id="5a-3",
        kind="compute",
        work=_brought,
        choices=_brought_turns,
        mistakes=_brought_mistakes,
        hints=lambda: [
            _("Make two tables: the consumers of `before` and those of `now`."),
            _("How many more are they? And what did each bring, in the mean of the two years?"),
        ],
        praise=_brought_praise,
    ),
    Exercise(
        id="5a-4",
        kind="find",
        work=lambda firm: "mix",
        mistakes=plans.faults,
        hints=lambda: [
            _("Look at each plan alone: `running.groupby(['plan', 'year'])['lost'].mean()`."),
            _("And how many contracts did each plan have in the two years?"),
        ],
        praise=plans.mix_praise,
    ),
    Exercise(
        id="5a-5",
        kind="compute",
        work=_tops,
        choices=_top_turns,
        share=True,
        hints=lambda: [
            _("The cut point is `before['revenue'].quantile(0.8)`, whoever is judged by it."),
            _("Keep the new customers of `now`. How many of them stand at the cut point or above?"),
        ],
        praise=lambda firm, answer: _(
            "Of all buyers of the last year {all:.0%} are at the top. Newcomers have had less than a year to get there."
        ).format(all=_tops(firm, "all")),
    ),
    Exercise(
        id="5a-6",
        kind="decide",
        work=lambda firm: plans.teams()[0].idxmax(),
        mistakes=plans.other_teams,
        hints=lambda: [
            _("Not the churn rate counts, but the fees: contracts, times churn, times the fee of one."),
            _("`running` has the second year: how many of each plan, and how many were lost?"),
        ],
        praise=plans.team,
    ),
]
