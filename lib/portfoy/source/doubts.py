"""What is odd about the order lines as a whole and would make every figure wrong: said, with the setting that mends it.

What is a matter of how the file was made shows in its first rows; the whole log is counted only where they show it.
"""

import json
import re
from collections import Counter

import ibis

from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.source.amounts import first_rows
from portfoy.source.labels import LOST, NOBODY, STAND_IN, fold, folded, text_of
from portfoy.source.lines import signs_of
from portfoy.source.names import ALIASES, STATES, candidates, plain

HEAD = 100_000
MINUS = "[-\u2212\u2013(]"
BLANKS = " \t\n\f\r\u00a0\u202f\u200b\ufeff"
FEW = 30  # texts that a column of labels has at most
ALIKE = 0.9  # share of the orders of several lines that have one amount on all of them
BELOW = 2  # times as many amounts below zero as above it are no returns
STEEP = 0.7  # from which a price that rises with the pieces is the line's: 1 if it is, 0 if it is that of a piece


def of_ids(typed, settings):
    """The log without order numbers that are words for nothing; the customer ids, folded, that stand for nobody.

    And whether others among the first may stand for it, too, which `stand_ins` counts.
    """
    head = first_rows(typed, HEAD // 10)
    words = [*map(folded, NOBODY)]
    zero = head.customer_id.re_search("^0+$")
    number = head.customer_id.re_search("^[0-9]+$")
    row = head.agg(
        zeros=zero.sum(),
        numbers=(number & ~zero).sum(),
        nobody=fold(head.order_id).isin(words).any(),
        stand_ins=fold(head.customer_id).re_search(STAND_IN).any(),
        rows=head.customer_id.count(),
    )
    row = row.to_pyarrow().to_pylist()[0]
    unknown = settings.unknown()
    if row["zeros"] and (row["numbers"] or 0) < (row["rows"] - row["zeros"]) / 2:  # "0" among names is no name
        unknown = [*unknown, "0", "00", "000", "0000"]
    if row["nobody"]:
        typed = typed.mutate(order_id=fold(typed.order_id).isin(words).ifelse(None, typed.order_id))
    return typed, unknown, row["stand_ins"]


def stand_ins(log, settings):
    """Rows, ids and money of the lines used whose customers are called as tests or as nobody, the commonest first."""
    odd = log.filter((log.problem == "none") & fold(log.customer_id).re_search(STAND_IN))
    each = odd.group_by("customer_id").agg(rows=odd.count(), money=odd.amount.sum())
    each = each.order_by(ibis.desc("rows"), "customer_id").to_pyarrow().to_pylist()
    ids = "" if settings.pseudonyms else ", ".join(one["customer_id"] for one in each[:10])
    return sum(one["rows"] for one in each), ids, sum(one["money"] for one in each)


def of_columns(raw, columns, given):
    """What columns that portfoy.toml does not name say of the orders, each with the setting that counts it: sentences.

    Seen in the first rows: money that comes off, orders that came to nothing or went back, a sign.
    """
    money = [columns[ours] for ours in ("amount", "quantity", "unit_price") if ours in columns]
    mapped = [name for theirs in columns.values() for name in ([theirs] if isinstance(theirs, str) else theirs)]
    mapped += [*given.keep, *given.leave_out, given.sign or "", given.credit or ""]
    named = {name.strip().lower() for name in mapped}
    plain_ones = [name for name, kind in raw.schema().items() if kind.is_string() or kind.is_numeric()]
    free = [name for name in plain_ones if name.lower() not in named and not name.startswith("portfoy_")]
    rows = raw.filter(~raw.portfoy_left_out) if "portfoy_left_out" in raw.columns else raw
    texts = {f"c{n}": rows[name] for n, name in enumerate(free + money)}
    texts = {name: text if text.type().is_string() else text_of(text) for name, text in texts.items()}
    head = rows.limit(HEAD // 10).select(**texts).to_pyarrow().to_pydict().values()
    texts = {name: [*map(_trimmed, column)] for name, column in zip(free + money, head, strict=True)}
    below = [any(re.search(MINUS, text or "") for text in row) for row in zip(*map(texts.get, money), strict=True)]
    wanted = ["refunded", "credit" if "amount" in columns else "discount"]
    said = {*columns, *["credit"] * bool(given.sign or given.credit)}
    for ours in [ours for ours in wanted if ours not in said]:
        there = [name for name in candidates(ours, free) if any(map(_is_money, texts[name]))]
        if there:
            text = _(
                "transactions: what {column} holds is not taken off the amounts. If it should be, say in portfoy.toml, "
                "under [transactions]: {setting}"
            )
            yield text.format(column=there[0], setting=f"{ours} = {_toml(there[0])}")
    for name in free:
        labels = Counter(text for text in texts[name] if text)
        if 1 < len(labels) <= FEW:
            signed = {text for text, minus in zip(texts[name], below, strict=True) if minus}
            yield from _of_labels(name, labels, signed, "amount" in columns)


def _of_labels(name, labels, signed, priced):
    """The sentence on a column whose `labels` (text -> rows) speak of orders undone; `signed` are below zero anyway."""
    void = [text for text in labels if plain(text).removeprefix("wc") in STATES["void"] + STATES["back"]]
    signs = signs_of(labels)
    back = [text for text, sign in signs.items() if sign == -1]
    whole = {*signs.values()} == {1, -1}
    if whole or not void:
        text = _(
            "transactions: {column} says {texts} in {n} of the first {rows} rows, whose amounts are not below zero. If "
            "they were given back, say in portfoy.toml, under [transactions]: {setting}"
        )
        found = [] if signed & {*back} else back
    else:
        text = _(
            "transactions: {column} says {texts} in {n} of the first {rows} rows, which count as sales. If they are "
            "none, say in portfoy.toml, under [transactions]: {setting}"
        )
        found = void
    if 0 < len(found) < len(labels):
        setting = f"leave_out = {{ {_toml(name)} = {_toml(found)} }}"
        setting = f"sign = {_toml(name)}" if found is back and priced else setting
        n, rows = sum(labels[text] for text in found), sum(labels.values())
        yield text.format(column=name, texts=", ".join(found), n=f"{n:,}", rows=f"{rows:,}", setting=setting)


def _trimmed(text):
    """A text as `text_of` has it: a hundred columns of such rules take the engine seconds to plan."""
    text = (text or "").strip(BLANKS)
    return text[2:-1].strip(BLANKS) if re.fullmatch('=".*"', text) else text


def _is_money(text):
    """Whether a text holds more than nothing, and is no flag."""
    return bool(re.search("[1-9]", text or "")) and text != "1"


def _toml(value):
    return json.dumps(value, ensure_ascii=False)


def refuse_turned(seen, settings):
    """Raise a DataError where amounts below zero prevail, as in books that write a sale with a minus.

    `seen` has one row per problem of the log: ``rows``, ``returns`` those below zero, ``zeros``, ``amount``.
    """
    usable = seen[seen["problem"].isin(["none", "return"])]
    rows, below, zeros, money = (float(usable[name].sum()) for name in ("rows", "returns", "zeros", "amount"))
    if below < 2 or below <= BELOW * (rows - zeros - below) or money >= 0:
        return
    given, names = settings.format("transactions"), settings.columns.get("transactions", {})
    first = str(names.get("amount") or names.get("quantity"))
    setting = f"credit = {_toml(first)}"
    if given.credit:
        setting = f"amount = {_toml(given.credit)}, credit = {_toml(first)}"
    elif given.sign:
        setting = f'debit = "{"sale" if given.debit == "return" else "return"}"'
    text = _(
        "transactions: {below} of {rows} amounts are below zero, {money} in all, as in books that write a sale with a "
        "minus. If so, say in portfoy.toml, under [transactions]: {setting}; then each has the other sign."
    )
    given = {"below": f"{below:,.0f}", "rows": f"{rows:,.0f}", "money": f"{money:,.2f}"}
    raise DataError(text.format(**given, setting=setting))


def of_log(log, settings, *, several):
    """Code -> rows, example, money of what is odd about the lines used, `several` of an order, seen in the first."""
    head, found = log.limit(HEAD), {}
    if _lost(head) and (lost := _lost(log)):
        found["lost_digits"] = lost
    given = settings.format("transactions")
    if several and given.amount_per == "line" and _repeats_total(_orders(head)):
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
