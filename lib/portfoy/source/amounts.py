"""The grammar of an amount: numbers out of text, in the engine, as people and programs write them.

    amount   = [sign] [currency] [sign] number [no cents] [currency] [sign]  with one sign at most,
             | "(" [currency] number [currency] ")"                          brackets are a minus,
             | mark amount | amount mark                                     Dr / Cr and the like; without a sign then
    number   = digits [decimal digits], the digits in threes or as in India by one grouping sign, or no grouping at all
    no cents = "." "," ":" "/" followed by one or two dashes: 250,- 500/-

What stands beside the number and is no sign, mark, currency or unit makes it unreadable; it is never passed over.
"""

import re
from functools import cache
from typing import NamedTuple

import ibis

from portfoy.errors import DataError
from portfoy.locale import _
from portfoy.source.labels import text_of
from portfoy.source.names import CODES

HEAD_ROWS = 10_000  # rows that decide how numbers are written, unless they leave it open
ALIKE = {  # what is written in many ways -> each as the grammar knows it
    " ": "\t\n\r\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u200b\u202f\u205f\u3000",
    "-": "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d",
    "'": "\u2018\u2019\u02b9\u02bc\u00b4`\u2032\uff07",
    **{str(digit): chr(0xFF10 + digit) for digit in range(10)},
    **dict(zip(".,%()+:$£¥", "．，％（）＋：＄￡￥", strict=True)),
}
_FROM, _TO = "".join(ALIKE.values()), "".join(sign * len(others) for sign, others in ALIKE.items())
_TABLE = str.maketrans(_FROM, _TO)
NAMES = (
    "tl ytl lira liras kr kč kc zł zl złoty złote złotych ft forint lei leu лв руб р грн din dinar dinara "
    "euro euros dollar dollars pound pounds fr sfr franken francs krone kroner kronor rs re rupee rupees rm rp "
    "r bs s/ ksh tsh ush dh sr"
)
MONEY = [*CODES, *NAMES.split()]
PIECES = "pc pcs piece pieces ea each unit units x szt sztuka sztuki sztuk adet ad stk st stück"
MONTHS = "month months mo ay monat monate mies miesiąc miesiące miesięcy"
UNITS = {  # what may stand beside a number of that name; beside others MONEY
    "quantity": PIECES.split(),
    "duration": MONTHS.split(),
    "discount": ["pct", "percent", "per cent", "prozent", "procent", "proc", "yüzde", *MONEY],
}
SCORES = ("nps", "csat", "effort", "rating", "expectation", "performance")  # where a point of the scale has a name
SHARES = "%|pct|percent|per cent|prozent|procent|proc|yüzde"
LOST = r"^-?\d(?:[.,]\d{1,5})?e\+\d{2}$"  # of a clean number: a spreadsheet shows so what is too wide
UNIT, TEXT = "¤", "§"  # what stands for any of them; what an amount begins with while it is still a text
SYMBOLS = r"(?:us|a|au|c|ca|nz|hk|s|sg|nt|mx|r|cl|bds|tt|j|z)?\$|[€£¥₺₹₽₩₪₫฿₴₦₱₸₼₾₲₡₵₭₮₨]"
LETTER = "a-z\u00df-\u024f\u0400-\u04ff"
MARKS = (  # debit and credit as each country writes them
    ("dr|db|d|debit|debet", "cr|c|credit|kredit"),
    ("borç|borc|b", "alacak|a"),
    ("soll|s", "haben|h"),
    ("wn|winien", "ma"),
)
_LONG = tuple(tuple("|".join(word for word in words.split("|") if len(word) > 1) for words in pair) for pair in MARKS)
_ALL = tuple("|".join(words) for words in zip(*MARKS, strict=True))


class Hints(NamedTuple):
    """What the first rows say of a column: how many read with each decimal sign, and how many hold other letters."""

    dot: int
    comma: int
    lettered: int
    colon: bool  # whether a colon is the decimal sign: 1 250:50
    many: int  # how many a spreadsheet shortened
    lost: str  # one of these: 1,25E+05
    whole: bool  # whether these are all rows


def clean(text):
    """A text with blanks, dashes, apostrophes and digits of one kind each, in lower case."""
    usual = text.re_search(r"^[ -~]*$")  # few are not, and only they pay
    return ibis.ifelse(usual, text, text.translate(_FROM, _TO)).strip().lower()


