"""How much of what customers spend in the category do they spend with others?"""

from dataclasses import dataclass

import ibis
import numpy as np
import pandas as pd
from scipy.special import ndtr

from portfoy.customers import DAY, to_frame
from portfoy.errors import DataError
from portfoy.firm import Firm, analysis
from portfoy.intervals import change_p, on_logs
from portfoy.locale import _
from portfoy.metrics import FEWEST, engine
from portfoy.sums import added
from portfoy.words import figure, shapes, style
from portfoy.words.codes import said_as
from portfoy.words.result import Action, Figure, Finding, Past, Result
from portfoy.words.table import show

YEAR = 365
REST, FEW = "all others", 10  # a type of which fewer customers answered takes the share of all who did
SHARE = ["share", "share_low", "share_high"]
ROOM = ["wallet", "headroom", "headroom_low", "headroom_high"]


@dataclass(frozen=True)
class Wallet(Result):
    """What customers spend in the category in a year, by their own account, and what part of it we have.

    ``table``, one row per group of customers, all last: ``group`` their type; ``base`` who answered in the `days`;
    ``customers`` who bought in the last 12 months, and their ``revenue``; ``share`` that we have, 0-1, ``wallet`` what
    they spend a year, ``headroom`` what others have of it, in the firm's prices, with bounds. ``customers``, the same
    of each, shrunken towards the group: ``answers``; bounds are of the customer, not of a mean. ``accounts`` those
    listed. ``counts``: ``noise``, ``spread``, standard deviations of the log of an answer, and of a customer's share in
    a group; ``repeats``, answers of who gave several, from which they are known, or 0; ``asked``, 0 if not known, and
    the share who ``answered``; answers ``above``: less than was bought; ``left_out``. ``past``: year and half.
    """

    table: pd.DataFrame
    customers: pd.DataFrame
    accounts: pd.DataFrame
    counts: dict
    past: dict
    days: int
    firm: Firm

    def _say(self, *texts):
        values = {**self.table.iloc[-1], **self.counts, "others": 1 - self.table["share"].iloc[-1]}
        return style.say(" ".join(texts), values | {"n": len(self.accounts)}, currency=self.firm.currency)

    def finding(self):
        """Without bounds in money: nobody expects to win all of it."""
        return Finding(self._say(_("Of what customers spend in our category, {others:share} goes to others")))

    def reading(self):
        text = _("That is about {headroom:money} a year ({headroom_interval:money}), by their own account.")
        silent = _("{answered:share} of those asked told us; the others are taken to be like them.")
        return self._say(text, *([silent] if self.counts["asked"] else []))

    def figures(self):
        return [Figure("wallet_share", *self.table[SHARE].iloc[-1], unit="share", better="up", **self.past)]

    def actions(self):
        """Without a worth: nobody can say what of the headroom a talk wins."""
        text = _("Ask the {n:count} accounts that spend most with others what they buy there")
        return [Action(self._say(text), None, "key_accounts", self.accounts)] if len(self.accounts) else []

    def plot(self, ax=None):
        if len(self.table) == 1:
            return None
        rows, every = self.table.iloc[:-1], self.table["share"].iloc[-1]
        rows = rows[["group", *SHARE]].set_axis(["name", "value", "low", "high"], axis=1)
        rows = rows.assign(name=[said_as("group", group) for group in rows["name"]])
        rows["strong"] = (rows["low"] > every) | (rows["high"] < every)
        ax = shapes.dots(rows, ax, at=every, write=lambda value: style.share(value, 0))
        figure.per_cent(ax.xaxis)
        under = _("answers of the last {days} days; line: all customers; {level} interval")
        under = under.format(days=style.number(self.days), level=style.level(self.firm.confidence))
        numbers = "; ".join(style.say(_("{name}: {value:share}"), row) for _place, row in rows.iterrows())
        return figure.name(ax, _("Our share of what customers spend"), under, numbers)

    def summary(self):
        said = {"currency": self.firm.currency, "labels": {"share": _("Our share")}}
        return show(self.table, _("Spending in a year"), **said)

    def method(self):
        text = _(
            "Share: sums of what those who answered had bought in the year before, by what they say they spend; "
            "a mean of ratios is too high where answers err. It is taken to last; a group counts by what it "
            "bought in 12 months. Answers below what was bought: {above:count}; no headroom is below 0. Left "
            "out, without purchases or a year of orders before: {left_out:count}."
        )
        sure = _("Several answers of one customer show how far one errs ({noise:share}), so what it counts.")
        unsure = _("Too few gave several answers: each has the group's share.")
        return self._say(text, sure if self.counts["repeats"] else unsure, self.firm.prices.said())


