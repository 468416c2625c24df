"""Numbers, money and dates in words, and tables in which nothing from the data is markup."""

import html
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup

import portfoy.locale
from portfoy.words import style
from portfoy.words.labels import columns
from portfoy.words.table import show

NBSP, JOIN = "\u00a0", "\u2060"


class Cells(HTMLParser):
    """What a browser would show in the headings and cells of a table, row by row."""

    def __init__(self, text):
        super().__init__()
        self.rows, self.tags, self._open = [], [], False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self._open = True

    def handle_endtag(self, tag):
        self._open = self._open and tag not in ("td", "th")

    def handle_data(self, data):
        if self._open:
            self.rows[-1][-1] += data


def shown(table, caption="A table", **named):
    return Cells(show(table, caption, **named)._repr_html_()).rows


@pytest.fixture
def tongue(monkeypatch):
    """Write numbers as another language does, with or without a catalogue for it."""
    return lambda code: monkeypatch.setattr(portfoy.locale, "_language", code)


# (a) Numbers in words


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (style.number(1234.5), "1,234"),
        (style.number(1234567.891, 2), "1,234,567.89"),
        (style.number(-0.001, 2), "0.00"),
        (style.number(np.int64(7)), "7"),
        (style.money(1234, "TRY"), f"TRY{NBSP}1,234"),
        (style.money(12.345, "TRY"), f"TRY{NBSP}12.35"),
        (style.money(-1234, "EUR"), f"EUR{NBSP}−1,234"),
        (style.money(0, "TRY"), f"TRY{NBSP}0"),
        (style.money(99, ""), "99.00"),
        (style.money(1_234_567, "TRY", compact=True), f"TRY{NBSP}1.23M"),
        (style.money(12_345, "TRY", compact=True), f"TRY{NBSP}12.3K"),
        (style.money(-987_654, "TRY", compact=True), f"TRY{NBSP}−988K"),
        (style.money(999_999, "TRY", compact=True), f"TRY{NBSP}1M"),
        (style.money(9_999, "TRY", compact=True), f"TRY{NBSP}9,999"),
        (style.money(0, "TRY", compact=True), f"TRY{NBSP}0"),
        (style.share(0.6739), "67.4%"),
        (style.share(0.2, 0), "20%"),
        (style.share(-0.0001), "0.0%"),
        (style.share(12.5, 0), "1,250%"),
        (style.day("2026-06-30"), "30 Jun 2026"),
        (style.day(pd.Timestamp("2026-01-02 23:59")), "2 Jan 2026"),
        (style.between(0.1, 0.2, style.share), f"10.0{JOIN}–{JOIN}20.0%"),
        (style.between(-3, 4, style.number), f"−3{JOIN}{NBSP}–{NBSP}{JOIN}4"),
        (style.between(1, 2, lambda value: f"{value} days"), f"1{JOIN}–{JOIN}2{NBSP}days"),
        (style.measure("margin"), "margin"),
        (style.measure("my_score"), "my_score"),
        (style.shorten("  a \n b  "), "a b"),
        (style.shorten("x" * 29), "x" * 27 + "…"),
        (style.shorten("x" * 28), "x" * 28),
    ],
)
def test_numbers_in_words(written, expected):
    assert written == expected


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, pd.NaT, np.inf])
def test_what_is_missing_is_a_dash(missing):
    assert {style.number(missing), style.money(missing, "TRY"), style.share(missing)} == {"–"}
    assert style.day(None if missing is np.inf else missing) == "–"
    assert style.between(missing, 1, style.number) == style.between(1, missing, style.number) == "–"


def test_numbers_follow_the_language(tongue):
    tongue("tr")
    assert (style.number(1234.5, 1), style.share(0.674), style.share(0.67, 0)) == ("1.234,5", "%67,4", "%67")
    assert style.day("2026-06-30") == "30 Haz 2026"
    tongue("pl")
    assert (style.share(0.674), style.day("2026-06-30")) == ("67,4%", "30 cze 2026")


# Money in a sentence: written by hand, two significant digits; a price as it was given


@pytest.mark.parametrize(
    ("value", "english", "turkish", "polish"),
    [
        (12_345_678, "12M", "12 Mn", "12 mln"),
        (7_849_000, "7.8M", "7,8 Mn", "7,8 mln"),
        (999_999, "1M", "1 Mn", "1 mln"),
        (987_654, "990K", "990 B", "990 tys."),
        (-78_400, "−78K", "−78 B", "−78 tys."),
        (9_960, "10K", "10 B", "10 tys."),
        (3_274.5, "3,300", "3.300", "3 300"),
        (129.9, "130", "130", "130"),
        (63.25, "63", "63", "63"),
        (9.96, "10", "10", "10"),
        (6.25, "6.2", "6,2", "6,2"),
        (-0.5, "−0.50", "−0,50", "−0,50"),
        (0.00123, "0.0012", "0,0012", "0,0012"),
        (-0.0000012, "−0.0000012", "−0,0000012", "−0,0000012"),
        (1e-8, "0.00000001", "0,00000001", "0,00000001"),  # the smallest part of a coin; below it is the last digit
        (1e-16, "0.00", "0,00", "0,00"),
        (1.2e15, "1,200T", "1.200 Tn", "1 200 bln"),
        (-5.6e19, "−56,000,000T", "−56.000.000 Tn", "−56 000 000 bln"),
        (0, "0", "0", "0"),
    ],
)
def test_money_in_a_sentence_has_two_digits(tongue, value, english, turkish, polish):
    for code, expected in {"en": english, "tr": turkish, "pl": polish}.items():
        tongue(code)
        for template in ("{x:money}", "{x:figure}"):
            said = style.say(template, {"x": value, "unit": "money"}, currency="TRY")
            assert said.replace(NBSP, " ") == f"TRY {expected}"


