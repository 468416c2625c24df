"""Files as exports write them: titles and totals, encodings, month names, day numbers, zones, sheets, several years.

Judges: the right value of each case, told by a careful person in ``cases/README.md``; sums by hand. Each kind has a
second file of our own: another language, separator, encoding or system.
"""

import datetime
import os
import tomllib

import pandas as pd
import pytest
import xlsxwriter

from portfoy.errors import DataError
from portfoy.source import dates, encodings, mapping
from portfoy.source import open as source

HEADER = "customer_id,order_id,ordered_on,amount\n"


@pytest.fixture
def case(shared_data):
    """A folder of the shared cases; without them the test is skipped, and says so."""

    def case(name):
        folder = shared_data.parent / "cases" / name
        if not folder.is_dir():
            pytest.skip(f"needs the shared case {name}")
        return folder

    return case


@pytest.fixture
def drafted(tmp_path):
    """The tables of a file as `portfoy map` drafts it, some lines added; and the draft."""

    def drafted(path, more="", **lines):
        text = mapping.draft(path, beside=tmp_path)
        text = text.replace("\n", f"\n{more}\n", 1)
        for old, new in lines.items():
            text = text.replace(old, new)
        (tmp_path / "portfoy.toml").write_text(text, encoding="utf-8")
        return source.open(tmp_path), tomllib.loads(text)

    return drafted


def days(tables, column="ordered_on"):
    """The days of the orders, in the order of their numbers."""
    return [str(day)[:10] for day in tables.transactions.order_by("order_id").to_pandas()[column]]


def written(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


# Titles above, totals below


def test_a_title_above_and_a_total_below_are_no_rows(case, drafted):
    tables, text = drafted(case("title_above_header") / "preamble.csv")
    assert (tables.facts.revenue, tables.facts.used, tables.facts.rows) == (454.5, 9, 9)
    assert (text["skip"], text["footer"]) == (2, 1)


POLISH = "Zestawienie sprzedaży;;;\nOkres:;styczeń 2026;;\n\nKlient;Nr faktury;Data;Wartość\n"
POLISH += "ABC;1;31.01.2026;1 234,50\nXYZ;2;28.01.2026;10,00\n\nRazem;;;1 244,50\nWydrukowano: 01.02.2026\n"


@pytest.mark.parametrize("encoding", ["utf-8", "windows-1250", "utf-16"])
def test_a_report_in_polish_is_a_table_between_title_and_footnote(tmp_path, drafted, encoding):
    tables, text = drafted(written(tmp_path / "z.csv", POLISH, encoding))
    assert (tables.facts.revenue, tables.facts.rows, text["skip"]) == (1244.5, 2, 3)
    assert (tmp_path / "z.csv").read_bytes() == POLISH.encode(encoding)


def test_a_header_below_a_title_is_found_without_a_setting_and_said(tmp_path):
    path = written(tmp_path / "transactions.csv", "Sales\n" + HEADER + "A,1,2026-01-02,5\nB,2,2026-01-31,6\n")
    tables = source.open(path)
    assert tables.facts.revenue == 11
    assert "transactions: the header of transactions.csv was found in line 2, below 'Sales'" in tables.reading


@pytest.mark.parametrize(
    "text",
    [
        HEADER + "A,1,2026-01-02,5\n",
        "customer_id,order_id,ordered_on,amount,,\n" + "A,1,2026-01-02,5,,\n" * 2,
        HEADER + "A,,,\n" * 3 + "A,1,2026-01-02,5\n",
    ],
)
def test_what_looks_like_a_header_is_the_first_line(tmp_path, text):
    found = source.open(written(tmp_path / "transactions.csv", text))
    assert (found.facts.revenue, found.reading) == (5, [])


def test_a_total_line_is_left_out_of_the_last_lines_only(tmp_path):
    path = written(tmp_path / "transactions.csv", HEADER + "Total,1,2026-01-02,5\nB,2,2026-01-31,6\nTotal,,,11\n")
    written(tmp_path / "portfoy.toml", 'source = "transactions.csv"\nfooter = 1\n')
    assert source.open(tmp_path).facts.revenue == 11
    assert "\nfooter = 1  # lines below the table" in mapping.draft(path, beside=tmp_path)


# How a file is written


@pytest.mark.parametrize("name", ["pl_cp1250", "pl_iso8859-2", "pl_utf-16", "tr_cp1254", "tr_cp857", "tr_iso8859-9"])
def test_encodings_are_told_by_their_letters(case, drafted, name):
    tables, text = drafted(case("encodings") / f"{name}.csv")
    assert tables.facts.revenue == 2370.5
    known = {"pl_iso8859-2": "iso-8859-2", "tr_cp857": "cp857", "pl_cp1250": "windows-1250"}
    assert text.get("encoding") == known.get(name, text.get("encoding"))


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp857", "Müşteri Ünvanı;Çağrı Şükrü; Işık"),
        ("windows-1254", "Müşteri Ünvanı;Çağrı Şükrü; Işık"),
        ("cp852", "Świętokrzyskie;wartość;źrebię"),
        ("iso-8859-2", "Wartość;Żółć;ŁÓDŹ"),
        ("windows-1250", "Wartość;imię i nazwisko"),
        ("cp850", "Größe;Straße;Köln"),
        ("windows-1252", "Période;réglée;naïve"),
        ("mac-roman", "Période;réglée;où"),
        ("windows-1251", "Клиент;Сумма"),
    ],
)
def test_letters_tell_the_encoding(encoding, text):
    assert encodings.by_letters(text.encode(encoding)) == encoding


