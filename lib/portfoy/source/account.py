"""Every row of the further tables is accounted for: used, or set aside under a rule; cells left missing are counted.

A row is set aside under the first rule that applies to it, so that the rows set aside and the rows used add up to the
rows read. A cell that says what cannot be is left missing and its row is kept; it is counted wherever it stands, in a
row that is set aside too, for whoever repairs the file must find it.
"""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import ibis
import pandas as pd

from portfoy.locale import _
from portfoy.source.contract import kind_of
from portfoy.source.seen import begun
from portfoy.words.style import shorten

KEYS = {
    "customers": ("customer_id",),
    "products": ("product_id",),
    "leads": ("lead_id",),
    "campaigns": ("campaign_id",),
    "contacts": ("campaign_id", "customer_id"),
    "subscriptions": ("contract_id",),
    "tickets": ("ticket_id",),
    "surveys": ("survey_id",),
}
AGAIN = ("contacts",)  # where a key may stand twice: the same customer is contacted again
DATED = {  # the date without which a row says nothing
    "leads": "created_on",
    "tickets": "opened_on",
    "spend": "month",
    "subscriptions": "started_on",
    "surveys": "answered_on",
}
JOINED = {"customers": "joined_on", "products": "launched_on", "contacts": "contacted_on"}  # may be missing, not later
ENDS = {  # the day on which a row begins, and those that cannot be before it
    "leads": ("created_on", ("contacted_on", "qualified_on", "proposed_on", "closed_on")),
    "tickets": ("opened_on", ("first_reply_on", "resolved_on", "closed_on", "reopened_on")),
    "subscriptions": ("started_on", ("ended_on",)),
}
RANGES = {
    "nps": (0, 10),
    "csat": (1, 5),
    "effort": (1, 7),
    "rating": (1, 5),
    "expectation": (1, 5),
    "performance": (1, 5),
    **dict.fromkeys(("cost", "touches", "monthly_fee", "duration"), (0, None)),
}
"""Lowest and highest value of a number column, or of those that begin with the word and a "_"; None: no bound."""
MONEY = {"leads": "expected_value", "spend": "cost", "campaigns": "cost", "subscriptions": "monthly_fee"}
OWN = ("row", "left_out")
FIRST, LAST = date(1900, 1, 2), date(2100, 12, 31)  # programs write 1900-01-01 and 9999-12-31 for "none"
BLANKED = ("impossible_date_cell", "out_of_range", "ends_before_begin")
COLUMNS = ["code", "column", "rule", "rows", "money", "example", "done"]


class Rule(NamedTuple):
    """One rule: ``column`` of ours, "" where it is the id; ``where`` it applies; ``said``, what its words name."""

    code: str
    column: str
    where: ibis.expr.types.BooleanValue
    said: dict = {}  # noqa: RUF012 - nobody changes it


@dataclass(frozen=True)
class Account:
    """What became of the rows of one further table.

    ``rows`` read, ``used`` of them. ``findings``, one row per rule and column that found something: ``code``;
    ``column`` of ours, "" where it is about the row; ``rule`` in words; ``rows``; ``money`` in these rows, missing
    where the table has none; ``example`` the first one; ``done`` with them. Where `aside` says so, a row was set aside.
    """

    table: str
    rows: int
    used: int
    findings: pd.DataFrame

    def __bool__(self):
        """Whether something was found."""
        return len(self.findings) > 0


def account(name, typed, *, today, ranges=None, broken=(0, ""), keep=lambda table: table, as_of=None):
    """Account for a further table, as `parse.typed` gave it: the rows used (ibis), columns of ours only; its Account.

    ``unread_x`` beside a column ``x`` is the text in it that was not understood, ``row`` the number of a row in the
    file, ``left_out`` whether portfoy.toml leaves it out. Dates after `today` are in the future; `ranges` are bounds
    that differ from RANGES, column -> (low, high); `broken` the lines that do not fit the header, and the first; `keep`
    stores a table in the engine where it can. Rows that begin after `as_of` are not seen at all. A table
    without a fault takes one query.
    """
    typed = typed if as_of is None else begun(typed, name, as_of)
    ours = [column for column in typed.columns if column not in OWN and not _is_unread(typed, column)]
    aside = _row_rules(name, typed, today)
    cases = [(rule.where, rule.code) for rule in aside]
    flagged = typed.mutate(portfoy_problem=ibis.cases(*cases, else_="none") if cases else ibis.literal("none"))
    counts = _count(name, flagged, _cell_rules(name, flagged, today, ranges or {}))
    rows, used = counts.pop("rows") + broken[0], counts.pop("used")
    repeated = counts.pop("usable") - used
    used += repeated if name in AGAIN else 0
    if used == rows and not repeated and not any(counts.values()):
        return typed.select(ours), Account(name, rows, used, pd.DataFrame(columns=COLUMNS))
    if repeated:
        flagged = keep(_without_repeats(name, flagged))
    problems = [(rule.code, rule.column) for rule in aside] + [(_repeats(name), "")] * bool(repeated)
    rules = [Rule(code, column, flagged.portfoy_problem == code) for code, column in problems]
    cells = [rule for rule in _cell_rules(name, flagged, today, ranges or {}) if counts[f"{rule.code} {rule.column}"]]
    findings = _findings(name, flagged, rules + cells, broken)
    left = flagged.filter(flagged.portfoy_problem.isin(["none", "again"]))
    return left.mutate(**_blanked(left, cells)).select(ours), Account(name, rows, used, findings)


