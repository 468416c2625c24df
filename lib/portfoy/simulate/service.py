"""The club, tickets, surveys and brand ratings."""

import numpy as np
import pandas as pd

from portfoy.simulate.days import ids, pick
from portfoy.simulate.truth import ANSWERS, TYPES

TOPICS = {True: ["delivery", "damage", "invoice", "assembly"], False: ["product", "order", "return", "club"]}
DETRACTORS = [1, 1, 1, 2, 3, 5, 6]  # how often they answer 0, 1, ... 6


def draw_tickets(rng, truth, orders):
    """Add to each order whether a ticket follows, what it is like, and whether the customer ``leaves`` over it."""
    n = len(orders)
    ticket = rng.random(n) < truth.ticket_share
    complaint = ticket & (rng.random(n) < truth.complaint_share)
    first = rng.random(n) < truth.first_contact
    leaves = complaint & ~first & (rng.random(n) < truth.bad_ticket_effect)
    return orders.assign(ticket=ticket, complaint=complaint, first_contact=first, leaves=leaves)


def left_days(orders, size):
    """The day of each customer's first order after which a bad ticket drove them away; inf where none did."""
    left = np.full(size, np.inf)
    gone = orders["leaves"].to_numpy()
    np.minimum.at(left, orders["customer"].to_numpy()[gone], orders["day"].to_numpy()[gone])
    return left


def tickets_table(rng, truth, window, orders, names, first, width):
    """The table of tickets, by the order they follow; what lies after the last day is not known yet."""
    rows = orders[orders["ticket"]]
    n, complaint = len(rows), rows["complaint"].to_numpy()
    direct = rows["first_contact"].to_numpy()
    opened = rows["day"].to_numpy() + rng.integers(0, 15, n)
    days = rng.lognormal(np.log(truth.resolution_median), truth.resolution_sigma, n)
    resolved = opened + np.floor(days * np.where(direct, 1.0, truth.slow_factor))
    again = rng.random(n) < truth.reopened_share
    reopened = np.where(again, resolved + rng.integers(1, 15, n), np.nan)
    closed = np.where(again, reopened + rng.integers(1, 10, n), resolved + rng.integers(0, 4, n))
    topic = rng.integers(0, 4, n)
    bad, other = (np.array(TOPICS[kind], object)[topic] for kind in (True, False))
    table = pd.DataFrame(
        {
            "customer_id": names[rows["customer"]],
            "opened_on": window.dates(opened),
            "resolved_on": window.dates(resolved),
            "closed_on": window.dates(closed),
            "touches": np.where(direct, 1, 2 + rng.poisson(0.8, n)),
            "reopened_on": window.dates(reopened),
            "topic": np.where(complaint, bad, other),
            "is_complaint": complaint,
        }
    ).dropna(subset="opened_on")
    table = table.sort_values("opened_on", kind="stable", ignore_index=True)
    table.insert(0, "ticket_id", ids("T", range(first + 1, first + len(table) + 1), width))
    return table


def add_replies(rng, truth, window, tickets):
    """Tickets with the day of the first reply, at the latest that of the resolution, and the channel they came by."""
    n, channels = len(tickets), list(truth.ticket_channels)
    channel = pick(rng, list(truth.ticket_channels.values()), n)
    median = np.array([truth.reply_median[name] for name in channels])[channel]
    days = np.floor(rng.lognormal(np.log(median), truth.reply_sigma))
    opened, resolved = ((tickets[name] - window.calendar[0]).dt.days for name in ("opened_on", "resolved_on"))
    reply = np.fmin(opened + days, resolved)
    return tickets.assign(first_reply_on=window.dates(reply), channel=np.array(channels, object)[channel])


