"""Do customers come back, and do those of today come back as those of before did?"""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from portfoy.customers import DAY, months_before, split_date, split_table, to_frame
from portfoy.errors import DataError, FitError
from portfoy.firm import Firm, analysis
from portfoy.intervals import bounded, corrected, two_sided, wald, wilson
from portfoy.locale import _
from portfoy.models.bg_nbd import fit_bg_nbd
from portfoy.people import NOT_KNOWN, OTHERS, TRAITS, level_groups, with_traits, with_type
from portfoy.retention.cells import EVERY, MONEY, SHARES, cohort_cells, number_of, own_periods, start_of
from portfoy.standing import lapsed_days
from portfoy.words import figure, shapes, style
from portfoy.words.codes import said_as
from portfoy.words.result import Action, Figure, Finding, Past, Result
from portfoy.words.table import show

WITHIN = (3, 6, 12)  # months after the first period, at which newcomers are compared
AGES = (1, 3, 6, 12, 24, 36)  # months after the first, in the table; its file has all
FEWEST = 30  # customers; an interval of fewer tells nobody anything
ROWS, LEVELS = 12, 8  # starts in the chart; levels of a characteristic that are told apart
COLUMNS = {"share": 12, "money": 8}  # in the chart
FAR = 0.2  # how far the purchases of the last year may be off that the model expects, for it to be shown


