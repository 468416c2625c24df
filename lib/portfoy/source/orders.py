"""What exports write once an order, or in a column of its own, becomes the money of each line, in one currency."""

import json
import re

import ibis

from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.source.names import guess
from portfoy.source.parse import text_of

CODES = {
    "TRY": ["TL", "YTL", "₺"],
    "EUR": ["€", "EURO"],
    "USD": ["$", "US$"],
    "GBP": ["£"],
    "PLN": ["ZŁ", "ZL", "PLN."],
}
"""Currency -> what exports write for it."""


def currencies(raw, columns, settings, reading):
    """Their currency codes, and what one unit of each is worth in that of portfoy.toml; no factors where all are one.

    `columns` (ours -> theirs) gets ``currency`` where a column is called so and holds codes, and loses it where the
    money is all of one kind. A DataError where there are several and portfoy.toml does not say what to do.
    """
    theirs = columns.get("currency") or guess("currency", [name for name in raw.columns if name[:8] != "portfoy_"])
    if not isinstance(theirs, str):
        return {}
    rows = raw if "portfoy_left_out" not in raw.columns else raw.filter(~raw.portfoy_left_out)
    found = rows.select(code=code_of(text_of(rows[theirs]))).group_by("code").agg(rows=lambda t: t.count())
    found = found.order_by(ibis.desc("rows"), "code").limit(100).to_pyarrow().to_pylist()
    counts = {row["code"]: row["rows"] for row in found if row["code"]}
    codes = all(re.fullmatch("[A-Z]{3}", code) for code in counts)
    base = settings.currency
    columns.pop("currency", None)
    if not codes or not {*counts} - {base} or (len(counts) == 1 and not base):
        return {}
    absent = {*counts} - {base, *settings.rates}
    if absent:
        raise DataError(_several(theirs, counts, absent, base))
    columns["currency"] = theirs
    if empty := sum(row["rows"] for row in found if not row["code"]):
        text = _("{where}: empty in {n} rows, which are taken for {base}")
        reading.append(text.format(where=theirs, n=f"{empty:,}", base=base))
    turned = ", ".join(f"1 {code} = {settings.rates[code]:g} {base}" for code in sorted({*counts} - {base}))
    reading.append(_("{where}: money at the rates of portfoy.toml, {rates}").format(where=theirs, rates=turned))
    return {base: 1.0, **settings.rates}


def _several(theirs, counts, absent, base):
    """The sentence that refuses to add up different money, and names what can be said."""
    first = base if base in counts else next(iter(counts))
    rates = ", ".join(f"{code} = ?" for code in sorted(absent - {first}))
    given = {
        "column": theirs,
        "codes": ", ".join(f"{code} ({rows:,})" for code, rows in counts.items()),
        "keep": f'keep = {{ {json.dumps(theirs, ensure_ascii=False)} = ["{first}"] }}',
        "rates": f"[rates] {rates}",
        "currency": base or first,
    }
    return _(
        "transactions.{column}: money in {codes} cannot be added up. Say in portfoy.toml, under [transactions]: {keep}"
        ', or currency = "{currency}" and what one unit of the others is worth: {rates}.'
    ).format(**given)


def code_of(text):
    """The code of a currency that is written as a sign or a word."""
    upper = text.upper()
    return ibis.cases(*((upper.isin(words), code) for code, words in CODES.items()), else_=upper)


def of_lines(log, given, rates):
    """The order lines with their money as it counts: per line, less what was given back, in one currency."""
    per_order = given.amount_per == "order"
    for name in ("amount", "refunded", "discount", "unit_cost") if rates else ():
        if name in log.columns:
            factor = ibis.cases(*((code_of(log.currency) == code, rate) for code, rate in rates.items()), else_=1.0)
            log = log.mutate(**{name: log[name] * factor})
    if per_order:
        log = log.mutate(amount=_shared(log, log.amount))
    if "refunded" in log.columns:
        back = log.refunded.abs()
        back = (_shared(log, back) if per_order else back).fill_null(0.0)
        log = log.mutate(amount=log.amount - back, refunded=back)
    return log.drop("currency") if "currency" in log.columns else log


def _shared(log, money):
    """What stands on each line of an order, or on one of them, in equal parts; amounts that differ count once each."""
    order = [log.customer_id, log.order_id, log.ordered_on]
    whole = ibis.window(group_by=order)
    alike = ibis.window(group_by=[*order, money])
    lines = log.customer_id.isnull().count().over(whole)
    one = money.min().over(whole) == money.max().over(whole)
    return ibis.cases(
        (log.order_id.isnull(), money),
        (one, money.max().over(whole) / lines),
        else_=money / money.count().over(alike),
    )
