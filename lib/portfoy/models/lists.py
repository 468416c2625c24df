"""Lists to act on: how many a budget pays for, who is held out of them, and what those of earlier runs have added."""

import math

import ibis
import pandas as pd

from portfoy.customers import DAY, as_table, to_frame
from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.models.arms import draw, lots
from portfoy.models.columns import CONTROL, TREATED
from portfoy.source.labels import understood

SOONEST = 30  # days after which the effect of a list is looked at


def held_out_list(ranked, name, as_of, *, hold_out_share, cost=0.0, budget=0.0):
    """The list of this name: customers, the best first, with the columns of contacts, as far as the budget pays.

    Before the columns of `ranked` come ``campaign_id`` of list and day, ``arm`` as from `draw`, ``contacted_on`` the
    day after and ``hold_out_share``; after them ``cost_so_far`` of those to contact down to this one. A budget of 0 is
    no limit.
    """
    chosen = ranked.copy()
    chosen.insert(0, "campaign_id", f"{name}-{as_of:%Y-%m-%d}")
    chosen.insert(1, "customer_id", chosen.pop("customer_id"))
    chosen.insert(2, "arm", draw(chosen["customer_id"], name, hold_out_share))
    chosen.insert(3, "contacted_on", as_of + DAY)
    chosen.insert(4, "hold_out_share", hold_out_share)
    chosen["cost_so_far"] = cost * (chosen["arm"] == TREATED).cumsum()
    return chosen[chosen["cost_so_far"] <= budget + 1e-9 * cost] if budget else chosen


def effect_of(firm, name, *, days, answered=None):
    """What the latest list of this name that was acted on has added so far, as a row of `lots`; else None.

    An answer is a purchase within so many days of the list, or as many as have passed; at least 30 must have. Other
    answers come from `answered`, a function of the contacts and the last day that counts. Needs ``log``, ``tables``,
    ``as_of`` and ``confidence`` of the firm. ``day`` is that of the list, ``days`` those that have passed and count.
    """
    rows = _listed(firm.tables.contacts, firm.as_of)
    rows = rows[rows["campaign_id"].str.fullmatch(rf"{name}-\d{{4}}-\d\d-\d\d")]
    first = rows.groupby("campaign_id")["contacted_on"].transform("min")
    rows = rows[first <= firm.as_of - (SOONEST - 1) * DAY]
    if rows.empty:
        return None
    latest = rows["campaign_id"].max()
    rows = rows[rows["campaign_id"] == latest].drop_duplicates("customer_id").reset_index(drop=True)
    rows["contacted_on"] = rows["contacted_on"].min()
    passed = int((firm.as_of - rows["contacted_on"].iloc[0]) / DAY) + 1
    passed = min(passed, days) if days else passed
    if answered is None:
        rows["responded"] = bought_within(as_table(firm.log), rows, passed)
    else:
        rows["responded"] = answered(rows, rows["contacted_on"].iloc[0] + (passed - 1) * DAY)
    found = lots(rows, [], firm.confidence)
    if found.empty:
        return None
    return found.iloc[0].to_dict() | {"day": pd.Timestamp(latest[-10:]), "days": passed}


def read_back():
    """What a list that was acted on has added: a sentence for the values of a row of `lots`, with the ``day``."""
    return _(
        "Of the list of {day:day} {response:share} of {treated:count} contacted bought, and {held_out_response:share} "
        "of {held_out:count} held out: {points:number} points more ({points_interval:number})."
    )


def held_out(firm, days):
    """Customers whom lists of the last so many days hold out: calling them would spoil what is learned."""
    rows = _listed(firm.tables.contacts, firm.as_of)
    still = (rows["arm"] == CONTROL) & rows["hold_out_share"].notna() & (rows["contacted_on"] > firm.as_of - days * DAY)
    return set(rows.loc[still, "customer_id"])


