"""Which row of a table is whose: customers are told by their id, never by the label of a row."""

from portfoy.errors import DataError, need_columns
from portfoy.locale import _


def customer_ids(customers):
    """The customer of each row as text: the column ``customer_id``, else the index of that name, else None."""
    if "customer_id" in getattr(customers, "columns", ()):
        return customers["customer_id"].astype("str")
    return customers.index.to_series().astype("str") if customers.index.name == "customer_id" else None


def with_ids(customers, where):
    """A customer table with ``customer_id`` as a column of text, whatever its index was; its rows counted from 0."""
    ids = customer_ids(customers)
    if ids is None:
        need_columns(customers, ["customer_id"], where)
    return customers.assign(customer_id=ids.to_numpy()).reset_index(drop=True)


def find_rows(table, wanted, where):
    """Where in `table` the customer of each row of `wanted` stands, -1 for nowhere.

    The customer_id tells who is who; labels of rows do only where one of the two has none, since they change with
    every filter, sort and reset_index.
    """
    import pandas as pd

    own, theirs = customer_ids(table), customer_ids(wanted)
    own, theirs = (table.index, wanted.index) if own is None or theirs is None else (pd.Index(own), theirs)
    if not own.is_unique:
        raise DataError(
            _(
                "{where}: customer {customer!r} stands in more than one row ({count} in all); one is needed. "
                "Add up the rows of a customer, or drop those that repeat one."
            ).format(where=where, customer=str(own[own.duplicated()][0]), count=int(own.duplicated(keep=False).sum()))
        )
    return own.get_indexer(theirs)
