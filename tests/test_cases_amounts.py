"""Amounts as exports of the trade write them: the folders of ../shared/cases, and a second file of each kind.

The judge of a folder is a careful reader: what its README says is right. That of a second file is the sum by hand.
"""

import shutil
import tomllib
from pathlib import Path

import pandas as pd
import pytest

from portfoy.errors import DataError
from portfoy.source import open as source
from portfoy.source.amounts import is_amount
from portfoy.source.mapping import draft

CASES = Path(__file__).parents[2] / "shared" / "cases"


@pytest.fixture
def opened(tmp_path, monkeypatch):
    """Opens lines with our names, or a file with the portfoy.toml that `portfoy map` drafts; `more` are settings."""

    def opened(content, more=""):
        monkeypatch.chdir(tmp_path)
        if isinstance(content, Path):
            shutil.copy(content, "t.csv")
        else:
            Path("t.csv").write_text(content, "utf-8")
        plain = not isinstance(content, Path)  # such columns have our names
        Path("portfoy.toml").write_text(
            'source = "t.csv"\n[transactions]\n' if plain else draft(Path("t.csv")), "utf-8"
        )
        with Path("portfoy.toml").open("a", encoding="utf-8") as file:
            file.write(more)
        return source.open(tmp_path)

    return opened


def case(name):
    if not (CASES / name).exists():
        pytest.skip(f"the case {name} is not beside the repository")
    return CASES / name


