"""data/example, an analyst's first file: made by a script, drafted by `portfoy map`. Judge: sums by the csv module."""

import csv
import json
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from helpers import run_here
from portfoy.source import mapping
from portfoy.source import open as source

EXAMPLE = Path(__file__).parents[1] / "data" / "example"
ORDERS = EXAMPLE / "siparisler.csv"


def by_hand():
    """(lines as they stand, (day, money) of those that count), with nothing but the csv module."""
    with ORDERS.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    counted = []
    for row in {tuple(row.values()): row for row in rows}.values():  # equal rows once
        with suppress(ValueError):  # the 31st of February
            day = datetime.strptime(row["Tarih"], "%d.%m.%Y").date()
            if row["Müşteri No"] and day <= date(2026, 6, 30):
                counted.append((day, float(row["Tutar"].replace(".", "").replace(",", "."))))
    return rows, counted


@pytest.fixture(scope="module")
def facts():
    return source.open(EXAMPLE).facts


def test_the_script_makes_the_file_to_the_byte(tmp_path):
    command = [sys.executable, EXAMPLE.parent / "make_example.py", "--out", tmp_path / "orders.csv"]
    subprocess.run(command, check=True, capture_output=True)
    assert (tmp_path / "orders.csv").read_bytes() == ORDERS.read_bytes(), "run: python data/make_example.py"


def test_the_mapping_is_what_map_drafts_today():
    drafted = mapping.draft(EXAMPLE, beside=EXAMPLE)
    said = "remove data/example/portfoy.toml, then: portfoy map data/example --out data/example/portfoy.toml"
    assert (EXAMPLE / "portfoy.toml").read_text("utf-8") == drafted, said


def test_it_has_the_oddities_that_data_readme_tells_of(facts):
    rows, _counted = by_hand()
    copies = Counter(tuple(row.values()) for row in rows)
    assert (len(rows), sum(copies.values()) - len(copies)) == (300, 3)
    assert sum(not row["Müşteri No"] for row in rows) == 5
    assert sum(row["Tutar"].startswith("-") for row in rows) == 11
    assert all(row["Müşteri No"][:2] in ("", "00") for row in rows)
    assert [row["Tarih"] for row in rows if row["Tarih"][:5] == "31.02" or row["Tarih"][6:] > "2026"] == [
        "31.02.2025",
        "22.01.2062",
    ]
    assert sum(row["Tutar"] == "0,00" for row in rows) == 1
    assert facts.rows == 300


def test_what_counts_is_what_a_sum_by_hand_counts(facts):
    _rows, counted = by_hand()
    assert facts.used == len(counted)
    assert facts.revenue == pytest.approx(sum(money for _day, money in counted))


def test_three_commands_end_in_a_page_whose_revenue_is_the_sum_by_hand(tmp_path, capfd):
    """Map, check, report, as README walks them; the year's revenue on the page, to the digits it shows."""
    assert run_here(tmp_path, "map", EXAMPLE, "--out", "portfoy.toml")[0] == 0
    code, said, _error = run_here(tmp_path, "check", "portfoy.toml")
    _rows, counted = by_hand()
    assert (code, said.splitlines()[-1]) == (0, "The data can be used.")
    assert f"Revenue, net of returns: {sum(money for _day, money in counted):,.0f}." in said
    code, _said, error = run_here(tmp_path, "report", "portfolio", "--data", "portfoy.toml", "--cards", "0")
    assert code == 0, error
    year = sum(money for day, money in counted if date(2025, 6, 30) < day)
    [run] = (tmp_path / "reports").glob("20*")
    figures = {one["name"]: one for one in json.loads((run / "run.json").read_text("utf-8"))["stages"][0]["figures"]}
    assert figures["revenue"]["value"] == pytest.approx(year, abs=0.01)
    page = " ".join(BeautifulSoup((run / "portfolio.html").read_text("utf-8"), "html.parser").get_text(" ").split())
    assert f"Revenue of twelve months {year / 1000:.0f}K" in page
    assert "Add type, birth_year, gender," in page  # it says what is missing
