"""What sitting 4b asks of experiments: who was contacted and left alone, and the ends of an interval."""

import pandas as pd

from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.models.columns import CONTROL, TREATED
from portfoy.models.examples import examples_of


def contacts(firm):
    def made():
        rows = examples_of(firm, 30).dropna(subset=["arm", "responded"])
        if rows.empty or "channel" not in rows:
            raise DataError(_("contacts of both arms, and the channel of customers, are needed."))
        return rows.assign(online=rows["channel"] == "online")

    return firm.once("4b contacts", made)


def arms(rows, how="all"):
    """What was answered by those taken for contacted, and by those taken for left alone."""
    sent, left = (rows[rows["arm"] == arm] for arm in (TREATED, CONTROL))
    opened = sent["opened"].eq(True)
    first, second = {
        "all": (sent, left),
        "openers": (sent[opened], left),
        "open or not": (sent[opened], sent[~opened]),
        "closed": (left, sent),
        "early": (
            sent[sent["campaign_id"] == rows["campaign_id"].iloc[-1]],
            sent[sent["campaign_id"] == rows["campaign_id"].iloc[0]],
        ),
        "mixed": (sent, pd.concat([left, sent[~opened]])),
    }[how]
    if min(len(first), len(second)) < 2:
        raise DataError(_("too few customers in one of the groups."))
    return first["responded"], second["responded"]


def low(firm, who="online", when="every", taken="all", end="low", z=1.96, error="both"):
    """An end of the interval of what a contact adds."""
    rows = contacts(firm)
    rows = rows[(rows["channel"] == who) | (who == "all")]
    rows = rows[(rows["campaign_id"] == contacts(firm)["campaign_id"].iloc[-1]) | (when == "every")]
    sent, left = arms(rows, taken)
    one, other = sent.var() / len(sent), left.var() / len(left)
    spread = {
        "both": (one + other) ** 0.5,
        "sent": one**0.5,
        "left": other**0.5,
        "added": one**0.5 + other**0.5,
        "square": one + other,
        "one group": rows["responded"].std() / len(rows) ** 0.5,
        "customers": (sent.var() + left.var()) ** 0.5,
    }[error]
    effect = sent.mean() - left.mean()
    return {
        "low": effect - z * spread,
        "high": effect + z * spread,
        "effect": effect,
        "error": spread,
        "half": z * spread,
        "width": 2 * z * spread,
        "sent": sent.mean(),
        "left": left.mean(),
        "sent low": sent.mean() - z * one**0.5,
        "left low": left.mean() - z * other**0.5,
        "ends": sent.mean() - z * one**0.5 - left.mean() - z * other**0.5,
        "lows": sent.mean() - z * one**0.5 - left.mean() + z * other**0.5,
        "change": sent.mean() / left.mean() - 1,
        "ratio": sent.mean() / left.mean(),
    }[end]


def low_turns():
    return {
        "end": {
            "low": None,
            "high": _("This is the upper end of the interval."),
            "effect": _("This is the effect itself; asked is the lower end of its interval."),
            "error": _("This is how far chance usually takes the effect. Take 1.96 of it off the effect."),
            "half": _("This is half of the interval. Take it off the effect."),
            "width": _("This is how wide the interval is."),
            "sent": _("This is the share of those contacted who bought. Hold it against those left alone."),
            "left": _("This is the share of those left alone who bought."),
            "sent low": _("This is the interval of the contacted alone, not of a difference."),
            "left low": _("This is the interval of those left alone, not of a difference."),
            "ends": _("Ends of two intervals are not taken off each other: squares of the errors are added."),
            "lows": _("Two lower ends are not taken off each other: squares of the errors are added."),
            "change": _("This is how much more in per cent of those left alone; an effect is a difference in points."),
            "ratio": _("This is a ratio; the effect is a difference."),
        },
        "who": {
            "online": None,
            "all": _("These are the customers of all channels, not of online alone."),
            "shop": _("These are the customers of the shop, not of online."),
            "representative": _("These are customers of representatives, not of online."),
        },
        "taken": {
            "all": None,
            "openers": _("Only those who opened are taken for contacted. Take all: chance did not draw who opens."),
            "open or not": _("This compares who opened with who did not: chance did not draw them."),
            "mixed": _("Those who did not open are put beside those left alone. Chance did not draw them."),
            "early": _("This is later less earlier, before and after: the times differ, too."),
            "closed": _("Turned around: those left alone, less those contacted."),
        },
        "when": {"every": None, "newest": _("This is the newest campaign alone, not all of them.")},
        "z": {
            1.96: None,
            1: _("This takes one error off, not 1.96: such an interval is right in 68 of 100 cases."),
            1.645: _("1.645 belongs to 90 %; to 95 % belongs 1.96."),
            2.58: _("2.58 belongs to 99 %; to 95 % belongs 1.96."),
        },
        "error": {
            "both": None,
            "sent": _("The error has only the contacted in it; those left alone are uncertain, too."),
            "left": _("The error has only those left alone in it; the contacted are uncertain, too."),
            "added": _("The two errors are added; add their squares, then take the root."),
            "square": _("The root is missing in the error."),
            "one group": _("The error is that of one group of all; here two groups are compared."),
            "customers": _("The error is of single customers: divide each variance by the number of customers."),
        },
    }
