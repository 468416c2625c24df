"""How a file is written, found by looking at it: kind, encoding, delimiter, header, dates."""

import gzip

import pytest

from portfoy.errors import DataError
from portfoy.source import dates, sniff, workbooks
from portfoy.source.settings import Format

TABLE = "a,b\n1,x\n2,y\n"


@pytest.fixture
def look(tmp_path):
    def look(content, name="t.csv", **given):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return sniff.look(path, Format(**given))

    return look


@pytest.fixture
def error(look, tmp_path):
    def error(content, **given):
        with pytest.raises(DataError) as raised:
            look(content, **given)
        return str(raised.value).removeprefix(f"{tmp_path / 't.csv'}: ")

    return error


@pytest.mark.parametrize(
    ("head", "kind"),
    [(b"PAR1....", "parquet"), (b"12345678DUCK", "duckdb"), (b"a,b\n", "text"), (b"\x1f\x8b..", "text")],
)
def test_kind_is_told_by_the_first_bytes_whatever_the_name(tmp_path, head, kind):
    (tmp_path / "x.csv").write_bytes(head)
    assert sniff.kind(tmp_path / "x.csv") == kind


@pytest.mark.parametrize(
    ("head", "message"),
    [
        (b"", "is empty. Export it again."),
        (b"PK\x03\x04.", "is an archive and no workbook. Save it as CSV."),
    ],
)
def test_what_is_no_table_is_refused_at_the_first_bytes(tmp_path, head, message):
    (tmp_path / "x.csv").write_bytes(head)
    with pytest.raises(DataError) as raised:
        workbooks.sheets(tmp_path / "x.csv") if head else sniff.kind(tmp_path / "x.csv")
    assert str(raised.value) == f"{tmp_path / 'x.csv'}: {message}"


@pytest.mark.parametrize(
    ("text", "delimiter", "names"),
    [
        (TABLE, ",", ("a", "b")),
        (TABLE.replace(",", ";"), ";", ("a", "b")),
        (TABLE.replace(",", "\t"), "\t", ("a", "b")),
        (TABLE.replace(",", "|"), "|", ("a", "b")),
        (" a  b\n 1 x\n 2  y\n", "whitespace", ("a", "b")),
        ("a;b\n1,5;2,5\n3,5;4,5\n", ";", ("a", "b")),
        ('a,b\n"1;2;3",x\n"4;5;6",y\n', ",", ("a", "b")),
        ('"a\nb",c\n"1\n2",3\n', ",", ("a b", "c")),
        ("sep=;\na;b\n1;2\n", ";", ("a", "b")),
        ("\n\na,b\n1,2\n", ",", ("a", "b")),
        ("only\n1\n", ",", ("only",)),
        ("a,A,,a\n1,2,3,4\n", ",", ("a", "A_", "column3", "a__")),
        ("\ufeffa, b \n1,2\n", ",", ("a", "b")),
    ],
)
def test_delimiter_and_names_are_found(look, text, delimiter, names):
    found = look(text)
    assert (found.delimiter, found.names) == (delimiter, names)


@pytest.mark.parametrize(
    ("content", "encoding", "plain"),
    [
        (TABLE.encode(), "utf-8", True),
        (b"\xef\xbb\xbf" + TABLE.encode(), "utf-8-sig", True),
        (TABLE.encode("utf-16"), "utf-16", False),
        (b"\xfe\xff" + TABLE.encode("utf-16-be"), "utf-16", False),
        (TABLE.encode("utf-16-le"), "utf-16-le", False),
        (TABLE.encode("utf-32"), "utf-32", False),
        (TABLE.replace("\n", "\r\n").encode(), "utf-8", True),
        (TABLE.replace("\n", "\r").encode(), "utf-8", True),
        (b"a,b\n1,x\r\n2,y\n", "utf-8", False),  # the engine takes one kind of line end
        (gzip.compress(TABLE.encode(), mtime=0), "utf-8", False),  # packed, but its name does not say so
    ],
)
def test_encoding_is_found_and_what_the_engine_cannot_read_is_marked(look, content, encoding, plain):
    found = look(content)
    assert (found.encoding, found.plain, found.names) == (encoding, plain, ("a", "b"))


def test_a_gzip_file_is_read_through(look):
    assert look(gzip.compress(TABLE.encode(), mtime=0), "t.csv.gz").plain


