"""RFM: how lately, how often and for how much each customer bought, in scores from 1 to 5, and the segments."""

import math
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from portfoy.customers import DAY
from portfoy.errors import DataError, need_columns, positive_total
from portfoy.firm import Firm, analysis, customers_of, in_force
from portfoy.intervals import wilson
from portfoy.locale import _
from portfoy.selection.rules import advised, cells_of, read_segments
from portfoy.selection.worth import named, worth_of
from portfoy.source.prices import AS_PAID
from portfoy.standing import kept_limits, state_rule
from portfoy.words import figure, shapes, style
from portfoy.words.result import Action, Figure, Finding, Result
from portfoy.words.table import show

METRICS = {"r": "idle", "f": "purchases", "m": "revenue"}
SCORES = range(1, 6)


@dataclass(frozen=True)
class Rfm(Result):
    """Customers scored by idle time, purchases and revenue, and the segments that the scores make.

    ``table``: the customer table with ``r``, ``f``, ``m`` (scores 1-5, 5 is best) and ``segment``. ``cuts``: one row
    per score (r, f, m), columns ``metric`` and 2-5, the value from which a score is given: at most so many idle days,
    at least so many purchases or so much revenue; missing where no customer reaches the score. Where two scores ask for
    the same, the higher one is given; ``priced_on`` the day in whose prices money is, where known. ``segments``: the
    rules, one row per box of cells. ``groups``: one row per segment that has customers, in the order of the rules:
    ``segment``; ``customers``; ``customer_share`` 0-1; ``revenue``, ``revenue_share`` 0-1; ``ticket`` revenue per
    purchase; ``purchases`` mean per customer; ``idle`` median days; ``came_back`` of those who were in it ``back_days``
    before, the share that has bought since, 0-1, with bounds, missing where nobody was or the history is too short;
    ``aim`` and ``action`` as the rules have them where these figures bear them out, else "none" and the figures.
    ``before``: the cut points that earlier reports have kept, with ``fresh`` where they were left; ``as_of`` the day of
    a firm whose cut points were not given.
    """

    table: pd.DataFrame
    cuts: pd.DataFrame
    segments: pd.DataFrame
    groups: pd.DataFrame
    currency: str = ""
    before: dict = field(default_factory=dict)
    as_of: pd.Timestamp | None = None
    back_days: int | None = None

    def kept(self):
        if self.as_of is None or in_force(self.before):
            return {"rfm": self.before} if self.before else {}
        cuts = {name: [style.plain_number(self.cuts.loc[name, score]) for score in SCORES[1:]] for name in METRICS}
        priced = {"priced_on": f"{self.cuts['priced_on'].iloc[0]:%Y-%m-%d}"} if "priced_on" in self.cuts else {}
        return {"rfm": {"cuts": cuts, "since": f"{self.as_of:%Y-%m-%d}", **priced}}

    @property
    def levels(self):
        """What each score takes, 5 first: ``score``; ``idle_cut`` days, at most; ``purchases_cut``, ``revenue_cut``
        at least. Missing where no customer reaches the score.
        """
        cuts = self.cuts[list(SCORES[1:])].T.iloc[::-1]
        return pd.DataFrame(
            {"score": cuts.index, **{f"{METRICS[name]}_cut": cuts[name].to_numpy(float) for name in METRICS}}
        )

    @analysis
    def worth(self, value):
        """What each segment is expected to bring, from the `LifetimeValue` of the same customers: a `Worth`."""
        values, segments = value.of(self.table), self.table["segment"]
        return worth_of(self.groups, values, segments, self.currency, again=self._again)

    def _again(self, customers):
        """The segments of other customers by the same rules, with cut points of their own."""
        return rfm(customers, segments=self.segments).table["segment"]

    @property
    def most(self):
        """The segment with the most revenue, a row of ``groups``."""
        return self.groups.loc[self.groups["revenue_share"].idxmax()]

    @property
    def quiet(self):
        """Of the segments quiet for longer than customers are on average, the one with the most revenue; or none."""
        groups = self.groups
        usual = (groups["idle"] * groups["customers"]).sum() / groups["customers"].sum()
        return groups[(groups["idle"] > usual) & (groups["revenue_share"] > 0)].nlargest(1, "revenue_share")

    def finding(self):
        text = _("\u201c{segment}\u201d brought {revenue_share:share} of the revenue so far")
        if alone := len(self.groups) == 1:
            text = _("All customers are in \u201c{segment}\u201d")
        return Finding(style.say(text, named(self.most)), nothing=alone)

    def reading(self):
        if len(self.groups) == 1:
            return ""
        text, values = _("They are {customer_share:share} of customers."), {**self.most}
        for _place, stake in self.quiet.iterrows():
            text += " " + _(
                "Most gone quiet: “{segment}”, {revenue_share:share}; half last bought {idle:days} ago or more."
            )
            values = {**named(stake), "idle": math.floor(stake["idle"]), "customer_share": values["customer_share"]}
        return style.say(text, values)

    def figures(self):
        share = float((self.table["purchases"] > 1).mean())
        return [Figure("more_than_once", share, unit="share", note=_("of all who ever bought"), better="up")]

    def actions(self):
        return [Action("", name="rfm_cuts", table=self.cuts.reset_index())]

    def plot(self, ax=None):
        groups, stakes = self.groups, set(self.quiet["segment"])
        text = _("{revenue_share:share} from {customer_share:share} of customers")
        texts = [style.say(text, row) for _place, row in groups.iterrows()]
        names = [style.shorten(name) for name in groups["segment"]]
        colours = [
            style.ACCENT if name == self.most["segment"] else style.WARM if name in stakes else style.MUTED
            for name in groups["segment"]
        ]
        ax = shapes.ranked_bars(names, groups["revenue_share"], texts, colours, ax)
        numbers = "; ".join(f"{name}: {told}" for name, told in zip(groups["segment"], texts, strict=True))
        return figure.name(ax, _("Revenue by segment"), _("of revenue so far, and of customers"), numbers)

    def summary(self):
        return [
            show(self.groups.drop(columns=["aim", "action"]), _("The segments"), currency=self.currency),
            show(self.levels, _("The scores"), currency=self.currency),
        ]

    def method(self):
        table, once = self.table, self.table["purchases"] == 1
        text, before = "", self.before
        if in_force(before):
            text = _("Cut points kept since {since:day}.") + " "
        elif before:
            text = _("Cut points derived anew; before, those of {since:day}.") + " "
        text += _(
            "A score is 1 + 5 × the share of customers strictly worse, rounded down. Rules "
            "give the 125 combinations one segment each."
        )
        if self.back_days:
            text += " " + _(
                "Bought again: of those in the segment {back_days:days} before, by the same cut points, else that "
                "day's."
            )
        if once.any():
            text += " " + _("{share:share} bought on one day only: score {score}.")
        merged = int((table["orders"] - table["purchases"]).sum()) if "orders" in table else 0
        if merged:
            text += " " + _("Orders of one day count once ({n:count} more).")
        values = {"share": once.mean(), "score": table.loc[once, "f"].max(), "n": merged, "since": before.get("since")}
        values["back_days"] = self.back_days
        return style.say(text, values)


