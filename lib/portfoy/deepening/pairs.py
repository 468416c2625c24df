"""Order lines -> in how many baskets products are, alone and in pairs; counted in the engine by one expression each."""

import ibis

from portfoy.customers import as_table, cost_of, order_key, to_frame
from portfoy.errors import DataError
from portfoy.locale import _

ORDER = ["customer_id", "order_id"]


def pair_counts(log, *, by="order_id", least=1):
    """How many baskets hold both of two products; a basket holds a product once, however often it is in it.

    The `log` is as for `customer_table`, with ``product_id``; `sold_lines` of it count. Baskets are `by` "order_id"
    what a customer bought at once, by "customer_id" all that they bought. Pairs in fewer than `least` baskets are left
    out, and before that products with fewer lines, which no such pair can hold.
    A basket becomes a list of whole numbers, unrolled twice: no join of the lines with themselves, no text in the large
    steps. One of hundreds of products passes as a stream: memory goes by the number of different pairs.

    Gives a DataFrame, one row per pair, in no order: ``product_a``, ``product_b`` text, the first sorts before the
    second; ``both`` baskets with both; ``of_a``, ``of_b`` with each; ``baskets`` all. DataError without ``product_id``.
    """
    baskets, names = baskets_of(log, by, least)
    held = baskets.select(code=baskets.codes.unnest()).group_by("code").agg(of=ibis._.count())
    held = held.join(names, "code").select("code", "product_id", "of")
    several = baskets.filter(baskets.codes.length() > 1)
    pairs = several.select("codes", code_a=several.codes.unnest()).select("code_a", code_b=ibis._.codes.unnest())
    pairs = pairs.filter(pairs.code_a < pairs.code_b).group_by("code_a", "code_b").having(ibis._.count() >= least)
    pairs = pairs.agg(both=ibis._.count())
    for side in "ab":
        own = held.rename({f"code_{side}": "code", f"product_{side}": "product_id", f"of_{side}": "of"})
        pairs = pairs.join(own, f"code_{side}")
    all_of = baskets.aggregate(baskets=baskets.count())
    return to_frame(pairs.cross_join(all_of)["product_a", "product_b", "both", "of_a", "of_b", "baskets"])


def held_by_size(log):
    """In how many baskets of each quarter and size a product is; one row per product, quarter and size, in no order.

    ``product_id``; ``quarter`` a number; ``size`` different products in the basket; ``held``.
    """
    baskets, names = baskets_of(log, day=ibis._.ordered_on.min())
    quarter = baskets.day.year() * 4 + baskets.day.quarter()
    held = baskets.select(quarter=quarter, size=baskets.codes.length(), code=baskets.codes.unnest())
    held = held.group_by("code", "quarter", "size").agg(held=ibis._.count())
    return to_frame(held.join(names, "code").select("product_id", "quarter", "size", "held"))


def pair_money(log, pairs):
    """What baskets with both products brought, one row per pair (``product_a``, ``product_b``) of the few in `pairs`.

    ``customers`` who bought both at once; ``revenue_a``, ``revenue_b`` money of the lines of each on average in such a
    basket, ``margin_a``, ``margin_b`` less cost, missing where none is known; their standard error in ``.._error``.
    """
    lines = sold_lines(log).filter(ibis._.product_id.isin([*{*pairs["product_a"], *pairs["product_b"]}]))
    cost, kinds = cost_of(lines), ("revenue", "margin")
    lines = lines.mutate(margin=(lines.amount - (ibis.null("float64") if cost is None else cost)).cast("float64"))
    own = lines.group_by([*ORDER, "product_id"]).agg(revenue=lines.amount.sum(), margin=lines.margin.sum())
    both = ibis.memtable(pairs[["product_a", "product_b"]])
    for side, shared in (("a", []), ("b", ORDER)):
        named = own.rename({f"{kind}_{side}": kind for kind in kinds} | {f"product_{side}": "product_id"})
        both = both.join(named, [f"product_{side}", *shared])
    money = {name: both[name] for name in (f"{kind}_{side}" for kind in kinds for side in "ab")}
    found = {name: column.mean() for name, column in money.items()}
    found |= {f"{name}_error": column.std() / column.count().cast("float64").sqrt() for name, column in money.items()}
    return to_frame(both.group_by("product_a", "product_b").agg(customers=both.customer_id.nunique(), **found))


def sold_lines(log):
    """The lines of the log (ibis) that say which product was sold, no returns; an order without a number is a day."""
    table = as_table(log)
    if "product_id" not in table.columns:
        text = _("transactions: column 'product_id' is missing. Map it in portfoy.toml to see what is bought together.")
        raise DataError(text)
    table = table.mutate(product_id=table.product_id.cast("string"), order_id=order_key(table))
    return table.filter((table.amount > 0) & table.product_id.notnull())


def baskets_of(log, by="order_id", least=1, **more):
    """Baskets with the ``codes`` of their products (ibis), and ``code``, ``product_id`` of those with `least` lines.

    `more` columns of a basket are worked out of its lines.
    """
    keys = {"order_id": ORDER, "customer_id": ORDER[:1]}[by]
    lines = sold_lines(log).select(*keys, "product_id", *["ordered_on"] * bool(more))
    every = as_table(log)  # not `lines`: what two steps share, the engine would write out whole
    names = every.group_by(product_id=every.product_id.cast("string")).agg(lines=(every.amount > 0).sum())
    names = names.filter((names.lines >= least) & names.product_id.notnull())
    names = names.select("product_id", code=ibis.row_number().over(order_by=names.product_id).cast("int32"))
    coded = lines.left_join(names, "product_id")
    return coded.group_by(keys).agg(codes=coded.code.collect().unique(), **more), names
