"""The rule of who is at risk and who has lapsed, and by it where each person stands on a day."""

from dataclasses import dataclass, replace

import ibis
import numpy as np
import pandas as pd

from portfoy.customers import DAY, as_table, nobody_bought, purchases_by, resolve_as_of, to_frame
from portfoy.errors import DataError
from portfoy.intervals import t_value
from portfoy.locale import _
from portfoy.sums import added

STATES = ["prospect", "new", "active", "reactivated", "at risk", "lapsed"]
BUYING, CURRENT, QUIET = STATES[1:4], STATES[1:5], STATES[4:]
UNKNOWN, GONE = "not known yet", "no longer known"
FEWEST = 30  # gaps; the 95 % mark of fewer rests on one customer
LONGEST = 730  # days that a purchase may wait for the next one
PARTS = 50  # groups of customers, from which the interval of the rule is taken
LIMITS = ("at_risk_days", "lapsed_days")  # of a rule: silent longer than these a customer is at risk, has lapsed


@dataclass(frozen=True)
class StateRule:
    """After how many days without a purchase a customer is at risk, and after how many lapsed.

    ``at_risk_days``, ``lapsed_days`` days, each with ``_low`` and ``_high`` (of `confidence`; missing for days that
    were given and for one customer's gaps); ``at_risk``, ``lapsed`` share of the gaps that are no longer, each
    customer counted once, 0-1, missing for fewer than 30 gaps; it rests on ``gaps`` of ``customers``, none longer than
    ``horizon_days``; ``given``: days are the user's own, one or both.
    """

    at_risk_days: int
    lapsed_days: int
    at_risk: float
    lapsed: float
    gaps: int
    customers: int
    horizon_days: int
    given: bool
    at_risk_days_low: float = np.nan
    at_risk_days_high: float = np.nan
    lapsed_days_low: float = np.nan
    lapsed_days_high: float = np.nan
    confidence: float = 0.95


def kept_limits(kept):
    """The limits among the rules that earlier reports have kept (`Firm.kept`), where they are such; else empty."""
    rule = kept.get("states", {})
    days = [rule.get(name) for name in LIMITS]
    return rule if all(isinstance(each, int) for each in days) and 0 < days[0] < days[1] else {}


def rule_in_force(kept, log, *, as_of=None, confidence=0.95):
    """The rule with the limits that earlier reports have kept (`Firm.kept`), else as the data say (`state_rule`)."""
    limits = kept_limits(kept)
    limits = {} if limits.get("fresh") else {name: limits[name] for name in LIMITS if name in limits}
    return replace(state_rule(log, as_of=as_of, confidence=confidence, **limits), given=False)


def rule_of(firm):
    """The `rule_in_force` of a firm, worked out once."""
    work = {"as_of": firm.as_of, "confidence": firm.confidence}
    return firm.once("rule", lambda: rule_in_force(firm.kept, firm.log, **work))


def lapsed_days(firm, otherwise):
    """Days of silence after which a customer of the firm has lapsed; `otherwise` where the data do not tell them."""
    try:
        return rule_of(firm).lapsed_days
    except DataError:
        return otherwise


