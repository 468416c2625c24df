"""Exercises of sitting 0b: how much of the portfolio rests on a few customers."""

import pandas as pd

from portfoy.course.exercise import Exercise, Mistake
from portfoy.course.lessons import truth
from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.models.lorenz import lorenz

TEN, KEPT_BY_MANAGER, KEPT_BY_PROGRAMME, FEE = 10, 2, 40, 200_000


def _fifth(firm):
    customers = firm.recent(12)
    return customers.nlargest(len(customers) // 5, "revenue")["revenue"].sum() / customers["revenue"].sum()


def _group(firm, who="firms", months=12):
    """Customers of a kind whose margin is known."""
    customers = firm.recent(months)
    if "type" not in customers or not customers["margin"].notna().any():
        raise DataError(_("customers: their type and margin are needed. Add a column type, and unit costs."))
    kind, customers = customers["type"], customers[customers["margin"].notna()]
    rows = {
        "firms": kind != "consumer",
        "all": kind.notna() | kind.isna(),
        "consumers": kind == "consumer",
    }
    return customers[rows.get(who, kind == who)]


def _groups():
    """Who else may be taken for the firms, and what is said to it."""
    return {
        "firms": None,
        "all": _("These are all customers, not the firms alone."),
        "consumers": _("These are the consumers; the firms are all others."),
        "business": _("Only the type business is in here; wholesalers and retailers are firms, too."),
        "wholesaler": _("Only the wholesalers are in here; businesses and retailers are firms, too."),
    }


def _tenth(
    firm, who="firms", months=12, by="margin", counted="margin", over="", below="", part=10, up=0, of="", take=""
):
    """The share of `counted` in the group `below`, or of `over` there, that the largest of a group bring."""
    group = _group(firm, who, months)
    if take == "kit":
        return lorenz(group, by=by, top=1 / part).top_share
    count = TEN if part == "ten" else len(_group(firm, of or who, months)) // part + up
    taken = {"": group.nlargest, "smallest": group.nsmallest}.get(take, lambda n, _by: group.head(n))(count, by)
    return taken[counted].sum() / _group(firm, below or who, months)[over or counted].sum()


def _tenth_turns():
    return {
        "who": _groups(),
        "months": {12: None, 0: _("This is the whole history; `customers` holds the last twelve months.")},
        "by": {
            "margin": None,
            "revenue": _("These firms have most revenue, not most margin."),
            "purchases": _("These firms bought most often; asked are those with most margin."),
        },
        "counted": {"margin": None, "revenue": _("This is their revenue; asked is their margin.")},
        "over": {"": None, "revenue": _("Divided by revenue; divide by the margin.")},
        "below": {"": None, "all": _("Divided by the margin of all customers; divide by that of all firms.")},
        "part": {
            10: None,
            5: _("This is the largest fifth, not the tenth."),
            20: _("This is the largest twentieth, not the tenth."),
            "ten": _("These are ten firms; a tenth of them is more."),
        },
        "up": {0: None, 1: _("One firm too many: round down, with `//`."), -1: _("One firm too few.")},
        "of": {"": None, "all": _("This takes a tenth of the number of all customers; take a tenth of the firms.")},
        "take": {
            "": None,
            "kit": _("The kit takes exactly a tenth, with a part of a firm. Here the number is rounded down."),
            "smallest": _("These are the smallest firms: sort the other way."),
            "first": _("These are the first rows, not the largest: `nlargest` sorts."),
        },
    }


def _tenth_mistakes(firm):
    group, everyone = _group(firm), firm.recent(12)
    count, whole = len(group) // 10, group["margin"].sum()
    largest, fifth = group.nlargest(count, "margin"), everyone.nlargest(len(everyone) // 5, "revenue")
    best = everyone.nlargest(len(everyone) // 10, "margin")
    mixed = best.loc[best["type"] != "consumer", "margin"].sum()
    top = _("These are the firms among the largest tenth of all customers; take the largest tenth of the firms.")
    share, average = _tenth(firm), _("This is an average; a share is one sum divided by another.")
    rate = _("This is their margin in their own revenue; asked is their part of the margin of all firms.")
    shown = _("This is of the largest fifth of all customers, as above; asked is the largest tenth of the firms.")
    return [
        Mistake(count / len(group), _("This is the share of the firms; asked is their share of the margin.")),
        Mistake(count, _("This is how many firms that is; asked is what share of the margin they bring.")),
        Mistake(share * whole, _("This is money; divide it by the margin of all firms.")),
        *(Mistake(value, average) for value in (share / count, share * whole / count)),
        Mistake(share / count * len(group), _("This compares averages: how many times the average firm they are.")),
        Mistake(largest["margin"].sum() / largest["revenue"].sum(), rate),
        Mistake((largest["margin"] / largest["revenue"]).mean(), rate),
        *(Mistake(fifth[by].sum() / everyone[by].sum(), shown) for by in ("revenue", "margin")),
        Mistake(whole / everyone["margin"].sum(), _("This is what all firms bring of the margin of all customers.")),
        Mistake(share / (1 - share), _("Divided by the other firms alone; divide by all firms, the largest, too.")),
        Mistake(largest["margin"].max() / whole, _("This is the largest firm alone.")),
        *(Mistake(mixed / money, top) for money in (whole, best["margin"].sum(), everyone["margin"].sum())),
    ]


def _gini(
    firm, who="firms", months=12, by="margin", order=True, first=1, less="one more", times=2, count="", total="sum"
):
    """The Gini coefficient by the ranks, as the notebook works it out by pencil."""
    value = _group(firm, who, months)[by]
    value = (value if order is None else value.sort_values(ascending=order)).to_numpy()
    n, whole = len(value), value.sum() if total == "sum" else value.mean()
    weighted = (pd.RangeIndex(first, n + first).to_numpy() * value).sum()
    off = {"one more": (n + 1) / n, "nothing": 0, "one": 1, "five": 1.2}[less]
    return times * weighted / ({"": n, "none": 1}[count] * whole) - off


def _gini_turns():
    return {
        "who": _groups(),
        "months": {12: None, 0: _("This is the whole history; `customers` holds the last twelve months.")},
        "by": {
            "margin": None,
            "revenue": _("This is of the revenue, as the kit takes it unless told; not of the margin."),
        },
        "order": {
            True: None,
            False: _("The ranks begin at the largest; the smallest has rank 1."),
            None: _("The ranks follow the rows as they stand; sort first, from the smallest up."),
        },
        "first": {1: None, 0: _("The ranks begin at 0; the smallest has rank 1.")},
        "less": {
            "one more": None,
            "nothing": _("Nothing is taken off at the end: (n + 1) / n is still to be."),
            "one": _("At the end 1 is taken off; it is (n + 1) / n."),
            "five": _("1.20 is (n + 1) / n of the five by pencil; here n is the number of firms."),
        },
        "times": {2: None, 1: _("The sum of rank times margin is to be taken twice.")},
        "count": {"": None, "none": _("The sum is not yet divided by the number of firms.")},
        "total": {"sum": None, "mean": _("Divided by the mean; it is n times the total.")},
    }


def _gini_mistakes(firm):
    group = _group(firm)
    held, parts = lorenz(group, by="margin"), group["margin"] / group["margin"].sum()
    tenth, typical, middle = group.nlargest(len(group) // 10, "margin"), parts.mean(), parts.median()
    spread = _("This is another measure of spread; the Gini coefficient works with ranks.")
    bound = _("This is a bound of the range that chance allows; asked is the number itself.")
    inside = _("This is among the largest tenth alone; asked are all firms.")
    return [
        Mistake(held.gini / 2, _("This is the area between line and curve; the Gini coefficient is twice that.")),
        Mistake(0.5 - held.gini / 2, _("This is the area below the curve; take that between line and curve, twice.")),
        Mistake(1 - held.gini, _("This is one minus it: 0 stands for all alike, not 1.")),
        *(Mistake(value, bound) for value in (held.gini_low, held.gini_high)),
        Mistake(held.top_share, _("This is the share of the largest fifth of the firms: one point of the curve only.")),
        *(Mistake((parts**2).sum() ** way, _("These are squared shares; here it takes ranks.")) for way in (1, -1)),
        *(Mistake(value, spread) for value in (parts.std() / typical, typical / middle, middle / typical)),
        Mistake(parts.max(), _("This is the share of the largest firm alone.")),
        *(Mistake(lorenz(tenth, by=by).gini, inside) for by in ("margin", "revenue")),
        Mistake(lorenz(group, by="purchases").gini, _("This is of the number of purchases; asked is the margin.")),
        Mistake(0.42, _("This is the number of the five by pencil.")),
    ]


def _who_are_they(firm):
    """How many customers have no age, and how many of them are firms."""
    customers = firm.recent(12)
    if not {"type", "age_band", "region"} <= set(customers) or customers["age_band"].notna().all():
        raise DataError(_("customers: a type, a region and, of some, a birth year are needed. Add the columns."))
    unknown = customers[customers["age_band"].isna()]
    return len(unknown), int((unknown["type"] != "consumer").sum())


def _regions_hold(firm):
    customers = firm.recent(12)
    parts = customers.groupby("region")["revenue"].sum() / customers["revenue"].sum()
    text = _("The regions hold: {shares}, squared and added up, is {hhi:.2f}; one over it, {equals:.1f}.")
    shares = ", ".join(f"{part:.0%}" for part in parts.sort_values(ascending=False))
    return text.format(shares=shares, hhi=(parts**2).sum(), equals=1 / (parts**2).sum())


def _sentence_mistakes(firm):
    says = _regions_hold(firm) + " " + _("Now ask who stands behind the index of the others: which type are they?")
    return [Mistake("regions", says), Mistake("both", says)]


def _sentence_praise(firm, _answer):
    text = _(
        "Of the {unknown:,} customers without an age {firms:,} are firms: a firm has no birthday. Not the missing age "
        "makes them large. A group that is only badly described is no group to look for."
    )
    return text.format(**dict(zip(("unknown", "firms"), _who_are_they(firm), strict=True)))


def _plans(firm):
    """Margin that each plan keeps in a year, less its fee, by the figures of the last twelve months."""
    customers = firm.recent(12)
    manager = KEPT_BY_MANAGER * customers.nlargest(TEN, "revenue")["margin"].mean() - FEE
    programme = KEPT_BY_PROGRAMME * customers["margin"].mean() - FEE
    return pd.Series({"manager": manager, "programme": programme, "neither": 0.0})


def _by_the_truth(firm):
    """What the plans would truly keep: a customer still here buys on as before, one who has left cannot be kept."""
    known = truth(firm)
    if known is None:
        return _("By last year's figures: manager {manager:,.0f}, programme {programme:,.0f}.").format(**_plans(firm))
    customers = firm.recent(12).set_index("customer_id")
    here = known.customers.set_index("customer_id")["active"].reindex(customers.index)
    year = known.coming(firm).set_axis(firm.customers["customer_id"]).reindex(customers.index)
    ten = customers.nlargest(TEN, "revenue").index
    one, other = year[ten][here[ten]].mean(), year[here].mean()
    manager, programme = KEPT_BY_MANAGER * one, KEPT_BY_PROGRAMME * other
    said = {"gone": int((~here[ten]).sum()), "manager": manager, "programme": programme, "fee": FEE}
    return _(
        "The truth: {gone} of the ten had left already; nobody can keep them. Two of the others bring {manager:,.0f} a "
        "year, forty average customers who are still here {programme:,.0f}, for a fee of {fee:,} each. At a fee above "
        "{turn:,.0f} neither pays; with fewer than {count:.0f} customers the programme loses to the manager."
    ).format(**said, turn=max(manager, programme), count=manager / other)


def _plan_mistakes(firm):
    plans = _plans(firm)
    says = {
        "manager": _("Large customers bring much, but the manager keeps two. Compare two of these with forty others."),
        "programme": _("Forty are many, but they are average. Compare forty of these with two of the ten."),
        "neither": _("Saving the fee is best only if no plan keeps more margin than it costs. Work both out."),
    }
    return [Mistake(name, f"{says[name]} {_by_the_truth(firm)}") for name in plans.index if name != plans.idxmax()]


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
        work=_tenth,
        share=True,
        choices=_tenth_turns,
        mistakes=_tenth_mistakes,
        hints=lambda: [
            _("First keep the firms: those whose type is not consumer."),
            _("How many is a tenth? `len(firms) // 10`; then `nlargest` by margin."),
            _("The margin of these, divided by the margin of all firms."),
        ],
        praise=lambda firm, answer: _("Were all firms alike, a tenth would bring a tenth: the rest is concentration."),
    ),
    Exercise(
        id="0b-3",
        kind="compute",
        work=_gini,
        choices=_gini_turns,
        mistakes=_gini_mistakes,
        hints=lambda: [
            _("Take the same firms as in the exercise before."),
            _("Either by ranks as above, or ask the kit: `pf.concentration(firms, by=...)` has a `gini`."),
            _("The kit takes the revenue unless you say `by`."),
        ],
        praise=lambda firm, answer: _(
            "All customers together have {all:.2f}. A number for all hides how it is inside the groups."
        ).format(all=_gini(firm, "all")),
    ),
    Exercise(
        id="0b-4",
        kind="find",
        work=lambda firm: "not known" if _who_are_they(firm) else "",
        mistakes=_sentence_mistakes,
        hints=lambda: [
            _("Which customers have no age? Look at their type."),
            _('`customers[customers["age_band"].isna()]["type"].value_counts()`'),
        ],
        praise=_sentence_praise,
    ),
    Exercise(
        id="0b-5",
        kind="decide",
        work=lambda firm: _plans(firm).idxmax(),
        mistakes=_plan_mistakes,
        hints=lambda: [
            _("How much margin does one of the ten bring on average, and how much one customer?"),
            _("Twice the first, forty times the second; take the fee off each."),
        ],
        praise=lambda firm, answer: _by_the_truth(firm),
    ),
]