def _is_unread(typed, column):
    return column.startswith("unread_") and column.removeprefix("unread_") in typed.columns


def _unread(typed, column):
    """The text of a column that was not understood; null where there is none."""
    return typed[f"unread_{column}"] if f"unread_{column}" in typed.columns else ibis.null("string")


def _row_rules(name, typed, today):
    """What sets a row aside, in this order."""
    rules = [Rule("left_out", "", typed.left_out)] if "left_out" in typed.columns else []
    if name in KEYS:
        rules.append(Rule("no_key", "", ibis.or_(*(typed[key].isnull() for key in KEYS[name]))))
    day = DATED.get(name)
    if day in typed.columns:
        rules.append(Rule("no_date", day, _undated(name, typed, day)))
        rules.append(Rule("impossible_date", day, (typed[day] < FIRST) | (typed[day] > LAST)))
    day = day or JOINED.get(name)
    if day in typed.columns:
        rules.append(Rule("future_date", day, typed[day] > today))
    return [rule._replace(where=rule.where.fill_null(False)) for rule in rules]


def _undated(name, typed, day):
    """Where the date that a row needs is missing."""
    absent = typed[day].isnull()
    if name == "surveys":  # empty: asked, and no answer
        return absent & _unread(typed, day).notnull()
    return absent & typed.duration.isnull() if name == "subscriptions" and "duration" in typed.columns else absent


def _cell_rules(name, typed, today, ranges):
    """The cells that are left missing, or taken for what has not happened yet."""
    rules = []
    for column in typed.columns:
        kind = kind_of(name, column)
        if f"unread_{column}" in typed.columns:
            code = {"date": "unread_date", "number": "unread_number"}.get(kind, "unread_label")
            kept = ~_undated(name, typed, column) if column == DATED.get(name) else True
            rules.append(Rule(code, column, _unread(typed, column).notnull() & kept))
        if kind == "date" and column != DATED.get(name) and name != "price_index":
            late = False if column == JOINED.get(name) else typed[column] > LAST  # which sets the row aside
            rules.append(Rule("impossible_date_cell", column, (typed[column] < FIRST) | late))
        if kind == "number":
            rules += _range_rules(column, typed[column], today, ranges)
    rules += _order_rules(name, typed, today)
    if "left_out" not in typed.columns:
        return rules
    return [rule._replace(where=rule.where & ~typed.left_out) for rule in rules]


def _range_rules(column, value, today, ranges):
    """Where a number cannot be."""
    given = {"birth_year": (1900, today.year), **RANGES, **ranges}
    low, high = given.get(column) or given.get(column.partition("_")[0], (None, None))
    said = {"low": low, "high": high}
    if low is None:
        return []
    return [Rule("out_of_range", column, (value < low) if high is None else ~value.between(low, high), said)]


def _order_rules(name, typed, today):
    """Dates before the day on which the row begins, and after today; a contract may be known to end later."""
    begin, ends = ENDS.get(name, (None, ()))
    rules = []
    for end in [end for end in ends if {begin, end} <= {*typed.columns}]:
        early = (typed[end] < typed[begin]) & (typed[end] >= FIRST) & (typed[begin] <= today)
        rules.append(Rule("ends_before_begin", end, early, {"begin": begin}))
        if name != "subscriptions":
            rules.append(Rule("not_yet", end, (typed[end] > today) & (typed[end] <= LAST)))
    return rules


def _count(name, flagged, cells):
    """One pass: ``rows`` read, ``usable`` ones, ``used`` but for those that repeat a key; cells under each rule."""
    usable = flagged.portfoy_problem == "none"
    wanted = {f"{rule.code} {rule.column}": rule.where.sum() for rule in cells}
    if name in KEYS:
        wanted["used"] = flagged.filter(usable).select(*KEYS[name]).distinct().count().as_scalar()
    row = flagged.agg(rows=flagged.count(), usable=usable.sum(), **wanted).to_pyarrow().to_pylist()[0]
    found = {what: int(count or 0) for what, count in row.items()}
    return {"used": found["usable"], **found}


