"""Exercises of sitting 5b: limits of chance, a month that is not over, false alarms, and the rule that costs least."""

import numpy as np
import pandas as pd
from scipy.stats import norm

from portfoy.course.exercise import Exercise, Mistake
from portfoy.course.service import contract_months
from portfoy.course.sittings import plans
from portfoy.customers import DAY, orders_of, to_frame
from portfoy.locale import _

D2 = 1.128  # mean distance of two normal values, in standard deviations
CONTRACTS, CHANCE, YEARS = 2_200, 0.03, 1_000  # of the steady years
DAYS = 16  # before the firm's day: when the colleague looks


def _limit(
    firm, base=("2024-07", "2025-06"), column="begun", sigmas=3, spread="steps", side=-1, middle="mean", form="limit"
):
    """A limit of chance around a number of the paid service."""
    every = contract_months().assign(churn=lambda rows: rows["ended"] / rows["running"])[column]
    values = every[slice(*base)]
    steps = values.diff().abs()
    one = {
        "steps": steps.mean() / D2,
        "plain steps": steps.mean(),
        "median": steps.median() / D2,
        "times": steps.mean() * D2,
        "signed": values.diff().mean() / D2,
        "squares": values.std(),
        "all squares": values.std(ddof=0),
        "error": steps.mean() / D2 / len(values) ** 0.5,
        "root": values.mean() ** 0.5,
    }[spread]
    centre = {"mean": values.mean(), "median": values.median(), "last": values.iloc[-1], "sum": values.sum()}[middle]
    return {"limit": centre + side * sigmas * one, "reach": sigmas * one}[form]


def _limit_turns():
    return {
        "base": {
            ("2024-07", "2025-06"): None,
            (None, None): _("These are all months. The older ones were another time; the newer ones are to be judged."),
            ("2024-07", "2025-07"): _("July 2025 is inside: the judged month helps to make its own limits."),
            ("2024-07", None): _("The months that are judged are inside, and help to make their own limits."),
            ("2024-07", "2025-10"): _("Some months that are judged are inside, and help to make their own limits."),
            ("2025-01", "2025-12"): _("This is the calendar year 2025: half of it is to be judged."),
            ("2024-06", "2025-06"): _("One month too many: July 2024 is the first."),
            ("2024-08", "2025-06"): _("One month too few: July 2024 is the first."),
            ("2024-07", "2025-05"): _("One month too few: June 2025 is the last."),
            ("2023-07", "2024-06"): _("This is the year before; asked is July 2024 to June 2025."),
            ("2023-07", "2025-06"): _("These are two years, and many more began in the first one."),
        },
        "column": {
            "begun": None,
            "ended": _("This is of the contracts that `ended`; asked are those that began."),
            "churn": _("This is of the churn; asked are new contracts."),
            "running": _("This is of the contracts that run; asked are those that began."),
        },
        "sigmas": {
            3: None,
            2: _("These are two standard deviations, not three."),
            1: _("This is one standard deviation, not three."),
        },
        "spread": {
            "steps": None,
            "plain steps": _("The mean step is not divided by 1.128."),
            "times": _("The mean step is multiplied by 1.128; divide by it."),
            "median": _("This is the median of the steps; the chart takes their mean."),
            "signed": _("The steps still have their sign: without `abs()` ups and downs cancel."),
            "squares": _(
                "This is the standard deviation of all twelve (`std`), not that from the steps. It grows when the level"
                " moves, and then nothing is ever outside."
            ),
            "all squares": _("This is the standard deviation of all twelve, not that from the steps."),
            "error": _("This is the standard error of the mean; asked is how far one month may lie."),
            "root": _("This is the square root of the mean; asked is the spread from the steps."),
        },
        "side": {-1: None, 1: _("This is the upper limit; few new contracts lie below the lower one.")},
        "middle": {
            "mean": None,
            "median": _("The centre is the median here; the chart takes the mean."),
            "sum": _("The centre is the sum of the months here; the chart takes their mean."),
            "last": _("The centre is the last month here; the chart takes the mean."),
        },
        "form": {"limit": None, "reach": _("This is the distance from the mean to a limit, not the limit itself.")},
    }


