"""Lists to act on: how many a budget pays for, who is held out of them, and what those of earlier runs have added."""

import math

import ibis
import pandas as pd

from portfoy.customers import DAY, as_table, to_frame
from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.models.arms import draw, lots
from portfoy.models.columns import CONTROL, TREATED
from portfoy.people import with_type
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


def offer_terms(firm, name, *, chance, offer_cost, budget, contacts, hold_out_share):
    """The terms of `offers`, checked before anything is worked out; DataError where one is out of its range.

    Without a budget ``most`` is the number of contacts; with one, what it pays for tells how many.
    """
    if not 0 <= chance <= 1:
        text = _("{name}: a chance of {p:g} is not from 0 to 1. For one in ten give 0.1.")
        raise DataError(text.format(name=name, p=chance))
    check_limits(offer_cost=offer_cost)
    draw([], name, hold_out_share)
    most, cost = reach(firm, contacts=contacts, budget=budget, contact_cost=offer_cost)
    listed = {"hold_out_share": hold_out_share, "cost": cost, "budget": budget}
    return {"name": name, "chance": chance, "most": int(contacts) if budget else most, "listed": listed}


def offers(firm, ranked, gain, terms):
    """Whom to make an offer that pays: customers, the best first, and what their list counts: (`held_out_list`, dict).

    `gain`: the column of money that an offer gains if it works, with the chance of the `offer_terms`; where that is 0
    nobody knows it. Counted are ``n`` to contact and ``held`` out, their ``cost`` and ``gain``, the ``profit``
    expected, and ``needed``: in how many of a hundred cases offers must work to pay.
    """
    chance, cost = terms["chance"], terms["listed"]["cost"]
    ranked = ranked[ranked[gain] * (chance or 1.0) > cost].head(terms["most"])
    if chance:
        ranked = ranked.assign(expected_profit=chance * ranked[gain] - cost)
    table = held_out_list(ranked, terms["name"], firm.as_of, **terms["listed"])
    called = table[table["arm"] == TREATED]
    total = {"n": len(called), "held": len(table) - len(called), "cost": cost * len(called), "chance": chance}
    total["gain"] = float(called[gain].sum())
    total["profit"] = chance * total["gain"] - total["cost"]
    total["needed"] = 100 * total["cost"] / total["gain"] if total["gain"] > 0 else math.nan
    return with_type(table.reset_index(drop=True), firm.people), total


def offers_said(total):
    """What is to be said of `offers`, a sentence for the values of their total; empty for nobody."""
    if not total["n"]:
        return ""
    if total["chance"]:
        return _(
            "Offers to {n:count} cost {cost:money} and are expected to earn {profit:money}; {held:count} are held out."
        )
    if total["cost"]:
        return _(
            "Offers to {n:count} cost {cost:money} and pay if {needed:number} in a hundred work; {held:count} are held "
            "out."
        )
    return _("{n:count} are to be called and {held:count} held out, to compare with.")


def effect_of(firm, name, *, days, answered=None):
    """What the latest list of this name that was acted on has added so far, as a row of `lots`; None without one.

    An answer is a purchase within so many days (0: ever), or as many as have passed, at least 30; or what `answered`
    says of contacts and the last day that counts. ``day`` is that of the list, ``passed`` the days that count.
    """
    rows = contacts_by(firm.tables.contacts, firm.as_of)
    rows = rows[rows["campaign_id"].str.fullmatch(rf"{name}-\d{{4}}-\d\d-\d\d")]
    first = rows.groupby("campaign_id")["contacted_on"].transform("min")
    rows = rows[first <= firm.as_of - (SOONEST - 1) * DAY]
    rows = rows[rows["campaign_id"] == rows["campaign_id"].max()].drop_duplicates("customer_id").reset_index(drop=True)
    if rows.empty:
        return None
    day = rows["contacted_on"].min()
    passed = min((firm.as_of - day).days + 1, days or math.inf)
    if answered is None:
        rows["responded"] = bought_within(as_table(firm.log), rows.assign(contacted_on=day), passed)
    else:
        rows["responded"] = answered(rows, day + (passed - 1) * DAY)
    found = lots(rows, [], firm.confidence)
    about = {"day": pd.Timestamp(rows["campaign_id"].iloc[0][-10:]), "passed": passed}
    return found.iloc[0].to_dict() | about if len(found) else None


def read_back(row=None, *, stayed=False):
    """What a list that was acted on has added: a sentence for the values of `effect_of`, or of a row of `lots`."""
    if row is not None and not row["at_random"]:
        return _("The list of {day:day} tells no effect: its arms are not as large as they were drawn.")
    if stayed:
        return _(
            "Of the list of {day:day} {response:share} of {treated:count} contacted stayed, and "
            "{held_out_response:share} of {held_out:count} held out: {points:number} points more "
            "({points_interval:number})."
        )
    return _(
        "Of the list of {day:day} {response:share} of {treated:count} contacted bought, and {held_out_response:share} "
        "of {held_out:count} held out: {points:number} points more ({points_interval:number})."
    )


def held_out(firm, days, *, but=""):
    """Customers whom lists of the last so many days hold out, `but` that of one name: a call would spoil the test."""
    rows = contacts_by(firm.tables.contacts, firm.as_of)
    still = (rows["arm"] == CONTROL) & rows["hold_out_share"].notna() & (rows["contacted_on"] > firm.as_of - days * DAY)
    return set(rows.loc[still & ~rows["campaign_id"].str.startswith(f"{but}-"), "customer_id"])


def contacts_by(contacts, as_of):
    """The contacts up to a day, with our labels of the arms, and ``hold_out_share``, missing where none was meant."""
    columns = ["campaign_id", "customer_id", "arm", "contacted_on", "hold_out_share"]
    if contacts is None or not {*columns[:4]} <= {*contacts.columns}:
        return pd.DataFrame({name: pd.Series(dtype="str") for name in columns}).assign(contacted_on=as_of)
    rows = to_frame(contacts.filter(contacts.contacted_on <= as_of.date())).reindex(columns=columns)
    rows = rows.dropna(subset=columns[:4]).astype({"campaign_id": "str", "customer_id": "str"})
    return rows.assign(arm=rows["arm"].map({text: understood("arm", str(text)) for text in rows["arm"].unique()}))


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
        text = _("budget: {budget:g} is given, but no contact_cost. Give it, or add campaigns and contacts.")
        raise DataError(text.format(budget=budget))
    return float(found["cost"].sum() / found["reached"].sum())
