"""Columns as found become columns of ours: dates, numbers, ids and flags, in the engine."""

import datetime
import decimal
import math
from zoneinfo import ZoneInfo

import ibis
import numpy as np
import pandas as pd
import pytest

from portfoy.errors import DataError
from portfoy.source import amounts, dates, doubts, labels, parse
from portfoy.source.settings import Format

DAY = datetime.date


def typed(table="transactions", reading=None, mapping=None, given=None, **columns):
    raw = ibis.memtable(pd.DataFrame(columns))
    mapping = mapping or {name: name for name in columns}
    reading = [] if reading is None else reading
    return parse.typed(raw, table, mapping, given or Format(), reading).to_pandas()


def column(values, ours="amount", **given):
    """One column of `spend` or `products`, read by itself, missing as None."""
    table = {"cost": "spend", "month": "spend", "channel": "spend"}.get(ours, "products")
    series = typed(table, given=Format(**given), **{ours: values})[ours]
    return [None if pd.isna(value) else value for value in series]


def test_texts_looked_at_here_are_trimmed_as_in_the_engine():
    random = np.random.default_rng(1)
    parts = [*" \t\n\u00a0\u202f\u200b\ufeff=a", '="', '"', "5,0", "ü"]
    texts = ["".join(random.choice(parts, random.integers(8))) for _number in range(5_000)] + [None, "", '="x"']
    table = ibis.memtable(pd.DataFrame({"place": range(len(texts)), "text": texts}))
    judge = table.select("place", text=labels.text_of(table.text)).order_by("place").to_pyarrow()["text"].to_pylist()
    assert [doubts._trimmed(text) or None for text in texts] == judge


def test_a_text_log_becomes_typed_columns():
    reading = []
    log = typed(
        reading=reading,
        mapping={
            "customer_id": "Kunde",
            "order_id": ["Kunde", "Tag"],
            "ordered_on": "Tag",
            "quantity": "n",
            "amount": "Betrag",
        },
        Kunde=[" 007 ", "\u00a0A\u00a0", ""],
        Tag=["31.12.2023", "x", None],
        n=["1", "-2", "1"],
        Betrag=["1.234,50", "5,00", "?"],
    )
    missing = float("nan")
    expected = pd.DataFrame(
        {
            "customer_id": ["007", "A", None],
            "order_id": ["007-31.12.2023", "A-x", None],
            "ordered_on": [pd.Timestamp("2023-12-31"), None, None],
            "quantity": [1.0, -2.0, 1.0],
            "amount": [1234.5, -5.0, missing],
            "raw_ordered_on": [None, "x", None],
            "raw_amount": [None, None, "?"],
        }
    )
    log["ordered_on"] = pd.to_datetime(log["ordered_on"]).astype("datetime64[us]")
    pd.testing.assert_frame_equal(log[list(expected)], expected, check_dtype=False)
    assert reading == [
        "transactions.ordered_on: dates read as DD.MM.YYYY",
        "transactions.amount: numbers read with a decimal comma",
    ]


WITH_POINT = {
    "1234.50": 1234.5,
    "1,234.50": 1234.5,
    "1,234,567.89": 1234567.89,
    "1 234.50": 1234.5,
    "1\u202f234.50": 1234.5,
    "1'234.50": 1234.5,
    "(12.50)": -12.5,
    "12.50-": -12.5,
    "-12.50": -12.5,
    "- 5": -5.0,
    "\u2212 5": -5.0,
    "+5": 5.0,
    "$1,234.50": 1234.5,
    "-$5": -5.0,
    "$-5": -5.0,
    "$(5.00)": -5.0,
    "5 USD": 5.0,
    ".5": 0.5,
    "5.": 5.0,
    "1e+05": 100000.0,
    "-1.5e-3": -0.0015,
    "1.0E7": 10000000.0,  # as Java writes it
    "1e5": None,  # nobody writes it so: junk behind a number
    "12e5": None,
    "5e": None,
    "e5": None,
    "12abc": None,
    "1_000": None,
    "+-5": None,
    "--5": None,
    "-5-": None,
    "(-5)": None,
    "0,123": None,
    "0": 0.0,
    "1,23": None,
    "1.2.3": None,
    "5 / 6": None,
    "5-6": None,
    "5%": None,
    "abc": None,
    "#N/A": None,
    "-": None,
    "": None,
    "nan": None,
    "inf": None,
    "½": None,
}