def _limit_mistakes(firm):
    begun = contract_months()["begun"]
    base = begun["2024-07":"2025-06"]
    return [
        Mistake(base.mean(), _("This is the mean; the limit lies three standard deviations below it.")),
        Mistake(base.min(), _("This is the smallest month. That is no limit: in more months chance goes lower.")),
        Mistake(base.mean() - 3 * base.diff().mean() / D2, _limit_turns()["spread"]["signed"]),
        *(Mistake(base.quantile(q), _("This is a quantile of the months, not a limit.")) for q in (0.05, 0.1, 0.25)),
        Mistake(base.diff().abs().mean() / D2, _("This is one standard deviation; take three off the mean.")),
        Mistake(base.diff().abs().mean(), _("This is the mean step; divide it by 1.128 first.")),
    ]


def _begun_praise(firm, answer):
    begun = contract_months()["begun"]["2025-07":]
    text = _("From July 2025 on the lowest month has {low:.0f}, and {n} of {all} lie below the limit.")
    return text.format(low=begun.min(), n=int((begun < answer).sum()), all=len(begun))


def _by_month(firm):
    """Orders of each month as the colleague sees them, and as they are."""
    found = []
    for day in (firm.as_of - DAYS * DAY, firm.as_of):
        orders = to_frame(orders_of(firm.on(day).log).select("day")).dropna()
        found.append(pd.to_datetime(orders["day"]).dt.to_period("M").value_counts().sort_index())
    return found


def _faults(firm):
    seen, whole = _by_month(firm)
    last, year = seen.index[-1], whole.shift(12, freq="M")
    values = {"was": seen.iloc[-2], "now": seen.iloc[-1], "half": 2 * seen.iloc[-2] ** 0.5}
    values |= {"then": year.get(last, np.nan), "before": year.get(last - 1, np.nan)}
    says = {
        "season": _("In the same two months of the year before there were {before:.0f} and {then:.0f} orders."),
        "few": _("Chance moves {was} orders by about {half:.0f}. Here they fall to {now}: look for another reason."),
        "prices": _("The bars count orders, not money. Prices do not change how many there are."),
    }
    return [Mistake(name, text.format(**values)) for name, text in says.items()]


def _over(firm, answer):
    seen, whole = _by_month(firm)
    text = _("The colleague looked on {day:%d %B}. When the month was over there were {whole} orders, not {seen}.")
    return text.format(day=firm.as_of - DAYS * DAY, whole=whole[seen.index[-1]], seen=seen.iloc[-1])


def _steady(firm):
    """A thousand years of churn by month in which nothing changes."""
    rng = np.random.default_rng(len(firm.customers))
    return pd.DataFrame(rng.binomial(CONTRACTS, CHANCE, (YEARS, 12)) / CONTRACTS)


def _rises(firm):
    return float((_steady(firm).pct_change(axis=1).iloc[:, 1:] > 0.1).to_numpy().mean())


def _rung(firm, sigmas=2, side="above", limits="known", per="year"):
    """How often a rule rings in the steady years."""
    steady = _steady(firm)
    sd = (CHANCE * (1 - CHANCE) / CONTRACTS) ** 0.5
    centre, one = {
        "known": (CHANCE, sd),
        "zero": (0.0, sd),
        "drawn": (steady.to_numpy().mean(), steady.to_numpy().std()),
        "own": (steady.mean(axis=1), steady.std(axis=1)),
        "steps": (steady.mean(axis=1), steady.diff(axis=1).abs().mean(axis=1) / D2),
        "before": (steady.shift(axis=1), sd),
    }[limits]
    off = steady.sub(centre, axis=0) if isinstance(centre, pd.Series) else steady - centre
    over = off.gt(sigmas * one, axis=0) if isinstance(one, pd.Series) else off > sigmas * one
    under = off.lt(-sigmas * one, axis=0) if isinstance(one, pd.Series) else off < -sigmas * one
    rung = {"above": over, "below": under, "both": over | under}[side]
    number, share = rung.sum(axis=1), rung.to_numpy().mean()
    return {
        "year": (number > 0).mean(),
        "month": share,
        "alarms": number.mean(),
        "one": (number == 1).mean(),
        "more": (number > 1).mean(),
        "every": (number == 12).mean(),
        "years": (number > 0).sum(),
        "sum": number.sum(),
        "formula": 1 - (1 - share) ** 12,
    }[per]


