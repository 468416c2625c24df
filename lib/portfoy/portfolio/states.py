"""Where does each of them stand?"""

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from portfoy.customers import DAY, months_before
from portfoy.firm import analysis, in_force
from portfoy.intervals import quick_ratio, two_sided, wilson
from portfoy.locale import _
from portfoy.people import people_table, with_type
from portfoy.portfolio.flows import Flows, flows_between
from portfoy.standing import BUYING, CURRENT, LIMITS, QUIET, STATES, StateRule, kept_limits, state_rule, state_table
from portfoy.words import figure, shapes, style
from portfoy.words.codes import state_names
from portfoy.words.result import Action, Figure, Finding, NotPossible, Past, Result
from portfoy.words.table import show

RATIO = ["quick_ratio", "quick_ratio_low", "quick_ratio_high"]
DYING = 0.5  # gained for each customer lost
COLOURS = {"prospect": style.MUTED, **dict.fromkeys(BUYING, style.ACCENT), **dict.fromkeys(QUIET, style.WARM)}


@dataclass(frozen=True)
class States(Result):
    """How many people stand where, and what those people have brought.

    ``table``, one row per state, those without people too; the index is the state as stored, one of
    `standing.STATES`: ``state`` the same; ``people``; ``share`` of all people, 0-1; ``revenue`` money, all they brought
    so far; ``revenue_share`` 0-1, missing where the total is not above zero; ``idle`` median days since the last
    purchase, missing for prospects; ``open_leads``, ``lost_leads`` of the people, the others known without a lead.
    ``people``, one row per person, and ``earlier``, the same a year before by the same rule (None where the data do not
    reach): as `standing.state_table` says. ``rule`` the `StateRule`. ``flows`` who moved in that year.
    ``counted``: ``customers`` who ever bought; ``buying`` (new, active or reactivated); ``quiet`` (at risk or lapsed),
    ``quiet_share`` of customers, ``quiet_revenue_share``; ``gained`` current (not lapsed) who were not `lapsed_days`
    before, ``lost`` who were and have lapsed, ``quick_ratio`` gained for each lost with ``_low``, ``_high``: all
    missing where the data do not reach; ``at_risk_year`` what those at risk brought in a year; ``newest`` the latest
    first purchase.
    ``tested``, the rule on the customers of a year ago, one row for those it called "lapsed" and one for the "others",
    empty without an earlier day: ``called``; ``people``; ``wrong`` lapsed ones who have bought since, others who have
    not; ``wrong_share`` 0-1 with ``wrong_share_low``, ``wrong_share_high``, missing where nobody was called so.
    ``at_risk``, one row per customer at risk, who brought most in the last year first: ``customer_id``; ``type`` where
    it is known; ``state``; ``idle``; ``purchases``; ``year_revenue`` money of the last twelve months; ``lapses_on`` the
    day from which they have lapsed if they do not buy.
    ``past``, one row per earlier day that the data reach, the index "year" or "half" (before): ``day``; ``current`` and
    ``at_risk`` customers by the same rule; ``p_value`` of as many having come as gone since.
    ``before`` the limits that earlier reports have kept, with ``fresh`` where they were left. ``given`` names of the
    limits that were given.
    """

    table: pd.DataFrame
    people: pd.DataFrame
    rule: StateRule
    earlier: pd.DataFrame | None
    flows: Flows | NotPossible
    counted: dict
    tested: pd.DataFrame
    at_risk: pd.DataFrame
    past: pd.DataFrame
    as_of: pd.Timestamp
    currency: str
    confidence: float
    before: dict = field(default_factory=dict)
    given: tuple = LIMITS

    def derived(self):
        return {name: getattr(self.rule, name) for name in LIMITS if self.rule.given and name not in self.given}

    def kept(self):
        if self.rule.given:
            return {}
        limits = {name: getattr(self.rule, name) for name in LIMITS}
        return {"states": self.before if in_force(self.before) else {**limits, "since": f"{self.as_of:%Y-%m-%d}"}}

    def finding(self):
        text = _("{quiet_share:share} of all who ever bought are at risk or lapsed")
        if not 0.005 <= self.counted["quiet_share"] <= 0.995:  # what would be written as nobody or as all is counted
            text = _("Customers at risk or lapsed: {quiet:count}")
        elif self.counted["quick_ratio_high"] < DYING:
            text = _("The base is dying: {quiet_share:share} of customers are at risk or lapsed")
        elif self.counted["quick_ratio_high"] < 1:
            text = _("The base shrinks: {quiet_share:share} of customers are at risk or lapsed")
        return Finding(style.say(text, self.counted))

    def reading(self):
        texts, tested = [], self.tested[self.tested["called"] == "lapsed"].to_dict("records")
        if not style.is_missing(self.counted["lost"]):
            texts.append(_("Within {lapsed_days:days} {lost:count} left and {gained:count} came or came back."))
        if self.counted["quick_ratio_high"] < 1 and self.as_of - self.counted["newest"] > 365 * DAY:
            texts.append(
                _("Nobody new since {newest:day}: where the file leaves newcomers out, this is not the whole base.")
            )
        elif tested and tested[0]["people"]:
            texts.append(
                _("Of those lapsed a year ago, {wrong_share:share} ({wrong_share_interval:share}) have bought since.")
            )
        said = {**self.counted, **(tested[0] if tested else {}), "lapsed_days": self.rule.lapsed_days}
        return style.say(" ".join(texts), said)

    def figures(self):
        current, quiet = int(self.table.loc[CURRENT, "people"].sum()), self.table.loc["at risk", "people"]
        bought = style.say(_("bought within {lapsed_days:days}"), vars(self.rule))
        beside = style.say(_("beside {people:count} lapsed"), self.table.loc["lapsed"])
        past = self.past.iterrows()
        was = {when: Past(f"{row['day']:%Y-%m-%d}", float(row["current"]), row["p_value"]) for when, row in past}
        silent = {when: Past(each.day, float(self.past.loc[when, "at_risk"])) for when, each in was.items()}
        return [
            Figure("current_customers", current, unit="count", note=str(bought), better="up", **was),
            Figure("customers_at_risk", quiet, unit="count", note=str(beside), better="down", **silent),
        ]

    def actions(self):
        if self.at_risk.empty:
            return []
        text = _("Call the {n:count} at risk: they brought {worth:money} in a year")
        said = {"n": len(self.at_risk), "worth": self.counted["at_risk_year"]}
        return [Action(style.say(text, said, currency=self.currency), said["worth"], "at_risk", self.at_risk)]

    def plot(self, ax=None):
        rows, names = self.table[(self.table["people"] > 0) | (self.table["state"] != "prospect")], state_names()
        texts = [self._at_the_bar(row) for _place, row in rows.iterrows()]
        called, colours = [names[state] for state in rows.index], [COLOURS[state] for state in rows.index]
        ax = shapes.ranked_bars(called, rows["people"], texts, colours, ax)
        under = _("{as_of:day}; at risk after {at_risk_days:days} without a purchase, lapsed after {lapsed_days:days}")
        numbers = "; ".join(f"{name}: {text}" for name, text in zip(called, texts, strict=True))
        under = style.say(under, {**vars(self.rule), "as_of": self.as_of})
        return figure.name(ax, _("People by state"), under, numbers)

    def _at_the_bar(self, row):
        text = "{people:count}"
        if row["open_leads"] + row["lost_leads"]:
            text = _("{people:count} · leads: {open_leads:count} open, {lost_leads:count} lost")
        elif row["state"] != "prospect" and not style.is_missing(row["revenue_share"]):
            text = _("{people:count} · {revenue_share:share} of revenue")
        return style.say(text, row)

    def summary(self):
        leads = ["open_leads", "lost_leads"]
        table = self.table if self.table[leads].any(axis=None) else self.table.drop(columns=leads)
        called = {"lapsed": _("lapsed, and bought since"), "others": _("not lapsed, bought no more")}
        tested = self.tested.assign(called=self.tested["called"].map(called))
        labels = {"called": _("Called a year ago"), "wrong": _("Wrongly"), "wrong_share": _("Share")}
        return [
            show(table, _("With revenue so far"), currency=self.currency),
            *(
                [
                    show(
                        tested,
                        _("How often the rule was wrong"),
                        labels=labels,
                        kinds={"wrong": "count", "wrong_share": "share"},
                    )
                ]
                if len(tested)
                else []
            ),
        ]

    def method(self):
        rule, texts = self.rule, []
        if rule.given and not self.derived():
            texts.append(_("The limits were given."))
        elif in_force(self.before):
            texts.append(_("Limits kept since {since:day}."))
        elif self.before:
            texts.append(_("Limits were derived anew; since {since:day} they were {first:count} and {second:days}."))
        if not style.is_missing(rule.lapsed):
            texts.append(
                _(
                    "Of {gaps:count} gaps of up to {horizon_days:days} between purchases ({customers:count} "
                    "customers, each counted once), {at_risk:share} last {at_risk_days:days} at most, {lapsed:share} "
                    "last {lapsed_days:days}."
                )
            )
        if not style.is_missing(rule.at_risk_days_low + rule.lapsed_days_low):
            texts.append(
                _("Intervals ({confidence:share}): {at_risk_days_interval:count}, {lapsed_days_interval:count} days.")
            )
        texts.append(
            _(
                "The limits are a judgement. New: first bought within the first; reactivated: back within it after "
                "a gap past the second."
            )
        )
        before = dict(zip(("since", "first", "second"), map(self.before.get, ("since", *LIMITS)), strict=True))
        return style.say(" ".join(texts), {**vars(rule), **before})