def test_the_error_names_the_encoding_and_any_codec_may_be_said(tmp_path):
    path = written(tmp_path / "transactions.csv", HEADER + "Şükrü Işık,1,2026-01-02,5\n", "cp857")
    with pytest.raises(DataError, match=r'Its letters look like cp857: say in portfoy.toml: encoding = "cp857".'):
        source.open(path)
    written(tmp_path / "portfoy.toml", 'source = "transactions.csv"\nencoding = "IBM857"\n')
    assert source.open(tmp_path).transactions.customer_id.execute().tolist() == ["Şükrü Işık"]


def test_what_is_written_anew_is_for_its_owner_only_and_goes(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temp"))
    (tmp_path / "temp").mkdir()
    seen, made = [], os.mkdir
    monkeypatch.setattr("os.mkdir", lambda path, mode=0o777, **more: (seen.append(mode), made(path, mode, **more)))
    source.open(written(tmp_path / "transactions.csv", HEADER + "A,1,2026-01-02,5\n", "utf-16"))
    assert seen[0] == 0o700
    assert list((tmp_path / "temp").glob("portfoy-*/*.txt")) == []


@pytest.mark.parametrize("mark", ["SEP=;\r\n", "sep=;\r\n", '"sep=;"\n', "Sep=;\n\n"])
def test_a_sep_line_is_known_in_any_case_behind_a_mark_too(case, drafted, tmp_path, mark):
    assert drafted(case("sep_line") / "sep.csv")[0].facts.revenue == 30.5
    path = written(tmp_path / "t.csv", mark + "Kunde;Beleg;Datum;Betrag\nA;1;13.01.2026;10,50\n", "utf-8-sig")
    assert drafted(path)[0].facts.revenue == 10.5


def test_quotation_marks_behind_a_backslash_are_inside(case, drafted, tmp_path):
    tables, text = drafted(case("backslash_quotes") / "backslash.csv")
    assert (tables.facts.revenue, tables.facts.rows, text["escape"]) == (60, 3, "\\")
    path = written(
        tmp_path / "t.csv", 'Müşteri;Fiş No;Tarih;Tutar\n"a \\"b\\"; c";1;13.01.2026;5\n"d";2;14.01.2026;6\n'
    )
    assert drafted(path)[0].facts.revenue == 11
    doubled = written(tmp_path / "u.csv", HEADER + '"12"" \\ pipe, x",1,2026-01-02,5\n"d\\",2,2026-01-14,6\n')
    tables, text = drafted(doubled)
    assert (tables.facts.revenue, text.get("escape")) == (11, None)


def test_a_name_with_brackets_is_a_name(case, drafted):
    folder = case("glob_in_file_name")
    tables, _text = drafted(folder / "orders[1].csv")
    assert (tables.facts.revenue, [path.name for path in tables.files]) == (30, ["orders[1].csv"])
    assert drafted(folder / "a*.csv")[0].facts.revenue == 2000


# Files of several months


def test_a_column_that_a_month_does_not_have_is_missing_there_and_said(case, tmp_path):
    folder = case("monthly_files_new_column")
    assert source.open(folder).facts.revenue == 30
    said = "transactions: the column 'Channel' is missing in 1 of 2 files (2026-01.csv), and so are its values"
    assert said in source.open(folder).reading
    written(tmp_path / "a.csv", "d;k;n;s\n02.01.2026;A;1;5\n")
    written(tmp_path / "b.csv", "n;s;k;d;x\n3;1;C;20.02.2026;q\n" + "2;6;B;03.02.2026;q\n" * 2)
    columns = '[transactions]\nfile = "*.csv"\ncustomer_id = "k"\norder_id = "n"\nordered_on = "d"\namount = "s"\n'
    written(tmp_path / "portfoy.toml", columns)
    tables = source.open(tmp_path)
    assert (tables.facts.revenue, tables.facts.used, tables.facts.customers) == (12, 3, 3)
    assert tables.quality.loc["duplicate", "example"] == "b.csv, row 3"
    written(tmp_path / "c.csv", "d;k;n;x\n02.03.2026;A;3;5\n")
    with pytest.raises(DataError, match=r"^c.csv: has no column 's', which is transactions.amount. Write files"):
        source.open(tmp_path)


# Dates


def test_turkish_month_names_are_read(case, drafted):
    folder = case("turkish_month_names")
    assert (
        days(source.open(folder))
        == days(drafted(folder / "trmonth.csv")[0])
        == [
            "2026-01-02",
            "2026-02-15",
            "2026-03-03",
        ]
    )


@pytest.mark.parametrize(
    "texts",
    [
        ["5 Ocak 2026", "28 Şubat 2026 Cumartesi", "1 Ağustos 2026"],
        ["05-Oca-2026", "28-Şub-2026", "01-Ağu-26"],
        ["5 OCAK 2026", "28 ŞUBAT 2026", "1 AĞUSTOS 2026"],
        ["5 stycznia 2026", "28 lutego 2026 r.", "1 sierpnia 2026"],
        ["5 sty 2026", "28 lut 2026", "1 sie 2026"],
        ["5. Januar 2026", "28. Februar 2026", "1. Aug. 2026"],
        ["Jan 5, 2026 9:12:00 AM", "Feb 28, 2026 1:00:00 PM", "Aug 1, 2026 12:00:00 AM"],
        ["January 5th, 2026", "February 28, 2026", "Saturday, August 1, 2026"],
        ["Mon, 05 Jan 2026 09:12:00 +0000", "Sat, 28 Feb 2026 09:12:00 +0000", "Sat, 01 Aug 2026 09:12:00 +0000"],
        ["2026-Jan-05", "2026-Feb-28", "2026-Aug-01"],
        ["5 janvier 2026", "sam. 28 févr. 2026", "1er août 2026 à 14:30"],
        ["5 de enero de 2026", "28 feb. 2026", "sábado, 1 de agosto del 2026"],
        ["5 gennaio 2026", "28-feb-26", "sabato 1 agosto 2026"],
        ["5 januari 2026", "28 febr. 2026 14:30", "zaterdag 1 augustus 2026"],
        ["5 de janeiro de 2026", "28/fev/2026", "1º de agosto de 2026"],
        ["den 5 januari 2026", "28 feb. 2026 kl. 14.30", "1 aug 2026"],
        ["5. januar 2026", "28. februar 2026", "lørdag 1. august 2026"],
        ["5. tammikuuta 2026", "28. helmikuuta 2026 klo 14.30", "1 elo 2026"],
        ["05012026", "28022026", "01082026"],
        ["5012026", "28022026", "1082026"],
        ["20260105", "20260228", "20260801"],
        ["05.01.2026, 14:30", "28.02.2026, 02:30 Uhr", "01.08.2026"],
        ["05/01/2026 2:30 PM", "28/02/2026 2:30 a.m.", "01/08/2026 12:00 AM"],
        ["46027", "46081", "46235"],
        ["46027,5", "46081,25", "46235,0"],
        ["1767605520", "1772283600", "1785542400"],
        ["1767605520000", "1772283600000", "1785542400000"],
    ],
)
def test_dates_are_read_however_they_are_named_or_counted(drafted, tmp_path, texts):
    rows = "".join(f'C{place};{place};"{text}";5\n' for place, text in enumerate(texts))
    tables, text = drafted(written(tmp_path / "t.csv", f"Kunde;Beleg;Datum;Betrag\n{rows}"))
    assert days(tables) == ["2026-01-05", "2026-02-28", "2026-08-01"]
    (tmp_path / "portfoy.toml").write_text(
        (tmp_path / "portfoy.toml").read_text("utf-8").replace(f'date_format = "{text["date_format"]}"', ""), "utf-8"
    )
    assert days(source.open(tmp_path)) == days(tables)


MONTHS = {  # by hand: the months as calendars of each country name them
    "French": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "French, short": "janv févr mars avr mai juin juil août sept oct nov déc",
    "Spanish": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "Spanish, short": "ene feb mar abr may jun jul ago sept oct nov dic",
    "Italian": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "Italian, short": "gen feb mar apr mag giu lug ago set ott nov dic",
    "Dutch": "januari februari maart april mei juni juli augustus september oktober november december",
    "Dutch, short": "jan feb mrt apr mei jun jul aug sep okt nov dec",
    "Portuguese": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "Portuguese, short": "jan fev mar abr mai jun jul ago set out nov dez",
    "Swedish": "januari februari mars april maj juni juli augusti september oktober november december",
    "Danish": "januar februar marts april maj juni juli august september oktober november december",
    "Norwegian": "januar februar mars april mai juni juli august september oktober november desember",
    "Finnish": "tammikuu helmikuu maaliskuu huhtikuu toukokuu kesäkuu heinäkuu elokuu syyskuu lokakuu marraskuu "
    "joulukuu",
}


@pytest.mark.parametrize("language", MONTHS)
def test_every_month_of_a_language_is_read_small_and_large(tmp_path, language):
    names = MONTHS[language].split()
    rows = "".join(
        f"A,{place:02}{big},{place + 9} {name.upper() if big else name} 2025,5\n"
        for place, name in enumerate(names, 1)
        for big in (0, 1)
    )
    written(tmp_path / "transactions.csv", HEADER + rows)
    judge = [str(datetime.date(2025, month, month + 9)) for month in range(1, 13) for _big in (0, 1)]
    assert days(source.open(tmp_path)) == judge


@pytest.mark.parametrize(
    "texts",
    [
        ["5 Mar 2025 junk", "Lot 5 Mar 2025", "5 Mar 2025x", "5 Mar 2025 99", "5 Marx 2025", "5 Mar 2025 14:30 junk"],
        ["05.03.2025 junk", "x 05.03.2025", "05.03.2025x", "05.03.2025 (5)", "05.03.2025;06.03.2025"],
        ["2025-03-05 junk", "x2025-03-05", "2025-03-05T", "2025-03-05 14:30 junk"],
        ["25032025 junk", "250320251", "x25032025", "2503202"],
    ],
)
def test_junk_behind_or_before_a_date_is_set_aside_and_counted(tmp_path, texts):
    whole = texts[0].removesuffix(" junk")
    rows = [*[whole] * 20, *texts]
    written(tmp_path / "t.csv", HEADER + "".join(f'A,{place},"{text}",5\n' for place, text in enumerate(rows)))
    written(tmp_path / "portfoy.toml", 'source = "t.csv"\n')
    tables = source.open(tmp_path)
    assert (tables.facts.used, {*days(tables)}) == (20, {"2025-03-25" if whole == "25032025" else "2025-03-05"})
    found = tables.quality.loc["unreadable_date"]
    assert (found["rows"], found["example"]) == (len(texts), f"row 22: {texts[0]}")


def test_eight_digits_are_a_date_only_where_the_name_says_so(tmp_path):
    rows = "A,1,10112001,5\nB,2,10112002,5\n"
    drafted = [
        mapping.draft(written(tmp_path / "t.csv", f"customer,order,{name},total\n{rows}"), beside=tmp_path)
        for name in ("serial", "fecha")
    ]
    assert ["# ordered_on = ?" in text for text in drafted] == [True, False]


def test_compact_dates_are_told_by_all_of_a_column(tmp_path):
    from itertools import product

    every = [
        f"{day:02}{month:02}{year}" for day, month, year in product(range(1, 29), range(1, 13), (1999, 2012, 2026))
    ]
    assert not any(dates.rows_read({text: 1})["%Y%m%d"] for text in every)  # 10122012 is never the year 1012
    with pytest.raises(DataError, match="day and month cannot be told apart"):
        dates.date_format({"01022026": 1, "03042026": 1}, where="here")
    assert dates.date_format({"01022026": 1, "13042026": 1}, where="here") == "%d%m%Y"


def test_day_numbers_of_a_spreadsheet_are_read_and_said(case, drafted):
    folder = case("spreadsheet_serial_dates")
    assert days(drafted(folder / "serial.csv")[0]) == ["2026-01-05", "2026-01-08", "2026-01-23"]
    tables = source.open(folder)
    assert days(tables) == ["2026-01-05", "2026-01-08", "2026-01-23"]
    assert "transactions.ordered_on: dates read as spreadsheet days" in tables.reading


def test_the_other_calendar_of_spreadsheets_is_a_setting(tmp_path):
    written(tmp_path / "transactions.csv", HEADER + "A,1,44565,5\n")
    written(tmp_path / "portfoy.toml", 'date_format = "spreadsheet days 1904"\n')
    assert days(source.open(tmp_path)) == ["2026-01-05"]  # 1462 days later than in the calendar of 1900


def test_numbers_are_no_dates_where_the_name_does_not_say_so(tmp_path):
    path = written(tmp_path / "t.csv", "customer,order,postcode,total\nA,1,34100,5\nB,2,34110,5\n")
    assert "# ordered_on = ?" in mapping.draft(path, beside=tmp_path)


def test_the_day_is_that_of_the_shop(case, drafted):
    file = case("utc_stamps") / "tzutc.csv"
    assert days(drafted(file)[0]) == ["2026-01-31", "2026-02-01", "2026-01-31"]
    tables, _text = drafted(file, more='timezone = "Europe/Istanbul"')
    assert days(tables) == ["2026-02-01", "2026-02-01", "2026-02-01"]


def test_zones_are_counted_as_python_counts_them(tmp_path):
    from zoneinfo import ZoneInfo

    texts = [
        "2026-03-29T00:30:00Z",
        "2026-03-28 23:30:00+00:00",
        "2026-10-25 01:30:00 +0200",
        "2026-07-01T23:59:59-0700",
    ]
    texts += ["2026-07-01 21:59:59.123 UTC", "2026-07-01 22:30", "2026-07-01"]
    for zone in ("Europe/Warsaw", "America/New_York", "Asia/Tokyo"):
        judge = []
        for text in texts:
            stamp = datetime.datetime.fromisoformat(text.replace(" UTC", "+00:00").replace(" +0", "+0"))
            judge.append(str((stamp.astimezone(ZoneInfo(zone)) if stamp.tzinfo else stamp).date()))
        rows = "".join(f"A,{place},{text},5\n" for place, text in enumerate(texts))
        written(tmp_path / "transactions.csv", HEADER + rows)
        written(tmp_path / "portfoy.toml", f'timezone = "{zone}"\n')
        assert days(source.open(tmp_path)) == judge


# Workbooks


def workbook(path, **sheets):
    """A workbook with these sheets: lists of rows."""
    with xlsxwriter.Workbook(path) as book:
        form = book.add_format({"num_format": "dd.mm.yyyy"})
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for row, cells in enumerate(rows):
                for column, cell in enumerate(cells):
                    if cell is not None:
                        sheet.write(row, column, cell, *([form] if isinstance(cell, datetime.date) else []))
    return path


SALES = [["Satış raporu"], [], ["Müşteri No", "Fiş No", "Tarih", "Tutar"]]
SALES += [["007", 1, datetime.date(2026, 1, 5), 10.5], ["008", 2, datetime.date(2026, 2, 28), 20]]
SALES += [["Toplam", None, None, 30.5]]


def test_a_workbook_is_read_sheet_by_sheet(drafted, tmp_path):
    clients = [["Müşteri No", "Şehir"], ["007", "Ankara"], ["008", "İzmir"]]
    path = workbook(tmp_path / "book.xlsx", **{"Satışlar": SALES, "Müşteriler": clients, "boş": []})
    tables, text = drafted(path)
    assert (tables.facts.revenue, days(tables)) == (30.5, ["2026-01-05", "2026-02-28"])
    assert tables.customers.order_by("customer_id").to_pandas()[["customer_id", "region"]].values.tolist() == [
        ["007", "Ankara"],
        ["008", "İzmir"],
    ]
    assert (text["transactions"]["sheet"], text["customers"]["sheet"]) == ("Satışlar", "Müşteriler")
    with pytest.raises(DataError) as raised:
        source.open(path)
    assert str(raised.value) == (
        f"{path}: of which sheet is transactions? It has 'Satışlar', 'Müşteriler'. Say in portfoy.toml: [transactions] "
        'sheet = "Satışlar".'
    )


def test_a_workbook_of_one_sheet_needs_no_name_and_sheets_named_as_tables_none(drafted, tmp_path):
    path = workbook(tmp_path / "a.xlsx", **{"Sayfa1": SALES})
    assert drafted(path)[0].facts.revenue == 30.5
    rows = [["customer_id", "order_id", "ordered_on", "amount"], ["A", "1", "2026-01-05", 7]]
    path = workbook(tmp_path / "b.xlsx", transactions=rows, Customers=[["customer_id", "type"], ["A", "firm"]])
    tables = source.open(path)
    assert (tables.facts.revenue, tables.customers.type.execute().tolist()) == (7, ["firm"])


def test_a_sheet_of_the_same_workbook_is_joined_and_so_are_two(tmp_path):
    """Judge: pandas, which merges the same lists."""
    sold = [["order_id", "client", "sum"], ["1", "A", 10], ["2", "B", 20.5], ["3", "A", 5]]
    days_ = [["no", "day"], ["1", "2026-01-05"], ["2", "2026-02-28"], ["3", "2026-03-01"]]
    names = [["code", "customer_id"], ["A", "Ada"], ["B", "Bek"]]
    workbook(tmp_path / "book.xlsx", Sold=sold, Days=days_, Names=names)
    join = '{ file = "book.xlsx", sheet = "days", on = ["order_id", "no"] }, '
    join += '{ file = "book.xlsx", sheet = "Names", on = ["client", "code"] }'
    toml = 'source = "book.xlsx"\n[transactions]\nsheet = "Sold"\nordered_on = "day"\namount = "sum"\njoin = '
    written(tmp_path / "portfoy.toml", f"{toml}[{join}]")
    tables = source.open(tmp_path / "portfoy.toml")
    one, two, three = (pd.DataFrame(rows[1:], columns=rows[0]) for rows in (sold, days_, names))
    right = one.merge(two, left_on="order_id", right_on="no").merge(three, left_on="client", right_on="code")
    right = right.sort_values("order_id")
    mine = tables.transactions.order_by("order_id").to_pandas()
    assert mine["customer_id"].tolist() == right["customer_id"].tolist()
    assert mine["ordered_on"].astype(str).tolist() == right["day"].tolist()
    assert mine["amount"].tolist() == right["sum"].tolist()
    for sheet in ("", 'sheet = "Nobody", '):
        written(tmp_path / "portfoy.toml", f'{toml}{{ file = "book.xlsx", {sheet}on = "order_id" }}')
        with pytest.raises(DataError) as raised:
            source.open(tmp_path / "portfoy.toml")
        assert str(raised.value) == (
            f"{tmp_path / 'book.xlsx'}: which of its sheets is joined? It has 'Sold', 'Days', 'Names'. Say in "
            'portfoy.toml: join = { file = "book.xlsx", sheet = "Names", on = "..." }.'
        )


def test_what_is_no_workbook_is_said_in_one_sentence(tmp_path):
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"PK\x03\x04" + b"x" * 100)
    with pytest.raises(DataError) as raised:
        source.open(path)
    assert str(raised.value) == f"{path}: is an archive and no workbook. Save it as CSV."


