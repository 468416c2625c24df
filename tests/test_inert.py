"""Text from data that nothing must run. Judges: a reading of the file as spreadsheets of other countries part it."""

import csv
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import run_here
from portfoy.inert import as_given, for_sheets, for_terminal
from portfoy.report.shelf import write_tables

SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20"
TEXTS = st.text(st.sampled_from("ab;|,\t\n\r '\"" + SIGNS), max_size=12)


@given(TEXTS)
def test_what_was_marked_is_given_back(text):
    assert as_given(for_sheets(text)) == text


@pytest.mark.parametrize("text", ["=1+1", "a;=1+1", "a\t=1", "a;\u00a0+1", 'x;"@now', "\uff1d1+1", "a|-2", "a\r\n=1"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_no_cell_of_a_list_begins_a_formula_however_a_spreadsheet_parts_it(tmp_path, text, delimiter):
    (path,) = write_tables(
        tmp_path, [{"name": "x", "columns": ["customer_id", "why"], "rows": [["1", text], [text, "2"]]}]
    )
    with path.open(newline="", encoding="utf-8-sig") as file:
        cells = [cell for row in csv.reader(file, delimiter=delimiter) for cell in row]
    if delimiter != ",":  # a careless program parts at every sign, within quotation marks too
        cells += re.split(rf"[{delimiter}\r\n]", path.read_text("utf-8-sig"))
    assert not [cell for cell in cells if cell.strip(' \u00a0"').startswith(tuple(SIGNS))]


def test_a_plain_text_stays_as_it_is():
    for text in ("C-17", "a - b", "Ayşe; Łódź", "12.5", "x, -1"):
        assert for_sheets(text) == text


def test_a_terminal_is_shown_what_it_must_not_run():
    assert for_terminal("a\x1b[2J\u202eb\x9b\tc\n") == "a\\x1b[2J\\u202eb\\x9b\tc\n"
    assert for_terminal("Şükrü \udcff") == "Şükrü \\udcff"


def test_the_check_of_data_with_escapes_shows_them(tmp_path):
    rows = [f"C{n},{n},2025-0{n % 9 + 1}-05,10" for n in range(20)] + [
        "C1,99,\x1b[2Jnever,5",
        "\x1b]0;x,98,2025-01-01,-3",
    ]
    (tmp_path / "transactions.csv").write_text(
        "customer_id,order_id,ordered_on,amount\n" + "\n".join(rows) + "\n", "utf-8"
    )
    code, out, err = run_here(tmp_path, "check", ".")
    assert code == 0, err
    assert "\\x1b[2Jnever" in out
    assert "\x1b" not in out + err
