"""Every check of the transaction log, done in the engine: what is set aside, what is kept, and how many of each.

A row that cannot be used is set aside under the first rule that applies to it, so that the rows set aside and the
rows used add up to the rows read. Nothing is dropped without a line in the data-quality table.
"""

from dataclasses import dataclass
from datetime import date

import ibis
import pandas as pd

from portfoy.contract import DataError
from portfoy.locale import _

DOMINANT = 0.2  # share of all lines from which one id looks like a stand-in for many people


@dataclass(frozen=True)
class Facts:
    """What the log holds once checked."""

    rows: int
    used: int
    customers: int
    orders: int
    revenue: float
    first_day: date
    last_day: date


def check_transactions(typed, settings, *, rows, copies, broken, today, keep):
    """Check every row of the typed log.

    Parameters
    ----------
    typed : ibis Table, one row per order line
        Columns of the contract, and ``raw_ordered_on``, ``raw_amount`` (text that could not be read, else null),
        ``row`` (number of the row in its file) where the source is a text file.
    settings : Settings
    rows, copies : int
        Rows read; rows among them that repeat an earlier one in every column.
    broken : tuple of int and text
        Lines that do not fit the header, and the first of them.
    today : date
        Orders after it are in the future.
    keep : function of a table
        Stores the flagged rows in the engine where it can.

    Returns
    -------
    log : ibis Table, the rows that are used
    quality : DataFrame, one row per check, indexed by its code
        ``rule``; ``rows``; ``share`` of the rows read, 0-1; ``example``, the first one; ``done`` with them.
    facts : Facts

    Raises
    ------
    DataError : no row is left to use.
    """
    flagged = keep(typed.mutate(problem=_problem(typed, settings, today), returned=(typed.amount < 0).fill_null(False)))
    seen = _count(flagged)
    counts = seen.set_index("problem")[["rows", "example"]].to_dict("index")
    used = seen[seen["problem"] == "none"]
    if used.empty:
        raise DataError(_nothing_left(counts, rows))
    used = used.iloc[0]
    log = flagged.filter(flagged.problem == "none").drop("problem", "returned", "raw_ordered_on", "raw_amount")
    if settings.returns == "drop":
        log = log.filter(log.amount >= 0)
    people = _people(log)
    counts |= _kept(used, people)
    counts["duplicate"] = {"rows": copies, "example": ""}
    counts["broken_line"] = {"rows": broken[0], "example": broken[1]}
    first_day, last_day = pd.Timestamp(used["first_day"]).date(), pd.Timestamp(used["last_day"]).date()
    month_end = (pd.Timestamp(last_day) + pd.offsets.MonthEnd(0)).date()
    if last_day < month_end:
        counts["partial_month"] = {"rows": _since(log, last_day.replace(day=1)), "example": f"{last_day:%Y-%m-%d}"}
    facts = Facts(
        rows,
        int(used["rows"]),
        int(people["customers"]),
        int(people["orders"]),
        float(used["amount"]),
        first_day,
        last_day,
    )
    return log.drop("row") if "row" in log.columns else log, _quality_table(counts, rows + broken[0], settings), facts


def _problem(log, settings, today):
    """The first rule that sets a row aside, or "none"."""
    who = log.customer_id.lower()
    tested = who.re_search(rf"^({settings.test_pattern})$")
    if "product_id" in log.columns:
        tested |= log.product_id.lower().re_search(rf"^({settings.test_pattern})$").fill_null(False)
    return ibis.cases(
        (log.ordered_on.isnull(), "unreadable_date"),
        (log.amount.isnull(), "unreadable_amount"),
        (log.ordered_on > today, "future_date"),
        (log.customer_id.isnull() | who.isin(settings.unknown()), "unknown_customer"),
        (tested, "test_row"),
        else_="none",
    )


def _count(log):
    """One pass over the log: rows, money and the first example under each problem."""
    day = log.ordered_on.cast("string")
    example = ibis.cases(
        (log.problem == "unreadable_date", log.raw_ordered_on.fill_null(_("(empty)"))),
        (log.problem == "unreadable_amount", log.raw_amount.fill_null(_("(empty)"))),
        (log.problem == "future_date", day),
        (log.problem == "test_row", log.customer_id),
        else_=ibis.coalesce(log.order_id, day),
    )
    if "row" in log.columns:
        example = ibis.literal(_("row")) + " " + log.row.cast("string") + ": " + example
    key = log.row if "row" in log.columns else example
    costs = {"no_cost": log.unit_cost.isnull().sum()} if "unit_cost" in log.columns else {}
    return (
        log.mutate(example=example, key=key)
        .group_by("problem")
        .agg(
            rows=lambda t: t.count(),
            example=lambda t: t.example.argmin(t.key),
            amount=lambda t: t.amount.sum(),
            first_day=lambda t: t.ordered_on.min(),
            last_day=lambda t: t.ordered_on.max(),
            returns=lambda t: t.returned.sum(),
            first_return=lambda t: t.example.argmin(t.key, where=t.returned),
            zeros=lambda t: (t.amount == 0).sum(),
            first_zero=lambda t: t.example.argmin(t.key, where=t.amount == 0),
            unnumbered=lambda t: t.order_id.isnull().sum(),
            **costs,
        )
        .to_pandas()
    )


