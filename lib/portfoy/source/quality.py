"""Every check of the transaction log, done in the engine: what is set aside, what is kept, and how many of each.

A row that cannot be used is set aside under the first rule that applies to it, so that the rows set aside and the
rows used add up to the rows read. Nothing is dropped without a line in the data-quality table.
"""

from dataclasses import dataclass
from datetime import date
from functools import partial

import ibis
import pandas as pd

from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.source import doubts, totals
from portfoy.source.checks import nothing_left, quality_table
from portfoy.source.labels import LOST, fold, folded, one_of
from portfoy.source.seen import log_on_day
from portfoy.source.sniff import in_row
from portfoy.words.style import shorten

OWN = ("problem", "raw_ordered_on", "raw_amount", "copies", "left_out")  # columns of ours beside the log's
SUMS = ("customers", "orders", "lines")
SPAN = 31  # days between the lines of one order number from which it may be that of two orders
ONE_EACH = 1.01  # orders a customer up to which the id may be that of the order
FIRST = date(1900, 1, 2)  # programs write 1900-01-01 for "none"
PLACEHOLDERS = (date(1970, 1, 1), date(1980, 1, 1))  # day zero of Unix and of DOS; who writes it has no date
UNREAD = 0.1, 5  # share of amounts, and rows, from which on unreadable ones stop it: mostly they are the largest
DOMINANT = 0.2  # share of all lines from which one id looks like a stand-in for many people


@dataclass(frozen=True)
class Facts:
    """What the log holds once checked, by the day that the tables stand on."""

    rows: int  # lines read; those used and those set aside add up to it
    used: int
    customers: int
    orders: int
    revenue: float
    first_day: date
    last_day: date
    goes_on: bool = False  # whether the log has rows after the day that the tables stand on


def check_transactions(typed, settings, *, broken, today, keep, hide=lambda rows: rows, as_of=None, place=in_row):
    """Check every row of the log, as parse.typed gave it, by a day; a row without a readable date is there on all days.

    `broken` are the lines that do not fit the header, and the first; orders after `today` are in the future; `keep`
    stores the flagged rows in the engine where it can; rows after `as_of` are not seen, not even as rows in the future;
    `place` says a row's number in words; `hide` puts pseudonyms in place of ids, once these have been looked at.

    Gives the log of rows that are used (ibis); a DataFrame, one row per check, indexed by its code: ``rule``; ``rows``;
    ``share`` of the rows read, 0-1; ``money`` paid in these rows, where they say; ``example``, the first one; ``done``
    with them; the Facts; and all rows, each with its ``problem``. DataError where no row is left to use, or all are
    after `as_of`.
    """
    typed, unknown, stand_ins = doubts.of_ids(typed, settings)
    every = keep(typed.mutate(problem=_problem(typed, settings, unknown, today)), "checked_transactions")
    name = "checked_transactions"
    for named, new in ((False, "marked_transactions"), (True, "named_transactions")):
        marked = totals.marked(every, partial(keep, name=new, of=name), named=named)
        every, name = (every, name) if marked is None else (marked, new)
        shown = hide(every)
        flagged, goes_on = log_on_day(shown, as_of)
        seen = _count(flagged, place)
        log = flagged.filter(flagged.problem == "none")
        log = log.drop(*({*OWN} & {*log.columns}))
        people = _people(log) if (seen["problem"] == "none").any() else {"customers": 0, "totals": 0}
        if not people["totals"]:
            break
    counts = seen.assign(money=seen["amount"]).set_index("problem")[["rows", "example", "money"]].to_dict("index")
    _refuse_unread(seen)
    doubts.refuse_turned(seen, settings)
    copies = _copies(seen, place)
    counts |= {"duplicate": _found(copies), "broken_line": _found(broken)}
    rows = int(seen["rows"].sum()) + broken[0] + (copies[0] if settings.duplicates == "drop" else 0)
    used = seen[seen["problem"] == "none"]
    if not people["customers"]:
        raise DataError(nothing_left(counts | (_kept(used.iloc[0], people) if len(used) else {}), rows, settings))
    used = used.iloc[0]
    odd = doubts.of_log(log, settings, several=used["rows"] > people["orders"])  # lines of one order
    counts |= _kept(used, people) | {code: _found(count) for code, count in odd.items()}
    if stand_ins:
        counts["stand_in"] = _found(doubts.stand_ins(log_on_day(every, as_of)[0], settings))
    first_day, last_day = pd.Timestamp(used["first_day"]).date(), pd.Timestamp(used["last_day"]).date()
    month_end = (pd.Timestamp(last_day) + pd.offsets.MonthEnd(0)).date()
    if last_day < month_end:
        since = log.filter(log.ordered_on >= last_day.replace(day=1))
        since = since.agg(rows=since.count(), money=since.amount.sum()).to_pandas().iloc[0]
        counts["partial_month"] = _found((since["rows"], f"{last_day:%Y-%m-%d}", since["money"]))
    read = rows, int(used["rows"]), int(people["customers"]), int(people["orders"])
    facts = Facts(*read, round(float(used["amount"]), 6), first_day, last_day, goes_on)
    log = log.drop(*({"row", "refunded"} & {*log.columns}))
    return log, quality_table(counts, rows, settings), facts, shown


