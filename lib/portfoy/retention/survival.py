"""How long do contracts last, and why do they end?"""

from dataclasses import dataclass

import ibis
import numpy as np
import pandas as pd

from portfoy.customers import to_frame
from portfoy.errors import DataError
from portfoy.firm import analysis
from portfoy.intervals import corrected, z_value
from portfoy.locale import _
from portfoy.models import lifetimes
from portfoy.models.logistic import make_terms, said_terms, stack
from portfoy.models.threads import one_thread
from portfoy.people import NOT_KNOWN, OTHERS, TRAITS
from portfoy.source.contract import TABLES
from portfoy.words import figure, shapes, style
from portfoy.words.codes import said_as
from portfoy.words.result import Finding, NotPossible, Result
from portfoy.words.table import show

FEWEST = 10  # ends, below which a curve tells nobody anything; and for each column of the regression
MOST = 20_000  # contracts in the tests of traits and the regression, about; of more a part, drawn by a hash
GROUPS, LEVELS = 4, 12  # with a curve of their own; of a trait in its test
ALL = "all contracts"


@dataclass(frozen=True)
class Survival(Result):
    """How long contracts last; those that still run have told only that they last longer than so far.

    ``table``, one row per ``group`` of `by`, the longest first: ``contracts``, ``ended``; ``running`` share that lasts
    longer than `months`; ``lasting`` mean months within them; ``median`` months by which half have ended; with bounds,
    missing where nobody was seen so long. ``total`` the same of all. ``curves``: ``group``, ``months``, ``share`` with
    bounds. ``traits``, one row per ``trait`` looked at: ``levels``, ``chi_square``, ``p_value``, ``p_corrected`` for
    all that were. ``hazards``, one row per column of a Cox regression: ``feature``, ``level``, ``reference``, ``step``,
    and of `fit_cox`; empty where too few ended. ``causes`` a `Causes`. ``left_out`` trait -> why; ``unknown`` contracts
    of unknown length; ``late`` the table lacks those that ended before its first end.
    """

    table: pd.DataFrame
    total: dict
    curves: pd.DataFrame
    traits: pd.DataFrame
    hazards: pd.DataFrame
    causes: Result
    by: str
    months: int
    left_out: dict
    unknown: int
    late: bool
    confidence: float

    @property
    def differs(self):
        """Whether the groups differ by more than chance, as many traits as were looked at."""
        return bool((self.traits.set_index("trait")["p_corrected"].get(self.by, 1.0)) <= 1 - self.confidence)

    def finding(self):
        if pd.notna(self.total["median"]):
            return Finding(style.say(_("Half of contracts end within {median:months}"), self.total))
        text = _("{running:share} of contracts last longer than {months:months}")
        return Finding(style.say(text, self.total | vars(self)))

    def reading(self):
        text = _("Of {months:months} a contract lasts {lasting:number} on average ({lasting_interval:number}).")
        known = self.table[~self.table["group"].isin([OTHERS, NOT_KNOWN])].dropna(subset="lasting")
        told = self.total | {"months": self.months}
        if len(known) > 1 and self.differs:
            text += " " + _("Longest with {first}, {most:number} months; shortest with {last}, {least:number}.")
            first, last = (style.coded(known.iloc[place]) for place in (0, -1))
            told |= {"first": first["group"], "most": first["lasting"], "last": last["group"], "least": last["lasting"]}
        elif len(self.table) > 1:
            text += " " + _("Groups do not differ beyond chance.")
        return style.say(text, told)

    def plot(self, ax=None):
        columns, parts = ["months", "share", "share_low", "share_high"], []
        colours = [style.ACCENT, style.SECOND, style.INK, style.WARM, style.MUTED, style.PALE]
        for colour, (group, rows) in zip(colours, self.curves.groupby("group", sort=False), strict=False):
            parts.append((style.shorten(said_as("group", group), 20), colour, *(rows[name] for name in columns)))
        ax, step = shapes.lines(parts, ax), next((step for step in (1, 3, 6) if self.months <= 6 * step), 12)
        ax.set(ylim=(0, 1.02), xlim=(0, None), xticks=range(0, self.months + 1, step))
        figure.per_cent(ax.yaxis)
        under = _("by months since they began; band: {level} interval").format(level=style.level(self.confidence))
        text = _("{group}: {running:share} after {months:months}")
        told = [style.say(text, style.coded({**row, "months": self.months})) for _place, row in self.table.iterrows()]
        return figure.name(ax, _("Contracts still running"), under, "; ".join(told))

    def summary(self):
        tables = [show(self.table, style.say(_("How long contracts last, of {months:months}"), vars(self)))]
        if len(self.traits):
            tests = self.traits.drop(columns=["levels", "chi_square"])
            tables.append(show(tests, _("Traits that may go along with it")))
        if len(self.hazards):
            said = said_terms(self.hazards, "hazard_ratio").join(self.hazards["p_value"])
            tables.append(show(said, _("Ending sooner (above 1), all taken together")))
        return tables

    def method(self):
        text = _(
            "Kaplan-Meier; running contracts count for as long as they have run. Intervals ({level}): log-log. "
            "Log-rank tests of {traits:count} traits, corrected (Benjamini-Hochberg)."
        )
        moving = (self.hazards["p_steady"] * len(self.hazards) < 1 - self.confidence).sum() if len(self.hazards) else 0
        if len(self.hazards):
            text += " " + _("Cox regression (Efron): what goes along with an end, not its cause.")
            steady = _("Its ratios seem to hold at all ages (Schoenfeld).")
            text += " " + (_("{moving:count} of its ratios move with age and are means.") if moving else steady)
        text += " " + _("Left out: {left_out}.") if self.left_out else ""
        if self.late:
            text += " " + _("What ended before the first listed end is missing: others count from then.")
        text += " " + _("Of unknown length, not counted: {unknown:count}.") if self.unknown else ""
        told = {"level": style.level(self.confidence), "traits": len(self.traits), "moving": moving}
        told["left_out"] = "; ".join(f"{style.shorten(name)} ({why})" for name, why in self.left_out.items())
        return style.say(text, told | {"unknown": self.unknown})


