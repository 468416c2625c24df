"""Why do the books say something else? The difference to another figure for the sales, rule by rule."""

from dataclasses import dataclass
from itertools import combinations

import ibis
import pandas as pd

from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.source.checks import words
from portfoy.words import style
from portfoy.words.table import aligned

RATES = (0.01, 0.05, 0.07, 0.08, 0.1, 0.16, 0.17, 0.18, 0.19, 0.2, 0.21, 0.22, 0.23, 0.24, 0.25, 0.27)
"""Rates of value added tax that are tried where no rule explains a difference."""
MOST = 4  # rules that together may explain one


@dataclass(frozen=True)
class Reconciliation:
    """The sales of a source beside another figure for them.

    ``table``, one row per rule that took money or rows: ``code``; ``rule`` in words; ``rows``; ``money`` that it took,
    missing where its rows do not say. ``before`` the sales before all rules; ``rows`` read; ``revenue`` ours: that
    less the money of all rules; ``against`` the other figure. ``because``: the rules without which ours is the other
    figure, none where no few of them explain it; ``tax`` the rate of value added tax that would, else 0.
    """

    table: pd.DataFrame
    before: float
    rows: int
    revenue: float
    against: float
    because: tuple[str, ...] = ()
    tax: float = 0.0
    currency: str = ""

    def __bool__(self):
        """Whether nothing is left unexplained."""
        return bool(self.because) or _same(self.revenue, self.against)

    def reading(self):
        """What explains the difference, in one sentence."""
        difference = self.against - self.revenue
        if _same(self.revenue, self.against):
            return _("There is no difference.")
        if self.because:
            rules = "; ".join(self.table.set_index("code")["rule"][[*self.because]])
            text = _("The difference is just what these rules took: {rules}. Do the books count it, too?")
            return text.format(rules=rules)
        unknown = self.table.loc[self.table["money"].isna(), "rows"].sum()
        if self.tax:
            text = _("No rule explains {money}, but {tax:share} of tax would: is it in one figure only?")
        elif unknown:
            text = _("No rule explains {money}; rows whose money is not known: {n:count}.")
        else:
            text = _("No rule explains {money}.")
        return style.say(text, {"money": self._money(difference), "tax": self.tax, "n": unknown})

    def _money(self, value):
        return "" if pd.isna(value) else style.price(value, self.currency)

    def text(self):
        """The way from the sales before all rules to the other figure, and the sentence, for a terminal."""
        difference = self.against - self.revenue
        lines = [
            (_("Sales before all rules"), self.rows, self.before),
            *((row.rule, row.rows, -row.money) for row in self.table.itertuples()),
            (_("Revenue here"), None, self.revenue),
            (_("The other figure"), None, self.against),
            (_("Difference"), None, difference),
            (_("Left unexplained"), None, 0.0 if self else difference),
        ]
        told = [(rule, "" if rows is None else style.number(rows), self._money(money)) for rule, rows, money in lines]
        return "\n".join([*aligned([(_("Check"), _("Rows"), _("Money")), *told]), "", self.reading()])


def reconcile(tables, against, *, first=None, last=None):
    """The Reconciliation of the sales of a source (Tables) with what somebody else says they are.

    Parameters
    ----------
    tables : the Tables of a source with order lines, as opened: not those that a report keeps
    against : the other figure, net of what it is net of; one without decimals is taken as rounded
    first, last : the days of the period, both included; rows without a readable date belong to every one

    Raises
    ------
    DataError : the source has no order lines, or none in the period.
    """
    if tables.every is None:
        raise DataError(_("reconcile: there are no order lines. Give a source that has some."))
    rows = tables.every
    for day, there in ((first, rows.ordered_on >= first), (last, rows.ordered_on <= last)):
        rows = rows if day is None else rows.filter(rows.ordered_on.isnull() | there)
    if not (read := int(rows.count().to_pyarrow().as_py())):
        text = _("reconcile: no order lines in the period; there are some from {first_day:day} to {last_day:day}.")
        raise DataError(style.say(text, vars(tables.facts)))
    table, revenue = _taken(rows, tables)
    if not first and not last and (broken := int(tables.quality.loc["broken_line", "rows"])):
        table.loc[len(table)] = ["broken_line", tables.quality.loc["broken_line", "rule"], broken, float("nan")]
    because = _because(table, against - revenue, against)
    tax = 0.0 if because or _same(revenue, against) else _tax(revenue, against)
    read += int(table.loc[table["code"].isin(["duplicate", "broken_line"]), "rows"].sum())
    return Reconciliation(
        table, revenue + table["money"].sum(), read, revenue, float(against), because, tax, tables.currency
    )


def _taken(rows, tables):
    """What each rule took, one row per rule, and the revenue that is left."""
    late = (rows.problem == "none") & (rows.ordered_on > tables.as_of)
    rows = rows.mutate(code=late.ifelse("after_as_of", rows.problem))
    none, back = rows.code == "none", rows.amount < 0
    extra = {"return": -ibis.ifelse(back, rows.amount, 0.0)}
    extra |= {name: rows[name].abs() for name in ("refunded", "discount") if name in rows.columns}
    rows = rows if "copies" in rows.columns else rows.mutate(copies=0.0)
    copies = rows.copies
    found = rows.group_by("code").agg(
        rows=rows.count(),
        money=rows.amount.sum(),
        copies=copies.sum(),
        copied=(rows.amount * copies).sum(),
        **{name: money.sum(where=none) for name, money in extra.items()},
        **{f"{name}_rows": (money > 0).sum(where=none) for name, money in extra.items()},
    )
    found = found.to_pandas().set_index("code")
    used = found.loc["none"] if "none" in found.index else pd.Series(0.0, found.columns)
    aside = found.drop(index="none", errors="ignore")
    taken = {code: (row["rows"], row["money"]) for code, row in aside.iterrows()}
    if tables.settings.duplicates == "drop":
        taken["duplicate"] = (round(found["copies"].sum()), found["copied"].sum())
    for name in extra:
        if used[name] and used[name] > 0:
            taken[name] = (int(used[f"{name}_rows"]), used[name])
    said = {code: rule for code, (rule, _done) in words(tables.settings).items()}
    said |= {"refunded": _("Refunded"), "discount": _("Discount"), "after_as_of": _("After the day")}
    order = [code for code in said if code in taken and taken[code][0]]
    lines = [(code, said[code], int(taken[code][0]), taken[code][1]) for code in order]
    table = pd.DataFrame(lines, columns=["code", "rule", "rows", "money"]).astype({"money": "float64"})
    return table, float(used["money"] or 0.0)


def _same(one, other):
    """Whether two figures are the same, to the cent, or where the other has no decimals to the unit."""
    return abs(one - other) <= (0.5 if float(other).is_integer() else 0.005) + 1e-9 * abs(other)


def _because(table, difference, against):
    """The fewest rules that together took the difference, or none."""
    known = table[table["money"].notna() & (table["money"].abs() > 0.005)]
    if _same(against - difference, against):
        return ()
    money = dict(zip(known["code"], known["money"], strict=True))
    for number in range(1, MOST + 1):
        for codes in combinations(money, number):
            if _same(against - difference + sum(money[code] for code in codes), against):
                return codes
    return ()


def _tax(revenue, against):
    """The rate of value added tax by which one figure is above the other, else 0."""
    low, high = sorted((revenue, against))
    near = [rate for rate in RATES if low > 0 and abs(high - low * (1 + rate)) <= 0.01 + 2e-5 * high]
    return near[0] if near else 0.0
