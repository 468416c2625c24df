"""What one more point of retention is worth, what it may cost, and what it saves."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from portfoy.customers import DAY, months_before, to_frame
from portfoy.errors import DataError
from portfoy.firm import Firm, analysis
from portfoy.intervals import bounded, wald, z_value
from portfoy.locale import _
from portfoy.metrics import enough
from portfoy.retention.churn import YEAR, churn, contracts_of, windows_of
from portfoy.words import figure, shapes, style
from portfoy.words.result import Finding, Result
from portfoy.words.table import show

POINT = 0.01
CLAIM = (0.02, 0.10)  # "2 % more retention lowers costs by 10 %", from the course
REACH = 10  # points of retention to each side of today's in the curve
LEAST = 12  # newcomers; the cost of one from fewer is no number


@dataclass(frozen=True)
class Economics(Result):
    """What one more point of retention is worth, a year, and what keeping the base costs at other rates.

    ``table``, one row: ``metric`` "churn" or "contract_churn", whose base and window it has; ``base`` customers (or
    contracts) at the start; ``days`` of the window; ``retention`` share kept, 0-1, with bounds; ``each`` money a year
    of one who was kept - margin, revenue where no cost is known (``margin_known``), the fees of a contract -, ``worth``
    of one more point of retention a year, and ``most``, what it may cost at most for each of the base, all with bounds;
    ``ahead`` of one kept and ``worth_ahead`` of a point within the horizon of `value`, with bounds; missing without.
    ``cost``: ``spend`` on newcomers in the last year, ``newcomers``, ``newcomer_cost`` of one with bounds, ``care`` for
    campaigns and service, ``active`` customers, ``cost_each`` of an active one a year; empty where no spend is known.
    ``curve``, one row per point of retention: ``retention``; ``cost_each`` with bounds. ``claim``: ``saved``,
    the share by which ``cost_each`` falls with retention 2 % higher, with bounds.
    """

    table: pd.DataFrame
    cost: dict
    curve: pd.DataFrame
    claim: dict
    horizon: int
    firm: Firm = field(repr=False)

    @property
    def row(self):
        return {**self.table.iloc[0], **self.cost, **self.claim, "horizon": self.horizon, "claimed": CLAIM[1]}

    def _say(self, text):
        return style.say(text, self.row, currency=self.firm.currency)

    def finding(self):
        row = self.row
        if not row["worth_low"] > 0:
            return Finding(_("What a point of retention is worth stays open"), nothing=True)
        text = _("A point of retention is worth {worth:money} of margin a year")
        if not row["margin_known"]:
            text = _("A point of retention is worth {worth:money} of revenue a year")
        return Finding(self._say(text), float(row["worth_low"]), float(row["worth_high"]))

    def reading(self):
        texts = [_("It may cost {most:money} a year for each of {base:count}, at most ({most_interval:money}).")]
        if self.claim:
            text = _("Retention 2% higher lowers cost per customer by {saved:share}; {claimed:share} is claimed.")
            texts.append(text)
        return self._say(" ".join(texts))

    def plot(self, ax=None):
        if self.curve.empty:
            return None
        lines = [self.curve[name] for name in ("retention", "cost_each", "cost_each_low", "cost_each_high")]
        ax = shapes.lines([(_("cost of an active customer"), style.ACCENT, *lines)], ax)
        at, each = self.row["retention"], self.row["cost_each"]
        shapes.point(ax, at, each, "")
        where = {"textcoords": "offset points", "ha": "right", "va": "top", "weight": "bold", "color": style.INK}
        ax.annotate(style.money(each, self.firm.currency, digits=2), (at, each), (-6, -8), **where)  # the line falls
        ax.locator_params(axis="x", nbins=5)
        figure.per_cent(ax.xaxis)
        ax.yaxis.set_major_formatter(lambda value, _position: style.money(value, "", compact=True))
        ax.set_ylim(0, None)
        under = _("{currency} a year, by share kept in {days:days}; point: today; band: {level} interval")
        more = {"currency": self.firm.currency or _("money"), "level": style.level(self.firm.confidence)}
        under = style.say(under, self.row | more)
        ends = self.curve.iloc[[0, -1]]
        told = [*ends[["retention", "cost_each"]].itertuples(index=False, name=None), (at, each)]
        numbers = "; ".join(f"{style.share(one, 0)}: {style.money(two, self.firm.currency)}" for one, two in told)
        return figure.name(ax, _("Cost by retention"), under, numbers)

    def summary(self):
        money = ["each", "worth", "most", "ahead", "worth_ahead", "spend", "newcomer_cost", "care", "cost_each"]
        kinds = {"retention": "share", "saved": "share", **dict.fromkeys(money, "money")}
        labels = {
            "base": _("There at the start"), "retention": _("Kept"), "each": _("Brought by one kept, a year"),
            "worth": _("One more point is worth, a year"), "most": _("May cost for each, at most"),
            "ahead": _("Expected of one kept, in the horizon"), "worth_ahead": _("One more point, in the horizon"),
            "spend": _("Spent on newcomers"), "newcomers": _("Newcomers"), "newcomer_cost": _("Cost of a newcomer"),
            "care": _("Campaigns and service"), "active": _("Active customers"),
            "cost_each": _("Cost of an active customer, a year"), "saved": _("Saved by 2% more retention"),
        }  # fmt: skip
        terms = {"currency": self.firm.currency, "labels": labels, "kinds": kinds}
        tables = [show(self.table.drop(columns=["metric", "margin_known"]), _("One more point of retention"), **terms)]
        if self.cost:
            paid = pd.DataFrame([self.cost | self.claim])
            tables.append(show(paid, _("What the base costs"), **terms))
            tables.append(show(self.curve, _("Cost by retention"), **terms))
        return tables

    def method(self):
        text = _(
            "A point: one of a hundred at the start stays, and brings for one year what those who stayed did. "
            "Where leaving falls for all they also buy longer: it is cautious."
        )
        if self.table["worth_ahead"].notna().all():
            text += " " + _("Within {horizon:count} months it is expected to bring {worth_ahead:money}.")
        cost = _(
            "Cost: a year's lost are replaced at {newcomer_cost:money} each (spend of a year over newcomers), "
            "and {care:money} of campaigns and service."
        )
        none = _("What a newcomer costs is not known.")
        level = style.say(_("Intervals ({level}): normal."), {"level": style.level(self.firm.confidence)})
        said = self._say(f"{text} {cost if self.cost else none}")
        return style.Reading(" ".join([said, level, self.firm.prices.said()]))


@analysis(without=("value",))
def economics(firm, *, value=None, days=0, touch_cost=0.0):
    """Economics of retention: the worth of one more point, what it may cost, and the cost of the base by retention.

    Parameters
    ----------
    firm : Firm
    value : LifetimeValue, optional; says what those kept are expected to bring within its horizon
    days : the window of churn, as in `churn`
    touch_cost : money that one touch of a service request costs; 0 counts no service

    Returns
    -------
    Economics; not possible where no churn can be counted, or nobody is known to have brought anything
    """
    found = churn(firm, days=days)
    if not found:
        raise DataError(found.reason)
    rate = found.first
    orders = rate["metric"] == "churn"
    if not rate["days"] > 0:
        raise DataError(
            _("economics: contracts have no dates, so retention is of no year. Add started_on and ended_on.")
        )
    if orders:
        kept = windows_of(firm, int(rate["days"]))
        kept = kept[kept["kept"]]
        known = bool(kept["margin"].notna().any())
        money, year = kept["margin" if known else "revenue"].fillna(0), YEAR / rate["days"]
    else:
        kept, known, year = contracts_of(firm), False, 1.0
        money = kept.loc[kept["kept"], "year_revenue"]
    enough("economics", len(money), int(rate["days"]))
    if not money.sum() > 0:
        raise DataError(_("economics: those who were kept brought nothing that is known. Add unit costs or fees."))
    base, mean, error = rate["base"], float(money.mean()) * year, float(money.std(ddof=1)) / np.sqrt(len(money)) * year
    each = (mean, *wald(mean, error, firm.confidence))
    row = {"metric": rate["metric"], "base": base, "days": rate["days"]}
    row |= bounded("retention", 1 - rate["value"], (1 - rate["value_high"], 1 - rate["value_low"]))
    row |= {"margin_known": known} | _named("each", each) | _named("worth", [POINT * base * one for one in each])
    ahead = _ahead(kept, value) if orders and value is not None else (np.nan,) * 3
    row |= _named("most", [POINT * one for one in each]) | _named("ahead", ahead)
    row |= _named("worth_ahead", [POINT * base * one for one in ahead])
    cost = _cost(firm, int(rate["days"]), touch_cost) if orders else {}
    curve, claim = _curve(row, cost, firm.confidence) if cost else (pd.DataFrame(), {})
    horizon = value.horizon_months if value is not None else 0
    return Economics(pd.DataFrame([row]), cost, curve, claim, horizon, firm)


def _named(name, three):
    value, low, high = map(float, three)
    return bounded(name, value, (low, high))


def _ahead(kept, value):
    """What one of those kept is expected to bring within the horizon, with its bounds."""
    own = value.table["customer_id"].isin(kept["customer_id"]).rename("kept")
    row = value.by(own).set_index("kept").loc[True]
    return row[["expected_value", "expected_value_low", "expected_value_high"]] / row["customers"]


def _cost(firm, days, touch_cost):
    """``cost`` of `Economics`; empty where no spend is known, or not what so many newcomers cost."""
    since, spend = months_before(firm.as_of, 12), firm.tables.spend
    newcomers = int((firm.customers["first_order"] > since).sum())
    known = firm.customers["first_order"].min() <= since  # else those of a shorter history all seem new
    if spend is None or newcomers < LEAST or not known:
        return {}
    total, care = _paid(firm, spend, "month", since), _paid(firm, firm.tables.campaigns, "starts_on", since)
    tickets = firm.tables.tickets
    if touch_cost and tickets is not None and "touches" in tickets.columns:
        asked = tickets.filter((tickets.opened_on > since.date()) & (tickets.opened_on <= firm.as_of.date()))
        care += touch_cost * float(asked.touches.sum().to_pandas() or 0)
    if not total > 0:
        return {}
    active = int((firm.customers["last_order"] >= firm.as_of - days * DAY).sum())  # as `states` counts the current
    half = np.exp(z_value(firm.confidence) / np.sqrt(newcomers))  # as many come by chance as a Poisson count says
    one = total / newcomers
    return {"spend": total, "newcomers": newcomers, **bounded("newcomer_cost", one, (one / half, one * half)),
            "care": care, "active": active}  # fmt: skip


def _paid(firm, table, day, since):
    """The costs of a year in a table, at the firm's prices; 0 where it has none."""
    if table is None or not {"cost", day} <= set(table.columns):
        return 0.0
    rows = to_frame(table.select(day, "cost")).dropna()
    rows = rows[(rows[day] > since) & (rows[day] <= firm.as_of)]
    return float((rows["cost"].astype(float) * firm.prices.factors(rows[day])).sum()) if len(rows) else 0.0


