"""Which figures have left what is ordinary for them, and since when?"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from portfoy.customers import months_before
from portfoy.errors import DataError
from portfoy.firm import analysis, in_force
from portfoy.intervals import bounded, wald, wilson
from portfoy.locale import _
from portfoy.models import limits
from portfoy.models.limits import FEWEST as FEWEST_MONTHS
from portfoy.monitoring.months import monthly
from portfoy.words import figure, shapes, style
from portfoy.words.codes import said_as
from portfoy.words.result import Figure, Finding, Past, Result
from portfoy.words.table import show

JUDGED = 6  # months before the day that are held against the limits of those before them, at first
KPIS = {  # figure -> (table, unit, which way is good, numerator, denominator or None)
    "month_active": ("orders", "count", "up", "active", None),
    "month_new": ("orders", "count", "up", "new", None),
    "month_lost": ("orders", "count", "down", "lost", None),
    "month_churn": ("orders", "share", "down", "lost", "held"),
    "repeat_share": ("orders", "share", "", "again", "active"),
    "month_ticket": ("orders", "money", "up", "revenue", "purchases"),
    "month_revenue": ("orders", "money", "up", "revenue", None),
    "month_revenue_paid": ("orders", "money", "up", "revenue_paid", None),
    "month_margin": ("orders", "money", "up", "margin", None),
    "month_cac": ("spend", "money", "down", "cost", "new"),
    "month_contracts": ("contracts", "count", "up", "running", None),
    "month_begun": ("contracts", "count", "up", "begun", None),
    "month_contract_churn": ("contracts", "share", "down", "ended", "running"),
    "month_fees": ("contracts", "money", "up", "fees", None),
    "month_nps": ("surveys", "points", "up", "promoters", "answers"),
    "month_csat": ("surveys", "share", "up", "satisfied", "rated"),
    "month_first_contact": ("tickets", "share", "up", "once", "closed"),
    "month_won": ("leads", "count", "up", "won", None),
    "month_win_share": ("leads", "share", "up", "won", "closed"),
    "month_cycle": ("leads", "days", "down", "days", None),
}
LONGEST = 36  # months of the base, at most: what was ordinary longer ago need not be now
QUARTER = 3  # months after which the last value of a figure is none of this month
BESIDE = 12  # months of the base beside which a new level is looked for
STOCKS = ("month_contracts", "month_fees")  # what begins and ends moves them, and is judged itself
NONE = pd.DataFrame({name: pd.Series(dtype=float) for name in ("normal", "normal_low", "normal_high", "signal")})
FEWEST = 20  # cases of a month before a share of them is held against limits


@dataclass(frozen=True)
class Kpis(Result):
    """The figures of the last whole month, and whether they are out of the ordinary.

    ``table``, one row per figure that the tables allow: ``kpi``, one of `KPIS`; ``unit``; ``value`` of the last month
    that has one, with the bounds that chance gives a share; ``month_before``, ``year_before``, whose last day is
    ``year_day``; ``normal``
    by trend and season of the base, ``normal_low`` and ``normal_high`` around it, missing with too short a history;
    ``signal`` whether it lies outside them; where a month since the base did, ``changed_on``, the first month of the
    new level, with ``changed_on_low`` and ``changed_on_high``; ``note`` what its owner says of it. ``months``: one row
    per figure and month: ``kpi``, ``month`` (its first day), ``value``, ``normal``, ``normal_low``, ``normal_high``,
    ``signal``.
    ``until``: the last day of the base; ``reason`` why it is another than before, "" where it is not.
    """

    table: pd.DataFrame
    months: pd.DataFrame
    until: pd.Timestamp
    reason: str
    currency: str
    confidence: float

    @property
    def signals(self):
        """The figures that are out of the ordinary, the furthest first."""
        found = self.table[self.table["signal"]]
        off = (found["value"] - found["normal"]).abs() / (found["normal_high"] - found["normal_low"])
        return found.loc[off.sort_values(ascending=False).index]

    def finding(self):
        if self.table["normal"].isna().all():
            return Finding(_("Too short a history to tell what is ordinary"), nothing=True)
        n = len(self.signals)
        if not n:
            return Finding(_("No figure of the month is out of the ordinary"), nothing=True)
        if n == 1:
            row = self.signals.iloc[0]
            return Finding(style.say(_("{kpi} is out of the ordinary: {value:figure}"), self._said(row)))
        text = _("{n:count} of {all:count} figures are out of the ordinary")
        return Finding(style.say(text, {"n": n, "all": len(self.table)}))

    def _said(self, row):
        return {**row, "kpi": said_as("kpi", row["kpi"])}

    def reading(self):
        if self.signals.empty:
            n, money = int(self.table["normal"].notna().sum()), self.table.set_index("kpi").reindex(["month_revenue"])
            values = {"n": n, "until": self.until, "fewest": FEWEST_MONTHS, "low": money["normal_low"].iloc[0]}
            text = _("Figures held against limits from months up to {until:day}: {n:count}.")
            if not n:
                text = _("Limits need {fewest:count} whole months up to {until:day}.")
            elif values["low"] == values["low"]:
                text += " " + _("Revenue of the month would have stood out below {low:money}.")
            return style.say(text, values, currency=self.currency)
        row = self._said(self.signals.iloc[0])
        if pd.notna(row["changed_on"]):
            text = _(
                "{kpi}: {value:figure} against {normal_interval:figure}, on another level since {changed_on:month}."
            )
        else:
            text = _("{kpi}: {value:figure} against {normal_interval:figure}, as trend and season let expect.")
        return style.say(text, row, currency=self.currency)

    def figures(self):
        bounds = ["value", "value_low", "value_high"]
        return [
            Figure(
                row["kpi"],
                *row[bounds].astype(float),
                unit=row["unit"],
                note=str(style.say(_("usual {normal_interval:figure}"), row, currency=self.currency))
                if pd.notna(row["normal"])
                else "",
                better=KPIS[row["kpi"]][2],
                year=None if pd.isna(row["year_before"]) else Past(f"{row['year_day']:%Y-%m-%d}", row["year_before"]),
            )
            for _place, row in self.table.iterrows()
        ]

    def plot(self, ax=None):
        """The figure that is furthest out, else revenue or the first there is, with its limits."""
        drawn = self.table[self.table["normal"].notna()]
        if drawn.empty:
            return None
        first = self.signals if len(self.signals) else drawn[drawn["kpi"].isin(["month_revenue", "month_fees"])]
        row = (first if len(first) else drawn).iloc[0]
        rows = self.months[self.months["kpi"] == row["kpi"]].dropna(subset=["value", "normal"])
        told = [(_("each month"), style.ACCENT, rows["month"], rows["value"], None, None)]
        bounds = rows["normal_low"], rows["normal_high"]
        told += [(_("usual, with limits"), style.MUTED, rows["month"], rows["normal"], *bounds)]
        ax = shapes.lines(told, ax)
        ax.yaxis.set_major_formatter(lambda value, _position: style.writer(row["unit"], "")(value))
        text = _("{value:figure} against {normal_interval:figure}")
        numbers = style.say(text, row, currency=self.currency)
        return figure.name(ax, said_as("kpi", row["kpi"]), _("by month"), numbers)

    def summary(self):
        table = self.table.assign(note=self.table["note"].where(self.table["note"] != ""))
        table = table.drop(columns=["signal", "year_day", "changed_on_low", "changed_on_high"])
        return show(table, _("Figures of the month"), currency=self.currency)

    def method(self):
        text = _(
            "Trend (smoothing) and season of the months up to {until:day} are taken out, and three standard "
            "deviations allowed, from the steps between months (individuals chart); months since move no limit. "
            "By chance about one month in three hundred is out. A new level is placed by least squares, its "
            "interval by Bai (1997)."
        )
        said = style.say(text, {"until": self.until})
        return f"{said} {self.reason}" if self.reason else said  # words of an owner are no template

    def kept(self):
        return {"kpis": {"since": f"{self.until:%Y-%m-%d}", "until": f"{self.until:%Y-%m-%d}"}}


@analysis
def kpis(firm):
    """The figures of the last whole month against what trend and season let expect of it.

    Limits come from the months up to a base day and stay: that kept by earlier reports, else six months before the
    firm's day. portfoy.toml moves it under ``[monitoring]`` with ``until`` and the ``reason``, and has ``notes`` by
    figure.

    Parameters
    ----------
    firm : Firm

    Returns
    -------
    Kpis; not possible where no table holds a whole month
    """
    found, said = monthly(firm), firm.tables.settings.monitoring
    until, reason = _base(firm, said)
    rows, months = [], []
    for name, (source, unit, _better, top, bottom) in KPIS.items():
        counts = _counts(found, source, top, bottom)
        if counts is None:
            continue
        counts = counts[counts.index > until.to_period("M") - LONGEST]
        if counts["value"].isna().all():
            continue
        base = int((counts.index.end_time <= until + pd.Timedelta(days=1)).sum())
        chart = None if name in STOCKS else _chart(counts, unit, base)
        last = counts["value"].last_valid_index()
        stale = (counts.index[-1] - last).n  # months: of a table that has stopped nothing is news
        if stale > QUARTER:
            continue
        about = {"kpi": name, "unit": unit, **_value(name, counts.loc[last], unit, firm.confidence)}
        about["year_day"] = (last - 12).end_time.normalize()
        back = {"month_before": last - 1, "year_before": last - 12}
        about |= {when: counts["value"].get(month, np.nan) for when, month in back.items()}
        about |= _judged(chart, last, firm.confidence)
        about["signal"] &= not stale
        rows.append(about | {"note": said.get("notes", {}).get(name, "")})
        each = pd.DataFrame({"kpi": name, "month": counts.index.to_timestamp(), "value": counts["value"].to_numpy()})
        limits_of = (
            chart[0][["normal", "normal_low", "normal_high", "signal"]].reset_index(drop=True) if chart else NONE
        )
        months.append(each.join(limits_of))
    if not rows:
        raise DataError(_("kpis: no table holds a whole month. Use a longer history."))
    months = pd.concat(months, ignore_index=True).astype({"signal": "boolean"}).fillna({"signal": False})
    return Kpis(pd.DataFrame(rows), months, until, reason, firm.currency, firm.confidence)


def _base(firm, said):
    """The last day of the base, and why it is another than before."""
    kept = firm.kept.get("kpis", {})
    if said.get("until"):
        return pd.Timestamp(str(said["until"])), said.get("reason", "")
    return pd.Timestamp(kept["until"]) if in_force(kept) else months_before(firm.as_of, JUDGED), ""


def _counts(found, source, top, bottom):
    """Numerator, denominator and value of a figure by month; None where its table is not there."""
    if source not in found or top not in found[source]:
        return None
    table = found[source]
    if bottom is None:
        return pd.DataFrame({"top": table[top], "bottom": np.nan, "value": table[top]})
    below = found["orders"]["new"] if source == "spend" and "orders" in found else table.get(bottom)
    if below is None:
        return None
    below = below.reindex(table.index)
    over = table[top] - (table["detractors"] if top == "promoters" else 0.0)
    scale = 100.0 if top == "promoters" else 1.0
    return pd.DataFrame({"top": table[top], "bottom": below, "value": scale * over / below.where(below >= FEWEST)})


def _value(name, row, unit, confidence):
    """The value of a month, with the bounds that chance gives it where it is a share or the NPS."""
    bounds = np.nan, np.nan
    if unit == "share":
        bounds = wilson(row["top"], row["bottom"], confidence)
    elif name == "month_nps":
        score, promoters = row["value"] / 100, row["top"] / row["bottom"]
        spread = 2 * promoters - score - score**2
        bounds = tuple(100 * bound for bound in wald(score, np.sqrt(max(spread, 0) / row["bottom"]), confidence))
    return bounded("value", float(row["value"]), tuple(map(float, bounds)))


def _chart(counts, unit, base):
    """The individuals chart of a figure in its own unit, the chart itself, and whether it was drawn on logarithms.

    None without limits.
    """
    values = counts["value"]
    logged = unit in ("count", "money", "days") and bool((values.dropna() > 0).all())
    first, least = counts.iloc[:base].mean(), 0.0  # a share or a count is never surer than a draw
    if unit == "share":
        least = np.sqrt(max(first["value"] * (1 - first["value"]), 0) / first["bottom"])
    elif unit == "count":
        least = first["value"] ** (-0.5 if logged else 0.5)
    chart = limits.individuals(np.log(values) if logged else values, base=base, least=least)
    if chart is None or not chart.sigma > 0:
        return None
    table = chart.table.rename(
        columns={"expected": "normal", "lower": "normal_low", "upper": "normal_high", "out": "signal"}
    )
    bounds = ["normal", "normal_low", "normal_high"]
    table[bounds] = np.exp(table[bounds]) if logged else table[bounds]
    if unit == "share":
        table[bounds] = table[bounds].clip(0, 1)
    return table, chart, base


def _judged(found, last, confidence):
    """What the limits say of the last month, and since when the figure is on another level."""
    names = ["normal", "normal_low", "normal_high"]
    row = dict.fromkeys(names, np.nan) | {"signal": False}
    row |= dict.fromkeys(["changed_on", "changed_on_low", "changed_on_high"], pd.NaT)
    if found is None:
        return row
    table, chart, base = found
    row |= {name: float(table.loc[last, name]) for name in names} | {"signal": bool(table.loc[last, "signal"])}
    if not table["signal"].iloc[base:].any():
        return row
    plain = table["plain"].iloc[max(base - BESIDE, 0) :].dropna()
    level = limits.level_change(plain, confidence, sigma=chart.sigma)
    if level is not None and plain.index[level.place] >= table.index[base] - 2:  # else it is no news since the base
        error = chart.sigma * np.sqrt(1 / level.place + 1 / (len(plain) - level.place))
        if abs(level.after - level.before) > limits.SIGMAS * error:
            places = {"changed_on": level.place, "changed_on_low": level.low, "changed_on_high": level.high}
            row |= {name: plain.index[place].to_timestamp() for name, place in places.items()}
    return row
