"""What is strong, what is weak, what may come: each a number, and what it is held against."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from portfoy.intervals import corrected, two_sided, wilson, z_value
from portfoy.locale import _, plural
from portfoy.portfolio.key_figures import DOWN
from portfoy.portfolio.years import year_names
from portfoy.words import style
from portfoy.words.codes import figure_names
from portfoy.words.labels import columns
from portfoy.words.result import Finding, NotPossible, Result
from portfoy.words.table import show

FEW_LOSING = 0.01  # share of customers who may have cost more than they paid before it counts against us
MAJOR_CUSTOMER = 0.10  # of revenue: from here on a firm has to disclose its reliance on one customer, IFRS 8.34
AREAS = {
    **dict.fromkeys(["revenue", "margin_rate", "ticket", "loss_making"], "finance"),
    **dict.fromkeys(["largest", "at_risk"], "risk"),
    **dict.fromkeys(["first_contact_resolution", "nps"], "service"),
}  # all others: market
LESS = {*DOWN, "left", "loss_making"}  # is better
VERDICTS = ["strength", "weakness", "opportunity", "threat", "steady"]


@dataclass(frozen=True)
class Findings(Result):
    """Strengths and weaknesses, opportunities and threats, each with the number it rests on.

    ``table``, in the order of `VERDICTS`: ``topic``; ``area`` finance, market, service or risk; ``verdict``: strength
    or weakness where a difference is beyond chance, steady where it is not, opportunity or threat for what may come;
    ``value`` with ``value_low``, ``value_high`` in ``unit``; ``against`` what it is held against, missing where the
    value is itself a change; ``yardstick`` before (a year), even, rule or none; ``months`` that a change is of, else
    missing; ``beside`` a further number of the sentence; ``p_value`` of the difference, missing where nothing is
    compared. ``left_out``: why an analysis that was given could not be made, each reason once.
    """

    table: pd.DataFrame
    left_out: tuple[str, ...]
    currency: str
    confidence: float

    def finding(self):
        weak, strong = (int((self.table["verdict"] == verdict).sum()) for verdict in ("weakness", "strength"))
        if weak:
            text = plural("{n:count} weakness", "{n:count} weaknesses", weak)
        elif strong:
            text = plural("{n:count} strength, no weakness", "{n:count} strengths, no weakness", strong)
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
        verdicts = (_("Strength"), _("Weakness"), _("Opportunity"), _("Threat"), _("No clear change"))
        areas = {
            "finance": _("Finance"),
            "market": _("Customers"),
            "service": _("Service"),
            "risk": _("Risk"),
        }
        shown = self.table.assign(
            verdict=self.table["verdict"].map(dict(zip(VERDICTS, verdicts, strict=True))),
            area=self.table["area"].map(areas),
            finding=[_sentence(row, self.currency) for _place, row in self.table.iterrows()],
        )[["verdict", "area", "finding", "value", "value_low", "value_high", "unit"]]
        return show(shown, _("The findings"), currency=self.currency)

    def method(self):
        compared = int(self.table["p_value"].notna().sum())
        said = _(
            "Strengths and weaknesses: beyond chance, of {compared:count} tested; at most {error:share} false "
            "(Benjamini-Hochberg). Opportunities and threats: not tested."
        )
        told = style.say(said, {"compared": compared, "error": 1 - self.confidence})
        return style.Reading(" ".join([told, *self.left_out]))


def findings(firm, *, years=None, growth=None, concentration=None, key_figures=None, states=None):
    """What is strong, what is weak and what may come, each with the number it rests on.

    Parameters
    ----------
    firm : Firm
    years, growth, concentration, key_figures, states : results of these analyses, optional; one that is not possible is
        left out, and the method says why

    Returns
    -------
    Findings; not possible where there is nothing to tell
    """
    given = {"years": years, "growth": growth, "concentration": concentration}
    given |= {"key_figures": key_figures, "states": states}
    reasons = dict.fromkeys(result.reason for result in given.values() if isinstance(result, NotPossible))
    z = z_value(firm.confidence)
    ways = {
        "years": lambda years: _year_findings(years, z),
        "growth": _growth_findings,
        "concentration": lambda held: _spread_findings(held.spread.table) if held.spread else [],
        "key_figures": lambda figures: _metric_findings(figures.table, figures.past["year"]),
        "states": lambda states: _state_findings(states, firm.confidence),
    }
    rows = [row for name, result in given.items() if result for row in ways[name](result)]
    if not rows:
        return NotPossible(_("findings: nothing to compare with. Take a longer history."))
    table = _judged(pd.DataFrame(rows), firm.confidence)
    place = {verdict: place for place, verdict in enumerate(VERDICTS)}
    table = table.sort_values("verdict", key=lambda verdict: verdict.map(place), kind="stable", ignore_index=True)
    return Findings(table, tuple(reasons), firm.currency, firm.confidence)


def _row(topic, value, low, high, unit, *, p_value=np.nan, good=None, verdict="steady", **told):
    """A row of `Findings`; a difference of which `p_value` is known is judged once all are there (`_judged`)."""
    numbers = {"value": float(value), "value_low": float(low), "value_high": float(high), "unit": unit}
    where = {"topic": topic, "area": AREAS.get(topic, "market"), "verdict": verdict}
    told = {"against": np.nan, "yardstick": "none", "months": np.nan, "beside": np.nan} | told
    return {**where, **numbers, **told, "p_value": p_value, "good": good}


def _difference(topic, moved, error):
    """What `_row` has to know of a difference from nothing with this standard error."""
    return {"p_value": two_sided(moved, error), "good": (moved > 0) == (topic not in LESS)}


def _judged(table, confidence):
    """Strength or weakness where a difference is beyond chance, corrected for how many were looked at."""
    sure = corrected(table["p_value"]) <= 1 - confidence
    named = table["good"].eq(True).map({True: "strength", False: "weakness"})
    return table.assign(verdict=table["verdict"].mask(sure, named)).drop(columns="good")


def _year_findings(years, z):
    found = []
    for row in years.table.dropna(subset="change").itertuples():
        moved, low, high = np.log1p([row.change, row.change_low, row.change_high])
        told = _difference(row.figure, moved, (high - low) / 2 / z)
        bounds = (row.change, row.change_low, row.change_high)
        told |= {"yardstick": "before", "months": years.months, "beside": row.change_paid}
        found.append(_row(row.figure, *bounds, "change", **told))
    return found


def _growth_findings(growth):
    """Gained for each one lost, held against one, beside the same period a year before."""
    row, then = growth.last, growth.year_ago
    gained, lost = row["new"] + row["reactivated"], row["lost"]
    if not lost:
        return []
    told = _difference("quick_ratio", gained - lost, np.sqrt(gained + lost))
    beside = np.nan if then is None else then["quick_ratio"]
    bounds = row[["quick_ratio", "quick_ratio_low", "quick_ratio_high"]]
    return [_row("quick_ratio", *bounds, "number", against=1, yardstick="even", beside=beside, **told)]


def _spread_findings(spread):
    rows = spread[(spread["unit"] == "customer") & (spread["measure"] == "revenue")]
    return [
        _row("largest", row.largest_share, np.nan, np.nan, "share", verdict="threat", against=MAJOR_CUSTOMER)
        for row in rows.itertuples()
        if row.largest_share >= MAJOR_CUSTOMER
    ]


def _metric_findings(metrics, before):
    found, earlier = [], before.set_index("metric")
    for row in metrics.itertuples():
        then = earlier.loc[row.metric]
        if row.missing or then["missing"]:
            continue
        told = {"p_value": then["p_value"], "good": (row.value > then["value"]) == (row.metric not in LESS)}
        now = (row.value, row.value_low, row.value_high, row.unit)
        found.append(_row(row.metric, *now, against=then["value"], yardstick="before", **told))
    return found


def _state_findings(states, confidence):
    table, found = states.table, []
    margin = states.people.loc[states.people["state"] != "prospect", "margin"].dropna()
    losing = int((margin < 0).sum())
    if losing > FEW_LOSING * len(margin):
        excess, error = losing / len(margin) - FEW_LOSING, np.sqrt(FEW_LOSING * (1 - FEW_LOSING) / len(margin))
        told = {"yardstick": "rule", "against": FEW_LOSING} | _difference("loss_making", excess, error)
        found.append(
            _row("loss_making", losing / len(margin), *wilson(losing, len(margin), confidence), "share", **told)
        )
    if states.flows and states.flows.moved["current_before"] > 0 and states.flows.moved["current"]:
        found.append(_left_finding(states.flows.moved, confidence))
    beside = table.loc["prospect", ["open_leads", "lost_leads"]]
    counts = {
        "at_risk": ("threat", table.loc["at risk", "people"], table.loc["lapsed", "people"]),
        "open_leads": ("opportunity", beside["open_leads"], np.nan),
        "never_bought": ("opportunity", table.loc["prospect", "people"] - beside.sum(), np.nan),
    }
    for topic, (verdict, count, more) in counts.items():
        if count:
            found.append(_row(topic, count, np.nan, np.nan, "count", verdict=verdict, beside=more))
    return found


def _left_finding(moved, confidence):
    """Of those current a year ago, how many have lapsed, held against the year before."""
    (left, current), (gone, base) = ((moved[f"left{when}"], moved[f"current{when}"]) for when in ("", "_before"))
    pooled = (left + gone) / (current + base)
    error = np.sqrt(pooled * (1 - pooled) * (1 / current + 1 / base))
    told = _difference("left", left / current - gone / base, error)
    told |= {"against": gone / base, "yardstick": "before", "beside": moved["left_revenue"]}
    return _row("left", left / current, *wilson(left, current, confidence), "share", **told)


def topic_names():
    """What a finding is about."""
    names = figure_names()
    return {
        **year_names(),
        **names,
        "left": _("Customers who left"),
        "largest": _("Largest customer"),
        "loss_making": _("Brought less than their purchases cost"),
        "at_risk": names["customers_at_risk"],
        "open_leads": columns()["open_leads"][0],
        "never_bought": _("Never bought, no lead"),
    }


def _sentence(row, currency):
    """A finding in words: its topic, its number and the yardstick."""
    texts = {
        "quick_ratio": _("{name} in the last period: {value:ratio} ({beside:ratio} a year before); 1 is even")
        if row["beside"] > 0
        else _("{name} in the last period: {value:ratio}; 1 is even"),
        "left": _("{name}: {value:share} in a year ({against:share} before); had brought {beside:money}"),
        "largest": _("{name}: {value:share}; listed firms disclose {against:share} and more (IFRS 8)"),
        "at_risk": _("{name}: {value:count}, beside {beside:count} lapsed"),
        **dict.fromkeys(["loss_making", "open_leads", "never_bought"], _("{name}: {value:figure}")),
    }
    changes = {
        "constant": _("{name} in {months:months}: {value:change} on a year before (as paid {beside:change})"),
        "paid": _("{name} in {months:months}: {value:change} on a year before, prices included"),
        "": _("{name} in {months:months}: {value:change} on a year before"),
    }
    text = texts.get(row["topic"], _("{name}: {value:figure}, a year ago {against:figure}"))
    if row["unit"] == "change":
        money = row["topic"] in ("revenue", "ticket")
        text = changes["constant" if pd.notna(row["beside"]) else "paid" if money else ""]
    return style.say(text, {**row, "name": topic_names()[row["topic"]]}, currency=currency)