def _found(count):
    """Rows, example and money, if any, as a check of the table."""
    rows = 0 if pd.isna(count[0]) else int(count[0])  # a sum of nothing: None from one engine, NaN from another
    return {"rows": rows, "example": count[1], "money": count[2] if len(count) > 2 else None}


def _refuse_unread(seen):
    """Raise a DataError where many amounts are there and cannot be read."""
    odd = seen[seen["problem"] == "unreadable_amount"]
    unread = int(odd["unread"].sum())
    there = int(seen["rows"].sum()) - int(odd["rows"].sum()) + unread
    if unread > UNREAD[0] * there and unread >= UNREAD[1] and unread < there:
        text = _(
            "transactions: {unread} of {there} amounts cannot be read ({example}); mostly such are the largest. Say in "
            "portfoy.toml how they are written: decimal, thousands; null_words for words that stand for nothing."
        )
        example = shorten(odd["unread_text"].iloc[0], 40)
        raise DataError(text.format(unread=f"{unread:,}", there=f"{there:,}", example=example))


def _copies(seen, place):
    """How many rows repeat an earlier one in every column, the number of the first that is repeated, their money."""
    if "copies" not in seen:
        return 0, ""
    copied = seen[seen["copied"] > 0]
    first = copied["copied_key"].min() if len(copied) else ""
    first = first if isinstance(first, str) else place(int(first))
    return round(seen["copies"].sum()), first, seen["copied_money"].sum()


def _problem(log, settings, unknown, today):
    """The first rule that sets a row aside, or "none"."""
    pattern = f"(?i)^({settings.test_pattern})$|{LOST}"
    tested = log.customer_id.re_search(pattern)
    if "product_id" in log.columns:
        tested |= log.product_id.re_search(pattern).fill_null(False)
    tested = tested, log.customer_id.re_search(LOST).ifelse("lost_id", "test_row")  # few rows are looked at twice
    unknown = log.customer_id.isnull() | log.customer_id.lower().re_search(one_of(unknown))
    undated = log.ordered_on.isnull()
    header = settings.columns.get("transactions", {}).get("ordered_on", "ordered_on")
    above = log.raw_ordered_on.isnull() & log.customer_id.isnull() & log.amount.notnull()
    rules = [(log.left_out, "left_out")] if "left_out" in log.columns else []
    rules += [
        (undated & (fold(log.raw_ordered_on) == folded(header)), "repeated_header"),
        (undated & above, "fields_above"),
        (undated, "unreadable_date"),
        ((log.ordered_on < FIRST) | log.ordered_on.isin(PLACEHOLDERS), "impossible_date"),
        (log.amount.isnull(), "unreadable_amount"),
        (log.ordered_on > today, "future_date"),
        (unknown, "unknown_customer"),
        tested,
    ]
    if settings.returns == "drop":
        rules.append((log.amount < 0, "return"))
    return ibis.cases(*rules, else_="none")


def _count(log, place):
    """One pass over the log: rows, money and the first example under each problem, and of what stays in the log."""
    day = log.ordered_on.cast("string")
    shown = ibis.cases(
        (log.problem == "unreadable_date", log.raw_ordered_on.fill_null(_("(empty)"))),
        (log.problem == "fields_above", log.order_id.fill_null(_("(empty)"))),
        (log.problem == "unreadable_amount", log.raw_amount.fill_null(_("(empty)"))),
        (log.problem.isin(["future_date", "impossible_date"]), day),
        (log.problem.isin(["test_row", "lost_id"]), log.customer_id),
        (
            log.problem.isin(["total_row", "repeated_header"]),
            ibis.coalesce(log.customer_id, log.order_id, log.raw_ordered_on),
        ),
        else_=ibis.coalesce(log.order_id, day),
    )
    numbered = "row" in log.columns
    log = log.mutate(shown=shown, key=log.row if numbered else shown)
    groups, digits = log.group_by("problem"), log.raw_amount.re_search("[0-9]")
    kept = {"returns": log.amount < 0, "zeros": log.amount == 0, "unnumbered": log.order_id.isnull()}
    for cost in {"unit_cost", "product_cost"} & {*log.columns}:
        kept["no_cost"] = log[cost].isnull()
    copies = {}
    if "copies" in log.columns:
        kept["copied"] = log.copies > 0
        copies = {"copies": log.copies.sum(), "copied_money": (log.amount * log.copies).sum()}
    found = groups.agg(
        rows=log.count(),
        key=log.key.min(),
        example=log.shown.argmin(log.key),
        amount=log.amount.sum(),
        unread=digits.sum().fill_null(0),
        unread_text=log.raw_amount.min(where=digits),
        first_day=log.ordered_on.min(),
        last_day=log.ordered_on.max(),
        **copies,
        **{name: rule.sum() for name, rule in kept.items()},
        **{f"{name}_money": log.amount.sum(where=kept[name]) for name in kept.keys() - {"zeros", "copied"}},
        **{f"{name}_key": log.key.min(where=rule) for name, rule in kept.items()},
        **{f"{name}_example": log.shown.argmin(log.key, where=rule) for name, rule in kept.items()},
    ).to_pandas()
    if numbered:
        for name in ["", *(f"{name}_" for name in kept)]:
            there = found[f"{name}key"].notna()
            rows = found.loc[there, f"{name}key"].astype(int).map(place).astype("str")
            found.loc[there, f"{name}example"] = rows + ": " + found.loc[there, f"{name}example"]
    return found


