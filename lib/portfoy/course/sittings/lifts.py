"""What a call must bring, and how much oftener the best respond than all; for sitting 1c."""

import pandas as pd

from portfoy.course.exercise import Mistake
from portfoy.customers import to_frame
from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.selection.response import response

CALL, LETTER, GIFT = 110, 3, 150  # money: a call, the letter of the five customers, a call with a gift
KEY = ["campaign_id", "customer_id"]


def past_campaigns(firm):
    found = firm.once("1c response", lambda: response(firm))
    if not found:
        raise DataError(str(found.reason))
    return found


def _lines(firm):
    """Order lines that answered a campaign, with their margin."""
    lines = firm.once("1c lines", lambda: to_frame(firm.log).dropna(subset="campaign_id"))
    return lines.assign(margin=lines["amount"] - lines["quantity"] * lines["unit_cost"])


def _answers(firm):
    """What each answer to a judged campaign brought, and each to any campaign."""
    totals = _lines(firm).groupby(KEY)[["amount", "margin"]].sum().reset_index()
    return totals[totals["campaign_id"].isin(past_campaigns(firm).judged["campaign_id"])], totals


def cut_off(firm, cost=CALL, of="margin", each="answers", how="mean"):
    customers, (answers, every) = firm.customers, _answers(firm)
    if each == "purchases":
        return cost / (customers["revenue" if of == "amount" else of].sum() / customers["purchases"].sum())
    return cost / {"answers": answers, "all": every, "lines": _lines(firm)}[each][of].agg(how)


def cut_off_mistakes(firm):
    margin, least, answers = CALL / cut_off(firm), cut_off(firm), _answers(firm)[0]
    rates = past_campaigns(firm).examples.groupby("arm")["responded"].mean().sort_index()
    rate = _("This is the share of the revenue that is margin: it knows nothing of what a call costs.")
    lines, every, whose = _lines(firm), _answers(firm)[1], answers.groupby("customer_id")["margin"].sum()
    campaigns, spent = answers.groupby("campaign_id")["margin"], answers["amount"]
    seen = _("This is how many bought in past campaigns; asked is the chance at which a call pays its cost.")
    money = _("This is money; a chance is asked for: the chance at which chance times margin is just the cost.")
    return [
        Mistake(1 / least, _("Upside down: the cost is divided by the margin.")),
        Mistake(1 - least, _("This is the others' share: the chance itself is asked for.")),
        Mistake(margin, _("This is the mean margin. Now divide the cost by it.")),
        Mistake(margin - CALL, money),
        Mistake(margin * LETTER / 60 - CALL, money),
        Mistake(CALL * margin, money),
        Mistake(LETTER / 60, _("This is the cut-off of the five customers; here cost and margin are others.")),
        Mistake(CALL / 60, _("The margin of 60 belongs to the five customers; `answers` has ours.")),
        Mistake(CALL / (margin + CALL), _("You added the cost to the margin; divide by the margin alone.")),
        Mistake((CALL / answers["margin"]).mean(), _("This is a mean of ratios; divide by the mean margin.")),
        *(Mistake(t["margin"].sum() / t["amount"].sum(), rate) for t in (answers, every, lines)),
        Mistake((answers["margin"] / spent).mean(), rate),
        Mistake(answers["margin"].sum() / lines["amount"].sum(), rate),
        Mistake(1 - answers["margin"].sum() / spent.sum(), _("This is the share of the revenue that the goods cost.")),
        Mistake(
            CALL / (spent - answers["margin"]).mean(), _("This divides by what the goods cost, not by the margin.")
        ),
        Mistake(spent.mean() / CALL, _("Upside down, and with revenue: divide the cost by the margin.")),
        Mistake((CALL / spent).mean(), _("This is a mean of ratios, of revenue; divide by the mean margin.")),
        Mistake(CALL / campaigns.mean().mean(), _("Each campaign counts the same here; take the mean of all answers.")),
        Mistake(
            CALL / campaigns.sum().mean(), _("This takes all that a campaign brought; one call brings one answer.")
        ),
        Mistake(
            CALL / whose.mean(), _("This adds up the answers of a customer to several campaigns; take one answer.")
        ),
        Mistake(len(answers) / len(past_campaigns(firm).examples), seen),
        Mistake(
            (answers["margin"] < CALL).mean(), _("This is the share of answers with less margin than a call costs.")
        ),
        *(Mistake(value, seen) for value in (rates["treatment"], rates["control"], rates.diff().iloc[-1])),
        Mistake(CALL / (margin - CALL), _("You took the cost off the margin and then divided: it counts only once.")),
        Mistake(
            (answers["margin"] > CALL).mean(),
            _("This is a count: the share of answers with more margin than a call costs."),
        ),
    ]


def _best(firm, share=0.25, by="p_response", within=True, worst=False):
    """The judged contacts, and which of them are the best of their campaign."""
    judged = past_campaigns(firm).judged
    judged = judged.assign(spent=judged["purchases"] * judged["ticket"])
    ranked = judged.groupby("campaign_id")[by] if within else judged[by]
    return judged, ranked.rank(ascending=worst, pct=True) <= share


