"""The checks of the transaction log: what was planted is found, and nothing is lost on the way."""

import csv
import io
import random
from collections import Counter
from datetime import date, datetime

import pandas as pd
import pytest

from portfoy.errors import DataError
from portfoy.source import open as source

TODAY = date(2026, 1, 1)
ASIDE = [
    "broken_line",
    "duplicate",
    "unreadable_date",
    "impossible_date",
    "unreadable_amount",
    "future_date",
    "unknown_customer",
    "test_row",
]
COLUMNS = ["customer_id", "order_id", "ordered_on", "amount", "product_id", "unit_cost"]
CLEAN = [(f"C{i:03}", f"O{i:03}", f"2025-{i % 6 + 1:02}-{i % 28 + 1:02}", "10.50", "P1", "4") for i in range(60)]
PLANTED = {
    "broken_line": [("short", "line")] * 2,
    "duplicate": [CLEAN[40], CLEAN[41], CLEAN[41]],
    "unreadable_date": [(f"D{i}", f"d{i}", "someday" if i else "", "1", "P1", "1") for i in range(4)],
    "impossible_date": [(f"J{i}", f"j{i}", "1900-01-01", "1", "P1", "1") for i in range(3)],
    "unreadable_amount": [(f"A{i}", f"a{i}", "2025-02-02", "free" if i else "", "P1", "1") for i in range(5)],
    "future_date": [(f"F{i}", f"f{i}", "2026-01-02" if i else "2999-01-01", "1", "P1", "1") for i in range(6)],
    "unknown_customer": [
        (u, f"u{i}", "2025-02-02", "1", "P1", "1") for i, u in enumerate(["", "Guest", "N/A", " "] * 2)
    ],
    "test_row": [
        *((f"test-{i}", f"t{i}", "2025-02-02", "1", "P1", "1") for i in range(6)),
        ("Z1", "t8", "2025-02-02", "1", "TEST", "1"),
    ],
    "return": [(f"C{i:03}", f"O{i:03}", "2025-06-30", "-1", "P1", "1") for i in range(9)],
    "only_returns": [("R1", f"r{i}", "2025-02-02", "-1", "P1", "1") for i in range(3)],
    "zero_amount": [(f"N{i}", f"n{i}", "2025-02-02", "0", "P1", "1") for i in range(10)],
    "no_order_number": [(f"W{i}", "", "2025-02-02", "1", "P1", "1") for i in range(11)],
    "same_day_order": [(f"S{i // 2}", f"s{i}", "2025-02-02", "1", "P1", "1") for i in range(24)],
    "mixed_case_id": [(c, f"m{i}", "2025-02-02", "1", "P1", "1") for i, c in enumerate(["ab", "AB", "Ab", "cd", "cD"])],
    "no_cost": [(f"K{i}", f"k{i}", "2025-02-02", "1", "P1", "") for i in range(13)],
}
FOUND = {
    "broken_line": 2,
    "duplicate": 3,
    "left_out": 0,
    **dict.fromkeys(
        ("total_row", "repeated_header", "fields_above", "lost_id", "stand_in", "one_order_each", "zero_id"), 0
    ),
    **dict.fromkeys(("number_spans", "lost_digits", "order_total", "price_of_line"), 0),
    "unreadable_date": 4,
    "impossible_date": 3,
    "unreadable_amount": 5,
    "future_date": 6,
    "unknown_customer": 8,
    "test_row": 7,
    "return": 9 + 3,
    "only_returns": 3,
    "zero_amount": 10,
    "no_order_number": 11,
    "same_day_order": 12,
    "mixed_case_id": 3,
    "dominant_customer": 0,
    "no_cost": 13,
    "partial_month": 0,
}


def text(rows, columns=COLUMNS):
    file = io.StringIO()
    csv.writer(file).writerows([columns, *rows])
    return file.getvalue()


@pytest.fixture
def check(tmp_path):
    """A function that opens order lines as a file, under the settings given as a portfoy.toml."""

    def check(rows, settings="", columns=COLUMNS):
        (tmp_path / "transactions.csv").write_text(text(rows, columns), encoding="utf-8", newline="")
        (tmp_path / "portfoy.toml").write_text(settings, encoding="utf-8")
        return source.open(tmp_path, today=TODAY)

    return check