@cache
def unit_pattern(name):
    """Regular expression of the units beside a number of that name; a word has no further letter beside it."""
    if name.partition("_")[0] in SCORES:
        return rf"(^\d+) ?[-=:(] ?[{LETTER}][^\d]*()$"  # 10 - extremely likely
    words = "|".join(map(re.escape, UNITS.get(name, MONEY)))
    words = rf"(^|[^{LETTER}])(?:{words})\.?([^{LETTER}$]|$)"
    return words if name in ("quantity", "duration") else f"{SYMBOLS}|{words}" + "|%" * (name == "discount")


def whole_pattern(decimal, thousands):
    """Regular expression of digits, strictly in threes where one of `thousands` groups them; 0.123 is no grouping.

    Commas may stand as in India, too: in twos before the last three.
    """
    grouped = [rf"[1-9]\d{{0,2}}(?:{re.escape(sign)}\d{{3}})+" for sign in thousands]
    return "|".join([*grouped, *[r"[1-9]\d?(?:,\d\d)+,\d{3}"] * ("," in thousands), r"\d+"])


@cache
def steps(name, decimal, thousands, debit="", credit="", dashes="[.,:/]"):
    """The grammar as replacements, one after the other, which make "-1234.5" of a `clean` amount.

    What is no amount keeps `TEXT` before it, so that it is no number. `debit` and `credit` are the marks understood.
    """
    bare, mark = r"[^-+()]*", re.escape(decimal)
    minus = [rf"(?:{UNIT} ?)?\( ?([^+()]*[^+() ]) ?\)(?: ?{UNIT})?", rf"({bare}[^-+.,:/( ]) ?-"]
    plus = []
    for forms, words in ((minus, credit), (plus, debit)):
        forms += [rf"(?:{words})[.:]? ?([{UNIT}\d]{bare})", rf"({bare}[^-+( ]) ?\(?(?:{words})\.?\)?"] if words else []
    whole = rf"(?:{whole_pattern(decimal, thousands)})"
    science = rf"\d(?:{mark}\d+)?e[-+]\d{{1,3}}|\d{mark}\d+e\d{{1,3}}"  # 1e+05, or 1.0E7 as Java has it
    number = rf"(?:({whole})(?:{mark}|{dashes}--?)?|({whole}{mark}\d+)|({mark}\d+)|({science}))"
    amount = rf"'?(?:([-+]?) ?(?:{UNIT} ?)?|{UNIT} ?([-+]) ?){number}(?: ?{UNIT})?"
    return (
        (unit_pattern(name), rf"\1{UNIT}\2"),
        (r"\A", TEXT),
        (rf"^{TEXT}(?:{'|'.join(minus)})$", rf"{TEXT}-" + r"\1\2\3\4"[: 2 * len(minus)]),
        *[(rf"^{TEXT}(?:{'|'.join(plus)})$", TEXT + r"\1\2")] * bool(plus),
        (f"^{TEXT}{amount}$", r"\1\2\3\4\5\6"),
        *[(sign, "") for sign in thousands if sign != decimal],
        *[(decimal, ".")] * (decimal != "."),
    )


def _value(text, *grammar, **more):
    """A clean text as a number, null where the grammar does not know it."""
    for pattern, replacement in steps(*grammar, **more):
        plain = len(pattern) == 1  # a sign
        text = text.replace(pattern, replacement) if plain else text.re_replace(pattern, replacement)
    return text.try_cast("float64")


