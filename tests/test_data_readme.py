"""data/README.md says what data/teaching holds: its columns, its parameters, its pictures."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from portfoy.source import contract
from portfoy.source.contract import REQUIRED, kind_of

DATA = Path(__file__).parents[1] / "data"
TABLES = {name: columns for name, columns in contract.TABLES.items() if name != "totals"}  # it has order lines
PICTURES = ["revenue_by_month", "revenue_by_type", "revenue_by_region", "lead_funnel", "nps_by_quarter"]


def dictionary(text):
    """The markdown table under each heading that names a file: file -> list of rows, each a dict by heading."""
    tables = {}
    for name, part in re.findall(r"^### (\S+\.(?:csv|toml))$(.*?)(?=^#|\Z)", text, flags=re.M | re.S):
        rows = [[cell.strip() for cell in line.strip("|").split(" |")] for line in part.splitlines() if line[:1] == "|"]
        assert {len(row) for row in rows[:1] + rows[2:]} == {len(rows[0])}, name
        assert name not in tables, name
        tables[name] = [dict(zip(rows[0], row, strict=True)) for row in rows[2:]]
    return tables


@pytest.fixture(scope="module")
def told():
    return dictionary((DATA / "README.md").read_text("utf-8"))


def files():
    return sorted(path.relative_to(DATA / "teaching").as_posix() for path in (DATA / "teaching").rglob("*.csv"))


def read(name):
    return pd.read_csv(DATA / "teaching" / name, keep_default_na=False, dtype=str)


def test_the_dictionary_is_read():
    text = "### a.csv\n\nA row.\n\n| Column | Kind |\n|---|---|\n| x | id |\n| y | date |\n\n## Next\n\n| z | id |\n"
    assert dictionary(text) == {"a.csv": [{"Column": "x", "Kind": "id"}, {"Column": "y", "Kind": "date"}]}


def test_every_file_is_in_the_dictionary(told):
    assert {name for name in told if name.endswith(".csv")} == set(files())


@pytest.mark.parametrize("name", files())
def test_columns_are_those_of_the_file(told, name):
    assert [row["Column"] for row in told[name]] == list(read(name))


@pytest.mark.parametrize("table", TABLES)
def test_kinds_and_need_are_those_of_the_contract(told, table):
    for row in told[f"{table}.csv"]:
        assert row["Kind"] == kind_of(table, row["Column"]), row
        assert (row["Optional"].split(",")[0] == "no") == (row["Column"] in REQUIRED[table]), row


@pytest.mark.parametrize("table", TABLES)
def test_what_may_be_empty_is_said(told, table):
    values = read(f"{table}.csv")
    empty = {name for name in values if (values[name] == "").any()}
    assert empty == {row["Column"] for row in told[f"{table}.csv"] if "may be empty" in row["Optional"]}


@pytest.mark.parametrize("name", files())
def test_every_word_a_column_may_hold_is_said(told, name):
    values = read(name)
    for row in told[name]:
        words = set(values[row["Column"]]) - {""}
        if row["Kind"] in ("text", "flag") and len(words) <= 10 and " to " not in row["Range"]:
            said = set(re.split("[,;:] ", row["Range"]))
            assert words <= said, row
            assert said - words <= {"complaints", "others"}, row


def test_every_parameter_is_said_once(told):
    said = [name for row in told["truth/truth.toml"] for name in re.findall("`(.+?)`", row["Names"])]
    assert sorted(said) == sorted(tomllib.loads((DATA / "teaching/truth/truth.toml").read_text("utf-8")))


def texts():
    """The alternative text of each picture that data/README.md shows."""
    links = re.findall(r"!\[([^\]]*)\]\(pictures/(\w+)\.png\)", (DATA / "README.md").read_text("utf-8"))
    return {name: words for words, name in links}


def test_the_pictures_are_there_and_linked_with_their_text():
    assert list(texts()) == PICTURES
    assert {path.stem for path in (DATA / "pictures").glob("*.png")} == set(PICTURES)
    for name, words in texts().items():
        assert len(words) > 60, name


@pytest.mark.study
def test_make_pictures_draws_what_is_linked(tmp_path):
    command = [sys.executable, DATA / "make_pictures.py", "--out", tmp_path]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, stdin=subprocess.DEVNULL)
    assert run.returncode == 0, run.stderr
    titles = dict(re.findall(r"^(\w+)\.png, .* Chart: (.*) Axes: ", run.stdout, flags=re.M))
    assert list(titles) == PICTURES
    for name, title in titles.items():
        assert set(re.findall(r"\d[\d,]*", title)) <= set(re.findall(r"\d[\d,]*\d|\d", texts()[name])), title
    for name in PICTURES:
        path = tmp_path / f"{name}.png"
        assert 5_000 < path.stat().st_size < 60_000, name
        with Image.open(path) as image, Image.open(DATA / "pictures" / path.name) as shipped:
            assert image.mode == "P", name
            assert image.size == shipped.size, name
            assert min(image.size) > 400, name