def state_rule(log, *, as_of=None, at_risk=0.8, lapsed=0.95, at_risk_days=0, lapsed_days=0, confidence=0.95):
    """How long a silence is unusual: the days that 80 %, and 95 %, of the gaps between purchases do not exceed.

    The gaps of late purchases have not all ended, and the long ones are those that are missing; so only purchases made
    `horizon_days` or more before `as_of` count, and of these the ones followed by another within `horizon_days`: half
    of the history, at most 730 days. Each customer counts once, each of n gaps as the n-th part of one: else the few
    who buy often would set the limits of all. Long gaps leave room for few others in a window, and weigh a little too
    much.

    `at_risk` and `lapsed` are shares of the gaps, the first the smaller; days of your own go before them.
    Gives a `StateRule`; both marks are the same where all come back after the same time, and nobody is at risk then.
    DataError where a column is missing, nobody bought, shares or days are not in order, or fewer than 30 gaps were
    seen. Intervals: Woodruff (1952), JASA 47(260), 635-646, for a quantile; Wolter (2007), Introduction to Variance
    Estimation, chapter 2, for the variance from random groups of customers.
    """
    own = {"at_risk_days": int(at_risk_days), "lapsed_days": int(lapsed_days)}
    own = {name: days for name, days in own.items() if days}
    _check_order(at_risk, lapsed, own, own)
    log = as_table(log)
    as_of = resolve_as_of(log, as_of)
    first = log.ordered_on.min(where=(log.amount >= 0) & (log.ordered_on <= as_of.date())).to_pandas()
    if pd.isna(first):
        raise nobody_bought(as_of)
    horizon = min((as_of - pd.Timestamp(first)).days // 2, LONGEST)
    gaps = to_frame(_gap_table(log, as_of, horizon)).sort_values("gap")
    seen = {"gaps": int(gaps["count"].sum()), "customers": round(gaps["weight"].sum()), "horizon_days": horizon}
    marks = {}
    if len(own) < 2:
        if seen["gaps"] < FEWEST:
            text = _(
                "state_rule: {gaps} gaps of up to {horizon} days; {fewest} are needed. Give at_risk_days, lapsed_days."
            )
            raise DataError(text.format(fewest=FEWEST, gaps=seen["gaps"], horizon=horizon))
        for name, share in (("at_risk_days", at_risk), ("lapsed_days", lapsed)):
            marks |= {} if name in own else _mark(gaps, share, name, confidence)
    marks |= own
    _check_order(at_risk, lapsed, own, marks)
    total = gaps["weight"].sum() if seen["gaps"] >= FEWEST else np.nan
    for share in ("at_risk", "lapsed"):
        seen[share] = float(gaps.loc[gaps["gap"] <= marks[f"{share}_days"], "weight"].sum() / total)
    return StateRule(**marks, **seen, given=bool(own), confidence=confidence)


def _gap_table(log, as_of, horizon):
    """How many gaps have which length (ibis): part (every fiftieth customer), gap (days), count and weight."""
    days = purchases_by(log, as_of)
    days = days.filter(days.day.notnull()).select("customer_id", "day")
    days = days.mutate(gap=days.day.lead().over(group_by="customer_id", order_by="day").delta(days.day, unit="day"))
    days = days.filter((days.day <= (as_of - horizon * DAY).date()) & (days.gap <= horizon))
    own = days.group_by("customer_id").agg(gaps=days.gap.collect(), count=days.count())
    own = own.mutate(part=ibis.row_number().over(order_by=own.customer_id) % PARTS)
    each = own.select("part", "count", gap=own.gaps.unnest())
    return each.group_by(["part", "gap"]).agg(count=each.count(), weight=(1 / each["count"]).sum())


def _mark(gaps, share, name, confidence):
    """The length that `share` of the gaps do not exceed, with its interval from the spread between the parts."""
    by_gap = gaps.groupby("gap")["weight"].sum()
    reached = (by_gap.cumsum() / by_gap.sum()).to_numpy()

    def gap_at(level):
        return int(by_gap.index[min(np.searchsorted(reached, level - 1e-12), len(reached) - 1)])

    days = gap_at(share)
    within = gaps["weight"].where(gaps["gap"] <= days, 0)
    parts = gaps.assign(within=within).groupby("part")[["within", "weight"]].sum()
    count, total = len(parts), parts["weight"].sum()
    if count < 2:
        return {name: days}
    spread = parts["within"] - parts["within"].sum() / total * parts["weight"]
    half = t_value(confidence, count - 1) * np.sqrt(count / (count - 1) * (spread**2).sum()) / total
    return {name: days, f"{name}_low": gap_at(share - half), f"{name}_high": gap_at(share + half)}


def state_table(log, rule, *, as_of=None, people=None):
    """Where each person known on a day stands: one row per person, in the order of ``person_id``.

    A prospect never bought. Lapsed is whose last purchase is more than `lapsed_days` ago, at risk more than
    `at_risk_days`. The others are new when the first was at most `at_risk_days` ago; reactivated when one at most
    `at_risk_days` ago ended a gap longer than `lapsed_days`; else active. Who has only returned things is a customer
    who bought them before the data begin: by the day of the last return, and never new. `rule` is a StateRule, the same
    one for all dates to be compared; `people`, a `people_table` of the day, adds those who never bought.

    ``person_id`` text; ``known_as`` "customer" or "lead"; ``lead_outcome`` "open" or "lost", missing for customers;
    ``state`` ordered, one of `STATES`; ``idle`` days since the last purchase, missing for prospects; ``purchases`` days
    with an order; ``revenue`` money up to the day, net of returns; ``margin`` money, missing where no cost is known;
    ``returned_on`` end of the last gap longer than `lapsed_days`, missing if none; ``held`` whether not lapsed
    `lapsed_days` before the day. DataError where a column is missing, or nobody bought by `as_of`.
    """
    log = as_table(log)
    as_of = resolve_as_of(log, as_of)
    buyers = to_frame(_buyers(log, rule, as_of))
    if not buyers["purchases"].any():
        raise nobody_bought(as_of)
    who = ["person_id", "known_as", "lead_outcome"]
    known = pd.DataFrame(columns=who, dtype="str") if people is None else people.loc[~(people["known_on"] > as_of), who]
    table = known.merge(buyers, on="person_id", how="outer", sort=True)
    table["known_as"] = table["known_as"].fillna("customer")
    table = table.fillna({"purchases": 0, "revenue": 0.0}).astype({"purchases": "int64", "margin": "float64"})
    table["held"] = table["held"].eq(True)  # missing for who never bought
    table["idle"] = (as_of - table["last"]) / DAY
    recent = {name: (as_of - table[name]) / DAY <= rule.at_risk_days for name in ("first", "returned_on")}
    told = {
        "prospect": table["last"].isna(),
        "lapsed": table["idle"] > rule.lapsed_days,
        "at risk": table["idle"] > rule.at_risk_days,
        "new": recent["first"],
        "reactivated": recent["returned_on"],
    }
    codes = np.select(list(told.values()), [STATES.index(name) for name in told], STATES.index("active"))
    table["state"] = pd.Categorical.from_codes(codes, categories=STATES, ordered=True)
    return table[[*who, "state", "idle", "purchases", "revenue", "margin", "returned_on", "held"]]


def _buyers(log, rule, as_of):
    """One row per customer who bought, or returned something, by the day (ibis)."""
    days, ago = purchases_by(log, as_of), [(as_of - times * rule.lapsed_days * DAY).date() for times in (2, 1)]
    days = days.mutate(gap=days.day.delta(days.day.lag().over(group_by="customer_id", order_by="day"), unit="day"))
    return days.group_by(person_id=days.customer_id).agg(
        first=days.day.min(),
        last=days.day.max().fill_null(days.returned_on.max()),
        purchases=days.day.count(),
        revenue=added(days.revenue),
        margin=added(days.margin),
        returned_on=days.day.max(where=days.gap > rule.lapsed_days),
        held=days.day.between(*ago).any(),
    )


def _check_order(at_risk, lapsed, own, marks):
    if not 0 < at_risk < lapsed < 1:
        text = _("state_rule: at_risk {at_risk}, lapsed {lapsed}, not 0 < at_risk < lapsed < 1. Take 0.8, 0.95.")
        raise DataError(text.format(at_risk=at_risk, lapsed=lapsed))
    low, high = marks.get("at_risk_days", 1), marks.get("lapsed_days", np.inf)
    if own and not 0 < low < high:
        text = _(
            "state_rule: at_risk_days is {at_risk}, lapsed_days {lapsed}; the second must be "
            "above the first, both above 0. Give another; what is 0 comes from the gaps."
        )
        raise DataError(text.format(at_risk=marks.get("at_risk_days", 0), lapsed=marks.get("lapsed_days", 0)))
