"""A generator of hostile tables: each is read right, or refused in one line; never as another number, never a crash.

Every input is some forty sound rows, a few rows with a damaged value, and something odd about the file as a whole. The
judge knows, from the decimals it wrote, what each row may count as: the sound ones as themselves, a damaged one as
nothing or as what a careful person would read. A plain run draws forty inputs, the study two thousand.
"""

import gzip
import random
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal

import pytest

from portfoy.errors import DataError
from portfoy.source import open as source

AMOUNTS = {  # text -> what it may count as, beside nothing
    "abc": [],
    "": [],
    "-": [],
    "1e400": [],
    "NaN": [],
    "inf": [],
    "-inf": [],
    "1.2.3": [],
    "12.34.56": [],
    "0x10": [],
    "--5": [],
    "+-5": [],
    "5-5": [],
    "NULL": [],
    "#REF!": [],
    "#N/A": [],
    "e5": [],
    "5e": [],
    "12abc": [],
    "1/2": [],
    "50%": [],
    "\x00": [],
    "\u202e12": ["12"],
    "\uff11\uff12": ["12"],
    "12 34": ["1234"],
    "\u00a012.50": ["12.50"],
    "+12.50": ["12.50"],
    "012.50": ["12.50"],
    "12.50\u200b": ["12.50"],
    "(12.50)": ["-12.50"],
    "12.50-": ["-12.50"],
    "1" * 400: [],
    "=1+1": [],
    '="12.50"': ["12.50"],
    "\u0663": ["3"],
    "\u221e": [],
    "\u00bd": [],
    "True": [],
    "12:30": [],
    "2025-01-01": [],
}
DAYS = {  # text -> whether a careful person may read a day from it
    "": False,
    "0000-00-00": False,
    "2025-02-30": False,
    "2025-13-01": False,
    "2025-00-10": False,
    "9999-12-31": False,
    "1800-01-01": False,
    "0001-01-01": False,
    "yesterday": False,
    "45000": True,
    "1735689600": True,
    "2025-1-5": True,
    "2025-01-05T14:30:00Z": True,
    "2025-01-05 25:61": True,  # the day is one
    "2025-01-05junk": False,
    "junk2025-01-05": False,
    "2025-01-05 junk": False,
    "20250101T": False,
    "12025-01-05": False,
    "-2025-01-05": False,
    "NULL": False,
    "\x00": False,
    "#VALUE!": False,
    "1e10": False,
    "2025-W03-2": True,
    "\u0662\u0660\u0662\u0665-01-05": True,
}
IDS = {  # text -> whether it may be somebody
    "": False,
    " ": False,
    "NULL": False,
    "nan": False,
    "None": False,
    "#N/A": False,
    "\x00": True,
    "x" * 5_000: True,
    "<b>": True,
    "$5 \\frac{1}{2}": True,
    "=cmd|' /C calc'!A0": True,
    "\x1b[31mred": True,
    "I\u0307\u0131\u015f": True,
    "\u202eabc": True,
    "a\u0301": True,
    "\U0001f984": True,
    "0": True,
    "-1": True,
    "../../etc/passwd": True,
    "a,b": True,
    "a;b\tc|d": True,
    'say "hi"': True,
    "two\nlines": True,
}
WHOLE = [  # what may be odd about the file
    *["nothing", "nothing", "nothing", "byte order mark", "windows-1254", "utf-16", "carriage returns", "crlf"],
    *["mixed line ends", "semicolons", "tabs", "blank lines", "title", "comment", "header twice", "total", "gzip"],
    *["no last line end", "columns turned round", "capitals", "blanks in the header", "column twice", "unnamed column"],
    *["many columns", "a row too long", "a row too short", "open quote", "cut short", "zeros at the end", "stray byte"],
    *["a cell of a megabyte", "half a gzip", "one row", "no row", "empty", "blanks only", "not a table", "null column"],
    *["quoted", "blanks around", "a zip by name", "parquet by name", "footer"],
]


