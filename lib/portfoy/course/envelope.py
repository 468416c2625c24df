"""What the capstone's options truly bring, by the simulator's own parameters, and how far a page was from it.

Who buys ``rate`` times a season day while active, and leaves with probability ``stop`` after each purchase, buys
(1 - exp(-rate stop t)) / stop times within t season days. A complaint that is not solved at once makes a customer leave
as well. Returns are taken off; orders in answer to campaigns are left out.
"""

import numpy as np
import pandas as pd
from scipy import stats

from portfoy.course.lessons import truth
from portfoy.customers import margin_rate, months_before, to_frame
from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.simulate.days import make_window
from portfoy.simulate.market import draw_leads
from portfoy.simulate.truth import PERSONAS, Truth

YEAR, GRID, LEADS = 365, 2_000, 20_000
START, END = "2023-07-01", "2026-06-30"


def year_days(told):
    """A year in days of the season's clock."""
    kept = {name: told[name] for name in ("season", "ramazan_lift", "kurban_lift")}
    return YEAR * make_window(START, END, Truth(**kept)).season.mean()


def purchases(rate, stop, days):
    """How many purchases are to be expected."""
    return -np.expm1(-rate * stop * days) / stop


def driven_away(told):
    """The chance that an order is followed by a complaint which is not solved at once, and drives the customer away."""
    return told["ticket_share"] * told["complaint_share"] * (1 - told["first_contact"]) * told["bad_ticket_effect"]


def year_worth(told):
    """What a firm that was won buys in the year from its first order on: money of the first month, returns off."""
    stop = stats.beta(told["a"], told["b"]).ppf((np.arange(GRID) + 0.5) / GRID)
    gone, days = driven_away(told), year_days(told)
    leaves = np.maximum(1 - (1 - stop) * (1 - gone), 1e-12)
    region = sum(told["region_shares"][name] * told["spend_by_region"][name] for name in told["region_shares"])
    region /= sum(told["region_shares"].values())
    order = told["p"] * told["v"] / (told["q"] - 1) * region * (1 + told["second_order_share"])
    worth, shares = 0.0, told["firm_shares"]
    for kind, share in shares.items():
        scale = told["rate_by_type"][kind] / told["alpha"]  # the mean over a gamma of exp(-rate leaves days), exactly
        again = ((1 - (1 + scale * leaves * days) ** -told["r"]) / leaves).mean()
        worth += share / sum(shares.values()) * told["spend_by_type"][kind] * order * (1 + (1 - gone) * again)
    return worth * (1 - told["dirt_return"])


def win_rates(told, seed):
    """The mean chance of leads to be won, by channel, over many leads."""
    leads = draw_leads(np.random.default_rng([seed, 7]), told, make_window(START, END, told), LEADS)
    return leads.groupby("channel")["p_win"].mean().to_dict()


def _told(firm):
    found = truth(firm)
    if found is None:
        raise DataError(_("no truth is known of this company."))
    return found


def _order_margin(firm, customer_ids):
    """What is true of these customers, in their order, with the ``margin`` of an order in money of today."""
    found = _told(firm)
    own = found.customers.set_index("customer_id").reindex(pd.Index(customer_ids).str.upper())
    whole = found.parameters["dirt_return"]
    return own.assign(margin=own["mean_order"] * own["multiplier"] * _price(firm) * (1 - whole))


def _price(firm):
    """Margin today of money of the first month."""
    start = pd.Series([_told(firm).parameters["start"]])
    return firm.prices.factors(start).iloc[0] * margin_rate(firm.customers)


def contact_worth(firm):
    """Margin that a contact truly adds, of each consumer who bought in the last nine months: a Series."""
    lately, told = firm.recent(9), _told(firm).parameters
    own = _order_margin(firm, lately.loc[lately["type"] == "consumer", "customer_id"])
    moved = np.subtract(told["response_treated"], told["response_control"])
    return (own["persona"].map(dict(zip(PERSONAS, moved, strict=True))) * own["margin"]).fillna(0.0)


def bad_complaints(firm):
    """Complaints of the last twelve months that were not solved at the first contact."""
    rows = to_frame(firm.tables.tickets)
    rows = rows[rows["is_complaint"].eq(True) & (rows["touches"] > 1)]
    return rows[rows["opened_on"] > months_before(firm.as_of, 12)]


def complaint_worth(firm):
    """Margin of twelve months that each such complaint truly costs: a Series."""
    own, told = _order_margin(firm, bad_complaints(firm)["customer_id"]), _told(firm).parameters
    leaves = 1 - (1 - own["stop"]) * (1 - driven_away(told))
    coming = (1 - own["stop"]) * purchases(own["rate"], leaves, year_days(told)) * (1 + told["second_order_share"])
    return (told["bad_ticket_effect"] * coming * own["margin"]).fillna(0.0)


def options(firm, brief):
    """What each option of a brief truly costs and brings: a DataFrame by option, ``cost``, ``brought``, ``profit``."""
    found = _told(firm)
    cost = found.win_cost(firm, to_frame(firm.tables.leads))[brief.channel]
    brought = {
        "leads": brief.budget / cost * year_worth(found.parameters) * _price(firm),
        "contact": contact_worth(firm).mean() * brief.contacts,
        "service": complaint_worth(firm).sum(),
        "nothing": 0.0,
    }
    table = pd.DataFrame({"cost": brief.costs, "brought": brought}).loc[[*brief.costs]]
    return table.assign(profit=table["brought"] - table["cost"]).rename_axis("option")


def true_figure(firm, name, brief, *, base=()):
    """What is true of a figure that a page gives; of "churn" the share of `base`, ids of customers, that truly left."""
    found = _told(firm)
    told, people = found.parameters, found.customers.set_index("customer_id")
    if name == "churn":
        return float((~people["active"].reindex(pd.Index(sorted(base)).str.upper()).dropna().astype(bool)).mean())
    if name == "cost":
        return float(found.win_cost(firm, to_frame(firm.tables.leads))[brief.channel])
    if name == "first year":
        return float(year_worth(told) * _price(firm))
    if name == "complaint":
        return float(complaint_worth(firm).mean())
    rows = to_frame(firm.tables.contacts)
    moved = np.subtract(told["response_treated"], told["response_control"])
    ids = rows.loc[rows["campaign_id"] == "CAM05", "customer_id"].dropna()
    return float(people["persona"].reindex(ids.str.upper()).map(dict(zip(PERSONAS, moved, strict=True))).mean())