@analysis
def wallet(firm, *, days=YEAR, accounts=20):
    """Share and size of what customers spend in the category, and the headroom: what others have of it in a year.

    Parameters
    ----------
    firm : Firm
    days : answers of so many last days
    accounts : customers served by a representative that are listed, at most

    Returns
    -------
    Wallet; not possible where no survey asks for ``category_spend``, there are no orders, or fewer than 30 who bought
    in the year before told it. Empirical Bayes by moments: Searle, Casella & McCulloch (1992), Variance Components.
    """
    (table, own, bought, counts), past = measured(firm, days), {}
    for when, then in (("year", firm.before(12)), ("half", firm.before(6))):
        try:
            was = measured(then, days)[0]
        except DataError:
            continue
        p_value = change_p(*(each[SHARE].iloc[-1].to_list() for each in (table, was)), firm.confidence)
        past[when] = Past(f"{then.as_of:%Y-%m-%d}", float(was["share"].iloc[-1]), p_value)
    counts |= {"above": int((own["reported"] < own["own"]).sum())}
    customers = _customers(own, bought, counts, firm.confidence)
    served = customers["channel"].eq("representative") if "channel" in customers else False
    listed = customers[served & (customers["headroom_low"] > 0)].sort_values("headroom_low", ascending=False)
    listed = listed[["customer_id", "group", "revenue", "last_order", "share", *ROOM[1:]]].head(int(accounts))
    listed = listed.reset_index(drop=True).rename(columns={"revenue": "year_revenue"})
    listed = listed.assign(next_step=_("ask what they buy elsewhere"))
    customers = customers[["customer_id", "group", "revenue", "answers", *SHARE, *ROOM]]
    return Wallet(table, customers.reset_index(drop=True), listed, counts, past, days, firm)


def _answers(firm, days):
    """One row per answer that counts: what they ``reported``, what was their ``own`` as paid in the year up to it,
    ``log`` of their ratio, whether it is of the ``lately`` last `days`; and what was counted.
    """
    table, log = engine(firm.tables.surveys, "surveys", ["customer_id", "answered_on", "category_spend"]), firm.log
    asked, since = table.invited_on if "invited_on" in table.columns else table.answered_on, firm.as_of - days * DAY
    rows = to_frame(table.select("customer_id", "answered_on", asked_on=asked, reported=table.category_spend))
    rows, told, late = rows.astype({"customer_id": "str"}), rows["reported"] > 0, rows["asked_on"] > since
    asked, n = int(late.sum()), int((told & late).sum())
    rows = (
        rows[told].dropna(subset=["customer_id", "answered_on"]).sort_values(["answered_on", "customer_id", "reported"])
    )
    rows = rows.assign(case=np.arange(len(rows)), lately=rows["answered_on"] > since).set_index("case", drop=False)
    cases = ibis.memtable(rows[["case", "customer_id", "answered_on"]]).cast({"answered_on": "date"})
    paid = log["amount_paid" if "amount_paid" in log.columns else "amount"]
    met = log.select("customer_id", "ordered_on", paid=paid).inner_join(cases, "customer_id")
    met = met.filter(met.answered_on.delta(met.ordered_on, unit="day").between(0, YEAR - 1))
    rows["own"] = to_frame(met.group_by("case").agg(own=added(met.paid))).set_index("case")["own"]
    known = rows["answered_on"] >= pd.Timestamp(log.ordered_on.min().to_pandas()) + (YEAR - 1) * DAY
    used = rows[known & (rows["own"] > 0)].reset_index(drop=True)
    counts = {"asked": asked if n < asked else 0, "answered": n / max(asked, 1), "left_out": len(rows) - len(used)}
    return used.assign(log=np.log(used["own"] / used["reported"])), counts