def subscriptions_table(rng, truth, window, people, orders, names, first, width):
    """The table of club contracts: consumers join after their first order and leave as sBG says, month by month."""
    start = np.full(len(people), np.inf)
    np.minimum.at(start, orders["customer"].to_numpy(), orders["day"].to_numpy())
    start = start + np.floor(rng.exponential(truth.club_delay, len(people)))
    member = (people["type"] == 0).to_numpy() & (rng.random(len(people)) < truth.club_share) & (start <= window.last)
    who = np.flatnonzero(member)
    who = who[np.argsort(start[who], kind="stable")]
    n, plans = len(who), list(truth.plan_shares)
    plan = pick(rng, list(truth.plan_shares.values()), n)
    gamma, delta = (np.array(list(shape.values()))[plan] for shape in (truth.churn_gamma, truth.churn_delta))
    months = rng.geometric(np.maximum(rng.beta(gamma, delta), 1e-9))
    began = window.dates(start[who])
    fee = np.array(list(truth.plan_fee.values()))[plan] * window.index[start[who].astype(int)]
    return pd.DataFrame(
        {
            "contract_id": ids("K", range(first + 1, first + n + 1), width),
            "customer_id": names[who],
            "started_on": began,
            "ended_on": _months_later(began, months, window),
            "monthly_fee": np.round(fee, 2),
            "plan": np.array(plans, object)[plan],
        }
    )


def draw_causes(rng, truth, subscriptions):
    """Why each contract ended, by its plan; None where it runs."""
    causes = list(next(iter(truth.ended_because.values())))
    shares = [[truth.ended_because[plan][cause] for cause in causes] for plan in truth.plan_shares]
    plan = pd.Index(truth.plan_shares).get_indexer(subscriptions["plan"])
    drawn = pick(rng, np.array(shares)[plan], len(subscriptions))
    return np.where(subscriptions["ended_on"].notna(), np.array(causes, object)[drawn], None)


def _months_later(began, months, window):
    """The same day so many months later (at most the 28th); missing after the last day."""
    month = began.to_numpy().astype("datetime64[M]")
    day = np.minimum(began.dt.day.to_numpy() - 1, 27)
    ended = (month + np.minimum(months, 1_200)).astype("datetime64[D]") + day
    ended = np.where(ended <= window.calendar[-1].to_datetime64().astype("datetime64[D]"), ended, np.datetime64("NaT"))
    return pd.Series(ended.astype("datetime64[s]"))


def surveys_table(rng, truth, window, people, orders, names, first, width):
    """The table of answers, and behind them of those who were asked and gave none; and what these would have answered.

    Each quarter, customers active of late are invited; who answers depends on the answer.
    """
    who, asked, answer, back = _invited(rng, truth, window, people, orders)
    table = _answers(rng, truth, window, people, orders, names, who[back], asked[back], answer[back])
    late = table["answered_on"].isna().to_numpy()  # after the last day
    silent = ~back
    silent[np.flatnonzero(back)[late]] = True
    still = pd.DataFrame({"customer_id": names[who], "invited_on": window.dates(asked)})[silent]
    table = table[~late].sort_values("answered_on", kind="stable")
    table = pd.concat([table, still], ignore_index=True)
    table.insert(0, "survey_id", ids("A", range(first + 1, first + len(table) + 1), width))
    missed = np.array(ANSWERS, object)[answer[silent]]
    return table, pd.DataFrame({"survey_id": table["survey_id"].tail(len(missed)).to_numpy(object), "answer": missed})


def _invited(rng, truth, window, people, orders):
    """Who is asked on what day, what each would answer (a number of `ANSWERS`), and who does."""
    asked = window.calendar[(window.calendar.day == 15) & (window.calendar.month % 3 == 0)]
    who, day = [], []
    for quarter in (asked - window.calendar[0]).days:
        recent = orders[(orders["day"] < quarter) & (orders["day"] >= quarter - 180)]
        active = np.unique(recent["customer"].to_numpy())
        active = active[rng.random(len(active)) < truth.invited_share]
        who.append(active)
        day.append(np.full(len(active), quarter))
    who, day = np.concatenate(who), np.concatenate(day)
    shares = np.array([truth.answer_by_type[name] for name in TYPES])
    answer = pick(rng, shares[people["type"].to_numpy()[who]], len(who))
    return who, day, answer, rng.random(len(who)) < np.array(truth.answers_back)[answer]


