"""Exercises of sitting 6a: what the files of a company of one's own carry."""

from portfoy.course.exercise import Exercise, Mistake
from portfoy.course.sittings.figures import order_lines, windows, year
from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.words import style

ASIDE = ("duplicate", "unreadable_date", "unreadable_amount", "future_date", "unknown_customer")


def checks(firm):
    """The checks of the order lines that found something, by their code."""
    if firm.tables.quality is None:
        raise DataError(_("the order lines were not checked."))
    return firm.tables.findings()


def _aside(firm, which="aside", without=""):
    """How many order lines are set aside."""
    found = checks(firm)["rows"]
    aside = found[found.index.isin(ASIDE) & (found.index != without)]
    return int({
        "aside": aside.sum(),
        "all": found[found.index != without].sum(),
        "kept": found[~found.index.isin(ASIDE)].sum(),
        "returns": aside.sum() + found.get("return", 0),
        "zero": aside.sum() + found.get("zero_amount", 0),
        "mixed": aside.sum() + found.get("mixed_case_id", 0),
        "same": aside.sum() + found.get("same_day_order", 0),
        "checks": len(aside),
        "found": len(found),
        "largest": found.max(),
        "read": firm.tables.facts.rows,
        "used": firm.tables.facts.used,
        "customers": firm.tables.facts.customers,
    }[which])  # fmt: skip


def _money(firm):
    """Money as paid in the lines that are used, and what each check found."""
    return order_lines(firm), checks(firm)["money"].abs()


def _nobody(firm, above="nobody", below="both", money="paid"):
    """What share of the money is nobody's."""
    lines, found = _money(firm)
    own = lines["amount" if money == "today" else "amount_paid"]
    own = own[own > 0] if money == "sold" else own
    each = {
        "nobody": found["unknown_customer"],
        "duplicate": found["duplicate"],
        "future": found["future_date"],
        "returns": found["return"],
        "aside": found.reindex(list(ASIDE)).sum(),
        "all": found.sum(),
    }[above]
    rows = checks(firm)["rows"]
    return float({
        "both": each / (each + own.sum()),
        "used": each / own.sum(),
        "money": each,
        "rest": own.sum() / (each + own.sum()),
        "rows": rows["unknown_customer"] / firm.tables.facts.rows,
        "used rows": rows["unknown_customer"] / firm.tables.facts.used,
        "set aside": each / found.reindex(list(ASIDE)).sum(),
        "all aside": each / (own.sum() + found.reindex(list(ASIDE)).sum()),
        "a line": each / rows["unknown_customer"],
        "whole": own.sum(),
    }[below])  # fmt: skip


def _since_january(firm):
    lines, _found = _money(firm)
    return lines[lines["ordered_on"].dt.year == firm.as_of.year]


def _year_lines(firm, months):
    if months == "january":
        return _since_january(firm)
    return year(firm, 12, skip=12) if months == "before" else year(firm, months)


def _buyers(firm, months=12, what="customers", lines="sales"):
    """How many customers bought in the last year."""
    rows = _year_lines(firm, months)
    rows = {"sales": rows[rows["amount"] >= 0], "all": rows, "returns": rows[rows["amount"] < 0]}[lines]
    ids = rows["customer_id"]
    return int({
        "customers": ids.nunique(),
        "upper": ids.str.upper().nunique(),
        "lines": len(rows),
        "orders": rows["order_id"].nunique(),
        "days": len(rows[["customer_id", "ordered_on"]].drop_duplicates()),
        "again": (rows.groupby("customer_id")["ordered_on"].nunique() > 1).sum(),
        "once": (rows.groupby("customer_id")["ordered_on"].nunique() == 1).sum(),
        "products": rows["product_id"].nunique(),
        "new": len(set(ids) - set(_money(firm)[0].drop(rows.index)["customer_id"])),
        "known": len(firm.people),
        "listed": ids[ids.isin(firm.people.loc[firm.people["known_as"] == "customer", "person_id"])].nunique(),
    }[what])  # fmt: skip


def _revenue(firm, months=12, money="today", returns="off", measure="sum"):
    """Revenue of the last year, as the kit counts it."""
    rows = _year_lines(firm, months)
    rows = rows.assign(cost=rows["quantity"] * rows["unit_cost"])
    bought = rows.loc[rows["amount"] >= 0, "customer_id"]
    added = rows.assign(amount=rows["amount"].abs(), amount_paid=rows["amount_paid"].abs())
    rows = {
        "off": rows[rows["customer_id"].isin(bought)],
        "everybody": rows,
        "on": rows[rows["amount"] >= 0],
        "added": added,
        "added of buyers": added[added["customer_id"].isin(bought)],
        "alone": rows[rows["amount"] < 0],
    }[returns]
    own = rows["amount" if money == "today" else "amount_paid"]
    own = rows["amount"] - rows["cost"] if money == "margin" else rows["cost"] if money == "cost" else own
    return float({
        "sum": own.sum(),
        "mean": own.mean(),
        "month": own.sum() / 12,
        "buyer": own.sum() / bought.nunique(),
        "order": own.sum() / rows["order_id"].nunique(),
        "with nobody": own.sum() + checks(firm)["money"]["unknown_customer"],
        "median": own.median(),
    }[measure])  # fmt: skip


