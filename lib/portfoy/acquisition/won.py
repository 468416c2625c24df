"""Who was won, through which channel, for what money, and what they brought: what the rooms of channels build upon."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from portfoy.acquisition.deals import YEAR, brought_since, deals, is_ripe, ripe_days
from portfoy.customers import DAY, to_frame
from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.metrics import engine
from portfoy.people import NOT_KNOWN
from portfoy.sums import added

LEADS, OWN, ALONE, ALL = "leads", "direct", "spend only", "all"  # sources of customers, as stored
SALES = "sales"  # kind of money
ACTIVE = (304, 426)  # days from being won: 10 to 14 months
DIRECT = 90  # days until a month counts where no leads tell


@dataclass(frozen=True, eq=False)
class Won:
    """What was won and paid. Months are numbers, 12 x year + month - 1.

    ``table``, one row per won customer: ``customer_id`` (missing where a won lead names none); ``channel``; ``source``
    "leads", or "direct" for who came without one, by their own channel; ``came`` month of the lead, or in which one
    without became known; ``start`` the day of being won, without a lead of the first order; ``margin`` so far,
    ``year_margin`` in the first 365 days, ``stayed`` whether they bought 304 to 426 days after, missing if too early.
    ``cells``: ``margin`` by ``place``, a row of the table, and ``month``. ``leads`` that are understood: how many ``n``
    by ``channel``, ``came``, ``ripe``, ``won``. ``spend`` by ``channel``, ``kind``, ``came``: ``cost`` as paid,
    ``money`` at the firm's prices. ``first`` and ``last`` month whose leads have had their time and whose spend is
    known, ``end`` the last one over. ``notes`` counts of what was set aside or put right.
    """

    table: pd.DataFrame
    cells: pd.DataFrame
    leads: pd.DataFrame
    spend: pd.DataFrame
    first: int
    last: int
    end: int
    notes: dict

    def within(self, table):
        """The rows of a table of the months whose leads have had their time."""
        return table[table["came"].between(self.first, self.last)]


def month_number(days):
    return days.dt.year * 12 + days.dt.month - 1


def month_day(number):
    """The first day of a numbered month."""
    return pd.Timestamp(int(number) // 12, int(number) % 12 + 1, 1)


def won(firm, months=0):
    """The `Won` of a firm, of so many of the latest months whose leads have had their time (0: all).

    DataError where there is no spend, no channel is known, nobody was won or no month of spend is old enough.
    """
    return firm.once(("won", months), lambda: _won(firm, months))


def _won(firm, months):
    spend, unused = _spend(firm)
    customers = firm.customers if firm.tables.transactions is not None else None
    leads, table, earlier = _leads(firm, customers)
    table = pd.concat([table, _direct(firm, customers, table)], ignore_index=True)
    table = table.astype({"came": "int64", "start": "datetime64[us]"})
    if table.empty:
        text = _("channels: nobody was won through a known channel by {as_of:%Y-%m-%d}. Take a later date.")
        raise DataError(text.format(as_of=firm.as_of))
    waiting = ripe_days(firm) if len(leads) else DIRECT
    over, ripe = firm.as_of + DAY, firm.as_of + DAY - waiting * DAY
    end, last = over.year * 12 + over.month - 2, min(ripe.year * 12 + ripe.month - 2, spend["came"].max())
    first = max(spend["came"].min(), (leads if len(leads) else table)["came"].min(), last - months + 1 if months else 0)
    if first > last:
        text = _(
            "channels: a lead may take {days} days, and no month of spend is that old on {as_of:%Y-%m-%d}. Take a "
            "longer history."
        )
        raise DataError(text.format(days=waiting, as_of=firm.as_of))
    notes = {"unused": unused, "earlier": earlier, "waiting": waiting, "renamed": _one_name(leads, table, spend)}
    seen = spend[spend["came"].between(first, last)].groupby("channel")["came"].nunique()
    notes["costed"] = customers is None or bool(customers["margin"].notna().any())
    notes |= {"unnamed": int(table["customer_id"].isna().sum()), "gaps": int((last - first + 1 - seen).sum())}
    cells, each = _brought(firm, table, customers)
    return Won(table.join(each), cells, leads, spend, int(first), int(last), int(end), notes)


def _spend(firm):
    """Spend by channel, month and kind, and how many rows cannot be used."""
    table = to_frame(engine(firm.tables.spend, "spend", ["month", "channel", "cost"]))
    table["cost"] = table["cost"].astype(float).replace([np.inf, -np.inf], np.nan)
    used = table.dropna(subset=["month", "channel", "cost"])
    if used.empty:
        raise DataError(_("spend: no row has a month, a channel and a cost. Add them."))
    kind = used["kind"].str.strip().str.lower().fillna(NOT_KNOWN) if "kind" in used else NOT_KNOWN
    month, cost = pd.to_datetime(used["month"]), used["cost"]
    told = {"came": month_number(month), "cost": cost, "money": cost * firm.prices.factors(month)}
    spend = pd.DataFrame({"channel": used["channel"].astype("str"), "kind": kind, **told})
    return spend.sort_values([*spend], ignore_index=True), len(table) - len(used)  # a table on a server has no order


def _leads(firm, customers):
    """Leads; customers won from them, the first won lead of each; and how many were customers before it."""
    by, columns = ["channel", "came", "ripe", "won"], ["customer_id", "channel", "source", "came", "start"]
    if firm.tables.leads is None:
        return pd.DataFrame(columns=[*by, "n"]).astype({"channel": "str"}), pd.DataFrame(columns=columns), 0
    texts = ["channel", "customer_id", "referred_by"]
    found = (
        deals(firm).reindex(columns=[*texts, "created_on", "closed_on", "outcome"]).astype(dict.fromkeys(texts, "str"))
    )
    referred = found["channel"].isna() & found["referred_by"].notna()
    found = found.assign(channel=found["channel"].mask(referred, "referral"), ripe=is_ripe(firm))
    if found["channel"].isna().all():
        raise DataError(_("leads: none has a channel. Add it."))
    found = found[found["outcome"].notna()]
    found = found.assign(
        won=found["outcome"] == "won",
        channel=found["channel"].fillna(NOT_KNOWN),
        came=month_number(found["created_on"]),
    )
    gained = found[found["won"]].assign(start=lambda lead: lead["closed_on"].fillna(lead["created_on"]), source=LEADS)
    gained = gained.sort_values(["start", "created_on"], kind="stable")
    gained = gained[gained["customer_id"].isna() | ~gained["customer_id"].duplicated()]
    first = pd.Series() if customers is None else customers.set_index("customer_id")["first_order"]
    before = pd.to_datetime(gained["customer_id"].map(first)) < gained["created_on"]
    return found.groupby(by, sort=False).size().reset_index(name="n"), gained.loc[~before, columns], int(before.sum())


def _direct(firm, customers, table):
    """Customers no lead explains, by their own channel, from the month in which they became known."""
    listed = firm.tables.customers  # without it nobody has an own channel, and who is known need not be worked out
    if customers is None or listed is None or "channel" not in listed.columns or "channel" not in firm.people:
        return table.iloc[:0]
    people = firm.people.dropna(subset=["customer_id", "channel"]).set_index("customer_id")[["channel", "known_on"]]
    alone = customers[pd.Index(table["customer_id"].dropna()).get_indexer(customers["customer_id"]) < 0]
    alone = alone.join(people, on="customer_id", how="inner")
    came = month_number(alone["known_on"].fillna(alone["first_order"])).astype("int64")
    alone = alone.assign(came=came, source=OWN, start=alone["first_order"])
    return alone[table.columns]


def _one_name(*tables):
    """Give channels that differ by blanks or case alone the name that they have first; how many had another."""
    names, other = {}, set()
    for table in tables:
        codes, own = pd.factorize(table["channel"])  # to map text row by row is slow
        own = [" ".join(name.split()) or NOT_KNOWN for name in own]
        keys = [name.replace("İ", "i").replace("ı", "i").casefold() for name in own]
        other |= {name for name, key in zip(own, keys, strict=True) if names.setdefault(key, name) != name}
        table["channel"] = pd.Series([names[key] for key in keys], dtype="str").take(codes).set_axis(table.index)
    return len(other)


def _brought(firm, table, customers):
    """Margin by customer and month, in the engine one expression over the customers that matter; and sums of each."""
    named, cells = table["customer_id"].notna(), pd.DataFrame(columns=["place", "month", "margin"], dtype="int64")
    if customers is None or not named.any():
        return cells, pd.DataFrame(index=table.index, columns=["margin", "year_margin", "stayed"], dtype="float64")
    who = table.loc[named, ["customer_id", "start"]].rename_axis("place").reset_index()
    days = brought_since(firm, who)
    cells = days.group_by(place=days.place, month=(days.on.year() * 12 + days.on.month() - 1).cast("int64")).agg(
        margin=added(days.margin),
        year_margin=added(days.margin, where=days.since < YEAR).fill_null(0.0),
        stayed=(days.day.notnull() & days.since.between(*ACTIVE)).max(),
    )
    cells = to_frame(cells.order_by(["place", "month"]))
    each = cells.groupby("place").agg({"margin": "sum", "year_margin": "sum", "stayed": "max"})
    each = each.astype(float).reindex(table.index, fill_value=0.0).where(named)
    for name, days in {"year_margin": YEAR, "stayed": ACTIVE[1] + 1}.items():
        each[name] = each[name].where(table["start"] + days * DAY <= firm.as_of + DAY)
    return cells[["place", "month", "margin"]], each
