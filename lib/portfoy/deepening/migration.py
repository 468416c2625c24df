"""Who of the customers rose and who fell in value since the year before, and what did that bring?"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from portfoy.customers import DAY, months_before, nobody_bought, purchases_by, to_frame
from portfoy.errors import DataError
from portfoy.firm import Firm, analysis, in_force
from portfoy.intervals import bounded, change_p, t_value, wilson
from portfoy.locale import _
from portfoy.people import with_type
from portfoy.sums import added
from portfoy.words import figure, shapes, style
from portfoy.words.codes import said_as
from portfoy.words.result import Action, Figure, Finding, Past, Result
from portfoy.words.table import show

NOW = ["top", "middle", "low", "gone"]
BEFORE = [*NOW[:3], "away", "new"]
MOVES = ["new", "back", "rose", "same", "fell", "gone"]
PARTS = [0.5, 0.8]  # share of the buyers below the middle, and below the top, where the cut points are taken
MONEY = ["revenue_before", "revenue", "gained"]
STAYED = ["stayed", "stayed_low", "stayed_high"]


@dataclass(frozen=True)
class Migration(Result):
    """What the same customers brought in the last months and in those of a year before, in bands of value.

    ``table``, one row per flow: ``band_before`` top, middle, low; away: had bought, but not in those months; new: had
    not; ``band`` now; gone: did not buy; ``customers``; ``revenue_before``, ``revenue`` of the months, in the firm's
    prices; ``gained`` the second less the first: in all the change of revenue. ``moves``, the same by ``move``, with
    ``customers_year``, ``gained_year`` of a year earlier, missing without that history. ``customers``, one row each.
    ``cuts``: what one of the middle, and of the top, brings at least. ``about``: the share of the top that ``stayed``;
    ``net``, what those gained who had bought before the earlier months began, both with bounds: as who they are rests
    on neither year, chance takes nothing away; ``known`` of them. ``was``: ``stayed`` of a year earlier, where the data
    reach back far enough. ``listed`` who fell from the top. ``rule`` that earlier reports have kept.
    """

    table: pd.DataFrame
    moves: pd.DataFrame
    customers: pd.DataFrame
    listed: pd.DataFrame
    cuts: list
    about: dict
    was: Past | None
    months: int
    firm: Firm
    rule: dict

    def _say(self, *texts):
        gained = self.moves.set_index("move")["gained"]
        values = {"up": gained["rose"], "down": -gained["fell"] - gained["gone"], "n": len(self.listed), **self.about}
        values |= {"was": self.was and self.was.value, "months": self.months, "since": self.rule.get("since")}
        values |= {"middle": self.cuts[0], "high": self.cuts[1], "size": abs(self.about["net"]), "new": gained["new"]}
        return style.say(" ".join(texts), values, currency=self.firm.currency)

    def finding(self):
        low, high = (self.about[f"net_{end}"] for end in ("low", "high"))
        if not self.about["known"] > 1:
            return Finding(self._say(_("{stayed:share} of the top customers of a year ago stayed top")))
        if low <= 0 <= high:
            return Finding(_("Earlier customers bring what they did a year ago"))
        less = _("Earlier customers brought {size:money} less than the year before")
        more = _("Earlier customers brought {size:money} more than the year before")
        if self.months < 12:
            less = _("In {months:months} earlier customers brought {size:money} less than last year")
            more = _("In {months:months} earlier customers brought {size:money} more than last year")
        return Finding(self._say(less if high < 0 else more))  # a base loses some every year: no money by which to rank

    def reading(self):
        text = _("Who rose brought {up:money} more, who fell or left {down:money} less, partly by chance.")
        if self.about["known"] > 1 and self.moves.set_index("move")["customers"]["new"]:
            text = _(
                "Earlier are the {known:count} who had bought before either span. Of all, new ones brought "
                "{new:money}, who rose {up:money} more, who fell or left {down:money} less, partly by chance."
            )
        top = _("Of top customers {stayed:share} ({stayed_interval:share}) stayed top.")
        alike = _("Of top customers {stayed:share} stayed top, a year earlier {was:share}: no clear difference.")
        apart = _("Of top customers {stayed:share} stayed top, a year earlier {was:share}.")
        if self.was:
            top = apart if self.was.p_value < 1 - self.firm.confidence else alike
        return self._say(text, top)

    def figures(self):
        named = {"unit": "share", "better": "up", "year": self.was}
        return [Figure("top_kept", *(self.about[name] for name in STAYED), **named)] if self.months == 12 else []

    def actions(self):
        """Without a worth: a part of each fall is chance, and comes back by itself."""
        text = _("Ask the {n:count} at the top a year ago who fell most in {months:months} what has changed")
        name = "fallen" if self.months == 12 else f"fallen_{self.months}_months"
        return [Action(self._say(text), None, name, self.listed)] if len(self.listed) else []

    def kept(self):
        name = _rule_name(self.months)
        if in_force(self.rule):
            return {name: self.rule}
        priced = {"priced_on": f"{self.firm.prices.day:%Y-%m-%d}"} if self.firm.prices else {}
        return {name: {"cuts": self.cuts, "since": f"{self.firm.as_of:%Y-%m-%d}", **priced}}

    def plot(self, ax=None):
        rows, colours = self.moves.to_dict("records"), [style.ACCENT] * 3 + [style.MUTED] + [style.WARM] * 2
        names = [said_as("move", row["move"]) for row in rows]
        texts = [style.say(_("{gained:money}, {customers:count} customers"), row) for row in rows]
        ax = shapes.ranked_bars(names, self.moves["gained"], texts, colours, ax)
        under = _("{months:count} months to {day:day}, less those of the year before; {money}")
        values = {"months": self.months, "day": self.firm.as_of, "money": self.firm.currency}
        numbers = "; ".join(f"{name}: {text}" for name, text in zip(names, texts, strict=True))
        return figure.name(ax, _("Who rose and fell"), style.say(under, values), numbers)

    def summary(self):
        tables = (self.moves, _("Who rose and fell")), (self.table, _("From band to band"))
        return [show(*each, currency=self.firm.currency) for each in tables]

    def method(self):
        text = _(
            "Value: revenue of {months:count} months, against the same a year before. Top brought {high:price} "
            "or more, middle {middle:price}: the best fifth and half of buyers when the cuts were taken. Who is "
            "on top had a good year, so the top falls and the low rise by chance alone; earlier customers, who "
            "had bought before ({known:count}), do not: {net_interval:money}."
        )
        kept = [_("Cut points kept since {since:day}.")] * in_force(self.rule)
        return self._say(text, *kept, self.firm.prices.said())


@analysis
def migration(firm, *, months=12, contacts=50):
    """Which customers rose, fell, came or left since a year ago, by bands of value, and what it brought.

    Parameters
    ----------
    firm : Firm
    months : length of the time that value is counted over, 1 to 12
    contacts : customers on the list of those who fell from the top, at most

    Returns
    -------
    Migration; not possible where orders do not reach back a year and these months, or nobody bought then
    """
    if not 1 <= months <= 12:
        raise DataError(_("migration: months is {n}; 1 to 12 are possible. Take 12.").format(n=months))
    own, years = _by_year(firm, months)
    rule, cuts = _cuts(firm, own, months)
    flows = [_flows(own, year, cuts) for year in range(min(years, 3) - 1)]
    table, moves, was = _summed(flows[0], ["band_before", "band"]), _summed(flows[0], ["move"]), None
    about = _stayed(flows[0], firm.confidence) | _net(own, firm.confidence)
    if years > 2:
        then = _summed(flows[1], ["move"]).set_index("move")[["customers", "gained"]]
        moves, past = moves.join(then.add_suffix("_year"), "move"), _stayed(flows[1], firm.confidence)
    if years > 3 and past["stayed"] >= 0:
        p_value = change_p(*([each[name] for name in STAYED] for each in (about, past)), firm.confidence)
        was = Past(f"{months_before(firm.as_of, 12):%Y-%m-%d}", past["stayed"], p_value)
    table, listed = table[table["customers"] > 0].reset_index(drop=True), _listed(firm, flows[0], contacts)
    return Migration(table, moves, flows[0], listed, cuts, about, was, months, firm, rule)


def _by_year(firm, months):
    """One row per customer: ``revenue_0`` and ``bought_0`` of the last months, _1 and _2 of those one and two years
    before; ``new_0``, not before the year; ``known``, before the months _1; and how many such years the data hold.
    """
    days = purchases_by(firm.log, firm.as_of)
    day, found = days.day.fill_null(days.returned_on), {}
    starts = [months_before(firm.as_of, 12 * year + months) for year in range(4)]
    for year, since in enumerate(starts[:3]):
        inside = (day > since.date()) & (day <= months_before(firm.as_of, 12 * year).date())
        found[f"revenue_{year}"] = added(days.revenue, where=inside)
        found[f"bought_{year}"] = (inside & days.day.notnull()).sum()
    own = to_frame(days.group_by("customer_id").agg(first=days.day.min(), last_order=days.day.max(), **found))
    if pd.isna(first := own["first"].min()):
        raise nobody_bought(firm.as_of)
    years = sum(first <= since + DAY for since in starts)
    if years < 2 or not own["bought_1"].any():
        text = _("migration: purchases begin on {first:%Y-%m-%d}; {months} months of last year are needed. Take fewer.")
        raise DataError(text.format(first=first, months=months))
    own = own.dropna(subset="customer_id").sort_values("customer_id", ignore_index=True)
    own = own.fillna(dict.fromkeys(found, 0.0))
    new = {f"new_{year}": own["first"] > months_before(firm.as_of, 12 * (year + 1)) for year in range(2)}
    return own.assign(**new, known=own["first"] <= starts[1]), years


def _rule_name(months):
    """What the rule is kept under: money of a quarter is not that of a year."""
    return "migration" if months == 12 else f"migration_{months}"


def _cuts(firm, own, months):
    """The rule that earlier reports have kept, and the cut points of middle and top: its, or of those who bought."""
    rule = firm.kept.get(_rule_name(months), {})
    cuts = np.array(rule.get("cuts", []), dtype=float)
    if len(cuts) != 2 or bool(firm.prices) != ("priced_on" in rule):
        rule = {}
    if in_force(rule):
        return rule, [*cuts * firm.prices.factors(pd.Series([rule.get("priced_on", firm.as_of)])).iloc[0]]
    return rule, own.loc[own["bought_1"] > 0, "revenue_1"].quantile(PARTS, interpolation="higher").to_list()


def _flows(own, year, cuts):
    """Each customer's bands and money of two years, the later of them so many ago."""
    table, money = own[["customer_id", "last_order"]], [own[f"revenue_{place}"] for place in (year + 1, year)]
    table = table.assign(revenue_before=money[0], revenue=money[1], gained=money[1] - money[0])
    bands = [np.select([each >= cut for cut in cuts[::-1]], [0, 1], 2) for each in money]
    bought = [own[f"bought_{place}"] > 0 for place in (year + 1, year)]
    before, now = np.where(bought[0], bands[0], 3 + own[f"new_{year}"]), np.where(bought[1], bands[1], 3)
    move = np.select([now == 3, before == 4, before == 3, before > now, before < now], [5, 0, 1, 2, 4], 3)
    for name, codes, kinds in (("band_before", before, BEFORE), ("band", now, NOW), ("move", move, MOVES)):
        table[name] = pd.Categorical.from_codes(codes, kinds, ordered=True)
    return table[bought[0] | bought[1] | (table[MONEY[:2]] != 0).any(axis=1)].reset_index(drop=True)