def test_numbers_with_a_decimal_point():
    assert dict(zip(WITH_POINT, column([*WITH_POINT, "0.25"], "cost"), strict=False)) == WITH_POINT


WITH_COMMA = {
    "1.234,50": 1234.5,
    "1.234.567,89": 1234567.89,
    "₺ 1.234,50": 1234.5,
    "1\u202f234,50": 1234.5,
    "1\u00a0234,50": 1234.5,
    "1 234,50 zł": 1234.5,
    "(12,50)": -12.5,
    "12,50-": -12.5,
    "1.234": 1234.0,
    "1234": 1234.0,
    "5,": 5.0,
    "12.50": None,
    "1,2,3": None,
}


def test_numbers_with_a_decimal_comma():
    assert dict(zip(WITH_COMMA, column([*WITH_COMMA, "0,25"], "cost"), strict=False)) == WITH_COMMA


def test_settings_decide_what_a_separator_means():
    assert column(["1.234"], "cost", decimal=".") == [1.234]
    assert column(["1.234"], "cost", decimal=",") == [1234.0]
    assert column(["1.234"], "cost", thousands=".") == [1234.0]
    assert column(["1,234"], "cost", thousands=",") == [1234.0]
    assert column(["1.234", "1.5"], "cost", decimal=".", thousands="") == [1.234, 1.5]


def test_the_decimal_sign_is_looked_for_beyond_the_first_rows(monkeypatch):
    monkeypatch.setattr(amounts, "HEAD_ROWS", 2)
    assert column(["1", "2", "3,5"], "cost") == [1.0, 2.0, 3.5]


def test_typed_numbers_stay_and_what_is_no_number_is_missing():
    assert column([1, 2], "cost") == [1.0, 2.0]
    assert column([1.5, math.nan, math.inf], "cost") == [1.5, None, None]
    assert column([decimal.Decimal("1.10")], "cost") == [1.1]


@pytest.mark.parametrize(
    ("texts", "days"),
    [
        (["2024-01-02T23:30:00+03:00", "2024-01-03 10:00:00.123"], [DAY(2024, 1, 2), DAY(2024, 1, 3)]),
        (["12/1/2010 8:26", "12/13/2010 1:26 PM"], [DAY(2010, 12, 1), DAY(2010, 12, 13)]),
        (["20240102", "20241231"], [DAY(2024, 1, 2), DAY(2024, 12, 31)]),
        (["31.12.23", "01.02.24"], [DAY(2023, 12, 31), DAY(2024, 2, 1)]),
        (["2024/01/02", "2024/02/30"], [DAY(2024, 1, 2), None]),
        (["2024-01-02", "0001-01-01", "1899-12-31", ""], [DAY(2024, 1, 2), None, None, None]),
        (["9999-12-31"], [DAY(9999, 12, 31)]),
        (
            ["2025-01-05junk", "2025-01-05 junk", "2025-01-05T", "2025-01-05 10:00 VOID", "2025-01-05 10:00 UTC"],
            [None, None, None, None, DAY(2025, 1, 5)],
        ),
        (["05.01.2025x", "31.01.2025 junk", "31.01.2025 8:05"], [None, None, DAY(2025, 1, 31)]),
        (["5 Mar 2025", "6 Mar 2025x"], [DAY(2025, 3, 5), None]),
        (["", None], [None, None]),
    ],
)
def test_dates_are_read_as_they_are_written(texts, days):
    raw = ibis.memtable(pd.DataFrame({"month": pd.Series(texts, dtype="str")}))
    found = parse.typed(raw, "spend", {"month": "month"}, Format(), [])
    assert found.month.to_pyarrow().to_pylist() == days


@pytest.mark.parametrize(
    ("form", "text", "day"),
    [
        ("DD/MM/YYYY", "01/02/2024", DAY(2024, 2, 1)),
        ("%m/%d/%Y", "01/02/2024 10:30", DAY(2024, 1, 2)),
        ("%m/%d/%Y %H:%M", "1/2/2024 8:26", DAY(2024, 1, 2)),
        ("DD MMM YYYY", "2 Jan 2024", DAY(2024, 1, 2)),
        ("DD.MM.YYYY", "2024-01-02", None),
    ],
)
def test_a_named_date_format_decides(form, text, day):
    raw = ibis.memtable(pd.DataFrame({"month": [text]}))
    found = parse.typed(raw, "spend", {"month": "month"}, Format(date_format=form), [])
    assert found.month.to_pyarrow().to_pylist() == [day]


