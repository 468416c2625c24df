"""Where do leads stay behind, and at which stage is most to be gained?"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from portfoy.acquisition.deals import ENOUGH, deals, is_ripe, named_levels, ripe_rule, year_margins
from portfoy.customers import DAY
from portfoy.errors import DataError
from portfoy.firm import analysis
from portfoy.intervals import bounded, on_logs, wilson
from portfoy.locale import _
from portfoy.models.survival import incidence
from portfoy.source.prices import AS_PAID, Prices
from portfoy.words import figure, shapes, style
from portfoy.words.codes import said_as
from portfoy.words.result import Finding, Result
from portfoy.words.table import show

STAGES = ["contacted", "qualified", "proposed"]  # between "created" and "won", each with a date of its own
TOLD = ["created_on", "closed_on", "outcome", "expected_value"]
YEAR, POINT, LONGEST = 365, 0.01, 1095  # days; of conversion; days that a stage is watched


@dataclass(frozen=True)
class Funnel(Result):
    """How many leads reach each stage, and how many go on from it.

    ``table``, one row per stage that the leads have dates of, "created" first, "won" last: ``stage``; of all leads
    ``entered`` who have reached it or a later one; ``went_on`` to a later one, ``lost`` and ``open`` in it; of ripe
    leads ``ripe`` who entered it and ``conversion`` the share of these who went on, 0-1, with ``_low``, ``_high``, so
    that a lead still young is not one that stayed behind; ``stage_days`` days by which half of those who go on have,
    with bounds, missing with fewer than 10; ``wins`` more won in a year if one point more went on, as many of these
    being won as of the others; ``worth`` money these are expected to bring, with bounds, missing without an
    ``expected_value``. ``groups``, one row per ``trait`` (a column, or "quarter" of creation), ``level`` and ``stage``:
    ``ripe``, ``conversion`` with bounds. ``counted``: ``leads``; ``ripe``; ``won_share`` of these; ``unread`` leads not
    understood, which count nowhere; ``value`` money, mean of a win. ``rule`` from when a lead is ripe (`ripe_rule`).
    """

    table: pd.DataFrame
    groups: pd.DataFrame
    counted: dict
    rule: dict
    currency: str
    confidence: float
    prices: Prices = AS_PAID

    @property
    def weakest(self):
        """The row of the stage with most to gain."""
        return self.table.loc[self.table["wins"].idxmax()]

    def kept(self):
        return {"ripe": self.rule}

    def finding(self):
        row = {**self.weakest, "stage": _point(self.weakest["stage"])}
        if style.is_missing(row["worth"]):
            return Finding(style.say(_("One in a hundred more after {stage}: {wins:number} wins yearly"), row))
        text = style.say(_("One in a hundred more after {stage}: {worth:money} yearly"), row, currency=self.currency)
        return Finding(text, row["worth_low"], row["worth_high"])

    def reading(self):
        text = _("Of {ripe:count} leads whose time has come {won_share:share} were won.")
        if len(self.table) == 2:
            text += " " + _("Without stage dates nothing before the win is seen.")
        else:
            text += " " + _("After {stage} {conversion:share} ({conversion_interval:share}) went on.")
        row = {**self.weakest, "stage": _point(self.weakest["stage"])}
        return style.say(text, row | self.counted)

    def plot(self, ax=None):
        goes = _("{ripe:count} · {conversion:share} go on")
        texts = [str(style.say(goes, row)) for _place, row in self.table.iloc[:-1].iterrows()]
        texts.append(style.number(self.table["ripe"].iloc[-1]))
        names = [said_as("stage", stage) for stage in self.table["stage"]]
        colours = [style.ACCENT if stage == self.weakest["stage"] else style.MUTED for stage in self.table["stage"]]
        ax = shapes.ranked_bars(names, self.table["ripe"], texts, colours, ax)
        under = style.say(_("leads made {days:days} ago or earlier; in colour: most to gain"), self.rule)
        told = "; ".join(f"{name}: {text}" for name, text in zip(names, texts, strict=True))
        return figure.name(ax, _("Leads by the stages they reach"), under, told)

    def summary(self):
        labels = {"lost": _("Lost in it"), "open": _("Open in it"), "worth": _("One point more, a year")}
        tables = [show(self.table.drop(columns="wins"), _("The stages"), labels=labels, currency=self.currency)]
        own = self.groups[self.groups["stage"] == self.weakest["stage"]]
        title = _("Who goes on after {stage}").format(stage=_point(self.weakest["stage"]))
        return [*tables, *([show(own.drop(columns="stage"), title)] if len(own) else [])]

    def method(self):
        text = _(
            "A lead with a later date has passed the stages before. Ripe from {days:days} on: by then 95 of 100 "
            "that get closed are, open ones censored. Days of a stage: the open are censored, losing competes. "
            "One point more: of a year's leads, with today's later conversions and the mean first-year margin "
            "of a win (its expected value where fewer than 30 wins are a year old); what brings it about is not "
            "known."
        )
        if self.counted["unread"]:
            text += " " + _("Left out, outcome not understood: {unread:count} leads.")
        text += " " + _("Intervals ({level}): Wilson; of money, normal on the logarithm.")
        values = self.counted | self.rule | {"level": style.level(self.confidence)}
        return style.say(f"{text} {self.prices.said()}", values)


@analysis
def funnel(firm, *, by=("channel", "owner", "quarter")):
    """How many leads reach each stage and go on from it, and at which stage one point more is worth most.

    Parameters
    ----------
    firm : Firm
    by : columns of the leads, or "quarter" of creation, whose conversions stand beside; those not there are passed over

    Returns
    -------
    Funnel; not possible where there are no leads, fewer than 30 are closed on a known day, fewer than half are within
    the history, or none whose time has come was won
    """
    rule, every = ripe_rule(firm), deals(firm)
    understood = every["outcome"].notna()
    columns = [*TOLD, *(f"{stage}_on" for stage in STAGES), *by]
    known = every.loc[understood, every.columns.intersection(columns)].reset_index(drop=True)
    ripe = is_ripe(firm)[understood].to_numpy()
    stages, dates, reached = _reached(known, firm.as_of)
    if not reached[ripe, -1].any():
        text = _("leads: of {ripe} whose time has come none was won; a funnel needs one win. Take a later date.")
        raise DataError(text.format(ripe=ripe.sum()))
    rows, ended = [], {end: (known["outcome"] == end).to_numpy() for end in ("lost", "open")}
    for place, stage in enumerate(stages):
        counts = {"stage": stage, "entered": int(reached[:, place].sum())}
        if stage != "won":
            stay = reached[:, place] & ~reached[:, place + 1]
            counts["went_on"] = int(reached[:, place + 1].sum())
            counts |= {end: int((stay & own).sum()) for end, own in ended.items()}
        rows.append(counts | {"ripe": int(reached[ripe, place].sum())})
    table = pd.DataFrame(rows).astype(dict.fromkeys(("went_on", "lost", "open"), "Int64"))
    table = pd.concat([table, _conversion(reached[ripe], firm.confidence)], axis=1)
    spans = [_stage_days(dates, ended["lost"], reached[:, place:], firm.confidence) for place in range(len(stages) - 1)]
    table = pd.concat([table, pd.DataFrame(spans), _gains(firm, known, reached, ripe, rule["days"])], axis=1)
    counted = {"leads": len(known), "ripe": int(ripe.sum()), "unread": len(every) - len(known)}
    counted["won_share"] = reached[ripe, -1].mean()
    groups = _groups(known[ripe], stages, reached[ripe], by, firm.confidence)
    return Funnel(table, groups, counted, rule, firm.currency, firm.confidence, firm.prices)


def _point(stage):
    """What a stage is called in a sentence, after "after"."""
    names = {"created": _("creation"), "contacted": _("the first contact"), "qualified": _("qualification")}
    return (names | {"proposed": _("the offer")})[stage]


def _reached(known, as_of):
    """The stages there are, the day of each, from `as_of`, and whether a lead has reached it or a later one."""
    stages = [stage for stage in STAGES if f"{stage}_on" in known and known[f"{stage}_on"].notna().any()]
    days = [f"{name}_on" for name in ("created", *stages, "closed")]
    dates = np.column_stack([(pd.to_datetime(known[name]) - as_of) / DAY for name in days])
    has = np.column_stack([~np.isnan(dates[:, :-1]), known["outcome"] == "won"])
    return ["created", *stages, "won"], dates, np.maximum.accumulate(has[:, ::-1], axis=1)[:, ::-1]


def _conversion(reached, confidence):
    """Of those who reached each stage the share who reached the next, with its interval; the last has none."""
    base = reached.sum(axis=0)
    share = np.append(base[1:] / np.where(base[:-1] > 0, base[:-1], np.nan), np.nan)
    return pd.DataFrame(bounded("conversion", share, wilson(np.append(base[1:], np.nan), base, confidence)))


def _stage_days(dates, lost, reached, confidence):
    """``stage_days`` with bounds: days by which half of those who go on have; dates out of order tell nothing."""
    place, (inside, on) = -reached.shape[1], reached[:, :2].T
    end = np.where(on, dates[:, place + 1], np.where(lost, dates[:, -1], 0.0))  # the open are so on the day
    days, event = end - dates[:, place], np.where(on, 0, np.where(lost, 1, -1))
    seen, bounds = inside & (days >= 0), (np.nan,) * 3
    if (on & seen).sum() >= 10:
        events = pd.Categorical.from_codes(event[seen], ["on", "lost"])
        found = incidence(days[seen], events, min(days[seen].max(), LONGEST))
        bounds = found.day_of("on", 0.5, confidence)
    return bounded("stage_days", bounds[0], bounds[1:])


def _gains(firm, known, reached, ripe, days):
    """``wins`` and ``worth`` of one point more at each stage, with the bounds of the money; missing in the last row."""
    last, made = firm.as_of - days * DAY, known["created_on"]
    span = min(YEAR, (last - made.min()) / DAY + 1)
    year = reached[ripe & (made > last - YEAR * DAY)].sum(axis=0) * YEAR / span
    base = reached[ripe].sum(axis=0)
    later = base[-1] / np.where(base > 0, base, np.nan)[1:]
    wins = POINT * year[:-1] * later
    error = (1 - later) / np.where(base[-1] > 0, base[-1], np.nan) + 1 / np.where(year > 0, year, np.nan)[:-1]
    found, value = pd.DataFrame({"wins": np.append(wins, np.nan)}), pd.Series(dtype=float)
    margins = year_margins(firm)
    if len(margins) >= ENOUGH:
        value = margins
    elif "expected_value" in known:
        value = (known["expected_value"] * firm.prices.factors(made))[ripe & reached[:, -1]].dropna()
    spread = value.var() / value.mean() ** 2 / len(value) if len(value) > 1 and value.mean() > 0 else np.nan
    gain = np.append(wins * value.mean(), np.nan) if spread == spread else np.full(len(found), np.nan)
    return found.assign(**bounded("worth", gain, on_logs(gain, np.append(np.sqrt(error + spread), 0), firm.confidence)))


def _groups(rows, stages, reached, by, confidence):
    """``groups`` of `Funnel`, of ripe leads."""
    quarter, names = pd.factorize(rows["created_on"].dt.to_period("Q"), sort=True)
    quarter = pd.Categorical.from_codes(quarter, names.astype("str"), ordered=True)
    found, rows = [], rows[[name for name in by if name in rows]].assign(quarter=quarter)
    for trait in (name for name in by if name in rows and rows[name].notna().any()):
        level, names = named_levels(rows, trait)
        for place, name in enumerate(names):
            own = reached[level == place]
            parts = _conversion(own, confidence).assign(trait=trait, level=name, stage=stages, ripe=own.sum(axis=0))
            found.append(parts.iloc[:-1])
    columns = ["trait", "level", "stage", "ripe", "conversion", "conversion_low", "conversion_high"]
    return pd.concat(found, ignore_index=True)[columns] if found else pd.DataFrame(columns=columns)
