"""Which customers have moved from segment to segment, and what do those who fell bring?"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from portfoy.customers import months_before, to_frame
from portfoy.errors import DataError
from portfoy.firm import Firm, analysis, in_force
from portfoy.intervals import bounded, change_p, wald
from portfoy.locale import _
from portfoy.people import with_type
from portfoy.selection.rfm import Rfm, rfm
from portfoy.sums import added
from portfoy.words import figure, shapes, style
from portfoy.words.result import Action, Finding, Past, Result
from portfoy.words.table import show

FLOW = ["segment_before", "segment", "move"]
SHARE = ["share", "share_low", "share_high"]


@dataclass(frozen=True)
class Segments(Result):
    """How the customers of an earlier day have moved between the segments of RFM, both days by the same cut points.

    ``customers``, one row for each who had bought by then: ``customer_id``; ``segment_before`` and ``segment``;
    ``move``: "fell", further down the order of the rules and quieter (a lower r); "rose", further up with a score that
    is higher; else "same"; ``year_revenue`` money of the last twelve months, net of returns, in the firm's prices;
    ``last_order``. ``table``, one row per flow: ``segment_before``, ``segment``, ``move``, ``customers``,
    ``year_revenue``. ``about``: ``stake``, ``up`` money a year of those who fell, and rose; ``fell``, ``rose`` of them;
    ``share`` of the money of all that those who fell bring, 0-1, with bounds (customers as a sample), missing where it
    is nothing. ``was``: that share a year earlier, where the data reach back far enough. ``listed`` who fell and bring
    something, those who bring most first. ``scored``: the segments of today.
    """

    table: pd.DataFrame
    customers: pd.DataFrame
    listed: pd.DataFrame
    about: dict
    was: Past | None
    months: int
    scored: Rfm
    firm: Firm

    def _say(self, *texts):
        values = {**self.about, "months": self.months, "n": len(self.listed), "was": self.was and self.was.value}
        values |= {"day": months_before(self.firm.as_of, self.months), "since": self.scored.before.get("since")}
        return style.say(" ".join(texts), values, currency=self.firm.currency)

    def finding(self):
        """Without bounds in money: some of those who fell are merely late."""
        if not self.about["fell"]:
            return Finding(_("No customer fell to a lower segment"), nothing=True)
        if not self.about["stake"] > 0:
            return Finding(_("Those who fell to a lower segment brought nothing last year"), nothing=True)
        return Finding(self._say(_("Customers who brought {stake:money} last year fell to a lower segment")))

    def reading(self):
        rose = _("{rose:count} rose, with {up:money}.")
        if not self.about["fell"]:
            return self._say(_("Compared with {day:day}:"), rose)
        fell = _("In {months:months} {fell:count} fell; they brought {share:share} of the year's revenue.")
        if not self.was:
            return self._say(fell, rose)
        alike = _("A year earlier it was {was:share}: no clear difference.")
        clear = self.was.p_value is not None and self.was.p_value < 1 - self.firm.confidence
        return self._say(fell, _("A year earlier it was {was:share}.") if clear else alike, rose)

    def actions(self):
        """Without a worth: nobody can say how many of them are merely late."""
        text = _("Ask what has changed: the {n:count} who brought most of those who fell")
        return [Action(self._say(text), None, "moved_down", self.listed)] if len(self.listed) else []

    def kept(self):
        return self.scored.kept()

    def plot(self, ax=None):
        if not self.about["stake"] > 0:
            return None
        fell = self.table[self.table["move"] == "fell"].groupby("segment_before")[["customers", "year_revenue"]].sum()
        rows = fell[fell["year_revenue"] > 0].sort_values("year_revenue", ascending=False, kind="stable").reset_index()
        names = [style.shorten(name) for name in rows["segment_before"]]
        texts = [style.say(_("{year_revenue:money}, {customers:count} customers"), row) for _at, row in rows.iterrows()]
        ax = shapes.ranked_bars(names, rows["year_revenue"], texts, [style.WARM] * len(rows), ax)
        values = {"months": self.months, "money": self.firm.currency or _("money")}
        under = style.say(_("{money} of the last 12 months, by the segment of {months:months} ago"), values)
        numbers = "; ".join(f"{name}: {text}" for name, text in zip(rows["segment_before"], texts, strict=True))
        return figure.name(ax, _("What those who fell brought"), under, numbers)

    def summary(self):
        order = list(dict.fromkeys(self.scored.segments["segment"]))
        counts = self.table.pivot(index="segment_before", columns="segment", values="customers")
        counts = counts.reindex(index=[name for name in order if name in counts.index])
        counts = counts.reindex(columns=[name for name in order if name in counts.columns])
        said = {"labels": {name: name for name in counts}, "kinds": dict.fromkeys(counts, "count")}
        flows = self.table.sort_values("year_revenue", ascending=False, kind="stable")
        flows = flows[flows["move"] == "fell"].drop(columns="move")
        fell = [show(flows, _("Those who fell"), currency=self.firm.currency)] if len(flows) else []
        return [*fell, show(counts.reset_index(), _("Before, and now"), **said)]

    def method(self):
        cuts = _("Today's cut points score both days; later reports keep them.")
        if in_force(self.scored.before):
            cuts = _("Cut points of {since:day} score both days.")
        text = _(
            "Of those who had bought by {day:day}. Fell: a segment further down, and a lower score for days "
            "since the last purchase; rose: further up, and a higher one. Purchases and revenue add up, so who "
            "falls has gone quiet, some only by season. Revenue: 12 months to today. The share's interval "
            "({share_interval:share}) sees customers as a sample."
        )
        return self._say(text, cuts, self.firm.prices.said())


@analysis(without=("value",))
def segments(firm, *, value=None, months=3, contacts=50):
    """Who has moved between the eleven segments of RFM since an earlier day, under kept cut points.

    The cut points are those that earlier reports have kept, else those of the firm's day.

    Parameters
    ----------
    firm : Firm
    value : LifetimeValue of its customers, for what is expected of those listed; optional
    months : since when, 1 to 12 months before the firm's day
    contacts : customers on the list of those who fell, at most

    Returns
    -------
    Segments; not possible where nobody had bought by then, or `rfm` is not
    """
    if not 1 <= months <= 12:
        raise DataError(_("segments: months is {n}; 1 to 12 are possible. Take 3.").format(n=months))
    scored = rfm(firm)
    if not scored:
        return scored
    first, day, was = firm.customers["first_order"].min(), months_before(firm.as_of, months), None
    if first > day:
        text = _("segments: the first purchase is on {first:%Y-%m-%d}; nobody had bought by {day:%Y-%m-%d}. Wait.")
        raise DataError(text.format(first=first, day=day))
    customers = _moves(firm, scored.table, scored, months)
    about = _summed(customers, firm.confidence)
    if first <= months_before(firm.as_of, 24 + months):
        year = firm.before(12)
        then = _summed(_moves(year, _as_scored(year, scored), scored, months), firm.confidence)
        p_value = change_p(*([each[name] for name in SHARE] for each in (about, then)), firm.confidence)
        was = Past(f"{year.as_of:%Y-%m-%d}", then["share"], p_value) if then["share"] >= 0 else None
    table = customers.groupby(FLOW).agg(customers=("move", "size"), year_revenue=("year_revenue", "sum"))
    listed = _listed(firm, customers, scored, value, contacts)
    return Segments(table.reset_index(), customers, listed, about, was, months, scored, firm)


def _as_scored(firm, scored):
    """The customers of an earlier day with scores and segment by the cut points of `scored`."""
    cuts = scored.cuts.drop(columns="priced_on", errors="ignore")  # their money is in the same prices
    return rfm(firm.customers, cuts=cuts, segments=scored.segments).table


def _moves(firm, table, scored, months):
    """`Segments.customers`, from the scored customers of the firm's day."""
    then = _as_scored(firm.before(months), scored).set_index("customer_id")
    now = table.set_index("customer_id").loc[then.index]
    further = now["segment"].cat.codes.astype(int) - then["segment"].cat.codes
    higher = (now[["r", "f", "m"]] > then[["r", "f", "m"]]).any(axis=1)
    fell = (further > 0) & (now["r"] < then["r"])
    log, since = firm.log, months_before(firm.as_of, 12).date()
    money = log.filter((log.ordered_on > since) & (log.ordered_on <= firm.as_of.date()))
    money = to_frame(money.group_by("customer_id").agg(money=added(money.amount))).set_index("customer_id")["money"]
    rows = pd.DataFrame({"segment_before": then["segment"].astype("str"), "segment": now["segment"].astype("str")})
    rows["move"] = np.select([fell, (further < 0) & higher], ["fell", "rose"], "same")
    rows["year_revenue"] = money.reindex(rows.index).fillna(0.0)
    return rows.assign(last_order=now["last_order"]).reset_index()


