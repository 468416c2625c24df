"""portfoy.toml: what it can say, and one line for what it cannot."""

import pytest

from portfoy.errors import DataError
from portfoy.source.settings import Format, Settings, read_settings


@pytest.fixture
def read(tmp_path):
    def read(text):
        path = tmp_path / "portfoy.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_settings(path)

    return read


@pytest.fixture
def error(read, tmp_path):
    def error(text):
        with pytest.raises(DataError) as raised:
            read(text)
        return str(raised.value).removeprefix(f"{tmp_path / 'portfoy.toml'}: ")

    return error


def test_an_empty_file_is_the_defaults_with_its_own_folder_as_source(read, tmp_path):
    settings = read("")
    assert settings.source == str(tmp_path)
    assert (settings.returns, settings.duplicates, settings.currency) == ("net", "drop", None)
    assert settings.format("transactions") == Format()
    assert settings.format("no such table") == Format()


def test_what_stands_on_top_holds_for_every_table_unless_a_table_says_otherwise(read):
    settings = read(
        'source = "orders.csv"\nname = "Shop"\ncurrency = "TRY"\nreturns = "drop"\nduplicates = "keep"\n'
        'unknown_customers = ["MİSAFİR", 0]\ntest_pattern = "demo.*"\ndelimiter = ";"\ndecimal = ","\n'
        '[transactions]\ndate_format = "DD.MM.YYYY"\ncustomer_id = "Müşteri"\norder_id = ["a", "b"]\n'
        '[spend]\ndecimal = "."\nheader = ["month", "channel", "cost"]\n[surveys]\nexpectation_price = "Q1"\n'
    )
    assert settings.format("transactions") == Format(delimiter=";", decimal=",", date_format="DD.MM.YYYY")
    assert settings.format("spend") == Format(delimiter=";", decimal=".", header=("month", "channel", "cost"))
    assert settings.format("leads") == Format(delimiter=";", decimal=",")
    assert settings.columns == {
        "transactions": {"customer_id": "Müşteri", "order_id": ["a", "b"]},
        "spend": {},
        "surveys": {"expectation_price": "Q1"},
    }
    assert (settings.name, settings.currency, settings.returns, settings.duplicates) == ("Shop", "TRY", "drop", "keep")
    assert {"misafir", "0", "guest", ""} <= set(settings.unknown())


def test_a_byte_order_mark_and_an_address_are_taken_as_they_come(read):
    assert read(b"\xef\xbb\xbfsource = 'postgres://host/base'").source == "postgres://host/base"


def test_unknown_customers_are_compared_in_lower_case_without_blanks():
    assert "walk-in" in Settings(unknown_customers=(" Walk-In ",)).unknown()


KNOWN_SPEND = (
    "channel, constants, cost, currency, date_format, decimal, delimiter, encoding, escape, file, fill_down, "
    "first_of, footer, header, join, keep, kind, leave_out, month, null_words, ranges, sheet, "
    "skip, thousands, timezone, unfold, values"
)


