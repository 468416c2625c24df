"""The figures of a company of one's own that sittings 6a to 6c ask for, each with the turns that it can take wrong."""

import numpy as np
import pandas as pd

from portfoy.course.capstone import brief
from portfoy.customers import DAY, months_before, to_frame
from portfoy.errors import DataError
from portfoy.locale import _

RIPE = 6  # months that a lead needs until it is won or lost


def order_lines(firm):
    """The order lines that are used; worked out once."""
    return firm.once("6a lines", lambda: to_frame(firm.log))


def year(firm, months=12, skip=0):
    """The order lines of so many months that end with the firm's day, or so many months before."""
    lines = order_lines(firm)
    end = months_before(firm.as_of, skip)
    start = months_before(end, months) if months else pd.Timestamp.min
    return lines[(lines["ordered_on"] > start) & (lines["ordered_on"] <= end)]


def windows(right=12):
    """Wrong windows of the last year."""
    says = {
        11: _("This is eleven months."),
        13: _("This is thirteen months."),
        6: _("This is half a year."),
        24: _("These are two years."),
        36: _("This is the whole history."),
        0: _("This is the whole history."),
        "before": _("This is the year before the last one."),
        "january": _("This is the year since January. Asked are the twelve months up to the last day."),
    }
    return {right: None, **says}


