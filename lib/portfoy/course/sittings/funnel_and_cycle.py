"""Exercises of sitting 2b: stages, days until a lead is closed, and whom to call first."""

import numpy as np
import pandas as pd

from portfoy.acquisition.deals import deals, is_ripe
from portfoy.course.exercise import Exercise, Mistake
from portfoy.course.lessons import truth
from portfoy.customers import DAY
from portfoy.errors import DataError
from portfoy.locale import _

KNOWN = ["fit_size", "fit_sector_match", "engagement_visits", "engagement_demo"]  # when a lead comes
LATE = "engagement_contract_pages"  # when it ends
CALLED = 4  # one of so many open leads
NEW = 120  # days
FEWEST = 30  # open leads to choose from


def _reached(leads):
    """Of each lead, whether it reached each stage."""
    dates = {stage: leads[f"{stage}_on"].notna() for stage in ("created", "contacted", "qualified", "proposed")}
    return pd.DataFrame(dates).assign(won=leads["outcome"] == "won", none=False)


def _won_of_offers(firm):
    steps = _reached(deals(firm)[is_ripe(firm)])
    return steps["won"].sum() / steps["proposed"].sum()


def _conversion(firm, who=("wholesaler", "wholesaler"), rows="ripe", step=("qualified", "proposed")):
    """Of the leads of a type that reached a stage, the share that reached another; `who` above and below the line."""
    leads = deals(firm)
    rows = {"ripe": is_ripe(firm), "all": leads["outcome"].notna(), "closed": leads["outcome"] != "open"}[rows]
    leads = leads[rows]
    steps, (below, above) = _reached(leads), step
    mine = {name: (leads["type"] == name) | (name == "all") for name in who}
    base = 1 if below == "none" else steps.loc[mine[who[1]], below].sum()
    if not base:
        raise DataError(_("no such lead reached this stage"))
    return steps.loc[mine[who[0]], above].sum() / base


def _half(firm, channel="fair", window="new", who="all", how="curve", since="created_on", part=0.5):
    """The day by which half of the leads of a channel that came in the last 120 days are closed."""
    from statsmodels.api import SurvfuncRight

    leads = deals(firm)
    leads = leads[(leads["channel"] == channel) | (channel == "all")]
    days = {"new": NEW, "180": 180, "year": 365}.get(window)
    if days:
        leads = leads[leads["created_on"] > firm.as_of - days * DAY]
    elif window == "before":
        leads = leads[leads["created_on"] <= firm.as_of - NEW * DAY]
    closed = leads["outcome"] != "open"
    leads = leads[{"all": closed | ~closed, "closed": closed, "won": leads["outcome"] == "won"}[who]]
    took = ((leads["closed_on"].fillna(firm.as_of) - leads[since]) / DAY).dropna()
    if how in ("median", "mean"):
        return took.agg(how)
    outcomes = {"won": ["won"], "turned": ["open"], "all": ["won", "lost", "open"]}.get(how, ["won", "lost"])
    over = leads["outcome"].isin(outcomes).astype(float)
    day = SurvfuncRight(took, over[took.index]).quantile(part) if len(took) else np.nan
    if np.isnan(day):
        raise DataError(_("not so many of these leads are closed yet"))
    return float(day)


def _no_days(firm):
    leads = deals(firm)
    leads = leads[(leads["channel"] == "fair") & (leads["created_on"] > firm.as_of - NEW * DAY)]
    closed = leads["outcome"] != "open"
    left_out = _("Open leads are left out, and so are those that take longest.")
    missing = _("No finite number: open leads have no `closed_on`: count them up to `firm.as_of`. And ask for half.")
    near = _("A day off: asked is the first day by which half are closed, as `quantile(0.5)` gives it.")
    return [
        Mistake(np.nan, missing),
        *(Mistake(_half(firm) + off, near) for off in (-1.0, -0.5, 0.5, 1.0)),
        Mistake(999, _("999 is no day. Count open leads up to `firm.as_of`, and say that they are open.")),
        Mistake(_half(firm, who="closed", how="median"), left_out),
        Mistake(_half(firm, who="closed", how="mean"), f"{left_out} {_('And this is a mean.')}"),
        Mistake(len(leads), _("This is how many leads there are, not a day.")),
        Mistake(int(closed.sum()), _("This is how many of them are closed, not a day.")),
        Mistake(float(closed.mean()), _("This is the share that is closed. Asked is a day.")),
        Mistake(NEW, _("These are the days in which they came. Asked is how long they take.")),
    ]


