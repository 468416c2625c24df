"""Does service settle what customers come with, how soon, and do those leave whom it does not settle at once?"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from portfoy import metrics
from portfoy.customers import DAY, months_before, to_frame
from portfoy.errors import DataError
from portfoy.firm import analysis
from portfoy.intervals import bounded, change_p, on_logs, wald, wilson, z_value
from portfoy.locale import _
from portfoy.models.lifetimes import life_table
from portfoy.people import with_type
from portfoy.retention.afterwards import KNOWN, afterwards
from portfoy.retention.histories import YEAR
from portfoy.standing import lapsed_days
from portfoy.words import figure, shapes, style
from portfoy.words.codes import said_as
from portfoy.words.result import Action, Figure, Finding, Past, Result
from portfoy.words.table import show

OVERDUE = 0.9  # of tickets are settled by then
LEVELS = 8  # channels and topics by name
DATES = ["opened_on", "first_reply_on", "resolved_on", "closed_on", "reopened_on"]
TIMES = {"reply_days": "first_reply_on", "resolve_days": "settled_on"}
NO_LINK = pd.DataFrame(columns=["group", "left_since"])  # where too few are known


@dataclass(frozen=True)
class Service(Result):
    """What becomes of tickets, and of the customers behind them.

    ``table``, one row for all and per kind, channel and topic: ``trait``, ``level``; ``tickets`` opened in the `days`;
    ``complaint_share`` of them; ``closed`` in the `days`, and ``first_contact`` the share of these settled at first
    contact; ``reply_days``, ``resolve_days`` median (Kaplan-Meier; what is open is censored); all with bounds.
    ``past``: first contact a year and half a year before.
    ``link``, customers by their first complaint (first ticket, where none is marked) as ``group`` "at once", "not at
    once": ``customers``, ``left_since`` share with bounds that left within ``window`` days, mean ``purchases``,
    ``idle``, ``revenue`` before. ``after``: as from `alike`, and ``low``, ``high`` money; empty where too few are
    known. ``open``: open tickets, the oldest first; ``overdue`` those open for more than ``limit`` days, which nine in
    ten do not take.
    """

    table: pd.DataFrame
    past: dict
    link: pd.DataFrame
    after: dict
    open: pd.DataFrame
    limit: float
    marked: bool
    window: int
    days: int
    reopen_days: int
    currency: str
    confidence: float

    @property
    def leave(self):
        """Whether more of those whose complaint was not settled at once left, beyond chance."""
        return bool(self.after) and bool(self.after["more_low"] > 0)

    @property
    def late(self):
        return self.open[self.open["overdue"]]

    def finding(self):
        row = self.table.iloc[0]
        if self.leave:
            complaints = _("Complaints not settled at once go with {n:count} more leavers in 100")
            text = complaints if self.marked else _("Tickets not settled at once go with {n:count} more leavers in 100")
            return Finding(style.say(text, {"n": 100 * self.after["more"]}), self.after["low"], self.after["high"])
        if np.isnan(row["first_contact"]):
            return Finding(style.say(_("{tickets:count} tickets came in"), row))
        return Finding(style.say(_("{first_contact:share} of tickets are settled at first contact"), row))

    def reading(self):
        said, values = [], {**self.table.iloc[0], **self.after, "window": self.window}
        if self.after:
            values |= dict(zip(("settled", "unsettled"), self.link["left_since"], strict=True))
            left = _(
                "After a complaint not settled at once {unsettled:share} left within {window:days}, after one "
                "settled {settled:share}."
            )
            if not self.marked:
                left = _(
                    "After a ticket not settled at once {unsettled:share} left within {window:days}, after one settled "
                    "{settled:share}."
                )
            said.append(
                left if self.leave else _("Who is not settled at once does not leave more often, beyond chance.")
            )
        if not np.isnan(values["resolve_days"]):
            said.append(_("Half of the tickets are settled within {resolve_days:days}."))
        return style.say(" ".join(said), values)

    def figures(self):
        value = ["first_contact", "first_contact_low", "first_contact_high"]
        if self.days != YEAR or np.isnan(self.table["first_contact"].iloc[0]):
            return []
        return [Figure("first_contact_resolution", *self.table.iloc[0][value], "share", better="up", **self.past)]

    def actions(self):
        if self.late.empty:
            return []
        text = _("Settle tickets open for more than {limit:days}, oldest first: {n:count}")
        worth = self.late.drop_duplicates("customer_id")["year_revenue"].sum() if "year_revenue" in self.late else None
        said = style.say(text, {"n": len(self.late), "limit": self.limit})
        return [Action(said, worth, "open_tickets", self.late.drop(columns="overdue"))]

    def plot(self, ax=None):
        names = {"first_contact": "value", "first_contact_low": "low", "first_contact_high": "high"}
        rows = self.table.rename(columns=names).dropna(subset="value")
        if len(rows) < 3:
            return None
        rows[[*names.values()]] *= 100
        at, rows = rows["value"].iloc[0], rows.iloc[1:].reset_index(drop=True)
        toward = (rows["value"] - rows["low"]).where(rows["value"] > at, rows["high"] - rows["value"])
        wider = z_value(1 - (1 - self.confidence) / len(rows)) / z_value(
            self.confidence
        )  # for so many rows: Bonferroni
        rows["strong"] = (rows["value"] - at).abs() > wider * toward
        rows["name"], rows["group"] = [said_as("level", level) for level in rows["level"]], rows["trait"]
        rows["heading"] = [said_as("trait", trait) for trait in rows["trait"]]
        ax = shapes.dots(rows, ax, at=at, write=lambda value: style.share(value / 100, 0))
        under = _("per cent of closed tickets, last {days} days; line: all; {level} interval")
        under = under.format(days=style.number(self.days), level=style.level(self.confidence))
        numbers = (style.say(_("{name}: {value:count}"), row) for _place, row in rows.iterrows())
        return figure.name(ax, _("Settled at first contact"), under, "; ".join(numbers))

    def summary(self):
        titles = [
            (self.table, _("Last {days} days; days are medians")),
            (self.link, _("First complaint, settled or not; left within {window} days")),
            (self.open.drop(columns="overdue").head(15), _("Open tickets, the oldest first")),
        ]
        said = {"days": style.number(self.days), "window": style.number(self.window)}
        return [show(table, title.format(**said), currency=self.currency) for table, title in titles if len(table)]

    def method(self):
        said = [
            _(
                "Settled at first contact: closed after one contact, not opened again within {reopen_days:days}. "
                "Median days: Kaplan-Meier. Intervals: {level}."
            )
        ]
        if self.after:
            said.append(
                _(
                    "Among customers alike in purchases, idle days and revenue before, {more:share} more left "
                    "({more_interval:share}; Mantel-Haenszel): {effect:share} of those who would have bought again "
                    "({effect_interval:share}). It goes along with the ticket; what else "
                    "differs is not seen. Money: that share of a year's revenue "
                    "of those of the last {days:count} days."
                )
            )
        return style.say(" ".join(said), {**vars(self), **self.after, "level": style.level(self.confidence)})


@analysis
def service(firm, *, days=YEAR, reopen_days=30):
    """What share of tickets is settled at first contact, how soon, and whether customers leave where it is not.

    Parameters
    ----------
    firm : Firm
    days : tickets of so many last days
    reopen_days : a ticket that was opened again within so many days of being settled was not

    Returns
    -------
    Service; not possible where there is no table of tickets, or fewer than 30 of the last `days`
    """
    rows, sure = _rows(firm, reopen_days), firm.confidence
    metrics.enough("tickets", int((rows["opened_on"] > firm.as_of - days * DAY).sum()), days)
    table = pd.DataFrame([_row(rows[here], *about, firm.as_of, days, sure) for *about, here in _levels(rows)])
    table = table[(table["tickets"] >= metrics.FEWEST) | (table["trait"] == "all")].reset_index(drop=True)
    window = lapsed_days(firm, 0)
    link, after = _link(firm, rows, window, days) if window else (NO_LINK, {})
    marked = bool(rows["is_complaint"].eq(1).any())
    about = _past(firm, rows, table.iloc[0], days), link, after, *_open(firm, rows), marked, window, days
    return Service(table, *about, reopen_days, firm.currency, sure)


def _rows(firm, reopen_days):
    """One row per ticket with the columns of the contract, ``once``, ``settled_on``: resolved or else closed; kind."""
    table = metrics.engine(firm.tables.tickets, "tickets", ["ticket_id", "customer_id", "opened_on"])
    if {"touches", "closed_on"} <= {*table.columns}:
        table = metrics.at_once(table, as_of=firm.as_of, reopen_days=reopen_days)
    rows = to_frame(table.filter(table.customer_id.notnull() & table.opened_on.notnull()))
    numbers = ["touches", "once", "is_complaint"]
    rows = rows.reindex(columns=[*dict.fromkeys([*rows, *DATES, *numbers, "channel", "topic"])])
    rows[DATES], rows[numbers] = rows[DATES].apply(pd.to_datetime), rows[numbers].astype("float64")
    rows["settled_on"] = rows["resolved_on"].fillna(rows["closed_on"])
    rows["kind"] = rows["is_complaint"].map({1.0: "complaint", 0.0: "other request"})
    return rows.sort_values(["opened_on", "ticket_id"], kind="stable", ignore_index=True)


def _levels(rows):
    """(trait, level, whose tickets) of all, and of each kind, channel and topic, the most frequent first."""
    found = [("all", "all tickets", pd.Series(True, rows.index))]
    for trait in ("kind", "channel", "topic"):
        names = rows[trait].value_counts().head(LEVELS).index
        found += [(trait, str(name), rows[trait] == name) for name in names]
    return found


def _lately(rows, day, days, column="opened_on"):
    return rows[(rows[column] > day - days * DAY) & (rows[column] <= day)]


def _row(rows, trait, level, day, days, confidence):
    """The row of `Service.table` of these tickets, as they stood on a day."""
    opened, once = _lately(rows, day, days), _once(rows, day, days)
    row = {"trait": trait, "level": level, "tickets": len(opened), "closed": len(once)}
    row |= _share("complaint_share", opened["is_complaint"].dropna(), confidence)
    row |= _share("first_contact", once, confidence)
    for name, end in TIMES.items():
        row |= bounded(name, *_median(_waited(opened, end, day), confidence))
    return row


def _once(rows, day, days):
    """Whether each ticket closed by a day was settled at first contact, as far as that was known then."""
    closed = _lately(rows, day, days, "closed_on")
    return closed["once"].mask(closed["reopened_on"] > day, (closed["touches"] <= 1).astype(float)).dropna()


def _share(name, flags, confidence):
    """A share with its bounds; missing of fewer than 30."""
    n, k = len(flags) if len(flags) >= metrics.FEWEST else np.nan, flags.sum()
    return bounded(name, k / n, wilson(k, n, confidence))


def _waited(rows, end, day):
    """Days until the end, or until the day, and whether it came by then, as counts of `life_table`.

    Nobody where no end is ever noted; who was settled without a reply on a known day is left out.
    """
    known = rows[rows[end].notna() | (rows[end].notna().any() & ~(rows["settled_on"] <= day))]
    waited = (known[end].fillna(day).clip(upper=day) - known["opened_on"]) / DAY
    return pd.DataFrame({"duration": waited, "ended": known[end] <= day, "entry": -1.0, "contracts": 1})


def _median(waited, confidence, share=0.5):
    """The day by which all but a share are over, and its bounds (Brookmeyer & Crowley 1982)."""
    life = life_table(waited, confidence)
    curves = ["share", "share_low", "share_high"]
    life[curves] = life[curves].mask(life["share"] == 0, 0.0)
    if len(waited) < metrics.FEWEST or not (life["share"] <= share).any():
        return np.nan, (np.nan, np.nan)
    middle, low, high = (life.loc[life[name] <= share, "months"].min() for name in curves)
    return middle, (low, high)


def _past(firm, rows, now, days):
    """`Service.past`."""
    past, names = {}, ["first_contact", "first_contact_low", "first_contact_high"]
    for when, months in (("year", 12), ("half", 6)):
        day = months_before(firm.as_of, months)
        was = list(_share("first_contact", _once(rows, day, days), firm.confidence).values())
        if not np.isnan(was[0]):
            past[when] = Past(f"{day:%Y-%m-%d}", float(was[0]), change_p([*now[names]], was, firm.confidence))
    return past


def _link(firm, rows, window, days):
    """`Service.link` and `Service.after`."""
    marked = rows["is_complaint"].eq(1)
    cases = rows[marked | (not marked.any())].dropna(subset="once").rename(columns={"opened_on": "day"})
    cases["group"] = np.select([cases["touches"] > 1, cases["once"] == 1], ["not at once", "at once"], "")
    cases = afterwards(firm, cases[["customer_id", "day", "group"]], window)
    told = cases.drop_duplicates("customer_id").dropna(subset="left")
    told = told[told["group"] != ""].reset_index(drop=True)
    parts = [part for _group, part in told.groupby("group")]
    if min(map(len, parts), default=0) < metrics.FEWEST or len(parts) < 2:
        return NO_LINK, {}
    link = pd.DataFrame(
        {"group": part["group"].iloc[0], "customers": len(part), **_share("left_since", part["left"], firm.confidence)}
        | part[KNOWN].mean().to_dict()
        for part in parts
    )
    thirds = (np.minimum(3 * (told[name].rank() - 1) // len(told), 2) for name in KNOWN)
    strata = sum(3**place * third for place, third in enumerate(thirds))
    after = alike(told["group"] == "not at once", told["left"] == 0, strata, firm.confidence)
    last = cases[(cases["group"] == "not at once") & (cases["day"] > firm.as_of - days * DAY)]
    money = last.drop_duplicates("customer_id", keep="last")["revenue"].sum()
    return link, after | {end: max(after[f"more_{end}"], 0) * money for end in ("low", "high")}


def alike(hit, stayed, strata, confidence):
    """How many more of those `hit` did not stay than of others in their stratum, and of those who would have.

    ``more`` a difference, and ``effect`` one less the ratio of those who stayed, both pooled as Mantel and Haenszel
    (1959) do, with bounds (Greenland & Robins 1985, Biometrics 41, 55-68).
    """
    cells = pd.DataFrame({"n1": hit, "n0": ~hit, "a": hit & stayed, "c": ~hit & stayed}).groupby(strata).sum()
    n1, n0, a, c = (cells[name].astype("float64") for name in cells)
    n, top, bottom = n1 + n0, (a * n0 / (n1 + n0)).sum(), (c * n1 / (n1 + n0)).sum()
    weight = (n1 * n0 / n).sum()
    of_one, of_other = a * (n1 - a) / n1.clip(lower=1), c * (n0 - c) / n0.clip(lower=1)
    error = np.sqrt(((of_one * n0**2 + of_other * n1**2) / n**2).sum()) / weight
    log_error = np.sqrt((((a + c) * n1 * n0 - a * c * n) / n**2).sum() / (top * bottom))
    low, high = on_logs(top / bottom, log_error, confidence)
    found = bounded("more", (bottom - top) / weight, wald((bottom - top) / weight, error, confidence))
    return found | bounded("effect", 1 - top / bottom, (1 - high, 1 - low))


def _open(firm, rows):
    """`Service.open` and ``limit``."""
    limit = _median(_waited(rows, "settled_on", firm.as_of), firm.confidence, share=1 - OVERDUE)[0]
    waiting = rows[rows["settled_on"].isna() & rows["settled_on"].notna().any()]
    waiting = with_type(waiting[["customer_id", "ticket_id", "opened_on", "kind", "channel", "topic"]], firm.people)
    waiting["days_open"] = (firm.as_of - waiting["opened_on"]) // DAY
    try:
        bought = firm.recent(12).set_index("customer_id")["revenue"]
        waiting["year_revenue"] = waiting["customer_id"].map(bought).fillna(0.0)
    except DataError:
        pass
    waiting["overdue"] = waiting["days_open"] > limit
    why = style.say(_("nine in ten take at most {limit:days}"), {"limit": limit})
    waiting["why"] = np.where(waiting["overdue"], str(why), "")
    waiting["action"] = np.where(waiting["overdue"], _("call today and settle it"), _("settle it in turn"))
    return waiting.reset_index(drop=True), limit
