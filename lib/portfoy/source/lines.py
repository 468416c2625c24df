"""What an order line brought and cost: the amount, or pieces times price less a discount; what a piece cost."""

import re

import ibis

from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.source import amounts
from portfoy.source.labels import text_of

NOTHING = "^(?:none|no|yok|brak|keine?)$"  # of a discount
RATE = r"%|pct|percent|per cent|prozent|procent|yüzde|yuzde|\boran"  # in the name of a column
PRICED = ("quantity", "unit_price", "discount")
_BACK = (
    "returns?|returned|refunds?|refunded|credit[ _-]?(?:notes?|memos?)|i\u0307?ade(?:si)?|zwrot|korekta|korygująca|"
    "gutschrift|retoure|rückzahlung|erstattung|avoir|remboursement|retour|devolução|devolución|reembolso|"
    "nota de crédito|nota di credito|reso|kreditnota|creditnota|tilbakebetaling"
)
_SALE = (
    "sales?|orders?|invoices?|charge|satış|satis|satışı|fatura|faturası|sprzedaż|sprzedaz|faktura|rechnung|verkauf|vente|"
    "facture|venda|venta|factura|fattura|vendita|factuur|salg|ordre"
)
SIGNS = {  # of a column of its own that says the sign, the first that fits
    -1: rf"^-1?$|(?:^|[^{amounts.LETTER}])(?:{_BACK})(?:$|[^{amounts.LETTER}])",
    1: rf"^[+]?1$|^[+]$|(?:^|[^{amounts.LETTER}])(?:{_SALE})(?:$|[^{amounts.LETTER}])",
}


def with_money(log, mapping, given, reading, *, turned=False):
    """The order lines with ``amount``, ``discount`` as money off the line, ``unit_cost`` of a piece.

    `log` has its numbers as they were read and their texts in ``raw_`` and the name; `mapping` says how the columns are
    called in the file, `turned` whether the amounts had the other sign there. What was decided from the values is added
    to `reading`; a DataError names the setting that decides where the values do not.
    """
    if "amount" not in mapping:
        price = ibis.ifelse(log.quantity < 0, log.unit_price.abs(), log.unit_price)  # both below zero: a credit note
        log = log.mutate(amount=(log.quantity.sign() if given.price_per == "line" else log.quantity) * price)
        if "discount" in mapping:
            log = _less_discount(log, mapping, given, reading)
            log = log.mutate(amount=log.amount - ibis.ifelse(text_of(log.raw_discount).isnull(), 0.0, log.discount))
    elif "quantity" in mapping and turned:  # pieces may have it, too
        log = log.mutate(quantity=ibis.ifelse(log.amount < 0, -log.quantity.abs(), log.quantity.abs()))
    elif "quantity" in mapping:  # a negative quantity is always a return
        log = log.mutate(amount=ibis.ifelse((log.quantity < 0) & (log.amount > 0), -log.amount, log.amount))
    if {"unit_cost", "quantity"} <= mapping.keys() and _is_of_line(log, given, reading):
        log = log.mutate(unit_cost=log.unit_cost / log.quantity.abs().nullif(0.0))
    return log


def unread(log, mapping):
    """The text that is why a line has no amount, behind the name of its column where there are several."""
    if "amount" in mapping:
        return text_of(log.raw_amount)
    texts = {name: text_of(log[f"raw_{name}"]) for name in PRICED if name in mapping}
    said = {name: ibis.literal(f"{name}: ").concat(text) for name, text in texts.items()}
    return ibis.coalesce(*(log[name].isnull().ifelse(one, None) for name, one in said.items()))


def _less_discount(log, mapping, given, reading):
    """The lines with the discount as money off; a line that comes back takes its discount with it."""
    said = text_of(log.raw_discount)
    odd = said.re_search("[^-+0-9.,]").fill_null(False)  # few are, and only they pay
    text = amounts.clean(said)
    written = ibis.ifelse(odd, text.re_search(amounts.SHARES), False)
    value = ibis.ifelse(odd, text.re_search(NOTHING).ifelse(0.0, log.discount), log.discount)
    log = log.mutate(portfoy_off=value, portfoy_written=written)
    gross, off, plain = log.amount, log.portfoy_off, ~log.portfoy_written
    facts = _discounts(amounts.first_rows(log))
    if not facts["above"] or not facts["plain"]:
        facts = _discounts(log)
    unit = _unit(facts, mapping["discount"], given, reading)
    part = {"money": 0.0, "percent": 0.01, "share": 1.0}[unit]
    if part:  # more than the whole price is none
        off = ibis.ifelse(plain & (off.abs() * part > 1), ibis.null("float64"), off)
    of_gross = off * gross.abs() * ibis.ifelse(plain, part, 0.01)
    size = ibis.ifelse(plain, off if unit == "money" else of_gross, of_gross)
    if facts["rows"] and not facts["above"]:
        reading.append(_("transactions.discount: never above zero, so what is below is taken off"))
        size = -size
    money = ibis.ifelse(gross < 0, -size.abs(), size)
    return log.mutate(discount=money).drop("portfoy_off", "portfoy_written")