def lift(firm, against="all", measure="lift", depth="rows", **best):
    judged, kept = _best(firm, **best)
    of = "p_response" if measure == "forecast" else "responded"
    rate, every = judged.loc[kept, of].mean(), judged[of].mean()
    gain = judged.loc[kept, of].sum() / judged[of].sum()
    if measure == "gain" or depth == "share":
        return gain if measure == "gain" else gain / best.get("share", 0.25)
    if measure == "rate":
        return rate
    sent = past_campaigns(firm).examples.groupby("arm")["responded"].mean()
    base = {"rest": judged.loc[~kept, of].mean(), "all": every}.get(against, sent.get(against))
    return {"difference": rate - base, "upside": base / rate, "index": 100 * rate / base}.get(measure, rate / base)


def lift_mistakes(firm):
    place = past_campaigns(firm).judged.groupby("campaign_id")["p_response"].rank(ascending=False, pct=True)
    responded, chance = past_campaigns(firm).judged["responded"], past_campaigns(firm).judged["p_response"]
    newest = past_campaigns(firm).judged["campaign_id"] == past_campaigns(firm).judged["campaign_id"].max()
    every, known = past_campaigns(firm).examples["responded"].mean(), past_campaigns(firm).judged
    treated = past_campaigns(firm).examples.query("arm == 'treatment'")["responded"].mean()
    every_rate = responded.mean()
    best, rows = place <= 0.25, pd.DataFrame({"campaign": known["campaign_id"], "responded": responded})
    each, own = rows[best].groupby("campaign")["responded"].mean(), rows.groupby("campaign")["responded"].mean()
    first = known.groupby("campaign_id")["p_response"].rank(ascending=False)
    bought = known.groupby("campaign_id")["purchases"].rank(ascending=False, pct=True) <= 0.25
    mixed = _("Here all campaigns are mixed; rank inside each campaign.")
    means = _("This is a mean over the campaigns, each counted the same; take all rows together.")
    halves = _("Above the line stands what was forecast, or below it; count who `responded` in both.")
    lone = _("This divides by a share of customers; hold the rate of the best against the rate of all.")
    table = _("This is the lift of another row of the kit's table, not of the best quarter.")
    others = _("These are the other three quarters: the best have a small rank.")
    lowest = _("These have the lowest forecasts: the best have a small rank.")
    return [
        Mistake(
            responded[place <= 0.25].mean() / every, _("The base is everybody, control group, too; take `judged`.")
        ),
        Mistake(
            responded[newest & (place <= 0.25)].mean() / responded[newest].mean(),
            _("This is the newest campaign alone; `judged` has more of them."),
        ),
        *(Mistake(value, means) for value in ((each / own).mean(), each.mean() / every_rate, each.mean() / own.mean())),
        Mistake(responded[chance >= chance.quantile(0.75)].mean() / every_rate, mixed),
        Mistake(
            responded.head(len(known) // 4).mean() / every_rate, _("This is the first quarter of the table, unsorted.")
        ),
        Mistake(chance[best].mean() / every_rate, halves),
        Mistake(responded[best].mean() / chance.mean(), halves),
        Mistake(
            responded[best].mean() / treated, _("The base holds campaigns that could not be judged; take `judged`.")
        ),
        Mistake(responded[place < 0.25].mean() / every_rate, _("A rank of just 0.25 belongs to the quarter: `<=`.")),
        Mistake(responded[bought].mean() / every_rate, _("These bought most often so far; rank by the forecast.")),
        Mistake(
            responded[first <= 25].mean() / every_rate,
            _("These are 25 customers of each campaign: rank with `pct=True`."),
        ),
        Mistake(responded[best].sum(), _("This is how many of the best responded; a lift divides two rates.")),
        Mistake(responded[best].mean() / 0.25, lone),
        Mistake(responded[best].mean() / 0.2, lone),
        Mistake(best.mean(), _("This is the share of the customers that you kept.")),
        Mistake(
            responded[best].mean() / responded[place > 0.75].mean(), _("The best are held against the worst quarter.")
        ),
        Mistake(responded[best].mean() / responded[place <= 0.5].mean(), _("The best are held against the best half.")),
        Mistake(chance[best].sum() / chance.sum(), _("This is the gain, and of what was forecast.")),
        *(Mistake(lift, table) for lift in past_campaigns(firm).gains["lift"].iloc[:-1]),
        Mistake(
            responded[place <= 0.25].sum() / responded.sum() / 0.2,
            _("The gain is divided by a fifth; these are a quarter."),
        ),
        Mistake(responded[place <= 0.25].sum() / len(responded), _("Divided by all; divide by those you kept.")),
        Mistake(
            responded[chance >= 0.25].mean() / responded.mean(), _("The rank is to be cut at 0.25, not the chance.")
        ),
        *(Mistake(responded[kept].mean() / responded.mean(), others) for kept in (place > 0.25, place >= 0.25)),
        *(Mistake(responded[kept].mean() / responded.mean(), lowest) for kept in (place > 0.75, place >= 0.75)),
    ]