def test_all_unknown_keys_stand_in_one_message_with_the_nearest_known_one(error):
    assert error('[spend]\nchanel = "x"\nqqq = "y"\n') == (
        f"unknown settings: 'spend.chanel' (did you mean 'channel'?), 'spend.qqq'. Known are: {KNOWN_SPEND}."
    )
    assert error('currencyy = "EUR"').startswith("unknown settings: 'currencyy' (did you mean 'currency'?). Known")
    assert error("[transaction]").startswith("unknown settings: 'transaction' (did you mean 'transactions'?). Known")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("currency = 5", "'currency' is 5, not three capital letters, such as \"EUR\"."),
        ('returns = "keep"', "'returns' is 'keep', not \"net\" / \"drop\"."),
        ("returns = {a = 1}", "'returns' is {'a': 1}, not \"net\" / \"drop\"."),
        ("duplicates = []", '\'duplicates\' is [], not "drop" / "keep".'),
        ('decimal = ";"', '\'decimal\' is \';\', not "." / "," / ":".'),
        ('thousands = "abc"', '\'thousands\' is \'abc\', not "" / "." / "," / "\'" / " ".'),
        ('thousands = "."\ndecimal = "."', "'thousands' is '.', not another sign than decimal."),
        (
            'delimiter = ";;"',
            "'delimiter' is ';;', not one character (no quotation mark), \"tab\" or \"whitespace\".",
        ),
        (
            "delimiter = '\"'",
            '\'delimiter\' is \'"\', not one character (no quotation mark), "tab" or "whitespace".',
        ),
        (
            'encoding = "rot13"',
            '\'encoding\' is \'rot13\', not "utf-8", "utf-16", "windows-1254", "windows-1250", "cp857" ....',
        ),
        (
            'date_format = "TT.MM.JJJJ"',
            "'date_format' is 'TT.MM.JJJJ', not a date form such as \"DD.MM.YYYY\" or \"%d.%m.%Y\".",
        ),
        (
            'date_format = "%Q"',
            "'date_format' is '%Q', not a date form such as \"DD.MM.YYYY\" or \"%d.%m.%Y\".",
        ),
        ("unknown_customers = 'x'", "'unknown_customers' is 'x', not a list of texts."),
        (
            "test_pattern = '('",
            "'test_pattern' is '(', not a regular expression without look-around or back-references.",
        ),
        (
            "test_pattern = '(?=x)'",
            "'test_pattern' is '(?=x)', not a regular expression without look-around or back-references.",
        ),
        ("source = 1", "'source' is 1, not a text in quotes."),
        ("transactions = 5", "'transactions' is 5, not a section, [transactions]."),
        ("[[transactions]]", "'transactions' is [{}], not a section, [transactions]."),
        (
            "[transactions]\nheader = 'no'",
            "'transactions.header' is 'no', not false, or a list of column names.",
        ),
        ("[transactions]\nheader = []", "'transactions.header' is [], not false, or a list of column names."),
        (
            "[transactions]\namount = ['a', 'b']",
            "'transactions.amount' is ['a', 'b'], not one column name in quotes.",
        ),
        (
            "[transactions]\ncustomer_id = []",
            "'transactions.customer_id' is [], not a column name, or a list of column names.",
        ),
        ("a =", "is no TOML: Invalid value (at end of document). Correct that line."),
    ],
)
def test_a_value_that_a_setting_cannot_have_is_named_with_the_rule(error, text, message):
    assert error(text) == message


def test_bytes_that_are_no_text_are_no_toml(error):
    assert error(b"\xff\xfe") == (
        "is no TOML: 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte. Correct that line."
    )


PLAIN = """
source = "a"
name = "Shop"
currency = "TRY"
unknown_customers = ["0", "WALK-IN"]
decimal = ","
[transactions]
customer_id = "Kunde"
order_id = ["a", "b"]
[surveys]
file = "s.csv"
"""


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("", "", True),
        ("name", "# a remark\nname", True),
        ('currency = "TRY"', 'returns = "net"\ncurrency = "TRY"', True),  # what is so by default
        ('"0", "WALK-IN"', '"walk-in", "0", "guest"', True),
        ('customer_id = "Kunde"\norder_id = ["a", "b"]', 'order_id = ["a", "b"]\ncustomer_id = ["Kunde"]', True),
        ('"a"\nname = "Shop"', '"postgres://me:s3cret@host/base"\nname = "Store"', True),
        ('"TRY"', '"EUR"', False),
        ('name = "Shop"', 'name = "Shop"\nreturns = "drop"', False),
        ('name = "Shop"', 'name = "Shop"\nduplicates = "keep"', False),
        ('name = "Shop"', 'name = "Shop"\ntest_pattern = "x"', False),
        ('name = "Shop"', 'name = "Shop"\nheader = ["a", "b"]', False),
        ('"WALK-IN"', '"WALKIN"', False),
        ('decimal = ","', 'decimal = "."', False),
        ('"Kunde"', '"Kundin"', False),
        ('["a", "b"]', '["b", "a"]', False),
        ('"s.csv"', '"t.csv"', False),
    ],
)
def test_the_meaning_of_the_settings_has_a_fingerprint(tmp_path, old, new, same):
    found = []
    for text in (PLAIN, PLAIN.replace(old, new)):
        (tmp_path / "portfoy.toml").write_text(text, encoding="utf-8")
        found.append(read_settings(tmp_path / "portfoy.toml").fingerprint())
    assert (found[0] == found[1]) is same


def test_settings_that_say_nothing_are_like_none(tmp_path):
    (tmp_path / "portfoy.toml").write_text('duplicates = "drop"\n[tickets]\n')
    assert read_settings(tmp_path / "portfoy.toml").fingerprint() == Settings(source="elsewhere").fingerprint()
