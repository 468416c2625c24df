"""The customer's journey: one number for every step, from first hearing of someone to winning a lost customer back."""

import textwrap
from dataclasses import dataclass

import numpy as np
import pandas as pd

from portfoy.customers import DAY, as_table, purchases_by
from portfoy.errors import DataError
from portfoy.intervals import wald, wilson
from portfoy.locale import _, plural
from portfoy.metrics import FEWEST, within
from portfoy.words import figure, style
from portfoy.words.result import Finding, Result
from portfoy.words.table import show

STEPS = {  # step -> phase of the lifecycle, in the order of the journey
    "known": "selection",
    "won": "acquisition",
    "first": "acquisition",
    "second": "retention",
    "stays": "retention",
    "grows": "deepening",
    "recommends": "deepening",
    "returns": "retention",
}
YEAR = 365


@dataclass(frozen=True)
class Journey(Result):
    """The journey in eight steps, each with its key figure.

    ``table``, one row per step in its order: ``step`` known, won (closed leads that were), first (new customers),
    second (new customers who bought again within the window), stays, grows (purchases per buyer), recommends, returns
    (customers gone a year ago who have bought since); ``phase`` of the lifecycle; ``value`` with ``value_low`` and
    ``value_high`` in ``unit``; ``counted`` of ``base``; ``missing`` why there is no value, else empty. ``window`` days,
    0 where there is no rule of states.
    """

    table: pd.DataFrame
    window: int
    as_of: pd.Timestamp
    confidence: float

    @property
    def there(self):
        return self.table[self.table["missing"] == ""].set_index("step")

    def finding(self):
        texts = {
            "second": _("{value:share} of new customers come back for a second purchase"),
            "stays": _("{value:share} of those who bought buy again in time"),
        }
        told = next((step for step in texts if step in self.there.index), None)
        if told is not None:
            return Finding(style.say(texts[told], self.there.loc[told]))
        return Finding(_("No step can be counted yet"), nothing=True) if self.there.empty else None

    def reading(self):
        if "returns" not in self.there.index:
            return ""
        return style.say(_("Of those gone a year ago {value:share} have returned."), self.there.loc["returns"])

    def plot(self, ax=None):
        if self.there.empty:
            return None
        words = self.words()
        steps = [
            (words[row.step][0], *self._numbers(row), words[row.step][1] if not row.missing else _("not in the data"))
            for row in self.table.itertuples()
        ]
        under = style.say(_("over the year to {as_of:day}"), vars(self))
        told = "; ".join(f"{name}: {number or '–'} {counts}" for name, number, _interval, counts in steps)
        return figure.name(_path(steps, ax), _("The journey"), under, told)

    def _numbers(self, row):
        """The number of a step and its interval, written; empty where there is none."""
        write = style.writer(row.unit)
        if row.missing:
            return "", ""
        return write(row.value), "" if np.isnan(row.value_low) else style.between(row.value_low, row.value_high, write)

    def words(self):
        """Step -> its name, and what its number counts."""
        again = plural("of the new, within {n:count} day", "of the new, within {n:count} days", self.window)
        kept = plural("buy again within {n:count} day", "buy again within {n:count} days", self.window)
        again, kept = (style.say(text, {"n": self.window}) for text in (again, kept))
        return {
            "known": (_("Known"), _("people and firms")),
            "won": (_("Won"), _("of leads closed")),
            "first": (_("First purchase"), _("new customers")),
            "second": (_("Second purchase"), again),
            "stays": (_("Stays"), kept),
            "grows": (_("Grows"), _("purchases per buyer")),
            "recommends": (_("Recommends"), _("NPS, points")),
            "returns": (_("Comes back"), _("of those gone a year ago")),
        }

    def summary(self):
        words = self.words()
        shown = self.table.assign(
            figure=[words[step][0] for step in self.table["step"]],
            basis=[row.missing or words[row.step][1] for row in self.table.itertuples()],
        )[["figure", "value", "value_low", "value_high", "unit", "basis"]]
        return show(shown, _("The journey, step by step"), labels={"figure": _("Step")})

    def method(self):
        return style.say(
            _(
                "A second purchase is counted within the lapsed limit of the states, for the new who have had that "
                "long; gone is who had been silent longer a year ago. Each step has its own people: shares do not "
                "multiply. Intervals ({confidence:share}): Wilson, for the mean normal."
            ),
            vars(self),
        )


def journey(firm, *, key_figures, states=None):
    """The journey in eight steps, each with its key figure.

    Parameters
    ----------
    firm : Firm
    key_figures : KeyFigures, for the steps ``stays`` (1 - churn) and ``recommends`` (NPS)
    states : States, optional; who is known, and the lapsed limit as window of the second purchase

    Returns
    -------
    Journey; a step that cannot be counted says why
    """
    known, window = (len(states.people), states.rule.lapsed_days) if states else (None, 0)
    table = journey_table(firm, metrics=key_figures.table, known=known, window=window)
    return Journey(table, window, firm.as_of, firm.confidence)


