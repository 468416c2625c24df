"""Customers as they were known on several days, and whether they had left a horizon later: what models learn from."""

from dataclasses import dataclass

import ibis
import numpy as np
import pandas as pd

from portfoy.customers import DAY, customer_table, margin_rate, to_frame
from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.metrics import engine
from portfoy.models.columns import HISTORY, Roles
from portfoy.models.leaks import MOST, hashed
from portfoy.people import with_traits
from portfoy.retention.churn import YEAR
from portfoy.standing import rule_of

SILENCE, CONTRACT = "silence", "contract"  # the two ways to leave, as stored
DAYS = 5  # on which customers are looked at, at most; the last three can be judged by what was learned before
LATELY = 182  # days in which tickets and contacts count; answers and money those of a year
SHORTEST, CONTRACT_DAYS = 30, 90  # days of a horizon at least, and of that of contracts where none is given
DETRACTS, DISPLEASED = 6, 2  # answers up to which somebody is unhappy: would recommend us, is pleased
TRAITS = ["type", "age_band", "gender", "region", "income_band", "channel", "plan"]
FEATURES = ["idle", "overdue", "purchases", "ticket", "age", "fee", "tickets", "unsolved", "nps", "effort", "contacted"]
BY = {SILENCE: "idle", CONTRACT: "age"}  # what the simple rule goes by
LEAVERS = Roles(
    within="seen_on", hit="left", p="p_leave", rows="customers", hits="leavers", rate="leaving",
    logs=(*HISTORY, "overdue", "fee"), about=(), arms=False,
)  # fmt: skip


@dataclass(frozen=True)
class Histories:
    """Customers as known on some days who had not left by them.

    ``examples``, one row per day and customer: ``seen_on`` the day; ``left`` whether they had left `horizon_days`
    later, 0 or 1, which is known on ``known_on``; ``worth`` money a year so far; and the ``features``. ``today``: the
    same of all customers on the firm's day, without an answer. ``kind`` "silence" or "contract"; ``window`` days of
    silence after which a customer has left, 0 for contracts.
    """

    examples: pd.DataFrame
    today: pd.DataFrame
    kind: str
    window: int
    horizon_days: int
    features: list