@dataclass(frozen=True)
class Causes(Result):
    """Why contracts end, as competing risks. ``table``, one row per cause, the largest first, as from `cause_table`."""

    table: pd.DataFrame
    months: int
    confidence: float

    @property
    def first(self):
        """The largest cause that is known, in words; ``leads``: it ended more than the next by more than chance."""
        known = self.table[~self.table["cause"].isin([OTHERS, NOT_KNOWN])]
        one, two = [*known["ended"], 0, 0][:2]
        leads = one - two > z_value(self.confidence) * np.sqrt(one + two)  # sign test
        return {**known.iloc[0], "cause": style.shorten(known["cause"].iloc[0]), "months": self.months, "leads": leads}

    def finding(self):
        leads = _("The first cause of leaving is {cause}: {share:share} of contracts")
        none = _("No one cause of leaving leads: {cause} takes {share:share}")
        return Finding(style.say(leads if self.first["leads"] else none, self.first))

    def reading(self):
        text = _("Within {months:months} {all:share} of the contracts end; {cause} takes {share_interval:share}.")
        return style.say(text, self.first | {"all": self.table["share"].sum()})

    def plot(self, ax=None):
        names = [style.shorten(said_as("level", cause)) for cause in self.table["cause"]]
        texts = [style.share(share, 0) for share in self.table["share"]]
        colours = [style.WARM, *[style.MUTED] * len(names)] if self.first["leads"] else [style.MUTED] * len(names)
        bounds = self.table["share_low"], self.table["share_high"]
        ax = shapes.ranked_bars(names, self.table["share"], texts, colours[: len(names)], ax, bounds=bounds)
        under = _("of all contracts, within {months} months; line: {level} interval")
        under = under.format(months=self.months, level=style.level(self.confidence))
        return figure.name(ax, _("Why contracts end"), under, "; ".join(map(" ".join, zip(names, texts, strict=True))))

    def summary(self):
        return show(self.table, _("Why contracts end"), labels={"share": _("Ended over it, of all")})

    def method(self):
        text = _("Competing risks (Aalen and Johansen): one cause rules out the others. {level} interval.")
        return text.format(level=style.level(self.confidence))