@pytest.mark.parametrize(
    ("low", "high", "english", "turkish", "polish"),
    [
        (12_400_000, 13_400_000, "12–13M", "12–13 Mn", "12–13 mln"),
        (11_910_000, 12_120_000, "11.9–12.1M", "11,9–12,1 Mn", "11,9–12,1 mln"),
        (980_000, 1_240_000, "980K–1.2M", "980 B–1,2 Mn", "980 tys.–1,2 mln"),
        (3_270, 3_330, "3,270–3,330", "3.270–3.330", "3 270–3 330"),
        (62.6, 63.4, "62.6–63.4", "62,6–63,4", "62,6–63,4"),
        (-4.5, 110, "−4.5 – 110", "−4,5 – 110", "−4,5 – 110"),
        (np.nan, 1, None, None, None),
    ],
)
def test_bounds_of_money_have_two_digits_or_three_that_differ(tongue, low, high, english, turkish, polish):
    for code, expected in {"en": english, "tr": turkish, "pl": polish}.items():
        tongue(code)
        said = style.say("{x_interval:money}", {"x_low": low, "x_high": high}, currency="TRY")
        assert said.replace(NBSP, " ").replace(JOIN, "") == (f"TRY {expected}" if expected else "–")


@pytest.mark.parametrize(
    ("now", "before", "expected"),
    [
        (14_040_000, 13_510_000, "TRY 14M after TRY 13.5M"),  # 14.0: the nought says nothing
        (14_400_000, 13_400_000, "TRY 14M after TRY 13M"),
        (101.2, 104.4, "TRY 101 after TRY 104"),
        (500, 500, "TRY 500 after TRY 500"),
    ],
)
def test_amounts_of_a_sentence_that_two_digits_do_not_tell_apart_have_three(now, before, expected):
    said = style.say("{now:money} after {before:money}", {"now": now, "before": before}, currency="TRY")
    assert said.replace(NBSP, " ") == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (129.9, "EUR 129.90"),
        (20, "EUR 20"),
        (0.00012, "EUR 0.00012"),
        (12_345.5, "EUR 12,345.50"),
        (0.999, "EUR 1"),
        (None, "–"),
    ],
)
def test_a_price_keeps_its_digits(value, expected):
    assert style.say("{x:price}", {"x": value}, currency="EUR").replace(NBSP, " ") == expected
    assert style.price(value, "") == expected.removeprefix("EUR ")


# Tables


def test_a_table_of_three_rows():
    table = pd.DataFrame(
        {
            "segment": ["A", "B", None],
            "customers": [1200, 3, 0],
            "customer_share": [0.5, 0.25, np.nan],
            "revenue": [1234567.8, 20.0, np.nan],
            "last_order": pd.to_datetime(["2026-06-30", "2026-01-01", None]),
            "expected_value": [100.0, 50.0, 7.0],
            "expected_value_low": [80.0, -1.0, np.nan],
            "expected_value_high": [120.0, 60.0, np.nan],
        }
    )
    assert shown(table, currency="TRY") == [
        ["Segment", "Customers", "Share of customers", "Revenue (TRY)", "Last purchase", "Expected value (TRY)"],
        ["A", "1,200", "50.0%", "1,234,568", "30\u00a0Jun\u00a02026", f"100 (80{JOIN}–{JOIN}120)"],
        ["B", "3", "25.0%", "20", "1\u00a0Jan\u00a02026", f"50 (−1{JOIN}{NBSP}–{NBSP}{JOIN}60)"],
        ["", "0", "–", "–", "–", "7"],
    ]


def test_money_of_a_table_has_the_digits_of_its_largest():
    assert shown(pd.DataFrame({"ticket": [0.00123, 0.0004, 0]}))[1:] == [["0.0012"], ["0.0004"], ["0.0000"]]


@pytest.mark.parametrize("value", [560_123.4567891, -12.25, 0.0123456, 3e-8, 1.5e-17, 0.0])
def test_a_number_as_json_holds_it_has_six_digits(value):
    kept = style.plain_number(np.float64(value))
    assert kept == pytest.approx(value, rel=1e-5, abs=1e-15)