def number(raw, source, given, where, reading, hints):
    """The column as numbers; null where it holds none, or a text that the grammar does not know."""
    if source.type().is_numeric():
        number = source.cast("float64")
        return ibis.ifelse(number.isnan() | number.isinf(), ibis.null("float64"), number)
    if not (source.type().is_string() or source.type().is_null()):
        raise DataError(_("{where}: is of type {kind}. Map a numeric column.").format(where=where, kind=source.type()))
    text, name = text_of(source), where.rpartition(".")[2]
    decimal = given.decimal or (":" if hints.colon else {".": ",", ",": "."}.get(given.thousands))
    decimal = decimal or _decimal(raw, text, name, where, hints)
    if hints.many:
        said = _("{where}: {n} numbers such as {example} lost digits in a spreadsheet: read rounded; export again")
        reading.append(said.format(where=where, n=hints.many, example=hints.lost))
    if decimal == "," and not given.decimal:
        reading.append(_("{where}: numbers read with a decimal comma").format(where=where))
    if decimal == ":" and not given.decimal:
        reading.append(_("{where}: numbers read with a colon as decimal sign").format(where=where))
    thousands = _grouping(decimal) if given.thousands is None else given.thousands
    marks = direction(raw, text, given, where, reading) if hints.lettered else ("", "")
    mark = re.escape(decimal)
    plain = source.cast("string")
    cases = [(rf"^-?\d+(?:{mark}\d+)?$", plain)]  # each in a branch of its own, so that only odd rows pay for it
    if thousands:
        grouped = rf"[1-9]\d{{0,2}}(?:{re.escape(thousands[0])}\d{{3}})+"
        cases.append((rf"^-?{grouped}(?:{mark}\d+)?$", plain.replace(thousands[0], "")))
    cases = [(plain.re_search(pattern), _pointed(found, decimal).try_cast("float64")) for pattern, found in cases]
    value = ibis.cases(*cases, else_=_value(clean(text), name, decimal, thousands, *marks))
    return value.nullif(float("inf")).nullif(float("-inf"))


def _pointed(text, decimal):
    return text if decimal == "." else text.replace(decimal, ".")


def first_rows(table, many=HEAD_ROWS):
    """The first rows, by their number where they have one: a limit has the engine work out many more."""
    number = next((name for name in ("portfoy_row", "row") if name in table.columns), None)
    return table.filter(table[number] <= many) if number else table.limit(many)


def hints_of(found, names):
    """For each column of numbers written as text its `Hints`; in one query over the first rows."""
    names = [name for name in names if found[name].type().is_string() or found[name].type().is_null()]
    if not names:
        return {}
    head = first_rows(found)
    head = head.select(**{name: clean(text_of(head[name])) for name in names})
    asked = {f"{name} {sign}": _reads(head[name], name, sign).sum() for name in names for sign in (".", ",")}
    for name in names:
        other = head[name].re_replace(unit_pattern(name), r"\1 \2").re_search(f"[{LETTER}]")
        asked |= {f"{name} colon": colons(head[name]), f"{name} many": head[name].re_search(LOST).sum()}
        asked[f"{name} lost"] = head[name].min(where=head[name].re_search(LOST))
        asked[f"{name} letters"] = ibis.ifelse(head[name].re_search(f"[{LETTER}]"), other, False).sum()
    row = head.agg(rows=head.count(), **asked).to_pyarrow().to_pylist()[0]
    whole = row["rows"] < HEAD_ROWS
    what = (".", ",", "letters", "colon", "many", "lost")
    return {name: Hints(*(row[f"{name} {one}"] or 0 for one in what), whole) for name in names}


def colons(text):
    """Whether most clean texts have decimals behind a colon, and some are no time: 1 250:50, 80:00 kr, 99:90."""
    there = text.re_search(rf"^[^{LETTER}]*\d:\d\d(?: ?(?:kr|sek|nok|dkk)\.?)?$")
    sure = there & text.re_search(r"\d[ .']\d{3}:|\d{3}:\d\d|:[6-9]\d|kr|sek|nok|dkk")
    return sure.any() & (there.sum() > text.re_search(r"\d[.,]\d").sum())


def _reads(text, name, sign):
    """Whether a clean text holds a point or a comma and is an amount with this decimal sign."""
    mark, other = (re.escape(one) for one in (sign, ",.".replace(sign, "")))
    return ibis.cases(  # each in a branch of its own, as in `number`
        (text.re_search("^[^.,]*$"), False),
        (text.re_search(rf"^-?\d+{mark}\d+$"), True),
        (text.re_search(rf"^-?\d+{other}(?:\d\d?|\d{{4,}})$"), False),
        else_=text.re_replace(unit_pattern(name), r"\1 \2").re_search("[.,]")  # not that of "Rs." or "szt."
        & _value(text, name, sign, _grouping(sign), *_ALL, dashes=f"[{sign}:/]").notnull(),
    )