@dataclass(frozen=True)
class Cohorts(Result):
    """How the customers of one start, or of one characteristic, come back as they grow older.

    ``table``, one row per cell that has begun: ``start`` first day of the period of the first purchase, or ``level``
    where customers are told apart by a characteristic; ``later`` periods since that one; ``customers`` of the row who
    are old enough; ``buyers`` of them who bought in the period ("ever": in it or later); ``value`` their share, 0-1, or
    what a customer brings in the period, money, with ``value_low``, ``value_high``; ``over`` whether the period is
    over (by level it always is). ``mean``, one row per ``later``: the same over all customers whose period is over,
    and, of those returning, the share ``expected`` by a BG/NBD, missing where there is none, or it is too far ``off``.
    ``tested``, one row per comparison: newcomers of the last twelve months old enough beside those of the same months
    a year before, or a ``level`` beside all others: ``months`` after the first period; ``now`` and ``before``, the
    share that came back until then, or the money that a customer brought in that period, of ``customers`` and
    ``before_customers``; ``difference`` with bounds; ``p_value``; ``sure`` after the correction for all of them.
    ``newest`` first purchase there is; ``begin`` days
    from the first one in which newcomers may be old customers.
    """

    table: pd.DataFrame
    mean: pd.DataFrame
    tested: pd.DataFrame
    kind: str
    every: str
    by: str | None
    newest: pd.Timestamp
    begin: int
    off: float
    firm: Firm = field(repr=False)

    @property
    def unit(self):
        return "money" if self.kind in MONEY else "share"

    @property
    def told(self):
        """The comparison that stands out: the surest one; without it the first; None where there is none."""
        sure = self.tested[self.tested["sure"]]
        return sure.loc[sure["p_value"].idxmin()] if len(sure) else next((r for _p, r in self.tested.iterrows()), None)

    def finding(self):
        row = self.told
        if row is None or (self.by and not row["sure"]):
            text = _("No group comes back more than the others") if self.by else _("Too early to compare newcomers")
            return Finding(text, nothing=True)
        texts = {
            "share": [
                _("Newcomers come back more: {now:share} within {months:count} months, {before:share} before"),
                _("Newcomers come back less: {now:share} within {months:count} months, {before:share} before"),
                _("{now:share} of newcomers come back within {months:count} months, as before"),
                _("\u201c{level}\u201d: {now:share} come back within {months:count} months, others {before:share}"),
            ],
            "money": [
                _("Newcomers bring more: {now:money} after {months:count} months, {before:money} before"),
                _("Newcomers bring less: {now:money} after {months:count} months, {before:money} before"),
                _("A newcomer brings {now:money} after {months:count} months, as before"),
                _("\u201c{level}\u201d bring {now:money} each after {months:count} months, others {before:money}"),
            ],
        }[self.unit]
        row = {**row, "level": style.shorten(said_as("level", row["level"]))}
        told = 3 if self.by else 2 if not row["sure"] else int(row["difference"] < 0)
        return Finding(style.say(texts[told], row, currency=self.firm.currency))

    def reading(self):
        line, texts = self.mean[(self.mean["later"] > 0) & (self.mean["customers"] >= FEWEST)], []
        line = line[line["later"] * EVERY[self.every] <= WITHIN[-1]]
        if len(line) > 1:
            text = {
                "share": _("On average {first:share} after {one:months}, {last:share} after {n:months}."),
                "money": _("On average {first:money} each after {one:months}, {last:money} after {n:months}."),
            }[self.unit]
            values = {"first": line["value"].iloc[0], "last": line["value"].iloc[-1], "one": EVERY[self.every]}
            values["n"] = line["later"].iloc[-1] * EVERY[self.every]
            texts.append(style.say(text, values, currency=self.firm.currency))
        if self.newest < months_before(self.firm.as_of, 3 * EVERY[self.every]):
            texts.append(style.say(_("Nobody new has come since {newest:month}."), vars(self)))
        return style.Reading(" ".join(texts))

    def figures(self):
        if self.unit == "money" or self.by or self.tested.empty:
            return []
        row, day = self.tested.iloc[0], f"{months_before(self.firm.as_of, 12):%Y-%m-%d}"
        note = style.say(_("of {customers:count}, within {months:count} months"), row)
        bounds, year = row[["now", "now_low", "now_high"]], Past(day, float(row["before"]), float(row["p_value"]))
        return [Figure("newcomers_back", *bounds.astype(float).tolist(), "share", str(note), "up", year)]

    def actions(self):
        if self.told is None or self.by or self.unit == "money" or not self.told["sure"] or self.told["difference"] > 0:
            return []
        bought = self.firm.customers
        once = bought[(bought["first_order"] > months_before(self.firm.as_of, 12)) & (bought["purchases"] == 1)]
        once = once[["customer_id", "last_order", "revenue"]].sort_values("revenue", ascending=False, ignore_index=True)
        once = once.assign(why=_("came within a year, bought once"), action=_("ask for a second order"))
        text = style.say(_("Ask the {n:count} newcomers who bought once for a second order"), {"n": len(once)})
        return [Action(text, name="newcomers_once", table=with_type(once, self.firm.people))]

    def plot(self, ax=None):
        key, money = "level" if self.by else "start", self.unit == "money"
        ages = [later for later in self.mean["later"] if later or money][: COLUMNS[self.unit]]
        rows = self.table[self.table["later"].isin(ages)]
        if rows.empty:
            return None
        shown = list(rows[key].unique())[-ROWS:]
        sizes = self.table[self.table["later"] == 0].set_index(key)["customers"]
        called = [style.shorten(said_as(key, at), 16) if self.by else style.day(at).partition(" ")[2] for at in shown]
        called = [f"{name} · {style.number(sizes[at])}" for at, name in zip(shown, called, strict=True)] + [_("all")]
        rows = rows[rows[key].isin(shown)].assign(row=lambda cells: cells[key].map(shown.index))
        rows["colour"] = rows["over"].map({True: style.ACCENT, False: style.MUTED})
        line = self.mean[self.mean["later"].isin(ages)].assign(row=len(shown), colour=style.SECOND)
        model = line.assign(value=line.get("expected"), row=len(shown) + 1, colour=style.PALE).dropna(subset="value")
        called += [_("as the model says")] * bool(len(model))
        cells = pd.concat([rows, line, model], ignore_index=True)
        cells["strength"] = (cells["value"] / cells["value"].max()).clip(0, 1).fillna(0)
        cells["text"] = [style.money(v, "", digits=2) if money else style.number(100 * v) for v in cells["value"]]
        wide = cells.pivot(index="row", columns="later").set_axis(called)
        laid = (wide[name].reindex(columns=ages) for name in ("text", "strength", "colour"))
        laid = (each.fillna(empty) for each, empty in zip(laid, ("", 0.0, style.MUTED), strict=True))
        running = [(_("still running"), style.MUTED)]
        ax = shapes.heat_map(*laid, ax, told=[] if rows["over"].all() else running)
        ax.set_xticklabels([style.number(age) for age in ages], rotation=0, ha="center")
        title = {
            "returning": _("Bought again, per cent"),
            "ever": _("Bought then or later, per cent"),
            "revenue": _("Revenue per customer"),
            "margin": _("Margin per customer"),
        }[self.kind]
        under = {
            "month": _("by months after the first; rows: start or group, customers"),
            "quarter": _("by quarters after the first; rows: start or group, customers"),
        }[self.every]
        write = style.writer(self.unit, self.firm.currency)
        numbers = "; ".join(f"{later}: {write(v)}" for later, v in zip(line["later"], line["value"], strict=True))
        return figure.name(ax, title, under, numbers)

    def summary(self):
        kinds = dict.fromkeys(["value", "now", "before", "difference", "expected"], self.unit)
        labels = {"returning": _("Bought"), "ever": _("Bought then or later")}
        terms = {"currency": self.firm.currency, "kinds": kinds, "labels": {"value": labels.get(self.kind, _("Each"))}}
        ages = [age for age in (AGES if self.unit == "share" else (0, *AGES)) if age % EVERY[self.every] == 0]
        tables = [self._wide(ages, terms)]
        some = self.mean[(self.mean["later"] * EVERY[self.every]).isin(ages)]
        tables.append(show(some, _("All customers"), whole=self.mean, **terms))
        if len(self.tested):
            labels = {"now": _("Newcomers of the year"), "before": _("Of the year before")}
            terms["labels"] = {"now": _("This group"), "before": _("All others")} if self.by else labels
            tables.append(show(self.tested.drop(columns="sure"), _("Compared at equal age"), **terms))
        return tables

    def _wide(self, ages, terms):
        """A row for each start or level, its cells at some `ages` in months that are over; the file has every cell."""
        key, parts = "level" if self.by else "start", ["value", "value_low", "value_high"]
        cells = self.table[self.table["over"]].set_index(key)
        rows = self.table.loc[self.table["later"] == 0, [key, "customers"]]
        labels, kinds = dict(terms["labels"]), dict(terms["kinds"])
        for age in ages:
            labels[f"{age}"], kinds[f"{age}"] = str(style.say(_("After {n:months}"), {"n": age})), self.unit
            there = cells[cells["later"] * EVERY[self.every] == age]
            rows = rows.join(there[parts].set_axis([f"{age}", f"{age}_low", f"{age}_high"], axis=1), on=key)
        whole = self.table.drop(columns="over")
        return show(rows, _("By start or group"), **terms | {"labels": labels, "kinds": kinds}, whole=whole)

    def method(self):
        kind = {
            "returning": _("Bought: a sale in the period; intervals ({level}): Wilson."),
            "ever": _("Bought then or later: up to today, so the young will rise; intervals ({level}): Wilson."),
        }.get(
            self.kind, _("Orders count in the period of their first sale; intervals ({level}): normal, per customer.")
        )
        compared = _(
            "Compared: newcomers of twelve months with those a year before, at equal age; none of the first "
            "{begin:days}, who may be old customers."
        )
        if self.by:
            compared = _("Compared: each group with all others, at equal age.")
        rest = _("Periods that still run are in no mean and no comparison. Corrected for all (Benjamini-Hochberg).")
        model = _("Model (BG/NBD): each customer has a rate of buying and a chance to stop.")
        if self.off > FAR:
            model = _("The model (BG/NBD) was too far off last year to be shown.")
        rest = f"{rest} {model}" if self.off >= 0 else rest
        values = {"level": style.level(self.firm.confidence), "begin": self.begin}
        prices = [self.firm.prices.said()] if self.unit == "money" else []
        return style.Reading(" ".join([style.say(f"{kind} {compared} {rest}", values), *prices]))

    def who(self, row, later, *, back=True):
        """The customers behind a cell: those of a `row` (its ``start`` or ``level``) who bought so many periods later.

        ``customer_id`` and, where it is known, ``type``, in the order of the ids; "ever" has those who bought then or
        later; `back` False gives those who are old enough and did not.
        """
        own = own_periods(self.firm.log, self.firm.as_of, "returning", self.every)
        each = own.group_by("customer_id").agg(
            cohort=own.period.min(), last=own.period.max(), parts=own.period.collect()
        )
        at = each.cohort + later
        found = each["last"] >= at if self.kind == "ever" else each.parts.contains(at)
        until = number_of(self.firm.as_of + DAY, self.every) - 1 if self.by else number_of(self.firm.as_of, self.every)
        each = each.filter(at <= until, found if back else ~found)
        if not self.by:
            each = each.filter(each.cohort == number_of(pd.Timestamp(row), self.every))
        found = to_frame(each.select("customer_id").order_by("customer_id"))
        if self.by:
            levels = _levels(self.firm, self.by).set_index("customer_id")["level"]
            found = found[levels.reindex(found["customer_id"]).to_numpy() == row].reset_index(drop=True)
        return with_type(found, self.firm.people)