def _discounts(log):
    """What tells what the discounts are: how many there are, how large, and how large beside the price."""
    gross, off, plain = log.amount, log.portfoy_off, ~log.portfoy_written
    there = (off != 0) & (gross > 0)
    facts = log.agg(
        rows=there.sum(),
        plain=(there & plain).sum(),
        above=(there & (off > 0)).sum(),
        most=off.abs().max(where=there & plain),
        tiny=(there & plain & (off.abs() < 0.01 * gross)).sum(),
        over=(there & plain & (off.abs() > gross)).sum(),
    )
    return {name: found or 0 for name, found in facts.to_pyarrow().to_pylist()[0].items()}


def _unit(facts, name, given, reading):
    """What a discount without a sign of its own is: "money", "percent" or "share"."""
    if given.discount_as or not facts["plain"]:
        return given.discount_as or "money"
    named, most, half = re.search(RATE, name.lower()), facts["most"], facts["plain"] / 2
    unit = "money"
    if most <= 1 and (named or facts["tiny"] > half):
        unit = "share"
    elif most <= 100 and named:
        unit = "percent"
    elif most <= 1 or (most <= 100 and facts["over"] > 0.05 * facts["plain"]):
        text = _(
            "transactions.discount: is {most} at most; that may be money off the line, per cent or a share of it. "
            'Say in portfoy.toml: discount_as = "money", "percent" or "share".'
        )
        raise DataError(text.format(most=f"{most:g}"))
    if unit != "money":
        text = _(
            'transactions.discount: read as {unit} of the price; if not, say in portfoy.toml: discount_as = "money"'
        )
        reading.append(text.format(unit={"share": _("a share"), "percent": _("per cent")}[unit]))
    return unit


def _is_of_line(log, given, reading):
    """Whether `unit_cost` is the cost of the whole line: times the pieces it would be more than most lines brought."""
    if given.cost_of:
        return given.cost_of == "line"
    head = amounts.first_rows(log)
    several = (head.quantity.abs() > 1) & (head.unit_cost > 0) & (head.amount > 0)
    facts = head.agg(
        rows=several.sum(),
        by_piece=(several & (head.unit_cost * head.quantity > head.amount)).sum(),
        by_line=(several & (head.unit_cost > head.amount)).sum(),
    )
    rows, by_piece, by_line = (found or 0 for found in facts.to_pyarrow().to_pylist()[0].values())
    if by_piece <= rows / 2 or by_line > rows / 10:
        return False
    text = _(
        "transactions.unit_cost: taken as the cost of the line, for times quantity it is more than the amount on {n} "
        'of {rows} lines; if not, say in portfoy.toml: cost_of = "piece"'
    )
    reading.append(text.format(n=by_piece, rows=rows))
    return True


def of_two(found, names, given, reading):
    """The amount out of two columns of `found`: debit less credit, or an amount and beside it its sign."""
    where, columns = "transactions.amount", [found[name] for name in names]
    first, second = (text_of(column) if column.type().is_string() else column for column in columns)
    hints = amounts.hints_of(found, names)
    one = amounts.number(found, first, given, where, reading, hints.get(names[0]))
    if second.type().is_string() and not _is_numeric(found, names[1]):
        sign = signs(found, names[1], given, where, reading)
        return ibis.ifelse(one < 0, ibis.null("float64"), one * sign)
    other = amounts.number(found, second, given, where, reading, hints.get(names[1]))
    odd = (one.isnull() & first.notnull()) | (other.isnull() & second.notnull()) | (one.isnull() & other.isnull())
    return ibis.ifelse(odd, ibis.null("float64"), one.fill_null(0.0) - other.fill_null(0.0))


def _is_numeric(found, name):
    """Whether most texts of a column hold digits, but for 1 and -1, which are signs."""
    head = amounts.first_rows(found)
    head = head.select(text=amounts.clean(text_of(head[name])))
    numeric = head.text.re_search(r"\d") & ~head.text.isin(["1", "-1", "+1"])
    facts = head.agg(rows=head.text.count(), numeric=numeric.sum()).to_pyarrow().to_pylist()[0]
    return (facts["numeric"] or 0) > (facts["rows"] or 0) / 2


def signs(found, name, given, where, reading):
    """A column of its own that says the sign, as 1 and -1: + and -, debit and credit, sale and refund; else null."""
    text = text_of(found[name])
    sale, back = amounts.direction(found, text, given, where, reading)
    text = amounts.clean(text)
    cases = [(text.re_search(rf"^(?:{said})\.?$"), sign) for said, sign in ((sale, 1), (back, -1)) if said]
    cases += [(text.re_search(said), sign) for sign, said in SIGNS.items()]
    return ibis.cases(*cases, *([] if sale else [(text.isnull(), 1)]), else_=ibis.null("int8"))


def signs_of(texts):
    """What texts of such a column say: 1, -1, or None where that is nothing; in Python, for a look at a file.

    Letters alone count where all are of one pair, but for A and B, which may tell anything.
    """
    plain = {text: text.strip().lower() for text in texts}
    for pair in amounts.MARKS:
        sides = [words.split("|") for words in pair]
        if {*plain.values()} <= {*sides[0], *sides[1]} and {*plain.values()} != {"a", "b"}:
            return {text: 1 if word in sides[0] else -1 for text, word in plain.items()}
    found = {text: [sign for sign, said in SIGNS.items() if re.search(said, word)] for text, word in plain.items()}
    lettered = any(map(str.isalpha, "".join(texts))) or {*plain.values()} <= {"1", "-1", "+", "-", "+1"}
    return {text: signs[0] if signs and lettered else None for text, signs in found.items()}