# Several years side by side


def test_answers_of_several_years_become_rows(drafted, tmp_path):
    path = written(tmp_path / "nps.csv", "Klient;NPS_2015;NPS_2016;City\nA;9;10;X\nB;;3;Y\nC;7;;Z\n")
    tables, text = drafted(path)
    found = tables.surveys.order_by("answered_on", "customer_id").to_pandas()
    assert found[["customer_id", "nps"]].values.tolist() == [["A", 9], ["C", 7], ["A", 10], ["B", 3]]
    assert [str(day)[:10] for day in found["answered_on"]] == ["2015-12-31"] * 2 + ["2016-12-31"] * 2
    assert found["city"].tolist() == ["X", "Z", "X", "Y"]
    assert text["surveys"]["unfold"]["nps"] == ["NPS_2015", "NPS_2016"]


def test_quarters_are_periods_and_one_year_alone_is_none(drafted, tmp_path):
    text = mapping.draft(written(tmp_path / "a.csv", "customer_id,CSAT 2025 Q1,CSAT 2025 Q2\nA,4,5\n"), beside=tmp_path)
    assert 'answered_on = ["2025-03-31", "2025-06-30"]' in text
    text = mapping.draft(written(tmp_path / "b.csv", "survey_id,customer_id,answered_on,nps_2025\n1,A,2025-01-31,4\n"))
    assert "unfold" not in text


