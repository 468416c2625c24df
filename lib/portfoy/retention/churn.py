"""How many customers were lost, who they were, and what they had brought."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from portfoy.customers import DAY, to_frame
from portfoy.errors import DataError
from portfoy.firm import Firm, analysis, in_force
from portfoy.intervals import bounded, change_p, corrected, two_sided, wald, wilson, z_value
from portfoy.locale import _
from portfoy.metrics import FEWEST, Metric, bought_by, churn_change, contract_churn, engine, rate, windows
from portfoy.metrics import churn as order_churn
from portfoy.people import NOT_KNOWN, OTHERS, level_groups, with_traits, with_type
from portfoy.standing import LIMITS, kept_limits, rule_of
from portfoy.sums import added
from portfoy.words import figure, shapes, style
from portfoy.words.codes import said_as
from portfoy.words.result import Action, Figure, Finding, Past, Result
from portfoy.words.table import show

BY = ["type", "channel", "plan", "region"]  # what those lost are told apart by, where it is known
LEVELS = 7
YEAR = 365
DRAWN = 10  # rows of the chart, where it has more than one trait


@dataclass(frozen=True)
class Churn(Result):
    """How many were lost of those there at the start.

    ``rates``, one row per kind of churn that can be counted: ``metric`` "churn" (customers who have lapsed) or
    "contract_churn" (contracts running at the start that ended); ``value`` share, 0-1, with ``value_low``,
    ``value_high``; ``counted`` lost of ``base``; ``days`` of the window, missing where contracts have no
    dates and all there ever were count; ``year``, ``half`` the value on the same day last year and half a year ago,
    ``year_p``, ``half_p`` p-values of the change. ``missing``: metric -> why it cannot be counted.
    The others are of the first row. ``table``, one row per ``trait`` and ``level``: ``base``, ``lost``, ``value`` with
    bounds, ``final_revenue`` of those lost, ``p_corrected`` against all others, for as many levels. ``lost``, one
    row per customer (or contract) lost, who had brought most first: ``customer_id``; ``type`` where it is known;
    ``last_order`` or ``ended_on``; ``final_revenue`` money of the year up to the day on which they were there, of a
    contract its fees of the last twelve months.
    ``family`` "contractual", "non-contractual" or "both"; ``with_contract`` share of the customers of the last year who
    have one running.
    """

    rates: pd.DataFrame
    missing: dict
    table: pd.DataFrame
    lost: pd.DataFrame
    family: str
    with_contract: float
    rule: dict
    firm: Firm = field(repr=False)

    @property
    def first(self):
        return self.rates.iloc[0]

    @property
    def brought(self):
        """What those lost had brought."""
        return float(self.lost["final_revenue"].sum())

    def _say(self, text):
        told = {**self.first, "brought": self.brought, "with_contract": self.with_contract}
        return style.say(text, told, currency=self.firm.currency)

    @property
    def moved(self):
        """0 where the first row is as last year, as far as can be told; 1 where more were lost, 2 where fewer."""
        row = self.first
        if not row["year_p"] <= 1 - self.firm.confidence:  # one test, of the headline
            return 0
        return 1 if row["value"] > row["year"] else 2

    def finding(self):
        row = self.first
        if row["metric"] == "churn":
            texts = [
                _("{value:share} of customers did not buy again within {days:days}"),
                _("More customers were lost: {value:share} within {days:days}, {year:share} before"),
                _("Fewer customers were lost: {value:share} within {days:days}, {year:share} before"),
            ]
        elif style.is_missing(row["days"]):
            texts = [_("{value:share} of all contracts ever have ended")]
        else:
            texts = [
                _("{value:share} of contracts ended within a year"),
                _("More contracts ended: {value:share} within a year, {year:share} before"),
                _("Fewer contracts ended: {value:share} within a year, {year:share} before"),
            ]
        return Finding(self._say(texts[self.moved]), *self._at_stake())

    def _at_stake(self):
        """Bounds of the money of a year that more (or fewer) losses than last year come to; None where it is chance."""
        row = self.first
        if not self.moved or not row["counted"]:
            return None, None
        widths = [row["value_high"] - row["value_low"], row["year_high"] - row["year_low"]]
        error = np.hypot(*widths) / 2 / z_value(self.firm.confidence)
        each = self.brought / row["counted"]
        bounds = wald(row["year"] - row["value"], error, self.firm.confidence)
        return tuple(float(bound * row["base"] * each) for bound in bounds)

    def reading(self):
        text = {
            "contractual": _("With contracts each end is known, and churn counted from them."),
            "non-contractual": _("Without contracts nobody says goodbye: a long silence counts as lost."),
            "both": _(
                "{with_contract:share} of the year's customers have a contract; of others a long silence counts as "
                "lost."
            ),
        }[self.family]
        brought = _("The {counted:count} lost had brought {brought:money} in their last year.")
        return self._say(f"{text} {brought}" if self.brought > 0 else text)

    def figures(self):
        made = []
        for _place, row in self.rates.iterrows():
            past = {
                when: Past(f"{self.firm.before(months).as_of:%Y-%m-%d}", row[when], row[f"{when}_p"])
                for when, months in (("year", 12), ("half", 6))
                if not style.is_missing(row[when])
            }
            text = _("{counted:count} of {base:count} customers")
            note = style.say(text if row["metric"] == "churn" else _("{counted:count} of {base:count} contracts"), row)
            days = None if style.is_missing(row["days"]) else int(row["days"])
            bounds = row[["value", "value_low", "value_high"]].astype(float).tolist()
            made.append(Figure(row["metric"], *bounds, "share", str(note), "down", days=days, **past))
        return made

    def actions(self):
        return (
            [Action("", name="lost_customers", table=self.lost, title=_("The customers lost"))]
            if len(self.lost)
            else []
        )

    def plot(self, ax=None):
        known = self.table[~self.table["level"].isin([NOT_KNOWN, OTHERS])]
        rows = known.groupby("trait", sort=False).filter(lambda group: len(group) > 1)
        rows = rows[rows["trait"].map(rows["trait"].value_counts(sort=False).cumsum()) <= DRAWN]  # the table has all
        if rows.empty:
            return None
        said = {"name": [said_as("level", level) for level in rows["level"]], "group": rows["trait"]}
        rows = rows.assign(**said, heading=[said_as("trait", trait) for trait in rows["trait"]])
        rows["strong"] = rows["p_corrected"] <= 1 - self.firm.confidence
        rows = rows.rename(columns={"value_low": "low", "value_high": "high"})
        ax = shapes.dots(rows, ax, at=float(self.first["value"]), write=lambda value: style.share(value, 0))
        figure.per_cent(ax.xaxis)
        under = _("of those there at the start; dashed: all; coloured: beyond chance; lines: {level} interval")
        numbers = "; ".join(f"{row['name']}: {style.share(row['value'])}" for _place, row in rows.iterrows())
        return figure.name(ax, _("Who was lost"), under.format(level=style.level(self.firm.confidence)), numbers)

    def summary(self):
        terms = {"currency": self.firm.currency, "kinds": {"value": "share", "year": "share", "half": "share"}}
        labels = {"value": _("Lost"), "counted": _("Number lost"), "base": _("There at the start")}
        said = {"churn": _("customers"), "contract_churn": _("contracts")}
        named = self.rates.drop(columns=[name for name in self.rates if name.endswith("_p")])
        named = named.assign(metric=named["metric"].map(said)).rename(columns={"metric": "measure"})
        tables = [show(named, _("How many were lost"), **terms, labels=labels)]
        if len(self.table):
            labels |= {"lost": _("Number lost")}
            tables.append(show(self.table, _("Who was lost"), **terms, labels=labels))
        return tables

    def method(self):
        texts = {
            "churn": _(
                "Customers: had not lapsed on the day as long ago, and have since, by a limit kept from run to run; "
                "some will come back. "
            ),
            "contract_churn": _("Contracts: running a year ago, ended since; open ones are not lost. "),
        }
        texts = [texts[metric] for metric in self.rates["metric"]]
        change = _("Change: the same day last year, the same window. ")
        if style.is_missing(self.first["days"]):
            texts = [_("Contracts: all ever; without dates this is no rate of a year. ")]
            change = ""
        rest = change + _(
            "Groups: each against all others, corrected (Benjamini-Hochberg); they need not cause leaving. "
            "Intervals ({level}): Wilson."
        )
        there = {"churn": self.firm.tables.transactions, "contract_churn": self.firm.tables.subscriptions}
        reasons = [str(reason) for metric, reason in self.missing.items() if there[metric] is not None]
        said = style.say("".join(texts) + rest, {"level": style.level(self.firm.confidence)})
        return style.Reading(" ".join([said, self.firm.prices.said(), *reasons]))

    def kept(self):
        return {"states": self.rule} if self.rule else {}


@analysis
def churn(firm, *, days=0):
    """Churn: how many of the customers, and of the contracts, there at the start were lost, and who they were.

    Parameters
    ----------
    firm : Firm
    days : the window without contracts, in days; 0 for the lapsed limit that earlier reports kept, or that of the gaps

    Returns
    -------
    Churn; not possible where neither customers nor contracts can be counted
    """
    return firm.once(("churn", days), lambda: _churn(firm, days))


def _churn(firm, days):
    rule, missing, rows, contracts = {}, {}, [], contracts_of(firm)
    for metric in ("churn", "contract_churn"):
        try:
            if metric == "churn" and not days:
                days, rule = rule_of(firm).lapsed_days, _kept(firm)
            rows.append(_row(firm, metric, days, contracts))
        except DataError as error:
            missing[metric] = error
    if not rows:
        orders = firm.tables.transactions is not None or firm.by_totals
        raise DataError(str(missing["churn" if orders else "contract_churn"]))
    rates = pd.DataFrame(rows)
    if rates["metric"].iloc[0] == "churn":
        base = windows_of(firm, days).rename(columns={"last": "last_order"})
        base = base[["customer_id", "kept", "last_order", "year_revenue"]]
    else:
        base = contracts[["customer_id", *contracts.columns.intersection(["plan", "ended_on"]), "kept", "year_revenue"]]
    base = base.rename(columns={"year_revenue": "final_revenue"})
    lost = base[~base["kept"]].drop(columns="kept")
    lost = lost.sort_values(["final_revenue", "customer_id"], ascending=[False, True], ignore_index=True)
    lost = with_type(lost, firm.people)
    ways = (firm.tables.transactions is not None, contracts is not None)
    family = {(True, True): "both", (True, False): "non-contractual"}.get(ways, "contractual")
    share, rule = _with_contract(firm) if all(ways) else np.nan, {} if "churn" in missing else rule
    return Churn(rates, missing, _levels(firm, base), lost, family, share, rule, firm)


def windows_of(firm, days):
    """The customers of the day so many days before the firm's, none silent for longer than that: a row each.

    ``kept`` whether the same holds on the firm's day; ``last`` day of purchase by the earlier one; ``year_revenue`` in
    the year up to it; ``revenue`` and ``margin`` since, missing where no cost is known; worked out once.
    """
    return firm.once(("windows", days), lambda: _windows(firm.log, days, firm.as_of))


def _windows(log, days, as_of):
    bought = bought_by(log, as_of)
    split, year = ((as_of - back * DAY).date() for back in (days, days + YEAR))
    second = bought.day > split
    each = bought.group_by("customer_id").agg(
        **windows(bought, as_of, days),
        last=bought.day.max(where=bought.day <= split),
        year_revenue=added(bought.revenue, where=(bought.day > year) & (bought.day <= split)),
        **{name: added(bought[name], where=second) for name in ("revenue", "margin")},
    )
    table = to_frame(each.filter(each.before).drop("before").rename(kept="after").order_by("customer_id"))
    return table.fillna({"year_revenue": 0.0, "revenue": 0.0}).astype({"margin": float})


def _kept(firm):
    before = kept_limits(firm.kept)
    if in_force(before):
        return before
    return {name: getattr(rule_of(firm), name) for name in LIMITS} | {"since": f"{firm.as_of:%Y-%m-%d}"}


def _row(firm, metric, days, contracts):
    """A row of ``rates``: the metric, and what it was on earlier days; of all contracts there ever were, without dates.

    An earlier day for which the history is too short has nothing.
    """
    confidence, undated = firm.confidence, contracts is not None and "ended_on" not in contracts

    def counted(then):
        if metric == "churn":
            return order_churn(then.log, days=days, as_of=then.as_of, confidence=confidence)
        return contract_churn(then.tables.subscriptions, as_of=then.as_of, confidence=confidence)

    if metric == "contract_churn" and undated:
        now = rate(metric, int((~contracts["kept"]).sum()), len(contracts), np.nan, confidence)
    else:
        now = counted(firm)
    row = {"metric": metric, **bounded("value", now.value, (now.low, now.high))}
    row |= {"counted": now.counted, "base": now.base, "days": now.days}
    for when, months in (("year", 12), ("half", 6)):
        then, was, p = firm.before(months), Metric(metric, np.nan, np.nan, np.nan, "share"), np.nan
        try:
            was = counted(then) if now.days > 0 else was
            if metric == "churn":  # many are customers on both days
                p = churn_change(firm.log, days=days, as_of=firm.as_of, since=then.as_of)
            elif now.days > 0:
                p = change_p(*((one.value, one.low, one.high) for one in (now, was)), confidence)
        except DataError:
            pass
        row |= bounded(when, was.value, (was.low, was.high)) | {f"{when}_p": p}
    return row


def contracts_of(firm):
    """The contracts that ran a year ago, all there ever were where they have no dates; None without any contracts.

    ``kept`` whether it has not ended; ``year_revenue`` fees of its last twelve months, at constant prices.
    """
    table = firm.tables.subscriptions
    if table is None:
        return None
    dated = {"started_on", "ended_on"} <= set(table.columns)
    if not dated and "ended" not in table.columns:
        return None
    found = to_frame(engine(table, "subscriptions", ["customer_id"]))
    if dated:
        start = firm.as_of - YEAR * DAY
        found = found[(found["started_on"] <= start) & ~(found["ended_on"] <= start)].reset_index(drop=True)
        found["kept"] = ~(found["ended_on"] <= firm.as_of)
        months = (found["ended_on"].fillna(firm.as_of) - found["started_on"]) / DAY / 30.44
        factor = firm.prices.factors(found["ended_on"].fillna(firm.as_of))
    else:
        found = found[found["ended"].notna()].reset_index(drop=True)  # not known is not "no"
        found["kept"], factor = ~found["ended"].astype(bool), 1.0
        months = found["duration"].astype(float) if "duration" in found else 12.0
    fee = found["monthly_fee"].astype(float).fillna(0) if "monthly_fee" in found else 0.0
    found["year_revenue"] = fee * np.clip(months, 0, 12) * factor if len(found) else 0.0
    return found


def _with_contract(firm):
    """Share of the customers of the last year with a running contract."""
    table = firm.tables.subscriptions
    if "ended_on" not in table.columns:
        return 0.0
    running = to_frame(table.filter(table.ended_on.isnull()).select("customer_id").distinct())["customer_id"]
    return float(firm.recent(12)["customer_id"].isin(running).mean())


def _levels(firm, base):
    """``table`` of `Churn`."""
    known = with_traits(base.drop(columns="type", errors="ignore"), firm.people)
    known["gone"] = ~known["kept"].astype(bool)
    known["brought"], part, tables = known["final_revenue"].where(known["gone"], 0.0), known["gone"].mean(), []
    for trait in [name for name in BY if name in known and known[name].notna().any()]:
        groups, names = level_groups(known.assign(revenue=known["final_revenue"]), trait, most=LEVELS)
        sums = known.groupby(groups).agg(base=("gone", "size"), lost=("gone", "sum"), final_revenue=("brought", "sum"))
        table = sums.reindex(range(len(names)), fill_value=0).assign(trait=trait, level=list(names))
        n, others = table["base"], len(known) - table["base"]
        value, rest = table["lost"] / n, (known["gone"].sum() - table["lost"]) / others
        few = (np.minimum(n, others) < FEWEST) | table["level"].isin([NOT_KNOWN, OTHERS])
        error = np.sqrt(part * (1 - part) * (1 / n + 1 / others))
        chance = [two_sided(*pair) for pair in zip(value - rest, error, strict=True)]
        table["p_corrected"] = np.where(few, np.nan, chance)
        tables.append(table.assign(**bounded("value", value, wilson(table["lost"], n, firm.confidence))))
    names = ["trait", "level", "base", "lost", "value", "value_low", "value_high", "final_revenue", "p_corrected"]
    table = pd.concat(tables, ignore_index=True)[names] if tables else pd.DataFrame(columns=names)
    return table.assign(p_corrected=corrected(table["p_corrected"]))
