"""What is known of all customers, worked out once a firm, and what has happened with each, in one table."""

import difflib
import re
import unicodedata
import uuid
from dataclasses import dataclass

import ibis
import numpy as np
import pandas as pd

from portfoy.customers import DAY, months_before, purchases_by, to_frame
from portfoy.errors import DataError
from portfoy.firm import analysis
from portfoy.locale import _
from portfoy.models.columns import CONTROL
from portfoy.models.lists import held_out
from portfoy.people import TRAITS
from portfoy.selection.lifetime_value import lifetime_value
from portfoy.selection.rfm import rfm
from portfoy.source.files import is_embedded
from portfoy.source.servers import held
from portfoy.standing import rule_of, state_table

FEWEST = 3  # gaps from which somebody has a rhythm of his or her own
LATELY, YEAR = 182, 365  # days in which a held out is left in peace; and in which an answer is a reason to call
PART = 5  # one customer in so many is valuable
DETRACTS = 6  # answers up to which somebody is unhappy
MANY = 20_000  # ids that are all compared with one that is not there
WORTH = ["p_alive", "expected_value", "expected_value_low", "expected_value_high"]
WANTED = ["name", *TRAITS, "known_on", "state", "revenue", "idle", "purchases", "gaps", "usual", "longest"]
WANTED += ["year_revenue", "before_revenue", *WORTH, "segment", "segment_then", "tickets_open", "opened_on"]
WANTED += ["nps", "answered_on", "began"]
DATES = ["known_on", "opened_on", "answered_on", "began"]
KINDS = {"customer_id": "string", "day": "date", "event": "string", "about": "string", "amount": "float64",
         "score": "float64", "until": "date"}  # fmt: skip
SAID = {  # event -> its table, its day, and the columns of the table that say the others
    "contact": ("contacts", "contacted_on", {"about": "campaign_id"}),
    "ticket": ("tickets", "opened_on", {"about": "topic"}),
    "answer": ("surveys", "answered_on", {"score": "nps"}),
    "contract": ("subscriptions", "started_on", {"about": "plan", "amount": "monthly_fee"}),
    "end": ("subscriptions", "ended_on", {"about": "ended_because"}),
}


@dataclass(frozen=True)
class Known:
    """All customers of a firm: ``table``, by customer_id, the columns of `CustomerCard`; ``value``, ``rule``, false
    where there is none; ``alike``: customers whose row in the list is like another one's, and what is alike in them.
    """

    table: pd.DataFrame
    value: object
    rule: object
    alike: pd.DataFrame


def known(firm, value=None):
    """The `Known` of a firm; DataError where nobody is a customer."""

    def work():
        people, service = firm.people.dropna(subset="customer_id").set_index("customer_id"), _service(firm)
        ids = ids_of(firm)
        if ids.empty:
            raise DataError(_("customer_card: nobody is a customer on this day; leads alone have no card."))
        worth, rule, listed = lifetime_value(firm) if value is None else value, _rule(firm), _listed(firm)
        parts = [people, service, _bought(firm), _standing(firm), _segments(firm), listed.get(["name"])]
        parts += [worth.table.set_index("customer_id")[WORTH]] if worth else []
        parts = [part.reindex(ids) for part in parts if part is not None and len(part)]
        table = pd.concat([pd.DataFrame(index=ids), *parts], axis=1).reindex(columns=WANTED)
        table[DATES] = table[DATES].apply(pd.to_datetime)
        if "tickets_open" in service:
            table["tickets_open"] = table["tickets_open"].fillna(0)
        table = table.assign(known_on=table["known_on"].fillna(table.pop("began")), next=_next(firm, table))
        return Known(table, worth, rule, _alike(listed.reindex(ids)))

    return firm.once(("known", id(value)), work)


def ids_of(firm):
    """The ids of all customers of a firm, sorted; who has a contract is one."""
    ids, contracts = pd.Index(firm.people["customer_id"].dropna()), firm.tables.subscriptions
    if contracts is not None and "customer_id" in contracts.columns:
        ids = ids.union(to_frame(contracts.select("customer_id").distinct())["customer_id"].dropna())
    return ids.astype("str").sort_values().rename("customer_id")


