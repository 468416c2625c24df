"""Exercises of sitting 3b: how long contracts last, a model that knows too much, and whom to look after."""

from portfoy.course.exercise import Exercise, Mistake
from portfoy.course.lessons import truth
from portfoy.customers import DAY, to_frame
from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.models.sbg import Sbg
from portfoy.retention.contracts import contracts
from portfoy.words import style

CALLS = 50  # contracts that one person can look after
KEPT = 0.25  # of those who would leave, by the person who looks after them
COLUMNS = ["age", "monthly_fee", "payments"]


def _contracts(firm):
    """Contracts with whole ``months`` until the end or today, and whether they have ``ended``."""

    def work():
        table = to_frame(firm.tables.subscriptions)
        start, end = table["started_on"], table["ended_on"].fillna(firm.as_of)
        months = (end.dt.year - start.dt.year) * 12 + end.dt.month - start.dt.month
        whole = months - (end.dt.day < start.dt.day.clip(upper=28))
        return table.assign(months=whole, ended=table["ended_on"].notna())

    return firm.once("contracts of 3b", work)


def _longer(firm, plan="family", month=6, how="curve", side="longer"):
    """The share of the contracts of a plan that runs for longer than so many months."""
    table = _contracts(firm)
    if plan != "all":
        table = table[table["plan"] == plan]
    over, long = table[table["ended"]], table["months"] > month
    old = table["started_on"] <= firm.as_of - month * 30.4 * DAY
    watched = table.groupby("months").size()[::-1].cumsum()[::-1]
    ends = table.groupby("months")["ended"].sum()
    every = _contracts(firm).groupby("months").size()[::-1].cumsum()[::-1]
    share = {
        "curve": (1 - ends / watched).cumprod().loc[:month].iloc[-1],
        "ended only": (over["months"] > month).mean(),
        "as ended": long.mean(),
        "as going on": 1 - (over["months"] <= month).sum() / len(table),
        "old enough": (long | ~table["ended"])[old].mean(),
        "running": (~table["ended"]).mean(),
        "running long": (long & ~table["ended"]).mean(),
        "of running": long[~table["ended"]].mean(),
        "this month": (ends / watched).get(month, float("nan")),
        "all ends": (1 - ends.cumsum() / len(table)).loc[:month].iloc[-1],
        "each of all": (1 - ends / len(table)).cumprod().loc[:month].iloc[-1],
        "other base": (1 - ends / every).cumprod().loc[:month].iloc[-1],
        "wrong end": (1 - ends / table.groupby("months").size().cumsum()).cumprod().loc[:month].iloc[-1],
        "one step": 1 - (ends / watched).get(month, float("nan")),
        "number": float(long.sum()),
        "mean": table["months"].mean(),
        "mean ended": ((over["ended_on"] - over["started_on"]).dt.days / 30.4).mean(),
    }[how]
    return share if side == "longer" else 1 - share


def _year(firm):
    return _longer(firm, "all", 12)