def _summed(flows, by):
    sums = {name: (name, "sum") for name in MONEY}
    table = flows.groupby(by, observed=False).agg(customers=("gained", "size"), **sums).reset_index()
    return table.astype(dict.fromkeys(by, "str"))


def _stayed(flows, confidence):
    rows = flows[flows["band_before"] == "top"]
    n, stayed = len(rows), int((rows["band"] == "top").sum())
    return bounded("stayed", stayed / n if n else np.nan, wilson(stayed, n, confidence))


def _net(own, confidence):
    gained = (own["revenue_0"] - own["revenue_1"])[own["known"]]
    n = len(gained)
    half = t_value(confidence, n - 1) * gained.std() * np.sqrt(n)
    return {"known": n} | bounded("net", gained.sum(), (gained.sum() - half, gained.sum() + half))


def _listed(firm, flows, contacts):
    """Who fell from the top, who lost most first."""
    rows = flows[(flows["band_before"] == "top") & (flows["band"] != "top")].astype({"band": "str"})
    rows = rows.sort_values(["gained", "customer_id"]).head(int(contacts)).reset_index(drop=True)
    rows = with_type(rows[["customer_id", "band", *MONEY, "last_order"]], firm.people)
    return rows.assign(because=_("top a year ago, has brought less since"), next_step=_("ask what has changed"))