@analysis
def states(firm, *, at_risk_days=0, lapsed_days=0):
    """Where each person known stands: prospect, new, active, reactivated, at risk or lapsed; and who moved in a year.

    The limits come from the gaps between purchases (`standing.state_rule`), or are given. The day a year before is
    looked at by the same rule, and only where the data begin at least as long before it as `lapsed_days`. In a report
    the limits are those that the earlier ones have kept.

    Parameters
    ----------
    firm : Firm
    at_risk_days, lapsed_days : days without a purchase after which a customer is at risk, and has lapsed; 0 for what
        the data say, or the earlier reports

    Returns
    -------
    States; not possible where nobody bought, fewer than 30 gaps were seen and no days given, or days are not in order
    """
    limits, before = {"at_risk_days": at_risk_days, "lapsed_days": lapsed_days}, kept_limits(firm.kept)
    given = tuple(name for name in LIMITS if limits[name])
    if in_force(before):
        limits = {name: limits[name] or before[name] for name in LIMITS}
    rule = replace(state_rule(firm.log, as_of=firm.as_of, confidence=firm.confidence, **limits), given=bool(given))
    people = state_table(firm.log, rule, as_of=firm.as_of, people=firm.people)
    since, older = months_before(firm.as_of, 12), months_before(firm.as_of, 24)
    earlier, flows = None, _too_short(firm, since, rule)
    if flows is None:
        known = people_table(firm.tables, as_of=since)  # not of `firm.on(since)`, to whom a lead won since is another
        earlier = state_table(firm.log, rule, as_of=since, people=known)
        terms = {"since": since, "as_of": firm.as_of, "currency": firm.currency, "confidence": firm.confidence}
        terms["older"] = state_table(firm.log, rule, as_of=older) if _too_short(firm, older, rule) is None else None
        flows = flows_between(earlier, people, **terms)
    table, days = state_summary(people), (firm.as_of - since) / DAY
    tested, past = _tested(earlier, people, days, firm.confidence), {}
    for when, day in (("year", since), ("half", months_before(firm.as_of, 6))):
        if _too_short(firm, day, rule) is None:
            then = earlier if when == "year" else state_table(firm.log, rule, as_of=day)
            past[when] = {"day": day} | _past(then, people)
    past = pd.DataFrame.from_dict(past, "index", columns=["day", "current", "at_risk", "p_value"])
    terms = {"as_of": firm.as_of, "currency": firm.currency, "confidence": firm.confidence}
    risk = _at_risk(firm, rule, people)
    counted = _counted(firm, rule, table, people, risk)
    return States(table, people, rule, earlier, flows, counted, tested, risk, past, **terms, before=before, given=given)


