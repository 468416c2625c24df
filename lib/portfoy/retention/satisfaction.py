"""Are customers content: what they expected and found, and would they recommend the firm?"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from portfoy import metrics
from portfoy.customers import DAY, months_before, to_frame
from portfoy.errors import DataError
from portfoy.firm import analysis
from portfoy.intervals import bounded, change_p, wilson
from portfoy.locale import _
from portfoy.people import with_traits
from portfoy.retention.afterwards import afterwards
from portfoy.retention.answers import KINDS, answer_rows, by_trait, invitations, latest, leaning, mean, weights
from portfoy.retention.histories import YEAR
from portfoy.rows import with_ids
from portfoy.standing import lapsed_days
from portfoy.words import figure, shapes, style
from portfoy.words.result import Action, Figure, Finding, Past, Result
from portfoy.words.table import show

LONG = 365 * DAY  # how long a customer of long standing has been known
UNITS = {"csat": "share", "nps": "points", "nps_weighted": "points", "effort": "number"}


@dataclass(frozen=True)
class Satisfaction(Result):
    """What customers expected and found, and whether they would recommend the firm; each by their latest answer.

    ``table``, one row per attribute, the most disappointing first: ``attribute``; ``expectation``, ``performance`` and
    ``above``, the second less the first, mean points with bounds; ``loyal`` the performance that promoters known for a
    year find; ``base`` answers. ``scores``, one row per ``score``: csat (share of 4 and 5), nps, nps_weighted, effort
    (7 is much), touches (contacts of a ticket, where effort is not asked); ``value`` with
    bounds in ``unit``; ``base``; ``before`` a year before, ``p_value`` of the change. ``groups`` as from `by_trait`.
    ``asked`` as from `leaning`, and ``invited``: ``response``, the share who answered with bounds, empty where that is
    not known. ``kinds``, one row per kind of answer: ``group``, ``customers``, ``content`` (csat 4 and 5), ``above``
    mean of all attributes, ``complaints_each`` in the year before, ``left_since`` share of customers that left within
    ``window`` days after; with bounds. ``weighted``: answers count by one over
    their chance to come. ``past``: score -> year and half -> `Past`.
    """

    table: pd.DataFrame
    scores: pd.DataFrame
    groups: pd.DataFrame
    asked: pd.DataFrame
    invited: dict
    kinds: pd.DataFrame
    past: dict
    weighted: bool
    window: int
    days: int
    confidence: float

    def score(self, name):
        """The row of a score; None without."""
        rows = self.scores[self.scores["score"] == name]
        return None if rows.empty else rows.iloc[0]

    @property
    def leans(self):
        """Which way the score leans by who answers, "kinder" or "harsher"; empty where that is not clear."""
        ways = {*self.asked["leans"]} - {""} if len(self.asked) else set()
        return ways.pop() if len(ways) == 1 else ""

    @property
    def short(self):
        """The row of the attribute that falls furthest below what is expected, beyond chance; None without."""
        row = self.table.iloc[0] if len(self.table) else None
        return None if row is None or not row["above_high"] < 0 else row

    def finding(self):
        if self.short is not None:
            name = style.shorten(self.short["attribute"], 24)
            text = _("{attribute} disappoints most: {points:number} points below expectation")
            return Finding(style.say(text, {"attribute": name[:1].upper() + name[1:], "points": -self.short["above"]}))
        texts = {
            "nps_weighted": _("NPS is {value:count}, weighted for who answers"),
            "nps": _("NPS is {value:count}: per cent of promoters less detractors"),
            "csat": _("{value:share} of customers are satisfied"),
            "effort": _("Customers put their effort at {value:number} of 7"),
        }
        name = next((name for name in texts if self.score(name) is not None), None)
        if name is None:
            return Finding(_("No attribute falls short of expectation"), nothing=True)
        return Finding(style.say(texts[name], self.score(name)))

    def reading(self):
        row, said = self.score("nps_weighted" if self.weighted else "nps"), []
        if row is None:
            return ""
        values = {**row, **self.invited, "naive": self.score("nps")["value"]}
        if pd.isna(row["before"]):
            said.append(_("NPS is {value:count} ({value_interval:count})."))
        elif row["p_value"] < 1 - self.confidence:
            said.append(_("NPS is {value:count} ({value_interval:count}), a year before it was {before:count}."))
        else:
            said.append(_("NPS is {value:count} ({value_interval:count}), not clearly moved from {before:count}."))
        if self.weighted:
            said.append(_("Without weights for who answers it would read {naive:count}."))
        elif self.invited:
            said.append(
                {
                    "kinder": _("{response:share} of those asked answered; by who they are, it looks too kind."),
                    "harsher": _("{response:share} of those asked answered; by who they are, it looks too harsh."),
                    "": _("{response:share} of those asked answered; the others' view is not known."),
                }[self.leans]
            )
        return style.say(" ".join(said), values)

    def figures(self):
        rows = [self.score(name) for name in ("nps", "csat") if self.days == YEAR and self.score(name) is not None]
        value = ["value", "value_low", "value_high"]
        return [
            Figure(row["score"], *row[value], unit=row["unit"], better="up", **self.past.get(row["score"], {}))
            for row in rows
        ]

    def actions(self):
        if self.short is None:
            return []
        text = _("Put \u201c{attribute}\u201d right first: it falls furthest below expectation")
        return [Action(style.say(text, {"attribute": style.shorten(self.short["attribute"], 24)}))]

    def plot(self, ax=None):
        if self.table.empty:
            return None
        names = {"attribute": "name", "above": "value", "above_low": "low", "above_high": "high"}
        rows = self.table[[*names]].rename(columns=names)
        rows["strong"] = [
            "bad" if high < 0 else bool(low > 0) for low, high in zip(rows["low"], rows["high"], strict=True)
        ]
        ax = shapes.dots(rows, ax, at=0, write=lambda value: style.number(value, 1))
        ax.locator_params(axis="x", steps=[1, 2, 5, 10])  # a step of 0.25 would be written 0.2
        ax.xaxis.set_major_formatter(
            lambda value, _position: style.number(value, 1 if round(10 * value, 6) % 1 == 0 else 2)
        )
        under = _("points of 5, last {days} days; line: as expected; {level} interval")
        under = under.format(days=style.number(self.days), level=style.level(self.confidence))
        numbers = (style.say(_("{name}: {value:number}"), row) for _place, row in rows.iterrows())
        return figure.name(ax, _("Performance less expectation"), under, "; ".join(numbers))

    def summary(self):
        kinds = _("Content, complaints and leaving within {window} days") if self.window else _("By answer")
        titles = [
            (self.table, _("Expected and found, last {days} days")),
            (self.scores, _("Scores, last {days} days, and a year before")),
            (self.kinds, kinds),
            (self.groups, _("NPS by group, last {days} days")),
            (self.asked, _("Who answered, last {days} days")),
        ]
        said = {"days": style.number(self.days), "window": style.number(self.window)}
        return [show(table, title.format(**said), kinds={"score": "code"}) for table, title in titles if len(table)]

    def method(self):
        said = [
            _(
                "Each customer's latest answer. NPS: per cent 9 and 10 less per cent 0 to 6. Intervals ({level}): "
                "Student's t for means, Wilson for shares, normal for NPS."
            )
        ]
        said += [_("An answer counts by one over its chance to come.")] * self.weighted
        said += [_("Answers need not cause leaving.")] * bool(self.window)
        return style.say(" ".join(said), {"level": style.level(self.confidence)})


@analysis(without=["segments"])
def satisfaction(firm, *, days=YEAR, segments=None):
    """What customers expected and found, whether they would recommend the firm, and who of those asked did not answer.

    Parameters
    ----------
    firm : Firm
    days : answers of so many last days
    segments : Rfm, or DataFrame with ``customer_id`` and ``segment``, optional: NPS by segment too

    Returns
    -------
    Satisfaction; not possible where there are no surveys, or fewer than 30 customers answered
    """
    rows, sure = answer_rows(firm), firm.confidence
    own = latest(rows, firm.as_of, days)
    weight, names = weights(own), [name.removeprefix("above_") for name in own if name.startswith("above_")]
    known = with_traits(own, firm.people.dropna(subset="customer_id"))
    if segments is not None:
        table = with_ids(segments if isinstance(segments, pd.DataFrame) else segments.table, "satisfaction")
        known["segment"] = known["customer_id"].map(table.set_index("customer_id")["segment"].astype("str"))
    table, (scores, past) = _gaps(firm, known, weight, names), _scores(firm, rows, days)
    if scores.empty and table.empty:
        text = _("surveys: {n} customers answered in {days} days; at least {fewest} are needed. Ask more of them.")
        raise DataError(text.format(n=len(own), days=days, fewest=metrics.FEWEST))
    window = lapsed_days(firm, 0)
    asked, invited = invitations(firm, rows, days, window), {}
    if len(asked):
        n, told = len(asked), int(asked["told"].sum())
        invited = bounded("response", told / n, wilson(told, n, sure))
    silent, kinds = leaning(asked, sure), _kinds(firm, rows, days, window, names)
    groups, weighted = by_trait(known, weight, sure), "nps_weighted" in [*scores["score"]]
    return Satisfaction(table, scores, groups, silent, invited, kinds, past, weighted, window, days, sure)


def _gaps(firm, known, weight, names):
    """`Satisfaction.table`."""
    since = firm.people.dropna(subset="customer_id").drop_duplicates("customer_id").set_index("customer_id")["known_on"]
    age = firm.as_of - pd.to_datetime(since.reindex(known["customer_id"]).to_numpy())
    loyal = (age >= LONG) & (known["score"] == 100)
    table = []
    for name in names:
        row = {"attribute": name.replace("_", " ")}
        found = known[f"performance_{name}"]
        sides = {"expectation": known[f"expectation_{name}"], "performance": found, "above": known[f"above_{name}"]}
        for side, values in {**sides, "loyal": found.where(loyal)}.items():
            row |= mean(side, values, weight, firm.confidence)
        table += [row | {"base": int(known[f"above_{name}"].count())}] if "above" in row else []
    return pd.DataFrame(table).sort_values(["above", "attribute"], ignore_index=True) if table else pd.DataFrame()


def _scores(firm, rows, days):
    """`Satisfaction.scores` and `Satisfaction.past`."""
    then = {"now": firm.as_of, "year": months_before(firm.as_of, 12), "half": months_before(firm.as_of, 6)}
    found = {when: _scored(firm, latest(rows, day, days), day, days) for when, day in then.items()}
    past, table, sure = {}, [], firm.confidence
    for name, (value, low, high, base) in found["now"].items():
        past[name] = {
            when: Past(f"{then[when]:%Y-%m-%d}", float(was[name][0]), change_p((value, low, high), was[name][:3], sure))
            for when, was in found.items()
            if when != "now" and name in was
        }
        year = past[name].get("year", Past("", np.nan, np.nan))
        about = {"score": name, **bounded("value", value, (low, high)), "unit": UNITS.get(name, "number"), "base": base}
        table.append(about | {"before": year.value, "p_value": year.p_value})
    return pd.DataFrame(table, columns=None if table else ["score"]), past


def _scored(firm, own, day, days):
    """The scores of one day: name -> (value, low, high, base)."""
    weight, even, sure, tickets = weights(own), pd.Series(1.0, own.index), firm.confidence, firm.tables.tickets
    made = {"nps": mean("v", own["score"], even, sure, "score")}
    if (weight != 1).any():
        made["nps_weighted"] = mean("v", own["score"], weight, sure, "score")
    if "csat" in own:
        made["csat"] = mean("v", own["csat"].ge(4).where(own["csat"].notna()), weight, sure, "share")
    if "effort" in own:
        made["effort"] = mean("v", own["effort"], weight, sure)
    elif tickets is not None and {"touches", "closed_on"} <= {*tickets.columns}:
        closed = to_frame(tickets.filter(metrics.within(tickets.closed_on, day, days)).select("touches"))
        made["touches"] = mean("v", closed["touches"].astype("float64"), pd.Series(1.0, closed.index), sure)
    return {name: tuple(row.values()) for name, row in made.items() if row}


def _kinds(firm, rows, days, window, names):
    """`Satisfaction.kinds`, of answers old enough to see who left; of the latest where there are none."""
    own = latest(rows, firm.as_of - window * DAY, days)
    own = own if len(own) >= metrics.FEWEST else latest(rows, firm.as_of, days)
    own = own[own["score"].notna()].reset_index(drop=True)
    if len(own) < metrics.FEWEST:
        return pd.DataFrame()
    own = afterwards(firm, own, window).rename(columns={"left": "left_since", "complaints": "complaints_each"})
    own["above"] = own[[f"above_{name}" for name in names]].mean(axis=1)
    own["content"] = own["csat"].ge(4).where(own["csat"].notna()) if "csat" in own else np.nan
    shown, table = {"content": "share", "above": "mean", "complaints_each": "mean", "left_since": "share"}, []
    for group, score in [*KINDS.items(), ("all customers", None)]:
        here = own if score is None else own[own["score"] == score]
        row = {"group": group, "customers": len(here)}
        for name, kind in shown.items():
            row |= mean(name, here[name], pd.Series(1.0, here.index), firm.confidence, kind)
        table.append({name: value for name, value in row.items() if name != "base"})
    return pd.DataFrame(table)