def _listed(contacts, as_of):
    """The contacts up to a day, with our labels of the arms, and ``hold_out_share``, missing where none was meant."""
    columns = ["campaign_id", "customer_id", "arm", "contacted_on", "hold_out_share"]
    if contacts is None or not {*columns[:4]} <= {*contacts.columns}:
        return pd.DataFrame({name: pd.Series(dtype="str") for name in columns}).astype(
            {"contacted_on": "datetime64[s]", "hold_out_share": float}
        )
    rows = to_frame(contacts.select([name for name in columns if name in contacts.columns]))
    rows = rows.reindex(columns=columns).dropna(subset=columns[:4]).astype({"campaign_id": "str", "customer_id": "str"})
    rows["arm"] = rows["arm"].map({text: understood("arm", str(text)) for text in rows["arm"].unique()})
    return rows[rows["contacted_on"] <= as_of]


def bought_within(log, contacts, days):
    """Whether each customer bought in the days after the contact, 1 or 0, on the index of the contacts."""
    cases = pd.DataFrame({"customer_id": contacts["customer_id"], "first": contacts["contacted_on"]}).astype("str")
    cases = cases.assign(case=contacts.index, last=(contacts["contacted_on"] + (days - 1) * DAY).astype("str"))
    cases = ibis.memtable(cases).mutate(first=ibis._.first.cast("date"), last=ibis._.last.cast("date"))
    met = log.inner_join(cases, "customer_id").filter(ibis._.ordered_on.between(ibis._.first, ibis._.last))
    found = to_frame(met.filter(met.amount > 0).select("case").distinct())["case"]
    return pd.Series(contacts.index.isin(found), contacts.index).astype(float)


def reach(firm, *, contacts, budget, contact_cost):
    """How many customers a list may hold: at most `contacts`, and no more than the budget (0 is no limit) pays for.

    What a contact costs, where it is not given, is what the campaigns so far cost for each customer they contacted.

    Returns
    -------
    (int, float) : customers at most; money a contact costs, as given where there is no budget

    Raises
    ------
    DataError : a budget is given, but neither the cost of a contact nor what past campaigns cost; or one is below zero.
    """
    check_limits(contacts=contacts, budget=budget, contact_cost=contact_cost)
    if not budget:
        return int(contacts), contact_cost
    cost = contact_cost or _cost_so_far(firm, budget)
    return int(min(contacts, math.floor(budget / cost + 1e-9) if cost else contacts)), cost


def check_limits(**limits):
    """Raise a DataError where one of these is below zero."""
    for name, value in limits.items():
        if not value >= 0:
            raise DataError(_("{name}: {value:g} is below 0. Correct the parameter.").format(name=name, value=value))


def _cost_so_far(firm, budget):
    """What a contact of the campaigns so far cost; of a campaign that tells no arms, everybody was contacted."""
    contacts, campaigns, found = firm.tables.contacts, firm.tables.campaigns, []
    if contacts is not None and campaigns is not None and "cost" in campaigns.columns:
        costs = campaigns.filter(campaigns.cost.notnull()).group_by("campaign_id").agg(cost=campaigns.cost.min())
        if "arm" not in contacts.columns:
            contacts = contacts.mutate(arm=ibis.null("string"))
        told = contacts.arm.count().over(group_by=contacts.campaign_id) > 0
        treated = ~told | (contacts.arm.strip().lower() != "control").fill_null(False)
        contacts = contacts.mutate(treated=treated).join(costs, "campaign_id")
        contacts = contacts.filter(contacts.treated & contacts.customer_id.notnull())
        found = to_frame(contacts.group_by(["campaign_id", "cost"]).agg(reached=contacts.customer_id.nunique()))
    if not len(found):
        text = _(
            "budget: {budget:g} is given, but not what a contact costs. Give contact_cost, or add campaigns and "
            "contacts."
        )
        raise DataError(text.format(budget=budget))
    return float(found["cost"].sum() / found["reached"].sum())