def test_a_column_to_unfold_that_is_not_there_is_named(tmp_path):
    written(tmp_path / "surveys.csv", "customer_id,a\nA,1\n")
    keys = 'survey_id = ["customer_id", "answered_on"]\n'
    written(tmp_path / "portfoy.toml", f'[surveys]\n{keys}unfold = {{ nps = ["x"], answered_on = ["2025-12-31"] }}\n')
    with pytest.raises(
        DataError, match=r"portfoy.toml has unfold for 'x'; the columns are 'customer_id', 'a'. Correct"
    ):
        source.open(tmp_path)


# Drafts that can be used as they stand


@pytest.mark.parametrize(
    ("name", "revenue"),
    [
        ("order_fields_on_first_line", 80),
        ("sales_sample_header", 6521),
        ("fill_down", 1120),
        ("status_cancelled", 70),
        ("erp_header_1", 42),
        ("erp_header_2", 42),
        ("erp_header_4", 42),
        ("erp_header_5", 60),
    ],
)
def test_cases_are_drafted_whole(case, drafted, name, revenue):
    [path] = case(name).glob("*.csv")
    tables, text = drafted(path)
    assert tables.facts.revenue == revenue
    assert {"customer_id", "order_id", "ordered_on", "amount"} <= text["transactions"].keys()


