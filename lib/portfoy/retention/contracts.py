"""How many of today's contracts will renew, and what will they pay?"""

from dataclasses import dataclass, replace

import ibis
import numpy as np
import pandas as pd

from portfoy.customers import to_frame
from portfoy.errors import DataError, FitError
from portfoy.firm import analysis
from portfoy.intervals import bounded, delta_error, percentiles, wald
from portfoy.locale import _
from portfoy.models.bg_nbd import NAMES, fit_bg_nbd
from portfoy.models.lifetimes import begun_late, contract_lifetimes
from portfoy.models.sbg import fit_sbg, project
from portfoy.people import NOT_KNOWN
from portfoy.words import figure, shapes, style
from portfoy.words.result import Finding, Result
from portfoy.words.table import show

ALL = "all contracts"
WHOLE_YEARS = 0.9  # of the ends fall on a whole year: then a period is a year, else a month
BACK = 3  # earlier days, each a horizon apart, on which projections are judged


@dataclass(frozen=True)
class Contracts(Result):
    """How many of the contracts that run today renew within the horizon, by plan.

    ``table``, one row per ``group`` (plan), the last for all: ``contracts`` that run; ``staying`` of them expected to
    run at the end of the horizon, and ``staying_share``; ``renewals`` of one within it, on average; ``money`` the fees
    of these; with bounds.
    ``path``: ``day``, ``share`` still running with bounds, in ``part`` "ahead" from today, and of those that ran a
    horizon ago "actual" and "forecast", as it was made then. ``judged``, one row per earlier day and group: ``day``,
    ``contracts``, ``predicted`` to stay with bounds, ``actual``; empty where the history is too short or has no dates.
    ``period`` in months; ``most`` the fees if all stayed; ``fits`` group -> `Sbg`; ``active`` with bounds: share of
    buyers without a contract who still buy, None where nobody can say.
    """

    table: pd.DataFrame
    path: pd.DataFrame
    judged: pd.DataFrame
    period: int
    months: int
    most: float
    fits: dict
    active: dict | None
    currency: str
    confidence: float

    @property
    def total(self):
        return self.table.iloc[-1].to_dict() | {"months": self.months, "period": self.period}

    def finding(self):
        text = _("{staying_share:share} of today's contracts will run {months:months} from now")
        known = pd.notna(self.total["money"])
        low, high = ((self.most - self.total[name] if known else None) for name in ("money_high", "money_low"))
        return Finding(style.say(text, self.total), low, high)

    def reading(self):
        text, told = _("{staying:count} of {contracts:count} ({staying_interval:count})."), self.total
        if pd.notna(told["money"]):
            text = _(
                "{staying:count} of {contracts:count} ({staying_interval:count}), with {money:money} of fees until "
                "then ({money_interval:money}, as paid)."
            )
        if self.judged.empty:
            late = _("Too few dated contracts were seen so long to judge it.")
            return style.say(f"{text} {late}", told, currency=self.currency)
        check = self.judged[self.judged["group"] == ALL].iloc[0]
        told |= {"day": check["day"], "base": check["contracts"], "said": check["predicted"], "came": check["actual"]}
        held = _("Of {base:count} on {day:day} it said {said:count} would stay; {came:count} did, within chance.")
        wrong = _(
            "Of {base:count} on {day:day} it said {said:count} would stay, {came:count} did; the range allows for it."
        )
        within = check["predicted_low"] <= check["actual"] <= check["predicted_high"]
        return style.say(f"{text} {held if within else wrong}", told, currency=self.currency)

    def plot(self, ax=None):
        told = {"actual": (_("what happened"), style.INK), "forecast": (_("as projected then"), style.SECOND)}
        told |= {"ahead": (_("from today"), style.ACCENT)}
        columns = ["day", "share", "share_low", "share_high"]
        parts = self.path.groupby("part", sort=False)
        lines = [(*told[part], *(rows[name] for name in columns)) for part, rows in parts]
        ax = shapes.lines(lines, ax, dashed=[told["forecast"][0]])
        ax.set(ylim=(0, 1.02))
        figure.per_cent(ax.yaxis)
        under = _("of those at the start of each line; band: {level} interval")
        under = under.format(level=style.level(self.confidence))
        text = _("{contracts:count} today, {staying:count} in {months:months} ({staying_interval:count})")
        return figure.name(ax, _("Contracts still running"), under, style.say(text, self.total))

    def summary(self):
        caption = style.say(_("Today, and in {months:months}"), vars(self))
        tables = [show(self.table, caption, currency=self.currency)]
        counts = dict.fromkeys(["predicted", "actual"], "count")
        if len(self.judged):
            tables.append(show(self.judged, _("Earlier projections"), kinds=counts))
        return tables

    def method(self):
        text = _(
            "sBG (shifted beta-geometric) by plan, periods of {period:months}; plans with fewer than 30 ends "
            "are taken as all. The range ({level}) holds fit and chance. Fees: today's, as paid."
        )
        back = self.judged["day"].nunique() if len(self.judged) else 0
        if back:
            text += " " + _("It also holds how far earlier projections were off ({back:count}).")
        if any(fit.open for fit in self.fits.values()):
            text += " " + _("Where all contracts seem alike, one chance is used.")
        if self.active:
            text += " " + _("Of buyers without a contract {active:share} ({active_interval:share}) still buy (BG/NBD).")
        told = {"period": self.period, "level": style.level(self.confidence), "back": back}
        return style.say(text, told | (self.active or {}))


