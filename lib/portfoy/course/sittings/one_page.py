"""The page of the capstone: what two of its figures rest on, and whether the form of each of its parts is right."""

import re

import pandas as pd

from portfoy.course.capstone import brief
from portfoy.course.exercise import kind
from portfoy.course.sittings.figures import interval, top_fifth, year
from portfoy.customers import DAY, to_frame
from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.models.columns import CONTROL, TREATED

FIGURES = ("churn", "cost", "first year", "effect", "complaint")  # that a page may give, and the truth knows
WORDS = {"carries": 20, "missing": 12, "because": 10, "so": 6}  # so many at least
VERDICTS = ("holds", "does not hold", "cannot be told")
NARROW, WIDE, NEAR = 0.5, 2.0, 0.02  # an interval over the usual one; a figure beside the right one


def contacted(firm, campaign="CAM05"):
    """The contacts of a campaign whose group and answer are known."""
    rows = to_frame(firm.tables.contacts).dropna(subset=["arm", "responded"])
    return rows[(rows["campaign_id"] == campaign) | (campaign == "every")].assign(
        responded=lambda table: table["responded"].astype(float)
    )


def effect(firm, measure="added", campaign="CAM05", arms="all"):
    """What the past campaign added to the share that bought."""
    rows = contacted(firm, campaign)
    sent, left = (rows[rows["arm"] == arm] for arm in (TREATED, CONTROL))
    opened = sent["opened"].eq(True)
    sent, left = {
        "all": (sent, left),
        "openers": (sent[opened], left),
        "open or not": (sent[opened], sent[~opened]),
        "mixed": (sent[opened], pd.concat([left, sent[~opened]])),
        "closed": (left, sent),
    }[arms]
    sent, left = sent["responded"], left["responded"]
    if min(len(sent), len(left)) < 2:
        raise DataError(_("too few customers in one of the groups."))
    added, error = sent.mean() - left.mean(), (sent.var() / len(sent) + left.var() / len(left)) ** 0.5
    return float({
        "added": added,
        "sent": sent.mean(),
        "left": left.mean(),
        "both": pd.concat([sent, left]).mean(),
        "ratio": sent.mean() / left.mean(),
        "more": sent.mean() / left.mean() - 1,
        "buyers": sent.sum() - left.sum(),
        "whole": (sent.sum() - left.sum()) / (len(sent) + len(left)),
        "n": len(sent) + len(left),
        "error": error,
        "low": added - 1.96 * error,
        "high": added + 1.96 * error,
    }[measure])  # fmt: skip


def complaints(firm, give="lost", money="margin", days=365, old=365, kind="complaint", after=True):
    """What a complaint that is not solved at the first contact costs, in margin of the time after it."""
    rows = to_frame(firm.tables.tickets).dropna(subset=["touches", "is_complaint"])
    right = {"complaint": rows["is_complaint"].eq(True), "other": rows["is_complaint"].eq(False)}
    rows = rows[right.get(kind, True) & (rows["opened_on"] <= firm.as_of - old * DAY)]
    lines = year(firm, 0).merge(rows[["ticket_id", "customer_id", "opened_on"]], on="customer_id")
    since = (lines["ordered_on"] - lines["opened_on"]) / DAY
    lines = lines[(since > 0) & (since <= days) if after else (since <= 0) & (since > -days)]
    worth = {
        "margin": lines["amount"] - lines["quantity"] * lines["unit_cost"],
        "revenue": lines["amount"],
        "paid": lines["amount_paid"],
        "each": lines["amount"] - lines["unit_cost"],
    }[money]
    each = rows["ticket_id"].map(worth.groupby(lines["ticket_id"]).sum())
    each = each.dropna() if give == "bought" else each.fillna(0.0)
    touches = rows["touches"].reindex(each.index)
    solved, late = each[touches == 1], each[touches > 1]
    lost, error = solved.mean() - late.mean(), (solved.var() / len(solved) + late.var() / len(late)) ** 0.5
    return float({
        "lost": lost,
        "bought": lost,
        "solved": solved.mean(),
        "not": late.mean(),
        "both": each.mean(),
        "ratio": solved.mean() / late.mean(),
        "share": lost / solved.mean(),
        "sum": solved.sum() - late.sum(),
        "median": solved.median() - late.median(),
        "turned": -lost,
        "n": len(each),
        "error": error,
        "low": lost - 1.96 * error,
        "high": lost + 1.96 * error,
    }[give])  # fmt: skip


def usual(firm, name):
    """A figure of the page as the data have it: (value, low, high)."""
    if name in ("effect", "complaint"):
        work, key = (effect, "measure") if name == "effect" else (complaints, "give")
        return tuple(work(firm, **({key: end} if end else {})) for end in (None, "low", "high"))
    return interval(firm, name)