def drawn(seed):
    """An input: bytes, the name of its file, the sums it may have in cents, and what it is."""
    dice = random.Random(seed)
    rows, may = [], []
    for number in range(dice.choice([40, 40, 40, 12, 120])):
        day, cents = date(2024, 1, 1) + timedelta(dice.randrange(500)), dice.randrange(100, 99_999)
        rows.append([f"C{dice.randrange(9)}", f"O{number}", str(day), f"{cents // 100}.{cents % 100:02}"])
        may.append({cents})
    what = []
    for place in dice.sample(range(len(rows)), dice.randrange(3)):
        column, values = dice.choice([(0, IDS), (2, DAYS), (3, AMOUNTS)])
        text = dice.choice(list(values))
        own, rows[place][column] = may[place], text
        if column == 3:
            may[place] = {0, *(int(Decimal(value) * 100) for value in values[text])}
        else:
            may[place] = own | {0} if values[text] or column == 0 else {0}
        what.append((("customer_id", "", "ordered_on", "amount")[column], text[:20]))
    odd = dice.choice(WHOLE)
    return (*_file(odd, rows, may, dice), [*what, odd])


def _file(odd, rows, may, dice):
    header, between, end = ["customer_id", "order_id", "ordered_on", "amount"], ",", "\n"
    between = {"semicolons": ";", "tabs": "\t"}.get(odd, between)
    end = {"carriage returns": "\r", "crlf": "\r\n"}.get(odd, end)
    if odd == "columns turned round":
        header, rows = header[::-1], [row[::-1] for row in rows]
    elif odd == "capitals":
        header = [name.upper() for name in header]
    elif odd == "blanks in the header":
        header = [f"  {name} " for name in header]
    elif odd == "column twice":
        header, rows = [*header, "note", "note"], [[*row, "a", "b"] for row in rows]
    elif odd == "unnamed column":
        header, rows = ["", *header], [["1", *row] for row in rows]
    elif odd == "many columns":
        header, rows = [*header, *(f"x{n}" for n in range(400))], [[*row, *["1"] * 400] for row in rows]
    elif odd == "null column":
        header, rows = [*header, "note"], [[*row, ""] for row in rows]
    elif odd == "one row":
        rows, may = rows[:1], may[:1]
    elif odd == "no row":
        rows, may = [], []
    elif odd == "a cell of a megabyte":
        header, rows = [*header, "note"], [[*row, "y" * 1_000_000 if n == 3 else ""] for n, row in enumerate(rows)]

    def written(cell):
        plain = odd != "quoted" and not any(sign in cell for sign in f'{between}"\n\r')
        text = cell if plain else '"' + cell.replace('"', '""') + '"'
        return f" {text} " if odd == "blanks around" and plain else text

    lines = [between.join(map(written, row)) for row in (header, *rows)]
    place = dice.randrange(1, len(lines) + 1)
    if odd == "blank lines":
        lines[place:place] = ["", "", ""]
    elif odd == "title":
        lines[:0] = ["Sales of the year", ""]
    elif odd == "comment":
        lines[:0] = ["# made by a program"]
    elif odd == "header twice":
        lines.insert(place, lines[0])
    elif odd == "total":
        total = sum(Decimal(max(some)) for some in may) / 100
        lines.append(f"Total,,,{total}")
    elif odd == "footer":
        lines.append(f"{len(rows)} rows")
    elif odd == "a row too long" and place < len(lines):
        lines[place] += ",1,2,3"
        may[place - 1] = may[place - 1] | {0}
    elif odd == "a row too short" and place < len(lines):
        lines[place] = ",".join(lines[place].split(",")[:2])
        may[place - 1] = {0}
    elif odd == "open quote" and place < len(lines):
        lines[place] = '"' + lines[place]
        may = [some | {0} if n >= place - 1 else some for n, some in enumerate(may)]
    text = end.join(lines) + ("" if odd == "no last line end" else end)
    if odd == "mixed line ends":
        text = "".join(line + dice.choice(["\n", "\r\n"]) for line in lines)
    data = text.encode({"windows-1254": "cp1254", "utf-16": "utf-16"}.get(odd, "utf-8"), "replace")
    name = {"a zip by name": "t.xlsx", "parquet by name": "t.parquet"}.get(odd, "t.csv")
    if odd == "byte order mark":
        data = b"\xef\xbb\xbf" + data
    elif odd in ("gzip", "half a gzip"):
        data, name = gzip.compress(data), "t.csv.gz"
        data = data[: len(data) // 2] if odd == "half a gzip" else data
    elif odd == "cut short":
        cut = dice.randrange(len(data) // 2, len(data))
        whole = data[:cut].count(b"\n") - 1
        may = [some if n < whole else {0, *range(max(some) + 1)} for n, some in enumerate(may) if n <= whole]
        data = data[:cut]
    elif odd == "zeros at the end":
        data += b"\0" * 512
    elif odd == "stray byte":
        cut = dice.randrange(60, len(data))
        data = data[:cut] + b"\xff\xfe\x81"[dice.randrange(3) :][:1] + data[cut:]
        hit = max(data[:cut].count(b"\n") - 1, 0)
        may = [some | {0} if n == hit else some for n, some in enumerate(may)]
    elif odd == "empty":
        data, may = b"", []
    elif odd == "blanks only":
        data, may = b"  \n\n \t\n", []
    elif odd == "not a table":
        data, may = dice.randbytes(3_000), []
    return data, name, may


def wrong(seed, folder):
    """What is wrong with how an input is read; empty where it is right or refused, and which of the two."""
    data, name, may, what = drawn(seed)
    path = folder / f"{seed}-{name}"
    path.write_bytes(data)
    try:
        tables = source.open(path, today=date(2026, 1, 1))
        found = tables.transactions.amount.sum().to_pyarrow().as_py()
    except DataError as refused:
        said = str(refused)
        return ("", "refused") if len(said.splitlines()) == 1 and len(said) < 1_200 else (f"{what}: {said}", "")
    except Exception as error:  # what the study looks for
        return f"{what}: {type(error).__name__}: {str(error)[:300]}", ""
    finally:
        path.unlink()
    set_aside = tables.quality.loc[["broken_line"], "rows"].sum()
    some_open = what[-1] == "open quote" and set_aside > 0
    cents = round(float(found) * 100)
    if abs(float(found) * 100 - cents) > 1e-4 or not (some_open or fits(cents, may)):
        return f"{what}: {found} is none of what it may be, {sorted(_sums(small(may)))[:4]} cents", ""
    return "", "read"


def small(may):
    """Without a row that may be anything, for a message."""
    return [some if len(some) < 10 else {0, max(some)} for some in may]


def fits(cents, may):
    """Whether rows may come to a sum; one of them may be any value up to its own."""
    loose = [some for some in may if len(some) >= 10]
    if not loose:
        return any(cents == one for one in _sums(may))
    rest = _sums([some for some in may if len(some) < 10])
    return any(0 <= cents - one <= max(map(max, loose)) for one in rest)


def _sums(may):
    reached = {0}
    for some in may:
        reached = {one + value for one in reached for value in some}
        assert len(reached) < 1_000_000
    return reached


@pytest.mark.parametrize("seed", range(4))
def test_ten_hostile_inputs_are_read_right_or_refused(tmp_path, seed):
    found = [wrong(number, tmp_path) for number in range(10 * seed, 10 * seed + 10)]
    assert [said for said, _how in found if said] == []
    assert "read" in [how for _said, how in found]


@pytest.mark.study
@pytest.mark.parametrize("part", range(20))
def test_two_thousand_hostile_inputs(tmp_path, part):
    found = [wrong(number, tmp_path) for number in range(1_000 + 100 * part, 1_100 + 100 * part)]
    print(Counter(how or "wrong" for _said, how in found))
    assert [said for said, _how in found if said] == []
