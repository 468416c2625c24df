"""Rows that sum up those above them: totals and subtotals, in any language, which nobody bought.

A row is one where its amount is the sum of the rows above it, back to the last such row or to one before, and it lacks
what order lines have or its label says "total". One whose label ends so and that lacks something is one without a sum.
"""

import ibis
import pandas as pd

from portfoy.source.labels import fold

WORDS = (
    "(grand |sub[- ]?|sous-)?total(e|s)?|sum|toplam[iı]?|yek[uû]n|razem|suma|ogo[lł]em|[lł][aą]cznie|"
    "podsumowanie|(zwischen|end|gesamt)?summe|(gesamt)?ergebnis|gesamt|insgesamt|somme|totaal|celkem|[oö]sszesen|summa|"
    "totalt|итого|всего"
)
SAYS = f"(^|[ :;,._()-])({WORDS})($|[ :;,._()-])"
ENDS = f"(^|[ :;,._()-])({WORDS})( genera[l]e?| g[eé]n[eé]ral| ko[nń]cow[aey]| og[oó]lna| genel)?[ :;,._()-]*$"
USUAL = 0.7  # a column is one that lines have where it is empty in a smaller share of all rows
MOST = 200_000  # candidates that are looked at


def marked(flagged, keep, *, named=False):
    """The flagged rows of the log, with the problem "total_row" where they are totals; None where none of them is.

    `named` also looks at rows that lack nothing, by the names of their customers. The sums are those of the whole log.
    """
    columns = [name for name in ("order_id", "product_id", "quantity", "unit_price") if name in flagged.columns]
    empty = {name: flagged[name].isnull().sum() for name in [*columns, "customer_id", "ordered_on"]}
    row = flagged.agg(rows=flagged.count(), **empty).to_pyarrow().to_pylist()[0]
    usual = [name for name in empty if 0 < (row[name] or 0) < USUAL * row["rows"]]
    if not usual and not named:
        return None
    lacks = ibis.or_(*(flagged[name].isnull() for name in usual)) if usual else ibis.literal(False)
    texts = [name for name in ("customer_id", "order_id", "product_id", "raw_ordered_on") if name in flagged.columns]
    asked = lacks | fold(flagged.customer_id).re_search(SAYS) if named else lacks
    asked = asked.fill_null(False) & (flagged.problem != "left_out")

    def label(pattern):
        return ibis.or_(*(fold(flagged[name]).re_search(pattern).fill_null(False) for name in texts))

    if "row" not in flagged.columns:
        sums = asked & lacks & label(ENDS)
        return flagged.mutate(problem=ibis.ifelse(sums, "total_row", flagged.problem)) if _any(flagged, sums) else None
    paid = flagged.amount.fill_null(0.0) * (flagged.copies + 1 if "copies" in flagged.columns else 1)
    so_far = ibis.window(order_by=flagged.row, preceding=None, following=0)
    above = flagged.select(
        "row", "amount", so_far=paid.sum().over(so_far), own=paid, asked=asked, lacks=lacks,
        says=asked.ifelse(label(SAYS), False), ends=asked.ifelse(label(ENDS), False),
        lines=flagged.amount.count().over(so_far),
    )  # fmt: skip
    above = above.filter(above.asked & above.amount.notnull() & (above.amount != 0)).order_by("row").limit(MOST)
    rows = _sums(above.to_pandas())
    if not rows:
        return None
    found = ibis.memtable(pd.DataFrame({"portfoy_total": rows}))
    both = flagged.left_join(found, flagged.row == found.portfoy_total)
    problem = both.portfoy_total.notnull().ifelse("total_row", both.problem)
    return keep(both.mutate(problem=problem).drop("portfoy_total"))


def _any(flagged, where):
    return bool(flagged.agg(any=where.any()).to_pyarrow().to_pylist()[0]["any"])


def _sums(asked):
    """The numbers of those rows that are totals, in the order of the file."""
    starts, sums, counted, skipped = {0: 0}, 0.0, 0, []  # sum of all lines before -> how many lines that were
    found = []  # row, lines it sums up, whether its label says so, whether that is enough
    for row in asked.itertuples():
        total, lines = row.so_far - row.own - sums, row.lines - 1 - counted
        cents = round((total - row.amount) * 100)
        near = [start for start in (cents, cents - 1, cents + 1) if starts.get(start, lines) < lines]
        start = near[0] if near else None
        if start is None and not (row.ends and row.lacks):
            continue
        sums, counted = sums + row.own, counted + 1
        if start is not None:
            starts = {at: number for at, number in starts.items() if number <= starts[start]} | {
                round(total * 100): lines
            }
            found.append((row.row, lines - starts[start], row.says))
        else:
            skipped.append(row.row)
    lines = [lines for _row, lines, says in found if not says]
    some = len(lines) < len(found) or max(lines, default=0) > 2 or (len(lines) > 1 and max(lines) > 1)
    return [row for row, *_more in found] + skipped if some else skipped
