"""Who moved between two days, and where to?"""

from dataclasses import dataclass

import pandas as pd

from portfoy.intervals import wilson
from portfoy.locale import _
from portfoy.standing import BUYING, GONE, QUIET, STATES, UNKNOWN
from portfoy.words import figure, shapes, style
from portfoy.words.codes import state_names
from portfoy.words.result import Finding, Result
from portfoy.words.table import show

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
    ``moved``: ``buying`` on the earlier day (new, active or reactivated), ``went`` quiet of them (at risk or lapsed
    later), ``went_revenue`` what these have brought; ``silent`` on the earlier day (at risk or lapsed), ``back`` of
    them, who buy again; ``ratio`` the larger of went and back by the smaller, missing where that is nobody.
    """

    table: pd.DataFrame
    moved: dict
    since: pd.Timestamp
    as_of: pd.Timestamp
    currency: str
    confidence: float

    def finding(self):
        went, back = self.moved["went"], self.moved["back"]
        if went >= back > 0:
            text = _("{ratio:number} customers went quiet for each who came back")
        elif back > went > 0:
            text = _("{ratio:number} customers came back for each who went quiet")
        else:
            text = _("{went:count} customers went quiet, {back:count} came back")
        return Finding(style.say(text, self.moved), nothing=not went + back)

    def reading(self):
        return style.say(
            _(
                "{went:count} of {buying:count} buying on {since:day} went quiet, after bringing {went_revenue:money}. "
                "Of {silent:count} quiet ones {back:count} came back."
            ),
            {**self.moved, "since": self.since},
            currency=self.currency,
        )

    def plot(self, ax=None):
        some, names = self.table[self.table["people"] > 0], state_names()
        base, cells = some.groupby("before")["people"].sum(), some.set_index(["before", "now"])
        rows = {state: f"{names[state]} · {style.number(base[state])}" for state in [*STATES, UNKNOWN] if state in base}
        columns = [state for state in [*STATES, GONE] if some["now"].eq(state).any()]

        def laid(column, write, empty):
            wide = cells[column].map(write).unstack("now").reindex(index=list(rows), columns=columns)
            return wide.where(wide.notna(), empty).rename(index=rows, columns=names)

        told = [(_("for the better"), style.ACCENT), (_("for the worse"), style.WARM), (_("neither"), style.MUTED)]
        people = laid("people", style.number, "")
        shares, colours = laid("share", float, 0.0), laid("step", COLOURS.get, style.MUTED)
        ax = shapes.heat_map(people, shares, colours, ax, told=told)
        numbers = "; ".join(
            f"{row}: {', '.join(f'{text} {name}' for name, text in cells.items() if text)}"
            for row, cells in people.iterrows()
        )
        under = _("from {since:day} (rows) to {as_of:day}, tinted by the part of the row")
        return figure.name(ax, _("Who moved"), style.say(under, vars(self)), numbers)

    def summary(self):
        labels = {"before": style.day(self.since), "now": style.day(self.as_of), "share": _("Share of the row")}
        table, kinds = self.table[self.table["people"] > 0].drop(columns="step"), {"before": "code", "now": "code"}
        return show(table, _("People by state, then and now"), currency=self.currency, labels=labels, kinds=kinds)

    def method(self):
        return style.say(
            _(
                "Quiet is at risk or lapsed, the worse the longer; for the better moves who buys and did not. A lead "
                "won in between is one person. Both days by one rule. Intervals ({confidence:share}): Wilson. Money is "
                "all they brought, as paid."
            ),
            vars(self),
        )


def flows_between(before, now, *, since, as_of, currency, confidence):
    """Who moved between two days, from two state tables under the same rule (`standing.state_table`), earlier first."""
    table = flow_table(before, now, confidence)
    was_buying, was_quiet = (table["before"].isin(some) for some in (BUYING, QUIET))
    went, back = table[was_buying & table["now"].isin(QUIET)], table[was_quiet & table["now"].isin(BUYING)]
    parts = {"buying": table[was_buying], "went": went, "silent": table[was_quiet], "back": back}
    moved = {name: int(rows["people"].sum()) for name, rows in parts.items()}
    fewer, more = sorted([moved["went"], moved["back"]])
    moved |= {"went_revenue": float(went["revenue"].sum()), "ratio": more / fewer if fewer else float("nan")}
    return Flows(table, moved, since, as_of, currency, confidence)


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