RIGHT = {  # by hand, from the files
    "apostrophe_minus/apos.csv": 100 + 70 - 70 - 5 + 55,
    "dashes_as_minus/endash.csv": 100 + 70 - 70 + 55 - 55 - 55,
    "debit_credit/crdr.csv": 100 + 70 - 70 + 55,
    "indian_grouping/lakh.csv": 125_000 + 1_250_000 + 9_500 + 300_000 + 450 + 850,
    "swiss_apostrophe/swiss.csv": 1250 + 12_300.50 + 950 + 1100,
    "kr_before_amount/m.csv": 1250 + 80.50 + 1040,
    "rs_before_amount/m.csv": 1250 + 80.50 + 1040,
    "no_cents_dash/m.csv": 1250 + 80.50 + 250 + 1040,
    "no_cents_dash/m2.csv": 250 + 80.50 + 1040 + 99,
    "no_cents_dash/m3.csv": 250 + 80.50 + 40,
    "discount_per_cent/disc_pct.csv": 2 * 100 * 0.9 + 50 + 4 * 25 * 0.8,
    "discount_negative/disc_neg.csv": 2 * 100 - 20 + 50 + 4 * 25 - 20,
    "text_formulas/excel_formula.csv": 1250 + 250.50 + 99.50,
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_case_has_the_revenue_that_a_careful_reader_finds(opened, name):
    tables = opened(case(name.split("/")[0]) / name.split("/")[1])
    assert tables.facts.revenue == pytest.approx(RIGHT[name], abs=1e-6)
    assert tables.facts.used == tables.facts.rows


def lines(*amounts, mark=";"):
    rows = [f"C{place % 3}{mark}O{place}{mark}2026-01-{place % 28 + 1:02}{mark}{text}" for place, text in amounts]
    return f"customer_id{mark}order_id{mark}ordered_on{mark}amount\n" + "\n".join(rows) + "\n"


def column(*texts, mark=";"):
    return lines(*enumerate(texts), mark=mark)


SECOND = {  # texts of a column, and the numbers they are by hand
    "apostrophe_minus": (["'-45,00", "'- 1.250,50", "300,00", "'12,00"], [-45, -1250.5, 300, 12]),
    "dashes": (["\u22121 234,56 zł", "10,00 \u2013", "\u2014 3,00", "9 999,50 zł"], [-1234.56, -10, -3, 9999.5]),
    "brackets": (
        ["(1.234,56)", "1.234,56-", "\u20ba9.234,5", "(5,00) TL", "TL -2,00"],
        [-1234.56, -1234.56, 9234.5, -5, -2],
    ),
    "debit_credit": (["1.234,50 B", "(A) 4,50", "250,00 A", "12,00 (B)"], None),
    "soll_haben": (["120,00 S", "40,00 H", "S 7,50", "1.000,00 S"], [120, -40, 7.5, 1000]),
    "d_and_c": (["1,234.56 D", "34.56 C", "$ 10.00 D", "5.00 D"], [1234.56, -34.56, 10, 5]),
    "cr_only": (["1,234.56 CR", "CR 250.00", "2,000.00", "Rs 10.00", "700.00"], [-1234.56, -250, 2000, 10, 700]),
    "borç_alacak": (["100,00 Borç", "30,00 Alacak", "5,50 Borç"], [100, -30, 5.5]),
    "wn_ma": (["100,00 Wn", "30,00 Ma", "5,50 Wn"], [100, -30, 5.5]),
    "indian": (["\u20b9 16,85,800.00", "-1,00,000.50", "Rs.9,500", "INR 85.25"], [1685800, -100000.5, 9500, 85.25]),
    "indian_no_cents": (["\u20b9 1,25,000/-", "Rs 500/-", "45,000/-"], [125000, 500, 45000]),
    "swiss": (["CHF 1'250.-", "Fr. 12\u2019300.50", "-40.\u2013", "SFr. 9.95"], [1250, 12300.5, -40, 9.95]),
    "no_cents": (["250,\u2013", "1 040,- kr", "80,50 kr", "kr 40,--", "250:-"], [250, 1040, 80.5, 40, 250]),
    "blanks": (
        ["1\u00a0234,56", "1\u202f234\u202f567,8", "1\u2009000,0", "EUR 1 234,56"],
        [1234.56, 1234567.8, 1000, 1234.56],
    ),
    "full_width": (
        ["\uff11\uff0c\uff12\uff13\uff14\uff0e\uff15", "\uffe5\uff15\uff10\uff0e\uff15", "7.25"],
        [1234.5, 50.5, 7.25],
    ),
    "signs": (
        ["US$ 1,000.50", "$-5.25", "-$5.25", "$ 3.00", "5.50USD"],
        [1000.5, -5.25, -5.25, 3, 5.5],
    ),
    "colon": (["1 250:50", "80:00 kr", "-1.250:75", "250:-"], [1250.5, 80, -1250.75, 250]),
    "colon_plain": (["12:95", "8:00", "1250:50"], [12.95, 8, 1250.5]),
    "spreadsheet": (["1,25E+05", "80,50", "250,25"], [125_000, 80.5, 250.25]),
    "pounds": (["\u00a31.5", "GBP 2.25"], [1.5, 2.25]),
    "reais": (["R$ 3.00", "1.5 R$"], [3, 1.5]),
    "words": (["12,50 zł", "PLN 1.000,00", "1,5 zl"], [12.5, 1000, 1.5]),
    "words_behind": (["12,50 TL.", "3,5 \u20ba"], [12.5, 3.5]),
    "lei": (["1,5 lei", "RON 2,25"], [1.5, 2.25]),
    "three_digits": (["1.234", "0.125", "2.5"], [1.234, 0.125, 2.5]),
    "three_digits_grouped": (["1.234", "12,5", "2,25"], [1234, 12.5, 2.25]),
}


@pytest.mark.parametrize("kind", SECOND)
def test_a_second_file_of_each_kind_has_the_sum_by_hand(opened, kind):
    texts, numbers = SECOND[kind]
    tables = opened(column(*texts), "\n" if kind != "debit_credit" else "")
    numbers = numbers or [1234.5, None, -250, 12]
    found = tables.transactions.to_pandas().set_index("order_id")["amount"]
    expected = {f"O{place}": number for place, number in enumerate(numbers) if number is not None}
    assert found.to_dict() == pytest.approx(expected)


JUNK = [
    "12abc",
    "e5",
    "1e5",
    "12e5",
    "5 kg",
    "5k",
    "1/2",
    "10%",
    "approx 5",
    "1 1/2",
    "-5-",
    "(-5)",
    "5 B",
    "--5",
    "1_0",
]


def test_what_is_not_understood_is_no_number(opened):
    tables = opened(column(*[f"{n}.5" for n in range(200)], *JUNK))
    assert tables.facts.revenue == sum(n + 0.5 for n in range(200))
    assert tables.quality.loc["unreadable_amount", ["rows", "example"]].tolist() == [len(JUNK), f"row 202: {JUNK[0]}"]
    assert [text for text in JUNK if is_amount(text)] == ["5 B"]  # which it is where there are A, too


def test_most_unreadable_amounts_stop_it_and_say_what_to_write(opened):
    texts = [f"{n}.50" for n in range(30)] + [f"{n} about" for n in range(6)]
    with pytest.raises(DataError) as raised:
        opened(column(*texts))
    assert str(raised.value) == (
        "transactions: 6 of 36 amounts cannot be read (0 about); mostly such are the largest. Say in portfoy.toml how "
        "they are written: decimal, thousands; null_words for words that stand for nothing."
    )
    assert (
        opened(column(*texts), "null_words = [" + ", ".join(f'"{n} about"' for n in range(6)) + "]\n").facts.used == 30
    )


def test_decimals_of_two_kinds_are_never_guessed(opened):
    texts = [f"{n}.50" for n in range(30)] + [f"{n},50" for n in range(6)]
    with pytest.raises(DataError, match=r"6 of 36 amounts cannot be read \(0,50\)"):
        opened(column(*texts))


# Which of debit and credit is a sale


def test_credits_that_prevail_are_refused_until_said(opened):
    text = column("100.00 Cr", "70.00 Cr", "20.50 Dr")
    with pytest.raises(DataError) as raised:
        opened(text)
    assert str(raised.value) == (
        "transactions.amount: 1 rows are marked as debit (Dr), 2 as credit (Cr); which are sales depends on the book. "
        'Say in portfoy.toml: debit = "sale" or debit = "return".'
    )
    assert opened(text, 'debit = "return"\n').facts.revenue == 149.5
    assert opened(text, 'debit = "sale"\n').facts.revenue == -149.5


def test_times_are_no_amounts_and_lost_digits_are_said(opened):
    with pytest.raises(DataError, match=r"unreadable: 3 \(row 2: 12:50\)"):
        opened(column("12:50", "8:00", "2:30"))
    assert opened(column("1,25E+05", "80,50", "1,3e+06")).reading[0] == (
        "transactions.amount: 2 numbers such as 1,25e+05 lost digits in a spreadsheet: read rounded; export again"
    )
    assert opened(column("1250.5", "1.0E7")).reading == []  # as programs write a whole one


BESIDE = "customer_id,order_id,ordered_on,amount,{}\nA,1,2026-01-02,{}\nB,2,2026-01-03,{}\nA,3,2026-01-05,{}\n"


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("S/H", ["100.5,S", "70,S", "20,H"]),
        ("Dr/Cr", ["100.5,Dr", "70,Dr", "20,Cr"]),
        ("Fiş Türü", ["100.5,Toptan Satış Faturası", "70,Perakende Satış Faturası", "20,Toptan Satış İade Faturası"]),
        ("Transaction Type", ["100.5,Invoice", "70,Sales Receipt", "20,Credit Memo"]),
        ("Natureza", ["100.5,Venda", "70,Venda", "20,Devolução de venda"]),
        ("Type", ["100.5,Facture", "70,Facture", "20,Avoir"]),
        ("Rodzaj", ["100.5,Faktura VAT", "70,Faktura VAT", "20,Faktura korygująca"]),
    ],
)
def test_a_column_that_says_the_sign_is_asked_about_and_read_where_named(opened, name, cells):
    text = column(*cells, mark=",").replace("amount\n", f"amount,{name}\n")
    tables = opened(text)
    assert tables.facts.revenue == 190.5
    assert [line.endswith(f'sign = "{name}"') for line in tables.reading] == [True]
    assert opened(text, f'sign = "{name}"\n').facts.revenue == 150.5
    assert not opened(text.replace(",20,", ",-20,")).reading  # which says it already