def _people(log):
    """One row: customers, orders, days with an order, and what is odd about the ids."""
    sale = log.amount >= 0
    orders = log.group_by(["customer_id", "order_id"]).agg(day=log.ordered_on.min(where=sale), lines=log.count())
    days = orders.group_by(["customer_id", "day"]).agg(orders=orders.count(), lines=orders.lines.sum())
    people = days.group_by("customer_id").agg(
        days=days.day.notnull().sum(),
        orders=days.orders.sum(where=days.day.notnull()).fill_null(0),
        lines=days.lines.sum(),
    )
    buys = people.days > 0
    row = people.agg(
        customers=buys.sum(),
        orders=people.orders.sum(),
        merged=(people.orders - people.days).sum(),
        first_merged=people.customer_id.min(where=people.orders > people.days),
        only_returns=people.lines.sum(where=~buys).fill_null(0),
        first_only_return=people.customer_id.min(where=~buys),
        ids=people.count(),
        folded=people.customer_id.lower().nunique(),
        most=people.lines.max(),
        most_by=people.customer_id.argmax(people.lines),
        lines=people.lines.sum(),
    )
    return row.to_pandas().iloc[0].to_dict()


def _kept(used, people):
    """Counts of what stays in the log but a reader must know."""
    found = {
        "return": {"rows": used["returns"], "example": used["first_return"]},
        "only_returns": {"rows": people["only_returns"], "example": people["first_only_return"]},
        "zero_amount": {"rows": used["zeros"], "example": used["first_zero"]},
        "no_order_number": {"rows": used["unnumbered"], "example": ""},
        "same_day_order": {"rows": people["merged"], "example": people["first_merged"]},
        "mixed_case_id": {"rows": people["ids"] - people["folded"], "example": ""},
        "no_cost": {"rows": used.get("no_cost", 0), "example": ""},
    }
    if people["customers"] >= 20 and people["most"] >= DOMINANT * people["lines"]:
        found["dominant_customer"] = {"rows": people["most"], "example": people["most_by"]}
    return found


def _since(log, day):
    return int(log.filter(log.ordered_on >= day).count().to_pandas())


def _words(settings):
    """Rule and treatment of each check, in the order they are shown."""
    aside = _("set aside")
    netted = _("subtracted from the customer's revenue; not a purchase") if settings.returns == "net" else aside
    doubled = aside if settings.duplicates == "drop" else _("kept, as portfoy.toml says")
    return {
        "broken_line": (_("Line does not fit the header"), aside),
        "duplicate": (_("Repeats an earlier row in every column"), doubled),
        "unreadable_date": (_("Date missing or unreadable"), aside),
        "unreadable_amount": (_("Amount missing or unreadable"), aside),
        "future_date": (_("Date in the future"), aside),
        "unknown_customer": (_("Customer unknown (guest)"), _("set aside; the revenue is nobody's")),
        "test_row": (_("Test customer or product"), aside),
        "return": (_("Return (negative amount)"), netted),
        "only_returns": (_("Customer with returns but no purchase"), _("in no customer's figures")),
        "zero_amount": (_("Amount of zero"), _("kept; counts as a purchase")),
        "no_order_number": (_("No order number"), _("each customer's day counts as one order")),
        "same_day_order": (_("Further order on the same day"), _("kept; the day counts as one purchase")),
        "mixed_case_id": (_("Id that differs from another only in case"), _("kept as a customer of its own")),
        "dominant_customer": (
            _("One id on a fifth of all rows or more"),
            _("kept; if it stands for many people, name it under unknown_customers"),
        ),
        "no_cost": (_("Unit cost missing"), _("kept; the margin leaves these rows out")),
        "partial_month": (_("Last month is not over"), _("kept; not compared with whole months")),
    }


def _quality_table(counts, rows, settings):
    lines = []
    for code, (rule, done) in _words(settings).items():
        found = counts.get(code, {"rows": 0, "example": ""})
        number = int(found["rows"] or 0)
        example = "" if not number or pd.isna(found["example"]) else " ".join(str(found["example"]).split())[:80]
        lines.append((code, rule, number, number / rows, example, done if number else ""))
    return pd.DataFrame(lines, columns=["check", "rule", "rows", "share", "example", "done"]).set_index("check")


def _nothing_left(counts, rows):
    words = {
        "unreadable_date": _("{n} without a readable date"),
        "unreadable_amount": _("{n} without a readable amount"),
        "future_date": _("{n} dated in the future"),
        "unknown_customer": _("{n} without a customer"),
        "test_row": _("{n} test rows"),
    }
    why = ", ".join(
        words[code].format(n=f"{found['rows']:,}") + (f" ({found['example']})" if found["example"] else "")
        for code, found in counts.items()
        if found["rows"]
    )
    if not why:
        return _("transactions: there are no rows; at least one order line is needed. Check the file and its filters.")
    return _(
        "transactions: none of {rows} rows can be used: {why}. Check the column mapping and the formats in portfoy.toml."
    ).format(rows=f"{rows:,}", why=why)