@pytest.mark.parametrize(
    ("values", "days"),
    [
        ([20240102, 20241231], [DAY(2024, 1, 2), DAY(2024, 12, 31)]),
        ([20240102.0, math.nan], [DAY(2024, 1, 2), None]),
        (pd.to_datetime(["2024-01-02 23:59", None]), [DAY(2024, 1, 2), None]),
        ([DAY(2024, 1, 2), DAY(1, 1, 1)], [DAY(2024, 1, 2), None]),
    ],
)
def test_typed_dates_and_numbers_that_are_dates(values, days):
    raw = ibis.memtable(pd.DataFrame({"month": values}))
    assert parse.typed(raw, "spend", {"month": "month"}, Format(), []).month.to_pyarrow().to_pylist() == days


def test_ids_are_text_and_keep_their_zeros():
    assert column(["0007", " 7", "7.0", ""], "product_id") == ["0007", "7", "7.0", None]
    assert column([7, 8], "product_id") == ["7", "8"]
    assert column([7.0, 2.5, math.nan, 1e25], "product_id") == ["7", "2.5", None, "1e+25"]
    assert column(pd.Categorical(["a", "b", "a"]), "product_id") == ["a", "b", "a"]


def test_flags_are_read_from_words():
    table = typed("contacts", opened=["yes", "Evet", "TAK", "0", "no", None], responded=[True, False] * 3)
    assert table["opened"].tolist()[:5] == [True, True, True, False, False]
    assert pd.isna(table["opened"].iloc[5])
    assert table["responded"].tolist() == [True, False] * 3


def test_amount_is_quantity_times_price_less_discount_and_a_negative_quantity_is_a_return():
    base = {"customer_id": ["a", "b"], "order_id": ["1", "2"], "ordered_on": ["2024-01-02"] * 2}
    priced = typed(**base, quantity=[2, -1], unit_price=[10.0, 10.0], discount=[3.0, None])
    assert priced["amount"].tolist() == [17.0, -10.0]
    given = typed(**base, quantity=[-2, 1], amount=[10.0, -5.0])
    assert given["amount"].tolist() == [-10.0, -5.0]


def test_a_log_without_order_numbers_has_the_column_all_the_same():
    log = typed(customer_id=["a"], ordered_on=["2024-01-02"], amount=["5"])
    assert log["order_id"].isna().all()


NO_DATE = (
    "spend.month: no value reads as a date ('{}'); known are YYYY-MM-DD, DD.MM.YYYY, DD/MM/YYYY, MM/DD/YYYY, YYYYMMDD, "
    "YYYY/MM/DD, YYYY.MM.DD, DD-MM-YYYY, MM-DD-YYYY, DD.MM.YY, DD/MM/YY, MM/DD/YY, DDMMYYYY, MMDDYYYY. "
    'Map another, or write in portfoy.toml: date_format = "DD MMM YYYY".'
)


@pytest.mark.parametrize(
    ("ours", "values", "message"),
    [
        ("month", [True], "spend.month: is of type boolean. Map a column of dates."),
        ("cost", [True], "spend.cost: is of type boolean. Map a numeric column."),
        (
            "cost",
            ["1.234", "5.678"],
            'spend.cost: decimal points and commas are equally frequent. Say in portfoy.toml: decimal = "," or "."',
        ),
        (
            "month",
            ["the 5th, March", "the 5th, April", "the 5th, April"],
            NO_DATE.format("the 5th, April"),
        ),
        (
            "month",
            ["{hello}", ""],
            NO_DATE.format("{hello}"),
        ),
    ],
)
def test_a_column_that_cannot_be_read_is_refused_in_one_sentence(ours, values, message):
    with pytest.raises(DataError) as raised:
        column(values, ours)
    assert str(raised.value) == message


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York"])
def test_seconds_since_1970_are_of_the_day_in_the_time_zone(zone):
    """Judge: Python's own zones."""
    seconds = [1704067199, 1704067200, 1704034799, 1704034800, 1704085199, 1704085200]
    texts = ibis.memtable({"text": [str(each) for each in seconds]})
    found = texts.select("text", day=dates.parsed(texts.text, "unix seconds", zone)).to_pandas()
    wanted = {str(each): datetime.datetime.fromtimestamp(each, ZoneInfo(zone)).date() for each in seconds}
    assert {text: pd.Timestamp(day).date() for text, day in zip(found["text"], found["day"], strict=True)} == wanted
