"""`portfoy map`: a portfoy.toml drafted from names and values, which then works as it stands."""

import pandas as pd
import pytest

from portfoy.errors import DataError
from portfoy.source import mapping
from portfoy.source import open as source
from portfoy.source.names import ALIASES, guess, plain

TURKISH = "Müşteri No;Fatura No;Tarih;Tutar\nŞükrü;F1;31.01.2024;1.234,50\nÇiğdem;F2;01.02.2024;10,00\n"
POLISH = "Klient;Nr faktury;Data;Wartość\nŁukasz;F1;31.01.2024;1 234,50\nŻaneta;F2;01.02.2024;10,00\n"


@pytest.fixture
def draft(tmp_path):
    def draft(content, name="orders.csv"):
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return mapping.draft(tmp_path / name, beside=tmp_path)

    return draft


def test_the_whole_draft_of_a_turkish_file(draft):
    assert draft(TURKISH.encode("windows-1254")) == (
        "# Drafted from orders.csv; read it, then run portfoy check on this file\nsource = "
        '"orders.csv"\nname = "orders"  # what the pages call it\n'
        '# currency = "EUR"  # the three letters of your money\nencoding = '
        '"windows-1254"  # a guess: look at the letters in the names\ndelimiter = ";"\n'
        'date_format = "DD.MM.YYYY"  # as in 01.02.2024\ndecimal = ","\n\n[transactions]\n# '
        "taken for transactions: by Fatura No, Tarih, Tutar, the name of the file\ncustomer_id "
        '= "Müşteri No"\norder_id = "Fatura No"\nordered_on = "Tarih"\namount = "Tutar"\n'
    )


@pytest.mark.parametrize(
    ("content", "revenue"),
    [
        (TURKISH.encode("windows-1254"), 1244.5),
        (TURKISH.encode("utf-16"), 1244.5),
        (POLISH.encode("windows-1250"), 1244.5),
        (POLISH.encode(), 1244.5),
        ("CustomerID\tInvoiceNo\tInvoiceDate\tQuantity\tUnitPrice\n1\tA\t12/13/2010 8:26\t2\t1.5\n", 3.0),
        (" customer_id date number_of_cds dollar_value\n 01 19970131 1 5.5\n 01 19970131 1 5.5\n", 11.0),
        ("customer_id,order_id,when,amount,note\n1,2,2024-01-31,5,x\n1,3,,6,y\n", 5.0),
    ],
)
def test_a_draft_can_be_used_as_it_stands(draft, tmp_path, content, revenue):
    (tmp_path / "portfoy.toml").write_text(draft(content), encoding="utf-8")
    assert source.open(tmp_path).facts.revenue == revenue


def test_parquet_is_drafted_from_names_and_types(tmp_path):
    table = pd.DataFrame(
        {"client": [1], "fatura": [2], "day": [20240131], "total": [5.0], "made": [pd.Timestamp("2024")]}
    )
    table.to_parquet(tmp_path / "t.parquet")
    assert mapping.draft(tmp_path / "t.parquet", beside=tmp_path).splitlines()[5:] == [
        "[transactions]",
        "# taken for transactions: by fatura, day, total",
        'customer_id = "client"',
        'order_id = "fatura"',
        'ordered_on = "day"',
        'amount = "total"',
        "# not used: made",
    ]


def test_what_cannot_be_found_is_left_to_fill_in(draft):
    assert draft("a,b\nx,1\n", "x.csv").splitlines()[5:] == [
        "[transactions]",
        "# taken for transactions; nothing says so",
        "# customer_id = ?  # needed; no column looks like it",
        "# order_id = ?  # needed; no column looks like it",
        "# ordered_on = ?  # needed; no column looks like it",
        "# amount = ?  # needed; no column looks like it",
        "# not used: a, b",
    ]


def test_a_question_that_only_the_user_can_answer_stands_in_the_draft(draft):
    text = draft("customer;order;day;amount\n1;1;01/02/2024;1.234\n2;2;03/04/2024;5.678\n")
    assert (
        "# date_format = ?  # day: day and month cannot be told apart ('01/02/2024' and all "
        'other dates read both ways). Say which in portfoy.toml: date_format = "DD/MM/YYYY" or '
        '"MM/DD/YYYY".\n# decimal = ?  # amount: decimal points and commas are equally '
        'frequent. Say in portfoy.toml: decimal = "," or "."\n'
    ) in text


def test_a_file_with_names_only_is_mapped_by_them(draft):
    assert 'ordered_on = "date"' in draft("customer,order,date,amount\n")


def test_odd_names_are_written_as_toml_can_read_them(draft, tmp_path):
    content = 'customer,order,date,amount,"a""; DROP TABLE x; --",{},"two\nlines"\n1,1,2024-01-31,5,x,y,z\n'
    name = "odd \"{name}' \\ é.csv"
    (tmp_path / "portfoy.toml").write_text(draft(content, name), encoding="utf-8")
    assert source.open(tmp_path).facts.revenue == 5.0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty. Export it again."),
        (
            b"PAR1" + b"x" * 99,
            "cannot be read: Invalid Input Error: No magic bytes found at end of file '{path}'. "
            "Check that it is whole and may be read.",
        ),
        (b"xxxxxxxxDUCK", "is a DuckDB file. Give it to `portfoy check`."),
    ],
)
def test_what_is_no_table_is_refused_in_one_sentence(draft, tmp_path, content, message):
    with pytest.raises(DataError) as raised:
        draft(content)
    path = tmp_path / "orders.csv"
    assert str(raised.value) == f"{path}: {message.format(path=path)}"


def test_a_file_that_is_not_there_is_named(tmp_path):
    for name in ("none.csv", "x" * 5000):
        with pytest.raises(DataError) as raised:
            mapping.draft(tmp_path / name)
        assert str(raised.value).startswith(f"{tmp_path / name}: "[:300])


def test_names_are_compared_without_case_accents_and_signs():
    assert plain("Müşteri_No") == plain("MUSTERI NO") == "musterino"
    assert plain("Wartość ŁĄCZNA") == "wartosclaczna"
    assert plain("İade ıŞIK") == "iadeisik"


def test_a_guess_prefers_our_own_name_and_the_first_column():
    assert guess("amount", ["Total", "AMOUNT", "amount_"]) == "AMOUNT"
    assert guess("amount", ["no", "such"]) is None
    assert guess("customer_id", ["Kunde", "Customer No"]) == "Customer No"


def test_every_alias_is_written_plainly():
    for ours, aliases in ALIASES.items():
        assert [plain(alias) for alias in aliases] == aliases, ours