def find(ids, asked):
    """The id that is asked for; DataError, in one line with near ones, where there is none such."""
    if asked in ids:
        return asked
    some = ids if len(ids) <= MANY else [one for one in ids if one[:-2] == asked[:-2] or one[-2:] == asked[-2:]]
    near = [each for each in ids if _plain(each) == _plain(asked)] or difflib.get_close_matches(asked, list(some), n=3)
    text = _("customers: there is no customer {asked!r}; zeros and capitals count. Take an id of the data.")
    if near:
        text = _("customers: there is no customer {asked!r}; zeros and capitals count. Did you mean {near}?")
    raise DataError(text.format(asked=asked, near=", ".join(near[:3])))


def _plain(text):
    """An id without leading zeros, blanks and capitals."""
    return re.sub(r"0+(?=\d)", "", "".join(text.split()).casefold())


def chosen(table):
    """The customer at risk of whom most is expected; else the one who brought most."""
    risk = table[(table["state"] == "at risk") & (table["expected_value"] > 0)]
    values = risk["expected_value"] if len(risk) else table["revenue"].astype(float).fillna(-np.inf)
    return values.sort_index().idxmax()


_rule = analysis(rule_of)


@analysis
def _bought(firm):
    """Days and money of those who bought, with their own rhythm: ``gaps``, ``usual`` (median) and ``longest`` days."""
    days, log = purchases_by(firm.log, firm.as_of), firm.log
    days = days.filter(days.day.notnull()).select("customer_id", "day")
    days = days.mutate(gap=days.day.delta(days.day.lag().over(group_by="customer_id", order_by="day"), unit="day"))
    gaps = days.group_by("customer_id").agg(gaps=days.gap.count(), usual=days.gap.median(), longest=days.gap.max())
    year, before = (months_before(firm.as_of, months).date() for months in (12, 24))
    money = {"year_revenue": log.ordered_on > year}
    if firm.customers["first_order"].min().date() <= before:
        money["before_revenue"] = (log.ordered_on > before) & (log.ordered_on <= year)
    money = {name: log.amount.sum(where=when).fill_null(0) for name, when in money.items()}
    parts = [to_frame(part).set_index("customer_id") for part in (gaps, log.group_by("customer_id").agg(**money))]
    return firm.customers.set_index("customer_id")[["revenue", "idle", "purchases"]].join(parts)


@analysis
def _standing(firm):
    table = state_table(firm.log, rule_of(firm), as_of=firm.as_of, people=firm.people)
    return table.set_index("person_id")[["state"]].astype("str")


@analysis
def _segments(firm):
    """The segment now and a year ago, by the same cut points; then only where the history is as long as a silence."""
    now, rule, then = rfm(firm), _rule(firm), months_before(firm.as_of, 12)
    table = now.table.set_index("customer_id")[["segment"]].astype("str")
    if now and rule and (then - firm.customers["first_order"].min()) / DAY >= rule.lapsed_days:
        old = rfm(firm.on(then).customers, cuts=now.cuts.drop(columns="priced_on", errors="ignore"))
        table["segment_then"] = old.table.set_index("customer_id")["segment"].astype("str")
    return table


def _service(firm):
    """Open tickets and the day of the oldest, as the room of service counts them; the last answer; first contract."""
    table = firm.once("events", lambda: _every(firm))
    waits, told = (table.event == "ticket") & table.until.isnull(), table.score.notnull()
    own = table.filter(table.customer_id.notnull()).group_by("customer_id").agg(
        tickets_open=waits.sum(), opened_on=table.day.min(where=waits), settled=table.until.count(),
        nps=table.score.argmax(table.day.cast("timestamp"), where=told), answered_on=table.day.max(where=told),
        began=table.day.min(where=table.event == "contract"),
    )  # fmt: skip
    found = to_frame(own).set_index("customer_id")
    return found if found.pop("settled").sum() else found.drop(columns=["tickets_open", "opened_on"])


def _next(firm, table):
    """What to do next, as a code: the first that holds."""
    most = table["expected_value"].sort_index().rank(method="first", ascending=False)
    valuable = (most <= np.ceil(most.count() / PART)) & (table["expected_value"] > 0)
    risk, recently = table["state"] == "at risk", (firm.as_of - table["answered_on"]) / DAY < YEAR
    told = {
        "ticket": table["tickets_open"] > 0,
        "spared": table.index.isin(held_out(firm, LATELY)),
        "unhappy": (table["nps"] <= DETRACTS) & recently,
        "call": risk & valuable,
        "write": risk,
        "lapsed": table["state"] == "lapsed",
        "late": (table["gaps"] >= FEWEST) & (table["idle"] > table["longest"]),
        "first": table["state"] == "prospect",
        "second": table["purchases"] == 1,
        "thank": valuable,
        "unknown": table["state"].isna(),
    }
    return np.select(list(told.values()), list(told), "nothing")