@analysis
def rfm(of, *, cuts=None, segments=None):
    """RFM: score each customer from 1 to 5 on how lately, how often and for how much they bought, and segment.

    A score is 1 + floor(5 x share of customers strictly below), so equal values always get equal scores, and a value
    that many share may leave a score empty: half of the customers having bought once all get f = 1, the next f = 3.

    Parameters
    ----------
    of : Firm, or DataFrame, one row per customer; needs ``idle``, ``purchases`` and ``revenue``
    cuts : DataFrame or path of a CSV; cut points of an earlier `Rfm`, so that scores of two dates compare, brought to
        the firm's prices; empty: those that earlier reports of the firm have kept, else from these customers
    segments : DataFrame or path of a CSV; rules as in `read_segments`, by default the eleven of the package

    Returns
    -------
    Rfm; not possible where a column is missing, there is no customer, the total revenue is not above zero, the cut
    points are not such, or the rules leave a cell out or cover one twice

    References
    ----------
    Hughes (1994), Strategic Database
    Marketing, for the five scores; the rule for ties is the project's own.
    """
    customers, currency, confidence = customers_of(of)
    need_columns(customers, METRICS.values(), "rfm")
    rules = read_segments(_given(segments))
    given, (before, kept) = _given(cuts), _before(of)
    terms = {"before": before, "as_of": of.as_of if isinstance(of, Firm) else None} if given is None else {}
    prices, cuts = of.prices if isinstance(of, Firm) else AS_PAID, kept if given is None else given
    cuts = _cut_points(customers) if cuts is None else _read_cuts(cuts, prices)
    cuts = cuts.assign(priced_on=prices.day) if prices else cuts
    table, days = _scored(customers, cuts, rules), _back_days(of)
    groups = group_table(table, "segment").astype({"segment": str})
    groups = groups.join(_came_back(of, days, cuts, rules, confidence), on="segment")
    groups = groups.join(advised(groups.assign(**_besides(groups, table)), rules, days))
    return Rfm(table, cuts, rules, groups, currency, **terms, back_days=days)


def _scored(customers, cuts, rules):
    """The customers with their scores and segment."""
    scores = {score: _scores(customers[metric], cuts.loc[score], score) for score, metric in METRICS.items()}
    names = cells_of(rules)[scores["r"] - 1, scores["f"] - 1, scores["m"] - 1]
    return customers.assign(**scores, segment=pd.Categorical(names, categories=list(dict.fromkeys(rules["segment"]))))


def _back_days(of):
    """After how many days without a purchase a customer of the firm has lapsed; None where that many before their last
    day the history is no longer than that, or nobody can say.
    """
    if not isinstance(of, Firm):
        return None
    try:
        rule = kept_limits(of.kept)
        days = rule["lapsed_days"] if in_force(rule) else state_rule(of.log, as_of=of.as_of).lapsed_days
    except DataError:
        return None
    return days if of.customers["age"].max() >= 2 * days else None