def test_letters_and_words_that_say_no_sign_are_not_asked_about(opened):
    for cells in (["1,A", "2,B"], ["1,S", "2,M", "3,H"], ["1,1", "2,-1", "3,2"], ["1,return", "2,return"]):
        assert opened(column(*cells, mark=",").replace("amount\n", "amount,kind\n")).reading == []


@pytest.mark.parametrize(
    ("name", "cells", "setting"),
    [
        ("S/H", ["100.5,S", "70,S", "20,H"], 'sign = "S/H"'),
        ("Yön", ["100.5,B", "70,B", "20,A"], 'sign = "Yön"'),
        ("+/-", ["100.5,+", "70,+", "20,-"], 'sign = "+/-"'),
        ("+/-", ["100.5,", "70,", "20,-"], 'sign = "+/-"'),
        ("Type", ["100.5,Sale", "70,Sale", "20,Refund"], 'sign = "Type"'),
        ("Alacak", ["100.5,", "70,0", ",20"], 'credit = "Alacak"'),
    ],
)
def test_a_sign_or_the_credits_stand_in_a_column_of_their_own(opened, name, cells, setting):
    assert opened(BESIDE.format(name, *cells), setting + "\n").facts.revenue == 150.5


@pytest.mark.parametrize(
    ("names", "cells", "drafted"),
    [
        ("amount,S/H", ["100.5,S", "70,S", "20,H"], {"sign": "S/H"}),
        ("amount,D/C", ["100.5,D", "70,D", "20,C"], {"sign": "D/C"}),
        ("amount,Dr/Cr", ["100.5,Dr", "70,Dr", "20,Cr"], {"sign": "Dr/Cr"}),
        ("amount,B/A", ["100.5,B", "70,B", "20,A"], {"sign": "B/A"}),
        ("amount,Wn/Ma", ["100.5,Wn", "70,Wn", "20,Ma"], {"sign": "Wn/Ma"}),
        ("amount,+/-", ["100.5,+", "70,+", "20,-"], {"sign": "+/-"}),
        ("amount,Vorzeichen", ["100.5,", "70,", "20,-"], {"sign": "Vorzeichen"}),
        ("amount,Type", ["100.5,Sale", "70,Sale", "20,Refund"], {"sign": "Type"}),
        ("Debit,Credit", ["100.5,", "70,0", ",20"], {"amount": "Debit", "credit": "Credit"}),
        ("Borç,Alacak", ["100.5,0", "70,0", "0,20"], {"amount": "Borç", "credit": "Alacak"}),
        ("Debe,Haber", ["100.5,", "70,", ",20"], {"amount": "Debe", "credit": "Haber"}),
        ("Wn,Ma", [",100.5", ",70", "20,"], {"amount": "Ma", "credit": "Wn"}),
    ],
)
def test_a_sign_or_credits_are_drafted_with_what_is_unsure(tmp_path, names, cells, drafted):
    rows = "".join(f"C{place},{place},2026-01-0{place + 1},{cell}\n" for place, cell in enumerate(cells))
    (tmp_path / "t.csv").write_text(f"customer,order,date,{names}\n{rows}", "utf-8")
    text = draft(tmp_path / "t.csv", beside=tmp_path)
    (tmp_path / "portfoy.toml").write_text(text, "utf-8")
    section = tomllib.loads(text)["transactions"]
    assert {ours: section.get(ours) for ours in ("amount", "sign", "credit") if ours in section} == {
        "amount": "amount"
    } | drafted
    assert source.open(tmp_path).facts.revenue == 150.5  # by hand
    assert "taken off, in 1 of the first 3 rows" in text