def _listed(firm):
    listed = firm.tables.customers
    rows = pd.DataFrame({"customer_id": pd.Series(dtype="str")}) if listed is None else to_frame(listed)
    rows = rows.dropna(subset="customer_id").drop_duplicates("customer_id").set_index("customer_id")
    return rows.dropna(axis=1, how="all")


def folded(name):
    """A name without capitals, accents, the dot of an i and the order of its words."""
    text = unicodedata.normalize("NFKD", str(name).casefold().translate({ord("ı"): "i", ord("ł"): "l"}))
    return " ".join(sorted(re.findall(r"\w+", "".join(each for each in text if not unicodedata.combining(each)))))


def _alike(listed):
    """The rows that are like another one, with ``alike``: the folded name, else all that the list says of them."""
    rows, born = listed.assign(alike=None), listed.get("birth_year")
    if "name" in rows:
        rows["alike"] = rows["name"].map(folded, na_action="ignore").replace("", None)
    elif born is not None:
        rows["alike"] = pd.util.hash_pandas_object(listed.astype("str"), index=False).where(born.notna())
    return rows[rows["alike"].notna() & rows.duplicated("alike", keep=False)]


def likely_same(every, customer_id):
    """Ids that are likely the same person: the same `folded` name, and no birth year or region that differ where both
    are known; without names the same in all that the customer list says, a birth year included.
    """
    if customer_id not in every.alike.index:
        return []
    own = every.alike.loc[customer_id]
    same = every.alike[(every.alike["alike"] == own["alike"]) & (every.alike.index != customer_id)]
    for name in {"birth_year", "region"} & {*same}:
        same = same[same[name].isna() | (same[name] == own[name]) | pd.isna(own[name])]
    return sorted(same.index)


def events(firm, ids):
    """What has happened with these customers, newest first, by one query for all of them: one row per event.

    ``customer_id``; ``day``; ``event``, a code; ``about`` what the data call it: campaign, topic, plan, why it ended;
    ``amount`` money; ``score`` 0-10 of an answer; ``until`` the day a ticket was settled.
    """
    table = firm.once("events", lambda: _every(firm))
    rows = to_frame(table.filter(table.customer_id.isin(ids))).astype(dict.fromkeys(["day", "until"], "datetime64[us]"))
    return rows.sort_values(["day", "event", "about"], ascending=[False, True, True], ignore_index=True)


def _every(firm):
    """All events of all customers (ibis), worked out once, where the engine lets us."""
    parts = []
    if firm.tables.transactions is not None:
        days = purchases_by(firm.log, firm.as_of)
        event, day = days.day.isnull().ifelse("return", "purchase"), days.day.fill_null(days.returned_on)
        parts.append(days.select("customer_id", day=day, event=event, amount="revenue"))
    for event, (name, day, told) in SAID.items():
        table = getattr(firm.tables, name)
        if table is not None and {"customer_id", day} <= {*table.columns}:
            told = {"event": ibis.literal(event)} | {key: table[of] for key, of in told.items() if of in table.columns}
            if event == "contact" and "arm" in table.columns:
                told["event"] = (table.arm.lower() == CONTROL).fill_null(False).ifelse("held out", event)
            over = [table[each] for each in ("resolved_on", "closed_on") if each in table.columns]
            told |= {"until": ibis.coalesce(*over)} if over else {}
            parts.append(table.filter(table[day].notnull()).select("customer_id", day=day, **told))
    none = {name: ibis.null(kind) for name, kind in KINDS.items()}
    parts = [part.mutate(**{name: none[name] for name in none if name not in part.columns}) for part in parts]
    every = ibis.union(*(part.cast(KINDS).select(*KINDS) for part in parts or [ibis.memtable([], schema=KINDS)]))
    engine = every.get_backend()
    return engine.create_table(f"events_{uuid.uuid4().hex}", every, temp=True) if is_embedded(engine) else held(every)
