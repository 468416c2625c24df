"""Order lines -> how many baskets hold two products, counted in the engine by one expression each."""

import ibis

from portfoy.customers import as_table, to_frame
from portfoy.errors import DataError
from portfoy.locale import _


def pair_counts(log, *, by="order_id", least=1):
    """How many baskets hold both of two products; a basket holds a product once, however often it is in it.

    A basket becomes a list of whole numbers, one per product, and each list is unrolled twice: no join of the lines
    with themselves, no text in the large steps. One of hundreds of products passes as a stream: the memory goes by the
    number of different pairs, not by that of the baskets.

    Parameters
    ----------
    log : ibis Table or DataFrame, one row per order line
        Needs ``product_id`` beside what `as_table` needs. Returns, lines without a product and amounts of zero count
        not.
    by : "order_id", what a customer bought at once, or "customer_id", what a customer ever bought in it
    least : pairs in fewer baskets are left out, and before that products with fewer lines, which no such pair can hold

    Returns
    -------
    DataFrame, one row per pair, in no order: ``product_a``, ``product_b`` text, the first sorts before the second
        ``both`` baskets with both; ``of_a``, ``of_b`` with one of them; ``baskets`` all, whatever was in them

    Raises
    ------
    DataError : the log has no ``product_id``.
    """
    baskets, names = _baskets(log, by, least)
    held = baskets.select(code=baskets.codes.unnest()).group_by("code").agg(of=ibis._.count())
    held = held.join(names, "code").select("code", "product_id", "of")
    several = baskets.filter(baskets.codes.length() > 1)
    first = several.select("codes", code_a=several.codes.unnest())
    pairs = first.select("code_a", code_b=first.codes.unnest())
    pairs = pairs.filter(pairs.code_a < pairs.code_b).group_by("code_a", "code_b").agg(both=ibis._.count())
    pairs = pairs.filter(pairs.both >= least)
    for side in "ab":
        own = held.rename({f"code_{side}": "code", f"product_{side}": "product_id", f"of_{side}": "of"})
        pairs = pairs.join(own, f"code_{side}")
    all_of = baskets.aggregate(baskets=baskets.count())
    return to_frame(pairs.cross_join(all_of)["product_a", "product_b", "both", "of_a", "of_b", "baskets"])


def sold_lines(log):
    """The lines of the log (ibis) that say which product was sold, no returns; an order without a number is a day."""
    table = as_table(log)
    if "product_id" not in table.columns:
        text = _("transactions: column 'product_id' is missing. Map it in portfoy.toml to see what is bought together.")
        raise DataError(text)
    table = table.mutate(
        product_id=table.product_id.cast("string"),
        order_id=table.order_id.fill_null(table.ordered_on.cast("string")),
    )
    return table.filter((table.amount > 0) & table.product_id.notnull())


def _baskets(log, by, least):
    """Baskets with the ``codes`` of their products (ibis), and ``code``, ``product_id`` of those with `least` lines."""
    keys = {"order_id": ["customer_id", "order_id"], "customer_id": ["customer_id"]}[by]
    lines = sold_lines(log).select(*keys, "product_id")
    names = lines.group_by("product_id").agg(lines=lines.count())
    names = names.filter(names.lines >= least)
    names = names.select("product_id", code=ibis.row_number().over(order_by=names.product_id).cast("int32"))
    coded = lines.left_join(names, "product_id")
    return coded.group_by(keys).agg(codes=coded.code.collect().unique()), names
