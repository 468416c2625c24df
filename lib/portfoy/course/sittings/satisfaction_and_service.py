"""Exercises of sitting 3c: the net promoter score, the service desk, the price of an offer, and whom to call."""

import pandas as pd

from portfoy.course.exercise import Exercise, Mistake
from portfoy.course.lessons import truth
from portfoy.customers import DAY, to_frame
from portfoy.errors import DataError
from portfoy.locale import _

OFFER, CALLS, SILENT = 150, 50, 365  # money; customers; days
FEWEST = 10  # who were driven away; with fewer the lists are all alike


def _surveys(firm):
    return firm.once("surveys of 3c", lambda: to_frame(firm.tables.surveys).sort_values("answered_on", kind="stable"))


def _requests(firm):
    return firm.once("requests of 3c", lambda: to_frame(firm.tables.tickets))


def _answered(firm):
    return _surveys(firm)["answered_on"].notna().mean()


def _nps(firm, who="business", promoters=9, detractors=6, below="all", part="both", days=365, rows="last", unit=100):
    """The net promoter score of a type of customers."""
    table = _surveys(firm)
    table = table[table["answered_on"] > firm.as_of - days * DAY]
    if rows != "every":
        table = table.drop_duplicates("customer_id", keep=rows)
    people = firm.people.dropna(subset="customer_id").set_index("customer_id")["type"]
    types = table["customer_id"].map(people)
    chosen = {"all": types.notna(), "firms": types.notna() & (types != "consumer")}.get(who, types == who)
    marks = table.loc[chosen, "nps"].astype(float).dropna()
    if marks.empty:
        raise DataError(_("nobody of this type answered"))
    happy, unhappy = (marks >= promoters).sum(), (marks <= detractors).sum()
    if part in ("mean", "number"):
        return {"mean": marks.mean(), "number": float(happy - unhappy)}[part]
    above = {"both": happy - unhappy, "promoters": happy, "detractors": unhappy}[part]
    return unit * above / {"all": len(marks), "no passive": happy + unhappy}[below]


def _at_once(firm, channel="email", base="closed", back="counted", touches=1, days=365, kind="all", top="once"):
    """The share of the requests of a channel that was settled at first contact."""
    every = _requests(firm)
    since = firm.as_of - days * DAY
    settled = every["resolved_on"].fillna(every["closed_on"])
    again = (every["reopened_on"] - settled).dt.days <= 30
    few = every["touches"] <= touches
    every = every.assign(once={"counted": few & ~again, "ignored": few, "alone": ~again, "only": again}[back])
    every = every[(every["is_complaint"] == 1) | (kind == "all")]
    table = every[(every["channel"] == channel) | (channel == "all")]
    inside = (table["closed_on"] > since) & (table["closed_on"] <= firm.as_of)
    lately = table["opened_on"] > since
    rows = {"open too": lately | inside, "opened": lately}.get(base, inside)
    n = (rows & table["once"] & table["closed_on"].notna()).sum()
    if top == "channels":
        return n / (every["once"] & (every["closed_on"] > since)).sum()
    return n / {"every channel": (every["closed_on"] > since).sum(), "none": 1}.get(base, rows.sum())


def _customers(firm):
    requests, customers = _requests(firm), firm.customers
    asked = customers["customer_id"].isin(requests["customer_id"])
    return customers.assign(asked=asked, silent=customers["idle"] > SILENT), requests


def _silent(customers):
    return customers.groupby("asked")["silent"].mean().reindex([True, False])


def _faults(firm):
    customers, requests = _customers(firm)
    n = customers["asked"].sum()
    values = {"n": n, "half": 1.96 * (0.25 / n) ** 0.5, "open": requests["closed_on"].isna().mean()}
    longer = customers.assign(silent=customers["idle"] > 540)
    values["with"], values["without"] = _silent(longer)
    says = {
        "few": _("{n} customers had a request: chance moves such a share by about {half:.0%}. That is enough."),
        "open": _("Only {open:.0%} of the requests are open."),
        "young": _(
            "After 18 months the picture is alike: {with:.0%} of those with a request are silent, {without:.0%} of the "
            "others."
        ),
    }
    return [Mistake(name, text.format(**values)) for name, text in says.items()]


def _often(firm, answer):
    customers, _requests = _customers(firm)
    bought = customers.groupby("asked")["purchases"].mean()
    often = customers["purchases"].clip(upper=8)
    mine, others = customers[customers["asked"]], customers[~customers["asked"]]
    alike = often[mine.index].map(others["silent"].groupby(often).mean()).mean()
    text = _(
        "They bought {many:.1f} times, the others {less:.1f} times. {mine:.0%} of them are silent; of others who "
        "bought as often it is {alike:.0%}. And a request that was settled well does no harm: the next cell parts them."
    )
    return text.format(many=bought[True], less=bought[False], mine=mine["silent"].mean(), alike=alike)