def test_what_is_no_sign_is_not_drafted_and_what_depends_on_the_book_is_asked(tmp_path):
    def text(name, *cells):
        rows = "".join(f"C{place},{place},2026-01-0{place + 1},{cell}\n" for place, cell in enumerate(cells))
        (tmp_path / "t.csv").write_text(f"customer,order,date,amount,{name}\n{rows}", "utf-8")
        return draft(tmp_path / "t.csv", beside=tmp_path)

    assert "sign =" not in text("variant", "5,A", "6,B", "7,B")
    assert "sign =" not in text("Type", "5,Sale", "6,Sale", "-7,Refund")  # which is below zero anyway
    assert "not understood: Swap" in text("Type", "5,Sale", "6,Swap", "7,Refund")
    assert '# debit = "return"  # they are most rows, and which of the two are sales depends on the book' in text(
        "D/C", "5,C", "6,C", "7,D"
    )


def test_a_column_beside_the_amount_must_be_there(opened):
    with pytest.raises(DataError) as raised:
        opened(column("5.5"), 'sign = "S/H"\n')
    assert str(raised.value) == (
        "transactions: portfoy.toml names 'S/H' beside the amount, which is no column. Correct the name."
    )


# Discounts and costs

PRICED = "customer_id,order_id,ordered_on,quantity,unit_price,{}\n"
PRICED += "A,1,2026-01-02,2,100,{}\nB,2,2026-01-03,1,50,{}\nA,3,2026-01-05,4,25,{}\n"