@analysis
@one_thread()
def survival(firm, *, by=None, horizon_months=24):
    """How long contracts last, by plan or another trait, and what goes along with it.

    Parameters
    ----------
    firm : Firm
    by : column of subscriptions or trait of customers that makes the groups; by default ``plan``, where it is there
    horizon_months : within which lasting is counted; as many as contracts have been seen, where these are fewer

    Returns
    -------
    Survival; not possible without a table of contracts, where fewer than 10 have ended or none was seen for a month,
    or `by` is no column
    """
    table, traits = _with_traits(lifetimes.contract_lifetimes(firm.tables.subscriptions, firm.as_of), firm)
    by, confidence = by or ("plan" if "plan" in traits else None), firm.confidence
    if by is not None and by not in traits:
        text = _("survival: there is no trait '{by}'; there are {traits}. Take one of these.")
        raise DataError(text.format(by=by, traits=", ".join(traits) or _("none")))
    keys = {"duration": table.months, "ended": table.over.cast("int8"), "entry": table.entry, "cause": table.cause}
    keys["group"] = table[by].cast("string").fill_null(NOT_KNOWN) if by else ibis.literal(ALL)
    counts = to_frame(table.group_by(**keys).agg(contracts=table.count()))
    unknown = int(counts.loc[counts["duration"].isna(), "contracts"].sum())
    counts = lifetimes.begun_late(counts.dropna(subset="duration").reset_index(drop=True))
    months = _months(counts, horizon_months, firm.as_of)
    counts["group"] = _few(counts["group"], counts["contracts"], GROUPS)
    counts["cause"] = counts["cause"].where(counts["cause"].notna() | (counts["ended"] == 0), NOT_KNOWN)
    counts["cause"] = _few(counts["cause"], counts["contracts"], LEVELS)
    rows, curves = [], []
    for group, part in [(ALL, counts), *counts.groupby("group")]:
        life, seen = lifetimes.life_table(part, confidence), part["duration"].max()
        n, ended = int(part["contracts"].sum()), int(part["contracts"] @ part["ended"])
        rows.append(
            {"group": group, "contracts": n, "ended": ended} | lifetimes.told_of(life, seen, months, confidence)
        )
        at = np.arange(min(months, int(seen)) + 1)
        curve = life.iloc[np.searchsorted(life["months"], at, side="right") - 1].assign(months=at, group=group)
        curves.append(curve[["group", "months", "share", "share_low", "share_high"]])
    total, *rows = rows
    rows = pd.DataFrame(rows).sort_values("lasting", ascending=False, kind="stable", ignore_index=True)
    curves = pd.concat(curves[1:]).set_index("group").loc[rows["group"]].reset_index()
    late = bool((counts["entry"] >= 0).any())
    each = _sample(table, traits, counts["contracts"].sum())
    each = each if late else each.assign(entry=-1.0)
    tests, left_out = _tests(each, traits, by, counts)
    hazards, more = _hazards(each, tests["trait"], confidence)
    told = {"by": by or "", "months": months, "left_out": left_out | more, "late": late, "confidence": confidence}
    told |= {"unknown": unknown, "causes": _causes(counts, months, confidence)}
    return Survival(rows, total, curves, tests, hazards, **told)


def _with_traits(table, firm):
    """The contracts with the traits of their customers beside their own, and the names of all."""
    own = [name for name in table.columns if name not in [*TABLES["subscriptions"], "over", "cause"]]
    own = [name for name in own if table[name].type().is_string() or table[name].type().is_boolean()]
    traits = (["plan"] if "plan" in table.columns else []) + own
    if firm.tables.customers is None:
        return table, traits
    theirs = [name for name in TRAITS if name in firm.people and name not in table.columns]
    people = firm.people.dropna(subset="customer_id")[["customer_id", *theirs]].astype("str")
    return table.left_join(ibis.memtable(people), "customer_id"), traits + theirs


