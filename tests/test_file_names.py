"""A file is the one that was named, whatever letters its name has; only portfoy.toml gives patterns."""

import gzip
import os
import sys

import duckdb
import pandas as pd
import pytest

from portfoy.errors import DataError
from portfoy.source import mapping, tables
from portfoy.source import open as source

HEADER = "customer_id,order_id,ordered_on,amount\n"
RIGHT, WRONG = HEADER + "C1,O1,2026-01-02,10\nC2,O2,2026-02-28,20\n", HEADER + "C9,O9,2025-01-02,999999\n"
ODD = [
    ("sales[2026]", "sales2"),
    ("a*", "abc"),
    ("q?", "qx"),
    ("{a,b}", "a"),
    ("[!a]", "b"),
    ("[[]", "["),
    ("it's", "its"),
    ("100%41 #1", "100A #1"),
    ("~home", "home"),
    ("ışğ İ", "isg I"),
    (" both ", "both"),
    ("amount=7", "amount"),
]
if sys.platform == "win32":  # where no file can have such a name
    ODD = [(name, beside) for name, beside in ODD if not set(name) & set('*?"') and name == name.strip()]


def write(path, text):
    frame = pd.DataFrame([line.split(",") for line in text.splitlines()[1:]], columns=HEADER.strip().split(","))
    if path.name.endswith(".gz"):
        path.write_bytes(gzip.compress(text.encode()))
    elif path.suffix == ".parquet":
        frame.to_parquet(path)
    elif path.suffix == ".duckdb":
        with duckdb.connect(str(path.parents[1] / "new")) as base:
            base.register("frame", frame)
            base.execute("CREATE TABLE transactions AS SELECT * FROM frame")
        (path.parents[1] / "new").rename(path)
    else:
        path.write_text(text, encoding="utf-16" if path.suffix == ".txt" else "utf-8")
    return path


ENDINGS = (".csv.gz", ".txt", ".parquet", ".duckdb")


@pytest.mark.parametrize(
    ("name", "beside", "ending"),
    [(*odd, ".csv") for odd in ODD] + [(*odd, ending) for odd in ODD[:3:2] for ending in ENDINGS],
)
def test_a_name_is_no_pattern_in_a_file_and_in_a_folder(tmp_path, name, beside, ending):
    for folder in (name, beside):
        (tmp_path / folder).mkdir()
        write(tmp_path / folder / f"{beside}{ending}", WRONG)
        write(tmp_path / folder / f"{name}{ending}", RIGHT if folder == name else WRONG)
    assert source.open(tmp_path / name / f"{name}{ending}").facts.revenue == 30
    if ending == ".csv":  # the folder is found alike whatever is in it
        os.rename(tmp_path / name / f"{name}{ending}", tmp_path / name / f"transactions{ending}")
        assert source.open(tmp_path / name).facts.revenue == 30


def test_what_a_report_keeps_for_its_notebooks_may_have_any_name(tmp_path, monkeypatch):
    path = write(tmp_path / "it's [1].csv", RIGHT)
    assert tables.keep(source.open(path), tmp_path / "kept[1]'.duckdb")
    path.unlink()
    monkeypatch.setenv("PORTFOY_KEPT", str(tmp_path / "kept[1]'.duckdb"))
    assert source.open(path).transactions.amount.sum().to_pandas() == 30


@pytest.mark.parametrize("where", ["~home.csv", "./~home.csv"])
def test_a_name_may_begin_with_a_tilde(tmp_path, monkeypatch, where):
    write(tmp_path / "~home.csv", RIGHT)
    monkeypatch.chdir(tmp_path)
    assert source.open(where).facts.revenue == 30


def test_a_pattern_in_the_settings_is_sought_below_the_folder_only(tmp_path):
    folder = tmp_path / "Exports [2026]"
    for place in (folder, tmp_path / "Exports 2"):
        place.mkdir()
        write(place / "a1.csv", RIGHT if place == folder else WRONG)
        write(place / "a2.csv", RIGHT.replace("O", "P") if place == folder else WRONG)
    (folder / "portfoy.toml").write_text('[transactions]\nfile = "a[12].csv"\n')
    opened = source.open(folder)
    assert (opened.facts.revenue, len(opened.files)) == (60, 2)


def test_a_name_in_the_settings_is_the_file_of_that_name_before_it_is_a_pattern(tmp_path):
    write(tmp_path / "a1.csv", WRONG)
    (tmp_path / "portfoy.toml").write_text('[transactions]\nfile = "a[12].csv"\n')
    assert source.open(tmp_path).facts.revenue == 999_999
    write(tmp_path / "a[12].csv", RIGHT)
    assert source.open(tmp_path).facts.revenue == 30


def test_a_drafted_portfoy_toml_leads_back_to_the_file(tmp_path):
    write(tmp_path / "sales2.csv", WRONG)
    path = write(tmp_path / "sales[2026].csv", RIGHT)
    (tmp_path / "portfoy.toml").write_text(mapping.draft(path, beside=tmp_path), encoding="utf-8")
    assert source.open(tmp_path / "portfoy.toml").facts.revenue == 30


def test_a_folder_named_like_a_column_is_no_column_unless_the_table_lies_in_several(tmp_path):
    for month in (1, 2):
        (tmp_path / "amount=7" / f"order_id=O{month}").mkdir(parents=True)
        rows = f"customer_id,ordered_on,amount\nC1,2026-0{month}-01,10\n"
        (tmp_path / "amount=7" / f"order_id=O{month}" / "part.csv").write_text(rows)
    toml = tmp_path / "portfoy.toml"
    toml.write_text('source = "amount=7"\n[transactions]\nfile = "*/part.csv"\n')
    assert source.open(toml).facts.orders == 2
    toml.write_text('source = "amount=7/order_id=O1/part.csv"\n')
    with pytest.raises(DataError, match="column 'order_id' is missing"):
        source.open(toml)


def test_a_quotation_mark_left_open_is_told_of_a_file_with_brackets(tmp_path):
    path = tmp_path / "a[1].csv"
    path.write_text(HEADER + 'C1,O1,2026-01-02,"5\nC2,O2,2026-01-03,6\n')
    with pytest.raises(DataError) as raised:
        source.open(path)
    assert str(raised.value) == (f"{path}: a quotation mark opens on row 2 and does not close. Correct it.")