@analysis
def cohorts(firm, *, kind="returning", every="month", by=None):
    """Cohorts: how customers come back, or what they bring, as they grow older, and whether newer ones do it more.

    Parameters
    ----------
    firm : Firm
    kind : "returning" in the period, "ever" then or later (unbounded), "revenue" or "margin" in the period
    every : "month" or "quarter"
    by : what rows are, by default the period of the first purchase; else a trait of customers, such as "channel", or
        "first_product", the one most spent on that day; levels beyond the eight with the largest revenue are one

    Returns
    -------
    Cohorts; not possible where fewer than 30 customers bought, all in one period, the characteristic or the cost is not
    known, or `kind`, `every` or `by` is none of these
    """
    _check(firm, kind, every, by)
    levels = _levels(firm, by) if by else None
    cells = cohort_cells(firm.log, as_of=firm.as_of, kind=kind, every=every, levels=levels)
    size, oldest = cells.loc[cells["later"] == 0, "customers"].sum(), cells["cohort"].min()
    last = number_of(firm.as_of, every)
    if size < FEWEST or oldest == last:
        text = _(
            "cohorts: {customers} customers since {first:%Y-%m-%d}; at least {fewest}, and more than one {every}, are "
            "needed. Take a longer history."
        )
        raise DataError(text.format(customers=size, first=start_of(oldest, every), fewest=FEWEST, every=every))
    ended = number_of(firm.as_of + DAY, every) - 1  # the last period that is over
    cells["over"] = cells["cohort"] + cells["later"] <= ended
    done, key = cells[cells["over"]], "level" if by else "start"
    begin = 0 if by else lapsed_days(firm, 365)  # a first purchase in them may be that of an old customer
    if by:
        rows = done.groupby(["level", "later"], observed=True).sum().reset_index().assign(over=True)
        order = list(levels["level"].cat.categories)
        rows = rows.sort_values(["level", "later"], key=lambda c: c.map(order.index) if c.name == "level" else c)
    else:
        rows = cells.assign(start=cells["cohort"].map(lambda number: start_of(number, every)))
    keep = [key, "later", "customers", "buyers", "value", "value_low", "value_high", "over"]
    table = _valued(rows, kind, firm.confidence)[keep].reset_index(drop=True)
    mean = done.drop(columns=key, errors="ignore").groupby("later").sum().reset_index()
    mean = _valued(mean, kind, firm.confidence)[keep[1:-1]]
    off = _off(firm) if kind == "returning" else np.nan
    if off <= FAR:
        mean["expected"] = _expected(firm, mean["later"].to_numpy(), EVERY[every])
    tested = _tested(done, kind, every, by, ended, begin, firm.confidence)
    about = {"newest": firm.customers["first_order"].max(), "begin": begin, "off": off}
    return Cohorts(table, mean, tested, kind, every, by, **about, firm=firm)