EXERCISES = [
    Exercise(
        id="6a-1",
        kind="compute",
        work=_aside,
        choices=lambda: {
            "which": {
                "aside": None,
                "all": _("This adds up every check. Some lines were found and **kept**: look at the column `done`."),
                "kept": _("These are the lines that were found and kept."),
                "returns": _("Returns are kept: they are taken off the customer's revenue."),
                "zero": _("Lines with an amount of zero are kept."),
                "mixed": _("Lines whose id differs only in case are kept."),
                "same": _("Further orders on a day are kept."),
                "checks": _("This is how many checks set lines aside, not how many lines."),
                "found": _("This is how many checks found something."),
                "largest": _("This is the largest check alone. Add up all that set lines aside."),
                "read": _("This is every line that was read."),
                "used": _("These are the lines that are used. Asked are the others."),
                "customers": _("This is the number of customers."),
            },
            "without": {
                "": None,
                "duplicate": _("Lines that repeat an earlier one are set aside, too."),
                "unreadable_date": _("Lines whose date cannot be read are set aside, too."),
                "unreadable_amount": _("Lines whose amount cannot be read are set aside, too."),
                "future_date": _("Lines with a date in the future are set aside, too."),
                "unknown_customer": _("Lines of nobody we know are set aside, too: their revenue is nobody's."),
            },
        },
        hints=lambda: [
            _("Read the column `done`, row by row. What is kept is not set aside."),
            _('`checks["done"].str.startswith("set aside")` chooses the rows; then add up `rows`.'),
        ],
        praise=lambda firm, answer: _("That is {share:.1%} of {rows:,} lines.").format(
            share=answer / firm.tables.facts.rows, rows=firm.tables.facts.rows
        ),
    ),
    Exercise(
        id="6a-2",
        kind="compute",
        work=_nobody,
        share=True,
        tolerance=1e-4,
        choices=lambda: {
            "above": {
                "nobody": None,
                "duplicate": _("This is the money in repeated lines."),
                "future": _("This is the money in lines of the future."),
                "returns": _("This is the money that came back."),
                "aside": _("This is the money of all that is set aside, not only nobody's."),
                "all": _("This is the money of every check that found something."),
            },
            "below": {
                "both": None,
                "used": _("Below the line stand only the lines that are used. Nobody's money belongs there as well."),
                "money": _("This is money; asked is a share."),
                "rest": _("This is the share that is somebody's."),
                "rows": _("This is a share of lines; asked is a share of money."),
                "used rows": _("This is a share of lines; asked is a share of money."),
                "set aside": _("This is its share of what is set aside."),
                "all aside": _("Below the line stands also what was set aside for other reasons."),
                "a line": _("This is money a line."),
                "whole": _("This is all the money in the lines that are used."),
            },
            "money": {
                "paid": None,
                "today": _("Nobody's money is as paid; so take `amount_paid` for the others, not `amount`."),
                "sold": _("Here returns are not taken off."),
            },
        },
        hints=lambda: [
            _("Nobody's money stands in `checks`. What is all the money? Nobody's and that of the lines used."),
            _('Above the line `checks.loc["unknown_customer", "money"]`; below it this and the sum of `amount_paid`.'),
        ],
        praise=lambda firm, answer: _("Every figure of customers is short of this part of the money."),
    ),
    Exercise(
        id="6a-3",
        kind="compute",
        work=_buyers,
        choices=lambda: {
            "months": windows(),
            "what": {
                "customers": None,
                "upper": _("Here two spellings of an id count as one. The kit keeps them apart, and says so."),
                "lines": _("These are lines, not customers."),
                "orders": _("These are orders, not customers."),
                "days": _("These are days with a purchase, not customers."),
                "again": _("These are only those who bought more than once in the year."),
                "once": _("These are only those who bought once in the year."),
                "products": _("These are products."),
                "new": _("These are only those who bought for the first time in this year."),
                "known": _("This is everyone we know."),
                "listed": _("These are only those with a row in the table of customers."),
            },
            "lines": {
                "sales": None,
                "all": _("Who only brought something back has not bought: take lines with an amount of 0 or more."),
                "returns": _("These are those who brought something back."),
            },
        },
        hints=lambda: [
            _("Keep the lines of the last twelve months, then the sales in them; then count each customer once."),
            _("The year begins on the day after `since`. `nunique` counts each id once."),
        ],
        praise=lambda firm, answer: _("Of {all:,} who ever bought.").format(all=len(firm.customers)),
    ),
    Exercise(
        id="6a-4",
        kind="compute",
        work=_revenue,
        tolerance=1e-5,
        mistakes=lambda firm: [
            Mistake(firm.customers["revenue"].sum(), _("This is the revenue of the whole history.")),
            Mistake(_revenue(firm) - _revenue(firm, months="before"), _("This is the change from the year before.")),
        ],
        choices=lambda: {
            "months": windows(),
            "money": {
                "today": None,
                "paid": _("This is as paid (`amount_paid`). Asked is money at today's prices."),
                "margin": _("This is margin, not revenue."),
                "cost": _("This is what the goods cost."),
            },
            "returns": {
                "off": None,
                "everybody": _("Returns of people who bought nothing in this year are taken off here."),
                "on": _("Here returns are not taken off."),
                "added": _("Returns are added here; take them off."),
                "added of buyers": _("Returns are added here; take them off."),
                "alone": _("These are the returns."),
            },
            "measure": {
                "sum": None,
                "mean": _("This is the mean of a line."),
                "median": _("This is the median line."),
                "month": _("This is a month on average."),
                "buyer": _("This is revenue a buyer."),
                "order": _("This is revenue an order."),
                "with nobody": _("Nobody's money is added here. The kit counts money of customers."),
            },
        },
        hints=lambda: [
            _("The lines of those who bought in the year, returns among them, at today's prices: `amount`."),
            _("Choose the lines by `isin` of the customers of exercise 6a-3, then add up `amount`."),
        ],
        praise=lambda firm, answer: _("The kit says the same: {money}.").format(
            money=style.money(firm.recent(12)["revenue"].sum(), firm.currency)
        ),
    ),
]