def _summed(customers, confidence):
    """`Segments.about`; the error of the share is that of a ratio of sums."""
    money, total = customers.groupby("move")["year_revenue"].agg(["sum", "size"]), customers["year_revenue"].sum()
    money = money.reindex(["fell", "rose"], fill_value=0)
    share, fell = money["sum"]["fell"] / total if total > 0 else np.nan, customers["move"] == "fell"
    error = np.sqrt((((fell - share) * customers["year_revenue"]) ** 2).sum()) / total if total > 0 else np.nan
    bounds = np.clip(wald(share, error, confidence), 0, 1)
    about = {"stake": float(money["sum"]["fell"]), "up": float(money["sum"]["rose"])}
    about |= {name: int(money["size"][name]) for name in ("fell", "rose")}
    return about | bounded("share", share, bounds)


def _listed(firm, customers, scored, value, contacts):
    """Who fell and bring something, most first, with what is expected of them where that is known."""
    rows = customers[(customers["move"] == "fell") & (customers["year_revenue"] > 0)].drop(columns="move")
    rows = rows.sort_values(["year_revenue", "customer_id"], ascending=[False, True]).head(int(contacts))
    if value is not None:
        expected = value.table.set_index("customer_id")["expected_value"]
        rows = rows.assign(expected_value=rows["customer_id"].map(expected))
    advice = scored.groups.set_index("segment")["action"]
    rows = rows.assign(action=rows["segment"].map(advice)).reset_index(drop=True)
    return with_type(rows, firm.people)
