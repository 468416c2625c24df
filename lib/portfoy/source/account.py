"""Every row of the further tables is accounted for: used, or set aside under a rule; cells left missing are counted.

A row is set aside under the first rule that applies to it, so that the rows set aside and the rows used add up to the
rows read. A cell that says what cannot be is left missing and its row is kept; it is counted wherever it stands, in a
row that is set aside too, for whoever repairs the file must find it.
"""

from dataclasses import dataclass
from functools import partial

import ibis
import pandas as pd

from portfoy.locale import _
from portfoy.source.faults import KEYS, Rule, cell_rules, in_words, row_rules, unread_text
from portfoy.source.seen import begun
from portfoy.source.sniff import in_row
from portfoy.words.style import shorten

AGAIN = ("contacts",)  # where a key may stand twice: the same customer is contacted again
MONEY = {"leads": "expected_value", "spend": "cost", "campaigns": "cost", "subscriptions": "monthly_fee"}
MONEY |= {"totals": "revenue"}
OWN = ("row", "left_out")
BLANKED = ("impossible_date_cell", "out_of_range", "ends_before_begin")
COLUMNS = ["code", "column", "rule", "rows", "money", "example", "done"]


@dataclass(frozen=True)
class Account:
    """What became of the rows of one further table.

    ``rows`` read, ``used`` of them. ``findings``, one row per rule and column that found something: ``code``;
    ``column`` of ours, "" where it is about the row; ``rule`` in words; ``rows``; ``money`` in these rows, missing
    where the table has none; ``example`` the first one; ``done`` with them.
    """

    table: str
    rows: int
    used: int
    findings: pd.DataFrame

    def __bool__(self):
        """Whether something was found."""
        return len(self.findings) > 0


def account(name, typed, *, today, ranges=None, broken=(0, ""), keep=lambda table: table, as_of=None, place=in_row):
    """Account for a further table, as `parse.typed` gave it: the rows used (ibis), columns of ours only; its Account.

    ``unread_x`` beside a column ``x`` is the text in it that was not understood, ``row`` the number of a row in the
    file, ``left_out`` whether portfoy.toml leaves it out. Dates after `today` are in the future; `ranges` are bounds
    that differ from `faults.RANGES`, column -> (low, high); `broken` the lines that do not fit the header, and the
    first; `keep` stores a table in the engine where it can. What comes after `as_of` is not seen, not even as in the
    future. `place` says a row's number in words. A table without a fault takes one query.
    """
    typed = typed if as_of is None else begun(typed, name, as_of)
    ours = [column for column in typed.columns if column not in OWN and not _is_unread(typed, column)]
    aside = row_rules(name, typed, today=today, as_of=as_of)
    cells_of = partial(cell_rules, name, today=today, ranges=ranges or {}, as_of=as_of)
    cases = [(rule.where, rule.code) for rule in aside]
    flagged = typed.mutate(portfoy_problem=ibis.cases(*cases, else_="none") if cases else ibis.literal("none"))
    counts = _count(name, flagged, cells_of(flagged))
    rows, used = counts.pop("rows") + broken[0], counts.pop("used")
    repeated = counts.pop("usable") - used
    used += repeated if name in AGAIN else 0
    if used == rows and not repeated and not any(counts.values()):
        return typed.select(ours), Account(name, rows, used, pd.DataFrame(columns=COLUMNS))
    if repeated:
        flagged = keep(_without_repeats(name, flagged))
    problems = [(rule.code, rule.column) for rule in aside] + [(_repeats(name), "")] * bool(repeated)
    rules = [Rule(code, column, flagged.portfoy_problem == code) for code, column in problems]
    cells = [rule for rule in cells_of(flagged) if counts[f"{rule.code} {rule.column}"]]
    findings = _findings(name, flagged, rules + cells, broken, place)
    left = flagged.filter(flagged.portfoy_problem.isin(["none", "again"]))
    return left.mutate(**_blanked(left, cells)).select(ours), Account(name, rows, used, findings)


def _is_unread(typed, column):
    return column.startswith("unread_") and column.removeprefix("unread_") in typed.columns


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


def _findings(name, flagged, rules, broken, row):
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
            shown = found[f"shown_{place}"]
            example = f"{row(found[f'row_{place}'])}: {shown}" if numbered else shown
            lines.append(_line(rule, found[f"rows_{place}"], found.get(f"money_{place}"), example))
    return pd.DataFrame(lines, columns=COLUMNS).astype({"rows": "int64", "money": "float64"})


def _line(rule, rows, money, example):
    words, done = in_words()["below_range" if rule.said.get("high", 0) is None else rule.code]
    return rule.code, rule.column, words.format(**rule.said), int(rows), money, shorten(example, 80), done


def _shown(name, flagged, rule):
    """What an example shows: the value, and behind it the id of its row."""
    empty = _("(empty)")
    ids = [flagged[key].cast("string").fill_null(empty) for key in KEYS.get(name, flagged.columns[:1])]
    key = ibis.literal(", ").join(ids)
    if not rule.column:
        return key
    value = ibis.coalesce(unread_text(flagged, rule.column), flagged[rule.column].cast("string"))
    value = value.re_replace(r"\.0$", "").fill_null(empty)
    return value.concat(" (", key, ")") if name in KEYS else value


def _blanked(left, cells):
    """The columns with cells that say what cannot be, those cells missing."""
    changed = {}
    for rule in [rule for rule in cells if rule.code in BLANKED]:
        value = changed.get(rule.column, left[rule.column])
        changed[rule.column] = rule.where.fill_null(False).ifelse(ibis.null(value.type()), value)
    return changed