def state_summary(people):
    """How many people stand where (`standing.state_table`), and what they have brought; the columns are of `States`."""
    outcome = people["lead_outcome"]
    groups = people.assign(people=1, open_leads=outcome == "open", lost_leads=outcome == "lost").groupby(
        "state", observed=False
    )
    table = groups[["people", "revenue", "open_leads", "lost_leads"]].sum()
    total = table["revenue"].sum()
    table["share"] = table["people"] / max(len(people), 1)
    table["revenue_share"] = table["revenue"] / (total if total > 0 else np.nan)
    table["idle"] = groups["idle"].median()
    table.index = pd.Index(table.index.astype("str")).rename(None)
    table["state"] = table.index
    return table[["state", "people", "share", "revenue", "revenue_share", "idle", "open_leads", "lost_leads"]]


def _at_risk(firm, rule, people):
    """The list of those at risk, with the columns of `States`."""
    listed = people.loc[people["state"] == "at risk", ["person_id", "state", "idle", "purchases"]]
    listed = listed.rename(columns={"person_id": "customer_id"}).assign(year_revenue=0.0).reset_index(drop=True)
    if (listed["idle"] < 365).any():
        lately = firm.recent(12).set_index("customer_id")
        listed["year_revenue"] = listed["customer_id"].map(lately["revenue"]).fillna(0.0)
    listed["lapses_on"] = firm.as_of + (rule.lapsed_days + 1 - listed["idle"]) * DAY
    listed = listed.sort_values(["year_revenue", "customer_id"], ascending=[False, True], ignore_index=True)
    return with_type(listed, firm.people)


