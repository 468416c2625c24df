"""A table written in any dialect of the trade is read as it was written, or refused; never as another number.

The judge are the decimals that were written, by Python's own decimal numbers.
"""

import random
from collections import Counter
from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from portfoy.errors import DataError
from portfoy.source import open as source

MINUS = {
    "hyphen": "-{}",
    "minus": "\u2212{}",
    "en dash": "\u2013{}",
    "short": "\u2010{}",
    "behind": "{}-",
    "brackets": "({})",
    "apostrophe": "'-{}",
}
GROUPS = {  # decimal sign -> what may stand between groups of three
    ".": ["", ",", "'", "\u2019", " ", "\u00a0", "lakh"],
    ",": ["", ".", " ", "\u00a0", "\u202f", "'"],
}
MONEY = ["{}", "{} TL", "\u20ba{}", "{}\u00a0zł", "PLN {}", "EUR {}", "{}\u20ac", "kr {}", "Rs. {}", "$ {}", "US${}"]
DAYS = [
    "{:%Y-%m-%d}",
    "{:%d.%m.%Y}",
    "{:%d/%m/%Y}",
    "{:%m/%d/%Y}",
    "{:%Y-%m-%d %H:%M:%S}",
    "{:%d.%m.%Y %H:%M}",
    "{:%Y%m%d}",
]
ENCODINGS = ["utf-8", "utf-8-sig", "windows-1254", "windows-1250", "utf-16"]
DIALECT = st.fixed_dictionaries(
    {
        "separator": st.sampled_from(",;\t|"),
        "decimal": st.sampled_from(".,"),
        "encoding": st.sampled_from(ENCODINGS),
        "minus": st.sampled_from(sorted(MINUS)),
        "days": st.sampled_from(DAYS),
        "group": st.integers(0, 6),
        "money": st.sampled_from(MONEY),
        "places": st.sampled_from([2, 2, 2, 0, 1, 3]),
        "seed": st.integers(0, 10_000),
    }
)


def grouped(whole, sign):
    """Digits in threes, or as in India in twos before the last three; by hand."""
    if sign == "":
        return whole
    head, tail, size = whole[:-3], whole[-3:], 2 if sign == "lakh" else 3
    parts = [tail]
    while head:
        parts.insert(0, head[-size:])
        head = head[:-size]
    return (sign if sign != "lakh" else ",").join(parts)


def written(number, dialect):
    """A number as the dialect writes it; the sign of the money within the brackets."""
    sign, digits, exponent = number.as_tuple()
    text = "".join(map(str, digits)).rjust(1 - exponent, "0")
    whole, part = text[: len(text) + exponent], text[len(text) + exponent :]
    groups = GROUPS[dialect["decimal"]]
    text = grouped(whole, groups[dialect["group"] % len(groups)]) + (dialect["decimal"] + part if part else "")
    text = dialect["money"].format(text)
    return MINUS[dialect["minus"]].format(text) if sign else text


def table(dialect):
    """The numbers, and the text of a table that holds them."""
    rng = random.Random(dialect["seed"])
    places = dialect["places"]
    numbers = [
        Decimal(rng.choice([1, 1, 1, -1]) * rng.randrange(1, 10 ** rng.randrange(1, 9))).scaleb(-places)
        for _ in range(40)
    ]
    rows = [["customer_id", "order_id", "ordered_on", "amount"]]
    for place, number in enumerate(numbers):
        day = dialect["days"].format(datetime(2025, place % 12 + 1, place % 28 + 1, 9, 5))
        rows.append([f"Müş{place % 7}", f"O{place}", day, written(number, dialect)])
    separator = dialect["separator"]
    quote = [[f'"{cell}"' if separator in cell else cell for cell in row] for row in rows]
    return numbers, "\r\n".join(separator.join(row) for row in quote) + "\r\n"


def outcome(folder, dialect):
    """What became of a table: "right", "in part" where rows are set aside, "refused"; a dict of the wrong numbers."""
    numbers, text = table(dialect)
    try:
        data = text.encode(dialect["encoding"])
    except UnicodeEncodeError:  # no dialect: its letters are not in the encoding
        return "no dialect"
    (folder / "t.csv").write_bytes(data)
    said = f'encoding = "{dialect["encoding"]}"\n' if "windows" in dialect["encoding"] else ""
    (folder / "portfoy.toml").write_text(f'source = "t.csv"\n{said}', "utf-8")
    try:
        tables = source.open(folder)
    except DataError:
        return "refused"
    log = tables.transactions.select("order_id", "amount").to_pandas()
    read = dict(zip(log["order_id"], log["amount"], strict=True))
    wrong = {
        key: (numbers[int(key[1:])], value) for key, value in read.items() if value != float(numbers[int(key[1:])])
    }
    missing = len(numbers) - len(read)
    if tables.quality.loc[["unreadable_amount", "duplicate"], "rows"].sum() != missing:
        wrong["rows missing"] = missing
    return wrong or ("in part" if missing else "right")


QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=QUIET)
@given(dialect=DIALECT)
def test_a_dialect_gives_the_same_rows_or_an_error(tmp_path, dialect):
    assert isinstance(found := outcome(tmp_path, dialect), str), (dialect, found)


@pytest.mark.study
def test_a_thousand_dialects_give_the_same_rows_or_an_error(tmp_path):
    counts, wrong = Counter(), []

    @settings(max_examples=1_000, deadline=None, phases=[Phase.generate], suppress_health_check=QUIET)
    @given(dialect=DIALECT)
    def each(dialect):
        found = outcome(tmp_path, dialect)
        counts[found if isinstance(found, str) else "wrong"] += 1
        wrong.extend([] if isinstance(found, str) else [(dialect, found)])

    each()
    print(dict(counts))
    assert not wrong, (counts, len(wrong), wrong[:20])
    assert counts["right"] > counts["refused"], counts  # to refuse everything would be easy


THIRTY = [
    {"separator": sep, "decimal": decimal, "encoding": ENCODINGS[n % 5], "minus": sorted(MINUS)[n % 7], "group": n}
    | {"days": DAYS[n % 2], "money": MONEY[n % len(MONEY)], "places": 2, "seed": n}
    for n, (sep, decimal) in enumerate([(sep, decimal) for sep in ",;\t|" for decimal in ".,"] * 4)
][:30]


SOME = [pytest.param(number, marks=[pytest.mark.study] if number % 3 else []) for number in range(30)]  # a second each


@pytest.mark.parametrize("number", SOME)
def test_the_usual_dialects_are_read_whole(tmp_path, number):
    dialect = THIRTY[number]
    numbers, text = table(dialect)
    try:
        data, encoding = text.encode(dialect["encoding"]), dialect["encoding"]
    except UnicodeEncodeError:  # its signs are not in that encoding
        data, encoding = text.encode("utf-8"), "utf-8"
    (tmp_path / "t.csv").write_bytes(data)
    said = f'encoding = "{encoding}"\n' if "windows" in encoding else ""
    (tmp_path / "portfoy.toml").write_text(f'source = "t.csv"\n{said}', "utf-8")
    tables = source.open(tmp_path)
    assert tables.facts.used == len(numbers), (dialect, tables.findings()["example"].to_dict())
    assert tables.facts.revenue == pytest.approx(float(sum(numbers)), abs=1e-6)