def test_the_whole_table_of_a_few_rows(check):
    tables = check(
        [
            ("A", "1", "2025-01-05", "10", "P", "1"),
            ("A", "2", "2025-01-05", "5", "P", "1"),
            ("A", "1", "2025-01-07", "-4", "P", "1"),
            ("guest", "3", "2025-01-06", "3", "P", "1"),
            ("B", "4", "soon", "3", "P", "1"),
            ("A", "2", "2025-01-05", "5", "P", "1"),
        ],
        'returns = "net"',
    )
    none, netted = float("nan"), "off the customer's revenue; no purchase"
    expected = pd.DataFrame(
        [
            ("broken_line", "Line does not fit the header", 0, 0.0, none, "", ""),
            ("duplicate", "Repeats an earlier row", 1, 1 / 6, 5.0, "row 3", "set aside"),
            ("left_out", "Left out, as portfoy.toml says", 0, 0.0, none, "", ""),
            ("total_row", "Total of the rows above", 0, 0.0, none, "", ""),
            ("repeated_header", "Header repeated", 0, 0.0, none, "", ""),
            ("fields_above", "Customer and date empty", 0, 0.0, none, "", ""),
            ("unreadable_date", "Date missing or unreadable", 1, 1 / 6, 3.0, "row 6: soon", "set aside"),
            ("impossible_date", "Date that cannot be", 0, 0.0, none, "", ""),
            ("unreadable_amount", "Amount missing or unreadable", 0, 0.0, none, "", ""),
            ("future_date", "Date in the future", 0, 0.0, none, "", ""),
            *[
                (
                    "unknown_customer",
                    "Customer unknown (guest)",
                    1,
                    1 / 6,
                    3.0,
                    "row 5: 3",
                    "set aside; the revenue is nobody's",
                )
            ],
            ("lost_id", "Customer id that lost digits in a spreadsheet", 0, 0.0, none, "", ""),
            ("test_row", "Test customer or product", 0, 0.0, none, "", ""),
            ("return", "Return (negative amount)", 1, 1 / 6, -4.0, "row 4: 1", netted),
            ("only_returns", "Customer with returns but no purchase", 0, 0.0, none, "", ""),
            ("zero_amount", "Amount of zero", 0, 0.0, none, "", ""),
            ("no_order_number", "No order number", 0, 0.0, none, "", ""),
            *[
                (
                    "same_day_order",
                    "Further order on the same day",
                    1,
                    1 / 6,
                    none,
                    "A",
                    "kept; one purchase a day",
                )
            ],
            ("mixed_case_id", "Id differs from another only in case", 0, 0.0, none, "", ""),
            ("dominant_customer", "One id on a fifth of rows or more", 0, 0.0, none, "", ""),
            ("stand_in", "Customer called as a test or as nobody", 0, 0.0, none, "", ""),
            ("one_order_each", "Every customer has one order", 0, 0.0, none, "", ""),
            ("zero_id", "Id of zero", 0, 0.0, none, "", ""),
            ("number_spans", "Order number used again after a month", 0, 0.0, none, "", ""),
            ("lost_digits", "Order number that lost digits in a spreadsheet", 0, 0.0, none, "", ""),
            ("order_total", "Same amount on each line of an order", 0, 0.0, none, "", ""),
            ("price_of_line", "Price times pieces, where the price may be the line's", 0, 0.0, none, "", ""),
            ("no_cost", "Unit cost missing", 0, 0.0, none, "", ""),
            *[
                (
                    "partial_month",
                    "Last month is not over",
                    3,
                    1 / 2,
                    11.0,
                    "2025-01-07",
                    "kept; not compared with whole months",
                )
            ],
        ],
        columns=["check", "rule", "rows", "share", "money", "example", "done"],
    ).set_index("check")
    pd.testing.assert_frame_equal(tables.quality, expected)
    facts = tables.facts
    assert (facts.rows, facts.used, facts.customers, facts.orders, facts.revenue) == (6, 3, 1, 2, 11.0)
    assert (facts.first_day, facts.last_day) == (date(2025, 1, 5), date(2025, 1, 7))