def histories(firm, *, kind="", horizon_days=0):
    """What was known of customers on several days, and whether they had left a horizon later: `Histories`.

    A customer has left who has been silent longer than the window by the end of the horizon, or whose last contract has
    ended by then. Days are half a horizon apart and lie a window or more after the first order: before, nobody could
    have been silent for so long. DataError where no day can be learned from and a later one judged.
    """
    kind = kind or (CONTRACT if firm.tables.transactions is None else SILENCE)
    if kind not in BY:
        raise DataError(_("leaving: kind is {kind!r}; it is silence or contract. Take one.").format(kind=kind))
    seen, window, first = _silent(firm) if kind == SILENCE else _contracts(firm)
    held = (firm.as_of - first).days
    longest = 2 * ((held - window) // 4) - 1  # days of a horizon that leave one to learn from and a later one to judge
    length = int(horizon_days) or min(window or CONTRACT_DAYS, longest)
    if longest < SHORTEST:
        text = _(
            "leaving: {held} days of history, and {window} until one has left; {least} are needed. Take a "
            "longer history."
        )
        raise DataError(text.format(held=held, window=window, least=window + 2 * SHORTEST + 4))
    if not SHORTEST <= length <= longest:
        text = _(
            "leaving: {held} days of history, and {window} until one has left, allow horizon_days from {least} "
            "to {longest}, not {length}. Take another, or a longer history."
        )
        told = {"held": held, "window": window, "least": SHORTEST, "longest": max(longest, 0), "length": max(length, 0)}
        raise DataError(text.format(**told))
    step = length // 2 + 1  # two of them are no shorter than the horizon
    days = [firm.as_of - place * step * DAY for place in range(DAYS + 2)]
    days = [day for place, day in enumerate(days) if place < 2 or day - window * DAY >= first]
    tables, rows = [seen(day) for day in days], []
    for place, day in reversed([*enumerate(days)][2:]):
        stays = tables[place]["customer_id"].isin(tables[place - 2]["customer_id"])
        known = {"seen_on": day, "starts_on": day + DAY, "known_on": day + 2 * step * DAY}
        rows.append(tables[place].assign(**known, left=(~stays).astype(float)))
    every = pd.concat([*rows, tables[0].assign(seen_on=firm.as_of)], ignore_index=True)
    every = with_traits(with_service(firm, every), firm.people)
    every = every.astype({name: "object" for name in TRAITS if name in every})
    examples, today = every[every["left"].notna()], every[every["left"].isna()].reset_index(drop=True)
    if not examples["worth"].sum() > 0:
        raise DataError(_("leaving: no money of the customers is known. Add monthly_fee."))
    features = [name for name in [*FEATURES, *TRAITS] if name in every and examples[name].notna().any()]
    if "plan" in features and "fee" in features:  # a plan has its fee: beside one another neither would show
        features.remove("fee")
    return Histories(examples, today, kind, window, length, features)


def _silent(firm):
    """Who has bought within the window: a function of the day that gives them; the window; the first day."""
    customers, window = firm.customers, rule_of(firm).lapsed_days
    rate, some = margin_rate(customers), None
    if len(customers) > MOST:  # the same customers on every day but the firm's own
        draw = hashed(customers["customer_id"])
        ids = customers.loc[draw <= np.partition(draw, MOST - 1)[MOST - 1], ["customer_id"]]
        some = firm.log.semi_join(ibis.memtable(ids), "customer_id")

    def seen(day):
        table = firm.on(day).customers if some is None or day == firm.as_of else customer_table(some, as_of=day)
        table = table[table["idle"] <= window]
        gap = (table["span"] + window / 2) / (
            table["repeats"] + 1
        )  # own rhythm; of few purchases, near half the window
        margin = table["margin"].fillna(table["revenue"] * rate) * YEAR / table["age"].clip(lower=YEAR)
        kept = table[["customer_id", "idle", "purchases", "ticket", "age"]]
        return kept.assign(overdue=table["idle"] / gap, worth=margin.clip(lower=0))

    return seen, window, customers["first_order"].min()


def _contracts(firm):
    """Who has a contract that runs: a function of the day that gives them; no window; the first day."""
    table = engine(firm.tables.subscriptions, "subscriptions", ["customer_id", "started_on", "ended_on"])
    found = to_frame(table).dropna(subset=["customer_id", "started_on"]).sort_values("started_on", kind="stable")
    if not found["ended_on"].notna().any():
        text = _(
            "leaving: no contract has ended on a known day. Add started_on and ended_on; survival tells what "
            "durations alone can."
        )
        raise DataError(text)
    fee = pd.to_numeric(found["monthly_fee"]) if "monthly_fee" in found else pd.Series(np.nan, found.index)
    found = found.assign(fee=fee.astype(float))

    def seen(day):
        runs = found[(found["started_on"] <= day) & ~(found["ended_on"] <= day)]
        own = runs.groupby("customer_id")
        kept = {"age": (day - own["started_on"].min()) / DAY, "fee": own["fee"].sum(min_count=1)}
        kept |= {"plan": own["plan"].last()} if "plan" in runs else {}
        kept = pd.DataFrame(kept).reset_index()
        return kept.assign(worth=12 * kept["fee"].fillna(0))

    return seen, 0, found["started_on"].min()


def met(table, rows, date):
    """A table (ibis) beside the `rows` of its customers: ``place`` in them, ``ago`` days from its date to their day.

    `rows` have ``customer_id`` and ``seen_on``, their day.
    """
    asked = rows[["customer_id", "seen_on"]].astype({"customer_id": "str", "seen_on": "datetime64[ns]"})
    asked = ibis.memtable(asked.astype({"customer_id": "object"}).assign(place=range(len(rows))))
    both = asked.cast({"customer_id": "string", "seen_on": "date"}).inner_join(table, "customer_id")
    return both.mutate(ago=both.seen_on.delta(both[date], unit="day"))


def with_service(firm, rows):
    """The rows with what is known of service on their day, ``seen_on``, where the firm's tables tell it.

    ``tickets`` of the last half year, ``unsolved`` complaints among them (still open, or not solved at the first
    contact), ``contacted`` by campaigns; ``open`` tickets; ``nps``, ``csat``, ``effort`` the last answers of a year.
    """

    def lately(name, date, length):
        table = getattr(firm.tables, name)
        if table is None or not {"customer_id", date} <= {*table.columns}:
            return None
        both = met(table, rows, date)
        return both.filter((both.ago >= 0) & (both.ago < length))

    counted, last = [], []
    if (table := lately("tickets", "opened_on", LATELY)) is not None:
        over = [table[name] for name in ("resolved_on", "closed_on") if name in table.columns]
        never = table.ago < 0
        waits = never if not over else (ibis.coalesce(*over) > table.seen_on).fill_null(True)
        again = table.touches > 1 if "touches" in table.columns else never
        complaint = table.is_complaint if "is_complaint" in table.columns else ibis.literal(True)
        told = {"tickets": table.count(), "open": waits.sum()}
        told["unsolved"] = (complaint.fill_null(False) & (waits | again.fill_null(False))).sum()
        counted.append(table.group_by("place").agg(**told))
    if (table := lately("contacts", "contacted_on", LATELY)) is not None:
        arm = table.arm.lower() if "arm" in table.columns else ibis.null("string")
        counted.append(table.group_by("place").agg(contacted=(arm != "control").fill_null(True).sum()))
    if (table := lately("surveys", "answered_on", YEAR)) is not None:
        names = [name for name in ("nps", "csat", "effort") if name in table.columns]
        told = {name: table[name].argmax(table.answered_on) for name in names}
        last += [table.group_by("place").agg(**told)] if told else []
    for tables, none in ((counted, 0.0), (last, np.nan)):
        for table in tables:
            own = to_frame(table).set_index("place").reindex(range(len(rows))).set_axis(rows.index)
            rows = rows.assign(**own.astype(float).fillna(none))
    return rows


def yearly_worth(value, customer_id):
    """What a `LifetimeValue` expects in a year of each of these customers, if they still buy; missing if not known."""
    own = value.table.set_index("customer_id").reindex(customer_id).set_axis(customer_id.index)
    return (own["expected_value"] / own["p_alive"] * 12 / value.horizon_months).replace(np.inf, np.nan)


def reasons(rows, at_risk_days):
    """Why somebody may leave, in words: a Series on the index of `rows` with what `with_service` tells; "" without."""
    none = pd.Series(np.nan, rows.index)
    told = {name: rows.get(name, none) for name in ("idle", "nps", "csat", "open", "unsolved")}
    parts = [
        (told["idle"] > at_risk_days, _("silent for long")),
        ((told["nps"] <= DETRACTS) | (told["csat"] <= DISPLEASED), _("unhappy")),
        (told["open"] > 0, _("open ticket")),
        ((told["unsolved"] > 0) & ~(told["open"] > 0), _("complaint not solved at once")),
    ]
    words = [np.where(which, word, "") for which, word in parts]
    return pd.Series([", ".join(filter(None, row)) for row in zip(*words, strict=True)], rows.index, dtype="str")
