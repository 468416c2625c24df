"""The preset ``campaigns``: consumers of whom it can be told who answers a campaign, and whom it moves."""

import numpy as np
import pandas as pd

from portfoy.simulate import buying, people
from portfoy.simulate.days import ids, make_window, price_index
from portfoy.simulate.truth import CHANNELS, Truth

ANSWER_DAYS = 21
PLANS = [  # phase, channel, when as a share of the window, TRY a contact
    ("deepening", "email", 0.26, 0.6),
    ("retention", "sms", 0.36, 1.5),
    ("deepening", "mail", 0.46, 18.0),
    ("retention", "email", 0.55, 0.7),
    ("deepening", "sms", 0.64, 1.7),
    ("retention", "call", 0.73, 35.0),
    ("deepening", "email", 0.82, 0.9),
    ("retention", "mail", 0.91, 24.0),
]
RESPONSE = {  # log odds of an answer without a contact, by what is known on the eve
    **{"constant": -2.5, "idle_months": -0.1, "log_purchases": 0.35, "online": 0.2, "high_income": 0.4},
}
EFFECT = {"constant": 0.5, "online": 0.6, "young": 0.3, "older": -1.0}  # what a contact adds to the log odds
REACH, TREATED = 0.7, 0.7  # share of all who ever bought who are taken into a campaign; and of these, contacted
CUSTOMERS = [
    "customer_id",
    "joined_on",
    "type",
    "birth_year",
    "gender",
    "region",
    "income_band",
    "channel",
    "interests",
]
CHANGED = {  # of the teaching company: consumers only, small baskets, and no club, tickets, surveys or other campaigns
    **{"campaigns": False, "leads_per_customer": 0.0, "growth": 0.0, "lines_shapes": [0.2, 8.0]},
}


def campaign_company(rng, customers, start, end):
    """Tables, truth and what is hidden of each contact: see `presets.campaigns`."""
    truth = Truth(**CHANGED)
    window = make_window(start, end, truth)
    goods = people.make_goods(rng, truth, window)
    nobody = pd.DataFrame({"won": [], "closed": [], "type": []}).astype({"won": bool, "type": int})
    folk = people.draw_people(rng, truth, window, nobody, customers)
    names = ids("C", range(1, customers + 1), 5)
    orders = buying.draw_orders(rng, truth, window, folk)
    orders["worth"] = buying.draw_worth(rng, truth, window, folk, orders)
    orders, told, reached, hidden = _run(rng, truth, window, folk, orders, names)
    lines = buying.draw_lines(rng, truth, window, goods, folk, orders)
    order_ids = ids("S", range(1, len(orders) + 1), 6)
    tables = {
        "customers": people.customers_table(folk, names, window)[CUSTOMERS],
        "transactions": buying.transactions_table(lines, orders, goods, names, order_ids, list(told["id"]), window),
        "products": goods.table,
        "campaigns": told.rename(columns={"id": "campaign_id"}),
        "contacts": reached,
        "price_index": price_index(start, end, truth),
    }
    planted = {"reach": REACH, "treated_share": TREATED, "response": RESPONSE, "effect": EFFECT}
    return tables, {**planted, "firm": CHANGED}, {"contacts": hidden}


def _run(rng, truth, window, folk, orders, names):
    """Contact in each campaign some of those who ever bought, add the orders of those who answer."""
    told, reached, hidden = [], [], []
    for number, (phase, channel, share, price) in enumerate(PLANS):
        begins, name = round(share * window.last), f"CAM{number + 1:02d}"
        who, known = _known(folk, orders, begins)
        taken = rng.random(len(who)) < REACH
        who, known = who[taken], known[taken]
        p_control, p_treated = chances(known)
        treated = rng.random(len(who)) < TREATED
        responded = rng.random(len(who)) < np.where(treated, p_treated, p_control)
        made = pd.DataFrame({"customer": who, "campaign": np.where(treated, number, -1), "answer": number})
        made = made.assign(day=begins + rng.integers(1, ANSWER_DAYS, len(who)))[responded]
        made["worth"] = buying.draw_worth(rng, truth, window, folk, made)
        orders = pd.concat([orders, made], ignore_index=True)
        opened = treated & (rng.random(len(who)) < np.where(responded, 0.9, 0.3))
        day, cost = window.calendar[begins], round(float(price * window.index[begins] * treated.sum()), 2)
        told.append({"id": name, "phase": phase, "channel": channel, "cost": cost, "starts_on": day})
        contact = pd.DataFrame({"campaign_id": name, "customer_id": names[who]})
        seen = pd.Series(opened, dtype="boolean").where(treated)
        arm = np.where(treated, "treatment", "control")
        reached.append(contact.assign(arm=arm, contacted_on=day, opened=seen, responded=responded))
        hidden.append(contact.assign(p_treated=p_treated, p_control=p_control))
    orders = orders.sort_values(["day", "customer"], kind="stable", ignore_index=True)
    reached = pd.concat(reached, ignore_index=True).astype({"contacted_on": "datetime64[s]"})
    told = pd.DataFrame(told).astype({"starts_on": "datetime64[s]"})
    return orders, told, reached, pd.concat(hidden, ignore_index=True).round(4)


def _known(folk, orders, begins):
    """Who ever bought before a day, as numbers, and what is known of them on its eve, one row each."""
    before = orders[orders["day"] < begins].groupby("customer")["day"]
    who = np.array(sorted(before.groups), int)
    one = folk.iloc[who].reset_index(drop=True)
    idle = begins - 1 - before.max().to_numpy()
    known = {
        "idle_months": np.minimum(idle / 30, 12),
        "log_purchases": np.log(before.nunique().to_numpy()),
        "online": one["channel"] == CHANNELS.index("online"),
        "high_income": one["income_band"] == "high",
        "young": people.age_band(Truth(), one["birth_year"]) == 0,
        "older": people.age_band(Truth(), one["birth_year"]) == 2,
    }
    return who, pd.DataFrame(known).astype(float)


def chances(known):
    """Probability of an answer without and with a contact, from what is known on the eve (a row per customer)."""
    base, added = (
        coefficients["constant"] + sum(value * known[name] for name, value in coefficients.items() if name in known)
        for coefficients in (RESPONSE, EFFECT)
    )
    return tuple((1 / (1 + np.exp(-odds))).to_numpy() for odds in (base, base + added))
