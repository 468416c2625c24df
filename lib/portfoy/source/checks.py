"""The checks of the order lines in words, and the table of what they found."""

import pandas as pd

from portfoy.locale import _
from portfoy.words.style import shorten


def words(settings):
    """Rule and treatment of each check, in the order they are shown."""
    aside = _("set aside")
    netted = _("off the customer's revenue; no purchase") if settings.returns == "net" else aside
    doubled = aside if settings.duplicates == "drop" else _("kept, as portfoy.toml says")
    return {
        "broken_line": (_("Line does not fit the header"), aside),
        "duplicate": (_("Repeats an earlier row"), doubled),
        "left_out": (_("Left out, as portfoy.toml says"), aside),
        "total_row": (_("Total of the rows above"), aside),
        "repeated_header": (_("Header repeated"), aside),
        "fields_above": (
            _("Customer and date empty"),
            _("set aside; if they stand on an order's first line only, name them under fill_down"),
        ),
        "unreadable_date": (_("Date missing or unreadable"), aside),
        "impossible_date": (_("Date that cannot be"), aside),
        "unreadable_amount": (_("Amount missing or unreadable"), aside),
        "future_date": (_("Date in the future"), aside),
        "unknown_customer": (_("Customer unknown (guest)"), _("set aside; the revenue is nobody's")),
        "lost_id": (_("Customer id that lost digits in a spreadsheet"), _("set aside; export the ids as text")),
        "test_row": (_("Test customer or product"), aside),
        "return": (_("Return (negative amount)"), netted),
        "only_returns": (_("Customer with returns but no purchase"), _("in no customer's figures")),
        "zero_amount": (_("Amount of zero"), _("kept; counts as a purchase")),
        "no_order_number": (_("No order number"), _("a customer's day counts as one order")),
        "same_day_order": (_("Further order on the same day"), _("kept; one purchase a day")),
        "mixed_case_id": (
            _("Id differs from another only in case"),
            _('kept as a customer of its own; ignore_in_ids = ["case"] makes them one'),
        ),
        "dominant_customer": (
            _("One id on a fifth of rows or more"),
            _("kept; if it is many people, name it under unknown_customers"),
        ),
        "stand_in": (
            _("Customer called as a test or as nobody"),
            _("kept; if tests or nobody, name these ids under unknown_customers"),
        ),
        "one_order_each": (
            _("Every customer has one order"),
            _("kept; if customer_id is the order's id, map that of the customer"),
        ),
        "zero_id": (_("Id of zero"), _('kept; if it is nobody in particular, unknown_customers = ["0"]')),
        "number_spans": (
            _("Order number used again after a month"),
            _("kept as one order; if numbers begin anew, join them: order_id = [number, date or shop]"),
        ),
        "lost_digits": (_("Order number that lost digits in a spreadsheet"), _("kept; export the numbers as text")),
        "order_total": (
            _("Same amount on each line of an order"),
            _('kept; if it is the order\'s total, amount_per = "order" counts it once'),
        ),
        "price_of_line": (
            _("Price times pieces, where the price may be the line's"),
            _('kept; if it is, price_per = "line" counts it once'),
        ),
        "no_cost": (_("Unit cost missing"), _("kept; not in the margin")),
        "partial_month": (_("Last month is not over"), _("kept; not compared with whole months")),
    }


def quality_table(counts, rows, settings):
    """One row per check, indexed by its code, of what was found under each."""
    lines = []
    for code, (rule, done) in words(settings).items():
        found = counts.get(code, {"rows": 0, "example": "", "money": None})
        number = int(found["rows"])
        example = shorten(found["example"], 80) if number and isinstance(found["example"], str) else ""
        money = float("nan") if not number or pd.isna(found["money"]) else round(float(found["money"]), 6)
        lines.append((code, rule, number, number / rows, money, example, done if number else ""))
    names = ["check", "rule", "rows", "share", "money", "example", "done"]
    return pd.DataFrame(lines, columns=names).set_index("check")


def nothing_left(counts, rows, settings):
    """The sentence that says why no row can be used."""
    set_aside = [(counts[code], rule) for code, (rule, _done) in list(words(settings).items())[:14] if code in counts]
    why = "; ".join(f"{rule}: {it['rows']:,}{_example(it['example'])}" for it, rule in set_aside if it["rows"])
    if not why:
        return _("transactions: there are no rows. Check the file and its filters.")
    text = _("transactions: none of {rows} rows can be used: {why}. Check mapping and formats in portfoy.toml.")
    return text.format(rows=f"{rows:,}", why=why)


def _example(text):
    return f" ({shorten(text, 80)})" if isinstance(text, str) and text else ""
