"""Who moved between two days, and where to?"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from portfoy.intervals import bounded, wald, wilson
from portfoy.locale import _
from portfoy.standing import BUYING, CURRENT, GONE, QUIET, STATES, UNKNOWN
from portfoy.words import figure, shapes, style
from portfoy.words.codes import state_names
from portfoy.words.result import Finding, Result
from portfoy.words.table import show

BEFORE = ["current_before", "left_before"]
COLOURS = {1: style.ACCENT, -1: style.WARM, 0: style.MUTED}


@dataclass(frozen=True)
class Flows(Result):
    """How many people of each state of an earlier day stand where on the later one.

    ``table``, one row per pair of states, those without people too: ``before``, ``now`` states as stored; ``before`` is
    "not known yet" for those who came in between, and ``now`` is "no longer known" for people missing later (a won lead
    whose customer nobody names), where there are any; ``people``; ``share`` of those with this ``before``, 0-1,
    ``share_low``, ``share_high``, missing where there are none; ``revenue`` money, all that these people brought up to
    the later day; ``step`` 1 for the better (who never bought or was quiet now buys), -1 for the worse (towards
    lapsed), else 0.
    ``moved``: ``current`` on the earlier day (not lapsed), ``left`` lapsed of them since, ``left_share`` 0-1,
    ``left_revenue`` what these have brought, ``left_year`` in the year before that day; ``lapsed`` on the earlier day,
    ``back`` of them; ``left_before`` of ``current_before``, the same in the year before that one, ``before_share``
    0-1; ``left_more``, with ``_low``, ``_high``, what the difference of the two shares comes to, in money of that year.
    From ``left_year`` on they are missing where the data do not reach.
    """

    table: pd.DataFrame
    moved: dict
    since: pd.Timestamp
    as_of: pd.Timestamp
    currency: str
    confidence: float

    def finding(self):
        text = _("Customers who left within the year: {left:count}")
        money = (self.moved[f"left_more_{bound}"] for bound in ("low", "high"))
        return Finding(style.say(text, self.moved), *money, nothing=not self.moved["left"] + self.moved["back"])

    def reading(self):
        left = _("They are {left_share:share} of {current:count} and had brought {left_revenue:money}.")
        if not style.is_missing(self.moved["before_share"]):
            left = _(
                "They are {left_share:share} of {current:count} ({before_share:share} the year before) and had "
                "brought {left_year:money} a year."
            )
        back = _("Of {lapsed:count} lapsed by {since:day}, {back:count} came back.")
        texts = [left, back] if self.moved["left"] else [back]
        return style.say(" ".join(texts), {**self.moved, "since": self.since}, currency=self.currency)

    def plot(self, ax=None):
        some, names = self.table[self.table["people"] > 0], state_names()
        base, cells = some.groupby("before")["people"].sum(), some.set_index(["before", "now"])
        rows = {state: f"{names[state]} · {style.number(base[state])}" for state in [*STATES, UNKNOWN] if state in base}
        columns = [state for state in [*STATES, GONE] if some["now"].eq(state).any()]

        def laid(column, write, empty):
            wide = cells[column].map(write).unstack("now").reindex(index=list(rows), columns=columns)
            return wide.where(wide.notna(), empty).rename(index=rows, columns=names)

        told = [(_("better"), style.ACCENT), (_("worse"), style.WARM), (_("neither"), style.MUTED)]
        people = laid("people", style.number, "")
        shares, colours = laid("share", float, 0.0), laid("step", COLOURS.get, style.MUTED)
        ax = shapes.heat_map(people, shares, colours, ax, told=told)
        numbers = "; ".join(
            f"{row}: {', '.join(f'{text} {name}' for name, text in cells.items() if text)}"
            for row, cells in people.iterrows()
        )
        under = _("rows {since:day}, columns {as_of:day}; tint: share of the row")
        return figure.name(ax, _("Who moved"), style.say(under, vars(self)), numbers)

    def summary(self):
        labels = {"before": style.day(self.since), "now": style.day(self.as_of), "share": _("Share of the row")}
        table, kinds = self.table[self.table["people"] > 0].drop(columns="step"), {"before": "code", "now": "code"}
        return show(table, _("Then and now"), currency=self.currency, labels=labels, kinds=kinds)

    def method(self):
        return style.say(
            _(
                "Who left was current and has lapsed; better is to buy where they did not, worse to go towards "
                "lapsed. Intervals ({confidence:share}): Wilson."
            ),
            vars(self),
        )


def flows_between(before, now, *, since, as_of, currency, confidence, older=None):
    """Who moved between two days, from two state tables under the same rule (`standing.state_table`), earlier first.

    `older` is the same a year before the earlier one, where the data reach.
    """
    table = flow_table(before, now, confidence)
    current, left, lapsed = _left(table)
    moved = {"current": int(current["people"].sum()), "left": int(left["people"].sum())}
    moved |= {"left_share": moved["left"] / max(moved["current"], 1), "left_revenue": float(left["revenue"].sum())}
    moved |= {
        "lapsed": int(lapsed["people"].sum()),
        "back": int(lapsed.loc[lapsed["now"].isin(CURRENT), "people"].sum()),
    }
    moved |= dict.fromkeys(
        [*BEFORE, "left_year", "before_share", "left_more", "left_more_low", "left_more_high"], np.nan
    )
    if older is not None:
        parts = _left(flow_table(older, before))
        moved |= {name: float(part["people"].sum()) for name, part in zip(BEFORE, parts, strict=False)}
        moved |= _left_more(moved, *_brought(before, now, older), confidence)
    return Flows(table, moved, since, as_of, currency, confidence)


def _brought(before, now, older):
    """What those current on the earlier day brought in the year before it, and those of them who have lapsed since."""
    then, ever = before[before["state"].isin(CURRENT)].set_index("person_id"), older.set_index("person_id")["revenue"]
    brought = then["revenue"] - ever.reindex(then.index).fillna(0)
    gone = now.loc[now["state"] == "lapsed", "person_id"]
    return float(brought.sum()), float(brought[brought.index.isin(gone)].sum())


def _left_more(moved, brought, gone, confidence):
    """Whether a larger share left than in the year before, and what that comes to in money."""
    sizes = np.array([moved["current"] or np.nan, moved["current_before"] or np.nan])
    shares = np.array([moved["left"], moved["left_before"]]) / sizes
    more, error = shares[0] - shares[1], np.sqrt((shares * (1 - shares) / sizes).sum())
    bounds = (bound * brought for bound in wald(more, error, confidence))
    return {"left_year": gone, "before_share": float(shares[1]), **bounded("left_more", float(more * brought), bounds)}


def _left(table):
    """Rows of a flow table: of those current on the earlier day; of these lapsed since; and of those lapsed by then."""
    current = table[table["before"].isin(CURRENT)]
    return current, current[current["now"] == "lapsed"], table[table["before"] == "lapsed"]


def flow_table(before, now, confidence=0.95):
    """How many people of each state of the earlier day stand where on the later; the columns are those of `Flows`."""
    pairs = before[["person_id", "state"]].merge(
        now[["person_id", "state", "revenue"]], on="person_id", how="outer", suffixes=("_before", "_now")
    )
    left = pairs["state_before"].astype("str").fillna(UNKNOWN).rename("before")
    right = pairs["state_now"].astype("str").fillna(GONE).rename("now")
    cells = pairs.groupby([left, right])["revenue"].agg(people="size", revenue="sum")
    goals = STATES + [GONE] * bool(right.eq(GONE).any())
    every = pd.MultiIndex.from_product([[*STATES, UNKNOWN], goals], names=["before", "now"])
    table = cells.reindex(every, fill_value=0).drop((UNKNOWN, GONE), errors="ignore").reset_index()
    base = table.groupby("before")["people"].transform("sum")
    low, high = wilson(table["people"], base, confidence)
    table["share"] = table["people"] / base.where(base > 0)
    steps = [_step(*pair) for pair in zip(table["before"], table["now"], strict=True)]
    table = table.assign(share_low=low, share_high=high, step=steps).astype({"revenue": float})
    return table[["before", "now", "people", "share", "share_low", "share_high", "revenue", "step"]]


def _step(before, now):
    worse = before in BUYING or (before, now) == ("at risk", "lapsed")
    return 1 if now in BUYING and before in ["prospect", *QUIET] else -1 if now in QUIET and worse else 0
