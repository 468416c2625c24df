"""Exercises of lesson 1, selection: scores, an index, the best tenth, discounting, lift, and when a contact pays."""

import numpy as np
import pandas as pd

from portfoy.course.exercise import Exercise, Mistake
from portfoy.customers import margin_rate
from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.selection.deciles import deciles
from portfoy.selection.rfm import rfm

FLOWS, RATE = [40.0, 30.0, 20.0], 0.1  # margins at the end of years 1, 2, 3; a year's discount rate
BEST = 0.3  # share of the contacts
CATALOGUE = 0.03  # what a catalogue costs, as a share of the revenue of an average purchase


def _score(desk):
    return rfm(desk.customers).table["f"]


def _score_mistakes(desk):
    purchases, right = desk.customers["purchases"], _score(desk)
    at_most = np.ceil(5 * purchases.rank(method="max", pct=True)).astype(int)
    return [
        Mistake(_by_row(purchases), _("Equals got different scores, by the order of rows.")),
        Mistake(6 - right, _("Reversed: 5 is for who bought most often.")),
        Mistake(at_most, _("Count only those with fewer, not equals.")),
        Mistake(right - 1, _("These scores begin at 0; a score begins at 1.")),
    ]


def _by_row(purchases):
    """Fifths of equal size, ties broken by place in the table: what `qcut` after `rank(method="first")` gives."""
    if len(purchases) < 5:
        return pd.Series(0, purchases.index)
    return pd.qcut(purchases.rank(method="first"), 5, labels=False) + 1


def _largest(desk):
    """The segment with most customers: its row of the segment table, and revenue per customer in it and in all."""
    segments = rfm(desk.customers).groups
    row = segments.loc[segments["customers"].idxmax()]
    return row, row["revenue"] / row["customers"], desk.customers["revenue"].mean()


def _index(desk):
    _row, own, base = _largest(desk)
    return 100 * own / base


def _index_mistakes(desk):
    row, own, base = _largest(desk)
    rest = rfm(desk.customers).groups["revenue"].sum() - row["revenue"]
    others = rest / max(len(desk.customers) - row["customers"], 1)
    of_all = _("This is a share of revenue; an index is per customer.")
    of_others = 100 * own / others if others else np.nan
    return [
        Mistake(100 * row["revenue_share"], of_all),
        Mistake(row["revenue_share"], of_all),
        Mistake(own / base, _("The base has 100: multiply by 100.")),
        Mistake(100 * base / own, _("Upside down: the base goes below the line.")),
        Mistake(of_others, _("The base is all customers, the segment's as well.")),
        Mistake(own, _("This is revenue per customer: hold it against all.")),
    ]


def _best_tenth(desk, by="margin"):
    return float(deciles(desk.customers, by=by).table["share"].iloc[0])


def _best_tenth_mistakes(desk):
    tenths = deciles(desk.customers, by="margin").table
    of_revenue, worst, money = _best_tenth(desk, "revenue"), tenths["share"].iloc[-1], tenths["margin"].iloc[0]
    fifth = float(tenths["cumulative_share"].iloc[:2].iloc[-1])
    return [
        Mistake(of_revenue, _("This is the share of revenue, not of margin.")),
        Mistake(float(worst), _("This is the worst tenth: highest margin first.")),
        Mistake(float(money), _("This is money: divide by everybody's margin.")),
        Mistake(fifth, _("This is the best fifth, not the tenth.")),
    ]


def _discounted(first):
    return sum(flow / (1 + RATE) ** (first + year) for year, flow in enumerate(FLOWS))


def _discounted_mistakes(_desk):
    total = sum(FLOWS)
    return [
        Mistake(total, _("This is the plain sum; a later margin is worth less today.")),
        Mistake(_discounted(2), _("One year too many: the first margin comes after one.")),
        Mistake(_discounted(0), _("The first margin comes at the year's end, not today.")),
        Mistake(total / (1 + RATE), _("Each margin has years of its own to discount.")),
        Mistake(total / RATE, _("Dividing by the rate is for a margin for ever.")),
    ]


def _contacts(desk):
    """Whether judged contacts responded, the best of each campaign first, and how many are the best of theirs."""
    return desk.responded, int((desk.responded.index <= BEST).sum())


