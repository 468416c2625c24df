"""What else a draft for orders has to say: cells on first lines only, orders that came to nothing."""

from portfoy.locale import _
from portfoy.source.guess import LABELS, used_names
from portfoy.source.names import STATES, plain
from portfoy.source.section import comment, toml


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
