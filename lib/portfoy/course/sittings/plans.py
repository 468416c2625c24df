"""The paid service in the exercises of lesson 5: a total that falls by its mix, a team for a plan, a rule of alarm."""

import numpy as np
import pandas as pd
from scipy.stats import binom

from portfoy.course.exercise import Mistake
from portfoy.course.service import paid_service, planted, planted_churn, two_years
from portfoy.customers import to_frame
from portfoy.locale import _
from portfoy.monitoring.rates import rates_of
from portfoy.words import style

TEAM, TEAM_DAY, KEPT = 6_000, "2025-06-30", 0.5  # what it costs a month, when it is hired, whom it keeps
ALARM = 20_000  # what an alarm costs
RULES = {"rise": None, "one": 1, "two": 2, "three": 3}  # standard deviations above the mean


def _mixed():
    """What the fall of the total churn is made of."""
    table = to_frame(paid_service().tables.subscriptions).assign(type=lambda rows: rows["plan"])
    days = {"then": pd.Timestamp("2024-06-30"), "now": pd.Timestamp("2025-06-30")}
    return rates_of(table, days, 0.95).iloc[-1]


def faults(firm):
    rate, n = (two_years().groupby("year")["lost"].agg(how) for how in ("mean", "size"))
    half = 196 * float(np.sqrt((rate * (1 - rate) / n).sum()))
    values = {"fall": 100 * (rate["first"] - rate["second"]), "half": half}
    says = {
        "chance": _("The fall is {fall:.1f} points; chance moves it by about {half:.1f}. Look for another reason."),
        "base": _("Contracts that began in the year are not in `running`: each ran when its year began."),
        "window": _("Both years are twelve months, and both are over."),
    }  # fmt: skip
    return [Mistake(name, text.format(**values)) for name, text in says.items()]


def mix_praise(firm, answer):
    text = _(
        "At the plans of both years, churn rose by {within:.1f} points; other plans brought it down by {mix:.1f}. No "
        "customer need be more satisfied for that."
    )
    return text.format(within=_mixed()["points_within"], mix=-_mixed()["points_mix"])


def teams():
    """By the truth, fees a month that each team would keep by the end of the year, less what it costs."""
    rows = planted_churn()
    rows = rows[rows["year_from"] == pd.Timestamp(TEAM_DAY) + pd.Timedelta(days=1)].set_index("plan")
    fee = to_frame(paid_service().tables.subscriptions).groupby("plan")["monthly_fee"].first()
    kept = (KEPT * rows["contracts"] * rows["churn"] * fee)[["basic", "pro"]]
    return kept - TEAM, rows


def team(firm, name):
    net, rows = teams()
    if name == "none":
        text = _(
            "By the truth every plan lost more in the year that came; the total does not show it. A team for {best} "
            "keeps {net} a month more than it costs, at the end of the year."
        )
        return text.format(best=net.idxmax(), net=style.money(net.max(), "TRY"))
    text = _(
        "By the truth {n} contracts of {name} run and {churn:.0%} of them end in the year. The team keeps half: "
        "at the end of the year {net} a month, after its cost."
    )
    values = {"n": int(rows.loc[name, "contracts"]), "churn": rows.loc[name, "churn"]}
    return text.format(name=name, net=style.money(net[name], "TRY"), **values)


def other_teams(firm):
    net, _rows = teams()
    more = _("The other team would keep {more} a month more: one of these contracts is dear.")
    said = {"basic": f"{team(firm, 'basic')} {more.format(more=style.money(net['pro'] - net['basic'], 'TRY'))}"}
    return [Mistake(name, text) for name, text in {**said, "none": team(firm, "none")}.items()]


def costs():
    """By the truth: what each rule's false alarms cost in a steady year, and a break until it is seen."""
    told, rows = planted(), planted_churn()
    rows = rows[rows["year_from"] == rows["year_from"].max()].set_index("plan").drop("all")
    each = pd.Series(told["churn"]) * told["second_year"]
    n = int(rows["contracts"].sum())
    chance, fee = (rows["contracts"] * each).sum() / n, pd.Series(told["plan_fee"])
    missed = (rows["contracts"] * each * fee).sum() * (told["break_factor"] - 1)  # fees a month, of each month unseen
    sd, broken = (chance * (1 - chance) / n) ** 0.5, told["break_factor"] * chance
    found = {}
    for name, sigmas in RULES.items():
        if sigmas is None:  # above the month before: steady, half less the ties; after a break by far
            same = (binom.pmf(np.arange(n + 1), n, chance) ** 2).sum()
            false, seen = 12 * (1 - same) / 2, 1.0
        else:
            line = np.floor(n * (chance + sigmas * sd))
            false, seen = 12 * binom.sf(line, n, chance), binom.sf(line, n, broken)
        found[name] = {"false": false, "late": 1 / seen - 1, "cost": ALARM * false + (1 / seen - 1) * 12 * missed}
    return pd.DataFrame(found).T


def rule(firm, name):
    row = costs().loc[name]
    text = _(
        "By the truth this rule gives {false:.2f} false alarms in a steady year, and it sees a break like that of "
        "November {late:.1f} months late: together that costs {cost}."
    )
    return text.format(false=row["false"], late=row["late"], cost=style.money(row["cost"], "TRY"))


def other_rules(firm):
    cost = costs()["cost"]
    more = _("Another rule costs {more} less.")
    said = {name: more.format(more=style.money(cost[name] - cost.min(), "TRY")) for name in RULES}
    return [Mistake(name, f"{rule(firm, name)} {said[name]}") for name in RULES if name != cost.idxmin()]