def _came_back(of, days, cuts, rules, confidence):
    """Of those in each segment so many days ago, the share that has bought since, with bounds.

    Segments are by the same cut points; where nobody was in one, as in a young firm, by those of that day.
    """
    found = pd.DataFrame(columns=["came_back", "came_back_low", "came_back_high"], dtype=float)
    if not days:
        return found
    then = of.on(of.as_of - days * DAY).customers
    since = pd.Index(of.customers.loc[of.customers["idle"] < days, "customer_id"])
    bought = pd.Series(since.get_indexer(then["customer_id"]) >= 0, then.index)
    for cut in (cuts, _cut_points(then)):
        by = bought.groupby(_scored(then, cut, rules)["segment"].astype(str)).agg(["sum", "size"])
        bounds = wilson(by["sum"], by["size"], confidence)
        share = dict(zip(found, [by["sum"] / by["size"], *bounds], strict=True))
        found = pd.DataFrame(share) if found.empty else found.combine_first(pd.DataFrame(share))
    return found


def _besides(groups, table):
    """The figures of segments that only their rules look at: who bought once, and indices with all customers as 100."""
    once, each = table["purchases"] == 1, groups["revenue"] / groups["customers"]
    return {
        "once": groups["segment"].map(once.groupby(table["segment"].astype(str)).mean()),
        "index_ticket": 100 * groups["ticket"] / (groups["revenue"].sum() / table["purchases"].sum()),
        "index_revenue": 100 * each / (groups["revenue"].sum() / len(table)),
    }


def _before(of):
    """The cut points that earlier reports of a firm have kept, where they are such: the rule, the table if in force."""
    before = of.kept.get("rfm", {}) if isinstance(of, Firm) else {}
    try:
        table = pd.DataFrame(before["cuts"], index=list(SCORES[1:]), dtype=float).T.loc[list(METRICS)]
        table.insert(0, "metric", METRICS.values())
    except (KeyError, TypeError, ValueError, AttributeError):
        return {}, None
    if not _are_cuts(table) or bool(of.prices) != ("priced_on" in before):  # as paid and constant are two moneys
        return {}, None
    priced = {"priced_on": before["priced_on"]} if of.prices else {}
    return before, table.rename_axis("score").assign(**priced) if in_force(before) else None


def _given(table):
    """A table or path as given; None for an empty text, as a parameter of a report has it."""
    return None if isinstance(table, str) and not table else table


def _cut_points(customers):
    """For each score 2-5 the worst value that still earns it."""
    rows = {}
    for score, metric in METRICS.items():
        value = np.sort(_upward(customers[metric], score))
        below = np.searchsorted(value, value, side="left")
        given = 1 + 5 * below // len(value)  # whole numbers: no rounding at the edges
        reached = pd.Series(value).groupby(given).min().reindex(SCORES).bfill()[1:]
        rows[score] = {"metric": metric, **(-reached if score == "r" else reached)}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("score")


def _scores(values, cuts, score):
    levels = _upward(cuts[list(SCORES[1:])], score)
    return 1 + np.searchsorted(levels[~np.isnan(levels)], _upward(values, score), side="right")


def _upward(values, score):
    """Values turned so that more is better."""
    values = np.asarray(values, dtype=float)
    return -values if score == "r" else values


def _read_cuts(cuts, prices):
    table = cuts if isinstance(cuts, pd.DataFrame) else pd.read_csv(cuts, index_col=0)
    table = table.rename(columns=lambda name: int(name) if str(name).isdigit() else name)
    priced_on = table.pop("priced_on") if "priced_on" in table else None
    if not _are_cuts(table):
        text = _(
            "rfm: cut points need rows r, f, m and columns metric, 2, 3, 4, 5, each harder to "
            "reach. Give the rfm_cuts.csv of a report."
        )
        raise DataError(text)
    if priced_on is not None:
        table.loc["m", list(SCORES[1:])] *= float(prices.factors(priced_on).iloc[0])
    return table


def _are_cuts(table):
    if list(table.index) != list(METRICS) or list(table.columns) != ["metric", *SCORES[1:]]:
        return False
    try:
        levels = np.array([_upward(table.loc[score, list(SCORES[1:])], score) for score in METRICS])
    except ValueError:
        return False
    levels[np.isnan(levels)] = np.inf  # a score nobody reached; one above it cannot have been reached either
    return bool((levels[:, 1:] >= levels[:, :-1]).all())


def group_table(customers, by):
    """What groups of customers are and what they bring: ``groups`` of an `Rfm` but for the action, by categories of
    `by`.

    DataError where the total revenue is not above zero.
    """
    total = positive_total(customers["revenue"], "revenue")
    table = customers.groupby(by, observed=True).agg(
        customers=("revenue", "size"), revenue=("revenue", "sum"), bought=("purchases", "sum"), idle=("idle", "median")
    )
    table["customer_share"] = table["customers"] / len(customers)
    table["revenue_share"] = table["revenue"] / total
    table["ticket"] = table["revenue"] / table["bought"]
    table["purchases"] = table["bought"] / table["customers"]
    columns = ["customers", "customer_share", "revenue", "revenue_share", "ticket", "purchases", "idle"]
    return table[columns].reset_index()