def _counted(firm, rule, table, people, risk):
    """The counts of `States`."""
    customers, quiet, gained, lost = table.loc[STATES[1:], "people"].sum(), table.loc[QUIET], np.nan, np.nan
    if _too_short(firm, firm.as_of - rule.lapsed_days * DAY, rule) is None:
        current = people["state"].isin(CURRENT)
        gained, lost = float((current & ~people["held"]).sum()), float((people["held"] & ~current).sum())
    return {
        "at_risk_year": float(risk["year_revenue"].sum()),
        "newest": firm.customers["first_order"].max(),
        "customers": int(customers),
        "buying": int(table.loc[BUYING, "people"].sum()),
        "quiet": int(quiet["people"].sum()),
        "quiet_share": float(quiet["people"].sum() / customers),
        "quiet_revenue_share": float(quiet["revenue_share"].sum(min_count=1)),
        **{"gained": gained, "lost": lost},
        **dict(zip(RATIO, quick_ratio(gained, lost, firm.confidence), strict=True)),
    }


def _tested(earlier, people, days, confidence):
    """What became of those whom the rule called lapsed so many days ago, and of the others; empty without that day."""
    table = pd.DataFrame(columns=["called", "people", "wrong", "wrong_share", "wrong_share_low", "wrong_share_high"])
    if earlier is None:
        return table
    then = earlier[earlier["state"] != "prospect"]
    bought = then["person_id"].isin(people.loc[people["idle"] < days, "person_id"])
    lapsed = then["state"] == "lapsed"
    for called, those, wrong in (("lapsed", lapsed, bought), ("others", ~lapsed, ~bought)):
        size, count = int(those.sum()), int((those & wrong).sum())
        table.loc[len(table)] = [called, size, count, count / (size or np.nan), *wilson(count, size, confidence)]
    return table


def _past(then, now):
    """How many were current and at risk on an earlier day, from its `state_table`, and whether more came than went."""
    stood = then.set_index("person_id")["state"].reindex(now["person_id"]).to_numpy()
    was, is_now = pd.Series(stood).isin(CURRENT), now["state"].isin(CURRENT).reset_index(drop=True)
    came, went = int((is_now & ~was).sum()), int((was & ~is_now).sum())
    counts = {"current": int(then["state"].isin(CURRENT).sum()), "at_risk": int((then["state"] == "at risk").sum())}
    return {**counts, "p_value": two_sided(came - went, np.sqrt(came + went))}


def _too_short(firm, since, rule):
    """Why there is no earlier day to compare with; None where there is one."""
    first = firm.customers["first_order"].min()
    if since - first >= rule.lapsed_days * DAY:
        return None
    text = _(
        "flows: the data begin on {first:%Y-%m-%d}; {days} days before {since:%Y-%m-%d} are needed. Take a "
        "later day, or shorter limits."
    )
    return NotPossible(text.format(first=first, since=since, days=rule.lapsed_days))