@pytest.mark.parametrize(
    ("name", "cells", "right"),
    [
        ("discount", ["%10", "none", "20 %"], 180 + 50 + 80),
        ("discount", ["0.1", "0", "0.2"], 180 + 50 + 80),
        ("discount_pct", ["10", "0", "20"], 180 + 50 + 80),
        ("discount", ["-10%", "", "-20%"], 180 + 50 + 80),
        ("discount", ["20", "0", "20"], 180 + 50 + 80),
        ("discount", ["10%", "5", "0"], 180 + 45 + 100),
        ("discount", ["yok", "brak", "keine"], 350),
    ],
)
def test_a_discount_is_taken_off_however_it_is_written(opened, name, cells, right):
    tables = opened(PRICED.format(name, *cells), "" if name == "discount" else f'discount = "{name}"\n')
    assert tables.facts.revenue == pytest.approx(right)


def test_a_discount_that_may_be_money_or_a_share_is_asked_for(opened):
    text = PRICED.replace("100,", "2,").replace("50,", "3,").replace("25,", "4,").format("discount", "0.5", "0.5", "0")
    with pytest.raises(DataError) as raised:
        opened(text)
    assert str(raised.value) == (
        "transactions.discount: is 0.5 at most; that may be money off the line, per cent or a share of it. Say in "
        'portfoy.toml: discount_as = "money", "percent" or "share".'
    )
    assert opened(text, 'discount_as = "money"\n').facts.revenue == 4 - 0.5 + 3 - 0.5 + 16
    assert opened(text, 'discount_as = "share"\n').facts.revenue == 2 + 1.5 + 16
    assert opened(text, 'discount_as = "percent"\n').facts.revenue == 4 * 0.995 + 3 * 0.995 + 16


def test_a_line_that_comes_back_takes_its_discount_with_it(opened):
    text = (
        "customer_id,order_id,ordered_on,quantity,unit_price,discount\nA,1,2026-01-02,2,10,3\nA,2,2026-01-03,-2,10,3\n"
    )
    assert opened(text + "B,3,2026-01-04,1,5,0\n").facts.revenue == 5


def test_a_discount_that_cannot_be_read_makes_the_line_unreadable(opened):
    tables = opened(PRICED.format("discount", "loyal", "5", "10"))
    assert tables.facts.revenue == 45 + 90
    assert tables.quality.loc["unreadable_amount", "example"] == "row 2: discount: loyal"


