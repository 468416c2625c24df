"""Exercises of sitting 1a: RFM, its scores and ties, an index and its base, and which segment gets the money."""

import pandas as pd

from portfoy.course.exercise import Exercise, Mistake
from portfoy.course.lessons import truth
from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.selection.rfm import rfm

LETTER, MORE, LETTERS = 200, 0.1, 250  # money a letter; what it adds to a year's margin; how many are sent
MAIL = ["Loyal customers", "Potential loyalists", "Cannot lose them"]
FEW = 40  # customers of a segment, below which the truth of their mean is mostly luck


def _customers(firm):
    customers = firm.recent(0)
    if "type" not in customers:
        raise DataError(_("customers: no type is known. Add a column type."))
    return customers


def _scored(firm):
    return firm.once("sitting 1a", lambda: rfm(firm))


def _groups(firm):
    return _scored(firm).groups.set_index("segment")


def _worse(values, ties):
    """How many have less, of so many: by our rule for ties, or another."""
    n = len(values)
    if ties == "limits":
        return pd.qcut(values, 5, labels=False, duplicates="drop"), 5
    if ties == "width":
        return pd.cut(values, 5, labels=False), 5
    if ties == "dense":
        return values.rank(method="dense") - 1, values.nunique()
    if ties in ("steps", "place"):
        return values.rank(method="dense" if ties == "steps" else "min") - (ties == "steps"), n
    if ties == "nearest":
        return (5 * values.rank(pct=True)).round().clip(lower=1) - 1, 5
    return values.rank(method=ties) - 1, n