def _answers(rng, truth, window, people, orders, names, who, asked, answer):
    """The answers of those who give one, in the order of the invitations; without a date where that is not over."""
    day = asked + rng.integers(0, 14, len(who))
    n, wallet = len(who), np.array([truth.wallet_share[name] for name in TYPES])
    own = _spent(orders, who, day)
    noise = rng.lognormal(-(truth.wallet_noise**2) / 2, truth.wallet_noise, n)
    points = {
        "nps": np.choose(answer, [rng.integers(9, 11, n), rng.integers(7, 9, n), pick(rng, DETRACTORS, n)]),
        "csat": np.choose(answer, [rng.integers(4, 6, n), rng.integers(3, 5, n), rng.integers(1, 4, n)]),
        **_attributes(rng, truth, answer),
    }
    return pd.DataFrame(
        {
            "customer_id": names[who],
            "answered_on": window.dates(day),
            **{name: pd.array(values, "Int64") for name, values in points.items()},  # may be missing beside silent ones
            "category_spend": np.round(own / wallet[people["type"].to_numpy()[who]] * noise, 0),
            "invited_on": window.dates(asked),
        }
    )


def draw_effort(rng, truth, surveys, tickets):
    """Effort, 1 to 7, by whether the last ticket before the answer took one contact; missing without an answer."""
    answered = surveys[["customer_id", "answered_on"]].dropna().astype({"customer_id": "str"})
    opened = tickets[["customer_id", "opened_on", "touches"]].astype({"customer_id": "str"})
    last = pd.merge_asof(answered, opened, left_on="answered_on", right_on="opened_on", by="customer_id")["touches"]
    kind = np.where(last.isna(), "none", np.where(last <= 1, "first", "more"))
    mean = pd.Series(kind, answered.index, dtype=object).map(truth.effort).to_numpy(float)
    effort = pd.Series(1 + rng.binomial(6, (mean - 1) / 6), answered.index, dtype="Int64")
    return effort.reindex(surveys.index)


def _attributes(rng, truth, answer):
    """Expectation and performance, 1 to 5, with exactly the means of the truth: 1 + binomial(4, ...)."""
    shift = np.array([truth.performance_shift[name] for name in ANSWERS])[answer]
    told = {}
    for name, mean in truth.expectation.items():
        told[f"expectation_{name}"] = 1 + rng.binomial(4, (mean - 1) / 4, len(answer))
    for name, mean in truth.expectation.items():
        told[f"performance_{name}"] = 1 + rng.binomial(4, (mean + truth.gap[name] + shift - 1) / 4)
    return told


def _spent(orders, who, day):
    """TRY each customer spent with us in the 365 days up to the day."""
    span = 100_000  # days; keeps customers apart in one sorted key
    rows = orders.sort_values(["customer", "day"], kind="stable")
    key = rows["customer"].to_numpy() * span + rows["day"].to_numpy()
    total = np.concatenate([[0.0], np.cumsum(rows["worth"].to_numpy())])
    until = np.searchsorted(key, who * span + day, side="right")
    since = np.searchsorted(key, who * span + np.maximum(day - 364, 0), side="left")
    return total[until] - total[since]


def ratings_table(rng, truth, names):
    """The table of brands judged on attributes, by consumers and firms alike."""
    raters = np.sort(rng.permutation(len(names))[: truth.raters])
    place = np.array(list(truth.brand_positions.values()))
    loading = np.array(list(truth.attribute_loadings.values()))
    level = rng.normal(0, truth.rater_noise, len(raters))[:, None, None]
    noise = rng.normal(0, truth.rating_noise, (len(raters), len(place), len(loading)))
    score = 3 + (place @ loading.T)[None] + level + noise
    rows = pd.MultiIndex.from_product(
        [names[raters], truth.brand_positions, truth.attribute_loadings], names=["customer_id", "brand", "attribute"]
    ).to_frame(index=False)
    rating = np.clip(np.round(score), 1, 5).astype(int).ravel()
    return rows.assign(rating=rating)[["brand", "attribute", "rating", "customer_id"]]