@analysis
def contracts(firm, *, horizon_months=12):
    """How many of the contracts that run today renew within the horizon, and what they pay: the sBG projection.

    Parameters
    ----------
    firm : Firm
    horizon_months : how far is looked ahead; where contracts end after whole years, in these

    Returns
    -------
    Contracts; not possible without a table of contracts, where none runs, fewer than 30 have ended, or all in their
    first period
    """
    counts, confidence = _counts(firm), firm.confidence
    ended = counts[counts["ended"] > 0]
    whole = ended.loc[ended["duration"] % 12 == 0, "contracts"].sum()
    period = 12 if len(ended) and whole >= WHOLE_YEARS * ended["contracts"].sum() else 1
    steps = max(horizon_months // period, 1)
    running, fits = _fitted(counts, period)
    if running.empty:
        text = _("contracts: none of {n} runs on {day:%Y-%m-%d}. Take an earlier date.")
        raise DataError(text.format(n=counts["contracts"].sum(), day=firm.as_of))
    judged, past = _judged(firm, steps, period)
    spread = np.sqrt(max(judged.pop("square").dropna().mean(), 0.0)) if len(judged) else 0.0
    drawn = project(running, fits, steps, spread=spread)
    path = _path(running, drawn, firm.as_of, period, confidence).assign(part="ahead")
    told = {"period": period, "months": steps * period, "most": float(running["fee"].sum() * steps * period)}
    told |= {"fits": fits, "active": _active(firm), "currency": firm.currency, "confidence": confidence}
    path = pd.concat([*past, path], ignore_index=True)
    return Contracts(_rows(running, drawn, period, confidence), path, judged, **told)


def _counts(firm):
    """How many contracts of each ``group`` (plan), ``duration`` and ``entry``, and their fees."""
    table = contract_lifetimes(firm.tables.subscriptions, firm.as_of)
    absent = {"monthly_fee": ibis.null("float64"), "plan": ibis.literal(ALL)}
    table = table.mutate(**{name: value for name, value in absent.items() if name not in table.columns})
    table = table.filter(table.months.notnull())
    keys = {"duration": table.months, "ended": table.over.cast("int8"), "entry": table.entry}
    keys["group"] = table.plan.fill_null(NOT_KNOWN)
    return begun_late(to_frame(table.group_by(**keys).agg(contracts=table.count(), fee=table.monthly_fee.sum())))


def _fitted(counts, period):
    """The contracts that run, by group and age in periods; and the model of each group, or of all."""
    t = counts["duration"] / period
    table = counts.assign(periods=np.where(counts["ended"] > 0, np.ceil(t), np.floor(t)))
    table["entry"] = np.floor(table["entry"].clip(lower=0) / period)
    fits = {ALL: fit_sbg(table)}
    for group, part in table.groupby("group"):
        try:
            fits[group] = fit_sbg(part)
        except FitError:
            fits[group] = fits[ALL]
    running = table[table["ended"] == 0].rename(columns={"periods": "age"})
    return running.groupby(["group", "age"])[["contracts", "fee"]].sum(min_count=1).reset_index(), fits


def _rows(running, projected, period, confidence):
    """The table of `Contracts`, the last row for all; of one group alone that row is all."""
    (expected, drawn), rows = projected, []
    fee = (running["fee"] / running["contracts"]).to_numpy(float) * period
    groups = running.groupby("group").indices
    for name, at in [*(groups.items() if len(groups) > 1 else ()), (ALL, np.arange(len(running)))]:
        n, kept = running["contracts"].iloc[at].sum(), expected[at, -1].sum()
        bounds = np.array(percentiles(drawn[:, at, -1].sum(axis=1), confidence))
        row = {"group": name, "contracts": int(n)} | bounded("staying", kept, bounds)
        row |= bounded("staying_share", kept / n, bounds / n) | {"renewals": expected[at].sum() / n}
        paid = percentiles(drawn[:, at].sum(axis=2) @ fee[at], confidence)
        rows.append(row | bounded("money", expected[at].sum(axis=1) @ fee[at], paid))
    return pd.DataFrame(rows)


def _path(running, projected, day, period, confidence):
    """The share that still runs after each period."""
    (expected, drawn), n = projected, running["contracts"].sum()
    days = [day + pd.DateOffset(months=step * period) for step in range(expected.shape[1] + 1)]
    low, high = (np.append(1.0, bound / n) for bound in percentiles(drawn.sum(axis=1), confidence))
    return pd.DataFrame({"day": days, **bounded("share", np.append(1.0, expected.sum(axis=0) / n), (low, high))})


def _judged(firm, steps, period):
    """Projections made on earlier days and what came of them, and the path of the latest.

    ``square``, in the rows of all: the squared error of log(-log(share kept)) less what chance and the fit explain.
    """
    rows, past, table = [], [], firm.tables.subscriptions
    for back in range(1, BACK + 1) if {"started_on", "ended_on"} <= {*table.columns} else ():
        then = firm.before(steps * period * back)
        try:
            running, fits = _fitted(_counts(then), period)
        except (DataError, FitError):
            break
        drawn = project(running, fits, steps)
        path = _path(running, drawn, then.as_of, period, firm.confidence)
        open_ = ~(table.ended_on <= then.as_of.date()).fill_null(False)
        plan = table.plan.fill_null(NOT_KNOWN) if "plan" in table.columns else ibis.literal(ALL)
        ran = table.filter((table.started_on <= then.as_of.date()) & open_)
        ends = to_frame(ran.group_by(group=plan, ended_on=table.ended_on).agg(contracts=ibis._.count()))
        came = [ends[~(ends["ended_on"] <= day)].groupby("group")["contracts"].sum() for day in path["day"]]
        said = _rows(running, drawn, period, firm.confidence)
        said = said[["group", "contracts", "staying", "staying_low", "staying_high"]]
        said = said.rename(columns=lambda name: name.replace("staying", "predicted")).assign(day=then.as_of)
        said["actual"] = [*came[-1].reindex(said["group"].iloc[:-1], fill_value=0), came[-1].sum()]
        of = said.iloc[-1]
        share = [of["predicted"], of["actual"], *drawn[1][:, :, -1].sum(axis=1)] / of["contracts"]
        off = np.log(-np.log(np.clip(share, 1e-6, 1 - 1e-6)))
        said.loc[said.index[-1], "square"] = (off[0] - off[1]) ** 2 - off[2:].var()
        rows.append(said)
        if back == 1:
            still = bounded("share", [part.sum() / of["contracts"] for part in came], (np.nan, np.nan))
            past = [path.assign(**still, part="actual"), path.assign(part="forecast")]
    return pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(), past


def _active(firm):
    """The share of buyers without a contract who still buy, with bounds by the errors of the fit; or None."""
    if firm.tables.transactions is None:
        return None
    bound = to_frame(firm.tables.subscriptions.select("customer_id").distinct())["customer_id"]
    try:
        fit = firm.once("bg_nbd", lambda: fit_bg_nbd(firm.customers))
        buyers = firm.customers[~firm.customers["customer_id"].isin(bound)]
        share, slopes = fit.p_alive(buyers).mean(), []
    except (DataError, FitError):
        return None
    for name in NAMES:
        step = 1e-4 * getattr(fit, name)
        slopes.append((replace(fit, **{name: getattr(fit, name) + step}).p_alive(buyers).mean() - share) / step)
    return bounded("active", share, wald(share, delta_error(slopes, fit.covariance), firm.confidence))