def top(firm, part=10, measure="revenue", months=12, best=True, size="up", give="share"):
    """What share of the last year's revenue the largest tenth of its buyers brings."""
    rows = year(firm, 0 if months == 36 else months) if months != "before" else year(firm, 12, skip=12)
    rows = rows.assign(margin=rows["amount"] - rows["quantity"] * rows["unit_cost"], lines=1)
    rows = rows[rows["customer_id"].isin(rows.loc[rows["amount"] >= 0, "customer_id"])]
    column = {"revenue": "amount", "paid": "amount_paid", "margin": "margin", "lines": "lines", "pieces": "quantity"}
    each = rows.groupby("customer_id")[column[measure]].sum().sort_values(ascending=not best)
    n = {"up": -(-len(each) // part), "down": len(each) // part, "known": -(-len(firm.customers) // part)}[size]
    return float({
        "share": each.iloc[:n].sum() / each.sum(),
        "money": each.iloc[:n].sum(),
        "mean": each.iloc[:n].mean(),
        "n": n,
        "times": each.iloc[:n].mean() / each.mean(),
        "limit": each.iloc[n - 1],
        "one": each.iloc[0] / each.sum(),
        "ten": each.iloc[:10].sum() / each.sum(),
    }[give])  # fmt: skip


def top_fifth(firm):
    """The claim that is tested: what share of the revenue the largest fifth brings."""
    return top(firm, part=5)


def lost(firm, window=None, base=12, give="share", seen="sales"):
    """What share of the buyers of a year bought nothing in the months after it."""
    window = brief(firm).window if window is None else window
    lines = year(firm, 0)
    lines = lines[(lines["amount"] >= 0) | (seen == "all")]
    end = months_before(firm.as_of, window)
    start = months_before(end, base) if base else pd.Timestamp.min
    before = lines[(lines["ordered_on"] > start) & (lines["ordered_on"] <= end)]
    ids, later = set(before["customer_id"]), set(lines.loc[lines["ordered_on"] > end, "customer_id"])
    if give == "both":
        return len(ids), len(ids - later) / len(ids)
    if give == "ids":
        return ids
    return float({
        "share": len(ids - later) / len(ids),
        "kept": len(ids & later) / len(ids),
        "n": len(ids - later),
        "base": len(ids),
        "later": len(ids - later) / len(later),
        "ever": len(ids - later) / len(firm.customers),
        "all": (firm.customers["last_order"] <= end).mean(),
        "new": len(later - ids) / len(later),
        "month": len(ids - later) / len(ids) / window,
        "balance": 1 - len(later) / len(ids),
        "everybody": len(ids - later) / len(ids | later),
    }[give])  # fmt: skip


def leads_and_money(firm):
    """Leads of the firm, its money by channel at today's prices."""

    def made():
        leads, spend = to_frame(firm.tables.leads), to_frame(firm.tables.spend)
        return leads, spend.assign(today=spend["cost"] * firm.prices.factors(spend["month"]).to_numpy())

    return firm.once("6b won", made)


def cost(firm, channel=None, money="all", prices="today", below="won", give="each", until=RIPE):
    """What a customer won by a channel costs, by the leads that have had their time."""
    leads, spend = leads_and_money(firm)
    end = months_before(firm.as_of, until)
    leads, spend = leads[leads["created_on"] <= end], spend[spend["month"] <= end]
    channel = brief(firm).channel if channel is None else channel
    leads = leads[(leads["channel"] == channel) | (channel == "every")]
    spend = spend[spend["channel"].eq(channel) | ((channel == "every") & spend["channel"].isin(leads["channel"]))]
    sales = spend["kind"] == "sales"
    spend = {"all": spend, "ads": spend[~sales], "sales": spend[sales]}[money]
    won = (leads["outcome"] == "won").sum()
    if not won:
        raise DataError(_("this channel won nobody."))
    paid = spend[prices if prices == "today" else "cost"].sum()
    if give == "both":
        return won, paid / won
    first = firm.customers.set_index("customer_id")["first_order"]
    ids = leads.loc[leads["outcome"] == "won", "customer_id"]
    return float(paid / {
        "won": won,
        "leads": len(leads),
        "closed": leads["outcome"].isin(["won", "lost"]).sum(),
        "lost": (leads["outcome"] == "lost").sum(),
        "open": (leads["outcome"] == "open").sum(),
        "bought": ids.isin(first.index).sum(),
        "named": ids.notna().sum() + 1e-9,
        "valued": 1,
        "rows": len(spend),
        "months": spend["month"].nunique(),
    }[below])  # fmt: skip


def year_of_won(firm, money="margin", days=365, old=365, who="won", since="first"):
    """What each customer won by a lead, long enough ago, brought in the year from the first order on."""
    leads, _spend = leads_and_money(firm)
    won = leads[leads["outcome"] == "won"]
    if who == "channel":
        won = won[won["channel"] == brief(firm).channel]
    customers = firm.customers
    theirs = customers["customer_id"].isin(won["customer_id"])
    people = customers[{"won": theirs, "channel": theirs, "all": theirs | True, "others": ~theirs}[who]]
    people = people[people["first_order"] <= firm.as_of - old * DAY]
    lines = year(firm, 0).merge(people[["customer_id", "first_order", "last_order"]], on="customer_id")
    if since == "last":
        lines = lines[lines["ordered_on"] > lines["last_order"] - days * DAY]
    else:
        lines = lines[lines["ordered_on"] < lines["first_order"] + days * DAY]
    worth = {
        "margin": lines["amount"] - lines["quantity"] * lines["unit_cost"],
        "revenue": lines["amount"],
        "paid": lines["amount_paid"],
        "cost": lines["quantity"] * lines["unit_cost"],
        "each": lines["amount"] - lines["unit_cost"],
    }[money]
    return worth.groupby(lines["customer_id"]).sum()


def first_year(firm, give="mean", **turns):
    each = year_of_won(firm, **turns)
    return float({
        "mean": each.mean(),
        "median": each.median(),
        "sum": each.sum(),
        "month": each.mean() / 12,
        "n": len(each),
        "error": each.sem(),
        "spread": each.std(),
        "low": each.mean() - 1.96 * each.sem(),
        "high": each.mean() + 1.96 * each.sem(),
        "most": each.max(),
    }[give])  # fmt: skip


def interval(firm, name):
    """A figure that a page may give, with the half of its interval below and above, of 95 %: (value, low, high)."""
    if name == "churn":
        n, value = lost(firm, give="both")
        half = 1.96 * (value * (1 - value) / n) ** 0.5
        return value, value - half, value + half
    if name == "cost":
        won, value = cost(firm, give="both")
        times = np.exp(1.96 / won**0.5)
        return value, value / times, value * times
    each = year_of_won(firm)
    return each.mean(), each.mean() - 1.96 * each.sem(), each.mean() + 1.96 * each.sem()
