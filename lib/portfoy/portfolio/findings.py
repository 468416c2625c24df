"""What is strong, what is weak: each a number held against a yardstick, an earlier value or one from outside.

A difference counts where its interval leaves no doubt about its sign; where it does not, the finding is steady.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from portfoy.intervals import wald, wilson
from portfoy.locale import _, plural
from portfoy.portfolio.key_figures import metric_names
from portfoy.words import style
from portfoy.words.result import Finding, NotPossible, Result
from portfoy.words.table import show

USUAL_TOP_SHARE = 0.67  # of revenue, held by the top 20 % in the median of 339 firms: McCarthy & Winer (2018)
FEW_LOSING = 0.01  # share of customers who may have cost more than they paid before it counts against us
MAJOR_CUSTOMER = 0.10  # of revenue: from here on a firm has to disclose its reliance on one customer, IFRS 8.34
BETTER = {
    "revenue": 1,
    "margin_rate": 1,
    "buyers": 1,
    "frequency": 1,
    "ticket": 1,
    "churn": -1,
    "contract_churn": -1,
    "nps": 1,
    "sales_cycle": -1,
    "first_contact_resolution": 1,
    "at_risk": -1,
}
AREAS = {
    "revenue": "finance",
    "margin_rate": "finance",
    "ticket": "finance",
    "loss_making": "finance",
    "top_share": "risk",
    "largest": "risk",
    "at_risk": "risk",
    "first_contact_resolution": "service",
    "nps": "service",
}  # all others: market
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
            return Finding(_("Nothing stands out more than chance would have it"), nothing=True)
        return Finding(style.say(text, {"n": weak or strong}))

    def reading(self):
        names, texts = topic_names(), {"weakness": _("Weak: {what}."), "strength": _("Strong: {what}.")}
        told = []
        for verdict, text in texts.items():
            topics = self.table.loc[self.table["verdict"] == verdict, "topic"]
            if len(topics):
                told.append(text.format(what=", ".join(names[topic] for topic in topics)))
        return style.Reading(" ".join(told))

    def summary(self):
        areas = {
            "finance": _("Finance"),
            "market": _("Sales and customers"),
            "service": _("Service"),
            "risk": _("Risk"),
        }
        shown = self.table.assign(
            verdict=self.table["verdict"].map(_verdicts()),
            area=self.table["area"].map(areas),
            finding=[_sentence(row) for row in self.table.itertuples()],
        )[["verdict", "area", "finding", "value", "value_low", "value_high", "unit"]]
        return show(shown, _("Each finding with the number it rests on"), currency=self.currency)

    def method(self):
        said = [_("A difference counts only where its interval leaves no doubt about the direction.")]
        compared = int((self.table["value_low"].notna() & self.table["yardstick"].isin(["before", "firms"])).sum())
        if compared:
            text = plural(
                "Of {n:count} comparison, about {chance:number} would look like a difference by chance alone.",
                "Of {n:count} comparisons, about {chance:number} would look like a difference by chance alone.",
                compared,
            )
            said.append(style.say(text, {"n": compared, "chance": compared * (1 - self.confidence)}))
        said.append(_("About the firm's own people these tables say nothing."))
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
        return NotPossible(_("The data hold too little history to compare anything with."))
    table = pd.DataFrame(rows)
    place = {verdict: place for place, verdict in enumerate(VERDICTS)}
    table = table.sort_values("verdict", key=lambda verdict: verdict.map(place), kind="stable", ignore_index=True)
    return Findings(table, tuple(reasons), firm.currency, firm.confidence)


def _row(topic, verdict, value, low, high, unit, against=np.nan, yardstick="none"):
    numbers = {"value": float(value), "value_low": float(low), "value_high": float(high), "unit": unit}
    where = {"topic": topic, "area": AREAS.get(topic, "market"), "verdict": verdict}
    return {**where, **numbers, "against": float(against), "yardstick": yardstick}


def _verdict(better, low, high):
    """Strength where the whole interval of a change lies on the good side of 0, weakness on the bad side."""
    if low > 0 or high < 0:
        return "strength" if (low > 0) == (better > 0) else "weakness"
    return "steady"


def _year_findings(years):
    return [_year_finding(row) for row in years.itertuples() if np.isfinite(row.change)]


def _year_finding(row):
    verdict = _verdict(BETTER[row.figure], row.change_low, row.change_high)
    return _row(row.figure, verdict, row.change, row.change_low, row.change_high, "change", yardstick="before")


def _spread_findings(spread):
    one = spread[(spread["unit"] == "customer") & (spread["measure"] == "revenue")]
    if one.empty:
        return []
    row = one.iloc[0]
    low, high = row["top_share_low"], row["top_share_high"]
    verdict = _verdict(-1, low - USUAL_TOP_SHARE, high - USUAL_TOP_SHARE)
    share = _row("top_share", verdict, row["top_share"], low, high, "share", USUAL_TOP_SHARE, "firms")
    largest = row["largest_share"]
    verdict = "weakness" if largest >= MAJOR_CUSTOMER else "strength"
    return [share, _row("largest", verdict, largest, np.nan, np.nan, "share", MAJOR_CUSTOMER, "rule")]


def _metric_findings(metrics, before):
    found = []
    earlier = before.set_index("metric")
    for row in metrics.itertuples():
        if row.metric not in BETTER or row.missing:
            continue
        then = earlier.loc[row.metric]
        if then["missing"]:
            continue
        half = np.hypot(row.value_high - row.value_low, then["value_high"] - then["value_low"]) / 2
        moved = row.value - then["value"]
        verdict = _verdict(BETTER[row.metric], moved - half, moved + half)
        now = (row.value, row.value_low, row.value_high, row.unit)
        found.append(_row(row.metric, verdict, *now, then["value"], "before"))
    return found


def _state_findings(states, before, confidence):
    found = []
    never, known = int((states["state"] == "prospect").sum()), len(states)
    if never:
        bounds = wilson(never, known, confidence)
        found.append(_row("prospects", "chance", never / known, *bounds, "share"))
    bought = states[states["state"] != "prospect"]
    if "margin" in bought and bought["margin"].notna().any():
        margin = bought["margin"].dropna()
        losing = int((margin < 0).sum())
        bounds = wilson(losing, len(margin), confidence)
        found.append(
            _row(
                "loss_making",
                "weakness" if bounds[0] > FEW_LOSING else "strength",
                losing / len(margin),
                *bounds,
                "share",
            )
        )
    if before is None:
        return found
    (here, now), (there, then) = _at_risk(states), _at_risk(before)
    if now and then:
        spread = np.sqrt(here / now * (1 - here / now) / now + there / then * (1 - there / then) / then)
        verdict = _verdict(BETTER["at_risk"], *wald(here / now - there / then, spread, confidence))
        bounds = wilson(here, now, confidence)
        found.append(_row("at_risk", verdict, here / now, *bounds, "share", there / then, "before"))
    return found


def _at_risk(states):
    """How many of those not lapsed are at risk, and how many are not lapsed."""
    current = states["state"].isin(["new", "active", "reactivated", "at risk"])
    return int((states["state"] == "at risk").sum()), int(current.sum())


def _verdicts():
    return {
        "strength": _("Strength"),
        "weakness": _("Weakness"),
        "chance": _("Opportunity"),
        "steady": _("No clear change"),
    }


def topic_names():
    """What a finding is about, in a few words."""
    return {
        "revenue": _("revenue"),
        "buyers": _("buying customers"),
        "frequency": _("purchases per buyer"),
        "ticket": _("revenue per purchase"),
        "margin_rate": _("margin as a share of revenue"),
        "top_share": _("how widely the revenue is spread"),
        "largest": _("how much one customer brings"),
        "loss_making": _("profit customer by customer"),
        "at_risk": _("customers at risk"),
        "prospects": _("people who never bought"),
        "churn": _("churn"),
        "contract_churn": _("churn of contracts"),
        "nps": _("NPS"),
        "sales_cycle": _("sales cycle length"),
        "first_contact_resolution": _("first contact resolution"),
    }


def _sentence(row):
    if row.unit == "change":
        return _changed(row)
    write = style.writer(row.unit)
    if row.yardstick == "before":
        return _compared(row, write)
    return {
        "top_share": _(
            "The largest 20% of customers bring {value} of the revenue; over 339 firms it was {against} (McCarthy & "
            "Winer 2018)."
        ),
        "largest": _(
            "The largest customer brings {value} of the revenue; from {against} on, a listed firm must say so (IFRS 8)."
        ),
        "loss_making": _("{value} of the customers have brought less than what they bought cost."),
        "prospects": _("{value} of the people and firms known to us have never bought."),
    }[row.topic].format(value=write(row.value), against=style.share(row.against, 0))


def _changed(row):
    subject = {
        "revenue": _("Revenue of the last twelve months, in money of the day,"),
        "buyers": _("The number of customers who bought in the last twelve months"),
        "frequency": _("The number of purchases per buying customer"),
        "ticket": _("Revenue per purchase, price rises included,"),
        "margin_rate": _("Margin as a share of revenue"),
    }[row.topic]
    if row.verdict == "steady":
        text = _("{subject} is about what it was in the twelve months before; the difference may be chance.")
    elif row.value > 0:
        text = _("{subject} is up {amount} on the twelve months before.")
    else:
        text = _("{subject} is down {amount} on the twelve months before.")
    return text.format(subject=subject, amount=style.share(abs(row.value)))


def _compared(row, write):
    subject = metric_names().get(row.topic) or _("The share of current customers who are at risk")
    if row.verdict == "steady":
        text = _("{subject} is {value} after {against} a year ago; the difference may be chance.")
    elif row.value > row.against:
        text = _("{subject} is {value}, up from {against} a year ago, more than chance would do.")
    else:
        text = _("{subject} is {value}, down from {against} a year ago, more than chance would do.")
    return text.format(subject=subject, value=write(row.value), against=write(row.against))