def measured(firm, days):
    """`Wallet.table`; the answers of the last days; who bought in the last year, with the share of the group as a ratio
    of sums, and the ``error`` of its log, all answers of a customer as one; `Wallet.counts`.
    """
    (rows, counts), bought = _answers(firm, days), firm.recent(12)[lambda table: table["revenue"] > 0]
    own = rows[rows["lately"]]
    if (n := own["customer_id"].nunique()) < FEWEST or bought.empty:
        text = _("surveys: {n} who bought in the year before told their category_spend; {fewest} are needed. Ask more.")
        raise DataError(text.format(n=n, fewest=FEWEST))
    kinds = firm.people.reindex(columns=["customer_id", "type"]).dropna().astype("str")
    kinds = kinds.drop_duplicates("customer_id").set_index("customer_id")["type"]
    many = own.groupby(own["customer_id"].map(kinds))["customer_id"].nunique()
    kinds = kinds[kinds.isin(many.index[many >= FEW])]
    own, bought = (
        each.assign(group=each["customer_id"].map(kinds).astype("object").fillna(REST)) for each in (own, bought)
    )
    parts = {group: own if group == REST else own[own["group"] == group] for group in {*bought["group"]}}
    counts |= _spread(rows, own)
    differ, shares = np.hypot(counts["noise"], counts["spread"]), {}
    for group, part in parts.items():
        sums = part.groupby("customer_id")[["own", "reported"]].sum()
        share, error = sums["own"].sum() / sums["reported"].sum(), np.hypot.reduce(sums["own"]) / sums["own"].sum()
        shares[group] = {"base": len(sums), "share": share, "error": differ * error}
    shares = pd.DataFrame.from_dict(shares, orient="index")
    table = bought.groupby("group").agg(customers=("revenue", "size"), revenue=("revenue", "sum")).join(shares)
    table = table.sort_values("revenue", ascending=False).reset_index()
    sizes, total = table["revenue"] / table["share"], table["revenue"].sum()
    every = {"group": "all customers", "customers": len(bought), "revenue": total, "base": n}
    every |= {"share": total / sizes.sum(), "error": np.hypot.reduce(sizes * table["error"]) / sizes.sum()}
    if on_logs(every["share"], every["error"], firm.confidence)[0] > 1:
        text = _(
            "surveys: those who answered say they spend less than they paid us, {share:.0%} of it. Ask for what "
            "they spend with all sellers."
        )
        raise DataError(text.format(share=1 / every["share"]))
    table = pd.concat([table, pd.DataFrame([every])], ignore_index=True)
    table = _sized(table, table["share"], *on_logs(table["share"], table.pop("error"), firm.confidence))
    return table.tail(1) if len(parts) == 1 else table, own, bought.join(shares, on="group"), counts


def _sized(table, *shares):
    """The table with its share and bounds, none above 1, and what these make of its revenue."""
    table = table.assign(**{name: share.clip(upper=1) for name, share in zip(SHARE, shares, strict=True)})
    sizes = [table["revenue"] / table[name] for name in (SHARE[0], *SHARE[:0:-1])]
    rooms = [sizes[0], *(size - table["revenue"] for size in sizes)]
    return table.assign(**dict(zip(ROOM, rooms, strict=True)))


def _spread(rows, own):
    """``noise``, ``repeats`` and, by moments, ``spread`` of `Wallet.counts`; all is spread where noise is not known.

    A spread of zero is never sure: taken is the mean of what it may be, given that it is not below zero.
    """
    by, each = rows.groupby("customer_id")["log"], own.groupby(["group", "customer_id"])["log"].agg(["mean", "size"])
    free, groups = len(rows) - by.ngroups, each["mean"].groupby("group")
    noise = ((rows["log"] - by.transform("mean")) ** 2).sum() / free if free >= FEW else 0.0
    repeats, left = int((by.transform("size") > 1).sum()) if free >= FEW else 0, len(each) - groups.ngroups
    total = ((each["mean"] - groups.transform("mean")) ** 2).sum() / left
    spread = total - noise * (1 / each["size"]).mean()
    if repeats and total > 0:
        error = np.sqrt(2 / left * total**2 + 2 / free * noise**2)
        at = spread / error
        spread += error * np.exp(-(at**2) / 2) / np.sqrt(2 * np.pi) / max(ndtr(at), 1e-9)
    return {"noise": np.sqrt(noise), "repeats": repeats, "spread": np.sqrt(max(spread, 0))}


def _customers(own, bought, counts, confidence):
    """`Wallet.customers`, with what else is known of them: the log of a share is that of the group and that of the
    answers, each by how sure it is, centred so that money adds up on average.
    """
    noise, spread, by = counts["noise"] ** 2, counts["spread"] ** 2, own.groupby("customer_id")["log"]
    by = by.agg(["mean", "size"]).reindex(bought["customer_id"]).fillna(0).set_axis(bought.index)
    n = by["size"] if counts["repeats"] else 0 * by["size"]
    weight = (n * spread / (n * spread + noise)).fillna(0)
    middle, left = np.log(bought["share"]) + spread / 2, spread * (1 - weight)
    middle = middle + weight * (by["mean"] - noise / 2 - middle)
    bounds = on_logs(np.exp(middle), np.hypot(np.sqrt(left), (1 - weight) * bought["error"]), confidence)
    return _sized(bought.assign(answers=by["size"].astype(int)), np.exp(middle - left / 2), *bounds)