def _curve(row, cost, confidence):
    """Cost of an active customer by retention, and what 2 % more of it changes; adds today's to `cost`.

    c(r) = (1 - r) x (year / window) x cost of a newcomer + care of one. The change with r is -0.02 r k n / c(r); its
    error comes from those of r and of n (delta method, by small steps).
    """
    times, care, today = YEAR / row["days"], cost["care"] / max(cost["active"], 1), row["retention"]

    def each(retention, newcomer):
        return (1 - retention) * times * newcomer + care

    def change(retention, newcomer):
        return each(retention * (1 + CLAIM[0]), newcomer) / each(retention, newcomer) - 1

    z, one = z_value(confidence), cost["newcomer_cost"]
    errors = {"r": (row["retention_high"] - row["retention_low"]) / 2 / z, "n": one / np.sqrt(cost["newcomers"])}
    rates = np.unique(np.clip(today + POINT * np.arange(-REACH, REACH + 1), 0.0, 1.0))
    bounds = (each(rates, cost[f"newcomer_cost_{end}"]) for end in ("low", "high"))
    curve = pd.DataFrame({"retention": rates, **bounded("cost_each", each(rates, one), tuple(bounds))})
    cost["cost_each"] = float(each(today, one))
    steps = (change(today + errors["r"], one), change(today - errors["r"], one))
    others = (change(today, one + errors["n"]), change(today, one - errors["n"]))
    error = np.hypot(steps[0] - steps[1], others[0] - others[1]) / 2
    moved = change(today, one)
    return curve, _named("saved", (-moved, *wald(-moved, error, confidence)))