def _levels(firm, by):
    """The level of every customer: ``customer_id``, ``level`` (ordered: the one with the largest revenue first)."""
    bought = with_traits(firm.customers, firm.people)
    if by == "first_product":
        sales = firm.log.filter(firm.log.amount >= 0)
        first = sales.group_by("customer_id").agg(day=sales.ordered_on.min())
        lines = sales.join(first, [sales.customer_id == first.customer_id, sales.ordered_on == first.day])
        spent = lines.group_by(["customer_id", "product_id"]).agg(spent=lines.amount.sum())
        most = spent.product_id.first(order_by=[spent.spent.desc(), spent.product_id])
        bought = bought.merge(to_frame(spent.group_by("customer_id").agg(first_product=most)), on="customer_id")
    codes, names = level_groups(bought, by, most=LEVELS)
    return bought[["customer_id"]].assign(level=pd.Categorical.from_codes(codes, names, ordered=True))


def _check(firm, kind, every, by):
    traits = [name for name in TRAITS if name in firm.people]
    traits += ["first_product"] if "product_id" in firm.log.columns else []
    costs = {"unit_cost", "product_cost"} & set(firm.log.columns)
    kinds = [*SHARES, *MONEY] if costs else [*SHARES, "revenue"]
    for name, value, known in (("kind", kind, kinds), ("every", every, list(EVERY)), ("by", by, [None, *traits])):
        if value not in known:
            text = _("cohorts: {name} is {value!r}; with these data it is one of {known}. Take one of these.")
            raise DataError(text.format(name=name, value=value, known=", ".join(map(str, known))))


