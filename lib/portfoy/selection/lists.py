"""Action lists: whom to contact, why, and what to expect."""

import math
from dataclasses import dataclass

from portfoy.customers import as_table, resolve_as_of, to_frame
from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.models.scatter import likely_range
from portfoy.rows import with_ids


@dataclass(frozen=True)
class Reach:
    """How many customers an action list may hold: ``contacts``, and where a ``budget`` (money) limits that, why.

    ``contact_cost`` money, missing without a budget; ``campaigns`` how many it is the mean of, 0 where it was given.
    ``limited``: whether the budget pays for fewer contacts than were asked for.
    """

    contacts: int
    budget: float = 0.0
    contact_cost: float = math.nan
    campaigns: int = 0
    limited: bool = False


def reach(tables, *, contacts=50, budget=0.0, contact_cost=0.0, as_of=None):
    """How many customers to list: as many as can be contacted, and no more than the budget pays for.

    Parameters
    ----------
    tables : Tables; ``campaigns`` and ``contacts`` where a budget is given and the cost of a contact is not
    contacts : customers at most
    budget : money to spend on contacts; 0 is no limit
    contact_cost : money; 0 takes that of the campaigns up to `as_of`, over the customers they contacted
    as_of : date or text, optional; the default is the last date in the log

    Returns
    -------
    Reach

    Raises
    ------
    DataError : a budget is given, but neither the cost of a contact nor what past campaigns cost; or one is below zero.
    """
    if min(contacts, budget, contact_cost) < 0:
        raise DataError(_("reach: contacts, budget and contact_cost must not be below zero. Correct the parameter."))
    if not budget:
        return Reach(int(contacts))
    campaigns = 0
    if not contact_cost:
        contact_cost, campaigns = _cost_so_far(tables, as_of)
    paid = math.floor(budget / contact_cost + 1e-9) if contact_cost else contacts
    return Reach(int(min(contacts, paid)), float(budget), float(contact_cost), campaigns, paid < contacts)


def _cost_so_far(tables, as_of):
    """What a contact of the campaigns so far cost, and how many campaigns say so."""
    found = []
    if tables.campaigns is not None and tables.contacts is not None:
        day = resolve_as_of(as_table(tables.transactions), as_of).date()
        campaigns = tables.campaigns.filter(tables.campaigns.cost.notnull())
        campaigns = campaigns.group_by("campaign_id").agg(
            cost=campaigns.cost.min(), starts_on=campaigns.starts_on.min()
        )
        contacts = tables.contacts.join(campaigns, "campaign_id")
        seen = contacts.contacted_on.fill_null(contacts.starts_on) <= day
        treated = contacts.arm.fill_null("").strip().lower() != "control"
        contacts = contacts.filter(seen & treated & contacts.customer_id.notnull())
        found = to_frame(contacts.group_by(["campaign_id", "cost"]).agg(reached=contacts.customer_id.nunique()))
    if not len(found):
        raise DataError(
            _(
                "reach: a budget is given, but nobody can say what a contact costs, as no past campaign has both a "
                "cost and contacts. Give contact_cost, or add the tables campaigns and contacts."
            )
        )
    return float(found["cost"].sum() / found["reached"].sum()), len(found)


def action_list(scored, value, *, contacts=50, quiet=False):
    """Whom to contact: the customers expected to bring most, at most as many as can be contacted.

    Parameters
    ----------
    scored : Rfm
    value : LifetimeValue of the same customers
    contacts : int, default 50
    quiet : bool
        Only customers whose r is 1 or 2: those to win back.

    Returns
    -------
    DataFrame, one row per customer, the highest expected value first
        ``customer_id``, ``segment``, ``last_order``, ``purchases``, ``revenue``, ``p_alive``, ``expected_purchases``,
        ``expected_value`` money, with ``expected_value_low`` and ``expected_value_high``: where what this one customer
        brings will end in 8 of 10 cases (`likely_range`), not the interval of the mean; ``action``.
    """
    table = with_ids(scored.table[scored.table["r"] <= 2] if quiet else scored.table, "action_list")
    listed = table.join(value.of(table).table[["p_alive", "expected_purchases", "expected_value"]])
    listed = listed.sort_values(["expected_value", "customer_id"], ascending=[False, True]).head(contacts)
    scatter = likely_range(listed, value)
    actions = scored.segments.drop_duplicates("segment").set_index("segment")["action"]
    listed = listed.assign(
        expected_value_low=scatter["likely_low"],
        expected_value_high=scatter["likely_high"],
        action=listed["segment"].map(actions).astype(str),
    )
    who = ["customer_id", "segment", "last_order", "purchases", "revenue", "p_alive", "expected_purchases"]
    columns = [*who, "expected_value", "expected_value_low", "expected_value_high", "action"]
    return listed[columns].reset_index(drop=True).astype({"segment": str})
