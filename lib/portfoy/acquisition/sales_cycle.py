"""How long does it take to win a deal, and which deals have aged past their chance?"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from portfoy.acquisition.deals import deals, named_levels, not_understood
from portfoy.customers import DAY, months_before
from portfoy.errors import DataError
from portfoy.firm import analysis
from portfoy.intervals import change_p
from portfoy.locale import _
from portfoy.metrics import CYCLE_DAYS, FEWEST, begun_lately, cycle_incidence, deal_table
from portfoy.models.survival import Incidence, gray_test, incidence
from portfoy.people import NOT_KNOWN, OTHERS
from portfoy.words import figure, shapes, style
from portfoy.words.result import Action, Figure, Finding, Past, Result
from portfoy.words.table import show

AGED = 0.1  # times the chance of a new deal; an open one with less has aged
LISTED = ["lead_id", "customer_id", "type", "channel", "owner", "begun_on", "days", "expected_value", "p_won", "action"]
HALF = ["half_won", "half_won_low", "half_won_high"]


@dataclass(frozen=True)
class SalesCycle(Result):
    """What has become of deals by each day after the first contact: won, lost or open, each ruling out the others.

    ``table``, all deals begun in the last two years, and below them each group: ``trait``; ``level``; ``deals``;
    ``won``, ``lost`` within the horizon, ``open`` on the day; ``won_share`` won within the horizon, 0-1, open ones
    censored; ``half_won`` days by which half of these are, missing with fewer than 10; each with ``_low``, ``_high``.
    ``tested``, one row per trait and outcome: ``trait``, ``outcome``, ``groups``, ``statistic`` of Gray's test,
    ``p_value``; ``clear`` whether the groups differ, corrected for all rows (Holm). ``aged``, one row per open deal
    past ``aged_days``, the dearest first: columns of `LISTED`, where known; ``days`` open, ``p_won`` chance left of
    being won, 0-1, ``action`` the next step. ``curve`` the `Incidence`. ``counted``: the first row; ``lost_share``;
    ``late`` part of the wins that come after the horizon; ``aged_days`` from which on an open deal has at most a tenth
    of the chance of a new one, missing where deals have not been watched half as long again; ``naive`` mean days of
    deals won; ``alone`` one minus Kaplan-Meier; ``unread`` leads not understood, ``undated`` won or lost on no known
    day. ``past`` "year" and "half" (a year) before -> `Past` of ``half_won``.
    """

    table: pd.DataFrame
    tested: pd.DataFrame
    aged: pd.DataFrame
    curve: Incidence
    counted: dict
    past: dict
    horizon_days: int
    as_of: pd.Timestamp
    currency: str
    confidence: float

    def finding(self):
        return Finding(style.say(_("Half of the deals that are won take at most {half_won:days}"), self.counted))

    def reading(self):
        first = _("Within {horizon:days} {won_share:share} of all deals are won and {lost_share:share} lost.")
        if self.counted["late"] > 0.1:
            first = _("Within {horizon:days} {won_share:share} are won; {late:share} of the wins take longer.")
        names, told = {"channel": _("channels"), "owner": _("owners")}, self.tested[self.tested["outcome"] == "won"]
        clear, alike = (
            ", ".join(names.get(trait, trait) for trait in told.loc[told["clear"] == sure, "trait"])
            for sure in (True, False)
        )
        both = _("That differs between {clear}, not between {alike}."), _("That differs between {clear}.")
        second = both[not alike] if clear else _("Between {alike} that does not differ beyond chance.") if alike else ""
        values = self.counted | {"horizon": self.horizon_days, "clear": clear, "alike": alike}
        return style.say(f"{first} {second}".strip(), values)

    def figures(self):
        note = style.say(_("{won:count} deals won, begun in {days:days}"), self.counted | {"days": CYCLE_DAYS})
        bounds = [self.counted[name] for name in HALF]
        return [Figure("sales_cycle", *bounds, unit="days", note=str(note), better="down", **self.past)]

    def actions(self):
        if self.aged.empty:
            return []
        worth = self.aged["expected_value"].sum(min_count=1) if "expected_value" in self.aged else np.nan
        said = {"n": len(self.aged), "worth": float(worth), "days": self.counted["aged_days"]}
        text = _("Close or revive the {n:count} open longer than {days:days}: hardly any is still won")
        worth = None if np.isnan(said["worth"]) else said["worth"]
        return [Action(style.say(text, said), worth, "aged_deals", self.aged)]

    def plot(self, ax=None):
        days, parts = pd.Series(np.arange(self.horizon_days + 1)), []
        for event, name, colour in (("won", _("won"), style.ACCENT), ("lost", _("lost"), style.WARM)):
            share, low, high, _error = self.curve.curve(event, self.confidence)
            parts.append((name, colour, days, pd.Series(share), low, high))
        ax, half = shapes.lines(parts, ax), self.counted["half_won"]
        if not pd.isna(half):  # fewer than 10 are won
            shapes.point(ax, half, self.curve.share("won")[int(half)], style.writer("days")(half))
        figure.per_cent(ax.yaxis)
        ax.set_ylim(0)
        under = _("days since first contact; begun since {since:day}; band: {level} interval")
        said = {"since": self.as_of - (CYCLE_DAYS - 1) * DAY, "level": style.level(self.confidence)}
        told = _(
            "{won_share:share} won, {lost_share:share} lost by day {horizon:count}; half of the won by {half_won:days}"
        )
        told = style.say(told, self.counted | {"horizon": self.horizon_days})
        return figure.name(ax, _("What becomes of deals"), style.say(under, said), str(told))

    def summary(self):
        labels = {"lost": _("Lost"), "won_share": style.say(_("Won within {horizon_days:days}"), vars(self))}
        tables = [show(self.table, _("The deals"), labels=labels)]
        if len(self.tested):
            tables.append(show(self.tested.drop(columns="clear"), _("Whether groups differ")))
        if len(self.aged):
            title, labels = _("Open deals past their chance"), {"days": _("Days open")}
            tables.append(show(self.aged.head(10), title, currency=self.currency, labels=labels))
        return tables

    def method(self):
        text = _(
            "From first contact, else creation, of {deals:count} deals of two years; open ones are censored, "
            "won and lost compete (Aalen and Johansen). Groups: Gray's test, corrected. The mean of the won, "
            "{naive:number} days, leaves out the longest; one minus Kaplan-Meier says {alone:share} won by "
            "then, as if lost deals were open."
        )
        if style.is_missing(self.counted["aged_days"]):
            text += " " + _("Too short a history to say when a deal has aged.")
        if self.counted["unread"] + self.counted["undated"]:
            text += " " + _("Left out: {unread:count} leads not understood, {undated:count} closed on no known day.")
        return style.say(f"{text} " + _("Intervals: {level}."), self.counted | {"level": style.level(self.confidence)})


@analysis
def sales_cycle(firm, *, horizon_days=180, by=("channel", "owner")):
    """How long it takes to win a deal: won and lost as outcomes that compete, open deals censored.

    Parameters
    ----------
    firm : Firm
    horizon_days : days from the first contact within which a deal is won, lost or left open
    by : columns of the leads whose groups are compared; those that are not there are passed over

    Returns
    -------
    SalesCycle; not possible where there are no leads, or fewer than 30 deals are won within the horizon or began that
    long ago
    """
    if not horizon_days >= 1:
        text = _("sales_cycle: horizon_days is {days}; it must be 1 or more. Take 180.")
        raise DataError(text.format(days=horizon_days))
    every, terms = deals(firm), {"as_of": firm.as_of, "horizon_days": int(horizon_days)}
    lately = begun_lately(every, firm.as_of, CYCLE_DAYS)
    curve = cycle_incidence(lately, **terms)
    table, tested = _groups(lately, curve, [name for name in by if name in every], firm.confidence)
    long, aged_days = _watched(lately, firm.as_of)
    won = lately.loc[lately["outcome"] == "won", "days"]
    alone = incidence(lately["days"], lately["outcome"].where(lately["outcome"] == "won"), horizon_days)
    counted = table.iloc[0].to_dict() | {
        "lost_share": curve.share("lost")[-1],
        "late": 1 - curve.share("won")[-1] / max(long.share("won")[-1], curve.share("won")[-1]),
        "aged_days": aged_days,
        "naive": won.mean(),
        "alone": alone.share("won")[-1],
        "unread": not_understood(firm),
        "undated": int((every["outcome"].notna() & every["days"].isna()).sum()),
    }
    days = {"year": months_before(firm.as_of, 12), "half": months_before(firm.as_of, 6)}
    past = {when: _past(every, day, counted, curve.horizon, firm.confidence) for when, day in days.items()}
    told = {"as_of": firm.as_of, "currency": firm.currency, "confidence": firm.confidence}
    aged = _aged(every, long, aged_days)
    return SalesCycle(table, tested, aged, curve, counted, past, curve.horizon, **told)


def _groups(lately, curve, by, confidence):
    """``table`` and ``tested`` of `SalesCycle`."""
    every = _cells(lately, 0)
    rows, tests = [_row("", "all deals", every, curve, confidence)], []
    for trait in by:
        level, names = named_levels(lately, trait)
        named = [place for place, name in enumerate(names) if name not in (OTHERS, NOT_KNOWN)]
        cells = _cells(lately, level)
        for place, name in enumerate(names if named else []):
            own = cells[cells["level"] == place]
            rows.append(_row(trait, name, own, _incidence(own, curve.horizon), confidence))
        known = cells[cells["level"].isin(named)]
        within, capped = known["days"] <= curve.horizon, known["days"].clip(upper=curve.horizon)
        for event in ("won", "lost") if len(named) > 1 else ():
            outcome = known["outcome"].where((known["outcome"] != "open") & within)
            statistic, _freedom, p_value = gray_test(capped, outcome, known["level"], event, known["deals"])
            tests.append((trait, event, len(named), statistic, p_value))
    tested = pd.DataFrame(tests, columns=["trait", "outcome", "groups", "statistic", "p_value"])
    return pd.DataFrame(rows), tested.assign(clear=_clear(tested["p_value"], confidence))


def _clear(p_values, confidence):
    """Which differences are beyond chance, for all looked at (Holm 1979, Scandinavian Journal of Statistics 6)."""
    order = np.argsort(p_values.to_numpy(), kind="stable")
    below = p_values.to_numpy()[order] <= (1 - confidence) / np.arange(len(order), 0, -1)
    return np.isin(np.arange(len(order)), order[np.logical_and.accumulate(below)])


def _cells(lately, level):
    """How many ``deals`` there are of each ``level``, ``days`` and ``outcome``: few rows, however many deals."""
    day, days = pd.factorize(lately["days"], sort=True)
    outcome, outcomes = pd.factorize(lately["outcome"])
    width = len(days) * len(outcomes)
    deals = np.bincount(level * width + day * len(outcomes) + outcome)
    place = np.flatnonzero(deals)
    day, outcome = np.divmod(place % width, len(outcomes))
    told = {"level": place // width, "days": np.asarray(days)[day], "outcome": np.asarray(outcomes, object)[outcome]}
    return pd.DataFrame(told | {"deals": deals[place]})


def _incidence(cells, horizon):
    return incidence(cells["days"], cells["outcome"].where(cells["outcome"] != "open"), horizon, cells["deals"])


def _row(trait, level, cells, curve, confidence):
    """One row of the table of `SalesCycle`."""
    own, within = cells.groupby("outcome")["deals"].sum(), cells["days"] <= curve.horizon
    ended = {name: int(cells.loc[within & (cells["outcome"] == name), "deals"].sum()) for name in ("won", "lost")}
    share, low, high, _error = (each[-1] for each in curve.curve("won", confidence))
    half = curve.day_of("won", 0.5, confidence) if ended["won"] >= 10 else (np.nan,) * 3
    counts = {"deals": int(own.sum()), **ended, "open": int(own.get("open", 0))}
    shares = {"won_share": share, "won_share_low": low, "won_share_high": high}
    return {"trait": trait, "level": level, **counts, **shares, **dict(zip(HALF, half, strict=True))}


def _watched(lately, as_of):
    """The incidence up to the last day that 30 deals can have reached, and the day from which a deal has aged.

    From then on an open deal has at most a tenth of the chance of a new one. Missing where deals have not been watched
    half as long again: later wins may then only not have been seen.
    """
    ages = np.sort(((as_of - lately["begun_on"]) / DAY).to_numpy())[::-1]
    long = _incidence(_cells(lately, 0), ages[FEWEST - 1])
    chance = _left(long)
    day = int(np.flatnonzero(chance > AGED * chance[0]).max(initial=-1)) + 1
    return long, day if 0 < 1.5 * day <= long.horizon else np.nan


def _left(long):
    """The chance that a deal still open at the end of each day is won later, 0-1."""
    won = long.share("won")
    return np.clip((won[-1] - won) / np.maximum(long.still, 1e-12), 0, 1)


def _aged(every, long, aged_days):
    """The list of open deals past the day."""
    found = every[(every["outcome"] == "open") & (every["days"] >= aged_days)].copy()
    found["p_won"] = _left(long)[found["days"].clip(upper=long.horizon).astype(int)]
    found["action"] = _("close or revive")
    found = found[[name for name in LISTED if name in found and (found.empty or found[name].notna().any())]]
    order = [name for name in ("expected_value", "days") if name in found]
    return found.sort_values([*order, "lead_id"], ascending=[False] * len(order) + [True], ignore_index=True)


def _past(every, day, now, horizon_days, confidence):
    """What half of the won took as seen on an earlier day; None where the data do not reach."""
    try:
        own = every[every.columns.intersection(["created_on", "contacted_on", "closed_on", "outcome"])]
        lately = begun_lately(deal_table(own, day), day, CYCLE_DAYS, whole=True)
        half, low, high = cycle_incidence(lately, as_of=day, horizon_days=horizon_days).day_of("won", 0.5, confidence)
    except DataError:
        return None
    p_value = change_p([now[name] for name in HALF], (half, low, high), confidence)
    return Past(f"{day:%Y-%m-%d}", float(half), p_value)