@pytest.mark.parametrize("code", PLANTED)
def test_what_is_planted_alone_is_what_is_found(check, code):
    found = check(CLEAN + PLANTED[code]).quality["rows"]
    expected = {code: FOUND[code]} | (
        {"return": 3} if code == "only_returns" else {"return": 9} if code == "return" else {}
    )
    assert found[found > 0].drop(["partial_month", "one_order_each"], errors="ignore").to_dict() == expected


@pytest.mark.parametrize("seed", [1, 2])
def test_everything_planted_is_found_in_any_order_and_nothing_is_lost(check, seed):
    rows = CLEAN + [row for planted in PLANTED.values() for row in planted]
    random.Random(seed).shuffle(rows)
    tables = check(rows)
    assert tables.quality["rows"].to_dict() == FOUND
    assert tables.facts.rows == len(rows)
    assert tables.facts.used + tables.quality.loc[ASIDE, "rows"].sum() == len(rows)
    assert tables.facts.used == tables.transactions.count().to_pandas()
    assert tables.quality["share"].tolist() == [FOUND[code] / len(rows) for code in tables.quality.index]


def naive(rows):
    """A second count, row by row in Python: which rule sets a row aside, or finds it; rows and money."""
    counts, money, seen = Counter(), Counter(), set()

    def count(code, amount):
        counts[code] += 1
        money[code] += amount or 0

    for row in rows:
        customer, order, day, amount, product, cost = row
        amount = float(amount) if amount not in ("", "?") else None
        if row in seen:
            count("duplicate", amount)
            continue
        seen.add(row)
        if not day and not customer and amount is not None:
            count("fields_above", amount)
        elif day in ("x", ""):
            count("unreadable_date", amount)
        elif amount is None:
            count("unreadable_amount", None)
        elif datetime.strptime(day, "%Y-%m-%d").date() > TODAY:
            count("future_date", amount)
        elif customer.lower() in ("", "guest", "n/a"):
            count("unknown_customer", amount)
        elif customer.lower().startswith("test") or product == "TEST":
            count("test_row", amount)
        else:
            kept = {"zero_amount": amount == 0, "return": amount < 0, "no_order_number": not order, "no_cost": not cost}
            for code in ["used", *(code for code, found in kept.items() if found)]:
                count(code, amount)
    return counts, money


@pytest.mark.parametrize("seed", range(2))
def test_overlapping_problems_are_counted_once_as_a_naive_recount_does(check, seed):
    chance = random.Random(seed)
    rows = [
        (
            chance.choice(["C1", "C2", "C3", "", "Guest", "n/a", "test", "TEST 2"]),
            chance.choice(["O1", "O2", ""]),
            chance.choice(["2025-01-05", "2025-02-06", "x", "", "2030-01-01"]),
            chance.choice(["1", "2.5", "-1", "0", "", "?"]),
            chance.choice(["P1", "P2", "TEST"]),
            chance.choice(["1", ""]),
        )
        for _ in range(400)
    ]
    tables, (counts, money) = check(rows), naive(rows)
    assert (tables.facts.used, tables.facts.revenue) == (counts.pop("used"), money.pop("used"))
    assert {code: tables.quality.loc[code, "rows"] for code in counts} == dict(counts)
    told = tables.quality["money"].drop("partial_month").dropna()
    assert told.to_dict() == {code: money[code] for code in told.index}
    assert {*money} - {*told.index} == {"unreadable_amount", "zero_amount"}


def test_net_returns_stay_in_the_log_and_dropped_ones_do_not(check):
    rows = [("A", "1", "2025-01-31", "10", "", ""), ("A", "1", "2025-01-31", "-4", "", "")]
    net, drop = check(rows, 'returns = "net"'), check(rows, 'returns = "drop"')
    assert (net.facts.used, net.facts.revenue) == (2, 6.0)
    assert (drop.facts.used, drop.facts.revenue) == (1, 10.0)
    assert drop.transactions.amount.to_pandas().tolist() == [10.0]
    assert drop.quality.loc["return"].tolist() == ["Return (negative amount)", 1, 0.5, -4.0, "row 3: 1", "set aside"]