def _pays(firm, plus="anyway", measure="margin", of="back", way="over"):
    """The share of customers with an offer that must come back, so that the offer pays."""
    before = firm.before(12)
    lapsed = before.customers[before.customers["idle"] > 335].set_index("customer_id")
    today = firm.customers.set_index("customer_id").loc[lapsed.index]
    back = today["last_order"] > before.as_of
    if not back.any():
        raise DataError(_("nobody came back without an offer"))
    column = "margin" if measure == "middle" else measure
    gain, own = today[column] - lapsed[column], today[column]
    each = {"back": gain[back].median() if measure == "middle" else gain[back].mean(), "lapsed": gain.mean(),
            "ever": own[back].mean(), "sum": gain[back].sum()}[of]  # fmt: skip
    share = {"over": OFFER / each, "under": each / OFFER, "profit": OFFER / (each - OFFER)}[way]
    came = back.mean()
    found = {"anyway": came + share, "none": share, "minus": share - came,
             "part": came * share, "of part": share / came, "grown": came * (1 + share)}  # fmt: skip
    if plus in found:
        return found[plus]
    return {"came": came, "number": len(lapsed) * (came + share)}[plus]


def _reached(firm):
    """List of calls -> how many of it were driven away by a badly handled complaint, by the truth."""
    found = truth(firm)
    if found is None or "left_on" not in found.customers:
        raise DataError(_("no truth is known of this company"))
    customers, requests = _customers(firm)
    gone = found.customers.set_index("customer_id")["left_on"].notna()
    last = _surveys(firm).dropna(subset="answered_on").drop_duplicates("customer_id", keep="last")
    bad = requests[(requests["is_complaint"] == 1) & (requests["touches"] > 1)].sort_values("opened_on")
    bad = bad.drop_duplicates("customer_id", keep="last").set_index("customer_id")["opened_on"]
    since = customers[(customers["idle"] > 90) & customers["customer_id"].isin(bad.index)]
    since = since[since["last_order"] <= bad.reindex(since["customer_id"]).to_numpy()]
    lists = {
        "detractors": last.astype({"nps": float}).nsmallest(CALLS, "nps")["customer_id"],
        "silent": customers.nlargest(CALLS, "idle")["customer_id"],
        "best": customers.nlargest(CALLS, "margin")["customer_id"],
        "complaints": since.nlargest(CALLS, "margin")["customer_id"],
    }
    reached = pd.Series({name: int(gone.reindex(those).fillna(False).sum()) for name, those in lists.items()})
    if reached.max() < FEWEST:
        raise DataError(_("hardly anybody was driven away by a complaint"))
    return reached


def _told(firm, name):
    text = _("By the truth {n} of these customers were driven away by a badly handled complaint; a call mends half.")
    return text.format(n=_reached(firm)[name])


def _others(firm):
    reached, text = _reached(firm), _("Another list holds {more} more of them.")
    return [
        Mistake(name, f"{_told(firm, name)} {text.format(more=reached.max() - n)}")
        for name, n in reached.items()
        if name != reached.idxmax()
    ]


