"""What is said when data or a model cannot be used, and the checks that many analyses begin with."""

from portfoy.locale import _, plural


class DataError(ValueError):
    """The data cannot be used as they are; the message says where, what, which rule, and the next step."""


class FitError(RuntimeError):
    """A model cannot be estimated from these data; the message says why and what to do instead."""


def has_columns(table, columns, where, advice=None):
    """Raise one DataError that names every column `where` needs and a DataFrame lacks, and says what to take."""
    missing = [name for name in columns if name not in table.columns]
    if missing:
        what = plural("column {names} is missing", "columns {names} are missing", len(missing))
        what = what.format(names=", ".join(f"'{name}'" for name in missing))
        found = ", ".join(f"'{name}'" for name in table.columns[:12]) or _("none")
        if len(table.columns) > 12:
            found = _("{names} and {n} more").format(names=found, n=len(table.columns) - 12)
        text = _("{where}: {what}; the table has {found}. {advice}")
        raise DataError(text.format(where=where, what=what, found=found, advice=advice or _("Take firm.customers.")))


def need_columns(table, columns, where):
    """As `has_columns`, and a DataError where there are no rows."""
    has_columns(table, columns, where)
    if table.empty:
        text = _("{where}: there are no customers. Check the date and the data.")
        raise DataError(text.format(where=where))


def positive_total(value, by):
    """The sum of an array, which must be above zero for shares of it to mean anything."""
    total = float(value.sum())
    if not total > 0:
        advice = _("Check the unit costs.") if by == "margin" else _("Check returns and the sign of amounts.")
        text = _("customers: the total of '{by}' is {total:,.2f}, not above zero. {advice}")
        raise DataError(text.format(by=by, total=total, advice=advice))
    return total
