"""What else a draft for orders has to say: cells on first lines only, orders undone, what is taken off."""

import re

from portfoy.locale import _
from portfoy.source.guess import LABELS, is_money, sides, used_names
from portfoy.source.lines import signs_of
from portfoy.source.names import STATES, plain
from portfoy.source.section import comment, toml

SIGN = """
sign vorzeichen isaret znak signe signo segno teken sinal tecken fortegn etumerkki ba borcalacak yon hareketyonu dc crdr
drcr sh sollhaben sollhabenkennzeichen sollhabenkz kennzeichen debitcredit wnma
"""
"""What a column is called that says the sign of an amount, plainly written, where its values alone do not tell."""


def order_lines(look, best):
    """The lines for transactions; none for another table."""
    if best.table != "transactions":
        return
    void, asked = (_with(look, best, words) for words in (STATES["void"], STATES["back"] + STATES["asked"]))
    order = best.columns.get("order_id")
    if isinstance(order, str):
        columns = [best.columns.get(ours) for ours in ("customer_id", "ordered_on")]
        columns = [name for name in dict.fromkeys([*columns, *void]) if isinstance(name, str) and name != order]
        below = [name for name in columns if look.first_only(order, name)]
        below = [order, *below] if look.empty(order) and any(look.first_only(None, name) for name in columns) else below
        if below:
            yield f"fill_down = {toml(below)}  {comment(_('these stand on the first line of an order only'))}"
        amount = best.columns.get("amount")
        if amount and look.first_only(order, amount) and not look.empty(order):
            yield f'amount_per = "order"  {comment(_("it stands on the first line of an order only"))}'
    if void:
        rows = sum(look.labels(name)[text] for name, texts in void.items() for text in texts)
        yield f"leave_out = {_section(void)}  {comment(_('orders that came to nothing: {n} rows').format(n=rows))}"
    for name, texts in asked.items():
        said = _("{column} says {texts}: is that money the firm has? Else they belong under leave_out")
        yield comment(said.format(column=name, texts=", ".join(texts)))
    if "amount" in best.columns:
        yield from _two_sides(look, best) or _sign(look, best)


def _section(found):
    return "{ " + ", ".join(f"{toml(name)} = {toml(texts)}" for name, texts in found.items()) + " }"


def _with(look, best, words):
    """Columns not used that have few values, some of which are among the words -> these values."""
    found = {}
    for name in look.names:
        if name not in used_names(best.columns) and 1 < len(look.counts(name)) <= LABELS:
            texts = [text for text in look.labels(name) if plain(text).removeprefix("wc") in words]
            found |= {name: texts} if texts and len(texts) < len(look.counts(name)) else {}
    return found


def _two_sides(look, best):
    """The line for credits in a column of their own."""
    if not (both := sides(look, best.columns)):
        return []
    filled = [[is_money(text) for text in row] for row in look.rows_of(*both)]
    rows, off, twice = len(filled), sum(other for _one, other in filled), sum(map(all, filled))
    text = _("is taken off, in {n} of the first {rows} rows; if the sales stand there, swap the two")
    note = text.format(n=off, rows=rows)
    if twice:
        note += "; " + _("both hold money in {n} rows: are these one booking each?").format(n=twice)
    return [f"credit = {toml(both[1])}  {comment(note)}"]


def _sign(look, best):
    """The line for a column beside the amount that says its sign; a comment where not all of it is understood."""
    for name in look.names:
        labels = look.counts(name)
        if name in used_names(best.columns) or not 0 < len(labels) <= LABELS:
            continue
        named = plain(name) in SIGN.split() or not plain(name)
        signs = dict.fromkeys(labels, -1) if named and [*labels] == ["-"] else signs_of(labels)
        if named and {text.strip().lower() for text in labels} == {"a", "b"}:
            signs = {text: 1 if text.strip().lower() == "b" else -1 for text in labels}
        off = [text for text in labels if signs[text] == -1]
        money = [money for money, text in look.rows_of(best.columns["amount"], name) if text in off]
        below = any(re.search("[-(\u2212\u2013]", text or "") for text in money)
        if not off or below or not (named or {1, -1} <= {*signs.values()}):
            continue
        n, other = sum(labels[text] for text in off), [text for text in labels if signs[text] is None]
        text = _("says the sign: {texts} is taken off, in {n} of the first {rows} rows")
        note = text.format(texts=", ".join(off), n=n, rows=look.rows)
        if other:
            note += "; " + _("not understood: {labels}").format(labels=", ".join(other))
        line = f"sign = {toml(name)}  {comment(note)}"
        lines = [f"# {line}" if other else line]
        if 2 * n >= look.rows and max(map(len, labels)) <= 6:
            note = _("they are most rows, and which of the two are sales depends on the book")
            lines.append(f'# debit = "return"  {comment(note)}')
        return lines
    return []
