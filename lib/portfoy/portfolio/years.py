"""What moved the revenue from one year to the next: buyers, purchases per buyer, or revenue per purchase."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from portfoy.customers import DAY, as_table, months_before, purchase_days, purchases_by, to_frame
from portfoy.firm import analysis
from portfoy.intervals import change_p, wald
from portfoy.locale import _
from portfoy.metrics import one_row
from portfoy.source.prices import AS_PAID, Prices
from portfoy.words import figure, shapes, style
from portfoy.words.labels import columns
from portfoy.words.result import Figure, Finding, Past, Result
from portfoy.words.table import show

FIGURES = {  # figure -> (unit, numerator, denominator or None)
    "revenue": ("money", "revenue", None),
    "buyers": ("count", "buyers", None),
    "frequency": ("number", "purchases", "buyers"),
    "ticket": ("money", "revenue", "purchases"),
    "margin_rate": ("share", "margin", "known_revenue"),
}


@dataclass(frozen=True)
class Years(Result):
    """The last twelve months beside the twelve before; where the data do not reach, the last quarter a year before.

    ``table``, one row per figure: ``figure`` revenue, buyers, frequency (purchases per buyer), ticket (revenue per
    purchase) or margin_rate (margin as a share of revenue); ``unit``; ``now``, ``before``; ``change`` now / before - 1,
    with ``change_low``, ``change_high``; before and change are missing where the data do not reach, the change where
    the figure is not above zero in both; ``change_paid`` that of money as paid, where prices are known. ``months`` of
    each side, 12 or 3. ``quarters``, one row per quarter, the latest last: ``end`` its last day; ``revenue``;
    ``revenue_paid`` as paid. ``past``, where the sides have twelve months, "year" and "half" (a year) before -> revenue
    of the twelve months to that day, a `Past`; the last half year against the same a year before tells the second.
    """

    table: pd.DataFrame
    months: int
    currency: str
    confidence: float
    prices: Prices = AS_PAID
    quarters: pd.DataFrame | None = None
    past: dict = field(default_factory=dict)

    @property
    def rows(self):
        return self.table.set_index("figure")

    def finding(self):
        row = self.rows.loc["revenue"]
        if pd.isna(row["change"]):
            return Finding(_("Revenue cannot be compared with the year before"), nothing=True)
        up, down, same = change_texts(bool(self.prices))
        text = up if row["change_low"] > 0 else down if row["change_high"] < 0 else same
        money = row["before"] * row[["change_low", "change_high"]]
        return Finding(style.say(text, {"size": abs(row["change"])}), *map(float, money))

    def reading(self):
        if pd.isna(self.rows.loc["revenue", "change"]):
            return style.Reading(_("The data hold no two years, or no revenue above zero."))
        parts = self.rows.loc[["buyers", "frequency", "ticket"]]
        most = parts.loc[(1 + parts["change"]).apply("log").abs().idxmax()]
        text, revenue = _("What changed most: {name}, {change:change}."), self.rows.loc["revenue"]
        values = {"name": year_names()[most.name], "change": most["change"], "paid": revenue["change_paid"]}
        if self.months < 12:
            text = _("The data hold no two years: these are the last three months.")
        if self.prices and pd.notna(values["paid"]):
            values["rise"] = (1 + values["paid"]) / (1 + revenue["change"]) - 1
            text = f"{_('As paid: {paid:change}; prices: {rise:change}.')} {text}"
        return style.say(text, values)

    def figures(self):
        row = self.rows.loc["revenue"]
        if self.months < 12:
            return []
        paid = style.say(_("of twelve months; as paid {paid:change}"), {"paid": row["change_paid"]})
        note = _("of twelve months") if pd.isna(row["change_paid"]) else str(paid)
        return [Figure("revenue", float(row["now"]), unit="money", note=note, better="up", **self.past)]

    def plot(self, ax=None):
        rows = self.quarters
        if rows is None or len(rows) < 3:
            return None
        constant, paid = style.say(_("at {day:month} prices"), vars(self.prices)) if self.prices else "", _("as paid")
        month = rows["end"].dt.to_period("M").dt.to_timestamp()  # as ticks stand on the first of one
        parts = [(constant, style.ACCENT, month, rows["revenue"], None, None)] * bool(self.prices)
        parts += [(paid, style.MUTED if self.prices else style.ACCENT, month, rows["revenue_paid"], None, None)]
        ax = shapes.lines(parts, ax)
        ax.yaxis.set_major_formatter(lambda value, _position: style.money(value, "", compact=True))
        ax.set_ylim(min(0, ax.get_ylim()[0]))
        text = _("to {end:day}: {revenue:money}, as paid {revenue_paid:money}")
        told = "; ".join(style.say(text, row, currency=self.currency) for _place, row in rows.iloc[[0, -1]].iterrows())
        under = _("{currency}, three months each, by their end").format(currency=self.currency or _("money"))
        return figure.name(ax, _("Revenue by quarter"), under, told)

    def summary(self):
        table = self.table.assign(figure=self.table["figure"].map(year_names()))
        table = table if self.prices else table.drop(columns="change_paid")
        labels = {"now": _("Last 3 months"), "before": _("A year before")} if self.months < 12 else {}
        return show(table, _("Beside a year before"), currency=self.currency, labels=labels)

    def method(self):
        text = _("Revenue is buyers times purchases per buyer (days with an order) times revenue per purchase.")
        return style.Reading(f"{text} {style.sampled(self.confidence)} {self.prices.said()}")


def change_texts(constant):
    """Revenue up, down or the same: the templates for money at constant prices, or as paid."""
    if constant:
        return (
            _("Revenue is up {size:share} on a year before at constant prices"),
            _("Revenue is down {size:share} on a year before at constant prices"),
            _("Revenue is about that of a year before at constant prices"),
        )
    return (
        _("Revenue is up {size:share} on a year before, prices included"),
        _("Revenue is down {size:share} on a year before, prices included"),
        _("Revenue is about that of a year before, prices included"),
    )


def year_names():
    """What the figures of `Years` are called."""
    same = {"revenue": "revenue", "buyers": "active", "ticket": "ticket", "margin_rate": "margin_rate"}
    known = columns()
    return {figure: known[column][0] for figure, column in same.items()} | {"frequency": _("Purchases per buyer")}


@analysis
def years(firm):
    """The last twelve months beside the twelve before: revenue, and the buyers, purchases and spend that make it.

    Where the data do not reach back two years, the last three months beside the same three a year before.

    Parameters
    ----------
    firm : Firm

    Returns
    -------
    Years; where neither reaches, the last year alone
    """
    terms = {"as_of": firm.as_of, "confidence": firm.confidence}
    tables = {months: year_table(firm.log, months=months, **terms) for months in (3, 6, 12)}
    months = 3 if tables[12]["before"].isna().all() and tables[3]["before"].notna().any() else 12
    quarters = _quarters(firm.log, firm.as_of)
    past = _past(firm, *(tables[each].set_index("figure").loc["revenue"] for each in (6, 12)))
    return Years(tables[months], months, firm.currency, firm.confidence, firm.prices, quarters, past)


def _past(firm, half, year):
    """`Years.past`, from the rows of revenue of the last six and twelve months beside the same a year before."""
    past = {}
    for when, row, months in (("half", half, 6), ("year", year, 12)):
        if pd.notna(row["change"]):
            moved = np.log1p(row[["change", "change_low", "change_high"]].to_numpy(float))
            p_value = change_p(moved, (0.0, 0.0, 0.0), firm.confidence)
            then = year["now"] - (row["now"] - row["before"])
            past[when] = Past(f"{months_before(firm.as_of, months):%Y-%m-%d}", float(then), p_value)
    return past


def _quarters(log, as_of, most=8):
    """Revenue of the last quarters that lie in the data whole: `Years.quarters`."""
    days = purchases_by(log, as_of)
    day = days.day.fill_null(days.returned_on)
    ends = [months_before(as_of, 3 * back) for back in range(most, -1, -1)]
    after = [(day > end.date()).cast("int32") for end in ends[:-1]]
    sums = to_frame(
        days.group_by(quarter=sum(after[1:], after[0])).agg(
            first=day.min(), revenue=days.revenue.sum(), revenue_paid=days.revenue_paid.sum()
        )
    ).set_index("quarter")
    begins = pd.to_datetime(sums.pop("first")).min()
    table = sums.reindex(range(1, most + 1), fill_value=0.0)
    table.insert(0, "end", pd.DatetimeIndex(ends[1:]))
    return table[[end + DAY >= begins for end in ends[:-1]]].reset_index(drop=True)


def year_table(log, *, as_of, months=12, confidence=0.95):
    """The table of `Years` from order lines (ibis Table or DataFrame): the last months, and the same a year before."""
    sums, moments, whole = _two_years(log, pd.Timestamp(as_of), months)
    rows = []
    for name, (unit, top, bottom) in FIGURES.items():
        value = {
            when: sums[f"{top}_{when}"] / (sums[f"{bottom}_{when}"] or np.nan if bottom else 1)
            for when in ("now", "before")
        }
        signs = {f"{top}_now": 1, f"{top}_before": -1}
        signs |= {f"{bottom}_now": -1, f"{bottom}_before": 1} if bottom else {}
        change = _ratio(sums, moments, signs, confidence) if whole else (np.nan,) * 3
        before = value["before"] if whole else np.nan
        bounds = dict(zip(("change", "change_low", "change_high"), change, strict=True))
        paid = {each.replace("revenue", "paid"): sign for each, sign in signs.items()}
        told = whole and unit == "money" and "amount_paid" in log.columns
        bounds["change_paid"] = _ratio(sums, moments, paid, confidence)[0] if told else np.nan
        rows.append({"figure": name, "unit": unit, "now": value["now"], "before": before, **bounds})
    return pd.DataFrame(rows)


def _two_years(log, as_of, months):
    """Sums over customers of both sides, their second moments, and whether the data reach back to the earlier one."""
    table = as_table(log)
    split, until, start = (months_before(as_of, back) for back in (months, 12, 12 + months))
    now, before = (
        (table.ordered_on > split.date()),
        (table.ordered_on > start.date()) & (table.ordered_on <= until.date()),
    )
    days = purchase_days(table.filter((table.ordered_on <= as_of.date()) & (now | before)))
    first = pd.Timestamp(table.ordered_on.min().to_pandas())
    now, bought = days.day.fill_null(days.returned_on) > split.date(), days.day.notnull()
    parts = {}
    for when, inside in (("now", now), ("before", ~now)):
        known = inside & days.margin.notnull()
        parts |= {
            f"revenue_{when}": days.revenue.sum(where=inside).fill_null(0.0),
            f"paid_{when}": days.revenue_paid.sum(where=inside).fill_null(0.0),
            f"margin_{when}": days.margin.sum(where=known).fill_null(0.0),
            f"known_revenue_{when}": days.revenue.sum(where=known).fill_null(0.0),
            f"buyers_{when}": (inside & bought).ifelse(1, 0).max().cast("float64"),  # PostgreSQL casts no truth
            f"purchases_{when}": (inside & bought).sum().cast("float64"),
        }
    each = days.group_by("customer_id").agg(**parts)
    names = list(parts)
    pairs = [(a, b) for place, a in enumerate(names) for b in names[place:]]
    sums = {a: each[a].sum() for a in names} | {f"{a} {b}": (each[a] * each[b]).sum() for a, b in pairs}
    found = one_row(each, n=each.count(), **sums)
    moments = {(a, b): found[f"{a} {b}"] - found[a] * found[b] / max(found["n"], 1) for a, b in pairs}
    moments |= {(b, a): value for (a, b), value in moments.items()}
    return {a: found[a] for a in names}, moments, first <= start + pd.Timedelta(days=2.6 * months)  # a month, of a year


def _ratio(sums, moments, signs, confidence):
    """exp(sum of sign x log of sum) - 1, with its interval by the delta method on logarithms; missing where a sum is
    not above zero.
    """
    if any(sums[name] <= 0 for name in signs):
        return (np.nan,) * 3
    log = sum(sign * np.log(sums[name]) for name, sign in signs.items())
    weight = {name: sign / sums[name] for name, sign in signs.items()}
    variance = sum(weight[a] * weight[b] * moments[a, b] for a in signs for b in signs)
    bounds = wald(log, np.sqrt(max(variance, 0)), confidence)
    return tuple(float(np.expm1(value)) for value in (log, *bounds))
