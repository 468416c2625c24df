"""What is odd about the order lines as a whole and would make every figure wrong: said, with the setting that mends it.

What is a matter of how the file was made shows in its first rows; the whole log is counted only where they show it.
"""

import ibis

from portfoy.source.labels import NOBODY, fold, folded
from portfoy.source.names import ALIASES, plain

HEAD = 100_000
LOST = "^[0-9]([.,][0-9]+)?[eE][+][0-9]+$"  # a long number, as a spreadsheet shows it
ALIKE = 0.9  # share of the orders of several lines that have one amount on all of them
STEEP = 0.7  # from which a price that rises with the pieces is the line's: 1 if it is, 0 if it is that of a piece


def of_ids(typed, settings):
    """The log without order numbers that are words for nothing; the customer ids, folded, that stand for nobody."""
    head = typed.limit(HEAD // 10)
    words = [*map(folded, NOBODY)]
    zero = head.customer_id.re_search("^0+$")
    number = head.customer_id.re_search("^[0-9]+$")
    row = head.agg(
        zeros=zero.sum(),
        numbers=(number & ~zero).sum(),
        nobody=fold(head.order_id).isin(words).any(),
        rows=head.customer_id.count(),
    )
    row = row.to_pyarrow().to_pylist()[0]
    unknown = settings.unknown()
    if row["zeros"] and (row["numbers"] or 0) < (row["rows"] - row["zeros"]) / 2:  # "0" among names is no name
        unknown = [*unknown, "0", "00", "000", "0000"]
    if row["nobody"]:
        typed = typed.mutate(order_id=fold(typed.order_id).isin(words).ifelse(None, typed.order_id))
    return typed, unknown


def of_log(log, settings):
    """Code -> rows, example, money of what is odd about the lines used, seen in the first of them."""
    head, found = log.limit(HEAD), {}
    if _lost(head) and (lost := _lost(log)):
        found["lost_digits"] = lost
    given = settings.format("transactions")
    if given.amount_per == "line" and _repeats_total(_orders(head)):
        lines = _orders(log).filter(lambda order: order.alike)
        row = lines.agg(
            rows=(lines.lines - 1).sum(), money=((lines.lines - 1) * lines.low).sum(), one=lines.order_id.min()
        )
        row = row.to_pyarrow().to_pylist()[0]
        found["order_total"] = (row["rows"], row["one"], row["money"])
    if given.price_per == "piece" and {"quantity", "unit_price"} <= {*log.columns}:
        name = settings.columns.get("transactions", {}).get("unit_price", "unit_price")
        if _is_lines(head, name):
            several = log.filter((log.quantity > 1) & (log.amount > 0))
            over = ((several.quantity - 1) * several.unit_price).sum()
            row = several.agg(rows=several.count(), one=several.order_id.min(), money=over).to_pyarrow().to_pylist()[0]
            found["price_of_line"] = (row["rows"], row["one"], row["money"])
    return found


def _lost(log):
    """Lines whose order number lost digits, and one of these."""
    lost = log.order_id.re_search(LOST)
    row = log.agg(rows=lost.sum(), one=log.order_id.min(where=lost), money=log.amount.sum(where=lost))
    row = row.to_pyarrow().to_pylist()[0]
    return (row["rows"], row["one"], row["money"]) if row["rows"] else None


def _orders(log):
    """Orders of several lines of different products with one amount on each: their lines and the amount.

    ``alike`` says so; those that have no such thing are there, too.
    """
    log = log.filter(log.order_id.notnull() & (log.amount > 0))
    goods = {"goods": log.product_id.nunique()} if "product_id" in log.columns else {}
    orders = log.group_by("customer_id", "order_id", "ordered_on")
    orders = orders.agg(lines=log.count(), low=log.amount.min(), high=log.amount.max(), **goods)
    orders = orders.filter(orders.lines > 1)
    alike = orders.low == orders.high
    return orders.mutate(alike=alike & (orders.goods > 1) if goods else alike)


def _repeats_total(orders):
    """Whether nearly all orders of several lines have the same amount on each, and it differs from order to order."""
    alike = orders.alike
    row = orders.agg(
        orders=orders.count(), alike=alike.sum(), low=orders.low.min(where=alike), high=orders.low.max(where=alike)
    )
    row = row.to_pyarrow().to_pylist()[0]
    return bool(row["orders"] > 2 and row["alike"] >= ALIKE * row["orders"] and row["low"] < row["high"])


def _is_lines(head, name):
    """Whether the price of a piece is that of its line: it is called so, or rises with the pieces of one product."""
    worth = head.quantity * head.unit_price
    off = head.discount.abs().fill_null(0.0) if "discount" in head.columns else 0.0
    lines = head.filter((head.quantity > 0) & (head.unit_price > 0) & ((head.amount - worth).abs() <= off + 0.01))
    goods = lines.product_id if "product_id" in lines.columns else ibis.literal("")
    pieces, price = lines.quantity.ln(), lines.unit_price.ln()
    each = lines.group_by(goods=goods).agg(
        n=lines.count(), x=pieces.sum(), y=price.sum(), xx=(pieces * pieces).sum(), xy=(pieces * price).sum(),
        yy=(price * price).sum(),
    )  # fmt: skip
    row = each.agg(
        rows=each.n.sum(),
        wide=(each.xx - each.x * each.x / each.n).sum(),
        high=(each.yy - each.y * each.y / each.n).sum(),
        both=(each.xy - each.x * each.y / each.n).sum(),
        pieces=each.x.sum(),
    )
    row = row.to_pyarrow().to_pylist()[0]
    if not row["rows"] or not row["pieces"]:  # every line is of one piece
        return False
    fit = row["both"] ** 2 / (row["wide"] * row["high"]) if row["wide"] > 0 and row["high"] > 0 else 0.0
    if "product_id" in head.columns and (row["wide"] > 2 or (row["wide"] > 0.3 and fit > 0.98)):
        return fit > 0.5 and row["both"] > STEEP * row["wide"]
    return plain(str(name)) in {"itemprice", *ALIASES["amount"]} - {"price", "unitprice"}