def _grouping(decimal):
    return ", '" if decimal == "." else ". '"


def _decimal(raw, source, name, where, hints):
    """The decimal sign: decided by the first rows, or by all of them where those leave it open."""
    dot, comma = hints.dot, hints.comma
    if dot == comma and not hints.whole:
        dot, comma = decimal_counts(raw, source, name)
    return decimal_sign(dot, comma, where=where)


def decimal_counts(raw, source, name="amount"):
    """Of the rows whose text holds a point or a comma, how many read with a decimal point, how many with a comma."""
    texts = raw.select(text=source).filter(ibis._.text.contains(".") | ibis._.text.contains(","))
    texts = texts.mutate(text=clean(texts.text))
    read = texts.agg(**{sign: _reads(texts.text, name, sign).sum().fill_null(0) for sign in (".", ",")})
    return tuple(int(number) for number in read.to_pandas().iloc[0])


def decimal_sign(dot, comma, *, where):
    """ "." or ",", from the numbers of rows that read with each; a DataError where they do not tell (1.234)."""
    if dot == comma > 0:
        text = _('{where}: decimal points and commas are equally frequent. Say in portfoy.toml: decimal = "," or "."')
        raise DataError(text.format(where=where))
    return "," if comma > dot else "."


def direction(found, column, given, where, reading):
    """The words that mark a sale and those that mark a return, as regular expressions; empty where there are none.

    In a customer's account a debit is a sale. A letter counts only where its counterpart is there, too: 5 B may be
    five billions. A DataError where most are credits, or there are debits only beside amounts without a mark, and
    portfoy.toml does not say what a debit is.
    """
    rows, counts = _marked(found, column)
    there = [(sum(counts[pair]), counts[pair], pair) for pair in MARKS if all(counts[pair])]
    there = there or [(sum(counts[pair]), counts[pair], pair) for pair in _LONG if any(counts[pair])]
    if not there:
        return "", ""
    marked, (debits, credits), (debit, credit) = max(there)
    plain = rows - marked
    if not where.startswith("transactions."):
        return debit, credit
    if given.debit is None and plain and not credits and debits < 0.1 * rows:
        return "", ""  # a word among numbers, which nobody understands
    said = {"debit": debit.split("|")[0].capitalize(), "credit": credit.split("|")[0].capitalize()}
    if given.debit is None and (credits >= debits + plain or (plain and not credits)):
        text = _(
            "{where}: {debits} rows are marked as debit ({debit}), {credits} as credit ({credit}); which are sales "
            'depends on the book. Say in portfoy.toml: debit = "sale" or debit = "return".'
        )
        raise DataError(text.format(where=where, debits=debits, credits=credits, **said))
    if given.debit is None:
        text = _('{where}: {debit} read as sales, {credit} as returns; if not, say in portfoy.toml: debit = "return"')
        reading.append(text.format(where=where, **said))
    return (debit, credit) if given.debit != "return" else (credit, debit)


def _marked(found, column):
    """Of the first rows how many hold a text; and for each pair of marks how many hold the debit, how many the credit.

    Of words, and once more of those that are longer than a letter.
    """
    head = found.select(text=clean(column)).limit(HEAD_ROWS)
    asked = {}
    for place, words in enumerate(words for pair in (*MARKS, *_LONG) for words in pair):
        pattern = rf"^(?:{words})(?:[.: ]|\d)|[^{LETTER}](?:{words})[.)]*$|^(?:{words})$"
        asked[f"c{place}"] = head.text.re_search(pattern).sum().fill_null(0)
    rows, *counts = head.agg(rows=head.text.count(), **asked).to_pyarrow().to_pylist()[0].values()
    return rows, dict(zip((*MARKS, *_LONG), zip(counts[::2], counts[1::2], strict=True), strict=True))


@cache
def is_amount(text):
    """Whether a text is an amount with either decimal sign; in Python, for a look at a file."""
    for sign in (".", ",", ":"):
        found = text.translate(_TABLE).strip().lower()
        for pattern, replacement in steps("amount", sign, _grouping(sign), *_ALL):
            pattern = re.escape(pattern) if len(pattern) == 1 else pattern
            found = re.sub(pattern, replacement, found, flags=re.ASCII)
        if found and TEXT not in found:
            return True
    return False
