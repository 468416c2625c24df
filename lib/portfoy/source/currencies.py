"""The currencies of money in any table: in a column of their own, or as signs and words beside the amounts."""

import json
import re

import ibis

from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.source import amounts
from portfoy.source.labels import text_of
from portfoy.source.names import guess

WRITTEN = """
TRY tl ytl lira liras ₺; EUR € euro euros; USD $ us$ dollar dollars; GBP £ pound pounds; PLN zł zl złoty złote złotych;
CHF fr sfr franken francs; SEK kr kronor; NOK kr krone kroner; DKK kr krone kroner; ISK kr; CZK kč kc; HUF ft forint;
RON lei leu; MDL lei leu; RSD din dinar dinara; MKD din; RUB ₽ руб р; UAH ₴ грн; BGN лв; JPY ¥; CNY ¥; KRW ₩; ILS ₪;
INR ₹ rs re rupee rupees; PKR ₨ rs re rupee rupees; LKR rs re rupee rupees; NPR rs; MUR rs; VND ₫; THB ฿; NGN ₦; PHP ₱;
KZT ₸; AZN ₼; GEL ₾; PYG ₲; CRC ₡; GHS ₵; LAK ₭; MNT ₮; BRL r$; ZAR r; MYR rm; IDR rp; BOB bs; VES bs; PEN s/; KES ksh;
TZS tsh; UGX ush; AED dh; MAD dh; SAR sr; AUD a$ au$ $; CAD c$ ca$ $; NZD nz$ $; HKD hk$ $; SGD s$ sg$ $; TWD nt$ $;
MXN mx$ $; CLP cl$ $; COP $; ARS $; UYU $; BBD bds$ $; TTD tt$ $; JMD j$ $; EGP £
"""
CODES = {}  # what is written -> the currencies that write so
for _words in WRITTEN.strip().split(";"):
    for _word in _words.split()[1:]:
        CODES.setdefault(_word, []).append(_words.split()[0])
MONEY = ["amount", "unit_price", "refunded", "discount", "unit_cost", "list_price"]  # of ours, in whatever table
MONEY += ["expected_value", "cost", "monthly_fee", "category_spend", "revenue", "margin"]
ODD = "[^-+0-9.,'()%\\s\u00a0\u202f]"  # what amounts hold that say their currency
STEP = 100  # beyond the first rows only each such row is looked at for it


def found(raw, table, columns, settings, reading, *, base, alone=True):
    """The rows, what is worth in `base` what they have as ``currency``, {} where all are one; and the code of that one.

    `columns` (ours -> theirs) gets ``currency`` where there are several: the column which is called so and holds codes,
    else ``portfoy_currency``, which the rows get from what stands beside the amounts. `base` is the money that all else
    is in, or None where nothing says it; whether the table is `alone` in its source is then what matters. A DataError
    where portfoy.toml does not say what to do with several, or with one that is not `base`.
    """
    own = [name for name in raw.columns if name[:8] != "portfoy_"]
    theirs = columns.pop("currency", None) or guess("currency", own)
    money = [columns[ours] for ours in MONEY if ours in columns]
    money = [name for each in money for name in ([each] if isinstance(each, str) else each)]
    if not money:
        return raw, {}, base
    rows = raw if "portfoy_left_out" not in raw.columns else raw.filter(~raw.portfoy_left_out)
    one = base
    if isinstance(theirs, str):
        lines = _lines(rows.select(text=text_of(rows[theirs]).lower()), base)
        codes = {code for line, _rows in lines for code in line.values()}
        if all(re.fullmatch("[A-Z]{3}", code) for code in codes):
            if rates := _rates(table, theirs, lines, settings, reading, base, column=True):
                columns["currency"] = theirs
                return raw, rates, base
            one = base or next(iter(codes), None)
    names, rates = _beside(rows, money, settings.format(table)), {}
    if names:
        lines = _lines(rows.select(**{f"c{place}": word_of(rows[name]) for place, name in enumerate(names)}), one)
        rates = _rates(table, names[0], lines, settings, reading, one)
        one = one or next((code for line, _rows in lines for code in line.values()), None)
    if rates:
        columns["currency"] = "portfoy_currency"
        raw = raw.mutate(portfoy_currency=ibis.coalesce(*(word_of(raw[name]) for name in names)))
    elif one and not base and not alone and table != "transactions":
        text = _(
            '{table}: money in {code}, taken for that of all tables; if so, say in portfoy.toml: currency = "{code}"'
        )
        reading.append(text.format(table=table, code=one))
    return raw, rates, one


def turned(table, rates):
    """The table with its money at those rates, in one currency."""
    if not rates:
        return table
    word = table.currency.lower()
    factor = ibis.cases(*((word == one, rate) for one, rate in rates.items()), else_=1.0)
    return table.mutate(**{name: table[name] * factor for name in MONEY if name in table.columns}).drop("currency")


