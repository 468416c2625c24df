"""Campaigns to consumers: five with a control group drawn at random, and one whose targets were chosen."""

import numpy as np
import pandas as pd

from portfoy.simulate.buying import draw_worth
from portfoy.simulate.service import draw_tickets

ANSWER_DAYS = 21
PLANS = [  # id, phase, channel, when as a share of the window, TRY a contact
    ("CAM01", "retention", "email", 0.22, 0.6),
    ("CAM02", "deepening", "sms", 0.36, 1.5),
    ("CAM03", "retention", "mail", 0.5, 18.0),
    ("CAM04", "deepening", "email", 0.63, 0.9),
    ("CAM05", "retention", "call", 0.76, 35.0),
    ("CAM06", "selection", "mail", 0.88, 26.0),  # not randomised
]
NAMES = [plan[0] for plan in PLANS]
CONTACTS = ["campaign_id", "customer_id", "arm", "contacted_on", "opened", "responded"]


def run_campaigns(rng, truth, window, people, orders, left, names):
    """Contact consumers and add the orders they make in answer: DataFrames of orders, campaigns and contacts.

    `orders` has one row per order, with its ticket; `left` is the day after which each customer is gone because of a
    bad ticket (inf: not gone), changed in place.
    """
    told, reached = [], [pd.DataFrame(columns=CONTACTS)]
    for number, (name, phase, channel, share, price) in enumerate(PLANS if truth.campaigns else []):
        start = round(share * window.last)
        who, recent = _eligible(rng, truth, people, orders, left, start, chosen=number == len(PLANS) - 1)
        treated, responded = _answers(rng, truth, people, who, recent, chosen=number == len(PLANS) - 1)
        contacted = start + rng.integers(0, 3, len(who))
        opened = treated & (rng.random(len(who)) < np.where(responded, 0.9, 0.3))
        day = contacted + rng.integers(1, ANSWER_DAYS, len(who))
        made = pd.DataFrame({"customer": who, "day": day, "campaign": np.where(treated, number, -1)})[responded]
        made["answer"] = number
        made["worth"] = draw_worth(rng, truth, window, people, made)
        made = draw_tickets(rng, truth, made)
        gone = made["leaves"].to_numpy()
        np.minimum.at(left, made["customer"].to_numpy()[gone], made["day"].to_numpy()[gone])
        orders = pd.concat([orders, made], ignore_index=True)
        orders = orders[orders["day"] <= left[orders["customer"]]]
        cost = round(float(price * window.index[start] * treated.sum()), 2)
        told.append((name, phase, channel, cost, window.calendar[start]))
        arm, seen = np.where(treated, "treatment", "control"), pd.Series(opened, dtype="boolean").where(treated)
        columns = [name, names[who], arm, window.dates(contacted), seen, responded]
        reached.append(pd.DataFrame(dict(zip(CONTACTS, columns, strict=True))))
    columns = ["campaign_id", "phase", "channel", "cost", "starts_on"]
    table = pd.DataFrame(told, columns=columns).astype({"cost": float, "starts_on": "datetime64[s]"})
    orders = orders.sort_values(["day", "customer"], kind="stable", ignore_index=True)
    return orders, table, pd.concat(reached[bool(told) :], ignore_index=True)


def _eligible(rng, truth, people, orders, left, start, *, chosen):
    """Consumers to reach (those gone because of a bad ticket asked not to be), and who bought in the last 90 days."""
    last = np.full(len(people), -np.inf)
    before = orders[orders["day"] < start]
    np.maximum.at(last, before["customer"].to_numpy(), before["day"].to_numpy())
    known = np.isfinite(last) if chosen else last >= start - truth.active_days
    known &= (people["type"] == 0).to_numpy() & (left > start + ANSWER_DAYS + 3)
    known &= rng.random(len(people)) < truth.reach
    who = np.flatnonzero(known)
    return who, last[who] >= start - 90


def _answers(rng, truth, people, who, recent, *, chosen):
    """Who is treated, and who responds."""
    if chosen:
        treated = rng.random(len(who)) < np.where(recent, truth.chosen_recent, truth.chosen_other)
        chance = np.where(recent, truth.base_recent, truth.base_other) + truth.chosen_effect * treated
    else:
        treated = rng.random(len(who)) < truth.treated_share
        persona = people["persona"].to_numpy()[who]
        chance = np.where(treated, *(np.array(p)[persona] for p in (truth.response_treated, truth.response_control)))
    return treated, rng.random(len(who)) < chance


def answers_table(orders, order_ids, names):
    """One row per order made in answer to a campaign or, by a responder held out, in its place.

    Not part of the tables: only the truth can tell the orders of the held out from those they make anyway.
    """
    made = np.flatnonzero(orders["answer"] >= 0)
    return pd.DataFrame(
        {
            "order_id": order_ids[made],
            "customer_id": names[orders["customer"].to_numpy()[made]],
            "campaign_id": np.array(NAMES, object)[orders["answer"].to_numpy()[made]],
        }
    )