def _months(counts, horizon, as_of):
    """The whole months within which lasting is counted; a DataError where nothing can be said."""
    total, ended = counts["contracts"].sum(), int(counts["contracts"] @ counts["ended"])
    months = int(min(counts["duration"].max(), horizon)) if total else 0
    if ended >= FEWEST and months >= 1:
        return months
    text = _(
        "survival: {ended} of {n} contracts of known length by {day:%Y-%m-%d} have ended, the longest seen "
        "{months} months; {fewest} ends and 1 month are needed. Wait, or take a longer history."
    )
    raise DataError(text.format(day=as_of, n=total, ended=ended, months=months, fewest=FEWEST))


def _few(values, weight, most):
    """The values, all but the largest of them as one."""
    kept = weight.groupby(values).sum().drop(NOT_KNOWN, errors="ignore").nlargest(most + 1).index
    kept = kept if len(kept) <= most else kept[:most]
    return values.where(values.isin([*kept, NOT_KNOWN]) | values.isna(), OTHERS)


def _sample(table, traits, total):
    """One row per contract with its traits; of more than 20,000 about so many, by a hash of their ids."""
    if total > MOST:
        table = table.filter(table.contract_id.hash() % int(-(-total // MOST)) == 0)
    names = [*traits, *(["monthly_fee"] if "monthly_fee" in table.columns else [])]
    table = table.select(*names, duration=table.months, ended=table.over.cast("int8"), entry=table.entry)
    each = to_frame(table).dropna(subset="duration").reset_index(drop=True)
    return each.assign(contracts=1, **each[traits].astype("str"))


def _tests(each, traits, by, counts):
    """The log-rank test of each trait, that of `by` on all contracts; and those that cannot be tested -> why."""
    rows, left_out, lean = [], {}, each[["duration", "ended", "entry", "contracts"]]
    for trait in traits:
        level = _few(each[trait].fillna(NOT_KNOWN), each["contracts"], LEVELS)
        ended = each["ended"].groupby(level).mean()
        if each[trait].nunique() > 3 * LEVELS:
            left_out[trait] = _("too many levels")
        elif len(ended) > 1 and ended.isin([0, 1]).all():
            left_out[trait] = _("known only at the end")
        elif len(ended) > 1:
            found = lifetimes.log_rank(counts if trait == by else lean.assign(group=level), "group")
            rows.append((trait, len(ended), *found))
    table = pd.DataFrame(rows, columns=["trait", "levels", "chi_square", "p_value"])
    table["p_corrected"] = corrected(table["p_value"])
    return table.sort_values("p_value", kind="stable", ignore_index=True), left_out


def _hazards(each, traits, confidence):
    """The Cox regression of all traits and the fee together; and what is left out of it as it follows from others."""
    terms = make_terms(each, [*traits, *each.columns.intersection(["monthly_fee"])])
    rows = pd.DataFrame([row for term in terms for row in term.rows()])
    columns = pd.DataFrame(stack(terms, each), each.index)
    wrong = lifetimes.faults(columns, each["ended"].to_numpy() > 0)
    kept = [place for place in columns if place not in wrong]
    if not kept or each["ended"].sum() < FEWEST * len(kept):
        return rows.iloc[:0], {}
    weeks = 4 * each["duration"]  # its time goes with the number of ages at which contracts end
    each = each.assign(duration=np.where(each["ended"] > 0, np.ceil(weeks), np.floor(weeks)) / 4)
    found = lifetimes.fit_cox(each, columns[kept], confidence).drop(columns="column")
    gone = set(rows["feature"]) - set(rows["feature"].iloc[kept])
    return rows.iloc[kept].reset_index(drop=True).join(found), dict.fromkeys(sorted(gone), _("follows from others"))


def _causes(counts, months, confidence):
    if counts.loc[counts["ended"] > 0, "cause"].isin([NOT_KNOWN]).all():
        return NotPossible(_("survival: no contract says why it ended. Add ended_because to subscriptions."))
    return Causes(lifetimes.cause_table(counts, months, confidence), months, confidence)