def _auc(firm, columns):
    """How well a logistic regression with these columns tells which contracts of a year ago have ended since."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score

    day, table = firm.as_of - 365 * DAY, _contracts(firm)
    then = table[(table["started_on"] <= day) & ~(table["ended_on"] <= day)]
    then = then.assign(age=(day - then["started_on"]) / DAY / 30.4, payments=then["months"])
    learn, judge = then.iloc[::2], then.iloc[1::2]
    model = LogisticRegression(max_iter=5000).fit(learn[columns], learn["ended"])
    return roc_auc_score(judge["ended"], model.predict_proba(judge[columns])[:, 1]), len(judge)


def _faults(firm):
    without = {gone: _auc(firm, [name for name in COLUMNS if name != gone])[0] for gone in COLUMNS}
    values = {name: f"{value:.2f}" for name, value in without.items()} | {"n": _auc(firm, COLUMNS)[1]}
    says = {
        "age": _("Its age on that day was known on that day. Without it the model reaches {age}."),
        "monthly_fee": _("The fee is fixed when a contract begins. Without it the model still reaches {monthly_fee}."),
        "half": _("{n} contracts were judged: enough to see that it is no coin. It is too good, not too uncertain."),
    }
    return [Mistake(name, text.format(**values)) for name, text in says.items()]


def _lists(firm):
    """List -> by the truth: the share of its contracts that ends within a year, and the fees that are lost by it."""
    found = truth(firm)
    if found is None or "churn_gamma" not in found.parameters:
        raise DataError(_("no truth is known of these contracts"))
    table, fits, told = _contracts(firm), contracts(firm).fits, found.parameters
    table = table[~table["ended"]].assign(chance=0.0, gone=0.0, lost=0.0)
    if len(table) < 2 * CALLS:
        raise DataError(_("too few contracts run: all lists are alike"))
    for plan, own in table.groupby("plan"):
        true = Sbg(told["churn_gamma"][plan], told["churn_delta"][plan])
        table.loc[own.index, "chance"] = 1 - fits[plan].kept(12, age=own["months"])
        table.loc[own.index, "gone"] = 1 - true.kept(12, age=own["months"])
        table.loc[own.index, "lost"] = sum(1 - true.kept(month, age=own["months"]) for month in range(1, 13))
    table["lost"] *= table["monthly_fee"]
    by = {
        "risk": table["chance"],
        "paid": table["months"] * table["monthly_fee"],
        "loyal": table["months"],
        "both": table["chance"] * table["monthly_fee"],
    }
    chosen = {name: table.loc[values.nlargest(CALLS).index] for name, values in by.items()}
    return {name: (own["gone"].mean(), own["lost"].sum()) for name, own in chosen.items()}


def _best(firm):
    lists = _lists(firm)
    return max(lists, key=lambda name: lists[name][1])


def _told(firm, name):
    gone, lost = _lists(firm)[name]
    text = _("By the truth {gone:.0%} of these contracts would end within a year. She keeps {kept} of fees.")
    return text.format(gone=gone, kept=style.money(KEPT * lost, firm.currency))


def _others(firm):
    lists, text = _lists(firm), _("With another list it would be {more} more.")
    most = lists[_best(firm)][1]
    return [
        Mistake(name, f"{_told(firm, name)} {text.format(more=style.money(KEPT * (most - lost), firm.currency))}")
        for name, (_gone, lost) in lists.items()
        if name != _best(firm)
    ]


EXERCISES = [
    Exercise(
        id="3b-1",
        kind="predict",
        work=_year,
        share=True,
        hints=lambda: [_("Any number from 0 to 1.")],
        praise=lambda firm, guess: _(
            "You said {guess:.0%}; it is {right:.0%}. Of the contracts that have ended alone, it would be {ended:.0%}."
        ).format(guess=guess, right=_year(firm), ended=_longer(firm, "all", 12, "ended only")),
    ),
    Exercise(
        id="3b-2",
        kind="compute",
        work=_longer,
        share=True,
        choices=lambda: {
            "how": {
                "curve": None,
                "ended only": _("Those that still run are left out: of what remains, nothing is very long."),
                "as ended": _("Those that still run are taken as ended today."),
                "as going on": _("Every young contract is taken as one that will run on, however little we saw of it."),
                "old enough": _(
                    "This takes only contracts that began long enough ago. That is fair, but it throws away what the "
                    "younger ones tell."
                ),
                "running": _("This is the share that runs today, whatever its age."),
                "running long": _("This counts only what runs today and is old: ended ones that ran long are missing."),
                "of running": _("These are only contracts that run today. Ended ones are left out."),
                "this month": _("This is the share that ends in that very month, of those watched."),
                "all ends": _("The ends are divided by all contracts, not by those that we still watch."),
                "each of all": _("Each step divides by all contracts of the plan, not by those still watched."),
                "other base": _("Each step divides by the contracts of all plans, not by those of this plan."),
                "wrong end": _(
                    "The number watched is added up from the wrong end: it is those seen for at least so many "
                    "months. Turn the order round with `[::-1]` before and after `cumsum()`."
                ),
                "one step": _("This is the step of that one month. Multiply the steps of all months up to it."),
                "number": _("This is a number of contracts, not a share."),
                "mean": _("This is a mean of months, not a share; and running contracts count as ended today."),
                "mean ended": _("This is a mean of months, not a share; and running contracts are left out."),
            },
            "plan": {
                "family": None,
                "all": _("These are the contracts of all plans."),
                "basic": _("This is the plan `basic`."),
                "plus": _("This is the plan `plus`."),
            },
            "month": {
                6: None,
                5: _("This is one month less: those that end in that month do not run longer."),
                12: _("This is longer than 12 months, not 6."),
                7: _("This is longer than 7 months."),
            },
            "side": {"longer": None, "ended": _("This is the share that has ended by then: one minus it.")},
        },
        hints=lambda: [
            _("Keep the contracts of the plan first; then copy the three lines above."),
            _("Below the line, in each month: how many have been seen for at least so many months?"),
        ],
        praise=lambda firm, answer: _("Of the plan `basic` it is {basic:.0%}.").format(basic=_longer(firm, "basic")),
    ),
    Exercise(
        id="3b-3",
        kind="find",
        work=lambda firm: "payments",
        mistakes=_faults,
        hints=lambda: [
            _("Of each column: what would it have said on that day, a year ago?"),
            _("Take one column out at a time, and run the model again. Which one is it that makes it so good?"),
        ],
        praise=lambda firm, answer: _(
            "Who ended has stopped paying: the column knows the end. Without it the model reaches {auc:.2f}. That is "
            "what was really known."
        ).format(auc=_auc(firm, COLUMNS[:2])[0]),
    ),
    Exercise(
        id="3b-4",
        kind="decide",
        work=_best,
        mistakes=_others,
        hints=lambda: [
            _("What is lost when a cheap contract ends, and what when a dear one stays?"),
            _("Look at the picture: a good list needs both, a place to the right and a place high up."),
        ],
        praise=lambda firm, answer: " ".join([
            _told(firm, answer),
            _("By the chance alone it would be {risk}.").format(
                risk=style.money(KEPT * _lists(firm)["risk"][1], firm.currency)
            ),
        ]),
    ),
]  # fmt: skip
