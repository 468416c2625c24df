"""What customers answered, for sitting 3d: the gap in one thing, who is content, who had little effort."""

import pandas as pd

from portfoy.customers import DAY, to_frame
from portfoy.errors import DataError
from portfoy.locale import _

YEAR, EVER = 365, 9999  # days
NAMES = ["price", "quality", "delivery", "service", "choice"]


def surveys(firm):
    return firm.once("surveys of 3d", lambda: to_frame(firm.tables.surveys).sort_values("answered_on", kind="stable"))


def _requests(firm):
    return firm.once(
        "requests of 3d", lambda: to_frame(firm.tables.tickets).dropna(subset="opened_on").sort_values("opened_on")
    )


def answers(firm, days=YEAR, rows="last"):
    """The answers of so many last days, one of each customer."""
    table = surveys(firm)
    table = table[table["answered_on"] > firm.as_of - days * DAY]
    return table if rows == "every" else table.drop_duplicates("customer_id", keep=rows)


def _gaps(table):
    gaps = {name: table[f"performance_{name}"] - table[f"expectation_{name}"] for name in NAMES}
    return pd.DataFrame(gaps, dtype=float)


def disappointed(firm):
    return (_gaps(answers(firm)) < 0).any(axis=1).mean()


def gap(firm, who="detractors", thing="service", part="gap", days=YEAR, rows="last"):
    """The mean gap in one thing among those who gave a mark."""
    table = answers(firm, days, rows)
    marks = table["nps"].astype(float)
    chosen = {"detractors": marks <= 6, "below 6": marks < 6, "to 7": marks <= 7, "passive": marks.isin([7, 8]),
              "promoters": marks >= 9, "all": marks >= 0, "not": marks > 6}[who]  # fmt: skip
    if not chosen.any():
        raise DataError(_("nobody gave such a mark"))
    gaps, names = _gaps(table), NAMES if thing == "all" else [thing]
    points = gaps.loc[chosen, names]
    expected, got = (table[[f"{side}_{one}" for one in names]].astype(float) for side in ("expectation", "performance"))
    own, found = expected[chosen].to_numpy().mean(), got[chosen].to_numpy().mean()
    return {
        "gap": points.mean().mean(), "turned": -points.mean().mean(), "got": found, "expected": own,
        "others": found - expected.to_numpy().mean(), "ratio": found / own, "middle": points.median().mean(),
        "below": (points < 0).mean().mean(), "above": (points > 0).mean().mean(), "size": points.abs().mean().mean(),
        "only": points[points < 0].mean().mean(), "sum": points.sum().sum(), "spread": points.sum().sum() / len(table),
        "most": (gaps[chosen] < 0).any(axis=1).mean(),
    }[part]  # fmt: skip


def _complained(firm, days=YEAR, kind="complaint"):
    requests = _requests(firm)
    lately = requests["opened_on"] > firm.as_of - days * DAY
    return requests.loc[lately & (requests["is_complaint"].eq(True) | (kind == "request")), "customer_id"]


def content(firm, part="top two", who="complained", since=YEAR, below="answers", days=YEAR, rows="last"):
    """The share of those who complained that is content."""
    table, own = answers(firm, days, rows), _complained(firm, since, "request" if who == "request" else "complaint")
    mine = table["customer_id"].isin(own)
    csat = table.loc[{"all": mine | True, "others": ~mine}.get(who, mine), "csat"].astype(float).dropna()
    if csat.empty:
        raise DataError(_("nobody who complained has answered"))
    top, bottom = csat >= 4, csat <= 2
    shares = {"top two": top, "top": csat == 5, "three": csat >= 3, "bottom": bottom, "four": csat == 4}
    if part not in shares:
        return {"mean": csat.mean(), "scaled": csat.mean() / 5, "stretched": (csat.mean() - 1) / 4,
                "net": top.mean() - bottom.mean(), "number": float(top.sum()), "middle": csat.median(),
                "of content": top.sum() / table["csat"].ge(4).sum()}[part]  # fmt: skip
    invited = surveys(firm)
    invited = invited[(invited["invited_on"] > firm.as_of - days * DAY) & invited["customer_id"].isin(own)]
    rest = {"answers": len(csat), "all answers": len(table), "complained": own.nunique(), "requests": len(own),
            "invited": invited["customer_id"].nunique(), "invitations": len(invited)}[below]  # fmt: skip
    return shares[part].sum() / rest


def _with_contacts(firm, days=YEAR, rows="last", when="before"):
    """Answers with the contacts of a request: the last before the answer, the last ever, or the first."""
    table, requests = answers(firm, days, rows), _requests(firm)[["customer_id", "opened_on", "touches"]]
    if when == "before":
        keys = {"left_on": "answered_on", "right_on": "opened_on", "by": "customer_id"}
        return pd.merge_asof(table, requests, **keys)
    if when == "every":
        return table.merge(requests, on="customer_id", how="left")
    one = requests.drop_duplicates("customer_id", keep=when)
    return table.merge(one, on="customer_id", how="left")


def little(firm, part="low", who="once", when="before", below="own", days=YEAR, rows="last"):
    """The share of answers after a request settled with one contact that tell of little effort."""
    table = _with_contacts(firm, days, rows, when)
    touches = table["touches"].astype(float)
    chosen = {"once": touches == 1, "more": touches >= 2, "any": touches >= 1, "two": touches <= 2,
              "none": touches.isna(), "quiet": ~(touches >= 2), "all": touches.isna() | True}[who]  # fmt: skip
    effort = table.loc[chosen, "effort"].astype(float).dropna()
    if effort.empty:
        raise DataError(_("nobody with such a request has answered"))
    shares = {"low": effort <= 2, "turned": effort >= 6, "one": effort == 1, "two": effort == 2, "three": effort <= 3}
    if part not in shares:
        told = table["effort"].le(2)
        return {"mean": effort.mean(), "number": float((effort <= 2).sum()), "middle": effort.median(),
                "of low": (effort <= 2).sum() / told.sum()}[part]  # fmt: skip
    return shares[part].sum() / {"own": len(effort), "all": len(table), "any": (touches >= 1).sum()}[below]