def _means(firm, name):
    return deals(firm).groupby("outcome")[name].mean()


def _others_known(firm):
    text = _(
        "`{name}`: {won:.1f} on average where won, {lost:.1f} where lost, {open:.1f} where open. Open leads have it, "
        "between the others: it is known beforehand."
    )
    return [Mistake(name, text.format(name=name, **_means(firm, name))) for name in KNOWN]


def _called(firm):
    """How many customers each choice of whom to call would bring, by the truth; and how many are called."""
    return firm.once("called 2b", lambda: _called_anew(firm))


def _called_anew(firm):
    from sklearn.linear_model import LogisticRegression

    leads, found = deals(firm), truth(firm)
    if found is None:
        raise DataError(_("no truth is known of this company"))
    waiting, ripe = leads[leads["outcome"] == "open"], leads[is_ripe(firm)]
    if len(waiting) < FEWEST:
        raise DataError(_("fewer than {n} leads are open").format(n=FEWEST))
    model = LogisticRegression(max_iter=1000).fit(ripe[KNOWN], ripe["outcome"] == "won")
    score = pd.Series(model.predict_proba(waiting[KNOWN])[:, 1], waiting.index)
    n = len(waiting) // CALLED
    picked = {
        "oldest": waiting["created_on"].nsmallest(n),
        "newest": waiting["created_on"].nlargest(n),
        "largest": waiting["expected_value"].nlargest(n),
        "likeliest": score.nlargest(n),
    }
    chance = found.p_win(waiting)
    return pd.Series({name: chance[rows.index].sum() for name, rows in picked.items()}), n


def _called_said(firm, name):
    brings, n = _called(firm)
    text = _("By the truth, of the {n} leads called {won:.0f} become customers.")
    return text.format(n=n, won=brings[name])


def _called_others(firm):
    brings, _n = _called(firm)
    reasons = {
        "oldest": _("Having waited says little of what a lead is."),
        "newest": _("Being new says little of what a lead is."),
        "largest": _("A large order is not a likely one."),
        "likeliest": _("The score looks at what a lead is and does."),
    }
    more = _("Another choice brings {n:.0f} more.")
    return [
        Mistake(name, " ".join([_called_said(firm, name), reason, more.format(n=brings.max() - brings[name])]))
        for name, reason in reasons.items()
        if name != brings.idxmax()
    ]