def _text(answer, part):
    """What is wrong with a text of the page."""
    if kind(answer) != "text":
        return _("Wanted is a text in quotes.")
    n = len(answer.split())
    if n < WORDS[part]:
        return _("{n} words. Write whole sentences, {least} words at least.").format(n=n, least=WORDS[part])
    return None


def carries(firm, answer):
    """Whether the part on what the data carry has its form."""
    if wrong := _text(answer, "carries"):
        return False, wrong
    if len(re.findall(r"\d+", answer)) < 2:
        return False, _("Say it with numbers: two at least, such as rows and money.")
    return True, _("Written.")


def missing(firm, answer):
    """Whether the part on what is missing has its form."""
    wrong = _text(answer, "missing")
    return not wrong, wrong or _("Written.")


def _number(value):
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _parts(answer, wanted):
    """The parts of a dict, and what is wrong with its names."""
    if not isinstance(answer, (dict, pd.Series)):
        return {}, _("Wanted is a dict, as in the task: names, each with what belongs to it.")
    given = dict(answer)
    lost = [name for name in wanted if name not in given]
    if lost:
        return given, _("It lacks {names}.").format(names=", ".join(map(repr, lost)))
    return given, None


def figures(firm, answer):
    """Whether three figures with intervals are there, and agree with the data."""
    given, wrong = _parts(answer, ())
    if wrong:
        return False, wrong
    odd = [name for name in given if name not in FIGURES]
    if odd or len(given) != 3:
        text = _("Give three of these names: {names}.")
        return False, text.format(names=", ".join(map(repr, FIGURES)))
    for name, ends in given.items():
        if wrong := _figure(firm, name, ends):
            return False, f"`{name}`: {wrong}"
    return True, _("Three figures with their intervals.")


def _figure(firm, name, ends):
    """What is wrong with a figure and its interval."""
    ends = [_number(one) for one in ends] if isinstance(ends, (list, tuple)) else []
    if len(ends) != 3 or None in ends:
        return _("write three numbers: [figure, low, high].")
    value, low, high = ends
    if not low <= value <= high:
        return _("the figure must lie between low and high.")
    right, least, most = usual(firm, name)
    if abs(value - right) > NEAR * abs(right):
        return _("the figure is not what the data have. Take that of the exercise.")
    if not NARROW <= (high - low) / (most - least) <= WIDE:
        narrow = (high - low) < (most - least)
        return (
            _("the interval is much narrower than chance allows.")
            if narrow
            else _("the interval is much wider than need be.")
        )
    return None


def plan(firm, answer):
    """Whether a decision among the options is there, with its cost and the profit expected."""
    given, wrong = _parts(answer, ("choice", "cost", "profit", "because"))
    if wrong:
        return False, wrong
    costs = brief(firm).costs
    if given["choice"] not in costs:
        return False, _("Choose one of: {options}.").format(options=", ".join(map(repr, costs)))
    cost, profit = _number(given["cost"]), _number(given["profit"])
    if cost is None or profit is None or profit != profit:
        return False, _("Cost and profit are numbers.")
    if abs(cost - costs[given["choice"]]) > NEAR * max(costs[given["choice"]], 1):
        return False, _("That is not what `{name}` costs by the brief.").format(name=given["choice"])
    if given["choice"] == "nothing" and profit:
        return False, _("Who does nothing earns 0 more.")
    if wrong := _text(given["because"], "because"):
        return False, f"`because`: {wrong}"
    return True, _("A decision, its cost, the profit expected, and the reason.")


def claim(firm, answer):
    """Whether the manager's claim is tested: the share, its interval, and a word that follows from them."""
    given, wrong = _parts(answer, ("verdict", "share", "low", "high", "so"))
    if wrong:
        return False, wrong
    share, low, high = (_number(given[name]) for name in ("share", "low", "high"))
    if given["verdict"] not in VERDICTS:
        return False, _("The verdict is one of: {options}.").format(options=", ".join(map(repr, VERDICTS)))
    if None in (share, low, high) or not low <= share <= high or low == high:
        return False, _("Give three numbers: the share between `low` and `high`, which differ.")
    right, said = top_fifth(firm), brief(firm).claim
    if abs(share - right) > NEAR * right:
        return False, _("The share is not that of the largest fifth of last year's buyers.")
    follows = "holds" if low > said else "does not hold" if high < said else "cannot be told"
    if given["verdict"] != follows:
        text = _("By your own interval the verdict is another: is {said:.0%} below it, above it or within it?")
        return False, text.format(said=said)
    if wrong := _text(given["so"], "so"):
        return False, f"`so`: {wrong}"
    return True, _("A claim, tested.")
