"""How do those who own the deals do, against one another and against the year before?"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from portfoy.customers import months_before, purchases_by, to_frame
from portfoy.errors import DataError
from portfoy.firm import analysis
from portfoy.intervals import bounded, corrected, wilson
from portfoy.locale import _
from portfoy.metrics import deal_table, engine
from portfoy.models.arms import independent
from portfoy.words import figure, shapes, style
from portfoy.words.result import Finding, Result
from portfoy.words.table import show

FEWEST = 20  # deals closed in the year, before an owner is held against the others
SHOWN = 12


@dataclass(frozen=True)
class Owners(Result):
    """What each owner closed and won in the last twelve months.

    ``table``, one row per owner with at least `FEWEST` deals closed, the most won first: ``owner``; ``closed``, of them
    ``won``; ``win_share`` with bounds; ``others`` share won by all others; ``p_value`` of the difference (chi-squared),
    corrected for as many owners; ``clear``; ``year_before`` the share of the twelve months before, missing with fewer
    deals; ``revenue`` of the twelve months from customers that they won, whenever, missing without orders. ``few``:
    owners with fewer deals, who are left out.
    """

    table: pd.DataFrame
    few: int
    currency: str
    confidence: float

    def finding(self):
        clear = self.table[self.table["clear"]]
        if clear.empty:
            return Finding(_("No owner wins clearly more or less often"), nothing=True)
        row = clear.loc[(clear["win_share"] - clear["others"]).abs().idxmax()]
        more, less = (
            _("{owner} wins more often than others: {win_share:share} of deals"),
            _("{owner} wins less often than others: {win_share:share} of deals"),
        )
        text = more if row["win_share"] > row["others"] else less
        return Finding(style.say(text, {**row, "owner": style.shorten(row["owner"])}))

    def reading(self):
        clear = self.table[self.table["clear"]]
        if clear.empty:
            return style.say(_("{n:count} owners were compared, twelve months."), {"n": len(self.table)})
        row = clear.loc[(clear["win_share"] - clear["others"]).abs().idxmax()]
        return style.say(
            _("All others won {others:share} in these twelve months. Who is given which deals is not allowed for."),
            row,
        )

    def plot(self, ax=None):
        rows = self.table.head(SHOWN)
        rows = rows.assign(
            name=[style.shorten(owner) for owner in rows["owner"]], value=rows["win_share"],
            low=rows["win_share_low"], high=rows["win_share_high"], strong=rows["clear"],
        )  # fmt: skip
        level = self.table["won"].sum() / self.table["closed"].sum()
        ax = shapes.dots(rows, ax, at=level, write=lambda value: style.share(value, 0))
        told = "; ".join(f"{row.name}: {style.share(row.value, 0)}" for row in rows.itertuples(index=False))
        under = style.say(
            _("of deals closed in twelve months; line: all; coloured: beyond chance; {level} interval"),
            {"level": style.level(self.confidence)},
        )
        return figure.name(ax, _("Deals won, by owner"), under, told)

    def summary(self):
        labels = {"year_before": _("The twelve months before"), "revenue": _("Revenue of customers won")}
        table = self.table.drop(columns=["clear"])
        return show(table, _("Deals won, by owner"), currency=self.currency, labels=labels)

    def method(self):
        text = _(
            "Deals closed in twelve months, by owner; open ones do not count. Interval ({confidence:share}): "
            "Wilson; each owner against all others, corrected (Benjamini-Hochberg). Left out with fewer than "
            "{fewest:count}: {few:count}."
        )
        return style.say(text, {**vars(self), "fewest": FEWEST})


@analysis
def owners(firm):
    """What each owner of leads closed and won in the last twelve months, against the others and the year before.

    Parameters
    ----------
    firm : Firm

    Returns
    -------
    Owners; not possible without leads that have an ``owner``, or where fewer than two closed `FEWEST` deals
    """
    names = ["owner", "created_on", "contacted_on", "closed_on", "outcome", "customer_id"]
    table = engine(firm.tables.leads, "leads", ["created_on", "owner"])
    deals = deal_table(to_frame(table.select([name for name in names if name in table.columns])), firm.as_of)
    deals = deals[deals["owner"].notna() & deals["outcome"].isin(["won", "lost"])]
    edges = [months_before(firm.as_of, back) for back in (24, 12, 0)]
    last, before = (
        deals[(deals["closed_on"] > start) & (deals["closed_on"] <= end)]
        for start, end in ((edges[1], edges[2]), (edges[0], edges[1]))
    )
    closed = last["owner"].value_counts()
    known = closed.index[closed >= FEWEST]
    if len(known) < 2:
        text = _("owners: {n} owners closed {fewest} deals or more in twelve months; two are needed to compare.")
        raise DataError(text.format(n=len(known), fewest=FEWEST))
    rows, worth = [], _revenue(firm, deals, edges[1])
    for owner in known:
        own, rest = (last[(last["owner"] == owner) == mine]["outcome"] == "won" for mine in (True, False))
        then = before.loc[before["owner"] == owner, "outcome"] == "won"
        row = {"owner": str(owner), "closed": len(own), "won": int(own.sum())}
        row |= bounded("win_share", float(own.mean()), wilson(own.sum(), len(own), firm.confidence))
        row |= {"others": float(rest.mean()), "p_value": independent(last["owner"] == owner, last["outcome"])}
        row |= {"year_before": float(then.mean()) if len(then) >= FEWEST else np.nan, "unit": "share"}
        rows.append(row | {"revenue": worth.get(owner, np.nan)})
    table = pd.DataFrame(rows).sort_values(["won", "owner"], ascending=[False, True], ignore_index=True)
    table["p_value"] = corrected(table["p_value"])
    table["clear"] = table["p_value"] < 1 - firm.confidence
    return Owners(table, int((closed < FEWEST).sum()), firm.currency, firm.confidence)


def _revenue(firm, deals, since):
    """Owner -> revenue since a day from customers whom they won; empty without orders or customers of deals."""
    won = deals[deals["outcome"] == "won"]
    if firm.tables.transactions is None or "customer_id" not in won:
        return {}
    won = won.dropna(subset="customer_id").sort_values("closed_on").drop_duplicates("customer_id")
    days = purchases_by(firm.log, firm.as_of)
    days = days.filter(days.day.fill_null(days.returned_on) > since.date())
    bought = to_frame(days.group_by("customer_id").agg(revenue=days.revenue.sum()))
    joined = won[["customer_id", "owner"]].astype("str").merge(bought.astype({"customer_id": "str"}), on="customer_id")
    return joined.groupby("owner")["revenue"].sum().to_dict()