def _beside(rows, money, given):
    """Their columns of money whose texts hold more than plain numbers, by the first rows and some of the others."""
    credit = [name for name in rows.columns if given.credit and name.lower() == given.credit.strip().lower()]
    names = [name for name in dict.fromkeys(money + credit) if rows[name].type().is_string()]
    if not names:
        return []
    some = rows.limit(amounts.HEAD_ROWS)
    if "portfoy_row" in rows.columns:
        some = rows.filter((rows.portfoy_row <= amounts.HEAD_ROWS) | (rows.portfoy_row % STEP == 0))
    odd = some.agg(**{f"c{place}": some[name].re_search(ODD).any() for place, name in enumerate(names)})
    odd = odd.to_pyarrow().to_pylist()[0]
    return [name for place, name in enumerate(names) if odd[f"c{place}"]]


def word_of(column):
    """The sign or the word of a currency beside a number, in lower case; null where there is none."""
    text, letters = amounts.clean(column), amounts.LETTER
    unit = f"({amounts.SYMBOLS}|{'|'.join(map(re.escape, amounts.MONEY))})"
    before = text.re_extract(rf"(?:^|[^{letters}]){unit}[^{letters}\d]*\d", 1)
    behind = text.re_extract(rf"\d[^{letters}\d]*{unit}(?:[^{letters}]|$)", 1)
    return ibis.coalesce(before.nullif(""), behind.nullif(""))


def _lines(words, base):
    """What lines say of their currency: word -> code, and how many say so, the commonest first."""
    counts = words.group_by(words.columns).agg(portfoy_rows=words.count())
    counts = counts.order_by(ibis.desc("portfoy_rows"), *words.columns).limit(1_000).to_pyarrow().to_pylist()
    counts = [(line.pop("portfoy_rows"), {*line.values()} - {None}) for line in counts]
    every = {word.strip(".").upper() for _rows, line in counts for word in line}
    return [({word: _code(word, base, every) for word in sorted(line)}, rows) for rows, line in counts]


def _code(word, base, every):
    """The code of a word that several countries write: one's own, else the one that is named; a mere $ is US$."""
    plain = word.strip(".")
    codes = CODES.get(plain, [plain.upper()])
    named = [code for code in codes if code in every and "$" not in word]
    return base if base in codes else named[0] if len(named) == 1 else codes[0]


def _rates(table, theirs, lines, settings, reading, base, *, column=False):
    """Word -> what one of it is worth in the money of portfoy.toml; {} where there is nothing to turn."""
    where, counts = f"{table}.{theirs}", {}
    for line, rows in lines:
        for code in {*line.values()}:
            counts[code] = counts.get(code, 0) + rows
    if not {*counts} - {base} or (len(counts) == 1 and not base):
        return {}
    if both := [line for line, _rows in lines if len({*line.values()}) > 1]:
        text = _("{where}: a line has money in {codes} at once. Write each line in one currency.")
        raise DataError(text.format(where=where, codes=", ".join(sorted({*both[0].values()}))))
    counts = dict(sorted(counts.items(), key=lambda one: (-one[1], one[0])))
    if absent := {*counts} - {base, *settings.rates}:
        raise DataError(_several(table, theirs, counts, absent, base, column))
    if empty := sum(rows for line, rows in lines if not line):
        text = _("{where}: empty in {n} rows, which are taken for {base}")
        text = text if column else _("{where}: no currency in {n} rows, which are taken for {base}")
        reading.append(text.format(where=where, n=f"{empty:,}", base=base))
    said = ", ".join(f"1 {code} = {settings.rates[code]:g} {base}" for code in sorted({*counts} - {base}))
    reading.append(_("{where}: money at the rates of portfoy.toml, {rates}").format(where=where, rates=said))
    worth = {base: 1.0, **settings.rates}
    return {word: worth[code] for line, _rows in lines for word, code in line.items()}


def _several(table, theirs, counts, absent, base, column):
    """The sentence that refuses to add up different money, and names what can be said."""
    first = base if base in counts else next(iter(counts))
    given = {
        "where": f"{table}.{theirs}",
        "table": table,
        "codes": ", ".join(f"{code} ({rows:,})" for code, rows in counts.items()),
        "keep": f'keep = {{ {json.dumps(theirs, ensure_ascii=False)} = ["{first}"] }}',
        "rates": "[rates] " + ", ".join(f"{code} = ?" for code in sorted(absent - {base or first})),
        "currency": base or first,
    }
    if len(counts) == 1:
        text = _(
            "{where}: money in {codes}, where that of the source is {currency}. Say in portfoy.toml: currency = "
            '"{currency}" and what one unit of the other is worth: {rates}; or correct the currency.'
        )
    elif column:
        text = _(
            "{where}: money in {codes} cannot be added up. Say in portfoy.toml, under [{table}]: {keep}, or currency = "
            '"{currency}" and what one unit of the others is worth: {rates}.'
        )
    else:
        text = _(
            '{where}: money in {codes} cannot be added up. Say in portfoy.toml: currency = "{currency}" and what one '
            "unit of the others is worth: {rates}; or leave those rows out where the file comes from."
        )
    return text.format(**given)
