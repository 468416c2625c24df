"""What sitting 4a asks of the share of wallet, and what a visit could reach by the truth."""

import pandas as pd

from portfoy.course.lessons import truth
from portfoy.customers import DAY, to_frame
from portfoy.deepening.wallet import wallet
from portfoy.errors import DataError
from portfoy.locale import _

YEAR = 365 * DAY
VISITS, LOT = 20, 7  # customers who are visited, and the seed of those drawn by lot


def told(firm, days=365):
    """The answers of the last days, what was bought before each, by its way to count, and the type."""

    def counted():
        surveys, lines = to_frame(firm.tables.surveys), to_frame(firm.log)
        if "category_spend" not in surveys or "amount_paid" not in lines:
            raise DataError(_("a survey with category_spend, and prices of each month, are needed."))
        rows = surveys[surveys["category_spend"].notna()].set_index("survey_id", drop=False)
        met = rows[["survey_id", "customer_id", "answered_on"]].reset_index(drop=True).merge(lines, on="customer_id")
        ago, late = met["answered_on"] - met["ordered_on"], met["ordered_on"] > firm.as_of - YEAR
        in_year = (ago >= 0 * DAY) & (ago < YEAR)
        sums = {"year": in_year, "until": ago >= 0 * DAY, "now": late}
        for name, kept in sums.items():
            for money in ("amount_paid", "amount"):
                rows[f"{name} {money}"] = met[kept].groupby("survey_id")[money].sum()
        return rows.assign(type=rows["customer_id"].map(firm.recent(0).set_index("customer_id")["type"]))

    rows = firm.once("4a told", counted)
    return rows[rows["answered_on"] > firm.as_of - YEAR] if days else rows


def share(firm, how="sums", who="retailer", window="year", money="amount_paid", days=365, silent="in"):
    """Our share of what customers of a type say to spend."""
    rows = told(firm, days)
    rows = rows[{"all": rows["type"].notna(), "firms": rows["type"] != "consumer"}.get(who, rows["type"] == who)]
    ours, spend = rows[f"{window} {money}"], rows["category_spend"]
    if silent == "out":
        ours, spend = ours[ours.notna()], spend[ours.notna()]
    if not ours.sum():
        raise DataError(_("no such customer told what they spend."))
    return {
        "sums": ours.sum() / spend.sum(),
        "ratios": (ours / spend).mean(),
        "median": (ours / spend).median(),
        "upside": spend.sum() / ours.sum(),
        "headroom": spend.sum() - ours.sum(),
        "ours": ours.sum(),
        "each": ours.mean(),
        "n": len(ours),
        "medians": ours.median() / spend.median(),
        "twice": ours.sum() / (ours.sum() + spend.sum()),
        "once": rows.drop_duplicates("customer_id")[f"now {money}"].sum() / spend.sum(),
        "of all": ours.sum() / told(firm, days)["category_spend"].sum(),
        "of ours": ours.sum() / told(firm, days)[f"{window} {money}"].sum(),
    }[how]


def share_turns():
    return {
        "how": {
            "sums": None,
            "ratios": _("This is the mean of the ratios: a small customer counts as much as a large one."),
            "median": _("This is the ratio of the customer in the middle; add the money first."),
            "upside": _("Upside down: what they spend with all, divided by what they spend with us."),
            "headroom": _("This is money: what they spend with others. Asked is our share."),
            "ours": _("This is money: what they spent with us. Divide it by what they spend with all."),
            "each": _("This is money: what one of them spent with us, on average."),
            "n": _("This is how many answers of retailers there are."),
            "medians": _("These are two medians; add the money of all."),
            "twice": _("Below the line our money counts twice: `category_spend` has it in already."),
            "once": _("These are the orders of our last 12 months, not of the year before each answer."),
            "of all": _("This divides by what customers of all types spend."),
            "of ours": _("This is their part of our money, not our part of theirs."),
        },
        "who": {
            "retailer": None,
            "all": _("These are customers of all types, not the retailers."),
            "firms": _("These are all firms; retailers are one type of them."),
            "business": _("These are the businesses, not the retailers."),
            "wholesaler": _("These are the wholesalers, not the retailers."),
            "consumer": _("These are the consumers, not the retailers."),
        },
        "window": {
            "year": None,
            "until": _("Above the line stand the orders of all years; `category_spend` is of one year."),
            "now": _("These are the orders of our last 12 months, not of the year before each answer."),
        },
        "money": {
            "amount_paid": None,
            "amount": _("`amount` is in prices of today; they told what they spent then. Take `amount_paid`."),
        },
        "days": {365: None, 0: _("These are the answers of all years, not of the last one.")},
        "silent": {"in": None, "out": _("Those who bought nothing in the year are left out; they spend with others.")},
    }


def reach(firm):
    """The headroom truly reached by each choice of customers: sum of what they spend with others in a year."""
    found, kit = truth(firm), wallet(firm)
    if found is None or not kit:
        raise DataError(_("no truth is known of this company, or too few told what they spend."))
    bought = kit.customers.set_index("customer_id")
    own = firm.recent(0).set_index("customer_id")["type"].map(found.parameters["wallet_share"])
    room = bought["revenue"] * (1 / own.reindex(bought.index) - 1)
    rows = told(firm).assign(ratio=lambda own: own["year amount_paid"] / own["category_spend"])
    rows = rows[rows["customer_id"].isin(bought.index)].sort_values("ratio").drop_duplicates("customer_id")
    lists = {
        "loyal": rows.dropna(subset="ratio").tail(VISITS)["customer_id"],
        "low share": rows.head(VISITS)["customer_id"],
        "headroom": bought.nlargest(VISITS, "headroom").index,
        "next": bought.sample(min(VISITS, len(bought)), random_state=LOT).index,
    }
    return pd.Series({name: float(room.reindex(ids).sum()) for name, ids in lists.items()})