def _scores(firm, who="firms", among="own", by="purchases", ties="min", best="most", form="score"):
    """Frequency scores of the firms among themselves; 1 + 5 x the share of those strictly worse, rounded down."""
    customers = _customers(firm)
    asked = customers if who == "everyone" else customers[(customers["type"] != "consumer") == (who == "firms")]
    base = asked if among == "own" else customers
    worse, n = _worse(base[by] * (1 if best == "most" else -1), ties)
    worse, low = worse.loc[asked.index], 0 if form == "zero" else 1
    forms = {"raw": asked[by], "count": worse, "share": worse / n, "exact": 1 + 5 * worse / n}
    forms["nearest"] = (1 + 5 * worse / n).round().astype(int)
    return forms.get(form, (low + 5 * worse // n).astype(int))


def _wronged(firm):
    """The share of customers that row order gives a lower score than somebody who bought as often."""
    purchases = firm.recent(0)["purchases"]
    by_row = pd.qcut(purchases.rank(method="first"), 5, labels=False)
    return float((by_row < by_row.groupby(purchases).transform("max")).mean())


def _common(firm):
    """Of how many Champions, and of how many customers, the share who are consumers; and the index."""
    customers, segment = _customers(firm), _scored(firm).table["segment"]
    share, base = (
        customers[segment == "Champions"]["type"].eq("consumer").mean(),
        customers["type"].eq("consumer").mean(),
    )
    return {"share": share, "base": base, "index": 100 * share / base}


def _index(firm, place=1, by="customers", figure="revenue", form="index", base="mean", how="mean"):
    """Index of the revenue per customer of a segment, counted from the one with most customers."""
    groups, customers = _groups(firm), firm.recent(0)
    if len(groups) < 3:
        raise DataError(_("there are fewer than three segments."))
    segment, each = _scored(firm).table["segment"].astype(str), customers["revenue"] / customers["purchases"]
    if figure in ("purchases", "ticket"):
        groups = groups.assign(figure=groups[figure] * groups["customers"])
        whole = customers["purchases"] if figure == "purchases" else each
    else:
        whole = each if figure == "own tickets" else customers[figure]
        groups = groups.assign(figure=whole.groupby(segment).sum())
    row = groups.sort_values(by, ascending=False).iloc[place]
    own, each = row["figure"] / row["customers"], groups["figure"] / groups["customers"]
    others = (groups["figure"].sum() - row["figure"]) / (groups["customers"].sum() - row["customers"])
    held = {"mean": whole.mean(), "median": whole.median(), "others": others, "segments": each.mean()}
    if how != "mean":
        own = whole[segment == row.name].median()
        held["mean"] = whole.median() if how == "medians" else held["mean"]
    held |= {"best": each.max(), "total": whole.sum(), "margin": customers["margin"].mean()} | {
        "most": each[groups["customers"].idxmax()]
    }
    forms = {"index": 100 * own / held[base], "ratio": own / held[base], "down": 100 * held[base] / own}
    forms |= {"more": 100 * own / held[base] - 100, "own": own, "share": 100 * row["figure"] / whole.sum()}
    forms |= {"part": row["figure"] / whole.sum(), "size": 100 * len(groups) * row["customers"] / len(customers)}
    forms |= {"piece": 100 * len(groups) * row["figure"] / whole.sum(), "head": 100 * row["customers"] / len(customers)}
    forms |= {"level": 100 * row["figure"] / groups["figure"].mean(), "short": own - held[base], "sum": row["figure"]}
    forms |= {"gross": 100 * row["figure"] / held[base]}
    return float(forms[form])


def _crossed(firm):
    """The second largest revenue of a segment by the second largest number of customers, as if they were of one."""
    groups = _groups(firm)
    own = groups["revenue"].nlargest(2).iloc[-1] / groups["customers"].nlargest(2).iloc[-1]
    return 100 * own / firm.recent(0)["revenue"].mean()


def _tickets(firm):
    """Indexes in which a ticket stands where revenue of a customer should."""
    customers, ticket = firm.recent(0), _groups(firm).nlargest(2, "customers").iloc[-1]["ticket"]
    return 100 * ticket / (customers["revenue"].sum() / customers["purchases"].sum()), 100 * ticket / customers[
        "revenue"
    ].mean()


def _mailed(firm):
    """What the letters bring by the truth, segment -> money, and which part of it is still with us."""
    told = truth(firm)
    if told is None:
        raise DataError(_("only a simulated company has a truth to check this by."))
    table = _scored(firm).table
    table = table.assign(coming=told.coming(firm), segment=table["segment"].astype(str))
    table = table.groupby("segment").agg(
        n=("coming", "size"), gain=("coming", "mean"), left=("coming", lambda m: m.eq(0).mean())
    )
    if not set(MAIL) <= set(table.index) or table.loc[MAIL, "n"].min() < FEW:
        raise DataError(_("the segments are too small to tell by the truth."))
    return table.assign(gain=LETTERS * (MORE * table["gain"] - LETTER)).loc[MAIL]


def _mail_words(firm, segment):
    values = {"segment": segment, "letters": LETTERS, **_mailed(firm).loc[segment]}
    won = _(
        "{letters} letters to “{segment}” would have brought TRY {gain:,.0f} more than they cost; "
        "{left:.0%} of them have truly left."
    )
    lost = _("{letters} letters to “{segment}” would have lost TRY {gain:,.0f}; {left:.0%} of them have truly left.")
    return (won if values["gain"] >= 0 else lost).format(**values | {"gain": abs(values["gain"])})


EXERCISES = [
    Exercise(
        id="1a-1", kind="compute", work=_scores,
        mistakes=lambda firm: [
            Mistake(
                _scores(firm, ties="steps"), _("All are 1: by different values (ties `dense`), or over all customers.")
            ),
            Mistake(_scores(firm, by="idle", best="fewest"), _("These are scores of idle days (R), not frequency.")),
        ],
        choices=lambda: {
            "ties": {"min": None,
                "first": _("Equals got different scores, by the order of the rows (ties `first`)."),
                "max": _("Equals are counted as worse: count only those with strictly fewer (ties `min`)."),
                "average": _("Half of the equals are counted as worse (ties `average`): count none of them."),
                "dense": _("This counts different values, not customers (ties `dense`)."),
                "limits": _("`qcut` puts those at a limit into the lower group: that is another rule."),
                "steps": _("This counts different values, not customers (ties `dense`)."),
                "place": _("This counts each customer, too: less one, for only those who did worse count."),
                "nearest": _("This is rounded to the nearest, and half of the equals are counted as worse."),
                "width": _("`cut` makes steps of equal width, not by how many customers are worse."),
            },
            "among": {"own": None, "all": _("These are scores among all customers, not among the firms alone.")},
            "who": {"firms": None,
                "consumers": _("These are the consumers; firms are the others."),
                "everyone": _("These are all customers; keep the firms alone."),
            },
            "by": {"purchases": None,
                "orders": _("These are scores of `orders`; orders of one day are one purchase."),
                "revenue": _("These are scores of revenue (M), not of frequency (F)."),
                "margin": _("These are scores of margin, not of frequency."),
                "idle": _("These are scores of idle days, with long silence as best."),
                "repeats": _("These are scores of `repeats`."),
                "ticket": _("These are scores of the ticket (money of one purchase), not of frequency."),
            },
            "best": {"most": None, "fewest": _("Reversed: 5 is for who bought most often.")},
            "form": {"score": None,
                "zero": _("These scores begin at 0; ours begin at 1."),
                "nearest": _("Rounded to the nearest, so there is a 6; ours are rounded down, with `//`."),
                "exact": _("These are no whole numbers yet: round down, with `//` or `.astype(int)`."),
                "share": _("This is the share of those who are worse; a score is 1 + 5 × this share, rounded down."),
                "count": _("This counts those who are worse; a score is 1 + 5 × their share, rounded down."),
                "raw": _("This is the metric itself; a score goes from 1 to 5."),
            },
        },
        hints=lambda: [
            _("First keep the firms, then rank only these."),
            _('How many firms have strictly fewer purchases? That is `rank(method="min") - 1`.'),
            _("Times 5, divided by the number of firms, rounded down with `//`; then add 1, as whole numbers."),
        ],
        praise=lambda firm, answer: _("Equals got equal scores, whatever the order of the rows."),
    ),
    Exercise(
        id="1a-2", kind="predict", work=_wronged, share=True,
        hints=lambda: [_("Any number from 0 to 1.")],
        praise=lambda firm, guess: _(
            "You said {guess:.0%}; it is {right:.1%}. They bought as often as others, and stood in another row."
        ).format(guess=guess, right=_wronged(firm)),
    ),
    Exercise(
        id="1a-3", kind="find", work=lambda firm: "type" if _common(firm)["base"] > 0 else "",
        mistakes=lambda firm: [
            Mistake(
                "cuts",
                _("This one is right: with kept cut points only the own purchases count, and only the silence grows."),
            ),
            Mistake(
                "money",
                _("This one is right: more of the revenue than of the customers is more than average for each."),
            ),
        ],
        hints=lambda: [
            _("A share says little by itself. Which sentence names a share, and no base?"),
            _("What share of all customers are consumers? Hold the Champions' share against it."),
        ],
        praise=lambda firm, answer: _(
            "Of the Champions {share:.0%} are consumers, and of all customers {base:.0%}: an index of {index:.0f}. "
            "Most customers are consumers, so most of nearly every group are."
        ).format(**_common(firm)),
    ),
    Exercise(
        id="1a-4", kind="compute", work=_index,
        mistakes=lambda firm: [
            *(Mistake(value, _("This is about the ticket (revenue per purchase).")) for value in _tickets(firm)),
            Mistake(_crossed(firm), _("Revenue and customers are of two different segments: take both from one row.")),
        ],
        choices=lambda: {
            "place": {1: None,
                0: _("This is the segment with the most customers, not the second."),
                2: _("This is the third segment, not the second; Python counts from 0."),
                -1: _("This is the segment with the fewest customers."),
                -2: _("This is the second smallest segment."),
            },
            "by": {"customers": None,
                "revenue": _("This ranks the segments by revenue, not by customers."),
                "purchases": _("This ranks the segments by purchases, not by customers."),
            },
            "figure": {"revenue": None,
                "margin": _("This is an index of margin, not of revenue."),
                "purchases": _("This is an index of purchases, not of revenue."),
                "ticket": _("This is an index of the ticket (revenue per purchase), not of revenue per customer."),
                "own tickets": _("This is an index of the customers' own tickets, not of their revenue."),
            },
            "how": {"mean": None,
                "middle": _("This is the median customer of the segment; take the mean."),
                "medians": _("These are two medians; revenue per customer is a mean."),
            },
            "base": {"mean": None,
                "median": _("The base is the median; take the mean of all customers."),
                "others": _("The base is the other customers; the segment belongs to the base, too."),
                "segments": _("The base is the mean of the segments, each counted once; take all customers."),
                "best": _("The base is the best segment; take all customers."),
                "most": _("The base is the segment with most customers; take all customers."),
                "margin": _("The base is the margin of all customers; take their revenue."),
                "total": _("The base is the revenue of all together; take the revenue per customer."),
            },
            "form": {"index": None,
                "ratio": _("The base is 100, so multiply by 100."),
                "down": _("Upside down: the segment is divided by the base."),
                "more": _("This is how far it is from 100; an index keeps the 100."),
                "own": _("This is the segment's own figure; hold it against all customers."),
                "share": _("This is a share of the total, in per cent; an index is per customer."),
                "part": _("This is a share of the total; an index is per customer."),
                "size": _("This index tells how large the segment is, not what a customer of it brings."),
                "piece": _("This compares whole segments; an index per customer divides by the customers first."),
                "level": _("This compares whole segments; an index per customer divides by the customers first."),
                "head": _("This is the segment's share of the customers."),
                "short": _("This is a difference in money; an index divides."),
                "sum": _("This is the segment's total."),
                "gross": _("This takes all of the segment together; divide by its customers first."),
            },
        },
        hints=lambda: [
            _("Sort `groups` by customers, largest first; the second row is `.iloc[1]`."),
            _("What does one customer of it bring? Its revenue divided by its customers."),
            _("Divide by the mean revenue of all `customers`, times 100."),
        ],
        praise=lambda firm, answer: _("So a customer of it has brought {part:.0%} of what the average one has.").format(
            part=_index(firm) / 100
        ),
    ),
    Exercise(
        id="1a-5", kind="decide", work=lambda firm: _mailed(firm)["gain"].idxmax(),
        mistakes=lambda firm: [Mistake(segment, _mail_words(firm, segment)) for segment in MAIL],
        hints=lambda: [
            _("The letter works on those who are still with us. What does `came_back` say of each segment?"),
            _("Then: what will one customer bring in the *next* year? Old revenue does not come again."),
        ],
        praise=lambda firm, answer: " ".join(
            _mail_words(firm, segment) for segment in _mailed(firm).sort_values("gain", ascending=False).index
        ),
    ),
]  # fmt: skip
