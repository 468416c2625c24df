"""What is strong, what is weak: each a number held against a yardstick, an earlier value or one from outside.

A difference counts where its interval leaves no doubt about its sign; where it does not, the finding is steady.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from portfoy.intervals import wald, wilson
from portfoy.locale import _, plural
from portfoy.portfolio.key_figures import DOWN, metric_names
from portfoy.portfolio.years import year_names
from portfoy.words import style
from portfoy.words.result import Finding, NotPossible, Result
from portfoy.words.table import show

USUAL_TOP_SHARE = 0.67  # of revenue, held by the top 20 % in the median of 339 firms: McCarthy & Winer (2018)
FEW_LOSING = 0.01  # share of customers who may have cost more than they paid before it counts against us
MAJOR_CUSTOMER = 0.10  # of revenue: from here on a firm has to disclose its reliance on one customer, IFRS 8.34
AREAS = {
    **dict.fromkeys(["revenue", "margin_rate", "ticket", "loss_making"], "finance"),
    **dict.fromkeys(["top_share", "largest", "at_risk"], "risk"),
    **dict.fromkeys(["first_contact_resolution", "nps"], "service"),
}  # all others: market
LESS = {*DOWN, "top_share", "at_risk"}  # is better
VERDICTS = ["strength", "weakness", "chance", "steady"]


@dataclass(frozen=True)
class Findings(Result):
    """Strengths and weaknesses, each with the number it rests on and the yardstick it is held against.

    ``table``, strengths first, then weaknesses, chances and what is steady: ``topic``; ``area`` finance, market,
    service or risk; ``verdict`` strength, weakness, chance or steady; ``value`` with ``value_low``, ``value_high`` in
    ``unit``; ``against`` the yardstick, missing where the value is itself a change; ``yardstick`` before, firms, rule
    or none. ``left_out``: why an analysis that was given could not be made, each reason once.
    """

    table: pd.DataFrame
    left_out: tuple[str, ...]
    currency: str
    confidence: float

    def finding(self):
        weak, strong = (int((self.table["verdict"] == verdict).sum()) for verdict in ("weakness", "strength"))
        if weak:
            text = plural("{n:count} weakness stands out", "{n:count} weaknesses stand out", weak)
        elif strong:
            text = plural(
                "{n:count} strength stands out, no weakness", "{n:count} strengths stand out, no weakness", strong
            )
        else:
            return Finding(_("Nothing stands out beyond chance"), nothing=True)
        return Finding(style.say(text, {"n": weak or strong}))

    def reading(self):
        names, told = topic_names(), []
        for verdict, text in {"weakness": _("Weak: {list}."), "strength": _("Strong: {list}.")}.items():
            topics = self.table.loc[self.table["verdict"] == verdict, "topic"]
            if len(topics):
                told.append(text.format(list="; ".join(topics.map(names))))
        return style.Reading(" ".join(told))

    def summary(self):
        words = {
            "verdict": {
                "strength": _("Strength"),
                "weakness": _("Weakness"),
                "chance": _("Opportunity"),
                "steady": _("No clear change"),
            },
            "area": {
                "finance": _("Finance"),
                "market": _("Sales and customers"),
                "service": _("Service"),
                "risk": _("Risk"),
            },
        }
        shown = self.table.assign(
            **{column: self.table[column].map(called) for column, called in words.items()},
            finding=[_sentence(row) for _place, row in self.table.iterrows()],
        )[["verdict", "area", "finding", "value", "value_low", "value_high", "unit"]]
        return show(shown, _("Each finding with its number"), currency=self.currency)

    def method(self):
        said = [_("A difference counts where its whole interval lies on one side.")]
        compared = int((self.table["value_low"].notna() & self.table["yardstick"].isin(["before", "firms"])).sum())
        if compared:
            text = plural(
                "Of {n:count} comparison about {chance:number} would by chance.",
                "Of {n:count} comparisons about {chance:number} would by chance.",
                compared,
            )
            said.append(style.say(text, {"n": compared, "chance": compared * (1 - self.confidence)}))
        return style.Reading(" ".join([*said, *self.left_out]))


def findings(firm, *, years=None, concentration=None, key_figures=None, states=None):
    """What is strong and what is weak, each with the number it rests on and the yardstick it is held against.

    Parameters
    ----------
    firm : Firm
    years, concentration, key_figures, states : results of these analyses, optional; one that is not possible is left
        out, and the method says why

    Returns
    -------
    Findings; not possible where there is nothing to compare
    """
    given = {"years": years, "concentration": concentration, "key_figures": key_figures, "states": states}
    reasons = dict.fromkeys(result.reason for result in given.values() if isinstance(result, NotPossible))
    given = {name: result for name, result in given.items() if result}
    ways = {
        "years": lambda years: _year_findings(years.table),
        "concentration": lambda held: _spread_findings(held.spread.table) if held.spread else [],
        "key_figures": lambda figures: _metric_findings(figures.table, figures.earlier),
        "states": lambda states: _state_findings(states.people, states.earlier, firm.confidence),
    }
    rows = [row for name, result in given.items() for row in ways[name](result)]
    if not rows:
        return NotPossible(_("findings: there is too little history to compare with. Take a longer one."))
    table = pd.DataFrame(rows)
    place = {verdict: place for place, verdict in enumerate(VERDICTS)}
    table = table.sort_values("verdict", key=lambda verdict: verdict.map(place), kind="stable", ignore_index=True)
    return Findings(table, tuple(reasons), firm.currency, firm.confidence)


def _row(topic, verdict, value, low, high, unit, against=np.nan, yardstick="none"):
    numbers = {"value": float(value), "value_low": float(low), "value_high": float(high), "unit": unit}
    where = {"topic": topic, "area": AREAS.get(topic, "market"), "verdict": verdict}
    return {**where, **numbers, "against": float(against), "yardstick": yardstick}


def _verdict(topic, low, high):
    """Strength where the whole interval of a change lies on the good side of 0, weakness on the bad side."""
    if low > 0 or high < 0:
        return "strength" if (low > 0) == (topic not in LESS) else "weakness"
    return "steady"


def _year_findings(years):
    return [
        _row(
            row.figure,
            _verdict(row.figure, row.change_low, row.change_high),
            *(row.change, row.change_low, row.change_high, "change"),
            yardstick="before",
        )
        for row in years.dropna(subset="change").itertuples()
    ]


def _spread_findings(spread):
    found = []
    for row in spread[(spread["unit"] == "customer") & (spread["measure"] == "revenue")].itertuples():
        low, high = row.top_share_low, row.top_share_high
        verdict = _verdict("top_share", low - USUAL_TOP_SHARE, high - USUAL_TOP_SHARE)
        found.append(_row("top_share", verdict, row.top_share, low, high, "share", USUAL_TOP_SHARE, "firms"))
        verdict = "weakness" if row.largest_share >= MAJOR_CUSTOMER else "strength"
        found.append(_row("largest", verdict, row.largest_share, np.nan, np.nan, "share", MAJOR_CUSTOMER, "rule"))
    return found


def _metric_findings(metrics, before):
    found, earlier = [], before.set_index("metric")
    for row in metrics.itertuples():
        then = earlier.loc[row.metric]
        if row.missing or then["missing"]:
            continue
        half = np.hypot(row.value_high - row.value_low, then["value_high"] - then["value_low"]) / 2
        moved = row.value - then["value"]
        verdict = _verdict(row.metric, moved - half, moved + half)
        now = (row.value, row.value_low, row.value_high, row.unit)
        found.append(_row(row.metric, verdict, *now, then["value"], "before"))
    return found


def _state_findings(states, before, confidence):
    found = []
    never, known = int((states["state"] == "prospect").sum()), len(states)
    if never:
        found.append(_row("prospects", "chance", never / known, *wilson(never, known, confidence), "share"))
    margin = states.loc[states["state"] != "prospect", "margin"].dropna()
    if len(margin):
        losing = int((margin < 0).sum())
        low, high = wilson(losing, len(margin), confidence)
        verdict = "weakness" if low > FEW_LOSING else "strength"
        found.append(_row("loss_making", verdict, losing / len(margin), low, high, "share"))
    if before is None:
        return found
    (here, now), (there, then) = _at_risk(states), _at_risk(before)
    if now and then:
        spread = np.sqrt(here / now * (1 - here / now) / now + there / then * (1 - there / then) / then)
        verdict = _verdict("at_risk", *wald(here / now - there / then, spread, confidence))
        bounds = wilson(here, now, confidence)
        found.append(_row("at_risk", verdict, here / now, *bounds, "share", there / then, "before"))
    return found


def _at_risk(states):
    """How many of those not lapsed are at risk, and how many are not lapsed."""
    current = states["state"].isin(["new", "active", "reactivated", "at risk"])
    return int((states["state"] == "at risk").sum()), int(current.sum())


def topic_names():
    """What a finding is about."""
    return {
        **year_names(),
        **metric_names(),
        "top_share": _("Spread of revenue"),
        "largest": _("Share of the largest customer"),
        "loss_making": _("Profit by customer"),
        "at_risk": _("Current customers at risk"),
        "prospects": _("People who never bought"),
    }


def _sentence(row):
    """A finding in words: its topic, its number and the yardstick."""
    texts = {
        "top_share": _(
            "{name}: the largest fifth bring {value:share}, in 339 firms {against:share} (McCarthy & Winer)"
        ),
        "largest": _("{name}: {value:share}; from {against:share} a listed firm must say so (IFRS 8)"),
        "loss_making": _("{name}: {value:share} brought less than their purchases cost"),
        "prospects": _("{name}: {value:share} of all known"),
        **dict.fromkeys(["revenue", "ticket"], _("{name}: {value:change} on the year before, prices included")),
        **dict.fromkeys(["buyers", "frequency", "margin_rate"], _("{name}: {value:change} on the year before")),
    }
    text = texts.get(row["topic"], _("{name}: {value:figure} after {against:figure} a year ago"))
    return style.say(text, {**row, "name": topic_names()[row["topic"]]})