EXERCISES = [
    Exercise(
        id="3c-1", kind="predict", work=_answered, share=True,
        hints=lambda: [_("Any number from 0 to 1.")],
        praise=lambda firm, guess: _("You said {guess:.0%}; it is {right:.0%}. What do the others think?").format(
            guess=guess, right=_answered(firm)
        ),
    ),
    Exercise(
        id="3c-2", kind="compute", work=_nps,
        choices=lambda: {
            "who": {"business": None,
                "all": _("These are the answers of all customers."),
                "firms": _("These are all firms: businesses, retailers and wholesalers."),
                "consumer": _("These are the consumers."),
                "retailer": _("These are the retailers."),
            },
            "promoters": {9: None,
                8: _("An 8 is passive; promoters give 9 or 10."),
                10: _("A 9 is a promoter too."),
                7: _("7 and 8 are passive; promoters give 9 or 10."),
            },
            "detractors": {6: None,
                5: _("A 6 is a detractor too."),
                7: _("A 7 is passive; detractors give 0 to 6."),
            },
            "below": {"all": None, "no passive": _("The passive ones are missing below the line.")},
            "part": {"both": None,
                "promoters": _("This is the per cent of promoters; take the detractors away."),
                "detractors": _("This is the per cent of detractors; where are the promoters?"),
                "mean": _("This is the mean of the marks. A score counts promoters and detractors."),
                "number": _("This is a number of customers: divide by all who answered."),
            },
            "days": {365: None, 9999: _("These are the answers of all years, not of the last 365 days.")},
            "rows": {"last": None,
                "every": _("A customer who answered twice counts twice; take the last answer."),
                "first": _("This takes the first answer of each customer, not the last."),
            },
            "unit": {100: None, 1: _("This is a share. The score is in points: a hundred times as much.")},
        },
        hints=lambda: [
            _("Which `customer_id` are businesses? Keep their rows of the last answers."),
            _("Then the line with `>= 9` and `<= 6`, as for the five."),
        ],
        praise=lambda firm, answer: _("All together: {all:.1f}. The kinds of customers are not alike.").format(
            all=_nps(firm, "all")
        ),
    ),
    Exercise(
        id="3c-3", kind="compute", work=_at_once, share=True,
        choices=lambda: {
            "channel": {"email": None,
                "all": _("These are the requests of all channels."),
                "phone": _("These came by phone."),
                "form": _("These came by the form."),
            },
            "base": {"closed": None,
                "open too": _("Open requests are below the line: nobody knows yet how they end."),
                "opened": _("These were opened in the last 365 days; asked is when they were closed."),
                "every channel": _("This divides by the requests of all channels."),
                "none": _("This is a number of requests, not a share."),
            },
            "back": {"counted": None,
                "ignored": _("Requests that were opened again count as settled here."),
                "alone": _("This asks only whether a request came back, not how many contacts it took."),
                "only": _("This is the share that was opened again."),
            },
            "touches": {1: None, 2: _("Two contacts are not the first one.")},
            "days": {365: None, 9999: _("These are the requests of all years."), 730: _("These are two years.")},
            "kind": {"all": None, "complaint": _("These are the complaints alone.")},
            "top": {"once": None, "channels": _("This is e-mail's part of all that was settled at once.")},
        },
        hints=lambda: [
            _("The table `closed` has the rows, and the column `at_once`."),
            _("Choose the rows of the channel, and take the mean of the column."),
        ],
        praise=lambda firm, answer: _("Without a look at what came back it would be {naive:.0%}.").format(
            naive=_at_once(firm, back="ignored")
        ),
    ),
    Exercise(
        id="3c-4", kind="find", work=lambda firm: "often",
        mistakes=_faults,
        hints=lambda: [
            _("Who has more chances to have trouble with an order?"),
            _("Compare `customers.groupby('asked')['purchases'].mean()`."),
        ],
        praise=_often,
    ),
    Exercise(
        id="3c-5", kind="compute", work=_pays, share=True,
        choices=lambda: {
            "plus": {"anyway": None,
                "none": _("This is how many **more** must come; asked is all of them, with those who come anyway."),
                "minus": _("Those who come anyway are taken away here; they come on top."),
                "part": _("This multiplies the two shares; one comes on top of the other."),
                "of part": _("This divides by the share that comes anyway; it comes on top."),
                "grown": _("This lets the share that comes anyway grow by so many per cent; points are added."),
                "came": _("This is the share that comes anyway: the offer would bring nobody."),
                "number": _("This is a number of customers, not a share."),
            },
            "measure": {"margin": None,
                "revenue": _("This takes the revenue; what pays for an offer is the margin."),
                "middle": _("This takes the median margin; the mean times the number gives what all bring."),
            },
            "of": {"back": None,
                "lapsed": _("The margin is spread over all lapsed customers; take that of one who came back."),
                "ever": _("This is the margin of all their orders, also of those long ago."),
                "sum": _("This takes the margin of all who came back together; take that of one."),
            },
            "way": {"over": None,
                "under": _("Upside down: the cost is divided by what one brings."),
                "profit": _("The cost is also taken from the margin here: it would count twice."),
            },
        },
        hints=lambda: [
            _("The offer goes to everybody: per customer it costs 150. What does one who is back bring?"),
            _("Cost over margin says how many more must come. Then add those who come anyway."),
        ],
        praise=lambda firm, answer: _(
            "That is {more:.1%} more than come anyway. If the offer is paid only where it is used, it is another sum."
        ).format(more=_pays(firm, "none")),
    ),
    Exercise(
        id="3c-6", kind="decide", work=lambda firm: _reached(firm).idxmax(),
        mistakes=_others,
        hints=lambda: [
            _("What can the call mend? Which list knows of that?"),
            _("Look at `service.link` again: who leaves after a complaint?"),
        ],
        praise=lambda firm, answer: " ".join([
            _told(firm, answer),
            _("Better still: settle complaints at once, and there is nobody to call."),
        ]),
    ),
]  # fmt: skip