def journey_table(firm, *, metrics, known, window):
    """The table of `Journey`."""
    made = _bought(firm.log, firm.as_of, window) if window else None
    ways = {
        "known": lambda: _count(known),
        "won": lambda: _won(firm.tables.leads, firm.as_of, firm.confidence),
        "first": lambda: _count(made["new"]) if made else _count(None),
        "second": lambda: _share(made, "again", "ripe", firm.confidence),
        "stays": lambda: _from_metrics(metrics, "churn"),
        "grows": lambda: _mean(made, firm.confidence),
        "recommends": lambda: _from_metrics(metrics, "nps"),
        "returns": lambda: _share(made, "back", "gone", firm.confidence),
    }
    return pd.DataFrame([{"step": step, "phase": STEPS[step], **_row(way)} for step, way in ways.items()])


def _bought(log, as_of, window):
    """Counts over all customers, reduced in the engine: one row."""
    table = as_table(log)
    start = as_of - YEAR * DAY
    days = purchases_by(table, as_of)
    days = days.filter(days.day.notnull())
    days = days.mutate(first=days.day.min().over(group_by=days.customer_id))
    each = days.group_by(["customer_id", "first"]).agg(
        second=days.day.min(where=days.day > days.first),
        before=days.day.max(where=days.day <= start.date()),
        lately=(days.day > start.date()).sum(),
    )
    ripe = (each.first > (start - window * DAY).date()) & (each.first <= (as_of - window * DAY).date())
    gone = each.before.notnull() & (each.before < (start - window * DAY).date())
    row = each.agg(
        new=(each.first > start.date()).sum(),
        ripe=ripe.sum(),
        again=(ripe & (each.second.delta(each.first, unit="day") <= window)).sum(),
        buyers=(each.lately > 0).sum(),
        lately=each.lately.sum(),
        squares=(each.lately * each.lately).sum(),
        gone=gone.sum(),
        back=(gone & (each.lately > 0)).sum(),
    )
    return {name: value or 0 for name, value in row.to_pyarrow().to_pylist()[0].items()}


def _row(way):
    try:
        return {**way(), "missing": ""}
    except DataError as error:
        return _value(np.nan, np.nan, np.nan, "number") | {"missing": str(error)}


def _value(value, low, high, unit, counted=np.nan, base=np.nan):
    bounds = {"value": float(value), "value_low": float(low), "value_high": float(high)}
    return {**bounds, "unit": unit, "counted": float(counted), "base": float(base)}


def _count(found):
    if found is None:
        raise DataError(_("journey: not counted; the section on states says why."))
    return _value(found, np.nan, np.nan, "count")


def _share(made, counted, base, confidence):
    found = _enough(made[base] if made else 0)
    return _value(made[counted] / found, *wilson(made[counted], found, confidence), "share", made[counted], found)


def _mean(made, confidence):
    n = _enough(made["buyers"] if made else 0)
    mean = made["lately"] / n
    bounds = wald(mean, np.sqrt(max(made["squares"] / n - mean**2, 0) / n), confidence)
    return _value(mean, *bounds, "number", made["lately"], n)


def _enough(found):
    if found < FEWEST:
        text = _("journey: {found} come into question; at least {fewest} are needed. Take a longer history.")
        raise DataError(text.format(found=found, fewest=FEWEST))
    return found


def _won(leads, as_of, confidence):
    if leads is None or not {"closed_on", "outcome"} <= set(leads.columns):
        raise DataError(_("leads: the step needs the table with closed_on and outcome."))
    closed = leads.filter(within(leads.closed_on, as_of, YEAR) & leads.outcome.lower().isin(["won", "lost"]))
    row = closed.agg(base=closed.count(), won=(closed.outcome.lower() == "won").sum()).to_pyarrow().to_pylist()[0]
    return _share({"won": row["won"] or 0, "closed": row["base"]}, "won", "closed", confidence)


def _from_metrics(metrics, name):
    row = metrics.set_index("metric").loc[name]
    if row["missing"]:
        raise DataError(row["missing"])
    if name == "churn":
        stays = row["base"] - row["counted"]
        return _value(1 - row["value"], 1 - row["value_high"], 1 - row["value_low"], "share", stays, row["base"])
    return _value(row["value"], row["value_low"], row["value_high"], row["unit"], base=row["base"])


def _path(steps, ax):
    """A way from the top down: a sign for each step, its number with the interval below, and what the number counts.

    Parameters
    ----------
    steps : list of (name, number, interval, words), all text; a step without a number is grey
    """
    from matplotlib.patches import Polygon

    ax = figure.drawing(ax, 0.52 * len(steps))
    with figure.look():
        for place, (label, number, between, words) in enumerate(steps):
            colour, tall, tip = style.ACCENT if number else style.GRID, 0.38, 0.12
            sides = [(0, -tall), (1.5, -tall), (1.5, tall - tip), (0.75, tall), (0, tall - tip)]  # points to the next
            ax.add_patch(Polygon([(x, place + y) for x, y in sides], closed=True, color=colour, lw=0))
            how = {"va": "center", "linespacing": 1.25}
            ink = style.PAPER if number else style.MUTED
            ax.text(0.75, place - 0.06, label, ha="center", color=ink, **how)
            up = 0.18 if between else 0
            ax.text(2.5, place - up, number or "–", ha="right", fontsize=11, weight="bold", color=style.INK, **how)
            ax.text(2.5, place + 0.2, between, ha="right", color=style.MUTED, **how)
            ax.text(2.65, place, textwrap.fill(words, 30), ha="left", color=style.INK, **how)
        ax.set(xlim=(0, 5), ylim=(len(steps) - 0.5, -0.5))
        ax.axis("off")
    return ax