def _off(firm):
    """How far purchases after an earlier day were off what was forecast on it, as a share; missing without a model."""
    try:
        split = split_table(firm.log, split_on=split_date(firm.customers), as_of=firm.as_of)
        early = firm.on(split_date(firm.customers)).once("bg_nbd", lambda: fit_bg_nbd(split))
        firm.once("bg_nbd", lambda: fit_bg_nbd(firm.customers))
    except (DataError, FitError):
        return np.nan
    came = split["holdout_purchases"].sum()
    said = early.expected_purchases(split, split["holdout_days"].iloc[0]).sum()
    return float(abs(said / came - 1)) if came else np.inf


def _expected(firm, later, months):
    """The share who buy in so many periods after the first by the BG/NBD, begun on any day of it; missing in it."""
    length, first = months * 365.25 / 12, (np.arange(8) + 0.5) / 8
    start = length * np.maximum(later[:, None] - first, 0)
    found = firm.once("bg_nbd", lambda: fit_bg_nbd(firm.customers)).p_active_new(start, start + length).mean(axis=1)
    return np.where(later > 0, found, np.nan)


def _valued(cells, kind, confidence):
    """Cells with their value and its interval: of a share by Wilson, of money by the spread between customers."""
    n = cells["customers"]
    if kind in SHARES:
        return cells.assign(**bounded("value", cells["buyers"] / n, wilson(cells["buyers"], n, confidence)))
    value, error = _mean(n, cells["total"], cells["squares"])
    return cells.assign(**bounded("value", value, wald(value, error, confidence)))


def _mean(n, total, squares):
    """Mean and its standard error from a count, a sum and a sum of squares; the error is missing for one."""
    mean = total / n
    return mean, np.sqrt(np.maximum(squares - n * mean**2, 0) / (n - 1).where(n > 1) / n)


def _tested(cells, kind, every, by, ended, begin, confidence):
    """``tested`` of `Cohorts`, from cells that are over."""
    first = cells["cohort"].min() + int(np.ceil(begin / 365.25 * 12 / EVERY[every]))
    year, rows, names = 12 // EVERY[every], [], ["n", "total", "squares"]
    for months in WITHIN:
        periods = months // EVERY[every]
        old = cells[(cells["cohort"] + periods <= ended) & (cells["later"] <= periods)]
        shares = kind in SHARES  # in the period or before it; money in the period itself
        old = old.assign(total=old["back"], squares=old["back"]) if shares else old[old["later"] == periods]
        old = old.assign(n=old["customers"].where(old["later"] == periods, 0))
        sums = old.groupby("level" if by else "cohort", sort=False)[names].sum()
        if by:
            pairs = [(level, sums.loc[level], sums.drop(level).sum()) for level in sums.index]
        else:
            newer = sums[(sums.index > ended - periods - year) & (sums.index - year >= first)]
            pairs = [("", newer.sum(), sums[sums.index.isin(newer.index - year)].sum())]
        rows += [
            (level, months, *one, *other)
            for level, one, other in pairs
            if min(one["n"], other["n"]) >= FEWEST and level not in (NOT_KNOWN, OTHERS)
        ]
    table = pd.DataFrame(rows, columns=["level", "months", *names, *(f"before_{name}" for name in names)])
    sides = {}
    for side, at in (("now", ""), ("before", "before_")):
        n, total, squares = (table[at + name].astype(float) for name in names)
        mean, error = _mean(n, total, squares)
        bounds = wilson(total, n, confidence) if kind in SHARES else wald(mean, error, confidence)
        sides |= {"customers" if side == "now" else "before_customers": n.astype(int), **bounded(side, mean, bounds)}
        sides[f"error_{side}"] = error
    moved, error = sides["now"] - sides["before"], np.hypot(sides.pop("error_now"), sides.pop("error_before"))
    p_value = np.array([two_sided(*pair) for pair in zip(moved, error, strict=True)])
    sure = corrected(p_value) <= 1 - confidence
    difference = bounded("difference", moved, wald(moved, error, confidence))
    return table[["level", "months"]].assign(**sides, **difference, p_value=p_value, sure=sure)