@pytest.mark.parametrize(
    ("header", "names", "skip"),
    [(True, ("1", "x"), 1), (False, ("column1", "column2"), 0), (("k", "v"), ("k", "v"), 0)],
)
def test_a_file_without_header_gets_its_names_from_the_settings(look, header, names, skip):
    found = look("1,x\n2,y\n", header=header)
    assert (found.names, found.skip) == (names, skip)


@pytest.mark.parametrize(
    ("content", "given", "message"),
    [
        ("\n \n", {}, "holds only blank lines. Export it again."),
        (
            bytes(range(32)) * 10,
            {},
            "is no text table (84% of its first bytes are control codes). Export it as CSV.",
        ),
        (
            "Müşteri\n".encode("windows-1254"),
            {},
            "is not UTF-8 text at byte 1. Its letters look like windows-1254: say in portfoy.toml: encoding = "
            '"windows-1254".',
        ),
        (
            TABLE,
            {"encoding": "utf-16"},
            'is not UTF-16 text at byte 0. Say in portfoy.toml: encoding = "windows-1254" (Turkish), '
            '"windows-1250" (Polish) or "windows-1252" (Western Europe).',
        ),
        (TABLE, {"header": ("a",)}, "the header names 1 columns, the first line has 2. Name each."),
        (gzip.compress(TABLE.encode() * 99, mtime=0)[:-9], {}, "is not a whole gzip file. Export it again."),
        ("x" * sniff.HEAD, {}, "no line ends in 4 MiB. Export it again, one row a line."),
        (
            "x" * 200_000 + "\n1\n",
            {},
            "its first line is too long for a header. Export it again.",
        ),
    ],
)
def test_what_is_no_text_table_is_refused_in_one_sentence(error, content, given, message):
    assert error(content, **given) == message


@pytest.mark.parametrize(
    ("days", "form"),
    [
        ({"2024-01-02": 1}, "%Y-%m-%d"),
        ({"31.12.2023": 1, "01.02.2024": 5}, "%d.%m.%Y"),
        ({"01/02/2024": 9, "13/04/2024": 1}, "%d/%m/%Y"),
        ({"01/02/2024": 9, "04/13/2024": 1}, "%m/%d/%Y"),
        ({"12/1/2010": 3, "12/13/2010": 1}, "%m/%d/%Y"),
        ({"20240102": 1}, "%Y%m%d"),
        ({"202401": 1}, None),
        ({"": 5}, None),
        ({"45292": 1}, None),
        ({"1899-12-31": 1, "0001-01-01": 1}, None),
        ({"9999-12-31": 1}, "%Y-%m-%d"),
        ({"2024-01-02": 9, "31.12.2023": 1, "": 3}, "%Y-%m-%d"),
    ],
)
def test_the_date_format_is_the_one_that_reads_most_rows(days, form):
    assert dates.date_format(days, where="here") == form


def test_dates_that_read_both_ways_are_a_question_to_the_user():
    with pytest.raises(DataError) as raised:
        dates.date_format({"01/02/2024": 1, "03/04/2024": 1}, where="leads.created_on")
    assert str(raised.value) == (
        "leads.created_on: day and month cannot be told apart ('01/02/2024' and all other dates read both ways). "
        'Say which in portfoy.toml: date_format = "DD/MM/YYYY" or "MM/DD/YYYY".'
    )


def test_dates_that_contradict_one_another_are_a_question_too():
    with pytest.raises(DataError) as raised:
        dates.date_format({"13/02/2024": 1, "02/13/2024": 1}, where="here")
    assert str(raised.value) == (
        "here: as many dates read only as DD/MM/YYYY ('13/02/2024') as read only as MM/DD/YYYY. "
        'Say which in portfoy.toml: date_format = "DD/MM/YYYY" or "MM/DD/YYYY".'
    )


@pytest.mark.parametrize("form", ["DD.MM.YYYY", "%d.%m.%Y", "DD MMM YYYY", "%m/%d/%Y %H:%M", "YYYY-MM-DD HH:mm:ss"])
def test_a_date_format_may_be_words_or_codes(form):
    assert dates.is_date_format(form)


@pytest.mark.parametrize("form", ["", "MM.YYYY", "%Q", "TT.MM.JJJJ", "DD.MM.YYYY HH:MM"])
def test_a_date_format_without_day_month_and_year_is_none(form):
    assert not dates.is_date_format(form)


def test_formats_go_from_words_to_codes_and_back():
    for form in dates.DATE_FORMATS:
        assert dates.strptime_format(dates.worded(form)) == form
