"""What customers spend on which category of products."""

import pandas as pd

from portfoy.customers import as_table, resolve_as_of, to_frame


def category_table(log, products, *, as_of=None):
    """What each customer spent on each category of products, up to a day.

    The `log` is as in `customer_table`, with ``product_id``; `products` need ``product_id`` and ``category``.

    Gives a DataFrame, one row per customer and category bought, in no order; None where no product or no category is
    known: ``customer_id``; ``category``, missing for products without one; ``revenue`` money, net of returns.
    """
    import ibis

    log = as_table(log)
    if products is None or "product_id" not in log.columns or not {"product_id", "category"} <= {*products.columns}:
        return None
    products = ibis.memtable(products[["product_id", "category"]]) if isinstance(products, pd.DataFrame) else products
    kinds = products.group_by(product_id=products.product_id.cast("string")).agg(category=products.category.min())
    lines = log.filter(log.ordered_on <= resolve_as_of(log, as_of).date())
    lines = lines.select("customer_id", "amount", product_id=lines.product_id.cast("string"))
    lines = lines.left_join(kinds, "product_id")
    spent = lines.group_by("customer_id", "category").agg(revenue=lines.amount.sum())
    return to_frame(spent)