def _lift(desk):
    responded, best = _contacts(desk)
    if not best or not responded.sum():
        raise DataError(_("the judged campaigns have too few contacts or responses for lift."))
    return float(responded.head(best).mean() / responded.mean())


def _lift_mistakes(desk):
    responded, best = _contacts(desk)
    held, rest, everybody = responded.head(best), responded.iloc[best:].mean(), responded.mean()
    gain, worst = float(held.sum() / responded.sum()), float(responded.tail(best).mean() / everybody)
    return [
        Mistake(gain, _("This is the gain: divide it by the share contacted.")),
        Mistake(float(held.mean()), _("Hold the best's response against everybody's.")),
        Mistake(worst, _("These are the lowest forecasts, not the best.")),
        Mistake(float(held.mean() / rest), _("The best are held against everybody, not the rest.")),
    ]


def _purchase(desk):
    """What a catalogue costs and what an average purchase brings: money."""
    revenue = desk.customers["revenue"].sum() / desk.customers["purchases"].sum()
    if desk.customers["margin"].isna().all():
        raise DataError(_("no customer's margin is known; add unit costs."))
    return CATALOGUE * revenue, margin_rate(desk.customers) * revenue


def _least(desk):
    cost, margin = _purchase(desk)
    if not margin > 0:
        raise DataError(_("an average purchase brings no margin; then no contact pays."))
    return cost / margin


def _least_mistakes(desk):
    cost, margin = _purchase(desk)
    return [
        Mistake(CATALOGUE, _("Only margin pays for the cost, not revenue.")),
        Mistake(cost * margin, _("Which probability times margin is the cost?")),
        Mistake(1 - cost / margin, _("This is one minus the answer.")),
        Mistake(margin - cost, _("This is money; a probability is asked for.")),
    ]


EXERCISES = [
    Exercise(
        id="selection-1",
        reference=_score,
        hints=lambda: [
            _("How many others have fewer purchases? Equals get one count."),
            _("That is a rank with ties at the lowest, less one."),
            _("Divide by all customers, times five, round down, add 1."),
        ],
        mistakes=_score_mistakes,
        praise=lambda: _("Equals get equal scores, whatever the order of rows."),
    ),
    Exercise(
        id="selection-2",
        reference=_index,
        hints=lambda: [
            _("An index: a group's figure per customer against that of all."),
            _("First the largest segment: its revenue by its customers."),
            _("Divide by the mean revenue of all customers, times 100."),
        ],
        mistakes=_index_mistakes,
        praise=lambda: _("Above 100 a customer of it brings more than average."),
    ),
    Exercise(
        id="selection-3",
        reference=_best_tenth,
        hints=lambda: [
            _("Rank by margin, highest first; take a tenth."),
            _("A table of tenths by margin holds each one's share."),
            _("Call deciles with by set to margin: the first share, not rounded."),
        ],
        mistakes=_best_tenth_mistakes,
        praise=lambda: _("So much of all margin rests on one customer in ten."),
    ),
    Exercise(
        id="selection-4",
        reference=lambda desk: _discounted(1),
        hints=lambda: [
            _("Money of next year is worth less today: divide by one plus the rate."),
            _("For each further year divide once more; add up."),
            _("Divide each by one plus the rate to the power 1, 2 and 3."),
        ],
        mistakes=_discounted_mistakes,
        praise=lambda: _("So much today is worth the three margins; this customer may cost no more."),
    ),
    Exercise(
        id="selection-5",
        reference=_lift,
        hints=lambda: [
            _("Rank each campaign's contacts by forecast, highest first; keep three in ten."),
            _("Lift: the response of the best against that of all."),
            _("Mean of responded among the best 30 % by its mean among all."),
        ],
        mistakes=_lift_mistakes,
        praise=lambda: _("1 is choosing by lot; what is above, the forecast adds."),
        tolerance=0.001,
    ),
    Exercise(
        id="selection-6",
        reference=_least,
        hints=lambda: [
            _("A contact pays where probability times margin covers the cost."),
            _("A response brings a purchase's margin, not its revenue."),
            _("Divide the catalogue's cost by an average purchase's margin."),
        ],
        mistakes=_least_mistakes,
        praise=lambda: _("Whoever is likelier to respond earns more than the catalogue costs."),
    ),
]
