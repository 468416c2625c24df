"""What is said when data or a model cannot be used, and the checks that many analyses begin with."""

from portfoy.locale import _, plural


class DataError(ValueError):
    """The data cannot be used as they are; the message says where, what, which rule, and the next step."""


class FitError(RuntimeError):
    """A model cannot be estimated from these data; the message says why and what to do instead."""


def need_columns(table, columns, where):
    """Raise one DataError that names every column `where` needs and a DataFrame lacks, or that it has no rows."""
    missing = [name for name in columns if name not in table.columns]
    if missing:
        what = plural("column {names} is missing", "columns {names} are missing", len(missing)).format(
            names=", ".join(f"'{name}'" for name in missing)
        )
        raise DataError(
            _("{where}: {what}; the table has {found}. Take firm.customers.").format(
                where=where, what=what, found=", ".join(f"'{name}'" for name in table.columns)
            )
        )
    if table.empty:
        raise DataError(
            _("{where}: there are no customers; at least one is needed. Check the date and the data.").format(
                where=where
            )
        )


def positive_total(value, by):
    """The sum of an array, which must be above zero for shares of it to mean anything."""
    total = float(value.sum())
    if not total > 0:
        costs, amounts = _("Check the unit costs."), _("Check returns and the sign of amounts.")
        advice = costs if by == "margin" else amounts
        raise DataError(
            _("customers: the total of '{by}' is {total:,.2f}; shares need a total above zero. {advice}").format(
                by=by, total=total, advice=advice
            )
        )
    return total