def _people(log):
    """One row: customers, orders, days with an order, and what is odd about the ids."""
    sale = log.amount >= 0
    numbered = ibis.coalesce(log.order_id, log.ordered_on.cast("string"))  # without a number a day is an order
    orders = log.group_by(["customer_id", numbered.name("order_id")]).agg(
        day=log.ordered_on.min(where=sale), last=log.ordered_on.max(where=sale), lines=log.count()
    )
    days = orders.group_by(["customer_id", "day"]).agg(
        orders=orders.count(), lines=orders.lines.sum(), last=orders["last"].max()
    )
    people = days.group_by("customer_id").agg(
        days=days.day.notnull().sum(),
        orders=days.orders.sum(where=days.day.notnull()).fill_null(0),
        lines=days.lines.sum(),
        spans=(days["last"].delta(days.day, unit="day") > SPAN).sum(),
    )
    buys, merges = people.days > 0, people.orders > people.days
    names = people.group_by(name=people.customer_id.lower()).agg(  # ids that differ in case only go by one name
        ids=people.count(),
        first=people.customer_id.min(),
        customers=buys.sum(),
        orders=people.orders.sum(),
        merged=(people.orders - people.days).sum(),
        first_merged=people.customer_id.min(where=merges),
        only_returns=people.lines.sum(where=~buys),
        first_only_return=people.customer_id.min(where=~buys),
        most=people.lines.max(),
        most_by=people.customer_id.argmax(people.lines),
        lines=people.lines.sum(),
        spans=people.spans.sum(),
        first_span=people.customer_id.min(where=people.spans > 0),
        zeros=people.lines.sum(where=people.customer_id.re_search("^0+$")),
    )
    row = names.agg(
        **{name: names[name].sum() for name in (*SUMS, "merged", "only_returns", "spans", "zeros")},
        **{name: names[name].min() for name in ("first_merged", "first_only_return", "first_span", "first")},
        totals=names.name.re_search(totals.SAYS).sum().fill_null(0),
        mixed=(names.ids - 1).sum(),
        first_mixed=names["first"].min(where=names.ids > 1),
        most=names.most.max(),
        most_by=names.most_by.argmax(names.most),
    )
    return row.to_pyarrow().to_pylist()[0]


def _kept(used, people):
    """Counts of what stays in the log but a reader must know."""
    found = {
        "only_returns": (people["only_returns"], people["first_only_return"]),
        "zero_amount": (used["zeros"], used["zeros_example"]),
        "no_order_number": (used["unnumbered"], used["unnumbered_example"], used["unnumbered_money"]),
        "same_day_order": (people["merged"], people["first_merged"]),
        "mixed_case_id": (people["mixed"], people["first_mixed"]),
    }
    if used["returns"]:
        found["return"] = (used["returns"], used["returns_example"], used["returns_money"])
    if "no_cost" in used:
        found["no_cost"] = (used["no_cost"], used["no_cost_example"], used["no_cost_money"])
    customers, orders = people["customers"], people["orders"]
    if customers >= 30 and orders <= ONE_EACH * customers:
        found["one_order_each"] = (customers, people["first"])
    if people["spans"]:
        found["number_spans"] = (people["spans"], people["first_span"])
    if people["zeros"] and people["zeros"] > 5 * people["lines"] / max(customers, 5):
        found["zero_id"] = (people["zeros"], "0")
    if people["customers"] >= 20 and people["most"] >= DOMINANT * people["lines"]:
        found["dominant_customer"] = (people["most"], people["most_by"])
    return {code: _found(count) for code, count in found.items()}