def _repeats(name):
    """The code of a row with the key of an earlier one."""
    return "again" if name in AGAIN else "repeated_key"


def _without_repeats(name, flagged):
    """Of usable rows with one key the first counts: the first in the file, else by the order of what they say."""
    order = ["row"] if "row" in flagged.columns else flagged.columns
    usable = flagged.portfoy_problem == "none"
    place = ibis.row_number().over(group_by=[usable, *(flagged[key] for key in KEYS[name])], order_by=order)
    problem = ibis.ifelse(usable & (place > 0), _repeats(name), flagged.portfoy_problem)
    return flagged.mutate(portfoy_problem=problem).order_by(order)  # the rows used stay as they stood


def _findings(name, flagged, rules, broken):
    """One row per rule that found something, with rows, money and the first example, in one pass."""
    numbered, money, wanted = "row" in flagged.columns, MONEY.get(name), {}
    for place, rule in enumerate(rules):
        shown = _shown(name, flagged, rule)
        wanted[f"rows_{place}"] = rule.where.sum()
        wanted[f"shown_{place}"] = (
            shown.argmin(flagged.row, where=rule.where) if numbered else shown.min(where=rule.where)
        )
        if numbered:
            wanted[f"row_{place}"] = flagged.row.min(where=rule.where)
        if money in flagged.columns:
            wanted[f"money_{place}"] = flagged[money].sum(where=rule.where)
    found = flagged.agg(**wanted).to_pyarrow().to_pylist()[0]
    lines = [_line(Rule("broken_line", "", None), broken[0], None, broken[1])] if broken[0] else []
    for place, rule in enumerate(rules):
        if found[f"rows_{place}"]:
            at = {"n": found.get(f"row_{place}"), "what": found[f"shown_{place}"]}
            example = _("row {n}: {what}").format(**at) if numbered else at["what"]
            lines.append(_line(rule, found[f"rows_{place}"], found.get(f"money_{place}"), example))
    return pd.DataFrame(lines, columns=COLUMNS).astype({"rows": "int64", "money": "float64"})


def _line(rule, rows, money, example):
    words, done = _words()["below_range" if rule.said.get("high", 0) is None else rule.code]
    return rule.code, rule.column, words.format(**rule.said), int(rows), money, shorten(example, 80), done


def _shown(name, flagged, rule):
    """What an example shows: the value, and behind it the id of its row."""
    empty = _("(empty)")
    ids = [flagged[key].cast("string").fill_null(empty) for key in KEYS.get(name, flagged.columns[:1])]
    key = ibis.literal(", ").join(ids)
    if not rule.column:
        return key
    value = ibis.coalesce(_unread(flagged, rule.column), flagged[rule.column].cast("string"))
    value = value.re_replace(r"\.0$", "").fill_null(empty)
    return value.concat(" (", key, ")") if name in KEYS else value


def _blanked(left, cells):
    """The columns with cells that say what cannot be, those cells missing."""
    changed = {}
    for rule in [rule for rule in cells if rule.code in BLANKED]:
        value = changed.get(rule.column, left[rule.column])
        changed[rule.column] = rule.where.fill_null(False).ifelse(ibis.null(value.type()), value)
    return changed


def _words():
    """Rule and treatment of each code."""
    aside, missing = _("set aside"), _("left missing")
    return {
        "broken_line": (_("Line does not fit the header"), aside),
        "left_out": (_("Left out, as portfoy.toml says"), aside),
        "no_key": (_("Id missing"), aside),
        "no_date": (_("Date missing or unreadable"), aside),
        "impossible_date": (_("Date that cannot be"), aside),
        "future_date": (_("Date in the future"), aside),
        "repeated_key": (_("Repeats the id of an earlier row"), _("set aside; the first row counts")),
        "again": (_("Contacted again in the same campaign"), _("kept; counts as one contact")),
        "unread_date": (_("Date unreadable"), missing),
        "impossible_date_cell": (_("Date that cannot be"), missing),
        "unread_number": (_("Number unreadable"), missing),
        "out_of_range": (_("Number not from {low} to {high}"), missing),
        "below_range": (_("Number below {low}"), missing),
        "unread_label": (_("Word not understood"), _('left missing, not read as "no"')),
        "ends_before_begin": (_("Date before {begin}"), missing),
        "not_yet": (_("Date in the future"), _("kept; counts as not yet happened")),
    }