EXERCISES = [
    Exercise(
        id="2b-1", kind="predict", work=_won_of_offers, share=True,
        hints=lambda: [_("Any number from 0 to 1.")],
        praise=lambda firm, guess: _(
            "You said {guess:.0%}; it is {right:.0%}. Of all leads it is {all:.0%}: most are lost before the offer."
        ).format(guess=guess, right=_won_of_offers(firm), all=_conversion(firm, ("all",) * 2, step=("created", "won"))),
    ),
    Exercise(
        id="2b-2", kind="compute", work=_conversion, share=True,
        choices=lambda: {
            "who": {("wholesaler", "wholesaler"): None,
                ("all", "all"): _("These are leads of all types, not wholesalers alone."),
                ("retailer", "retailer"): _("These are retailers, not wholesalers."),
                ("business", "business"): _("These are businesses, not wholesalers."),
                ("wholesaler", "all"): _("This divides by leads of all types."),
                ("all", "wholesaler"): _("The offers are of all types, the base is wholesalers alone."),
            },
            "rows": {"ripe": None,
                "all": _("These are all leads. The young ones still have time to get an offer: take `old`."),
                "closed": _("These are closed leads of any age; asked are the `old` ones."),
            },
            "step": {("qualified", "proposed"): None,
                ("created", "proposed"): _("This divides by all that came, not by those that were qualified."),
                ("contacted", "qualified"): _("This is the step before: from contacted to qualified."),
                ("proposed", "won"): _("This is the step after: from offer to win."),
                ("qualified", "won"): _("This goes on to the win; asked is the offer."),
                ("created", "qualified"): _("This is the share that was qualified; asked is what came after it."),
                ("created", "won"): _("This is the share of all that was won."),
                ("none", "proposed"): _("This is a number of leads that got an offer, not a share."),
                ("none", "qualified"): _("This is a number of leads that were qualified, not a share."),
                ("none", "created"): _("This is a number of leads, not a share."),
            },
        },
        hints=lambda: [
            _("A stage was reached where its date is there: `notna()`."),
            _("Above the line: wholesalers with `proposed_on`. Below: wholesalers with `qualified_on`."),
        ],
        praise=lambda firm, answer: _("Of all types together it is {all:.0%}.").format(
            all=_conversion(firm, ("all", "all"))
        ),
    ),
    Exercise(
        id="2b-3", kind="compute", work=_half,
        mistakes=_no_days,
        choices=lambda: {
            "channel": {"fair": None,
                "all": _("These are leads of all channels, not of the fair alone."),
                "website": _("These are leads of the website, not of the fair."),
            },
            "window": {"new": None,
                "ever": _("These are leads of all days, not of the last 120."),
                "before": _("These came before the day; asked is after it."),
                "180": _("These came in the last 180 days, not 120."),
                "year": _("These came in the last year, not in the last 120 days."),
            },
            "who": {"all": None,
                "closed": _("Open leads are left out, and so are those that take longest."),
                "won": _("These are the won alone: who takes longest is not among them yet."),
            },
            "how": {"curve": None,
                "median": _("This is the plain median: an open lead counts as if it had closed today."),
                "mean": _("This is a mean. Asked is the day by which half are closed."),
                "turned": _("Open and closed have changed places."),
                "all": _("Here open leads count as if they had closed today."),
                "won": _("Here lost leads count as if they were open. Asked is when leads are closed, won or lost."),
            },
            "since": {"created_on": None,
                "contacted_on": _("This counts from the first contact, not from the day a lead came."),
            },
            "part": {0.5: None,
                0.05: _("This is when 5 of 100 are closed: half is 0.5."),
                0.95: _("This is when 95 of 100 are closed, not half."),
                0.25: _("This is when a quarter is closed, not half."),
                0.75: _("This is when three quarters are closed, not half."),
            },
        },
        hints=lambda: [
            _("First keep the leads of the fair that came after the day; open ones stay."),
            _("`sm.SurvfuncRight(days, closed).quantile(0.5)`, with the columns of these leads."),
        ],
        praise=lambda firm, answer: _(
            "The closed ones alone would say {closed:.0f} days: as if the new way were faster than it is."
        ).format(closed=_half(firm, who="closed")),
    ),
    Exercise(
        id="2b-4", kind="find", work=lambda firm: LATE,
        mistakes=_others_known,
        hints=lambda: [
            _("Make a table: the means of `features` by `outcome`, for all leads."),
            _("In which column are the open leads exactly like the lost ones, and the won far away?"),
        ],
        praise=lambda firm, answer: _(
            "Won leads have {won:.1f}, lost ones {lost:.1f}, open ones {open:.1f}: who signs reads the contract. The "
            "score had seen the end."
        ).format(**_means(firm, LATE)),
    ),
    Exercise(
        id="2b-5", kind="decide", work=lambda firm: _called(firm)[0].idxmax(),
        mistakes=_called_others,
        hints=lambda: [
            _("Each call has a chance to win. Which choice adds up the largest chances?"),
            _("What did the best fifth by score win on later leads, and what did all?"),
        ],
        praise=lambda firm, answer: " ".join([
            _called_said(firm, answer),
            _("By lot it would be {n:.0f}.").format(n=_by_lot(firm)),
            _("Whether a call changes a lead is another question: only an experiment tells."),
        ]),
    ),
]  # fmt: skip


def _by_lot(firm):
    leads = deals(firm)
    waiting = leads[leads["outcome"] == "open"]
    return truth(firm).p_win(waiting).mean() * (len(waiting) // CALLED)