def _rung_turns():
    return {
        "sigmas": {
            2: None,
            3: _("This is the rule of three standard deviations, as in the cell above."),
            1: _("This is the rule of one standard deviation."),
            0: _("This is an alarm at every value above the mean."),
        },
        "side": {
            "above": None,
            "both": _("This rings on both sides; asked is churn above the limit alone."),
            "below": _("This rings when churn is below; asked is above."),
        },
        "limits": {
            "known": None,
            "own": _("Each year is judged by its own limits: a month helps to make the limit that judges it."),
            "steps": _("Each year is judged by its own limits, from its steps."),
            "before": _("This is measured from the month before, not from 0.03."),
            "drawn": _("Near: mean and spread are of the drawn months. Take `0.03 + 2 * sd`."),
            "zero": _("The mean of 0.03 is missing: the limit is `0.03 + 2 * sd`."),
        },
        "per": {
            "year": None,
            "month": _("This is a share of the months; asked is a share of the years: `any(axis=1)`."),
            "alarms": _("This is how many alarms a year has; asked is the share of the years with one or more."),
            "one": _("These are the years with exactly one alarm; more than one counts, too."),
            "more": _("These are the years with two or more; one is enough."),
            "years": _("This is a number of years, not a share."),
            "sum": _("This is a number of alarms, not a share of the years."),
            "every": _("These are the years with an alarm in all twelve months; one is enough."),
            "formula": _("Near: this is worked out by a formula from the months. Count the years: `any(axis=1)`."),
        },
    }  # fmt: skip


def _rung_mistakes(firm):
    rises = _steady(firm).pct_change(axis=1).iloc[:, 1:] > 0.1
    ratio = 1 - (1 - norm.sf(2)) ** 12
    return [
        Mistake(1 - _rung(firm), _("These are the years without an alarm; asked are those with one or more.")),
        Mistake(norm.sf(2), _("This is what the normal curve says of one month; asked is to count the years.")),
        Mistake(2 * norm.sf(2), _("This is what the normal curve says of one month, on both sides.")),
        Mistake(12 * norm.sf(2), _("This is alarms a year by the normal curve; count the years with one or more.")),
        Mistake(ratio, _("Near: a formula from the normal curve. Count the years: `any(axis=1)`.")),
        Mistake(rises.any(axis=1).mean(), _("This is the rule of the `rises`, not that of two standard deviations.")),
        Mistake(rises.to_numpy().mean(), _("This is the share of the months with `rises`, another rule.")),
    ]


EXERCISES = [
    Exercise(
        id="5b-1",
        kind="compute",
        work=_limit,
        choices=_limit_turns,
        mistakes=_limit_mistakes,
        hints=lambda: [
            _("Copy the cell with `low` and `high`, and put the new contracts in place of the churn."),
            _("The spread: `begun.diff().abs().mean() / 1.128`. Three of them, below the mean."),
        ],
        praise=_begun_praise,
    ),
    Exercise(
        id="5b-2",
        kind="find",
        work=lambda firm: "partial",
        mistakes=_faults,
        hints=lambda: [
            _("Which day is the last one in these data? `seen.as_of`."),
            _("How many days has the last bar, and how many have the others?"),
        ],
        praise=_over,
    ),
    Exercise(
        id="5b-3",
        kind="predict",
        work=_rises,
        share=True,
        hints=lambda: [_("Any number from 0 to 1.")],
        praise=lambda firm, guess: _(
            "You said {guess:.0%}; it is {right:.0%}. Two months are compared, and chance moves both of them."
        ).format(guess=guess, right=_rises(firm)),
    ),
    Exercise(
        id="5b-4",
        kind="compute",
        work=_rung,
        share=True,
        choices=_rung_turns,
        mistakes=_rung_mistakes,
        hints=lambda: [
            _("Copy the cell above: `steady > 0.03 + 2 * sd`. It has one True for each alarm."),
            _("`any(axis=1)` asks of each year if there is one or more; then take the mean."),
        ],
        praise=lambda firm, answer: _("With twenty such numbers, {part:.0%} of the months have a false alarm.").format(
            part=1 - (1 - _rung(firm, per="month")) ** 20
        ),
    ),
    Exercise(
        id="5b-5",
        kind="decide",
        work=lambda firm: plans.costs()["cost"].idxmin(),
        mistakes=plans.other_rules,
        hints=lambda: [
            _("How many false alarms has each rule in twelve steady months? What do they cost?"),
            _("And how soon would each see a jump as large as that of November?"),
        ],
        praise=lambda firm, answer: " ".join([
            plans.rule(firm, answer),
            _("A small change would need a long time by this rule: for that, look at whole years."),
        ]),
    ),
]  # fmt: skip