def test_orders_that_came_to_nothing_are_left_out_in_the_draft_and_others_asked_of(drafted, tmp_path):
    rows = "A;1;13.01.2026;5;Zapłacone\nA;2;14.01.2026;7;Anulowane\nB;3;15.01.2026;9;Zwrot\n"
    tables, text = drafted(written(tmp_path / "t.csv", "Klient;Nr;Data;Kwota;Status\n" + rows.replace("Nr", "Numer")))
    assert (tables.facts.revenue, text["transactions"]["leave_out"]) == (14, {"Status": ["Anulowane"]})
    assert "# Status says Zwrot: is that money the firm has?" in (tmp_path / "portfoy.toml").read_text("utf-8")


# One row a customer


def test_totals_by_customer_are_told_from_orders_and_the_error_says_what_is_needed(case, tmp_path):
    path = case("one_row_per_customer") / "flo_shape.csv"
    with pytest.raises(DataError) as raised:
        source.open(path)
    assert str(raised.value).endswith(
        "It has one row a customer ('first_order_date'): `portfoy map FILE` drafts it; one row an order tells more."
    )
    assert "\n# one row a customer ('first_order_date'): what happened between" in mapping.draft(path)
    path = written(tmp_path / "t.csv", "Müşteri No;İlk Sipariş Tarihi;Son Sipariş Tarihi;Ciro\nA;1.1.2025;2.2.2025;5\n")
    with pytest.raises(DataError, match=r"one row a customer .'İlk Sipariş Tarihi'."):
        source.open(path)
