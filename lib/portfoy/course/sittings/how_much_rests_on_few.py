"""Exercises of sitting 0b: how much of the portfolio rests on a few customers."""

from portfoy.course.exercise import Exercise
from portfoy.errors import DataError
from portfoy.locale import _


def _customers(firm):
    """Customers with what is known of them; those whose margin is missing are left out."""
    return firm.recent(0).dropna(subset="margin")


def _fifth(firm, part=5, of="revenue"):
    customers = _customers(firm)
    return customers.nlargest(len(customers) // part, of)[of].sum() / customers[of].sum()


def _firms(firm, who="firms", by="margin", counted="margin", part=10, up=0):
    """The share of `counted` that the largest of a group hold, ranked `by`."""
    customers = _customers(firm)
    if "type" not in customers:
        raise DataError(_("customers: no type is known. Add a column type."))
    groups = {
        "firms": customers[customers["type"] != "consumer"],
        "all": customers,
        "consumers": customers[customers["type"] == "consumer"],
    }
    group = groups[who]
    largest = group.nlargest(len(group) // part + up, by)
    return largest[counted].sum() / group[counted].sum()


EXERCISES = [
    Exercise(
        id="0b-1",
        kind="predict",
        work=_fifth,
        share=True,
        hints=lambda: [_("Any number from 0 to 1.")],
        praise=lambda firm, guess: _(
            "You said {guess:.0%}; it is {right:.0%}. Most people say 80 %: a rule of thumb, not a law."
        ).format(guess=guess, right=_fifth(firm)),
    ),
    Exercise(
        id="0b-2",
        kind="compute",
        work=_firms,
        share=True,
        choices=lambda: {
            "who": {
                "firms": None,
                "all": _("These are all customers, not the firms alone."),
                "consumers": _("These are the consumers; firms are the others."),
            },
            "by": {"margin": None, "revenue": _("These have most revenue, not most margin.")},
            "counted": {"margin": None, "revenue": _("This is their share of revenue, not of margin.")},
            "part": {10: None, 5: _("This is the largest fifth, not the tenth.")},
            "up": {0: None, 1: _("One firm too many: round down, with `//`.")},
        },
        hints=lambda: [
            _("First keep the firms: those whose type is not consumer."),
            _("How many is a tenth? `len(firms) // 10`; then `nlargest` by margin."),
            _("The margin of these, divided by the margin of all firms."),
        ],
        praise=lambda firm, answer: _("Were all firms alike, a tenth would hold a tenth: the rest is concentration."),
    ),
]