def test_duplicates_are_dropped_or_kept(check):
    rows = [("A", "1", "2025-01-31", "10", "P", "1")] * 3
    drop, keep = check(rows), check(rows, 'duplicates = "keep"')
    assert (drop.facts.used, drop.facts.revenue, keep.facts.used, keep.facts.revenue) == (1, 10.0, 3, 30.0)
    assert drop.quality.loc["duplicate", ["rows", "money", "example", "done"]].tolist() == [
        2,
        20.0,
        "row 2",
        "set aside",
    ]
    assert keep.quality.loc["duplicate", ["money", "done"]].tolist() == [20.0, "kept, as portfoy.toml says"]


def test_a_row_with_an_empty_field_can_be_a_duplicate(check):
    assert check([("A", "1", "2025-01-31", "10", "", "")] * 2).facts.used == 1


def test_a_row_that_differs_in_a_column_we_do_not_use_is_no_duplicate(check):
    rows = [("A", "1", "2025-01-31", "10", "x"), ("A", "1", "2025-01-31", "10", "y")]
    assert check(rows, columns=[*COLUMNS[:4], "note"]).facts.used == 2


def test_the_value_for_unknown_customers_is_named_in_the_settings(check):
    rows = [("99999", "1", "2025-01-31", "10", "", ""), ("A", "2", "2025-01-31", "5", "", "")]
    assert check(rows).facts.customers == 2
    found = check(rows, "unknown_customers = ['99999']")
    assert (found.facts.customers, found.quality.loc["unknown_customer", "rows"]) == (1, 1)


def test_the_test_pattern_is_a_whole_id_in_any_case(check):
    rows = [(name, name, "2025-01-31", "10", "", "") for name in ("DEMO1", "demo2", "Demographics", "test", "x demo")]
    assert check(rows).quality.loc["test_row", "rows"] == 1
    assert check(rows, r"test_pattern = 'DEMO\d'").quality.loc["test_row", "rows"] == 2
    assert check(rows, "test_pattern = ''").quality.loc["test_row", "rows"] == 0


def test_one_id_on_a_fifth_of_the_rows_is_pointed_at(check):
    rows = CLEAN[:20] + [("C001", f"x{i}", "2025-03-03", "1", "P1", "1") for i in range(5)]
    found = check(rows).quality.loc["dominant_customer"]
    assert (found["rows"], found["example"]) == (6, "C001")


def test_the_last_month_is_partial_unless_its_last_day_is_there(check):
    rows = [("A", "1", "2025-01-31", "1", "", ""), ("B", "2", "2025-02-27", "1", "", "")]
    assert check(rows).quality.loc["partial_month", ["rows", "example"]].tolist() == [1, "2025-02-27"]
    whole = check([*rows, ("B", "3", "2025-02-28", "1", "", "")])
    assert whole.quality.loc["partial_month", "rows"] == 0


def test_today_is_not_the_future(check):
    rows = [("A", "1", "2026-01-01", "1", "", ""), ("A", "2", "2026-01-02", "1", "", "")]
    assert check(rows).quality.loc["future_date", ["rows", "example"]].tolist() == [1, "row 3: 2026-01-02"]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "transactions: there are no rows. Check the file and its filters."),
        (
            [("", "1", "2025-01-01", "1", "", "")],
            (
                "transactions: none of 1 rows can be used: Customer unknown (guest): 1 (row 2: "
                "1). Check mapping and formats in portfoy.toml."
            ),
        ),
        (
            [("A", "1", "2025-01-01", "-1", "", ""), ("A", "2", "2999-01-01", "1", "", "")],
            (
                "transactions: none of 2 rows can be used: Date in the future: 1 (row 3: "
                "2999-01-01); Return (negative amount): 1 (row 2: 1). Check mapping and "
                "formats in portfoy.toml."
            ),
        ),
        (
            [("test", "1", "2025-01-01", "1", "", "")] * 2 + [("A", "{0}", "2025-01-01", "{x}", "", ""), ("A", "B")],
            (
                "transactions: none of 4 rows can be used: Line does not fit the header: 1 "
                "(row 5: A,B); Repeats an earlier row: 1 (row 2); Amount missing or "
                "unreadable: 1 (row 4: {x}); Test customer or product: 1 (row 2: test). Check "
                "mapping and formats in portfoy.toml."
            ),
        ),
    ],
)
def test_a_log_without_a_usable_purchase_says_why(check, rows, message):
    with pytest.raises(DataError) as raised:
        check(rows)
    assert str(raised.value) == message