def test_small_money_has_two_digits_in_every_row():
    assert shown(pd.DataFrame({"ticket": [9.5, 12.3, 20]}))[1:] == [["9.50"], ["12.30"], ["20.00"]]


def test_other_labels_kinds_and_columns():
    table = pd.DataFrame(
        {0: [1.5, 2], "when": pd.to_datetime(["2026-01-01"] * 2), "year": [2025, 2026], "rate": [0.1, 1]}
    )
    assert shown(table, labels={"year": "Year"}, kinds={"rate": "share"}) == [
        ["0", "when", "Year", "rate"],
        ["1.50", "1\u00a0Jan\u00a02026", "2025", "10.0%"],
        ["2.00", "1\u00a0Jan\u00a02026", "2026", "100.0%"],
    ]


def test_two_columns_of_one_label_are_both_shown():
    assert shown(pd.DataFrame({"segment": ["a"], "Segment": ["b"]})) == [["Segment", "Segment (Segment)"], ["a", "b"]]


def test_labels_of_known_columns_differ():
    labels = [label for label, _kind in columns().values()]
    assert len(set(labels)) == len(labels)


def test_nothing_in_the_data_is_markup():
    names = ["<script>alert(1)</script>", "$5 \\frac{1}{2} $x$", "İğdır Şoför Çağ & Söğüt", "007", "*a* _b_ `c`"]
    page = show(pd.DataFrame({"customer_id": names, "<b>x</b>": names}), "<i>Caption</i> & $x$")._repr_html_()
    cells = Cells(page)
    assert cells.rows == [["Customer", "<b>x</b>"], *([name, name] for name in names)]
    assert not {"script", "i", "b", "em", "code"} & set(cells.tags)
    assert f"<figcaption>{html.escape('<i>Caption</i> & $x$')}</figcaption>" in page


def test_dollar_signs_make_no_formula_in_a_notebook():
    # MathJax passes over elements of this class, and over what is in them.
    table = show(pd.DataFrame({"segment": ["$a$ $b$"]}), "c")
    assert table.html().startswith('<figure class="pf-table mathjax_ignore" tabindex="0">')
    assert style.Reading("$a$ < $b$")._repr_html_() == '<p class="pf-reading mathjax_ignore">$a$ &lt; $b$</p>'


def test_long_names_are_shortened():
    (cell,) = shown(pd.DataFrame({"customer_id": ["n" * 200]}))[1]
    assert cell == "n" * 119 + "…"


def test_an_empty_table_shows_its_headings():
    empty = pd.DataFrame(columns=["segment", "revenue", "mine"])
    assert shown(empty, currency="TRY") == [["Segment", "Revenue (TRY)", "mine"]]
    assert repr(show(empty, "Nothing")) == "Nothing\nSegment  Revenue  mine"


def test_a_column_without_a_value_is_left_out():
    assert shown(pd.DataFrame({"segment": ["A"], "margin": [np.nan]})) == [["Segment"], ["A"]]


def test_numbers_stand_on_the_right_and_nothing_weighs_more_than_its_text():
    table = show(pd.DataFrame({"segment": ["Lost", "At <risk>"], "customers": [1200, 3]}), "Two & more")
    assert table.html() == (
        '<figure class="pf-table mathjax_ignore" tabindex="0"><figcaption>Two &amp; more</figcaption>'
        '<table class="r2"><thead><tr><th scope="col">Segment</th><th scope="col">Customers</th></tr>\n</thead>'
        "<tbody><tr><td>Lost</td><td>1,200</td></tr>\n"
        "<tr><td>At &lt;risk&gt;</td><td>3</td></tr>\n</tbody></table></figure>"
    )


def test_a_wide_table_says_its_headings_once_for_a_phone():
    names = {"segment": "A", "customers": 3, '<b>"\\': "x", "y": ""}
    figure = BeautifulSoup(show(pd.DataFrame([names]), "Wide").html(), "html.parser").figure
    assert figure["class"] == ["pf-table", "wide", "mathjax_ignore"]
    assert figure["style"] == '--h1:"Segment";--h2:"Customers";--h3:"<b>\\"\\\\";--h4:"y"'
    assert show(pd.DataFrame({"segment": ["A"], "customers": [3]}), "Narrow").html().count("style") == 0


def test_a_table_in_a_terminal():
    table = show(pd.DataFrame({"segment": ["Lost", "At risk"], "customers": [1200, 3]}), "Two segments")
    assert repr(table) == "Two segments\nSegment  Customers\nLost     1,200\nAt risk  3"


def test_a_reading_is_a_text():
    assert style.Reading("plain") == repr(style.Reading("plain")) == "plain"


def test_the_order_of_rows_is_kept_whatever_the_index():
    table = pd.DataFrame({"segment": ["B", "A"]}, index=[9, 9])
    assert shown(table)[1:] == [["B"], ["A"]]


def test_one_month_is_one_month():
    assert style.say("{a:months}, {b:months}", {"a": 1, "b": 12}) == "1 month, 12 months"
