"""The customer's journey: one number for every step, from first hearing of someone to winning a lost customer back."""

import textwrap
from dataclasses import dataclass

import numpy as np
import pandas as pd

from portfoy.customers import DAY, as_table, purchases_by
from portfoy.errors import DataError
from portfoy.intervals import wald
from portfoy.locale import _
from portfoy.metrics import Metric, engine, enough, one_row, rate, row_of, within
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
YEAR, BOUNDS = 365, ["value", "value_low", "value_high"]


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
            "second": _("{value:share} of new customers buy a second time"),
            "stays": _("{value:share} of buyers buy again in time"),
        }
        told = next((step for step in texts if step in self.there.index), None)
        if told is not None:
            return Finding(style.say(texts[told], self.there.loc[told]))
        return Finding(_("No step can be counted yet"), nothing=True) if self.there.empty else None

    def reading(self):
        if "returns" not in self.there.index:
            return ""
        return style.say(_("Of those gone a year ago, {value:share} returned."), self.there.loc["returns"])

    def plot(self, ax=None):
        if self.there.empty:
            return None
        words, steps = self.words(), []
        for row in self.table.itertuples():
            write, (name, counts) = style.writer(row.unit), words[row.step]
            if row.missing:
                steps.append((name, "", "", _("not in the data")))
            else:
                interval = "" if np.isnan(row.value_low) else style.between(row.value_low, row.value_high, write)
                steps.append((name, write(row.value), interval, counts))
        under = style.say(_("over the year to {as_of:day}"), vars(self))
        told = "; ".join(f"{name}: {number or '–'} {counts}" for name, number, _interval, counts in steps)
        return figure.name(_path(steps, ax), _("The journey"), under, told)

    def words(self):
        """Step -> its name, and what its number counts."""
        texts = (_("of the new, within {n:days}"), _("buy again within {n:days}"))
        again, kept = (style.say(text, {"n": self.window}) for text in texts)
        return {
            "known": (_("Known"), _("people and firms")),
            "won": (_("Won"), _("of leads closed")),
            "first": (_("First purchase"), _("new customers")),
            "second": (_("Second purchase"), again),
            "stays": (_("Stays"), kept),
            "grows": (_("Grows"), _("purchases per buyer")),
            "recommends": (_("Recommends"), _("points, of those who answered")),
            "returns": (_("Comes back"), _("of those gone a year ago")),
        }

    def summary(self):
        words = self.words()
        shown = self.table.assign(
            figure=[words[step][0] for step in self.table["step"]],
            basis=[row.missing or words[row.step][1] for row in self.table.itertuples()],
        )[["figure", "value", "value_low", "value_high", "unit", "basis"]]
        return show(shown, _("The steps"), labels={"figure": _("Step")})

    def method(self):
        return style.say(
            _(
                "Gone are those silent past the lapsed limit. Each step has its own people. Intervals "
                "({confidence:share}): Wilson, for means normal."
            ),
            vars(self),
        )


def journey(firm, *, key_figures, states=None):
    """The journey in eight steps, each with its key figure.

    Parameters
    ----------
    firm : Firm
    key_figures : KeyFigures; they give the steps ``stays`` (1 - churn) and ``recommends`` (NPS)
    states : States, optional; they give who is known, and the lapsed limit as window of the second purchase

    Returns
    -------
    Journey; a step that cannot be counted says why
    """
    window, made, confidence = states.rule.lapsed_days if states else 0, None, firm.confidence
    if states:
        made = {"known": len(states.people)} | _bought(firm.log, firm.as_of, window)
    metrics = key_figures.table.set_index("metric")
    ways = {
        "known": lambda: Metric("known", *_of(made, "known"), np.nan, np.nan, "count"),
        "won": lambda: _won(firm.tables.leads, firm.as_of, confidence),
        "first": lambda: Metric("first", *_of(made, "new"), np.nan, np.nan, "count"),
        "second": lambda: rate("journey", *_of(made, "again", "ripe"), YEAR, confidence),
        "stays": lambda: _stays(_given(metrics.loc["churn"])),
        "grows": lambda: _mean(*_of(made, "buyers", "lately", "squares"), confidence),
        "recommends": lambda: Metric("nps", *_given(metrics.loc["nps"])[BOUNDS], "points"),
        "returns": lambda: rate("journey", *_of(made, "back", "gone"), YEAR, confidence),
    }
    table = pd.DataFrame([row_of(step, way) | {"step": step, "phase": STEPS[step]} for step, way in ways.items()])
    return Journey(
        table[["step", "phase", *BOUNDS, "unit", "counted", "base", "missing"]], window, firm.as_of, confidence
    )


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
    return one_row(
        each,
        new=(each.first > start.date()).sum(),
        ripe=ripe.sum(),
        again=(ripe & (each.second.delta(each.first, unit="day") <= window)).sum(),
        buyers=(each.lately > 0).sum(),
        lately=each.lately.sum(),
        squares=(each.lately * each.lately).sum(),
        gone=gone.sum(),
        back=(gone & (each.lately > 0)).sum(),
    )


def _of(made, *names):
    if made is None:
        raise DataError(_("journey: not counted; the section on states says why."))
    return [made[name] for name in names]


def _given(row):
    if row["missing"]:
        raise DataError(row["missing"])
    return row


def _stays(churn):
    stays = [1 - churn[name] for name in ("value", "value_high", "value_low")]
    return Metric("stays", *stays, "share", churn["base"] - churn["counted"], churn["base"])


def _mean(n, total, squares, confidence):
    mean = total / enough("journey", n, YEAR)
    bounds = wald(mean, np.sqrt(max(squares / n - mean**2, 0) / n), confidence)
    return Metric("grows", mean, *bounds, "number", total, n)


def _won(leads, as_of, confidence):
    leads = engine(leads, "leads", ["closed_on", "outcome"])
    closed = leads.filter(within(leads.closed_on, as_of, YEAR) & leads.outcome.lower().isin(["won", "lost"]))
    row = one_row(closed, base=closed.count(), won=(closed.outcome.lower() == "won").sum())
    return rate("journey", row["won"], row["base"], YEAR, confidence)


def _path(steps, ax):
    """A way from the top down: name, number, interval and words of each step; one without a number is grey."""
    from matplotlib.patches import Polygon

    ax, how = figure.drawing(ax, 0.52 * len(steps)), {"va": "center", "linespacing": 1.25}
    sides = [(0, -0.38), (1.5, -0.38), (1.5, 0.26), (0.75, 0.38), (0, 0.26)]  # points to the next
    with figure.look():
        for place, (label, number, interval, words) in enumerate(steps):
            colour, ink = (style.ACCENT, style.PAPER) if number else (style.GRID, style.MUTED)
            ax.add_patch(Polygon([(x, place + y) for x, y in sides], closed=True, color=colour, lw=0))
            ax.text(0.75, place - 0.06, label, ha="center", color=ink, **how)
            up = 0.18 if interval else 0
            ax.text(2.5, place - up, number or "–", ha="right", fontsize=11, weight="bold", color=style.INK, **how)
            ax.text(2.5, place + 0.2, interval, ha="right", color=style.MUTED, **how)
            ax.text(2.65, place, textwrap.fill(words, 30), ha="left", color=style.INK, **how)
        ax.set(xlim=(0, 5), ylim=(len(steps) - 0.5, -0.5))
        ax.axis("off")
    return ax