def test_a_discount_of_more_than_the_whole_price_is_none(opened):
    text = "customer_id,order_id,ordered_on,quantity,unit_price,discount_pct\n"
    text += "".join(f"C,{n},2026-01-02,1,100,{120 if n == 12_000 else 10}\n" for n in range(12_001))
    tables = opened(text, 'discount = "discount_pct"\n')
    assert tables.facts.revenue == pytest.approx(12_000 * 90)
    assert tables.quality.loc["unreadable_amount", ["rows", "example"]].tolist() == [1, "row 12002: discount: 120"]


def test_a_cost_that_is_the_lines_is_shared_among_its_pieces(opened):
    tables = opened(case("cost_per_line") / "superm.csv")
    log = tables.transactions.to_pandas().set_index("order_id")
    assert (log["amount"] - log["quantity"] * log["unit_cost"]).to_dict() == pytest.approx({"I1": 3.5, "I2": 2.0})


COSTS = "customer_id,order_id,ordered_on,quantity,amount,unit_cost\n"
COSTS += "A,1,2026-01-02,3,30,{}\nB,2,2026-01-03,4,60,{}\nA,3,2026-01-05,1,9,{}\n"


@pytest.mark.parametrize(
    ("cells", "more", "pieces"),
    [
        (["24", "48", "8"], "", [8, 12, 8]),  # of the line: 3 x 24 would be more than 30
        (["8", "12", "8"], "", [8, 12, 8]),  # of a piece
        (["24", "48", "8"], 'cost_of = "piece"\n', [24, 48, 8]),
        (["8", "12", "8"], 'cost_of = "line"\n', [8 / 3, 3, 8]),
    ],
)
def test_a_cost_is_of_a_piece_or_of_the_line(opened, cells, more, pieces):
    tables = opened(COSTS.format(*cells), more)
    assert tables.transactions.to_pandas().sort_values("order_id")["unit_cost"].tolist() == pytest.approx(pieces)
    assert any("taken as the cost of the line" in said for said in tables.reading) == (not more and cells[0] == "24")


# What is no amount but stands beside it


def test_the_quantity_that_cannot_be_read_is_named(opened):
    tables = opened(case("quantity_unreadable") / "qty_bad.csv")
    assert tables.facts.revenue == 100
    assert tables.quality.loc["unreadable_amount", ["rows", "example"]].tolist() == [2, "row 2: quantity: two"]


def test_the_words_of_pieces_are_understood(opened):
    text = "customer_id,order_id,ordered_on,quantity,unit_price\n"
    text += "A,1,2026-01-02,2 szt.,10\nB,2,2026-01-03,3 adet,10\nC,3,2026-01-04,1 kg,10\n"
    tables = opened(text)
    assert (tables.facts.revenue, tables.facts.used) == (50, 2)


def test_a_text_formula_is_its_text(opened):
    text = "customer_id,order_id,ordered_on,amount\n"
    text += '="007",="1",="2026-01-02","=""-1,250.50"""\n8,2,2026-01-03,"=""3.25"""\n'
    log = opened(text).transactions.to_pandas().sort_values("order_id")
    assert log[["customer_id", "amount"]].to_numpy().tolist() == [["007", -1250.5], ["8", 3.25]]


def test_flags_may_be_numbers():
    folder = case("flags_as_numbers")
    told = source.open(folder).contacts.responded.sum().to_pandas()
    assert told == pd.read_csv(folder / "contacts.csv")["responded"].sum() == 5


def test_a_date_that_cannot_be_is_set_aside(opened):
    tables = opened(case("date_that_cannot_be") / "placeholder.csv")
    whole = pd.read_csv(case("date_that_cannot_be") / "placeholder.csv")
    assert tables.facts.used == (whole["Date"] >= "2025").sum()
    assert str(tables.facts.first_day) >= "2025"
    assert tables.quality.loc["impossible_date", "rows"] == 2  # 1900-01-01 and 1970-01-01
